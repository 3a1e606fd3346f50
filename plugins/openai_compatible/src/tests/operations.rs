//! Operations besides chat: relayed where the provider has OpenAI's or Cohere's dialect, translated
//! where it has its own.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{Outcome, replay};

use super::super::*;

/// A call and its one exchange; `base` is null where the deployment has none of its own.
pub fn played(
    [provider, operation, model]: [&str; 3],
    base: &str,
    body: Value,
    url: &str,
    sent: &Value,
    answer: &Value,
) -> Result<Outcome, String> {
    let fixture = json!({
        "name": "played", "provider": provider, "operation": operation, "model": model,
        "secrets": ["api_key"], "context": {"base_url": base}, "config": {"account_id": "a"}, "body": body,
        "exchanges": [{"request": {"method": "POST", "url": url, "body": sent},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": answer}}}],
        "expect": {}
    });
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap())
}

const ROUTER: &str = "https://router.huggingface.co/v1";

#[test]
fn operations_of_openai_have_openais_paths_and_are_relayed() {
    for (provider, operation, path, body) in [
        (
            "groq",
            "audio.speech",
            "/audio/speech",
            json!({"model": "m", "input": "x", "voice": "v"}),
        ),
        (
            "together_ai",
            "images.generate",
            "/images/generations",
            json!({"model": "m", "prompt": "x"}),
        ),
        (
            "recraft",
            "images.generate",
            "/v1/images/generations",
            json!({"model": "m", "prompt": "x"}),
        ),
        (
            "mistral",
            "moderations",
            "/moderations",
            json!({"model": "m", "input": "x"}),
        ),
    ] {
        let outcome = played(
            [provider, operation, "m"],
            "https://a.test/v1",
            body.clone(),
            path,
            &body,
            &json!({}),
        );
        assert!(outcome.unwrap().relayed, "{provider} {operation}");
    }
}

#[test]
fn audio_goes_as_a_form_with_the_model_that_the_provider_knows() {
    let fixture = json!({
        "name": "form", "provider": "groq", "operation": "audio.transcribe", "model": "whisper-large-v3",
        "secrets": ["api_key"], "body": {"model": "whisper-large-v3", "language": "en"},
        "exchanges": [{"request": {"url": "/audio/transcriptions"}, "reply": {"status": 200}}], "expect": {}
    });
    let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap());
    assert!(outcome.unwrap().relayed);
}

#[test]
fn rerank_gives_coheres_form_whatever_the_provider_says() {
    let ask = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "return_documents": true});
    let cohere =
        json!({"results": [{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}]});
    let with_usage = |mut answer: Value| {
        answer["usage"] = json!({"prompt_tokens": 7, "total_tokens": 7});
        answer
    };
    for (call, base, url, sent, answer, want) in [
        (
            ["nvidia_nim", "rerank", "nvidia/nv-rerank-1.2"],
            "https://integrate.api.nvidia.com/v1",
            "https://ai.api.nvidia.com/v1/retrieval/nvidia/nv-rerank-1_2/reranking",
            json!({"model": "nvidia/nv-rerank-1.2", "query": {"text": "q"}, "passages": [{"text": "a"}, {"text": "b"}]}),
            json!({"rankings": [{"index": 0, "logit": -3.5}, {"index": 1, "logit": 0.9}]}),
            cohere.clone(),
        ),
        (
            ["nvidia_nim", "rerank", "m"],
            "http://nim.test/v1",
            "/ranking",
            json!({"model": "m", "query": {"text": "q"}, "passages": [{"text": "a"}, {"text": "b"}]}),
            json!({"rankings": [{"index": 1, "logit": 0.9}, {"index": 0, "logit": -3.5}]}),
            cohere.clone(),
        ),
        (
            ["deepinfra", "rerank", "Qwen/Qwen3-Reranker-4B"],
            "https://api.deepinfra.com/v1/openai",
            "https://api.deepinfra.com/v1/inference/Qwen/Qwen3-Reranker-4B",
            json!({"queries": ["q", "q"], "documents": ["a", "b"]}),
            json!({"scores": [0.1, 0.9], "input_tokens": 7}),
            with_usage(cohere.clone()),
        ),
        (
            ["huggingface", "rerank", "m"],
            "https://tei.test/v1",
            "https://tei.test/rerank",
            json!({"query": "q", "texts": ["a", "b"]}),
            json!([{"index": 0, "score": 0.1}, {"index": 1, "score": 0.9}]),
            cohere.clone(),
        ),
        (
            ["qwencloud", "rerank", "m"],
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            "https://dashscope-intl.aliyuncs.com/compatible-api/v1/reranks",
            ask.clone(),
            json!({"object": "list", "results": [{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}],
                "model": "m", "usage": {"total_tokens": 7}}),
            with_usage(cohere.clone()),
        ),
        (
            ["fireworks_ai", "rerank", "m"],
            "https://api.fireworks.ai/inference/v1",
            "/rerank",
            json!({"model": "accounts/fireworks/models/m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "return_documents": true}),
            json!({"object": "list", "data": [{"index": 1, "relevance_score": 0.9, "document": "b"}],
                "usage": {"prompt_tokens": 7, "total_tokens": 7}}),
            with_usage(cohere.clone()),
        ),
    ] {
        let outcome = played(call, base, ask.clone(), url, &sent, &answer).unwrap();
        assert_eq!(
            outcome.response,
            Some(want),
            "{call:?}: {:?}",
            outcome.error
        );
    }
}

#[test]
fn a_rank_that_is_none_is_the_upstreams_failure() {
    let ask = json!({"model": "m", "query": "q", "documents": ["a"]});
    let sent = json!({"query": "q", "texts": ["a"]});
    for answer in [
        json!({}),
        json!([{"index": 0}]),
        json!([{"index": 1, "score": 1.0}]),
        json!([{"index": -1, "score": 1.0}]),
        json!({"error": "no", "error_type": "Validation"}),
    ] {
        let url = "https://tei.test/rerank";
        let call = ["huggingface", "rerank", "m"];
        let outcome = played(call, "https://tei.test", ask.clone(), url, &sent, &answer);
        let error = outcome.unwrap().error.unwrap();
        assert_eq!(error.kind, "upstream", "{answer}");
    }
}

#[test]
fn what_cannot_be_ranked_is_refused_before_it_is_sent() {
    let own = "https://tei.test";
    for (base, body, says) in [
        (own, json!({"documents": ["a"]}), "`query`"),
        (own, json!({"query": "q"}), "`documents`"),
        (own, json!({"query": "q", "documents": []}), "`documents`"),
        (own, json!({"query": "q", "documents": [1]}), "`documents`"),
        (
            ROUTER,
            json!({"query": "q", "documents": ["a"]}),
            "`api_base`",
        ),
    ] {
        let call = ["huggingface", "rerank", "m"];
        let outcome = played(call, base, body.clone(), "", &json!({}), &json!({}));
        let error = outcome.unwrap().error.unwrap();
        assert!(error.message.contains(says), "{body}: {}", error.message);
    }
}

#[test]
fn embeddings_of_other_dialects_become_openais() {
    let one = json!({"object": "list", "data": [
        {"object": "embedding", "index": 0, "embedding": [1.0, -2.0]},
        {"object": "embedding", "index": 1, "embedding": [0.5, 0.25]}]});
    let with_usage = {
        let mut answer = one.clone();
        answer["usage"] = json!({"prompt_tokens": 4, "total_tokens": 4});
        answer
    };
    let ask = json!({"model": "m", "input": ["a", "b"]});
    for (call, base, url, sent, answer, want) in [
        (
            ["snowflake", "embeddings", "e5-base-v2"],
            "https://a.snowflakecomputing.com/api/v2",
            "/cortex/inference:embed",
            json!({"model": "e5-base-v2", "text": ["a", "b"]}),
            json!({"object": "list", "model": "e5-base-v2", "usage": {"total_tokens": 4}, "data": [
                {"index": 0, "object": "embedding", "embedding": [[1.0, -2.0]]},
                {"index": 1, "object": "embedding", "embedding": [[0.5, 0.25]]}]}),
            with_usage,
        ),
        (
            ["huggingface", "embeddings", "intfloat/e5"],
            ROUTER,
            "https://router.huggingface.co/hf-inference/models/intfloat/e5/pipeline/feature-extraction",
            json!({"inputs": ["a", "b"]}),
            json!([[1.0, -2.0], [0.5, 0.25]]),
            one.clone(),
        ),
        (
            ["huggingface", "embeddings", "intfloat/e5"],
            "https://mine.endpoints.huggingface.cloud",
            "https://mine.endpoints.huggingface.cloud",
            json!({"inputs": ["a", "b"]}),
            json!([[1.0, -2.0], [0.5, 0.25]]),
            one.clone(),
        ),
    ] {
        let outcome = played(call, base, ask.clone(), url, &sent, &answer).unwrap();
        assert_eq!(
            outcome.response,
            Some(want),
            "{call:?}: {:?}",
            outcome.error
        );
    }
    let alone = json!({"model": "m", "input": "a", "encoding_format": "base64"});
    let outcome = played(
        ["huggingface", "embeddings", "intfloat/e5"],
        ROUTER,
        alone,
        "https://router.huggingface.co/hf-inference/models/intfloat/e5/pipeline/feature-extraction",
        &json!({"inputs": ["a"]}),
        &json!([1.0, -2.0]),
    );
    let response = outcome.unwrap().response.unwrap();
    assert_eq!(response["data"][0]["embedding"], "AACAPwAAAMA=");
}

#[test]
fn an_endpoint_that_speaks_openai_is_relayed() {
    let ask = json!({"model": "m", "input": "a"});
    let call = ["huggingface", "embeddings", "m"];
    let outcome = played(
        call,
        "https://tei.test/v1",
        ask.clone(),
        "/embeddings",
        &ask,
        &json!({}),
    );
    assert!(outcome.unwrap().relayed);
}

#[test]
fn vectors_that_are_none_are_the_upstreams_failure() {
    let ask = json!({"model": "m", "input": ["a", "b"]});
    for answer in [
        json!({}),
        json!([[1.0]]),
        json!([[1.0], []]),
        // A vector for each token.
        json!([[[1.0], [2.0]], [[1.0], [2.0]]]),
        json!([["x"], [1.0]]),
    ] {
        let base = "https://mine.test";
        let call = ["huggingface", "embeddings", "m"];
        let sent = json!({"inputs": ["a", "b"]});
        let outcome = played(call, base, ask.clone(), base, &sent, &answer).unwrap();
        assert_eq!(outcome.error.unwrap().kind, "upstream", "{answer}");
    }
}

#[test]
fn inputs_that_are_no_texts_and_other_providers_vectors_are_refused() {
    for (model, body, says) in [
        ("m", json!({"input": [1, 2]}), "tokens"),
        ("m", json!({"input": []}), "`input`"),
        ("nebius/a/b", json!({"input": "x"}), "hf-inference"),
    ] {
        let call = ["huggingface", "embeddings", model];
        let outcome = played(call, ROUTER, body, "", &json!({}), &json!({}));
        let error = outcome.unwrap().error.unwrap();
        assert!(error.message.contains(says), "{}", error.message);
    }
}
