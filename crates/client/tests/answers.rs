//! What a true node answers.

use std::cell::RefCell;
use std::collections::BTreeSet;

use colophon_ledger::certificate::{Certificate, Format, Parts, accounts_of, records_of};
use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_ledger::proved::{ProvedEntry, ProvedRecord, StateAnswer};
use colophon_ledger::state::{
    About, AuthoritiesRecord, Changes, FileRecord, RecordKey, Records, RuleListRecord, Unreadable,
};
use colophon_tlog::tile::{Bundle, Tile};
use colophon_tlog::tree::TreeSize;
use serde_json::{Value, json};

use crate::people::OPERATOR;
use crate::register::{Moment, TIME_MS, TrueRegister};

impl TrueRegister {
    pub(crate) fn proved(&self, index: u64, size: u64) -> ProvedEntry {
        let leaf = &self.leaves[usize::try_from(index).unwrap()];
        ProvedEntry::new(leaf, index, &self.inclusion(index, size)).unwrap()
    }

    pub(crate) fn proved_record(key: &RecordKey, moment: &Moment) -> ProvedRecord {
        ProvedRecord::new(key, moment.records.record(key).unwrap(), &moment.tree)
    }

    /// The answer about some records, with the operator's account, as of `size`.
    pub(crate) fn state_answer(&self, keys: &[RecordKey], size: u64) -> StateAnswer {
        let operator = RecordKey::Account(OPERATOR.account());
        let moment = self.moment(size);
        let records = keys.iter().chain([&operator]).map(|key| TrueRegister::proved_record(key, moment)).collect();
        StateAnswer { checkpoint: self.checkpoint(size).to_string(), seal: self.proved(size - 1, size), records }
    }

    pub(crate) fn work_answer(&self, work: &WorkId, edition: u64, size: u64) -> Value {
        let keys = [RecordKey::Work(*work), RecordKey::Edition(*work, edition)];
        let state = self.state_answer(&keys, size);
        with(&state, &json!({"work": work, "edition": edition, "mint": self.proved(self.places[work], size)}))
    }

    pub(crate) fn absent_work(&self, work: &WorkId, size: u64) -> Value {
        let absence = self.state_answer(&[RecordKey::Work(*work)], size);
        json!({"status": 404, "code": "not_found", "title": "not found", "absence": absence})
    }

    pub(crate) fn file_answer(&self, file: &Digest, after: u64, size: u64) -> Value {
        let moment = self.moment(size);
        let record: Option<FileRecord> = moment.records.read(&RecordKey::File(*file)).unwrap();
        let mut keys = vec![RecordKey::File(*file)];
        let known = record.is_some();
        if let Some(record) = record {
            for number in (after + 1..=record.count).take(100) {
                let work = if number == 1 {
                    record.work
                } else {
                    let key = RecordKey::Claim(*file, number);
                    let claim: Option<colophon_ledger::state::ClaimRecord> = moment.records.read(&key).unwrap();
                    keys.push(key);
                    claim.unwrap().work
                };
                keys.push(RecordKey::Work(work));
            }
        }
        with(&self.state_answer(&keys, size), &json!({"known": known}))
    }

    pub(crate) fn entry_answer(&self, index: u64) -> Value {
        let leaf = self.leaf(index);
        json!({"id": Entry::parse(leaf.as_bytes()).unwrap().id(), "index": index, "entry": leaf})
    }

    pub(crate) fn leaf(&self, index: u64) -> String {
        String::from_utf8(self.leaves[usize::try_from(index).unwrap()].clone()).unwrap()
    }

    pub(crate) fn id_at(&self, index: u64) -> EntryId {
        Entry::parse(self.leaf(index).as_bytes()).unwrap().id()
    }

    /// Every entry that concerns an edition, with the seals of their batches and the newest.
    pub(crate) fn certificate(&self, work: &WorkId, edition: u64, size: u64) -> Certificate {
        let entries: Vec<(u64, Entry)> =
            (0..size).map(|index| (index, Entry::parse(self.leaf(index).as_bytes()).unwrap())).collect();
        let is_own = |entry: &Entry| {
            entry.id() == *work
                || entry.body().edition() == Some((*work, edition))
                || matches!(entry.body(), Body::Genesis(_))
        };
        let mut accounts = BTreeSet::from([OPERATOR.account()]);
        for (_, entry) in entries.iter().filter(|(_, entry)| is_own(entry)) {
            accounts.extend(accounts_of(entry.body()));
        }
        let of_account = |entry: &Entry| {
            matches!(entry.body(), Body::Profile(_) | Body::Rotate(_)) && accounts.contains(entry.body().by())
        };
        let mut indices: BTreeSet<u64> = BTreeSet::from([size - 1]);
        indices.extend(entries.iter().filter(|(_, entry)| is_own(entry) || of_account(entry)).map(|(index, _)| *index));
        let seals = entries.iter().filter_map(|(_, entry)| match entry.body() {
            Body::Seal(seal) if indices.iter().any(|index| seal.covers(*index)) => Some(seal.index()),
            _ => None,
        });
        let seals: Vec<u64> = seals.collect();
        indices.extend(seals);
        let mut cards: Vec<_> = indices
            .iter()
            .filter_map(|index| self.cards.get(&entries[usize::try_from(*index).unwrap()].1.body().card()?).cloned())
            .collect();
        cards.sort_by_key(colophon_ledger::card::Card::digest);
        Certificate {
            cards,
            checkpoint: self.checkpoint(size).to_string(),
            edition,
            entries: indices.iter().map(|index| self.proved(*index, size)).collect(),
            format: Format::V1,
            records: records_of(work, edition, Parts { accounts, ..Parts::default() })
                .iter()
                .map(|key| TrueRegister::proved_record(key, self.moment(size)))
                .collect(),
            work: *work,
        }
    }
}

impl TrueRegister {
    /// The tile or bundle at a path, if a log of `size` has all of it.
    pub(crate) fn tile_bytes(&self, path: &str, size: u64) -> Option<Vec<u8>> {
        let size = TreeSize::new(size)?;
        if let Ok(bundle) = Bundle::parse(path) {
            let first = usize::try_from(bundle.first()?.get()).ok().filter(|_| bundle.is_within(size))?;
            let leaves = self.leaves.get(first..)?.iter().take(usize::try_from(bundle.width.get()).ok()?);
            let prefixed =
                |leaf: &Vec<u8>| [&u16::try_from(leaf.len()).unwrap().to_be_bytes(), leaf.as_slice()].concat();
            return Some(leaves.flat_map(prefixed).collect());
        }
        let tile = Tile::parse(path).ok().filter(|tile| tile.is_within(size))?;
        let first = usize::try_from(tile.index * 256).ok()?;
        let hashes = self.levels[usize::from(tile.level)].get(first..)?;
        Some(hashes.iter().take(usize::try_from(tile.width.get()).ok()?).flat_map(|hash| *hash.as_bytes()).collect())
    }
}

/// Returns an answer with more members.
pub(crate) fn with(state: &StateAnswer, more: &Value) -> Value {
    let mut answer = serde_json::to_value(state).unwrap();
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

/// Records of one moment, with a note of which were asked for.
struct Asked<'r>(&'r Changes, RefCell<BTreeSet<RecordKey>>);

impl Records for Asked<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        self.1.borrow_mut().insert(key.clone());
        self.0.record(key)
    }
}

/// The value under a name in a query.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn deed(query: &str) -> Deed {
    let basis = value(query, "basis").map(|word| json!(word));
    match value(query, "deed") {
        Some("move") => Deed::Move,
        Some("transmit") => Deed::Transmit(serde_json::from_value(basis.unwrap()).unwrap()),
        _ => Deed::Transfer(serde_json::from_value(basis.unwrap()).unwrap()),
    }
}

impl TrueRegister {
    /// Every record that a judgement asks for, and what it comes to.
    pub(crate) fn crossing_answer(&self, work: &WorkId, query: &str, size: u64) -> Value {
        let moment = self.moment(size);
        let word = |name: &str| value(query, name).unwrap();
        let proposed = Proposed {
            work: *work,
            edition: word("edition").parse().unwrap(),
            to: word("to").parse().unwrap(),
            to_country: word("to_country").parse().unwrap(),
            deed: deed(query),
            delivery: serde_json::from_value(json!(word("delivery"))).unwrap(),
            price: None,
            professional: false,
            value: None,
        };
        let asked = Asked(&moment.records, RefCell::default());
        asked.record(&RecordKey::RuleList).unwrap();
        let height = self.height();
        let judgement = proposed.judge(height, TIME_MS, &asked).unwrap();
        let keys: Vec<RecordKey> = asked.1.into_inner().into_iter().collect();
        let state = self.state_answer(&keys, size);
        with(&state, &json!({"work": work, "edition": 1, "height": height, "judgement": judgement}))
    }

    pub(crate) fn rules_answer(&self, size: u64) -> Value {
        let records = &self.moment(size).records;
        let list: RuleListRecord = records.read(&RecordKey::RuleList).unwrap().unwrap_or_default();
        let all: AuthoritiesRecord = records.read(&RecordKey::Authorities).unwrap().unwrap_or_default();
        let sets = list.sets.iter().filter_map(|set| set.digest).map(RecordKey::RuleSet);
        let countries = all.countries.iter().map(|record| RecordKey::Authority(record.country.clone()));
        let keys: Vec<RecordKey> =
            [RecordKey::RuleList, RecordKey::Authorities].into_iter().chain(sets).chain(countries).collect();
        serde_json::to_value(self.state_answer(&keys, size)).unwrap()
    }

    pub(crate) fn paper_answer(&self, query: &str, size: u64) -> Option<Value> {
        let about = About::Account(value(query, "account")?.parse().ok()?);
        let key = RecordKey::Paper(about, value(query, "type")?.parse().ok()?, value(query, "by")?.parse().ok()?);
        serde_json::to_value(self.state_answer(&[key], size)).ok()
    }
}
