//! The verdict: a card in plain words, what it rests on, what was checked and what was not.

#[cfg(test)]
mod golden;

use std::fmt;

use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::{Digest, WorkId};
use serde::Serialize;

use crate::as_of::{AsOf, Backing};
use crate::dossier::Dossier;
use crate::failure::{Exit, Failure};
use crate::likeness::Like;
use crate::party::Party;
use crate::recomputed::{Found, Recomputed};
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::{self, count};

/// What is not checked of a file where nobody has looked for works like it.
const NOT_SEARCHED: &str = "whether others registered what only looks like it";

/// The same where nothing could be looked for by it.
const TOO_LITTLE: &str = "whether others registered what looks like it: too little is in it";

/// What somebody looked for that is like what was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoughtBy {
    /// The file, in all its variants.
    File,
    /// What the mint states of the face.
    Mint,
}

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
    /// The newest cosignatures, or where there are none the newest entry, are older than allowed.
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
    /// Works registered earlier that are like it, as far as the register shows them, the earliest first; none where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier_lookalikes: Option<Vec<Like>>,
    /// The codes that the mint states of the file, and what they are found to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Recomputed>,
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

impl Outcome {
    /// Returns the outcome of what is proved, and short of what was asked in these points.
    pub fn of(shortfalls: &[Shortfall]) -> Outcome {
        if shortfalls.is_empty() { Outcome::Verified } else { Outcome::Stale }
    }

    /// Returns how the command ends.
    pub fn exit(self) -> Exit {
        match self {
            Outcome::Verified => Exit::Done,
            Outcome::Stale => Exit::Stale,
        }
    }
}

/// What a verdict is made of.
#[derive(Debug)]
pub struct Findings<'p> {
    /// What was given.
    pub subject: Subject,
    /// What is proved.
    pub provenance: &'p Provenance,
    /// What its checkpoint is judged by.
    pub backing: Backing<'p>,
    /// All registrations of the file, and how many there are.
    pub claims: (Vec<Claim>, u64),
    /// The size of the log at which an older certificate of the edition was made, if it has been overtaken.
    pub overtaken: Option<u64>,
    /// How old the answer may be, in milliseconds.
    pub max_age_ms: Option<u64>,
}

impl Verdict {
    /// Returns the verdict on what was found.
    pub fn new(findings: Findings<'_>) -> Result<Verdict, Failure> {
        let Findings { subject, provenance, backing, claims, overtaken, max_age_ms } = findings;
        let online = backing.online;
        let as_of = AsOf::new(provenance, backing)?;
        let mut shortfalls = Vec::new();
        shortfalls.extend(overtaken.map(|certificate_size| Shortfall::Overtaken { certificate_size }));
        let too_old = max_age_ms.filter(|max_age_ms| as_of.staleness_ms() > *max_age_ms);
        shortfalls.extend(too_old.map(|allowed_ms| Shortfall::Age { allowed_ms }));
        if !as_of.witnessed.quorum_met {
            shortfalls.push(Shortfall::Witnesses);
        }
        let card = Dossier::of(provenance, backing.now_ms);
        let is_first = claims.0.first().is_some_and(|first| first.work == provenance.work);
        Ok(Verdict {
            verdict: Outcome::of(&shortfalls),
            checked: checked(&subject, online, is_first),
            not_checked: not_checked(&subject, online, is_first, &card),
            shortfalls,
            subject,
            card,
            claims: claims.0,
            claim_count: claims.1,
            earlier_lookalikes: None,
            codes: Vec::new(),
            as_of,
        })
    }

    /// Adds what the register shows of works like it: those that were registered earlier.
    pub fn disclose(&mut self, likes: Vec<Like>, by: SoughtBy) {
        let (own, registered) = (self.card.work, self.card.registered.index);
        let earlier = likes.into_iter().filter(|like| like.work != own && like.registered.index < registered);
        self.earlier_lookalikes = Some(earlier.collect());
        self.not_checked.retain(|told| *told != NOT_SEARCHED);
        self.not_checked.push(match by {
            SoughtBy::File => "that nothing else looks like it: the register's node shows what it finds",
            SoughtBy::Mint => {
                "what is like its face when turned or mirrored: only the code that the mint states was asked about"
            }
        });
    }

    /// Adds that too little is in the file to look for works like it.
    pub fn note_too_little(&mut self) {
        for told in self.not_checked.iter_mut().filter(|told| **told == NOT_SEARCHED) {
            *told = TOO_LITTLE;
        }
    }

    /// Adds that the file carries Content Credentials which this program cannot validate.
    pub fn note_credentials(&mut self) {
        self.not_checked.push("its Content Credentials: this program is built without their validation");
    }

    /// Adds what the codes are found to be that the mint states of the file.
    pub fn hold(&mut self, codes: Vec<Recomputed>) {
        let is_any = |found| codes.iter().any(|code| code.found == found);
        let (is_same, is_open) = (is_any(Found::Same), is_any(Found::NotCompared));
        match (is_same && !is_any(Found::Other), is_open) {
            (true, false) => self.checked.push("the codes it states are those of the file"),
            (true, true) => self.checked.push("the codes of its bytes that it states are those of the file"),
            (false, _) => {}
        }
        if is_open {
            self.not_checked
                .push("the code it states of the content: it was prepared otherwise, or cannot be computed here");
        }
        self.codes = codes;
    }

    fn write_codes(&self, sheet: &mut Sheet) {
        let others: Vec<&str> =
            self.codes.iter().filter(|code| code.found == Found::Other).map(|code| code.code).collect();
        if !others.is_empty() {
            sheet
                .row("CODES DIFFER", &format!("whoever registered it states other codes of it: {}", others.join(", ")));
            sheet.row("", "it is the registered file; what is like it may not be found by these");
        }
    }

    fn write_lookalikes(&self, sheet: &mut Sheet) {
        for (n, like) in self.earlier_lookalikes.iter().flatten().enumerate() {
            sheet.row(if n == 0 { "EARLIER, LIKE" } else { "" }, &like.told());
            sheet.row("", &like.work.to_string());
        }
    }

    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        self.verdict.exit()
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
    /// Returns it in words. `is_cosigned` says whether it is cosignatures that tell the age.
    pub fn told(&self, is_cosigned: bool) -> String {
        match self {
            Shortfall::Age { allowed_ms } => {
                let span = words::span(*allowed_ms);
                if is_cosigned {
                    format!("your witnesses cosigned it longer ago than the {span} asked for")
                } else {
                    format!("its newest entry is older than the {span} asked for")
                }
            }
            Shortfall::Witnesses => "not cosigned by the witnesses that your policy asks for".to_owned(),
            Shortfall::Overtaken { certificate_size } => format!(
                "the certificate was made at checkpoint {certificate_size} and is out of date; the card shows the newest"
            ),
        }
    }
}

/// Writes the verdict's first line.
pub fn write_outcome(shortfalls: &[Shortfall], verified: &str, sheet: &mut Sheet) {
    match Outcome::of(shortfalls) {
        Outcome::Verified => sheet.heading("✔", Tone::Good, &format!("verified: {verified}")),
        Outcome::Stale => {
            let is_stale = shortfalls.iter().any(|shortfall| *shortfall != Shortfall::Witnesses);
            let short = if is_stale { "stale" } else { "not witnessed as your policy asks" };
            sheet.heading("!", Tone::Warning, &format!("verified, but {short}: {verified}"));
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
            not_checked.push(NOT_SEARCHED);
        }
    }
    not_checked.push("who made it: the register shows who registered it, and when");
    not_checked.push("who they are: accounts call themselves what they like");
    if card.story.was_ruled() {
        not_checked.push("the corridor's rules: what they said, and who was enrolled, is part of the state");
    }
    if card.story.borders().any(|(_, deal, _)| !deal.documents.is_empty()) {
        not_checked.push("the papers: the register holds their digests alone");
    }
    not_checked.push("who sent it: a certificate does not show that whoever sends it is the holder");
    not_checked
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        write_outcome(&self.shortfalls, &self.subject.verified(), &mut sheet);
        for shortfall in &self.shortfalls {
            sheet.text(2, &shortfall.told(self.as_of.witnessed.fresh_ms.is_some()));
        }
        sheet.gap();
        self.card.write(&mut sheet);
        self.write_claims(&mut sheet);
        self.write_lookalikes(&mut sheet);
        self.write_codes(&mut sheet);
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
