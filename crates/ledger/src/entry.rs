//! A signed entry: encode, sign, verify, and tell the kinds apart.
//!
//! An entry is a C2SP signed note of two text lines:
//!
//! ```text
//! colophon.entry/v1 registry.example/art 5f1c…
//! {"by":"z6Mk…","kind":"mint", … }
//!
//! — z6Mk… q83vEj…==
//! ```
//!
//! What is signed is the bytes as received; an entry is never written out again.

pub mod accept;
pub mod amend;
pub mod attest;
pub mod authority;
pub mod carry_account;
pub mod carry_edition;
pub mod close;
pub mod flag;
pub mod genesis;
mod kind;
pub mod lien;
mod lines;
pub mod loan;
pub mod log_key;
pub mod mint;
pub mod offer;
pub mod profile;
pub mod receipt;
pub mod release;
pub mod relocate;
pub mod retire;
pub mod revoke;
pub mod rotate;
pub mod rules;
pub mod seal;
pub mod terms;
pub mod transfer;
pub mod transmit;
pub mod upgrade;

use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::note::{Note, SignatureLine};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::{CanonicalError, from_canonical, to_canonical};
use crate::field::{Digest, EntryId, Origin};
use crate::refusal::Refusal;
use crate::register::Register;
use crate::rule::{Context, Stop};
use crate::state::{Changes, RecordKey, Records};

pub use lines::{ENTRY_BYTES_MAX, SIGNATURES_MAX, entry_id_of_text};

use accept::Accept;
use amend::Amend;
use attest::Attest;
use authority::EnrolAuthority;
use carry_account::CarryAccount;
use carry_edition::CarryEdition;
use close::Close;
use flag::Flag;
use genesis::Genesis;
use lien::Lien;
use lines::{Lines, genesis_text_with, text_with};
use loan::Loan;
use log_key::LogKey;
use mint::Mint;
use profile::Profile;
use receipt::Receipt;
use release::Release;
use relocate::Relocate;
use retire::Retire;
use revoke::Revoke;
use rotate::Rotate;
use rules::PublishRules;
use seal::Seal;
use terms::Terms;
use transmit::Transmit;
use upgrade::Upgrade;

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A register begins.
    Genesis(Genesis),
    /// An account says who it is.
    Profile(Profile),
    /// An account changes its keys.
    Rotate(Rotate),
    /// A work comes into the register.
    Mint(Mint),
    /// Title moves.
    Transfer(Terms),
    /// An edition is offered to one account.
    Offer(Terms),
    /// Title moves on an offer's terms.
    Accept(Accept),
    /// An offer is withdrawn or declined, or half-signed transfers are voided.
    Close(Close),
    /// An account's keys go on in a successor.
    CarryAccount(CarryAccount),
    /// An edition goes on in a successor.
    CarryEdition(Box<CarryEdition>),
    /// Governors give the log another key.
    LogKey(LogKey),
    /// Governors put other rules in force.
    Upgrade(Upgrade),
    /// Governors end the register.
    Retire(Retire),
    /// Governors publish rules of the corridor.
    Rules(Box<PublishRules>),
    /// Governors enrol or remove an authority.
    Authority(EnrolAuthority),
    /// An account states a document.
    Attest(Attest),
    /// An account takes a document back.
    Revoke(Revoke),
    /// An authority blocks an edition, or anybody alleges something about it.
    Flag(Flag),
    /// An edition secures a debt.
    Lien(Lien),
    /// Somebody else than the holder has an edition for a time.
    Loan(Loan),
    /// An encumbrance is let go, or an allegation taken back.
    Release(Release),
    /// What was owed when title moved has been paid, or done.
    Receipt(Receipt),
    /// The maker corrects or adds facts of a work.
    Amend(Box<Amend>),
    /// The holder takes an edition to another country.
    Move(Relocate),
    /// Title moves by an authority's word.
    Transmit(Transmit),
    /// A batch is closed.
    Seal(Seal),
}

/// Each kind of entry, its word and its body, in one place.
macro_rules! kinds {
    ($($word:literal => $kind:ident($body:ty)),+ $(,)?) => {
        impl Body {
            /// Returns the word that stands in the body's `kind`.
            pub fn kind(&self) -> &'static str {
                match self { $(Body::$kind(_) => $word),+ }
            }

            /// Returns the account in the body's `by`.
            pub fn by(&self) -> &AccountId {
                match self { $(Body::$kind(body) => &body.by),+ }
            }

            /// Returns the canonical form.
            pub fn to_canonical(&self) -> String {
                match self { $(Body::$kind(body) => to_canonical(body)),+ }
            }

            /// Reads a body that must be in its canonical form.
            pub fn parse(text: &str) -> Result<Body, Refusal> {
                #[derive(Deserialize)]
                struct Peek<'a> { #[serde(borrow)] kind: std::borrow::Cow<'a, str> }
                if !text.starts_with('{') {
                    return Err(Refusal::BodyMalformed("it does not begin with {".to_owned()));
                }
                let of_kind = |kind: &str| match kind {
                    $($word => Ok(Body::$kind(read(text)?)),)+
                    other => Err(Refusal::UnknownKind(other.chars().take(40).collect())),
                };
                // Nearly always right, and what is read says its kind itself; where it is wrong, the whole is looked through.
                let body = match first_kind(text).map(of_kind) {
                    Some(Ok(body)) => body,
                    _ => {
                        let peek: Peek =
                            serde_json::from_str(text).map_err(|error| Refusal::BodyMalformed(error.to_string()))?;
                        of_kind(&peek.kind)?
                    }
                };
                body.check_members()?;
                Ok(body)
            }
        }
    };
}

kinds! {
    "genesis" => Genesis(Genesis),
    "profile" => Profile(Profile),
    "rotate" => Rotate(Rotate),
    "mint" => Mint(Mint),
    "transfer" => Transfer(Terms),
    "offer" => Offer(Terms),
    "accept" => Accept(Accept),
    "close" => Close(Close),
    "carry_account" => CarryAccount(CarryAccount),
    "carry_edition" => CarryEdition(Box<CarryEdition>),
    "log_key" => LogKey(LogKey),
    "upgrade" => Upgrade(Upgrade),
    "retire" => Retire(Retire),
    "rules" => Rules(Box<PublishRules>),
    "authority" => Authority(EnrolAuthority),
    "attest" => Attest(Attest),
    "revoke" => Revoke(Revoke),
    "flag" => Flag(Flag),
    "lien" => Lien(Lien),
    "loan" => Loan(Loan),
    "release" => Release(Release),
    "receipt" => Receipt(Receipt),
    "amend" => Amend(Box<Amend>),
    "move" => Move(Relocate),
    "transmit" => Transmit(Transmit),
    "seal" => Seal(Seal),
}

/// Returns the first word that stands in a text as the value of a `kind`, be it the body's or another object's.
fn first_kind(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(r#""kind":""#)?;
    rest.split_once('"').map(|(kind, _)| kind)
}

fn read<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    from_canonical(text).map_err(|error| match error {
        CanonicalError::Shape(why) => Refusal::BodyInvalid(why),
        CanonicalError::UnknownMember(name) => Refusal::UnknownMember(name),
        CanonicalError::Spelling(canonical) => Refusal::BodyNotCanonical(canonical),
    })
}

impl Body {
    /// Checks what members say together, beyond what each may say alone.
    fn check_members(&self) -> Result<(), Refusal> {
        match self {
            Body::Genesis(genesis) => genesis.check_members(),
            Body::Rotate(rotate) => rotate.check_members(),
            Body::LogKey(act) => act.check_members(),
            Body::Upgrade(act) => act.check_members(),
            Body::Retire(act) => act.check_members(),
            Body::Rules(act) => act.check_members(),
            Body::Authority(act) => act.check_members(),
            Body::Attest(attest) => attest.check_members(),
            Body::Revoke(revoke) => revoke.check_members(),
            Body::Flag(flag) => flag.check_members(),
            Body::Lien(lien) => lien.check_members(),
            Body::Loan(loan) => loan.check_members(),
            Body::Amend(amend) => amend.check_members(),
            Body::Move(relocate) => relocate.check_members(),
            Body::Transfer(terms) if terms.firm.is_some() => Err(Refusal::UnknownMember("firm".to_owned())),
            _ => Ok(()),
        }
    }

    /// Returns what the entry changes, if its rule lets it. Reads records, writes nothing.
    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        match self {
            Body::Profile(profile) => profile.apply(context, records),
            Body::Rotate(rotate) => rotate.apply(context, records),
            Body::Mint(mint) => mint.apply(context, records),
            Body::Transfer(terms) => transfer::apply(terms, context, records),
            Body::Offer(terms) => offer::apply(terms, context, records),
            Body::Accept(accept) => accept.apply(context, records),
            Body::Close(close) => close.apply(context, records),
            Body::CarryAccount(carry) => carry.apply(context, records),
            Body::CarryEdition(carry) => carry.apply(context, records),
            Body::LogKey(act) => act.apply(context, records),
            Body::Upgrade(act) => act.apply(context, records),
            Body::Retire(act) => act.apply(context, records),
            Body::Rules(act) => act.apply(context, records),
            Body::Authority(act) => act.apply(context, records),
            Body::Attest(attest) => attest.apply(context, records),
            Body::Revoke(revoke) => revoke.apply(context, records),
            Body::Flag(flag) => flag.apply(context, records),
            Body::Lien(lien) => lien.apply(context, records),
            Body::Loan(loan) => loan.apply(context, records),
            Body::Release(release) => release.apply(context, records),
            Body::Receipt(receipt) => receipt.apply(context, records),
            Body::Amend(amend) => amend.apply(context, records),
            Body::Move(relocate) => relocate.apply(context, records),
            Body::Transmit(transmit) => transmit.apply(context, records),
            Body::Genesis(_) | Body::Seal(_) => Err(Refusal::NotSubmittable(self.kind()).into()),
        }
    }

    /// Returns the accounts whose thresholds must sign, in ascending order without doubles.
    pub fn signers(&self) -> Vec<AccountId> {
        let mut signers = match self {
            Body::Genesis(genesis) => genesis.signers(),
            Body::Mint(mint) => mint.signers(),
            Body::Transfer(terms) => vec![terms.by, terms.to],
            Body::Lien(lien) => vec![lien.by, lien.creditor],
            Body::Loan(loan) => vec![loan.by, loan.borrower],
            Body::Transmit(transmit) => vec![transmit.by, transmit.to],
            Body::LogKey(LogKey { governors, .. })
            | Body::Upgrade(Upgrade { governors, .. })
            | Body::Retire(Retire { governors, .. })
            | Body::Authority(EnrolAuthority { governors, .. }) => governors.as_slice().to_vec(),
            Body::Rules(act) => act.governors.as_slice().to_vec(),
            Body::Profile(_)
            | Body::Rotate(_)
            | Body::Offer(_)
            | Body::Accept(_)
            | Body::Close(_)
            | Body::CarryAccount(_)
            | Body::CarryEdition(_)
            | Body::Attest(_)
            | Body::Revoke(_)
            | Body::Flag(_)
            | Body::Release(_)
            | Body::Receipt(_)
            | Body::Amend(_)
            | Body::Move(_)
            | Body::Seal(_) => vec![*self.by()],
        };
        signers.sort_unstable();
        signers.dedup();
        signers
    }

    /// Returns the digest of the card that the entry commits to.
    pub fn card(&self) -> Option<Digest> {
        match self {
            Body::Profile(profile) => Some(profile.card),
            Body::Mint(mint) => Some(mint.card),
            Body::Transfer(terms) | Body::Offer(terms) => terms.card,
            Body::CarryEdition(carry) => carry.mint.as_ref().map(|mint| mint.body.card),
            Body::Attest(attest) => attest.card,
            Body::Flag(flag) => flag.card,
            Body::Lien(lien) => lien.card,
            Body::Loan(loan) => loan.card,
            Body::Receipt(receipt) => receipt.card,
            Body::Amend(amend) => amend.card,
            Body::Move(relocate) => relocate.card,
            Body::Transmit(transmit) => transmit.card,
            Body::Genesis(_)
            | Body::Rotate(_)
            | Body::Accept(_)
            | Body::Close(_)
            | Body::CarryAccount(_)
            | Body::LogKey(_)
            | Body::Upgrade(_)
            | Body::Retire(_)
            | Body::Rules(_)
            | Body::Authority(_)
            | Body::Revoke(_)
            | Body::Release(_)
            | Body::Seal(_) => None,
        }
    }

    /// Returns the edition whose chain the entry belongs to, as work and number.
    pub fn edition(&self) -> Option<(Digest, u64)> {
        match self {
            Body::Transfer(terms) | Body::Offer(terms) => Some((terms.work, terms.edition.get())),
            Body::Accept(accept) => Some((accept.work, accept.edition.get())),
            Body::Close(close) => Some((close.work, close.edition.get())),
            Body::CarryEdition(carry) => Some((carry.work, carry.edition.get())),
            Body::Flag(flag) => flag.blocks().then_some((flag.work, flag.edition.get())),
            Body::Lien(lien) => Some((lien.work, lien.edition.get())),
            Body::Loan(loan) => Some((loan.work, loan.edition.get())),
            Body::Move(relocate) => Some((relocate.work, relocate.edition.get())),
            Body::Transmit(transmit) => Some((transmit.work, transmit.edition.get())),
            Body::Release(release) => release.of.map(|_| (release.work, release.edition.get())),
            Body::Genesis(_)
            | Body::Profile(_)
            | Body::Rotate(_)
            | Body::Mint(_)
            | Body::CarryAccount(_)
            | Body::LogKey(_)
            | Body::Upgrade(_)
            | Body::Retire(_)
            | Body::Rules(_)
            | Body::Authority(_)
            | Body::Attest(_)
            | Body::Revoke(_)
            | Body::Receipt(_)
            | Body::Amend(_)
            | Body::Seal(_) => None,
        }
    }

    /// Returns what an act of the governors follows; nothing for what is none.
    pub fn act_prev(&self) -> Option<EntryId> {
        match self {
            Body::LogKey(LogKey { prev, .. })
            | Body::Upgrade(Upgrade { prev, .. })
            | Body::Retire(Retire { prev, .. })
            | Body::Authority(EnrolAuthority { prev, .. }) => Some(*prev),
            Body::Rules(act) => Some(act.prev),
            _ => None,
        }
    }

    /// Returns whether it is an act of the governors.
    pub fn is_act(&self) -> bool {
        self.act_prev().is_some()
    }
}

/// An entry whose form is right. Its signatures are looked at by [`crate::signature`], its place in the state by [`crate::batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    note: Note,
    id: EntryId,
    origin: Origin,
    genesis: Option<EntryId>,
    /// Apart, so that a list of entries is moved without their bodies.
    body: Box<Body>,
}

impl Entry {
    /// Reads the bytes of a leaf.
    pub fn parse(bytes: &[u8]) -> Result<Entry, Refusal> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(Refusal::EntryTooLarge { bytes: bytes.len() });
        }
        let note = Note::parse(bytes, SIGNATURES_MAX).map_err(|error| Refusal::EntryMalformed(error.to_string()))?;
        let Text { origin, genesis, body } = Text::parse(note.text())?;
        let id = entry_id_of_text(note.text());
        Ok(Entry { note, id, origin, genesis, body: Box::new(body) })
    }

    /// Returns the entry made of a text and its signature lines.
    pub fn from_parts(text: &str, signatures: Vec<SignatureLine>) -> Result<Entry, Refusal> {
        let note =
            Note::new(text.to_owned(), signatures).map_err(|error| Refusal::EntryMalformed(error.to_string()))?;
        Entry::parse(note.as_str().as_bytes())
    }

    /// Returns SHA-256 of the signed text.
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// Returns the records that its rule asks for, but for those that others ask for too.
    pub fn asks_for(&self) -> Vec<RecordKey> {
        match &*self.body {
            Body::Mint(mint) => vec![RecordKey::Work(self.id), RecordKey::File(mint.files.face())],
            body => body.edition().map_or_else(Vec::new, |(work, edition)| {
                vec![RecordKey::Work(work), RecordKey::Edition(work, edition)]
            }),
        }
    }

    /// Returns what is signed: both lines with their newlines.
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// Returns the signature lines, in the order in which they stand.
    pub fn signatures(&self) -> &[SignatureLine] {
        self.note.signatures()
    }

    /// Returns the leaf: the bytes of the whole note.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.as_str().as_bytes().to_vec()
    }

    /// Returns what the entry says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Returns the name of the register the entry is for.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Checks that the entry is for this register and no other, be it of the same name.
    pub fn check_register(&self, register: &Register) -> Result<(), Refusal> {
        if self.origin != register.origin {
            return Err(Refusal::WrongOrigin(self.origin.to_string()));
        }
        match self.genesis {
            Some(genesis) if genesis != register.genesis => Err(Refusal::WrongGenesis(genesis)),
            None if self.id != register.genesis => Err(Refusal::WrongGenesis(self.id)),
            _ => Ok(()),
        }
    }

    /// Checks that the entry is of a kind that people submit.
    pub fn check_submittable(&self) -> Result<(), Refusal> {
        match *self.body {
            Body::Genesis(_) | Body::Seal(_) => Err(Refusal::NotSubmittable(self.body.kind())),
            _ => Ok(()),
        }
    }
}

/// The two lines of an entry, apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The register's name.
    pub origin: Origin,
    /// The register's genesis; absent in the genesis itself.
    pub genesis: Option<EntryId>,
    /// What the entry says.
    pub body: Body,
}

impl Text {
    /// Reads both lines with their newlines.
    pub fn parse(text: &str) -> Result<Text, Refusal> {
        let Lines { origin, genesis, body } = Lines::parse(text)?;
        let body = Body::parse(body)?;
        if genesis.is_none() != matches!(body, Body::Genesis(_)) {
            return Err(Refusal::EntryMalformed("its tag does not fit its kind".to_owned()));
        }
        Ok(Text { origin, genesis, body })
    }
}

/// Returns the text to be signed for `body` in `register`.
pub fn text_of(register: &Register, body: &Body) -> String {
    text_with(register, &body.to_canonical())
}

/// Returns the text to be signed by those who begin the register `origin`.
pub fn genesis_text(origin: &Origin, genesis: &Genesis) -> String {
    genesis_text_with(origin, &to_canonical(genesis))
}

/// Returns the id of a leaf without judging it, if it is a note at all.
pub fn entry_id(leaf: &[u8]) -> Option<Hash> {
    let note = Note::parse(leaf, SIGNATURES_MAX).ok()?;
    Some(sha256(note.text().as_bytes()))
}
