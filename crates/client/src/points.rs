//! The keys of those who sign often, remembered as points on the curve.
//!
//! To compute the point of a key takes a sixth of the time of checking a signature under it. It depends on nothing but the
//! key, so what is remembered never gets old.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use colophon_ledger::account::Multikey;
use colophon_ledger::signature::Points;
use colophon_tlog::key::PublicKey;

/// How many keys are remembered at most. With one more, all are forgotten.
const KEYS_MAX: usize = 8_192;

/// The points that were asked for before.
#[derive(Debug, Default)]
pub struct Remembered {
    points: RwLock<HashMap<Multikey, PublicKey>>,
}

impl Points for Remembered {
    fn public(&self, key: &Multikey) -> Option<PublicKey> {
        let remembered = self.points.read().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        remembered.or_else(|| {
            let public = key.public()?;
            let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
            if points.len() >= KEYS_MAX {
                points.clear();
            }
            points.insert(*key, public);
            Some(public)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::key::SecretKey;

    fn key(number: usize) -> Multikey {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Multikey::from(&SecretKey::from_seed(seed).public())
    }

    #[test]
    fn what_is_remembered_is_what_would_be_computed_and_no_more_than_may_be() {
        let points = Remembered::default();
        for number in (0..=KEYS_MAX).chain([0, KEYS_MAX]) {
            let key = key(number);
            assert_eq!(points.public(&key), key.public());
            assert!(points.points.read().unwrap().len() <= KEYS_MAX);
        }
        assert_eq!(points.points.read().unwrap().len(), 2, "the first of those beyond, and one that was forgotten");
    }

    #[test]
    fn a_key_that_may_not_sign_is_none_and_is_not_remembered() {
        let points = Remembered::default();
        let mut weak = [0; 32];
        weak[0] = 1;
        for bytes in [weak, [0xff; 32]] {
            assert_eq!(points.public(&Multikey::from_key_bytes(bytes)), None);
        }
        assert!(points.points.read().unwrap().is_empty());
    }
}
