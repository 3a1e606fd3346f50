//! Applications of a tenant: service principals.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::answer;
use crate::cache::Lease;
use crate::clock::{after, epoch_seconds};
use crate::error::Error;
use crate::fetch::Ask;
use crate::given::Given;
use crate::jwt::{encode, signing_key};
use crate::secret::Secret;
use crate::tokens::{Bearer, Tokens};

const WHOM: &str = "Microsoft Entra ID";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_LIFE: Duration = Duration::from_secs(600);

/// An application of a tenant.
pub(super) struct App {
    pub authority: String,
    pub tenant: String,
    pub client: String,
    pub proof: Proof,
}

pub(super) enum Proof {
    Secret(Secret),
    /// A private key and a certificate, in PEM.
    Certificate(Secret),
    CertificateFile(String),
    FederatedFile(String),
    User {
        name: String,
        password: Secret,
    },
}

impl App {
    pub async fn ask(
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
        if let Proof::User { name, password } = &self.proof {
            grant = "password";
            fields.extend([("username", name.as_str()), ("password", password.reveal())]);
            secrets.push(password);
        }
        if let Proof::Secret(secret) = &self.proof {
            fields.push(("client_secret", secret.reveal()));
            secrets.push(secret);
        }
        if let Some(assertion) = &assertion {
            fields.push(("client_assertion_type", ASSERTION_TYPE));
            fields.push(("client_assertion", assertion.reveal()));
            secrets.push(assertion);
        }
        fields.push(("grant_type", grant));
        let ask = Ask::form(&url, given.usual_reach(), WHOM, &fields)?;
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
