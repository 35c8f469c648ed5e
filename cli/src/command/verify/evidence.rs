//! Evidence against a register: what it convicts the register of, judged without asking anybody.

use std::fmt;

use colophon_ledger::evidence::{Evidence, EvidenceError};
use serde::Serialize;

use crate::command::verify::proof::Judge;
use crate::failure::Failure;
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::shown;

/// What evidence convicts a register of.
#[derive(Debug, Serialize)]
pub(super) struct Conviction {
    name: String,
    origin: String,
    log_key: String,
    kind: &'static str,
    what: String,
}

/// Judges a file of evidence by the key that was given, or by those that are trusted.
pub(super) fn judge(judge: &Judge<'_>, name: &str, bytes: &[u8]) -> Result<Conviction, Failure> {
    let evidence = Evidence::parse(bytes).map_err(|error| told(name, &error))?;
    let origin = evidence.origin().ok_or_else(|| {
        told(
            name,
            &EvidenceError::Checkpoint("it cannot be read, so it does not say which register it is of".to_owned()),
        )
    })?;
    let mut judged = Err(Failure::usage(
        format!("{name} is about the register {}, whose key is not known here", shown(&origin)),
        "give the key that its operator publishes with --vkey FILE, or pin it once with colophon trust pin",
    ));
    for key in judge.keys_of(&origin) {
        judged = evidence.judge(&key).map(|lie| (lie, key)).map_err(|error| told(name, &error));
        if judged.is_ok() {
            break;
        }
    }
    let (lie, key) = judged?;
    let (kind, what) = (lie.kind(), shown(&lie.to_string()));
    Ok(Conviction { name: name.to_owned(), origin: shown(&origin), log_key: key.to_string(), kind, what })
}

fn told(name: &str, error: &EvidenceError) -> Failure {
    let what = format!("{name} convicts nobody: {}", shown(&error.to_string()));
    match error {
        EvidenceError::NeedsNewer(_) => Failure::failed(
            what,
            "install a newer version of this software; if this is the newest, the file was changed",
        ),
        EvidenceError::Undecided { .. } => Failure::failed(
            what,
            "ask the operator, or anybody with a copy of the log, to show that the one log begins with the other; keep the file",
        ),
        EvidenceError::Checkpoint(_) => Failure::not_verified(
            what,
            "check that the key is the one that the register's operator publishes; if it is, do not rely on the file",
        ),
        EvidenceError::TooLarge(_)
        | EvidenceError::Malformed(_)
        | EvidenceError::Spelling
        | EvidenceError::NotShown { .. }
        | EvidenceError::NothingWrong(_) => {
            Failure::not_verified(what, "do not rely on it; ask whoever gave it what it is said to show")
        }
    }
}

impl fmt::Display for Conviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let text = format!("verified: {} convicts the register {} of breaking its word", self.name, self.origin);
        sheet.heading("!", Tone::Bad, &text);
        sheet.text(2, &self.what);
        sheet.gap();
        sheet.row("register", &self.origin);
        sheet.whole("log key", &self.log_key);
        sheet.items(
            "checked",
            &[
                "that this key signed every checkpoint in it",
                "that what it shows is in the logs of these checkpoints",
                "that no register which keeps to its rules can have signed it",
            ],
        );
        sheet.items("not checked", &["who made the file, and why"]);
        sheet.fmt(f)
    }
}

impl Answer for Conviction {
    const SCHEMA: &'static str = "colophon.verify_evidence/v1";
}
