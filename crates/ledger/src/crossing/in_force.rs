//! The rule sets in force at a height, read once for as long as they stay.

use std::sync::{Arc, Mutex, PoisonError};

use colophon_corridor::{Corridor, RuleSet};

use crate::canonical::from_canonical;
use crate::entry::rules::text_of;
use crate::field::Digest;
use crate::state::{CorridorRecord, NamedSetRecord, PublishedRecord, RecordKey, Records, RuleListRecord, Unreadable};

/// The sets that are in force together at one height of one list.
#[derive(Debug)]
pub(super) struct InForce {
    list: String,
    height: u64,
    sets: Vec<NamedSetRecord>,
    /// Nothing where no set is in force.
    pub(super) corridor: Option<Arc<Corridor>>,
}

/// What was asked for last.
static LAST: Mutex<Option<Arc<InForce>>> = Mutex::new(None);

/// Returns the rule sets in force at a height together, or nothing where there are none.
pub(super) fn in_force(height: u64, records: &impl Records) -> Result<Option<Arc<Corridor>>, Unreadable> {
    Ok(read(height, records)?.and_then(|now| now.corridor.clone()))
}

/// Returns what is in force at a height, or nothing where rules were never published.
pub(super) fn read(height: u64, records: &impl Records) -> Result<Option<Arc<InForce>>, Unreadable> {
    let Some(list) = records.record(&RecordKey::RuleList)? else { return Ok(None) };
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(last) = last.as_ref().filter(|last| last.height == height && last.list == list) {
        last.ask_for_all(records)?;
        return Ok(Some(Arc::clone(last)));
    }
    let now = Arc::new(InForce::of(list, height, records, last.as_deref())?);
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&now));
    Ok(Some(now))
}

impl InForce {
    /// Returns the record that names the sets.
    pub(super) fn record(&self) -> CorridorRecord {
        CorridorRecord { sets: self.sets.clone() }
    }

    /// Reads the list, and the sets if others were in force `before`.
    fn of(list: String, height: u64, records: &impl Records, before: Option<&InForce>) -> Result<InForce, Unreadable> {
        let found: RuleListRecord =
            from_canonical(&list).map_err(|error| Unreadable(format!("{}: {error}", RecordKey::RuleList)))?;
        let sets = found.in_force(height);
        let corridor = match before.filter(|before| before.sets == sets) {
            Some(before) => {
                before.ask_for_all(records)?;
                before.corridor.clone()
            }
            None if sets.is_empty() => None,
            None => Some(Arc::new(parse(&sets, records)?)),
        };
        Ok(InForce { list, height, sets, corridor })
    }

    /// Asks for the records of sets that are known already, so that evidence of a false answer holds all that it rests on.
    fn ask_for_all(&self, records: &impl Records) -> Result<(), Unreadable> {
        for set in &self.sets {
            let name = RecordKey::RuleSet(set.digest);
            if !records.holds(&name)? {
                return Err(absent(&name));
            }
        }
        Ok(())
    }
}

fn absent(name: &RecordKey) -> Unreadable {
    Unreadable(format!("{name} is not there"))
}

/// Reads rule sets that were published, and so have been read before.
fn parse(sets: &[NamedSetRecord], records: &impl Records) -> Result<Corridor, Unreadable> {
    let mut read = Vec::new();
    for NamedSetRecord { digest, .. } in sets {
        let name = RecordKey::RuleSet(*digest);
        let record: PublishedRecord = records.read(&name)?.ok_or_else(|| absent(&name))?;
        read.push(read_set(digest, &record)?);
    }
    Corridor::of(&read).map_err(|error| Unreadable(error.to_string()))
}

/// Reads a rule set that was published, and so has been read before.
pub(super) fn read_set(digest: &Digest, record: &PublishedRecord) -> Result<RuleSet, Unreadable> {
    let unreadable = |why: &dyn std::fmt::Display| Unreadable(format!("rules/{digest}: {why}"));
    let set = RuleSet::parse(record.name.as_str(), &text_of(&record.text));
    let set = set.map_err(|error| unreadable(&error))?;
    if Digest(set.digest().into()) != *digest {
        return Err(unreadable(&"its text has another digest"));
    }
    Ok(set)
}
