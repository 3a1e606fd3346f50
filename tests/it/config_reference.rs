//! The reference of the config is the catalog's own, and the example has nothing that it does not.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use sluice::config::{Config, Env, ReferenceKey, ReferenceTable, Standing, Taken, Type, reference};

use crate::root;

const BEFORE: &str = "# Every key of the config

Each place of the file with its keys, what they do, and what counts where nobody wrote them. Made from what
the gateway itself reads by; [config.md](config.md) has where a value comes from, and
[config.example.yaml](../config.example.yaml) a file to begin with.

- `[]` is each entry of a list, `*` each member of a mapping.
- **whose**: `LiteLLM` keys mean here what they mean there; `ours` are not known there.
- A default of `–` is none. `env` is a variable of the environment that counts where the key is silent.
- Keys that are **taken without effect** are known and change nothing; `sluice check` says so. Those that are
  **not enforced** are a warning where they are set, because somebody may rely on them. Any other key is
  unknown, which `sluice check` says with the nearest name.
- Any value may be `os.environ/NAME`.
";

/// What cannot be told from the lists of names.
const NOTES: &[(&str, &str)] = &[
    (
        "model_list[].litellm_params",
        "Settings of a provider (`api_version`, `aws_region_name`, `vertex_project`, …) go to its plugin, and\n\
         parameters of requests (`temperature`, `max_tokens`, …) are defaults for clients that send none. Prices\n\
         are those of [prices.md](prices.md).",
    ),
    (
        "model_list[].model_info",
        "Anything else is kept and shown: prices and limits of [prices.md](prices.md), `supports_*`.",
    ),
    (
        "guardrails[].litellm_params",
        "Anything else is a setting of the guardrail: [guardrails-shipped.md](guardrails-shipped.md),\n\
         [guardrails-services.md](guardrails-services.md).",
    ),
    (
        "router_settings.retry_policy",
        "`model_group_retry_policy` has the same by model group.",
    ),
];

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "text",
        Type::Whole => "whole number",
        Type::Number => "number",
        Type::Flag => "true or false",
        Type::List => "list",
        Type::Mapping => "mapping",
    }
}

fn default(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => format!("`{text}`"),
        // A whole number of seconds reads better without its point.
        Value::Number(number) => {
            let text = number.to_string();
            format!("`{}`", text.strip_suffix(".0").unwrap_or(&text))
        }
        other => format!("`{other}`"),
    }
}

fn row(key: &ReferenceKey, kind: Type) -> String {
    let mut about = cell(key.about());
    match key.variable() {
        Some((name, true)) => write!(about, "; env `{name}` counts first").unwrap(),
        Some((name, false)) => write!(about, "; env `{name}`").unwrap(),
        None => {}
    }
    if let Some((section, name)) = key.other() {
        write!(about, "; else `{section}.{name}`").unwrap();
    }
    if key.at_start() {
        about.push_str("; from the next start on");
    }
    let whose = match key.standing {
        Standing::Ours => "ours",
        _ => "LiteLLM",
    };
    let (name, kind) = (key.name, type_name(kind));
    let default = cell(&default(&key.default()));
    format!("| `{name}` | {kind} | {default} | {whose} | {about} |")
}

fn list(page: &mut String, table: &ReferenceTable, standing: Standing, before: &str) {
    let names = table.keys.iter().filter(|it| it.standing == standing);
    let names: Vec<String> = names.map(|it| format!("`{}`", it.name)).collect();
    if !names.is_empty() {
        writeln!(page, "\n{before}: {}.", names.join(", ")).unwrap();
    }
}

fn page() -> String {
    let mut page = BEFORE.to_owned();
    for table in reference() {
        match table.place {
            "" => page.push_str("\n## The file\n\n"),
            place => write!(page, "\n## `{place}`\n\n").unwrap(),
        }
        page.push_str("| key | type | default | whose | what it does |\n|---|---|---|---|---|\n");
        for key in &table.keys {
            if let Some(kind) = key.kind() {
                writeln!(page, "{}", row(key, kind)).unwrap();
            }
        }
        if let Some((_, note)) = NOTES.iter().find(|(place, _)| *place == table.place) {
            writeln!(page, "\n{note}").unwrap();
        }
        list(
            &mut page,
            &table,
            Standing::Accepted,
            "Taken without effect",
        );
        list(&mut page, &table, Standing::Unenforced, "Not enforced");
    }
    page
}

#[test]
fn the_reference_is_what_the_config_is_read_by() {
    let path = root().join("docs/config-reference.md");
    let wanted = page();
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written != wanted {
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config-reference.md");
        std::fs::write(&beside, &wanted).unwrap();
        panic!(
            "docs/config-reference.md is old; the new one is {}",
            beside.display()
        );
    }
}

/// The example with every key that is commented out written out.
fn whole_example() -> String {
    let text = std::fs::read_to_string(root().join("config.example.yaml")).unwrap();
    let lines = text.lines().map(|line| {
        let (indent, rest) = line.split_once("# ").unwrap_or(("", ""));
        let key = rest.trim_start().trim_start_matches("- ");
        let name: &str = key.split(':').next().unwrap_or_default();
        let is_key = key.len() > name.len()
            && !name.is_empty()
            && name
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it == b'_' || it.is_ascii_digit());
        match indent.trim().is_empty() && is_key {
            true => format!("{indent}{rest}"),
            false => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_key_of_the_example_is_known_also_those_that_are_commented_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, whole_example()).unwrap();
    let (_, remarks) = Config::load(&path, Env::default()).unwrap();
    let unknown: Vec<_> = remarks
        .iter()
        .filter(|it| matches!(it.taken, Taken::Unknown | Taken::Accepted))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let seen = |path: &str| remarks.iter().any(|it| it.path == path);
    for path in ["general_settings.ui_session_duration", "plugins.rollback"] {
        assert!(seen(path), "{path} was not read: is it written out?");
    }
}

#[test]
fn the_example_has_every_section() {
    let whole = whole_example();
    let tables = reference();
    let file = tables.iter().find(|it| it.place.is_empty()).unwrap();
    let sections = file.keys.iter().filter(|it| it.kind().is_some());
    let missing: Vec<&str> = sections
        .map(|it| it.name)
        .filter(|name| {
            !whole
                .lines()
                .any(|line| line.starts_with(&format!("{name}:")))
        })
        .collect();
    assert!(missing.is_empty(), "config.example.yaml lacks {missing:?}");
}
