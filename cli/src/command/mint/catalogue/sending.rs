//! Signed mints on their way into the register: noted, sent many at once, and acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use colophon_client::client::Client;
use colophon_client::failure::{Class, Failure as _};
use colophon_client::follow::FollowError;
use colophon_client::http::HttpError;
use colophon_client::lookup::LookupError;
use colophon_client::submit::{Many, Submission, SubmitError, Submitted};
use colophon_ledger::draft::Draft;

use super::journal::{Journal, Signed};
use crate::clock;
use crate::drafts::unfit;
use crate::failure::Failure;
use crate::history::acknowledge_all;
use crate::home::Home;

/// How long it is waited for a register that takes nothing.
const PATIENCE: Duration = Duration::from_mins(2);
/// The shortest wait before what was not taken is sent again; twice as long each time that nothing at all was taken.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// What came of a mint.
#[derive(Debug)]
pub(super) enum Came {
    /// It is in the register; its receipt is kept.
    Recorded(Box<Submitted>),
    /// The register does not take it.
    Refused(Failure),
}

/// Sends mints, and keeps the journal.
#[derive(Debug)]
pub(super) struct Sender<'h> {
    client: Arc<Client>,
    home: &'h Home,
    journal: Journal,
    /// The most mints of one request.
    at_once_max: usize,
    /// How many are sent in the next request: fewer while the register does not take all.
    at_once: usize,
}

/// What came of sending.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// What is settled.
    pub(super) settled: Vec<(Signed, Came)>,
    /// Why the others are not, if there are any. They are noted, for the next run.
    pub(super) stopped: Option<Failure>,
}

/// What one request brought.
struct Brought {
    settled: Vec<(Signed, Came)>,
    /// What was not taken, for now.
    left: Vec<Signed>,
    /// Why, if anything was not taken or is not known to be.
    why: Option<SubmitError>,
}

impl<'h> Sender<'h> {
    /// Returns a sender of up to `at_once_max` mints a request.
    pub(super) fn new(client: Arc<Client>, home: &'h Home, journal: Journal, at_once_max: usize) -> Sender<'h> {
        Sender { client, home, journal, at_once_max, at_once: at_once_max }
    }

    /// Notes newly signed mints in the journal, and sends them.
    pub(super) async fn send_new(&mut self, all: Vec<Signed>) -> Sent {
        match self.journal.signed(&all) {
            Ok(()) => self.send(all).await,
            Err(failure) => Sent { settled: Vec::new(), stopped: Some(failure) },
        }
    }

    /// Sends mints that are noted, until all are settled, or the register takes nothing for a while, or lies. Sending one again is
    /// safe: its id stays the same.
    pub(super) async fn send(&mut self, all: Vec<Signed>) -> Sent {
        let mut settled = Vec::new();
        let stopped = self.send_all(all, &mut settled).await.err();
        Sent { settled, stopped }
    }

    async fn send_all(&mut self, all: Vec<Signed>, settled: &mut Vec<(Signed, Came)>) -> Result<(), Failure> {
        let mut open = VecDeque::from(all);
        let (mut moved, mut pause) = (Instant::now(), PAUSE_MIN);
        while !open.is_empty() {
            let size = self.at_once.min(open.len());
            let brought = self.send_once(open.drain(..size).collect()).await?;
            let taken = brought.settled.len();
            settled.extend(brought.settled);
            for signed in brought.left.into_iter().rev() {
                open.push_front(signed);
            }
            let Some(why) = brought.why else {
                self.at_once = (self.at_once * 2).min(self.at_once_max);
                continue;
            };
            self.at_once = taken.max(1);
            if taken > 0 {
                (moved, pause) = (Instant::now(), PAUSE_MIN);
            } else {
                pause *= 2;
            }
            let wait = retry_after(&why).unwrap_or_default().max(pause);
            if why.class() != Class::Fault || moved.elapsed() + wait > PATIENCE {
                return Err(why.into());
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Returns the journal, when everything is settled.
    pub(super) fn into_journal(self) -> Journal {
        self.journal
    }

    async fn send_once(&mut self, all: Vec<Signed>) -> Result<Brought, Failure> {
        let submissions = all.iter().map(|signed| submission(&signed.draft)).collect::<Result<Vec<_>, _>>()?;
        let Many { results, stopped } = self.client.submit_many(&submissions, |_| ()).await;
        let mut brought = Brought { settled: Vec::new(), left: Vec::new(), why: None };
        let (mut results, mut recorded) = (results.into_iter(), Vec::new());
        for signed in all {
            match results.next() {
                Some(Ok(submitted)) => {
                    recorded.push(submitted.clone());
                    brought.settled.push((signed, Came::Recorded(Box::new(submitted))));
                }
                Some(Err(error)) if error.class() == Class::Refusal => {
                    brought.settled.push((signed, Came::Refused(error.into())));
                }
                Some(Err(error)) => {
                    brought.left.push(signed);
                    brought.why = Some(error);
                }
                None => brought.left.push(signed),
            }
        }
        self.settle(&brought.settled, &recorded)?;
        brought.why = stopped.or(brought.why);
        Ok(brought)
    }

    /// Keeps the receipts, and notes what is settled.
    fn settle(&mut self, settled: &[(Signed, Came)], recorded: &[Submitted]) -> Result<(), Failure> {
        if settled.is_empty() {
            return Ok(());
        }
        acknowledge_all(self.home, &self.home.lock()?, recorded, clock::now()?)?;
        let ids = |is_recorded: bool| -> Vec<_> {
            let of = settled.iter().filter(|(_, came)| matches!(came, Came::Recorded(_)) == is_recorded);
            of.map(|(signed, _)| signed.draft.id()).collect()
        };
        self.journal.settled(&ids(true), &ids(false))
    }
}

fn submission(draft: &Draft) -> Result<Submission, Failure> {
    Ok(Submission { entry: draft.to_entry().map_err(unfit)?, card: draft.card().cloned() })
}

/// Returns how long the register asks to wait, if it says so.
fn retry_after(error: &SubmitError) -> Option<Duration> {
    match error {
        SubmitError::Problem(problem)
        | SubmitError::Lookup(LookupError::Follow(FollowError::Http(HttpError::Problem(problem)))) => {
            problem.retry_after
        }
        SubmitError::Lookup(_) => None,
    }
}
