use serde_json::json;

use super::both;
use crate::domain::Usd;
use crate::store::tests::NOW;
use crate::store::{
    AuditEntry, AuditFilter, BudgetRow, Changed, Filter, KeyDoc, KeyRow, Query, Stamp, Store,
    StoreError, TeamMemberRow, TeamRow, UserRow, Value, member_id,
};

fn team(id: &str) -> TeamRow {
    TeamRow {
        id: id.to_owned(),
        stamp: Stamp::new(NOW, "admin"),
        ..TeamRow::default()
    }
}

fn user(id: &str) -> UserRow {
    UserRow {
        id: id.to_owned(),
        stamp: Stamp::new(NOW, "admin"),
        ..UserRow::default()
    }
}

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.to_owned(),
        name: "sk-...abcd".to_owned(),
        stamp: Stamp::new(NOW, "admin"),
        ..KeyRow::default()
    }
}

async fn keys(store: &Store, query: Query) -> Vec<String> {
    let page = store.list::<KeyRow>(&query).await.unwrap();
    page.rows.into_iter().map(|it| it.id).collect()
}

both! {
    async fn a_key_reads_back_as_it_was_written(store: &Store) {
        let mut row = key("hash");
        row.alias = Some("ci \"bot\" 🚀".to_owned());
        row.team_id = Some("t".to_owned());
        row.max_budget = Usd::from_dollars(1e9);
        row.blocked = true;
        row.expires_at = Some(i64::MAX);
        row.doc.limits.soft_budget = Usd::from_dollars(0.000_001);
        row.doc.limits.rpm_limit = Some(7);
        row.doc.models = vec!["gpt-4o".to_owned()];
        row.doc.rest = json!({"object_permission": {"a": [1, null, 2.5]}, "agent_id": null})
            .as_object().cloned().unwrap();
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&team("t")).await.unwrap();
        change.insert(&row).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(store.get::<KeyRow>("hash").await.unwrap(), Some(row));
        assert_eq!(store.get::<KeyRow>("other").await.unwrap(), None);
    }

    async fn what_is_not_committed_never_happened(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&team("t")).await.unwrap();
        drop(change);
        assert_eq!(store.get::<TeamRow>("t").await.unwrap(), None);
        assert_eq!(store.latest_change().await.unwrap(), 0);
    }

    async fn a_taken_alias_is_named(store: &Store) {
        let mut first = key("a");
        first.alias = Some("mine".to_owned());
        let second = KeyRow { id: "b".to_owned(), ..first.clone() };
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&first).await.unwrap();
        let refused = change.insert(&second).await.unwrap_err();
        assert_eq!(refused.to_string(), "alias is taken already by another key");
        drop(change);
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&key("a")).await.unwrap();
        let refused = change.insert(&key("a")).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Duplicate { field, .. } if field == "id"), "{refused}");
    }

    async fn a_member_is_in_a_team_once(store: &Store) {
        let member = TeamMemberRow {
            id: member_id("t", "u"),
            team_id: "t".to_owned(),
            user_id: "u".to_owned(),
            role: "user".to_owned(),
            ..TeamMemberRow::default()
        };
        let again = TeamMemberRow { id: "other".to_owned(), ..member.clone() };
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&team("t")).await.unwrap();
        change.insert(&user("u")).await.unwrap();
        change.insert(&member).await.unwrap();
        let refused = change.insert(&again).await.unwrap_err();
        assert_eq!(refused.to_string(), "user_id is taken already by another team_member");
    }

    async fn an_unknown_team_is_named_and_not_made(store: &Store) {
        let mut row = key("a");
        row.team_id = Some("nobody".to_owned());
        let mut change = store.change(NOW).await.unwrap();
        let refused = change.insert(&row).await.unwrap_err();
        assert_eq!(refused.to_string(), "team_id `nobody` does not exist");
        change.insert(&key("b")).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(keys(store, Query::new()).await, ["b"]);
    }

    async fn what_others_name_is_not_deleted(store: &Store) {
        let mut row = key("a");
        row.team_id = Some("t".to_owned());
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&team("t")).await.unwrap();
        change.insert(&row).await.unwrap();
        change.commit().await.unwrap();
        let ids = ["t".to_owned()];
        let mut change = store.change(NOW).await.unwrap();
        let refused = change.delete::<TeamRow>(&ids).await.unwrap_err();
        assert!(matches!(refused, StoreError::InUse { entity: "team" }), "{refused}");
        drop(change);
        let mut change = store.change(NOW).await.unwrap();
        let gone = change.delete::<KeyRow>(&["a".to_owned(), "none".to_owned()]).await.unwrap();
        assert_eq!(gone, ["a"]);
        assert_eq!(change.delete::<TeamRow>(&ids).await.unwrap(), ["t"]);
        change.commit().await.unwrap();
    }

    async fn updating_what_is_not_there_is_refused(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        let refused = change.update(&key("a")).await.unwrap_err();
        assert_eq!(refused.to_string(), "there is no key `a`");
        let refused = change.need::<TeamRow>("t").await.unwrap_err();
        assert_eq!(refused.to_string(), "there is no team `t`");
    }

    async fn an_update_replaces_and_a_put_does_either(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.put(&key("a")).await.unwrap();
        let mut row = change.need::<KeyRow>("a").await.unwrap();
        row.alias = Some("named".to_owned());
        row.stamp.touch(NOW + 1, "somebody");
        change.update(&row).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(store.get::<KeyRow>("a").await.unwrap(), Some(row.clone()));
        row.doc = KeyDoc { models: vec!["m".to_owned()], ..KeyDoc::default() };
        let mut change = store.change(NOW).await.unwrap();
        change.put(&row).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(store.get::<KeyRow>("a").await.unwrap(), Some(row));
    }

    async fn lists_filter_sort_and_page(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&team("t")).await.unwrap();
        let rows: Vec<KeyRow> = (0..5i32).map(|n| KeyRow {
            alias: Some(format!("Key_{n}%")),
            team_id: (n % 2 == 0).then(|| "t".to_owned()),
            max_budget: (n > 0).then(|| Usd::from_dollars(f64::from(n) / 10.0).unwrap()),
            ..key(&n.to_string())
        }).collect();
        change.insert_all(&rows).await.unwrap();
        change.commit().await.unwrap();

        let page = store.list::<KeyRow>(&Query::new().sorted("id", false).page(2, 2)).await.unwrap();
        assert_eq!((page.total, page.rows.len(), page.rows[0].id.as_str()), (5, 2, "2"));
        let by_id = || Query::new().sorted("id", false);
        assert_eq!(keys(store, by_id().is("team_id", "t")).await, ["0", "2", "4"]);
        let contains = Filter::Contains("alias", "y_3%".to_owned());
        assert_eq!(keys(store, by_id().with(contains)).await, ["3"]);
        let either = Filter::Any(vec![
            Filter::In("id", vec![Value::from("1"), Value::from("2")]),
            Filter::IsNull("max_budget_usd"),
        ]);
        assert_eq!(keys(store, by_id().with(either)).await, ["0", "1", "2"]);
        assert_eq!(keys(store, by_id().with(Filter::In("id", Vec::new()))).await, [""; 0]);
        // What has no budget comes last.
        assert_eq!(keys(store, Query::new().sorted("max_budget", true)).await, ["4", "3", "2", "1", "0"]);
        assert_eq!(keys(store, Query::new().sorted("max_budget", false)).await, ["1", "2", "3", "4", "0"]);
        let wrong = store.list::<KeyRow>(&Query::new().sorted("doc; DROP TABLE keys", true)).await;
        assert!(matches!(wrong, Err(StoreError::UnknownColumn { .. })));
        let wrong = store.list::<KeyRow>(&Query::new().is("1=1 OR id", "")).await;
        assert!(matches!(wrong, Err(StoreError::UnknownColumn { .. })));
    }

    async fn each_change_is_told_to_replicas(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&BudgetRow { id: "b".to_owned(), ..BudgetRow::default() }).await.unwrap();
        change.insert(&key("k")).await.unwrap();
        change.commit().await.unwrap();
        let mut change = store.change(NOW + 10).await.unwrap();
        change.delete::<KeyRow>(&["k".to_owned()]).await.unwrap();
        change.commit().await.unwrap();
        let Changed::These(all) = store.changes_after(0, 100).await.unwrap() else {
            panic!("some are missing");
        };
        let told: Vec<_> = all.iter().map(|it| (it.seq, it.kind.as_str(), it.id.as_str())).collect();
        assert_eq!(told, [(1, "budget", "b"), (2, "key", "k"), (3, "key", "k")]);
        assert_eq!(store.changes_after(3, 100).await.unwrap(), Changed::These(Vec::new()));

        assert_eq!(store.forget_changes(NOW + 5, 1).await.unwrap(), 1);
        assert_eq!(store.forget_changes(NOW + 5, 9).await.unwrap(), 1);
        assert_eq!(store.changes_after(1, 100).await.unwrap(), Changed::Everything { seq: 3 });
        assert_eq!(store.changes_after(9, 100).await.unwrap(), Changed::Everything { seq: 3 });
        assert!(matches!(store.changes_after(2, 100).await.unwrap(), Changed::These(_)));
    }

    async fn the_audit_log_is_paged_and_filtered(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        for (n, action) in [(0, "created"), (1, "updated"), (2, "deleted")] {
            change.audit(AuditEntry {
                at: NOW + n,
                actor: "admin".to_owned(),
                action: action.to_owned(),
                kind: "key".to_owned(),
                id: "k".to_owned(),
                after: Some("{}".to_owned()),
                ..AuditEntry::default()
            });
        }
        change.commit().await.unwrap();
        let log = store.audit_log(&AuditFilter::default(), 2).await.unwrap();
        assert_eq!(log.iter().map(|it| it.0).collect::<Vec<_>>(), [3, 2]);
        let next = AuditFilter { before_seq: Some(2), ..AuditFilter::default() };
        assert_eq!(store.audit_log(&next, 2).await.unwrap()[0].1.action, "created");
        let by = AuditFilter { action: Some("updated".to_owned()), from_ms: Some(NOW), ..AuditFilter::default() };
        assert_eq!(store.audit_log(&by, 9).await.unwrap().len(), 1);
    }
}
