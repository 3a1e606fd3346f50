//! The limits and budgets of one holder: its own word, else that of the budget row it names.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::grant::{BudgetTerm, BudgetWindow, LimitTerm};
use crate::domain::{Entity, Usd};
use crate::store::{BudgetRow, Limits, amount};

/// What limits one holder.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Terms {
    max: Option<Usd>,
    limits: Limits,
    increase: Option<(Usd, i64)>,
    /// `tag_rpm_limit`.
    tag_rpm: Vec<(Arc<str>, u64)>,
}

/// A holder's own terms, filled from its budget row.
pub(super) fn of(max: Option<Usd>, own: &Limits, budget: Option<&BudgetRow>) -> Terms {
    let terms = Terms {
        max,
        limits: own.clone(),
        ..Terms::default()
    };
    match budget {
        Some(row) => terms.or(row.max_budget, &row.doc.limits),
        None => terms,
    }
}

impl Terms {
    /// Fills what is open. A budget's duration belongs to its `max_budget`: neither is mixed with
    /// the other's.
    pub(super) fn or(mut self, max: Option<Usd>, more: &Limits) -> Self {
        if self.max.is_none() {
            self.max = max;
            self.limits.budget_duration =
                more.budget_duration.clone().or(self.limits.budget_duration);
        }
        let own = &mut self.limits;
        own.soft_budget = own.soft_budget.or(more.soft_budget);
        own.tpm_limit = own.tpm_limit.or(more.tpm_limit);
        own.rpm_limit = own.rpm_limit.or(more.rpm_limit);
        own.tpd_limit = own.tpd_limit.or(more.tpd_limit);
        own.max_parallel_requests = own.max_parallel_requests.or(more.max_parallel_requests);
        if own.budget_limits.is_empty() {
            own.budget_limits.clone_from(&more.budget_limits);
        }
        for (own, more) in [
            (&mut own.model_max_budget, &more.model_max_budget),
            (&mut own.model_rpm_limit, &more.model_rpm_limit),
            (&mut own.model_tpm_limit, &more.model_tpm_limit),
        ] {
            if own.is_empty() {
                own.clone_from(more);
            }
        }
        self
    }

    /// What LiteLLM keeps in `metadata`: limits by model, and a temporary increase.
    pub(super) fn with_metadata(mut self, metadata: &Map<String, Value>) -> Self {
        for (name, own) in [
            ("model_rpm_limit", &mut self.limits.model_rpm_limit),
            ("model_tpm_limit", &mut self.limits.model_tpm_limit),
        ] {
            if own.is_empty()
                && let Some(found) = metadata.get(name).and_then(Value::as_object)
            {
                own.clone_from(found);
            }
        }
        self.with_increase([Some(metadata), None])
    }

    /// What only keys have there: limits by tag.
    pub(super) fn with_tags(mut self, metadata: &Map<String, Value>) -> Self {
        let said = metadata.get("tag_rpm_limit").and_then(Value::as_object);
        self.tag_rpm = said.map(counts).unwrap_or_default();
        self
    }

    /// The first temporary increase that stands in one of these.
    pub(super) fn with_increase(mut self, said: [Option<&Map<String, Value>>; 2]) -> Self {
        self.increase = said.into_iter().flatten().find_map(|said| {
            let by = said.get("temp_budget_increase").and_then(Value::as_f64);
            let until = said.get("temp_budget_expiry").and_then(moment);
            by.and_then(Usd::from_dollars).zip(until)
        });
        self
    }

    pub(super) fn limits(&self, entity: &Entity) -> Option<LimitTerm> {
        let limits = &self.limits;
        let by_model = |own: &Map<String, Value>, name| match own.is_empty() {
            true => inside(&limits.model_max_budget, name),
            false => counts(own),
        };
        let term = LimitTerm {
            entity: entity.clone(),
            rpm: count(limits.rpm_limit),
            tpm: count(limits.tpm_limit),
            tpd: count(limits.tpd_limit),
            parallel: count(limits.max_parallel_requests),
            model_rpm: by_model(&limits.model_rpm_limit, "rpm_limit"),
            model_tpm: by_model(&limits.model_tpm_limit, "tpm_limit"),
            tag_rpm: self.tag_rpm.clone(),
        };
        let any = term
            .rpm
            .or(term.tpm)
            .or(term.tpd)
            .or(term.parallel)
            .is_some();
        let lists = [&term.model_rpm, &term.model_tpm, &term.tag_rpm];
        (any || lists.iter().any(|it| !it.is_empty())).then_some(term)
    }

    pub(super) fn budgets(&self, entity: &Entity) -> Vec<BudgetTerm> {
        let term = |window, max, soft, duration: Option<&str>| BudgetTerm {
            entity: entity.clone(),
            window,
            max,
            soft,
            duration: duration.map(Arc::from),
            reset_at_ms: None,
            increase: None,
        };
        let limits = &self.limits;
        let mut all = Vec::new();
        if self.max.is_some() || limits.soft_budget.is_some() {
            let duration = limits.budget_duration.as_deref();
            let whole = term(BudgetWindow::Whole, self.max, limits.soft_budget, duration);
            all.push(BudgetTerm {
                increase: self.increase,
                ..whole
            });
        }
        for entry in &limits.budget_limits {
            let max = entry
                .get("max_budget")
                .or_else(|| entry.get("budget_limit"));
            let duration = entry
                .get("budget_duration")
                .or_else(|| entry.get("time_period"));
            if let Some(max) = max.and_then(dollars) {
                let duration = duration.and_then(Value::as_str);
                all.push(term(BudgetWindow::Limit, Some(max), None, duration));
            }
        }
        for (model, entry) in &limits.model_max_budget {
            let part = |name: &str| entry.get(name).filter(|it| !it.is_null());
            let max = part("budget_limit").or_else(|| part("max_budget"));
            let duration = part("time_period").or_else(|| part("budget_duration"));
            if let Some(max) = dollars(max.unwrap_or(entry)) {
                let window = BudgetWindow::Model(model.as_str().into());
                all.push(term(
                    window,
                    Some(max),
                    None,
                    duration.and_then(Value::as_str),
                ));
            }
        }
        all
    }
}

fn dollars(value: &Value) -> Option<Usd> {
    amount(value).and_then(Usd::from_dollars)
}

/// `rpm_limit` or `tpm_limit` of entries of `model_max_budget`: they count where there is no
/// `model_rpm_limit` or `model_tpm_limit`.
fn inside(budgets: &Map<String, Value>, name: &str) -> Vec<(Arc<str>, u64)> {
    let limits = budgets.iter().filter_map(|(model, entry)| {
        let limit = count(entry.get(name)?.as_i64())?;
        Some((model.as_str().into(), limit))
    });
    limits.collect()
}

/// A limit; one below zero lets nothing through.
fn count(limit: Option<i64>) -> Option<u64> {
    limit.map(|it| u64::try_from(it).unwrap_or(0))
}

fn counts(map: &Map<String, Value>) -> Vec<(Arc<str>, u64)> {
    map.iter()
        .filter_map(|(model, limit)| Some((model.as_str().into(), count(limit.as_i64())?)))
        .collect()
}

/// A time as LiteLLM writes it: RFC 3339, a date and time without a zone (UTC), or a date.
fn moment(value: &Value) -> Option<i64> {
    let text = value.as_str()?.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let at: jiff::civil::DateTime = text.parse().ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?;
    Some(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntityKind;
    use crate::store::BudgetDoc;
    use serde_json::json;

    fn limits(value: Value) -> Limits {
        serde_json::from_value(value).unwrap()
    }

    fn usd(dollars: f64) -> Option<Usd> {
        Usd::from_dollars(dollars)
    }

    fn key() -> Entity {
        Entity::new(EntityKind::Key, "k")
    }

    #[test]
    fn a_holders_own_word_goes_before_its_budgets() {
        let budget = BudgetRow {
            max_budget: usd(5.0),
            doc: BudgetDoc {
                limits: limits(json!({"rpm_limit": 9, "tpm_limit": 8, "budget_duration": "1d"})),
                ..BudgetDoc::default()
            },
            ..BudgetRow::default()
        };
        let own = limits(json!({"rpm_limit": 3, "budget_duration": "30d"}));
        let terms = of(usd(1.0), &own, Some(&budget));
        let limit = terms.limits(&key()).unwrap();
        assert_eq!((limit.rpm, limit.tpm), (Some(3), Some(8)));
        let whole = &terms.budgets(&key())[0];
        assert_eq!(
            (whole.max, whole.duration.as_deref()),
            (usd(1.0), Some("30d"))
        );
        let whole = &of(None, &Limits::default(), Some(&budget)).budgets(&key())[0];
        assert_eq!(
            (whole.max, whole.duration.as_deref()),
            (usd(5.0), Some("1d"))
        );
    }

    #[test]
    fn every_window_is_a_budget_of_its_own() {
        let own = limits(json!({
            "soft_budget": "0.5",
            "budget_limits": [{"budget_duration": "1d", "max_budget": 2}],
            "model_max_budget": {
                "gpt-4o": {"budget_limit": 3.5, "time_period": "7d"}, "claude": 4
            }
        }));
        let all = of(None, &own, None).budgets(&key());
        let shown: Vec<_> = all
            .iter()
            .map(|it| (it.window.clone(), it.max, it.duration.as_deref()))
            .collect();
        let model = |name: &str| BudgetWindow::Model(name.into());
        assert_eq!(
            shown,
            [
                (BudgetWindow::Whole, None, None),
                (BudgetWindow::Limit, usd(2.0), Some("1d")),
                (model("gpt-4o"), usd(3.5), Some("7d")),
                (model("claude"), usd(4.0), None),
            ]
        );
        assert!(
            of(None, &Limits::default(), None)
                .budgets(&key())
                .is_empty()
        );
        assert_eq!(of(None, &Limits::default(), None).limits(&key()), None);
    }

    #[test]
    fn entries_of_model_max_budget_limit_where_nothing_else_does() {
        let budgets = json!({
            "a": {"budget_limit": "0.5", "rpm_limit": 3}, "b": {"tpm_limit": 9},
            "c": {"budget_limit": null, "max_budget": 2}
        });
        let of_limits = |more: Value| {
            let mut all = json!({"model_max_budget": budgets});
            let all = all.as_object_mut().unwrap();
            all.extend(more.as_object().cloned().unwrap());
            of(None, &limits(Value::Object(all.clone())), None)
        };
        let term = of_limits(json!({})).limits(&key()).unwrap();
        assert_eq!(term.model_rpm, [("a".into(), 3)]);
        assert_eq!(term.model_tpm, [("b".into(), 9)]);
        let own = of_limits(json!({"model_rpm_limit": {"c": 1}}));
        let term = own.limits(&key()).unwrap();
        assert_eq!(term.model_rpm, [("c".into(), 1)]);
        let money: Vec<_> = own.budgets(&key()).iter().map(|it| it.max).collect();
        assert_eq!(money, [usd(0.5), usd(2.0)]);
    }

    #[test]
    fn a_temporary_increase_is_read_from_the_metadata() {
        for expiry in ["2026-01-02T00:00:00Z", "2026-01-02T00:00:00", "2026-01-02"] {
            let metadata = json!({
                "temp_budget_increase": 10, "temp_budget_expiry": expiry,
                "model_rpm_limit": {"gpt-4o": 5, "bad": "x", "none": -1}
            });
            let terms = of(usd(1.0), &Limits::default(), None);
            let terms = terms.with_metadata(metadata.as_object().unwrap());
            let increase = terms.budgets(&key())[0].increase;
            assert_eq!(increase, usd(10.0).zip(Some(1_767_312_000_000)), "{expiry}");
            let by_model = terms.limits(&key()).unwrap().model_rpm;
            assert_eq!(by_model, [("gpt-4o".into(), 5), ("none".into(), 0)]);
        }
    }
}
