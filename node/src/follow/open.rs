//! Opens a copy's directory: like a register's, but what it has not published can be fetched again and is cut.

use std::path::Path;

use colophon_ledger::batch::beginning;
use colophon_ledger::governance;
use colophon_ledger::rule::Rules;
use colophon_ledger::state_root::StateTree;
use colophon_ledger::voiding::Voiding;
use colophon_storage::catch_up::{CatchUpError, CaughtUp, refill_from};
use colophon_storage::log::{Log, OpenError};
use colophon_storage::slots::Slots;
use colophon_storage::view::View;
use colophon_storage::view::engine::EngineKind;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::tree::TreeSize;
use tracing::warn;

use crate::follow::advance::Writer;
use crate::follow::source::Source;
use crate::open::{Keeping, StartError, Tables, check_verifier_key, open_view, tell_recovery};

/// Opens the log and the tables of the copy of `source`, and cuts what was fetched beyond the checkpoint that it has published. Before
/// there is one, everything that was fetched stays.
pub(super) fn open(source: &Source, engine: Option<EngineKind>) -> Result<(Writer, View), StartError> {
    let (dir, rules) = (&*source.dir, &source.rules);
    let (mut log, recovery) = Log::open(dir)?;
    tell_recovery(&recovery);
    let slots = Slots::open(dir)?;
    let published = slots.newest().published.as_ref();
    let published = published.map(|note| source.open_by_any(note.as_bytes())).transpose()?;
    if let Some(published) = &published {
        log = log.cut_to(published.checkpoint().size).map_err(OpenError::from)?;
    }
    let keeping = Keeping { tables: Tables::Keep, engine };
    let (view, caught_up) = match tables(dir, keeping, &log, rules) {
        // Power failed while several batches were written at once: nobody was shown any of them.
        Err(StartError::CatchUp(CatchUpError::Replay(error))) if published.is_none() => {
            warn!("Cut what was fetched so far, which nobody was shown: power failed while it was written ({error})");
            log = log.cut_to(TreeSize::ZERO).map_err(OpenError::from)?;
            tables(dir, keeping, &log, rules)?
        }
        opened => opened?,
    };
    let CaughtUp { tree, position, .. } = caught_up;
    let (key, known) = (governance::log_key(rules, &view)?, &source.pinned.rules().log_key);
    match &published {
        Some(published) => {
            SignedCheckpoint::open(published.to_string().as_bytes(), &key)?;
            check_verifier_key(dir, &key, known)?;
            if key != *known {
                source.turn_to(&key);
            }
        }
        None => check_verifier_key(dir, known, known)?,
    }
    Ok((Writer { log, slots, published, position, tree, key }, view))
}

fn tables(dir: &Path, keeping: Keeping, log: &Log, rules: &Rules) -> Result<(View, CaughtUp), StartError> {
    let genesis = &rules.register.genesis;
    if log.size() > TreeSize::ZERO {
        return open_view(dir, keeping, (log, log.size()), genesis);
    }
    let kind = keeping.engine.or_else(|| View::kind_in(dir)).unwrap_or_default();
    let (view, _) = View::open(dir, kind, &genesis.0, 0)?;
    refill_from(&view, &log.reader());
    let (rules, tree, position) = (rules.clone(), StateTree::new(), beginning(*genesis));
    Ok((view, CaughtUp { rules, tree, position, replayed: 0, voiding: Voiding::default() }))
}
