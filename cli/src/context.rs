//! What all commands have in common: the options that each takes, and what it works with.

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::Args;
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::home::Home;
use crate::keystore::Keystore;
use crate::passphrase::Passphrases;
use crate::sealed::Sealer;
use crate::ui::Ui;

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Globals {
    /// Print the result as one line of JSON that names its schema
    #[arg(long, global = true)]
    json: bool,
    /// Print the result alone: no notes, no progress
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Ask nothing: what is not given is an error
    #[arg(long, global = true)]
    no_input: bool,
    /// The register to talk to
    #[arg(long, global = true, value_name = "URL", env = "COLOPHON_NODE", hide_env_values = true)]
    node: Option<String>,
    /// Where keys, policy and history are kept, instead of the XDG directories
    #[arg(long, global = true, value_name = "DIR", env = "COLOPHON_HOME", hide_env_values = true)]
    home: Option<PathBuf>,
    /// Read the passphrase from the one line of this file instead of asking
    #[arg(long, global = true, value_name = "FILE", env = "COLOPHON_PASSPHRASE_FILE", hide_env_values = true)]
    passphrase_file: Option<PathBuf>,
}

impl Globals {
    /// Returns how to talk to whoever runs the command.
    pub(crate) fn ui(&self) -> Ui {
        Ui::new(self.json, self.quiet, self.no_input)
    }
}

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// How it talks to the person.
    pub ui: Ui,
    /// Where the person's files are.
    pub home: Home,
    /// The person's keys.
    pub keys: Keystore,
    /// Where passphrases come from.
    pub passphrases: Passphrases,
    node: Option<String>,
    /// Made when a future is first waited for, and kept: connections live on it.
    runtime: OnceCell<Runtime>,
}

impl Context {
    pub(crate) fn new(globals: Globals, ui: Ui) -> Result<Context, Failure> {
        let home = Home::locate(globals.home.as_deref())?;
        let keys = Keystore::new(&home, Sealer::from_env()?);
        let node = globals.node.filter(|node| !node.is_empty());
        let passphrases = Passphrases::new(globals.passphrase_file, ui.clone());
        Ok(Context { ui, home, keys, passphrases, node, runtime: OnceCell::new() })
    }

    /// Returns the URL of the register, without a slash at its end.
    pub fn node(&self) -> Result<&str, Failure> {
        let node = self.node.as_deref().map(|node| node.trim_end_matches('/'));
        node.ok_or_else(|| Failure::usage("no register is named", "give --node URL, or set COLOPHON_NODE"))
    }

    /// Waits for a future, such as a register's answer.
    pub fn wait_for<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime.block_on(future));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Failure::try_again(
                format!("this machine gives no network events: {error}"),
                "close some programs, then try again",
            )
        })?;
        Ok(self.runtime.get_or_init(|| runtime).block_on(future))
    }
}
