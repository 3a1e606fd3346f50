//! The identity provider's keys: fetched when they are needed, believed for a while, asked for
//! again when a token names one that we do not have.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use tokio::time::Instant;

/// Fetches a document, within limits of size, time and address that are the implementer's.
pub trait Fetch: fmt::Debug + Send + Sync {
    /// The body of a successful answer, else why there is none.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>>;
}

/// A token with a key id that nobody knows makes us ask the provider, at most this often.
pub(super) const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(30);

/// After a failure the provider is left alone for this long.
pub(super) const RETRY_EVERY: Duration = Duration::from_secs(5);

/// Keys of one provider that are looked at. Large providers have a handful.
const KEYS: usize = 64;

/// A key to prove signatures with, and the algorithms that it is for.
pub(super) struct ProvingKey {
    pub id: Option<String>,
    pub key: DecodingKey,
    pub algorithms: Vec<Algorithm>,
}

/// All keys of the provider at one time.
pub(super) struct KeySet {
    pub keys: Vec<ProvingKey>,
    read_at: Instant,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The provider has none of this id.
    Unknown,
    /// The provider does not answer.
    Unreachable(String),
}

/// The keys of every provider that is trusted.
#[derive(Debug)]
pub(super) struct Jwks(Vec<Provider>);

impl Jwks {
    /// `urls`: those of `JWT_PUBLIC_KEY_URL`, of key sets or of OpenID configurations.
    pub(super) fn new(
        urls: &[String],
        fetch: &Arc<dyn Fetch>,
        ttl: Duration,
        stale_ttl: Duration,
    ) -> Self {
        let provider = |url: &String| Provider {
            url: url.clone(),
            fetch: Arc::clone(fetch),
            ttl,
            stale_ttl,
            state: Mutex::default(),
            lane: tokio::sync::Mutex::default(),
        };
        Self(urls.iter().map(provider).collect())
    }

    /// A set that is believed and has a key for a token with this key id. One provider that does
    /// not answer leaves the others' tokens alone.
    pub(super) async fn with_key(&self, id: Option<&str>) -> Result<Arc<KeySet>, NoKey> {
        let mut fresh = self.0.iter().filter_map(Provider::fresh);
        if let Some(set) = fresh.find(|set| set.has(id)) {
            return Ok(set);
        }
        let mut why = NoKey::Unknown;
        for provider in &self.0 {
            match provider.with_key(id).await {
                Ok(set) => return Ok(set),
                Err(NoKey::Unknown) => {}
                Err(down) => why = down,
            }
        }
        Err(why)
    }
}

/// One provider.
struct Provider {
    url: String,
    fetch: Arc<dyn Fetch>,
    ttl: Duration,
    stale_ttl: Duration,
    state: Mutex<State>,
    /// One fetch at a time.
    lane: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// When a fetch last ended, and how.
    tried: Option<(Instant, Result<(), String>)>,
}

impl Provider {
    async fn with_key(&self, id: Option<&str>) -> Result<Arc<KeySet>, NoKey> {
        let _lane = self.lane.lock().await;
        // Somebody else may have fetched while we waited.
        let fresh = self.fresh();
        if let Some(set) = fresh.clone().filter(|set| set.has(id)) {
            return Ok(set);
        }
        if self.may_fetch(fresh.is_some()) {
            let fetched = self.fetch_keys().await;
            self.note(fetched);
        }
        self.settle(id)
    }

    fn settle(&self, id: Option<&str>) -> Result<Arc<KeySet>, NoKey> {
        let state = self.state();
        let believed = self.ttl.saturating_add(self.stale_ttl);
        let keys = state.keys.clone();
        let failure = || match &state.tried {
            Some((_, Err(why))) => why.clone(),
            _ => "no keys were fetched yet".to_owned(),
        };
        match keys.filter(|set| set.read_at.elapsed() < believed) {
            Some(set) if set.has(id) => Ok(set),
            Some(set) if set.read_at.elapsed() < self.ttl => Err(NoKey::Unknown),
            _ => Err(NoKey::Unreachable(failure())),
        }
    }

    fn fresh(&self) -> Option<Arc<KeySet>> {
        let keys = self.state().keys.clone();
        keys.filter(|set| set.read_at.elapsed() < self.ttl)
    }

    /// `for_unknown`: what we have is fresh, and a token names a key that is not in it.
    fn may_fetch(&self, for_unknown: bool) -> bool {
        let wait = |ended: &Result<(), String>| match (for_unknown, ended) {
            (true, _) => UNKNOWN_KEY_EVERY,
            (false, Err(_)) => RETRY_EVERY,
            (false, Ok(())) => Duration::ZERO,
        };
        let state = self.state();
        let tried = state.tried.as_ref();
        tried.is_none_or(|(at, ended)| at.elapsed() >= wait(ended))
    }

    fn note(&self, fetched: Result<Vec<ProvingKey>, String>) {
        let now = Instant::now();
        let mut state = self.state();
        state.tried = Some((now, fetched.as_ref().map(drop).map_err(Clone::clone)));
        if let Ok(keys) = fetched {
            state.keys = Some(Arc::new(KeySet { keys, read_at: now }));
        }
    }

    async fn fetch_keys(&self) -> Result<Vec<ProvingKey>, String> {
        let mut document = self.fetch_one(&self.url).await?;
        if document.get("keys").is_none()
            && let Some(url) = document.get("jwks_uri").and_then(Value::as_str)
        {
            let url = url.to_owned();
            document = self.fetch_one(&url).await?;
        }
        let mut keys = read_keys(&document);
        if keys.is_empty() {
            return Err("the provider has no key that can prove a signature".into());
        }
        keys.truncate(KEYS);
        Ok(keys)
    }

    async fn fetch_one(&self, url: &str) -> Result<Value, String> {
        let body = self.fetch.get(url).await?;
        serde_json::from_slice(&body).map_err(|why| format!("{url} is not JSON: {why}"))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Provider")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    fn has(&self, id: Option<&str>) -> bool {
        self.candidates(id).next().is_some()
    }

    /// The keys that a token with this key id may be signed with: all of them if it names none.
    pub(super) fn candidates<'k>(
        &'k self,
        id: Option<&'k str>,
    ) -> impl Iterator<Item = &'k ProvingKey> {
        self.keys
            .iter()
            .filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

/// The keys that prove signatures; others in the set are passed over.
fn read_keys(document: &Value) -> Vec<ProvingKey> {
    let listed = document.get("keys").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|value| {
            // One key that cannot be read does not take the others along.
            let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
            let algorithms = algorithms(&jwk);
            let for_encryption = jwk.common.public_key_use == Some(PublicKeyUse::Encryption);
            if algorithms.is_empty() || for_encryption {
                return None;
            }
            Some(ProvingKey {
                key: DecodingKey::from_jwk(&jwk).ok()?,
                id: jwk.common.key_id,
                algorithms,
            })
        })
        .collect()
}

/// What a key's kind and its own `alg` allow. Symmetric keys allow nothing: a public document
/// cannot hold a secret.
fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let of_kind: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    };
    match jwk.common.key_algorithm {
        None => of_kind.to_vec(),
        Some(own) => {
            let own = Algorithm::try_from(own).ok();
            own.filter(|own| of_kind.contains(own))
                .into_iter()
                .collect()
        }
    }
}
