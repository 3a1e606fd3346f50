//! What is left of limits a minute, by LiteLLM's names and labels: of keys and teams whose calls came
//! of late.

use std::collections::HashMap;
use std::sync::Arc;

use super::standings::{DeploymentNumber, NONE};
use crate::domain::{Entity, EntityKind};
use crate::limits::{Limiter, Remaining, ScopeKind, Standing};

/// Of one kind of holder: its kind, its labels, what it may have, what it has used.
type Names = (EntityKind, [&'static str; 2], &'static str, &'static str);

const fn names(kind: ScopeKind) -> Option<Names> {
    Some(match kind {
        ScopeKind::Key => (
            EntityKind::Key,
            ["hashed_api_key", "api_key_alias"],
            "litellm_api_key_rate_limit_allowed_metric",
            "litellm_api_key_rate_limit_used_metric",
        ),
        ScopeKind::Team => (
            EntityKind::Team,
            ["team", "team_alias"],
            "litellm_team_rate_limit_allowed_metric",
            "litellm_team_rate_limit_used_metric",
        ),
        _ => return None,
    })
}

/// The numbers of every limit. `aliases`: what holders are called, as far as that is known.
pub fn numbers(
    limiter: &Limiter,
    aliases: &HashMap<Entity, Arc<str>>,
    now_ms: i64,
) -> Vec<DeploymentNumber> {
    let kinds = [ScopeKind::Key, ScopeKind::Team, ScopeKind::ModelPerKey];
    let mut numbers = Vec::new();
    for standing in limiter.known_standings(&kinds, now_ms) {
        match names(standing.scope.kind) {
            Some(names) => of_holder(&standing, names, aliases, &mut numbers),
            None => of_model(&standing, aliases, &mut numbers),
        }
    }
    numbers
}

fn alias(aliases: &HashMap<Entity, Arc<str>>, kind: EntityKind, id: &Arc<str>) -> String {
    let found = aliases.get(&Entity::new(kind, Arc::clone(id)));
    found.map_or(NONE, |it| &**it).to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn of_holder(
    standing: &Standing,
    (kind, [id, other], allowed, used): Names,
    aliases: &HashMap<Entity, Arc<str>>,
    numbers: &mut Vec<DeploymentNumber>,
) {
    let scope = &standing.scope;
    for (what, left) in [("requests", standing.requests), ("tokens", standing.tokens)] {
        let Some(Remaining { limit, remaining }) = left else {
            continue;
        };
        let labels = vec![
            (id, scope.id.to_string()),
            (other, alias(aliases, kind, &scope.id)),
            ("rate_limit_type", what.to_owned()),
        ];
        let help = "Requests or tokens that a holder may have in a minute";
        numbers.push((allowed, "gauge", help, labels.clone(), float(limit)));
        let help = "Requests or tokens that a holder has used of this minute's";
        let gone = float(limit.saturating_sub(remaining));
        numbers.push((used, "gauge", help, labels, gone));
    }
}

fn of_model(
    standing: &Standing,
    aliases: &HashMap<Entity, Arc<str>>,
    numbers: &mut Vec<DeploymentNumber>,
) {
    let scope = &standing.scope;
    let labels = vec![
        ("hashed_api_key", scope.id.to_string()),
        ("api_key_alias", alias(aliases, EntityKind::Key, &scope.id)),
        ("model", scope.model.as_deref().unwrap_or(NONE).to_owned()),
    ];
    for (name, help, left) in [
        (
            "litellm_remaining_api_key_requests_for_model",
            "Requests for a model that are left to a key in this minute",
            standing.requests,
        ),
        (
            "litellm_remaining_api_key_tokens_for_model",
            "Tokens of a model that are left to a key in this minute",
            standing.tokens,
        ),
    ] {
        if let Some(left) = left {
            numbers.push((name, "gauge", help, labels.clone(), float(left.remaining)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Limits, Scope, TokenCounting, Tokens};

    #[test]
    fn limits_of_keys_teams_and_models_are_told_with_what_is_used_of_them() {
        let limiter = Limiter::new(TokenCounting::Total);
        let limits = Limits {
            requests_per_minute: Some(10),
            tokens_per_minute: Some(1000),
            ..Limits::default()
        };
        let path = [
            (Scope::new(ScopeKind::Key, "k"), limits),
            (Scope::new(ScopeKind::Team, "t"), limits),
            (
                Scope::new(ScopeKind::ModelPerKey, "k").on_model("m"),
                limits,
            ),
            (Scope::new(ScopeKind::User, "u"), limits),
        ];
        let tokens = Tokens {
            input: 30,
            output: 12,
        };
        let mut admission = limiter.admit(&path, tokens, 1).unwrap();
        admission.begin();
        let aliases = HashMap::from([(Entity::new(EntityKind::Key, "k"), Arc::from("ours"))]);
        let numbers = numbers(&limiter, &aliases, 2);
        let value = |name: &str, more: &[(&str, &str)]| {
            let has = |labels: &[(&str, String)]| {
                more.iter()
                    .all(|it| labels.iter().any(|has| has.0 == it.0 && has.1 == it.1))
            };
            let mut found = numbers.iter().filter(|it| it.0 == name && has(&it.3));
            let value = found.next().map(|it| it.4);
            assert!(found.next().is_none(), "{name}");
            value
        };
        let key = [("hashed_api_key", "k"), ("api_key_alias", "ours")];
        for (name, what, wanted) in [
            (
                "litellm_api_key_rate_limit_allowed_metric",
                "requests",
                10.0,
            ),
            ("litellm_api_key_rate_limit_used_metric", "requests", 1.0),
            ("litellm_api_key_rate_limit_used_metric", "tokens", 42.0),
        ] {
            let labels = [key[0], key[1], ("rate_limit_type", what)];
            assert_eq!(value(name, &labels), Some(wanted), "{name} {what}");
        }
        let team = [
            ("team", "t"),
            ("team_alias", NONE),
            ("rate_limit_type", "tokens"),
        ];
        assert_eq!(
            value("litellm_team_rate_limit_used_metric", &team),
            Some(42.0)
        );
        let model = [key[0], key[1], ("model", "m")];
        for (what, wanted) in [("requests", 9.0), ("tokens", 958.0)] {
            let name = format!("litellm_remaining_api_key_{what}_for_model");
            assert_eq!(value(&name, &model), Some(wanted));
        }
        // Nothing is told of those that LiteLLM has no name for.
        assert_eq!(numbers.len(), 10);
    }
}
