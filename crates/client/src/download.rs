//! A whole log, or the rest of one, fetched and checked: every entry comes in order, and none before it is proved.
//!
//! From the root of a verified checkpoint downward every tile is held against the one above it, and each bundle's entries
//! against the tile of their hashes; see [`colophon_tlog::tile::ProvenTiles`]. Several bundles are fetched at once and each is
//! checked on whichever core is free. What waits is bounded, so a log of any length takes the same memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::proof::root_tiles;
use colophon_tlog::tile::{Bundle, Expected, ProvenTiles, TILE_WIDTH, Tile, TileSet, UnprovenTile, tile_hashes};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::http::Transport;
use crate::security::Misfit;
use crate::tiles::{Span, TreeError, check_extends, fetch_bundle, fetch_tile};

/// How many bundles are fetched at once or wait for their turn. Of entries of the greatest length they take 64 MiB.
pub const BUNDLES_AT_ONCE: usize = 16;

/// The entries of a log from one tree to a larger one.
///
/// What is made of each entry is made on any core, many at the same time; what comes out is in the order of the log.
pub struct Download<T> {
    transport: Transport,
    tiles: ProvenTiles,
    to: Span,
    /// The bundle that is fetched next, and how many of its entries are known already.
    bundle: u64,
    known: usize,
    make: Arc<dyn Fn(Vec<Vec<u8>>) -> Vec<T> + Send + Sync>,
    waiting: VecDeque<Task<T>>,
    cores: Arc<Semaphore>,
}

/// A bundle that is being fetched. Given up when it is dropped.
struct Task<T>(JoinHandle<Result<Vec<T>, TreeError>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> fmt::Debug for Download<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Download(to {}, at the bundle {})", self.to.size, self.bundle)
    }
}

impl<T: Send + 'static> Download<T> {
    /// Begins after the tree `from`, which must be the beginning of `to`: that is checked first. The tree `to` must be a verified
    /// checkpoint's. `make` gets the entries of a bundle once they are proved, and makes one thing of each.
    pub async fn begin(
        transport: &Transport,
        from: Span,
        to: Span,
        make: impl Fn(Vec<Vec<u8>>) -> Vec<T> + Send + Sync + 'static,
    ) -> Result<Download<T>, TreeError> {
        check_extends(transport, &from, &to).await?;
        let mut edge = TileSet::new();
        for tile in root_tiles(to.size) {
            let bytes = fetch_tile(transport, tile).await?;
            edge.insert(tile, &bytes).map_err(UnprovenTile::from)?;
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Download {
            transport: transport.clone(),
            tiles: ProvenTiles::begin(to.size, to.root, edge)?,
            to,
            bundle: from.size.get() / TILE_WIDTH,
            known: usize::try_from(from.size.get() % TILE_WIDTH).unwrap_or_default(),
            make: Arc::new(make),
            waiting: VecDeque::new(),
            cores: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Returns the tree that the log is fetched up to.
    pub fn to(&self) -> Span {
        self.to
    }

    /// Returns what was made of the next entries, at most 256; nothing after the last. After an error the download is over, and
    /// so it is if the future is dropped before it is done.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, TreeError> {
        while self.waiting.len() < BUNDLES_AT_ONCE {
            let Some(bundle) = Bundle::at(self.bundle, self.to.size) else { break };
            let expected = self.expect(bundle).await?;
            let fetched = fetch(self.transport.clone(), bundle, expected, std::mem::take(&mut self.known));
            let (make, cores) = (Arc::clone(&self.make), Arc::clone(&self.cores));
            self.waiting.push_back(Task(tokio::spawn(async move {
                let checked = fetched.await?;
                // Closed by nobody.
                let _core = cores.acquire().await.ok();
                run(move || checked.prove(&*make)).await
            })));
            self.bundle += 1;
        }
        let Some(mut task) = self.waiting.pop_front() else { return Ok(None) };
        match (&mut task.0).await {
            Ok(entries) => entries.map(Some),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Returns what the tile of a bundle's hashes must hold, fetching what leads there.
    async fn expect(&mut self, bundle: Bundle) -> Result<Expected, TreeError> {
        while let Some(tile) = self.tiles.needed_for(0, bundle.index) {
            let bytes = fetch_tile(&self.transport, tile).await?;
            self.tiles.add(tile, &bytes)?;
        }
        let path = || bundle.path();
        self.tiles.expect(0, bundle.index).ok_or_else(|| UnprovenTile::Unknown(path()).into())
    }
}

/// A bundle and the tile of its hashes, as they came.
struct Fetched {
    bundle: Bundle,
    entries: Vec<Vec<u8>>,
    tile: Vec<u8>,
    expected: Expected,
    known: usize,
}

async fn fetch(transport: Transport, bundle: Bundle, expected: Expected, known: usize) -> Result<Fetched, TreeError> {
    let tile = fetch_tile(&transport, expected.tile());
    let (entries, tile) = tokio::try_join!(fetch_bundle(&transport, bundle), tile)?;
    Ok(Fetched { bundle, entries, tile, expected, known })
}

impl Fetched {
    /// Checks the tile, and that its hashes are those of the entries, and only then makes something of those that are new.
    fn prove<T>(mut self, make: &dyn Fn(Vec<Vec<u8>>) -> Vec<T>) -> Result<Vec<T>, TreeError> {
        let tile: Tile = self.expected.tile();
        let hashes = tile_hashes(tile, &self.tile).map_err(UnprovenTile::from)?;
        self.expected.check(&hashes)?;
        let found: Vec<Hash> = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        if found != hashes {
            let other = found.iter().zip(&hashes).position(|(found, hash)| found != hash).unwrap_or(found.len());
            let why = format!("the entry {other} of {} is not the one in the tree", self.bundle.path());
            return Err(TreeError::Misfit(Misfit::Tiles(why)));
        }
        Ok(make(self.entries.split_off(self.known.min(self.entries.len()))))
    }
}

/// Does work off the threads that wait for the network.
async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
