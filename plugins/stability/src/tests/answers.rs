//! What is made of answers.

use super::*;

fn played(body: Value, answers: &[(u64, Value)]) -> Outcome {
    let exchange = |(status, answer): &(u64, Value)| json!({"reply": {"status": status, "headers": {"content-type": "application/json", "retry-after": "3"}, "body": {"json": answer}}});
    let exchanges: Vec<Value> = answers.iter().map(exchange).collect();
    let fixture = json!({"name": "played", "provider": "stability", "operation": "images.generate", "model": "sd3", "body": body, "exchanges": exchanges, "expect": {}});
    testing::replay::<Stability>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn pictures_come_side_by_side_or_later() {
    let ready = json!({"image": "QUJD", "finish_reason": "SUCCESS", "seed": 1});
    let two = played(
        json!({"prompt": "p", "n": 2}),
        &[(200, ready.clone()), (200, ready)],
    );
    assert_eq!(
        two.response.unwrap()["data"],
        json!([{"b64_json": "QUJD", "seed": 1}, {"b64_json": "QUJD", "seed": 1}])
    );
    assert_eq!(two.usage.unwrap(), json!({"images": 2}));
    let begun = json!({"id": "abc-1"});
    let later = played(
        json!({"prompt": "p"}),
        &[
            (200, begun.clone()),
            (202, json!({"id": "abc-1", "status": "in-progress"})),
            (200, json!({"result": "QUJD", "finish_reason": "SUCCESS"})),
        ],
    );
    assert_eq!(
        later.response.unwrap()["data"],
        json!([{"b64_json": "QUJD"}])
    );
    let never: Vec<(u64, Value)> = (0..31).map(|_| (200, begun.clone())).collect();
    assert_eq!(
        played(json!({"prompt": "p"}), &never).error.unwrap().kind,
        fault::kind::TIMEOUT
    );
}

#[test]
fn what_is_no_picture_is_the_providers_failure() {
    for answer in [
        json!({}),
        json!([]),
        json!({"image": null}),
        json!({"image": ""}),
        json!({"id": "../x"}),
        json!({"id": "a", "errors": ["no"]}),
    ] {
        assert_eq!(
            played(json!({"prompt": "p"}), &[(200, answer.clone())])
                .error
                .unwrap()
                .kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
}

#[test]
fn errors_have_their_kinds() {
    for (status, name, want) in [
        (400, "bad_request", fault::kind::INVALID_REQUEST),
        (401, "unauthorized", fault::kind::AUTHENTICATION),
        (402, "payment_required", fault::kind::QUOTA),
        (403, "content_moderation", fault::kind::CONTENT_POLICY),
        (403, "forbidden", fault::kind::PERMISSION),
        (404, "not_found", fault::kind::NOT_FOUND),
        (413, "payload_too_large", fault::kind::INVALID_REQUEST),
        (429, "rate_limit_exceeded", fault::kind::RATE_LIMIT),
        (500, "internal_error", fault::kind::UPSTREAM),
    ] {
        let error = played(
            json!({"prompt": "p"}),
            &[(
                status,
                json!({"id": "x", "name": name, "errors": ["a", "b"]}),
            )],
        )
        .error
        .unwrap();
        assert_eq!(
            (
                error.kind.as_str(),
                error.message.as_str(),
                error.retry_after_ms
            ),
            (want, "a; b", Some(3000)),
            "{name}"
        );
    }
}
