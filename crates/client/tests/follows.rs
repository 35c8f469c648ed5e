//! Histories that do not fit: forks, rollbacks, and tiles that lie.

use colophon_client::client::Client;
use colophon_client::failure::{Class, Failure as _};
use colophon_client::follow::{FollowError, Standing};
use colophon_client::lookup::LookupError;
use colophon_client::pinned::Pinned;
use colophon_client::security::{Fork, Misfit, SecurityError};
use colophon_ledger::evidence::{Evidence, EvidenceError, Lie, ProvedLeaf, Stated};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::tile::Tile;

use crate::node::{Node, Reply};
use crate::people::{THIEF, digest, mint};
use crate::register::{TrueRegister, long_register, other_hash};

async fn follow_fork(client: &Client, checkpoint: &SignedCheckpoint) -> Fork {
    match client.follow(checkpoint).await {
        Err(FollowError::Security(SecurityError::Fork(fork))) => *fork,
        other => panic!("no fork: {other:?}"),
    }
}

/// The evidence must be one file with both checkpoints as they were signed, and what was seen must stay.
async fn assert_evidence(node: &Node, client: &Client, fork: &Fork, seen: Option<&SignedCheckpoint>) {
    let path = fork.evidence.as_ref().unwrap();
    let evidence = Evidence::parse(&std::fs::read(path).unwrap()).unwrap();
    let judged = evidence.judge(&client.rules().log_key);
    let (new, old) = (fork.new.checkpoint().size.get(), seen.map_or(1, |seen| seen.checkpoint().size.get()));
    match (&fork.misfit, seen) {
        // Whoever has the key sees it too, and needs nobody.
        (Misfit::Roots | Misfit::Rewritten, Some(_)) => {
            assert_eq!(judged, Ok(Lie::Fork { smaller: old.min(new), larger: old.max(new) }));
        }
        _ => assert_eq!(judged, Err(EvidenceError::Undecided { older: old, newer: new })),
    }
    assert_eq!(fork.old.as_ref(), seen);
    assert_eq!(client.last_seen().await.unwrap().as_ref(), seen);
    assert_eq!(node.evidence().len(), 1);
    assert!(fork.to_string().contains(path.to_str().unwrap()));
}

#[tokio::test]
async fn a_log_is_followed_from_any_size_to_any_larger_one() {
    let register = long_register(1, 700);
    let node = Node::start(register.clone()).await;
    for sizes in [[2, 3, 4, 255], [1, 256, 257, 700], [128, 256, 512, 513], [511, 512, 600, 601]] {
        let seen = tempfile::tempdir().unwrap();
        let memory = colophon_client::client::Memory {
            seen: seen.path().into(),
            evidence: seen.path().join("evidence"),
            stale: colophon_client::client::Stale::Refuse,
        };
        let client = Client::new(node.transport(), node.pinned(), memory).unwrap();
        for size in sizes {
            assert_eq!(client.follow(&register.checkpoint(size)).await.unwrap(), Standing::Newest, "{sizes:?} {size}");
        }
        for size in sizes {
            let standing = if size == sizes[3] { Standing::Newest } else { Standing::Stale };
            assert_eq!(client.follow(&register.checkpoint(size)).await.unwrap(), standing, "{sizes:?} {size}");
        }
        assert_eq!(client.last_seen().await.unwrap(), Some(register.checkpoint(sizes[3])));
    }
    assert!(node.evidence().is_empty());
}

#[tokio::test]
async fn only_tiles_that_a_verified_checkpoint_implies_are_asked_for() {
    let register = long_register(1, 700);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    client.follow(&register.checkpoint(300)).await.unwrap();
    client.follow(&register.checkpoint(650)).await.unwrap();
    let asked: Vec<Tile> = node.shelf.lock().unwrap().asked.iter().map(|path| Tile::parse(path).unwrap()).collect();
    assert!(
        asked.iter().all(|tile| tile.width.is_full()
            || [300, 650].map(|size| size >> (8 * tile.level) & 255).contains(&tile.width.get())),
        "{asked:?}"
    );
    // The same checkpoint again, and an older pair shown before, cost nothing.
    client.follow(&register.checkpoint(650)).await.unwrap();
    client.follow(&register.checkpoint(300)).await.unwrap();
    assert_eq!(node.shelf.lock().unwrap().asked.len(), asked.len());
}

#[tokio::test]
async fn where_a_partial_tile_is_gone_the_full_one_is_cut() {
    let register = long_register(1, 700);
    let node = Node::start(register.clone()).await;
    node.lie(|path, truth| if path.contains(".p/") { Reply::problem(404, "not_found") } else { truth });
    let client = node.client();
    assert_eq!(client.follow(&register.checkpoint(200)).await.unwrap(), Standing::Newest);
    // The level-1 tile is partial still, and the log not yet full there: nothing shows what comes after.
    let fork = follow_fork(&client, &register.checkpoint(700)).await;
    assert!(matches!(fork.misfit, Misfit::Withheld(_)), "{}", fork.misfit);
}

#[tokio::test]
async fn two_logs_of_one_size_are_a_fork_with_evidence() {
    let register = long_register(1, 300);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let (seen, _) = client.newest().await.unwrap();
    let forged = register.sign(register.size(), other_hash());
    for _ in 0..2 {
        let fork = follow_fork(&client, &forged).await;
        assert_eq!(fork.misfit, Misfit::Roots);
        assert_evidence(&node, &client, &fork, Some(&seen)).await;
    }
}

#[tokio::test]
async fn a_fork_is_told_even_where_the_evidence_cannot_be_kept() {
    let register = long_register(1, 2);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    client.newest().await.unwrap();
    std::fs::write(node.dir.path().join("evidence"), "a file where a directory should be").unwrap();
    let fork = follow_fork(&client, &register.sign(2, other_hash())).await;
    assert!(fork.evidence.is_err());
    assert!(fork.to_string().contains("could not be kept"), "{fork}");
}

#[tokio::test]
async fn a_history_rewritten_is_a_fork_whatever_tiles_are_handed_out() {
    // Two registers of one key and one genesis that part after it: the old one is seen, the new one served.
    let mut old = TrueRegister::begin(1);
    let mut new = old.clone();
    old.mint(THIEF, "mine", None);
    for file in ["hills", "river", "stone"] {
        new.mint(THIEF, file, None);
    }
    let node = Node::start(new.clone()).await;
    let client = node.client();
    node.shelf.lock().unwrap().register = old.clone();
    let seen = old.checkpoint(old.size());
    client.follow(&seen).await.unwrap();
    node.shelf.lock().unwrap().register = new.clone();
    let forked = new.checkpoint(new.size());
    // Its own tiles show that the log was rewritten.
    let fork = follow_fork(&client, &forked).await;
    assert_eq!(fork.misfit, Misfit::Rewritten);
    assert_evidence(&node, &client, &fork, Some(&seen)).await;
    // The old log's tiles, or anybody's, do not lead to the new checkpoint.
    node.lie(move |path, truth| match Tile::parse(path) {
        Ok(_) => Reply::ok([old.tile_bytes("tile/0/000.p/4", 4).unwrap(), vec![7; truth.body.len() - 128]].concat()),
        Err(_) => truth,
    });
    assert!(matches!(follow_fork(&client, &forked).await.misfit, Misfit::Tiles(_)));
    // No tiles at all show nothing either.
    node.lie(|_, _| Reply::problem(404, "not_found"));
    assert!(matches!(follow_fork(&client, &forked).await.misfit, Misfit::Withheld(_)));
}

#[tokio::test]
async fn every_changed_byte_and_length_of_a_tile_is_noticed() {
    let register = long_register(1, 300);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let seen = register.checkpoint(120);
    client.follow(&seen).await.unwrap();
    let new = register.checkpoint(300);
    for round in 0..60_usize {
        node.lie(move |_, mut truth| {
            let at = (round * 137) % truth.body.len();
            match round % 3 {
                0 => truth.body.truncate(at),
                1 => truth.body.push(0),
                _ => truth.body = truth.body.iter().map(|byte| byte ^ 1).collect(),
            }
            truth
        });
        let fork = follow_fork(&client, &new).await;
        assert!(matches!(fork.misfit, Misfit::Tiles(_)), "{round}: {}", fork.misfit);
        assert_eq!(fork.old.as_ref(), Some(&seen));
    }
    node.tell_the_truth();
    assert_eq!(client.follow(&new).await.unwrap(), Standing::Newest);
    assert_eq!(node.evidence().len(), 1);
}

#[tokio::test]
async fn a_log_rolled_back_is_a_fork_unless_it_is_shown_to_be_the_same() {
    let register = long_register(1, 300);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let (seen, _) = client.newest().await.unwrap();
    // An old backup put back: what was seen since is not there any more.
    node.shelf.lock().unwrap().published = register.moments[2].size;
    let error = client.newest().await.unwrap_err();
    assert_eq!(error.class(), Class::Security);
    let fork = follow_fork(&client, &register.checkpoint(register.moments[2].size)).await;
    assert!(matches!(fork.misfit, Misfit::Withheld(_)), "{}", fork.misfit);
    assert_evidence(&node, &client, &fork, Some(&seen)).await;
    // A smaller log that never was.
    node.tell_the_truth();
    node.shelf.lock().unwrap().published = register.size();
    assert_eq!(follow_fork(&client, &register.sign(100, other_hash())).await.misfit, Misfit::Rewritten);
    assert_eq!(follow_fork(&client, &register.sign(0, other_hash())).await.misfit, Misfit::Rewritten);
}

#[tokio::test]
async fn a_rollback_is_shown_by_seals_or_a_receipt_though_nothing_is_handed_out() {
    // One batch of many entries, and after it was set back two of one each, the second of them later.
    let begun = TrueRegister::begin(1);
    let (mut old, mut new) = (begun.clone(), begun);
    let mints: Vec<_> =
        ["hills", "river", "stone", "rain"].map(|face| mint(&old.rules.register, THIEF, face, None).entry).into();
    old.must(&mints);
    new.mint(THIEF, "mine", None);
    new.mint(THIEF, "also", None);
    assert_eq!((new.size(), old.size()), (6, 7));
    let proof = old.receipt(2, old.size()).proof;
    let leaf = ProvedLeaf::new(&old.leaves[2], 2, &proof);
    let acknowledged = old.checkpoint(old.size());
    let receipt = Stated { checkpoint: acknowledged.to_string(), leaf };
    let node = Node::start(old).await;
    let client = node.client();
    let nothing = colophon_client::work::WorkPrefix::from(&digest("nothing"));
    client.work(&nothing, 1).await.unwrap();
    let seen = client.last_seen().await.unwrap();
    node.shelf.lock().unwrap().published = new.size();
    node.shelf.lock().unwrap().register = new;
    let error = client.work(&nothing, 1).await.unwrap_err();
    let LookupError::Follow(FollowError::Security(SecurityError::Fork(fork))) = error else { panic!("{error}") };
    let evidence = Evidence::parse(&std::fs::read(fork.evidence.unwrap()).unwrap()).unwrap();
    let lie = evidence.judge(&client.rules().log_key);
    assert_eq!(lie, Ok(Lie::Seals { indices: (5, 6), sizes: (6, 7) }));
    assert_eq!(client.last_seen().await.unwrap(), seen);
    // Somebody else has nothing but a receipt from before.
    let other = tempfile::tempdir().unwrap();
    let memory = colophon_client::client::Memory {
        seen: other.path().into(),
        evidence: other.path().join("evidence"),
        stale: colophon_client::client::Stale::Refuse,
    };
    let client = Client::new(node.transport(), node.pinned(), memory).unwrap();
    let fork = match client.follow_stated(&acknowledged, receipt).await {
        Err(FollowError::Security(SecurityError::Fork(fork))) => fork,
        other => panic!("no fork: {other:?}"),
    };
    let evidence = Evidence::parse(&std::fs::read(fork.evidence.unwrap()).unwrap()).unwrap();
    let lie = evidence.judge(&client.rules().log_key);
    assert_eq!(lie, Ok(Lie::Replaced { index: 2, sizes: (7, 6) }));
}

#[tokio::test]
async fn a_log_that_does_not_begin_with_the_pinned_genesis_is_a_fork() {
    let register = long_register(1, 300);
    let node = Node::start(register.clone()).await;
    let mut other = TrueRegister::begin(1);
    other.leaves[0] = long_register(1, 2).leaves[1].clone();
    let client = node.client();
    // The same key signs a log whose first leaf is another.
    let forged = other.sign(1, colophon_tlog::hash::leaf_hash(&other.leaves[0]));
    let fork = follow_fork(&client, &forged).await;
    assert_eq!((fork.misfit.clone(), fork.old.clone()), (Misfit::Roots, None));
    assert_evidence(&node, &client, &fork, None).await;
}

#[tokio::test]
async fn another_keys_checkpoint_is_not_this_registers() {
    let register = long_register(1, 2);
    let node = Node::start(register).await;
    let client = node.client();
    let other = TrueRegister::begin(2);
    node.lie(move |_, _| Reply::ok(other.checkpoint(2).to_string()));
    let error = client.newest().await.unwrap_err();
    assert!(matches!(error, FollowError::Security(SecurityError::Checkpoint(_))), "{error}");
    // Something that is no checkpoint at all is most likely no register either.
    node.lie(|_, _| Reply::ok("<html>welcome to the hotel</html>"));
    assert_eq!(client.newest().await.unwrap_err().class(), Class::Unable);
    assert_eq!(client.last_seen().await.unwrap(), None);
}

#[tokio::test]
async fn every_changed_byte_of_a_checkpoint_is_noticed() {
    let register = long_register(1, 2);
    let node = Node::start(register).await;
    let client = node.client();
    client.newest().await.unwrap();
    let length = { node.shelf.lock().unwrap().register.checkpoint(2).to_string().len() };
    for at in 0..length {
        node.lie(move |_, mut truth| {
            truth.body[at] ^= 1;
            truth
        });
        assert!(client.newest().await.is_err(), "{at}");
    }
}

#[tokio::test]
async fn two_clients_of_one_directory_follow_together() {
    let register = long_register(1, 700);
    let node = Node::start(register.clone()).await;
    let follow_all = |client: Client| {
        let register = register.clone();
        tokio::spawn(async move {
            for moment in &register.moments {
                client.follow(&register.checkpoint(moment.size)).await.unwrap();
            }
        })
    };
    let (one, other) = (follow_all(node.client()), follow_all(node.client()));
    one.await.unwrap();
    other.await.unwrap();
    assert_eq!(node.client().last_seen().await.unwrap(), Some(register.checkpoint(register.size())));
}

#[test]
fn a_pinned_register_is_kept_in_a_file() {
    let register = TrueRegister::begin(1);
    let pinned = Pinned::new("https://registry.example/art/", &register.rules.log_key, &register.leaf(0)).unwrap();
    let file = pinned.to_json();
    assert_eq!(Pinned::parse(file.as_bytes()).unwrap(), pinned);
    for at in 0..file.len() {
        let mut changed = file.clone().into_bytes();
        changed[at] ^= 1;
        // Whatever is changed, it never becomes another register under this key.
        if let Ok(other) = Pinned::parse(&changed) {
            assert_eq!(other.rules(), pinned.rules());
        }
    }
    let padded = format!("{file}{}", " ".repeat(colophon_client::pinned::PINNED_BYTES_MAX));
    assert!(Pinned::parse(padded.as_bytes()).is_err());
}
