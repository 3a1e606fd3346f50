//! LiteLLM's model names, and who signs.

use super::*;

fn url(model: &str, config: Value) -> (String, Vec<sluice_sdk::Auth>) {
    let mut asking = call("chat", model);
    asking.config = config.to_string();
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let outbound = sent(&asking, &body);
    (outbound.url, outbound.auth)
}

#[test]
fn names_lead_to_region_and_model() {
    let profile = "arn:aws:bedrock:eu-west-3:1:application-inference-profile/abc";
    let encoded = "arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Aapplication-inference-profile%2Fabc";
    for (model, region, id) in [
        (
            "us.amazon.nova-pro-v1:0",
            "us-west-2",
            "us.amazon.nova-pro-v1%3A0",
        ),
        (
            "converse/us.anthropic.claude-opus-4-6-v1",
            "us-west-2",
            "us.anthropic.claude-opus-4-6-v1",
        ),
        (
            "us-east-1/anthropic.claude-v2:1",
            "us-east-1",
            "anthropic.claude-v2%3A1",
        ),
        (
            "us-gov-west-1/amazon.nova-pro-v1:0",
            "us-gov-west-1",
            "amazon.nova-pro-v1%3A0",
        ),
        (
            "eu-central-1/6-month-commitment/anthropic.claude-v1",
            "eu-central-1",
            "anthropic.claude-v1",
        ),
        (
            "invoke/apac.amazon.nova-lite-v1:0",
            "us-west-2",
            "apac.amazon.nova-lite-v1%3A0",
        ),
        (profile, "eu-west-3", encoded),
        (&format!("converse/{profile}"), "eu-west-3", encoded),
        (&format!("llama/{profile}"), "eu-west-3", encoded),
    ] {
        let want = format!("https://bedrock-runtime.{region}.amazonaws.com/model/{id}/converse");
        assert_eq!(url(model, json!({})).0, want, "{model}");
    }
    let own = url(
        "invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        json!({}),
    )
    .0;
    assert!(
        own.ends_with("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke"),
        "{own}"
    );
}

#[test]
fn settings_lead_to_region_and_model_too() {
    let config = json!({"aws_region_name": "ap-south-1"});
    let (there, auth) = url("amazon.nova-pro-v1:0", config.clone());
    assert!(
        there.starts_with("https://bedrock-runtime.ap-south-1.amazonaws.com/"),
        "{there}"
    );
    let params = [("service", "bedrock"), ("region", "ap-south-1")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!((&*auth[0].scheme, &*auth[0].params), ("sigv4", &params[..]));
    // What a name says of the region is nearer than a setting.
    assert!(
        url("us-east-2/amazon.nova-pro-v1:0", config)
            .0
            .contains(".us-east-2.")
    );
    let arn = "arn:aws:bedrock:us-east-1:1:provisioned-model/xyz";
    let (there, _) = url("anthropic.claude-opus-4-6-v1", json!({"model_id": arn}));
    assert!(
        there.contains("us-east-1") && there.contains("provisioned-model%2Fxyz"),
        "{there}"
    );
    let own = json!({"aws_bedrock_runtime_endpoint": "https://vpce.example/"});
    assert!(
        url("amazon.nova-pro-v1:0", own)
            .0
            .starts_with("https://vpce.example/model/")
    );
}

#[test]
fn a_key_of_its_own_replaces_the_signature() {
    let mut asking = call("chat", "amazon.nova-pro-v1:0");
    asking.secrets = vec!["api_key".into()];
    asking.context = json!({"base_url": "http://127.0.0.1:1"}).to_string();
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let outbound = sent(&asking, &body);
    assert_eq!(outbound.auth[0].scheme, "bearer");
    assert_eq!(outbound.url, "/model/amazon.nova-pro-v1%3A0/converse");
}

#[test]
fn what_is_not_served_is_refused_by_its_name() {
    let body = json!({"messages": []}).to_string();
    let refused = |model: &str, config: Value| {
        let mut asking = call("chat", model);
        asking.config = config.to_string();
        Bedrock::start(&asking, &body).unwrap_err()
    };
    assert_eq!(
        refused("agent/X/Y", json!({})).kind,
        fault::kind::UNSUPPORTED
    );
    let bad = refused(
        "amazon.nova-pro-v1:0",
        json!({"aws_region_name": "evil.example/"}),
    );
    assert_eq!(bad.kind, fault::kind::INVALID_REQUEST);
    let unknown = Bedrock::start(&call("audio.speech", "x"), "{}").unwrap_err();
    assert_eq!(unknown.kind, fault::kind::UNSUPPORTED);
}
