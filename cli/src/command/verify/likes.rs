//! What the register shows that is like what was checked. A node that cannot be asked for it takes nothing from what is proved.

use colophon_fingerprint::Content;
use colophon_ledger::field::WorkId;

use crate::command::verify::proof::{Judge, Proof};
use crate::failure::Failure;
use crate::likeness::{Asked, Like, Wanted, find_or_warn, introduce};
use crate::recognition::is_scant;
use crate::verdict::{SoughtBy, Verdict};

/// Adds to the verdict on a file which works were there before that are like it.
pub(super) fn disclose(judge: &Judge<'_>, verdict: &mut Verdict, content: Option<&Content>) -> Result<(), Failure> {
    if verdict.as_of.online && content.is_some_and(is_scant) {
        verdict.note_too_little();
        return Ok(());
    }
    disclose_by(judge, verdict, content.and_then(Asked::of).as_ref(), SoughtBy::File)
}

/// Adds to the verdict on a work of which no file was given which works were there before that are like its face, as its mint states that.
pub(super) fn disclose_stated(judge: &Judge<'_>, verdict: &mut Verdict, proof: &Proof) -> Result<(), Failure> {
    let face = proof.provenance.mint.files.as_slice().first();
    disclose_by(judge, verdict, face.and_then(Asked::stated).as_ref(), SoughtBy::Mint)
}

fn disclose_by(judge: &Judge<'_>, verdict: &mut Verdict, asked: Option<&Asked>, by: SoughtBy) -> Result<(), Failure> {
    if !verdict.as_of.online {
        return Ok(());
    }
    if let Some(likes) = seek(judge, asked, Some(verdict.card.registered.index))? {
        verdict.disclose(likes, by);
    }
    Ok(())
}

/// Returns which works are like a file that is not registered.
pub(super) fn of_unregistered(judge: &Judge<'_>, content: Option<&Content>) -> Result<Option<Vec<Like>>, Failure> {
    seek(judge, content.and_then(Asked::of).as_ref(), None)
}

/// Returns each work that the maker acknowledges to be like, in a sentence.
pub(super) fn introduced(judge: &Judge<'_>, works: &[WorkId]) -> Result<Vec<(WorkId, String)>, Failure> {
    match judge.client()?.filter(|_| !works.is_empty()) {
        Some(client) => introduce(judge.context, client, works),
        None => Ok(Vec::new()),
    }
}

fn seek(judge: &Judge<'_>, asked: Option<&Asked>, before: Option<u64>) -> Result<Option<Vec<Like>>, Failure> {
    let (Some(asked), Some(client)) = (asked, judge.client()?) else { return Ok(None) };
    find_or_warn(judge.context, client, Some(asked), &Wanted { before, ..Wanted::default() })
}
