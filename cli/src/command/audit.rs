//! `colophon audit`: replays a whole register, with no trust in it, and reports all that it has ever claimed.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use colophon_client::client::Client;
use colophon_client::download::Download;
use colophon_client::evidence::keep;
use colophon_client::prove::fetch_proved;
use colophon_client::tiles::{Span, TreeError};
use colophon_ledger::audit::{Audit, Claims};
use colophon_ledger::evidence::ProvedLeaf;
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::look::Looked;
use colophon_ledger::replay::ReplayError;
use colophon_ledger::signature::FirstKeys;
use colophon_ledger::state::Unreadable;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::{empty_root, leaf_hash};
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree, TreeSize};
use serde::Serialize;

use crate::as_of;
use crate::audited::Roots;
use crate::clock;
use crate::command::Context;
use crate::command::trust::read_vkey;
use crate::failure::{Exit, Failure};
use crate::register::trust::Trust;
use crate::sheet::Sheet;
use crate::ui::{Answer, Progress, Tone};
use crate::witnessed::{Cosignature, Witnessed};
use crate::words::{count, place, shown, time};

/// Arguments of `colophon audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The register, or any copy of it; the one of --node if it is left out
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The key of the register's log, in a file or as text, for whoever has not pinned the register
    #[arg(long, value_name = "FILE|TEXT")]
    vkey: Option<String>,
}

pub(super) fn run(args: &AuditArgs, context: &Context) -> Result<Exit, Failure> {
    let expected = args.vkey.as_deref().map(read_vkey).transpose()?;
    let client = match &args.url {
        Some(url) => context.client_at(url, expected.as_ref(), None)?,
        None => context.client_expecting(expected.as_ref(), None)?,
    };
    let (checkpoint, _) = context.wait_for(client.newest())??;
    let trust = Trust::read(&context.home)?;
    let witnessed = match trust.policy() {
        Some(policy) => as_of::judge(policy, &checkpoint.to_string(), clock::now_ms()?)?,
        None => return Err(Failure::failed("the register was pinned and the policy is gone", "try again")),
    };
    let replayer = Replayer::begin(&client, context)?;
    let replayer = context.wait_for(replay(&client, &checkpoint, replayer))??;
    let Replayer { audit, roots, .. } = replayer;
    roots.keep()?;
    let rules = client.rules();
    let audited = Audited {
        origin: rules.register.origin.to_string(),
        genesis: rules.register.genesis,
        log_key: rules.log_key.to_string(),
        size: checkpoint.checkpoint().size.get(),
        claims: audit.claims().clone(),
        state: Digest(audit.state_root()),
        cosignatures: witnessed.cosignatures.clone(),
        quorum_met: witnessed.quorum_met,
        witnesses: witnessed.witnesses,
        fresh_ms: witnessed.fresh_ms,
        now_ms: clock::now_ms()?,
        witnessed,
    };
    context.ui.answer(&audited)?;
    context.ui.next("colophon verify FILE");
    Ok(if audited.quorum_met { Exit::Done } else { Exit::Stale })
}

/// A register being replayed: what it has claimed so far, its log's tree, and the roots that this person has seen to be right.
struct Replayer {
    audit: Audit,
    log: Tree,
    roots: Roots,
    progress: Progress,
    /// Where evidence is kept.
    evidence_dir: PathBuf,
}

/// Why a replay came to no end.
enum Stopped {
    /// The register breaks its rules.
    Rules(ReplayError),
    /// This machine cannot keep what it found.
    Here(Failure),
}

impl Replayer {
    fn begin(client: &Client, context: &Context) -> Result<Replayer, Failure> {
        let audit = Audit::begin(client.pinned().genesis().as_bytes()).map_err(|error| broken(&error, None))?;
        let roots = Roots::begin(&context.home, &client.rules().log_key)?;
        let progress = context.ui.counting(&format!("replaying {}", client.rules().register.origin));
        Ok(Replayer { audit, log: Tree::new(), roots, progress, evidence_dir: context.home.evidence_dir() })
    }

    /// Judges the next leaves.
    fn take(&mut self, leaves: Vec<Looked>) -> Result<(), Stopped> {
        for looked in leaves {
            // Only the right edge of the tree is of use here.
            self.log.append(leaf_hash(looked.leaf()), &mut TileHashes::default());
            if let Some(judged) = self.audit.leaf(looked).map_err(Stopped::Rules)? {
                self.roots.add(judged, &self.log.root()).map_err(Stopped::Here)?;
                self.progress.advance_to(judged);
            }
        }
        Ok(())
    }
}

/// Replays the log of a checkpoint. While some entries are judged, the next ones are fetched.
async fn replay(client: &Client, checkpoint: &SignedCheckpoint, mut replayer: Replayer) -> Result<Replayer, Failure> {
    let nothing = Span { size: TreeSize::ZERO, root: empty_root() };
    let to = Span::of(checkpoint);
    replayer.progress.expect(to.size.get());
    // Most keys are their accounts' first: whatever was signed by others is looked at again in its turn.
    let mut download = Download::begin(client.transport(), nothing, to, |leaf| Looked::at(leaf, &FirstKeys))
        .await
        .map_err(|error| unfit(client, error))?;
    let mut judged = Ok(());
    let mut next = download.next().await;
    while let Some(leaves) = next.map_err(|error| unfit(client, error))? {
        let judging = tokio::task::spawn_blocking(move || {
            let judged = replayer.take(leaves);
            (replayer, judged)
        });
        next = download.next().await;
        // Nothing but a panic ends work that has begun.
        (replayer, judged) = judging.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        if judged.is_err() {
            break;
        }
    }
    let judged = judged.and_then(|()| replayer.audit.finish().map_err(Stopped::Rules));
    match judged {
        Ok(()) => Ok(replayer),
        Err(Stopped::Here(failure)) => Err(failure),
        Err(Stopped::Rules(error)) => Err(convict(client, checkpoint, replayer, &error).await),
    }
}

/// Keeps what shows that the register breaks its rules, and returns the failure that says so.
async fn convict(client: &Client, checkpoint: &SignedCheckpoint, replayer: Replayer, error: &ReplayError) -> Failure {
    let Replayer { audit, progress, evidence_dir, .. } = replayer;
    drop(progress);
    if error.broken_at().is_none() {
        return broken(error, None);
    }
    let indices = audit.case_indices().into_iter().filter_map(EntryIndex::new);
    let Ok(proved) = fetch_proved(client.transport(), Span::of(checkpoint), indices).await else {
        return broken(error, Some("what shows it could not be fetched again".to_owned()));
    };
    let prove = |index: u64| {
        let found = proved.iter().find(|proved| proved.index.get() == index);
        let found = found.ok_or_else(|| Unreadable(format!("the entry at index {index}")))?;
        Ok::<_, Unreadable>(ProvedLeaf::new(&found.leaf, index, &found.proof))
    };
    let kept = audit.case(checkpoint).evidence(prove).map_err(|error| error.to_string());
    let kept = kept.and_then(|evidence| keep(&evidence_dir, &evidence).map_err(|error| error.to_string()));
    let place = kept.map_or_else(
        |error| format!("the evidence could not be kept: {}", shown(&error)),
        |path| format!("the evidence is kept in {}", path.display()),
    );
    broken(error, Some(place))
}

fn broken(error: &ReplayError, place: Option<String>) -> Failure {
    let what = shown(&error.to_string());
    if error.broken_at().is_none() {
        return Failure::failed(what, "install a newer version of this software, then audit again");
    }
    let place = place.map_or_else(String::new, |place| format!("; {place}"));
    Failure::not_verified(
        format!("the register has broken its own rules: {what}{place}"),
        "do not rely on it; show the evidence to its operator and to others who use it: colophon verify FILE judges it anywhere",
    )
}

/// Returns what it means that the entries handed out are not those of the checkpoint, or did not come.
fn unfit(client: &Client, error: TreeError) -> Failure {
    match error {
        TreeError::Http(error) => error.into(),
        error @ (TreeError::Misfit(_) | TreeError::Parted { .. }) => Failure::not_verified(
            format!("{} does not hand out the log that it has signed: {error}", client.transport().address()),
            "ask another node of the register; tell the operator",
        ),
    }
}

/// What an audit has found: a register that has kept to its rules, and all that it has claimed.
#[derive(Debug, Serialize)]
struct Audited {
    origin: String,
    genesis: EntryId,
    log_key: String,
    size: u64,
    #[serde(flatten)]
    claims: Claims,
    state: Digest,
    cosignatures: Vec<Cosignature>,
    quorum_met: bool,
    witnesses: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fresh_ms: Option<u64>,
    #[serde(skip)]
    witnessed: Witnessed,
    #[serde(skip)]
    now_ms: u64,
}

impl fmt::Display for Audited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut sheet, claims) = (Sheet::new(), &self.claims);
        let replayed = format!("all {} entries of {}, from its genesis on", self.size, self.origin);
        if self.quorum_met {
            sheet.heading("✔", Tone::Good, &format!("replayed: {replayed}"));
        } else {
            let what = format!("replayed, but not witnessed as your policy asks: {replayed}");
            sheet.heading("!", Tone::Warning, &what);
        }
        sheet.gap();
        sheet.whole("log key", &self.log_key);
        sheet.row("genesis", &self.genesis.to_string());
        sheet.row("", &format!("operator's time {}", time(claims.first_ms)));
        sheet.row("works", &claims.works.to_string());
        sheet.row("accounts", &format!("{} with a profile or new keys", claims.accounts));
        sheet.row("moves", &format!("title has moved {}", count(claims.moves, "time")));
        for (n, ((from, to), crossed)) in claims.borders.iter().enumerate() {
            let label = if n == 0 { "borders" } else { "" };
            sheet.row(label, &format!("{} → {}: {}", place(from), place(to), count(*crossed, "time")));
        }
        for (n, (kind, entries)) in claims.kinds.iter().enumerate() {
            sheet.row(if n == 0 { "entries" } else { "" }, &format!("{kind}: {entries}"));
        }
        sheet.row("records", &claims.records.to_string());
        sheet.row("state root", &self.state.to_string());
        sheet.gap();
        sheet.row("as of", &format!("checkpoint {} of {}", self.size, self.origin));
        sheet.row("", &format!("operator's time {}", time(claims.last_ms)));
        sheet.row("state", "replayed by you, up to this checkpoint");
        self.witnessed.write(&mut sheet, self.now_ms);
        sheet.gap();
        sheet.items(
            "checked",
            &[
                "the log: each leaf stands in the tree that the checkpoint signs",
                "each entry: its form, its signatures by the keys of its time, every rule",
                "each seal: its place, its time, and the state root that its batch leads to",
                "that it goes on from all this machine has seen of the register",
            ],
        );
        sheet.items(
            "not checked",
            &["people's words: cards stand beside the log, and may be withdrawn", "whether what people signed is true"],
        );
        sheet.fmt(f)
    }
}

impl Answer for Audited {
    const SCHEMA: &'static str = "colophon.audit/v1";
}
