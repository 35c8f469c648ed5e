//! Entries on their way: half-signed drafts in files, and signed ones kept until a register has acknowledged them.

use std::io;
use std::path::{Path, PathBuf};

use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft, DraftError};
use colophon_ledger::entry::Text;
use colophon_ledger::field::EntryId;

use crate::failure::Failure;
use crate::history::choose;
use crate::home::{Home, HomeLock, read_file};
use crate::words::shown;

/// What the names of draft files end with.
const EXTENSION: &str = "draft";

/// What the names of drafts end with that I signed and left for others.
const LEFT_EXTENSION: &str = "left";

/// Reads a draft file.
pub fn read(path: &Path) -> Result<Draft, Failure> {
    let cure = "ask whoever made it to send it again";
    let bytes = read_file(path, DRAFT_BYTES_MAX)?
        .ok_or_else(|| Failure::usage(format!("{} does not exist", path.display()), "check the spelling"))?;
    Draft::parse(&bytes).map_err(|error| {
        let what = shown(&error.to_string());
        Failure::failed(format!("{} is no draft that can be signed: {what}", path.display()), cure)
    })
}

/// Keeps a draft in the home, over an earlier one of the same entry. Durable when it returns.
pub fn keep(home: &Home, lock: &HomeLock, draft: &Draft) -> Result<(), Failure> {
    lock.write(&path_of(home, &draft.id()), draft.to_json().as_bytes())
}

/// Forgets a draft kept in the home, whether it was on its way or left for others.
pub fn forget(home: &Home, lock: &HomeLock, id: &EntryId) -> Result<(), Failure> {
    lock.remove(&path_of(home, id))?;
    forget_left(home, lock, id)
}

/// Forgets that a draft was left for others; one that is on its way itself stays until it is acknowledged.
pub fn forget_left(home: &Home, lock: &HomeLock, id: &EntryId) -> Result<(), Failure> {
    lock.remove(&path_of(home, id).with_extension(LEFT_EXTENSION))
}

/// Remembers a draft that I signed and that waits for others, here or wherever they have it.
pub fn remember_left(home: &Home, lock: &HomeLock, draft: &Draft) -> Result<(), Failure> {
    lock.write(&path_of(home, &draft.id()).with_extension(LEFT_EXTENSION), draft.to_json().as_bytes())
}

/// Returns the drafts that I signed and left for others, as far as nothing has been heard of them since.
pub fn left(home: &Home) -> Result<Vec<Draft>, Failure> {
    listed(home, LEFT_EXTENSION)
}

/// Returns the drafts kept in the home: signed, sent perhaps, and not acknowledged.
pub fn kept(home: &Home) -> Result<Vec<Draft>, Failure> {
    listed(home, EXTENSION)
}

fn listed(home: &Home, kind: &str) -> Result<Vec<Draft>, Failure> {
    let entries = match std::fs::read_dir(home.drafts_dir()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let entries = entries.map_err(|error| {
        Failure::failed(format!("cannot list {}: {error}", home.drafts_dir().display()), "check who owns it")
    })?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut drafts = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == kind))
        .map(|path| read(&path))
        .collect::<Result<Vec<_>, _>>()?;
    drafts.sort_by_key(Draft::id);
    Ok(drafts)
}

/// Returns the draft in the home that `text` names by its id or the beginning of it.
pub fn find(home: &Home, text: &str) -> Result<Draft, Failure> {
    let drafts = kept(home)?;
    let id = match text.parse::<EntryId>() {
        Ok(id) => id,
        Err(_) => choose(text, drafts.iter().map(Draft::id).collect(), "drafts kept here")?,
    };
    drafts.into_iter().find(|draft| draft.id() == id).ok_or_else(|| {
        Failure::usage(format!("no draft {id} is kept here"), "give the draft's file, or see colophon inbox")
    })
}

/// Returns the two lines of a draft's text.
pub fn text_of_draft(draft: &Draft) -> Result<Text, Failure> {
    draft.parts().map_err(|refusal| unfit(refusal.into()))
}

/// Returns why a draft cannot be what it should be, and what to do about it.
pub(crate) fn unfit(error: DraftError) -> Failure {
    let what = shown(&error.to_string());
    match error {
        DraftError::Refused(refusal) => {
            Failure::refused(refusal.code(), what, "see what the entry would say with --dry-run")
        }
        DraftError::TooLarge(_) | DraftError::Malformed(_) | DraftError::Price | DraftError::Key(_) => {
            Failure::failed(what, "ask whoever made the draft for another")
        }
    }
}

fn path_of(home: &Home, id: &EntryId) -> PathBuf {
    home.drafts_dir().join(format!("{id}.{EXTENSION}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use colophon_ledger::account::{AccountId, AccountPrev};
    use colophon_ledger::card::Card;
    use colophon_ledger::entry::profile::{Profile, ProfileWord};
    use colophon_ledger::entry::{Body, text_of};
    use colophon_ledger::field::Digest;
    use colophon_ledger::register::Register;
    use colophon_tlog::hash::Hash;
    use colophon_tlog::key::SecretKey;

    fn draft(name: &str) -> Draft {
        let by = AccountId::from(&SecretKey::from_seed([7; 32]).public());
        let card = Card::new([7; 32], format!(r#"{{"name":"{name}"}}"#)).unwrap();
        let register = Register { origin: "registry.example".parse().unwrap(), genesis: Digest(Hash::ZERO) };
        let body = Body::Profile(Profile {
            by,
            card: card.digest(),
            country: "CN".parse().unwrap(),
            kind: ProfileWord::It,
            prev: AccountPrev::Account(by),
        });
        Draft::new(text_of(&register, &body), Some(card), None).unwrap()
    }

    #[test]
    fn drafts_are_kept_found_and_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        assert_eq!(kept(&home).unwrap(), []);
        let lock = home.lock().unwrap();
        let (one, two) = (draft("Ana"), draft("Eva"));
        for draft in [&one, &two, &one] {
            keep(&home, &lock, draft).unwrap();
        }
        assert_eq!(kept(&home).unwrap().len(), 2);
        assert_eq!(find(&home, &one.id().to_string()[..8]).unwrap(), one);
        forget(&home, &lock, &one.id()).unwrap();
        assert_eq!(find(&home, &one.id().to_string()).unwrap_err().exit(), Exit::Usage);
        assert_eq!(kept(&home).unwrap(), std::slice::from_ref(&two));
        remember_left(&home, &lock, &one).unwrap();
        assert_eq!((left(&home).unwrap(), kept(&home).unwrap()), (vec![one.clone()], vec![two]));
        forget(&home, &lock, &one.id()).unwrap();
        assert_eq!(left(&home).unwrap(), []);
    }

    #[test]
    fn what_is_no_draft_is_said_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        assert_eq!(read(&path).unwrap_err().exit(), Exit::Usage);
        std::fs::write(&path, "{}").unwrap();
        assert!(read(&path).unwrap_err().what().contains("is no draft that can be signed"));
        std::fs::write(&path, vec![b' '; DRAFT_BYTES_MAX + 1]).unwrap();
        assert!(read(&path).is_err());
    }
}
