//! Builds the two programs once a process and says where they are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names the directory that holds both programs already built; nothing is built when it is set.
const BIN_DIR_VARIABLE: &str = "COLOPHON_BIN_DIR";

/// Where the programs under test are.
#[derive(Debug)]
pub struct Binaries {
    /// `colophon-node`, which runs a register.
    pub node: PathBuf,
    /// `colophon`, which people use.
    pub cli: PathBuf,
}

/// Returns the programs under test, building them first unless `COLOPHON_BIN_DIR` says where they are.
///
/// They are built once a process, with the profile and the target directory of the running test.
pub fn binaries() -> &'static Binaries {
    static BINARIES: OnceLock<Binaries> = OnceLock::new();
    BINARIES.get_or_init(|| match std::env::var_os(BIN_DIR_VARIABLE) {
        Some(directory) => find(&PathBuf::from(directory)),
        None => find(&build()),
    })
}

/// Returns the root of the checkout.
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies one level below the workspace")
}

fn find(directory: &Path) -> Binaries {
    let program = |name: &str| {
        let path = directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(path.is_file(), "no program at {}: run `cargo build -p colophon-node -p colophon-cli`", path.display());
        path
    };
    Binaries { node: program("colophon-node"), cli: program("colophon") }
}

/// Builds both programs and returns the directory they are in.
fn build() -> PathBuf {
    let directory = profile_directory();
    let target = directory.parent().expect("a profile's directory lies in the target directory");
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "-p", "colophon-node", "-p", "colophon-cli", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace_root())
        .status()
        .expect("cargo starts");
    assert!(
        status.success(),
        "the programs under test do not build: run `cargo build -p colophon-node -p colophon-cli`"
    );
    directory
}

/// The running test is `TARGET/PROFILE/deps/NAME-HASH`, or `TARGET/PROFILE/NAME` if it is a program.
fn profile_directory() -> PathBuf {
    let program = std::env::current_exe().expect("a running program knows its own path");
    let directory = program.parent().expect("a program lies in a directory");
    if directory.ends_with("deps") {
        directory.parent().expect("deps lies in the profile's directory").to_owned()
    } else {
        directory.to_owned()
    }
}
