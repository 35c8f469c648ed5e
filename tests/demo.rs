//! The story that `make demo` tells, to its end: each of its steps must come out as it says.

use std::process::Command;

use e2e::binaries::binaries;

#[test]
fn the_story_is_told_to_its_end() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.env("COLOPHON_BIN_DIR", binaries().node.parent().unwrap());
    let output = demo.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("checked against rule set"), "{told}");
}
