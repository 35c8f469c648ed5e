//! One key: its name, what may be said of it, and its secret.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use colophon_ledger::account::{AccountId, Multikey};
use colophon_tlog::key::SecretKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::failure::Failure;

/// The longest name of a key.
pub const KEY_NAME_CHARS_MAX: usize = 32;

/// The name of a key on this machine: 1 to 32 of a-z, 0-9 and -, no - in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyName(String);

impl FromStr for KeyName {
    type Err = Failure;

    fn from_str(text: &str) -> Result<KeyName, Failure> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=KEY_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-') {
            return Ok(KeyName(text.to_owned()));
        }
        Err(Failure::usage(
            format!("{text:?} is no name for a key"),
            format!(
                "take 1 to {KEY_NAME_CHARS_MAX} of a-z, 0-9 and -, beginning with a letter or digit, such as studio-2"
            ),
        ))
    }
}

impl TryFrom<String> for KeyName {
    type Error = Failure;

    fn try_from(text: String) -> Result<KeyName, Failure> {
        text.parse()
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be said of a key without its passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicPart {
    /// Its name on this machine.
    pub name: KeyName,
    /// The account it speaks for.
    pub account: AccountId,
    /// The public key.
    pub key: Multikey,
    /// When it was made.
    pub created: Timestamp,
}

impl PublicPart {
    /// Returns what stands in the public file.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, Failure> {
        let mut json = serde_json::to_vec(self).map_err(|error| not_json(&error))?;
        json.push(b'\n');
        Ok(json)
    }
}

/// A key in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyCard {
    /// What can be said of it.
    #[serde(flatten)]
    pub public: PublicPart,
    /// Whether a passphrase protects it.
    pub protected: bool,
}

/// A key ready to sign. Its secret is wiped from memory when dropped.
#[derive(Debug)]
pub struct OpenKey {
    /// Its name on this machine.
    pub name: KeyName,
    /// The account it speaks for.
    pub account: AccountId,
    /// What signs.
    pub secret: SecretKey,
    created: Timestamp,
}

impl OpenKey {
    /// Returns a new key out of `seed` (32 random bytes), for an account of its own or for `account`.
    pub fn new(name: KeyName, seed: [u8; 32], account: Option<AccountId>, created: Timestamp) -> OpenKey {
        let secret = SecretKey::from_seed(seed);
        let account = account.unwrap_or_else(|| AccountId::from(&secret.public()));
        OpenKey { name, account, secret, created }
    }

    /// Returns what can be said of the key without its passphrase.
    pub fn public_part(&self) -> PublicPart {
        let key = Multikey::from(&self.secret.public());
        PublicPart { name: self.name.clone(), account: self.account, key, created: self.created }
    }
}

/// What stands in a key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretPart {
    seed: String,
    account: AccountId,
    created: Timestamp,
}

impl SecretPart {
    pub(super) fn of(key: &OpenKey) -> SecretPart {
        SecretPart { seed: hex::encode(key.secret.seed()), account: key.account, created: key.created }
    }

    pub(super) fn from_json(json: &[u8], path: &Path) -> Result<SecretPart, Failure> {
        let damaged = || {
            let what = format!("{} does not hold a key of Colophon", path.display());
            Failure::failed(what, "check that it is the right file, or take a backup of it")
        };
        // The parser's own words are left out: they could quote the secret.
        let part: SecretPart = serde_json::from_slice(json).map_err(|_| damaged())?;
        if part.seed_bytes().is_none() { Err(damaged()) } else { Ok(part) }
    }

    pub(super) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(|error| not_json(&error))
    }

    fn seed_bytes(&self) -> Option<[u8; 32]> {
        let mut seed = [0; 32];
        hex::decode_to_slice(&self.seed, &mut seed).ok().map(|()| seed)
    }

    pub(super) fn into_open(self, name: KeyName) -> OpenKey {
        let seed = Zeroizing::new(self.seed_bytes().expect("a part with another seed is not made"));
        OpenKey::new(name, *seed, Some(self.account), self.created)
    }
}

impl Drop for SecretPart {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::failed(format!("the key has no JSON form: {error}"), "report this as a fault")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for right in ["a", "studio-2", "7", &"n".repeat(KEY_NAME_CHARS_MAX)] {
            assert_eq!(right.parse::<KeyName>().unwrap().to_string(), right);
        }
        for wrong in ["", "-a", "Ana", "a b", "a/b", "a.b", "..", "\u{e9}", &"n".repeat(KEY_NAME_CHARS_MAX + 1)] {
            assert!(wrong.parse::<KeyName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_can_speak_for_an_account_of_several() {
        let created = "2026-11-23T10:00:00Z".parse().unwrap();
        let first = OpenKey::new("first".parse().unwrap(), [1; 32], None, created);
        let second = OpenKey::new("second".parse().unwrap(), [2; 32], Some(first.account), created);
        assert_eq!(first.account.first_key(), first.public_part().key);
        assert_eq!(second.account, first.account);
        assert_ne!(second.public_part().key, first.public_part().key);
    }

    #[test]
    fn a_damaged_file_is_refused_without_quoting_it() {
        let part = SecretPart::of(&OpenKey::new("ana".parse().unwrap(), [1; 32], None, Timestamp::UNIX_EPOCH));
        let json = String::from_utf8(part.to_json().unwrap().to_vec()).unwrap();
        assert!(SecretPart::from_json(json.as_bytes(), Path::new("ana.plain")).is_ok());
        let seed = "01".repeat(32);
        for damaged in [
            json.replace(&seed, &seed[2..]),
            json.replace(&seed, &format!("{seed}01")),
            json.replace("0101", "01zz"),
            json.replace("created", "made"),
            json[1..].to_owned(),
        ] {
            let failure = SecretPart::from_json(damaged.as_bytes(), Path::new("ana.plain")).err().unwrap();
            assert!(!failure.to_string().contains("0101"), "{failure}");
        }
    }
}
