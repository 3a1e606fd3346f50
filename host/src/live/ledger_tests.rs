//! What a config says of budgets reaches the ledger, and changes what it says.

use serde_json::{Value, json};

use super::{Misread, Understood};
use crate::budget::{AccountId, Ledger, Path, Period, Refusal, Standing, Terms};
use crate::config::{Config, Env, Remark, Taken};
use crate::domain::{Entity, EntityKind, Usd};

/// Noon of 14 July 2026, UTC.
const NOON: i64 = 1_784_030_400_000;

const HOUR: i64 = 3_600_000;

const CENT: Usd = Usd::from_pico(Usd::PER_DOLLAR / 100);

fn read(file: &Value) -> Result<Understood, Misread> {
    let (config, _) = Config::parse(&file.to_string(), Env::default()).unwrap();
    Understood::read(&config)
}

fn litellm(section: Value) -> Understood {
    read(&json!({ "litellm_settings": section })).unwrap()
}

/// A key's day of a cent in a ledger of these settings.
fn day(understood: Understood) -> (Ledger, AccountId, Path) {
    let id = AccountId::whole(Entity::new(EntityKind::Key, "k"));
    let terms = Terms {
        max_budget: Some(CENT),
        period: Some("1d".parse().unwrap()),
        ..Terms::default()
    };
    let standing = Standing {
        terms,
        ..Standing::default()
    };
    let ledger = Ledger::new(understood.ledger);
    ledger.load(id.clone(), standing, NOON);
    let path = ledger.path(std::slice::from_ref(&id)).unwrap();
    (ledger, id, path)
}

fn resets_at(section: Value) -> i64 {
    let (ledger, id, _) = day(litellm(section));
    ledger.snapshot(&id, NOON).unwrap().resets_at_ms.unwrap()
}

#[test]
fn a_day_ends_in_the_operators_zone_at_the_operators_time() {
    assert_eq!(resets_at(json!({})), NOON + 12 * HOUR);
    // Two hours ahead of UTC in summer.
    let berlin = json!({"timezone": "Europe/Berlin"});
    assert_eq!(resets_at(berlin), NOON + 10 * HOUR);
    let six = json!({"budget_reset_time": "06:00"});
    assert_eq!(resets_at(six), NOON + 18 * HOUR);
    let both = json!({"timezone": "Europe/Berlin", "budget_reset_time": "06:00:30"});
    assert_eq!(resets_at(both), NOON + 16 * HOUR + 30_000);
}

#[test]
fn what_the_management_api_shows_ends_at_the_same_time() {
    let period: Period = "1d".parse().unwrap();
    let section = json!({"timezone": "Asia/Tokyo", "budget_reset_time": "01:00"});
    let shown = litellm(section.clone()).manage.calendar;
    assert_eq!(shown.next_reset(period, NOON), resets_at(section));
}

#[test]
fn what_exceeded_a_budget_rolls_over_only_where_it_is_asked_for() {
    for (section, spend) in [
        (json!({}), Usd::ZERO),
        (json!({"budget_rollover": false}), Usd::ZERO),
        (json!({"budget_rollover": true}), CENT),
    ] {
        let (ledger, id, path) = day(litellm(section.clone()));
        path.charge(CENT + CENT, NOON);
        let next = ledger.snapshot(&id, NOON + 24 * HOUR).unwrap();
        assert_eq!(next.spend, spend, "{section}");
    }
}

#[test]
fn an_unknown_price_goes_only_where_it_is_allowed() {
    for (section, goes) in [
        (json!({}), false),
        (json!({"allow_unknown_prices": false}), false),
        (json!({"allow_unknown_prices": true}), true),
    ] {
        let (_ledger, _, path) = day(litellm(section.clone()));
        match path.try_reserve(None, NOON) {
            Ok(_) => assert!(goes, "{section}"),
            Err(refusal) => {
                assert!(
                    !goes && matches!(refusal, Refusal::UnknownPrice(_)),
                    "{section}"
                );
            }
        }
    }
}

#[test]
fn reservations_and_budgets_that_cannot_be_read_are_the_operators_choice() {
    let of = |general: Value| {
        let accounting = read(&json!({ "general_settings": general }))
            .unwrap()
            .accounting;
        (accounting.reserves, accounting.goes_without_accounts)
    };
    assert_eq!(of(json!({})), (true, false));
    assert_eq!(
        of(json!({"disable_budget_reservation": true})),
        (false, false)
    );
    assert_eq!(
        of(json!({"disable_budget_reservation": "false"})),
        (true, false)
    );
    let open = json!({"allow_requests_on_db_unavailable": true});
    assert_eq!(of(open), (true, true));
    let closed = json!({
        "allow_requests_on_db_unavailable": true, "fail_closed_budget_enforcement": true
    });
    assert_eq!(of(closed), (true, false));
    // By itself it changes nothing: without a database no call goes anyway.
    assert_eq!(
        of(json!({"fail_closed_budget_enforcement": true})),
        (true, false)
    );
}

#[test]
fn a_time_that_there_is_not_is_refused_by_its_key() {
    for (name, value) in [
        ("timezone", "Nowhere/Atlantis"),
        ("timezone", ""),
        ("budget_reset_time", "25:00"),
        ("budget_reset_time", "noon"),
    ] {
        let why = read(&json!({"litellm_settings": { name: value }}))
            .err()
            .unwrap();
        assert_eq!(why.path, format!("litellm_settings.{name}"));
        assert!(why.what.contains(&format!("`{value}`")), "{}", why.what);
    }
}

#[test]
fn a_switch_that_is_neither_on_nor_off_is_refused_by_its_key() {
    for (section, name) in [
        ("litellm_settings", "budget_rollover"),
        ("litellm_settings", "allow_unknown_prices"),
        ("general_settings", "disable_budget_reservation"),
        ("general_settings", "fail_closed_budget_enforcement"),
    ] {
        for value in [json!("perhaps"), json!(2), json!(["true"])] {
            let file = json!({ section: { name: value } });
            let (_, remarks) = Config::parse(&file.to_string(), Env::default()).unwrap();
            let path = format!("{section}.{name}");
            let refused = |it: &Remark| it.path == path && it.taken == Taken::Wrong;
            assert!(remarks.iter().any(refused), "{file}: {remarks:?}");
        }
    }
}

#[test]
fn what_teams_have_that_a_token_makes_is_read_whole_or_refused() {
    let of = |params: Value| {
        let read = read(&json!({"litellm_settings": {"default_team_params": params}}));
        read.map(|it| it.owners.new_team)
    };
    let team = of(json!({
        "max_budget": 0.01, "budget_duration": "30d", "models": ["m"], "tpm_limit": 7,
        "team_member_permissions": ["/key/info"], "rpm_limit": null
    }));
    let team = team.unwrap();
    assert_eq!(
        (team.max_budget, team.limits.tpm_limit),
        (Some(CENT), Some(7))
    );
    assert_eq!(team.limits.budget_duration.as_deref(), Some("30d"));
    assert_eq!(
        (&*team.models, &*team.team_member_permissions),
        (&["m".to_owned()][..], &["/key/info".to_owned()][..])
    );
    for wrong in [
        json!({"budget_duration": "often"}),
        json!({"models": "m"}),
        json!({"max_budget": "many"}),
        json!({"max_budget": -1}),
    ] {
        let why = of(wrong).err().unwrap();
        assert_eq!(why.path, "litellm_settings.default_team_params");
    }
}

#[test]
fn what_users_have_who_are_made_has_a_budget_in_dollars_or_none() {
    let of = |params: Value| {
        let read = read(&json!({"litellm_settings": {"default_internal_user_params": params}}));
        read.map(|it| it.owners.new_user_budget)
    };
    assert_eq!(of(json!({"max_budget": 0.01})).unwrap(), Some(CENT));
    assert_eq!(of(json!({"max_budget": "0.01"})).unwrap(), Some(CENT));
    assert_eq!(of(json!({"max_budget": null})).unwrap(), None);
    for wrong in [
        json!({"max_budget": "many"}),
        json!({"max_budget": -1}),
        json!({"max_budget": [1]}),
    ] {
        let why = of(wrong).err().unwrap();
        assert_eq!(why.path, "litellm_settings.default_internal_user_params");
        assert!(why.what.contains("`max_budget`"), "{}", why.what);
    }
}
