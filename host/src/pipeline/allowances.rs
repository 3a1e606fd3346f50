//! Budgets and limits that the config gives to deployments and providers, as their services know
//! them.

use crate::budget::{AccountId, BadDuration, Period, Terms, Window};
use crate::config::{Allowance, Config, Deployment};
use crate::domain::{Entity, EntityKind};
use crate::limits::Limits;

/// The accounts whose budgets an attempt at this deployment spends.
///
/// # Errors
/// A duration that is none.
pub fn of_deployment(
    config: &Config,
    deployment: &Deployment,
) -> Result<Vec<(AccountId, Terms)>, BadDuration> {
    let provider = deployment.provider.as_str();
    let both = [
        (
            EntityKind::Provider,
            provider,
            config.router.provider_budgets.get(provider),
        ),
        (
            EntityKind::Deployment,
            deployment.id.as_str(),
            deployment.budget.as_ref(),
        ),
    ];
    let budgets = both
        .into_iter()
        .filter_map(|(kind, id, budget)| Some((Entity::new(kind, id), budget?)));
    budgets
        .map(|(entity, budget)| account(entity, budget))
        .collect()
}

/// The accounts of every provider with a budget, but for those that cannot be read.
pub fn of_providers(config: &Config) -> Vec<(AccountId, Terms)> {
    let budgets = config.router.provider_budgets.iter();
    budgets
        .filter_map(|(name, budget)| {
            account(Entity::new(EntityKind::Provider, name.as_str()), budget).ok()
        })
        .collect()
}

fn account(entity: Entity, budget: &Allowance) -> Result<(AccountId, Terms), BadDuration> {
    let terms = terms(budget)?;
    // By its period, so that a budget that is new does not count what was spent before it.
    let window = terms.period.map_or(Window::Whole, Window::Limit);
    Ok((AccountId { entity, window }, terms))
}

/// What an attempt at this deployment is limited by.
pub fn limits(deployment: &Deployment) -> Limits {
    let limit = |it: Option<f64>| {
        let it = it.filter(|_| deployment.enforces_limits)?;
        // A limit below zero lets nothing through; one beyond every count is none that matters.
        Some(it.max(0.0) as u64)
    };
    Limits {
        requests_per_minute: limit(deployment.rpm),
        tokens_per_minute: limit(deployment.tpm),
        max_parallel_requests: deployment.max_parallel_requests.map(u64::from),
        ..Limits::default()
    }
}

/// Durations of the config's budgets that are none: where, and what is wrong.
pub fn mistakes(config: &Config) -> Vec<(String, String)> {
    let deployments = config.groups.deployments();
    let budgets = deployments
        .filter_map(|it| it.budget.as_ref())
        .chain(config.router.provider_budgets.values())
        .chain(config.money.tag_budgets.values());
    let wrong = |budget: &Allowance| {
        let cause = terms(budget).err()?;
        Some((budget.duration_path.clone(), format!("is wrong: {cause}")))
    };
    budgets.filter_map(wrong).collect()
}

fn terms(budget: &Allowance) -> Result<Terms, BadDuration> {
    let period = budget.duration.as_deref().map(str::parse::<Period>);
    Ok(Terms {
        max_budget: Some(budget.max),
        period: period.transpose()?,
        ..Terms::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Env;
    use crate::domain::Usd;

    const FILE: &str = "
model_list:
  - {model_name: m, litellm_params: {model: openai/x, max_budget: 2, budget_duration: 1d}}
  - {model_name: m, litellm_params: {model: azure/x}}
router_settings: {provider_budget_config: {openai: {budget_limit: 5, time_period: 1mo}}}
";

    #[test]
    fn a_deployment_has_its_own_budget_and_its_providers() {
        let (config, _) = Config::parse(FILE, Env::default()).unwrap();
        let of: Vec<_> = config
            .groups
            .deployments()
            .map(|it| of_deployment(&config, it).unwrap())
            .collect();
        let shown: Vec<_> = of[0]
            .iter()
            .map(|(id, terms)| (id.entity.kind, terms.max_budget, terms.period))
            .collect();
        let period = |text: &str| Some(text.parse::<Period>().unwrap());
        let wanted = [
            (EntityKind::Provider, Usd::from_dollars(5.0), period("1mo")),
            (EntityKind::Deployment, Usd::from_dollars(2.0), period("1d")),
        ];
        assert_eq!(shown, wanted);
        assert!(of[1].is_empty() && mistakes(&config).is_empty());
    }

    #[test]
    fn a_duration_that_is_none_is_named_by_its_path() {
        let text = FILE.replace("1mo", "soon").replace("1d", "never");
        let (config, _) = Config::parse(&text, Env::default()).unwrap();
        let all = mistakes(&config);
        let paths: Vec<_> = all.iter().map(|(path, _)| path.as_str()).collect();
        let wanted = [
            "model_list[0].litellm_params.budget_duration",
            "router_settings.provider_budget_config.openai.time_period",
        ];
        assert_eq!(paths, wanted);
        assert!(all[0].1.contains("`never` is no duration"), "{all:?}");
    }
}
