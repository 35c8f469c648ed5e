//! What a policy is made of: logs, witnesses, groups, and the quorum that must have cosigned.

use std::fmt;

use crate::note::VerifierKey;

/// The name of a witness or group, or a URL: bytes without space or control characters, compared as they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(Vec<u8>);

impl Word {
    /// Returns the word of these bytes, which a policy's line was cut into.
    pub(crate) fn new(bytes: &[u8]) -> Word {
        Word(bytes.to_vec())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the word as text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

/// A log whose checkpoints are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its key, of type 0x01, under its origin.
    pub key: VerifierKey,
    /// Where it is reached.
    pub url: Option<Word>,
}

/// A witness whose cosignatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub name: Word,
    /// Its key, of type 0x04 or 0x06, under its own name.
    pub key: VerifierKey,
    /// Where it is reached.
    pub url: Option<Word>,
}

/// Witnesses and groups of which so many must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the policy calls it.
    pub name: Word,
    /// How many of the members it takes: 1 to all.
    pub threshold: usize,
    /// Its members, each a member here alone.
    pub members: Vec<Word>,
}

/// Who must have cosigned a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quorum {
    /// Nobody.
    None,
    /// This witness or group.
    Member(Word),
}

impl Quorum {
    /// Returns whether the quorum is reached when the witnesses named `cosigned` have cosigned.
    ///
    /// `groups` stand in the order of the policy: each after its members.
    pub(crate) fn is_met(&self, groups: &[Group], cosigned: Vec<&Word>) -> bool {
        let Quorum::Member(quorum) = self else { return true };
        let mut met = cosigned;
        for group in groups {
            let count = group.members.iter().filter(|member| met.contains(member)).count();
            if count >= group.threshold {
                met.push(&group.name);
            }
        }
        met.contains(&quorum)
    }
}
