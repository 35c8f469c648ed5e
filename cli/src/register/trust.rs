//! What a person believes: the trust policy file, and the registers pinned beside it.

use std::ops::Range;
use std::path::PathBuf;

use colophon_client::pinned::{PINNED_BYTES_MAX, Pinned};
use colophon_tlog::hash::sha256;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::policy::{POLICY_BYTES_MAX, Policy, PolicyError, TrustedLog};

use crate::failure::Failure;
use crate::home::{Home, HomeLock, read_file};

/// The longest origin that is a file's name as it is; a longer one is cut, and its digest added.
const ORIGIN_NAME_BYTES_MAX: usize = 150;
/// The quorum of a policy that nobody has written yet: a register's own signature is enough.
const NO_QUORUM: &str = "quorum none\n";

/// The trust policy as it stands in the home.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    text: Vec<u8>,
    policy: Option<Policy>,
}

impl Trust {
    /// Reads the policy file. One that is not there yet trusts nobody.
    pub fn read(home: &Home) -> Result<Trust, Failure> {
        let path = home.policy_path();
        let Some(text) = read_file(&path, POLICY_BYTES_MAX)? else { return Ok(Trust::default()) };
        let policy = Policy::parse(&text).map_err(|error| {
            Failure::failed(format!("{}: {error}", path.display()), "mend the file, or restore it from a backup")
        })?;
        Ok(Trust { text, policy: Some(policy) })
    }

    /// Returns the policy, if there is one.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Returns the logs that are trusted.
    pub fn logs(&self) -> &[TrustedLog] {
        self.policy.as_ref().map_or(&[], Policy::logs)
    }

    /// Returns the log that is reached at `address`.
    pub fn log_at(&self, address: &str) -> Option<&TrustedLog> {
        self.logs().iter().find(|log| url_of(log).is_some_and(|url| is_same_address(url, address)))
    }

    /// Returns the logs of an origin. There may be several: a log that changed its key has one line for each.
    pub fn logs_of<'t>(&'t self, origin: &'t str) -> impl Iterator<Item = &'t TrustedLog> {
        self.logs().iter().filter(move |log| log.key.name() == origin)
    }

    /// Returns the logs of a policy that are known here by another key alone, which the policy does not name.
    pub(crate) fn known_otherwise<'p>(&self, given: &'p Policy) -> Vec<&'p TrustedLog> {
        let is_here = |log: &TrustedLog| self.logs().iter().any(|known| known.key == log.key);
        let is_other = |log: &&TrustedLog| {
            let name = log.key.name();
            let is_named = given.logs().iter().any(|other| other.key.name() == name && is_here(other));
            !is_named && self.logs_of(name).next().is_some()
        };
        given.logs().iter().filter(is_other).collect()
    }

    /// Returns the policy in which the witnesses, groups and quorum are those of `text`, a policy file called `name`, and the
    /// logs are those believed already and its own. A log whose name is known here by another key is refused, unless the file
    /// names that one too, or its key is one of `proved`.
    pub(crate) fn with_policy(&self, text: &[u8], name: &str, proved: &[&VerifierKey]) -> Result<Trust, Failure> {
        let none = |error: PolicyError| no_policy(name, &error);
        let given = read_policy(text, name)?;
        if let Some(log) = self.known_otherwise(&given).into_iter().find(|log| !proved.contains(&&log.key)) {
            let known = self.logs_of(log.key.name()).next().unwrap_or(log);
            return Err(Failure::not_verified(
                format!(
                    "{name} names the register {} by the key {}; it is known here by {}",
                    known.key.name(),
                    log.key,
                    known.key
                ),
                "ask the operator which key is theirs; if its governors have changed it, ask for a file that names both; nothing was changed",
            ));
        }
        let mut lines = Vec::new();
        for log in self.logs() {
            lines.push(line_for(log));
        }
        for log in given.logs().iter().filter(|log| self.logs().iter().all(|known| known.key != log.key)) {
            lines.push(line_for(log));
        }
        let rest = text.split_inclusive(|byte| *byte == b'\n').filter(|line| word_of(line) != Some(b"log".as_slice()));
        let text = [lines.concat(), rest.flatten().copied().collect()].concat();
        let policy = Policy::parse(&text).map_err(none)?;
        Ok(Trust { text, policy: Some(policy) })
    }

    /// Writes the policy file. The one before is kept beside it, as `policy.before`.
    pub(crate) fn keep(&self, home: &Home, lock: &HomeLock) -> Result<(), Failure> {
        let path = home.policy_path();
        if let Some(before) = read_file(&path, POLICY_BYTES_MAX)? {
            lock.write(&path.with_extension("before"), &before)?;
        }
        lock.write(&path, &self.text)
    }

    /// Adds a log to the policy file, or gives the address to a log that stands in it. Nothing else in it is changed.
    pub(crate) fn add_log(
        &mut self,
        home: &Home,
        lock: &HomeLock,
        key: &VerifierKey,
        url: Option<&str>,
    ) -> Result<(), Failure> {
        let line = url.map_or_else(|| format!("log {key}\n"), |url| format!("log {key} {url}\n"));
        let text = match line_of(&self.text, key) {
            Some(old) => [self.text.get(..old.start), Some(line.as_bytes()), self.text.get(old.end..)],
            None if self.policy.is_none() => [Some(line.as_bytes()), Some(NO_QUORUM.as_bytes()), None],
            None => {
                let (comments, rules) = self.text.split_at(first_rule(&self.text));
                [Some(comments), Some(line.as_bytes()), Some(rules)]
            }
        };
        let text: Vec<u8> = text.into_iter().flatten().collect::<Vec<_>>().concat();
        let policy = Policy::parse(&text).map_err(|error| {
            let what = format!("the policy would no longer be one: {error}");
            Failure::failed(what, format!("look at {}", home.policy_path().display()))
        })?;
        lock.write(&home.policy_path(), &text)?;
        (self.text, self.policy) = (text, Some(policy));
        Ok(())
    }
}

/// Reads the text of a policy file called `name` that somebody has given.
pub(crate) fn read_policy(text: &[u8], name: &str) -> Result<Policy, Failure> {
    Policy::parse(text).map_err(|error| no_policy(name, &error))
}

fn no_policy(name: &str, error: &PolicyError) -> Failure {
    Failure::usage(format!("{name}: {error}"), "ask whoever gave the file for another")
}

/// Returns the address in a log's line, if it has one that is text.
pub fn url_of(log: &TrustedLog) -> Option<&str> {
    log.url.as_ref().and_then(colophon_tlog::policy::Word::as_str)
}

/// Returns where the file of a pinned register is.
pub(crate) fn pinned_path(home: &Home, origin: &str) -> PathBuf {
    let plain = origin.replace('/', "+");
    let name = match plain.get(..ORIGIN_NAME_BYTES_MAX) {
        Some(first) if plain.len() > ORIGIN_NAME_BYTES_MAX => format!("{first}+{}", sha256(origin.as_bytes())),
        _ => plain,
    };
    home.registers_dir().join(name + ".json")
}

/// Reads the file of a pinned register, if it is there.
pub(crate) fn read_pinned(home: &Home, origin: &str) -> Result<Option<Pinned>, Failure> {
    let path = pinned_path(home, origin);
    let Some(bytes) = read_file(&path, PINNED_BYTES_MAX)? else { return Ok(None) };
    let pinned = Pinned::parse(&bytes).map_err(|error| {
        Failure::failed(
            format!("{}: {error}", path.display()),
            "restore the file from a backup, or pin the register anew",
        )
    })?;
    Ok(Some(pinned))
}

/// Tells whether two addresses lead to the same node.
pub(crate) fn is_same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// Returns the line of a log.
fn line_for(log: &TrustedLog) -> Vec<u8> {
    let url = log.url.as_ref().map_or_else(Vec::new, |url| [b" ", url.as_bytes()].concat());
    [b"log ", log.key.to_string().as_bytes(), &url, b"\n"].concat()
}

/// Returns the first word of a line.
fn word_of(line: &[u8]) -> Option<&[u8]> {
    line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty())
}

/// Returns where the line of a log stands.
fn line_of(text: &[u8], key: &VerifierKey) -> Option<Range<usize>> {
    let key = key.to_string();
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        if words.next() == Some(b"log".as_slice()) && words.next() == Some(key.as_bytes()) {
            return Some(start..end);
        }
        start = end;
    }
    None
}

/// Returns where the first line stands that is neither empty nor a comment.
fn first_rule(text: &[u8]) -> usize {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let words = line.trim_ascii();
        if !words.is_empty() && !words.starts_with(b"#") {
            break;
        }
        at += line.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use colophon_tlog::key::SecretKey;
    use colophon_tlog::note::Algorithm;

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        (directory, home)
    }

    fn key(name: &str, seed: u8) -> VerifierKey {
        VerifierKey::new(name, Algorithm::Ed25519, SecretKey::from_seed([seed; 32]).public()).unwrap()
    }

    #[test]
    fn a_policy_grows_by_a_line_and_keeps_its_comments() {
        let (_directory, home) = home();
        let lock = home.lock().unwrap();
        let mut trust = Trust::read(&home).unwrap();
        assert!(trust.policy().is_none() && trust.logs().is_empty());
        trust.add_log(&home, &lock, &key("a.example", 1), Some("https://a.example/")).unwrap();
        let first = String::from_utf8(trust.text.clone()).unwrap();
        assert_eq!(first, format!("log {} https://a.example/\nquorum none\n", key("a.example", 1)));
        lock.write(&home.policy_path(), format!("# mine\n\n{first}").as_bytes()).unwrap();
        let mut trust = Trust::read(&home).unwrap();
        trust.add_log(&home, &lock, &key("b.example", 2), None).unwrap();
        let read = Trust::read(&home).unwrap();
        assert!(read.text.starts_with(format!("# mine\n\nlog {}\nlog ", key("b.example", 2)).as_bytes()));
        assert_eq!(read.log_at("https://a.example").map(|log| log.key.name()), Some("a.example"));
        assert_eq!(read.logs_of("b.example").count(), 1);
        assert!(read.log_at("https://b.example").is_none());
        trust.add_log(&home, &lock, &key("b.example", 2), Some("https://b.example/")).unwrap();
        let read = Trust::read(&home).unwrap();
        assert_eq!((read.logs().len(), read.log_at("https://b.example").is_some()), (2, true));
        assert!(read.text.ends_with(first.as_bytes()));
    }

    #[test]
    fn a_spoilt_policy_is_no_empty_one() {
        let (_directory, home) = home();
        home.lock().unwrap().write(&home.policy_path(), b"quorum").unwrap();
        let failure = Trust::read(&home).unwrap_err();
        assert!(failure.what().contains("does not end in a newline"), "{failure}");
    }

    #[test]
    fn each_origin_has_a_file_of_its_own() {
        let (_directory, home) = home();
        let name = |origin: &str| pinned_path(&home, origin).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name("registry.example/art"), "registry.example+art.json");
        let (one, other) = ("a".repeat(254) + "b", "a".repeat(255));
        assert_ne!(name(&one), name(&other));
        assert!(name(&one).len() < 255);
    }
}
