//! What came of an entry that was to be signed, as it is told to people and to programs.

use std::fmt;
use std::path::PathBuf;

use colophon_client::entry::LoggedEntry;
use colophon_ledger::account::{AccountId, Multikey};
use colophon_ledger::draft::{Draft, Missing};
use colophon_ledger::entry::Body;
use colophon_ledger::field::{EntryId, Int, WorkId};
use serde::Serialize;

use crate::drafts::text_of_draft;
use crate::failure::Failure;
use crate::ui::Answer;
use crate::words::{count, time};

/// How far the entry has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing was signed: this is what would be.
    DryRun,
    /// Signed here; others must sign, and the register keeps it for them.
    Waiting,
    /// Signed here; the draft is in a file.
    File,
    /// In the register.
    Recorded,
}

/// Whose signatures an entry still lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// The account.
    pub account: AccountId,
    /// How many of its keys must still sign.
    pub signatures: u64,
    /// The new keys of a rotation that must still sign.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_keys: Vec<Multikey>,
}

impl From<Missing> for Lacking {
    fn from(missing: Missing) -> Lacking {
        Lacking { account: missing.account, signatures: missing.count, new_keys: missing.new }
    }
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How far it has come.
    pub stage: Stage,
    /// Its id.
    pub id: EntryId,
    /// Its kind.
    pub kind: &'static str,
    /// The work it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkId>,
    /// The edition it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<u64>,
    /// Its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Whether it had been in the log before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<bool>,
    /// The file with its receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<PathBuf>,
    /// The file with the draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<PathBuf>,
    /// Who must still sign.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<Lacking>,
    /// Until when the register means to keep the draft, in milliseconds after 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// In a dry run, exactly what would be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In a dry run, the card: words that the text commits to by their digest, and that stay erasable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

impl Outcome {
    /// Returns what is known of an entry before anything comes of it.
    pub fn of(draft: &Draft, stage: Stage) -> Result<Outcome, Failure> {
        Ok(Outcome::new(&text_of_draft(draft)?.body, draft.id(), stage))
    }

    /// Returns what is known of an entry that was found in the log.
    pub fn of_logged(logged: &LoggedEntry) -> Outcome {
        let (body, id) = (logged.entry.body(), logged.entry.id());
        Outcome { index: Some(logged.index), repeated: Some(true), ..Outcome::new(body, id, Stage::Recorded) }
    }

    fn new(body: &Body, id: EntryId, stage: Stage) -> Outcome {
        let (work, edition) = match body {
            Body::Mint(_) => (Some(id), None),
            Body::Amend(amend) => (Some(amend.work), None),
            Body::Flag(flag) => (Some(flag.work), Some(flag.edition.get())),
            Body::Receipt(receipt) => (Some(receipt.work), Some(receipt.edition.get())),
            Body::Release(release) => (Some(release.work), Some(release.edition.get())),
            Body::Attest(attest) => (attest.work, attest.edition.map(Int::get)),
            Body::Revoke(revoke) => (revoke.work, revoke.edition.map(Int::get)),
            body => body.edition().unzip(),
        };
        Outcome {
            stage,
            id,
            kind: body.kind(),
            work,
            edition,
            index: None,
            repeated: None,
            receipt: None,
            draft: None,
            lacking: Vec::new(),
            until_ms: None,
            text: None,
            card: None,
        }
    }

    fn headline(&self) -> &'static str {
        match (self.stage, self.kind) {
            (Stage::DryRun, _) => "this would be signed",
            (Stage::Recorded, _) if self.repeated == Some(true) => "already recorded",
            (Stage::Recorded, "mint") => "registered",
            (Stage::Recorded, "profile") => "profile published",
            (Stage::Recorded, "rotate") => "keys changed",
            (Stage::Recorded, "transfer" | "accept") => "title has moved",
            (Stage::Recorded, "offer") => "offered",
            (Stage::Recorded, "close") => "closed: what was offered or half-signed before is void",
            (Stage::Recorded, "flag") => "flagged",
            (Stage::Recorded, "lien") => "the lien stands: title cannot move until the creditor releases it",
            (Stage::Recorded, "loan") => "lent: title stays with the holder",
            (Stage::Recorded, "amend") => "amended; what was stated before stays visible",
            (Stage::Recorded, "move") => "moved: title stays, the country has changed",
            (Stage::Recorded, "transmit") => "title has moved, by the authority's word",
            (Stage::Recorded, "release") => "released",
            (Stage::Recorded, "receipt") => "the receipt is recorded: nothing of this is outstanding any more",
            (Stage::Recorded, "attest") => "attested",
            (Stage::Recorded, "revoke") => "taken back: it counts no more",
            (Stage::Recorded, _) => "recorded",
            (Stage::Waiting, _) => "signed; it waits for the others in the register's inbox",
            (Stage::File, _) => "signed; the draft is in a file",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if let Some(text) = &self.text {
            write!(f, "{text}")?;
            return self.card.iter().try_for_each(|card| write!(f, "with the card\n{card}\n"));
        }
        if let Some(work) = &self.work {
            writeln!(f, "  work     {work}")?;
        }
        self.edition.iter().try_for_each(|edition| writeln!(f, "  edition  {edition}"))?;
        if self.work != Some(self.id) {
            writeln!(f, "  entry    {}", self.id)?;
        }
        self.index.iter().try_for_each(|index| writeln!(f, "  index    {index}"))?;
        self.receipt.iter().try_for_each(|receipt| writeln!(f, "  receipt  {}", receipt.display()))?;
        self.draft.iter().try_for_each(|draft| writeln!(f, "  draft    {}", draft.display()))?;
        for Lacking { account, signatures, new_keys } in &self.lacking {
            if *signatures > 0 {
                writeln!(f, "  lacking  {} of {account}", count(*signatures, "signature"))?;
            }
            new_keys.iter().try_for_each(|key| writeln!(f, "  lacking  the new key {key}"))?;
        }
        self.until_ms.iter().try_for_each(|until_ms| writeln!(f, "  kept     until {}", time(*until_ms)))
    }
}

/// Declares a command's answer that is an outcome and nothing more.
macro_rules! outcome_answers {
    ($($(#[$doc:meta])* $name:ident => $schema:literal),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Outcome);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl Answer for $name {
            const SCHEMA: &'static str = $schema;
        }
    )+ };
}
outcome_answers! {
    /// The answer of `profile set`.
    ProfileSet => "colophon.profile_set/v1",
    /// The answer of `mint`.
    Minted => "colophon.mint/v1",
    /// The answer of `transfer`.
    Transferred => "colophon.transfer/v1",
    /// The answer of `offer`.
    Offered => "colophon.offer/v1",
    /// The answer of `accept`.
    Accepted => "colophon.accept/v1",
    /// The answer of `withdraw`.
    Withdrawn => "colophon.withdraw/v1",
    /// The answer of `attest`.
    Attested => "colophon.attest/v1",
    /// The answer of `revoke`.
    Revoked => "colophon.revoke/v1",
    /// The answer of `sign`.
    SignedDraft => "colophon.sign/v1",
    /// The answer of `submit`.
    SubmittedDraft => "colophon.submit/v1",
    /// The answer of `amend`.
    Amended => "colophon.amend/v1",
    /// The answer of `flag`.
    Flagged => "colophon.flag/v1",
    /// The answer of `lien`.
    Charged => "colophon.lien/v1",
    /// The answer of `loan`.
    Lent => "colophon.loan/v1",
    /// The answer of `move`.
    Relocated => "colophon.move/v1",
    /// The answer of `transmit`.
    Transmitted => "colophon.transmit/v1",
    /// The answer of `release`.
    Released => "colophon.release/v1",
    /// The answer of `settle`.
    Settled => "colophon.settle/v1",
    /// The answer of `key rotate`.
    Rotated => "colophon.key_rotate/v1",
}
