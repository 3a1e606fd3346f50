//! The kept versions by themselves.

use super::super::digest;
use super::super::lastgood::LastGood;

fn open(folder: &tempfile::TempDir) -> LastGood {
    LastGood::open(Some(folder.path()), "judge".into())
}

fn keep(store: &LastGood, bytes: &[u8]) {
    store.keep(
        "a.wasm",
        &digest(bytes),
        (bytes, "by a"),
        Some(&digest(b"one")),
    );
}

#[test]
fn good_and_bad_versions_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    keep(&store, b"one");
    store.quarantine("ff", "it traps");
    let again = open(&folder);
    assert_eq!(
        again.last_good("a.wasm"),
        Some((b"one".to_vec(), "by a".to_owned()))
    );
    assert_eq!(again.why_bad("ff").as_deref(), Some("it traps"));
}

#[test]
fn a_kept_version_that_was_changed_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    keep(&store, b"one");
    let path = folder.path().join(format!("{}.wasm", digest(b"one")));
    std::fs::write(path, b"two").unwrap();
    assert_eq!(store.last_good("a.wasm"), None);
}

#[test]
fn after_a_rollback_a_restart_finds_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    keep(&store, b"one");
    keep(&store, b"two");
    store.take_back("a.wasm", &digest(b"two"), "it failed");
    let again = open(&folder);
    assert_eq!(
        again.last_good("a.wasm"),
        Some((b"one".to_vec(), "by a".to_owned()))
    );
    assert_eq!(again.why_bad(&digest(b"two")).as_deref(), Some("it failed"));
}

#[test]
fn a_version_that_proved_itself_replaces_the_one_before_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    keep(&store, b"one");
    keep(&store, b"two");
    let one = folder.path().join(format!("{}.wasm", digest(b"one")));
    assert!(one.exists());
    store.settle("a.wasm");
    assert!(!one.exists());
    assert_eq!(
        store.last_good("a.wasm"),
        Some((b"two".to_vec(), "by a".to_owned()))
    );
}

#[test]
fn another_gateway_judges_again_but_not_what_failed_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.quarantine("aa", "too new");
    store.take_back("a.wasm", "bb", "it failed");
    let newer = LastGood::open(Some(folder.path()), "another".into());
    assert_eq!(newer.why_bad("aa"), None);
    assert!(newer.why_bad("bb").is_some());
}

#[cfg(unix)]
#[test]
fn the_folder_is_its_users_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    open(&folder);
    let mode = std::fs::metadata(folder.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
