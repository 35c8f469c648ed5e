//! The verdict: a card in plain words, what it rests on, what was checked and what was not.

#[cfg(test)]
mod golden;

use std::fmt;

use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_tlog::policy::{Cosigned, Policy};
use serde::Serialize;

use crate::dossier::Dossier;
use crate::failure::Exit;
use crate::party::Party;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::{self, count};

/// How far the operator's clock may be ahead of this machine's before it is worth a word, in milliseconds.
const CLOCK_AHEAD_MS: u64 = 5 * 60 * 1000;

/// What a person gave to be checked, and what it turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A file, byte for byte as it was registered.
    File {
        /// Its name here.
        name: String,
        /// Its digest.
        sha256: Digest,
        /// Its place among the work's files, from 1 for the face.
        place: usize,
        /// How many files the work has.
        of: usize,
    },
    /// A folder.
    Folder {
        /// Its name here.
        name: String,
        /// How many files are in it.
        files: u64,
        /// The root over all of them.
        root: Digest,
        /// Whether it is the work's folder as a whole; if not, each file in it is one of the work's.
        whole: bool,
    },
    /// A work by its id.
    Work {
        /// What was asked for.
        asked: String,
    },
    /// A certificate.
    Certificate {
        /// Its name here.
        name: String,
    },
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
    /// The witnesses of the policy that cosigned the checkpoint.
    pub cosigned_by: Vec<String>,
    /// Whether they are those that the policy asks for.
    pub quorum_met: bool,
    /// How many witnesses the policy names.
    pub witnesses: usize,
    /// Whose word the state rests on.
    pub state_by: StateBy,
}

/// Whose word it is that the state is what the entries lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateBy {
    /// The operator's. Nobody this machine knows of has replayed the register.
    Operator,
}

/// One of several registrations of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Its place among them, from 1 for the first.
    pub number: u64,
    /// The work.
    pub work: WorkId,
    /// Who registered it.
    pub maker: Party,
}

/// Why a verdict is short of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "short_of", rename_all = "snake_case")]
pub enum Shortfall {
    /// The newest entry is older than allowed.
    Age {
        /// How old it may be, in milliseconds.
        allowed_ms: u64,
    },
    /// The policy asks for more cosignatures.
    Witnesses,
    /// The certificate is true, and the edition's history has gone on since. The card is of now.
    Overtaken {
        /// The size of the log that the certificate was made at.
        certificate_size: u64,
    },
}

/// What is found about one thing that was to be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether all is as asked.
    pub verdict: Outcome,
    /// Where it falls short.
    pub shortfalls: Vec<Shortfall>,
    /// What was given.
    pub subject: Subject,
    /// The card.
    pub card: Dossier,
    /// All registrations of the file, earliest first, where the register was asked; the card is of the first.
    pub claims: Vec<Claim>,
    /// How many registrations there are, listed or not.
    pub claim_count: u64,
    /// As of when.
    pub as_of: AsOf,
    /// What was checked.
    pub checked: Vec<&'static str>,
    /// What was not.
    pub not_checked: Vec<&'static str>,
}

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All is proved, and as asked.
    Verified,
    /// All is proved, but short of what was asked.
    Stale,
}

/// What a verdict is made of.
#[derive(Debug)]
pub struct Findings<'p> {
    /// What was given.
    pub subject: Subject,
    /// What is proved.
    pub provenance: &'p Provenance,
    /// What the trust policy says of its checkpoint.
    pub policy: &'p Policy,
    /// All registrations of the file, and how many there are.
    pub claims: (Vec<Claim>, u64),
    /// Whether the register was asked.
    pub online: bool,
    /// The size of the log at which an older certificate of the edition was made, if it has been overtaken.
    pub overtaken: Option<u64>,
    /// How old the newest entry may be, in milliseconds.
    pub max_age_ms: Option<u64>,
    /// This machine's time, in milliseconds after 1970.
    pub now_ms: u64,
}

impl Verdict {
    /// Returns the verdict on what was found.
    pub fn new(findings: Findings<'_>) -> Verdict {
        let Findings { subject, provenance, policy, claims, online, overtaken, max_age_ms, now_ms } = findings;
        let as_of = AsOf::new(provenance, policy, online, now_ms);
        let mut shortfalls = Vec::new();
        shortfalls.extend(overtaken.map(|certificate_size| Shortfall::Overtaken { certificate_size }));
        let too_old = max_age_ms.filter(|max_age_ms| as_of.age_ms > *max_age_ms);
        shortfalls.extend(too_old.map(|allowed_ms| Shortfall::Age { allowed_ms }));
        if !as_of.quorum_met {
            shortfalls.push(Shortfall::Witnesses);
        }
        let card = Dossier::of(provenance, now_ms);
        let is_first = claims.0.first().is_some_and(|first| first.work == provenance.work);
        Verdict {
            verdict: if shortfalls.is_empty() { Outcome::Verified } else { Outcome::Stale },
            checked: checked(&subject, online, is_first),
            not_checked: not_checked(&subject, online, is_first, &card),
            shortfalls,
            subject,
            card,
            claims: claims.0,
            claim_count: claims.1,
            as_of,
        }
    }

    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        match self.verdict {
            Outcome::Verified => Exit::Done,
            Outcome::Stale => Exit::Stale,
        }
    }

    fn write_claims(&self, sheet: &mut Sheet) {
        let own = self.claims.iter().find(|claim| claim.work == self.card.work).map(|claim| claim.number);
        let mut label_before = "";
        for claim in self.claims.iter().filter(|claim| claim.work != self.card.work) {
            let is_earlier = own.is_none_or(|own| claim.number < own);
            let label = if is_earlier { "EARLIER" } else { "also, later" };
            let who = if claim.maker.account == self.card.maker.account {
                "the same account".to_owned()
            } else {
                claim.maker.called()
            };
            let shown = if label == label_before { "" } else { label };
            sheet.row(shown, &format!("registration {} of the same file, by {who}:", claim.number));
            sheet.row("", &claim.work.to_string());
            label_before = label;
        }
        let listed = u64::try_from(self.claims.len()).unwrap_or(u64::MAX);
        let more = self.claim_count.saturating_sub(listed);
        if more > 0 {
            sheet.row("", &format!("and {} more", count(more, "registration")));
        }
    }
}

impl AsOf {
    /// Returns the moment that `provenance` is about, and which of the policy's witnesses have cosigned it.
    pub fn new(provenance: &Provenance, policy: &Policy, online: bool, now_ms: u64) -> AsOf {
        let judged = policy.judge(provenance.checkpoint.to_string().as_bytes()).ok();
        let time_ms = provenance.seal.time_ms.get();
        let name = |by: &Cosigned<'_>| words::shown(&by.witness.name.to_string());
        let cosigned_by = judged.as_ref().map_or_else(Vec::new, |judged| judged.witnesses.iter().map(name).collect());
        AsOf {
            origin: provenance.rules.register.origin.to_string(),
            genesis: provenance.rules.register.genesis,
            log_key: provenance.rules.log_key.to_string(),
            size: provenance.checkpoint.checkpoint().size.get(),
            time_ms,
            time: words::time(time_ms),
            age_ms: now_ms.saturating_sub(time_ms),
            ahead_ms: time_ms.checked_sub(now_ms).filter(|ahead_ms| *ahead_ms > 0),
            online,
            quorum_met: judged.is_some_and(|judged| judged.quorum_met),
            cosigned_by,
            witnesses: policy.witnesses().len(),
            state_by: StateBy::Operator,
        }
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
        let StateBy::Operator = self.state_by;
        sheet.row("state", "as the operator says; a lie shows only to those who replay");
        if self.witnesses > 0 {
            let named = format!("{} of the {} in your policy", self.cosigned_by.len(), self.witnesses);
            sheet.row("witnesses", &format!("{named} cosigned this checkpoint"));
        }
    }
}

impl Subject {
    fn verified(&self) -> String {
        match self {
            Subject::File { name, place: 1, .. } => format!("{name} is the registered file, byte for byte"),
            Subject::File { name, place, of, .. } => {
                format!("{name} is file {place} of the {of} of a registered work, byte for byte")
            }
            Subject::Folder { name, files, whole: true, .. } => {
                format!("{name} is the registered folder, all {}", count(*files, "file"))
            }
            Subject::Folder { name, files, .. } => {
                format!("{name}: each of its {} is one of a registered work", count(*files, "file"))
            }
            Subject::Work { .. } => "the work is registered".to_owned(),
            Subject::Certificate { name } => format!("{name} proves what it says"),
        }
    }
}

impl Shortfall {
    fn told(&self) -> String {
        match self {
            Shortfall::Age { allowed_ms } => {
                format!("its newest entry is older than the {} asked for", words::span(*allowed_ms))
            }
            Shortfall::Witnesses => "not cosigned by the witnesses that your policy asks for".to_owned(),
            Shortfall::Overtaken { certificate_size } => format!(
                "the certificate was made at checkpoint {certificate_size} and is out of date; the card shows the newest"
            ),
        }
    }
}

fn checked(subject: &Subject, online: bool, is_first: bool) -> Vec<&'static str> {
    let mut checked = match subject {
        Subject::File { .. } => vec!["the file: its SHA-256 is the one that was registered"],
        Subject::Folder { whole: true, .. } => vec!["the folder: each name and byte, by the root that was registered"],
        Subject::Folder { .. } => vec!["each file of the folder: its SHA-256 is one that was registered"],
        Subject::Work { .. } | Subject::Certificate { .. } => Vec::new(),
    };
    checked.extend([
        "the history: each entry stands in the log of this checkpoint",
        "each signature, by the keys of its time; each rule about title",
        "that no step is left out, by the state in the newest seal",
    ]);
    if online {
        checked.push("the register: it goes on from all this machine has seen of it");
    }
    if is_first {
        checked.push("who was first: no earlier registration is in the register");
    }
    checked
}

fn not_checked(subject: &Subject, online: bool, is_first: bool, card: &Dossier) -> Vec<&'static str> {
    let mut not_checked = Vec::new();
    if !online {
        not_checked.push("what has happened since: the register was not asked");
    }
    if !is_first && card.acknowledges.is_none() {
        not_checked.push("who was first: that is the operator's word");
    }
    match subject {
        Subject::Work { .. } | Subject::Certificate { .. } => not_checked.push("a file: none was given"),
        Subject::File { .. } | Subject::Folder { .. } => {
            not_checked.push("whether others registered what only looks like it");
        }
    }
    not_checked.push("who made it: the register shows who registered it, and when");
    not_checked.push("who they are: accounts call themselves what they like");
    if card.story.borders().any(|(_, deal)| !deal.documents.is_empty()) {
        not_checked.push("the papers: the register holds their digests alone");
    }
    not_checked.push("who sent it: a certificate does not show that whoever sends it is the holder");
    not_checked
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let subject = self.subject.verified();
        match self.verdict {
            Outcome::Verified => sheet.heading("✔", Tone::Good, &format!("verified: {subject}")),
            Outcome::Stale => {
                let is_stale = self.shortfalls.iter().any(|shortfall| *shortfall != Shortfall::Witnesses);
                let short = if is_stale { "stale" } else { "not witnessed as your policy asks" };
                sheet.heading("!", Tone::Warning, &format!("verified, but {short}: {subject}"));
            }
        }
        for shortfall in &self.shortfalls {
            sheet.text(2, &shortfall.told());
        }
        sheet.gap();
        self.card.write(&mut sheet);
        self.write_claims(&mut sheet);
        sheet.gap();
        self.as_of.write(&mut sheet);
        sheet.gap();
        sheet.items("checked", &self.checked);
        sheet.items("not checked", &self.not_checked);
        sheet.fmt(f)
    }
}

impl Answer for Verdict {
    const SCHEMA: &'static str = "colophon.verify/v1";
}
