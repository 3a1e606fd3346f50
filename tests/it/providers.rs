//! The list of providers that operators read is the plugins' own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::documents::documents;
use crate::endpoints;

const BEFORE: &str = "# Providers

What ships, as the plugins describe themselves: the name before the slash in `litellm_params.model`, what
can be asked of it, how it is authenticated (with the environment variables that are read where the config
has no key), and which operations are verified: recorded answers of the provider pass through its own
translation ([recordings.md](recordings.md)). The others are written by its documentation. Dialects that a
provider has not itself (`messages`, `responses`, `generate-content`, `completions`) are served through its
`chat` ([dialects.md](dialects.md)).

";

/// The operations that recorded answers back, by provider; the recordings' own test holds it.
const VERIFIED: &str = include_str!("../traffic/fixtures/verified.tsv");

/// LiteLLM's providers, by name.
const CATALOGUE: &str = include_str!("litellm_providers.txt");

/// LiteLLM's providers that no plugin serves: name and reason.
const UNSERVED: &str = include_str!("unserved.tsv");

const BETWEEN: &str = "
## Not served

LiteLLM's other names. A call to one of them is refused by name.

| provider | why |
|---|---|
";

const LAST: &str = "
## Not served of a provider

What these serve at LiteLLM besides, in its words. Where a provider has `chat`, a call to its `messages`
goes through that.

| provider | endpoint | why |
|---|---|---|
";

fn words(value: &Value) -> Vec<&str> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

fn row(plugin: &str, provider: &Value) -> String {
    let names: Vec<String> = std::iter::once(provider["name"].as_str().unwrap())
        .chain(words(&provider["aliases"]))
        .map(|it| format!("`{it}`"))
        .collect();
    let operations = provider["operations"].as_object().unwrap();
    let operations: Vec<&str> = operations.keys().map(String::as_str).collect();
    let secrets = provider["secrets"].as_object().into_iter().flatten();
    let env: Vec<&str> = secrets.flat_map(|(_, it)| words(&it["env"])).collect();
    let scheme = provider["auth"]["scheme"].as_str().unwrap_or("none");
    let auth = match env.is_empty() {
        true => scheme.to_owned(),
        false => format!("{scheme}: `{}`", env.join("`, `")),
    };
    let name = provider["name"].as_str().unwrap();
    let mut lines = VERIFIED.lines().filter_map(|it| it.split_once('\t'));
    let backed = lines.find(|it| it.0 == name).map(|it| it.1);
    assert_eq!(provider["verified"], backed.is_some(), "`{name}`");
    let verified = backed.map_or_else(|| "unverified".to_owned(), |it| it.replace(' ', ", "));
    format!(
        "| {} | {plugin} | {} | {auth} | {verified} |",
        names.join(", "),
        operations.join(", ")
    )
}

/// Every name that a plugin answers to.
fn served() -> Vec<String> {
    let documents = documents();
    let lists = documents.iter();
    let providers = lists.flat_map(|it| it["providers"].as_array().unwrap().clone());
    let names = providers.flat_map(|it| {
        let aliases = it["aliases"].as_array().cloned().unwrap_or_default();
        std::iter::once(it["name"].clone()).chain(aliases)
    });
    names.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Names and reasons.
fn unserved() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = UNSERVED.lines().filter(|it| !it.starts_with('#'));
    lines.map(|it| it.split_once('\t').unwrap())
}

fn page() -> String {
    let mut rows = BTreeMap::new();
    for document in documents() {
        let plugin = document["name"].as_str().unwrap();
        for provider in document["providers"].as_array().unwrap() {
            let name = provider["name"].as_str().unwrap().to_owned();
            assert!(
                rows.insert(name.clone(), row(plugin, provider)).is_none(),
                "two plugins have the provider `{name}`"
            );
        }
    }
    let mut page = BEFORE.to_owned();
    page.push_str(
        "| provider | plugin | operations | authentication | verified |\n|---|---|---|---|---|\n",
    );
    for row in rows.values() {
        writeln!(page, "{row}").unwrap();
    }
    page.push_str(BETWEEN);
    let served = served();
    for (name, why) in unserved() {
        assert!(!served.iter().any(|it| it == name), "`{name}` is served");
        writeln!(page, "| `{name}` | {why} |").unwrap();
    }
    page.push_str(LAST);
    for [provider, endpoint, why] in endpoints::unserved() {
        let provider = match provider {
            "*" => "all".to_owned(),
            name => format!("`{name}`"),
        };
        writeln!(page, "| {provider} | `{endpoint}` | {why} |").unwrap();
    }
    page
}

#[test]
fn the_list_of_providers_is_what_the_plugins_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let wanted = page();
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written != wanted {
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers.md");
        std::fs::write(&beside, &wanted).unwrap();
        panic!(
            "docs/providers.md is old; the new one is {}",
            beside.display()
        );
    }
}

#[test]
fn every_provider_of_litellm_is_served_or_refused_with_a_reason() {
    let lines = CATALOGUE.lines().filter(|it| !it.starts_with('#'));
    let known: Vec<&str> = lines.collect();
    assert_eq!(known.len(), 220);
    let served = served();
    for name in &known {
        let ours = served.iter().any(|it| it == name);
        let reason = unserved().find(|(it, _)| it == name);
        let reason = reason.map(|(_, why)| why).filter(|it| !it.is_empty());
        assert!(ours != reason.is_some(), "`{name}`: {reason:?}");
    }
    for (name, _) in unserved() {
        assert!(
            known.contains(&name),
            "`{name}` is no provider of LiteLLM's"
        );
    }
}
