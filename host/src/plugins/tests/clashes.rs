//! Names that are taken, pins, settings that do not fit, and what a file is granted.

use std::fs;

use super::*;
use crate::config::Ungranted;
use crate::plugins::{Grant, digest};

#[tokio::test]
async fn a_file_may_not_take_a_bundled_name() {
    let mut place = Place::with(&["echo"], |_| {}).await;
    place.drop_in("mine.wasm", &echo(1)).await;
    assert!(place.refusal().contains("plugins.override"));
    assert!(place.serves("echo", bundled_plugin("echo").wasm));
}

#[tokio::test]
async fn an_override_replaces_the_bundled_plugin_until_its_file_is_deleted() {
    let allow = |config: &mut PluginsConfig| config.overrides.extend(["echo".to_owned()]);
    let mut place = Place::with(&["echo"], allow).await;
    place.use_provider("echo");
    place.drop_in("mine.wasm", &echo(1)).await;
    assert!(place.serves("echo", &echo(1)));
    fs::remove_file(place.path("mine.wasm")).unwrap();
    place.look().await;
    assert!(place.serves("echo", bundled_plugin("echo").wasm));
}

#[tokio::test]
async fn the_second_file_with_a_name_is_refused_and_waits_for_the_first_to_go() {
    let mut place = Place::new().await;
    place.drop_in("a.wasm", &echo(1)).await;
    place.drop_in("b.wasm", &echo(2)).await;
    assert!(place.refusal().contains("a.wasm has that name too"));
    assert!(place.serves("echo", &echo(1)));
    fs::remove_file(place.path("a.wasm")).unwrap();
    place.look().await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn other_bytes_than_the_pinned_ones_are_refused() {
    let pin = |config: &mut PluginsConfig| {
        config.pins.insert("echo".into(), digest(&echo(1)));
    };
    let mut place = Place::with(&[], pin).await;
    // By the file's name, and by the name that the plugin says.
    for file in ["echo.wasm", "other.wasm"] {
        place.drop_in(file, &echo(2)).await;
        assert!(place.refusal().contains("plugins.sha256.echo"), "{file}");
        assert!(place.serving("echo").is_none());
        fs::remove_file(place.path(file)).unwrap();
    }
    place.drop_in("echo.wasm", &echo(1)).await;
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn a_plugin_whose_wasi_is_off_may_import_none_of_it() {
    let off = |config: &mut PluginsConfig| config.without_wasi.extend(["echo".to_owned()]);
    let mut place = Place::with(&[], off).await;
    // By the file's name, and by the name that the plugin says.
    for file in ["echo.wasm", "other.wasm"] {
        place.drop_in(file, &echo(1)).await;
        let refusal = place.refusal();
        let import = refusal.starts_with("it imports `wasi:");
        assert!(import && refusal.contains("plugins.wasi.echo"), "{refusal}");
        assert!(place.serving("echo").is_none());
        fs::remove_file(place.path(file)).unwrap();
    }
    // It is not the bytes that are bad: the config may allow them.
    place.drop_in("echo.wasm", &echo(1)).await;
    place.reconfigure(|it| it.without_wasi.clear()).await;
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn a_pinned_name_is_judged_before_the_file_is_even_parsed() {
    let pin = |config: &mut PluginsConfig| {
        config.pins.insert("echo".into(), digest(&echo(1)));
    };
    let mut place = Place::with(&[], pin).await;
    place.drop_in("echo.wasm", b"no component").await;
    assert!(place.refusal().contains("plugins.sha256.echo"));
}

#[tokio::test]
async fn a_version_that_a_deployments_settings_do_not_fit_waits_for_the_config() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    *lock(&place.verdict) = Err("model `demo`: `litellm_params.depth` does not fit".into());
    place.drop_in("echo.wasm", &echo(2)).await;
    assert!(place.refusal().contains("litellm_params.depth"));
    assert!(place.serves("echo", &echo(1)));

    *lock(&place.verdict) = Ok(());
    place.look_for(Look::Anew).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn a_dropped_file_is_granted_nothing_that_the_config_does_not_grant() {
    let mut place = Place::with(&[], lenient).await;
    let openai = bundled_plugin("openai").wasm;
    place.drop_in("openai.wasm", openai).await;
    let provider = place.plugins.provider("openai").unwrap();
    assert!(provider.may_read_environment.is_empty());
    assert!(!provider.base_url_granted && !provider.allow_private && !provider.may_capture);
    // What it asks for and does not get is told by name.
    let told = place.last().detail;
    assert!(
        told.starts_with("not granted: hosts ") && told.contains("api.openai.com"),
        "{told}"
    );
    assert!(
        told.contains("; env ") && told.contains("OPENAI_API_KEY"),
        "{told}"
    );

    let grant = Grant {
        env: vec!["OPENAI_API_KEY".into()],
        capture: true,
        ..Grant::default()
    };
    let give = |config: &mut PluginsConfig| {
        lenient(config);
        drop(config.grants.insert("openai".into(), grant.clone()));
    };
    let mut place = Place::with(&[], give).await;
    place.drop_in("openai.wasm", openai).await;
    let provider = place.plugins.provider("openai").unwrap();
    assert_eq!(provider.may_read_environment, ["OPENAI_API_KEY"]);
    assert!(provider.may_capture);
    let told = place.last().detail;
    assert!(
        told.contains("api.openai.com") && !told.contains("OPENAI_API_KEY"),
        "{told}"
    );
}

/// The grant that a refusal says would do.
fn granted_by(refusal: &str) -> Grant {
    let (_, line) = refusal.split_once("grants it: ").unwrap();
    let text = format!("model_list: []\nplugins:\n  grants:\n    {line}\n");
    let (config, _) = crate::config::Config::parse(&text, crate::config::Env::default()).unwrap();
    let read = PluginsConfig::of(&config.plugins, std::path::Path::new("data"));
    read.grants["openai"].clone()
}

#[tokio::test]
async fn a_file_without_its_grants_is_refused_by_name() {
    let openai = bundled_plugin("openai").wasm;
    let begun = Grant {
        env: vec!["OPENAI_API_KEY".into()],
        capture: true,
        ..Grant::default()
    };
    let mut place = Place::with(&["openai"], |it| {
        it.overrides.insert("openai".into());
        it.grants.insert("openai".into(), begun.clone());
    })
    .await;
    // What ships with the gateway is granted what it asks for.
    assert!(place.serving("openai").unwrap().file_name().is_none());
    place.drop_in("mine.wasm", openai).await;
    let refusal = place.refusal();
    for part in [
        "`openai`",
        "hosts ",
        "api.openai.com",
        "OPENAI_BASE_URL",
        "`plugins.ungranted`",
    ] {
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
    let (told, _) = refusal.split_once("), and").unwrap();
    assert!(!told.contains("OPENAI_API_KEY"), "{told}");
    assert!(place.serving("openai").unwrap().file_name().is_none());

    // It is not the bytes that are bad: the line that is named lets them in, and takes nothing away.
    let grant = granted_by(&refusal);
    assert!(grant.capture && grant.env.contains(&"OPENAI_API_KEY".into()));
    place
        .reconfigure(|it| drop(it.grants.insert("openai".into(), grant)))
        .await;
    assert_eq!(
        place.serving("openai").unwrap().file_name().unwrap(),
        "mine.wasm"
    );
    assert_eq!(place.last().detail, "");
}

#[tokio::test]
async fn a_version_that_asks_for_more_than_is_granted_leaves_the_old_one_serving() {
    let old = bundled_plugin("openai").wasm;
    let new = with_text("openai", "OPENAI_API_KEY", "SECOND_API_KEY");
    let mut place = Place::new().await;
    place.drop_in("openai.wasm", old).await;
    let grant = granted_by(&place.refusal());
    place
        .reconfigure(|it| drop(it.grants.insert("openai".into(), grant)))
        .await;
    place.drop_in("openai.wasm", &new).await;
    let refusal = place.refusal();
    assert!(refusal.contains("(env SECOND_API_KEY)"), "{refusal}");
    assert!(place.serves("openai", old));
    // Somebody who would upload it is told the same.
    let trial = place.plugins.try_out(new.clone().into()).await;
    assert_eq!(trial.refusal.map(|it| it.to_string()), Some(refusal));

    place.restart().await;
    assert!(place.serves("openai", old));

    // A plugin may be let serve without, by its name; another's name does nothing for it.
    let only = |name: &str| Ungranted::Only([name.to_owned()].into());
    place.reconfigure(|it| it.ungranted = only("other")).await;
    assert!(place.serves("openai", old));
    place.reconfigure(|it| it.ungranted = only("openai")).await;
    assert!(place.serves("openai", &new));
    // What serves is not stopped by the rule, and does not come back against it.
    place
        .reconfigure(|it| it.ungranted = Ungranted::Nobody)
        .await;
    assert!(place.serves("openai", &new));
    place.restart().await;
    assert!(!place.serves("openai", &new));
}

#[tokio::test]
async fn of_a_file_that_is_granted_all_nothing_is_wanting() {
    let mut place = Place::with(&[], |_| {}).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    assert_eq!(place.last().detail, "");
}

#[tokio::test]
async fn a_bundled_plugin_is_granted_what_it_asks_for() {
    let place = Place::with(&["openai"], |_| {}).await;
    let provider = place.plugins.provider("openai").unwrap();
    assert!(provider.base_url_granted && provider.may_capture);
    assert!(
        provider
            .may_read_environment
            .contains(&"OPENAI_API_KEY".into())
    );
}

#[tokio::test]
async fn every_bundled_plugin_is_taken_with_its_examples() {
    let names: Vec<&str> = sluice_bundled::PLUGINS.iter().map(|it| it.name).collect();
    let place = Place::with(&names, |_| {}).await;
    let refused = place.plugins.inner.journal.entries().into_iter();
    let refused: Vec<_> = refused.filter(|it| it.what != What::Loaded).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(!names.is_empty());
    assert_eq!(place.plugins.table().plugins.len(), names.len());
}
