//! What is left of budgets, by LiteLLM's names and labels: of every holder with a budget that is in
//! memory, and of those that the database told of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::accounting::{Accounting, now_ms};
use super::limited;
use super::standings::{DeploymentNumber, NONE};
use crate::budget::{Snapshot, Window};
use crate::domain::{Entity, EntityKind, Usd};
use crate::telemetry::calls::Calls;
use crate::telemetry::calls::labels::Who;

/// Of one kind of holder: what is left, the budget, the hours until it begins anew.
type Names = (&'static str, &'static str, &'static str);

const fn names(kind: EntityKind) -> Option<Names> {
    Some(match kind {
        EntityKind::Key => (
            "litellm_remaining_api_key_budget_metric",
            "litellm_api_key_max_budget_metric",
            "litellm_api_key_budget_remaining_hours_metric",
        ),
        EntityKind::Team => (
            "litellm_remaining_team_budget_metric",
            "litellm_team_max_budget_metric",
            "litellm_team_budget_remaining_hours_metric",
        ),
        EntityKind::User => (
            "litellm_remaining_user_budget_metric",
            "litellm_user_max_budget_metric",
            "litellm_user_budget_remaining_hours_metric",
        ),
        EntityKind::Organization => (
            "litellm_remaining_org_budget_metric",
            "litellm_org_max_budget_metric",
            "litellm_org_budget_remaining_hours_metric",
        ),
        EntityKind::EndUser => (
            "litellm_remaining_customer_budget_metric",
            "litellm_customer_max_budget_metric",
            "litellm_customer_budget_remaining_hours_metric",
        ),
        _ => return None,
    })
}

/// A budget that the database tells of, of a holder whose calls have not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub holder: Entity,
    pub alias: Option<Arc<str>>,
    pub max: Usd,
    pub spent: Usd,
    /// Milliseconds since 1970.
    pub resets_at_ms: Option<i64>,
}

/// What the database told, where the config asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    pub budgets: Vec<Known>,
    /// How many there are; 0: nobody was asked.
    pub users: u64,
    pub teams: u64,
}

/// The numbers of every budget.
pub fn numbers(accounting: &Accounting, calls: &Calls) -> Vec<DeploymentNumber> {
    let now = now_ms();
    let aliases = aliases(&calls.known());
    let mut numbers = Vec::new();
    let mut seen = HashSet::new();
    for id in accounting.accounts() {
        // A provider's budget is by its period, and the only one that it has.
        if id.window != Window::Whole && id.entity.kind != EntityKind::Provider {
            continue;
        }
        let Some(snapshot) = accounting.ledger().snapshot(&id, now) else {
            continue;
        };
        if let Some(max) = snapshot.max_budget {
            let alias = aliases.get(&id.entity).cloned();
            seen.insert(id.entity.clone());
            add(&mut numbers, &id.entity, alias, (max, &snapshot), now);
        }
    }
    numbers.extend(limited::numbers(accounting.limiter(), &aliases, now));
    let told = accounting.told();
    for known in &told.budgets {
        if seen.contains(&known.holder) {
            continue;
        }
        let snapshot = Snapshot {
            spend: known.spent,
            reserved: Usd::ZERO,
            max_budget: Some(known.max),
            soft_budget: None,
            resets_at_ms: known.resets_at_ms,
        };
        let amounts = (known.max, &snapshot);
        add(
            &mut numbers,
            &known.holder,
            known.alias.clone(),
            amounts,
            now,
        );
    }
    for (name, help, count) in [
        ("litellm_total_users", "Users in the database", told.users),
        ("litellm_teams_count", "Teams in the database", told.teams),
    ] {
        if count > 0 {
            #[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
            let count = count as f64;
            numbers.push((name, "gauge", help, Vec::new(), count));
        }
    }
    numbers
}

fn add(
    numbers: &mut Vec<DeploymentNumber>,
    holder: &Entity,
    alias: Option<Arc<str>>,
    (max, snapshot): (Usd, &Snapshot),
    now_ms: i64,
) {
    let left = (max - snapshot.spend).dollars();
    if holder.kind == EntityKind::Provider {
        let labels = vec![("api_provider", holder.id.to_string())];
        let name = "litellm_provider_remaining_budget_metric";
        numbers.push((
            name,
            "gauge",
            "Dollars left of a provider's budget",
            labels,
            left,
        ));
        return;
    }
    let Some((remaining, budget, hours)) = names(holder.kind) else {
        return;
    };
    let labels = labels(holder, alias);
    numbers.push((
        remaining,
        "gauge",
        "Dollars left of a budget",
        labels.clone(),
        left,
    ));
    numbers.push((
        budget,
        "gauge",
        "Dollars of a budget",
        labels.clone(),
        max.dollars(),
    ));
    if let Some(at) = snapshot.resets_at_ms {
        #[expect(clippy::cast_precision_loss, reason = "hours, for people")]
        let left = at.saturating_sub(now_ms).max(0) as f64 / 3_600_000.0;
        let help = "Hours until a budget begins anew";
        numbers.push((hours, "gauge", help, labels, left));
    }
}

fn labels(holder: &Entity, alias: Option<Arc<str>>) -> Vec<(&'static str, String)> {
    let (id, other) = match holder.kind {
        EntityKind::Key => ("hashed_api_key", Some("api_key_alias")),
        EntityKind::Team => ("team", Some("team_alias")),
        EntityKind::Organization => ("org_id", Some("org_alias")),
        EntityKind::EndUser => ("end_user", None),
        _ => ("user", None),
    };
    let mut labels = vec![(id, holder.id.to_string())];
    if let Some(other) = other {
        let alias = alias.as_deref().unwrap_or(NONE);
        labels.push((other, alias.to_owned()));
    }
    labels
}

/// What holders are called, as far as their calls told it.
fn aliases(known: &[Arc<Who>]) -> HashMap<Entity, Arc<str>> {
    let mut aliases = HashMap::new();
    for who in known {
        for (kind, id, alias) in [
            (EntityKind::Key, &who.key, &who.key_alias),
            (EntityKind::Team, &who.team, &who.team_alias),
            (
                EntityKind::Organization,
                &who.organization,
                &who.organization_alias,
            ),
        ] {
            if let (Some(id), Some(alias)) = (id, alias) {
                aliases.insert(Entity::new(kind, Arc::clone(id)), Arc::clone(alias));
            }
        }
    }
    aliases
}
