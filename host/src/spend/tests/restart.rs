use std::fs;
use std::path::{Path, PathBuf};

use super::super::{JournalError, Settings};
use super::{Database, call, line, opened, row, settings, start, topped_up};
use crate::domain::{CallStatus, EntityKind, SpendRow, Usd};

fn files(place: &Path, ending: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(place.join("journal")).unwrap();
    let all = all.map(|file| file.unwrap().path());
    let mut all: Vec<_> = all
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    all.sort();
    all
}

async fn stored(place: &Path, call_id: &str) -> SpendRow {
    let (journal, _) = start(place);
    let database = Database::default();
    journal.flush(&database, false).await.unwrap();
    database.read().rows.remove(call_id).unwrap()
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_charged_its_last_reservation() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    journal.open(&opened("a", 1, 500)).unwrap();
    journal.top_up(topped_up("a", 900, vec![])).unwrap();
    drop(journal);

    let row = stored(place.path(), "a").await;

    assert_eq!(row.status, CallStatus::Interrupted);
    assert_eq!(row.cost, Some(Usd::from_pico(900)));
    assert!(row.lines.len() == 1 && row.lines[0].estimated && row.lines[0].cost == row.cost);
    assert!(row.payers.iter().any(|it| it.kind == EntityKind::Provider));
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_charged_its_known_usage() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    journal.open(&opened("a", 1, 500)).unwrap();
    let known = vec![line(20), line(13)];
    journal.top_up(topped_up("a", 900, known)).unwrap();
    drop(journal);

    let row = stored(place.path(), "a").await;

    assert_eq!(row.cost, Some(Usd::from_pico(33)));
    assert_eq!((row.usage.input_tokens, row.lines.len()), (14, 2));
    assert_eq!(row.deployment, "d");
}

#[tokio::test]
async fn dying_again_during_the_start_counts_nothing_twice() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    journal.open(&opened("a", 1, 500)).unwrap();
    drop(journal);
    let (first, recovered) = start(place.path());
    assert_eq!((recovered.rows, recovered.interrupted), (1, 1));
    drop(first);
    // The start before it had written the row; and here its file is lost again.
    let (second, recovered) = start(place.path());
    assert_eq!((recovered.rows, recovered.interrupted), (1, 0));
    drop(second);
    fs::remove_file(files(place.path(), ".journal").get(1).unwrap()).unwrap();

    let (third, recovered) = start(place.path());

    assert_eq!((recovered.rows, recovered.interrupted), (1, 1));
    let pending = third.pending(super::Mark::ZERO).unwrap();
    assert_eq!(super::total(&pending.sums).pico(), 500 * 2);
}

#[tokio::test]
async fn a_long_call_holds_no_files_back_and_is_not_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    journal.open(&opened("long", 1, 500)).unwrap();
    journal.top_up(topped_up("long", 900, vec![])).unwrap();
    let database = Database::default();
    for number in 0..100 {
        call(&journal, &format!("c{number}"), number, 3);
        journal.flush(&database, false).await.unwrap();
    }
    assert!(journal.gauges().files <= 2);
    assert!(files(place.path(), ".journal").len() <= 2);
    drop(journal);

    let (journal, recovered) = start(place.path());

    assert_eq!((recovered.rows, recovered.interrupted), (1, 1));
    journal.flush(&database, false).await.unwrap();
    let tables = database.read();
    assert_eq!(tables.rows["long"].cost, Some(Usd::from_pico(900)));
    assert_eq!((tables.rows.len(), tables.repeated), (101, 0));
}

#[tokio::test]
async fn a_restart_does_not_send_what_was_confirmed() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::default();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    journal.flush(&database, false).await.unwrap();
    let id = journal.id().to_owned();
    call(&journal, "b", 1, 3);
    drop(journal);

    let (journal, recovered) = start(place.path());

    assert_eq!((recovered.rows, recovered.interrupted), (1, 0));
    assert_eq!(journal.id(), id);
    journal.flush(&database, false).await.unwrap();
    assert_eq!(database.read().repeated, 0);
}

#[test]
fn a_torn_record_is_cut_off_and_the_rest_is_there() {
    for cut in (1..700).step_by(37) {
        let place = tempfile::tempdir().unwrap();
        let (journal, _) = start(place.path());
        call(&journal, "a", 1, 3);
        journal.record(row("b", 1, 3)).unwrap();
        drop(journal);
        let file = files(place.path(), ".journal").remove(0);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - cut]).unwrap();

        let (journal, recovered) = start(place.path());
        assert_eq!(
            (recovered.torn, recovered.damaged, recovered.rows),
            (1, 0, 1)
        );
        drop(journal);
        assert_eq!(start(place.path()).1.torn, 0);
    }
}

#[tokio::test]
async fn a_damaged_record_is_kept_aside_and_its_call_is_charged_its_reservation() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    call(&journal, "b", 1, 3);
    drop(journal);
    let file = files(place.path(), ".journal").remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let text = b"\"settled\":{\"call_id\":\"a\"";
    let at = bytes.windows(text.len()).position(|it| it == text).unwrap();
    bytes[at + 20] ^= 4;
    fs::write(&file, &bytes).unwrap();

    let (journal, recovered) = start(place.path());

    assert_eq!((recovered.damaged, recovered.interrupted), (1, 1));
    let kept = fs::read(files(place.path(), ".damaged").remove(0)).unwrap();
    assert!(bytes.windows(kept.len()).any(|it| it == kept) && kept.len() > 100);
    let database = Database::default();
    journal.flush(&database, false).await.unwrap();
    let rows = database.read().rows;
    assert_eq!(rows["a"].cost, Some(Usd::from_pico(500)));
    assert_eq!(rows["b"].cost, Some(Usd::from_pico(3)));
}

#[tokio::test]
async fn a_row_that_rots_while_it_waits_is_kept_and_holds_no_other_back() {
    let place = tempfile::tempdir().unwrap();
    let settings = Settings {
        memory_bytes: 0,
        ..settings(place.path())
    };
    let (journal, _) = super::start_with(settings);
    for id in ["a", "b", "c"] {
        journal.record(row(id, 1, 3)).unwrap();
    }
    let file = files(place.path(), ".journal").remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();

    let database = Database::default();
    journal.flush(&database, false).await.unwrap();

    assert_eq!(database.read().rows.len(), 2);
    assert_eq!(journal.gauges().counts.damaged, 1);
    assert_eq!(files(place.path(), ".damaged").len(), 1);
}

#[test]
fn a_damaged_checkpoint_sends_rows_again_under_a_new_name() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    let id = journal.id().to_owned();
    drop(journal);
    fs::write(place.path().join("journal/checkpoint"), "{").unwrap();

    let (journal, recovered) = start(place.path());

    assert_eq!(recovered.rows, 1);
    assert_ne!(journal.id(), id);
}

#[test]
fn a_call_is_opened_once_and_settled_once() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    let again = journal.settle(row("a", 1, 3)).unwrap_err();
    assert!(matches!(again, JournalError::NotOpen(id) if id == "a"));
    journal.open(&opened("b", 1, 5)).unwrap();
    let twice = journal.open(&opened("b", 1, 5)).unwrap_err();
    assert!(matches!(twice, JournalError::AlreadyOpen(id) if id == "b"));
    let unknown = journal.top_up(topped_up("c", 5, vec![])).unwrap_err();
    assert!(matches!(unknown, JournalError::NotOpen(_)));
}

/// A file as the first version wrote it: one call whole, one that was cut off.
const FIRST: &[u8] = include_bytes!("first.journal");

#[tokio::test]
async fn files_of_the_first_version_are_read() {
    let place = tempfile::tempdir().unwrap();
    drop(start(place.path()));
    let file = place.path().join("journal/0000000007.journal");
    fs::write(&file, FIRST).unwrap();

    let (journal, recovered) = start(place.path());

    assert_eq!((recovered.rows, recovered.interrupted), (2, 1));
    assert_eq!((recovered.torn, recovered.damaged), (0, 0));
    let database = Database::default();
    journal.flush(&database, false).await.unwrap();
    let rows = database.read().rows;
    let of = |status| rows.values().find(|row| row.status == status).unwrap();
    let (whole, cut) = (of(CallStatus::Success), of(CallStatus::Interrupted));
    assert_eq!(whole.cost, Some(Usd::from_pico(3_500_000_000)));
    assert_eq!((whole.usage.cached_tokens, whole.payers.len()), (512, 9));
    assert_eq!(cut.cost, Some(Usd::from_pico(5_350_000_000)));
    assert_eq!(
        (cut.key_alias.as_deref(), cut.payers.len()),
        (Some("backend"), 7)
    );
}

#[tokio::test]
async fn zeros_behind_the_last_record_are_cut_off_and_no_damage() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    let file = files(place.path(), ".journal").remove(0);
    let killed = fs::read(&file).unwrap();
    assert_eq!(killed.len(), 4096);
    drop(journal);
    let ended = fs::read(&file).unwrap();
    assert!(ended.len() < 4096 && killed.starts_with(&ended));
    fs::write(&file, &killed).unwrap();

    let (_journal, recovered) = start(place.path());

    assert_eq!(
        (recovered.rows, recovered.torn, recovered.damaged),
        (1, 0, 0)
    );
    assert_eq!(fs::read(&file).unwrap(), ended);
    assert_eq!(files(place.path(), ".damaged").len(), 0);
}
