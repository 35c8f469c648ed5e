//! Trade statistics: how often title has moved, and for how much, in cells that whoever asks chooses; small ones are left out.
//!
//! Counted are transfers and acceptances; what an authority gives by its word alone is no trade.
//!
//! Derived from the log alone and kept in memory, a count for each combination that there was. What the log has gained since is read when
//! somebody asks. Prices that are committed to are counted as such, and never in an amount.

pub mod cell;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use colophon_ledger::calendar::Calendar;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::facts::WorkFacts;
use colophon_ledger::field::WorkId;
use colophon_ledger::state::{RecordKey, Records as _, Unreadable, WorkRecord};
use colophon_storage::reader::ReadError;
use colophon_storage::view::ViewError;
use colophon_tlog::tree::EntryIndex;

use crate::minted::minted;
use crate::register::Register;
use cell::{Cell, Dimension, Ordering, Paid, Sum};

/// How many entries are read from the log at once.
const ENTRIES_AT_ONCE: u64 = 1_024;
/// What stands in an entry that moves title.
const MARKS: [&str; 2] = [r#""kind":"transfer""#, r#""kind":"accept""#];

/// Why nothing could be counted.
#[derive(Debug, thiserror::Error)]
pub enum TradeError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The tables cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The records cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// An entry that a transfer rests on is not where the tables say.
    #[error("the entry at index {0} is not what the tables say")]
    Entry(u64),
}

/// The counts of a register.
#[derive(Debug, Default)]
pub struct Trade {
    counted: RwLock<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// How many entries of the log have been read.
    size: u64,
    /// The operator's time of the newest of them, in milliseconds after 1970.
    time_ms: u64,
    /// The transfers after the last seal, whose time is not known yet, with their amounts.
    waiting: Vec<(Cell, u64)>,
    cells: BTreeMap<Cell, Sum>,
}

/// A table of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// In how many entries of the log was counted.
    pub size: u64,
    /// The operator's time of the newest of them.
    pub time_ms: u64,
    /// The cells that are shown, in ascending order.
    pub cells: Vec<(Cell, Sum)>,
    /// Whether some were left out, each of fewer transfers than was asked for.
    pub left_out: bool,
}

impl Trade {
    /// Reads what the log has gained, up to what is published.
    pub fn read(&self, register: &Register) -> Result<(), TradeError> {
        let size = register.newest().size.get();
        loop {
            // Let go of now and then, for those who only want an answer.
            let mut counted = self.counted.write().unwrap_or_else(PoisonError::into_inner);
            let count = size.saturating_sub(counted.size).min(ENTRIES_AT_ONCE);
            let Some(first) = EntryIndex::new(counted.size).filter(|_| count > 0) else { return Ok(()) };
            for leaf in register.log.entries(first, count)? {
                counted.take(register, &leaf)?;
            }
        }
    }

    /// Returns the counts by these dimensions, but for cells of fewer than `least` transfers.
    pub fn table(&self, by: &[Dimension], least: u64) -> Table {
        let counted = self.counted.read().unwrap_or_else(PoisonError::into_inner);
        let (cells, left_out) = shown(&counted.cells, by, least);
        Table { size: counted.size, time_ms: counted.time_ms, cells, left_out }
    }
}

/// Adds cells up by some of their dimensions, and leaves out those of fewer than `least` transfers. Nothing that is shown has a part
/// that was left out: sums of what is shown tell no more than what is shown.
fn shown(cells: &BTreeMap<Cell, Sum>, by: &[Dimension], least: u64) -> (Vec<(Cell, Sum)>, bool) {
    let mut groups: BTreeMap<Cell, Sum> = BTreeMap::new();
    for (cell, sum) in cells {
        groups.entry(cell.by(by)).or_default().add(*sum);
    }
    let all = groups.len();
    let shown: Vec<(Cell, Sum)> = groups.into_iter().filter(|(_, sum)| sum.transfers >= least).collect();
    let left_out = shown.len() < all;
    (shown, left_out)
}

impl Counted {
    /// Takes the next entry. Nothing changes if it cannot be read.
    fn take(&mut self, register: &Register, leaf: &[u8]) -> Result<(), TradeError> {
        if let Some(seal) = Seal::peek(leaf) {
            self.close(seal.time_ms.get());
        } else if str::from_utf8(leaf).is_ok_and(|text| MARKS.iter().any(|mark| text.contains(mark)))
            && let Ok(entry) = Entry::parse(leaf)
            && let Some((terms, ordering)) = terms_of(register, &entry)?
            // A leaf that is voided is in the log, and has moved nothing.
            && register.index_of(&entry.id())? == Some(self.size)
        {
            self.waiting.push(cell_of(register, &terms, ordering, self.size)?);
        }
        self.size += 1;
        Ok(())
    }

    /// Counts the transfers of a batch, now that its time is known.
    fn close(&mut self, time_ms: u64) {
        self.time_ms = time_ms;
        let Calendar { year, month, .. } = Calendar::at(time_ms);
        let quarter = u8::try_from((month - 1) / 3 + 1).unwrap_or_default();
        for (cell, amount) in self.waiting.drain(..) {
            let cell = Cell { year: Some(year), quarter: Some(quarter), ..cell };
            self.cells.entry(cell).or_default().add(Sum { transfers: 1, amount: u128::from(amount) });
        }
    }
}

/// Returns the terms on which an entry moves title, and how it was ordered: an offer in the register is an order over a network, and of
/// a transfer that both have signed nobody knows where they agreed on it.
fn terms_of(register: &Register, entry: &Entry) -> Result<Option<(Terms, Ordering)>, TradeError> {
    let mut before = match entry.body() {
        Body::Transfer(terms) => return Ok(Some((terms.clone(), Ordering::NotStated))),
        Body::Accept(accept) => Some(accept.prev),
        _ => return Ok(None),
    };
    // Between an offer and its acceptance, authorities may have put flags on the edition, and let them go.
    while let Some(id) = before {
        let Some(index) = register.index_of(&id)? else { return Ok(None) };
        before = match read(register, index)?.body() {
            Body::Offer(terms) => return Ok(Some((terms.clone(), Ordering::Digital))),
            Body::Flag(flag) => flag.prev,
            Body::Release(release) => Some(release.prev),
            _ => None,
        };
    }
    Ok(None)
}

fn read(register: &Register, index: u64) -> Result<Entry, TradeError> {
    let place = EntryIndex::new(index).ok_or(TradeError::Entry(index))?;
    Entry::parse(&register.log.entry(place)?).map_err(|_| TradeError::Entry(index))
}

/// Returns the cell of a transfer at an index, but for its time, and what was paid if that is told.
fn cell_of(register: &Register, terms: &Terms, ordering: Ordering, index: u64) -> Result<(Cell, u64), TradeError> {
    let (paid, amount) = Paid::of(terms.price.as_ref());
    let (category, facts) = stated(register, &terms.work, index)?;
    let cell = Cell {
        from: Some(terms.from_country.clone()),
        to: Some(terms.to_country.clone()),
        year: None,
        quarter: None,
        category: Some(category),
        domain: Some(facts.fcs.into()),
        delivery: Some(terms.delivery.word()),
        ordering: Some(ordering),
        paid: Some(paid),
    };
    Ok((cell, amount))
}

/// Returns the kind of a work, as its mint states it, and its facts as they were stated last before an index. What is stated later
/// changes no count, so that all who count the same log come to the same.
fn stated(register: &Register, work: &WorkId, before: u64) -> Result<(String, WorkFacts), TradeError> {
    let record: Option<WorkRecord> = register.published().read(&RecordKey::Work(*work))?;
    let WorkRecord { index, amended, .. } = record.ok_or_else(|| Unreadable(format!("work/{work} is not there")))?;
    let entry = read(register, index)?;
    let (_, mint) = minted(&entry).ok_or(TradeError::Entry(index))?;
    let kind = mint.work_kind.to_string();
    let mut newest = amended.map(|amended| amended.newest);
    while let Some(id) = newest {
        // Of a work that was carried over, the register before has the earlier ones.
        let Some(place) = register.index_of(&id)? else { break };
        let entry = read(register, place)?;
        let Body::Amend(amend) = entry.body() else { break };
        if let Some(facts) = amend.facts.clone().filter(|_| place < before) {
            return Ok((kind, facts));
        }
        newest = Some(amend.prev);
    }
    let first = match entry.body() {
        Body::CarryEdition(carry) => carry.work_proof.record.as_ref().and_then(|record| record.facts.as_ref()),
        _ => mint.facts.as_ref(),
    };
    Ok((kind, first.map(|facts| (**facts).clone()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cell::Domain;

    fn cell(from: &str, to: &str, quarter: u8, paid: &str) -> Cell {
        Cell {
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            year: Some(2026),
            quarter: Some(quarter),
            category: Some("digital_image".to_owned()),
            domain: Some(Domain::None),
            delivery: Some("digital"),
            ordering: Some(Ordering::Digital),
            paid: Some(Paid::Open(paid.parse().unwrap())),
        }
    }

    fn cells(of: &[(Cell, u64, u128)]) -> BTreeMap<Cell, Sum> {
        of.iter()
            .map(|(cell, transfers, amount)| (cell.clone(), Sum { transfers: *transfers, amount: *amount }))
            .collect()
    }

    #[test]
    fn a_small_cell_is_left_out_and_no_sum_of_those_shown_tells_of_it() {
        let all = cells(&[
            (cell("CN", "FR", 1, "EUR"), 5, 500),
            (cell("CN", "FR", 2, "EUR"), 4, 77),
            (cell("CN", "IT", 1, "EUR"), 9, 900),
            (cell("FR", "IT", 1, "USD"), 1, 12_345),
        ]);
        let by = [Dimension::From, Dimension::To, Dimension::Quarter, Dimension::Currency];
        let (table, left_out) = shown(&all, &by, 5);
        assert!(left_out);
        assert_eq!(table.iter().map(|(_, sum)| (sum.transfers, sum.amount)).collect::<Vec<_>>(), [(5, 500), (9, 900)]);
        // Coarser cells are counted anew, and judged by what they hold themselves.
        let (table, left_out) = shown(&all, &[Dimension::From, Dimension::Currency], 5);
        assert_eq!((table.len(), table[0].1, left_out), (1, Sum { transfers: 18, amount: 1_477 }, true));
        let (table, left_out) = shown(&all, &[], 1);
        assert_eq!((table.len(), table[0].1.transfers, left_out), (1, 19, false));
    }

    #[test]
    fn the_time_of_a_batch_puts_its_transfers_into_a_quarter() {
        let mut counted = Counted::default();
        // 2026-03-31 and 2026-04-01, at the ends of a day in UTC.
        for (time_ms, quarter) in [(1_774_915_200_000 + 86_399_999, 1), (1_775_001_600_000, 2)] {
            counted.waiting.push((Cell { year: None, quarter: None, ..cell("CN", "FR", 0, "EUR") }, 250));
            counted.close(time_ms);
            let expected = cell("CN", "FR", quarter, "EUR");
            assert_eq!(counted.cells.get(&expected), Some(&Sum { transfers: 1, amount: 250 }), "{time_ms}");
        }
        assert!(counted.waiting.is_empty());
    }
}
