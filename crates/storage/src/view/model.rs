//! The view against a model: an ordered map that is never behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use proptest::prelude::*;

use crate::view::View;
use crate::view::engine::{Engine, EngineError, Pair, Write, WriteRef};
use crate::view::overlay::range_start;

type Keys = BTreeMap<Vec<u8>, Vec<u8>>;

/// An engine that stops in the middle of each batch while its gate is shut, and fails from a chosen cursor on.
#[derive(Debug, Clone, Default)]
struct SlowEngine {
    keys: Arc<RwLock<Keys>>,
    cursor: Arc<Mutex<u64>>,
    gate: Arc<Mutex<()>>,
    fails_at: Option<u64>,
    condemned: Arc<Mutex<bool>>,
}

impl Engine for SlowEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.keys.read().unwrap().get(key).cloned())
    }

    fn prefix(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        Ok(range(&self.keys.read().unwrap(), prefix, after, limit))
    }

    fn bring_in(&self, writes: &[WriteRef<'_>], cursor: u64) -> Result<(), EngineError> {
        for (place, write) in writes.iter().enumerate() {
            if place == writes.len() / 2 {
                drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
                if self.fails_at.is_some_and(|fails_at| cursor >= fails_at) {
                    return Err(EngineError::Store("no more room".to_owned()));
                }
            }
            change(&mut self.keys.write().unwrap(), *write);
        }
        *self.cursor.lock().unwrap() = cursor;
        Ok(())
    }

    fn cursor(&self) -> Result<u64, EngineError> {
        Ok(*self.cursor.lock().unwrap())
    }

    fn flush(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn condemn(&self) {
        *self.condemned.lock().unwrap() = true;
    }
}

fn change(keys: &mut Keys, (key, value): WriteRef<'_>) {
    match value {
        Some(value) => keys.insert(key.to_vec(), value.to_vec()),
        None => keys.remove(key),
    };
}

fn range(keys: &Keys, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Pair> {
    let all = keys.range::<[u8], _>((range_start(prefix, after), std::ops::Bound::Unbounded));
    let within = all.take_while(|(key, _)| key.starts_with(prefix));
    within.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Stage(Vec<Write>),
    Scan { prefix: Vec<u8>, after: Option<Vec<u8>>, limit: usize },
    Shut,
    Open,
    Wait,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1_u8..4, 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    let write = (key(), proptest::option::of(proptest::collection::vec(any::<u8>(), 0..3)));
    let scan = (proptest::collection::vec(1_u8..4, 0..3), proptest::option::of(key()), 0_usize..12);
    prop_oneof![
        4 => proptest::collection::vec(write, 0..12).prop_map(Step::Stage),
        4 => scan.prop_map(|(prefix, after, limit)| Step::Scan { prefix, after, limit }),
        1 => Just(Step::Shut),
        1 => Just(Step::Open),
        1 => Just(Step::Wait),
    ]
}

proptest! {
    /// However far behind the engine is, be it in the middle of a batch, every read is as if it were not.
    #[test]
    fn every_read_is_as_from_an_ordered_map(steps in proptest::collection::vec(step(), 1..40)) {
        let engine = SlowEngine::default();
        let view = View::over(Box::new(engine.clone())).unwrap();
        let mut model = Keys::new();
        let mut size = 0;
        let mut shut = None;
        for step in steps {
            match step {
                Step::Stage(writes) => {
                    for (key, value) in &writes {
                        change(&mut model, (key, value.as_deref()));
                    }
                    size += 1 + writes.len() as u64;
                    view.stage(writes, size).unwrap();
                }
                Step::Scan { prefix, after, limit } => {
                    let reading = view.reading();
                    let expected = range(&model, &prefix, after.as_deref(), limit);
                    prop_assert_eq!(reading.prefix(&prefix, after.as_deref(), limit).unwrap(), expected);
                    for (key, value) in &model {
                        prop_assert_eq!(reading.get(key).unwrap(), Some(value.clone()));
                    }
                    prop_assert_eq!(reading.size(), size);
                }
                Step::Shut => shut = shut.or_else(|| Some(engine.gate.lock().unwrap())),
                Step::Open => shut = None,
                Step::Wait => {
                    shut = None;
                    view.wait_for_backlog(0).unwrap();
                }
            }
        }
        drop(shut);
        view.close().unwrap();
        prop_assert_eq!(&*engine.keys.read().unwrap(), &model);
        prop_assert_eq!(engine.cursor(), Ok(size));
    }
}

#[test]
fn readers_on_other_threads_never_see_half_a_batch() {
    let view = Arc::new(View::over(Box::new(SlowEngine::default())).unwrap());
    let batch = |value: u8| (1..=40).map(|key| (vec![key], Some(vec![value]))).collect::<Vec<Write>>();
    view.stage(batch(0), 1).unwrap();
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let view = Arc::clone(&view);
            std::thread::spawn(move || {
                loop {
                    let reading = view.reading();
                    let pairs = reading.prefix(b"", None, 100).unwrap();
                    let value = u8::try_from(reading.size() - 1).unwrap();
                    assert_eq!(pairs.len(), 40);
                    assert!(pairs.iter().all(|(key, found)| found == &[value] && reading.get(key).unwrap().is_some()));
                    if value == 200 {
                        break;
                    }
                }
            })
        })
        .collect();
    for value in 1..=200 {
        view.stage(batch(value), u64::from(value) + 1).unwrap();
    }
    for reader in readers {
        reader.join().unwrap();
    }
}

#[test]
fn a_view_whose_engine_failed_goes_on_reading_and_takes_no_more() {
    let engine = SlowEngine { fails_at: Some(20), ..SlowEngine::default() };
    let view = View::over(Box::new(engine.clone())).unwrap();
    let batch = |value: u8| (1..=9).map(|key| (vec![key], Some(vec![value]))).collect::<Vec<Write>>();
    view.stage(batch(1), 10).unwrap();
    view.wait_for_backlog(0).unwrap();
    view.stage(batch(2), 20).unwrap();
    let failed = loop {
        if let Err(error) = view.wait_for_backlog(0) {
            break error;
        }
    };
    assert!(failed.to_string().contains("no more room"), "{failed}");
    for key in 1..=9 {
        assert_eq!(
            view.get(&[key]).unwrap(),
            Some(vec![2]),
            "half of the batch is in the engine, all of it in the overlay"
        );
    }
    assert!(view.stage(batch(3), 30).is_err());
    assert_eq!(view.get(&[1]).unwrap(), Some(vec![2]));
    assert_eq!(view.applied(), 10);
    assert!(*engine.condemned.lock().unwrap());
}

#[test]
fn a_view_that_knows_the_log_goes_on_in_memory_when_its_engine_fails() {
    let engine = SlowEngine { fails_at: Some(20), ..SlowEngine::default() };
    let view = View::over(Box::new(engine.clone())).unwrap();
    let batch = |value: u8| (1..=9).map(|key| (vec![key, value], Some(vec![value]))).collect::<Vec<Write>>();
    let log = [(batch(1), 10), (batch(2), 20), (batch(3), 30)];
    let stages = log.clone();
    view.refill_with(move |empty, size| {
        assert_eq!(size, 10, "no more than the engine had: the rest is staged again");
        empty.stage(stages[0].0.clone(), stages[0].1).map_err(|error| error.to_string())
    });
    for (writes, size) in log {
        view.stage(writes, size).unwrap();
        if size == 10 {
            view.wait_for_backlog(0).unwrap();
        }
    }
    while view.applied() < 30 {
        std::thread::yield_now();
    }
    assert!(*engine.condemned.lock().unwrap() && !view.is_failing());
    assert_eq!(view.prefix(b"", None, 100).unwrap().len(), 27);
    view.stage(batch(4), 40).unwrap();
    view.wait_for_backlog(0).unwrap();
    assert_eq!((view.get(&[1, 4]).unwrap(), view.reading().size()), (Some(vec![4]), 40));
    view.close().unwrap();
}
