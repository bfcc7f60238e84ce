//! Does the same for many things, a few at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` for each of `items` on so many threads, and returns what came of it in their order.
pub(crate) fn each<I: Sync, T: Send>(
    items: &[I],
    at_once: usize,
    work: impl Fn(&I) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return done;
            };
            done.push((at, work(item)));
        }
    };
    let mut all = Vec::with_capacity(items.len());
    std::thread::scope(|threads| {
        let workers = at_once.clamp(1, items.len().max(1));
        let workers: Vec<_> = (0..workers).map(|_| threads.spawn(run)).collect();
        for worker in workers {
            all.extend(worker.join().expect("no worker panics"));
        }
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_done_once_and_told_in_order() {
        let items: Vec<usize> = (0..100).collect();
        for at_once in [0, 1, 7, 200] {
            assert_eq!(
                each(&items, at_once, |item| item * 2),
                (0..200).step_by(2).collect::<Vec<_>>()
            );
        }
        assert!(each(&[] as &[usize], 4, |item| *item).is_empty());
    }
}
