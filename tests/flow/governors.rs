//! What governors do, as the people of a register see it.

use std::path::PathBuf;

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::{Body, text_of};
use colophon_ledger::evidence::{Claim, Evidence, ForkClaim};
use colophon_ledger::governance::Governors;
use colophon_node::govern::Standing;
use colophon_node::keys::{FORMER_LOG_KEY_FILE, load, load_file};
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::hash::sha256;
use colophon_tlog::note::Signer;
use e2e::node::Node;
use e2e::person::Person;

use crate::borders::LICENCE;
use crate::scene::{Scene, mint, refused, text};

/// Composes an act of the only governor and has somebody hand it in.
fn govern(scene: &Scene, act: &str, more: &[&str]) {
    let draft = scene.ana.desk().join(format!("{act}.draft"));
    let key = scene.node.dir().join("governor.key");
    let dir = scene.node.dir();
    let words = ["--key", key.to_str().unwrap(), "--out", draft.to_str().unwrap()];
    let composed = scene.node.run_words(&[&["govern", act, dir.to_str().unwrap()], &words[..], more].concat());
    assert_eq!(composed.code, 0, "{composed}");
    scene.ana.succeed(&["submit", draft.to_str().unwrap()]);
}

#[test]
fn a_new_key_of_the_log_is_believed_once_a_person_names_it_and_the_register_shows_it() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    scene.ana.succeed(&["certificate", &work, "-o", "before.json"]);
    scene.bruno.succeed(&["verify", &work]);
    let old = scene.node.vkey();

    let made = scene.node.run::<&str>("next-log-key", &[]);
    assert_eq!(made.code, 0, "{made}");
    let new = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).unwrap().trim().to_owned();
    // Whoever has lost what it printed asks again.
    assert_eq!(scene.node.run::<&str>("next-log-key", &[]).stdout, made.stdout);
    let draft = scene.ana.desk().join("log-key.draft");
    let key = scene.node.dir().join("governor.key");
    let (dir, out) = (scene.node.dir(), draft.to_str().unwrap().to_owned());
    let words =
        ["govern", "log-key", dir.to_str().unwrap(), "--key", key.to_str().unwrap(), "--vkey", &new, "--out", &out];
    let composed = scene.node.run_words(&words);
    assert_eq!(composed.code, 0, "{composed}");
    // The answer is signed by the new key: that the act is in the log is shown by it, and it is not believed any further.
    let handed_in = scene.ana.succeed(&["submit", &out]);
    assert!(handed_in.stdout.contains("recorded"), "{handed_in}");
    assert!(handed_in.stderr.contains(&format!("colophon trust pin {new}")), "{handed_in}");
    assert_eq!(scene.node.vkey(), new);
    let unknown = scene.ana.expect(&["verify", &work], 4);
    assert!(unknown.stderr.contains("colophon trust pin KEY"), "{unknown}");

    // Nobody takes another key from the register alone; named by a person, it is held against the governors' act.
    scene.bruno.expect(&["verify", &work], 4);
    scene.bruno.expect(&["trust", "pin", &Node::init("flow.example/art").vkey()], 4);
    let pinned = scene.bruno.succeed(&["trust", "pin", &new]);
    assert!(pinned.stderr.contains("have given its log another key") && pinned.stderr.contains(&old), "{pinned}");
    scene.bruno.succeed(&["verify", &work]);
    let policy = std::fs::read_to_string(scene.bruno.home().join("policy")).unwrap();
    assert!(policy.contains(&old) && policy.contains(&new), "both are named: {policy}");

    // What the old key signed is verified by it, what the new one signs by that.
    let before = scene.bruno.put("before.json", &std::fs::read(scene.ana.desk().join("before.json")).unwrap());
    scene.bruno.succeed(&["verify", before.to_str().unwrap(), "--offline"]);
    scene.bruno.succeed(&["verify", before.to_str().unwrap()]);
    scene.bruno.succeed(&["certificate", &work, "-o", "after.json"]);
    scene.bruno.succeed(&["verify", "after.json", "--offline"]);
}

#[test]
fn a_policy_file_brings_the_new_key_of_a_register_that_is_known_by_the_old_one() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    let people = ["both", "new", "wrong", "early"].map(|name| Person::without_key(name).at(scene.node.url()));
    let [both, new_alone, wrong, early] = people;
    for person in [&both, &new_alone, &wrong, &early] {
        person.succeed(&["verify", &work]);
    }
    let import = |person: &Person, keys: &[&str], code| {
        let lines = keys.iter().map(|key| format!("log {key}\n")).collect::<Vec<_>>().concat();
        person.put("policy.txt", format!("{lines}quorum none\n").as_bytes());
        let dry = person.expect(&["trust", "import", "policy.txt", "--dry-run"], code);
        let imported = person.expect(&["trust", "import", "policy.txt"], code);
        assert!(!dry.stderr.contains("it is now pinned"), "{dry}");
        imported
    };
    // Before its governors have said so, a file that names another key alone is refused; nothing is changed by it.
    let before = std::fs::read(early.home().join("policy")).unwrap();
    import(&early, &[&Node::init("flow.example/art").vkey()], 4);
    assert_eq!(std::fs::read(early.home().join("policy")).unwrap(), before);

    // A file that names both may come before the change: whichever of them signs is believed once the register shows why.
    let made = scene.node.run::<&str>("next-log-key", &[]);
    let next = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).unwrap().trim().to_owned();
    import(&both, &[&scene.node.vkey(), &next], 0);
    both.succeed(&["verify", &work]);
    let old = scene.node.vkey();
    govern(&scene, "log-key", &["--vkey", &next]);
    let turned = both.succeed(&["verify", &work]);
    assert!(turned.stderr.contains("have given its log another key"), "{turned}");
    assert_eq!(both.succeed(&["verify", &work]).stderr, "", "said once");

    // A file that names the new one alone is held against the governors' act at once.
    let imported = import(&new_alone, &[&next], 0);
    assert!(imported.stderr.contains("have given its log another key"), "{imported}");
    new_alone.succeed(&["verify", &work]);
    let policy = std::fs::read_to_string(new_alone.home().join("policy")).unwrap();
    assert!(policy.contains(&old) && policy.contains(&next), "both are named: {policy}");
    let other = Node::init("flow.example/art").vkey();
    import(&wrong, &[&other], 4);
    // A file that names the known key and one that is not the log's leads nobody astray: the register does not sign by it.
    import(&wrong, &[&old, &other], 0);
    wrong.expect(&["verify", &work], 4);
}

#[test]
fn a_thief_of_the_key_that_was_taken_away_convicts_nobody() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    scene.bruno.succeed(&["verify", &work]);
    let made = scene.node.run::<&str>("next-log-key", &[]);
    let new = made.stdout.lines().find_map(|line| line.trim().strip_prefix("verifier key")).unwrap().trim().to_owned();
    govern(&scene, "log-key", &["--vkey", &new]);
    scene.bruno.succeed(&["trust", "pin", &new]);
    // Whoever stole the old key signs another log of the same size by it.
    let shown = scene.node.get("/checkpoint").body;
    let shown = SignedCheckpoint::open(&shown, &new.parse().unwrap()).unwrap();
    let stolen = Signer::new("flow.example/art", load(&scene.node.dir(), FORMER_LOG_KEY_FILE).unwrap()).unwrap();
    let forged = Checkpoint { root: sha256(b"another log"), ..shown.checkpoint().clone() }.sign(&stolen).unwrap();
    let file = Evidence::of(Claim::Fork(ForkClaim::new(&forged, &shown, shown.checkpoint().root, &[])));
    scene.bruno.put("across.json", file.to_text().as_bytes());
    let judged = scene.bruno.expect(&["verify", "across.json", "--offline"], 1);
    assert!(judged.stderr.contains("across.json convicts nobody"), "{judged}");
    assert!(judged.stderr.contains("by two keys of the log"), "{judged}");
}

#[test]
fn a_retired_register_is_believed_and_takes_nothing() {
    let scene = Scene::open();
    let work = mint(&scene.ana, "mine", &[]);
    govern(&scene, "retire", &[]);
    scene.ana.put("late.txt", b"late");
    let late = ["mint", "late.txt", "--title", "en:Late", "--country", "CN", "--yes"];
    assert_eq!(refused(&scene.ana, &late), "retired");
    let verified = scene.bruno.succeed(&["verify", &work, "--json"]).json();
    assert_eq!(text(&verified, "/verdict"), "verified");
}

/// A register of three governors, of whom an act takes two, each with a key in a file elsewhere.
struct Board {
    node: Node,
    ana: Person,
    keys: [PathBuf; 3],
    accounts: [AccountId; 3],
    _desk: tempfile::TempDir,
}

impl Board {
    fn open() -> Board {
        let desk = tempfile::tempdir().unwrap();
        let keys = ["one", "two", "three"].map(|name| desk.path().join(name));
        let mut node = Node::init_governed("flow.example/art", &keys);
        node.start();
        let ana = Person::new("ana", node.url());
        let accounts = keys.each_ref().map(|key| AccountId::from(&load_file(key).unwrap().public()));
        Board { node, ana, keys, accounts, _desk: desk }
    }

    /// Composes a rule set by the first governor with these others; returns the draft, and what was said.
    fn compose(&self, name: &str, with: &[AccountId]) -> (PathBuf, e2e::person::Outcome) {
        let rules = self.ana.put("licence.cedar", LICENCE.as_bytes());
        let (draft, dir) = (self.ana.desk().join(name), self.node.dir());
        let mut words = vec!["govern", "rules", dir.to_str().unwrap(), "--key", self.keys[0].to_str().unwrap()];
        words.extend(["--out", draft.to_str().unwrap(), "--name", "CN-LICENCE", "--file", rules.to_str().unwrap()]);
        words.extend(["--ahead", "1", "--citation", "Act on Borders", "--jurisdiction", "CN"]);
        words.extend(with.iter().flat_map(|account| ["--with", account.as_str()]));
        let outcome = self.node.run_words(&words);
        (draft, outcome)
    }
}

#[test]
fn a_rule_set_of_one_governor_of_three_is_refused_and_that_of_two_is_taken() {
    let board = Board::open();
    for with in [&board.accounts[..0], &board.accounts[1..]] {
        let (_, outcome) = board.compose("unfit.draft", with);
        assert!(outcome.code == 1 && outcome.stderr.contains("takes 2 of the governors"), "{outcome}");
    }
    let (path, outcome) = board.compose("rules.draft", &board.accounts[1..2]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let file = path.to_str().unwrap();
    assert_eq!(refused(&board.ana, &["submit", file]), "signature_set", "the other has not signed");

    // Whoever writes the same act by hand, for one governor alone or for all three, is refused by the register.
    let draft = Draft::parse(&std::fs::read(&path).unwrap()).unwrap();
    let Body::Rules(act) = draft.parts().unwrap().body else { panic!("an act of rules") };
    for count in [1, 3] {
        let mut act = act.clone();
        act.governors = Governors::new(board.accounts[..count].to_vec()).unwrap();
        act.by = act.governors.as_slice()[0];
        let register = Standing::read(&board.node.dir()).unwrap().rules.register;
        let mut forged = Draft::new(text_of(&register, &Body::Rules(act)), None, None).unwrap();
        for (account, key) in board.accounts.iter().zip(&board.keys).take(count) {
            forged.sign(account, load_file(key).unwrap()).unwrap();
        }
        let forged = board.ana.put("forged.draft", forged.to_json().as_bytes());
        assert_eq!(refused(&board.ana, &["submit", forged.to_str().unwrap()]), "not_governor", "{count} of them");
    }
    let empty = board.ana.succeed(&["rules", "list"]);
    assert!(empty.stdout.contains("no rules of the corridor are in force here"), "{empty}");

    // The third was not named, the second was: with both signatures it is taken.
    let sign = |key: &PathBuf| board.node.run_words(&["govern", "sign", file, "--key", key.to_str().unwrap()]);
    let stranger = sign(&board.keys[2]);
    assert!(stranger.code == 1 && stranger.stderr.contains("is not among the governors that it names"), "{stranger}");
    assert_eq!(sign(&board.keys[1]).code, 0);
    board.ana.succeed(&["submit", file]);
    mint(&board.ana, "hills", &[]);
    let listed = board.ana.succeed(&["rules", "list", "--json"]).json();
    assert_eq!(
        (text(&listed, "/sets/0/name"), text(&listed, "/sets/0/standing")),
        ("CN-LICENCE".into(), "in_force".into())
    );
}
