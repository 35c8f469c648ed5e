//! What this machine can do by itself: hash, verify, sync.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use colophon_tlog::hash::sha256;
use ed25519_dalek::{Signer as _, SigningKey};

/// How many bytes are verified or synced at a time: about an entry.
const ENTRY_BYTES: usize = 700;

/// Returns how many megabytes one core hashes in a second.
pub(crate) fn sha256_mb_s(time: Duration) -> f64 {
    let block = vec![7; 1 << 20];
    let blocks_s = rate_s(time, || {
        std::hint::black_box(sha256(std::hint::black_box(&block)));
    });
    blocks_s * f64::from(1 << 20) / 1e6
}

/// Returns how many signatures so many cores verify in a second, by `verify_strict` of ed25519-dalek.
pub(crate) fn verify_s(cores: usize, time: Duration) -> f64 {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| verify_one_core_s(time))).collect();
        threads.into_iter().map(|thread| thread.join().expect("verifying does not panic")).sum()
    })
}

/// Returns how many cores there are.
pub(crate) fn cores() -> Result<usize> {
    Ok(std::thread::available_parallelism()?.get())
}

/// Returns how many appends of one entry, each with an fdatasync, the disk of the registers takes in a second.
pub(crate) fn syncs_s(time: Duration) -> Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut failed = None;
    let rate = rate_s(time, || {
        if let Err(error) = file.write_all(&[7; ENTRY_BYTES]).and_then(|()| file.sync_data()) {
            failed = Some(error);
        }
    });
    failed.map_or(Ok(rate), |error| Err(error.into()))
}

fn verify_one_core_s(time: Duration) -> f64 {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [7; ENTRY_BYTES];
    let (public, signature) = (key.verifying_key(), key.sign(&message));
    let verify = || public.verify_strict(std::hint::black_box(&message), &signature).is_ok();
    rate_s(time, || assert!(verify(), "its own signature"))
}

fn rate_s(time: Duration, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut done = 0_u32;
    while begun.elapsed() < time {
        work();
        done += 1;
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}
