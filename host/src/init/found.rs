//! Providers whose keys are there, as the plugins' documents name them.

use std::collections::BTreeMap;

use super::InitError;
use crate::config::{Env, hint};
use crate::plugins::Table;
use crate::plugins::describe::ProviderDescribe;

/// Well-known providers, the name that clients ask for, and a model of theirs. Of providers that share
/// a variable, one that stands here is meant.
pub const FAVOURITES: [(&str, &str, &str); 9] = [
    ("openai", "gpt-4o", "gpt-4o"),
    ("anthropic", "claude", "claude-sonnet-4-5"),
    ("gemini", "gemini", "gemini-2.5-flash"),
    ("groq", "llama", "llama-3.3-70b-versatile"),
    ("mistral", "mistral", "mistral-large-latest"),
    ("deepseek", "deepseek", "deepseek-chat"),
    ("xai", "grok", "grok-4"),
    ("cohere", "command", "command-a-03-2025"),
    (
        "bedrock",
        "claude-bedrock",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
];

/// A provider to write down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub provider: String,
    /// For people.
    pub title: String,
    /// The variable of its `api_key`, if that is what it takes.
    pub key: Option<String>,
    /// The other variables that are there, which it reads by itself.
    pub others: Vec<String>,
}

/// Whether each of them is a provider of some plugin.
pub fn known(table: &Table, asked: &[String]) -> Result<(), InitError> {
    for name in asked {
        if !table.providers.contains_key(name) {
            let known = table.providers.keys().map(String::as_str);
            return Err(InitError::Unknown(name.clone(), hint(name, known)));
        }
    }
    Ok(())
}

/// Those whose keys are in the environment, and those that were asked for, by name.
pub fn all(table: &Table, env: &Env, asked: &[String]) -> Result<Vec<Found>, InitError> {
    known(table, asked)?;
    let described = table.providers.values().map(|it| &*it.describe);
    Ok(of(described, env, asked))
}

fn of<'d>(
    described: impl Iterator<Item = &'d ProviderDescribe>,
    env: &Env,
    asked: &[String],
) -> Vec<Found> {
    let by_name: BTreeMap<&str, &ProviderDescribe> =
        described.map(|it| (it.name.as_str(), it)).collect();
    let mut found: Vec<Found> = Vec::new();
    // The variable by which each was found.
    let mut by_variable: BTreeMap<String, &str> = BTreeMap::new();
    for (name, describe) in &by_name {
        if asked.iter().any(|it| describe.names().any(|own| own == it)) {
            found.push(named(describe, env));
        } else if let Some(variable) = is_there(describe, env) {
            let before = by_variable.get(&variable).copied();
            if before.is_none_or(|before| rank(name) < rank(before)) {
                by_variable.insert(variable, name);
            }
        }
    }
    let there = by_variable.values().filter_map(|name| by_name.get(name));
    found.extend(there.map(|it| named(it, env)));
    found.sort_by(|a, b| rank(&a.provider).cmp(&rank(&b.provider)));
    found
}

/// Favourites first, then short names: the longer ones are variants of another.
fn rank(name: &str) -> (usize, usize, &str) {
    let at = FAVOURITES.iter().position(|(it, _, _)| *it == name);
    (at.unwrap_or(FAVOURITES.len()), name.len(), name)
}

/// The variable by which a provider is found: all that it requires is there, or, where it requires
/// nothing, anything.
fn is_there(describe: &ProviderDescribe, env: &Env) -> Option<String> {
    let set = |names: &[String]| names.iter().find(|it| env.get(it).is_some()).cloned();
    let mut required = describe
        .secrets
        .values()
        .filter(|it| it.required)
        .peekable();
    if required.peek().is_some() {
        let all: Option<Vec<String>> = required.map(|it| set(&it.env)).collect();
        return all?.into_iter().next();
    }
    describe.secrets.values().find_map(|it| set(&it.env))
}

fn named(describe: &ProviderDescribe, env: &Env) -> Found {
    let is_set = |it: &&String| env.get(it).is_some();
    let api_key = describe.secrets.get("api_key");
    let key = api_key.and_then(|it| {
        let first = it.env.first().filter(|_| it.required);
        it.env.iter().find(is_set).or(first).cloned()
    });
    let secrets = describe.secrets.iter();
    let others = secrets.filter(|(name, _)| *name != "api_key");
    let others = others.filter_map(|(_, it)| it.env.iter().find(is_set).cloned());
    Found {
        provider: describe.name.clone(),
        title: match describe.title.as_str() {
            "" => describe.name.clone(),
            title => title.to_owned(),
        },
        key,
        others: others.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described() -> Vec<ProviderDescribe> {
        let chat = json!({"chat": {}});
        let key = |env: &[&str]| json!({"api_key": {"env": env, "required": true}});
        let all = json!([
            {"name": "openai", "title": "OpenAI", "operations": chat, "secrets": key(&["OPENAI_API_KEY"])},
            {"name": "ai21", "operations": chat, "secrets": key(&["AI21_API_KEY"])},
            {"name": "ai21_chat", "operations": chat, "secrets": key(&["AI21_API_KEY"])},
            {"name": "a", "operations": chat, "secrets": key(&["OPENAI_API_KEY"])},
            {"name": "bedrock", "operations": chat, "secrets": {
                "aws_access_key_id": {"env": ["AWS_ACCESS_KEY_ID"]}, "aws_secret_access_key": {"env": ["AWS_SECRET"]}}},
            {"name": "echo", "operations": chat}
        ]);
        serde_json::from_value(all).unwrap()
    }

    fn names(pairs: &[(&str, &str)], asked: &[&str]) -> Vec<(String, Option<String>)> {
        let asked: Vec<String> = asked.iter().map(|it| (*it).to_owned()).collect();
        let found = of(described().iter(), &Env::of(pairs), &asked);
        found.into_iter().map(|it| (it.provider, it.key)).collect()
    }

    #[test]
    fn one_provider_is_found_by_each_variable_that_is_there() {
        let pairs = [
            ("AI21_API_KEY", "k"),
            ("OPENAI_API_KEY", "k"),
            ("AWS_ACCESS_KEY_ID", "k"),
        ];
        let expected = [
            ("openai".to_owned(), Some("OPENAI_API_KEY".to_owned())),
            ("bedrock".to_owned(), None),
            ("ai21".to_owned(), Some("AI21_API_KEY".to_owned())),
        ];
        assert_eq!(names(&pairs, &[]), expected);
        assert_eq!(names(&[("OPENAI_API_KEY", "")], &[]), []);
    }

    #[test]
    fn a_provider_that_is_asked_for_needs_no_key_yet() {
        let expected = ("ai21_chat".to_owned(), Some("AI21_API_KEY".to_owned()));
        assert_eq!(names(&[], &["ai21_chat"]), [expected]);
    }
}
