//! Entries signed before the clock starts, and the proof of their receipts after it has stopped.

use anyhow::{Context as _, Result, ensure};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tree::TreeSize;
use serde_json::Value;

use crate::bench::load::Measured;
use crate::bench::wire;
use crate::minting::{Minter, register_of};
use crate::node::Node;

/// How many accounts mint, in turn.
const ARTISTS: usize = 100;

/// The accounts that mint, and the register that they mint at.
pub(crate) struct Artists {
    minters: Vec<Minter>,
    log: VerifierKey,
}

impl Artists {
    /// Returns artists for a running register.
    pub(crate) fn at(node: &Node) -> Result<Artists> {
        let register = register_of(node);
        let minters = (0..ARTISTS).map(|number| Minter::at(&format!("artist {number}"), register.clone())).collect();
        Ok(Artists { minters, log: node.vkey().parse()? })
    }

    /// Signs so many mints, on all cores. Another label gives other works.
    pub(crate) fn entries(&self, label: &str, count: usize) -> Vec<Vec<u8>> {
        self.signed(label, count, |entry| entry)
    }

    /// Signs so many mints, each in a request of its own.
    pub(crate) fn requests(&self, label: &str, count: usize) -> Vec<Vec<u8>> {
        self.signed(label, count, |entry| wire::post("/v1/entries", "text/plain", &entry))
    }

    /// Signs so many mints and puts them into requests of many.
    pub(crate) fn requests_of_many(&self, label: &str, count: usize, each: usize) -> Result<Vec<Vec<u8>>> {
        let mut requests = Vec::new();
        // A part at a time, so that no entry is held twice for long.
        for begin in (0..count).step_by(each * 50) {
            let end = count.min(begin + each * 50);
            let entries = self.entries(&format!("{label} from {begin}"), end - begin);
            for chunk in entries.chunks(each) {
                requests.push(wire::post("/v1/entries/many", "application/json", &many(chunk)?));
            }
        }
        Ok(requests)
    }

    fn signed(&self, label: &str, count: usize, made: impl Fn(Vec<u8>) -> Vec<u8> + Sync) -> Vec<Vec<u8>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let numbers: Vec<usize> = (0..count).collect();
        let sign = |number: &usize| {
            let minter = self.minters.get(number % ARTISTS).expect("a number below that of the artists");
            made(minter.mint(&format!("{label} {number}")).0.to_bytes())
        };
        std::thread::scope(|scope| {
            let parts = numbers.chunks(count.div_ceil(threads).max(1));
            let parts: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().map(sign).collect::<Vec<_>>())).collect();
            parts.into_iter().flat_map(|part| part.join().expect("signing does not panic")).collect()
        })
    }

    /// Checks the kept answers to requests of one entry: each receipt must prove that very entry in the log, in a
    /// checkpoint no larger than the published one.
    pub(crate) fn check_single(&self, requests: &[Vec<u8>], measured: &Measured, node: &Node) -> Result<()> {
        let published = self.published(node)?;
        for (number, body) in &measured.kept {
            let request = requests.get(*number).context("the number of a request")?;
            let answer: Value = serde_json::from_slice(body)?;
            self.check(wire::body_of(request), &answer, published)?;
        }
        ensure!(!measured.kept.is_empty(), "no receipt was kept");
        Ok(())
    }

    /// Checks the kept answers to requests of many entries likewise, each receipt in them.
    pub(crate) fn check_many(&self, requests: &[Vec<u8>], measured: &Measured, node: &Node) -> Result<()> {
        let published = self.published(node)?;
        for (number, body) in &measured.kept {
            let request: Value = serde_json::from_slice(wire::body_of(requests.get(*number).context("a request")?))?;
            let answer: Value = serde_json::from_slice(body)?;
            let entries = request["entries"].as_array().context("entries")?;
            let results = answer["results"].as_array().context("results")?;
            ensure!(entries.len() == results.len(), "{} results for {} entries", results.len(), entries.len());
            for (entry, result) in entries.iter().zip(results) {
                self.check(entry["entry"].as_str().context("an entry")?.as_bytes(), result, published)?;
            }
        }
        ensure!(!measured.kept.is_empty(), "no receipt was kept");
        Ok(())
    }

    fn check(&self, entry: &[u8], answer: &Value, published: TreeSize) -> Result<()> {
        let receipt = answer["receipt"].as_str().with_context(|| format!("no receipt: {answer}"))?;
        let proved = Receipt::parse(receipt.as_bytes())?.verify(&leaf_hash(entry), &self.log)?;
        ensure!(proved.checkpoint().size <= published, "a receipt to a checkpoint never published");
        Ok(())
    }

    fn published(&self, node: &Node) -> Result<TreeSize> {
        let checkpoint = node.get("/checkpoint").body;
        Ok(SignedCheckpoint::open(&checkpoint, &self.log)?.checkpoint().size)
    }
}

pub(crate) fn many(entries: &[Vec<u8>]) -> Result<Vec<u8>> {
    let entry = |entry: &Vec<u8>| Ok(serde_json::json!({ "entry": str::from_utf8(entry)? }));
    let entries = entries.iter().map(entry).collect::<Result<Vec<Value>>>()?;
    Ok(serde_json::to_vec(&serde_json::json!({ "entries": entries }))?)
}
