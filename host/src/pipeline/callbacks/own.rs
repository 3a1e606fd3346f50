//! Callbacks of a key or of a team, as their metadata has them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use serde_json::{Map, Value, json};

use super::set::Sinks;
use crate::auth::Grant;
use crate::config::{Callback, REFERENCE};
use crate::store::SaltKey;

/// Where they stand in the metadata.
const LOGGING: &str = "logging";
/// Where LiteLLM had those of teams before.
const SETTINGS: &str = "callback_settings";
/// Callbacks of the gateway that are not told.
const DISABLED: &str = "litellm_disabled_callbacks";

/// Records that wait for one tenant's callback at most.
const QUEUE: usize = 1_000;

/// One of them.
pub struct Own {
    pub entry: Callback,
    /// Tells one state of its settings from another.
    pub digest: u64,
}

/// What the metadata of a caller says of callbacks.
#[derive(Default)]
pub struct Wishes {
    /// Whose they are.
    pub tenant: String,
    pub own: Vec<Own>,
    /// Callbacks of the gateway that are told nothing.
    pub disabled: Vec<String>,
}

impl Wishes {
    pub fn of(grant: &Grant, salt: &SaltKey, sinks: &Sinks) -> Self {
        let mut wishes = Self::default();
        let list = match logging(grant) {
            Some((tenant, list)) => {
                wishes.tenant = tenant;
                list
            }
            None => Vec::new(),
        };
        for entry in &list {
            match own(entry, salt, sinks) {
                Ok(own) => wishes.own.push(own),
                Err(why) => tracing::debug!(
                    tenant = %wishes.tenant, "a callback of a key or a team cannot be called: {why}"
                ),
            }
        }
        for metadata in metadata(grant) {
            let listed = metadata.get(DISABLED).and_then(Value::as_array);
            let names = listed.into_iter().flatten().filter_map(Value::as_str);
            wishes.disabled.extend(names.map(str::to_owned));
        }
        wishes
    }

    /// Whether a callback of the gateway is told.
    pub fn leave(&self, name: &str) -> bool {
        let own = self.own.iter().any(|it| it.entry.name == name);
        !own && !self.disabled.iter().any(|it| it.eq_ignore_ascii_case(name))
    }
}

fn metadata(grant: &Grant) -> impl Iterator<Item = &Map<String, Value>> {
    let key = grant.key.as_ref().map(|it| &it.metadata);
    let team = grant.team.as_ref().map(|it| &it.metadata);
    key.into_iter().chain(team)
}

/// Whether a key or its team wants none of its calls told.
pub fn is_silent(grant: &Grant) -> bool {
    let says = |it: &Map<String, Value>| {
        let said = it.get("no-log").or_else(|| it.get("no_log"));
        said == Some(&Value::Bool(true))
    };
    metadata(grant).any(says)
}

/// Whether a key or its team has callbacks of its own.
pub fn has_any(grant: &Grant) -> bool {
    metadata(grant).any(|it| it.contains_key(LOGGING) || it.contains_key(SETTINGS))
}

/// Those of the key, else those of the team.
fn logging(grant: &Grant) -> Option<(String, Vec<Value>)> {
    let list = |metadata: &Map<String, Value>| {
        let list = metadata.get(LOGGING)?.as_array()?;
        Some(list.clone())
    };
    if let Some(key) = &grant.key
        && let Some(list) = list(&key.metadata)
    {
        return Some((format!("key:{}", key.hash.as_str()), list));
    }
    let team = grant.team.as_ref()?;
    let list = list(&team.metadata).or_else(|| older(team.metadata.get(SETTINGS)?));
    Some((format!("team:{}", team.id), list?))
}

/// LiteLLM's older form, as the newer.
fn older(settings: &Value) -> Option<Vec<Value>> {
    let vars = settings.get("callback_vars").cloned().unwrap_or(json!({}));
    let mut all = Vec::new();
    for (list, kind) in [
        ("success_callback", "success"),
        ("failure_callback", "failure"),
    ] {
        let names = settings.get(list).and_then(Value::as_array);
        let entries = names.into_iter().flatten().map(
            |name| json!({"callback_name": name, "callback_type": kind, "callback_vars": vars}),
        );
        all.extend(entries);
    }
    (!all.is_empty()).then_some(all)
}

fn own(entry: &Value, salt: &SaltKey, sinks: &Sinks) -> Result<Own, String> {
    let name = entry.get("callback_name").and_then(Value::as_str);
    let name = name.ok_or("it has no `callback_name`")?;
    let sealed = entry.get("callback_vars").and_then(Value::as_object);
    let mut vars = Map::new();
    for (name, value) in sealed.into_iter().flatten() {
        vars.insert(name.clone(), opened(name, value, salt, sinks)?);
    }
    let mut read = Callback::of_vars(name, sinks.kind_of(name), vars)?;
    let kind = entry.get("callback_type").and_then(Value::as_str);
    read.success = kind != Some("failure");
    read.failure = kind != Some("success");
    read.delivery.queue_records = read.delivery.queue_records.min(QUEUE);
    let usual = crate::config::CallbackDelivery::default();
    read.delivery.queue_bytes = read.delivery.queue_bytes.min(usual.queue_bytes);
    let mut digest = DefaultHasher::new();
    entry.to_string().hash(&mut digest);
    Ok(Own {
        entry: read,
        digest: digest.finish(),
    })
}

/// A value as it was before it was sealed. Only what was sealed may refer to the environment: there
/// it was judged who wrote it.
fn opened(name: &str, value: &Value, salt: &SaltKey, sinks: &Sinks) -> Result<Value, String> {
    let Some(text) = value.as_str() else {
        return Ok(value.clone());
    };
    if !SaltKey::is_sealed(text) {
        return match text.starts_with(REFERENCE) {
            true => Err(format!(
                "`{name}` refers to a variable, and nobody vouches for it"
            )),
            false => Ok(value.clone()),
        };
    }
    let opened = salt.open(name, text).map_err(|cause| cause.to_string())?;
    let opened = opened.reveal();
    match opened.strip_prefix(REFERENCE) {
        None => Ok(opened.into()),
        Some(variable) => {
            let value = sinks.config().env.get(variable);
            let value = value.ok_or_else(|| format!("the variable {variable} is not set"))?;
            Ok(value.reveal().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::auth::samples::key_saying;
    use crate::config::{Config, Env};
    use crate::domain::Secret;
    use crate::plugins::Table;

    fn salt() -> SaltKey {
        SaltKey::new(&Secret::new("salt"))
    }

    fn sinks() -> Sinks {
        let file = json!({"litellm_settings": {"callbacks": ["ops"]},
            "callback_settings": {"ops": {"callback_type": "generic_api"}}});
        let env = Env::of(&[("SECRET", "of-the-operator")]);
        let (config, _) = Config::parse(&file.to_string(), env).unwrap();
        Sinks::build(&config, &Table::default(), &Arc::default())
    }

    fn wishes(name: &str, value: Value) -> Wishes {
        let caller = key_saying(name, value);
        Wishes::of(caller.grant().unwrap(), &salt(), &sinks())
    }

    #[test]
    fn a_keys_callbacks_are_opened_and_stand_before_the_gateways_of_that_name() {
        let sealed = salt().seal("s-1").unwrap();
        let refers = salt().seal("os.environ/SECRET").unwrap();
        let found = wishes(
            LOGGING,
            json!([
                {"callback_name": "ops", "callback_type": "failure",
                    "callback_vars": {"api_key": sealed, "batch_size": 3, "max_queue_records": 99_999}},
                {"callback_name": "other", "callback_vars": {"api_key": refers}},
            ]),
        );
        let [ops, other] = &found.own[..] else {
            panic!()
        };
        assert_eq!(
            (
                ops.entry.kind.as_str(),
                ops.entry.success,
                ops.entry.failure
            ),
            ("generic_api", false, true)
        );
        assert_eq!(ops.entry.secrets["api_key"].reveal(), "s-1");
        assert_eq!(
            (ops.entry.delivery.batch, ops.entry.delivery.queue_records),
            (3, QUEUE)
        );
        assert_eq!(other.entry.secrets["api_key"].reveal(), "of-the-operator");
        assert!(other.entry.success && other.entry.failure);
        assert!(found.tenant.starts_with("key:"));
        assert!(!found.leave("ops") && found.leave("langfuse"));
    }

    #[test]
    fn what_nobody_sealed_refers_to_nothing() {
        let entry =
            |value: &str| json!([{"callback_name": "ops", "callback_vars": {"api_key": value}}]);
        assert_eq!(wishes(LOGGING, entry("plain")).own.len(), 1);
        assert!(wishes(LOGGING, entry("os.environ/SECRET")).own.is_empty());
        let others = SaltKey::new(&Secret::new("other")).seal("s").unwrap();
        assert!(wishes(LOGGING, entry(&others)).own.is_empty());
    }

    #[test]
    fn a_key_may_switch_callbacks_of_the_gateway_off() {
        let found = wishes(DISABLED, json!(["LangFuse"]));
        assert!(!found.leave("langfuse") && found.leave("ops"));
        let silent = key_saying("no-log", json!(true));
        assert!(is_silent(silent.grant().unwrap()));
        let older =
            json!({"success_callback": ["a"], "failure_callback": [], "callback_vars": {"k": "v"}});
        let older = super::older(&older).unwrap();
        assert_eq!(older[0]["callback_type"], "success");
    }
}
