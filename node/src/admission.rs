//! Whom this node takes entries from, and how many: the operator's quotas, which are no rule of the register.
//!
//! An address uses up its quota with every entry it tries. An account uses up its own only with entries that it has signed:
//! nobody else can do it for them. Whatever is turned away uses up nothing.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colophon_ledger::account::AccountId;
use governor::clock::{Clock, MonotonicClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota as Rate, RateLimiter};

use crate::source::Source;

/// The most entries that a quota can name.
pub const QUOTA_ENTRIES_MAX: u32 = 1_000_000;
/// How many accounts, or addresses, are told apart. All that come beyond share one quota.
const KEYS_MAX: usize = 100_000;
/// The least time between two looks for keys that need not be remembered any more, once there are as many as may be.
const SWEEP_GAP: Duration = Duration::from_secs(1);

/// How many entries are taken in how long. As many may come at once; then one at a time, evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    entries: NonZeroU32,
    per: Duration,
}

/// Why text was not accepted as a quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quota: write entries and a unit of time (s, m, h, d), as in 600/h, at most {QUOTA_ENTRIES_MAX}")]
pub struct QuotaError(String);

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Quota, QuotaError> {
        let wrong = || QuotaError(text.to_owned());
        let (entries, unit) = text.split_once('/').ok_or_else(wrong)?;
        let per = match unit {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            "d" => Duration::from_hours(24),
            _ => return Err(wrong()),
        };
        let plain = entries.bytes().all(|b| b.is_ascii_digit());
        let entries = entries.parse().ok().filter(|entries: &NonZeroU32| plain && entries.get() <= QUOTA_ENTRIES_MAX);
        Ok(Quota { entries: entries.ok_or_else(wrong)?, per })
    }
}

impl Quota {
    fn rate(self) -> Option<Rate> {
        Some(Rate::with_period(self.per / self.entries.get())?.allow_burst(self.entries))
    }
}

/// The quotas a node is run with. None by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quotas {
    /// Of each account, of the entries it signs.
    pub account: Option<Quota>,
    /// Of each address, of the entries it tries.
    pub address: Option<Quota>,
}

/// Whose quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An account's.
    Account,
    /// An address's.
    Address,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Whose::Account => "account",
            Whose::Address => "address",
        })
    }
}

/// A quota that is used up, for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp {
    /// Whose it is.
    pub whose: Whose,
    /// In how many seconds the next entry is taken, at least 1.
    pub wait_s: u64,
}

/// Counts what accounts and addresses use of their quotas. Forgotten at the end of the process.
#[derive(Debug)]
pub struct Admission {
    accounts: Option<Limiter<AccountId, MonotonicClock>>,
    addresses: Option<Limiter<Source, MonotonicClock>>,
}

impl Admission {
    /// Returns an admission under these quotas, of which nothing is used.
    pub fn new(quotas: Quotas) -> Admission {
        Admission {
            accounts: quotas.account.and_then(|quota| Limiter::new(quota, KEYS_MAX, MonotonicClock)),
            addresses: quotas.address.and_then(|quota| Limiter::new(quota, KEYS_MAX, MonotonicClock)),
        }
    }

    /// Takes one entry of an address's quota, before anything is known of the entry.
    pub fn take_of_address(&self, source: Option<Source>) -> Result<(), UsedUp> {
        let (Some(limiter), Some(source)) = (&self.addresses, source) else { return Ok(()) };
        limiter.take(&source).map_err(|wait_s| UsedUp { whose: Whose::Address, wait_s })
    }

    /// Takes one entry of the quota of the account that makes it, whose signature must have been checked.
    pub fn take_of_account(&self, account: &AccountId) -> Result<(), UsedUp> {
        let Some(limiter) = &self.accounts else { return Ok(()) };
        limiter.take(account).map_err(|wait_s| UsedUp { whose: Whose::Account, wait_s })
    }
}

/// One quota for each of many keys.
#[derive(Debug)]
struct Limiter<K: Hash + Eq + Copy, C: Clock> {
    rates: RateLimiter<K, Capped<K>, C, NoOpMiddleware<C::Instant>>,
    keys_max: usize,
    clock: C,
    begun: C::Instant,
    /// When keys were last forgotten, in nanoseconds after `begun`.
    swept_ns: AtomicU64,
}

impl<K: Hash + Eq + Copy, C: Clock + Clone> Limiter<K, C> {
    fn new(quota: Quota, keys_max: usize, clock: C) -> Option<Limiter<K, C>> {
        let limiter = RateLimiter::new(quota.rate()?, Capped::new(keys_max), clock.clone());
        Some(Limiter { rates: limiter, keys_max, begun: clock.now(), clock, swept_ns: AtomicU64::new(0) })
    }

    /// Takes one of a key's quota, or returns in how many seconds there is one.
    fn take(&self, key: &K) -> Result<(), u64> {
        if self.rates.len() >= self.keys_max {
            self.sweep();
        }
        self.rates.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
        })
    }

    /// Forgets the keys whose quota is whole again, if that was not done just before.
    fn sweep(&self) {
        let now_ns = self.clock.now().duration_since(self.begun).as_u64();
        let swept_ns = self.swept_ns.load(Ordering::Relaxed);
        let due = u128::from(now_ns.saturating_sub(swept_ns)) >= SWEEP_GAP.as_nanos();
        let mine = || self.swept_ns.compare_exchange(swept_ns, now_ns, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && mine() {
            self.rates.retain_recent();
        }
    }
}

/// What is used of each key's quota, with a bound on the number of keys.
#[derive(Debug)]
struct Capped<K> {
    keys_max: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    used: HashMap<K, Nanos>,
    used_by_others: Option<Nanos>,
}

impl<K> Capped<K> {
    fn new(keys_max: usize) -> Capped<K> {
        Capped { keys_max, held: Mutex::new(Held { used: HashMap::new(), used_by_others: None }) }
    }

    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy> StateStore for Capped<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut held = self.held();
        let room = held.used.len() < self.keys_max;
        if let Some(used) = held.used.get_mut(key) {
            let (outcome, next) = measure(Some(*used))?;
            *used = next;
            return Ok(outcome);
        }
        let (outcome, next) = measure(if room { None } else { held.used_by_others })?;
        if room {
            held.used.insert(*key, next);
        } else {
            held.used_by_others = Some(next);
        }
        Ok(outcome)
    }
}

impl<K: Hash + Eq + Copy> ShrinkableKeyedStateStore<K> for Capped<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut held = self.held();
        held.used.retain(|_, used| *used > drop_below);
        held.used.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.held().used.len()
    }

    fn is_empty(&self) -> bool {
        self.held().used.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limiter(quota: &str, keys_max: usize) -> (Limiter<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::new(quota.parse().unwrap(), keys_max, clock.clone()).unwrap(), clock)
    }

    #[test]
    fn a_quota_is_a_number_and_a_unit() {
        for (text, entries, per_s) in [("1/s", 1, 1), ("600/h", 600, 3_600), ("1000000/d", 1_000_000, 86_400)] {
            let quota: Quota = text.parse().unwrap();
            assert_eq!((quota.entries.get(), quota.per.as_secs()), (entries, per_s), "{text}");
        }
        for wrong in ["", "600", "/h", "0/h", "-1/h", "+1/h", "1000001/h", "600/hour", "600/w", "1.5/s", "600/h/h"] {
            assert_eq!(wrong.parse::<Quota>(), Err(QuotaError(wrong.to_owned())));
        }
    }

    #[test]
    fn what_is_used_up_comes_back_evenly_and_what_is_refused_uses_up_nothing() {
        let (limiter, clock) = limiter("6/m", 10);
        for _ in 0..6 {
            assert_eq!(limiter.take(&1), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(limiter.take(&1), Err(10));
        }
        assert_eq!(limiter.take(&2), Ok(()), "another key has its own");
        clock.advance(Duration::from_millis(9_001));
        assert_eq!(limiter.take(&1), Err(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!(limiter.take(&1), Ok(()));
        assert_eq!(limiter.take(&1), Err(10));
    }

    #[test]
    fn no_more_keys_are_remembered_than_may_be() {
        let (limiter, clock) = limiter("2/m", 3);
        for key in 0..3 {
            assert_eq!(limiter.take(&key), Ok(()));
        }
        assert_eq!(limiter.take(&3), Ok(()), "one beyond is taken, of what all others share");
        assert_eq!(limiter.take(&4), Ok(()));
        assert_eq!(limiter.take(&5), Err(30));
        assert_eq!(limiter.take(&0), Ok(()), "those that are known keep their own");
        assert_eq!(limiter.rates.len(), 3);
        // Of keys 1 and 2 nothing is used any more after a minute; of key 0 there may be.
        clock.advance(Duration::from_secs(61));
        assert_eq!(limiter.take(&5), Ok(()));
        assert!(limiter.rates.len() <= 3);
        assert_eq!((limiter.take(&5), limiter.take(&5)), (Ok(()), Err(30)), "it has a place of its own now");
    }

    #[test]
    fn without_quotas_everything_is_taken() {
        let admission = Admission::new(Quotas::default());
        for _ in 0..10_000 {
            assert_eq!(admission.take_of_address(Some(Source::from(std::net::IpAddr::from([192, 0, 2, 1])))), Ok(()));
        }
    }

    #[test]
    fn an_address_that_is_not_known_is_not_counted() {
        let quotas = Quotas { address: Some("1/h".parse().unwrap()), account: None };
        let admission = Admission::new(quotas);
        let source = Some(Source::from(std::net::IpAddr::from([192, 0, 2, 1])));
        assert_eq!(admission.take_of_address(source), Ok(()));
        let used_up = admission.take_of_address(source).unwrap_err();
        assert_eq!((used_up.whose, used_up.wait_s), (Whose::Address, 3_600));
        assert_eq!(admission.take_of_address(None), Ok(()));
    }
}
