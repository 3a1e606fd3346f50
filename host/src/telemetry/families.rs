//! The families of the gateway's own metrics: their names, their help and their handles.

use std::collections::HashSet;
use std::sync::RwLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::callbacks::Callbacks;
use super::calls::Calls;
use super::guardrails::Guardrails;
use super::labels::{
    AttemptLabels, CheckLabels, FallbackLabels, LookupLabels, OperationLabel, ResultLabel,
    SignInLabels, SpendLabels, WhatLabel, WhyLabel,
};
use super::times::{BOUNDS, ByLabel, Stage};

/// Every family that is registered, and what renders them.
#[derive(Debug)]
pub struct All {
    /// By LiteLLM's labels.
    pub calls: Calls,
    pub stages: ByLabel<{ Stage::ALL.len() }>,
    pub durations: Family<OperationLabel, Histogram>,
    pub overheads: Family<OperationLabel, Histogram>,
    pub attempts: Family<AttemptLabels, Counter>,
    pub in_flight: Gauge,
    pub config_reloads: Family<ResultLabel, Counter>,
    pub price_refreshes: Family<ResultLabel, Counter>,
    pub keys_rotated: Counter,
    pub cache_lookups: Family<LookupLabels, Counter>,
    pub cache_tokens: Family<SpendLabels, Counter>,
    pub cache_failures: Family<WhatLabel, Counter>,
    pub shed: Family<WhyLabel, Counter>,
    pub hedges: Family<ResultLabel, Counter>,
    pub changes_forgotten: Counter,
    pub batches_booked: Counter,
    pub responses_booked: Counter,
    pub sign_ins: Family<SignInLabels, Counter>,
    pub health_checks: Family<CheckLabels, Counter>,
    /// That led to an answer, and that failed too.
    pub fallbacks: [Family<FallbackLabels, Counter>; 2],
    pub guardrails: Guardrails,
    pub callbacks: Callbacks,
    /// What has LiteLLM's names: of deployments, and of guardrails.
    pub litellm: [Registry; 2],
    /// The groups that have series of their own.
    pub groups: RwLock<HashSet<String>>,
    pub registry: Registry,
}

impl Default for All {
    fn default() -> Self {
        let histogram = || Histogram::new(BOUNDS);
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let overheads = Family::new_with_constructor(histogram as fn() -> Histogram);
        let attempts = Family::default();
        let in_flight = Gauge::default();
        let config_reloads = Family::<ResultLabel, Counter>::default();
        // A series that is born with its first refusal shows no increase to a rule.
        for result in ["applied", "refused"] {
            drop(config_reloads.get_or_create(&ResultLabel { result }));
        }
        let price_refreshes = Family::default();
        let keys_rotated = Counter::default();
        let cache_lookups = Family::default();
        let cache_tokens = Family::default();
        let cache_failures = Family::default();
        let shed = Family::default();
        let hedges = Family::default();
        let changes_forgotten = Counter::default();
        let batches_booked = Counter::default();
        let responses_booked = Counter::default();
        let sign_ins = Family::default();
        let health_checks = Family::default();
        let mut registry = Registry::with_prefix("sluice");
        registry.register(
            "request_duration_seconds",
            "Whole calls",
            Family::clone(&durations),
        );
        registry.register(
            "overhead_seconds",
            "Calls less the time spent waiting for upstreams",
            Family::clone(&overheads),
        );
        registry.register(
            "attempts",
            "Sends to a deployment",
            Family::clone(&attempts),
        );
        registry.register(
            "in_flight_requests",
            "Calls being served",
            in_flight.clone(),
        );
        registry.register(
            "config_reloads",
            "Config reloads",
            Family::clone(&config_reloads),
        );
        registry.register(
            "price_refreshes",
            "Price tables from outside",
            Family::clone(&price_refreshes),
        );
        registry.register(
            "keys_rotated",
            "Keys that were replaced by themselves",
            keys_rotated.clone(),
        );
        registry.register(
            "cache_lookups",
            "Calls that the response cache was asked for",
            Family::clone(&cache_lookups),
        );
        registry.register(
            "cache_tokens",
            "Tokens of kept answers that were given again",
            Family::clone(&cache_tokens),
        );
        registry.register(
            "cache_failures",
            "What the response cache could not do",
            Family::clone(&cache_failures),
        );
        registry.register(
            "requests_shed",
            "Calls turned away because the gateway had too many",
            Family::clone(&shed),
        );
        registry.register(
            "hedges",
            "Calls whose first deployment was slow, by what became of asking a second one",
            Family::clone(&hedges),
        );
        registry.register(
            "health_checks",
            "Checks of deployments by what they came to",
            Family::clone(&health_checks),
        );
        registry.register(
            "sign_ins",
            "Attempts to sign in to the admin UI",
            Family::clone(&sign_ins),
        );
        registry.register(
            "batches_booked",
            "Batches that have ended and are charged",
            batches_booked.clone(),
        );
        registry.register(
            "responses_booked",
            "Responses of the background that were seen done and are charged",
            responses_booked.clone(),
        );
        registry.register(
            "changes_forgotten",
            "Notices between replicas that were deleted because of their age",
            changes_forgotten.clone(),
        );
        let fallbacks: [Family<FallbackLabels, Counter>; 2] = Default::default();
        let mut litellm = Registry::with_prefix("litellm_deployment");
        let names = [
            ("successful_fallbacks", "Fallbacks that led to an answer"),
            ("failed_fallbacks", "Fallbacks that failed too"),
        ];
        for (family, (name, help)) in fallbacks.iter().zip(names) {
            litellm.register(name, help, Family::clone(family));
        }
        let mut of_guardrails = Registry::with_prefix("litellm_guardrail");
        let guardrails = Guardrails::register(&mut registry, &mut of_guardrails);
        let callbacks = Callbacks::register(&mut registry);
        Self {
            guardrails,
            callbacks,
            calls: Calls::default(),
            stages: ByLabel::new("stage", Stage::ALL.map(Stage::as_str)),
            durations,
            overheads,
            attempts,
            in_flight,
            config_reloads,
            price_refreshes,
            keys_rotated,
            cache_lookups,
            cache_tokens,
            cache_failures,
            shed,
            hedges,
            changes_forgotten,
            batches_booked,
            responses_booked,
            sign_ins,
            health_checks,
            fallbacks,
            litellm: [litellm, of_guardrails],
            groups: RwLock::default(),
            registry,
        }
    }
}
