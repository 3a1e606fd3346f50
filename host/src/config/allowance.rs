//! What something may spend in a window of time.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::env::Env;
use super::remarks::{Remarks, Taken};
use super::section::{Names, Section};
use crate::domain::Usd;

/// A budget as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    pub max: Usd,
    /// As it is written, such as `30d`; the budgets understand it. None: the window never ends.
    pub duration: Option<String>,
    /// Where the duration stands in the file.
    pub duration_path: String,
}

/// A budget by name: LiteLLM takes both spellings.
pub const ENTRY: Names = Names::known(&[
    "budget_limit",
    "max_budget",
    "time_period",
    "budget_duration",
]);

impl Allowance {
    /// Reads both keys. None: there is no amount, or none that can be.
    pub fn read(section: &mut Section<'_>, max: &str, duration: &str) -> Option<Self> {
        let amount = dollars(section, max);
        let text = section.text(duration);
        if amount.is_none() && text.is_some() {
            let said = format!("has no effect without `{max}`");
            section.say(Taken::Warning, duration, said);
        }
        Some(Self {
            max: amount?,
            duration: text,
            duration_path: section.at(duration),
        })
    }

    /// Reads `{name: {budget_limit, time_period}, …}` of `path`.
    pub fn read_all(
        path: &str,
        entries: Option<Map<String, Value>>,
        env: &Env,
        remarks: &mut Remarks,
    ) -> BTreeMap<String, Self> {
        let mut all = BTreeMap::new();
        for (name, value) in entries.unwrap_or_default() {
            let path = format!("{path}.{name}");
            let mut section = Section::new(&path, Some(value), env, remarks);
            let has = |wanted: &str| section.names().iter().any(|it| it == wanted);
            let max = ["budget_limit", "max_budget"]
                .into_iter()
                .find(|it| has(it));
            let duration = if has("time_period") {
                "time_period"
            } else {
                "budget_duration"
            };
            let read = max.and_then(|max| Self::read(&mut section, max, duration));
            section.finish(&ENTRY);
            match read {
                Some(budget) => drop(all.insert(name, budget)),
                None if max.is_none() => {
                    remarks.say(Taken::Wrong, path, "has no `budget_limit`");
                }
                None => {}
            }
        }
        all
    }
}

/// An amount of dollars, 0 or more.
pub fn dollars(section: &mut Section<'_>, name: &str) -> Option<Usd> {
    let amount = section.number(name)?;
    let usd = Usd::from_dollars(amount).filter(|it| *it >= Usd::ZERO);
    if usd.is_none() {
        let said = format!("is `{amount}`, expected dollars, 0 or more");
        section.say(Taken::Wrong, name, said);
    }
    usd
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(text: &str) -> (std::sync::Arc<Config>, Vec<String>) {
        let (config, remarks) = Config::parse(text, Env::default()).unwrap();
        let bad = remarks.iter().filter(|it| it.taken != Taken::Honoured);
        let bad = bad.map(|it| format!("{}: {}", it.path, it.text)).collect();
        (config, bad)
    }

    #[test]
    fn budgets_of_providers_and_deployments_are_read() {
        let (config, bad) = read(
            "model_list: [{model_name: m, litellm_params: {model: openai/x, max_budget: 1.5, budget_duration: 1d}}]\n\
             router_settings: {provider_budget_config: {openai: {budget_limit: 1e-6, time_period: 1mo}, \
             azure: {max_budget: 2}}}",
        );
        assert_eq!(bad, [""; 0]);
        let own = config.groups.deployments().next().unwrap();
        let own = own.budget.as_ref().unwrap();
        assert_eq!(own.max, Usd::from_dollars(1.5).unwrap());
        assert_eq!(own.duration.as_deref(), Some("1d"));
        let of = &config.router.provider_budgets;
        assert_eq!(of["openai"].max, Usd::from_pico(1_000_000));
        assert_eq!(of["openai"].duration.as_deref(), Some("1mo"));
        assert_eq!(of["azure"].duration, None);
    }

    #[test]
    fn a_budget_that_cannot_be_is_named_by_its_path() {
        let (_, bad) = read(
            "model_list: [{model_name: m, litellm_params: {model: openai/x, max_budget: -1}}]\n\
             router_settings: {provider_budget_config: {openai: {limit: 1}, azure: {budget_limit: much}}}",
        );
        let all = bad.join("\n");
        for wanted in [
            "model_list[0].litellm_params.max_budget: is `-1`, expected dollars, 0 or more",
            "provider_budget_config.openai: has no `budget_limit`",
            "provider_budget_config.openai.limit: is not known",
            "provider_budget_config.azure.budget_limit: is `\"much\"`, expected a number",
        ] {
            assert!(all.contains(wanted), "{wanted} in {all}");
        }
    }
}
