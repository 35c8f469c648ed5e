//! Leaves against the rules, and what governors can do about them: everybody who replays refuses such a log, until an upgrade further
//! on voids them.

use colophon_ledger::audit::Audit;
use colophon_ledger::batch::Batch;
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::evidence::{BatchClaim, Claim, Evidence, EvidenceError, Lie};
use colophon_ledger::field::Int;
use colophon_ledger::look::Looked;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::{Replay, ReplayError};
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Changes;
use colophon_ledger::voiding::{VOIDING_UPGRADES_MAX, VoidLists};

use crate::borders::text;
use crate::evidence::{batch_evidence, judge, leaf};
use crate::proposed::rehearsed_by;
use crate::rules::{log_key_body, mint_body, raw_note, void_body};
use crate::world::{World, account, digest, signed, signer_of};

/// A register whose operator has put leaves into the log that the rules refuse, and perhaps gone on.
struct Wounded {
    world: World,
    /// Its log replayed by who knows what is voided.
    healed: Replay,
    /// How many leaves there were before.
    honest: usize,
}

fn entry(world: &World, body: &Body, by: &str) -> Entry {
    signed(&text_of(&world.rules.register, body), &[(by, by)])
}

fn mint(world: &World, face: &str) -> Entry {
    entry(world, &Body::Mint(mint_body("ana", face)), "ana")
}

/// Returns a leaf that the rules refuse: a work that is registered already.
fn refused_leaf(world: &World) -> Vec<u8> {
    mint(world, "hills").to_bytes()
}

/// Replays a log by who knows that these leaves are voided further on.
fn replayed(leaves: &[Vec<u8>], lists: &VoidLists) -> Result<Replay, ReplayError> {
    let mut replay = Replay::begin(&leaves[0]).unwrap();
    replay.learn(lists);
    for leaf in leaves {
        replay.leaf(leaf.clone())?;
    }
    Ok(replay)
}

/// Returns what looking ahead over these leaves tells.
fn lists_of(leaves: &[Vec<u8>]) -> VoidLists {
    let mut lists = VoidLists::default();
    (0..).zip(leaves).for_each(|(index, leaf)| lists.leaf(index, leaf));
    lists
}

/// Audits a log as `colophon audit` does: looks ahead where a leaf is refused, and not before. Returns it with how often it did.
fn audited(leaves: &[Vec<u8>]) -> (Audit<Changes>, Result<(), ReplayError>, u32) {
    let (mut audit, mut looks) = (Audit::begin(&leaves[0], Changes::new()).unwrap(), 0);
    for leaf in leaves {
        let judged = match audit.leaf(Looked::later(leaf.clone())) {
            Err(error @ ReplayError::Refused { index, .. }) => {
                looks += 1;
                match audit.learn(&lists_of(leaves), index) {
                    Ok(None) => Err(error),
                    learnt => learnt,
                }
            }
            judged => judged,
        };
        if let Err(error) = judged {
            return (audit, Err(error), looks);
        }
    }
    let finished = audit.finish();
    (audit, finished, looks)
}

impl Wounded {
    /// Begins a register, and hurts it by a batch of a good mint and these leaves, whose seal `change` changes.
    fn by(bad: impl FnOnce(&World) -> Vec<Vec<u8>>, change: impl FnOnce(&mut Seal)) -> Wounded {
        let mut world = World::new();
        world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
        let (bad, honest) = (bad(&world), world.leaves.len());
        let healed = replayed(&world.leaves, &VoidLists::default()).unwrap();
        let mut wounded = Wounded { world, healed, honest };
        let good = mint(&wounded.world, "sea");
        wounded.batch(&[good], &bad, change);
        wounded
    }

    fn new() -> Wounded {
        Wounded::by(|world| vec![refused_leaf(world)], |_| ())
    }

    /// Returns the index of the first bad leaf.
    fn bad(&self) -> u64 {
        self.honest as u64 + 1
    }

    /// Goes on with a batch of `good` entries, which the rules take, and `bad` leaves.
    fn batch(&mut self, good: &[Entry], bad: &[Vec<u8>], change: impl FnOnce(&mut Seal)) {
        let (rules, replay) = (self.world.rules.clone(), &self.healed);
        let (records, position) = (replay.records().clone(), replay.position());
        let voiding = replay.voiding().clone();
        let mut batch = Batch::open_owing(&rules, &records, position, position.time_ms + 1, voiding);
        for entry in good {
            batch.push(Signed::check(entry.clone(), &records).unwrap()).unwrap();
        }
        let mut seal = batch.close(account("operator"), replay.tree()).unwrap().seal;
        seal.count = Int::new((good.len() + bad.len()) as u64).unwrap();
        change(&mut seal);
        let seal = entry(&self.world, &Body::Seal(seal), "operator");
        let leaves = good.iter().map(Entry::to_bytes).chain(bad.iter().cloned()).chain([seal.to_bytes()]);
        self.world.relog(self.world.leaves.iter().cloned().chain(leaves).collect());
    }

    /// Lets the governors void these leaves, by the rules.
    fn heal(&mut self, void: &[u64]) {
        self.heal_with(&void_body(&["governor"], self.world.act_prev(), void));
    }

    fn heal_with(&mut self, upgrade: &Body) {
        let upgrade = entry(&self.world, upgrade, "governor");
        let leaves = self.world.leaves.clone();
        let mut lists = lists_of(&leaves);
        lists.leaf(leaves.len() as u64, &upgrade.to_bytes());
        self.healed = replayed(&leaves, &lists).unwrap();
        self.batch(&[upgrade], &[], |_| ());
        self.healed = replayed(&self.world.leaves, &lists).unwrap();
    }

    /// Returns the file about the wounding batch, under the log as it is now.
    fn file(&self) -> Evidence {
        let before = replayed(&self.world.leaves[..self.honest], &VoidLists::default()).unwrap();
        let rest = &self.world.leaves[self.honest..];
        let end = rest.iter().position(|leaf| Seal::peek(leaf).is_some()).unwrap();
        batch_evidence(&self.world, &before, &rest[..=end])
    }

    /// Returns the same file by who knows what is voided, and so which records the rules read of the whole batch; with all that
    /// follows the batch.
    fn whole_claim(&self) -> BatchClaim {
        let mut before = Replay::begin(&self.world.leaves[0]).unwrap();
        before.learn(&lists_of(&self.world.leaves));
        let (honest, behind) = self.world.leaves.split_at(self.honest);
        for leaf in honest {
            assert!(before.leaf(leaf.clone()).is_ok());
        }
        let count = 1 + behind.iter().position(|leaf| Seal::peek(leaf).is_some()).unwrap();
        let Claim::Batch(claim) = batch_evidence(&self.world, &before, &behind[..count]).claim else {
            panic!("a batch")
        };
        let rest = (self.honest + count) as u64..self.world.size();
        BatchClaim { rest: Some(rest.map(|index| leaf(&self.world, index)).collect()), ..*claim }
    }

    fn claim(&self) -> BatchClaim {
        let Claim::Batch(claim) = self.file().claim else { panic!("a batch") };
        *claim
    }
}

fn judge_claim(claim: BatchClaim) -> Result<Lie, EvidenceError> {
    judge(&Evidence::of(Claim::Batch(Box::new(claim))))
}

fn repeated(index: u64) -> ReplayError {
    ReplayError::Refused { index, refusal: Refusal::Repeated { index: 2 } }
}

#[test]
fn a_leaf_against_the_rules_is_refused_by_everybody_until_it_is_voided_and_leaves_no_trace_then() {
    let mut wounded = Wounded::new();
    let bad = wounded.bad();
    assert_eq!(replayed(&wounded.world.leaves, &VoidLists::default()).unwrap_err(), repeated(bad));
    let (_, found, _) = audited(&wounded.world.leaves);
    assert_eq!(found, Err(repeated(bad)));

    wounded.heal(&[bad]);
    let leaves = wounded.world.leaves.clone();
    // Who does not look ahead refuses it as before.
    assert_eq!(replayed(&leaves, &VoidLists::default()).unwrap_err(), repeated(bad));
    let (audit, found, looks) = audited(&leaves);
    assert_eq!((found, looks), (Ok(()), 1));
    assert_eq!((audit.claims().voided, audit.claims().works), (1, 2));
    assert_eq!(audit.claims().entries, leaves.len() as u64);
    assert_eq!(audit.claims().kinds.values().sum::<u64>() + 1, leaves.len() as u64);
    // The same register without that leaf has the same works and files, but for what the upgrade wrote.
    let mut clean = World::new();
    clean.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    clean.time_ms += 1; // as the clock of the other stood when it was healed
    clean.must("sea", &Body::Mint(mint_body("ana", "sea")), &["ana"]);
    let mut records = wounded.healed.records().clone();
    records.retain(|key, _| *key != colophon_ledger::state::RecordKey::Register);
    assert_eq!(records, *clean.replay.records());
    assert_eq!(wounded.healed.voiding().owed(), None);

    // The register goes on, and what it issues verifies.
    wounded.batch(&[mint(&clean, "stone")], &[], |_| ());
    let Wounded { mut world, .. } = wounded;
    world.replay = replayed(&world.leaves, &lists_of(&world.leaves)).unwrap();
    let certificate = world.certificate(clean.ids["sea"]);
    assert!(certificate.verify(&World::vkey()).is_ok());
    // Also once it shows the governors' acts, the upgrade among them.
    let key = signer_of("the log.2").verifier();
    world.must("log_key", &log_key_body(&["governor"], world.act_prev(), &key), &["governor"]);
    world.log_key = "the log.2";
    let certificate = world.certificate(clean.ids["sea"]);
    assert!(certificate.entries.iter().any(|proved| proved.entry.contains("\"void\":[")));
    assert!(certificate.verify(&key).is_ok());
}

#[test]
fn a_voided_leaf_may_be_anything_and_one_of_many() {
    for junk in [b"no entry".to_vec(), vec![0xff; 40], raw_note("a\nb\n")] {
        let mut wounded = Wounded::by(|world| vec![junk.clone(), refused_leaf(world), junk.clone()], |_| ());
        let first = wounded.bad();
        wounded.heal(&[first, first + 1, first + 2]);
        let (audit, found, looks) = audited(&wounded.world.leaves);
        assert_eq!((found, looks, audit.claims().voided), (Ok(()), 1, 3));
        // Nor do they keep a rule set from being tried, once it is known that they are voided.
        let tried = |lists: &VoidLists| {
            rehearsed_by(&wounded.world.leaves, &text("licence"), lists).map(|tally| tally.stopped())
        };
        assert_eq!(tried(&lists_of(&wounded.world.leaves)), Ok(0));
        assert_eq!(tried(&VoidLists::default()).unwrap_err().broken_at(), Some(first));
    }
    // One that is not named stays what it was.
    let mut wounded = Wounded::by(|world| vec![refused_leaf(world), b"no entry".to_vec()], |_| ());
    let first = wounded.bad();
    let lists = {
        let upgrade = entry(&wounded.world, &void_body(&["governor"], wounded.world.act_prev(), &[first]), "governor");
        wounded.world.relog([wounded.world.leaves.clone(), vec![upgrade.to_bytes()]].concat());
        lists_of(&wounded.world.leaves)
    };
    let error = replayed(&wounded.world.leaves, &lists).unwrap_err();
    assert_eq!(error.broken_at(), Some(first + 1));
}

#[test]
fn an_entry_that_was_voided_may_be_recorded_again() {
    let mut early = None;
    // Ana sells on before she has what she sells; the operator's program takes it.
    let mut wounded = Wounded::by(
        |world| {
            let text = text_of(&world.rules.register, &Body::Mint(mint_body("bo", "rain")));
            let twice = signed(&text, &[("bo", "bo")]).to_bytes();
            let mut spoilt = twice.clone();
            let place = spoilt.len() - 10;
            spoilt[place] = if spoilt[place] == b'A' { b'B' } else { b'A' };
            early = Some(twice);
            vec![spoilt]
        },
        |_| (),
    );
    wounded.heal(&[wounded.bad()]);
    // By its text it is the entry that was voided; this time it is signed.
    let again = Entry::parse(&early.unwrap()).unwrap();
    wounded.batch(&[again], &[], |_| ());
    let (audit, found, _) = audited(&wounded.world.leaves);
    assert_eq!((found, audit.claims().works), (Ok(()), 3));
}

#[test]
fn a_leaf_that_the_rules_take_cannot_be_voided() {
    let mut wounded = Wounded::new();
    let (bad, good) = (wounded.bad(), wounded.bad() - 1);
    let prev = wounded.world.act_prev();
    // By the rules it is refused, and where an operator plants it nobody goes on.
    for list in [vec![good], vec![good, bad], vec![2], vec![bad + 1]] {
        let upgrade = entry(&wounded.world, &void_body(&["governor"], prev, &list), "governor");
        let mut leaves = wounded.world.leaves.clone();
        let index = leaves.len() as u64;
        leaves.extend([upgrade.to_bytes(), leaves.last().unwrap().clone()]);
        let (_, found, _) = audited(&leaves);
        let first = list.iter().copied().find(|named| *named != bad).unwrap();
        let expected = if list.contains(&bad) {
            ReplayError::Refused { index, refusal: Refusal::VoidUnfit { index: first } }
        } else {
            repeated(bad)
        };
        assert_eq!(found, Err(expected), "{list:?}");
    }
    // Nor what has been voided.
    wounded.heal(&[bad]);
    let again = entry(&wounded.world, &void_body(&["governor"], wounded.healed_prev(), &[bad]), "governor");
    let records = wounded.healed.records();
    let position = wounded.healed.position();
    let voiding = wounded.healed.voiding().clone();
    let mut batch = Batch::open_owing(&wounded.world.rules, records, position, position.time_ms, voiding);
    let pushed = batch.push(Signed::check(again, records).unwrap());
    assert_eq!(pushed, Err(Stop::Refused(Refusal::VoidUnfit { index: bad })));
}

impl Wounded {
    fn healed_prev(&self) -> colophon_ledger::field::EntryId {
        colophon_ledger::governance::current(self.healed.records()).unwrap().unwrap().newest
    }
}

#[test]
fn an_audit_owes_a_leaf_from_where_it_passes_it_over_to_its_upgrade() {
    let mut wounded = Wounded::new();
    let bad = wounded.bad();
    wounded.heal(&[bad]);
    let leaves = &wounded.world.leaves;
    let mut audit = Audit::begin(&leaves[0], Changes::new()).unwrap();
    let mut owes = Vec::new();
    for leaf in leaves {
        let closed = match audit.leaf(Looked::later(leaf.clone())) {
            Err(ReplayError::Refused { index, .. }) => audit.learn(&lists_of(leaves), index),
            closed => closed,
        };
        owes.extend(closed.unwrap().map(|_| audit.owes()));
    }
    assert_eq!(owes, [false, false, true, false]);
}

#[test]
fn an_upgrade_that_the_rules_refuse_voids_nothing() {
    let wounded = Wounded::new();
    let (bad, prev) = (wounded.bad(), wounded.world.act_prev());
    let by_no_governor =
        signed(&text_of(&wounded.world.rules.register, &void_body(&["ana"], prev, &[bad])), &[("ana", "ana")]);
    let mut leaves = wounded.world.leaves.clone();
    let index = leaves.len() as u64;
    leaves.extend([by_no_governor.to_bytes(), leaves.last().unwrap().clone()]);
    let (_, found, _) = audited(&leaves);
    let Err(ReplayError::Refused { index: at, refusal: Refusal::NotGovernor(_) }) = found else { panic!("{found:?}") };
    assert_eq!(at, index);
    // Where the governors void that one too, it counts no more, and the leaf that it named is what it was.
    let upgrade = entry(&wounded.world, &void_body(&["governor"], prev, &[index]), "governor");
    leaves.extend([upgrade.to_bytes(), leaves.last().unwrap().clone()]);
    let (_, found, _) = audited(&leaves);
    assert_eq!(found, Err(repeated(bad)));
}

#[test]
fn a_state_that_a_bad_leaf_has_changed_cannot_be_healed() {
    let mut wounded = Wounded::by(|world| vec![refused_leaf(world)], |seal| seal.state = digest("with its trace"));
    let bad = wounded.bad();
    let upgrade = entry(&wounded.world, &void_body(&["governor"], wounded.world.act_prev(), &[bad]), "governor");
    let seal = wounded.world.leaves.last().unwrap().clone();
    wounded.world.relog([wounded.world.leaves.clone(), vec![upgrade.to_bytes(), seal]].concat());
    let (_, found, _) = audited(&wounded.world.leaves);
    assert!(matches!(found, Err(ReplayError::Seal { member: "state", .. })), "{found:?}");
    // The file shows it, though it shows the upgrade too.
    let judged = judge(&wounded.file());
    assert!(matches!(judged, Ok(Lie::Batch { error: ReplayError::Seal { .. }, .. })), "{judged:?}");
}

#[test]
fn what_newer_rules_may_allow_is_not_voided() {
    let unknown = |world: &World| {
        let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "dunes")));
        vec![raw_note(&text.replacen("\"kind\":\"mint\"", "\"kind\":\"bless\"", 1))]
    };
    let mut wounded = Wounded::by(unknown, |_| ());
    let bad = wounded.bad();
    let upgrade = entry(&wounded.world, &void_body(&["governor"], wounded.world.act_prev(), &[bad]), "governor");
    wounded.world.relog([wounded.world.leaves.clone(), vec![upgrade.to_bytes()]].concat());
    let error = replayed(&wounded.world.leaves, &lists_of(&wounded.world.leaves)).unwrap_err();
    assert!(matches!(error, ReplayError::NeedsNewer { index, .. } if index == bad), "{error}");
}

#[test]
fn evidence_of_an_entry_convicts_until_an_upgrade_has_voided_it() {
    let mut wounded = Wounded::new();
    let bad = wounded.bad();
    let convicted = |wounded: &Wounded| {
        let lie = Lie::Batch { first: bad - 1, size: wounded.world.size(), error: repeated(bad) };
        assert_eq!(judge(&wounded.file()), Ok(lie));
    };
    // The log ends with the batch: nothing voids an entry of it.
    convicted(&wounded);
    assert_eq!(wounded.claim().rest, None);
    // It goes on, and the file shows all of the rest.
    let world = World::new();
    wounded.healed = {
        let mut lists = VoidLists::default();
        let upgrade = entry(&wounded.world, &void_body(&["governor"], wounded.world.act_prev(), &[bad]), "governor");
        lists.leaf(99, &upgrade.to_bytes());
        replayed(&wounded.world.leaves, &lists).unwrap()
    };
    wounded.batch(&[mint(&world, "stone")], &[], |_| ());
    convicted(&wounded);
    assert_eq!(wounded.claim().rest.map(|rest| rest.len()), Some(2));
    // Where some of that is left out, nobody is convicted.
    let undecided = Err(EvidenceError::MayBeVoided { index: bad, size: wounded.world.size() });
    assert_eq!(judge_claim(BatchClaim { rest: None, ..wounded.claim() }), undecided);
    let mut cut = wounded.claim();
    cut.rest.as_mut().unwrap().pop();
    assert!(matches!(judge_claim(cut), Err(EvidenceError::Malformed(_))));
    let mut other = wounded.claim();
    let rest = other.rest.as_mut().unwrap();
    rest[0].leaf = rest[1].leaf.clone();
    assert!(matches!(judge_claim(other), Err(EvidenceError::NotShown { .. })));

    // The governors void it.
    wounded.heal(&[bad]);
    let nothing = judge_claim(wounded.whole_claim());
    assert!(matches!(nothing, Err(EvidenceError::NothingWrong(_))), "{nothing:?}");
    let undecided = Err(EvidenceError::MayBeVoided { index: bad, size: wounded.world.size() });
    assert_eq!(judge_claim(BatchClaim { rest: None, ..wounded.claim() }), undecided);
}

#[test]
fn no_batch_of_a_mended_register_convicts_it() {
    let mut wounded = Wounded::new();
    wounded.heal(&[wounded.bad()]);
    let world = World::new();
    wounded.batch(&[mint(&world, "stone")], &[], |_| ());
    let lists = lists_of(&wounded.world.leaves);
    let mut replay = Replay::begin(&wounded.world.leaves[0]).unwrap();
    replay.learn(&lists);
    let mut batch = Vec::new();
    for leaf in wounded.world.leaves.clone() {
        batch.push(leaf.clone());
        if Seal::peek(&leaf).is_some() {
            // Made by who knows what is voided, and by who does not.
            let knows = batch_evidence(&wounded.world, &replay, &batch);
            let whole = Evidence::of(Claim::Batch(Box::new(wounded.whole_claim())));
            for file in [knows, whole] {
                let found = judge(&file);
                assert!(
                    matches!(found, Err(EvidenceError::NothingWrong(_) | EvidenceError::MayBeVoided { .. })),
                    "{found:?}"
                );
            }
            batch.drain(..).for_each(|leaf| assert!(replay.leaf(leaf).is_ok()));
        }
    }
}

#[test]
fn so_many_upgrades_are_looked_at_ahead() {
    let world = World::new();
    let upgrade =
        |void: &[u64]| entry(&world, &void_body(&["governor"], world.act_prev(), void), "governor").to_bytes();
    let (one, other) = (upgrade(&[2]), upgrade(&[3]));
    let mut lists = VoidLists::default();
    for index in 9..9 + VOIDING_UPGRADES_MAX as u64 {
        lists.leaf(index, &one);
    }
    lists.leaf(9_999, &other);
    assert_eq!([2, 3].map(|index| lists.names(index)), [true, false]);
}

#[test]
fn a_list_of_leaves_to_be_voided_has_one_form() {
    let world = World::new();
    let text = text_of(&world.rules.register, &void_body(&["governor"], world.act_prev(), &[2, 5]));
    let changed = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        Entry::parse(&raw_note(&changed)).unwrap_err().code()
    };
    let many = |count: u64| format!("[{}]", (2..2 + count).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    assert!(Entry::parse(&raw_note(&text.replacen("[2,5]", &many(64), 1))).is_ok());
    for list in ["[]", "[5,2]", "[2,2]", "[0,5]", "[-1]", "[2.5]", "2", &many(65)] {
        assert_eq!(changed("[2,5]", list), "body_invalid", "{list}");
    }
    assert_eq!(changed(",\"void\":[2,5]", ""), "body_invalid");
    assert_eq!(changed("\"kind\"", "\"height\":1002,\"kind\""), "body_invalid");
    assert_eq!(changed("\"void\"", "\"rules\":2,\"void\""), "body_invalid");
    assert_eq!(changed("\"void\"", "\"voids\""), "unknown_member");
}
