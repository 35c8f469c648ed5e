//! The program: begun once, served once, killed, stopped, repaired, short of room.

use std::collections::BTreeSet;
use std::fs;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::note::VerifierKey;
use serde_json::json;

use crate::people::{Signing, account, digest, minting, transfer};
use crate::process::{Node, PROGRAM, body_json, mode, peak_memory_kib, post, text};
use crate::register::ORIGIN;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::Mint;

#[test]
fn init_says_what_matters_and_never_overwrites() {
    let node = Node::init();
    let files = || -> Vec<_> {
        let mut names: Vec<_> = fs::read_dir(node.dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect()
    };
    let before = files();
    let again = node.run(&["init", "DIR", "--origin", ORIGIN]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is not empty"), "{again:?}");
    assert!(again.stdout.is_empty());
    assert_eq!(files(), before);
    for name in ["log.key", "operator.key", "governor.key"] {
        assert_eq!(mode(&node.dir().join(name)), 0o600, "{name}");
    }
    let vkey = fs::read_to_string(node.dir().join("log.vkey")).unwrap();
    assert!(vkey.trim_end().parse::<VerifierKey>().is_ok_and(|key| key.name() == ORIGIN));

    let fresh = node.dir().join("deeper/still").to_str().unwrap().to_owned();
    let output = node.run(&["init", &fresh, "--origin", "other.example"]);
    let said = text(&output.stdout);
    let vkey = fs::read_to_string(format!("{fresh}/log.vkey")).unwrap();
    assert!(said.contains(vkey.trim_end()) && said.contains("governor.key OFF THIS MACHINE"), "{said}");
    for wrong in ["", "A", "a b", "a/", "https://a"] {
        assert_eq!(node.run(&["init", "DIRx", "--origin", wrong]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_register_is_served_by_one_process_alone() {
    let mut node = Node::started();
    assert!(!node.address().ends_with(":0"));
    for command in ["serve", "rebuild", "fsck"] {
        let second = node.run(&[command, "DIR"]);
        assert_eq!(second.status.code(), Some(1));
        assert!(text(&second.stderr).contains("another process is using"), "{second:?}");
        assert!(second.stdout.is_empty());
    }
    assert_eq!(node.get("/health").0, 200);
    assert_eq!(node.terminate().code(), Some(0));
    node.start(&[]);
    node.signal("INT");
    assert_eq!(node.wait().code(), Some(0));
}

#[test]
fn after_a_kill_the_same_checkpoint_is_shown_or_a_larger_one() {
    let mut node = Node::started();
    let rules = node.rules();
    let mut last = node.checkpoint();
    for round in 0..5 {
        let answer = node.submit(minting("ana", &round.to_string()), &rules);
        assert_eq!(answer.0, 201, "{}", body_json(&answer));
        let recorded = body_json(&answer);
        let checkpoint = node.checkpoint();
        assert_ne!(checkpoint, last);
        node.kill();
        node.start(&[]);
        assert_eq!(node.checkpoint(), checkpoint, "nothing was lost and nothing was added");
        let again = body_json(&node.submit(minting("ana", &round.to_string()), &rules));
        assert_eq!((&again["index"], &again["repeated"]), (&recorded["index"], &json!(true)));
        last = checkpoint;
    }
    let size = SignedCheckpoint::open(&last, &rules.log_key).unwrap().checkpoint().size;
    assert_eq!(size.get(), 12);
    assert_eq!(node.terminate().code(), Some(0));
    let fsck = node.run(&["fsck", "DIR"]);
    assert_eq!(fsck.status.code(), Some(0), "{fsck:?}");
    assert!(text(&fsck.stdout).contains("Clean"), "{fsck:?}");
}

#[test]
fn the_tables_come_back_the_same() {
    let mut node = Node::started();
    let rules = node.rules();
    let entries: Vec<_> =
        (0..300).map(|n| json!({"entry": minting("ana", &n.to_string()).note(&rules.register)})).collect();
    let many = json!({"entries": entries}).to_string();
    assert_eq!(node.post("/v1/entries/many", "application/json", many.as_bytes()).0, 200);
    let work = minting("ana", "7").id(&rules.register);
    let sale = Signing::of(transfer(("ana", "bo"), work, work), &["ana", "bo"]);
    assert_eq!(node.submit(sale, &rules).0, 201);
    let paths = [
        "/checkpoint".to_owned(),
        format!("/v1/works/{work}"),
        format!("/v1/works/{work}/certificate"),
        format!("/v1/files/{}", digest("7")),
        format!("/v1/accounts/{}", account("ana")),
        format!("/v1/accounts/{}", account("bo")),
        format!("/v1/entries/{work}"),
    ];
    let answers = |node: &Node| paths.iter().map(|path| (node.get(path).0, node.get(path).2)).collect::<Vec<_>>();
    let before = answers(&node);
    assert!(before.iter().all(|(status, _)| *status == 200));
    let size = body_json(&node.get("/health"))["size"].clone();
    let view = node.dir().join("view");

    assert_eq!(node.terminate().code(), Some(0));
    fs::remove_dir_all(&view).unwrap();
    node.start(&[]);
    assert_eq!(answers(&node), before, "removed by hand");

    assert_eq!(node.terminate().code(), Some(0));
    let rebuilt = node.run(&["rebuild", "DIR"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{rebuilt:?}");
    assert!(text(&rebuilt.stdout).contains(&format!("anew: {size} entries")), "{rebuilt:?}");
    node.start(&[]);
    assert_eq!(answers(&node), before, "rebuilt");

    node.kill();
    let mut files = Vec::new();
    collect_files(&view, &mut files);
    for file in files {
        fs::write(file, "garbage where a store should be").unwrap();
    }
    node.start(&[]);
    assert_eq!(answers(&node), before, "damaged");
}

fn collect_files(dir: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() { collect_files(&entry.path(), files) } else { files.push(entry.path()) }
    }
}

#[test]
fn a_register_that_is_not_in_order_is_not_served() {
    let node = Node::init();
    let serve_fails = |why: &str| {
        let output = node.run(&["serve", "DIR", "--listen", "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(text(&output.stderr).contains(why), "{why}: {output:?}");
        assert!(output.stdout.is_empty());
    };
    let path = |name: &str| node.dir().join(name);
    let with_change = |name: &str, change: &dyn Fn(), why: &str| {
        let kept = fs::read(path(name)).unwrap();
        change();
        serve_fails(why);
        fs::write(path(name), kept).unwrap();
    };
    let foreign = fs::read_to_string(path("log.vkey")).unwrap().replacen("registry", "elsewhere", 1);
    with_change("log.vkey", &|| fs::write(path("log.vkey"), &foreign).unwrap(), "the register names");
    let other = "00".repeat(32);
    with_change("log.key", &|| fs::write(path("log.key"), &other).unwrap(), "the register names");
    with_change("operator.key", &|| fs::write(path("operator.key"), &other).unwrap(), "Put back the right key file");
    with_change("operator.key", &|| fs::write(path("operator.key"), "x").unwrap(), "is not a key");
    let entries = fs::read(path("entries.log")).unwrap();
    with_change(
        "entries.log",
        &|| fs::write(path("entries.log"), &entries[..900]).unwrap(),
        "is damaged, or from an older",
    );
    let fsck = || node.run(&["fsck", "DIR"]);
    let mut changed = entries.clone();
    changed[100] ^= 1;
    fs::write(path("entries.log"), changed).unwrap();
    assert_eq!(fsck().status.code(), Some(4), "{:?}", fsck());
    fs::write(path("entries.log"), entries).unwrap();
    assert_eq!(fsck().status.code(), Some(0), "{:?}", fsck());
    let nowhere = node.run(&["serve", "DIR/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("there is no register here"), "{nowhere:?}");
}

#[test]
fn a_clock_that_went_back_stops_the_start() {
    let node = Node::init();
    let serve = |time: &str| {
        let mut command = std::process::Command::new(PROGRAM);
        command.arg("serve").arg(node.dir()).args(["--listen", "256.0.0.1:0"]).env("COLOPHON_TEST_TIME", time);
        command.output().unwrap()
    };
    assert_eq!(serve("1795000000000").status.code(), Some(2), "no such address");
    let serve = |time: &str| {
        let mut command = std::process::Command::new(PROGRAM);
        command.arg("rebuild").arg(node.dir()).env("COLOPHON_TEST_TIME", time).output().unwrap()
    };
    let back = serve("2001-01-01T00:00:00Z");
    assert_eq!(back.status.code(), Some(1));
    assert!(text(&back.stderr).contains("Set the clock right"), "{back:?}");
    assert!(text(&back.stderr).contains("--accept-clock"), "{back:?}");
    let beyond = serve("253402300800000");
    assert!(text(&beyond.stderr).contains("beyond the year 9999"), "{beyond:?}");
    assert_eq!(serve("soon").status.code(), Some(1));
    assert_eq!(serve("4102444800000").status.code(), Some(0));
}

#[test]
fn a_lost_verifier_key_is_written_again_from_the_genesis() {
    let mut node = Node::init();
    let path = node.dir().join("log.vkey");
    let before = fs::read(&path).unwrap();
    for lost in [&|| fs::remove_file(&path).unwrap() as (), &|| fs::write(&path, "").unwrap()] as [&dyn Fn(); 2] {
        lost();
        node.start(&[]);
        assert_eq!(node.terminate().code(), Some(0));
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_clock_that_was_ahead_once_locks_nobody_out_for_ever() {
    let mut node = Node::init();
    let serve = |time: &str| {
        let mut command = std::process::Command::new(PROGRAM);
        command.arg("rebuild").arg(node.dir()).env("COLOPHON_TEST_TIME", time).output().unwrap()
    };
    assert_eq!(serve("2001-01-01T00:00:00Z").status.code(), Some(1));
    let arguments = ["COLOPHON_TEST_TIME=2001-01-01T00:00:00Z", PROGRAM, "serve", "DIR", "--listen", "127.0.0.1:0"];
    node.start_program("env", &[&arguments[..], &["--accept-clock"]].concat());
    let sealed = body_json(&node.get("/health"))["sealed_ms"].clone();
    let rules = node.rules();
    assert_eq!(node.submit(minting("ana", "held"), &rules).0, 201);
    assert_eq!(body_json(&node.get("/health"))["sealed_ms"], sealed);
}

#[test]
fn lost_words_are_said_and_serving_without_them_is_a_decision() {
    let mut node = Node::init();
    let path = node.dir().join("cards.log");
    for lost in [&|| fs::remove_file(&path).unwrap() as (), &|| fs::write(&path, "").unwrap()] as [&dyn Fn(); 2] {
        lost();
        let refused = node.run(&["serve", "DIR", "--listen", "127.0.0.1:0"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("colophon-node rebuild"), "{refused:?}");
        let rebuilt = node.run(&["rebuild", "DIR"]);
        assert!(text(&rebuilt.stdout).contains("begun empty"), "{rebuilt:?}");
        node.start(&[]);
        assert_eq!(node.terminate().code(), Some(0));
    }
}

#[test]
fn whoever_waits_is_answered_before_the_end() {
    let mut node = Node::init();
    node.start(&["--batch-ms", "1000"]);
    let rules = node.rules();
    assert_eq!(node.submit(minting("ana", "first"), &rules).0, 201);
    let submitting: Vec<_> = (0..8)
        .map(|n| {
            let (address, note) = (node.address(), minting("ana", &n.to_string()).note(&rules.register));
            std::thread::spawn(move || post(&address, "/v1/entries", "text/plain", note.as_bytes()))
        })
        .collect();
    // All of them wait for the gap between two batches to pass.
    while body_json(&node.get("/health"))["waiting"].as_u64() < Some(8) {
        std::thread::yield_now();
    }
    assert_eq!(node.terminate().code(), Some(0));
    let indices: BTreeSet<_> = submitting
        .into_iter()
        .map(|submitting| {
            let answer = submitting.join().unwrap();
            assert_eq!(answer.0, 201, "{}", body_json(&answer));
            body_json(&answer)["index"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(indices.len(), 8);
    node.start(&[]);
    assert_eq!(body_json(&node.get("/health"))["size"], 2 + 2 + 8 + 1);
}

#[test]
fn a_hundred_megabytes_take_no_memory() {
    let node = Node::started();
    let body = vec![b'a'; 100 << 20];
    let before = peak_memory_kib(node.process_id());
    for (path, media_type) in [
        ("/v1/entries", "text/plain"),
        ("/v1/entries", "application/json"),
        ("/v1/entries/many", "application/json"),
        ("/v1/drafts", "application/json"),
    ] {
        let answer = node.post(path, media_type, &body);
        assert_eq!((answer.0, body_json(&answer)["code"].as_str()), (413, Some("body_too_large")), "{path}");
    }
    let grown = peak_memory_kib(node.process_id()) - before;
    assert!(grown < 64 << 10, "{grown} KiB");
    assert_eq!(node.get("/health").0, 200);
}

#[test]
fn a_full_disk_is_said_and_nothing_that_was_recorded_is_lost() {
    let mut node = Node::init();
    // No file may grow beyond 16 MiB: to the program that is a full disk.
    let script = r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#;
    let blocks = if sh_counts_kilobytes() { "16384" } else { "32768" };
    let arguments = ["-c", script, blocks, PROGRAM, "serve", "DIR", "--listen", "127.0.0.1:0"];
    node.start_program("sh", &arguments);
    let rules = node.rules();
    let entry = |n: u32| {
        let words = format!(r#"{{"about":"{}","titles":[]}}"#, "x".repeat(8_000));
        let card = Card::new(*digest(&n.to_string()).0.as_bytes(), words).unwrap();
        let mint = Mint { card: card.digest(), ..crate::people::mint("ana", &n.to_string()) };
        json!({"entry": Signing::of(Body::Mint(mint), &["ana"]).note(&rules.register), "card": card})
    };
    let send = |n: u32| node.post("/v1/entries", "application/json", entry(n).to_string().as_bytes());
    let first = send(0);
    assert_eq!(first.0, 201);
    let mut recorded = 1;
    for batch in 0..6 {
        let entries: Vec<_> = (1..=700).map(|n| entry(batch * 700 + n)).collect();
        let answer =
            node.post("/v1/entries/many", "application/json", json!({"entries": entries}).to_string().as_bytes());
        assert_eq!(answer.0, 200, "{}", body_json(&answer));
        let results = body_json(&answer)["results"].as_array().unwrap().clone();
        for result in results {
            match result["problem"]["code"].as_str() {
                None => recorded += 1,
                Some(code) => assert_eq!(code, "disk_full"),
            }
        }
    }
    assert!((1_000..3_000).contains(&recorded), "{recorded}");
    // A batch goes in whole or not at all, so there may still be room for some that come alone.
    let full = (10_000..10_700).map(send).find(|answer| answer.0 != 201).unwrap();
    assert_eq!((full.0, body_json(&full)["code"].as_str()), (503, Some("disk_full")));
    assert!(full.1.to_lowercase().contains("retry-after: 1"), "{}", full.1);
    let again = send(0);
    assert_eq!((again.0, &body_json(&again)["index"]), (200, &body_json(&first)["index"]));
    // What needs less room goes in.
    assert_eq!(node.submit(minting("ana", "small"), &rules).0, 201);
    let checkpoint = node.checkpoint();
    assert_eq!(node.terminate().code(), Some(0));
    node.start(&[]);
    assert_eq!(node.checkpoint(), checkpoint);
    let send = |n: u32| node.post("/v1/entries", "application/json", entry(n).to_string().as_bytes());
    assert_eq!(send(20_000).0, 201, "there is room again");
}

#[test]
fn a_disk_too_full_for_the_tables_ends_nothing_and_stops_no_start() {
    let mut node = Node::init();
    // The tables' engine grows beyond 640 KiB long before the log does.
    let script = r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#;
    let blocks = if sh_counts_kilobytes() { "640" } else { "1280" };
    let arguments = ["-c", script, blocks, PROGRAM, "serve", "DIR", "--listen", "127.0.0.1:0"];
    node.start_program("sh", &arguments);
    let rules = node.rules();
    let mut recorded = Vec::new();
    let mut full = 0;
    for n in 0..2_000 {
        let answer = node.submit(minting("ana", &n.to_string()), &rules);
        match answer.0 {
            201 => recorded.push(n),
            503 => full += 1,
            _ => panic!("{}", body_json(&answer)),
        }
        if full > 20 {
            break;
        }
        let first = node.get("/v1/entries/0/receipt").0;
        assert!(first == 200 || first == 503, "{first}");
    }
    assert!(recorded.len() > 100, "{}", recorded.len());
    let all_there = |node: &Node| {
        for n in &recorded {
            let path = format!("/v1/works/{}", minting("ana", &n.to_string()).id(&rules.register));
            // While the tables are made again, a look-up is told to come back.
            let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
            while node.get(&path).0 == 503 && std::time::Instant::now() < deadline {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            assert_eq!(node.get(&path).0, 200);
        }
    };
    all_there(&node);
    assert_eq!(node.terminate().code(), Some(0));
    node.start_program("sh", &arguments);
    all_there(&node);
    assert_eq!(node.terminate().code(), Some(0));
    node.start(&[]);
    assert_eq!(node.submit(minting("ana", "there is room again"), &rules).0, 201);
    all_there(&node);
}

/// Returns whether `ulimit -f` counts in KiB, as bash does, or in 512 bytes, as POSIX says.
fn sh_counts_kilobytes() -> bool {
    let script = "trap '' XFSZ; ulimit -f 1; head -c 1024 /dev/zero > \"$0\"";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::process::Command::new("sh")
        .args(["-c", script])
        .arg(file.path())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    file.as_file().metadata().unwrap().len() == 1024
}
