//! Bills computed by hand, one for each rule.

use serde_json::{Map, Value, json};

use crate::domain::{Usage, Usd};
use crate::prices::{Cost, Depth, Entry, Overrides, Prices, Source, Terms, Wanted, cost};

/// An entry from LiteLLM's fields.
pub fn entry(fields: Value) -> Entry {
    let table = json!({"m": fields});
    let prices = Prices::from_bytes(table.to_string().as_bytes()).unwrap();
    (*prices.get("m").unwrap()).clone()
}

fn usage(fields: Value) -> Usage {
    serde_json::from_value(fields).unwrap()
}

fn bill(entry: &Entry, used: Value, terms: &Terms<'_>) -> Cost {
    cost(Some(entry), &usage(used), terms).unwrap()
}

/// The total in units of 10^-12 dollars.
fn total(entry: &Entry, used: Value) -> Option<i128> {
    cost(Some(entry), &usage(used), &Terms::default()).map(|it| it.total.pico())
}

/// `micro(3)` is three millionths of a dollar.
fn micro(count: i128) -> i128 {
    count * 1_000_000
}

fn table(name: &str) -> Entry {
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
fn an_image_model_sells_tokens_where_they_are_counted_else_images_else_pixels() {
    let gpt_image = table("gpt-image-1");
    // 5 in, 10 for a picture in, 40 out.
    let tokens = json!({"input_tokens": 30, "input_image_tokens": 10, "output_tokens": 100, "output_images": 1});
    assert_eq!(total(&gpt_image, tokens), Some(micro(100 + 100 + 4000)));
    let flux = entry(
        json!({"mode": "image_generation", "output_cost_per_image": 0.04,
        "output_cost_per_image_2K": 0.1}),
    );
    assert_eq!(
        total(&flux, json!({"output_images": 2, "output_pixels": 999})),
        Some(micro(80_000))
    );
    let large = Terms {
        image_size: Some("2k"),
        ..Terms::default()
    };
    assert_eq!(
        bill(&flux, json!({"output_images": 2}), &large)
            .image
            .pico(),
        micro(200_000)
    );
    let dall_e = table("azure/hd/1024-x-1024/dall-e-3");
    let pixels = total(
        &dall_e,
        json!({"output_images": 1, "output_pixels": 1024 * 1024}),
    );
    // 1,048,576 × 8.39233e-08 is 0.08799995822080 exactly.
    assert_eq!(pixels, Some(87_999_958_221));
    assert_eq!(
        total(&flux, json!({})),
        None,
        "an image call without a count is not free"
    );
}

#[test]
fn seconds_of_sound_are_paid_unless_their_tokens_are() {
    let whisper = table("whisper-1");
    assert_eq!(
        total(&whisper, json!({"input_audio_ms": 2500})),
        Some(micro(250))
    );
    assert_eq!(total(&whisper, json!({})), None);
    // gpt-4o-transcribe: 2.5 a token of sound, 10 out, or 100 a second, in millionths.
    let transcribe = table("gpt-4o-transcribe");
    let tokens = json!({"input_tokens": 14, "input_audio_tokens": 14, "output_tokens": 4, "input_audio_ms": 1000});
    assert_eq!(total(&transcribe, tokens), Some(micro(75)));
    assert_eq!(
        total(&transcribe, json!({"input_audio_ms": 1000})),
        Some(micro(100))
    );
}

#[test]
fn characters_are_paid_in_place_of_their_tokens() {
    let tts = table("tts-1");
    assert_eq!(
        total(&tts, json!({"input_characters": 100})),
        Some(micro(1500))
    );
    let both = entry(json!({"input_cost_per_character": 1e-6, "input_cost_per_token": 9e-6}));
    assert_eq!(
        total(&both, json!({"input_characters": 7, "input_tokens": 3})),
        Some(micro(7))
    );
    assert_eq!(total(&both, json!({"input_tokens": 3})), Some(micro(27)));
}

#[test]
fn video_is_paid_by_the_second_and_the_resolution() {
    let sora = table("openai/sora-2");
    assert_eq!(
        total(&sora, json!({"output_media_ms": 4000})),
        Some(micro(400_000))
    );
    let veo = entry(
        json!({"mode": "video_generation", "output_cost_per_second": 0.4, "output_cost_per_second_4k": 0.6}),
    );
    let four_k = Terms {
        resolution: Some("4K"),
        ..Terms::default()
    };
    assert_eq!(
        bill(&veo, json!({"output_media_ms": 1500}), &four_k)
            .total
            .pico(),
        micro(900_000)
    );
    assert_eq!(
        bill(&veo, json!({"output_media_ms": 1500}), &Terms::default())
            .total
            .pico(),
        micro(600_000)
    );
}

#[test]
fn work_by_the_second_takes_the_time_of_the_answer() {
    let own = entry(json!({"input_cost_per_second": 0.00042, "mode": "chat"}));
    let terms = Terms {
        elapsed_ms: 2500,
        ..Terms::default()
    };
    let used = json!({"input_tokens": 5, "output_tokens": 5});
    assert_eq!(bill(&own, used.clone(), &terms).total.pico(), micro(1050));
    assert_eq!(
        total(&own, used),
        None,
        "without a time the price is unknown"
    );
}

#[test]
fn rerank_search_and_paper_are_counted_in_their_units() {
    let rerank = table("rerank-english-v3.0");
    assert_eq!(total(&rerank, json!({"queries": 3})), Some(micro(6000)));
    assert_eq!(
        total(&rerank, json!({})),
        Some(micro(2000)),
        "a call is one query"
    );
    let exa = table("exa_ai/search");
    let many = Terms {
        results: Some(26),
        ..Terms::default()
    };
    assert_eq!(
        bill(&exa, json!({}), &Terms::default()).total.pico(),
        micro(5000)
    );
    assert_eq!(bill(&exa, json!({}), &many).total.pico(), micro(25_000));
    let ocr = entry(
        json!({"mode": "ocr", "ocr_cost_per_page": 0.001, "annotation_cost_per_page": 0.003,
        "ocr_cost_per_page_batches": 0.0005}),
    );
    assert_eq!(
        total(&ocr, json!({"pages": 2, "annotated_pages": 1})),
        Some(micro(5000))
    );
    assert_eq!(
        total(&ocr, json!({"pages": 2, "service_tier": "batch"})),
        Some(micro(1000))
    );
    let online = table("perplexity/pplx-7b-online");
    assert_eq!(
        total(&online, json!({"output_tokens": 100})),
        Some(micro(5000 + 28))
    );
}

#[test]
fn searches_cost_by_depth_and_google_sells_them_by_the_prompt() {
    let sonar = table("perplexity/sonar");
    let searched = json!({"input_tokens": 1, "output_tokens": 1, "web_searches": 2});
    for (depth, micros) in [
        (Depth::Low, 10_002),
        (Depth::Medium, 16_002),
        (Depth::High, 24_002),
    ] {
        let terms = Terms {
            search_depth: depth,
            ..Terms::default()
        };
        let it = bill(&sonar, searched.clone(), &terms);
        assert_eq!(
            (it.total.pico(), it.tools.pico()),
            (micro(micros), micro(micros - 2))
        );
    }
    let old = entry(
        json!({"litellm_provider": "gemini", "input_cost_per_token": 0, "output_cost_per_token": 0,
        "search_context_cost_per_query": {"search_context_size_medium": 0.035}}),
    );
    assert_eq!(total(&old, searched.clone()), Some(micro(35_000)));
    let new = entry(
        json!({"litellm_provider": "gemini", "input_cost_per_token": 0, "output_cost_per_token": 0,
        "web_search_billing_unit": "per_query",
        "search_context_cost_per_query": {"search_context_size_medium": 0.035}}),
    );
    assert_eq!(total(&new, searched.clone()), Some(micro(70_000)));
    let silent = entry(json!({"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}));
    let it = bill(&silent, searched, &Terms::default());
    assert_eq!(
        (it.total.pico(), it.unpriced),
        (micro(2), vec!["web search"])
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
