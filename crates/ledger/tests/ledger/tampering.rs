//! One byte changed, cut off, or taken from elsewhere: always noticed, never a panic.

use colophon_ledger::certificate::Certificate;
use colophon_ledger::entry::Entry;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::replay::Replay;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{RecordKey, Records};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tree::EntryIndex;

use crate::attacks::story;
use crate::world::World;

/// Calls `accepts` with every `step`-th byte changed in one bit, and with every `step`-th truncation.
pub(crate) fn no_change_is_accepted(bytes: &[u8], step: usize, accepts: impl Fn(&[u8]) -> bool) {
    assert!(accepts(bytes), "the true bytes are accepted");
    for place in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1 << (place % 7);
        assert!(
            !accepts(&changed),
            "byte {place} changed from {:?} to {:?}",
            bytes[place] as char,
            changed[place] as char
        );
        assert!(!accepts(&bytes[..place]), "cut off at {place}");
    }
}

#[test]
fn every_byte_of_an_entry_counts() {
    let (world, _) = story();
    let leaf = world.leaves.iter().find(|leaf| leaf.windows(6).any(|w| w == b"\"mint\"")).unwrap();
    let whole = Entry::parse(leaf).unwrap();
    no_change_is_accepted(leaf, 1, |bytes| {
        Entry::parse(bytes).is_ok_and(|entry| {
            entry.check_register(&world.rules.register).is_ok()
                && Signed::check(entry.clone(), world.replay.records())
                    .is_ok_and(|signed| signed.check_authority(world.replay.records()).is_ok())
        })
    });
    // Another entry's signature under this text.
    let other = world
        .leaves
        .iter()
        .rev()
        .filter_map(|leaf| Entry::parse(leaf).ok())
        .find(|entry| entry.id() != whole.id() && !entry.signatures().is_empty() && entry.body().kind() == "mint");
    let swapped = Entry::from_parts(whole.text(), other.unwrap().signatures().to_vec()).unwrap();
    assert!(Signed::check(swapped, world.replay.records()).is_err());
}

#[test]
fn every_byte_of_a_checkpoint_and_a_receipt_counts() {
    let (world, _) = story();
    let log = World::vkey();
    let checkpoint = world.checkpoint();
    no_change_is_accepted(checkpoint.to_string().as_bytes(), 1, |bytes| {
        SignedCheckpoint::open(bytes, &log).is_ok_and(|opened| opened == checkpoint)
    });
    let proved = world.prove(3);
    let receipt = Receipt {
        extra: None,
        index: EntryIndex::new(3).unwrap(),
        proof: proved.proof.iter().map(|hash| hash.0).collect(),
        checkpoint: checkpoint.to_string(),
    };
    let leaf = leaf_hash(proved.entry.as_bytes());
    let verifies = |bytes: &[u8]| Receipt::parse(bytes).is_ok_and(|receipt| receipt.verify(&leaf, &log).is_ok());
    no_change_is_accepted(receipt.to_string().as_bytes(), 1, verifies);
    let other = leaf_hash(world.prove(5).entry.as_bytes());
    assert!(receipt.verify(&other, &log).is_err());
}

#[test]
fn every_byte_of_a_certificate_counts() {
    let (world, work) = story();
    let log = World::vkey();
    let text = world.certificate(work).to_text();
    let verifies = |bytes: &[u8]| Certificate::parse(bytes).is_ok_and(|certificate| certificate.verify(&log).is_ok());
    no_change_is_accepted(text.as_bytes(), 23, verifies);
    // Each entry swapped for another of the same register.
    let certificate = world.certificate(work);
    for place in 0..certificate.entries.len() - 1 {
        let mut swapped = certificate.clone();
        let (one, other) = (swapped.entries[place].entry.clone(), swapped.entries[place + 1].entry.clone());
        swapped.entries[place].entry = other;
        swapped.entries[place + 1].entry = one;
        assert!(swapped.verify(&log).is_err());
    }
}

#[test]
fn every_byte_of_a_state_answer_counts() {
    let (world, work) = story();
    let keys = [RecordKey::Work(work), RecordKey::Edition(work, 1), RecordKey::Edition(work, 2)];
    let operator = RecordKey::Account(crate::world::account("operator"));
    let answer = StateAnswer {
        checkpoint: world.checkpoint().to_string(),
        seal: world.prove(world.size() - 1),
        records: keys.iter().chain([&operator]).map(|key| world.proved_record(key)).collect(),
    };
    let text = serde_json::to_string(&answer).unwrap();
    no_change_is_accepted(text.as_bytes(), 5, |bytes| {
        let Ok(read) = serde_json::from_slice::<StateAnswer>(bytes) else { return false };
        // A changed name is another question, truly answered: then what was asked is left unsaid.
        read.verify(&world.rules).is_ok_and(|shown| keys.iter().all(|key| shown.record(key).is_ok()))
    });
}

#[test]
fn every_byte_of_a_log_counts() {
    let (world, _) = story();
    let replays = |leaves: &[Vec<u8>]| {
        let mut replay = Replay::begin(&leaves[0]).ok()?;
        leaves.iter().try_for_each(|leaf| replay.leaf(leaf.clone()).map(|_| ()).ok())?;
        Some(replay.state_root())
    };
    let root = replays(&world.leaves);
    assert!(root.is_some());
    for (number, leaf) in world.leaves.iter().enumerate() {
        for place in (0..leaf.len()).step_by(41) {
            let mut changed: Vec<Vec<u8>> = world.leaves.clone();
            changed[number][place] ^= 1;
            assert_ne!(replays(&changed), root, "leaf {number}, byte {place}");
        }
    }
    let mut dropped: Vec<Vec<u8>> = world.leaves.clone();
    dropped.drain(4..6);
    assert_eq!(replays(&dropped), None);
}

#[test]
fn garbage_is_refused_and_nothing_more() {
    let mut world = World::new();
    for length in [0, 1, 2, 40, 300, 16 * 1024, 16 * 1024 + 1, 100_000] {
        for byte in [0, b'\n', b'{', b'[', b'"', 0xff] {
            assert!(world.submit_bytes(&vec![byte; length]).is_err());
            assert!(Certificate::parse(&vec![byte; length]).is_err());
        }
    }
    let many = format!("text\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(10_000));
    assert!(world.submit_bytes(many.as_bytes()).is_err());
}
