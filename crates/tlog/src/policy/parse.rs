//! Reading a policy file, line by line, and writing it.

use std::collections::BTreeSet;

use crate::note::{Algorithm, VerifierKey, VerifierKeyError};
use crate::policy::quorum::{Group, Quorum, TrustedLog, Witness, Word};
use crate::spelling::parse_decimal;

/// The longest policy file, in bytes.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;
/// The most logs, the most witnesses and the most groups of a policy. Support for 32 of each is strongly recommended.
pub const POLICY_MEMBERS_MAX: usize = 256;

/// Why bytes were not accepted as a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than a policy may be.
    #[error("the policy has {0} bytes; at most {POLICY_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// A last line without its newline: the file may have been cut off.
    #[error("the policy does not end in a newline")]
    CutOff,
    /// No quorum line.
    #[error("the policy has no quorum line; 'quorum none' asks for no cosignatures")]
    NoQuorum,
    /// A line that is wrong.
    #[error("line {line} of the policy: {fault}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// A control character other than tab and newline.
    #[error("it contains the control character {0:#04x}")]
    Control(u8),
    /// Not a line that a policy has.
    #[error(
        "it is none of 'log KEY [URL]', 'witness NAME KEY [URL]', 'group NAME all|any|K MEMBER...', 'quorum NAME|none'"
    )]
    Form,
    /// A key that is none.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A key of another type than its place needs.
    #[error("the key of {name:?} has signature type {found}, where {expected} is needed", found = found.to_byte())]
    Algorithm {
        /// The name of the key.
        name: String,
        /// Its type.
        found: Algorithm,
        /// The types that the place takes, in words.
        expected: &'static str,
    },
    /// The public key of an earlier line: one key for a log, one for a witness, and none for both.
    #[error("the public key of {0:?} stands in an earlier line")]
    KeyRepeated(String),
    /// A log and a witness of one name.
    #[error("{0:?} is the name of a log and of a witness")]
    NameShared(String),
    /// A name defined twice, or one that cannot be defined.
    #[error("the name {0:?} is taken")]
    NameTaken(Word),
    /// A name that no line above defines.
    #[error("no line above defines {0:?}")]
    Undefined(Word),
    /// A member of two groups, or of one twice.
    #[error("{0:?} is a group's member already")]
    MemberTwice(Word),
    /// A threshold that is not 1 to the number of members.
    #[error("the threshold {threshold:?} is not 'all', 'any' or a number from 1 to {members}")]
    Threshold {
        /// What stands there.
        threshold: Word,
        /// How many members the group has.
        members: usize,
    },
    /// A second quorum line.
    #[error("it is the second quorum line")]
    QuorumTwice,
    /// More logs, witnesses or groups than are taken.
    #[error("there are more than {POLICY_MEMBERS_MAX} lines of its kind")]
    TooMany,
}

/// What the lines read so far say.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) logs: Vec<TrustedLog>,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) groups: Vec<Group>,
    pub(crate) quorum: Option<Quorum>,
    names: BTreeSet<Word>,
    members: BTreeSet<Word>,
    keys: BTreeSet<Vec<u8>>,
}

impl Lines {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Lines, PolicyError> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLarge(bytes.len()));
        }
        let bytes = bytes.strip_suffix(b"\n").ok_or(PolicyError::CutOff)?;
        let mut lines = Lines::default();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            lines.read(line).map_err(|fault| PolicyError::Line { line: number, fault })?;
        }
        Ok(lines)
    }

    fn read(&mut self, line: &[u8]) -> Result<(), LineFault> {
        let control = |byte: &&u8| (**byte < 0x20 && **byte != b'\t') || **byte == 0x7f;
        if let Some(byte) = line.iter().find(control) {
            return Err(LineFault::Control(*byte));
        }
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let words: Vec<&[u8]> = line.split(blank).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, ref url @ ..] => self.read_log(key, url),
            [b"witness", name, key, ref url @ ..] => self.read_witness(name, key, url),
            [b"group", name, threshold, ref members @ ..] => self.read_group(name, threshold, members),
            [b"quorum", name] => self.read_quorum(name),
            _ => Err(LineFault::Form),
        }
    }

    fn read_log(&mut self, key: &[u8], url: &[&[u8]]) -> Result<(), LineFault> {
        let key = self.read_key(key, &[Algorithm::Ed25519], "1")?;
        if self.witnesses.iter().any(|witness| witness.key.name() == key.name()) {
            return Err(LineFault::NameShared(key.name().to_owned()));
        }
        push(&mut self.logs, TrustedLog { key, url: read_url(url)? })
    }

    fn read_witness(&mut self, name: &[u8], key: &[u8], url: &[&[u8]]) -> Result<(), LineFault> {
        let key = self.read_key(key, &[Algorithm::CosignatureV1, Algorithm::SubtreeV1], "4 or 6")?;
        if self.logs.iter().any(|log| log.key.name() == key.name()) {
            return Err(LineFault::NameShared(key.name().to_owned()));
        }
        let name = self.define(name)?;
        push(&mut self.witnesses, Witness { name, key, url: read_url(url)? })
    }

    fn read_group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), LineFault> {
        if members.is_empty() {
            return Err(LineFault::Form);
        }
        let mut joined = Vec::new();
        for member in members {
            let member = self.defined(member)?;
            if !self.members.insert(member.clone()) {
                return Err(LineFault::MemberTwice(member));
            }
            joined.push(member);
        }
        let threshold = read_threshold(threshold, joined.len())?;
        let name = self.define(name)?;
        push(&mut self.groups, Group { name, threshold, members: joined })
    }

    fn read_quorum(&mut self, name: &[u8]) -> Result<(), LineFault> {
        if self.quorum.is_some() {
            return Err(LineFault::QuorumTwice);
        }
        self.quorum = Some(if name == b"none" { Quorum::None } else { Quorum::Member(self.defined(name)?) });
        Ok(())
    }

    /// Reads a key of the type that its place needs, and whose public key stands in no line above.
    ///
    /// The specification lets a log and a witness share a key; nobody who means it well does.
    fn read_key(
        &mut self,
        key: &[u8],
        fitting: &[Algorithm],
        expected: &'static str,
    ) -> Result<VerifierKey, LineFault> {
        let key: VerifierKey = str::from_utf8(key).map_err(|_| VerifierKeyError::Form)?.parse()?;
        let (name, found) = (key.name().to_owned(), key.algorithm());
        if !fitting.contains(&found) {
            return Err(LineFault::Algorithm { name, found, expected });
        }
        if self.keys.insert(key.public_bytes()) { Ok(key) } else { Err(LineFault::KeyRepeated(name)) }
    }

    fn define(&mut self, name: &[u8]) -> Result<Word, LineFault> {
        let word = Word::new(name);
        if name != b"none" && self.names.insert(word.clone()) { Ok(word) } else { Err(LineFault::NameTaken(word)) }
    }

    fn defined(&self, name: &[u8]) -> Result<Word, LineFault> {
        let word = Word::new(name);
        if self.names.contains(&word) { Ok(word) } else { Err(LineFault::Undefined(word)) }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), LineFault> {
    if list.len() == POLICY_MEMBERS_MAX {
        return Err(LineFault::TooMany);
    }
    list.push(item);
    Ok(())
}

fn read_url(words: &[&[u8]]) -> Result<Option<Word>, LineFault> {
    match words {
        [] => Ok(None),
        [url] => Ok(Some(Word::new(url))),
        _ => Err(LineFault::Form),
    }
}

fn read_threshold(threshold: &[u8], members: usize) -> Result<usize, LineFault> {
    let number = match threshold {
        b"all" => Some(members),
        b"any" => Some(1),
        _ => str::from_utf8(threshold).ok().and_then(parse_decimal).and_then(|number| usize::try_from(number).ok()),
    };
    let bad = || LineFault::Threshold { threshold: Word::new(threshold), members };
    number.filter(|number| (1..=members).contains(number)).ok_or_else(bad)
}
