//! The watcher itself, in real time.

use std::fs;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;

/// Far longer than a change takes to be seen; no poll helps.
const LIMIT: Duration = Duration::from_secs(120);

struct Watched {
    place: Place,
    stop: CancellationToken,
    watching: JoinHandle<()>,
}

impl Watched {
    async fn start() -> Self {
        Self::polling(Duration::from_secs(86_400)).await
    }

    async fn polling(poll: Duration) -> Self {
        let mut place = Place::with(&[], |config| config.poll = poll).await;
        let (stop, in_use) = (CancellationToken::new(), place.in_use());
        let directory = std::mem::take(&mut place.directory);
        let watch = place.plugins.clone().watch(directory, stop.clone(), in_use);
        let watching = TaskTracker::new().spawn(watch);
        Self {
            place,
            stop,
            watching,
        }
    }

    async fn until_serves(&self, bytes: &[u8]) {
        let mut changes = self.place.plugins.changes();
        let seen = async {
            while !self.place.serves("echo", bytes) {
                changes.changed().await.unwrap();
            }
        };
        timeout(LIMIT, seen).await.expect("the file is live by now");
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(LIMIT, self.watching).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn what_is_dropped_in_and_replaced_is_live_without_a_poll() {
    let watched = Watched::start().await;
    watched.place.write("echo.wasm", &echo(1));
    watched.until_serves(&echo(1)).await;
    // As careful tools do it: written beside, then renamed over.
    watched.place.write("echo.wasm.part", &echo(2));
    let path = watched.place.path("echo.wasm");
    fs::rename(watched.place.path("echo.wasm.part"), path).unwrap();
    watched.until_serves(&echo(2)).await;
    watched.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_that_is_turned_is_a_new_version() {
    use std::os::unix::fs::symlink;
    let watched = Watched::start().await;
    let place = &watched.place;
    for version in [1, 2] {
        let release = place.folder.path().join(format!("release-{version}"));
        fs::create_dir(&release).unwrap();
        fs::write(release.join("echo.wasm"), echo(version)).unwrap();
        symlink(release.join("echo.wasm"), place.path(".next")).unwrap();
        fs::rename(place.path(".next"), place.path("echo.wasm")).unwrap();
        watched.until_serves(&echo(version)).await;
    }
    watched.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn what_no_notification_tells_of_is_polled() {
    let watched = Watched::polling(Duration::from_secs(1)).await;
    let place = &watched.place;
    let elsewhere = place.folder.path().join("elsewhere.wasm");
    fs::write(&elsewhere, echo(1)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.path("echo.wasm")).unwrap();
    watched.until_serves(&echo(1)).await;
    // Nothing changes in the directory itself.
    fs::write(&elsewhere, echo(2)).unwrap();
    watched.until_serves(&echo(2)).await;
    watched.end().await;
}

#[tokio::test]
async fn a_directory_that_took_the_place_of_another_is_seen() {
    let watched = Watched::polling(Duration::from_secs(1)).await;
    let folder = watched.place.folder.path().join("plugins");
    fs::rename(&folder, folder.with_extension("old")).unwrap();
    fs::create_dir(&folder).unwrap();
    for version in [1, 2] {
        watched.place.write("echo.wasm", &echo(version));
        watched.until_serves(&echo(version)).await;
    }
    watched.end().await;
}

#[test]
fn looking_at_the_directory_is_no_news_and_changes_are() {
    use notify::event::{AccessKind, AccessMode, CreateKind, RemoveKind};
    use notify::{Event, EventKind};

    let is_news = |kind| super::super::watch::is_news(&Ok(Event::new(kind)));
    assert!(!is_news(EventKind::Access(AccessKind::Open(
        AccessMode::Any
    ))));
    assert!(!is_news(EventKind::Access(AccessKind::Close(
        AccessMode::Read
    ))));
    assert!(is_news(EventKind::Access(AccessKind::Close(
        AccessMode::Write
    ))));
    assert!(is_news(EventKind::Create(CreateKind::File)));
    assert!(is_news(EventKind::Remove(RemoveKind::File)));
    // Events may have been lost.
    assert!(super::super::watch::is_news(&Err(notify::Error::generic(
        "overflow"
    ))));
}

#[tokio::test]
async fn a_change_that_does_not_come_into_force_in_time_is_an_error_and_not_a_success() {
    let mut place = Place::with(&[], |_| {}).await;
    place.drop_in("echo.wasm", &echo(1)).await;
    assert!(place.plugins.changes_by_now() > 0);
    tokio::time::pause();
    let late = place.plugins.settled().await.unwrap_err();
    assert_eq!(late.status, Some(503));
    assert!(late.message.contains("not served by them yet"), "{late}");
    place.plugins.put_in_force(place.plugins.changes_by_now());
    assert!(place.plugins.settled().await.is_ok());
}
