//! How a call is authenticated: by a key, by OAuth's client credentials, by a key pair that signs
//! tokens, or by a signature of AWS's.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::place::{Base, settings};
use crate::row::Row;

pub fn granted(
    call: &Call,
    row: &Row,
    own_row: bool,
    outbound: Outbound,
) -> Result<Outbound, Error> {
    let has_key = call.has_secret("api_key");
    if let Some(client) = row.client.as_ref().filter(|_| is_client(call)) {
        let base = Base::of(call, row)?;
        let origin = base.origin().ok_or_else(|| {
            fault::invalid_request(format!("provider `{}` needs an `api_base`", row.name))
        })?;
        let server = format!("{origin}{}", client.token_path);
        let params = [("token-url", server.as_str()), ("scope", &client.scope)];
        return Ok(outbound.auth("oauth2", &params));
    }
    if row.key_pair.is_some() && !has_key && call.has_secret(PRIVATE_KEY) {
        return signed(call, outbound);
    }
    if let Some(service) = row.signed.as_deref().filter(|_| row.auth.is_none()) {
        if has_key {
            return Ok(outbound.auth("bearer", &[("secret", "api_key")]));
        }
        return sigv4(call, row, service, outbound);
    }
    // A client of OAuth has an id and a secret, and no key.
    let by_client = row.auth.as_ref().is_some_and(|it| it.scheme == "oauth2");
    if !has_key && row.key_optional && !by_client {
        return Ok(outbound.auth("none", &[]));
    }
    match &row.auth {
        Some(auth) if auth.scheme == "none" => Ok(outbound.auth("none", &[])),
        Some(auth) => Ok(outbound.auth(
            &auth.scheme,
            &[
                ("name", auth.name.as_str()),
                ("prefix", auth.prefix.as_str()),
                ("secret", "api_key"),
            ],
        )),
        None if own_row && !has_key => Ok(outbound.auth("none", &[])),
        None => Ok(outbound),
    }
}

/// A signature holds in the region that is asked, so the host's name counts before a setting.
fn sigv4(call: &Call, row: &Row, service: &str, outbound: Outbound) -> Result<Outbound, Error> {
    let base = Base::of(call, row)?;
    let config = call.config();
    let setting = settings(&config, row);
    let region = base.region(service).or_else(|| setting("aws_region_name"));
    let region = region.map(|it| ("region", it));
    let params = std::iter::once(("service", service)).chain(region);
    Ok(outbound.auth("sigv4", &params.collect::<Vec<_>>()))
}

/// Without a key, or where the deployment names the client itself: a key may come from the
/// environment.
fn is_client(call: &Call) -> bool {
    let named = call.config().get("client_id").is_some_and(Value::is_string);
    call.has_secret("client_secret") && (named || !call.has_secret("api_key"))
}

const PRIVATE_KEY: &str = "snowflake_private_key";

/// Snowflake's longest life of a token is an hour.
const TOKEN_SECONDS: &str = "3540";

/// Snowflake's key pairs: issuer and subject are account and user in capitals, the account without
/// its region, and the issuer names the public key too.
fn signed(call: &Call, outbound: Outbound) -> Result<Outbound, Error> {
    let config = call.config();
    let setting = |name: &str| {
        let value = config.get(name).and_then(Value::as_str);
        value.filter(|it| !it.is_empty()).ok_or_else(|| {
            fault::invalid_request(format!(
                "a Snowflake key pair needs `{name}` in the deployment's `litellm_params`"
            ))
        })
    };
    let account = setting("account_id")?.split('.').next().unwrap_or_default();
    let user = setting("snowflake_user")?;
    let print = setting("snowflake_key_fingerprint")?;
    let print = print.strip_prefix("SHA256:").unwrap_or(print);
    let subject = format!("{account}.{user}").to_uppercase();
    let claims = json!({"iss": format!("{subject}.SHA256:{print}"), "sub": subject}).to_string();
    let params = [
        ("alg", "RS256"),
        ("key-secret", PRIVATE_KEY),
        ("ttl-seconds", TOKEN_SECONDS),
        ("claims", claims.as_str()),
    ];
    Ok(outbound.auth("jwt", &params))
}
