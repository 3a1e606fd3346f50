//! `oauth2`: client credentials (RFC 6749, section 4.4), and grants by one secret of a provider's
//! own (section 4.5), such as IBM's for its API keys.

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
    grant: String,
    proof: Proof,
    key: Key,
}

/// Who asks.
enum Proof {
    Client {
        id: Secret,
        secret: Secret,
        /// They go into the form, not into the header.
        in_form: bool,
    },
    /// A secret as a field of the form.
    Field { name: String, secret: Secret },
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
        let in_form = match params.get("client-auth") {
            None | Some("basic") => false,
            Some("form") => true,
            Some(other) => {
                return Err(Error::unsupported(format!(
                    "the plugin names the `client-auth` {other:?}, and there are `basic` and `form`"
                )));
            }
        };
        let proof = match params.get("secret-field") {
            Some(name) => Proof::Field {
                name: name.to_owned(),
                secret: params.secret("secret", "api_key", given)?,
            },
            None => Proof::Client {
                id: params.secret("client-id-secret", "client_id", given)?,
                secret: params.secret("client-secret-secret", "client_secret", given)?,
                in_form,
            },
        };
        let grant = params.get("grant-type").unwrap_or(CLIENT_CREDENTIALS);
        let (scope, audience) = (say("scope"), say("audience"));
        let key = Key::of("oauth2")
            .text(&url)
            .text(&format!("{reach:?}"))
            .text(grant)
            .maybe(scope.as_deref())
            .maybe(audience.as_deref());
        let key = proof.tell(key);
        Ok(Self {
            url,
            reach,
            scope,
            audience,
            grant: grant.to_owned(),
            proof,
            key: key.done(),
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
        let (mut header, secret) = (None, self.proof.secret());
        match &self.proof {
            Proof::Client {
                id, in_form: true, ..
            } => {
                fields.push(("client_id", id.reveal()));
                fields.push(("client_secret", secret.reveal()));
            }
            Proof::Client { id, .. } => header = Some(basic(id, secret)),
            Proof::Field { name, .. } => fields.push((name, secret.reveal())),
        }
        let mut ask = Ask::form(&self.url, self.reach, WHOM, &fields)?;
        if let Some(value) = header {
            ask = ask.header(AUTHORIZATION, value);
        }
        let cure = match &self.proof {
            Proof::Client { .. } => "correct the client id and secret, the scope and the audience",
            Proof::Field { .. } => "correct the key",
        };
        answer::ask(ask, tokens, cure, &[secret]).await
    }
}

impl Proof {
    const fn secret(&self) -> &Secret {
        match self {
            Self::Client { secret, .. } | Self::Field { secret, .. } => secret,
        }
    }

    fn tell(&self, key: KeyMaker) -> KeyMaker {
        let key = match self {
            Self::Client { id, in_form, .. } => {
                key.text(&format!("client {in_form}")).secret(Some(id))
            }
            Self::Field { name, .. } => key.text("field").text(name),
        };
        key.secret(Some(self.secret()))
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
