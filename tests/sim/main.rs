//! The whole protocol in one thread, by seed: a register, its followers, its witnesses and people, on a network that loses,
//! delays, doubles and cuts, with processes that are killed and disks that lose what was not synced.
//!
//! What decides is the real thing: the ledger's rules and replay, the log and its slots on a disk with their recovery, the
//! witness's decision, the notes and proofs that are sent. What carries it is simulated: time, the network, disks, and in
//! `register.rs` and `follower.rs` the order of steps that the node keeps. Nothing here depends on anything but the seed, so a
//! seed that fails fails again: `COLOPHON_SIM_SEED=N` runs it alone. `COLOPHON_SIM_SEEDS` says how many are run.

mod dice;
mod disk;
mod fact;
mod follower;
mod invariants;
mod message;
mod network;
mod person;
mod register;
mod roles;
mod witness;
mod world;

use world::{Summary, World};

const SEEDS: u64 = 8;

#[test]
fn whatever_fails_on_the_way_everybody_ends_with_one_history() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("COLOPHON_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("COLOPHON_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let count = seeds.end - seeds.start;
    let mut all = Summary::default();
    for seed in seeds {
        // A panic names what broke; this names the seed.
        println!("seed {seed}");
        all.add(&World::new(seed).run());
    }
    println!("{count} seeds: {all:?}");
    assert!(all.acknowledged > 10 * count && all.killed > count && all.lost > count, "the seeds were no test: {all:?}");
}
