//! Reads over HTTP: tiles beside a handler that answers as much from memory, works with their proofs, certificates.

use std::sync::Arc;

use anyhow::Result;

use crate::bench::entries::Artists;
use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::Measured;
use crate::bench::node::{View, authority, start};
use crate::bench::submitting::{CONNECTIONS_MANY, MANY_KEPT_OF};
use crate::bench::{Bench, handlers, median, wire};
use crate::minting::{Minter, register_of};

const PART: &str = "reading";
/// How many entries there are to read.
const ENTRIES: usize = 5_000;
/// How many works are asked for, in turn.
const WORKS: usize = 100;

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let node = start(View::Sled);
    let minter = Minter::at("author", register_of(&node));
    let works: Vec<_> = (0..WORKS).map(|number| minter.mint(&format!("work {number}")).0).collect();
    for work in &works {
        node.post("/v1/entries", "text/plain", work.to_bytes());
    }
    let others = Arc::new(Artists::at(&node)?.requests_of_many("others", ENTRIES, 500)?);
    bench.load(&others, 1, CONNECTIONS_MANY, MANY_KEPT_OF).send(authority(&node))?;

    for connections in [16, 64] {
        tiles(bench, authority(&node), connections)?;
    }
    let look_ups = works.iter().map(|work| wire::get(&format!("/v1/works/{}", work.id()))).collect();
    let certificates = works.iter().map(|work| wire::get(&format!("/v1/works/{}/certificate", work.id()))).collect();
    for (name, requests) in [("a work with its proofs", look_ups), ("a certificate", certificates)] {
        // No more connections than certificates are made at the same time.
        let measured = repeat(bench, &Arc::new(requests), 4, authority(&node))?;
        bench.tell(Figure::new(PART, format!("{name}, 4 connections"), measured.rate_s(), Unit::PerSecond));
        bench.tell(Figure::new(PART, "  p50", measured.wait_ms(50), Unit::Milliseconds));
    }
    Ok(())
}

fn tiles(bench: &mut Bench, node: &str, connections: usize) -> Result<()> {
    let tile = Arc::new(vec![wire::get("/tile/0/000")]);
    let memory = Arc::new(vec![wire::get(handlers::MEMORY)]);
    let (mut rates, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..bench.sizes.rounds {
        limits.push(repeat(bench, &memory, connections, bench.handlers.authority())?.rate_s());
        rates.push(repeat(bench, &tile, connections, node)?.rate_s());
    }
    let name = format!("a full tile, {connections} connections");
    let rate = Figure::new(PART, name, median(rates), Unit::PerSecond).beside("8 KiB from memory", median(limits));
    bench.tell(rate.to_reach(Target::ShareAtLeast(0.6)));
    Ok(())
}

/// Sends the same requests over and over for one round's time.
fn repeat(bench: &Bench, requests: &Arc<Vec<Vec<u8>>>, connections: usize, authority: &str) -> Result<Measured> {
    bench.load(requests, usize::MAX / requests.len(), connections, usize::MAX).send(authority)
}
