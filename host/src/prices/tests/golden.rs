//! Bills computed by hand: tokens.

use serde_json::{Value, json};

use crate::domain::Usage;
use crate::prices::{Cost, Entry, Prices, Source, Terms, cost};

/// An entry from LiteLLM's fields.
pub fn entry(fields: Value) -> Entry {
    let table = json!({"m": fields});
    let prices = Prices::from_bytes(table.to_string().as_bytes()).unwrap();
    (*prices.get("m").unwrap()).clone()
}

pub fn usage(fields: Value) -> Usage {
    serde_json::from_value(fields).unwrap()
}

pub fn bill(entry: &Entry, used: Value, terms: &Terms<'_>) -> Cost {
    cost(Some(entry), &usage(used), terms).unwrap()
}

/// The total in units of 10^-12 dollars.
pub fn total(entry: &Entry, used: Value) -> Option<i128> {
    cost(Some(entry), &usage(used), &Terms::default()).map(|it| it.total.pico())
}

/// `micro(3)` is three millionths of a dollar.
pub fn micro(count: i128) -> i128 {
    count * 1_000_000
}

pub fn table(name: &str) -> Entry {
    (*Prices::embedded().get(name).unwrap()).clone()
}

#[test]
fn cache_reads_and_both_lifetimes_of_writes_have_their_own_price() {
    // claude-sonnet-4-5: 3 in, 15 out, 0.3 read, 3.75 written, 6 for an hour, in millionths.
    let sonnet = table("claude-sonnet-4-5");
    let it = bill(
        &sonnet,
        json!({"input_tokens": 1000, "output_tokens": 10, "cached_tokens": 400,
               "cache_write_tokens": 300, "cache_write_1h_tokens": 100}),
        &Terms::default(),
    );
    // 300 × 3 + 400 × 0.3 + 200 × 3.75 + 100 × 6 = 900 + 120 + 750 + 600
    assert_eq!(it.cache_read.pico(), micro(120));
    assert_eq!(it.cache_write.pico(), micro(1350));
    assert_eq!(
        (it.input.pico(), it.output.pico()),
        (micro(2370), micro(150))
    );
    assert_eq!(
        (it.original.pico(), it.total.pico()),
        (micro(2520), micro(2520))
    );
    assert_eq!((it.source, it.unpriced.len()), (Source::Table, 0));
}

#[test]
fn a_missing_cache_price_is_the_price_of_input() {
    let plain = entry(json!({"input_cost_per_token": 2e-6, "output_cost_per_token": 4e-6}));
    let used = json!({"input_tokens": 100, "cached_tokens": 40, "cache_write_tokens": 30, "cache_write_1h_tokens": 10});
    assert_eq!(total(&plain, used), Some(micro(200)));
    let free_reads = entry(json!({"input_cost_per_token": 2e-6, "cache_read_input_token_cost": 0}));
    assert_eq!(
        total(
            &free_reads,
            json!({"input_tokens": 100, "cached_tokens": 40})
        ),
        Some(micro(120))
    );
    let fireworks =
        entry(json!({"input_cost_per_token": 2e-6, "litellm_provider": "fireworks_ai"}));
    assert_eq!(
        total(
            &fireworks,
            json!({"input_tokens": 100, "cached_tokens": 40})
        ),
        Some(micro(160))
    );
    let hit = entry(json!({"input_cost_per_token": 2e-6, "input_cost_per_token_cache_hit": 1e-6}));
    assert_eq!(
        total(&hit, json!({"input_tokens": 100, "cached_tokens": 40})),
        Some(micro(160))
    );
}

#[test]
fn a_cache_that_the_caller_made_is_read_at_its_own_price() {
    let qwen = entry(
        json!({"input_cost_per_token": 10e-6, "cache_read_input_token_cost": 2e-6,
        "explicit_cache_read_input_token_cost": 1e-6}),
    );
    assert_eq!(
        total(&qwen, json!({"input_tokens": 10, "cached_tokens": 10})),
        Some(micro(20))
    );
    let explicit = json!({"input_tokens": 10, "cached_tokens": 10, "explicit_cache": true});
    assert_eq!(total(&qwen, explicit), Some(micro(10)));
}

fn tiered(provider: &str) -> Entry {
    entry(json!({
        "litellm_provider": provider,
        "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "cache_read_input_token_cost": 1e-7,
        "input_cost_per_token_above_1k_tokens": 10e-6, "output_cost_per_token_above_1k_tokens": 20e-6,
        "input_cost_per_token_above_2k_tokens": 100e-6,
    }))
}

#[test]
fn a_crossed_threshold_reprices_the_whole_request() {
    let it = tiered("openai");
    let at = |input: u64| total(&it, json!({"input_tokens": input, "output_tokens": 10}));
    assert_eq!(at(1000), Some(micro(1000 + 20)));
    assert_eq!(at(1001), Some(micro(10_010 + 200)));
    // The third tier names no output: the second's holds.
    assert_eq!(at(2001), Some(micro(200_100 + 200)));
    // Cached tokens count for the threshold; a price without a tier stays.
    let cached = json!({"input_tokens": 1001, "cached_tokens": 1000});
    assert_eq!(total(&it, cached), Some(micro(10 + 100)));
}

#[test]
fn the_tier_of_xai_begins_at_its_threshold() {
    let used = json!({"input_tokens": 1000});
    assert_eq!(total(&tiered("xai"), used.clone()), Some(micro(10_000)));
    assert_eq!(total(&tiered("openai"), used), Some(micro(1000)));
}

#[test]
fn ranges_price_the_whole_request_by_its_prompt() {
    let it = entry(json!({"tiered_pricing": [
        {"range": [0, 100], "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
         "output_cost_per_reasoning_token": 3e-6},
        {"range": [100, 200], "input_cost_per_token": 10e-6, "output_cost_per_token": 20e-6,
         "cache_read_input_token_cost": 5e-6},
    ]}));
    let at = |input: u64| {
        total(
            &it,
            json!({"input_tokens": input, "output_tokens": 2, "reasoning_tokens": 1}),
        )
    };
    assert_eq!(at(100), Some(micro(100 + 2 + 3)));
    assert_eq!(at(101), Some(micro(1010 + 20 + 20)));
    assert_eq!(at(999), Some(micro(9990 + 40)));
    assert_eq!(at(0), Some(micro(5)));
    assert_eq!(
        total(&it, json!({"input_tokens": 200, "cached_tokens": 100})),
        Some(micro(1000 + 500))
    );
    assert_eq!(
        total(&it, json!({"input_tokens": 100, "cached_tokens": 50})),
        Some(micro(100))
    );
}

#[test]
fn reasoning_has_its_price_or_that_of_output() {
    let own = entry(
        json!({"input_cost_per_token": 0, "output_cost_per_token": 2e-6,
        "output_cost_per_reasoning_token": 5e-6, "output_cost_per_token_priority": 4e-6}),
    );
    let used = json!({"output_tokens": 10, "reasoning_tokens": 4});
    let it = bill(&own, used.clone(), &Terms::default());
    assert_eq!(
        (it.reasoning.pico(), it.output.pico()),
        (micro(20), micro(32))
    );
    let priority = Terms {
        service_tier: Some("priority"),
        ..Terms::default()
    };
    assert_eq!(bill(&own, used.clone(), &priority).total.pico(), micro(40));
    let plain = entry(json!({"input_cost_per_token": 0, "output_cost_per_token": 2e-6}));
    assert_eq!(
        bill(&plain, used, &Terms::default()).total.pico(),
        micro(20)
    );
}

#[test]
fn services_have_their_prices_and_what_they_lack_is_standard() {
    let it = entry(json!({
        "input_cost_per_token": 10e-6, "output_cost_per_token": 20e-6, "cache_read_input_token_cost": 1e-6,
        "input_cost_per_token_flex": 5e-6, "input_cost_per_token_priority": 30e-6,
        "input_cost_per_token_batches": 4e-6, "output_cost_per_token_batches": 8e-6,
        "input_cost_per_token_above_1k_tokens": 11e-6, "input_cost_per_token_above_1k_tokens_priority": 33e-6,
    }));
    let at = |tier: &str, input: u64| {
        total(
            &it,
            json!({"input_tokens": input, "output_tokens": 1, "service_tier": tier}),
        )
    };
    assert_eq!(at("default", 10), Some(micro(120)));
    assert_eq!(at("flex", 10), Some(micro(70)));
    assert_eq!(at("fast", 10), Some(micro(320)));
    assert_eq!(at("unheard of", 10), Some(micro(120)));
    assert_eq!(at("priority", 1001), Some(micro(33_033 + 20)));
    assert_eq!(at("flex", 1001), Some(micro(11_011 + 20)));
    let batch = Terms {
        batch: true,
        ..Terms::default()
    };
    let used = json!({"input_tokens": 10, "output_tokens": 1, "cached_tokens": 5});
    assert_eq!(bill(&it, used, &batch).total.pico(), micro(20 + 5 + 8));
}

#[test]
fn sound_and_pictures_in_tokens_have_prices_of_their_own() {
    let it = entry(json!({
        "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "cache_read_input_token_cost": 5e-7,
        "input_cost_per_audio_token": 10e-6, "output_cost_per_audio_token": 20e-6,
        "cache_read_input_audio_token_cost": 3e-6, "input_cost_per_image_token": 7e-6,
    }));
    let it = bill(
        &it,
        json!({"input_tokens": 100, "input_audio_tokens": 40, "input_image_tokens": 10,
               "cached_tokens": 20, "cached_audio_tokens": 10,
               "output_tokens": 30, "output_audio_tokens": 10, "output_image_tokens": 5}),
        &Terms::default(),
    );
    // In: 40 text × 1, 30 sound × 10, 10 picture × 7; cached: 10 × 0.5 and 10 × 3.
    // Out: 15 text × 2, 10 sound × 20, 5 picture at the price of text.
    assert_eq!(it.cache_read.pico(), micro(35));
    assert_eq!(
        (it.audio.pico(), it.image.pico()),
        (micro(300 + 200), micro(70 + 10))
    );
    assert_eq!(
        (it.input.pico(), it.output.pico()),
        (micro(445), micro(240))
    );
}

#[test]
fn off_peak_prices_replace_all_others_while_the_window_is_open() {
    let it = entry(json!({
        "input_cost_per_token": 2e-6, "output_cost_per_token": 4e-6, "cache_read_input_token_cost": 1e-6,
        "input_cost_per_token_above_1k_tokens": 9e-6,
        "off_peak_pricing": {"hours_utc": "16:30-00:30", "input_cost_per_token": 1e-6, "output_cost_per_token": 3e-6}
    }));
    let at = |time: &str, input: u64| {
        let at_ms = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let terms = Terms {
            at_ms,
            ..Terms::default()
        };
        bill(
            &it,
            json!({"input_tokens": input, "cached_tokens": 10, "output_tokens": 1}),
            &terms,
        )
        .total
        .pico()
    };
    assert_eq!(at("2026-11-22T12:00:00Z", 110), micro(200 + 10 + 4));
    assert_eq!(at("2026-11-22T17:00:00Z", 110), micro(100 + 10 + 3));
    assert_eq!(at("2026-11-22T17:00:00Z", 1010), micro(1000 + 10 + 3));
}

#[test]
fn multipliers_are_of_the_place_the_speed_and_the_endpoint() {
    let it = entry(json!({
        "input_cost_per_token": 10e-6, "output_cost_per_token": 20e-6,
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
        "provider_specific_entry": {"us": 1.1, "fast": 2, "note": "words"},
        "regional_processing_uplift_multiplier_eu": 1.2, "regional_endpoint_uplift_multiplier": 1.5,
    }));
    let at = |extra: Value, terms: Terms<'_>| {
        let mut used = json!({"input_tokens": 10, "web_searches": 1});
        used.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        bill(&it, used, &terms).total.pico() - micro(10_000)
    };
    let none = Terms::default();
    assert_eq!(at(json!({}), none), micro(100));
    assert_eq!(at(json!({"inference_geo": "us"}), none), micro(110));
    assert_eq!(at(json!({"inference_geo": "global"}), none), micro(100));
    assert_eq!(
        at(json!({"inference_geo": "US", "speed": "fast"}), none),
        micro(220)
    );
    assert_eq!(
        at(
            json!({}),
            Terms {
                data_residency: Some("eu"),
                ..none
            }
        ),
        micro(120)
    );
    assert_eq!(
        at(
            json!({}),
            Terms {
                location: Some("us-east5"),
                ..none
            }
        ),
        micro(150)
    );
    assert_eq!(
        at(
            json!({}),
            Terms {
                location: Some("global"),
                ..none
            }
        ),
        micro(100)
    );
}
