//! Whose word a checkpoint has beside the operator's: which witnesses of a policy cosigned it, when, and which of them replay the state.

use colophon_tlog::checkpoint::CheckpointError;
use colophon_tlog::policy::{Cosigned, Policy, REPLAYED_GROUP, Witness};
use serde::Serialize;

use crate::sheet::Sheet;
use crate::words;

/// How far a witness's clock may be ahead of this machine's, in milliseconds. Beyond that a cosignature does not count: it
/// would stay fresh for as long as its maker likes.
pub const SKEW_MS: u64 = 60 * 1000;

/// A cosignature by a witness of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosignature {
    /// What the policy calls the witness.
    pub name: String,
    /// When it cosigned, by its own clock, in milliseconds after 1970.
    pub time_ms: u64,
    /// The same for people, in UTC.
    pub time: String,
    /// Whether the policy says that it replays the state before it cosigns.
    pub replays: bool,
    /// Whether it counts: it does not if its time is ahead of this machine's clock.
    pub counts: bool,
}

/// What the witnesses of a policy say of a checkpoint. An answer about one has these members among its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// Every cosignature by a witness of the policy.
    pub cosignatures: Vec<Cosignature>,
    /// Whether those that count are a quorum.
    pub quorum_met: bool,
    /// How many witnesses the policy names.
    pub witnesses: usize,
    /// How many of them are in its group `replayed`.
    #[serde(skip)]
    pub replaying: usize,
    /// The last moment at which the policy was met: as many as it asks for have cosigned then or later, by their clocks, in
    /// milliseconds after 1970. Where it asks for none, or is not met, the moment of the newest cosignature that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_ms: Option<u64>,
}

impl Witnessed {
    /// Returns what `policy` says of a checkpoint, as it was published. One with a line that a witness of the policy did not
    /// make is none.
    pub fn judge(policy: &Policy, checkpoint: &str, now_ms: u64) -> Result<Witnessed, CheckpointError> {
        let judged = policy.judge(checkpoint.as_bytes())?;
        let replaying = policy.witnesses_of(REPLAYED_GROUP);
        let latest_ms = now_ms.saturating_add(SKEW_MS);
        let counted: Vec<&Cosigned<'_>> = judged.witnesses.iter().filter(|by| time_of(by) <= latest_ms).collect();
        let cosignature = |by: &Cosigned<'_>| Cosignature {
            name: words::shown(&by.witness.name.to_string()),
            time_ms: time_of(by),
            time: words::time(time_of(by)),
            replays: replaying.contains(&by.witness),
            counts: time_of(by) <= latest_ms,
        };
        Ok(Witnessed {
            cosignatures: judged.witnesses.iter().map(cosignature).collect(),
            quorum_met: policy.is_met_by(&names(&counted, 0)),
            witnesses: policy.witnesses().len(),
            replaying: replaying.len(),
            fresh_ms: fresh_ms(policy, &counted),
        })
    }

    /// Returns the names of the witnesses whose cosignatures count.
    pub fn cosigned_by(&self) -> Vec<String> {
        self.counted().map(|by| by.name.clone()).collect()
    }

    /// Returns the names of those of them that replay the state.
    pub fn replayed_by(&self) -> Vec<String> {
        self.counted().filter(|by| by.replays).map(|by| by.name.clone()).collect()
    }

    fn counted(&self) -> impl Iterator<Item = &Cosignature> {
        self.cosignatures.iter().filter(|by| by.counts)
    }

    /// Writes who cosigned, when, and whose cosignature does not count.
    pub fn write(&self, sheet: &mut Sheet, now_ms: u64) {
        if self.witnesses == 0 {
            return;
        }
        let counted = self.counted().count();
        let named = format!("{counted} of the {} in your policy cosigned this checkpoint", self.witnesses);
        let newest = self.counted().map(|by| by.time_ms).max();
        let age = |time_ms: u64| words::span(now_ms.saturating_sub(time_ms));
        let when = newest.map_or_else(String::new, |newest| format!(", the newest {} ago", age(newest)));
        sheet.row("witnesses", &format!("{named}{when}"));
        if counted > 0 {
            sheet.row("", &self.cosigned_by().join(", "));
        }
        if let Some(fresh) = self.fresh_ms.filter(|fresh| Some(*fresh) != newest && self.quorum_met) {
            sheet.row("", &format!("enough for your policy, the oldest of those {} ago", age(fresh)));
        }
        for by in self.cosignatures.iter().filter(|by| !by.counts) {
            let ahead = words::span(by.time_ms.saturating_sub(now_ms));
            sheet.row("NOT COUNTED", &format!("{}, whose time is {ahead} AHEAD of this machine's clock", by.name));
        }
    }

    /// Returns the sentence on who replayed the state, if anybody did.
    pub fn replayed(&self) -> Option<String> {
        let by = self.replayed_by();
        let of = if self.replaying == 1 { "1 witness".to_owned() } else { format!("{} witnesses", self.replaying) };
        (!by.is_empty()).then(|| format!("replayed by {} of {of} that do: {}", by.len(), by.join(", ")))
    }
}

fn time_of(by: &Cosigned<'_>) -> u64 {
    by.at.seconds().saturating_mul(1000)
}

/// Returns the witnesses of these cosignatures that were made at `since_ms` or later.
fn names<'p>(cosigned: &[&Cosigned<'p>], since_ms: u64) -> Vec<&'p Witness> {
    cosigned.iter().filter(|by| time_of(by) >= since_ms).map(|by| by.witness).collect()
}

fn fresh_ms(policy: &Policy, counted: &[&Cosigned<'_>]) -> Option<u64> {
    let mut times: Vec<u64> = counted.iter().map(|by| time_of(by)).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let met = times.iter().copied().find(|since_ms| policy.is_met_by(&names(counted, *since_ms)));
    met.or(times.first().copied())
}
