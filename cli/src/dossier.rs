//! What a certificate proves about an edition, in words for people: the card.

use colophon_fingerprint::units::meta_unit;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::{Title, WorkWords};
use colophon_ledger::certificate::Provenance;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Creator, Credentials, CredentialsState, FileTree, Mint, Training, WorkFile};
use colophon_ledger::facts::WorkFacts;
use colophon_ledger::field::{Country, Date, Digest, EntryId, License, Role, SourceType, WorkId, WorkKind};
use serde::Serialize;
use std::collections::BTreeSet;

use crate::due::Due;
use crate::encumbered::{Alleged, Encumbrance};
use crate::facts;
use crate::party::Party;
use crate::ruled::Ruled;
use crate::sheet::Sheet;
use crate::story::{Deal, Happening, Story, When};
use crate::words::ids;
use crate::words::{self, count, place, shown};

/// The language tag of words in none that was named (BCP 47).
const UNDETERMINED: &str = "und";

/// What is proved of one edition of a work, as of one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dossier {
    /// The work.
    pub work: WorkId,
    /// Which edition.
    pub edition: u64,
    /// Of how many.
    pub editions: u64,
    /// Its titles. None: the words were withdrawn, or are not in the certificate.
    pub titles: Option<Vec<Title>>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The ISCC Meta unit of the first title and the description. It is computed here and not recorded, so that these words stay
    /// erasable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_unit: Option<String>,
    /// What sort of work it is.
    pub work_kind: WorkKind,
    /// When it was made, as the maker says.
    pub created: Date,
    /// Where it was made, as the maker says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Country>,
    /// Who made it, as the maker says.
    pub creators: Vec<CreatorTold>,
    /// How its bytes came about.
    pub source_type: SourceType,
    /// What laws of heritage, trade and machine-made content ask for, as the maker says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<WorkFacts>,
    /// What the mint said, where it has been amended since, and how often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amended: Option<AmendedTold>,
    /// Its licence.
    pub license: License,
    /// Whether machines may be trained on it.
    pub training: Training,
    /// Its files; the first is its face.
    pub files: Vec<WorkFile>,
    /// A folder that belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<FileTree>,
    /// Works it is derived from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<WorkId>,
    /// An earlier registration of its face by another account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledges: Option<WorkId>,
    /// Earlier works that the maker knows it to be like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acknowledges_similar: Vec<WorkId>,
    /// Each of these in a sentence, where the register was asked about it.
    #[serde(skip)]
    pub introduced: Vec<(WorkId, String)>,
    /// Who registered it.
    pub maker: Party,
    /// When.
    pub registered: When,
    /// Whom the ledger has it with.
    pub holder: Party,
    /// Where.
    pub held_in: Country,
    /// Since when.
    pub held_since: When,
    /// The offer that has been neither taken nor closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferTold>,
    /// The flags of authorities, liens and loans that stand on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encumbrances: Vec<Encumbrance>,
    /// What rules noted to be owed when title moved, and that nobody has given a receipt for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outstanding: Vec<Due>,
    /// What anybody alleges about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alleged: Option<Alleged>,
    /// The newest entry of the edition.
    pub newest: EntryId,
    /// Everything that has happened to it.
    pub story: Story,
}

/// What the mint said of a work whose facts have been amended since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AmendedTold {
    /// How often.
    pub count: u64,
    /// When it was made, as the mint said.
    pub created: Date,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Country>,
    /// How its bytes came about.
    pub source_type: SourceType,
    /// Its facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<WorkFacts>,
}

impl AmendedTold {
    fn of(mint: &Mint, count: u64) -> AmendedTold {
        let Mint { created, made_in, source_type, facts, .. } = mint.clone();
        AmendedTold { count, created, made_in, source_type, facts: facts.map(|facts| *facts) }
    }
}

/// Somebody who made a part of the work, as the maker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatorTold {
    /// The name in the work's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they did (MARC relator).
    pub role: Role,
    /// Their share, in basis points.
    pub share_bp: u64,
    /// Their account, which signed the mint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
}

/// The newest offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferTold {
    /// To whom.
    pub to: Party,
    /// On what terms.
    pub deal: Deal,
    /// How it binds.
    pub standing: OfferState,
}

/// How an offer binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// Nobody else can get the edition meanwhile.
    Open,
    /// Its time is over by this machine's clock.
    RunOut,
    /// A party has changed its keys since.
    Void,
}

/// Returns each work once, in the order of the first times.
pub fn once(works: &[WorkId]) -> Vec<WorkId> {
    let mut met = BTreeSet::new();
    works.iter().copied().filter(|work| met.insert(*work)).collect()
}

impl Dossier {
    /// Returns what `provenance` proves, at `now_ms` by this machine's clock.
    pub fn of(provenance: &Provenance, now_ms: u64) -> Dossier {
        let (mint, stated) = (&provenance.mint, &provenance.record);
        let words = provenance.cards.get(&mint.card);
        let words: Option<WorkWords> = words.and_then(|words| serde_json::from_str(words).ok());
        let WorkWords { about, names, titles } = words.clone().unwrap_or_default();
        let meta_unit = titles.first().and_then(|title| meta_unit(&title.text, about.as_deref()));
        let title = |title: Title| Title { lang: shown(&title.lang), text: shown(&title.text) };
        let story = Story::of(provenance);
        let registered = When::from(provenance.minted);
        let held_since = story.newest_title().map_or_else(|| registered.clone(), |told| told.when.clone());
        Dossier {
            work: provenance.work,
            edition: provenance.edition,
            editions: mint.editions.get(),
            titles: words.map(|_| titles.into_iter().map(title).collect()),
            about: about.map(|about| shown(&about)).filter(|about| !about.is_empty()),
            meta_unit,
            work_kind: mint.work_kind.clone(),
            created: stated.created.clone(),
            made_in: stated.made_in.clone(),
            creators: creators(mint.creators.as_slice(), &names),
            source_type: stated.source_type.clone(),
            facts: stated.facts.as_deref().cloned(),
            amended: stated.amended.as_ref().map(|amended| AmendedTold::of(mint, amended.count)),
            license: mint.license.clone(),
            training: mint.training,
            files: mint.files.as_slice().to_vec(),
            tree: mint.tree.clone(),
            derived_from: mint.derived_from.as_ref().map_or_else(Vec::new, |from| from.as_slice().to_vec()),
            acknowledges: mint.ack_first,
            acknowledges_similar: once(mint.ack_similar.as_ref().map_or(&[][..], |like| like.as_slice())),
            introduced: Vec::new(),
            maker: Party::of(&mint.by, provenance),
            registered,
            holder: Party::of(&provenance.state.holder, provenance),
            held_in: provenance.state.country.clone(),
            held_since,
            offer: offer(provenance, now_ms),
            encumbrances: Encumbrance::all(provenance),
            outstanding: Due::outstanding(provenance),
            alleged: Alleged::of(provenance),
            newest: provenance.state.newest,
            story,
        }
    }

    /// Marks the maker and the holder where they are among this person's accounts.
    pub fn mark_own(&mut self, own: &[AccountId]) {
        for party in [&mut self.maker, &mut self.holder] {
            party.is_own = own.contains(&party.account);
        }
    }

    /// Returns the titles in one line, or that there are none to be had.
    pub fn title(&self) -> String {
        let title = |title: &Title| match title.lang.as_str() {
            UNDETERMINED => format!("\"{}\"", title.text),
            lang => format!("\"{}\" ({lang})", title.text),
        };
        match &self.titles {
            Some(titles) => titles.iter().map(title).collect::<Vec<_>>().join(" · "),
            None => "(text withdrawn, or not handed over)".to_owned(),
        }
    }

    /// Returns the place of a file among the work's, from 1 for its face.
    pub fn place_of(&self, file: &Digest) -> Option<usize> {
        self.files.iter().position(|named| named.sha256 == *file).map(|place| place + 1)
    }

    /// Writes the card: what it is, who registered it, who holds it, which borders it crossed, what is offered.
    pub fn write(&self, sheet: &mut Sheet) {
        sheet.text(2, &self.title());
        sheet.row("work", &self.work.to_string());
        sheet.row("edition", &format!("{} of {}", self.edition, self.editions));
        self.write_maker(sheet);
        let you = if self.holder.is_own { " (you)" } else { "" };
        if self.holder == self.maker {
            sheet.row("held by", &format!("{}{you}, who registered it", self.holder.called()));
        } else {
            sheet.row("held by", &self.holder.introduced());
            sheet.row("", self.holder.account.as_str());
        }
        sheet.row("", &format!("since {}, in {}", self.held_since.time, place(&self.held_in)));
        self.write_borders(sheet);
        self.write_offer(sheet);
        self.encumbrances.iter().for_each(|one| one.write(sheet));
        self.outstanding.iter().for_each(|due| due.write(sheet));
        self.alleged.iter().for_each(|alleged| alleged.write(sheet));
    }

    fn write_maker(&self, sheet: &mut Sheet) {
        let first = if self.acknowledges.is_none() { "first by" } else { "by" };
        sheet.row("registered", &format!("{}, {first} {}", self.registered.time, self.maker.introduced()));
        sheet.row("", self.maker.account.as_str());
        if let Some(Happening::Registered { country, .. }) = self.story.steps.first().map(|told| &told.what) {
            sheet.row("", &format!("in {}", place(country)));
        }
        if let Some(first) = &self.acknowledges {
            sheet.row("NOT FIRST", "acknowledges an earlier registration by another account:");
            sheet.row("", &first.to_string());
        }
        for (n, similar) in self.acknowledges_similar.iter().enumerate() {
            if n == 0 {
                sheet.row("LIKE EARLIER", "acknowledges that it is like what was registered before:");
            }
            for (_, told) in self.introduced.iter().filter(|(work, _)| work == similar) {
                sheet.row("", told);
            }
            sheet.row("", &similar.to_string());
        }
    }

    fn write_borders(&self, sheet: &mut Sheet) {
        let mut crossed = 0;
        for (told, deal, ruled) in self.story.borders() {
            let label = if crossed == 0 { "borders" } else { "" };
            sheet.row(label, &format!("{} {}", words::day(told.when.time_ms), deal.way()));
            sheet.row("", &deal.terms());
            for paper in &deal.documents {
                sheet.row("", &format!("with {}", paper.told()));
            }
            let attested = ruled.is_some_and(|ruled| !ruled.papers.is_empty());
            if deal.documents.is_empty() && !attested {
                sheet.row("", "without papers");
            }
            for line in ruled.map(Ruled::told).into_iter().flatten() {
                sheet.row("", &line);
            }
            crossed += 1;
        }
        for told in self.story.other_crossings() {
            let label = if crossed == 0 { "borders" } else { "" };
            for (n, line) in told.lines().into_iter().enumerate() {
                let day = if n == 0 { words::day(told.when.time_ms) + " " } else { String::new() };
                sheet.row(if n == 0 { label } else { "" }, &format!("{day}{line}"));
            }
            crossed += 1;
        }
        let moves = match self.story.transfers() {
            0 => "none crossed; it has not changed hands",
            _ => "none crossed",
        };
        if crossed == 0 {
            sheet.row("borders", moves);
        }
    }

    fn write_offer(&self, sheet: &mut Sheet) {
        let Some(OfferTold { to, deal, standing }) = &self.offer else {
            return sheet.row("offer", "none open");
        };
        let until = words::time(deal.until_ms);
        let firm = if deal.firm { ", firm: it cannot be taken back" } else { "" };
        match standing {
            OfferState::Open => {
                sheet.row("OFFER OPEN", &format!("to {} alone", to.called()));
                sheet.row("", &format!("until {until}{firm}"));
                sheet.row("", &deal.terms());
                sheet.row("", &deal.way());
            }
            OfferState::RunOut => sheet.row("offer", &format!("none open; one to {} ran out {until}", to.called())),
            OfferState::Void => {
                sheet.row("offer", &format!("none open; one to {} is void: keys were changed since", to.called()));
            }
        }
    }

    /// Writes what the maker says of the work, and its files.
    pub fn write_particulars(&self, sheet: &mut Sheet) {
        let made_in = self.made_in.as_ref().map(|country| format!(", in {}", place(country))).unwrap_or_default();
        let (kind, source) = (words::work_kind(&self.work_kind), words::source_type(&self.source_type));
        sheet.row("made", &format!("{}{made_in}, {kind} ({source})", self.created));
        self.facts.iter().for_each(|stated| facts::write(stated, sheet));
        if let Some(AmendedTold { count: often, created, made_in, source_type, facts: first }) = &self.amended {
            let made_in = made_in.as_ref().map(|country| format!(", in {}", place(country))).unwrap_or_default();
            sheet.row("AMENDED", &format!("{} by the maker; first stated:", count(*often, "time")));
            sheet.row("", &format!("{created}{made_in} ({})", words::source_type(source_type)));
            match first {
                Some(first) => facts::write(first, sheet),
                None => sheet.row("", "no facts that laws ask for"),
            }
        }
        for (n, creator) in self.creators.iter().enumerate() {
            sheet.row(if n == 0 { "creators" } else { "" }, &creator.told());
        }
        sheet.row("licence", words::licence(&self.license));
        sheet.row("AI training", words::training(self.training));
        for (n, file) in self.files.iter().enumerate() {
            let face = if n == 0 { ", its face" } else { "" };
            let size = words::bytes(file.bytes.get());
            sheet.row(if n == 0 { "files" } else { "" }, &format!("{}, {size}{face}", file.media_type));
            sheet.row("", &file.sha256.to_string());
            if let Some(credentials) = &file.c2pa {
                sheet.row("", &credentials_told(credentials));
            }
        }
        if let Some(FileTree { bytes, count: files, root }) = &self.tree {
            let (files, size) = (count(files.get(), "file"), words::bytes(bytes.get()));
            sheet.row("folder", &format!("{files}, {size}, root over all of them:"));
            sheet.row("", &root.to_string());
        }
        for (n, source) in self.derived_from.iter().enumerate() {
            sheet.row(if n == 0 { "derived from" } else { "" }, &source.to_string());
        }
        if let Some(about) = &self.about {
            sheet.row("about", about);
        }
    }
}

/// Says what the mint states of a file's Content Credentials.
fn credentials_told(credentials: &Credentials) -> String {
    let found = match credentials.state {
        None => "not validated by the maker",
        Some(CredentialsState::Valid) => "valid, as the maker found them",
        Some(CredentialsState::Trusted) => "valid and trusted, as the maker found them",
        Some(CredentialsState::Invalid) => "INVALID, as the maker found them",
    };
    format!("with Content Credentials, {found}")
}

impl CreatorTold {
    fn told(&self) -> String {
        let name = self.name.as_deref().unwrap_or("(name withdrawn, or not given)");
        let share = format!("{}.{:02} %", self.share_bp / 100, self.share_bp % 100);
        let share = share.replace(".00 %", " %");
        let role = words::role(&self.role);
        match &self.account {
            Some(account) => format!("{name}, {role}, {share}, signed as {}", ids::short_account(account)),
            None => format!("{name}, {role}, {share}"),
        }
    }
}

fn creators(creators: &[Creator], names: &[String]) -> Vec<CreatorTold> {
    let names = names.iter().map(Some).chain(std::iter::repeat(None));
    let told = |(creator, name): (&Creator, Option<&String>)| CreatorTold {
        name: name.map(|name| shown(name)).filter(|name| !name.is_empty()),
        role: creator.role.clone(),
        share_bp: creator.share_bp.get(),
        account: creator.account,
    };
    creators.iter().zip(names).map(told).collect()
}

/// Returns the offer that the record has, with the terms of its entry.
fn offer(provenance: &Provenance, now_ms: u64) -> Option<OfferTold> {
    let open = provenance.offer()?;
    let made = provenance.steps.iter().find(|step| step.moment.index == open.index)?;
    let Body::Offer(terms) = &made.body else { return None };
    let has_rotated = |account: &AccountId| {
        let facts = provenance.accounts.get(account);
        facts.is_some_and(|facts| facts.rotations.iter().any(|rotation| rotation.index > open.index))
    };
    let standing = if has_rotated(&terms.by) || has_rotated(&terms.to) {
        OfferState::Void
    } else if now_ms.max(provenance.seal.time_ms.get()) > open.expires_ms {
        OfferState::RunOut
    } else {
        OfferState::Open
    };
    Some(OfferTold { to: Party::of(&terms.to, provenance), deal: Deal::of(terms, provenance), standing })
}
