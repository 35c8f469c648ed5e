//! The moment that an answer is about, and whose word it rests on.

use colophon_client::client::Client;
use colophon_client::lookup;
use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::EntryId;
use colophon_ledger::register::Register;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::policy::Policy;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::register::trust::Trust;
use crate::sheet::Sheet;
use crate::witnessed::Witnessed;
use crate::words::{self, shown};
use crate::{audited, clock};

/// How far the operator's clock may be ahead of this machine's before it is worth a word, in milliseconds.
const CLOCK_AHEAD_MS: u64 = 5 * 60 * 1000;

/// What a person judges a checkpoint by.
#[derive(Debug, Clone, Copy)]
pub struct Backing<'p> {
    /// The trust policy.
    pub policy: &'p Policy,
    /// Whether this person has replayed the register up to the checkpoint.
    pub audited: bool,
    /// Whether the register was asked just now.
    pub online: bool,
    /// This machine's time, in milliseconds after 1970.
    pub now_ms: u64,
}

/// The moment that a verdict is about, and whose word it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// The name of the register.
    pub origin: String,
    /// Its genesis.
    pub genesis: EntryId,
    /// The verifier key of its log.
    pub log_key: String,
    /// How many entries its log had.
    pub size: u64,
    /// The operator's time of the newest of them, in milliseconds after 1970.
    pub time_ms: u64,
    /// The same for people, in UTC.
    pub time: String,
    /// How old it is by this machine's clock, in milliseconds; 0 if it is ahead.
    pub age_ms: u64,
    /// How far it is ahead of this machine's clock, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead_ms: Option<u64>,
    /// Whether the register was asked just now.
    pub online: bool,
    /// The witnesses of the policy whose cosignatures count.
    pub cosigned_by: Vec<String>,
    /// What the witnesses of the policy say of the checkpoint.
    #[serde(flatten)]
    pub witnessed: Witnessed,
    /// Whose word the state rests on.
    pub state_by: StateBy,
    /// Those of `cosigned_by` that replay the state.
    pub replayed_by: Vec<String>,
    /// How many witnesses of the policy replay the state.
    pub replaying: usize,
    #[serde(skip)]
    now_ms: u64,
}

/// Whose word it is that the state is what the entries lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateBy {
    /// The operator's. Nobody this machine knows of has replayed the register.
    Operator,
    /// That of witnesses which the policy says replay it.
    Witnesses,
    /// This person's own: they have replayed the register up to here.
    You,
}

/// A moment as it is proved.
struct Proved<'p> {
    checkpoint: &'p SignedCheckpoint,
    time_ms: u64,
    register: &'p Register,
    log_key: &'p VerifierKey,
}

impl Context {
    /// Returns the moment of an answer about records, and who has vouched for it.
    pub(crate) fn as_of(&self, client: &Client, answer: &lookup::AsOf) -> Result<AsOf, Failure> {
        let rules = client.rules();
        let trust = Trust::read(&self.home)?;
        let of_log = || Policy::of_log(&rules.log_key);
        let policy = trust.policy().cloned().map_or_else(of_log, Ok);
        let policy =
            policy.map_err(|error| Failure::failed(format!("the log's key: {error}"), "report this as a fault"))?;
        let audited = audited::holds(&self.home, &rules.log_key, answer.checkpoint.checkpoint())?;
        let backing = Backing { policy: &policy, audited, online: true, now_ms: clock::now_ms()? };
        let (checkpoint, time_ms) = (&answer.checkpoint, answer.time_ms());
        let proved = Proved { checkpoint, time_ms, register: &rules.register, log_key: &rules.log_key };
        AsOf::of(&proved, backing)
    }
}

impl AsOf {
    /// Returns the moment that `provenance` is about, and who has vouched for it.
    pub fn new(provenance: &Provenance, backing: Backing<'_>) -> Result<AsOf, Failure> {
        let Provenance { checkpoint, log_key, .. } = provenance;
        let (time_ms, register) = (provenance.seal.time_ms.get(), &provenance.rules.register);
        AsOf::of(&Proved { checkpoint, time_ms, register, log_key }, backing)
    }

    fn of(proved: &Proved<'_>, backing: Backing<'_>) -> Result<AsOf, Failure> {
        let Backing { policy, audited, online, now_ms } = backing;
        let Proved { checkpoint, time_ms, register, log_key } = *proved;
        let witnessed = judge(policy, &checkpoint.to_string(), now_ms)?;
        let replayed_by = witnessed.replayed_by();
        let state_by = match (audited, replayed_by.is_empty()) {
            (true, _) => StateBy::You,
            (false, false) => StateBy::Witnesses,
            (false, true) => StateBy::Operator,
        };
        Ok(AsOf {
            origin: register.origin.to_string(),
            genesis: register.genesis,
            log_key: log_key.to_string(),
            size: checkpoint.checkpoint().size.get(),
            time_ms,
            time: words::time(time_ms),
            age_ms: now_ms.saturating_sub(time_ms),
            ahead_ms: time_ms.checked_sub(now_ms).filter(|ahead_ms| *ahead_ms > 0),
            online,
            cosigned_by: witnessed.cosigned_by(),
            state_by,
            replayed_by,
            replaying: witnessed.replaying,
            now_ms,
            witnessed,
        })
    }

    /// Returns how old the answer is, in milliseconds: since the policy's witnesses cosigned it, or where none did since the
    /// operator's time of the newest entry.
    pub fn staleness_ms(&self) -> u64 {
        self.witnessed.fresh_ms.map_or(self.age_ms, |fresh| self.now_ms.saturating_sub(fresh))
    }

    /// Writes the moment, and whose word it is.
    pub fn write(&self, sheet: &mut Sheet) {
        let age = match self.ahead_ms {
            Some(ahead_ms) if ahead_ms > CLOCK_AHEAD_MS => {
                format!("which is {} AHEAD of this machine's clock", words::span(ahead_ms))
            }
            _ => format!("{} ago", words::span(self.age_ms)),
        };
        sheet.row("as of", &format!("checkpoint {} of {}", self.size, self.origin));
        sheet.row("", &format!("operator's time {}, {age}", self.time));
        sheet.row("state", &self.state());
        self.witnessed.write(sheet, self.now_ms);
    }

    fn state(&self) -> String {
        let replayed = self.witnessed.replayed();
        match (self.state_by, replayed) {
            (StateBy::Operator, _) => "as the operator says; a lie shows only to those who replay".to_owned(),
            (StateBy::You, None) => "replayed by you (colophon audit)".to_owned(),
            (StateBy::You, Some(replayed)) => format!("replayed by you (colophon audit), and {replayed}"),
            (StateBy::Witnesses, replayed) => replayed.unwrap_or_default(),
        }
    }
}

/// Judges a checkpoint by a policy. One that carries a line in the name of a witness that did not make it is a forgery.
pub fn judge(policy: &Policy, checkpoint: &str, now_ms: u64) -> Result<Witnessed, Failure> {
    Witnessed::judge(policy, checkpoint, now_ms).map_err(|error| {
        Failure::not_verified(
            format!("the checkpoint is not what your policy takes for one: {}", shown(&error.to_string())),
            "do not rely on it; ask the register itself, or whoever gave it, for a new one",
        )
    })
}
