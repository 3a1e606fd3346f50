//! What rows of several kinds have in common: limits, windows, and what of them cannot be kept.

use serde_json::{Map, Number, Value, json};

use crate::budget::Period;
use crate::store::litellm::Made;
use crate::store::{Stamp, amount};

/// Who is said to have made what nobody is said to have made.
pub(super) const ACTOR: &str = "litellm";

/// Takes over the limits that LiteLLM's budgets, keys, teams and users have in columns of the same
/// names.
macro_rules! take_limits {
    ($limits:expr, $from:ident, $notes:expr) => {{
        $limits.budget_duration = $notes.duration("budget_duration", $from.budget_duration);
        $limits.tpm_limit = $from.tpm_limit;
        $limits.rpm_limit = $from.rpm_limit;
        $limits.max_parallel_requests = $from.max_parallel_requests;
        $limits.model_max_budget = $notes.model_budgets($from.model_max_budget);
    }};
}
pub(super) use take_limits;

/// What is to be said of one row.
#[derive(Debug, Default)]
pub(super) struct Notes(pub Vec<String>);

impl Notes {
    pub fn say(&mut self, note: impl Into<String>) {
        self.0.push(note.into());
    }

    /// A field without a counterpart, if it holds anything.
    pub fn dropped(&mut self, there: bool, field: &str, why: &str) {
        if there {
            self.say(format!("dropped `{field}`: {why}"));
        }
    }

    /// A duration that budgets here know.
    pub fn duration(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text.filter(|it| !it.is_empty())?;
        match text.parse::<Period>() {
            Ok(_) => Some(text),
            Err(why) => {
                self.say(format!(
                    "dropped `{field}`: {why}; the budget never begins anew"
                ));
                None
            }
        }
    }

    /// `budget_limits`: budgets, each with a window. With them the end of each window, where
    /// LiteLLM wrote it down.
    pub fn windows(&mut self, given: &[Value]) -> (Vec<Value>, Vec<(Period, Option<i64>)>) {
        let (mut kept, mut ends): (Vec<Value>, Vec<(Period, Option<i64>)>) = Default::default();
        for window in given {
            let part = |names: [&str; 2]| names.iter().find_map(|it| window.get(*it));
            let budget = part(["max_budget", "budget_limit"]).and_then(number);
            let duration = part(["budget_duration", "time_period"]).and_then(Value::as_str);
            let period = duration.and_then(|it| it.parse::<Period>().ok());
            let (Some(budget), Some(duration), Some(period)) = (budget, duration, period) else {
                self.say(format!(
                    "dropped {window} of `budget_limits`: it needs `max_budget` and a \
                     `budget_duration` such as `30d`"
                ));
                continue;
            };
            if ends.iter().any(|(known, _)| *known == period) {
                self.say(format!(
                    "dropped {window} of `budget_limits`: its window stands twice"
                ));
                continue;
            }
            let end = window.get("reset_at").and_then(Value::as_str);
            ends.push((period, end.and_then(moment)));
            kept.push(json!({"budget_duration": duration, "max_budget": budget}));
        }
        (kept, ends)
    }

    /// `model_max_budget`: amounts that are texts become numbers, as LiteLLM reads them; what of it
    /// binds nobody is said.
    pub fn model_budgets(&mut self, given: Map<String, Value>) -> Map<String, Value> {
        let mut kept = Map::new();
        for (model, entry) in given {
            let budget = match entry.as_object() {
                Some(parts) => self.model_budget(&model, parts),
                None => number(&entry),
            };
            match budget {
                Some(budget) => {
                    kept.insert(model, budget);
                }
                None => self.say(format!(
                    "dropped {entry} of `model_max_budget.{model}`: it has neither an amount of \
                     dollars nor a limit"
                )),
            }
        }
        kept
    }

    fn model_budget(&mut self, model: &str, parts: &Map<String, Value>) -> Option<Value> {
        let mut kept = Map::new();
        for (part, value) in parts.iter().filter(|(_, it)| !it.is_null()) {
            let field = format!("model_max_budget.{model}.{part}");
            let value = match part.as_str() {
                "budget_limit" | "max_budget" => number(value),
                "time_period" | "budget_duration" => {
                    let text = value.as_str().map(str::to_owned);
                    let text = text.unwrap_or_else(|| value.to_string());
                    match self.duration(&field, Some(text)) {
                        Some(text) => Some(text.into()),
                        None => continue,
                    }
                }
                "tpm_limit" | "rpm_limit" => value.as_i64().map(Value::from),
                _ => None,
            };
            match value {
                Some(value) => {
                    kept.insert(part.clone(), value);
                }
                None => self.say(format!("dropped `{field}`: nothing is known by it")),
            }
        }
        kept.values().any(Value::is_number).then(|| kept.into())
    }

    /// Limits by model out of `metadata`, where LiteLLM keeps them.
    pub fn counts(&mut self, metadata: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
        match metadata.shift_remove(name) {
            Some(Value::Object(mut counts)) => {
                counts.retain(|_, it| !it.is_null());
                counts
            }
            Some(Value::Null) | None => Map::new(),
            Some(_) => {
                self.say(format!(
                    "dropped `metadata.{name}`: it is no object of models and counts"
                ));
                Map::new()
            }
        }
    }
}

/// An amount of dollars as a number: one that is a number stays as it is.
fn number(value: &Value) -> Option<Value> {
    let dollars = amount(value).filter(|it| *it >= 0.0)?;
    match value {
        Value::Number(_) => Some(value.clone()),
        _ => Number::from_f64(dollars).map(Value::Number),
    }
}

/// Milliseconds since 1970 of a text, in UTC unless it says otherwise.
pub(super) fn moment(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let moment = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(moment.as_millisecond())
}

/// When and by whom a row was made, as LiteLLM has it.
pub(super) fn stamp(now_ms: i64, it: Made) -> Stamp {
    let created_at = it.created_at.unwrap_or(now_ms);
    let created_by = it.created_by.or_else(|| Some(ACTOR.to_owned()));
    Stamp {
        created_at,
        updated_at: it.updated_at.unwrap_or(created_at),
        updated_by: it.updated_by.or_else(|| created_by.clone()),
        created_by,
    }
}

/// An empty text is none, as LiteLLM's forms send it.
pub(super) fn some(text: Option<String>) -> Option<String> {
    text.filter(|it| !it.is_empty())
}

/// Puts what holds anything into fields that have no place of their own.
pub(super) fn keep(rest: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let empty = match &value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Number(_) => false,
    };
    if !empty {
        rest.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_kept_once_each_with_their_ends() {
        let mut notes = Notes::default();
        let given = [
            json!({"budget_duration": "1d", "max_budget": 2.5, "reset_at": "2026-01-02T00:00:00"}),
            json!({"time_period": "30d", "budget_limit": "9"}),
            json!({"budget_duration": "daily", "max_budget": 3}),
            json!({"budget_duration": "soon", "max_budget": 3}),
            json!({"budget_duration": "1h"}),
        ];
        let (kept, ends) = notes.windows(&given);
        assert_eq!(kept.len(), 2);
        assert_eq!(
            kept[1],
            json!({"budget_duration": "30d", "max_budget": 9.0})
        );
        assert_eq!(ends[0].1, Some(1_767_312_000_000));
        assert_eq!((ends[1].0.to_string().as_str(), ends[1].1), ("30d", None));
        assert_eq!(notes.0.len(), 3);
    }

    #[test]
    fn budgets_of_models_are_numbers_and_what_binds_nobody_is_said() {
        let mut notes = Notes::default();
        let given = json!({
            "a": {"budget_limit": "0.0000001", "time_period": "1d"}, "b": 3, "c": "4",
            "d": {"max_budget": 5, "budget_duration": "soon"}, "e": {"rpm_limit": 2},
            "f": {"budget_limit": "much", "time_period": "1d"}
        });
        let kept = notes.model_budgets(given.as_object().cloned().unwrap());
        assert_eq!(
            Value::from(kept),
            json!({
                "a": {"budget_limit": 1e-7, "time_period": "1d"}, "b": 3, "c": 4.0,
                "d": {"max_budget": 5}, "e": {"rpm_limit": 2}
            })
        );
        let said = [
            "`model_max_budget.d.budget_duration`",
            "`model_max_budget.f.budget_limit`",
            "`model_max_budget.f`",
        ];
        assert_eq!(notes.0.len(), said.len());
        for (note, part) in notes.0.iter().zip(said) {
            assert!(note.contains(part), "{note}");
        }
    }

    #[test]
    fn a_duration_that_nobody_knows_is_named() {
        let mut notes = Notes::default();
        let known = notes.duration("budget_duration", Some("30d".to_owned()));
        assert_eq!(known.as_deref(), Some("30d"));
        assert_eq!(
            notes.duration("budget_duration", Some("soon".to_owned())),
            None
        );
        assert!(notes.0[0].contains("`budget_duration`") && notes.0[0].contains("`soon`"));
    }

    #[test]
    fn what_holds_nothing_is_not_kept() {
        let mut rest = Map::new();
        keep(&mut rest, "a", Vec::<String>::new());
        keep(&mut rest, "b", false);
        keep(&mut rest, "c", Map::new());
        keep(&mut rest, "d", vec!["x".to_owned()]);
        assert_eq!(Value::from(rest), json!({"d": ["x"]}));
    }
}
