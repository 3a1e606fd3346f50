//! What beats the table: the provider's own word, and the operator's.

use serde_json::{Map, Value, json};

use super::golden::{bill, entry, micro, table, total, usage};
use crate::domain::Usd;
use crate::prices::{Entry, Overrides, Prices, Source, Terms, Wanted, cost};

#[test]
fn a_price_of_the_provider_beats_the_table_but_not_the_operator() {
    let reported =
        usage(json!({"input_tokens": 10, "output_tokens": 10, "reported_cost_usd": 0.25}));
    let sonnet = table("claude-sonnet-4-5");
    let it = cost(Some(&sonnet), &reported, &Terms::default()).unwrap();
    assert_eq!(
        (it.source, it.total),
        (Source::Reported, Usd::from_dollars(0.25).unwrap())
    );
    assert_eq!(
        cost(None, &reported, &Terms::default()).unwrap().total,
        it.total
    );
    let params = json!({"input_cost_per_token": 1e-6, "output_cost_per_token": 0});
    let own = sonnet.with(&overrides(params));
    let it = cost(Some(&own), &reported, &Terms::default()).unwrap();
    assert_eq!(
        (it.source, it.total.pico()),
        (Source::Deployment, micro(10))
    );
    let odd = usage(json!({"input_tokens": 10, "reported_cost_usd": -1.0}));
    assert_eq!(
        cost(Some(&sonnet), &odd, &Terms::default())
            .unwrap()
            .total
            .pico(),
        micro(30)
    );
}

#[test]
fn unknown_is_not_free_and_zero_is() {
    let used = json!({"input_tokens": 10, "output_tokens": 10});
    assert_eq!(cost(None, &usage(used.clone()), &Terms::default()), None);
    assert_eq!(total(&entry(json!({"mode": "chat"})), used.clone()), None);
    assert_eq!(
        total(&entry(json!({"input_cost_per_token": 1e-6})), used.clone()),
        None
    );
    assert_eq!(
        total(
            &entry(json!({"input_cost_per_token": 1e-6})),
            json!({"input_tokens": 10})
        ),
        Some(micro(10))
    );
    let free = entry(json!({"input_cost_per_token": 0, "output_cost_per_token": 0}));
    assert_eq!(total(&free, used), Some(0));
}

fn overrides(params: Value) -> Overrides {
    Overrides::read(params.as_object().unwrap())
        .unwrap()
        .unwrap()
}

#[test]
fn an_operators_token_price_replaces_the_tables_of_that_side() {
    let haiku = table("claude-haiku-5-5");
    let own = haiku.with(&overrides(
        json!({"input_cost_per_token": "1e-6", "supports_vision": false}),
    ));
    // Above the table's 100k, written cache and American: the operator's price holds for all of it;
    // what comes out stays the table's, which is 2.5 there.
    let used = json!({"input_tokens": 200_000, "cached_tokens": 50_000, "cache_write_tokens": 50_000,
        "output_tokens": 2, "inference_geo": "us"});
    assert_eq!(total(&own, used), Some(micro(200_000 + 5)));
    let reads = haiku.with(&overrides(json!({"cache_read_input_token_cost": 0})));
    assert_eq!(
        total(
            &reads,
            json!({"input_tokens": 200_000, "cached_tokens": 200_000})
        ),
        Some(0)
    );
}

#[test]
fn an_operators_price_by_the_second_replaces_tokens() {
    let own = table("claude-sonnet-4-5").with(&overrides(json!({"input_cost_per_second": 0.001})));
    let terms = Terms {
        elapsed_ms: 3000,
        ..Terms::default()
    };
    assert_eq!(
        bill(&own, json!({"input_tokens": 9, "output_tokens": 9}), &terms)
            .total
            .pico(),
        micro(3000)
    );
}

#[test]
fn an_operators_ranges_and_tiers_are_read() {
    let own = Entry::default().with(&overrides(json!({
        "tiered_pricing": [{"range": [0, 10], "input_cost_per_token": "1e-6", "output_cost_per_token": 2e-6},
                           {"range": [10, 20], "input_cost_per_token": 5e-6, "output_cost_per_token": 6e-6}]
    })));
    assert_eq!(
        total(&own, json!({"input_tokens": 11, "output_tokens": 1})),
        Some(micro(61))
    );
    let tier = table("gpt-4o").with(&overrides(json!({
        "input_cost_per_token": 1e-6, "input_cost_per_token_above_200k_tokens": 2e-6,
        "input_cost_per_token_batches": 0
    })));
    assert_eq!(total(&tier, json!({"input_tokens": 10})), Some(micro(10)));
    assert_eq!(
        total(&tier, json!({"input_tokens": 200_001})),
        Some(micro(400_002))
    );
    assert_eq!(
        total(&tier, json!({"input_tokens": 10, "service_tier": "batch"})),
        Some(0)
    );
}

#[test]
fn bad_overrides_are_refused_by_name_and_strangers_are_left_alone() {
    let fault = |params: Value| {
        Overrides::read(params.as_object().unwrap())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        fault(json!({"output_cost_per_token": -1})),
        "`output_cost_per_token` is -1; it may not be negative"
    );
    assert_eq!(
        fault(json!({"input_cost_per_token_flex": "much"})),
        "`input_cost_per_token_flex` is no number"
    );
    let params = json!({"model": "openai/x", "api_key": "sk-secret", "rpm": 3, "input_cost_per_token": null});
    assert_eq!(Overrides::read(params.as_object().unwrap()).unwrap(), None);
}

#[test]
fn info_speaks_litellms_names_and_the_operators_prices() {
    let prices = Prices::embedded();
    let wanted = Wanted {
        provider: "anthropic",
        model: "claude-haiku-5-5",
        ..Wanted::default()
    };
    let info = prices.info(&prices.find(&wanted).unwrap());
    let field = |info: &Map<String, Value>, name: &str| info.get(name).cloned();
    assert_eq!(field(&info, "input_cost_per_token"), Some(json!(1e-7)));
    assert_eq!(
        field(&info, "input_cost_per_token_above_100k_tokens_batches"),
        Some(json!(2.5e-7))
    );
    assert_eq!(field(&info, "max_input_tokens"), Some(json!(1_000_000)));
    assert_eq!(field(&info, "supports_vision"), Some(json!(true)));
    assert_eq!(field(&info, "mode"), Some(json!("chat")));
    assert_eq!(
        field(&info, "search_context_cost_per_query").unwrap()["search_context_size_low"],
        json!(0.01)
    );
    let own = overrides(
        json!({"input_cost_per_token": 5e-6, "max_input_tokens": 10, "api_key": "sk-secret"}),
    );
    let info = prices.info(&prices.find_for(&wanted, Some(&own)).unwrap());
    assert_eq!(field(&info, "input_cost_per_token"), Some(json!(5e-6)));
    assert_eq!(field(&info, "max_input_tokens"), Some(json!(10)));
    assert_eq!(field(&info, "output_cost_per_token"), Some(json!(5e-7)));
    for gone in [
        "cache_read_input_token_cost",
        "input_cost_per_token_above_100k_tokens",
        "api_key",
        "provider_specific_entry",
    ] {
        assert_eq!(field(&info, gone), None, "{gone}");
    }
}
