//! Flags, liens, loans and allegations once more, as the specification tells them.

use std::collections::BTreeMap;

use colophon_ledger::field::{EntryId, WorkId};
use serde_json::{Value, json};

use crate::apply::model::{HOME, Moment, account_of};

/// How many of a kind stand at once.
const EACH_MAX: usize = 8;
/// How many allegations are named.
const NAMED_MAX: usize = 16;

/// What sort of encumbrance it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An authority's flag.
    Flag,
    /// A lien.
    Lien,
    /// A loan.
    Loan,
}

/// One that stands.
#[derive(Debug, Clone)]
pub struct Burden {
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub of: usize,
    /// The entry that placed it.
    pub entry: EntryId,
    index: u64,
}

/// What one person alleges.
#[derive(Debug, Clone, Copy)]
struct Alleged {
    newest: EntryId,
    index: u64,
    open: bool,
}

/// Everything that stands on editions, or is alleged about them.
#[derive(Debug, Clone, Default)]
pub struct Charges {
    standing: BTreeMap<(WorkId, u64), Vec<Burden>>,
    alleged: BTreeMap<((WorkId, u64), usize), Alleged>,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Flag => "flag",
            Kind::Lien => "lien",
            Kind::Loan => "loan",
        }
    }
}

impl Charges {
    /// Returns what stands on an edition.
    pub fn on(&self, place: &(WorkId, u64)) -> &[Burden] {
        self.standing.get(place).map_or(&[], Vec::as_slice)
    }

    /// Returns whether one of these kinds stands on an edition.
    pub fn has(&self, place: &(WorkId, u64), kinds: &[Kind]) -> bool {
        self.on(place).iter().any(|burden| kinds.contains(&burden.kind))
    }

    /// Puts one on an edition.
    pub fn place(&mut self, place: (WorkId, u64), kind: Kind, of: usize, moment: Moment) -> Result<(), &'static str> {
        let most = if kind == Kind::Loan { 1 } else { EACH_MAX };
        if self.on(&place).iter().filter(|burden| burden.kind == kind).count() == most {
            return Err("encumbrances_too_many");
        }
        let burden = Burden { kind, of, entry: moment.id, index: moment.index };
        self.standing.entry(place).or_default().push(burden);
        Ok(())
    }

    /// Lets one go.
    pub fn release(&mut self, place: &(WorkId, u64), entry: &EntryId) {
        if let Some(standing) = self.standing.get_mut(place) {
            standing.retain(|burden| burden.entry != *entry);
        }
    }

    /// Returns the newest entry of what a person alleges.
    pub fn newest(&self, place: (WorkId, u64), by: usize) -> Option<EntryId> {
        self.alleged.get(&(place, by)).map(|alleged| alleged.newest)
    }

    /// Returns whether it stands.
    pub fn is_open(&self, place: (WorkId, u64), by: usize) -> bool {
        self.alleged.get(&(place, by)).is_some_and(|alleged| alleged.open)
    }

    /// Takes an allegation, or what takes it back.
    pub fn allege(&mut self, place: (WorkId, u64), by: usize, open: bool, moment: Moment) {
        self.alleged.insert((place, by), Alleged { newest: moment.id, index: moment.index, open });
    }

    fn open(&self, place: &(WorkId, u64)) -> Vec<(usize, Alleged)> {
        let mut open: Vec<(usize, Alleged)> =
            self.alleged.iter().filter(|((of, _), _)| of == place).map(|((_, by), alleged)| (*by, *alleged)).collect();
        open.retain(|(_, alleged)| alleged.open);
        open.sort_by_key(|(_, alleged)| alleged.index);
        open
    }

    /// Adds what an edition's record says of it.
    pub fn tell(&self, place: &(WorkId, u64), record: &mut Value) {
        let told = |burden: &Burden| {
            let mut told = json!({
                "entry": burden.entry, "index": burden.index, "kind": burden.kind.word(), "of": account_of(burden.of),
            });
            if burden.kind == Kind::Flag {
                (told["country"], told["ground"]) = (json!(HOME), json!("stolen"));
            }
            told
        };
        if !self.on(place).is_empty() {
            record["encumbrances"] = self.on(place).iter().map(told).collect();
        }
        let open = self.open(place).len();
        if open > 0 {
            record["allegations"] = json!(open);
        }
    }

    /// Writes every record of its own.
    pub fn records(&self, mut write: impl FnMut(String, &Value)) {
        for (place, by) in self.alleged.keys() {
            let (work, number) = place;
            let alleged = &self.alleged[&(*place, *by)];
            let record = json!({"newest": alleged.newest, "open": alleged.open});
            write(format!("allegation/{work}/{number}/{}", account_of(*by)), &record);
            let open = self.open(place);
            let named = open.iter().skip(open.len().saturating_sub(NAMED_MAX)).map(|(by, alleged)| {
                json!({"by": account_of(*by), "entry": alleged.newest, "ground": "stolen", "index": alleged.index})
            });
            write(format!("allegations/{work}/{number}"), &json!({"open": named.collect::<Vec<_>>()}));
        }
    }
}
