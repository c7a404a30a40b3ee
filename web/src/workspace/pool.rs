//! Pools of the fold: which connections are open, and who holds them.

use std::collections::VecDeque;
use std::rc::Rc;
use vidro_protocol::{EventBody, PoolAction, PoolChange, SessionConnected, Span};

/// How many of a pool's last moments are kept.
const MOMENTS: usize = 24;

/// Who holds a connection to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The script's connection.
    pub connection: u32,
    /// The session it belongs to.
    pub session: Option<u32>,
    /// The line that took it, 0 when none is known.
    pub line: u32,
}

/// An open connection to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its id.
    pub id: u32,
    /// Its number in its pool, in order of opening.
    pub number: u32,
    /// Who holds it; nobody while it rests in the pool.
    pub holders: Vec<Holder>,
    /// How often it was taken.
    pub uses: u32,
}

/// Something a pool did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// What it did.
    pub action: PoolAction,
    /// The connection's number in its pool, 0 when there was none.
    pub link: u32,
    /// The line that caused it, 0 when none is known.
    pub line: u32,
    /// Why, where there is a reason.
    pub reason: Option<String>,
}

/// The pool of one engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolState {
    /// The engine that owns it.
    pub engine: u32,
    /// How many connections were ever opened.
    pub opened: u32,
    /// Open connections in order of opening.
    pub links: Vec<Link>,
    /// What happened last, oldest first.
    pub moments: VecDeque<Moment>,
}

/// Folds one event into the pools.
pub(super) fn apply(pools: &mut Vec<Rc<PoolState>>, body: &EventBody, span: Option<Span>) {
    match body {
        EventBody::EngineCreated(engine) => {
            pools.push(Rc::new(PoolState { engine: engine.id, ..PoolState::default() }));
        }
        EventBody::Pool(change) => {
            let pool = pools.iter_mut().find(|pool| pool.engine == change.engine);
            if let Some(pool) = pool {
                Rc::make_mut(pool).change(change, span.map_or(0, |span| span.line));
            }
        }
        EventBody::SessionConnected(taken) => connect(pools, taken),
        _ => {}
    }
}

fn connect(pools: &mut [Rc<PoolState>], taken: &SessionConnected) {
    for pool in pools {
        let holds = |link: &Link| link.holders.iter().any(|h| h.connection == taken.connection);
        if !pool.links.iter().any(holds) {
            continue;
        }
        let holders = Rc::make_mut(pool).links.iter_mut().flat_map(|link| &mut link.holders);
        for holder in holders.filter(|holder| holder.connection == taken.connection) {
            holder.session = Some(taken.session);
        }
    }
}

impl PoolState {
    /// How many connections somebody holds.
    pub(crate) fn in_use(&self) -> usize {
        self.links.iter().filter(|link| !link.holders.is_empty()).count()
    }

    fn change(&mut self, change: &PoolChange, line: u32) {
        let link = self.links.iter_mut().find(|link| link.id == change.link);
        let mut number = link.as_ref().map_or(0, |link| link.number);
        match (change.action, link) {
            (PoolAction::Opened, None) => {
                self.opened += 1;
                number = self.opened;
                self.links.push(Link { id: change.link, number, holders: Vec::new(), uses: 0 });
            }
            (PoolAction::CheckedOut | PoolAction::Shared, Some(link)) => {
                link.uses += 1;
                link.holders.push(Holder { connection: change.holder, session: None, line });
            }
            (PoolAction::CheckedIn | PoolAction::Unshared, Some(link)) => {
                link.holders.retain(|holder| holder.connection != change.holder);
            }
            (PoolAction::Closed, _) => self.links.retain(|link| link.id != change.link),
            _ => {}
        }
        if self.moments.len() == MOMENTS {
            self.moments.pop_front();
        }
        let reason = change.reason.clone();
        self.moments.push_back(Moment { action: change.action, link: number, line, reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vidro_protocol::Engine;

    /// Links and their holders after some changes, as `link: holders`.
    fn after(changes: &[(PoolAction, u32, u32)]) -> String {
        let mut pools = Vec::new();
        let engine = Engine { id: 1, ..Engine::default() };
        apply(&mut pools, &EventBody::EngineCreated(engine), None);
        for (action, link, holder) in changes.iter().copied() {
            let change = PoolChange { engine: 1, link, holder, action, reason: None };
            apply(&mut pools, &EventBody::Pool(change), None);
        }
        let links = pools.iter().flat_map(|pool| &pool.links).map(|link| {
            let holders: Vec<u32> = link.holders.iter().map(|holder| holder.connection).collect();
            format!("{}: {holders:?}", link.id)
        });
        links.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn holders_come_and_go() {
        use PoolAction::{CheckedIn, CheckedOut, Closed, Opened, Shared, Unshared};
        assert_eq!(after(&[(Opened, 7, 0)]), "7: []");
        assert_eq!(after(&[(Opened, 7, 0), (CheckedOut, 7, 9)]), "7: [9]");
        assert_eq!(after(&[(Opened, 7, 0), (CheckedOut, 7, 9), (CheckedIn, 7, 9)]), "7: []");
        let shared = [(Opened, 7, 0), (CheckedOut, 7, 9), (Shared, 7, 10)];
        assert_eq!(after(&shared), "7: [9, 10]");
        assert_eq!(after(&[&shared[..], &[(Unshared, 7, 9)]].concat()), "7: [10]");
        assert_eq!(after(&[(Opened, 7, 0), (Opened, 8, 0), (Closed, 7, 0)]), "8: []");
    }
}
