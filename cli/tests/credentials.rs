//! Content Credentials are judged as their makers say they are, and whatever is judged takes nobody with it.
#![cfg(feature = "c2pa")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, ErrorKind};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use colophon_cli::home::Home;
use colophon_cli::recognition::Recognised;
use colophon_cli::ui::Ui;
use colophon_cli::validation::{Validated, Validator};
use colophon_fingerprint::manifest::find_manifest;
use colophon_ledger::entry::mint::CredentialsState::{self, Invalid, Trusted, Valid};
use colophon_tlog::hash::sha256;

const PROGRAM: &str = env!("CARGO_BIN_EXE_colophon");
/// Files whose answers are known.
const SAMPLES: [(&str, Option<CredentialsState>); 9] = [
    ("C.jpg", Some(Valid)),
    ("CA.jpg", Some(Valid)),
    ("CACA.jpg", Some(Valid)),
    // The pixels of CA were changed under its store.
    ("XCA.jpg", Some(Invalid)),
    // Its signature is broken.
    ("E-sig-CA.jpg", Some(Invalid)),
    ("video1.mp4", Some(Valid)),
    ("sample1.webp", None),
    ("no_manifest.jpg", None),
    ("libpng-test.png", None),
];

/// Returns where the samples are, beside the project's folder, and says so loudly if they are not.
fn samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/c2pa");
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stderr, reason = "whoever runs the tests must hear of it")]
    {
        eprintln!("SKIPPED: nothing is judged, for the samples of Content Credentials are not in {}", folder.display());
    }
    None
}

struct Desk {
    dir: tempfile::TempDir,
    home: Home,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(dir.path())).unwrap();
        Desk { dir, home }
    }

    fn validator(&self) -> Validator {
        Validator::of(&self.home).by(Path::new(PROGRAM))
    }

    /// Reads a file as `mint` does; returns what was found, and what was told.
    fn read(&self, path: &Path) -> (Recognised, Option<String>) {
        let mut recognised = Recognised::read(path, &Ui::new(false, true, true)).unwrap();
        let told = recognised.validate(path, &self.validator());
        (recognised, told)
    }

    fn found(&self, path: &Path) -> Option<Validated> {
        self.read(path).0.validated
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn samples_are_what_their_makers_say() {
    let Some(folder) = samples() else { return };
    let desk = Desk::new();
    let mut stores = Vec::new();
    for (name, expected) in SAMPLES {
        let (recognised, told) = desk.read(&folder.join(name));
        let stated = recognised.work_file().unwrap().c2pa;
        let state = stated.as_ref().map(|stated| stated.state.unwrap_or_else(|| panic!("{name}: {told:?}")));
        assert_eq!(state, expected, "{name}: {told:?}");
        assert_eq!(told.is_some(), expected.is_some(), "{name}");
        let Some(stated) = stated else { continue };
        assert_eq!(stated.signer.is_some(), expected == Some(Valid), "{name}");
        assert_eq!(stated.trust_list, None, "{name}");
        stores.push((name, stated.store, stated.label));
    }
    let of = |wanted: &str| stores.iter().find(|(name, ..)| *name == wanted).map(|(_, store, label)| (store, label));
    assert_eq!(of("CA.jpg"), of("XCA.jpg"), "the same store under other pixels");
}

#[test]
fn who_is_on_the_trust_list_is_trusted_by_that_list() {
    let Some(folder) = samples() else { return };
    let desk = Desk::new();
    // Whoever issued the certificate of the sample.
    let reader = c2pa::Reader::from_context(c2pa::Context::new());
    let reader = reader.with_stream("image/jpeg", File::open(folder.join("C.jpg")).unwrap()).unwrap();
    let chain = reader.active_manifest().unwrap().signature_info().unwrap().cert_chain().to_owned();
    let issuer = chain.rfind("-----BEGIN CERTIFICATE-----").unwrap();
    assert_ne!(issuer, chain.find("-----BEGIN CERTIFICATE-----").unwrap(), "a chain of one");
    fs::write(desk.home.c2pa_trust_path(), &chain[issuer..]).unwrap();
    let trusted = desk.found(&folder.join("C.jpg")).unwrap();
    assert_eq!((trusted.state, trusted.trust_list.unwrap().0), (Trusted, sha256(&chain.as_bytes()[issuer..])));
    assert!(trusted.signer.is_some() && trusted.told().contains("who is on your trust list"));
    let broken = desk.found(&folder.join("XCA.jpg")).unwrap();
    assert_eq!((broken.state, broken.signer, broken.trust_list), (Invalid, None, trusted.trust_list));
    for useless in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(desk.home.c2pa_trust_path(), useless).unwrap();
        let (recognised, told) = desk.read(&folder.join("C.jpg"));
        assert_ne!(recognised.validated.map(|found| found.state), Some(Trusted), "{useless}: {told:?}");
    }
}

#[test]
fn cut_and_changed_files_are_never_valid_and_never_end_the_command() {
    let Some(folder) = samples() else { return };
    let desk = Desk::new();
    for name in ["C.jpg", "video1.mp4"] {
        let whole = fs::read(folder.join(name)).unwrap();
        for part in 1..16 {
            let at = whole.len() * part / 16;
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            for (what, bytes) in [("cut", &whole[..at]), ("changed", &changed)] {
                let found = desk.found(&desk.put("file", bytes));
                let is_valid = found.is_some_and(|found| found.state != Invalid);
                // A signature's box is filled up with zeros that no signature covers.
                let is_padding = what == "changed" && whole[at - 16..=at + 16].iter().all(|byte| *byte == 0);
                assert!(!is_valid || is_padding, "{name} {what} at {at}");
            }
        }
    }
}

#[test]
fn a_file_too_large_to_be_held_is_not_validated_and_says_so() {
    let Some(folder) = samples() else { return };
    let desk = Desk::new();
    let path = desk.put("large.jpg", &fs::read(folder.join("C.jpg")).unwrap());
    // No disk holds what is not written: a hole of 3 GiB.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(3 << 30).unwrap();
    let found = find_manifest(&mut BufReader::new(File::open(&path).unwrap())).unwrap().unwrap();
    let begun = Instant::now();
    let why = desk.validator().validate(&path, &found).unwrap_err();
    assert!(why.contains("memory"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(70), "{:?}", begun.elapsed());
}

#[test]
fn a_manifest_that_is_elsewhere_is_not_fetched() {
    let Some(folder) = samples() else { return };
    let desk = Desk::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}/manifest.c2pa", listener.local_addr().unwrap());
    let found = find_manifest(&mut File::open(folder.join("C.jpg")).unwrap()).unwrap().unwrap();
    let path = desk.put("elsewhere.jpg", &pointing_to(&elsewhere, &fs::read(folder.join("no_manifest.jpg")).unwrap()));
    let why = desk.validator().validate(&path, &found).unwrap_err();
    assert!(why.contains(&elsewhere), "the reference was seen: {why}");
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Returns a JPEG with XMP that says where its manifest is.
fn pointing_to(url: &str, jpeg: &[u8]) -> Vec<u8> {
    let xmp = format!(
        r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/></rdf:RDF></x:xmpmeta>"#
    );
    let content = [b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat();
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &content, &jpeg[2..]].concat()
}
