//! What is said once the gateway listens: a line of the log, and a banner to whoever sits at the terminal.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use crate::cli::Banner;
use crate::http::server::Entrance;
use crate::pipeline::Fleet;
use crate::plugins::{Source, Table};

/// Says that it listens, and what is loaded. `database` is its address without a password.
pub fn say(entrance: &Entrance, path: &Path, database: &str, fleet: &Fleet, table: &Table) {
    let banner = banner(entrance, path, database, fleet, table);
    let (bundled, files) = banner.plugins;
    tracing::info!(
        address = %entrance,
        config = %banner.config,
        database,
        models = banner.groups,
        plugins = bundled + files,
        "sluice is listening"
    );
    if !fleet.config.general.json_logs && std::io::stderr().is_terminal() {
        // One write: lines of the log come before or after it.
        let _ = std::io::stderr().write_all(banner.to_string().as_bytes());
    }
}

fn banner(
    entrance: &Entrance,
    path: &Path,
    database: &str,
    fleet: &Fleet,
    table: &Table,
) -> Banner {
    let config = &fleet.config;
    let is_bundled = |it: &&_| **it == Source::Bundled;
    let sources = table.plugins.values().map(|it| &it.source);
    let bundled = sources.filter(is_bundled).count();
    Banner {
        address: entrance.listener.local_addr().ok(),
        tls: entrance.tls.is_some(),
        root_path: config.general.root_path.clone().unwrap_or_default(),
        config: path.display().to_string(),
        database: database.to_owned(),
        groups: config.groups.names().count(),
        deployments: config.groups.deployments().count(),
        plugins: (bundled, table.plugins.len().saturating_sub(bundled)),
        guardrails: config.guardrails.len(),
        callbacks: config.callbacks.len(),
        loopback_only: config.general.loopback_only(),
        has_ui: !config.general.ui.disabled,
    }
}
