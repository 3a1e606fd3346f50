//! What one call after another may spend.

use std::time::Duration;

use crate::domain::{Entity, EntityKind, Usd};

use super::*;

pub(super) const NOW: i64 = 1_795_000_000_000; // 18 November 2026

pub(super) const fn cents(cents: i128) -> Usd {
    Usd::from_pico(cents * (Usd::PER_DOLLAR / 100))
}

pub(super) fn id(kind: EntityKind, id: &str) -> AccountId {
    AccountId::whole(Entity::new(kind, id))
}

pub(super) fn limited(max_budget: Usd) -> Standing {
    Standing {
        terms: Terms {
            max_budget: Some(max_budget),
            ..Terms::default()
        },
        ..Standing::default()
    }
}

/// A ledger with these accounts, of these limits.
pub(super) fn ledger(accounts: &[(AccountId, Usd)]) -> Ledger {
    let ledger = Ledger::new(Settings {
        longest_wait: Duration::MAX,
        ..Settings::default()
    });
    for (id, max) in accounts {
        ledger.load(id.clone(), limited(*max), NOW);
    }
    ledger
}

fn key() -> AccountId {
    id(EntityKind::Key, "k")
}

fn exceeded(refusal: Refusal) -> Exceeded {
    match refusal {
        Refusal::Exceeded(exceeded) => *exceeded,
        other => panic!("{other}"),
    }
}

#[test]
fn a_session_goes_on_until_its_budget_is_used_up() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let mut session = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    session.keep_ahead(cents(3), cents(2), NOW).unwrap();
    assert_eq!(session.held(), cents(5));
    let other = path.try_reserve(Some(cents(4)), NOW).unwrap();
    session.keep_ahead(cents(4), cents(2), NOW).unwrap();
    assert_eq!(session.held(), cents(6));
    // Everything is held: it goes on with what it has.
    session.keep_ahead(cents(5), cents(2), NOW).unwrap();
    assert_eq!(session.held(), cents(6));
    let over = session.keep_ahead(cents(10), cents(2), NOW).unwrap_err();
    assert_eq!((over.reason, over.spend), (Reason::Spent, cents(10)));
    drop(other);
    assert_eq!(session.settle(cents(10), NOW).charged, cents(10));
    assert!(path.try_reserve(Some(cents(1)), NOW).is_err());
}

#[test]
fn a_call_is_held_and_then_charged_what_it_cost() {
    let ledger = ledger(&[(key(), cents(100))]);
    let path = ledger.path(&[key()]).unwrap();

    let hold = path.try_reserve(Some(cents(10)), NOW).unwrap();
    let held = ledger.snapshot(&key(), NOW).unwrap();
    let settled = hold.start().settle(cents(3), NOW);

    assert_eq!((held.spend, held.reserved), (Usd::ZERO, cents(10)));
    assert_eq!(settled.charged, cents(3));
    let after = ledger.snapshot(&key(), NOW).unwrap();
    assert_eq!((after.spend, after.reserved), (cents(3), Usd::ZERO));
}

#[test]
fn a_refused_call_holds_nothing_anywhere() {
    let team = id(EntityKind::Team, "t");
    let ledger = ledger(&[(key(), cents(100)), (team.clone(), cents(5))]);
    let path = ledger.path(&[team.clone(), key()]).unwrap();
    let _other = path.try_reserve(Some(cents(5)), NOW).unwrap().start();

    let refusal = exceeded(path.try_reserve(Some(cents(1)), NOW).unwrap_err());

    assert_eq!(
        (refusal.account, refusal.reason),
        (team.clone(), Reason::Held)
    );
    for id in [key(), team] {
        assert_eq!(ledger.snapshot(&id, NOW).unwrap().reserved, cents(5));
    }
}

#[test]
fn a_refusal_says_who_how_much_and_what_of() {
    let ledger = ledger(&[(key(), cents(1))]);
    let path = ledger.path(&[key()]).unwrap();
    path.charge(Usd::from_dollars(0.0125).unwrap(), NOW);

    let refusal = exceeded(path.try_reserve(Some(Usd::ZERO), NOW).unwrap_err());

    assert_eq!(refusal.reason, Reason::Spent);
    assert_eq!(
        refusal.client_message("Key=alias (sk-...1234)"),
        "Budget has been exceeded! Key=alias (sk-...1234) Current cost: 0.0125, Max budget: 0.01. \
         To spend more, raise `max_budget` by `/key/update`"
    );
    assert_eq!(
        refusal.to_string(),
        "the budget of key k is spent: 0.0125 of 0.01 dollars, 0.0 reserved"
    );
}

#[test]
fn a_refusal_names_the_window_or_model_when_it_ends_and_the_cure() {
    let said = |kind, window, holder: &str| {
        let exceeded = Exceeded {
            account: AccountId {
                entity: Entity::new(kind, "x"),
                window,
            },
            reason: Reason::Spent,
            spend: cents(2),
            reserved: Usd::ZERO,
            max_budget: cents(1),
            resets_at_ms: Some(1_795_705_590_000),
        };
        exceeded.client_message(holder)
    };
    let day = || Window::Limit("1d".parse().unwrap());
    let model = || Window::Model("gpt-4o".into());
    let anew = ". The budget begins anew at 2026-11-26 15:06:30 UTC. To spend more, raise ";
    for (kind, window, holder, expected) in [
        (
            EntityKind::EndUser,
            Window::Whole,
            "End User=x",
            format!(
                "ExceededBudget: End User=x over budget. Spend=0.02, Budget=0.01{anew}`max_budget` by `/customer/update`"
            ),
        ),
        (
            EntityKind::User,
            Window::Whole,
            "User=x",
            format!(
                "ExceededBudget: User=x over budget. Spend=0.02, Budget=0.01{anew}`max_budget` by `/user/update`"
            ),
        ),
        (
            EntityKind::Key,
            day(),
            "Key=a",
            format!(
                "ExceededBudget: Key over 1d budget. Spend=$0.02, Limit=$0.01. Key=a{anew}`budget_limits` by `/key/update`"
            ),
        ),
        (
            EntityKind::Team,
            day(),
            "Team=x",
            format!(
                "ExceededBudget: Team=x over 1d budget. Spend=$0.02, Limit=$0.01{anew}`budget_limits` by `/team/update`"
            ),
        ),
        (
            EntityKind::Key,
            model(),
            "Key=a",
            format!(
                "LiteLLM Virtual Key: x, exceeded budget for model=gpt-4o. Key=a Current cost: 0.02, Max budget: 0.01{anew}`model_max_budget` by `/key/update`"
            ),
        ),
        (
            EntityKind::Team,
            model(),
            "Team=x",
            format!(
                "LiteLLM Team: x, exceeded budget for model=gpt-4o. Team=x Current cost: 0.02, Max budget: 0.01{anew}`model_max_budget` by `/team/update`"
            ),
        ),
    ] {
        assert_eq!(said(kind, window, holder), expected);
    }
}

#[test]
fn whoever_has_spent_a_budget_to_the_last_cent_has_nothing_left() {
    for kind in EntityKind::ALL {
        let id = id(kind, "x");
        let ledger = ledger(&[(id.clone(), cents(2))]);
        let path = ledger.path(&[id]).unwrap();
        path.charge(cents(1), NOW);
        let last = path.try_reserve(Some(cents(1)), NOW).unwrap().start();
        // All is spent or held: a stream gets no slice of what is not there.
        let mut last = last;
        let more = last.top_up(Usd::from_pico(1), NOW).unwrap_err();
        last.settle(cents(1), NOW);
        let refused = exceeded(path.try_reserve(Some(Usd::ZERO), NOW).unwrap_err());
        let reasons = (more.reason, refused.reason);
        assert_eq!(reasons, (Reason::Held, Reason::Spent), "{kind:?}");
    }
}

#[test]
fn the_last_cent_can_be_spent_by_a_call_that_holds_more() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    path.charge(cents(9), NOW);

    let alone = path.try_reserve(Some(cents(320)), NOW).unwrap();
    let second = exceeded(path.try_reserve(Some(cents(1)), NOW).unwrap_err());
    alone.start().settle(cents(1), NOW);
    let third = exceeded(path.try_reserve(Some(cents(1)), NOW).unwrap_err());

    assert_eq!((second.reason, third.reason), (Reason::Held, Reason::Spent));
    assert_eq!(ledger.snapshot(&key(), NOW).unwrap().spend, cents(10));
}

#[test]
fn a_stream_goes_on_until_nothing_is_left_to_hold() {
    let ledger = ledger(&[(key(), cents(50))]);
    let path = ledger.path(&[key()]).unwrap();
    let portion = Portion {
        slice: cents(40),
        most: None,
    };
    let mut stream = path.try_reserve(Some(cents(40)), NOW).unwrap().start();
    let mut held_at = |cost| {
        let refused = stream.advance(cents(cost), portion, NOW).err();
        (stream.held(), refused.map(|it| it.reason))
    };

    assert_eq!(held_at(19), (cents(40), None));
    assert_eq!(held_at(20), (cents(80), None)); // the slice that crosses the limit
    assert_eq!(held_at(60), (cents(80), None)); // refused, and there is still some left
    assert_eq!(held_at(74), (cents(80), None));
    assert_eq!(held_at(75), (cents(80), Some(Reason::Held)));

    assert_eq!(stream.interrupt(NOW).charged, cents(75));
}

#[test]
fn a_stream_takes_what_others_have_left_while_it_goes_on() {
    let ledger = ledger(&[(key(), cents(80))]);
    let path = ledger.path(&[key()]).unwrap();
    let portion = Portion {
        slice: cents(40),
        most: None,
    };
    let mut stream = path.try_reserve(Some(cents(40)), NOW).unwrap().start();
    let other = path.try_reserve(Some(cents(40)), NOW).unwrap().start();

    assert_eq!(stream.advance(cents(30), portion, NOW), Ok(()));
    let before = stream.held();
    other.settle(cents(1), NOW);
    assert_eq!(stream.advance(cents(31), portion, NOW), Ok(()));

    assert_eq!((before, stream.held()), (cents(40), cents(80)));
}

#[test]
fn a_stream_that_can_cost_no_more_is_not_cut_off_at_its_last_token() {
    let ledger = ledger(&[(key(), cents(5))]);
    let path = ledger.path(&[key()]).unwrap();
    let portion = Portion {
        slice: cents(4),
        most: Some(cents(5)),
    };
    let mut stream = path.try_reserve(Some(cents(4)), NOW).unwrap().start();

    for cost in [1, 2, 3, 4, 5] {
        assert_eq!(stream.advance(cents(cost), portion, NOW), Ok(()));
    }
    assert_eq!(stream.held(), cents(5));
    // More than it can cost: it was counted wrong, and is held to the budget again.
    assert!(stream.advance(cents(6), portion, NOW).is_err());
}

#[test]
fn a_call_that_was_never_sent_is_free() {
    let ledger = ledger(&[(key(), cents(5))]);
    let path = ledger.path(&[key()]).unwrap();

    drop(path.try_reserve(Some(cents(2)), NOW).unwrap());

    let after = ledger.snapshot(&key(), NOW).unwrap();
    assert_eq!((after.spend, after.reserved), (Usd::ZERO, Usd::ZERO));
}

#[test]
fn a_call_that_is_forgotten_is_charged_what_it_used_else_what_it_held() {
    let ledger = ledger(&[(key(), cents(100))]);
    let path = ledger.path(&[key()]).unwrap();
    let spend = || ledger.snapshot(&key(), NOW).unwrap().spend;

    drop(path.try_reserve(Some(cents(2)), NOW).unwrap().start());
    assert_eq!(spend(), cents(2));

    let mut known = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    known.note(cents(1));
    drop(known);
    assert_eq!(spend(), cents(3));

    let mut retried = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    retried.note(Usd::ZERO);
    retried.sent();
    drop(retried);
    assert_eq!(spend(), cents(5));
}

#[test]
fn an_unknown_price_is_refused_where_there_is_a_budget() {
    let free = id(EntityKind::User, "u");
    let ledger = ledger(&[(key(), cents(5))]);
    ledger.load(free.clone(), Standing::default(), NOW);

    let refused = ledger.path(&[free.clone(), key()]).unwrap();
    let admitted = ledger.path(&[free]).unwrap();

    let refusal = refused.try_reserve(None, NOW).unwrap_err();
    assert_eq!(refusal, Refusal::UnknownPrice(key().entity));
    let cure = "`litellm_settings.allow_unknown_prices: true`";
    assert!(refusal.to_string().contains(cure), "{refusal}");
    assert!(admitted.try_reserve(None, NOW).is_ok());
}

#[test]
fn an_unknown_price_that_is_allowed_goes_until_the_budget_is_spent() {
    let ledger = Ledger::new(Settings {
        unknown_price: UnknownPrice::Allow,
        ..Settings::default()
    });
    ledger.load(key(), limited(cents(1)), NOW);
    let path = ledger.path(&[key()]).unwrap();

    let before = path.try_reserve(None, NOW).is_ok();
    path.charge(cents(1), NOW);

    assert!(before && path.try_reserve(None, NOW).is_err());
}

#[test]
fn models_and_windows_of_one_key_count_apart() {
    let model = |name: &str| AccountId {
        entity: key().entity,
        window: Window::Model(name.into()),
    };
    let hourly = AccountId {
        entity: key().entity,
        window: Window::Limit("1h".parse().unwrap()),
    };
    let ledger = ledger(&[
        (model("a"), cents(1)),
        (model("b"), cents(1)),
        (hourly.clone(), cents(9)),
    ]);
    let on = |name| ledger.path(&[model(name), hourly.clone()]).unwrap();

    on("a").charge(cents(1), NOW);

    assert!(on("b").try_reserve(Some(cents(1)), NOW).is_ok());
    let refusal = exceeded(on("a").try_reserve(Some(cents(1)), NOW).unwrap_err());
    assert_eq!(refusal.account.to_string(), "key k on a");
}

#[test]
fn an_account_on_the_path_twice_is_charged_once() {
    let ledger = ledger(&[(key(), cents(5))]);
    ledger.path(&[key(), key()]).unwrap().charge(cents(1), NOW);
    assert_eq!(ledger.snapshot(&key(), NOW).unwrap().spend, cents(1));
}

#[test]
fn a_path_names_the_accounts_that_must_be_loaded_first() {
    let ledger = ledger(&[(key(), cents(5))]);
    let team = id(EntityKind::Team, "t");
    assert_eq!(ledger.path(&[key(), team.clone()]).unwrap_err(), vec![team]);
}

#[test]
fn no_amount_breaks_the_sums() {
    let ledger = ledger(&[(key(), cents(5))]);
    let path = ledger.path(&[key()]).unwrap();
    let huge = Usd::from_pico(i128::MAX);

    let hold = path.try_reserve(Some(huge), NOW).unwrap();
    hold.start().settle(-huge, NOW);
    let after = ledger.snapshot(&key(), NOW).unwrap();
    assert_eq!((after.spend, after.reserved), (Usd::ZERO, Usd::ZERO));

    path.charge(huge, NOW);
    assert!(path.try_reserve(Some(Usd::ZERO), NOW).is_err());
}
