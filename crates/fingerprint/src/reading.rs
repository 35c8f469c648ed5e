//! What a file shows, plays or says, as a similarity code: the ISCC Content unit, and the second opinion on pictures.
//!
//! Whatever is decoded here comes from strangers. It runs on a thread of its own, within a time, and every reader has its
//! bounds; a file that cannot be read within them has no Content unit and is known by its digests alone.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use iscc_lib::{gen_audio_code_v0, gen_text_code_v0};

use crate::code::{CODE_BITS, code_of};
use crate::content::{Content, ContentKind};
use crate::deadline::Deadline;
use crate::error::{ContentError, broken};
use crate::picture::Picture;
use crate::sound::{self, Source, chromaprint};
use crate::text::{self, TextForm, text_of};
use crate::thumbnail::Thumbnail;
use crate::video::{content_of_video, is_video};

/// How long a file's content may take to be read.
pub const CONTENT_TIME_MAX: Duration = Duration::from_mins(1);
/// How many decoders that took longer may be left to themselves at a time: each may hold its bounds of memory, and a core.
pub const LEFT_BEHIND_MAX: usize = 4;
/// The stack of the thread that reads it.
const STACK_BYTES: usize = 16 << 20;
/// Returns the content of a file of this media type, or none if the type has no code here. A video is looked at by this machine's
/// `ffmpeg`, which has longer, and has no code where there is none.
pub fn content_of_file(path: &Path, media_type: &str) -> Result<Option<Content>, ContentError> {
    if is_video(media_type) {
        return content_of_video(path, media_type);
    }
    let Some(reading) = Reading::of(media_type, path) else { return Ok(None) };
    let file = File::open(path)?;
    LEFT_BEHIND.within(CONTENT_TIME_MAX, move |deadline| reading.read(BufReader::new(file), deadline)).map(Some)
}

/// Returns the content of an open file of this media type, or none if the type has no code here. Nothing else is opened for it, so
/// a video has none.
pub fn content_of_stream(file: File, media_type: &str) -> Result<Option<Content>, ContentError> {
    let Some(reading) = Reading::of(media_type, Path::new("")) else { return Ok(None) };
    LEFT_BEHIND.within(CONTENT_TIME_MAX, move |deadline| reading.read(BufReader::new(file), deadline)).map(Some)
}

/// Returns the content of bytes that are a file of this media type, or none if the type has no code here, as videos have none that
/// are not in a file.
pub fn content_of_bytes(bytes: Vec<u8>, media_type: &str) -> Result<Option<Content>, ContentError> {
    let Some(reading) = Reading::of(media_type, Path::new("")) else { return Ok(None) };
    LEFT_BEHIND.within(CONTENT_TIME_MAX, move |deadline| reading.read(std::io::Cursor::new(bytes), deadline)).map(Some)
}

/// The decoders of this process that took too long.
static LEFT_BEHIND: LeftBehind = LeftBehind(Mutex::new(Vec::new()));

/// Decoders that nobody waits for any more: a thread cannot be told to end, so each goes on until it is done, looks at its deadline,
/// or the process ends.
struct LeftBehind(Mutex<Vec<JoinHandle<()>>>);

impl LeftBehind {
    /// Does `work` on a thread of its own. What takes longer than `time` is left to itself.
    fn within<T: Send + 'static>(
        &self,
        time: Duration,
        work: impl FnOnce(&Deadline) -> Result<T, ContentError> + Send + 'static,
    ) -> Result<T, ContentError> {
        if self.count() >= LEFT_BEHIND_MAX {
            return Err(ContentError::LeftBehind(LEFT_BEHIND_MAX));
        }
        let (done, result) = sync_channel(1);
        let run = move || {
            let deadline = Deadline::after(time);
            let worked = catch_unwind(AssertUnwindSafe(|| work(&deadline))).unwrap_or(Err(ContentError::BrokeDown));
            // Whoever asked may have stopped waiting.
            done.send(worked).ok();
        };
        let thread = thread::Builder::new().name("content".to_owned()).stack_size(STACK_BYTES).spawn(run)?;
        match result.recv_timeout(time) {
            Ok(worked) => {
                // It has nothing left to do but to give back what a thread holds.
                thread.join().ok();
                worked
            }
            Err(RecvTimeoutError::Timeout) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
                Err(ContentError::TooSlow(time))
            }
            Err(RecvTimeoutError::Disconnected) => Err(ContentError::BrokeDown),
        }
    }

    /// Returns how many are still at work.
    fn count(&self) -> usize {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.len()
    }
}

/// How a file's content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Picture,
    Sound,
    Text(TextForm),
}

impl Reading {
    /// Returns how a file is read. Only between plain text and Markdown, which no byte tells apart, does its name decide.
    fn of(media_type: &str, path: &Path) -> Option<Reading> {
        let named = |names: &[&str]| {
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            names.iter().any(|name| name.eq_ignore_ascii_case(extension))
        };
        match media_type {
            "image/png" | "image/apng" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "image/tiff" => {
                Some(Reading::Picture)
            }
            "audio/mpeg" | "audio/flac" | "audio/x-flac" | "audio/ogg" | "audio/vorbis" | "audio/vnd.wave"
            | "audio/wav" | "audio/x-wav" | "audio/aiff" | "audio/x-aiff" | "audio/mp4" | "audio/x-m4a"
            | "audio/aac" => Some(Reading::Sound),
            "text/plain" if named(&["md", "markdown"]) => Some(Reading::Text(TextForm::Markdown)),
            "text/plain" => Some(Reading::Text(TextForm::Plain)),
            "text/html" | "application/xhtml+xml" => Some(Reading::Text(TextForm::Html)),
            "application/epub+zip" => Some(Reading::Text(TextForm::Epub)),
            "application/pdf" => Some(Reading::Text(TextForm::Pdf)),
            _ => None,
        }
    }

    fn read<R: Read + Seek + std::io::BufRead + Send + Sync + 'static>(
        self,
        reader: R,
        deadline: &Deadline,
    ) -> Result<Content, ContentError> {
        match self {
            Reading::Picture => {
                let thumbnail = Thumbnail::of(&Picture::decode(reader)?);
                let code = thumbnail.code();
                Ok(Content {
                    kind: ContentKind::Image,
                    code,
                    prep: "image-1",
                    thumbnail: Some(thumbnail),
                    scant: false,
                })
            }
            Reading::Sound => {
                let features = chromaprint(Box::new(Source::new(reader)?), deadline)?;
                let result = gen_audio_code_v0(&features, CODE_BITS);
                let code = code_of(result.map(|result| result.iscc), "sound")?;
                let scant = sound::is_scant(&features);
                Ok(Content { kind: ContentKind::Audio, code, prep: "chromaprint-1", thumbnail: None, scant })
            }
            Reading::Text(form) => {
                let text = text_of(form, reader, deadline)?;
                let result = gen_text_code_v0(&text, CODE_BITS).map_err(|error| broken("text", &error))?;
                if result.characters == 0 {
                    return Err(ContentError::Nothing("text"));
                }
                let code = code_of(Ok(result.iscc), "text")?;
                let scant = text::is_scant(&text);
                Ok(Content { kind: ContentKind::Text, code, prep: form.prep(), thumbnail: None, scant })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_conforms_to_the_standard() {
        assert!(iscc_lib::conformance_selftest());
    }

    fn nobody() -> LeftBehind {
        LeftBehind(Mutex::new(Vec::new()))
    }

    #[test]
    fn what_takes_too_long_or_panics_is_an_error() {
        let left = nobody();
        let (end, ended) = sync_channel::<()>(0);
        let slow = left.within(Duration::from_millis(20), move |_| Ok(ended.recv().is_err()));
        assert!(matches!(slow, Err(ContentError::TooSlow(_))));
        drop(end);
        let panics = left.within(CONTENT_TIME_MAX, |_| -> Result<(), _> { panic!("a decoder's fault") });
        assert!(matches!(panics, Err(ContentError::BrokeDown)));
    }

    #[test]
    fn only_so_many_are_left_to_themselves() {
        let left = nobody();
        let mut ends = Vec::new();
        for _ in 0..LEFT_BEHIND_MAX {
            let (end, ended) = sync_channel::<()>(0);
            let slow = left.within(Duration::from_millis(5), move |_| Ok(ended.recv().is_err()));
            assert!(matches!(slow, Err(ContentError::TooSlow(_))));
            ends.push(end);
        }
        assert!(matches!(left.within(CONTENT_TIME_MAX, |_| Ok(1)), Err(ContentError::LeftBehind(_))));
        ends.clear();
        while left.count() > 0 {
            thread::yield_now();
        }
        assert_eq!(left.within(CONTENT_TIME_MAX, |_| Ok(1)).unwrap(), 1);
    }

    #[test]
    fn types_without_a_code_have_none() {
        assert!(content_of_bytes(vec![1, 2, 3], "application/octet-stream").unwrap().is_none());
        assert!(content_of_bytes(vec![1, 2, 3], "video/mp4").unwrap().is_none());
    }
}
