//! The log as c2sp.org/tlog-tiles has it: strict paths, nothing beyond the checkpoint, nothing cached that may come to be.

use axum::http::{Method, Request, StatusCode};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::proof::root;
use colophon_tlog::tile::{Bundle, Tile, TileSet};
use colophon_tlog::tree::TreeSize;
use serde_json::json;

use crate::people::minting;
use crate::register::Register;

/// Fills a register up to `size` entries, an even number: each entry comes with its seal.
async fn filled(size: u64) -> Register {
    let register = Register::new();
    let entries: Vec<_> =
        (0..size - 3).map(|n| json!({"entry": minting("ana", &n.to_string()).note(register.id())})).collect();
    // One batch or several: the rest is made up one by one, two leaves at a time, or by one batch of the right length.
    let answer = register.post_json("/v1/entries/many", &json!({"entries": entries})).await;
    assert_eq!(answer.status, StatusCode::OK);
    register
}

fn size_of(register: &Register) -> u64 {
    register.running.api().register.newest().size.get()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tile_and_bundle_leads_to_the_checkpoint() {
    let register = filled(600).await;
    let answer = register.get("/checkpoint").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let checkpoint = SignedCheckpoint::open(&answer.bytes, &register.rules.log_key).unwrap();
    let size = checkpoint.checkpoint().size;
    assert!(size.get() > 512);

    let mut tiles = TileSet::new();
    for level in 0..=1 {
        for index in 0.. {
            let Some(tile) = Tile::at(level, index, size) else { break };
            let answer = register.get(&format!("/{}", tile.path())).await;
            assert_eq!(answer.status, StatusCode::OK, "{tile}");
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
            tiles.insert(tile, &answer.bytes).unwrap();
        }
    }
    assert_eq!(root(size, &tiles).unwrap(), checkpoint.checkpoint().root);

    for index in 0.. {
        let Some(bundle) = Bundle::at(index, size) else { break };
        let answer = register.get(&format!("/{}", bundle.path())).await;
        let entries = bundle.split(&answer.bytes).unwrap();
        let hashes: Vec<_> = entries.into_iter().map(leaf_hash).collect();
        assert_eq!(Some(&hashes[..]), tiles.hashes(0, index));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_checkpoint_s_partial_tiles_stay() {
    let register = filled(300).await;
    for width in [1, 7, 255] {
        for path in [format!("/tile/0/000.p/{width}"), format!("/tile/entries/000.p/{width}")] {
            assert_eq!(register.get(&path).await.status, StatusCode::OK, "{path}");
        }
    }
    assert_eq!(register.get("/tile/0/000.p/255").await.bytes, register.get("/tile/0/000").await.bytes[..255 * 32]);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_spelling_is_not_found_and_not_kept() {
    let register = filled(300).await;
    let beyond = size_of(&register) - 256 + 1;
    assert!(Tile::at(0, 1, TreeSize::new(size_of(&register)).unwrap()).is_some());
    let wrong = [
        format!("/tile/0/001.p/{beyond}"),
        format!("/tile/entries/001.p/{beyond}"),
        "/tile/0/001".to_owned(),
        "/tile/0/002".to_owned(),
        "/tile/1/000".to_owned(),
        "/tile/1/000.p/2".to_owned(),
        "/tile/2/000.p/1".to_owned(),
    ];
    let malformed = [
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/+1",
        "/tile/0/000.p/01",
        "/tile/0/000.p/",
        "/tile/0/000.p",
        "/tile/0/000/",
        "/tile/0/x000/000",
        "/tile/0/x000/x000/000",
        "/tile/0/+00",
        "/tile/0/0",
        "/tile/0/0000",
        "/tile/0/%30%30%30",
        "/tile/00/000",
        "/tile/8/000",
        "/tile/63/000",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/+0/000",
        "/tile//000",
        "/tile/0",
        "/tile/0/",
        "/tile/data/000",
        "/tile/entries/000.p/0",
        "/tile/entries/x000/000",
        "/tile/0/x018/x446/x744/x073/x709/x551/x616/616",
        "/tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/entries/x999/x999/x999/x999/x999/x999/999.p/255",
        "/tile/0/../0/000",
        "/tile/0/000?x=1.p/0/",
    ];
    for path in wrong.iter().map(String::as_str).chain(malformed) {
        let answer = register.get(path).await;
        if path.contains('?') {
            assert_eq!(answer.status, StatusCode::OK, "a query is not a part of the path");
            continue;
        }
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let head = Request::builder().method(Method::HEAD).uri("/tile/0/000").body(axum::body::Body::empty()).unwrap();
    let head = register.send(head).await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
}
