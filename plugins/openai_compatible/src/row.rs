//! A provider as data: what sets it apart from OpenAI. The rows stand in `providers.json`, one a
//! line; an operator's row has the same members and is laid over the generic one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use sluice_sdk::serde_json::{self, Map, Value};
use sluice_sdk::{Error, fault};

const PROVIDERS: &str = include_str!("../providers.json");

/// The row that rows of the configuration stand on.
pub const GENERIC: &str = "openai_like";

/// The newer members of the OpenAI API, which `extensions` is about.
pub const EXTENSIONS: [&str; 8] = [
    "service_tier",
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
    "store",
    "prompt_cache_key",
    "safety_identifier",
];

/// One provider. A member that is missing means: as OpenAI.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Row {
    pub name: String,
    pub title: String,
    /// Further prefixes.
    pub aliases: Vec<String>,
    /// None: the deployment must have an `api_base`.
    pub base_url: Option<String>,
    pub base_url_env: Vec<String>,
    /// Names of environment variables with the key.
    pub env: Vec<String>,
    /// Bearer, unless said otherwise.
    pub auth: Option<AuthRow>,
    /// A secret that is traded for a token where there is no key.
    pub exchange: Option<Exchange>,
    /// Further hosts.
    pub hosts: Vec<String>,
    /// The provider may be called without a key.
    pub key_optional: bool,
    /// `chat`, `completions`, `embeddings`, `responses`, `rerank`, `images.generate`,
    /// `audio.speech`, `audio.transcribe`; `models` is always there.
    pub operations: Option<Vec<String>>,
    /// Paths by operation. `{setting}` stands for one of `settings`.
    pub paths: BTreeMap<String, String>,
    /// Names of settings that paths and headers use.
    pub settings: Vec<String>,
    /// Headers; one whose `{setting}` is missing is left out.
    pub headers: BTreeMap<String, String>,
    /// Which of [`EXTENSIONS`] the provider takes; all, if it is missing.
    pub extensions: Option<Vec<String>>,
    /// Parameters that are refused, or dropped with `drop_params`.
    pub unsupported: Vec<String>,
    /// Parameters that are taken out silently.
    pub ignored: Vec<String>,
    /// `user` goes upstream; it is taken out otherwise.
    pub user: bool,
    /// Parameters under other names. One that is there under both keeps the new one's value.
    pub renamed: BTreeMap<String, String>,
    pub renamed_embeddings: BTreeMap<String, String>,
    /// Members that are always set to these values.
    pub set: Map<String, Value>,
    /// Least and greatest value of a number.
    pub clamp: BTreeMap<String, [f64; 2]>,
    /// `required`, `none`, `auto`, or `named` for one tool, to what is sent; null: taken out.
    pub tool_choice: BTreeMap<String, Option<String>>,
    /// `json_object` or `json_schema` to the type that is sent; null: taken out.
    pub response_format: BTreeMap<String, Option<String>>,
    /// Values of `reasoning_effort` by others.
    pub effort: BTreeMap<String, String>,
    /// `reasoning_effort` also switches `thinking` on or off.
    pub effort_thinking: bool,
    /// Anthropic's `thinking`: `native`, `effort` (as `reasoning_effort`), `reasoning` (as
    /// `reasoning.max_tokens`); missing: unsupported.
    pub thinking: Option<String>,
    /// Reasoning in the history's assistant messages: `keep`, `reasoning` (under that name),
    /// `details` (`reasoning` and `reasoning_details`), `thinking-parts` (parts of the content);
    /// missing: taken out.
    pub history: Option<String>,
    /// The role `developer` is known; it becomes `system` otherwise.
    pub developer: bool,
    /// `cache_control` goes upstream; it is taken out otherwise.
    pub cache_control: bool,
    /// `drop`: tools are sent without `strict`.
    pub strict: Option<String>,
    /// `drop`: messages other than tool results are sent without `name`.
    pub message_name: Option<String>,
    /// Content that is a list of texts is sent as one text.
    pub text_only: bool,
    /// `alphanumeric-9`: ids of tool calls that have another form are replaced by a hash.
    pub tool_call_ids: Option<String>,
    /// Put before model names that hold no slash.
    pub model_prefix: Option<String>,
    /// `suffix`: `provider/org/name` is sent as `org/name:provider`.
    pub model_route: Option<String>,
    /// Usage of a stream has to be asked for (the default), or `stream_options` is not accepted.
    pub stream_usage: Option<bool>,
    /// Answers are canonical and are relayed without being looked at.
    pub relay: bool,
    /// Reasoning comes as `<think>` at the beginning of the text.
    pub think_tags: bool,
    /// `completion_tokens` lacks the reasoning where the total says so.
    pub reasoning_outside: bool,
    /// `openai` or `plain`: names of the rate limit headers.
    pub rate_limits: Option<String>,
    /// Other values for models by pattern; of several that match, the later one counts.
    pub models: Vec<Map<String, Value>>,
    /// A stream that ends without a reason is left to the gateway, which knows its end marker.
    pub finish_optional: bool,
    /// Recorded traffic of the provider is translated in this crate's tests.
    pub verified: bool,
    pub docs: String,
    /// For whoever edits the row.
    pub note: String,
}

/// A way of authentication of the contract.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthRow {
    pub scheme: String,
    pub name: String,
    pub prefix: String,
}

/// How a token is got: by a `GET` with the secret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exchange {
    /// The secret's name, and its environment variables.
    pub secret: String,
    pub env: Vec<String>,
    pub title: String,
    pub url: String,
    /// The setting that names another address.
    pub setting: String,
    /// Of the header `authorization`.
    pub prefix: String,
    /// Pointers into the answer: the token, when it ends, the base URL of the account.
    pub token: String,
    pub expires: String,
    pub base: String,
}

impl Row {
    /// The row for one call: the provider's, with what the deployment and the patterns that match
    /// the model lay over it.
    pub fn of(provider: &str, own: Option<&Value>, model: &str) -> Result<Self, Error> {
        let mut row = documents()
            .get(provider)
            .cloned()
            .ok_or_else(|| fault::unsupported(format!("no row for provider `{provider}`")))?;
        if let Some(own) = own.and_then(Value::as_object) {
            row.extend(own.clone());
        }
        let exceptions = row.get("models").cloned().unwrap_or_default();
        for exception in exceptions.as_array().into_iter().flatten() {
            let patterns = exception.get("match").and_then(Value::as_array);
            let mut patterns = patterns.into_iter().flatten().filter_map(Value::as_str);
            if let Some(members) = exception
                .as_object()
                .filter(|_| patterns.any(|it| matches(it, model)))
            {
                let behaviour = members.iter().filter(|(name, _)| !is_param_list(name));
                row.extend(behaviour.map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        serde_json::from_value(row.into()).map_err(|cause| {
            fault::invalid_request(format!("the row of provider `{provider}`: {cause}"))
        })
    }

    /// Every row of the file.
    pub fn all() -> Result<Vec<Self>, serde_json::Error> {
        serde_json::from_str(PROVIDERS)
    }

    /// The operations, `models` among them.
    pub fn operations(&self) -> Vec<String> {
        let mut names = self
            .operations
            .clone()
            .unwrap_or_else(|| vec!["chat".to_owned()]);
        names.push("models".to_owned());
        names
    }
}

/// The parameter lists of an exception are the gateway's business, through `describe`.
fn is_param_list(name: &str) -> bool {
    matches!(name, "match" | "supported" | "unsupported" | "ignored")
}

/// Rows by name and alias, as documents: overlays work on these.
fn documents() -> &'static BTreeMap<String, Map<String, Value>> {
    static ROWS: OnceLock<BTreeMap<String, Map<String, Value>>> = OnceLock::new();
    ROWS.get_or_init(|| {
        // The file is checked by a test; an empty table refuses every provider by name.
        let rows: Vec<Map<String, Value>> = serde_json::from_str(PROVIDERS).unwrap_or_default();
        let mut table = BTreeMap::new();
        for row in rows {
            let aliases = row.get("aliases").and_then(Value::as_array).cloned();
            let names = row
                .get("name")
                .cloned()
                .into_iter()
                .chain(aliases.unwrap_or_default());
            for name in names.filter_map(|it| it.as_str().map(str::to_owned)) {
                table.insert(name, row.clone());
            }
        }
        table
    })
}

/// Whether `pattern`, in which `*` stands for any text, fits the whole of `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(tail) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::serde_json::json;

    /// The OpenAI-compatible providers of the catalogue this table was made from; `openai` itself
    /// has a plugin of its own.
    const CATALOGUE: &str = include_str!("../catalogue.tsv");

    /// Base URLs that are other than the catalogue's on purpose: a path or a slash stands
    /// elsewhere, or `/v1` is part of the base.
    const OTHER_BASES: [&str; 5] = [
        "chutes",
        "cloudflare",
        "datarobot",
        "helicone",
        "huggingface",
    ];

    /// Environment names that are for other ways of authentication than a key, or for settings.
    const OTHER_ENV: [&str; 8] = [
        "CLOUDFLARE_ACCOUNT_ID",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
        "GITHUB_COPILOT_CLIENT_ID",
        "GITHUB_COPILOT_TOKEN_DIR",
        "OR_APP_NAME",
        "OR_SITE_URL",
        "",
    ];

    #[test]
    fn every_provider_of_the_catalogue_has_its_row_with_base_url_and_environment() {
        let rows = Row::all().unwrap();
        let lines = CATALOGUE.lines().filter(|line| !line.starts_with('#'));
        let mut seen = 0;
        for line in lines {
            let mut cells = line.split('\t');
            let id = cells.next().unwrap();
            let row = rows.iter().find(|row| row.name == id);
            let row = row.unwrap_or_else(|| panic!("no row for {id}"));
            let base = cells.next().filter(|it| *it != "-");
            assert!(
                row.base_url.as_deref() == base || OTHER_BASES.contains(&id),
                "{id}: {base:?}"
            );
            for name in cells.next().unwrap_or_default().split(' ') {
                let known = |list: &[String]| list.iter().any(|it| it == name);
                assert!(
                    known(&row.env) || known(&row.base_url_env) || OTHER_ENV.contains(&name),
                    "{id}: {name}"
                );
            }
            seen += 1;
        }
        assert_eq!(seen, 113);
    }

    #[test]
    fn rows_are_told_apart_by_their_names() {
        let rows = Row::all().unwrap();
        let mut names: Vec<&String> = rows
            .iter()
            .flat_map(|row| std::iter::once(&row.name).chain(&row.aliases))
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn exceptions_and_the_deployments_own_row_lie_over_the_providers() {
        let own = json!({"base_url": "https://a.test", "think_tags": true,
            "models": [{"match": ["big-*"], "think_tags": false, "history": "keep"}]});
        let plain = Row::of("groq", Some(&own), "small").unwrap();
        assert!(plain.think_tags && plain.history.as_deref() == Some("reasoning"));
        let big = Row::of("groq", Some(&own), "big-1").unwrap();
        assert!(!big.think_tags && big.history.as_deref() == Some("keep"));
    }

    #[test]
    fn a_wrong_row_is_refused_by_its_member() {
        let error = Row::of("groq", Some(&json!({"thinktags": true})), "m").unwrap_err();
        assert!(error.message.contains("thinktags"), "{}", error.message);
    }

    #[test]
    fn patterns_fit_the_whole_name() {
        for (pattern, text, want) in [
            ("grok-4*", "grok-4.1-fast", true),
            ("*thinking*", "kimi-thinking-preview", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*c", "a-b", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
