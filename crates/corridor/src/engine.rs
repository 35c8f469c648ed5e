//! What judges: the version of all that an answer depends on beside facts and rules, and the schema of the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cedar_policy::{Authorizer, Entities, Entity, EntityId, EntityTypeName, EntityUid, Schema, Validator};

use crate::place::{Country, Region};

/// The engine's version. It changes with the schema, the regions, the lists of words, the arithmetic, and with every release of
/// Cedar that this crate is built on: nodes of one version give one answer.
pub const ENGINE: &str = "corridor/1 cedar/4.14.1";

/// The schema against which rules are validated, as its authors read it.
pub const SCHEMA_TEXT: &str = include_str!("corridor.cedarschema");

/// Room on the stack for reading a rule set, and for one judgement. Cedar gives up where less than 100 KiB are left, so the
/// room is made and no answer depends on who calls.
const READING_BYTES: usize = 8 * 1024 * 1024;
const JUDGING_BYTES: usize = 1024 * 1024;

/// What does not change from judgement to judgement.
pub(crate) struct Engine {
    pub(crate) validator: Validator,
    pub(crate) authorizer: Authorizer,
    /// The countries that belong to a region.
    pub(crate) entities: Entities,
}

static PARTS: LazyLock<Engine> = LazyLock::new(|| {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA_TEXT).expect("the schema is Cedar's");
    let members: BTreeSet<Country> = Region::ALL.into_iter().flat_map(Region::members).collect();
    let entities = members.into_iter().map(|country| {
        let regions = country.regions().map(|region| uid("Region", region.as_str()));
        Entity::new_no_attrs(uid("Country", country.as_str()), regions.collect())
    });
    let entities = Entities::from_entities(entities, Some(&schema)).expect("countries are as the schema has them");
    Engine { validator: Validator::new(schema), authorizer: Authorizer::new(), entities }
});

/// Returns what does not change.
pub(crate) fn engine() -> &'static Engine {
    &PARTS
}

/// Reads a rule set with room enough on the stack.
pub(crate) fn with_room_to_read<T>(work: impl FnOnce() -> T) -> T {
    stacker::grow(READING_BYTES, work)
}

/// Judges a crossing with room enough on the stack: the bounds on a rule's depth keep it far below.
pub(crate) fn with_room_to_judge<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(JUDGING_BYTES, 2 * JUDGING_BYTES, work)
}

static TYPES: LazyLock<BTreeMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
    let names = [
        "Account",
        "Action",
        "Basis",
        "Category",
        "Country",
        "Delivery",
        "Document",
        "Protection",
        "Region",
        "Source",
        "Work",
    ];
    names.into_iter().map(|name| (name, name.parse().expect("an entity type is a name"))).collect()
});

/// Names a thing that rules know, of a type that the schema has.
pub(crate) fn uid(entity_type: &'static str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(TYPES[entity_type].clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_names_the_cedar_that_is_built_in() {
        assert_eq!(ENGINE, format!("corridor/1 cedar/{}", cedar_policy::get_sdk_version()));
    }

    #[test]
    fn countries_are_in_their_regions() {
        let inside =
            |country, region| engine().entities.is_ancestor_of(&uid("Region", region), &uid("Country", country));
        assert!(inside("FR", "EU") && inside("NO", "EEA"));
        assert!(!inside("NO", "EU") && !inside("CN", "EU"));
    }
}
