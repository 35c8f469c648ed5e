//! Killed at any moment, put in the register's place, and held against what it was.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::node::{Node, copy_dir};
use e2e::told::submit;

use crate::scene::{Scene, assert_clean, assert_same_answer, assert_same_log, wait_for_card};

const ROUNDS: u64 = 6;

#[test]
fn a_copy_killed_at_any_moment_goes_on_where_it_was() {
    let rounds = std::env::var("COLOPHON_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut scene = Scene::open();
    let mut moment: u64 = 7;
    for round in 0..rounds {
        // Now a copy from nothing, now one that has most of it; each killed somewhere between its start and the end.
        scene.mint(1_500);
        let mut copy = Node::following(&scene.register, scene.liar.url());
        let engine = ["sled", "fjall"][usize::try_from(round % 2).expect("0 or 1")];
        copy.set_serve_args(&["--poll-ms", "50", "--view", engine]);
        for _ in 0..4 {
            moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            copy.start_and_kill_after(Duration::from_millis(20 + (moment >> 33) % 400));
        }
        copy.start();
        let size = scene.mint(400);
        copy.wait_for_size(size);
        assert_same_answer(&scene.register, &copy, "/checkpoint");
        copy.kill();
        assert_same_log(&scene.register.dir(), &copy.dir());
        copy.start();
        assert_same_answer(&scene.register, &copy, &format!("/v1/accounts/{}", scene.minter.account()));
        assert!(copy.terminate().success());
        assert_clean(&copy);
    }
}

/// `docs/operating.md`, "Freeze": the register is stopped, and its copy goes on being read.
#[test]
fn a_register_that_is_frozen_is_read_from_its_copy() {
    let mut scene = Scene::open();
    let size = scene.mint(5);
    let mut copy = Node::following(&scene.register, scene.register.url()).with_serve_args(&["--poll-ms", "50"]);
    copy.start();
    copy.wait_for_size(size);
    let paths = ["/checkpoint".to_owned(), format!("/v1/accounts/{}", scene.minter.account())];
    let before: Vec<Vec<u8>> = paths.iter().map(|path| scene.register.get(path).body).collect();
    assert!(scene.register.terminate().success());
    for _ in 0..2 {
        for (path, before) in paths.iter().zip(&before) {
            let answer = copy.get(path);
            assert!(answer.status == 200 && answer.body == *before, "{path}: {}", answer.text());
        }
        let (entry, card) = scene.next();
        let refused = submit(&copy, &entry, &card).expect("an answer");
        assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("source_away")), "{}", refused.text());
        assert_eq!(copy.get("/health").json()["size"].as_u64(), Some(size));
        assert!(copy.terminate().success());
        copy.start();
    }
    // It thaws, and both go on.
    scene.register.start();
    assert!(copy.terminate().success());
    copy.follow_at(scene.register.url());
    copy.start();
    copy.wait_for_size(scene.mint(1));
    assert_same_answer(&scene.register, &copy, "/checkpoint");
}

#[test]
fn neither_can_be_taken_for_the_other() {
    let mut scene = Scene::open();
    scene.mint(3);
    let mut copy = scene.copy();
    assert!(copy.terminate().success());
    // A copy is not served as a register.
    let mut as_register = Node::copy_of(&copy);
    assert!(as_register.try_start().is_err());
    assert!(as_register.log().contains("is a copy of a register and has no keys"), "{}", as_register.log());
    // A register's own directory is not used as a copy, nor is anything else.
    let mut as_copy = Node::following(&scene.register, scene.liar.url());
    copy_dir(&scene.register.dir(), &as_copy.dir());
    assert!(as_copy.try_start().is_err());
    assert!(as_copy.log().contains("is a register's own directory"), "{}", as_copy.log());
    for key in ["log.key", "operator.key"] {
        std::fs::remove_file(as_copy.dir().join(key)).expect("a key file");
    }
    let before = as_copy.log().len();
    assert!(as_copy.try_start().is_err());
    assert!(as_copy.log()[before..].contains("holds something that is no copy"), "{}", as_copy.log());
    // Nor is a copy of another register.
    let other = Node::start_new("other.example/art");
    let mut mixed = Node::following(&other, other.url());
    copy_dir(&copy.dir(), &mixed.dir());
    assert!(mixed.try_start().is_err());
    assert!(mixed.log().contains("is a copy of the register with the key"), "{}", mixed.log());
}

#[test]
fn a_lost_register_goes_on_from_its_copy() {
    let mut scene = Scene::open();
    scene.mint(40);
    let mut copy = scene.copy();
    let published = scene.register.get("/checkpoint");
    let (_, card) = scene.minter.mint("number 1");
    wait_for_card(&copy, &card);
    // The machine is lost, but for the keys, which lay elsewhere.
    scene.register.kill();
    assert!(copy.terminate().success());
    let mut again = Node::copy_of(&copy);
    for key in ["log.key", "operator.key"] {
        std::fs::copy(scene.register.dir().join(key), again.dir().join(key)).expect("a key file");
    }
    std::fs::remove_file(again.dir().join("copy.json")).expect("what makes it a copy");
    again.start();
    assert!(again.get("/checkpoint").body == published.body);
    scene.register = again;
    let size = scene.mint(5);
    scene.liar.stand_before(scene.register.url());
    copy.start();
    copy.wait_for_size(size);
    assert_same_answer(&scene.register, &copy, "/checkpoint");
}

#[test]
fn an_old_backup_is_not_signed_where_a_peer_knows_more() {
    let mut scene = Scene::open();
    scene.mint(3);
    assert!(scene.register.terminate().success());
    let mut backup = Node::copy_of(&scene.register);
    scene.register.start();
    scene.liar.stand_before(scene.register.url());
    scene.mint(3);
    let copy = scene.copy();
    assert!(scene.register.terminate().success());
    // The newest log goes on; the peer may be behind, or away.
    scene.register.set_serve_args(&["--peer", copy.url(), "--peer", "http://127.0.0.1:9"]);
    scene.register.start();
    let log = scene.register.log();
    assert!(log.contains(&format!("and no others: {}", copy.url())), "{log}");
    assert!(log.contains("A peer cannot be asked whether the log here is the newest: http://127.0.0.1:9/: "), "{log}");
    assert!(scene.register.terminate().success());
    // The backup does not, and signs nothing.
    let slots = std::fs::read(backup.dir().join("slots")).expect("slots");
    backup.set_serve_args(&["--peer", copy.url()]);
    assert!(backup.try_start().is_err());
    assert!(backup.log().contains("this is an older backup"), "{}", backup.log());
    assert!(std::fs::read(backup.dir().join("slots")).expect("slots") == slots);
}

#[test]
fn a_peer_whose_answer_never_ends_does_not_keep_a_register_from_starting() {
    let mut register = Node::init("follow.example/art");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let peer = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            // A byte now and then, for longer than any start should take.
            std::thread::spawn(move || {
                let mut alive = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").is_ok();
                while alive {
                    std::thread::sleep(Duration::from_millis(200));
                    alive = connection.write_all(b"x").is_ok();
                }
            });
        }
    });
    register.set_serve_args(&["--peer", &peer, "--peer", &peer]);
    let begun = Instant::now();
    register.start();
    assert!(begun.elapsed() < Duration::from_mins(1), "it took {:?}", begun.elapsed());
    assert_eq!(register.log().matches("A peer cannot be asked").count(), 2, "{}", register.log());
}

/// Lets the files of a running node grow to so many bytes at most.
fn limit_files(node: &Node, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let done = Command::new("prlimit").args(["--pid", &node.process_id().to_string(), &limit]).status();
    assert!(done.expect("prlimit, of util-linux, starts").success());
}

/// Waits until a node's tables stand on the disk: they are written some time after the log.
fn wait_until_written(node: &Node) {
    let (mut before, begun) = (0, Instant::now());
    loop {
        let bytes = bytes_under(&node.dir());
        if bytes == before {
            return;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "its files grow and grow: {bytes} bytes");
        before = bytes;
        // Longer than sled lets wait what it was given.
        std::thread::sleep(Duration::from_millis(1_500));
    }
}

fn bytes_under(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_under(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0, // it was taken away meanwhile
    });
    bytes.sum()
}

#[test]
fn a_copy_without_room_says_so_and_goes_on_once_there_is_some() {
    let mut scene = Scene::open();
    // More than the longest of its other files.
    scene.mint(1_500);
    // It gets an error, as on a full disk, and not the signal that is the usual end of who goes beyond such a limit.
    let copy = Node::following(&scene.register, scene.liar.url()).with_serve_args(&["--poll-ms", "50"]);
    let mut copy = copy.with_launcher(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    copy.start();
    wait_until_written(&copy);
    let log = copy.dir().join("entries.log");
    limit_files(&copy, &(std::fs::metadata(&log).expect("the log").len() + 100).to_string());
    let size = scene.mint(20);
    let health = copy.wait_for_health("disk_full");
    assert_eq!(health["follows"]["status"], "disk_full", "{health}");
    let (entry, _) = scene.minter.mint("number 1");
    assert_eq!(copy.get(&format!("/v1/works/{}", entry.id())).status, 200, "reading goes on");
    limit_files(&copy, "unlimited");
    copy.wait_for_size(size);
    assert_same_log(&scene.register.dir(), &copy.dir());
    copy.wait_for_health("ok");
}
