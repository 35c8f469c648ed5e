//! Batches for tests: whole by their form, whatever their entries are.

use colophon_ledger::account::AccountId;
use colophon_ledger::batch::{Position, beginning};
use colophon_ledger::entry::seal::{Seal, SealWord};
use colophon_ledger::entry::{Body, Entry, entry_id, text_of};
use colophon_ledger::field::{Digest, Int};
use colophon_ledger::register::Register;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Note, Signer};
use colophon_tlog::tree::TreeSize;

const ORIGIN: &str = "log.example/art";

/// Returns the leaves of a batch of `count` entries and its seal, and where the next one begins. Nothing for `position` stands
/// for the beginning of a log.
pub(crate) fn batch(position: Option<Position>, count: u64) -> (Vec<Vec<u8>>, Position) {
    let index = position.map_or(0, |position| position.index);
    let mut leaves: Vec<Vec<u8>> = (index..index + count).map(entry).collect();
    let position = position.unwrap_or_else(|| beginning(Digest(entry_id(&leaves[0]).unwrap())));
    let seal = seal(&position, count);
    let next = Position {
        index: index + count + 1,
        height: position.height + 1,
        prev_seal: Digest(entry_id(&seal).unwrap()),
        time_ms: 1_000 + position.height,
    };
    leaves.push(seal);
    (leaves, next)
}

/// Returns batches of these numbers of entries, from the beginning of a log on.
pub(crate) fn batches(counts: &[u64]) -> Vec<Vec<Vec<u8>>> {
    let mut position = None;
    let mut batches = Vec::new();
    for count in counts {
        let (leaves, next) = batch(position, *count);
        position = Some(next);
        batches.push(leaves);
    }
    batches
}

/// Returns some bytes that stand for the entry at `index`: a note, of a length that varies.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let fill = sha256(&index.to_be_bytes()).to_string();
    let text = format!("entry {index} {}\n", fill.repeat(usize::try_from(index % 7).unwrap()));
    note(text).to_string().into_bytes()
}

/// Returns the bytes of a seal that closes `count` entries from `position` on.
pub(crate) fn seal(position: &Position, count: u64) -> Vec<u8> {
    let (account, signer) = operator();
    let seal = Seal {
        by: account,
        count: Int::new(count).unwrap(),
        first: Int::new(position.index).unwrap(),
        height: Int::new(position.height).unwrap(),
        kind: SealWord::It,
        prev_seal: position.prev_seal,
        rules: Int::new(1).unwrap(),
        state: Digest(Hash::ZERO),
        time_ms: Int::new(1_000 + position.height).unwrap(),
    };
    let register = Register { origin: ORIGIN.parse().unwrap(), genesis: Digest(Hash::ZERO) };
    let text = text_of(&register, &Body::Seal(seal));
    let line = signer.sign(&text);
    Entry::from_parts(&text, vec![line]).unwrap().to_bytes()
}

/// Returns a signed checkpoint.
pub(crate) fn checkpoint(size: u64, root: Hash) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: TreeSize::new(size).unwrap(), root };
    note(checkpoint.to_text()).to_string()
}

fn note(text: String) -> Note {
    let signer = Signer::new(ORIGIN, SecretKey::from_seed([5; 32])).unwrap();
    let line = signer.sign(&text);
    Note::new(text, vec![line]).unwrap()
}

fn operator() -> (AccountId, Signer) {
    let secret = SecretKey::from_seed([7; 32]);
    let account = AccountId::from(&secret.public());
    (account, Signer::new(account.as_str(), secret).unwrap())
}
