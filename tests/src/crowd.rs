//! Many independent scripts at once: a thread each, as many at a time as the machine has processors.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};

/// Room for the frames of unoptimised code.
const STACK: usize = 64 << 20;

/// The results of `work` in the order of the items. A panic goes on in the caller.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        while let Some((at, item)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        } {
            let result = work(item);
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
        }
    };
    let mut panic: Option<Box<dyn Any + Send>> = None;
    thread::scope(|scope| {
        let workers = (0..available_parallelism().map_or(1, usize::from))
            .map(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run));
        for worker in workers.collect::<Vec<_>>().into_iter().flatten() {
            panic = worker.join().err().or(panic.take());
        }
    });
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn keeps_the_order() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(map(&items, |item| item * 2), items.iter().map(|i| i * 2).collect::<Vec<_>>());
    }
}
