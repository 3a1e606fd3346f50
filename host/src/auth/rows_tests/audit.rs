//! Users and teams that a token makes stand in the audit log; and teams and organisations are found
//! by their aliases. On both engines.

use std::sync::Arc;

use super::{Identity, KeySettings, Keys, NOW, OwnerRules, Rows as _, StoredKeys, usd};
use crate::auth::NewTeam;
use crate::auth::grant::Source;
use crate::domain::EntityKind;
use crate::store::tests::both;
use crate::store::{AuditFilter, Limits, OrganizationRow, Store, TeamRow};

fn row(id: &str, alias: &str) -> TeamRow {
    TeamRow {
        id: id.into(),
        alias: Some(alias.into()),
        ..TeamRow::default()
    }
}

fn remembering(store: &Store) -> Keys {
    let rows = StoredKeys::new(store.clone(), OwnerRules::default());
    Keys::new(Some(Arc::new(rows)), KeySettings::default())
}

both! {
    async fn a_user_made_by_a_token_is_in_the_log_once(store: &Store) {
        let keys = StoredKeys::new(store.clone(), OwnerRules::default());
        keys.add_user("u2", Some("u2@x.example"), NOW).await.unwrap();
        keys.add_user("u2", None, NOW).await.unwrap();
        let log = store.audit_log(&AuditFilter::default(), 10).await.unwrap();
        assert_eq!(log.len(), 1, "the second token makes nobody: {log:?}");
        let entry = &log[0].1;
        assert_eq!((entry.kind.as_str(), entry.id.as_str()), ("user", "u2"));
        assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("created", "u2"));
        assert_eq!((entry.at, &entry.before), (NOW, &None));
        assert!(entry.after.as_ref().unwrap().contains("u2@x.example"));
    }

    async fn a_team_made_by_a_token_has_the_operators_defaults_and_is_in_the_log_once(store: &Store) {
        let rules = OwnerRules {
            new_team: NewTeam {
                max_budget: usd(5.0),
                limits: Limits { budget_duration: Some("30d".into()), ..Limits::default() },
                models: vec!["gpt-4o".into()],
                team_member_permissions: Vec::new(),
            },
            ..OwnerRules::default()
        };
        let keys = StoredKeys::new(store.clone(), rules);
        keys.add_team("t9", "ann", NOW).await.unwrap();
        keys.add_team("t9", "bob", NOW).await.unwrap();
        let made: TeamRow = store.get("t9").await.unwrap().unwrap();
        assert_eq!((made.max_budget, made.stamp.created_by.as_deref()), (usd(5.0), Some("jwt")));
        assert_eq!(made.doc.limits.budget_duration.as_deref(), Some("30d"));
        assert_eq!(made.doc.models, ["gpt-4o"]);
        let log = store.audit_log(&AuditFilter::default(), 10).await.unwrap();
        assert_eq!(log.len(), 1, "the second token makes nothing: {log:?}");
        let entry = &log[0].1;
        assert_eq!((entry.kind.as_str(), entry.id.as_str()), ("team", "t9"));
        assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("created", "ann"));
        assert!(entry.after.as_ref().unwrap().contains("gpt-4o"));
        let who = Identity { team_id: Some("t9".into()), ..Identity::default() };
        let grant = keys.identity(&who, NOW).await.unwrap().unwrap();
        assert_eq!(grant.budgets.len(), 1, "its budget binds from its first call");
    }

    async fn rows_are_found_by_their_alias_and_a_change_is_seen(store: &Store) {
        let keys = remembering(store);
        let of = async |kind, alias: &str| keys.named(kind, alias).await.unwrap();
        let (team, organization) = (EntityKind::Team, EntityKind::Organization);
        assert_eq!(of(team, "Platform").await, [""; 0]);
        let mut change = store.change(NOW).await.unwrap();
        for it in [row("t1", "Platform"), row("t2", "Twins"), row("t3", "Twins"), row("t4", "Twins")] {
            change.insert(&it).await.unwrap();
        }
        let acme = OrganizationRow { id: "o1".into(), alias: Some("Acme".into()), ..OrganizationRow::default() };
        change.insert(&acme).await.unwrap();
        change.commit().await.unwrap();
        keys.changed(&Source::new("team", "t1"));
        assert_eq!(of(team, "Platform").await, ["t1"]);
        assert_eq!(of(team, "platform").await, [""; 0], "names are told apart by case");
        assert_eq!(of(team, "Twins").await.len(), 2, "enough to know that it is not one");
        assert_eq!((of(organization, "Acme").await, of(team, "Acme").await), (vec!["o1".to_owned()], Vec::new()));
        // Another team takes the name over: the old answer is forgotten with the change.
        let mut change = store.change(NOW).await.unwrap();
        change.update(&row("t1", "Old")).await.unwrap();
        change.update(&row("t2", "Platform")).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(of(team, "Platform").await, ["t1"], "it is remembered");
        keys.changed(&Source::new("team", "t2"));
        assert_eq!(of(team, "Platform").await, ["t2"]);
    }
}
