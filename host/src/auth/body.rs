//! What a key's rules ask of a request's body, before anything is done with it.

use std::sync::Arc;

use serde_json::Value;

use super::caller::Caller;
use crate::domain::{ErrorKind, Fault};

/// Rules of the operator for every body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyRules {
    /// `general_settings.enforced_params`: members that every body must have.
    pub enforced_params: Vec<Arc<str>>,
    /// `enforce_user_param`: calls of models must name their `user`.
    pub enforce_user_param: bool,
    /// `reject_clientside_metadata_tags`: tags come from keys and teams only.
    pub reject_client_tags: bool,
}

impl BodyRules {
    /// Whether a body has to be read for this caller at all.
    pub fn ask_anything(&self, caller: &Caller) -> bool {
        self.enforce_user_param
            || self.reject_client_tags
            || !self.enforced_params.is_empty()
            || caller
                .grant()
                .is_some_and(|grant| !grant.enforced_params.is_empty())
    }

    /// Judges the body of a call of a model. `member` gives a top-level member by name; the
    /// operator's own calls are judged by the operator's rules on tags only.
    ///
    /// # Errors
    /// A member that must be there is not, or one is there that must not be; `param` names it.
    pub fn judge(
        &self,
        caller: &Caller,
        member: impl Fn(&str) -> Option<Value>,
    ) -> Result<(), Fault> {
        if self.reject_client_tags {
            if member("tags").is_some_and(|it| !it.is_null()) {
                let text = "Client-side `tags` are not allowed; give the key or its team tags";
                return Err(wrong(text.into(), "tags".into()));
            }
            for group in ["metadata", "litellm_metadata"] {
                if member(group).is_some_and(|it| it.get("tags").is_some_and(|it| !it.is_null())) {
                    let path = format!("{group}.tags");
                    let text = format!(
                        "Client-side `{path}` are not allowed; give the key or its team tags"
                    );
                    return Err(wrong(text, path));
                }
            }
        }
        let Some(grant) = caller.grant() else {
            return Ok(());
        };
        if self.enforce_user_param && !filled(member("user")) {
            let text = "BadRequest please pass param=user to this API call";
            return Err(wrong(text.into(), "user".into()));
        }
        let asked = self.enforced_params.iter().chain(&grant.enforced_params);
        match asked.into_iter().find(|path| !filled(at(path, &member))) {
            Some(path) => Err(wrong(
                format!(
                    "BadRequest please pass param={path} in request body. This is a required param"
                ),
                path.to_string(),
            )),
            None => Ok(()),
        }
    }
}

/// Whether a key may say these of the cache: `allowed_cache_controls`.
///
/// # Errors
/// One of them is not in the key's list.
pub fn allow_cache_controls(caller: &Caller, said: &[&str]) -> Result<(), Fault> {
    let Some(grant) = caller.grant().filter(|it| !it.cache_controls.is_empty()) else {
        return Ok(());
    };
    let allowed = |name: &&&str| grant.cache_controls.iter().any(|it| &**it == **name);
    match said.iter().find(|name| !allowed(name)) {
        Some(name) => {
            let text = format!("`cache.{name}` is not in this key's `allowed_cache_controls`");
            Err(Fault::caller(ErrorKind::Permission, text).with_param("cache"))
        }
        None => Ok(()),
    }
}

/// The value at a dotted path: `metadata.generation_name`.
fn at(path: &str, member: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let (top, rest) = path.split_once('.').unwrap_or((path, ""));
    let mut value = member(top)?;
    for step in rest.split('.').filter(|step| !step.is_empty()) {
        value = value.get_mut(step)?.take();
    }
    Some(value)
}

fn filled(value: Option<Value>) -> bool {
    value.is_some_and(|it| !it.is_null() && it.as_str() != Some(""))
}

fn wrong(message: String, param: String) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(param)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Grant, Role};
    use serde_json::json;

    fn judge(rules: &BodyRules, of_key: &[&str], body: Value) -> Result<(), String> {
        let mut grant = Grant::bare(Role::Team);
        grant.enforced_params = of_key.iter().map(|&it| it.into()).collect();
        let caller = Caller::granted(Arc::new(grant));
        let judged = rules.judge(&caller, |name| body.get(name).cloned());
        judged.map_err(|fault| fault.param.unwrap_or_default())
    }

    #[test]
    fn the_error_names_the_member_that_is_missing() {
        let rules = BodyRules::default();
        let asks = ["user", "metadata.generation_name"];
        let body = json!({"user": "u", "metadata": {"generation_name": "g"}});
        assert_eq!(judge(&rules, &asks, body), Ok(()));
        let refused = judge(&rules, &asks, json!({"user": "u", "metadata": {}}));
        assert_eq!(refused, Err("metadata.generation_name".into()));
        let refused = judge(&rules, &asks, json!({"user": ""}));
        assert_eq!(refused, Err("user".into()));
        let refused = judge(&rules, &asks, json!({"user": "u", "metadata": "text"}));
        assert_eq!(refused, Err("metadata.generation_name".into()));
    }

    #[test]
    fn the_operators_rules_hold_for_every_key() {
        let rules = BodyRules {
            enforced_params: vec!["temperature".into()],
            enforce_user_param: true,
            reject_client_tags: true,
        };
        let body = json!({"user": "u", "temperature": 0});
        assert_eq!(judge(&rules, &[], body), Ok(()));
        let refused = judge(&rules, &[], json!({"temperature": 1}));
        assert_eq!(refused, Err("user".into()));
        let refused = judge(&rules, &[], json!({"user": "u"}));
        assert_eq!(refused, Err("temperature".into()));
        let refused = judge(&rules, &[], json!({"tags": ["a"]}));
        assert_eq!(refused, Err("tags".into()));
        for group in ["metadata", "litellm_metadata"] {
            let refused = judge(&rules, &[], json!({group: {"tags": ["a"]}}));
            assert_eq!(refused, Err(format!("{group}.tags")));
        }
    }

    #[test]
    fn a_key_says_of_the_cache_what_its_list_has() {
        let mut grant = Grant::bare(Role::Team);
        let free = Caller::granted(Arc::new(grant.clone()));
        grant.cache_controls = vec!["no-cache".into()];
        let bound = Caller::granted(Arc::new(grant));
        assert!(allow_cache_controls(&free, &["ttl"]).is_ok());
        assert!(allow_cache_controls(&bound, &["no-cache"]).is_ok());
        let refused = allow_cache_controls(&bound, &["no-cache", "ttl"]).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("cache"));
        assert!(allow_cache_controls(&Caller::MASTER, &["ttl"]).is_ok());
    }

    #[test]
    fn the_master_key_may_leave_them_out() {
        let rules = BodyRules {
            enforce_user_param: true,
            ..BodyRules::default()
        };
        assert!(rules.judge(&Caller::MASTER, |_| None).is_ok());
    }
}
