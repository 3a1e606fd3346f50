//! A second run, when either side has changed.

use super::rig::{KEY, OTHER, Rig, at, both, ever, spent, usd};
use crate::domain::{Entity, EntityKind, Usd};
use crate::migrate::Plan;
use crate::store::tests::NOW;
use crate::store::{
    Account, Dimension, KeyRow, Stamp, Store, TOTAL, TeamRow, UsageRow, UserRow, WHOLE,
};

/// Every account and every sum of a day.
async fn sums(store: &Store) -> (Vec<Account>, Vec<(String, Usd, i64)>) {
    let entities = [
        (EntityKind::Key, KEY),
        (EntityKind::User, "u"),
        (EntityKind::Team, "t"),
        (EntityKind::TeamMember, "t/u"),
        (EntityKind::Proxy, ""),
    ];
    let entities = entities.map(|(kind, id)| Entity::new(kind, id));
    let mut accounts = store.accounts(&entities).await.unwrap();
    accounts.sort_by_key(|it| (it.entity.clone(), it.span.clone()));
    let of_keys = ever(EntityKind::Key);
    let days = store.usage(&of_keys, &[Dimension::Entity]).await.unwrap();
    let days = days.into_iter();
    let days = days.map(|it| (it.values[0].clone(), it.sums.spent, it.sums.requests));
    (accounts, days.collect())
}

/// What the usage pages of every kind of holder show, in every detail.
async fn usage_pages(store: &Store) -> Vec<Vec<UsageRow>> {
    let by = [
        Dimension::Day,
        Dimension::Entity,
        Dimension::Key,
        Dimension::ModelGroup,
        Dimension::Model,
        Dimension::Provider,
        Dimension::Operation,
    ];
    let kinds = [
        EntityKind::Proxy,
        EntityKind::Key,
        EntityKind::User,
        EntityKind::Team,
        EntityKind::Organization,
        EntityKind::EndUser,
        EntityKind::Tag,
    ];
    let mut pages = Vec::new();
    for kind in kinds {
        pages.push(store.usage(&ever(kind), &by).await.unwrap());
    }
    pages
}

/// What a gateway books for a call of the key.
async fn call_here(store: &Store, dollars: f64) {
    let payers = [
        Entity::new(EntityKind::Key, KEY),
        Entity::new(EntityKind::Proxy, ""),
    ];
    let id = format!("call-{}", rand::random::<u64>());
    let row = crate::store::tests::call(&id, Some(usd(dollars)), &payers);
    store.settle(&[row]).await.unwrap();
}

async fn block(store: &Store, id: &str) {
    let mut change = store.change(NOW).await.unwrap();
    let mut row: KeyRow = change.need(id).await.unwrap();
    row.blocked = true;
    change.update(&row).await.unwrap();
    change.commit().await.unwrap();
}

both! {
    async fn nothing_is_doubled(rig: Rig) {
        let first = rig.run().await;
        let store = rig.store().await;
        let before = sums(&store).await;
        store.close().await;
        let second = rig.run().await;
        let store = rig.store().await;
        assert_eq!(sums(&store).await, before);
        store.close().await;
        assert!(first.total("made") > 15);
        assert_eq!((second.total("made"), second.total("updated")), (0, 0));
        assert_eq!(second.total("conflict") + second.total("deleted"), 0);
        rig.remove().await;
    }

    async fn the_log_of_calls_changes_no_usage_page(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let (before, pages) = (sums(&store).await, usage_pages(&store).await);
        assert!(pages.iter().any(|it| !it.is_empty()));
        store.close().await;
        let plan = Plan { spend_logs: true, ..rig.plan() };
        for run in ["made", "same"] {
            let said = rig.run_with(&plan).await;
            assert!(said.done.is_ok(), "{:?}", said.done);
            assert_eq!(said.count("LiteLLM_SpendLogs", run), 1);
            let store = rig.store().await;
            assert_eq!(sums(&store).await, before, "{run}");
            assert_eq!(usage_pages(&store).await, pages, "{run}");
            store.close().await;
        }
        rig.remove().await;
    }

    async fn spend_of_both_sides_is_added_up(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        call_here(&store, 0.02).await;
        store.close().await;
        rig.source.run(
            r#"UPDATE "LiteLLM_VerificationToken" SET spend = 0.15, total_spend = 0.9;
               UPDATE "LiteLLM_DailyUserSpend" SET spend = 0.3, api_requests = 3 WHERE id = '1'"#,
        ).await;
        let second = rig.run().await;
        assert_eq!(second.fate("LiteLLM_VerificationToken", KEY), "same");
        let store = rig.store().await;
        let (window, total) = (
            spent(&store, EntityKind::Key, KEY, WHOLE).await.unwrap(),
            spent(&store, EntityKind::Key, KEY, TOTAL).await.unwrap(),
        );
        assert_eq!(window, (0.17, at("2027-01-01T00:00:00")));
        assert_eq!(total, (0.92, None));
        // 0.3 and 0.15 there, 0.02 here.
        let (_, days) = sums(&store).await;
        let key = days.iter().find(|it| it.0 == KEY).unwrap();
        assert_eq!((key.1, key.2), (usd(0.47), 5));
        store.close().await;
        rig.remove().await;
    }

    async fn a_window_that_litellm_began_anew_begins_anew(rig: Rig) {
        rig.run().await;
        rig.source.run(
            r#"UPDATE "LiteLLM_VerificationToken" SET spend = 0.01,
               budget_reset_at = '2027-01-02'"#,
        ).await;
        rig.run().await;
        let store = rig.store().await;
        let window = spent(&store, EntityKind::Key, KEY, WHOLE).await;
        assert_eq!(window, Some((0.01, at("2027-01-02T00:00:00"))));
        store.close().await;
        rig.remove().await;
    }

    async fn what_changed_at_the_source_is_updated(rig: Rig) {
        rig.run().await;
        rig.source.run(
            r#"UPDATE "LiteLLM_VerificationToken" SET rpm_limit = 7;
               UPDATE "LiteLLM_TeamTable" SET members_with_roles =
                   '[{"role": "user", "user_id": "u"}]'"#,
        ).await;
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "updated");
        assert_eq!(said.fate("LiteLLM_TeamTable", "t"), "same");
        assert_eq!(said.fate("LiteLLM_TeamMembership", "t/u"), "updated");
        assert_eq!(said.fate("LiteLLM_TeamMembership", "t/guest"), "deleted");
        let store = rig.store().await;
        let key: KeyRow = store.get(KEY).await.unwrap().unwrap();
        assert_eq!(key.doc.limits.rpm_limit, Some(7));
        store.close().await;
        rig.remove().await;
    }

    async fn what_changed_here_is_never_overwritten_unasked(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        block(&store, KEY).await;
        store.close().await;
        let kept = rig.run().await;
        assert_eq!(kept.fate("LiteLLM_VerificationToken", KEY), "kept");
        rig.source.run(r#"UPDATE "LiteLLM_VerificationToken" SET rpm_limit = 7"#).await;
        for _ in 0..2 {
            let said = rig.run().await;
            let line = said.of("LiteLLM_VerificationToken", KEY);
            assert_eq!(line["fate"], "conflict");
            assert!(line["notes"].to_string().contains("--overwrite"), "{line}");
        }
        let store = rig.store().await;
        let key: KeyRow = store.get(KEY).await.unwrap().unwrap();
        assert_eq!((key.blocked, key.doc.limits.rpm_limit), (true, Some(60)));
        store.close().await;
        let said = rig.run_with(&Plan { overwrite: true, ..rig.plan() }).await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "updated");
        let store = rig.store().await;
        let key: KeyRow = store.get(KEY).await.unwrap().unwrap();
        assert_eq!((key.blocked, key.doc.limits.rpm_limit), (false, Some(7)));
        store.close().await;
        rig.remove().await;
    }

    async fn what_was_deleted_here_stays_away(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let mut change = store.change(NOW).await.unwrap();
        change.delete::<KeyRow>(&[KEY.to_owned(), OTHER.to_owned()]).await.unwrap();
        change.delete::<TeamRow>(&["gone".to_owned()]).await.unwrap();
        change.commit().await.unwrap();
        store.close().await;
        // A new key of the team that is gone: without the team it would have more rights.
        let new = "f".repeat(64);
        rig.source.run(&format!(
            r#"INSERT INTO "LiteLLM_VerificationToken" (token, team_id) VALUES ('{new}', 'gone')"#
        )).await;
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "deleted_here");
        let line = said.of("LiteLLM_VerificationToken", &new);
        assert_eq!(line["fate"], "left_out");
        assert!(line["notes"][0].as_str().unwrap().contains("`gone`"), "{line}");
        let store = rig.store().await;
        assert_eq!(store.get::<KeyRow>(KEY).await.unwrap(), None);
        assert_eq!(spent(&store, EntityKind::Key, KEY, WHOLE).await, None);
        store.close().await;
        rig.remove().await;
    }

    async fn what_was_deleted_at_the_source_goes_unless_it_is_used_here(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let mut change = store.change(NOW).await.unwrap();
        let own = KeyRow {
            id: "own".to_owned(),
            user_id: Some("nobody".to_owned()),
            stamp: Stamp::new(NOW, "admin"),
            ..KeyRow::default()
        };
        change.insert(&own).await.unwrap();
        change.commit().await.unwrap();
        store.close().await;
        rig.source.run(&format!(
            r#"DELETE FROM "LiteLLM_VerificationToken" WHERE token <> '{KEY}';
               DELETE FROM "LiteLLM_ProxyModelTable""#
        )).await;
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", OTHER), "deleted");
        assert_eq!(said.fate("LiteLLM_ProxyModelTable", "m"), "deleted");
        assert_eq!(said.fate("LiteLLM_TeamTable", "gone"), "deleted");
        assert_eq!(said.fate("LiteLLM_UserTable", "nobody"), "kept");
        let store = rig.store().await;
        assert!(store.get::<UserRow>("nobody").await.unwrap().is_some());
        assert!(store.get::<KeyRow>(OTHER).await.unwrap().is_none());
        store.close().await;
        rig.remove().await;
    }

    async fn what_was_here_before_the_first_run_is_left_alone(rig: Rig) {
        let store = rig.store().await;
        let mut change = store.change(NOW).await.unwrap();
        let own = UserRow {
            id: "u".to_owned(),
            email: Some("own@example.com".to_owned()),
            stamp: Stamp::new(NOW, "admin"),
            ..UserRow::default()
        };
        change.insert(&own).await.unwrap();
        change.commit().await.unwrap();
        store.close().await;
        for _ in 0..2 {
            let said = rig.run().await;
            assert_eq!(said.fate("LiteLLM_UserTable", "u"), "taken");
        }
        let store = rig.store().await;
        let user: UserRow = store.get("u").await.unwrap().unwrap();
        assert_eq!(user.email.as_deref(), Some("own@example.com"));
        assert_eq!(spent(&store, EntityKind::User, "u", WHOLE).await, None);
        store.close().await;
        rig.remove().await;
    }
}
