//! A receipt: that one entry is in the log, judged by the trust policy, without asking anybody.

use std::fmt;

use colophon_ledger::entry::Entry;
use colophon_ledger::evidence::{ProvedLeaf, Stated};
use colophon_ledger::field::{EntryId, WorkId};
use colophon_tlog::Checkpoint;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::{Note, SIGNATURES_MAX, VerifierKey};
use colophon_tlog::receipt::{Receipt, ReceiptError};
use serde::Serialize;

use crate::command::verify::proof::Judge;
use crate::failure::{Exit, Failure};
use crate::sheet::Sheet;
use crate::ui::Answer;
use crate::verdict::{Outcome, Shortfall, write_outcome};
use crate::witnessed::Witnessed;
use crate::words::shown;

/// What a receipt proves.
#[derive(Debug, Serialize)]
pub(super) struct Recorded {
    verdict: Outcome,
    shortfalls: Vec<Shortfall>,
    name: String,
    entry: EntryId,
    kind: &'static str,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<WorkId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edition: Option<u64>,
    index: u64,
    online: bool,
    origin: String,
    log_key: String,
    size: u64,
    #[serde(flatten)]
    witnessed: Witnessed,
    #[serde(skip)]
    now_ms: u64,
}

/// Judges a receipt by the key that was given, or by those that are trusted.
pub(super) fn judge(judge: &Judge<'_>, name: &str, bytes: &[u8]) -> Result<Recorded, Failure> {
    let receipt = Receipt::parse(bytes).map_err(|error| damaged(name, &error))?;
    let leaf = receipt.extra.clone().ok_or_else(|| without_entry(name, &receipt))?;
    let entry = Entry::parse(&leaf).map_err(|_| without_entry(name, &receipt))?;
    let (checkpoint, key) = open(judge, name, &receipt, &leaf)?;
    if entry.origin().as_str() != key.name() {
        return Err(Failure::not_verified(format!("{name} carries an entry of another register"), "do not rely on it"));
    }
    judge.hold_checkpoint(&checkpoint, &key)?;
    let online = is_held(judge, &receipt, &leaf, &checkpoint)?;
    let witnessed = crate::as_of::judge(&judge.policy_for(&key)?, &receipt.checkpoint, judge.now_ms)?;
    let mut shortfalls = Vec::new();
    if let Some(allowed_ms) = judge.max_age_ms {
        // A receipt has no time of its own: without a cosignature nothing bounds its age.
        let is_fresh = witnessed.fresh_ms.is_some_and(|fresh| judge.now_ms.saturating_sub(fresh) <= allowed_ms);
        shortfalls.extend((!is_fresh).then_some(Shortfall::Age { allowed_ms }));
    }
    if !witnessed.quorum_met {
        shortfalls.push(Shortfall::Witnesses);
    }
    let (work, edition) = entry.body().edition().unzip();
    Ok(Recorded {
        verdict: Outcome::of(&shortfalls),
        shortfalls,
        name: name.to_owned(),
        entry: entry.id(),
        kind: entry.body().kind(),
        by: entry.body().by().to_string(),
        work: work.or((entry.body().kind() == "mint").then(|| entry.id())),
        edition,
        index: receipt.index.get(),
        online,
        origin: checkpoint.checkpoint().origin.clone(),
        log_key: key.to_string(),
        size: checkpoint.checkpoint().size.get(),
        witnessed,
        now_ms: judge.now_ms,
    })
}

/// Holds a receipt against its register, if that is the one to be asked, and returns whether it was.
fn is_held(judge: &Judge<'_>, receipt: &Receipt, leaf: &[u8], checkpoint: &SignedCheckpoint) -> Result<bool, Failure> {
    let Some(client) = judge.client_of_log(&checkpoint.checkpoint().origin)? else { return Ok(false) };
    let stated = Stated {
        checkpoint: receipt.checkpoint.clone(),
        leaf: ProvedLeaf::new(leaf, receipt.index.get(), &receipt.proof),
    };
    judge.context.wait_for(client.follow_stated(checkpoint, stated))??;
    Ok(true)
}

/// Opens the receipt's checkpoint by a key that is believed, and checks that the leaf is in its log.
fn open(
    judge: &Judge<'_>,
    name: &str,
    receipt: &Receipt,
    leaf: &[u8],
) -> Result<(SignedCheckpoint, VerifierKey), Failure> {
    let note = Note::parse(receipt.checkpoint.as_bytes(), SIGNATURES_MAX);
    let origin = note.ok().and_then(|note| Checkpoint::parse(note.text()).ok()).map(|checkpoint| checkpoint.origin);
    let origin = origin.ok_or_else(|| damaged(name, &ReceiptError::Form("checkpoint")))?;
    let mut opened = Err(Failure::usage(
        format!("{name} is of the register {}, whose key is not known here", shown(&origin)),
        "give the key that its operator publishes with --vkey FILE, or pin it once with colophon trust pin",
    ));
    for key in judge.keys_of(&origin)? {
        opened = receipt.verify(&leaf_hash(leaf), &key).map(|checkpoint| (checkpoint, key)).map_err(|error| {
            Failure::not_verified(
                format!("{name} does not prove what it says: {}", shown(&error.to_string())),
                "do not rely on it; ask the register for the receipt anew, or verify the work",
            )
        });
        if opened.is_ok() {
            break;
        }
    }
    opened
}

fn damaged(name: &str, error: &ReceiptError) -> Failure {
    Failure::not_verified(
        format!("{name} is a receipt that was damaged: {error}"),
        "ask the register for it anew; verify the work, its file or its certificate",
    )
}

fn without_entry(name: &str, receipt: &Receipt) -> Failure {
    Failure::usage(
        format!(
            "{name} is the receipt of entry {} without the entry itself, so there is nothing to check it against",
            receipt.index
        ),
        "give a receipt that colophon wrote, or verify the work, its file or its certificate",
    )
}

impl Recorded {
    /// Returns how the command ends.
    pub(super) fn exit(&self) -> Exit {
        self.verdict.exit()
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let what = format!("{} proves that its entry is in the register", self.name);
        write_outcome(&self.shortfalls, &what, &mut sheet);
        let is_cosigned = self.witnessed.fresh_ms.is_some();
        for shortfall in &self.shortfalls {
            match shortfall {
                Shortfall::Age { .. } if !is_cosigned => sheet.text(2, "no witness of your policy says how old it is"),
                shortfall => sheet.text(2, &shortfall.told(is_cosigned)),
            }
        }
        sheet.gap();
        sheet.row("entry", &self.entry.to_string());
        sheet.row("", &format!("a {} by {}", self.kind, self.by));
        sheet.row("", &format!("at index {}", self.index));
        if let Some(work) = self.work.filter(|work| *work != self.entry) {
            sheet.row("work", &work.to_string());
        }
        sheet.gap();
        sheet.row("as of", &format!("checkpoint {} of {}", self.size, self.origin));
        self.witnessed.write(&mut sheet, self.now_ms);
        sheet.gap();
        sheet.items(
            "checked",
            &[
                "the entry: it stands in the log of this checkpoint, byte for byte",
                "the checkpoint: signed by the register, and nothing this machine has seen of it contradicts",
            ],
        );
        if self.online {
            sheet.items("", &["the register: it goes on from this checkpoint"]);
        }
        sheet.items(
            "not checked",
            &[
                "who holds the work now: what came after is not in a receipt",
                "whether the rules allowed the entry: that is the operator's word, and of those who replay",
            ],
        );
        sheet.fmt(f)
    }
}

impl Answer for Recorded {
    const SCHEMA: &'static str = "colophon.verify_receipt/v1";
}
