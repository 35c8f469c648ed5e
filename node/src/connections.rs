//! Who is connected: how many at most in all and from one address, and which idle one goes when another comes.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderMap;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::source::{ProxyHeader, Source};

/// How many connections are open at the same time unless the operator says otherwise.
pub const CONNECTIONS_DEFAULT: usize = 1_024;
/// How many an operator may allow.
pub const CONNECTIONS_MAX: usize = 100_000;
/// How many of them from one address.
pub const CONNECTIONS_OF_ADDRESS_DEFAULT: usize = 256;
/// From how many bytes on an answer counts as a large one.
const LARGE_ANSWER_BYTES: usize = 64 * 1024;
/// How much memory all large answers that are still to be read may take together, in KiB.
const LARGE_ANSWERS_KIB_MAX: u32 = 256 * 1024;

/// How many connections there may be, and how an address is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub connections: usize,
    /// From one address. Behind a proxy: how many requests of one address are under way.
    pub of_address: usize,
    /// The header in which a trusted proxy says whom it speaks for, if all connections come from one.
    pub behind_proxy: Option<ProxyHeader>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: CONNECTIONS_DEFAULT, of_address: CONNECTIONS_OF_ADDRESS_DEFAULT, behind_proxy: None }
    }
}

/// The places that connections take.
#[derive(Debug)]
pub(crate) struct Places {
    limits: Limits,
    begun: Instant,
    held: Mutex<Held>,
    large_answers: Arc<Semaphore>,
}

#[derive(Debug)]
struct Held {
    /// Whether connections are counted by their address, or the requests on them.
    by_connection: bool,
    next: u64,
    taken: BTreeMap<u64, Arc<Place>>,
    /// Connections of each address; behind a proxy, its requests under way.
    of_address: HashMap<Source, usize>,
}

/// One connection, as those see it who look for room.
#[derive(Debug)]
pub(crate) struct Place {
    source: Source,
    /// Whether a request is being answered.
    answering: AtomicBool,
    /// Whether an answer waits for the other side to read it.
    pub(crate) blocked: AtomicBool,
    /// When it was last answered, or began, in milliseconds after the beginning.
    idle_since_ms: AtomicU64,
    dismissed: AtomicBool,
    dismissal: Notify,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    places: Arc<Places>,
    number: u64,
    pub(crate) place: Arc<Place>,
}

/// A request that counts among those of its address until it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    places: Arc<Places>,
    source: Source,
}

impl Places {
    pub(crate) fn new(limits: Limits) -> Arc<Places> {
        let large_answers = Arc::new(Semaphore::new(LARGE_ANSWERS_KIB_MAX as usize));
        let by_connection = limits.behind_proxy.is_none();
        let held = Held { by_connection, next: 0, taken: BTreeMap::new(), of_address: HashMap::new() };
        Arc::new(Places { limits, begun: Instant::now(), held: Mutex::new(held), large_answers })
    }

    /// Takes a place for a new connection. Where there is none, the connection that has been idle for longest goes.
    pub(crate) fn take(self: &Arc<Places>, source: Source) -> Result<Taken, Crowded> {
        let mut held = self.held();
        if held.by_connection && held.count_of(source) >= self.limits.of_address {
            held.dismiss_idlest(Some(source))?;
        }
        if held.taken.len() >= self.limits.connections {
            held.dismiss_idlest(None)?;
        }
        let number = held.next;
        held.next += 1;
        if held.by_connection {
            held.count_up(source);
        }
        let place = Arc::new(Place {
            source,
            answering: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            idle_since_ms: AtomicU64::new(self.now_ms()),
            dismissed: AtomicBool::new(false),
            dismissal: Notify::new(),
        });
        held.taken.insert(number, Arc::clone(&place));
        Ok(Taken { places: Arc::clone(self), number, place })
    }

    /// Returns how many connections are open.
    pub(crate) fn count(&self) -> usize {
        self.held().taken.len()
    }

    /// Returns whom a request comes from.
    pub(crate) fn source(&self, headers: &HeaderMap, place: &Place) -> Source {
        self.limits.behind_proxy.and_then(|header| header.source(headers)).unwrap_or(place.source)
    }

    /// Counts a request among those of its address, if a proxy speaks for many. Otherwise its connection is counted.
    pub(crate) fn begin_request(self: &Arc<Places>, source: Source) -> Result<Option<UnderWay>, Crowded> {
        if self.limits.behind_proxy.is_none() {
            return Ok(None);
        }
        let mut held = self.held();
        if held.count_of(source) >= self.limits.of_address {
            return Err(Crowded);
        }
        held.count_up(source);
        Ok(Some(UnderWay { places: Arc::clone(self), source }))
    }

    /// Counts the bytes of a large answer until they are sent or thrown away. A small one is given back as it is.
    pub(crate) fn hold(&self, answer: Bytes) -> Result<Bytes, Crowded> {
        if !is_large(answer.len()) {
            return Ok(answer);
        }
        let kib = u32::try_from(answer.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.large_answers).try_acquire_many_owned(kib).map_err(|_| Crowded)?;
        Ok(Bytes::from_owner(HeldAnswer { bytes: answer, _permit: permit }))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether an answer of so many bytes counts as a large one.
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes >= LARGE_ANSWER_BYTES
}

/// The bytes of a large answer, with their share of the memory for such.
struct HeldAnswer {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for HeldAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Held {
    fn count_of(&self, source: Source) -> usize {
        self.of_address.get(&source).copied().unwrap_or(0)
    }

    fn count_up(&mut self, source: Source) {
        *self.of_address.entry(source).or_default() += 1;
    }

    fn count_down(&mut self, source: Source) {
        if let Some(count) = self.of_address.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.of_address.remove(&source);
            }
        }
    }

    /// Sends away the connection that has been idle for longest, of an address or of all.
    fn dismiss_idlest(&mut self, source: Option<Source>) -> Result<(), Crowded> {
        let candidates = self.taken.iter().filter(|(_, place)| source.is_none_or(|source| place.source == source));
        let idle = candidates.filter(|(_, place)| place.is_idle());
        let idlest = idle.min_by_key(|(_, place)| place.idle_since_ms.load(Ordering::Relaxed));
        let number = *idlest.ok_or(Crowded)?.0;
        if let Some(place) = self.remove(number) {
            place.dismissed.store(true, Ordering::Relaxed);
            place.dismissal.notify_one();
        }
        Ok(())
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Place>> {
        let place = self.taken.remove(&number)?;
        if self.by_connection {
            self.count_down(place.source);
        }
        Some(place)
    }
}

impl Place {
    /// Returns whether nothing is under way on the connection.
    pub(crate) fn is_idle(&self) -> bool {
        !self.answering.load(Ordering::Relaxed) && !self.blocked.load(Ordering::Relaxed)
    }

    /// Waits until the connection is sent away.
    pub(crate) async fn dismissed(&self) {
        self.dismissal.notified().await;
    }

    /// Returns whether the connection has been sent away and should not be used again.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Relaxed)
    }

    /// Notes that a request has come.
    pub(crate) fn begin(&self) {
        self.answering.store(true, Ordering::Relaxed);
    }
}

impl Taken {
    /// Notes that a request has its answer.
    pub(crate) fn end(&self) {
        self.place.idle_since_ms.store(self.places.now_ms(), Ordering::Relaxed);
        self.place.answering.store(false, Ordering::Relaxed);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Whoever was sent away has no place any more.
        drop(self.places.held().remove(self.number));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.places.held().count_down(self.source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn source(last_number: u8) -> Source {
        Source::from(IpAddr::from([192, 0, 2, last_number]))
    }

    #[test]
    fn large_answers_have_a_bound_together_and_give_back_what_they_took() {
        let places = Places::new(Limits::default());
        let large = Bytes::from(vec![0; 64 * 1024 * 1024]);
        let held: Vec<Bytes> = (0..4).map(|_| places.hold(large.clone()).unwrap()).collect();
        assert_eq!(places.hold(Bytes::from(vec![0; LARGE_ANSWER_BYTES])), Err(Crowded));
        assert!(places.hold(Bytes::from(vec![0; LARGE_ANSWER_BYTES - 1])).is_ok(), "small ones are not counted");
        drop(held);
        assert!(places.hold(large).is_ok());
    }

    #[test]
    fn the_idlest_goes_and_nobody_who_is_being_answered() {
        let places = Places::new(Limits { connections: 2, ..Limits::default() });
        let (first, second) = (places.take(source(1)).unwrap(), places.take(source(2)).unwrap());
        first.place.begin();
        let third = places.take(source(3)).unwrap();
        assert!(!first.place.is_dismissed() && second.place.is_dismissed());
        third.place.begin();
        assert_eq!(places.take(source(4)).unwrap_err(), Crowded);
        drop(second);
        assert_eq!(places.count(), 2, "whoever was sent away had no place to give back");
        third.end();
        assert!(places.take(source(4)).is_ok() && third.place.is_dismissed());
        drop((first, third));
        assert_eq!(places.count(), 0);
    }

    #[test]
    fn an_address_is_forgotten_with_its_last_connection() {
        let places = Places::new(Limits { of_address: 1, ..Limits::default() });
        let one = places.take(source(1)).unwrap();
        one.place.begin();
        assert_eq!(places.take(source(1)).unwrap_err(), Crowded);
        assert!(places.take(source(2)).is_ok());
        drop(one);
        assert!(places.held().of_address.is_empty());
        assert!(places.take(source(1)).is_ok());
    }

    #[test]
    fn behind_a_proxy_its_connections_do_not_count_by_address_and_requests_do() {
        let behind_proxy = Some(ProxyHeader::Forwarded);
        let places = Places::new(Limits { connections: 3, of_address: 1, behind_proxy });
        let taken: Vec<Taken> = (0..3).map(|_| places.take(source(1)).unwrap()).collect();
        let request = places.begin_request(source(1)).unwrap();
        assert_eq!(places.begin_request(source(1)).unwrap_err(), Crowded);
        assert!(places.begin_request(source(2)).is_ok());
        // The proxy's own connections come and go without touching what is counted.
        let fourth = places.take(source(1)).unwrap();
        drop((taken, fourth));
        assert_eq!(places.begin_request(source(1)).unwrap_err(), Crowded);
        drop(request);
        assert!(places.begin_request(source(1)).is_ok());
    }
}
