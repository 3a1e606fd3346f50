//! `oauth2`: client credentials (RFC 6749, section 4.4), or a key that is traded for a token by a
//! grant of the provider's own (section 4.5), as IBM's identity service does.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use url::form_urlencoded::byte_serialize;

use crate::answer;
use crate::cache::Lease;
use crate::error::Error;
use crate::fetch::{Ask, Reach};
use crate::given::{Given, Params};
use crate::key::{Key, KeyMaker};
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};

const WHOM: &str = "the OAuth token server";

const CLIENT_CREDENTIALS: &str = "client_credentials";

/// Settings that are read here, besides the secrets that a plugin names.
pub(crate) const SETTINGS: &[&str] = &["token_url", "iam_url", "scope", "audience", "client_id"];

pub(crate) struct OAuth2 {
    url: String,
    reach: Reach,
    scope: Option<String>,
    audience: Option<String>,
    /// The form's `grant_type`.
    grant: String,
    proof: Proof,
    key: Key,
}

/// What the token server is shown.
enum Proof {
    Client {
        id: Secret,
        secret: Secret,
        /// Both go into the form, not into the header.
        in_form: bool,
    },
    /// A key in this field of the form.
    Key { field: String, key: Secret },
}

impl Proof {
    fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        if let Some(field) = params.get("secret-field") {
            return Ok(Self::Key {
                field: field.to_owned(),
                key: params.secret("secret", "api_key", given)?,
            });
        }
        let in_form = match params.get("client-auth") {
            None | Some("basic") => false,
            Some("form") => true,
            Some(other) => {
                return Err(Error::unsupported(format!(
                    "the plugin names the `client-auth` {other:?}, and there are `basic` and `form`"
                )));
            }
        };
        Ok(Self::Client {
            id: params.secret("client-id-secret", "client_id", given)?,
            secret: params.secret("client-secret-secret", "client_secret", given)?,
            in_form,
        })
    }

    fn tell(&self, key: KeyMaker) -> KeyMaker {
        match self {
            Self::Client {
                id,
                secret,
                in_form,
            } => key
                .text(&format!("client {in_form}"))
                .secret(Some(id))
                .secret(Some(secret)),
            Self::Key { field, key: secret } => key.text("key").text(field).secret(Some(secret)),
        }
    }
}

impl OAuth2 {
    /// The operator's own `token_url`, `scope` and `audience` win over the plugin's.
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let own = given.text(&["token_url", "iam_url"], &[]);
        let reach = if own.is_some() {
            given.reach()
        } else {
            Reach::Plugin
        };
        let say = |name: &str| {
            let own = given.text(&[name], &[]);
            own.or_else(|| params.get(name).map(str::to_owned))
        };
        let url = own.or_else(|| params.get("token-url").map(str::to_owned));
        let url = url.ok_or_else(|| {
            Error::missing("no token server is named: set `token_url` in `litellm_params`")
        })?;
        let proof = Proof::read(params, given)?;
        let usual = match &proof {
            Proof::Client { .. } => Some(CLIENT_CREDENTIALS),
            Proof::Key { .. } => None,
        };
        let grant = params.get("grant-type").or(usual).ok_or_else(|| {
            Error::unsupported(
                "the plugin names a `secret-field` without a `grant-type`: report it to its author",
            )
        })?;
        let (scope, audience) = (say("scope"), say("audience"));
        let key = Key::of("oauth2")
            .text(&url)
            .text(&format!("{reach:?}"))
            .text(grant)
            .maybe(scope.as_deref())
            .maybe(audience.as_deref());
        Ok(Self {
            url,
            reach,
            scope,
            audience,
            grant: grant.to_owned(),
            key: proof.tell(key).done(),
            proof,
        })
    }

    async fn ask(&self, tokens: &Tokens) -> Result<Lease<Bearer>, Error> {
        let mut fields = vec![("grant_type", self.grant.as_str())];
        if let Some(scope) = &self.scope {
            fields.push(("scope", scope));
        }
        if let Some(audience) = &self.audience {
            fields.push(("audience", audience));
        }
        match &self.proof {
            Proof::Client {
                id,
                secret,
                in_form,
            } => {
                if *in_form {
                    fields.push(("client_id", id.reveal()));
                    fields.push(("client_secret", secret.reveal()));
                }
                let mut ask = Ask::form(&self.url, self.reach, WHOM, &fields)?;
                if !in_form {
                    ask = ask.header(AUTHORIZATION, basic(id, secret));
                }
                let cure = "correct the client id and secret, the scope and the audience";
                answer::ask(ask, tokens, cure, &[secret]).await
            }
            Proof::Key { field, key } => {
                fields.push((field, key.reveal()));
                let ask = Ask::form(&self.url, self.reach, WHOM, &fields)?;
                answer::ask(ask, tokens, "correct the deployment's key", &[key]).await
            }
        }
    }
}

/// Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
pub(crate) fn basic(id: &Secret, secret: &Secret) -> String {
    let encoded = |it: &Secret| byte_serialize(it.reveal().as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

impl Mint for OAuth2 {
    fn key(&self) -> Key {
        self.key
    }

    fn token_server(&self) -> Option<&str> {
        (self.reach == Reach::Plugin).then_some(self.url.as_str())
    }

    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>> {
        async move { self.ask(&tokens).await }.boxed()
    }
}
