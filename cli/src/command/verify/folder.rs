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
use crate::failure::Failure;
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
    let proof = if let Some(handed) = judge.handed() {
        judge.proof_of_certificate(handed)?
    } else {
        let client = judge.need_client(name)?;
        let work = find_work(judge, client, &folder, name)?;
        judge.proof_of_work(&WorkPrefix::from(&work))?
    };
    let fits = folder.fits(&proof.provenance.mint).ok_or_else(|| {
        let what = format!(
            "{name} is not the registered folder, nor is each of its files one of the work {}'s",
            proof.provenance.work
        );
        Failure::not_registered(
            what,
            "ask for the folder as it was registered; a single changed, missing or added file is another folder",
        )
    })?;
    let FolderTree { root, count, .. } = folder.tree;
    let whole = fits == Fit::Whole;
    Ok((Subject::Folder { name: name.to_owned(), files: count, root: Digest(root), whole }, proof))
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
    by_files.ok_or_else(|| not_registered(name, folder, &registered, digests.len() > LOOKUPS_MAX))
}

fn not_registered(name: &str, folder: &Folder, registered: &[String], is_cut: bool) -> Failure {
    let found = if registered.is_empty() {
        "none of its files leads to a work that it would be".to_owned()
    } else {
        let named: Vec<&str> = registered.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = if registered.len() > NAMED_MAX { ", …" } else { "" };
        format!("of its files these are registered, but the folder is not: {}{more}", named.join(", "))
    };
    let cure = if is_cut {
        "give its certificate with --certificate: only some of its files were looked up"
    } else {
        "check that no file was changed, added or left out; or check single files"
    };
    let files = count(folder.tree.count, "file");
    Failure::not_registered(format!("{name} ({files}) is not registered: {found}"), cure)
}
