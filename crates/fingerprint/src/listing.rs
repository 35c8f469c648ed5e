//! Which files below a folder are works, each by itself.
//!
//! A folder of one work is taken whole (see [`crate::folder`]); where each file is a work, what is no work stays out, and how
//! much that is can be told: what is hidden, certificates that lie beside their files, empty files, and whatever is no file.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::file::FileError;
use crate::folder::{DEPTH_MAX, FolderError};

/// What the names of certificates beside their files end with.
pub const CERTIFICATE_SUFFIX: &str = ".colophon";
/// The most files that are listed.
pub const FILES_MAX: usize = 100_000;

/// A file that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is: the folder as it was given, and the path below it.
    pub path: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// The files below a folder, folder by folder in the order of their names, and how many were left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The files.
    pub files: Vec<Listed>,
    /// Hidden files and folders: their names begin with a dot.
    pub hidden: u64,
    /// Certificates beside their files.
    pub certificates: u64,
    /// Files without a byte.
    pub empty: u64,
    /// Links, pipes, devices and sockets.
    pub special: u64,
}

/// Lists the files below a folder that may be works.
pub fn list_files(folder: &Path) -> Result<Listing, FolderError> {
    if !fs::metadata(folder).map_err(|error| FileError::from_io(folder, error))?.is_dir() {
        return Err(FolderError::NotFolder(folder.to_owned()));
    }
    let mut listing = Listing::default();
    let mut walk = WalkDir::new(folder).min_depth(1).follow_links(false).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry?;
        if is_hidden(&entry) {
            listing.hidden += 1;
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
        } else if entry.depth() > DEPTH_MAX {
            return Err(FolderError::TooDeep(entry.into_path()));
        } else if !entry.file_type().is_dir() {
            listing.take(&entry)?;
        }
    }
    Ok(listing)
}

impl Listing {
    fn take(&mut self, entry: &DirEntry) -> Result<(), FolderError> {
        if !entry.file_type().is_file() {
            self.special += 1;
            return Ok(());
        }
        let bytes = entry.metadata()?.len();
        if entry.file_name().as_encoded_bytes().ends_with(CERTIFICATE_SUFFIX.as_bytes()) {
            self.certificates += 1;
        } else if bytes == 0 {
            self.empty += 1;
        } else if self.files.len() == FILES_MAX {
            return Err(FolderError::TooMany(entry.path().to_owned()));
        } else {
            self.files.push(Listed { path: entry.path().to_owned(), bytes });
        }
        Ok(())
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, path: &str, content: &str) {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    #[test]
    fn works_are_listed_in_order_and_the_rest_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/2.png", "a.png", "b/10.png", ".DS_Store", ".git/config", ".git/HEAD", "a.png.colophon"] {
            put(folder.path(), path, "x");
        }
        put(folder.path(), "nothing.txt", "");
        std::os::unix::fs::symlink("a.png", folder.path().join("link.png")).unwrap();
        let listing = list_files(folder.path()).unwrap();
        let paths: Vec<_> = listing.files.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(paths, ["a.png", "b/10.png", "b/2.png"].map(Path::new));
        assert_eq!((listing.hidden, listing.certificates, listing.empty, listing.special), (2, 1, 1, 1));
        assert_eq!(listing.files[0].bytes, 1);
    }

    #[test]
    fn a_folder_may_be_hidden_itself_and_a_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), ".art/a.png", "x");
        assert_eq!(list_files(&folder.path().join(".art")).unwrap().files.len(), 1);
        let file = folder.path().join(".art/a.png");
        assert!(matches!(list_files(&file), Err(FolderError::NotFolder(_))));
        let missing = list_files(&folder.path().join("nowhere")).unwrap_err();
        assert!(matches!(missing, FolderError::File(FileError::Missing(_))));
    }

    #[test]
    fn depth_and_number_end_at_their_limits() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &(vec!["d"; DEPTH_MAX - 1].join("/") + "/file"), "x");
        assert_eq!(list_files(folder.path()).unwrap().files.len(), 1);
        put(folder.path(), &(vec!["d"; DEPTH_MAX].join("/") + "/file"), "x");
        assert!(matches!(list_files(folder.path()), Err(FolderError::TooDeep(_))));

        put(folder.path(), "one/more", "x");
        let entry = WalkDir::new(folder.path().join("one")).min_depth(1).into_iter().next().unwrap().unwrap();
        let one = Listed { path: "x".into(), bytes: 1 };
        let mut listing = Listing { files: vec![one; FILES_MAX - 1], ..Listing::default() };
        listing.take(&entry).unwrap();
        assert!(matches!(listing.take(&entry), Err(FolderError::TooMany(_))));
    }
}
