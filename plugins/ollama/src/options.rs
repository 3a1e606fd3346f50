//! Ollama's `options`, and what stands beside them: the call's values before the deployment's.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, fault};

/// Options that are numbers.
pub const NUMBERS: [&str; 18] = [
    "frequency_penalty",
    "main_gpu",
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "presence_penalty",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "top_k",
    "typical_p",
];

/// Options that are on or off.
pub const SWITCHES: [&str; 3] = ["low_vram", "numa", "use_mmap"];

/// OpenAI's parameters that are options under the same name.
const SAME: [&str; 3] = ["seed", "temperature", "top_p"];

/// Members of a request beside the options.
const BESIDE: [&str; 3] = ["keep_alive", "shift", "truncate"];

/// Takes the options out of the client's members; the rest of them stays.
pub fn take(call: &Call, members: &mut Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let config = call.config();
    let mut options = match members.shift_remove("options") {
        Some(Value::Object(options)) => options,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(fault::invalid_request("`options` is not an object")),
    };
    let limit = ["max_completion_tokens", "max_tokens"].map(|name| present(members, name));
    if let Some(limit) = limit.into_iter().flatten().next() {
        options.insert("num_predict".into(), limit);
    }
    match present(members, "stop") {
        Some(Value::String(one)) => drop(options.insert("stop".into(), vec![one].into())),
        Some(several) => drop(options.insert("stop".into(), several)),
        None => {}
    }
    for name in NUMBERS.into_iter().chain(SWITCHES).chain(SAME) {
        let own = present(members, name);
        let default = || config.get(name).filter(|it| !it.is_null()).cloned();
        if let Some(value) = own {
            options.insert(name.to_owned(), value);
        } else if !options.contains_key(name)
            && let Some(value) = default()
        {
            options.insert(name.to_owned(), value);
        }
    }
    Ok(options)
}

/// What stands beside the options.
pub fn beside(call: &Call, members: &mut Map<String, Value>, body: &mut Map<String, Value>) {
    let config = call.config();
    for name in BESIDE {
        let default = || config.get(name).filter(|it| !it.is_null()).cloned();
        if let Some(value) = present(members, name).or_else(default) {
            body.insert(name.to_owned(), value);
        }
    }
}

/// `response_format` as `format`.
pub fn format(members: &mut Map<String, Value>) -> Result<Option<Value>, Error> {
    let Some(wanted) = present(members, "response_format") else {
        return Ok(present(members, "format"));
    };
    match wanted.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some("json".into())),
        Some("json_schema") => match wanted.pointer("/json_schema/schema") {
            Some(schema) => Ok(Some(schema.clone())),
            None => Err(fault::invalid_request(
                "`response_format.json_schema` has no `schema`",
            )),
        },
        other => Err(fault::invalid_request(format!(
            "ollama has no `response_format` of type `{}`",
            other.unwrap_or_default()
        ))),
    }
}

/// Takes a member out; null counts as missing.
pub fn present(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    members.shift_remove(name).filter(|it| !it.is_null())
}
