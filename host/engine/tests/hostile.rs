//! Guests that misbehave are contained: a clear error, a count, and the next call works.
#![expect(
    clippy::unwrap_used,
    reason = "a test tells what is wrong by panicking"
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sluice_engine::contract::{Call, Payload, Step};
use sluice_engine::{
    CallError, Engine, EngineConfig, Isolation, Limits, LoadError, Plugin, Settings, inspect,
};

/// The hostile guest, built once for all tests.
static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
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
            "sluice-guest-hostile",
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
    std::fs::read(target.join("wasm32-wasip2/plugin/sluice_guest_hostile.wasm")).unwrap()
});

/// What an endless loop gets. The other deeds take what they need: touching 64 MiB for the first
/// time costs a busy virtual machine more than this.
const SHORT: Duration = Duration::from_millis(100);
const ENOUGH: Duration = Duration::from_secs(30);

async fn load(isolation: Isolation, cpu: Duration) -> Plugin {
    let engine = Engine::new(&EngineConfig::default()).unwrap();
    engine
        .load(
            "hostile",
            GUEST.clone(),
            Settings {
                limits: Limits {
                    cpu,
                    ..Limits::default()
                },
                isolation,
            },
        )
        .await
        .unwrap()
}

fn call(model: &str) -> Call {
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

async fn ask(plugin: &Plugin, model: &str) -> Result<String, CallError> {
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

/// The deed fails as it should, is counted, and the next call works.
async fn contained(deed: &str, is_right: fn(&CallError) -> bool) {
    for isolation in [Isolation::Pooled, Isolation::Call, Isolation::Fresh] {
        let cpu = if deed == "loop" { SHORT } else { ENOUGH };
        let plugin = load(isolation, cpu).await;
        assert_eq!(ask(&plugin, "fine").await.unwrap(), r#"{"said":"fine"}"#);
        let error = ask(&plugin, deed).await.unwrap_err();
        assert!(is_right(&error), "{deed}: {error}");
        assert!(error.to_string().contains("`hostile`"), "{error}");
        let stats = plugin.stats();
        let traps = stats.traps;
        let counted = traps.crashed
            + traps.out_of_time
            + traps.out_of_memory
            + traps.stack_overflow
            + stats.too_large;
        assert_eq!(counted, 1, "{deed}: {stats:?}");
        assert_eq!(ask(&plugin, "fine").await.unwrap(), r#"{"said":"fine"}"#);
    }
}

#[tokio::test]
async fn an_endless_loop_is_stopped() {
    contained("loop", |error| matches!(error, CallError::OutOfTime { .. })).await;
}

#[tokio::test]
async fn an_allocation_bomb_meets_its_limit() {
    contained("bomb", |error| {
        matches!(error, CallError::OutOfMemory { .. })
    })
    .await;
}

#[tokio::test]
async fn deep_recursion_is_stopped() {
    contained("recurse", |error| {
        matches!(
            error,
            CallError::StackOverflow { .. } | CallError::Crashed { .. }
        )
    })
    .await;
}

#[tokio::test]
async fn a_trap_and_a_panic_are_crashes() {
    contained("trap", |error| matches!(error, CallError::Crashed { .. })).await;
    contained("panic", |error| matches!(error, CallError::Crashed { .. })).await;
}

#[tokio::test]
async fn oversized_output_and_state_are_refused() {
    contained("large-output", |error| {
        matches!(
            error,
            CallError::OutputTooLarge { .. } | CallError::OutOfMemory { .. }
        )
    })
    .await;
    contained("large-state", |error| {
        matches!(
            error,
            CallError::StateTooLarge {
                bytes: 2_097_152,
                ..
            }
        )
    })
    .await;
}

#[tokio::test]
async fn the_world_outside_is_empty() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    assert_eq!(
        ask(&plugin, "environment").await.unwrap(),
        r#"{"said":"0 false"}"#
    );
    assert_eq!(
        ask(&plugin, "files").await.unwrap(),
        r#"{"said":"Err(\"refused\")"}"#
    );
    assert_eq!(
        ask(&plugin, "sockets").await.unwrap(),
        r#"{"said":"Err(\"refused\")"}"#
    );
}

#[tokio::test]
async fn a_log_flood_is_cut_and_counted() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    assert_eq!(
        ask(&plugin, "log-flood").await.unwrap(),
        r#"{"said":"flooded"}"#
    );
    assert_eq!(plugin.stats().dropped_log_lines, 900);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_loops_others_complete() {
    let engine = Engine::new(&EngineConfig::default()).unwrap();
    let limits = Limits {
        cpu: Duration::from_secs(2),
        ..Limits::default()
    };
    let plugin = engine
        .load(
            "hostile",
            GUEST.clone(),
            Settings {
                limits,
                isolation: Isolation::Pooled,
            },
        )
        .await
        .unwrap();
    let looping = plugin.clone();
    let started = Instant::now();
    let loops = async { futures_join(vec!["loop"; 4], &looping).await };
    let others = async {
        for _ in 0..200 {
            assert_eq!(ask(&plugin, "fine").await.unwrap(), r#"{"said":"fine"}"#);
        }
        started.elapsed()
    };
    let (failed, done) = tokio::join!(loops, others);
    assert!(
        failed
            .iter()
            .all(|it| matches!(it, Err(CallError::OutOfTime { .. })))
    );
    assert!(
        done < started.elapsed(),
        "the others were done before the loops were stopped"
    );
}

async fn futures_join(models: Vec<&str>, plugin: &Plugin) -> Vec<Result<String, CallError>> {
    let mut tasks = tokio::task::JoinSet::new();
    for model in models {
        let (plugin, model) = (plugin.clone(), model.to_owned());
        tasks.spawn(async move { ask(&plugin, &model).await });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn a_call_that_is_given_up_poisons_nothing() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    let given_up = tokio::time::timeout(Duration::from_millis(20), ask(&plugin, "loop")).await;
    assert!(given_up.is_err());
    for _ in 0..20 {
        assert_eq!(ask(&plugin, "fine").await.unwrap(), r#"{"said":"fine"}"#);
    }
    assert!(plugin.stats().instances_alive <= 1, "{:?}", plugin.stats());
}

#[tokio::test]
async fn machine_code_is_cached_and_a_damaged_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("cache");
    let config = EngineConfig {
        cache_dir: Some(directory.clone()),
        ..EngineConfig::default()
    };
    for damage in [false, false, true, false] {
        if damage {
            let file = std::fs::read_dir(&directory)
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            std::fs::write(file, b"not machine code").unwrap();
        }
        let plugin = Engine::new(&config)
            .unwrap()
            .load("hostile", GUEST.clone(), Settings::default())
            .await
            .unwrap();
        assert_eq!(ask(&plugin, "fine").await.unwrap(), r#"{"said":"fine"}"#);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(
        Engine::new(&config)
            .err()
            .unwrap()
            .to_string()
            .contains("others may write")
    );
}

/// The guest with a text replaced in its interface names, of the same length.
fn with_names(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = GUEST.clone();
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(from.len())
        .position(|it| it == from.as_bytes())
    {
        bytes[at + found..at + found + from.len()].copy_from_slice(to.as_bytes());
        at += found + from.len();
    }
    bytes
}

#[test]
fn another_version_is_refused_before_it_is_compiled() {
    let error = inspect(&with_names("@0.1.0", "@9.9.9")).unwrap_err();
    assert!(
        matches!(&error, LoadError::Version { found, .. } if found == "9.9.9"),
        "{error}"
    );
    let error = inspect(&with_names(
        "sluice:plugin/provider@",
        "sluice:plugin/provided@",
    ))
    .unwrap_err();
    assert!(matches!(error, LoadError::NoContract { .. }), "{error}");
}

#[test]
fn a_forbidden_import_is_named() {
    let error = inspect(&with_names("wasi:cli/stderr@", "wasi:www/stderr@")).unwrap_err();
    assert!(
        matches!(&error, LoadError::ForbiddenImport(name) if name.starts_with("wasi:www/stderr")),
        "{error}"
    );
}
