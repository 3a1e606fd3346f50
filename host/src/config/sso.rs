//! The identity provider that people come from: LiteLLM's `GENERIC_*`, `GOOGLE_*` and
//! `MICROSOFT_*`, and `SLUICE_OIDC_ISSUER` for a generic one that describes itself.

use std::collections::BTreeMap;

use super::env::Env;
use crate::domain::Secret;

/// An OpenID Connect provider, and what its claims come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sso {
    /// `google`, `microsoft` or `generic`, for the log.
    pub provider: &'static str,
    pub client_id: String,
    /// None: a public client, which proves itself by PKCE alone.
    pub client_secret: Option<Secret>,
    /// Where the provider describes itself, below `/.well-known/`. None: by the addresses here alone.
    pub issuer: Option<String>,
    /// Each counts before what the provider says of itself.
    pub authorization: Option<String>,
    pub token: Option<String>,
    pub userinfo: Option<String>,
    pub scope: String,
    pub claims: ClaimNames,
    pub roles: RoleClaims,
    /// `ALLOWED_EMAIL_DOMAINS`; empty: every one.
    pub domains: Vec<String>,
    /// The provider's addresses are its tenant's own, whose admin vouches for them.
    pub vouches_for_email: bool,
}

/// Which claims say who somebody is: names, or dotted paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimNames {
    pub id: String,
    pub email: String,
    pub name: String,
    pub first_name: String,
    pub last_name: String,
}

/// Which claims say what somebody may.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoleClaims {
    /// `GENERIC_USER_ROLE_ATTRIBUTE`: holds a role of ours, or a list with some.
    pub role: String,
    /// `GENERIC_ROLE_MAPPINGS_GROUP_CLAIM`.
    pub groups: Option<String>,
    /// `GENERIC_ROLE_MAPPINGS_ROLES`: roles of ours, and the groups that have them.
    pub by_group: BTreeMap<String, Vec<String>>,
    /// `GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE`: where no group has one.
    pub default: Option<String>,
}

impl Sso {
    /// The first provider that has a client id: Google, Microsoft, a generic one.
    pub fn read(env: &Env) -> Option<Self> {
        let google = || Self::google(env, env.text("GOOGLE_CLIENT_ID")?);
        let microsoft = || Self::microsoft(env, env.text("MICROSOFT_CLIENT_ID")?);
        let generic = || Self::generic(env, env.text("GENERIC_CLIENT_ID")?);
        let mut sso = google().or_else(microsoft).or_else(generic)?;
        let domains = env.text("ALLOWED_EMAIL_DOMAINS").unwrap_or_default();
        let domains = domains.split(',').map(|it| it.trim().to_ascii_lowercase());
        sso.domains = domains.filter(|it| !it.is_empty()).collect();
        sso.roles = RoleClaims::read(env);
        Some(sso)
    }

    fn google(env: &Env, client_id: String) -> Option<Self> {
        Some(Self {
            provider: "google",
            client_secret: env.get("GOOGLE_CLIENT_SECRET"),
            issuer: Some("https://accounts.google.com".to_owned()),
            ..Self::described(client_id)
        })
    }

    fn microsoft(env: &Env, client_id: String) -> Option<Self> {
        let tenant = env.text("MICROSOFT_TENANT");
        let tenant = tenant.unwrap_or_else(|| "common".to_owned());
        let own = !["common", "organizations", "consumers"].contains(&tenant.as_str());
        Some(Self {
            provider: "microsoft",
            client_secret: env.get("MICROSOFT_CLIENT_SECRET"),
            issuer: Some(format!("https://login.microsoftonline.com/{tenant}/v2.0")),
            vouches_for_email: own,
            ..Self::described(client_id)
        })
    }

    fn generic(env: &Env, client_id: String) -> Option<Self> {
        let named = |name: &str, usual: &str| {
            let name = format!("GENERIC_USER_{name}_ATTRIBUTE");
            env.text(&name).unwrap_or_else(|| usual.to_owned())
        };
        let issuer = env.text("SLUICE_OIDC_ISSUER");
        Some(Self {
            provider: "generic",
            client_secret: env.get("GENERIC_CLIENT_SECRET"),
            issuer: issuer.map(|it| it.trim_end_matches('/').to_owned()),
            authorization: env.text("GENERIC_AUTHORIZATION_ENDPOINT"),
            token: env.text("GENERIC_TOKEN_ENDPOINT"),
            userinfo: env.text("GENERIC_USERINFO_ENDPOINT"),
            scope: env
                .text("GENERIC_SCOPE")
                .unwrap_or_else(|| SCOPE.to_owned()),
            claims: ClaimNames {
                id: named("ID", "preferred_username"),
                email: named("EMAIL", "email"),
                name: named("DISPLAY_NAME", "name"),
                first_name: named("FIRST_NAME", "given_name"),
                last_name: named("LAST_NAME", "family_name"),
            },
            ..Self::described(client_id)
        })
    }

    /// One that has OpenID Connect's own claims.
    fn described(client_id: String) -> Self {
        Self {
            client_id,
            scope: SCOPE.to_owned(),
            claims: ClaimNames {
                id: "sub".to_owned(),
                email: "email".to_owned(),
                name: "name".to_owned(),
                first_name: "given_name".to_owned(),
                last_name: "family_name".to_owned(),
            },
            ..Self::default()
        }
    }
}

/// LiteLLM's default.
const SCOPE: &str = "openid email profile";

impl RoleClaims {
    fn read(env: &Env) -> Self {
        let first = |names: [&str; 2]| names.into_iter().find_map(|it| env.text(it));
        let said = first(["GENERIC_ROLE_MAPPINGS_ROLES", "GENERIC_USER_ROLE_MAPPINGS"]);
        Self {
            role: env
                .text("GENERIC_USER_ROLE_ATTRIBUTE")
                .unwrap_or_else(|| "role".to_owned()),
            groups: env.text("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM"),
            by_group: said.map(|it| of_dict(&it)).unwrap_or_default(),
            default: env.text("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE"),
        }
    }
}

/// A dict as Python or JSON writes it; roles without a list of groups have none.
fn of_dict(text: &str) -> BTreeMap<String, Vec<String>> {
    let read = serde_json::from_str::<BTreeMap<String, Vec<String>>>(text);
    read.or_else(|_| serde_json::from_str(&text.replace('\'', "\"")))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_provider_has_litellms_names() {
        let sso = Sso::read(&Env::of(&[
            ("GENERIC_CLIENT_ID", "c"),
            ("GENERIC_CLIENT_SECRET", "s"),
            ("GENERIC_AUTHORIZATION_ENDPOINT", "https://idp.test/a"),
            ("GENERIC_USER_ID_ATTRIBUTE", "sub"),
            ("ALLOWED_EMAIL_DOMAINS", "X.test, y.test"),
            ("GENERIC_ROLE_MAPPINGS_ROLES", "{'proxy_admin': ['ops']}"),
        ]))
        .unwrap();
        assert_eq!(
            (sso.provider, sso.claims.id.as_str(), sso.issuer.is_none()),
            ("generic", "sub", true)
        );
        assert_eq!(sso.authorization.as_deref(), Some("https://idp.test/a"));
        assert_eq!(sso.domains, ["x.test", "y.test"]);
        assert_eq!(sso.roles.by_group["proxy_admin"], ["ops"]);
    }

    #[test]
    fn known_providers_describe_themselves() {
        assert_eq!(Sso::read(&Env::default()), None);
        let google = Sso::read(&Env::of(&[("GOOGLE_CLIENT_ID", "c")])).unwrap();
        assert_eq!(
            google.issuer.as_deref(),
            Some("https://accounts.google.com")
        );
        let one = [("MICROSOFT_CLIENT_ID", "c"), ("MICROSOFT_TENANT", "t1")];
        let microsoft = Sso::read(&Env::of(&one)).unwrap();
        assert!(microsoft.issuer.unwrap().ends_with("/t1/v2.0") && microsoft.vouches_for_email);
        let any = Sso::read(&Env::of(&[("MICROSOFT_CLIENT_ID", "c")])).unwrap();
        assert!(!any.vouches_for_email);
    }
}
