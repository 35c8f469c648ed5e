//! Tiles and bundles fetched, and what they show: that one tree begins with another.

use colophon_ledger::entry::ENTRY_BYTES_MAX;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{HASH_BYTES, Hash, empty_root};
use colophon_tlog::proof::{consistency, consistency_tiles, root, root_tiles, verify_consistency};
use colophon_tlog::tile::{Bundle, MissingTile, Tile, TileSet, TileWidth, UnprovenTile};
use colophon_tlog::tree::TreeSize;

use crate::failure::{Class, Failure};
use crate::http::{HttpError, Transport};
use crate::security::Misfit;

/// The longest tile, in bytes: 256 hashes.
const TILE_BYTES_MAX: usize = 256 * HASH_BYTES;
/// The longest bundle, in bytes: 256 entries, each after its length.
const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);

/// A tree: how large it is, and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many leaves it has.
    pub size: TreeSize,
    /// Its root.
    pub root: Hash,
}

impl Span {
    /// Returns the tree without leaves.
    pub fn empty() -> Span {
        Span { size: TreeSize::ZERO, root: empty_root() }
    }

    /// Returns the tree that a checkpoint is about.
    pub fn of(checkpoint: &SignedCheckpoint) -> Span {
        let checkpoint = checkpoint.checkpoint();
        Span { size: checkpoint.size, root: checkpoint.root }
    }
}

/// Why nothing shows that one tree begins with another, or what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// No answer: a fault, which may pass.
    #[error(transparent)]
    Http(HttpError),
    /// The answers show something else: never to be used, whatever the reason.
    #[error("{0}")]
    Misfit(Misfit),
    /// The larger tree's own tiles show that it had another root at the smaller one's size.
    #[error("{}", Misfit::Rewritten)]
    Parted {
        /// The root it had.
        root: Hash,
        /// The consistency proof from there to the larger tree.
        proof: Vec<Hash>,
    },
}

impl TreeError {
    /// Returns how the trees do not fit, unless there was no answer.
    pub(crate) fn misfit(self) -> Result<Misfit, HttpError> {
        match self {
            TreeError::Http(error) => Err(error),
            TreeError::Misfit(misfit) => Ok(misfit),
            TreeError::Parted { .. } => Ok(Misfit::Rewritten),
        }
    }
}

impl Failure for TreeError {
    fn class(&self) -> Class {
        match self {
            TreeError::Http(error) => error.class(),
            TreeError::Misfit(_) | TreeError::Parted { .. } => Class::Security,
        }
    }

    fn cure(&self) -> String {
        match self {
            TreeError::Http(error) => error.cure(),
            TreeError::Misfit(_) | TreeError::Parted { .. } => {
                "do not rely on this register; tell its operator what was found".to_owned()
            }
        }
    }
}

impl From<MissingTile> for TreeError {
    fn from(missing: MissingTile) -> TreeError {
        TreeError::Misfit(Misfit::Tiles(missing.to_string()))
    }
}

impl From<UnprovenTile> for TreeError {
    fn from(unproven: UnprovenTile) -> TreeError {
        TreeError::Misfit(Misfit::Tiles(unproven.to_string()))
    }
}

/// Checks by the log's tiles that the tree `large` begins with the tree `small`.
///
/// The size of `large` must come from a verified checkpoint: only tiles that it implies are asked for.
pub async fn check_extends(transport: &Transport, small: &Span, large: &Span) -> Result<(), TreeError> {
    let mut tiles = TileSet::new();
    for tile in needed(small.size, large.size) {
        let bytes = fetch_tile(transport, tile).await?;
        tiles.insert(tile, &bytes).map_err(|error| TreeError::Misfit(Misfit::Tiles(error.to_string())))?;
    }
    // First, what the tiles say the smaller tree was; that they are the larger tree's own is what the proof shows.
    let found = root(small.size, &tiles)?;
    let proof = consistency(small.size, large.size, &tiles)?;
    verify_consistency(small.size, large.size, &found, &large.root, &proof)
        .map_err(|error| TreeError::Misfit(Misfit::Tiles(error.to_string())))?;
    if found == small.root { Ok(()) } else { Err(TreeError::Parted { root: found, proof }) }
}

/// Returns the tiles of the consistency proof, and those of the smaller root where the proof leaves it out (a complete
/// subtree needs no proof to be its own beginning). All are as wide as the larger tree has them.
fn needed(small: TreeSize, large: TreeSize) -> Vec<Tile> {
    let of_root = root_tiles(small).into_iter().filter_map(|tile| Tile::at(tile.level, tile.index, large));
    let mut tiles: Vec<Tile> = consistency_tiles(small, large).into_iter().chain(of_root).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

/// Fetches a tile. Where a partial one is gone, the full one is taken and cut.
pub(crate) async fn fetch_tile(transport: &Transport, tile: Tile) -> Result<Vec<u8>, TreeError> {
    let bytes = usize::try_from(tile.width.get()).unwrap_or_default() * HASH_BYTES;
    match transport.get(&tile.path(), bytes).await {
        Err(error) if error.is_not_found() => {
            let full = Tile { width: TileWidth::FULL, ..tile };
            let mut body = fetch_full(transport, &full.path(), TILE_BYTES_MAX, tile.width).await?;
            body.truncate(bytes);
            Ok(body)
        }
        answer => answer.map_err(tree_error),
    }
}

/// Fetches a bundle and cuts it into its entries. Where a partial one is gone, the full one is taken.
pub(crate) async fn fetch_bundle(transport: &Transport, bundle: Bundle) -> Result<Vec<Vec<u8>>, TreeError> {
    let (fetched, bytes) = match transport.get(&bundle.path(), BUNDLE_BYTES_MAX).await {
        Err(error) if error.is_not_found() => {
            let full = Bundle { width: TileWidth::FULL, ..bundle };
            (full, fetch_full(transport, &full.path(), BUNDLE_BYTES_MAX, bundle.width).await?)
        }
        answer => (bundle, answer.map_err(tree_error)?),
    };
    let entries = fetched.split(&bytes).map_err(|error| TreeError::Misfit(Misfit::Tiles(error.to_string())))?;
    let wanted = usize::try_from(bundle.width.get()).unwrap_or_default();
    Ok(entries.into_iter().take(wanted).map(<[u8]>::to_vec).collect())
}

/// Fetches the full form of what was not there as a partial. What was full already is withheld.
async fn fetch_full(transport: &Transport, path: &str, limit: usize, was: TileWidth) -> Result<Vec<u8>, TreeError> {
    let withheld = || TreeError::Misfit(Misfit::Withheld(path.to_owned()));
    if was.is_full() {
        return Err(withheld());
    }
    let answer = transport.get(path, limit).await;
    answer.map_err(|error| if error.is_not_found() { withheld() } else { tree_error(error) })
}

/// An answer longer than a tile can be is not one; everything else is for the transport to explain.
fn tree_error(error: HttpError) -> TreeError {
    match error {
        HttpError::TooLarge { .. } => TreeError::Misfit(Misfit::Tiles(error.to_string())),
        error => TreeError::Http(error),
    }
}
