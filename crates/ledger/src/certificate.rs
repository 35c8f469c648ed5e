//! A certificate: the whole provenance of one edition in one file, checked offline.
//!
//! One line of JSON, `colophon.certificate/v1`, members in sorted order. It carries the checkpoint; the genesis; the mint
//! and the edition's whole chain; for every account that signed any of these its whole chain of profiles and rotations; the
//! seal of the batch of each of these entries, and the newest seal; an inclusion proof for each, to this one checkpoint;
//! proofs of the state of the work, the edition and those accounts; and the cards. If the checkpoint is signed by another key
//! than the genesis names, it carries the acts of the governors too, and the proof of what they led to. Where title moved under rules
//! of the corridor, it carries the proof of what they said each time, and which they were; the attestations of the documents that counted, with
//! whatever their issuers have said of each since, and the proof of where that ends. If anybody alleges something about the edition, it carries the proof of what, and of how many.

mod moment;
mod ruled;
mod verify;

pub use moment::Moment;
pub use ruled::{CountedPaper, Standing};
pub use verify::{AccountFacts, CertificateError, Provenance, Step};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::to_canonical;
use crate::card::Card;
use crate::entry::Body;
use crate::field::{Digest, WorkId};
use crate::proved::{ProvedEntry, ProvedRecord};
use crate::state::RecordKey;

/// The longest certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The `format` member of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The only one so far.
    #[serde(rename = "colophon.certificate/v1")]
    V1,
}

/// The members of a certificate file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The words that the entries commit to, by ascending digest. One that is missing was withdrawn or withheld.
    pub cards: Vec<Card>,
    /// The checkpoint, verbatim.
    pub checkpoint: String,
    /// Which edition of the work.
    pub edition: u64,
    /// Every entry, by ascending index.
    pub entries: Vec<ProvedEntry>,
    /// The word for this form.
    pub format: Format,
    /// Every record's proof, by ascending key.
    pub records: Vec<ProvedRecord>,
    /// The work.
    pub work: WorkId,
}

impl Certificate {
    /// Reads a certificate file, which must be written exactly as [`Certificate::to_text`] does. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Certificate, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| CertificateError::Malformed(error.to_string()))?;
        let certificate: Certificate =
            serde_json::from_str(text).map_err(|error| match crate::canonical::shape_error(&error) {
                crate::canonical::CanonicalError::UnknownMember(name) => CertificateError::NeedsNewer(name),
                error => malformed(&error.to_string()),
            })?;
        if certificate.to_text() == text { Ok(certificate) } else { Err(CertificateError::Spelling) }
    }

    /// Returns the file: one line of JSON.
    pub fn to_text(&self) -> String {
        to_canonical(self) + "\n"
    }
}

/// Tells a later version of the format apart from what is no certificate; serde says both in words alone.
fn malformed(why: &str) -> CertificateError {
    let version = why.strip_prefix("unknown variant `colophon.certificate/v").and_then(|rest| rest.split_once('`'));
    match version.map(|(version, _)| version.parse::<u32>()) {
        Some(Ok(version)) => CertificateError::NeedsNewer(format!("certificates of version {version}")),
        _ => CertificateError::Malformed(why.to_owned()),
    }
}

/// Returns the accounts that have a part in an entry and whose chains a certificate must therefore carry.
pub fn accounts_of(body: &Body) -> BTreeSet<AccountId> {
    let mut accounts: BTreeSet<AccountId> = body.signers().into_iter().collect();
    match body {
        Body::Offer(terms) => drop(accounts.insert(terms.to)),
        Body::CarryEdition(carry) => {
            accounts.extend(carry.holder());
            accounts.extend(carry.parties());
            accounts.extend(carry.work_proof.record.as_ref().map(|work| work.maker));
        }
        _ => {}
    }
    accounts
}

/// What decides which records a certificate carries.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The accounts that have a part in its entries.
    pub accounts: BTreeSet<AccountId>,
    /// Whether its checkpoint is signed by another key than the genesis names: the acts of the governors show by whose right.
    pub rekeyed: bool,
    /// Whether the edition's record counts any that allege something about it.
    pub alleged: bool,
    /// How often title has moved under rules.
    pub judged: u64,
    /// The names of the documents that counted then.
    pub papers: BTreeSet<RecordKey>,
    /// The digests of the rule sets that were in force together then.
    pub corridors: BTreeSet<Digest>,
}

/// Returns the records whose proofs a certificate carries, in ascending order of their names.
pub fn records_of(work: &WorkId, edition: u64, parts: Parts) -> Vec<RecordKey> {
    let mut keys = vec![RecordKey::Edition(*work, edition), RecordKey::Work(*work)];
    keys.extend(parts.accounts.into_iter().map(RecordKey::Account));
    keys.extend(parts.rekeyed.then_some(RecordKey::Register));
    keys.extend(parts.alleged.then_some(RecordKey::Allegations(*work, edition)));
    keys.extend((1..=parts.judged).map(|count| RecordKey::Crossing(*work, edition, count)));
    keys.extend(parts.papers);
    keys.extend(parts.corridors.into_iter().map(RecordKey::Corridor));
    keys.sort_by_cached_key(ToString::to_string);
    keys
}
