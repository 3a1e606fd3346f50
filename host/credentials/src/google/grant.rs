//! The questions that Google's token servers take.

use std::time::Duration;

use http::Method;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use super::document::{AuthorizedUser, ServiceAccount};
use crate::answer::{self, document, said, text};
use crate::cache::Lease;
use crate::clock::{after, epoch_seconds, moment};
use crate::error::Error;
use crate::fetch::{Ask, failed};
use crate::given::Given;
use crate::jwt::{encode, signing_key};
use crate::secret::Secret;
use crate::tokens::{Bearer, Tokens};

const WHOM: &str = "Google's token server";
const IAM: &str = "Google's IAM credentials service";

/// What a token must be good for that takes on another account.
pub(super) const IMPERSONATION_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

const LIFE: Duration = Duration::from_secs(3600);

/// A service account's key signs a JWT, which is exchanged (RFC 7523).
pub(super) async fn by_key(
    account: &ServiceAccount,
    scope: &str,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Bearer>, Error> {
    let what = "the service account's `private_key`";
    let key = signing_key(Algorithm::RS256, &account.private_key, what)?;
    let mut header = Header::new(Algorithm::RS256);
    header.kid.clone_from(&account.private_key_id);
    let now = tokens.clock().now();
    let claims = json!({
        "iss": account.client_email,
        "aud": account.token_uri,
        "scope": scope,
        "iat": epoch_seconds(now),
        "exp": epoch_seconds(after(now, LIFE)),
    });
    let assertion = encode(
        &header,
        &claims.as_object().cloned().unwrap_or_default(),
        &key,
    )?;
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", assertion.reveal()),
    ];
    let ask = Ask::form(&account.token_uri, given.reach(), WHOM, &fields)?;
    let cure = "check that the service account and its key exist, and the clock of this machine";
    answer::ask(ask, tokens, cure, &[&assertion]).await
}

pub(super) async fn by_refresh(
    user: &AuthorizedUser,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Bearer>, Error> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", user.refresh_token.reveal()),
        ("client_id", &user.client_id),
        ("client_secret", user.client_secret.reveal()),
    ];
    let ask = Ask::form(&user.token_uri, given.reach(), WHOM, &fields)?;
    let cure = "sign in again (`gcloud auth application-default login`), or use a service account";
    let secrets = [&user.refresh_token, &user.client_secret];
    answer::ask(ask, tokens, cure, &secrets).await
}

/// A token of another service account.
pub(super) async fn impersonate(
    url: &str,
    own: &Secret,
    scope: &str,
    delegates: &[String],
    life: Option<Duration>,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Bearer>, Error> {
    let mut body = json!({
        "scope": scope.split_whitespace().collect::<Vec<_>>(),
        "lifetime": format!("{}s", life.unwrap_or(LIFE).as_secs()),
    });
    if !delegates.is_empty() {
        body["delegates"] = json!(delegates);
    }
    let ask = Ask::new(Method::POST, url, given.reach(), IAM)?
        .json(&body)
        .header(AUTHORIZATION, format!("Bearer {}", own.reveal()));
    let answer = ask.answer(tokens.fetch()).await?;
    let cure = "give this identity the role `Service Account Token Creator` on the account";
    if !answer.status().is_success() {
        let error = failed(&answer, IAM, &said(answer.body()), cure);
        return Err(error.without(&[own]));
    }
    let body = document(&answer, IAM)?;
    let expires = text(&body, "expireTime", IAM)?;
    Ok(Lease {
        value: Bearer::new(text(&body, "accessToken", IAM)?),
        expires: Some(moment(expires.reveal(), IAM)?),
    })
}
