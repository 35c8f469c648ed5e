//! The rule sets in force at a height, read once for as long as they stay.

use std::sync::{Arc, Mutex, PoisonError};

use colophon_corridor::Corridor;

use crate::canonical::from_canonical;
use crate::crossing::rule_book;
use crate::field::Digest;
use crate::state::{PublishedRecord, RecordKey, Records, RuleListRecord, Unreadable};

/// The sets that are in force together at one height of one list.
#[derive(Debug)]
struct InForce {
    list: String,
    height: u64,
    digests: Vec<Digest>,
    corridor: Option<Arc<Corridor>>,
}

/// What was asked for last.
static LAST: Mutex<Option<Arc<InForce>>> = Mutex::new(None);

/// Returns the rule sets in force at a height together, or nothing where there are none.
pub(super) fn in_force(height: u64, records: &impl Records) -> Result<Option<Arc<Corridor>>, Unreadable> {
    let Some(list) = records.record(&RecordKey::RuleList)? else { return Ok(None) };
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(last) = last.as_deref().filter(|last| last.height == height && last.list == list) {
        last.ask_for_all(records)?;
        return Ok(last.corridor.clone());
    }
    let now = Arc::new(InForce::read(list, height, records, last.as_deref())?);
    let corridor = now.corridor.clone();
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    Ok(corridor)
}

impl InForce {
    /// Reads the list, and the sets if others were in force `before`.
    fn read(
        list: String,
        height: u64,
        records: &impl Records,
        before: Option<&InForce>,
    ) -> Result<InForce, Unreadable> {
        let found: RuleListRecord =
            from_canonical(&list).map_err(|error| Unreadable(format!("{}: {error}", RecordKey::RuleList)))?;
        let digests = found.in_force(height);
        let corridor = match before.filter(|before| before.digests == digests) {
            Some(before) => {
                before.ask_for_all(records)?;
                before.corridor.clone()
            }
            None if digests.is_empty() => None,
            None => Some(Arc::new(parse(&digests, records)?)),
        };
        Ok(InForce { list, height, digests, corridor })
    }

    /// Asks for the records of sets that are known already, so that evidence of a false answer holds all that it rests on.
    fn ask_for_all(&self, records: &impl Records) -> Result<(), Unreadable> {
        for digest in &self.digests {
            let name = RecordKey::RuleSet(*digest);
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
fn parse(digests: &[Digest], records: &impl Records) -> Result<Corridor, Unreadable> {
    let mut sets = Vec::new();
    for digest in digests {
        let name = RecordKey::RuleSet(*digest);
        let record: PublishedRecord = records.read(&name)?.ok_or_else(|| absent(&name))?;
        sets.push(rule_book::read(digest, &record)?);
    }
    Corridor::of(&sets).map_err(|error| Unreadable(error.to_string()))
}
