//! The config's section changes while the plugins serve.

use std::fs;
use std::time::Duration;

use sluice_engine::Isolation;

use super::*;
use crate::plugins::{Grant, digest};

#[tokio::test]
async fn an_override_is_taken_when_the_config_allows_it_and_given_back_when_it_does_not() {
    let mut place = Place::with(&["echo"], |_| {}).await;
    place.drop_in("mine.wasm", &echo(1)).await;
    assert!(place.refusal().contains("plugins.override"));
    for _ in 0..2 {
        place
            .reconfigure(|it| it.overrides.extend(["echo".to_owned()]))
            .await;
        assert!(place.serves("echo", &echo(1)));
        place.reconfigure(|it| it.overrides.clear()).await;
        assert!(place.serves("echo", bundled_plugin("echo").wasm));
    }
}

#[tokio::test]
async fn new_limits_hold_without_a_new_version() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let before = place.serving("echo").unwrap();
    assert_eq!(before.plugin.settings().isolation, Isolation::Call);
    place
        .reconfigure(|it| {
            it.limits.cpu = Duration::from_millis(7);
            it.isolation.insert("echo".into(), Isolation::Fresh);
        })
        .await;
    let after = place.serving("echo").unwrap();
    assert_eq!(after.number, before.number);
    assert_eq!(after.plugin.settings().limits.cpu, Duration::from_millis(7));
    assert_eq!(after.plugin.settings().isolation, Isolation::Fresh);
    assert!(after.plugin.describe().await.is_ok());
}

#[tokio::test]
async fn what_is_granted_and_taken_back_counts_at_once() {
    let mut place = Place::with(&[], lenient).await;
    place
        .drop_in("openai.wasm", bundled_plugin("openai").wasm)
        .await;
    let may_read = |place: &Place| {
        let provider = place.plugins.provider("openai").unwrap();
        provider.may_read_environment.clone()
    };
    assert!(may_read(&place).is_empty());
    let grant = Grant {
        env: vec!["OPENAI_API_KEY".into()],
        ..Grant::default()
    };
    place
        .reconfigure(|it| drop(it.grants.insert("openai".into(), grant)))
        .await;
    assert_eq!(may_read(&place), ["OPENAI_API_KEY"]);
    place.reconfigure(|it| it.grants.clear()).await;
    assert!(may_read(&place).is_empty());
}

#[tokio::test]
async fn a_new_pin_brings_the_pinned_file_that_an_old_pin_refused() {
    let pin = |version: u8| {
        move |it: &mut PluginsConfig| {
            drop(it.pins.insert("echo".into(), digest(&echo(version))));
        }
    };
    let mut place = Place::with(&[], pin(1)).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    assert!(place.refusal().contains("plugins.sha256.echo"));
    assert!(place.serves("echo", &echo(1)));
    place.reconfigure(pin(2)).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn another_directory_is_another_set_of_plugins() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let other = place.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("echo.wasm"), echo(2)).unwrap();
    place.reconfigure(|it| it.directory = Some(other)).await;
    assert!(place.serves("echo", &echo(2)));
    place.reconfigure(|it| it.directory = None).await;
    assert!(place.serving("echo").is_none());
}

#[tokio::test]
async fn a_version_that_comes_back_runs_under_the_limits_of_now() {
    let cpu = |milliseconds| {
        move |it: &mut PluginsConfig| it.limits.cpu = Duration::from_millis(milliseconds)
    };
    let serving = |place: &Place| place.serving("echo").unwrap().plugin.settings().limits.cpu;
    // Taken back, because the newer one fails.
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    place.reconfigure(cpu(7)).await;
    restarts::fail(&place, 5).await;
    assert!(place.serves("echo", &echo(1)));
    assert_eq!(serving(&place), Duration::from_millis(7));

    // Given back, because the file in its place is gone.
    let allow = |config: &mut PluginsConfig| config.overrides.extend(["echo".to_owned()]);
    let mut place = Place::with(&["echo"], allow).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.reconfigure(cpu(8)).await;
    fs::remove_file(place.path("echo.wasm")).unwrap();
    while !place.serves("echo", bundled_plugin("echo").wasm) {
        place.look().await;
    }
    assert_eq!(serving(&place), Duration::from_millis(8));
}
