//! Tables from outside.

use serde_json::{Value, json};

use crate::domain::Usage;
use crate::prices::{Prices, Terms, cost};

fn read(table: Value) -> Result<Prices, String> {
    Prices::from_bytes(table.to_string().as_bytes()).map_err(|it| it.to_string())
}

fn one(fields: Value) -> String {
    let mut fields = fields;
    fields["litellm_provider"] = json!("openai");
    let faulty = json!({"good": {"input_cost_per_token": 1e-6, "litellm_provider": "openai"}, "bad": fields});
    read(faulty).unwrap_err()
}

#[test]
fn a_bad_entry_refuses_the_table_and_names_model_and_field() {
    assert_eq!(
        one(json!({"input_cost_per_token": -1e-6})),
        "model `bad`: `input_cost_per_token` is -0.000001; it may not be negative"
    );
    for (fields, field) in [
        (
            json!({"output_cost_per_token": "NaN"}),
            "`output_cost_per_token` is not finite",
        ),
        (
            json!({"output_cost_per_token_above_200k_tokens_flex": []}),
            "`output_cost_per_token_above_200k_tokens_flex` is no number",
        ),
        (json!({"input_cost_per_token": 1e9}), "at most 1000000"),
        (json!({"max_input_tokens": -5}), "`max_input_tokens`"),
        (json!({"max_input_tokens": 1.5}), "`max_input_tokens`"),
        (
            json!({"tiered_pricing": [{"range": [5, 5], "input_cost_per_token": 1}]}),
            "`tiered_pricing`",
        ),
        (
            json!({"tiered_pricing": [{"range": [0, 5], "input_cost_per_token": -1}]}),
            "`tiered_pricing.input_cost_per_token`",
        ),
        (
            json!({"off_peak_pricing": {"hours_utc": "x"}}),
            "`off_peak_pricing.hours_utc`",
        ),
        (
            json!({"search_context_cost_per_query": {"search_context_size_low": -1}}),
            "`search_context_cost_per_query`",
        ),
        (
            json!({"provider_specific_entry": {"us": -1}}),
            "`provider_specific_entry.us`",
        ),
        (
            json!({"some_new_cost_per_wish": -1}),
            "`some_new_cost_per_wish`",
        ),
    ] {
        let fault = one(fields);
        assert!(
            fault.starts_with("model `bad`: ") && fault.contains(field),
            "{fault}"
        );
    }
}

#[test]
fn what_is_no_table_is_said_so() {
    for (bytes, word) in [
        (&b"<html>"[..], "no JSON object"),
        (b"[]", "no JSON object"),
        (b"{}", "names no models"),
        (b"{\"format\":2,\"models\":{}}", "format 2"),
        (b"{\"format\":1,\"models\":{}}", "names no models"),
        (b"{\"m\":3}", "model `m`"),
        (b"{\"m\":{\"input_cost_per_token\":1e999}}", "model `m`"),
        (b"{\"a\\\"b\":{\"input_cost_per_token\":1}}", "`name`"),
        (
            b"{\"format\":1,\"models\":{\"m\":{\"usd\":{\"inn\":1}}}}",
            "`inn`",
        ),
        (
            b"{\"format\":1,\"models\":{\"m\":{\"prices\":{}}}}",
            "`prices`",
        ),
        (b"\xff\xfe", "no JSON object"),
    ] {
        let fault = Prices::from_bytes(bytes).unwrap_err().to_string();
        assert!(fault.contains(word), "{fault}");
    }
    let huge = vec![b' '; 17 * 1024 * 1024];
    assert!(
        Prices::from_bytes(&huge)
            .unwrap_err()
            .to_string()
            .contains("at most")
    );
}

#[test]
fn a_bad_refresh_changes_nothing() {
    let before = Prices::embedded();
    let shared = before.clone();
    let (version, entry) = (before.version(), before.get("gpt-4o").unwrap());
    assert!(read(json!({"gpt-4o": {"input_cost_per_token": -1}})).is_err());
    assert_eq!(shared.version(), version);
    assert_eq!(shared.get("gpt-4o").unwrap(), entry);
}

#[test]
fn a_refresh_lies_over_the_table_or_replaces_it() {
    let fresh = read(json!({
        "sample_spec": {"max_input_tokens": "set to max input tokens, if provider specifies it", "mode": "one of: chat"},
        "gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 9e-6, "output_cost_per_token": 9e-6},
        "new": {"litellm_provider": "openai", "input_cost_per_token": 1e-6}
    }))
    .unwrap();
    let price = |prices: &Prices, name: &str| {
        let usage = Usage {
            input_tokens: 1,
            ..Usage::default()
        };
        let entry = prices.get(name)?;
        cost(Some(&entry), &usage, &Terms::default()).map(|it| it.total.pico())
    };
    let base = Prices::embedded();
    let merged = fresh.over(&base);
    assert_eq!(price(&merged, "gpt-4o"), Some(9_000_000));
    assert_eq!(price(&merged, "new"), Some(1_000_000));
    assert_eq!(price(&merged, "claude-sonnet-4-5"), Some(3_000_000));
    assert_eq!(merged.names().count(), 4552);
    assert_eq!(price(&fresh, "claude-sonnet-4-5"), None);
    assert_eq!(
        *merged.version(),
        format!("{}+{}", fresh.version(), base.version())
    );
    assert_eq!(price(&base, "gpt-4o"), Some(2_500_000));
}

#[test]
fn a_version_is_of_the_content_alone() {
    let table = |price: f64| {
        read(json!({"m": {"input_cost_per_token": price}}))
            .unwrap()
            .version()
    };
    assert_eq!(table(1e-6), table(1e-6));
    assert_ne!(table(1e-6), table(2e-6));
    let reordered =
        br#"{"m": {"mode": "chat", "input_cost_per_token": 1e-06, "litellm_provider": "x"}}"#;
    let ordered =
        br#"{"m": {"litellm_provider": "x", "input_cost_per_token": 0.000001, "mode": "chat"}}"#;
    let version = |bytes| Prices::from_bytes(bytes).unwrap().version();
    assert_eq!(version(reordered), version(ordered));
}

#[test]
fn names_that_differ_by_case_only_are_not_mixed_up() {
    let prices = read(json!({
        "Model": {"input_cost_per_token": 1e-6}, "model": {"input_cost_per_token": 2e-6},
        "Other": {"input_cost_per_token": 3e-6}
    }))
    .unwrap();
    assert_eq!(&*prices.get("Model").unwrap().name, "Model");
    assert_eq!(&*prices.get("model").unwrap().name, "model");
    assert!(prices.get("MODEL").is_none());
    assert_eq!(&*prices.get("oTHER").unwrap().name, "Other");
}

#[test]
fn the_last_of_two_entries_with_one_name_holds() {
    let twice = br#"{"m": {"input_cost_per_token": 1e-6}, "m": {"input_cost_per_token": 2e-6}}"#;
    let prices = Prices::from_bytes(twice).unwrap();
    assert_eq!(prices.names().count(), 1);
    let info = prices.info(&prices.get("m").unwrap());
    assert_eq!(info.get("input_cost_per_token"), Some(&json!(2e-6)));
}

#[test]
fn the_whole_map_is_litellms_and_reads_back_to_the_same_prices() {
    let base = Prices::embedded();
    let own = read(
        json!({"gpt-4o": {"input_cost_per_token": 9e-6}, "mine": {"mode": "chat",
        "output_cost_per_token": 1e-6}}),
    )
    .unwrap();
    let map = own.over(&base).map();
    assert_eq!(map.len(), 4552);
    assert_eq!(map["gpt-4o"]["input_cost_per_token"], json!(9e-6));
    assert_eq!(
        map["mine"],
        json!({"mode": "chat", "output_cost_per_token": 1e-6})
    );
    let again = read(base.map().into()).unwrap();
    let prices = |table: &Prices, name: &str| table.get(name).map(|it| (*it).clone());
    for name in base.names() {
        assert_eq!(prices(&base, name), prices(&again, name), "{name}");
    }
}
