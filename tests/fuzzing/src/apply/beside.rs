//! What is beside a sale: flags, liens, loans, receipts, amendments, moves and an authority's word; made of choices, and judged once more.

use colophon_ledger::field::{EntryId, WorkId};
use serde_json::{Value, json};

use crate::apply::borders::{SHARE, Thing, file};
use crate::apply::cast::{COUNTRIES, Cast, find, put};
use crate::apply::charges::Kind;
use crate::apply::model::{
    Deed, Edition, HOME, Judged, Model, Moment, OPERATOR, PEOPLE, Said, account_of, moved, refuse_if,
};
use crate::apply::records::AGES;
use crate::apply::script::{Act, Place, Prev, What};
use crate::people::digest;

impl Cast {
    /// Returns what an act beside a sale comes to.
    pub(super) fn beside(&self, act: &Act, who: usize, model: &Model) -> (usize, Deed) {
        match &act.what {
            What::Amend { place, prev, old } => {
                let (work, _, _) = find(model, *place);
                let found = model.works.get(&work);
                let newest = found.and_then(|work| work.amended).map_or(work, |(_, newest, _)| newest);
                let prev = match prev {
                    Prev::Newest | Prev::NewestToo | Prev::NewestAgain => newest,
                    Prev::First => work,
                    Prev::Entry(which) => self.some_entry(*which),
                    Prev::Nothing => digest("nothing"),
                };
                let by = found.map(|work| work.maker).filter(|_| act.apt.is_yes()).unwrap_or(who);
                (by, Deed::Amend { work, prev, age: usize::from(*old) })
            }
            What::Receipt { place, crossing, speaks } => {
                let owing = model.editions.keys().find_map(|place| Some((*place, model.borders.owing(place)?)));
                let owing = owing.filter(|_| place.known.is_yes() && place.work < 200);
                let (work, edition, _) = find(model, *place);
                let (place, crossing) = owing.unwrap_or(((work, edition), u64::from(crossing % 3) + 1));
                let enrolled = (0..PEOPLE.len()).find(|person| model.borders.is_enrolled(*person));
                let payee = if *speaks { enrolled } else { model.works.get(&place.0).map(|work| work.maker) };
                let by = payee.filter(|_| act.apt.is_yes()).unwrap_or(who);
                (by, Deed::Receipt { place, crossing, speaks: *speaks })
            }
            What::Move { .. } | What::Transmit { .. } => self.crossing(act, who, model),
            _ => self.charge(act, who, model),
        }
    }

    fn crossing(&self, act: &Act, who: usize, model: &Model) -> (usize, Deed) {
        let (What::Move { place, prev, from, towards } | What::Transmit { place, prev, from, towards, .. }) = &act.what
        else {
            panic!("{:?} crosses nothing", act.what)
        };
        let (work, edition, found) = find(model, *place);
        let prev = self.edition_prev(*prev, found.as_ref(), work);
        let country = found.as_ref().map_or(HOME, |found| found.country);
        let from = if from.is_yes() { country } else { "QQ" };
        let others: Vec<&str> = COUNTRIES.into_iter().filter(|country| *country != from).collect();
        let (place, towards) = ((work, edition), others[usize::from(*towards) % others.len()]);
        if let What::Transmit { to, .. } = &act.what {
            let enrolled = (0..PEOPLE.len()).find(|person| model.borders.is_enrolled(*person));
            let by = enrolled.filter(|_| act.apt.is_yes()).unwrap_or(who);
            return (by, Deed::Transmit { place, prev, to: to.number(), from, towards });
        }
        let by = found.map(|found| found.holder).filter(|_| act.apt.is_yes()).unwrap_or(who);
        (by, Deed::Move { place, prev, from, towards })
    }

    fn charge(&self, act: &Act, who: usize, model: &Model) -> (usize, Deed) {
        let (What::Flag { place, prev, .. } | What::Charge { place, prev, .. } | What::Release { place, prev, .. }) =
            &act.what
        else {
            panic!("{:?} charges nothing", act.what)
        };
        let (work, edition, found) = match act.what {
            What::Release { .. } => find_charged(model, *place),
            _ => find(model, *place),
        };
        let place = (work, edition);
        let newest = self.edition_prev(*prev, found.as_ref(), work);
        let holder = found.map(|found| found.holder).filter(|_| act.apt.is_yes());
        let own = match prev {
            Prev::Newest | Prev::NewestToo | Prev::NewestAgain => model.charges.newest(place, who),
            Prev::First => None,
            Prev::Entry(which) => Some(self.some_entry(*which)),
            Prev::Nothing => Some(digest("nothing")),
        };
        match &act.what {
            What::Flag { blocks, .. } if blocks.is_yes() => {
                let enrolled = (0..PEOPLE.len()).find(|person| model.borders.is_enrolled(*person));
                let by = enrolled.filter(|_| act.apt.is_yes()).unwrap_or(who);
                (by, Deed::Flag { place, prev: Some(newest), blocks: true })
            }
            What::Flag { .. } => (who, Deed::Flag { place, prev: own, blocks: false }),
            What::Charge { loan, other, .. } => {
                let (by, kind) = (holder.unwrap_or(who), if *loan { Kind::Loan } else { Kind::Lien });
                // Nobody can sign one to oneself.
                let other = if other.number() == by { (by + 1) % PEOPLE.len() } else { other.number() };
                (by, Deed::Charge { place, prev: newest, kind, other })
            }
            What::Release { which, alleged, .. } if alleged.is_yes() => {
                let standing = model.charges.on(&place);
                let burden = standing.get(usize::from(*which) % standing.len().max(1));
                let protected = burden.map(|burden| if burden.kind == Kind::Loan { holder } else { Some(burden.of) });
                let by = protected.flatten().filter(|_| act.apt.is_yes()).unwrap_or(who);
                let of = burden.map_or(digest("nothing"), |burden| burden.entry);
                (by, Deed::Release { place, prev: newest, of: Some(of) })
            }
            _ => (who, Deed::Release { place, prev: own.unwrap_or(digest("nothing")), of: None }),
        }
    }
}

/// Returns the body of an entry beside a sale.
pub(super) fn body_beside(said: &Said) -> Value {
    let by = account_of(said.by);
    match &said.deed {
        Deed::Flag { place: (work, edition), prev, blocks } => {
            let mut body = json!({"by": by, "edition": edition, "ground": "stolen", "kind": "flag", "work": work});
            put(&mut body, "prev", prev.as_ref());
            put(&mut body, "country", blocks.then_some(HOME).as_ref());
            put(&mut body, "sha256", blocks.then(file).as_ref());
            body
        }
        Deed::Charge { place: (work, edition), prev, kind, other } => {
            let (kind, member) = if *kind == Kind::Loan { ("loan", "borrower") } else { ("lien", "creditor") };
            let mut body = json!({"by": by, "edition": edition, "kind": kind, "prev": prev, "work": work});
            body[member] = json!(account_of(*other));
            body
        }
        Deed::Release { place: (work, edition), prev, of } => {
            let mut body = json!({"by": by, "edition": edition, "kind": "release", "prev": prev, "work": work});
            put(&mut body, "of", of.as_ref());
            body
        }
        Deed::Amend { work, prev, age } => {
            json!({"by": by, "facts": {"age": AGES[*age]}, "kind": "amend", "prev": prev, "work": work})
        }
        Deed::Move { place: (work, edition), prev, from, towards } => {
            json!({
                "by": by, "delivery": "digital", "edition": edition, "from_country": from, "kind": "move",
                "prev": prev, "to_country": towards, "work": work,
            })
        }
        Deed::Transmit { place: (work, edition), prev, to, from, towards } => {
            json!({
                "basis": "court_order", "by": by, "country": HOME, "delivery": "digital", "edition": edition,
                "from_country": from, "kind": "transmit", "prev": prev, "sha256": file(), "to": account_of(*to),
                "to_country": towards, "work": work,
            })
        }
        Deed::Receipt { place: (work, edition), crossing, speaks } => {
            let mut body = json!({
                "by": by, "crossing": crossing, "edition": edition, "kind": "receipt", "rule": SHARE, "work": work,
            });
            put(&mut body, "country", speaks.then_some(HOME).as_ref());
            body
        }
        other => panic!("{other:?} is a sale's"),
    }
}

/// Returns an edition on which something stands, where there is one.
fn find_charged(model: &Model, place: Place) -> (WorkId, u64, Option<Edition>) {
    let charged = model.editions.keys().find(|name| !model.charges.on(name).is_empty());
    match charged.filter(|_| place.known.is_yes() && place.work < 200) {
        Some((work, edition)) => (*work, *edition, model.edition(*work, *edition)),
        None => find(model, place),
    }
}

impl Model {
    /// Section 10.9.
    pub(super) fn take_flag(
        &mut self,
        by: usize,
        place: (WorkId, u64),
        prev: Option<EntryId>,
        blocks: bool,
        moment: Moment,
    ) -> Judged {
        let thing = Thing::Edition(place.0, place.1);
        self.check_there(thing)?;
        let mut edition = self.edition(place.0, place.1).ok_or("edition_unknown")?;
        if blocks {
            refuse_if(prev != Some(edition.newest), "prev_stale")?;
            refuse_if(!self.borders.is_enrolled(by), "not_authority")?;
            self.charges.place(place, Kind::Flag, by, moment)?;
            edition.newest = moment.id;
        } else {
            refuse_if(prev != self.charges.newest(place, by), "prev_stale")?;
            self.charges.allege(place, by, true, moment);
            self.borders.note(thing, moment);
        }
        self.editions.insert(place, edition);
        Ok(())
    }

    pub(super) fn take_charge(
        &mut self,
        by: usize,
        place: (WorkId, u64),
        prev: EntryId,
        (kind, other): (Kind, usize),
        moment: Moment,
    ) -> Judged {
        self.check_there(Thing::Edition(place.0, place.1))?;
        refuse_if(self.charges.has(&place, &[Kind::Flag]), "encumbered")?;
        let mut edition = self.find(place, prev)?;
        refuse_if(by != edition.holder, "not_holder")?;
        refuse_if(self.standing(&edition, moment.time_ms).is_some(), "offer_stands")?;
        self.charges.place(place, kind, other, moment)?;
        edition.newest = moment.id;
        self.editions.insert(place, edition);
        Ok(())
    }

    pub(super) fn take_release(
        &mut self,
        by: usize,
        place: (WorkId, u64),
        prev: EntryId,
        of: Option<&EntryId>,
        moment: Moment,
    ) -> Judged {
        let thing = Thing::Edition(place.0, place.1);
        self.check_there(thing)?;
        let mut edition = self.edition(place.0, place.1).ok_or("edition_unknown")?;
        if let Some(of) = of {
            refuse_if(prev != edition.newest, "prev_stale")?;
            let burden = self.charges.on(&place).iter().find(|burden| burden.entry == *of);
            let burden = burden.ok_or("nothing_to_release")?;
            let protected = if burden.kind == Kind::Loan { edition.holder } else { burden.of };
            let is_flag = burden.kind == Kind::Flag;
            refuse_if(by != protected && !is_flag, "not_releaser")?;
            refuse_if(by != protected && !self.borders.is_enrolled(by), "not_authority")?;
            self.charges.release(&place, of);
            edition.newest = moment.id;
        } else {
            let newest = self.charges.newest(place, by).ok_or("nothing_to_release")?;
            refuse_if(prev != newest, "prev_stale")?;
            refuse_if(!self.charges.is_open(place, by), "nothing_to_release")?;
            self.charges.allege(place, by, false, moment);
            self.borders.note(thing, moment);
        }
        self.editions.insert(place, edition);
        Ok(())
    }

    pub(super) fn take_move(
        &mut self,
        by: usize,
        place: (WorkId, u64),
        prev: EntryId,
        (from, towards): (&'static str, &'static str),
        moment: Moment,
    ) -> Judged {
        self.check_there(Thing::Edition(place.0, place.1))?;
        refuse_if(self.charges.has(&place, &[Kind::Flag]), "encumbered")?;
        let mut edition = self.find(place, prev)?;
        refuse_if(by != edition.holder, "not_holder")?;
        refuse_if(from != edition.country, "country_mismatch")?;
        refuse_if(self.standing(&edition, moment.time_ms).is_some(), "offer_stands")?;
        self.cross(place, by, towards, moment)?;
        (edition.newest, edition.country, edition.offer) = (moment.id, towards, None);
        self.editions.insert(place, edition);
        Ok(())
    }

    pub(super) fn take_transmission(
        &mut self,
        (by, to): (usize, usize),
        place: (WorkId, u64),
        prev: EntryId,
        (from, towards): (&'static str, &'static str),
        moment: Moment,
    ) -> Judged {
        let edition = self.find(place, prev)?;
        refuse_if(to == OPERATOR, "operator_cannot_own")?;
        refuse_if(to == edition.holder, "same_holder")?;
        refuse_if(from != edition.country, "country_mismatch")?;
        refuse_if(!self.borders.is_enrolled(by), "not_authority")?;
        self.cross(place, to, towards, moment)?;
        self.editions.insert(place, moved(&edition, to, towards, moment));
        Ok(())
    }

    pub(super) fn take_amendment(
        &mut self,
        by: usize,
        name: WorkId,
        prev: EntryId,
        age: usize,
        moment: Moment,
    ) -> Judged {
        let work = self.works.get_mut(&name).ok_or("work_unknown")?;
        let (count, newest, _) = work.amended.unwrap_or((0, name, 0));
        refuse_if(prev != newest, "prev_stale")?;
        refuse_if(by != work.maker, "not_maker")?;
        refuse_if(count == 64, "amended_too_often")?;
        work.amended = Some((count + 1, moment.id, age));
        Ok(())
    }
}
