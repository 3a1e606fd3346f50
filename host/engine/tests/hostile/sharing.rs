//! What one guest does is not felt by others.

use std::time::Duration;

use tokio::time::Instant;

use sluice_engine::{CallError, Engine, EngineConfig, Isolation, Limits, Plugin, Settings};

use crate::guest::{ENOUGH, GUEST, ask, call, load, load_with, said};

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
            assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
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
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    }
    assert!(plugin.stats().instances_alive <= 1, "{:?}", plugin.stats());
}

fn holding(max_held: usize) -> Limits {
    Limits {
        max_held,
        ..Limits::default()
    }
}

/// Client calls that are under way, each after its first export.
async fn under_way(plugin: &Plugin, count: usize) -> Vec<sluice_engine::Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        let mut session = plugin.session();
        let step = session.start(&call("fine"), &"{}".to_owned()).await;
        assert!(step.unwrap().is_ok());
        sessions.push(session);
    }
    sessions
}

#[tokio::test]
async fn more_calls_under_way_than_instances_work_all_the_same() {
    let config = EngineConfig {
        max_instances: 6,
        ..EngineConfig::default()
    };
    let plugin = load_with(&config, GUEST.clone(), Isolation::Call, holding(4)).await;
    let mut sessions = under_way(&plugin, 50).await;
    assert_eq!(plugin.stats().instances_alive, 4);
    for session in &mut sessions {
        let step = session.start(&call("fine"), &"{}".to_owned()).await;
        assert!(step.unwrap().is_ok());
    }
    drop(sessions);
    assert_eq!(plugin.stats().instances_alive, 0);
}

#[tokio::test]
async fn a_gateway_without_a_free_instance_does_not_blame_the_plugin() {
    let config = EngineConfig {
        max_instances: 2,
        ..EngineConfig::default()
    };
    let plugin = load_with(&config, GUEST.clone(), Isolation::Call, holding(2)).await;
    let sessions = under_way(&plugin, 2).await;
    let error = ask(&plugin, "fine").await.unwrap_err();
    assert!(matches!(error, CallError::Full { .. }), "{error}");
    assert!(!error.is_plugins_fault());
    assert_eq!((plugin.stats().busy, plugin.stats().traps.crashed), (1, 0));
    drop(sessions);
    assert!(ask(&plugin, "fine").await.is_ok());
}

#[tokio::test]
async fn a_renamed_plugin_is_called_by_its_new_name_and_limits() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    let limits = Limits {
        cpu: Duration::from_millis(50),
        ..Limits::default()
    };
    let isolation = Isolation::Fresh;
    let renamed = plugin.renamed("acme", Settings { limits, isolation });
    let error = ask(&renamed, "loop").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`acme` ran for longer than 50 ms")
    );
    assert_eq!(plugin.stats().calls, 0);
}

#[tokio::test]
async fn an_open_circuit_refuses_new_calls_and_lets_those_under_way_go_on() {
    let plugin = load(Isolation::Pooled, ENOUGH).await;
    let mut under_way = plugin.session();
    under_way
        .start(&call("fine"), &"{}".to_owned())
        .await
        .unwrap()
        .unwrap();
    for _ in 0..5 {
        ask(&plugin, "trap").await.unwrap_err();
    }
    let refused = ask(&plugin, "fine").await.unwrap_err();
    assert!(matches!(refused, CallError::Open { .. }), "{refused}");
    let decoded = under_way.decode(None, "", &[], true).await;
    assert!(decoded.is_ok(), "{:?}", decoded.err());
}
