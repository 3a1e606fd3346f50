use proptest::prelude::*;
use serde_json::{Value, json};

use super::Usage;

fn read(usage: Value) -> Usage {
    Usage::from_json(&usage).unwrap()
}

#[test]
fn anthropic_input_gains_what_the_cache_held() {
    let usage = read(json!({
        "input_tokens": 3, "output_tokens": 5,
        "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20
    }));
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.cached_tokens),
        (123, 5, 100)
    );
}

#[test]
fn a_usage_without_counts_is_none() {
    assert_eq!(Usage::from_json(&json!({"seconds": 3})), None);
    assert_eq!(Usage::from_json(&json!({"type": "duration"})), None);
    assert_eq!(Usage::from_json(&json!("12")), None);
}

#[test]
fn anthropic_names_lifetimes_searches_place_and_speed() {
    let usage = read(json!({
        "input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "server_tool_use": {"web_search_requests": 4},
        "service_tier": "priority", "inference_geo": "us", "speed": "fast"
    }));
    assert_eq!(
        (
            usage.input_tokens,
            usage.cache_write_tokens,
            usage.cache_write_1h_tokens
        ),
        (31, 30, 20)
    );
    assert_eq!(usage.web_searches, 4);
    assert_eq!(usage.service_tier.as_deref(), Some("priority"));
    assert_eq!(usage.inference_geo.as_deref(), Some("us"));
    assert_eq!(usage.speed.as_deref(), Some("fast"));
}

#[test]
fn chat_names_the_kinds_of_its_tokens() {
    let usage = read(json!({
        "prompt_tokens": 100, "completion_tokens": 50, "service_tier": "flex",
        "prompt_tokens_details": {
            "cached_tokens": 40, "cache_write_tokens": 5, "audio_tokens": 30, "image_tokens": 20,
            "video_tokens": 1, "cached_tokens_details": {"audio_tokens": 7, "image_tokens": 8},
            "cache_creation_token_details": {"ephemeral_1h_input_tokens": 3, "ephemeral_12h_input_tokens": 2}
        },
        "completion_tokens_details": {"reasoning_tokens": 9, "audio_tokens": 10, "image_tokens": 11}
    }));
    assert_eq!(
        (
            usage.cached_tokens,
            usage.cached_audio_tokens,
            usage.cached_image_tokens
        ),
        (40, 7, 8)
    );
    assert_eq!(
        (
            usage.input_audio_tokens,
            usage.input_image_tokens,
            usage.input_video_tokens
        ),
        (30, 20, 1)
    );
    assert_eq!(
        (
            usage.reasoning_tokens,
            usage.output_audio_tokens,
            usage.output_image_tokens
        ),
        (9, 10, 11)
    );
    assert_eq!(
        (
            usage.cache_write_tokens,
            usage.cache_write_1h_tokens,
            usage.cache_write_12h_tokens
        ),
        (5, 3, 2)
    );
    assert_eq!(usage.service_tier.as_deref(), Some("flex"));
}

#[test]
fn responses_images_and_transcriptions_share_one_shape() {
    let usage = read(json!({
        "input_tokens": 10, "output_tokens": 20,
        "input_tokens_details": {"cached_tokens": 4, "image_tokens": 6},
        "output_tokens_details": {"reasoning_tokens": 7, "image_tokens": 8}
    }));
    assert_eq!(
        (
            usage.input_tokens,
            usage.cached_tokens,
            usage.input_image_tokens
        ),
        (10, 4, 6)
    );
    assert_eq!((usage.reasoning_tokens, usage.output_image_tokens), (7, 8));
    let heard = read(json!({
        "type": "tokens", "input_tokens": 14, "output_tokens": 4,
        "input_token_details": {"audio_tokens": 14, "text_tokens": 0}
    }));
    assert_eq!((heard.input_tokens, heard.input_audio_tokens), (14, 14));
    assert_eq!(
        read(json!({"type": "duration", "seconds": 2.5})).input_audio_ms,
        2500
    );
}

#[test]
fn embeddings_rerank_and_ocr_are_counted() {
    assert_eq!(
        read(json!({"prompt_tokens": 8, "total_tokens": 8})).total_tokens(),
        8
    );
    assert_eq!(
        read(json!({"billed_units": {"search_units": 3}})).queries,
        3
    );
    assert_eq!(read(json!({"search_units": 2})).queries, 2);
    assert_eq!(read(json!({"pages_processed": 12})).pages, 12);
}

#[test]
fn searches_and_tiers_are_read_in_each_spelling() {
    for (name, counted) in [
        (
            "server_side_tool_usage_details",
            json!({"web_search_calls": 3}),
        ),
        ("tool_usage", json!({"web_search": {"num_requests": 3}})),
        ("prompt_tokens_details", json!({"web_search_requests": 3})),
    ] {
        let usage = read(json!({"prompt_tokens": 1, name: counted}));
        assert_eq!(usage.web_searches, 3, "{name}");
    }
    for (traffic, tier) in [
        ("ON_DEMAND", "default"),
        ("ON_DEMAND_PRIORITY", "priority"),
        ("ON_DEMAND_FLEX", "flex"),
    ] {
        let usage = read(json!({"prompt_tokens": 1, "traffic_type": traffic}));
        assert_eq!(usage.service_tier.as_deref(), Some(tier));
    }
}

#[test]
fn a_price_of_the_provider_is_read_in_each_spelling() {
    let cost = |extra: Value| {
        let mut usage = json!({"prompt_tokens": 1});
        usage
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        read(usage).reported_cost_usd
    };
    assert_eq!(cost(json!({"cost": 0.25})), Some(0.25));
    assert_eq!(cost(json!({"cost": {"total_cost": 0.006}})), Some(0.006));
    assert_eq!(cost(json!({"cost_in_usd_ticks": 25_000_000})), Some(0.0025));
    assert_eq!(cost(json!({"cost": -1})), None);
    assert_eq!(cost(json!({})), None);
}

#[test]
fn an_old_row_is_still_read_and_a_plain_row_stays_short() {
    let old = r#"{"input_tokens":1,"output_tokens":2,"cached_tokens":0,"cache_write_tokens":0,"reasoning_tokens":0,"reported_cost_usd":null}"#;
    let usage: Usage = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&usage).unwrap(), old);
}

#[test]
fn a_later_report_never_forgets_an_earlier_one() {
    let first = read(json!({"input_tokens": 9, "output_tokens": 1, "speed": "fast", "cost": 0.5}));
    let last = read(json!({"output_tokens": 7, "server_tool_use": {"web_search_requests": 2}}));
    let both = first.updated(last);
    assert_eq!(
        (both.input_tokens, both.output_tokens, both.web_searches),
        (9, 7, 2)
    );
    assert_eq!(
        (both.speed.as_deref(), both.reported_cost_usd),
        (Some("fast"), Some(0.5))
    );
}

#[test]
fn two_calls_add_up() {
    let one = read(json!({"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.5}));
    let two = read(json!({"prompt_tokens": u64::MAX, "completion_tokens": 2, "cost": 0.25}));
    let both = one.plus(two);
    assert_eq!((both.input_tokens, both.output_tokens), (u64::MAX, 3));
    assert_eq!(both.reported_cost_usd, Some(0.75));
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = "(prompt_tokens|completion_tokens|input_tokens|output_tokens|cached_tokens|audio_tokens|type|seconds|cost|prompt_tokens_details|cache_creation|service_tier|cache_read_input_tokens|cache_creation_input_tokens)";
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(duration|flex|)".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 40, 6, move |inner| {
        prop::collection::btree_map(names, inner, 0..6)
            .prop_map(|it| Value::Object(it.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn no_usage_of_a_stranger_breaks_the_reader(usage in any_json()) {
        if let Some(read) = Usage::from_json(&usage) {
            let cost = read.reported_cost_usd.unwrap_or(0.0);
            prop_assert!(cost.is_finite() && cost >= 0.0);
        }
    }
}

#[test]
fn a_plugin_tells_counts_that_are_no_tokens_in_the_words_of_the_contract() {
    let told = json!({"seconds": 1.5, "characters": 7, "images": 2, "pages": 3, "searches": 4});
    let told = Usage::told(&told).unwrap();
    assert_eq!((told.input_audio_ms, told.input_characters), (1_500, 7));
    assert_eq!((told.output_images, told.pages, told.queries), (2, 3, 4));
    let tokens = Usage::told(&json!({"prompt_tokens": 5, "searches": 1})).unwrap();
    assert_eq!((tokens.input_tokens, tokens.queries), (5, 1));
    assert_eq!(Usage::told(&json!({"words": 1})), None);
}
