//! A lock that many may read through, and that a thread may read through again while it is reading.
//!
//! The standard library's lock lets no new reader in while a writer waits, so that a thread that reads twice can wait for
//! itself. Here a thread that holds a reading gets the next one at once; all others let a waiting writer go first.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

thread_local! {
    /// How many readings this thread holds, through whatever gate.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// The lock.
#[derive(Debug)]
pub(super) struct Gate<T> {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Never waited for: whoever has come through the queue finds it free.
    inner: RwLock<T>,
}

#[derive(Debug, Default)]
struct Queue {
    readers: usize,
    writing: bool,
    writers_waiting: usize,
}

impl<T> Gate<T> {
    /// Puts a value behind a gate.
    pub(super) fn new(value: T) -> Gate<T> {
        Gate { queue: Mutex::default(), changed: Condvar::new(), inner: RwLock::new(value) }
    }

    /// Waits for the writers before and lets this thread read.
    pub(super) fn read(&self) -> Reader<'_, T> {
        let nested = HELD.get() > 0;
        let blocked = |queue: &mut Queue| queue.writing || (queue.writers_waiting > 0 && !nested);
        let mut queue = self.wait_while(self.queue(), blocked);
        queue.readers += 1;
        HELD.set(HELD.get() + 1);
        let value = Some(self.inner.read().unwrap_or_else(PoisonError::into_inner));
        Reader { gate: self, value }
    }

    /// Waits until nobody reads, and lets this thread write. It must hold no reading.
    pub(super) fn write(&self) -> Writer<'_, T> {
        assert_eq!(HELD.get(), 0, "a thread that waits to write while it reads would wait for ever");
        let mut queue = self.queue();
        queue.writers_waiting += 1;
        let mut queue = self.wait_while(queue, |queue| queue.writing || queue.readers > 0);
        queue.writers_waiting -= 1;
        queue.writing = true;
        let value = Some(self.inner.write().unwrap_or_else(PoisonError::into_inner));
        Writer { gate: self, value }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        blocked: impl FnMut(&mut Queue) -> bool,
    ) -> MutexGuard<'a, Queue> {
        self.changed.wait_while(queue, blocked).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading.
#[derive(Debug)]
pub(super) struct Reader<'a, T> {
    gate: &'a Gate<T>,
    /// There until the reading is given back.
    value: Option<RwLockReadGuard<'a, T>>,
}

impl<T> Deref for Reader<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("the value is given back only when the reading ends")
    }
}

impl<T> Drop for Reader<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        HELD.set(HELD.get() - 1);
        let mut queue = self.gate.queue();
        queue.readers -= 1;
        if queue.readers == 0 {
            drop(queue);
            self.gate.changed.notify_all();
        }
    }
}

/// The right to write.
#[derive(Debug)]
pub(super) struct Writer<'a, T> {
    gate: &'a Gate<T>,
    /// There until the right is given back.
    value: Option<RwLockWriteGuard<'a, T>>,
}

impl<T> Deref for Writer<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("the value is given back only when the writing ends")
    }
}

impl<T> DerefMut for Writer<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("the value is given back only when the writing ends")
    }
}

impl<T> Drop for Writer<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        self.gate.queue().writing = false;
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn a_thread_that_reads_may_read_again_while_a_writer_waits() {
        let gate = Arc::new(Gate::new(1));
        let outer = gate.read();
        let writer = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || *gate.write() += 1)
        };
        while gate.queue().writers_waiting == 0 {
            thread::yield_now();
        }
        let inner = gate.read();
        assert_eq!((*outer, *inner), (1, 1));
        drop((outer, inner));
        writer.join().unwrap();
        assert_eq!(*gate.read(), 2);
    }

    #[test]
    fn another_reader_lets_a_waiting_writer_go_first() {
        let gate = Arc::new(Gate::new(1));
        let held = gate.read();
        let spawn = |act: fn(&Gate<i32>) -> i32| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || act(&gate))
        };
        let writer = spawn(|gate| {
            *gate.write() = 2;
            0
        });
        while gate.queue().writers_waiting == 0 {
            thread::yield_now();
        }
        let reader = spawn(|gate| *gate.read());
        drop(held);
        writer.join().unwrap();
        assert_eq!(reader.join().unwrap(), 2);
    }

    #[test]
    fn no_write_is_lost_and_none_is_seen_half_done() {
        let gate = Arc::new(Gate::new((0_u32, 0_u32)));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    for _ in 0..500 {
                        if number % 2 == 0 {
                            let mut pair = gate.write();
                            pair.0 += 1;
                            pair.1 += 1;
                        } else {
                            let (outer, inner) = (gate.read(), gate.read());
                            assert!(outer.0 == outer.1 && *outer == *inner);
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*gate.read(), (1_000, 1_000));
    }
}
