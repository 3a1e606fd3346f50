//! `azure`: Microsoft Entra ID. A service principal by secret or certificate, a federated token, a
//! user, or the managed identity of the machine.

mod app;
mod managed;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::cache::Lease;
use crate::clock::after;
use crate::error::Error;
use crate::given::{Given, Params};
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};
use app::{App, Proof};
use managed::managed;

const USUAL_SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const USUAL_AUTHORITY: &str = "https://login.microsoftonline.com";

/// A token that is given and not asked for is read anew after this time.
const GIVEN_LIFE: Duration = Duration::from_secs(300);

/// Settings that prove who asks.
const PROOFS: &[&str] = &[
    "azure_ad_token",
    "client_secret",
    "azure_certificate",
    "azure_certificate_path",
    "azure_username",
];

/// Everything that a token may depend on.
pub(crate) const SETTINGS: &[&str] = &[
    "azure_ad_token",
    "tenant_id",
    "client_id",
    "client_secret",
    "azure_username",
    "azure_password",
    "azure_certificate",
    "azure_certificate_path",
    "azure_authority_host",
    "AZURE_AD_TOKEN",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
];

pub(crate) struct Azure {
    way: Way,
    scope: String,
    given: Given,
    key: Key,
}

enum Way {
    /// It is there already.
    Token(Secret),
    App(App),
    Managed {
        client: Option<String>,
    },
}

impl Azure {
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let scope = given.text(&["azure_scope"], &["AZURE_SCOPE"]);
        let scope = scope.or_else(|| params.get("scope").map(str::to_owned));
        let scope = scope.unwrap_or_else(|| USUAL_SCOPE.to_owned());
        let key = given.tell(Key::of("azure").text(&scope), SETTINGS);
        Ok(Self {
            way: way(given)?,
            scope,
            given: given.clone(),
            key: key.done(),
        })
    }

    async fn ask(&self, tokens: &Tokens) -> Result<Lease<Bearer>, Error> {
        match &self.way {
            Way::Token(value) => {
                let token = self.given.token(value, "`azure_ad_token`").await?;
                Ok(Lease {
                    value: Bearer::new(token),
                    expires: Some(after(tokens.clock().now(), GIVEN_LIFE)),
                })
            }
            Way::App(app) => app.ask(&self.scope, &self.given, tokens).await,
            Way::Managed { client } => {
                managed(client.as_deref(), &self.scope, &self.given, tokens).await
            }
        }
    }
}

/// What the deployment says wins over the environment; nothing said is the machine's own identity.
fn way(given: &Given) -> Result<Way, Error> {
    let own = PROOFS.iter().any(|it| given.setting(it).is_some());
    let proof = |setting: &str, variable: &str| {
        let found = given.first(&[setting], &[]);
        found.or_else(|| given.first(&[], &[variable]).filter(|_| !own))
    };
    let path = |it: Option<Secret>| it.map(|it| it.reveal().trim().to_owned());
    if let Some(token) = proof("azure_ad_token", "AZURE_AD_TOKEN") {
        return Ok(Way::Token(token));
    }
    let file = path(proof(
        "azure_certificate_path",
        "AZURE_CLIENT_CERTIFICATE_PATH",
    ));
    let user = path(proof("azure_username", "AZURE_USERNAME"));
    let password = proof("azure_password", "AZURE_PASSWORD");
    let tenant = given.text(&["tenant_id"], &["AZURE_TENANT_ID"]);
    let client = given.text(&["client_id"], &["AZURE_CLIENT_ID"]);
    let proof = if let Some(secret) = proof("client_secret", "AZURE_CLIENT_SECRET") {
        Proof::Secret(secret)
    } else if let Some(pem) = given.first(&["azure_certificate"], &[]) {
        Proof::Certificate(pem)
    } else if let Some(path) = file {
        Proof::CertificateFile(path)
    } else if let Some((name, password)) = user.zip(password) {
        Proof::User { name, password }
    } else if let Some(path) = given.text(&[], &["AZURE_FEDERATED_TOKEN_FILE"]) {
        Proof::FederatedFile(path)
    } else {
        given.ambient("Entra ID (`tenant_id`, `client_id`, `client_secret`)")?;
        return Ok(Way::Managed { client });
    };
    let need = |value: Option<String>, setting: &str, variable: &str| {
        value.ok_or_else(|| {
            Error::missing(format!(
                "Entra ID needs `{setting}`: set it in `litellm_params`, or `{variable}`"
            ))
        })
    };
    let authority = given.text(&["azure_authority_host"], &["AZURE_AUTHORITY_HOST"]);
    let authority = authority.unwrap_or_else(|| USUAL_AUTHORITY.to_owned());
    Ok(Way::App(App {
        authority: match authority.contains("://") {
            true => authority,
            false => format!("https://{authority}"),
        },
        tenant: need(tenant, "tenant_id", "AZURE_TENANT_ID")?,
        client: need(client, "client_id", "AZURE_CLIENT_ID")?,
        proof,
    }))
}

impl Mint for Azure {
    fn key(&self) -> Key {
        self.key
    }

    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>> {
        async move { self.ask(&tokens).await }.boxed()
    }
}
