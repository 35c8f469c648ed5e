//! What has happened to an edition, step by step: every owner, every offer and every border.

use colophon_ledger::card::TermsWords;
use colophon_ledger::certificate::{Moment, Provenance};
use colophon_ledger::deal::{Basis, Decree, Delivery, Money, Price};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::carry_edition::CarryEdition;
use colophon_ledger::entry::close::Close;
use colophon_ledger::entry::terms::Terms;
use colophon_ledger::field::{Country, Day, Digest, DocumentType, EntryId, List, Origin};
use colophon_ledger::state::Ground;
use serde::Serialize;

use crate::codes::money;
use crate::party::Party;
use crate::ruled::Ruled;
use crate::sheet::Sheet;
use crate::words::{self, ids, shown};

/// How far a step stands in, beside its time.
const TIME_COLUMN: usize = 25;

/// Everything that has happened to an edition, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Story {
    /// The steps. The first is the registration.
    pub steps: Vec<Told>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// When, as the operator says.
    #[serde(flatten)]
    pub when: When,
    /// The entry that says so.
    pub entry: EntryId,
    /// What happened.
    #[serde(flatten)]
    pub what: Happening,
}

/// The operator's time of something, and its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct When {
    /// Milliseconds after 1970.
    pub time_ms: u64,
    /// The same for people, in UTC.
    pub time: String,
    /// Its index.
    pub index: u64,
}

impl From<Moment> for When {
    fn from(moment: Moment) -> When {
        When { time_ms: moment.time_ms, time: words::time(moment.time_ms), index: moment.index }
    }
}

/// What happened in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Happening {
    /// The work came into the register.
    Registered {
        /// The maker.
        by: Party,
        /// Where the work is held.
        country: Country,
    },
    /// The holder offered it to one account alone.
    Offered {
        /// The holder.
        by: Party,
        /// To whom.
        to: Party,
        /// On what terms.
        deal: Deal,
    },
    /// Title moved.
    Moved {
        /// From whom.
        from: Party,
        /// To whom.
        to: Party,
        /// Whether by an offer that was accepted, and not by one entry that both signed.
        by_offer: bool,
        /// On what terms.
        deal: Deal,
        /// What the rules of the corridor said, if any were in force.
        #[serde(skip_serializing_if = "Option::is_none")]
        ruled: Option<Ruled>,
    },
    /// It came over from the register that this one succeeds, where title had moved so often.
    Carried {
        /// The name of that register.
        from: Origin,
        /// Whom it was with there.
        holder: Party,
        /// Where it was.
        country: Country,
        /// How often title had moved there.
        transfers: u64,
    },
    /// An authority blocked it.
    Flagged {
        /// The authority.
        by: Party,
        /// For which country it spoke.
        country: Option<Country>,
        /// Why.
        ground: Ground,
    },
    /// It came to secure a debt.
    Charged {
        /// The holder.
        by: Party,
        /// Whose debt.
        creditor: Party,
    },
    /// Somebody else than the holder got it for a time.
    Lent {
        /// The holder.
        by: Party,
        /// Who got it.
        borrower: Party,
        /// When it was to be back.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Day>,
    },
    /// A flag, a lien or a loan was let go.
    Released {
        /// By whom.
        by: Party,
        /// The entry that had placed it.
        of: Option<EntryId>,
    },
    /// The holder took it to another country.
    Relocated {
        /// The holder.
        by: Party,
        /// From where.
        from_country: Country,
        /// Where to.
        to_country: Country,
        /// What crossed the border.
        delivery: Delivery,
        /// What the rules of the corridor said, if any were in force.
        #[serde(skip_serializing_if = "Option::is_none")]
        ruled: Option<Ruled>,
    },
    /// Title moved by an authority's word.
    Transmitted {
        /// The authority.
        by: Party,
        /// For which country it spoke.
        country: Country,
        /// On what grounds.
        basis: Decree,
        /// To whom.
        to: Party,
        /// From where.
        from_country: Country,
        /// Where to.
        to_country: Country,
        /// SHA-256 of the file of the order.
        sha256: Digest,
        /// What the rules of the corridor said, if any were in force.
        #[serde(skip_serializing_if = "Option::is_none")]
        ruled: Option<Ruled>,
    },
    /// An offer, or every half-signed transfer, came to nothing.
    Closed {
        /// Who closed it.
        by: Party,
        /// In which way.
        how: Closing,
    },
}

/// How something was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// The recipient of an offer declined it.
    Declined,
    /// The holder took back an offer.
    Withdrawn,
    /// The holder made void whatever had been signed by one side alone.
    Voided,
}

/// The terms of an offer or a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deal {
    /// On what grounds.
    pub basis: Basis,
    /// What is handed over.
    pub delivery: Delivery,
    /// What is paid, open or committed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Where the edition was.
    pub from_country: Country,
    /// Where it goes.
    pub to_country: Country,
    /// The papers that go with it.
    pub documents: Vec<Paper>,
    /// The last millisecond after 1970 at which it can come into force.
    pub until_ms: u64,
    /// Whether the holder cannot take it back; offers alone.
    pub firm: bool,
    /// Whether a professional of the art market takes part.
    pub professional: bool,
    /// What the edition is declared to be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// A remark of the parties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A paper that goes with a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// What it is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// SHA-256 of its file.
    pub sha256: Digest,
    /// Its number, as the parties say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

impl Story {
    /// Returns what a certificate proves to have happened.
    pub fn of(provenance: &Provenance) -> Story {
        let mint = &provenance.mint;
        let registered = Happening::Registered { by: Party::of(&mint.by, provenance), country: mint.country.clone() };
        let mut steps = vec![Told::new(provenance.minted, registered)];
        let mut offered: Option<&Terms> = None;
        for step in &provenance.steps {
            let what = match &step.body {
                Body::Transfer(terms) => Some(moved(terms, false, step.moment.index, provenance)),
                Body::Offer(terms) => Some(Happening::Offered {
                    by: Party::of(&terms.by, provenance),
                    to: Party::of(&terms.to, provenance),
                    deal: Deal::of(terms, provenance),
                }),
                Body::Accept(_) => offered.map(|terms| moved(terms, true, step.moment.index, provenance)),
                Body::Close(close) => Some(closed(close, offered, provenance)),
                Body::CarryEdition(carry) => carried(carry, provenance),
                body @ (Body::Flag(_)
                | Body::Lien(_)
                | Body::Loan(_)
                | Body::Move(_)
                | Body::Transmit(_)
                | Body::Release(_)) => beside(body, step.moment.index, provenance),
                // None of these is a step of an edition.
                Body::Genesis(_)
                | Body::Profile(_)
                | Body::Rotate(_)
                | Body::Mint(_)
                | Body::CarryAccount(_)
                | Body::LogKey(_)
                | Body::Upgrade(_)
                | Body::Retire(_)
                | Body::Rules(_)
                | Body::Authority(_)
                | Body::Attest(_)
                | Body::Revoke(_)
                | Body::Receipt(_)
                | Body::Amend(_)
                | Body::Seal(_) => None,
            };
            offered = match &step.body {
                Body::Offer(terms) => Some(terms),
                // These leave an offer as it stands.
                Body::Flag(_) | Body::Release(_) => offered,
                _ => None,
            };
            steps.extend(what.map(|what| Told::new(step.moment, what)));
        }
        Story { steps }
    }

    /// Returns the step by which the edition came to its holder: the last that moved it, or its registration.
    pub fn newest_title(&self) -> Option<&Told> {
        let is_title = |told: &&Told| {
            matches!(told.what, Happening::Registered { .. } | Happening::Moved { .. } | Happening::Transmitted { .. })
        };
        self.steps.iter().rev().find(is_title)
    }

    /// Returns each step that took the edition over a border, with its terms and what rules said.
    pub fn borders(&self) -> impl Iterator<Item = (&Told, &Deal, Option<&Ruled>)> {
        self.steps.iter().filter_map(|told| match &told.what {
            Happening::Moved { deal, ruled, .. } if deal.crosses_border() => Some((told, deal, ruled.as_ref())),
            _ => None,
        })
    }

    /// Tells whether title, or the edition, ever moved under rules of the corridor.
    pub fn was_ruled(&self) -> bool {
        self.steps.iter().any(|told| match &told.what {
            Happening::Moved { ruled, .. }
            | Happening::Relocated { ruled, .. }
            | Happening::Transmitted { ruled, .. } => ruled.is_some(),
            _ => false,
        })
    }

    /// Returns each step that took the edition over a border without terms: its holder's move, an authority's word.
    pub fn other_crossings(&self) -> impl Iterator<Item = &Told> {
        self.steps.iter().filter(|told| match &told.what {
            Happening::Relocated { .. } => true,
            Happening::Transmitted { from_country, to_country, .. } => from_country != to_country,
            _ => false,
        })
    }

    /// Writes the steps, each beside its time.
    pub fn write(&self, sheet: &mut Sheet) {
        for told in &self.steps {
            let mut time = told.when.time.as_str();
            for line in told.what.told() {
                sheet.beside(time, TIME_COLUMN, &line);
                time = "";
            }
            sheet.beside(time, TIME_COLUMN, &format!("entry {}, index {}", ids::short(&told.entry), told.when.index));
        }
    }

    /// Returns how often title has moved.
    pub fn transfers(&self) -> usize {
        self.steps
            .iter()
            .filter(|told| matches!(told.what, Happening::Moved { .. } | Happening::Transmitted { .. }))
            .count()
    }
}

impl Told {
    /// Returns what happened in lines for people.
    pub fn lines(&self) -> Vec<String> {
        self.what.told()
    }

    fn new(moment: Moment, what: Happening) -> Told {
        Told { when: moment.into(), entry: moment.id, what }
    }
}

impl Happening {
    /// Returns what happened in lines for people.
    fn told(&self) -> Vec<String> {
        match self {
            Happening::Registered { by, country } => {
                vec![format!("registered by {}", by.called()), format!("in {}", words::place(country))]
            }
            Happening::Offered { by, to, deal } => {
                let firm = if deal.firm { ", firm" } else { "" };
                let first = format!("offered by {} to {} alone", by.called(), to.called());
                let until = format!("until {}{firm}", words::time(deal.until_ms));
                [vec![first, until, format!("to go {}", deal.way())], deal.told()].concat()
            }
            Happening::Moved { from, to, by_offer, deal, ruled } => {
                let how = if *by_offer { "the offer accepted" } else { "signed by both" };
                let border = if deal.crosses_border() { "BORDER " } else { "" };
                let first = format!("title from {} to {}, {how}", from.called(), to.called());
                let rules = ruled.as_ref().map(Ruled::told).unwrap_or_default();
                [vec![first, format!("{border}{}", deal.way())], deal.told(), rules].concat()
            }
            Happening::Carried { from, holder, country, transfers } => {
                let with = format!("held there by {} in {}", holder.called(), words::place(country));
                vec![format!("carried over from {from}"), with, format!("title had moved {transfers} times")]
            }
            Happening::Flagged { by, country, ground } => {
                let country = country.as_ref().map(words::place).unwrap_or_default();
                let first = format!("FLAGGED as {} by {}", ground.word(), by.called());
                vec![first, format!("an authority of {country}: title is blocked until it is released")]
            }
            Happening::Charged { by, creditor } => {
                vec![format!("a lien of {}, given by {}", creditor.called(), by.called())]
            }
            Happening::Lent { by, borrower, until } => {
                let until = until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
                vec![format!("lent by {} to {}{until}", by.called(), borrower.called())]
            }
            Happening::Released { by, of } => {
                let of = of.as_ref().map(ids::short).unwrap_or_default();
                vec![format!("released by {}: what the entry {of} had placed", by.called())]
            }
            Happening::Relocated { by, from_country, to_country, delivery, ruled } => {
                let way = format!("BORDER {} → {}", words::place(from_country), words::place(to_country));
                let first = format!("taken elsewhere by {}, {}", by.called(), words::delivery(*delivery));
                [vec![first, way], ruled.as_ref().map(Ruled::told).unwrap_or_default()].concat()
            }
            Happening::Transmitted { by, country, basis, to, from_country, to_country, sha256, ruled } => {
                let basis = basis.word().replace('_', " ");
                let first = format!("TITLE to {}, by {basis}", to.called());
                let order = format!(
                    "an authority of {}, {}, says so (order {}…)",
                    words::place(country),
                    by.called(),
                    ids::short(sha256)
                );
                let way = format!("{} → {}", words::place(from_country), words::place(to_country));
                [vec![first, order, way], ruled.as_ref().map(Ruled::told).unwrap_or_default()].concat()
            }
            Happening::Closed { by, how } => vec![match how {
                Closing::Declined => format!("the offer declined by {}", by.called()),
                Closing::Withdrawn => format!("the offer taken back by {}", by.called()),
                Closing::Voided => format!("every half-signed transfer made void by {}", by.called()),
            }],
        }
    }
}

impl Deal {
    /// Returns the terms, with the words that a certificate carries about them.
    pub fn of(terms: &Terms, provenance: &Provenance) -> Deal {
        let words = terms.card.and_then(|digest| provenance.cards.get(&digest));
        let words: TermsWords = words.and_then(|words| serde_json::from_str(words).ok()).unwrap_or_default();
        let documents = terms.documents.as_ref().map_or(&[][..], List::as_slice);
        let numbers = words.document_numbers.iter().map(Some).chain(std::iter::repeat(None));
        let paper = |(document, number): (&colophon_ledger::entry::terms::Document, Option<&String>)| Paper {
            document_type: document.document_type.clone(),
            sha256: document.sha256,
            number: number.map(|number| shown(number)).filter(|number| !number.is_empty()),
        };
        Deal {
            basis: terms.basis,
            delivery: terms.delivery,
            price: terms.price.clone(),
            from_country: terms.from_country.clone(),
            to_country: terms.to_country.clone(),
            documents: documents.iter().zip(numbers).map(paper).collect(),
            until_ms: terms.expires_ms.get(),
            firm: terms.firm.is_some(),
            professional: terms.professional.is_some(),
            value: terms.value.clone(),
            note: words.note.map(|note| shown(&note)).filter(|note| !note.is_empty()),
        }
    }

    /// Returns whether the edition is to be in another country afterwards.
    pub fn crosses_border(&self) -> bool {
        self.from_country != self.to_country
    }

    /// Returns the way over a border, or where it stays.
    pub fn way(&self) -> String {
        if self.crosses_border() {
            format!("{} → {}", words::place(&self.from_country), words::place(&self.to_country))
        } else {
            format!("within {}", words::place(&self.to_country))
        }
    }

    fn told(&self) -> Vec<String> {
        let papers = self.documents.iter().map(|paper| format!("with {}", paper.told()));
        let note = self.note.iter().map(|note| format!("note: {note}"));
        [self.terms()].into_iter().chain(papers).chain(note).collect()
    }

    /// Returns the grounds, the price and what is handed over, in a few words.
    pub fn terms(&self) -> String {
        let price = self.price.as_ref().map_or_else(|| "no price stated".to_owned(), words::price);
        let value = self.value.as_ref().map(|value| format!(", declared to be worth {}", money::Shown(value)));
        let value = value.unwrap_or_default();
        let trade = if self.professional { ", through the art market" } else { "" };
        format!("{}, {price}, delivered {}{trade}{value}", self.basis.word(), words::delivery(self.delivery))
    }
}

impl Paper {
    /// Returns the paper in one line: type, number and the beginning of its digest.
    pub fn told(&self) -> String {
        let number = self.number.as_ref().map(|number| format!(" no. {number}")).unwrap_or_default();
        format!("{}{number} ({}…)", self.document_type, ids::short(&self.sha256))
    }
}

fn moved(terms: &Terms, by_offer: bool, index: u64, provenance: &Provenance) -> Happening {
    Happening::Moved {
        from: Party::of(&terms.by, provenance),
        to: Party::of(&terms.to, provenance),
        by_offer,
        deal: Deal::of(terms, provenance),
        ruled: Ruled::of(index, provenance),
    }
}

/// Returns what happened beside a sale: a flag, a lien, a loan, a release, a move, an authority's word.
fn beside(body: &Body, index: u64, provenance: &Provenance) -> Option<Happening> {
    match body {
        Body::Flag(flag) => Some(Happening::Flagged {
            by: Party::of(&flag.by, provenance),
            country: flag.country.clone(),
            ground: flag.ground,
        }),
        Body::Lien(lien) => Some(Happening::Charged {
            by: Party::of(&lien.by, provenance),
            creditor: Party::of(&lien.creditor, provenance),
        }),
        Body::Loan(loan) => Some(Happening::Lent {
            by: Party::of(&loan.by, provenance),
            borrower: Party::of(&loan.borrower, provenance),
            until: loan.until.clone(),
        }),
        Body::Move(relocate) => Some(Happening::Relocated {
            by: Party::of(&relocate.by, provenance),
            from_country: relocate.from_country.clone(),
            to_country: relocate.to_country.clone(),
            delivery: relocate.delivery,
            ruled: Ruled::of(index, provenance),
        }),
        Body::Transmit(transmit) => Some(Happening::Transmitted {
            by: Party::of(&transmit.by, provenance),
            country: transmit.country.clone(),
            basis: transmit.basis,
            to: Party::of(&transmit.to, provenance),
            from_country: transmit.from_country.clone(),
            to_country: transmit.to_country.clone(),
            sha256: transmit.sha256,
            ruled: Ruled::of(index, provenance),
        }),
        Body::Release(release) => Some(Happening::Released { by: Party::of(&release.by, provenance), of: release.of }),
        _ => None,
    }
}

/// Returns the coming of an edition from the predecessor, as its proofs show that it stood there.
fn carried(carry: &CarryEdition, provenance: &Provenance) -> Option<Happening> {
    let from = provenance.rules.succeeds.as_ref()?.origin.clone();
    let stood = carry.edition_proof.record.as_ref();
    let country = stood.map(|edition| edition.country.clone());
    let country = country.or_else(|| carry.work_proof.record.as_ref().map(|work| work.country.clone()))?;
    let holder = Party::of(&carry.holder()?, provenance);
    Some(Happening::Carried { from, holder, country, transfers: stood.map_or(0, |edition| edition.transfers) })
}

fn closed(close: &Close, offered: Option<&Terms>, provenance: &Provenance) -> Happening {
    let how = match offered {
        Some(terms) if terms.to == close.by => Closing::Declined,
        Some(_) => Closing::Withdrawn,
        None => Closing::Voided,
    };
    Happening::Closed { by: Party::of(&close.by, provenance), how }
}
