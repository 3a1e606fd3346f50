//! What one component call costs: a request, a response and a stream event of the bundled plugins,
//! in a warm instance and in a fresh one.

use std::hint::black_box;

use criterion::Criterion;
use sluice_engine::contract::{Call, Frame, Head, Payload, Reply, Step};
use sluice_engine::{Engine, EngineConfig, Isolation, Plugin, Settings};
use tokio::runtime::Runtime;

/// 2.4 KB, as a chat with a little history has.
fn request() -> String {
    let turn = |role: &str, text: &str| serde_json::json!({"role": role, "content": text});
    let messages = [
        turn("system", "You answer briefly and to the point."),
        turn("user", &"Tell me about the harbour. ".repeat(30)),
        turn("assistant", &"It lies behind the old mole. ".repeat(30)),
        turn("user", &"And who built it? ".repeat(30)),
    ];
    serde_json::json!({"model": "m", "messages": messages, "temperature": 0.5, "max_tokens": 512})
        .to_string()
}

/// 1.2 KB.
fn answer() -> String {
    serde_json::json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "A good answer. ".repeat(65)}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 600, "output_tokens": 200}
    })
    .to_string()
}

fn call(provider: &str, streaming: bool) -> Call {
    Call {
        id: "call-1".into(),
        operation: "chat".into(),
        provider: provider.into(),
        model: "m".into(),
        streaming,
        config: "{}".into(),
        secrets: vec!["api_key".into()],
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: r#"{"attempt":0,"deadline_ms":60000}"#.into(),
    }
}

fn load(runtime: &Runtime, engine: &Engine, name: &str, isolation: Isolation) -> Plugin {
    let bundled = sluice_bundled::PLUGINS.iter().find(|it| it.name == name);
    let settings = Settings {
        isolation,
        ..Settings::default()
    };
    let wasm = bundled.unwrap().wasm.to_vec();
    runtime.block_on(engine.load(name, wasm, settings)).unwrap()
}

async fn translate(plugin: &Plugin, call: &Call, body: &String, answer: &str) {
    let mut session = plugin.session();
    let Step::Send(outbound) = session.start(call, body).await.unwrap().unwrap() else {
        return;
    };
    if answer.is_empty() {
        black_box(outbound);
        return;
    }
    let reply = Reply {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Payload::Text(answer.to_owned()),
        state: outbound.state,
    };
    black_box(session.resume(call, &[reply]).await.unwrap().unwrap());
}

async fn event(plugin: &Plugin, state: &str, frame: &Frame) -> String {
    let frames = std::slice::from_ref(frame);
    let mut session = plugin.session();
    let decoded = session.decode(None, state, frames, false).await;
    decoded.unwrap().unwrap().state
}

fn frame(name: &str, data: &str) -> Frame {
    Frame {
        event: name.into(),
        data: Payload::Text(data.into()),
    }
}

pub fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let engine = Engine::new(&EngineConfig::default()).unwrap();
    let (body, answer) = (request(), answer());
    for (title, isolation) in [("warm", Isolation::Pooled), ("fresh", Isolation::Fresh)] {
        let anthropic = load(&runtime, &engine, "anthropic", isolation);
        let openai = load(&runtime, &engine, "openai", isolation);
        let (to_anthropic, to_openai) = (call("anthropic", false), call("openai", false));
        criterion.bench_function(&format!("{title}: anthropic request"), |bench| {
            bench
                .to_async(&runtime)
                .iter(|| translate(&anthropic, &to_anthropic, &body, ""));
        });
        criterion.bench_function(
            &format!("{title}: anthropic request and response"),
            |bench| {
                bench
                    .to_async(&runtime)
                    .iter(|| translate(&anthropic, &to_anthropic, &body, &answer));
            },
        );
        criterion.bench_function(&format!("{title}: openai request (identity)"), |bench| {
            bench
                .to_async(&runtime)
                .iter(|| translate(&openai, &to_openai, &body, ""));
        });
    }
    let anthropic = load(&runtime, &engine, "anthropic", Isolation::Pooled);
    let mut session = anthropic.session();
    let head = Head {
        status: 200,
        headers: Vec::new(),
    };
    let opening = [
        frame(
            "message_start",
            r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":9,"output_tokens":1}}}"#,
        ),
        frame(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
    ];
    let opened = runtime.block_on(session.decode(Some(&head), "", &opening, false));
    let state = opened.unwrap().unwrap().state;
    let delta = frame(
        "content_block_delta",
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words"}}"#,
    );
    criterion.bench_function("warm: anthropic stream event", |bench| {
        bench
            .to_async(&runtime)
            .iter(|| event(&anthropic, &state, &delta));
    });
}
