//! Load over HTTP: pre-signed entries by a number of connections, each waiting for its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::minting::Minter;

/// Entries ready to be sent.
pub(crate) struct Load {
    bodies: Arc<Vec<String>>,
}

/// What came of a load.
pub(crate) struct Measured {
    pub(crate) rate_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Load {
    /// Signs `count` mints.
    pub(crate) fn prepare(minter: &Minter, label: &str, count: usize) -> Load {
        let body = |number| String::from_utf8(minter.mint(&format!("{label} {number}")).0.to_bytes());
        let bodies = (0..count).map(|number| body(number).expect("an entry is text")).collect();
        Load { bodies: Arc::new(bodies) }
    }

    /// Submits one entry a request, by `connections` at a time.
    pub(crate) async fn single(&self, url: &str, connections: usize) -> Result<Measured> {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            let (bodies, next, url) = (Arc::clone(&self.bodies), Arc::clone(&next), format!("{url}/v1/entries"));
            clients.spawn(async move {
                let http = reqwest::Client::builder().no_proxy().build()?;
                let mut waits_ms = Vec::new();
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = Instant::now();
                    let request = http.post(&url).header("Content-Type", "text/plain").body(body.clone());
                    let answer = request.send().await?;
                    ensure!(answer.status() == 201, "{}", answer.text().await?);
                    answer.bytes().await?;
                    waits_ms.push(sent.elapsed().as_secs_f64() * 1000.0);
                }
                Ok(waits_ms)
            });
        }
        let mut waits_ms: Vec<f64> = Vec::new();
        while let Some(client) = clients.join_next().await {
            waits_ms.extend(client??);
        }
        let rate_s = per_second(waits_ms.len(), begun);
        waits_ms.sort_by(f64::total_cmp);
        let at = |hundredth: usize| waits_ms.get(waits_ms.len() * hundredth / 100).copied().unwrap_or_default();
        Ok(Measured { rate_s, p50_ms: at(50), p99_ms: at(99) })
    }

    /// Submits `entries_a_request` at a time, by two connections, and returns entries a second.
    pub(crate) async fn many(&self, url: &str, entries_a_request: usize) -> Result<f64> {
        let requests: Vec<String> = self.bodies.chunks(entries_a_request).map(request_of).collect();
        let (requests, next, begun) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)), Instant::now());
        let mut clients = JoinSet::new();
        for _ in 0..2 {
            let (requests, next, url) = (Arc::clone(&requests), Arc::clone(&next), format!("{url}/v1/entries/many"));
            clients.spawn(async move {
                let http = reqwest::Client::builder().no_proxy().build()?;
                while let Some(body) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = http.post(&url).header("Content-Type", "application/json").body(body.clone());
                    let answer: serde_json::Value = request.send().await?.error_for_status()?.json().await?;
                    let results = answer["results"].as_array().map_or(&[] as &[_], Vec::as_slice);
                    ensure!(results.iter().all(|result| result["receipt"].is_string()), "an entry was not recorded");
                }
                Ok(())
            });
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(per_second(self.bodies.len(), begun))
    }
}

fn request_of(entries: &[String]) -> String {
    let entries: Vec<_> = entries.iter().map(|entry| serde_json::json!({ "entry": entry })).collect();
    serde_json::json!({ "entries": entries }).to_string()
}

/// Reads one path over and over by 16 connections, and returns answers a second.
pub(crate) async fn reads(url: &str, path: &str, count: usize) -> Result<f64> {
    let (next, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let (next, url) = (Arc::clone(&next), format!("{url}{path}"));
        clients.spawn(async move {
            let http = reqwest::Client::builder().no_proxy().build()?;
            while next.fetch_add(1, Ordering::Relaxed) < count {
                http.get(&url).send().await?.error_for_status()?.bytes().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(per_second(count, begun))
}

fn per_second(count: usize, begun: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64()
}
