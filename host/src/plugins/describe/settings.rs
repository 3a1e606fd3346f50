//! A deployment's settings, judged by the plugin's schema.

use serde_json::{Map, Value};
use url::Url;

use super::ProviderDescribe;

impl ProviderDescribe {
    /// The settings with the schema's defaults filled in, or the first one that does not fit, by
    /// its place in the config.
    pub fn settle(&self, settings: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let whose = format!("provider `{}`", self.name);
        settle(self.config_schema.as_ref(), settings, &whose)
    }
}

/// The same by any schema.
pub(super) fn settle(
    schema: Option<&Value>,
    mut settings: Map<String, Value>,
    whose: &str,
) -> Result<Map<String, Value>, String> {
    let Some(schema) = schema else {
        return Ok(settings);
    };
    fill(schema, &mut settings);
    let settings = Value::Object(settings);
    jsonschema::validate(schema, &settings).map_err(|cause| {
        let at = cause.instance_path().to_string().replace('/', ".");
        format!("`litellm_params{at}` does not fit {whose}: {cause}")
    })?;
    match settings {
        Value::Object(settings) => Ok(settings),
        _ => Ok(Map::new()),
    }
}

/// Settings that the environment gives where the config does not (`x-env`), each with the names that
/// are tried.
pub(super) fn env_of(schema: Option<&Value>) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let properties = schema.and_then(|it| it.get("properties")?.as_object());
    properties
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| {
            let names = property.get("x-env")?.as_array()?;
            let names = names.iter().filter_map(Value::as_str);
            Some((name.as_str(), names.collect()))
        })
}

/// The addresses among the settings: of properties with `x-address`.
pub(super) fn addresses<'s>(
    schema: Option<&'s Value>,
    settings: &'s Map<String, Value>,
) -> impl Iterator<Item = Url> + 's {
    let properties = schema.and_then(|it| it.get("properties")?.as_object());
    let named = properties.into_iter().flatten();
    let named = named.filter(|(_, property)| property.get("x-address") == Some(&Value::Bool(true)));
    named.filter_map(|(name, _)| {
        let url = Url::parse(settings.get(name)?.as_str()?.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    })
}

/// Sets what is missing and has a default; in objects that are there, also inside them.
fn fill(schema: &Value, settings: &mut Map<String, Value>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        match (settings.get_mut(name), property.get("default")) {
            (None, Some(default)) => drop(settings.insert(name.clone(), default.clone())),
            (Some(Value::Object(inner)), _) => fill(property, inner),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settle(settings: Value) -> Result<Value, String> {
        let provider: ProviderDescribe = serde_json::from_value(json!({
            "name": "acme", "operations": {"chat": {}},
            "config_schema": {"type": "object", "required": ["region"], "properties": {
                "region": {"type": "string", "default": "eu"},
                "depth": {"type": "integer"},
                "retry": {"type": "object", "properties": {"times": {"default": 3}}}
            }}
        }))
        .unwrap();
        let settings = settings.as_object().cloned().unwrap_or_default();
        provider.settle(settings).map(Value::from)
    }

    #[test]
    fn defaults_are_filled_in_and_what_is_set_stays() {
        assert_eq!(settle(json!({})).unwrap(), json!({"region": "eu"}));
        assert_eq!(
            settle(json!({"region": "us", "retry": {}})).unwrap(),
            json!({"region": "us", "retry": {"times": 3}})
        );
    }

    #[test]
    fn a_setting_that_does_not_fit_is_named_by_its_place() {
        let refusal = settle(json!({"depth": "deep"})).unwrap_err();
        assert!(refusal.starts_with("`litellm_params.depth` does not fit provider `acme`"));
    }

    #[test]
    fn addresses_are_those_that_the_schema_calls_so() {
        let schema = json!({"properties": {"base": {"x-address": true}, "other": {}, "third": {"x-address": true}}});
        let settings = json!({"base": "http://10.0.0.1:3000", "other": "http://10.0.0.2", "third": "no address"});
        let settings = settings.as_object().unwrap();
        let found: Vec<String> = addresses(Some(&schema), settings)
            .map(String::from)
            .collect();
        assert_eq!(found, ["http://10.0.0.1:3000/"]);
    }
}
