//! What is registered already that stands against a mint, or must be named in it.

use colophon_client::file::{FileFacts, Registration};
use colophon_client::lookup::Looked;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::WorkId;

use super::plan::Sources;
use crate::failure::Failure;
use crate::likeness::Like;
use crate::words::called;
use crate::words::ids::short;

/// Where it is said that an earlier work is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// By an option of the command.
    ByOption,
    /// In a column of the work's line in a list.
    InList,
    /// By an option, once it is registered by itself: it is one of many that have no list.
    ByItself,
}

/// How a face stands in the register, for an account that would register it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing<'f> {
    /// Nothing is against it.
    Free,
    /// The account has registered it, as this work.
    Mine(WorkId),
    /// Another account was first, and that is not acknowledged.
    Taken(&'f Registration),
}

impl<'f> Standing<'f> {
    /// Judges by what the register has proved of the face.
    pub(super) fn of(looked: &'f Looked<FileFacts>, account: &AccountId, ack_first: Option<WorkId>) -> Standing<'f> {
        let Looked::Found(facts) = looked else { return Standing::Free };
        let Some(first) = facts.registrations.first() else { return Standing::Free };
        if first.record.maker == *account {
            return if facts.face { Standing::Mine(first.work) } else { Standing::Free };
        }
        if ack_first == Some(first.work) { Standing::Free } else { Standing::Taken(first) }
    }
}

/// Returns the refusal of a face that the account has registered before.
pub(super) fn registered_before(work: &WorkId) -> Failure {
    let what = format!("you have registered this very file before, as the work {work}");
    let work = short(work);
    let cure =
        format!("colophon show {work} tells of it, and colophon certificate {work} -o FILE writes its certificate");
    Failure::refused("face_repeated", what, cure)
}

/// Returns the refusal of a face that another account, which calls itself `name`, registered first; `acked` says whether some
/// other work was acknowledged.
pub(super) fn registered_by_others(first: &Registration, name: Option<&str>, acked: bool, said: Said) -> Failure {
    let maker = called(&first.record.maker, name);
    let what = format!("this very file was first registered by another account, {maker}, as the work {}", first.work);
    let code = if acked { "ack_first_wrong" } else { "ack_first_missing" };
    let named = match said {
        Said::ByOption => format!("add --ack-first {}", first.work),
        Said::InList => format!("put into its column ack_first {}", first.work),
        Said::ByItself => format!("by itself, colophon mint FILE --ack-first {}", first.work),
    };
    let cure = format!(
        "look at it with colophon show {}; to register it again knowingly, with that claim named for ever, {named}",
        short(&first.work)
    );
    Failure::refused(code, what, cure)
}

/// Parts the works that are like a face: those of others that are near enough to be taken for the same and are not
/// acknowledged, and those that are merely told.
pub(super) fn unacknowledged<'l>(
    likes: &'l [Like],
    account: &AccountId,
    sources: &Sources,
) -> (Vec<&'l Like>, Vec<&'l Like>) {
    // Who has an earlier work that is as like it does not name whoever copied that.
    let mine: Vec<&Like> = likes.iter().filter(|like| like.maker.account == *account).collect();
    let is_after_mine = |like: &Like| {
        mine.iter().any(|mine| mine.registered.index < like.registered.index && mine.distance <= like.distance)
    };
    let known = |like: &Like| {
        like.maker.account == *account
            || is_after_mine(like)
            || Some(like.work) == sources.ack_first
            || sources.ack_similar.contains(&like.work)
    };
    likes.iter().partition(|like| like.is_alarm() && !known(like))
}

/// Says of a work that it is like the face and stands in nobody's way.
pub(super) fn registered_and_like(like: &Like) -> String {
    format!("registered before and like it: {} (work {})", like.told(), short(&like.work))
}

/// Returns the refusal of a face that is like works of others.
pub(super) fn like_others(open: &[&Like], said: Said) -> Failure {
    let works: Vec<String> = open.iter().map(|like| format!("{} (work {})", like.told(), like.work)).collect();
    let what = format!("it is like what others have registered before: {}", works.join("; "));
    let ids: Vec<WorkId> = open.iter().map(|like| like.work).collect();
    let cure = format!(
        "look with colophon show WORK; to register it knowingly, with what it is like named for ever, {}",
        similar_named(&ids, said)
    );
    Failure::refused("ack_similar_missing", what, cure)
}

/// Says how these works are named as what a work is like.
fn similar_named(works: &[WorkId], said: Said) -> String {
    let each = |before: &str| works.iter().map(|work| format!("{before}{work}")).collect::<Vec<_>>();
    match said {
        Said::ByOption | Said::ByItself => format!("add {}", each("--ack-similar ").join(" ")),
        Said::InList => format!("put into its column ack_similar {}", each("").join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_is_acknowledged_where_it_was_described() {
        let works: Vec<WorkId> = ["1", "2"].iter().map(|digit| digit.repeat(64).parse().unwrap()).collect();
        let (one, two) = (works[0], works[1]);
        let by_option = format!("add --ack-similar {one} --ack-similar {two}");
        assert_eq!(similar_named(&works, Said::ByOption), by_option);
        assert_eq!(similar_named(&works, Said::InList), format!("put into its column ack_similar {one}; {two}"));
    }
}
