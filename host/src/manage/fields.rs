//! The fields of a request: each has a name and a kind, and what fits neither is refused by name.

use serde_json::{Map, Value};

use super::fault::{bad, missing};
use super::{idle, kinds};
use crate::asked::Input;
#[cfg(test)]
use crate::asked::noted::{self, Place};
use crate::domain::{Fault, Usd};

/// A field that an operation takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field(pub &'static str, pub Kind);

/// What a field may hold beside `null`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A text that is not blank once it is trimmed, at most 255 characters; `""` counts as null.
    Id,
    /// Any text; `""` counts as null.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    Flag,
    /// A whole number of at least 0.
    Count,
    /// A whole number of at least 1.
    Positive,
    /// Dollars, at least 0; `""` counts as null.
    Money,
    /// Of LiteLLM's grammar.
    Duration,
    /// A moment, in ISO 8601.
    Moment,
    Texts,
    Object,
    List,
    /// Names to whole numbers of at least 0.
    Counts,
    /// Names to texts.
    Names,
    /// Names to lists of texts.
    NameLists,
    /// Models to a budget each.
    ModelBudgets,
    /// Budgets with windows of their own.
    Windows,
    /// Settings of the router.
    Routing,
    Any,
}

impl Kind {
    /// As LiteLLM's forms name the type.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Id | Self::Text | Self::Duration | Self::Moment | Self::Choice(_) => "String",
            Self::Flag => "Boolean",
            Self::Count | Self::Positive => "Integer",
            Self::Money => "Float",
            Self::Texts | Self::List | Self::Windows => "List",
            _ => "Dict",
        }
    }

    /// As the table of what operations ask for writes it.
    #[cfg(test)]
    fn noted(self) -> String {
        match self {
            Self::Choice(all) => format!("choice({})", all.join("|")),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What the field takes, for a form.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Money => "dollars",
            Self::Duration => "a duration such as 30d or 1mo",
            Self::Moment => "a time in ISO 8601",
            Self::ModelBudgets => "models with a budget each",
            Self::Count | Self::Positive => "a whole number",
            Self::Texts => "a list of texts",
            _ => "",
        }
    }
}

/// Fields that fit; every other map of JSON is a stranger's.
#[derive(Debug, Clone, Default)]
pub(super) struct Given(Map<String, Value>);

impl Input {
    /// The fields of the body.
    pub(super) fn body_fields(&self, fields: &[&[Field]]) -> Result<Given, Fault> {
        #[cfg(test)]
        note(Place::Body, fields);
        checked(&self.body, fields)
    }

    /// The fields of the query.
    pub(super) fn query_fields(&self, fields: &[&[Field]]) -> Result<Given, Fault> {
        #[cfg(test)]
        note(Place::Query, fields);
        checked(&self.query, fields)
    }

    /// The parts of the path.
    pub(super) fn path_fields(&self, fields: &[&[Field]]) -> Result<Given, Fault> {
        checked(&self.path, fields)
    }
}

/// For the test that writes down what every operation asks for.
#[cfg(test)]
fn note(place: Place, fields: &[&[Field]]) {
    for Field(name, kind) in fields.iter().copied().flatten() {
        noted::field(place, name, &kind.noted());
    }
}

/// The fields of a mapping: an item of a body, or a body that others bring along.
pub(super) fn read(from: &Map<String, Value>, fields: &[&[Field]]) -> Result<Given, Fault> {
    #[cfg(test)]
    if noted::taken(Place::Body).is_empty() {
        note(Place::Body, fields);
    }
    checked(from, fields)
}

/// Checks the members of a request against the fields that it may have.
fn checked(from: &Map<String, Value>, fields: &[&[Field]]) -> Result<Given, Fault> {
    let known = || fields.iter().copied().flatten();
    let mut given = Map::new();
    for (name, value) in from {
        let Some(Field(_, kind)) = known().find(|it| it.0 == name) else {
            return Err(unknown(name, known().map(|it| it.0)));
        };
        let value = kinds::check(name, *kind, value)?;
        given.insert(name.clone(), value);
    }
    idle::tell(&given);
    Ok(Given(given))
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> Fault {
    let shown = super::fault::shown(name);
    let nearest = known
        .map(|it| (distance(name, it), it))
        .min()
        .filter(|(far, it)| *far <= it.len() / 2);
    let hint = nearest.map_or(String::new(), |(_, it)| format!("; did you mean `{it}`?"));
    bad(&shown, format!("unknown field `{shown}`{hint}"))
}

/// Levenshtein's, on the first characters of a name.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().take(64).enumerate() {
        let mut corner = at;
        let mut last = at + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(last);
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let changed = corner + usize::from(*other != letter);
            last = changed.min(above + 1).min(last + 1);
            corner = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Every reader gives None for a field that is missing or null: ask [`Given::has`] which.
impl Given {
    /// Whether the request names the field, even as null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the request gives the field a value.
    pub fn some(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|it| !it.is_null())
    }

    /// Refuses a field of LiteLLM's that would have to do something here and cannot, where the
    /// request asks for it: null, `false` and what is empty ask for nothing. `why` has the cure.
    pub fn ask_not(&self, name: &str, why: &str) -> Result<(), Fault> {
        let asks = match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(all)) => !all.is_empty(),
            Some(Value::Object(all)) => !all.is_empty(),
            Some(_) => true,
        };
        if asks {
            return Err(bad(name, format!("`{name}` {why}")));
        }
        Ok(())
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|it| !it.is_null())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    /// A text that has to be there.
    pub fn need(&self, name: &str) -> Result<String, Fault> {
        #[cfg(test)]
        noted::needed(name);
        self.text(name).ok_or_else(|| missing(name))
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub fn count(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    pub fn money(&self, name: &str) -> Option<Usd> {
        Usd::from_dollars(self.value(name)?.as_f64()?)
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        let all = self.value(name).and_then(Value::as_array);
        let texts = all.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    pub fn object(&self, name: &str) -> Map<String, Value> {
        let object = self.value(name).and_then(Value::as_object);
        object.cloned().unwrap_or_default()
    }

    pub fn list(&self, name: &str) -> Vec<Value> {
        let list = self.value(name).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    }

    /// Gives a field that the request left out its default, checked by the operator's config.
    pub fn or_default(&mut self, name: &str, value: &Value) {
        if !self.some(name) {
            self.0.insert(name.to_owned(), value.clone());
        }
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub fn take(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Writes a field that the request names into a document; null takes it out.
    pub fn keep(&self, name: &str, doc: &mut Map<String, Value>) {
        match self.0.get(name) {
            None => {}
            Some(Value::Null) => {
                doc.shift_remove(name);
            }
            Some(value) => {
                doc.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// Sets places to what the request names, null included, and leaves the others.
macro_rules! set {
    ($given:expr; $($name:literal => $place:expr, $read:ident;)*) => {
        $(if $given.has($name) { $place = $given.$read($name); })*
    };
}
pub(super) use set;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        Field("key_alias", Kind::Id),
        Field("max_budget", Kind::Money),
        Field("tpm_limit", Kind::Count),
    ];

    fn refused(body: Value) -> Fault {
        read(body.as_object().unwrap(), &[FIELDS]).unwrap_err()
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_name() {
        let fault = refused(json!({"max_budge": 1}));
        assert_eq!(fault.param.as_deref(), Some("max_budge"));
        assert!(fault.message.contains("`max_budget`"), "{}", fault.message);
        let fault = refused(json!({"zzz": 1}));
        assert_eq!(fault.message, "unknown field `zzz`");
    }

    #[test]
    fn null_is_told_from_missing() {
        let body = json!({"max_budget": null, "key_alias": ""});
        let given = read(body.as_object().unwrap(), &[FIELDS]).unwrap();
        assert!(given.has("max_budget") && !given.some("max_budget"));
        assert!(given.has("key_alias") && given.text("key_alias").is_none());
        assert!(!given.has("tpm_limit"));
    }

    #[test]
    fn what_asks_for_nothing_is_no_reason_to_refuse() {
        let kinds = &[Field("it", Kind::Any)];
        for (value, refused) in [
            (json!(null), false),
            (json!(false), false),
            (json!(""), false),
            (json!([]), false),
            (json!({}), false),
            (json!(true), true),
            (json!("x"), true),
            (json!([1]), true),
            (json!(0), true),
        ] {
            let body = json!({"it": value});
            let given = read(body.as_object().unwrap(), &[kinds]).unwrap();
            let answer = given.ask_not("it", "is not offered");
            assert_eq!(answer.is_err(), refused, "{body}");
        }
    }

    #[test]
    fn a_distance_counts_the_letters_that_differ() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "abc"), distance("abc", "abc")), (3, 0));
    }
}
