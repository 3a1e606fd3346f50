//! What a gateway that was killed reads at its start, before it listens: a journal that never reached
//! the database. Bringing its rows there is the database's matter, and goes on beside calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use sluice::domain::SpendRow;
use sluice::spend::{Journal, Settings};
use tempfile::TempDir;

use super::journal::{opened, payers, row};

/// Beginnings and ends of calls, together.
const RECORDS: usize = 100_000;
/// Calls that were under way.
const CUT_OFF: usize = 100;

/// The folder of a gateway that goes on as if nothing was: a copy of it is what a kill leaves.
fn written(place: &Path) -> PathBuf {
    let folder = place.join("journal");
    let (journal, _) = Journal::start(Settings::new(&folder)).unwrap();
    let (tags, payers) = (vec!["production".to_owned()], payers());
    let calls = (RECORDS + CUT_OFF) / 2;
    for number in 0..calls {
        let id = format!("0f8fad5b-d9cb-469f-a165-{number:012x}");
        let call = opened(&id, &tags, &payers);
        journal.open(&call).unwrap();
        if number < calls - CUT_OFF {
            let row: SpendRow = row(&call);
            journal.settle(row).unwrap();
        }
    }
    let killed = place.join("killed");
    copy(&folder, &killed);
    killed
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn fresh(killed: &Path) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = place.path().join("journal");
    copy(killed, &folder);
    (place, folder)
}

pub fn benches(criterion: &mut Criterion) {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let killed = written(place.path());
    let mut group = criterion.benchmark_group("journal");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(20));
    group.bench_function("start after a kill, 100,000 records", |bench| {
        let start = |(place, folder): (TempDir, PathBuf)| {
            let (journal, found) = Journal::start(Settings::new(folder)).unwrap();
            assert_eq!(found.rows, (RECORDS + CUT_OFF) / 2);
            assert_eq!(found.interrupted, CUT_OFF);
            // It is given back, and taken down when the clock has stopped.
            (journal, place)
        };
        bench.iter_batched(|| fresh(&killed), start, BatchSize::PerIteration);
    });
    group.finish();
}
