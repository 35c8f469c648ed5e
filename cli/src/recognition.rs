//! What a file is recognised by: its digests, what it shows, plays or says, and the Content Credentials in it. Computed here,
//! on this machine; what an entry states of it is a claim that whoever has the file can compute again.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use colophon_fingerprint::file::FileFingerprint;
use colophon_fingerprint::manifest::{Manifest, find_manifest};
use colophon_fingerprint::media::UNKNOWN;
use colophon_fingerprint::units::{ByteUnits, identify_file, identify_reader};
use colophon_fingerprint::video::{is_looked_at_here, is_video};
use colophon_fingerprint::{Content, ContentKind};
use colophon_ledger::entry::mint::{Credentials, WorkFile};
use colophon_ledger::field::{Digest, FieldError, Int};
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};

use crate::apart::content::content;
use crate::failure::Failure;
use crate::ui::Ui;
use crate::validation::{Validated, Validator};
use crate::words::{named, shown};

/// What stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// A file, and what it is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Digest, size and type.
    pub file: FileFingerprint,
    /// What its bytes are known by.
    pub units: ByteUnits,
    /// What it shows, plays or says; none if it is of a type that has no code, or cannot be decoded.
    pub content: Option<Content>,
    /// The Content Credentials in it.
    pub credentials: Option<Manifest>,
    /// What they were found to be; none if there are none, or they were not validated.
    pub validated: Option<Validated>,
}

impl Recognised {
    /// Reads a file, or standard input for `-`, of which only the bytes count. What cannot be decoded is told and left out.
    pub fn read(path: &Path, ui: &Ui) -> Result<Recognised, Failure> {
        if path == Path::new(STANDARD_INPUT) {
            return Recognised::of_standard_input(ui);
        }
        let total = std::fs::metadata(path).ok().map(|data| data.len());
        let mut progress = ui.progress(&format!("hashing {}", named(path)), total);
        let (recognised, notes) = Recognised::read_file(path, &mut |done| progress.advance_to(done))?;
        drop(progress);
        for note in notes {
            ui.note(note);
        }
        Ok(recognised)
    }

    /// Reads a file, and returns with it what is to be said of what could not be decoded and was left out. `progress` is told
    /// the bytes done so far.
    pub(crate) fn read_file(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<(Recognised, Vec<String>), Failure> {
        let (file, units) = identify_file(path, progress)?;
        let mut notes = Vec::new();
        let content = content(path, &file.media_type).unwrap_or_else(|error| {
            notes.push(without_code(&named(path), &shown(&error.to_string()), error.cure()));
            None
        });
        // Of an empty file that is all there is to say, and whoever would register it says so.
        if content.is_none() && notes.is_empty() && file.bytes > 0 {
            notes.push(of_other_type(&named(path), &file.media_type));
        }
        notes.extend(
            content.as_ref().filter(|content| is_scant(content)).map(|content| too_little(&named(path), content.kind)),
        );
        let credentials = credentials(path).unwrap_or_else(|note| {
            notes.push(note);
            None
        });
        Ok((Recognised { file, units, content, credentials, validated: None }, notes))
    }

    fn of_standard_input(ui: &Ui) -> Result<Recognised, Failure> {
        let mut progress = ui.progress("hashing standard input", None);
        let mut input = std::io::stdin().lock();
        let (file, units) = identify_reader(&mut input, &mut |done| progress.advance_to(done)).map_err(|error| {
            Failure::failed(format!("standard input could not be read: {error}"), "save it as a file first")
        })?;
        ui.note(without_code("standard input", "only its bytes are read", "save it as a file first"));
        Ok(Recognised { file, units, content: None, credentials: None, validated: None })
    }

    /// Validates the Content Credentials of the file, if it has any and this program can, and returns what is to be said of that.
    pub fn validate(&mut self, path: &Path, validator: &Validator) -> Option<String> {
        let said = validator.validate(path, self.credentials.as_ref()?);
        let told = told_of_credentials(path, &said);
        self.validated = said.unwrap_or_default();
        told
    }

    /// Returns the ISCC of the file.
    pub fn iscc(&self) -> Iscc {
        let content = self.content.as_ref().map(|content| Unit::new(unit_kind(content.kind), content.code));
        let bytes = [Unit::new(UnitKind::Data, self.units.data), Unit::new(UnitKind::Instance, self.units.instance)];
        Iscc::new(content.into_iter().chain(bytes).collect()).expect("content, data, instance is their order")
    }

    /// Returns the file as it stands in a mint.
    pub fn work_file(&self) -> Result<WorkFile, Failure> {
        let wrong = |what: &str| Failure::failed(what.to_owned(), "report this");
        let unstated = |error: FieldError| wrong(&format!("the file cannot be stated: {error}"));
        let thumbnail = self.content.as_ref().and_then(|content| content.thumbnail.as_ref());
        let dhash = thumbnail.map(|thumbnail| format!("{:016x}", thumbnail.dhash()).parse()).transpose();
        let prep = self.content.as_ref().map(|content| content.prep.parse()).transpose();
        let c2pa = self.credentials.as_ref().map(|found| stated(found, self.validated.as_ref())).transpose();
        Ok(WorkFile {
            bytes: Int::new(self.file.bytes).ok_or_else(|| wrong("the file is too long to be stated"))?,
            c2pa: c2pa.map_err(unstated)?,
            dhash: dhash.map_err(unstated)?,
            fingerprint: Some(self.iscc().to_string().parse().map_err(unstated)?),
            media_type: self.file.media_type.parse().map_err(unstated)?,
            prep: prep.map_err(unstated)?,
            sha256: Digest(self.file.sha256),
        })
    }
}

/// Returns what a kind of content is called in an ISCC.
pub fn unit_kind(kind: ContentKind) -> UnitKind {
    match kind {
        ContentKind::Text => UnitKind::Text,
        ContentKind::Image => UnitKind::Image,
        ContentKind::Audio => UnitKind::Audio,
        ContentKind::Video => UnitKind::Video,
    }
}

/// Returns whether so little is in it that nothing can be looked for by its code.
pub(crate) fn is_scant(content: &Content) -> bool {
    content.scant || Unit::new(unit_kind(content.kind), content.code).is_flat()
}

/// Says that of a file, and what follows from it.
fn too_little(name: &str, kind: ContentKind) -> String {
    let has = match kind {
        ContentKind::Image | ContentKind::Video => "has hardly more than one tone",
        ContentKind::Audio => "is hardly more than silence or one tone",
        ContentKind::Text => "has hardly any words",
    };
    format!("{name} {has}, so nobody looks for works like it; look for them by words with colophon search TEXT")
}

/// Says that something has no code of its content, what follows from that, why it has none, and what to do.
fn without_code(name: &str, why: &str, cure: &str) -> String {
    format!("{name} has no content code, so nobody looks for works like it: {why}; {cure}")
}

/// Says that of a file of a type that is not looked at here.
fn of_other_type(name: &str, media_type: &str) -> String {
    if is_video(media_type) && !is_looked_at_here() {
        let why = "videos are looked at by ffmpeg with its filter signature, which is not here";
        return without_code(name, why, "install it to have the video recognised when it is changed");
    }
    if media_type == UNKNOWN {
        let cure = "save a text in UTF-8; of anything else, register a PNG or a JPEG beside it";
        return without_code(name, "of what type it is cannot be told", cure);
    }
    without_code(
        name,
        &format!("{media_type} is not looked at here"),
        &format!("register {} beside it", readable(media_type)),
    )
}

/// Returns what can be looked at in place of a file of a type that is not.
fn readable(media_type: &str) -> &'static str {
    match media_type.split_once('/').unwrap_or_default() {
        ("audio", _) => "a FLAC or an MP3 of it",
        ("text", _) | ("application", "msword" | "rtf" | "x-cfb") => "a plain text or a PDF of it",
        ("application", name) if name.starts_with("vnd.oasis.opendocument.text") => "a plain text or a PDF of it",
        ("application", "ogg") => "a FLAC or an MP3 of its sound, or an MP4 of its pictures,",
        (
            "application",
            "zip" | "gzip" | "zstd" | "vnd.rar" | "x-7z-compressed" | "x-bzip2" | "x-rar-compressed" | "x-tar" | "x-xz",
        ) => "a picture, a PDF or a sound out of it",
        _ => "a PNG or a JPEG of it",
    }
}

/// Says what files are known by, for whoever is about to publish it.
pub(crate) fn told(files: &[Recognised]) -> String {
    let contents = files.iter().filter(|file| file.content.is_some()).count() as u64;
    let credentials = files.iter().filter(|file| file.credentials.is_some()).count() as u64;
    let mut told = String::from("codes of its bytes");
    if contents > 0 {
        told.push_str(" and of what it shows or says (256 bits each, from which nothing can be seen)");
    }
    if credentials > 0 {
        let validated = match files.iter().filter(|file| file.validated.is_some()).count() {
            0 => " (not validated)",
            _ => ", what these were found to be, and the hash of the certificate that signed them",
        };
        write!(told, ", the hash and the label of the Content Credentials in {credentials} of them{validated}").ok();
    }
    told
}

fn stated(manifest: &Manifest, validated: Option<&Validated>) -> Result<Credentials, FieldError> {
    Ok(Credentials {
        label: manifest.label.parse()?,
        signer: validated.and_then(|found| found.signer),
        state: validated.map(|found| found.state),
        store: Digest(manifest.store),
        trust_list: validated.and_then(|found| found.trust_list),
    })
}

/// Returns whether there are Content Credentials in a file.
pub(crate) fn carries_credentials(path: &Path) -> bool {
    matches!(credentials(path), Ok(Some(_)))
}

/// Says what the Content Credentials in a file are found to be now; nothing if it has none, or this program cannot tell.
pub(crate) fn told_of_credentials_now(path: &Path, validator: &Validator) -> Option<String> {
    let found = credentials(path).ok().flatten()?;
    told_of_credentials(path, &validator.validate(path, &found))
}

fn told_of_credentials(path: &Path, said: &Result<Option<Validated>, String>) -> Option<String> {
    let file = named(path);
    match said {
        Ok(None) => None,
        Ok(Some(found)) => Some(format!("the Content Credentials in {file} are {}", found.told())),
        Err(why) => Some(format!(
            "the Content Credentials in {file} are not validated: {why}; if that matters, look at them with another validator"
        )),
    }
}

/// Returns the Content Credentials of a file; of ones that cannot be read, what is to be said.
fn credentials(path: &Path) -> Result<Option<Manifest>, String> {
    let found = File::open(path).map_err(Into::into).and_then(|file| find_manifest(&mut BufReader::new(file)));
    found.map_err(|error| {
        format!(
            "{} carries no Content Credentials that can be named: {error}; ask whoever made it if it should",
            named(path)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_stated_with_its_codes() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("poem.txt");
        std::fs::write(&path, "Hills before rain, and the river behind them.\n").unwrap();
        let ui = Ui::new(false, true, true);
        let recognised = Recognised::read(&path, &ui).unwrap();
        let stated = recognised.work_file().unwrap();
        let iscc = Iscc::parse(stated.fingerprint.as_ref().unwrap().as_str()).unwrap();
        let kinds: Vec<UnitKind> = iscc.units().iter().map(Unit::kind).collect();
        assert_eq!(kinds, [UnitKind::Text, UnitKind::Data, UnitKind::Instance]);
        assert_eq!(stated.prep.unwrap().as_str(), "plain-1");
        assert_eq!((stated.dhash, stated.c2pa, stated.media_type.as_str()), (None, None, "text/plain"));
        assert!(told(&[recognised]).contains("what it shows or says"));
    }

    #[test]
    fn what_is_not_looked_at_is_said_in_one_line() {
        let desk = tempfile::tempdir().unwrap();
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
        let avif = b"\0\0\0\x1cftypavif\0\0\0\0mif1avif";
        let jxl = b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a";
        let midi = b"MThd\0\0\0\x06\0\0\0\x01\0\x60";
        let zip = b"PK\x03\x04 and the rest of it, which is long enough";
        let cases: [(&[u8], &str, &str); 8] = [
            (zip, "application/zip is not looked at here", "register a picture, a PDF or a sound out of it beside it"),
            (heic, "image/heic is not looked at here", "register a PNG or a JPEG of it beside it"),
            (avif, "image/avif is not looked at here", "register a PNG or a JPEG of it beside it"),
            (jxl, "image/jxl is not looked at here", "register a PNG or a JPEG of it beside it"),
            (svg, "image/svg+xml is not looked at here", "register a PNG or a JPEG of it beside it"),
            (midi, "audio/midi is not looked at here", "register a FLAC or an MP3 of it beside it"),
            (b"<?xml version='1.0'?><play/>", "text/xml is not", "register a plain text or a PDF of it beside it"),
            (b"caf\xe9 au lait", "of what type it is cannot be told", "save a text in UTF-8"),
        ];
        for (number, (bytes, why, cure)) in cases.into_iter().enumerate() {
            let path = desk.path().join(number.to_string());
            std::fs::write(&path, bytes).unwrap();
            let (recognised, notes) = Recognised::read_file(&path, &mut |_| {}).unwrap();
            assert_eq!((recognised.content, notes.len()), (None, 1), "{notes:?}");
            let note = &notes[0];
            assert!(note.contains("has no content code, so nobody looks for works like it: "), "{note}");
            assert!(note.contains(why) && note.contains(cure) && !note.contains('\n'), "{note}");
        }
    }

    #[test]
    fn what_has_too_little_in_it_is_said_and_stated_with_its_code() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("x.txt");
        std::fs::write(&path, "x\n").unwrap();
        let (recognised, notes) = Recognised::read_file(&path, &mut |_| {}).unwrap();
        assert!(recognised.content.as_ref().is_some_and(is_scant));
        assert!(
            notes.len() == 1 && notes[0].contains("hardly any words, so nobody looks for works like it"),
            "{notes:?}"
        );
        assert_eq!(recognised.work_file().unwrap().prep.unwrap().as_str(), "plain-1");
    }

    #[test]
    fn of_an_empty_file_nothing_is_said_but_by_whoever_would_register_it() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("empty.txt");
        std::fs::write(&path, "").unwrap();
        let (recognised, notes) = Recognised::read_file(&path, &mut |_| {}).unwrap();
        assert_eq!((recognised.content, notes), (None, Vec::new()));
    }

    #[test]
    fn a_broken_picture_is_stated_by_its_bytes_alone() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("broken.png");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR and nothing more").unwrap();
        let recognised = Recognised::read(&path, &Ui::new(false, true, true)).unwrap();
        let kinds: Vec<UnitKind> = recognised.iscc().units().iter().map(Unit::kind).collect();
        assert_eq!(kinds, [UnitKind::Data, UnitKind::Instance]);
        assert_eq!(recognised.work_file().unwrap().prep, None);
    }
}
