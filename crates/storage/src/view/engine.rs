//! What the view asks of the store under it.

use std::fmt;

/// A key and the value it shall have, or none.
pub type Write = (Vec<u8>, Option<Vec<u8>>);
/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

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

/// A store of keys in order. Called from any number of threads at once, but [`Engine::apply`] from one alone.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Returns the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Returns up to `limit` keys that begin with `prefix`, in order, from the first one greater than `after` on.
    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError>;

    /// Writes a batch and moves the cursor to `cursor`. Readers may see a part of it meanwhile. It need not be durable on
    /// return; but what a crash leaves is either whole batches up to the cursor, or told when the store is opened.
    fn apply(&self, writes: &[Write], cursor: u64) -> Result<(), EngineError>;

    /// Returns the cursor of the last batch, 0 before the first.
    fn cursor(&self) -> Result<u64, EngineError>;

    /// Hands everything to the file system.
    fn flush(&self) -> Result<(), EngineError>;

    /// Leaves word that this store must not be used again.
    fn condemn(&self);
}
