//! Making proofs: which tiles are needed, and the hashes that come of them.

use crate::hash::{Hash, empty_root, node_hash};
use crate::proof::step::{Step, consistency_steps, inclusion_steps};
use crate::size::{EntryIndex, Node, TreeSize, subtrees};
use crate::tile::{LEVEL_MAX, MissingTile, TILE_HEIGHT, TILE_WIDTH, Tile, TileSet, coordinates_of, hashes_at};

/// Returns the tiles from which [`root`] is computed.
pub fn root_tiles(size: TreeSize) -> Vec<Tile> {
    tiles_of(&[(0, size.get())], size)
}

/// Returns the root of the tree of `size`.
pub fn root(size: TreeSize, tiles: &TileSet) -> Result<Hash, MissingTile> {
    range_root(0, size.get(), tiles)
}

/// Returns the tiles from which [`inclusion`] is computed. An index outside the tree needs none.
pub fn inclusion_tiles(index: EntryIndex, size: TreeSize) -> Vec<Tile> {
    if size.holds(index) { tiles_of(&inclusion_steps(index, size), size) } else { Vec::new() }
}

/// Returns the tiles from which [`inclusion`] is computed for every index from `first` on: once for a whole batch.
pub fn inclusion_tiles_from(first: EntryIndex, size: TreeSize) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..=LEVEL_MAX {
        let Some(last) = hashes_at(level, size).and_then(|count| count.checked_sub(1)) else { break };
        // A level that ends before `first` still gives its last tile: what stands left of the path is in it.
        let from = first.get() >> (TILE_HEIGHT * u32::from(level));
        let indices = from.min(last) / TILE_WIDTH..=last / TILE_WIDTH;
        tiles.extend(indices.filter_map(|index| Tile::at(level, index, size)));
    }
    tiles
}

/// Returns the proof that the tree of `size` has a leaf at `index`, from the leaf's sibling upward.
///
/// Requires `index` to be in the tree: the proof of one that is not is empty and proves nothing.
pub fn inclusion(index: EntryIndex, size: TreeSize, tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    if size.holds(index) { hashes_of(&inclusion_steps(index, size), tiles) } else { Ok(Vec::new()) }
}

/// Returns the tiles from which [`consistency`] is computed.
pub fn consistency_tiles(old: TreeSize, new: TreeSize) -> Vec<Tile> {
    tiles_of(&consistency_steps(old, new), new)
}

/// Returns the proof that the tree of `new` entries begins with the tree of `old`. Empty from size 0 and between equal sizes.
pub fn consistency(old: TreeSize, new: TreeSize, tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    hashes_of(&consistency_steps(old, new), tiles)
}

fn tiles_of(steps: &[Step], size: TreeSize) -> Vec<Tile> {
    let tile = |node: Node| {
        let (level, index) = coordinates_of(node);
        Tile::at(level, index, size)
    };
    let mut tiles: Vec<Tile> = steps.iter().flat_map(|(start, end)| subtrees(*start, *end)).filter_map(tile).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

fn hashes_of(steps: &[Step], tiles: &TileSet) -> Result<Vec<Hash>, MissingTile> {
    steps.iter().map(|(start, end)| range_root(*start, *end, tiles)).collect()
}

fn range_root(start: u64, end: u64, tiles: &TileSet) -> Result<Hash, MissingTile> {
    // Only the range at the right edge of the tree falls into more than one complete subtree.
    let mut root = None;
    for node in subtrees(start, end).into_iter().rev() {
        let left = tiles.require(node)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root.unwrap_or_else(empty_root))
}
