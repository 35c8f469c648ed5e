//! Which work a folder is: by the root over all of it, or by each file in it.

use std::collections::BTreeSet;
use std::path::Path;

use colophon_client::client::Client;
use colophon_client::lookup::Looked;
use colophon_client::work::WorkPrefix;
use colophon_fingerprint::folder::{FolderStep, FolderTree, fingerprint_folder, survey_folder};
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::field::{Digest, WorkId};

use crate::command::verify::proof::{Judge, Proof};
use crate::failure::{Exit, Failure};
use crate::ui::Ui;
use crate::verdict::Subject;
use crate::words::{count, shown};

/// How many files of a folder are looked up to find the work it belongs to.
const LOOKUPS_MAX: usize = 64;
/// How many registrations of each are looked at.
const REGISTRATIONS_MAX: u64 = 100;
/// How many registered files are named when the folder as a whole is none.
const NAMED_MAX: usize = 10;

/// A folder that was read to its end.
struct Folder {
    tree: FolderTree,
    /// Each file's path and digest, in the order of their names.
    files: Vec<(String, Digest)>,
}

/// Returns what a folder is, and what that is proved by.
pub(super) fn judge(judge: &Judge<'_>, name: &str, path: &Path) -> Result<(Subject, Proof), Failure> {
    let folder = Folder::read(path, name, &judge.context.ui)?;
    let proof = match judge.handed() {
        Some(handed) => judge.proof_of_certificate(handed)?,
        None => proof_beside_or_found(judge, &folder, name)?,
    };
    let fits = folder.fits(&proof.provenance.mint).ok_or_else(|| not_of_the_work(name, &proof))?;
    let FolderTree { root, count, .. } = folder.tree;
    let whole = fits == Fit::Whole;
    Ok((Subject::Folder { name: name.to_owned(), files: count, root: Digest(root), whole }, proof))
}

/// Returns what is proved of the folder's work: one that was given beside it, or the one that its files lead to.
fn proof_beside_or_found(judge: &Judge<'_>, folder: &Folder, name: &str) -> Result<Proof, Failure> {
    let beside = judge.proved();
    let is_whole = |proof: &&Proof| folder.fits(&proof.provenance.mint) == Some(Fit::Whole);
    if let Some(proof) = beside.iter().find(is_whole) {
        return Ok(proof.clone());
    }
    let found = judge.need_client(name).and_then(|client| find_work(judge, client, folder, name));
    match (found, beside.first()) {
        (Ok(work), _) => judge.proof_of_work(&WorkPrefix::from(&work)),
        // Nothing else leads to a work: the one given beside it must be meant.
        (Err(failure), Some(proof)) if matches!(failure.exit(), Exit::Failed | Exit::Usage) => Ok(proof.clone()),
        (Err(failure), _) => Err(failure),
    }
}

fn not_of_the_work(name: &str, proof: &Proof) -> Failure {
    let work = &proof.provenance.work;
    Failure::not_registered(
        format!("{name} is not the registered folder, nor is each of its files one of the work {work}'s"),
        "ask for the folder as it was registered; a single changed, missing or added file is another folder",
    )
}

/// How a folder belongs to a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It is the work's folder.
    Whole,
    /// Each file in it is one of the work's files.
    EachFile,
}

impl Folder {
    fn read(path: &Path, name: &str, ui: &Ui) -> Result<Folder, Failure> {
        let survey = survey_folder(path)?;
        let mut progress = ui.progress(&format!("reading {name}"), Some(survey.bytes));
        let mut files = Vec::new();
        let tree = fingerprint_folder(path, &mut |step| match step {
            FolderStep::Bytes(done) => progress.advance_to(done),
            FolderStep::File(file) => files.push((shown(&file.path), Digest(file.fingerprint.sha256))),
        })?;
        Ok(Folder { tree, files })
    }

    fn fits(&self, mint: &Mint) -> Option<Fit> {
        if mint.tree.as_ref().is_some_and(|tree| tree.root.0 == self.tree.root) {
            return Some(Fit::Whole);
        }
        let of_work: BTreeSet<Digest> = mint.files.as_slice().iter().map(|file| file.sha256).collect();
        self.files.iter().all(|(_, digest)| of_work.contains(digest)).then_some(Fit::EachFile)
    }
}

/// Returns the work that the folder is, by what its files lead to: the first registered whose folder it is; if there is
/// none, the first of which each file in it is one.
fn find_work(judge: &Judge<'_>, client: &Client, folder: &Folder, name: &str) -> Result<WorkId, Failure> {
    let mut seen = BTreeSet::new();
    let mut by_files = None;
    let mut registered = Vec::new();
    let digests: BTreeSet<Digest> = folder.files.iter().map(|(_, digest)| *digest).collect();
    for digest in digests.iter().take(LOOKUPS_MAX) {
        let Looked::Found(facts) = judge.context.wait_for(client.file(digest, REGISTRATIONS_MAX))?? else { continue };
        registered.extend(folder.files.iter().find(|(_, of_file)| of_file == digest).map(|(path, _)| path.clone()));
        for registration in &facts.registrations {
            if !seen.insert(registration.work) {
                continue;
            }
            let work = WorkPrefix::from(&registration.work);
            let Looked::Found(facts) = judge.context.wait_for(client.work(&work, 1))?? else { continue };
            match folder.fits(&facts.mint) {
                Some(Fit::Whole) => return Ok(registration.work),
                Some(Fit::EachFile) => by_files = by_files.or(Some(registration.work)),
                None => {}
            }
        }
    }
    by_files.ok_or_else(|| not_found(name, folder, &registered, digests.len() > LOOKUPS_MAX))
}

/// Returns that nothing is known of a folder. It may be registered all the same, with a face that lies outside it.
fn not_found(name: &str, folder: &Folder, registered: &[String], is_cut: bool) -> Failure {
    let files = count(folder.tree.count, "file");
    let mut cure =
        "give the work's face or its certificate beside it; and check that no file was changed, added or left out"
            .to_owned();
    let found = if registered.is_empty() {
        format!("none of the {files} in {name} leads to a registered work")
    } else {
        cure = format!("where each file is a work of its own, give the files: colophon verify {name}/*; else {cure}");
        let named: Vec<&str> = registered.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = if registered.len() > NAMED_MAX { ", …" } else { "" };
        let named = named.join(", ");
        format!(
            "of the {files} in {name} these are registered, but the folder is of none of their works: {named}{more}"
        )
    };
    let cut = if is_cut { ", of which only some were" } else { "" };
    Failure::failed(
        format!(
            "{found}; a folder is looked up by the files it holds{cut}, so this does not prove that it is not registered"
        ),
        cure,
    )
}
