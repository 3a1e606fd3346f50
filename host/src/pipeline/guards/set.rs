//! The config's guardrails, each with the plugin that is it: built anew when the config or a plugin
//! changes.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::config::{self, Config, Guardrail, Stage};
use crate::domain::{At, ErrorKind, Fault};
use crate::pipeline::givens::Environment;
use crate::pipeline::outside::{Entry, target};
use crate::plugins::{Generation, Hook, Table};
use crate::upstream::Target;

/// Every guardrail, in the order in which they look.
#[derive(Default)]
pub struct Guards {
    all: Vec<Arc<Guard>>,
}

/// One guardrail, ready to look or with the reason why not.
pub struct Guard {
    pub entry: Guardrail,
    pub ready: Result<Ready, Fault>,
}

/// What looks.
pub struct Ready {
    pub hook: Arc<Hook>,
    /// Its settings, as the plugin gets them.
    pub settings: Map<String, Value>,
    pub target: Arc<Target>,
}

impl Guards {
    pub fn build(config: &Config, table: &Table, environment: &Environment) -> Self {
        let entries = config.guardrails.iter();
        let all = entries.map(|entry| {
            let ready = ready(config, entry, table, environment);
            let entry = entry.clone();
            Arc::new(Guard { entry, ready })
        });
        Self { all: all.collect() }
    }

    pub fn all(&self) -> &[Arc<Guard>] {
        &self.all
    }

    pub fn find(&self, name: &str) -> Option<&Arc<Guard>> {
        self.all.iter().find(|it| it.entry.name == name)
    }

    /// Names of all, for what is said of one that is not there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|it| it.entry.name.as_str())
    }

    /// What an operator should know.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for guard in &self.all {
            let name = &guard.entry.name;
            match &guard.ready {
                Err(fault) => {
                    let comes = match guard.entry.fails_open {
                        true => "calls go without it",
                        false => "the calls that it is to look at are refused",
                    };
                    warnings.push(format!("guardrail `{name}`: {}; {comes}", fault.message));
                }
                Ok(ready) => {
                    let known = &ready.target.secrets;
                    let secrets = ready.hook.describe.secrets.iter();
                    let missing = secrets
                        .filter(|(it, secret)| secret.required && !known.contains_key(it.as_str()));
                    for (secret, described) in missing {
                        let env = described.env.join(" or ");
                        warnings.push(format!(
                            "guardrail `{name}`: no `{secret}`; set it in `litellm_params` or set {env}"
                        ));
                    }
                }
            }
        }
        warnings
    }
}

fn ready(
    config: &Config,
    entry: &Guardrail,
    table: &Table,
    environment: &Environment,
) -> Result<Ready, Fault> {
    let kind = &entry.kind;
    let hook = table.guardrails.get(kind).ok_or_else(|| {
        let known = table.guardrails.keys().map(String::as_str);
        let hint = config::hint(kind, known);
        let text = format!("no plugin has the guardrail `{kind}`{hint}");
        not_ready(ErrorKind::NotFound, text)
    })?;
    let wrong = |what| not_ready(ErrorKind::InvalidRequest, what);
    let settings = judge(entry, hook).map_err(wrong)?;
    let given = Entry {
        api_base: entry.api_base.as_ref(),
        secrets: &entry.secrets,
        settings: &settings,
        is_stored: entry.id.is_some(),
        is_tenants: false,
        headers: Vec::new(),
    };
    let target = Arc::new(target(config, hook, &given, environment));
    Ok(Ready {
        hook: Arc::clone(hook),
        settings,
        target,
    })
}

/// The gateway's own word, which no deployment is to blame for.
fn not_ready(kind: ErrorKind, text: String) -> Fault {
    Fault::operator(kind, text).at(At::Door)
}

/// The settings as the plugin gets them.
fn judge(entry: &Guardrail, hook: &Hook) -> Result<Map<String, Value>, String> {
    let settings = hook.describe.settle(entry.settings.clone())?;
    let tags = entry.by_tag.values().flatten();
    let mut stages = entry.stages.iter().chain(tags);
    let other = stages.find(|it| !hook.describe.has_stage(it.as_str()));
    match other {
        Some(stage) => Err(format!(
            "`{}` does not look at `{}`; it has {}",
            hook.describe.name,
            stage.mode(),
            modes(&hook.describe.stages)
        )),
        None => Ok(settings),
    }
}

fn modes(stages: &[String]) -> String {
    let known = Stage::ALL.into_iter();
    let has = known.filter(|stage| stages.iter().any(|it| it == stage.as_str()));
    has.map(Stage::mode).collect::<Vec<_>>().join(", ")
}

/// The reason against a plugin's new version, by the config's guardrails that are in it.
pub fn check_guardrails(config: &Config, generation: &Generation) -> Result<(), String> {
    for entry in &config.guardrails {
        let mut described = generation.describe.guardrails.iter();
        let Some(describe) = described.find(|it| it.name == entry.kind) else {
            continue;
        };
        let settled = describe.settle(entry.settings.clone());
        settled.map_err(|what| format!("guardrail `{}`: {what}", entry.name))?;
    }
    Ok(())
}
