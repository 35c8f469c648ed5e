//! What tests of `colophon mint` are made of.

use clap::Parser;

use super::MintArgs;
use crate::failure::Failure;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    mint: MintArgs,
}

/// Returns the arguments that are typed behind `colophon mint`.
pub(super) fn mint_args(words: &[&str]) -> Result<MintArgs, Failure> {
    let typed = Typed::try_parse_from([&["mint"], words].concat());
    typed.map(|typed| typed.mint).map_err(|error| Failure::usage(error.to_string(), "type it otherwise"))
}
