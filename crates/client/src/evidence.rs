//! Evidence files: two signed checkpoints that cannot both be true, in one file for others to check.
//!
//! ```json
//! {"format": "colophon.evidence/v1", "found": "two different logs of one size are signed", "log": "registry.example+…",
//!  "address": "https://registry.example/", "genesis": "…the genesis entry…", "old": "…note…", "new": "…note…"}
//! ```
//!
//! Both notes are verbatim, so anybody who has the log's key can check that it signed both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use serde::Serialize;

use crate::register::Pinned;
use crate::security::Misfit;
use crate::seen::{sync_dir, write_atomically};

/// The members of an evidence file.
#[derive(Serialize)]
struct Evidence<'e> {
    format: &'static str,
    found: String,
    log: String,
    address: &'e str,
    genesis: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    new: String,
}

/// Keeps both checkpoints in one file of `dir`, and returns its path. Durable when it returns.
///
/// The same two checkpoints always go to the same file, so that a server cannot fill the disk by repeating itself.
pub fn keep(
    dir: &Path,
    pinned: &Pinned,
    old: Option<&SignedCheckpoint>,
    new: &SignedCheckpoint,
    misfit: &Misfit,
) -> io::Result<PathBuf> {
    let evidence = Evidence {
        format: "colophon.evidence/v1",
        found: misfit.to_string(),
        log: pinned.rules().log_key.to_string(),
        address: pinned.address(),
        genesis: pinned.genesis(),
        old: old.map(ToString::to_string),
        new: new.to_string(),
    };
    let text = serde_json::to_string_pretty(&evidence).map_err(io::Error::other)? + "\n";
    fs::create_dir_all(dir)?;
    let both = [evidence.log, evidence.old.unwrap_or_default(), evidence.new].concat();
    let name: String = sha256(both.as_bytes()).to_string().chars().take(16).collect();
    let sizes = (old.map_or(0, |old| old.checkpoint().size.get()), new.checkpoint().size);
    let path = dir.join(format!("fork-{}-{}-{name}.json", sizes.0, sizes.1));
    let aside = path.with_extension(format!("aside-{}", std::process::id()));
    write_atomically(&path, &aside, text.as_bytes())?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)?;
    Ok(path)
}
