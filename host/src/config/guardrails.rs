//! `guardrails`: who looks at what goes in and what comes out. LiteLLM's list; which component looks
//! is said by `litellm_params.guardrail`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::env::Env;
use super::remarks::{Remarks, Taken, hint};
use super::secrets::looks_secret;
use super::section::{Names, Section, kind};
use crate::domain::Secret;

/// When a guardrail looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Before the model; it may change the request.
    Pre,
    /// Beside the model; it may only block.
    During,
    /// After the model; it may change the answer.
    Post,
    /// Only at what is logged.
    Log,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::Pre, Self::During, Self::Post, Self::Log];

    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::During => "during",
            Self::Post => "post",
            Self::Log => "log",
        }
    }

    /// As LiteLLM's `mode` spells it.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Pre => "pre_call",
            Self::During => "during_call",
            Self::Post => "post_call",
            Self::Log => "logging_only",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    pub name: String,
    /// Its name in a plugin's `describe`.
    pub kind: String,
    /// Where the request's tags name no other.
    pub stages: Vec<Stage>,
    /// Stages by tag. A request with such a tag is looked at, asked for or not.
    pub by_tag: BTreeMap<String, Vec<Stage>>,
    pub default_on: bool,
    /// What it cannot look at in time passes: `unreachable_fallback: fail_open`.
    pub fails_open: bool,
    /// How long one look may take.
    pub timeout: Duration,
    pub api_base: Option<Url>,
    pub secrets: BTreeMap<String, Secret>,
    /// The plugin's own settings.
    pub settings: Map<String, Value>,
    /// What the plugin is told of the caller.
    pub subject: Vec<String>,
    /// `guardrail_info`, which is only shown.
    pub info: Value,
    /// `guardrail_id`.
    pub id: Option<String>,
    /// It lies in the database, under that id.
    pub is_stored: bool,
}

impl Guardrail {
    /// One without settings, which looks before every call.
    pub(super) fn before_all(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: name.to_owned(),
            stages: vec![Stage::Pre],
            by_tag: BTreeMap::new(),
            default_on: true,
            fails_open: false,
            timeout: TIMEOUT,
            api_base: None,
            secrets: BTreeMap::new(),
            settings: Map::new(),
            subject: TOLD.map(str::to_owned).to_vec(),
            info: Value::Null,
            id: None,
            is_stored: false,
        }
    }
}

/// What a plugin may be told of a caller.
pub const SUBJECT: [&str; 9] = [
    "key_alias",
    "key_hash",
    "user_id",
    "team_id",
    "team_alias",
    "organization_id",
    "end_user",
    "tags",
    "metadata",
];

/// What it is told where nobody says: nothing that the client wrote, and no address of a person.
const TOLD: [&str; 5] = ["key_alias", "user_id", "team_id", "end_user", "tags"];

/// How long a look may take, where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// LiteLLM's word for a mask that is put back in the answer, for which `mode` need not name the answer.
const PUTS_BACK: &str = "output_parse_pii";

/// Where the id of an entry stands in it.
pub const ID: &str = "guardrail_id";

/// The mark of an entry that the database has: it may not reach into the operator's network.
pub const STORED: &str = "db_guardrail";

pub const NAMES: Names = Names {
    known: &["guardrail_name", "litellm_params", "guardrail_info", ID],
    accepted: &["policy_template"],
    unenforced: &[],
};

/// Modes of LiteLLM for what this gateway does not do.
const ELSEWHERE: [&str; 4] = [
    "pre_mcp_call",
    "during_mcp_call",
    "post_mcp_call",
    "realtime_input_transcription",
];

/// Reads the list.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> Vec<Guardrail> {
    let list = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => {
            let text = format!("is {}, expected a list", kind(&other));
            remarks.say(Taken::Wrong, "guardrails", text);
            Vec::new()
        }
    };
    let mut all: Vec<Guardrail> = Vec::new();
    for (index, entry) in list.into_iter().enumerate() {
        let path = format!("guardrails[{index}]");
        let Some(one) = read_one(&path, entry, env, remarks) else {
            continue;
        };
        if one.is_stored && all.iter().any(|it| it.name == one.name) {
            let text = format!(
                "`{}` stands in the file as well, which counts; the one of the database has no effect",
                one.name
            );
            remarks.say(Taken::Warning, format!("{path}.guardrail_name"), text);
        } else if all.iter().any(|it| it.name == one.name) {
            let text = format!("`{}` stands twice", one.name);
            remarks.say(Taken::Wrong, format!("{path}.guardrail_name"), text);
        } else {
            all.push(one);
        }
    }
    all
}

fn read_one(path: &str, mut entry: Value, env: &Env, remarks: &mut Remarks) -> Option<Guardrail> {
    let mark = |it: &mut Map<String, Value>| it.shift_remove(STORED);
    let is_stored = entry.as_object_mut().and_then(mark) == Some(true.into());
    let mut outer = Section::new(path, Some(entry), env, remarks);
    let name = outer.word("guardrail_name").filter(|it| is_name(it));
    if name.is_none() {
        let text = "is no name: expected up to 128 letters without control characters";
        outer.say(Taken::Wrong, "guardrail_name", text);
    }
    let (info, id) = (outer.raw("guardrail_info"), outer.text(ID));
    let params = outer.raw("litellm_params");
    outer.finish(&NAMES);
    let at = format!("{path}.litellm_params");
    let mut params = Section::new(&at, params, env, remarks);
    let mut read = read_params(&mut params)?;
    read.name = name?;
    read.info = info.unwrap_or(Value::Null);
    read.id = id;
    read.is_stored = is_stored;
    Some(read)
}

/// It stands in headers, logs and metrics.
fn is_name(name: &str) -> bool {
    let plain = |it: char| !it.is_control() && it != ',';
    !name.is_empty() && name.len() <= 128 && name.chars().all(plain)
}

/// What of `litellm_params` is no setting of the plugin's.
fn read_params(params: &mut Section<'_>) -> Option<Guardrail> {
    let Some(kind) = params.word("guardrail").filter(|it| !it.is_empty()) else {
        let text = "is missing: expected the name of a guardrail that a plugin has";
        params.say(Taken::Wrong, "guardrail", text);
        return None;
    };
    // LiteLLM's names of some have a slash, which no name in a `describe` has.
    let kind = kind.replace('/', ".");
    let (stages, by_tag) = modes(params);
    let subject = subject(params);
    let fails_open = fails_open(params);
    let mut read = Guardrail {
        kind,
        stages,
        by_tag,
        default_on: params.flag("default_on").unwrap_or(false),
        fails_open,
        timeout: params.seconds("timeout").unwrap_or(TIMEOUT),
        api_base: api_base(params),
        subject,
        ..Guardrail::before_all("")
    };
    for name in params.names() {
        if looks_secret(&name) {
            let secret = params.secret(&name).filter(|it| !it.reveal().is_empty());
            read.secrets.extend(secret.map(|secret| (name, secret)));
        } else if let Some(value) = params.resolved(&name) {
            read.settings.insert(name, value);
        }
    }
    if read.settings.get(PUTS_BACK) == Some(&Value::Bool(true)) {
        let tags = read.by_tag.values_mut();
        for stages in tags.chain([&mut read.stages]) {
            if stages.contains(&Stage::Pre) && !stages.contains(&Stage::Post) {
                stages.push(Stage::Post);
            }
        }
    }
    Some(read)
}

type Modes = (Vec<Stage>, BTreeMap<String, Vec<Stage>>);

/// `mode`: one, several, or by the request's tags.
fn modes(params: &mut Section<'_>) -> Modes {
    match params.raw("mode") {
        // Where LiteLLM has one that nobody names, it looks before the call.
        None => (vec![Stage::Pre], BTreeMap::new()),
        Some(Value::Object(mut members)) => {
            let usual = members.shift_remove("default");
            let stages = usual.map_or_else(Vec::new, |it| stages_of(params, "mode.default", it));
            let mut by_tag = BTreeMap::new();
            let tags = members.shift_remove("tags");
            if let Some(Value::Object(tags)) = tags {
                for (tag, value) in tags {
                    let at = format!("mode.tags.{tag}");
                    by_tag.insert(tag, stages_of(params, &at, value));
                }
            } else {
                params.say(Taken::Wrong, "mode.tags", "expected a mapping of tags");
            }
            (stages, by_tag)
        }
        Some(value) => (stages_of(params, "mode", value), BTreeMap::new()),
    }
}

fn stages_of(params: &mut Section<'_>, at: &str, value: Value) -> Vec<Stage> {
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut found = Vec::new();
    for value in list {
        let word = value.as_str().unwrap_or_default();
        match Stage::ALL.into_iter().find(|it| it.mode() == word) {
            Some(stage) if !found.contains(&stage) => found.push(stage),
            Some(_) => {}
            None if ELSEWHERE.contains(&word) => {
                let text = format!("has `{word}`, which this gateway has no calls for");
                params.say(Taken::Warning, at, text);
            }
            None => {
                let hint = hint(word, Stage::ALL.map(Stage::mode));
                let text = format!(
                    "has `{word}`, expected pre_call, during_call, post_call or logging_only{hint}"
                );
                params.say(Taken::Wrong, at, text);
            }
        }
    }
    found
}

fn subject(params: &mut Section<'_>) -> Vec<String> {
    let Some(listed) = params.words("subject") else {
        return TOLD.map(str::to_owned).to_vec();
    };
    for name in listed.iter().filter(|it| !SUBJECT.contains(&it.as_str())) {
        let hint = hint(name, SUBJECT);
        let text = format!("has `{name}`, expected {}{hint}", SUBJECT.join(", "));
        params.say(Taken::Wrong, "subject", text);
    }
    listed
}

/// LiteLLM's name of the policy.
fn fails_open(params: &mut Section<'_>) -> bool {
    match params.word("unreachable_fallback").as_deref() {
        None | Some("fail_closed") => false,
        Some("fail_open") => true,
        Some(other) => {
            let text = format!("is `{other}`, expected `fail_closed` or `fail_open`");
            params.say(Taken::Wrong, "unreachable_fallback", text);
            false
        }
    }
}

fn api_base(params: &mut Section<'_>) -> Option<Url> {
    let text = params.text("api_base")?;
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|it| matches!(it.scheme(), "http" | "https"));
    if url.is_none() {
        params.say(
            Taken::Wrong,
            "api_base",
            "is no URL with http:// or https://",
        );
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> (Vec<Guardrail>, Vec<String>) {
        let mut remarks = Remarks::default();
        let env = Env::of(&[("LAKERA_KEY", "k-lakera")]);
        let all = read(Some(value), &env, &mut remarks);
        let said = remarks.0.iter().filter(|it| it.taken != Taken::Honoured);
        (all, said.map(|it| it.path.clone()).collect())
    }

    #[test]
    fn litellms_entry_is_read_with_its_secrets_apart_from_its_settings() {
        let (all, said) = of(json!([{"guardrail_name": "pii-mask", "litellm_params": {
            "guardrail": "pii", "mode": ["pre_call", "post_call"], "default_on": "true",
            "api_key": "os.environ/LAKERA_KEY", "api_base": "https://l.test/v1", "timeout": 0.5,
            "unreachable_fallback": "fail_open", "entities": ["EMAIL"]},
            "guardrail_info": {"params": []}}]));
        assert_eq!(said, Vec::<String>::new());
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!((one.name.as_str(), one.kind.as_str()), ("pii-mask", "pii"));
        assert_eq!(one.stages, [Stage::Pre, Stage::Post]);
        assert!(one.default_on && one.fails_open);
        assert_eq!(one.timeout, Duration::from_millis(500));
        assert_eq!(one.secrets["api_key"].reveal(), "k-lakera");
        assert_eq!(
            Value::from(one.settings.clone()),
            json!({"entities": ["EMAIL"]})
        );
        assert_eq!(one.subject, TOLD);
    }

    #[test]
    fn litellms_names_and_masks_that_are_put_back_are_understood() {
        let params = json!({"guardrail": "azure/prompt_shield", "mode": "pre_call"});
        let (all, _) = of(json!([{"guardrail_name": "a", "litellm_params": params}]));
        assert_eq!(all[0].kind, "azure.prompt_shield");
        assert_eq!(all[0].stages, [Stage::Pre]);
        for (wish, stages) in [
            (true, &[Stage::Pre, Stage::Post][..]),
            (false, &[Stage::Pre]),
        ] {
            let params =
                json!({"guardrail": "presidio", "mode": "pre_call", "output_parse_pii": wish});
            let (all, _) = of(json!([{"guardrail_name": "a", "litellm_params": params}]));
            assert_eq!(all[0].stages, stages);
        }
    }

    #[test]
    fn stages_may_go_by_the_requests_tags() {
        let (all, said) = of(
            json!([{"guardrail_name": "a", "litellm_params": {"guardrail": "x",
            "mode": {"tags": {"Prod": "pre_call", "eu": ["during_call"]}, "default": "logging_only"}}}]),
        );
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(all[0].stages, [Stage::Log]);
        assert_eq!(all[0].by_tag["Prod"], [Stage::Pre]);
        assert_eq!(all[0].by_tag["eu"], [Stage::During]);
    }

    #[test]
    fn the_files_counts_where_the_database_has_one_of_its_name() {
        let entry = |kind: &str, stored: bool| json!({"guardrail_name": "a", ID: kind, STORED: stored, "litellm_params": {"guardrail": kind}});
        let (all, said) = of(json!([entry("file", false), entry("db", true)]));
        assert_eq!(said, ["guardrails[1].guardrail_name"]);
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!((one.kind.as_str(), one.is_stored), ("file", false));
        let (all, said) = of(json!([entry("db", true)]));
        assert_eq!(
            (said.len(), all[0].is_stored, all[0].id.as_deref()),
            (0, true, Some("db"))
        );
    }

    #[test]
    fn what_somebody_relies_on_and_cannot_be_is_an_error_and_never_left_out_in_silence() {
        for (entry, path) in [
            (
                json!({"litellm_params": {"guardrail": "x"}}),
                "guardrail_name",
            ),
            (json!({"guardrail_name": "a"}), "litellm_params.guardrail"),
            (
                json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x", "mode": "precall"}}),
                "litellm_params.mode",
            ),
            (
                json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x", "default_on": 7}}),
                "litellm_params.default_on",
            ),
            (
                json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x", "unreachable_fallback": "open"}}),
                "litellm_params.unreachable_fallback",
            ),
            (
                json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x", "subject": ["name"]}}),
                "litellm_params.subject",
            ),
            (
                json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x", "api_base": "l.test"}}),
                "litellm_params.api_base",
            ),
        ] {
            let (_, said) = of(json!([entry]));
            assert_eq!(said, [format!("guardrails[0].{path}")], "{entry}");
        }
        let one = json!({"guardrail_name": "a", "litellm_params": {"guardrail": "x"}});
        assert_eq!(of(json!([one, one])).1, ["guardrails[1].guardrail_name"]);
        assert_eq!(of(json!({"a": 1})).1, ["guardrails"]);
    }
}
