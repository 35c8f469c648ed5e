//! A register whose governors hold their keys elsewhere: prepared, signed by each of them, begun; and so its successor.

use std::fs;
use std::path::{Path, PathBuf};

use colophon_ledger::draft::Draft;
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::{Body, genesis_text};
use colophon_ledger::field::{Int, Origin};
use colophon_ledger::register::Register;
use colophon_node::keys::load_file;
use colophon_storage::fsck::fsck;

use crate::people::{account, minting};
use crate::process::{Node, PROGRAM, body_json, mode, text};
use crate::register::ORIGIN;

/// Governors with keys of their own, and the folder of a register that is not theirs.
struct Board {
    node: Node,
    desk: tempfile::TempDir,
}

impl Board {
    fn over(node: Node, names: &[&str]) -> Board {
        let board = Board { node, desk: tempfile::tempdir().unwrap() };
        for name in names {
            let told = board.run(&["govern", "key", board.path(name).to_str().unwrap()]);
            assert!(told.contains(&board.account(name)), "{told}");
        }
        board
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    fn account(&self, name: &str) -> String {
        colophon_ledger::account::AccountId::from(&load_file(&self.path(name)).unwrap().public()).to_string()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.node.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output.stdout).to_owned()
    }

    /// Runs what must fail, and returns what it says.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.node.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        text(&output.stderr).to_owned()
    }

    /// Prepares a register for these governors, and returns what is said.
    fn prepare(&self, dir: &str, names: &[&str], more: &[&str]) -> String {
        let accounts: Vec<String> = names.iter().map(|name| self.account(name)).collect();
        let governors: Vec<&str> = accounts.iter().flat_map(|account| ["--governor", account]).collect();
        self.run(&[&["init", dir, "--origin", ORIGIN], &governors[..], more].concat())
    }

    fn sign(&self, draft: &Path, name: &str) -> String {
        let key = self.path(name);
        self.run(&["govern", "sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()])
    }

    fn draft(&self) -> PathBuf {
        self.node.dir().join("genesis.draft")
    }
}

fn genesis_in(path: &Path) -> (Origin, Genesis) {
    let parts = Draft::parse(&fs::read(path).unwrap()).unwrap().parts().unwrap();
    let Body::Genesis(genesis) = parts.body else { panic!("no genesis in {}", path.display()) };
    (parts.origin, genesis)
}

#[test]
fn a_governors_key_has_a_file_of_its_own_that_nothing_is_written_over() {
    let board = Board::over(Node::nowhere(), &["ada"]);
    let key = board.path("ada");
    assert_eq!(mode(&key), 0o600);
    let before = fs::read(&key).unwrap();
    let refused = board.fails(&["govern", "key", key.to_str().unwrap()]);
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(fs::read(&key).unwrap(), before);
    let refused = board.fails(&["govern", "key", board.path("no/folder").to_str().unwrap()]);
    assert!(refused.contains("cannot be written"), "{refused}");
}

#[test]
fn governors_who_hold_their_keys_elsewhere_sign_a_register_into_being() {
    let names = ["ada", "ben", "cyn"];
    let mut board = Board::over(Node::nowhere(), &[&names[..], &["dan"]].concat());
    let told = board.prepare("DIR", &names, &[]);
    assert!(names.iter().all(|name| told.contains(&board.account(name))), "{told}");
    assert!(told.contains("2 of these 3 governors") && told.contains("--begin"), "{told}");
    assert!(!board.node.dir().join("governor.key").exists() && !board.node.dir().join("log.vkey").exists());

    // It is not served and not made anew, and it says what is missing.
    let early = board.fails(&["serve", "DIR", "--listen", "127.0.0.1:0"]);
    assert!(early.contains("has not begun") && early.contains("--begin"), "{early}");
    let again = board.fails(&["init", "DIR", "--origin", ORIGIN]);
    assert!(again.contains("is prepared in"), "{again}");
    let lacking = board.fails(&["init", "DIR", "--begin"]);
    assert!(names.iter().all(|name| lacking.contains(&board.account(name))), "{lacking}");

    // Nobody else signs, and a governor not for another.
    let (draft, own) = (board.draft(), board.account("ada"));
    let operator = board.node.dir().join("operator.key");
    for key in [operator, board.path("dan")] {
        let words = ["govern", "sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()];
        let refused = board.fails(&words);
        assert!(refused.contains("is not among the governors"), "{refused}");
        let refused = board.fails(&[&words[..], &["--account", &own]].concat());
        assert!(refused.contains("by each account's first key"), "{refused}");
    }

    let told = board.sign(&draft, "ada");
    assert!(told.contains("2 of these 3 governors") && told.contains("Still to sign"), "{told}");
    let signed = fs::read(&draft).unwrap();
    board.sign(&draft, "ada");
    assert_eq!(fs::read(&draft).unwrap(), signed, "to sign again changes nothing");
    let lacking = board.fails(&["init", "DIR", "--begin"]);
    assert!(!lacking.contains(&own) && lacking.contains(&board.account("ben")), "{lacking}");

    // One signs a copy while the other signs the draft. What an attempt that broke off has left is in nobody's way.
    let copy = board.path("copy.draft");
    fs::copy(&draft, &copy).unwrap();
    board.sign(&draft, "ben");
    let told = board.sign(&copy, "cyn");
    assert!(told.contains("Still to sign"), "{told}");
    let lacking = board.fails(&["init", "DIR", "--begin"]);
    assert!(!lacking.contains(&board.account("ben")) && lacking.contains(&board.account("cyn")), "{lacking}");
    fs::write(board.node.dir().join("entries.log"), "broken off").unwrap();
    let (_, genesis) = genesis_in(&draft);
    let told = board.run(&["init", "DIR", "--begin", "--signed", copy.to_str().unwrap()]);
    assert!(told.contains("begins in") && !told.contains("OFF THIS MACHINE"), "{told}");
    assert!(!draft.exists() && fsck(&board.node.dir()).unwrap().is_clean());

    board.node.start(&[]);
    let rules = board.node.rules();
    assert_eq!((rules.governors.as_slice(), rules.governor_threshold), (genesis.governors.as_slice(), 2));
    assert_eq!(board.node.submit(minting("ana", "hills"), &rules).0, 201);
    assert!(board.node.terminate().success());

    // A draft that comes late makes nothing anew.
    let log = fs::read(board.node.dir().join("entries.log")).unwrap();
    board.sign(&copy, "ben");
    for late in [false, true] {
        if late {
            fs::copy(&copy, &draft).unwrap();
        }
        let again = board.fails(&["init", "DIR", "--begin"]);
        assert!(again.contains("has begun, and nothing was changed"), "{again}");
    }
    assert_eq!(fs::read(board.node.dir().join("entries.log")).unwrap(), log);
}

#[test]
fn a_genesis_that_was_not_written_here_begins_nothing() {
    let board = Board::over(Node::nowhere(), &["ada", "ben"]);
    board.prepare("DIR", &["ada", "ben"], &["--threshold", "1"]);
    let other = board.path("other");
    board.prepare(other.to_str().unwrap(), &["ada", "ben"], &["--threshold", "1"]);
    let (draft, other) = (board.draft(), other.join("genesis.draft"));
    let own = fs::read_to_string(&draft).unwrap();
    for name in ["ada", "ben"] {
        board.sign(&other, name);
    }
    let (origin, genesis) = genesis_in(&draft);
    let changed = Genesis { governor_threshold: Int::new(2).unwrap(), ..genesis.clone() };
    let changed = Draft::new(genesis_text(&origin, &changed), None, None).unwrap().to_json();
    let mut nonce = genesis.nonce.to_string();
    nonce.replace_range(..1, if nonce.starts_with('0') { "1" } else { "0" });
    let torn = own.replace(&genesis.nonce.to_string(), &nonce);
    let register = Register { origin, genesis: "ab".repeat(32).parse().unwrap() };
    let mint = minting("ana", "hills").draft(&register).to_json();
    let begin = |written: &str| {
        fs::write(&draft, written).unwrap();
        let refused = board.fails(&["init", "DIR", "--begin"]);
        assert!(!board.node.dir().join("log.vkey").exists() && !board.node.dir().join("entries.log").exists());
        refused
    };
    for (written, why) in [
        (fs::read_to_string(&other).unwrap(), "does not name the key in \"log.key\""),
        (changed, "the operator's key has not signed it"),
        (torn, "a signature that does not hold"),
        (mint, "is not the draft of a genesis"),
        ("{}".to_owned(), "not a draft"),
    ] {
        let refused = begin(&written);
        assert!(refused.contains(why), "{why}: {refused}");
    }
    // Nor is anything taken from a copy of another one, or the wrong operator's key.
    fs::write(&draft, &own).unwrap();
    let refused = board.fails(&["init", "DIR", "--begin", "--signed", other.to_str().unwrap()]);
    assert!(refused.contains("of different texts"), "{refused}");
    assert_eq!(fs::read_to_string(&draft).unwrap(), own);
    fs::copy(board.path("ada"), board.node.dir().join("operator.key")).unwrap();
    let refused = begin(&own);
    assert!(refused.contains("does not name the key in \"operator.key\""), "{refused}");
}

#[test]
fn governors_who_cannot_be_are_refused_before_anything_is_made() {
    let board = Board::over(Node::nowhere(), &[]);
    let accounts: Vec<String> = (0..17).map(|number| account(&number.to_string()).to_string()).collect();
    let init = |count: usize, more: &[&str]| {
        let governors: Vec<&str> = accounts[..count].iter().flat_map(|account| ["--governor", account]).collect();
        let output = board.node.run(&[&["init", "DIR", "--origin", ORIGIN], &governors[..], more].concat());
        assert!(!board.node.dir().exists(), "{output:?}");
        (output.status.code(), text(&output.stderr).to_owned())
    };
    for (count, more, code, why) in [
        (0, &["--threshold", "1"][..], 2, "--governor <ACCOUNT>"),
        (3, &["--threshold", "4"], 1, "must be from 1 to the number of governors, 3"),
        (3, &["--threshold", "0"], 2, "0 is not in 1..=16"),
        (2, &["--governor", &accounts[0]], 1, "is named twice"),
        (17, &[], 1, "a register has 1 to 16 governors, and 17 are named"),
        (1, &["--governor", "ada"], 2, "invalid value 'ada'"),
        (1, &["--founding", "--threshold", "2"], 1, "must be from 1 to the number of governors, 1"),
        (1, &["--begin"], 2, "cannot be used with"),
    ] {
        let (found, said) = init(count, more);
        assert!(found == Some(code) && said.contains(why), "{count} {more:?}: {found:?} {said}");
    }
    let nothing = board.fails(&["init", "DIR", "--begin"]);
    assert!(nothing.contains("holds no \"genesis.draft\""), "{nothing}");
}

#[test]
fn the_governors_of_a_successor_sign_its_genesis_once_the_old_register_has_ended() {
    let mut board = Board::over(Node::started(), &["ada", "ben"]);
    let rules = board.node.rules();
    assert_eq!(board.node.submit(minting("ana", "hills"), &rules).0, 201);
    let (next, names) = (board.path("next"), ["ada", "ben"]);
    let next_dir = next.to_str().unwrap();
    let accounts = names.map(|name| board.account(name));
    let governors: Vec<&str> = accounts.iter().flat_map(|account| ["--governor", account]).collect();
    let found = ["init", next_dir, "--origin", "next.example/art", "--founding"];
    let told = board.run(&[&found[..], &governors].concat());
    assert!(told.contains("each governor of the new register signs"), "{told}");
    let early = board.fails(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(early.contains("has not been retired"), "{early}");

    let (key, retire) = (board.node.dir().join("governor.key"), board.path("retire.draft"));
    let founding = next.join("founding");
    let signing = ["govern", "retire", "DIR", "--key", key.to_str().unwrap(), "--out", retire.to_str().unwrap()];
    board.run(&[&signing[..], &["--successor", founding.to_str().unwrap()]].concat());
    let retire = Draft::parse(&fs::read(retire).unwrap()).unwrap().to_entry().unwrap();
    assert_eq!(board.node.post("/v1/entries", "text/plain", &retire.to_bytes()).0, 201);

    let (draft, was_founded) = (next.join("genesis.draft"), fs::read(&founding).unwrap());
    fs::write(&draft, minting("ana", "sea").draft(&rules.register).to_json()).unwrap();
    let other = board.fails(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(other.contains("is the draft of another genesis"), "{other}");
    fs::remove_file(&draft).unwrap();
    let told = board.run(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(told.contains("is prepared in") && accounts.iter().all(|account| told.contains(account)), "{told}");
    assert!(told.contains("--succeeds"), "{told}");
    let refused = board.fails(&["serve", next_dir, "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("has not begun"), "{refused}");
    let refused = board.fails(&["init", next_dir, "--begin"]);
    assert!(refused.contains("is to succeed another"), "{refused}");
    let told = board.sign(&draft, "ada");
    assert!(told.contains(&format!("succeeds      {ORIGIN}, after 6 entries")), "{told}");
    let lacking = board.fails(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(lacking.contains(&accounts[1]) && !lacking.contains(&accounts[0]), "{lacking}");
    board.sign(&draft, "ben");
    let told = board.run(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(told.contains("Carried over: 2 editions and 1 accounts"), "{told}");
    assert!(fsck(&next).unwrap().is_clean() && !draft.exists() && !founding.exists());
    board.node.kill();
    board.node.start_program(PROGRAM, &["serve", next_dir, "--listen", "127.0.0.1:0"]);
    assert_eq!(body_json(&board.node.get("/health"))["status"], "ok");

    // A founding that comes back makes nothing anew.
    let log = fs::read(next.join("entries.log")).unwrap();
    fs::write(&founding, was_founded).unwrap();
    let again = board.fails(&["init", next_dir, "--succeeds", "DIR"]);
    assert!(again.contains("has begun, and nothing was changed"), "{again}");
    assert_eq!(fs::read(next.join("entries.log")).unwrap(), log);
}
