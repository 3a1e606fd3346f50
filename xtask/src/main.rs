//! Tasks of the house: `cargo xtask test` runs everything there is; `cargo xtask bench` measures.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

mod bench;
mod python;
mod sh;

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

/// Every test: native ones, the plugins' fixtures, the running gateway, and the official SDKs.
fn test() -> Result<(), String> {
    sh::cargo(&["build", "--locked", "-p", "sluice"])?;
    sh::cargo(&["test", "--locked", "--workspace"])?;
    python::sdk_tests()
}
