//! Whose files are loaded where a signature is needed.

use super::*;
use crate::plugins::trust::{SecretKey, Trust};

fn needs(key: &SecretKey) -> Trust {
    Trust {
        keys: vec![key.public().to_string()],
        require: true,
    }
}

fn sign(place: &Place, file: &str, key: &SecretKey, bytes: &[u8]) {
    let line = key.sign(&crate::plugins::digest(bytes));
    place.write(&format!("{file}.sig"), line.as_bytes());
}

#[tokio::test]
async fn an_unsigned_file_waits_for_its_signature() {
    let (key, stranger) = (SecretKey::generate(), SecretKey::generate());
    let mut place = Place::with(&[], |it| it.trust = needs(&key)).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    assert!(
        place.refusal().contains("plugins.trust.require"),
        "{}",
        place.refusal()
    );
    sign(&place, "echo.wasm", &stranger, &echo(1));
    place.look().await;
    assert!(place.refusal().contains(&stranger.public().to_string()));
    sign(&place, "echo.wasm", &key, &echo(1));
    place.look().await;
    assert!(place.serves("echo", &echo(1)));
    let signed_by = place.serving("echo").unwrap().signed_by.clone();
    assert_eq!(signed_by, [key.public().to_string()]);
}

#[tokio::test]
async fn of_those_who_signed_a_file_the_trusted_ones_are_told_apart() {
    let (key, stranger) = (SecretKey::generate(), SecretKey::generate());
    let mut place = Place::with(&[], |it| it.trust = needs(&key)).await;
    let lines = [&stranger, &key].map(|it| it.sign(&crate::plugins::digest(&echo(1))));
    place.write("echo.wasm.sig", lines.join("\n").as_bytes());
    place.drop_in("echo.wasm", &echo(1)).await;
    let told = place.plugins.snapshot().await["plugins"][0].clone();
    assert_eq!(told["signed_by"].as_array().unwrap().len(), 2);
    assert_eq!(
        told["trusted_by"],
        serde_json::json!([key.public().to_string()])
    );
}

#[tokio::test]
async fn bundled_plugins_need_no_signature_and_a_key_that_is_trusted_later_lets_a_file_in() {
    let key = SecretKey::generate();
    let mut place = Place::with(&["echo"], |it| {
        lenient(it);
        it.trust = needs(&SecretKey::generate());
    })
    .await;
    assert!(place.serving("echo").is_some());
    let openai = bundled_plugin("openai").wasm;
    sign(&place, "openai.wasm", &key, openai);
    place.drop_in("openai.wasm", openai).await;
    assert!(place.serving("openai").is_none());
    place.reconfigure(|it| it.trust = needs(&key)).await;
    assert!(place.serves("openai", openai));
}

#[tokio::test]
async fn after_a_restart_the_last_good_version_still_has_its_signature() {
    let key = SecretKey::generate();
    let mut place = Place::with(&[], |it| it.trust = needs(&key)).await;
    sign(&place, "echo.wasm", &key, &echo(1));
    place.drop_in("echo.wasm", &echo(1)).await;
    place.write("echo.wasm", &echo(2));
    place.restart().await;
    assert!(place.serves("echo", &echo(1)));
    place.config.trust = needs(&SecretKey::generate());
    place.restart().await;
    assert!(place.serving("echo").is_none());
}
