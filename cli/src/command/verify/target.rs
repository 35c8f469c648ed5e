//! What an argument of `colophon verify` is: a certificate by its content, a file, a folder, or a work by its id.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use colophon_client::work::WorkPrefix;
use colophon_fingerprint::Content;
use colophon_fingerprint::file::{FileError, FileFingerprint};
use colophon_fingerprint::units::{ByteUnits, identify_file, identify_reader};
use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, CertificateError};
use colophon_ledger::evidence::EVIDENCE_BYTES_MAX;
use colophon_tlog::receipt::RECEIPT_BYTES_MAX;

use crate::apart::content::content;
use crate::failure::Failure;
use crate::home::read_file;
use crate::ui::Ui;
use crate::words::shown;

/// The argument that stands for standard input.
const STDIN: &str = "-";
/// What stands at the head of a certificate.
const CARDS_MARK: &[u8] = br#""cards":["#;
/// What stands further on in it, each once. Two of the three make a certificate, so that a changed one is still taken for
/// one, and another JSON file is not.
const MARKS: [&[u8]; 2] = [br#""checkpoint":"#, b"colophon.certificate/"];
/// How a certificate begins, with words in it or without. A cut one is still taken for one.
const FIRST_BYTES: [&[u8]; 2] = [br#"{"cards":[{"salt":""#, br#"{"cards":[],"checkpoint":""#];
/// Of how many bytes one that was cut must still be, to be taken for one: `{"cards":[`.
const CUT_BYTES_MIN: usize = 10;
/// What some programs put in front of a text that they save.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The first line of a receipt (tlog-proof).
const RECEIPT_LINE: &[u8] = b"c2sp.org/tlog-proof@v1";
/// How evidence begins.
const EVIDENCE_FIRST_BYTES: &[u8] = br#"{"claim":{""#;
/// How much of a file is looked at before it is read as a certificate.
const HEAD_BYTES: usize = 64;

/// What is to be checked.
#[derive(Debug)]
pub(super) enum Target {
    /// A certificate, or what may have been one.
    Certificate { name: String, bytes: Vec<u8> },
    /// A receipt, or what begins as one.
    Receipt { name: String, bytes: Vec<u8> },
    /// Evidence against a register, or what begins as that.
    Evidence { name: String, bytes: Vec<u8> },
    /// A work, by its id or how that begins.
    Work(WorkPrefix),
    /// A file, read to its end.
    File(GivenFile),
    /// A folder, not read yet.
    Folder { name: String, path: PathBuf },
}

/// A file that was given, and what its bytes are known by.
#[derive(Debug)]
pub(super) struct GivenFile {
    pub(super) name: String,
    pub(super) fingerprint: FileFingerprint,
    pub(super) units: ByteUnits,
    /// Where it is, if it can be read again.
    pub(super) path: Option<PathBuf>,
}

impl GivenFile {
    /// Reads what the file shows, plays or says. One that cannot be decoded is none the less the one that was registered.
    pub(super) fn content(&self) -> Option<Content> {
        content(self.path.as_deref()?, &self.fingerprint.media_type).unwrap_or_default()
    }
}

impl Target {
    /// Returns what `given` is. A file or folder of that name comes before a work of that id.
    pub(super) fn find(given: &OsStr, ui: &Ui) -> Result<Target, Failure> {
        if given == STDIN {
            return Target::of_reader(io::stdin().lock());
        }
        let path = Path::new(given);
        let name = shown(&path.display().to_string());
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Target::Folder { name, path: path.to_owned() }),
            Ok(found) if found.is_file() => Target::of_file(path, name, found.len(), ui),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Target::of_work(path, &name),
            // What cannot be read, or is neither: the same words as everywhere.
            _ => Target::of_bytes(path, name, &mut |_| {}),
        }
    }

    fn of_work(path: &Path, name: &str) -> Result<Target, Failure> {
        let typed = path.to_str().map(str::to_ascii_lowercase).unwrap_or_default();
        typed.parse().map(Target::Work).map_err(|_| {
            Failure::usage(
                format!("{name} does not exist, and it is not a work's id"),
                "check the spelling and the folder you are in; an id is 64 digits of 0-9 and a-f, of which 8 will do",
            )
        })
    }

    fn of_file(path: &Path, name: String, bytes: u64, ui: &Ui) -> Result<Target, Failure> {
        let head = head_of(path)?;
        if head.starts_with(RECEIPT_LINE)
            && let Some(bytes) = read_file(path, RECEIPT_BYTES_MAX)?
        {
            return Ok(Target::Receipt { name, bytes });
        }
        if is_evidence(&head)
            && let Some(bytes) = read_file(path, EVIDENCE_BYTES_MAX)?
        {
            return Ok(Target::Evidence { name, bytes });
        }
        if bytes > CERTIFICATE_BYTES_MAX as u64 && is_certificate(&head) {
            return Err(CertificateError::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX)).into());
        }
        if may_be_certificate(&head)
            && bytes <= CERTIFICATE_BYTES_MAX as u64
            && let Some(bytes) = read_file(path, CERTIFICATE_BYTES_MAX)?.filter(|bytes| is_certificate(bytes))
        {
            return Ok(Target::Certificate { name, bytes });
        }
        let mut progress = ui.progress(&format!("reading {name}"), Some(bytes));
        Target::of_bytes(path, name, &mut |done| progress.advance_to(done))
    }

    fn of_bytes(path: &Path, name: String, progress: &mut dyn FnMut(u64)) -> Result<Target, Failure> {
        let (fingerprint, units) = identify_file(path, progress)?;
        Ok(Target::File(GivenFile { name, fingerprint, units, path: Some(path.to_owned()) }))
    }

    /// Reads standard input: a certificate as a whole, anything else as a stream.
    fn of_reader(mut reader: impl Read) -> Result<Target, Failure> {
        let name = "standard input".to_owned();
        let unread =
            |error: io::Error| Failure::failed(format!("standard input: {error}"), "check what is piped into it");
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(unread)?;
        if head.starts_with(RECEIPT_LINE) {
            reader.by_ref().take(RECEIPT_BYTES_MAX as u64).read_to_end(&mut head).map_err(unread)?;
            return Ok(Target::Receipt { name, bytes: head });
        }
        if is_evidence(&head) {
            reader.by_ref().take(EVIDENCE_BYTES_MAX as u64).read_to_end(&mut head).map_err(unread)?;
            return Ok(Target::Evidence { name, bytes: head });
        }
        if may_be_certificate(&head) {
            reader.by_ref().take(CERTIFICATE_BYTES_MAX as u64).read_to_end(&mut head).map_err(unread)?;
            if is_certificate(&head) {
                return Ok(Target::Certificate { name, bytes: head });
            }
        }
        let (fingerprint, units) = identify_reader(&mut head.chain(reader), &mut |_| {}).map_err(unread)?;
        Ok(Target::File(GivenFile { name, fingerprint, units, path: None }))
    }
}

/// Reads a file that must be a certificate.
pub(super) fn read_certificate(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let (name, bytes) = if path == Path::new(STDIN) {
        let name = "standard input".to_owned();
        let mut bytes = Vec::new();
        // One byte more than a certificate may have, so that too long a one is seen to be so.
        let read = io::stdin().lock().take(CERTIFICATE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::failed(format!("{name}: {error}"), "check what is piped into it"))?;
        (name, bytes)
    } else {
        let bytes = read_file(path, CERTIFICATE_BYTES_MAX)?;
        let bytes = bytes.ok_or_else(|| Failure::from(FileError::Missing(path.to_owned())))?;
        (shown(&path.display().to_string()), bytes)
    };
    if is_certificate(&bytes) {
        return Ok((name, bytes));
    }
    Err(Failure::usage(format!("{name} is not a certificate"), "give the file that colophon certificate writes"))
}

fn head_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES as u64).read_to_end(&mut head));
    read.map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => FileError::Forbidden(path.to_owned()),
        _ => FileError::Read { path: path.to_owned(), source },
    })?;
    Ok(head)
}

/// Returns whether what begins like this is, or was, evidence.
fn is_evidence(head: &[u8]) -> bool {
    text_of(head).starts_with(EVIDENCE_FIRST_BYTES)
}

/// Returns whether what begins like this is worth reading as a certificate.
fn may_be_certificate(head: &[u8]) -> bool {
    text_of(head).starts_with(b"{") || contains(head, CARDS_MARK)
}

/// Returns whether these bytes are, or were, a certificate. A changed one must count, or it would pass for a file that is
/// merely not registered.
fn is_certificate(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let text = text_of(head);
    let is_cut = |first: &&[u8]| text.len() >= CUT_BYTES_MIN && first.starts_with(text);
    if FIRST_BYTES.iter().any(|first| text.starts_with(first) || is_cut(first)) {
        return true;
    }
    let found = MARKS.iter().filter(|mark| contains(bytes, mark)).count();
    found + usize::from(contains(head, CARDS_MARK)) >= 2
}

/// Returns bytes from where their text begins.
fn text_of(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii_start()
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|part| part == mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn find(path: &Path) -> Result<Target, Failure> {
        Target::find(path.as_os_str(), &Ui::new(false, true, true))
    }

    #[test]
    fn an_argument_is_what_its_content_is() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let certificate = put("picture.png", br#"{"cards":[],"checkpoint":"x"}"#);
        assert!(matches!(find(&certificate), Ok(Target::Certificate { .. })));
        let reformatted = br#" { "cards": [], "checkpoint":"x", "format": "colophon.certificate/v1" }"#;
        assert!(matches!(find(&put("a.json", reformatted)), Ok(Target::Certificate { .. })));
        let changed = br#"["cards":[],"checkpoint":"x","format":"colophon.certificate/v1"}"#;
        assert!(matches!(find(&put("changed", changed)), Ok(Target::Certificate { .. })));
        let cut = br#"{"cards":[{"salt":"9972799275b1c2de"#;
        assert!(matches!(find(&put("cut", cut)), Ok(Target::Certificate { .. })));
        assert!(matches!(find(&put("cut-short", br#"{"cards":["#)), Ok(Target::Certificate { .. })));
        let long = put("long", cut);
        File::options().write(true).open(&long).unwrap().set_len(CERTIFICATE_BYTES_MAX as u64 + 1).unwrap();
        let too_long = find(&long).unwrap_err();
        assert!(too_long.exit() == Exit::NotVerified && too_long.what().contains("at most 64 MiB"), "{too_long}");
        assert!(matches!(find(&put("bom", &[BYTE_ORDER_MARK, cut].concat())), Ok(Target::Certificate { .. })));
        assert!(matches!(find(&put("a.receipt", b"c2sp.org/tlog-proof@v1\n")), Ok(Target::Receipt { .. })));
        let game = br#"{"cards":["the fool","the tower"]}"#;
        for (name, bytes) in
            [("game.json", &game[..]), ("b.json", br#"{"a":1}"#), ("c.png", b"\x89PNG"), ("empty", b"")]
        {
            assert!(matches!(find(&put(name, bytes)), Ok(Target::File(_))), "{name}");
        }
        assert!(matches!(find(directory.path()), Ok(Target::Folder { .. })));
    }

    #[test]
    fn a_name_that_is_no_file_may_be_a_work() {
        for id in ["0123abcd", "0123ABCD", &"5f1c".repeat(16)] {
            assert!(matches!(find(Path::new(id)), Ok(Target::Work(_))), "{id}");
        }
        for wrong in ["0123abc", "river.png", "0123abcg", &"5f1c".repeat(17)] {
            let failure = find(Path::new(wrong)).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert_eq!(failure.what(), format!("{wrong} does not exist, and it is not a work's id"));
        }
    }

    #[test]
    fn standard_input_is_a_stream() {
        let read = |bytes: &'static [u8]| Target::of_reader(bytes).unwrap();
        assert!(
            matches!(read(br#"{"cards":[],"checkpoint":"x"}"#), Target::Certificate { bytes, .. } if bytes.ends_with(b"x\"}"))
        );
        let Target::File(given) =
            read(b"{ no certificate, and longer than what is looked at before it is told apart }")
        else {
            panic!("it is a file")
        };
        assert_eq!(given.fingerprint.bytes, 77);
        assert!(matches!(read(b""), Target::File(given) if given.fingerprint.bytes == 0));
    }
}
