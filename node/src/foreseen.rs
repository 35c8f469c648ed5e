//! What the rules would answer to a crossing that nobody has signed: judged as the sequencer judges, from the published state, each record
//! that was asked for kept with its proof.

use std::cell::{Cell, RefCell};

use colophon_ledger::crossing::judgement::Judgement;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Stop;
use colophon_ledger::state::{RecordKey, Records, Unreadable};
use colophon_tlog::tree::EntryIndex;

use crate::answers::{AnswerError, Gathered};
use crate::register::Register;

/// The most records that an answer holds. The rules themselves know no such bound: with very many authorities enrolled, and much said
/// about a work, only whoever has the records can foresee what the register will say.
pub const CROSSING_RECORDS_MAX: usize = 2_048;

/// What was foreseen, and what it follows from.
#[derive(Debug)]
pub struct Foreseen {
    /// The records, proved.
    pub state: StateAnswer,
    /// The height of the batch that it is judged for, the next one.
    pub height: u64,
    /// The answer; none where no rules are in force.
    pub judgement: Option<Judgement>,
}

/// Why nothing could be foreseen.
#[derive(Debug, thiserror::Error)]
pub enum ForeseeError {
    /// There is no such work; here is the proof.
    #[error("there is no such work")]
    NoWork(Box<StateAnswer>),
    /// The rules of the ledger say no before any rule of the corridor is asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It takes more records than an answer holds.
    #[error("it takes more than {CROSSING_RECORDS_MAX} records")]
    TooLarge,
    /// A record cannot be read or proved.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// Records as they are asked for, each kept with its proof.
struct Asking<'m> {
    gathered: RefCell<Gathered<'m>>,
    left: Cell<usize>,
    failed: RefCell<Option<ForeseeError>>,
}

impl Records for Asking<'_> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let mut gathered = self.gathered.borrow_mut();
        if let Some(known) = gathered.known(key) {
            return Ok(known.record.clone());
        }
        let failed = match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                match gathered.add(key) {
                    Ok(record) => return Ok(record),
                    Err(error) => error.into(),
                }
            }
            None => ForeseeError::TooLarge,
        };
        // The rules hear that the record cannot be read; why, is told to whoever asked them.
        let why = failed.to_string();
        self.failed.borrow_mut().get_or_insert(failed);
        Err(Unreadable(why))
    }
}

/// Judges a crossing at a time, or at the register's newest if that is later.
pub fn foresee(register: &Register, proposed: &Proposed, now_ms: u64) -> Result<Foreseen, ForeseeError> {
    let moment = register.moment();
    let last = moment.snapshot.size.get().saturating_sub(1);
    let seal = EntryIndex::new(last).ok_or(AnswerError::Entry(last))?;
    let seal = Seal::peek(&register.log.entry(seal).map_err(AnswerError::from)?);
    let height = seal.ok_or(AnswerError::Entry(last))?.height.get() + 1;
    let asking = Asking {
        gathered: RefCell::new(Gathered::new(&moment)?),
        left: Cell::new(CROSSING_RECORDS_MAX),
        failed: RefCell::new(None),
    };
    // That is in the answer even where no rules are in force.
    let judged = asking.record(&RecordKey::RuleList).map_err(Stop::from);
    let judged = judged.and_then(|_| proposed.judge(height, now_ms.max(moment.snapshot.time_ms), &asking));
    let Asking { gathered, failed, .. } = asking;
    let judgement = match (judged, failed.into_inner()) {
        (_, Some(failed)) => return Err(failed),
        (Ok(judgement), None) => judgement,
        (Err(Stop::Refused(Refusal::WorkUnknown(_))), None) => {
            let absence = gathered.into_inner().into_answer(&register.log)?;
            return Err(ForeseeError::NoWork(Box::new(absence)));
        }
        (Err(Stop::Refused(refusal)), None) => return Err(refusal.into()),
        (Err(Stop::Unreadable(unreadable)), None) => return Err(AnswerError::from(unreadable).into()),
    };
    let state = gathered.into_inner().into_answer(&register.log)?;
    Ok(Foreseen { state, height, judgement })
}
