//! Moving pictures, looked at by the `ffmpeg` of this machine where it can: its MPEG-7 signatures, reduced to an ISCC Video-Code.
//!
//! No decoder of video is built in. The program is started without a shell, for one file, in a format that the file's own bytes
//! have told, with nothing but that file to read; its time, memory and output are bounded. Where there is none, a video is known by its
//! bytes alone.

mod ffmpeg;
pub mod signature;

use std::path::Path;

use iscc_lib::gen_video_code_v0;

use crate::code::{CODE_BITS, code_of};
use crate::content::{Content, ContentKind};
use crate::error::ContentError;
use ffmpeg::Ffmpeg;
use signature::Signature;

/// Returns the content of a video of this media type; none if the type is no video that is looked at, or nothing here can look.
pub(crate) fn content_of_video(path: &Path, media_type: &str) -> Result<Option<Content>, ContentError> {
    let Some((format, ffmpeg)) = format_of(media_type).zip(Ffmpeg::of_this_machine()) else { return Ok(None) };
    let signature = Signature::parse(&ffmpeg.signature(path, format)?)?;
    let code = gen_video_code_v0(&[signature.sums().to_vec()], CODE_BITS);
    let code = code_of(code.map(|code| code.iscc), "video")?;
    Ok(Some(Content { kind: ContentKind::Video, code, prep: "mpeg7-1", thumbnail: None, scant: false }))
}

/// Returns whether files of this media type are looked at, where `ffmpeg` is there to do it.
pub fn is_video(media_type: &str) -> bool {
    format_of(media_type).is_some()
}

/// Returns whether the `ffmpeg` of this machine can look at videos. Found out once.
pub fn is_looked_at_here() -> bool {
    Ffmpeg::of_this_machine().is_some()
}

/// Returns what `ffmpeg` calls the container of a media type. Those that may lead to other files, such as playlists, are not among them.
fn format_of(media_type: &str) -> Option<&'static str> {
    match media_type {
        "video/mp4" | "video/quicktime" | "video/x-m4v" | "video/3gpp" | "video/3gpp2" => Some("mov"),
        "video/webm" | "video/matroska" => Some("matroska"),
        "video/x-msvideo" => Some("avi"),
        "video/mpeg" => Some("mpeg"),
        "video/mp2t" => Some("mpegts"),
        "video/ogg" => Some("ogg"),
        "video/x-flv" => Some("flv"),
        "application/vnd.ms-asf" | "video/x-ms-asf" | "video/x-ms-wmv" => Some("asf"),
        _ => None,
    }
}
