//! An identity provider of the tests' own, whose keys are made anew in each run.

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

use crate::auth::jwt::*;
use crate::auth::samples::{team, user};
use crate::auth::{KeySettings, Named, News, Payer, Rows, Unreachable};
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

pub fn ec() -> EncodingKey {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| document(EC));
    EncodingKey::from_ec_der(&KEY)
}

pub fn ed() -> EncodingKey {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| document(ED));
    EncodingKey::from_ed_der(&KEY)
}

/// Made once: it takes some tenths of a second.
pub fn rsa() -> EncodingKey {
    static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
    });
    KEY.clone()
}

pub fn jwk(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).unwrap()).unwrap();
    jwk["kid"] = id.into();
    jwk
}

/// A provider that counts how often it is asked.
#[derive(Debug)]
pub struct Provider {
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    down: AtomicBool,
}

impl Provider {
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub fn set_keys(&self, keys: Vec<Value>) {
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
                let mut of = [("t1", "o1"), ("t2", "o2")].into_iter();
                let of = of.find(|(team, _)| *team == id);
                team.organization_id = of.map(|(_, it)| it.into());
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

    fn add_team<'a>(
        &'a self,
        id: &'a str,
        _actor: &'a str,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        assert_eq!(id, "new-team");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert("new-team");
        Box::pin(ready(Ok(())))
    }

    fn named<'a>(
        &'a self,
        kind: EntityKind,
        alias: &'a str,
    ) -> BoxFuture<'a, Result<Option<Named>, Unreachable>> {
        let ids: &[&str] = match (kind, alias) {
            (EntityKind::Team, "Platform") => &["t1"],
            (EntityKind::Team, "Elsewhere") => &["t2"],
            (EntityKind::Team, "Twins") => &["t1", "t2"],
            (EntityKind::Team, "Shut") => &["blocked"],
            (EntityKind::Organization, "Acme") => &["o1"],
            (EntityKind::Organization, "Twins") => &["o1", "o2"],
            _ => return Box::pin(ready(Ok(None))),
        };
        let named = Named {
            ids: ids.iter().map(|&it| it.to_owned()).collect(),
            ..Named::default()
        };
        Box::pin(ready(Ok(Some(named))))
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

pub struct World {
    pub tokens: Tokens,
    pub keys: Keys,
    pub provider: Arc<Provider>,
}

pub fn world(section: Value, issuer: Issuer) -> World {
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

pub fn by_user() -> World {
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

pub fn open_issuer() -> Issuer {
    Issuer {
        key_urls: vec!["https://idp.example/.well-known/openid-configuration".into()],
        ..Issuer::default()
    }
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

pub fn claims() -> Value {
    json!({"sub": "u1", "aud": "gateway", "exp": now() + 600})
}

pub fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub fn sign(algorithm: Algorithm, id: &str, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(id.into());
    encode(&header, claims, key).unwrap()
}

pub fn token(claims: &Value) -> String {
    sign(Algorithm::ES256, "ec", &ec(), claims)
}

impl World {
    pub async fn prove(&self, token: &str) -> Result<Arc<Grant>, Fault> {
        self.tokens.prove(token, &self.keys, now() * 1_000).await
    }

    pub async fn refusal(&self, token: &str) -> String {
        self.prove(token).await.unwrap_err().message
    }
}
