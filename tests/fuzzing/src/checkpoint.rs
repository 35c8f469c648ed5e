//! Checkpoints: one spelling, and none but the log's own is opened.

use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint, is_valid_origin};
use colophon_tlog::hash::Hash;
use colophon_tlog::note::{Note, SIGNATURES_MAX};
use colophon_tlog::policy::Policy;
use colophon_tlog::tree::SIZE_MAX;

use crate::people::digest;
use crate::spelling::{base64_bytes, decimal, is_name};
use crate::story::{checkpoint, log_signer, story};

/// Words of checkpoints.
pub const WORDS: &[&str] = &[
    "registry.example/art",
    "cosignature/v1",
    "\n",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    "\n\n\u{2014} registry.example/art ",
];

/// Reads a checkpoint as text and as a signed note.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check_text(text);
    let signer = log_signer();
    let log = signer.verifier();
    let opened = SignedCheckpoint::open(data, &log);
    let policy = Policy::of_log(&log).unwrap();
    let judged = policy.judge(data);
    assert_eq!(judged.is_ok(), opened.is_ok(), "{judged:?}");
    let Ok(signed) = opened else { return };
    assert_eq!(signed.to_string().as_bytes(), data);
    assert_eq!(judged.unwrap().checkpoint, signed);
    let said = signed.checkpoint();
    // The log here signs nothing but its seeds.
    assert!(truths().iter().any(|truth| truth.starts_with(&said.to_text())), "{text}");
    let note = Note::parse(data, SIGNATURES_MAX).unwrap();
    check_text(note.text());
}

fn check_text(text: &str) {
    let read = Checkpoint::parse(text);
    assert_eq!(read.is_ok(), is_checkpoint(text), "{read:?}");
    let Ok(checkpoint) = read else { return };
    assert_eq!(checkpoint.to_text(), text);
    assert!(is_valid_origin(&checkpoint.origin) && checkpoint.size.get() <= SIZE_MAX);
}

/// The definition of a checkpoint's text, line by line.
fn is_checkpoint(text: &str) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    let [origin, size, root, ""] = lines[..] else { return false };
    is_name(origin)
        && origin != "cosignature/v1"
        && decimal(size).is_some_and(|size| size < 1 << 63)
        && base64_bytes(root) == Some(32)
}

fn truths() -> [String; 3] {
    [story().checkpoint.clone(), checkpoint(0, Hash::ZERO), checkpoint(SIZE_MAX, digest("root").0)]
}

/// The story's checkpoint, an empty log's and the largest log's, alone and with a line by somebody else.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = truths().map(String::into_bytes).to_vec();
    let foreign = colophon_tlog::note::Signer::new("witness.example", crate::people::secret("witness")).unwrap();
    seeds.push(format!("{}{}\n", truths()[0], foreign.sign("text\n")).into_bytes());
    seeds.push(b"registry.example/art\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n".to_vec());
    seeds
}
