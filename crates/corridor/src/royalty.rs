//! A share of the price in bands, in minor units: the resale royalty of an artist.

use std::fmt;
use std::str::FromStr;

use crate::facts::{NUMBER_MAX, currency};
use crate::word::WordError;

/// The longest text of a scale, in bytes.
pub const SCALE_BYTES_MAX: usize = 200;
/// The most bands of a scale.
pub const BANDS_MAX: usize = 8;

const ONE: u64 = 10_000; // basis points in a whole

/// Rates by bands of the price, and the most that may come out.
///
/// Its text says it as a law does: `EUR 4% to 50000.00, 3% to 200000.00, 0.25% above, at most 12500.00`. Amounts show the
/// currency's minor units, so that they are integers without the dot, and rates have whole basis points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// The currency in which it counts.
    pub currency: &'static str,
    /// How many digits of an amount stand after the dot.
    decimals: usize,
    /// The bands from the lowest: where each ends, in minor units, and its rate in basis points. The last has no end.
    bands: Vec<(Option<u64>, u64)>,
    /// The most that may come out, in minor units.
    most: Option<u64>,
}

impl Scale {
    /// Computes what is due of a price of up to [`NUMBER_MAX`] minor units. What is less than a minor unit is dropped, once, at the end.
    pub fn due(&self, price: u64) -> u64 {
        let mut below = 0;
        let mut sum: u128 = 0;
        for (end, rate) in &self.bands {
            let end = end.unwrap_or(price).min(price);
            sum += u128::from(end.saturating_sub(below)) * u128::from(*rate);
            below = end.max(below);
        }
        let due = u64::try_from(sum / u128::from(ONE)).unwrap_or(u64::MAX); // no rate is above 100 %, so it fits
        self.most.map_or(due, |most| due.min(most))
    }
}

impl FromStr for Scale {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Scale, WordError> {
        let wrong = || WordError::new(text, "a scale, such as 'EUR 4% to 50000.00, 0.25% above, at most 12500.00'");
        if text.len() > SCALE_BYTES_MAX {
            return Err(wrong());
        }
        let (code, mut rest) = text.split_once(' ').ok_or_else(wrong)?;
        let currency = currency(code).ok_or_else(wrong)?;
        let mut most = None;
        if let Some((bands, last)) = rest.rsplit_once(", at most ") {
            most = Some(amount(last).ok_or_else(wrong)?);
            rest = bands;
        }
        let mut bands: Vec<(Option<u64>, u64)> = Vec::new();
        let mut amounts: Vec<(u64, usize)> = most.into_iter().collect();
        for band in rest.split(", ") {
            let is_last = matches!(bands.last(), Some((None, _)));
            let (percent, end) = band.split_once("% ").ok_or_else(wrong)?;
            let end = match end.strip_prefix("to ") {
                Some(end) => Some(amount(end).ok_or_else(wrong)?),
                None if end == "above" => None,
                None => return Err(wrong()),
            };
            let grows =
                end.is_none_or(|(end, _)| bands.iter().all(|(earlier, _)| earlier.is_some_and(|low| low < end)));
            if is_last || !grows || bands.len() == BANDS_MAX {
                return Err(wrong());
            }
            amounts.extend(end);
            bands.push((end.map(|(end, _)| end), rate(percent).ok_or_else(wrong)?));
        }
        let decimals = amounts.first().map_or(0, |(_, decimals)| *decimals);
        if !matches!(bands.last(), Some((None, _))) || amounts.iter().any(|(_, other)| *other != decimals) {
            return Err(wrong());
        }
        Ok(Scale { currency, decimals, bands, most: most.map(|(most, _)| most) })
    }
}

/// Reads an amount as minor units, and how many digits stand after its dot.
fn amount(text: &str) -> Option<(u64, usize)> {
    let (whole, decimals) = text.split_once('.').map_or((text, ""), |(whole, decimals)| (whole, decimals));
    let digits = format!("{whole}{decimals}");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !whole.is_empty() && decimals.len() <= 3;
    let tidy = !(whole.len() > 1 && whole.starts_with('0')) && (decimals.is_empty() != text.contains('.'));
    let value = digits.parse().ok().filter(|value| *value <= NUMBER_MAX)?;
    (plain && tidy).then_some((value, decimals.len()))
}

/// Reads a percentage of up to 100 with at most two decimals as basis points.
fn rate(text: &str) -> Option<u64> {
    let (value, decimals) = amount(text)?;
    let points = match decimals {
        0 => value.checked_mul(100)?,
        1 => value.checked_mul(10)?,
        2 => value,
        _ => return None,
    };
    let tidy = decimals == 0 || !text.ends_with('0');
    (points <= ONE && tidy).then_some(points)
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.currency)?;
        for (place, (end, rate)) in self.bands.iter().enumerate() {
            let percent = Decimal(*rate, 2).to_string();
            let percent = percent.trim_end_matches('0').trim_end_matches('.');
            write!(f, "{}{percent}% ", if place == 0 { "" } else { ", " })?;
            match end {
                Some(end) => write!(f, "to {}", Decimal(*end, self.decimals))?,
                None => f.write_str("above")?,
            }
        }
        self.most.map_or(Ok(()), |most| write!(f, ", at most {}", Decimal(most, self.decimals)))
    }
}

/// A number of minor units, with so many digits after the dot.
struct Decimal(u64, usize);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decimal(value, decimals) = *self;
        let digits = format!("{value:0>width$}", width = decimals + 1);
        let (whole, rest) = digits.split_at(digits.len() - decimals);
        write!(f, "{whole}{}{rest}", if decimals == 0 { "" } else { "." })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EU: &str =
        "EUR 4% to 50000.00, 3% to 200000.00, 1% to 350000.00, 0.5% to 500000.00, 0.25% above, at most 12500.00";

    #[test]
    fn the_royalty_of_directive_2001_84() {
        let scale: Scale = EU.parse().unwrap();
        for (price, due) in [
            (0, 0),
            (1, 0),
            (24, 0),
            (25, 1), // 4 % of 25 cents is one cent
            (300_000, 12_000),
            (5_000_000, 200_000),
            (5_000_001, 200_000), // the next cent at 3 % is less than a cent
            (5_000_034, 200_001),
            (10_000_000, 350_000),
            (20_000_000, 650_000),
            (35_000_000, 800_000),
            (50_000_000, 875_000),
            (60_000_000, 900_000),
            (199_999_999, 1_249_999),
            (200_000_000, 1_250_000),
            (500_000_000, 1_250_000),
            (NUMBER_MAX, 1_250_000),
        ] {
            assert_eq!(scale.due(price), due, "of {price} cents");
        }
    }

    #[test]
    fn a_state_may_take_five_per_cent_of_the_first_band() {
        let scale: Scale = EU.replace("4%", "5%").parse().unwrap();
        assert_eq!([scale.due(5_000_000), scale.due(20_000_000)], [250_000, 700_000]);
    }

    #[test]
    fn a_scale_without_an_end_does_not_overflow() {
        let scale: Scale = "JPY 100% above".parse().unwrap();
        assert_eq!(scale.due(NUMBER_MAX), NUMBER_MAX);
        assert_eq!(scale.due(u64::MAX), u64::MAX);
    }

    #[test]
    fn scales_are_read_as_they_are_written() {
        for text in [EU, "JPY 100% above", "USD 0% to 0.01, 12.5% above", "EUR 1% to 5, 2% above, at most 9"] {
            assert_eq!(text.parse::<Scale>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn wrong_scales_are_refused() {
        for wrong in [
            "",
            "EUR",
            "EUR ",
            "XXX 4% above",
            "EUR 4% to 50000.00",
            "EUR 4% above, 3% above",
            "EUR 4% to 10, 3% to 10, 1% above",
            "EUR 4% to 10.00, 1% to 20, 1% above",
            "EUR 101% above",
            "EUR 100.01% above",
            "EUR 0.255% above",
            "EUR 4.0% above",
            "EUR 04% above",
            "EUR -4% above",
            "EUR +4% above",
            "EUR 4% to 1., 3% above",
            "EUR 4% to 9007199254740992, 3% above",
            "EUR 4% above, at most ",
            "EUR  4% above",
            "EUR 4 % above",
        ] {
            assert!(wrong.parse::<Scale>().is_err(), "{wrong:?}");
        }
        let bands =
            |count: u64| (1..count).fold("EUR ".to_owned(), |text, end| text + &format!("1% to {end}, ")) + "1% above";
        assert!(bands(BANDS_MAX as u64).parse::<Scale>().is_ok());
        assert!(bands(BANDS_MAX as u64 + 1).parse::<Scale>().is_err());
        assert!(format!("EUR 4% above{}", " ".repeat(SCALE_BYTES_MAX)).parse::<Scale>().is_err());
    }

    proptest! {
        #[test]
        fn more_is_never_due_of_less(price in 0..=NUMBER_MAX, more in 0..10_000_000_u64) {
            let scale: Scale = EU.parse().unwrap();
            let (lower, higher) = (scale.due(price), scale.due(price.saturating_add(more)));
            prop_assert!(lower <= higher);
            prop_assert!(higher - lower <= more);
            prop_assert!(higher <= 1_250_000);
        }

        #[test]
        fn each_cent_is_counted_once(price in 0..100_000_u64) {
            // The same law, told cent by cent in parts of 10 000.
            let scale: Scale = "EUR 4% to 100.00, 3% to 500.00, 0.25% above".parse().unwrap();
            let parts: u64 = (1..=price).map(|cent| match cent { ..=10_000 => 400, 10_001..=50_000 => 300, _ => 25 }).sum();
            prop_assert_eq!(scale.due(price), parts / 10_000);
        }
    }
}
