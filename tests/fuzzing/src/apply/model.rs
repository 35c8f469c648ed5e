//! The rules once more, as the specification tells them, over plain maps: who holds what, which offers, which keys.

use std::collections::BTreeMap;

use colophon_ledger::account::AccountId;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_tlog::hash::sha256;
use colophon_tlog::note::Signer;

use crate::apply::borders::{Borders, Saying, Thing};
use crate::apply::charges::{Charges, Kind};
use crate::apply::register::identity;
use crate::people::{account, multikey, secret};
use crate::story::ORIGIN;

/// The people. The last but one operates the register, and the last governs it.
pub const PEOPLE: [&str; 5] = ["ana", "bo", "cy", "op", "gov"];
/// The number of the governor.
pub const GOVERNOR: usize = 4;
/// How many keys the log can have, the first included.
pub const LOG_KEYS: usize = 3;
/// How many keys each can have, the first included.
pub const KEYS: usize = 6;
pub(super) const OPERATOR: usize = 3;
const AHEAD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

/// Returns the name of a person's key.
pub fn key_name(person: usize, key: usize) -> String {
    if key == 0 { PEOPLE[person].to_owned() } else { format!("{} {key}", PEOPLE[person]) }
}

/// Returns the account of a person.
pub fn account_of(person: usize) -> AccountId {
    account(PEOPLE[person])
}

/// What an entry says, in numbers of people and keys.
#[derive(Debug, Clone)]
pub struct Said {
    /// Who.
    pub by: usize,
    /// What.
    pub deed: Deed,
    /// Whose lines stand under it, in order.
    pub lines: Vec<Line>,
}

/// One signature line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Whose.
    pub person: usize,
    /// By which of their keys.
    pub key: usize,
    /// Whether it is a signature of something else.
    pub is_broken: bool,
}

/// What an entry does.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A profile after this entry, or after none.
    Profile { prev: Option<EntryId> },
    /// A rotation.
    Rotate { prev: Option<EntryId>, keys: Vec<usize>, threshold: u64, next: Option<Digest> },
    /// A mint of files, the first of them its face.
    Mint { files: Vec<Digest>, ack: Option<WorkId>, creator: Option<usize>, editions: u64, source: Option<WorkId> },
    /// An offer or a transfer.
    Terms(Terms),
    /// An acceptance.
    Accept { work: WorkId, edition: u64, prev: EntryId },
    /// A close.
    Close { work: WorkId, edition: u64, prev: EntryId },
    /// A document of a type, after this entry, or after none.
    Document { thing: Thing, kind: usize, prev: Option<EntryId>, saying: Saying },
    /// A flag: of an authority, or an allegation.
    Flag { place: (WorkId, u64), prev: Option<EntryId>, blocks: bool },
    /// A lien or a loan: with whom.
    Charge { place: (WorkId, u64), prev: EntryId, kind: Kind, other: usize },
    /// A release of what an entry placed, or of what was alleged.
    Release { place: (WorkId, u64), prev: EntryId, of: Option<EntryId> },
    /// A receipt for what was owed at a crossing: by the maker, or for the country.
    Receipt { place: (WorkId, u64), crossing: u64, speaks: bool },
    /// An amendment of a work's facts: which of the age classes.
    Amend { work: WorkId, prev: EntryId, age: usize },
    /// A move to another country.
    Move { place: (WorkId, u64), prev: EntryId, from: &'static str, towards: &'static str },
    /// Title by an authority's word.
    Transmit { place: (WorkId, u64), prev: EntryId, to: usize, from: &'static str, towards: &'static str },
    /// An act of a governor.
    Govern { deed: Power, prev: EntryId },
}

/// What a governor does.
#[derive(Debug, Clone, Copy)]
pub enum Power {
    /// Gives the log another key.
    LogKey(usize),
    /// Puts other rules in force from a height on.
    Upgrade(u64),
    /// Voids the leaf at an index.
    Void(u64),
    /// Ends the register.
    Retire,
    /// Publishes a rule set, or withdraws it, from a height on.
    Rules { set: Option<usize>, from: u64 },
    /// Enrols a person as an authority, or removes them.
    Enrol { person: usize, enrols: bool },
}

/// What the governor has changed.
#[derive(Debug, Clone, Default)]
pub struct Acts {
    /// The newest act.
    pub newest: Option<EntryId>,
    /// The log's key, by its number, if it is not the first.
    pub key: Option<usize>,
    /// From which height on other rules are in force.
    pub upgrade: Option<u64>,
    /// Where the retirement stands.
    pub retired: Option<u64>,
    /// A leaf that the rules refuse, as long as it is not voided.
    pub owed: Option<u64>,
}

/// Returns the verifier key of the log by its number.
pub fn log_vkey(key: usize) -> String {
    let name = if key == 0 { "log".to_owned() } else { format!("log {key}") };
    Signer::new(ORIGIN, secret(&name)).unwrap().verifier().to_string()
}

/// What an offer or a transfer says.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Whether it is an offer, and if so a firm one.
    pub offer: Option<bool>,
    /// To whom.
    pub to: usize,
    /// Which work.
    pub work: WorkId,
    /// Which edition.
    pub edition: u64,
    /// What it follows.
    pub prev: EntryId,
    /// From where.
    pub from: &'static str,
    /// Where to.
    pub towards: &'static str,
    /// Until when.
    pub expires_ms: u64,
}

/// A work.
#[derive(Debug, Clone)]
pub struct Work {
    /// Who minted it.
    pub maker: usize,
    /// How many editions it has.
    pub editions: u64,
    /// Where its mint stands.
    pub index: u64,
    /// The time of its mint.
    pub minted_ms: u64,
    /// How often its facts were amended, by which entry last, and to which age class.
    pub amended: Option<(u64, EntryId, usize)>,
}

/// An edition to which something has happened.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Who holds it.
    pub holder: usize,
    /// Where.
    pub country: &'static str,
    /// The newest entry of its chain.
    pub newest: EntryId,
    /// The offer that is neither taken nor closed.
    pub offer: Option<Offer>,
    /// Since when its holder has it.
    pub since_ms: u64,
    /// How often title has moved.
    pub transfers: u64,
}

/// An offer.
#[derive(Debug, Clone)]
pub struct Offer {
    /// To whom.
    pub to: usize,
    /// Where to.
    pub towards: &'static str,
    /// Until when.
    pub expires_ms: u64,
    /// Whether it binds the holder.
    pub firm: bool,
    /// Where it stands.
    pub index: u64,
}

/// An account that has published a profile or rotated its keys.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its keys.
    pub keys: Vec<usize>,
    /// How many of them sign.
    pub threshold: u64,
    /// The newest entry of its chain.
    pub newest: EntryId,
    /// What the next rotation must bring.
    pub next: Option<Digest>,
    /// Where the newest rotation stands.
    pub rotated: Option<u64>,
    /// Every key that a rotation brought, and where that stands.
    pub brought: BTreeMap<usize, u64>,
}

/// A mint that names a file.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The work.
    pub work: WorkId,
    /// Who minted it.
    pub maker: usize,
    /// Whether the file is its face.
    pub is_face: bool,
}

/// The place and moment at which an entry is judged.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The entry.
    pub id: EntryId,
    /// Its index.
    pub index: u64,
    /// The time of its batch.
    pub time_ms: u64,
    /// Whether the same entry stands in the batch.
    pub is_in_batch: bool,
}

/// All there is.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Works by id.
    pub works: BTreeMap<WorkId, Work>,
    /// Editions to which something has happened.
    pub editions: BTreeMap<(WorkId, u64), Edition>,
    /// Accounts that have said something of themselves.
    pub accounts: BTreeMap<usize, Account>,
    /// The mints that name a file, oldest first.
    pub files: BTreeMap<Digest, Vec<Claim>>,
    /// What the governor has changed.
    pub acts: Acts,
    /// What the rules of the corridor are, and what they have said.
    pub borders: Borders,
    /// What stands on editions, and what is alleged about them.
    pub charges: Charges,
    /// How many batches are closed.
    pub height: u64,
}

/// Where works are minted.
pub const HOME: &str = "CN";

pub(super) type Judged = Result<(), &'static str>;

pub(super) fn refuse_if(refused: bool, code: &'static str) -> Judged {
    if refused { Err(code) } else { Ok(()) }
}

/// Returns the commitment to a list of a person's keys.
pub fn commitment(person: usize, keys: &[usize]) -> Digest {
    let mut texts: Vec<String> = keys.iter().map(|key| multikey(&key_name(person, *key)).to_string()).collect();
    texts.sort();
    Digest(sha256(format!("[\"{}\"]", texts.join("\",\"")).as_bytes()))
}

impl Model {
    /// Returns a person's keys and how many of them sign.
    pub fn keys(&self, person: usize) -> (Vec<usize>, u64) {
        self.accounts.get(&person).map_or((vec![0], 1), |account| (account.keys.clone(), account.threshold))
    }

    /// Returns an edition, as it was minted if nothing has happened to it since.
    pub fn edition(&self, work: WorkId, number: u64) -> Option<Edition> {
        let minted = self.works.get(&work).filter(|minted| (1..=minted.editions).contains(&number))?;
        let (holder, since_ms) = (minted.maker, minted.minted_ms);
        let first = || Edition { holder, country: HOME, newest: work, offer: None, since_ms, transfers: 0 };
        Some(self.editions.get(&(work, number)).cloned().unwrap_or_else(first))
    }

    /// Takes an entry in, or tells the code of its refusal.
    pub fn take(&mut self, said: &Said, moment: Moment) -> Judged {
        self.judge_signatures(said, moment)?;
        refuse_if(self.acts.retired.is_some(), "retired")?;
        match &said.deed {
            Deed::Profile { prev } => self.take_profile(said.by, *prev, moment),
            Deed::Rotate { .. } => self.take_rotation(said.by, &said.deed, moment),
            Deed::Mint { .. } => self.take_mint(said.by, &said.deed, moment),
            Deed::Terms(terms) => self.take_terms(said.by, terms, moment),
            Deed::Accept { work, edition, prev } => self.take_acceptance(said.by, (*work, *edition), *prev, moment),
            Deed::Close { work, edition, prev } => self.take_close(said.by, (*work, *edition), *prev, moment),
            Deed::Document { thing, kind, prev, saying } => {
                if *saying != Saying::Revoke {
                    self.check_there(*thing)?;
                }
                self.borders.say((*thing, *kind, said.by), *prev, *saying, moment)
            }
            Deed::Flag { place, prev, blocks } => self.take_flag(said.by, *place, *prev, *blocks, moment),
            Deed::Charge { place, prev, kind, other } => {
                self.take_charge(said.by, *place, *prev, (*kind, *other), moment)
            }
            Deed::Release { place, prev, of } => self.take_release(said.by, *place, *prev, of.as_ref(), moment),
            Deed::Receipt { place, crossing, speaks } => {
                self.check_there(Thing::Edition(place.0, place.1))?;
                let maker = self.works[&place.0].maker;
                self.borders.settle((*place, *crossing), (said.by, *speaks, maker), moment)
            }
            Deed::Amend { work, prev, age } => self.take_amendment(said.by, *work, *prev, *age, moment),
            Deed::Move { place, prev, from, towards } => {
                self.take_move(said.by, *place, *prev, (from, towards), moment)
            }
            Deed::Transmit { place, prev, to, from, towards } => {
                self.take_transmission((said.by, *to), *place, *prev, (from, towards), moment)
            }
            Deed::Govern { deed, prev } => self.take_act(said.by, *deed, *prev, moment),
        }
    }

    /// Section 10.2.
    fn judge_signatures(&self, said: &Said, moment: Moment) -> Judged {
        let mut signers = vec![said.by];
        let new: &[usize] = if let Deed::Rotate { keys, .. } = &said.deed { keys } else { &[] };
        match &said.deed {
            Deed::Terms(Terms { offer: None, to, .. }) | Deed::Transmit { to, .. } => signers.push(*to),
            Deed::Charge { other, .. } => signers.push(*other),
            Deed::Mint { creator, .. } => signers.extend(creator),
            _ => {}
        }
        refuse_if(said.lines.is_empty(), "entry_malformed")?;
        let place = |line: &Line| {
            let account = account_of(line.person);
            (account.to_string(), multikey(&key_name(line.person, line.key)).id_under(&account))
        };
        refuse_if(!said.lines.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])), "signature_set")?;
        for line in &said.lines {
            let is_known = self.keys(line.person).0.contains(&line.key) || new.contains(&line.key);
            refuse_if(!signers.contains(&line.person) || !is_known, "signature_set")?;
            refuse_if(line.is_broken, "signature_invalid")?;
        }
        refuse_if(moment.is_in_batch, "repeated")?;
        for signer in signers {
            let (keys, threshold) = self.keys(signer);
            let by = |key: &usize| said.lines.iter().any(|line| line.person == signer && line.key == *key);
            let signed = keys.iter().filter(|key| by(key)).count() as u64;
            refuse_if(signed != threshold || !new.iter().all(by), "signature_set")?;
        }
        Ok(())
    }

    fn check_chain(&self, person: usize, prev: Option<EntryId>) -> Judged {
        refuse_if(prev != self.accounts.get(&person).map(|account| account.newest), "prev_stale")
    }

    fn account(&mut self, person: usize, newest: EntryId) -> &mut Account {
        let account = self.accounts.entry(person).or_insert_with(|| Account {
            keys: vec![0],
            threshold: 1,
            newest,
            next: None,
            rotated: None,
            brought: BTreeMap::new(),
        });
        account.newest = newest;
        account
    }

    fn take_profile(&mut self, by: usize, prev: Option<EntryId>, moment: Moment) -> Judged {
        self.check_chain(by, prev)?;
        self.account(by, moment.id);
        Ok(())
    }

    fn take_rotation(&mut self, by: usize, deed: &Deed, moment: Moment) -> Judged {
        let Deed::Rotate { prev, keys, threshold, next } = deed else { return Ok(()) };
        self.check_chain(by, *prev)?;
        let before = self.accounts.get(&by);
        let brought = |key: &usize| before.is_some_and(|account| account.brought.contains_key(key));
        refuse_if(keys.iter().any(|key| *key == 0 || brought(key)), "key_reused")?;
        let promised = before.and_then(|account| account.next);
        refuse_if(promised.is_some_and(|promised| promised != commitment(by, keys)), "next_mismatch")?;
        let account = self.account(by, moment.id);
        account.keys.clone_from(keys);
        account.threshold = *threshold;
        account.next = *next;
        account.rotated = Some(moment.index);
        account.brought.extend(keys.iter().map(|key| (*key, moment.index)));
        Ok(())
    }

    fn take_act(&mut self, by: usize, deed: Power, prev: EntryId, moment: Moment) -> Judged {
        refuse_if(self.acts.newest.unwrap_or(identity().genesis) != prev, "prev_stale")?;
        refuse_if(by != GOVERNOR, "not_governor")?;
        match deed {
            Power::LogKey(key) => {
                refuse_if(self.acts.key.unwrap_or(0) == key, "log_key_unfit")?;
                self.acts.key = Some(key);
            }
            Power::Upgrade(height) => {
                refuse_if(height < self.height + 1_000, "upgrade_too_near")?;
                self.acts.upgrade = Some(height);
            }
            Power::Void(index) => {
                refuse_if(self.acts.owed != Some(index), "void_unfit")?;
                self.acts.owed = None;
            }
            Power::Retire => self.acts.retired = Some(moment.index),
            Power::Rules { set, from } => self.borders.publish(set, from, self.height, moment.index)?,
            Power::Enrol { person, enrols } => self.borders.enrol(person, enrols)?,
        }
        self.acts.newest = Some(moment.id);
        Ok(())
    }

    fn take_mint(&mut self, by: usize, deed: &Deed, moment: Moment) -> Judged {
        let Deed::Mint { files, ack, editions, source, .. } = deed else { return Ok(()) };
        refuse_if(self.works.contains_key(&moment.id), "repeated")?;
        refuse_if(source.is_some_and(|source| !self.works.contains_key(&source)), "work_unknown")?;
        refuse_if(by == OPERATOR, "operator_cannot_own")?;
        let claims = self.files.get(&files[0]).map_or(&[][..], Vec::as_slice);
        match (claims.first(), ack) {
            (None, ack) => refuse_if(ack.is_some(), "ack_first_wrong")?,
            (Some(first), ack) => {
                refuse_if(ack.is_none() && first.maker != by, "ack_first_missing")?;
                let is_wrong = |ack: &WorkId| first.maker == by || *ack != first.work;
                refuse_if(ack.as_ref().is_some_and(is_wrong), "ack_first_wrong")?;
            }
        }
        refuse_if(claims.iter().any(|claim| claim.is_face && claim.maker == by), "face_repeated")?;
        for (place, file) in files.iter().enumerate() {
            let claim = Claim { work: moment.id, maker: by, is_face: place == 0 };
            self.files.entry(*file).or_default().push(claim);
        }
        let (index, minted_ms) = (moment.index, moment.time_ms);
        self.works.insert(moment.id, Work { maker: by, editions: *editions, index, minted_ms, amended: None });
        Ok(())
    }

    /// Section 10.3, the edition.
    pub(super) fn find(&self, (work, number): (WorkId, u64), prev: EntryId) -> Result<Edition, &'static str> {
        refuse_if(!self.works.contains_key(&work), "work_unknown")?;
        let edition = self.edition(work, number).ok_or("edition_unknown")?;
        refuse_if(edition.newest != prev, "prev_stale")?;
        Ok(edition)
    }

    fn is_void(&self, edition: &Edition, offer: &Offer) -> bool {
        let rotated = |person: &usize| self.accounts.get(person).and_then(|account| account.rotated);
        [edition.holder, offer.to].iter().filter_map(rotated).any(|rotated| rotated > offer.index)
    }

    pub(super) fn standing<'e>(&self, edition: &'e Edition, time_ms: u64) -> Option<&'e Offer> {
        edition.offer.as_ref().filter(|offer| !self.is_void(edition, offer) && time_ms <= offer.expires_ms)
    }

    fn take_terms(&mut self, by: usize, terms: &Terms, moment: Moment) -> Judged {
        let place = (terms.work, terms.edition);
        refuse_if(terms.offer.is_none() && self.is_blocked(place)?, "encumbered")?;
        let mut edition = self.find(place, terms.prev)?;
        refuse_if(terms.to == OPERATOR, "operator_cannot_own")?;
        refuse_if(by != edition.holder, "not_holder")?;
        refuse_if(terms.to == by, "same_holder")?;
        refuse_if(terms.from != edition.country, "country_mismatch")?;
        refuse_if(self.standing(&edition, moment.time_ms).is_some(), "offer_stands")?;
        refuse_if(moment.time_ms > terms.expires_ms, "expired")?;
        refuse_if(terms.expires_ms - moment.time_ms > AHEAD_MS_MAX, "expires_too_late")?;
        let Terms { to, towards, expires_ms, .. } = *terms;
        if let Some(firm) = terms.offer {
            edition.newest = moment.id;
            edition.offer = Some(Offer { to, towards, expires_ms, firm, index: moment.index });
        } else {
            self.cross((terms.work, terms.edition), to, towards, moment)?;
            edition = moved(&edition, to, towards, moment);
        }
        self.editions.insert((terms.work, terms.edition), edition);
        Ok(())
    }

    fn take_acceptance(&mut self, by: usize, place: (WorkId, u64), prev: EntryId, moment: Moment) -> Judged {
        refuse_if(self.is_blocked(place)?, "encumbered")?;
        let edition = self.find(place, prev)?;
        let offer = edition.offer.clone().ok_or("no_offer")?;
        refuse_if(by != offer.to, "not_recipient")?;
        refuse_if(self.is_void(&edition, &offer), "no_offer")?;
        refuse_if(moment.time_ms > offer.expires_ms, "expired")?;
        self.cross(place, by, offer.towards, moment)?;
        self.editions.insert(place, moved(&edition, by, offer.towards, moment));
        Ok(())
    }

    pub(super) fn is_blocked(&self, place: (WorkId, u64)) -> Result<bool, &'static str> {
        self.check_there(Thing::Edition(place.0, place.1))?;
        Ok(self.charges.has(&place, &[Kind::Flag, Kind::Lien]))
    }

    /// Section 10.8.
    pub(super) fn cross(&mut self, place: (WorkId, u64), to: usize, towards: &'static str, moment: Moment) -> Judged {
        let edition = self.edition(place.0, place.1).ok_or("edition_unknown")?;
        let maker = self.works[&place.0].maker;
        self.borders.cross(place, (&edition, maker), (to, towards), (self.height, moment))
    }

    pub(super) fn check_there(&self, thing: Thing) -> Judged {
        match thing {
            Thing::Person(_) => Ok(()),
            Thing::Work(work) => refuse_if(!self.works.contains_key(&work), "work_unknown"),
            Thing::Edition(work, number) => {
                refuse_if(!self.works.contains_key(&work), "work_unknown")?;
                refuse_if(self.edition(work, number).is_none(), "edition_unknown")
            }
        }
    }

    fn take_close(&mut self, by: usize, place: (WorkId, u64), prev: EntryId, moment: Moment) -> Judged {
        let mut edition = self.find(place, prev)?;
        let offer = self.standing(&edition, moment.time_ms);
        if offer.is_none_or(|offer| offer.to != by) {
            refuse_if(by != edition.holder, "not_holder")?;
            refuse_if(offer.is_some_and(|offer| offer.firm), "offer_firm")?;
        }
        edition.newest = moment.id;
        edition.offer = None;
        self.editions.insert(place, edition);
        Ok(())
    }
}

pub(super) fn moved(edition: &Edition, to: usize, towards: &'static str, moment: Moment) -> Edition {
    let (newest, since_ms, transfers) = (moment.id, moment.time_ms, edition.transfers + 1);
    Edition { holder: to, country: towards, newest, offer: None, since_ms, transfers }
}
