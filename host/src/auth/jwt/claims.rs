//! What a proven token says of its holder. Claims are found by dotted paths.

use serde_json::Value;

use super::settings::TokenSettings;
use crate::auth::caller::Role;
use crate::auth::refuse;
use crate::domain::Fault;

/// What the claims come to, before our own rows are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub user_id: Option<String>,
    pub email: Option<String>,
    /// In the token's order, each once.
    pub team_ids: Vec<String>,
    /// The name of its team, if it has no id of one.
    pub team_alias: Option<String>,
    /// The team that is made if it is not there: a group of the provider is no team of ours.
    pub team_to_make: Option<String>,
    pub organization_id: Option<String>,
    /// The name of its organisation, if it has no id of one.
    pub organization_alias: Option<String>,
    pub end_user: Option<String>,
    /// The role that scope or mapping gives; None: that of the user's row.
    pub role: Option<Role>,
    /// By the admin scope or a mapping to it.
    pub admin: bool,
    /// What the scopes allow; None: they are not asked.
    pub scoped: Option<Scoped>,
}

/// What scopes allow. Empty: everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scoped {
    pub models: Vec<String>,
    pub routes: Vec<String>,
}

/// Reads the claims.
///
/// # Errors
/// The settings keep this holder out.
pub(super) fn read(settings: &TokenSettings, claims: &Value) -> Result<Said, Fault> {
    let one = |field: &Option<String>| text(claims, field.as_deref()?);
    let scopes = scopes(claims);
    let roles = all(claims, settings.roles_jwt_field.as_deref());
    let user_roles = all(claims, settings.user_roles_jwt_field.as_deref());
    let mut said = Said {
        user_id: one(&settings.user_id_jwt_field),
        email: one(&settings.user_email_jwt_field),
        organization_id: one(&settings.org_id_jwt_field),
        end_user: one(&settings.end_user_id_jwt_field),
        ..Said::default()
    };
    if said.organization_id.is_none() {
        said.organization_alias = one(&settings.org_alias_jwt_field);
    }
    said.team_to_make = one(&settings.team_id_jwt_field);
    let teams = said.team_to_make.clone().into_iter();
    for team in teams.chain(all(claims, settings.team_ids_jwt_field.as_deref())) {
        if !team.is_empty() && !said.team_ids.contains(&team) {
            said.team_ids.push(team);
        }
    }
    map_role(settings, claims, &roles, &mut said)?;
    if scopes.contains(&settings.admin_jwt_scope) {
        said.role = Some(Role::ProxyAdmin);
    }
    said.admin = said.role == Some(Role::ProxyAdmin);
    for mapping in &settings.jwt_litellm_role_map {
        let held = roles.contains(&mapping.jwt_role) || user_roles.contains(&mapping.jwt_role);
        if held && !said.admin {
            said.role = Role::parse(&mapping.litellm_role);
            said.admin = said.role == Some(Role::ProxyAdmin);
        }
    }
    if !said.admin {
        admit(settings, &said, &user_roles)?;
        said.scoped = scoped(settings, &scopes)?;
        if said.team_to_make.is_none() {
            said.team_alias = one(&settings.team_alias_jwt_field);
        }
        if said.team_ids.is_empty() && said.team_alias.is_none() {
            said.team_ids.extend(settings.team_id_default.clone());
            said.team_to_make.clone_from(&settings.team_id_default);
        }
    }
    Ok(said)
}

/// `role_mappings`, the first that fits, and `object_id_jwt_field` by the role it gave.
fn map_role(
    settings: &TokenSettings,
    claims: &Value,
    roles: &[String],
    said: &mut Said,
) -> Result<(), Fault> {
    let mut mappings = settings.role_mappings.iter();
    let Some(mapping) = mappings.find(|it| roles.contains(&it.role)) else {
        return if settings.enforce_rbac && !scopes(claims).contains(&settings.admin_jwt_scope) {
            Err(refuse::token_forbidden(
                "Unmatched token passed in. enforce_rbac is set to True. None of the token's \
                 roles is in `litellm_jwtauth.role_mappings`",
            ))
        } else {
            Ok(())
        };
    };
    let role = Role::parse(&mapping.internal_role);
    let object = settings.object_id_jwt_field.as_deref();
    let object = object.and_then(|field| text(claims, field));
    match role {
        Some(Role::Team) => {
            said.team_to_make = object.clone().or(said.team_to_make.take());
            if let Some(team) = object.filter(|team| !said.team_ids.contains(team)) {
                said.team_ids.insert(0, team);
            }
        }
        Some(Role::InternalUser) => {
            said.user_id = object.or(said.user_id.take());
            said.role = role;
        }
        _ => said.role = role,
    }
    Ok(())
}

/// Domains and roles that users must have.
fn admit(settings: &TokenSettings, said: &Said, user_roles: &[String]) -> Result<(), Fault> {
    if let Some(domain) = &settings.user_allowed_email_domain {
        let own = said.email.as_deref().and_then(|it| it.rsplit_once('@'));
        if !own.is_some_and(|(_, own)| own.eq_ignore_ascii_case(domain)) {
            return Err(refuse::token_forbidden(format!(
                "the token's e-mail address is not of `{domain}`, which \
                 `litellm_jwtauth.user_allowed_email_domain` asks for"
            )));
        }
    }
    if let Some(allowed) = &settings.user_allowed_roles
        && !user_roles.iter().any(|role| allowed.contains(role))
    {
        return Err(refuse::token_forbidden(
            "none of the token's roles is in `litellm_jwtauth.user_allowed_roles`",
        ));
    }
    Ok(())
}

fn scoped(settings: &TokenSettings, scopes: &[String]) -> Result<Option<Scoped>, Fault> {
    if !settings.enforce_scope_based_access {
        return Ok(None);
    }
    let held = |mapping: &&super::settings::ScopeMapping| scopes.contains(&mapping.scope);
    let mappings: Vec<_> = settings.scope_mappings.iter().filter(held).collect();
    if mappings.is_empty() {
        return Err(refuse::token_forbidden(
            "none of the token's scopes is in `litellm_jwtauth.scope_mappings`",
        ));
    }
    let mut allowed = Scoped::default();
    // A mapping without a list is open there: it opens the sum.
    if mappings.iter().all(|it| !it.models.is_empty()) {
        allowed.models = mappings.iter().flat_map(|it| it.models.clone()).collect();
    }
    if mappings.iter().all(|it| !it.routes.is_empty()) {
        allowed.routes = mappings.iter().flat_map(|it| it.routes.clone()).collect();
    }
    Ok(Some(allowed))
}

/// `scope` as a text with spaces (RFC 8693, 4.2) or a list, and `scp`, which Entra writes.
fn scopes(claims: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["scope", "scp"] {
        for text in all(claims, Some(name)) {
            found.extend(text.split_ascii_whitespace().map(str::to_owned));
        }
    }
    found
}

/// The claim at a path: the name as it stands (`https://example.com/team`), else dot by dot
/// (`resource_access.gateway.roles`).
fn at<'c>(claims: &'c Value, path: &str) -> Option<&'c Value> {
    let whole = claims.get(path);
    whole.or_else(|| {
        path.split('.')
            .try_fold(claims, |value, step| value.get(step))
    })
}

/// One text or number; an empty one is none.
fn text(claims: &Value, path: &str) -> Option<String> {
    match at(claims, path)? {
        Value::String(text) => Some(text.clone()).filter(|it| !it.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts; one text is a list of one.
fn all(claims: &Value, path: Option<&str>) -> Vec<String> {
    match path.and_then(|path| at(claims, path)) {
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(section: Value) -> TokenSettings {
        TokenSettings::read(section).unwrap().0
    }

    fn said(section: Value, claims: Value) -> Said {
        read(&settings(section), &claims).unwrap()
    }

    #[test]
    fn claims_are_found_by_dotted_paths_and_by_their_own_name() {
        let section = json!({
            "user_id_jwt_field": "who.id", "team_ids_jwt_field": "https://x.example/teams",
            "team_id_jwt_field": "client_id", "org_id_jwt_field": "org",
            "end_user_id_jwt_field": "customer", "user_email_jwt_field": "email"
        });
        let claims = json!({
            "who": {"id": 17}, "https://x.example/teams": ["b", "a", "b"], "client_id": "a",
            "org": "o1", "customer": "c", "email": "u@x.example"
        });
        let said = said(section, claims);
        assert_eq!(said.user_id.as_deref(), Some("17"));
        assert_eq!(said.team_ids, ["a", "b"]);
        assert_eq!(said.organization_id.as_deref(), Some("o1"));
        assert_eq!(said.end_user.as_deref(), Some("c"));
        assert_eq!((said.role, said.admin), (None, false));
    }

    #[test]
    fn claims_of_the_wrong_kind_are_none() {
        let section = json!({"user_id_jwt_field": "sub", "team_ids_jwt_field": "groups"});
        for claims in [
            json!({"sub": {"a": 1}, "groups": {"a": "b"}}),
            json!({"sub": [], "groups": [1, null, {}]}),
            json!({"sub": "", "groups": ""}),
            json!([]),
        ] {
            let said = said(section.clone(), claims);
            assert!(said.user_id.is_none() && said.team_ids.is_empty());
        }
    }

    #[test]
    fn the_admin_scope_makes_an_admin_in_every_spelling_of_scopes() {
        for claims in [
            json!({"scope": "openid litellm_proxy_admin"}),
            json!({"scope": ["openid", "litellm_proxy_admin"]}),
            json!({"scp": "litellm_proxy_admin"}),
        ] {
            assert!(said(json!({"enforce_rbac": true}), claims).admin);
        }
        let claims = json!({"scope": "litellm_proxy_admin_not", "roles": "litellm_proxy_admin"});
        assert!(!said(json!({}), claims).admin);
    }

    #[test]
    fn roles_are_mapped_and_enforced() {
        let section = json!({
            "roles_jwt_field": "realm.roles", "object_id_jwt_field": "sub", "enforce_rbac": true,
            "role_mappings": [
                {"role": "service", "internal_role": "team"},
                {"role": "dev", "internal_role": "internal_user"}
            ]
        });
        let of = |role: &str| json!({"realm": {"roles": [role]}, "sub": "s1"});
        let team = said(section.clone(), of("service"));
        assert_eq!((team.team_ids, team.role), (vec!["s1".to_owned()], None));
        let user = said(section.clone(), of("dev"));
        assert_eq!(
            (user.user_id.as_deref(), user.role),
            (Some("s1"), Some(Role::InternalUser))
        );
        assert!(read(&settings(section), &of("guest")).is_err());
        let section = json!({
            "roles_jwt_field": "roles",
            "jwt_litellm_role_map": [{"jwt_role": "audit", "litellm_role": "proxy_admin_viewer"}]
        });
        let viewer = said(section, json!({"roles": ["audit"]}));
        assert_eq!(
            (viewer.role, viewer.admin),
            (Some(Role::ProxyAdminViewer), false)
        );
    }

    #[test]
    fn domains_and_roles_keep_strangers_out() {
        let section = json!({
            "user_email_jwt_field": "email", "user_allowed_email_domain": "x.example",
            "user_roles_jwt_field": "roles", "user_allowed_roles": ["dev"]
        });
        let settings = settings(section);
        let ok = |email: &str, role: &str| {
            read(&settings, &json!({"email": email, "roles": [role]})).is_ok()
        };
        assert!(ok("u@x.example", "dev") && ok("u@X.EXAMPLE", "dev"));
        assert!(!ok("u@y.example", "dev") && !ok("u@sub.x.example", "dev"));
        assert!(!ok("u@x.example.evil", "dev") && !ok("x.example", "dev"));
        assert!(!ok("u@x.example", "ops"));
    }

    #[test]
    fn scopes_allow_what_they_are_mapped_to() {
        let section = json!({
            "enforce_scope_based_access": true,
            "scope_mappings": [
                {"scope": "chat", "models": ["gpt-4o"], "routes": ["/v1/chat/completions"]},
                {"scope": "embed", "models": ["embedding"], "routes": ["/v1/embeddings"]},
                {"scope": "any"}
            ]
        });
        let both = said(section.clone(), json!({"scope": "chat embed"}))
            .scoped
            .unwrap();
        assert_eq!(both.models, ["gpt-4o", "embedding"]);
        let open = said(section.clone(), json!({"scope": "chat any"}))
            .scoped
            .unwrap();
        assert_eq!(open, Scoped::default());
        assert!(read(&settings(section), &json!({"scope": "other"})).is_err());
    }
}
