//! A new copy of a register: how fast it is fetched and checked, by a reader in memory and by a follower with its tables.

use std::hint::black_box;
use std::iter;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use colophon_client::download::Download;
use colophon_client::follow::fetch_checkpoint;
use colophon_client::http::{Patience, Transport};
use colophon_client::points::Remembered;
use colophon_client::tiles::Span;
use colophon_ledger::look::Looked;
use colophon_ledger::replay::Replay;
use colophon_ledger::signature::FirstKeys;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::VerifierKey;

use crate::bench::entries::Artists;
use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::large::ENTRIES_EACH;
use crate::bench::load::{Load, count};
use crate::bench::node::{View, authority, memory_mb, start};
use crate::bench::submitting::{CONNECTIONS_MANY, MANY_KEPT_OF};
use crate::bench::{Bench, limits};
use crate::node::Node;

/// How many entries a full bundle holds.
const BUNDLE_ENTRIES: usize = 256;
/// The most memory that a follower with fjall may take, in megabytes.
const MEMORY_MB_MAX: f64 = 800.0;

/// Starts a register and lets it grow, where that is not measured.
pub(crate) fn register(bench: &Bench) -> Result<Node> {
    let mut register = start(View::Fjall);
    fill(bench, &register, bench.large_entries(ENTRIES_EACH))?;
    // What the register still had to do for its own tables is done.
    ensure!(register.terminate().success(), "the register did not end well");
    register.start();
    Ok(register)
}

pub(crate) fn measure(bench: &mut Bench, register: &Node) -> Result<()> {
    let entries = bench.large_entries(ENTRIES_EACH);
    let part = format!("a new copy of {} entries", Figure::thousands(count(entries)));
    let cores = limits::cores()?;
    let limit = limits::verify_s(cores, bench.sizes.time_max);
    let verified = verify(fetch(register)?, cores)?;
    let verified = Figure::new(&part, "verified in memory: form, hash, signatures", verified, Unit::PerSecond);
    bench.tell(verified.beside("verify_strict, all cores", limit).to_reach(Target::ShareAtLeast(0.7)));
    let name = "fetched, verified, replayed: rules, seals, state roots";
    let checked = Figure::new(&part, name, check(register)?, Unit::PerSecond);
    bench.tell(checked.beside("verify_strict, all cores", limit));
    for (view, share) in [(View::Fjall, 0.5), (View::Sled, 0.25)] {
        if !bench.views(&[View::Fjall, View::Sled])?.contains(&view) {
            continue;
        }
        let limit = limits::verify_s(limits::cores()?, bench.sizes.time_max);
        let mut copy = Node::following(register, register.url()).with_serve_args(&["--view", view.name()]);
        let begun = Instant::now();
        copy.start();
        let rate_s = count(entries) / begun.elapsed().as_secs_f64();
        let (_, peak_mb) = memory_mb(&copy)?;
        ensure!(copy.get("/checkpoint").body == register.get("/checkpoint").body, "the copy is another");
        let name = format!("followed with {}, from nothing until it answers", view.name());
        let followed = Figure::new(&part, name, rate_s, Unit::PerSecond);
        bench.tell(followed.beside("verify_strict, all cores", limit).to_reach(Target::ShareAtLeast(share)));
        let memory = Figure::new(&part, format!("memory of it at its peak, {}", view.name()), peak_mb, Unit::Megabytes);
        bench.tell(if view == View::Fjall { memory.to_reach(Target::AtMost(MEMORY_MB_MAX)) } else { memory });
    }
    Ok(())
}

/// Submits so many entries to the register.
fn fill(bench: &Bench, register: &Node, entries: usize) -> Result<()> {
    let artists = Artists::at(register)?;
    let requests = Arc::new(artists.requests_of_many("copied", entries, ENTRIES_EACH)?);
    let load = Load { time_max: Duration::MAX, ..bench.load(&requests, 1, CONNECTIONS_MANY, MANY_KEPT_OF) };
    let measured = load.send(authority(register))?;
    artists.check_many(&requests, &measured, register)
}

/// Fetches the whole log.
fn fetch(register: &Node) -> Result<Vec<Vec<u8>>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let transport = Transport::new(register.url(), Patience::default())?;
    let key: VerifierKey = register.vkey().parse()?;
    let checkpoint = runtime.block_on(fetch_checkpoint(&transport, &key))?;
    let mut download =
        runtime.block_on(Download::begin(&transport, Span::empty(), Span::of(&checkpoint), |leaves| leaves))?;
    let mut leaves = Vec::new();
    while let Some(some) = runtime.block_on(download.next())? {
        leaves.extend(some);
    }
    Ok(leaves)
}

/// Verifies each entry, a bundle after the other on all cores, as a follower does before it replays them, and returns how many a second.
fn verify(leaves: Vec<Vec<u8>>, cores: usize) -> Result<f64> {
    let points = Remembered::default();
    let entries = leaves.len();
    let mut leaves = leaves.into_iter();
    let shares: Vec<Vec<Vec<u8>>> =
        (0..cores).map(|_| leaves.by_ref().take(entries.div_ceil(cores)).collect()).collect();
    let begun = Instant::now();
    let verified: usize = thread::scope(|scope| {
        let verifying: Vec<_> = shares
            .into_iter()
            .map(|share| {
                let points = &points;
                scope.spawn(move || {
                    let mut share = share.into_iter();
                    let mut bundle = || Some(share.by_ref().take(BUNDLE_ENTRIES).collect::<Vec<_>>());
                    let bundles = iter::from_fn(|| bundle().filter(|bundle| !bundle.is_empty()));
                    let verified = bundles.map(|bundle| {
                        for leaf in &bundle {
                            black_box(leaf_hash(leaf));
                        }
                        let looked = Looked::at_each(bundle, &FirstKeys, points);
                        looked.iter().filter(|looked| looked.is_verified()).count()
                    });
                    verified.sum::<usize>()
                })
            })
            .collect();
        verifying.into_iter().map(|verifying| verifying.join().unwrap_or_default()).sum()
    });
    let rate_s = count(entries) / begun.elapsed().as_secs_f64();
    ensure!(verified == entries, "{verified} of {entries} entries verify");
    Ok(rate_s)
}

/// Fetches the whole log and replays it in memory, and returns how many entries a second that is.
fn check(register: &Node) -> Result<f64> {
    let runtime = tokio::runtime::Runtime::new()?;
    let transport = Transport::new(register.url(), Patience::default())?;
    let key: VerifierKey = register.vkey().parse()?;
    let begun = Instant::now();
    let checkpoint = runtime.block_on(fetch_checkpoint(&transport, &key))?;
    let to = Span::of(&checkpoint);
    let points = Remembered::default();
    let look = move |leaves| Looked::at_each(leaves, &FirstKeys, &points);
    let mut download = runtime.block_on(Download::begin(&transport, Span::empty(), to, look))?;
    let mut replay: Option<Replay> = None;
    while let Some(some) = runtime.block_on(download.next())? {
        for looked in some {
            if replay.is_none() {
                replay = Some(Replay::begin(looked.leaf())?);
            }
            replay.as_mut().context("a replay")?.looked(looked)?;
        }
    }
    let position = replay.context("an entry")?.position().index;
    ensure!(position == to.size.get(), "{position} of {} entries were replayed", to.size);
    Ok(count(usize::try_from(position)?) / begun.elapsed().as_secs_f64())
}
