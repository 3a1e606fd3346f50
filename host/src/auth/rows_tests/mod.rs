//! Grants of a real store: what is read, what follows a change, how a rotation ends.

mod audit;
mod budgets;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    BudgetWindow, Grant, Identity, KeySettings, Keys, OwnerRules, Role, Rows, Source, StoredKeys,
    hash_key,
};
use crate::domain::{EntityKind, Usd};
use crate::store::{
    AccessGroupRow, Address, BudgetRow, EndUserRow, KeyRow, OrganizationMemberRow, OrganizationRow,
    Record, Store, TeamMemberRow, TeamRow, UserRow, member_id,
};

const NOW: i64 = 1_790_000_000_000;
const KEY: &str = "sk-stored-0123456789";

struct World {
    store: Store,
    folder: tempfile::TempDir,
}

fn doc<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn usd(dollars: f64) -> Option<Usd> {
    Usd::from_dollars(dollars)
}

fn key_row() -> KeyRow {
    KeyRow {
        id: hash_key(KEY).as_str().into(),
        name: "sk-...6789".into(),
        alias: Some("ci".into()),
        user_id: Some("u1".into()),
        team_id: Some("t1".into()),
        max_budget: usd(10.0),
        doc: doc(json!({
            "models": ["gpt-4o"], "rpm_limit": 5, "access_group_ids": ["g1"],
            "aliases": {"fast": "gpt-4o"}, "key_type": "llm_api", "tags": ["of-key"],
            "metadata": {"tags": ["a"], "guardrails": ["pii"], "allowed_ips": ["10.0.0.0/8"]}
        })),
        ..KeyRow::default()
    }
}

/// A key of a user in a team in an organisation, each with something of its own.
async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::file(folder.path().join("keys.db"));
    let store = Store::open(&address, NOW).await.unwrap();
    let mut change = store.change(NOW).await.unwrap();
    let budget = |id: &str, max, value| BudgetRow {
        id: id.into(),
        max_budget: usd(max),
        doc: doc(value),
        ..BudgetRow::default()
    };
    let member_budget = json!({"tpm_limit": 70, "allowed_models": ["gpt-4o"]});
    let all = [
        budget("b-org", 100.0, json!({"budget_duration": "30d"})),
        budget("b-member", 1.0, member_budget),
    ];
    change.insert_all(&all).await.unwrap();
    let organization = OrganizationRow {
        id: "o1".into(),
        budget_id: Some("b-org".into()),
        ..OrganizationRow::default()
    };
    change.insert(&organization).await.unwrap();
    let user = UserRow {
        id: "u1".into(),
        role: Some("internal_user".into()),
        max_budget: usd(3.0),
        ..UserRow::default()
    };
    change.insert(&user).await.unwrap();
    let team = TeamRow {
        id: "t1".into(),
        organization_id: Some("o1".into()),
        doc: doc(json!({
            "team_member_permissions": ["/key/generate"], "tpm_limit": 1000,
            "metadata": {"tags": ["a", "of-team"]}
        })),
        ..TeamRow::default()
    };
    change.insert(&team).await.unwrap();
    let member = TeamMemberRow {
        id: member_id("t1", "u1"),
        team_id: "t1".into(),
        user_id: "u1".into(),
        role: "admin".into(),
        budget_id: Some("b-member".into()),
        ..TeamMemberRow::default()
    };
    change.insert(&member).await.unwrap();
    let group = AccessGroupRow {
        id: "g1".into(),
        name: "best".into(),
        doc: doc(json!({"models": ["claude"]})),
        ..AccessGroupRow::default()
    };
    change.insert(&group).await.unwrap();
    change.insert(&key_row()).await.unwrap();
    change.commit().await.unwrap();
    World { store, folder }
}

impl World {
    fn rows(&self) -> StoredKeys {
        StoredKeys::new(self.store.clone(), OwnerRules::default())
    }

    fn keys(&self) -> Keys {
        Keys::new(Some(Arc::new(self.rows())), KeySettings::default())
    }

    async fn grant(&self) -> Grant {
        let found = self.rows().grant(&hash_key(KEY), NOW).await.unwrap();
        found.unwrap()
    }

    async fn put<R: Record>(&self, row: &R) {
        let mut change = self.store.change(NOW).await.unwrap();
        change.put(row).await.unwrap();
        change.commit().await.unwrap();
    }

    async fn end(self) {
        self.store.close().await;
        self.folder.close().unwrap();
    }
}

async fn grant_of(keys: &Keys, key: &str) -> Option<Arc<Grant>> {
    keys.grant(&hash_key(key), NOW).await.unwrap()
}

#[tokio::test]
async fn a_key_comes_with_everybody_behind_it() {
    let world = world().await;
    let grant = world.grant().await;
    let key = grant.key.as_ref().unwrap();
    assert_eq!(
        (key.alias.as_deref(), &*key.name),
        (Some("ci"), "sk-...6789")
    );
    assert_eq!(key.key_type, super::KeyType::LlmApi);
    let inside = "10.1.1.1".parse().unwrap();
    assert!(
        key.allowed_ips
            .as_ref()
            .is_some_and(|ips| ips.contain(inside))
    );
    assert_eq!(key.aliases, [("fast".into(), "gpt-4o".into())]);
    assert_eq!(grant.role, Role::InternalUser);
    assert_eq!(&*grant.user.as_ref().unwrap().id, "u1");
    assert_eq!(&*grant.organization.as_ref().unwrap().id, "o1");
    assert!(grant.member.as_ref().is_some_and(|it| it.models.len() == 1));
    assert_eq!(grant.tags, ["a", "of-key", "of-team"].map(Arc::<str>::from));
    assert_eq!(grant.guardrails, ["pii"].map(Arc::<str>::from));
    assert!(grant.access_groups.iter().any(|it| &*it.name == "best"));
    world.end().await;
}

#[tokio::test]
async fn an_access_group_is_found_by_the_name_that_a_model_list_has_also_when_it_comes_later() {
    let world = world().await;
    let keys = world.keys();
    keys.poll().await.unwrap();
    let holds = |grant: &Grant, name: &str| grant.access_groups.iter().any(|it| &*it.name == name);
    let mut key = key_row();
    key.doc.models = vec!["late".into(), "all-team-models".into(), "openai/*".into()];
    world.put(&key).await;
    let mut team: TeamRow = world.store.get("t1").await.unwrap().unwrap();
    team.doc.models = vec!["of-team".into()];
    world.put(&team).await;
    keys.poll().await.unwrap();
    let before = grant_of(&keys, KEY).await.unwrap();
    assert!(!holds(&before, "late") && !holds(&before, "of-team"));
    for (id, name) in [("g2", "late"), ("g3", "of-team")] {
        let group = AccessGroupRow {
            id: id.into(),
            name: name.into(),
            doc: doc(json!({"models": ["claude"]})),
            ..AccessGroupRow::default()
        };
        world.put(&group).await;
    }
    keys.poll().await.unwrap();
    let grant = grant_of(&keys, KEY).await.unwrap();
    assert!(holds(&grant, "late") && holds(&grant, "of-team") && holds(&grant, "best"));
    world.end().await;
}

#[tokio::test]
async fn limits_and_budgets_are_those_of_everyone_on_the_path() {
    let world = world().await;
    let grant = world.grant().await;
    let limits: Vec<_> = grant
        .limits
        .iter()
        .map(|it| (it.entity.kind, it.rpm, it.tpm))
        .collect();
    assert_eq!(
        limits,
        [
            (EntityKind::Key, Some(5), None),
            (EntityKind::Team, None, Some(1000)),
            (EntityKind::TeamMember, None, Some(70)),
        ]
    );
    let budgets = |grant: &Grant| {
        let all = grant.budgets.iter();
        all.map(|it| (it.entity.kind, it.max, it.duration.clone()))
            .collect::<Vec<_>>()
    };
    let mut expected = vec![
        (EntityKind::Key, usd(10.0), None),
        (EntityKind::TeamMember, usd(1.0), None),
        (EntityKind::Organization, usd(100.0), Some("30d".into())),
    ];
    assert_eq!(
        budgets(&grant),
        expected,
        "the user's budget is for personal keys"
    );
    assert!(
        grant
            .budgets
            .iter()
            .all(|it| it.window == BudgetWindow::Whole)
    );
    let rules = OwnerRules {
        user_budget_on_team_keys: true,
        ..OwnerRules::default()
    };
    let rows = StoredKeys::new(world.store.clone(), rules);
    let grant = rows.grant(&hash_key(KEY), NOW).await.unwrap().unwrap();
    expected.insert(2, (EntityKind::User, usd(3.0), None));
    assert_eq!(budgets(&grant), expected);
    world.end().await;
}

#[tokio::test]
async fn a_change_made_by_another_replica_is_seen_by_the_next_poll() {
    let world = world().await;
    let keys = world.keys();
    keys.poll().await.unwrap();
    assert!(grant_of(&keys, KEY).await.is_some());
    let mut team: TeamRow = world.store.get("t1").await.unwrap().unwrap();
    team.blocked = true;
    world.put(&team).await;
    let old = grant_of(&keys, KEY).await.unwrap();
    assert!(!old.team.as_ref().unwrap().blocked, "remembered");
    keys.poll().await.unwrap();
    let new = grant_of(&keys, KEY).await.unwrap();
    assert!(new.team.as_ref().unwrap().blocked);
    world.end().await;
}

#[tokio::test]
async fn every_row_of_a_grant_can_make_it_stale() {
    let world = world().await;
    let keys = world.keys();
    for (kind, id) in [
        ("key", hash_key(KEY).as_str()),
        ("user", "u1"),
        ("team", "t1"),
        ("team_member", "t1/u1"),
        ("organization", "o1"),
        ("organization_member", "o9/u1"),
        ("budget", "b-org"),
        ("budget", "b-member"),
        ("access_group", "g1"),
    ] {
        let before = grant_of(&keys, KEY).await.unwrap();
        assert!(Arc::ptr_eq(&before, &grant_of(&keys, KEY).await.unwrap()));
        keys.changed(&Source::new(kind, id));
        let after = grant_of(&keys, KEY).await.unwrap();
        assert!(!Arc::ptr_eq(&before, &after), "{kind}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_old_form_of_a_rotated_key_opens_the_new_one_for_its_time() {
    let world = world().await;
    let new = KeyRow {
        id: hash_key("sk-rotated-0123456789").as_str().into(),
        ..key_row()
    };
    let mut change = world.store.change(NOW).await.unwrap();
    let until = NOW + 60_000;
    let old = hash_key(KEY);
    change
        .rotate_key(old.as_str(), &new, Some(until))
        .await
        .unwrap();
    change.commit().await.unwrap();
    let old = world.grant().await;
    let key = old.key.as_ref().unwrap();
    assert_eq!(key.hash.as_str(), new.id, "it is the new key that pays");
    assert_eq!(key.superseded_until_ms, Some(until));
    assert!(
        old.sources
            .contains(&Source::new("key", hash_key(KEY).as_str()))
    );
    let after = world.rows().grant(&hash_key(KEY), until).await.unwrap();
    assert_eq!(after, None);
    world.end().await;
}

#[tokio::test]
async fn an_admin_of_an_organisation_has_that_role() {
    let world = world().await;
    let member = |role: &str| OrganizationMemberRow {
        id: member_id("o1", "u1"),
        organization_id: "o1".into(),
        user_id: "u1".into(),
        role: Some(role.into()),
        ..OrganizationMemberRow::default()
    };
    world.put(&member("internal_user")).await;
    assert_eq!(world.grant().await.role, Role::InternalUser);
    world.put(&member("org_admin")).await;
    assert_eq!(world.grant().await.role, Role::OrgAdmin);
    world.end().await;
}

#[tokio::test]
async fn a_role_or_list_that_cannot_be_read_gives_the_least() {
    let world = world().await;
    let mut user: UserRow = world.store.get("u1").await.unwrap().unwrap();
    user.role = Some("root".into());
    world.put(&user).await;
    let mut key = key_row();
    key.doc.key_type = Some("everything".into());
    for unread in [
        json!(["not an address"]),
        json!("10.0.0.0/8"),
        json!([1]),
        json!({}),
    ] {
        key.doc.metadata = doc(json!({ "allowed_ips": unread }));
        world.put(&key).await;
        let ips = world.grant().await.key.unwrap().allowed_ips;
        assert_eq!(ips, Some(super::Networks::none()), "{unread}");
    }
    let grant = world.grant().await;
    assert_eq!(grant.role, Role::InternalUserViewer);
    let key = grant.key.unwrap();
    assert_eq!(key.key_type, super::KeyType::ReadOnly);
    world.end().await;
}

#[tokio::test]
async fn people_of_tokens_and_end_users_are_read_too() {
    let world = world().await;
    let keys = world.keys();
    let who = |user: &str, team: Option<&str>| Identity {
        user_id: Some(user.into()),
        team_id: team.map(str::to_owned),
        organization_id: None,
    };
    let grant = keys
        .identity(&who("u1", Some("t1")), NOW)
        .await
        .unwrap()
        .unwrap();
    assert!(grant.key.is_none() && grant.organization.is_some());
    assert!(
        grant
            .budgets
            .iter()
            .all(|it| it.entity.kind != EntityKind::Key)
    );
    for nobody in [who("u2", None), who("u1", Some("t2"))] {
        assert!(keys.identity(&nobody, NOW).await.unwrap().is_none());
    }
    keys.add_user("u2", Some("u2@x.example"), NOW)
        .await
        .unwrap();
    keys.add_user("u2", None, NOW).await.unwrap();
    let made = keys.identity(&who("u2", None), NOW).await.unwrap().unwrap();
    assert_eq!(made.role, Role::InternalUser);
    assert_eq!(keys.payer(EntityKind::EndUser, "c1").await.unwrap(), None);
    let customer = EndUserRow {
        id: "c1".into(),
        blocked: true,
        budget_id: Some("b-org".into()),
        ..EndUserRow::default()
    };
    world.put(&customer).await;
    keys.changed(&Source::new("end_user", "c1"));
    let payer = keys
        .payer(EntityKind::EndUser, "c1")
        .await
        .unwrap()
        .unwrap();
    assert!(payer.blocked && payer.budgets.iter().any(|it| it.max == usd(100.0)));
    world.end().await;
}

#[tokio::test]
async fn a_closed_store_is_a_503_for_keys_that_are_not_remembered() {
    let world = world().await;
    let keys = world.keys();
    assert!(grant_of(&keys, KEY).await.is_some());
    world.store.close().await;
    assert!(grant_of(&keys, KEY).await.is_some(), "remembered");
    let fault = keys.grant(&hash_key("sk-another"), NOW).await.unwrap_err();
    assert_eq!(fault.kind, crate::domain::ErrorKind::Overloaded);
    assert!(keys.poll().await.is_err());
    let follow = keys.follow(Duration::from_millis(1));
    assert!(
        tokio::time::timeout(Duration::from_millis(20), follow)
            .await
            .is_err()
    );
    world.end().await;
}
