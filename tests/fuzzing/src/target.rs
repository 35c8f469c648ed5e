//! All targets: the name of each, what it checks, and where it begins.

use crate::{
    add_checkpoint, apply, body, card, cards_file, certificate, checkpoint, commits, content, cosignatures, draft,
    entry, evidence, field, iscc, journal, list, log_file, manifest, note, pinned, policy, problem, proof, receipt,
    redo, request, slots, state, tamper, text_search, tile, video_signature,
};

/// A function that takes any bytes, and inputs from which to reach all of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its file in `tests/fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Takes any bytes and panics on a finding.
    pub check: fn(&[u8]),
    /// Makes the inputs to begin with, by the project's own code.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that stand in such inputs.
    pub words: &'static [&'static str],
    /// How many inputs the smoke run tries.
    pub smoke: u32,
}

macro_rules! targets {
    ($($module:ident: $smoke:literal),+ $(,)?) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($module),
            check: $module::check,
            seeds: $module::seeds,
            words: $module::WORDS,
            smoke: $smoke,
        }),+];
    };
}

targets! {
    add_checkpoint: 4_000,
    apply: 60,
    body: 8_000,
    card: 8_000,
    cards_file: 4_000,
    certificate: 400,
    checkpoint: 6_000,
    commits: 8_000,
    content: 400,
    cosignatures: 4_000,
    draft: 4_000,
    entry: 6_000,
    evidence: 3_000,
    field: 8_000,
    iscc: 8_000,
    journal: 2_000,
    list: 4_000,
    log_file: 2_000,
    manifest: 6_000,
    note: 6_000,
    pinned: 2_000,
    policy: 4_000,
    problem: 8_000,
    proof: 6_000,
    receipt: 6_000,
    redo: 8_000,
    request: 2_000,
    slots: 2_000,
    state: 1_000,
    tamper: 150,
    text_search: 8_000,
    tile: 8_000,
    video_signature: 6_000,
}
