//! Tiles and entry bundles: coordinates, paths, byte ranges, and the hashes they give.
//!
//! A tile is up to 256 hashes of one level, 8 KiB. Hash `i` of tile `(L, N)` is the root of the complete subtree of
//! `256^L` leaves that begins at leaf `(N·256 + i)·256^L`. Paths are those of <https://c2sp.org/tlog-tiles>:
//!
//! ```text
//! tile/0/005              the tile (0, 5), full: bytes 40 960 to 49 152 of the level's dense hashes
//! tile/1/x001/234.p/17    the first 17 hashes of the tile (1, 1234)
//! tile/entries/000.p/3    the first 3 entries, each after its big-endian 16-bit length
//! ```
//!
//! A tree of 70 000 entries has at level 0 the full tiles 0 to 272 and `tile/0/273.p/112`, at level 1 the full tile 0
//! and `tile/1/001.p/17`, and at level 2 `tile/2/000.p/1`.

mod bundle;
mod coordinates;
mod proven;
mod set;

pub use crate::tile::bundle::{BUNDLE_BYTES_MAX, Bundle, BundleError};
pub use crate::tile::coordinates::{
    LEVEL_MAX, TILE_HEIGHT, TILE_INDEX_MAX, TILE_WIDTH, Tile, TilePathError, TileWidth, hashes_at,
};
pub use crate::tile::proven::{Expected, ProvenTiles, UnprovenTile};
pub(crate) use crate::tile::set::coordinates_of;
pub use crate::tile::set::{MissingTile, TileBytesError, TileSet, tile_hashes};
