//! Builds the certificate of one edition out of the tables and the log, and verifies it before anybody gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use colophon_ledger::card::Card;
use colophon_ledger::certificate::{
    CERTIFICATE_BYTES_MAX, Certificate, CertificateError, Format, Parts, accounts_of, records_of,
};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::governance;
use colophon_ledger::proved::ProvedRecord;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::state::{CrossingRecord, EditionRecord, PaperRecord, RecordKey, Records as _, WorkRecord};
use colophon_storage::cards::{Cards, CardsError, Kept};
use colophon_storage::view::ViewError;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::tree::EntryIndex;

use crate::answers::{AnswerError, proved_entries, proved_record};
use crate::register::{Moment, Register, Snapshot};

/// The most entries of a certificate, seals included.
pub const CERTIFICATE_ENTRIES_MAX: usize = 16_384;
/// How many links of a chain are read from the tables at once.
const LINKS_AT_ONCE: usize = 256;

/// Why a certificate was not made.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// There is no such work.
    #[error("there is no such work")]
    NoWork,
    /// The work has fewer editions.
    #[error("there is no such edition: the work has {editions} in all")]
    NoEdition {
        /// How many it has.
        editions: u64,
    },
    /// More has happened to the edition than a certificate holds.
    #[error("more has happened to the edition than a certificate holds")]
    TooLarge,
    /// Something could not be read or proved.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The cards could not be read.
    #[error(transparent)]
    Cards(#[from] CardsError),
    /// An entry of the log is none.
    #[error("the log has an entry that is none: {0}")]
    Refused(#[from] Refusal),
    /// The certificate that was made would not be accepted.
    #[error("the register's own certificate would not be accepted: {0}")]
    Own(#[from] CertificateError),
}

/// Everything that belongs to one edition, as of one snapshot.
struct Collected {
    snapshot: Arc<Snapshot>,
    /// The key that signed its checkpoint.
    log_key: VerifierKey,
    entries: BTreeMap<u64, Entry>,
    records: Vec<ProvedRecord>,
}

/// Returns the certificate of an edition as of the newest checkpoint, if it takes at most `entries_max` entries.
pub fn certify(
    register: &Register,
    work: WorkId,
    edition: u64,
    entries_max: usize,
) -> Result<Certificate, CertifyError> {
    let Collected { snapshot, log_key, entries, records } = collect(register, work, edition, entries_max)?;
    let indices: Vec<u64> = entries.keys().copied().collect();
    let certificate = Certificate {
        cards: kept_cards(&register.cards, entries.values())?,
        checkpoint: snapshot.checkpoint.clone(),
        edition,
        entries: proved_entries(&register.log, &snapshot, &indices)?,
        format: Format::V1,
        records,
        work,
    };
    certificate.verify(&log_key)?;
    if certificate.to_text().len() > CERTIFICATE_BYTES_MAX {
        return Err(CertifyError::TooLarge);
    }
    Ok(certificate)
}

fn collect(register: &Register, work: WorkId, edition: u64, entries_max: usize) -> Result<Collected, CertifyError> {
    let moment = register.moment();
    let record: Option<WorkRecord> = moment.reading.read(&RecordKey::Work(work)).map_err(AnswerError::from)?;
    let record = record.ok_or(CertifyError::NoWork)?;
    if !(1..=record.editions).contains(&edition) {
        return Err(CertifyError::NoEdition { editions: record.editions });
    }
    let mut collection =
        Collection { register, moment: &moment, entries_max, entries: BTreeMap::new(), parts: Parts::default() };
    collection.take(moment.snapshot.size.get().saturating_sub(1))?;
    collection.take(0)?;
    collection.take(record.index)?;
    collection.take_amends(&record)?;
    collection.take_chain(|after| moment.tables().edition_chain(&work, edition, after, LINKS_AT_ONCE))?;
    let log_key = governance::log_key(&register.rules, &moment.reading).map_err(AnswerError::from)?;
    if log_key != register.rules.log_key {
        collection.take_acts()?;
    }
    let standing: Option<EditionRecord> =
        moment.reading.read(&RecordKey::Edition(work, edition)).map_err(AnswerError::from)?;
    if let Some(standing) = standing {
        collection.parts.alleged = standing.allegations.is_some();
        collection.take_papers(&work, edition, standing.judged.unwrap_or_default())?;
    }
    collection.take_accounts()?;
    let Collection { entries, parts, .. } = collection;
    let records =
        records_of(&work, edition, parts).iter().map(|key| proved_record(&moment, key)).collect::<Result<_, _>>()?;
    Ok(Collected { snapshot: Arc::clone(&moment.snapshot), log_key, entries, records })
}

/// The entries that belong together so far, and what decides which records do.
struct Collection<'r> {
    register: &'r Register,
    moment: &'r Moment<'r>,
    entries_max: usize,
    entries: BTreeMap<u64, Entry>,
    parts: Parts,
}

impl Collection<'_> {
    /// Takes the entry at `index`, the seal of its batch, and the accounts that have a part in either.
    fn take(&mut self, index: u64) -> Result<(), CertifyError> {
        let mut next = Some(index);
        while let Some(index) = next.take().filter(|index| !self.entries.contains_key(index)) {
            let entry = self.read(index)?;
            match entry.body() {
                // The account of a chain is known before its chain is.
                Body::Profile(_) | Body::Rotate(_) => {}
                body => self.parts.accounts.extend(accounts_of(body)),
            }
            if !matches!(entry.body(), Body::Seal(_)) {
                let seal = self.moment.tables().seal_of(index).map_err(AnswerError::View)?;
                next = Some(seal.ok_or(AnswerError::Entry(index))?.index);
            }
            self.entries.insert(index, entry);
        }
        if self.entries.len() > self.entries_max { Err(CertifyError::TooLarge) } else { Ok(()) }
    }

    fn read(&self, index: u64) -> Result<Entry, CertifyError> {
        let place = EntryIndex::new(index).ok_or(AnswerError::Entry(index))?;
        let leaf = self.register.log.entry(place).map_err(AnswerError::Log)?;
        Ok(Entry::parse(&leaf)?)
    }

    /// Takes every entry of a chain, which is read from the tables piece by piece: those after an index, and at most so many.
    fn take_chain(&mut self, read: impl Fn(Option<u64>) -> Result<Vec<u64>, ViewError>) -> Result<(), CertifyError> {
        let mut after = None;
        loop {
            let links = read(after).map_err(AnswerError::View)?;
            let Some(last) = links.last() else { return Ok(()) };
            after = Some(*last);
            for index in links {
                self.take(index)?;
            }
        }
    }

    /// Takes every act of the governors, from the newest back to the genesis.
    fn take_acts(&mut self) -> Result<(), CertifyError> {
        self.parts.rekeyed = true;
        let register = governance::current(&self.moment.reading).map_err(AnswerError::from)?;
        let mut newest = register.map(|register| register.newest);
        while let Some(act) = newest.filter(|act| *act != self.register.rules.register.genesis) {
            let index = self.moment.tables().index_of(&act).map_err(AnswerError::View)?;
            let index = index.ok_or(AnswerError::Entry(0))?;
            self.take(index)?;
            newest = self.entries.get(&index).and_then(|entry| entry.body().act_prev());
        }
        Ok(())
    }

    /// Takes the amendments of the work's facts, from the newest back; those of a register before this one are not here.
    fn take_amends(&mut self, record: &WorkRecord) -> Result<(), CertifyError> {
        let mut newest = record.amended.as_ref().map(|amended| amended.newest);
        while let Some(amend) = newest.take() {
            let index = self.moment.tables().index_of(&amend).map_err(AnswerError::View)?;
            let Some(index) = index.filter(|index| *index > record.index) else { return Ok(()) };
            self.take(index)?;
            if let Some(Body::Amend(amend)) = self.entries.get(&index).map(Entry::body) {
                newest = Some(amend.prev);
            }
        }
        Ok(())
    }

    /// Takes the attestations of the documents that counted each of the `judged` times that title moved under rules, and what was said
    /// of each since.
    fn take_papers(&mut self, work: &WorkId, edition: u64, judged: u64) -> Result<(), CertifyError> {
        self.parts.judged = judged;
        let mut counted: BTreeMap<RecordKey, BTreeSet<EntryId>> = BTreeMap::new();
        for count in 1..=judged {
            let name = RecordKey::Crossing(*work, edition, count);
            let crossing: Option<CrossingRecord> = self.moment.reading.read(&name).map_err(AnswerError::from)?;
            let Some(crossing) = crossing else { continue };
            self.parts.corridors.insert(crossing.rules);
            for paper in crossing.papers {
                if let Body::Attest(attest) = self.take_named(&paper.attest)? {
                    counted.entry(attest.record_key()?).or_default().insert(paper.attest);
                }
            }
        }
        for (name, attests) in counted {
            self.take_since(&name, attests)?;
            self.parts.papers.insert(name);
        }
        Ok(())
    }

    /// Takes what an account has said of one document, from the newest back to the first that counted.
    fn take_since(&mut self, name: &RecordKey, mut counted: BTreeSet<EntryId>) -> Result<(), CertifyError> {
        let record: Option<PaperRecord> = self.moment.reading.read(name).map_err(AnswerError::from)?;
        let mut next = record.map(|record| record.newest);
        while let Some(id) = next.take() {
            let body = self.take_named(&id)?;
            counted.remove(&id);
            next = match body {
                Body::Attest(attest) if !counted.is_empty() => attest.prev,
                Body::Revoke(revoke) if !counted.is_empty() => Some(revoke.prev),
                _ => None,
            };
        }
        Ok(())
    }

    /// Takes the entry of this id, and returns what it says.
    fn take_named(&mut self, id: &EntryId) -> Result<Body, CertifyError> {
        let index = self.moment.tables().index_of(id).map_err(AnswerError::View)?;
        let index = index.ok_or(AnswerError::Entry(0))?;
        self.take(index)?;
        let entry = self.entries.get(&index).ok_or(AnswerError::Entry(index))?;
        Ok(entry.body().clone())
    }

    /// Takes the chains of all accounts, of which each may bring seals by further operators.
    fn take_accounts(&mut self) -> Result<(), CertifyError> {
        let mut done = BTreeSet::new();
        while let Some(account) = self.parts.accounts.difference(&done).next().copied() {
            let moment = self.moment;
            self.take_chain(|after| moment.tables().account_chain(&account, after, LINKS_AT_ONCE))?;
            done.insert(account);
        }
        Ok(())
    }
}

/// Returns the cards of entries that are kept, by ascending digest.
fn kept_cards<'e>(cards: &Cards, entries: impl Iterator<Item = &'e Entry>) -> Result<Vec<Card>, CardsError> {
    let digests: BTreeSet<Digest> = entries.filter_map(|entry| entry.body().card()).collect();
    let mut kept = Vec::new();
    for digest in digests {
        if let Kept::Card(card) = cards.get(&digest)? {
            kept.push(card);
        }
    }
    Ok(kept)
}
