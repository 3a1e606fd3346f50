//! A YAML file as JSON values, read as LiteLLM's PyYAML reads it: `<<` merges, `yes` and `off` are
//! booleans where one is expected, and a missing value is null.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ConfigError;

/// Reads a file with everything it includes.
pub fn read(path: &Path) -> Result<Map<String, Value>, ConfigError> {
    read_nested(path, &mut Vec::new())
}

fn read_nested(path: &Path, open: &mut Vec<PathBuf>) -> Result<Map<String, Value>, ConfigError> {
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ConfigError(format!("{}: {cause}", file())))?;
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if open.contains(&real) {
        return Err(ConfigError(format!(
            "{}: `include` leads back to itself",
            file()
        )));
    }
    let mut root = parse(&text).map_err(|what| ConfigError(format!("{}: {what}", file())))?;
    let includes = match root.shift_remove("include") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    open.push(real);
    for include in includes {
        let name = include
            .as_str()
            .ok_or_else(|| ConfigError(format!("{}: `include` is a list of file names", file())))?;
        let nested = read_nested(&path.parent().unwrap_or(Path::new(".")).join(name), open)?;
        merge(&mut root, nested);
    }
    open.pop();
    Ok(root)
}

/// Lists grow, the rest of an included file wins only where the including one says nothing.
fn merge(root: &mut Map<String, Value>, nested: Map<String, Value>) {
    for (name, value) in nested {
        match (root.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (None | Some(Value::Null), value) => drop(root.insert(name, value)),
            _ => {}
        }
    }
}

/// Parses one document; an error names line and column.
pub fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text).map_err(|cause| {
        let at = cause
            .location()
            .map(|at| format!("line {}, column {}: ", at.line(), at.column()));
        format!("{}{cause}", at.unwrap_or_default())
    })?;
    value.apply_merge().map_err(|cause| cause.to_string())?;
    match json(value)? {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Map::new()),
        _ => Err("the file's top level is no mapping".into()),
    }
}

fn json(value: serde_yaml::Value) -> Result<Value, String> {
    use serde_yaml::Value as Yaml;
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(it) => it.into(),
        Yaml::String(it) => it.into(),
        Yaml::Number(it) => match (it.as_i64(), it.as_u64(), it.as_f64()) {
            (Some(it), _, _) => it.into(),
            (None, Some(it), _) => it.into(),
            (None, None, it) => it.unwrap_or_default().into(),
        },
        Yaml::Sequence(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(members) => {
            let mut map = Map::new();
            for (name, value) in members {
                let name = match name {
                    Yaml::String(name) => name,
                    Yaml::Bool(name) => name.to_string(),
                    Yaml::Number(name) => name.to_string(),
                    _ => return Err("a key is neither text nor number".into()),
                };
                map.insert(name, json(value)?);
            }
            map.into()
        }
        Yaml::Tagged(tagged) => json(tagged.value)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_names_line_and_column() {
        let what = parse("model_list:\n  - a: b\n   c: d\n").unwrap_err();
        assert!(what.contains("line 3"), "{what}");
    }

    #[test]
    fn merges_are_taken_in() {
        let map = parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n").unwrap();
        assert_eq!(map["b"], serde_json::json!({"x": 1, "y": 3}));
    }
}
