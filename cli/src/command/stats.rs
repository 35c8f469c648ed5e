//! `colophon stats`: how often title has moved, and for how much, by corridor, time and kind; as a table, CSV or Parquet.

mod chart;
mod csv_file;
mod parquet_file;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, value_parser};
use colophon_client::stats::{Dimension, Hidden, Ordering, Paid, Stats, StatsCell};
use colophon_ledger::deal::Money;
use colophon_ledger::field::Int;
use serde::Serialize;

use crate::codes::money;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::create_shared_file;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::{count, time};

/// What stands for standard output.
const STDOUT: &str = "-";
/// How far columns stand apart.
const COLUMN_GAP: &str = "  ";

/// Arguments of `colophon stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// What to tell transfers apart by, with commas: from, to, year, quarter, category, domain, delivery, ordering, currency
    #[arg(long, value_name = "WORDS", value_delimiter = ',', value_parser = dimension, default_value = "from,to,year,currency")]
    by: Vec<Dimension>,
    /// Leave out cells of fewer transfers than this
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u64).range(1..=1_000_000))]
    k: u64,
    /// Write the cells to this file as CSV, or with - to standard output in the place of the table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the cells to this file as Parquet, or with - to standard output in the place of the table
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    parquet: Option<PathBuf>,
}

fn dimension(text: &str) -> Result<Dimension, Failure> {
    text.trim().to_ascii_lowercase().parse().map_err(|_| {
        let words: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.word()).collect();
        Failure::usage(
            format!("{text:?} is nothing that transfers are told apart by"),
            format!("take some of {}", words.join(", ")),
        )
    })
}

pub(super) fn run(args: &StatsArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let mut by = args.by.clone();
    by.sort_unstable();
    by.dedup();
    let stats = context.wait_for(client.stats(&by, args.k))?.map_err(Failure::of_reading)?;
    let table = Table { origin: client.rules().register.origin.to_string(), stats };
    let file = match (&args.csv, &args.parquet) {
        (Some(path), _) => Some((path, csv_file::bytes(&table)?)),
        (None, Some(path)) => Some((path, parquet_file::bytes(&table)?)),
        (None, None) => None,
    };
    if let Some((path, bytes)) = file {
        if path == Path::new(STDOUT) {
            context.ui.bytes(&bytes)?;
            return Ok(Exit::Done);
        }
        create_shared_file(path, &bytes)?;
        context.ui.note(format_args!(
            "{} written to {}",
            count(table.stats.cells.len() as u64, "cell"),
            path.display()
        ));
    }
    context.ui.answer(&table)?;
    Ok(Exit::Done)
}

/// The table, as it is told.
#[derive(Serialize)]
struct Table {
    /// The register.
    origin: String,
    #[serde(flatten)]
    stats: Stats,
}

/// Returns what stands in a cell under one dimension.
fn word_of(cell: &StatsCell, dimension: Dimension) -> String {
    let text = |text: Option<String>| text.unwrap_or_default();
    match dimension {
        Dimension::From => text(cell.from.as_ref().map(ToString::to_string)),
        Dimension::To => text(cell.to.as_ref().map(ToString::to_string)),
        Dimension::Year => text(cell.year.map(|year| year.to_string())),
        Dimension::Quarter => text(cell.quarter.map(|quarter| quarter.to_string())),
        Dimension::Category => text(cell.category.as_ref().map(ToString::to_string)),
        Dimension::Domain => text(cell.domain.as_ref().map(ToString::to_string)),
        Dimension::Delivery => text(cell.delivery.map(|delivery| delivery.word().to_owned())),
        Dimension::Ordering => {
            let word = |ordering| match ordering {
                Ordering::Digital => "digital",
                Ordering::NotStated => "not_stated",
            };
            text(cell.ordering.map(|ordering| word(ordering).to_owned()))
        }
        Dimension::Currency => text(cell.currency.as_ref().map(currency)),
    }
}

fn currency(paid: &Paid) -> String {
    match paid {
        Paid::Open(code) => code.to_string(),
        Paid::Hidden(Hidden::Committed) => "committed".to_owned(),
        Paid::Hidden(Hidden::NotStated) => "not_stated".to_owned(),
    }
}

/// Returns an amount as people write it, without its currency.
fn amount_of(cell: &StatsCell) -> Option<String> {
    let Some(Paid::Open(code)) = &cell.currency else { return None };
    let money = Money { amount: Int::new(cell.amount?)?, currency: code.clone() };
    let shown = money::Shown(&money).to_string();
    Some(shown.split_once(' ').map_or(shown.clone(), |(amount, _)| amount.to_owned()))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { size, time_ms, k, by, cells, transfers, left_out } = &self.stats;
        let mut sheet = Sheet::new();
        let heading = match cells.len() as u64 {
            0 => "no cell has enough transfers to be shown".to_owned(),
            cells => format!("{} in {}", count(*transfers, "transfer"), count(cells, "cell")),
        };
        sheet.heading("·", Tone::Good, &heading);
        sheet.fmt(f)?;
        if !cells.is_empty() {
            writeln!(f)?;
            rows(f, by, cells)?;
            writeln!(f)?;
            chart::draw(f, by, cells)?;
        }
        let mut sheet = Sheet::new();
        sheet.gap();
        if *k > 1 {
            let some = if *left_out { "cells of fewer are left out" } else { "none had fewer" };
            sheet.row("at least", &format!("{} a cell; {some}, and no sum has a part that is", count(*k, "transfer")));
        }
        sheet.row("amounts", "of open prices alone; one that is committed to is counted, and never added");
        sheet.row("as of", &format!("{size} entries of {}, operator's time {}", self.origin, time(*time_ms)));
        sheet.row("", "the node's word; whoever replays the log can count again");
        if *k > 1 {
            sheet.row(
                "not hidden",
                "the log itself is public, and tables of other cells or times can be compared with this one",
            );
        }
        sheet.fmt(f)
    }
}

/// Writes the cells in columns: words to the left, numbers to the right.
fn rows(f: &mut fmt::Formatter<'_>, by: &[Dimension], cells: &[StatsCell]) -> fmt::Result {
    let has_amounts = by.contains(&Dimension::Currency);
    let mut table: Vec<Vec<String>> = vec![by.iter().map(|dimension| dimension.word().to_owned()).collect()];
    table.extend(cells.iter().map(|cell| by.iter().map(|dimension| word_of(cell, *dimension)).collect()));
    let numbers = |cell: &StatsCell| {
        let amount = has_amounts.then(|| amount_of(cell).unwrap_or_default());
        std::iter::once(cell.transfers.to_string()).chain(amount)
    };
    let titles = ["transfers", "amount"].into_iter().take(1 + usize::from(has_amounts)).map(str::to_owned);
    if let Some(first) = table.first_mut() {
        first.extend(titles);
    }
    for (row, cell) in table.iter_mut().skip(1).zip(cells) {
        row.extend(numbers(cell));
    }
    let width =
        |column: usize| table.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..table.first().map_or(0, Vec::len)).map(width).collect();
    for row in &table {
        let line: String = row
            .iter()
            .zip(&widths)
            .enumerate()
            .flat_map(|(column, (text, width))| {
                let aligned = if column < by.len() { format!("{text:width$}") } else { format!("{text:>width$}") };
                [COLUMN_GAP.to_owned(), aligned]
            })
            .collect();
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

impl Answer for Table {
    const SCHEMA: &'static str = "colophon.stats/v1";
}

#[cfg(test)]
mod sample {
    use super::*;

    /// A table of three cells.
    pub(super) fn table() -> Table {
        let cell = |from: &str, to: &str, paid: &str, transfers, amount| StatsCell {
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            year: Some(2026),
            quarter: None,
            category: None,
            domain: None,
            delivery: None,
            ordering: None,
            currency: Some(serde_json::from_value(paid.into()).unwrap()),
            transfers,
            amount,
        };
        let by = vec![Dimension::From, Dimension::To, Dimension::Year, Dimension::Currency];
        let cells = vec![
            cell("CN", "FR", "EUR", 12, Some(1_500_000)),
            cell("CN", "FR", "committed", 6, None),
            cell("FR", "IT", "JPY", 5, Some(42)),
        ];
        let stats = Stats { size: 120, time_ms: 1_795_000_000_000, k: 5, by, cells, transfers: 23, left_out: true };
        Table { origin: "registry.example/art".to_owned(), stats }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_in_columns_and_says_what_it_hides() {
        let text = sample::table().to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "· 23 transfers in 3 cells");
        assert_eq!(lines[2], "  from  to  year  currency   transfers    amount");
        assert_eq!(lines[3], "  CN    FR  2026  EUR               12  15000.00");
        assert_eq!(lines[4], "  CN    FR  2026  committed          6");
        assert_eq!(lines[5], "  FR    IT  2026  JPY                5        42");
        let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("cells of fewer are left out, and no sum has a part that is"), "{text}");
        assert!(told.contains("the log itself is public"), "{text}");
    }

    #[test]
    fn what_is_told_apart_is_read_by_its_words() {
        assert_eq!(dimension(" Quarter ").unwrap(), Dimension::Quarter);
        assert!(dimension("price").unwrap_err().cure().starts_with("take some of from, to, year"));
    }
}
