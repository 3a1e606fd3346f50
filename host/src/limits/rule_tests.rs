//! Who is admitted, and what is left to the next.

use super::*;

pub(super) const NOW: i64 = 1_795_000_000_000;

pub(super) fn scope(kind: ScopeKind, id: &str) -> Scope {
    Scope::new(kind, id)
}

pub(super) fn key() -> Scope {
    scope(ScopeKind::Key, "k")
}

fn rpm(limit: u64) -> Limits {
    Limits {
        requests_per_minute: Some(limit),
        ..Limits::default()
    }
}

pub(super) fn tpm(limit: u64) -> Limits {
    Limits {
        tokens_per_minute: Some(limit),
        ..Limits::default()
    }
}

fn parallel(limit: u64) -> Limits {
    Limits {
        max_parallel_requests: Some(limit),
        ..Limits::default()
    }
}

pub(super) fn limiter() -> Limiter {
    Limiter::new(TokenCounting::Total)
}

pub(super) fn input(input: u64) -> Tokens {
    Tokens { input, output: 0 }
}

pub(super) fn tokens_left(limiter: &Limiter, path: &[(Scope, Limits)], now_ms: i64) -> u64 {
    limiter.standings(path, now_ms)[0].tokens.unwrap().remaining
}

#[test]
fn a_window_takes_as_many_calls_as_its_limit_and_says_when_it_ends() {
    let limiter = limiter();
    let path = [(key(), rpm(2))];
    let admit = |now| limiter.admit(&path, Tokens::NONE, now).map(drop);

    assert!(admit(NOW).is_ok() && admit(NOW + 30_000).is_ok());
    let refusal = *admit(NOW + 30_500).unwrap_err();

    assert_eq!(
        refusal,
        Refusal {
            scope: key(),
            limit_type: LimitType::Requests,
            limit: 2,
            remaining: 0,
            resets_at_ms: NOW + 60_000,
            retry_after_s: 30,
        }
    );
    assert!(admit(NOW + 59_999).is_err());
    assert!(admit(NOW + 60_000).is_ok());
}

#[test]
fn a_refusal_is_said_as_clients_know_it() {
    let limiter = limiter();
    let on_model = scope(ScopeKind::ModelPerKey, "abc").on_model("gpt-4o");
    let refusal = limiter
        .admit(&[(on_model, rpm(0))], Tokens::NONE, NOW)
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "Rate limit exceeded for model_per_key: abc:gpt-4o. Limit type: requests. \
         Current limit: 0, Remaining: 0. Limit resets at: "
            .to_owned()
            + &crate::domain::moment(refusal.resets_at_ms)
    );
}

#[test]
fn a_refused_call_is_counted_nowhere() {
    let limiter = limiter();
    let all = Limits {
        requests_per_minute: Some(9),
        tokens_per_minute: Some(900),
        tokens_per_day: Some(900),
        max_parallel_requests: Some(9),
    };
    let path = [
        (key(), all),
        (scope(ScopeKind::Team, "t"), rpm(0)),
        (scope(ScopeKind::User, "u"), all),
    ];

    assert!(limiter.admit(&path, input(100), NOW).is_err());

    for standing in limiter.standings(&path[..1], NOW) {
        assert_eq!(standing.requests.unwrap().remaining, 9);
        assert_eq!(standing.tokens.unwrap().remaining, 900);
    }
    assert_eq!(limiter.sweep(NOW), 3);
}

#[test]
fn the_first_limit_of_the_path_is_named() {
    let limiter = limiter();
    let team = scope(ScopeKind::Team, "t");
    drop(limiter.admit(&[(team.clone(), rpm(9))], Tokens::NONE, NOW)); // known before the key
    let path = [(key(), rpm(0)), (team, rpm(0))];
    let refusal = limiter.admit(&path, Tokens::NONE, NOW).unwrap_err();
    assert_eq!(refusal.scope, key());
}

#[test]
fn tokens_are_reserved_from_an_estimate_and_corrected_after() {
    let limiter = limiter();
    let path = [(key(), tpm(100_000))];

    let mut call = limiter
        .admit(&path, Tokens::estimate(1, None), NOW)
        .unwrap();
    assert_eq!(tokens_left(&limiter, &path, NOW), 98_975);
    call.settle(
        Tokens {
            input: 7,
            output: 20,
        },
        NOW + 5,
    );
    drop(call);

    assert_eq!(tokens_left(&limiter, &path, NOW + 5), 99_973);
}

#[test]
fn a_call_that_never_says_keeps_its_estimate() {
    let limiter = limiter();
    let path = [(key(), tpm(1000))];
    drop(limiter.admit(&path, input(300), NOW).unwrap());
    assert_eq!(tokens_left(&limiter, &path, NOW), 700);
}

#[test]
fn a_call_estimated_above_the_whole_limit_goes_in_an_empty_window() {
    let limiter = limiter();
    let path = [(key(), tpm(500))];

    let mut call = limiter
        .admit(&path, Tokens::estimate(10, None), NOW)
        .unwrap();
    let second = limiter.admit(&path, input(1), NOW).unwrap_err();
    call.settle(input(600), NOW);
    let third = limiter.admit(&path, Tokens::NONE, NOW).unwrap_err();

    for refusal in [second, third] {
        assert_eq!(
            (refusal.limit_type, refusal.remaining),
            (LimitType::Tokens, 0)
        );
    }
}

#[test]
fn a_long_stream_counts_in_a_later_window_only_what_exceeds_its_estimate() {
    let limiter = limiter();
    let path = [(key(), tpm(1000))];
    let mut call = limiter.admit(&path, input(100), NOW).unwrap();
    let later = NOW + 90_000;
    drop(limiter.admit(&path, input(50), later).unwrap());

    call.settle(input(80), later);
    assert_eq!(tokens_left(&limiter, &path, later), 950);
    call.settle(input(150), later);
    assert_eq!(tokens_left(&limiter, &path, later), 900);
    call.settle(input(20), later);
    assert_eq!(tokens_left(&limiter, &path, later), 950);
}

#[test]
fn a_limit_counts_the_tokens_it_is_told_to() {
    for (name, left) in [("total", 85), ("input", 90), ("output", 95)] {
        let limiter = Limiter::new(TokenCounting::parse(name).unwrap());
        let path = [(key(), tpm(100))];
        let tokens = Tokens {
            input: 10,
            output: 5,
        };
        drop(limiter.admit(&path, tokens, NOW).unwrap());
        assert_eq!(tokens_left(&limiter, &path, NOW), left, "{name}");
    }
    assert_eq!(TokenCounting::parse("both"), None);
}

#[test]
fn a_place_among_parallel_calls_is_free_when_its_call_has_ended() {
    let limiter = limiter();
    let path = [(key(), parallel(1))];
    let first = limiter.admit(&path, Tokens::NONE, NOW).unwrap();

    // Calls in flight outlast every window.
    let refusal = limiter
        .admit(&path, Tokens::NONE, NOW + 120_000)
        .unwrap_err();
    drop(first);

    assert_eq!(
        (refusal.limit_type, refusal.retry_after_s),
        (LimitType::MaxParallelRequests, 1)
    );
    assert!(limiter.admit(&path, Tokens::NONE, NOW + 120_000).is_ok());
}

#[test]
fn a_scope_named_twice_counts_once() {
    let limiter = limiter();
    let path = [(key(), rpm(9)), (key(), rpm(9))];
    let call = limiter.admit(&path, Tokens::NONE, NOW).unwrap();
    let [standing] = &call.standings(NOW)[..] else {
        panic!("two standings of one scope")
    };
    assert_eq!(standing.requests.unwrap().remaining, 8);
}

#[test]
fn what_is_left_goes_into_headers() {
    let limiter = limiter();
    let both = Limits {
        tokens_per_minute: Some(100),
        ..rpm(5)
    };
    let path = [
        (key(), both),
        (scope(ScopeKind::TeamMember, "t/u"), parallel(3)),
        (scope(ScopeKind::User, "u"), Limits::default()),
    ];
    let call = limiter.admit(&path, input(30), NOW).unwrap();

    let standings = call.standings(NOW);
    let headers: Vec<_> = standings.iter().flat_map(Standing::headers).collect();

    let expected = [
        ("x-ratelimit-api_key-limit-requests", 5),
        ("x-ratelimit-api_key-remaining-requests", 4),
        ("x-ratelimit-api_key-limit-tokens", 100),
        ("x-ratelimit-api_key-remaining-tokens", 70),
    ];
    assert_eq!(
        headers,
        expected.map(|(name, value)| (name.to_owned(), value))
    );
    assert_eq!(standings[0].resets_at_ms, NOW + 60_000);
}

#[test]
fn asking_what_is_left_begins_no_window() {
    let limiter = limiter();
    let path = [(key(), rpm(1))];
    drop(limiter.admit(&path, Tokens::NONE, NOW).unwrap());
    limiter.standings(&path, NOW + 100_000);
    drop(limiter.admit(&path, Tokens::NONE, NOW + 110_000).unwrap());
    let refusal = limiter
        .admit(&path, Tokens::NONE, NOW + 165_000)
        .unwrap_err();
    assert_eq!(refusal.resets_at_ms, NOW + 170_000);
}

#[test]
fn idle_scopes_leave_memory_as_others_come() {
    let limiter = limiter();
    let held = limiter.admit(&[(key(), parallel(1))], Tokens::NONE, NOW);
    for customer in 0..100_000i64 {
        let name = customer.to_string();
        let path = [(scope(ScopeKind::EndUser, &name), rpm(5))];
        // A hundred customers a second: 6,000 in a window.
        drop(limiter.admit(&path, Tokens::NONE, NOW + customer * 10));
    }
    assert!(limiter.len() < 20_000, "{}", limiter.len());

    limiter.sweep(NOW + 2_000_000);
    assert_eq!(limiter.len(), 1); // the key's call is still in flight
    drop(held);
    limiter.sweep(NOW + 2_000_000);
    assert!(limiter.is_empty());
}

#[test]
fn a_clock_that_is_a_little_behind_opens_no_new_window() {
    let limiter = limiter();
    let path = [(key(), rpm(1))];
    drop(limiter.admit(&path, Tokens::NONE, NOW).unwrap());
    assert!(limiter.admit(&path, Tokens::NONE, NOW - 5).is_err());
    // Set back by a day, it must not lock anyone out for a day.
    assert!(limiter.admit(&path, Tokens::NONE, NOW - 86_400_000).is_ok());
}

fn tpd(limit: u64) -> Limits {
    Limits {
        tokens_per_day: Some(limit),
        ..Limits::default()
    }
}

#[test]
fn a_day_of_tokens_outlasts_the_minutes_and_ends_after_24_hours() {
    let limiter = limiter();
    let path = [(key(), tpd(1000))];
    let admit = |tokens, now| limiter.admit(&path, input(tokens), now);

    let mut first = admit(600, NOW).unwrap();
    first.settle(input(700), NOW + 1000);
    drop(first);
    let refusal = admit(400, NOW + 3_600_000).unwrap_err();
    drop(admit(300, NOW + 7_200_000).unwrap());

    assert_eq!(
        (refusal.limit_type, refusal.limit, refusal.remaining),
        (LimitType::TokensPerDay, 1000, 300)
    );
    assert_eq!(refusal.resets_at_ms, NOW + DAY_MS);
    assert_eq!(refusal.retry_after_s, 82_800);
    limiter.sweep(NOW + DAY_MS - 1);
    assert!(admit(1, NOW + DAY_MS - 1).is_err());
    assert!(admit(1000, NOW + DAY_MS).is_ok());
    limiter.sweep(NOW + 3 * DAY_MS);
    assert!(limiter.is_empty());
}

#[test]
fn what_is_left_of_the_day_goes_into_headers() {
    let limiter = limiter();
    let call = limiter
        .admit(&[(key(), tpd(1000))], input(30), NOW)
        .unwrap();
    let standings = call.standings(NOW);
    let headers: Vec<_> = standings.iter().flat_map(Standing::headers).collect();
    let expected = [
        ("x-ratelimit-api_key-limit-tokens-per-day", 1000),
        ("x-ratelimit-api_key-remaining-tokens-per-day", 970),
    ];
    assert_eq!(
        headers,
        expected.map(|(name, value)| (name.to_owned(), value))
    );
}

#[test]
fn a_call_that_is_refused_elsewhere_gives_its_place_back() {
    let limiter = limiter();
    let all = Limits {
        requests_per_minute: Some(2),
        tokens_per_minute: Some(900),
        tokens_per_day: Some(900),
        max_parallel_requests: Some(2),
    };
    let path = [(key(), all)];
    let before = limiter.standings(&path, NOW);
    let admit = || limiter.admit(&path, input(100), NOW).unwrap().tentative();

    drop(admit());
    let after = limiter.standings(&path, NOW);
    let mut begun = admit();
    begun.begin();

    assert_eq!(after, before);
    drop(begun);
    let left = &limiter.standings(&path, NOW)[0];
    assert_eq!(left.requests.unwrap().remaining, 1);
    assert_eq!(left.tokens_of_day.unwrap().remaining, 800);
}
