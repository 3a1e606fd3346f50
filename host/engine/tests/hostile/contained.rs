//! One deed after the other, under every isolation.

use sluice_engine::{CallError, EngineConfig, Isolation, Limits, Plugin, WasiCounts};

use crate::guest::{ENOUGH, GUEST, SHORT, ask, in_mood, load, load_with, said};

/// The deed fails as it should, is counted, and the next call works.
async fn contained(deed: &str, is_right: fn(&CallError) -> bool) {
    for isolation in [Isolation::Pooled, Isolation::Call, Isolation::Fresh] {
        let cpu = if deed == "loop" { SHORT } else { ENOUGH };
        let plugin = load(isolation, cpu).await;
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
        let error = ask(&plugin, deed).await.unwrap_err();
        assert!(is_right(&error), "{deed}: {error}");
        assert!(error.to_string().contains("`hostile`"), "{error}");
        assert!(error.is_plugins_fault());
        assert_eq!(broken(&plugin), 1, "{deed}: {:?}", plugin.stats());
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    }
}

fn broken(plugin: &Plugin) -> u64 {
    let (stats, traps) = (plugin.stats(), plugin.stats().traps);
    let traps = [
        traps.crashed,
        traps.out_of_time,
        traps.out_of_memory,
        traps.stack_overflow,
    ];
    traps.iter().sum::<u64>() + stats.too_large
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
async fn a_guest_that_sleeps_is_not_waited_for() {
    let limits = Limits {
        wall: SHORT,
        ..Limits::default()
    };
    let config = EngineConfig::default();
    let plugin = load_with(&config, GUEST.clone(), Isolation::Pooled, limits).await;
    let error = ask(&plugin, "sleep").await.unwrap_err();
    assert!(matches!(error, CallError::TooSlow { .. }), "{error}");
    assert_eq!(plugin.stats().traps.out_of_time, 1);
    assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
}

#[tokio::test]
async fn a_guest_that_never_describes_itself_is_stopped() {
    let limits = Limits {
        describe_cpu: SHORT,
        wall: ENOUGH,
        ..Limits::default()
    };
    let config = EngineConfig::default();
    let describe = async |mood: &str, limits: &Limits| {
        let plugin = load_with(&config, in_mood(mood), Isolation::Call, limits.clone()).await;
        plugin.describe().await.unwrap_err()
    };
    let error = describe("loop", &limits).await;
    assert!(matches!(error, CallError::OutOfTime { .. }), "{error}");
    let limits = Limits {
        wall: SHORT,
        ..limits
    };
    let error = describe("sleep", &limits).await;
    assert!(matches!(error, CallError::TooSlow { .. }), "{error}");
}

#[tokio::test]
async fn a_stream_that_breaks_the_guest_fails_and_the_next_one_works() {
    let plugin = load(Isolation::Call, SHORT).await;
    for deed in ["loop", "trap", "panic"] {
        let mut session = plugin.session();
        let fine = session.decode(None, "stream-fine", &[], false).await;
        assert_eq!(fine.unwrap().unwrap().state, "stream-fine");
        let state = format!("stream-{deed}");
        let broken = session.decode(None, &state, &[], false).await;
        assert!(broken.unwrap_err().trap().is_some());
        let again = session.decode(None, "stream-fine", &[], true).await;
        assert!(again.is_ok());
    }
    assert_eq!(broken(&plugin), 3);
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
async fn with_memory_enough_the_limit_of_an_output_is_what_it_meets() {
    let limits = Limits {
        memory_bytes: 256 << 20,
        output_bytes: 1 << 20,
        cpu: ENOUGH,
        ..Limits::default()
    };
    for isolation in [Isolation::Pooled, Isolation::Call, Isolation::Fresh] {
        let config = EngineConfig::default();
        let plugin = load_with(&config, GUEST.clone(), isolation, limits.clone()).await;
        let error = ask(&plugin, "long-output").await.unwrap_err();
        let limit = 1_048_576;
        assert!(
            matches!(error, CallError::OutputTooLarge { limit: it, .. } if it == limit),
            "{error}"
        );
        assert!(error.is_plugins_fault() && error.trap().is_none());
        let stats = plugin.stats();
        assert_eq!((stats.too_large, broken(&plugin)), (1, 1), "{stats:?}");
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    }
}

#[tokio::test]
async fn the_world_outside_is_empty() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    assert_eq!(plugin.stats().wasi, WasiCounts::default());
    assert_eq!(ask(&plugin, "environment").await.unwrap(), said("0 false"));
    assert_eq!(
        ask(&plugin, "files").await.unwrap(),
        said("Err(\"refused\")")
    );
    assert_eq!(
        ask(&plugin, "sockets").await.unwrap(),
        said("Err(\"refused\")")
    );
    let each = WasiCounts {
        environment: 1,
        files: 1,
        sockets: 1,
    };
    assert_eq!(plugin.stats().wasi, each);
}

#[tokio::test]
async fn a_log_flood_is_cut_and_counted() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    assert_eq!(ask(&plugin, "log-flood").await.unwrap(), said("flooded"));
    assert_eq!(plugin.stats().log_lines, 100);
    assert_eq!(plugin.stats().dropped_log_lines, 900);
}
