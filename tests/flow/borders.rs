//! A work leaves its country: what the rules ask is told before anybody signs, the paper is attested, and title moves on it.

use std::path::PathBuf;

use e2e::person::Person;
use serde_json::Value;

use crate::scene::{Scene, account, holder, refused, text, transfer};

/// Rules of a register whose governors ask for a licence of works that leave China.
pub(crate) const LICENCE: &str = r#"@id("licence")
@cite("Act on Borders, section 5")
@checked("2026-11-29")
@because("works leave with a licence of the country where they are")
@outcome("refuse")
@document("NAT_EXPORT_LICENCE")
@by("from")
forbid (principal, action in Action::"crossing", resource)
when { context.from == Country::"CN" && context.to != Country::"CN" }
unless { context.papers.contains({ document: Document::"NAT_EXPORT_LICENCE", by: "from" }) };
"#;

/// Composes an act of the only governor and has somebody hand it in.
fn govern(scene: &Scene, act: &str, more: &[&str]) {
    let draft: PathBuf = scene.ana.desk().join(format!("{act}.draft"));
    let key = scene.node.dir().join("governor.key");
    let dir = scene.node.dir();
    let words = ["--key", key.to_str().unwrap(), "--out", draft.to_str().unwrap()];
    let composed = scene.node.run_words(&[&["govern", act, dir.to_str().unwrap()], &words[..], more].concat());
    assert_eq!(composed.code, 0, "{composed}");
    scene.ana.succeed(&["submit", draft.to_str().unwrap()]);
    std::fs::remove_file(draft).unwrap();
}

/// Puts the rule in force, and enrols the bureau.
fn adopt(scene: &Scene, bureau: &Person) {
    let file = scene.ana.put("licence.cedar", LICENCE.as_bytes());
    let rules = ["--name", "CN-LICENCE", "--file", file.to_str().unwrap(), "--ahead", "1"];
    govern(scene, "rules", &[&rules[..], &["--citation", "Act on Borders", "--jurisdiction", "CN"]].concat());
    let account = account(bureau);
    govern(scene, "authority", &["--authority", &account, "--country", "CN", "--type", "NAT_EXPORT_LICENCE"]);
}

/// Composes an act that is not handed in, and returns what is told of it.
fn composed(scene: &Scene, act: &str, more: &[&str]) -> String {
    let draft = scene.ana.desk().join("composed.draft");
    let (dir, key) = (scene.node.dir(), scene.node.dir().join("governor.key"));
    let words = ["--key", key.to_str().unwrap(), "--out", draft.to_str().unwrap()];
    let composed = scene.node.run_words(&[&["govern", act, dir.to_str().unwrap()], &words[..], more].concat());
    assert_eq!(composed.code, 0, "{composed}");
    std::fs::remove_file(draft).unwrap();
    composed.stdout
}

fn check(person: &Person, work: &str, code: i32) -> Value {
    person.expect(&["rules", "check", work, "--to", "FR", "--basis", "gift", "--json"], code).json()
}

/// Asserts that anybody can list and read what is in force.
fn the_rules_are_told(scene: &Scene, work: &str) {
    let listed = scene.bruno.succeed(&["rules", "list", "--json"]).json();
    assert_eq!(text(&listed, "/sets/0/standing"), "in_force");
    assert_eq!(text(&listed, "/authorities/0/account/calls_itself"), "Bureau of Relics");
    let digest = text(&listed, "/sets/0/digest");
    for named in ["cn-licence", &digest] {
        let shown = scene.bruno.succeed(&["rules", "show", named, "--json"]).json();
        assert_eq!(text(&shown, "/rules/0/rule"), "CN-LICENCE/licence");
        assert_eq!(text(&shown, "/rules/0/cite"), "Act on Borders, section 5");
        assert_eq!(scene.bruno.succeed(&["rules", "show", named, "--text"]).stdout, LICENCE);
    }
    scene.bruno.expect(&["rules", "show", "CN-NOTHING"], 3);
    // Of a digest the node merely says that it has no such set.
    scene.bruno.expect(&["rules", "show", work], 1);
}

/// Asserts that whoever names a paper in the terms is told that no rule counts it.
fn a_paper_of_the_parties_counts_for_no_rule(scene: &Scene, work: &str, to: &str) {
    let own = scene.ana.put("own.pdf", b"a licence of mine");
    let own = format!("NAT_EXPORT_LICENCE={}", own.display());
    let dry = scene.ana.succeed(&["transfer", work, "--to", to, "--to-country", "FR", "--document", &own, "--dry-run"]);
    assert!(dry.stderr.contains("count for no rule") && dry.stderr.contains("1 paper is missing"), "{dry}");
}

/// Asserts that a document that is taken back is told as that everywhere, offline too, and moves no title.
fn that_it_was_taken_back_is_told(scene: &Scene, bureau: &Person, work: &str) {
    bureau.succeed(&["revoke", work, "--type", "NAT_EXPORT_LICENCE", "--yes"]);
    assert_eq!(refused(bureau, &["revoke", work, "--type", "NAT_EXPORT_LICENCE", "--yes"]), "nothing_attested");
    assert_eq!(holder(&scene.node, work), account(&scene.bruno));
    for words in [["history", work], ["show", work], ["verify", work]] {
        let told = scene.bruno.succeed(&words);
        assert!(told.stdout.contains("TAKEN BACK") && told.stdout.contains("no. NB-7"), "{told}");
        let told = scene.bruno.succeed(&[&words[..], &["--json"]].concat());
        assert!(told.stdout.contains("\"taken_back\":true"), "{told}");
    }
    scene.bruno.succeed(&["certificate", work, "-o", "proof.json"]);
    let proof = scene.bruno.succeed(&["verify", "proof.json", "--offline", "--json"]).json();
    assert_eq!(text(&proof, "/card/story/1/ruled/papers/0/by/calls_itself"), "Bureau of Relics");
    assert_eq!(text(&proof, "/card/story/1/ruled/papers/0/words"), "Export licence");
    assert_eq!(proof.pointer("/card/story/1/ruled/papers/0/taken_back"), Some(&true.into()));
}

/// Asserts that whoever attests is told of what will not count today, or takes the place of another, before it is signed.
fn what_does_not_count_today_is_told(bureau: &Person, valid: &[&str], attest: &[&str]) {
    let early = ["--valid-from", "2126-01-01", "--dry-run"];
    let early = bureau.succeed(&[attest, &early].concat());
    assert!(early.stderr.contains("it does not count today: it is valid from 2126-01-01 on"), "{early}");
    let again = bureau.succeed(valid);
    assert!(!again.stderr.contains("the one that you attested before"), "{again}");
    let past = bureau.succeed(&[attest, &["--valid-to", "2026-01-01", "--dry-run"]].concat());
    assert!(past.stderr.contains("it does not count today: it was valid until 2026-01-01"), "{past}");
    assert!(past.stderr.contains("it takes the place of the one that you attested before"), "{past}");
}

#[test]
fn a_work_leaves_once_its_paper_is_there_and_everybody_sees_on_which() {
    let scene = Scene::open();
    let bureau = Person::new("bureau", scene.node.url());
    bureau.succeed(&["profile", "set", "--name", "Bureau of Relics", "--country", "CN", "--yes"]);
    let work = scene.minted("scroll");

    // Without rules there is nothing to ask for.
    let free = check(&scene.bruno, &work, 0);
    assert_eq!((text(&free, "/outcome"), free.get("rules")), ("allow".to_owned(), None));
    let empty = scene.bruno.succeed(&["rules", "list"]);
    assert!(empty.stdout.contains("no rules of the corridor are in force here"), "{empty}");

    adopt(&scene, &bureau);
    the_rules_are_told(&scene, &work);

    // Whoever wants to know what is missing is told which paper, whose, and on what ground.
    let missing = check(&scene.bruno, &work, 6);
    assert_eq!(
        (text(&missing, "/outcome"), text(&missing, "/findings/0/document")),
        ("refuse".into(), "NAT_EXPORT_LICENCE".into())
    );
    assert_eq!(text(&missing, "/findings/0/attested_by/0/account"), account(&bureau));
    let rules = text(&missing, "/rules");
    let ending = format!("checked against rule set {}; not legal advice", &rules[..16]);
    let told = scene.bruno.expect(&["rules", "check", &work, "--to", "FR"], 6);
    assert!(told.stdout.contains("1 paper is missing") && told.stdout.contains("\"Bureau of Relics\""), "{told}");
    assert!(told.stdout.trim_end().ends_with(&ending), "{told}");
    assert!(told.stderr.contains(&format!("colophon attest {work} --type NAT_EXPORT_LICENCE")), "{told}");

    // The seller and the buyer are shown the same before they sign, and who wants quiet is warned.
    let to = account(&scene.bruno);
    let dry = scene.ana.succeed(&["transfer", &work, "--to", &to, "--to-country", "FR", "--dry-run"]);
    assert!(dry.stderr.contains("1 paper is missing") && dry.stderr.contains(&ending), "{dry}");
    let quiet = ["transfer", &work, "--to", &to, "--to-country", "FR", "--dry-run", "--quiet"];
    assert!(scene.ana.succeed(&quiet).stderr.contains("warning: the rules do not let this pass yet"));
    let draft = transfer(&scene.ana, &work, &scene.bruno, &[]);
    let late = scene.bruno.expect(&["accept", &draft, "--yes"], 6);
    assert!(late.stderr.contains("CN-LICENCE/licence refuses: works leave with a licence"), "{late}");
    assert!(late.stderr.contains("source: Act on Borders, section 5") && late.stderr.contains(&ending), "{late}");
    assert!(late.stderr.contains("get NAT_EXPORT_LICENCE by an authority enrolled for CN"), "{late}");
    let failure = scene.bruno.expect(&["accept", &draft, "--yes", "--json"], 6).json();
    assert_eq!(
        (text(&failure, "/code"), text(&failure, "/crossing/rules")),
        ("crossing_refused".into(), rules.clone())
    );
    assert_eq!(text(&failure, "/crossing/objections/0/rule"), "CN-LICENCE/licence");

    // A stranger's word is recorded, and counts for nothing.
    let attest =
        ["attest", &work, "--type", "nat-export-licence", "--file", "licence.pdf", "--number", "NB-7", "--yes"];
    let stranger = Person::new("stranger", scene.node.url());
    stranger.put("licence.pdf", b"a licence of my own");
    let own = stranger.succeed(&attest);
    assert!(own.stderr.contains("you are not enrolled for NAT_EXPORT_LICENCE"), "{own}");
    check(&scene.bruno, &work, 6);

    bureau.put("licence.pdf", b"the licence");
    let valid = ["--about", "Export licence", "--valid-from", "2026-01-01", "--valid-to", "2126-01-01"];
    let attested = bureau.succeed(&[&attest[..], &valid].concat());
    assert!(attested.stderr.contains("it counts as a document of CN"), "{attested}");
    let now = check(&scene.bruno, &work, 0);
    assert_eq!(text(&now, "/papers/0/by/calls_itself"), "Bureau of Relics");
    scene.bruno.succeed(&["accept", &draft, "--yes"]);
    assert_eq!(holder(&scene.node, &work), account(&scene.bruno));

    // The history and the certificate tell the rule set, the paper and who stood for it; revoking changes no title.
    let history = scene.bruno.succeed(&["history", &work]);
    assert!(history.stdout.contains("NAT_EXPORT_LICENCE no. NB-7"), "{history}");
    assert!(history.stdout.contains(ending.split_once("; ").unwrap().0), "{history}");
    that_it_was_taken_back_is_told(&scene, &bureau, &work);
    what_does_not_count_today_is_told(&bureau, &[&attest[..], &valid].concat(), &attest);
    let anew = scene.bruno.succeed(&["history", &work]);
    let told = anew.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("for CN; about the work; TAKEN BACK since rules in force: CN-LICENCE"), "{anew}");
    for named in [&rules[..], &rules[..16]] {
        let whole = scene.bruno.succeed(&["rules", "show", named]);
        assert!(
            whole.stdout.contains("1 rule set in force together") && whole.stdout.contains("CN-LICENCE"),
            "{whole}"
        );
    }
}

#[test]
fn an_offer_shows_what_its_acceptance_will_need_and_a_document_may_be_about_an_edition_or_a_person() {
    let scene = Scene::open();
    let bureau = Person::new("bureau", scene.node.url());
    let work = scene.minted("sketch");
    adopt(&scene, &bureau);
    let to = account(&scene.bruno);
    a_paper_of_the_parties_counts_for_no_rule(&scene, &work, &to);
    let offer = ["offer", &work, "--to", &to, "--to-country", "FR", "--until", "30 days", "--yes"];
    let offered = scene.ana.succeed(&[&offer[..], &["--json"]].concat());
    assert!(offered.stderr.contains("1 paper is missing"), "{offered}");
    let id = text(&offered.json(), "/id");
    assert_eq!(refused(&scene.bruno, &["accept", &id, "--yes"]), "crossing_refused");

    bureau.put("licence.pdf", b"the licence");
    let attest = ["--type", "NAT_EXPORT_LICENCE", "--file", "licence.pdf", "--yes", "--json"];
    let told = bureau.succeed(&[&["attest", &work, "--edition", "1"], &attest[..]].concat()).json();
    assert_eq!((text(&told, "/kind"), text(&told, "/work")), ("attest".to_owned(), work.clone()));
    check(&scene.bruno, &work, 0);
    bureau.succeed(&["revoke", &work, "--edition", "1", "--type", "NAT_EXPORT_LICENCE", "--yes"]);
    check(&scene.bruno, &work, 6);
    // About the buyer himself: it counts where he is the recipient, and for nobody else.
    bureau.expect(&[&["attest", "--account", &to, "--edition", "1"], &attest[..]].concat(), 2);
    let neither = bureau.expect(&["attest", "--type", "NAT_EXPORT_LICENCE", "--file", "licence.pdf", "--yes"], 2);
    assert!(neither.stderr.contains("--account"), "{neither}");
    bureau.succeed(&[&["attest", "--account", &to], &attest[..]].concat());
    check(&scene.bruno, &work, 6);
    let with = ["rules", "check", &work, "--to", "FR", "--basis", "gift", "--recipient", &to];
    scene.bruno.succeed(&with);
    scene.bruno.succeed(&["accept", &id, "--yes"]);
}

#[test]
fn whoever_takes_a_work_along_is_told_which_paper_is_missing_before_anything_is_signed() {
    let scene = Scene::open();
    let bureau = Person::new("bureau", scene.node.url());
    let work = scene.minted("luggage");
    adopt(&scene, &bureau);
    // Without --yes somebody would have to be asked, and nobody is there: it does not come to that.
    let away = ["move", &work, "--to-country", "FR"];
    let told = scene.ana.expect(&away, 6);
    assert!(told.stderr.contains("1 paper is missing"), "{told}");
    assert!(told.stderr.contains("get NAT_EXPORT_LICENCE by an authority enrolled for CN"), "{told}");
    assert!(told.stderr.contains("source: Act on Borders, section 5"), "{told}");
    assert!(told.stderr.trim_end().ends_with("not legal advice"), "{told}");
    let failure = scene.ana.expect(&[&away[..], &["--yes", "--json"]].concat(), 6).json();
    assert_eq!(
        (text(&failure, "/code"), text(&failure, "/crossing/objections/0/rule")),
        ("crossing_refused".into(), "CN-LICENCE/licence".into())
    );
    // What would be signed can be looked at all the same.
    let dry = scene.ana.succeed(&[&away[..], &["--dry-run"]].concat());
    assert!(dry.stderr.contains("1 paper is missing"), "{dry}");

    bureau.put("licence.pdf", b"the licence");
    bureau.succeed(&["attest", &work, "--type", "NAT_EXPORT_LICENCE", "--file", "licence.pdf", "--yes"]);
    let moved = scene.ana.succeed(&[&away[..], &["--yes"]].concat());
    assert!(moved.stderr.contains("the rules in force let this pass"), "{moved}");
    assert!(moved.stderr.contains("NAT_EXPORT_LICENCE attested by"), "{moved}");
    assert_eq!(holder(&scene.node, &work), account(&scene.ana));
}

#[test]
fn an_authority_and_the_recipient_are_told_what_the_rules_ask_of_a_transmission() {
    let scene = Scene::open();
    let [bureau, court, dee] = ["bureau", "court", "dee"].map(|name| Person::new(name, scene.node.url()));
    let work = scene.minted("inherited");
    adopt(&scene, &bureau);
    court.put("order.pdf", b"To the heir.");
    let to = account(&dee);
    let give = ["transmit", &work, "--to", &to, "--to-country", "FR", "--basis", "inheritance", "--country", "CN"];
    let give = [&give[..], &["--document", "order.pdf", "--yes", "--json"]].concat();
    let not_enrolled = "you are not enrolled for COURT_ORDER of CN";
    let unheard = court.succeed(&[&give[..], &["--dry-run"]].concat());
    assert!(unheard.stderr.contains(not_enrolled), "{unheard}");
    govern(&scene, "authority", &["--authority", &account(&court), "--country", "CN", "--type", "COURT_ORDER"]);
    // As a transfer does, it waits for the recipient: the paper may come meanwhile, and the register has the last word.
    let left = court.succeed(&give);
    assert!(left.stderr.contains("1 paper is missing") && left.stderr.contains("not legal advice"), "{left}");
    assert!(!left.stderr.contains(not_enrolled), "{left}");
    let id = text(&left.json(), "/id");
    let early = dee.expect(&["accept", &id, "--yes"], 6);
    assert!(early.stderr.contains("1 paper is missing"), "{early}");
    assert!(early.stderr.contains("get NAT_EXPORT_LICENCE by an authority enrolled for CN"), "{early}");

    bureau.put("licence.pdf", b"the licence");
    bureau.succeed(&["attest", &work, "--type", "NAT_EXPORT_LICENCE", "--file", "licence.pdf", "--yes"]);
    let taken = dee.succeed(&["accept", &id, "--yes"]);
    assert!(taken.stderr.contains("the rules in force let this pass"), "{taken}");
    assert_eq!(holder(&scene.node, &work), to);
}

#[test]
fn governors_are_told_what_a_set_would_have_refused_before_they_publish_it() {
    let scene = Scene::open();
    let dir = scene.node.dir();
    let dir = dir.to_str().unwrap();
    let bureau = account(&Person::new("bureau", scene.node.url()));
    let (early, late) = (scene.minted("early"), scene.minted("late"));
    let draft = transfer(&scene.ana, &early, &scene.bruno, &[]);
    scene.bruno.succeed(&["accept", &draft, "--yes"]);
    govern(&scene, "authority", &["--authority", &bureau, "--country", "CN", "--type", "NAT_EXPORT_LICENCE"]);
    let draft = transfer(&scene.ana, &late, &scene.bruno, &[]);
    scene.bruno.succeed(&["accept", &draft, "--yes"]);

    let along = scene.minted("along");
    scene.ana.succeed(&["move", &along, "--to-country", "FR", "--yes"]);

    let file = scene.ana.put("licence.cedar", LICENCE.as_bytes());
    let set = ["--name", "CN-LICENCE", "--file", file.to_str().unwrap()];
    let tried = scene.node.run_words(&[&["govern", "try-rules", dir], &set[..]].concat());
    assert_eq!(tried.code, 0, "{tried}");
    for line in [
        "Tried on every crossing so far: would have refused 2 of 2 transfers and 1 move".to_owned(),
        "  CN-LICENCE/licence stands in the way of 2".to_owned(),
        "  1 would have passed because nobody was enrolled then to attest what it asks for".to_owned(),
    ] {
        assert!(tried.stdout.lines().any(|found| found == line), "{line} is not in {tried}");
    }
    for work in [late, along] {
        assert!(tried.stdout.contains(&format!("edition 1 of {work}, refused by CN-LICENCE/licence")), "{tried}");
    }
    // Publishing says the same first; and what cannot be published is not tried.
    let out = scene.ana.desk().join("rules.draft");
    let key = scene.node.dir().join("governor.key");
    let more = ["--key", key.to_str().unwrap(), "--out", out.to_str().unwrap(), "--ahead", "1", "--citation", "Act"];
    let published =
        scene.node.run_words(&[&["govern", "rules", dir, "--jurisdiction", "CN"], &set[..], &more].concat());
    assert_eq!(published.code, 0, "{published}");
    assert!(published.stdout.starts_with(&tried.stdout.trim_end().to_owned()), "{published}");
    assert!(out.is_file());
    let broken = scene.ana.put("broken.cedar", b"forbid (principal, action, resource);\n");
    let words = ["govern", "try-rules", dir, "--name", "CN-LICENCE", "--file", broken.to_str().unwrap()];
    let refused = scene.node.run_words(&words);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("the register would refuse these rules"), "{refused}");
}

#[test]
fn governors_are_told_what_an_authority_loses_and_everybody_which_set_comes_after_the_one_in_force() {
    let scene = Scene::open();
    let [bureau, court] = ["bureau", "court"].map(|name| Person::new(name, scene.node.url()));
    adopt(&scene, &bureau);
    let (bureau, court) = (account(&bureau), account(&court));
    let both = ["--country", "CN", "--type", "NAT_EXPORT_LICENCE", "--type", "COURT_ORDER"];
    let told = composed(&scene, "authority", &[&["--authority", &bureau][..], &both].concat());
    assert!(!told.contains("loses"), "{told}");
    let fewer = ["--authority", &bureau, "--country", "CN", "--type", "COURT_ORDER"];
    let told = composed(&scene, "authority", &fewer);
    assert!(
        told.contains(&format!("{bureau} loses, for CN: NAT_EXPORT_LICENCE\nNobody of CN is left to attest")),
        "{told}"
    );
    govern(&scene, "authority", &[&["--authority", &court][..], &both].concat());
    let told = composed(&scene, "authority", &["--authority", &bureau, "--country", "CN", "--remove"]);
    assert!(told.contains("loses, for CN: NAT_EXPORT_LICENCE") && !told.contains("is left"), "{told}");

    // What the withdrawal states is what the set was published with.
    let told = composed(&scene, "rules", &["--name", "CN-LICENCE", "--withdraw", "--ahead", "1"]);
    assert!(told.contains("\"citation\":\"Act on Borders\"") && told.contains("\"jurisdiction\":\"CN\""), "{told}");
    let file = scene.ana.put("stricter.cedar", LICENCE.replace("a licence of", "one licence of").as_bytes());
    let rules = ["--name", "CN-LICENCE", "--file", file.to_str().unwrap(), "--height", "100000"];
    govern(&scene, "rules", &[&rules[..], &["--citation", "Another Act", "--jurisdiction", "CN"]].concat());
    let shown = scene.bruno.succeed(&["rules", "show", "CN-LICENCE"]);
    assert!(shown.stdout.contains("another comes into force from batch 100000 on"), "{shown}");
    let shown = scene.bruno.succeed(&["rules", "show", "CN-LICENCE", "--json"]).json();
    assert_eq!(
        (text(&shown, "/citation"), shown["to_come"][0]["height"].as_u64()),
        ("Act on Borders".into(), Some(100_000))
    );
}
