//! `cargo xtask bench`: the gateway under load, beside nginx before the same upstream, and the
//! database with ten million calls in it, or as many as `--rows` says. Prints tables; it judges
//! nothing.

use std::process::Command;

use crate::tools::{self, Tool};
use crate::{postgres, services, sh};

/// A server as it is installed on a machine with a few GB, with nothing forgotten.
const SERVER: &[&str] = &["shared_buffers=1GB", "max_wal_size=4GB"];

/// Both, one after the other. `arguments` are for the database's.
pub fn run(arguments: &[String]) -> Result<(), String> {
    gateway()?;
    database(arguments)
}

/// `tests/benches/store`, on SQLite and a PostgreSQL of its own.
fn database(arguments: &[String]) -> Result<(), String> {
    let server = postgres(SERVER)?;
    let url = server.iter().map(|it| (services::DATABASE_URL, it.url()));
    let mut command = vec!["bench", "--locked", "--workspace", "--bench", "store", "--"];
    command.extend(arguments.iter().map(String::as_str));
    sh::cargo_with(&command, url)
}

/// Builds the release binary and runs `tests/bench/run.py`, which starts everything on loopback.
fn gateway() -> Result<(), String> {
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
