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

/// The operations that a row may list.
pub const OPERATIONS: [&str; 19] = [
    "chat",
    "messages",
    "completions",
    "embeddings",
    "responses",
    "rerank",
    "moderations",
    "images.generate",
    "images.edit",
    "audio.speech",
    "audio.transcribe",
    "audio.translate",
    "files.create",
    "files.get",
    "files.content",
    "files.delete",
    "batches.create",
    "batches.get",
    "batches.cancel",
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
    /// The provider may be called without a key.
    pub key_optional: bool,
    /// Further secrets by name, with their environment variables.
    pub secrets: BTreeMap<String, Vec<String>>,
    /// OAuth's client credentials, which serve in a key's place.
    pub client: Option<ClientRow>,
    /// The service for which AWS's credentials sign in a key's place, `aws_region_name` its region.
    pub signed: Option<String>,
    /// `snowflake`: a key pair may sign tokens in a key's place.
    pub key_pair: Option<String>,
    /// The base URL where the deployment has none, with one of `settings` in it.
    pub account_base: Option<String>,
    /// Hosts besides the base URL's own, as in `describe`.
    pub hosts: Vec<String>,
    /// Ends of an operator's `api_base` that lead to another dialect, and what they become.
    pub base_endings: BTreeMap<String, String>,
    /// Where models go that are named `catalog.schema.model`: a path on the base URL's host.
    pub catalog_path: Option<String>,
    /// Headers say who took the last turn, and that there are images.
    pub turn_headers: bool,
    /// Those of [`OPERATIONS`] that it has, `chat` if nothing is said; `models` is always there.
    pub operations: Option<Vec<String>>,
    /// The dialect of embeddings: `snowflake`, `feature-extraction`; missing: OpenAI's.
    pub embeddings: Option<String>,
    /// The dialect of rerank: `nim`, `deepinfra`, `tei`, `data` (Cohere's with its list under that
    /// name); missing: Cohere's, which is relayed.
    pub rerank: Option<String>,
    /// Paths by operation. `{setting}` stands for one of `settings`, `{model}` for the model.
    pub paths: BTreeMap<String, String>,
    /// Names of settings that paths and headers use.
    pub settings: Vec<String>,
    /// Environment variables that give settings where the deployment has none.
    pub settings_env: BTreeMap<String, Vec<String>>,
    /// Settings where nobody gives them.
    pub settings_default: BTreeMap<String, String>,
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
    /// When a `response_format` is asked for as a tool that is called in the answer's place:
    /// `beside-tools`, or `schemas` (also where a schema stands alone); missing: never.
    pub format_tool: Option<String>,
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
    /// `suffix`: `provider/org/name` is sent as `org/name:provider`. `path`: the name up to its first
    /// slash is a deployment in the path, and what is behind it, or `adapter_id`, an adapter.
    pub model_route: Option<String>,
    /// Usage of a stream has to be asked for (the default), or `stream_options` is not accepted.
    pub stream_usage: Option<bool>,
    /// Ends of the base URL that are others for an operation, and what they become there.
    pub bases: BTreeMap<String, BTreeMap<String, String>>,
    /// Models that complete texts at `/fim/completions`, by pattern; the others have no text
    /// completions. Missing: OpenAI's dialect.
    pub fim: Option<Vec<String>>,
    /// Models whose messages are served in Anthropic's dialect, by pattern; missing: all.
    pub messages: Option<Vec<String>>,
    /// The dialect of images: `dashscope`, `modelscope` and `workflows` (Fireworks); of edits alone:
    /// `references` (OpenRouter), `image-urls` (Meta), `recraft`. Missing: OpenAI's.
    pub images: Option<String>,
    /// The dialect of batches: `jobs` (Mistral's); missing: OpenAI's.
    pub batches: Option<String>,
    /// The dialect of speech: `json` (base64 in a document), `minimax`, `dashscope`; missing: OpenAI's.
    pub speech: Option<String>,
    /// The dialect of transcriptions: `words` (xAI's), `jobs` (AssemblyAI's); missing: OpenAI's.
    pub transcription: Option<String>,
    /// Models whose names begin with `run/` are asked in Cloudflare's own dialect, and for images
    /// and transcripts all of them are.
    pub run: bool,
    /// Answers are canonical and are relayed without being looked at.
    pub relay: bool,
    /// Reasoning comes as `<think>` at the beginning of the text.
    pub think_tags: bool,
    /// Marks like `[1]` in a whole answer become annotations, by the list of sources beside it.
    pub citations: bool,
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

/// A token server on the base URL's host.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientRow {
    pub token_path: String,
    pub scope: String,
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
mod tests;
