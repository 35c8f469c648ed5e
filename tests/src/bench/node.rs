//! The register that is measured: its engine, its size, what its process and its folder take.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::bench::report::number_after;
use crate::binaries::binaries;
use crate::node::Node;

/// An engine of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// The default
    Sled,
    /// For large registers
    Fjall,
}

impl View {
    /// Returns the name of the engine.
    pub(crate) fn name(self) -> &'static str {
        match self {
            View::Sled => "sled",
            View::Fjall => "fjall",
        }
    }

    /// Returns the engines that the node has; one that knows no choice has sled.
    pub(crate) fn all() -> Result<Vec<View>> {
        let help = Command::new(&binaries().node).args(["serve", "--help"]).output()?.stdout;
        let chosen = String::from_utf8_lossy(&help).contains("--view");
        Ok(if chosen { vec![View::Sled, View::Fjall] } else { vec![View::Sled] })
    }
}

/// Starts an empty register.
pub(crate) fn start(view: View) -> Node {
    let node = Node::init("bench.example/log");
    let mut node = if view == View::Sled { node } else { node.with_serve_args(&["--view", view.name()]) };
    node.start();
    node
}

/// Returns `host:port` of a running register.
pub(crate) fn authority(node: &Node) -> &str {
    node.url().trim_start_matches("http://")
}

/// Returns how many entries the register says it has recorded since its start.
pub(crate) fn recorded(node: &Node) -> u64 {
    number_after(node.get("/metrics").text(), "colophon_recorded_total")
}

/// Returns how many batches the register says it has committed since its start.
pub(crate) fn batches(node: &Node) -> u64 {
    number_after(node.get("/metrics").text(), "colophon_batches_total")
}

/// Returns what the process holds in memory and the most it ever held, in megabytes.
pub(crate) fn memory_mb(node: &Node) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{}/status", node.process_id()))?;
    let megabytes = |word| mega(number_after(&status, word) * 1024);
    Ok((megabytes("VmRSS:"), megabytes("VmHWM:")))
}

/// Returns how much processor time the threads of the process have taken so far, in microseconds.
pub(crate) fn processor_us(node: &Node) -> Result<f64> {
    let mut all_us = 0.0;
    for thread in fs::read_dir(format!("/proc/{}/task", node.process_id()))? {
        // A thread may be gone by now.
        let stat = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let on_processor_ns: u64 = stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default();
        all_us += mega(on_processor_ns) * 1000.0;
    }
    Ok(all_us)
}

/// Returns the bytes on disk of what lies in a register's folder under names that begin so.
pub(crate) fn bytes_on_disk(folder: &Path, names: &[&str]) -> Result<u64> {
    let mut bytes = 0;
    for found in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let found = found?;
        let name = found.file_name().to_string_lossy().into_owned();
        if names.iter().any(|wanted| name.starts_with(wanted)) {
            let metadata = found.metadata()?;
            bytes += if metadata.is_dir() { bytes_on_disk(&found.path(), &[""])? } else { metadata.blocks() * 512 };
        }
    }
    Ok(bytes)
}

/// Returns bytes as millions of bytes.
pub(crate) fn mega(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}
