//! An entry on its way into the log, and what comes of it.

use colophon_ledger::card::Card;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::signature::Signed;
use tokio::sync::oneshot;

use crate::receipts::Unwritten;

/// An entry on its way into the log.
#[derive(Debug)]
pub struct Submission {
    /// The entry, its signatures checked.
    pub signed: Signed,
    /// The card that came with it, checked against it.
    pub card: Option<Card>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Outcome>,
}

/// What came of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// It is in the log.
    Recorded(Unwritten),
    /// It is against the rules.
    Refused(Refusal),
    /// It would change the keys by which this node seals.
    NotAdmitted,
    /// There is no room for it now.
    DiskFull,
    /// The tables do not match the published state, so it cannot be judged until they are made again.
    ViewFailed,
}
