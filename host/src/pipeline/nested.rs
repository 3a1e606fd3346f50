//! Paths of `additional_drop_params` that lead into a member, as LiteLLM writes them:
//! `tools[*].function.strict`, `response_format.json_schema.strict`, `messages[0].name`.

use serde_json::Value;

/// A step of a path.
#[derive(Debug, PartialEq)]
enum Step<'p> {
    Member(&'p str),
    Item(usize),
    Items,
}

/// The top-level member that a path leads into; none if it is a plain name.
pub fn member(path: &str) -> Option<&str> {
    let end = path.find(['.', '['])?;
    path.get(..end)
}

/// A member's value without what `path` leads to; none if nothing is there.
pub fn without(path: &str, raw: &str) -> Option<String> {
    let steps = steps(path)?;
    let (_, inner) = steps.split_first()?;
    let mut value: Value = serde_json::from_str(raw).ok()?;
    take(&mut value, inner).then(|| value.to_string())
}

/// The steps, the top-level member's first; none if it is no path.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !name.is_empty() {
            steps.push(Step::Member(name));
        }
        while let Some((index, more)) = rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
            steps.push(match index {
                "*" => Step::Items,
                number => Step::Item(number.parse().ok()?),
            });
            rest = more;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(steps)
}

/// Takes out what the steps lead to; whether anything was there. Items of lists stay: only their
/// members go.
fn take(value: &mut Value, steps: &[Step<'_>]) -> bool {
    match (steps, value) {
        ([Step::Member(name)], Value::Object(members)) => members.shift_remove(*name).is_some(),
        ([Step::Member(name), rest @ ..], Value::Object(members)) => {
            members.get_mut(*name).is_some_and(|it| take(it, rest))
        }
        ([Step::Item(at), rest @ ..], Value::Array(items)) => {
            items.get_mut(*at).is_some_and(|it| take(it, rest))
        }
        ([Step::Items, rest @ ..], Value::Array(items)) => items
            .iter_mut()
            .map(|item| take(item, rest))
            .fold(false, |found, taken| found | taken),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let tools = r#"[{"type":"function","function":{"name":"f","strict":true}},{"function":{"name":"g","strict":false}},7]"#;
        for (path, raw, want) in [
            (
                "tools[*].function.strict",
                tools,
                Some(
                    r#"[{"type":"function","function":{"name":"f"}},{"function":{"name":"g"}},7]"#,
                ),
            ),
            (
                "tools[1].function.strict",
                tools,
                Some(
                    r#"[{"type":"function","function":{"name":"f","strict":true}},{"function":{"name":"g"}},7]"#,
                ),
            ),
            ("a.b.c", r#"{"b":{"c":1,"d":2}}"#, Some(r#"{"b":{"d":2}}"#)),
            ("a.b", r#"{"c":1}"#, None),
            ("a.b", "7", None),
            ("a[*]", "[1,2]", None),
            ("a[x].b", r#"[{"b":1}]"#, None),
            ("a[0", r#"[{"b":1}]"#, None),
        ] {
            assert_eq!(without(path, raw).as_deref(), want, "{path}");
        }
        assert_eq!(member("tools[*].x"), Some("tools"));
        assert_eq!(member("a.b"), Some("a"));
        assert_eq!(member("seed"), None);
    }
}
