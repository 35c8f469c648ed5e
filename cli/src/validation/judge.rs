//! What the process apart does that judges the Content Credentials of one file.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use c2pa::{Context, Error, Manifest, Reader, Settings, ValidationState};
use colophon_ledger::entry::mint::CredentialsState;
use colophon_ledger::field::Digest;
use colophon_tlog::hash::sha256;
use serde::{Deserialize, Serialize};

use crate::apart::process::{ask, take_input};
use crate::validation::Validated;
use crate::words::shown;

/// What is done apart, as the hidden command calls it.
const WORK: &str = "credentials";
/// The largest manifest store once its compression is undone, in MiB.
const STORE_MIB_MAX: usize = 32;
/// The largest file of trusted certificates, in bytes.
const TRUST_BYTES_MAX: u64 = 4 << 20;
/// The longest name of a signer that is told, in characters.
const NAME_CHARS_MAX: usize = 80;

/// What the process says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// What the Content Credentials are.
    Found {
        /// The label of the active manifest; none if the store cannot be read so far.
        label: Option<String>,
        /// Whether they hold.
        state: CredentialsState,
        /// SHA-256 of the signer's certificate (DER), of ones that hold.
        signer: Option<Digest>,
        /// Whose it says it is.
        name: Option<String>,
        /// SHA-256 of the file of trusted certificates.
        trust_list: Option<Digest>,
    },
    /// Why nothing can be said of them.
    Nothing(String),
}

/// Has the Content Credentials of a file judged by another process of `program`. The active manifest must be called `label`.
pub(super) fn judge_apart(program: &Path, path: &Path, label: &str, trust: Option<&Path>) -> Result<Validated, String> {
    let work: Vec<&OsStr> = [WORK, "--"].map(OsStr::new).into_iter().chain(trust.map(Path::as_os_str)).collect();
    match ask(program, &work, path).map_err(|error| error.to_string())? {
        Said::Nothing(why) => Err(shown(&why)),
        // Whoever looks at another manifest than the one that is named says nothing about that one.
        Said::Found { label: Some(other), .. } if other != label => {
            Err(format!("the manifest that counts is called {} by its validator", shown(&other)))
        }
        Said::Found { state, signer, name, trust_list, .. } => {
            Ok(Validated { state, signer, name: name.as_deref().map(shown), trust_list })
        }
    }
}

/// Judges the file on standard input, in a process of its own.
pub(crate) fn judge(trust: Option<&Path>) -> Said {
    let judged = || {
        let trust = trust.map(read_trust).transpose()?;
        Ok(judge_stream(take_input()?, trust.as_deref()))
    };
    judged().unwrap_or_else(|error: io::Error| Said::Nothing(error.to_string()))
}

/// Reads the trusted certificates.
fn read_trust(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(TRUST_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > TRUST_BYTES_MAX {
        let what = format!("the trust list has more than {TRUST_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(text)
}

/// Judges a file by the certificates that are trusted.
fn judge_stream(file: File, trust: Option<&str>) -> Said {
    let settings = serde_json::json!({
        // Assertions of identities (CAWG) are not looked at: judging them asks others.
        "core": { "decode_identity_assertions": false, "max_decompressed_manifest_size_in_mb": STORE_MIB_MAX },
        "verify": { "ocsp_fetch": false, "remote_manifest_fetch": false },
        "trust": { "trust_anchors": trust },
    });
    let trust_list = trust.map(|text| Digest(sha256(text.as_bytes())));
    let settings = match Settings::new().with_json(&settings.to_string()) {
        Ok(settings) => settings,
        Err(error) => return Said::Nothing(format!("the trust list cannot be used: {error}")),
    };
    let context = match Context::new().with_settings(settings) {
        Ok(context) => context,
        Err(error) => return Said::Nothing(format!("the trust list cannot be used: {error}")),
    };
    // What kind of file it is, the crate finds by its first bytes.
    let reader = match Reader::from_context(context).with_stream("application/octet-stream", BufReader::new(file)) {
        Ok(reader) => reader,
        Err(error) if says_nothing(&error) => return Said::Nothing(error.to_string()),
        // The store is not well-formed, or what it claims cannot even be held against the file.
        Err(_) => {
            let state = CredentialsState::Invalid;
            return Said::Found { label: None, state, signer: None, name: None, trust_list };
        }
    };
    let state = match reader.validation_state() {
        ValidationState::Trusted if trust.is_some() => CredentialsState::Trusted,
        ValidationState::Trusted | ValidationState::Valid => CredentialsState::Valid,
        ValidationState::Invalid => CredentialsState::Invalid,
    };
    let signed = reader.active_manifest().filter(|_| state != CredentialsState::Invalid);
    let label = reader.active_label().map(str::to_owned);
    Said::Found { label, state, signer: signed.and_then(signer), name: signed.and_then(name), trust_list }
}

/// Returns whether an error is about this machine or this program rather than about the Content Credentials.
fn says_nothing(error: &Error) -> bool {
    matches!(
        error,
        Error::BadParam(_)
            | Error::InsufficientMemory
            | Error::InternalError(_)
            | Error::InvalidAsset(_)
            | Error::IoError(_)
            | Error::JumbfNotFound
            | Error::NotImplemented(_)
            | Error::OtherError(_)
            | Error::RemoteManifestFetch(_)
            | Error::RemoteManifestUrl(_)
            | Error::ThreadReceiveError
            | Error::UnsupportedType
            | Error::VersionCompatibility(_)
    )
}

/// Returns the digest of the certificate that signed a manifest: the first of its chain.
fn signer(manifest: &Manifest) -> Option<Digest> {
    let chain = manifest.signature_info()?.cert_chain();
    let (_, rest) = chain.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok().map(|der| Digest(sha256(&der)))
}

/// Returns the names in that certificate: an organisation's, and its holder's.
fn name(manifest: &Manifest) -> Option<String> {
    let info = manifest.signature_info()?;
    let names: Vec<&str> = [&info.common_name, &info.issuer].into_iter().flatten().map(String::as_str).collect();
    (!names.is_empty()).then(|| names.join(", ").chars().take(NAME_CHARS_MAX).collect())
}
