//! Our own section, `plugins:`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::env::Env;
use super::section::{Remarks, Section, Taken};

/// The section.
#[derive(Debug, Clone, Default)]
pub struct PluginsSection {
    pub directory: Option<PathBuf>,
    /// Machine code, last good versions.
    pub data_directory: Option<PathBuf>,
    pub overrides: Vec<String>,
    pub sha256: BTreeMap<String, String>,
    pub grants: BTreeMap<String, Grant>,
    pub isolation: BTreeMap<String, String>,
    pub limits: PluginLimits,
    pub poll: Option<Duration>,
    pub rollback: Option<(Duration, u64, f64)>,
    pub providers: BTreeMap<String, Row>,
}

/// What a dropped plugin is allowed.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    pub hosts: Vec<String>,
    pub env: Vec<String>,
    pub private_addresses: bool,
}

/// Limits, where they are not the engine's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluginLimits {
    pub memory_mb: Option<u32>,
    pub cpu_ms: Option<u32>,
    pub state_kb: Option<u32>,
    pub output_mb: Option<u32>,
    pub concurrency: Option<u32>,
}

/// A provider as a data row of a plugin.
#[derive(Debug, Clone)]
pub struct Row {
    pub plugin: String,
    pub row: Value,
}

const KNOWN: &[&str] = &[
    "directory",
    "data_directory",
    "override",
    "sha256",
    "grants",
    "isolation",
    "limits",
    "poll_interval",
    "rollback",
    "providers",
];

/// Reads the section.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> PluginsSection {
    let mut section = Section::new("plugins", value, env, remarks);
    let mut result = PluginsSection {
        directory: section.text("directory").map(PathBuf::from),
        data_directory: section.text("data_directory").map(PathBuf::from),
        overrides: section.texts("override").unwrap_or_default(),
        sha256: section
            .raw("sha256")
            .and_then(|it| serde_json::from_value(it).ok())
            .unwrap_or_default(),
        isolation: section
            .raw("isolation")
            .and_then(|it| serde_json::from_value(it).ok())
            .unwrap_or_default(),
        poll: section.seconds("poll_interval"),
        ..PluginsSection::default()
    };
    let (limits, rollback) = (section.raw("limits"), section.raw("rollback"));
    let (grants, providers) = (section.raw("grants"), section.raw("providers"));
    section.finish(KNOWN, &[]);
    for (name, isolation) in &result.isolation {
        if !matches!(isolation.as_str(), "pooled" | "call" | "fresh") {
            let text = format!("is `{isolation}`, expected `pooled`, `call` or `fresh`");
            remarks.say(Taken::Wrong, format!("plugins.isolation.{name}"), text);
        }
    }
    result.limits = read_limits(limits, env, remarks);
    result.rollback = rollback.map(|value| {
        let mut section = Section::new("plugins.rollback", Some(value), env, remarks);
        let window = section
            .seconds("window")
            .unwrap_or(Duration::from_secs(300));
        let failures = section.count("min_failures").unwrap_or(5);
        let factor = section.number("factor").unwrap_or(10.0);
        section.finish(&["window", "min_failures", "factor"], &[]);
        (window, u64::from(failures), factor)
    });
    for (name, value) in grants
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default()
    {
        let mut section =
            Section::new(&format!("plugins.grants.{name}"), Some(value), env, remarks);
        let grant = Grant {
            hosts: section.texts("hosts").unwrap_or_default(),
            env: section.texts("env").unwrap_or_default(),
            private_addresses: section.flag("private_addresses").unwrap_or(false),
        };
        section.finish(&["hosts", "env", "private_addresses"], &[]);
        result.grants.insert(name, grant);
    }
    for (name, value) in providers
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default()
    {
        let mut row = value.clone();
        let plugin = value
            .get("plugin")
            .and_then(Value::as_str)
            .unwrap_or("openai_compatible")
            .to_owned();
        if let Some(members) = row.as_object_mut() {
            members.shift_remove("plugin");
        } else {
            remarks.say(
                Taken::Wrong,
                format!("plugins.providers.{name}"),
                "is no mapping",
            );
        }
        result.providers.insert(name, Row { plugin, row });
    }
    result
}

fn read_limits(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> PluginLimits {
    let mut section = Section::new("plugins.limits", value, env, remarks);
    let limits = PluginLimits {
        memory_mb: section.count("memory_mb"),
        cpu_ms: section.count("cpu_ms"),
        state_kb: section.count("state_kb"),
        output_mb: section.count("output_mb"),
        concurrency: section.count("concurrency"),
    };
    section.finish(
        &[
            "memory_mb",
            "cpu_ms",
            "state_kb",
            "output_mb",
            "concurrency",
        ],
        &[],
    );
    limits
}
