//! Damage by hand: bits that flip, files cut or from another time, a second node on the same directory.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::node::Node;

use crate::row::{Row, attempt};
use crate::scene::{Scene, files, mint};

const SLOT_BYTES: usize = 256 * 1024;
/// In how many places each file of a view gets a flipped bit, one at a time.
const VIEW_FLIPS: usize = 3;
/// A file of so many bytes gets four times as many.
const LARGE_BYTES: usize = 64 * 1024;

/// What is done to a register at rest, and what must come of it.
struct Case {
    what: &'static str,
    damage: fn(&Path),
    expected: Expected,
}

enum Expected {
    /// The node does not start, changes nothing, and says all of this.
    Refused(&'static [&'static str]),
    /// The node starts, says this, and everything is as it was.
    Healed(&'static str),
    /// The node starts, says this, and all is as it was but the words of one card. `fsck` has said this before.
    CardLost(&'static str, &'static str),
}

const PUT_BACK: &str = "Put back";

const CASES: [Case; 18] = [
    Case {
        what: "the log's last batch is cut off",
        damage: |dir| cut(dir, "entries.log", batch_ends(dir)[batch_ends(dir).len() - 2]),
        expected: Expected::Refused(&["but a checkpoint over", "Put back all of it", "backup"]),
    },
    Case {
        what: "the log's last byte is cut off",
        damage: |dir| cut(dir, "entries.log", length(dir, "entries.log") - 1),
        expected: Expected::Refused(&["but a checkpoint over", "Put back all of it", "backup"]),
    },
    Case {
        what: "the log is empty",
        damage: |dir| cut(dir, "entries.log", 0),
        expected: Expected::Refused(&["0 whole entries", "Put back all of it"]),
    },
    Case {
        what: "a bit of an entry, in the middle",
        damage: |dir| flip(dir, "entries.log", length(dir, "entries.log") / 2),
        expected: Expected::Refused(&["lead to the root", "Put back the right one"]),
    },
    Case {
        what: "a bit of the length before an entry",
        damage: |dir| flip(dir, "entries.log", ends(dir)[100]),
        expected: Expected::Refused(&["entries.log", PUT_BACK]),
    },
    Case {
        what: "a bit of the newest entry",
        damage: |dir| flip(dir, "entries.log", batch_ends(dir)[batch_ends(dir).len() - 2] + 200),
        expected: Expected::Refused(&["entries.log", PUT_BACK]),
    },
    Case {
        what: "a bit of the newest seal",
        damage: |dir| flip(dir, "entries.log", length(dir, "entries.log") - 1),
        expected: Expected::Refused(&["entries.log", PUT_BACK]),
    },
    Case {
        what: "a bit of a tile",
        damage: |dir| flip(dir, "tile.0", 1_000),
        expected: Expected::Healed("Wrote tile.0 again from byte 1000 on"),
    },
    Case {
        what: "a bit of a tile of the next level",
        damage: |dir| flip(dir, "tile.1", 7),
        expected: Expected::Healed("Wrote tile.1 again from byte 7 on"),
    },
    Case {
        what: "a bit of the commits",
        damage: |dir| flip(dir, "commits", 90),
        expected: Expected::Healed("Wrote commits again from byte"),
    },
    Case {
        what: "a bit of the newer slot",
        damage: |dir| flip(dir, "slots", newer_slot(dir) * SLOT_BYTES + 100),
        expected: Expected::Healed("One of the two slots is torn or damaged"),
    },
    Case {
        what: "a bit of the older slot",
        damage: |dir| flip(dir, "slots", (1 - newer_slot(dir)) * SLOT_BYTES + 100),
        expected: Expected::Healed("One of the two slots is torn or damaged"),
    },
    Case {
        what: "a bit of each slot",
        damage: |dir| [100, SLOT_BYTES + 100].into_iter().for_each(|place| flip(dir, "slots", place)),
        expected: Expected::Refused(&["neither slot", PUT_BACK, "never start without it"]),
    },
    Case {
        what: "the file of slots is empty",
        damage: |dir| cut(dir, "slots", 0),
        expected: Expected::Refused(&["neither slot", PUT_BACK, "never start without it"]),
    },
    Case {
        what: "a bit of the words of a card",
        damage: |dir| flip(dir, "cards.log", length(dir, "cards.log") - 200),
        expected: Expected::CardLost("The file of cards was damaged", "WRONG: the file of cards"),
    },
    Case {
        what: "a bit of the words of the last card",
        damage: |dir| flip(dir, "cards.log", length(dir, "cards.log") - 10),
        expected: Expected::CardLost("a backup may still have it", "heals: the file of cards"),
    },
    Case {
        what: "a bit of the cards' first line",
        damage: |dir| flip(dir, "cards.log", 3),
        expected: Expected::Refused(&["does not begin as a file of cards", "from a backup"]),
    },
    Case {
        what: "the file of cards is empty",
        damage: |dir| cut(dir, "cards.log", 0),
        expected: Expected::Refused(&["cards.log", "Restore it from a backup"]),
    },
];

/// Tries everything, and returns what came of it.
pub(crate) fn rows() -> Vec<Row> {
    let scene = Scene::new("sled");
    let mut rows = vec![attempt("a second node on the directory", || two_nodes(&scene))];
    rows.extend(CASES.iter().map(|case| attempt(case.what, || run(case, &scene))));
    for (engine, scene) in [("sled", scene), ("fjall", Scene::new("fjall"))] {
        rows.extend(flips_in_the_view(engine, &scene));
    }
    rows
}

fn run(case: &Case, scene: &Scene) -> Row {
    let mut node = scene.copy();
    (case.damage)(&node.dir());
    let what = case.what.to_owned();
    let fsck = node.run::<&str>("fsck", &[]);
    match &case.expected {
        Expected::Refused(words) => {
            assert_eq!(fsck.code, 4, "{what}: {fsck}");
            let before = files(&node.dir());
            let refusal = node.refused_start();
            assert_eq!(refusal.code, 1, "{what}: {}", refusal.said);
            for word in *words {
                assert!(refusal.said.contains(word), "{what}: {word:?} is not said:\n{}", refusal.said);
            }
            assert!(files(&node.dir()) == before, "{what}: a refused start changed a file");
            Row {
                what,
                examined: fsck.code.to_string(),
                came_of_it: "refused, exit 1".to_owned(),
                said: last_line(&refusal.said),
            }
        }
        Expected::Healed(line) => {
            assert!(fsck.code == 0 && fsck.stdout.contains("heals: "), "{what}: {fsck}");
            let said = start(&mut node, line, &what);
            scene.check_answers(&node, &what);
            check_afterwards(&mut node, scene, &what);
            Row { what, examined: fsck.code.to_string(), came_of_it: "healed".to_owned(), said }
        }
        Expected::CardLost(line, examined) => {
            assert!(fsck.stdout.contains(examined) && fsck.stdout.contains("a backup may have"), "{what}: {fsck}");
            let said = start(&mut node, line, &what);
            scene.check_answers(&node, &what);
            let cards = scene.cards.iter().map(|card| node.get(&format!("/v1/cards/{}", card.digest())).status);
            assert_eq!(cards.filter(|status| *status == 404).count(), 1, "{what}");
            check_afterwards(&mut node, scene, &what);
            Row { what, examined: fsck.code.to_string(), came_of_it: "its words are lost".to_owned(), said }
        }
    }
}

/// Starts the node, which must say `line`, and returns the whole line.
fn start(node: &mut Node, line: &str, what: &str) -> String {
    node.start();
    let log = node.log();
    let said = log.lines().find(|said| said.contains(line));
    sentence(said.unwrap_or_else(|| panic!("{what}: {line:?} is not said:\n{log}")))
}

/// A healed register takes entries, has all that was ever acknowledged, and is found clean.
fn check_afterwards(node: &mut Node, scene: &Scene, what: &str) {
    let mut told = scene.told.clone();
    mint(node, &scene.minter, &mut told, 1_000_000).unwrap_or_else(|code| panic!("{what}: {code}"));
    assert!(node.terminate().success(), "{what}");
    told.check_dir(&node.dir(), what);
    let fsck = node.run::<&str>("fsck", &[]);
    assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{what}: {fsck}");
}

/// A second node, an examination and a rebuilding are turned away while a node runs, and it does not notice.
fn two_nodes(scene: &Scene) -> Row {
    let what = "a second node on the directory".to_owned();
    let mut node = scene.copy();
    node.start();
    let refusal = Node::sharing_dir_of(&node).refused_start();
    assert_eq!(refusal.code, 1, "{what}: {}", refusal.said);
    let in_use = "another process is using";
    assert!(refusal.said.contains(in_use), "{what}: {}", refusal.said);
    let [fsck, rebuild] = ["fsck", "rebuild"].map(|command| node.run::<&str>(command, &[]));
    for outcome in [&fsck, &rebuild] {
        assert!(outcome.code == 1 && outcome.stderr.contains(in_use), "{outcome}");
    }
    scene.check_answers(&node, &what);
    check_afterwards(&mut node, scene, &what);
    Row {
        what,
        examined: fsck.code.to_string(),
        came_of_it: "refused, exit 1".to_owned(),
        said: last_line(&refusal.said),
    }
}

/// Flips bits in each file of a view.
fn flips_in_the_view(engine: &str, scene: &Scene) -> Vec<Row> {
    let files = view_files(&scene.node.dir());
    assert!(files.len() > 1, "{engine} has no files");
    let mut rows = Vec::new();
    for file in files {
        let what = format!("bits of {}", file.display());
        rows.push(attempt(&what, || flips_in(&file, engine, scene)));
    }
    assert!(rows.iter().any(|row| row.said.contains("made from the log")), "no bit of {engine} mattered");
    rows
}

/// Flips a bit here and there in a file of a view. Each time the node starts, and the tables are what they were.
fn flips_in(file: &Path, engine: &str, scene: &Scene) -> Row {
    let mut examined = Vec::new();
    let mut said = Vec::new();
    for place in places_in(&scene.node.dir().join(file)) {
        let mut node = scene.copy();
        let what = format!("{engine}, byte {place} of {}", file.display());
        flip(&node.dir(), file, place);
        examined.push(node.run::<&str>("fsck", &[]).code);
        node.start();
        scene.check_answers(&node, &what);
        let log = node.log();
        said.extend(log.lines().find(|line| line.contains("The tables")).map(sentence));
        check_afterwards(&mut node, scene, &what);
    }
    examined.dedup();
    said.sort();
    said.dedup();
    let examined = examined.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let what = format!("bits of {}", file.display());
    Row { what, examined, came_of_it: "the same tables".to_owned(), said: said.join(" | ") }
}

/// Returns the files of the view that have something in them, relative to the register's directory.
fn view_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join("view")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the view") {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::metadata(&path).expect("a file").len() > 0 {
                found.push(path.strip_prefix(dir).expect("within the directory").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Returns some places in a file, among the bytes that are not zero.
fn places_in(path: &Path) -> Vec<usize> {
    let bytes = fs::read(path).expect("a file");
    let used: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    let flips = if used.len() > LARGE_BYTES { 4 * VIEW_FLIPS } else { VIEW_FLIPS };
    let step = used.len().div_ceil(flips).max(1);
    used.into_iter().skip(step / 2).step_by(step).collect()
}

fn flip(dir: &Path, file: impl AsRef<Path>, place: usize) {
    let path = dir.join(file);
    let mut bytes = fs::read(&path).expect("a file to damage");
    bytes[place] ^= 1;
    fs::write(path, bytes).expect("a damaged file");
}

fn cut(dir: &Path, file: &str, length: usize) {
    let file = fs::OpenOptions::new().write(true).open(dir.join(file)).expect("a file to cut");
    file.set_len(length as u64).expect("a cut file");
}

fn length(dir: &Path, file: &str) -> usize {
    fs::read(dir.join(file)).expect("a file").len()
}

/// Returns the offset after each entry.
fn ends(dir: &Path) -> Vec<usize> {
    let bytes = fs::read(dir.join("entries.log")).expect("the log");
    let mut ends = vec![];
    let mut end = 0;
    while let Some([high, low]) = bytes.get(end..end + 2) {
        end += 2 + usize::from(u16::from_be_bytes([*high, *low]));
        ends.push(end);
    }
    ends
}

/// Returns the offset after each batch.
fn batch_ends(dir: &Path) -> Vec<usize> {
    let bytes = fs::read(dir.join("entries.log")).expect("the log");
    let ends = ends(dir);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let seals = starts.zip(&ends).filter(|(start, end)| {
        let entry = String::from_utf8_lossy(&bytes[*start..**end]);
        entry.contains("\"kind\":\"seal\"")
    });
    seals.map(|(_, end)| *end).collect()
}

fn newer_slot(dir: &Path) -> usize {
    let bytes = fs::read(dir.join("slots")).expect("the slots");
    let generation = |slot: usize| bytes[slot * SLOT_BYTES + 17..][..8].to_vec();
    usize::from(generation(1) > generation(0))
}

/// Returns what is said in the last line, without time and level.
fn last_line(said: &str) -> String {
    sentence(said.lines().last().unwrap_or_default())
}

/// Returns what a line of the log says, without time and level.
pub(crate) fn sentence(line: &str) -> String {
    let words = line.split_once(" colophon").and_then(|(_, rest)| rest.split_once(": ")).map_or(line, |(_, said)| said);
    words.chars().take(110).collect()
}
