//! The entry of a mint, out of what was typed, hashed and proved.

use colophon_client::account::AccountFacts;
use colophon_fingerprint::folder::FolderTree;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::{TITLES_MAX, WorkWords};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Creator, Creators, FileTree, Files, Mint, MintWord};
use colophon_ledger::field::{Country, Date, Digest, Int, List, Role, WorkId, WorkKind};

use super::creator::creators;
use super::files::Hashed;
use super::title::{TitleArg, locale_language};
use super::vocabulary::{kind_of, role_of, unknown_kind};
use super::work_args::WorkArgs;
use crate::clock;
use crate::codes::date::check_past;
use crate::codes::plain::plain;
use crate::dossier::once;
use crate::failure::Failure;
use crate::history::History;
use crate::recognition::Recognised;
use crate::register::name_of;
use crate::signing::{Desk, Plan, card_of};
use crate::words::day;

/// Who registers the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Maker {
    /// Their account.
    pub(super) account: AccountId,
    /// The name to stand in the card.
    pub(super) name: Option<String>,
    /// The register's time, in milliseconds after 1970: it is no earlier, whatever this machine's clock says.
    pub(super) time_ms: u64,
}

impl Maker {
    /// Returns whoever sits at the desk, with the name they have published, or give when they are asked; none is needed where
    /// creators are named.
    pub(super) fn of(desk: &Desk<'_>, args: &WorkArgs) -> Result<Maker, Failure> {
        let facts: AccountFacts = desk.facts(&desk.account)?;
        let mut name = None;
        if args.creators.is_empty() {
            if facts.record.is_some() {
                name = desk.context.wait_for(name_of(&desk.client, &desk.account))??;
            }
            let ui = &desk.context.ui;
            if name.is_none() && ui.may_ask() && !desk.goes_on_unasked() {
                name = Some(ui.ask("What is the maker called?", None, "--creator NAME")?);
            }
            if name.is_none() {
                ui.note(
                    "no name of the maker is published with it: colophon profile set, or --creator NAME, gives one",
                );
            }
        }
        Ok(Maker { account: desk.account, name, time_ms: facts.as_of.time_ms() })
    }
}

/// Other works that a mint names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// What it is derived from.
    pub(super) derived_from: Vec<WorkId>,
    /// The first registration of its face by another account.
    pub(super) ack_first: Option<WorkId>,
    /// Earlier works that it is like.
    pub(super) ack_similar: Vec<WorkId>,
}

impl Sources {
    /// Finds the works that are named, by their ids or by the beginning of those in this person's history.
    pub(super) fn of(args: &WorkArgs, history: &History) -> Result<Sources, Failure> {
        let all = |texts: &[String]| {
            let works = texts.iter().map(|text| history.work(text)).collect::<Result<Vec<_>, _>>();
            works.map(|works| once(&works))
        };
        Ok(Sources {
            derived_from: all(&args.derived_from)?,
            ack_first: args.ack_first.as_ref().map(|text| history.work(text)).transpose()?,
            ack_similar: all(&args.ack_similar)?,
        })
    }
}

/// Checks what is said about a work, as far as that can be done without its file.
pub(super) fn check_said(args: &WorkArgs) -> Result<(), Failure> {
    let role = role_of("").parse().expect("roles are three lower-case letters");
    if !args.creators.is_empty() {
        creators(&args.creators, &role)?;
    }
    let names = args.creators.iter().map(|creator| creator.name.clone()).collect();
    card_of(&words(args, args.titles.clone(), names)?).map(drop)
}

/// Returns the entry to be signed, with its card.
pub(super) fn plan(
    args: &WorkArgs,
    hashed: &Hashed,
    maker: &Maker,
    sources: &Sources,
    titles: Vec<TitleArg>,
    country: Country,
) -> Result<Plan, Failure> {
    let work_kind = args.work_kind.clone().map_or_else(|| suggested_kind(hashed), Ok)?;
    let role: Role = role_of(work_kind.as_str()).parse().expect("roles are three lower-case letters");
    let (creators, names) = makers(args, maker, &role)?;
    args.about.iter().flat_map(|about| about.lines()).try_for_each(|line| plain("--about", line))?;
    names.iter().try_for_each(|name| plain("--creator", name))?;
    let words = words(args, titles, names)?;
    args.created.as_ref().map_or(Ok(()), check_past)?;
    let card = card_of(&words)?;
    let body = Body::Mint(Mint {
        ack_first: sources.ack_first,
        ack_similar: listed(&sources.ack_similar, "--ack-similar")?,
        by: maker.account,
        card: card.digest(),
        country,
        created: args.created.clone().map_or_else(|| this_year(maker.time_ms), Ok)?,
        creators,
        derived_from: listed(&sources.derived_from, "--derived-from")?,
        editions: args.editions,
        facts: args.facts.facts().map(Box::new),
        files: files(hashed)?,
        kind: MintWord::It,
        license: args.license.clone(),
        made_in: args.made_in.clone(),
        source_type: args.source_type.clone(),
        training: args.training,
        tree: hashed.tree.as_ref().map(tree).transpose()?,
        work_kind,
    });
    Ok(Plan { body, card: Some(card), price: None })
}

fn makers(args: &WorkArgs, maker: &Maker, role: &Role) -> Result<(Creators, Vec<String>), Failure> {
    if args.creators.is_empty() {
        let whole = Int::new(10_000).expect("10000 is within its own bounds");
        let creator = Creator { account: Some(maker.account), role: role.clone(), share_bp: whole };
        let creators = Creators::new(vec![creator]).expect("one creator with all shares");
        return Ok((creators, maker.name.iter().cloned().collect()));
    }
    let names = args.creators.iter().map(|creator| creator.name.clone()).collect();
    Ok((creators(&args.creators, role)?, names))
}

fn words(args: &WorkArgs, titles: Vec<TitleArg>, names: Vec<String>) -> Result<WorkWords, Failure> {
    if titles.len() > TITLES_MAX {
        return Err(Failure::usage(
            format!("{} titles are too many", titles.len()),
            format!("give at most {TITLES_MAX}, each in its language"),
        ));
    }
    let language = locale_language();
    let titles = titles.into_iter().map(|title| title.title(&language)).collect();
    let about = args.about.clone().filter(|about| !about.trim().is_empty());
    Ok(WorkWords { about, names, titles })
}

/// Returns works as they stand in a mint: none where there are none.
fn listed(works: &[WorkId], flag: &str) -> Result<Option<List<WorkId, 1, 16>>, Failure> {
    let works = Some(works.to_vec()).filter(|works| !works.is_empty());
    works.map(|works| List::new(works).ok_or_else(|| too_many(flag, 16))).transpose()
}

fn too_many(flag: &str, max: usize) -> Failure {
    Failure::usage(format!("{flag} is given too often"), format!("give it at most {max} times"))
}

fn suggested_kind(hashed: &Hashed) -> Result<WorkKind, Failure> {
    let kind = hashed.files.first().and_then(|face| kind_of(&face.file.media_type));
    kind.and_then(|kind| kind.parse().ok()).ok_or_else(unknown_kind)
}

/// Returns the year that it is, in a register whose newest entry is of this time.
fn this_year(time_ms: u64) -> Result<Date, Failure> {
    let year = day(clock::now_ms()?.max(time_ms)).chars().take(4).collect::<String>();
    year.parse().map_err(|_| {
        Failure::usage(format!("this machine's clock says the year {year}"), "give --created DATE, or set the clock")
    })
}

fn files(hashed: &Hashed) -> Result<Files, Failure> {
    // Whoever came first with nothing would have the empty file of everybody.
    if hashed.files.iter().any(|file| file.file.bytes == 0) {
        return Err(Failure::usage(
            "the file is empty: there is nothing in it to register",
            "name the file that holds the work",
        ));
    }
    let files = hashed.files.iter().map(Recognised::work_file).collect::<Result<Vec<_>, _>>()?;
    let many = files.len();
    Files::new(files).ok_or_else(|| {
        if many > colophon_ledger::entry::mint::FILES_MAX {
            Failure::usage(format!("there are {many} files"), "name the face, and put the others into a folder")
        } else {
            Failure::usage("two of the files have the same content", "name each file once")
        }
    })
}

fn tree(tree: &FolderTree) -> Result<FileTree, Failure> {
    let wrong = || Failure::usage("the folder is empty, or too large to be stated", "name another folder");
    Ok(FileTree {
        bytes: Int::new(tree.bytes).ok_or_else(wrong)?,
        count: Int::new(tree.count).ok_or_else(wrong)?,
        root: Digest(tree.root),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::mint::sample::mint_args;
    use colophon_fingerprint::file::FileFingerprint;
    use colophon_fingerprint::units::ByteUnits;
    use colophon_ledger::entry::mint::Training;
    use colophon_tlog::hash::sha256;
    use colophon_tlog::key::SecretKey;

    fn hashed(media_type: &str) -> Hashed {
        let file = FileFingerprint { sha256: sha256(b"face"), bytes: 4, media_type: media_type.to_owned() };
        let units = ByteUnits { data: [1; 32], instance: [2; 32] };
        Hashed {
            files: vec![Recognised { file, units, content: None, credentials: None, validated: None }],
            tree: None,
        }
    }

    fn planned(typed: &[&str], hashed: &Hashed) -> Result<(Mint, WorkWords), Failure> {
        let args = mint_args(&[&["face.png"], typed].concat())?.work;
        let account = AccountId::from(&SecretKey::from_seed([1; 32]).public());
        let maker = Maker { account, name: Some("Lin Ana".to_owned()), time_ms: 0 };
        let titles = args.titles.clone();
        let plan = plan(&args, hashed, &maker, &Sources::default(), titles, "CN".parse().unwrap())?;
        let Body::Mint(mint) = plan.body else { panic!("a mint") };
        assert_eq!(mint.card, plan.card.as_ref().unwrap().digest());
        Ok((mint, plan.card.unwrap().read().unwrap()))
    }

    #[test]
    fn a_file_a_title_and_a_country_are_enough() {
        let (mint, words) = planned(&["--title", "zh:雾中山"], &hashed("image/png")).unwrap();
        assert_eq!((mint.work_kind.as_str(), mint.license.as_str()), ("digital_image", "LicenseRef-ARR"));
        assert_eq!((mint.training, mint.editions.get(), mint.country.as_str()), (Training::NotAllowed, 1, "CN"));
        let [creator] = mint.creators.as_slice() else { panic!("one creator") };
        assert_eq!((creator.account, creator.role.as_str(), creator.share_bp.get()), (Some(mint.by), "art", 10_000));
        assert_eq!((words.names, words.titles[0].lang.as_str()), (vec!["Lin Ana".to_owned()], "zh"));
        assert_eq!(mint.created.as_str().len(), 4);
    }

    #[test]
    fn a_clock_behind_the_register_does_not_say_the_year() {
        assert_eq!(this_year(4_102_444_800_000).unwrap().as_str(), "2100");
        assert!(this_year(0).unwrap().as_str() >= "2026");
    }

    #[test]
    fn what_is_given_stands() {
        let typed = [
            "--title",
            "en:Noise",
            "--title",
            "fr:Bruit",
            "--creator",
            "Eva:cmp:60%",
            "--creator",
            "Jo",
            "--work-kind",
            "music_work",
            "--created",
            "1998-05",
            "--made-in",
            "IT",
            "--license",
            "CC-BY-4.0",
            "--training",
            "constrained",
            "--editions",
            "10000",
            "--about",
            "loud",
        ];
        let (mint, words) = planned(&typed, &hashed("audio/flac")).unwrap();
        let shares: Vec<_> = mint.creators.as_slice().iter().map(|creator| creator.share_bp.get()).collect();
        assert_eq!((shares, words.names), (vec![6000, 4000], vec!["Eva".to_owned(), "Jo".to_owned()]));
        assert!(
            mint.creators.as_slice().iter().all(|creator| creator.account.is_none() && creator.role.as_str() == "cmp")
        );
        assert_eq!((mint.created.as_str(), mint.made_in.unwrap().as_str()), ("1998-05", "IT"));
        assert_eq!((words.about.as_deref(), words.titles.len()), (Some("loud"), 2));
    }

    #[test]
    fn too_much_is_refused() {
        let face = hashed("image/png");
        assert!(planned(&["--title", "a", "--editions", "10001"], &face).is_err());
        assert!(planned(&["--title", "a", "--editions", "0"], &face).is_err());
        let nine: Vec<&str> = ["--title", "a"].repeat(9);
        assert!(planned(&nine, &face).is_err());
        let mut empty = face.clone();
        empty.files[0].file.bytes = 0;
        assert!(planned(&["--title", "a"], &empty).unwrap_err().what().contains("is empty"));
        let twice = Hashed { files: [face.files.clone(), face.files.clone()].concat(), tree: None };
        assert!(planned(&["--title", "a"], &twice).unwrap_err().what().contains("same content"));
        let long = "x".repeat(9000);
        assert!(planned(&["--title", "a", "--about", &long], &face).is_err());
    }
}
