//! A register and the people around it, and what each story asks of them.

use e2e::node::Node;
use e2e::person::{Outcome, Person};
use serde_json::Value;

/// A running register with an artist in China and a collector in France.
pub(crate) struct Scene {
    pub(crate) node: Node,
    pub(crate) ana: Person,
    pub(crate) bruno: Person,
}

impl Scene {
    pub(crate) fn open() -> Scene {
        let node = Node::start_new("flow.example/art");
        let ana = Person::new("ana", node.url());
        let bruno = Person::new("bruno", node.url());
        Scene { node, ana, bruno }
    }

    /// Ana registers a file of her own; returns the work.
    pub(crate) fn minted(&self, content: &str) -> String {
        mint(&self.ana, content, &[])
    }
}

/// Registers a file with this content; returns the work.
pub(crate) fn mint(person: &Person, content: &str, more: &[&str]) -> String {
    let name = format!("{content}.txt");
    person.put(&name, content.as_bytes());
    let mint = ["mint", &name, "--title", "en:Test", "--country", "CN", "--yes", "--json"];
    let minted = person.succeed(&[&mint[..], more].concat()).json();
    text(&minted, "/work")
}

pub(crate) fn account(person: &Person) -> String {
    text(&person.succeed(&["key", "show", "--json"]).json(), "/account")
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

/// Returns the code of a command that the register, or the rules known here, refused.
pub(crate) fn refused(person: &Person, args: &[&str]) -> String {
    text(&person.expect(&[args, &["--json"]].concat(), 6).json(), "/code")
}

/// Leaves a half-signed transfer with the register; returns its id.
pub(crate) fn transfer(from: &Person, work: &str, to: &Person, more: &[&str]) -> String {
    let to = account(to);
    let transfer = ["transfer", work, "--to", &to, "--to-country", "FR", "--yes", "--json"];
    let left = from.succeed(&[&transfer[..], more].concat()).json();
    assert_eq!(text(&left, "/stage"), "waiting");
    text(&left, "/id")
}

/// Returns the account that a work is held by, as the register proves it.
pub(crate) fn holder(node: &Node, work: &str) -> String {
    let stranger = Person::without_key("stranger").at(node.url());
    text(&stranger.succeed(&["show", work, "--json"]).json(), "/card/holder/account")
}

/// Returns how many drafts and offers wait for a person.
pub(crate) fn waiting(person: &Person) -> (usize, usize) {
    let inbox = person.succeed(&["inbox", "--json"]).json();
    let count = |list: &str| inbox[list].as_array().map_or(0, Vec::len);
    (count("drafts"), count("offers"))
}

/// Asserts that a command wrote nothing secret: no seed of a key of the person.
pub(crate) fn assert_no_secret(person: &Person, outcome: &Outcome) {
    for file in std::fs::read_dir(person.home().join("keys")).unwrap() {
        let Ok(text) = std::fs::read_to_string(file.unwrap().path()) else { continue };
        let Some(seed) =
            serde_json::from_str::<Value>(&text).ok().and_then(|key| key["seed"].as_str().map(str::to_owned))
        else {
            continue;
        };
        assert!(!outcome.stdout.contains(&seed) && !outcome.stderr.contains(&seed), "a secret was printed");
    }
}
