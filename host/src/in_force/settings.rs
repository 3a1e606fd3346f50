//! The settings that the management API lists.

use serde_json::{Map, Value};

use crate::manage::Setting;

/// Settings of `general_settings` that can be set through the API: name, type, default as JSON,
/// and what it does.
type Described = (&'static str, &'static str, &'static str, &'static str);

const SETTINGS: [Described; 18] = [
    (
        "user_api_key_cache_ttl",
        "Float",
        "60.0",
        "seconds for which a checked key is remembered",
    ),
    (
        "proxy_batch_write_at",
        "Float",
        "10.0",
        "seconds after which spend is in the database",
    ),
    (
        "disable_budget_reservation",
        "Boolean",
        "false",
        "budgets are looked at, nothing is reserved",
    ),
    (
        "allow_requests_on_db_unavailable",
        "Boolean",
        "false",
        "serve known keys in an outage",
    ),
    (
        "apply_user_budget_to_team_keys",
        "Boolean",
        "false",
        "a user's budget binds keys of teams",
    ),
    (
        "token_rate_limit_type",
        "String",
        "\"total\"",
        "tokens that limits count",
    ),
    (
        "store_model_in_db",
        "Boolean",
        "false",
        "models may be made through the API",
    ),
    (
        "max_request_size_mb",
        "Float",
        "null",
        "largest body of a request, in MiB",
    ),
    (
        "max_response_size_mb",
        "Float",
        "null",
        "largest answer of a provider, in MiB",
    ),
    (
        "disable_custom_api_keys",
        "Boolean",
        "false",
        "keys cannot be brought along",
    ),
    (
        "allowed_routes",
        "List",
        "null",
        "routes that are served; all if empty",
    ),
    (
        "admin_only_routes",
        "List",
        "null",
        "routes for proxy admins only",
    ),
    ("public_routes", "List", "null", "routes that need no key"),
    ("allowed_ips", "List", "null", "addresses that may call"),
    (
        "enforced_params",
        "List",
        "null",
        "fields that every call must have",
    ),
    (
        "enforce_user_param",
        "Boolean",
        "false",
        "every call must name its `user`",
    ),
    (
        "reject_clientside_metadata_tags",
        "Boolean",
        "false",
        "clients may set no tags",
    ),
    (
        "use_x_forwarded_for",
        "Boolean",
        "false",
        "trust the proxy before the gateway",
    ),
];

/// Each with what `general_settings` says of it.
pub(super) fn all(set: &Map<String, Value>) -> Vec<Setting> {
    let settings = SETTINGS.iter();
    settings
        .map(|(name, type_name, default, description)| {
            let default: Value = serde_json::from_str(default).unwrap_or_default();
            Setting {
                name,
                type_name,
                description,
                value: set.get(*name).unwrap_or(&default).clone(),
                default,
            }
        })
        .collect()
}
