//! Works recognised: pictures fingerprinted, a question about lookalikes among millions, a catalogue end to end.

use std::hint::black_box;
use std::io::Cursor;
use std::time::Instant;

use anyhow::{Result, ensure};
use colophon_fingerprint::picture::Picture;
use colophon_fingerprint::{content_of_bytes, identify_reader};
use colophon_node::lookalikes::shelf::Shelf;

use crate::bench::figure::{Figure, Target, Unit};
use crate::bench::load::count;
use crate::bench::node::{View, mega, start};
use crate::bench::pictures::{Dice, jpeg, paint, png};
use crate::bench::{Bench, limits, median};
use crate::person::Person;

const PART: &str = "works";
/// The pictures that are fingerprinted.
const SIZE: (u32, u32) = (1024, 768);
/// How many different ones.
const DIFFERENT: u64 = 8;
/// The pictures of the catalogue.
const CATALOGUE_SIZE: (u32, u32) = (640, 480);
/// How many questions about lookalikes make one figure.
const QUESTIONS: usize = 15;
/// How many orientations are asked about, each also in negative.
const ORIENTATIONS: usize = 8;
/// The distance that is asked for: the largest that means anything between pictures.
const DISTANCE: u32 = 14;

/// A file, and what it is.
type File = (Vec<u8>, &'static str);

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let pictures = (0..DIFFERENT).map(|seed| paint(seed, SIZE.0, SIZE.1)).collect::<Vec<_>>();
    let jpegs = pictures.iter().map(|picture| Ok((jpeg(picture)?, "image/jpeg"))).collect::<Result<Vec<_>>>()?;
    let pngs = pictures.iter().map(|picture| Ok((png(picture)?, "image/png"))).collect::<Result<Vec<_>>>()?;
    fingerprints(bench, "JPEG", &jpegs)?;
    fingerprints(bench, "PNG", &pngs)?;
    lookalikes(bench);
    catalogue(bench)
}

/// Fingerprints pictures in memory on one core, in turn with their decoder alone.
fn fingerprints(bench: &mut Bench, kind: &str, files: &[File]) -> Result<()> {
    let (mut ours, mut decoding) = (Vec::new(), Vec::new());
    for _ in 0..bench.sizes.rounds {
        decoding.push(rate_s(bench, files, decode)?);
        ours.push(rate_s(bench, files, fingerprint)?);
    }
    let (ours, decoding) = (median(ours), median(decoding));
    let name = format!("{kind} of {} × {}, a fingerprint", SIZE.0, SIZE.1);
    bench.tell(Figure::new(PART, &name, ours, Unit::PerSecond).beside("its decoder alone", decoding));
    let each_mb = mega(files.iter().map(|(bytes, _)| bytes.len() as u64).sum()) / count(files.len());
    let rate = Figure::new(PART, "the same, by the size of the files", ours * each_mb, Unit::MegabytesPerSecond);
    bench.tell(rate.beside("its decoder alone", decoding * each_mb));
    Ok(())
}

/// Decodes a picture and nothing more.
fn decode((bytes, _): &File) -> Result<()> {
    black_box(Picture::decode(Cursor::new(&bytes[..]))?);
    Ok(())
}

/// Computes all that a mint states of a file.
fn fingerprint((bytes, media_type): &File) -> Result<()> {
    let (found, units) = identify_reader(&mut &bytes[..], &mut |_| ())?;
    ensure!(found.media_type == *media_type, "{} is not {media_type}", found.media_type);
    let content = content_of_bytes(bytes.clone(), media_type)?;
    ensure!(content.is_some(), "a picture without a content code");
    black_box((units, content));
    Ok(())
}

fn rate_s(bench: &Bench, files: &[File], work: impl Fn(&File) -> Result<()>) -> Result<f64> {
    let (begun, mut done) = (Instant::now(), 0);
    while done == 0 || begun.elapsed() < bench.sizes.time_max {
        work(&files[done % files.len()])?;
        done += 1;
    }
    Ok(count(done) / begun.elapsed().as_secs_f64())
}

/// Asks about a picture in all its variants, among codes of which none is near.
fn lookalikes(bench: &mut Bench) {
    let mut dice = Dice::new(1);
    let (mut shelf, mut plain) = (Shelf::default(), Vec::new());
    for index in 0..bench.sizes.codes {
        let head = dice.roll();
        shelf.push(head, index as u64, 0);
        plain.push(head);
    }
    let (mut takes_ms, mut reading_ms) = (Vec::new(), Vec::new());
    for _ in 0..QUESTIONS {
        // A negative differs from the opposite in the two bits that do not depend on what is light and what is dark.
        let codes: Vec<u64> = (0..ORIENTATIONS).map(|_| dice.roll()).flat_map(|code| [code, !code ^ 0b11]).collect();
        reading_ms.push(took_ms(|| black_box(&plain).iter().fold(0, |sum: u64, code| sum ^ code)));
        takes_ms.push(took_ms(|| shelf.near(black_box(&codes), DISTANCE)));
    }
    let name = format!("lookalikes among {}", Figure::thousands(count(shelf.len())));
    let figure = Figure::new(PART, name, median(takes_ms), Unit::Milliseconds);
    bench.tell(figure.beside("reading their codes once", median(reading_ms)).to_reach(Target::AtMost(20.0)));
}

fn took_ms<T>(work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed().as_secs_f64() * 1000.0
}

/// Registers a folder of pictures with the command line, in turn with fingerprinting them in memory on all cores.
fn catalogue(bench: &mut Bench) -> Result<()> {
    let files: Vec<File> = (0..bench.sizes.pictures)
        .map(|seed| Ok((jpeg(&paint(seed as u64 + 1_000, CATALOGUE_SIZE.0, CATALOGUE_SIZE.1))?, "image/jpeg")))
        .collect::<Result<_>>()?;
    let node = start(View::Sled);
    let artist = Person::new("artist", node.url());
    std::fs::create_dir(artist.desk().join("art"))?;
    for (number, (bytes, _)) in files.iter().enumerate() {
        artist.put(&format!("art/{number}.jpg"), bytes);
    }
    let begun = Instant::now();
    fingerprint_all(&files)?;
    let alone_s = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let report = artist.succeed(&["mint", "art", "--country", "CN", "--yes", "--json"]).json();
    let takes_s = begun.elapsed().as_secs_f64();
    ensure!(report["registered"].as_u64() == Some(files.len() as u64), "not all were registered: {report}");

    let name = format!("a catalogue of {} pictures", Figure::thousands(count(files.len())));
    bench.tell(Figure::new(PART, name, takes_s, Unit::Seconds).beside("their fingerprints alone", alone_s));
    let rate = Figure::new(PART, "the same, pictures", count(files.len()) / takes_s, Unit::PerSecond);
    bench.tell(rate.beside("their fingerprints alone", count(files.len()) / alone_s));
    Ok(())
}

/// Fingerprints files on all cores.
fn fingerprint_all(files: &[File]) -> Result<()> {
    let cores = limits::cores()?;
    std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(cores).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().try_for_each(fingerprint))).collect();
        parts.into_iter().try_for_each(|part| part.join().expect("fingerprinting does not panic"))
    })
}
