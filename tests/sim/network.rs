//! What is on its way: lost, late, doubled, or held up by a cut between two.

use std::collections::{BTreeMap, BTreeSet};

use crate::dice::Dice;
use crate::message::{Message, Who};

/// The network, and the clock.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) now_ms: u64,
    /// By the time of arrival, and in the order of sending where that is the same.
    under_way: BTreeMap<(u64, u64), (Who, Who, Message)>,
    sent: u64,
    cuts: BTreeSet<(Who, Who)>,
    faultless: bool,
    pub(crate) lost: u64,
}

const DELAY_MS: (u64, u64) = (1, 60);
/// Once in a while something takes so much longer.
const LATE_MS: u64 = 3_000;
/// In a thousand.
const LOST: u64 = 60;
const LATE: u64 = 40;
const DOUBLED: u64 = 40;

impl Network {
    pub(crate) fn send(&mut self, dice: &mut Dice, from: Who, to: Who, message: Message) {
        if !self.faultless {
            if self.is_cut(from, to) || dice.chance(LOST) {
                self.lost += 1;
                return;
            }
            if dice.chance(DOUBLED) {
                self.launch(dice, from, to, message.clone());
            }
        }
        self.launch(dice, from, to, message);
    }

    fn launch(&mut self, dice: &mut Dice, from: Who, to: Who, message: Message) {
        let late = if !self.faultless && dice.chance(LATE) { dice.below(LATE_MS) } else { 0 };
        let arrival = self.now_ms + dice.between(DELAY_MS.0, DELAY_MS.1) + late;
        self.sent += 1;
        self.under_way.insert((arrival, self.sent), (from, to, message));
    }

    /// Returns what arrives next, if it does so before `until_ms`, and turns the clock to then.
    pub(crate) fn next(&mut self, until_ms: u64) -> Option<(Who, Who, Message)> {
        let ((arrival, _), _) = self.under_way.first_key_value()?;
        if *arrival > until_ms {
            return None;
        }
        self.now_ms = *arrival;
        self.under_way.pop_first().map(|(_, message)| message)
    }

    /// Cuts the way between two, or mends it.
    pub(crate) fn toggle_cut(&mut self, one: Who, other: Who) {
        let pair = (one.min(other), one.max(other));
        if !self.cuts.remove(&pair) {
            self.cuts.insert(pair);
        }
    }

    fn is_cut(&self, one: Who, other: Who) -> bool {
        self.cuts.contains(&(one.min(other), one.max(other)))
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn mend(&mut self) {
        self.faultless = true;
    }
}
