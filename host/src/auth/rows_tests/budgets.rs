//! Budgets of those who pay beside the key: defaults of the config, increases, access groups.

use std::sync::Arc;

use serde_json::json;

use super::{doc, usd, world};
use crate::auth::{KeySettings, Keys, OwnerRules, Rows as _, Source, StoredKeys};
use crate::domain::{EntityKind, Usd};
use crate::store::{AccessGroupRow, BudgetRow, EndUserRow};

#[tokio::test]
async fn a_customer_without_a_budget_has_the_operators() {
    let world = world().await;
    let rules = OwnerRules {
        end_user_budget: usd(2.0),
        end_user_budget_id: Some("b-default".into()),
        ..OwnerRules::default()
    };
    let keys = Keys::new(
        Some(Arc::new(StoredKeys::new(world.store.clone(), rules))),
        KeySettings::default(),
    );
    let budget = async |id: &str| {
        let payer = keys.payer(EntityKind::EndUser, id).await.unwrap().unwrap();
        let whole = payer.budgets.first().cloned().unwrap();
        (
            whole.max,
            whole.duration,
            payer.limits.first().and_then(|it| it.rpm),
        )
    };
    assert_eq!(budget("new").await, (usd(2.0), None, None));
    let default = BudgetRow {
        id: "b-default".into(),
        max_budget: usd(5.0),
        doc: doc(json!({"budget_duration": "1d", "rpm_limit": 9})),
        ..BudgetRow::default()
    };
    world.put(&default).await;
    keys.changed(&Source::new("budget", "b-default"));
    assert_eq!(budget("new").await, (usd(5.0), Some("1d".into()), Some(9)));
    let own = BudgetRow {
        id: "b-own".into(),
        max_budget: usd(7.0),
        ..BudgetRow::default()
    };
    world.put(&own).await;
    world
        .put(&EndUserRow {
            id: "own".into(),
            budget_id: Some("b-own".into()),
            ..EndUserRow::default()
        })
        .await;
    assert_eq!(budget("own").await, (usd(7.0), None, None));
    world.end().await;
}

#[tokio::test]
async fn a_tag_without_a_budget_has_that_of_the_config() {
    let world = world().await;
    let rules = OwnerRules {
        tag_budgets: [(
            "night".to_owned(),
            (Usd::from_pico(5), Some("1d".to_owned())),
        )]
        .into(),
        ..OwnerRules::default()
    };
    let rows = StoredKeys::new(world.store.clone(), rules);
    let payer = rows.payer(EntityKind::Tag, "night").await.unwrap().unwrap();
    assert_eq!(payer.budgets[0].max, Some(Usd::from_pico(5)));
    assert_eq!(payer.budgets[0].duration.as_deref(), Some("1d"));
    assert_eq!(rows.payer(EntityKind::Tag, "day").await.unwrap(), None);
    world.end().await;
}

#[tokio::test]
async fn a_members_temporary_increase_is_read_from_its_budget() {
    let world = world().await;
    let mut budget: BudgetRow = world.store.get("b-member").await.unwrap().unwrap();
    budget.doc.rest = doc(json!({
        "temp_budget_increase": 4, "temp_budget_expiry": "2026-01-02T00:00:00Z"
    }));
    world.put(&budget).await;
    let grant = world.grant().await;
    let of_member = grant
        .budgets
        .iter()
        .find(|it| it.entity.kind == EntityKind::TeamMember);
    let increase = of_member.unwrap().increase;
    assert_eq!(increase, usd(4.0).zip(Some(1_767_312_000_000)));
    world.end().await;
}

#[tokio::test]
async fn budgets_of_access_groups_are_seen_as_they_change() {
    let world = world().await;
    let keys = world.keys();
    assert_eq!(keys.group_budgets().await.unwrap(), None);
    let budget = BudgetRow {
        id: "b-group".into(),
        max_budget: usd(3.0),
        ..BudgetRow::default()
    };
    world.put(&budget).await;
    let mut group: AccessGroupRow = world.store.get("g1").await.unwrap().unwrap();
    group.doc.rest = doc(json!({"budget_id": "b-group"}));
    world.put(&group).await;
    keys.changed(&Source::new("access_group", "g1"));
    let all = keys.group_budgets().await.unwrap().unwrap();
    let [best] = &all.groups[..] else {
        panic!("{all:?}")
    };
    assert_eq!((&*best.name, best.budgets[0].max), ("best", usd(3.0)));
    assert_eq!(best.budgets[0].entity.kind, EntityKind::AccessGroup);
    world.end().await;
}

#[tokio::test]
async fn a_customers_models_come_with_the_groups_that_they_name() {
    let world = world().await;
    let keys = world.keys();
    let customer = EndUserRow {
        id: "kept".into(),
        doc: doc(json!({"models": ["m", "cheap", "gpt-*"]})),
        ..EndUserRow::default()
    };
    world.put(&customer).await;
    let kept = async || {
        keys.payer(EntityKind::EndUser, "kept")
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(kept().await.models.len(), 3);
    assert!(kept().await.access_groups.is_empty());
    let group = AccessGroupRow {
        id: "g1".into(),
        name: "cheap".into(),
        doc: doc(json!({"models": ["small"]})),
        ..AccessGroupRow::default()
    };
    world.put(&group).await;
    keys.changed(&Source::new("access_group", "g1"));
    let groups = kept().await.access_groups.clone();
    let named = groups.iter().find(|it| &*it.name == "cheap").unwrap();
    assert_eq!(named.models, vec![Arc::<str>::from("small")]);
    world.end().await;
}
