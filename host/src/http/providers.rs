//! `GET /model/settings`: the providers that deployments may name, and what each is told.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Doors;
use crate::plugins::describe::ProviderDescribe;

/// Every name before a slash, with its fields of `litellm_params`.
pub async fn settings(State(doors): State<Doors>) -> Json<Value> {
    let table = doors.plugins.table();
    let all: BTreeMap<&String, Value> = table
        .providers
        .iter()
        .map(|(name, it)| (name, fields(&it.describe)))
        .collect();
    let all = all
        .into_iter()
        .map(|(name, fields)| json!({"name": name, "fields": fields}));
    Json(all.collect())
}

fn fields(describe: &ProviderDescribe) -> Value {
    let usual = describe.base_url.as_deref();
    let address = match usual {
        Some(usual) => format!("where it is asked; {usual} unless said"),
        None => "where it is asked".to_owned(),
    };
    let mut fields = vec![field("api_base", "string", &address)];
    for (name, secret) in &describe.secrets {
        let needed = if secret.required {
            ""
        } else {
            "; not always needed"
        };
        let found = match secret.env.is_empty() {
            true => String::new(),
            false => format!("; else {} of the environment", secret.env.join(" or ")),
        };
        let title = Some(secret.title.as_str()).filter(|it| !it.is_empty());
        let title = title.unwrap_or("a secret");
        fields.push(field(name, "string", &format!("{title}{found}{needed}")));
    }
    let schema = describe.config_schema.as_ref();
    let settings = schema.and_then(|it| it.get("properties")?.as_object());
    for (name, it) in settings.into_iter().flatten() {
        let text = |member: &str| it.get(member).and_then(Value::as_str);
        let about = text("description").or_else(|| text("title"));
        let kind = text("type").unwrap_or("string");
        fields.push(field(name, kind, about.unwrap_or_default()));
    }
    fields.into()
}

/// As LiteLLM has it; it shows an example as the value.
fn field(name: &str, kind: &str, about: &str) -> Value {
    json!({"field_name": name, "field_type": kind, "field_description": about, "field_value": ""})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_tells_its_address_its_secrets_and_its_settings() {
        let describe: ProviderDescribe = serde_json::from_value(json!({
            "name": "acme", "operations": {"chat": {}}, "base_url": "https://acme.test",
            "secrets": {"api_key": {"env": ["ACME_KEY"], "required": true, "title": "Acme's key"}},
            "config_schema": {"type": "object", "properties": {
                "depth": {"type": "integer", "description": "how deep"}}},
        }))
        .unwrap();
        let fields = fields(&describe);
        assert_eq!(
            fields[0]["field_description"],
            "where it is asked; https://acme.test unless said"
        );
        assert_eq!(
            fields[1],
            field(
                "api_key",
                "string",
                "Acme's key; else ACME_KEY of the environment"
            )
        );
        assert_eq!(fields[2], field("depth", "integer", "how deep"));
    }
}
