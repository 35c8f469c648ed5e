//! Small files and folders that are still there after a power cut, once these functions have returned.
//!
//! For each file: write a temporary file in the same folder, `fsync` it, give it its name, `fsync` the folder. The folder
//! is held open from before the first write, so that an error of writing it back is not lost with its inode.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone: mode 0600.
    Private,
    /// Whoever the umask lets: mode 0666 less that.
    Public,
}

/// Makes a folder and those above it that are missing.
pub fn create_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent_of(path);
    create_dir(parent)?;
    let parent = File::open(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(path)?.sync_all()?;
    parent.sync_all()
}

/// Writes a file that must not be there yet. Answers [`io::ErrorKind::AlreadyExists`] and changes nothing if it is.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let dir = File::open(parent_of(path))?;
    let temporary = write_temporary(path, bytes, access)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    linked?;
    dir.sync_all()
}

/// Puts a file in the place of the one that is there, if any. Whoever reads meanwhile, or after a crash, finds the old one
/// or the new one, whole.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let dir = File::open(parent_of(path))?;
    let temporary = write_temporary(path, bytes, access)?;
    fs::rename(&temporary, path)?;
    dir.sync_all()
}

/// Removes a folder with all that is in it, or a file that stands in its place, if either is there.
pub fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn write_temporary(path: &Path, bytes: &[u8], access: Access) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mode = match access {
        Access::Private => 0o600,
        Access::Public => 0o666,
    };
    let mut file = File::options().write(true).create_new(true).mode(mode).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn folders_are_made_down_to_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        create_dir(&path).unwrap();
        create_dir(&path).unwrap();
        assert!(path.is_dir());
        fs::write(path.join("file"), "x").unwrap();
        assert!(create_dir(&path.join("file/d")).is_err());
    }

    #[test]
    fn a_new_file_never_takes_anothers_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        write_new(&path, b"first", Access::Private).unwrap();
        let error = write_new(&path, b"second", Access::Private).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_is_whole_whatever_a_crash_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seen");
        fs::write(dir.path().join("seen.tmp"), "half a wri").unwrap();
        replace(&path, b"one", Access::Public).unwrap();
        replace(&path, b"two", Access::Public).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
