//! `carry_edition`: an edition that the predecessor had goes on in the successor, with the same work, holder and country.

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::canonical::to_canonical;
use crate::carried::CarriedRecord;
use crate::edition::{EDITIONS_MAX, untouched};
use crate::entry::kind::kind_word;
use crate::entry::lines::{entry_id_of_text, text_with};
use crate::entry::mint::Mint;
use crate::entry::profile::current;
use crate::field::{EntryId, Int, Marker, Origin, WorkId};
use crate::refusal::Refusal;
use crate::register::Register;
use crate::rule::{Context, Scope, Stop};
use crate::state::{Burden, Changes, EditionRecord, RecordKey, Records, WorkRecord, write};

kind_word!(CarryEditionWord, "carry_edition");

/// The body of an edition's carrying over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarryEdition {
    /// Whoever does it: it is proved, so anybody may.
    pub by: AccountId,
    /// Which edition, from 1.
    pub edition: Int<1, EDITIONS_MAX>,
    /// The edition's record in the predecessor, or that there was none.
    pub edition_proof: CarriedRecord<EditionRecord>,
    /// The word `carry_edition`.
    pub kind: CarryEditionWord,
    /// The work's mint, with the first of its editions that is carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mint: Option<CarriedMint>,
    /// The work.
    pub work: WorkId,
    /// The work's record in the predecessor.
    pub work_proof: CarriedRecord<WorkRecord>,
}

/// A mint in another register. Its text hashes to the work's id, so it needs no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedMint {
    /// What it says.
    pub body: Mint,
    /// The genesis of the register in which the work was minted.
    pub genesis: EntryId,
    /// The name of that register.
    pub origin: Origin,
}

impl CarriedMint {
    /// Returns the id of the work that it minted.
    pub fn work(&self) -> WorkId {
        let register = Register { origin: self.origin.clone(), genesis: self.genesis };
        entry_id_of_text(&text_with(&register, &to_canonical(&self.body)))
    }
}

impl CarryEdition {
    /// Returns whom the edition was with, as the proofs say, which may not hold.
    pub fn holder(&self) -> Option<AccountId> {
        let holder = self.edition_proof.record.as_ref().map(|edition| edition.holder);
        holder.or_else(|| self.work_proof.record.as_ref().map(|work| work.maker))
    }

    /// Returns who can let go what stands on the edition, as the proof says, which may not hold.
    pub fn parties(&self) -> impl Iterator<Item = AccountId> {
        let burdens = self.edition_proof.record.iter().flat_map(EditionRecord::burdens);
        burdens.filter(|burden| burden.kind != Burden::Loan).map(|burden| burden.of)
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        let (minted, stood) = self.proved(context)?;
        let name = RecordKey::Edition(self.work, self.edition.get());
        if records.record(&name)?.is_some() {
            return Err(Refusal::CarriedBefore.into());
        }
        context.check_may_own(&stood.holder)?;
        if current(records, &stood.holder)?.is_none_or(|holder| holder.carried.is_none()) {
            return Err(Refusal::HolderNotCarried { holder: stood.holder }.into());
        }
        check_parties(&stood, context, records)?;
        let mut changes = self.work_here(context, records, minted)?;
        let (newest, offer, judged, rules, allegations) = (context.id, None, None, None, None);
        let edition = EditionRecord { allegations, judged, newest, offer, rules, ..stood };
        write(&mut changes, name, &edition);
        Ok(changes)
    }

    /// Returns the work and the edition as they stood in the predecessor.
    fn proved(&self, context: &Context<'_>) -> Result<(&WorkRecord, EditionRecord), Stop> {
        let predecessor = context.predecessor()?;
        let unfit = |why: &str| Stop::from(Refusal::CarryUnfit(why.to_owned()));
        let work = self.work_proof.verify(predecessor, &RecordKey::Work(self.work))?;
        let work = work.ok_or_else(|| unfit("the predecessor had no such work"))?;
        let (edition, editions) = (self.edition.get(), work.editions);
        if edition > editions {
            return Err(Refusal::EditionUnknown { edition, editions }.into());
        }
        let stood = self.edition_proof.verify(predecessor, &RecordKey::Edition(self.work, edition))?;
        match stood {
            Some(stood) => Ok((work, stood.clone())),
            None if work.carried.is_some() => Err(unfit("the edition was never carried over to the predecessor")),
            None => Ok((work, untouched(&self.work, work))),
        }
    }

    /// Returns what the entry writes about the work, which comes with its mint if it is not here yet.
    fn work_here(&self, context: &Context<'_>, records: &impl Records, minted: &WorkRecord) -> Result<Changes, Stop> {
        let unfit = |why: &str| Stop::from(Refusal::CarryUnfit(why.to_owned()));
        let is_here = records.record(&RecordKey::Work(self.work))?.is_some();
        let mint = match (&self.mint, is_here) {
            (Some(mint), false) => mint,
            (None, true) => return Ok(Changes::new()),
            (None, false) => return Err(unfit("the work is not here yet, and its mint is left out")),
            (Some(_), true) => return Err(unfit("the work is here already, and its mint comes again")),
        };
        if mint.work() != self.work {
            return Err(unfit("the mint is another work's"));
        }
        let mut changes = match context.scope {
            Scope::Whole => mint.body.claims(&self.work, records, mint.body.first_claim(records)?)?,
            Scope::OneWork => Changes::new(),
        };
        let record = WorkRecord { carried: Some(Marker), index: context.index, ..minted.clone() };
        write(&mut changes, RecordKey::Work(self.work), &record);
        Ok(changes)
    }
}

/// Refuses an edition whose encumbrances somebody could let go with keys that have been changed in the predecessor. The officers of
/// this register have those of its genesis.
fn check_parties(stood: &EditionRecord, context: &Context<'_>, records: &impl Records) -> Result<(), Stop> {
    let officers = [&context.rules.operators, &context.rules.governors];
    for burden in stood.burdens().iter().filter(|burden| burden.kind != Burden::Loan) {
        let is_officer = officers.iter().any(|officers| officers.contains(&burden.of));
        if !is_officer && current(records, &burden.of)?.is_none_or(|party| party.carried.is_none()) {
            return Err(Refusal::PartyNotCarried { party: burden.of }.into());
        }
    }
    Ok(())
}
