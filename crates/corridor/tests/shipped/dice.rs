//! Made-up facts, the same for the same seed on every machine.

use colophon_corridor::Facts;
use colophon_corridor::facts::{Money, Party};
use colophon_corridor::paper::{Issuer, Paper};
use colophon_corridor::place::Country;
use colophon_corridor::territory::{Grant, Licence, Territory};
use colophon_corridor::word::{Act, Basis, Category, Delivery, DocumentType, Protection, Source};

const COUNTRIES: [&str; 8] = ["CN", "DE", "FR", "ID", "NO", "RU", "US", "SG"];
/// Papers that shipped rules speak of, and one that none does.
const DOCUMENTS: [DocumentType; 7] = [
    DocumentType::AiLabelAttest,
    DocumentType::EuExportLicenceStd,
    DocumentType::EuExportOpen,
    DocumentType::EuImportLicence,
    DocumentType::EuImporterStatement,
    DocumentType::NatExportLicence,
    DocumentType::Invoice,
];

/// A generator of numbers (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Throws a number below `sides`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % sides
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

fn country(dice: &mut Dice) -> Country {
    dice.of(&COUNTRIES).parse().unwrap()
}

/// Makes up a crossing, likelier than not one that some rule speaks of.
pub(crate) fn any_facts(dice: &mut Dice) -> Facts {
    let (from, to) = (country(dice), country(dice));
    let mut facts = Facts::plain(from, to);
    facts.act = dice.of(&[Act::Transfer, Act::Transfer, Act::Transfer, Act::Move, Act::Transmit, Act::Licence]);
    facts.basis = dice.of(&[Basis::Sale, Basis::Auction, Basis::Sale, Basis::Gift, Basis::Return, Basis::Exchange]);
    facts.delivery = dice.of(&[Delivery::Physical, Delivery::Physical, Delivery::Digital, Delivery::Rights]);
    party(dice, &mut facts.giver);
    party(dice, &mut facts.recipient);
    facts.work.category = dice.of(Category::ALL);
    facts.work.protection = dice.of(Protection::ALL);
    facts.work.source = dice.of(Source::ALL);
    facts.work.older_than = dice.of(&[0, 49, 50, 74, 75, 76, 77, 99, 100, 199, 200, 249, 250, 3000]);
    facts.work.origin = dice.one_in(2).then(|| country(dice));
    facts.work.maker_died = dice.one_in(3).then(|| dice.of(&[1900, 1955, 1956, 2000]));
    facts.professional = dice.one_in(2);
    facts.price = money(dice);
    facts.value = money(dice);
    facts.papers = (0..dice.below(4)).map(|_| paper(dice)).collect();
    let enrolled = (0..dice.below(12)).map(|_| (dice.of(&DOCUMENTS), country(dice)));
    facts.enrolled = enrolled.collect();
    facts.year = dice.of(&[2025, 2026, 2027]);
    facts.held_days = dice.one_in(3).then(|| dice.of(&[0, 1095]));
    facts.licence = (facts.act == Act::Licence).then(|| Licence {
        asked: grant(dice),
        held: dice.one_in(2).then(|| grant(dice)),
        granted: (0..dice.below(3)).map(|_| grant(dice)).collect(),
    });
    facts
}

fn party(dice: &mut Dice, party: &mut Party) {
    party.maker = dice.one_in(4);
    if dice.one_in(4) {
        party.country = country(dice);
    }
    if dice.one_in(20) {
        party.listed.insert(country(dice));
    }
}

fn money(dice: &mut Dice) -> Money {
    let amounts =
        [0, 30_000, 30_001, 299_999, 300_000, 1_500_000, 1_800_000, 3_000_000, 5_000_000, 15_000_000, 250_000_000];
    let mut money = Money::new();
    for code in ["EUR", "CNY"] {
        if dice.one_in(2) {
            money.insert(code, dice.of(&amounts));
        }
    }
    money
}

fn paper(dice: &mut Dice) -> Paper {
    let issuer = match dice.below(6) {
        0 => Issuer::Giver,
        1 => Issuer::Recipient,
        2 => Issuer::Maker,
        _ => Issuer::Country(country(dice)),
    };
    Paper { document: dice.of(&DOCUMENTS), issuer }
}

fn grant(dice: &mut Dice) -> Grant {
    let territory = match dice.below(5) {
        0 => Territory::World,
        _ => Territory::Countries((0..=dice.below(3)).map(|_| country(dice)).collect()),
    };
    let (one, two) = (u32::try_from(dice.below(10)).unwrap(), u32::try_from(dice.below(10)).unwrap());
    Grant { exclusive: dice.one_in(2), territory, first_day: one.min(two), last_day: one.max(two) }
}
