//! `colophon certificate`: the proof to hand over.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use colophon_client::client::Client;
use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::WorkId;
use serde::Serialize;

use crate::as_of::AsOf;
use crate::command::show::{EditionArgs, card_of};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::{create_shared_file, replace_shared_file};
use crate::likeness::{Asked, Like, Wanted, find_or_warn};
use crate::party::Party;
use crate::sheet::Sheet;
use crate::ui::Answer;
use crate::words;
use crate::words::ids::short;

/// The output that stands for standard output.
const STDOUT: &str = "-";

/// Arguments of `colophon certificate`.
#[derive(Debug, Args)]
pub struct CertificateArgs {
    #[command(flatten)]
    edition: EditionArgs,
    /// Where to write it; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &CertificateArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client().map_err(Failure::of_reading)?;
    let certified = args.edition.certified(context, &client)?;
    let bytes = certified.text.as_bytes();
    if args.output == Path::new(STDOUT) {
        context.ui.bytes(bytes)?;
        return Ok(Exit::Done);
    }
    if args.force {
        replace_shared_file(&args.output, bytes)?;
    } else {
        create_shared_file(&args.output, bytes).map_err(|failure| match failure.exit() {
            Exit::Usage => Failure::usage(failure.what(), "choose another name, or replace it with --force"),
            _ => failure,
        })?;
    }
    let card = card_of(&certified, context)?;
    let file = words::shown(&args.output.display().to_string());
    context.ui.answer(&Written {
        title: card.card.title(),
        file: file.clone(),
        bytes: bytes.len(),
        work: card.card.work,
        edition: card.card.edition,
        holder: card.card.holder,
        as_of: card.as_of,
    })?;
    disclose_likes(context, &client, &certified.provenance)?;
    context.ui.note(
        "hand it over with the file: whoever has the register's key checks both together, without asking anybody",
    );
    context.ui.next(format_args!("colophon verify FILE --offline --certificate {}", words::argument(&args.output)));
    Ok(Exit::Done)
}

/// Warns of what others registered earlier that is like what the mint states of the face, and is not named in it: the certificate does not tell.
fn disclose_likes(context: &Context, client: &Client, provenance: &Provenance) -> Result<(), Failure> {
    let mint = &provenance.mint;
    let asked = mint.files.as_slice().first().and_then(Asked::stated);
    let wanted = Wanted { before: Some(provenance.minted.index), ..Wanted::default() };
    let likes = find_or_warn(context, client, asked.as_ref(), &wanted)?.unwrap_or_default();
    let named = mint.ack_similar.as_ref().map_or(&[][..], |named| named.as_slice());
    let is_told = |like: &&Like| like.maker.account != mint.by && !named.contains(&like.work);
    for like in likes.iter().filter(is_told) {
        context.ui.warn(format_args!(
            "registered earlier and like it, of which the certificate does not tell: {} (work {})",
            like.told(),
            short(&like.work)
        ));
    }
    Ok(())
}

/// A certificate that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    bytes: usize,
    work: WorkId,
    edition: u64,
    holder: Party,
    as_of: AsOf,
    #[serde(skip)]
    title: String,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let size = words::bytes(self.bytes as u64);
        sheet.text(0, &format!("certificate written to {}, {size}, verified", self.file));
        sheet.text(2, &self.title);
        sheet.row("work", &self.work.to_string());
        sheet.row("edition", &self.edition.to_string());
        sheet.row("held by", &self.holder.called());
        self.as_of.write(&mut sheet);
        sheet.fmt(f)
    }
}

impl Answer for Written {
    const SCHEMA: &'static str = "colophon.certificate_written/v1";
}
