use super::*;
use sluice_sdk::serde_json::json;

/// The OpenAI-compatible providers of the catalogue this table was made from; `openai` itself
/// has a plugin of its own.
const CATALOGUE: &str = include_str!("../../catalogue.tsv");

/// Base URLs that are other than the catalogue's on purpose: a path or a slash stands
/// elsewhere, or `/v1` is part of the base.
const OTHER_BASES: [&str; 5] = [
    "chutes",
    "cloudflare",
    "datarobot",
    "helicone",
    "huggingface",
];

/// Environment names of a login that is not made here.
const OTHER_ENV: [&str; 3] = ["GITHUB_COPILOT_CLIENT_ID", "GITHUB_COPILOT_TOKEN_DIR", ""];

#[test]
fn every_provider_of_the_catalogue_has_its_row_with_base_url_and_environment() {
    let rows = Row::all().unwrap();
    let lines = CATALOGUE.lines().filter(|line| !line.starts_with('#'));
    let mut seen = 0;
    for line in lines {
        let mut cells = line.split('\t');
        let id = cells.next().unwrap();
        let row = rows.iter().find(|row| row.name == id);
        let row = row.unwrap_or_else(|| panic!("no row for {id}"));
        let base = cells.next().filter(|it| *it != "-");
        assert!(
            row.base_url.as_deref() == base || OTHER_BASES.contains(&id),
            "{id}: {base:?}"
        );
        for name in cells.next().unwrap_or_default().split(' ') {
            let known = |list: &[String]| list.iter().any(|it| it == name);
            let others = row.secrets.values().chain(row.settings_env.values());
            assert!(
                known(&row.env)
                    || known(&row.base_url_env)
                    || others.into_iter().any(|it| known(it))
                    || OTHER_ENV.contains(&name),
                "{id}: {name}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 113);
}

#[test]
fn rows_are_told_apart_by_their_names() {
    let rows = Row::all().unwrap();
    let mut names: Vec<&String> = rows
        .iter()
        .flat_map(|row| std::iter::once(&row.name).chain(&row.aliases))
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn exceptions_and_the_deployments_own_row_lie_over_the_providers() {
    let own = json!({"base_url": "https://a.test", "think_tags": true,
        "models": [{"match": ["big-*"], "think_tags": false, "history": "keep"}]});
    let plain = Row::of("groq", Some(&own), "small").unwrap();
    assert!(plain.think_tags && plain.history.as_deref() == Some("reasoning"));
    let big = Row::of("groq", Some(&own), "big-1").unwrap();
    assert!(!big.think_tags && big.history.as_deref() == Some("keep"));
}

#[test]
fn a_wrong_row_is_refused_by_its_member() {
    let error = Row::of("groq", Some(&json!({"thinktags": true})), "m").unwrap_err();
    assert!(error.message.contains("thinktags"), "{}", error.message);
}

#[test]
fn patterns_fit_the_whole_name() {
    for (pattern, text, want) in [
        ("grok-4*", "grok-4.1-fast", true),
        ("*thinking*", "kimi-thinking-preview", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*c", "a-b", false),
        ("exact", "exact", true),
        ("exact", "exactly", false),
    ] {
        assert_eq!(matches(pattern, text), want, "{pattern} {text}");
    }
}
