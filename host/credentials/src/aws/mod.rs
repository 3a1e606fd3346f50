//! `sigv4`: requests to AWS are signed with keys that come from the deployment, the environment, a
//! profile, a role or the machine.

mod chain;
mod local;
mod origin;
mod profile;
mod sign;
mod sts;

use std::sync::Arc;

use http::HeaderMap;

pub(crate) use chain::{Chain, NAMES as SETTINGS};
pub(crate) use local::zone;
pub(crate) use sign::sign;

use crate::error::Error;
use crate::given::{Given, Params};
use crate::key::Key;
use crate::secret::Secret;
use crate::signer::Unsigned;
use crate::tokens::Tokens;

/// Keys of AWS.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// Temporary keys have one.
    pub session_token: Option<Secret>,
    /// The profile's region, if they are of one.
    pub region: Option<String>,
}

/// What to sign for.
#[derive(Debug, Clone)]
pub(crate) struct SigV4 {
    service: String,
    region: Option<String>,
    chain: Arc<Chain>,
}

impl SigV4 {
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let service = params.get("service").ok_or_else(|| {
            Error::unsupported("the plugin names no `service` for `sigv4`: report it to its author")
        })?;
        let region = params.get("region").map(str::to_owned);
        Ok(Self {
            service: service.to_owned(),
            region: region.or_else(|| chain::region(given)),
            chain: Arc::new(Chain::read(given)?),
        })
    }

    pub fn key(&self) -> Key {
        self.chain.key()
    }

    pub async fn headers(
        &self,
        tokens: &Tokens,
        request: &Unsigned<'_>,
    ) -> Result<HeaderMap, Error> {
        let keys = match self.chain.keys() {
            Some(keys) => keys.clone(),
            None => tokens.aws(&self.chain).await?,
        };
        let region = self.region.as_deref().or(keys.region.as_deref());
        let region = region.ok_or_else(|| {
            Error::missing(
                "no AWS region is named: set `aws_region_name` in `litellm_params`, or `AWS_REGION`",
            )
        })?;
        sign(&keys, &self.service, region, tokens.clock().now(), request)
    }
}
