//! What authors in C and Go need beside their compiler, for exactly this contract: `bindings` writes
//! the sources that their code is compiled with, `make` turns the module that came of it into a
//! component. Rust, JavaScript and Python have tools of their own that do both.
#![expect(
    clippy::print_stderr,
    reason = "a command-line tool, which says what is wrong"
)]

mod bindings;
mod component;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// The contract, the one of this tree.
const CONTRACT: &str = include_str!("../../../wit/sluice-plugin.wit");

/// Bindings for C and Go, and components of what their compilers make.
#[derive(Debug, Parser)]
#[command(name = "sluice-component")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Writes the sources that a plugin is compiled with.
    Bindings {
        language: Language,
        /// `provider-plugin`, `guardrail-plugin`, `callback-plugin`, ...
        #[arg(long)]
        world: String,
        /// C: the folder that `sluice.h` and `sluice.c` are written to. Go: the folder of the module
        /// `sluice` (`sdk/go`).
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes a component of a module that was compiled with the bindings.
    Make {
        module: PathBuf,
        /// As it was for the bindings.
        #[arg(long)]
        world: String,
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    C,
    Go,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Bindings {
            language,
            world,
            out,
        } => bindings::write(language, &world, &out),
        Task::Make { module, world, out } => component::make(&module, &world, &out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("sluice-component: {what}");
            ExitCode::FAILURE
        }
    }
}

/// A contract, and one of its worlds. An unknown name is an error that lists the known ones.
fn world(contract: &str, name: &str) -> Result<(Resolve, WorldId), String> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("sluice-plugin.wit", contract)
        .map_err(|cause| format!("the contract: {cause:#}"))?;
    let worlds = &resolve.packages[package].worlds;
    let known = || worlds.keys().cloned().collect::<Vec<_>>().join(", ");
    let found = worlds.get(name).copied();
    let found = found.ok_or_else(|| format!("there is no world `{name}`, but {}", known()))?;
    Ok((resolve, found))
}

#[test]
fn a_world_that_is_not_there_is_told_those_that_are() {
    let said = world(CONTRACT, "provider").err().unwrap_or_default();
    assert!(said.contains("provider-plugin"), "{said}");
    assert!(said.contains("callback-plugin"), "{said}");
}
