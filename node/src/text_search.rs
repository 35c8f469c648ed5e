//! Works and accounts by their words: titles, creators' names, what accounts call themselves.
//!
//! Derived from the log and the cards, kept in memory and nowhere else, so that no erased word outlives its card on a disk. What
//! the log has gained since is read when somebody asks; a card that is not there yet is looked for again. What is found is a
//! hint: whoever asks reads the entries themselves.

pub mod words;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use colophon_ledger::account::AccountId;
use colophon_ledger::card::{Card, ProfileWords, WorkWords};
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::profile::Profile;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::WorkId;
use colophon_storage::cards::{Cards, CardsError, Kept};
use colophon_storage::reader::{LogReader, ReadError};
use colophon_tlog::tree::{EntryIndex, TreeSize};
use tantivy::collector::{Count, TopDocs};
use tantivy::indexer::{IndexWriter, IndexWriterOptions};
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, FuzzyTermQuery, PhraseQuery, Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{
    Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term};

use crate::minted::minted;
use words::{Piece, pairs, pieces, terms};

/// The longest text that is searched for, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;
/// The most words that are searched for at once.
pub const WORDS_MAX: usize = 16;
/// The most hits in an answer.
pub const HITS_MAX: usize = 20;
/// How many hits there are after which no more are shown.
pub const PLACE_MAX: usize = 1_000;

/// What stands in an entry that may have words. A mint that was carried over stands in what carries it.
const KINDS_WITH_WORDS: [&str; 2] = [r#""kind":"mint""#, r#""kind":"profile""#];
/// How many entries are read from the log at once.
const ENTRIES_AT_ONCE: u64 = 1_024;
/// How many cards that were missing are looked for again at once.
const WAITING_AT_ONCE: usize = 1_024;
/// The most accounts whose works are found by one word of their names.
const NAMESAKES_MAX: usize = 64;
/// The fewest letters of a word that are taken for the beginning of longer ones.
const BEGINNING_LETTERS_MIN: usize = 2;
/// How much more a word in a title counts than one in a name.
const TITLE_BOOST: f32 = 2.0;
/// How much the beginning of a word counts, where a whole one counts about 1.
const BEGINNING_SCORE: f32 = 0.25;
/// How much the name counts that the maker's account gives itself.
const NAMESAKE_SCORE: f32 = 0.5;

/// Why a search came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The cards cannot be read.
    #[error(transparent)]
    Cards(#[from] CardsError),
    /// The index failed.
    #[error("the index of words failed: {0}")]
    Index(#[from] TantivyError),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A work, and the index of its mint.
    Work(WorkId, u64),
    /// An account, and the index of its newest profile.
    Account(AccountId, u64),
}

/// What was found, and in how much of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many entries had been read.
    pub size: u64,
    /// How many hits there are in all.
    pub count: usize,
    /// Those that were asked for, the best first.
    pub hits: Vec<Hit>,
}

/// The words of a register.
pub struct TextSearch {
    fields: Fields,
    reader: IndexReader,
    state: Mutex<State>,
}

/// What is looked up in.
#[derive(Debug, Clone, Copy)]
struct Fields {
    titles: Field,
    /// Of a work: its creators' names.
    names: Field,
    /// Of an account: what it calls itself.
    called: Field,
    /// Of an account: the account.
    account: Field,
    /// Of a work: the account that registered it, and those of its creators.
    makers: Field,
    /// The index of the entry, by which a document is named.
    index: Field,
}

/// What the index is made by.
struct State {
    writer: IndexWriter,
    /// How many entries of the log have been read.
    size: u64,
    /// The entries whose cards were not there.
    waiting: VecDeque<u64>,
    /// Where each account's newest profile stands.
    profiles: HashMap<AccountId, u64>,
    /// Whether something was written that no reader sees yet.
    is_dirty: bool,
}

impl TextSearch {
    /// Returns an empty index. It holds threads and memory, so there is one a register.
    pub fn new() -> Result<TextSearch, SearchError> {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(words);
        let fields = Fields {
            titles: schema.add_text_field("titles", words.clone()),
            names: schema.add_text_field("names", words.clone()),
            called: schema.add_text_field("called", words),
            account: schema.add_text_field("account", STORED),
            makers: schema.add_text_field("makers", STRING),
            index: schema.add_u64_field("index", INDEXED | STORED),
        };
        let index = Index::create_in_ram(schema.build());
        let options = IndexWriterOptions::builder().num_worker_threads(1).num_merge_threads(1).build();
        let writer = index.writer_with_options(options)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let state = State { writer, size: 0, waiting: VecDeque::new(), profiles: HashMap::new(), is_dirty: false };
        Ok(TextSearch { fields, reader, state: Mutex::new(state) })
    }

    /// Reads what the log has gained, up to `size` entries, and cards that were missing.
    pub fn read(&self, log: &LogReader, cards: &Cards, size: TreeSize) -> Result<(), SearchError> {
        self.look_again(log, cards)?;
        loop {
            // Let go of now and then, for those who only want to search.
            let mut state = self.state();
            let count = size.get().saturating_sub(state.size).min(ENTRIES_AT_ONCE);
            let Some(first) = EntryIndex::new(state.size).filter(|_| count > 0) else { return self.show(&mut state) };
            for leaf in log.entries(first, count)? {
                let index = state.size;
                if !self.take(&mut state, cards, index, &leaf)? {
                    state.waiting.push_back(index);
                }
                state.size += 1;
            }
        }
    }

    /// Returns how many entries have been read.
    pub fn size(&self) -> u64 {
        self.state().size
    }

    /// Returns the hits for a text after the first `after`. A card that is no longer kept is forgotten.
    pub fn find(&self, log: &LogReader, cards: &Cards, text: &str, after: usize) -> Result<Found, SearchError> {
        let searcher = self.reader.searcher();
        let size = self.state().size;
        let nothing = Found { size, count: 0, hits: Vec::new() };
        let Some(query) = self.query(&searcher, text)? else { return Ok(nothing) };
        let shown = HITS_MAX.min(PLACE_MAX.saturating_sub(after));
        let count = searcher.search(&query, &Count)?;
        if shown == 0 || after >= count {
            return Ok(Found { count, ..nothing });
        }
        let best = searcher.search(&query, &TopDocs::with_limit(shown).and_offset(after).order_by_score())?;
        let mut hits = Vec::new();
        for (_, address) in best {
            let document: TantivyDocument = searcher.doc(address)?;
            let index = document.get_first(self.fields.index).and_then(|value| value.as_u64());
            if let Some(index) = index {
                hits.extend(self.hit(log, cards, index)?);
            }
        }
        self.show(&mut self.state())?;
        Ok(Found { size, count, hits })
    }

    /// Returns what the entry at an index says is found, if its card is still kept.
    fn hit(&self, log: &LogReader, cards: &Cards, index: u64) -> Result<Option<Hit>, SearchError> {
        let Some(at) = EntryIndex::new(index) else { return Ok(None) };
        let Ok(entry) = Entry::parse(&log.entry(at)?) else { return Ok(None) };
        let Some(card) = entry.body().card() else { return Ok(None) };
        if !matches!(cards.get(&card)?, Kept::Card(_)) {
            self.forget(&mut self.state(), index);
            return Ok(None);
        }
        let work = minted(&entry).map(|(work, _)| Hit::Work(work, index));
        Ok(work.or(match entry.body() {
            Body::Profile(profile) => Some(Hit::Account(profile.by, index)),
            _ => None,
        }))
    }

    /// Looks again for cards that were not there.
    fn look_again(&self, log: &LogReader, cards: &Cards) -> Result<(), SearchError> {
        let mut state = self.state();
        for _ in 0..state.waiting.len().min(WAITING_AT_ONCE) {
            let Some(index) = state.waiting.pop_front() else { break };
            let Some(at) = EntryIndex::new(index) else { continue };
            if !self.take(&mut state, cards, index, &log.entry(at)?)? {
                state.waiting.push_back(index);
            }
        }
        self.show(&mut state)
    }

    /// Takes the words of an entry. Returns whether there is nothing more to come of it: it has none, or its card was there.
    fn take(&self, state: &mut State, cards: &Cards, index: u64, leaf: &[u8]) -> Result<bool, SearchError> {
        let may_have_words = |text: &str| KINDS_WITH_WORDS.iter().any(|mark| text.contains(mark));
        if !str::from_utf8(leaf).is_ok_and(may_have_words) {
            return Ok(true);
        }
        let Ok(entry) = Entry::parse(leaf) else { return Ok(true) };
        let Some(digest) = entry.body().card() else { return Ok(true) };
        if let Body::Profile(profile) = entry.body() {
            self.forget_older_name(state, &profile.by, index);
        }
        let card = match cards.get(&digest)? {
            Kept::Card(card) => card,
            Kept::Withdrawn => return Ok(true),
            Kept::Nothing => return Ok(false),
        };
        let mut document = TantivyDocument::new();
        document.add_u64(self.fields.index, index);
        let has_words = match (minted(&entry), entry.body()) {
            (Some((_, mint)), _) => self.describe_work(&mut document, mint, &card),
            (None, Body::Profile(profile)) => self.describe_account(&mut document, profile, &card),
            (None, _) => false,
        };
        let is_former = match entry.body() {
            Body::Profile(profile) => state.profiles.get(&profile.by) != Some(&index),
            _ => false,
        };
        if has_words && !is_former {
            state.writer.add_document(document)?;
            state.is_dirty = true;
        }
        Ok(true)
    }

    fn describe_work(&self, document: &mut TantivyDocument, mint: &Mint, card: &Card) -> bool {
        let Ok(WorkWords { names, titles, .. }) = card.read() else { return false };
        for title in &titles {
            document.add_pre_tokenized_text(self.fields.titles, tokens(&title.text));
        }
        for name in &names {
            document.add_pre_tokenized_text(self.fields.names, tokens(name));
        }
        let creators = mint.creators.as_slice().iter().filter_map(|creator| creator.account);
        for account in std::iter::once(mint.by).chain(creators) {
            document.add_text(self.fields.makers, account.as_str());
        }
        true
    }

    fn describe_account(&self, document: &mut TantivyDocument, profile: &Profile, card: &Card) -> bool {
        let Ok(ProfileWords { name, .. }) = card.read() else { return false };
        document.add_text(self.fields.account, profile.by.as_str());
        document.add_pre_tokenized_text(self.fields.called, tokens(&name));
        true
    }

    /// Notes that an account has a newer profile: the name in the one before is not found any more.
    fn forget_older_name(&self, state: &mut State, account: &AccountId, index: u64) {
        let newest = state.profiles.entry(*account).or_insert(index);
        if index > *newest {
            let former = std::mem::replace(newest, index);
            self.forget(state, former);
        }
    }

    /// Takes the words of an entry out again.
    fn forget(&self, state: &mut State, index: u64) {
        state.writer.delete_term(Term::from_field_u64(self.fields.index, index));
        state.is_dirty = true;
    }

    /// Shows readers what was written.
    fn show(&self, state: &mut State) -> Result<(), SearchError> {
        if state.is_dirty {
            state.writer.commit()?;
            self.reader.reload()?;
            state.is_dirty = false;
        }
        Ok(())
    }

    /// Returns what is looked up for a text: every word of it, each in a title, a name or the name of the maker's account. Nothing for
    /// a text without words.
    fn query(&self, searcher: &Searcher, text: &str) -> Result<Option<BooleanQuery>, SearchError> {
        let mut all: Vec<Box<dyn Query>> = Vec::new();
        for piece in pieces(text).iter().take(WORDS_MAX) {
            let in_titles = BoostQuery::new(in_field(self.fields.titles, piece), TITLE_BOOST);
            let mut any: Vec<Box<dyn Query>> =
                vec![Box::new(in_titles), in_field(self.fields.names, piece), in_field(self.fields.called, piece)];
            let namesakes = self.namesakes(searcher, piece)?;
            if !namesakes.is_empty() {
                let theirs = Box::new(TermSetQuery::new(namesakes));
                any.push(Box::new(ConstScoreQuery::new(theirs, NAMESAKE_SCORE)));
            }
            all.push(Box::new(BooleanQuery::union(any)));
        }
        Ok((!all.is_empty()).then(|| BooleanQuery::intersection(all)))
    }

    /// Returns the accounts that have this in their name, as makers of works.
    fn namesakes(&self, searcher: &Searcher, piece: &Piece) -> Result<Vec<Term>, SearchError> {
        let query = in_field(self.fields.called, piece);
        let best = searcher.search(&*query, &TopDocs::with_limit(NAMESAKES_MAX).order_by_score())?;
        let mut namesakes = Vec::new();
        for (_, address) in best {
            let document: TantivyDocument = searcher.doc(address)?;
            let account = document.get_first(self.fields.account);
            let account = account.and_then(|value| value.as_str().map(ToOwned::to_owned));
            namesakes.extend(account.map(|account| Term::from_field_text(self.fields.makers, &account)));
        }
        Ok(namesakes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TextSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextSearch").finish_non_exhaustive()
    }
}

/// Returns a text as the index takes it.
fn tokens(text: &str) -> PreTokenizedString {
    let token = |term: words::Term| Token { position: term.place, text: term.text, ..Token::default() };
    PreTokenizedString { text: String::new(), tokens: terms(text).into_iter().map(token).collect() }
}

/// Returns the question for a word, or the beginning of one, or a run of signs in a field.
fn in_field(field: Field, piece: &Piece) -> Box<dyn Query> {
    let term = |text: &str| Term::from_field_text(field, text);
    let exactly = |text: &str| -> Box<dyn Query> { Box::new(TermQuery::new(term(text), IndexRecordOption::WithFreqs)) };
    match piece {
        Piece::Word(word) if word.chars().count() < BEGINNING_LETTERS_MIN => exactly(word),
        Piece::Word(word) => {
            let beginning = Box::new(FuzzyTermQuery::new_prefix(term(word), 0, false));
            let beginning = Box::new(ConstScoreQuery::new(beginning, BEGINNING_SCORE));
            Box::new(BooleanQuery::union(vec![exactly(word), beginning]))
        }
        Piece::Run(run) => match &pairs(run)[..] {
            [one] => exactly(one),
            pairs => Box::new(PhraseQuery::new(pairs.iter().map(|pair| term(pair)).collect())),
        },
    }
}
