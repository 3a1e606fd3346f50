//! Usage pages and logs, by the questions that the reports ask.

use sluice::domain::{CallStatus, EntityKind};
use sluice::store::{Dimension, SpendFilter, SpendPlace, Store, UsageFilter, day_of};

use super::holders::Holder;
use super::{calls, line, median, now_ms};

/// Groups of an answer.
const MOST: u32 = 10_000;

fn of(kind: EntityKind, ids: &[&str], days: i64) -> UsageFilter {
    let today = day_of(now_ms());
    UsageFilter {
        kind,
        ids: ids.iter().map(|it| (*it).to_owned()).collect(),
        except: Vec::new(),
        from_day: today - days,
        until_day: today,
        only: Vec::new(),
    }
}

pub async fn sums(store: &Store) {
    use Dimension::{Day, Entity, Key, Model, ModelGroup, Operation, Provider};
    let models = [Day, ModelGroup, Model, Provider, Operation];
    let asked: [(&str, UsageFilter, &[Dimension]); 16] = [
        ("all, in one sum", of(EntityKind::Proxy, &[], 30), &[]),
        ("all by day", of(EntityKind::Proxy, &[], 30), &[Day]),
        (
            "all by day, 100 days",
            of(EntityKind::Proxy, &[], calls::DAYS),
            &[Day],
        ),
        ("all by model", of(EntityKind::Proxy, &[], 30), &models),
        ("all by key", of(EntityKind::Proxy, &[], 30), &[Key]),
        (
            "all by day and key",
            of(EntityKind::Proxy, &[], 10),
            &[Day, Key],
        ),
        (
            "users by day and key",
            of(EntityKind::User, &[], 10),
            &[Day, Entity, Key],
        ),
        ("teams by day", of(EntityKind::Team, &[], 30), &[Day]),
        (
            "teams by day and key",
            of(EntityKind::Team, &[], 30),
            &[Day, Entity, Key],
        ),
        (
            "a team by day",
            of(EntityKind::Team, &["team-1"], 30),
            &[Day],
        ),
        (
            "a team by model",
            of(EntityKind::Team, &["team-1"], 30),
            &models,
        ),
        (
            "organisations by day",
            of(EntityKind::Organization, &[], 30),
            &[Day],
        ),
        ("customers", of(EntityKind::EndUser, &[], 30), &[Entity]),
        ("tags", of(EntityKind::Tag, &[], 30), &[Entity]),
        (
            "tags that there ever were",
            of(EntityKind::Tag, &[], calls::DAYS),
            &[Entity],
        ),
        (
            "providers by day",
            of(EntityKind::Provider, &[], 30),
            &[Day],
        ),
    ];
    for (what, filter, by) in asked {
        let ms = median(async || store.usage_top(&filter, by, MOST).await.unwrap()).await;
        line(&format!("usage of {what}"), ms);
    }
}

pub async fn rows(store: &Store, holders: &[Holder]) {
    let day = 86_400_000;
    let now = now_ms();
    let month = || SpendFilter {
        from_ms: Some(now - 30 * day),
        until_ms: Some(now),
        ..SpendFilter::default()
    };
    let some = |text: &str| Some(text.to_owned());
    let it = &holders[holders.len() / 2];
    let teams = (0..5).map(|n| format!("team-{n}")).collect();
    let first = store.spend_rows(&month(), None, 1).await.unwrap();
    let first = &first[0];
    let filters = [
        ("of a month", month()),
        (
            "of a key",
            SpendFilter {
                key_hash: some(&it.hash),
                ..month()
            },
        ),
        (
            "of a user",
            SpendFilter {
                user_id: some(&it.user),
                ..month()
            },
        ),
        (
            "of a team",
            SpendFilter {
                team_ids: vec![it.team.clone()],
                ..month()
            },
        ),
        (
            "of five teams",
            SpendFilter {
                team_ids: teams,
                ..month()
            },
        ),
        (
            "of an organisation",
            SpendFilter {
                organization_id: some(&it.organization),
                ..month()
            },
        ),
        (
            "of a customer",
            SpendFilter {
                end_user: some("customer-77"),
                ..month()
            },
        ),
        (
            "of our id",
            SpendFilter {
                request_id: some(&first.call_id),
                ..SpendFilter::default()
            },
        ),
        (
            "of a provider's id",
            SpendFilter {
                request_id: first.provider_id.clone(),
                ..SpendFilter::default()
            },
        ),
        (
            "of a model group",
            SpendFilter {
                model_group: some("gpt-4o"),
                ..month()
            },
        ),
        (
            "of a model group that there is not",
            SpendFilter {
                model_group: some("gpt-5"),
                ..month()
            },
        ),
        (
            "of a tag",
            SpendFilter {
                tag: some("tag-3"),
                ..month()
            },
        ),
        (
            "that failed",
            SpendFilter {
                status: Some(CallStatus::Failure),
                ..month()
            },
        ),
        (
            "that were cut off",
            SpendFilter {
                status: Some(CallStatus::Interrupted),
                ..month()
            },
        ),
    ];
    for (what, filter) in filters {
        let ms = median(async || store.spend_rows(&filter, None, 50).await.unwrap()).await;
        line(&format!("50 calls {what}"), ms);
        let ms = median(async || store.count_spend_rows(&filter, MOST).await.unwrap()).await;
        line(&format!("calls {what}, counted to {MOST}"), ms);
    }
    let middle = SpendPlace {
        started_ms: now - 50 * day,
        call_id: String::new(),
    };
    let all = SpendFilter::default();
    let after = async || store.spend_rows(&all, Some(&middle), 50).await.unwrap();
    line("50 calls after a cursor in the middle", median(after).await);
    let far = async || store.spend_rows_at(&all, 100_000, 50).await.unwrap();
    line(
        "50 calls after 100,000 others, by number of the page",
        median(far).await,
    );
    let named = SpendFilter {
        request_id: Some(first.call_id.clone()),
        ..SpendFilter::default()
    };
    let one = async || store.spend_rows(&named, None, 1).await.unwrap();
    line("one call", median(one).await);
}
