//! Entries on their way in, one or many a request, each answered with a receipt.

use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::bench::entries::Artists;
use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::{Load, Measured, count};
use crate::bench::node::{View, authority, batches, processor_us, recorded, start};
use crate::bench::{Bench, handlers, limits, median};
use crate::node::Node;

/// How many connections send many entries a request.
pub(crate) const CONNECTIONS_MANY: usize = 4;
/// How many entries a request of many carries.
const ENTRIES_EACH: [usize; 2] = [500, 1_000];
/// Of how many answers to single entries one is kept and its receipt verified.
const SINGLE_KEPT_OF: usize = 100;
/// Of how many answers to requests of many one is kept and its receipts verified.
pub(crate) const MANY_KEPT_OF: usize = 50;
/// How many different requests the verifying handler gets, over and over.
const LIMIT_REQUESTS: usize = 1_000;

/// One entry a request, in turn with a handler that only verifies one signature over as many bytes.
pub(crate) fn single(bench: &mut Bench, view: View) -> Result<()> {
    let part = format!("one entry a request, {}", view.name());
    let node = start(view);
    let artists = Artists::at(&node)?;
    let messages = artists.entries("limit", LIMIT_REQUESTS.min(bench.sizes.single));
    let to_limit = Arc::new(messages.iter().map(|message| handlers::request(message)).collect::<Vec<_>>());
    for connections in bench.options.connections.clone() {
        let (mut ours, mut rates, mut limits) = (Measured::default(), Vec::new(), Vec::new());
        let (mut spent_us, batches_before) = (0.0, batches(&node));
        for round in 0..bench.sizes.rounds {
            let limit = bench.load(&to_limit, usize::MAX / to_limit.len(), connections, usize::MAX);
            limits.push(limit.send(bench.handlers.authority())?.rate_s());
            let requests = Arc::new(artists.requests(&format!("{connections} in {round}"), bench.sizes.single));
            let before_us = processor_us(&node)?;
            let measured = bench.load(&requests, 1, connections, SINGLE_KEPT_OF).recorded(&node, 1)?;
            spent_us += processor_us(&node)? - before_us;
            artists.check_single(&requests, &measured, &node)?;
            rates.push(measured.rate_s());
            ours.extend(measured);
        }
        let name = format!("{connections} connections").replace("1 connections", "1 connection");
        let rate =
            Figure::new(&part, name, median(rates), Unit::PerSecond).beside("verify one signature", median(limits));
        bench.tell(if connections < 16 { rate } else { rate.to_reach(Target::ShareAtLeast(0.5)) });
        let p50 = Figure::new(&part, "  p50 to receipt", ours.wait_ms(50), Unit::Milliseconds);
        bench.tell(if connections == 16 { p50.to_reach(Target::AtMost(3.0)) } else { p50 });
        bench.tell(Figure::new(&part, "  p99 to receipt", ours.wait_ms(99), Unit::Milliseconds));
        let each_us = spent_us / count(ours.arrivals.len());
        bench.tell(Figure::new(&part, "  processor time, an entry", each_us, Unit::Microseconds));
        let in_batches = usize::try_from(batches(&node) - batches_before)?;
        let each = count(ours.arrivals.len()) / count(in_batches);
        bench.tell(Figure::new(&part, "  in a batch", each, Unit::Entries));
    }
    Ok(())
}

/// Many entries a request, into a register that starts empty, in turn with `verify_strict` on all cores.
pub(crate) fn many(bench: &mut Bench, view: View) -> Result<()> {
    let part = format!("many entries a request, {}", view.name());
    let least = if view == View::Fjall { 0.6 } else { 0.3 };
    for each in ENTRIES_EACH {
        let (mut rates, mut limits, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.sizes.rounds {
            let node = start(view);
            let artists = Artists::at(&node)?;
            let requests = Arc::new(artists.requests_of_many("many", bench.sizes.many, each)?);
            limits.push(limits::verify_s(limits::cores()?, bench.sizes.time_max));
            let load =
                Load { time_max: std::time::Duration::MAX, ..bench.load(&requests, 1, CONNECTIONS_MANY, MANY_KEPT_OF) };
            let before_us = processor_us(&node)?;
            let measured = load.recorded(&node, bench.sizes.many.div_ceil(requests.len()))?;
            times.push((processor_us(&node)? - before_us) / count(bench.sizes.many));
            artists.check_many(&requests, &measured, &node)?;
            rates.push(measured.rate_s() * count(bench.sizes.many) / count(requests.len()));
        }
        let rate = Figure::new(&part, format!("{each} a request"), median(rates), Unit::PerSecond);
        let rate = rate.beside("verify_strict, all cores", median(limits));
        bench.tell(rate.to_reach(Target::ShareAtLeast(least)));
        bench.tell(Figure::new(&part, "  processor time, an entry", median(times), Unit::Microseconds));
    }
    Ok(())
}

impl Bench {
    /// Returns a load as long as one round.
    pub(crate) fn load(
        &self,
        requests: &Arc<Vec<Vec<u8>>>,
        rounds: usize,
        connections: usize,
        keep_one_of: usize,
    ) -> Load {
        Load { requests: Arc::clone(requests), rounds, connections, time_max: self.sizes.time_max, keep_one_of }
    }
}

impl Load {
    /// Sends entries and makes sure that the register has recorded them all, `each` by request.
    fn recorded(&self, node: &Node, each: usize) -> Result<Measured> {
        let before = recorded(node);
        let measured = self.send(authority(node))?;
        let (sent, taken) = (measured.arrivals.len() * each, recorded(node) - before);
        ensure!(u64::try_from(sent)? == taken, "{sent} entries were sent and answered, {taken} recorded");
        Ok(measured)
    }
}
