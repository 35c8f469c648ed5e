//! What time it is, told to the register as a value.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The last millisecond of the year 9999: no batch is sealed at a later time.
pub const TIME_MS_MAX: u64 = 253_402_300_799_999;

/// A source of the time in milliseconds after 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// Returns this machine's clock.
    pub fn system() -> Clock {
        Clock::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// Returns a clock that stands still, for tests.
    pub fn standing_at(time_ms: u64) -> Clock {
        Clock::from_fn(move || time_ms)
    }

    /// Returns a clock that shows what a function says.
    pub fn from_fn(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now_ms))
    }

    /// Returns the time in milliseconds after 1970.
    pub fn now_ms(&self) -> u64 {
        (self.0)()
    }

    /// Returns the time in milliseconds after 1970, or `last_ms` if the clock has gone astray beyond the year 9999.
    pub fn now_ms_or(&self, last_ms: u64) -> u64 {
        let now_ms = self.now_ms();
        if now_ms > TIME_MS_MAX { last_ms } else { now_ms }
    }
}

/// Returns a time in milliseconds after 1970 as people and machines read it: RFC 3339, in UTC.
pub fn written(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(|time_ms| jiff::Timestamp::from_millisecond(time_ms).ok());
    time.map_or_else(|| format!("{time_ms} ms after 1970"), |time| time.to_string())
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_it_is_read() {
        assert_eq!(written(1_795_860_000_501), "2026-11-28T10:00:00.501Z");
        assert_eq!(written(u64::MAX), "18446744073709551615 ms after 1970");
    }

    #[test]
    fn a_clock_gone_astray_stands_still() {
        assert_eq!(Clock::standing_at(TIME_MS_MAX).now_ms_or(7), TIME_MS_MAX);
        assert_eq!(Clock::standing_at(TIME_MS_MAX + 1).now_ms_or(7), 7);
        assert_eq!(Clock::standing_at(u64::MAX).now_ms_or(7), 7);
    }
}
