//! Meeting a register for the first time.

use colophon_client::failure::{Class, Failure as _};
use colophon_client::register::{FirstUseError, first_use};

use crate::node::{Node, Reply};
use crate::register::{TrueRegister, log_key, long_register, other_hash};

#[tokio::test]
async fn a_register_is_met_with_or_without_its_key_in_hand() {
    for register in [TrueRegister::begin(1), long_register(1, 700)] {
        let node = Node::start(register.clone()).await;
        for expected in [None, Some(log_key(1))] {
            let met = first_use(&node.transport(), expected.as_ref()).await.unwrap();
            assert_eq!(met.pinned, node.pinned());
            assert_eq!(met.checkpoint, register.checkpoint(register.size()));
            assert_eq!(met.pinned.rules().register.genesis, register.id_at(0));
        }
    }
}

#[tokio::test]
async fn with_the_key_in_hand_plain_tiles_are_enough() {
    let node = Node::start(long_register(1, 300)).await;
    node.lie(|path, truth| if path.starts_with("v1/") { Reply::problem(404, "not_found") } else { truth });
    first_use(&node.transport(), Some(&log_key(1))).await.unwrap();
}

#[tokio::test]
async fn another_key_than_the_one_in_hand_is_noticed() {
    let node = Node::start(TrueRegister::begin(1)).await;
    let error = first_use(&node.transport(), Some(&log_key(2))).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
}

#[tokio::test]
async fn a_genesis_that_is_not_the_logs_is_noticed() {
    let node = Node::start(long_register(1, 300)).await;
    let other = TrueRegister::begin(2);
    let own = long_register(1, 300);
    // The node claims another register's genesis and key, under its own checkpoint.
    let claimed = other.clone();
    node.lie(move |path, truth| if path == "v1/entries/0" { Reply::json(&claimed.entry_answer(0)) } else { truth });
    let error = first_use(&node.transport(), None).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
    // The bundle begins with another register's genesis.
    let bundle = other.tile_bytes("tile/entries/000.p/1", 2).unwrap();
    let rest = own.leaves[1..256]
        .iter()
        .flat_map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes(), leaf.as_slice()].concat());
    let bundle: Vec<u8> = bundle.into_iter().chain(rest).collect();
    node.lie(move |path, truth| if path.starts_with("tile/entries") { Reply::ok(bundle.clone()) } else { truth });
    let error = first_use(&node.transport(), Some(&log_key(1))).await.unwrap_err();
    assert!(matches!(error, FirstUseError::Security(_)), "{error}");
    assert_eq!(error.class(), Class::Security);
}

#[tokio::test]
async fn a_checkpoint_that_does_not_hold_the_genesis_is_noticed() {
    let register = long_register(1, 300);
    let node = Node::start(register.clone()).await;
    node.lie(move |path, truth| match path {
        "checkpoint" => Reply::ok(register.sign(300, other_hash()).to_string()),
        _ => truth,
    });
    let error = first_use(&node.transport(), None).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
}

#[tokio::test]
async fn every_changed_byte_on_the_way_is_noticed_or_makes_no_difference() {
    let node = Node::start(TrueRegister::begin(1)).await;
    let truth = first_use(&node.transport(), None).await.unwrap();
    for at in (0..4000).step_by(13) {
        node.lie(move |_, mut truth| {
            let length = truth.body.len();
            truth.body[at % length] ^= 1;
            truth
        });
        if let Ok(met) = first_use(&node.transport(), None).await {
            assert_eq!(met, truth, "{at}");
        }
    }
    for length in (0..2000).step_by(17) {
        node.lie(move |path, mut truth| {
            if path != "v1/entries/0" {
                truth.body.truncate(length.min(truth.body.len() - 1));
            }
            truth
        });
        assert!(first_use(&node.transport(), None).await.is_err(), "{length}");
    }
}

#[tokio::test]
async fn an_empty_log_is_no_register() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    node.lie(move |path, truth| match path {
        "checkpoint" => Reply::ok(register.sign(0, colophon_tlog::hash::empty_root()).to_string()),
        _ => truth,
    });
    let error = first_use(&node.transport(), None).await.unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
}
