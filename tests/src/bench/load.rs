//! Load over HTTP: requests made before the clock starts, by a number of connections, each waiting for its answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use tokio::task::JoinSet;

use crate::bench::wire::Connection;

/// What is sent, and how.
#[derive(Clone)]
pub(crate) struct Load {
    /// Whole requests, as they go over the wire.
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    /// How often the requests are gone through, at most.
    pub(crate) rounds: usize,
    /// How many connections send at the same time.
    pub(crate) connections: usize,
    /// When no more requests are begun.
    pub(crate) time_max: Duration,
    /// Of how many answers one is kept, to be looked at after the clock has stopped. The last is always kept.
    pub(crate) keep_one_of: usize,
}

/// One request's answer.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// When it had come, from the beginning.
    pub(crate) at: Duration,
    /// How long it had been waited for.
    pub(crate) wait: Duration,
}

/// What came of a load.
#[derive(Default)]
pub(crate) struct Measured {
    /// Every answer, in order of arrival.
    pub(crate) arrivals: Vec<Arrival>,
    /// The answers that were kept, by the number of their request.
    pub(crate) kept: Vec<(usize, Vec<u8>)>,
}

impl Load {
    /// Sends to `authority` and measures. An answer other than 200 or 201 breaks it off.
    ///
    /// Every core has a thread with its share of the connections. All are connected before the clock starts.
    pub(crate) fn send(&self, authority: &str) -> Result<Measured> {
        ensure!(!self.requests.is_empty(), "nothing to send");
        let threads = std::thread::available_parallelism()?.get().min(self.connections);
        let (ready, next) = (Arc::new(Barrier::new(threads)), Arc::new(AtomicUsize::new(0)));
        let run = |thread: usize| {
            let connections = (thread..self.connections).step_by(threads).count();
            let sender = Sender { load: self.clone(), authority: authority.to_owned(), next: Arc::clone(&next) };
            let ready = Arc::clone(&ready);
            move || sender.run(connections, &ready)
        };
        let mut all = Measured::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(run(thread))).collect();
            for thread in threads {
                all.extend(thread.join().map_err(|_| anyhow!("a sender broke down"))??);
            }
            anyhow::Ok(())
        })?;
        all.arrivals.sort_by_key(|arrival| arrival.at);
        Ok(all)
    }
}

/// One thread's part of a load.
#[derive(Clone)]
struct Sender {
    load: Load,
    authority: String,
    next: Arc<AtomicUsize>,
}

impl Sender {
    fn run(self, connections: usize, ready: &Barrier) -> Result<Measured> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut opened = Vec::new();
            for _ in 0..connections {
                opened.push(Connection::open(&self.authority).await);
            }
            // Whatever went wrong is told after the others have been let go.
            ready.wait();
            let (begun, mut clients, mut all) = (Instant::now(), JoinSet::new(), Measured::default());
            for connection in opened {
                clients.spawn(self.clone().use_up(connection?, begun));
            }
            while let Some(client) = clients.join_next().await {
                all.extend(client??);
            }
            Ok(all)
        })
    }

    async fn use_up(self, mut connection: Connection, begun: Instant) -> Result<Measured> {
        let (mut measured, requests) = (Measured::default(), &self.load.requests);
        let last = requests.len() * self.load.rounds - 1;
        while begun.elapsed() < self.load.time_max {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number > last {
                break;
            }
            let request = requests.get(number % requests.len()).context("the number of a request")?;
            let sent = begun.elapsed();
            let answer = connection.ask(request).await?;
            let at = begun.elapsed();
            ensure!(matches!(answer.status, 200 | 201), "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
            measured.arrivals.push(Arrival { at, wait: at.saturating_sub(sent) });
            if number == last || number.is_multiple_of(self.load.keep_one_of) {
                measured.kept.push((number % requests.len(), answer.body.to_vec()));
            }
        }
        Ok(measured)
    }
}

impl Measured {
    /// Adds what came of another part of the load.
    pub(crate) fn extend(&mut self, other: Measured) {
        self.arrivals.extend(other.arrivals);
        self.kept.extend(other.kept);
    }

    /// Returns how many answers came a second.
    pub(crate) fn rate_s(&self) -> f64 {
        rate_s(&self.arrivals, Duration::ZERO)
    }

    /// Returns the wait, in milliseconds, that so many hundredths of the answers did not exceed.
    pub(crate) fn wait_ms(&self, hundredths: usize) -> f64 {
        let mut waits: Vec<Duration> = self.arrivals.iter().map(|arrival| arrival.wait).collect();
        waits.sort_unstable();
        let at = (waits.len() * hundredths / 100).min(waits.len().saturating_sub(1));
        waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    }
}

/// Returns how many a second arrived, of answers in order of arrival, counted from `begun`.
pub(crate) fn rate_s(arrivals: &[Arrival], begun: Duration) -> f64 {
    let Some(last) = arrivals.last() else { return 0.0 };
    count(arrivals.len()) / last.at.saturating_sub(begun).as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Returns a number of things as a figure.
pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_waits_come_from_the_arrivals() {
        let arrival =
            |number: u64| Arrival { at: Duration::from_millis(10 * number), wait: Duration::from_millis(number) };
        let measured = Measured { arrivals: (1..=100).map(arrival).collect(), kept: Vec::new() };
        assert!((measured.rate_s() - 100.0).abs() < 1e-6);
        assert!((measured.wait_ms(50) - 51.0).abs() < 1e-6);
        assert!((measured.wait_ms(100) - 100.0).abs() < 1e-6);
        let late = measured.arrivals.get(50..).unwrap();
        assert!((rate_s(late, Duration::from_millis(500)) - 100.0).abs() < 1e-6);
        assert!(Measured::default().rate_s().abs() < 1e-6);
    }
}
