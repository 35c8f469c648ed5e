//! What the records of a certificate say beside its entries: of the rules that title moved under, of the documents that counted, and
//! of what is alleged.

use std::collections::{BTreeMap, BTreeSet};

use super::Certificate;
use super::verify::{CertificateError, Moment};
use crate::canonical::from_canonical;
use crate::encumbrance::AllegationsRecord;
use crate::entry::attest::Attest;
use crate::field::{Digest, EntryId};
use crate::proved::refused;
use crate::state::{CrossingRecord, EditionRecord, PaperRecord, RecordKey};

/// What has become of a document since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the newest of its kind that its issuer has attested of this.
    Stands,
    /// Its issuer has attested another in its place.
    Replaced,
    /// Its issuer has taken it back, by the `revoke` at this index.
    Revoked(u64),
}

/// A document that counted when title moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPaper {
    /// Where and when it was attested.
    pub moment: Moment,
    /// The attestation.
    pub attest: Attest,
    /// What has become of it, as of the checkpoint.
    pub standing: Standing,
}

/// What a certificate's records say of the rules that title moved under, and of what is alleged. It holds once the proofs of the records do.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    pub(super) judged: Option<u64>,
    pub(super) rules: Option<Digest>,
    pub(super) crossings: Vec<CrossingRecord>,
    pub(super) allegations: Option<u64>,
    pub(super) alleged: Option<AllegationsRecord>,
    /// The attestations that the crossings name.
    pub(super) attests: BTreeSet<EntryId>,
    /// The records of documents, by their names.
    pub(super) papers: BTreeMap<String, PaperRecord>,
}

impl Ruled {
    /// Reads the edition's record and those of its crossings, whatever is in them.
    pub(super) fn of(certificate: &Certificate) -> Ruled {
        let given: BTreeMap<&str, &str> =
            certificate.records.iter().filter_map(|proved| Some((&*proved.key, proved.record.as_deref()?))).collect();
        let read = |key: RecordKey| given.get(&*key.to_string()).copied();
        let edition = read(RecordKey::Edition(certificate.work, certificate.edition));
        let Some(edition) = edition.and_then(|text| from_canonical::<EditionRecord>(text).ok()) else {
            return Ruled::default();
        };
        let judged = edition.judged.unwrap_or_default().min(certificate.records.len() as u64);
        let crossing = |count| read(RecordKey::Crossing(certificate.work, certificate.edition, count));
        let crossings = (1..=judged).filter_map(crossing).filter_map(|text| from_canonical(text).ok());
        let crossings: Vec<CrossingRecord> = crossings.collect();
        let attests = crossings.iter().flat_map(|crossing| &crossing.papers).copied().collect();
        let EditionRecord { allegations, judged, rules, .. } = edition;
        let alleged = read(RecordKey::Allegations(certificate.work, certificate.edition));
        let alleged = alleged.and_then(|text| from_canonical(text).ok());
        let papers = given.iter().filter(|(name, _)| name.starts_with("paper/"));
        let papers = papers.filter_map(|(name, text)| Some(((*name).to_owned(), from_canonical(text).ok()?))).collect();
        Ruled { judged, rules, crossings, allegations, alleged, attests, papers }
    }

    /// Returns what has become of a document that counted, as its issuer's record says.
    pub(super) fn standing(&self, moment: Moment, attest: &Attest) -> Result<Standing, CertificateError> {
        let name = attest.record_key().map_err(|refusal| refused(moment.index)(refusal.into()))?.to_string();
        let Some(record) = self.papers.get(&name) else {
            return Err(CertificateError::Missing(format!("the state proof of {name}")));
        };
        standing(moment, attest, record).ok_or(CertificateError::Record(name))
    }
}

/// Returns what the record of an issuer's newest document says of this one, or nothing if they do not fit each other.
fn standing(moment: Moment, attest: &Attest, record: &PaperRecord) -> Option<Standing> {
    if record.attest != moment.id {
        return (record.index > moment.index).then_some(Standing::Replaced);
    }
    let said = (record.index, &record.sha256, &record.valid_from, &record.valid_to);
    let fits = said == (moment.index, &attest.sha256, &attest.valid_from, &attest.valid_to);
    match record.revoked {
        None => (fits && record.newest == moment.id).then_some(Standing::Stands),
        Some(index) => (fits && record.newest != moment.id && index > moment.index).then_some(Standing::Revoked(index)),
    }
}
