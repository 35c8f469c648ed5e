//! Paths of tiles and bundles, and bundles' bytes: one spelling each, and nothing left over.

use colophon_tlog::tile::{Bundle, LEVEL_MAX, TILE_INDEX_MAX, Tile, TileWidth};
use colophon_tlog::tree::{SIZE_MAX, TreeSize};

use crate::spelling::decimal;

/// Words of paths.
pub const WORDS: &[&str] =
    &["tile/", "entries/", "x001/", "x036/x028/x797/x018/x963/967", ".p/", "255", "256", "000", "7", "8"];

/// Reads text as a path, and bytes as a bundle.
pub fn check(data: &[u8]) {
    if let Some((width, bytes)) = data.split_first() {
        check_bundle(u64::from(*width) + 1, bytes);
    }
    let Ok(path) = std::str::from_utf8(data) else { return };
    let (tile, bundle) = (Tile::parse(path), Bundle::parse(path));
    let (level, place) = places(path).unzip();
    assert_eq!(tile.is_ok(), level.flatten().is_some(), "{tile:?}");
    assert_eq!(bundle.is_ok(), place.is_some() && level.flatten().is_none(), "{bundle:?}");
    let whole = TreeSize::new(SIZE_MAX).unwrap();
    if let Ok(tile) = tile {
        assert_eq!(tile.path(), path);
        assert_eq!((Some(tile.level), Some((tile.index, tile.width.get()))), (level.flatten(), place));
        let bytes = tile.byte_range();
        let (start, length) = (u128::from(tile.index) * 8192, u128::from(tile.width.get()) * 32);
        match u64::try_from(start + length) {
            Ok(end) => assert_eq!((u128::from(bytes.start), bytes.end), (start, end)),
            Err(_) => assert!(bytes.is_empty()),
        }
        assert!(
            Tile::at(tile.level, tile.index, whole)
                .is_none_or(|widest| tile.is_within(whole) == (widest.width >= tile.width))
        );
    }
    if let Ok(bundle) = bundle {
        assert_eq!(bundle.path(), path);
        assert_eq!(Some((bundle.index, bundle.width.get())), place);
        assert!(bundle.first().is_some_and(|first| first.get() == bundle.index * 256));
    }
}

/// The definition of a path: for a tile its level, and the index and width of a tile or bundle.
fn places(path: &str) -> Option<(Option<u8>, (u64, u64))> {
    let rest = path.strip_prefix("tile/")?;
    let (level, rest) = rest.split_once('/')?;
    let level = match level {
        "entries" => None,
        level => Some(decimal(level).filter(|level| *level <= u64::from(LEVEL_MAX))?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, decimal(width).filter(|width| (1..256).contains(width))?),
        None => (rest, 256),
    };
    let groups: Vec<&str> = index.split('/').collect();
    let (last, above) = groups.split_last()?;
    let mut digits = String::new();
    for group in above {
        digits += group.strip_prefix('x').filter(|group| group.len() == 3)?;
    }
    digits += last;
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && last.len() == 3;
    // All but the lowest group: no leading group of zeros.
    let leads = above.is_empty() || !digits.starts_with("000");
    let index: u128 = digits.parse().ok().filter(|_| is_plain && leads)?;
    let index = u64::try_from(index).ok().filter(|index| *index <= TILE_INDEX_MAX)?;
    Some((level.and_then(|level| u8::try_from(level).ok()), (index, width)))
}

fn check_bundle(width: u64, bytes: &[u8]) {
    let bundle = Bundle { index: 0, width: TileWidth::new(width).unwrap() };
    let Ok(entries) = bundle.split(bytes) else { return };
    assert_eq!(entries.len() as u64, width);
    let length = |entry: &&[u8]| u16::try_from(entry.len()).unwrap().to_be_bytes();
    let again: Vec<u8> = entries.iter().flat_map(|entry| [&length(entry)[..], entry].concat()).collect();
    assert_eq!(again, bytes);
}

/// Paths of small and large trees, and bundles of one and three entries.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = [
        "tile/0/000",
        "tile/0/005.p/1",
        "tile/1/x001/000",
        "tile/0/x001/x234/067.p/255",
        "tile/7/999",
        "tile/0/x036/x028/x797/x018/x963/967",
        "tile/entries/000",
        "tile/entries/x001/234.p/17",
    ]
    .map(|path| path.as_bytes().to_vec())
    .to_vec();
    seeds.push(b"\x00\x00\x05entry".to_vec());
    seeds.push(b"\x02\x00\x01a\x00\x00\x00\x02bc".to_vec());
    seeds
}
