//! One file's SHA-256, size and media type, read once as a stream.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::thread;

use colophon_tlog::hash::Hash;
use sha2::digest::Output;
use sha2::{Digest as _, Sha256};

use crate::media::media_type;
use crate::pieces::{Piece, Pieces, hashing, joined};

pub use crate::pieces::FILE_BYTES_MAX;

/// What an entry says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFingerprint {
    /// SHA-256 of the content.
    pub sha256: Hash,
    /// Size in bytes.
    pub bytes: u64,
    /// Media type by content, without parameters, such as `image/png`.
    pub media_type: String,
}

/// Why a file could not be fingerprinted. The text says what happened; [`FileError::cure`] what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is there under this name.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The operating system does not let this user read it.
    #[error("{} may not be read by this user", .0.display())]
    Forbidden(PathBuf),
    /// A folder where a file was expected.
    #[error("{} is a folder", .0.display())]
    Folder(PathBuf),
    /// A pipe, device or socket.
    #[error("{} is a pipe, a device or a socket", .0.display())]
    Special(PathBuf),
    /// The file grew, shrank or was replaced while it was read.
    #[error("{} changed while it was read{}", path.display(), sizes(*read, *now))]
    Changed {
        /// The file.
        path: PathBuf,
        /// Bytes read.
        read: u64,
        /// Bytes in the file after that.
        now: u64,
    },
    /// More bytes than an entry can state.
    #[error("{} has more than {FILE_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Reading failed.
    #[error("{} could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Returns what is to be said of the bytes read and the bytes there now: nothing, if they are as many.
fn sizes(read: u64, now: u64) -> String {
    if read == now { String::new() } else { format!(": {read} bytes were read, {now} are there now") }
}

impl FileError {
    /// Returns what the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            FileError::Missing(_) => "check the spelling and the folder you are in",
            FileError::Forbidden(_) => "ask its owner for leave to read it, or copy it to a place of your own",
            FileError::Folder(_) => "name a file in it, or give the folder where a folder is taken",
            FileError::Special(_) => "save the content as a file, or send it through standard input with -",
            FileError::Changed { .. } => "wait until nothing writes to it any more, then try again",
            FileError::TooLarge(_) => "divide it into a folder of smaller files",
            FileError::Read { .. } => "check the disk or the network share, then try again",
        }
    }

    pub(crate) fn from_io(path: &Path, source: io::Error) -> FileError {
        match source.kind() {
            io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
            io::ErrorKind::PermissionDenied => FileError::Forbidden(path.to_owned()),
            io::ErrorKind::IsADirectory => FileError::Folder(path.to_owned()),
            io::ErrorKind::FileTooLarge => FileError::TooLarge(path.to_owned()),
            _ => FileError::Read { path: path.to_owned(), source },
        }
    }
}

/// Returns the fingerprint of a regular file; a symbolic link stands for the file it leads to.
///
/// `progress` is told the bytes done so far, after each chunk.
pub fn fingerprint_file(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<FileFingerprint, FileError> {
    read_unmoved(path, |file| {
        let fingerprint = fingerprint_reader(file, progress)?;
        let bytes = fingerprint.bytes;
        Ok((fingerprint, bytes))
    })
}

/// Returns what `read` makes of a regular file, if the file stays as it is meanwhile. `read` says how many bytes it read.
pub(crate) fn read_unmoved<T>(
    path: &Path,
    read: impl FnOnce(&mut File) -> io::Result<(T, u64)>,
) -> Result<T, FileError> {
    let from_io = |source| FileError::from_io(path, source);
    let before = std::fs::metadata(path).map_err(from_io)?;
    if before.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    if !before.is_file() {
        return Err(FileError::Special(path.to_owned()));
    }
    if before.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    let mut file = File::open(path).map_err(from_io)?;
    let (made, bytes) = read(&mut file).map_err(from_io)?;
    let after = file.metadata().map_err(from_io)?;
    let unmoved = matches!((before.modified(), after.modified()), (Ok(before), Ok(after)) if before == after);
    if bytes != after.len() || before.len() != after.len() || !unmoved {
        return Err(FileError::Changed { path: path.to_owned(), read: bytes, now: after.len() });
    }
    Ok(made)
}

/// Returns the fingerprint of everything that `reader` gives until its end, such as standard input.
///
/// `progress` is told the bytes done so far, after each chunk. Fails with `FileTooLarge` past `FILE_BYTES_MAX`.
pub fn fingerprint_reader(reader: &mut dyn Read, progress: &mut dyn FnMut(u64)) -> io::Result<FileFingerprint> {
    let mut pieces = Pieces::of(reader, progress);
    let first = pieces.next()?;
    let media_type = media_type(&first);
    let sha256 = if pieces.has_ended() {
        Sha256::digest(&*first)
    } else {
        thread::scope(|scope| {
            let (to_hash, sha256) = hashing(scope, sha256_of);
            pieces.give(first, &[to_hash], |_| ())?;
            joined(sha256)
        })?
    };
    Ok(FileFingerprint { sha256: <[u8; 32]>::from(sha256).into(), bytes: pieces.bytes(), media_type })
}

/// Returns the SHA-256 of what comes.
pub(crate) fn sha256_of(pieces: Receiver<Piece>) -> Output<Sha256> {
    let mut sha256 = Sha256::new();
    for piece in pieces {
        sha256.update(&*piece);
    }
    sha256.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::{FIRST_BYTES, PIECE_BYTES, PIECES_AHEAD};
    use colophon_tlog::hash::sha256;
    use proptest::prelude::*;

    /// Gives a few bytes at a time and is interrupted in between, as a pipe may be.
    struct Trickle<'a> {
        bytes: &'a [u8],
        step: usize,
        interrupted: bool,
    }

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.step.min(self.bytes.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.bytes[..count]);
            self.bytes = &self.bytes[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_known_file_has_its_known_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("name-that-lies.png");
        std::fs::write(&path, "abc").unwrap();
        let found = fingerprint_file(&path, &mut |_| ()).unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((found.sha256.to_string().as_str(), found.bytes), (expected, 3), "FIPS 180-4, example of one block");
        assert_eq!(found.media_type, "text/plain");
    }

    #[test]
    fn whatever_lies_beside_a_border_of_pieces_is_hashed() {
        let bytes: Vec<u8> =
            (0..2 * PIECES_AHEAD * PIECE_BYTES + 7).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let (first, second) = (FIRST_BYTES, FIRST_BYTES + PIECE_BYTES);
        for length in [first - 1, first, first + 1, second - 1, second, second + 1, bytes.len()] {
            let mut done = Vec::new();
            let mut trickle = Trickle { bytes: &bytes[..length], step: 70_001, interrupted: false };
            let found = fingerprint_reader(&mut trickle, &mut |bytes| done.push(bytes)).unwrap();
            assert_eq!((found.sha256, found.bytes), (sha256(&bytes[..length]), length as u64));
            assert!(done.is_sorted() && done.last() == Some(&found.bytes), "{done:?}");
        }
    }

    proptest! {
        #[test]
        fn a_file_and_a_pipe_agree(bytes in proptest::collection::vec(any::<u8>(), 0..2000), step in 1_usize..700) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("work");
            std::fs::write(&path, &bytes).unwrap();
            let file = fingerprint_file(&path, &mut |_| ()).unwrap();
            let mut pipe = Trickle { bytes: &bytes, step, interrupted: false };
            prop_assert_eq!(&fingerprint_reader(&mut pipe, &mut |_| ()).unwrap(), &file);
            prop_assert_eq!(file.sha256, sha256(&bytes));
            prop_assert_eq!(file.bytes, bytes.len() as u64);
        }
    }

    #[test]
    fn progress_rises_to_the_size() {
        let bytes = vec![7; FIRST_BYTES + 2 * PIECE_BYTES + 1];
        let mut told = Vec::new();
        fingerprint_reader(&mut bytes.as_slice(), &mut |done| told.push(done)).unwrap();
        assert!(told.is_sorted() && told.len() >= 4);
        assert_eq!(told.last(), Some(&(bytes.len() as u64)));
    }

    #[test]
    fn what_is_no_readable_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = fingerprint_file(&folder.path().join("absent"), &mut |_| ()).unwrap_err();
        assert!(matches!(missing, FileError::Missing(_)) && missing.to_string().ends_with("absent does not exist"));
        let directory = fingerprint_file(folder.path(), &mut |_| ()).unwrap_err();
        assert!(matches!(directory, FileError::Folder(_)));
        for error in [missing, directory] {
            assert!(!error.cure().is_empty());
        }
        let special = fingerprint_file(Path::new("/dev/null"), &mut |_| ()).unwrap_err();
        assert!(matches!(special, FileError::Special(_)));
        let forbidden = FileError::from_io(Path::new("work"), io::ErrorKind::PermissionDenied.into());
        assert_eq!(forbidden.to_string(), "work may not be read by this user");
    }

    #[test]
    fn a_file_that_grows_meanwhile_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("render.mov");
        std::fs::write(&path, vec![0; FIRST_BYTES + 1]).unwrap();
        let mut grown = false;
        let result = fingerprint_file(&path, &mut |_| {
            if !grown {
                std::fs::write(&path, b"replaced").unwrap();
                grown = true;
            }
        });
        assert!(matches!(result, Err(FileError::Changed { now: 8, .. })), "{result:?}");
        let told = |read, now| FileError::Changed { path: "a".into(), read, now }.to_string();
        assert_eq!(told(1, 2), "a changed while it was read: 1 bytes were read, 2 are there now");
        assert_eq!(told(2, 2), "a changed while it was read");
    }

    #[test]
    fn an_error_in_the_middle_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the cable is out"))
            }
        }
        assert_eq!(fingerprint_reader(&mut Broken, &mut |_| ()).unwrap_err().to_string(), "the cable is out");
    }
}
