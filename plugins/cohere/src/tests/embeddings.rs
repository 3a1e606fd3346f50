//! Embeddings and rerank: what is sent, and what is put together.

use sluice_sdk::Payload;

use super::*;

fn sent(model: &str, body: Value) -> Result<Vec<Outbound>, Error> {
    match Cohere::start(&call("embeddings", model, false), &body.to_string())? {
        Step::Send(one) => Ok(vec![one]),
        Step::SendAll(all) => Ok(all),
        Step::Respond(response) => panic!("{response:?}"),
    }
}

#[test]
fn many_texts_go_in_batches_and_come_back_in_order() {
    let inputs: Vec<String> = (0..200).map(|at| format!("t{at}")).collect();
    let batches = sent(
        "embed-v4.0",
        json!({"input": inputs, "dimensions": 256, "encoding_format": "base64", "truncate": "END"}),
    )
    .unwrap();
    let sizes: Vec<usize> = batches
        .iter()
        .map(|it| list(&body_of(it)["texts"]).len())
        .collect();
    assert_eq!(sizes, [96, 96, 8]);
    let first = body_of(&batches[2]);
    assert_eq!(
        (&first["texts"][0], &first["input_type"]),
        (&json!("t192"), &json!("search_document"))
    );
    assert_eq!(
        (&first["output_dimension"], &first["truncate"]),
        (&json!(256), &json!("END"))
    );
    let replies = batches.into_iter().zip(sizes).map(|(it, size)| Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(json!({"embeddings": {"float": vec![json!([1.0]); size]}, "meta": {"billed_units": {"input_tokens": size}}}).to_string()),
        state: it.state,
    });
    let step = Cohere::resume(&call("embeddings", "m", false), replies.collect()).unwrap();
    let Step::Respond(response) = step else {
        panic!("{step:?}")
    };
    let Payload::Text(body) = response.body else {
        panic!()
    };
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body["data"][199],
        json!({"object": "embedding", "index": 199, "embedding": "AACAPw=="})
    );
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 200, "total_tokens": 200})
    );
}

#[test]
fn images_go_as_the_model_takes_them() {
    let image = "data:image/png;base64,QUJD";
    let old = sent("embed-english-v3.0", json!({"input": [image, image]})).unwrap();
    assert_eq!(old.len(), 2);
    let body = body_of(&old[0]);
    assert_eq!(
        (&body["images"], &body["input_type"]),
        (&json!([image]), &json!("image"))
    );
    let part = json!({"type": "image_url", "image_url": {"url": image}});
    let new = sent(
        "embed-v4.0",
        json!({"input": ["a", image, {"text": "b", "image": image}], "input_type": "search_query"}),
    )
    .unwrap();
    let body = body_of(&new[0]);
    assert_eq!(
        body["inputs"],
        json!([{"content": [{"type": "text", "text": "a"}]}, {"content": [part]},
        {"content": [{"type": "text", "text": "b"}, part]}])
    );
    assert_eq!(body["input_type"], "search_query");
}

#[test]
fn what_cannot_be_embedded_is_refused() {
    for (model, input) in [
        ("embed-v4.0", json!([])),
        ("embed-v4.0", json!([[1, 2]])),
        ("embed-v4.0", Value::Null),
        (
            "embed-english-v3.0",
            json!(["a", "data:image/png;base64,QQ"]),
        ),
    ] {
        assert!(sent(model, json!({ "input": input })).is_err(), "{input}");
    }
}

#[test]
fn several_kinds_of_numbers_are_told_apart() {
    let body =
        json!({"input": ["a"], "embedding_types": ["float", "int8"], "encoding_format": "base64"});
    let answer = json!({"embeddings": {"float": [[1.0]], "int8": [[5]]}, "meta": {"billed_units": {"input_tokens": 1}}});
    let outcome = played(&item(&answer.to_string(), false), "embeddings", false, body);
    assert_eq!(
        outcome.response.unwrap()["data"],
        json!([
        {"object": "embedding", "index": 0, "embedding": "AACAPw==", "type": "float"},
        {"object": "embedding", "index": 0, "embedding": [5], "type": "int8"}])
    );
}

#[test]
fn vectors_that_are_missing_are_the_providers_failure() {
    for answer in [
        json!({}),
        json!({"embeddings": {}}),
        json!({"embeddings": {"float": []}}),
        json!({"embeddings": {"float": [[1], [2]]}}),
        json!({"message": "no"}),
    ] {
        let outcome = replay(&item(&answer.to_string(), false), "embeddings", false);
        assert_eq!(
            outcome.error.unwrap().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
}

#[test]
fn documents_that_are_objects_are_ranked_by_their_text_or_their_fields() {
    let body = json!({"query": "q", "rank_fields": ["title", "n"], "documents": [{"title": "T", "text": "x", "n": 5}, "b"], "top_n": null});
    let Step::Send(outbound) =
        Cohere::start(&call("rerank", "rerank-v3.5", false), &body.to_string()).unwrap()
    else {
        panic!()
    };
    assert_eq!(
        body_of(&outbound),
        json!({"query": "q", "documents": ["title: T\nn: 5", "b"], "model": "rerank-v3.5"})
    );
    let big = json!({"query": "q", "documents": ["x".repeat(600 << 10)], "return_documents": true});
    let error = Cohere::start(&call("rerank", "m", false), &big.to_string()).unwrap_err();
    assert_eq!(error.kind, fault::kind::UNSUPPORTED);
}

#[test]
fn ranks_that_are_none_are_the_providers_failure() {
    for answer in [
        json!({}),
        json!({"results": [{"index": 0}]}),
        json!({"results": [{"index": -1, "relevance_score": 1}]}),
    ] {
        let outcome = replay(&item(&answer.to_string(), false), "rerank", false);
        assert_eq!(
            outcome.error.unwrap().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
}
