//! Trust policies: written back with the same meaning, and a quorum judged as another judge does.

use std::collections::BTreeSet;

use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::note::{Algorithm, KeyId, Note, SIGNATURES_MAX, SignatureLine, VerifierKey};
use colophon_tlog::policy::{POLICY_BYTES_MAX, POLICY_MEMBERS_MAX, Policy, Quorum};

use crate::people::secret;
use crate::story::{log_signer, story};

/// Words of policies.
pub const WORDS: &[&str] = &[
    "log ",
    "witness ",
    "group ",
    "quorum ",
    "none",
    "all",
    "any",
    "\n",
    " ",
    "\t",
    "# ",
    "w1",
    "w2",
    "w3",
    "1",
    "2",
    "g ",
    "quorum none\n",
];

const WITNESSES: [&str; 3] = ["w1", "w2", "w3"];
const COSIGNED_AT: u64 = 1_800_000_000;

/// Reads a policy, writes it, and judges checkpoints by it.
pub fn check(data: &[u8]) {
    let Ok(policy) = Policy::parse(data) else { return };
    assert!(data.len() <= POLICY_BYTES_MAX);
    for count in [policy.logs().len(), policy.witnesses().len(), policy.groups().len()] {
        assert!(count <= POLICY_MEMBERS_MAX);
    }
    let written = policy.to_bytes();
    assert_eq!(Policy::parse(&written).as_ref(), Ok(&policy));
    for count in 0..=WITNESSES.len() {
        let note = cosigned(&WITNESSES[..count]);
        let trusted = policy.logs().iter().any(|log| log.key == log_signer().verifier());
        let judged = policy.judge(note.as_bytes());
        assert_eq!(judged.is_ok(), trusted, "{judged:?}");
        let Ok(judged) = judged else { continue };
        assert_eq!(judged.checkpoint.to_string(), note);
        let names = judged.witnesses.iter().map(|by| by.witness.name.as_bytes()).collect();
        assert_eq!(judged.quorum_met, is_met(&policy, &names));
        let keys: Vec<VerifierKey> = WITNESSES[..count].iter().map(|name| witness(name)).collect();
        let known = policy.witnesses().iter().filter(|witness| keys.contains(&witness.key)).count();
        assert_eq!(judged.witnesses.len(), known);
    }
}

/// Judges a quorum from the top down.
fn is_met(policy: &Policy, cosigned: &BTreeSet<&[u8]>) -> bool {
    fn holds(policy: &Policy, name: &[u8], cosigned: &BTreeSet<&[u8]>) -> bool {
        let group = policy.groups().iter().find(|group| group.name.as_bytes() == name);
        group.map_or_else(
            || cosigned.contains(name),
            |group| {
                let members = group.members.iter().filter(|member| holds(policy, member.as_bytes(), cosigned));
                members.count() >= group.threshold
            },
        )
    }
    match policy.quorum() {
        Quorum::None => true,
        Quorum::Member(name) => holds(policy, name.as_bytes(), cosigned),
    }
}

fn witness(name: &str) -> VerifierKey {
    VerifierKey::new(&format!("{name}.example"), Algorithm::CosignatureV1, secret(name).public()).unwrap()
}

/// Returns the story's checkpoint with the cosignatures of these witnesses.
fn cosigned(names: &[&str]) -> String {
    let mut note = story().checkpoint.clone();
    let text = Note::parse(note.as_bytes(), SIGNATURES_MAX).unwrap().text().to_owned();
    assert!(Checkpoint::parse(&text).is_ok());
    for name in names {
        let key = witness(name);
        let signature = secret(name).sign(format!("cosignature/v1\ntime {COSIGNED_AT}\n{text}").as_bytes());
        let signature = [&COSIGNED_AT.to_be_bytes()[..], &signature].concat();
        let key_id: KeyId = key.id();
        note += &SignatureLine { name: key.name().to_owned(), key_id, signature }.to_string();
        note.push('\n');
    }
    note
}

/// Policies with and without witnesses, groups in groups, comments and blank lines.
pub fn seeds() -> Vec<Vec<u8>> {
    let log = log_signer().verifier();
    let lines = WITNESSES.map(|name| format!("witness {name} {} https://{name}.example\n", witness(name))).concat();
    vec![
        Policy::of_log(&log).unwrap().to_bytes(),
        format!(
            "# one\nlog {log} https://registry.example/art\n{lines}group g 2 w1 w2\ngroup all all g w3\nquorum all\n"
        )
        .into_bytes(),
        format!("log {log}\n{lines}\n \t\ngroup g any w1 w2 w3\nquorum g\n").into_bytes(),
        format!("{lines}quorum w2\nlog {log}\n").into_bytes(),
    ]
}
