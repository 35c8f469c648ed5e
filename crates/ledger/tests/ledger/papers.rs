//! What a certificate shows of the rules that title moved under, and of the documents that counted.

use colophon_ledger::canonical::to_canonical;
use colophon_ledger::certificate::{Certificate, CertificateError, Standing};
use colophon_ledger::entry::Body;
use colophon_ledger::state::{
    About, AllegationsRecord, Changes, CountedRecord, CrossingRecord, EditionRecord, RecordKey,
};

use crate::borders::{attest, body_of, corridor, crossing, paper, sell};
use crate::rules::{Words, terms_body};
use crate::world::{DAY_MS, World, account, digest};

#[test]
fn a_certificate_shows_the_rules_and_the_papers() {
    let (mut world, work) = corridor("licence");
    let paper_id = attest(&mut world, "bureau", &["work=hills", "type=NAT_EXPORT_LICENCE"]);
    attest(&mut world, "cy", &["work=hills", "type=NAT_EXPORT_LICENCE"]);
    sell(&mut world, work).unwrap();
    let certificate = world.certificate(work);
    let provenance = certificate.verify(&World::vkey()).unwrap();
    let first = crossing(&world, work, 1).unwrap();
    assert_eq!(provenance.crossings, std::slice::from_ref(&first));
    assert_eq!((provenance.state.rules, provenance.state.judged), (Some(first.rules), Some(1)));
    let [paper] = &provenance.papers[..] else { panic!("{:?}", provenance.papers) };
    assert_eq!((paper.moment.id, paper.attest.by, paper.standing), (paper_id, account("bureau"), Standing::Stands));
    assert!(provenance.accounts.contains_key(&account("bureau")) && !provenance.accounts.contains_key(&account("cy")));
    // Without the paper, without what the rules said, or with the paper of a stranger.
    let mut without = certificate.clone();
    without.entries.retain(|proved| !proved.entry.contains("\"attest\""));
    assert!(without.verify(&World::vkey()).is_err());
    let mut without = certificate.clone();
    without.records.retain(|proved| !proved.key.starts_with("crossing/"));
    assert!(matches!(
        without.verify(&World::vkey()),
        Err(CertificateError::Missing(_) | CertificateError::LeftOver(_))
    ));
    let is_strangers = |index: &u64| {
        let leaf = String::from_utf8(world.leaves[usize::try_from(*index).unwrap()].clone()).unwrap();
        leaf.contains("\"attest\"") && leaf.contains(&format!("\"by\":\"{}\"", account("cy")))
    };
    let mut more = certificate.clone();
    more.entries.push(world.prove((0..world.size()).find(is_strangers).unwrap()));
    more.entries.sort_by_key(|proved| proved.index);
    assert!(matches!(more.verify(&World::vkey()), Err(CertificateError::LeftOver(_) | CertificateError::Missing(_))));
    // Nor with the seal of its batch, and the record of that one.
    let about = RecordKey::Paper(About::Work(work), "NAT_EXPORT_LICENCE".parse().unwrap(), account("cy"));
    more.entries.push(world.prove(1 + (0..world.size()).find(is_strangers).unwrap()));
    more.entries.sort_by_key(|proved| proved.index);
    more.records.push(world.proved_record(&about));
    more.records.sort_by(|one, other| one.key.cmp(&other.key));
    let of_cy = more.verify(&World::vkey()).unwrap_err();
    assert_eq!(of_cy, CertificateError::LeftOver(format!("a document that did not count, of {about}")));
}

/// How an operator who seals records of their own choice lies about an edition and its crossings.
type Lie = fn(&mut EditionRecord, &mut Vec<CrossingRecord>);

/// Returns what is found of a certificate of a work that was sold on, twice under rules, by an operator who lies.
fn found_of(lie: Lie) -> Result<(), CertificateError> {
    let (mut world, work) = corridor("royalty");
    sell(&mut world, work).unwrap();
    let mut back = terms_body("bo", "ana", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    back.from_country = "FR".parse().unwrap();
    world.must("back", &Body::Transfer(back), &["bo", "ana"]);
    let mut edition = world.edition(&work).unwrap();
    let mut crossings = vec![crossing(&world, work, 1).unwrap(), crossing(&world, work, 2).unwrap()];
    lie(&mut edition, &mut crossings);
    let mut lies = Changes::new();
    lies.insert(RecordKey::Edition(work, 1), to_canonical(&edition));
    for (count, crossing) in (1..).zip(&crossings) {
        lies.insert(RecordKey::Crossing(work, 1, count), to_canonical(crossing));
    }
    if edition.allegations.is_some() {
        lies.insert(RecordKey::Allegations(work, 1), to_canonical(&AllegationsRecord { open: Vec::new() }));
    }
    let certificate = world.certificate_of_lies(work, &lies, edition.allegations.is_some(), &crossings);
    certificate.verify(&World::vkey()).map(|_| ())
}

#[test]
fn crossings_that_do_not_fit_each_other_the_steps_or_the_edition_are_refused() {
    assert_eq!(found_of(|_, _| ()), Ok(()));
    assert_eq!(found_of(|edition, _| edition.allegations = Some(1)), Ok(()), "one that was taken back");
    let lies: [(&str, Lie); 9] = [
        ("one more is counted", |edition, _| edition.judged = Some(3)),
        ("none is counted, and that is said", |edition, crossings| {
            (edition.judged, edition.rules) = (Some(0), None);
            crossings.clear();
        }),
        ("the edition names other sets", |edition, _| edition.rules = Some(digest("other sets"))),
        ("one of them is there twice", |_, crossings| crossings[1].index = crossings[0].index),
        ("they are not in order", |_, crossings| crossings.reverse()),
        ("title did not move there", |_, crossings| crossings[0].index -= 1),
        ("a document is not here", |_, crossings| {
            crossings[1].papers = vec![CountedRecord { attest: digest("nothing"), of: vec!["CN".to_owned()] }];
        }),
        ("the sets are not here", |edition, crossings| {
            for crossing in crossings.iter_mut() {
                crossing.rules = digest("other sets");
            }
            edition.rules = Some(digest("other sets"));
        }),
        ("nothing is alleged, and that is counted", |edition, _| edition.allegations = Some(0)),
    ];
    for (what, lie) in lies {
        let found = found_of(lie).unwrap_err();
        assert!(matches!(&found, CertificateError::Record(name) if name.starts_with("edition/")), "{what}: {found}");
    }
}

#[test]
fn a_certificate_shows_what_became_of_the_papers() {
    let (mut world, work) = corridor("licence");
    let licence = ["work=hills", "type=NAT_EXPORT_LICENCE"];
    attest(&mut world, "bureau", &licence);
    sell(&mut world, work).unwrap();
    let before = world.certificate(work);
    let standing = |world: &World| {
        let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
        provenance.papers.iter().map(|paper| paper.standing).collect::<Vec<_>>()
    };
    assert_eq!(standing(&world), [Standing::Stands]);
    let revoke = body_of(&world, "bureau", "revoke", &Words::read(&licence));
    world.must("revoked", &revoke, &["bureau"]);
    let index = paper(&world, About::Work(work), "NAT_EXPORT_LICENCE", account("bureau")).unwrap().revoked.unwrap();
    assert_eq!(standing(&world), [Standing::Revoked(index)]);

    // What the record said before is not under the newest seal any more; and it cannot be left out.
    let after = world.certificate(work);
    let place = |certificate: &Certificate| {
        certificate.records.iter().position(|record| record.key.starts_with("paper/")).unwrap()
    };
    let mut concealed = after.clone();
    concealed.records[place(&after)] = before.records[place(&before)].clone();
    assert!(matches!(concealed.verify(&World::vkey()), Err(CertificateError::Proved(_))));
    let mut left_out = after.clone();
    left_out.records.remove(place(&after));
    assert!(matches!(left_out.verify(&World::vkey()), Err(CertificateError::Missing(_))));

    attest(&mut world, "bureau", &licence);
    assert_eq!(
        standing(&world),
        [Standing::Revoked(index)],
        "what takes its place does not hide that it was taken back"
    );
}

#[test]
fn a_paper_that_was_replaced_is_told_from_one_that_was_taken_back() {
    let (mut world, work) = corridor("licence");
    let licence = ["work=hills", "type=NAT_EXPORT_LICENCE"];
    attest(&mut world, "bureau", &licence);
    sell(&mut world, work).unwrap();
    attest(&mut world, "bureau", &licence);
    let standing = |certificate: &Certificate| certificate.verify(&World::vkey()).unwrap().papers[0].standing;
    assert_eq!(standing(&world.certificate(work)), Standing::Replaced { revoked: None });
    attest(&mut world, "bureau", &licence);
    let revoke = body_of(&world, "bureau", "revoke", &Words::read(&licence));
    world.must("revoked", &revoke, &["bureau"]);
    let index = paper(&world, About::Work(work), "NAT_EXPORT_LICENCE", account("bureau")).unwrap().revoked;
    assert_eq!(standing(&world.certificate(work)), Standing::Replaced { revoked: index });
    // Nothing of what was said since can be left out.
    let certificate = world.certificate(work);
    for word in ["\"kind\":\"attest\"", "\"kind\":\"revoke\""] {
        for place in (0..certificate.entries.len()).filter(|place| certificate.entries[*place].entry.contains(word)) {
            let mut without = certificate.clone();
            let index = without.entries.remove(place).index;
            // With its seal, which covers nothing else.
            without.entries.retain(|proved| proved.index != index + 1 || proved.index + 1 == world.size());
            assert!(without.verify(&World::vkey()).is_err(), "{word} at {place}");
        }
    }
}

#[test]
fn a_certificate_names_the_sets_that_title_moved_under_and_whose_the_papers_were() {
    let (mut world, work) = corridor("licence");
    attest(&mut world, "bureau", &["work=hills", "type=NAT_EXPORT_LICENCE"]);
    attest(&mut world, "ana", &["work=hills", "type=INVOICE"]);
    sell(&mut world, work).unwrap();
    let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
    let crossing = &provenance.crossings[0];
    let names: Vec<&str> = provenance.corridors[&crossing.rules].sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["LAW"]);
    let mut whose: Vec<&[String]> = crossing.papers.iter().map(|paper| paper.of.as_slice()).collect();
    whose.sort_unstable();
    assert_eq!(whose, [&["CN".to_owned()][..], &["giver".to_owned(), "maker".to_owned()]]);
    let mut without = world.certificate(work);
    without.records.retain(|proved| !proved.key.starts_with("corridor/"));
    assert!(matches!(without.verify(&World::vkey()), Err(CertificateError::Record(_) | CertificateError::Missing(_))));
}
