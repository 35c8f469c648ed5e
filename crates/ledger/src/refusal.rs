//! Why an entry is refused: a closed list, in order of precedence, each with a stable code.

use colophon_tlog::note::KeyId;

use crate::account::AccountId;
use crate::crossing::objections::Objections;
use crate::field::{Digest, EntryId, Origin, WorkId};
use crate::state::{FLAGGING, Listed};

/// A rule's answer "no". The variants stand in the order in which they are looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    // The bytes.
    /// The entry is longer than a leaf may be.
    #[error("the entry has {bytes} bytes; at most 16384 are allowed")]
    EntryTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The bytes are not a signed note of two text lines.
    #[error("the entry is not a signed note of a tag line and a body line: {0}")]
    EntryMalformed(String),
    /// The body is not a JSON object that names a kind.
    #[error("the body is not a JSON object with a kind: {0}")]
    BodyMalformed(String),
    /// The body's kind is not known to these rules.
    #[error("there is no kind of entry {0:?} in these rules")]
    UnknownKind(String),
    /// The body has a member that is not known to these rules.
    #[error("these rules know no member {0:?} of this kind of entry")]
    UnknownMember(String),
    /// A member is missing, or its value is not allowed.
    #[error("the body does not fit its kind: {0}")]
    BodyInvalid(String),
    /// The body is not written in its canonical form.
    #[error("the body is not in canonical form; the same content is written {0}")]
    BodyNotCanonical(String),

    // Where it belongs.
    /// The entry names another register.
    #[error("the entry is for the register {0:?}")]
    WrongOrigin(String),
    /// The entry names a register of the same name that began with another genesis.
    #[error("the entry is for a register of this name that began with the genesis {0}")]
    WrongGenesis(EntryId),
    /// Seals and the genesis are made by the register, not submitted to it.
    #[error("entries of the kind {0:?} are made by the register itself")]
    NotSubmittable(&'static str),
    /// The card that came with the entry is not the one the entry commits to.
    #[error("the card does not fit the digest in the entry: {0}")]
    CardMismatch(String),

    // Its signatures.
    /// The signature lines are not those of the accounts this kind requires.
    #[error("the signatures are not the ones this entry needs: {0}")]
    SignatureSet(String),
    /// A signature does not verify.
    #[error("the signature of {account} by the key {key_id} does not verify")]
    SignatureInvalid {
        /// The account that is said to have signed.
        account: AccountId,
        /// The key that is said to have signed.
        key_id: KeyId,
    },

    // Its place in the state.
    /// The very same entry is in the register.
    #[error("the same entry is in the register, at index {index}")]
    Repeated {
        /// Where it stands.
        index: u64,
    },
    /// The governors have ended the register.
    #[error("the register has been retired{}", .successor.as_ref().map(|origin| format!("; {origin} goes on with it")).unwrap_or_default())]
    Retired {
        /// The name of the register that goes on with it.
        successor: Option<Origin>,
    },
    /// The governors have put other rules in force.
    #[error("from batch {height} on this register goes by rules version {rules}")]
    RulesEnded {
        /// The height from which on these rules judge nothing.
        height: u64,
        /// The version of those in force.
        rules: u64,
    },
    /// The work is not in this register.
    #[error("there is no work {0} in this register")]
    WorkUnknown(WorkId),
    /// The work has fewer editions.
    #[error("there is no edition {edition}: the work has {editions} in all")]
    EditionUnknown {
        /// The edition asked for.
        edition: u64,
        /// How many there are.
        editions: u64,
    },
    /// The work has been carried over from the predecessor, and this edition has not.
    #[error("the edition {edition} has not been carried over to this register yet")]
    EditionNotCarried {
        /// The edition asked for.
        edition: u64,
    },
    /// A flag or a lien keeps title where it is.
    #[error("the edition is {0}")]
    Encumbered(Box<Listed>),
    /// Another entry came first in this chain.
    #[error("the entry follows {found}, but the newest of its chain is {newest}")]
    PrevStale {
        /// What the entry names as `prev`.
        found: String,
        /// What it should name.
        newest: String,
    },
    /// An operator's account would come to own something.
    #[error("{0} operates this register, so it can own nothing in it")]
    OperatorCannotOwn(AccountId),
    /// The file was first registered by another account, and the mint does not say so.
    #[error(
        "this face was first registered by another account as the work {first}: the mint must name it in ack_first"
    )]
    AckFirstMissing {
        /// The first work with this file.
        first: WorkId,
    },
    /// The mint acknowledges a work that is not the first registration of its face.
    #[error("ack_first names {found}, which is not the first registration of this face by another account")]
    AckFirstWrong {
        /// What the mint names.
        found: WorkId,
    },
    /// The same account registered the same face before.
    #[error("this account has registered the face {face} before, as the work {work}")]
    FaceRepeated {
        /// The file's digest.
        face: Digest,
        /// The work it stands for.
        work: WorkId,
    },
    /// The account does not hold the edition.
    #[error("the edition is held by {holder}")]
    NotHolder {
        /// Who does.
        holder: AccountId,
    },
    /// The account is not the one an offer was made to.
    #[error("the offer was made to {to}")]
    NotRecipient {
        /// To whom it was made.
        to: AccountId,
    },
    /// A transfer or offer to oneself.
    #[error("an edition cannot move to its own holder")]
    SameHolder,
    /// The country of departure is not where the edition is.
    #[error("the edition is held in {country}")]
    CountryMismatch {
        /// The country the edition is in.
        country: String,
    },
    /// Another account has an offer that stands.
    #[error("an offer to {to} stands until {until_ms} ms after 1970")]
    OfferStands {
        /// To whom.
        to: AccountId,
        /// Until when.
        until_ms: u64,
    },
    /// There is no offer to accept: none was made, something has come after it, or a party rotated its keys since.
    #[error("there is no offer to accept: none was made, or a party has changed its keys since")]
    NoOffer,
    /// The offer cannot be withdrawn before it runs out.
    #[error("the offer is firm until {until_ms} ms after 1970")]
    OfferFirm {
        /// Until when.
        until_ms: u64,
    },
    /// The entry came too late.
    #[error("the entry ran out at {expires_ms} ms after 1970")]
    Expired {
        /// When it ran out.
        expires_ms: u64,
    },
    /// The entry would be valid for longer than 366 days.
    #[error("expires_ms is {expires_ms}, more than 366 days ahead")]
    ExpiresTooLate {
        /// When it would run out.
        expires_ms: u64,
    },
    /// A rotation brings a key that is or was one of the account's.
    #[error("the key {0} is, or was, a key of this account")]
    KeyReused(String),
    /// A rotation does not reveal the keys that the one before committed to.
    #[error("the rotation before committed to other keys than these: their list must have the digest {0}")]
    NextMismatch(Digest),

    // The governors' acts.
    /// The governors who sign are not as many of the register's as it takes.
    #[error("the governors of this register do not act so: {0}")]
    NotGovernor(String),
    /// The key cannot be the log's next.
    #[error("log_vkey cannot be the log's next key: {0}")]
    LogKeyUnfit(String),
    /// The new rules would be in force too soon.
    #[error("the new rules are to be in force from batch {height} on, and {least} is the earliest")]
    UpgradeTooNear {
        /// The height that the upgrade names.
        height: u64,
        /// The lowest that it might.
        least: u64,
    },
    /// What is to be voided is no leaf that the rules refuse, or it is voided already.
    #[error("void names the leaf at index {index}, which is none that the rules refuse and no upgrade has voided yet")]
    VoidUnfit {
        /// The index.
        index: u64,
    },
    /// The rules are longer than a set may be.
    #[error("the rules have {bytes} bytes; at most {} are allowed", colophon_corridor::rule_set::RULES_BYTES_MAX)]
    RulesTooLarge {
        /// How long they are.
        bytes: usize,
    },
    /// The arithmetic of a rule may come to more than fits.
    #[error("the arithmetic of {0} may overflow")]
    RulesOverflow(String),
    /// The text is no rule set that can judge.
    #[error("this is no rule set: {0}")]
    RulesInvalid(String),
    /// The rules would judge what came before them.
    #[error("the rules are to be in force from batch {height} on, and {least} is the earliest")]
    RulesRetroactive {
        /// The height that the act names.
        height: u64,
        /// The lowest that it might.
        least: u64,
    },
    /// There is no rule set of this name to withdraw.
    #[error("no rule set {0} is in force or to come")]
    RulesUnknown(String),
    /// As many rule sets as there may be are in force or to come.
    #[error("{} rule sets are in force or to come", colophon_corridor::corridor::SETS_MAX)]
    RulesTooMany,
    /// The account cannot be enrolled, or removed, as the act says.
    #[error("the authority cannot be enrolled or removed so: {0}")]
    AuthorityUnfit(String),

    // Documents.
    /// A rule says no, and no document that is there opens it.
    #[error("the rules of the corridor refuse this. {0}")]
    CrossingRefused(Box<Objections>),
    /// A rule waits for a document.
    #[error("the rules of the corridor wait for a document. {0}")]
    CrossingHeld(Box<Objections>),
    /// Something that rules ask about has a word that they do not know.
    #[error("the rules of the corridor cannot judge this: {0}")]
    CrossingUnknown(String),
    /// There is no attestation that stands.
    #[error("the account has attested no such document, or has taken it back")]
    NothingAttested,

    // Encumbrances.
    /// The account is no authority that may flag.
    #[error("{0} to attest {FLAGGING}, which it takes to flag an edition, to release a flag, and to transmit title")]
    NotAuthority(String),
    /// As many of the kind stand on the edition as may.
    #[error("{most} of this kind stand on the edition, and no more may")]
    EncumbrancesTooMany {
        /// How many may.
        most: usize,
    },
    /// No such flag, lien, loan or allegation stands.
    #[error("nothing of the kind stands on the edition")]
    NothingToRelease,
    /// The encumbrance protects somebody else.
    #[error("it protects {account}, who alone can release it")]
    NotReleaser {
        /// Who it is.
        account: AccountId,
    },

    // Receipts.
    /// No rule has noted this, or a receipt was given for it.
    #[error("no rule has noted that this is owed, or a receipt was given for it")]
    NothingOwed,
    /// It is owed to somebody else.
    #[error("the receipt is given by {payee}")]
    NotPayee {
        /// By whom.
        payee: String,
    },

    // Facts.
    /// Somebody else made the work.
    #[error("the facts of a work are for its maker to amend: {maker}")]
    NotMaker {
        /// Who it is.
        maker: AccountId,
    },
    /// The facts of the work were amended as often as they may be.
    #[error("the facts of the work were amended {} times, and cannot be again", crate::facts::AMENDS_MAX)]
    AmendedTooOften,

    // What a retired register leaves to its successor.
    /// The register began from nothing.
    #[error("this register succeeds no other: there is nothing to carry over")]
    NoPredecessor,
    /// The account or edition has been carried over.
    #[error("it has been carried over to this register before")]
    CarriedBefore,
    /// What is carried over is not shown to have been so in the predecessor.
    #[error("it is not shown to have been so in the register that this one succeeds: {0}")]
    CarryUnfit(String),
    /// The holder's keys have not been carried over.
    #[error("the account of the holder, {holder}, has to be carried over first")]
    HolderNotCarried {
        /// Who it is.
        holder: AccountId,
    },
    /// The keys of somebody have not been carried over who can release what stands on the edition.
    #[error("the account {party}, which can release what stands on the edition, has to be carried over first")]
    PartyNotCarried {
        /// Who it is.
        party: AccountId,
    },
}

impl Refusal {
    /// Returns the stable code by which programs tell refusals apart.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::EntryTooLarge { .. } => "entry_too_large",
            Refusal::EntryMalformed(_) => "entry_malformed",
            Refusal::BodyMalformed(_) => "body_malformed",
            Refusal::UnknownKind(_) => "unknown_kind",
            Refusal::UnknownMember(_) => "unknown_member",
            Refusal::BodyInvalid(_) => "body_invalid",
            Refusal::BodyNotCanonical(_) => "body_not_canonical",
            Refusal::WrongOrigin(_) => "wrong_origin",
            Refusal::WrongGenesis(_) => "wrong_genesis",
            Refusal::NotSubmittable(_) => "not_submittable",
            Refusal::CardMismatch(_) => "card_mismatch",
            Refusal::SignatureSet(_) => "signature_set",
            Refusal::SignatureInvalid { .. } => "signature_invalid",
            Refusal::Repeated { .. } => "repeated",
            Refusal::Retired { .. } => "retired",
            Refusal::RulesEnded { .. } => "rules_ended",
            Refusal::WorkUnknown(_) => "work_unknown",
            Refusal::EditionUnknown { .. } => "edition_unknown",
            Refusal::EditionNotCarried { .. } => "edition_not_carried",
            Refusal::Encumbered(_) => "encumbered",
            Refusal::PrevStale { .. } => "prev_stale",
            Refusal::OperatorCannotOwn(_) => "operator_cannot_own",
            Refusal::AckFirstMissing { .. } => "ack_first_missing",
            Refusal::AckFirstWrong { .. } => "ack_first_wrong",
            Refusal::FaceRepeated { .. } => "face_repeated",
            Refusal::NotHolder { .. } => "not_holder",
            Refusal::NotRecipient { .. } => "not_recipient",
            Refusal::SameHolder => "same_holder",
            Refusal::CountryMismatch { .. } => "country_mismatch",
            Refusal::OfferStands { .. } => "offer_stands",
            Refusal::NoOffer => "no_offer",
            Refusal::OfferFirm { .. } => "offer_firm",
            Refusal::Expired { .. } => "expired",
            Refusal::ExpiresTooLate { .. } => "expires_too_late",
            Refusal::KeyReused(_) => "key_reused",
            Refusal::NextMismatch(_) => "next_mismatch",
            Refusal::NotGovernor(_) => "not_governor",
            Refusal::LogKeyUnfit(_) => "log_key_unfit",
            Refusal::UpgradeTooNear { .. } => "upgrade_too_near",
            Refusal::VoidUnfit { .. } => "void_unfit",
            Refusal::RulesTooLarge { .. } => "rules_too_large",
            Refusal::RulesOverflow(_) => "rules_overflow",
            Refusal::RulesInvalid(_) => "rules_invalid",
            Refusal::RulesRetroactive { .. } => "rules_retroactive",
            Refusal::RulesUnknown(_) => "rules_unknown",
            Refusal::RulesTooMany => "rules_too_many",
            Refusal::AuthorityUnfit(_) => "authority_unfit",
            Refusal::CrossingRefused(_) => "crossing_refused",
            Refusal::CrossingHeld(_) => "crossing_held",
            Refusal::CrossingUnknown(_) => "crossing_unknown",
            Refusal::NothingAttested => "nothing_attested",
            Refusal::NotAuthority(_) => "not_authority",
            Refusal::EncumbrancesTooMany { .. } => "encumbrances_too_many",
            Refusal::NothingToRelease => "nothing_to_release",
            Refusal::NotReleaser { .. } => "not_releaser",
            Refusal::NothingOwed => "nothing_owed",
            Refusal::NotPayee { .. } => "not_payee",
            Refusal::NotMaker { .. } => "not_maker",
            Refusal::AmendedTooOften => "amended_too_often",
            Refusal::NoPredecessor => "no_predecessor",
            Refusal::CarriedBefore => "carried_before",
            Refusal::CarryUnfit(_) => "carry_unfit",
            Refusal::HolderNotCarried { .. } => "holder_not_carried",
            Refusal::PartyNotCarried { .. } => "party_not_carried",
        }
    }

    /// Returns whether newer rules might have taken the entry: then it is no evidence of a wrong.
    pub fn needs_newer_software(&self) -> bool {
        matches!(self, Refusal::UnknownKind(_) | Refusal::UnknownMember(_) | Refusal::RulesEnded { .. })
    }
}
