//! The guest of these tests, and what is asked of it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use sluice_engine::contract::{Call, Payload, Step};
use sluice_engine::{CallError, Engine, EngineConfig, Isolation, Limits, Plugin, Settings};

/// The hostile guest, built once for all tests.
pub static GUEST: LazyLock<Vec<u8>> =
    LazyLock::new(|| built("sluice-guest-hostile", "sluice_guest_hostile"));

/// A guest by its package, and the name of its file.
pub fn built(package: &str, file: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Where the bundled plugins are built: most of what it needs is there already.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../sluice-plugins");
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args([
            "build",
            "--quiet",
            "--profile",
            "plugin",
            "--target",
            "wasm32-wasip2",
            "-p",
            package,
            "--target-dir",
        ])
        .arg(&target);
    for name in [
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
    ] {
        command.env_remove(name);
    }
    assert!(
        command.status().unwrap().success(),
        "the guest does not build"
    );
    std::fs::read(target.join(format!("wasm32-wasip2/plugin/{file}.wasm"))).unwrap()
}

/// What an endless loop gets. The other deeds take what they need: touching 64 MiB for the first
/// time costs a busy virtual machine more than this.
pub const SHORT: Duration = Duration::from_millis(100);
pub const ENOUGH: Duration = Duration::from_secs(30);

pub async fn load(isolation: Isolation, cpu: Duration) -> Plugin {
    let limits = Limits {
        cpu,
        ..Limits::default()
    };
    load_with(&EngineConfig::default(), GUEST.clone(), isolation, limits).await
}

pub async fn load_with(
    config: &EngineConfig,
    bytes: Vec<u8>,
    isolation: Isolation,
    limits: Limits,
) -> Plugin {
    let engine = Engine::new(config).unwrap();
    let settings = Settings { limits, isolation };
    engine.load("hostile", bytes, settings).await.unwrap()
}

/// The guest with every place of a text exchanged for another of the same length.
pub fn with(from: &str, to: &str) -> Vec<u8> {
    replaced(&GUEST, from, to)
}

/// The same of any component.
pub fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let (mut at, mut count) = (0, 0);
    while let Some(found) = bytes[at..]
        .windows(from.len())
        .position(|it| it == from.as_bytes())
    {
        bytes[at + found..at + found + from.len()].copy_from_slice(to.as_bytes());
        at += found + from.len();
        count += 1;
    }
    assert!(count > 0, "the guest has no {from:?}");
    bytes
}

/// The guest in a mood: what it does when it is to describe itself.
pub fn in_mood(mood: &str) -> Vec<u8> {
    with("mood=calm        ", &format!("mood={mood:<12}"))
}

pub fn call(model: &str) -> Call {
    Call {
        id: "c".into(),
        operation: "chat".into(),
        provider: "hostile".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

/// The answer in which the guest says this.
pub fn said(what: &str) -> String {
    // Rust escapes these texts as JSON does.
    format!(
        r#"{{"choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":{what:?}}}}}]}}"#
    )
}

pub async fn ask(plugin: &Plugin, model: &str) -> Result<String, CallError> {
    let step = plugin
        .session()
        .start(&call(model), &"{}".to_owned())
        .await?;
    Ok(match step {
        Ok(Step::Respond(response)) => match response.body {
            Payload::Text(text) => text,
            _ => String::new(),
        },
        Ok(_) => "a step".into(),
        Err(error) => error.message,
    })
}
