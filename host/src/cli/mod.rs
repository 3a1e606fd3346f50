//! The command line: LiteLLM's flags, so that a container's arguments go on working, and ours.

mod check;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use check::print as print_check;

/// An LLM gateway whose providers are sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve (the default).
    Serve(Serve),
    /// Read a config, say of every key how it is taken, and exit with 1 if it cannot be used.
    Check(Check),
    /// Write the bundled plugins' components into a folder.
    ExportPlugins(ExportPlugins),
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// The address to listen on. Without a master key only loopback ones are taken.
    #[arg(long, env = "HOST")]
    pub host: Option<IpAddr>,
    #[arg(long, env = "PORT", default_value_t = crate::config::defaults::PORT)]
    pub port: u16,
    /// Log more.
    #[arg(long, alias = "detailed_debug")]
    pub debug: bool,
    /// LiteLLM's; one process serves all cores here.
    #[arg(long = "num_workers", hide = true)]
    pub num_workers: Option<u32>,
    /// LiteLLM's, without effect.
    #[arg(long = "run_gunicorn", hide = true)]
    pub run_gunicorn: bool,
    /// LiteLLM's, without effect.
    #[arg(long = "use_prisma_db_push", hide = true)]
    pub use_prisma_db_push: bool,
    /// LiteLLM's, without effect.
    #[arg(long = "keepalive_timeout", hide = true)]
    pub keepalive_timeout: Option<u32>,
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: PathBuf,
}

/// Options of `export-plugins`.
#[derive(Debug, Clone, Args)]
pub struct ExportPlugins {
    /// Made if it is not there.
    pub folder: PathBuf,
}

impl Cli {
    /// Reads the process's arguments; exits with a message if they are wrong.
    pub fn of_process() -> Command {
        let cli = Self::parse();
        cli.command.unwrap_or(Command::Serve(cli.serve))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_is_what_is_meant_without_a_word() {
        let cli = Cli::try_parse_from([
            "sluice",
            "--config",
            "a.yaml",
            "--port",
            "5",
            "--num_workers",
            "8",
        ])
        .unwrap();
        assert!(cli.command.is_none() && cli.serve.port == 5);
        let cli = Cli::try_parse_from(["sluice", "serve", "--config", "a.yaml", "--host", "::1"])
            .unwrap();
        assert!(matches!(cli.command, Some(Command::Serve(serve)) if serve.host.is_some()));
    }
}
