//! A replaying witness: a copy that cosigns what it has replayed itself, state roots included, and nothing else.

use std::time::Duration;

use colophon_ledger::entry::seal::Seal;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::tree::EntryIndex;
use colophon_tlog::witness::AddCheckpoint;

use crate::follow::following::Following;
use crate::register::Register;
use crate::witness::{WitnessError, check_seal_time};

/// How long a log that asks for a cosignature waits until the copy has replayed so far: less than a log's own patience.
const REPLAY_TIME_MAX: Duration = Duration::from_millis(700);

/// Lets the copy catch up, for a moment, with a checkpoint that it is asked to cosign.
pub(crate) async fn catch_up(following: &Following, request: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(request) else { return };
    following.nudge();
    // Whether it has is asked again when it is decided.
    following.has_published(request.checkpoint().size.get(), REPLAY_TIME_MAX).await;
}

/// Vouches for a checkpoint: the copy has replayed all of it, its register never broke its word, and the time of its seal is not
/// ahead of this machine's clock.
pub(crate) fn vouch(register: &Register, following: &Following, checkpoint: &Checkpoint) -> Result<(), WitnessError> {
    let not_borne_out = |why: &str| WitnessError::NotBorneOut(why.to_owned());
    if !following.standing().is_sound() {
        return Err(not_borne_out("the register shows what does not fit"));
    }
    if *checkpoint.origin != *register.rules.log_key.name() {
        return Err(not_borne_out("another log is copied here"));
    }
    if checkpoint.size > register.newest().size {
        return Err(WitnessError::NotReplayed);
    }
    let last = checkpoint.size.get().checked_sub(1).and_then(EntryIndex::new);
    let last = last.ok_or_else(|| not_borne_out("a register is never empty"))?;
    let root = register.log.root(checkpoint.size);
    let read = root.and_then(|root| Ok((root, register.log.entry(last)?)));
    // A disk that cannot be read vouches for nothing, and may be well again.
    let (root, leaf) = read.map_err(|_| WitnessError::NotReplayed)?;
    if root != checkpoint.root {
        return Err(not_borne_out("the log that was replayed has another root"));
    }
    let seal = Seal::peek(&leaf).ok_or_else(|| not_borne_out("it does not end on a seal"))?;
    check_seal_time(seal.time_ms.get(), register.clock.now_ms())
}
