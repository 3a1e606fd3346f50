//! The published schemas, held against every document of this repository.

use serde_json::Value;
use sluice_sdk::Provider;

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

fn documents() -> Vec<Value> {
    let texts = [
        sluice_plugin_anthropic::Anthropic::describe(),
        sluice_plugin_echo::Echo::describe(),
        sluice_plugin_gemini::Gemini::describe(),
        sluice_plugin_openai::OpenAi::describe(),
        sluice_plugin_openai_compatible::OpenAiCompatible::describe(),
    ];
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

#[test]
fn every_describe_document_fits_its_schema_and_the_host() {
    let validator = validator("describe.schema.json");
    for document in documents() {
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

#[test]
fn every_fixture_and_example_fits_its_schema() {
    let validator = validator("fixture.schema.json");
    let mut seen = 0;
    for document in documents() {
        for example in document["examples"].as_array().unwrap() {
            assert_eq!(
                wrong(&validator, example),
                Vec::<String>::new(),
                "{}",
                example["name"]
            );
            seen += 1;
        }
    }
    for plugin in std::fs::read_dir(root().join("plugins")).unwrap().flatten() {
        for file in std::fs::read_dir(plugin.path().join("fixtures"))
            .unwrap()
            .flatten()
        {
            if file.path().extension().is_some_and(|it| it == "json") {
                let fixture =
                    serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
                assert_eq!(
                    wrong(&validator, &fixture),
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
    for plugin in ["anthropic", "gemini", "openai", "openai_compatible"] {
        let path = root()
            .join("plugins")
            .join(plugin)
            .join("fixtures/corpus.jsonl");
        for line in std::fs::read_to_string(path).unwrap().lines() {
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
}
