//! What `general_settings` says of who may come in, from where, and with what. Read here,
//! understood by the door.

use serde_json::Value;

use super::env::Env;
use super::section::Section;

/// Rules for callers. Lists that are not there are None.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access {
    pub allowed_routes: Option<Vec<String>>,
    pub admin_only_routes: Option<Vec<String>>,
    pub public_routes: Option<Vec<String>>,
    pub allowed_ips: Option<Vec<String>>,
    pub use_x_forwarded_for: bool,
    pub trusted_proxy_ranges: Option<Vec<String>>,
    pub enforced_params: Vec<String>,
    pub enforce_user_param: bool,
    pub reject_client_tags: bool,
    /// `enable_jwt_auth`: bearer tokens of an identity provider open too.
    pub tokens: Option<TokenAccess>,
}

/// `litellm_jwtauth` and the environment's `JWT_*`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenAccess {
    pub settings: Value,
    pub key_urls: Vec<String>,
    pub audience: Vec<String>,
    pub issuer: Vec<String>,
}

impl Access {
    pub fn read(section: &mut Section<'_>, env: &Env) -> Self {
        let listed = |name: &str| -> Vec<String> {
            let text = env.text(name).unwrap_or_default();
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let settings = section.resolved("litellm_jwtauth");
        let enabled = section.flag("enable_jwt_auth") == Some(true);
        Self {
            allowed_routes: section.texts("allowed_routes"),
            admin_only_routes: section.texts("admin_only_routes"),
            public_routes: section.texts("public_routes"),
            allowed_ips: section.texts("allowed_ips"),
            use_x_forwarded_for: section.flag("use_x_forwarded_for").unwrap_or(false),
            trusted_proxy_ranges: section.texts("trusted_proxy_ranges"),
            enforced_params: section.texts("enforced_params").unwrap_or_default(),
            enforce_user_param: section.flag("enforce_user_param").unwrap_or(false),
            reject_client_tags: section
                .flag("reject_clientside_metadata_tags")
                .unwrap_or(false),
            tokens: enabled.then(|| TokenAccess {
                settings: settings.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
                key_urls: listed("JWT_PUBLIC_KEY_URL"),
                audience: listed("JWT_AUDIENCE"),
                issuer: listed("JWT_ISSUER"),
            }),
        }
    }
}
