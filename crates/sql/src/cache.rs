//! The cache of compiled statements, by structure.
//!
//! A statement's key is the sequence of numbers that [`Key`] writes while it walks the tree: kinds,
//! operators, names, and identities of tables and columns, but no bound values. Equal sequences mean
//! equal text. The buffers are reused, so a lookup allocates nothing.

mod key;

use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHasher};

pub use self::key::Key;

use crate::compile::{CompileOptions, Compiled, compile_with};
use crate::dialect::Dialect;
use crate::error::Result;
use crate::expr::Expr;
use crate::statement::Statement;

/// SQLAlchemy's default number of statements.
pub const DEFAULT_SIZE: usize = 500;

/// Compiled statements by structure, the least used forgotten first.
#[derive(Debug)]
pub struct Cache {
    entries: IndexMap<u64, Vec<Entry>, FxBuildHasher>,
    count: usize,
    capacity: usize,
    clock: u64,
    key: Key,
}

#[derive(Debug)]
struct Entry {
    /// The key in full, since hashes may collide.
    tokens: Box<[u64]>,
    compiled: Rc<Compiled>,
    /// Kept so that the identities in the key stay taken.
    _statement: Statement,
    created: f64,
    used: u64,
}

/// Where a compiled statement came from, as echo shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// `generated in`: compiled now, and kept.
    Generated,
    /// `cached since`: compiled at that time.
    Cached(f64),
    /// `no key`: of a structure that cannot be kept.
    NoKey,
    /// `caching disabled`: the cache has no room at all.
    Disabled,
}

impl Default for Cache {
    fn default() -> Self {
        Self::new(DEFAULT_SIZE)
    }
}

impl Cache {
    /// A cache for that many statements; nought disables it.
    pub fn new(capacity: usize) -> Self {
        Self { entries: IndexMap::default(), count: 0, capacity, clock: 0, key: Key::default() }
    }

    /// The compiled form of a statement, and where it came from. `now` is the engine's clock.
    pub fn compile(
        &mut self,
        statement: &Statement,
        dialect: &Dialect,
        options: &CompileOptions,
        now: f64,
    ) -> Result<(Rc<Compiled>, Origin)> {
        self.key.write(statement, dialect, options);
        if self.capacity == 0 {
            let compiled = compile_with(statement, dialect, options, &self.key)?;
            return Ok((Rc::new(compiled), Origin::Disabled));
        }
        if !self.key.is_cacheable() {
            let compiled = compile_with(statement, dialect, options, &self.key)?;
            return Ok((Rc::new(compiled), Origin::NoKey));
        }
        let hash = hash_of(self.key.tokens());
        self.clock += 1;
        if let Some(bucket) = self.entries.get_mut(&hash) {
            for entry in bucket {
                if *entry.tokens == *self.key.tokens() {
                    entry.used = self.clock;
                    return Ok((entry.compiled.clone(), Origin::Cached(entry.created)));
                }
            }
        }
        let compiled = Rc::new(compile_with(statement, dialect, options, &self.key)?);
        if !compiled.cacheable {
            return Ok((compiled, Origin::NoKey));
        }
        let entry = Entry {
            tokens: self.key.tokens().into(),
            compiled: compiled.clone(),
            _statement: statement.clone(),
            created: now,
            used: self.clock,
        };
        self.entries.entry(hash).or_default().push(entry);
        self.count += 1;
        self.prune();
        Ok((compiled, Origin::Generated))
    }

    /// The bound parameters of the statement last compiled, in walk order.
    pub fn binds(&self) -> &[Expr] {
        self.key.binds()
    }

    /// Take the bound parameters of the statement last compiled, to use while the cache goes on.
    pub fn take_binds(&mut self) -> Vec<Expr> {
        self.key.take_binds()
    }

    /// Number of statements kept.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.count = 0;
    }

    /// Half as many again may come in before the least used go.
    fn prune(&mut self) {
        if self.count <= self.capacity + self.capacity / 2 {
            return;
        }
        let mut ages: Vec<u64> = Vec::with_capacity(self.count);
        for bucket in self.entries.values() {
            ages.extend(bucket.iter().map(|entry| entry.used));
        }
        ages.sort_unstable();
        let Some(limit) = ages.get(ages.len().saturating_sub(self.capacity)).copied() else {
            return;
        };
        self.entries.retain(|_, bucket| {
            bucket.retain(|entry| entry.used >= limit);
            !bucket.is_empty()
        });
        self.count = self.entries.values().map(Vec::len).sum();
    }
}

fn hash_of(tokens: &[u64]) -> u64 {
    let mut hasher = FxHasher::default();
    tokens.hash(&mut hasher);
    hasher.finish()
}
