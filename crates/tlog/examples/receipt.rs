//! A log of five entries, the receipt of one of them, and a stranger who checks it with the log's key alone.
//!
//! Run it with `cargo run -p colophon-tlog --example receipt`.

use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Signer, VerifierKey};
use colophon_tlog::proof::inclusion;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree};

const ENTRIES: [&str; 5] = ["a drawing", "a print", "a photograph", "a score", "a game"];

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A real log's seed is random and secret.
    let log = Signer::new("registry.example/art", SecretKey::from_seed([7; 32]))?;
    let text = make_receipt(&log, 2)?.to_string();
    println!("The receipt of {:?}:\n\n{text}", ENTRIES[2]);

    let key: VerifierKey = log.verifier().to_string().parse()?;
    let receipt = Receipt::parse(text.as_bytes())?;
    let signed = receipt.verify(&leaf_hash(ENTRIES[2].as_bytes()), &key)?;
    println!("{key} says that it stands at {} of {}.", receipt.index, signed.checkpoint().size);

    match receipt.verify(&leaf_hash(b"a forgery"), &key) {
        Ok(_) => Err("a receipt proves an entry it is not of".into()),
        Err(refused) => {
            println!("A forgery does not: {refused}.");
            Ok(())
        }
    }
}

/// Appends all entries, signs a checkpoint of them, and returns the receipt of the entry at `index`.
fn make_receipt(log: &Signer, index: u64) -> Result<Receipt, Box<dyn std::error::Error>> {
    let (mut tree, mut hashes, mut tiles) = (Tree::new(), TileHashes::default(), TileSet::new());
    for entry in ENTRIES {
        tree.append(leaf_hash(entry.as_bytes()), &mut hashes);
    }
    for (level, hashes) in (0..).zip(hashes.levels) {
        // So small a tree has one tile a level.
        tiles.insert_hashes(level, 0, hashes);
    }
    let origin = log.verifier().name().to_owned();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.sign(log)?;
    let index = EntryIndex::new(index).ok_or("no tree is that large")?;
    let proof = inclusion(index, tree.size(), &tiles)?;
    Ok(Receipt { index, proof, checkpoint: checkpoint.to_string(), extra: None })
}
