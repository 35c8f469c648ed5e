//! The terms on which title moves: from what was typed and what is proved, to what gets signed.

pub mod summary;

use std::path::{Path, PathBuf};

use clap::Args;
use colophon_fingerprint::file::fingerprint_file;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::{Card, TermsWords};
use colophon_ledger::deal::{Basis, Commitment, Delivery, Money, Price};
use colophon_ledger::draft::PriceOpening;
use colophon_ledger::edition::{OfferStanding, standing};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::terms::{Document, Terms, TermsWord};
use colophon_ledger::field::{Country, Digest, DocumentType, Int, List, Marker, WorkId};
use colophon_ledger::state::{EditionRecord, Listed};
use serde::de::DeserializeOwned;

use crate::clock;
use crate::codes::account::account;
use crate::codes::country::country;
use crate::codes::date::until;
use crate::codes::money::money;
use crate::codes::plain::plain;
use crate::failure::Failure;
use crate::signing::accounts::KnownAccounts;
use crate::signing::{Desk, Plan, card_of, random};
use crate::ui::Ui;
use crate::words::{called, time};

/// What a transfer and an offer are typed with.
#[derive(Debug, Args)]
pub struct TermsArgs {
    /// The work: its id, or the first digits of one in my history
    pub work: String,
    /// Which edition
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub edition: u64,
    /// The recipient's account; they see it with colophon key show
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub to: AccountId,
    /// The country it goes to, such as FR
    #[arg(long, value_name = "CC", value_parser = country)]
    pub to_country: Country,
    /// On what grounds: sale, auction, gift, donation, exchange or return. A sale if there is a price, else a gift
    #[arg(long, value_parser = word::<Basis>)]
    pub basis: Option<Basis>,
    /// What is paid, such as "1250.00 EUR"
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true, value_parser = money)]
    pub price: Option<Money>,
    /// Keep the price between the parties: the register gets a commitment to it and no amount
    #[arg(long, requires = "price")]
    pub secret_price: bool,
    /// What it is declared to be worth, such as "20000.00 EUR", where a law asks for that and the price is none or a secret
    #[arg(long, value_name = "MONEY", value_parser = money)]
    pub value: Option<Money>,
    /// A professional of the art market takes part: a dealer, an auction house, a gallery. Laws on resale royalties ask for it
    #[arg(long)]
    pub professional: bool,
    /// How it is handed over: digital, physical or rights
    #[arg(long, default_value = "digital", value_parser = word::<Delivery>)]
    pub delivery: Delivery,
    /// A paper that goes with it, such as `EXPORT_CERT_ORIGIN=certificate.pdf`; only its hash leaves this machine
    #[arg(long = "document", value_name = "TYPE=FILE", value_parser = document)]
    pub documents: Vec<(DocumentType, PathBuf)>,
    /// A remark to the recipient. It goes into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Reads one word of a closed list, as the ledger writes it.
pub fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.to_ascii_lowercase().into()).map_err(|error| error.to_string())
}

fn document(text: &str) -> Result<(DocumentType, PathBuf), Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no document"), "write TYPE=FILE, such as INVOICE=invoice.pdf");
    let (kind, file) = text.split_once('=').ok_or_else(wrong)?;
    let kind = kind.trim().to_ascii_uppercase().replace('-', "_").parse().map_err(|_| wrong())?;
    Ok((kind, PathBuf::from(file)))
}

/// What the terms are to be, apart from the state they set out from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A transfer or an offer.
    pub kind: TermsWord,
    /// Whether the offer cannot be withdrawn.
    pub firm: bool,
    /// Until when, in milliseconds after 1970.
    pub expires_ms: u64,
    /// The papers, hashed.
    pub documents: Vec<Document>,
    /// The card with the remark.
    pub card: Option<Card>,
    /// The salt of a price that is kept secret.
    pub salt: Option<[u8; 32]>,
}

/// Who sets out the terms, and the edition as it is proved to stand.
#[derive(Debug)]
pub struct Standpoint<'s> {
    /// The account that acts.
    pub by: AccountId,
    /// The work.
    pub work: WorkId,
    /// The edition.
    pub state: &'s EditionRecord,
    /// The accounts that operate the register.
    pub operators: &'s [AccountId],
    /// What is proved of the holder and of whom an offer was made to.
    pub accounts: &'s KnownAccounts,
    /// The time, in milliseconds after 1970.
    pub now_ms: u64,
}

/// Looks up where the edition stands, and plans the entry.
pub fn draw_up(
    desk: &Desk<'_>,
    args: &TermsArgs,
    kind: TermsWord,
    firm: bool,
    expires: &str,
) -> Result<(Plan, WorkId), Failure> {
    let now = clock::now()?;
    let expires_ms = until(expires, now)?;
    let documents = hash_documents(&args.documents, &desk.context.ui)?;
    if !documents.is_empty() {
        desk.context.ui.note(
            "papers named here are the parties' own, and count for no rule: rules count documents that are attested (colophon attest)",
        );
    }
    let card = remark(args.note.as_deref())?;
    let salt = if args.secret_price { Some(random()?) } else { None };
    let wanted = Wanted { kind, firm, expires_ms, documents, card, salt };

    let work = desk.history()?.work(&args.work)?;
    let facts = desk.work(&work, args.edition)?;
    let mut accounts = KnownAccounts::default();
    for account in facts.state.offer.iter().map(|offer| offer.to).chain([facts.state.holder]) {
        accounts.add(&desk.facts(&account)?);
    }
    let standpoint = Standpoint {
        by: desk.account,
        work,
        state: &facts.state,
        operators: &desk.client.rules().operators,
        accounts: &accounts,
        now_ms: u64::try_from(now.as_millisecond()).unwrap_or_default(),
    };
    let plan = plan(args, wanted, &standpoint)?;
    // An offer may be made meanwhile: it can be accepted once nothing blocks title any more.
    if kind == TermsWord::Offer {
        warn_unless_free(&facts.state, &desk.context.ui);
    }
    Ok((plan, work))
}

/// Returns the card of a remark, if there is one.
pub fn remark(note: Option<&str>) -> Result<Option<Card>, Failure> {
    let Some(note) = note.filter(|note| !note.trim().is_empty()) else { return Ok(None) };
    plain("--note", note)?;
    card_of(&TermsWords { note: Some(note.to_owned()), document_numbers: Vec::new() }).map(Some)
}

/// Returns SHA-256 of a file, with progress.
pub fn hash_of(path: &Path, ui: &Ui) -> Result<Digest, Failure> {
    let total = std::fs::metadata(path).ok().map(|data| data.len());
    let mut progress = ui.progress(&format!("hashing {}", path.display()), total);
    Ok(Digest(fingerprint_file(path, &mut |done| progress.advance_to(done))?.sha256))
}

fn hash_documents(documents: &[(DocumentType, PathBuf)], ui: &Ui) -> Result<Vec<Document>, Failure> {
    let hash = |(kind, path): &(DocumentType, PathBuf)| {
        Ok(Document { sha256: hash_of(path, ui)?, document_type: kind.clone() })
    };
    documents.iter().map(hash).collect()
}

/// Returns the entry to be signed, or the refusal that the register would answer with.
pub fn plan(args: &TermsArgs, wanted: Wanted, at: &Standpoint<'_>) -> Result<Plan, Failure> {
    check(args, at)?;
    if wanted.kind == TermsWord::Transfer {
        check_free(at.state)?;
    }
    let number = Int::new(args.edition)
        .ok_or_else(|| Failure::usage(format!("{} is no edition", args.edition), "editions are numbered from 1"))?;
    let documents = Some(wanted.documents).filter(|documents| !documents.is_empty()).map(|documents| {
        List::new(documents).ok_or_else(|| Failure::usage("there are too many documents", "give at most 16"))
    });
    let gift_or_sale = if args.price.is_some() { Basis::Sale } else { Basis::Gift };
    let mut terms = Terms {
        basis: args.basis.unwrap_or(gift_or_sale),
        by: at.by,
        card: wanted.card.as_ref().map(Card::digest),
        delivery: args.delivery,
        documents: documents.transpose()?,
        edition: number,
        expires_ms: Int::new(wanted.expires_ms)
            .ok_or_else(|| Failure::usage("the end lies too far ahead", "choose an earlier time"))?,
        firm: wanted.firm.then_some(Marker),
        from_country: at.state.country.clone(),
        kind: wanted.kind,
        prev: at.state.newest,
        price: args.price.clone().map(Price::Open),
        professional: args.professional.then_some(Marker),
        to: args.to,
        to_country: args.to_country.clone(),
        value: args.value.clone(),
        work: at.work,
    };
    let mut opening = None;
    if let (Some(price), Some(salt)) = (&args.price, wanted.salt) {
        let commitment = terms.price_commitment(price, &salt);
        terms.price = Some(Price::Committed(Commitment { commitment }));
        opening = Some(PriceOpening { price: price.clone(), salt: Digest(salt.into()) });
    }
    let body = match wanted.kind {
        TermsWord::Transfer => Body::Transfer(terms),
        TermsWord::Offer => Body::Offer(terms),
    };
    Ok(Plan { body, card: wanted.card, price: opening })
}

fn check(args: &TermsArgs, at: &Standpoint<'_>) -> Result<(), Failure> {
    let Standpoint { by, state, .. } = at;
    if at.operators.contains(&args.to) {
        let what = format!("{} operates this register, so it can own nothing in it", args.to);
        return Err(Failure::refused("operator_cannot_own", what, "check the recipient's account"));
    }
    if state.holder != *by {
        return Err(not_holder(&state.holder));
    }
    if args.to == *by {
        return Err(Failure::refused("same_holder", "this is your own account", "name the recipient's account"));
    }
    let Some(offer) = &state.offer else { return Ok(()) };
    // What cannot be reckoned here is left for the register to refuse.
    if standing(at.accounts, &state.holder, offer, at.now_ms) == Ok(OfferStanding::Stands) {
        let what = format!("an offer to {} stands until {}", called(&offer.to, None), time(offer.expires_ms));
        let cure = if offer.firm { "it is firm: wait until then" } else { "withdraw it first: colophon withdraw WORK" };
        return Err(Failure::refused("offer_stands", what, cure));
    }
    Ok(())
}

/// Refuses an edition whose title cannot move, before anybody signs.
pub fn check_free(state: &EditionRecord) -> Result<(), Failure> {
    let blocking: Vec<_> = state.burdens().iter().filter(|burden| burden.kind.blocks()).cloned().collect();
    if blocking.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        "encumbered",
        format!("the edition is {}", Listed(blocking)),
        "have each released by whom it names: colophon release WORK",
    ))
}

/// Warns that title cannot move for now, of what may be asked or offered all the same. Returns whether it can.
pub fn warn_unless_free(state: &EditionRecord, ui: &Ui) -> bool {
    let Err(burdened) = check_free(state) else { return true };
    ui.warn(format_args!("title cannot move for now: {}", burdened.what()));
    ui.note(burdened.cure());
    false
}

/// Returns the refusal of somebody who deals with what they do not hold.
pub fn not_holder(holder: &AccountId) -> Failure {
    Failure::refused(
        "not_holder",
        format!("you do not hold this edition: it is held by {holder}"),
        "see colophon show WORK, or name another edition with --edition N",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use clap::Parser;
    use colophon_ledger::state::OfferRecord;
    use colophon_tlog::hash::sha256;
    use colophon_tlog::key::SecretKey;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        terms: TermsArgs,
    }

    fn who(seed: u8) -> AccountId {
        AccountId::from(&SecretKey::from_seed([seed; 32]).public())
    }

    fn typed(more: &[&str]) -> TermsArgs {
        let to = who(2).to_string();
        let words = ["transfer", "5f1c5f1c", "--to", &to, "--to-country", "fr"];
        Typed::try_parse_from(words.iter().chain(more)).unwrap().terms
    }

    fn state() -> EditionRecord {
        let newest = Digest(sha256(b"newest"));
        let country = "CN".parse().unwrap();
        EditionRecord {
            allegations: None,
            country,
            encumbrances: None,
            holder: who(1),
            judged: None,
            newest,
            offer: None,
            rules: None,
            since_ms: 0,
            transfers: 3,
        }
    }

    fn planned(args: &TermsArgs, state: &EditionRecord, salt: Option<[u8; 32]>) -> Result<Plan, Failure> {
        let mut accounts = KnownAccounts::default();
        for seed in [1, 2, 3] {
            accounts.add_unrecorded(who(seed));
        }
        let wanted = Wanted {
            kind: TermsWord::Transfer,
            firm: false,
            expires_ms: 2000,
            documents: Vec::new(),
            card: None,
            salt,
        };
        let work = Digest(sha256(b"work"));
        plan(
            args,
            wanted,
            &Standpoint { by: who(1), work, state, operators: &[who(9)], accounts: &accounts, now_ms: 1000 },
        )
    }

    fn terms_of(plan: &Plan) -> &Terms {
        match &plan.body {
            Body::Transfer(terms) => terms,
            body => panic!("{}", body.kind()),
        }
    }

    #[test]
    fn terms_set_out_from_what_is_proved() {
        let plan = planned(&typed(&["--price", "1250.00 EUR"]), &state(), None).unwrap();
        let terms = terms_of(&plan);
        assert_eq!((terms.prev, terms.from_country.as_str(), terms.to_country.as_str()), (state().newest, "CN", "FR"));
        assert_eq!((terms.basis, terms.delivery, terms.edition.get()), (Basis::Sale, Delivery::Digital, 1));
        let plan = planned(&typed(&["--basis", "exchange", "--delivery", "physical"]), &state(), None).unwrap();
        assert_eq!((terms_of(&plan).basis, terms_of(&plan).delivery), (Basis::Exchange, Delivery::Physical));
        assert_eq!(terms_of(&planned(&typed(&[]), &state(), None).unwrap()).basis, Basis::Gift);
    }

    #[test]
    fn a_secret_price_is_in_the_opening_alone() {
        let plan = planned(&typed(&["--price", "1250.00 EUR", "--secret-price"]), &state(), Some([7; 32])).unwrap();
        assert!(!plan.body.to_canonical().contains("125000"));
        let opening = plan.price.as_ref().unwrap();
        assert!(opening.opens(terms_of(&plan)));
        assert_eq!(opening.price.amount.get(), 125_000);
    }

    #[test]
    fn what_the_register_would_refuse_is_refused_with_its_code() {
        let offer = |to, firm, expires_ms| OfferRecord {
            basis: Basis::Sale,
            delivery: Delivery::Digital,
            expires_ms,
            firm,
            index: 5,
            price: None,
            professional: None,
            to,
            to_country: "IT".parse().unwrap(),
            value: None,
        };
        let to_self = TermsArgs { to: who(1), ..typed(&[]) };
        let to_operator = TermsArgs { to: who(9), ..typed(&[]) };
        for (args, state, code) in [
            (typed(&[]), EditionRecord { holder: who(3), ..state() }, "not_holder"),
            (to_self, state(), "same_holder"),
            (to_operator, state(), "operator_cannot_own"),
            (typed(&[]), EditionRecord { offer: Some(offer(who(3), true, 1000)), ..state() }, "offer_stands"),
            (typed(&[]), EditionRecord { offer: Some(offer(who(2), false, 1000)), ..state() }, "offer_stands"),
        ] {
            let failure = planned(&args, &state, None).unwrap_err();
            assert_eq!((failure.exit(), failure.code()), (Exit::Refused, code));
        }
        let expired = EditionRecord { offer: Some(offer(who(3), true, 999)), ..state() };
        assert!(planned(&typed(&[]), &expired, None).is_ok());
    }

    #[test]
    fn words_and_documents_are_read() {
        assert_eq!(document("export-cert-origin=a=b.pdf").unwrap().1, PathBuf::from("a=b.pdf"));
        assert!(document("INVOICE").is_err() && document("=x").is_err());
        assert!(word::<Basis>("theft").is_err());
        assert_eq!(word::<Basis>("Sale"), Ok(Basis::Sale));
    }
}
