//! The measurements of `make bench`: a real node over real HTTP, each figure beside what the machine itself can do.

mod borders;
mod chart;
mod checking;
mod entries;
pub mod figure;
mod handlers;
mod large;
mod limits;
mod load;
mod node;
pub mod options;
mod pictures;
mod reading;
pub mod report;
mod submitting;
mod syncing;
pub mod wire;
mod works;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::bench::figure::{Figure, Unit};
use crate::bench::handlers::Handlers;
use crate::bench::node::View;
use crate::bench::options::{Options, Part, Sizes};
use crate::bench::report::Report;

/// Does what the command line asks: mostly, measures and prints one table.
pub fn run(options: &Options) -> Result<()> {
    if options.handlers {
        return handlers::serve();
    }
    let report = if options.show { read(options)? } else { measure(options)? };
    if let Some(path) = &options.chart {
        std::fs::write(path, chart::draw(&report)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn read(options: &Options) -> Result<Report> {
    let report = |path: &Path| {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Report::from_json(&text)
    };
    let mut shown = report(&options.json)?;
    if let Some(other) = &options.and {
        shown.figures.extend(report(other)?.figures);
    }
    print!("{}", shown.table());
    Ok(shown)
}

fn measure(options: &Options) -> Result<Report> {
    let mut bench =
        Bench { options: options.clone(), sizes: options.sizes(), handlers: Handlers::start()?, figures: Vec::new() };
    bench.machine()?;
    for view in bench.views(&[View::Sled, View::Fjall])? {
        if options.wants(Part::Single) {
            submitting::single(&mut bench, view)?;
        }
        if options.wants(Part::Many) {
            submitting::many(&mut bench, view)?;
        }
    }
    if options.wants(Part::Borders) {
        borders::measure(&mut bench)?;
    }
    if options.wants(Part::Reading) {
        reading::measure(&mut bench)?;
    }
    if options.wants(Part::Checking) {
        checking::measure(&mut bench)?;
    }
    if options.wants(Part::Works) {
        works::measure(&mut bench)?;
    }
    let mut grown = None;
    if options.wants(Part::Large) {
        for view in bench.views(&[View::Fjall])? {
            grown = Some(large::measure(&mut bench, view)?);
        }
    }
    if options.wants(Part::Syncing) {
        let register = grown.map_or_else(|| syncing::register(&bench), Ok)?;
        syncing::measure(&mut bench, &register)?;
    }
    let report = Report::of(bench.figures);
    if let Some(folder) = options.json.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.json, report.to_json()?).with_context(|| options.json.display().to_string())?;
    print!("{}", report.ending());
    Ok(report)
}

/// One run: what to measure, what to hold it against, what has been measured.
pub(crate) struct Bench {
    options: Options,
    sizes: Sizes,
    handlers: Handlers,
    figures: Vec<Figure>,
}

impl Bench {
    /// Takes a figure and prints it.
    fn tell(&mut self, figure: Figure) {
        if self.figures.last().is_none_or(|last| last.part != figure.part) {
            print!("{}", report::heading(&figure.part));
        }
        print!("{}", report::row(&figure));
        self.figures.push(figure);
    }

    fn machine(&mut self) -> Result<()> {
        let (part, time, cores) = ("the machine", self.sizes.time_max, limits::cores()?);
        self.tell(Figure::new(part, "SHA-256, one core", limits::sha256_mb_s(time), Unit::MegabytesPerSecond));
        self.tell(Figure::new(part, "verify_strict, one core", limits::verify_s(1, time), Unit::PerSecond));
        let name = format!("verify_strict, {cores} cores");
        self.tell(Figure::new(part, name, limits::verify_s(cores, time), Unit::PerSecond));
        self.tell(Figure::new(part, "700 bytes and an fdatasync", limits::syncs_s(time)?, Unit::PerSecond));
        Ok(())
    }

    /// Returns how many entries the large register gets, in requests of so many.
    fn large_entries(&self, each: usize) -> usize {
        let least = 4 * each;
        let entries = if self.options.quick { least } else { self.options.entries.max(least) };
        entries.next_multiple_of(each)
    }

    /// Returns the engines to measure with: those of `usual`, or those asked for, as far as the node has them.
    fn views(&self, usual: &[View]) -> Result<Vec<View>> {
        let wanted = if self.options.view.is_empty() { usual } else { &self.options.view };
        let has = View::all()?;
        Ok(wanted.iter().copied().filter(|view| has.contains(view)).collect())
    }
}

/// Returns the one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }
}
