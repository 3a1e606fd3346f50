"""The Vercel AI SDK as a client of four APIs, before providers of four dialects."""

import json
import os
import pathlib
import subprocess

import pytest

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from imitation import passing
from talk import KNOWN, RESULT, TYPED_WITH_TOOLS

PROVIDERS = ["chat", "responses", "messages", "contents", "mistral"]


def run(url, key, jobs):
    """What came of each job of `vercel.mjs`."""
    script = pathlib.Path(__file__).with_name("vercel.mjs")
    environment = {**os.environ, "BASE_URL": url, "API_KEY": key}
    done = subprocess.run(["node", str(script)], input=json.dumps(jobs), env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def node(gateway):
    return lambda jobs: run(gateway.url, MASTER_KEY, jobs)


def shape(it):
    return {name: {str: "string", int: "number", bool: "boolean"}[type(value)] for name, value in it.model_dump().items()}


def has_shapes(provider, model):
    """Its provider for Anthropic's API asks models that it does not know for a tool, which is recorded of none."""
    return provider != "messages" or model == "claude-haiku-4-5"


def has_both(provider, model):
    """Tools and a shape in one request: its provider for Google's API asks Google's third models alone for them."""
    return provider != "contents" and model in TYPED_WITH_TOOLS and has_shapes(provider, model)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_model_answers_calls_tools_and_fills_shapes(node, provider):
    jobs = []
    for model in KNOWN:
        known = talk.known(model, provider == "responses")
        shapes = {"shape": shape(known.shaped), "shape_streamed": shape(known.shaped_streamed)} if has_shapes(provider, model) else {}
        jobs.append(["works", {"provider": provider, "model": model, **shapes, "both": has_both(provider, model)}])
    results = node(jobs)
    for model, got in zip(KNOWN, results, strict=True):
        known = talk.known(model, provider == "responses")
        assert got["whole"] == {"text": known.told, "finish": "stop", "usage": list(known.usage)}, model
        assert got["streamed"] == {"text": known.told_streamed, "finish": "stop"}, model
        assert got["tools"] == {"text": known.told, "heard": known.heard}, model
        assert (got["tools_streamed"]["text"], got["tools_streamed"]["heard"]) == (known.told_streamed, known.heard_streamed), model
        if has_shapes(provider, model):
            assert (got["object"], got["object_streamed"]) == (known.shaped.model_dump(), known.shaped_streamed.model_dump()), model
        if has_both(provider, model):
            assert got["both"] == {"text": known.shaped.model_dump(), "heard": known.heard}, model
    told = [it["body"].decode() for it in Upstream.seen[-60:]]
    assert any(RESULT in it and "Be brief." in it for it in told)


def test_texts_are_embedded(node):
    def recorded(model):
        answer = json.loads(BY_ID[talk.MODELS[model][1]["embeddings"]]["body"])
        return [it.get("embedding") or it["values"] for it in answer.get("data") or answer["embeddings"]]

    jobs = [["embeds", {"provider": provider, "model": model, "values": ["a", "b", "c"][: len(recorded(model))]}] for provider in ("openai", "google", "mistral") for model in ("mistral-embed", "gemini-embedding-001")]
    assert node(jobs) == [recorded("mistral-embed"), recorded("gemini-embedding-001")] * 3


def test_documents_are_ranked_by_cohere_s_provider(node):
    (ranking,) = node([["ranks", {"model": "rerank-v3.5", "query": "What is the capital?", "documents": ["Carson City", "Saipan", "Washington", "Capital punishment"]}]])
    assert ranking == [[2, 0.98005307], [3, 0.27904198], [0, 0.10194652]]


def test_a_text_is_gone_on_with_by_a_model_that_chats(node):
    models = ["claude-haiku-4-5", "gemini-2.5-flash", "mistral-large"]
    for model, got in zip(models, node([["tells", {"provider": "completion", "model": model}] for model in models]), strict=True):
        assert (got["whole"]["text"], got["whole"]["usage"], got["streamed"]["text"]) == (KNOWN[model].told, list(KNOWN[model].usage), KNOWN[model].told_streamed)


def test_cohere_s_provider_chats_through_its_path(passing):
    usage = {"billed_units": {"input_tokens": 10, "output_tokens": 20}, "tokens": {"input_tokens": 10, "output_tokens": 20}}
    message = {"role": "assistant", "content": [{"type": "text", "text": "there"}]}
    passing.provider.answer("POST", "/cohere/v2/chat", {"id": "c", "generation_id": "g", "finish_reason": "COMPLETE", "message": message, "usage": usage})
    (got,) = run(passing.gateway.url, MASTER_KEY, [["asks", {"provider": "cohere", "model": "command-a-03-2025"}]])
    assert got == {"text": "there", "usage": [10, 20]} and passing.provider.line("cohere") == "POST /cohere/v2/chat"


def test_failures_have_the_sdk_s_class_and_our_words(node):
    kinds = [{"model": "gpt-4o", "key": "sk-wrong-0123456789"}, {"model": "nobody"}, {"model": "limited"}, {"model": "truncated"}]
    jobs = [["fails", {"provider": provider, **it}] for provider in PROVIDERS for it in kinds]
    results = node(jobs + [["breaks", {"provider": provider, "model": "halfstream"}] for provider in PROVIDERS])
    for at, provider in enumerate(PROVIDERS):
        wrong, unknown, limited, broken = results[4 * at : 4 * at + 4]
        assert [it["name"] for it in (wrong, unknown, limited, broken)] == ["AI_APICallError"] * 4, provider
        assert [it["status"] for it in (wrong, unknown, limited, broken)] == [401, 400, 429, 500], provider
        # Mistral's own errors have another shape, and its provider does not look for their words in ours.
        words = [it["body" if provider == "mistral" else "message"] for it in (wrong, unknown, limited)]
        assert "Authentication Error" in words[0] and "model=nobody" in words[1] and "slow down" in words[2]
    for provider, half in zip(PROVIDERS, results[-len(PROVIDERS):], strict=True):
        # Ours, and not that of a reader that did not understand the event, as Mistral's provider has none of errors.
        assert half["said"].startswith("litellm.") or provider == "mistral", half
        assert "before its answer" in half["said"], (provider, half)
