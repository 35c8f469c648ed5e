//! The order of a register with one operator: first come, first served, in batches that grow with the load.
//!
//! A batch is whatever came while the batch before it was being committed: at rest it is one entry, and under load it fills up,
//! so that the cost of a commit is shared by all who wait for it. Whoever comes alone never waits for a timer; those who
//! come close behind each other are gathered for a moment, since a batch of two costs hardly more than one of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// At the latest so long after the batch before it began, a batch is closed, unless that one still keeps its taker busy.
const GATHER_TIME: Duration = Duration::from_millis(1);
/// A batch is closed once nobody has come for so long.
const GATHER_STEP: Duration = Duration::from_micros(100);

/// Opens a queue in which at most `capacity` items wait (at least one may).
pub fn queue<T>(capacity: usize) -> (Submitter<T>, Batches<T>) {
    let (sender, receiver) = sync_channel(capacity.max(1));
    let waiting = Arc::new(AtomicUsize::new(0));
    let submitter = Submitter { sender, waiting: Arc::clone(&waiting) };
    (submitter, Batches { receiver, waiting, previous: None, alone: true })
}

/// Why an item was not taken into the queue. It is given back.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy<T> {
    /// As many wait as may; there will be room once the batch that is under way is done.
    #[error("the queue is full")]
    Full(T),
    /// Nobody takes batches any more.
    #[error("the queue is closed")]
    Closed(T),
}

impl<T> Busy<T> {
    /// Gives the item back.
    pub fn into_item(self) -> T {
        match self {
            Busy::Full(item) | Busy::Closed(item) => item,
        }
    }
}

/// The end at which items come in. A clone is another door to the same queue.
#[derive(Debug)]
pub struct Submitter<T> {
    sender: SyncSender<T>,
    waiting: Arc<AtomicUsize>,
}

impl<T> Submitter<T> {
    /// Puts an item at the end of the queue, or gives it back at once. Never waits, so it may be called from async code.
    pub fn try_submit(&self, item: T) -> Result<(), Busy<T>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.sender.try_send(item).map_err(|refused| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(item) => Busy::Full(item),
                TrySendError::Disconnected(item) => Busy::Closed(item),
            }
        })
    }

    /// Returns how many items wait; a figure to show, not one to decide by.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl<T> Clone for Submitter<T> {
    fn clone(&self) -> Submitter<T> {
        Submitter { sender: self.sender.clone(), waiting: Arc::clone(&self.waiting) }
    }
}

/// The end at which batches come out, for a thread of its own.
#[derive(Debug)]
pub struct Batches<T> {
    receiver: Receiver<T>,
    waiting: Arc<AtomicUsize>,
    previous: Option<Instant>,
    /// Whether the batch before was one item.
    alone: bool,
}

impl<T> Batches<T> {
    /// Waits for the first item and returns it with all that have come behind it, in their order, at most `max` (at least
    /// one).
    ///
    /// With a `min_gap`, batches follow each other at no less than that distance, unless `max` items are there before.
    /// Returns nothing once every submitter is gone and the queue is empty: what was taken in always comes out.
    pub fn next_batch(&mut self, max: usize, min_gap: Duration) -> Option<Vec<T>> {
        let mut batch = vec![self.receiver.recv().ok()?];
        if let Some(open_until) = self.previous.and_then(|previous| previous.checked_add(min_gap)) {
            self.fill_until(open_until, max, &mut batch);
        }
        self.fill(max, &mut batch);
        if !self.alone || batch.len() > 1 {
            self.gather(max, &mut batch);
        }
        self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        self.previous = Some(Instant::now());
        self.alone = batch.len() == 1;
        Some(batch)
    }

    /// Adds all that waits.
    fn fill(&mut self, max: usize, batch: &mut Vec<T>) {
        while batch.len() < max {
            match self.receiver.try_recv() {
                Ok(item) => batch.push(item),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
    }

    /// Adds those who come close behind each other.
    fn gather(&mut self, max: usize, batch: &mut Vec<T>) {
        while self.previous.is_some_and(|previous| previous.elapsed() < GATHER_TIME) {
            let before = batch.len();
            thread::sleep(GATHER_STEP);
            self.fill(max, batch);
            if batch.len() == before {
                break;
            }
        }
    }

    fn fill_until(&self, deadline: Instant, max: usize, batch: &mut Vec<T>) {
        while batch.len() < max {
            match self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(item) => batch.push(item),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_GAP: Duration = Duration::ZERO;

    #[test]
    fn all_that_waits_comes_out_in_one_batch_and_in_order() {
        let (submitter, mut batches) = queue(8);
        for number in 0..5 {
            submitter.try_submit(number).unwrap();
        }
        assert_eq!(submitter.waiting(), 5);
        assert_eq!(batches.next_batch(100, NO_GAP), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(submitter.waiting(), 0);
    }

    #[test]
    fn a_batch_holds_no_more_than_it_may() {
        let (submitter, mut batches) = queue(8);
        for number in 0..5 {
            submitter.try_submit(number).unwrap();
        }
        assert_eq!(batches.next_batch(2, NO_GAP), Some(vec![0, 1]));
        assert_eq!(batches.next_batch(2, NO_GAP), Some(vec![2, 3]));
        assert_eq!(batches.next_batch(0, NO_GAP), Some(vec![4]));
    }

    #[test]
    fn one_item_too_many_is_given_back() {
        let (submitter, mut batches) = queue(2);
        submitter.try_submit("a").unwrap();
        submitter.try_submit("b").unwrap();
        assert_eq!(submitter.try_submit("c"), Err(Busy::Full("c")));
        assert_eq!(batches.next_batch(10, NO_GAP), Some(vec!["a", "b"]));
        assert_eq!(submitter.try_submit("c"), Ok(()));
        drop(batches);
        assert_eq!(submitter.try_submit("d").unwrap_err().into_item(), "d");
        assert_eq!(submitter.try_submit("d"), Err(Busy::Closed("d")));
    }

    #[test]
    fn what_was_taken_in_comes_out_before_the_end() {
        let (submitter, mut batches) = queue(2);
        let other = submitter.clone();
        submitter.try_submit(1).unwrap();
        other.try_submit(2).unwrap();
        drop((submitter, other));
        assert_eq!(batches.next_batch(1, NO_GAP), Some(vec![1]));
        assert_eq!(batches.next_batch(1, NO_GAP), Some(vec![2]));
        assert_eq!(batches.next_batch(1, NO_GAP), None);
    }

    #[test]
    fn batches_keep_their_distance_unless_they_are_full() {
        let (submitter, mut batches) = queue(8);
        let gap = Duration::from_millis(40);
        let first = Instant::now();
        submitter.try_submit(0).unwrap();
        assert_eq!(batches.next_batch(4, gap), Some(vec![0]));
        submitter.try_submit(1).unwrap();
        submitter.try_submit(2).unwrap();
        assert_eq!(batches.next_batch(4, gap), Some(vec![1, 2]));
        assert!(first.elapsed() >= gap);

        for number in 0..4 {
            submitter.try_submit(number).unwrap();
        }
        // A gap of an hour would hang the test if a full batch waited for it.
        assert_eq!(batches.next_batch(4, Duration::from_hours(1)), Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn every_item_of_many_threads_comes_out_once() {
        let (submitter, mut batches) = queue(16);
        let threads: Vec<_> = (0..4_u32)
            .map(|thread| {
                let submitter = submitter.clone();
                thread::spawn(move || {
                    for number in 0..500 {
                        let mut item = thread * 1_000 + number;
                        while let Err(busy) = submitter.try_submit(item) {
                            item = busy.into_item();
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        drop(submitter);
        let mut seen = Vec::new();
        while let Some(batch) = batches.next_batch(7, NO_GAP) {
            assert!(batch.len() <= 7);
            seen.extend(batch);
        }
        for thread in threads {
            thread.join().unwrap();
        }
        for thread in 0..4_u32 {
            let own: Vec<u32> = seen.iter().copied().filter(|item| item / 1_000 == thread).collect();
            assert_eq!(own, (0..500).map(|number| thread * 1_000 + number).collect::<Vec<_>>());
        }
        assert_eq!(seen.len(), 2_000);
    }
}
