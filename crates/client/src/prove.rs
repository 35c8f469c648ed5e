//! Single entries of a log, fetched with the proofs that they are in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use colophon_tlog::hash::{Hash, leaf_hash};
use colophon_tlog::proof::{inclusion, inclusion_tiles, verify_inclusion};
use colophon_tlog::tile::{Bundle, TILE_WIDTH, TileSet};
use colophon_tlog::tree::EntryIndex;

use crate::http::Transport;
use crate::security::Misfit;
use crate::tiles::{Span, TreeError, fetch_bundle, fetch_tile};

/// An entry, and what shows that it is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedLeaf {
    /// Its index.
    pub index: EntryIndex,
    /// The entry.
    pub leaf: Vec<u8>,
    /// The hashes from its sibling upward.
    pub proof: Vec<Hash>,
}

/// Fetches the entries at `indices` with their proofs to the tree `to`, which must be a verified checkpoint's.
pub async fn fetch_proved(
    transport: &Transport,
    to: Span,
    indices: impl IntoIterator<Item = EntryIndex>,
) -> Result<Vec<ProvedLeaf>, TreeError> {
    let (mut tiles, mut bundles, mut proved) = (TileSet::new(), BTreeMap::new(), Vec::new());
    for index in indices {
        for tile in inclusion_tiles(index, to.size) {
            if tiles.hashes(tile.level, tile.index).is_none() {
                let bytes = fetch_tile(transport, tile).await?;
                tiles.insert(tile, &bytes).map_err(|error| TreeError::Misfit(Misfit::Tiles(error.to_string())))?;
            }
        }
        let (place, within) = (index.get() / TILE_WIDTH, index.get() % TILE_WIDTH);
        let bundle = Bundle::at(place, to.size).filter(|_| to.size.holds(index));
        let bundle = bundle.ok_or_else(|| wrong(index, "the tree does not hold it"))?;
        let leaves = match bundles.entry(place) {
            Entry::Occupied(fetched) => fetched.into_mut(),
            Entry::Vacant(wanted) => wanted.insert(fetch_bundle(transport, bundle).await?),
        };
        let leaf = usize::try_from(within).ok().and_then(|within| leaves.get(within)).cloned();
        let leaf = leaf.ok_or_else(|| wrong(index, "its bundle is too short"))?;
        let proof = inclusion(index, to.size, &tiles)?;
        verify_inclusion(&leaf_hash(&leaf), index, to.size, &proof, &to.root)
            .map_err(|error| wrong(index, &error.to_string()))?;
        proved.push(ProvedLeaf { index, leaf, proof });
    }
    Ok(proved)
}

fn wrong(index: EntryIndex, why: &str) -> TreeError {
    TreeError::Misfit(Misfit::Tiles(format!("the entry {index}: {why}")))
}
