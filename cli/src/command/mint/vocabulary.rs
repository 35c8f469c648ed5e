//! The closed lists that a mint's words come from, and what a file's type suggests.

use colophon_ledger::entry::mint::Training;
use colophon_ledger::field::{Role, SourceType, WorkKind};

use crate::failure::Failure;

/// The kinds of work.
const WORK_KINDS: [&str; 14] = [
    "visual_art",
    "photograph",
    "digital_image",
    "generative_code",
    "film_video",
    "audio",
    "music_work",
    "text_literary",
    "game",
    "game_asset",
    "model_3d",
    "performance_doc",
    "physical_object",
    "software",
];
/// IPTC digital source types, as C2PA takes them.
const SOURCE_TYPES: [&str; 20] = [
    "digitalCapture",
    "computationalCapture",
    "negativeFilm",
    "positiveFilm",
    "print",
    "minorHumanEdits",
    "humanEdits",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicallyEnhanced",
    "softwareImage",
    "digitalArt",
    "digitalCreation",
    "dataDrivenMedia",
    "trainedAlgorithmicMedia",
    "algorithmicMedia",
    "screenCapture",
    "virtualRecording",
    "composite",
    "compositeCapture",
    "compositeSynthetic",
];
/// MARC relators of people who make works.
const ROLES: [&str; 62] = [
    "abr", "act", "adp", "anm", "arc", "arr", "art", "asn", "aud", "aui", "aus", "aut", "bkd", "chr", "cll", "clr",
    "cmm", "cmp", "cmt", "cnd", "col", "com", "cos", "cre", "ctb", "ctg", "dnc", "drm", "drt", "dsr", "edt", "egr",
    "etr", "flm", "ill", "ins", "inv", "lbt", "ltg", "lyr", "mrb", "msd", "mus", "nrt", "pht", "ppm", "prd", "prf",
    "prg", "prm", "pro", "rcd", "res", "scl", "sds", "sgd", "sng", "std", "trl", "vdg", "voc", "wdc",
];
/// What people write for a role.
const OFTEN_MEANT: [(&str, &str); 12] = [
    ("artist", "art"),
    ("painter", "art"),
    ("author", "aut"),
    ("writer", "aut"),
    ("photographer", "pht"),
    ("composer", "cmp"),
    ("director", "drt"),
    ("illustrator", "ill"),
    ("animator", "anm"),
    ("programmer", "prg"),
    ("developer", "prg"),
    ("translator", "trl"),
];

/// Reads a kind of work.
pub(super) fn work_kind(text: &str) -> Result<WorkKind, Failure> {
    let word = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    listed(&word, &WORK_KINDS, "kind of work")?.parse().map_err(|_| unlisted(text, &WORK_KINDS, "kind of work"))
}

/// Reads a source type; capitals do not matter.
pub(in crate::command) fn source_type(text: &str) -> Result<SourceType, Failure> {
    listed(text, &SOURCE_TYPES, "source type")?.parse().map_err(|_| unlisted(text, &SOURCE_TYPES, "source type"))
}

/// Reads a role, by its MARC code or by one of the words for it.
pub(super) fn role(text: &str) -> Result<Role, Failure> {
    let meant = OFTEN_MEANT.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map_or(text, |(_, code)| code);
    listed(meant, &ROLES, "role")?.parse().map_err(|_| unlisted(text, &ROLES, "role"))
}

/// Reads whether machines may be trained on a work.
pub(super) fn training(text: &str) -> Result<Training, Failure> {
    const WORDS: [&str; 3] = ["allowed", "notAllowed", "constrained"];
    match listed(text, &WORDS, "permission")? {
        "allowed" => Ok(Training::Allowed),
        "constrained" => Ok(Training::Constrained),
        _ => Ok(Training::NotAllowed),
    }
}

fn listed(text: &str, list: &[&'static str], what: &str) -> Result<&'static str, Failure> {
    let found = list.iter().find(|word| word.eq_ignore_ascii_case(text.trim()));
    found.copied().ok_or_else(|| unlisted(text, list, what))
}

fn unlisted(text: &str, list: &[&str], what: &str) -> Failure {
    Failure::usage(format!("{text:?} is no {what} of the list"), format!("take one of {}", list.join(", ")))
}

/// Returns the kind of work that a file's media type suggests. Nothing, where it does not say what is in the file: a guess would be signed for ever.
pub(super) fn kind_of(media_type: &str) -> Option<&'static str> {
    match media_type.split_once('/')? {
        ("image", _) => Some("digital_image"),
        ("audio", _) => Some("audio"),
        ("video", _) => Some("film_video"),
        ("text", _) | ("application", "pdf" | "epub+zip") => Some("text_literary"),
        ("model", _) => Some("model_3d"),
        ("application", "java-archive" | "wasm") => Some("software"),
        _ => None,
    }
}

/// Returns that a file does not tell what kind of work it is.
pub(super) fn unknown_kind() -> Failure {
    let cure = format!("say it, with --work-kind or in the column work_kind of a list: {}", WORK_KINDS.join(", "));
    Failure::usage("its file does not tell what kind of work it is", cure)
}

/// Returns what the maker of a kind of work is called in MARC.
pub(super) fn role_of(kind: &str) -> &'static str {
    match kind {
        "photograph" => "pht",
        "audio" | "music_work" => "cmp",
        "film_video" => "drt",
        "text_literary" => "aut",
        "software" | "game" | "generative_code" => "prg",
        _ => "art",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_lists_can_stand_in_a_mint() {
        for word in WORK_KINDS {
            assert_eq!(work_kind(word).unwrap().as_str(), word);
            assert!(ROLES.contains(&role_of(word)), "{word}");
        }
        for word in SOURCE_TYPES {
            assert_eq!(source_type(&word.to_uppercase()).unwrap().as_str(), word);
        }
        for word in ROLES {
            assert_eq!(role(word).unwrap().as_str(), word);
        }
        for (word, code) in OFTEN_MEANT {
            assert_eq!(role(word).unwrap().as_str(), code);
        }
        assert_eq!(work_kind("Visual Art").unwrap().as_str(), "visual_art");
    }

    #[test]
    fn other_words_are_told_the_list() {
        for failure in [work_kind("nft").unwrap_err(), source_type("ai").unwrap_err(), role("xyz").unwrap_err()] {
            assert!(failure.cure().starts_with("take one of "), "{failure}");
        }
        assert!(training("perhaps").is_err());
        assert_eq!(training("NotAllowed"), Ok(Training::NotAllowed));
    }

    #[test]
    fn a_type_suggests_a_kind_of_the_list() {
        for (media_type, kind) in [
            ("image/png", "digital_image"),
            ("video/mp4", "film_video"),
            ("text/plain", "text_literary"),
            ("application/pdf", "text_literary"),
            ("application/wasm", "software"),
        ] {
            assert_eq!(kind_of(media_type), Some(kind));
            assert!(WORK_KINDS.contains(&kind));
        }
        assert_eq!((kind_of("application/octet-stream"), kind_of("application/zip"), kind_of("")), (None, None, None));
    }
}
