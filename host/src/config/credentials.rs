//! `credential_list`: values that several deployments share.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::env::Env;
use super::remarks::{Remarks, Taken, hint};
use super::section::{Names, Section, kind};

/// Values as written, by the credential's name.
pub type Credentials = BTreeMap<String, Map<String, Value>>;

pub const NAMES: Names = Names {
    known: &["credential_name", "credential_values"],
    accepted: &["credential_info"],
    unenforced: &[],
};

/// Reads the list.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> Credentials {
    let list = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => {
            let text = format!("is {}, expected a list", kind(&other));
            remarks.say(Taken::Wrong, "credential_list", text);
            Vec::new()
        }
    };
    let mut credentials = Credentials::new();
    for (index, entry) in list.into_iter().enumerate() {
        let path = format!("credential_list[{index}]");
        let mut section = Section::new(&path, Some(entry), env, remarks);
        let (name, values) = (
            section.text("credential_name"),
            section.members("credential_values"),
        );
        if name.is_none() {
            section.say(Taken::Wrong, "credential_name", "is missing");
        }
        section.finish(&NAMES);
        if let Some(name) = name
            && credentials
                .insert(name.clone(), values.unwrap_or_default())
                .is_some()
        {
            let text = format!("`{name}` stands twice; the last one counts");
            remarks.say(Taken::Warning, path, text);
        }
    }
    credentials
}

/// Fills what a deployment leaves open from the credential that it names.
pub fn fill(
    params: &mut Map<String, Value>,
    credentials: &Credentials,
    path: &str,
    remarks: &mut Remarks,
) {
    let Some(named) = params.shift_remove("litellm_credential_name") else {
        return;
    };
    let at = format!("{path}.litellm_credential_name");
    let Some(name) = named.as_str() else {
        let text = format!("is {}, expected text", kind(&named));
        remarks.say(Taken::Wrong, at, text);
        return;
    };
    match credentials.get(name) {
        Some(values) => {
            remarks.say(Taken::Honoured, at, "");
            for (key, value) in values {
                params.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        None => {
            let hint = hint(name, credentials.keys().map(String::as_str));
            let text = format!("names `{name}`, which is not in `credential_list`{hint}");
            remarks.say(Taken::Wrong, at, text);
        }
    }
}
