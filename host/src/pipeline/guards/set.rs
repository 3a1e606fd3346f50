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
                    let why = &fault.message;
                    warnings.push(match guard.instead() {
                        Some(instead) => format!("guardrail `{name}`: {why}; {instead}; {comes}"),
                        None => format!("guardrail `{name}`: {why}; {comes}"),
                    });
                }
                Ok(ready) => {
                    let missing = ready.missing_secrets();
                    warnings
                        .extend(missing.map(|it| format!("guardrail `{name}`: {}", it.message)));
                }
            }
        }
        warnings
    }
}

impl Guard {
    /// Why it could not do what its entry says; None: it could. Names the field.
    pub fn unfit(&self) -> Option<Fault> {
        let fault = match &self.ready {
            Ok(ready) => return ready.missing_secrets().next(),
            Err(fault) => fault.clone(),
        };
        let message = match self.instead() {
            Some(instead) => format!("{}; {instead}", fault.message),
            None => fault.message.clone(),
        };
        let param = match fault.kind {
            ErrorKind::NotFound => "litellm_params.guardrail".to_owned(),
            _ => field_in(&fault.message),
        };
        Some(Fault { message, ..fault }.with_param(param))
    }

    /// What takes its place, if no plugin has it because it is Python.
    fn instead(&self) -> Option<String> {
        let fault = self.ready.as_ref().err()?;
        let is_unknown = fault.kind == ErrorKind::NotFound;
        is_unknown
            .then(|| config::instead_of_python(&self.entry.kind))
            .flatten()
    }
}

impl Ready {
    /// Secrets that it cannot do without and has not.
    fn missing_secrets(&self) -> impl Iterator<Item = Fault> {
        let known = &self.target.secrets;
        let secrets = self.hook.describe.secrets.iter();
        let missing =
            secrets.filter(|(it, secret)| secret.required && !known.contains_key(it.as_str()));
        missing.map(|(secret, described)| {
            let env = described.env.join(" or ");
            let text = format!("no `{secret}`; set it in `litellm_params` or set {env}");
            not_ready(ErrorKind::InvalidRequest, text)
                .with_param(format!("litellm_params.{secret}"))
        })
    }
}

/// The place in `litellm_params` that a text is about.
fn field_in(text: &str) -> String {
    let places = text
        .split('`')
        .filter(|it| it.starts_with("litellm_params"));
    places
        .min_by_key(|it| it.len())
        .map_or_else(|| "litellm_params".to_owned(), str::to_owned)
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
    let settings = judge(entry, hook).map_err(|what| wrong(without_values(config, entry, what)))?;
    let given = Entry {
        api_base: entry.api_base.as_ref(),
        secrets: &entry.secrets,
        settings: &settings,
        is_stored: entry.is_stored,
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

/// `litellm_params` of an entry as they are written: secrets masked, variables not followed. None: it
/// stands in no list of guardrails.
pub(super) fn written<'c>(config: &'c Config, name: &str) -> Option<&'c Map<String, Value>> {
    let all = config.shown.get("guardrails")?.as_array()?;
    let is_it = |it: &&Value| it.get("guardrail_name").and_then(Value::as_str) == Some(name);
    all.iter().find(is_it)?.get("litellm_params")?.as_object()
}

/// What is wrong with settings, without what they are where a variable says it: whoever may write a
/// guardrail may not read the environment by it.
fn without_values(config: &Config, entry: &Guardrail, what: String) -> String {
    let params = written(config, &entry.name);
    // What is secret, or an address, is no setting of the plugin's.
    let is_setting = |name: &str| !config::looks_secret(name) && name != "api_base";
    let has_variable =
        params.is_some_and(|it| it.iter().any(|(name, it)| is_setting(name) && refers(it)));
    match what.split_once(": ").filter(|_| has_variable) {
        Some((place, _)) => {
            format!("{place}; what does not fit may be a variable's, and is not told")
        }
        None => what,
    }
}

fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(config::REFERENCE),
        Value::Array(all) => all.iter().any(refers),
        Value::Object(members) => members.values().any(refers),
        _ => false,
    }
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
