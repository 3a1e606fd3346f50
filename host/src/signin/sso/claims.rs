//! Who somebody is by their claims, and whether they may come in.

use serde_json::Value;

use super::{at, refused};
use crate::auth::Role;
use crate::config::{RoleClaims, Sso};
use crate::domain::{ErrorKind, Fault};
use crate::manage::SsoPerson;

/// Roles that a provider may give, the highest first.
const ROLES: [Role; 4] = [
    Role::ProxyAdmin,
    Role::ProxyAdminViewer,
    Role::InternalUser,
    Role::InternalUserViewer,
];

/// Longest id, name or address that a row has room for, in characters.
const LONGEST: usize = 255;

/// Reads the claims.
///
/// # Errors
/// They name nobody, or somebody who may not come in.
pub(super) fn person(sso: &Sso, claims: &Value) -> Result<SsoPerson, Fault> {
    let names = &sso.claims;
    let id = text(claims, &names.id).or_else(|| text(claims, "sub"));
    let id = id.ok_or_else(|| {
        refused(format!(
            "the identity provider does not say who you are: neither `{}` nor `sub` is there",
            names.id
        ))
    })?;
    let email = text(claims, &names.email).map(|it| it.to_lowercase());
    let person = SsoPerson {
        id,
        email_is_proven: email.is_some() && is_proven(sso, claims),
        email,
        name: name(sso, claims),
        role: role(&sso.roles, claims),
    };
    admit(sso, &person)?;
    Ok(person)
}

/// Whether the provider vouches for the address. A generic one that says nothing is the operator's
/// own, and believed.
fn is_proven(sso: &Sso, claims: &Value) -> bool {
    match at(claims, "email_verified") {
        Some(Value::Bool(said)) => *said,
        Some(Value::String(said)) => said == "true",
        _ => sso.vouches_for_email || sso.provider == "generic",
    }
}

fn admit(sso: &Sso, person: &SsoPerson) -> Result<(), Fault> {
    if sso.domains.is_empty() {
        return Ok(());
    }
    let domain = person.email.as_deref().and_then(|it| it.rsplit_once('@'));
    let known = domain.is_some_and(|(_, own)| sso.domains.iter().any(|it| it == own));
    if known && person.email_is_proven {
        return Ok(());
    }
    let message = if known {
        "the identity provider does not say that your e-mail address is yours (`email_verified`); \
         ask your administrator"
    } else {
        "your e-mail address is not of a domain that may sign in here (ALLOWED_EMAIL_DOMAINS); ask \
         your administrator"
    };
    Err(Fault::caller(ErrorKind::Permission, message).with_status(403))
}

fn name(sso: &Sso, claims: &Value) -> Option<String> {
    let names = &sso.claims;
    text(claims, &names.name).or_else(|| {
        let parts = [&names.first_name, &names.last_name];
        let parts: Vec<String> = parts.iter().filter_map(|it| text(claims, it)).collect();
        Some(parts.join(" ")).filter(|it| !it.is_empty())
    })
}

/// The role of the highest group, else one that a claim names, else the default of the groups.
fn role(rules: &RoleClaims, claims: &Value) -> Option<Role> {
    let held = rules.groups.as_deref().map(|it| all(claims, it));
    let by_group = held.as_ref().and_then(|held| {
        ROLES.into_iter().find(|role| {
            let groups = rules.by_group.get(role.as_str());
            groups.is_some_and(|groups| groups.iter().any(|it| held.contains(it)))
        })
    });
    let named = || {
        let said = all(claims, &rules.role);
        let said: Vec<Role> = said.iter().filter_map(|it| Role::parse(it)).collect();
        ROLES.into_iter().find(|role| said.contains(role))
    };
    let default = || {
        let role = Role::parse(rules.default.as_deref()?)?;
        ROLES.contains(&role).then_some(role)
    };
    by_group.or_else(named).or_else(default)
}

/// One text or number that a row has room for.
fn text(claims: &Value, path: &str) -> Option<String> {
    let text = match at(claims, path)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = !text.is_empty() && text.chars().count() <= LONGEST;
    (fits && !text.contains(char::is_control)).then_some(text)
}

/// A list of texts; one text is a list of one.
fn all(claims: &Value, path: &str) -> Vec<String> {
    match at(claims, path) {
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
    use crate::config::Env;
    use serde_json::json;

    fn sso(pairs: &[(&str, &str)]) -> Sso {
        let client = [("GENERIC_CLIENT_ID", "c")];
        let all: Vec<_> = client.iter().chain(pairs).copied().collect();
        Sso::read(&Env::of(&all)).unwrap()
    }

    #[test]
    fn claims_name_a_person() {
        let claims = json!({"sub": "s1", "preferred_username": "ann", "email": "Ann@X.test",
            "given_name": "Ann", "family_name": "Lee"});
        let found = person(&sso(&[]), &claims).unwrap();
        assert_eq!((found.id.as_str(), found.role), ("ann", None));
        assert_eq!(found.email.as_deref(), Some("ann@x.test"));
        assert_eq!(found.name.as_deref(), Some("Ann Lee"));
        let found = person(&sso(&[]), &json!({"sub": "s1"})).unwrap();
        assert_eq!((found.id.as_str(), found.email_is_proven), ("s1", false));
        for claims in [json!({}), json!({"sub": ""}), json!({"sub": {"a": 1}})] {
            assert!(person(&sso(&[]), &claims).is_err());
        }
    }

    #[test]
    fn roles_come_from_groups_then_from_a_claim_then_from_the_default() {
        let rules = sso(&[
            ("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM", "realm.groups"),
            (
                "GENERIC_ROLE_MAPPINGS_ROLES",
                r#"{"proxy_admin": ["ops"], "internal_user": ["dev"]}"#,
            ),
            ("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "internal_user_viewer"),
        ]);
        let of = |claims: Value| role(&rules.roles, &claims);
        let groups = |list: Value| json!({"realm": {"groups": list}});
        assert_eq!(of(groups(json!(["dev", "ops"]))), Some(Role::ProxyAdmin));
        assert_eq!(of(groups(json!("dev"))), Some(Role::InternalUser));
        assert_eq!(
            of(json!({"role": "proxy_admin_viewer"})),
            Some(Role::ProxyAdminViewer)
        );
        assert_eq!(of(json!({"role": "root"})), Some(Role::InternalUserViewer));
        assert_eq!(role(&sso(&[]).roles, &json!({"role": ["team"]})), None);
    }

    #[test]
    fn only_proven_addresses_of_the_allowed_domains_come_in() {
        let rules = sso(&[("ALLOWED_EMAIL_DOMAINS", "x.test")]);
        let may = |email: &str, verified: Value| {
            let claims = json!({"sub": "s", "email": email, "email_verified": verified});
            person(&rules, &claims).is_ok()
        };
        assert!(may("a@x.test", json!(true)) && may("a@X.TEST", json!("true")));
        assert!(
            may("a@x.test", Value::Null),
            "a generic provider is believed"
        );
        assert!(!may("a@x.test", json!(false)));
        for email in ["a@y.test", "a@sub.x.test", "x.test", "a@x.test.evil", ""] {
            assert!(!may(email, json!(true)), "{email}");
        }
    }
}
