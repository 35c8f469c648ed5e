//! Fills a log with batches of made-up entries and opens it again, saying how long each takes.
//!
//! `cargo run --release --example fill_log -- FOLDER BATCHES ENTRIES-A-BATCH`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::seal::{Seal, SealWord};
use colophon_ledger::entry::{Body, Entry, entry_id, text_of};
use colophon_ledger::field::{Digest, Int};
use colophon_ledger::register::Register;
use colophon_storage::log::Log;
use colophon_tlog::hash::Hash;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Note, Signer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, batches, entries] = &arguments[..] else { return Err("FOLDER BATCHES ENTRIES-A-BATCH".into()) };
    let (batches, entries): (u64, u64) = (batches.parse()?, entries.parse()?);
    let folder = Path::new(folder);
    Log::create(folder)?;
    let (mut log, _) = Log::open(folder)?;
    let operator = SecretKey::from_seed([1; 32]);
    let (mut spent, mut slowest) = (0.0, 0.0_f64);
    for _ in 0..batches {
        let leaves = made_up_batch(&operator, log.position(), entries)?;
        let begin = Instant::now();
        log.append(&leaves)?;
        let seconds = begin.elapsed().as_secs_f64();
        spent += seconds;
        slowest = slowest.max(seconds);
    }
    let size = log.size();
    println!("{size} entries in {batches} batches: {spent:.3} s, the slowest {:.2} ms", slowest * 1_000.0);
    drop(log);
    let begin = Instant::now();
    let (log, recovery) = Log::open(folder)?;
    println!("opened again in {:.3} s: {recovery:?}, root {}", begin.elapsed().as_secs_f64(), log.root());
    Ok(())
}

/// Returns leaves that are a batch by their form alone. Nothing but the seal could stand in a register.
fn made_up_batch(operator: &SecretKey, position: Option<Position>, count: u64) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let account = AccountId::from(&operator.public());
    let sign = |text: &str| {
        let signer = Signer::new(account.as_str(), SecretKey::from_seed(*operator.seed()))?;
        Ok::<_, Box<dyn Error>>(signer.sign(text))
    };
    let first = position.map_or(0, |position| position.index);
    let mut leaves = Vec::new();
    let line = sign("made up\n")?;
    for index in first..first + count {
        let text = format!("made up {index}\n{}\n", "x".repeat(500));
        leaves.push(Note::new(text, vec![line.clone()])?.to_string().into_bytes());
    }
    let genesis = leaves.first().and_then(|leaf| entry_id(leaf)).ok_or("a batch has at least one entry")?;
    let position = position.unwrap_or_else(|| beginning(Digest(genesis)));
    let seal = Body::Seal(Seal {
        by: account,
        count: Int::new(count).ok_or("a batch has at most 1000 entries")?,
        first: Int::new(first).ok_or("the log is full")?,
        height: Int::new(position.height).ok_or("the log is full")?,
        kind: SealWord::It,
        prev_seal: position.prev_seal,
        rules: Int::new(1).ok_or("1 is a version")?,
        state: Digest(Hash::ZERO),
        time_ms: Int::new(position.time_ms).ok_or("too late")?,
    });
    let register = Register { origin: "made.up".parse()?, genesis: Digest(genesis) };
    let text = text_of(&register, &seal);
    leaves.push(Entry::from_parts(&text, vec![sign(&text)?])?.to_bytes());
    Ok(leaves)
}
