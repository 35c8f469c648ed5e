//! Submitting: a receipt is believed when it proves that this very entry is there.

use colophon_client::failure::{Class, Failure as _};
use colophon_client::submit::{CHUNK_ENTRIES_MAX, Submission, SubmitError};
use colophon_ledger::card::{CARD_BYTES_MAX, Card};
use serde_json::{Value, json};

use crate::node::{Node, Reply};
use crate::people::{ARTIST, BUYER, Person, mint, profile, sign_text, signed, terms};
use crate::register::{Story, TrueRegister};

fn works(register: &TrueRegister, count: u64) -> Vec<Submission> {
    (0..count).map(|number| mint(&register.rules.register, ARTIST, &format!("work {number}"), None)).collect()
}

#[tokio::test]
async fn an_entry_gets_a_receipt_and_gets_it_again() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let Submission { entry, card } = mint(&register.rules.register, ARTIST, "hills", None);
    let first = client.submit(&entry, card.as_ref()).await.unwrap();
    assert_eq!((first.id, first.index, first.repeated, &first.entry), (entry.id(), 2, false, &entry));
    assert_eq!(client.last_seen().await.unwrap(), Some(first.checkpoint.clone()));
    let again = client.submit(&entry, card.as_ref()).await.unwrap();
    assert_eq!((again.index, again.repeated), (2, true));
    assert!(node.shelf.lock().unwrap().register.cards.contains_key(&card.as_ref().map(Card::digest).unwrap()));
}

#[tokio::test]
async fn an_entry_recorded_with_other_signatures_is_given_back_as_recorded() {
    let mut register = TrueRegister::begin(1);
    let name = register.rules.register.clone();
    // Two of three keys speak for the artist, so one text can be signed in three ways.
    let keys = [Person(21), Person(22), Person(23)];
    let mut list: Vec<String> = keys.iter().map(|key| key.account().to_string()).collect();
    list.sort();
    let body =
        json!({"by": ARTIST.account(), "keys": list, "kind": "rotate", "prev": ARTIST.account(), "threshold": 2});
    let all = [(ARTIST, ARTIST), (ARTIST, keys[0]), (ARTIST, keys[1]), (ARTIST, keys[2])];
    let rotate = sign_text(&crate::people::text_of(&name, &body), &all);
    register.must(std::slice::from_ref(&rotate));
    let text = mint(&name, ARTIST, "hills", None).entry.text().to_owned();
    let one = sign_text(&text, &[(ARTIST, keys[0]), (ARTIST, keys[1])]);
    let other = sign_text(&text, &[(ARTIST, keys[1]), (ARTIST, keys[2])]);
    let node = Node::start(register).await;
    let client = node.client();
    client.submit(&one, None).await.unwrap();
    let again = client.submit(&other, None).await.unwrap();
    assert_eq!((again.repeated, &again.entry), (true, &one));
    let many = client.submit_many(&[Submission { entry: other.clone(), card: None }], |_| ()).await;
    assert_eq!(many.results[0].as_ref().unwrap().entry, one);
    // A node that calls it new must have recorded it as it was sent.
    node.lie(|_, truth| {
        let mut answer = truth.value();
        answer["repeated"] = json!(false);
        Reply::json(&answer)
    });
    assert_eq!(client.submit(&other, None).await.unwrap_err().class(), Class::Security);
}

#[tokio::test]
async fn a_refusal_comes_with_its_code() {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let name = &story.register.rules.register;
    let second_sale = signed(name, &terms("transfer", ARTIST, BUYER, story.given, story.given, 1), &[ARTIST, BUYER]);
    let sold_again =
        signed(name, &terms("transfer", ARTIST, Person(40), story.given, story.given, 1), &[ARTIST, Person(40)]);
    assert!(node.client().submit(&second_sale, None).await.unwrap().repeated);
    let error = node.client().submit(&sold_again, None).await.unwrap_err();
    let SubmitError::Problem(problem) = &error else { panic!("{error}") };
    assert_eq!((problem.code.as_str(), problem.status, error.class()), ("prev_stale", 422, Class::Refusal));
}

#[tokio::test]
async fn receipts_that_prove_something_else_are_noticed() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let entry = |number: u64| works(&register, number + 1).pop().unwrap().entry;
    let other = client.submit(&entry(0), None).await.unwrap();
    let lies: [(&str, Value); 5] = [
        ("receipt", json!(other.receipt.to_string())),
        ("index", json!(other.index)),
        ("id", json!(other.id)),
        ("entry", json!(String::from_utf8(other.entry.to_bytes()).unwrap())),
        ("receipt", json!("c2sp.org/tlog-proof@v1\nindex 0\n\n")),
    ];
    for (number, (member, value)) in (1..).zip(lies) {
        node.lie(move |path, truth| {
            let mut answer = if path == "v1/entries" { truth.value() } else { return truth };
            answer[member] = value.clone();
            Reply::json(&answer)
        });
        let error = client.submit(&entry(number), None).await.unwrap_err();
        assert_eq!(error.class(), Class::Security, "{member}: {error}");
    }
    // The right receipt, under a checkpoint of a log that forked.
    let mut forked = TrueRegister::begin(1);
    forked.must(&[profile(&register.rules.register, ARTIST, ARTIST.account().as_str(), "Lin").entry, entry(9)]);
    let receipt = forked.receipt(3, forked.size()).to_string();
    node.lie(move |path, truth| match path {
        "v1/entries" => {
            let mut answer = truth.value();
            (answer["index"], answer["receipt"]) = (json!(3), json!(receipt));
            Reply::json(&answer)
        }
        _ => truth,
    });
    let error = client.submit(&entry(9), None).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
    assert_eq!(node.evidence().len(), 1);
}

#[tokio::test]
async fn every_changed_byte_of_a_receipt_is_noticed_or_makes_no_difference() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    let entry = works(&register, 1).pop().unwrap().entry;
    client.submit(&entry, None).await.unwrap();
    let truth = client.submit(&entry, None).await.unwrap();
    let length = serde_json::to_string(&json!([truth.receipt.to_string(), truth.id, entry.text()])).unwrap().len();
    for at in (0..length).step_by(3) {
        node.lie(move |_, mut truth| {
            let length = truth.body.len();
            truth.body[at % length] ^= 1;
            truth
        });
        if let Ok(found) = client.submit(&entry, None).await {
            assert_eq!(
                (found.index, &found.receipt, &found.entry),
                (truth.index, &truth.receipt, &truth.entry),
                "{at}"
            );
        }
    }
}

#[tokio::test]
async fn many_entries_go_in_chunks_and_refusals_do_not_stop_them() {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let client = node.client();
    let mut submissions = works(&story.register, CHUNK_ENTRIES_MAX as u64 + 50);
    // The artist has registered this face before.
    submissions[7] = mint(&story.register.rules.register, ARTIST, "hills", Some(story.stolen));
    let mut told = Vec::new();
    let many = client.submit_many(&submissions, |done| told.push(done)).await;
    assert!(many.stopped.is_none(), "{:?}", many.stopped);
    assert_eq!(told, [CHUNK_ENTRIES_MAX, CHUNK_ENTRIES_MAX + 50]);
    for (at, (result, Submission { entry, .. })) in many.results.iter().zip(&submissions).enumerate() {
        match result {
            Ok(submitted) => assert_eq!(submitted.id, entry.id()),
            Err(SubmitError::Problem(problem)) => assert_eq!((at, problem.status), (7, 422)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(many.results.len(), submissions.len());
    // Sending all of it again gives everything its old place.
    let again = client.submit_many(&submissions, |_| ()).await;
    let index =
        |result: &Result<colophon_client::submit::Submitted, SubmitError>| result.as_ref().ok().map(|one| one.index);
    assert!(again.results.iter().map(index).eq(many.results.iter().map(index)));
}

#[tokio::test]
async fn chunks_have_no_more_bytes_than_a_node_takes() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    let mut submissions = works(&register, 900);
    // Cards of 8 KiB that nobody checks here, so that not the number of entries but their bytes make a second chunk.
    for submission in &mut submissions {
        submission.card = Some(Card { salt: crate::people::digest("salt"), text: "x".repeat(CARD_BYTES_MAX) });
    }
    let mut told = Vec::new();
    let many = node.client().submit_many(&submissions, |done| told.push(done)).await;
    assert!(many.stopped.is_none() && many.results.iter().all(Result::is_ok), "{:?}", many.stopped);
    assert!(told.len() == 2 && told[0] < 900, "{told:?}");
}

#[tokio::test]
async fn many_stop_at_the_first_lie() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    let client = node.client();
    node.lie(|path, truth| {
        let mut answer = if path == "v1/entries/many" { truth.value() } else { return truth };
        let swapped = answer["results"][2]["receipt"].clone();
        answer["results"][3]["receipt"] = swapped;
        Reply::json(&answer)
    });
    let many = client.submit_many(&works(&register, 10), |_| ()).await;
    assert_eq!(many.results.len(), 3);
    assert_eq!(many.stopped.unwrap().class(), Class::Security);
    // Fewer answers than entries say nothing about any of them.
    node.lie(|path, truth| {
        let mut answer = if path == "v1/entries/many" { truth.value() } else { return truth };
        answer["results"].as_array_mut().unwrap().pop();
        Reply::json(&answer)
    });
    let many = client.submit_many(&works(&register, 10), |_| ()).await;
    assert_eq!((many.results.len(), many.stopped.unwrap().class()), (0, Class::Unable));
}

#[tokio::test]
async fn one_among_many_says_how_long_to_wait() {
    let register = TrueRegister::begin(1);
    let node = Node::start(register.clone()).await;
    node.lie(|path, truth| {
        let mut answer = if path == "v1/entries/many" { truth.value() } else { return truth };
        answer["results"][1] = json!({"problem": {"code": "not_admitted", "status": 429, "retry_after_s": 7}});
        Reply::json(&answer)
    });
    let many = node.client().submit_many(&works(&register, 3), |_| ()).await;
    let Err(SubmitError::Problem(problem)) = &many.results[1] else { panic!("{:?}", many.results[1]) };
    assert_eq!((problem.class(), problem.retry_after.map(|wait| wait.as_secs())), (Class::Fault, Some(7)));
    assert!(many.stopped.is_none() && many.results[2].is_ok());
}

#[tokio::test]
async fn a_draft_under_another_id_is_noticed() {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let client = node.client();
    let draft = |edition| {
        let body = terms("transfer", ARTIST, BUYER, story.untouched, story.untouched, edition);
        let text = crate::people::text_of(&story.register.rules.register, &body);
        colophon_ledger::draft::Draft::new(text, None, None).unwrap()
    };
    client.leave_draft(&draft(1)).await.unwrap();
    let other = draft(2);
    let json = other.to_json();
    node.lie(move |_, _| Reply::ok(json.clone()));
    assert_eq!(client.draft(&draft(1).id()).await.unwrap_err().class(), Class::Security);
    assert_eq!(client.draft(&other.id()).await.unwrap(), other);
    node.lie(|_, truth| {
        let mut answer = truth.value();
        answer["id"] = json!(crate::people::digest("nothing"));
        Reply::json(&answer)
    });
    assert_eq!(client.leave_draft(&draft(1)).await.unwrap_err().class(), Class::Security);
}
