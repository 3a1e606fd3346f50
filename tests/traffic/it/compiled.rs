//! The same recordings through the components as they ship: compiled, by the engine of the gateway, in
//! instances that serve one call after the other.

use std::collections::HashMap;
use std::path::Path;

use sluice_engine::contract::{Call, Decoded, Error, File, Frame, Head, Reply, Step};
use sluice_engine::{Engine, EngineConfig, Plugin, Session, Settings};
use sluice_fixture::Chunking;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::Outcome;

use crate::play::{Cast, cast, play};
use crate::{components, recordings, text};

mod driver {
    sluice_fixture::runner!(sluice_engine::contract);
}

/// By the plugin's name.
async fn plugins() -> HashMap<String, Plugin> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine-code");
    let config = EngineConfig {
        cache_dir: Some(kept),
        ..EngineConfig::default()
    };
    let engine = Engine::new(&config).unwrap();
    let mut plugins = HashMap::new();
    for it in sluice_bundled::PLUGINS {
        let loaded = engine.load(it.name, it.wasm.to_vec(), Settings::default());
        plugins.insert(it.name.to_owned(), loaded.await.unwrap());
    }
    plugins
}

/// An outcome in words that both sides have. What is drawn by lot or read from a clock is neither
/// side's alone.
fn told(
    [response, events, usage]: [Value; 3],
    relayed: bool,
    error: Option<[Value; 6]>,
    plugin: &str,
) -> Value {
    let mut told = json!({"response": response, "events": events, "usage": usage, "relayed": relayed,
        "error": error});
    match plugin {
        "black_forest_labs" => forget(&mut told, "created", Value::is_number),
        "gemini" | "vertex_ai" => forget(&mut told, "id", |it| {
            it.as_str().is_some_and(|it| it.starts_with("call_"))
        }),
        _ => {}
    }
    told
}

/// Takes the members of a name away that are of a kind.
fn forget(value: &mut Value, name: &str, fits: fn(&Value) -> bool) {
    match value {
        Value::Object(members) => {
            members.retain(|it, value| it != name || !fits(value));
            members.values_mut().for_each(|it| forget(it, name, fits));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| forget(it, name, fits)),
        _ => {}
    }
}

macro_rules! told {
    ($outcome:expr, $plugin:expr) => {{
        let outcome = $outcome;
        let error = outcome.error.as_ref().map(|it| {
            [
                json!(it.kind),
                json!(it.message),
                json!(it.status),
                json!(it.retry),
                json!(it.retry_after_ms),
                json!(it.detail),
            ]
        });
        let answer = [
            json!(outcome.response),
            json!(outcome.events),
            json!(outcome.usage),
        ];
        told(answer, outcome.relayed, error, $plugin)
    }};
}

fn native(outcome: &Outcome, plugin: &str) -> Value {
    told!(outcome, plugin)
}

async fn compiled(plugin: &Plugin, cast: &Cast<'_>) -> Result<Value, String> {
    let files = match cast.uploads {
        true => vec![File {
            id: 0,
            field: "file".into(),
            filename: "a.wav".into(),
            content_type: "audio/wav".into(),
            size: 9,
        }],
        false => Vec::new(),
    };
    let mut component = Compiled {
        session: plugin.session(),
        files,
    };
    let driven = driver::drive(&mut component, &cast.fixture, Chunking::Random(7)).await;
    driven.map(|it| told!(&it, plugin.name()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_comes_to_the_same_through_the_compiled_component() {
    let (components, plugins) = (components::all(), plugins().await);
    let (mut played, mut wrong) = (HashMap::<&str, usize>::new(), Vec::new());
    for recording in recordings::all() {
        let (Ok(native_one), Ok(cast)) =
            (play(&components, &recording), cast(&components, &recording))
        else {
            continue;
        };
        // Fixtures hold no answer of bytes.
        let answer = native_one.outcome.response.as_ref();
        if answer.is_some_and(|it| it.get("bytes").is_some()) {
            continue;
        }
        let name = text(&cast.component.document, "name");
        let want = native(&native_one.outcome, name);
        let got = compiled(&plugins[name], &cast).await;
        *played.entry(name).or_default() += 1;
        if got.as_ref() != Ok(&want) {
            let got = got.map_or_else(|it| it, |it| it.to_string());
            let short = |it: String| it.chars().take(400).collect::<String>();
            let (want, got) = (short(want.to_string()), short(got));
            wrong.push(format!("{name} {}: want {want}, got {got}", recording.id));
        }
    }
    let said = format!("{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(wrong.is_empty(), "{said}");
    // Every component that recordings are of, and most of the recordings.
    let all: usize = played.values().sum();
    assert!(played.len() >= 14 && all > 1_500, "{all}: {played:?}");
    for (name, plugin) in plugins
        .iter()
        .filter(|it| played.contains_key(it.0.as_str()))
    {
        let stats = plugin.stats();
        let traps = stats.traps;
        assert_eq!(
            traps.crashed + traps.out_of_time + traps.out_of_memory,
            0,
            "{name}"
        );
        assert!(
            stats.instances_made < stats.calls.max(2),
            "{name}: {stats:?}"
        );
    }
}

struct Compiled {
    session: Session,
    /// What the call brings along.
    files: Vec<File>,
}

impl Compiled {
    fn with_files(&self, call: &Call) -> Call {
        let mut call = call.clone();
        call.files.clone_from(&self.files);
        call
    }
}

impl driver::Exports for Compiled {
    async fn start(&mut self, call: &Call, body: &str) -> Result<Result<Step, Error>, String> {
        let call = self.with_files(call);
        let started = self.session.start(&call, &body.to_owned()).await;
        started.map_err(|cause| cause.to_string())
    }

    async fn resume(
        &mut self,
        call: &Call,
        replies: Vec<Reply>,
    ) -> Result<Result<Step, Error>, String> {
        let call = self.with_files(call);
        let resumed = self.session.resume(&call, &replies).await;
        resumed.map_err(|cause| cause.to_string())
    }

    async fn decode(
        &mut self,
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Result<Decoded, Error>, String> {
        let decoded = self.session.decode(head.as_ref(), &state, &frames, last);
        decoded.await.map_err(|cause| cause.to_string())
    }

    async fn map_error(&mut self, call: &Call, reply: &Reply) -> Result<Option<Error>, String> {
        let mapped = self.session.map_error(call, reply).await;
        mapped.map_err(|cause| cause.to_string())
    }
}
