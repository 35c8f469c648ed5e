//! How many files this process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// The files that a register has open besides its connections, at most.
const OWN_FILES_MAX: u64 = 512;

/// Lets this process open as many files as so many connections need, as far as the system allows. Returns for how many
/// connections that is enough.
pub(crate) fn make_room_for(connections: usize) -> usize {
    let wanted = (connections as u64).saturating_add(OWN_FILES_MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return connections;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum }).is_ok();
    let files = if raised { allowed } else { current.unwrap_or(wanted) };
    let enough = usize::try_from(files.saturating_sub(OWN_FILES_MAX)).unwrap_or(connections).clamp(1, connections);
    if enough < connections {
        warn!(
            files.max = files,
            "Only {enough} connections are taken, not {connections}: the system lets this process open {files} files"
        );
    }
    enough
}
