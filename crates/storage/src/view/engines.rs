//! What every engine promises, asked of each of them, and of the view over each of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use colophon_tlog::hash::Hash;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::view::engine::{Engine, EngineError, EngineKind, Pair, Write};
use crate::view::memory::MemoryEngine;
use crate::view::overlay::range_start;
use crate::view::{Anew, VIEW_DIR, View, ViewError, inspect, place};

const GENESIS: Hash = Hash::ZERO;

fn pair(key: &str, value: &str) -> Pair {
    (key.as_bytes().to_vec(), value.as_bytes().to_vec())
}

fn write(key: &str, value: &str) -> Write {
    (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
}

fn writes(keys: u32, value: &[u8]) -> Vec<Write> {
    (0..keys).map(|key| ([&b"r"[..], &key.to_be_bytes()].concat(), Some(value.to_vec()))).collect()
}

fn opened(dir: &Path, kind: EngineKind, genesis: &Hash, size: u64) -> (View, Option<Anew>) {
    View::open(dir, kind, genesis, size).unwrap()
}

fn filled(dir: &Path, kind: EngineKind) {
    let (view, _) = opened(dir, kind, &GENESIS, 0);
    view.stage(vec![write("ra", "1"), write("rb", "2")], 3).unwrap();
    view.stage(vec![(b"ra".to_vec(), None), write("rc", "3")], 5).unwrap();
    assert_eq!(view.prefix(b"r", None, 9).unwrap(), [pair("rb", "2"), pair("rc", "3")]);
    view.close().unwrap();
}

/// Runs a test over each engine that keeps its keys on the disk, each in a folder of its own.
fn over_each(test: impl Fn(&Path, EngineKind)) {
    for kind in EngineKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        test(dir.path(), kind);
    }
}

/// Returns each engine, empty.
fn empty_engines(dir: &Path) -> Vec<Box<dyn Engine>> {
    let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(MemoryEngine::default())];
    for kind in EngineKind::ALL {
        engines.push(place::begin_anew(&dir.join(kind.name()), kind, &GENESIS).unwrap());
    }
    engines
}

#[test]
fn a_batch_of_any_size_is_brought_in_whole() {
    let dir = tempfile::tempdir().unwrap();
    for engine in empty_engines(dir.path()) {
        for (cursor, keys) in [(1, 0), (2, 1), (3, 298), (4, 299), (5, 1_000)] {
            engine.apply(&writes(keys, &[7]), cursor).unwrap();
            assert_eq!(engine.cursor(), Ok(cursor), "{engine:?}");
            assert_eq!(engine.prefix(b"r", None, 2_000).unwrap().len(), keys as usize, "{engine:?}");
        }
        assert_eq!(engine.prefix(b"r", Some(&[b'r', 0, 0, 0, 9]), 2).unwrap()[0].0, [b'r', 0, 0, 0, 10]);
        assert_eq!(engine.prefix(b"s", Some(b"r"), 2).unwrap(), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is written, deleted, and written twice in one batch: an engine has what an ordered map has, also when it is
    /// opened again.
    #[test]
    fn an_engine_is_an_ordered_map(
        batches in vec(vec((vec(1_u8..4, 1..4), proptest::option::of(vec(any::<u8>(), 0..40))), 0..30), 1..12),
        prefix in vec(1_u8..4, 1..3),
        after in proptest::option::of(vec(1_u8..4, 0..4)),
        limit in 0_usize..12,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = BTreeMap::new();
        let engines = empty_engines(dir.path());
        for (place, batch) in batches.iter().enumerate() {
            for (key, value) in batch {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            for engine in &engines {
                engine.apply(batch, 1 + place as u64).unwrap();
            }
        }
        let all: Vec<Pair> = model.clone().into_iter().collect();
        let range = model.range::<[u8], _>((range_start(&prefix, after.as_deref()), std::ops::Bound::Unbounded));
        let within = range.take_while(|(key, _)| key.starts_with(&prefix)).take(limit);
        let within: Vec<Pair> = within.map(|(key, value)| (key.clone(), value.clone())).collect();
        for engine in &engines {
            prop_assert_eq!(&engine.prefix(b"", Some(&[0, 255]), 1_000).unwrap(), &all);
            prop_assert_eq!(&engine.prefix(&prefix, after.as_deref(), limit).unwrap(), &within);
            engine.flush().unwrap();
        }
        drop(engines);
        for kind in EngineKind::ALL {
            let engine = inspect(&dir.path().join(kind.name()), &GENESIS, 1_000).unwrap();
            prop_assert_eq!(&engine.prefix(b"", Some(&[0, 255]), 1_000).unwrap(), &all);
            prop_assert_eq!(engine.cursor(), Ok(batches.len() as u64));
        }
    }
}

#[test]
fn what_was_staged_is_there_after_closing() {
    over_each(|dir, kind| {
        assert_eq!(opened(dir, kind, &GENESIS, 0).1, Some(Anew::Missing));
        filled(dir, kind);
        let (view, anew) = opened(dir, kind, &GENESIS, 5);
        assert_eq!((anew, view.applied(), view.reading().size()), (None, 5, 5));
        assert_eq!(view.prefix(b"r", None, 9).unwrap(), [pair("rb", "2"), pair("rc", "3")]);
        assert_eq!(view.prefix(b"r", Some(b"rb"), 9).unwrap(), [pair("rc", "3")]);
        assert!(matches!(view.stage(vec![], 5), Err(ViewError::Backwards { found: 5, newest: 5 })));
    });
}

#[test]
fn a_view_that_does_not_fit_is_begun_anew() {
    over_each(|dir, kind| {
        filled(dir, kind);
        let (view, anew) = opened(dir, kind, &GENESIS, 4);
        assert_eq!((anew, view.applied()), (Some(Anew::Ahead { applied: 5, size: 4 }), 0));
        assert_eq!(view.prefix(b"r", None, 9).unwrap(), []);
        drop(view);
        filled(dir, kind);
        let (view, anew) = opened(dir, kind, &Hash::from([1; 32]), 9);
        assert_eq!((anew, view.applied()), (Some(Anew::Unusable(EngineError::Foreign.to_string())), 0));
    });
}

#[test]
fn a_view_that_another_engine_keeps_is_begun_anew() {
    over_each(|dir, kind| {
        let [wanted] = EngineKind::ALL.into_iter().filter(|other| *other != kind).collect::<Vec<_>>()[..] else {
            panic!("there are two engines")
        };
        assert_eq!(View::kind_in(dir), None);
        filled(dir, kind);
        assert_eq!(View::kind_in(dir), Some(kind));
        let (view, anew) = opened(dir, wanted, &GENESIS, 5);
        assert_eq!((anew, view.applied()), (Some(Anew::OtherEngine { found: kind, wanted }), 0));
        assert_eq!(View::kind_in(dir), Some(wanted));
        assert!(!dir.join(VIEW_DIR).join(kind.name()).exists(), "the room it took is given back");
    });
}

#[test]
fn a_condemned_view_is_begun_anew() {
    over_each(|dir, kind| {
        filled(dir, kind);
        let (view, _) = opened(dir, kind, &GENESIS, 5);
        view.shared.fail(EngineError::Panicked);
        assert!(matches!(view.stage(vec![], 6), Err(ViewError::Engine(EngineError::Panicked))));
        assert!(view.wait_for_backlog(0).is_err());
        assert!(view.close().is_err());
        let (view, anew) = opened(dir, kind, &GENESIS, 5);
        assert_eq!((anew, view.applied()), (Some(Anew::Condemned), 0));
        drop(view);
        assert_eq!(opened(dir, kind, &GENESIS, 5).1, None);
    });
}

/// Returns all files of an engine.
fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_store_of_garbage_is_begun_anew() {
    over_each(|dir, kind| {
        filled(dir, kind);
        for path in files(&dir.join(VIEW_DIR).join(kind.name())) {
            let bytes: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 0x5a).collect();
            fs::write(&path, bytes).unwrap();
        }
        let (view, anew) = opened(dir, kind, &GENESIS, 5);
        assert!(matches!(anew, Some(Anew::Unusable(_))), "{anew:?}");
        view.stage(vec![write("ra", "1")], 2).unwrap();
        view.close().unwrap();
        assert_eq!(opened(dir, kind, &GENESIS, 5).0.applied(), 2);
    });
}

/// Whichever of its files loses its end, at whatever byte: an engine opens with whole batches up to its cursor, or says
/// that it cannot be used.
#[test]
fn a_store_whose_files_were_torn_has_whole_batches_or_is_of_no_use() {
    over_each(|dir, kind| {
        let whole = dir.join("whole");
        let engine = place::begin_anew(&whole, kind, &GENESIS).unwrap();
        for cursor in 1..=6_u8 {
            engine.apply(&writes(20 * u32::from(cursor), &[cursor; 50]), u64::from(cursor)).unwrap();
        }
        engine.flush().unwrap();
        drop(engine);
        let mut seen = [0; 2];
        for path in files(&whole) {
            let length = fs::metadata(&path).unwrap().len();
            for cut in (0..length.min(40_000)).step_by(997) {
                let torn = dir.join("torn");
                copy(&whole, &torn);
                let file = torn.join(path.strip_prefix(&whole).unwrap());
                fs::OpenOptions::new().write(true).open(file).unwrap().set_len(cut).unwrap();
                match inspect(&torn, &GENESIS, 6) {
                    Ok(engine) => {
                        let cursor = u8::try_from(engine.cursor().unwrap()).unwrap();
                        let found = engine.prefix(b"r", None, 1_000).unwrap();
                        assert_eq!(found.len(), 20 * usize::from(cursor), "{kind}: {} cut to {cut}", path.display());
                        assert!(found.iter().all(|(_, value)| *value == [cursor; 50]));
                        seen[0] += 1;
                    }
                    Err(_) => seen[1] += 1,
                }
                fs::remove_dir_all(&torn).unwrap();
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{kind}: each outcome was met: {seen:?}");
    });
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let copy = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(path, copy).unwrap();
    }
}
