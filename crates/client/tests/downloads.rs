//! Whole logs, fetched: everything in order and proved, or an error that says who is to blame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use colophon_client::download::{BUNDLES_AT_ONCE, Download};
use colophon_client::failure::{Class, Failure as _};
use colophon_client::security::Misfit;
use colophon_client::tiles::{Span, TreeError};
use colophon_tlog::tile::Tile;

use crate::node::{Node, Reply};
use crate::register::{TrueRegister, other_hash};

/// A log of many small leaves that are no entries: whoever only fetches does not mind.
fn log(size: u64) -> TrueRegister {
    TrueRegister::begin(1).followed_by(size)
}

fn span(register: &TrueRegister, size: u64) -> Span {
    if size == 0 { Span::empty() } else { Span::of(&register.checkpoint(size)) }
}

async fn fetch(node: &Node, from: Span, to: Span) -> Result<Vec<Vec<u8>>, TreeError> {
    let mut download = Download::begin(&node.transport(), from, to, |leaves| leaves).await?;
    let mut leaves = Vec::new();
    while let Some(some) = download.next().await? {
        assert!(some.len() <= 256);
        leaves.extend(some);
    }
    Ok(leaves)
}

/// Fetches all of the log, which must fail by what it was given.
async fn misfit(node: &Node, register: &TrueRegister) -> Misfit {
    match fetch(node, Span::empty(), span(register, register.size())).await {
        Err(TreeError::Misfit(misfit)) => misfit,
        other => panic!("not noticed: {:?}", other.map(|leaves| leaves.len())),
    }
}

#[tokio::test]
async fn a_log_comes_whole_and_in_order_from_any_size() {
    let register = log(70_000);
    let node = Node::start(register.clone()).await;
    for (from, to) in [(0, 70_000), (69_000, 70_000), (65_536, 65_537), (0, 1), (255, 256), (256, 257), (700, 700)] {
        let leaves = fetch(&node, span(&register, from), span(&register, to)).await.unwrap();
        assert!(leaves == register.leaves[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()], "{from} {to}");
    }
}

#[tokio::test]
async fn only_so_much_is_fetched_before_its_turn() {
    let register = log(256 * 60);
    let node = Node::start(register.clone()).await;
    let made = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&made);
    let to = span(&register, register.size());
    let make = move |leaves: Vec<Vec<u8>>| {
        counted.fetch_add(leaves.len() as u64, Ordering::SeqCst);
        leaves
    };
    let mut download = Download::begin(&node.transport(), Span::empty(), to, make).await.unwrap();
    for round in 1..=3 {
        assert_eq!(download.next().await.unwrap().unwrap().len(), 256);
        // Whatever else has come meanwhile waits for its turn.
        assert!(made.load(Ordering::SeqCst) <= (BUNDLES_AT_ONCE as u64 + round - 1) * 256);
    }
    let bundles = node.shelf.lock().unwrap().asked.iter().filter(|path| path.starts_with("tile/entries")).count();
    assert!(bundles <= BUNDLES_AT_ONCE + 2, "{bundles}");
}

#[tokio::test]
async fn where_a_partial_bundle_is_gone_the_full_one_is_cut() {
    let register = log(700);
    let node = Node::start(register.clone()).await;
    node.lie(|path, truth| {
        let partial = path.contains(".p/") && !path.starts_with("tile/1");
        if partial { Reply::problem(404, "not_found") } else { truth }
    });
    let leaves = fetch(&node, Span::empty(), span(&register, 300)).await.unwrap();
    assert!(leaves == register.leaves[..300]);
    // Of the newest there is no full one yet.
    assert!(matches!(misfit(&node, &register).await, Misfit::Withheld(_)));
}

#[tokio::test]
async fn every_changed_byte_of_a_bundle_or_tile_is_noticed() {
    let register = log(700);
    let node = Node::start(register.clone()).await;
    for path in ["tile/entries/000", "tile/entries/002.p/188", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"] {
        for round in 0..40_usize {
            let lies = Arc::new(AtomicU64::new(0));
            let told = Arc::clone(&lies);
            node.lie(move |asked, mut truth| {
                if asked == path {
                    told.fetch_add(1, Ordering::SeqCst);
                    let at = (round * 137) % truth.body.len();
                    match round % 4 {
                        0 => truth.body.truncate(at),
                        1 => truth.body.push(0),
                        2 => truth.body.swap(at, (at + 1) % (round + 2)),
                        _ => truth.body[at] ^= 1,
                    }
                }
                truth
            });
            let outcome = fetch(&node, Span::empty(), span(&register, 700)).await;
            assert!(lies.load(Ordering::SeqCst) > 0, "{path} was not asked for");
            match outcome {
                Err(TreeError::Misfit(Misfit::Tiles(_))) => {}
                // Two equal bytes were swapped.
                Ok(leaves) if round % 4 == 2 => assert!(leaves == register.leaves),
                other => panic!("{path} {round}: {:?}", other.map(|leaves| leaves.len())),
            }
        }
    }
}

#[tokio::test]
async fn a_log_that_does_not_go_on_from_what_is_known_is_not_fetched() {
    let register = log(700);
    let node = Node::start(register.clone()).await;
    let other = Span { root: other_hash(), ..span(&register, 300) };
    let error = fetch(&node, other, span(&register, 700)).await.unwrap_err();
    assert!(matches!(error, TreeError::Parted { .. }), "{error}");
    assert_eq!(error.class(), Class::Security);
    assert!(node.shelf.lock().unwrap().asked.iter().all(|path| Tile::parse(path).is_ok()), "no entry was asked for");
}

/// Returns the gzip of 5 MiB of zero bytes, in 32 KiB: one literal, then again and again 258 times the byte before (RFC 1951).
fn bomb() -> Vec<u8> {
    let run = "1100010100000".repeat(5 << 20 >> 8);
    let bits: Vec<u8> = format!("110{}{run}", "00110000").bytes().map(|bit| bit - b'0').collect();
    let packed = bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit));
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3].into_iter().chain(packed).collect()
}

#[tokio::test]
async fn a_bundle_that_unpacks_without_end_is_cut_off() {
    let register = log(300);
    let node = Node::start(register.clone()).await;
    node.lie(|path, truth| {
        if !path.starts_with("tile/entries") {
            return truth;
        }
        Reply { headers: vec![("content-encoding", "gzip".to_owned())], ..Reply::ok(bomb()) }
    });
    let misfit = misfit(&node, &register).await;
    assert!(misfit.to_string().contains("longer than"), "{misfit}");
}

#[tokio::test]
async fn a_node_that_is_busy_or_gone_is_no_liar() {
    let register = log(300);
    let node = Node::start(register.clone()).await;
    node.lie(|path, truth| if path.starts_with("tile/entries") { Reply::problem(503, "busy") } else { truth });
    let error = fetch(&node, Span::empty(), span(&register, 300)).await.unwrap_err();
    assert!(matches!(error, TreeError::Http(_)));
    assert_eq!(error.class(), Class::Fault);
}
