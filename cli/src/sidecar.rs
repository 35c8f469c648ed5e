//! `FILE.colophon`: a work's certificate, kept beside its face, so that whoever has both needs nothing else.

use std::path::{Path, PathBuf};

use colophon_fingerprint::listing::CERTIFICATE_SUFFIX;

/// Returns where the certificate of a file lies: the file's whole name, with more behind it.
///
/// ```
/// let path = colophon_cli::sidecar::sidecar_of("art/hills.png".as_ref());
/// assert_eq!(path, std::path::Path::new("art/hills.png.colophon"));
/// ```
pub fn sidecar_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(CERTIFICATE_SUFFIX);
    name.into()
}
