//! What governors do to a register that is served: another key for its log, its end, and the one that goes on.

use std::fs;
use std::path::{Path, PathBuf};

use colophon_ledger::certificate::Certificate;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::field::EntryId;
use colophon_ledger::register::Register;
use colophon_storage::fsck::fsck;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;

use crate::people::{Signing, account, card, minting, transfer};
use crate::process::{Answer, Node, body_json, text};

/// Runs a command that must go well, and returns what it says.
fn run(node: &Node, arguments: &[&str]) -> String {
    let output = node.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout).to_owned()
}

/// Hands in a draft that has all its signatures.
fn hand_in(node: &Node, draft: &Path) -> Answer {
    let draft = Draft::parse(&fs::read(draft).unwrap()).unwrap();
    node.post("/v1/entries", "text/plain", &draft.to_entry().unwrap().to_bytes())
}

fn vkey(dir: &Path) -> VerifierKey {
    fs::read_to_string(dir.join("log.vkey")).unwrap().trim().parse().unwrap()
}

fn id(answer: &Answer) -> EntryId {
    assert_eq!(answer.0, 201, "{}", text(&answer.2));
    body_json(answer)["id"].as_str().unwrap().parse().unwrap()
}

fn code(answer: &Answer) -> String {
    body_json(answer)["code"].as_str().unwrap_or_default().to_owned()
}

/// A register with a mint in it, and a place for what governors write.
struct Scene {
    node: Node,
    desk: tempfile::TempDir,
    register: Register,
    work: EntryId,
}

impl Scene {
    fn new() -> Scene {
        let node = Node::started();
        let rules = node.rules();
        let work = id(&node.submit(minting("ana", "hills"), &rules));
        Scene { node, desk: tempfile::tempdir().unwrap(), register: rules.register, work }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    /// Composes an act from the folder of the register that is served.
    fn act(&self, name: &str, more: &[&str]) -> PathBuf {
        let out = self.path(name);
        let key = self.node.dir().join("governor.key");
        let (key, written) = (key.to_str().unwrap(), out.to_str().unwrap());
        run(&self.node, &[&["govern", name, "DIR", "--key", key, "--out", written], more].concat());
        out
    }

    fn note(&self, signing: Signing<'_>) -> Answer {
        self.node.post("/v1/entries", "text/plain", signing.note(&self.register).as_bytes())
    }
}

#[test]
fn a_log_gets_another_key_while_it_is_served_and_everything_issued_verifies() {
    let mut scene = Scene::new();
    let dir = scene.node.dir();
    let old = vkey(&dir);
    let certificate = |node: &Node, work: &EntryId| {
        Certificate::parse(&node.get(&format!("/v1/works/{work}/certificate")).2).unwrap()
    };
    let before = certificate(&scene.node, &scene.work);
    // A key that does not lie ready is not taken, whoever signs: the node could not go on.
    let stray = colophon_tlog::note::Signer::new(old.name(), crate::people::key("stray")).unwrap().verifier();
    let draft = scene.act("log-key", &["--vkey", &stray.to_string()]);
    assert_eq!(code(&hand_in(&scene.node, &draft)), "not_admitted");
    fs::remove_file(draft).unwrap();

    let told = run(&scene.node, &["next-log-key", "DIR"]);
    let new: VerifierKey =
        told.lines().find_map(|line| line.trim().strip_prefix("verifier key")).unwrap().trim().parse().unwrap();
    let draft = scene.act("log-key", &["--vkey", &new.to_string()]);
    assert_eq!(hand_in(&scene.node, &draft).0, 201);
    assert!(SignedCheckpoint::open(&scene.node.checkpoint(), &new).is_ok());
    assert!(SignedCheckpoint::open(&scene.node.checkpoint(), &old).is_err());
    assert_eq!(
        (vkey(&dir), body_json(&scene.node.get("/health"))["vkey"].as_str().unwrap()),
        (new.clone(), &*new.to_string())
    );
    let after = certificate(&scene.node, &scene.work);
    assert!(after.verify(&new).is_ok() && after.verify(&old).is_err());
    assert!(before.verify(&old).is_ok());
    assert!(scene.node.terminate().success());
    assert!(fsck(&dir).unwrap().is_clean(), "{:?}", fsck(&dir).unwrap().findings);
    scene.node.start(&[]);
    id(&scene.note(minting("ana", "sea")));
    assert!(SignedCheckpoint::open(&scene.node.checkpoint(), &new).is_ok());
    // The old key alone starts nothing.
    assert!(scene.node.terminate().success());
    fs::rename(dir.join("log.former.key"), dir.join("log.key")).unwrap();
    let refused = scene.node.run(&["serve", "DIR", "--listen", "127.0.0.1:0"]);
    assert!(text(&refused.stderr).contains("the register names"), "{refused:?}");
}

#[test]
fn a_retired_register_is_read_and_its_successor_goes_on_with_every_title() {
    let mut scene = Scene::new();
    let sale = transfer(("ana", "bo"), scene.work, scene.work);
    let sold = id(&scene.note(Signing::of(sale, &["ana", "bo"])));
    let next = scene.path("next");
    let next_dir = next.to_str().unwrap();
    run(&scene.node, &["init", next_dir, "--origin", "next.example/art", "--founding"]);
    // Nobody goes on with a register that goes on itself, and a founding is not served.
    let early = scene.node.run(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(text(&early.stderr).contains("has not been retired"), "{early:?}");
    let early = scene.node.run(&["serve", next_dir, "--listen", "127.0.0.1:0"]);
    assert!(text(&early.stderr).contains("has not begun"), "{early:?}");

    let draft = scene.act("retire", &["--successor", next.join("founding").to_str().unwrap()]);
    assert_eq!(hand_in(&scene.node, &draft).0, 201);
    let refused = scene.note(minting("ana", "sea"));
    assert_eq!((refused.0, &*code(&refused)), (422, "retired"));
    let health = body_json(&scene.node.get("/health"));
    assert_eq!(health["status"], "retired");
    let record = body_json(&scene.node.get("/v1/register"))["records"].to_string();
    assert!(record.contains("next.example/art"), "{record}");
    // It is served again, to be read.
    assert!(scene.node.terminate().success());
    scene.node.start(&[]);
    let certificate = scene.node.get(&format!("/v1/works/{}/certificate", scene.work));
    assert!(Certificate::parse(&certificate.2).unwrap().verify(&vkey(&scene.node.dir())).is_ok());

    // The successor begins, from the folder that is served or from a backup, and anew if it broke off.
    let backup = scene.path("backup");
    run(&scene.node, &["backup", "DIR", backup.to_str().unwrap()]);
    fs::write(next.join("entries.log"), "broken off").unwrap();
    let told = run(&scene.node, &["init", next_dir, "--succeeds", backup.to_str().unwrap()]);
    assert!(told.contains("Carried over: 2 editions and 2 accounts"), "{told}");
    assert!(fsck(&next).unwrap().is_clean());
    scene.node.kill();
    scene.node.start_program(crate::process::PROGRAM, &["serve", next_dir, "--listen", "127.0.0.1:0"]);
    let rules = scene.node.rules();
    let answer = body_json(&scene.node.get(&format!("/v1/works/{}", scene.work)));
    let held = answer["records"].to_string();
    assert!(held.contains(account("bo").as_str()), "{held}");
    let card = scene.node.get(&format!("/v1/cards/{}", card("hills").digest()));
    assert!(card.0 == 200 || card.0 == 404);
    let certificate = scene.node.get(&format!("/v1/works/{}/certificate", scene.work));
    let certificate = Certificate::parse(&certificate.2).unwrap();
    let provenance = certificate.verify(&vkey(&next)).unwrap();
    assert_eq!((provenance.state.holder, provenance.mint.by), (account("bo"), account("ana")));
    assert_ne!(provenance.state.newest, sold);
    // bo sells on in the successor, and nobody in the register that ended.
    let mut sale = transfer(("bo", "cy"), scene.work, provenance.state.newest);
    if let Body::Transfer(terms) = &mut sale {
        terms.from_country = "FR".parse().unwrap();
    }
    id(&scene.node.submit(Signing::of(sale, &["bo", "cy"]), &rules));
    let again = scene.node.run(&["init", next_dir, "--succeeds", backup.to_str().unwrap()]);
    assert!(text(&again.stderr).contains("holds no founding"), "{again:?}");
}

#[test]
fn a_successor_that_was_not_named_does_not_begin() {
    let scene = Scene::new();
    let draft = scene.act("retire", &[]);
    assert_eq!(hand_in(&scene.node, &draft).0, 201);
    let next = scene.path("next");
    run(&scene.node, &["init", next.to_str().unwrap(), "--origin", "next.example/art", "--founding"]);
    let refused = scene.node.run(&["init", next.to_str().unwrap(), "--succeeds", "DIR"]);
    assert!(text(&refused.stderr).contains("was retired for no other"), "{refused:?}");
    // Nor does anything else happen to a register that has ended.
    let key = scene.node.dir().join("governor.key");
    let arguments =
        ["govern", "upgrade", "DIR", "--rules", "2", "--height", "5000", "--key", key.to_str().unwrap(), "--out"];
    let refused = scene.node.run(&[&arguments[..], &[scene.path("upgrade").to_str().unwrap()]].concat());
    assert!(text(&refused.stderr).contains("has been retired"), "{refused:?}");
}

#[test]
fn an_upgrade_is_told_ahead_and_only_governors_make_one() {
    let mut scene = Scene::new();
    let key = scene.node.dir().join("operator.key");
    let arguments =
        ["govern", "upgrade", "DIR", "--rules", "2", "--height", "1100", "--key", key.to_str().unwrap(), "--out"];
    let refused = scene.node.run(&[&arguments[..], &[scene.path("x").to_str().unwrap()]].concat());
    assert!(text(&refused.stderr).contains("is no governor"), "{refused:?}");
    let key = scene.node.dir().join("governor.key");
    for (height, with, why) in
        [("1001", None, "a height from 1002 on"), ("1100", Some(account("bo")), "is no governor")]
    {
        let with = with.map(|with| with.to_string());
        let mut arguments = vec!["govern", "upgrade", "DIR", "--rules", "2", "--height", height];
        arguments.extend(["--key", key.to_str().unwrap()]);
        arguments.extend(with.iter().flat_map(|with| ["--with", with.as_str()]));
        let out = scene.path("y");
        arguments.extend(["--out", out.to_str().unwrap()]);
        let refused = scene.node.run(&arguments);
        assert!(text(&refused.stderr).contains(why), "{refused:?}");
    }
    let draft = scene.act("upgrade", &["--rules", "2", "--height", "1100"]);
    let told = run(&scene.node, &["govern", "sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert!(told.contains("colophon submit"), "{told}");
    assert_eq!(hand_in(&scene.node, &draft).0, 201);
    let health = body_json(&scene.node.get("/health"));
    assert_eq!((&health["status"], &health["upgrade"]["height"]), (&"ok".into(), &1100.into()));
    assert_eq!(health["upgrade"]["batches_left"], 1097);
    assert!(scene.node.terminate().success());
    scene.node.start(&[]);
    id(&scene.note(minting("ana", "sea")));
}

#[test]
fn what_the_register_would_refuse_is_told_before_a_draft_is_written() {
    let scene = Scene::new();
    let (key, out) = (scene.node.dir().join("governor.key"), scene.path("unfit.draft"));
    let refused = |act: &str, more: &[&str], why: &str| {
        let words = ["govern", act, "DIR", "--key", key.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let output = scene.node.run(&[&words[..], more].concat());
        assert!(output.status.code() == Some(1) && text(&output.stderr).contains(why), "{why}: {output:?}");
        assert!(!out.exists(), "no draft of it is written");
    };
    let take = |act: &str, name: &str, more: &[&str]| {
        let words = ["govern", act, "DIR", "--key", key.to_str().unwrap(), "--out"];
        let draft = scene.path(name);
        run(&scene.node, &[&words[..], &[draft.to_str().unwrap()], more].concat());
        id(&hand_in(&scene.node, &draft));
    };
    let bureau = account("bureau").to_string();
    let authority = ["--authority", &bureau, "--country", "CN"];
    let [remove, enrol, mistyped] =
        [&["--remove"][..], &["--type", "INVOICE"], &["--type", "INVOICE", "--type", "INVIOCE"]]
            .map(|more| [&authority[..], more].concat());
    refused(
        "authority",
        &mistyped,
        "no rule can ask for a document of the type INVIOCE; the types are AI_LABEL_ATTEST, ",
    );
    refused("authority", &remove, "is not enrolled for CN, so it cannot be removed");
    take("authority", "enrol", &enrol);
    refused("authority", &["--authority", &bureau, "--country", "FR", "--remove"], "cannot be removed; it is for CN");
    take("authority", "remove", &remove);
    refused("authority", &remove, "is not enrolled for CN, so it cannot be removed");

    let file = scene.path("law.cedar");
    fs::write(&file, crate::borders::LICENCE).unwrap();
    let of = |name: &'static str, more: &[&'static str]| {
        [&["--name", name, "--ahead", "1", "--citation", "Act on Borders", "--jurisdiction", "CN"], more].concat()
    };
    let undated = scene.path("undated.cedar");
    fs::write(&undated, crate::borders::LICENCE.replace("2026-11-29", "2026-02-31")).unwrap();
    let undated = [&of("LAW", &["--file"])[..], &[undated.to_str().unwrap()]].concat();
    refused("rules", &undated, "the rule LAW/licence says that it was checked on 2026-02-31");
    let withdraw = of("LAW", &["--withdraw"]);
    refused("rules", &withdraw, "no rule set LAW is in force or to come, so none can be withdrawn; there are none");
    let publish = [&of("LAW", &["--file"])[..], &[file.to_str().unwrap()]].concat();
    take("rules", "publish", &publish);
    refused("rules", &of("LAWS", &["--withdraw"]), "there are LAW");
    take("rules", "withdraw", &withdraw);
    refused("rules", &withdraw, "none can be withdrawn; there are none");
}
