//! ID tokens of OpenID Connect: what an identity provider says of somebody who just came from it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::{Fetch, Issuer, Jwks, Unproven, proven_claims};

/// How long the provider's keys are believed, and how much longer while it does not answer.
const KEYS: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(3_600));

/// Entra writes this in the place of the tenant where it serves several.
const TENANT: &str = "{tenantid}";

/// Proves ID tokens of one provider for one client.
#[derive(Debug)]
pub struct IdTokens {
    jwks: Jwks,
    issuer: String,
    client_id: String,
}

impl IdTokens {
    /// `issuer` as the provider's own description has it.
    pub fn new(key_url: &str, issuer: &str, client_id: &str, fetch: &Arc<dyn Fetch>) -> Self {
        let urls = [key_url.to_owned()];
        Self {
            jwks: Jwks::new(&urls, fetch, KEYS.0, KEYS.1),
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
        }
    }

    /// The claims of a token that is this provider's, for this client, signed, not expired, and made
    /// for the sign-in that the nonce belongs to.
    ///
    /// # Errors
    /// What is wrong with it, without anything out of it; or why it cannot be proven.
    pub async fn prove(&self, token: &str, nonce: &str) -> Result<Value, String> {
        let of_tenants = self.issuer.contains(TENANT);
        let rules = Issuer {
            audience: vec![self.client_id.clone()],
            issuer: (!of_tenants)
                .then(|| self.issuer.clone())
                .into_iter()
                .collect(),
            ..Issuer::default()
        };
        let claims = proven_claims(&self.jwks, &rules, token).await;
        let claims = claims.map_err(|why| match why {
            Unproven::Flawed(why) => why.to_owned(),
            Unproven::ProviderDown(why) => format!("its keys cannot be fetched: {why}"),
        })?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if of_tenants {
            let wanted = text("tid").map(|it| self.issuer.replace(TENANT, it));
            if wanted.is_none() || wanted.as_deref() != text("iss") {
                return Err("it is from another issuer".to_owned());
            }
        }
        // Made for several: then it says for whom it was asked (OpenID Connect Core, 3.1.3.7).
        let several = claims
            .get("aud")
            .and_then(Value::as_array)
            .is_some_and(|it| it.len() > 1);
        let party = text("azp");
        if (several && party.is_none()) || party.is_some_and(|it| it != self.client_id) {
            return Err("it was made for another client".to_owned());
        }
        let own = text("nonce").unwrap_or_default();
        if !bool::from(own.as_bytes().ct_eq(nonce.as_bytes())) {
            return Err("it belongs to another sign-in (its nonce is another)".to_owned());
        }
        Ok(claims)
    }
}
