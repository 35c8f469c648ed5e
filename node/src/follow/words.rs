//! People's words: the cards of all entries that a copy holds, asked for until they are there.
//!
//! A copy is whole without them: every proof stands. So they come behind, and what does not come is asked for again later.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use colophon_client::card::{CardFound, fetch_card};
use colophon_client::http::Transport;
use colophon_ledger::entry::Entry;
use colophon_ledger::field::Digest;
use colophon_storage::cards::{Cards, CardsError, Kept};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::tree::EntryIndex;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;
use tracing::warn;

use crate::follow::following::Following;
use crate::metrics::Metrics;
use crate::register::Register;

/// How many entries are looked at at once.
const ENTRIES_AT_ONCE: u64 = 1_024;
/// How many cards are asked for at the same time.
const CARDS_AT_ONCE: usize = 16;
/// After how long those that did not come are asked for again.
const AGAIN_TIME: Duration = Duration::from_mins(5);
/// How long to wait after a failure of this machine's disk.
const FAULT_TIME: Duration = Duration::from_secs(10);
/// How many cards are kept with one sync.
const CARDS_A_PUT: usize = 256;
/// How many missing cards are remembered by their entries' indices.
const MISSING_MAX: usize = 100_000;

/// Asks for the cards of one copy.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) register: Arc<Register>,
    pub(super) following: Arc<Following>,
    pub(super) metrics: Arc<Metrics>,
}

/// Why cards could not be kept.
#[derive(Debug, thiserror::Error)]
enum WordsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Cards(#[from] CardsError),
}

impl Words {
    /// Goes through the log as it grows, and now and then again from where the first card is missing. For ever.
    pub(super) async fn run(self) {
        let (mut next, mut missing, mut again) = (0, BTreeSet::new(), Instant::now() + AGAIN_TIME);
        loop {
            if let Err(error) = self.walk(&mut next, &mut missing).await {
                warn!("Cards cannot be kept for now: {error}");
                tokio::time::sleep(FAULT_TIME).await;
            }
            self.metrics.cards_missing.set(i64::try_from(missing.len()).unwrap_or(i64::MAX));
            tokio::select! {
                () = self.following.grown_beyond(next) => {}
                () = tokio::time::sleep_until(again) => {
                    next = missing.first().copied().unwrap_or(next);
                    missing.clear();
                    again = Instant::now() + AGAIN_TIME;
                }
            }
        }
    }

    /// Goes through the log from an index to its end, and notes the indices of entries whose cards did not come.
    async fn walk(&self, next: &mut u64, missing: &mut BTreeSet<u64>) -> Result<(), WordsError> {
        loop {
            let size = self.register.newest().size.get();
            let first = *next;
            if first >= size {
                return Ok(());
            }
            let some = ENTRIES_AT_ONCE.min(size - first);
            let register = Arc::clone(&self.register);
            let wanted = run(move || wanted(&register.log, &register.cards, first, some)).await?;
            for wanted in wanted.chunks(CARDS_A_PUT) {
                missing.extend(self.fetch(wanted).await?);
            }
            // Where very many are missing, those after the first so many are found again from there.
            while missing.len() > MISSING_MAX {
                missing.pop_last();
            }
            *next = first + some;
        }
    }

    /// Asks for cards, keeps those that come, and returns the indices of those that do not.
    async fn fetch(&self, wanted: &[(u64, Digest)]) -> Result<Vec<u64>, WordsError> {
        let (mut asking, mut waiting) = (JoinSet::new(), wanted.iter().copied());
        let (mut cards, mut missing) = (Vec::new(), Vec::new());
        for (index, digest) in waiting.by_ref().take(CARDS_AT_ONCE) {
            asking.spawn(ask(self.following.transport.clone(), index, digest));
        }
        while let Some(Ok((index, found))) = asking.join_next().await {
            match found {
                Some(CardFound::Card(card)) => cards.push(card),
                Some(CardFound::Withdrawn) => {}
                Some(CardFound::Unknown) | None => missing.push(index),
            }
            if let Some((index, digest)) = waiting.next() {
                asking.spawn(ask(self.following.transport.clone(), index, digest));
            }
        }
        let register = Arc::clone(&self.register);
        run(move || register.cards.put(&cards)).await?;
        Ok(missing)
    }
}

/// Asks for one card. Nothing, if no answer comes or it is another one than was asked for.
async fn ask(transport: Transport, index: u64, digest: Digest) -> (u64, Option<CardFound>) {
    (index, fetch_card(&transport, &digest).await.ok())
}

/// Returns the cards that entries commit to and that are not kept, each with the index of its entry.
fn wanted(log: &LogReader, cards: &Cards, first: u64, count: u64) -> Result<Vec<(u64, Digest)>, WordsError> {
    let Some(start) = EntryIndex::new(first) else { return Ok(Vec::new()) };
    let mut wanted = Vec::new();
    for (index, leaf) in (first..).zip(log.entries(start, count)?) {
        let digest = Entry::parse(&leaf).ok().and_then(|entry| entry.body().card());
        if let Some(digest) = digest
            && cards.get(&digest)? == Kept::Nothing
        {
            wanted.push((index, digest));
        }
    }
    Ok(wanted)
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
