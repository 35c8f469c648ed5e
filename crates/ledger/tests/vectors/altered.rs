//! Certificates altered as vectors say.

use serde::Deserialize;
use serde_json::Value;

/// A change of a certificate: what a JSON pointer names is removed, or set to a value.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Edit {
    Remove { remove: String },
    Set { set: String, value: Value },
}

/// Returns the certificate after the edits, one after the other.
pub(crate) fn altered(text: &str, edits: &[Edit]) -> String {
    let mut certificate: Value = serde_json::from_str(text).unwrap();
    for edit in edits {
        let (Edit::Remove { remove: pointer } | Edit::Set { set: pointer, .. }) = edit;
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = certificate.pointer_mut(parent).unwrap();
        match (edit, parent) {
            (Edit::Remove { .. }, Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
            (Edit::Remove { .. }, parent) => drop(parent.as_object_mut().unwrap().remove(name).unwrap()),
            (Edit::Set { value, .. }, Value::Array(items)) => items[name.parse::<usize>().unwrap()] = value.clone(),
            (Edit::Set { value, .. }, parent) => parent[name] = value.clone(),
        }
    }
    certificate.sort_all_objects();
    certificate.to_string() + "\n"
}
