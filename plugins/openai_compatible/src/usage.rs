//! The usage object, with the counts where OpenAI has them. What the provider says besides stays.

use sluice_sdk::serde_json::json;

use crate::object::Object;

/// A number of xAI's ticks, which are ten to the minus ten dollars each.
const TICKS_PER_DOLLAR: f64 = 1e10;

/// The canonical form of a usage object; none if it holds no count.
pub fn canonical(raw: &str, reasoning_outside: bool) -> Option<String> {
    let mut usage = Object::parse(raw)?;
    usage.retain(|_, raw| raw != "null");
    for (name, other) in [
        ("prompt_tokens", "input_tokens"),
        ("completion_tokens", "output_tokens"),
    ] {
        if let (None, Some(count)) = (usage.count(name), usage.count(other)) {
            usage.put(name, count);
        }
    }
    let counts = ["prompt_tokens", "completion_tokens"].map(|name| usage.count(name));
    if counts == [None, None] {
        return None;
    }
    for (name, count) in ["prompt_tokens", "completion_tokens"]
        .into_iter()
        .zip(counts)
    {
        if count.is_none() {
            usage.put(name, 0);
        }
    }
    let input = usage.count("prompt_tokens");
    let cached = [
        "prompt_cache_hit_tokens",
        "cached_tokens",
        "num_cached_tokens",
        "cache_read_input_tokens",
    ];
    let cached = cached.into_iter().find_map(|name| usage.count(name));
    detail(&mut usage, "prompt_tokens_details", "cached_tokens", cached);
    let written = usage
        .count("cache_creation_input_tokens")
        .filter(|it| *it > 0);
    detail(
        &mut usage,
        "prompt_tokens_details",
        "cache_write_tokens",
        written,
    );
    let reasoning = usage.count("reasoning_tokens");
    detail(
        &mut usage,
        "completion_tokens_details",
        "reasoning_tokens",
        reasoning,
    );
    if reasoning_outside {
        add_reasoning(&mut usage);
    }
    if usage.get("total_tokens").is_none() {
        let output = usage.count("completion_tokens").unwrap_or(0);
        usage.put("total_tokens", input.unwrap_or(0).saturating_add(output));
    }
    cost(&mut usage);
    Some(usage.write())
}

fn detail(usage: &mut Object<'_>, group: &str, name: &str, count: Option<u64>) {
    let Some(count) = count else { return };
    let known = usage.get(group).map(str::to_owned);
    let mut details = known.as_deref().and_then(Object::parse).unwrap_or_default();
    if details.get(name).is_none() {
        details.put(name, count);
        let details = details.write();
        usage.set(group, details);
    }
}

/// xAI counts reasoning apart from the output, and only the total has both.
fn add_reasoning(usage: &mut Object<'_>) {
    let details = usage
        .get("completion_tokens_details")
        .and_then(Object::parse);
    let reasoning = details
        .and_then(|it| it.count("reasoning_tokens"))
        .unwrap_or(0);
    let counts =
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|name| usage.count(name));
    let [Some(input), Some(output), Some(total)] = counts else {
        return;
    };
    if reasoning > 0 && total == input.saturating_add(output).saturating_add(reasoning) {
        usage.put("completion_tokens", output.saturating_add(reasoning));
    }
}

/// Dollars under `cost`, where the provider has a price of its own for the call.
fn cost(usage: &mut Object<'_>) {
    if let Some(ticks) = usage
        .count("cost_in_usd_ticks")
        .filter(|_| usage.get("cost").is_none())
    {
        usage.put("cost", json!(ticks as f64 / TICKS_PER_DOLLAR));
    }
    let parts = usage
        .get("cost")
        .filter(|raw| raw.starts_with('{'))
        .map(str::to_owned);
    if let Some(parts) = parts {
        let total = Object::parse(&parts).and_then(|it| it.get("total_cost").map(str::to_owned));
        if let Some(total) = total {
            usage.set("cost", total);
            usage.set("cost_details", parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_move_to_where_openai_has_them() {
        let raw = r#"{"prompt_tokens":5,"completion_tokens":3,"prompt_cache_hit_tokens":2,"reasoning_tokens":1,"x":1.50}"#;
        let want = r#"{"prompt_tokens":5,"completion_tokens":3,"prompt_cache_hit_tokens":2,"reasoning_tokens":1,"x":1.50,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1},"total_tokens":8}"#;
        assert_eq!(canonical(raw, false).as_deref(), Some(want));
    }

    #[test]
    fn counts_under_other_names_and_counts_that_stand_alone_are_counts() {
        let out = canonical(r#"{"input_tokens":5,"output_tokens":3}"#, false).unwrap();
        let want = r#""prompt_tokens":5,"completion_tokens":3,"total_tokens":8"#;
        assert!(out.contains(want), "{out}");
        let out = canonical(r#"{"completion_tokens":3}"#, false).unwrap();
        assert_eq!(
            out,
            r#"{"completion_tokens":3,"prompt_tokens":0,"total_tokens":3}"#
        );
    }

    #[test]
    fn null_counts_are_no_counts() {
        assert_eq!(
            canonical(r#"{"prompt_tokens":null,"total_tokens":null}"#, false),
            None
        );
    }

    #[test]
    fn reasoning_outside_the_output_is_added_where_the_total_says_so() {
        let raw = r#"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":5}}"#;
        assert!(
            canonical(raw, true)
                .unwrap()
                .contains(r#""completion_tokens":7"#)
        );
        assert!(
            canonical(raw, false)
                .unwrap()
                .contains(r#""completion_tokens":2"#)
        );
        let inside = raw.replace("17", "12");
        assert!(
            canonical(&inside, true)
                .unwrap()
                .contains(r#""completion_tokens":2"#)
        );
    }

    #[test]
    fn the_price_is_in_dollars() {
        let ticks = r#"{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1,"cost_in_usd_ticks":1087500}"#;
        assert!(
            canonical(ticks, false)
                .unwrap()
                .contains(r#""cost":0.00010875"#)
        );
        let parts = r#"{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1,"cost":{"total_cost":0.006}}"#;
        assert!(
            canonical(parts, false)
                .unwrap()
                .ends_with(r#""cost":0.006,"cost_details":{"total_cost":0.006}}"#)
        );
    }
}
