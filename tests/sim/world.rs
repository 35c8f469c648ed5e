//! One run by one seed: time passes, things go wrong, then they stop going wrong, and everything must come right.

use colophon_ledger::replay::read_genesis;

use crate::dice::Dice;
use crate::fact::{End, Fact};
use crate::follower::Follower;
use crate::invariants::Invariants;
use crate::message::{Deeds, Died, Message, Who};
use crate::network::Network;
use crate::person::Person;
use crate::register::Register;
use crate::roles::{WITNESSES, genesis};
use crate::witness::Witness;

const FOLLOWERS: usize = 2;
const PEOPLE: usize = 4;
const STEP_MS: u64 = 100;
/// How long things go wrong, and how long there is to heal.
const FAULTS_MS: u64 = 30_000;
const HEALING_MS: u64 = 20_000;
/// In a thousand, each step.
const KILLED: u64 = 60;
const STARTED: u64 = 200;
const CUT: u64 = 40;
/// A process that dies in the middle of a write does so within so many of them.
const FUSE_CALLS_MAX: u64 = 12;

/// Everybody.
pub(crate) struct World {
    dice: Dice,
    network: Network,
    register: Register,
    followers: Vec<Follower>,
    witnesses: Vec<Witness>,
    people: Vec<Person>,
    invariants: Invariants,
    summary: Summary,
}

/// What runs came to.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) acknowledged: u64,
    pub(crate) published: u64,
    pub(crate) cosigned: u64,
    pub(crate) killed: u64,
    pub(crate) lost: u64,
}

impl Summary {
    pub(crate) fn add(&mut self, other: &Summary) {
        self.acknowledged += other.acknowledged;
        self.published += other.published;
        self.cosigned += other.cosigned;
        self.killed += other.killed;
        self.lost += other.lost;
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let (rules, _) = read_genesis(&genesis().to_bytes()).expect("a genesis by the rules");
        World {
            dice: Dice::new(seed),
            network: Network::default(),
            register: Register::new(),
            followers: (0..FOLLOWERS).map(Follower::new).collect(),
            witnesses: (0..WITNESSES).map(Witness::new).collect(),
            people: (0..PEOPLE).map(|number| Person::new(number, PEOPLE, &rules)).collect(),
            invariants: Invariants::default(),
            summary: Summary::default(),
        }
    }

    /// Lives through it, and returns what came of it.
    pub(crate) fn run(mut self) -> Summary {
        while self.network.now_ms < FAULTS_MS {
            self.go_wrong();
            self.step();
        }
        self.network.mend();
        for who in processes() {
            if !self.is_alive(who) {
                self.start(who);
            }
        }
        while self.network.now_ms < FAULTS_MS + HEALING_MS {
            self.step();
            // A fuse that was lit may still burn down.
            for who in processes() {
                if !self.is_alive(who) {
                    self.start(who);
                }
            }
        }
        self.summary.lost = self.network.lost;
        self.invariants.at_the_end(&self.end());
        self.summary
    }

    /// Perhaps kills somebody, starts somebody, or cuts a way.
    fn go_wrong(&mut self) {
        let processes = processes();
        for who in &processes {
            if !self.is_alive(*who) && self.dice.chance(STARTED) {
                self.start(*who);
            }
        }
        if self.dice.chance(KILLED) {
            let who = *self.dice.pick(&processes);
            if self.dice.chance(500) {
                let calls = self.dice.below(FUSE_CALLS_MAX);
                self.disk(who).light_fuse(calls);
            } else {
                self.kill(who);
            }
        }
        if self.dice.chance(CUT) {
            let (one, other) = (*self.dice.pick(&processes), *self.dice.pick(&processes));
            self.network.toggle_cut(one, other);
        }
    }

    /// Lets a little time pass.
    fn step(&mut self) {
        let until_ms = self.network.now_ms + STEP_MS;
        while let Some((from, to, message)) = self.network.next(until_ms) {
            self.deliver(from, to, message);
        }
        self.network.now_ms = until_ms;
        self.act(Who::Register, |world, deeds| world.register.tick(world.network.now_ms, deeds));
        for number in 0..FOLLOWERS {
            if self.dice.chance(300) {
                self.act(Who::Follower(number), |world, deeds| {
                    world.followers[number].tick(deeds);
                    Ok(())
                });
            }
        }
        for number in 0..PEOPLE {
            if self.dice.chance(200) {
                self.act(Who::Person(number), |world, deeds| {
                    world.people[number].tick(&mut world.dice, deeds);
                    Ok(())
                });
            }
        }
    }

    fn deliver(&mut self, from: Who, to: Who, message: Message) {
        let now_ms = self.network.now_ms;
        self.act(to, |world, deeds| match to {
            Who::Register => world.register.hear(now_ms, from, message, deeds),
            Who::Follower(number) => world.followers[number].hear(message, deeds),
            Who::Witness(number) if world.witnesses[number].is_alive() => {
                world.witnesses[number].hear(now_ms, from, message, deeds)
            }
            Who::Witness(_) => Ok(()),
            Who::Person(number) => {
                world.people[number].hear(&mut world.dice, message, deeds);
                Ok(())
            }
        });
    }

    /// Lets somebody do something. What they had sent and made known before they died, they had.
    fn act(&mut self, who: Who, act: impl FnOnce(&mut World, &mut Deeds) -> Result<(), Died>) {
        let mut deeds = Deeds::default();
        let died = act(self, &mut deeds).is_err();
        for fact in deeds.facts {
            match fact {
                Fact::Acknowledged { .. } => self.summary.acknowledged += 1,
                Fact::Published { .. } => self.summary.published += 1,
                Fact::Cosigned { .. } => self.summary.cosigned += 1,
                Fact::Signed { .. } | Fact::SeenFuture { .. } => {}
            }
            self.invariants.note(&fact);
        }
        for (to, message) in deeds.sent {
            self.network.send(&mut self.dice, who, to, message);
        }
        if died {
            self.kill(who);
        }
    }

    fn kill(&mut self, who: Who) {
        if self.is_alive(who) {
            self.summary.killed += 1;
        }
        match who {
            Who::Register => self.register.kill(&mut self.dice),
            Who::Follower(number) => self.followers[number].kill(&mut self.dice),
            Who::Witness(number) => self.witnesses[number].kill(&mut self.dice),
            Who::Person(_) => panic!("people are not killed"),
        }
    }

    fn start(&mut self, who: Who) {
        let now_ms = self.network.now_ms;
        self.act(who, |world, deeds| match who {
            Who::Register => world.register.start(now_ms, deeds),
            Who::Follower(number) => world.followers[number].start(),
            Who::Witness(number) => {
                world.witnesses[number].start();
                if world.witnesses[number].is_alive() { Ok(()) } else { Err(Died) }
            }
            Who::Person(_) => Ok(()),
        });
    }

    fn is_alive(&self, who: Who) -> bool {
        match who {
            Who::Register => self.register.is_alive(),
            Who::Follower(number) => self.followers[number].is_alive(),
            Who::Witness(number) => self.witnesses[number].is_alive(),
            Who::Person(_) => true,
        }
    }

    fn disk(&self, who: Who) -> &crate::disk::SimDisk {
        match who {
            Who::Register | Who::Person(_) => &self.register.disk,
            Who::Follower(number) => &self.followers[number].disk,
            Who::Witness(number) => &self.witnesses[number].disk,
        }
    }

    fn end(&self) -> End {
        let (leaves, size, state) = self.register.at_the_end();
        let mut end = End {
            leaves,
            published: vec![(Who::Register, size, state)],
            copies: Vec::new(),
            waiting: self.people.iter().map(Person::waits_for).sum(),
            cosigned: self.witnesses.iter().map(|witness| witness.last().map_or(0, |last| last.size.get())).collect(),
        };
        for (number, follower) in self.followers.iter().enumerate() {
            let (leaves, size, state) = follower.at_the_end();
            end.published.push((Who::Follower(number), size, state));
            end.copies.push(leaves);
        }
        end
    }
}

/// Returns everybody who can be killed.
fn processes() -> Vec<Who> {
    let followers = (0..FOLLOWERS).map(Who::Follower);
    [Who::Register].into_iter().chain(followers).chain((0..WITNESSES).map(Who::Witness)).collect()
}
