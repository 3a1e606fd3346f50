use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::{Drained, Journal, Settings, SinkError};
use super::Answer::{Forgets, Hangs, IsDown};
use super::{Database, call, row, settings, start};

#[tokio::test]
async fn an_outage_spools_and_replays() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    let database = Database::scripted(&[IsDown, IsDown]);
    for number in 0..50 {
        call(&journal, &format!("c{number}"), number, 3);
    }

    for _ in 0..2 {
        let failed = journal.flush(&database, false).await;
        assert!(matches!(failed, Err(SinkError::Unavailable(_))));
    }
    let during = journal.gauges();
    assert_eq!((during.waiting, during.counts.sink_failures), (50, 2));
    assert!(during.files > 5 && during.disk_bytes > 20_000);
    assert!(during.oldest > Duration::from_secs(1));

    journal.flush(&database, false).await.unwrap();
    let after = journal.gauges();
    assert_eq!((after.waiting, after.held_bytes, after.files), (0, 0, 1));
    let tables = database.read();
    assert_eq!((tables.rows.len(), tables.repeated), (50, 0));
}

#[tokio::test]
async fn nothing_is_counted_twice_when_answers_are_lost() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::default();
    for round in 0..5 {
        let (journal, _) = start(place.path());
        for number in 0..10 {
            call(&journal, &format!("{round}-{number}"), number, 3);
        }
        *database.script.lock().unwrap() = [Forgets].into();
        // The process ends without knowing what the database has.
        journal.flush(&database, false).await.unwrap_err();
    }
    let (journal, recovered) = start(place.path());
    assert!(recovered.rows >= 50 - 4 && recovered.interrupted == 0);
    journal.flush(&database, false).await.unwrap();

    let tables = database.read();
    assert!(tables.repeated > 0);
    assert_eq!(tables.rows.len(), 50);
    assert_eq!(super::total(&tables.sums).pico(), 50 * 3 * 2);
    assert!(
        journal
            .pending(database.mark(&journal))
            .unwrap()
            .sums
            .is_empty()
    );
}

#[tokio::test]
async fn one_bad_row_holds_no_other_back() {
    let place = tempfile::tempdir().unwrap();
    let refusing = Database {
        refused: vec!["c5".to_owned(), "c13".to_owned()],
        ..Database::default()
    };
    let (journal, _) = start(place.path());
    for number in 0..20 {
        call(&journal, &format!("c{number}"), number, 3);
    }

    journal.flush(&refusing, false).await.unwrap();

    assert_eq!(refusing.read().rows.len(), 18);
    let gauges = journal.gauges();
    assert_eq!((gauges.waiting, gauges.counts.rejected), (0, 2));
    let kept = std::fs::read_to_string(place.path().join("journal/rejected.jsonl")).unwrap();
    assert!(kept.lines().count() == 2 && kept.contains("too long") && kept.contains("\"c13\""));

    // A later version may take them: a restart asks again.
    drop(journal);
    let (journal, recovered) = start(place.path());
    assert_eq!(recovered.retried, 2);
    assert!(!place.path().join("journal/rejected.jsonl").exists());
    let willing = Database::default();
    journal.flush(&willing, false).await.unwrap();
    assert_eq!(willing.read().rows.len(), 2);
}

#[tokio::test]
async fn rows_beyond_memory_are_read_from_disk() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::start(Settings {
        memory_bytes: 2_000,
        ..settings(place.path())
    })
    .unwrap();
    for number in 0..30 {
        call(&journal, &format!("c{number}"), number, 3);
    }
    assert!(journal.gauges().held_bytes <= 2_000);

    let database = Database::default();
    journal.flush(&database, false).await.unwrap();

    let tables = database.read();
    assert_eq!(tables.rows.len(), 30);
    assert_eq!(super::total(&tables.sums).pico(), 30 * 3 * 2);
    assert_eq!(journal.gauges().held_bytes, 0);
}

#[tokio::test]
async fn a_flapping_and_slow_database_gets_everything_once() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::start(Settings {
        write_every: Duration::from_millis(5),
        sync_every: Duration::from_millis(3),
        sink_timeout: Duration::from_millis(20),
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(4),
        ..settings(place.path())
    })
    .unwrap();
    let database = Database::scripted(&[
        IsDown, Forgets, Hangs, IsDown, Forgets, IsDown, Hangs, Forgets,
    ]);
    let stop = CancellationToken::new();
    let (writes, ends) = (journal.clone(), stop.clone());

    let calls = async move {
        for number in 0..300 {
            call(&writes, &format!("c{number}"), number, 3);
            tokio::task::yield_now().await;
        }
        ends.cancel();
    };
    let (drained, ()) = tokio::join!(journal.run(&database, stop), calls);

    assert_eq!(
        drained,
        Drained {
            waiting: 0,
            synced: true
        }
    );
    let tables = database.read();
    assert_eq!(tables.rows.len(), 300);
    assert_eq!(super::total(&tables.sums).pico(), 300 * 3 * 2);
}

#[tokio::test]
async fn a_shutdown_leaves_on_disk_what_the_database_does_not_take_in_time() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::start(Settings {
        shutdown: Duration::from_millis(20),
        ..settings(place.path())
    })
    .unwrap();
    journal.record(row("refused", 1, 0)).unwrap();
    let stop = CancellationToken::new();
    stop.cancel();

    let drained = journal.run(&Database::scripted(&[Hangs]), stop).await;

    assert_eq!((drained.waiting, drained.synced), (1, true));
    drop(journal);
    assert_eq!(start(place.path()).1.rows, 1);
}
