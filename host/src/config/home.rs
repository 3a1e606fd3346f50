//! Keys in the wrong section: real configs have `master_key` under `litellm_settings` and the like,
//! and LiteLLM swallows it. They are moved to where they belong, with a word on it.

use serde_json::{Map, Value};

use super::names::{GENERAL, LITELLM, ROUTER};
use super::remarks::{Remarks, Taken};
use super::section::Names;
use super::shown;

/// The three sections, in this order everywhere.
pub struct Sections {
    pub general: Option<Value>,
    pub litellm: Option<Value>,
    pub router: Option<Value>,
}

impl Sections {
    /// The sections that are there, by name, secrets masked.
    pub fn masked(&self) -> Map<String, Value> {
        let values = [&self.general, &self.litellm, &self.router];
        let there = HOMES.into_iter().zip(values);
        let there = there.filter_map(|((name, _), value)| Some((name.to_owned(), value.clone()?)));
        shown::masked(&there.collect())
    }
}

const HOMES: [(&str, &Names); 3] = [
    ("general_settings", &GENERAL),
    ("litellm_settings", &LITELLM),
    ("router_settings", &ROUTER),
];

/// Moves every key home. A key that stands at home as well stays where it is, without effect.
pub fn move_home(sections: Sections, remarks: &mut Remarks) -> Sections {
    let mut values = [sections.general, sections.litellm, sections.router];
    let mut moved = Vec::new();
    for (value, (section, names)) in values.iter_mut().zip(HOMES) {
        let Some(Value::Object(members)) = value else {
            continue;
        };
        let lost: Vec<String> = members
            .keys()
            .filter(|name| !names.all().any(|it| it == *name) && home_of(name).is_some())
            .cloned()
            .collect();
        for name in lost {
            let value = members.shift_remove(&name).unwrap_or_default();
            moved.push((section, name, value));
        }
    }
    for (section, name, value) in moved {
        let Some(home) = home_of(&name) else { continue };
        let path = format!("{section}.{name}");
        let (Some((at, names)), Some(target)) = (HOMES.get(home), values.get_mut(home)) else {
            continue;
        };
        let members = target.get_or_insert_with(|| Map::new().into());
        let honoured = names.known.contains(&name.as_str());
        match members.as_object_mut() {
            Some(members) if members.contains_key(&name) => {
                let text = format!("stands under `{at}` as well; that one counts");
                remarks.say(Taken::Warning, path, text);
            }
            Some(members) => {
                let text = if honoured {
                    format!("belongs under `{at}`; it is honoured")
                } else {
                    format!("belongs under `{at}`")
                };
                remarks.say(Taken::Warning, path, text);
                members.insert(name, value);
            }
            // The section is no mapping, which its reader says.
            None => {}
        }
    }
    let [general, litellm, router] = values;
    Sections {
        general,
        litellm,
        router,
    }
}

fn home_of(name: &str) -> Option<usize> {
    let known = HOMES
        .iter()
        .position(|(_, names)| names.known.contains(&name));
    known.or_else(|| {
        HOMES
            .iter()
            .position(|(_, names)| names.all().any(|it| it == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_moved_home_and_the_one_at_home_counts() {
        let mut remarks = Remarks::default();
        let sections = Sections {
            general: Some(json!({"routing_strategy": "x", "num_retries": 9})),
            litellm: Some(json!({"master_key": "sk-a", "num_retries": 2})),
            router: None,
        };
        let moved = move_home(sections, &mut remarks);
        assert_eq!(moved.general, Some(json!({"master_key": "sk-a"})));
        assert_eq!(moved.router, Some(json!({"routing_strategy": "x"})));
        assert_eq!(moved.litellm, Some(json!({"num_retries": 2})));
        assert_eq!(remarks.0.len(), 3);
    }

    #[test]
    fn a_name_that_a_section_shares_stays_there() {
        let mut remarks = Remarks::default();
        let sections = Sections {
            general: None,
            litellm: Some(json!({"fallbacks": []})),
            router: Some(json!({"fallbacks": []})),
        };
        move_home(sections, &mut remarks);
        assert!(remarks.0.is_empty());
    }
}
