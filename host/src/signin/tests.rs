//! Sign-ins and sessions on a database, without a server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use http::{Request, Response};

use super::*;
use crate::config::{Env, Ui};
use crate::domain::ErrorKind;
use crate::manage::hash_password;
use crate::store::tests::{NOW, both};
use crate::store::{Stamp, UserRow};

const MASTER: &str = "sk-master-0123456789";

/// No provider is there.
#[derive(Debug)]
struct Nobody;

impl Fetch for Nobody {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        Box::pin(ready(Err("not asked".to_owned())))
    }
}

impl Exchange for Nobody {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(ready(Err("not asked".to_owned())))
    }
}

fn service(store: &Store) -> SignIn {
    let salt = SaltKey::new(&Secret::new("sk-salt"));
    SignIn::new(store.clone(), salt, Arc::new(Nobody), Arc::new(Nobody))
}

fn ui(password: Option<&str>) -> Ui {
    Ui {
        disabled: false,
        admins_only: false,
        no_operator: false,
        username: "admin".to_owned(),
        password: password.map(Secret::new),
        admin_id: None,
        lasts: Duration::from_secs(100),
        idle: Duration::from_secs(10),
        base_url: None,
        logout_url: None,
        auto_sso: false,
        sso: None,
    }
}

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials {
        username: username.to_owned(),
        password: Secret::new(password),
    }
}

fn at(now_ms: i64) -> Visit {
    Visit {
        now_ms,
        ..Visit::default()
    }
}

async fn add_user(store: &Store, id: &str, email: &str, password: &str) {
    let mut row = UserRow {
        id: id.to_owned(),
        email: Some(email.to_owned()),
        stamp: Stamp::new(NOW, "x"),
        ..UserRow::default()
    };
    row.doc.password_hash = Some(hash_password(&Secret::new(password)).await.unwrap());
    let mut change = store.change(NOW).await.unwrap();
    change.insert(&row).await.unwrap();
    change.commit().await.unwrap();
}

both! {
    async fn everybody_is_proven_in_their_own_way(store: &Store) {
        let (signin, master) = (service(store), Secret::new(MASTER));
        add_user(store, "ann-id", "Ann@x.test", "correct horse").await;
        let ui = ui(Some("of the operator"));
        let rules = Rules { ui: &ui, master: Some(&master) };
        let user = Entrant::User("ann-id".to_owned());
        let admin = Entrant::Admin("default_user_id".to_owned());
        let key = Entrant::Key(crate::auth::hash_key("sk-some-key"));
        for (name, password, who, way) in [
            ("admin", "of the operator", &admin, Way::Operator),
            ("admin", MASTER, &Entrant::Master, Way::MasterKey),
            ("", MASTER, &Entrant::Master, Way::MasterKey),
            ("", "sk-some-key", &key, Way::Key),
            (" ann@X.test ", "correct horse", &user, Way::Password),
            ("ann-id", "correct horse", &user, Way::Password),
        ] {
            let proven = signin.prove(&credentials(name, password), &rules).await.unwrap();
            assert_eq!((&proven.who, proven.way), (who, way), "{name}");
        }
        for (name, password) in [
            ("admin", "correct horse"), ("admin", ""), ("ann@x.test", "correct Horse"),
            ("ann@x.test", MASTER), ("nobody", "correct horse"), ("", "correct horse"),
            ("a\0b", "x"), ("%", "correct horse"),
        ] {
            let refused = signin.prove(&credentials(name, password), &rules).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Authentication, "{name}");
            assert!(password.is_empty() || !refused.message.contains(password));
        }
    }

    async fn without_a_password_of_its_own_the_operator_has_the_master_key(store: &Store) {
        let (signin, master) = (service(store), Secret::new(MASTER));
        let mut ui = ui(None);
        let given = credentials("admin", MASTER);
        let rules = Rules { ui: &ui, master: Some(&master) };
        assert_eq!(signin.prove(&given, &rules).await.unwrap().who, Entrant::Master);
        ui.no_operator = true;
        let rules = Rules { ui: &ui, master: Some(&master) };
        assert!(signin.prove(&given, &rules).await.is_err());
    }

    async fn a_session_ends_by_its_time_and_by_silence(store: &Store) {
        let (signin, ui, master) = (service(store), ui(None), Secret::new(MASTER));
        let rules = Rules { ui: &ui, master: Some(&master) };
        let ann = Proven { who: Entrant::User("ann".to_owned()), way: Way::Sso };
        let (token, session) = signin.begin(&ann, &rules, &at(NOW)).await.unwrap();
        assert_eq!(token.reveal().len(), 43);
        assert_eq!((session.expires_ms, session.way.as_str()), (NOW + 100_000, "sso"));
        let alive = async |token: &SessionToken, now_ms| {
            signin.find(token, &rules, now_ms).await.unwrap().is_some()
        };
        for now_ms in (NOW..NOW + 100_000).step_by(6_000) {
            assert!(alive(&token, now_ms).await, "{now_ms}");
        }
        assert!(!alive(&token, NOW + 100_000).await);
        assert!(!alive(&token, NOW).await, "it is gone");
        let (token, _) = signin.begin(&ann, &rules, &at(NOW)).await.unwrap();
        assert!(!alive(&token, NOW + 10_000).await);
        let (other, _) = signin.begin(&ann, &rules, &at(NOW)).await.unwrap();
        assert!(signin.end(&other).await.unwrap());
        assert!(!alive(&other, NOW).await && !signin.end(&other).await.unwrap());
    }

    async fn an_operators_session_ends_with_the_password(store: &Store) {
        let (signin, master) = (service(store), Secret::new(MASTER));
        let (old, new) = (ui(Some("old")), ui(Some("new")));
        let before = Rules { ui: &old, master: Some(&master) };
        let after = Rules { ui: &new, master: Some(&master) };
        let admin = Proven { who: Entrant::Admin("a".to_owned()), way: Way::Operator };
        let (token, _) = signin.begin(&admin, &before, &at(NOW)).await.unwrap();
        assert!(signin.find(&token, &before, NOW).await.unwrap().is_some());
        assert!(signin.find(&token, &after, NOW).await.unwrap().is_none());
        let holder = Proven { who: Entrant::Master, way: Way::MasterKey };
        let (token, _) = signin.begin(&holder, &before, &at(NOW)).await.unwrap();
        let rotated = Secret::new("sk-another-master");
        let after = Rules { ui: &old, master: Some(&rotated) };
        assert!(signin.find(&token, &before, NOW).await.unwrap().is_some());
        assert!(signin.find(&token, &after, NOW).await.unwrap().is_none());
    }

    async fn the_database_holds_no_token(store: &Store) {
        let (signin, ui) = (service(store), ui(None));
        let rules = Rules { ui: &ui, master: None };
        let ann = Proven { who: Entrant::User("ann".to_owned()), way: Way::Password };
        let (token, session) = signin.begin(&ann, &rules, &at(NOW)).await.unwrap();
        let row = store.session(&session.id).await.unwrap().unwrap();
        assert!(!format!("{row:?}").contains(token.reveal()));
        assert!(SessionToken::read(&session.id).is_none(), "its hash is no token");
        let all = signin.of_holder(&ann.who).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(signin.end_all(&[session.id]).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn who_comes_back_has_to_be_who_departed() {
    let place = crate::store::tests::Place::sqlite().await.unwrap();
    let store = place.open().await;
    let signin = service(&store);
    let sso = crate::config::Sso::read(&Env::of(&[
        ("GENERIC_CLIENT_ID", "client"),
        (
            "GENERIC_AUTHORIZATION_ENDPOINT",
            "https://idp.test/authorize",
        ),
        ("GENERIC_TOKEN_ENDPOINT", "https://idp.test/token"),
    ]))
    .unwrap();
    let start = signin
        .depart(&sso, "https://gw.test/sso/callback", NOW)
        .await
        .unwrap();
    let url = url::Url::parse(&start.url).unwrap();
    let said = |name: &str| {
        let found = url.query_pairs().find(|(own, _)| own == name);
        found.map(|it| it.1.into_owned()).unwrap()
    };
    assert_eq!(said("code_challenge_method"), "S256");
    assert_eq!(said("redirect_uri"), "https://gw.test/sso/callback");
    assert!(!start.sealed.contains(&said("state")));
    let back = |state: String, sealed: Option<String>| Arrival {
        code: Some("c".to_owned()),
        state: Some(state),
        sealed,
        ..Arrival::default()
    };
    let other = signin
        .depart(&sso, "https://gw.test/sso/callback", NOW)
        .await
        .unwrap();
    for (arrival, now_ms, why) in [
        (
            back("x".to_owned(), Some(start.sealed.clone())),
            NOW,
            "its state is another",
        ),
        (
            back(said("state"), Some(other.sealed)),
            NOW,
            "its state is another",
        ),
        (
            back(said("state"), None),
            NOW,
            "did not begin a sign-in here",
        ),
        (
            back(said("state"), Some("x".to_owned())),
            NOW,
            "ten minutes",
        ),
        (
            back(said("state"), Some(start.sealed.clone())),
            NOW + 600_000,
            "ten minutes",
        ),
    ] {
        let fault = signin.arrive(&sso, &arrival, now_ms).await.unwrap_err();
        assert!(fault.message.contains(why), "{}", fault.message);
    }
    let right = back(said("state"), Some(start.sealed));
    let fault = signin.arrive(&sso, &right, NOW).await.unwrap_err();
    assert_eq!(fault.status, Some(502), "the provider is asked: {fault}");
    place.remove(store).await;
}
