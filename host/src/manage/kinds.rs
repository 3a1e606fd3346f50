//! Whether a value is what its field takes. Nothing is guessed: `"5"` is no number, but as an amount
//! inside `model_max_budget` and `budget_limits`, where LiteLLM's own examples write it so.

use serde_json::{Map, Number, Value};

use super::fault::bad;
use super::fields::Kind;
use super::time;
use crate::budget::Period;
use crate::config::{OwnRouting, RouterSettings};
use crate::domain::{Fault, Usd};
use crate::store::amount;

/// Longest id or alias, in characters: as much as LiteLLM's UI shows.
const LONGEST_ID: usize = 255;
/// Longest other text, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;
/// Most items of a list.
const MOST_ITEMS: usize = 10_000;
/// What is said of a value that is no such thing. The numbers are those above, and what money and
/// counts can be.
const MONEY: &str = "an amount of dollars from 0 to 1000000000000000";
const COUNT: &str = "a whole number from 0 to 9223372036854775807";
const POSITIVE: &str = "a whole number from 1 to 9223372036854775807";
const TEXT: &str = "a text of at most 65536 bytes, without NUL";
const TEXTS: &str = "a list of at most 10000 texts, each of at most 65536 bytes";

/// The value as it is kept, or why it is not.
pub(super) fn check(name: &str, kind: Kind, value: &Value) -> Result<Value, Fault> {
    let empty = value.as_str() == Some("");
    if value.is_null() || (empty && clears(kind)) {
        return Ok(Value::Null);
    }
    let wrong = |wants: &str| bad(name, format!("`{name}` must be {wants}"));
    let good = match kind {
        Kind::Id => id(value).ok_or_else(|| {
            wrong(
                "a text of at most 255 characters, without control characters or blanks around it",
            )
        })?,
        Kind::Text => text(value).ok_or_else(|| wrong(TEXT))?,
        Kind::Choice(all) => {
            let known = value.as_str().is_some_and(|it| all.contains(&it));
            keep(value, known).ok_or_else(|| wrong(&format!("one of {}", all.join(", "))))?
        }
        Kind::Flag => keep(value, value.is_boolean()).ok_or_else(|| wrong("true or false"))?,
        Kind::Count => count(value, 0).ok_or_else(|| wrong(COUNT))?,
        Kind::Positive => count(value, 1).ok_or_else(|| wrong(POSITIVE))?,
        Kind::Money => money(value).ok_or_else(|| wrong(MONEY))?,
        Kind::Duration => duration(name, value)?,
        Kind::Moment => {
            let known = value.as_str().and_then(time::parse).is_some();
            let wants = "a time such as `2030-01-31T12:00:00Z`";
            keep(value, known).ok_or_else(|| wrong(wants))?
        }
        Kind::Texts => texts(value).ok_or_else(|| wrong(TEXTS))?,
        Kind::List => keep(value, value.is_array()).ok_or_else(|| wrong("a list"))?,
        Kind::Object => keep(value, value.is_object()).ok_or_else(|| wrong("an object"))?,
        Kind::Counts => {
            let wants = format!("an object of names, each with {COUNT}");
            each(value, |it| count(it, 0)).ok_or_else(|| wrong(&wants))?
        }
        Kind::Names => each(value, text)
            .ok_or_else(|| wrong(&format!("an object of names, each with {TEXT}")))?,
        Kind::NameLists => each(value, texts)
            .ok_or_else(|| wrong(&format!("an object of names, each with {TEXTS}")))?,
        Kind::ModelBudgets => model_budgets(name, value)?,
        Kind::Windows => windows(name, value)?,
        Kind::Routing => routing(name, value)?,
        Kind::Any => value.clone(),
    };
    Ok(good)
}

/// Whether an empty text means no value, as forms send it.
const fn clears(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Id | Kind::Text | Kind::Money | Kind::Duration | Kind::Moment | Kind::Choice(_)
    )
}

fn keep(value: &Value, good: bool) -> Option<Value> {
    good.then(|| value.clone())
}

fn id(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    let good = text.trim() == text
        && text.chars().count() <= LONGEST_ID
        && !text.contains(char::is_control);
    keep(value, good)
}

fn text(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    // PostgreSQL keeps no NUL.
    keep(value, text.len() <= LONGEST_TEXT && !text.contains('\0'))
}

fn texts(value: &Value) -> Option<Value> {
    let all = value.as_array()?;
    let good = all.len() <= MOST_ITEMS && all.iter().all(|it| text(it).is_some());
    keep(value, good)
}

/// Python writes whole numbers with a point when they were floats.
fn count(value: &Value, least: i64) -> Option<Value> {
    let number = match value.as_i64() {
        Some(number) => number,
        None => {
            let float = value.as_f64().filter(|it| it.fract() == 0.0)?;
            format!("{float:.0}").parse().ok()?
        }
    };
    (number >= least).then(|| number.into())
}

fn money(value: &Value) -> Option<Value> {
    let dollars = value.as_f64().filter(|it| *it >= 0.0)?;
    Usd::from_dollars(dollars)?;
    Number::from_f64(dollars).map(Value::Number)
}

fn duration(name: &str, value: &Value) -> Result<Value, Fault> {
    let text = value.as_str().unwrap_or_default();
    match text.parse::<Period>() {
        Ok(_) => Ok(value.clone()),
        Err(why) => Err(bad(name, format!("`{name}`: {why}"))),
    }
}

fn each(value: &Value, check: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    let members = value.as_object()?;
    let checked = members
        .iter()
        .map(|(name, it)| Some((name.clone(), check(it)?)));
    checked.collect::<Option<Map<_, _>>>().map(Value::Object)
}

/// An amount inside a list of budgets, as a number.
fn inner_money(path: &str, value: &Value) -> Result<Value, Fault> {
    let number = value.as_str().and_then(|_| amount(value));
    let number = number.and_then(Number::from_f64).map(Value::Number);
    check(path, Kind::Money, number.as_ref().unwrap_or(value))
}

/// `{model: dollars}` or `{model: {budget_limit | max_budget, time_period | budget_duration,
/// rpm_limit, tpm_limit}}`, of which an amount or a limit must be there.
fn model_budgets(name: &str, value: &Value) -> Result<Value, Fault> {
    let Some(models) = value.as_object() else {
        return Err(bad(
            name,
            format!("`{name}` must be an object of models and budgets"),
        ));
    };
    let mut kept = Map::new();
    for (model, budget) in models {
        let path = format!("{name}.{model}");
        let budget = match budget.as_object() {
            Some(parts) => model_budget(&path, parts)?,
            None => inner_money(&path, budget)?,
        };
        kept.insert(model.clone(), budget);
    }
    Ok(Value::Object(kept))
}

/// One entry of `model_max_budget`.
fn model_budget(name: &str, parts: &Map<String, Value>) -> Result<Value, Fault> {
    let mut kept = Map::new();
    let mut says_something = false;
    for (part, value) in parts {
        let path = format!("{name}.{part}");
        let checked = match part.as_str() {
            "budget_limit" | "max_budget" => inner_money(&path, value)?,
            "time_period" | "budget_duration" => check(&path, Kind::Duration, value)?,
            "tpm_limit" | "rpm_limit" => check(&path, Kind::Count, value)?,
            _ => return Err(bad(&path, format!("unknown field `{path}`"))),
        };
        says_something |= checked.is_number();
        kept.insert(part.clone(), checked);
    }
    if !says_something {
        let path = format!("{name}.budget_limit");
        return Err(bad(&path, format!("`{path}` is required")));
    }
    Ok(Value::Object(kept))
}

/// What cannot be is refused where it is written, not where calls go by it.
fn routing(name: &str, value: &Value) -> Result<Value, Fault> {
    let Some(own) = value.as_object() else {
        return Err(bad(name, format!("`{name}` must be an object")));
    };
    match OwnRouting::over(&RouterSettings::default(), own) {
        Ok(_) => Ok(value.clone()),
        Err(cause) => Err(bad(name, format!("`{name}`: {cause}"))),
    }
}

/// `[{budget_duration, max_budget}]`; `reset_at` of an earlier answer is taken and dropped.
fn windows(name: &str, value: &Value) -> Result<Value, Fault> {
    let Some(all) = value.as_array() else {
        return Err(bad(
            name,
            format!("`{name}` must be a list of budgets with windows"),
        ));
    };
    let mut kept: Vec<Value> = Vec::new();
    let mut periods: Vec<Period> = Vec::new();
    for (at, window) in all.iter().enumerate() {
        let path = |part: &str| format!("{name}.{at}{part}");
        let Some(window) = window.as_object() else {
            return Err(bad(&path(""), format!("`{}` must be an object", path(""))));
        };
        let part = |part: &str, kind| {
            let path = path(&format!(".{part}"));
            let value = window.get(part).unwrap_or(&Value::Null);
            let checked = match kind {
                Kind::Money => inner_money(&path, value)?,
                _ => check(&path, kind, value)?,
            };
            if checked.is_null() {
                return Err(bad(&path, format!("`{path}` is required")));
            }
            Ok(checked)
        };
        if let Some(other) = window
            .keys()
            .find(|it| !matches!(it.as_str(), "budget_duration" | "max_budget" | "reset_at"))
        {
            let path = path(&format!(".{}", super::fault::shown(other)));
            return Err(bad(&path, format!("unknown field `{path}`")));
        }
        let duration = part("budget_duration", Kind::Duration)?;
        let amount = part("max_budget", Kind::Money)?;
        if let Some(period) = duration.as_str().and_then(|it| it.parse().ok()) {
            if periods.contains(&period) {
                let path = path(".budget_duration");
                return Err(bad(&path, format!("`{path}` stands twice in `{name}`")));
            }
            periods.push(period);
        }
        let mut one = Map::new();
        one.insert("budget_duration".to_owned(), duration);
        one.insert("max_budget".to_owned(), amount);
        kept.push(Value::Object(one));
    }
    Ok(Value::Array(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn refuses(kind: Kind, value: Value) -> bool {
        let fault = check("it", kind, &value).err();
        fault.is_some_and(|it| it.param.is_some_and(|param| param.starts_with("it")))
    }

    #[test]
    fn wrong_types_and_values_are_refused_by_name() {
        for (kind, value) in [
            (Kind::Money, json!(-0.01)),
            (Kind::Money, json!("5")),
            (Kind::Money, json!(1e300)),
            (Kind::Money, json!(true)),
            (Kind::Count, json!(-1)),
            (Kind::Count, json!(1.5)),
            (Kind::Count, json!(1e30)),
            (Kind::Positive, json!(0)),
            (Kind::Flag, json!("true")),
            (Kind::Id, json!(" a")),
            (Kind::Id, json!("a\nb")),
            (Kind::Id, json!("x".repeat(256))),
            (Kind::Text, json!("a\0b")),
            (Kind::Duration, json!("30 days")),
            (Kind::Duration, json!(30)),
            (Kind::Moment, json!("tomorrow")),
            (Kind::Texts, json!(["a", 1])),
            (Kind::Object, json!([])),
            (Kind::Counts, json!({"gpt": "1"})),
            (Kind::Choice(&["a"]), json!("b")),
            (Kind::ModelBudgets, json!({"gpt": {"time_period": "1d"}})),
            (Kind::ModelBudgets, json!({"gpt": {"budget_limit": -1}})),
            (Kind::ModelBudgets, json!({"gpt": {"budget": 1}})),
            (Kind::ModelBudgets, json!({"gpt": {"budget_limit": "much"}})),
            (Kind::ModelBudgets, json!({"gpt": {"budget_limit": "nan"}})),
            (Kind::ModelBudgets, json!({"gpt": "-1"})),
            (Kind::Windows, json!([{"max_budget": 1}])),
            (
                Kind::Windows,
                json!([{"max_budget": 1, "budget_duration": "1d"},
                                   {"max_budget": 2, "budget_duration": "daily"}]),
            ),
        ] {
            assert!(refuses(kind, value.clone()), "{kind:?} took {value}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_told_the_bounds() {
        let many: Vec<String> = (0..=MOST_ITEMS).map(|it| it.to_string()).collect();
        for (kind, value, bound) in [
            (Kind::Money, json!(1e30), 1e15.to_string()),
            (Kind::Count, json!(1u64 << 63), i64::MAX.to_string()),
            (Kind::Positive, json!(1e30), i64::MAX.to_string()),
            (Kind::Texts, json!(many), MOST_ITEMS.to_string()),
            (
                Kind::Texts,
                json!(["x".repeat(LONGEST_TEXT + 1)]),
                LONGEST_TEXT.to_string(),
            ),
            (
                Kind::Text,
                json!("x".repeat(LONGEST_TEXT + 1)),
                LONGEST_TEXT.to_string(),
            ),
            (
                Kind::Id,
                json!("x".repeat(LONGEST_ID + 1)),
                LONGEST_ID.to_string(),
            ),
            (Kind::Counts, json!({"m": 1u64 << 63}), i64::MAX.to_string()),
        ] {
            let refused = check("it", kind, &value).unwrap_err();
            assert!(refused.message.contains(&bound), "{}", refused.message);
        }
        assert!(check("it", Kind::Money, &json!(1e15)).is_ok());
        assert!(check("it", Kind::Count, &json!(i64::MAX)).is_ok());
    }

    #[test]
    fn what_litellm_takes_is_taken() {
        for (kind, value) in [
            (Kind::Money, json!(0)),
            (Kind::Count, json!(10.0)),
            (Kind::Duration, json!("1mo")),
            (Kind::Moment, json!("2030-01-31T12:00:00Z")),
            (Kind::Moment, json!("2030-01-31")),
            (
                Kind::ModelBudgets,
                json!({"gpt": 5, "o": {"budget_limit": 1, "time_period": "1d"}}),
            ),
            (
                Kind::Windows,
                json!([{"max_budget": 1, "budget_duration": "1d", "reset_at": null}]),
            ),
        ] {
            assert!(!refuses(kind, value.clone()), "{kind:?} refused {value}");
        }
    }

    #[test]
    fn amounts_as_text_inside_budgets_are_kept_as_numbers() {
        let said = json!({"gpt-4o": {"budget_limit": "0.0000001", "time_period": "1d"}, "o": "2",
            "limits": {"rpm_limit": 5}});
        let kept = check("it", Kind::ModelBudgets, &said).unwrap();
        assert_eq!(
            kept,
            json!({"gpt-4o": {"budget_limit": 1e-7, "time_period": "1d"}, "o": 2.0,
                "limits": {"rpm_limit": 5}})
        );
        let said = json!([{"budget_duration": "1d", "max_budget": "2.5"}]);
        let kept = check("it", Kind::Windows, &said).unwrap();
        assert_eq!(kept[0]["max_budget"], json!(2.5));
    }

    proptest! {
        #[test]
        fn money_that_is_taken_is_an_amount(dollars in proptest::num::f64::ANY) {
            if let Ok(value) = check("it", Kind::Money, &json!(dollars)) {
                let amount = value.as_f64().map(Usd::from_dollars);
                prop_assert!(value.is_null() || amount.flatten().is_some_and(|it| it >= Usd::ZERO));
            }
        }
    }
}
