//! `cargo xtask bench`: the gateway under load, beside nginx before the same upstream. Prints a
//! table; it judges nothing.

use std::path::Path;
use std::process::Command;

use crate::sh;

/// Builds the release binary and runs `tests/bench/run.py`, which starts everything on loopback.
pub fn run() -> Result<(), String> {
    sh::cargo(&[
        "build",
        "--release",
        "--locked",
        "-p",
        "sluice",
        "-p",
        "sluice-load",
    ])?;
    for program in ["wrk", "nginx"] {
        if !found(program) {
            sh::run(Command::new("apt-get").args(["install", "-y", program]))?;
        }
    }
    let target =
        std::path::absolute(sh::target_dir().join("release")).map_err(|cause| cause.to_string())?;
    sh::run(
        Command::new("python3")
            .arg("tests/bench/run.py")
            .arg(target),
    )
}

fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned()])
        .any(|folder| folder.join(program).exists())
}
