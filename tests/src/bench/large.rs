//! A register that has grown: how fast it still takes entries, what it holds in memory and on disk, how soon it starts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::bench::Bench;
use crate::bench::entries::Artists;
use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::{Arrival, Load, count, rate_s};
use crate::bench::node::{View, authority, bytes_on_disk, mega, memory_mb, recorded, start};
use crate::bench::submitting::{CONNECTIONS_MANY, MANY_KEPT_OF};
use crate::bench::{limits, wire};
use crate::node::Node;

/// How many entries a request carries.
pub(crate) const ENTRIES_EACH: usize = 500;
/// How many entries the first and the last part have, whose rates are compared.
const PART_ENTRIES: usize = 50_000;
/// Of which share of all entries each part has at most, where there are few.
const PART_SHARE: usize = 4;

/// Returns the register when all of it is measured, running.
pub(crate) fn measure(bench: &mut Bench, view: View) -> Result<Node> {
    let entries = bench.large_entries(ENTRIES_EACH);
    let part = format!("{} entries, {}", Figure::thousands(count(entries)), view.name());
    let mut node = start(view);
    let own_bytes = ingest(bench, &part, &node, entries)?;
    memory(bench, &part, view, &node)?;
    node.terminate();
    disk(bench, &part, &node, entries, own_bytes)?;

    let begun = Instant::now();
    node.start();
    let started = Figure::new(&part, "a new start, until it answers", begun.elapsed().as_secs_f64(), Unit::Seconds);
    bench.tell(started.to_reach(Target::AtMost(5.0)));
    let (now_mb, _) = memory_mb(&node)?;
    bench.tell(Figure::new(&part, "memory after the start", now_mb, Unit::Megabytes));
    Ok(node)
}

/// Submits the entries, signed before, and returns how many bytes they are by themselves.
fn ingest(bench: &mut Bench, part: &str, node: &Node, entries: usize) -> Result<u64> {
    let artists = Artists::at(node)?;
    let requests = Arc::new(artists.requests_of_many("large", entries, ENTRIES_EACH)?);
    let limit = limits::verify_s(limits::cores()?, bench.sizes.time_max);
    let load = Load { time_max: Duration::MAX, ..bench.load(&requests, 1, CONNECTIONS_MANY, MANY_KEPT_OF) };
    let measured = load.send(authority(node))?;
    let taken = recorded(node);
    ensure!(taken == u64::try_from(entries)?, "{entries} entries were sent and answered, {taken} recorded");
    artists.check_many(&requests, &measured, node)?;

    let each = (PART_ENTRIES / ENTRIES_EACH).min(requests.len() / PART_SHARE);
    let (first, last) = ends(&measured.arrivals, each).context("too few entries for a beginning and an end")?;
    let figure =
        |name: &str, requests_s: f64| Figure::new(part, name, requests_s * count(ENTRIES_EACH), Unit::PerSecond);
    bench.tell(figure("taken, all", measured.rate_s()).beside("verify_strict, all cores", limit));
    let begin = figure(&format!("taken, the first {}", Figure::thousands(count(each * ENTRIES_EACH))), first);
    let end = figure(&format!("taken, the last {}", Figure::thousands(count(each * ENTRIES_EACH))), last);
    let end = end.beside("the first as many", begin.value).to_reach(Target::ShareAtLeast(0.8));
    bench.tell(begin.beside("verify_strict, all cores", limit));
    bench.tell(end);
    let request: serde_json::Value = serde_json::from_slice(wire::body_of(requests.first().context("a request")?))?;
    let first_entries = request["entries"].as_array().context("entries")?;
    let bytes: usize = first_entries.iter().filter_map(|entry| entry["entry"].as_str()).map(str::len).sum();
    Ok(u64::try_from(bytes * requests.len())?)
}

/// Returns the rates of the first and of the last so many arrivals.
fn ends(arrivals: &[Arrival], each: usize) -> Option<(f64, f64)> {
    let (first, _) = arrivals.split_at_checked(each)?;
    let (before, last) = arrivals.split_at_checked(arrivals.len().checked_sub(each)?)?;
    Some((rate_s(first, Duration::ZERO), rate_s(last, before.last()?.at)))
}

fn memory(bench: &mut Bench, part: &str, view: View, node: &Node) -> Result<()> {
    let (now_mb, peak_mb) = memory_mb(node)?;
    let most = if view == View::Fjall { 700.0 } else { 1_500.0 };
    bench.tell(Figure::new(part, "memory at the end", now_mb, Unit::Megabytes));
    bench.tell(Figure::new(part, "memory at its peak", peak_mb, Unit::Megabytes).to_reach(Target::AtMost(most)));
    Ok(())
}

fn disk(bench: &mut Bench, part: &str, node: &Node, entries: usize, own_bytes: u64) -> Result<()> {
    let each = |bytes: u64| mega(bytes) * 1e6 / count(entries);
    let log = each(bytes_on_disk(&node.dir(), &["entries.log", "tile.", "commits"])?);
    let view = each(bytes_on_disk(&node.dir(), &["view"])?);
    let log_figure = Figure::new(part, "the log on disk, an entry", log, Unit::BytesPerEntry);
    bench.tell(log_figure.beside("the entry itself", each(own_bytes)).to_reach(Target::ShareAtMost(1.1)));
    let view_figure = Figure::new(part, "the view on disk, an entry", view, Unit::BytesPerEntry);
    bench.tell(view_figure.beside("the log on disk", log).to_reach(Target::ShareAtMost(0.6)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_are_measured_apart() {
        let at = |ms: u64| Arrival { at: Duration::from_millis(ms), wait: Duration::ZERO };
        let arrivals = [10, 20, 40, 60, 160, 260].map(at);
        let (first, last) = ends(&arrivals, 2).unwrap();
        assert!((first - 100.0).abs() < 1e-6);
        assert!((last - 10.0).abs() < 1e-6);
        assert!(ends(&arrivals, 7).is_none());
    }
}
