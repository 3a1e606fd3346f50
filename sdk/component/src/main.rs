//! The library as a program, for builds without a gateway.
#![expect(
    clippy::print_stderr,
    reason = "a command-line tool, which says what is wrong"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sluice_component::{Language, bindings, component};

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
