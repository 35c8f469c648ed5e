//! The files of a work, read once each.

use std::path::{Path, PathBuf};

use colophon_fingerprint::folder::{FolderStep, FolderTree, fingerprint_folder, survey_folder};
use colophon_ledger::field::Digest;

use crate::failure::Failure;
use crate::recognition::Recognised;
use crate::ui::Ui;
use crate::validation::Validator;
use crate::words::named;

/// The files of a work as an entry says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hashed {
    /// The files, the face first.
    pub(super) files: Vec<Recognised>,
    /// The folder.
    pub(super) tree: Option<FolderTree>,
}

impl Hashed {
    /// Returns the digest of the face.
    pub(super) fn face(&self) -> Digest {
        Digest(self.files.first().expect("a work without a file is not hashed").file.sha256)
    }
}

/// Reads files and at most one folder, with a bar for what takes long.
pub(super) fn hash(paths: &[PathBuf], ui: &Ui, validator: &Validator) -> Result<Hashed, Failure> {
    let (folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) = paths.iter().partition(|path| path.is_dir());
    if files.is_empty() {
        return Err(Failure::usage(
            "a folder alone has no face",
            "name the file that people recognise the work by in front of the folder, such as its cover or its first page",
        ));
    }
    let tree = match folders.as_slice() {
        [] => None,
        [folder] => Some(hash_folder(folder, ui)?),
        _ => return Err(Failure::usage("a work has one folder at most", "put the folders into one")),
    };
    let read = |path: &PathBuf| {
        let mut recognised = Recognised::read(path, ui)?;
        if let Some(told) = recognised.validate(path, validator) {
            ui.note(told);
        }
        Ok(recognised)
    };
    let files = files.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    Ok(Hashed { files, tree })
}

fn hash_folder(path: &Path, ui: &Ui) -> Result<FolderTree, Failure> {
    let survey = survey_folder(path)?;
    let mut progress = ui.progress(&format!("hashing {}", named(path)), Some(survey.bytes));
    let tree = fingerprint_folder(path, &mut |step| match step {
        FolderStep::Bytes(done) => progress.advance_to(done),
        FolderStep::File(file) => progress.relabel(&format!("hashing {}", file.path)),
    })?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;

    #[test]
    fn the_first_file_is_the_face_wherever_the_folder_stands() {
        let desk = tempfile::tempdir().unwrap();
        let (cover, page, folder) = (desk.path().join("cover"), desk.path().join("page"), desk.path().join("game"));
        std::fs::write(&cover, "cover").unwrap();
        std::fs::write(&page, "page").unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("level"), "level 1").unwrap();
        let ui = Ui::new(false, true, true);
        let validator = Validator::of(&Home::locate(Some(desk.path())).unwrap());
        let hashed = hash(&[folder.clone(), cover, page], &ui, &validator).unwrap();
        assert_eq!(hashed.face(), Digest(colophon_tlog::hash::sha256(b"cover")));
        assert_eq!((hashed.files.len(), hashed.tree.map(|tree| (tree.count, tree.bytes))), (2, Some((1, 7))));
        assert_eq!(
            hash(std::slice::from_ref(&folder), &ui, &validator).unwrap_err().what(),
            "a folder alone has no face"
        );
        assert!(hash(&[folder.clone(), desk.path().join("cover"), folder], &ui, &validator).is_err());
    }
}
