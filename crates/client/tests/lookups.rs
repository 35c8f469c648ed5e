//! A true node: every question gets its answer, and every answer is proved.

use colophon_client::account::{AccountFacts, CHAIN_ENTRIES_MAX};
use colophon_client::card::CardFound;
use colophon_client::client::{Client, Stale};
use colophon_client::entry::EntryName;
use colophon_client::failure::{Class, Failure as _};
use colophon_client::follow::Standing;
use colophon_client::inbox::DRAFTS_MAX;
use colophon_client::lookup::{Looked, LookupError};
use colophon_client::seen::SeenDir;
use colophon_client::work::WorkPrefix;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::iscc::UnitKind;
use serde_json::json;

use crate::node::{Node, Reply};
use crate::people::{ARTIST, BUYER, OPERATOR, Person, THIEF, digest, mint, profile, rotate, terms, text_of};
use crate::register::Story;

async fn told() -> (Node, Story) {
    let story = Story::tell(1);
    (Node::start(story.register.clone()).await, story)
}

#[tokio::test]
async fn a_work_is_shown_with_its_holder_and_mint() {
    let (node, story) = told().await;
    let client = node.client();
    for name in [story.given.to_string(), story.given.to_string()[..12].to_owned()] {
        let facts = client.work(&name.parse().unwrap(), 1).await.unwrap().found().unwrap();
        assert_eq!((facts.work, facts.state.holder, facts.state.transfers), (story.given, BUYER.account(), 1));
        assert_eq!((facts.mint.by, facts.record.maker), (ARTIST.account(), ARTIST.account()));
        assert_eq!(facts.as_of.checkpoint.checkpoint().size.get(), story.register.size());
        assert_eq!(facts.as_of.standing, Standing::Newest);
    }
    // Nothing has happened to the second edition: it is its maker's, because its record is absent.
    let facts = client.work(&WorkPrefix::from(&story.given), 2).await.unwrap().found().unwrap();
    assert_eq!((facts.state.holder, facts.state.newest), (ARTIST.account(), story.given));
}

#[tokio::test]
async fn a_work_that_is_not_there_is_proved_to_be_absent() {
    let (node, story) = told().await;
    let client = node.client();
    let absent = client.work(&WorkPrefix::from(&digest("nothing")), 1).await.unwrap();
    assert!(matches!(absent, Looked::Absent(as_of) if as_of.time_ms() > 0));
    let error = client.work(&"00000000".parse().unwrap(), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::NotKnown(_)), "{error}");
    let error = client.work(&WorkPrefix::from(&story.given), 4).await.unwrap_err();
    assert!(matches!(error, LookupError::NoEdition { edition: 4, editions: 3 }), "{error}");
    // A node may also say no more than that there is no such edition.
    node.lie(
        |path, truth| {
            if path.ends_with("=4") || path.ends_with("=3") { Reply::problem(404, "not_found") } else { truth }
        },
    );
    let error = client.work(&WorkPrefix::from(&story.given), 4).await.unwrap_err();
    assert!(matches!(error, LookupError::NoEdition { edition: 4, editions: 3 }), "{error}");
    let error = client.work(&WorkPrefix::from(&story.given), 3).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
    node.lie(|_, _| Reply::problem(409, "ambiguous"));
    let error = client.work(&"00000000".parse().unwrap(), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::Ambiguous(_)), "{error}");
    assert_eq!(error.class(), Class::Refusal);
}

#[tokio::test]
async fn a_file_names_all_who_registered_it_earliest_first() {
    let (node, story) = told().await;
    let facts = node.client().file(&digest("hills"), 100).await.unwrap().found().unwrap();
    assert_eq!((facts.count, facts.face, facts.next()), (2, true, None));
    let works: Vec<_> = facts.registrations.iter().map(|one| (one.number, one.work, one.record.maker)).collect();
    assert_eq!(works, [(1, story.given, ARTIST.account()), (2, story.stolen, THIEF.account())]);
    assert!(matches!(node.client().file(&digest("nothing"), 100).await.unwrap(), Looked::Absent(_)));
}

#[tokio::test]
async fn a_file_with_many_claims_is_read_in_several_answers() {
    let mut story = Story::tell(1);
    let name = story.register.rules.register.clone();
    let claims: Vec<_> =
        (100..350).map(|person| mint(&name, Person(person), "hills", Some(story.given)).entry).collect();
    story.register.must(&claims);
    let node = Node::start(story.register).await;
    let client = node.client();
    let facts = client.file(&digest("hills"), u64::MAX).await.unwrap().found().unwrap();
    assert_eq!((facts.count, facts.next()), (252, None));
    let numbers: Vec<u64> = facts.registrations.iter().map(|one| one.number).collect();
    assert_eq!(numbers, (1..=252).collect::<Vec<u64>>());
    let some = client.file(&digest("hills"), 10).await.unwrap().found().unwrap();
    assert_eq!((some.registrations.len(), some.next()), (100, Some(100)));
    assert_eq!(node.shelf.lock().unwrap().asked.iter().filter(|path| path.starts_with("v1/files")).count(), 4);
}

#[tokio::test]
async fn an_account_is_shown_with_its_keys_and_its_chain() {
    let mut story = Story::tell(1);
    let name = story.register.rules.register.clone();
    let prev = story.register.first_entry_of(&ARTIST.account());
    story.register.must(&[rotate(&name, ARTIST, &prev, Person(77))]);
    let node = Node::start(story.register).await;
    let client = node.client();
    let facts = client.account(&ARTIST.account()).await.unwrap();
    assert_eq!(facts.keys.keys, [Person(77).account().first_key()]);
    let chain = client.account_chain(&facts).await.unwrap();
    let kinds: Vec<&str> = chain.iter().map(|logged| logged.entry.body().kind()).collect();
    assert_eq!(kinds, ["profile", "rotate"]);
    let profile = client.newest_profile(&facts).await.unwrap().unwrap();
    let Body::Profile(profile) = profile.entry.body() else { panic!("not a profile") };
    let CardFound::Card(card) = client.card(&profile.card).await.unwrap() else { panic!("no card") };
    assert!(card.text.contains("Lin"));
    let silent = client.account(&BUYER.account()).await.unwrap();
    assert!(silent.record.is_none() && client.account_chain(&silent).await.unwrap().is_empty());
    assert_eq!(client.newest_profile(&silent).await.unwrap(), None);
    // Somebody else's newest entry does not lead back to this account.
    let crossed = AccountFacts { account: BUYER.account(), ..facts };
    assert_eq!(client.account_chain(&crossed).await.unwrap_err().class(), Class::Security);
}

#[tokio::test]
async fn an_entry_is_shown_by_id_and_by_index() {
    let (node, story) = told().await;
    let client = node.client();
    let by_id = client.entry(EntryName::Id(story.offer)).await.unwrap();
    assert_eq!(client.entry(EntryName::Index(by_id.index)).await.unwrap(), by_id);
    assert_eq!(by_id.entry.body().kind(), "offer");
    let error = client.entry(EntryName::Index(1000)).await.unwrap_err();
    assert!(matches!(error, LookupError::NotKnown(_)), "{error}");
}

#[tokio::test]
async fn cards_come_by_their_digest_or_not_at_all() {
    let (node, story) = told().await;
    let client = node.client();
    let card = story.register.cards.values().next().unwrap().clone();
    assert_eq!(client.card(&card.digest()).await.unwrap(), CardFound::Card(card.clone()));
    assert_eq!(client.card(&digest("nothing")).await.unwrap(), CardFound::Unknown);
    node.lie(|_, _| Reply::problem(410, "card_withdrawn"));
    assert_eq!(client.card(&card.digest()).await.unwrap(), CardFound::Withdrawn);
}

#[tokio::test]
async fn an_inbox_holds_proved_offers_and_drafts_for_the_account_alone() {
    let (node, story) = told().await;
    let name = story.register.rules.register.clone();
    let draft = |register, to: Person| {
        let body = terms("transfer", ARTIST, to, story.untouched, story.untouched, 1);
        let mut draft = Draft::new(text_of(register, &body), None, None).unwrap();
        draft.sign(&ARTIST.account(), ARTIST.secret()).unwrap();
        draft
    };
    let mut other_name = name.clone();
    other_name.origin = "registry.example/other".parse().unwrap();
    let mut other_genesis = name.clone();
    other_genesis.genesis = digest("other");
    let client = node.client();
    let own = draft(&name, BUYER);
    assert_eq!(client.leave_draft(&own).await.unwrap().id, own.id());
    assert_eq!(client.draft(&own.id()).await.unwrap(), own);
    for foreign in [draft(&name, THIEF), draft(&other_name, BUYER), draft(&other_genesis, BUYER)] {
        node.shelf.lock().unwrap().drafts.push(foreign);
    }
    let offer = |work, offer| json!({"work": work, "edition": 2, "offer": offer});
    node.shelf.lock().unwrap().inbox_offers =
        vec![offer(story.offered, story.offer), offer(story.given, story.offer), offer(story.offered, story.given)];
    let inbox = client.inbox(&BUYER.account()).await.unwrap();
    assert_eq!((inbox.drafts, inbox.dropped), (vec![own.clone()], 5));
    assert_eq!((inbox.offers.len(), inbox.offers[0].terms.to), (1, BUYER.account()));
    assert_eq!(inbox.offers[0].logged.entry.id(), story.offer);
    let note = colophon_client::draft::decline_note(&name, &own.id(), &BUYER.account(), BUYER.secret());
    client.decline_draft(&own.id(), &note).await.unwrap();
    assert!(note.to_string().starts_with(&format!("colophon.decline/v1 registry.example/art {}\n\n", own.id())));
}

#[tokio::test]
async fn of_an_inbox_or_a_chain_without_end_a_part_is_read() {
    let mut story = Story::tell(1);
    let name = story.register.rules.register.clone();
    let mut prev = BUYER.account().to_string();
    let mut entries = Vec::new();
    for number in 0..=CHAIN_ENTRIES_MAX {
        entries.push(profile(&name, BUYER, &prev, &format!("name {number}")).entry);
        prev = entries[number].id().to_string();
    }
    story.register.must(&entries[..CHAIN_ENTRIES_MAX]);
    let node = Node::start(story.register.clone()).await;
    let client = node.client();
    let facts = client.account(&BUYER.account()).await.unwrap();
    assert_eq!(client.account_chain(&facts).await.unwrap().len(), CHAIN_ENTRIES_MAX);
    client.submit(&entries[CHAIN_ENTRIES_MAX], None).await.unwrap();
    let facts = client.account(&BUYER.account()).await.unwrap();
    assert_eq!(client.account_chain(&facts).await.unwrap_err().class(), Class::Unable);
    let draft =
        Draft::new(text_of(&name, &terms("transfer", ARTIST, BUYER, story.untouched, story.untouched, 1)), None, None);
    node.shelf.lock().unwrap().drafts = vec![draft.unwrap(); DRAFTS_MAX + 1];
    let inbox = client.inbox(&BUYER.account()).await.unwrap();
    assert_eq!((inbox.drafts.len(), inbox.dropped), (DRAFTS_MAX, 1));
}

#[tokio::test]
async fn a_certificate_is_verified_when_it_comes_and_when_it_is_shown_again() {
    let (node, story) = told().await;
    let client = node.client();
    let certified = client.certificate(&story.given, 1).await.unwrap();
    assert_eq!(certified.provenance.state.holder, BUYER.account());
    assert!(certified.provenance.accounts.contains_key(&OPERATOR.account()));
    let old = story.register.certificate(&story.given, 1, story.register.size() - 2).to_text();
    let shown = client.verify_certificate(old.as_bytes()).await.unwrap();
    assert_eq!((shown.standing, shown.text), (Standing::Stale, old));
}

#[tokio::test]
async fn an_older_answer_is_taken_only_where_that_was_said() {
    let (node, story) = told().await;
    let client = node.client();
    client.newest().await.unwrap();
    node.shelf.lock().unwrap().published -= 2;
    // A node that is behind still hands out the tiles of the larger log here, so the older state is shown to be older.
    let tiles = story.register.clone();
    node.lie(move |path, truth| tiles.tile_bytes(path, tiles.size()).map_or(truth, Reply::ok));
    let given = WorkPrefix::from(&story.given);
    let error = client.work(&given, 1).await.unwrap_err();
    assert!(matches!(error, LookupError::Stale { .. }), "{error}");
    assert_eq!(error.class(), Class::Fault);
    let facts = node.client_that(Stale::Accept).work(&given, 1).await.unwrap().found().unwrap();
    assert_eq!(facts.as_of.standing, Standing::Stale);
    assert!(node.evidence().is_empty());
}

/// How many kinds of questions there are.
const QUESTIONS: usize = 7;

/// Asks one of them, and returns how the answer stands to what was seen.
async fn ask(client: &Client, story: &Story, number: usize) -> (&'static str, Result<Standing, LookupError>) {
    let (given, nothing) = (WorkPrefix::from(&story.given), digest("nothing"));
    match number {
        0 => ("work", client.work(&given, 1).await.map(|work| work.found().unwrap().as_of.standing)),
        1 => ("no work", client.work(&WorkPrefix::from(&nothing), 1).await.map(absent)),
        2 => ("file", client.file(&digest("hills"), 1).await.map(|file| file.found().unwrap().as_of.standing)),
        3 => ("no file", client.file(&nothing, 1).await.map(absent)),
        4 => ("account", client.account(&ARTIST.account()).await.map(|account| account.as_of.standing)),
        5 => ("entry", client.entry(EntryName::Id(story.given)).await.map(|logged| logged.standing)),
        _ => ("certificate", client.certificate(&story.given, 1).await.map(|certified| certified.standing)),
    }
}

fn absent<T>(looked: Looked<T>) -> Standing {
    let Looked::Absent(as_of) = looked else { panic!("it is there") };
    as_of.standing
}

#[tokio::test]
async fn an_answer_overtaken_on_its_way_is_no_register_that_went_back() {
    let (node, story) = told().await;
    let register = story.register.clone();
    let (older, newer) = (register.moments[register.moments.len() - 2].size, register.size());
    node.shelf.lock().unwrap().published = older;
    let memory = SeenDir::open(&node.dir.path().join("seen")).unwrap();
    let (key, before, after) = (register.rules.log_key.clone(), register.checkpoint(older), register.checkpoint(newer));
    let is_seen = memory.clone();
    node.lie(move |path, truth| {
        // While this answer is on its way, another reader sees the larger log.
        if path.starts_with("v1/") {
            is_seen.replace(&key, Some(&before), &after).unwrap();
        }
        register.tile_bytes(path, newer).map_or(truth, Reply::ok)
    });
    let key = story.register.rules.log_key.clone();
    for number in 0..QUESTIONS {
        // Nothing is remembered but the smaller log, which is what has been seen when the question goes out.
        std::fs::remove_dir_all(node.dir.path().join("seen")).unwrap();
        let client = node.client();
        client.newest().await.unwrap();
        assert_eq!(memory.last(&key).unwrap().unwrap().checkpoint().size.get(), older);
        let (what, answer) = ask(&client, &story, number).await;
        assert_eq!(answer.unwrap(), Standing::Stale, "{what}");
        assert_eq!(memory.last(&key).unwrap().unwrap().checkpoint().size.get(), newer, "{what}");
        // Asked again, the same answer is from a register that has gone back.
        let (_, answer) = ask(&client, &story, number).await;
        let went_back = matches!(answer, Err(LookupError::Stale { given, seen }) if (given, seen) == (older, newer));
        assert!(went_back, "{what}: {answer:?}");
    }
    assert!(node.evidence().is_empty());
}

#[tokio::test]
async fn works_that_came_later_are_passed_over_though_the_node_names_them() {
    let (node, story) = told().await;
    let named = |index: u64| json!({"work": story.given, "file": 1, "index": index, "distance": 0, "code": 0});
    node.answer(Reply::json(&json!({"size": 9, "lookalikes": [named(8), named(3), named(5)]})));
    let client = node.client();
    let indices = async |before| {
        let found = client.lookalikes(UnitKind::Image, &[7], 4, before).await.unwrap();
        found.iter().map(|found| found.index).collect::<Vec<_>>()
    };
    assert_eq!(indices(None).await, [8, 3, 5]);
    assert_eq!(indices(Some(5)).await, [3]);
    let asked = node.shelf.lock().unwrap().asked.clone();
    assert!(asked.iter().any(|path| path.ends_with("codes=0000000000000007&distance=4&before=5")), "{asked:?}");
    assert!(asked.iter().any(|path| path.ends_with("codes=0000000000000007&distance=4")), "{asked:?}");
}
