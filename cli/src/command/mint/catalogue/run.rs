//! A catalogue on its way: files are read on all cores, looked for in the register a few at a time, signed, and sent many at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use colophon_ledger::draft::Draft;
use colophon_ledger::field::{Country, Digest, WorkId};
use colophon_ledger::register::Register;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::files::Hashed;
use super::super::plan::{Maker, Sources, plan};
use super::journal::Signed;
use super::looking::{Looker, Seen};
use super::reading::{File, Read, Readers};
use super::report::{Fate, Outcome};
use super::row::Row;
use super::sending::{Came, Sender, Sent};
use crate::drafts::unfit;
use crate::failure::Failure;
use crate::keystore::key::OpenKey;
use crate::signing::accounts::KnownAccounts;
use crate::signing::missing;
use crate::ui::Progress;

/// How many files the register is asked about at the same time.
const LOOKS_AT_ONCE: usize = 4;
/// How long a signed mint waits for others to be sent with it.
const GATHERING: Duration = Duration::from_secs(2);
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// What signs mints.
#[derive(Debug)]
pub(super) struct Signatory {
    /// The register that they are for.
    pub(super) register: Register,
    /// Who registers.
    pub(super) maker: Maker,
    /// Where works are held of which nothing else is said.
    pub(super) held_in: Option<Country>,
    /// The account's keys.
    pub(super) keys: Vec<OpenKey>,
    /// What is proved of the account.
    pub(super) accounts: KnownAccounts,
}

impl Signatory {
    /// Returns the signed mint of a row.
    fn sign(&self, row: &Row, read: &Read, sources: &Sources) -> Result<Draft, Failure> {
        let mut draft = self.draft(row, read, sources)?;
        for key in &self.keys {
            draft.sign(&self.maker.account, key.secret.clone()).map_err(unfit)?;
        }
        let others = missing(&draft, &self.accounts)?;
        if others.is_empty() { Ok(draft) } else { Err(needs_others("")) }
    }

    /// Returns what would be signed.
    fn draft(&self, row: &Row, read: &Read, sources: &Sources) -> Result<Draft, Failure> {
        let hashed = Hashed { files: vec![read.recognised.clone()], tree: None };
        let country = row.work.country.as_ref().or(self.held_in.as_ref()).cloned();
        let country =
            country.ok_or_else(|| Failure::usage("it is not said in which country it is held", "give --country CC"))?;
        plan(&row.work, &hashed, &self.maker, sources, row.titles()?, country)?.draft(&self.register)
    }
}

/// Returns that a work, named by its `place`, is not one account's alone.
pub(super) fn needs_others(place: &str) -> Failure {
    Failure::usage(
        format!("{place}a creator is named by another account, which must sign too"),
        "leave the account out, or register this work by itself, with colophon mint FILE --creator …: it then waits for the other signature",
    )
}

/// A run of a catalogue.
#[derive(Debug)]
pub(super) struct Run<'r> {
    rows: Arc<Vec<Row>>,
    looker: Looker,
    signatory: Signatory,
    /// None in a dry run: nothing is sent.
    sender: Option<Sender<'r>>,
    at_once: usize,
    progress: Progress,
    fates: Vec<Option<Fate>>,
    /// Of how many rows it is known what became of them.
    ended: usize,
    /// The row of each face that was met.
    faces: HashMap<Digest, usize>,
    /// What is signed and waits to be sent, with its row.
    signed: Vec<(usize, Signed)>,
    /// What else is to be told of the rows that are signed and not settled.
    under_way: HashMap<usize, Vec<String>>,
}

type Looked = (usize, Read, Result<Seen, Failure>);

impl<'r> Run<'r> {
    /// Returns a run over the rows that has not begun. Without a sender it is a dry run.
    pub(super) fn new(
        rows: Arc<Vec<Row>>,
        looker: Looker,
        signatory: Signatory,
        (sender, at_once): (Option<Sender<'r>>, usize),
        progress: Progress,
    ) -> Run<'r> {
        let fates = rows.iter().map(|_| None).collect();
        let (faces, signed, under_way) = (HashMap::new(), Vec::new(), HashMap::new());
        Run { rows, looker, signatory, sender, at_once, progress, fates, ended: 0, faces, signed, under_way }
    }

    /// Runs to the end. Returns what became of each row, and why it ended before if it did.
    pub(super) async fn run(mut self, mut readers: Readers) -> (Vec<Fate>, Option<Sender<'r>>, Option<Failure>) {
        let stopped = self.go(&mut readers).await.err();
        let unheard =
            |row: &Row| Failure::failed(format!("{} was not read: its reader broke down", row.name()), "report this");
        let (rows, under_way) = (self.rows, self.under_way);
        let fates = self.fates.into_iter().enumerate().zip(rows.iter()).map(|((number, fate), row)| match fate {
            Some(fate) => fate,
            None if under_way.contains_key(&number) => Fate::of(row, Outcome::Unacknowledged),
            None if stopped.is_some() => Fate::of(row, Outcome::NotReached),
            None => Fate::not(row, unheard(row)),
        });
        (fates.collect(), self.sender, stopped)
    }

    async fn go(&mut self, readers: &mut Readers) -> Result<(), Failure> {
        let mut looks: JoinSet<Looked> = JoinSet::new();
        let (mut reading, mut due) = (true, None::<Instant>);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while reading || !looks.is_empty() || !self.signed.is_empty() {
            let all_done = !reading && looks.is_empty();
            if all_done || self.signed.len() >= self.at_once || due.is_some_and(|due| due <= Instant::now()) {
                self.send().await?;
                due = None;
            }
            tokio::select! {
                file = readers.next(), if reading && looks.len() < LOOKS_AT_ONCE => match file {
                    Some((number, file)) => self.begin_look(number, file, &mut looks),
                    None => reading = false,
                },
                Some(looked) = looks.join_next() => {
                    self.take(looked)?;
                    if !self.signed.is_empty() {
                        due = due.or_else(|| Some(Instant::now() + GATHERING));
                    }
                }
                _ = ticks.tick(), if !all_done => self.progress.advance_to(readers.bytes()),
                else => {}
            }
        }
        Ok(())
    }

    /// Asks the register about a file that was read.
    fn begin_look(&mut self, number: usize, file: Result<File, Failure>, looks: &mut JoinSet<Looked>) {
        let Some(row) = self.rows.get(number) else { return };
        let mut read = match file {
            Ok(File::Read(read)) => *read,
            Ok(File::Done(work)) => return self.end(number, there_before(row, work)),
            Err(failure) => return self.end(number, Fate::not(row, failure)),
        };
        let face = Digest(read.recognised.file.sha256);
        let first = *self.faces.entry(face).or_insert(number);
        if let Some(first) = self.rows.get(first).filter(|_| first != number) {
            let failure = Failure::refused(
                "face_repeated",
                format!("it has the same content as {}", first.name()),
                "nothing need be done: the one is enough",
            );
            return self.end(number, Fate::not(row, failure));
        }
        let (rows, looker) = (Arc::clone(&self.rows), self.looker.clone());
        looks.spawn(async move {
            let seen = match rows.get(number) {
                Some(row) => looker.look(row, &mut read).await,
                None => Err(broke_down()),
            };
            (number, read, seen)
        });
    }

    /// Takes what the register answered about a file: signs its mint, or says why not.
    fn take(&mut self, looked: Result<Looked, JoinError>) -> Result<(), Failure> {
        let (number, read, seen) = looked.map_err(|_| broke_down())?;
        let rows = Arc::clone(&self.rows);
        let Some(row) = rows.get(number) else { return Ok(()) };
        let sources = match seen? {
            Seen::Free(sources) => sources,
            Seen::Mine(work) => {
                self.end(number, there_before(row, work));
                return Ok(());
            }
            Seen::Against(failure, like) => {
                self.end(number, Fate { like, notes: read.notes, ..Fate::not(row, failure) });
                return Ok(());
            }
        };
        if self.sender.is_none() {
            let fate = match self.signatory.draft(row, &read, &sources) {
                Ok(draft) => would_be_signed(row, &draft),
                Err(failure) => Fate::not(row, failure),
            };
            self.end(number, Fate { notes: read.notes, ..fate });
            return Ok(());
        }
        match self.signatory.sign(row, &read, &sources) {
            Ok(draft) => {
                let Read { notes, stamp, .. } = read;
                self.under_way.insert(number, notes);
                self.signed.push((number, Signed { draft, stamp }));
            }
            Err(failure) => self.end(number, Fate { notes: read.notes, ..Fate::not(row, failure) }),
        }
        Ok(())
    }

    /// Sends what is signed.
    async fn send(&mut self) -> Result<(), Failure> {
        let Some(sender) = self.sender.as_mut().filter(|_| !self.signed.is_empty()) else { return Ok(()) };
        let (numbers, all): (Vec<usize>, Vec<Signed>) = std::mem::take(&mut self.signed).into_iter().unzip();
        let rows_of: HashMap<WorkId, usize> =
            all.iter().zip(numbers).map(|(signed, number)| (signed.draft.id(), number)).collect();
        let Sent { settled, stopped } = sender.send_new(all).await;
        for (signed, came) in settled {
            let Some(number) = rows_of.get(&signed.draft.id()).copied() else { continue };
            let Some(row) = self.rows.get(number) else { continue };
            let fate = fate_of(row, came);
            let notes = self.under_way.remove(&number).unwrap_or_default();
            self.end(number, Fate { notes: [fate.notes, notes].concat(), ..fate });
        }
        stopped.map_or(Ok(()), Err)
    }

    fn end(&mut self, number: usize, fate: Fate) {
        if let Some(place) = self.fates.get_mut(number) {
            *place = Some(fate);
            self.ended += 1;
        }
        self.progress.relabel(&format!("{} of {} works", self.ended, self.rows.len()));
    }
}

fn broke_down() -> Failure {
    Failure::failed("the register could not be asked: this program broke down", "report this")
}

fn there_before(row: &Row, work: WorkId) -> Fate {
    Fate { work: Some(work), ..Fate::of(row, Outcome::ThereBefore) }
}

fn would_be_signed(row: &Row, draft: &Draft) -> Fate {
    let card = draft.card().map(|card| card.text.clone());
    Fate { text: Some(draft.text().to_owned()), card, ..Fate::of(row, Outcome::DryRun) }
}

/// Returns what became of a row whose mint was sent.
fn fate_of(row: &Row, came: Came) -> Fate {
    match came {
        Came::Recorded(submitted) => {
            Fate { work: Some(submitted.id), index: Some(submitted.index), ..Fate::of(row, Outcome::Registered) }
        }
        // The register has the face from this account: by another run that came in between, or as a claim beside another's.
        Came::Refused(failure) if failure.code() == "face_repeated" => {
            Fate { notes: vec![failure.what().to_owned()], ..Fate::of(row, Outcome::ThereBefore) }
        }
        Came::Refused(failure) => Fate::not(row, failure),
    }
}
