//! Users who come from an identity provider.

use serde_json::json;

use super::rig::{Rig, both, named};
use crate::auth::Role;
use crate::manage::{Settings, SsoPerson};
use crate::store::{Store, UserRow};

fn person(id: &str, email: &str, proven: bool) -> SsoPerson {
    SsoPerson {
        id: id.to_owned(),
        email: Some(email.to_owned()),
        email_is_proven: proven,
        name: Some("Ann".to_owned()),
        role: None,
    }
}

async fn row(store: &Store, id: &str) -> UserRow {
    store.get(id).await.unwrap().unwrap()
}

both! {
    async fn who_is_new_is_made_once_and_has_what_new_users_have(store: &Store) {
        let settings = Settings {
            default_user: json!({"max_budget": 5.0}).as_object().cloned().unwrap(),
            ..Settings::default()
        };
        let rig = Rig::with(store, settings);
        let ann = person("s1", "ann@x.test", true);
        assert_eq!(rig.manage.sso_user(&ann).await.unwrap(), "s1");
        assert_eq!(rig.manage.sso_user(&ann).await.unwrap(), "s1");
        let made = row(store, "s1").await;
        assert_eq!((made.sso_id.as_deref(), made.role.as_deref()), (Some("s1"), Some("internal_user_viewer")));
        assert_eq!(made.max_budget.map(|it| it.dollars()), Some(5.0));
        assert_eq!(rig.audit().await.len(), 1, "the second time changes nothing");
    }

    async fn a_role_that_the_provider_gives_is_the_users(store: &Store) {
        let rig = Rig::new(store);
        let ann = person("s1", "ann@x.test", true);
        let admin = SsoPerson { role: Some(Role::ProxyAdmin), ..ann.clone() };
        rig.manage.sso_user(&admin).await.unwrap();
        assert_eq!(row(store, "s1").await.role.as_deref(), Some("proxy_admin"));
        rig.manage.sso_user(&ann).await.unwrap();
        assert_eq!(row(store, "s1").await.role.as_deref(), Some("proxy_admin"), "it says nothing");
        let user = SsoPerson { role: Some(Role::InternalUser), ..ann };
        rig.manage.sso_user(&user).await.unwrap();
        assert_eq!(row(store, "s1").await.role.as_deref(), Some("internal_user"));
    }

    async fn who_was_invited_is_found_by_an_address_that_is_vouched_for(store: &Store) {
        let rig = Rig::new(store);
        rig.ok("/user/new", json!({"user_id": "u1", "user_email": "Ann@x.test", "auto_create_key": false})).await;
        let unproven = rig.manage.sso_user(&person("s1", "ann@x.test", false)).await;
        assert!(unproven.as_ref().unwrap_err().message.contains("/user/update"));
        assert_eq!(named(unproven), "403 sso_user_id");
        assert_eq!(rig.manage.sso_user(&person("s1", "ann@x.test", true)).await.unwrap(), "u1");
        assert_eq!(row(store, "u1").await.sso_id.as_deref(), Some("s1"));
        let later = rig.manage.sso_user(&person("s2", "ann@x.test", true)).await;
        assert_eq!(named(later), "403 sso_user_id", "an address that had another owner");
    }

    async fn nobody_becomes_a_user_by_having_its_id(store: &Store) {
        let rig = Rig::new(store);
        rig.ok("/user/new", json!({"user_id": "root", "user_role": "proxy_admin", "auto_create_key": false})).await;
        let other = rig.manage.sso_user(&person("root", "eve@x.test", true)).await;
        assert_eq!(named(other), "403 sso_user_id");
        assert_eq!(row(store, "root").await.sso_id, None);
    }

    async fn sessions_end_with_the_password_and_with_the_user(store: &Store) {
        use crate::store::StoredSession;
        let rig = Rig::new(store);
        rig.ok("/user/new", json!({"user_id": "u1", "password": "correct horse", "auto_create_key": false})).await;
        let begin = async |id: &str| {
            let session = StoredSession {
                id: id.to_owned(),
                kind: "user".to_owned(),
                holder: "u1".to_owned(),
                ..StoredSession::default()
            };
            store.begin_session(&session).await.unwrap();
        };
        begin("a").await;
        rig.ok("/user/update", json!({"user_id": "u1", "user_alias": "Ann"})).await;
        assert!(store.session("a").await.unwrap().is_some());
        rig.ok("/user/update", json!({"user_id": "u1", "password": "another horse"})).await;
        assert!(store.session("a").await.unwrap().is_none());
        begin("b").await;
        rig.ok("/user/delete", json!({"user_ids": ["u1"]})).await;
        assert!(store.session("b").await.unwrap().is_none());
    }
}
