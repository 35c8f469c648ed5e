//! The two lines of an entry's text, apart from what its body says.

use colophon_tlog::hash::sha256;

use crate::field::{Digest, EntryId, Origin};
use crate::refusal::Refusal;
use crate::register::Register;

/// The longest leaf, in bytes. (A bundle's length prefix would allow 65 535.)
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;
/// The most signature lines of an entry: 16 keys leave and 16 come in the largest rotation.
pub const SIGNATURES_MAX: usize = 32;

const ENTRY_TAG: &str = "colophon.entry/v1";
const GENESIS_TAG: &str = "colophon.genesis/v1";

/// The lines as they stand there.
pub(crate) struct Lines<'t> {
    /// The register's name.
    pub(crate) origin: Origin,
    /// The register's genesis; absent in the genesis itself.
    pub(crate) genesis: Option<EntryId>,
    /// The second line.
    pub(crate) body: &'t str,
}

impl Lines<'_> {
    /// Takes both lines with their newlines apart.
    pub(crate) fn parse(text: &str) -> Result<Lines<'_>, Refusal> {
        let malformed = |why: &str| Refusal::EntryMalformed(why.to_owned());
        let mut lines = text.split('\n');
        let (Some(tag_line), Some(body), Some(""), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("its text has not two lines"));
        };
        let mut words = tag_line.split(' ');
        let (origin, genesis) = match [words.next(), words.next(), words.next(), words.next()] {
            [Some(ENTRY_TAG), Some(origin), genesis @ Some(_), None] => (origin, genesis),
            [Some(GENESIS_TAG), Some(origin), None, None] => (origin, None),
            _ => return Err(malformed("its first line is not a tag, an origin and a genesis id")),
        };
        let origin: Origin = origin.parse().map_err(|error| malformed(&format!("{error}")))?;
        let genesis = genesis.map(str::parse).transpose().map_err(|error| malformed(&format!("{error}")))?;
        Ok(Lines { origin, genesis, body })
    }
}

/// Returns the text of an entry in `register`, of a body in its canonical form.
pub(crate) fn text_with(register: &Register, body: &str) -> String {
    format!("{ENTRY_TAG} {} {}\n{body}\n", register.origin, register.genesis)
}

/// Returns the text of the genesis of the register `origin`, of a body in its canonical form.
pub(crate) fn genesis_text_with(origin: &Origin, body: &str) -> String {
    format!("{GENESIS_TAG} {origin}\n{body}\n")
}

/// Returns the id of the entry with this signed text.
pub fn entry_id_of_text(text: &str) -> EntryId {
    Digest(sha256(text.as_bytes()))
}
