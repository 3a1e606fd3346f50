//! A batch of numbers against services of all tempers.

use serde_json::json;
use sluice_sdk::testing::Played;

use super::*;

const LIMITS: Limits = Limits {
    bytes: 1000,
    pieces: 100,
};

fn batch(count: usize) -> Vec<Value> {
    (0..count)
        .map(|at| json!({"id": format!("r{at}")}))
        .collect()
}

fn text(record: Record<'_>) -> Option<String> {
    Some(record.text("id").to_owned())
}

/// Delivers and gives what was sent, part by part.
fn sent(
    batch: &[Value],
    limits: Limits,
    mut reply: impl FnMut(&[Piece]) -> Reply,
) -> (Vec<String>, Result<(), Error>) {
    let mut all = Vec::new();
    let done = deliver(&json!({"entry": "a"}), batch, limits, text, |pieces| {
        all.push(joined(pieces, " "));
        reply(pieces)
    });
    (all, done)
}

fn refused() -> Reply {
    Reply::Refused(fault::invalid_request("bad"))
}

fn busy() -> Reply {
    Reply::Later(fault::error(kind::OVERLOADED, "busy"))
}

fn has(pieces: &[Piece], id: &str) -> bool {
    pieces.iter().any(|it| it.text == id)
}

#[test]
fn parts_keep_the_limits_of_number_and_size() {
    let limits = Limits {
        bytes: 6,
        pieces: 2,
    };
    let (parts, done) = sent(&batch(5), limits, |_| Reply::Taken);
    assert_eq!(parts, ["r0 r1", "r2 r3", "r4"]);
    assert!(done.is_ok());
    let limits = Limits {
        bytes: 4,
        pieces: 9,
    };
    assert_eq!(sent(&batch(3), limits, |_| Reply::Taken).0, ["r0 r1", "r2"]);
}

#[test]
fn one_bad_record_is_found_by_halving_and_the_others_arrive() {
    let mut arrived = Vec::new();
    let (parts, done) = sent(&batch(8), LIMITS, |pieces| {
        if has(pieces, "r5") {
            return refused();
        }
        arrived.push(joined(pieces, " "));
        Reply::Taken
    });
    assert_eq!(arrived, ["r0 r1 r2 r3", "r4", "r6 r7"]);
    assert_eq!(parts.len(), 7);
    let error = done.unwrap_err();
    assert_eq!(
        (error.kind.as_str(), error.retry),
        ("invalid-request", Some(false))
    );
    assert_eq!(error.message, "1 of 8 records were refused: bad");
}

#[test]
fn what_is_too_large_is_halved_until_it_fits() {
    let (parts, done) = sent(&batch(4), LIMITS, |pieces| match pieces.len() {
        1 => Reply::Taken,
        _ => Reply::TooLarge,
    });
    assert_eq!(
        parts,
        ["r0 r1 r2 r3", "r0 r1", "r0", "r1", "r2 r3", "r2", "r3"]
    );
    assert!(done.is_ok());
    let single = Limits {
        bytes: 1,
        pieces: 1,
    };
    let (parts, done) = sent(&batch(1), single, |_| Reply::Taken);
    assert!(parts.is_empty() && done.unwrap_err().message.contains("too large"));
}

#[test]
fn a_repeated_batch_sends_only_what_is_left() {
    Played::silent().run(|| {
        let limits = Limits {
            bytes: 1000,
            pieces: 2,
        };
        let (parts, done) = sent(&batch(6), limits, |pieces| match has(pieces, "r2") {
            true => busy(),
            false => Reply::Taken,
        });
        let error = done.unwrap_err();
        assert_eq!((error.kind.as_str(), error.retry), ("overloaded", None));
        assert!(error.message.starts_with("4 of 6 records are left"));
        assert_eq!(parts, ["r0 r1", "r2 r3"]);
        let (parts, done) = sent(&batch(6), limits, |_| Reply::Taken);
        assert_eq!(parts, ["r2 r3", "r4 r5"]);
        assert!(done.is_ok());
    });
}

#[test]
fn halves_that_come_again_are_answered_without_a_request() {
    Played::silent().run(|| {
        let all = batch(4);
        let bad = |pieces: &[Piece]| match has(pieces, "r3") {
            true => refused(),
            false => Reply::Taken,
        };
        assert!(sent(&all, LIMITS, bad).1.is_err());
        let (parts, done) = sent(&all[..2], LIMITS, bad);
        assert!(parts.is_empty() && done.is_ok());
        let (parts, done) = sent(&all[2..], LIMITS, bad);
        assert!(parts.is_empty());
        assert_eq!(
            done.unwrap_err().message,
            "1 of 2 records were refused: bad"
        );
    });
}

#[test]
fn another_entry_of_the_same_plugin_remembers_for_itself() {
    Played::silent().run(|| {
        let limits = Limits {
            bytes: 1000,
            pieces: 1,
        };
        let first = sent(&batch(2), limits, |pieces| match has(pieces, "r1") {
            true => busy(),
            false => Reply::Taken,
        });
        assert!(first.1.is_err());
        let mut parts = 0;
        let other = json!({"entry": "b"});
        let done = deliver(&other, &batch(2), limits, text, |_| {
            parts += 1;
            Reply::Taken
        });
        assert!(done.is_ok() && parts == 2);
    });
}

#[test]
fn an_entry_that_the_host_does_not_name_remembers_nothing_and_loses_nothing() {
    Played::silent().run(|| {
        let limits = Limits {
            bytes: 1000,
            pieces: 1,
        };
        let nameless = json!({"project": "p"});
        for _ in 0..2 {
            let mut parts = Vec::new();
            let done = deliver(&nameless, &batch(2), limits, text, |pieces| {
                parts.push(joined(pieces, " "));
                if has(pieces, "r1") {
                    busy()
                } else {
                    Reply::Taken
                }
            });
            assert!(done.is_err());
            assert_eq!(parts, ["r0", "r1"]);
        }
    });
}

#[test]
fn of_a_part_that_is_taken_in_part_only_the_rest_is_sent_again() {
    Played::silent().run(|| {
        let (_, done) = sent(&batch(4), LIMITS, |_| {
            let later = (1, Fate::Later("try again".into()));
            Reply::Partly(vec![later, (2, Fate::Refused("no such model".into()))])
        });
        assert!(
            done.unwrap_err()
                .message
                .starts_with("1 of 4 records are left: try again")
        );
        let (parts, done) = sent(&batch(4), LIMITS, |_| Reply::Taken);
        assert_eq!(parts, ["r1"]);
        assert!(
            done.unwrap_err()
                .message
                .contains("1 of 4 records were refused: no such model")
        );
    });
}

#[test]
fn where_there_is_no_such_place_nothing_more_is_sent() {
    let limits = Limits {
        bytes: 1000,
        pieces: 1,
    };
    let (parts, done) = sent(&batch(5), limits, |_| {
        Reply::Never(fault::error(kind::NOT_FOUND, "the service answered 404"))
    });
    assert_eq!(parts.len(), 1);
    assert!(
        done.unwrap_err()
            .message
            .starts_with("5 of 5 records were refused")
    );
}

#[test]
fn no_more_requests_are_made_than_the_host_allows_and_the_rest_follows_at_once() {
    Played::silent().run(|| {
        let limits = Limits {
            bytes: 1000,
            pieces: 1,
        };
        let (parts, done) = sent(&batch(20), limits, |_| Reply::Taken);
        assert_eq!(parts.len(), MOST_REQUESTS);
        assert_eq!(done.unwrap_err().retry_after_ms, Some(0));
        let (parts, done) = sent(&batch(20), limits, |_| Reply::Taken);
        assert_eq!(parts, ["r16", "r17", "r18", "r19"]);
        assert!(done.is_ok());
    });
}

#[test]
fn a_slow_service_gets_the_rest_with_the_next_call() {
    let piece = |record| Piece {
        record,
        name: record.to_string(),
        text: "a".to_owned(),
    };
    let parts: VecDeque<Vec<Piece>> = (0..5).map(|it| vec![piece(it)]).collect();
    let clock = std::cell::Cell::new(0);
    let mut outcome = Outcome::default();
    let slowly = |_: &[Piece]| {
        clock.set(clock.get() + 7_000);
        Reply::Taken
    };
    send_all(parts, slowly, || clock.get(), &mut outcome);
    assert_eq!((outcome.taken.len(), outcome.left.len()), (2, 3));
    let error = outcome.into_result().unwrap_err();
    assert_eq!(
        (error.kind.as_str(), error.retry_after_ms),
        ("overloaded", Some(0))
    );
}

#[test]
fn what_is_no_record_is_refused_and_what_is_not_wanted_is_passed_over() {
    let all = [json!([1]), json!({"id": "r1"}), json!({"id": "skip"})];
    let mut parts = Vec::new();
    let wanted = |record: Record<'_>| text(record).filter(|it| it != "skip");
    let done = deliver(&json!({}), &all, LIMITS, wanted, |pieces| {
        parts.push(joined(pieces, " "));
        Reply::Taken
    });
    assert_eq!(parts, ["r1"]);
    assert_eq!(
        done.unwrap_err().message,
        "1 of 3 records were refused: it is no record"
    );
}
