//! A copy in this process, of a register that runs ahead of it.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use colophon_node::clock::Clock;
use colophon_node::connections::Limits;
use colophon_node::follow::{FollowConfig, follow};
use colophon_tlog::note::VerifierKey;
use serde_json::json;

use crate::people::minting;
use crate::process::{Node, body_json, try_get};

/// How long the copy may take for a step.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many entries it takes in one.
const STEP_ENTRIES: u64 = 20;

fn config(register: &Node, log: VerifierKey, dir: &Path) -> FollowConfig {
    FollowConfig {
        address: format!("http://{}", register.address()),
        dir: dir.to_owned(),
        logs: vec![log],
        policy: None,
        poll: Duration::from_millis(50),
        engine: None,
        clock: Clock::system(),
        limits: Limits::default(),
        step_entries_max: STEP_ENTRIES,
        witness: None,
    }
}

/// Waits until the copy answers a path like the register does.
fn wait_until_same(register: &Node, copy: &str, path: &str) {
    let (expected, deadline) = (register.get(path).2, Instant::now() + PATIENCE);
    loop {
        // While it is opened again, a connection may be cut.
        let found = try_get(copy, path).map(|answer| answer.2);
        if found.as_ref() == Some(&expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{path} is {:?}", found.as_deref().map(String::from_utf8_lossy));
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_copy_that_falls_behind_by_more_than_a_step_is_opened_again_where_it_was_served() {
    let mut register = Node::started();
    let rules = register.rules();
    let home = tempfile::tempdir().unwrap();
    let config = config(&register, rules.log_key.clone(), home.path());
    let (greeted, greeting) = channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let following = thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let greet = move |address: std::net::SocketAddr| greeted.send(address.to_string()).unwrap();
        let stop = async { stopped.await.unwrap() };
        runtime.block_on(follow(&config, "127.0.0.1:0".parse().unwrap(), greet, stop))
    });
    let copy = greeting.recv_timeout(PATIENCE).unwrap();
    let followed = || {
        let metrics = try_get(&copy, "/metrics").unwrap().2;
        let text = String::from_utf8(metrics).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("colophon_followed_checkpoints_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    wait_until_same(&register, &copy, "/checkpoint");

    // By a step: shown while it is served, and counted.
    assert_eq!(register.submit(minting("ana", "first"), &rules).0, 201);
    wait_until_same(&register, &copy, "/checkpoint");
    assert!(followed() > 0);

    // By more: fetched portion by portion with nobody served, at the same address, with new counts.
    let mints: Vec<_> =
        (0..300).map(|number| json!({"entry": minting("ana", &number.to_string()).note(&rules.register)})).collect();
    let many = register.post("/v1/entries/many", "application/json", json!({"entries": mints}).to_string().as_bytes());
    assert_eq!(many.0, 200, "{}", body_json(&many));
    wait_until_same(&register, &copy, "/checkpoint");
    assert_eq!(followed(), 0, "all of it was taken while it was served");
    let work = minting("ana", "7").id(&rules.register);
    for path in [format!("/v1/works/{work}"), "/tile/0/000".to_owned()] {
        wait_until_same(&register, &copy, &path);
    }

    // And on by a step.
    assert_eq!(register.submit(minting("ana", "last"), &rules).0, 201);
    wait_until_same(&register, &copy, "/checkpoint");
    assert!(followed() > 0);
    assert!(greeting.try_recv().is_err(), "it has told its address twice");
    stop.send(()).unwrap();
    following.join().unwrap().unwrap();
    assert_eq!(register.terminate().code(), Some(0));
    for name in ["entries.log", "tile.0", "commits"] {
        let read = |dir: &Path| std::fs::read(dir.join(name)).unwrap();
        assert!(read(&register.dir()) == read(home.path()), "{name} differs");
    }
    let report = colophon_storage::fsck::fsck(home.path()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}
