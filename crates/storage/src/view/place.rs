//! Where a view lies on the disk: found, judged, deleted, begun anew.

use std::path::Path;

use colophon_tlog::hash::Hash;

use crate::durable;
use crate::view::engine::{Engine, EngineError, EngineKind};
use crate::view::fjall_engine::FjallEngine;
use crate::view::sled_engine::SledEngine;
use crate::view::{Anew, VIEW_DIR, ViewError};

const FORMAT: &[u8] = b"colophon.view/v6";
const CONDEMNED_FILE: &str = "condemned";

const FORMAT_KEY: &[u8] = b"\0format";
const GENESIS_KEY: &[u8] = b"\0genesis";

/// Returns which engine keeps the view of the register in `dir`, if there is one.
pub(super) fn kind_in(dir: &Path) -> Option<EngineKind> {
    EngineKind::ALL.into_iter().find(|kind| dir.join(VIEW_DIR).join(kind.name()).exists())
}

/// Opens the view of the register in `dir` as it is, if it is this register's, reflects at most `size` entries, and `kind`
/// keeps it.
pub(super) fn open(dir: &Path, kind: EngineKind, genesis: &Hash, size: u64) -> Result<Box<dyn Engine>, Anew> {
    let found = kind_in(dir).ok_or(Anew::Missing)?;
    if found != kind {
        return Err(Anew::OtherEngine { found, wanted: kind });
    }
    if dir.join(VIEW_DIR).join(CONDEMNED_FILE).exists() {
        return Err(Anew::Condemned);
    }
    let unusable = |error: EngineError| Anew::Unusable(error.to_string());
    let engine = open_store(dir, kind).map_err(unusable)?;
    check(&*engine, genesis).map_err(unusable)?;
    let applied = engine.cursor().map_err(unusable)?;
    if applied > size { Err(Anew::Ahead { applied, size }) } else { Ok(engine) }
}

/// Deletes whatever view the register in `dir` has and begins an empty one.
pub(super) fn begin_anew(dir: &Path, kind: EngineKind, genesis: &Hash) -> Result<Box<dyn Engine>, ViewError> {
    delete(dir)?;
    durable::create_dir(&dir.join(VIEW_DIR)).map_err(ViewError::Folder)?;
    let engine = open_store(dir, kind)?;
    let marks = [(FORMAT_KEY, FORMAT), (GENESIS_KEY, genesis.as_bytes())];
    engine.apply(&marks.map(|(key, value)| (key.to_vec(), Some(value.to_vec()))), 0)?;
    engine.flush()?;
    Ok(engine)
}

/// Deletes whatever view the register in `dir` has.
pub(super) fn delete(dir: &Path) -> Result<(), ViewError> {
    durable::remove(&dir.join(VIEW_DIR)).map_err(ViewError::Folder)
}

fn open_store(dir: &Path, kind: EngineKind) -> Result<Box<dyn Engine>, EngineError> {
    let dir = dir.join(VIEW_DIR);
    let (store, condemned) = (dir.join(kind.name()), dir.join(CONDEMNED_FILE));
    Ok(match kind {
        EngineKind::Sled => Box::new(SledEngine::open(&store, &condemned)?),
        EngineKind::Fjall => Box::new(FjallEngine::open(&store, &condemned)?),
    })
}

/// Checks that a store was begun by this version for this register.
fn check(engine: &dyn Engine, genesis: &Hash) -> Result<(), EngineError> {
    let (format, found) = (engine.get(FORMAT_KEY)?, engine.get(GENESIS_KEY)?);
    let ours = format.as_deref() == Some(FORMAT) && found.as_deref() == Some(genesis.as_bytes());
    if ours { Ok(()) } else { Err(EngineError::Foreign) }
}
