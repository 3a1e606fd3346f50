//! Options of the commands that help on the way: `init`, `doctor`, `compile`, `completions`.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

/// Options of `init`.
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// The config to write. Must not be there.
    #[arg(default_value = "config.yaml")]
    pub file: PathBuf,
    /// A provider to write down although its key is not in the environment. May be repeated. Without
    /// one, whoever sits at the terminal is asked.
    #[arg(long, short)]
    pub provider: Vec<String>,
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// The address that `serve` is to listen on.
    #[arg(long, env = "HOST", value_parser = super::host)]
    pub host: Option<IpAddr>,
    #[arg(long, env = "PORT", default_value_t = crate::config::defaults::PORT)]
    pub port: u16,
    /// Ask no provider whether it can be reached.
    #[arg(long)]
    pub offline: bool,
}

/// Options of `compile`.
#[derive(Debug, Clone, Args)]
pub struct Compile {
    /// The config file, whose plugins directory is compiled too. Without one, `config.yaml` or else
    /// `config.example.yaml` of this folder; without any, the bundled plugins alone.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// Where the machine code goes. Without it, where the gateway keeps its own.
    #[arg(long)]
    pub into: Option<PathBuf>,
}

/// Options of `completions`.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: Shell,
}

impl Completions {
    /// Writes the script that the shell is to read.
    pub fn write(&self, out: &mut impl Write) {
        clap_complete::generate(self.shell, &mut Cli::command(), "sluice", out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_told_of_the_commands_within_commands() {
        for shell in [
            Shell::Bash,
            Shell::Zsh,
            Shell::Fish,
            Shell::Elvish,
            Shell::PowerShell,
        ] {
            let mut script = Vec::new();
            Completions { shell }.write(&mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["doctor", "keygen", "--memory-mb", "completions"] {
                let plain = word.trim_start_matches('-');
                assert!(script.contains(plain), "{shell}: {word}");
            }
            // LiteLLM's options work, and are offered to nobody.
            assert!(!script.contains("detailed_debug"), "{shell}");
        }
    }
}
