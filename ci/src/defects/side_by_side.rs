//! Drills side by side: one spends more than half of its time waiting.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// As many drills as there are cores.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Does `work` on every item, `width` at a time, and hands over what came of each, in their order.
///
/// # Errors
/// What `hand_over` returned first; work that has begun is ended, no more is begun.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    width: usize,
    work: impl Fn(&T) -> R + Sync,
    mut hand_over: impl FnMut(&T, R) -> io::Result<()>,
) -> io::Result<()> {
    let (next, (done, ended)) = (AtomicUsize::new(0), mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..width {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((at, item)) = items.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nobody listens any more: the first error was enough.
                    if done.send((at, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let (mut early, mut turn) = (BTreeMap::new(), items.iter().enumerate());
        let mut awaited = turn.next();
        for (at, result) in ended {
            early.insert(at, result);
            while let Some((item, result)) = awaited.and_then(|(at, item)| Some((item, early.remove(&at)?))) {
                hand_over(item, result)?;
                awaited = turn.next();
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_ends_first() {
        let items: Vec<u64> = (0..20).rev().collect();
        let mut seen = Vec::new();
        let work = |item: &u64| {
            thread::sleep(Duration::from_millis(*item));
            item * 2
        };
        let handed = each(&items, 3, work, |item, result| {
            seen.push((*item, result));
            Ok(())
        });
        handed.unwrap();
        assert_eq!(seen, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_of_handing_over_is_the_last_item() {
        let mut handed = 0;
        let ended = each(
            &[1, 2, 3, 4, 5, 6, 7, 8],
            2,
            |item| *item,
            |_, item| {
                handed += 1;
                if item == 2 { Err(io::Error::other("full")) } else { Ok(()) }
            },
        );
        assert_eq!((ended.unwrap_err().to_string(), handed), ("full".to_owned(), 2));
    }
}
