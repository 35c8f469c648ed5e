//! Transfers across a border under every rule set that comes with the software, in turn with the same where none is in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colophon_ledger::deal::{Basis, Delivery, Money, Price};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{EntryId, Int};

use crate::bench::entries::many;
use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::{Load, count};
use crate::bench::node::{View, authority, processor_us, recorded, start};
use crate::bench::submitting::{CONNECTIONS_MANY, MANY_KEPT_OF};
use crate::bench::{Bench, median, wire};
use crate::binaries::workspace_root;
use crate::minting::Minter;
use crate::node::Node;

const PART: &str = "transfers under rules";
/// How many entries a request carries.
const EACH: usize = 500;
/// Of the entries of a round of many, one in so many is a transfer here.
const SHARE: usize = 3;
/// Who could attest what the rule sets ask for.
const ENROLLED: [(&str, &str); 3] =
    [("CN", "NAT_EXPORT_LICENCE"), ("FR", "EU_IMPORT_LICENCE"), ("CN", "AI_LABEL_ATTEST")];
/// A month, in milliseconds.
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What a round has shown: transfers a second, and the processor time of each in microseconds.
type Round = (f64, f64);

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let sets = shipped()?;
    let (mut free, mut ruled): (Vec<Round>, Vec<Round>) = (Vec::new(), Vec::new());
    for _ in 0..bench.sizes.rounds {
        free.push(round(bench, &[])?);
        ruled.push(round(bench, &sets)?);
    }
    let of = |rounds: &[Round], pick: fn(&Round) -> f64| median(rounds.iter().map(pick).collect());
    let rate = Figure::new(
        PART,
        format!("{EACH} a request, {} sets", sets.len()),
        of(&ruled, |round| round.0),
        Unit::PerSecond,
    );
    let rate = rate.beside("the same without rules", of(&free, |round| round.0));
    bench.tell(rate.to_reach(Target::ShareAtLeast(0.5)));
    let time = Figure::new(PART, "  processor time, a transfer", of(&ruled, |round| round.1), Unit::Microseconds);
    bench.tell(time.beside("the same without rules", of(&free, |round| round.1)));
    Ok(())
}

/// Finds the rule sets that come with the software.
fn shipped() -> Result<Vec<PathBuf>> {
    let folder = workspace_root().join("rules");
    let files = std::fs::read_dir(&folder)?.map(|found| Ok(found?.path())).collect::<Result<Vec<_>>>()?;
    let mut sets: Vec<PathBuf> =
        files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "cedar")).collect();
    sets.sort();
    ensure!(!sets.is_empty(), "no rule set in {}", folder.display());
    Ok(sets)
}

/// Lets title to works that were just minted move from China to France, once each.
fn round(bench: &Bench, sets: &[PathBuf]) -> Result<Round> {
    let node = start(View::Sled);
    for set in sets {
        adopt(&node, set)?;
    }
    let (seller, buyer) = (Minter::new("seller", &node), Minter::new("buyer", &node));
    let numbers: Vec<usize> = (0..(bench.sizes.many / SHARE).max(1)).collect();
    let mints = on_all_cores(&numbers, |number| seller.mint(&format!("work {number}")).0);
    let works: Vec<EntryId> = mints.iter().map(Entry::id).collect();
    send(bench, &node, &mints.iter().map(Entry::to_bytes).collect::<Vec<_>>())?;
    let expires_ms = now_ms()? + MONTH_MS;
    let sales = on_all_cores(&works, |work| sale(&seller, &buyer, *work, expires_ms));
    let before_us = processor_us(&node)?;
    let rate = send(bench, &node, &sales)?;
    Ok((rate, (processor_us(&node)? - before_us) / count(sales.len())))
}

/// Sends entries many a request, makes sure that all are recorded, and returns how many a second.
fn send(bench: &Bench, node: &Node, entries: &[Vec<u8>]) -> Result<f64> {
    let requests =
        entries.chunks(EACH).map(|chunk| Ok(wire::post("/v1/entries/many", "application/json", &many(chunk)?)));
    let requests = Arc::new(requests.collect::<Result<Vec<_>>>()?);
    let before = recorded(node);
    let load = Load { time_max: Duration::MAX, ..bench.load(&requests, 1, CONNECTIONS_MANY, MANY_KEPT_OF) };
    let measured = load.send(authority(node))?;
    let taken = recorded(node) - before;
    ensure!(taken == u64::try_from(entries.len())?, "{} entries were sent, {taken} recorded", entries.len());
    Ok(measured.rate_s() * count(entries.len()) / count(requests.len()))
}

fn sale(seller: &Minter, buyer: &Minter, work: EntryId, expires_ms: u64) -> Vec<u8> {
    let price = Money { amount: Int::new(125_000).expect("an amount"), currency: "EUR".parse().expect("a currency") };
    let terms = Terms {
        basis: Basis::Sale,
        by: seller.account(),
        card: None,
        delivery: Delivery::Digital,
        documents: None,
        edition: Int::new(1).expect("an edition"),
        expires_ms: Int::new(expires_ms).expect("a time"),
        firm: None,
        from_country: "CN".parse().expect("a country"),
        kind: TermsWord::Transfer,
        prev: work,
        price: Some(Price::Open(price)),
        professional: None,
        to: buyer.account(),
        to_country: "FR".parse().expect("a country"),
        value: None,
        work,
    };
    seller.sign_with(&Body::Transfer(terms), &[buyer]).to_bytes()
}

fn now_ms() -> Result<u64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())?)
}

/// Publishes a rule set in force from the next batch on, and enrols those who could attest what the sets ask for.
fn adopt(node: &Node, set: &Path) -> Result<()> {
    let name = set.file_stem().and_then(|name| name.to_str()).context("the name of a rule set")?;
    let file = set.to_str().context("the path of a rule set")?;
    let words = ["rules", "--name", name, "--file", file, "--ahead", "1"];
    govern(node, &[&words[..], &["--citation", "as the set says", "--jurisdiction", "EU"]].concat())?;
    let clerk = Minter::new("clerk", node).account().to_string();
    for (country, document) in ENROLLED {
        govern(node, &["authority", "--authority", &clerk, "--country", country, "--type", document])?;
    }
    Ok(())
}

fn govern(node: &Node, words: &[&str]) -> Result<()> {
    let dir = node.dir();
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let (act, rest) = words.split_first().context("an act")?;
    let (key, draft) = (path("governor.key"), path("act.draft"));
    let mut all = vec!["govern".to_owned(), (*act).to_owned(), dir.to_string_lossy().into_owned()];
    all.extend(rest.iter().map(|word| (*word).to_owned()));
    all.extend(["--key".to_owned(), key, "--out".to_owned(), draft.clone()]);
    let run = node.run_words(&all);
    ensure!(run.code == 0, "{run}");
    let entry = Draft::parse(&std::fs::read(&draft)?)?.to_entry()?;
    std::fs::remove_file(&draft)?;
    let answer = node.post("/v1/entries", "text/plain", entry.to_bytes());
    ensure!(answer.status == 201, "{}", answer.text());
    Ok(())
}

fn on_all_cores<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().map(&work).collect::<Vec<_>>())).collect();
        parts.into_iter().flat_map(|part| part.join().expect("signing does not panic")).collect()
    })
}
