//! Who will govern a new register: accounts, and how many of them an act takes.

use std::fmt;

use colophon_ledger::account::AccountId;
use colophon_ledger::field::{Int, List};
use colophon_ledger::register::OFFICERS_MAX;

/// Why a register cannot be governed so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GovernanceError {
    /// An account stands twice among them.
    #[error("the governor {0} is named twice: name each once")]
    Twice(AccountId),
    /// There are none, or too many.
    #[error("a register has 1 to {OFFICERS_MAX} governors, and {0} are named")]
    Number(usize),
    /// More would have to sign than there are, or nobody.
    #[error("the threshold is {threshold}, and must be from 1 to the number of governors, {governors}")]
    Threshold {
        /// How many would have to sign.
        threshold: u64,
        /// How many there are.
        governors: usize,
    },
}

/// The governors that a genesis is to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governance {
    /// In ascending order.
    pub(crate) governors: List<AccountId, 1, OFFICERS_MAX>,
    /// How many of them sign an act.
    pub(crate) threshold: Int<1, 16>,
}

impl Governance {
    /// Returns the governance by these accounts. Where no threshold is given, more than half of them sign: of three or more, a key
    /// that is lost then stops nothing, and one that is stolen changes nothing.
    pub fn of(accounts: &[AccountId], threshold: Option<u64>) -> Result<Governance, GovernanceError> {
        let mut accounts = accounts.to_vec();
        accounts.sort_unstable();
        if let Some(pair) = accounts.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(GovernanceError::Twice(pair[0]));
        }
        let count = accounts.len();
        let governors = List::new(accounts).ok_or(GovernanceError::Number(count))?;
        let threshold = threshold.unwrap_or(count as u64 / 2 + 1);
        let fits = Int::new(threshold).filter(|_| threshold <= count as u64);
        let threshold = fits.ok_or(GovernanceError::Threshold { threshold, governors: count })?;
        Ok(Governance { governors, threshold })
    }

    /// Returns the governance by one account.
    pub(crate) fn alone(account: AccountId) -> Governance {
        let governors = List::new(vec![account]).expect("one account is within 1 to 16");
        Governance { governors, threshold: Int::new(1).expect("1 is within 1 to 16") }
    }
}

/// Who governs, as it is told: a line for each, and one for how many must sign.
#[derive(Debug, Clone, Copy)]
pub struct Governed<'g> {
    /// The governors.
    pub governors: &'g [AccountId],
    /// How many of them sign an act.
    pub threshold: u64,
}

impl fmt::Display for Governed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for governor in self.governors {
            writeln!(f, "  governor      {governor}")?;
        }
        match self.governors.len() {
            1 => Ok(()),
            count => writeln!(f, "  threshold     {} of these {count} governors sign an act", self.threshold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_tlog::key::SecretKey;

    fn accounts(count: u8) -> Vec<AccountId> {
        (1..=count).map(|seed| AccountId::from(&SecretKey::from_seed([seed; 32]).public())).collect()
    }

    #[test]
    fn more_than_half_sign_where_nothing_is_said() {
        for (count, expected) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (15, 8), (16, 9)] {
            assert_eq!(Governance::of(&accounts(count), None).unwrap().threshold.get(), expected, "of {count}");
        }
        assert_eq!(Governance::of(&accounts(1), None).unwrap(), Governance::alone(accounts(1)[0]));
    }

    #[test]
    fn governors_are_in_order_each_once_and_a_threshold_can_be_met() {
        let mut upside_down = accounts(16);
        upside_down.sort_unstable();
        let ordered = upside_down.clone();
        upside_down.reverse();
        assert_eq!(Governance::of(&upside_down, Some(16)).unwrap().governors.as_slice(), ordered);
        let twice = [accounts(2), accounts(1)].concat();
        assert_eq!(Governance::of(&twice, None), Err(GovernanceError::Twice(accounts(1)[0])));
        assert_eq!(Governance::of(&accounts(17), None), Err(GovernanceError::Number(17)));
        assert_eq!(Governance::of(&[], None), Err(GovernanceError::Number(0)));
        for (count, threshold) in [(3, 0), (3, 4), (16, 17)] {
            let refused = GovernanceError::Threshold { threshold, governors: usize::from(count) };
            assert_eq!(Governance::of(&accounts(count), Some(threshold)), Err(refused));
        }
    }
}
