//! Versions that fail in use, and what a restart finds.

use super::*;
use crate::plugins::Outcome;

/// Calls of the version that serves fail until it is replaced, at most `times`.
pub async fn fail(place: &Place, times: usize) {
    let failing = place.serving("echo").unwrap();
    for _ in 0..times {
        place.plugins.report(&failing, Outcome::Failed);
    }
    place.plugins.inner.tasks.close();
    place.plugins.inner.tasks.wait().await;
}

#[tokio::test]
async fn a_new_version_that_fails_is_taken_back_and_stays_away_after_a_restart() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    fail(&place, 5).await;
    assert!(place.serves("echo", &echo(1)));
    assert_eq!(place.last().what, What::RolledBack);
    // The bad file still lies in the directory.
    place.look().await;
    assert!(place.serves("echo", &echo(1)));
    place.restart().await;
    assert!(place.serves("echo", &echo(1)));
    assert!(
        place
            .plugins
            .inner
            .last_good
            .why_bad(&super::super::digest(&echo(2)))
            .is_some()
    );
}

#[tokio::test]
async fn four_failures_are_not_enough() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    fail(&place, 4).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn a_first_version_has_nothing_to_go_back_to() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    fail(&place, 50).await;
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn an_override_that_fails_gives_way_to_the_bundled_plugin() {
    let allow = |config: &mut PluginsConfig| config.overrides.extend(["echo".to_owned()]);
    let mut place = Place::with(&["echo"], allow).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    fail(&place, 5).await;
    let bundled = bundled_plugin("echo").wasm;
    assert!(place.serves("echo", bundled));
    place.restart().await;
    assert!(place.serves("echo", bundled));
}

#[tokio::test]
async fn after_its_window_a_version_stays_and_the_old_one_is_let_go() {
    let at_once = |config: &mut PluginsConfig| config.rollback.window = Default::default();
    let mut place = Place::with(&[], at_once).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    place.plugins.sweep().await;
    assert!(lock(&place.plugins.inner.previous).is_empty());
    fail(&place, 50).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn a_restart_with_a_broken_file_serves_its_last_good_version() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.write("echo.wasm", b"half a copy");
    place.restart().await;
    assert!(place.serves("echo", &echo(1)));
    // A second time it is known to be bad.
    place.restart().await;
    assert!(place.serves("echo", &echo(1)));
    let entries = place.plugins.inner.journal.entries();
    assert!(
        entries
            .iter()
            .any(|it| it.detail.contains("found bad before"))
    );
    // Other content is looked at.
    place.drop_in("echo.wasm", &echo(2)).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn a_file_that_was_deleted_does_not_come_back_with_a_restart() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    std::fs::remove_file(place.path("echo.wasm")).unwrap();
    place.look().await;
    place.write("echo.wasm", b"no component");
    place.restart().await;
    assert!(place.serving("echo").is_none());
}
