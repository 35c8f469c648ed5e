//! Evidence against a register: what it convicts the register of. Only where a file keeps two checkpoints and no more is the
//! register asked.

use std::fmt;

use colophon_client::evidence::keep;
use colophon_client::tiles::{Span, TreeError, check_extends};
use colophon_ledger::evidence::{Claim, Evidence, EvidenceError, ForkClaim, Lie};
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
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
    let keys = judge.keys_of(&origin)?;
    if evidence.is_by_two_keys(&keys) {
        return Err(told(name, &EvidenceError::TwoKeys));
    }
    for key in keys {
        let found = match evidence.judge(&key) {
            Err(EvidenceError::Undecided { .. }) => decide(judge, &evidence, &origin, &key)?,
            found => found,
        };
        judged = found.map(|lie| (lie, key)).map_err(|error| told(name, &error));
        if judged.is_ok() {
            break;
        }
    }
    let (lie, key) = judged?;
    let (kind, what) = (lie.kind(), shown(&lie.to_string()));
    Ok(Conviction { name: name.to_owned(), origin: shown(&origin), log_key: key.to_string(), kind, what })
}

/// Lets the register itself show whether two checkpoints fit, if that is the one to be asked. What it shows is kept.
fn decide(
    judge: &Judge<'_>,
    evidence: &Evidence,
    origin: &str,
    log: &VerifierKey,
) -> Result<Result<Lie, EvidenceError>, Failure> {
    let (Some(client), Claim::Checkpoints(claim)) = (judge.client_of_log(origin)?, &evidence.claim) else {
        return Ok(evidence.judge(log));
    };
    let open = |text: &str| SignedCheckpoint::open(text.as_bytes(), log).ok();
    let (Some(older), Some(newer)) = (claim.older.as_deref().and_then(open), open(&claim.newer)) else {
        return Ok(evidence.judge(log));
    };
    let (small, large) =
        if older.checkpoint().size <= newer.checkpoint().size { (older, newer) } else { (newer, older) };
    let (from, to) = (Span::of(&small), Span::of(&large));
    match judge.context.wait_for(check_extends(client.transport(), &from, &to))? {
        Ok(()) => Ok(Err(EvidenceError::NothingWrong(format!(
            "the register shows that its log of {} entries begins with that of {}",
            to.size, from.size
        )))),
        Err(TreeError::Parted { root, proof }) => {
            let fork = Evidence::of(Claim::Fork(ForkClaim::new(&small, &large, root, &proof)));
            if let Ok(path) = keep(&judge.context.home.evidence_dir(), &fork) {
                judge.context.ui.note(format_args!("what the register shows is kept in {}", path.display()));
            }
            Ok(fork.judge(log))
        }
        Err(TreeError::Http(error)) => Err(error.into()),
        Err(TreeError::Misfit(_)) => Ok(evidence.judge(log)),
    }
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
        EvidenceError::TwoKeys => Failure::failed(
            what,
            "replay the register by the key it has now: colophon audit. Whoever has seen the other log asks the operator; keep the file",
        ),
        EvidenceError::MayBeVoided { .. } => {
            Failure::failed(what, "replay the register, up to its newest checkpoint: colophon audit; keep the file")
        }
        EvidenceError::Checkpoint(_) => Failure::not_verified(
            what,
            "check that the key is the one that the register's operator publishes, and where its governors have changed it, that both are trusted; if so, do not rely on the file",
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
