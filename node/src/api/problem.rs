//! What is wrong with a request, as a problem document (RFC 9457): a stable code, what was found, what would cure it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use colophon_ledger::crossing::objections::Objection;
use colophon_ledger::field::Digest;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Stop;
use colophon_ledger::state::Unreadable;
use serde::Serialize;

use crate::admission::UsedUp;

/// The media type of problem documents.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// How many seconds a client should wait when the register is busy or has no room.
const RETRY_AFTER_S: u64 = 1;
/// The same while the register is stopping or starting.
const RETRY_AFTER_STOPPING_S: u64 = 5;

/// Why a request was not fulfilled.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// The rules say no.
    Refused(Refusal),
    /// The rules would allow it, this node does not.
    NotAdmitted,
    /// There is no such thing.
    NotFound(String),
    /// There is no such thing, and here is the proof.
    Absent(String, Box<StateAnswer>),
    /// A shortened id fits more than one.
    Ambiguous(String),
    /// The request is not of the form it should have.
    BadRequest(String),
    /// The body did not come in time.
    Timeout,
    /// The body is too long.
    BodyTooLarge {
        /// How many bytes are read.
        limit: usize,
    },
    /// The body is of another type than this route reads.
    UnsupportedMediaType(&'static str),
    /// The route knows no such method.
    MethodNotAllowed,
    /// The quota of an account or an address is used up for now.
    OverQuota(UsedUp),
    /// The address that was asked for is too long.
    UrlTooLong {
        /// How many bytes are read.
        limit: usize,
    },
    /// As much waits as may.
    Busy,
    /// As many connections are open, or answers are under way, as may.
    Crowded,
    /// The disk is full.
    DiskFull,
    /// The register is stopping.
    Stopping,
    /// The checkpoint that would show it lacks its witnesses.
    Unwitnessed,
    /// The draft has all its signatures.
    DraftComplete,
    /// As many drafts wait as may.
    InboxFull(String),
    /// The card was here and has been erased.
    CardWithdrawn,
    /// The register names manifests and keeps none.
    ManifestNotKept,
    /// More has happened to the edition than a certificate holds.
    CertificateTooLarge,
    /// A crossing is judged from more records than an answer holds.
    CrossingTooLarge,
    /// A table of statistics has more cells than an answer holds.
    StatsTooLarge {
        /// How many it holds.
        limit: usize,
    },
    /// The tables do not match the log, or cannot be read.
    ViewDamaged,
    /// The tables cannot be read now; they are being made again from the log.
    ViewRebuilding,
    /// This is a copy, and the register that it would pass this on to gives no answer.
    SourceAway,
    /// This is a copy of a register that broke its word.
    SourceUnsound,
    /// The register has done it, and this copy has not got that far yet.
    CopyBehind,
    /// Something else in this node is broken.
    Internal,
}

/// How a problem looks to a program and to a person.
struct Form {
    status: StatusCode,
    code: &'static str,
    cure: &'static str,
}

impl Problem {
    fn form(&self) -> Form {
        use StatusCode as S;
        let passes = |code, cure| (S::SERVICE_UNAVAILABLE, code, cure);
        let (status, code, cure) = match self {
            Problem::Refused(refusal) => {
                let (status, cure) = answer_to(refusal);
                (status, refusal.code(), cure)
            }
            Problem::NotAdmitted => (S::FORBIDDEN, "not_admitted", "ask the operator of this register"),
            Problem::OverQuota(_) => {
                (S::TOO_MANY_REQUESTS, "not_admitted", "try again after the time in Retry-After, or ask the operator")
            }
            Problem::NotFound(_) | Problem::Absent(..) => {
                (S::NOT_FOUND, "not_found", "check the id, and that this is the right register")
            }
            Problem::Ambiguous(_) => (S::CONFLICT, "ambiguous", "give more digits of the id"),
            Problem::BadRequest(_) => (S::BAD_REQUEST, "bad_request", "see /v1/openapi.json for what this route reads"),
            Problem::Timeout => (S::REQUEST_TIMEOUT, "request_timeout", "send the whole body within 30 seconds"),
            Problem::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "body_too_large", "send less at once"),
            Problem::UrlTooLong { .. } => {
                (S::URI_TOO_LONG, "url_too_long", "see /v1/openapi.json; some routes take it posted")
            }
            Problem::UnsupportedMediaType(_) => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "set the Content-Type header")
            }
            Problem::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "see /v1/openapi.json for the methods of this route")
            }
            Problem::Busy | Problem::Crowded => passes("busy", "try again after the time in Retry-After"),
            Problem::DiskFull => passes("disk_full", "try again later; the operator must make room"),
            Problem::Stopping => passes("stopping", "try again after the time in Retry-After"),
            Problem::Unwitnessed => passes("unwitnessed", "send the same entry again after the time in Retry-After"),
            Problem::DraftComplete => (S::CONFLICT, "draft_complete", "submit it as an entry to /v1/entries"),
            Problem::InboxFull(_) => {
                (S::TOO_MANY_REQUESTS, "inbox_full", "pass the draft on as a file, or have others signed or declined")
            }
            Problem::CardWithdrawn => (S::GONE, "card_withdrawn", "nothing: the words were erased, every proof stands"),
            Problem::ManifestNotKept => (
                S::NOT_FOUND,
                "manifest_not_kept",
                "ask the work's maker, or who keeps manifests: the match has its hash",
            ),
            Problem::CertificateTooLarge => {
                (S::UNPROCESSABLE_ENTITY, "certificate_too_large", "read the log itself, and replay it")
            }
            Problem::CrossingTooLarge => {
                (S::UNPROCESSABLE_ENTITY, "crossing_too_large", "submit it: the register judges it all the same")
            }
            Problem::StatsTooLarge { .. } => (
                S::UNPROCESSABLE_ENTITY,
                "stats_too_large",
                "tell transfers apart by fewer things, or ask for larger cells",
            ),
            Problem::ViewDamaged => {
                (S::INTERNAL_SERVER_ERROR, "view_damaged", "tell the operator to restart the node, which repairs it")
            }
            Problem::ViewRebuilding => passes("view_rebuilding", "try again after the time in Retry-After"),
            Problem::SourceAway => {
                passes("source_away", "try again after the time in Retry-After, or ask the register itself")
            }
            Problem::SourceUnsound => {
                passes("source_unsound", "do not rely on this register; ask the operator of this copy why")
            }
            Problem::CopyBehind => {
                passes("copy_behind", "send the same again after the time in Retry-After: it is recorded once")
            }
            Problem::Internal => {
                (S::INTERNAL_SERVER_ERROR, "internal", "tell the operator to look into the node's log")
            }
        };
        Form { status, code, cure }
    }

    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        self.form().code
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.form().status
    }

    fn detail(&self) -> String {
        match self {
            Problem::Refused(refusal) => refusal.to_string(),
            Problem::NotAdmitted => "a running node takes no change of the keys that it signs with itself, but for a new key of the log that lies ready there".to_owned(),
            Problem::OverQuota(UsedUp { whose, wait_s }) => {
                format!("this {whose} has used up what this node takes of it; the next entry is taken in {wait_s} s")
            }
            Problem::NotFound(what) | Problem::Absent(what, _) => format!("there is no {what} here"),
            Problem::Ambiguous(prefix) => format!("more than one work has an id that begins with {prefix}"),
            Problem::BadRequest(why) | Problem::InboxFull(why) => why.clone(),
            Problem::Timeout => "the body did not come in time".to_owned(),
            Problem::BodyTooLarge { limit } => format!("the body has more than {limit} bytes"),
            Problem::UrlTooLong { limit } => format!("the path and query have more than {limit} bytes"),
            Problem::UnsupportedMediaType(expected) => format!("this route reads {expected}"),
            Problem::MethodNotAllowed => "this route does not know the method".to_owned(),
            Problem::Busy => "as many entries wait as may".to_owned(),
            Problem::Crowded => "as many connections are open, or answers are under way, as may".to_owned(),
            Problem::DiskFull => "the register has no room for new entries".to_owned(),
            Problem::Stopping => "the register is stopping".to_owned(),
            Problem::Unwitnessed => {
                "the checkpoint that would show the entry lacks the witnesses that this register asks for".to_owned()
            }
            Problem::DraftComplete => "the draft has every signature it needs".to_owned(),
            Problem::CardWithdrawn => "the card was here and has been erased".to_owned(),
            Problem::ManifestNotKept => "a register names manifests by label and hash, and keeps none".to_owned(),
            Problem::CertificateTooLarge => "more has happened to the edition than a certificate holds".to_owned(),
            Problem::CrossingTooLarge => "it is judged from more records than an answer holds".to_owned(),
            Problem::StatsTooLarge { limit } => format!("the table has more than {limit} cells"),
            Problem::ViewDamaged => {
                "the tables of this node do not match its log; nothing false was answered".to_owned()
            }
            Problem::ViewRebuilding => "the tables of this node are being made again from its log".to_owned(),
            Problem::SourceAway => "the register that this node copies gives no answer".to_owned(),
            Problem::SourceUnsound => {
                "the register that this node copies broke its word; nothing is passed on to it".to_owned()
            }
            Problem::CopyBehind => "the register has recorded it; this copy has not checked that yet".to_owned(),
            Problem::Internal => "the node could not do it".to_owned(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        if matches!(self, Problem::Stopping | Problem::Unwitnessed) {
            return Some(RETRY_AFTER_STOPPING_S);
        }
        if let Problem::OverQuota(UsedUp { wait_s, .. }) = self {
            return Some(*wait_s);
        }
        let passes = matches!(
            self,
            Problem::Busy
                | Problem::Crowded
                | Problem::DiskFull
                | Problem::ViewRebuilding
                | Problem::SourceAway
                | Problem::CopyBehind
                | Problem::InboxFull(_)
        );
        passes.then_some(RETRY_AFTER_S)
    }

    /// Returns the document as it is sent.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.document()).expect("a problem document has string keys alone")
    }

    /// Returns the document.
    pub fn document(&self) -> Document {
        let Form { status, code, cure } = self.form();
        let crossing = if let Problem::Refused(refusal) = self { Crossing::of(refusal) } else { None };
        let absence = if let Problem::Absent(_, answer) = self { Some(answer.clone()) } else { None };
        Document {
            problem_type: format!("urn:colophon:problem:{code}"),
            title: code.replace('_', " "),
            status: status.as_u16(),
            detail: self.detail(),
            code,
            cure,
            retry_after_s: self.retry_after_s(),
            absence,
            crossing,
        }
    }
}

/// The code of a problem, carried along in its response for whoever counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub &'static str);

/// A problem document's members.
#[derive(Debug, Serialize)]
pub struct Document {
    #[serde(rename = "type")]
    problem_type: String,
    title: String,
    status: u16,
    detail: String,
    code: &'static str,
    cure: &'static str,
    /// What Retry-After says, for a problem that stands among others and has no header.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<Box<StateAnswer>>,
    /// What the rules of the corridor say, where they refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    crossing: Option<Crossing>,
}

/// What the rules of the corridor say against title that would move.
#[derive(Debug, Serialize)]
pub struct Crossing {
    /// The digest of the rule sets that were applied together.
    rules: Digest,
    objections: Vec<ObjectionTold>,
}

/// What one rule says.
#[derive(Debug, Serialize)]
pub struct ObjectionTold {
    rule: String,
    holds: bool,
    because: String,
    cite: String,
    cure: String,
    /// The type of the document that it asks for, and whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
}

impl Crossing {
    fn of(refusal: &Refusal) -> Option<Crossing> {
        let (Refusal::CrossingRefused(said) | Refusal::CrossingHeld(said)) = refusal else { return None };
        let told = |objection: &Objection| {
            let Objection { rule, holds, document, of, because, cite, cure } = objection.clone();
            ObjectionTold { rule, holds, because, cite, cure, document, of }
        };
        Some(Crossing { rules: said.rules, objections: said.objections.iter().map(told).collect() })
    }
}

/// Returns the status of each refusal and what would cure it. What is about the form of the bytes is 400, what another
/// entry came before is 409, everything else that the rules say is 422.
#[expect(clippy::too_many_lines, reason = "one arm a refusal, and none for all the others")]
fn answer_to(refusal: &Refusal) -> (StatusCode, &'static str) {
    const FORM: StatusCode = StatusCode::BAD_REQUEST;
    const RULE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    const LATE: StatusCode = StatusCode::CONFLICT;
    match refusal {
        Refusal::EntryTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "name fewer files, creators or documents"),
        Refusal::EntryMalformed(_) => (FORM, "send the signed note exactly as it was signed"),
        Refusal::BodyMalformed(_) | Refusal::BodyInvalid(_) => (FORM, "see the specification for this kind's body"),
        Refusal::UnknownKind(_) | Refusal::UnknownMember(_) => (FORM, "use a kind and members of these rules"),
        Refusal::BodyNotCanonical(_) => (FORM, "sign the body in its canonical form"),
        Refusal::WrongOrigin(_) => (RULE, "submit it to the register it names"),
        Refusal::WrongGenesis(_) => (RULE, "sign it anew for this register's genesis"),
        Refusal::NotSubmittable(_) => (RULE, "nothing: the register makes these itself"),
        Refusal::CardMismatch(_) => (RULE, "send the very card and salt whose digest was signed"),
        Refusal::SignatureSet(_) => (RULE, "have it signed by exactly the keys it needs, lines in order"),
        Refusal::SignatureInvalid { .. } => (RULE, "sign exactly the text that is submitted"),
        Refusal::Repeated { .. } => (LATE, "nothing: it is recorded"),
        Refusal::Retired { .. } => (RULE, "go on at the register that took its place, if there is one"),
        Refusal::RulesEnded { .. } => (RULE, "ask the operator to install the software that knows the new rules"),
        Refusal::WorkUnknown(_) => (RULE, "check the work's id"),
        Refusal::EditionUnknown { .. } => (RULE, "name an edition that there is"),
        Refusal::EditionNotCarried { .. } => {
            (RULE, "have it carried over first: anybody may, with the proofs of the predecessor")
        }
        Refusal::Encumbered(_) => (RULE, "have each flag and lien released by whom it names"),
        Refusal::PrevStale { .. } => (LATE, "look at what came before, and sign anew on top of it"),
        Refusal::OperatorCannotOwn(_) => (RULE, "use an account that does not operate this register"),
        Refusal::AckFirstMissing { .. } => (RULE, "look at the first registration, and name it in ack_first"),
        Refusal::AckFirstWrong { .. } => (RULE, "name the first registration of this face, or leave ack_first out"),
        Refusal::FaceRepeated { .. } => (RULE, "use the work that is there; more editions are another work's"),
        Refusal::NotHolder { .. } => (RULE, "only the holder can do this"),
        Refusal::NotRecipient { .. } => (RULE, "only the account it was offered to can do this"),
        Refusal::SameHolder => (RULE, "name another recipient"),
        Refusal::CountryMismatch { .. } => (RULE, "name the country the edition is in"),
        Refusal::OfferStands { .. } => (RULE, "wait until it ends, or have it declined or withdrawn"),
        Refusal::NoOffer => (RULE, "ask the holder for a new offer"),
        Refusal::OfferFirm { .. } => (RULE, "wait until it runs out"),
        Refusal::Expired { .. } => (RULE, "agree on new terms and sign anew"),
        Refusal::ExpiresTooLate { .. } => (RULE, "choose a time at most 366 days ahead"),
        Refusal::KeyReused(_) => (RULE, "rotate to keys that this account never had"),
        Refusal::NextMismatch(_) => (RULE, "reveal the keys that the last rotation committed to"),
        Refusal::NotGovernor(_) => (RULE, "name and have sign exactly as many governors as the genesis asks for"),
        Refusal::LogKeyUnfit(_) => (RULE, "name a new key under the register's origin"),
        Refusal::UpgradeTooNear { .. } => (RULE, "name a height at least 1000 batches ahead"),
        Refusal::VoidUnfit { .. } => (
            RULE,
            "void only what the rules refuse. A register with such an entry in its log does not take this while it is served: its \
             operator appends it with colophon-node mend",
        ),
        Refusal::RulesTooLarge { .. } => (RULE, "publish it as several sets of other names"),
        Refusal::RulesOverflow(_) => (RULE, "bound the numbers before they are counted with"),
        Refusal::RulesInvalid(_) => {
            (RULE, "mend the rules; colophon-corridor's example `check` says the same without a register")
        }
        Refusal::RulesRetroactive { .. } => (RULE, "name a height after that of the batch that takes it"),
        Refusal::RulesUnknown(_) => (RULE, "name a set that is in force or to come"),
        Refusal::RulesTooMany => (RULE, "withdraw one, or put several into one"),
        Refusal::AuthorityUnfit(_) => (RULE, "check the account, the country and the types of documents"),
        Refusal::CrossingRefused(_) | Refusal::CrossingHeld(_) => {
            (RULE, "do what each rule says; documents are attested in this register")
        }
        Refusal::CrossingUnknown(_) => (
            RULE,
            "take words that rules know: if it is one of the work's facts, have its maker state another (colophon amend)",
        ),
        Refusal::NothingAttested => (RULE, "name the attestation that stands"),
        Refusal::NotAuthority(_) => (
            RULE,
            "have the governors enrol the account; a flag without a country is an allegation, which anybody may make",
        ),
        Refusal::EncumbrancesTooMany { .. } => (RULE, "have one released first"),
        Refusal::NothingToRelease => (RULE, "name the entry of a flag, lien or loan that stands on the edition"),
        Refusal::NotMaker { .. } => (RULE, "state it as a document (attest), which anybody may"),
        Refusal::AmendedTooOften => (RULE, "nothing: state what is new as a document (attest)"),
        Refusal::NothingOwed => (RULE, "see what the crossing's record says is owed, and by which rule"),
        Refusal::NotPayee { .. } => (
            RULE,
            "have it given by whom it names; an authority that is enrolled for the paper names the country it speaks for",
        ),
        Refusal::NotReleaser { .. } => (RULE, "ask the account that it protects to release it"),
        Refusal::NoPredecessor => (RULE, "nothing: what this register has was minted in it"),
        Refusal::CarriedBefore => (LATE, "nothing: it is here"),
        Refusal::CarryUnfit(_) => (RULE, "take the proofs from the predecessor's last checkpoint"),
        Refusal::HolderNotCarried { .. } => (RULE, "carry the holder's account over first"),
        Refusal::PartyNotCarried { .. } => (RULE, "carry that account over first: anybody may"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Form { status, code, .. } = self.form();
        let body = self.to_json();
        let headers = [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, body).into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Code(code));
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Refused(refusal)
    }
}

impl From<UsedUp> for Problem {
    fn from(used_up: UsedUp) -> Problem {
        Problem::OverQuota(used_up)
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Problem {
        tracing::error!("The records cannot be read: {unreadable}");
        Problem::ViewDamaged
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Problem {
        match stop {
            Stop::Refused(refusal) => refusal.into(),
            Stop::Unreadable(unreadable) => unreadable.into(),
        }
    }
}
