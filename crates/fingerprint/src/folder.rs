//! A folder of any number of files: the fingerprint of each, and one root over all of them.
//!
//! The root is the RFC 6962 root over one leaf for each regular file, in ascending order of their path digests.
//!
//! Every regular file counts, hidden ones too; empty folders, times and permissions do not. What cannot be carried to
//! another machine unchanged (links, devices, names that are no Unicode) is refused rather than left out.

use std::fs;
use std::path::{Path, PathBuf};

use colophon_tlog::hash::Hash;
use unicode_normalization::UnicodeNormalization as _;
use walkdir::WalkDir;

use crate::file::{FILE_BYTES_MAX, FileError, FileFingerprint, fingerprint_file};
use crate::leaf::{Leaf, path_digest, root_of};

/// The longest relative path, in bytes of UTF-8; what Linux takes.
pub const PATH_BYTES_MAX: usize = 4096;
/// How many folders may stand inside each other.
pub const DEPTH_MAX: usize = 128;

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFile {
    /// Path within the folder, in NFC, parts divided by `/`.
    pub path: String,
    /// What the file holds.
    pub fingerprint: FileFingerprint,
}

/// What an entry says about a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderTree {
    /// RFC 6962 root over the files' leaves.
    pub root: Hash,
    /// Number of files, at least 1.
    pub count: u64,
    /// Size of all files together, in bytes.
    pub bytes: u64,
}

/// How much there is to read in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderSurvey {
    /// Number of files.
    pub count: u64,
    /// Size of all files together, in bytes.
    pub bytes: u64,
}

/// What an observer is told while a folder is read.
#[derive(Debug)]
pub enum FolderStep<'a> {
    /// So many bytes of the whole folder are done.
    Bytes(u64),
    /// A file is done. Files come in the order of their names, folder by folder.
    File(&'a FolderFile),
}

/// Why a folder could not be fingerprinted. The text says what happened; [`FolderError::cure`] what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Not a folder.
    #[error("{} is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// No regular file in it.
    #[error("{} has no file in it", .0.display())]
    Empty(PathBuf),
    /// A symbolic link, which may lead anywhere.
    #[error("{} is a symbolic link", .0.display())]
    Link(PathBuf),
    /// A pipe, device or socket.
    #[error("{} is a pipe, a device or a socket", .0.display())]
    Special(PathBuf),
    /// A name that other systems cannot read.
    #[error("the name of {} is not valid Unicode", .0.display())]
    NotUnicode(PathBuf),
    /// A path past `PATH_BYTES_MAX`.
    #[error("the path of {} has {bytes} bytes within the folder; {PATH_BYTES_MAX} is the most", path.display())]
    PathTooLong {
        /// The file.
        path: PathBuf,
        /// Length of its relative path.
        bytes: usize,
    },
    /// Folders in folders past `DEPTH_MAX`.
    #[error("{} is more than {DEPTH_MAX} folders deep", .0.display())]
    TooDeep(PathBuf),
    /// Two names that are one after normalisation to NFC.
    #[error("two files are both named {0} once accents are written in one way")]
    SameName(String),
    /// More files than are listed as works of their own.
    #[error("{} is one file more than is listed at once", .0.display())]
    TooMany(PathBuf),
    /// More bytes than an entry can state.
    #[error("{} has more than {FILE_BYTES_MAX} bytes in all", .0.display())]
    TooLarge(PathBuf),
    /// Listing the folder failed.
    #[error("the folder could not be listed: {0}")]
    List(#[from] walkdir::Error),
    /// One of the files could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl FolderError {
    /// Returns what the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            FolderError::NotFolder(_) => "give a folder, or name the file where a file is taken",
            FolderError::Empty(_) => "check that it is the right folder; empty folders say nothing",
            FolderError::Link(_) => "replace the link by the file it leads to, or remove it from the folder",
            FolderError::Special(_) => "remove it from the folder: it has no content of its own",
            FolderError::NotUnicode(_) => "rename the file with letters that UTF-8 can write",
            FolderError::PathTooLong { .. } | FolderError::TooDeep(_) => "shorten the names, or nest fewer folders",
            FolderError::SameName(_) => "rename one of the two: other systems could not keep them apart",
            FolderError::TooMany(_) => "take a part of the folder at a time",
            FolderError::TooLarge(_) => "divide the work into several folders",
            FolderError::List(_) => "check that you may read the folder and all folders in it, then try again",
            FolderError::File(error) => error.cure(),
        }
    }
}

/// Counts what is in a folder without reading any content. Refuses all that `fingerprint_folder` would refuse by name.
pub fn survey_folder(folder: &Path) -> Result<FolderSurvey, FolderError> {
    let mut survey = FolderSurvey::default();
    for found in regular_files(folder)? {
        let found = found?;
        let size = fs::symlink_metadata(&found.place).map_err(|error| FileError::from_io(&found.place, error))?.len();
        survey.count += 1;
        survey.bytes = add_bytes(folder, survey.bytes, size)?;
    }
    if survey.count == 0 { Err(FolderError::Empty(folder.to_owned())) } else { Ok(survey) }
}

/// Reads every file of a folder and returns the root over them.
///
/// `observer` is told of each file and of the bytes done. Holds 64 bytes a file, and one file's chunk, in memory.
pub fn fingerprint_folder(folder: &Path, observer: &mut dyn FnMut(FolderStep<'_>)) -> Result<FolderTree, FolderError> {
    let mut leaves = Vec::new();
    let mut bytes = 0;
    for found in regular_files(folder)? {
        let Found { path, place } = found?;
        let fingerprint = fingerprint_file(&place, &mut |done| observer(FolderStep::Bytes(bytes + done)))?;
        bytes = add_bytes(folder, bytes, fingerprint.bytes)?;
        leaves.push(Leaf { path: path_digest(&path), file: fingerprint.sha256 });
        observer(FolderStep::File(&FolderFile { path, fingerprint }));
    }
    if leaves.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    leaves.sort_unstable_by_key(|leaf| leaf.path);
    if let Some(twin) = leaves.array_windows().find_map(|[a, b]| (a.path == b.path).then_some(a.path)) {
        return Err(FolderError::SameName(name_of(folder, &twin)?));
    }
    Ok(FolderTree { root: root_of(&leaves), count: leaves.len() as u64, bytes })
}

struct Found {
    /// Within the folder, in NFC.
    path: String,
    /// Where to open it.
    place: PathBuf,
}

/// Lists the regular files below `folder` in the order of their names; anything that is neither file nor folder is an error.
fn regular_files(folder: &Path) -> Result<impl Iterator<Item = Result<Found, FolderError>>, FolderError> {
    if !fs::metadata(folder).map_err(|error| FileError::from_io(folder, error))?.is_dir() {
        return Err(FolderError::NotFolder(folder.to_owned()));
    }
    let walk = WalkDir::new(folder).min_depth(1).follow_links(false).sort_by_file_name();
    Ok(walk.into_iter().filter_map(move |entry| match entry {
        Ok(entry) => found(folder, entry).transpose(),
        Err(error) => Some(Err(FolderError::List(error))),
    }))
}

fn found(folder: &Path, entry: walkdir::DirEntry) -> Result<Option<Found>, FolderError> {
    let kind = entry.file_type();
    let depth = entry.depth();
    let place = entry.into_path();
    if depth > DEPTH_MAX {
        Err(FolderError::TooDeep(place))
    } else if kind.is_symlink() {
        Err(FolderError::Link(place))
    } else if kind.is_dir() {
        Ok(None)
    } else if kind.is_file() {
        Ok(Some(Found { path: relative_path(folder, &place)?, place }))
    } else {
        Err(FolderError::Special(place))
    }
}

fn relative_path(folder: &Path, place: &Path) -> Result<String, FolderError> {
    let within = place.strip_prefix(folder).unwrap_or(place);
    let mut path = String::new();
    for part in within.components() {
        let name = part.as_os_str().to_str().ok_or_else(|| FolderError::NotUnicode(place.to_owned()))?;
        if !path.is_empty() {
            path.push('/');
        }
        path.extend(name.nfc());
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(FolderError::PathTooLong { path: place.to_owned(), bytes: path.len() });
    }
    Ok(path)
}

fn name_of(folder: &Path, digest: &Hash) -> Result<String, FolderError> {
    for found in regular_files(folder)? {
        let path = found?.path;
        if path_digest(&path) == *digest {
            return Ok(path);
        }
    }
    Ok(digest.to_string())
}

fn add_bytes(folder: &Path, sum: u64, bytes: u64) -> Result<u64, FolderError> {
    sum.checked_add(bytes).filter(|sum| *sum <= FILE_BYTES_MAX).ok_or_else(|| FolderError::TooLarge(folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::hash::{leaf_hash, node_hash, sha256};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn folder_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        folder
    }

    fn tree_of(folder: &tempfile::TempDir) -> Result<FolderTree, FolderError> {
        fingerprint_folder(folder.path(), &mut |_| ())
    }

    /// The definition of RFC 6962, 2.1, word for word, as the oracle.
    fn rfc6962_root(leaves: &[Vec<u8>]) -> Hash {
        if let [leaf] = leaves {
            return leaf_hash(leaf);
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        node_hash(&rfc6962_root(left), &rfc6962_root(right))
    }

    #[test]
    fn a_known_folder_has_its_known_root() {
        let folder = folder_of([
            ("scroll.txt", "colophon\n".as_bytes()),
            ("seals/first.txt", b"one"),
            ("seals/e\u{301}tude.txt", b"two"),
            (".hidden", b""),
        ]);
        let tree = tree_of(&folder).unwrap();
        assert_eq!(
            tree.root.to_string(),
            "ad9489563388e2faf4a378026ec668e99c7899f8629dad94a2f8650e7b7667a7",
            "made by a separate script"
        );
        assert_eq!((tree.count, tree.bytes), (4, 15));
        assert_eq!(survey_folder(folder.path()).unwrap(), FolderSurvey { count: 4, bytes: 15 });
    }

    #[test]
    fn accents_are_one_however_they_are_written() {
        assert_eq!(path_digest("e\u{301}tude"), path_digest("\u{e9}tude"));
        let composed = tree_of(&folder_of([("\u{e9}tude", b"x".as_slice())])).unwrap();
        let decomposed = tree_of(&folder_of([("e\u{301}tude", b"x".as_slice())])).unwrap();
        assert_eq!(composed, decomposed);
        let both = folder_of([("\u{e9}tude", b"x".as_slice()), ("e\u{301}tude", b"y")]);
        let error = tree_of(&both).unwrap_err();
        assert!(matches!(&error, FolderError::SameName(name) if name == "\u{e9}tude"), "{error}");
    }

    #[test]
    fn every_file_is_told_in_order_and_the_bytes_add_up() {
        let folder = folder_of([("b/2", b"22".as_slice()), ("a", b"1"), ("b/1", b"333")]);
        let (mut paths, mut told) = (Vec::new(), Vec::new());
        let observer = &mut |step: FolderStep<'_>| match step {
            FolderStep::Bytes(done) => told.push(done),
            FolderStep::File(file) => paths.push((file.path.clone(), file.fingerprint.sha256)),
        };
        fingerprint_folder(folder.path(), observer).unwrap();
        let expected = [("a", "1"), ("b/1", "333"), ("b/2", "22")];
        assert_eq!(paths, expected.map(|(path, content)| (path.to_owned(), sha256(content.as_bytes()))));
        assert_eq!(told, [1, 4, 6]);
    }

    #[test]
    fn what_cannot_travel_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let refused = |folder: &tempfile::TempDir| {
            let error = tree_of(folder).unwrap_err();
            assert_eq!(survey_folder(folder.path()).unwrap_err().to_string(), error.to_string());
            assert!(!error.cure().is_empty());
            error
        };
        let link = folder_of([("a", b"1".as_slice())]);
        std::os::unix::fs::symlink("a", link.path().join("b")).unwrap();
        assert!(matches!(refused(&link), FolderError::Link(path) if path.ends_with("b")));
        let socket = folder_of([("a", b"1".as_slice())]);
        let _listener = std::os::unix::net::UnixListener::bind(socket.path().join("s")).unwrap();
        assert!(matches!(refused(&socket), FolderError::Special(path) if path.ends_with("s")));
        let foreign = folder_of([("a", b"1".as_slice())]);
        fs::write(foreign.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), b"").unwrap();
        assert!(matches!(refused(&foreign), FolderError::NotUnicode(_)));
        assert!(matches!(refused(&tempfile::tempdir().unwrap()), FolderError::Empty(_)));
        let only_folders = tempfile::tempdir().unwrap();
        fs::create_dir_all(only_folders.path().join("a/b")).unwrap();
        assert!(matches!(refused(&only_folders), FolderError::Empty(_)));
    }

    #[test]
    fn a_file_is_no_folder_and_nothing_is_neither() {
        let folder = folder_of([("a", b"1".as_slice())]);
        let file = folder.path().join("a");
        assert!(matches!(fingerprint_folder(&file, &mut |_| ()), Err(FolderError::NotFolder(_))));
        let missing = fingerprint_folder(&folder.path().join("b"), &mut |_| ()).unwrap_err();
        assert!(matches!(missing, FolderError::File(FileError::Missing(_))), "{missing}");
    }

    #[test]
    fn depth_ends_at_its_limit() {
        let nest = |depth: usize| vec!["d"; depth - 1].join("/") + "/file";
        assert_eq!(tree_of(&folder_of([(nest(DEPTH_MAX).as_str(), b"".as_slice())])).unwrap().count, 1);
        let deeper = folder_of([(nest(DEPTH_MAX + 1).as_str(), b"".as_slice())]);
        assert!(matches!(tree_of(&deeper), Err(FolderError::TooDeep(_))));
    }

    #[test]
    fn paths_end_at_their_limit() {
        let name = |bytes: usize| PathBuf::from("/folder").join("n".repeat(bytes));
        let folder = Path::new("/folder");
        assert_eq!(relative_path(folder, &name(PATH_BYTES_MAX)).unwrap().len(), PATH_BYTES_MAX);
        let error = relative_path(folder, &name(PATH_BYTES_MAX + 1)).unwrap_err();
        assert!(matches!(error, FolderError::PathTooLong { bytes, .. } if bytes == PATH_BYTES_MAX + 1));
    }

    #[test]
    fn bytes_end_at_their_limit() {
        let folder = Path::new("folder");
        assert_eq!(add_bytes(folder, FILE_BYTES_MAX - 1, 1).unwrap(), FILE_BYTES_MAX);
        for (sum, bytes) in [(FILE_BYTES_MAX, 1), (1, u64::MAX)] {
            assert!(matches!(add_bytes(folder, sum, bytes), Err(FolderError::TooLarge(_))));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_root_is_that_of_the_definition(
            files in proptest::collection::btree_map("[a-c\u{e9}e\u{301}]{1,3}(/[x-z]{1,2}){0,2}[.]f", "[ -~]{0,20}", 1..12)
        ) {
            let folder = folder_of(files.iter().map(|(path, content)| (path.as_str(), content.as_bytes())));
            let model: BTreeMap<Hash, Vec<u8>> = files.iter().map(|(path, content)| {
                let leaf = [path_digest(path).as_bytes().as_slice(), sha256(content.as_bytes()).as_bytes()].concat();
                (path_digest(path), leaf)
            }).collect();
            match tree_of(&folder) {
                Ok(tree) => {
                    prop_assert_eq!(tree.root, rfc6962_root(&model.into_values().collect::<Vec<_>>()));
                    prop_assert_eq!(tree.count, files.len() as u64);
                    prop_assert_eq!(tree.bytes, files.values().map(|content| content.len() as u64).sum::<u64>());
                }
                Err(error) => {
                    prop_assert!(matches!(error, FolderError::SameName(_)));
                    prop_assert!(model.len() < files.len());
                }
            }
        }
    }
}
