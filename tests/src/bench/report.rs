//! Everything that one run measured: as a table for people, as JSON for what comes after.

use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::bench::figure::Figure;
use crate::binaries::binaries;

/// What one run measured, where and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The time at its end, RFC 3339.
    pub date: String,
    /// Processor, cores, memory, kernel.
    pub machine: String,
    /// The commit that the programs say they were built from, with a `+` behind it if the checkout had changes.
    pub commit: String,
    /// The figures, in the order in which they were measured.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Returns a report of this machine, now.
    pub fn of(figures: Vec<Figure>) -> Report {
        Report {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            machine: machine(),
            commit: commit(&said(Command::new(&binaries().node).arg("--version"))),
            figures,
        }
    }

    /// Reads a report from its JSON.
    pub fn from_json(text: &str) -> Result<Report> {
        Ok(serde_json::from_str(text)?)
    }

    /// Returns the report as JSON.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns the whole table.
    pub fn table(&self) -> String {
        let mut text = format!("Colophon {} · {}\n{}\n", self.commit, self.date, self.machine);
        let mut part = "";
        for figure in &self.figures {
            if figure.part != part {
                part = &figure.part;
                text += &heading(part);
            }
            text += &row(figure);
        }
        text + &self.ending()
    }

    /// Returns the last line of the table: how many targets are reached.
    pub(crate) fn ending(&self) -> String {
        let missed = self.figures.iter().filter(|figure| figure.reached() == Some(false)).count();
        let judged = self.figures.iter().filter(|figure| figure.reached().is_some()).count();
        format!("\n  {} of {judged} targets reached\n", judged - missed)
    }
}

/// Returns the line that opens a part.
pub(crate) fn heading(part: &str) -> String {
    format!("\n{}\n", columns([part, "measured", "the limit beside it", "share", "target", ""]).replacen("  ", "", 1))
}

/// Returns a figure's line.
pub(crate) fn row(figure: &Figure) -> String {
    let limit = figure.limit.as_ref().map(|limit| format!("{}  {}", figure.amount(limit.value), limit.name));
    let share = figure.share().map(|share| format!("{:.0} %", 100.0 * share)).unwrap_or_default();
    let mark = match figure.reached() {
        None => "",
        Some(true) => "✓",
        Some(false) => "✗ missed",
    };
    let measured = figure.amount(figure.value);
    columns([&figure.name, &measured, &limit.unwrap_or_default(), &share, &figure.target_text(), mark]) + "\n"
}

fn columns([name, measured, limit, share, target, mark]: [&str; 6]) -> String {
    let line = format!("  {name:<34} {measured:>14}   {limit:<42} {share:>6}   {target:<10} {mark}");
    line.trim_end().to_owned()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory_gb = number_after(&memory, "MemTotal:") / 1_000_000;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = model.trim_start_matches([':', ' ', '\t']);
    format!("{model}, {cores} cores, {memory_gb} GB, {}", said(Command::new("uname").arg("-sr")))
}

/// Returns the number that follows a word, as in the files below `/proc`.
pub(crate) fn number_after(text: &str, word: &str) -> u64 {
    let mut words = text.split_whitespace().skip_while(|found| *found != word);
    words.nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Returns the commit in what a program says of its version: `colophon-node 0.1.0 (06ea8f1)`.
fn commit(version: &str) -> String {
    let commit = version.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    commit.map_or("of an unknown commit", |(commit, _)| commit).to_owned()
}

/// Returns what a program says, or nothing where there is no such program.
fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure::{Target, Unit};

    fn report() -> Report {
        let fast = Figure::new("reading", "a tile", 900.0, Unit::PerSecond).beside("from memory", 1000.0);
        let slow = Figure::new("reading", "a work", 100.0, Unit::PerSecond).beside("from memory", 1000.0);
        let figures = vec![fast.to_reach(Target::ShareAtLeast(0.6)), slow.to_reach(Target::ShareAtLeast(0.6))];
        Report {
            date: "2026-11-24 00:00 UTC".to_owned(),
            machine: "a machine".to_owned(),
            commit: "abc".to_owned(),
            figures,
        }
    }

    #[test]
    fn a_table_marks_what_is_missed() {
        let table = report().table();
        let line = |name: &str| table.lines().find(|line| line.contains(name)).unwrap().to_owned();
        assert!(line("a tile").ends_with("90 %   ≥ 60 %     ✓"), "{table}");
        assert!(line("a work").ends_with("10 %   ≥ 60 %     ✗ missed"), "{table}");
        assert_eq!(table.matches("measured").count(), 1, "one heading a part");
        assert!(table.ends_with("1 of 2 targets reached\n"), "{table}");
    }

    #[test]
    fn json_comes_back_as_it_was() {
        let report = report();
        assert_eq!(Report::from_json(&report.to_json().unwrap()).unwrap(), report);
        assert!(Report::from_json("{}").is_err());
    }

    #[test]
    fn numbers_are_found_behind_their_word() {
        assert_eq!(number_after("VmHWM:\t  120 kB\nVmRSS:\t  100 kB\n", "VmRSS:"), 100);
        assert_eq!(number_after("VmHWM:\t  120 kB", "VmRSS:"), 0);
    }

    #[test]
    fn a_program_says_which_commit_it_is_of() {
        assert_eq!(commit("colophon-node 0.1.0 (06ea8f1+)"), "06ea8f1+");
        assert_eq!(commit("colophon-node 0.1.0"), "of an unknown commit");
    }
}
