//! Dates: of a work, and until when something stands.

use colophon_ledger::entry::terms::EXPIRES_AHEAD_MS_MAX;
use colophon_ledger::field::{Date, Day};
use jiff::civil;
use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::codes::refuse;
use crate::failure::Failure;

const HINT: &str = "write YYYY, YYYY-MM or YYYY-MM-DD, such as 2026-11-23";
const UNTIL_HINT: &str =
    "write a day (2026-12-31), a time (2026-12-31T18:00:00+01:00) or a span (12 hours, 30 days, 2 weeks)";

/// Returns a date of the calendar: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub fn date(text: &str) -> Result<Date, Failure> {
    let typed = text.trim();
    let wrong = || refuse(format!("{text:?} is not a date"), meant(typed), HINT);
    let date: Date = typed.parse().map_err(|_| wrong())?;
    first_day(&date).map(|_| date).ok_or_else(wrong)
}

/// Returns a day of the calendar: `YYYY-MM-DD`.
pub fn day(text: &str) -> Result<Day, Failure> {
    let typed = text.trim();
    let wrong = || refuse(format!("{text:?} is not a day"), meant(typed), "write YYYY-MM-DD, such as 2026-11-23");
    let day: Day = typed.parse().map_err(|_| wrong())?;
    date(day.as_str()).map(|_| day).map_err(|_| wrong())
}

/// Refuses a date that is still to come, wherever on earth.
pub fn check_past(created: &Date) -> Result<(), Failure> {
    let today = day_beside(SignedDuration::from_hours(14))?;
    if today.get(..created.as_str().len()).is_some_and(|today| created.as_str() > today) {
        return Err(Failure::usage(format!("{created} is still to come"), "give --created the date it was made"));
    }
    Ok(())
}

/// Refuses a year that is still to come, wherever on earth.
pub fn check_year_past(year: u64) -> Result<(), Failure> {
    let today = day_beside(SignedDuration::from_hours(14))?;
    if today.get(..4).is_some_and(|today| format!("{year:04}").as_str() > today) {
        return Err(Failure::usage(format!("the year {year} is still to come"), "give a year that has begun"));
    }
    Ok(())
}

/// Refuses a day that has passed, wherever on earth.
pub fn check_to_come(day: &Day) -> Result<(), Failure> {
    if day.as_str() < day_beside(SignedDuration::from_hours(-12))?.as_str() {
        return Err(Failure::usage(format!("{day} is past"), "choose a day to come"));
    }
    Ok(())
}

/// Returns the day that it is in UTC, by which the register reckons: `YYYY-MM-DD`.
pub fn today() -> Result<String, Failure> {
    day_beside(SignedDuration::ZERO)
}

/// Returns the day that it is where clocks are so far from UTC.
fn day_beside(offset: SignedDuration) -> Result<String, Failure> {
    Ok((clock::now()? + offset).strftime("%Y-%m-%d").to_string())
}

/// Returns the last millisecond until which something is to stand, in ms since 1970: a day in UTC counts to its end.
///
/// `now` is when the command runs. It must be ahead of now, and at most 366 days (`EXPIRES_AHEAD_MS_MAX`).
pub fn until(text: &str, now: Timestamp) -> Result<u64, Failure> {
    let typed = text.trim();
    let wrong = || refuse(format!("{text:?} is not a time"), meant(typed), UNTIL_HINT);
    let end = if let Some(span) = span(typed) {
        now.checked_add(span).map_err(|_| wrong())?
    } else if let Ok(time) = typed.parse::<Timestamp>() {
        time
    } else {
        let day = date(typed).ok().filter(|date| date.as_str().len() == "YYYY-MM-DD".len()).ok_or_else(wrong)?;
        end_of_day(&day).ok_or_else(wrong)?
    };
    let (now_ms, end_ms) = (now.as_millisecond(), end.as_millisecond());
    if end_ms <= now_ms {
        return Err(Failure::usage(format!("{end} is past"), "choose a time to come"));
    }
    let ahead_ms = end_ms.abs_diff(now_ms);
    if ahead_ms > EXPIRES_AHEAD_MS_MAX {
        return Err(Failure::usage(
            format!("{end} is more than 366 days ahead"),
            "choose an earlier time, and renew it then",
        ));
    }
    u64::try_from(end_ms).map_err(|_| wrong())
}

/// Returns a span of time in milliseconds, typed as `12 hours`, `30 days` or `2 weeks`.
pub fn age(text: &str) -> Result<u64, Failure> {
    let span_ms = span(text.trim()).and_then(|span| u64::try_from(span.as_millis()).ok());
    span_ms.ok_or_else(|| {
        refuse(
            format!("{text:?} is not a span of time"),
            None::<&str>,
            "write 30 minutes, 12 hours, 30 days or 2 weeks",
        )
    })
}

fn first_day(date: &Date) -> Option<civil::Date> {
    let mut parts = date.as_str().split('-');
    let year = parts.next()?.parse().ok()?;
    let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
    civil::Date::new(year, next()?, next()?).ok()
}

fn end_of_day(day: &Date) -> Option<Timestamp> {
    let start: Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
    start.checked_add(SignedDuration::from_hours(24)).ok()?.checked_sub(SignedDuration::from_millis(1)).ok()
}

/// Reads `30 days`, `1 hour`, `2weeks`.
fn span(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let minutes_a_unit = match unit.trim().trim_end_matches('s') {
        "min" | "minute" => 1,
        "h" | "hour" => 60,
        "d" | "day" => 24 * 60,
        "w" | "week" => 7 * 24 * 60,
        _ => return None,
    };
    count.parse::<i64>().ok()?.checked_mul(minutes_a_unit)?.checked_mul(60).map(SignedDuration::from_secs)
}

/// Guesses at days written the other way round, where there is only one reading.
fn meant(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['.', '/', '-', ' ']).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (*year, *month, *day),
        [day, month, year] if year.len() == 4 => match (day.parse::<u8>().ok()?, month.parse::<u8>().ok()?) {
            (1..=12, 13..) => (*year, *day, *month),
            (13.., 1..=12) => (*year, *month, *day),
            (one, other) if one == other => (*year, *month, *day),
            _ => return None,
        },
        _ => return None,
    };
    let meant = format!("{year}-{month:0>2}-{day:0>2}");
    let date: Date = meant.parse().ok()?;
    first_day(&date).map(|_| meant).filter(|meant| meant != text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn days_of_the_calendar_pass() {
        for right in ["2026", "2026-11", "2026-11-23", "2024-02-29", "0800", " 1969-07-20 "] {
            assert_eq!(date(right).unwrap().as_str(), right.trim());
        }
        for wrong in
            ["", "26", "2026-02-30", "2026-02-29", "2026-13", "soon", "2026-11-23T10:00", "-2026", "03/04/2026"]
        {
            assert_eq!(date(wrong).unwrap_err().cure(), HINT, "{wrong}");
        }
        for (wrong, meant) in [
            ("23.11.2026", "2026-11-23"),
            ("11/23/2026", "2026-11-23"),
            ("5.5.2026", "2026-05-05"),
            ("2026/1/9", "2026-01-09"),
            ("2026-1-9", "2026-01-09"),
        ] {
            assert_eq!(date(wrong).unwrap_err().cure(), format!("did you mean {meant}?"), "{wrong}");
        }
    }

    #[test]
    fn a_time_to_come_has_many_forms() {
        let day_ms = 24 * 60 * 60 * 1000;
        let now_ms = u64::try_from(now().as_millisecond()).unwrap();
        for (text, ahead_ms) in [
            ("30 days", 30 * day_ms),
            ("1 day", day_ms),
            ("2weeks", 14 * day_ms),
            ("12 hours", day_ms / 2),
            ("36h", day_ms * 3 / 2),
            ("366 days", EXPIRES_AHEAD_MS_MAX),
            ("2026-11-24T10:00:00Z", day_ms),
            ("2026-11-24T11:00:00+01:00", day_ms),
            ("2026-11-23", day_ms * 14 / 24 - 1),
        ] {
            assert_eq!(until(text, now()).unwrap() - now_ms, ahead_ms, "{text}");
        }
    }

    #[test]
    fn days_and_years_are_past_or_to_come() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(check_to_come(&day("2020-06-30")).unwrap_err().what(), "2020-06-30 is past");
        assert!(check_to_come(&day("9999-12-31")).is_ok());
        assert_eq!(check_year_past(9999).unwrap_err().what(), "the year 9999 is still to come");
        assert!(check_year_past(987).is_ok() && check_year_past(2020).is_ok());
        // Today is neither, whatever the clock says.
        let today = clock::now().unwrap().strftime("%Y-%m-%d").to_string();
        assert!(check_to_come(&day(&today)).is_ok() && check_past(&today.parse().unwrap()).is_ok());
    }

    #[test]
    fn ages_are_spans() {
        for (text, age_ms) in [("90 minutes", 5_400_000), (" 1 day", 86_400_000), ("0h", 0), ("2 weeks", 1_209_600_000)]
        {
            assert_eq!(age(text).unwrap(), age_ms, "{text}");
        }
        for wrong in ["", "5", "-1 day", "2026-11-23", "9223372036854775807 weeks"] {
            assert_eq!(age(wrong).unwrap_err().what(), format!("{wrong:?} is not a span of time"));
        }
    }

    #[test]
    fn other_times_are_refused() {
        for (text, what) in [
            ("2026-11-22", "2026-11-22T23:59:59.999Z is past"),
            ("0 days", "2026-11-23T10:00:00Z is past"),
            ("367 days", "2027-11-25T10:00:00Z is more than 366 days ahead"),
            ("2027", "\"2027\" is not a time"),
            ("30", "\"30\" is not a time"),
            ("3 moons", "\"3 moons\" is not a time"),
            ("99999999999999999999 days", "\"99999999999999999999 days\" is not a time"),
            ("9223372036854775807 weeks", "\"9223372036854775807 weeks\" is not a time"),
            ("", "\"\" is not a time"),
        ] {
            assert_eq!(until(text, now()).unwrap_err().what(), what);
        }
    }
}
