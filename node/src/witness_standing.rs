//! What is known of each witness of this register, for those who watch.

use colophon_client::cosign::CosignError;

/// How a witness answered when it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastAnswer {
    /// It cosigned.
    Cosigned,
    /// It has cosigned a later checkpoint of the same log.
    Ahead,
    /// It cosigned something else last, and it could not be agreed on what.
    Conflict,
    /// It has no time.
    Busy,
    /// It does not take the request, or not this log.
    Refused,
    /// What it answers is no answer of a witness, or not its own cosignature.
    Wrong,
    /// There was no answer.
    Away,
}

impl LastAnswer {
    /// Every one of them.
    pub const ALL: [LastAnswer; 7] = [
        LastAnswer::Cosigned,
        LastAnswer::Ahead,
        LastAnswer::Conflict,
        LastAnswer::Busy,
        LastAnswer::Refused,
        LastAnswer::Wrong,
        LastAnswer::Away,
    ];

    /// Returns its name among the metrics.
    pub fn word(self) -> &'static str {
        match self {
            LastAnswer::Cosigned => "cosigned",
            LastAnswer::Ahead => "ahead",
            LastAnswer::Conflict => "conflict",
            LastAnswer::Busy => "busy",
            LastAnswer::Refused => "refused",
            LastAnswer::Wrong => "wrong",
            LastAnswer::Away => "away",
        }
    }
}

impl From<&CosignError> for LastAnswer {
    fn from(error: &CosignError) -> LastAnswer {
        match error {
            CosignError::Conflict(_) | CosignError::ConflictWithoutSize => LastAnswer::Conflict,
            CosignError::NotUnderstood(_)
            | CosignError::Untrusted(_)
            | CosignError::UnknownLog(_)
            | CosignError::Inconsistent(_) => LastAnswer::Refused,
            CosignError::Busy { .. } => LastAnswer::Busy,
            CosignError::Failed { .. } | CosignError::Reply(_) => LastAnswer::Wrong,
            CosignError::Http(_) => LastAnswer::Away,
        }
    }
}

/// One witness. What an earlier process learnt of it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessStanding {
    /// What the policy calls it.
    pub name: String,
    /// The size of the checkpoint that it cosigned last for this process; 0 for none.
    pub size: u64,
    /// When it did, by its own clock, in seconds since 1970; 0 for never.
    pub cosigned_s: u64,
    /// How it answered last.
    pub answer: Option<LastAnswer>,
}

impl WitnessStanding {
    /// Returns a witness that was not asked yet.
    pub fn unasked(name: String) -> WitnessStanding {
        WitnessStanding { name, size: 0, cosigned_s: 0, answer: None }
    }
}
