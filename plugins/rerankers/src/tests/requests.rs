//! What is sent to both, and what is made of written answers.

use super::*;

#[test]
fn voyages_models_have_their_paths() {
    let (url, body) = sent(
        "voyage",
        "embeddings",
        json!({"model": "voyage-context-3", "input": ["a", ["b", "c"]]}),
    )
    .unwrap();
    assert_eq!(url, "/contextualizedembeddings");
    assert_eq!(body["inputs"], json!([["a"], ["b", "c"]]));
    let image = "data:image/png;base64,QUJD";
    let input = json!(["a", image, {"content": [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "https://a.example/i"}}]}]);
    let (url, body) = sent(
        "voyage",
        "embeddings",
        json!({"model": "voyage-multimodal-3.5", "input": input, "encoding_format": "base64"}),
    )
    .unwrap();
    assert_eq!(
        (url.as_str(), &body["output_encoding"]),
        ("/multimodalembeddings", &json!("base64"))
    );
    assert_eq!(
        body["inputs"],
        json!([{"content": [{"type": "text", "text": "a"}]},
        {"content": [{"type": "image_base64", "image_base64": image}]},
        {"content": [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": "https://a.example/i"}]}])
    );
    let refused = sent(
        "voyage",
        "embeddings",
        json!({"model": "voyage-3", "input": [image]}),
    )
    .unwrap_err();
    assert_eq!(refused.kind, fault::kind::UNSUPPORTED);
}

#[test]
fn chunks_of_documents_are_one_list() {
    let answer = json!({"json": {"usage": {"total_tokens": 3}, "data": [{"index": 0, "data": [{"embedding": [1], "index": 0}]},
        {"index": 1, "data": [{"embedding": [2], "index": 0}, {"embedding": [3], "index": 1}]}]}});
    let body = json!({"model": "voyage-context-3", "input": ["a", ["b", "c"]]});
    let response = played("voyage", "embeddings", body, 200, answer)
        .response
        .unwrap();
    let indexes: Vec<&Value> = response["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["index"])
        .collect();
    assert_eq!(indexes, [0, 1, 2]);
}

#[test]
fn jina_takes_images_tasks_and_base64_by_its_own_names() {
    let input = json!(["a", "data:image/png;base64,QUJD", {"image": "https://a.example/i"}]);
    let (_, body) = sent("jina_ai", "embeddings", json!({"model": "jina-clip-v2", "input": input, "dimensions": 64, "encoding_format": "base64"})).unwrap();
    assert_eq!(
        body,
        json!({"model": "jina-clip-v2", "dimensions": 64, "embedding_type": "base64", "task": "retrieval.query",
        "input": [{"text": "a"}, {"image": "QUJD"}, {"image": "https://a.example/i"}]})
    );
    let (_, body) = sent(
        "jina_ai",
        "rerank",
        json!({"model": "m", "query": "q", "documents": [{"image": "u"}], "top_n": 1}),
    )
    .unwrap();
    assert_eq!(
        (&body["documents"], &body["top_n"]),
        (&json!([{"image": "u"}]), &json!(1))
    );
}

#[test]
fn base64_is_made_where_lists_come() {
    let answer = json!({"json": {"data": [{"index": 0, "embedding": [1.0]}]}});
    let body = json!({"model": "m", "input": "a", "encoding_format": "base64"});
    let response = played("jina_ai", "embeddings", body, 200, answer)
        .response
        .unwrap();
    assert_eq!(
        response["data"][0],
        json!({"index": 0, "embedding": "AACAPw==", "object": "embedding"})
    );
    assert!(response.get("usage").is_none());
}

#[test]
fn documents_come_back_as_objects() {
    for document in [json!("b"), json!({"text": "b"})] {
        let answer = json!({"json": {"results": [{"index": 1, "relevance_score": 0.9, "document": document}]}});
        let body =
            json!({"model": "m", "query": "q", "documents": ["a", "b"], "return_documents": true});
        let response = played("jina_ai", "rerank", body, 200, answer)
            .response
            .unwrap();
        assert_eq!(response["results"][0]["document"], json!({"text": "b"}));
    }
}

#[test]
fn what_is_no_answer_is_the_providers_failure() {
    for answer in [
        json!({}),
        json!({"data": []}),
        json!({"data": [{"index": 0}]}),
        json!({"data": [null]}),
        json!({"detail": "no"}),
    ] {
        let outcome = played(
            "voyage",
            "embeddings",
            json!({"model": "m", "input": "a"}),
            200,
            json!({"json": answer}),
        );
        assert_eq!(
            outcome.error.unwrap().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
        let outcome = played(
            "voyage",
            "rerank",
            json!({"model": "m", "documents": ["a"]}),
            200,
            json!({"json": {"results": [{}]}}),
        );
        assert_eq!(outcome.error.unwrap().kind, fault::kind::UPSTREAM);
    }
    let garbage = played(
        "voyage",
        "embeddings",
        json!({"model": "m", "input": "a"}),
        200,
        json!("<html>"),
    );
    assert_eq!(garbage.error.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn what_cannot_be_done_is_refused() {
    for (operation, body) in [
        ("embeddings", json!({"input": [1, 2]})),
        ("embeddings", json!({"input": [[1, 2]]})),
        ("embeddings", json!({})),
        ("rerank", json!({"documents": []})),
        ("rerank", json!({"documents": [{"image": "u"}]})),
        ("chat", json!({})),
    ] {
        assert!(
            sent("voyage", operation, body.clone()).is_err(),
            "{operation} {body}"
        );
    }
}
