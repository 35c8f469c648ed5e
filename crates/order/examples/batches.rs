//! Shows how batches grow while the one before is being committed.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::thread;
use std::time::Duration;

use colophon_order::solo::queue;

fn main() {
    let (submitter, mut batches) = queue(1_000);
    let submitting = thread::spawn(move || {
        for number in 1..=30 {
            if let Err(busy) = submitter.try_submit(number) {
                println!("{number}: {busy}");
            }
            thread::sleep(Duration::from_millis(2));
        }
    });
    while let Some(batch) = batches.next_batch(1_000, Duration::ZERO) {
        println!("{} in one batch: {batch:?}", batch.len());
        // A commit takes its time; whoever comes meanwhile shares the next one.
        thread::sleep(Duration::from_millis(batch.len() as u64 * 3));
    }
    drop(submitting.join());
}
