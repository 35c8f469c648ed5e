//! Backups made while entries flow: whole or not there, whenever they are killed, and the register does not mind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::binaries::binaries;
use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::{Told, submit, submit_batches};

/// What the register holds before: enough for a copy to take a while.
const BATCHES: usize = 12;
const BATCH_ENTRIES: usize = 200;
const ROUNDS: u32 = 12;
/// How much later than the last one each backup is killed, after it has begun to write.
const LATER: Duration = Duration::from_millis(4);
/// How long a backup may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends the flow of entries when it goes, also where the test fails.
struct End<'o>(&'o AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Submits mints one after the other until it is over, and returns what was acknowledged.
fn flow(node: &Node, minter: &Minter, over: &AtomicBool) -> Told {
    let mut told = Told::new(node.vkey().parse().expect("init writes a verifier key"));
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let (entry, card) = minter.mint(&format!("meanwhile {number}"));
        let answer = submit(node, &entry, &card).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
        told.acknowledged(&entry, &answer.json());
    }
    told
}

/// Kills a backup some time after it has begun to write. Returns whether it was killed in the middle.
fn kill_backup(node: &Node, to: &Path, later: Duration) -> bool {
    let unfinished = to.with_file_name("backup.unfinished");
    for old in [to, &unfinished] {
        if old.exists() {
            fs::remove_dir_all(old).expect("what the last round left");
        }
    }
    let mut command = Command::new(&binaries().node);
    command.arg("backup").arg(node.dir()).arg(to).stdout(Stdio::null()).stderr(Stdio::null());
    let mut backup = command.spawn().expect("the backup starts");
    let deadline = Instant::now() + PATIENCE;
    while !unfinished.exists() && !to.exists() {
        assert!(Instant::now() < deadline, "the backup does not begin");
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(later);
    backup.kill().expect("a child can be killed");
    !backup.wait().expect("a child can be waited for").success()
}

fn check_whole(node: &Node, copy: &Path, size: u64) {
    let fsck = node.run_words(&["fsck".as_ref(), copy.as_os_str()]);
    assert_eq!(fsck.code, 0, "{fsck}");
    let entries: Option<u64> = fsck.stdout.split(" entries in ").next().and_then(|entries| entries.parse().ok());
    assert!(entries >= Some(size), "a copy that began at {size} entries: {fsck}");
    assert!(fsck.stdout.contains("Clean"), "{fsck}");
}

fn size(node: &Node) -> u64 {
    node.get("/health").json()["size"].as_u64().expect("a size")
}

#[test]
fn a_backup_that_is_killed_never_passes_for_one_and_the_register_does_not_mind() {
    let mut node = Node::start_new("backups.example/log");
    let minter = Minter::new("ana", &node);
    submit_batches(&node, &minter, 0..BATCHES, BATCH_ENTRIES);
    let shelf = tempfile::tempdir().expect("another disk");
    let (to, over) = (shelf.path().join("backup"), AtomicBool::new(false));
    let told = thread::scope(|scope| {
        let flowing = scope.spawn(|| flow(&node, &minter, &over));
        let end = End(&over);
        let mut in_the_middle = 0;
        for round in 0..ROUNDS {
            let before = size(&node);
            if kill_backup(&node, &to, LATER * round) && !to.exists() {
                in_the_middle += 1;
                let refused = node.run_words(&["fsck".as_ref(), to.as_os_str()]);
                assert_eq!(refused.code, 1, "{refused}");
            } else {
                check_whole(&node, &to, before);
            }
            assert_eq!(node.get("/health").status, 200);
        }
        assert!(in_the_middle > 0, "none was killed in the middle");
        // The next one does not mind what was left, and has all that was acknowledged before it began.
        kill_backup(&node, &to, Duration::ZERO);
        if to.exists() {
            fs::remove_dir_all(&to).expect("a copy that was faster");
        }
        let before = size(&node);
        let done = node.run("backup", &[&to]);
        assert_eq!(done.code, 0, "{done}");
        check_whole(&node, &to, before);
        drop(end);
        flowing.join().expect("every entry is acknowledged")
    });
    assert!(told.entries().len() > 10, "no entries flowed");
    assert!(node.terminate().success());
    let mut told = told;
    told.check_dir(&node.dir(), "after the backups");
    check_whole(&node, &node.dir(), 0);
}
