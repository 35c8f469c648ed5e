//! The code of one unit of an ISCC (ISO 24138), at its full length.

use iscc_lib::iscc_decode;

use crate::error::{ContentError, broken};

/// The length of a unit's code. Shorter ones are its beginning.
pub(crate) const CODE_BITS: u32 = 256;

/// The code of one ISCC unit, 256 bits.
pub type Code = [u8; 32];

/// Returns the code in an ISCC of one unit.
pub(crate) fn code_of(iscc: iscc_lib::IsccResult<String>, what: &'static str) -> Result<Code, ContentError> {
    let decoded = iscc.and_then(|iscc| iscc_decode(&iscc)).map_err(|error| broken(what, &error))?;
    Code::try_from(decoded.4).map_err(|_| ContentError::Nothing(what))
}
