//! The table of this build, and how a model is found in it.

use serde_json::Value;

use crate::prices::{Prices, TABLE, Wanted};

#[test]
fn every_entry_is_read_and_the_version_is_that_of_the_content() {
    let prices = Prices::embedded();
    let names: Vec<_> = prices.names().map(str::to_owned).collect();
    assert_eq!(names.len(), 4551);
    for name in &names {
        let entry = prices.get(name).unwrap();
        assert_eq!(
            (&*entry.name, entry.provider.is_empty()),
            (name.as_str(), false)
        );
    }
    // Reading it anew writes the same file: order, numbers and version are canonical.
    let again = Prices::from_bytes(TABLE.as_bytes()).unwrap();
    assert!(
        again.table() == TABLE,
        "the table is not as the loader writes it"
    );
    assert_eq!(again.version(), prices.version());
    assert!(prices.version().starts_with("2026-11-22-"));
}

#[test]
fn litellms_own_format_says_the_same() {
    let prices = Prices::embedded();
    let theirs: serde_json::Map<String, Value> = prices
        .names()
        .map(|name| {
            (
                name.to_owned(),
                prices.info(&prices.get(name).unwrap()).into(),
            )
        })
        .collect();
    let back = Prices::from_bytes(Value::Object(theirs).to_string().as_bytes()).unwrap();
    for name in prices.names() {
        let (one, two) = (prices.get(name).unwrap(), back.get(name).unwrap());
        assert_eq!(one, two);
        assert_eq!(prices.info(&one), back.info(&two));
    }
}

#[test]
fn a_providers_models_are_named_as_it_names_them() {
    let prices = Prices::embedded();
    let openai = prices.models_of("openai");
    assert!(openai.contains(&"gpt-4o") && openai.contains(&"text-embedding-3-small"));
    assert!(!openai.iter().any(|it| it.contains("1024")), "{openai:?}");
    assert!(prices.models_of("gemini").contains(&"gemini-2.5-flash"));
    assert!(prices.models_of("nobody").is_empty());
}

/// The key that is found for a model of a provider.
fn found(wanted: Wanted<'_>) -> Option<String> {
    Prices::embedded()
        .find(&wanted)
        .map(|it| it.name.to_string())
}

fn plain(provider: &str, model: &str) -> Option<String> {
    found(Wanted {
        provider,
        model,
        ..Wanted::default()
    })
}

#[test]
fn models_are_found_bare_or_with_their_provider() {
    let cases = [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "openai/gpt-4o", "gpt-4o"),
        ("openai", "GPT-4o", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("azure", "gpt-4o", "azure/gpt-4o"),
        ("gemini", "gemini-2.5-flash", "gemini/gemini-2.5-flash"),
        ("vertex_ai", "gemini-2.5-flash", "gemini-2.5-flash"),
        ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("cohere", "rerank-english-v3.0", "rerank-english-v3.0"),
        (
            "openai",
            "ft:gpt-4o-2024-08-06:org:name:id",
            "ft:gpt-4o-2024-08-06",
        ),
        (
            "openai",
            "ft:gpt-4o-2024-08-06:org::id",
            "ft:gpt-4o-2024-08-06",
        ),
    ];
    for (provider, model, name) in cases {
        assert_eq!(
            plain(provider, model).as_deref(),
            Some(name),
            "{provider} {model}"
        );
    }
}

#[test]
fn bedrocks_routes_regions_and_profiles_lead_to_one_model() {
    let cases = [
        (
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            "converse/anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        ("us-gov.writer.palmyra-x5-v1:0", "writer.palmyra-x5-v1:0"),
        (
            "invoke/us.writer.palmyra-vision-7b",
            "writer.palmyra-vision-7b",
        ),
        (
            "us-east-1/anthropic.claude-v1",
            "bedrock/us-east-1/anthropic.claude-v1",
        ),
        ("writer.palmyra-x5-v1:0:51k", "writer.palmyra-x5-v1:0"),
        (
            "arn:aws:bedrock:us-west-2::foundation-model/writer.palmyra-x5-v1:0",
            "writer.palmyra-x5-v1:0",
        ),
    ];
    for (model, name) in cases {
        assert_eq!(plain("bedrock", model).as_deref(), Some(name), "{model}");
        assert_eq!(
            plain("bedrock_converse", model).as_deref(),
            Some(name),
            "{model}"
        );
    }
    let region = Wanted {
        provider: "bedrock",
        model: "anthropic.claude-v1",
        region: Some("us-east-1"),
        ..Wanted::default()
    };
    assert_eq!(
        found(region).as_deref(),
        Some("bedrock/us-east-1/anthropic.claude-v1")
    );
    let elsewhere = Wanted {
        region: Some("mars-north-1"),
        ..region
    };
    assert_eq!(found(elsewhere), plain("bedrock", "anthropic.claude-v1"));
    assert_eq!(
        plain(
            "bedrock",
            "arn:aws:bedrock:us-west-2:1:application-inference-profile/abc"
        ),
        None
    );
}

#[test]
fn azure_has_data_zones_and_deployments_need_a_base_model() {
    let mine = Wanted {
        provider: "azure",
        model: "my-deployment",
        ..Wanted::default()
    };
    assert_eq!(found(mine), None);
    let based = |base_model| Wanted {
        base_model: Some(base_model),
        ..mine
    };
    assert_eq!(
        found(based("azure/gpt-4o")).as_deref(),
        Some("azure/gpt-4o")
    );
    assert_eq!(found(based("gpt-4o")).as_deref(), Some("azure/gpt-4o"));
    let zone = Wanted {
        region: Some("eu"),
        ..based("gpt-4o")
    };
    assert_eq!(found(zone).as_deref(), Some("azure/eu/gpt-4o"));
    assert_eq!(found(based("no-such-model")), None);
    let other = Wanted {
        provider: "openai",
        model: "x",
        base_model: Some("groq/openai/gpt-oss-120b"),
        ..mine
    };
    assert_eq!(found(other).as_deref(), Some("groq/openai/gpt-oss-120b"));
}

#[test]
fn images_are_found_by_quality_and_size() {
    let image = Wanted {
        provider: "azure",
        model: "dall-e-3",
        size: Some("1024x1024"),
        quality: Some("hd"),
        ..Wanted::default()
    };
    assert_eq!(
        found(image).as_deref(),
        Some("azure/hd/1024-x-1024/dall-e-3")
    );
    let low = Wanted {
        provider: "openai",
        model: "gpt-image-1",
        quality: Some("low"),
        ..image
    };
    assert_eq!(found(low).as_deref(), Some("low/1024-x-1024/gpt-image-1"));
    let odd = Wanted {
        size: Some("999x999"),
        ..low
    };
    assert_eq!(found(odd).as_deref(), Some("gpt-image-1"));
}

#[test]
fn nothing_is_guessed() {
    for (provider, model) in [
        ("groq", "gpt-4o"),
        ("azure", "claude-sonnet-4-5"),
        ("openai", "gpt-4o-2099-01-01"),
        ("openai", "gpt-4o:latest"),
        ("openai", "gpt-4"[..3].as_ref()),
        ("vertex_ai", "gemini-2.5"),
        ("anthropic", "claude-sonnet-4-99"),
        ("openai", ""),
        ("", "gpt-4o"),
        ("openai", "models\":{"),
    ] {
        assert_eq!(plain(provider, model), None, "{provider} {model}");
    }
}
