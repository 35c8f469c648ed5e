//! Turns a script's choices into entries: what each says at that moment, and who signs it.

use colophon_ledger::account::AccountId;
use colophon_ledger::entry::{Entry, text_of};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_tlog::note::{SignatureLine, Signer};
use serde_json::{Value, json};

use crate::apply::beside::body_beside;
use crate::apply::borders::{ENROLLED, LONG_AGO, Saying, TYPES, Thing, file, lines_of};
use crate::apply::model::{
    Deed, Edition, GOVERNOR, HOME, KEYS, LOG_KEYS, Line, Model, PEOPLE, Power, Said, Terms, account_of, commitment,
    key_name, log_vkey,
};
use crate::apply::register::identity;
use crate::apply::script::{About, Ack, Act, Apt, Expires, Place, Prev, Signing, Terms as TermsChoice, What};
use crate::people::{body_of, digest, multikey, secret};
use crate::story::DAY_MS;

pub(super) const COUNTRIES: [&str; 3] = ["CN", "FR", "JP"];
const FACES: usize = 3;
/// How many batches a run can come to when each entry gets its own: so many more than it takes an upgrade is ahead.
const SLACK: u64 = 200;

/// Everything that was said so far, recorded or not.
#[derive(Debug, Default)]
pub struct Cast {
    said: Vec<Said>,
}

impl Cast {
    /// Returns what an act comes to.
    pub fn resolve(&mut self, act: &Act, model: &Model, time_ms: u64) -> Option<Said> {
        let act = &act.settled();
        let (by, deed) = self.deed(act, model, time_ms);
        let mut said = Said { by, lines: Vec::new(), deed };
        said.lines = signed(&said, model, act.signing);
        self.said.push(said.clone());
        Some(said)
    }

    /// Returns the governor's act that voids the leaf at an index.
    pub fn mend(index: u64, model: &Model) -> Said {
        let prev = model.acts.newest.unwrap_or(identity().genesis);
        let deed = Deed::Govern { deed: Power::Void(index), prev };
        let mut said = Said { by: GOVERNOR, lines: Vec::new(), deed };
        said.lines = signed(&said, model, Signing::Right);
        said
    }

    /// Returns the leaf that was made of what was said, if it is an entry at all.
    pub fn entry(&self, said: &Said) -> Option<Entry> {
        let text = self.text(said);
        Entry::from_parts(&text, self.lines(said, &text)).ok()
    }

    /// Returns something that was said before.
    pub fn earlier(&self, which: u8) -> Option<Said> {
        self.said.get(usize::from(which) % self.said.len().max(1)).cloned()
    }

    fn deed(&self, act: &Act, model: &Model, time_ms: u64) -> (usize, Deed) {
        let who = act.who.number();
        match &act.what {
            What::Profile(prev) => (who, Deed::Profile { prev: self.account_prev(*prev, model, who) }),
            What::Rotate { prev, keys, threshold, next, as_promised } => {
                let prev = self.account_prev(*prev, model, who);
                let mut keys = key_list(who, *keys);
                let promised = model.accounts.get(&who).and_then(|account| account.next);
                if let Some(promised) = promised.filter(|_| as_promised.is_yes()) {
                    let kept = (1..1_u8 << KEYS)
                        .map(|keys| key_list(who, keys))
                        .find(|keys| commitment(who, keys) == promised);
                    keys = kept.unwrap_or(keys);
                }
                let threshold = u64::from(*threshold) % keys.len() as u64 + 1;
                let next = next.map(|next| commitment(who, &key_list(who, next)));
                (who, Deed::Rotate { prev, keys, threshold, next })
            }
            What::Mint { face, second, ack, creator, editions, source } => {
                let file = |number: u8| digest(&format!("face {}", usize::from(number) % FACES));
                let mut files = vec![file(*face)];
                files.extend(second.map(file).filter(|file| *file != files[0]));
                let first = model.files.get(&files[0]).and_then(|claims| claims.first());
                let ack = match ack {
                    Ack::Right | Ack::RightToo => first.filter(|first| first.maker != who).map(|first| first.work),
                    Ack::None => None,
                    Ack::Work(work) => Some(some_work(model, *work)),
                };
                let source =
                    source.map(|known| if known.is_yes() { some_work(model, *face) } else { digest("nothing") });
                let creator = creator.map(super::script::Who::number);
                (who, Deed::Mint { files, ack, creator, editions: u64::from(editions % 3) + 1, source })
            }
            What::Offer { terms, firm } => self.terms(act, terms, Some(*firm), model, time_ms),
            What::Transfer(terms) => self.terms(act, terms, None, model, time_ms),
            What::Accept { place, prev } => {
                let (work, edition, found) = find_offered(model, *place);
                let recipient = found.as_ref().and_then(|found| found.offer.as_ref()).map(|offer| offer.to);
                let prev = self.edition_prev(*prev, found.as_ref(), work);
                let by = recipient.filter(|_| act.apt.is_yes()).unwrap_or(who);
                (by, Deed::Accept { work, edition, prev })
            }
            What::Close { place, prev } => {
                let (work, edition, found) = find_offered(model, *place);
                let prev = self.edition_prev(*prev, found.as_ref(), work);
                let holder = found.map(|found| found.holder);
                (holder.filter(|_| act.apt.is_yes()).unwrap_or(who), Deed::Close { work, edition, prev })
            }
            What::Govern { prev, .. } | What::Rules { prev, .. } | What::Enrol { prev, .. } => {
                let by = if act.apt.is_yes() { GOVERNOR } else { who };
                (by, Deed::Govern { deed: power(&act.what, model), prev: self.act_prev(*prev, model) })
            }
            What::Flag { .. }
            | What::Charge { .. }
            | What::Release { .. }
            | What::Amend { .. }
            | What::Move { .. }
            | What::Transmit { .. }
            | What::Receipt { .. } => self.beside(act, who, model),
            What::Document { .. } => (who, self.document(&act.what, who, model)),
        }
    }

    fn document(&self, what: &What, who: usize, model: &Model) -> Deed {
        let What::Document { about, second, over, revokes, prev } = what else { panic!("{what:?} is no document") };
        let (thing, kind) = (thing_of(*about, model), usize::from(*second));
        let newest = model.borders.newest(thing, kind, who);
        let prev = match prev {
            Prev::Newest | Prev::NewestToo | Prev::NewestAgain => newest,
            Prev::First => None,
            Prev::Entry(which) => Some(self.some_entry(*which)),
            Prev::Nothing => Some(digest("nothing")),
        };
        let (saying, prev) = match (revokes, over) {
            (Apt::No, _) => (Saying::Revoke, prev.or(Some(digest("nothing")))),
            (_, Apt::No) => (Saying::AttestOver, prev),
            _ => (Saying::Attest, prev),
        };
        Deed::Document { thing, kind, prev, saying }
    }

    fn terms(&self, act: &Act, terms: &TermsChoice, offer: Option<bool>, model: &Model, time_ms: u64) -> (usize, Deed) {
        let (work, edition, found) = find(model, terms.place);
        let prev = self.edition_prev(terms.prev, found.as_ref(), work);
        let holder = found.as_ref().map(|found| found.holder).filter(|_| act.apt.is_yes());
        let from = found.as_ref().map_or(HOME, |found| found.country);
        let from = if terms.from.is_yes() { from } else { "QQ" };
        let expires_ms = match terms.expires {
            Expires::Day => time_ms + DAY_MS,
            Expires::Month => time_ms + 30 * DAY_MS,
            Expires::Now => time_ms,
            Expires::Past => time_ms - 1,
            Expires::Limit => time_ms + 366 * DAY_MS,
            Expires::Beyond => time_ms + 366 * DAY_MS + 1,
        };
        let towards = COUNTRIES[usize::from(terms.towards) % COUNTRIES.len()];
        let to = terms.to.number();
        let by = holder.unwrap_or(act.who.number());
        (by, Deed::Terms(Terms { offer, to, work, edition, prev, from, towards, expires_ms }))
    }

    fn account_prev(&self, prev: Prev, model: &Model, person: usize) -> Option<EntryId> {
        match prev {
            Prev::Newest | Prev::NewestToo | Prev::NewestAgain => {
                model.accounts.get(&person).map(|account| account.newest)
            }
            Prev::First => None,
            Prev::Entry(which) => Some(self.some_entry(which)),
            Prev::Nothing => Some(digest("nothing")),
        }
    }

    fn act_prev(&self, prev: Prev, model: &Model) -> EntryId {
        let genesis = identity().genesis;
        match prev {
            Prev::Newest | Prev::NewestToo | Prev::NewestAgain => model.acts.newest.unwrap_or(genesis),
            Prev::First => genesis,
            Prev::Entry(which) => self.some_entry(which),
            Prev::Nothing => digest("nothing"),
        }
    }

    pub(super) fn edition_prev(&self, prev: Prev, found: Option<&Edition>, work: WorkId) -> EntryId {
        match prev {
            Prev::Newest | Prev::NewestToo | Prev::NewestAgain => found.map_or(work, |found| found.newest),
            Prev::First => work,
            Prev::Entry(which) => self.some_entry(which),
            Prev::Nothing => digest("nothing"),
        }
    }

    pub(super) fn some_entry(&self, which: u8) -> EntryId {
        let said = self.earlier(which);
        said.map_or(digest("nothing"), |said| colophon_ledger::entry::entry_id_of_text(&self.text(&said)))
    }

    /// Returns the text of an entry.
    pub fn text(&self, said: &Said) -> String {
        text_of(identity(), &body_of(&body(said)))
    }

    /// Returns the signature lines of an entry.
    pub fn lines(&self, said: &Said, text: &str) -> Vec<SignatureLine> {
        let sign = |line: &Line| {
            let signer =
                Signer::new(account_of(line.person).as_str(), secret(&key_name(line.person, line.key))).unwrap();
            signer.sign(if line.is_broken { "something else\n" } else { text })
        };
        said.lines.iter().map(sign).collect()
    }
}

/// Returns the keys that a number stands for, in the order of their text.
fn key_list(person: usize, bits: u8) -> Vec<usize> {
    let mut keys: Vec<usize> = (0..KEYS).filter(|key| bits >> key & 1 == 1).collect();
    if keys.is_empty() {
        keys.push(1);
    }
    keys.sort_by_key(|key| multikey(&key_name(person, *key)));
    keys
}

pub(super) fn some_work(model: &Model, which: u8) -> WorkId {
    model.works.keys().nth(usize::from(which) % model.works.len().max(1)).copied().unwrap_or(digest("nothing"))
}

fn thing_of(about: About, model: &Model) -> Thing {
    let (work, edition, _) = find(model, about.place);
    match about.who {
        Some(who) => Thing::Person(who.number()),
        None if about.whole => Thing::Work(work),
        None => Thing::Edition(work, edition),
    }
}

pub(super) fn find(model: &Model, place: Place) -> (WorkId, u64, Option<Edition>) {
    let work = if place.known.is_yes() { some_work(model, place.work) } else { digest("nothing") };
    let edition = u64::from(place.edition % 4) + 1;
    let edition = if place.edition < 128 { edition.div_ceil(2) } else { edition };
    (work, edition, model.edition(work, edition))
}

/// Returns an edition that is offered, where there is one.
fn find_offered(model: &Model, place: Place) -> (WorkId, u64, Option<Edition>) {
    let mut offered: Vec<(WorkId, u64)> = model.editions.keys().copied().collect();
    offered.retain(|name| model.editions[name].offer.is_some());
    match offered
        .get(usize::from(place.work) % offered.len().max(1))
        .filter(|_| place.known.is_yes() && place.work < 200)
    {
        Some((work, edition)) => (*work, *edition, model.edition(*work, *edition)),
        None => find(model, place),
    }
}

/// Returns whose lines an entry gets.
fn signed(said: &Said, model: &Model, signing: Signing) -> Vec<Line> {
    let mut signers = vec![said.by];
    match &said.deed {
        Deed::Terms(Terms { offer: None, to, .. }) | Deed::Transmit { to, .. } => signers.push(*to),
        Deed::Charge { other, .. } => signers.push(*other),
        Deed::Mint { creator, .. } => signers.extend(creator),
        _ => {}
    }
    signers.sort_unstable();
    signers.dedup();
    let line = |person: usize, key: usize| Line { person, key, is_broken: false };
    let mut lines = Vec::new();
    for person in signers {
        let (keys, threshold) = model.keys(person);
        let count = usize::try_from(threshold).unwrap();
        lines.extend(keys.iter().take(count).map(|key| line(person, *key)));
    }
    if let Deed::Rotate { keys, .. } = &said.deed {
        let there: Vec<usize> = lines.iter().map(|line| line.key).collect();
        lines.extend(keys.iter().filter(|key| !there.contains(key)).map(|key| line(said.by, *key)));
    }
    let place = |at: u8, lines: &[Line]| usize::from(at) % lines.len();
    match signing {
        Signing::Fewer(at) => drop(lines.remove(place(at, &lines))),
        Signing::Extra { who, key } => lines.push(line(who.number(), usize::from(key) % KEYS)),
        Signing::OtherKey { line, key } => {
            let at = place(line, &lines);
            lines[at].key = usize::from(key) % KEYS;
        }
        Signing::Broken(at) => {
            let at = place(at, &lines);
            lines[at].is_broken = true;
        }
        _ => {}
    }
    lines.sort_by_key(|line| {
        let account = account_of(line.person);
        (account.to_string(), multikey(&key_name(line.person, line.key)).id_under(&account))
    });
    match signing {
        Signing::Reversed => lines.reverse(),
        Signing::Twice(at) => {
            let at = place(at, &lines);
            lines.insert(at, lines[at]);
        }
        _ => {}
    }
    lines
}

fn body(said: &Said) -> Value {
    let by = account_of(said.by);
    let chain = |prev: &Option<EntryId>| prev.map_or(json!(by), |prev| json!(prev));
    match &said.deed {
        Deed::Profile { prev } => {
            json!({"by": by, "card": digest("card"), "country": HOME, "kind": "profile", "prev": chain(prev)})
        }
        Deed::Rotate { prev, keys, threshold, next } => {
            let keys: Vec<_> = keys.iter().map(|key| multikey(&key_name(said.by, *key))).collect();
            let mut body = json!({"by": by, "keys": keys, "kind": "rotate"});
            put(&mut body, "next", next.as_ref());
            body["prev"] = chain(prev);
            body["threshold"] = json!(threshold);
            body
        }
        Deed::Mint { files, ack, creator, editions, source } => {
            let file = |file: &Digest| json!({"bytes": 1, "media_type": "image/png", "sha256": file});
            let mut first = json!({"role": "art", "share_bp": 10_000});
            if let Some(creator) = creator {
                first = json!({"account": account_of(*creator), "role": "art", "share_bp": 10_000});
            }
            let mut body = json!({
                "by": by, "card": digest("card"), "country": HOME, "created": "2026", "creators": [first],
                "editions": editions, "files": files.iter().map(file).collect::<Vec<_>>(), "kind": "mint",
                "license": "CC0-1.0", "source_type": "digitalCreation", "training": "allowed", "work_kind": "image",
            });
            put(&mut body, "ack_first", ack.as_ref());
            // Works that it is made from, and works that it is like, are looked for alike.
            let named = if *editions == 3 { "ack_similar" } else { "derived_from" };
            put(&mut body, named, source.map(|source| [source]).as_ref());
            body
        }
        Deed::Terms(terms) => {
            let kind = if terms.offer.is_some() { "offer" } else { "transfer" };
            let mut body = json!({
                "basis": "gift", "by": by, "delivery": "digital", "edition": terms.edition,
                "expires_ms": terms.expires_ms, "from_country": terms.from, "kind": kind, "prev": terms.prev,
                "to": account_of(terms.to), "to_country": terms.towards, "work": terms.work,
            });
            put(&mut body, "firm", terms.offer.filter(|firm| *firm).as_ref());
            body
        }
        Deed::Accept { work, edition, prev } => {
            json!({"by": by, "edition": edition, "kind": "accept", "prev": prev, "work": work})
        }
        Deed::Close { work, edition, prev } => {
            json!({"by": by, "edition": edition, "kind": "close", "prev": prev, "work": work})
        }
        Deed::Flag { .. }
        | Deed::Charge { .. }
        | Deed::Release { .. }
        | Deed::Amend { .. }
        | Deed::Move { .. }
        | Deed::Transmit { .. }
        | Deed::Receipt { .. } => body_beside(said),
        Deed::Document { thing, kind, prev, saying } => document_body(&by, thing, *kind, prev.as_ref(), *saying),
        Deed::Govern { deed, prev } => act_body(&by, deed, prev),
    }
}

fn document_body(by: &AccountId, thing: &Thing, kind: usize, prev: Option<&EntryId>, saying: Saying) -> Value {
    let mut body = json!({"by": by, "kind": "attest", "sha256": file(), "type": TYPES[kind]});
    thing.write(&mut body);
    put(&mut body, "prev", prev);
    match saying {
        Saying::Attest => {}
        Saying::AttestOver => body["valid_to"] = json!(LONG_AGO),
        Saying::Revoke => {
            body["kind"] = json!("revoke");
            body.as_object_mut().unwrap().remove("sha256");
        }
    }
    body
}

fn act_body(by: &AccountId, deed: &Power, prev: &EntryId) -> Value {
    match deed {
        Power::Rules { set, from } => {
            let mut body = json!({
                "by": by, "citation": "an act", "governors": [by], "height": from, "jurisdiction": HOME,
                "kind": "rules", "name": "LAW", "prev": prev, "schema": 1,
            });
            put(&mut body, "text", set.map(lines_of).as_ref());
            body
        }
        Power::Enrol { person, enrols } => {
            let mut body = json!({
                "account": account_of(*person), "by": by, "country": HOME, "governors": [by], "kind": "authority",
                "prev": prev,
            });
            put(&mut body, "types", enrols.then_some(ENROLLED).as_ref());
            body
        }
        Power::Retire => json!({"by": by, "governors": [by], "kind": "retire", "prev": prev}),
        Power::LogKey(key) => {
            json!({"by": by, "governors": [by], "kind": "log_key", "log_vkey": log_vkey(*key), "prev": prev})
        }
        Power::Void(index) => {
            json!({"by": by, "governors": [by], "kind": "upgrade", "prev": prev, "void": [index]})
        }
        Power::Upgrade(height) => {
            json!({"by": by, "governors": [by], "height": height, "kind": "upgrade", "prev": prev, "rules": 2})
        }
    }
}

fn power(what: &What, model: &Model) -> Power {
    match what {
        What::Rules { set, ahead, .. } => {
            Power::Rules { set: set.map(usize::from), from: model.height + u64::from(*ahead % 4) }
        }
        What::Enrol { who, enrols, .. } => Power::Enrol { person: who.number(), enrols: enrols.is_yes() },
        What::Govern { which, .. } if which.retires() => Power::Retire,
        What::Govern { which, key, .. } if which.changes_key() => Power::LogKey(usize::from(*key) % LOG_KEYS),
        What::Govern { which, key, .. } if which.voids() => Power::Void(u64::from(*key) + 1),
        What::Govern { ahead, .. } => Power::Upgrade(model.height + if ahead.is_yes() { 1_000 + SLACK } else { 999 }),
        other => panic!("{other:?} is no act of a governor"),
    }
}

/// Adds a member if there is a value for it.
pub(super) fn put<T: serde::Serialize>(body: &mut Value, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        body[name] = json!(value);
    }
}

/// Returns the name of each of the people's keys.
pub fn key_names() -> impl Iterator<Item = String> {
    (0..PEOPLE.len()).flat_map(|person| (0..KEYS).map(move |key| key_name(person, key)))
}
