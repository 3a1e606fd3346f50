//! Components that are tried before they serve, and versions that are kept.

use super::*;
use crate::plugins::Trial;

impl Place {
    async fn tried(&self, bytes: Vec<u8>) -> Trial {
        self.plugins.try_out(bytes.into()).await
    }
}

fn may_replace_echo(config: &mut PluginsConfig) {
    config.overrides.insert("echo".into());
}

fn refusal(trial: &Trial) -> String {
    let refusal = trial.refusal.as_ref();
    refusal.map_or_else(String::new, ToString::to_string)
}

#[tokio::test]
async fn a_trial_tells_what_a_component_is_and_nothing_of_it_serves() {
    let place = Place::with(&["echo"], may_replace_echo).await;
    let trial = place.tried(echo(1)).await;
    assert_eq!(refusal(&trial), "");
    assert!(!trial.examples.is_empty() && trial.examples.iter().all(|it| it.fault.is_none()));
    let shown = place.plugins.show(&trial);
    assert_eq!(shown["name"], "echo");
    assert_eq!(shown["replaces"]["source"], "bundled");
    assert_eq!(shown["providers"][0]["name"], "echo");
    assert!(place.serves("echo", bundled_plugin("echo").wasm));
    assert!(!place.path("echo.wasm").exists());
}

#[tokio::test]
async fn a_trial_says_what_speaks_against_a_component() {
    let place = Place::with(&["echo"], |_| {}).await;
    let trial = place.tried(echo(1)).await;
    assert!(
        refusal(&trial).contains("plugins.override"),
        "{}",
        refusal(&trial)
    );
    let trial = place.tried(b"no component".to_vec()).await;
    assert!(trial.generation.is_none() && trial.refusal.is_some());
    // What was refused in a trial is no file that was found bad.
    assert!(place.plugins.inner.last_good.bad().is_empty());
}

#[tokio::test]
async fn every_example_of_a_trial_is_told_the_failing_ones_with_what_is_wrong() {
    let place = Place::new().await;
    let trial = place
        .tried(echo_with("You said: hello there", "You wrote: hello here"))
        .await;
    assert!(trial.examples.iter().any(|it| it.fault.is_some()));
    assert!(
        refusal(&trial).starts_with("its own example"),
        "{}",
        refusal(&trial)
    );
}

#[tokio::test]
async fn versions_that_served_are_known_after_a_restart_the_last_one_first() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", &echo(2)).await;
    place.restart().await;
    let kept = place.plugins.inner.history.versions("echo");
    let digests: Vec<String> = kept.into_iter().map(|it| it.digest).collect();
    let wanted = [echo(2), echo(1)].map(|it| crate::plugins::digest(&it));
    assert_eq!(digests, wanted);
    let before = place.plugins.earlier("echo", None).await.unwrap();
    assert_eq!(before.digest, wanted[1]);
    for (name, digest) in [
        ("nobody", None),
        ("echo", Some("00")),
        ("echo", Some(&*wanted[0])),
    ] {
        assert!(
            place.plugins.earlier(name, digest).await.is_err(),
            "{name} {digest:?}"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_took_the_place_of_a_bundled_one_leads_back_to_it() {
    let mut place = Place::with(&["echo"], may_replace_echo).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let shipped = crate::plugins::digest(bundled_plugin("echo").wasm);
    assert_eq!(
        place.plugins.earlier("echo", None).await.unwrap().digest,
        shipped
    );
    let table = place.plugins.snapshot().await;
    assert_eq!(table["plugins"][0]["shipped_digest"], shipped);
    assert_eq!(
        table["plugins"][0]["history"].as_array().map(Vec::len),
        Some(1)
    );
}
