//! The published schemas, held against every document of this repository.

use serde_json::{Value, json};

use crate::documents::{documents, hooks};
use crate::root;

fn validator(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("wit").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn wrong(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_describe_document_fits_its_schema_and_the_host() {
    let validator = validator("describe.schema.json");
    for document in documents().into_iter().chain(hooks()) {
        assert_eq!(
            wrong(&validator, &document),
            Vec::<String>::new(),
            "{}",
            document["name"]
        );
        sluice::plugins::describe::Describe::parse(&document.to_string()).unwrap();
    }
}

#[test]
fn a_member_that_is_not_in_the_schema_is_refused() {
    let mut document = documents().remove(0);
    document["providers"][0]["operations"]["chat"]["streem"] = true.into();
    assert_eq!(
        wrong(&validator("describe.schema.json"), &document).len(),
        1
    );
}

/// The names that serde lists when it meets one that it does not know.
fn known_to<T: serde::de::DeserializeOwned>(mut document: Value, at: &str) -> Vec<String> {
    document.pointer_mut(at).unwrap()["no such member"] = Value::Null;
    let said = serde_json::from_value::<T>(document)
        .err()
        .unwrap()
        .to_string();
    let (_, list) = said.split_once("expected ").unwrap();
    let mut names: Vec<String> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

fn known_to_schema(schema: &Value, at: &str) -> Vec<String> {
    let members = schema.pointer(at).unwrap()["properties"].as_object();
    let mut names: Vec<String> = members.unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn the_host_and_the_published_schemas_know_the_same_members() {
    let text = |name: &str| std::fs::read_to_string(root().join("wit").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&text("describe.schema.json")).unwrap();
    let document = json!({"name": "a", "version": "1", "providers": [{
        "name": "a", "secrets": {"k": {}}, "errors": {"kinds": [{"pointer": "", "kind": "quota"}]},
        "operations": {"chat": {"models": [{"match": ["*"]}]}}
    }], "guardrails": [{"name": "g"}], "callbacks": [{"name": "c"}]});
    for (at, in_schema) in [
        ("", ""),
        ("/providers/0", "/$defs/provider"),
        (
            "/providers/0/secrets/k",
            "/$defs/secrets/additionalProperties",
        ),
        ("/guardrails/0", "/$defs/guardrail"),
        ("/callbacks/0", "/$defs/callback"),
        ("/providers/0/errors", "/$defs/provider/properties/errors"),
        (
            "/providers/0/errors/kinds/0",
            "/$defs/provider/properties/errors/properties/kinds/items",
        ),
        ("/providers/0/operations/chat", "/$defs/operation"),
        (
            "/providers/0/operations/chat/models/0",
            "/$defs/operation/properties/models/items",
        ),
    ] {
        let host = known_to::<sluice::plugins::describe::Describe>(document.clone(), at);
        assert_eq!(host, known_to_schema(&schema, in_schema), "describe{at}");
    }
    let schema: Value = serde_json::from_str(&text("fixture.schema.json")).unwrap();
    let document = json!({"name": "a", "provider": "a", "operation": "chat", "model": "m", "body": {},
        "exchanges": [{"request": {}, "reply": {"status": 200}}], "expect": {}});
    for (at, in_schema) in [
        ("", ""),
        ("/exchanges/0", "/properties/exchanges/items"),
        (
            "/exchanges/0/request",
            "/properties/exchanges/items/properties/request",
        ),
        (
            "/exchanges/0/reply",
            "/properties/exchanges/items/properties/reply",
        ),
        ("/expect", "/properties/expect"),
    ] {
        let runner = known_to::<sluice_fixture::Fixture>(document.clone(), at);
        assert_eq!(runner, known_to_schema(&schema, in_schema), "fixture{at}");
    }
}

/// What the schema lets through, the host takes: an author may trust it.
#[test]
fn the_schema_refuses_what_the_host_refuses() {
    let validator = validator("describe.schema.json");
    for provider in [
        json!({"base_url": "ftp://a.example"}),
        json!({"base_url_env": ["A=B"]}),
        json!({"auth": {"scheme": "magic"}}),
        json!({"errors": {"message": "error"}}),
        json!({"errors": {"kinds": [{"pointer": "/a", "equals": "b", "kind": "slow"}]}}),
        json!({"errors": {"kinds": [{"pointer": "/a", "kind": "quota"}]}}),
        json!({"rate_limit_headers": {"rpm": "x"}}),
        json!({"operations": {}}),
        json!({"operations": {"chat": {"models": [{"match": []}]}}}),
        json!({"media": "bytes"}),
    ] {
        let mut document = json!({"name": "a", "version": "1",
            "providers": [{"name": "a", "operations": {"chat": {}}}]});
        for (name, value) in provider.as_object().unwrap() {
            document["providers"][0][name] = value.clone();
        }
        assert!(!wrong(&validator, &document).is_empty(), "{provider}");
        let host = sluice::plugins::describe::Describe::parse(&document.to_string());
        assert!(host.is_err(), "{provider}");
    }
}

/// The examples that people copy, of one kind.
fn examples(kind: &str) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(root().join("examples")).unwrap();
    let mut found: Vec<_> = folders.flatten().map(|it| it.path()).collect();
    found.retain(|it| it.to_string_lossy().ends_with(kind));
    assert_eq!(found.len(), 6, "{kind} in six languages");
    found
}

#[test]
fn every_fixture_of_a_hook_fits_its_schema() {
    let validator = validator("hook-fixture.schema.json");
    for folder in [examples("-guardrail"), examples("-callback")].concat() {
        for file in std::fs::read_dir(folder.join("fixtures"))
            .unwrap()
            .flatten()
        {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let fixture = serde_json::from_str(&text).unwrap();
            let shown = file.path().display().to_string();
            assert_eq!(wrong(&validator, &fixture), Vec::<String>::new(), "{shown}");
        }
    }
}

#[test]
fn every_fixture_and_example_fits_its_schema() {
    let of_providers = validator("fixture.schema.json");
    let of_hooks = validator("hook-fixture.schema.json");
    let validator = |fixture: &Value| match fixture["provider"].is_string() {
        true => &of_providers,
        false => &of_hooks,
    };
    let mut seen = 0;
    for document in documents().into_iter().chain(hooks()) {
        for example in document["examples"].as_array().unwrap() {
            assert_eq!(
                wrong(validator(example), example),
                Vec::<String>::new(),
                "{}",
                example["name"]
            );
            seen += 1;
        }
    }
    let plugins = std::fs::read_dir(root().join("plugins")).unwrap().flatten();
    let examples = examples("-provider");
    for plugin in plugins.map(|it| it.path()).chain(examples) {
        // What nobody has recorded is tested by what the plugin makes up.
        let fixtures = std::fs::read_dir(plugin.join("fixtures"));
        for file in fixtures.into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|it| it == "json") {
                let text = std::fs::read_to_string(file.path()).unwrap();
                let fixture: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(
                    wrong(validator(&fixture), &fixture),
                    Vec::<String>::new(),
                    "{}",
                    file.path().display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn recorded_traffic_names_its_source_and_licence() {
    let plugins = std::fs::read_dir(root().join("plugins")).unwrap().flatten();
    let mut seen = 0;
    for plugin in plugins.map(|it| it.path()) {
        let Ok(corpus) = std::fs::read_to_string(plugin.join("fixtures/corpus.jsonl")) else {
            continue;
        };
        seen += 1;
        let plugin = plugin.display();
        for line in corpus.lines() {
            let item: Value = serde_json::from_str(line).unwrap();
            for member in ["repo", "path", "commit", "license"] {
                assert!(
                    item["source"][member].is_string(),
                    "{plugin} {}: {member}",
                    item["id"]
                );
            }
        }
    }
    assert!(seen >= 13, "{seen}");
}
