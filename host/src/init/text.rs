//! The config that is written.

use std::fmt::Write as _;

use serde_json::Value;

use super::found::{FAVOURITES, Found};
use crate::config::Env;

const HEAD: &str = "\
# Written by `sluice init`. It is LiteLLM's config.yaml: `sluice check` says how every key of it is taken,
# and a change is in force without a restart.

model_list:
  # Answers from the prompt, without any account: to see that the gateway works.
  - model_name: demo
    litellm_params:
      model: echo/demo
      input_cost_per_token: 0
      output_cost_per_token: 0
";

const SETTINGS: &str = "
router_settings:
  num_retries: 2
  # What is asked where a model fails, by the names above:
  # fallbacks: [{FIRST: [SECOND]}]

litellm_settings:
  drop_params: false                  # true: parameters that a provider does not take are left out
  # cache: true                       # the same request is answered from memory

general_settings:
  # Opens everything. With it the gateway listens on all addresses, and everybody needs a key.
  master_key: os.environ/LITELLM_MASTER_KEY
";

/// The text of a config for these providers.
pub fn config(found: &[Found], env: &Env) -> String {
    let mut text = HEAD.to_owned();
    for it in found {
        text.push('\n');
        text.push_str(&entries(it));
    }
    text.push_str(SETTINGS);
    text.push_str(match env.get("DATABASE_URL") {
        Some(_) => "  database_url: os.environ/DATABASE_URL\n",
        None => {
            "  # PostgreSQL, for more than one gateway; without it an embedded SQLite database:\n  # database_url: os.environ/DATABASE_URL\n"
        }
    });
    text
}

/// A model of a provider that is well known, and everything that it has.
fn entries(found: &Found) -> String {
    let Found {
        provider,
        title,
        key,
        others,
    } = found;
    let mut text = format!("  # {title}.");
    // Writing into a text does not fail.
    let _ = match (key, others.as_slice()) {
        (Some(key), _) => writeln!(text, " Its key is {key} of the environment."),
        (None, []) => writeln!(text),
        (None, others) => writeln!(text, " It reads {} of the environment.", others.join(", ")),
    };
    let known = FAVOURITES.iter().find(|(name, _, _)| name == provider);
    if let Some((_, alias, model)) = known {
        entry(
            &mut text,
            alias,
            &format!("{provider}/{model}"),
            key.as_deref(),
        );
    }
    let everything = format!("{provider}/*");
    let _ = writeln!(text, "  # Everything that it has, under its own name:");
    entry(&mut text, &everything, &everything, key.as_deref());
    text
}

fn entry(text: &mut String, name: &str, model: &str, key: Option<&str>) {
    // JSON's quotes are YAML's.
    let (name, model) = (Value::from(name), Value::from(model));
    let _ = writeln!(
        text,
        "  - model_name: {name}\n    litellm_params:\n      model: {model}"
    );
    if let Some(key) = key {
        let _ = writeln!(text, "      api_key: os.environ/{key}");
    }
}
