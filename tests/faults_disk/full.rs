//! No room: submitters are told so, readers notice nothing, and once there is room the node goes on by itself.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::minting::Minter;
use e2e::node::Node;
use e2e::told::Told;
use tempfile::TempDir;

use crate::row::{Row, attempt};
use crate::scene::{log_key, mint, mint_many};

/// The size of a file system that is filled.
const ROOM: &str = "size=24m";
/// The longest file while there is no room, where no file system can be had: slots have to fit.
const FILE_BYTES_MIN: u64 = 512 * 1024;
/// What is recorded before the room runs out.
const BEFORE: u64 = 900;
const AT_ONCE: u64 = 300;
/// How many mints at most until the room is used up.
const UNTIL_FULL_MAX: u64 = 2_000;
/// How long a node may take until it goes on, once there is room.
const PATIENCE: Duration = Duration::from_mins(1);

/// Something that sets an end to what a node can write, and can be moved.
enum Bound {
    /// A small file system of the register's own.
    FileSystem(Mount),
    /// The longest file that the process may write.
    FileSize,
}

/// A file system in memory. Dropping it takes it away.
struct Mount(PathBuf);

/// A register that can run out of room.
struct Scene {
    // Before the node, whose directory it is: it goes first.
    bound: Bound,
    node: Node,
    minter: Minter,
    told: Told,
    minted: u64,
}

/// Fills the disk under both engines, and returns what came of it. Where no file system may be mounted, files have a
/// longest length instead, and that is said.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![longest_file("sled")];
    for engine in ["sled", "fjall"] {
        let home = home();
        match Mount::on(&home.path().join("register")) {
            Ok(mount) => {
                let what = format!("a full file system, {engine}");
                rows.push(attempt(&what, || full_file_system(&what, mount, home, engine)));
            }
            Err(why) => {
                let told = format!("NOT TRIED on a file system of its own: {why}. Run this test as root to try it");
                eprintln!("{told}");
                rows.push(Row { said: told, ..longest_file(engine) });
            }
        }
    }
    rows
}

fn longest_file(engine: &str) -> Row {
    let what = format!("no file may grow, {engine}");
    attempt(&what, || Scene::new(Bound::FileSize, home(), engine).run(&what))
}

fn full_file_system(what: &str, mount: Mount, home: TempDir, engine: &str) -> Row {
    let mut scene = Scene::new(Bound::FileSystem(mount), home, engine);
    let row = scene.run(what);
    scene.start_while_full();
    row
}

impl Scene {
    fn new(bound: Bound, home: TempDir, engine: &str) -> Scene {
        let mut node = Node::init_in(home, "faults.example/full").with_serve_args(&["--view", engine]);
        if matches!(bound, Bound::FileSize) {
            // A process that meets the end of a file is told, instead of killed.
            node = node.with_launcher(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
        }
        node.start();
        let minter = Minter::new("ana", &node);
        let mut scene = Scene { bound, told: Told::new(log_key(&node)), node, minter, minted: 0 };
        while scene.minted < BEFORE {
            mint_many(&scene.node, &scene.minter, &mut scene.told, scene.minted..scene.minted + AT_ONCE);
            scene.minted += AT_ONCE;
        }
        scene
    }

    fn run(&mut self, what: &str) -> Row {
        self.fill();
        let code = self.mint_until_full(what);
        self.check(what);
        assert!(self.node.is_alive(), "{what}: the node ended:\n{}", self.node.log());
        self.make_room();
        let waited = self.mint_until_taken(what);
        self.check(what);
        // Once more, and this time the process is killed when there is no room.
        self.fill();
        self.mint_until_full(what);
        self.node.kill();
        self.told.check_dir(&self.node.dir(), what);
        self.make_room();
        self.node.start();
        self.mint_until_taken(what);
        self.check(what);
        assert!(self.node.terminate().success(), "{what}");
        self.told.check_dir(&self.node.dir(), what);
        let fsck = self.node.run::<&str>("fsck", &[]);
        assert!(fsck.code == 0 && fsck.stdout.contains("Clean"), "{what}: {fsck}");
        let said = self.node.log().lines().find(|line| line.contains("The disk is full")).map(crate::damage::sentence);
        Row {
            what: what.to_owned(),
            examined: fsck.code.to_string(),
            came_of_it: format!("503 {code}, goes on"),
            said: format!("{} (taken again {} ms after there was room)", said.unwrap_or_default(), waited.as_millis()),
        }
    }

    /// A node that is started on a full disk serves what it has, and goes on once there is room.
    fn start_while_full(&mut self) {
        let what = "started on a full disk";
        self.fill();
        self.node.start();
        self.check(what);
        self.mint_until_full(what);
        self.make_room();
        self.mint_until_taken(what);
        self.node.kill();
        self.told.check_dir(&self.node.dir(), what);
        self.node.start();
        self.check(what);
    }

    /// Mints until the node says that there is no room, and returns the code.
    fn mint_until_full(&mut self, what: &str) -> String {
        let (last, begun) = (self.minted + UNTIL_FULL_MAX, Instant::now());
        while self.minted < last {
            match mint(&self.node, &self.minter, &mut self.told, self.minted) {
                Ok(_) => self.minted += 1,
                // The tables have run out of room before the log.
                Err(code) if code == "view_rebuilding" && begun.elapsed() < PATIENCE => pause(),
                Err(code) => {
                    assert_eq!(code, "disk_full", "{what}");
                    return code;
                }
            }
        }
        panic!("{what}: {UNTIL_FULL_MAX} entries were taken although there is no room");
    }

    /// Tries the same mint until the node takes it, and returns how long that was.
    fn mint_until_taken(&mut self, what: &str) -> Duration {
        let begun = Instant::now();
        while let Err(code) = mint(&self.node, &self.minter, &mut self.told, self.minted) {
            assert!(begun.elapsed() < PATIENCE, "{what}: there is room, and still {code}:\n{}", self.node.log());
            pause();
        }
        self.minted += 1;
        begun.elapsed()
    }

    /// Everything that was acknowledged is served, if need be once the tables have been made again in memory.
    fn check(&mut self, what: &str) {
        let indices: Vec<u64> = self.told.entries().keys().copied().collect();
        let some: Vec<u64> = indices.iter().step_by(40).chain(indices.iter().rev().take(5)).copied().collect();
        let begun = Instant::now();
        // An engine fails when it writes, which can be between any two questions.
        let ask = |path: &str| loop {
            let answer = self.node.get(path);
            if answer.status != 503 {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {path} is still {}:\n{}", answer.text(), self.node.log());
            pause();
        };
        self.told.check_served_by(&self.node, &some, what, ask);
        ask("/health");
    }

    /// Leaves no room.
    fn fill(&self) {
        match &self.bound {
            Bound::FileSystem(Mount(root)) => {
                let ballast = root.join("ballast");
                let mut file = OpenOptions::new().create(true).append(true).open(ballast).expect("a file to fill it");
                for length in [1 << 20, 1 << 16, 1 << 12, 1] {
                    while file.write_all(&vec![1; length]).is_ok() {}
                }
            }
            Bound::FileSize => {
                let log = fs::metadata(self.node.dir().join("entries.log")).expect("the log").len();
                assert!(log > FILE_BYTES_MIN, "the log is shorter than the slots");
                set_file_size_limit(&self.node, &(log + 2_000).to_string());
            }
        }
    }

    fn make_room(&mut self) {
        match &self.bound {
            Bound::FileSystem(Mount(root)) => fs::remove_file(root.join("ballast")).expect("the ballast"),
            Bound::FileSize if self.node.is_alive() => set_file_size_limit(&self.node, "unlimited"),
            Bound::FileSize => {}
        }
    }
}

impl Mount {
    /// Mounts an empty file system at a folder that is not there yet, or says why that is not possible.
    fn on(folder: &Path) -> Result<Mount, String> {
        fs::create_dir(folder).map_err(|error| error.to_string())?;
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", ROOM, "colophon-test"]).arg(folder).output();
        let mounted = mount.map_err(|error| format!("`mount` does not start: {error}"))?;
        if mounted.status.success() {
            return Ok(Mount(folder.to_owned()));
        }
        fs::remove_dir(folder).map_err(|error| error.to_string())?;
        Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // The node may still have files open there: they go with it.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("a small file system is left at {}: umount it", self.0.display());
        }
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

fn home() -> TempDir {
    tempfile::Builder::new().prefix("colophon-full-").tempdir().expect("a temporary directory")
}

fn set_file_size_limit(node: &Node, bytes: &str) {
    let limit =
        Command::new("prlimit").args([format!("--pid={}", node.process_id()), format!("--fsize={bytes}:")]).status();
    assert!(limit.expect("`prlimit` (util-linux) starts").success(), "the limit was not set");
}
