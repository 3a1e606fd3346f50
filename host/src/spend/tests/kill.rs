use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::super::{Journal, JournalError};
use super::{Database, line, opened, row, settings, start, topped_up};
use crate::domain::{CallStatus, Usd};

const ROLE: &str = "JOURNAL_TEST_WRITES_IN";
const KILLS: usize = 20;

/// What a child said before it was killed.
#[derive(Default)]
struct Heard {
    opened: HashSet<String>,
    /// "The answer's last byte": call and cost.
    answered: HashMap<String, i128>,
}

/// The child: two threads of calls that are answered on its standard output.
fn write_until_killed(directory: &Path) -> ! {
    let (journal, _) = start(directory);
    let say = |text: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).unwrap();
        out.flush().unwrap();
    };
    std::thread::scope(|scope| {
        for thread in 0..2u64 {
            let (journal, say) = (&journal, &say);
            scope.spawn(move || {
                for call in 0u64.. {
                    let id = format!("{}-{thread}-{call}", std::process::id());
                    journal.open(&opened(&id, call, 500)).unwrap();
                    say(format!("\n@open {id}\n"));
                    if call % 2 == 0 {
                        let known = if call % 4 == 0 {
                            vec![line(33)]
                        } else {
                            vec![]
                        };
                        journal.top_up(topped_up(&id, 900, known)).unwrap();
                    }
                    let cost = i128::from(call % 11);
                    journal.settle(row(&id, call, cost)).unwrap();
                    say(format!("\n@answer {id} {cost}\n"));
                }
            });
        }
    });
    std::process::exit(1)
}

fn child(directory: &Path) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("{module}::a_kill_loses_no_call"), "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(ROLE, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a child work until it has said `lines` lines, kills it, and takes all that it said.
fn work_and_kill(directory: &Path, lines: usize, heard: &mut Heard) {
    let mut child = child(directory);
    let mut said = 0;
    for text in BufReader::new(child.stdout.take().unwrap()).lines() {
        let text = text.unwrap();
        let Some((what, rest)) = text.strip_prefix('@').and_then(|it| it.split_once(' ')) else {
            continue;
        };
        if what == "open" {
            heard.opened.insert(rest.to_owned());
        } else if let Some((id, cost)) = rest.split_once(' ') {
            heard.answered.insert(id.to_owned(), cost.parse().unwrap());
        }
        said += 1;
        if said == lines {
            let second = Journal::start(settings(directory)).unwrap_err();
            assert!(
                matches!(&second, JournalError::InUse { holder, .. } if *holder == child.id().to_string())
            );
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(
        said >= lines,
        "the child ended by itself after {said} lines"
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test starts itself again as the process that is killed"
)]
fn a_kill_loses_no_call() {
    if let Some(directory) = std::env::var_os(ROLE) {
        write_until_killed(Path::new(&directory));
    }
    let place = tempfile::tempdir().unwrap();
    let database = Database::default();
    let mut heard = Heard::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();

    for kill in 0..KILLS {
        work_and_kill(place.path(), 20 + kill * 37, &mut heard);
        // After every other kill, the next child finds what two have left.
        if kill % 2 == 1 {
            let (journal, recovered) = start(place.path());
            assert_eq!(recovered.damaged, 0);
            runtime.block_on(journal.flush(&database, false)).unwrap();
            assert_eq!(journal.gauges().waiting, 0);
        }
    }

    let tables = database.read();
    for (id, cost) in &heard.answered {
        let stored = &tables.rows[id];
        assert_eq!(stored.status, CallStatus::Success);
        assert_eq!(stored.cost, Some(Usd::from_pico(*cost)));
    }
    assert!(heard.opened.iter().all(|id| tables.rows.contains_key(id)));
    let mut interrupted = 0;
    for (id, row) in &tables.rows {
        if row.status == CallStatus::Interrupted {
            interrupted += 1;
            assert!(!heard.answered.contains_key(id));
            let charged = row.cost.unwrap().pico();
            assert!([500, 900, 33].contains(&charged), "charged {charged}");
        }
    }
    // Two threads, so at most two calls of a child are cut off or not heard of.
    assert!(interrupted <= 2 * KILLS);
    assert!(tables.rows.len() <= heard.answered.len() + 2 * KILLS);
    assert_eq!(tables.repeated, 0);
}
