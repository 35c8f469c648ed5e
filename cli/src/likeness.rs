//! Works in the register that look, sound or read like a file: the node says where to look, the mint of each says what it is.
//!
//! The file stays here. A picture is asked about in its 8 orientations, each also in negative, by codes of 64 bits.

use std::collections::BTreeSet;

use colophon_client::client::Client;
use colophon_client::lookalikes::Lookalike;
use colophon_client::lookup::LookupError;
use colophon_fingerprint::content::Content;
use colophon_fingerprint::likeness::{Grade, grade, reach};
use colophon_fingerprint::thumbnail::Thumbnail;
use colophon_ledger::card::Title;
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::Unit;
use serde::Serialize;

use crate::clock;
use crate::command::Context;
use crate::dossier::Dossier;
use crate::failure::Failure;
use crate::party::Party;
use crate::recognition::unit_kind;
use crate::sheet::Sheet;
use crate::story::When;

/// The most works that are looked at more closely, the nearest.
const SHOWN_MAX: usize = 10;

/// A work that is like a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Like {
    /// The work.
    pub work: WorkId,
    /// How much it is like it: `same`, `lookalike` or `maybe`.
    pub grade: &'static str,
    /// In how many of 64 bits the codes differ.
    pub distance: u32,
    /// Which of the work's files is like it, from 1 for the face.
    pub file: usize,
    /// Its titles. None: the words were withdrawn.
    pub titles: Option<Vec<Title>>,
    /// Who registered it.
    pub maker: Party,
    /// When.
    pub registered: When,
    /// The titles in one line.
    #[serde(skip)]
    title: String,
}

impl Like {
    /// Returns whether it is near enough to be taken for the same work.
    pub fn is_alarm(&self) -> bool {
        self.grade != word(Grade::Maybe)
    }

    /// Returns it in a sentence: what it is, whose, since when.
    pub fn told(&self) -> String {
        format!("{} by {}, registered {}, {}", self.title, self.maker.called(), self.registered.time, self.meaning())
    }

    /// Writes it.
    pub fn write(&self, sheet: &mut Sheet) {
        sheet.row("work", &self.work.to_string());
        sheet.row("", &self.title);
        sheet.row("", &format!("registered {}, by {}", self.registered.time, self.maker.introduced()));
        sheet.row("", &format!("{} ({} of 64 bits differ)", self.meaning(), self.distance));
    }

    fn meaning(&self) -> &'static str {
        match self.grade {
            "same" => "the same, saved anew",
            "lookalike" => "alike",
            _ => "perhaps alike",
        }
    }
}

/// What came of looking for works that are like a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// There is nothing to look for it by: no code, or a picture of one colour.
    NothingToSeekBy,
    /// The node does not search.
    NobodySeeks,
    /// The works, nearest first.
    Found(Vec<Like>),
}

/// What is said where [`Sought::NobodySeeks`].
pub const NOBODY_SEEKS: &str = "this node does not search for lookalikes: nobody has looked for works like it";

/// Returns the works that are like a file of this content, nearest first; none where there is nothing to look for it by, or nobody looks.
pub fn find(context: &Context, client: &Client, content: Option<&Content>) -> Result<Option<Vec<Like>>, Failure> {
    Ok(match context.wait_for(seek(client, content, &BTreeSet::new()))?? {
        Sought::NothingToSeekBy => None,
        Sought::NobodySeeks => {
            context.ui.note(NOBODY_SEEKS);
            None
        }
        Sought::Found(likes) => Some(likes),
    })
}

/// Looks for the works that are like a file of this content, but for those that are passed over.
pub async fn seek(
    client: &Client,
    content: Option<&Content>,
    passed_over: &BTreeSet<WorkId>,
) -> Result<Sought, Failure> {
    let Some(content) = content.filter(|content| !unit(content).is_flat()) else { return Ok(Sought::NothingToSeekBy) };
    let asked = Asked::of(content);
    let found = match client.lookalikes(asked.unit.kind(), &asked.codes, reach(content.kind)).await {
        Err(LookupError::NotKnown(_)) => return Ok(Sought::NobodySeeks),
        found => found?,
    };
    let mut likes: Vec<Like> = Vec::new();
    for hit in found {
        if likes.len() == SHOWN_MAX {
            break;
        }
        if !passed_over.contains(&hit.work) && !likes.iter().any(|like| like.work == hit.work) {
            likes.extend(asked.judge(client, content, &hit).await?);
        }
    }
    Ok(Sought::Found(likes))
}

/// What is asked about: the codes, and of a picture the difference hashes that go with them.
struct Asked {
    unit: Unit,
    codes: Vec<u64>,
    dhashes: Vec<u64>,
}

impl Asked {
    fn of(content: &Content) -> Asked {
        let unit = unit(content);
        let Some(thumbnail) = &content.thumbnail else {
            return Asked { unit, codes: vec![unit.head()], dhashes: Vec::new() };
        };
        let variants = thumbnail.variants();
        let codes = variants.iter().map(|variant| Unit::new(unit.kind(), variant.code()).head()).collect();
        Asked { unit, codes, dhashes: variants.iter().map(Thumbnail::dhash).collect() }
    }

    /// Holds what the node said against the work's own mint, and returns what it is if it is alike.
    async fn judge(&self, client: &Client, content: &Content, hit: &Lookalike) -> Result<Option<Like>, Failure> {
        let provenance = client.certificate(&hit.work, 1).await?.provenance;
        hit.check(self.unit.kind(), &self.codes, &provenance.mint)?;
        let dhash = self.dhashes.get(hit.code).zip(dhash_of(&provenance.mint, hit.file));
        let dhashes = dhash.map(|(own, other)| (own ^ other).count_ones());
        let Some(grade) = grade(content.kind, hit.distance, dhashes) else { return Ok(None) };
        let card = Dossier::of(&provenance, clock::now_ms()?);
        Ok(Some(Like {
            work: hit.work,
            grade: word(grade),
            distance: hit.distance,
            file: hit.file,
            title: card.title(),
            titles: card.titles,
            maker: card.maker,
            registered: card.registered,
        }))
    }
}

fn unit(content: &Content) -> Unit {
    Unit::new(unit_kind(content.kind), content.code)
}

fn dhash_of(mint: &Mint, file: usize) -> Option<u64> {
    let file = mint.files.as_slice().get(file.checked_sub(1)?)?;
    u64::from_str_radix(file.dhash.as_ref()?.as_str(), 16).ok()
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Same => "same",
        Grade::Lookalike => "lookalike",
        Grade::Maybe => "maybe",
    }
}
