//! Reading JSON of strangers: what is missing or of another type reads as nothing.

use serde_json::{Map, Value};

pub type Object = Map<String, Value>;

/// A member that is not null.
pub fn given<'v>(object: &'v Object, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|it| !it.is_null())
}

/// A member's text.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member's list.
pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    items(value.get(name))
}

pub fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is an object.
pub fn object<'v>(value: &'v Value, name: &str) -> Option<&'v Object> {
    value.get(name).and_then(Value::as_object)
}

/// Sets a member of a value that is an object.
pub fn set(value: &mut Value, name: &str, to: impl Into<Value>) {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), to.into());
    }
}

/// Sets a member unless there is nothing to say.
pub fn set_given(value: &mut Value, name: &str, to: Option<&Value>) {
    if let Some(to) = to.filter(|it| !it.is_null()) {
        set(value, name, to.clone());
    }
}
