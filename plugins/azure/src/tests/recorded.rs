//! Every recorded exchange.

use super::*;

/// Host and path of a recorded address, its deployment and its version.
fn read(url: &str) -> (String, String, Option<String>, Option<String>) {
    let rest = url.strip_prefix("https://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let deployment = path.strip_prefix("openai/deployments/");
    let deployment = deployment.map(|it| it.split('/').next().unwrap().to_owned());
    let version = url.split_once("api-version=").map(|(_, it)| it.to_owned());
    (
        format!("https://{host}"),
        format!("/{path}"),
        deployment,
        version,
    )
}

#[test]
fn requests_that_were_accepted_are_sent_as_they_were_and_answers_relayed() {
    let mut seen = 0;
    for item in corpus()
        .iter()
        .filter(|it| it["status"] == 200 && it["url"].is_string())
    {
        let (base, path, deployment, version) = read(text(item, "url"));
        let (operation, streaming) = match text(item, "operation").strip_suffix("-stream") {
            Some(operation) => (operation, true),
            None => (text(item, "operation"), false),
        };
        let mut want = item["request"].clone();
        if streaming && operation == "chat" {
            want["stream_options"]["include_usage"] = true.into();
        }
        let mut config = json!({});
        match version {
            Some(version) => config["api_version"] = version.into(),
            None => config["api_version"] = "v1".into(),
        }
        let model = deployment.unwrap_or_else(|| text(item, "model").to_owned());
        let call = json!({"provider": item["provider"], "operation": operation, "model": model, "streaming": streaming,
            "body": item["request"], "config": config, "context": {"base_url": base}});
        let exchange = json!({"request": {"method": "POST", "url": path, "body": want},
            "reply": {"status": 200, "headers": item["headers"], "body": item["body"]}});
        let outcome =
            played(call, exchange).unwrap_or_else(|what| panic!("{}: {what}", item["id"]));
        assert!(outcome.relayed, "{}", item["id"]);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

/// What is relayed is what the host reads: each recorded answer has what it looks for, and the
/// filters' results are in it.
#[test]
fn recorded_answers_are_canonical_already() {
    let mut filtered = 0;
    for item in corpus().iter().filter(|it| it["status"] == 200) {
        let body = text(item, "body");
        filtered += usize::from(body.contains("content_filter_result"));
        if text(item, "kind").ends_with("-stream") {
            let events = body.lines().filter_map(|it| it.strip_prefix("data:"));
            let mut events = events.filter(|it| it.trim() != "[DONE]").peekable();
            assert!(events.peek().is_some(), "{}", item["id"]);
            for event in events {
                let event: Value = serde_json::from_str(event).unwrap();
                assert!(
                    event["choices"].is_array() || event["type"].is_string(),
                    "{}",
                    item["id"]
                );
            }
            continue;
        }
        let answer: Value = serde_json::from_str(body).unwrap();
        let member = match text(item, "kind") {
            "chat" => "choices",
            "embeddings" => "data",
            _ => "output",
        };
        assert!(answer[member].is_array(), "{}", item["id"]);
        assert!(answer["usage"].is_object(), "{}", item["id"]);
    }
    assert!(filtered > 20, "{filtered}");
}

/// The kind by the rules of `describe`, and by the status where none fits.
pub fn kind(provider: usize, document: &Value, status: u64) -> String {
    let describe = describe::document();
    let rules = describe["providers"][provider]["errors"]["kinds"].clone();
    let fits = |rule: &&Value| {
        let value = document
            .pointer(text(rule, "pointer"))
            .and_then(Value::as_str);
        value.is_some_and(|value| match rule["equals"].as_str() {
            Some(wanted) => value == wanted,
            None => value.contains(text(rule, "contains")),
        })
    };
    let by_status = match status {
        401 => "authentication",
        404 => "not-found",
        429 => "rate-limit",
        400..=499 => "invalid-request",
        _ => "upstream",
    };
    let found = rules.as_array().unwrap().iter().find(fits);
    found.map_or(by_status, |it| text(it, "kind")).to_owned()
}

#[test]
fn recorded_refusals_have_their_kind_and_message_where_describe_says() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["status"] != 200) {
        let reply =
            json!({"status": item["status"], "headers": item["headers"], "body": item["body"]});
        let call = json!({"provider": item["provider"]});
        let outcome = played(call, json!({ "reply": reply })).unwrap();
        assert_eq!(outcome.error.unwrap().kind, "", "the host maps by describe");
        let document: Value = serde_json::from_str(text(item, "body")).unwrap();
        assert!(document["error"]["message"].is_string(), "{}", item["id"]);
        let status = item["status"].as_u64().unwrap();
        let want = match status {
            401 => "authentication",
            404 => "not-found",
            _ => "rate-limit",
        };
        let provider = usize::from(item["provider"] == "azure_ai");
        assert_eq!(kind(provider, &document, status), want, "{}", item["id"]);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn refusals_of_the_filter_and_known_codes_have_their_kinds() {
    let filter = json!({"error": {"code": null, "message": "The response was filtered", "param": "prompt", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": true, "severity": "high"}}}}});
    let code = |code: &str| json!({"error": {"code": code, "message": "m"}});
    for (document, status, want) in [
        (filter, 400, "content-policy"),
        (code("content_filter"), 400, "content-policy"),
        (
            json!({"error": {"message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."}}),
            400,
            "content-policy",
        ),
        (code("context_length_exceeded"), 400, "context-window"),
        (code("DeploymentNotFound"), 404, "not-found"),
        (code("429"), 429, "rate-limit"),
        (code("RateLimitReached"), 429, "rate-limit"),
        (code("insufficient_quota"), 429, "quota"),
        (code("BadRequest"), 400, "invalid-request"),
        (code("InternalServerError"), 500, "upstream"),
    ] {
        for provider in [0, 1] {
            assert_eq!(kind(provider, &document, status), want, "{document}");
        }
    }
}
