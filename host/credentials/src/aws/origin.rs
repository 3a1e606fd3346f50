//! Getting AWS keys from where they come from.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::local;
use super::profile::Profiles;
use super::sts::{self, Role};
use super::{Credentials, chain};
use crate::cache::Lease;
use crate::clock::after;
use crate::error::Error;
use crate::given::Given;
use crate::secret::Secret;
use crate::tokens::Tokens;

/// Keys of a file are read anew after this time: they are changed in place.
const FILE_LIFE: Duration = Duration::from_secs(300);

/// Longest chain of profiles and roles.
const MAX_DEPTH: u32 = 8;

/// Where keys come from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// They are written down.
    Keys(Credentials),
    /// A role, by a token of an identity provider, which may be named as `oidc/file/PATH`.
    WebIdentity {
        role: Role,
        token: Secret,
    },
    /// A role, by other keys.
    Role {
        role: Role,
        from: Box<Self>,
    },
    /// A profile of the shared files, which has to be there.
    Profile(String),
    /// The default profile if there is one, else the container's or the instance's keys.
    Machine,
    Container,
    Instance,
}

impl Origin {
    pub fn keys([id, secret]: &[String; 2], token: Option<&str>) -> Self {
        Self::Keys(Credentials::new(id, secret, token))
    }

    pub fn load<'o>(
        &'o self,
        given: &'o Given,
        tokens: &'o Tokens,
        depth: u32,
    ) -> BoxFuture<'o, Result<Lease<Credentials>, Error>> {
        async move {
            if depth > MAX_DEPTH {
                return Err(Error::missing(
                    "the AWS profiles lead from one to the next without end: correct their \
                     `source_profile`",
                ));
            }
            let deeper = depth.saturating_add(1);
            match self {
                Self::Keys(keys) => Ok(Lease {
                    value: keys.clone(),
                    expires: None,
                }),
                Self::WebIdentity { role, token } => {
                    let token = given.token(token, "the AWS web identity token").await?;
                    sts::by_web_identity(role, &token, given, tokens).await
                }
                Self::Role { role, from } => {
                    let keys = from.load(given, tokens, deeper).await?.value;
                    sts::by_keys(role, &keys, given, tokens).await
                }
                Self::Profile(name) => {
                    let profiles = Profiles::read(given).await?;
                    let found = profiles.origin(name, given)?.ok_or_else(|| {
                        Error::missing(format!(
                            "there is no AWS profile `{name}` with credentials: add it to \
                             `~/.aws/credentials`, or correct the name"
                        ))
                    })?;
                    of_profile(&profiles, name, &found, given, tokens, deeper).await
                }
                Self::Machine => {
                    let profiles = Profiles::read(given).await?;
                    if let Some(found) = profiles.origin("default", given)? {
                        return of_profile(&profiles, "default", &found, given, tokens, deeper)
                            .await;
                    }
                    let machine = if local::has_container(given) {
                        Self::Container
                    } else {
                        Self::Instance
                    };
                    machine.load(given, tokens, deeper).await
                }
                Self::Container => local::container(given, tokens).await,
                Self::Instance => local::instance(given, tokens).await,
            }
        }
        .boxed()
    }
}

async fn of_profile(
    profiles: &Profiles,
    name: &str,
    origin: &Origin,
    given: &Given,
    tokens: &Tokens,
    depth: u32,
) -> Result<Lease<Credentials>, Error> {
    let mut lease = origin.load(given, tokens, depth).await?;
    if lease.expires.is_none() {
        lease.expires = Some(after(tokens.clock().now(), FILE_LIFE));
    }
    let region = profiles.value(name, "region").map(str::to_owned);
    lease.value.region = chain::region(given).or(region).or(lease.value.region);
    Ok(lease)
}
