use super::spend::call;
use super::{NOW, both};
use crate::domain::{Entity, EntityKind, Secret, Usd};
use crate::store::{
    AuditFilter, BudgetRow, ConfigRow, CredentialRow, Gateway, GuardrailRow, KeyRow, ModelRow,
    OrganizationRow, Query, SaltKey, Sealed, Store, StoreError, TOTAL, TeamMemberRow, TeamRow,
    UserRow, member_id,
};

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.to_owned(),
        alias: Some("alias".to_owned()),
        ..KeyRow::default()
    }
}

fn budget(id: &str) -> BudgetRow {
    BudgetRow {
        id: id.to_owned(),
        max_budget: Usd::from_dollars(1.5),
        ..BudgetRow::default()
    }
}

fn salt(text: &str) -> SaltKey {
    SaltKey::new(&Secret::new(text))
}

both! {
    async fn a_lone_key_has_nobody_behind_it(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&key("a")).await.unwrap();
        change.commit().await.unwrap();
        let holder = store.holder("a", NOW).await.unwrap().unwrap();
        assert_eq!(holder.key, key("a"));
        assert_eq!((holder.team, holder.member, holder.user, holder.organization), (None, None, None, None));
        assert_eq!((holder.key_budget, holder.revoked_at), (None, None));
        assert_eq!(store.holder("b", NOW).await.unwrap(), None);
    }

    async fn one_question_finds_everybody_behind_a_key(store: &Store) {
        let some = |text: &str| Some(text.to_owned());
        let organization = OrganizationRow { id: "o".to_owned(), budget_id: some("ob"), ..OrganizationRow::default() };
        let team = TeamRow {
            id: "t".to_owned(), organization_id: some("o"), budget_id: some("tb"), ..TeamRow::default()
        };
        let user = UserRow { id: "u".to_owned(), budget_id: some("ub"), ..UserRow::default() };
        let member = TeamMemberRow {
            id: member_id("t", "u"), team_id: "t".to_owned(), user_id: "u".to_owned(),
            role: "user".to_owned(), budget_id: some("mb"), ..TeamMemberRow::default()
        };
        let row = KeyRow {
            team_id: some("t"), user_id: some("u"), budget_id: some("kb"), ..key("a")
        };
        let mut change = store.change(NOW).await.unwrap();
        for id in ["kb", "tb", "mb", "ub", "ob"] {
            change.insert(&budget(id)).await.unwrap();
        }
        change.insert(&organization).await.unwrap();
        change.insert(&team).await.unwrap();
        change.insert(&user).await.unwrap();
        change.insert(&member).await.unwrap();
        change.insert(&row).await.unwrap();
        change.commit().await.unwrap();
        let holder = store.holder("a", NOW).await.unwrap().unwrap();
        assert_eq!(holder.key, row);
        assert_eq!(holder.team, Some(team));
        assert_eq!(holder.member, Some(member));
        assert_eq!(holder.user, Some(user));
        assert_eq!(holder.organization, Some(organization));
        let budgets = [
            (holder.key_budget, "kb"), (holder.team_budget, "tb"), (holder.member_budget, "mb"),
            (holder.user_budget, "ub"), (holder.organization_budget, "ob"),
        ];
        for (found, id) in budgets {
            assert_eq!(found, Some(budget(id)));
        }
    }

    async fn a_rotated_key_opens_until_its_grace_ends(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&key("a")).await.unwrap();
        change.commit().await.unwrap();
        let entity = Entity::new(EntityKind::Key, "a");
        store.settle(&[call("c", Usd::from_dollars(0.5), &[entity])]).await.unwrap();
        for (old, new, until) in [("a", "b", NOW + 100), ("b", "c", NOW + 50)] {
            let mut change = store.change(NOW).await.unwrap();
            change.rotate_key(old, &key(new), Some(until)).await.unwrap();
            change.commit().await.unwrap();
        }
        for (hash, now, revoked) in [("c", 0, None), ("a", 99, Some(NOW + 100)), ("b", 49, Some(NOW + 50))] {
            let holder = store.holder(hash, NOW + now).await.unwrap().unwrap();
            assert_eq!((holder.key, holder.revoked_at), (key("c"), revoked), "{hash}");
        }
        assert_eq!(store.holder("a", NOW + 100).await.unwrap(), None);
        assert_eq!(store.holder("b", NOW + 50).await.unwrap(), None);
        let account = store.accounts(&[Entity::new(EntityKind::Key, "c")]).await.unwrap();
        assert_eq!((account[0].span.as_str(), account[0].spent), (TOTAL, Usd::from_dollars(0.5).unwrap()));
        assert_eq!(store.list::<KeyRow>(&Query::new()).await.unwrap().total, 1);
        assert_eq!(store.forget_revoked(NOW + 60).await.unwrap(), 1);
    }

    async fn deleting_a_key_takes_its_old_forms_along(store: &Store) {
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&key("a")).await.unwrap();
        change.rotate_key("a", &key("b"), Some(NOW + 100)).await.unwrap();
        change.delete::<KeyRow>(&["b".to_owned()]).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(store.holder("a", NOW).await.unwrap(), None);
    }

    async fn a_new_salt_key_opens_everything_or_nothing_changes(store: &Store) {
        let old = salt("old");
        let sealed = old.seal_all([("api_key", "sk-1"), ("api_base", "")]).unwrap();
        let mut change = store.change(NOW).await.unwrap();
        change.insert(&CredentialRow { id: "c".to_owned(), sealed: sealed.clone(), ..CredentialRow::default() }).await.unwrap();
        change.insert(&ModelRow { id: "m".to_owned(), sealed: sealed.clone(), ..ModelRow::default() }).await.unwrap();
        change.insert(&GuardrailRow { id: "g".to_owned(), sealed: sealed.clone(), ..GuardrailRow::default() }).await.unwrap();
        change.insert(&ConfigRow { id: "s".to_owned(), sealed: sealed.clone(), ..ConfigRow::default() }).await.unwrap();
        let mut logs = key("k");
        let var = old.seal("s-1").unwrap();
        let entry = serde_json::json!([{"callback_name": "a", "callback_vars": {"key": var, "n": 1}}]);
        logs.doc.metadata.insert("logging".to_owned(), entry.clone());
        change.insert(&logs).await.unwrap();
        let mut team = TeamRow { id: "t".to_owned(), ..TeamRow::default() };
        team.doc.metadata.insert("logging".to_owned(), entry);
        change.insert(&team).await.unwrap();
        change.commit().await.unwrap();

        let refused = store.rotate_salt((&salt("wrong"), &salt("new")), "me", NOW).await.unwrap_err();
        assert!(matches!(refused, StoreError::Undecryptable { .. }), "{refused}");
        let row = store.get::<CredentialRow>("c").await.unwrap().unwrap();
        assert_eq!(row.sealed, sealed);

        let gateway = Gateway { id: "g".to_owned(), host: "here".to_owned(), process: 7 };
        store.gateway_is_here(&gateway).await.unwrap();
        let refused = store.rotate_salt((&old, &salt("new")), "me", NOW).await.unwrap_err();
        assert!(refused.to_string().contains("process 7 on here, seen 0 s ago"), "{refused}");
        assert_eq!(store.get::<CredentialRow>("c").await.unwrap().unwrap().sealed, sealed);
        store.gateway_is_gone(&gateway).await.unwrap();

        assert_eq!(store.rotate_salt((&old, &salt("new")), "me", NOW).await.unwrap(), 10);
        let log = store.audit_log(&AuditFilter::default(), 9).await.unwrap();
        let [(_, entry)] = log.as_slice() else { panic!("{log:?}") };
        assert_eq!((entry.actor.as_str(), entry.action.as_str(), entry.kind.as_str()), ("me", "rotated", "salt_key"));
        assert_eq!(entry.after.as_deref(), Some(r#"{"values":10}"#));
        let row = store.get::<ModelRow>("m").await.unwrap().unwrap();
        let opened = salt("new").open_all(&row.sealed).unwrap();
        assert_eq!(opened["api_key"].reveal(), "sk-1");
        assert!(old.open_all(&row.sealed).is_err());
        let key = store.get::<KeyRow>("k").await.unwrap().unwrap();
        let team = store.get::<TeamRow>("t").await.unwrap().unwrap();
        for metadata in [key.doc.metadata, team.doc.metadata] {
            let vars = &metadata["logging"][0]["callback_vars"];
            let sealed = vars["key"].as_str().unwrap();
            assert_eq!(salt("new").open("key", sealed).unwrap().reveal(), "s-1");
            assert!(old.open("key", sealed).is_err());
            assert_eq!(vars["n"], 1);
        }
    }

    async fn a_text_that_fits_no_index_is_refused(store: &Store) {
        let row = KeyRow { alias: Some("x".repeat(2_000)), ..key("a") };
        let mut change = store.change(NOW).await.unwrap();
        let refused = change.insert(&row).await.unwrap_err();
        assert_eq!(refused.to_string(), "alias of this key is longer than 1024 bytes");
        let sealed = Sealed([("long".to_owned(), "x".repeat(9_000))].into());
        change.insert(&CredentialRow { id: "c".to_owned(), sealed, ..CredentialRow::default() }).await.unwrap();
    }
}
