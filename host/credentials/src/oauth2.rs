//! `oauth2`: client credentials (RFC 6749, section 4.4).

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
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};

const WHOM: &str = "the OAuth token server";

pub(crate) struct OAuth2 {
    url: String,
    reach: Reach,
    scope: Option<String>,
    audience: Option<String>,
    id: Secret,
    secret: Secret,
    /// The client's id and secret go into the form, not into the header.
    in_form: bool,
    key: Key,
}

impl OAuth2 {
    /// The operator's own `token_url`, `scope` and `audience` win over the plugin's.
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let own = given.text(&["token_url"], &[]);
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
        let id = params.secret("client-id-secret", "client_id", given)?;
        let secret = params.secret("client-secret-secret", "client_secret", given)?;
        let (scope, audience) = (say("scope"), say("audience"));
        let key = Key::of("oauth2")
            .text(&url)
            .text(&format!("{reach:?}{in_form}"))
            .maybe(scope.as_deref())
            .maybe(audience.as_deref())
            .secret(Some(&id))
            .secret(Some(&secret));
        Ok(Self {
            url,
            reach,
            scope,
            audience,
            id,
            secret,
            in_form,
            key: key.done(),
        })
    }

    async fn ask(&self, tokens: &Tokens) -> Result<Lease<Bearer>, Error> {
        let mut fields = vec![("grant_type", "client_credentials")];
        if let Some(scope) = &self.scope {
            fields.push(("scope", scope));
        }
        if let Some(audience) = &self.audience {
            fields.push(("audience", audience));
        }
        if self.in_form {
            fields.push(("client_id", self.id.reveal()));
            fields.push(("client_secret", self.secret.reveal()));
        }
        let mut ask = Ask::form(&self.url, self.reach, WHOM, &fields)?;
        if !self.in_form {
            ask = ask.header(AUTHORIZATION, basic(&self.id, &self.secret));
        }
        let cure = "correct the client id and secret, the scope and the audience";
        answer::ask(ask, tokens, cure, &[&self.secret]).await
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
