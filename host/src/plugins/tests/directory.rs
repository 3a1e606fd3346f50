//! Files that come, change and go.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::plugins::Progress;

#[tokio::test]
async fn a_dropped_file_serves() {
    let mut place = Place::new().await;
    assert!(place.serving("echo").is_none());
    place.drop_in("mine.wasm", &echo(1)).await;
    assert!(place.serves("echo", &echo(1)));
    assert_eq!(place.last().what, What::Loaded);
}

#[tokio::test]
async fn a_new_version_replaces_the_old_one_and_calls_under_way_keep_theirs() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let under_way = place.serving("echo").unwrap();
    place.drop_in("echo.wasm", &echo(2)).await;
    assert!(place.serves("echo", &echo(2)));
    assert!(under_way.plugin.describe().await.is_ok());
    let old = |place: &Place| place.plugins.inner.draining.alive().len();
    assert_eq!(old(&place), 1);
    // Neither a call nor a rollback needs it any more.
    lock(&place.plugins.inner.previous).clear();
    drop(under_way);
    assert_eq!(old(&place), 0);
}

#[tokio::test]
async fn a_version_that_is_in_use_ten_minutes_after_its_swap_is_told_of_once() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let under_way = place.serving("echo").unwrap();
    place.drop_in("echo.wasm", &echo(2)).await;
    lock(&place.plugins.inner.previous).clear();
    let overdue = |place: &Place| {
        let overdue = place.plugins.inner.draining.overdue().into_iter();
        overdue.map(|(it, _)| it.number).collect::<Vec<_>>()
    };
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(590)).await;
    assert!(overdue(&place).is_empty());
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(overdue(&place), [under_way.number]);
    assert!(overdue(&place).is_empty());
}

#[tokio::test]
async fn a_broken_replacement_leaves_the_old_version_serving() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.drop_in("echo.wasm", b"no component").await;
    assert!(place.refusal().contains("not a WebAssembly component"));
    assert!(place.serves("echo", &echo(1)));
    let snapshot = place.plugins.snapshot().await;
    let error = snapshot["plugins"][0]["last_error"].as_str().unwrap();
    assert!(error.contains("not a WebAssembly component"));
}

#[tokio::test]
async fn a_version_that_fails_its_own_example_is_refused() {
    let mut place = Place::new().await;
    let wrong = echo_with("expectYou said: hello there", "expectYou said: hello thera");
    place.drop_in("echo.wasm", &wrong).await;
    let refusal = place.refusal();
    assert!(refusal.contains("its own example `answers from the prompt` fails"));
    assert!(place.serving("echo").is_none());
}

#[tokio::test]
async fn a_version_that_describes_itself_wrongly_is_refused() {
    let mut place = Place::new().await;
    let wrong = echo_with("0.1.0summary", "0.1.0sammary");
    place.drop_in("echo.wasm", &wrong).await;
    assert!(place.refusal().contains("sammary"));
}

#[tokio::test]
async fn the_same_bytes_again_are_no_new_version() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let before = place.serving("echo").unwrap();
    fs::remove_file(place.path("echo.wasm")).unwrap();
    place.drop_in("echo.wasm", &echo(1)).await;
    assert!(Arc::ptr_eq(&before, &place.serving("echo").unwrap()));
}

#[tokio::test]
async fn a_renamed_file_goes_on_serving() {
    let mut place = Place::new().await;
    place.drop_in("old.wasm", &echo(1)).await;
    fs::rename(place.path("old.wasm"), place.path("new.wasm")).unwrap();
    place.look().await;
    let source = super::super::Source::File(place.path("new.wasm"));
    assert_eq!(place.serving("echo").unwrap().source, source);
}

#[tokio::test]
async fn a_file_that_nothing_uses_stops_serving_when_it_is_deleted() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    fs::remove_file(place.path("echo.wasm")).unwrap();
    place.look().await;
    assert!(place.serving("echo").is_none());
    assert_eq!(place.last().what, What::Removed);
}

#[tokio::test]
async fn a_deleted_file_serves_on_while_deployments_use_it() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    place.use_provider("echo");
    fs::remove_file(place.path("echo.wasm")).unwrap();
    for _ in 0..2 {
        place.look().await;
        assert!(place.serves("echo", &echo(1)));
    }
    // It is said once.
    let entries = place.plugins.inner.journal.entries();
    assert_eq!(entries.iter().filter(|it| it.what == What::Kept).count(), 1);
    assert_eq!(
        place.plugins.snapshot().await["plugins"][0]["state"],
        "file-gone"
    );

    lock(&place.used).clear();
    place.look().await;
    assert!(place.serving("echo").is_none());
}

#[tokio::test]
async fn a_new_version_under_another_name_follows_a_deleted_one_in_use() {
    let mut place = Place::new().await;
    place.drop_in("echo-1.wasm", &echo(1)).await;
    place.use_provider("echo");
    fs::remove_file(place.path("echo-1.wasm")).unwrap();
    place.look().await;
    place.drop_in("echo-2.wasm", &echo(2)).await;
    assert!(place.serves("echo", &echo(2)));
}

#[tokio::test]
async fn a_version_without_a_provider_in_use_is_refused() {
    let mut place = Place::with(&[], lenient).await;
    place.drop_in("mine.wasm", &echo(1)).await;
    place.use_provider("echo");
    place
        .drop_in("mine.wasm", bundled_plugin("openai").wasm)
        .await;
    assert!(place.refusal().contains("provider `echo`"));
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn what_is_named_like_a_plugin_and_is_none_is_refused_once_with_the_reason() {
    let mut place = Place::new().await;
    fs::create_dir(place.path("folder.wasm")).unwrap();
    place.write("empty.wasm", b"");
    place.write("junk.wasm", b"hello");
    place.write("huge.wasm", b"");
    let huge = fs::OpenOptions::new()
        .write(true)
        .open(place.path("huge.wasm"));
    // A sparse file: it takes no space.
    huge.unwrap().set_len(300 << 20).unwrap();
    for _ in 0..3 {
        place.look().await;
        // An empty file may be the beginning of a copy, and is waited for.
        for (_, since) in place.directory.half.values_mut() {
            *since -= super::super::directory::PATIENCE;
        }
    }
    let entries = place.plugins.inner.journal.entries();
    assert_eq!(entries.len(), 4, "{entries:?}");
    let said = |plugin: &str, what: &str| {
        let entry = entries.iter().find(|it| it.plugin == plugin).unwrap();
        assert_eq!(entry.what, What::Refused);
        assert!(entry.detail.contains(what), "{}", entry.detail);
    };
    said("folder", "is a folder");
    said("empty", "the file is empty");
    said("junk", "WebAssembly magic");
    said("huge", "the limit is 134217728");
}

#[tokio::test]
async fn numbers_go_on_over_versions_and_after_a_rollback() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let first = place.number("echo", "sluice_plugin_calls_total");
    assert!(first > 0.0, "the self-test calls it");
    place.drop_in("echo.wasm", &echo(2)).await;
    lock(&place.plugins.inner.previous).clear();
    let both = place.number("echo", "sluice_plugin_calls_total");
    assert!(both > first, "{both} {first}");
    assert_eq!(place.number("echo", "sluice_plugin_generation"), {
        place.serving("echo").unwrap().number as f64
    });
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_changes_nothing() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let away = place.folder.path().join("away");
    fs::rename(place.folder.path().join("plugins"), &away).unwrap();
    place.look().await;
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn a_file_that_is_still_being_copied_waits() {
    let mut place = Place::new().await;
    let path = place.path("echo.wasm");
    fs::write(&path, &echo(1)[..1000]).unwrap();
    // The file grows for as long as the look takes.
    let unsettled = {
        let look = place.look();
        tokio::pin!(look);
        loop {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, b"more").unwrap();
            tokio::select! {
                biased;
                unsettled = &mut look => break unsettled,
                () = tokio::task::yield_now() => {}
            }
        }
    };
    assert!(unsettled);
    assert!(place.plugins.inner.journal.entries().is_empty());
    place.drop_in("echo.wasm", &echo(1)).await;
    assert!(place.serves("echo", &echo(1)));
}

#[tokio::test]
async fn a_file_that_is_still_being_copied_is_no_broken_one() {
    let mut place = Place::new().await;
    place.drop_in("echo.wasm", &echo(1)).await;
    let whole = echo(2);
    let path = place.path("echo.wasm");
    for size in [0, 3, 7, 2000, whole.len() / 2, whole.len() - 1] {
        place.write("echo.wasm", &whole[..size]);
        assert!(place.look().await, "{size} bytes are not the whole");
        assert_eq!(place.last().what, What::Loaded);
        assert!(place.plugins.inner.last_good.bad().is_empty());
        assert_eq!(lock(&place.plugins.inner.half)[&path], size as u64);
    }
    place.write("echo.wasm", &whole);
    assert!(!place.look().await);
    assert!(place.serves("echo", &whole));
    assert!(lock(&place.plugins.inner.half).is_empty());
}

#[tokio::test]
async fn a_file_that_stays_half_copied_is_refused_once_its_time_is_over() {
    let mut place = Place::new().await;
    let half = &echo(2)[..2000];
    place.drop_in("echo.wasm", half).await;
    let path = place.path("echo.wasm");
    let (_, since) = place.directory.half.get_mut(&path).unwrap();
    *since -= super::super::directory::PATIENCE;
    assert!(!place.look().await);
    assert!(
        place.refusal().contains("not the whole"),
        "{}",
        place.refusal()
    );
    assert!(!place.look().await);
    let entries = place.plugins.inner.journal.entries();
    assert_eq!(entries.len(), 1);
}

#[tokio::test]
async fn how_far_loading_is_is_told_before_each_bundled_plugin_and_at_the_end() {
    let bundled = [bundled_plugin("echo"), bundled_plugin("keywords")];
    let said = Mutex::new(Vec::new());
    let told = |it: Progress<'_>| lock(&said).push((it.done, it.of, it.next.to_owned()));
    let config = PluginsConfig::default();
    Plugins::start(
        ENGINE.clone(),
        config,
        &bundled,
        Box::new(|_| Ok(())),
        &told,
    )
    .await;
    let all: Vec<_> = lock(&said).drain(..).collect();
    let expected = [(0, 2, "echo"), (1, 2, "keywords"), (2, 2, "")];
    assert_eq!(
        all,
        expected.map(|(done, of, next)| (done, of, next.to_owned()))
    );
}
