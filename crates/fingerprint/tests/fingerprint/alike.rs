//! Texts that were edited and sounds that were saved anew: still recognised, and others not.

use std::f64::consts::TAU;

use colophon_fingerprint::{Content, ContentKind, Grade, SecondOpinion, content_of_bytes, distance, grade};

use crate::corpus::{corpus, wav_of};

const TEXT: &str = "\
The painter came down to the river every morning before the ferry left, and set her easel where the willows hid her from the \
road. She painted the far bank, the sheds with their rust, the heron that stood in the shallows as if it were paid to. When \
the rain came she covered the canvas with her coat and waited under the bridge until it had passed over the hills. In the \
evening the ferryman looked at what she had done and said that the water was never of that colour. She answered that it had \
been, for a minute, and that a minute was all she needed. He laughed, and yet the next day he looked at the river longer than \
he used to, and was late, and the people on the other side waved at him with their baskets and called his name.";

const OTHER: &str = "\
A register is a list to which lines are added and from which none is ever taken away. Whoever keeps a copy can show that an \
older one is its beginning, and whoever holds a receipt can show that a line stands in it. What the lines say may still be \
wrong, for nobody checks that a maker is the maker; but who said it, and when, and that nothing was changed afterwards, can be \
seen by everybody who cares to look, without asking those who keep the register for their word.";

fn text(words: &str) -> Content {
    content_of_bytes(words.as_bytes().to_vec(), "text/plain").unwrap().unwrap()
}

fn graded(one: &Content, other: &Content) -> Option<Grade> {
    grade(one.kind, distance(&one.code, &other.code), SecondOpinion::default())
}

#[test]
fn a_text_that_was_edited_a_little_is_a_lookalike_and_another_is_not() {
    let own = text(TEXT);
    let edits = [
        ("two words", TEXT.replace("heron", "stork").replace("laughed", "smiled")),
        ("a sentence more", TEXT.replace("He laughed", "The lamp on the boat was lit by then. He laughed")),
        (
            "a sentence less",
            TEXT.replace("She answered that it had been, for a minute, and that a minute was all she needed. ", ""),
        ),
    ];
    for (what, edited) in edits {
        let edited = text(&edited);
        let far = distance(&own.code, &edited.code);
        println!("{what}: {far} of 64");
        assert_eq!(graded(&own, &edited), Some(Grade::Lookalike), "{what}: {far}");
    }
    assert_eq!(graded(&own, &text(&TEXT.to_uppercase())), Some(Grade::Same), "case does not count");
    assert_eq!(graded(&own, &text(OTHER)), None);
}

#[test]
fn a_text_or_a_sound_with_next_to_nothing_in_it_is_scant() {
    assert!(text("x").scant && text("1\n2\n3\n4\n").scant);
    assert!(!text(TEXT).scant && !text("Hills before rain, and a road.").scant);
    let held = |pitch: f64| wav_of(22_050, 20, &move |time| 12_000.0 * (TAU * pitch * time).sin());
    for (what, sound) in [("silence", held(0.0)), ("300 Hz", held(300.0)), ("880 Hz", held(880.0))] {
        assert!(content_of_bytes(sound, "audio/wav").unwrap().unwrap().scant, "{what}");
    }
    let sounds = ["audio/wav", "audio/mpeg", "audio/flac", "audio/ogg"];
    for (media_type, bytes) in corpus().into_iter().filter(|(media_type, _)| sounds.contains(media_type)) {
        assert!(!content_of_bytes(bytes, media_type).unwrap().unwrap().scant, "{media_type}");
    }
}

/// The sounds are of the tone that `testdata/sounds/build.sh` has made; here it is made once more, as a WAV file.
#[test]
fn a_sound_saved_in_another_format_is_recognised() {
    let tone = |time: f64| {
        let part = |from: f64, by: f64| (TAU * time * (from + by * time)).sin();
        32_767.0 * (0.4 * part(300.0, 40.0) + 0.2 * part(700.0, -30.0))
    };
    let own = content_of_bytes(wav_of(8_000, 6, &tone), "audio/wav").unwrap().unwrap();
    let formats = ["audio/mpeg", "audio/flac", "audio/ogg"];
    let saved = corpus().into_iter().filter(|(media_type, _)| formats.contains(media_type));
    for (media_type, bytes) in saved {
        let anew = content_of_bytes(bytes, media_type).unwrap().unwrap();
        let far = distance(&own.code, &anew.code);
        println!("{media_type}: {far} of 64");
        assert!(graded(&own, &anew).is_some(), "{media_type}: {far}");
    }
    assert_eq!(own.kind, ContentKind::Audio);
}
