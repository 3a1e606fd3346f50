//! `cargo xtask bench`: the gateway under load, beside nginx before the same upstream. Prints a
//! table; it judges nothing.

use std::process::Command;

use crate::sh;
use crate::tools::{self, Tool};

/// Builds the release binary and runs `tests/bench/run.py`, which starts everything on loopback.
pub fn run() -> Result<(), String> {
    sh::cargo(&[
        "build",
        "--release",
        "--locked",
        "--workspace",
        "--bin",
        "sluice",
        "--bin",
        "sluice-load",
    ])?;
    for (program, packages) in [("wrk", &["wrk"]), ("nginx", &["nginx"])] {
        tools::ensure(Tool { program, packages })?;
    }
    tools::ensure(tools::PYTHON)?;
    let target = sh::target_dir().join("release");
    sh::run(
        Command::new("python3")
            .arg("tests/bench/run.py")
            .arg(target),
    )
}
