//! Opening a store of sled's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::view::engine::EngineError;

/// What sled says of a store that is held.
const HELD: &str = "could not acquire lock";
/// How long a store that is held is waited for, and how often it is looked.
const LET_GO_TIME: Duration = Duration::from_secs(2);
const LOOK_TIME: Duration = Duration::from_millis(10);

/// Opens the store. One that this process closed a moment ago may still be held by a thread of sled's own, which is waited for;
/// no other process can have it, since the register's lock is held.
pub(crate) fn open(config: &sled::Config) -> Result<sled::Db, EngineError> {
    let begun = Instant::now();
    loop {
        match catch_unwind(AssertUnwindSafe(|| config.open())).map_err(|_| EngineError::Panicked)? {
            Err(sled::Error::Io(error)) if error.to_string().contains(HELD) && begun.elapsed() < LET_GO_TIME => {
                std::thread::sleep(LOOK_TIME);
            }
            opened => return Ok(opened?),
        }
    }
}
