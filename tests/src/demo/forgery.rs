//! What forgers do to a certificate: change what it says, or put an old end on a new history.

use anyhow::{Context, Result};
use serde_json::Value;

/// Returns the certificate with another country written into the last signed terms.
pub(crate) fn altered(certificate: &str, from: &str, to: &str) -> Result<String> {
    let changed = certificate.replacen(from, to, 1);
    anyhow::ensure!(changed != certificate, "the certificate does not say {from}");
    Ok(changed)
}

/// Returns the newer certificate with the seal and the state of the older put in, so that an earlier holder seems to hold
/// the work under the newest checkpoint.
pub(crate) fn with_old_seal(newer: &str, older: &str) -> Result<String> {
    let mut forged: Value = serde_json::from_str(newer)?;
    let older: Value = serde_json::from_str(older)?;
    let entries = |certificate: &Value| certificate["entries"].as_array().cloned().context("entries");
    let old_end = entries(&older)?.pop().context("an older seal")?;
    let mut mixed = entries(&forged)?;
    mixed.retain(|entry| entry["index"].as_u64() < old_end["index"].as_u64());
    mixed.push(old_end);
    forged["entries"] = Value::Array(mixed);
    forged["records"] = older["records"].clone();
    // Members come out sorted, as certificates are written, so that only the lie is wrong with it.
    Ok(serde_json::to_string(&forged)? + "\n")
}
