//! The config's callbacks, each with the plugin that is it: built anew when the config or a plugin
//! changes.

use std::collections::HashMap;
use std::sync::Arc;

use super::deal::OPERATOR;
use super::lane::Lane;
use super::settings::Sorted;
use crate::config::{self, Callback, CallbackDelivery, Config};
use crate::domain::{At, ErrorKind, Fault};
use crate::pipeline::givens::Environment;
use crate::pipeline::outside::{Entry, own_base, target};
use crate::plugins::{Generation, Hook, Table};
use crate::upstream::Target;

/// Every callback, and what those of keys and teams are made of.
pub struct Sinks {
    all: Vec<Sink>,
    hooks: HashMap<String, Arc<Hook>>,
    config: Arc<Config>,
    environment: Environment,
}

/// One callback of the config, ready to be told or with the reason why not.
pub struct Sink {
    pub entry: Callback,
    pub ready: Result<Arc<Ready>, Fault>,
}

/// Who is told.
#[derive(Clone)]
pub struct Ready {
    pub hook: Arc<Hook>,
    /// Its settings as JSON, as the plugin gets them.
    pub config: String,
    pub target: Arc<Target>,
    pub delivery: CallbackDelivery,
    /// It is told what was said.
    pub content: bool,
}

impl Sinks {
    pub fn build(config: &Arc<Config>, table: &Table, environment: &Environment) -> Self {
        let mut sinks = Self {
            all: Vec::new(),
            hooks: table.callbacks.clone(),
            config: Arc::clone(config),
            environment: Arc::clone(environment),
        };
        let entries = config.callbacks.iter();
        sinks.all = entries
            .map(|entry| Sink {
                entry: entry.clone(),
                ready: sinks.ready(entry, false).map(Arc::new),
            })
            .collect();
        sinks
    }

    pub fn all(&self) -> &[Sink] {
        &self.all
    }

    /// The operator's callback that a lane is of; None: it is a tenant's, or was switched off.
    pub fn of_lane(&self, lane: &Lane) -> Option<&Sink> {
        let is_operators = &*lane.tenant == OPERATOR;
        let mut all = self.all.iter().filter(|_| is_operators);
        all.find(|it| *it.entry.name == *lane.name)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Those that are told of calls that end so.
    pub fn told(&self, succeeded: bool) -> impl Iterator<Item = (&Sink, &Arc<Ready>)> {
        let told = self.all.iter().filter(move |it| it.entry.tells(succeeded));
        told.filter_map(|it| Some((it, it.ready.as_ref().ok()?)))
    }

    /// Whether anybody is told of anything.
    pub fn listen(&self) -> bool {
        self.all.iter().any(|it| it.ready.is_ok())
    }

    /// The plugin's name for a callback.
    pub fn kind_of<'s>(&'s self, name: &'s str) -> &'s str {
        let mut all = self.all.iter();
        all.find(|it| it.entry.name == name)
            .map_or(name, |it| it.entry.kind.as_str())
    }

    /// Whether a plugin has it.
    pub fn knows(&self, name: &str) -> bool {
        self.hooks.contains_key(self.kind_of(name))
    }

    /// A callback with what its entry says. One of a key or a team has nothing of the operator's.
    ///
    /// # Errors
    /// No plugin has it, or its settings do not fit.
    pub fn ready(&self, entry: &Callback, is_tenants: bool) -> Result<Ready, Fault> {
        let kind = &entry.kind;
        let hook = self.hooks.get(kind).ok_or_else(|| {
            let hint = config::hint(kind, self.hooks.keys().map(String::as_str));
            let text = format!("no plugin has the callback `{kind}`{hint}");
            not_ready(ErrorKind::NotFound, text)
        })?;
        let wrong = |what| not_ready(ErrorKind::InvalidRequest, what);
        let env = (&self.config.env, hook.may_read_environment.as_slice());
        let env = (!is_tenants).then_some(env);
        let sorted = Sorted::of(entry, &hook.describe, env).map_err(wrong)?;
        let mut settings = hook.describe.settle(sorted.settings).map_err(|what| {
            wrong(what.replace(
                "litellm_params",
                &format!("callback_settings.{}", entry.name),
            ))
        })?;
        let given = Entry {
            api_base: sorted.api_base.as_ref(),
            secrets: &sorted.secrets,
            settings: &settings,
            is_stored: is_tenants,
            is_tenants,
            headers: sorted.headers,
        };
        let target = target(&self.config, hook, &given, &self.environment);
        let has_base = own_base(&self.config, hook, &given).is_some();
        // A plugin may have several, each of them several entries.
        settings.insert("callback".to_owned(), kind.as_str().into());
        settings.insert("entry".to_owned(), entry.name.as_str().into());
        settings.insert("has_api_base".to_owned(), has_base.into());
        let mut delivery = entry.delivery;
        if let Some(most) = hook.describe.max_batch {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            delivery.batch = delivery.batch.min(most).max(1);
        }
        Ok(Ready {
            hook: Arc::clone(hook),
            config: serde_json::Value::from(settings).to_string(),
            target: Arc::new(target),
            delivery,
            content: entry.content,
        })
    }

    /// What an operator should know.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for sink in &self.all {
            let name = &sink.entry.name;
            match &sink.ready {
                Err(fault) => {
                    let text = format!("callback `{name}`: {}; it is not called", fault.message);
                    warnings.push(text);
                }
                Ok(ready) => {
                    let known = &ready.target.secrets;
                    let secrets = ready.hook.describe.secrets.iter();
                    let missing = secrets
                        .filter(|(it, secret)| secret.required && !known.contains_key(it.as_str()));
                    for (secret, described) in missing {
                        let env = described.env.join(" or ");
                        warnings.push(format!(
                            "callback `{name}`: no `{secret}`; set it in `callback_settings.{name}` or set {env}"
                        ));
                    }
                }
            }
        }
        warnings
    }
}

impl Callback {
    /// Whether it is told of calls that end so.
    pub const fn tells(&self, succeeded: bool) -> bool {
        if succeeded {
            self.success
        } else {
            self.failure
        }
    }
}

/// The gateway's own word, which no deployment is to blame for.
fn not_ready(kind: ErrorKind, text: String) -> Fault {
    Fault::operator(kind, text).at(At::Door)
}

/// The reason against a plugin's new version, by the config's callbacks that are in it.
pub fn check_callbacks(config: &Config, generation: &Generation) -> Result<(), String> {
    for entry in &config.callbacks {
        let mut described = generation.describe.callbacks.iter();
        let Some(describe) = described.find(|it| it.name == entry.kind) else {
            continue;
        };
        let wanted: Vec<String> = describe.wanted_env().map(str::to_owned).collect();
        let sorted = Sorted::of(entry, describe, Some((&config.env, &wanted)));
        let settled = sorted.and_then(|it| describe.settle(it.settings));
        settled.map_err(|what| format!("callback `{}`: {what}", entry.name))?;
    }
    Ok(())
}
