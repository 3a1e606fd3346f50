//! Headers of an outbound request: the plugin's, the operator's, and the credential, which only
//! the host holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_credentials::{Captured, Signer};
use sluice_engine::contract::Auth;
use url::Url;

use super::capture::Captures;
use super::target::{AuthScheme, Target};
use crate::domain::{ErrorKind, Fault};

/// Headers a plugin does not set: the connection's, and those that hold credentials.
const HOSTS_OWN: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The plugin's headers, then the operator's.
pub(super) fn plain(target: &Target, given: &[(String, String)]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(given.len() + 4);
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        if HOSTS_OWN.contains(&lower.as_str()) {
            return Err(Fault::plugin(format!(
                "the plugin may not set the header `{lower}`"
            )));
        }
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(lower.as_bytes()),
            HeaderValue::from_str(value),
        ) else {
            return Err(Fault::plugin(format!(
                "the plugin set the invalid header {name:?}"
            )));
        };
        headers.append(name, value);
    }
    for (name, value) in &target.extra_headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(headers)
}

/// The secrets that a request may name: its deployment's, and what its call has captured.
#[derive(Clone, Copy)]
pub(super) struct Known<'r>(pub &'r Target, pub &'r Captures);

impl<'r> Known<'r> {
    fn secret(self, auth: &AuthScheme, param: &str) -> Result<&'r str, Fault> {
        let Self(target, captures) = self;
        let name = auth.param(param).unwrap_or("api_key");
        let own = target.secrets.get(name).map(|it| it.reveal());
        let found = own.or_else(|| captures.find(name).map(|it| it.secret.reveal()));
        found.ok_or_else(|| {
            let message = format!(
                "the deployment has no `{name}` for provider `{}`: set it in `litellm_params` or in \
                 the provider's environment variable",
                target.provider
            );
            let fault = Fault::operator(ErrorKind::Authentication, message);
            match target.secret_slots.iter().any(|it| it == name) {
                true => fault,
                // It may be another's: no key of the operator's is missing here.
                false => fault.breaching(),
            }
        })
    }

    /// What was captured and is named by the schemes that are asked for, or else by the provider's.
    pub fn captured(self, asked: &[Auth]) -> Vec<&'r Captured> {
        let own = &self.0.auth.params;
        let own = own.iter().filter(|_| asked.is_empty());
        let asked = asked.iter().flat_map(|it| &it.params);
        let named: Vec<&str> = asked.chain(own).map(|(_, it)| it.as_str()).collect();
        let all = self.1.all();
        let used = all.filter(|(name, _)| named.contains(name));
        used.map(|(_, captured)| captured).collect()
    }
}

/// Adds the credential, as the plugin or else the provider's `describe` names it.
pub(super) fn authenticate(
    known: Known<'_>,
    asked: &[Auth],
    headers: &mut HeaderMap,
    url: &mut Url,
) -> Result<(), Fault> {
    if asked.is_empty() {
        return apply(known, &known.0.auth, headers, url);
    }
    for auth in asked {
        let scheme = AuthScheme {
            scheme: auth.scheme.clone(),
            params: auth.params.clone(),
        };
        apply(known, &scheme, headers, url)?;
    }
    Ok(())
}

fn apply(
    known: Known<'_>,
    auth: &AuthScheme,
    headers: &mut HeaderMap,
    url: &mut Url,
) -> Result<(), Fault> {
    match auth.scheme.as_str() {
        "" | "none" => Ok(()),
        // Once everything else of the request is there: see `signing`.
        scheme if Signer::knows(scheme) => Ok(()),
        "bearer" => {
            let secret = known.secret(auth, "secret")?;
            set(headers, "authorization", &format!("Bearer {secret}"))
        }
        "header" => {
            let name = auth.param("name").unwrap_or("authorization").to_owned();
            let prefix = auth.param("prefix").unwrap_or_default();
            let secret = known.secret(auth, "secret")?;
            set(headers, &name, &format!("{prefix}{secret}"))
        }
        "query" => {
            let secret = known.secret(auth, "secret")?;
            url.query_pairs_mut()
                .append_pair(auth.param("name").unwrap_or("key"), secret);
            Ok(())
        }
        "basic" => {
            let user = known.secret(auth, "user-secret")?;
            let password = known.secret(auth, "password-secret")?;
            let pair = STANDARD.encode(format!("{user}:{password}"));
            set(headers, "authorization", &format!("Basic {pair}"))
        }
        other => {
            let message = format!("this gateway does not know the authentication scheme `{other}`");
            Err(Fault::operator(ErrorKind::Unsupported, message))
        }
    }
}

/// A secret in a header is marked, so that no debug output shows it.
fn set(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Fault> {
    let name = HeaderName::from_bytes(name.as_bytes());
    let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) else {
        let message = "the deployment's credential has characters that no header takes";
        return Err(Fault::operator(ErrorKind::Authentication, message));
    };
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
