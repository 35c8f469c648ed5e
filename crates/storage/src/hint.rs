//! A file that can be computed from the entries, compared with what it should be and written again where it is not.

use std::io;
use std::sync::Arc;

use crate::disk::DiskFile;

/// How much is compared at once.
const CHUNK_BYTES: usize = 1 << 16;

/// A file being compared, from its beginning on. Reads only, until [`Hint::heal`].
#[derive(Debug)]
pub(crate) struct Hint {
    file: Option<Arc<dyn DiskFile>>,
    /// How many bytes are as they should be.
    right: u64,
    /// What should come after them: not compared yet, or known to be wrong in the file.
    expected: Vec<u8>,
    differs: bool,
}

impl Hint {
    /// Begins to compare a file; without one, everything is missing.
    pub(crate) fn of(file: Option<Arc<dyn DiskFile>>) -> Hint {
        Hint { differs: file.is_none(), file, right: 0, expected: Vec::new() }
    }

    /// Says what comes next in the file.
    pub(crate) fn expect(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.expected.extend(bytes);
        if self.differs || self.expected.len() < CHUNK_BYTES { Ok(()) } else { self.compare() }
    }

    fn compare(&mut self) -> io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| !self.differs) else { return Ok(()) };
        let there = file.length()?.saturating_sub(self.right);
        let mut found = vec![0; self.expected.len().min(usize::try_from(there).unwrap_or(usize::MAX))];
        file.read_at(&mut found, self.right)?;
        let equal = self.expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
        self.right += equal as u64;
        self.expected.drain(..equal);
        self.differs = !self.expected.is_empty();
        Ok(())
    }

    /// Tells from which byte on the file is not what it should be, if it is not. Writes nothing.
    pub(crate) fn difference(mut self) -> io::Result<Option<u64>> {
        self.compare()?;
        let longer = match &self.file {
            Some(file) => file.length()? > self.right,
            None => false,
        };
        Ok((longer || !self.expected.is_empty()).then_some(self.right))
    }

    /// Makes the file what it should be and no longer, and tells from which byte on it was not, if it was not. A file that
    /// is missing is made by `make`, if there is anything to write to it.
    pub(crate) fn heal(mut self, make: impl FnOnce() -> io::Result<Arc<dyn DiskFile>>) -> io::Result<Option<u64>> {
        self.compare()?;
        let end = self.right + self.expected.len() as u64;
        let file = match self.file {
            Some(file) => file,
            None if end == 0 => return Ok(None),
            None => make()?,
        };
        let longer = file.length()? > end;
        if self.expected.is_empty() && !longer {
            return Ok(None);
        }
        file.write_at(&self.expected, self.right)?;
        file.truncate(end)?;
        Ok(Some(self.right))
    }
}
