//! Every rule as a table: one line an entry, and what becomes of it. Refusals stand in their order of precedence.

use std::collections::{BTreeMap, BTreeSet};

use colophon_ledger::account::{AccountId, AccountPrev};
use colophon_ledger::batch::{Batch, Position};
use colophon_ledger::deal::{Basis, Delivery, Money, Price};
use colophon_ledger::entry::accept::{Accept, AcceptWord};
use colophon_ledger::entry::close::{Close, CloseWord};
use colophon_ledger::entry::log_key::{LogKey, LogKeyWord};
use colophon_ledger::entry::mint::{Creator, Creators, Files, Mint, MintWord, Training, WorkFile};
use colophon_ledger::entry::profile::{Profile, ProfileWord};
use colophon_ledger::entry::retire::{Retire, RetireWord};
use colophon_ledger::entry::rotate::{Rotate, RotateWord};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::upgrade::{Upgrade, UpgradeWord};
use colophon_ledger::entry::{Body, text_of};
use colophon_ledger::field::{EntryId, Int, List, Marker};
use colophon_ledger::governance::Governors;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::Successor;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_tlog::note::{Signer, VerifierKey};

use crate::proposed::{agrees, foresee};
use crate::world::{DAY_MS, World, account, digest, key_list, signed};

pub(crate) fn mint_body(by: &str, face: &str) -> Mint {
    let creator = Creator { account: None, role: "art".parse().unwrap(), share_bp: Int::new(10_000).unwrap() };
    let file = WorkFile {
        bytes: Int::new(7).unwrap(),
        c2pa: None,
        dhash: None,
        fingerprint: None,
        media_type: "image/png".parse().unwrap(),
        prep: None,
        sha256: digest(face),
    };
    Mint {
        ack_first: None,
        ack_similar: None,
        by: account(by),
        card: digest("a card"),
        country: "CN".parse().unwrap(),
        created: "2026-11".parse().unwrap(),
        creators: Creators::new(vec![creator]).unwrap(),
        derived_from: None,
        editions: Int::new(2).unwrap(),
        files: Files::new(vec![file]).unwrap(),
        facts: None,
        kind: MintWord::It,
        license: "LicenseRef-ARR".parse().unwrap(),
        made_in: None,
        source_type: "digitalCreation".parse().unwrap(),
        training: Training::NotAllowed,
        tree: None,
        work_kind: "digital_image".parse().unwrap(),
    }
}

pub(crate) fn terms_body(by: &str, to: &str, work: EntryId, prev: EntryId, expires_ms: u64) -> Terms {
    let price = Money { amount: Int::new(125_000).unwrap(), currency: "EUR".parse().unwrap() };
    Terms {
        basis: Basis::Sale,
        by: account(by),
        card: None,
        delivery: Delivery::Digital,
        documents: None,
        edition: Int::new(1).unwrap(),
        expires_ms: Int::new(expires_ms).unwrap(),
        firm: None,
        professional: None,
        value: None,
        from_country: "CN".parse().unwrap(),
        kind: TermsWord::Transfer,
        prev,
        price: Some(Price::Open(price)),
        to: account(to),
        to_country: "FR".parse().unwrap(),
        work,
    }
}

pub(crate) fn accept_body(by: &str, work: EntryId, prev: EntryId) -> Body {
    let edition = Int::new(1).unwrap();
    Body::Accept(Accept { by: account(by), edition, kind: AcceptWord::It, prev, work })
}

pub(crate) fn close_body(by: &str, work: EntryId, prev: EntryId) -> Body {
    let edition = Int::new(1).unwrap();
    Body::Close(Close { by: account(by), edition, kind: CloseWord::It, prev, work })
}

pub(crate) fn profile_body(by: &str, prev: AccountPrev) -> Body {
    let country = "CN".parse().unwrap();
    Body::Profile(Profile { by: account(by), card: digest("a profile"), country, kind: ProfileWord::It, prev })
}

pub(crate) fn sorted(names: &[&str]) -> (AccountId, Governors) {
    let governors = Governors::new(names.iter().map(|name| account(name)).collect()).unwrap();
    (governors.as_slice()[0], governors)
}

pub(crate) fn log_key_body(governors: &[&str], prev: EntryId, key: &VerifierKey) -> Body {
    let (by, governors) = sorted(governors);
    Body::LogKey(LogKey { by, governors, kind: LogKeyWord::It, log_vkey: key.to_string(), prev })
}

pub(crate) fn upgrade_body(governors: &[&str], prev: EntryId, height: u64) -> Body {
    let (by, governors) = sorted(governors);
    let (height, rules) = (Int::new(height), Int::new(2));
    Body::Upgrade(Upgrade { by, governors, height, kind: UpgradeWord::It, prev, rules, void: None })
}

pub(crate) fn void_body(governors: &[&str], prev: EntryId, void: &[u64]) -> Body {
    let (by, governors) = sorted(governors);
    let void = List::new(void.iter().map(|index| Int::new(*index).unwrap()).collect());
    Body::Upgrade(Upgrade { by, governors, height: None, kind: UpgradeWord::It, prev, rules: None, void })
}

pub(crate) fn retire_body(governors: &[&str], prev: EntryId, successor: Option<&str>) -> Body {
    let (by, governors) = sorted(governors);
    let origin = "next.example/art".parse().unwrap();
    let successor = successor.map(|name| Successor { founding: digest(name), origin });
    Body::Retire(Retire { by, governors, kind: RetireWord::It, prev, successor })
}

pub(crate) fn rotate_body(prev: AccountPrev, by: &str, keys: &[&str], threshold: u64, next: Option<&[&str]>) -> Body {
    Body::Rotate(Rotate {
        by: account(by),
        keys: key_list(keys),
        kind: RotateWord::It,
        next: next.map(|names| key_list(names).commitment()),
        prev,
        threshold: Int::new(threshold).unwrap(),
    })
}

/// The words of one line after its actor and kind: `name=value`.
pub(crate) struct Words<'l>(BTreeMap<&'l str, &'l str>);

impl<'l> Words<'l> {
    pub(crate) fn read(words: &[&'l str]) -> Words<'l> {
        Words(words.iter().map(|word| word.split_once('=').unwrap_or((word, ""))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'l str> {
        self.0.get(name).copied()
    }

    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'l str>> {
        self.get(name).map(|value| value.split(',').collect())
    }
}

pub(crate) fn id(world: &World, label: &str) -> EntryId {
    world.ids.get(label).copied().unwrap_or_else(|| digest(label))
}

/// Returns the terms of one line; `days=` is how far ahead they run out.
fn terms_of(world: &World, actor: &str, words: &Words<'_>, kind: TermsWord) -> Terms {
    let work = id(world, words.get("work").unwrap());
    let prev = words.get("prev").map_or_else(|| world.edition_prev(&work), |label| id(world, label));
    let days: i64 = words.get("days").map_or(30, |days| days.parse().unwrap());
    let expires_ms = world.time_ms.saturating_add_signed(days * i64::try_from(DAY_MS).unwrap());
    let mut terms = terms_body(actor, words.get("to").unwrap(), work, prev, expires_ms);
    terms.kind = kind;
    terms.firm = words.get("firm").map(|_| Marker);
    terms.from_country = words.get("from").unwrap_or("CN").parse().unwrap();
    terms.edition = Int::new(words.get("edition").map_or(1, |number| number.parse().unwrap())).unwrap();
    terms
}

fn mint_of(world: &World, actor: &str, words: &Words<'_>) -> Mint {
    let mut mint = mint_body(actor, words.get("face").unwrap());
    mint.source_type = words.get("source").unwrap_or("digitalCreation").parse().unwrap();
    mint.facts = crate::borders::facts_of(words).map(Box::new);
    mint.ack_first = words.get("ack").map(|label| id(world, label));
    mint.ack_similar = words.get("like").map(|label| List::new(vec![id(world, label)]).unwrap());
    mint.derived_from = words.get("of").map(|label| List::new(vec![id(world, label)]).unwrap());
    // A card of its own makes two mints of one maker two entries.
    mint.card = digest(words.get("card").unwrap_or("a card"));
    if let Some(second) = words.get("also") {
        let mut files = mint.files.as_slice().to_vec();
        files.push(WorkFile { sha256: digest(second), ..files[0].clone() });
        mint.files = Files::new(files).unwrap();
    }
    if let Some(creator) = words.get("with") {
        let share = |account, share_bp| Creator {
            account,
            role: "art".parse().unwrap(),
            share_bp: Int::new(share_bp).unwrap(),
        };
        mint.creators = Creators::new(vec![share(None, 4_000), share(Some(account(creator)), 6_000)]).unwrap();
    }
    mint
}

fn body_of(world: &World, actor: &str, kind: &str, words: &Words<'_>) -> Body {
    let chain = || {
        let work = id(world, words.get("work").unwrap());
        (work, words.get("prev").map_or_else(|| world.edition_prev(&work), |label| id(world, label)))
    };
    let account_prev =
        || words.get("prev").map_or_else(|| world.account_prev(actor), |label| AccountPrev::Entry(id(world, label)));
    match kind {
        "mint" => Body::Mint(mint_of(world, actor, words)),
        "transfer" => Body::Transfer(terms_of(world, actor, words, TermsWord::Transfer)),
        "offer" => Body::Offer(terms_of(world, actor, words, TermsWord::Offer)),
        "accept" => accept_body(actor, chain().0, chain().1),
        "close" => close_body(actor, chain().0, chain().1),
        "profile" => profile_body(actor, account_prev()),
        "log_key" | "upgrade" | "retire" => act_body(world, actor, kind, words),
        "rules" | "authority" | "attest" | "revoke" | "receipt" | "amend" => {
            crate::borders::body_of(world, actor, kind, words)
        }
        "flag" | "lien" | "loan" | "release" | "move" | "transmit" => {
            crate::burdens::body_of(world, actor, kind, words)
        }
        "rotate" => {
            let threshold = words.get("threshold").map_or(1, |number| number.parse().unwrap());
            let next = words.list("next");
            rotate_body(account_prev(), actor, &words.list("keys").unwrap(), threshold, next.as_deref())
        }
        other => panic!("no such kind {other}"),
    }
}

/// Returns an act of the governors of one line: `governors=` are those it names, `ahead=` is how many batches.
fn act_body(world: &World, actor: &str, kind: &str, words: &Words<'_>) -> Body {
    let governors = words.list("governors").unwrap_or_else(|| vec![actor]);
    let prev = words.get("prev").map_or_else(|| world.act_prev(), |label| id(world, label));
    match kind {
        "log_key" => {
            let origin = words.get("origin").unwrap_or(world.rules.register.origin.as_str());
            let signer = Signer::new(origin, crate::world::key(words.get("key").unwrap())).unwrap();
            log_key_body(&governors, prev, &signer.verifier())
        }
        "upgrade" if words.get("void").is_some() => {
            let void: Vec<u64> = words.list("void").unwrap().iter().map(|index| index.parse().unwrap()).collect();
            void_body(&governors, prev, &void)
        }
        "upgrade" => {
            let ahead: u64 = words.get("ahead").unwrap().parse().unwrap();
            upgrade_body(&governors, prev, world.replay.position().height + ahead)
        }
        _ => retire_body(&governors, prev, words.get("successor")),
    }
}

/// Who signs a line if it does not say: the accounts the kind needs, each by its first key.
fn signers_of<'l>(actor: &'l str, kind: &str, words: &Words<'l>) -> Vec<(&'l str, &'l str)> {
    if let Some(signed) = words.list("signed") {
        return signed.into_iter().map(|word| word.split_once(':').unwrap_or((word, word))).collect();
    }
    let mut signers = vec![(actor, actor)];
    match kind {
        "transfer" | "transmit" => signers.extend(words.get("to").map(|to| (to, to))),
        "lien" => signers.extend(words.get("creditor").map(|name| (name, name))),
        "loan" => signers.extend(words.get("borrower").map(|name| (name, name))),
        "mint" => signers.extend(words.get("with").map(|with| (with, with))),
        "rotate" => signers.extend(words.list("keys").into_iter().flatten().map(|key| (actor, key))),
        "log_key" | "upgrade" | "retire" => {
            signers = words.list("governors").unwrap_or(vec![actor]).into_iter().map(|name| (name, name)).collect();
        }
        _ => {}
    }
    signers
}

/// Runs a table: `actor kind words… [as label] -> accepted | refusal code`, or `wait N days`. The only caller of the world.
pub(crate) fn check(table: &str) -> BTreeSet<String> {
    check_in(&mut World::new(), table)
}

/// Submits what a table says to a register that is there, and returns the codes that were answered.
pub(crate) fn check_in(world: &mut World, table: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (number, line) in table.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(days) = line.strip_prefix("wait ") {
            world.time_ms += days.trim_end_matches(" days").parse::<u64>().unwrap() * DAY_MS;
            continue;
        }
        let (entry, expected) = line.split_once(" -> ").unwrap();
        let (entry, label) = entry.split_once(" as ").unwrap_or((entry, "unnamed"));
        let words: Vec<&str> = entry.split_whitespace().collect();
        let [actor, kind, rest @ ..] = words.as_slice() else { panic!("line {number}: {line}") };
        let words = Words::read(rest);
        let body = body_of(world, actor, kind, &words);
        let before = world.replay.state_root();
        let foreseen = foresee(world, &body);
        let outcome = world.submit(&body, &signers_of(actor, kind, &words));
        agrees(world, &body, &outcome, foreseen);
        let code = outcome.as_ref().map_or_else(Refusal::code, |_| "accepted");
        assert_eq!(code, expected.trim(), "line {number}: {line}: {outcome:?}");
        if outcome.is_ok() {
            let last = world.ids["last"];
            world.ids.insert(label.trim().to_owned(), last);
        } else {
            assert_eq!(world.replay.state_root(), before, "line {number}: a refused entry leaves no trace");
        }
        seen.insert(code.to_owned());
    }
    seen
}

const MINTS: &str = "
    ana mint face=hills as hills                                 -> accepted
    # the very same entry again
    ana mint face=hills                                          -> repeated
    # the same face again: silently by another, twice by the same, with a wrong acknowledgement
    bo  mint face=hills                                          -> ack_first_missing
    ana mint face=hills card=other                               -> face_repeated
    bo  mint face=hills ack=nothing                              -> ack_first_wrong
    bo  mint face=hills ack=hills as claim                       -> accepted
    bo  mint face=hills ack=hills card=other                     -> face_repeated
    cy  mint face=hills ack=claim                                -> ack_first_wrong
    cy  mint face=hills ack=hills                                -> accepted
    ana mint face=hills ack=hills card=other                     -> ack_first_wrong
    ana mint face=new ack=hills                                  -> ack_first_wrong
    # a file that is no face may stand in any number of works
    ana mint face=game1 also=font                                -> accepted
    bo  mint face=game2 also=font                                -> accepted
    ana mint face=font card=font as font                         -> accepted
    ana mint face=font card=other                                -> face_repeated
    bo  mint face=font ack=font                                  -> ack_first_wrong
    # derived works
    bo  mint face=after of=nothing                               -> work_unknown
    bo  mint face=after of=hills                                 -> accepted
    # works that it is knowingly like
    bo  mint face=alike like=nothing                             -> work_unknown
    bo  mint face=alike like=hills                               -> accepted
    # a co-creator named by account signs too
    ana mint face=duet with=bo signed=ana                        -> signature_set
    ana mint face=duet with=bo                                   -> accepted
    operator mint face=own                                       -> operator_cannot_own
";

const TRANSFERS: &str = "
    ana mint face=hills as hills                                 -> accepted
    # every refusal of a transfer, each hiding the ones after it
    bo  transfer work=nothing edition=3 prev=x to=bo from=DE days=-1    -> work_unknown
    bo  transfer work=hills edition=3 prev=x to=bo from=DE days=-1      -> edition_unknown
    bo  transfer work=hills prev=x to=operator from=DE days=-1          -> prev_stale
    bo  transfer work=hills to=operator from=DE days=-1                 -> operator_cannot_own
    bo  transfer work=hills to=bo from=DE days=-1 signed=bo             -> not_holder
    ana transfer work=hills to=ana from=DE days=-1 signed=ana           -> same_holder
    ana transfer work=hills to=bo from=DE days=-1                       -> country_mismatch
    ana transfer work=hills to=bo days=-1                               -> expired
    ana transfer work=hills to=bo days=367                              -> expires_too_late
    ana transfer work=hills to=bo signed=ana                            -> signature_set
    ana transfer work=hills to=bo signed=bo                             -> signature_set
    ana transfer work=hills to=bo signed=ana,bo,cy                      -> signature_set
    ana transfer work=hills to=bo days=366 as sale                      -> accepted
    # sold twice: by the old prev, and by the old holder; then for good, in the last millisecond
    ana transfer work=hills prev=hills to=cy                            -> prev_stale
    ana transfer work=hills to=cy from=FR                               -> not_holder
    bo  transfer work=hills to=cy                                       -> country_mismatch
    bo  transfer work=hills to=cy from=FR days=0                        -> accepted
    # another edition is still the maker's
    ana transfer work=hills edition=2 prev=hills to=bo                  -> accepted
";

const OFFERS: &str = "
    ana mint face=hills as hills                                 -> accepted
    bo  accept work=hills                                        -> no_offer
    ana offer work=hills to=bo days=10 as offer                  -> accepted
    cy  accept work=hills                                        -> not_recipient
    ana offer work=hills to=cy                                   -> offer_stands
    ana transfer work=hills to=cy                                -> offer_stands
    cy  close work=hills                                         -> not_holder
    ana close work=hills as closed                               -> accepted
    bo  accept work=hills prev=offer                             -> prev_stale
    bo  accept work=hills                                        -> no_offer
    # firm: neither withdrawn nor sold past the recipient, who may still decline
    ana offer work=hills to=bo days=10 firm as firm              -> accepted
    ana close work=hills                                         -> offer_firm
    ana transfer work=hills to=cy                                -> offer_stands
    bo  close work=hills                                         -> accepted
    # it runs out and needs no close
    ana offer work=hills to=bo days=10 firm                      -> accepted
    wait 11 days
    bo  accept work=hills                                        -> expired
    bo  close work=hills                                         -> not_holder
    ana offer work=hills to=bo days=10 as again                  -> accepted
    # a party's rotation voids it; the next is accepted in its last millisecond
    bo  rotate keys=bo.2                                         -> accepted
    bo  accept work=hills signed=bo:bo.2                         -> no_offer
    ana offer work=hills to=bo days=0                            -> accepted
    bo  accept work=hills signed=bo                              -> signature_set
    bo  accept work=hills signed=bo:bo.2                         -> accepted
    ana close work=hills                                         -> not_holder
    # with no offer a close voids half-signed transfers
    bo  close work=hills signed=bo:bo.2 as voided                -> accepted
    bo  transfer work=hills prev=again to=cy from=FR signed=bo:bo.2,cy -> prev_stale
";

const ACCOUNTS: &str = "
    ana profile                                                  -> accepted
    ana profile prev=nothing                                     -> prev_stale
    ana rotate keys=a1,a2,a3 threshold=2 prev=nothing            -> prev_stale
    # signed by the old threshold and every new key
    ana rotate keys=a1,a2,a3 threshold=2 signed=ana:a1,ana:a2,ana:a3 -> signature_set
    ana rotate keys=a1,a2,a3 threshold=2 signed=ana,ana:a1,ana:a2    -> signature_set
    ana rotate keys=a1,ana                                       -> key_reused
    ana rotate keys=a1,a2,a3 threshold=2                         -> accepted
    # two of three, no more, no fewer, no former key
    ana profile signed=ana:a1                                    -> signature_set
    ana profile signed=ana                                       -> signature_set
    ana profile signed=ana:a1,ana:a2,ana:a3                      -> signature_set
    ana profile signed=ana:a1,ana:a3                             -> accepted
    ana rotate keys=a3,a4 signed=ana:a1,ana:a3,ana:a4            -> key_reused
    # a rotation may commit to the one after it
    ana rotate keys=a4 next=a5,a6 signed=ana:a1,ana:a2,ana:a4    -> accepted
    ana rotate keys=thief signed=ana:a4,ana:thief                -> next_mismatch
    ana rotate keys=a5,a6 threshold=2 signed=ana:a4,ana:a5,ana:a6 -> accepted
    ana rotate keys=a1 signed=ana:a5,ana:a6,ana:a1               -> key_reused
    # an operator's account changes its keys like any other
    operator rotate keys=operator.2                              -> accepted
    bo  mint face=later                                          -> accepted
";

const ACTS: &str = "
    governor upgrade ahead=1000 prev=nothing                     -> prev_stale
    ana upgrade ahead=999                                        -> not_governor
    governor upgrade ahead=1000 governors=ana,governor           -> not_governor
    governor upgrade ahead=1000 signed=ana                       -> signature_set
    governor upgrade ahead=999                                   -> upgrade_too_near
    governor upgrade ahead=1000 as upgrade                       -> accepted
    # what is to be voided: an entry that the rules took, a seal, what is not there, the upgrade itself
    governor upgrade void=2                                      -> void_unfit
    governor upgrade void=3                                      -> void_unfit
    governor upgrade void=4                                      -> void_unfit
    governor upgrade void=9                                      -> void_unfit
    ana upgrade void=2                                           -> not_governor
    # the key of the log: another, under its name
    governor log_key key=log.2 prev=upgrade origin=elsewhere.example -> log_key_unfit
    governor log_key key=log                                     -> accepted
    governor log_key key=log                                     -> log_key_unfit
    governor log_key key=log.2 prev=upgrade                      -> prev_stale
    governor log_key key=log.2                                   -> accepted
    # a governor's account changes its keys like any other
    governor rotate keys=governor.2                              -> accepted
    governor retire                                              -> signature_set
    ana mint face=hills as hills                                 -> accepted
    governor retire signed=governor:governor.2 successor=next    -> accepted
    # nothing comes after it
    ana mint face=other                                          -> retired
    ana transfer work=hills to=bo                                -> retired
    ana rotate keys=ana.2                                        -> retired
    governor upgrade ahead=1000 signed=governor:governor.2       -> retired
    governor retire signed=governor:governor.2                   -> retired
";

/// Bodies that have no place in the tables because no typed body can be that wrong: one change to a good entry each.
fn misshapen(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "hills")));
    let changed = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        raw_note(&changed)
    };
    vec![
        ("entry_too_large", vec![b'a'; 16 * 1024 + 1]),
        ("entry_malformed", b"no note at all\n".to_vec()),
        ("entry_malformed", changed("colophon.entry/v1", "colophon.entry/v2")),
        ("body_malformed", changed("{", "[")),
        ("body_malformed", raw_note(&format!("{}\n{}\n", text.lines().next().unwrap(), "[".repeat(8_000)))),
        ("unknown_kind", changed("\"kind\":\"mint\"", "\"kind\":\"bless\"")),
        ("unknown_member", changed("\"license\"", "\"licence\"")),
        ("body_invalid", changed("\"editions\":2", "\"editions\":0")),
        ("body_invalid", changed("\"editions\":2", "\"editions\":2.5")),
        ("body_not_canonical", changed("\"editions\":2", "\"editions\": 2")),
        ("wrong_origin", changed("registry.example/art", "registry.example/arts")),
        ("wrong_genesis", changed(&world.rules.register.genesis.to_string(), &digest("other").to_string())),
    ]
}

/// Signs any text at all as `ana` would.
pub(crate) fn raw_note(text: &str) -> Vec<u8> {
    let signer = Signer::new(account("ana").as_str(), crate::world::key("ana")).unwrap();
    format!("{text}\n{}\n", signer.sign(text)).into_bytes()
}

#[test]
fn every_refusal_is_reached_in_its_order_of_precedence() {
    let mut seen: BTreeSet<String> = [MINTS, TRANSFERS, OFFERS, ACCOUNTS, ACTS].into_iter().flat_map(check).collect();
    let mut world = World::new();
    for (code, bytes) in misshapen(&world) {
        assert_eq!(world.submit_bytes(&bytes).map_err(|refusal| refusal.code()), Err(code));
        seen.insert(code.to_owned());
    }
    let genesis = world.leaves[0].clone();
    let seal = world.leaves[1].clone();
    assert_eq!(world.submit_bytes(&genesis).unwrap_err().code(), "not_submittable");
    assert_eq!(world.submit_bytes(&seal).unwrap_err().code(), "not_submittable");
    let mut forged =
        signed(&text_of(&world.rules.register, &Body::Mint(mint_body("ana", "hills"))), &[("ana", "ana")]).to_bytes();
    let place = forged.len() - 10;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    assert_eq!(world.submit_bytes(&forged).unwrap_err().code(), "signature_invalid");
    seen.extend(["not_submittable", "signature_invalid"].map(str::to_owned));
    seen.extend(crate::succession::refusals().into_iter().map(str::to_owned));
    seen.extend(crate::borders::refusals());
    seen.extend(crate::burdens::refusals());
    seen.extend(crate::dues::refusals());
    assert_eq!(rules_ended(), "rules_ended");
    seen.insert("rules_ended".to_owned());
    assert_eq!(card_refusal(), "card_mismatch");
    seen.insert("card_mismatch".to_owned());

    // The source lists each code once, in the function that names them.
    let source = include_str!("../../src/refusal.rs");
    let listed: BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.split_once("=> \"").filter(|(left, _)| left.contains("Refusal::")))
        .map(|(_, rest)| rest.trim_end_matches([',', '"']).to_owned())
        .collect();
    let unseen: Vec<&String> = listed.difference(&seen).collect();
    assert!(unseen.is_empty(), "no line of the tables reaches {unseen:?}");
}

/// What a batch at the height of an upgrade says.
fn rules_ended() -> &'static str {
    let mut world = World::new();
    let height = world.replay.position().height + 1_000;
    world.must("upgrade", &upgrade_body(&["governor"], world.act_prev(), height), &["governor"]);
    let mint = |face| signed(&text_of(&world.rules.register, &Body::Mint(mint_body("ana", face))), &[("ana", "ana")]);
    let at = |height| {
        let position = Position { height, ..world.replay.position() };
        let mut batch = Batch::open(&world.rules, world.replay.records(), position, world.time_ms);
        batch.push(Signed::check(mint("hills"), world.replay.records()).unwrap())
    };
    assert!(at(height - 1).is_ok());
    let Err(Stop::Refused(refusal)) = at(height) else { panic!("rules that have ended judge nothing") };
    assert!(refusal.needs_newer_software());
    refusal.code()
}

fn card_refusal() -> &'static str {
    let card = colophon_ledger::card::Card::new([1; 32], "{}".to_owned()).unwrap();
    let body = Body::Mint(mint_body("ana", "hills"));
    colophon_ledger::draft::check_card(&body, Some(&card)).unwrap_err().code()
}
