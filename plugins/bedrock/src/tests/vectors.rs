//! Embeddings, images and ranks as the API takes them.

use sluice_sdk::Payload;

use super::*;

fn all(operation: &str, model: &str, body: Value) -> Vec<Outbound> {
    match Bedrock::start(&call(operation, model), &body.to_string()).unwrap() {
        Step::Send(one) => vec![one],
        Step::SendAll(several) => several,
        other => panic!("{other:?}"),
    }
}

fn reply(outbound: &Outbound, body: Value) -> Reply {
    Reply {
        status: 200,
        headers: vec![("X-Amzn-Bedrock-Input-Token-Count".into(), "5".into())],
        body: Payload::Text(body.to_string()),
        state: outbound.state.clone(),
    }
}

fn answer(operation: &str, replies: Vec<Reply>) -> Result<Value, Error> {
    match Bedrock::resume(&call(operation, "m"), replies)? {
        Step::Respond(response) => match response.body {
            Payload::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn titan_gets_one_text_a_request_and_the_vectors_keep_their_order() {
    let body = json!({"input": ["a", "b"], "dimensions": 256, "encoding_format": "base64", "normalize": true});
    let sent = all("embeddings", "amazon.titan-embed-text-v2:0", body);
    assert_eq!(
        body_of(&sent[1]),
        json!({"inputText": "b", "dimensions": 256, "normalize": true})
    );
    let replies = vec![
        reply(
            &sent[0],
            json!({"embedding": [1.0], "inputTextTokenCount": 3}),
        ),
        reply(&sent[1], json!({"embedding": [2.0]})),
    ];
    let said = answer("embeddings", replies).unwrap();
    assert_eq!(said["data"][0]["embedding"], "AACAPw==");
    assert_eq!(
        (&said["data"][1]["index"], &said["usage"]["prompt_tokens"]),
        (&json!(1), &json!(8))
    );
}

#[test]
fn cohere_gets_batches_of_ninety_six() {
    let texts: Vec<String> = (0..100).map(|it| it.to_string()).collect();
    let sent = all(
        "embeddings",
        "cohere.embed-v4:0",
        json!({"input": texts, "dimensions": 512, "input_type": "search_query"}),
    );
    assert_eq!(sent.len(), 2);
    let last = body_of(&sent[1]);
    assert_eq!(list(&last["texts"]).len(), 4);
    assert_eq!(
        (&last["input_type"], &last["output_dimension"]),
        (&json!("search_query"), &json!(512))
    );
    let short = reply(&sent[1], json!({"embeddings": {"float": [[1.0]]}}));
    let error = answer("embeddings", vec![short]).unwrap_err();
    assert_eq!(error.kind, fault::kind::UPSTREAM);
}

#[test]
fn nova_gets_a_task() {
    let sent = all(
        "embeddings",
        "amazon.nova-2-multimodal-embeddings-v1:0",
        json!({"input": "a", "dimensions": 384}),
    );
    assert_eq!(
        body_of(&sent[0]),
        json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_INDEX",
            "embeddingDimension": 384, "text": {"value": "a", "truncationMode": "NONE"}}})
    );
}

#[test]
fn amazons_images_are_a_task_with_a_size() {
    let body = json!({"prompt": "a cat", "n": 2, "size": "512x768", "quality": "hd", "seed": 7, "negative_prompt": "dogs"});
    let sent = all("images.generate", "amazon.nova-canvas-v1:0", body);
    assert_eq!(
        body_of(&sent[0]),
        json!({"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cat", "negativeText": "dogs"},
            "imageGenerationConfig": {"numberOfImages": 2, "width": 512, "height": 768, "quality": "premium", "seed": 7}})
    );
    let said = answer(
        "images.generate",
        vec![reply(&sent[0], json!({"images": ["QQ==", "Qg=="]}))],
    )
    .unwrap();
    assert_eq!(
        said["data"],
        json!([{"b64_json": "QQ=="}, {"b64_json": "Qg=="}])
    );
    let refused = reply(
        &sent[0],
        json!({"images": [], "error": "blocked by our content filters"}),
    );
    let error = answer("images.generate", vec![refused]).unwrap_err();
    assert_eq!(error.kind, fault::kind::CONTENT_POLICY);
}

#[test]
fn stabilitys_images_have_a_ratio_of_sides() {
    let model = "stability.sd3-5-large-v1:0";
    let sent = all(
        "images.generate",
        model,
        json!({"prompt": "a", "n": 2, "size": "1536x1024", "output_format": "png"}),
    );
    assert_eq!(sent.len(), 2);
    assert_eq!(
        body_of(&sent[0]),
        json!({"prompt": "a", "mode": "text-to-image", "aspect_ratio": "3:2", "output_format": "png"})
    );
    let said = json!({"images": ["QQ=="], "seeds": [1], "finish_reasons": [null]});
    let said = answer("images.generate", vec![reply(&sent[0], said)]).unwrap();
    assert_eq!(list(&said["data"]).len(), 1);
    let refused = json!({"images": [""], "finish_reasons": ["Filter reason: prompt"]});
    let error = answer("images.generate", vec![reply(&sent[0], refused)]).unwrap_err();
    assert_eq!(error.kind, fault::kind::CONTENT_POLICY);
    for bad in [
        json!({"prompt": "a", "size": "7x4"}),
        json!({"prompt": "a", "n": 0}),
        json!({"prompt": 1}),
    ] {
        let error = Bedrock::start(&call("images.generate", model), &bad.to_string()).unwrap_err();
        assert_eq!(error.kind, fault::kind::INVALID_REQUEST, "{bad}");
    }
}

#[test]
fn a_rank_goes_to_the_agents_service() {
    let body = json!({"query": "q", "documents": ["a", {"text": "b"}, {"c": 1}], "top_n": 2, "return_documents": true});
    let sent = all("rerank", "us-east-1/amazon.rerank-v1:0", body);
    assert_eq!(
        sent[0].url,
        "https://bedrock-agent-runtime.us-east-1.amazonaws.com/rerank"
    );
    let document = body_of(&sent[0]);
    assert_eq!(
        document["sources"][1]["inlineDocumentSource"]["textDocument"]["text"],
        "b"
    );
    assert_eq!(
        document["sources"][2]["inlineDocumentSource"],
        json!({"type": "JSON", "jsonDocument": {"c": 1}})
    );
    let config = &document["rerankingConfiguration"]["bedrockRerankingConfiguration"];
    assert_eq!(
        config,
        &json!({"numberOfResults": 2, "modelConfiguration": {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"}})
    );
    let said = json!({"results": [{"index": 1, "relevanceScore": 0.9}]});
    let said = answer("rerank", vec![reply(&sent[0], said)]).unwrap();
    assert_eq!(
        said["results"],
        json!([{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}])
    );
    assert_eq!(said["meta"]["billed_units"]["search_units"], 1);
}

#[test]
fn tokens_instead_of_texts_are_refused() {
    let body = json!({"input": [[1, 2]]}).to_string();
    let error =
        Bedrock::start(&call("embeddings", "amazon.titan-embed-text-v2:0"), &body).unwrap_err();
    assert_eq!(error.kind, fault::kind::INVALID_REQUEST);
}
