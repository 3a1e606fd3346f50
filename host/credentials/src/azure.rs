//! `azure`: Microsoft Entra ID. A service principal by secret or certificate, a federated token, a
//! user, or the managed identity of the machine.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use crate::answer;
use crate::cache::Lease;
use crate::clock::{after, epoch_seconds};
use crate::error::{Error, Kind};
use crate::fetch::{Ask, Reach};
use crate::given::{Given, Params};
use crate::jwt::{encode, signing_key};
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};

const WHOM: &str = "Microsoft Entra ID";
const MACHINE: &str = "the managed identity endpoint";

const USUAL_SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const USUAL_AUTHORITY: &str = "https://login.microsoftonline.com";
const IMDS: &str = "http://169.254.169.254";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_LIFE: Duration = Duration::from_secs(600);

/// A token that is given and not asked for is read anew after this time.
const GIVEN_LIFE: Duration = Duration::from_secs(300);

const SETTINGS: &[&str] = &[
    "azure_ad_token",
    "tenant_id",
    "client_id",
    "client_secret",
    "azure_username",
    "azure_password",
    "azure_certificate",
    "azure_certificate_path",
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

/// An application of a tenant.
struct App {
    authority: String,
    tenant: String,
    client: String,
    proof: Proof,
}

enum Proof {
    Secret(Secret),
    /// A private key and a certificate, in PEM.
    Certificate(Secret),
    CertificateFile(String),
    FederatedFile(String),
    User {
        name: String,
        password: Secret,
        secret: Option<Secret>,
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

/// What is given says which way it is; nothing given is the machine's own identity.
fn way(given: &Given) -> Result<Way, Error> {
    let secret = given.first(&["client_secret"], &["AZURE_CLIENT_SECRET"]);
    let certificate = given.first(&["azure_certificate"], &[]);
    let file = given.text(
        &["azure_certificate_path"],
        &["AZURE_CLIENT_CERTIFICATE_PATH"],
    );
    let federated = given.text(&[], &["AZURE_FEDERATED_TOKEN_FILE"]);
    let user = given.text(&["azure_username"], &["AZURE_USERNAME"]);
    let password = given.first(&["azure_password"], &["AZURE_PASSWORD"]);
    let tenant = given.text(&["tenant_id"], &["AZURE_TENANT_ID"]);
    let client = given.text(&["client_id"], &["AZURE_CLIENT_ID"]);
    if let Some(token) = given.first(&["azure_ad_token"], &["AZURE_AD_TOKEN"]) {
        return Ok(Way::Token(token));
    }
    let proof = match (secret, certificate, file, federated, user.zip(password)) {
        (secret, _, _, _, Some((name, password))) => Proof::User {
            name,
            password,
            secret,
        },
        (Some(secret), ..) => Proof::Secret(secret),
        (None, Some(pem), ..) => Proof::Certificate(pem),
        (None, None, Some(path), ..) => Proof::CertificateFile(path),
        (None, None, None, Some(path), _) => Proof::FederatedFile(path),
        (None, None, None, None, None) => {
            given.ambient("Entra ID (`tenant_id`, `client_id`, `client_secret`)")?;
            return Ok(Way::Managed { client });
        }
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

impl App {
    async fn ask(
        &self,
        scope: &str,
        given: &Given,
        tokens: &Tokens,
    ) -> Result<Lease<Bearer>, Error> {
        let authority = self.authority.trim_end_matches('/');
        let url = format!("{authority}/{}/oauth2/v2.0/token", self.tenant);
        let mut fields = vec![("client_id", self.client.as_str()), ("scope", scope)];
        let mut secrets = Vec::new();
        let assertion = match &self.proof {
            Proof::Certificate(pem) => Some(self.signed(pem, &url, given, tokens)?),
            Proof::CertificateFile(path) => {
                let pem = given.file(path, "the client certificate").await?;
                Some(self.signed(&pem, &url, given, tokens)?)
            }
            Proof::FederatedFile(path) => Some(given.file(path, "the federated token").await?),
            Proof::Secret(_) | Proof::User { .. } => None,
        };
        let mut grant = "client_credentials";
        if let Proof::User { name, password, .. } = &self.proof {
            grant = "password";
            fields.extend([("username", name.as_str()), ("password", password.reveal())]);
            secrets.push(password);
        }
        if let Proof::Secret(secret)
        | Proof::User {
            secret: Some(secret),
            ..
        } = &self.proof
        {
            fields.push(("client_secret", secret.reveal()));
            secrets.push(secret);
        }
        if let Some(assertion) = &assertion {
            fields.push(("client_assertion_type", ASSERTION_TYPE));
            fields.push(("client_assertion", assertion.reveal()));
            secrets.push(assertion);
        }
        fields.push(("grant_type", grant));
        let ask = Ask::form(&url, given.reach(), WHOM, &fields)?;
        let cure = "correct `tenant_id`, `client_id` and the secret, certificate or federation, and \
                    check that the application may use the scope";
        answer::ask(ask, tokens, cure, &secrets).await
    }

    /// A proof that this is the certificate's owner.
    fn signed(
        &self,
        pem: &Secret,
        url: &str,
        given: &Given,
        tokens: &Tokens,
    ) -> Result<Secret, Error> {
        let text = pem.reveal().replace("\\n", "\n");
        let parts = pem::parse_many(text.as_bytes()).unwrap_or_default();
        let certificates: Vec<&pem::Pem> = parts
            .iter()
            .filter(|it| it.tag() == "CERTIFICATE")
            .collect();
        let key = parts.iter().find(|it| it.tag().ends_with("PRIVATE KEY"));
        let (Some(first), Some(key)) = (certificates.first(), key) else {
            return Err(Error::missing(
                "the client certificate must be PEM with a certificate and its private RSA key (no \
                 password): convert it",
            ));
        };
        let key = Secret::new(pem::encode(key));
        let key = signing_key(Algorithm::PS256, &key, "the client certificate's key")?;
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(first.contents())));
        if given.says("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN") {
            let chain = certificates.iter().map(|it| STANDARD.encode(it.contents()));
            header.x5c = Some(chain.collect());
        }
        let now = tokens.clock().now();
        let id = Sha256::digest(format!("{}{:?}", self.client, now).as_bytes());
        let claims = json!({
            "aud": url,
            "iss": self.client,
            "sub": self.client,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "nbf": epoch_seconds(now),
            "exp": epoch_seconds(after(now, ASSERTION_LIFE)),
        });
        let claims = claims.as_object().cloned().unwrap_or_default();
        encode(&header, &claims, &key)
    }
}

/// The identity that the machine has: of App Service and its like, else of the virtual machine.
async fn managed(
    client: Option<&str>,
    scope: &str,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Bearer>, Error> {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let endpoint = given.text(&[], &["IDENTITY_ENDPOINT"]);
    let header = given.first(&[], &["IDENTITY_HEADER"]);
    let (base, version, name, value) = match (endpoint, header) {
        (Some(endpoint), Some(header)) => (endpoint, "2019-08-01", "x-identity-header", header),
        (Some(_), None) => {
            return Err(Error::unsupported(
                "the managed identity of Azure Arc is not supported: set `tenant_id`, `client_id` \
                 and `client_secret`",
            ));
        }
        _ => {
            let host = given.text(&[], &["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
            let host = host.unwrap_or_else(|| IMDS.to_owned());
            let host = host.trim_end_matches('/');
            let base = format!("{host}/metadata/identity/oauth2/token");
            (base, "2018-02-01", "metadata", "true".into())
        }
    };
    let joint = if base.contains('?') { '&' } else { '?' };
    let query = [("api-version", version), ("resource", resource)].into_iter();
    let query = query.chain(client.map(|it| ("client_id", it)));
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    let url = format!("{base}{joint}{query}");
    let ask = Ask::get(&url, Reach::Metadata, MACHINE)?;
    let ask = ask.header(HeaderName::from_static(name), value.reveal());
    let cure = "assign an identity to this machine and let it use the resource; of several, name \
                one by `client_id`";
    let asked = answer::ask(ask, tokens, cure, &[&value]).await;
    asked.map_err(|error| match error.kind {
        Kind::Unreachable if error.retry_after.is_none() => Error::new(
            Kind::Unreachable,
            format!(
                "no Azure credential is found: set `api_key`, or `tenant_id`, `client_id` and \
                 `client_secret`, or run with a managed identity ({error})"
            ),
        ),
        _ => error,
    })
}

impl Mint for Azure {
    fn key(&self) -> Key {
        self.key
    }

    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>> {
        async move { self.ask(&tokens).await }.boxed()
    }
}
