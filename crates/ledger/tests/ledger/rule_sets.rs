//! The list of rule sets: which are in force, which are to come, and who publishes them.

use colophon_ledger::entry::rules::LISTED_MAX;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::state::{RecordKey, Records as _, RuleListRecord};

use crate::borders::{rules_body, text};
use crate::rules::{raw_note, sorted};
use crate::world::{World, account};

#[test]
fn a_set_to_come_and_its_withdrawal_leave_nothing_behind() {
    let mut world = World::new();
    for number in 0..3 {
        let name = format!("LAW-{number}");
        let height = world.replay.position().height + 100;
        for text in [Some(text("licence")), None] {
            let body = rules_body("governor", world.act_prev(), &name, text, height);
            world.must(&name, &body, &["governor"]);
        }
    }
    let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
    assert_eq!(list.sets, []);
}

#[test]
fn sets_in_force_stand_side_by_side() {
    let mut world = World::new();
    for name in ["CUSTOMS", "HERITAGE", "TAX"] {
        let body =
            rules_body("governor", world.act_prev(), name, Some(text("licence")), world.replay.position().height + 1);
        world.must(name, &body, &["governor"]);
    }
    let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
    assert_eq!(list.sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>(), ["CUSTOMS", "HERITAGE", "TAX"]);
}

#[test]
fn a_withdrawal_before_its_set_begins_withdraws_nothing() {
    let mut world = World::new();
    let height = world.replay.position().height;
    for (name, stands, height) in
        [("CUSTOMS", true, height + 1), ("TAX", true, height + 100), ("TAX", false, height + 50)]
    {
        let body = rules_body("governor", world.act_prev(), name, stands.then(|| text("licence")), height);
        world.must(name, &body, &["governor"]);
    }
    let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
    let sets: Vec<(&str, u64)> = list.sets.iter().map(|set| (set.name.as_str(), set.height)).collect();
    assert_eq!(sets, [("CUSTOMS", height + 1), ("TAX", height + 100)]);
}

#[test]
fn two_governors_publish_what_one_of_them_cannot() {
    let mut world = World::with_governors(&["governor", "second", "third"], 2);
    let body = rules_body("governor", world.act_prev(), "LAW", Some(text("licence")), 9);
    let refusal = world.submit(&body, &[("governor", "governor")]).unwrap_err();
    assert_eq!(refusal.code(), "not_governor");
    let Body::Rules(mut act) = body else { panic!("it publishes rules") };
    (act.by, act.governors) = sorted(&["governor", "third"]);
    let body = Body::Rules(act);
    assert!(world.submit(&body, &[("governor", "governor")]).is_err());
    world.submit(&body, &[("governor", "governor"), ("third", "third")]).unwrap();
    let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
    assert_eq!((list.in_force(8).len(), list.in_force(9).len()), (0, 1));
}

#[test]
fn rules_stand_in_the_list_as_long_as_a_batch_can_ask_for_them() {
    let mut world = World::new();
    let list = |world: &World| {
        let list: RuleListRecord = world.replay.records().read(&RecordKey::RuleList).unwrap().unwrap();
        list.sets.into_iter().map(|set| (set.name.to_string(), set.height, set.digest.is_some())).collect::<Vec<_>>()
    };
    let publish = |world: &mut World, name: &str, text: Option<&str>, ahead: u64| {
        let height = world.replay.position().height + ahead;
        let body = rules_body("governor", world.act_prev(), name, text.map(crate::borders::text), height);
        world.must(name, &body, &["governor"]);
        height
    };
    let first = publish(&mut world, "LAW", Some("licence"), 1);
    let second = publish(&mut world, "LAW", Some("label"), 1);
    let law = |height, stands| ("LAW".to_owned(), height, stands);
    assert_eq!(list(&world), [law(first, true), law(second, true)], "the first is in force in this batch");
    let other = publish(&mut world, "OTHER", Some("label"), 10);
    let others = ("OTHER".to_owned(), other, true);
    assert_eq!(list(&world), [law(second, true), others.clone()]);
    let end = publish(&mut world, "LAW", None, 1);
    assert_eq!(list(&world), [law(second, true), law(end, false), others.clone()]);
    publish(&mut world, "OTHER", Some("royalty"), 8);
    assert_eq!(list(&world), [others], "of the same height, the later one stands");
}

#[test]
fn so_many_sets_stand_in_the_list_whatever_their_names() {
    let mut world = World::new();
    let mut publish = |number: usize| {
        let body = rules_body("governor", world.act_prev(), "LAW", Some(text("licence")), 10_000 + number as u64);
        world.submit(&body, &[("governor", "governor")]).map_err(|refusal| refusal.code())
    };
    for number in 0..LISTED_MAX {
        publish(number).unwrap();
    }
    assert_eq!(publish(LISTED_MAX), Err("rules_too_many"));
}

#[test]
fn who_speaks_first_for_the_governors_signs_the_rules() {
    let world = World::new();
    let text =
        text_of(&world.rules.register, &rules_body("governor", world.act_prev(), "LAW", Some(text("licence")), 9));
    let other = text.replacen(account("governor").as_str(), account("ana").as_str(), 1);
    let code = |text: &str| Entry::parse(&raw_note(text)).map(|_| ()).map_err(|refusal| refusal.code());
    assert_eq!([&text, &other].map(|text| code(text)), [Ok(()), Err("body_invalid")]);
}
