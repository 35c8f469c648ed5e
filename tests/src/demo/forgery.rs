//! What forgers do to a certificate: change what it says, or put an old end on a new history.

use anyhow::{Context, Result};
use serde_json::Value;

/// Returns the certificate with another country written into the last signed terms.
pub(crate) fn altered(certificate: &str, from: &str, to: &str) -> Result<String> {
    let changed = certificate.replacen(from, to, 1);
    anyhow::ensure!(changed != certificate, "the certificate does not say {from}");
    Ok(changed)
}

/// Returns the newer certificate cut off after the older one's end, with the older state put in, so that an earlier holder
/// seems to hold the work under the newest checkpoint. `proof` shows the old seal to be in the newest tree: it truly is.
pub(crate) fn with_old_seal(newer: &str, older: &str, proof: &[String]) -> Result<String> {
    let mut forged: Value = serde_json::from_str(newer)?;
    let older: Value = serde_json::from_str(older)?;
    let entries = |certificate: &Value| certificate["entries"].as_array().cloned().context("entries");
    let mut old_end = entries(&older)?.pop().context("an older seal")?;
    old_end["proof"] = proof.into();
    let mut mixed = entries(&forged)?;
    mixed.retain(|entry| entry["index"].as_u64() < old_end["index"].as_u64());
    mixed.push(old_end);
    forged["entries"] = Value::Array(mixed);
    forged["records"] = older["records"].clone();
    // Members come out sorted, as certificates are written, so that only the lie is wrong with it.
    Ok(serde_json::to_string(&forged)? + "\n")
}

/// Returns the index of the seal that a certificate ends on.
pub(crate) fn last_index(certificate: &str) -> Result<u64> {
    let certificate: Value = serde_json::from_str(certificate)?;
    let last = certificate["entries"].as_array().and_then(|entries| entries.last());
    last.and_then(|entry| entry["index"].as_u64()).context("a certificate ends on a seal")
}
