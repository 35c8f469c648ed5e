//! A reader's own work: a certificate checked in memory and by the whole program, a large file hashed; and a maker's, the same file identified.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use colophon_fingerprint::{fingerprint_file, identify_file};
use colophon_ledger::certificate::Certificate;

use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::count;
use crate::bench::node::{View, start};
use crate::bench::{Bench, limits, median};
use crate::minting::{Minter, register_of};
use crate::person::Person;

const PART: &str = "checking";
/// What `colophon verify` exits with if the file is not the one of the certificate.
const ANOTHER_FILE: i32 = 3;
/// How often the certificate is checked for one figure.
const CHECKS: u16 = 50;

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let node = start(View::Sled);
    let (entry, card) = Minter::at("author", register_of(&node)).mint("a work");
    let entry_text = String::from_utf8(entry.to_bytes())?;
    let submitted = serde_json::json!({ "entry": entry_text, "card": card }).to_string();
    ensure!(node.post("/v1/entries", "application/json", submitted).status == 201, "the work was not recorded");
    let certificate = node.get(&format!("/v1/works/{}/certificate", entry.id())).body;

    let log = node.vkey().parse()?;
    let mut takes_ms = Vec::new();
    for _ in 0..bench.sizes.checks {
        let begun = Instant::now();
        for _ in 0..CHECKS {
            Certificate::parse(&certificate)?.verify(&log)?;
        }
        takes_ms.push(begun.elapsed().as_secs_f64() * 1000.0 / f64::from(CHECKS));
    }
    let check = Figure::new(PART, "a certificate, the check itself", median(takes_ms), Unit::Milliseconds);
    bench.tell(check.to_reach(Target::AtMost(2.0)));

    let reader = Person::without_key("reader");
    reader.put("work.certificate", &certificate);
    let verify = |args: &[&str], code: i32| -> Result<f64> {
        let mut command = reader.command();
        command.arg("verify").args(args).args(["--offline", "--vkey", &node.vkey()]);
        let begun = Instant::now();
        let output = command.output()?;
        let took_ms = begun.elapsed().as_secs_f64() * 1000.0;
        ensure!(output.status.code() == Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(took_ms)
    };
    let takes_ms = (0..bench.sizes.checks).map(|_| verify(&["work.certificate"], 0)).collect::<Result<Vec<_>>>()?;
    let process = Figure::new(PART, "colophon verify CERTIFICATE --offline", median(takes_ms), Unit::Milliseconds);
    bench.tell(process.to_reach(Target::AtMost(10.0)));

    let large = large_file(&reader, bench.sizes.file_mb)?;
    let size = bench.sizes.file_mb;
    let mb_s = |begun: Instant| count(size) / begun.elapsed().as_secs_f64();
    let (mut limits, mut hashed, mut identified, mut verified) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.sizes.rounds {
        limits.push(limits::sha256_mb_s(bench.sizes.time_max));
        let begun = Instant::now();
        fingerprint_file(&large, &mut |_| ())?;
        hashed.push(mb_s(begun));
        let begun = Instant::now();
        identify_file(&large, &mut |_| ())?;
        identified.push(mb_s(begun));
        let begun = Instant::now();
        verify(&["large.bin", "--certificate", "work.certificate"], ANOTHER_FILE)?;
        verified.push(mb_s(begun));
    }
    let limit = median(limits);
    let figure = |what: String, rates| {
        Figure::new(PART, what, median(rates), Unit::MegabytesPerSecond).beside("SHA-256, one core", limit)
    };
    let hashed = figure(format!("a file of {size} MB hashed"), hashed);
    bench.tell(hashed.to_reach(Target::ShareAtLeast(0.8)));
    bench.tell(figure("the same with the codes of its bytes, for a mint".to_owned(), identified));
    bench.tell(figure("the same by colophon verify".to_owned(), verified));
    Ok(())
}

/// Writes a file of no known kind, which is read from the page cache afterwards.
fn large_file(reader: &Person, megabytes: usize) -> Result<PathBuf> {
    let path = reader.put("large.bin", b"");
    let mut file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
    let mut state = 1_u32;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(1_000_000)
    .collect();
    for _ in 0..megabytes {
        file.write_all(&block)?;
    }
    Ok(path)
}
