//! The ISCC units of a file's bytes, made in the same pass as its SHA-256: Data, which survives small edits of the bytes,
//! and Instance, a BLAKE3 digest.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::thread;

use iscc_lib::{DataHasher, InstanceHasher, gen_meta_code_v0};
use sha2::{Digest as _, Sha256};

use crate::code::{CODE_BITS, Code, code_of};
use crate::file::{FileError, FileFingerprint, read_unmoved, sha256_of};
use crate::media::media_type;
use crate::pieces::{Piece, Pieces, hashing, joined};

/// The units of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteUnits {
    /// The Data unit: similar for bytes of which only some differ.
    pub data: Code,
    /// The Instance unit: BLAKE3 of the bytes.
    pub instance: Code,
}

/// Returns the fingerprint of a regular file and its units, reading it once.
///
/// `progress` is told the bytes done so far, after each chunk.
pub fn identify_file(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<(FileFingerprint, ByteUnits), FileError> {
    read_unmoved(path, |file| {
        let (fingerprint, units) = identify_reader(file, progress)?;
        let bytes = fingerprint.bytes;
        Ok(((fingerprint, units), bytes))
    })
}

/// Returns the fingerprint and the units of everything that `reader` gives until its end.
///
/// `progress` is told the bytes done so far, after each chunk. Fails with `FileTooLarge` past `FILE_BYTES_MAX`.
pub fn identify_reader(
    reader: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(FileFingerprint, ByteUnits)> {
    let mut pieces = Pieces::of(reader, progress);
    let first = pieces.next()?;
    let media_type = media_type(&first);
    let mut instance = InstanceHasher::new();
    let (sha256, data) = if pieces.has_ended() {
        instance.update(&first);
        let mut data = DataHasher::new();
        data.update(&first);
        (Sha256::digest(&*first), data)
    } else {
        thread::scope(|scope| {
            let (to_sha256, sha256) = hashing(scope, sha256_of);
            let (to_data, data) = hashing(scope, data_of);
            pieces.give(first, &[to_sha256, to_data], |piece| instance.update(piece))?;
            Ok::<_, io::Error>((joined(sha256)?, joined(data)?))
        })?
    };
    let fingerprint = FileFingerprint { sha256: <[u8; 32]>::from(sha256).into(), bytes: pieces.bytes(), media_type };
    let data = code_of(data.finalize(CODE_BITS).map(|result| result.iscc), "bytes");
    let instance = code_of(instance.finalize(CODE_BITS).map(|result| result.iscc), "bytes");
    Ok((
        fingerprint,
        ByteUnits { data: data.map_err(io::Error::other)?, instance: instance.map_err(io::Error::other)? },
    ))
}

fn data_of(pieces: Receiver<Piece>) -> DataHasher {
    let mut hasher = DataHasher::new();
    for piece in pieces {
        hasher.update(&piece);
    }
    hasher
}

/// Returns the Meta unit of a title and a description, as `ISCC:…` (ISO 24138): 256 bits, similar for similar words. None of a title
/// that says nothing.
pub fn meta_unit(title: &str, about: Option<&str>) -> Option<String> {
    gen_meta_code_v0(title, about, None, CODE_BITS).ok().map(|result| result.iscc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{fingerprint_file, fingerprint_reader};
    use crate::pieces::{FIRST_BYTES, PIECE_BYTES};
    use colophon_tlog::hash::Hash;
    use iscc_lib::{gen_data_code_v0, gen_instance_code_v0, iscc_decode};

    fn body(iscc: &str) -> Vec<u8> {
        iscc_decode(iscc).unwrap().4
    }

    #[test]
    fn similar_titles_have_similar_units() {
        let unit = |title: &str, about| body(&meta_unit(title, about).unwrap());
        let distance = |one: &[u8], other: &[u8]| -> u32 {
            one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
        };
        let title = unit("Die Unendliche Geschichte", None);
        // ISO 24138's own example, in 64 bits.
        assert_eq!((title.len(), &title[..8]), (32, &body("ISCC:AAAZXZ6OU74YAZIM")[..]));
        assert!(distance(&title, &unit("Die unendliche Geschichte.", None)) < 20);
        assert!(distance(&title, &unit("Momo", None)) > 60);
        assert_ne!(title, unit("Die Unendliche Geschichte", Some("Von Michael Ende")));
        assert_eq!(meta_unit(" \n", None), None);
    }

    #[test]
    fn a_stream_has_the_units_of_its_bytes() {
        let bytes: Vec<u8> =
            (0..2_700_001_u32).map(|place| place.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        for length in [0, 1, 255, 4096, FIRST_BYTES, FIRST_BYTES + PIECE_BYTES, bytes.len()] {
            let bytes = &bytes[..length];
            let (fingerprint, units) = identify_reader(&mut &*bytes, &mut |_| ()).unwrap();
            assert_eq!(fingerprint, fingerprint_reader(&mut &*bytes, &mut |_| ()).unwrap());
            assert_eq!(units.data.to_vec(), body(&gen_data_code_v0(bytes, CODE_BITS).unwrap().iscc), "{length}");
            assert_eq!(units.instance.to_vec(), body(&gen_instance_code_v0(bytes, CODE_BITS).unwrap().iscc));
        }
    }

    #[test]
    fn a_file_is_read_once_for_all_its_digests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work");
        std::fs::write(&path, "abc").unwrap();
        let mut done = Vec::new();
        let (fingerprint, units) = identify_file(&path, &mut |bytes| done.push(bytes)).unwrap();
        assert_eq!((fingerprint, done), (fingerprint_file(&path, &mut |_| ()).unwrap(), vec![3]));
        // BLAKE3 of "abc", out of the test vectors of BLAKE3.
        assert_eq!(
            Hash::from(units.instance).to_string(),
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
        );
        assert!(matches!(identify_file(folder.path(), &mut |_| ()), Err(FileError::Folder(_))));
    }

    #[test]
    fn an_error_in_the_middle_is_passed_on() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 9 { Err(io::Error::other("the cable is out")) } else { Ok(buffer.len()) }
            }
        }
        assert_eq!(identify_reader(&mut Broken(0), &mut |_| ()).unwrap_err().to_string(), "the cable is out");
    }
}
