//! Options of `migrate`.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Options of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    #[command(subcommand)]
    pub origin: Origin,
}

/// What to take over from.
#[derive(Debug, Clone, Subcommand)]
pub enum Origin {
    /// Move keys, teams, users, budgets, models, settings and spend out of a LiteLLM database,
    /// which is only read. May be run again: docs/migrate.md.
    #[command(name = "litellm")]
    LiteLlm(FromLiteLlm),
}

/// Options of `migrate litellm`.
#[derive(Clone, Args)]
pub struct FromLiteLlm {
    /// The config file, which names the gateway's own database.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
    /// LiteLLM's DATABASE_URL.
    #[arg(long, env = "SLUICE_FROM_DATABASE_URL", hide_env_values = true)]
    pub from: String,
    /// LiteLLM's LITELLM_SALT_KEY, or its master key if it has none. Without it the gateway's own.
    #[arg(long, env = "SLUICE_FROM_SALT_KEY", hide_env_values = true)]
    pub salt_key: Option<String>,
    /// Where LiteLLM's tables are, if not in `public` and the URL has no `schema`.
    #[arg(long)]
    pub schema: Option<String>,
    /// Say what would become of each row, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Report in JSON, a line for each row.
    #[arg(long)]
    pub json: bool,
    /// Move the log of calls as well.
    #[arg(long)]
    pub spend_logs: bool,
    /// Take LiteLLM's row where it was changed or deleted here since an earlier run.
    #[arg(long)]
    pub overwrite: bool,
}

/// Without the password of the URL and without the salt key.
impl fmt::Debug for FromLiteLlm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FromLiteLlm")
            .field("config", &self.config)
            .field("schema", &self.schema)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}
