//! Leaves whose signatures were not found to verify, looked at again on all cores before their turn.
//!
//! While leaves are fetched nobody knows yet which keys their signers will have by then, so they are looked at by the first key of
//! each account, which is nearly always right. What accounts with other keys have signed is looked at here, by the records as they
//! are so far.

use std::panic::resume_unwind;
use std::thread;

use colophon_ledger::look::Looked;
use colophon_ledger::signature::Points;
use colophon_ledger::state::Records;

/// How many such leaves are worth threads.
const LEAVES_MIN: usize = 16;

/// Looks again at those of the leaves that need it, if they are enough to be worth it. The order stays.
pub fn look_again(leaves: Vec<Looked>, records: &(impl Records + Sync), points: &(impl Points + Sync)) -> Vec<Looked> {
    if leaves.iter().filter(|looked| !looked.is_verified()).count() < LEAVES_MIN {
        return leaves;
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = leaves.len().div_ceil(threads);
    let mut rest = leaves.into_iter();
    thread::scope(|scope| {
        let mut looking = Vec::new();
        loop {
            let share: Vec<Looked> = rest.by_ref().take(share).collect();
            if share.is_empty() {
                break;
            }
            looking.push(scope.spawn(|| Looked::again_each(share, records, points)));
        }
        looking.into_iter().flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::signature::{EachTime, FirstKeys};

    #[test]
    fn the_order_stays_whoever_looks() {
        for count in [0, 1, LEAVES_MIN - 1, LEAVES_MIN, 257] {
            let leaves: Vec<Vec<u8>> = (0..count).map(|number| format!("leaf {number}").into_bytes()).collect();
            let looked = leaves.iter().cloned().map(Looked::later).collect();
            let again = look_again(looked, &FirstKeys, &EachTime);
            assert!(again.iter().map(Looked::leaf).eq(leaves.iter().map(Vec::as_slice)), "{count}");
            assert!(!again.iter().any(Looked::is_verified));
        }
    }
}
