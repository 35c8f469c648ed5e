//! A register being replayed: while some entries are judged, the next ones are fetched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use colophon_client::client::Client;
use colophon_client::download::Download;
use colophon_client::evidence::keep;
use colophon_client::look::look_again;
use colophon_client::points::Remembered;
use colophon_client::prove::fetch_proved;
use colophon_client::tiles::{Span, TreeError};
use colophon_client::voids::fetch_void_lists;
use colophon_ledger::audit::Audit;
use colophon_ledger::evidence::ProvedLeaf;
use colophon_ledger::look::Looked;
use colophon_ledger::replay::ReplayError;
use colophon_ledger::signature::{EachTime, FirstKeys};
use colophon_ledger::state::Unreadable;
use colophon_ledger::voiding::VoidLists;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree};
use tokio::task::spawn_blocking;

use crate::audited::records::RecordFile;
use crate::audited::roots::RootList;
use crate::audited::{AuditDir, Kept, unusable};
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Progress;
use crate::words::shown;

/// How much time may pass until what was judged is kept: what an interruption costs.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// What has been replayed so far: the register's claims, its log's tree, and the roots that this person has seen to be right.
pub(super) struct Replayer {
    pub(super) audit: Audit<RecordFile>,
    /// Leaves that are fetched and not judged yet.
    fetched: std::vec::IntoIter<Looked>,
    log: Tree,
    roots: RootList,
    dir: AuditDir,
    kept: Instant,
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
    /// Goes on where the last audit of the register ended or was broken off; or begins anew, if that is asked for, or what was
    /// kept is damaged.
    pub(super) fn take_up(client: &Client, context: &Context, fresh: bool) -> Result<Replayer, Failure> {
        let rules = client.rules();
        let dir = AuditDir::open(&context.home, rules.register.genesis)?;
        let kept = if fresh { Ok(None) } else { dir.resume() };
        match kept {
            Ok(Some(kept)) => {
                let size = kept.stage.position.index;
                context.ui.note(format_args!(
                    "goes on from the first {size} entries, which were replayed before (--fresh begins anew)"
                ));
                Replayer::resume(client, context, dir, kept)
            }
            Ok(None) => Replayer::begin(client, context, dir),
            Err(why) => {
                context.ui.warn(format_args!("what the last audit kept is damaged, so this one begins anew: {why}"));
                Replayer::begin(client, context, dir)
            }
        }
    }

    fn begin(client: &Client, context: &Context, dir: AuditDir) -> Result<Replayer, Failure> {
        let (records, roots) = dir.begin()?;
        let audit = Audit::begin(client.pinned().genesis().as_bytes(), records);
        let audit = audit.map_err(|error| broken(&error, None))?;
        Ok(Replayer::from(client, context, dir, (audit, Tree::new(), roots)))
    }

    fn resume(client: &Client, context: &Context, dir: AuditDir, kept: Kept) -> Result<Replayer, Failure> {
        let Kept { records, state, log, roots, stage } = kept;
        let audit = Audit::resume(client.pinned().genesis().as_bytes(), records, state, stage);
        let audit = audit.map_err(|error| broken(&error, None))?;
        Ok(Replayer::from(client, context, dir, (audit, log, roots)))
    }

    fn from(
        client: &Client,
        context: &Context,
        dir: AuditDir,
        (audit, log, roots): (Audit<RecordFile>, Tree, RootList),
    ) -> Replayer {
        let progress = context.ui.counting(&format!("replaying {}", client.rules().register.origin));
        let evidence_dir = context.home.evidence_dir();
        let fetched = Vec::new().into_iter();
        Replayer { audit, fetched, log, roots, dir, kept: Instant::now(), progress, evidence_dir }
    }

    /// Replays the log of a checkpoint to its end.
    pub(super) async fn run(
        self,
        client: &Client,
        checkpoint: &SignedCheckpoint,
        context: &Context,
    ) -> Result<Replayer, Failure> {
        let (mut replayer, mut download) = self.follow(client, checkpoint, context).await?;
        replayer.progress.expect(checkpoint.checkpoint().size.get());
        let mut judged = Ok(());
        let mut next = download.next().await;
        while let Some(leaves) = next.map_err(|error| unfit(client, error))? {
            let judging = replayer.judge_with(|replayer| replayer.take(leaves));
            next = download.next().await;
            (replayer, judged) = judging.await;
            if let Err(Stopped::Rules(refused @ ReplayError::Refused { .. })) = judged {
                // Looked for where it is needed, and not before.
                let to = Span::of(checkpoint);
                let lists = fetch_void_lists(client.transport(), Span::empty(), to).await;
                let lists = lists.map_err(|error| unfit(client, error))?;
                (replayer, judged) = replayer.judge_with(move |replayer| replayer.go_on(&lists, refused)).await;
            }
            if judged.is_err() {
                break;
            }
        }
        let judged = judged.and_then(|()| replayer.audit.finish().map_err(Stopped::Rules));
        match judged.and_then(|()| replayer.finish(client).map_err(Stopped::Here)) {
            Ok(()) => Ok(replayer),
            Err(Stopped::Here(failure)) => Err(failure),
            Err(Stopped::Rules(error)) => Err(replayer.convict(client, checkpoint, &error).await),
        }
    }

    /// Begins to fetch what comes after the entries that were replayed before. If they are not the beginning of this log, nothing
    /// of them counts: what the register has shown before is held against it elsewhere, so they were damaged here.
    async fn follow(
        self,
        client: &Client,
        checkpoint: &SignedCheckpoint,
        context: &Context,
    ) -> Result<(Replayer, Download<Looked>), Failure> {
        let (from, to) = (Span { size: self.log.size(), root: self.log.root() }, Span::of(checkpoint));
        if from.size > to.size {
            return Err(Failure::try_again(
                format!("{} entries were replayed before, and this copy shows {} so far", from.size, to.size),
                "ask a node that is not behind; or replay what this one shows with --fresh",
            ));
        }
        // Most keys are their accounts' first.
        let points = Arc::new(Remembered::default());
        let look = move |leaves| Looked::at_each(leaves, &FirstKeys, &*points);
        match Download::begin(client.transport(), from, to, look.clone()).await {
            Ok(download) => Ok((self, download)),
            Err(TreeError::Misfit(_) | TreeError::Parted { .. }) if from.size.get() > 0 => {
                context.ui.warn("what the last audit kept is not the beginning of this log, so this one begins anew");
                let Replayer { dir, .. } = self;
                let replayer = Replayer::begin(client, context, dir)?;
                let download = Download::begin(client.transport(), Span::empty(), to, look).await;
                Ok((replayer, download.map_err(|error| unfit(client, error))?))
            }
            Err(error) => Err(unfit(client, error)),
        }
    }

    /// Judges off the threads that wait for the network. Has begun when this returns.
    fn judge_with<T: Send + 'static>(
        mut self,
        judge: impl FnOnce(&mut Replayer) -> T + Send + 'static,
    ) -> impl Future<Output = (Replayer, T)> {
        let judging = spawn_blocking(move || {
            let judged = judge(&mut self);
            (self, judged)
        });
        // Nothing but a panic ends work that has begun.
        async { judging.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())) }
    }

    /// Judges the next leaves.
    fn take(&mut self, leaves: Vec<Looked>) -> Result<(), Stopped> {
        self.fetched = look_again(leaves, &self.audit.records(), &EachTime).into_iter();
        self.judge()
    }

    /// Judges the leaves that are fetched.
    fn judge(&mut self) -> Result<(), Stopped> {
        while let Some(looked) = self.fetched.next() {
            // Only the right edge of the tree is of use here.
            self.log.append(leaf_hash(looked.leaf()), &mut TileHashes::default());
            if let Some(judged) = self.audit.leaf(looked).map_err(Stopped::Rules)? {
                self.judged(judged).map_err(Stopped::Here)?;
            }
        }
        Ok(())
    }

    /// Goes on, once it is known what the upgrades of the whole log void, after a leaf against the rules that one of them may void.
    fn go_on(&mut self, lists: &VoidLists, refused: ReplayError) -> Result<(), Stopped> {
        let named = refused.broken_at().map_or(Ok(None), |index| self.audit.learn(lists, index));
        let judged = named.map_err(Stopped::Rules)?.ok_or(Stopped::Rules(refused))?;
        self.judged(judged).map_err(Stopped::Here)?;
        self.judge()
    }

    fn judged(&mut self, size: u64) -> Result<(), Failure> {
        self.keep(size)?;
        self.progress.advance_to(size);
        Ok(())
    }

    /// Notes that the log so far, which ends on a seal, has been judged.
    fn keep(&mut self, judged: u64) -> Result<(), Failure> {
        let cannot = |error| unusable(self.dir.path(), &error);
        self.roots.add(judged, &self.log.root()).map_err(cannot)?;
        self.audit.kept_mut().write_much().map_err(cannot)?;
        // Whoever goes on from here knows nothing of a leaf that is still to be voided.
        if self.kept.elapsed() >= KEEP_EVERY && !self.audit.owes() { self.save() } else { Ok(()) }
    }

    fn save(&mut self) -> Result<(), Failure> {
        let (stage, state) = (self.audit.stage().clone(), self.audit.state_root());
        self.dir.save(&stage, &state, &self.log, (self.audit.kept_mut(), &mut self.roots))?;
        self.kept = Instant::now();
        Ok(())
    }

    fn finish(&mut self, client: &Client) -> Result<(), Failure> {
        self.save()?;
        self.dir.finish(&self.roots, &client.rules().log_key)
    }

    /// Keeps what shows that the register breaks its rules, and returns the failure that says so.
    async fn convict(self, client: &Client, checkpoint: &SignedCheckpoint, error: &ReplayError) -> Failure {
        let Replayer { audit, progress, evidence_dir, .. } = self;
        drop(progress);
        if error.broken_at().is_none() {
            return broken(error, None);
        }
        let indices = audit.case(checkpoint).indices().into_iter().filter_map(EntryIndex::new);
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
}

fn broken(error: &ReplayError, place: Option<String>) -> Failure {
    let what = shown(&error.to_string());
    if matches!(error, ReplayError::Unreadable(_)) {
        return Failure::failed(what, "check the disk, then begin the audit anew with --fresh");
    }
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
