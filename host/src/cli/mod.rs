//! The command line: LiteLLM's flags, so that a container's arguments go on working, and ours.

mod banner;
mod check;
mod comfort;
mod litellm;
mod migrate;
mod options;
mod plugin;
pub mod report;

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use banner::Banner;
pub use check::print as print_check;
pub use comfort::{Compile, Completions, Doctor, Init};
pub use litellm::LiteLlm;
pub use migrate::{FromLiteLlm, Migrate, Origin};
pub use plugin::{
    AddPlugin, BenchPlugin, Budgets, BuildPlugin, InspectPlugin, Keygen, Lang, LockPlugins,
    NewPlugin, Plugin, PluginFile, PluginKind, PluginTask, PluginsPlace, RecordPlugin,
    RemovePlugin, SignPlugin, TestPlugin, VerifyPlugin,
};

use crate::config::Setting;

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
    /// Write a config for the providers whose keys are in the environment, and a master key.
    Init(Init),
    /// Look at everything that the gateway needs, and say what to do where something is missing.
    Doctor(Doctor),
    /// Read a config, say of every key how it is taken, and exit with 1 if it cannot be used.
    Check(Check),
    /// Write, test, sign and install plugins.
    Plugin(Plugin),
    /// Compile the plugins now, so that no start has to.
    Compile(Compile),
    /// Write the bundled plugins' components into a folder.
    ExportPlugins(ExportPlugins),
    /// Write everything that the database holds into a file, also while the gateway runs.
    Backup(Backup),
    /// Fill an empty database from a backup; SQLite or PostgreSQL, whichever made it.
    Restore(Restore),
    /// Seal what is secret in the database with the key in `SLUICE_NEW_SALT_KEY` from now on.
    RotateSalt(RotateSalt),
    /// Take over what another gateway has in its database.
    Migrate(Migrate),
    /// Write the script by which a shell completes commands and options.
    Completions(Completions),
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// The address to listen on. Without a master key only loopback ones are taken.
    #[arg(long, env = "HOST", value_parser = host)]
    pub host: Option<IpAddr>,
    #[arg(long, env = "PORT", default_value_t = crate::config::defaults::PORT)]
    pub port: u16,
    /// Serve TLS with this certificate and its chain (PEM).
    #[arg(
        long,
        alias = "ssl_certfile_path",
        env = "SSL_CERTFILE_PATH",
        requires = "ssl_keyfile"
    )]
    ssl_certfile: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(
        long,
        alias = "ssl_keyfile_path",
        env = "SSL_KEYFILE_PATH",
        requires = "ssl_certfile"
    )]
    ssl_keyfile: Option<PathBuf>,
    /// How long answers under way may take after SIGTERM, in seconds. A second signal ends them.
    #[arg(long, env = "SLUICE_DRAIN_SECONDS", default_value_t = crate::config::defaults::DRAIN_SECONDS)]
    pub drain_seconds: u64,
    /// Log more.
    #[arg(long, alias = "detailed_debug", overrides_with = "debug")]
    pub debug: bool,
    /// LiteLLM's: say of every key of the config how it is taken, and exit.
    #[arg(long = "validate_config", hide = true)]
    validate_config: bool,
    /// LiteLLM's: bring the database's schema up to date, and exit.
    #[arg(long = "skip_server_startup", hide = true)]
    pub skip_server_startup: bool,
    #[command(flatten)]
    pub litellm: LiteLlm,
    /// The options that were read, and where each comes from.
    #[arg(skip)]
    pub options: Vec<Setting>,
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
}

/// Options of `export-plugins`.
#[derive(Debug, Clone, Args)]
pub struct ExportPlugins {
    /// Made if it is not there.
    pub folder: PathBuf,
}

/// Options of `backup`.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// The config file, which names the database.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// Must not be there. One that ends in `.db` becomes a copy of the SQLite file, any other JSON
    /// lines that restore into either engine.
    pub file: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The config file, which names the database.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// JSON lines that `backup` wrote.
    pub file: PathBuf,
    /// Throw away what the database holds.
    #[arg(long)]
    pub replace: bool,
}

/// Options of `rotate-salt`.
#[derive(Debug, Clone, Args)]
pub struct RotateSalt {
    /// The config file, which names the database.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
}

impl Serve {
    /// The certificate and the key, if TLS is to be served.
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        Some((self.ssl_certfile.as_deref()?, self.ssl_keyfile.as_deref()?))
    }
}

impl Cli {
    /// Reads the process's arguments; exits with a message if they are wrong.
    pub fn of_process() -> Command {
        let matches = Self::command().get_matches();
        Self::of_matches(&matches).unwrap_or_else(|cause| cause.exit())
    }

    fn of_matches(matches: &ArgMatches) -> Result<Command, clap::Error> {
        let mut command = Self::from_arg_matches(matches)?.into_command();
        if let Command::Serve(serve) = &mut command {
            let own = matches.subcommand_matches("serve").unwrap_or(matches);
            serve.options = options::shown(serve, own);
        }
        Ok(command)
    }

    fn into_command(self) -> Command {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(Serve {
                validate_config: true,
                config,
                ..
            }) => Command::Check(Check { config }),
            command => command,
        }
    }
}

/// An address, or a name that leads to one.
fn host(text: &str) -> Result<IpAddr, String> {
    let plain = text.trim_matches(['[', ']']);
    if plain.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    if let Ok(address) = plain.parse() {
        return Ok(address);
    }
    let mut found = (plain, 0).to_socket_addrs().map_err(|it| it.to_string())?;
    let first = found.next().map(|it| it.ip());
    first.ok_or_else(|| "the name has no address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn read(arguments: &[&str]) -> Result<Command, clap::Error> {
        let all = std::iter::once(&"sluice").chain(arguments);
        Cli::of_matches(&Cli::command().try_get_matches_from(all)?)
    }

    fn serve(arguments: &[&str]) -> Serve {
        match read(arguments).unwrap() {
            Command::Serve(serve) => serve,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_is_meant_without_a_word() {
        assert_eq!(serve(&["--config", "a.yaml", "--port", "5"]).port, 5);
        let named = serve(&["serve", "--config", "a.yaml", "--host", "::1"]);
        assert!(named.host.is_some_and(|host| host.is_loopback()));
    }

    #[test]
    fn every_option_says_whether_the_command_line_or_nobody_set_it() {
        for arguments in [&["--port", "5"][..], &["serve", "--port", "5"]] {
            let all = serve(arguments).options;
            let of = |name: &str| all.iter().find(|it| it.name == name).unwrap();
            let port = of("port");
            assert_eq!(
                (&port.value, &port.source),
                (&5.into(), &Source::CommandLine)
            );
            assert_eq!(of("debug").source, Source::Default);
            let drain = of("drain_seconds");
            assert_eq!(
                (&drain.value, &drain.source),
                (&drain.default, &Source::Default)
            );
        }
    }

    #[test]
    fn a_containers_arguments_go_on_working_and_are_named() {
        let container = serve(&[
            "--config",
            "/app/config.yaml",
            "--port",
            "4000",
            "--num_workers",
            "8",
            "--detailed_debug",
            "--debug",
            "--run_gunicorn",
            "--telemetry",
            "False",
        ]);
        assert!(container.debug);
        let named = container.litellm.without_effect();
        let names: Vec<_> = named.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["num_workers", "telemetry", "run_gunicorn"]);
    }

    #[test]
    fn what_is_said_of_a_flag_without_effect_is_true() {
        let given = serve(&[
            "--max_budget",
            "5",
            "--use_prisma_db_push",
            "--iam_token_db_auth",
        ]);
        let said = given.litellm.without_effect();
        assert_eq!(said.len(), 3);
        assert!(said.iter().all(|(_, why)| !why.contains("yet")), "{said:?}");
        assert!(serve(&["--skip_server_startup"]).skip_server_startup);
    }

    #[test]
    fn localhost_and_bracketed_addresses_are_hosts() {
        assert_eq!(host("localhost").unwrap().to_string(), "127.0.0.1");
        assert_eq!(host("[::]").unwrap().to_string(), "::");
        assert_eq!(host("0.0.0.0").unwrap().to_string(), "0.0.0.0");
    }

    #[test]
    fn a_certificate_without_its_key_is_refused_and_never_left_out_in_silence() {
        for flag in ["--ssl_certfile_path", "--ssl-keyfile"] {
            assert!(read(&[flag, "a.pem"]).is_err(), "{flag}");
        }
        let both = serve(&[
            "--ssl_certfile_path",
            "a.pem",
            "--ssl_keyfile_path",
            "b.pem",
        ]);
        assert_eq!(both.tls(), Some((Path::new("a.pem"), Path::new("b.pem"))));
    }

    #[test]
    fn a_migration_is_told_where_from_and_shows_no_secret() {
        let url = "postgres://u:hunter2@h/d";
        let command = read(&["migrate", "litellm", "--from", url, "--salt-key", "sk-salt"]);
        let command = command.unwrap();
        let shown = format!("{command:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("sk-salt"),
            "{shown}"
        );
        let Command::Migrate(Migrate {
            origin: Origin::LiteLlm(options),
        }) = command
        else {
            panic!("{shown}");
        };
        assert_eq!((options.from.as_str(), options.dry_run), (url, false));
        assert!(read(&["migrate", "litellm"]).is_err());
        assert!(read(&["migrate"]).is_err());
    }

    #[test]
    fn litellms_validate_config_is_check() {
        let command = read(&["--config", "a.yaml", "--validate_config"]).unwrap();
        assert!(matches!(command, Command::Check(_)));
    }
}
