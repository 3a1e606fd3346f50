//! The operator's rules for new keys: defaults, upper bounds, aliases, who must say what.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::auth::{self, Role};
use crate::budget::Period;
use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::{bad, forbidden, missing};
use crate::manage::fields::Given;
use crate::manage::rights::Rights;
use crate::store::TeamRow;

impl Manage {
    /// Defaults, then upper bounds, which also stand in where the request is silent.
    pub(super) fn apply_key_rules(&self, given: &mut Given, now: i64) -> Result<(), Fault> {
        let settings = self.settings();
        let rules = &settings.keys;
        for (name, value) in &rules.defaults {
            given.or_default(name, value);
        }
        self.bound_key(given, now)?;
        for (name, bound) in &rules.upper_bounds {
            given.or_default(name, bound);
        }
        Ok(())
    }

    /// What the request names may not be more than the upper bounds.
    pub(super) fn bound_key(&self, given: &Given, now: i64) -> Result<(), Fault> {
        for (name, bound) in &self.settings().keys.upper_bounds {
            let Some(value) = given.value(name) else {
                continue;
            };
            if exceeds(value, bound, now) {
                let message = format!(
                    "`{name}` is {value}, more than the {bound} that \
                     `upperbound_key_generate_params` allows"
                );
                return Err(bad(name, message));
            }
        }
        Ok(())
    }

    pub(super) fn check_alias(&self, alias: Option<&str>) -> Result<(), Fault> {
        let settings = self.settings();
        let Some((alias, pattern)) = alias.zip(settings.keys.alias_pattern.as_ref()) else {
            return Ok(());
        };
        let whole = pattern
            .find(alias)
            .is_some_and(|found| found.start() == 0 && found.end() == alias.len());
        if whole {
            return Ok(());
        }
        let message = format!("`key_alias` does not match the operator's pattern `{pattern}`");
        Err(bad("key_alias", message))
    }

    /// A key that the request brings along.
    pub(super) fn check_custom_key(&self, field: &str, key: &str) -> Result<(), Fault> {
        if self.settings().keys.no_custom_keys {
            let message = "custom keys are disabled (`disable_custom_api_keys`): leave `key` out";
            return Err(forbidden(field, message));
        }
        auth::accept_custom_key(key).map_err(|fault| fault.with_param(field).with_status(400))
    }

    /// `key_generation_settings`.
    pub(super) fn check_generation(
        &self,
        rights: &Rights,
        team: Option<&TeamRow>,
        given: &Given,
    ) -> Result<(), Fault> {
        let settings = self.settings();
        let rules = &settings.keys.generation;
        let (required, refusal) = match team {
            Some(team) => {
                let leads = rights.changes_team(team);
                let role = if leads { "admin" } else { "user" };
                let allowed = allows(rules.team_roles.as_deref(), role);
                (&rules.team_required, (!allowed).then_some("team_id"))
            }
            None => {
                let role = rights.role.as_str();
                let allowed = allows(rules.personal_roles.as_deref(), role);
                (&rules.personal_required, (!allowed).then_some("user_id"))
            }
        };
        if rights.role == Role::ProxyAdmin {
            return Ok(());
        }
        if let Some(field) = refusal {
            let message = "`key_generation_settings` does not let your role make this key";
            return Err(forbidden(field, message));
        }
        match required.iter().find(|name| !given.some(name)) {
            Some(name) => Err(missing(name)),
            None => Ok(()),
        }
    }
}

fn allows(roles: Option<&[String]>, role: &str) -> bool {
    roles.is_none_or(|all| all.iter().any(|it| it == role))
}

/// Numbers by size, durations by their end.
fn exceeds(value: &Value, bound: &Value, now: i64) -> bool {
    if let (Some(value), Some(bound)) = (value.as_f64(), bound.as_f64()) {
        return value > bound;
    }
    let end = |text: &Value| {
        let period = text.as_str()?.parse::<Period>().ok()?;
        Some(period.expiry(now, &TimeZone::UTC))
    };
    match (end(value), end(bound)) {
        (Some(value), Some(bound)) => value > bound,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::exceeds;
    use serde_json::json;

    #[test]
    fn bounds_compare_numbers_and_durations() {
        assert!(exceeds(&json!(2), &json!(1.5), 0) && !exceeds(&json!(1), &json!(1), 0));
        assert!(
            exceeds(&json!("2d"), &json!("24h"), 0) && !exceeds(&json!("1d"), &json!("24h"), 0)
        );
    }
}
