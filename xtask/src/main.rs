//! Tasks of the house: `cargo xtask test` runs everything there is; `cargo xtask bench` measures.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line tool, which is told by its environment what to do"
)]

mod bench;
mod python;
mod services;
mod sh;
mod tools;

use std::process::ExitCode;

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "test" => test(),
        "bench" => bench::run(),
        _ => Err("usage: cargo xtask test | bench".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Every test: the rules of the house, native ones, the plugins as components, and the running
/// gateway with the official SDKs as clients.
fn test() -> Result<(), String> {
    sh::cargo(&["test", "--locked", "-p", "xtask"])?;
    // One selection of packages: another one has other features, and pays for wasmtime again.
    sh::cargo(&["build", "--locked", "--workspace", "--all-targets"])?;
    let postgres = postgres()?;
    let database = postgres.iter().map(|it| (services::DATABASE_URL, it.url()));
    sh::cargo_with(&["test", "--locked", "--workspace"], database)?;
    drop(postgres);
    match tools::ensure_all(&python::TOOLS) {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests/sdk ({what})");
            Ok(())
        }
        ready => ready.and_then(|()| python::sdk_tests()),
    }
}

/// The database server of the tests, unless they are told of another one. Without it they run on
/// SQLite alone, which is not allowed in CI.
fn postgres() -> Result<Option<services::Postgres>, String> {
    if std::env::var_os(services::DATABASE_URL).is_some() {
        return Ok(None);
    }
    match services::Postgres::start() {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests on PostgreSQL ({what})");
            Ok(None)
        }
        started => started.map(Some),
    }
}
