//! People from an identity provider: OpenID Connect's authorization code with PKCE (RFC 7636).
//!
//! What has to be known when somebody comes back (state, nonce, verifier) goes with their browser,
//! sealed with the salt key, so that any replica may be the one they come back to.

mod claims;
mod provider;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{Exchange, SignIn};
use crate::auth::Fetch;
use crate::config::Sso;
use crate::domain::{At, ErrorKind, Fault};
use crate::manage::SsoPerson;
use provider::Provider;

/// How long somebody may take at the provider, in milliseconds.
const AWAY_MS: i64 = 600_000;

/// How long a provider's description of itself is believed.
const DESCRIBED_FOR: Duration = Duration::from_secs(3_600);

/// What is known of the provider, made once for a config.
#[derive(Debug)]
pub(super) struct Providers {
    fetch: Arc<dyn Fetch>,
    exchange: Arc<dyn Exchange>,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    of: Sso,
    provider: Arc<Provider>,
    at: Instant,
}

/// Where a browser is sent, and what it keeps until it comes back.
#[derive(Debug, Clone)]
pub struct Start {
    /// The provider's page.
    pub url: String,
    /// For a cookie: sealed, and of no use to whoever reads it.
    pub sealed: String,
}

/// What is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Departure {
    state: String,
    nonce: String,
    verifier: String,
    /// Where the provider sends the browser back to: the same has to be said for the code.
    back: String,
    until_ms: i64,
}

/// What the provider's redirect brings.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    pub code: Option<String>,
    pub state: Option<String>,
    /// The provider refused, and why.
    pub error: Option<String>,
    pub description: Option<String>,
    /// The cookie of [`Start`].
    pub sealed: Option<String>,
}

impl Providers {
    pub fn new(fetch: Arc<dyn Fetch>, exchange: Arc<dyn Exchange>) -> Self {
        Self {
            fetch,
            exchange,
            known: Mutex::default(),
        }
    }

    async fn of(&self, sso: &Sso) -> Result<Arc<Provider>, Fault> {
        let mut known = self.known.lock().await;
        if let Some(it) = known.as_ref()
            && it.of == *sso
            && it.at.elapsed() < DESCRIBED_FOR
        {
            return Ok(Arc::clone(&it.provider));
        }
        let read = Provider::read(sso, &self.fetch, self.exchange.as_ref()).await;
        let provider = Arc::new(read?);
        *known = Some(Known {
            of: sso.clone(),
            provider: Arc::clone(&provider),
            at: Instant::now(),
        });
        Ok(provider)
    }
}

impl SignIn {
    /// Where somebody goes to be proven by the provider. `back` is the gateway's own callback, as
    /// browsers reach it.
    ///
    /// # Errors
    /// The provider does not say where.
    pub async fn depart(&self, sso: &Sso, back: &str, now_ms: i64) -> Result<Start, Fault> {
        let provider = self.0.providers.of(sso).await?;
        let departure = Departure {
            state: random(),
            nonce: random(),
            verifier: random(),
            back: back.to_owned(),
            until_ms: now_ms.saturating_add(AWAY_MS),
        };
        let mut url = Url::parse(&provider.authorization).map_err(|cause| {
            down(format!(
                "the provider's authorization endpoint is no URL: {cause}"
            ))
        })?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(departure.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &sso.client_id)
            .append_pair("redirect_uri", back)
            .append_pair("scope", &sso.scope)
            .append_pair("state", &departure.state)
            .append_pair("nonce", &departure.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let text = serde_json::to_string(&departure)
            .map_err(|cause| Fault::ours("the sign-in could not begin", cause.to_string()))?;
        Ok(Start {
            url: url.into(),
            sealed: self.0.salt.seal(&text)?,
        })
    }

    /// Who came back from the provider.
    ///
    /// # Errors
    /// It is not who departed from here, the provider refused, what it says does not hold, or the
    /// person may not come in.
    pub async fn arrive(
        &self,
        sso: &Sso,
        arrival: &Arrival,
        now_ms: i64,
    ) -> Result<SsoPerson, Fault> {
        let departure = self.departed(arrival, now_ms)?;
        if let Some(error) = &arrival.error {
            return Err(refused_there(error, arrival.description.as_deref()));
        }
        let code = arrival.code.as_deref().filter(|it| !it.is_empty());
        let code = code.ok_or_else(|| refused("the identity provider sent no code"))?;
        let provider = self.0.providers.of(sso).await?;
        let exchange = self.0.providers.exchange.as_ref();
        let tokens = provider
            .tokens(sso, exchange, (code, &departure.verifier, &departure.back))
            .await?;
        let claims = provider.claims(exchange, &tokens, &departure.nonce).await?;
        claims::person(sso, &claims)
    }

    /// What was sealed for this browser, if it comes back with the state that goes with it.
    fn departed(&self, arrival: &Arrival, now_ms: i64) -> Result<Departure, Fault> {
        let again = "begin again at the sign-in page";
        let sealed = arrival.sealed.as_deref();
        let sealed = sealed.ok_or_else(|| {
            refused(format!(
                "this browser did not begin a sign-in here, or its cookies are blocked; {again}"
            ))
        })?;
        let opened = self.0.salt.open("sso", sealed).ok();
        let departure = opened.and_then(|it| serde_json::from_str::<Departure>(it.reveal()).ok());
        let departure = departure
            .filter(|it| it.until_ms > now_ms)
            .ok_or_else(|| refused(format!("the sign-in took longer than ten minutes; {again}")))?;
        let state = arrival.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(departure.state.as_bytes())) {
            return Err(refused(format!(
                "what came back belongs to another sign-in (its state is another); {again}"
            )));
        }
        Ok(departure)
    }
}

/// 256 random bits in URL-safe base64.
fn random() -> String {
    let bytes: [u8; 32] = rand::random();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Somebody is not let in.
fn refused(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Authentication, message).with_type("auth_error")
}

/// The provider refused: its words, as far as a page may repeat them.
fn refused_there(error: &str, description: Option<&str>) -> Fault {
    const LONGEST: usize = 300;
    let mut text = format!("the identity provider refused: {error}");
    if let Some(why) = description {
        let _ = write!(text, " ({why})");
    }
    let text: String = text.chars().filter(|it| !it.is_control()).collect();
    refused(text.chars().take(LONGEST).collect::<String>())
}

/// The provider cannot be asked, or says what cannot be.
fn down(log: impl Into<String>) -> Fault {
    let text = "the identity provider cannot be asked; try again, and if it stays so, the \
                gateway's log says why";
    Fault::ours(text, log).at(At::Door).with_status(502)
}

/// The claim at a path: the name as it stands, else dot by dot.
fn at<'c>(claims: &'c Value, path: &str) -> Option<&'c Value> {
    let whole = claims.get(path);
    whole.or_else(|| {
        path.split('.')
            .try_fold(claims, |value, step| value.get(step))
    })
}
