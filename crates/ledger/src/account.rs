//! Accounts: an id for ever, keys over time.

use std::fmt;
use std::str::FromStr;

use colophon_tlog::key::PublicKey;
use colophon_tlog::note::{Algorithm, KeyId, key_id};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::canonical::to_canonical;
use crate::field::{Digest, FieldError, serde_as_text};

/// The most keys an account can have.
pub const KEYS_MAX: usize = 16;
/// A Multikey of an Ed25519 key has always this many characters.
const MULTIKEY_CHARS: usize = 48;
/// The two bytes before an Ed25519 key in a Multikey (multicodec `ed25519-pub` as a varint).
const ED25519_PREFIX: [u8; 2] = [0xed, 0x01];

/// An Ed25519 public key written as a Multikey: `z` and the base58btc of `ed01` and the key (W3C Controlled Identifiers, 2.2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multikey {
    text: [u8; MULTIKEY_CHARS],
    key: [u8; 32],
}

impl Multikey {
    /// Returns the Multikey of 32 bytes of key.
    pub fn from_key_bytes(key: [u8; 32]) -> Multikey {
        let mut prefixed = [0; 34];
        prefixed[..2].copy_from_slice(&ED25519_PREFIX);
        prefixed[2..].copy_from_slice(&key);
        let mut text = [b'z'; MULTIKEY_CHARS];
        let written = bs58::encode(prefixed).onto(&mut text[1..]).expect("34 bytes from ed01 on have 47 base58 digits");
        assert_eq!(written, MULTIKEY_CHARS - 1, "34 bytes from ed01 on have 47 base58 digits");
        Multikey { text, key }
    }

    /// Returns the 32 bytes of the key.
    pub fn to_key_bytes(self) -> [u8; 32] {
        self.key
    }

    /// Returns the text, `z6Mk…`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).expect("base58 is ASCII")
    }

    /// Returns the key as a point on the curve, if the bytes are one that may sign.
    pub fn public(&self) -> Option<PublicKey> {
        PublicKey::from_bytes(&self.key).ok()
    }

    /// Returns the id under which this key signs for `account` (signed-note: the first 4 bytes of a hash over name and key).
    pub fn id_under(&self, account: &AccountId) -> Option<KeyId> {
        self.public().map(|public| key_id(account.as_str(), Algorithm::Ed25519, &public))
    }
}

impl From<&PublicKey> for Multikey {
    fn from(key: &PublicKey) -> Multikey {
        Multikey::from_key_bytes(key.to_bytes())
    }
}

impl FromStr for Multikey {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Multikey, FieldError> {
        let wrong = || FieldError::new(text, "a Multikey of an Ed25519 key (48 characters from z6Mk on)");
        let written: [u8; MULTIKEY_CHARS] = text.as_bytes().try_into().map_err(|_| wrong())?;
        let digits = text.strip_prefix('z').ok_or_else(wrong)?;
        let mut bytes = [0; 34];
        // A number has one spelling in base58 but for ones before it, each of which stands for a byte of zero.
        if bs58::decode(digits).onto(&mut bytes) != Ok(34) || bytes[..2] != ED25519_PREFIX {
            return Err(wrong());
        }
        let mut key = [0; 32];
        key.copy_from_slice(&bytes[2..]);
        Ok(Multikey { text: written, key })
    }
}

impl fmt::Display for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
serde_as_text!(Multikey);

/// The name of an account: the Multikey of its first key, whatever keys it has since.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(Multikey);

impl AccountId {
    /// Returns the account whose first key is `key`.
    pub fn of(key: Multikey) -> AccountId {
        AccountId(key)
    }

    /// Returns the text, `z6Mk…`.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the first key, which spoke for the account until its first rotation.
    pub fn first_key(&self) -> Multikey {
        self.0
    }
}

impl From<&PublicKey> for AccountId {
    fn from(key: &PublicKey) -> AccountId {
        AccountId(Multikey::from(key))
    }
}

impl FromStr for AccountId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<AccountId, FieldError> {
        text.parse().map(AccountId)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
serde_as_text!(AccountId);

/// The keys that speak for an account, and how many of them it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    /// 1 to 16 keys.
    pub keys: Vec<Multikey>,
    /// How many of them sign an entry, 1 to their number.
    pub threshold: u64,
}

impl KeySet {
    /// Returns the keys of an account that never rotated.
    pub fn first_of(account: &AccountId) -> KeySet {
        KeySet { keys: vec![account.first_key()], threshold: 1 }
    }
}

/// A list of 1 to 16 keys in strictly ascending order of their text, so that each list has one spelling and no doubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyList(Vec<Multikey>);

impl KeyList {
    /// Returns the keys as a list in order, or nothing if there are doubles, none, or more than 16.
    pub fn new(mut keys: Vec<Multikey>) -> Option<KeyList> {
        keys.sort_unstable();
        KeyList::from_sorted(keys)
    }

    fn from_sorted(keys: Vec<Multikey>) -> Option<KeyList> {
        let ascending = keys.windows(2).all(|pair| pair[0] < pair[1]);
        (ascending && (1..=KEYS_MAX).contains(&keys.len())).then_some(KeyList(keys))
    }

    /// Returns the keys, in ascending order.
    pub fn as_slice(&self) -> &[Multikey] {
        &self.0
    }

    /// Returns the digest by which a rotation commits to this list as the next one: SHA-256 of its canonical form.
    pub fn commitment(&self) -> Digest {
        Digest(colophon_tlog::hash::sha256(to_canonical(self).as_bytes()))
    }
}

impl<'de> Deserialize<'de> for KeyList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeyList, D::Error> {
        KeyList::from_sorted(Vec::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("keys are a list of 1 to 16 in strictly ascending order"))
    }
}

/// What comes before an entry in an account's chain: the account itself, then each profile or rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountPrev {
    /// Nothing yet.
    Account(AccountId),
    /// The newest profile or rotation.
    Entry(Digest),
}

impl fmt::Display for AccountPrev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountPrev::Account(account) => account.fmt(f),
            AccountPrev::Entry(entry) => entry.fmt(f),
        }
    }
}

impl FromStr for AccountPrev {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<AccountPrev, FieldError> {
        if text.starts_with('z') {
            text.parse().map(AccountPrev::Account)
        } else {
            text.parse().map(AccountPrev::Entry)
        }
    }
}
serde_as_text!(AccountPrev);

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::key::SecretKey;
    use proptest::prelude::*;

    #[test]
    fn a_known_key_has_its_known_multikey() {
        // did:key specification, Ed25519 example.
        let text = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let multikey: Multikey = text.parse().unwrap();
        assert_eq!(multikey.to_string(), text);
        assert_eq!(hex::encode(multikey.key), "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6");
    }

    proptest! {
        #[test]
        fn every_key_has_48_characters_and_comes_back(key: [u8; 32]) {
            let multikey = Multikey::from_key_bytes(key);
            prop_assert!(multikey.as_str().starts_with("z6Mk"));
            prop_assert_eq!(multikey.as_str().parse::<Multikey>().unwrap(), multikey);
            prop_assert_eq!(multikey.to_key_bytes(), key);
        }

        #[test]
        fn other_text_is_refused(text in "\\PC{0,60}") {
            prop_assert!(text.parse::<Multikey>().map_or(true, |key| key.as_str() == text));
        }
    }

    #[test]
    fn key_lists_have_one_spelling() {
        let key = |seed| Multikey::from(&SecretKey::from_seed([seed; 32]).public());
        let list = KeyList::new((1..=16).map(key).collect()).unwrap();
        let text = to_canonical(&list);
        assert_eq!(serde_json::from_str::<KeyList>(&text).unwrap(), list);
        assert!(KeyList::new((1..=17).map(key).collect()).is_none());
        assert!(KeyList::new(vec![key(1), key(1)]).is_none());
        assert!(KeyList::new(vec![]).is_none());
        let mut reversed = list.as_slice().to_vec();
        reversed.reverse();
        assert!(serde_json::from_str::<KeyList>(&to_canonical(&reversed)).is_err());
    }
}
