//! The command that begins a register, in its several ways, and what its operator is told.

use std::path::{Path, PathBuf};

use clap::Args;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::Origin;
use colophon_ledger::register::OFFICERS_MAX;
use colophon_node::clock::Clock;
use colophon_node::governors::Governance;
use colophon_node::init::init;
use colophon_node::prepare::{begin, prepare};
use colophon_node::succeed::{FOUNDING_FILE, Succeeded, Succession, found, succeed};
use colophon_tlog::hash::sha256;

/// How a register is begun.
#[derive(Debug, Args)]
pub(crate) struct Beginning {
    /// The register's folder; that of a new one must be empty or not there yet
    dir: PathBuf,
    /// The register's name for ever, such as registry.example/art; by custom the address it will be at
    #[arg(long, required_unless_present_any = ["succeeds", "begin"])]
    origin: Option<Origin>,
    /// A governor who holds the key elsewhere, as `govern key` makes it; again for each, at most 16. No governor's key is made here
    /// then, and the register begins once all of them have signed its genesis
    #[arg(long, value_name = "ACCOUNT", requires = "origin")]
    governor: Vec<AccountId>,
    /// How many of the governors sign an act. By default more than half: of three or more, a key that is lost then stops nothing, and
    /// one that is stolen changes nothing. It can never be changed
    #[arg(long, value_name = "N", requires = "governor", value_parser = clap::value_parser!(u64).range(1..=OFFICERS_MAX as u64))]
    threshold: Option<u64>,
    /// Begin the register that was prepared here for the governors, once they have signed `genesis.draft`
    #[arg(long, conflicts_with_all = ["origin", "founding", "succeeds"])]
    begin: bool,
    /// A copy of `genesis.draft` that governors have signed; again for each
    #[arg(long, value_name = "FILE", conflicts_with = "origin")]
    signed: Vec<PathBuf>,
    /// Make the keys and the founding alone, for a register that will go on where another ends
    #[arg(long, conflicts_with = "succeeds")]
    founding: bool,
    /// Begin the register that was founded here, where the one in this folder (or a backup of it) ended
    #[arg(long, value_name = "OLD", conflicts_with = "origin")]
    succeeds: Option<PathBuf>,
}

/// Begins a register, prepares or founds one, or begins what was prepared or founded, and returns what to tell.
pub(crate) fn run(beginning: &Beginning, clock: &Clock) -> anyhow::Result<String> {
    let Beginning { dir, origin, governor, threshold, begin: _, signed, founding, succeeds } = beginning;
    let named = if governor.is_empty() { None } else { Some(Governance::of(governor, *threshold)?) };
    match (origin, succeeds) {
        (Some(origin), _) if *founding => Ok(founded(dir, &found(dir, origin, named.as_ref())?, named.is_none())),
        (Some(origin), _) => match named {
            Some(governance) => Ok(prepare(dir, origin, &governance)?.to_string()),
            None => Ok(init(dir, origin, clock.now_ms())?.to_string()),
        },
        (None, Some(old)) => Ok(match succeed(dir, old, signed, clock.now_ms())? {
            Succession::Prepared(prepared) => prepared.to_string(),
            Succession::Begun(succeeded) => told(&succeeded),
        }),
        (None, None) => Ok(begin(dir, signed, clock.now_ms())?.to_string()),
    }
}

/// Returns what to tell of a founding.
fn founded(dir: &Path, text: &str, has_governor_key: bool) -> String {
    let file = dir.join(FOUNDING_FILE);
    let signing = if has_governor_key {
        ""
    } else {
        "\nThat writes the genesis, which each governor of the new register signs; then it is run again"
    };
    format!(
        "A register is founded in {}. Its founding has the digest\n  {}\n\nGive {} to the governors of the register that ends:\n  \
         colophon-node govern retire OLD --key governor.key --successor {} --out retire.draft\nOnce that is recorded:\n  \
         colophon-node init {} --succeeds OLD{signing}",
        dir.display(),
        sha256(text.as_bytes()),
        file.display(),
        file.display(),
        dir.display()
    )
}

/// Returns what to tell of a register that goes on where another ended.
fn told(succeeded: &Succeeded) -> String {
    let Succeeded { founded, accounts, editions, left } = succeeded;
    let left =
        left.iter().map(|(work, edition)| format!("\nLEFT: edition {edition} of {work} does not fit into an entry"));
    let left: String = left.collect();
    format!("{founded}\n\nCarried over: {editions} editions and {accounts} accounts{left}")
}
