//! Works and accounts are found by their words, and manifests by what a file shows.

use std::fmt::Write as _;

use colophon_ledger::account::AccountPrev;
use colophon_ledger::card::Card;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::mint::{Credentials, Files, Mint, WorkFile};
use colophon_ledger::entry::profile::{Profile, ProfileWord};
use colophon_ledger::field::EntryId;
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};
use colophon_node::clock::{Clock, written};
use serde_json::{Value, json};

use crate::people::{NOW_MS, Signing, account, digest, mint};
use crate::register::Register;

fn words(text: &Value) -> Card {
    Card::new([9; 32], text.to_string()).unwrap()
}

/// Records an entry with its card; returns what was answered.
async fn record(register: &Register, body: Body, by: &str, card: &Card) -> Value {
    let entry = Signing::of(body, &[by]).note(register.id());
    let answer = register.post_json("/v1/entries", &json!({"entry": entry, "card": card})).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()
}

/// Registers a work with a title and a creator's name; returns it as it is found.
async fn titled(register: &Register, by: &str, title: &str, name: &str) -> Value {
    let card =
        words(&json!({"titles": [{"lang": "und", "text": title}], "names": [name], "about": "nobody searches here"}));
    let body = Body::Mint(Mint { card: card.digest(), ..mint(by, title) });
    let recorded = record(register, body, by, &card).await;
    json!({"kind": "work", "work": recorded["id"], "index": recorded["index"]})
}

/// Publishes a profile; returns the account as it is found, and the entry.
async fn named(register: &Register, who: &str, name: &str, prev: Option<&EntryId>) -> (Value, EntryId) {
    let card = words(&json!({"name": name}));
    let body = Body::Profile(Profile {
        by: account(who),
        card: card.digest(),
        country: "CN".parse().unwrap(),
        kind: ProfileWord::It,
        prev: prev.map_or(AccountPrev::Account(account(who)), |id| AccountPrev::Entry(*id)),
    });
    let recorded = record(register, body, who, &card).await;
    let id = recorded["id"].as_str().unwrap().parse().unwrap();
    (json!({"kind": "account", "account": account(who), "index": recorded["index"]}), id)
}

/// Searches, and returns the hits.
async fn found(register: &Register, text: &str) -> Vec<Value> {
    let mut path = "/v1/search?q=".to_owned();
    for byte in text.bytes() {
        write!(path, "%{byte:02x}").unwrap();
    }
    let answer = register.get(&path).await.json();
    assert_eq!(answer["size"], register.running.api().register.newest().size.get());
    let hits = answer["hits"].as_array().unwrap().clone();
    assert_eq!(answer["count"], hits.len());
    hits
}

#[tokio::test(flavor = "multi_thread")]
async fn works_are_found_by_titles_and_names_in_any_script_and_spelling() {
    let register = Register::new();
    assert_eq!(found(&register, "anything").await, Vec::<Value>::new());
    let hills = titled(&register, "ana", "Étude: Mountains after Rain", "Zoë Øst").await;
    let scroll = titled(&register, "bo", "溪山行旅图", "范宽").await;
    let wave = titled(&register, "cy", "神奈川沖浪裏", "葛飾 北斎").await;
    let spring = titled(&register, "dee", "서울의 봄", "김").await;
    for (text, expected) in [
        ("mountains", &hills),
        ("MOUNT", &hills),
        ("etude rain", &hills),
        ("zoe ost", &hills),
        ("ost mountains", &hills),
        ("溪山", &scroll),
        ("山行旅", &scroll),
        ("图", &scroll),
        ("范宽 行旅", &scroll),
        ("浪裏", &wave),
        ("北斎", &wave),
        ("서울", &spring),
    ] {
        assert_eq!(found(&register, text).await, std::slice::from_ref(expected), "{text}");
    }
    for nothing in ["mountains snow", "ountains", "山溪", "川行", "nobody", "", "—", "北海"] {
        assert_eq!(found(&register, nothing).await, Vec::<Value>::new(), "{nothing}");
    }
    // What comes later is found as soon as it is published; the whole word counts more than its beginning.
    let later = titled(&register, "ana", "Mountain", "").await;
    assert_eq!(found(&register, "mountain").await, [later, hills]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_by_their_newest_name_and_works_by_their_makers() {
    let register = Register::new();
    let (_, first) = named(&register, "ana", "Ateliér Mlha", None).await;
    let work = titled(&register, "ana", "Hills", "").await;
    let (ana, second) = named(&register, "ana", "Studio Mist", Some(&first)).await;
    titled(&register, "bo", "Sea", "").await;
    assert_eq!(found(&register, "studio mist").await, [ana.clone(), work.clone()]);
    assert_eq!(found(&register, "mist hills").await, std::slice::from_ref(&work));
    assert_eq!(found(&register, "atelier").await, Vec::<Value>::new(), "a former name is not found");
    let (ana, _) = named(&register, "ana", "Atelier", Some(&second)).await;
    assert_eq!(found(&register, "atelier").await, [ana, work]);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_words_are_not_found_and_nothing_else_is_lost() {
    let register = Register::new();
    let hills = titled(&register, "ana", "Hills in mist", "").await;
    let sea = titled(&register, "ana", "Sea in mist", "").await;
    assert_eq!(found(&register, "mist").await.len(), 2);
    let erased = words(
        &json!({"titles": [{"lang": "und", "text": "Hills in mist"}], "names": [""], "about": "nobody searches here"}),
    );
    assert!(register.running.api().register.cards.erase(&erased.digest()).unwrap());
    // The first who comes upon it is not shown it, and from then on it is not there.
    let answer = register.get("/v1/search?q=mist").await.json();
    assert_eq!(answer["hits"], json!(std::slice::from_ref(&sea)));
    assert_eq!(found(&register, "mist").await, std::slice::from_ref(&sea));
    assert_eq!(found(&register, "hills").await, Vec::<Value>::new());
    // Nor is it after a start, and what is there is read again from the log.
    let dir = register.stop().await;
    let register = Register::open(dir, Clock::standing_at(NOW_MS + 1));
    assert_eq!(found(&register, "mist").await, [sea], "{hills}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_come_after_their_entry_are_found_then() {
    let register = Register::new();
    let card = words(&json!({"titles": [{"lang": "und", "text": "Hills"}]}));
    let body = || Body::Mint(Mint { card: card.digest(), ..mint("ana", "hills") });
    register.record(Signing::of(body(), &["ana"])).await;
    assert_eq!(found(&register, "hills").await, Vec::<Value>::new());
    let entry = Signing::of(body(), &["ana"]).note(register.id());
    let again = register.post_json("/v1/entries", &json!({"entry": entry, "card": card})).await;
    assert_eq!(again.status.as_u16(), 200);
    assert_eq!(found(&register, "hills").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_comes_in_pages_and_questions_have_limits() {
    let register = Register::new();
    for n in 0..45 {
        titled(&register, "ana", &format!("Hills {n}"), "").await;
    }
    let (mut seen, mut after) = (Vec::new(), json!(0));
    while !after.is_null() {
        let page = register.get(&format!("/v1/search?q=hills&after={after}")).await.json();
        assert_eq!(page["count"], 45);
        seen.extend(page["hits"].as_array().unwrap().iter().map(ToString::to_string));
        after = page["next"].clone();
    }
    let mut works = seen.clone();
    works.sort_unstable();
    works.dedup();
    assert_eq!((seen.len(), works.len()), (45, 45));
    let long = "a".repeat(257);
    for wrong in ["", "?q=", "?after=1", &format!("?q={long}"), "?q=a&after=x", "?q=a&after=1001"] {
        let answer = register.get(&format!("/v1/search{wrong}")).await;
        if wrong == "?q=" {
            assert_eq!(answer.json()["count"], 0);
        } else {
            assert_eq!(answer.code(), "bad_request", "{wrong}");
        }
    }
    let metrics = register.get("/metrics").await;
    let size = register.running.api().register.newest().size;
    assert!(metrics.text().contains(&format!("colophon_searchable_entries {size}\n")), "{}", metrics.text());
}

/// A mint of a picture with codes, and Content Credentials where they are named.
fn coded(by: &str, face: &str, image: [u8; 32], label: Option<&str>) -> Signing<'static> {
    let units = [Unit::new(UnitKind::Image, image), Unit::new(UnitKind::Instance, *digest(face).0.as_bytes())];
    let iscc = Iscc::new(units.to_vec()).unwrap().to_string();
    let store = digest("store");
    let (signer, state, trust_list) = (None, None, None);
    let c2pa = label.map(|label| Credentials { label: label.parse().unwrap(), signer, state, store, trust_list });
    let plain = mint(by, face);
    let file = WorkFile { c2pa, fingerprint: Some(iscc.parse().unwrap()), ..plain.files.as_slice()[0].clone() };
    let by = if by == "ana" { "ana" } else { "bo" };
    Signing::of(Body::Mint(Mint { files: Files::new(vec![file]).unwrap(), ..plain }), &[by])
}

fn base64(units: &[(u8, &[u8; 32])]) -> String {
    use base64::Engine as _;
    let bytes: Vec<u8> = units.iter().flat_map(|(types, code)| [&[*types, 7][..], *code].concat()).collect();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripped_picture_leads_to_the_entry_that_names_its_manifest() {
    let register = Register::new();
    let image = [0x5a; 32];
    let mut near = image;
    near[0] ^= 0b111;
    let label = "urn:c2pa:f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4";
    let first = register.record(coded("ana", "hills", image, Some(label))).await;
    let second = register.record(coded("bo", "copy", near, None)).await;
    register.record(coded("bo", "sea", [0x33; 32], Some("urn:c2pa:other"))).await;
    let alike = |entry: &Value, score: u32| json!({"work": entry["id"], "file": 1, "index": entry["index"], "similarityScore": score});
    let ask = |value: String| format!("/v1/matches/byBinding?alg=io.iscc.v0&value={value}");
    let answer = register.get(&ask(base64(&[(0x21, &image)]))).await.json();
    let manifest = json!({"manifestId": label, "similarityScore": 99, "store": digest("store"), "work": first["id"]});
    assert_eq!(answer["matches"], json!([manifest]));
    assert_eq!(answer["works"], json!([alike(&first, 99), alike(&second, 99)]));
    // The very bytes score a hundred, whatever they show.
    let instance = *digest("copy").0.as_bytes();
    let answer = register.get(&ask(base64(&[(0x21, &image), (0x40, &instance)]))).await.json();
    assert_eq!(answer["works"], json!([alike(&second, 100), alike(&first, 99)]));
    let one = register.get(&format!("{}&maxResults=1", ask(base64(&[(0x21, &image)])))).await.json();
    assert_eq!(one["works"].as_array().unwrap().len(), 1);
    let body = json!({"alg": "io.iscc.v0", "value": base64(&[(0x21, &near)])});
    let posted = register.post_json("/v1/matches/byBinding", &body).await.json();
    assert_eq!(
        (&posted["matches"][0]["manifestId"], &posted["matches"][0]["similarityScore"]),
        (&json!(label), &json!(99))
    );
    // The name of who made a manifest may have a slash in it.
    for label in [label, "urn:c2pa:f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4:acme/1"] {
        let kept = register.get(&format!("/v1/manifests/{label}")).await;
        assert_eq!((kept.status.as_u16(), kept.code().as_str()), (404, "manifest_not_kept"), "{label}");
    }
    for wrong in [
        ask(String::new()),
        ask("AAAA".to_owned()),
        ask(base64(&[(0x30, &image)])),
        ask(base64(&[(0x21, &image); 17])),
        "/v1/matches/byBinding?alg=io.iscc.v0".to_owned(),
    ] {
        assert_eq!(register.get(&wrong).await.code(), "bad_request", "{wrong}");
    }
    assert_eq!(register.post("/v1/matches/byBinding", "text/plain", "x").await.code(), "unsupported_media_type");
    let long = json!({"alg": "io.iscc.v0", "value": "A".repeat(20_000)});
    assert_eq!(register.post_json("/v1/matches/byBinding", &long).await.code(), "body_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirrored_picture_is_found_by_who_sends_the_codes_of_its_variants() {
    let register = Register::new();
    let image = [0x5a; 32];
    let label = "urn:c2pa:f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4";
    register.record(coded("ana", "hills", image, Some(label))).await;
    let strange: [[u8; 32]; 15] = std::array::from_fn(|n| *digest(&format!("variant {n}")).0.as_bytes());
    let mut value: Vec<(u8, &[u8; 32])> = strange.iter().map(|code| (0x21, code)).collect();
    let ask = |value: &[(u8, &[u8; 32])]| format!("/v1/matches/byBinding?alg=io.iscc.v0&value={}", base64(value));
    assert_eq!(register.get(&ask(&value)).await.json()["matches"], json!([]));
    value.push((0x21, &image));
    let found = register.get(&ask(&value)).await.json();
    assert_eq!(
        (&found["matches"][0]["manifestId"], &found["works"][0]["similarityScore"]),
        (&label.into(), &99.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_where_soft_bindings_are_resolved_is_told() {
    let register = Register::new();
    let told = register.get("/.well-known/c2pa-soft-binding-resolution").await.json();
    let under = |name: &str| format!("{}/{name}", told["apiEndpoint"].as_str().unwrap());
    let algorithms = register.get(&under("services/supportedAlgorithms")).await.json();
    assert_eq!(algorithms, json!({"watermarks": [], "fingerprints": [{"alg": "io.iscc.v0"}]}));
    assert_eq!(told["capabilitiesEndpoint"], under("services/capabilities"));
    let capabilities = register.get(&under("services/capabilities")).await.json();
    assert_eq!(capabilities, json!({"c2paSpecificationVersion": "2.4.0", "supportedCapabilities": []}));
    assert_eq!(told["c2paSpecificationVersion"], capabilities["c2paSpecificationVersion"]);
    let status = told["statusEndpoint"].as_str().unwrap();
    let told = |status: &str| json!({"status": status, "timestamp": written(NOW_MS)});
    assert_eq!(register.get(status).await.json(), told("ok"));
    register.running.api().close_door();
    assert_eq!(register.get(status).await.json(), told("degraded"));
}
