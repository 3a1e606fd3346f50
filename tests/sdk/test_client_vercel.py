"""The Vercel AI SDK as a client of three APIs, before providers of four dialects."""

import json
import os
import pathlib
import subprocess

import pytest

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from talk import KNOWN, RESULT

PROVIDERS = ["chat", "responses", "messages", "contents"]


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


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_model_answers_calls_tools_and_fills_shapes(node, provider):
    jobs = []
    for model in KNOWN:
        known = talk.known(model, provider == "responses")
        shapes = {"shape": shape(known.shaped), "shape_streamed": shape(known.shaped_streamed)} if has_shapes(provider, model) else {}
        jobs.append(["works", {"provider": provider, "model": model, **shapes}])
    results = node(jobs)
    for model, got in zip(KNOWN, results, strict=True):
        known = talk.known(model, provider == "responses")
        assert got["whole"] == {"text": known.told, "finish": "stop", "usage": list(known.usage)}, model
        assert got["streamed"] == {"text": known.told_streamed, "finish": "stop"}, model
        assert got["tools"] == {"text": known.told, "heard": known.heard}, model
        assert (got["tools_streamed"]["text"], got["tools_streamed"]["heard"]) == (known.told_streamed, known.heard_streamed), model
        if has_shapes(provider, model):
            assert (got["object"], got["object_streamed"]) == (known.shaped.model_dump(), known.shaped_streamed.model_dump()), model
    told = [it["body"].decode() for it in Upstream.seen[-60:]]
    assert any(RESULT in it and "Be brief." in it for it in told)


def test_texts_are_embedded(node):
    def recorded(model):
        answer = json.loads(BY_ID[talk.MODELS[model][1]["embeddings"]]["body"])
        return [it.get("embedding") or it["values"] for it in answer.get("data") or answer["embeddings"]]

    jobs = [["embeds", {"google": google, "model": model, "values": ["a", "b", "c"][: len(recorded(model))]}] for google in (False, True) for model in ("mistral-embed", "gemini-embedding-001")]
    assert node(jobs) == [recorded("mistral-embed"), recorded("gemini-embedding-001")] * 2


def test_failures_have_the_sdk_s_class_and_our_words(node):
    kinds = [{"model": "gpt-4o", "key": "sk-wrong-0123456789"}, {"model": "nobody"}, {"model": "limited"}, {"model": "truncated"}]
    jobs = [["fails", {"provider": provider, **it}] for provider in PROVIDERS for it in kinds]
    results = node(jobs + [["breaks", {"provider": provider, "model": "halfstream"}] for provider in PROVIDERS])
    for at, provider in enumerate(PROVIDERS):
        wrong, unknown, limited, broken = results[4 * at : 4 * at + 4]
        assert [it["name"] for it in (wrong, unknown, limited, broken)] == ["AI_APICallError"] * 4, provider
        assert [it["status"] for it in (wrong, unknown, limited, broken)] == [401, 400, 429, 500], provider
        assert "Authentication Error" in wrong["message"] and "model=nobody" in unknown["message"] and "slow down" in limited["message"]
    for provider, half in zip(PROVIDERS, results[-4:]):
        # Ours, and not that of a reader that did not understand the event.
        assert half["said"].startswith("litellm.") and "before its answer" in half["said"], (provider, half)
