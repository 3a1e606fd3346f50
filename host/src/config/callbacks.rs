//! Who is told of calls: LiteLLM's lists of names, and `callback_settings`. Which component a name is,
//! only the plugins know.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::env::Env;
use super::remarks::{Remarks, Taken};
use super::secrets::{REFERENCE, looks_secret};
use super::section::{Section, kind};
use crate::domain::Secret;

/// Callbacks that the gateway itself is.
pub const OURS: [&str; 2] = ["otel", "prometheus"];

/// The names of the lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    /// Each once, in the order of the file.
    named: Vec<Named>,
    /// Settings that stand in `litellm_settings`, by the callback.
    settings: Vec<(&'static str, Map<String, Value>)>,
    /// `litellm_settings.callback_settings`.
    inner: Option<Value>,
    /// One of them names `otel`.
    pub otel: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Named {
    name: String,
    success: bool,
    failure: bool,
}

/// One callback.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    pub name: String,
    /// Its name in a plugin's `describe`.
    pub kind: String,
    /// It is told of calls that succeed.
    pub success: bool,
    /// It is told of calls that fail.
    pub failure: bool,
    pub delivery: Delivery,
    /// It is told what was said.
    pub content: bool,
    pub api_base: Option<Url>,
    /// Of its requests.
    pub headers: Vec<(String, Secret)>,
    pub secrets: BTreeMap<String, Secret>,
    /// The plugin's own settings.
    pub settings: Map<String, Value>,
}

/// How records are brought to it; where nothing is said, the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Records of one batch.
    pub batch: usize,
    /// How long a record waits for its batch to be full.
    pub flush: Duration,
    /// Records that wait.
    pub queue_records: usize,
    /// Bytes that wait.
    pub queue_bytes: usize,
    /// How long a batch is tried.
    pub patience: Duration,
}

impl Default for Delivery {
    /// The first two are LiteLLM's.
    fn default() -> Self {
        Self {
            batch: 512,
            flush: Duration::from_secs(5),
            queue_records: 10_000,
            queue_bytes: 16 << 20,
            patience: Duration::from_secs(3600),
        }
    }
}

/// Lists of `litellm_settings`, and whether those that they name are told of success and failure.
const LISTS: [(&str, bool, bool); 3] = [
    ("callbacks", true, true),
    ("success_callback", true, false),
    ("failure_callback", false, true),
];

/// Who is told of the gateway's own services, in LiteLLM's two spellings.
const SERVICES: [&str; 2] = ["service_callback", "service_callbacks"];

/// Settings of single callbacks that LiteLLM has apart, whose they are, and under which name; none:
/// their members are settings.
const APART: [(&str, &[&str], Option<&str>); 5] = [
    ("s3_callback_params", &["s3", "s3_v2"], None),
    ("datadog_params", &["datadog"], None),
    ("aws_sqs_callback_params", &["aws_sqs"], None),
    (
        "generic_logger_headers",
        &["generic", "generic_api"],
        Some("headers"),
    ),
    ("langfuse_default_tags", &["langfuse"], Some("default_tags")),
];

impl Lists {
    /// What `litellm_settings` has of it.
    pub fn read(section: &mut Section<'_>) -> Self {
        let mut lists = Self::default();
        for (list, success, failure) in LISTS {
            for name in names(section, list) {
                if let Some((module, _)) = name.split_once('.') {
                    let text = format!(
                        "names `{name}`, which is Python (`{module}`): a callback is a component here"
                    );
                    section.say(Taken::Warning, list, text);
                } else if OURS.contains(&name.as_str()) {
                    lists.otel |= name == "otel";
                } else {
                    lists.add(name, success, failure);
                }
            }
        }
        for list in SERVICES {
            let strange = names(section, list).into_iter();
            let strange: Vec<String> = strange
                .filter(|it| !OURS.contains(&it.as_str()) && it != "prometheus_system")
                .map(|it| format!("`{it}`"))
                .collect();
            if !strange.is_empty() {
                let text = format!(
                    "names {}: what the gateway's own services do is told by its metrics only",
                    strange.join(", ")
                );
                section.say(Taken::Accepted, list, text);
            }
        }
        for (setting, names, member) in APART {
            let Some(value) = section.raw(setting) else {
                continue;
            };
            let members = match (member, value) {
                (Some(member), value) => Map::from_iter([(member.to_owned(), value)]),
                (None, Value::Object(members)) => members,
                (None, other) => {
                    let text = format!("is {}, expected a mapping", kind(&other));
                    section.say(Taken::Wrong, setting, text);
                    continue;
                }
            };
            let all = names.iter().map(|name| (*name, members.clone()));
            lists.settings.extend(all);
        }
        lists.inner = section.raw("callback_settings");
        lists
    }

    fn add(&mut self, name: String, success: bool, failure: bool) {
        match self.named.iter_mut().find(|it| it.name == name) {
            Some(known) => {
                known.success |= success;
                known.failure |= failure;
            }
            None => self.named.push(Named {
                name,
                success,
                failure,
            }),
        }
    }

    /// The callbacks, with their settings; `outer` is `callback_settings` of the file.
    pub fn settle(self, outer: Option<Value>, env: &Env, remarks: &mut Remarks) -> Vec<Callback> {
        let mut all: BTreeMap<String, (String, Map<String, Value>)> = BTreeMap::new();
        let inner = "litellm_settings.callback_settings";
        for (path, value) in [(inner, self.inner), ("callback_settings", outer)] {
            for (name, value) in members(path, value, remarks) {
                let at = format!("{path}.{name}");
                if OURS.contains(&name.as_str()) {
                    remarks.say(Taken::Accepted, at, "has no effect yet");
                    continue;
                }
                if !self.named.iter().any(|it| it.name == name) {
                    let text = "is of a callback that no list names, so it is not called";
                    remarks.say(Taken::Accepted, at.as_str(), text);
                    continue;
                }
                let own = members(&at, Some(value), remarks);
                all.entry(name)
                    .or_insert_with(|| (at, Map::new()))
                    .1
                    .extend(own);
            }
        }
        let named = self.named.into_iter();
        named
            .map(|named| {
                let (at, mut settings) = all
                    .remove(&named.name)
                    .unwrap_or_else(|| (format!("callback_settings.{}", named.name), Map::new()));
                let apart = self.settings.iter().filter(|it| it.0 == named.name);
                for (name, value) in apart.flat_map(|it| it.1.clone()) {
                    settings.entry(name).or_insert(value);
                }
                let mut section = Section::new(&at, Some(settings.into()), env, remarks);
                let mut read = Callback::read(&named.name, &mut section);
                (read.success, read.failure) = (named.success, named.failure);
                read
            })
            .collect()
    }
}

/// Names, as they are written: a variable's value would be said aloud.
fn names(section: &mut Section<'_>, list: &str) -> Vec<String> {
    let written = match section.raw(list) {
        None => return Vec::new(),
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
    };
    let name = |it: &Value| it.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = written.iter().map(name).collect();
    if names.is_none() {
        section.say(Taken::Wrong, list, "is no list of names");
    }
    let mut names = names.unwrap_or_default();
    if let Some(at) = names.iter().position(|it| it.starts_with(REFERENCE)) {
        let text = format!("names `{}`, which is no callback", names.remove(at));
        section.say(Taken::Wrong, list, text);
    }
    names
}

fn members(path: &str, value: Option<Value>, remarks: &mut Remarks) -> Map<String, Value> {
    match value {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(members)) => members,
        Some(other) => {
            let text = format!("is {}, expected a mapping", kind(&other));
            remarks.say(Taken::Wrong, path, text);
            Map::new()
        }
    }
}

impl Callback {
    /// One of a key or a team, by its `callback_vars`. They refer to nothing.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn of_vars(name: &str, kind: &str, vars: Map<String, Value>) -> Result<Self, String> {
        let (env, mut remarks) = (Env::default(), Remarks::default());
        let mut section = Section::new("callback_vars", Some(vars.into()), &env, &mut remarks);
        let mut read = Self::read(name, &mut section);
        kind.clone_into(&mut read.kind);
        match remarks.0.into_iter().find(|it| it.taken == Taken::Wrong) {
            Some(wrong) => Err(format!("`{}` {}", wrong.path, wrong.text)),
            None => Ok(read),
        }
    }

    /// One by its settings.
    pub fn read(name: &str, section: &mut Section<'_>) -> Self {
        let mut read = Self {
            name: name.to_owned(),
            kind: section.word("callback_type").unwrap_or_else(|| name.into()),
            success: true,
            failure: true,
            delivery: Delivery::read(section),
            content: content(section),
            api_base: api_base(section),
            headers: headers(section),
            secrets: BTreeMap::new(),
            settings: Map::new(),
        };
        for name in section.names() {
            if looks_secret(&name) {
                let secret = section.secret(&name).filter(|it| !it.reveal().is_empty());
                read.secrets.extend(secret.map(|secret| (name, secret)));
            } else if let Some(value) = section.resolved(&name) {
                read.settings.insert(name, value);
            }
        }
        read
    }
}

impl Delivery {
    fn read(section: &mut Section<'_>) -> Self {
        let usual = Self::default();
        let mut count = |name: &str, usual: usize| match section.count(name) {
            Some(0) => {
                section.say(Taken::Wrong, name, "is 0, expected 1 or more");
                usual
            }
            Some(count) => usize::try_from(count).unwrap_or(usual),
            None => usual,
        };
        let batch = count("batch_size", usual.batch);
        let queue_records = count("max_queue_records", usual.queue_records);
        let queue_bytes = count("max_queue_mb", usual.queue_bytes >> 20);
        Self {
            batch,
            queue_records,
            queue_bytes: queue_bytes.saturating_mul(1 << 20),
            flush: section.seconds("flush_interval").unwrap_or(usual.flush),
            patience: section.seconds("give_up_after").unwrap_or(usual.patience),
        }
    }
}

/// LiteLLM has the switch both ways.
fn content(section: &mut Section<'_>) -> bool {
    let logs = section.flag("message_logging").unwrap_or(true);
    logs && section.flag("turn_off_message_logging") != Some(true)
}

fn api_base(section: &mut Section<'_>) -> Option<Url> {
    let text = section.text("api_base")?;
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|it| matches!(it.scheme(), "http" | "https"));
    if url.is_none() {
        let text = "is no URL with http:// or https://";
        section.say(Taken::Wrong, "api_base", text);
    }
    url
}

/// A mapping, or `name=value` with commas between.
fn headers(section: &mut Section<'_>) -> Vec<(String, Secret)> {
    match section.resolved("headers") {
        None => Vec::new(),
        Some(Value::Object(members)) => {
            let text = |value: Value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let pairs = members.into_iter();
            pairs
                .map(|(name, value)| (name, Secret::new(text(value))))
                .collect()
        }
        Some(Value::String(text)) => header_pairs(&text),
        Some(_) => {
            let text = "is no mapping of headers, and no text as `name=value,name=value`";
            section.say(Taken::Wrong, "headers", text);
            Vec::new()
        }
    }
}

/// `name=value,name=value`.
pub fn header_pairs(text: &str) -> Vec<(String, Secret)> {
    let pairs = text.split(',').filter_map(|it| it.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), Secret::new(value.trim())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(litellm: Value, settings: Value) -> (Vec<Callback>, Vec<(Taken, String)>) {
        let mut remarks = Remarks::default();
        let env = Env::of(&[("OPS", "Bearer x"), ("PK", "pk-1")]);
        let mut section = Section::new("litellm_settings", Some(litellm), &env, &mut remarks);
        let lists = Lists::read(&mut section);
        let all = lists.settle(Some(settings), &env, &mut remarks);
        let said = remarks.0.iter().filter(|it| it.taken != Taken::Honoured);
        (all, said.map(|it| (it.taken, it.path.clone())).collect())
    }

    #[test]
    fn lists_say_who_is_told_of_what_and_the_gateways_own_are_left_out() {
        let (all, said) = of(
            json!({"callbacks": ["otel", "a"], "success_callback": ["prometheus", "b", "c"],
                "failure_callback": "c"}),
            json!({}),
        );
        assert_eq!(said, []);
        let told = all
            .iter()
            .map(|it| (it.name.as_str(), it.success, it.failure));
        let want = [("a", true, true), ("b", true, false), ("c", true, true)];
        assert_eq!(told.collect::<Vec<_>>(), want);
    }

    #[test]
    fn settings_are_read_with_secrets_and_headers_apart() {
        let (all, said) = of(
            json!({"callbacks": ["ops"], "callback_settings": {"ops": {"batch_size": 7}}}),
            json!({"ops": {"callback_type": "generic_api", "endpoint": "https://e.test", "flush_interval": 0.5,
                "headers": {"Authorization": "os.environ/OPS"}, "public_key": "os.environ/PK",
                "max_queue_mb": 1, "message_logging": false}}),
        );
        assert_eq!(said, []);
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!(
            (one.name.as_str(), one.kind.as_str()),
            ("ops", "generic_api")
        );
        let delivery = one.delivery;
        assert_eq!(
            (delivery.batch, delivery.flush, delivery.queue_bytes),
            (7, Duration::from_millis(500), 1 << 20)
        );
        assert!(!one.content);
        assert_eq!(one.headers[0].1.reveal(), "Bearer x");
        assert_eq!(one.secrets["public_key"].reveal(), "pk-1");
        assert_eq!(
            Value::from(one.settings.clone()),
            json!({"endpoint": "https://e.test"})
        );
    }

    #[test]
    fn what_litellm_has_apart_is_a_setting_of_its_callback() {
        let (all, said) = of(
            json!({"success_callback": ["s3_v2", "generic"], "generic_logger_headers": "a=b, c=d",
                "s3_callback_params": {"s3_bucket_name": "logs", "s3_aws_secret_access_key": "s"}}),
            json!({"s3_v2": {"s3_bucket_name": "mine"}}),
        );
        assert_eq!(said, []);
        assert_eq!(all[0].settings["s3_bucket_name"], "mine");
        assert!(all[0].secrets.contains_key("s3_aws_secret_access_key"));
        let headers = all[1].headers.iter().map(|(n, v)| (n.as_str(), v.reveal()));
        assert_eq!(headers.collect::<Vec<_>>(), [("a", "b"), ("c", "d")]);
    }

    #[test]
    fn what_cannot_be_is_said_by_its_path() {
        let (_, said) = of(
            json!({"callbacks": ["my_module.handler", "a"], "service_callback": ["datadog"]}),
            json!({"otel": {}, "b": {}, "a": {"batch_size": 0, "headers": 7, "api_base": "x", "flush_interval": 0}}),
        );
        let paths = [
            (Taken::Warning, "litellm_settings.callbacks"),
            (Taken::Accepted, "litellm_settings.service_callback"),
            (Taken::Accepted, "callback_settings.otel"),
            (Taken::Accepted, "callback_settings.b"),
            (Taken::Wrong, "callback_settings.a.batch_size"),
            (Taken::Wrong, "callback_settings.a.flush_interval"),
            (Taken::Wrong, "callback_settings.a.api_base"),
            (Taken::Wrong, "callback_settings.a.headers"),
        ];
        assert_eq!(said, paths.map(|(taken, path)| (taken, path.to_owned())));
        assert_eq!(
            of(json!({}), json!(7)).1,
            [(Taken::Wrong, "callback_settings".to_owned())]
        );
    }
}
