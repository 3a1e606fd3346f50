//! Which AWS keys a deployment uses, by what it and the environment say. No I/O here.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Credentials;
use super::origin::Origin;
use super::sts::Role;
use crate::cache::Lease;
use crate::error::Error;
use crate::given::Given;
use crate::key::Key;
use crate::tokens::Tokens;

/// Everything that keys may depend on, settings and variables.
pub(crate) const NAMES: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region_name",
    "aws_profile_name",
    "aws_role_name",
    "aws_session_name",
    "aws_external_id",
    "aws_web_identity_token",
    "aws_sts_endpoint",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION_NAME",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_PROFILE_NAME",
    "AWS_ROLE_NAME",
    "AWS_ROLE_ARN",
    "AWS_SESSION_NAME",
    "AWS_ROLE_SESSION_NAME",
    "AWS_EXTERNAL_ID",
    "AWS_WEB_IDENTITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_STS_ENDPOINT",
    "AWS_ENDPOINT_URL_STS",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "HOME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
];

/// Where the keys come from, with what is needed to get them.
#[derive(Debug)]
pub(crate) struct Chain {
    origin: Origin,
    given: Given,
    key: Key,
}

impl Chain {
    pub fn read(given: &Given) -> Result<Self, Error> {
        Ok(Self::of(origin(given)?, given))
    }

    /// The environment and the machine alone, whatever the deployment says.
    pub fn ambient(given: &Given) -> Result<Self, Error> {
        given.ambient("AWS keys")?;
        let bare = Given {
            settings: Arc::default(),
            ..given.clone()
        };
        Ok(Self::of(origin(&bare)?, &bare))
    }

    fn of(origin: Origin, given: &Given) -> Self {
        Self {
            origin,
            given: given.clone(),
            key: given.tell(Key::of("aws"), NAMES).done(),
        }
    }

    pub const fn key(&self) -> Key {
        self.key
    }

    /// The keys, if they are written down.
    pub const fn keys(&self) -> Option<&Credentials> {
        match &self.origin {
            Origin::Keys(keys) => Some(keys),
            _ => None,
        }
    }

    pub fn load(
        self: Arc<Self>,
        tokens: Tokens,
    ) -> BoxFuture<'static, Result<Lease<Credentials>, Error>> {
        async move { self.origin.load(&self.given, &tokens, 0).await }.boxed()
    }
}

pub(super) fn region(given: &Given) -> Option<String> {
    given.text(
        &["aws_region_name"],
        &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"],
    )
}

/// A role that is named by itself is taken on with the keys that there would be without it.
fn origin(given: &Given) -> Result<Origin, Error> {
    // The environment's role is not for keys that the deployment brings itself.
    let brings = ["aws_access_key_id", "aws_profile_name"];
    let own = brings.iter().any(|it| given.setting(it).is_some());
    let variables: &[&str] = if own { &[] } else { &["AWS_ROLE_NAME"] };
    let arn = given.text(&["aws_role_name"], variables);
    let token = given.setting("aws_web_identity_token").cloned();
    if let Some(token) = token {
        let arn = arn.or_else(|| given.text(&[], &["AWS_ROLE_ARN"]));
        let arn = arn.ok_or_else(|| {
            Error::missing(
                "`aws_web_identity_token` is set without a role: set `aws_role_name` to the role's \
                 ARN",
            )
        })?;
        let role = Role::given(given, arn);
        return Ok(Origin::WebIdentity { role, token });
    }
    let base = base(given)?;
    let Some(arn) = arn else {
        return Ok(base);
    };
    if let Origin::WebIdentity { role, .. } = &base
        && role.arn == arn
    {
        return Ok(base);
    }
    Ok(Origin::Role {
        role: Role::given(given, arn),
        from: Box::new(base),
    })
}

fn base(given: &Given) -> Result<Origin, Error> {
    let own = ["aws_access_key_id", "aws_secret_access_key"];
    if let Some(keys) = pair(own.map(|it| given.text(&[it], &[])), own)? {
        let token = given.text(&["aws_session_token"], &[]);
        return Ok(Origin::keys(&keys, token.as_deref()));
    }
    if let Some(name) = given.text(&["aws_profile_name"], &[]) {
        given.ambient("`aws_profile_name`")?;
        return Ok(Origin::Profile(name));
    }
    given.ambient("AWS keys (`aws_access_key_id`, `aws_secret_access_key`)")?;
    let env = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    if let Some(keys) = pair(env.map(|it| given.text(&[], &[it])), env)? {
        let token = given.text(&[], &["AWS_SESSION_TOKEN"]);
        return Ok(Origin::keys(&keys, token.as_deref()));
    }
    if let Some(web) = web_identity(given)? {
        return Ok(web);
    }
    Ok(
        match given.text(&[], &["AWS_PROFILE", "AWS_PROFILE_NAME"]) {
            Some(name) => Origin::Profile(name),
            None => Origin::Machine,
        },
    )
}

fn web_identity(given: &Given) -> Result<Option<Origin>, Error> {
    let file = given.text(&[], &["AWS_WEB_IDENTITY_TOKEN_FILE"]);
    let token = file.map(|path| format!("oidc/file/{path}"));
    let token = token.or_else(|| given.text(&[], &["AWS_WEB_IDENTITY_TOKEN"]));
    let Some(token) = token else {
        return Ok(None);
    };
    let arn = given.text(&[], &["AWS_ROLE_ARN", "AWS_ROLE_NAME"]);
    let arn = arn.ok_or_else(|| {
        Error::missing("`AWS_WEB_IDENTITY_TOKEN_FILE` is set without a role: set `AWS_ROLE_ARN`")
    })?;
    Ok(Some(Origin::WebIdentity {
        role: Role::given(given, arn),
        token: token.as_str().into(),
    }))
}

/// Both or neither.
fn pair(
    found: [Option<String>; 2],
    [first, second]: [&str; 2],
) -> Result<Option<[String; 2]>, Error> {
    let (has, lacks) = match found {
        [Some(id), Some(secret)] => return Ok(Some([id, secret])),
        [None, None] => return Ok(None),
        [Some(_), None] => (first, second),
        [None, Some(_)] => (second, first),
    };
    Err(Error::missing(format!(
        "`{has}` is set without `{lacks}`: set both, or neither"
    )))
}
