//! A figure, the limit measured beside it, and what it should reach.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The heading it stands under.
    pub part: String,
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: Unit,
    /// What this machine could do at best, measured in the same run.
    pub limit: Option<Limit>,
    /// What is to be reached.
    pub target: Option<Target>,
}

/// What a figure is held against, in the figure's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
}

/// What a figure should reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// At least this share of the limit.
    ShareAtLeast(f64),
    /// At most this share of the limit.
    ShareAtMost(f64),
    /// At most this much.
    AtMost(f64),
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things a second.
    PerSecond,
    /// Entries.
    Entries,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Megabytes a second.
    MegabytesPerSecond,
    /// Megabytes.
    Megabytes,
    /// Bytes for each entry.
    BytesPerEntry,
}

impl Figure {
    /// Returns a figure that stands alone.
    pub fn new(part: &str, name: impl Into<String>, value: f64, unit: Unit) -> Figure {
        Figure { part: part.to_owned(), name: name.into(), value, unit, limit: None, target: None }
    }

    /// Puts the limit beside it.
    #[must_use]
    pub fn beside(mut self, name: impl Into<String>, value: f64) -> Figure {
        self.limit = Some(Limit { name: name.into(), value });
        self
    }

    /// Says what it should reach.
    #[must_use]
    pub fn to_reach(mut self, target: Target) -> Figure {
        self.target = Some(target);
        self
    }

    /// Returns which share of the limit it is, if there is one that is not nothing.
    pub fn share(&self) -> Option<f64> {
        self.limit.as_ref().filter(|limit| limit.value > 0.0).map(|limit| self.value / limit.value)
    }

    /// Returns whether it reaches its target, if it has one that can be judged.
    pub fn reached(&self) -> Option<bool> {
        match self.target? {
            Target::ShareAtLeast(least) => self.share().map(|share| share >= least),
            Target::ShareAtMost(most) => self.share().map(|share| share <= most),
            Target::AtMost(most) => Some(self.value <= most),
        }
    }

    /// Writes the figure, or another amount of the same unit, as people read it.
    pub fn amount(&self, value: f64) -> String {
        let number = if value >= 100.0 { grouped(value) } else { format!("{value:.*}", decimals(value)) };
        format!("{number} {}", self.unit)
    }

    /// Writes a whole number with a space before every three digits.
    pub fn thousands(value: f64) -> String {
        grouped(value)
    }

    /// Writes the target.
    pub fn target_text(&self) -> String {
        match self.target {
            None => String::new(),
            Some(Target::ShareAtLeast(least)) => format!("≥ {:.0} %", 100.0 * least),
            Some(Target::ShareAtMost(most)) => format!("≤ {:.0} %", 100.0 * most),
            Some(Target::AtMost(most)) if most.fract() == 0.0 => format!("≤ {} {}", grouped(most), self.unit),
            Some(Target::AtMost(most)) => format!("≤ {}", self.amount(most)),
        }
    }
}

fn decimals(value: f64) -> usize {
    if value >= 10.0 { 1 } else { 2 }
}

/// Writes a whole number with a space before every three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::PerSecond => "/s",
            Unit::Entries => "entries",
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::MegabytesPerSecond => "MB/s",
            Unit::Megabytes => "MB",
            Unit::BytesPerEntry => "B",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_held_against_its_target() {
        let figure = |value| Figure::new("part", "name", value, Unit::PerSecond).beside("limit", 1000.0);
        assert_eq!(figure(500.0).to_reach(Target::ShareAtLeast(0.5)).reached(), Some(true));
        assert_eq!(figure(499.0).to_reach(Target::ShareAtLeast(0.5)).reached(), Some(false));
        assert_eq!(figure(1100.0).to_reach(Target::ShareAtMost(1.1)).reached(), Some(true));
        assert_eq!(figure(1101.0).to_reach(Target::ShareAtMost(1.1)).reached(), Some(false));
        assert_eq!(figure(1.0).reached(), None);
    }

    #[test]
    fn what_cannot_be_judged_is_not() {
        let alone = Figure::new("part", "name", 3.0, Unit::Milliseconds);
        assert_eq!((alone.share(), alone.reached()), (None, None));
        assert_eq!(alone.clone().to_reach(Target::ShareAtLeast(0.5)).reached(), None);
        assert_eq!(alone.clone().beside("nothing", 0.0).share(), None);
        assert_eq!(alone.clone().to_reach(Target::AtMost(3.0)).reached(), Some(true));
        assert_eq!(alone.to_reach(Target::AtMost(2.9)).reached(), Some(false));
    }

    #[test]
    fn amounts_are_written_for_people() {
        let figure = Figure::new("part", "name", 0.0, Unit::PerSecond);
        assert_eq!(figure.amount(1_234_567.8), "1\u{a0}234\u{a0}568 /s");
        assert_eq!(figure.amount(12.34), "12.3 /s");
        assert_eq!(figure.amount(1.234), "1.23 /s");
        assert_eq!(figure.clone().to_reach(Target::ShareAtLeast(0.5)).target_text(), "≥ 50 %");
        let time = Figure { unit: Unit::Milliseconds, ..figure };
        assert_eq!(time.clone().to_reach(Target::AtMost(3.0)).target_text(), "≤ 3 ms");
        assert_eq!(time.to_reach(Target::AtMost(1.5)).target_text(), "≤ 1.50 ms");
    }
}
