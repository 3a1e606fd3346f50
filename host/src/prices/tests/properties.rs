//! What holds for every usage and every model of the table.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::domain::{Usage, Usd};
use crate::prices::unit::Unit;
use crate::prices::{Entry, Prices, Service, Terms, cost};

static PRICES: LazyLock<Prices> = LazyLock::new(Prices::embedded);
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| PRICES.names().map(str::to_owned).collect());

fn any_entry() -> impl Strategy<Value = std::sync::Arc<Entry>> {
    any::<prop::sample::Index>().prop_map(|at| PRICES.get(at.get::<String>(&NAMES)).unwrap())
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
}

/// Token counts that contradict each other as they like, up to `most`.
fn any_tokens(most: u64) -> impl Strategy<Value = Usage> {
    let counts = prop::array::uniform16(prop_oneof![Just(0), 0..=most]);
    let tier = word(&[
        "flex",
        "priority",
        "batch",
        "default",
        "fast",
        "ultrafast",
        "balanced",
        "decisions",
    ]);
    let words = (
        tier,
        word(&["us", "eu", "global"]),
        word(&["fast"]),
        any::<bool>(),
    );
    (counts, words).prop_map(
        |(c, (service_tier, inference_geo, speed, explicit_cache))| Usage {
            input_tokens: c[0],
            output_tokens: c[1],
            cached_tokens: c[2],
            cache_write_tokens: c[3],
            reasoning_tokens: c[4],
            cache_write_1h_tokens: c[5],
            cache_write_12h_tokens: c[6],
            input_audio_tokens: c[7],
            input_image_tokens: c[8],
            input_video_tokens: c[9],
            cached_audio_tokens: c[10],
            cached_image_tokens: c[11],
            output_audio_tokens: c[12],
            output_image_tokens: c[13],
            output_video_tokens: c[14],
            service_tier,
            inference_geo,
            speed,
            explicit_cache,
            ..Usage::default()
        },
    )
}

/// Counts beside tokens.
fn any_units() -> impl Strategy<Value = Usage> {
    prop::array::uniform16(prop_oneof![Just(0), 0u64..10_000]).prop_map(|c| Usage {
        web_searches: c[0],
        maps_searches: c[1],
        code_sessions: c[2],
        queries: c[3],
        pages: c[4],
        annotated_pages: c[5],
        credits: c[6],
        input_images: c[7],
        output_images: c[8],
        output_pixels: c[9],
        input_characters: c[10],
        output_characters: c[11],
        input_audio_ms: c[12],
        input_video_ms: c[13],
        output_media_ms: c[14],
        input_messages: c[15],
        ..Usage::default()
    })
}

fn any_terms() -> impl Strategy<Value = Terms<'static>> {
    let place = prop::option::of(prop::sample::select(
        &["us", "eu", "fedramp", "global", "us-east5"][..],
    ));
    (
        0i64..2_000_000_000_000,
        any::<bool>(),
        place.clone(),
        place,
        0u64..100_000,
    )
        .prop_map(
            |(at_ms, batch, data_residency, location, elapsed_ms)| Terms {
                at_ms,
                batch,
                data_residency,
                location,
                elapsed_ms,
                ..Terms::default()
            },
        )
}

fn price(entry: &Entry, usage: &Usage, terms: &Terms<'_>) -> Option<Usd> {
    cost(Some(entry), usage, terms).map(|it| it.total)
}

/// A step of one kind of token, as a usage to add: a part grows with its whole.
fn step(kind: usize, by: u64) -> Usage {
    let mut more = Usage::default();
    let (whole, part) = match kind {
        0 => (&mut more.input_tokens, None),
        1 => (&mut more.input_tokens, Some(&mut more.cached_tokens)),
        2 => (&mut more.input_tokens, Some(&mut more.cache_write_tokens)),
        3 => (&mut more.input_tokens, Some(&mut more.input_audio_tokens)),
        4 => (&mut more.input_tokens, Some(&mut more.input_image_tokens)),
        5 => (&mut more.input_tokens, Some(&mut more.input_video_tokens)),
        6 => (&mut more.output_tokens, None),
        7 => (&mut more.output_tokens, Some(&mut more.reasoning_tokens)),
        8 => (&mut more.output_tokens, Some(&mut more.output_audio_tokens)),
        _ => (&mut more.output_tokens, Some(&mut more.output_image_tokens)),
    };
    *whole = by;
    if let Some(part) = part {
        *part = by;
    }
    more
}

/// A usage whose parts fit into their wholes: a sum of steps.
fn fitting_usage() -> impl Strategy<Value = Usage> {
    prop::collection::vec((0usize..10, 0u64..20_000), 0..8).prop_map(|steps| {
        steps
            .into_iter()
            .fold(Usage::default(), |sum, (kind, by)| sum.plus(step(kind, by)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// And no count, however large, breaks the arithmetic.
    #[test]
    fn no_bill_is_negative(
        entry in any_entry(), tokens in any_tokens(u64::MAX), units in any_units(), terms in any_terms(),
    ) {
        if let Some(it) = cost(Some(&entry), &tokens.plus(units), &terms) {
            for line in [it.input, it.output, it.cache_read, it.cache_write, it.reasoning, it.audio, it.image, it.tools, it.total] {
                prop_assert!(line >= Usd::ZERO);
            }
            // Far beyond any bill the sums saturate, and no longer add up.
            if it.original.pico() < 10i128.pow(25) {
                let cache = it.cache_read + it.cache_write;
                prop_assert!(cache <= it.input + Usd::from_pico(2) && it.reasoning <= it.output);
                let parts = it.input + it.output + it.tools;
                prop_assert!((parts - it.original).pico().abs() <= 2);
            }
        }
    }

    /// For every kind of token, in every model: one more never costs less. Across a threshold the
    /// whole request is repriced, which is a jump upwards in this table, so that the claim holds
    /// there too. It does not where a unit takes another's place: a count of characters, seconds or
    /// images replaces tokens, and the other way round.
    #[test]
    fn more_tokens_never_cost_less(
        entry in any_entry(), usage in fitting_usage(), kind in 0usize..10,
        by in prop_oneof![Just(1u64), 1u64..300_000], terms in any_terms(),
    ) {
        let grown = usage.clone().plus(step(kind, by));
        if let (Some(less), Some(more)) = (price(&entry, &usage, &terms), price(&entry, &grown, &terms)) {
            prop_assert!(more >= less, "{}: {} < {}", entry.name, more, less);
        }
    }

    /// Within one tier a bill is linear: two usages together cost what they cost apart, but for the
    /// prices of a call itself and the rounding of each.
    #[test]
    fn within_a_tier_bills_add_up(entry in any_entry(), one in fitting_usage(), two in fitting_usage()) {
        let least = entry.prices.iter().map(|it| it.0.above).filter(|it| *it > 0).min();
        let both = one.clone().plus(two.clone());
        let one_tier = least.is_none_or(|it| both.input_tokens < it) && entry.ranges.is_empty();
        let call_costs = matches!(&*entry.mode, "rerank" | "search") || entry.base(Unit::PerRequest).is_some();
        let price = |usage| price(&entry, usage, &Terms::default());
        if let (true, false, Some(a), Some(b), Some(sum)) = (one_tier, call_costs, price(&one), price(&two), price(&both)) {
            prop_assert!((sum - a - b).pico().abs() <= 2);
        }
    }

    /// But a document is paid by the page or by the credit, so that the first credit takes the
    /// pages' place.
    #[test]
    fn more_units_never_cost_less(entry in any_entry(), one in any_units(), two in any_units()) {
        let more = Usage { credits: if one.credits > 0 { two.credits } else { 0 }, ..two };
        let both = one.clone().plus(more);
        let price = |usage| price(&entry, usage, &Terms::default());
        if let (Some(less), Some(more)) = (price(&one), price(&both)) {
            prop_assert!(more >= less, "{}: {} < {}", entry.name, more, less);
        }
    }

    #[test]
    fn no_usage_costs_more_than_its_estimate(
        entry in any_entry(), usage in any_tokens(600_000), terms in any_terms(), slack in 0u64..1000,
    ) {
        let terms = Terms { elapsed_ms: 0, ..terms };
        let estimate = entry.estimate(
            usage.input_tokens.saturating_add(slack),
            usage.output_tokens.saturating_add(slack),
        );
        if let (Some(estimate), Some(actual)) = (estimate, price(&entry, &usage, &terms)) {
            prop_assert!(actual <= estimate, "{}: {} > {}", entry.name, actual, estimate);
        }
        if usage.input_tokens > 0 && usage.output_tokens > 0 && price(&entry, &usage, &terms).is_some() {
            prop_assert!(estimate.is_some(), "{}: priced, but not estimated", entry.name);
        }
    }

    #[test]
    fn no_usage_costs_more_than_its_bound(
        entry in any_entry(), tokens in any_tokens(600_000), units in any_units(), terms in any_terms(),
    ) {
        let usage = tokens.plus(units);
        let bound = entry.upper_bound(&usage, None, terms.elapsed_ms);
        if let (Some(bound), Some(actual)) = (bound, price(&entry, &usage, &terms)) {
            prop_assert!(actual <= bound, "{}: {} > {}", entry.name, actual, bound);
        }
        let served = if terms.batch { Service::Batch } else {
            usage.service_tier.as_deref().and_then(Service::named).unwrap_or_default()
        };
        let narrow = entry.upper_bound(&usage, Some(served), terms.elapsed_ms);
        prop_assert!(narrow <= bound);
        if let (Some(bound), Some(actual)) = (narrow, price(&entry, &usage, &terms)) {
            prop_assert!(actual <= bound, "{}: {} > {}", entry.name, actual, bound);
        }
    }

    #[test]
    fn no_bytes_of_a_stranger_break_the_loader(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        r#"\{"(format|m)":(1|\{"(usd|input_cost_per_token|x|ranges|tiered_pricing|off_peak_pricing|above)":(-1|0|\[\]|\{\}|\[\{\}\]|null|"x")\})(,"models":\{"m":\{"(usd|x|ranges|search|above|can)":(\{\}|\[\{\}\]|1|\{"(in|1k|off_peak_pricing)":(\{\}|-1|"")\})\}\})?\}"#
            .prop_map(String::into_bytes),
    ]) {
        let _ = Prices::from_bytes(&bytes);
    }
}
