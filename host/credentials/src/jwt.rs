//! `jwt`: a token that the gateway signs itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};

use crate::cache::Lease;
use crate::clock::{after, epoch_seconds};
use crate::error::Error;
use crate::given::{Given, Params};
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};

const USUAL_LIFE: u64 = 3600;

/// Shortest and longest life of a token, in seconds.
const LIVES: std::ops::RangeInclusive<u64> = 20..=24 * 3600;

pub(crate) struct Jwt {
    algorithm: Algorithm,
    signing: EncodingKey,
    id: Option<Secret>,
    life: Duration,
    claims: Map<String, Value>,
    key_id: Option<String>,
    key: Key,
}

impl Jwt {
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let secret = params.secret("key-secret", "api_key", given)?;
        let id = params
            .get("id-secret")
            .map(|_| params.secret("id-secret", "", given))
            .transpose()?;
        let algorithm = match params.get("alg").unwrap_or("HS256") {
            "HS256" => Algorithm::HS256,
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            other => {
                return Err(Error::unsupported(format!(
                    "the plugin names the JWT algorithm {other:?}, and there are HS256, RS256 and \
                     ES256"
                )));
            }
        };
        let life = match params.get("ttl-seconds") {
            None => USUAL_LIFE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|it| LIVES.contains(it))
                .ok_or_else(|| {
                    Error::unsupported(
                        "the plugin's `ttl-seconds` is no number from 20 to 86400: report it to \
                         its author",
                    )
                })?,
        };
        let claims = match params.get("claims") {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                Error::unsupported(
                    "the plugin's `claims` are no JSON object: report it to its author",
                )
            })?,
        };
        let key = Key::with_params("jwt", params);
        let key = key.secret(Some(&secret)).secret(id.as_ref()).done();
        Ok(Self {
            algorithm,
            signing: signing_key(algorithm, &secret, "the deployment's key")?,
            id,
            life: Duration::from_secs(life),
            claims,
            key_id: params.get("kid").map(str::to_owned),
            key,
        })
    }

    fn sign(&self, now: SystemTime) -> Result<Lease<Bearer>, Error> {
        let expires = after(now, self.life);
        let id = self.id.as_ref().map(Secret::reveal);
        let mut claims = Map::new();
        claims.insert("iat".to_owned(), epoch_seconds(now).into());
        claims.insert("exp".to_owned(), epoch_seconds(expires).into());
        let mut placed = false;
        for (name, value) in &self.claims {
            let value = self.fill(value, now, expires, &mut placed);
            claims.insert(name.clone(), value);
        }
        if let Some(id) = id.filter(|_| !placed) {
            claims.insert("iss".to_owned(), id.into());
        }
        let mut header = Header::new(self.algorithm);
        header.kid = self.key_id.as_deref().map(|kid| match id {
            Some(id) => kid.replace("{id}", id),
            None => kid.to_owned(),
        });
        Ok(Lease {
            value: Bearer::new(encode(&header, &claims, &self.signing)?),
            expires: Some(expires),
        })
    }

    /// A claim with its words replaced: `{id}` in a text, and `{now}`, `{exp}`, `{now_ms}` and
    /// `{exp_ms}` alone, which become numbers.
    fn fill(
        &self,
        value: &Value,
        now: SystemTime,
        expires: SystemTime,
        placed: &mut bool,
    ) -> Value {
        let Value::String(text) = value else {
            return value.clone();
        };
        let milliseconds = |it| epoch_seconds(it).saturating_mul(1000).into();
        match (text.as_str(), &self.id) {
            ("{now}", _) => epoch_seconds(now).into(),
            ("{exp}", _) => epoch_seconds(expires).into(),
            ("{now_ms}", _) => milliseconds(now),
            ("{exp_ms}", _) => milliseconds(expires),
            (text, Some(id)) if text.contains("{id}") => {
                *placed = true;
                text.replace("{id}", id.reveal()).into()
            }
            _ => value.clone(),
        }
    }
}

/// The key that signs: a text for HS256, else PEM.
pub(crate) fn signing_key(
    algorithm: Algorithm,
    secret: &Secret,
    what: &str,
) -> Result<EncodingKey, Error> {
    // A PEM that went through an environment variable often has its line ends written out.
    let pem = secret.reveal().replace("\\n", "\n");
    let read = match algorithm {
        Algorithm::HS256 => return Ok(EncodingKey::from_secret(secret.reveal().as_bytes())),
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    };
    read.map_err(|_| {
        let kind = match algorithm {
            Algorithm::ES256 => "P-256 (PKCS #8)",
            _ => "RSA",
        };
        Error::missing(format!(
            "{what} is no private {kind} key in PEM: correct it"
        ))
    })
}

pub(crate) fn encode(
    header: &Header,
    claims: &Map<String, Value>,
    key: &EncodingKey,
) -> Result<Secret, Error> {
    let token = jsonwebtoken::encode(header, claims, key);
    token
        .map(Secret::new)
        .map_err(|cause| Error::missing(format!("the private key cannot sign: {cause}")))
}

impl Mint for Jwt {
    fn key(&self) -> Key {
        self.key
    }

    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>> {
        let now = tokens.clock().now();
        async move { self.sign(now) }.boxed()
    }
}
