//! LiteLLM's flags, so that a container's arguments go on working. They are hidden from `--help`,
//! and those that were given are named when the gateway starts.

use clap::Args;

/// Flags without effect here.
#[derive(Debug, Clone, Default, Args)]
pub struct LiteLlm {
    #[arg(long = "num_workers", hide = true)]
    num_workers: Option<String>,
    #[arg(long, hide = true)]
    model: Option<String>,
    #[arg(long, hide = true)]
    alias: Option<String>,
    #[arg(long = "api_base", hide = true)]
    api_base: Option<String>,
    #[arg(long = "api_version", hide = true)]
    api_version: Option<String>,
    #[arg(long = "max_tokens", hide = true)]
    max_tokens: Option<String>,
    #[arg(long, hide = true)]
    temperature: Option<String>,
    #[arg(long = "request_timeout", hide = true)]
    request_timeout: Option<String>,
    #[arg(long = "max_budget", hide = true)]
    max_budget: Option<String>,
    #[arg(long = "keepalive_timeout", hide = true)]
    keepalive_timeout: Option<String>,
    #[arg(long = "max_requests_before_restart", hide = true)]
    max_requests_before_restart: Option<String>,
    #[arg(long = "prometheus_metrics_port", hide = true)]
    prometheus_metrics_port: Option<String>,
    #[arg(long = "log_config", hide = true)]
    log_config: Option<String>,
    #[arg(long, hide = true)]
    telemetry: Option<String>,
    #[arg(long = "drop_params", hide = true)]
    drop_params: bool,
    #[arg(long = "run_gunicorn", hide = true)]
    run_gunicorn: bool,
    #[arg(long = "run_hypercorn", hide = true)]
    run_hypercorn: bool,
    #[arg(long = "run_granian", hide = true)]
    run_granian: bool,
    #[arg(long = "iam_token_db_auth", hide = true)]
    iam_token_db_auth: bool,
    #[arg(long = "use_prisma_db_push", hide = true)]
    use_prisma_db_push: bool,
}

impl LiteLlm {
    /// The flags that were given, each with what to do instead if anything was lost.
    pub fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        let one_process = "one process serves all cores";
        let in_config = "set it in the config's `model_list`";
        let flags = [
            ("num_workers", self.num_workers.is_some(), one_process),
            ("model", self.model.is_some(), in_config),
            ("alias", self.alias.is_some(), in_config),
            ("api_base", self.api_base.is_some(), in_config),
            ("api_version", self.api_version.is_some(), in_config),
            ("max_tokens", self.max_tokens.is_some(), in_config),
            ("temperature", self.temperature.is_some(), in_config),
            (
                "request_timeout",
                self.request_timeout.is_some(),
                "set `litellm_settings.request_timeout`",
            ),
            (
                "drop_params",
                self.drop_params,
                "set `litellm_settings.drop_params`",
            ),
            (
                "max_budget",
                self.max_budget.is_some(),
                "set `litellm_settings.max_budget`",
            ),
            (
                "prometheus_metrics_port",
                self.prometheus_metrics_port.is_some(),
                "metrics are at `/metrics` of the gateway's own port",
            ),
            (
                "keepalive_timeout",
                self.keepalive_timeout.is_some(),
                "it is not needed",
            ),
            (
                "max_requests_before_restart",
                self.max_requests_before_restart.is_some(),
                "it is not needed",
            ),
            (
                "log_config",
                self.log_config.is_some(),
                "set `litellm_settings.json_logs` or SLUICE_LOG",
            ),
            ("telemetry", self.telemetry.is_some(), "there is none"),
            ("run_gunicorn", self.run_gunicorn, one_process),
            ("run_hypercorn", self.run_hypercorn, one_process),
            ("run_granian", self.run_granian, one_process),
            (
                "iam_token_db_auth",
                self.iam_token_db_auth,
                "tokens of AWS IAM are not made here; give the password in DATABASE_URL",
            ),
            (
                "use_prisma_db_push",
                self.use_prisma_db_push,
                "every start brings the database's schema up to date",
            ),
        ];
        let given = flags.into_iter().filter(|(_, given, _)| *given);
        given.map(|(name, _, why)| (name, why)).collect()
    }
}
