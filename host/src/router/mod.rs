//! Which deployment is asked first, and where a call goes when its group fails. Pure: it knows
//! neither HTTP nor time.

use std::sync::Arc;

use rand::{Rng, RngExt as _};

use crate::config::{Deployment, RouterSettings};
use crate::domain::{ErrorKind, Fault};

type Candidate = (Arc<Deployment>, String);

/// `simple-shuffle`: lowest `order` first; within it drawn by weight (`weight`, else rpm or tpm).
pub fn order(mut deployments: Vec<Candidate>, rng: &mut impl Rng) -> Vec<Candidate> {
    if deployments.len() < 2 {
        return deployments;
    }
    deployments.sort_by_key(|(deployment, _)| deployment.order);
    let mut ordered = Vec::with_capacity(deployments.len());
    while let Some(level) = deployments.first().map(|(first, _)| first.order) {
        let end = deployments
            .iter()
            .position(|(it, _)| it.order != level)
            .unwrap_or(deployments.len());
        let rest = deployments.split_off(end);
        while !deployments.is_empty() {
            let drawn = draw(&deployments, rng);
            ordered.push(deployments.swap_remove(drawn));
        }
        deployments = rest;
    }
    ordered
}

fn draw(deployments: &[Candidate], rng: &mut impl Rng) -> usize {
    let weights: Vec<f64> = deployments
        .iter()
        .map(|(it, _)| it.weight.unwrap_or(1.0).max(0.0))
        .collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..deployments.len());
    }
    let mut left = rng.random_range(0.0..total);
    for (at, weight) in weights.iter().enumerate() {
        if left < *weight {
            return at;
        }
        left -= weight;
    }
    deployments.len() - 1
}

/// The groups to try after `group` failed with `fault`, in order: the client's own list, else the
/// list for this kind of fault, else the plain list, else the default one.
pub fn fallbacks(
    settings: &RouterSettings,
    group: &str,
    fault: &Fault,
    client: Option<&[String]>,
) -> Vec<String> {
    if let Some(list) = client {
        return list.to_vec();
    }
    let special = match fault.kind {
        ErrorKind::ContextWindow => Some(&settings.context_window_fallbacks),
        ErrorKind::ContentPolicy => Some(&settings.content_policy_fallbacks),
        _ => None,
    };
    let of = |map: &std::collections::BTreeMap<String, Vec<String>>| {
        map.get(group).or_else(|| map.get("*")).cloned()
    };
    let list = special.filter(|map| !map.is_empty()).and_then(of);
    let list = list
        .or_else(|| of(&settings.fallbacks))
        .unwrap_or_else(|| settings.default_fallbacks.clone());
    list.into_iter()
        .filter(|name| name != group)
        .take(settings.max_fallbacks as usize)
        .collect()
}

#[cfg(test)]
mod tests;
