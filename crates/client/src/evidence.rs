//! Evidence files, kept: what shows to others that a register has broken its word.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use colophon_ledger::evidence::{CheckpointsClaim, Claim, Evidence, ForkClaim};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::Hash;

use crate::pinned::Pinned;
use crate::seen::{sync_dir, write_atomically};

/// Keeps evidence in a file of `dir`, and returns its path. Durable when it returns.
///
/// The same evidence always goes to the same file, so that a server cannot fill the disk by repeating itself; what was shown
/// of two checkpoints is never replaced by less.
pub fn keep(dir: &Path, evidence: &Evidence) -> io::Result<PathBuf> {
    let path = dir.join(evidence.file_name());
    if matches!(evidence.claim, Claim::Checkpoints(_)) && path.exists() {
        return Ok(path);
    }
    fs::create_dir_all(dir)?;
    let aside = path.with_extension(format!("aside-{}", std::process::id()));
    write_atomically(&path, &aside, evidence.to_text().as_bytes())?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)?;
    Ok(path)
}

/// Returns the evidence in two checkpoints that do not fit.
///
/// `parted` is what the larger log was at the smaller one's size, and the proof of that, if it was shown.
pub fn of_checkpoints(
    pinned: &Pinned,
    old: Option<&SignedCheckpoint>,
    new: &SignedCheckpoint,
    parted: Option<(Hash, &[Hash])>,
) -> Evidence {
    let claim = match (old, parted) {
        (Some(old), Some((root, proof))) => {
            let is_grown = old.checkpoint().size <= new.checkpoint().size;
            let (smaller, larger) = if is_grown { (old, new) } else { (new, old) };
            Claim::Fork(ForkClaim::new(smaller, larger, root, proof))
        }
        (old, _) => Claim::Checkpoints(CheckpointsClaim {
            genesis: pinned.genesis().to_owned(),
            newer: new.to_string(),
            older: old.map(ToString::to_string),
        }),
    };
    Evidence::of(claim)
}
