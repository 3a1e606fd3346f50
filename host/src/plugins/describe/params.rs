//! Which parameters an operation takes, by the model's name.

use super::{ModelParams, OperationDescribe};
use crate::domain::glob;

impl OperationDescribe {
    /// The parameters that one model takes, where the operation lists them: its own and those that
    /// a pattern adds. None: all.
    pub fn allowed_for(&self, model: &str) -> Option<Vec<&str>> {
        let mut allowed: Vec<&str> = self.params.as_ref()?.iter().map(String::as_str).collect();
        for rule in self.rules_for(model) {
            allowed.extend(rule.supported.iter().map(String::as_str));
        }
        Some(allowed)
    }

    fn rules_for<'d>(&'d self, model: &str) -> impl Iterator<Item = &'d ModelParams> {
        let fits =
            move |rule: &&ModelParams| rule.r#match.iter().any(|it| glob::matches(it, model));
        self.models.iter().filter(fits)
    }

    /// The lists of parameters for one model: unsupported, ignored. A later pattern wins.
    pub fn lists_for(&self, model: &str) -> (Vec<&str>, Vec<&str>) {
        let mut unsupported: Vec<&str> = self.unsupported.iter().map(String::as_str).collect();
        let mut ignored: Vec<&str> = self.ignored.iter().map(String::as_str).collect();
        for rule in self.rules_for(model) {
            let lists = [&rule.supported, &rule.unsupported, &rule.ignored];
            let named = |name: &str| lists.iter().any(|list| list.iter().any(|it| it == name));
            unsupported.retain(|name| !named(name));
            ignored.retain(|name| !named(name));
            unsupported.extend(rule.unsupported.iter().map(String::as_str));
            ignored.extend(rule.ignored.iter().map(String::as_str));
        }
        (unsupported, ignored)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(document: serde_json::Value) -> OperationDescribe {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_later_pattern_wins() {
        let operation = operation(json!({
            "unsupported": ["n"],
            "models": [
                {"match": ["o*"], "unsupported": ["temperature"]},
                {"match": ["o9"], "supported": ["temperature", "n"]}
            ]
        }));
        assert_eq!(operation.lists_for("o1").0, ["n", "temperature"]);
        assert!(operation.lists_for("o9").0.is_empty());
    }

    #[test]
    fn a_pattern_adds_to_the_list_of_what_is_allowed() {
        let operation = operation(json!({
            "params": ["stop"],
            "models": [{"match": ["big-*"], "supported": ["tools"]}]
        }));
        assert_eq!(operation.allowed_for("small").unwrap(), ["stop"]);
        assert_eq!(operation.allowed_for("big-1").unwrap(), ["stop", "tools"]);
        assert!(OperationDescribe::default().allowed_for("any").is_none());
    }

    #[test]
    fn what_is_ignored_for_a_model_is_not_unsupported_there() {
        let operation = operation(json!({
            "unsupported": ["seed"],
            "models": [{"match": ["*"], "ignored": ["seed"]}]
        }));
        let (unsupported, ignored) = operation.lists_for("any");
        assert!(unsupported.is_empty());
        assert_eq!(ignored, ["seed"]);
    }
}
