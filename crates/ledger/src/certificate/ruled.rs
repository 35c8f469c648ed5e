//! What the records of a certificate say beside its entries: of the rules that title moved under, of the documents that counted, and
//! of what is alleged.

use std::collections::{BTreeMap, BTreeSet};

use super::Certificate;
use super::moment::Moment;
use crate::canonical::from_canonical;
use crate::entry::attest::Attest;
use crate::field::{Digest, EntryId};
use crate::state::{AllegationsRecord, CorridorRecord, CrossingRecord, EditionRecord, PaperRecord, RecordKey};

/// What has become of a document since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the newest of its kind that its issuer has attested of this.
    Stands,
    /// Its issuer has attested another in its place.
    Replaced {
        /// Where the newest in its place was taken back, if it was: the index of the `revoke`.
        revoked: Option<u64>,
    },
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

/// What one account has said of one document, from the first that counted to the newest.
#[derive(Debug, Default)]
pub(super) struct Chain {
    links: Vec<Link>,
}

/// An `attest` or a `revoke`.
#[derive(Debug)]
struct Link {
    moment: Moment,
    /// Nothing: a `revoke`.
    attest: Option<Attest>,
}

impl Chain {
    /// Adds the next entry, if it follows the one before. The first must be an attestation; what it follows is not here.
    pub(super) fn push(&mut self, moment: Moment, attest: Option<Attest>, prev: Option<&EntryId>) -> bool {
        let follows = match self.links.last() {
            None => attest.is_some(),
            Some(last) => prev == Some(&last.moment.id) && (attest.is_some() || last.attest.is_some()),
        };
        if follows {
            self.links.push(Link { moment, attest });
        }
        follows
    }

    /// Returns the record that it leads to.
    pub(super) fn record(&self) -> Option<PaperRecord> {
        let (place, (link, attest)) = self.attests().last()?;
        let newest = self.links.last()?;
        Some(PaperRecord {
            attest: link.id,
            index: link.index,
            newest: newest.moment.id,
            revoked: self.links.get(place + 1).map(|revoke| revoke.moment.index),
            sha256: attest.sha256,
            valid_from: attest.valid_from.clone(),
            valid_to: attest.valid_to.clone(),
        })
    }

    /// Returns those of these attestations that are in it, with what became of each. The first must be among them.
    pub(super) fn counted(&self, attests: &BTreeSet<EntryId>) -> Option<Vec<CountedPaper>> {
        attests.contains(&self.links.first()?.moment.id).then_some(())?;
        let revoked = self.record()?.revoked;
        let counted = self.attests().filter(|(_, (moment, _))| attests.contains(&moment.id));
        let paper = |(place, (moment, attest)): (usize, (Moment, &Attest))| {
            let standing = match self.links.get(place + 1) {
                None => Standing::Stands,
                Some(Link { moment, attest: None }) => Standing::Revoked(moment.index),
                Some(Link { attest: Some(_), .. }) => Standing::Replaced { revoked },
            };
            CountedPaper { moment, attest: attest.clone(), standing }
        };
        Some(counted.map(paper).collect())
    }

    fn attests(&self) -> impl Iterator<Item = (usize, (Moment, &Attest))> {
        let links = self.links.iter().enumerate();
        links.filter_map(|(place, link)| Some((place, (link.moment, link.attest.as_ref()?))))
    }
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
    /// Which sets were in force together, by the digest of them all.
    pub(super) corridors: BTreeMap<Digest, CorridorRecord>,
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
        let attests = crossings.iter().flat_map(|crossing| &crossing.papers).map(|paper| paper.attest).collect();
        let EditionRecord { allegations, judged, rules, .. } = edition;
        let alleged = read(RecordKey::Allegations(certificate.work, certificate.edition));
        let alleged = alleged.and_then(|text| from_canonical(text).ok());
        let corridor = |crossing: &CrossingRecord| {
            let record = from_canonical(read(RecordKey::Corridor(crossing.rules))?).ok()?;
            Some((crossing.rules, record))
        };
        let corridors = crossings.iter().filter_map(corridor).collect();
        Ruled { judged, rules, crossings, allegations, alleged, attests, corridors }
    }
}
