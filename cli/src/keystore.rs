//! The keys of the person: one file a key, encrypted with a passphrase.
//!
//! ```text
//! keys/NAME.age    {"seed": 64 hex, "account": "z6Mk…", "created": RFC 3339} in age format, for a passphrase (scrypt)
//! keys/NAME.plain  the same without encryption, for those who asked for it
//! keys/NAME.pub    {"name", "account", "key", "created"}: what can be said without a passphrase
//! ```
//!
//! A key is there once its secret file is there; the public file is written first, so that an interrupt in between leaves
//! nothing that counts. No command writes over a key. The account is the one the key speaks for: its own, or for one key of
//! several, that of the first.

pub mod key;
mod succession;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::home::{Home, check_private, create_file, read_file};
use crate::passphrase::Passphrases;
use crate::sealed::Sealer;

use key::{KeyCard, KeyName, OpenKey, PublicPart, SecretPart};

/// The largest key file; a true one has a few hundred bytes.
pub const KEY_FILE_BYTES_MAX: usize = 16 * 1024;

/// How a new key is to be kept.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// Under a passphrase.
    Passphrase(&'a Passphrases),
    /// Not at all.
    Nothing,
}

/// The keys in a home.
#[derive(Debug, Clone)]
pub struct Keystore {
    home: Home,
    directory: PathBuf,
    sealer: Sealer,
}

impl Keystore {
    /// Returns the keys in `home`, which need not exist yet.
    pub fn new(home: &Home, sealer: Sealer) -> Keystore {
        Keystore { home: home.clone(), directory: home.keys_dir(), sealer }
    }

    /// Returns all keys in the order of their names.
    pub fn list(&self) -> Result<Vec<KeyCard>, Failure> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
        };
        let entries = entries.map_err(|error| {
            Failure::failed(
                format!("cannot list {}: {error}", self.directory.display()),
                "check who owns it, or choose another place with --home DIR",
            )
        })?;
        let is_secret = |path: &Path| path.extension().is_some_and(|kind| kind == "age" || kind == "plain");
        let mut names: Vec<KeyName> = entries
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| is_secret(path))
            .filter_map(|path| path.file_stem()?.to_str()?.parse().ok())
            .collect();
        names.sort();
        names.iter().map(|name| self.card(name)).collect()
    }

    /// Returns one key, or the failure that names those there are.
    pub fn card(&self, name: &KeyName) -> Result<KeyCard, Failure> {
        let protected = self.path(name, "age").exists();
        if !protected && !self.path(name, "plain").exists() {
            return Err(self.no_such_key(name));
        }
        let path = self.path(name, "pub");
        let again = || {
            let secret = if protected { "age" } else { "plain" };
            format!("move {name}.{secret} away, then bring it back with colophon key new {name} --from FILE")
        };
        let bytes = read_file(&path, KEY_FILE_BYTES_MAX)?.ok_or_else(|| {
            Failure::failed(format!("key {name} has lost its public part, {}", path.display()), again())
        })?;
        let public: PublicPart = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::failed(format!("{} is damaged: {error}", path.display()), again()))?;
        if public.name != *name {
            let what = format!("{} speaks of another key, {}", path.display(), public.name);
            return Err(Failure::failed(what, again()));
        }
        Ok(KeyCard { public, protected })
    }

    /// Returns the key of this name, or if none is given the only one there is.
    pub fn choose(&self, name: Option<&KeyName>) -> Result<KeyCard, Failure> {
        if let Some(name) = name {
            return self.card(name);
        }
        let mut keys = self.list()?;
        match (keys.pop(), keys.as_slice()) {
            (None, _) => Err(Failure::usage("there is no key here yet", "make one with colophon key new")),
            (Some(only), []) => Ok(only),
            (Some(last), others) => {
                let names = others.iter().chain([&last]).map(|key| key.public.name.to_string()).collect::<Vec<_>>();
                Err(Failure::usage(
                    format!("there are {} keys here: {}", names.len(), names.join(", ")),
                    "name one of them",
                ))
            }
        }
    }

    /// Keeps a new key. Refuses a name that is taken.
    pub fn keep(&self, key: &OpenKey, protection: Protection<'_>) -> Result<KeyCard, Failure> {
        self.check_free(&key.name)?;
        let secret = SecretPart::of(key).to_json()?;
        let (kind, bytes) = match protection {
            Protection::Nothing => ("plain", secret),
            Protection::Passphrase(passphrases) => {
                let passphrase = passphrases.fresh(&format!("key {}", key.name))?;
                ("age", Zeroizing::new(self.sealer.seal(&secret, passphrase)?))
            }
        };
        self.write(key, kind, &bytes)
    }

    /// Keeps a key out of a backup, still under the backup's passphrase. Refuses a name that is taken.
    pub fn keep_backup(&self, name: &KeyName, backup: &Path, passphrases: &Passphrases) -> Result<KeyCard, Failure> {
        self.check_free(name)?;
        let bytes = read_file(backup, KEY_FILE_BYTES_MAX)?.ok_or_else(|| {
            Failure::usage(format!("{} does not exist", backup.display()), "name a file that colophon key backup made")
        })?;
        if bytes.starts_with(b"{") {
            let key = SecretPart::from_json(&bytes, backup)?.into_open(name.clone());
            return self.write(&key, "plain", &bytes);
        }
        let secret = self.sealer.open(&bytes, passphrases.existing(&backup.display().to_string())?, backup)?;
        let key = SecretPart::from_json(&secret, backup)?.into_open(name.clone());
        self.write(&key, "age", &bytes)
    }

    /// Opens a key to sign with.
    pub fn open(&self, name: &KeyName, passphrases: &Passphrases) -> Result<OpenKey, Failure> {
        let card = self.card(name)?;
        let (path, bytes) = self.secret_bytes(&card)?;
        let secret = if card.protected {
            self.sealer.open(&bytes, passphrases.existing(&format!("key {name}"))?, &path)?
        } else {
            check_private(&path)?;
            bytes
        };
        let key = SecretPart::from_json(&secret, &path)?.into_open(name.clone());
        if key.public_part() != card.public {
            return Err(Failure::failed(
                format!("{name}.pub does not belong to the key in {}", path.display()),
                format!("move {} away, then bring it back with colophon key new {name} --from FILE", path.display()),
            ));
        }
        Ok(key)
    }

    /// Writes an encrypted copy of a key to a file that must not be there yet; an unprotected key gets a passphrase for it.
    pub fn back_up(&self, name: &KeyName, file: &Path, passphrases: &Passphrases) -> Result<KeyCard, Failure> {
        let card = self.card(name)?;
        let (_, bytes) = self.secret_bytes(&card)?;
        if card.protected {
            create_file(file, &bytes)?;
        } else {
            let passphrase = passphrases.fresh(&format!("the backup of key {name}"))?;
            create_file(file, &self.sealer.seal(&bytes, passphrase)?)?;
        }
        Ok(card)
    }

    /// Returns the file that holds a key's secret.
    pub fn secret_path(&self, card: &KeyCard) -> PathBuf {
        self.path(&card.public.name, if card.protected { "age" } else { "plain" })
    }

    fn secret_bytes(&self, card: &KeyCard) -> Result<(PathBuf, Zeroizing<Vec<u8>>), Failure> {
        let path = self.secret_path(card);
        let bytes = read_file(&path, KEY_FILE_BYTES_MAX)?.ok_or_else(|| self.no_such_key(&card.public.name))?;
        Ok((path, Zeroizing::new(bytes)))
    }

    /// Writes a key. The lock is taken here and not before, so that nobody waits for a person who types a passphrase.
    fn write(&self, key: &OpenKey, kind: &str, secret: &[u8]) -> Result<KeyCard, Failure> {
        let card = KeyCard { public: key.public_part(), protected: kind == "age" };
        let lock = self.home.lock()?;
        self.check_free(&key.name)?;
        lock.write(&self.path(&key.name, "pub"), &card.public.to_json()?)?;
        lock.create(&self.path(&key.name, kind), secret)?;
        Ok(card)
    }

    fn check_free(&self, name: &KeyName) -> Result<(), Failure> {
        if self.path(name, "age").exists() || self.path(name, "plain").exists() {
            let what = format!("there is a key named {name} already, and no command writes over a key");
            return Err(Failure::usage(what, format!("choose another name, as in colophon key new {name}-2")));
        }
        Ok(())
    }

    fn no_such_key(&self, name: &KeyName) -> Failure {
        let names =
            self.list().unwrap_or_default().into_iter().map(|key| key.public.name.to_string()).collect::<Vec<_>>();
        let cure = if names.is_empty() {
            format!("make one with colophon key new {name}")
        } else {
            format!("take one of those there are: {}", names.join(", "))
        };
        Failure::usage(format!("there is no key named {name}"), cure)
    }

    fn path(&self, name: &KeyName, kind: &str) -> PathBuf {
        self.directory.join(format!("{name}.{kind}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use crate::ui::Ui;
    use std::os::unix::fs::PermissionsExt as _;

    struct Desk {
        directory: tempfile::TempDir,
        home: Home,
        keys: Keystore,
    }

    impl Desk {
        fn new() -> Desk {
            let directory = tempfile::tempdir().unwrap();
            let home = Home::locate(Some(&directory.path().join("home"))).unwrap();
            let keys = Keystore::new(&home, Sealer::weak(1));
            Desk { directory, home, keys }
        }

        fn passphrases(&self, passphrase: &str) -> Passphrases {
            let file = self.directory.path().join(passphrase);
            fs::write(&file, passphrase).unwrap();
            Passphrases::new(Some(file), Ui::new(false, true, true))
        }

        fn keep(&self, name: &str, seed: u8, protection: Protection<'_>) -> Result<KeyCard, Failure> {
            self.keys.keep(&key(name, seed), protection)
        }
    }

    fn name(text: &str) -> KeyName {
        text.parse().unwrap()
    }

    fn key(text: &str, seed: u8) -> OpenKey {
        OpenKey::new(name(text), [seed; 32], None, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_key_is_kept_and_opened_with_its_passphrase_alone() {
        let desk = Desk::new();
        let right = desk.passphrases("right");
        let card = desk.keep("ana", 7, Protection::Passphrase(&right)).unwrap();
        assert!(card.protected);
        let open = desk.keys.open(&name("ana"), &right).unwrap();
        assert_eq!((open.secret.seed(), open.account), (&[7; 32], card.public.account));
        let failure = desk.keys.open(&name("ana"), &desk.passphrases("wrong")).unwrap_err();
        assert!(failure.what().starts_with("the passphrase does not open "), "{failure}");
        let mode = fs::metadata(desk.keys.secret_path(&card)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_secret_is_in_no_file_unless_asked_for() {
        let desk = Desk::new();
        let seed = hex::encode([7; 32]);
        desk.keep("ana", 7, Protection::Passphrase(&desk.passphrases("right"))).unwrap();
        let holds_seed = |entry: io::Result<fs::DirEntry>| {
            fs::read(entry.unwrap().path()).unwrap().windows(64).any(|window| window == seed.as_bytes())
        };
        assert_eq!(fs::read_dir(desk.home.keys_dir()).unwrap().filter_map(|e| holds_seed(e).then_some(())).count(), 0);
        desk.keep("trial", 7, Protection::Nothing).unwrap();
        assert_eq!(fs::read_dir(desk.home.keys_dir()).unwrap().filter_map(|e| holds_seed(e).then_some(())).count(), 1);
        assert_eq!(desk.keys.open(&name("trial"), &desk.passphrases("unused")).unwrap().secret.seed(), &[7; 32]);
    }

    #[test]
    fn an_unprotected_key_that_others_may_read_is_not_used() {
        let desk = Desk::new();
        let card = desk.keep("trial", 7, Protection::Nothing).unwrap();
        fs::set_permissions(desk.keys.secret_path(&card), fs::Permissions::from_mode(0o640)).unwrap();
        let failure = desk.keys.open(&name("trial"), &desk.passphrases("unused")).unwrap_err();
        assert!(failure.what().ends_with("trial.plain may be read by other users of this machine"), "{failure}");
    }

    #[test]
    fn no_key_is_written_over() {
        let desk = Desk::new();
        desk.keep("ana", 7, Protection::Nothing).unwrap();
        for protection in [Protection::Nothing, Protection::Passphrase(&desk.passphrases("right"))] {
            let failure = desk.keep("ana", 8, protection).unwrap_err();
            assert_eq!((failure.exit(), failure.what().contains("named ana already")), (Exit::Usage, true));
        }
        assert_eq!(desk.keys.list().unwrap().len(), 1);
    }

    #[test]
    fn a_public_part_without_a_key_counts_for_nothing() {
        let desk = Desk::new();
        drop(desk.home.lock().unwrap());
        fs::write(desk.home.keys_dir().join("ana.pub"), key("ana", 1).public_part().to_json().unwrap()).unwrap();
        assert!(desk.keys.list().unwrap().is_empty());
        let card = desk.keep("ana", 7, Protection::Nothing).unwrap();
        assert_eq!(desk.keys.list().unwrap(), [card]);
    }

    #[test]
    fn a_public_part_of_another_key_is_noticed() {
        let desk = Desk::new();
        desk.keep("ana", 7, Protection::Nothing).unwrap();
        let public = desk.home.keys_dir().join("ana.pub");
        fs::write(&public, key("ana", 8).public_part().to_json().unwrap()).unwrap();
        let failure = desk.keys.open(&name("ana"), &desk.passphrases("unused")).unwrap_err();
        assert!(failure.what().starts_with("ana.pub does not belong to the key in "), "{failure}");
        fs::write(&public, key("eva", 7).public_part().to_json().unwrap()).unwrap();
        assert!(desk.keys.card(&name("ana")).unwrap_err().what().ends_with("speaks of another key, eva"));
        fs::remove_file(&public).unwrap();
        assert!(desk.keys.list().unwrap_err().what().starts_with("key ana has lost its public part"));
    }

    #[test]
    fn a_backup_brings_the_key_back() {
        let (desk, other) = (Desk::new(), Desk::new());
        let passphrases = desk.passphrases("right");
        let ana = desk.keep("ana", 7, Protection::Passphrase(&passphrases)).unwrap();
        let trial = desk.keep("trial", 9, Protection::Nothing).unwrap();
        for (card, file) in [(ana, "a.age"), (trial, "b.age")] {
            let file = desk.directory.path().join(file);
            desk.keys.back_up(&card.public.name, &file, &passphrases).unwrap();
            assert!(desk.keys.back_up(&card.public.name, &file, &passphrases).is_err(), "never over another file");
            assert!(fs::read(&file).unwrap().starts_with(b"age-encryption.org/v1"));
            let back = other.keys.keep_backup(&card.public.name, &file, &passphrases).unwrap();
            assert_eq!((back.public, back.protected), (card.public, true));
        }
        assert_eq!(other.keys.open(&name("trial"), &passphrases).unwrap().secret.seed(), &[9; 32]);
    }

    #[test]
    fn the_only_key_needs_no_naming() {
        let desk = Desk::new();
        assert_eq!(desk.keys.choose(None).unwrap_err().cure(), "make one with colophon key new");
        let ana = desk.keep("ana", 7, Protection::Nothing).unwrap();
        assert_eq!(desk.keys.choose(None).unwrap(), ana);
        desk.keep("eva", 8, Protection::Nothing).unwrap();
        assert_eq!(desk.keys.choose(None).unwrap_err().what(), "there are 2 keys here: ana, eva");
        assert_eq!(desk.keys.choose(Some(&name("ana"))).unwrap(), ana);
        let failure = desk.keys.choose(Some(&name("eve"))).unwrap_err();
        assert_eq!(failure.cure(), "take one of those there are: ana, eva");
    }
}
