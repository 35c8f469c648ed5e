//! The measurements of `make bench`: the machine's limits first, then a real node over real HTTP.

mod limits;
mod load;

use std::time::Instant;

use anyhow::Result;

use crate::bench::load::Load;
use crate::minting::Minter;
use crate::node::Node;

/// How many entries each single-entry measurement submits.
const ENTRIES: usize = 6_000;
/// How many entries a request of many carries.
const ENTRIES_A_REQUEST: usize = 500;

/// Measures everything and prints one table. Entries are signed before the clock starts.
pub fn run() -> Result<()> {
    let machine = limits::measure()?;
    println!("what the machine can do");
    row("SHA-256, one core", &format!("{:.0} MB/s", machine.hashed_mb), "");
    row("verify_strict, all cores", &format!("{:.0} a second", machine.verified), "");
    row("700 bytes and an fdatasync", &format!("{:.0} a second", machine.synced), "");

    let node = Node::start_new("bench.example/log");
    let minter = Minter::new("bench", &node);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("\none entry a request, answered with a receipt");
    for connections in [1, 16, 64, 256] {
        let count = if connections == 1 { ENTRIES / 6 } else { ENTRIES };
        let load = Load::prepare(&minter, &format!("single {connections}"), count);
        let measured = runtime.block_on(load.single(node.url(), connections))?;
        let share = format!("{:.0} % of verify_strict", 100.0 * measured.rate_s / machine.verified);
        let figures =
            format!("{:.0} a second, p50 {:.1} ms, p99 {:.1} ms", measured.rate_s, measured.p50_ms, measured.p99_ms);
        row(&format!("{connections} connections"), &figures, &share);
    }
    println!("\nmany entries a request");
    let load = Load::prepare(&minter, "many", ENTRIES * 2);
    let rate_s = runtime.block_on(load.many(node.url(), ENTRIES_A_REQUEST))?;
    let share = format!("{:.0} % of verify_strict", 100.0 * rate_s / machine.verified);
    row(&format!("{ENTRIES_A_REQUEST} a request"), &format!("{rate_s:.0} entries a second"), &share);

    println!("\nreading");
    let (entry, _) = minter.mint("single 16 0");
    for (name, path) in [
        ("a work with its proofs", format!("/v1/works/{}", entry.id())),
        ("a certificate", format!("/v1/works/{}/certificate", entry.id())),
        ("a tile", "/tile/0/000".to_owned()),
    ] {
        let rate_s = runtime.block_on(load::reads(node.url(), &path, 2_000))?;
        row(name, &format!("{rate_s:.0} a second"), "");
    }
    let log = node.vkey().parse()?;
    let certificate = node.get(&format!("/v1/works/{}/certificate", entry.id())).body;
    let (rounds, begun) = (100, Instant::now());
    for _ in 0..rounds {
        colophon_ledger::certificate::Certificate::parse(&certificate)?.verify(&log)?;
    }
    let took_ms = begun.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds);
    row("checking a certificate", &format!("{took_ms:.2} ms"), "");
    Ok(())
}

fn row(name: &str, figure: &str, share: &str) {
    println!("  {name:<28} {figure:<46} {share}");
}
