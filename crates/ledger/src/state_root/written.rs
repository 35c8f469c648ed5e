//! Hashes and places in the tree as they are written in JSON.

use colophon_tlog::hash::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A hash written in base64, as in the tlog formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base64Hash(pub Hash);

impl Serialize for Base64Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_base64())
    }
}

impl<'de> Deserialize<'de> for Base64Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Base64Hash, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Hash::from_base64(&text).map(Base64Hash).map_err(D::Error::custom)
    }
}

/// The place and digest of a record that shows the absence of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherRecord {
    /// Its place in the tree.
    pub key: Base64Hash,
    /// Its digest.
    pub value: Base64Hash,
}
