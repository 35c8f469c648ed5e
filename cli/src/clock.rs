//! The one place that asks what time it is.

use jiff::Timestamp;

use crate::failure::Failure;

/// Sets the clock in tests, as RFC 3339.
const TEST_TIME: &str = "COLOPHON_TEST_TIME";

/// Returns the time, in whole seconds.
pub fn now() -> Result<Timestamp, Failure> {
    let now = precise()?;
    Timestamp::from_second(now.as_second())
        .map_err(|error| Failure::failed(format!("the clock says {now}: {error}"), "set this machine's clock"))
}

/// Returns the time in milliseconds after 1970; 0 before that.
pub fn now_ms() -> Result<u64, Failure> {
    Ok(u64::try_from(precise()?.as_millisecond()).unwrap_or_default())
}

fn precise() -> Result<Timestamp, Failure> {
    match std::env::var(TEST_TIME) {
        Ok(text) => text.parse::<Timestamp>().map_err(|_| {
            Failure::usage(format!("{TEST_TIME} is {text:?}"), "unset it; it is for tests, as in 2026-11-23T10:00:00Z")
        }),
        Err(_) => Ok(Timestamp::now()),
    }
}
