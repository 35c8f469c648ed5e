//! The page that specifies the format names exactly the members, and the refusals in the order, that the code has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use colophon_ledger::card::Card;
use colophon_ledger::carried::CarriedRecord;
use colophon_ledger::certificate::Certificate;
use colophon_ledger::deal::{Commitment, Money};
use colophon_ledger::draft::{Draft, PriceOpening};
use colophon_ledger::entry::accept::Accept;
use colophon_ledger::entry::amend::Amend;
use colophon_ledger::entry::attest::Attest;
use colophon_ledger::entry::authority::EnrolAuthority;
use colophon_ledger::entry::carry_account::CarryAccount;
use colophon_ledger::entry::carry_edition::{CarriedMint, CarryEdition};
use colophon_ledger::entry::close::Close;
use colophon_ledger::entry::flag::Flag;
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::lien::Lien;
use colophon_ledger::entry::loan::Loan;
use colophon_ledger::entry::log_key::LogKey;
use colophon_ledger::entry::mint::{Creator, Credentials, FileTree, Mint, WorkFile};
use colophon_ledger::entry::profile::Profile;
use colophon_ledger::entry::receipt::Receipt;
use colophon_ledger::entry::release::Release;
use colophon_ledger::entry::relocate::Relocate;
use colophon_ledger::entry::retire::Retire;
use colophon_ledger::entry::revoke::Revoke;
use colophon_ledger::entry::rotate::Rotate;
use colophon_ledger::entry::rules::PublishRules;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::terms::{Document, Terms};
use colophon_ledger::entry::transmit::Transmit;
use colophon_ledger::entry::upgrade::Upgrade;
use colophon_ledger::evidence::{BatchClaim, CheckpointsClaim, EntriesClaim, Evidence, ForkClaim, ProvedLeaf, Stated};
use colophon_ledger::facts::{AiDisclosure, Fcs, WorkFacts};
use colophon_ledger::proved::{ProvedEntry, ProvedRecord};
use colophon_ledger::register::{Predecessor, Successor};
use colophon_ledger::state::{
    AccountRecord, AllegationRecord, AllegationsRecord, AllegedRecord, AmendedRecord, AuthoritiesRecord,
    AuthorityRecord, ClaimRecord, CorridorRecord, CountedRecord, CountryRecord, CrossingRecord, EditionRecord,
    EncumbranceRecord, EnrolledRecord, FileRecord, KeyRecord, NamedSetRecord, NoteRecord, NotedRecord, NotesRecord,
    OfferRecord, PaperRecord, PublishedRecord, ReceiptedRecord, RegisterRecord, RuleListRecord, RuleSetRecord,
    UpgradeRecord, WorkRecord,
};
use colophon_ledger::state_root::OtherRecord;
use serde::de::DeserializeOwned;

const PAGE: &str = include_str!("../../../docs/spec.md");

/// Returns what stands in the first column of the tables under a heading, without its backticks.
fn column(heading: &str) -> Vec<&'static str> {
    let under = PAGE.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading).skip(1);
    let rows = under.take_while(|line| !line.starts_with('#')).filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect()
}

/// Returns the members of a type that refuses unknown ones: its refusal lists them.
fn members<T: DeserializeOwned>() -> Vec<String> {
    let refusal = serde_json::from_str::<T>(r#"{"no such member":0}"#).err().unwrap().to_string();
    let (_, listed) = refusal.split_once("expected ").unwrap();
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

type Table = (&'static str, Vec<String>);

/// Returns the members of each kind, and of what stands in it.
fn kinds() -> Vec<Table> {
    vec![
        ("genesis", members::<Genesis>()),
        ("predecessor", members::<Predecessor>()),
        ("profile", members::<Profile>()),
        ("rotate", members::<Rotate>()),
        ("mint", members::<Mint>()),
        ("creator", members::<Creator>()),
        ("file", members::<WorkFile>()),
        ("credentials", members::<Credentials>()),
        ("tree", members::<FileTree>()),
        ("terms", members::<Terms>()),
        ("document", members::<Document>()),
        ("money", members::<Money>()),
        ("commitment", members::<Commitment>()),
        ("accept", members::<Accept>()),
        ("close", members::<Close>()),
        ("carry_account", members::<CarryAccount>()),
        ("carry_edition", members::<CarryEdition>()),
        ("carried record", members::<CarriedRecord<WorkRecord>>()),
        ("carried mint", members::<CarriedMint>()),
        ("log_key", members::<LogKey>()),
        ("upgrade", members::<Upgrade>()),
        ("retire", members::<Retire>()),
        ("successor", members::<Successor>()),
        ("rules", members::<PublishRules>()),
        ("authority", members::<EnrolAuthority>()),
        ("attest", members::<Attest>()),
        ("revoke", members::<Revoke>()),
        ("flag", members::<Flag>()),
        ("lien", members::<Lien>()),
        ("loan", members::<Loan>()),
        ("release", members::<Release>()),
        ("receipt", members::<Receipt>()),
        ("amend", members::<Amend>()),
        ("move", members::<Relocate>()),
        ("transmit", members::<Transmit>()),
        ("facts", members::<WorkFacts>()),
        ("ai", members::<AiDisclosure>()),
        ("fcs", members::<Fcs>()),
        ("amended", members::<AmendedRecord>()),
        ("seal", members::<Seal>()),
    ]
}

/// Returns the members of records and files.
fn others() -> Vec<Table> {
    vec![
        ("work record", members::<WorkRecord>()),
        ("file record", members::<FileRecord>()),
        ("claim record", members::<ClaimRecord>()),
        ("edition record", members::<EditionRecord>()),
        ("offer record", members::<OfferRecord>()),
        ("account record", members::<AccountRecord>()),
        ("key record", members::<KeyRecord>()),
        ("register record", members::<RegisterRecord>()),
        ("upgrade record", members::<UpgradeRecord>()),
        ("rule list", members::<RuleListRecord>()),
        ("listed set", members::<RuleSetRecord>()),
        ("published rules", members::<PublishedRecord>()),
        ("authorities", members::<AuthoritiesRecord>()),
        ("country with types", members::<CountryRecord>()),
        ("authority record", members::<AuthorityRecord>()),
        ("enrolled account", members::<EnrolledRecord>()),
        ("notes", members::<NotesRecord>()),
        ("note", members::<NoteRecord>()),
        ("paper", members::<PaperRecord>()),
        ("crossing", members::<CrossingRecord>()),
        ("counted paper", members::<CountedRecord>()),
        ("corridor", members::<CorridorRecord>()),
        ("named set", members::<NamedSetRecord>()),
        ("encumbrance", members::<EncumbranceRecord>()),
        ("allegations", members::<AllegationsRecord>()),
        ("alleged", members::<AllegedRecord>()),
        ("allegation", members::<AllegationRecord>()),
        ("note of a rule", members::<NotedRecord>()),
        ("receipt of it", members::<ReceiptedRecord>()),
        ("proved entry", members::<ProvedEntry>()),
        ("proved record", members::<ProvedRecord>()),
        ("other", members::<OtherRecord>()),
        ("certificate", members::<Certificate>()),
        ("card", members::<Card>()),
        ("draft", members::<Draft>()),
        ("opening", members::<PriceOpening>()),
        ("evidence", members::<Evidence>()),
        ("proved leaf", members::<ProvedLeaf>()),
        ("fork", members::<ForkClaim>()),
        ("entries", members::<EntriesClaim>()),
        ("stated", members::<Stated>()),
        ("batch", members::<BatchClaim>()),
        ("checkpoints", members::<CheckpointsClaim>()),
    ]
}

#[test]
fn every_table_names_the_members_the_code_has() {
    for (heading, members) in kinds().into_iter().chain(others()) {
        assert_eq!(column(heading), members, "the table under {heading}");
        assert!(members.is_sorted(), "{heading} is written in this order, so it must be ascending");
    }
}

#[test]
fn the_refusals_stand_in_the_order_of_the_code() {
    let source = include_str!("../src/refusal.rs");
    let listed =
        source.lines().filter_map(|line| line.split_once("=> \"").map(|(_, rest)| rest.trim_end_matches("\",")));
    assert_eq!(column("10.1 The refusals, in order of precedence"), listed.collect::<Vec<_>>());
}
