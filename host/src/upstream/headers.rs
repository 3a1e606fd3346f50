//! Headers of an outbound request: the plugin's, the operator's, and the credential, which only
//! the host holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_credentials::Signer;
use sluice_engine::contract::Auth;
use url::Url;

use super::target::{AuthScheme, Target};
use crate::domain::{ErrorKind, Fault, Secret};

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

/// Adds the credential, as the plugin or else the provider's `describe` names it.
pub(super) fn authenticate(
    target: &Target,
    asked: &[Auth],
    headers: &mut HeaderMap,
    url: &mut Url,
) -> Result<(), Fault> {
    if asked.is_empty() {
        return apply(target, &target.auth, headers, url);
    }
    for auth in asked {
        let scheme = AuthScheme {
            scheme: auth.scheme.clone(),
            params: auth.params.clone(),
        };
        apply(target, &scheme, headers, url)?;
    }
    Ok(())
}

fn apply(
    target: &Target,
    auth: &AuthScheme,
    headers: &mut HeaderMap,
    url: &mut Url,
) -> Result<(), Fault> {
    match auth.scheme.as_str() {
        "" | "none" => Ok(()),
        // Once everything else of the request is there: see `signing`.
        scheme if Signer::knows(scheme) => Ok(()),
        "bearer" => {
            let secret = secret(target, auth, "secret")?;
            set(
                headers,
                "authorization",
                &format!("Bearer {}", secret.reveal()),
            )
        }
        "header" => {
            let name = auth.param("name").unwrap_or("authorization").to_owned();
            let prefix = auth.param("prefix").unwrap_or_default();
            let secret = secret(target, auth, "secret")?;
            set(headers, &name, &format!("{prefix}{}", secret.reveal()))
        }
        "query" => {
            let secret = secret(target, auth, "secret")?;
            url.query_pairs_mut()
                .append_pair(auth.param("name").unwrap_or("key"), secret.reveal());
            Ok(())
        }
        "basic" => {
            let user = secret(target, auth, "user-secret")?;
            let password = secret(target, auth, "password-secret")?;
            let pair = STANDARD.encode(format!("{}:{}", user.reveal(), password.reveal()));
            set(headers, "authorization", &format!("Basic {pair}"))
        }
        other => {
            let message = format!("this gateway does not know the authentication scheme `{other}`");
            Err(Fault::operator(ErrorKind::Unsupported, message))
        }
    }
}

fn secret<'t>(target: &'t Target, auth: &AuthScheme, param: &str) -> Result<&'t Secret, Fault> {
    let name = auth.param(param).unwrap_or("api_key");
    target.secrets.get(name).ok_or_else(|| {
        let message = format!(
            "the deployment has no `{name}` for provider `{}`: set it in `litellm_params` or in the \
             provider's environment variable",
            target.provider
        );
        Fault::operator(ErrorKind::Authentication, message)
    })
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
