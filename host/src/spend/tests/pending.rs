use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::super::{Journal, Mark, Settings};
use super::{Answer, Database, call, payers, row, settings, start, start_with};
use crate::domain::{Entity, Usd};

#[derive(Debug, Clone)]
enum Step {
    Call(u8),
    Flush(Vec<Answer>),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    use Answer::{Forgets, IsDown, Stores};
    let answer = prop_oneof![Just(Stores), Just(Forgets), Just(IsDown)];
    prop_oneof![
        6 => any::<u8>().prop_map(Step::Call),
        2 => proptest::collection::vec(answer, 0..4).prop_map(Step::Flush),
        1 => Just(Step::Restart),
    ]
}

/// The accounts as a ledger loads them: the database's, and what waits.
fn loaded(database: &Database, journal: &Journal) -> HashMap<Entity, Usd> {
    let tables = database.read();
    let pending = journal.pending(database.mark(journal)).unwrap();
    let mut sums = tables.sums;
    for (payer, cost) in pending.sums {
        let (one, _) = journal.pending_of(&payer, database.mark(journal)).unwrap();
        assert_eq!(one, cost);
        *sums.entry(payer).or_default() += cost;
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_and_what_is_pending_make_the_truth(steps in proptest::collection::vec(step(), 1..60), memory in prop_oneof![Just(0u64), Just(3_000), Just(1 << 20)]) {
        let place = tempfile::tempdir().unwrap();
        let settings = || Settings { memory_bytes: memory, ..settings(place.path()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let database = Database::default();
        let mut truth: HashMap<Entity, Usd> = HashMap::new();
        let mut journal = start_with(settings()).0;

        for (number, step) in (0u64..).zip(steps) {
            match step {
                Step::Call(cost) => {
                    call(&journal, &format!("c{number}"), number, i128::from(cost) + 1);
                    for payer in payers(number) {
                        *truth.entry(payer).or_default() += Usd::from_pico(i128::from(cost) + 1);
                    }
                }
                Step::Flush(answers) => {
                    *database.script.lock().unwrap() = answers.into();
                    let _ = runtime.block_on(journal.flush(&database, true));
                }
                Step::Restart => {
                    drop(journal);
                    journal = start_with(settings()).0;
                }
            }
            prop_assert_eq!(&loaded(&database, &journal), &truth);
        }
    }
}

#[test]
fn no_row_is_missed_or_doubled_while_batches_are_under_way() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    let answers: Vec<Answer> = [Answer::Stores, Answer::Forgets, Answer::IsDown].repeat(2_000);
    let database = Database::scripted(&answers);
    let costs: Mutex<Vec<(Mark, i128)>> = Mutex::default();
    let done = AtomicBool::new(false);
    let mut samples = Vec::new();

    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..1_500u64 {
                let cost = i128::from(number % 7);
                let mark = journal.record(row(&format!("c{number}"), number, cost));
                costs.lock().unwrap().push((mark.unwrap(), cost));
            }
        });
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_time().build().unwrap();
            while !done.load(Ordering::Relaxed) {
                let _ = runtime.block_on(journal.flush(&database, false));
            }
        });
        let team = Entity::new(crate::domain::EntityKind::Team, "t");
        while !writer.is_finished() || samples.len() < 10 {
            let tables = database.read();
            let mark = tables.marks.get(journal.id()).copied().unwrap_or_default();
            if let Ok((pending, through)) = journal.pending_of(&team, mark) {
                let stored = tables.sums.get(&team).copied().unwrap_or_default();
                samples.push(((stored + pending).pico(), through));
            }
        }
        done.store(true, Ordering::Relaxed);
    });

    let costs = costs.into_inner().unwrap();
    for (seen, through) in samples {
        let until = costs.iter().filter(|(mark, _)| *mark <= through);
        assert_eq!(seen, until.map(|(_, cost)| cost).sum::<i128>());
    }
}

#[test]
fn an_answer_older_than_the_last_hand_over_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    let database = Database::default();
    call(&journal, "a", 1, 3);
    let before = database.mark(&journal);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    runtime.block_on(journal.flush(&database, false)).unwrap();

    journal.pending(before).unwrap_err();
    journal.pending(database.mark(&journal)).unwrap();
}
