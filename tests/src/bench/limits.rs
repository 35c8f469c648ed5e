//! What this machine can do: hash, verify, sync.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use colophon_tlog::hash::sha256;
use colophon_tlog::key::SecretKey;

const TIME: Duration = Duration::from_secs(1);

/// How much a second, whatever is built on this machine.
pub(crate) struct Machine {
    pub(crate) hashed_mb: f64,
    pub(crate) verified: f64,
    pub(crate) synced: f64,
}

pub(crate) fn measure() -> Result<Machine> {
    let block = vec![7; 1 << 20];
    let hashed_mb = rate_s(|| {
        std::hint::black_box(sha256(&block));
    });
    let cores = std::thread::available_parallelism()?.get();
    let verified = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(verify_rate_s)).collect();
        threads.into_iter().map(|thread| thread.join().expect("verifying does not panic")).sum()
    });
    let mut file = tempfile::tempfile()?;
    let synced = rate_s(|| {
        let written = file.write_all(&[7; 700]).and_then(|()| file.sync_data());
        written.expect("a temporary file can be written");
    });
    Ok(Machine { hashed_mb, verified, synced })
}

fn verify_rate_s() -> f64 {
    let key = SecretKey::from_seed([7; 32]);
    let message = [7; 700];
    let (public, signature) = (key.public(), key.sign(&message));
    rate_s(|| assert!(public.verify(&message, &signature), "its own signature"))
}

fn rate_s(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut done = 0_u32;
    while begun.elapsed() < TIME {
        work();
        done += 1;
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}
