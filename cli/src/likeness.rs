//! Works in the register that look, sound or read like a file: the node says where to look, the mint of each says what it is.
//!
//! The file stays here. A picture is asked about in its 8 orientations, each also in negative, by codes of 64 bits. Where there is no file, the
//! code that a mint states is asked about as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use colophon_client::client::Client;
use colophon_client::lookalikes::Lookalike;
use colophon_client::lookup::LookupError;
use colophon_fingerprint::likeness::{Grade, SecondOpinion, grade, reach, whole_distance};
use colophon_fingerprint::thumbnail::Thumbnail;
use colophon_fingerprint::{Code, Content, ContentKind};
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Title;
use colophon_ledger::entry::mint::{Mint, WorkFile};
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::{Iscc, Unit};
use serde::Serialize;

use crate::clock;
use crate::context::Context;
use crate::dossier::Dossier;
use crate::failure::{Exit, Failure};
use crate::party::Party;
use crate::recognition::unit_kind;
use crate::sheet::Sheet;
use crate::story::When;

/// The most works of others that are shown, and the most of one's own.
pub const SHOWN_MAX: usize = 10;
/// How many of them are the earliest of those that are alike, however many are nearer.
const EARLIEST_MAX: usize = 3;
/// The kinds of content.
const KINDS: [ContentKind; 4] = [ContentKind::Text, ContentKind::Image, ContentKind::Audio, ContentKind::Video];

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
    /// What was done to a picture to find it: `turned`, `mirrored`, `in negative`, in this order. Nothing: it was found as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<&'static str>,
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
        format!("{}, {}", introduction(&self.title, &self.maker, &self.registered), self.meaning())
    }

    /// Writes it.
    pub fn write(&self, sheet: &mut Sheet) {
        sheet.row("work", &self.work.to_string());
        sheet.row("", &self.title);
        sheet.row("", &format!("registered {}, by {}", self.registered.time, self.maker.introduced()));
        sheet.row("", &format!("{} ({} of 64 bits differ)", self.meaning(), self.distance));
    }

    fn meaning(&self) -> String {
        let meaning = match self.grade {
            "same" => "the same or hardly changed",
            "lookalike" => "alike",
            _ => "perhaps alike",
        };
        if self.changed.is_empty() { meaning.to_owned() } else { format!("{meaning}, but {}", self.changed.join(", ")) }
    }
}

/// What came of looking for works that are like a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// There is nothing to look for it by: no code, or next to nothing in it.
    NothingToSeekBy,
    /// The node does not search.
    NobodySeeks,
    /// The works, nearest first, or earliest first where an index was given.
    Found(Vec<Like>),
}

/// What is said where [`Sought::NobodySeeks`].
pub const NOBODY_SEEKS: &str = "this node does not search for lookalikes: nobody has looked for works like it";

/// Which of the works that are like something are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only those of mints with a smaller index, the earliest first: however many came later, or are nearer, the first is among them.
    pub before: Option<u64>,
    /// Whose works stand in nobody's way: they take no place of others'.
    pub own: Option<AccountId>,
    /// Works that are not looked at.
    pub passed_over: Arc<BTreeSet<WorkId>>,
}

/// Returns the works that are like something, nearest first; none where there is nothing to look by, or nobody looks.
pub fn find(
    context: &Context,
    client: &Client,
    asked: Option<&Asked>,
    wanted: &Wanted,
) -> Result<Option<Vec<Like>>, Failure> {
    Ok(match context.wait_for(seek(client, asked, wanted))?? {
        Sought::NothingToSeekBy => None,
        Sought::NobodySeeks => {
            context.ui.warn(format_args!("{NOBODY_SEEKS}; another node of the register may"));
            None
        }
        Sought::Found(likes) => Some(likes),
    })
}

/// Returns what [`find`] does. A node that cannot be asked takes nothing from what is proved: it is warned of. A lie is an error.
pub fn find_or_warn(
    context: &Context,
    client: &Client,
    asked: Option<&Asked>,
    wanted: &Wanted,
) -> Result<Option<Vec<Like>>, Failure> {
    match find(context, client, asked, wanted) {
        Err(failure) if failure.exit() != Exit::NotVerified => {
            context.ui.warn(format_args!("works like it were not looked for: {}", failure.what()));
            Ok(None)
        }
        found => found,
    }
}

/// Looks for the works that are like something.
pub async fn seek(client: &Client, asked: Option<&Asked>, wanted: &Wanted) -> Result<Sought, Failure> {
    let Some(asked) = asked else { return Ok(Sought::NothingToSeekBy) };
    let found = client.lookalikes(unit_kind(asked.kind), &asked.codes, reach(asked.kind), wanted.before).await;
    let found = match found {
        Err(LookupError::NotKnown(_)) => return Ok(Sought::NobodySeeks),
        found => found?,
    };
    // First the earliest, so that nothing that came later takes their places; then the nearest.
    let mut order: Vec<Lookalike> = found.clone();
    order.sort_by_key(|hit| hit.index);
    if wanted.before.is_none() {
        order.retain(|hit| asked.is_alike(hit.distance));
    }
    let (mut shown, mut looked_at) = (Shown::default(), BTreeSet::new());
    for (hits, places) in [(order, if wanted.before.is_some() { SHOWN_MAX } else { EARLIEST_MAX }), (found, SHOWN_MAX)]
    {
        for hit in hits {
            if shown.others >= places {
                break;
            }
            let is_shown = shown.likes.iter().any(|like| like.work == hit.work);
            if !wanted.passed_over.contains(&hit.work) && !is_shown && looked_at.insert((hit.work, hit.file)) {
                shown.take(asked.judge(client, &hit).await?, wanted.own.as_ref());
            }
        }
    }
    shown.likes.sort_by_key(|like| {
        if wanted.before.is_some() { (0, like.registered.index) } else { (like.distance, like.registered.index) }
    });
    Ok(Sought::Found(shown.likes))
}

/// The works that are shown, and how many of them are others'.
#[derive(Default)]
struct Shown {
    likes: Vec<Like>,
    others: usize,
}

impl Shown {
    /// Takes a work, if it is alike and not one too many of one's own.
    fn take(&mut self, like: Option<Like>, own: Option<&AccountId>) {
        let Some(like) = like else { return };
        if own != Some(&like.maker.account) {
            self.others += 1;
        } else if self.likes.len() - self.others == SHOWN_MAX {
            return;
        }
        self.likes.push(like);
    }
}

/// Returns each of some works in a sentence: what it is, whose, since when. Everything in it is proved; a work that the node does not show is
/// left out.
pub fn introduce(context: &Context, client: &Client, works: &[WorkId]) -> Result<Vec<(WorkId, String)>, Failure> {
    let mut told = Vec::new();
    for work in works {
        match context.wait_for(client.certificate(work, 1))?.map_err(Failure::from) {
            Ok(certified) => {
                let card = Dossier::of(&certified.provenance, clock::now_ms()?);
                told.push((*work, introduction(&card.title(), &card.maker, &card.registered)));
            }
            Err(failure) if failure.exit() == Exit::NotVerified => return Err(failure),
            Err(_) => {}
        }
    }
    Ok(told)
}

/// What is asked about: the codes, and of a picture what else is known of each: the difference hash, and the whole code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    kind: ContentKind,
    codes: Vec<u64>,
    dhashes: Vec<u64>,
    /// All 256 bits of the codes, where they are known.
    whole: Vec<Code>,
}

impl Asked {
    /// Returns what is asked about a file of this content: a picture in all its variants. Nothing, where there is next to nothing in it.
    pub fn of(content: &Content) -> Option<Asked> {
        let (kind, unit) = (content.kind, Unit::new(unit_kind(content.kind), content.code));
        if content.scant || unit.is_flat() {
            return None;
        }
        let Some(thumbnail) = &content.thumbnail else {
            return Some(Asked { kind, codes: vec![unit.head()], dhashes: Vec::new(), whole: Vec::new() });
        };
        let whole = thumbnail.variant_codes().to_vec();
        let codes = whole.iter().map(|code| Unit::new(unit.kind(), *code).head()).collect();
        Some(Asked { kind, codes, dhashes: thumbnail.variants().iter().map(Thumbnail::dhash).collect(), whole })
    }

    /// Returns what is asked about a file that is not here, by what its mint states: of a picture neither turned nor mirrored, for its code
    /// alone does not tell those of its variants. Nothing, where it states none.
    pub fn stated(file: &WorkFile) -> Option<Asked> {
        let unit = content_of(file).filter(|unit| !unit.is_flat())?;
        let kind = KINDS.into_iter().find(|kind| unit_kind(*kind) == unit.kind())?;
        let (dhashes, whole) = (dhash_of(file).into_iter().collect(), whole_of(&unit).into_iter().collect());
        Some(Asked { kind, codes: vec![unit.head()], dhashes, whole })
    }

    /// Holds what the node said against the work's own mint, and returns what it is if it is alike.
    async fn judge(&self, client: &Client, hit: &Lookalike) -> Result<Option<Like>, Failure> {
        let provenance = client.certificate(&hit.work, 1).await?.provenance;
        hit.check(unit_kind(self.kind), &self.codes, &provenance.mint, provenance.minted.index)?;
        let second = file_of(&provenance.mint, hit.file).map(|file| self.second_opinion(hit.code, file));
        let Some(grade) = grade(self.kind, hit.distance, second.unwrap_or_default()) else { return Ok(None) };
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
            changed: if self.codes.len() > 1 { changed(hit.code) } else { Vec::new() },
        }))
    }

    /// Returns what else is known of one of the codes and of a file that is found by it.
    fn second_opinion(&self, code: usize, file: &WorkFile) -> SecondOpinion {
        let dhashes = self.dhashes.get(code).zip(dhash_of(file)).map(|(own, other)| (own ^ other).count_ones());
        let other = content_of(file).as_ref().and_then(whole_of);
        let whole = self.whole.get(code).zip(other).map(|(own, other)| whole_distance(own, &other));
        SecondOpinion { dhashes, whole }
    }

    /// Returns whether what differs in so many bits is alike, whatever a second opinion says.
    fn is_alike(&self, distance: u32) -> bool {
        grade(self.kind, distance, SecondOpinion::default()).is_some()
    }
}

/// Returns what was done to a picture to make this one of its variants (`Thumbnail::variants`).
fn changed(variant: usize) -> Vec<&'static str> {
    let (turned, flips) = (variant & 1 != 0, (variant >> 1 & 3).count_ones());
    // Rows and columns changed places: with one flip that is a quarter turn, with none or two it is a turn and a mirror.
    let told = [
        ("turned", if turned { true } else { flips == 2 }),
        ("mirrored", if turned { flips != 1 } else { flips == 1 }),
        ("in negative", variant & 8 != 0),
    ];
    told.into_iter().filter_map(|(word, is)| is.then_some(word)).collect()
}

fn introduction(title: &str, maker: &Party, registered: &When) -> String {
    format!("{title} by {}, registered {}", maker.called(), registered.time)
}

fn file_of(mint: &Mint, file: usize) -> Option<&WorkFile> {
    mint.files.as_slice().get(file.checked_sub(1)?)
}

fn content_of(file: &WorkFile) -> Option<Unit> {
    Iscc::parse(file.fingerprint.as_ref()?.as_str()).ok()?.content().copied()
}

/// Returns all 256 bits of a code, where a mint states them.
fn whole_of(unit: &Unit) -> Option<Code> {
    unit.code().try_into().ok()
}

fn dhash_of(file: &WorkFile) -> Option<u64> {
    u64::from_str_radix(file.dhash.as_ref()?.as_str(), 16).ok()
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Same => "same",
        Grade::Lookalike => "lookalike",
        Grade::Maybe => "maybe",
    }
}
