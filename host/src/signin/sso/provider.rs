//! An identity provider: where its endpoints are, and what they answer.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::{at, down, refused};
use crate::auth::{Fetch, IdTokens};
use crate::config::Sso;
use crate::domain::Fault;
use crate::signin::Exchange;

/// Where a provider describes itself, below its issuer (OpenID Connect Discovery, 4).
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// A provider's endpoints, and what proves its tokens.
#[derive(Debug)]
pub(super) struct Provider {
    pub authorization: String,
    token: String,
    userinfo: Option<String>,
    /// None: the config names endpoints and no issuer, so nothing says whose keys sign.
    id_tokens: Option<IdTokens>,
    /// The client's secret goes into the body, not into a header.
    secret_in_body: bool,
}

/// What a code was worth.
#[derive(Debug)]
pub(super) struct Tokens {
    access: Option<String>,
    id: Option<String>,
}

impl Provider {
    /// By what the provider says of itself, and over it the config.
    pub async fn read(
        sso: &Sso,
        fetch: &Arc<dyn Fetch>,
        exchange: &dyn Exchange,
    ) -> Result<Self, Fault> {
        let said = match &sso.issuer {
            Some(issuer) => describe(sso, issuer, exchange).await?,
            None => Value::Null,
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let need = |own: &Option<String>, name: &str, variable: &str| {
            own.clone().or_else(|| text(name)).ok_or_else(|| {
                down(format!(
                    "single sign-on has no {name}: set {variable}, or SLUICE_OIDC_ISSUER"
                ))
            })
        };
        let id_tokens = match (text("issuer"), text("jwks_uri")) {
            (Some(issuer), Some(keys)) => {
                Some(IdTokens::new(&keys, &issuer, &sso.client_id, fetch))
            }
            _ => None,
        };
        let methods = said.get("token_endpoint_auth_methods_supported");
        let methods = methods.and_then(Value::as_array);
        let takes =
            |way: &str| methods.is_some_and(|all| all.iter().any(|it| it.as_str() == Some(way)));
        Ok(Self {
            authorization: need(
                &sso.authorization,
                "authorization_endpoint",
                "GENERIC_AUTHORIZATION_ENDPOINT",
            )?,
            token: need(&sso.token, "token_endpoint", "GENERIC_TOKEN_ENDPOINT")?,
            userinfo: sso.userinfo.clone().or_else(|| text("userinfo_endpoint")),
            id_tokens,
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        })
    }

    /// The request that gives a code, the verifier and the address that the provider sent back to.
    fn for_tokens(
        &self,
        sso: &Sso,
        (code, verifier, back): (&str, &str, &str),
    ) -> http::Result<Request<Bytes>> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", back)
            .append_pair("code_verifier", verifier)
            .append_pair("client_id", &sso.client_id);
        let mut request = Request::post(&self.token)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        match &sso.client_secret {
            Some(secret) if self.secret_in_body => {
                form.append_pair("client_secret", secret.reveal());
            }
            Some(secret) => {
                // Each is encoded first (RFC 6749, 2.3.1).
                let encode = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let pair = format!("{}:{}", encode(&sso.client_id), encode(secret.reveal()));
                let basic = format!("Basic {}", STANDARD.encode(pair));
                request = request.header(AUTHORIZATION, basic);
            }
            None => {}
        }
        request.body(Bytes::from(form.finish()))
    }

    /// Gives a code for tokens, with its verifier and the address that the provider sent back to.
    pub async fn tokens(
        &self,
        sso: &Sso,
        exchange: &dyn Exchange,
        given: (&str, &str, &str),
    ) -> Result<Tokens, Fault> {
        let request = self.for_tokens(sso, given);
        let answer = ask(exchange, request, "token endpoint").await?;
        let status = answer.status();
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(error) = text("error") {
            tracing::warn!(http.status = status.as_u16(), %error, "the identity provider refused a code");
            return Err(refused(
                "the identity provider did not take the code it gave; begin again at the sign-in \
                 page. If it stays so, the client's id, secret or redirect address is not what the \
                 provider knows",
            ));
        }
        if !status.is_success() {
            return Err(down(format!("the token endpoint answers {status}")));
        }
        Ok(Tokens {
            access: text("access_token"),
            id: text("id_token"),
        })
    }

    /// What the provider says of who came: the ID token, proven, and the rest of the userinfo.
    pub async fn claims(
        &self,
        exchange: &dyn Exchange,
        tokens: &Tokens,
        nonce: &str,
    ) -> Result<Value, Fault> {
        let mut claims = Value::Object(serde_json::Map::new());
        if let Some(proving) = &self.id_tokens {
            let token = tokens.id.as_deref().ok_or_else(|| {
                refused("the identity provider sent no ID token; ask for the scope `openid`")
            })?;
            claims = proving.prove(token, nonce).await.map_err(|why| {
                refused(format!(
                    "the identity provider's ID token does not hold: {why}"
                ))
            })?;
        }
        if let Some(told) = self.userinfo(exchange, tokens).await? {
            let subject = |of: &Value| at(of, "sub").cloned();
            // Whose it is has to be the same (OpenID Connect Core, 5.3.2).
            if self.id_tokens.is_some() && subject(&told) != subject(&claims) {
                return Err(refused(
                    "the identity provider's userinfo is of somebody else than its ID token",
                ));
            }
            if let (Some(all), Value::Object(told)) = (claims.as_object_mut(), told) {
                for (name, value) in told {
                    all.entry(name).or_insert(value);
                }
            }
        }
        Ok(claims)
    }

    async fn userinfo(
        &self,
        exchange: &dyn Exchange,
        tokens: &Tokens,
    ) -> Result<Option<Value>, Fault> {
        let (Some(url), Some(token)) = (&self.userinfo, &tokens.access) else {
            return Ok(None);
        };
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Bytes::new());
        let answer = ask(exchange, request, "userinfo endpoint").await?;
        if !answer.status().is_success() {
            return Err(down(format!(
                "the userinfo endpoint answers {}",
                answer.status()
            )));
        }
        let told = serde_json::from_slice::<Value>(answer.body()).ok();
        let told = told.filter(Value::is_object);
        told.map(Some)
            .ok_or_else(|| down("the userinfo is no JSON object"))
    }
}

/// What a provider says of itself.
async fn describe(sso: &Sso, issuer: &str, exchange: &dyn Exchange) -> Result<Value, Fault> {
    let request = Request::get(format!("{issuer}{DESCRIPTION}"))
        .header(ACCEPT, "application/json")
        .body(Bytes::new());
    let answer = ask(exchange, request, "description").await?;
    if !answer.status().is_success() {
        return Err(down(format!("the description answers {}", answer.status())));
    }
    let said: Value = serde_json::from_slice(answer.body())
        .map_err(|cause| down(format!("the description is no JSON: {cause}")))?;
    let own = said
        .get("issuer")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // Entra names a tenant by its number, whatever it was asked by.
    if sso.provider != "microsoft" && own.trim_end_matches('/') != issuer {
        return Err(down(format!(
            "the provider calls itself `{own}`, not `{issuer}`"
        )));
    }
    Ok(said)
}

async fn ask(
    exchange: &dyn Exchange,
    request: http::Result<Request<Bytes>>,
    what: &str,
) -> Result<Response<Bytes>, Fault> {
    let request = request.map_err(|cause| down(format!("the {what} is no address: {cause}")))?;
    let answer = exchange.send(request).await;
    answer.map_err(|why| down(format!("the {what} does not answer: {why}")))
}
