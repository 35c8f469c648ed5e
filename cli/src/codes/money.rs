//! Money: an amount in a currency of ISO 4217, kept in whole minor units.

use std::fmt;

use colophon_ledger::deal::Money;
use colophon_ledger::field::Int;
use iso_currency::Currency;

use crate::codes::{letters, refuse};
use crate::failure::Failure;

/// The currencies that `iso_currency` counts as superseded and ISO 4217 still lists.
const STILL_CURRENT: [&str; 1] = ["VES"];
/// What people write for a currency that is not its code.
const OFTEN_MEANT: [(&str, &str); 14] = [
    ("€", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("$", "USD"),
    ("us$", "USD"),
    ("dollar", "USD"),
    ("dollars", "USD"),
    ("£", "GBP"),
    ("pounds", "GBP"),
    ("¥", "JPY"),
    ("yen", "JPY"),
    ("rmb", "CNY"),
    ("yuan", "CNY"),
    ("元", "CNY"),
];
const FORM: &str = "write an amount with a point for the decimals and no other marks, and a currency: 1250.00 EUR";

/// Returns money typed as `1250.00 EUR`, `EUR 1250` or `1250EUR`.
pub fn money(text: &str) -> Result<Money, Failure> {
    let trimmed = text.trim();
    let is_amount = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | '-' | '+' | '_');
    let (amount, code) = if trimmed.starts_with(is_amount) {
        trimmed.split_at(trimmed.find(|c| !is_amount(c)).unwrap_or(trimmed.len()))
    } else {
        let (code, amount) = trimmed.split_at(trimmed.find(is_amount).unwrap_or(trimmed.len()));
        (amount, code)
    };
    let (amount, code) = (amount.trim(), code.trim());
    if amount.is_empty() || code.is_empty() {
        let missing = if amount.is_empty() { "amount" } else { "currency" };
        return Err(Failure::usage(format!("{text:?} has no {missing}"), FORM));
    }
    let (currency, digits) = currency(code)?;
    let amount = minor_units(amount, digits, currency.code())?;
    let currency = currency.code().parse().expect("codes of ISO 4217 are three capital letters");
    Ok(Money { amount, currency })
}

/// Shows money as people write it, `1250.00 EUR`; in minor units if the currency is not in the list.
pub struct Shown<'a>(pub &'a Money);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, code) = (self.0.amount.get(), self.0.currency.as_str());
        match Currency::from_code(code).and_then(Currency::exponent) {
            Some(0) => write!(f, "{amount} {code}"),
            Some(digits) => {
                let unit = 10_u64.pow(digits.into());
                write!(f, "{}.{:0width$} {code}", amount / unit, amount % unit, width = digits.into())
            }
            None => write!(f, "{amount} minor units of {code}"),
        }
    }
}

/// Returns a currency that can be paid in today, and the number of its decimals.
fn currency(code: &str) -> Result<(Currency, u32), Failure> {
    let found = Currency::from_code(&code.to_ascii_uppercase()).ok_or_else(|| {
        let lower = code.to_lowercase();
        let by_sign = || OFTEN_MEANT.iter().find_map(|(sign, code)| (*sign == lower).then_some(*code));
        let by_name = || OFTEN_MEANT.iter().find_map(|(sign, code)| (*sign == letters(&lower)).then_some(*code));
        let hint = "a currency is three letters of ISO 4217, such as EUR, CNY or USD";
        refuse(format!("{code:?} is not a currency of ISO 4217"), by_sign().or_else(by_name), hint)
    })?;
    if let Some(newer) = found.is_superseded().filter(|_| !STILL_CURRENT.contains(&found.code())) {
        return Err(refuse(format!("{} is no longer in use", found.code()), Some(newer.code()), FORM));
    }
    let digits = found.exponent().ok_or_else(|| {
        Failure::usage(
            format!("{} is not money that has units to count: {}", found.code(), found.name()),
            "give the price in a currency, such as EUR",
        )
    })?;
    Ok((found, digits.into()))
}

fn minor_units<const MIN: u64, const MAX: u64>(
    amount: &str,
    digits: u32,
    code: &str,
) -> Result<Int<MIN, MAX>, Failure> {
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(decimals) || amount.ends_with('.') {
        return Err(Failure::usage(format!("{amount:?} is not an amount"), FORM));
    }
    let given = decimals.len();
    let digits = digits as usize;
    if given > digits {
        let most = if digits == 0 { "no decimals".to_owned() } else { format!("at most {digits} decimals") };
        return Err(Failure::usage(format!("{amount} has {given} decimals; {code} has {most}"), "round it"));
    }
    let minor = format!("{whole}{decimals:0<digits$}");
    minor.parse().ok().and_then(Int::new).ok_or_else(|| {
        Failure::usage(format!("{amount} {code} is out of range"), format!("the most is {MAX} of the smallest unit"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> (u64, String) {
        let money = money(text).unwrap();
        (money.amount.get(), money.currency.to_string())
    }

    #[test]
    fn amounts_become_minor_units() {
        for (text, amount, code) in [
            ("1250.00 EUR", 125_000, "EUR"),
            ("EUR 1250", 125_000, "EUR"),
            ("1250.5eur", 125_050, "EUR"),
            ("JPY 90000", 90_000, "JPY"),
            ("0.007 KWD", 7, "KWD"),
            ("0 USD", 0, "USD"),
            ("1 VES", 100, "VES"),
            ("90071992547409.91 CNY", (1 << 53) - 1, "CNY"),
        ] {
            assert_eq!(parsed(text), (amount, code.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, what) in [
            ("1250", "\"1250\" has no currency"),
            ("EUR", "\"EUR\" has no amount"),
            ("", "\"\" has no amount"),
            ("1,250.00 EUR", "\"1,250.00\" is not an amount"),
            ("-5 EUR", "\"-5\" is not an amount"),
            ("5. EUR", "\"5.\" is not an amount"),
            (".5 EUR", "\".5\" is not an amount"),
            ("1.001 EUR", "1.001 has 3 decimals; EUR has at most 2 decimals"),
            ("1.5 JPY", "1.5 has 1 decimals; JPY has no decimals"),
            ("90071992547409.92 CNY", "90071992547409.92 CNY is out of range"),
            ("99999999999999999999 CNY", "99999999999999999999 CNY is out of range"),
            ("5 EUX", "\"EUX\" is not a currency of ISO 4217"),
            ("5 XAU", "XAU is not money that has units to count: Gold (one troy ounce)"),
            ("5 HRK", "HRK is no longer in use"),
        ] {
            assert_eq!(money(text).unwrap_err().what(), what);
        }
        for (text, meant) in [("5 €", "EUR"), ("$5", "USD"), ("5 RMB", "CNY"), ("5 HRK", "EUR")] {
            assert_eq!(money(text).unwrap_err().cure(), format!("did you mean {meant}?"));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed_again(
            amount in 0..=(1_u64 << 53) - 1,
            code in proptest::sample::select(vec!["EUR", "JPY", "KWD", "CNY", "CLF"]),
        ) {
            let money = Money { amount: Int::new(amount).unwrap(), currency: code.parse().unwrap() };
            prop_assert_eq!(super::money(&Shown(&money).to_string()).unwrap(), money);
        }

        #[test]
        fn any_text_gets_an_answer(text in "\\PC{0,20}") {
            let _answer = money(&text);
        }
    }

    #[test]
    fn a_currency_of_no_list_is_shown_in_minor_units() {
        let money = Money { amount: Int::new(5).unwrap(), currency: "QQQ".parse().unwrap() };
        assert_eq!(Shown(&money).to_string(), "5 minor units of QQQ");
    }
}
