//! A fallback that the client names itself: a model, and members of the request that stand in place
//! of its own when it goes there.

use serde_json::Map;
use serde_json::value::RawValue;

use super::request::{OURS, refuse_target};
use crate::domain::{ErrorKind, Fault};
use crate::upstream::splice::Edit;

/// Fallbacks of one request, at most.
const MOST: usize = 100;

/// One fallback.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detour {
    pub model: String,
    /// Members with their JSON.
    pub with: Vec<Edit>,
}

impl Detour {
    /// To a model, with the request as it is.
    pub fn to(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            with: Vec::new(),
        }
    }
}

/// Reads `fallbacks`: names of models, or objects with `model` and other members.
pub fn read(raw: &str) -> Result<Option<Vec<Detour>>, Fault> {
    let list: Option<Vec<&RawValue>> =
        serde_json::from_str(raw).map_err(|_| wrong("has a wrong type: it must be an array"))?;
    let Some(list) = list else {
        return Ok(None);
    };
    if list.len() > MOST {
        return Err(wrong(&format!("has more than {MOST} entries")));
    }
    list.into_iter()
        .map(one)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn one(raw: &RawValue) -> Result<Detour, Fault> {
    if let Ok(model) = serde_json::from_str::<String>(raw.get()) {
        return Ok(Detour::to(model));
    }
    let members: Map<String, serde_json::Value> = serde_json::from_str(raw.get())
        .map_err(|_| wrong("has an entry that is neither a model's name nor an object"))?;
    let mut detour = Detour::default();
    for (name, value) in members {
        refuse_target(&name)?;
        match value {
            serde_json::Value::String(model) if name == "model" => detour.model = model,
            _ if OURS.contains(&name.as_str()) || name == "stream" => {}
            value => detour.with.push((name, Some(value.to_string()))),
        }
    }
    if detour.model.is_empty() {
        return Err(wrong("has an entry without a `model`"));
    }
    Ok(detour)
}

fn wrong(what: &str) -> Fault {
    let message = format!("`fallbacks` {what}");
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("fallbacks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_objects_are_read_and_what_is_the_gateways_stays_out_of_them() {
        let raw = r#"["a", {"model": "b", "messages": [], "num_retries": 3, "stream": true}]"#;
        let read = read(raw).unwrap().unwrap();
        let with = vec![("messages".to_owned(), Some("[]".to_owned()))];
        assert_eq!(read[0], Detour::to("a"));
        assert_eq!((read[1].model.as_str(), &read[1].with), ("b", &with));
    }

    #[test]
    fn what_cannot_be_a_fallback_is_named() {
        for raw in [
            "7",
            "[7]",
            "[{}]",
            r#"[{"model": 7}]"#,
            r#"[{"model": "b", "api_base": "http://evil"}]"#,
        ] {
            let fault = read(raw).unwrap_err();
            let param = fault.param.as_deref();
            assert!(matches!(param, Some("fallbacks" | "api_base")), "{raw}");
        }
        assert_eq!(read("null").unwrap(), None);
    }
}
