//! Lending the machine: while a lower crate works, its callbacks find the machine here.
//!
//! The lower crates call back without knowing a machine (a type decorator in the middle of a
//! result, a listener in the middle of a flush). So whoever calls them lays the machine down
//! first, a spare in its place, and the callback picks it up.

use std::cell::RefCell;

use vidro_python::Vm;

thread_local! {
    static LENT: RefCell<Option<Vm>> = const { RefCell::new(None) };
    static SPARES: RefCell<Vec<Vm>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` while the machine lies where [`borrow`] finds it.
pub(crate) fn lend<T>(vm: &mut Vm, work: impl FnOnce() -> T) -> T {
    let outer = lay_down(vm);
    let result = work();
    pick_up(vm, outer);
    result
}

fn lay_down(vm: &mut Vm) -> Option<Vm> {
    let spare = SPARES.with(|spares| spares.borrow_mut().pop()).unwrap_or_default();
    let real = std::mem::replace(vm, spare);
    LENT.with(|lent| lent.borrow_mut().replace(real))
}

fn pick_up(vm: &mut Vm, outer: Option<Vm>) {
    let real = LENT.with(|lent| std::mem::replace(&mut *lent.borrow_mut(), outer));
    if let Some(real) = real {
        let spare = std::mem::replace(vm, real);
        SPARES.with(|spares| spares.borrow_mut().push(spare));
    }
}

/// Runs `work` with the machine that was lent; none if nobody lent one.
pub(crate) fn borrow<T>(work: impl FnOnce(&mut Vm) -> T) -> Option<T> {
    let mut vm = LENT.with(|lent| lent.borrow_mut().take())?;
    let result = work(&mut vm);
    LENT.with(|lent| lent.borrow_mut().replace(vm));
    Some(result)
}
