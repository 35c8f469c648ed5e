//! A key that is to take another's place: on the disk before the rotation is submitted, in its place once that is recorded.
//!
//! ```text
//! keys/NAME.next.age  keys/NAME.next.pub   the successor, until it is installed
//! keys/NAME.old                            the secret before, while the successor is being installed
//! ```
//!
//! Each step can be done again after an interrupt: as long as the successor's secret is there, installing it starts over.

use colophon_ledger::account::{AccountId, Multikey};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::home::read_file;
use crate::keystore::key::{KeyName, OpenKey, PublicPart, SecretPart};
use crate::keystore::{KEY_FILE_BYTES_MAX, Keystore};
use crate::passphrase::Passphrases;

/// The kinds of file that a secret is in.
const KINDS: [(&str, &str); 2] = [("age", "next.age"), ("plain", "next.plain")];

/// A secret file's kind and its bytes.
type SecretFile = (&'static str, Zeroizing<Vec<u8>>);

impl Keystore {
    /// Opens the key that is to follow `name`, if one was made and is not installed yet.
    pub fn successor(&self, name: &KeyName, passphrases: &Passphrases) -> Result<Option<OpenKey>, Failure> {
        let Some((kind, bytes)) = self.successor_bytes(name)? else { return Ok(None) };
        let path = self.path(name, &format!("next.{kind}"));
        let secret = match kind {
            "age" => self.sealer.open(&bytes, passphrases.existing(&format!("the new key of {name}"))?, &path)?,
            _ => bytes,
        };
        Ok(Some(SecretPart::from_json(&secret, &path)?.into_open(name.clone())))
    }

    /// Keeps the key that is to follow the one of its name, protected as that one is. Durable when it returns.
    pub fn keep_successor(&self, key: &OpenKey, passphrases: &Passphrases) -> Result<(), Failure> {
        let secret = SecretPart::of(key).to_json()?;
        let (kind, bytes) = if self.card(&key.name)?.protected {
            let passphrase = passphrases.fresh(&format!("the new key of {}", key.name))?;
            ("next.age", Zeroizing::new(self.sealer.seal(&secret, passphrase)?))
        } else {
            ("next.plain", secret)
        };
        let lock = self.home.lock()?;
        if self.successor_bytes(&key.name)?.is_some() {
            let what = format!("a key to follow {} was made already", key.name);
            return Err(Failure::try_again(what, format!("finish that with colophon key rotate {}", key.name)));
        }
        lock.write(&self.path(&key.name, "next.pub"), &key.public_part().to_json()?)?;
        lock.create(&self.path(&key.name, kind), &bytes)
    }

    /// Returns what can be said of the key that is to follow `name`, if one was made and is not installed yet.
    pub fn pending(&self, name: &KeyName) -> Result<Option<PublicPart>, Failure> {
        match self.successor_bytes(name)? {
            Some(_) => self.successor_public(name).map(Some),
            None => Ok(None),
        }
    }

    /// Puts the successors of `account` in their place that are among `present`, the keys that the register proves to
    /// speak for it now: their rotation was recorded, whether or not this machine heard of it. Returns whether there were.
    pub fn install_recorded(&self, account: &AccountId, present: &[Multikey]) -> Result<bool, Failure> {
        let mut has_installed = false;
        for card in self.list()? {
            let pending = self.pending(&card.public.name)?;
            if pending.is_some_and(|next| next.account == *account && present.contains(&next.key)) {
                self.install_successor(&card.public.name)?;
                has_installed = true;
            }
        }
        Ok(has_installed)
    }

    /// Puts the successor in the place of the key it follows, whose secret is then gone. Does nothing where there is none.
    pub fn install_successor(&self, name: &KeyName) -> Result<(), Failure> {
        let lock = self.home.lock()?;
        if let Some((kind, bytes)) = self.successor_bytes(name)? {
            let public = self.successor_public(name)?;
            if let Some(old) = read_file(&self.path(name, kind), KEY_FILE_BYTES_MAX)? {
                lock.write(&self.path(name, "old"), &Zeroizing::new(old))?;
            }
            lock.write(&self.path(name, kind), &bytes)?;
            lock.write(&self.path(name, "pub"), &public.to_json()?)?;
            lock.remove(&self.path(name, &format!("next.{kind}")))?;
        }
        lock.remove(&self.path(name, "next.pub"))?;
        lock.remove(&self.path(name, "old"))
    }

    fn successor_public(&self, name: &KeyName) -> Result<PublicPart, Failure> {
        let path = self.path(name, "next.pub");
        let damaged = || {
            let what = format!("{} is missing or damaged", path.display());
            Failure::failed(what, "keep all files of this key, and bring the new key back from a backup")
        };
        let bytes = read_file(&path, KEY_FILE_BYTES_MAX)?.ok_or_else(damaged)?;
        serde_json::from_slice(&bytes).map_err(|_| damaged())
    }

    fn successor_bytes(&self, name: &KeyName) -> Result<Option<SecretFile>, Failure> {
        for (kind, next_kind) in KINDS {
            if let Some(bytes) = read_file(&self.path(name, next_kind), KEY_FILE_BYTES_MAX)? {
                return Ok(Some((kind, Zeroizing::new(bytes))));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::keystore::Protection;
    use crate::sealed::Sealer;
    use crate::ui::Ui;

    fn key(seed: u8) -> OpenKey {
        let first = OpenKey::new("ana".parse().unwrap(), [1; 32], None, "2026-11-23T10:00:00Z".parse().unwrap());
        OpenKey::new(first.name.clone(), [seed; 32], Some(first.account), "2026-11-23T10:00:00Z".parse().unwrap())
    }

    fn desk() -> (tempfile::TempDir, Keystore, Passphrases) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("passphrase");
        std::fs::write(&file, "right").unwrap();
        let home = Home::locate(Some(&directory.path().join("home"))).unwrap();
        let keys = Keystore::new(&home, Sealer::weak(1));
        (directory, keys, Passphrases::new(Some(file), Ui::new(false, true, true)))
    }

    #[test]
    fn a_successor_waits_beside_the_key_and_takes_its_place() {
        for protected in [true, false] {
            let (_directory, keys, passphrases) = desk();
            let protection = if protected { Protection::Passphrase(&passphrases) } else { Protection::Nothing };
            let name = key(1).name;
            keys.keep(&key(1), protection).unwrap();
            assert!(keys.successor(&name, &passphrases).unwrap().is_none());
            keys.keep_successor(&key(2), &passphrases).unwrap();
            assert!(keys.keep_successor(&key(3), &passphrases).is_err(), "a successor is not written over");
            assert_eq!(keys.list().unwrap().len(), 1);
            assert_eq!(keys.open(&name, &passphrases).unwrap().secret.seed(), &[1; 32]);
            assert_eq!(keys.successor(&name, &passphrases).unwrap().unwrap().secret.seed(), &[2; 32]);
            let (account, next) = (key(1).account, key(2).public_part().key);
            assert_eq!(keys.pending(&name).unwrap().unwrap().key, next);
            assert!(!keys.install_recorded(&account, &[key(3).public_part().key]).unwrap(), "it is not recorded");
            assert!(keys.install_recorded(&account, &[next]).unwrap());
            assert!(keys.pending(&name).unwrap().is_none());
            keys.install_successor(&name).unwrap();
            let now = keys.open(&name, &passphrases).unwrap();
            assert_eq!((now.secret.seed(), now.account), (&[2; 32], key(1).account));
            assert_eq!(std::fs::read_dir(keys.home.keys_dir()).unwrap().count(), 2, "the old secret is gone");
        }
    }

    #[test]
    fn an_interrupted_installation_is_finished_by_the_next() {
        let (_directory, keys, passphrases) = desk();
        let name = key(1).name;
        keys.keep(&key(1), Protection::Nothing).unwrap();
        keys.keep_successor(&key(2), &passphrases).unwrap();
        // As if the power had gone after the secret was replaced and before the public part was.
        std::fs::copy(keys.path(&name, "next.plain"), keys.path(&name, "plain")).unwrap();
        assert!(keys.open(&name, &passphrases).is_err());
        keys.install_successor(&name).unwrap();
        assert_eq!(keys.open(&name, &passphrases).unwrap().secret.seed(), &[2; 32]);
    }
}
