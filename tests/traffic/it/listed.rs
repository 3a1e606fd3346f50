//! The providers that matter are backed: chats, streams, calls of tools, three kinds of errors (a
//! limit of requests among them, where the provider documents one) and a usage of each, and whatever
//! else it serves, also of each partner whose models Vertex AI has. Recorded, or else written by what
//! the provider documents (`fixtures/written.jsonl`); what is not recorded says why
//! (`fixtures/unbacked.tsv`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sluice_fixture::Fixture;
use sluice_sdk::serde_json::{self, Value};

use crate::components::{self, Component};
use crate::refusals::{EXPECTED, hosts_kind};
use crate::report::FLOOR;
use crate::verified::VERIFIED;
use crate::{list, recordings, text};

/// Their names, as a configuration has them.
const LISTED: [&str; 35] = [
    "azure",
    "azure_ai",
    "bedrock",
    "black_forest_labs",
    "cloudflare",
    "cohere",
    "dashscope",
    "databricks",
    "deepgram",
    "deepseek",
    "elevenlabs",
    "fireworks_ai",
    "github_copilot",
    "groq",
    "hosted_vllm",
    "huggingface",
    "jina_ai",
    "mistral",
    "moonshot",
    "nvidia_nim",
    "ollama",
    "ollama_chat",
    "openrouter",
    "perplexity",
    "replicate",
    "sagemaker",
    "sagemaker_chat",
    "snowflake",
    "stability",
    "together_ai",
    "vertex_ai",
    "voyage",
    "watsonx",
    "xai",
    "zai",
];

/// Publishers at Vertex AI besides Google, each as a provider of its own, with how names of their models
/// begin. Every other one is asked as `meta` is.
const PARTNERS: [(&str, &[&str]); 4] = [
    ("vertex_ai/ai21", &["ai21/", "jamba"]),
    ("vertex_ai/anthropic", &["anthropic/", "claude"]),
    ("vertex_ai/meta", &["meta/"]),
    (
        "vertex_ai/mistralai",
        &["mistralai/", "mistral", "codestral"],
    ),
];

/// They document no limit of requests: a server of one's own, and an API that names its errors nowhere.
const WITHOUT_LIMITS: [&str; 2] = ["hosted_vllm", "nvidia_nim"];

const WRITTEN: &str = include_str!("../fixtures/written.jsonl");
const UNBACKED: &str = include_str!("../fixtures/unbacked.tsv");

/// A provider, and the kind of what was recorded or written.
type Kind = (String, String);

/// How many fixtures of each kind are there.
type Counts = BTreeMap<Kind, usize>;

/// The kinds of errors of each provider.
type Errors = BTreeMap<String, BTreeSet<String>>;

/// A fixture that nobody recorded.
struct Written {
    kind: String,
    /// The page that it was written by.
    page: String,
    fixture: Fixture,
}

fn written() -> Vec<Written> {
    let read = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        Written {
            kind: text(&line, "kind").to_owned(),
            page: text(&line, "page").to_owned(),
            fixture: serde_json::from_value(line["fixture"].take()).unwrap(),
        }
    };
    WRITTEN.lines().map(read).collect()
}

/// The provider, or the partner whose model is asked.
fn listed_as(provider: &str, model: &str) -> String {
    let of_partner = |it: &&(&str, &[&str])| it.1.iter().any(|start| model.starts_with(start));
    let partner = PARTNERS.iter().find(of_partner);
    match partner.filter(|_| provider == "vertex_ai") {
        Some((name, _)) => (*name).to_owned(),
        None => provider.to_owned(),
    }
}

/// What has to be there of a provider, by kind of call.
fn needed(name: &str, provider: &Value) -> BTreeMap<&'static str, usize> {
    let operations = provider["operations"].as_object().unwrap();
    let mut needed = BTreeMap::from([("errors", 3)]);
    if let Some(chat) = operations.get("chat") {
        needed.extend([("chat", 1), ("usage", 1)]);
        if chat["stream"] == true {
            needed.insert("stream", 1);
        }
        if !list(&chat["unsupported"]).contains(&"tools".into()) {
            needed.insert("tools", 1);
        }
    }
    if name.contains('/') {
        // Partners have chats alone, and Anthropic its own API.
        if name.ends_with("/anthropic") {
            needed.insert("messages", 1);
        }
        return needed;
    }
    let counted = ["completions", "embeddings", "rerank"];
    if counted.iter().any(|it| operations.contains_key(*it)) {
        needed.insert("usage", 1);
    }
    let kinds = operations.keys().filter_map(|it| kind_of(it));
    let partners = |kind: &str| provider["name"] == "vertex_ai" && kind == "messages";
    let kinds = kinds.filter(|it| !partners(it));
    needed.extend(kinds.map(|it| (it, 1)));
    needed
}

/// How the report calls what an operation brings.
fn kind_of(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "completions" => "completions",
        "embeddings" => "embeddings",
        "moderations" => "moderations",
        "rerank" => "rerank",
        "responses" => "responses",
        "messages" => "messages",
        "realtime" => "realtime",
        "images.generate" => "images",
        "images.edit" => "images-edits",
        "audio.speech" => "audio-speech",
        "audio.transcribe" => "audio-transcription",
        "audio.translate" => "audio-translation",
        "count-tokens" | "count-chat" => "count-tokens",
        about if about.starts_with("files.") => "files",
        about if about.starts_with("batches.") => "batches",
        about if about.starts_with("responses.") => "responses-stored",
        _ => return None,
    })
}

/// The recordings that pass, and those that tell a usage.
fn recorded() -> Counts {
    let mut counts = Counts::new();
    for line in FLOOR.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let passed: usize = cells[2].parse().unwrap();
        // Predictions are Replicate's chats.
        let kind = cells[1].replace("predictions", "chat");
        *counts.entry((cells[0].to_owned(), kind)).or_default() += passed;
    }
    for recording in recordings::all() {
        let name = listed_as(&recording.provider, &recording.model);
        if recording.status() == 200 && tells_usage(recording.body()) {
            let kind = (name.clone(), "usage".to_owned());
            *counts.entry(kind).or_default() += 1;
        }
        if name != recording.provider {
            let of = |name: String| (name, recording.kind.clone());
            *counts.entry(of(name)).or_default() += 1;
            *counts.get_mut(&of(recording.provider.clone())).unwrap() -= 1;
        }
    }
    // Predictions that made pictures.
    for line in VERIFIED.lines() {
        let (name, operations) = line.split_once('\t').unwrap();
        for kind in operations.split(' ').filter_map(kind_of) {
            let kind = (name.to_owned(), kind.to_owned());
            counts.entry(kind).or_insert(1);
        }
    }
    // One component, asked in the same way.
    let of_ollama: Vec<(String, usize)> = counts
        .iter()
        .filter(|((provider, _), _)| provider == "ollama")
        .map(|((_, kind), count)| (kind.clone(), *count))
        .collect();
    let chats = of_ollama.into_iter();
    counts.extend(chats.map(|(kind, count)| (("ollama_chat".to_owned(), kind), count)));
    counts
}

fn tells_usage(body: &str) -> bool {
    let told = [
        "\"usage\"",
        "\"usageMetadata\"",
        "_token_count\"",
        "_eval_count\"",
        "eval_count\"",
        "\"predict_time\"",
    ];
    told.iter().any(|it| body.contains(it))
}

fn counted(all: &[Written]) -> Counts {
    let mut counts = Counts::new();
    for it in all {
        let name = listed_as(&it.fixture.provider, &it.fixture.model);
        let expect = &it.fixture.expect;
        let whole = expect
            .response
            .as_ref()
            .is_some_and(|it| it["usage"].is_object());
        let mut replies = it.fixture.exchanges.iter().map(|it| it.reply.bytes());
        let relayed =
            expect.relayed && replies.any(|it| tells_usage(&String::from_utf8_lossy(&it)));
        let kinds = [
            Some(it.kind.as_str()),
            (whole || relayed || expect.usage.is_some()).then_some("usage"),
        ];
        for kind in kinds.into_iter().flatten() {
            let kind = (name.clone(), kind.to_owned());
            *counts.entry(kind).or_default() += 1;
        }
    }
    counts
}

/// The kinds of errors that were recorded.
fn recorded_errors() -> Errors {
    let models: BTreeMap<String, String> = recordings::all()
        .iter()
        .map(|it| (it.id.clone(), it.model.clone()))
        .collect();
    let mut errors = Errors::new();
    for line in EXPECTED.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let name = listed_as(cells[1], &models[cells[0]]);
        errors.entry(name).or_default().insert(cells[2].to_owned());
    }
    // One component, asked in the same way.
    let of_ollama = errors["ollama"].clone();
    errors.insert("ollama_chat".to_owned(), of_ollama);
    errors
}

/// The kinds of errors that were written.
fn written_errors(all: &[Written]) -> Errors {
    let mut errors = Errors::new();
    for it in all.iter().filter(|it| it.kind == "errors") {
        let name = listed_as(&it.fixture.provider, &it.fixture.model);
        let kind = it.fixture.expect.error.as_ref().unwrap()["kind"].as_str();
        let kinds = errors.entry(name).or_default();
        kinds.insert(kind.unwrap().to_owned());
    }
    errors
}

/// Rows of what is not recorded: provider, kind, `written` or `none`, why.
fn unbacked() -> BTreeMap<Kind, (&'static str, &'static str)> {
    let read = |line: &'static str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let kind = (cells[0].to_owned(), cells[1].to_owned());
        (kind, (cells[2], cells[3]))
    };
    UNBACKED.lines().map(read).collect()
}

fn known<'c>(components: &'c [Component], name: &str) -> (&'c Component, &'c Value) {
    let found = components
        .iter()
        .find_map(|it| Some((it, it.provider(name)?)));
    assert!(found.is_some(), "no component has `{name}`");
    found.unwrap()
}

#[test]
fn every_provider_that_matters_is_backed_or_it_is_said_why_not() {
    let components = components::all();
    let recorded = recorded();
    let (real_errors, made_errors) = (recorded_errors(), written_errors(&written()));
    let written = counted(&written());
    let unbacked = unbacked();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    let partners = PARTNERS.iter().map(|it| it.0);
    for name in LISTED.into_iter().chain(partners) {
        let provider = name.split('/').next().unwrap();
        let of = |errors: &Errors| errors.get(name).cloned().unwrap_or_default();
        let real_kinds = of(&real_errors);
        let kinds = &real_kinds | &of(&made_errors);
        if kinds.contains("rate-limit") == WITHOUT_LIMITS.contains(&name) {
            wrong.push(format!("{name}: is there a limit of requests? {kinds:?}"));
        }
        for (kind, least) in needed(name, known(&components, provider).1) {
            let place = (name.to_owned(), kind.to_owned());
            let of = |counts: &Counts| counts.get(&place).copied().unwrap_or(0);
            let (real, made) = match kind {
                "errors" => (real_kinds.len(), kinds.len() - real_kinds.len()),
                _ => (of(&recorded), of(&written)),
            };
            let said = unbacked.get(&place);
            used.extend(said.map(|_| place.clone()));
            let fine = match said {
                None => real >= least,
                Some(("written", _)) => real < least && real + made >= least,
                Some(("none", _)) => real + made < least,
                Some(_) => false,
            };
            if !fine {
                wrong.push(format!(
                    "{name} {kind}: {real} recorded, {made} written, {least} needed, {said:?}"
                ));
            }
        }
    }
    let unused = unbacked.keys().filter(|it| !used.contains(*it));
    wrong.extend(unused.map(|it| format!("{it:?}: a reason without a need")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_written_holds() {
    let components = components::all();
    let mut wrong = Vec::new();
    for it in written() {
        let (component, provider) = known(&components, &it.fixture.provider);
        assert!(it.page.starts_with("https://"), "{}", it.fixture.name);
        let holds = (component.run)(&it.fixture);
        let holds = holds.and_then(|()| of_the_gateway(component, provider, &it.fixture));
        if let Err(what) = holds {
            wrong.push(format!(
                "{} {}: {what}",
                it.fixture.provider, it.fixture.name
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The kind of an error that the component leaves to the gateway is the one that is expected.
fn of_the_gateway(component: &Component, known: &Value, fixture: &Fixture) -> Result<(), String> {
    let Some(expected) = &fixture.expect.error else {
        return Ok(());
    };
    let error = (component.replay)(fixture)?.error;
    if error.is_some_and(|it| !it.kind.is_empty()) {
        return Ok(());
    }
    let reply = &fixture.exchanges[0].reply;
    let document = serde_json::from_slice(&reply.bytes()).unwrap_or_default();
    let kind = hosts_kind(&known["errors"], &document, reply.status.into());
    match expected["kind"] == kind.as_str() {
        true => Ok(()),
        false => Err(format!("the gateway takes it for {kind}")),
    }
}

/// For the report: what is written, and what is neither.
pub fn page() -> String {
    let written = counted(&written());
    let mut page = String::from(
        "\n## Written, not recorded\n\nNo public recording is known of these. What was written by the provider's documentation is held by the
same tests, and is not verified.\n\n| provider | kind | fixtures | why |\n|---|---|--:|---|\n",
    );
    for (place, (how, why)) in unbacked() {
        let (provider, kind) = &place;
        let count = match how {
            "written" => written.get(&place).copied().unwrap_or(0),
            _ => 0,
        };
        writeln!(page, "| {provider} | {kind} | {count} | {why} |").unwrap();
    }
    page
}
