//! Sound, decoded packet by packet and reduced to Chromaprint features: never more than a packet of it is in memory.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

use rusty_chromaprint::{Configuration, Fingerprinter};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use crate::deadline::Deadline;
use crate::error::{ContentError, broken};

/// The longest sound, in seconds.
const SECONDS_MAX: u64 = 6 * 60 * 60;
/// The most channels, and the slowest and fastest samples, a second.
const CHANNELS_MAX: usize = 16;
const RATE_MIN: u32 = 4_000;
const RATE_MAX: u32 = 768_000;
/// How many packets may be damaged before the sound is given up.
const DAMAGED_MAX: usize = 1_000;
/// The fewest different features of a sound with something in it. Silence, and tones that are held, have one, however long; six seconds of
/// music have more than twenty.
const FEATURES_MIN: usize = 8;

/// Whatever can be read and sought, as the decoder wants it.
#[derive(Debug)]
pub(crate) struct Source<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read + Seek> Source<R> {
    /// Returns a source that stands at its beginning.
    pub(crate) fn new(mut reader: R) -> io::Result<Source<R>> {
        let bytes = reader.seek(SeekFrom::End(0))?;
        reader.rewind()?;
        Ok(Source { reader, bytes })
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl<R: Seek> Seek for Source<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.reader.seek(position)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Source<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.bytes)
    }
}

/// Returns the Chromaprint features of a sound, by the algorithm of `fpcalc` (the second preset), over its whole length.
pub(crate) fn chromaprint(source: Box<dyn MediaSource>, deadline: &Deadline) -> Result<Vec<i32>, ContentError> {
    let stream = MediaSourceStream::new(source, symphonia::core::io::MediaSourceStreamOptions::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| broken("sound", &error))?;
    let track = format.default_track(TrackType::Audio).ok_or(ContentError::Nothing("sound"))?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or(ContentError::Nothing("sound"))?;
    let decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    let (track, decoder) = (track.id, decoder.map_err(|error| broken("sound", &error))?);
    let features = features(&mut *format, (track, decoder), deadline)?;
    if features.is_empty() { Err(ContentError::Nothing("sound long enough")) } else { Ok(features) }
}

/// Returns whether a sound of these features is too short or too even to tell works apart by it.
pub(crate) fn is_scant(features: &[i32]) -> bool {
    features.iter().collect::<BTreeSet<_>>().len() < FEATURES_MIN
}

fn features(
    format: &mut dyn FormatReader,
    (track, mut decoder): (u32, Box<dyn AudioDecoder>),
    deadline: &Deadline,
) -> Result<Vec<i32>, ContentError> {
    let mut printer = Fingerprinter::new(&Configuration::preset_test2());
    let mut started: Option<(u32, usize)> = None;
    let (mut samples, mut frames, mut damaged) = (Vec::<i16>::new(), 0_u64, 0);
    loop {
        deadline.check()?;
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(error) if is_end(&error) => break,
            Err(error) => return Err(broken("sound", &error)),
        };
        if packet.track_id != track {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) if damaged < DAMAGED_MAX => {
                damaged += 1;
                continue;
            }
            Err(error) => return Err(broken("sound", &error)),
        };
        let spec = (decoded.spec().rate(), decoded.spec().channels().count());
        match started {
            None => start(&mut printer, spec)?,
            Some(before) if before != spec => return Err(broken("sound", &"its channels or its rate change")),
            Some(_) => {}
        }
        started = Some(spec);
        frames += decoded.frames() as u64;
        let seconds = frames / u64::from(spec.0);
        if seconds > SECONDS_MAX {
            return Err(ContentError::TooMuch { what: "seconds of sound", found: seconds, max: SECONDS_MAX });
        }
        decoded.copy_to_vec_interleaved(&mut samples);
        printer.consume(&samples);
    }
    if started.is_none() {
        return Err(ContentError::Nothing("sound"));
    }
    printer.finish();
    Ok(printer.fingerprint().iter().map(|feature| feature.cast_signed()).collect())
}

/// Returns whether the stream ends here: some formats have no other way to say so.
fn is_end(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof)
}

fn start(printer: &mut Fingerprinter, (rate, channels): (u32, usize)) -> Result<(), ContentError> {
    if !(RATE_MIN..=RATE_MAX).contains(&rate) {
        return Err(broken("sound", &format!("it has {rate} samples a second")));
    }
    if channels > CHANNELS_MAX {
        return Err(ContentError::TooMuch { what: "channels", found: channels as u64, max: CHANNELS_MAX as u64 });
    }
    let channels = u32::try_from(channels).unwrap_or(u32::MAX);
    printer.start(rate, channels).map_err(|error| broken("sound", &error.to_string().trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_of_few_different_features_is_scant() {
        let features: Vec<i32> = (0..8).collect();
        assert!(is_scant(&[7; 2_000]) && is_scant(&features[..7]) && is_scant(&features[..7].repeat(100)));
        assert!(!is_scant(&features));
    }
}
