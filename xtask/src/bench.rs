//! `cargo xtask bench`: the gateway under load, beside nginx before the same upstream; a component's
//! and the journal's share of a call; and the database with ten million calls in it, or as many as
//! `--rows` says. Prints tables; it judges nothing.

use std::process::Command;

use crate::tools::{self, Tool};
use crate::{postgres, services, sh};

/// A server as it is installed on a machine with a few GB, with nothing forgotten.
const SERVER: &[&str] = &["shared_buffers=1GB", "max_wal_size=4GB"];

/// One selection of packages for all that is measured: another one has other features, and pays for
/// wasmtime again.
const PACKAGES: &[&str] = &[
    "--locked",
    "-p",
    "sluice",
    "-p",
    "sluice-tests",
    "-p",
    "sluice-load",
];

/// All of it, one after the other. `arguments` are for the database's.
pub fn run(arguments: &[String]) -> Result<(), String> {
    gateway()?;
    cargo("bench", &["--bench", "inside"])?;
    database(arguments)
}

fn cargo(command: &str, targets: &[&str]) -> Result<(), String> {
    sh::cargo(&[&[command], PACKAGES, targets].concat())
}

/// `tests/benches/inside/store`, on SQLite and a PostgreSQL of its own.
fn database(arguments: &[String]) -> Result<(), String> {
    let server = postgres(SERVER)?;
    let url = server.iter().map(|it| (services::DATABASE_URL, it.url()));
    let mut command = [&["bench"], PACKAGES, &["--bench", "inside", "--", "store"]].concat();
    command.extend(arguments.iter().map(String::as_str));
    sh::cargo_with(&command, url)
}

/// Builds the release binary and runs `tests/bench/run.py`, which starts everything on loopback.
fn gateway() -> Result<(), String> {
    let programs = ["--bin", "sluice", "--bin", "sluice-load"];
    cargo(
        "build",
        &[&["--release"], &programs[..], &["--bench", "inside"]].concat(),
    )?;
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
