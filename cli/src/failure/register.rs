//! What goes wrong between this machine and a register, as a person is told it: one answer for each kind of error.

use colophon_client::failure::{Class, Failure as _};
use colophon_client::follow::FollowError;
use colophon_client::http::{AddressError, HttpError};
use colophon_client::lookup::LookupError;
use colophon_client::pinned::PinError;
use colophon_client::problem::Problem;
use colophon_client::register::FirstUseError;
use colophon_client::security::SecurityError;
use colophon_client::seen::SeenError;
use colophon_client::submit::SubmitError;
use colophon_ledger::certificate::CertificateError;
use colophon_ledger::proved::ProvedError;
use colophon_tlog::checkpoint::CheckpointError;
use colophon_tlog::note::NoteError;

use crate::failure::{Failure, is_without_room};
use crate::words::shown;

/// The status of what a node does not have.
const NOT_FOUND: u16 = 404;
/// The code of a problem that came without one: whoever answered is no register's node, or not only one.
const NO_CODE: &str = "none";

/// What to do where a checkpoint is not signed by the key that the log is known by.
const OTHER_KEY: &str = "check the address; if the operator publishes another key of the log, given to it by the governors, believe it with \
                         colophon trust pin KEY; else do not rely on this answer, and tell the operator";

/// Returns the failure that an error is by its class alone.
fn by_class(error: &impl colophon_client::failure::Failure) -> Failure {
    let (what, cure) = (error.to_string(), error.cure());
    match error.class() {
        Class::Refusal => Failure::refused("refused", what, cure),
        Class::Fault => Failure::try_again(what, cure),
        Class::Security => Failure::not_verified(what, cure),
        Class::Unable => Failure::failed(what, cure),
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let (what, cure) = (problem.to_string(), problem.cure());
        match problem.class() {
            Class::Refusal if problem.code == NO_CODE => {
                Failure::failed(what, "check that the address is a register's")
            }
            // Of what can be registered a lookup tells; that a node lacks what it was asked for says nothing of that.
            Class::Refusal if problem.status == NOT_FOUND => Failure::failed(what, cure),
            Class::Refusal => match problem.objections() {
                Some(said) => Failure::crossing(problem.code, said),
                None => Failure::refused(problem.code, what, cure),
            },
            Class::Fault => Failure::try_again(what, cure),
            Class::Security => Failure::not_verified(what, cure),
            Class::Unable => Failure::failed(what, cure),
        }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Failure {
        match error {
            HttpError::Problem(problem) => problem.into(),
            error @ (HttpError::Unreachable { .. } | HttpError::Broken { .. }) => {
                Failure::away(error.to_string(), error.cure())
            }
            error @ (HttpError::TooLarge { .. } | HttpError::NotUnderstood { .. }) => by_class(&error),
        }
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Failure {
        let (what, cure) = (error.to_string(), error.cure());
        match error {
            AddressError::Form(..) | AddressError::Scheme(_) | AddressError::Extra(_) => Failure::usage(what, cure),
            AddressError::Setup(_) => Failure::failed(what, cure),
        }
    }
}

impl From<SecurityError> for Failure {
    fn from(error: SecurityError) -> Failure {
        // Perhaps the governors have given the log another key. Nobody takes one from the register alone.
        let is_by_another_key = match &error {
            SecurityError::Checkpoint(error) => *error == CheckpointError::Note(NoteError::NoKnownKey),
            SecurityError::Proved(ProvedError::Checkpoint(why)) => *why == NoteError::NoKnownKey.to_string(),
            SecurityError::Fork(_)
            | SecurityError::Proved(_)
            | SecurityError::Certificate(_)
            | SecurityError::Receipt(_)
            | SecurityError::Other { .. }
            | SecurityError::Contradiction(_) => false,
        };
        if is_by_another_key { Failure::not_verified(error.to_string(), OTHER_KEY) } else { by_class(&error) }
    }
}

impl From<SeenError> for Failure {
    fn from(error: SeenError) -> Failure {
        let is_full = matches!(&error, SeenError::File { error, .. } if is_without_room(error));
        if is_full { Failure::try_again(error.to_string(), error.cure()) } else { by_class(&error) }
    }
}

impl From<PinError> for Failure {
    fn from(error: PinError) -> Failure {
        by_class(&error)
    }
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Failure {
        match error {
            FollowError::Http(error) => error.into(),
            FollowError::Seen(error) => error.into(),
            FollowError::Security(error) => error.into(),
            error @ (FollowError::Behind(_) | FollowError::Outrun) => by_class(&error),
        }
    }
}

impl From<FirstUseError> for Failure {
    fn from(error: FirstUseError) -> Failure {
        match error {
            FirstUseError::Http(error) => error.into(),
            FirstUseError::Pin(error) => error.into(),
            FirstUseError::Security(error) => error.into(),
        }
    }
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Failure {
        let (what, cure) = (error.to_string(), error.cure());
        match error {
            LookupError::Follow(error) => error.into(),
            LookupError::NotKnown(_) | LookupError::NoEdition { .. } | LookupError::NotCarried { .. } => {
                Failure::not_registered(what, cure)
            }
            LookupError::Ambiguous(_) => Failure::usage(what, cure),
            LookupError::Stale { .. } => Failure::try_again(what, cure),
            LookupError::Unproved(_) | LookupError::NeedsNewer(_) => Failure::failed(what, cure),
        }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Failure {
        match error {
            SubmitError::Problem(problem) => problem.into(),
            SubmitError::Lookup(error) => error.into(),
        }
    }
}

impl From<CertificateError> for Failure {
    fn from(error: CertificateError) -> Failure {
        let what = shown(&error.to_string());
        match error {
            // A member that is not known may be a newer version's, or one whose name was changed: nothing is proved yet.
            CertificateError::NeedsNewer(_) => Failure::failed(
                format!("the certificate cannot be verified: {what}"),
                "install a newer version of this software; if this is the newest, the certificate was changed",
            ),
            CertificateError::Proved(ProvedError::Checkpoint(_)) => Failure::not_verified(
                format!("the certificate does not prove what it says: {what}"),
                "check that the key is the one that the register's operator publishes; if it is, do not rely on the certificate",
            ),
            CertificateError::TooLarge(_)
            | CertificateError::Malformed(_)
            | CertificateError::Spelling
            | CertificateError::Proved(_)
            | CertificateError::Genesis(_)
            | CertificateError::Order
            | CertificateError::Missing(_)
            | CertificateError::LeftOver(_)
            | CertificateError::Record(_)
            | CertificateError::Seals(_) => Failure::not_verified(
                format!("the certificate does not prove what it says: {what}"),
                "do not rely on it; ask whoever gave it for a new one, or ask the register itself with colophon verify FILE",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use std::io;

    fn not_kept(kind: io::ErrorKind) -> Failure {
        SeenError::File { path: "seen".into(), error: kind.into() }.into()
    }

    fn problem(status: u16, code: &str) -> Problem {
        let body = format!(r#"{{"code":"{code}","detail":"so it is","cure":"do that"}}"#);
        Problem::read(status, None, body.into_bytes())
    }

    #[test]
    fn a_refusal_keeps_its_code() {
        let failure = Failure::from(SubmitError::Problem(problem(422, "offer_stands")));
        assert_eq!((failure.exit(), failure.code(), failure.cure()), (Exit::Refused, "offer_stands", "do that"));
        assert_eq!(failure.what(), "the node answers: so it is (offer_stands)");
    }

    #[test]
    fn each_kind_of_answer_has_its_exit() {
        for (status, code, exit) in [
            (404, "not_found", Exit::Failed),
            (404, "", Exit::Failed),
            (400, "bad_request", Exit::Refused),
            (503, "busy", Exit::TryAgain),
            (429, "inbox_full", Exit::TryAgain),
            (302, "", Exit::Failed),
        ] {
            assert_eq!(Failure::from(HttpError::Problem(problem(status, code))).exit(), exit, "{status} {code}");
        }
        let unreachable = HttpError::Unreachable { host: "a".to_owned(), why: "no".to_owned() };
        for (failure, exit) in [
            (unreachable.into(), Exit::TryAgain),
            (Failure::from(AddressError::Scheme("ftp://a".to_owned())), Exit::Usage),
            (LookupError::NotKnown("work 0123".to_owned()).into(), Exit::NotRegistered),
            (LookupError::Unproved("work 0123".to_owned()).into(), Exit::Failed),
            (LookupError::Ambiguous("01234567".to_owned()).into(), Exit::Usage),
            (LookupError::Stale { given: 1, seen: 2 }.into(), Exit::TryAgain),
            (not_kept(io::ErrorKind::StorageFull), Exit::TryAgain),
            (not_kept(io::ErrorKind::QuotaExceeded), Exit::TryAgain),
            (not_kept(io::ErrorKind::PermissionDenied), Exit::Failed),
            (SecurityError::Contradiction("x".to_owned()).into(), Exit::NotVerified),
            (CertificateError::Spelling.into(), Exit::NotVerified),
            (CertificateError::NeedsNewer("x".to_owned()).into(), Exit::Failed),
        ] {
            assert_eq!(failure.exit(), exit, "{failure}");
        }
        let broken = HttpError::Broken { host: "a".to_owned(), why: "no".to_owned() };
        assert!(Failure::from(LookupError::from(broken)).is_away());
        assert!(!Failure::from(HttpError::Problem(problem(503, "busy"))).is_away(), "who is busy is there");
    }
}
