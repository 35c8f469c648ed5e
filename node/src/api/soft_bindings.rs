//! The read routes of C2PA's Soft Binding Resolution API for `io.iscc.v0`: a validator that meets a file without its Content Credentials
//! asks by what the file shows, and finds the entries that name them.
//!
//! A register names manifests by label and hash; it keeps none, and does not know who does: no match has an `endpoint`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use colophon_ledger::entry::Entry;
use colophon_ledger::field::{Digest, WorkId};
use colophon_ledger::iscc::{Iscc, SEQUENCE_BYTES_MAX, Unit, UnitKind, units_of_sequence};
use colophon_tlog::tree::EntryIndex;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::Api;
use super::body::{self, json, parse_json, require_json};
use super::problem::Problem;
use super::segment::Segment;
use super::status::is_well;
use crate::answers::AnswerError;
use crate::clock::written;
use crate::lookalikes::CODES_MAX;
use crate::lookalikes::shelf::{LOOKALIKES_MAX, Near};
use crate::minted::minted;

/// The one algorithm, by its name in C2PA's list.
const ALGORITHM: &str = "io.iscc.v0";
/// The version by which the description of the API calls itself.
const API_VERSION: &str = "2.4.0";
/// The longest value: the longest sequence of units in Base64, padded.
const VALUE_BYTES_MAX: usize = SEQUENCE_BYTES_MAX.div_ceil(3) * 4;
/// The longest body of a question.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// How many matches there are where nobody says how many.
const RESULTS_DEFAULT: usize = 10;
/// In how many of 64 bits what is alike may differ: what is beyond is alike by chance now and then.
const DISTANCE_MAX: u32 = 10;
/// The score of the very bytes, and the most that anything else has.
const SCORE_SAME_BYTES: u32 = 100;
const SCORE_ALIKE_MAX: u32 = 99;

#[derive(Debug, Deserialize)]
struct Asked {
    alg: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct HowMany {
    #[serde(rename = "maxResults")]
    max_results: Option<String>,
}

/// `c2pa.softBindingQueryResult`, and beside it what has no manifest.
#[derive(Debug, Serialize)]
struct MatchesAnswer {
    matches: Vec<Match>,
    /// Every work that is alike, with a manifest or without.
    works: Vec<Alike>,
}

/// A manifest that an entry of the register names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    manifest_id: String,
    similarity_score: u32,
    /// The SHA-256 of the manifest store that it was the active one of.
    store: Digest,
    work: WorkId,
}

/// A work with a file that is alike.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alike {
    work: WorkId,
    /// Which of its files, from 1 for the face.
    file: u64,
    /// The index of the entry that names it.
    index: u64,
    similarity_score: u32,
}

#[derive(Debug, Serialize)]
struct Algorithm {
    alg: &'static str,
}

/// `c2pa.softBindingAlgList`.
#[derive(Debug, Serialize)]
struct Algorithms {
    watermarks: [Algorithm; 0],
    fingerprints: [Algorithm; 1],
}

/// `c2pa.serviceCapabilities`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    c2pa_specification_version: &'static str,
    /// None but the routes that every service has.
    supported_capabilities: [&'static str; 0],
}

/// `c2pa.serviceStatus`
#[derive(Debug, Serialize)]
struct ServiceStatus {
    status: &'static str,
    timestamp: String,
}

/// `c2pa.wellKnownDiscovery`. A node does not know the address that it is reached by: these are relative to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovery {
    api_endpoint: &'static str,
    c2pa_specification_version: &'static str,
    capabilities_endpoint: &'static str,
    status_endpoint: &'static str,
}

pub(super) async fn discovery() -> Response {
    json(&Discovery {
        api_endpoint: "/v1",
        c2pa_specification_version: API_VERSION,
        capabilities_endpoint: "/v1/services/capabilities",
        status_endpoint: "/v1/services/status",
    })
}

pub(super) async fn capabilities() -> Response {
    json(&Capabilities { c2pa_specification_version: API_VERSION, supported_capabilities: [] })
}

pub(super) async fn service_status(State(api): State<Arc<Api>>) -> Response {
    let status = if is_well(&api) { "ok" } else { "degraded" };
    json(&ServiceStatus { status, timestamp: written(api.now_ms()) })
}

pub(super) async fn supported_algorithms() -> Response {
    json(&Algorithms { watermarks: [], fingerprints: [Algorithm { alg: ALGORITHM }] })
}

/// Answers by a binding in the query.
pub(super) async fn by_binding(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let Ok(Query(asked)) = Query::<Asked>::try_from_uri(&uri) else {
        return Err(bad("alg and value should say what is asked about"));
    };
    answer(api, &asked, &uri).await
}

/// Answers by a binding in the body.
pub(super) async fn by_large_binding(
    State(api): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    require_json(&headers)?;
    let asked: Asked = parse_json(&body::read(body, BODY_BYTES_MAX).await?)?;
    answer(api, &asked, &uri).await
}

/// Says that no manifest is kept here.
pub(super) async fn manifest(_: Segment) -> Problem {
    Problem::ManifestNotKept
}

async fn answer(api: Arc<Api>, asked: &Asked, uri: &Uri) -> Result<Response, Problem> {
    let units = units(asked)?;
    let results = results_max(uri)?;
    let searching = Arc::clone(&api);
    let _permit = api.searches.acquire().await.map_err(|_| Problem::Stopping)?;
    // All codes are compared: too long for a thread that answers others.
    let found = spawn_blocking(move || matches(&searching, &units, results)).await;
    Ok(json(&found.map_err(|_| Problem::Internal)??))
}

/// Returns how many results are wanted: as many as there may be, where more are.
fn results_max(uri: &Uri) -> Result<usize, Problem> {
    let wrong = || bad("maxResults should be a number, 1 at least");
    let Query(HowMany { max_results }) = Query::<HowMany>::try_from_uri(uri).map_err(|_| wrong())?;
    let Some(text) = max_results else { return Ok(RESULTS_DEFAULT) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let results: usize = if is_number { text.parse().unwrap_or(usize::MAX) } else { 0 };
    if results == 0 { Err(wrong()) } else { Ok(results.min(LOOKALIKES_MAX)) }
}

/// Returns the units that are asked about, by kind, of which some must be of kinds that are compared.
fn units(asked: &Asked) -> Result<BTreeMap<UnitKind, Vec<Unit>>, Problem> {
    if asked.alg != ALGORITHM {
        return Err(bad(&format!("alg should be {ALGORITHM}")));
    }
    let bytes = Some(&asked.value).filter(|value| value.len() <= VALUE_BYTES_MAX).and_then(|value| from_base64(value));
    let units = bytes.as_deref().and_then(units_of_sequence);
    let units =
        units.ok_or_else(|| bad("value should be an ISCC-SEQ in Base64: units with their headers, side by side"))?;
    let mut compared: BTreeMap<UnitKind, Vec<Unit>> = BTreeMap::new();
    for unit in units.into_iter().filter(|unit| unit.kind() != UnitKind::Data) {
        compared.entry(unit.kind()).or_default().push(unit);
    }
    if compared.is_empty() {
        return Err(bad("value should have a unit of content or of the instance, with 256 bits"));
    }
    if compared.values().any(|units| units.len() > CODES_MAX) {
        return Err(bad(&format!("value should have at most {CODES_MAX} units of a kind")));
    }
    Ok(compared)
}

/// Reads Base64 of either alphabet, padded or not: implementations differ. A `+` that stood unescaped in a query comes as a blank.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.replace(' ', "+");
    [STANDARD, URL_SAFE].iter().find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(&text).ok())
}

fn matches(api: &Api, units: &BTreeMap<UnitKind, Vec<Unit>>, results: usize) -> Result<MatchesAnswer, AnswerError> {
    let log = &api.register.log;
    api.lookalikes.read(log, api.register.newest().size)?;
    let mut found: Vec<(Alike, Option<(String, Digest)>)> = Vec::new();
    for (kind, units) in units {
        let distance = if *kind == UnitKind::Instance { 0 } else { DISTANCE_MAX };
        let units: Vec<&Unit> = units.iter().filter(|unit| !unit.is_flat()).collect();
        let heads: Vec<u64> = units.iter().map(|unit| unit.head()).collect();
        for near in api.lookalikes.near(*kind, &heads, distance, None).near {
            let Some((index, unit)) = EntryIndex::new(near.index).zip(units.get(near.code)) else { continue };
            let judged = Entry::parse(&log.entry(index)?).ok().and_then(|entry| judge(&entry, unit, &near));
            let Some((alike, manifest)) = judged else { continue };
            // A mint that is voided is in the log, and is no work.
            if api.register.index_of(&alike.work)? == Some(near.index) {
                found.push((alike, manifest));
            }
        }
    }
    found.sort_by_key(|(alike, _)| (std::cmp::Reverse(alike.similarity_score), alike.index, alike.file));
    let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
    let (mut works, mut matches) = (Vec::new(), Vec::new());
    for (alike, manifest) in found {
        if let Some((manifest_id, store)) = manifest.filter(|manifest| named.insert(manifest.clone())) {
            let (similarity_score, work) = (alike.similarity_score, alike.work);
            matches.push(Match { manifest_id, similarity_score, store, work });
        }
        if seen.insert((alike.work, alike.file)) {
            works.push(alike);
        }
    }
    works.truncate(results);
    matches.truncate(results);
    Ok(MatchesAnswer { matches, works })
}

/// Returns how much a file of an entry is like a unit, and the manifest that the entry names for it.
fn judge(entry: &Entry, unit: &Unit, near: &Near) -> Option<(Alike, Option<(String, Digest)>)> {
    let (work, mint) = minted(entry)?;
    let file = mint.files.as_slice().get(usize::try_from(near.file.checked_sub(1)?).ok()?)?;
    let iscc = Iscc::parse(file.fingerprint.as_ref()?.as_str()).ok()?;
    let own = iscc.units().iter().find(|own| own.kind() == unit.kind())?;
    let similarity_score = score(unit, own)?;
    let manifest = file.c2pa.as_ref().map(|named| (named.label.as_str().to_owned(), named.store));
    Some((Alike { work, file: near.file, index: near.index, similarity_score }, manifest))
}

/// Returns how alike two units of a kind are, out of 100, by the bits that both have.
fn score(unit: &Unit, own: &Unit) -> Option<u32> {
    let pairs = unit.code().iter().zip(own.code());
    let (bits, differing) =
        pairs.fold((0, 0), |(bits, differing), (a, b)| (bits + 8, differing + (a ^ b).count_ones()));
    if unit.kind() == UnitKind::Instance {
        return (differing == 0).then_some(SCORE_SAME_BYTES);
    }
    let same: u32 = bits - differing;
    Some(((100 * same + bits / 2) / bits.max(1)).min(SCORE_ALIKE_MAX))
}

fn bad(why: &str) -> Problem {
    Problem::BadRequest(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD as PLAIN, URL_SAFE_NO_PAD};

    fn asked(alg: &str, value: String) -> Result<Vec<UnitKind>, Problem> {
        let units = units(&Asked { alg: alg.to_owned(), value })?;
        Ok(units.into_values().flatten().map(|unit| unit.kind()).collect())
    }

    fn unit(types: u8, byte: u8) -> Vec<u8> {
        [&[types, 7][..], &[byte; 32]].concat()
    }

    #[test]
    fn a_value_is_read_in_either_alphabet_padded_or_not() {
        let picture = unit(0x21, 0xfb);
        let whole = [unit(0x00, 1), picture.clone(), unit(0x30, 2), unit(0x40, 3)].concat();
        let expected = Ok(vec![UnitKind::Image, UnitKind::Instance]);
        assert_eq!(asked(ALGORITHM, PLAIN.encode(&whole)), expected);
        assert_eq!(asked(ALGORITHM, URL_SAFE_NO_PAD.encode(&whole)), expected);
        let (plus, blank) = (PLAIN.encode(&picture), PLAIN.encode(&picture).replace('+', " "));
        assert_ne!(plus, blank);
        assert_eq!(asked(ALGORITHM, blank), asked(ALGORITHM, plus), "a plus that was not escaped");
        let variants = picture.repeat(CODES_MAX);
        assert_eq!(asked(ALGORITHM, PLAIN.encode(&variants)), Ok(vec![UnitKind::Image; CODES_MAX]));
        assert_eq!(
            asked(ALGORITHM, PLAIN.encode(&picture).trim_end_matches('=').to_owned()),
            Ok(vec![UnitKind::Image])
        );
        for (alg, value) in [
            ("io.iscc.v1", PLAIN.encode(&picture)),
            (ALGORITHM, String::new()),
            (ALGORITHM, "?".to_owned()),
            (ALGORITHM, PLAIN.encode(&picture[..20])),
            (ALGORITHM, PLAIN.encode(unit(0x30, 1))),
            (ALGORITHM, PLAIN.encode([variants, picture.clone()].concat())),
            (ALGORITHM, "A".repeat(VALUE_BYTES_MAX + 4)),
        ] {
            assert!(matches!(asked(alg, value.clone()), Err(Problem::BadRequest(_))), "{alg} {value}");
        }
    }

    #[test]
    fn only_the_very_bytes_score_a_hundred() {
        let of = |kind, byte| Unit::new(kind, [byte; 32]);
        let image = |byte| of(UnitKind::Image, byte);
        assert_eq!(score(&image(0xff), &image(0xff)), Some(99));
        assert_eq!(score(&image(0xff), &image(0xfe)), Some(88));
        assert_eq!(score(&image(0xff), &image(0)), Some(0));
        assert_eq!(score(&of(UnitKind::Instance, 7), &of(UnitKind::Instance, 7)), Some(100));
        assert_eq!(score(&of(UnitKind::Instance, 7), &of(UnitKind::Instance, 6)), None);
    }
}
