//! The corridor's rules on the ledger: who may publish them, which documents count, and what stands in the records afterwards.

use std::collections::BTreeSet;

use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::rule_book::digest_in_force;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::amend::{Amend, AmendWord};
use colophon_ledger::entry::attest::{Attest, AttestWord};
use colophon_ledger::entry::authority::{AuthorityWord, EnrolAuthority};
use colophon_ledger::entry::receipt::{Receipt, ReceiptWord};
use colophon_ledger::entry::revoke::{Revoke, RevokeWord};
use colophon_ledger::entry::rules::{PublishRules, RULE_SETS_MAX, RulesWord, lines_of};
use colophon_ledger::facts::WorkFacts;
use colophon_ledger::field::{DocumentType, EntryId, Int, List};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::state::{
    About, AuthoritiesRecord, CrossingRecord, NotesRecord, PaperRecord, RecordKey, Records as _, RuleListRecord,
    WorkRecord,
};

use crate::rules::{Words, check, id, mint_body, sorted, terms_body};
use crate::world::{DAY_MS, World, account, digest};

const TERMS: &str = r#"@cite("Act on Borders, section 5")
@checked("2026-11-29")
@because("works leave with a paper")
"#;

/// Returns the text of a rule set by its name in the tables.
pub(crate) fn text(name: &str) -> String {
    let gate = |id: &str, outcome: &str, document: &str, by: &str, when: &str| {
        format!(
            "@id(\"{id}\")\n{TERMS}@outcome(\"{outcome}\")\n@document(\"{document}\")\n@by(\"{by}\")\n\
             forbid (principal, action in Action::\"crossing\", resource)\nwhen {{ {when} }}\n\
             unless {{ context.papers.contains({{ document: Document::\"{document}\", by: \"{by}\" }}) }};\n"
        )
    };
    let owed = |by: &str| {
        format!("@id(\"due\")\n{TERMS}@owes(\"ARR_RECEIPT\")\n@by(\"{by}\")\npermit (principal, action, resource);\n")
    };
    match name {
        "licence" => gate("licence", "refuse", "NAT_EXPORT_LICENCE", "from", "context.from != context.to"),
        "label" => gate("label", "hold", "AI_LABEL_ATTEST", "giver", "context.to == Country::\"FR\""),
        "royalty" => format!(
            "@id(\"share\")\n{TERMS}@owes(\"ARR_RECEIPT\")\n@by(\"maker\")\n@royalty(\"EUR 4% above\")\n\
             permit (principal, action, resource) when {{ context.price has EUR }};\n"
        ),
        "to_recipient" => owed("recipient"),
        "to_giver" => owed("giver"),
        "to_country" => owed("from"),
        "to_union" => owed("EU"),
        "relics" => gate(
            "relics",
            "refuse",
            "NAT_EXPORT_LICENCE",
            "from",
            "context.work.category == Category::\"manuscript\" && context.work.older_than >= 200",
        ),
        "sanctions" => shipped("EU-SANCTIONS").to_owned(),
        "held" => gate(
            "held",
            "hold",
            "INVOICE",
            "giver",
            "context.basis == Basis::\"sale\" && context has held_days && context.held_days < 1095",
        ),
        "parties" => {
            gate("parties", "hold", "INVOICE", "giver", "!context.giver.maker || !context.recipient.listed.isEmpty()")
        }
        "huge" => format!("{}\n", " ".repeat(900)).repeat(14),
        "overflow" => gate("sum", "hold", "INVOICE", "from", "context.year * 9223372036854775807 > 1"),
        "broken" => "forbid (principal, action, resource) when { context.nothing };".to_owned(),
        other => panic!("no rules called {other}"),
    }
}

/// Returns the text of a rule set that comes with the software.
fn shipped(name: &str) -> &'static str {
    let mut sets = colophon_corridor::shipped::SHIPPED.iter();
    sets.find(|(known, _)| *known == name).expect("a shipped set").1
}

/// Returns the body of one line of a table: `rules`, `authority`, `attest`, `revoke`, `receipt` or `amend`.
pub(crate) fn body_of(world: &World, actor: &str, kind: &str, words: &Words<'_>) -> Body {
    match kind {
        "rules" => {
            let prev = words.get("prev").map_or_else(|| world.act_prev(), |label| id(world, label));
            let ahead: u64 = words.get("ahead").unwrap().parse().unwrap();
            let height = world.replay.position().height + ahead;
            rules_body(actor, prev, words.get("set").unwrap(), words.get("text").map(text), height)
        }
        "authority" => {
            let (by, governors) = sorted(&[actor]);
            let prev = words.get("prev").map_or_else(|| world.act_prev(), |label| id(world, label));
            let types = words.list("types").and_then(|types| List::new(types.into_iter().map(document).collect()));
            let country = words.get("country").unwrap().parse().unwrap();
            let account = account(words.get("account").unwrap());
            Body::Authority(EnrolAuthority { account, by, country, governors, kind: AuthorityWord::It, prev, types })
        }
        "attest" => Body::Attest(attest_of(world, actor, words)),
        "amend" => {
            let work = id(world, words.get("work").unwrap());
            let prev = words.get("prev").map_or_else(|| amended(world, work), |label| id(world, label));
            Body::Amend(Box::new(Amend {
                by: account(actor),
                card: words.get("card").map(digest),
                created: words.get("created").map(|date| date.parse().unwrap()),
                facts: facts_of(words),
                kind: AmendWord::It,
                made_in: words.get("made_in").map(|code| code.parse().unwrap()),
                prev,
                source_type: words.get("source").map(|word| word.parse().unwrap()),
                work,
            }))
        }
        "receipt" => Body::Receipt(Receipt {
            by: account(actor),
            card: None,
            country: words.get("country").map(|code| code.parse().unwrap()),
            crossing: Int::new(words.get("crossing").map_or(1, |number| number.parse().unwrap())).unwrap(),
            edition: Int::new(words.get("edition").map_or(1, |number| number.parse().unwrap())).unwrap(),
            kind: ReceiptWord::It,
            rule: words.get("rule").unwrap().parse().unwrap(),
            sha256: None,
            work: id(world, words.get("work").unwrap()),
        }),
        _ => {
            let Attest { account, by, edition, prev, document_type, work, .. } = attest_of(world, actor, words);
            let prev = prev.unwrap_or(digest("nothing"));
            Body::Revoke(Revoke { account, by, edition, kind: RevokeWord::It, prev, document_type, work })
        }
    }
}

/// Returns the facts of one line: `category=`, `protection=`, `age=`.
pub(crate) fn facts_of(words: &Words<'_>) -> Option<WorkFacts> {
    let age = words.get("age").map(|word| serde_json::from_value(word.into()).unwrap());
    let facts = WorkFacts {
        age,
        category: words.get("category").map(|word| word.parse().unwrap()),
        protection: words.get("protection").map(|word| word.parse().unwrap()),
        ..WorkFacts::default()
    };
    (facts != WorkFacts::default()).then_some(facts)
}

fn amended(world: &World, work: EntryId) -> EntryId {
    let record: Option<WorkRecord> = world.replay.records().read(&RecordKey::Work(work)).unwrap();
    record.and_then(|record| record.amended).map_or(work, |amended| amended.newest)
}

pub(crate) fn rules_body(governor: &str, prev: EntryId, name: &str, text: Option<String>, height: u64) -> Body {
    let (by, governors) = sorted(&[governor]);
    Body::Rules(Box::new(PublishRules {
        by,
        citation: "Act on Borders".parse().unwrap(),
        governors,
        height: Int::new(height).unwrap(),
        jurisdiction: "CN".parse().unwrap(),
        kind: RulesWord::It,
        name: name.parse().unwrap(),
        prev,
        schema: Int::new(1).unwrap(),
        text: text.map(|text| lines_of(&text).unwrap()),
    }))
}

fn document(name: &str) -> DocumentType {
    name.parse().unwrap()
}

/// Returns a statement about a `work=`, an `edition=` of it, or `of=` an account; it follows the newest of its chain by itself.
fn attest_of(world: &World, actor: &str, words: &Words<'_>) -> Attest {
    let work = words.get("work").map(|label| id(world, label));
    let edition = words.get("edition").map(|number| Int::new(number.parse().unwrap()).unwrap());
    let mut attest = Attest {
        account: words.get("of").map(account),
        by: account(actor),
        card: None,
        edition,
        kind: AttestWord::It,
        prev: None,
        sha256: digest(words.get("file").unwrap_or("the paper")),
        document_type: document(words.get("type").unwrap()),
        valid_from: words.get("since").map(|day| day.parse().unwrap()),
        valid_to: words.get("until").map(|day| day.parse().unwrap()),
        work,
    };
    attest.prev = words.get("prev").map(|label| id(world, label)).or_else(|| {
        let paper = paper(world, attest.about().ok()?, attest.document_type.as_str(), attest.by);
        paper.map(|paper| paper.newest)
    });
    attest
}

pub(crate) fn paper(world: &World, about: About, kind: &str, by: AccountId) -> Option<PaperRecord> {
    world.replay.records().read(&RecordKey::Paper(about, document(kind), by)).unwrap()
}

pub(crate) fn crossing(world: &World, work: EntryId, count: u64) -> Option<CrossingRecord> {
    world.replay.records().read(&RecordKey::Crossing(work, 1, count)).unwrap()
}

const ACTS: &str = "
    # every refusal of an act, each hiding the ones after it
    ana      rules set=LAW text=huge ahead=0 prev=nothing          -> prev_stale
    ana      rules set=LAW text=huge ahead=0                       -> not_governor
    governor rules set=LAW text=licence ahead=1 signed=ana         -> signature_set
    governor rules set=LAW text=huge ahead=0                       -> rules_retroactive
    governor rules set=LAW text=huge ahead=1                       -> rules_too_large
    governor rules set=LAW text=overflow ahead=1                   -> rules_overflow
    governor rules set=LAW text=broken ahead=1                     -> rules_invalid
    governor rules set=LAW ahead=1                                 -> rules_unknown
    governor rules set=LAW text=licence ahead=1                    -> accepted
    governor rules set=TAX ahead=5                                 -> rules_unknown
    governor rules set=LAW ahead=5                                 -> accepted
    governor rules set=LAW text=label ahead=9                      -> accepted
    ana      authority account=bureau country=CN types=INVOICE prev=nothing -> prev_stale
    ana      authority account=bureau country=CN types=INVOICE     -> not_governor
    governor authority account=bureau country=CN types=INVOYCE     -> authority_unfit
    governor authority account=bureau country=CN                   -> authority_unfit
    governor authority account=bureau country=CN types=INVOICE     -> accepted
    governor authority account=bureau country=FR                   -> authority_unfit
    governor authority account=bureau country=CN                   -> accepted
    governor authority account=bureau country=CN                   -> authority_unfit
";

const DOCUMENTS: &str = "
    ana    mint face=hills as hills                                -> accepted
    # anybody may say anything about what there is
    cy     attest type=INVOICE work=nothing                        -> work_unknown
    cy     attest type=INVOICE work=nothing edition=1              -> work_unknown
    cy     attest type=INVOICE work=hills edition=3                -> edition_unknown
    cy     attest type=INVOICE work=hills prev=nothing             -> prev_stale
    cy     revoke type=INVOICE work=hills                          -> nothing_attested
    cy     attest type=INVOICE work=hills as said                  -> accepted
    # each account has a chain of its own for each thing and type, so the same cannot be recorded twice
    bo     attest type=INVOICE work=hills                          -> accepted
    cy     attest type=APPRAISAL work=hills                        -> accepted
    cy     attest type=INVOICE work=hills edition=1                -> accepted
    cy     attest type=INVOICE of=bo                               -> accepted
    bo     revoke type=INVOICE work=hills prev=said                -> prev_stale
    cy     attest type=INVOICE work=hills file=other as again      -> accepted
    cy     revoke type=INVOICE work=hills prev=said                -> prev_stale
    cy     revoke type=INVOICE work=hills prev=again as revoked    -> accepted
    cy     revoke type=INVOICE work=hills prev=again               -> prev_stale
    cy     revoke type=INVOICE work=hills prev=revoked             -> nothing_attested
    cy     attest type=INVOICE work=hills prev=again               -> prev_stale
    cy     attest type=INVOICE work=hills                          -> accepted
    # and title moves as if nothing had been said
    ana    transfer work=hills to=bo                               -> accepted
";

/// The world begins in 1972, on 27 September.
const CROSSINGS: &str = "
    ana      mint face=hills as hills                              -> accepted
    ana      mint face=sea as sea                                  -> accepted
    ana      mint face=rain as rain                                -> accepted
    ana      offer work=rain to=bo days=300                        -> accepted
    governor rules set=LAW text=licence ahead=2                    -> accepted
    # not in force yet, in the batch before its height
    ana      transfer work=sea to=bo                               -> accepted
    # nobody could attest the paper, so the rule only notes
    ana      transfer work=sea edition=2 prev=sea to=bo            -> accepted
    governor authority account=ministry country=FR types=NAT_EXPORT_LICENCE -> accepted
    governor authority account=bureau country=CN types=INVOICE,NAT_EXPORT_LICENCE -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # what comes before in the order of refusals
    bo       transfer work=hills to=bo signed=bo                   -> not_holder
    # by one who is not enrolled
    cy       attest type=NAT_EXPORT_LICENCE work=hills             -> accepted
    ana      attest type=NAT_EXPORT_LICENCE work=hills             -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # enrolled for another country
    ministry attest type=NAT_EXPORT_LICENCE work=hills             -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # another type
    bureau   attest type=INVOICE work=hills                        -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # about another work, another edition, another party
    bureau   attest type=NAT_EXPORT_LICENCE work=sea               -> accepted
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=2   -> accepted
    bureau   attest type=NAT_EXPORT_LICENCE of=cy                  -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # not yet valid, and no more
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=1 since=1972-09-28 -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=1 until=1972-09-26 -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    # on its first and last day
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=1 since=1972-09-27 until=1972-09-27 -> accepted
    wait 1 days
    ana      transfer work=hills to=bo                             -> crossing_refused
    # revoked
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=1   -> accepted
    bureau   revoke type=NAT_EXPORT_LICENCE work=hills edition=1   -> accepted
    ana      transfer work=hills to=bo                             -> crossing_refused
    bureau   attest type=NAT_EXPORT_LICENCE work=hills edition=1   -> accepted
    ana      transfer work=hills to=bo as sale                     -> accepted
    # what is revoked later changes no title; and within a country nothing is asked
    bureau   revoke type=NAT_EXPORT_LICENCE work=hills edition=1   -> accepted
    bo       transfer work=hills to=ana from=FR                    -> accepted
    # an offer of before is judged by the rules of its acceptance, and by the papers of then
    bo       accept work=rain                                      -> crossing_refused
    bureau   attest type=NAT_EXPORT_LICENCE of=bo                  -> accepted
    bo       accept work=rain                                      -> accepted
    # a rule that waits, and a statement by the party itself
    ana      mint face=snow as snow                                -> accepted
    governor rules set=LAW text=label ahead=1                      -> accepted
    ana      transfer work=snow to=bo                              -> crossing_held
    bo       attest type=AI_LABEL_ATTEST work=snow                 -> accepted
    ana      transfer work=snow to=bo                              -> crossing_held
    ana      attest type=AI_LABEL_ATTEST work=snow                 -> accepted
    ana      transfer work=snow to=bo                              -> accepted
    # a word that no rule knows is never judged
    ana      mint face=ink source=inkOnSilk as ink                 -> accepted
    ana      transfer work=ink to=bo                               -> crossing_unknown
    # once the set is withdrawn, nothing is asked
    governor rules set=LAW ahead=1                                 -> accepted
    ana      transfer work=ink to=bo                               -> accepted
";

/// Who is on a list of sanctions is what an authority that is enrolled for it says of an account.
const SANCTIONS: &str = "
    ana      mint face=hills as hills                              -> accepted
    ana      mint face=sea as sea                                  -> accepted
    governor rules set=EU-SANCTIONS text=sanctions ahead=1         -> accepted
    governor authority account=bureau country=CN types=SANCTION_SCREEN -> accepted
    governor authority account=ministry country=FR types=SANCTION_LISTING -> accepted
    # by a stranger, by an authority for other documents, about the work, and about a third party
    cy       attest type=SANCTION_LISTING of=bo                    -> accepted
    bureau   attest type=SANCTION_LISTING of=bo                    -> accepted
    ministry attest type=SANCTION_LISTING work=hills               -> accepted
    ministry attest type=SANCTION_LISTING of=cy                    -> accepted
    # nor does a party list itself
    ana      attest type=SANCTION_LISTING of=ana                   -> accepted
    ana      transfer work=hills to=bo                             -> accepted
    # of the recipient, and of the giver
    ministry attest type=SANCTION_LISTING of=bo                    -> accepted
    ana      transfer work=sea to=bo                               -> crossing_refused
    bo       transfer work=hills to=ana from=FR                    -> crossing_refused
    # until it is taken off the list
    ministry revoke type=SANCTION_LISTING of=bo                    -> accepted
    bo       transfer work=hills to=ana from=FR                    -> accepted
";

/// A party is judged by what is said of it, and not of the other.
const PARTIES: &str = "
    ana      mint face=hills as hills                              -> accepted
    governor rules set=LAW text=parties ahead=1                    -> accepted
    governor authority account=ministry country=FR types=SANCTION_LISTING -> accepted
    ministry attest type=SANCTION_LISTING of=ana                   -> accepted
    ana      transfer work=hills to=bo                             -> accepted
    bo       transfer work=hills to=cy from=FR                     -> crossing_held
";

/// A sale by whoever has held it for less than 1095 days waits.
const HELD: &str = "
    # whoever made it has held it from the mint on
    ana      mint face=hills as hills                              -> accepted
    governor authority account=court country=FR types=COURT_ORDER  -> accepted
    governor rules set=LAW text=held ahead=1                       -> accepted
    wait 1094 days
    ana      transfer work=hills to=bo                             -> crossing_held
    wait 1 days
    ana      transfer work=hills to=bo                             -> accepted
    # the next holder from the transfer on; a move changes nothing
    wait 1094 days
    bo       transfer work=hills to=cy from=FR                     -> crossing_held
    bo       move work=hills from=FR towards=CN                    -> accepted
    bo       transfer work=hills to=cy                             -> crossing_held
    wait 1 days
    bo       offer work=hills to=cy days=300                       -> accepted
    wait 299 days
    cy       accept work=hills                                     -> accepted
    # from the acceptance on, not from the offer
    wait 1094 days
    cy       transfer work=hills to=ana from=FR                    -> crossing_held
    wait 1 days
    cy       offer work=hills to=ana from=FR                       -> accepted
    court    transmit work=hills to=bo from=FR country=FR          -> accepted
    # and from the authority's word on, though nobody sold it
    bo       transfer work=hills to=ana from=FR                    -> crossing_held
    wait 1094 days
    bo       transfer work=hills to=ana from=FR                    -> crossing_held
    wait 1 days
    bo       transfer work=hills to=ana from=FR                    -> accepted
";

/// Runs the tables, and returns the codes that they reach.
pub(crate) fn refusals() -> BTreeSet<String> {
    let mut seen: BTreeSet<String> =
        [ACTS, DOCUMENTS, CROSSINGS, HELD, PARTIES, SANCTIONS].into_iter().flat_map(check).collect();
    let too_many = too_many();
    assert_eq!(too_many.code(), "rules_too_many");
    seen.insert(too_many.code().to_owned());
    seen
}

/// Publishes as many rule sets as there may be, and one more.
fn too_many() -> Refusal {
    let mut world = World::new();
    let publish = |world: &mut World, name: &str, ahead: u64| {
        let height = world.replay.position().height + ahead;
        let body = rules_body("governor", world.act_prev(), name, Some(text("licence")), height);
        world.submit(&body, &[("governor", "governor")])
    };
    for number in 0..RULE_SETS_MAX {
        publish(&mut world, &format!("LAW-{number}"), 1).unwrap();
    }
    let refused = publish(&mut world, "LAW", 1).unwrap_err();
    // Each can be replaced, and withdrawn: that is how room is made.
    publish(&mut world, "LAW-0", 1).unwrap();
    let height = world.replay.position().height + 1;
    let withdraw = rules_body("governor", world.act_prev(), "LAW-1", None, height);
    world.submit(&withdraw, &[("governor", "governor")]).unwrap();
    publish(&mut world, "OTHER", 1).unwrap();
    refused
}

/// Returns a register with one rule set in force from the next batch on and an authority in China, and a work.
pub(crate) fn corridor(rules: &str) -> (World, EntryId) {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let words = format!("account=bureau country=CN types=NAT_EXPORT_LICENCE set=LAW text={rules} ahead=1");
    let words: Vec<&str> = words.split(' ').collect();
    for kind in ["authority", "rules"] {
        let body = body_of(&world, "governor", kind, &Words::read(&words));
        world.must(kind, &body, &["governor"]);
    }
    (world, work)
}

pub(crate) fn attest(world: &mut World, by: &str, words: &[&str]) -> EntryId {
    let body = body_of(world, by, "attest", &Words::read(words));
    world.must("paper", &body, &[by])
}

pub(crate) fn sell(world: &mut World, work: EntryId) -> Result<u64, Refusal> {
    let terms = terms_body("ana", "bo", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    world.submit(&Body::Transfer(terms), &[("ana", "ana"), ("bo", "bo")])
}

#[test]
fn a_refusal_names_the_rule_its_source_and_the_cure() {
    let (mut world, work) = corridor("licence");
    // What is only noted is no objection.
    let body =
        rules_body("governor", world.act_prev(), "SHARE", Some(text("royalty")), world.replay.position().height + 1);
    world.must("royalty", &body, &["governor"]);
    let refusal = sell(&mut world, work).unwrap_err();
    let Refusal::CrossingRefused(objections) = &refusal else { panic!("{refusal}") };
    let [objection] = &objections.objections[..] else { panic!("one rule") };
    assert_eq!((objection.rule.as_str(), objection.holds), ("LAW/licence", false));
    assert_eq!(objection.document.as_deref().zip(objection.of.as_deref()), Some(("NAT_EXPORT_LICENCE", "CN")));
    let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
    assert_eq!(list.sets.len(), 2);
    assert_eq!(
        refusal.to_string(),
        format!(
            "the rules of the corridor refuse this. LAW/licence refuses: works leave with a paper (Act on Borders, section 5); \
             to do: get NAT_EXPORT_LICENCE by an authority enrolled for CN. Checked against rule set {}; not legal advice",
            objections.rules
        )
    );
}

#[test]
fn the_records_say_what_was_applied_and_what_it_rests_on() {
    let (mut world, work) = corridor("licence");
    let paper_id = attest(&mut world, "bureau", &["work=hills", "type=NAT_EXPORT_LICENCE"]);
    let index = sell(&mut world, work).unwrap();
    let edition = world.edition(&work).unwrap();
    let first = crossing(&world, work, 1).unwrap();
    let (height, records) = (world.replay.position().height, world.replay.records());
    assert_eq!(digest_in_force(height, records), Ok(Some(first.rules)));
    assert_eq!(digest_in_force(1, records), Ok(None), "not in force yet");
    assert_eq!((edition.judged, edition.rules, edition.transfers), (Some(1), Some(first.rules), 1));
    assert_eq!(
        (first.index, first.papers.iter().map(|paper| paper.attest).collect::<Vec<_>>(), first.noted.len()),
        (index, vec![paper_id], 0)
    );
    let notes: NotesRecord = world.replay.records().read(&RecordKey::Notes(About::Work(work))).unwrap().unwrap();
    assert_eq!(notes.count, 1);
    // A later revocation changes what is said of the paper, and neither title nor what was applied.
    let revoke = body_of(&world, "bureau", "revoke", &Words::read(&["work=hills", "type=NAT_EXPORT_LICENCE"]));
    world.must("revoked", &revoke, &["bureau"]);
    assert_eq!(world.edition(&work).unwrap(), edition);
    let revoked = paper(&world, About::Work(work), "NAT_EXPORT_LICENCE", account("bureau")).unwrap();
    assert!(revoked.revoked.is_some());
    // Without rules in force the count stays, and so does what was applied last.
    let withdraw = rules_body("governor", world.act_prev(), "LAW", None, world.replay.position().height + 1);
    world.must("withdrawn", &withdraw, &["governor"]);
    let mut back = terms_body("bo", "ana", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    back.from_country = "FR".parse().unwrap();
    world.submit(&Body::Transfer(back), &[("ana", "ana"), ("bo", "bo")]).unwrap();
    let later = world.edition(&work).unwrap();
    assert_eq!((later.judged, later.rules, later.transfers), (Some(1), edition.rules, 2));
    assert!(crossing(&world, work, 2).is_none());
}

#[test]
fn what_is_owed_is_noted() {
    let (mut world, work) = corridor("royalty");
    sell(&mut world, work).unwrap();
    let noted = crossing(&world, work, 1).unwrap().noted;
    let [share] = &noted[..] else { panic!("{noted:?}") };
    assert_eq!((share.rule.as_str(), share.owed, share.of.as_str()), ("LAW/share", true, "maker"));
    assert_eq!(share.amount.zip(share.currency.as_deref()), Some((5_000, "EUR")), "4 % of 1 250.00 euro");
}

#[test]
fn where_nobody_is_enrolled_the_rule_notes() {
    let (mut world, work) = corridor("licence");
    let words = ["account=bureau", "country=CN"];
    let removed = body_of(&world, "governor", "authority", &Words::read(&words));
    world.must("removed", &removed, &["governor"]);
    let all: AuthoritiesRecord = world.replay.records().read(&RecordKey::Authorities).unwrap().unwrap();
    assert!(all.countries.is_empty());
    sell(&mut world, work).unwrap();
    let noted = crossing(&world, work, 1).unwrap().noted;
    assert_eq!((noted[0].rule.as_str(), noted[0].owed), ("LAW/licence", false));
}

#[test]
fn each_transfer_is_replayed_under_the_rules_of_its_own_height() {
    let (mut world, work) = corridor("licence");
    attest(&mut world, "bureau", &["work=hills", "type=NAT_EXPORT_LICENCE"]);
    sell(&mut world, work).unwrap();
    for (rules, other) in [("label", "sea"), ("royalty", "rain")] {
        let height = world.replay.position().height + 1;
        let body = rules_body("governor", world.act_prev(), "LAW", Some(text(rules)), height);
        world.must(rules, &body, &["governor"]);
        let minted = world.must(other, &Body::Mint(mint_body("ana", other)), &["ana"]);
        attest(&mut world, "ana", &[format!("work={other}").as_str(), "type=AI_LABEL_ATTEST"]);
        sell(&mut world, minted).unwrap();
    }
    let rules: BTreeSet<_> =
        [work, world.ids["sea"], world.ids["rain"]].map(|work| world.edition(&work).unwrap().rules).into();
    assert_eq!(rules.len(), 3);
    // Whoever replays it comes to the same records, whatever was judged last before.
    let mut again = colophon_ledger::replay::Replay::begin(&world.leaves[0]).unwrap();
    for leaf in &world.leaves {
        again.leaf(leaf.clone()).unwrap();
    }
    assert_eq!((again.state_root(), again.records()), (world.replay.state_root(), world.replay.records()));
}
