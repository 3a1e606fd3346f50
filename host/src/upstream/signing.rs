//! Schemes whose credential is made for the request or fetched for it: the last thing that is added.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sluice_credentials::{Body, Error, Kind, Signer, Tokens, Unsigned};
use sluice_engine::contract::Auth;
use url::Url;

use super::address;
use super::content::Content;
use super::target::Target;
use crate::domain::{ErrorKind, Fault};

/// What is signed, besides the headers.
pub(super) struct Parts<'p> {
    pub method: &'p Method,
    pub url: &'p Url,
    pub body: &'p Content,
}

/// Those of the schemes, as the plugin or else the provider's `describe` names them, that are not
/// plain secrets.
pub(super) fn signers(target: &Target, asked: &[Auth]) -> Result<Vec<Signer>, Fault> {
    let usual = [(&target.auth.scheme, &target.auth.params)];
    let asked = asked.iter().map(|it| (&it.scheme, &it.params));
    let mut named: Vec<_> = asked.collect();
    if named.is_empty() {
        named.extend(usual);
    }
    let named = named.into_iter().filter(|(it, _)| Signer::knows(it));
    named
        .map(|(scheme, params)| {
            let signer = Signer::new(scheme, params, &target.given).map_err(fault)?;
            if let Some(server) = signer.token_server() {
                address::resolve(target, server)?;
            }
            Ok(signer)
        })
        .collect()
}

/// Adds the headers that they give; the tokens that stand in them.
pub(super) async fn sign(
    tokens: &Tokens,
    signers: &[Signer],
    parts: &Parts<'_>,
    headers: &mut HeaderMap,
) -> Result<Vec<String>, Fault> {
    let mut sent = Vec::new();
    for signer in signers {
        let body = match parts.body {
            Content::Held(bytes) => Body::Bytes(bytes),
            Content::Pieces(_) => Body::Unsigned,
        };
        let unsigned = Unsigned {
            method: parts.method,
            url: parts.url,
            headers: &*headers,
            body,
        };
        let added = signer.headers(tokens, &unsigned).await.map_err(fault)?;
        for (name, value) in &added {
            sent.extend(token(name, value).map(str::to_owned));
            headers.insert(name.clone(), value.clone());
        }
    }
    Ok(sent)
}

/// What of a header would serve whoever reads it. A signature serves for its request alone.
fn token<'h>(name: &HeaderName, value: &'h HeaderValue) -> Option<&'h str> {
    let text = value.to_str().ok()?;
    match name.as_str() {
        "authorization" => text.strip_prefix("Bearer "),
        "x-amz-security-token" => Some(text),
        _ => None,
    }
}

/// Why a request has no credential.
pub fn fault(error: Error) -> Fault {
    let message = error.message;
    match error.kind {
        Kind::Missing | Kind::Refused => Fault::operator(ErrorKind::Authentication, message),
        Kind::Unsupported => Fault::operator(ErrorKind::Unsupported, message),
        Kind::Unreachable | Kind::Malformed => {
            let told = "the deployment's credential could not be fetched";
            Fault::upstream(ErrorKind::Upstream, told).with_log(message)
        }
        Kind::Internal => Fault::ours("the request could not be authenticated", message),
    }
}
