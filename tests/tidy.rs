//! The house rules, tested like any other behaviour: each complaint says where and how to mend it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use e2e::binaries::workspace_root;
use e2e::imports::Imports;
use e2e::sources::{Source, has_float, has_word, names_after};
use serde_json::Value;

/// Each package's floor and exactly which packages of this workspace it is built on. An arrow may only point down.
const FLOORS: [(&str, u8, &[&str]); 11] = [
    ("colophon-corridor", 1, &[]),
    ("colophon-tlog", 1, &[]),
    ("colophon-ledger", 2, &["colophon-corridor", "colophon-tlog"]),
    ("colophon-fingerprint", 3, &["colophon-tlog"]),
    ("colophon-storage", 3, &["colophon-ledger", "colophon-tlog"]),
    ("colophon-order", 3, &[]),
    ("colophon-client", 3, &["colophon-ledger", "colophon-tlog"]),
    (
        "colophon-node",
        4,
        &["colophon-client", "colophon-ledger", "colophon-order", "colophon-storage", "colophon-tlog"],
    ),
    ("colophon-cli", 4, &["colophon-client", "colophon-fingerprint", "colophon-ledger", "colophon-tlog"]),
    (
        "e2e",
        5,
        &[
            "colophon-client",
            "colophon-fingerprint",
            "colophon-ledger",
            "colophon-node",
            "colophon-storage",
            "colophon-tlog",
        ],
    ),
    (
        "fuzzing",
        5,
        &[
            "colophon-cli",
            "colophon-client",
            "colophon-fingerprint",
            "colophon-ledger",
            "colophon-node",
            "colophon-storage",
            "colophon-tlog",
        ],
    ),
];

/// The pure packages, and everything they may be built on.
const PURE: [(&str, &[&str]); 3] = [
    ("colophon-corridor", &["cedar-policy", "sha2", "stacker", "thiserror"]),
    ("colophon-tlog", &["base64", "const-hex", "curve25519-dalek", "ed25519-dalek", "ml-dsa", "sha2", "thiserror"]),
    ("colophon-ledger", &["bs58", "colophon-corridor", "colophon-tlog", "serde", "serde_json", "thiserror"]),
];

/// The one pure source that meets floats: in people's words, which it reads and forgets.
const PASSES_OVER_FLOATS: &str = "crates/ledger/src/card/json.rs";

/// What a pure package's code never says, outside its tests.
const IMPURE_WORDS: [&str; 8] = ["SystemTime", "Instant", "HashMap", "HashSet", "tokio", "async", "await", "unsafe"];

/// Modules of the standard library that a pure package never names.
const IMPURE_MODULES: [&str; 6] = ["fs", "net", "env", "process", "thread", "io"];

/// Heavy or dangerous packages, and the only packages here that may be built on them.
const CONFINED: [(&str, &[&str]); 27] = [
    ("c2pa", &["colophon-cli"]),
    ("cedar-policy", &["colophon-corridor"]),
    ("tokio", &["colophon-client", "colophon-node", "colophon-cli", "e2e", "fuzzing"]),
    ("axum", &["colophon-node", "e2e", "fuzzing"]),
    ("tower-http", &["colophon-node"]),
    ("prometheus-client", &["colophon-node"]),
    ("sled", &["colophon-storage"]),
    ("tantivy", &["colophon-node"]),
    ("reqwest", &["colophon-client", "e2e"]),
    ("age", &["colophon-cli"]),
    ("dialoguer", &["colophon-cli"]),
    ("indicatif", &["colophon-node", "colophon-cli"]),
    ("parquet", &["colophon-cli"]),
    ("clap", &["colophon-node", "colophon-cli", "e2e"]),
    ("anyhow", &["colophon-node", "colophon-cli", "e2e"]),
    ("getrandom", &["colophon-node", "colophon-cli"]),
    ("tracing", &["colophon-node", "colophon-storage"]),
    ("tracing-subscriber", &["colophon-node"]),
    ("ml-dsa", &["colophon-tlog"]),
    ("png", &["colophon-fingerprint", "colophon-cli", "e2e"]),
    ("image", &["colophon-fingerprint", "e2e", "fuzzing"]),
    ("iscc-lib", &["colophon-fingerprint"]),
    ("symphonia", &["colophon-fingerprint"]),
    ("rusty-chromaprint", &["colophon-fingerprint"]),
    ("lopdf", &["colophon-fingerprint"]),
    ("html5ever", &["colophon-fingerprint"]),
    ("zip", &["colophon-fingerprint", "fuzzing"]),
];

/// What a program must not contain, however deep: decoders of pictures in the node, a server or a store in the hands
/// of a person.
const NOT_REACHED: [(&str, &[&str]); 2] = [
    (
        "colophon-node",
        &["png", "image", "zune-jpeg", "gif", "tiff", "image-webp", "symphonia", "lopdf", "html5ever", "zip"],
    ),
    // Unless its feature is asked for.
    ("colophon-cli", &["axum", "sled", "prometheus-client", "c2pa"]),
];

/// What the command line must not get from `c2pa`: whatever could ask others.
const C2PA_FEATURES: &str =
    r#"c2pa = { version = "=0.90.22", default-features = false, features = ["rust_native_crypto"] }"#;

/// Readers of files that this person's software wrote for itself, by serde alone: they are not fuzzed.
const OWN_FILES: [(&str, &str); 1] = [("cli/src/audited.rs", "read_stage")];

const FILE_LINES_MAX: usize = 600;

/// How many lines of the README stand on its first screen.
const FIRST_SCREEN_LINES: usize = 40;

const TARGETS: [&str; 6] = ["demo", "test", "verify", "fix", "bench", "long"];

#[test]
fn packages_stand_on_their_floors() {
    let mut complaints = Vec::new();
    let floor = |name: &str| FLOORS.iter().find(|(package, ..)| *package == name).map(|(_, floor, _)| *floor);
    let found = Package::all();
    for (name, ..) in FLOORS {
        if !found.contains_key(name) {
            complaints.push(format!("there is no package {name}: take it out of FLOORS in tests/tidy.rs"));
        }
    }
    for package in found.values() {
        let Some((_, own_floor, expected)) = FLOORS.iter().find(|(name, ..)| *name == package.name) else {
            complaints.push(format!("{} has no floor: give it one in FLOORS in tests/tidy.rs", package.name));
            continue;
        };
        let inside = |names: &BTreeSet<String>| -> Vec<String> {
            names.iter().filter(|name| floor(name).is_some()).cloned().collect()
        };
        let actual = inside(&package.dependencies);
        if actual != *expected {
            complaints.push(format!(
                "{} is built on {actual:?}, but its floor's table says {expected:?}: mend its Cargo.toml, or FLOORS with an ADR",
                package.name
            ));
        }
        for name in actual.into_iter().chain(inside(&package.for_tests)) {
            if floor(&name) >= Some(*own_floor) {
                complaints.push(format!(
                    "{} imports {name}, which is not below it: an arrow may only point down",
                    package.name
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn pure_packages_are_built_on_nothing_else() {
    let mut complaints = Vec::new();
    let packages = Package::all();
    for (name, allowed) in PURE {
        let found: Vec<&String> = packages.get(name).iter().flat_map(|package| &package.dependencies).collect();
        if found != allowed {
            complaints.push(format!(
                "{name} is built on {found:?}; it is pure, so only on {allowed:?}: drop the rest, or change PURE with a reason"
            ));
        }
        let path = format!("crates/{}/clippy.toml", short(name));
        let rules = Source::one(&path).map(|source| source.text).unwrap_or_default();
        for banned in ["SystemTime::now", "Instant::now", "env::var", "fs::File", "net::TcpStream", "HashMap"] {
            if !rules.contains(banned) {
                complaints.push(format!("{path} does not ban {banned}: add it to its disallowed-methods or -types"));
            }
        }
    }
    report(&complaints);
}

#[test]
fn pure_packages_ask_nothing_of_the_machine() {
    let mut complaints = Vec::new();
    for (name, _) in PURE {
        let folder = format!("crates/{}/src/", short(name));
        let sources: Vec<Source> = rust_files().into_iter().filter(|source| source.path.starts_with(&folder)).collect();
        if sources.is_empty() {
            complaints.push(format!("no source in {folder}: if {name} moved, move it in tests/tidy.rs too"));
        }
        for source in sources {
            let code = source.code_without_tests();
            for word in IMPURE_WORDS.iter().filter(|word| has_word(&code, word)) {
                complaints
                    .push(format!("{}: `{word}` in a pure package: take it as a value, or use BTreeMap", source.path));
            }
            if has_float(&code) && source.path != PASSES_OVER_FLOATS {
                complaints.push(format!("{}: a float in a pure package: count in integers", source.path));
            }
            for module in names_after(&code, "std::").iter().filter(|name| IMPURE_MODULES.contains(&name.as_str())) {
                complaints.push(format!("{}: `std::{module}` in a pure package: take bytes as values", source.path));
            }
        }
    }
    report(&complaints);
}

#[test]
fn heavy_packages_stay_where_they_belong() {
    let mut complaints = Vec::new();
    for package in Package::all().values() {
        for (confined, allowed) in CONFINED {
            if package.dependencies.contains(confined) && !allowed.contains(&package.name.as_str()) {
                complaints.push(format!("{} is built on {confined}, which belongs in {allowed:?} only", package.name));
            }
        }
    }
    for (program, banned) in NOT_REACHED {
        let reached = reached_from(program);
        for found in banned.iter().filter(|name| reached.contains(**name)) {
            complaints.push(format!(
                "{found} is linked into {program}: find the way with `cargo tree -p {program} -e normal -i {found}`, cut it"
            ));
        }
    }
    report(&complaints);
}

#[test]
fn content_credentials_are_validated_without_a_network() {
    let manifest = Source::one("Cargo.toml").map(|source| source.text).unwrap_or_default();
    assert!(
        manifest.contains(C2PA_FEATURES),
        "Cargo.toml: c2pa without exactly these features may ask others: {C2PA_FEATURES}"
    );
    let tree = ["tree", "--offline", "-e", "normal", "--no-dedupe", "--prefix", "depth", "--format", " {p}"];
    let tree = cargo(&[&tree[..], &["-p", "colophon-cli", "--features", "c2pa"]].concat());
    // What stands below it, up to the next of the command line's own dependencies.
    let below = tree.lines().skip_while(|line| !line.starts_with("1 c2pa ")).skip(1);
    let below: BTreeSet<&str> =
        below.take_while(|line| !line.starts_with("1 ")).filter_map(|line| line.split(' ').nth(1)).collect();
    assert!(below.contains("rsa"), "c2pa is not built as it was, or `cargo tree` prints otherwise: {below:?}");
    for transport in ["hyper", "openssl", "reqwest", "rustls", "socket2", "tokio", "ureq"] {
        assert!(
            !below.contains(transport),
            "c2pa is built with {transport}: see with `cargo tree -p colophon-cli --features c2pa -i {transport}`"
        );
    }
}

#[test]
fn every_package_obeys_the_lints() {
    let mut complaints = Vec::new();
    for source in Source::all(&["Cargo.toml"]) {
        let is_package = source.text.contains("[package]");
        let is_test_package = ["tests/Cargo.toml", "tests/fuzzing/Cargo.toml"].contains(&source.path.as_str());
        let own_lints = is_test_package && source.text.contains("[lints.rust]\nunsafe_code = \"forbid\"");
        if is_package && !own_lints && !source.text.contains("[lints]\nworkspace = true") {
            complaints.push(format!("{}: add `[lints]` with `workspace = true`", source.path));
        }
    }
    report(&complaints);
}

#[test]
fn every_file_opens_with_a_caption_and_keeps_to_a_readable_length() {
    let mut complaints = Vec::new();
    for Source { path, text } in rust_files() {
        let first = text.lines().next().unwrap_or_default();
        if first.strip_prefix("//! ").is_none_or(|caption| caption.trim().is_empty()) {
            complaints.push(format!("{path} does not open with `//! a plain phrase`: say there what the file is"));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            complaints.push(format!(
                "{path} has {lines} lines, more than {FILE_LINES_MAX}: split it by what a person can name"
            ));
        }
    }
    report(&complaints);
}

#[test]
fn files_are_named_after_what_they_hold() {
    let nameless = ["mod", "util", "utils", "common", "types", "helper", "helpers", "manager", "misc"];
    let sources = rust_files();
    let found = sources.iter().filter(|source| nameless.contains(&source.stem()));
    report(
        &found.map(|source| format!("{}: name the file after the one thing it holds", source.path)).collect::<Vec<_>>(),
    );
}

#[test]
fn imports_name_the_defining_file_and_faces_define_nothing() {
    let mut complaints = Vec::new();
    for source in rust_files() {
        let code = source.code();
        if source.stem() == "lib" {
            let words = ["fn", "struct", "enum", "trait", "impl", "const", "static", "type", "macro_rules"];
            for word in words.iter().filter(|word| has_word(&code, word)) {
                complaints.push(format!("{}: `{word}` in a face: move it into a file of its own", source.path));
            }
            continue;
        }
        let upper = |name: &&String| name.starts_with(|letter: char| letter.is_ascii_uppercase());
        for name in names_after(&code, "crate::").iter().filter(upper) {
            complaints
                .push(format!("{}: `crate::{name}` goes through the face: import it from its own file", source.path));
        }
    }
    report(&complaints);
}

#[test]
fn no_file_imports_in_a_circle() {
    let sources = rust_files();
    let mut complaints = Vec::new();
    for (package, ..) in FLOORS.iter().filter(|(_, floor, _)| *floor < 5) {
        let folder = short(package);
        let root =
            if matches!(folder, "node" | "cli") { format!("{folder}/src/") } else { format!("crates/{folder}/src/") };
        let circles = Imports::of(&root, &sources).in_circles();
        if !circles.is_empty() {
            complaints
                .push(format!("{root}: {circles:?}: what they take from each other belongs into a file below them"));
        }
    }
    report(&complaints);
}

#[test]
fn nothing_is_put_off() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore")];
    let mut complaints = Vec::new();
    for source in Source::all(&[".rs", ".py", ".sh", ".toml", ".js"]) {
        for word in words.iter().filter(|word| source.text.contains(**word)) {
            complaints.push(format!("{}: `{word}`: do it now, or open an issue and leave the word out", source.path));
        }
    }
    report(&complaints);
}

#[test]
fn no_test_file_is_forgotten() {
    let manifest = Source::one("tests/Cargo.toml").map(|source| source.text).unwrap_or_default();
    let tests: Vec<Source> = rust_files().into_iter().filter(|source| source.path.starts_with("tests/")).collect();
    let mut complaints = Vec::new();
    for source in tests.iter().filter(|source| {
        !["tests/src/", "tests/fuzz/", "tests/fuzzing/"].iter().any(|own| source.path.starts_with(own))
    }) {
        let path = source.path.trim_start_matches("tests/");
        let declared = manifest.contains(&format!("path = \"{path}\""));
        let module = format!("mod {};", source.stem());
        if !declared && !tests.iter().any(|other| other.text.contains(&module)) {
            complaints.push(format!("{} is never run: declare it as [[test]] in tests/Cargo.toml", source.path));
        }
    }
    report(&complaints);
}

#[test]
fn every_fuzz_target_has_its_file() {
    let mut complaints = Vec::new();
    let listed = Source::one("tests/fuzzing/src/target.rs").map(|source| source.text).unwrap_or_default();
    let listed = listed.split("\ntargets! {").nth(1).unwrap_or_default();
    let listed: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.trim().split_once(": ")).map(|(name, _)| name).collect();
    let manifest = Source::one("tests/fuzz/Cargo.toml").map(|source| source.text).unwrap_or_default();
    let files = rust_files();
    let folder = "tests/fuzz/fuzz_targets/";
    let found: BTreeSet<&str> =
        files.iter().filter(|source| source.path.starts_with(folder)).map(Source::stem).collect();
    for name in listed.symmetric_difference(&found) {
        complaints.push(format!("{name} stands either in {folder} or in tests/fuzzing/src/target.rs: put it in both"));
    }
    for name in found.iter().filter(|name| !manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\""))) {
        complaints.push(format!("{folder}{name}.rs is never built: declare it as [[bin]] in tests/fuzz/Cargo.toml"));
    }
    report(&complaints);
}

#[test]
fn every_parser_is_fuzzed() {
    let mut complaints = Vec::new();
    let files = rust_files();
    let fuzzing: String = files
        .iter()
        .filter(|source| {
            source.path.starts_with("tests/fuzzing/src/")
                || source.path == "crates/corridor/tests/shipped/fuzz.rs"
                || source.path == "cli/src/command/mint/catalogue/fuzzed.rs"
        })
        .map(|source| &*source.text)
        .collect();
    let product = ["crates/", "cli/src/", "node/src/"];
    for source in files.iter().filter(|source| product.iter().any(|folder| source.path.starts_with(folder))) {
        let code = source.code_without_tests();
        for name in readers(&code).filter(|_| !source.path.starts_with("crates/")) {
            if !has_word(&fuzzing, name) && !OWN_FILES.contains(&(source.path.as_str(), name)) {
                complaints
                    .push(format!("{}: nothing fuzzes {name}: call it in a target in tests/fuzzing/src", source.path));
            }
        }
        for before in code.match_indices("pub fn parse(").map(|(place, _)| &code[..place]) {
            let owner = before.rsplit(" impl ").next().and_then(|rest| rest.rsplit("\nimpl ").next());
            let owner = owner.and_then(|rest| rest.split([' ', '<']).next());
            let owner = owner.unwrap_or_default();
            if !has_word(&fuzzing, &format!("{owner}::parse")) {
                complaints.push(format!(
                    "{}: nothing fuzzes {owner}::parse: call it in a target in tests/fuzzing/src",
                    source.path
                ));
            }
        }
    }
    report(&complaints);
}

/// Lists the functions that read bytes, or lines, as something: by their names and by what they take.
fn readers(code: &str) -> impl Iterator<Item = &str> {
    let signatures = code.split("fn ").filter_map(|rest| rest.split(['{', ';']).next());
    let takes_bytes = |signature: &&str| signature.contains("bytes: &[u8]") || signature.contains("impl BufRead");
    let found = signatures.filter(|signature| signature.starts_with("read_")).filter(takes_bytes);
    found.filter_map(|signature| signature.split(['(', '<']).next())
}

#[test]
fn every_file_of_test_data_is_used() {
    let users = Source::all(&[".rs", ".py", ".sh", ".js"]);
    let mut complaints = Vec::new();
    for source in Source::all(&[""]).iter().filter(|source| source.path.contains("/testdata/")) {
        let mut parts = source.path.rsplit('/');
        let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let used = |word: &str| users.iter().any(|user| user.path != source.path && user.text.contains(word));
        if !used(name) && (folder == "testdata" || !used(&format!("{folder}\""))) {
            complaints.push(format!("{} is named by no test: use it or remove it", source.path));
        }
    }
    report(&complaints);
}

#[test]
fn every_refusal_stands_in_the_spec_and_in_a_table_of_rules() {
    let mut complaints = Vec::new();
    let codes = refusal_codes();
    if codes.is_empty() {
        complaints.push("no code found in `Refusal::code` of crates/ledger/src/refusal.rs: write it as a match from variant to text".into());
    }
    let spec = Source::one("docs/spec.md").map(|source| source.text);
    if spec.is_none() {
        complaints.push("docs/spec.md is missing: it must list every refusal code".into());
    }
    let tables = rule_tables();
    if tables.is_empty() {
        complaints.push("no table of rules in crates/ledger/tests: write one that reaches every refusal".into());
    }
    for code in codes {
        if spec.as_ref().is_some_and(|text| !text.contains(&format!("`{code}`"))) {
            complaints.push(format!("docs/spec.md does not name the refusal `{code}`: add it to its list"));
        }
        if !tables.is_empty() && !tables.iter().any(|table| has_word(table, &code)) {
            complaints
                .push(format!("no rule test reaches the refusal {code}: add a line to a table in crates/ledger/tests"));
        }
    }
    report(&complaints);
}

#[test]
fn the_changelog_has_an_unreleased_part() {
    let text = Source::one("CHANGELOG.md").map(|source| source.text).unwrap_or_default();
    let unreleased = text.split("\n## ").find(|part| part.trim_start_matches('[').starts_with("Unreleased"));
    assert!(
        unreleased.is_some_and(|part| part.contains("\n- ")),
        "CHANGELOG.md needs a part `## [Unreleased]` that says in users' words what changed"
    );
}

#[test]
fn the_first_screen_of_the_readme_names_the_two_commands() {
    let mut complaints = Vec::new();
    match Source::one("README.md") {
        None => {
            complaints.push("README.md is missing: its first screen must name `make demo` and `make test`".to_owned());
        }
        Some(readme) => {
            let screen: Vec<&str> = readme.text.lines().take(FIRST_SCREEN_LINES).collect();
            for command in ["make demo", "make test"] {
                if !screen.iter().any(|line| line.contains(command)) {
                    complaints.push(format!("README.md: name `{command}` in its first {FIRST_SCREEN_LINES} lines"));
                }
            }
        }
    }
    let makefile = Source::one("Makefile").map(|source| source.text).unwrap_or_default();
    for target in TARGETS {
        if !makefile.lines().any(|line| line.starts_with(&format!("{target}:"))) {
            complaints.push(format!("Makefile has no target `{target}`: CONTRIBUTING.md promises it"));
        }
    }
    report(&complaints);
}

/// What one `Cargo.toml` says.
struct Package {
    name: String,
    dependencies: BTreeSet<String>,
    for_tests: BTreeSet<String>,
}

impl Package {
    /// Reads the packages of the workspace by name, as cargo understands their manifests.
    fn all() -> BTreeMap<String, Self> {
        let text = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let metadata: Value = serde_json::from_str(&text).expect("cargo writes JSON");
        let packages = metadata["packages"].as_array().expect("the metadata lists packages").iter().map(Self::read);
        packages.map(|package| (package.name.clone(), package)).collect()
    }

    fn read(package: &Value) -> Self {
        let list = package["dependencies"].as_array().expect("a package lists its dependencies");
        let named = |of_tests: bool| {
            let chosen = list.iter().filter(|dependency| (dependency["kind"] == "dev") == of_tests);
            chosen.filter_map(|dependency| dependency["name"].as_str()).map(ToOwned::to_owned).collect()
        };
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        Self { name, dependencies: named(false), for_tests: named(true) }
    }
}

/// Names every package that is linked into `program`.
fn reached_from(program: &str) -> BTreeSet<String> {
    let tree = cargo(&["tree", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}", "-p", program]);
    tree.lines().filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

fn cargo(args: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(args).current_dir(workspace_root()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes text")
}

fn rust_files() -> Vec<Source> {
    let sources = Source::all(&[".rs"]);
    assert!(!sources.is_empty(), "no Rust file found below {}", workspace_root().display());
    sources
}

/// Lists the texts on the right of `=>` in `Refusal::code`.
fn refusal_codes() -> Vec<String> {
    let text = Source::one("crates/ledger/src/refusal.rs").map(|source| source.text).unwrap_or_default();
    let body = text.split("fn code(").nth(1).unwrap_or_default();
    let body = body.split("\n    }").next().unwrap_or_default();
    let codes = body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    codes.map(ToOwned::to_owned).collect()
}

/// Returns the files of the ledger's tests, which hold the tables of rules.
fn rule_tables() -> Vec<String> {
    let sources = Source::all(&[".rs", ".txt", ".rules"]);
    let tables = sources.into_iter().filter(|source| source.path.starts_with("crates/ledger/tests/"));
    tables.map(|source| source.text).collect()
}

fn short(package: &str) -> &str {
    package.trim_start_matches("colophon-")
}

fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} to mend:\n- {}", complaints.len(), complaints.join("\n- "));
}
