//! The measurements themselves, once and for a moment each: timings decide nothing here.

use std::process::Command;

use e2e::bench::report::Report;
use e2e::binaries::binaries;

#[test]
fn every_measurement_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let (json, chart) = (folder.path().join("bench.json"), folder.path().join("bench.svg"));
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.env("COLOPHON_BIN_DIR", binaries().node.parent().unwrap());
    bench.arg("--quick").arg("--json").arg(&json).arg("--chart").arg(&chart);
    let output = bench.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let report = Report::from_json(&std::fs::read_to_string(json).unwrap()).unwrap();
    let parts = [
        "the machine",
        "one entry a request, sled",
        "many entries a request, sled",
        "transfers under rules",
        "reading",
        "checking",
        "works",
    ];
    for part in parts {
        assert!(report.figures.iter().any(|figure| figure.part == part), "no figure of {part}");
    }
    assert!(report.figures.iter().all(|figure| figure.value > 0.0 && figure.value.is_finite()), "{}", report.table());
    assert!(std::fs::read_to_string(chart).unwrap().contains("</svg>"));
}
