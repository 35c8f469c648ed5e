//! What a run of entries is made of: choices among what there is at that moment, mostly apt.

use arbitrary::Arbitrary;

/// The most steps of a script.
pub const STEPS_MAX: usize = 60;

/// One step.
#[derive(Debug, Clone, Arbitrary)]
pub enum Step {
    /// Somebody submits an entry.
    Act(Act),
    /// The same, so that most steps are.
    ActToo(Act),
    /// The same.
    ActAgain(Act),
    /// An entry that was recorded or refused is submitted again.
    Repeat(u8),
    /// The batch is closed, and time passes.
    Seal(Later),
}

/// How much time passes.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Later {
    /// None.
    Same,
    /// A day.
    Day,
    /// 366 days.
    Year,
    /// The clock goes back a day, and the register's time stays.
    Back,
    /// None; and by a fault of the operator's software the batch holds what the rules refused last, which the governor voids at once.
    Wounded,
}

/// An entry to be.
#[derive(Debug, Clone, Arbitrary)]
pub struct Act {
    /// Below `CAREFUL`, nothing is wrong but what the people and the moment make wrong.
    pub care: u8,
    /// Whether the one who may do it does, where there is such a one.
    pub apt: Apt,
    /// Who does it otherwise.
    pub who: Who,
    /// What is done.
    pub what: What,
    /// How it is signed.
    pub signing: Signing,
}

/// How much care is enough: two acts of three.
const CAREFUL: u8 = 170;

impl Act {
    /// Returns the act with all its choices apt, if it is a careful one.
    #[must_use]
    pub fn settled(&self) -> Act {
        let mut act = self.clone();
        if self.care >= CAREFUL {
            return act;
        }
        // Now and then somebody else does it all right.
        (act.apt, act.signing) = (if self.care < CAREFUL / 8 { Apt::No } else { Apt::Yes }, Signing::Right);
        match &mut act.what {
            What::Profile(prev) | What::Rotate { prev, .. } | What::Enrol { prev, .. } => *prev = Prev::Newest,
            What::Mint { ack, source, .. } => (*ack, *source) = (Ack::Right, None),
            What::Offer { terms, .. } | What::Transfer(terms) => {
                (terms.prev, terms.from, terms.expires) = (Prev::Newest, Apt::Yes, Expires::Month);
                terms.place.settle();
            }
            What::Accept { place, prev }
            | What::Close { place, prev }
            | What::Flag { place, prev, .. }
            | What::Charge { place, prev, .. }
            | What::Release { place, prev, .. }
            | What::Amend { place, prev, .. } => {
                *prev = Prev::Newest;
                place.settle();
            }
            What::Govern { prev, ahead, .. } => (*prev, *ahead) = (Prev::Newest, Apt::Yes),
            What::Rules { prev, ahead, .. } => (*prev, *ahead) = (Prev::Newest, *ahead % 2 + 1),
            What::Receipt { place, .. } => place.settle(),
            What::Move { place, prev, from, .. } | What::Transmit { place, prev, from, .. } => {
                (*prev, *from) = (Prev::Newest, Apt::Yes);
                place.settle();
            }
            What::Document { prev, about, .. } => {
                *prev = Prev::Newest;
                about.place.settle();
            }
        }
        act
    }
}

/// Mostly yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub enum Apt {
    /// As it should be.
    Yes,
    /// The same.
    YesToo,
    /// The same.
    YesAgain,
    /// Otherwise.
    No,
}

impl Apt {
    /// Returns whether it is as it should be.
    pub fn is_yes(self) -> bool {
        self != Apt::No
    }
}

/// One of the people.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Who(u8);

impl Who {
    /// Returns the number of the person.
    pub fn number(self) -> usize {
        usize::from(self.0) % super::model::PEOPLE.len()
    }
}

/// What is done.
#[derive(Debug, Clone, Arbitrary)]
pub enum What {
    /// A profile.
    Profile(Prev),
    /// A rotation: which keys come, how many sign, and what the next must bring.
    Rotate { prev: Prev, keys: u8, threshold: u8, next: Option<u8>, as_promised: Apt },
    /// A mint.
    Mint { face: u8, second: Option<u8>, ack: Ack, creator: Option<Who>, editions: u8, source: Option<Apt> },
    /// An offer.
    Offer { terms: Terms, firm: bool },
    /// A transfer.
    Transfer(Terms),
    /// An acceptance.
    Accept { place: Place, prev: Prev },
    /// A close.
    Close { place: Place, prev: Prev },
    /// An act of the governors: which, by how much too near or far enough ahead, and which key.
    Govern { which: Power, ahead: Apt, key: u8, prev: Prev },
    /// Rules that are published, or withdrawn: which, and from how many batches ahead on.
    Rules { set: Option<bool>, ahead: u8, prev: Prev },
    /// Somebody who is enrolled, or removed.
    Enrol { who: Who, enrols: Apt, prev: Prev },
    /// A flag: mostly by an authority.
    Flag { place: Place, prev: Prev, blocks: Apt },
    /// A lien or a loan: to whom.
    Charge { place: Place, prev: Prev, loan: bool, other: Who },
    /// A release: of which, mostly by whom it protects; or of what was alleged.
    Release { place: Place, prev: Prev, which: u8, alleged: Apt },
    /// A receipt: for which crossing, mostly one that owes it, and whether an authority gives it.
    Receipt { place: Place, crossing: u8, speaks: bool },
    /// An amendment of a work's facts.
    Amend { place: Place, prev: Prev, old: bool },
    /// A move to another country.
    Move { place: Place, prev: Prev, from: Apt, towards: u8 },
    /// Title by an authority's word.
    Transmit { place: Place, prev: Prev, to: Who, from: Apt, towards: u8 },
    /// A document: about what, whether of the second type, what is done about it.
    Document { about: About, second: bool, over: Apt, revokes: Apt, prev: Prev },
}

/// What a document is about.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct About {
    /// An edition, or its work.
    pub place: Place,
    /// Whether it is the whole work.
    pub whole: bool,
    /// Somebody instead.
    pub who: Option<Who>,
}

/// What governors may do; seldom the last of it, after which nothing follows.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Power(u8);

impl Power {
    /// Returns whether the register is retired.
    pub fn retires(self) -> bool {
        self.0 >= 240
    }

    /// Returns whether, if it is not retired, its log gets another key; else it gets other rules.
    pub fn changes_key(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// Returns whether, if neither, a leaf is voided; else other rules are put in force.
    pub fn voids(self) -> bool {
        self.0 % 8 == 3
    }
}

/// What stands in `prev`.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Prev {
    /// The newest of the chain.
    Newest,
    /// The same.
    NewestToo,
    /// The same.
    NewestAgain,
    /// The beginning of the chain.
    First,
    /// An entry that was submitted before.
    Entry(u8),
    /// Nothing there is.
    Nothing,
}

/// Which edition.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Place {
    /// Which work, of those there are.
    pub work: u8,
    /// Whether it is one of them.
    pub known: Apt,
    /// Which edition; one beyond the last can be meant.
    pub edition: u8,
}

impl Place {
    fn settle(&mut self) {
        (self.known, self.edition) = (Apt::Yes, 0);
    }
}

/// What an offer or transfer says.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Terms {
    /// The edition.
    pub place: Place,
    /// What it follows.
    pub prev: Prev,
    /// To whom.
    pub to: Who,
    /// Whether it departs from where it is.
    pub from: Apt,
    /// Where it goes.
    pub towards: u8,
    /// How long it stands.
    pub expires: Expires,
}

/// When terms run out.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Expires {
    /// In a day.
    Day,
    /// In thirty.
    Month,
    /// At this very millisecond.
    Now,
    /// One before.
    Past,
    /// As far ahead as may be.
    Limit,
    /// One further.
    Beyond,
}

/// What a mint says of an earlier one with its face.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Ack {
    /// What it should.
    Right,
    /// The same.
    RightToo,
    /// Nothing.
    None,
    /// Some work.
    Work(u8),
}

/// How an entry is signed.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Signing {
    /// As it should be.
    Right,
    /// The same.
    RightToo,
    /// The same.
    RightAgain,
    /// The same.
    RightOnceMore,
    /// A line is missing.
    Fewer(u8),
    /// Somebody signs besides.
    Extra { who: Who, key: u8 },
    /// Another key of the same account.
    OtherKey { line: u8, key: u8 },
    /// A signature of something else.
    Broken(u8),
    /// The lines stand in the wrong order.
    Reversed,
    /// A line stands there twice.
    Twice(u8),
}
