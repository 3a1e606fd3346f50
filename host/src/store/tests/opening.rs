use super::{Foreign, NOW, Place, admin, server};
use crate::store::sql::Connection;
use crate::store::{Address, Connections, KeyRow, Reason, Store, StoreError, migrate};

async fn opened_twice(place: Option<Place>) {
    let Some(place) = place else { return };
    let first = place.open().await;
    let second = place.open().await;
    second.ping().await.unwrap();
    first.close().await;
    place.remove(second).await;
}

#[tokio::test]
async fn a_file_opens_again() {
    opened_twice(Place::sqlite().await).await;
}

#[tokio::test]
async fn a_server_opens_again() {
    opened_twice(Place::postgres().await).await;
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let opened = futures_util::future::join_all((0..4).map(|_| place.open())).await;
    let mut opened = opened.into_iter();
    let last = opened.next_back().unwrap();
    for store in opened {
        store.close().await;
    }
    place.remove(last).await;
}

#[tokio::test]
async fn the_file_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite().await.unwrap();
    let store = place.open().await;
    let path = place.address.path().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    place.remove(store).await;
}

/// A store over a database that a statement has changed.
async fn reopened_after(sql: &str, place: Option<Place>) -> Option<StoreError> {
    let place = place?;
    let store = place.open().await;
    let mut connection = store.pools.write().await.unwrap();
    connection.script(sql).await.unwrap();
    connection.commit().await.unwrap();
    let refused = Store::open(&place.address, NOW).await.unwrap_err();
    place.remove(store).await;
    Some(refused)
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let sql = "INSERT INTO sluice.migrations (version, checksum, applied_at) VALUES (99, '', 0)";
    for place in [Place::sqlite().await, Place::postgres().await] {
        let Some(refused) = reopened_after(sql, place).await else {
            continue;
        };
        assert!(
            matches!(refused, StoreError::Newer { found: 99, .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("start the newer version"));
    }
}

#[tokio::test]
async fn a_migration_that_was_tampered_with_is_refused() {
    let sql = "UPDATE sluice.migrations SET checksum = 'other' WHERE version = 1";
    for place in [Place::sqlite().await, Place::postgres().await] {
        let Some(refused) = reopened_after(sql, place).await else {
            continue;
        };
        assert!(
            matches!(refused, StoreError::ForeignMigration { version: 1 }),
            "{refused}"
        );
    }
}

async fn refusal(address: &Address) -> (Option<Reason>, String) {
    let refused = Store::open(address, NOW).await.unwrap_err();
    let text = format!("{refused} {refused:?}");
    assert!(!text.contains("hunter2"), "{text}");
    (refused.reason(), refused.to_string())
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "this is no database, whatever its name says").unwrap();
    let (reason, text) = refusal(&Address::file(path)).await;
    assert_eq!(reason, Some(Reason::Corrupted), "{text}");
    assert!(text.contains("restore a backup"));
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (reason, text) = refusal(&Address::file(folder.path())).await;
    assert_eq!(reason, Some(Reason::NoPermission), "{text}");
}

/// The server's address with another user, password or database.
fn changed(server: &str, change: impl FnOnce(&mut url::Url)) -> Address {
    let mut url = url::Url::parse(server).unwrap();
    change(&mut url);
    Address::parse(url.as_str()).unwrap()
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_told() {
    let Some(server) = server() else { return };
    let address = changed(&server, |url| url.set_path("nowhere"));
    let (reason, text) = refusal(&address).await;
    assert_eq!(reason, Some(Reason::NoSuchDatabase), "{text}");
    assert!(text.contains("database `nowhere` at 127.0.0.1:"), "{text}");
    assert!(text.contains("user `"), "{text}");
    assert!(text.contains("createdb"));
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let Some(server) = server() else { return };
    let address = changed(&server, |url| url.set_password(Some("hunter2")).unwrap());
    let (reason, text) = refusal(&address).await;
    assert_eq!(reason, Some(Reason::WrongPassword), "{text}");
    assert!(text.contains("correct them in the URL"), "{text}");
}

#[tokio::test]
async fn a_user_who_may_not_create_is_told() {
    let Some(server) = server() else { return };
    let place = Place::postgres().await.unwrap();
    let user = format!("plain_{:016x}", rand::random::<u64>());
    admin(
        &server,
        &format!("CREATE ROLE {user} LOGIN PASSWORD 'hunter2'"),
    )
    .await;
    let own = place.address.to_string();
    let database = own.split('`').nth(1).unwrap();
    let address = changed(&server, |url| {
        url.set_path(database);
        url.set_username(&user).unwrap();
        url.set_password(Some("hunter2")).unwrap();
    });
    let (reason, text) = refusal(&address).await;
    assert_eq!(reason, Some(Reason::NoPermission), "{text}");
    assert!(text.contains("GRANT CREATE"));
    admin(&server, &format!("DROP ROLE {user}")).await;
    let store = place.open().await;
    place.remove(store).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let address = Address::parse(&format!("postgres://u:hunter2@127.0.0.1:{port}/d")).unwrap();
    let (reason, text) = refusal(&address).await;
    assert_eq!(reason, Some(Reason::Unreachable), "{text}");
    assert!(text.contains("check that the server runs"), "{text}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_told_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("postgres://u:hunter2@127.0.0.1:{port}/d?connect_timeout=1");
    let (reason, text) = refusal(&Address::parse(&text).unwrap()).await;
    assert_eq!(reason, Some(Reason::Unreachable), "{text}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_where_tls_is_asked() {
    let Some(server) = server() else { return };
    let address = changed(&server, |url| url.set_query(Some("sslmode=require")));
    let (reason, text) = refusal(&address).await;
    assert_eq!(reason, Some(Reason::TlsRequired), "{text}");
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_told() {
    let place = Place::sqlite().await.unwrap();
    let store = place.open().await;
    store.pools.read().await.unwrap();
    let mut reading = store.pools.read().await.unwrap();
    let refused = reading
        .execute("DELETE FROM sluice.changes", Vec::new())
        .await
        .unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::ReadOnly), "{refused}");
    drop(reading);
    place.remove(store).await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_keeps_what_was() {
    let place = Place::sqlite().await.unwrap();
    let store = place.open().await;
    let mut change = store.change(NOW).await.unwrap();
    change
        .connection
        .script("PRAGMA max_page_count = 1")
        .await
        .unwrap();
    let rows: Vec<KeyRow> = (0..5_000)
        .map(|n| KeyRow {
            id: format!("{n:064}"),
            ..KeyRow::default()
        })
        .collect();
    let refused = change.insert_all(&rows).await.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::DiskFull), "{refused}");
    drop(change);
    assert!(store.get::<KeyRow>(&rows[0].id).await.unwrap().is_none());
    place.remove(store).await;
}

#[tokio::test]
async fn a_damaged_file_is_told() {
    let place = Place::sqlite().await.unwrap();
    let store = place.open().await;
    store.close().await;
    let path = place.address.path().unwrap().to_owned();
    let mut bytes = std::fs::read(&path).unwrap();
    // The header stays, the pages behind it are gone.
    bytes[100..].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let (reason, text) = refusal(&place.address).await;
    assert_eq!(reason, Some(Reason::Corrupted), "{text}");
    place.remove(store).await;
}

#[tokio::test]
async fn a_place_where_nobody_may_write_is_told() {
    // Not even root may make a file there.
    let address = Address::file("/sys/sluice.db");
    let (reason, text) = refusal(&address).await;
    let told = [Some(Reason::NoPermission), Some(Reason::ReadOnly)];
    assert!(told.contains(&reason), "{text}");
    assert!(text.contains("/sys/sluice.db") && text.contains("let the gateway's user write there"));
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_told() {
    let place = Place::sqlite().await.unwrap();
    let (store, other) = (place.open().await, place.open().await);
    let mut change = other.change(NOW).await.unwrap();
    let impatient = "PRAGMA busy_timeout = 20";
    change.connection.script(impatient).await.unwrap();
    change.commit().await.unwrap();
    let held = store.change(NOW).await.unwrap();
    let refused = other.change(NOW).await.err().unwrap();
    assert_eq!(refused.reason(), Some(Reason::Locked), "{refused}");
    assert!(refused.to_string().contains("locked by another process"));
    drop(held);
    other.change(NOW).await.unwrap().commit().await.unwrap();
    other.close().await;
    place.remove(store).await;
}

#[tokio::test]
async fn rows_that_another_transaction_holds_are_told() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let store = place.open().await;
    let row = KeyRow {
        id: "held".to_owned(),
        ..KeyRow::default()
    };
    let mut first = store.change(NOW).await.unwrap();
    first.insert(&row).await.unwrap();
    let mut second = store.change(NOW).await.unwrap();
    let impatient = "SET LOCAL lock_timeout = '20ms'";
    second.connection.script(impatient).await.unwrap();
    let refused = second.insert(&row).await.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::Locked), "{refused}");
    drop((first, second));
    place.remove(store).await;
}

#[tokio::test]
async fn connections_that_are_all_in_use_are_told() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let few = Connections {
        most: Some(1),
        wait: Some(std::time::Duration::from_millis(200)),
        ..Connections::default()
    };
    place.open().await.close().await;
    let address = place.address.clone().with(few);
    let store = Store::open(&address, NOW).await.unwrap();
    let held = store.change(NOW).await.unwrap();
    let refused = store.change(NOW).await.err().unwrap();
    assert_eq!(refused.reason(), Some(Reason::Busy), "{refused}");
    assert!(refused.to_string().contains("raise `connection_limit`"));
    drop(held);
    place.remove(store).await;
}

#[tokio::test]
async fn a_time_limit_of_the_role_cuts_no_migration_off() {
    let Some(place) = Foreign::new().await else {
        return;
    };
    let limited = format!("ALTER DATABASE {} SET statement_timeout = '7s'", place.name);
    place.run(&limited).await;
    let store = Store::open(&place.address(), NOW).await.unwrap();
    let limit = async |mut connection: Connection| {
        let sql = "SELECT current_setting('statement_timeout') AS held";
        let row = connection.row(sql, Vec::new()).await.unwrap();
        connection.commit().await.unwrap();
        row.unwrap().text("held").unwrap()
    };
    assert_eq!(limit(store.pools.write().await.unwrap()).await, "7s");
    let migrating = migrate::begin(&store.pools).await.unwrap();
    assert_eq!(limit(migrating).await, "0");
    assert_eq!(limit(store.pools.write().await.unwrap()).await, "7s");
    store.close().await;
    place.remove().await;
}
