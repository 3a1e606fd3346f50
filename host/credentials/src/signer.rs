//! A scheme of the plugin contract with its parameters, read against what a deployment gives.

use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::aws::SigV4;
use crate::azure::Azure;
use crate::error::Error;
use crate::given::{Given, Params};
use crate::google::Google;
use crate::jwt::Jwt;
use crate::oauth2::OAuth2;
use crate::tokens::{Bearer, Mint, Tokens};

/// The schemes, by their names in the plugin contract.
const SCHEMES: &[&str] = &["sigv4", "oauth2", "google", "azure", "jwt"];

/// Authenticates the requests of one deployment. Made without I/O; cheap to clone.
#[derive(Clone)]
pub struct Signer {
    scheme: &'static str,
    way: Way,
}

#[derive(Clone)]
enum Way {
    SigV4(SigV4),
    Bearer(Arc<dyn Mint>),
}

/// A request that has no credential yet. Nothing of it may change after it was signed, except
/// headers that are not AWS's own, not the host and not the content type.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'r> {
    pub method: &'r Method,
    pub url: &'r Url,
    pub headers: &'r HeaderMap,
    pub body: Body<'r>,
}

/// What a signature says of a body.
#[derive(Clone, Copy)]
pub enum Body<'b> {
    Bytes(&'b [u8]),
    /// The SHA-256 of a body that is sent from elsewhere, in lower-case hex.
    Sha256(&'b str),
    /// Nothing: the body is not known yet. Few services take it.
    Unsigned,
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
            Self::Sha256(_) => out.write_str("a digest"),
            Self::Unsigned => out.write_str("unsigned"),
        }
    }
}

impl Signer {
    /// Whether this crate knows the scheme.
    pub fn knows(scheme: &str) -> bool {
        SCHEMES.contains(&scheme)
    }

    /// The settings of a deployment that a scheme reads itself, whatever its plugin knows.
    pub fn settings(scheme: &str) -> &'static [&'static str] {
        match scheme {
            "sigv4" => crate::aws::SETTINGS,
            "oauth2" => crate::oauth2::SETTINGS,
            "google" => crate::google::SETTINGS,
            "azure" => crate::azure::SETTINGS,
            _ => &[],
        }
    }

    /// Reads a scheme's parameters.
    ///
    /// # Errors
    /// A setting is missing or cannot be read; the scheme is not known.
    pub fn new(scheme: &str, params: &[(String, String)], given: &Given) -> Result<Self, Error> {
        let params = Params(params);
        let known = SCHEMES.iter().find(|it| **it == scheme);
        let scheme = known.copied().ok_or_else(|| {
            Error::unsupported(format!(
                "this gateway does not know the authentication scheme `{scheme}`"
            ))
        })?;
        given.judge()?;
        let way = match scheme {
            "sigv4" => Way::SigV4(SigV4::read(&params, given)?),
            "oauth2" => Way::Bearer(Arc::new(OAuth2::read(&params, given)?)),
            "google" => Way::Bearer(Arc::new(Google::read(&params, given)?)),
            "azure" => Way::Bearer(Arc::new(Azure::read(&params, given)?)),
            _ => Way::Bearer(Arc::new(Jwt::read(&params, given)?)),
        };
        Ok(Self { scheme, way })
    }

    /// The headers that authenticate a request, to be inserted in place of what it has. All values
    /// are marked as sensitive.
    ///
    /// # Errors
    /// There is no credential; the message says the cure.
    pub async fn headers(
        &self,
        tokens: &Tokens,
        request: &Unsigned<'_>,
    ) -> Result<HeaderMap, Error> {
        match &self.way {
            Way::SigV4(way) => way.headers(tokens, request).await,
            Way::Bearer(mint) => bearer(&tokens.bearer(mint).await?),
        }
    }

    /// The address of the token server, if a plugin chose it. It is sent the deployment's secrets, so
    /// the gateway has to refuse it, before [`Self::headers`], unless it is on the deployment's own
    /// host or on one that is granted to the plugin.
    pub fn token_server(&self) -> Option<&str> {
        match &self.way {
            Way::SigV4(_) => None,
            Way::Bearer(mint) => mint.token_server(),
        }
    }

    /// The upstream answered that the credential is not good (401, or AWS's expired token): the next
    /// request gets another one, unless this one is fresh.
    pub fn refused(&self, tokens: &Tokens) {
        tokens.refuse(match &self.way {
            Way::SigV4(way) => way.key(),
            Way::Bearer(mint) => mint.key(),
        });
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signer({})", self.scheme)
    }
}

fn bearer(bearer: &Bearer) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let token = format!("Bearer {}", bearer.token.reveal());
    headers.insert(AUTHORIZATION, sensitive(&token)?);
    if let Some(project) = &bearer.quota_project {
        let name = HeaderName::from_static("x-goog-user-project");
        headers.insert(name, sensitive(project)?);
    }
    Ok(headers)
}

fn sensitive(value: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::malformed("the credential that came has characters that no header takes")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
