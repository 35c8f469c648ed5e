//! What the view asks of the store under it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// A key and the value it shall have, or none.
pub type Write = (Vec<u8>, Option<Vec<u8>>);
/// The same, borrowed.
pub type WriteRef<'a> = (&'a [u8], Option<&'a [u8]>);
/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Where an engine keeps its cursor.
pub(super) const CURSOR_KEY: &[u8] = b"\0cursor";

/// The stores that can be under a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// sled 0.34: what a small register needs.
    #[default]
    Sled,
    /// fjall 3: for large registers, with a quarter of the disk and several times the speed of filling.
    Fjall,
}

impl EngineKind {
    /// All kinds.
    pub const ALL: [EngineKind; 2] = [EngineKind::Sled, EngineKind::Fjall];

    /// Returns its name, which is also that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Sled => "sled",
            EngineKind::Fjall => "fjall",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no engine has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no engine of the view: it is sled or fjall")]
pub struct UnknownEngine(String);

impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<EngineKind, UnknownEngine> {
        EngineKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}

/// Why an engine could not do what it was asked. After any of these the view is deleted and filled again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The store says it cannot.
    #[error("the store answers: {0}")]
    Store(String),
    /// The store's own code broke down.
    #[error("the store broke down")]
    Panicked,
    /// The store was left in the middle of a batch that cannot be brought to its end.
    #[error("the store was left in the middle of a batch that cannot be brought to its end")]
    HalfApplied,
    /// The store is another register's, or of another version of this software.
    #[error("the store is another register's, or of another version of this software")]
    Foreign,
}

/// A store of keys in order. Called from any number of threads at once, but to write from one alone.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Returns the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Returns up to `limit` keys that begin with `prefix`, in order, from the first one greater than `after` on.
    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError>;

    /// Writes a batch and moves the cursor to `cursor`. Readers may see a part of it meanwhile. It need not be durable on
    /// return; but what a crash leaves is either whole batches up to the cursor, or told when the store is opened.
    fn bring_in(&self, writes: &[WriteRef<'_>], cursor: u64) -> Result<(), EngineError>;

    /// Writes a batch like [`Engine::bring_in`].
    fn apply(&self, writes: &[Write], cursor: u64) -> Result<(), EngineError> {
        let borrowed: Vec<WriteRef<'_>> = writes.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
        self.bring_in(&borrowed, cursor)
    }

    /// Returns the cursor of the last batch, 0 before the first.
    fn cursor(&self) -> Result<u64, EngineError>;

    /// Hands everything to the file system.
    fn flush(&self) -> Result<(), EngineError>;

    /// Leaves word that this store must not be used again.
    fn condemn(&self);
}

/// Returns the cursor that stands in a value.
pub(super) fn cursor_in(value: Option<Vec<u8>>) -> Result<u64, EngineError> {
    let Some(value) = value else { return Ok(0) };
    let bytes = <[u8; 8]>::try_from(&value[..]).map_err(|_| EngineError::Foreign)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Leaves word in the file `condemned` that the store in `dir` must not be used again. Where there is no room for that,
/// the store is emptied instead.
pub(super) fn condemn(dir: &Path, condemned: &Path) {
    if fs::write(condemned, "").is_err() {
        drop(fs::remove_dir_all(dir));
        drop(fs::create_dir(dir));
    }
}
