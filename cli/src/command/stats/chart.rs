//! A chart in the terminal: a bar for each corridor, as long as it has transfers.

use std::collections::BTreeMap;
use std::fmt;

use colophon_client::stats::{Dimension, StatsCell};

use super::word_of;

/// How many bars are drawn, the longest.
const BARS_MAX: usize = 10;
/// How long the longest is.
const BAR_COLUMNS: u64 = 40;

/// Draws the longest bars, by corridor where cells are told apart by one, else by whatever they are told apart by first.
pub(super) fn draw(f: &mut fmt::Formatter<'_>, by: &[Dimension], cells: &[StatsCell]) -> fmt::Result {
    let mut bars: Vec<(String, u64)> = sums(by, cells).into_iter().collect();
    bars.sort_by(|(one, ones), (other, others)| others.cmp(ones).then(one.cmp(other)));
    bars.truncate(BARS_MAX);
    let most = bars.first().map_or(1, |(_, transfers)| *transfers).max(1);
    let width = bars.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    for (label, transfers) in &bars {
        let columns = usize::try_from((transfers * BAR_COLUMNS / most).max(1)).unwrap_or_default();
        writeln!(f, "  {label:width$}  {} {transfers}", "█".repeat(columns))?;
    }
    Ok(())
}

fn sums(by: &[Dimension], cells: &[StatsCell]) -> BTreeMap<String, u64> {
    let corridor = [Dimension::From, Dimension::To];
    let is_corridor = corridor.iter().all(|dimension| by.contains(dimension));
    let labels = if is_corridor { &corridor[..] } else { by.get(..1).unwrap_or_default() };
    let mut sums = BTreeMap::new();
    for cell in cells {
        let words: Vec<String> = labels.iter().map(|dimension| word_of(cell, *dimension)).collect();
        let label = if words.is_empty() { "all".to_owned() } else { words.join(" → ") };
        *sums.entry(label).or_default() += cell.transfers;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::stats::sample;

    struct Chart;

    impl fmt::Display for Chart {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let table = sample::table();
            draw(f, &table.stats.by, &table.stats.cells)
        }
    }

    #[test]
    fn a_corridor_has_one_bar_and_the_longest_comes_first() {
        let text = Chart.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("  CN → FR  {} 18", "█".repeat(40)));
        assert_eq!(lines[1], format!("  FR → IT  {} 5", "█".repeat(11)));
        assert_eq!(lines.len(), 2);
    }
}
