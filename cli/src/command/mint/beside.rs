//! The certificate beside a work's file. Where it cannot be written the work is registered all the same, and that is said.

use std::path::{Path, PathBuf};

use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, Certificate};
use colophon_ledger::field::WorkId;

use super::MintArgs;
use crate::failure::{Exit, Failure};
use crate::home::{create_shared_file, read_file};
use crate::recognition::STANDARD_INPUT;
use crate::sidecar::sidecar_of;
use crate::signing::Desk;
use crate::signing::outcome::{Outcome, Stage};
use crate::words::ids::short;
use crate::words::{argument, named};

/// The longest name of a file on the file systems that are met.
const NAME_BYTES_MAX: usize = 255;

/// Returns where the certificate is to be written, if it is; a file that is there already is refused before anything is read.
pub(super) fn place(args: &MintArgs) -> Result<Option<PathBuf>, Failure> {
    if !args.sidecar {
        return Ok(None);
    }
    let face = args.files.iter().find(|path| !path.is_dir()).filter(|path| *path != Path::new(STANDARD_INPUT));
    let face = face.ok_or_else(|| {
        Failure::usage("standard input has no file beside which a certificate could lie", "save it as a file first")
    })?;
    let path = sidecar_of(face);
    if path.exists() {
        let what = format!("{} is there already", path.display());
        let cure =
            format!("move it away first; colophon verify {} tells whether the file is registered", argument(face));
        return Err(Failure::usage(what, cure));
    }
    Ok(Some(path))
}

/// Writes the certificate beside the face, once the work is recorded; returns how the command ends. The work is in the register: what
/// goes wrong here is a warning, and no failure of the mint.
pub(super) fn add(desk: &Desk<'_>, outcome: &Outcome, path: Option<&Path>) -> Exit {
    let ui = &desk.context.ui;
    let Some((path, work)) = path.zip(outcome.work).filter(|_| outcome.stage == Stage::Recorded) else {
        if let Some(path) = path.filter(|_| outcome.stage != Stage::DryRun) {
            let (work, path) = (short(&outcome.id), argument(path));
            ui.note(format_args!(
                "there is no certificate yet; once all have signed: colophon certificate {work} -o {path}"
            ));
        }
        return Exit::Done;
    };
    match write(desk, &work, path) {
        Ok(()) => {
            ui.note(format_args!("its certificate is in {}: hand both over together", named(path)));
            Exit::Done
        }
        Err(failure) => {
            let told = unwritten(&failure, &work, path);
            ui.warn(format_args!("{}; {}", told.what(), told.cure()));
            told.exit()
        }
    }
}

/// Checks that what lies in the place of a work's certificate is one.
pub(super) fn check_lying(work: &WorkId, path: &Path) -> Result<(), Failure> {
    let bytes = read_file(path, CERTIFICATE_BYTES_MAX).ok().flatten();
    let certificate = bytes.and_then(|bytes| Certificate::parse(&bytes).ok());
    let what = match certificate {
        Some(certificate) if certificate.work == *work => return Ok(()),
        Some(other) => format!("{} is there already, of another work ({})", named(path), short(&other.work)),
        None => format!("{} is there already, and is no certificate", named(path)),
    };
    Err(Failure::failed(what, "move it away"))
}

/// Writes the certificate of a work that is in the register.
pub(super) fn write(desk: &Desk<'_>, work: &WorkId, path: &Path) -> Result<(), Failure> {
    let certified = desk.context.wait_for(desk.client.certificate(work, 1))??;
    create_shared_file(path, certified.text.as_bytes())
}

/// Returns what is to be told where that failed. Minting again would not help: the register has the work.
pub(super) fn unwritten(failure: &Failure, work: &WorkId, path: &Path) -> Failure {
    let exit = if failure.exit() == Exit::NotVerified { Exit::NotVerified } else { Exit::Failed };
    let what = format!("its certificate is not written: {}", failure.what());
    let is_too_long = path.file_name().is_some_and(|name| name.len() > NAME_BYTES_MAX);
    let (work, path) = (short(work), if is_too_long { "CERTIFICATE".to_owned() } else { argument(path) });
    let cure = format!(
        "the work is registered, so do not mint it again: when that is mended, colophon certificate {work} -o {path}"
    );
    Failure::new(exit, what, cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_written_can_be_written_later() {
        let work = "5f1c".repeat(16).parse().unwrap();
        let full = Failure::try_again("cannot write a.png.colophon: no space left", "make room, then try again");
        let told = unwritten(&full, &work, Path::new("a.png.colophon"));
        assert_eq!(told.exit(), Exit::Failed);
        assert_eq!(told.what(), "its certificate is not written: cannot write a.png.colophon: no space left");
        assert!(told.cure().ends_with("colophon certificate 5f1c5f1c5f1c5f1c -o a.png.colophon"), "{told}");
        let lie = Failure::not_verified("it proves nothing", "keep it");
        assert_eq!(unwritten(&lie, &work, Path::new("a.png.colophon")).exit(), Exit::NotVerified);
    }
}
