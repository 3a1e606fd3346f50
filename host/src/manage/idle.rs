//! Fields that are kept and given back, and change nothing: whoever relies on one is told.

use serde_json::{Map, Value};

/// Their names, whichever object has them; docs/management.md says why of each.
pub(super) const IDLE: &[&str] = &[
    "access_agent_ids",
    "access_mcp_server_ids",
    "agent_id",
    "allowed_vector_store_indexes",
    "budget_reset_at",
    "config",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "enable_prompt_caching",
    "end_user_budget_id",
    "enforced_batch_output_expires_after",
    "enforced_file_expires_after",
    "max_budget_in_organization",
    "mcp_rpm_limit",
    "object_permission",
    "policies",
    "project_id",
    "prompts",
    "secret_manager_settings",
    "send_invite_email",
    "team_member_key_duration",
];

/// Says in the log which fields of a request change nothing.
pub(super) fn tell(given: &Map<String, Value>) {
    let names = idle(given);
    if !names.is_empty() {
        let fields = names.join(", ");
        tracing::warn!(%fields, "fields of a request are kept and have no effect");
    }
}

/// Those that say something.
fn idle(given: &Map<String, Value>) -> Vec<&str> {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    let inside = given.get("metadata").and_then(Value::as_object);
    let all = given.iter().chain(inside.into_iter().flatten());
    let named = all.filter(|(name, value)| IDLE.contains(&name.as_str()) && says(value));
    named.map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_that_change_nothing_are_told_where_they_say_something() {
        let given = json!({"models": ["m"], "config": {}, "policies": ["p"], "agent_id": null,
            "send_invite_email": false, "metadata": {"prompts": ["q"], "team": "x"}});
        assert_eq!(idle(given.as_object().unwrap()), ["policies", "prompts"]);
    }

    #[test]
    fn every_one_of_them_is_in_the_manual() {
        let manual = include_str!("../../../docs/management.md");
        for name in IDLE {
            let lines = manual.lines().filter(|it| it.starts_with("| `"));
            let mut names = lines.filter_map(|it| it.split('|').nth(1));
            assert!(names.any(|it| it.contains(&format!("`{name}`"))), "{name}");
        }
    }
}
