//! A catalogue as a list: CSV in UTF-8, one work a line, under a header that names the columns.
//!
//! ```text
//! file,title,title:zh,creators,created,country
//! sea/hills.png,Hills before rain,雨前山,Lin Ana:art:60%; Jo:clr:40%,2026-05,SE
//! ```
//!
//! The list is judged whole before anything else is done: what is wrong in it is named by line and column, and nothing of it is
//! registered. Of an unknown column nothing can be known, so it is refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use colophon_ledger::field::WorkId;
use csv::{ReaderBuilder, StringRecord, Trim};

use super::super::creator::creator;
use super::super::plan::check_said;
use super::super::title::TitleArg;
use super::super::vocabulary::{source_type, training, work_kind};
use super::super::work_args::editions;
use super::quotes::misquoted;
use super::row::{Common, Row};
use crate::codes::country::country;
use crate::codes::date::date;
use crate::codes::language::language;
use crate::codes::licence::licence;
use crate::codes::plain::plain;
use crate::dossier::once;
use crate::facts::Fact;
use crate::failure::Failure;
use crate::words::shown;

/// The longest list, in bytes.
pub(super) const LIST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The longest cell, in bytes: twice what a card holds.
const CELL_BYTES_MAX: usize = 16 * 1024;
/// The most columns.
const COLUMNS_MAX: usize = 64;
/// The most works of a list.
const WORKS_MAX: usize = 100_000;
/// How many mistakes are told at once.
const MISTAKES_TOLD_MAX: usize = 10;
/// What stands between several creators or works in one cell.
const BETWEEN: char = ';';
/// What a column begins with that holds a title in a language, such as `title:zh`.
const TITLE_IN: &str = "title:";

/// What a column says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    File,
    Title,
    TitleIn(String),
    Lang,
    Creators,
    WorkKind,
    Created,
    MadeIn,
    Country,
    License,
    Training,
    SourceType,
    Editions,
    About,
    DerivedFrom,
    AckFirst,
    AckSimilar,
    Fact(Fact),
}

/// The columns, by the names in the header.
const COLUMNS: [(&str, Column); 26] = [
    ("file", Column::File),
    ("title", Column::Title),
    ("lang", Column::Lang),
    ("creators", Column::Creators),
    ("work_kind", Column::WorkKind),
    ("created", Column::Created),
    ("made_in", Column::MadeIn),
    ("country", Column::Country),
    ("license", Column::License),
    ("training", Column::Training),
    ("source_type", Column::SourceType),
    ("editions", Column::Editions),
    ("about", Column::About),
    ("derived_from", Column::DerivedFrom),
    ("ack_first", Column::AckFirst),
    ("ack_similar", Column::AckSimilar),
    ("category", Column::Fact(Fact::Category)),
    ("protection", Column::Fact(Fact::Protection)),
    ("age", Column::Fact(Fact::Age)),
    ("died", Column::Fact(Fact::Died)),
    ("fcs", Column::Fact(Fact::Fcs)),
    ("hs", Column::Fact(Fact::Hs)),
    ("cpc", Column::Fact(Fact::Cpc)),
    ("ebops", Column::Fact(Fact::Ebops)),
    ("human", Column::Fact(Fact::Human)),
    ("ai_label", Column::Fact(Fact::AiLabel)),
];

/// Finds the work that a cell names.
pub(super) type FindWork<'f> = &'f dyn Fn(&str) -> Result<WorkId, Failure>;

/// Reads a list whose files lie below `folder`. What it does not say is in `common`.
pub(super) fn read_list(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    common: &Common,
    find_work: FindWork<'_>,
) -> Result<Vec<Row>, Failure> {
    let text = text_of(name, bytes)?;
    let misquoted = if is_divided_otherwise(text) { Vec::new() } else { misquoted(text, MISTAKES_TOLD_MAX) };
    if !misquoted.is_empty() {
        return Err(unusable(name, &misquoted, misquoted.len()));
    }
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let mut list = List { columns: Vec::new(), folder, common, find_work, mistakes: Vec::new() };
    let mut lines = Lines { rest: text, passed_bytes: 0, line: 1 };
    let (mut rows, mut record) = (Vec::new(), StringRecord::new());
    loop {
        let begins = reader.position().byte();
        let more = reader.read_record(&mut record);
        let more = more.map_err(|error| unusable(name, &[error.to_string()], 1))?;
        if !more {
            break;
        }
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = lines.line_of(begins);
        if list.columns.is_empty() {
            list.take_header(line, &record);
            if !list.mistakes.is_empty() {
                break;
            }
        } else if rows.len() == WORKS_MAX {
            list.mistakes.push(format!("line {line}: a list has {WORKS_MAX} works at most"));
            break;
        } else {
            rows.push(list.row(line, &record));
        }
    }
    if list.columns.is_empty() && list.mistakes.is_empty() {
        list.mistakes.push("it is empty".to_owned());
    }
    if list.mistakes.is_empty() { Ok(rows) } else { Err(unusable(name, &list.mistakes, list.mistakes.len())) }
}

fn unusable(name: &str, mistakes: &[String], count: usize) -> Failure {
    let told: Vec<&str> = mistakes.iter().take(MISTAKES_TOLD_MAX).map(String::as_str).collect();
    let more = count.checked_sub(MISTAKES_TOLD_MAX).filter(|more| *more > 0);
    let more = more.map(|more| format!("\n  and {more} more")).unwrap_or_default();
    let told = if let [one] = told[..] { format!(" {one}") } else { format!("\n  {}{more}", told.join("\n  ")) };
    let what = format!("{} cannot be taken as a list of works:{told}", shown(name));
    Failure::usage(what, "mend the list and run the command again: nothing of it was registered")
}

/// Returns the text of a list, without the mark that some programs put in front of it.
fn text_of<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, Failure> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let place = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let what = format!("line {line} of {} is no text in UTF-8, from its byte {place} on", shown(name));
        Failure::usage(what, "save the list as CSV in UTF-8, and run the command again: nothing of it was registered")
    })
}

/// Returns whether a list is divided by something else than commas, of which its header tells: its quotation marks say nothing then.
fn is_divided_otherwise(text: &str) -> bool {
    let header = text.trim_start().lines().next().unwrap_or_default();
    !header.contains(',') && header.contains([';', '\t'])
}

/// A text whose lines are counted on the way.
struct Lines<'t> {
    rest: &'t str,
    passed_bytes: u64,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line of the first thing from the byte `begins` on that is no line end. Asked from the beginning to the end.
    fn line_of(&mut self, begins: u64) -> u64 {
        let bytes = usize::try_from(begins.saturating_sub(self.passed_bytes)).unwrap_or(usize::MAX);
        let after = self.rest.get(bytes..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        let (passed, rest) = self.rest.split_at(self.rest.len() - after.len());
        let next = passed.bytes().skip(1).chain([0]);
        // A carriage return alone ends a line too.
        let ends = passed.bytes().zip(next).filter(|(byte, next)| *byte == b'\n' || *byte == b'\r' && *next != b'\n');
        self.line += ends.count() as u64;
        self.passed_bytes += passed.len() as u64;
        self.rest = rest;
        self.line
    }
}

/// A list that is being read.
struct List<'l> {
    columns: Vec<Column>,
    folder: &'l Path,
    common: &'l Common,
    find_work: FindWork<'l>,
    mistakes: Vec<String>,
}

impl List<'_> {
    fn take_header(&mut self, line: u64, record: &StringRecord) {
        if record.len() > COLUMNS_MAX {
            self.mistakes.push(format!("line {line}: {} columns; at most {COLUMNS_MAX} are read", record.len()));
            return;
        }
        if record.len() == 1 && record.iter().any(|cell| cell.contains([';', '\t'])) {
            self.mistakes.push(format!("line {line}: its cells are not divided by commas"));
            return;
        }
        for (place, cell) in (1..).zip(record) {
            match column(cell) {
                Ok(column) if self.columns.contains(&column) => {
                    self.mistakes.push(format!("line {line}, column {place}: {:?} is there twice", shown(cell)));
                }
                Ok(column) => self.columns.push(column),
                Err(why) => self.mistakes.push(format!("line {line}, column {place}: {why}")),
            }
        }
        if !self.columns.contains(&Column::File) {
            self.mistakes.push(format!("line {line}: no column is called file"));
        }
    }

    fn row(&mut self, line: u64, record: &StringRecord) -> Row {
        let mut row = self.common.row(Some(line), Path::new(""));
        let mut mistakes = Vec::new();
        if record.len() != self.columns.len() {
            let (found, named) = (record.len(), self.columns.len());
            self.mistakes.push(format!("line {line}: {found} cells under {named} columns"));
            return row;
        }
        let mut titles = Vec::new();
        for (column, cell) in self.columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
            if let Err(failure) = self.take(&mut row, &mut titles, (column, cell), record) {
                let (what, cure) = (failure.what(), failure.cure());
                mistakes.push(format!("line {line}, column {}: {what} ({cure})", name_of(column)));
            }
        }
        if mistakes.is_empty()
            && let Err(failure) = row.work.facts.check_label()
        {
            mistakes.push(format!("line {line}, column ai_label: {} ({})", failure.what(), failure.cure()));
        }
        if row.path.as_os_str().is_empty() {
            mistakes.push(format!("line {line}, column file: it names no file"));
        }
        let mut met = BTreeSet::new();
        if let Some(twice) = titles.iter().filter_map(TitleArg::language).find(|language| !met.insert(*language)) {
            mistakes.push(format!("line {line}: two titles in the language {twice}"));
        }
        if !titles.is_empty() {
            row.work.titles = titles;
        }
        if mistakes.is_empty()
            && let Err(failure) = check_said(&row.work)
        {
            mistakes.push(format!("line {line}: {} ({})", failure.what(), failure.cure()));
        }
        self.mistakes.extend(mistakes);
        row
    }

    /// Returns what a record says in a column, if it says anything.
    fn cell<'r>(&self, record: &'r StringRecord, column: &Column) -> Option<&'r str> {
        let place = self.columns.iter().position(|known| known == column)?;
        record.get(place).filter(|cell| !cell.is_empty())
    }

    /// Takes what a cell says into its row.
    fn take(
        &self,
        row: &mut Row,
        titles: &mut Vec<TitleArg>,
        (column, cell): (&Column, &str),
        record: &StringRecord,
    ) -> Result<(), Failure> {
        if cell.len() > CELL_BYTES_MAX {
            let what = format!("{} bytes; at most {CELL_BYTES_MAX} are read", cell.len());
            return Err(Failure::usage(what, "look for a quotation mark that is not closed"));
        }
        if *column != Column::About {
            plain("the cell", cell)?;
        }
        let work = &mut row.work;
        match column {
            Column::File => row.path = self.folder.join(PathBuf::from(cell)),
            Column::Title => titles.push(match self.cell(record, &Column::Lang) {
                // A tag that is none is told of its own column.
                Some(lang) => TitleArg::new(language(lang).ok(), cell)?,
                None => cell.parse()?,
            }),
            Column::TitleIn(lang) => titles.push(TitleArg::new(Some(lang.clone()), cell)?),
            Column::Lang => {
                language(cell)?;
                if self.cell(record, &Column::Title).is_none() {
                    return Err(Failure::usage("there is no title in this language", "give one in the column title"));
                }
            }
            Column::Creators => work.creators = several(cell).map(creator).collect::<Result<_, _>>()?,
            Column::WorkKind => work.work_kind = Some(work_kind(cell)?),
            Column::Created => work.created = Some(date(cell)?),
            Column::MadeIn => work.made_in = Some(country(cell)?),
            Column::Country => work.country = Some(country(cell)?),
            Column::License => work.license = licence(cell)?,
            Column::Training => work.training = training(cell)?,
            Column::SourceType => work.source_type = source_type(cell)?,
            Column::Editions => work.editions = editions(cell)?,
            Column::About => work.about = Some(cell.to_owned()),
            Column::DerivedFrom => row.sources.derived_from = self.works(cell)?,
            Column::AckFirst => row.sources.ack_first = Some((self.find_work)(cell)?),
            Column::AckSimilar => row.sources.ack_similar = self.works(cell)?,
            Column::Fact(fact) => work.facts.take(*fact, cell)?,
        }
        Ok(())
    }

    fn works(&self, cell: &str) -> Result<Vec<WorkId>, Failure> {
        several(cell).map(self.find_work).collect::<Result<Vec<_>, _>>().map(|works| once(&works))
    }
}

/// Returns the column that a cell of the header names.
fn column(cell: &str) -> Result<Column, String> {
    let name = cell.to_ascii_lowercase().replace([' ', '-'], "_");
    if let Some(tag) = name.strip_prefix(TITLE_IN) {
        return language(tag)
            .map(Column::TitleIn)
            .map_err(|failure| format!("{} ({})", failure.what(), failure.cure()));
    }
    let found = COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| column.clone());
    found.ok_or_else(|| {
        let known: Vec<&str> = COLUMNS.iter().map(|(known, _)| *known).collect();
        format!("{:?} is no column; there are {}, and title:LANG", shown(cell), known.join(", "))
    })
}

fn name_of(column: &Column) -> String {
    if let Column::TitleIn(tag) = column {
        return format!("{TITLE_IN}{tag}");
    }
    COLUMNS.iter().find(|(_, known)| known == column).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
}

/// Returns the parts of a cell that holds several.
fn several(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::mint::plan::Sources;
    use crate::command::mint::sample::mint_args;
    use colophon_ledger::facts::{AiLabel, HumanPart};
    use colophon_tlog::hash::sha256;
    use proptest::prelude::*;

    fn common(typed: &[&str]) -> Common {
        let typed = [&["--works", "list.csv"], typed].concat();
        Common { work: mint_args(&typed).unwrap().work, sources: Sources::default() }
    }

    fn work(text: &str) -> Result<WorkId, Failure> {
        text.parse().map_err(|_| Failure::usage(format!("{text:?} is not an id"), "give 64 hex digits"))
    }

    fn read(bytes: &[u8]) -> Result<Vec<Row>, Failure> {
        read_list("list.csv", bytes, Path::new("art"), &common(&["--country", "SE", "--editions", "3"]), &work)
    }

    fn wrong(text: &str) -> String {
        let failure = read(text.as_bytes()).unwrap_err();
        assert_eq!(failure.exit(), crate::failure::Exit::Usage);
        failure.what().to_owned()
    }

    #[test]
    fn a_cell_says_more_than_an_option_and_an_empty_one_nothing() {
        let id = colophon_ledger::field::Digest(sha256(b"earlier"));
        let list = format!(
            "\u{feff}File,title,lang,title:zh,creators,country,editions,About,ack-similar\r\n\
             hills.png,Fugue:in C,en,雾中山,\"Lin, Ana:art:60%; Jo\",FR,,\"two\nlines\",{id}; {id}\r\n\
             \n\
             /whole/path.png,,,,,,7,,\n"
        );
        let rows = read(list.as_bytes()).unwrap();
        let [first, second] = rows.as_slice() else { panic!("two rows") };
        assert_eq!((first.line, first.path.as_path()), (Some(2), Path::new("art/hills.png")));
        let titles: Vec<_> = first.titles().unwrap().into_iter().map(|title| title.title("und")).collect();
        let told: Vec<_> = titles.iter().map(|title| (title.lang.as_str(), title.text.as_str())).collect();
        assert_eq!(told, [("en", "Fugue:in C"), ("zh", "雾中山")]);
        assert_eq!(first.work.country.as_ref().unwrap().as_str(), "FR");
        assert_eq!((first.work.editions.get(), first.work.about.as_deref()), (3, Some("two\nlines")));
        assert_eq!(first.work.creators.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Lin, Ana", "Jo"]);
        assert_eq!(first.sources.ack_similar, [id], "each once");
        assert_eq!((second.line, second.path.as_path()), (Some(5), Path::new("/whole/path.png")));
        assert_eq!((second.work.country.as_ref().unwrap().as_str(), second.work.editions.get()), ("SE", 7));
        assert_eq!(second.titles().unwrap()[0].clone().title("und").text, "path");
    }

    #[test]
    fn every_column_is_read() {
        let id = "1".repeat(64);
        let header = COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        let cells =
            format!("a.png,A,fr,Eva,photograph,2001-02,IT,FR,CC0-1.0,allowed,digitalCapture,2,words,{id},{id},{id},");
        let facts = "Painting,listed,50_100,1947,c,970121,84311,sh,edit,eu-aiact-50";
        let rows = read(format!("{header}\n{cells}{facts}\n").as_bytes()).unwrap();
        let Row { work, sources, .. } = &rows[0];
        assert_eq!((work.work_kind.as_ref().unwrap().as_str(), work.license.as_str()), ("photograph", "CC0-1.0"));
        assert_eq!((work.created.as_ref().unwrap().as_str(), work.source_type.as_str()), ("2001-02", "digitalCapture"));
        assert_eq!(work.made_in.as_ref().unwrap().as_str(), "IT");
        assert_eq!(work.training, colophon_ledger::entry::mint::Training::Allowed);
        let typed =
            ["--category", "painting", "--protection", "listed", "--age", "50_100", "--died", "1947", "--fcs", "C"];
        let codes =
            ["--hs", "970121", "--cpc", "84311", "--ebops", "SH", "--human", "edit", "--ai-label", "eu-aiact-50"];
        let by_options = common(&[&typed[..], &codes].concat()).work.facts.facts();
        assert_eq!((work.facts.facts(), by_options.is_some()), (by_options, true), "as the options of the same names");
        assert_eq!((sources.derived_from.len(), sources.ack_first.is_some(), sources.ack_similar.len()), (1, true, 1));
        let docs = include_str!("../../../../../docs/catalogue.md");
        for (name, _) in COLUMNS {
            assert!(docs.contains(&format!("| `{name}` |")), "docs/catalogue.md does not tell of {name}");
        }
    }

    #[test]
    fn a_header_that_is_none_is_named_by_its_column() {
        assert!(
            wrong("file,prise\na.png,3\n").contains("line 1, column 2: \"prise\" is no column; there are file, title")
        );
        assert!(wrong("\n\nfile,title,Title\n").contains("line 3, column 3: \"Title\" is there twice"));
        assert!(wrong("title\nA\n").contains("line 1: no column is called file"));
        assert!(wrong("file;title\n").contains("line 1: its cells are not divided by commas"));
        assert!(wrong("file,title:nowhere\n").contains("column 2: \"nowhere\" is not a language tag"));
        assert!(wrong("").ends_with("it is empty"));
        let many = vec!["file"; COLUMNS_MAX + 1].join(",");
        assert!(wrong(&many).contains("65 columns; at most 64 are read"));
    }

    #[test]
    fn mistakes_are_named_by_line_and_column_and_counted() {
        let told =
            wrong("file,country,title,lang\na.png,XX,A,en\n,SE,,\nb.png,SE\nc.png,SE,,fr\nd.png,SE,D,klingonese\n");
        for part in [
            "line 2, column country: ",
            "line 3, column file: it names no file",
            "line 4: 2 cells under 4 columns",
            "line 5, column lang: there is no title in this language",
            "line 6, column lang: ",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let many = format!("file,country\n{}", "a.png,XX\n".repeat(MISTAKES_TOLD_MAX + 7));
        assert!(wrong(&many).ends_with("\n  and 7 more"));
        assert!(wrong("file,title\na.png,a\u{202e}b\n").contains("line 2, column title: "));
    }

    #[test]
    fn a_line_may_end_with_a_carriage_return() {
        let told = wrong("file,country\ra.png,SE\r\rb.png,XX\r\nc.png,XX\nd.png,\"\r\nX\"\re.png,XX");
        for line in ["line 4", "line 5", "line 6", "line 8"] {
            assert!(told.contains(&format!("{line}, column country: ")), "{line}: {told}");
        }
    }

    #[test]
    fn a_fact_that_is_none_is_named_by_its_line() {
        let told = wrong(
            "file,category,age,died,hs,ai-label,human\na.png,nft,,,,,\nb.png,,old,,,,\nc.png,,,long ago,,,\n\
             d.png,,,,9701,,\ne.png,,,,,eu-aiact-50,\nf.png,print,lt50,1900,970121,eu-aiact-50,all\n",
        );
        for part in [
            "line 2, column category: \"nft\" is none of antique, ",
            "line 3, column age: ",
            "line 4, column died: \"long ago\" is no year",
            "line 5, column hs: ",
            "line 6, column ai_label: what people did is not said",
            "line 7, column human: ",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        // What an option says of all is enough, and a cell says more.
        let list = b"file,ai_label,human\na.png,eu-aiact-50,\nb.png,,prompt\n";
        let rows = read_list("list.csv", list, Path::new("art"), &common(&["--human", "edit"]), &work).unwrap();
        let parts: Vec<_> = rows.iter().map(|row| row.work.facts.facts().unwrap().ai.unwrap()).collect();
        assert_eq!((parts[0].human, parts[0].label), (HumanPart::Edit, Some(AiLabel::EuAiAct)));
        assert_eq!((parts[1].human, parts[1].label), (HumanPart::Prompt, None));
    }

    #[test]
    fn a_cell_ends_at_its_limit() {
        let list = |length: usize| format!("file,about\na.png,{}\n", "x".repeat(length));
        assert_eq!(read(list(8_000).as_bytes()).unwrap().len(), 1);
        // A card is smaller than a cell may be.
        assert!(wrong(&list(CELL_BYTES_MAX)).contains("line 2: "));
        let told = wrong(&list(CELL_BYTES_MAX + 1));
        assert!(told.contains("line 2, column about: 16385 bytes; at most 16384 are read (look for a quotation mark"));
    }

    #[test]
    fn what_is_said_of_a_work_is_judged_before_any_file_is_read() {
        for (list, wrong_with) in [
            ("file,creators\na.png,\nb.png,A:art:60%;B:art:50%\n", "line 3: the shares are 110.00 % together"),
            ("file,title,lang,title:en\na.png,a,en,b\n", "line 2: two titles in the language en"),
            (
                "file,title:de,title:en,title:fr,title:es,title:it,title:pt,title:nl,title:da,title:sv\na,1,2,3,4,5,6,7,8,9\n",
                "line 2: 9 titles are too many",
            ),
        ] {
            let told = wrong(list);
            assert!(told.contains(wrong_with), "{told}");
        }
    }

    #[test]
    fn a_quotation_mark_out_of_place_is_named_by_its_line() {
        // One that is never closed would swallow the works behind it, and one that another closes some of them.
        let told = wrong("file,title,about\na/p004.png,Four,\"about four\na/p005.png,Five,about five\n");
        assert!(told.ends_with(": line 2: a quotation mark that is not closed"), "{told}");
        let told = wrong("file,title,about\nb/p000.png,One,\"a\nb/p001.png,Two,\"b\"\nb/p002.png,Three,c\n");
        assert!(told.contains(": line 2: ") && told.contains("closed in line 3, and text"), "{told}");
        assert!(
            wrong("file,title\na.png,\"x\"y\n").contains("line 2: the quotation marks around a cell are closed, and")
        );
        let told = wrong("file,title\na.png,5\" by 7\"\nb.png,B\nc.png,a \"b\"\n");
        assert!(told.contains("\n  line 2: a quotation mark inside a cell") && told.contains("\n  line 4: "), "{told}");
        assert!(wrong("file;title\na.png;\"x\"\n").ends_with("line 1: its cells are not divided by commas"));
        let open = format!("file,about\na.png,\"never closed\n{}", "b.png,b\n".repeat(4000));
        assert!(wrong(&open).contains("line 2: a quotation mark that is not closed"));
    }

    #[test]
    fn quotation_marks_in_a_cell_are_doubled() {
        let rows = read("file,title,about\na.png,\"The \"\"Blue\"\" Hour\",\"\"\"\"\n".as_bytes()).unwrap();
        let [row] = rows.as_slice() else { panic!("one row") };
        assert_eq!(row.titles().unwrap()[0].clone().title("und").text, "The \"Blue\" Hour");
        assert_eq!(row.work.about.as_deref(), Some("\""));
    }

    #[test]
    fn works_end_at_their_limit() {
        let list = |count: usize| format!("file\n{}", "a\n".repeat(count));
        assert_eq!(read(list(WORKS_MAX).as_bytes()).unwrap().len(), WORKS_MAX);
        assert!(wrong(&list(WORKS_MAX + 1)).contains("line 100002: a list has 100000 works at most"));
    }

    #[test]
    fn what_is_not_utf_8_is_named_by_its_place() {
        let failure = read(b"file,title\na.png,caf\xe9\n").unwrap_err();
        assert_eq!(failure.what(), "line 2 of list.csv is no text in UTF-8, from its byte 10 on");
        let utf_16 = read(b"\xff\xfef\0i\0").unwrap_err();
        assert_eq!(utf_16.what(), "line 1 of list.csv is no text in UTF-8, from its byte 1 on");
    }

    proptest! {
        #[test]
        fn whatever_the_list_it_is_read_or_refused(text in "(file|title|,|\"|\r|\n|;|[a-z\u{e9}雾]){0,60}") {
            let list = format!("file,title\n{text}");
            for row in read(list.as_bytes()).unwrap_or_default() {
                prop_assert!(row.line.is_some_and(|line| line >= 2) && row.path.starts_with("art"));
            }
            read(text.as_bytes()).ok();
        }
    }
}
