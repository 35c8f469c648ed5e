//! A rule set tried on every crossing of a register so far, before its governors publish it.

mod scratch;

use std::fmt;
use std::io;
use std::path::Path;

use colophon_ledger::crossing::candidate::Candidate;
use colophon_ledger::crossing::rehearsal::{NAMED_MAX, Named, Rehearsal, Tally};
use colophon_ledger::replay::ReplayError;
use colophon_storage::published::{Published, PublishedError};

use crate::govern::Standing;
use scratch::Scratch;

/// Why a rule set could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// The log cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// The log is not by the rules.
    #[error("the log: {0}; run `colophon-node fsck`")]
    Replay(#[from] ReplayError),
    /// The records find no room beside the log.
    #[error("the records cannot be kept in the system's folder for temporary files: {0}; make room, or set TMPDIR")]
    Scratch(#[from] io::Error),
}

/// What a rule set would have done, in words for governors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed(pub Tally);

/// Tries a rule set on every crossing of the register in `dir`, each by what was known at its own time. Tells `progress` how many
/// entries of how many it has read.
pub fn rehearse(
    dir: &Path,
    standing: &Standing,
    candidate: Candidate,
    mut progress: impl FnMut(u64, u64),
) -> Result<Rehearsed, RehearseError> {
    let published = Published::of(dir)?;
    let size = published.checkpoint().size.get();
    let mut candidate = Some(candidate);
    let mut rehearsal: Option<Rehearsal<Scratch>> = None;
    let mut read = 0;
    published.each_leaf::<RehearseError>(|leaf| {
        if let Some(candidate) = candidate.take() {
            rehearsal = Some(Rehearsal::begin(leaf, standing.void_lists(), Scratch::new()?, candidate)?);
        }
        if let Some(rehearsal) = &mut rehearsal {
            rehearsal.leaf(leaf.to_vec())?;
        }
        read += 1;
        progress(read, size);
        Ok(())
    })?;
    Ok(Rehearsed(rehearsal.map(Rehearsal::into_tally).unwrap_or_default()))
}

impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rehearsed(tally) = self;
        let refused = grouped(tally.refused);
        writeln!(f, "Tried on every crossing so far: would have refused {refused} of {}", crossings(tally))?;
        if tally.held > 0 {
            writeln!(f, "  and let {} wait for a document", grouped(tally.held))?;
        }
        for (rule, count) in &tally.rules {
            writeln!(f, "  {rule} stands in the way of {}", grouped(*count))?;
        }
        for Named { index, work, edition, holds, rules, .. } in &tally.named {
            let does = if *holds { "waits" } else { "refused" };
            writeln!(f, "  index {index}: edition {edition} of {work}, {does} by {}", rules.join(", "))?;
        }
        if tally.stopped() > NAMED_MAX as u64 {
            writeln!(f, "  and {} more", grouped(tally.stopped() - NAMED_MAX as u64))?;
        }
        if tally.unattested > 0 {
            let passed = grouped(tally.unattested);
            writeln!(f, "  {passed} would have passed because nobody was enrolled then to attest what it asks for")?;
        }
        f.write_str("Nothing of this changes: rules judge what comes after them")
    }
}

/// Says what there was: transfers always, what is rarer if there was any.
fn crossings(tally: &Tally) -> String {
    let counted = |number: u64, word: &str| format!("{} {word}{}", grouped(number), if number == 1 { "" } else { "s" });
    let transfers = counted(tally.transfers, "transfer");
    match (tally.moves, tally.transmissions) {
        (0, 0) => transfers,
        (moves, 0) => format!("{transfers} and {}", counted(moves, "move")),
        (0, transmissions) => format!("{transfers} and {}", counted(transmissions, "transmission")),
        (moves, transmissions) => {
            format!("{transfers}, {} and {}", counted(moves, "move"), counted(transmissions, "transmission"))
        }
    }
}

/// Returns a number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::field::Digest;

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        let told = [0, 7, 999, 1_000, 1_204, 1_000_000].map(grouped);
        assert_eq!(told, ["0", "7", "999", "1 000", "1 204", "1 000 000"]);
    }

    #[test]
    fn governors_are_told_how_many_which_and_by_which_rule() {
        let work = Digest(colophon_tlog::hash::sha256(b"work"));
        let named =
            Named { index: 17, entry: work, work, edition: 1, holds: false, rules: vec!["LAW/licence".to_owned()] };
        let tally = Tally {
            transfers: 1_204,
            moves: 1,
            transmissions: 0,
            refused: 101,
            held: 0,
            unattested: 1,
            rules: [("LAW/licence".to_owned(), 101)].into(),
            named: vec![named; NAMED_MAX],
        };
        let all = crossings(&Tally { transmissions: 20, ..tally.clone() });
        assert_eq!(all, "1 204 transfers, 1 move and 20 transmissions");
        assert_eq!(
            crossings(&Tally { transfers: 1, transmissions: 1, ..Tally::default() }),
            "1 transfer and 1 transmission"
        );
        assert_eq!(crossings(&Tally::default()), "0 transfers");
        let told = Rehearsed(tally).to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "Tried on every crossing so far: would have refused 101 of 1 204 transfers and 1 move");
        assert_eq!(lines[1], "  LAW/licence stands in the way of 101");
        assert_eq!(lines[2], format!("  index 17: edition 1 of {work}, refused by LAW/licence"));
        assert_eq!(lines[NAMED_MAX + 2], "  and 1 more");
        assert!(lines[NAMED_MAX + 3].starts_with("  1 would have passed because nobody was enrolled then"));
    }
}
