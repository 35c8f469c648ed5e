//! Trust policies: which logs a verifier accepts, and which witnesses must have cosigned.
//!
//! ```text
//! # two of three, and the operator's own follower
//! log registry.example/art+c0ffee00+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k https://registry.example/art
//! witness one one.example/witness+0badf00d+BFl…
//! witness two two.example/witness+0badf00e+BAx…
//! witness three three.example/witness+0badf00f+BGk…
//! witness mirror mirror.example/replay+0badf010+BOq…
//! group public 2 one two three
//! group everyone all public mirror
//! quorum everyone
//! ```
//!
//! Words are split by spaces and tabs and are opaque bytes; a group and the quorum name only what lines above define.
//! Source: <https://c2sp.org/tlog-policy>. Stricter than it in this: the last line needs its newline, and a log and a
//! witness may share neither a public key nor the name of a key.

mod parse;
mod quorum;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::note::{CosignedAt, Note, NoteError, SIGNATURES_MAX, VerifierKey};
pub use crate::policy::parse::{LineFault, POLICY_BYTES_MAX, POLICY_MEMBERS_MAX, PolicyError};
pub use crate::policy::quorum::{Group, Quorum, TrustedLog, Witness, Word};

/// The group of those witnesses that replay the state before they cosign, in policies that name any.
pub const REPLAYED_GROUP: &str = "replayed";

/// Which logs and witnesses a verifier trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A checkpoint of a trusted log, and what the policy says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'p> {
    /// The checkpoint, whose log's signature verifies.
    pub checkpoint: SignedCheckpoint,
    /// The policy's witnesses whose cosignatures verify, in the order of their lines in the checkpoint.
    pub witnesses: Vec<Cosigned<'p>>,
    /// Whether they are a quorum.
    pub quorum_met: bool,
}

/// A witness of a policy that has cosigned a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosigned<'p> {
    /// Who it is.
    pub witness: &'p Witness,
    /// When it did so, by its own clock: the newest, where it cosigned more than once.
    pub at: CosignedAt,
}

impl Policy {
    /// Returns the policy that accepts one log and asks for no cosignatures.
    pub fn of_log(key: &VerifierKey) -> Result<Policy, PolicyError> {
        Policy::parse(format!("log {key}\nquorum none\n").as_bytes())
    }

    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
        let lines = parse::Lines::parse(bytes)?;
        let quorum = lines.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Policy { logs: lines.logs, witnesses: lines.witnesses, groups: lines.groups, quorum })
    }

    /// Returns a policy file of the same meaning, without comments.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut line = |words: &[&[u8]]| file.extend_from_slice(&[&words.join(&b' ')[..], b"\n"].concat());
        for log in &self.logs {
            let key = log.key.to_string();
            line(&[&[b"log", key.as_bytes()], &words_of(log.url.as_ref())[..]].concat());
        }
        for witness in &self.witnesses {
            let key = witness.key.to_string();
            let words = [b"witness", witness.name.as_bytes(), key.as_bytes()];
            line(&[&words, &words_of(witness.url.as_ref())[..]].concat());
        }
        for group in &self.groups {
            let threshold = group.threshold.to_string();
            let words = [b"group", group.name.as_bytes(), threshold.as_bytes()];
            line(&[&words, &words_of(&group.members)[..]].concat());
        }
        match &self.quorum {
            Quorum::None => line(&[b"quorum", b"none"]),
            Quorum::Member(name) => line(&[b"quorum", name.as_bytes()]),
        }
        file
    }

    /// Returns the trusted logs.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// Returns the witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Returns the groups, each after its members.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns who must have cosigned.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Returns whether these witnesses alone are a quorum.
    pub fn is_met_by(&self, witnesses: &[&Witness]) -> bool {
        self.quorum.is_met(&self.groups, witnesses.iter().map(|witness| &witness.name).collect())
    }

    /// Returns the witnesses that a group has, itself or in groups that are its members; none where there is no such group.
    pub fn witnesses_of(&self, group: &str) -> Vec<&Witness> {
        let mut names: Vec<&Word> = Vec::new();
        // Each group stands after its members: backwards, a group comes before what it brings in.
        for found in self.groups.iter().rev() {
            if found.name.as_bytes() == group.as_bytes() || names.contains(&&found.name) {
                names.extend(&found.members);
            }
        }
        self.witnesses.iter().filter(|witness| names.contains(&&witness.name)).collect()
    }

    /// Opens a checkpoint of one of the logs and tells whose cosignatures it carries.
    ///
    /// A line under a known key that the key did not make condemns the checkpoint. Lacking a quorum does not: that is told.
    /// The times of cosignatures are told and not judged.
    pub fn judge(&self, bytes: &[u8]) -> Result<Judged<'_>, CheckpointError> {
        let note = Note::parse(bytes, SIGNATURES_MAX)?;
        let origin = Checkpoint::parse(note.text())?.origin;
        let of_origin = self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin);
        let keys: Vec<VerifierKey> = of_origin.cloned().collect();
        let log = note.verify(&keys)?.into_iter().next().ok_or(NoteError::NoKnownKey)?;
        let checkpoint = SignedCheckpoint::open(bytes, log)?;
        let witnesses = self.cosigners(&note)?;
        let quorum_met = self.is_met_by(&witnesses.iter().map(|by| by.witness).collect::<Vec<_>>());
        Ok(Judged { checkpoint, witnesses, quorum_met })
    }

    fn cosigners(&self, note: &Note) -> Result<Vec<Cosigned<'_>>, NoteError> {
        let keys: Vec<VerifierKey> = self.witnesses.iter().map(|witness| witness.key.clone()).collect();
        let lines = match note.verified_lines(&keys) {
            Err(NoteError::NoKnownKey) => Vec::new(),
            other => other?,
        };
        let mut cosigned: Vec<Cosigned<'_>> = Vec::new();
        for (key, line) in lines {
            let witness = self.witnesses.iter().find(|witness| witness.key == *key);
            let (Some(witness), Some(at)) = (witness, line.cosigned_at()) else { continue };
            match cosigned.iter_mut().find(|earlier| earlier.witness == witness) {
                Some(earlier) => earlier.at = earlier.at.max(at),
                None => cosigned.push(Cosigned { witness, at }),
            }
        }
        Ok(cosigned)
    }
}

fn words_of<'w>(words: impl IntoIterator<Item = &'w Word>) -> Vec<&'w [u8]> {
    words.into_iter().map(Word::as_bytes).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::Hash;
    use crate::key::SecretKey;
    use crate::note::{Algorithm, SignatureLine, Signer, VerifierKeyError};
    use crate::size::TreeSize;

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_seed([seed; 32])
    }

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> VerifierKey {
        VerifierKey::new(name, algorithm, secret(seed).public()).unwrap()
    }

    fn log_key() -> VerifierKey {
        key("registry.example/art", Algorithm::Ed25519, 1)
    }

    fn witness_key(seed: u8) -> VerifierKey {
        key(&format!("{seed}.example/witness"), Algorithm::CosignatureV1, seed)
    }

    /// Returns the lines of one log, and of the witnesses w2, w3, w4 and w5.
    fn keys() -> String {
        let witness = |seed| format!("witness w{seed} {}\n", witness_key(seed));
        format!("log {}\n{}", log_key(), (2..6).map(witness).collect::<String>())
    }

    fn two_levels() -> Policy {
        parse(&(keys() + "group public 2 w2 w3 w4\ngroup all-of-them all public w5\nquorum all-of-them\n")).unwrap()
    }

    fn parse(text: &str) -> Result<Policy, PolicyError> {
        Policy::parse(text.as_bytes())
    }

    /// Returns a checkpoint of the log with the cosignatures of these witnesses.
    fn checkpoint(cosigners: &[u8]) -> String {
        let (origin, log) = (log_key().name().to_owned(), Signer::new(log_key().name(), secret(1)).unwrap());
        let signed = Checkpoint { origin, size: TreeSize::new(7).unwrap(), root: Hash::ZERO }.sign(&log).unwrap();
        let cosign = |seed: &u8| {
            let signature = secret(*seed).sign(format!("cosignature/v1\ntime 5\n{}", signed.note().text()).as_bytes());
            let signature = [&5u64.to_be_bytes()[..], &signature].concat();
            let key = witness_key(*seed);
            SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature }.to_string() + "\n"
        };
        signed.to_string() + &cosigners.iter().map(cosign).collect::<String>()
    }

    fn fault(text: &str) -> (usize, LineFault) {
        match parse(text) {
            Err(PolicyError::Line { line, fault }) => (line, fault),
            other => panic!("{text:?} gives {other:?}"),
        }
    }

    #[test]
    fn reads_what_the_specification_allows() {
        let log = log_key();
        let text = format!("# caf\u{e9}\n\n \t# indented\n\tlog\t {log}  https://a.example/ \nquorum none\n");
        let policy = parse(&text).unwrap();
        assert_eq!(policy.logs(), [TrustedLog { key: log_key(), url: Some(Word::new(b"https://a.example/")) }]);
        assert_eq!((policy.witnesses().len(), policy.groups().len(), policy.quorum()), (0, 0, &Quorum::None));
        assert_eq!(policy.to_bytes(), format!("log {log} https://a.example/\nquorum none\n").into_bytes());
        assert_eq!(Policy::parse(b"# \xff\xfe\nquorum none\n").unwrap().logs(), []);
        let opaque =
            [b"witness \xffw ".as_slice(), witness_key(2).to_string().as_bytes(), b"\nquorum \xffw\n"].concat();
        assert_eq!(Policy::parse(&opaque).unwrap().to_bytes(), opaque);
        let policy = Policy::parse(&opaque).unwrap();
        let name = &policy.witnesses()[0].name;
        assert_eq!((name.as_str(), name.to_string()), (None, "\u{fffd}w".to_owned()));
        assert_eq!((Word::new(b"w2").as_str(), Word::new(b"w2").to_string()), (Some("w2"), "w2".to_owned()));
        assert_eq!(Policy::of_log(&log_key()).unwrap().logs().len(), 1);
        assert!(Policy::of_log(&witness_key(2)).is_err());
    }

    #[test]
    fn every_fault_is_found_in_its_line() {
        let word = |text: &str| Word::new(text.as_bytes());
        let undefined = |name| LineFault::Undefined(word(name));
        let threshold = |text| LineFault::Threshold { threshold: word(text), members: 2 };
        let algorithm = |key: &VerifierKey, expected: &'static str| LineFault::Algorithm {
            name: key.name().to_owned(),
            found: key.algorithm(),
            expected,
        };
        let cases = [
            ("quorum\n".to_owned(), LineFault::Form),
            ("quorum none none\n".into(), LineFault::Form),
            ("Quorum none\n".into(), LineFault::Form),
            ("log\n".into(), LineFault::Form),
            (format!("log {} a b\n", key("other", Algorithm::Ed25519, 9)), LineFault::Form),
            ("group g all\n".into(), LineFault::Form),
            ("quorum none\r\n".into(), LineFault::Control(13)),
            ("# \0\n".into(), LineFault::Control(0)),
            ("# \u{7f}\n".into(), LineFault::Control(0x7f)),
            ("quorum\u{a0}none\n".into(), LineFault::Form),
            ("log none\n".into(), LineFault::Key(VerifierKeyError::Form)),
            (format!("log {}\n", witness_key(9)), algorithm(&witness_key(9), "1")),
            (
                format!("witness w {}\n", key("w", Algorithm::Ed25519, 9)),
                algorithm(&key("w", Algorithm::Ed25519, 9), "4 or 6"),
            ),
            (format!("log {}\n", log_key()), LineFault::KeyRepeated("registry.example/art".into())),
            (format!("witness w {}\n", witness_key(2)), LineFault::KeyRepeated("2.example/witness".into())),
            (format!("witness w {}\n", witness_key(1)), LineFault::KeyRepeated("1.example/witness".into())),
            (
                format!("log {}\n", key("2.example/witness", Algorithm::Ed25519, 9)),
                LineFault::NameShared("2.example/witness".into()),
            ),
            (
                format!("witness w {}\n", key("registry.example/art", Algorithm::CosignatureV1, 9)),
                LineFault::NameShared("registry.example/art".into()),
            ),
            (format!("witness w2 {}\n", witness_key(9)), LineFault::NameTaken(word("w2"))),
            (format!("witness none {}\n", witness_key(9)), LineFault::NameTaken(word("none"))),
            ("group w2 any w3\n".into(), LineFault::NameTaken(word("w2"))),
            ("group g any none\n".into(), undefined("none")),
            ("group g any g\n".into(), undefined("g")),
            ("group g any W2\n".into(), undefined("W2")),
            ("quorum later\ngroup later any w2\n".into(), undefined("later")),
            ("group g any w2 w2\n".into(), LineFault::MemberTwice(word("w2"))),
            ("group g 0 w2 w3\n".into(), threshold("0")),
            ("group g 3 w2 w3\n".into(), threshold("3")),
            ("group g +1 w2 w3\n".into(), threshold("+1")),
            ("group g 01 w2 w3\n".into(), threshold("01")),
            ("group g All w2 w3\n".into(), threshold("All")),
            ("group g 18446744073709551617 w2 w3\n".into(), threshold("18446744073709551617")),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(&(keys() + &text)), (6, expected), "{text:?}");
        }
        assert_eq!(fault(&(keys() + "group g any w2\ngroup h any w2\n")), (7, LineFault::MemberTwice(word("w2"))));
        assert_eq!(fault("quorum none\nquorum none\n"), (2, LineFault::QuorumTwice));
        for (text, expected) in
            [("", PolicyError::CutOff), ("quorum none", PolicyError::CutOff), ("\n", PolicyError::NoQuorum)]
        {
            assert_eq!(parse(text), Err(expected));
        }
    }

    #[test]
    fn limits_hold_to_the_line_and_the_byte() {
        let comment = |bytes: usize| format!("quorum none\n#{}\n", " ".repeat(bytes - 14));
        assert!(parse(&comment(POLICY_BYTES_MAX)).is_ok());
        assert_eq!(parse(&comment(POLICY_BYTES_MAX + 1)), Err(PolicyError::TooLarge(POLICY_BYTES_MAX + 1)));
        let seeded = |number: usize| {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            VerifierKey::new("log.example", Algorithm::Ed25519, SecretKey::from_seed(seed).public()).unwrap()
        };
        let line = |number| format!("log {}\n", seeded(number));
        let logs = |count: usize| (0..count).map(line).collect::<String>();
        assert_eq!(parse(&(logs(POLICY_MEMBERS_MAX) + "quorum none\n")).unwrap().logs().len(), POLICY_MEMBERS_MAX);
        assert_eq!(fault(&logs(POLICY_MEMBERS_MAX + 1)), (POLICY_MEMBERS_MAX + 1, LineFault::TooMany));
    }

    #[test]
    fn a_quorum_is_counted_group_by_group() {
        let policy = two_levels();
        let met = |cosigners: &[u8]| policy.judge(checkpoint(cosigners).as_bytes()).unwrap().quorum_met;
        assert!(met(&[2, 3, 5]) && met(&[5, 4, 3]) && met(&[2, 3, 4, 5]));
        for short in [&[][..], &[2, 5], &[2, 3, 4], &[5], &[2, 2, 5]] {
            assert!(!met(short), "{short:?}");
        }
        let judge_by = |quorum: &str, cosigners: &[u8]| {
            parse(&(keys() + quorum)).unwrap().judge(checkpoint(cosigners).as_bytes()).unwrap().quorum_met
        };
        assert!(judge_by("quorum none\n", &[]));
        assert!(judge_by("quorum w3\n", &[3]) && !judge_by("quorum w3\n", &[2, 4]));
        assert!(judge_by("group g any w2 w3\nquorum g\n", &[3]) && !judge_by("group g any w2 w3\nquorum g\n", &[4]));
    }

    #[test]
    fn strangers_are_ignored_and_forgers_condemn() {
        let policy = two_levels();
        let text = checkpoint(&[2, 9]);
        let judged = policy.judge(text.as_bytes()).unwrap();
        assert_eq!(judged.checkpoint.to_string(), text);
        let at = CosignedAt::new(5).unwrap();
        assert_eq!(judged.witnesses, [Cosigned { witness: &policy.witnesses()[0], at }]);
        let forged =
            SignatureLine { name: witness_key(3).name().into(), key_id: witness_key(3).id(), signature: vec![1; 72] };
        let text = format!("{}{forged}\n", checkpoint(&[2]));
        assert!(matches!(policy.judge(text.as_bytes()), Err(CheckpointError::Note(NoteError::Invalid { .. }))));
        let other = Policy::of_log(&key("registry.example/art", Algorithm::Ed25519, 9)).unwrap();
        assert_eq!(other.judge(checkpoint(&[]).as_bytes()), Err(NoteError::NoKnownKey.into()));
        let no_log = parse("quorum none\n").unwrap();
        assert_eq!(no_log.judge(checkpoint(&[]).as_bytes()), Err(NoteError::NoKnownKey.into()));
    }

    #[test]
    fn a_group_has_the_witnesses_of_its_groups_too() {
        let policy = two_levels();
        let names = |group: &str| -> Vec<String> {
            policy.witnesses_of(group).iter().map(|witness| witness.name.to_string()).collect()
        };
        assert_eq!(names("public"), ["w2", "w3", "w4"]);
        assert_eq!(names("all-of-them"), ["w2", "w3", "w4", "w5"]);
        assert!(names("w2").is_empty() && names(REPLAYED_GROUP).is_empty());
        let some: Vec<&Witness> = policy.witnesses().iter().collect();
        assert!(policy.is_met_by(&some) && !policy.is_met_by(&some[..3]));
    }

    #[test]
    fn cosignatures_of_both_types_by_two_implementations_are_counted() {
        let policy = parse(include_str!("../../../tests/testdata/cosigned/policy.txt")).unwrap();
        let text = include_str!("../../../tests/testdata/cosigned/checkpoint.txt");
        let judged = policy.judge(text.as_bytes()).unwrap();
        let names: Vec<_> = judged.witnesses.iter().map(|by| by.witness.name.to_string()).collect();
        assert_eq!(names, ["python-04", "python-06", "rust-1", "rust-2"]);
        assert!(judged.quorum_met && judged.witnesses.iter().all(|by| by.at.seconds() == 1_800_000_000));
        let types: Vec<_> = policy.witnesses().iter().map(|witness| witness.key.algorithm().to_byte()).collect();
        assert_eq!(types, [4, 6, 4, 6]);
        let cut = text.lines().filter(|line| !line.starts_with("— rust.example zui4JA")).collect::<Vec<_>>().join("\n");
        assert!(!policy.judge((cut + "\n").as_bytes()).unwrap().quorum_met);
        let altered = text.replace("\n40\n", "\n41\n");
        assert!(policy.judge(altered.as_bytes()).is_err());
    }

    #[test]
    fn the_newest_line_of_a_witness_tells_its_time() {
        let policy = two_levels();
        let earlier = checkpoint(&[2]);
        let signed = SignedCheckpoint::open(earlier.as_bytes(), &log_key()).unwrap();
        let at = CosignedAt::new(9).unwrap();
        let signature = secret(2).sign(format!("cosignature/v1\ntime 9\n{}", signed.note().text()).as_bytes());
        let key = witness_key(2);
        let signature = [&9u64.to_be_bytes()[..], &signature].concat();
        let line = SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature };
        for text in [format!("{earlier}{line}\n"), earlier.replace("\n\n", &format!("\n\n{line}\n"))] {
            let judged = policy.judge(text.as_bytes()).unwrap();
            assert_eq!(judged.witnesses, [Cosigned { witness: &policy.witnesses()[0], at }]);
        }
    }

    #[test]
    fn a_policy_reads_back() {
        let read = Policy::parse(&two_levels().to_bytes()).unwrap();
        assert_eq!(read, two_levels());
        let groups: Vec<_> = read.groups().iter().map(|group| (group.threshold, group.members.len())).collect();
        assert_eq!(groups, [(2, 3), (2, 2)]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_read_reads_back(text in "((log|witness|group|quorum|#)( [a-c]| all| 1| none){0,4}[\n\t\r])*") {
            if let Ok(policy) = parse(&(keys() + &text)) {
                prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
            }
        }
    }
}
