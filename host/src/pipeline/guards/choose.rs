//! Which guardrails look at a call, and when: those that look at every call, and those that the
//! request, its key, its team, its model or its tags name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::set::{Guard, Guards};
use crate::auth::Caller;
use crate::config::{self, Stage};
use crate::domain::{At, ErrorKind, Fault};

/// Most guardrails that a request may name.
const MOST: usize = 50;

/// What a request asks for: names, each with what it says beside (`extra_body`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted(pub BTreeMap<String, Value>);

/// One that looks.
#[derive(Clone)]
pub struct Choice {
    pub guard: Arc<Guard>,
    pub stages: Vec<Stage>,
    /// What the request says to it.
    pub extra: Option<Value>,
}

/// Everything that may name guardrails for a call.
pub struct Naming<'n> {
    pub caller: &'n Caller,
    pub wanted: &'n Wanted,
    /// Of the request, its key and its team.
    pub tags: &'n [String],
    /// Of the deployments of the model, or of the endpoint.
    pub more: Vec<&'n str>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Name(String),
    With(Map<String, Value>),
}

#[derive(Default, Deserialize)]
struct With {
    extra_body: Option<Value>,
}

impl Wanted {
    /// Reads `guardrails` of a request: a list of names or of `{name: {extra_body}}`, or one mapping
    /// of them.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(&mut self, name: &str, raw: &str) -> Result<(), Fault> {
        let wrong = || {
            let text = format!(
                "`{name}` has a wrong type: it must be an array of names, or of objects that name \
                 one with its `extra_body`"
            );
            Fault::caller(ErrorKind::InvalidRequest, text).with_param(name)
        };
        if matches!(raw, "null" | "\"\"" | "false") {
            return Ok(());
        }
        let one_mapping = raw.starts_with('{');
        let list: Vec<Named> = match one_mapping {
            true => vec![Named::With(serde_json::from_str(raw).map_err(|_| wrong())?)],
            false => serde_json::from_str(raw).map_err(|_| wrong())?,
        };
        for named in list {
            match named {
                Named::Name(name) => drop(self.0.entry(name).or_insert(Value::Null)),
                Named::With(members) => {
                    for (name, value) in members {
                        let with = match value {
                            Value::Object(_) => {
                                serde_json::from_value(value).map_err(|_| wrong())?
                            }
                            // `{"pii": true}` names it, and says nothing.
                            _ => With::default(),
                        };
                        self.0.insert(name, with.extra_body.unwrap_or(Value::Null));
                    }
                }
            }
        }
        if self.0.len() > MOST {
            let text = format!("`{name}` names more than {MOST} guardrails");
            return Err(Fault::caller(ErrorKind::InvalidRequest, text).with_param(name));
        }
        Ok(())
    }
}

/// Those that look at the call, in the config's order.
///
/// # Errors
/// One is named that is not there: passed over, it would let through what it was to stop.
pub fn choose(guards: &Guards, naming: &Naming<'_>) -> Result<Vec<Choice>, Fault> {
    let grant = naming.caller.grant();
    let of_key = grant.into_iter().flat_map(|it| &it.guardrails);
    let asked = naming.wanted.0.keys();
    if let Some(name) = asked.clone().find(|it| guards.find(it).is_none()) {
        let hint = config::hint(name, guards.names());
        let shown = name.get(..name.floor_char_boundary(200)).unwrap_or(name);
        let text = format!(
            "`guardrails` names `{shown}`, which this gateway does not have{hint}; see \
             `GET /guardrails/list`"
        );
        return Err(Fault::caller(ErrorKind::InvalidRequest, text).with_param("guardrails"));
    }
    let given = of_key.map(AsRef::as_ref).chain(naming.more.iter().copied());
    if let Some(name) = given.clone().find(|it| guards.find(it).is_none()) {
        let text = format!(
            "the key, its team or the model has the guardrail `{name}`, which this gateway does \
             not have: the operator adds it to `guardrails`, or takes the name away"
        );
        return Err(Fault::operator(ErrorKind::InvalidRequest, text)
            .at(At::Door)
            .with_param("guardrails"));
    }
    let goes_without = grant.is_some_and(|it| it.disables_global_guardrails);
    let named: Vec<&str> = asked.map(String::as_str).chain(given).collect();
    let chosen = guards.all().iter().filter_map(|guard| {
        let entry = &guard.entry;
        let tagged = naming.tags.iter().find_map(|it| entry.by_tag.get(it));
        let is_named = named.iter().any(|it| *it == entry.name);
        let always = entry.default_on && !goes_without;
        if !(is_named || always || tagged.is_some()) {
            return None;
        }
        let stages = tagged.unwrap_or(&entry.stages).clone();
        let extra = naming.wanted.0.get(&entry.name).cloned();
        Some(Choice {
            guard: Arc::clone(guard),
            stages,
            extra: extra.filter(|it| !it.is_null()),
        })
    });
    Ok(chosen.filter(|it| !it.stages.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::samples::master;
    use crate::config::{Config, Env};
    use crate::pipeline::givens;
    use crate::plugins::Table;

    const GUARDRAILS: &str = "
guardrails:
  - guardrail_name: always
    litellm_params: {guardrail: a, mode: pre_call, default_on: true}
  - guardrail_name: asked
    litellm_params: {guardrail: a, mode: [during_call, post_call]}
  - guardrail_name: tagged
    litellm_params: {guardrail: a, mode: {tags: {eu: pre_call}, default: []}}
";

    fn guards() -> Guards {
        let (config, remarks) = Config::parse(GUARDRAILS, Env::default()).unwrap();
        assert!(!config::has_errors(&remarks), "{remarks:?}");
        Guards::build(
            &config,
            &Table::default(),
            &givens::environment(&config.env),
        )
    }

    fn chosen(
        caller: &Caller,
        wanted: &[&str],
        tags: &[&str],
        more: &[&str],
    ) -> Result<Vec<String>, Fault> {
        let wanted = wanted.iter().map(|it| ((*it).to_owned(), Value::Null));
        let wanted = Wanted(wanted.collect());
        let tags: Vec<String> = tags.iter().map(|it| (*it).to_owned()).collect();
        let naming = Naming {
            caller,
            wanted: &wanted,
            tags: &tags,
            more: more.to_vec(),
        };
        let chosen = choose(&guards(), &naming)?;
        Ok(chosen
            .into_iter()
            .map(|it| it.guard.entry.name.clone())
            .collect())
    }

    #[test]
    fn who_is_asked_for_by_anybody_looks_once_and_in_the_configs_order() {
        let of = |wanted: &[&str], tags: &[&str], more: &[&str]| {
            chosen(&master(), wanted, tags, more).unwrap()
        };
        assert_eq!(of(&[], &[], &[]), ["always"]);
        assert_eq!(of(&["asked"], &[], &["asked"]), ["always", "asked"]);
        assert_eq!(of(&[], &["eu"], &["asked"]), ["always", "asked", "tagged"]);
        // By its tag alone it has a stage.
        assert_eq!(of(&["tagged"], &[], &[]), ["always"]);
    }

    #[test]
    fn a_name_that_is_not_there_is_refused_whoever_names_it() {
        let fault = chosen(&master(), &["askd"], &[], &[]).err().unwrap();
        assert_eq!(fault.param.as_deref(), Some("guardrails"));
        assert!(
            fault.message.contains("did you mean `asked`"),
            "{}",
            fault.message
        );
        let fault = chosen(&master(), &[], &[], &["gone"]).err().unwrap();
        assert!(fault.message.contains("`gone`"), "{}", fault.message);
    }
}
