//! Who gets in, and what the others hear.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use http::HeaderMap;

use super::network::{Networks, ProxyTrust};
use super::samples::{grant_of, team};
use super::{
    Caller, Door, Entrant, Grant, Identity, KeySettings, Keys, Knock, Named, News,
    OrganizationPart, Payer, Role, Rows, Unreachable, hash_key,
};
use crate::domain::{EntityKind, ErrorKind, Fault, KeyHash, Secret};

const MASTER: &str = "sk-master-0123456789";
const KEY: &str = "sk-customer-9876543210";
const NOW: i64 = 1_700_000_000_000;

/// One key, and nothing else.
#[derive(Debug)]
struct OneKey(Grant);

impl Rows for OneKey {
    fn grant<'a>(
        &'a self,
        hash: &'a KeyHash,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        Box::pin(ready(Ok((*hash == hash_key(KEY)).then(|| self.0.clone()))))
    }

    fn identity<'a>(
        &'a self,
        who: &'a Identity,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        let known = who.user_id.as_deref() == Some("u1");
        Box::pin(ready(Ok(known.then(|| Grant {
            key: None,
            ..self.0.clone()
        }))))
    }

    fn add_user<'a>(
        &'a self,
        _id: &'a str,
        _email: Option<&'a str>,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        Box::pin(ready(Ok(())))
    }

    fn add_team<'a>(
        &'a self,
        _id: &'a str,
        _actor: &'a str,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        Box::pin(ready(Ok(())))
    }

    fn named<'a>(
        &'a self,
        _kind: EntityKind,
        _alias: &'a str,
    ) -> BoxFuture<'a, Result<Option<Named>, Unreachable>> {
        Box::pin(ready(Ok(None)))
    }

    fn payer<'a>(
        &'a self,
        _kind: EntityKind,
        _id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payer>, Unreachable>> {
        Box::pin(ready(Ok(None)))
    }

    fn news(&self, _after: Option<i64>, _limit: u32) -> BoxFuture<'_, Result<News, Unreachable>> {
        Box::pin(ready(Err(Unreachable("not asked".into()))))
    }
}

fn door(grant: Grant) -> Door {
    let keys = Keys::new(Some(Arc::new(OneKey(grant))), KeySettings::default());
    Door::new(Some(Secret::new(MASTER)), keys).with_key_header(Some("x-my-key".into()))
}

async fn knock(door: &Door, headers: &HashMap<&'static str, &str>) -> Result<Caller, Fault> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    door.prove(Knock {
        headers: &map,
        path: "/v1/chat/completions",
        query: None,
        peer: Some("10.0.0.1:99".parse().unwrap()),
        now_ms: NOW,
    })
    .await
}

async fn with_key(door: &Door, key: &str) -> Result<Caller, Fault> {
    let bearer = format!("Bearer {key}");
    knock(door, &HashMap::from([("authorization", bearer.as_str())])).await
}

/// A key of a user in a team in an organisation.
fn sample() -> Grant {
    let mut grant = grant_of(Role::InternalUser);
    grant.team = Some(team("t1", &[]));
    grant.organization = Some(OrganizationPart::default());
    grant
}

async fn refused(grant: Grant) -> Fault {
    with_key(&door(grant), KEY).await.unwrap_err()
}

#[tokio::test]
async fn the_master_key_and_a_known_key_get_in() {
    let door = door(sample());
    assert!(with_key(&door, MASTER).await.unwrap().is_master());
    let caller = knock(&door, &HashMap::from([("x-my-key", KEY)]))
        .await
        .unwrap();
    assert_eq!(
        (caller.user_id(), caller.team_id()),
        (Some("u1"), Some("t1"))
    );
    assert_eq!(caller.role(), Role::InternalUser);
}

#[tokio::test]
async fn without_a_master_key_everybody_is_local() {
    let door = Door::new(None, Keys::new(None, KeySettings::default()));
    assert!(knock(&door, &HashMap::new()).await.unwrap().is_local());
}

#[tokio::test]
async fn each_way_to_be_nobody_is_told_as_litellm_tells_it() {
    let door = door(sample());
    let none = knock(&door, &HashMap::new()).await.unwrap_err();
    assert_eq!(none.message, "Authentication Error, No api key passed in.");
    let odd = with_key(&door, "my-key").await.unwrap_err();
    assert!(
        odd.message
            .contains("LiteLLM Virtual Key expected. Received=****")
    );
    assert!(!odd.message.contains("my-key"));
    for fault in [&none, &odd] {
        assert_eq!(
            (fault.kind, fault.type_name),
            (ErrorKind::Authentication, None)
        );
        assert_eq!(fault.param.as_deref(), Some("None"));
    }
    let wrong = with_key(&door, "sk-wrong-9876543210").await.unwrap_err();
    assert!(wrong.message.contains("sk-...3210") && !wrong.message.contains("9876543210"));
    assert!(
        wrong
            .message
            .contains(hash_key("sk-wrong-9876543210").as_str())
    );
    assert_eq!(wrong.type_name, Some("token_not_found_in_db"));
    assert_eq!(wrong.param.as_deref(), Some("key"));
}

#[tokio::test]
async fn without_a_database_a_key_is_told_so() {
    let door = Door::new(
        Some(Secret::new(MASTER)),
        Keys::new(None, KeySettings::default()),
    );
    assert!(with_key(&door, MASTER).await.is_ok());
    let fault = with_key(&door, KEY).await.unwrap_err();
    assert_eq!(fault.kind, ErrorKind::InvalidRequest);
    assert_eq!(fault.type_name, Some("no_db_connection"));
}

#[tokio::test]
async fn a_key_ends_with_its_time() {
    let mut grant = sample();
    grant.key.as_mut().unwrap().expires_at_ms = Some(NOW + 1);
    assert!(with_key(&door(grant.clone()), KEY).await.is_ok());
    grant.key.as_mut().unwrap().expires_at_ms = Some(NOW);
    let fault = refused(grant).await;
    assert_eq!(fault.type_name, Some("expired_key"));
    assert_eq!(fault.param.as_deref(), Some("sk-...6789"));
    assert!(
        fault
            .message
            .contains("Key Expiry time 2023-11-14 22:13:20+00:00")
    );
}

#[tokio::test]
async fn a_rotated_key_opens_until_its_grace_period_is_over() {
    let mut grant = sample();
    grant.key.as_mut().unwrap().superseded_until_ms = Some(NOW + 1);
    assert!(with_key(&door(grant.clone()), KEY).await.is_ok());
    grant.key.as_mut().unwrap().superseded_until_ms = Some(NOW);
    assert_eq!(
        refused(grant).await.type_name,
        Some("token_not_found_in_db")
    );
}

#[tokio::test]
async fn whoever_is_switched_off_keeps_the_key_out() {
    let mut blocked = vec![(sample(), "Key is blocked"); 4];
    blocked[0].0.key.as_mut().unwrap().blocked = true;
    blocked[1].0.team.as_mut().unwrap().blocked = true;
    blocked[2].0.user.as_mut().unwrap().blocked = true;
    blocked[3].0.organization.as_mut().unwrap().blocked = true;
    blocked[1].1 = "Team=t1 is blocked";
    blocked[2].1 = "User=u1 is blocked";
    blocked[3].1 = "Organization= is blocked";
    for (grant, says) in blocked {
        let fault = refused(grant).await;
        assert!(fault.message.contains(says), "{}", fault.message);
        assert_eq!(fault.kind, ErrorKind::Authentication);
    }
}

#[tokio::test]
async fn a_key_may_be_bound_to_addresses() {
    let mut grant = sample();
    let own = |list: &str| Some(Networks::parse([list]).unwrap());
    grant.key.as_mut().unwrap().allowed_ips = own("10.0.0.0/8");
    assert!(with_key(&door(grant.clone()), KEY).await.is_ok());
    grant.key.as_mut().unwrap().allowed_ips = own("10.9.0.0/16");
    let fault = refused(grant).await;
    assert_eq!(fault.kind, ErrorKind::Permission);
    assert!(
        fault
            .message
            .contains("IP address 10.0.0.1 is not in the key's `allowed_ips`")
    );
}

#[tokio::test]
async fn the_operators_addresses_bind_the_master_key_too() {
    let allowed = Networks::parse(["192.168.0.0/16"]).unwrap();
    let closed = door(sample()).with_addresses(Some(allowed.clone()), ProxyTrust::default());
    assert!(with_key(&closed, MASTER).await.is_err());
    let trust = ProxyTrust {
        use_forwarded: true,
        trusted: Some(Networks::parse(["10.0.0.1"]).unwrap()),
    };
    let behind = door(sample()).with_addresses(Some(allowed), trust);
    let bearer = format!("Bearer {MASTER}");
    let mut headers = HashMap::from([("authorization", bearer.as_str())]);
    headers.insert("x-forwarded-for", "192.168.3.4");
    assert!(knock(&behind, &headers).await.is_ok());
    headers.insert("x-forwarded-for", "192.168.3.4, 8.8.8.8");
    assert!(knock(&behind, &headers).await.is_err());
}

async fn entered(door: &Door, who: Entrant) -> Result<Caller, Fault> {
    let headers = HeaderMap::new();
    let knock = Knock {
        headers: &headers,
        path: "/v2/session",
        query: None,
        peer: Some("10.0.0.1:99".parse().unwrap()),
        now_ms: NOW,
    };
    assert!(!door.names_key(knock));
    door.of_entrant(&who, knock).await
}

#[tokio::test]
async fn whoever_signed_in_may_what_their_key_or_user_may_now() {
    let open = door(sample());
    assert!(entered(&open, Entrant::Master).await.unwrap().is_master());
    let user = Entrant::User("u1".to_owned());
    let caller = entered(&open, user.clone()).await.unwrap();
    assert_eq!(
        (caller.user_id(), caller.role(), caller.key_hash()),
        (Some("u1"), Role::InternalUser, None)
    );
    let admin = Entrant::Admin("default_user_id".to_owned());
    let caller = entered(&open, admin).await.unwrap();
    assert!(caller.is_admin() && !caller.is_master());
    assert_eq!(caller.user_id(), Some("default_user_id"));
    let key = Entrant::Key(hash_key(KEY));
    let caller = entered(&open, key.clone()).await.unwrap();
    let own = sample().key.map(|it| it.hash);
    assert_eq!(caller.key_hash(), own.as_ref());
    for gone in [
        Entrant::User("u2".to_owned()),
        Entrant::Key(hash_key("sk-gone")),
    ] {
        let fault = entered(&open, gone).await.unwrap_err();
        assert_eq!(fault.type_name, Some("session_over"));
    }
    let mut blocked = sample();
    blocked.user.as_mut().unwrap().blocked = true;
    let shut = door(blocked);
    for who in [user, key] {
        let fault = entered(&shut, who).await.unwrap_err();
        assert!(fault.message.contains("User=u1 is blocked"));
    }
    let elsewhere = Networks::parse(["192.168.0.0/16"]).ok();
    let closed = door(sample()).with_addresses(elsewhere, ProxyTrust::default());
    assert!(entered(&closed, Entrant::Master).await.is_err());
}
