//! The offline verification of a certificate: it replays the work's own entries by the ledger's own rules.
//!
//! What a verifier must check (ledger specification, section on certificates) is checked by construction: the entries are
//! applied in order to an empty state by the same rules as a node's, so signatures are judged by the keys of the newest
//! rotation before each, chains run from their beginning by `prev`, and the records that come out must be those under the
//! state root of the newest seal. Whatever is left out or left over leads to another record, or is not asked for.

use std::collections::{BTreeMap, BTreeSet};

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;

use super::moment::Moment;
use super::ruled::{Chain, CountedPaper, Ruled};
use super::{Certificate, Parts, accounts_of, records_of};
use crate::account::AccountId;
use crate::canonical::{from_canonical, to_canonical};
use crate::draft::check_card;
use crate::edition::current;
use crate::entry::amend::Amend;
use crate::entry::carry_edition::CarryEdition;
use crate::entry::mint::Mint;
use crate::entry::profile::Profile;
use crate::entry::seal::Seal;
use crate::entry::{Body, Entry};
use crate::field::{Digest, EntryId, WorkId};
use crate::governance;
use crate::proved::{ProvedEntry, ProvedError, newest_seal, refused};
use crate::replay::{ReplayError, read_genesis};
use crate::rule::{Context, Rules, Scope, Stop};
use crate::signature::Signed;
use crate::state::{
    AllegationsRecord, Changes, CorridorRecord, CrossingRecord, EditionRecord, OfferRecord, RecordKey, Records as _,
    WorkRecord,
};

/// Why a certificate does not prove what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Longer than a certificate may be.
    #[error("the certificate has {0} bytes; at most 64 MiB are allowed")]
    TooLarge(usize),
    /// Not JSON of the expected members.
    #[error("not a certificate: {0}")]
    Malformed(String),
    /// Not written exactly as certificates are.
    #[error("the certificate has been reformatted or changed: it is not byte for byte as certificates are written")]
    Spelling,
    /// It has a member of a later version.
    #[error("this software needs to be newer: it does not know {0:?}")]
    NeedsNewer(String),
    /// A proof in it does not hold.
    #[error(transparent)]
    Proved(#[from] ProvedError),
    /// Its genesis is not one, or not of the log whose key was given.
    #[error("the genesis: {0}")]
    Genesis(String),
    /// Its entries are not in order, or one stands there twice.
    #[error("its entries are not in ascending order")]
    Order,
    /// It leaves out something that it must carry.
    #[error("it leaves out {0}")]
    Missing(String),
    /// It carries something that does not belong to it.
    #[error("it carries {0}, which does not belong to it")]
    LeftOver(String),
    /// The entries lead to another state than the one the newest seal vouches for.
    #[error("its entries lead to another record {0} than the newest seal vouches for: it is out of date or incomplete")]
    Record(String),
    /// Seals contradict each other.
    #[error("its seals do not follow each other: {0}")]
    Seals(String),
}

/// One entry of the edition's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where and when.
    pub moment: Moment,
    /// What it says.
    pub body: Body,
}

/// What is known of an account that has a part in the work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// Its profiles, oldest first.
    pub profiles: Vec<(Moment, Profile)>,
    /// When its keys were carried over from the predecessor.
    pub carried: Option<Moment>,
    /// When it rotated its keys.
    pub rotations: Vec<Moment>,
}

/// What a certificate proves, as of its checkpoint.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// What the register's genesis lays down.
    pub rules: Rules,
    /// The key that signed the checkpoint: the genesis' own, or the one that the governors put in its place.
    pub log_key: VerifierKey,
    /// The checkpoint everything is proved to.
    pub checkpoint: SignedCheckpoint,
    /// The seal the checkpoint ends on; its time is the time of the state.
    pub seal: Seal,
    /// The work.
    pub work: WorkId,
    /// The edition.
    pub edition: u64,
    /// The mint.
    pub mint: Mint,
    /// When it was minted, or came from the register in which it was.
    pub minted: Moment,
    /// The edition as it stands: holder, country, offer.
    pub state: EditionRecord,
    /// Everything that happened to the edition since, oldest first.
    pub steps: Vec<Step>,
    /// What the rules of the corridor said each time that title moved under them, oldest first.
    pub crossings: Vec<CrossingRecord>,
    /// The rule sets that were in force together, by the digest of them all.
    pub corridors: BTreeMap<Digest, CorridorRecord>,
    /// What is alleged about the edition, as far as it is named. Its record counts all.
    pub alleged: AllegationsRecord,
    /// The documents that counted, oldest first.
    pub papers: Vec<CountedPaper>,
    /// The amendments of the work's facts, oldest first; those of the register in which it was minted stay there.
    pub amends: Vec<(Moment, Amend)>,
    /// What is stated of the work now: as minted, and as amended since.
    pub record: WorkRecord,
    /// Every account that has a part in it, operators included.
    pub accounts: BTreeMap<AccountId, AccountFacts>,
    /// The cards, by digest.
    pub cards: BTreeMap<Digest, String>,
}

impl Provenance {
    /// Returns the offer that was made last, if title has not moved since and nobody has closed it. It may have run out.
    pub fn offer(&self) -> Option<&OfferRecord> {
        self.state.offer.as_ref()
    }
}

impl Certificate {
    /// Checks the whole certificate against the key of the log it comes from, and returns what it proves.
    pub fn verify(&self, log: &VerifierKey) -> Result<Provenance, CertificateError> {
        let checkpoint = SignedCheckpoint::open(self.checkpoint.as_bytes(), log).map_err(ProvedError::from)?;
        self.check_places(&checkpoint)?;
        let rules = self.genesis()?;
        let entries = self.entries(&rules)?;
        let newest = self.entries.last().ok_or_else(|| missing("the newest seal"))?;
        let (_, seal) = newest_seal(newest, checkpoint.checkpoint(), &rules)?;
        let mut walk = Walk::new(self, rules, log, &entries)?;
        for (index, entry) in &entries {
            walk.take(*index, entry)?;
        }
        self.finish(walk, checkpoint, seal)
    }

    /// Checks that every entry is in the log of the checkpoint, and of rules known here, before any is read.
    fn check_places(&self, checkpoint: &SignedCheckpoint) -> Result<(), CertificateError> {
        if !self.entries.is_sorted_by(|one, other| one.index < other.index) {
            return Err(CertificateError::Order);
        }
        self.entries.iter().try_for_each(|proved| proved.check_inclusion(checkpoint.checkpoint()))?;
        Ok(self.entries.iter().try_for_each(ProvedEntry::check_version)?)
    }

    fn genesis(&self) -> Result<Rules, CertificateError> {
        let first = self.entries.first().filter(|entry| entry.index == 0).ok_or_else(|| missing("the genesis"))?;
        let (rules, _) = read_genesis(first.entry.as_bytes()).map_err(|error| match error {
            ReplayError::NeedsNewer { what, .. } => CertificateError::NeedsNewer(what),
            error => CertificateError::Genesis(error.to_string()),
        })?;
        Ok(rules)
    }

    /// Returns every entry, meant for this register.
    fn entries(&self, rules: &Rules) -> Result<Vec<(u64, Entry)>, CertificateError> {
        let open = |proved: &ProvedEntry| {
            let entry = proved.parse()?;
            entry.check_register(&rules.register).map_err(|refusal| refused(proved.index)(refusal.into()))?;
            Ok((proved.index, entry))
        };
        self.entries.iter().map(open).collect()
    }

    fn finish(&self, walk: Walk<'_>, checkpoint: SignedCheckpoint, seal: Seal) -> Result<Provenance, CertificateError> {
        walk.check_nothing_left_over()?;
        walk.check_chains()?;
        walk.check_log_key()?;
        self.check_records(&walk, &seal)?;
        let (cards, papers) = (self.check_cards(&walk)?, walk.papers());
        let (minted, mint) = walk.mint.ok_or_else(|| missing("the work's mint"))?;
        let state = current(&walk.records, &self.work, self.edition).map_err(refused(minted.index))?;
        let Ruled { judged, rules, crossings, allegations, alleged, corridors, .. } = walk.ruled;
        let state = EditionRecord { allegations, judged, rules, ..state };
        let alleged = alleged.unwrap_or_default();
        let record =
            walk.records.read(&RecordKey::Work(self.work)).map_err(|error| refused(minted.index)(error.into()))?;
        let record = record.ok_or_else(|| missing("the work's mint"))?;
        Ok(Provenance {
            rules: walk.rules,
            log_key: walk.log,
            checkpoint,
            seal,
            work: self.work,
            edition: self.edition,
            mint,
            minted,
            state,
            steps: walk.steps,
            crossings,
            alleged,
            papers,
            corridors,
            amends: walk.amends,
            record,
            accounts: walk.accounts,
            cards,
        })
    }

    /// Checks that the records are exactly those asked for, as the entries lead to them, under the newest seal's root.
    fn check_records(&self, walk: &Walk<'_>, seal: &Seal) -> Result<(), CertificateError> {
        let mut given = self.records.iter();
        for key in records_of(&self.work, self.edition, walk.parts()) {
            let name = key.to_string();
            let proved = given.next().ok_or_else(|| missing(&format!("the state proof of {name}")))?;
            if proved.key != name {
                return Err(missing(&format!("the state proof of {name}, or has it out of order")));
            }
            proved.verify(&seal.state.0)?;
            if !walk.leads_to(&key, proved.record.as_ref()) {
                return Err(CertificateError::Record(name));
            }
        }
        match given.next() {
            Some(proved) => Err(CertificateError::LeftOver(format!("a state proof of {}", proved.key))),
            None => Ok(()),
        }
    }

    fn check_cards(&self, walk: &Walk<'_>) -> Result<BTreeMap<Digest, String>, CertificateError> {
        let mut cards = BTreeMap::new();
        for card in &self.cards {
            let digest = card.digest();
            let body = walk.cards.get(&digest).copied();
            let fits = body.is_some_and(|body| check_card(body, Some(card)).is_ok());
            if !fits || cards.last_key_value().is_some_and(|(last, _)| *last >= digest) {
                return Err(CertificateError::LeftOver(format!("the card {digest}")));
            }
            cards.insert(digest, card.text.clone());
        }
        Ok(cards)
    }
}

fn missing(what: &str) -> CertificateError {
    CertificateError::Missing(what.to_owned())
}

/// The replay of the entries of one certificate.
struct Walk<'c> {
    rules: Rules,
    /// The key that signed the checkpoint.
    log: VerifierKey,
    work: WorkId,
    edition: u64,
    records: Changes,
    /// The seals still to come, by the index at which they stand; each has covered some entry, or is the newest.
    seals: BTreeMap<u64, (&'c Seal, bool)>,
    seal_before: Option<(EntryId, &'c Seal)>,
    accounts: BTreeMap<AccountId, AccountFacts>,
    mint: Option<(Moment, Mint)>,
    steps: Vec<Step>,
    ruled: Ruled,
    /// What was said of each document that counted, by the name of its record.
    chains: BTreeMap<RecordKey, Chain>,
    amends: Vec<(Moment, Amend)>,
    cards: BTreeMap<Digest, &'c Body>,
}

impl<'c> Walk<'c> {
    fn new(
        certificate: &Certificate,
        rules: Rules,
        log: &VerifierKey,
        entries: &'c [(u64, Entry)],
    ) -> Result<Walk<'c>, CertificateError> {
        let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
        let mut seals = BTreeMap::new();
        for (index, entry) in entries {
            match entry.body() {
                Body::Profile(_) | Body::Rotate(_) => {}
                body => accounts.extend(accounts_of(body)),
            }
            if let Body::Seal(seal) = entry.body() {
                seals.insert(*index, (seal, false));
            }
        }
        if let Some(mut newest) = seals.last_entry() {
            newest.get_mut().1 = true;
        }
        if certificate.edition == 0 {
            return Err(CertificateError::Malformed("editions are numbered from 1".to_owned()));
        }
        Ok(Walk {
            rules,
            log: log.clone(),
            work: certificate.work,
            edition: certificate.edition,
            records: Changes::new(),
            seals,
            seal_before: None,
            accounts: accounts.into_iter().map(|account| (account, AccountFacts::default())).collect(),
            mint: None,
            steps: Vec::new(),
            ruled: Ruled::of(certificate),
            chains: BTreeMap::new(),
            amends: Vec::new(),
            cards: BTreeMap::new(),
        })
    }

    fn take(&mut self, index: u64, entry: &'c Entry) -> Result<(), CertificateError> {
        if let Body::Seal(seal) = entry.body() {
            return self.take_seal(index, seal, entry);
        }
        let (moment, height) = self.moment(index, entry)?;
        if let Some(digest) = entry.body().card() {
            self.cards.insert(digest, entry.body());
        }
        match entry.body() {
            Body::Genesis(_) if index == 0 => return Ok(()),
            Body::Profile(profile) => {
                self.facts(&profile.by, index)?.profiles.push((moment, profile.clone()));
            }
            Body::Rotate(rotate) => self.facts(&rotate.by, index)?.rotations.push(moment),
            Body::Mint(mint) if entry.id() == self.work => self.mint = Some((moment, mint.clone())),
            Body::CarryAccount(carry) => self.facts(&carry.account, index)?.carried = Some(moment),
            Body::CarryEdition(carry) if carry.work == self.work => self.take_carried(carry, moment, entry.body())?,
            Body::Amend(amend) if amend.work == self.work => self.amends.push((moment, (**amend).clone())),
            Body::Attest(_) | Body::Revoke(_) => {
                // What came before in its chain is not here, nor what it hangs on: that one counted, the crossing's record says.
                self.take_paper(moment, entry.body())?;
                return self.check_signatures(entry).map_err(|stop| refused(index)(stop).into());
            }
            body if body.is_act() && self.rekeyed() => {}
            body if body.edition() == Some((self.work, self.edition)) => {
                self.steps.push(Step { moment, body: body.clone() });
            }
            _ => return Err(CertificateError::LeftOver(format!("the entry at index {index}"))),
        }
        self.apply(entry, moment, height).map_err(|stop| refused(index)(stop).into())
    }

    /// Takes an edition's coming from the predecessor: this one's, or the one that brought the work's mint.
    fn take_carried(&mut self, carry: &CarryEdition, moment: Moment, body: &Body) -> Result<(), CertificateError> {
        if let Some(mint) = &carry.mint {
            self.mint = Some((moment, mint.body.clone()));
        }
        if carry.edition.get() == self.edition {
            self.steps.push(Step { moment, body: body.clone() });
        } else if carry.mint.is_none() {
            let what = format!("the entry at index {}", moment.index);
            return Err(CertificateError::LeftOver(what));
        }
        Ok(())
    }

    /// Takes a document that counted, or what its issuer has said of it since.
    fn take_paper(&mut self, moment: Moment, body: &Body) -> Result<(), CertificateError> {
        let (name, attest, prev) = match body {
            Body::Attest(attest) => (attest.record_key(), Some(attest.clone()), attest.prev.as_ref()),
            Body::Revoke(revoke) => (revoke.record_key(), None, Some(&revoke.prev)),
            _ => return Ok(()),
        };
        let name = name.map_err(|refusal| refused(moment.index)(refusal.into()))?;
        if self.chains.entry(name).or_default().push(moment, attest, prev) {
            return Ok(());
        }
        Err(CertificateError::LeftOver(format!("the entry at index {}", moment.index)))
    }

    fn facts(&mut self, account: &AccountId, index: u64) -> Result<&mut AccountFacts, CertificateError> {
        self.accounts.get_mut(account).ok_or_else(|| {
            CertificateError::LeftOver(format!("the entry at index {index} of an account without a part"))
        })
    }

    fn check_signatures(&self, entry: &Entry) -> Result<(), Stop> {
        Signed::check(entry.clone(), &self.records)?.check_authority(&self.records)
    }

    /// Returns what decides which records belong to the certificate: as many crossings as are here; that the edition counts as
    /// many is asked with its record.
    fn parts(&self) -> Parts {
        Parts {
            accounts: self.accounts.keys().copied().collect(),
            rekeyed: self.rekeyed(),
            alleged: self.ruled.allegations.is_some(),
            judged: self.ruled.crossings.len() as u64,
            papers: self.chains.keys().cloned().collect(),
            corridors: self.ruled.crossings.iter().map(|crossing| crossing.rules).collect(),
        }
    }

    /// Tells whether a record is what the entries lead to. Of the rules that title moved under, of what became of the documents and
    /// of what is alleged, they say nothing: that is as the records say, if these fit each other and the steps.
    fn leads_to(&self, key: &RecordKey, proved: Option<&String>) -> bool {
        match key {
            // Each is read out of these very records; that none is missing is asked with the edition's.
            RecordKey::Crossing(..) => true,
            RecordKey::Paper(..) => {
                self.chains.get(key).and_then(Chain::record).as_ref().map(to_canonical).as_ref() == proved
            }
            RecordKey::Corridor(digest) => self.ruled.corridors.get(digest).map(to_canonical).as_ref() == proved,
            RecordKey::Allegations(..) => self.ruled.alleged.as_ref().map(to_canonical).as_ref() == proved,
            RecordKey::Edition(..) => {
                let Ruled { judged, rules, allegations, .. } = &self.ruled;
                let led = self.led_edition(key, proved.is_some()).map(|led| {
                    to_canonical(&EditionRecord { allegations: *allegations, judged: *judged, rules: *rules, ..led })
                });
                led.as_ref() == proved && self.crossings_fit() && self.allegations_fit()
            }
            _ => self.records.get(key) == proved,
        }
    }

    /// Returns the edition's record as the entries lead to it. What is alleged, also if it was taken back, writes one of an edition that
    /// nothing has happened to.
    fn led_edition(&self, key: &RecordKey, is_there: bool) -> Option<EditionRecord> {
        match self.records.get(key) {
            Some(text) => from_canonical(text).ok(),
            None if is_there => current(&self.records, &self.work, self.edition).ok(),
            None => None,
        }
    }

    /// Tells whether what is alleged is here if the edition counts any, and no more of it than it counts.
    fn allegations_fit(&self) -> bool {
        let Ruled { allegations, alleged, .. } = &self.ruled;
        match (allegations, alleged) {
            (None, None) => true,
            (Some(count), Some(alleged)) => *count > 0 && alleged.open.len() as u64 <= *count,
            _ => false,
        }
    }

    /// Returns the documents that counted, oldest first.
    fn papers(&self) -> Vec<CountedPaper> {
        let counted = self.chains.values().filter_map(|chain| chain.counted(&self.ruled.attests));
        let mut papers: Vec<CountedPaper> = counted.flatten().collect();
        papers.sort_by_key(|paper| paper.moment.index);
        papers
    }

    /// Tells whether there are as many crossings as the edition counts, each where title moved, the last under the rules that the
    /// edition names, and every document that counted is here.
    fn crossings_fit(&self) -> bool {
        let Ruled { judged, rules, crossings, attests, corridors, .. } = &self.ruled;
        let crosses =
            |body: &Body| matches!(body, Body::Transfer(_) | Body::Accept(_) | Body::Move(_) | Body::Transmit(_));
        let moves = self.steps.iter().filter(|step| crosses(&step.body));
        let moves: BTreeSet<u64> = moves.map(|step| step.moment.index).collect();
        let shown: BTreeSet<EntryId> = self.papers().iter().map(|paper| paper.moment.id).collect();
        judged.unwrap_or_default() == crossings.len() as u64
            && *judged != Some(0)
            && *rules == crossings.last().map(|crossing| crossing.rules)
            && crossings.is_sorted_by(|one, other| one.index < other.index)
            && crossings.iter().all(|crossing| moves.contains(&crossing.index))
            && shown == *attests
            && crossings.iter().all(|crossing| corridors.contains_key(&crossing.rules))
    }

    fn apply(&mut self, entry: &Entry, moment: Moment, height: u64) -> Result<(), Stop> {
        self.check_signatures(entry)?;
        let Moment { id, index, time_ms } = moment;
        let (rules, scope, owing) = (&self.rules, Scope::OneWork, &BTreeSet::new());
        let context = Context { rules, scope, id, index, height, time_ms, owing };
        let changes = entry.body().apply(&context, &self.records)?;
        self.records.extend(changes);
        Ok(())
    }

    /// Returns the time of an entry, and the height of its batch: those of the seal that covers it, which must be there.
    fn moment(&mut self, index: u64, entry: &Entry) -> Result<(Moment, u64), CertificateError> {
        let seal = self.seals.range_mut(index..).next().map(|(_, seal)| seal).filter(|(seal, _)| seal.covers(index));
        let (seal, used) =
            seal.ok_or_else(|| missing(&format!("the seal of the batch of the entry at index {index}")))?;
        *used = true;
        Ok((Moment { id: entry.id(), index, time_ms: seal.time_ms.get() }, seal.height.get()))
    }

    fn take_seal(&mut self, index: u64, seal: &'c Seal, entry: &Entry) -> Result<(), CertificateError> {
        if !self.rules.operators.contains(&seal.by) {
            return Err(CertificateError::Seals(format!("the one at index {index} is by no operator of the register")));
        }
        let wrong = |what: &str| Err(CertificateError::Seals(format!("{what} at index {index}")));
        if seal.index() != index {
            return wrong("it does not stand where its batch ends,");
        }
        if (seal.height.get() == 0) != (seal.first.get() == 0) || !self.fits_beginning(seal) {
            return wrong("the first batch holds the genesis alone; this one does not begin so,");
        }
        if self.seal_before.is_some_and(|(id, before)| !follows(id, before, seal)) {
            return wrong("it does not follow the seal before,");
        }
        let signed = Signed::check(entry.clone(), &self.records).map_err(refused(index))?;
        signed.check_authority(&self.records).map_err(refused(index))?;
        self.seal_before = Some((entry.id(), seal));
        Ok(())
    }

    fn fits_beginning(&self, seal: &Seal) -> bool {
        seal.height.get() > 0 || (seal.count.get() == 1 && seal.prev_seal == self.rules.register.genesis)
    }

    /// Returns whether the checkpoint is signed by another key than the genesis names.
    fn rekeyed(&self) -> bool {
        self.rules.log_key != self.log
    }

    /// Checks that the key that signed the checkpoint is the one that the genesis and the governors' acts lead to.
    fn check_log_key(&self) -> Result<(), CertificateError> {
        if self.rekeyed() && governance::log_key(&self.rules, &self.records).as_ref() != Ok(&self.log) {
            return Err(CertificateError::Genesis(
                "neither it nor the acts of its governors name the log key that is trusted".to_owned(),
            ));
        }
        Ok(())
    }

    /// Checks that each chain of documents begins with one that counted.
    fn check_chains(&self) -> Result<(), CertificateError> {
        let begins = |chain: &Chain| chain.counted(&self.ruled.attests).is_some();
        match self.chains.iter().find(|(_, chain)| !begins(chain)) {
            Some((name, _)) => Err(CertificateError::LeftOver(format!("a document that did not count, of {name}"))),
            None => Ok(()),
        }
    }

    fn check_nothing_left_over(&self) -> Result<(), CertificateError> {
        match self.seals.iter().find(|(_, (_, used))| !used) {
            Some((index, _)) => Err(CertificateError::LeftOver(format!("the seal at index {index}"))),
            None => Ok(()),
        }
    }
}

/// Returns whether `seal` can come after `before`: batches do not overlap, time does not run back, and of the three ways to
/// be the very next one, all or none hold.
fn follows(id: EntryId, before: &Seal, seal: &Seal) -> bool {
    let next =
        [seal.first.get() == before.index() + 1, seal.height.get() == before.height.get() + 1, seal.prev_seal == id];
    before.index() < seal.first.get()
        && before.height.get() < seal.height.get()
        && before.time_ms.get() <= seal.time_ms.get()
        && (next == [true; 3] || next == [false; 3])
}
