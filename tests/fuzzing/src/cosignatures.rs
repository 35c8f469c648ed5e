//! A witness's reply: strangers' lines are ignored, and no line is taken that its witness did not make for this checkpoint.

use std::sync::OnceLock;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::cosignature::{CosignedAt, Cosigner, CosignerKey};
use colophon_tlog::note::{Algorithm, SignatureLine, VerifierKey};
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::{REPLY_BYTES_MAX, REPLY_SIGNATURES_MAX, Reply, read_cosignatures, read_size};

use crate::people::secret;
use crate::spelling::{decimal, is_signature_line};
use crate::story::{log_signer, story};

/// Words of replies.
pub const WORDS: &[&str] = &[
    "\u{2014} ",
    "\u{2014} w.example ",
    "\u{2014} stranger.example AAAAAAA=\n",
    "\n",
    "0\n",
    "9223372036854775807\n",
    "18446744073709551616\n",
];

/// When the seeds were cosigned.
const COSIGNED_AT: u64 = 1_800_000_000;

/// Reads a reply as one with cosignatures, and as one with a size.
pub fn check(data: &[u8]) {
    check_size(data);
    let (signed, keys) = (signed(), keys());
    let Ok(lines) = read_cosignatures(data, signed, keys) else { return };
    let text = std::str::from_utf8(data).unwrap();
    assert!(data.len() <= REPLY_BYTES_MAX && (1..=REPLY_SIGNATURES_MAX).contains(&lines.len()));
    assert!(text.strip_suffix('\n').unwrap().split('\n').all(is_signature_line));
    for line in &lines {
        assert!(text.contains(&format!("{line}\n")));
        // The witnesses here cosign nothing but their seeds, and an Ed25519 signature has no second form.
        assert!(truths().contains(line), "{line}");
        assert_eq!(line.cosigned_at(), CosignedAt::new(COSIGNED_AT));
    }
    let merged = signed.with_lines(&lines).unwrap();
    assert_eq!(merged.checkpoint(), signed.checkpoint());
    assert!(SignedCheckpoint::open(merged.to_string().as_bytes(), &log_signer().verifier()).is_ok());
    assert_eq!(merged.with_lines(&lines).as_ref(), Ok(&merged));
}

fn check_size(data: &[u8]) {
    let second = std::str::from_utf8(data).ok().and_then(|text| text.strip_suffix('\n')).and_then(decimal);
    assert_eq!(read_size(data).map(TreeSize::get), second.filter(|size| *size < 1 << 63));
}

fn signed() -> &'static SignedCheckpoint {
    static SIGNED: OnceLock<SignedCheckpoint> = OnceLock::new();
    SIGNED.get_or_init(|| SignedCheckpoint::open(story().checkpoint.as_bytes(), &log_signer().verifier()).unwrap())
}

fn cosigners() -> [Cosigner; 2] {
    [Algorithm::CosignatureV1, Algorithm::SubtreeV1].map(|algorithm| {
        let key = CosignerKey::from_seed(algorithm, *secret("w.example").seed()).unwrap();
        Cosigner::new("w.example", key).unwrap()
    })
}

fn keys() -> &'static [VerifierKey] {
    static KEYS: OnceLock<Vec<VerifierKey>> = OnceLock::new();
    KEYS.get_or_init(|| cosigners().iter().map(|cosigner| cosigner.verifier().clone()).collect())
}

fn truths() -> &'static [SignatureLine] {
    static TRUTHS: OnceLock<Vec<SignatureLine>> = OnceLock::new();
    TRUTHS.get_or_init(|| {
        let at = CosignedAt::new(COSIGNED_AT).unwrap();
        cosigners().iter().map(|cosigner| cosigner.cosign(signed(), at)).collect()
    })
}

/// One line, both, both with a stranger's, and a size.
pub fn seeds() -> Vec<Vec<u8>> {
    let truths = truths();
    let one = Reply::cosigned(&truths[..1]).body;
    let both = Reply::cosigned(truths).body;
    let mixed = format!("\u{2014} stranger.example AAAAAAA=\n{one}");
    [one, both, mixed, "7\n".to_owned()].map(String::into_bytes).to_vec()
}
