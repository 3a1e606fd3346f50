//! Recorded traffic: requests that OpenAI accepted are sent as they were, answers are relayed, and
//! refusals are given their kind.

use sluice_sdk::testing::{self, Outcome, replay};
use sluice_sdk::{Body, File, PartData};

use super::*;

#[test]
fn reasoning_models_are_told_apart() {
    for model in [
        "o1",
        "o3-mini",
        "o4-mini-2025-04-16",
        "gpt-5",
        "gpt-5.6-sol",
        "gpt-6",
        "ft:o4-mini:org::id",
        "openai/gpt-5-mini",
    ] {
        assert!(is_reasoning(model), "{model}");
    }
    for model in [
        "gpt-4o",
        "gpt-4.1",
        "gpt-5-chat-latest",
        "omni-moderation-latest",
        "chatgpt-4o-latest",
        "gpt-oss-120b",
        "",
    ] {
        assert!(!is_reasoning(model), "{model}");
    }
}

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<OpenAi>("fixtures");
}

fn empty_call() -> Call {
    Call {
        id: String::new(),
        operation: String::new(),
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        streaming: false,
        config: "{}".to_owned(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: String::new(),
    }
}

#[test]
fn a_form_goes_on_with_its_fields_and_files() {
    let file = |id: u32, field: &str| File {
        id,
        field: field.to_owned(),
        filename: format!("{id}.png"),
        content_type: "image/png".to_owned(),
        size: 9,
    };
    let call = Call {
        operation: "images.edit".to_owned(),
        model: "gpt-image-1".to_owned(),
        files: vec![file(0, "image"), file(1, "image"), file(2, "mask")],
        ..empty_call()
    };
    let body =
        r#"{"model": "gpt-image-1", "prompt": "a \"cat\"", "n": 2, "tags": ["x"], "user": null}"#;
    let Step::Send(sent) = OpenAi::start(&call, body).unwrap() else {
        panic!("nothing is sent");
    };
    let Body::Multipart(parts) = sent.body else {
        panic!("no form");
    };
    let shown: Vec<(String, String)> = parts
        .into_iter()
        .map(|part| {
            let data = match part.data {
                PartData::Text(text) => text,
                PartData::File(id) => format!("file {id} {}", part.filename.unwrap()),
                PartData::Bytes(_) => panic!("bytes"),
            };
            (part.name, data)
        })
        .collect();
    let shown: Vec<(&str, &str)> = shown.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(
        shown,
        [
            ("model", "gpt-image-1"),
            ("prompt", "a \"cat\""),
            ("n", "2"),
            ("tags[]", "x"),
            ("image[]", "file 0 0.png"),
            ("image[]", "file 1 1.png"),
            ("mask", "file 2 2.png"),
        ]
    );
    assert_eq!(
        (&*sent.url, sent.reply),
        ("/images/edits", sluice_sdk::ReplyMode::Canonical)
    );
}

#[test]
fn a_response_that_was_made_is_asked_for_by_its_id() {
    for (operation, method, url) in [
        ("responses.get", "GET", "/responses/resp_1"),
        ("responses.delete", "DELETE", "/responses/resp_1"),
        ("responses.cancel", "POST", "/responses/resp_1/cancel"),
        (
            "responses.input_items",
            "GET",
            "/responses/resp_1/input_items",
        ),
    ] {
        let fixture = json!({
            "name": operation, "provider": "openai", "operation": operation, "model": "gpt-5",
            "secrets": ["api_key"], "body": {"model": "gpt-5", "response_id": "resp_1"},
            "exchanges": [{"request": {"method": method, "url": url}, "reply": {"status": 200}}], "expect": {}
        });
        let outcome = replay::<OpenAi>(&sluice_sdk::serde_json::from_value(fixture).unwrap());
        assert!(outcome.unwrap().relayed, "{operation}");
    }
}

#[test]
fn files_and_batches_are_named_by_their_ids_and_nothing_else() {
    let sent = |operation: &str, id: &str| {
        let body = json!({"purpose": "batch"});
        let call = Call {
            operation: operation.to_owned(),
            params: vec![("id".to_owned(), id.to_owned())],
            ..empty_call()
        };
        OpenAi::start(&call, &body.to_string())
    };
    for (operation, method, url) in [
        ("files.create", "POST", "/files"),
        ("files.get", "GET", "/files/file-1"),
        ("files.content", "GET", "/files/file-1/content"),
        ("files.delete", "DELETE", "/files/file-1"),
        ("batches.create", "POST", "/batches"),
        ("batches.get", "GET", "/batches/file-1"),
        ("batches.cancel", "POST", "/batches/file-1/cancel"),
    ] {
        let Step::Send(step) = sent(operation, "file-1").unwrap() else {
            panic!("{operation} sends nothing");
        };
        assert_eq!((&*step.method, &*step.url), (method, url));
    }
    for id in ["", "../models", "a/b", "a?b", "a%2fb"] {
        assert!(sent("files.get", id).is_err(), "{id}");
    }
}

#[test]
fn a_session_is_opened_for_its_model_or_for_transcripts() {
    let sent = |model: &str, intent: Option<&str>| {
        let params = intent.map(|it| ("intent".to_owned(), it.to_owned()));
        let call = Call {
            operation: "realtime".to_owned(),
            model: model.to_owned(),
            params: params.into_iter().collect(),
            headers: vec![("openai-beta".to_owned(), "realtime=v1".to_owned())],
            ..empty_call()
        };
        let Step::Send(step) = OpenAi::start(&call, "{}").unwrap() else {
            panic!("nothing is sent");
        };
        assert_eq!(
            (&*step.method, step.reply),
            ("GET", sluice_sdk::ReplyMode::Canonical)
        );
        assert!(step.headers.contains(&call.headers[0]));
        step.url
    };
    assert_eq!(sent("gpt-realtime", None), "/realtime?model=gpt-realtime");
    assert_eq!(
        sent("a&b=c#d/é", None),
        "/realtime?model=a%26b%3Dc%23d%2F%C3%A9"
    );
    assert_eq!(
        sent("gpt-realtime-whisper", Some("transcription")),
        "/realtime?intent=transcription"
    );
}

#[test]
fn every_example_of_describe_passes() {
    for example in describe::document()["examples"].as_array().unwrap() {
        let fixture = sluice_sdk::serde_json::from_value(example.clone()).unwrap();
        testing::run::<OpenAi>(&fixture)
            .unwrap_or_else(|what| panic!("{}: {what}", example["name"]));
    }
}

/// The recorded requests, with the answers that were errors.
fn requests() -> Vec<Value> {
    let lines = include_str!("../fixtures/requests.jsonl").lines();
    let items: Vec<Value> = lines.map(|line| parse_body(line).unwrap()).collect();
    assert!(items.len() > 200, "only {} recordings", items.len());
    items
}

fn played(item: &Value, exchange: Value) -> Result<Outcome, String> {
    let fixture = json!({
        "name": item["id"], "provider": "openai", "operation": item["operation"], "model": item["request"]["model"].as_str().unwrap_or("m"),
        "streaming": item["streaming"], "secrets": ["api_key"], "body": item["request"], "exchanges": [exchange], "expect": {}
    });
    replay::<OpenAi>(&sluice_sdk::serde_json::from_value(fixture).unwrap())
}

#[test]
fn requests_that_were_accepted_are_sent_as_they_were_and_answers_relayed() {
    for item in requests().iter().filter(|item| item["status"] == 200) {
        let operation = item["operation"].as_str().unwrap();
        let mut want = item["request"].clone();
        if item["streaming"] == true && operation != "responses" {
            want["stream_options"]["include_usage"] = true.into();
        }
        let path = if operation == "chat" {
            "/chat/completions".to_owned()
        } else {
            format!("/{operation}")
        };
        let exchange = json!({"request": {"method": "POST", "url": path, "body": want}, "reply": {"status": 200}});
        let outcome = played(item, exchange)
            .unwrap_or_else(|what| panic!("{operation} {}: {what}", item["id"]));
        assert!(outcome.relayed, "{}", item["id"]);
    }
}

#[test]
fn parameters_that_reasoning_models_took_are_not_refused_for_them() {
    let document = describe::document();
    let rules = document["providers"][0]["operations"]["chat"]["models"]
        .as_array()
        .unwrap();
    let fits = |pattern: &str, model: &str| match pattern.split_once('*') {
        Some((start, rest)) => {
            model.starts_with(start) && model.contains(rest.trim_end_matches('*'))
        }
        None => pattern == model,
    };
    let named = |rule: &Value, list: &str, name: &str| {
        rule[list]
            .as_array()
            .is_some_and(|it| it.contains(&name.into()))
    };
    for item in requests()
        .iter()
        .filter(|item| item["operation"] == "chat" && item["status"] == 200)
    {
        let model = item["request"]["model"].as_str().unwrap_or_default();
        for name in item["request"].as_object().unwrap().keys() {
            let mut refused = false;
            for rule in rules.iter().filter(|it| {
                it["match"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|it| fits(it.as_str().unwrap(), model))
            }) {
                refused = (refused || named(rule, "unsupported", name))
                    && !named(rule, "supported", name);
            }
            assert!(!refused, "{model} took {name} ({})", item["id"]);
        }
    }
}

/// The kind by the rules of `describe`, and by the status where none fits.
fn kind(document: &Value, status: u64) -> String {
    let describe = describe::document();
    let rules = describe["providers"][0]["errors"]["kinds"]
        .as_array()
        .unwrap()
        .clone();
    let fitting = rules.iter().find(|rule| {
        let value = document
            .pointer(rule["pointer"].as_str().unwrap())
            .and_then(Value::as_str);
        value.is_some_and(|value| match rule["equals"].as_str() {
            Some(wanted) => value == wanted,
            None => value.contains(rule["contains"].as_str().unwrap()),
        })
    });
    let by_status = match status {
        401 => "authentication",
        403 => "permission",
        404 => "not-found",
        429 => "rate-limit",
        400..=499 => "invalid-request",
        _ => "upstream",
    };
    fitting
        .map_or(by_status, |rule| rule["kind"].as_str().unwrap())
        .to_owned()
}

#[test]
fn refusals_have_their_kind_and_message_where_describe_says() {
    let mut seen = 0;
    for item in requests().iter().filter(|item| item["status"] != 200) {
        let outcome = played(item, json!({"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}})).unwrap();
        assert_eq!(outcome.error.unwrap().kind, "", "the host maps by describe");
        let document: Value = parse_body(item["body"].as_str().unwrap()).unwrap();
        assert!(
            document
                .pointer("/error/message")
                .is_some_and(Value::is_string),
            "{}",
            item["id"]
        );
        let want = match (
            document["error"]["code"].as_str(),
            item["status"].as_u64().unwrap(),
        ) {
            (Some("model_not_found"), _) | (_, 404) => "not-found",
            (Some("invalid_api_key"), _) => "authentication",
            (_, 403) => "permission",
            _ => "invalid-request",
        };
        assert_eq!(
            kind(&document, item["status"].as_u64().unwrap()),
            want,
            "{}",
            item["id"]
        );
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn known_codes_have_their_kinds() {
    for (code, status, want) in [
        ("context_length_exceeded", 400, "context-window"),
        ("insufficient_quota", 429, "quota"),
        ("rate_limit_exceeded", 429, "rate-limit"),
        ("content_policy_violation", 400, "content-policy"),
        ("string_above_max_length", 400, "invalid-request"),
        ("server_error", 500, "upstream"),
    ] {
        assert_eq!(
            kind(&json!({"error": {"code": code, "message": "x"}}), status),
            want,
            "{code}"
        );
    }
}
