//! Flags, liens, loans and allegations, as the people around a work see them.

use e2e::person::Person;

use crate::royalties::enrol;
use crate::scene::{Scene, account, holder, refused, text, transfer, waiting};

fn offer(scene: &Scene, work: &str) -> String {
    let to = account(&scene.bruno);
    let offer = ["offer", work, "--to", &to, "--to-country", "FR", "--until", "30 days", "--yes", "--json"];
    text(&scene.ana.succeed(&offer).json(), "/id")
}

#[test]
fn what_an_authority_flags_is_not_accepted_before_it_is_released() {
    let scene = Scene::open();
    let work = scene.minted("stolen");
    let bureau = Person::new("bureau", scene.node.url());
    bureau.put("order.pdf", b"In the name of the people.");
    let flag = ["flag", &work, "--ground", "stolen", "--country", "FR", "--document", "order.pdf", "--yes"];
    assert_eq!(refused(&bureau, &flag), "not_authority");
    enrol(&scene, &account(&bureau), "FR", "COURT_ORDER");
    let id = offer(&scene, &work);
    let flagged = bureau.succeed(&flag);
    assert!(flagged.stderr.contains("colophon release"), "{flagged}");

    let kept = scene.bruno.expect(&["accept", &id, "--yes"], 6);
    assert!(kept.stderr.contains(&account(&bureau)) && kept.stderr.contains("flagged as stolen"), "{kept}");
    assert_eq!(refused(&scene.bruno, &["accept", &id, "--yes"]), "encumbered");
    assert_eq!(refused(&scene.ana, &["release", &work, "--yes"]), "nothing_to_release");
    // The buyer still has the offer, and everybody sees the flag: in the verdict, on the card, in the certificate.
    assert_eq!(waiting(&scene.bruno), (0, 1));
    let inbox = scene.bruno.succeed(&["inbox", "--json"]).json();
    assert!(text(&inbox, "/offers/0/blocked").contains("flagged as stolen"), "{inbox}");
    assert!(
        scene.bruno.succeed(&["inbox"]).stdout.contains("CANNOT BE ACCEPTED NOW: the edition is flagged as stolen")
    );
    let stranger = Person::without_key("stranger").at(scene.node.url());
    for args in [["verify", &work], ["show", &work]] {
        let told = stranger.succeed(&args);
        assert!(told.stdout.contains("FLAGGED") && told.stdout.contains("OFFER OPEN"), "{told}");
    }
    scene.ana.succeed(&["certificate", &work, "-o", "flagged.json"]);
    let told = scene.ana.succeed(&["verify", "flagged.json", "--offline", "--json"]).json();
    assert_eq!(text(&told, "/card/encumbrances/0/of/account"), account(&bureau));
    assert_eq!(told["card"]["encumbrances"][0]["blocks"], true);

    bureau.succeed(&["release", &work, "--yes"]);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));
    let history = stranger.succeed(&["history", &work]);
    assert!(history.stdout.contains("FLAGGED as stolen") && history.stdout.contains("released by"), "{history}");
    // The certificate of before is true, and overtaken.
    scene.ana.expect(&["verify", "flagged.json"], 5);
}

#[test]
fn a_lien_keeps_title_until_the_creditor_lets_it_go() {
    let scene = Scene::open();
    let work = scene.minted("pledged");
    let bank = Person::new("bank", scene.node.url());
    let (creditor, bruno) = (account(&bank), account(&scene.bruno));
    let left =
        scene.ana.succeed(&["lien", &work, "--creditor", &creditor, "--note", "loan 7", "--yes", "--json"]).json();
    assert_eq!(text(&left, "/stage"), "waiting");
    let inbox = bank.succeed(&["inbox"]);
    assert!(inbox.stdout.contains("lien on") && inbox.stdout.contains("loan 7"), "{inbox}");
    bank.succeed(&["accept", &text(&left, "/id"), "--yes"]);

    let transfer = ["transfer", &work, "--to", &bruno, "--to-country", "FR", "--yes"];
    let kept = scene.ana.expect(&transfer, 6);
    assert!(kept.stderr.contains(&creditor) && kept.stderr.contains("lien"), "{kept}");
    let id = offer(&scene, &work);
    assert_eq!(refused(&scene.bruno, &["accept", &id, "--yes"]), "encumbered");
    bank.succeed(&["release", &work, "--yes"]);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    assert_eq!(holder(&scene.node, &work), bruno);
}

#[test]
fn a_lien_that_somebody_overtook_is_void_and_can_be_declined() {
    let scene = Scene::open();
    let work = scene.minted("late");
    let bank = Person::new("bank", scene.node.url());
    let left = scene.ana.succeed(&["lien", &work, "--creditor", &account(&bank), "--yes", "--json"]).json();
    let id = text(&left, "/id");
    offer(&scene, &work);
    let inbox = bank.succeed(&["inbox"]);
    assert!(inbox.stdout.contains("VOID"), "{inbox}");
    assert_eq!(refused(&bank, &["accept", &id, "--yes"]), "prev_stale");
    bank.succeed(&["decline", &id, "--yes"]);
    assert_eq!(refused(&scene.ana, &["lien", &work, "--creditor", &account(&bank), "--yes"]), "offer_stands");
}

#[test]
fn a_loan_is_shown_and_title_moves_under_it() {
    let scene = Scene::open();
    let work = scene.minted("lent");
    let museum = Person::new("museum", scene.node.url());
    let loan = ["loan", &work, "--borrower", &account(&museum), "--until", "2099-06-30", "--yes", "--json"];
    let past = scene.ana.expect(&loan.map(|word| if word == "2099-06-30" { "2020-06-30" } else { word }), 2).json();
    assert_eq!(
        (text(&past, "/what"), text(&past, "/cure")),
        ("2020-06-30 is past".into(), "choose a day to come".into())
    );
    let left = scene.ana.succeed(&loan).json();
    museum.succeed(&["accept", &text(&left, "/id"), "--yes"]);
    let id = offer(&scene, &work);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    let shown = scene.bruno.succeed(&["show", &work]);
    assert!(shown.stdout.contains("on loan") && shown.stdout.contains("2099-06-30"), "{shown}");
    assert_eq!(refused(&museum, &["release", &work, "--yes"]), "nothing_to_release");
    scene.bruno.succeed(&["release", &work, "--yes"]);
    let shown = scene.bruno.succeed(&["show", &work, "--json"]).json();
    assert!(shown["card"].get("encumbrances").is_none(), "{shown}");
}

#[test]
fn anybody_may_allege_and_nobody_is_stopped_by_it() {
    let scene = Scene::open();
    let work = scene.minted("alleged");
    let chiara = Person::new("chiara", scene.node.url());
    chiara.succeed(&["flag", &work, "--ground", "disputed", "--note", "I painted it", "--yes"]);
    chiara.succeed(&["flag", &work, "--ground", "stolen", "--yes"]);
    let dry =
        scene.ana.succeed(&["transfer", &work, "--to", &account(&scene.bruno), "--to-country", "FR", "--dry-run"]);
    assert!(dry.stderr.contains("1 account alleges something about this edition"), "{dry}");
    let shown = scene.bruno.succeed(&["verify", &work, "--json"]).json();
    assert_eq!(shown["card"]["alleged"]["count"], 1);
    assert_eq!(text(&shown, "/card/alleged/newest/0/ground"), "stolen");
    assert_eq!(text(&shown, "/card/alleged/newest/0/by/account"), account(&chiara));
    let id = offer(&scene, &work);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
    let told = scene.bruno.succeed(&["show", &work]);
    assert!(told.stdout.contains("ALLEGED") && told.stdout.contains("nobody vouches for it"), "{told}");
    scene.bruno.succeed(&["certificate", &work, "-o", "alleged.json"]);
    scene.bruno.succeed(&["verify", "alleged.json", "--offline"]);
    chiara.succeed(&["release", &work, "--yes"]);
    assert_eq!(refused(&chiara, &["release", &work, "--yes"]), "nothing_to_release");
    // And after it was taken back it can be said again.
    chiara.succeed(&["flag", &work, "--ground", "disputed", "--yes"]);
}

#[test]
fn a_court_gives_a_stolen_work_back_without_the_holder() {
    let scene = Scene::open();
    let work = scene.minted("taken");
    let (court, dee) = (Person::new("court", scene.node.url()), Person::new("dee", scene.node.url()));
    enrol(&scene, &account(&court), "CN", "COURT_ORDER");
    court.put("order.pdf", b"To whom it was taken from.");
    let to = account(&dee);
    let flag = ["flag", &work, "--ground", "stolen", "--country", "CN", "--document", "order.pdf", "--yes"];
    let draft = transfer(&scene.ana, &work, &scene.bruno, &[]);
    court.succeed(&flag);
    // Its release would not bring the draft back: only a new one can be signed.
    let void = scene.bruno.succeed(&["inbox"]);
    assert!(void.stdout.contains("VOID: something has happened to this edition since it was made"), "{void}");
    let void = scene.bruno.expect(&["accept", &draft, "--yes"], 6);
    assert!(void.stderr.contains("ask the sender for a new draft"), "{void}");
    let alleging = court.succeed(&["flag", &work, "--ground", "stolen", "--dry-run"]);
    assert!(
        alleging.stderr.contains("you are enrolled for COURT_ORDER of CN: --country CN would block title"),
        "{alleging}"
    );
    let give = ["transmit", &work, "--to", &to, "--basis", "restitution", "--country", "CN", "--document", "order.pdf"];
    let strangers = Person::new("stranger", scene.node.url());
    strangers.put("order.pdf", b"A forged order.");
    // Half-signed by a stranger it may wait; the recipient is warned, and the register refuses it when they sign.
    let forged = strangers.succeed(&[&give[..], &["--yes", "--json"]].concat()).json();
    let warned = "is not enrolled for COURT_ORDER of CN: the register will refuse this";
    let listed = dee.succeed(&["inbox"]);
    assert!(listed.stdout.contains(warned), "{listed}");
    let accepted = dee.expect(&["accept", &text(&forged, "/id"), "--yes", "--json"], 6);
    assert!(accepted.stderr.contains(warned), "{accepted}");
    let accepted = accepted.json();
    assert_eq!(text(&accepted, "/code"), "not_authority");
    assert!(text(&accepted, "/cure").starts_with("have the governors enrol the account"), "{accepted}");
    // It may be offered meanwhile, and what the rules ask may be looked at: neither is silent about the flag.
    let held = [
        &["rules", "check", &work, "--to", "FR"][..],
        &["offer", &work, "--to", &to, "--to-country", "FR", "--until", "2 days", "--dry-run"],
    ];
    for words in held {
        let told = scene.ana.succeed(words);
        assert!(told.stderr.contains("title cannot move for now: the edition is flagged as stolen"), "{told}");
        assert!(!told.stderr.contains("next: colophon transfer"), "{told}");
    }
    let left = court.succeed(&[&give[..], &["--yes", "--json"]].concat()).json();
    dee.succeed(&["decline", &text(&forged, "/id"), "--yes"]);
    let inbox = dee.succeed(&["inbox"]);
    assert!(inbox.stdout.contains("restitution") && !inbox.stdout.contains(warned), "{inbox}");
    let given = dee.succeed(&["accept", &text(&left, "/id"), "--yes"]);
    assert!(given.stdout.contains("title has moved, by the authority's word"), "{given}");
    assert_eq!(holder(&scene.node, &work), to);
    let history = scene.ana.succeed(&["history", &work]);
    assert!(history.stdout.contains("by restitution"), "{history}");
    court.succeed(&["release", &work, "--yes"]);
    dee.succeed(&["certificate", &work, "-o", "back.json"]);
    let told = dee.succeed(&["verify", "back.json", "--offline", "--json"]).json();
    assert_eq!(text(&told, "/card/story/2/step"), "transmitted");
}

#[test]
fn a_holder_takes_a_work_to_another_country() {
    let scene = Scene::open();
    let work = scene.minted("taken-along");
    let away = ["move", &work, "--to-country", "FR", "--yes"];
    assert_eq!(refused(&scene.bruno, &away), "not_holder");
    scene.ana.succeed(&away);
    scene.ana.expect(&away, 2);
    let shown = scene.bruno.succeed(&["show", &work]);
    assert!(
        shown.stdout.contains("taken elsewhere by") && shown.stdout.contains("China (CN) → France (FR)"),
        "{shown}"
    );
    let json = scene.bruno.succeed(&["show", &work, "--json"]).json();
    assert_eq!(
        (text(&json, "/card/held_in"), text(&json, "/card/holder/account")),
        ("FR".to_owned(), account(&scene.ana))
    );
}
