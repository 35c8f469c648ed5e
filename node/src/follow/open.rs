//! Opens a copy's directory: like a register's, but what it has not published can be fetched again and is cut.

use std::path::Path;

use colophon_ledger::batch::beginning;
use colophon_ledger::rule::Rules;
use colophon_ledger::state_root::StateTree;
use colophon_storage::catch_up::{CatchUpError, CaughtUp, refill_from};
use colophon_storage::log::{Log, OpenError};
use colophon_storage::slots::Slots;
use colophon_storage::view::View;
use colophon_storage::view::engine::EngineKind;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::tree::TreeSize;
use tracing::warn;

use crate::follow::advance::Writer;
use crate::open::{Keeping, StartError, Tables, check_verifier_key, open_view, tell_recovery};

/// Opens the log and the tables of the copy in `dir`, and cuts what was fetched beyond the checkpoint that it has published. Before
/// there is one, everything that was fetched stays.
pub(super) fn open(dir: &Path, rules: &Rules, engine: Option<EngineKind>) -> Result<(Writer, View), StartError> {
    check_verifier_key(dir, &rules.log_key, &rules.log_key)?;
    let (mut log, recovery) = Log::open(dir)?;
    tell_recovery(&recovery);
    let slots = Slots::open(dir)?;
    let published = slots.newest().published.as_ref();
    let published = published.map(|note| SignedCheckpoint::open(note.as_bytes(), &rules.log_key)).transpose()?;
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
    Ok((Writer { log, slots, published, position, tree }, view))
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
    Ok((view, CaughtUp { rules, tree, position, replayed: 0 }))
}
