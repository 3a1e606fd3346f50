//! Google's credential files.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::external::External;
use super::grant;
use crate::cache::Lease;
use crate::error::Error;
use crate::given::Given;
use crate::secret::Secret;
use crate::tokens::{Bearer, Tokens};

/// A credential, by its `type`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Document {
    ServiceAccount(ServiceAccount),
    AuthorizedUser(AuthorizedUser),
    ExternalAccount(Box<External>),
    ImpersonatedServiceAccount(Impersonated),
}

#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub client_email: String,
    #[serde(deserialize_with = "secret")]
    pub private_key: Secret,
    pub private_key_id: Option<String>,
    #[serde(default = "token_uri")]
    pub token_uri: String,
    pub project_id: Option<String>,
    pub quota_project_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct AuthorizedUser {
    pub client_id: String,
    #[serde(deserialize_with = "secret")]
    pub client_secret: Secret,
    #[serde(deserialize_with = "secret")]
    pub refresh_token: Secret,
    #[serde(default = "token_uri")]
    pub token_uri: String,
    pub quota_project_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Impersonated {
    source_credentials: Box<Document>,
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
    quota_project_id: Option<String>,
}

/// Secrets of documents, on their way in.
pub(super) fn secret<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Secret, D::Error> {
    String::deserialize(reader).map(Secret::new)
}

fn token_uri() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl Document {
    /// A message of the JSON reader may repeat what it read, so it is not told.
    pub fn read(text: &Secret) -> Result<Self, Error> {
        serde_json::from_str(text.reveal()).map_err(|cause| {
            Error::missing(format!(
                "the Google credential cannot be read (line {}, column {}): it must be the JSON of \
                 a `service_account`, an `authorized_user`, an `external_account` or an \
                 `impersonated_service_account`, whole",
                cause.line(),
                cause.column()
            ))
        })
    }

    pub fn project(&self) -> Option<String> {
        match self {
            Self::ServiceAccount(it) => it.project_id.clone(),
            Self::AuthorizedUser(it) => it.quota_project_id.clone(),
            Self::ImpersonatedServiceAccount(it) => it
                .quota_project_id
                .clone()
                .or_else(|| it.source_credentials.project()),
            Self::ExternalAccount(it) => it.quota_project_id.clone(),
        }
    }

    pub fn token<'d>(
        &'d self,
        scope: &'d str,
        given: &'d Given,
        tokens: &'d Tokens,
    ) -> BoxFuture<'d, Result<Lease<Bearer>, Error>> {
        async move {
            let (mut lease, quota) = match self {
                Self::ServiceAccount(it) => {
                    let lease = grant::by_key(it, scope, given, tokens).await?;
                    (lease, &it.quota_project_id)
                }
                Self::AuthorizedUser(it) => {
                    let lease = grant::by_refresh(it, given, tokens).await?;
                    (lease, &it.quota_project_id)
                }
                Self::ExternalAccount(it) => {
                    let lease = it.token(scope, given, tokens).await?;
                    (lease, &it.quota_project_id)
                }
                Self::ImpersonatedServiceAccount(it) => {
                    let own =
                        it.source_credentials
                            .token(grant::IMPERSONATION_SCOPE, given, tokens);
                    let own = own.await?.value;
                    let url = &it.service_account_impersonation_url;
                    let asked = grant::impersonate(
                        url,
                        &own.token,
                        scope,
                        &it.delegates,
                        None,
                        given,
                        tokens,
                    );
                    (asked.await?, &it.quota_project_id)
                }
            };
            lease.value.quota_project.clone_from(quota);
            Ok(lease)
        }
        .boxed()
    }
}
