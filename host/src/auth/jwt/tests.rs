//! Tokens of an identity provider of the tests' own, whose keys are made anew in each run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::json;
use tokio::time::advance;

use super::jwks::{RETRY_EVERY, UNKNOWN_KEY_EVERY};
use super::*;
use crate::auth::samples::{team, user};
use crate::auth::{Caller, KeySettings, News, Payer, RouteRules, Rows, Unreachable};
use crate::domain::{EntityKind, KeyHash};

/// The head of a PKCS#8 document with a private key of 32 bytes: P-256, and Ed25519 (RFC 8410).
/// Any bytes are such a key, but for one P-256 key in 2^32.
const EC: &str = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
const ED: &str = "302e020100300506032b657004220420";

fn document(head: &str) -> Vec<u8> {
    let digits = head.as_bytes().chunks(2);
    let byte = |it| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 16).unwrap();
    digits.map(byte).chain(rand::random::<[u8; 32]>()).collect()
}

fn ec() -> EncodingKey {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| document(EC));
    EncodingKey::from_ec_der(&KEY)
}

fn ed() -> EncodingKey {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| document(ED));
    EncodingKey::from_ed_der(&KEY)
}

/// Made once: it takes some tenths of a second.
fn rsa() -> EncodingKey {
    static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
    });
    KEY.clone()
}

fn jwk(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).unwrap()).unwrap();
    jwk["kid"] = id.into();
    jwk
}

/// A provider that counts how often it is asked.
#[derive(Debug)]
struct Provider {
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    down: AtomicBool,
}

impl Provider {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn set_keys(&self, keys: Vec<Value>) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

impl Fetch for Provider {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        if url.ends_with("/.well-known/openid-configuration") {
            let document = json!({"jwks_uri": "https://idp.example/keys"}).to_string();
            return Box::pin(ready(Ok(document.into())));
        }
        if url.contains("dead.example") {
            return Box::pin(ready(Err("no such host".to_owned())));
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let document = json!({ "keys": *keys }).to_string();
        Box::pin(ready(if self.down.load(Ordering::SeqCst) {
            Err("connection refused".to_owned())
        } else {
            Ok(document.into())
        }))
    }
}

/// Users and teams by id.
#[derive(Debug)]
struct People(Mutex<HashSet<&'static str>>);

impl Rows for People {
    fn grant<'a>(
        &'a self,
        _hash: &'a KeyHash,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        Box::pin(ready(Ok(None)))
    }

    fn identity<'a>(
        &'a self,
        who: &'a Identity,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids = who
            .user_id
            .iter()
            .chain(&who.team_id)
            .chain(&who.organization_id);
        let found = ids.all(|id| known.contains(id.as_str())).then(|| {
            let mut grant = Grant::bare(Role::Team);
            if let Some(id) = &who.user_id {
                grant.role = Role::InternalUser;
                grant.user = Some(user(id, &[]));
            }
            grant.team = who.team_id.as_deref().map(|id| {
                let mut team = team(id, &[]);
                team.models = vec![format!("model-of-{id}").into()];
                team.blocked = id == "blocked";
                team
            });
            grant
        });
        Box::pin(ready(Ok(found)))
    }

    fn add_user<'a>(
        &'a self,
        id: &'a str,
        _email: Option<&'a str>,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        let id = if id == "new" { "new" } else { "another" };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id);
        Box::pin(ready(Ok(())))
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

struct World {
    tokens: Tokens,
    keys: Keys,
    provider: Arc<Provider>,
}

fn world(section: Value, issuer: Issuer) -> World {
    let provider = Arc::new(Provider {
        keys: Mutex::new(vec![
            jwk(&ec(), Algorithm::ES256, "ec"),
            jwk(&ed(), Algorithm::EdDSA, "ed"),
            jwk(&rsa(), Algorithm::RS256, "rsa"),
            json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0LXRoYXQtaXMtcHVibGlj", "alg": "HS256"}),
            json!({"kty": "new-kind", "kid": "odd"}),
            json!("nonsense"),
        ]),
        asked: AtomicUsize::new(0),
        down: AtomicBool::new(false),
    });
    let (settings, _) = TokenSettings::read(section).unwrap();
    let people = People(Mutex::new(HashSet::from([
        "u1", "t1", "t2", "o1", "blocked",
    ])));
    World {
        tokens: Tokens::new(settings, issuer, Arc::clone(&provider) as _),
        keys: Keys::new(Some(Arc::new(people)), KeySettings::default()),
        provider,
    }
}

fn by_user() -> World {
    let issuer = Issuer {
        key_urls: vec!["https://idp.example/keys".into()],
        audience: vec!["gateway".into()],
        issuer: Vec::new(),
    };
    world(
        json!({"user_id_jwt_field": "sub", "team_ids_jwt_field": "groups"}),
        issuer,
    )
}

fn open_issuer() -> Issuer {
    Issuer {
        key_urls: vec!["https://idp.example/.well-known/openid-configuration".into()],
        ..Issuer::default()
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

fn claims() -> Value {
    json!({"sub": "u1", "aud": "gateway", "exp": now() + 600})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn sign(algorithm: Algorithm, id: &str, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(id.into());
    encode(&header, claims, key).unwrap()
}

fn token(claims: &Value) -> String {
    sign(Algorithm::ES256, "ec", &ec(), claims)
}

impl World {
    async fn prove(&self, token: &str) -> Result<Arc<Grant>, Fault> {
        self.tokens.prove(token, &self.keys, now() * 1_000).await
    }

    async fn refusal(&self, token: &str) -> String {
        self.prove(token).await.unwrap_err().message
    }
}

#[tokio::test]
async fn tokens_of_every_kind_of_key_are_proven() {
    let world = by_user();
    for token in [
        sign(Algorithm::ES256, "ec", &ec(), &claims()),
        sign(Algorithm::EdDSA, "ed", &ed(), &claims()),
        sign(Algorithm::RS256, "rsa", &rsa(), &claims()),
    ] {
        assert!(looks_like_token(&token));
        let grant = world.prove(&token).await.unwrap();
        assert_eq!(&*grant.user.as_ref().unwrap().id, "u1");
        assert_eq!(
            (grant.role, grant.key.is_none()),
            (Role::InternalUser, true)
        );
    }
    assert_eq!(world.provider.asked(), 1, "one fetch for all of them");
}

#[tokio::test]
async fn no_algorithm_but_the_keys_own_is_taken() {
    let world = by_user();
    let wrong = "algorithm is not one that";
    // A symmetric signature, made with the public document's text, under each key.
    for id in ["ec", "rsa", "ed"] {
        let secret = EncodingKey::from_secret(b"c2VjcmV0LXRoYXQtaXMtcHVibGlj");
        let forged = sign(Algorithm::HS256, id, &secret, &claims());
        assert!(world.refusal(&forged).await.contains(wrong), "{id}");
    }
    let forged = sign(
        Algorithm::HS256,
        "oct",
        &EncodingKey::from_secret(b"x"),
        &claims(),
    );
    assert!(
        world
            .refusal(&forged)
            .await
            .contains("no key of the identity provider")
    );
    // The key's document says RS256.
    let other = sign(Algorithm::PS256, "rsa", &rsa(), &claims());
    assert!(world.refusal(&other).await.contains(wrong));
    // {"alg":"none","typ":"JWT","kid":"ec"}
    let head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoiZWMifQ";
    let signed = token(&claims());
    let body = signed.split('.').nth(1).unwrap();
    for unsigned in [format!("{head}.{body}."), format!("{head}.{body}.AAAA")] {
        assert!(world.prove(&unsigned).await.is_err());
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let world = by_user();
    let real = token(&claims());
    let admin = token(&with("scope", json!("litellm_proxy_admin")));
    let (head, _) = real.split_once('.').unwrap();
    let (_, signature) = real.rsplit_once('.').unwrap();
    let body = admin.split('.').nth(1).unwrap();
    let forged = format!("{head}.{body}.{signature}");
    assert!(
        world
            .refusal(&forged)
            .await
            .contains("signature does not hold")
    );
    let stranger = sign(Algorithm::EdDSA, "ec", &ed(), &claims());
    assert!(world.prove(&stranger).await.is_err());
}

#[tokio::test]
async fn time_and_audience_are_checked_with_a_minutes_leeway() {
    let world = by_user();
    for (claims, says) in [
        (with("exp", json!(now() - 61)), "it is expired"),
        (with("exp", json!("tomorrow")), "a claim that must be there"),
        (with("exp", Value::Null), "a claim that must be there"),
        (with("nbf", json!(now() + 70)), "it is not valid yet"),
        (with("aud", json!("another")), "it is for another audience"),
        (with("aud", Value::Null), "a claim that must be there"),
    ] {
        let refused = world.refusal(&token(&claims)).await;
        assert!(refused.contains(says), "{claims}: {refused}");
    }
    for claims in [
        with("exp", json!(now() - 50)),
        with("nbf", json!(now() + 50)),
        with("aud", json!(["another", "gateway"])),
        with("exp", json!(9_999_999_999.5)),
    ] {
        assert!(world.prove(&token(&claims)).await.is_ok(), "{claims}");
    }
}

#[tokio::test]
async fn a_proven_token_ends_with_its_time() {
    let world = by_user();
    let token = token(&claims());
    let at = |seconds: i64| (now() + seconds) * 1_000;
    assert!(world.tokens.prove(&token, &world.keys, at(0)).await.is_ok());
    let proven = world.tokens.remembered(hash_key(&token).as_str(), at(0));
    assert!(proven.is_some());
    let late = world.tokens.remembered(hash_key(&token).as_str(), at(661));
    assert!(late.is_none());
}

#[tokio::test]
async fn the_issuer_is_checked_where_one_is_set() {
    let issuer = Issuer {
        issuer: vec!["https://idp.example".into()],
        ..open_issuer()
    };
    let world = world(json!({"user_id_jwt_field": "sub"}), issuer);
    let own = token(&with("iss", json!("https://idp.example")));
    assert!(world.prove(&own).await.is_ok());
    let other = token(&with("iss", json!("https://evil.example")));
    assert!(world.refusal(&other).await.contains("another issuer"));
    assert!(world.prove(&token(&claims())).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_id_asks_the_provider_at_most_every_half_minute() {
    let world = by_user();
    world.prove(&token(&claims())).await.unwrap();
    let unknown = sign(Algorithm::ES256, "next", &ec(), &claims());
    for _ in 0..20 {
        assert!(world.prove(&unknown).await.is_err());
    }
    assert_eq!(world.provider.asked(), 1);
    advance(UNKNOWN_KEY_EVERY).await;
    let calls = (0..20).map(|_| world.prove(&unknown));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(world.provider.asked(), 2);
    // The provider rotated its keys: the new one is found.
    world
        .provider
        .set_keys(vec![jwk(&ec(), Algorithm::ES256, "next")]);
    advance(UNKNOWN_KEY_EVERY).await;
    assert!(world.prove(&unknown).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_is_a_503_and_old_keys_serve_for_a_while() {
    let world = by_user();
    world.provider.set_down(true);
    let fault = world.prove(&token(&claims())).await.unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Overloaded);
    assert!(fault.message.contains("identity provider's keys"));
    assert_eq!(fault.log.as_deref(), Some("connection refused"));
    assert!(world.prove(&token(&claims())).await.is_err());
    assert_eq!(world.provider.asked(), 1, "it is left alone for a while");
    world.provider.set_down(false);
    advance(RETRY_EVERY).await;
    assert!(world.prove(&token(&claims())).await.is_ok());
    world.provider.set_down(true);
    advance(Duration::from_secs(601)).await;
    assert!(world.prove(&token(&claims())).await.is_ok());
    advance(Duration::from_secs(3_600)).await;
    assert!(world.prove(&token(&claims())).await.is_err());
}

#[tokio::test]
async fn a_provider_that_is_down_leaves_the_tokens_of_others_alone() {
    let mut issuer = open_issuer();
    issuer
        .key_urls
        .insert(0, "https://dead.example/keys".into());
    let world = world(json!({"user_id_jwt_field": "sub"}), issuer);
    assert!(world.prove(&token(&claims())).await.is_ok());
    let unknown = sign(Algorithm::ES256, "next", &ec(), &claims());
    let fault = world.prove(&unknown).await.unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Overloaded, "it may be the other's");
}

#[tokio::test]
async fn the_first_team_that_exists_and_is_not_blocked_is_the_callers() {
    let world = by_user();
    let grant = world
        .prove(&token(&with(
            "groups",
            json!(["no", "blocked", "t2", "t1"]),
        )))
        .await;
    let grant = grant.unwrap();
    assert_eq!(&*grant.team.as_ref().unwrap().id, "t2");
    let caller = Caller::granted(grant);
    let catalog = crate::auth::Catalog::default();
    let chosen = crate::auth::choose_team(&caller, &catalog, "model-of-t1");
    assert_eq!(chosen.team_id(), Some("t1"));
    let none = crate::auth::choose_team(&caller, &catalog, "model-of-t3");
    assert_eq!(none.team_id(), Some("t2"));
    let refused = world
        .refusal(&token(&with("groups", json!(["no", "blocked"]))))
        .await;
    assert!(refused.contains("Team=blocked is blocked"));
    let none = token(&with("groups", json!(["no", "none"])));
    let refused = world.refusal(&none).await;
    assert!(refused.contains("no team that exists") && refused.contains("no, none"));
}

#[tokio::test]
async fn an_unknown_user_is_refused_or_made() {
    let section = |upsert: bool| json!({"user_id_jwt_field": "sub", "user_id_upsert": upsert});
    let new = token(&with("sub", json!("new")));
    let strict = world(section(false), open_issuer());
    assert!(strict.refusal(&new).await.contains("user_id_upsert"));
    let open = world(section(true), open_issuer());
    let grant = open.prove(&new).await.unwrap();
    assert_eq!(&*grant.user.as_ref().unwrap().id, "new");
    let nobody = token(&with("sub", Value::Null));
    assert!(
        open.refusal(&nobody)
            .await
            .contains("neither a user nor a team")
    );
}

#[tokio::test]
async fn a_token_that_is_refused_makes_no_user() {
    let section = json!({
        "user_id_jwt_field": "sub", "team_ids_jwt_field": "groups", "org_id_jwt_field": "org",
        "user_id_upsert": true,
    });
    let world = world(section, open_issuer());
    let who = Identity {
        user_id: Some("new".into()),
        ..Identity::default()
    };
    for (claim, named, why) in [
        ("groups", json!(["nope"]), "no team that exists"),
        ("groups", json!(["blocked"]), "Team=blocked is blocked"),
        ("org", json!("nope"), "doesn't exist"),
    ] {
        let mut claims = with("sub", json!("new"));
        claims["groups"] = json!([]);
        claims[claim] = named;
        let refused = world.refusal(&token(&claims)).await;
        assert!(refused.contains(why), "{refused}");
        let made = world.keys.identity(&who, now() * 1000).await.unwrap();
        assert!(made.is_none(), "{claim}");
    }
    let mut claims = with("sub", json!("new"));
    claims["groups"] = json!(["nope", "t1"]);
    world.prove(&token(&claims)).await.unwrap();
    assert!(
        world
            .keys
            .identity(&who, now() * 1000)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn an_admin_by_scope_manages_and_calls_no_models() {
    let world = by_user();
    let admin = token(&with("scope", json!("openid litellm_proxy_admin")));
    let caller = Caller::granted(world.prove(&admin).await.unwrap());
    assert!(caller.is_admin() && !caller.is_master());
    let rules = RouteRules::default();
    let post = http::Method::POST;
    assert!(rules.permit(&caller, &post, "/key/generate").is_ok());
    assert!(
        rules
            .permit(&caller, &post, "/v1/chat/completions")
            .is_err()
    );
    assert!(rules.permit(&caller, &post, "/global/spend/reset").is_err());
}

#[tokio::test]
async fn a_teams_token_calls_models_and_manages_nothing() {
    let section = json!({"team_id_jwt_field": "azp", "end_user_id_jwt_field": "customer"});
    let world = world(section, open_issuer());
    let mut claims = with("azp", json!("t1"));
    claims["customer"] = "c1".into();
    let grant = world.prove(&token(&claims)).await.unwrap();
    assert_eq!(grant.end_user.as_deref(), Some("c1"));
    let caller = Caller::granted(grant);
    let rules = RouteRules::default();
    let post = http::Method::POST;
    assert!(rules.permit(&caller, &post, "/v1/chat/completions").is_ok());
    assert!(rules.permit(&caller, &post, "/v1/messages").is_ok());
    assert!(rules.permit(&caller, &post, "/key/generate").is_err());
}

#[test]
fn a_key_is_no_token() {
    for key in ["sk-abc", "sk-a.b.c.d", "a.b", "a..c", ".", "a.b.c=", ""] {
        assert!(!looks_like_token(key), "{key}");
    }
}
