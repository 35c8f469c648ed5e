//! A reader's bytes, piece by piece, for whoever hashes them, here and on other cores.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use crate::media::HEAD_BYTES_MAX;

/// The largest file that an entry can state: the largest integer that a body can carry, 2^53 - 1 bytes.
pub const FILE_BYTES_MAX: u64 = (1 << 53) - 1;
/// The longest first piece: what a media type is told by. Many a file is no longer.
pub(crate) const FIRST_BYTES: usize = HEAD_BYTES_MAX;
/// The longest piece after it. Hashers of different speed that share two cores get on best with long ones.
pub(crate) const PIECE_BYTES: usize = 1024 * 1024;
/// How many pieces may wait for a hasher. With those in work, all the memory a file of any size takes is 12 MiB.
pub(crate) const PIECES_AHEAD: usize = 8;

/// Some bytes of a file, which several hashers may have at a time.
pub(crate) type Piece = Arc<Vec<u8>>;

/// What a reader gives, in pieces.
pub(crate) struct Pieces<'r> {
    reader: &'r mut dyn Read,
    /// Is told the bytes read so far, after each piece.
    progress: &'r mut dyn FnMut(u64),
    bytes: u64,
    has_ended: bool,
    /// Those that were given out, oldest first: they are filled again once nobody has them any more.
    given: VecDeque<Piece>,
}

impl<'r> Pieces<'r> {
    pub(crate) fn of(reader: &'r mut dyn Read, progress: &'r mut dyn FnMut(u64)) -> Pieces<'r> {
        Pieces { reader, progress, bytes: 0, has_ended: false, given: VecDeque::new() }
    }

    /// Returns the next piece, which is empty at the end. Fails with `FileTooLarge` past `FILE_BYTES_MAX`.
    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        let length = if self.bytes == 0 { FIRST_BYTES } else { PIECE_BYTES };
        let mut buffer = self.unused();
        buffer.resize(length, 0);
        let count = fill(self.reader, &mut buffer)?;
        buffer.truncate(count);
        self.has_ended = count < length;
        self.bytes += count as u64;
        if self.bytes > FILE_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        (self.progress)(self.bytes);
        let piece = Arc::new(buffer);
        self.given.push_back(Arc::clone(&piece));
        Ok(piece)
    }

    /// Returns whether the piece that was returned last is the last.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns how many bytes were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives `piece` and what follows it to `here` and to each of `hashers`.
    pub(crate) fn give(
        &mut self,
        mut piece: Piece,
        hashers: &[SyncSender<Piece>],
        mut here: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        loop {
            for hasher in hashers {
                hasher.send(Arc::clone(&piece)).map_err(|_| broke_down())?;
            }
            here(&piece);
            if self.has_ended {
                return Ok(());
            }
            drop(piece);
            piece = self.next()?;
        }
    }

    /// Returns a buffer that nobody needs any more, or an empty one.
    fn unused(&mut self) -> Vec<u8> {
        match self.given.pop_front().map(Arc::try_unwrap) {
            Some(Ok(buffer)) => buffer,
            Some(Err(piece)) => {
                self.given.push_front(piece);
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}

/// Starts a hasher, and returns where it takes pieces and what it comes to.
pub(crate) fn hashing<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    hash: impl FnOnce(Receiver<Piece>) -> T + Send + 'scope,
) -> (SyncSender<Piece>, ScopedJoinHandle<'scope, T>) {
    let (pieces, to_hash) = sync_channel(PIECES_AHEAD);
    (pieces, scope.spawn(move || hash(to_hash)))
}

/// Waits for what a hasher comes to.
pub(crate) fn joined<T>(hashing: ScopedJoinHandle<'_, T>) -> io::Result<T> {
    hashing.join().map_err(|_| broke_down())
}

fn broke_down() -> io::Error {
    io::Error::other("hashing broke down")
}

/// Reads until `buffer` is full or nothing more comes, and returns how much came.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
