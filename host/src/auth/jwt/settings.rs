//! `general_settings.litellm_jwtauth`, under LiteLLM's names and with its defaults.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::auth::caller::Role;

/// How tokens of identity providers are judged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct TokenSettings {
    /// The scope that makes its holder a proxy admin.
    pub admin_jwt_scope: String,
    /// What a proxy admin by scope may call. LiteLLM leaves calls of models out.
    pub admin_allowed_routes: Vec<String>,
    pub user_id_jwt_field: Option<String>,
    pub user_email_jwt_field: Option<String>,
    /// Only users with an e-mail address of this domain.
    pub user_allowed_email_domain: Option<String>,
    pub user_roles_jwt_field: Option<String>,
    /// With `user_roles_jwt_field`: one of these must be among the user's.
    pub user_allowed_roles: Option<Vec<String>>,
    /// A user whom we do not know is made.
    pub user_id_upsert: bool,
    pub team_id_jwt_field: Option<String>,
    pub team_ids_jwt_field: Option<String>,
    /// The `team_alias` of the team, where no claim has its id.
    pub team_alias_jwt_field: Option<String>,
    /// A team that we do not know is made.
    pub team_id_upsert: bool,
    /// The team of tokens that name none.
    pub team_id_default: Option<String>,
    /// What a token that names a team and no user may call.
    pub team_allowed_routes: Vec<String>,
    pub org_id_jwt_field: Option<String>,
    /// The `organization_alias`, where no claim has its id.
    pub org_alias_jwt_field: Option<String>,
    pub end_user_id_jwt_field: Option<String>,
    /// Where roles stand that `role_mappings` and `jwt_litellm_role_map` read.
    pub roles_jwt_field: Option<String>,
    pub role_mappings: Vec<RoleMapping>,
    /// The id of the user or team that the mapped role speaks of.
    pub object_id_jwt_field: Option<String>,
    pub jwt_litellm_role_map: Vec<JwtRole>,
    /// A token whose role is not mapped is refused.
    pub enforce_rbac: bool,
    pub scope_mappings: Vec<ScopeMapping>,
    /// A token may do what its scopes are mapped to, and no more.
    pub enforce_scope_based_access: bool,
    /// A token must name a team that we know.
    pub enforce_team_based_model_access: bool,
    /// Seconds for which the provider's keys are believed.
    pub public_key_ttl: f64,
    /// Seconds beyond that for which they are believed while the provider does not answer.
    pub public_key_stale_ttl: f64,
}

/// A role of the provider, and the kind of holder it makes here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleMapping {
    pub role: String,
    /// `proxy_admin`, `team` or `internal_user`.
    pub internal_role: String,
}

/// A role of the provider, and the role of a user here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JwtRole {
    pub jwt_role: String,
    pub litellm_role: String,
}

/// What a scope allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ScopeMapping {
    pub scope: String,
    pub models: Vec<String>,
    pub routes: Vec<String>,
}

/// Names that LiteLLM has and that change nothing here: they must not be passed over in silence.
const NOT_HONOURED: &[&str] = &[
    "custom_validate",
    "fallback_to_db_teams",
    "issuers",
    "oidc_userinfo_cache_ttl",
    "oidc_userinfo_enabled",
    "oidc_userinfo_endpoint",
    "routing_overrides",
    "sync_user_role_and_teams",
    "team_claim_fallback",
    "unregistered_jwt_client_behavior",
    "upsert_sso_user_to_team",
    "virtual_key_claim_field",
    "virtual_key_mapping_cache_ttl",
    "public_allowed_routes",
];

impl Default for TokenSettings {
    fn default() -> Self {
        let texts = |list: &[&str]| list.iter().map(|&it| it.to_owned()).collect();
        Self {
            admin_jwt_scope: "litellm_proxy_admin".into(),
            admin_allowed_routes: texts(&[
                "management_routes",
                "spend_tracking_routes",
                "global_spend_tracking_routes",
                "info_routes",
            ]),
            user_id_jwt_field: None,
            user_email_jwt_field: None,
            user_allowed_email_domain: None,
            user_roles_jwt_field: None,
            user_allowed_roles: None,
            user_id_upsert: false,
            team_id_jwt_field: None,
            team_ids_jwt_field: None,
            team_alias_jwt_field: None,
            team_id_upsert: false,
            team_id_default: None,
            team_allowed_routes: texts(&[
                "openai_routes",
                "info_routes",
                "/v1/messages",
                "/v1/messages/count_tokens",
            ]),
            org_id_jwt_field: None,
            org_alias_jwt_field: None,
            end_user_id_jwt_field: None,
            roles_jwt_field: None,
            role_mappings: Vec::new(),
            object_id_jwt_field: None,
            jwt_litellm_role_map: Vec::new(),
            enforce_rbac: false,
            scope_mappings: Vec::new(),
            enforce_scope_based_access: false,
            enforce_team_based_model_access: false,
            public_key_ttl: 600.0,
            public_key_stale_ttl: 3600.0,
        }
    }
}

impl TokenSettings {
    /// Reads the section. With it come the names in it that change nothing.
    ///
    /// # Errors
    /// A value of the wrong type, a role that there is not, or settings that need each other.
    pub fn read(mut section: Value) -> Result<(Self, Vec<String>), String> {
        let mut idle = Vec::new();
        if let Some(members) = section.as_object_mut() {
            members.retain(|_, value| !value.is_null());
            let known = |name: &&String| NOT_HONOURED.contains(&name.as_str());
            idle.extend(members.keys().filter(known).cloned());
        }
        let settings: Self = serde_json::from_value(section).map_err(|why| why.to_string())?;
        settings.check()?;
        Ok((settings, idle))
    }

    fn check(&self) -> Result<(), String> {
        if self.user_roles_jwt_field.is_some() != self.user_allowed_roles.is_some() {
            return Err("`user_roles_jwt_field` and `user_allowed_roles` need each other".into());
        }
        if self.object_id_jwt_field.is_some() && self.role_mappings.is_empty() {
            return Err("`object_id_jwt_field` needs `role_mappings`".into());
        }
        for mapping in &self.role_mappings {
            match Role::parse(&mapping.internal_role) {
                Some(Role::ProxyAdmin | Role::Team | Role::InternalUser) => {}
                _ => {
                    let role = &mapping.internal_role;
                    return Err(format!(
                        "`role_mappings`: `{role}` is none of proxy_admin, team, internal_user"
                    ));
                }
            }
        }
        for mapping in &self.jwt_litellm_role_map {
            if Role::parse(&mapping.litellm_role).is_none() {
                let role = &mapping.litellm_role;
                return Err(format!("`jwt_litellm_role_map`: there is no role `{role}`"));
            }
        }
        for (name, seconds) in [
            ("public_key_ttl", self.public_key_ttl),
            ("public_key_stale_ttl", self.public_key_stale_ttl),
        ] {
            if Duration::try_from_secs_f64(seconds).is_err() {
                return Err(format!("`{name}` is {seconds}, expected seconds"));
            }
        }
        Ok(())
    }

    pub(super) fn ttl(&self) -> Duration {
        Duration::try_from_secs_f64(self.public_key_ttl).unwrap_or_default()
    }

    pub(super) fn stale_ttl(&self) -> Duration {
        Duration::try_from_secs_f64(self.public_key_stale_ttl).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn litellms_names_and_defaults_are_read() {
        let (settings, idle) = TokenSettings::read(json!({
            "user_id_jwt_field": "sub", "team_ids_jwt_field": "groups", "user_id_upsert": true,
            "end_user_id_jwt_field": null, "issuers": [], "public_key_ttl": 60,
            "team_alias_jwt_field": "team", "org_alias_jwt_field": "org", "team_id_upsert": true
        }))
        .unwrap();
        assert_eq!(settings.admin_jwt_scope, "litellm_proxy_admin");
        assert_eq!(settings.user_id_jwt_field.as_deref(), Some("sub"));
        assert!(settings.user_id_upsert && settings.ttl() == Duration::from_secs(60));
        assert_eq!(settings.team_alias_jwt_field.as_deref(), Some("team"));
        assert_eq!(settings.org_alias_jwt_field.as_deref(), Some("org"));
        assert!(settings.team_id_upsert);
        assert_eq!(idle, ["issuers"]);
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_name() {
        for (section, named) in [
            (json!({"user_id_upsert": "perhaps"}), "boolean"),
            (
                json!({"user_roles_jwt_field": "roles"}),
                "user_allowed_roles",
            ),
            (json!({"object_id_jwt_field": "sub"}), "role_mappings"),
            (
                json!({"role_mappings": [{"role": "a", "internal_role": "customer"}]}),
                "customer",
            ),
            (
                json!({"jwt_litellm_role_map": [{"jwt_role": "a", "litellm_role": "b"}]}),
                "`b`",
            ),
            (json!({"public_key_ttl": -1}), "public_key_ttl"),
        ] {
            let why = TokenSettings::read(section).unwrap_err();
            assert!(why.contains(named), "{why}");
        }
    }
}
