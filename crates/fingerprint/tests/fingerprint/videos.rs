//! Videos, where this machine's `ffmpeg` looks at them: the same moving picture saved anew is recognised, another is not.
//!
//! Without such an `ffmpeg` there is nothing to show, and that is said.

use std::path::{Path, PathBuf};
use std::process::Command;

use colophon_fingerprint::media::media_type;
use colophon_fingerprint::video::is_looked_at_here;
use colophon_fingerprint::{
    Content, ContentError, ContentKind, Grade, SecondOpinion, content_of_file, distance, grade,
};

/// Says that a test shows nothing here; returns whether it does show something.
#[allow(clippy::print_stderr, reason = "a test that shows nothing says so")]
fn is_shown(test: &str) -> bool {
    if !is_looked_at_here() {
        eprintln!("SKIPPED {test}: there is no ffmpeg with the filter signature in the search path");
    }
    is_looked_at_here()
}

/// Has a video made of what `ffmpeg` draws by itself, or out of another.
fn make(arguments: &[&str], path: &Path) -> PathBuf {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]).args(arguments).arg(path);
    assert!(command.status().unwrap().success(), "{arguments:?}");
    path.to_owned()
}

fn content(path: &Path) -> Content {
    let content = content_of_file(path, "video/x-msvideo").unwrap().unwrap();
    assert_eq!((content.kind, content.prep, &content.thumbnail), (ContentKind::Video, "mpeg7-1", &None));
    content
}

#[test]
fn a_video_saved_anew_is_recognised_and_another_is_not() {
    if !is_shown("a_video_saved_anew_is_recognised_and_another_is_not") {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let at = |name: &str| desk.path().join(name);
    let draw = |source: &str, name: &str| make(&["-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-q:v", "3"], &at(name));
    let first = draw("mandelbrot=size=320x240:rate=10,trim=duration=4", "first.avi");
    let other = draw("life=size=320x240:rate=10:seed=7:mold=10:ratio=0.1,trim=duration=4", "other.avi");
    let from = first.to_str().unwrap();
    let anew = make(&["-i", from, "-vf", "scale=200:150", "-c:v", "mpeg4", "-q:v", "20"], &at("anew.avi"));
    let (first, anew, other) = (content(&first), content(&anew), content(&other));
    let near = distance(&first.code, &anew.code);
    assert!(
        grade(ContentKind::Video, near, SecondOpinion::default()).is_some_and(|grade| grade <= Grade::Lookalike),
        "{near} of 64"
    );
    let far = distance(&first.code, &other.code);
    assert_eq!(grade(ContentKind::Video, far, SecondOpinion::default()), None, "{far} of 64");
}

/// The first bytes of such a file tell its container alone.
#[test]
fn a_windows_media_video_is_looked_at() {
    if !is_shown("a_windows_media_video_is_looked_at") {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let source = "mandelbrot=size=160x120:rate=10,trim=duration=2";
    let path = make(&["-f", "lavfi", "-i", source, "-c:v", "wmv2", "-f", "asf"], &desk.path().join("first.wmv"));
    let told = media_type(&std::fs::read(&path).unwrap());
    assert_eq!(told, "application/vnd.ms-asf");
    assert_eq!(content_of_file(&path, &told).unwrap().unwrap().kind, ContentKind::Video);
}

#[test]
fn a_broken_video_is_an_error() {
    if !is_shown("a_broken_video_is_an_error") {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let path = desk.path().join("broken");
    for (media_type, bytes) in [
        ("video/mp4", &b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08moov"[..]),
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"),
        ("video/x-msvideo", b"RIFF\0\0\0\0AVI LIST"),
        // What would lead to another file in another container leads nowhere in this one.
        ("video/mp4", b"#EXTM3U\nfile:///etc/passwd\n"),
        ("video/mpeg", b""),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let result = content_of_file(&path, media_type);
        assert!(
            matches!(result, Err(ContentError::Broken { .. } | ContentError::Nothing(_))),
            "{media_type}: {result:?}"
        );
    }
}
