"""`GET /v1/models` with `check_provider_endpoint`: what providers say they have."""

import json
import time

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole

LISTS = {
    "openai": whole({"object": "list", "data": [{"id": "gpt-of-tomorrow", "object": "model"}, {"id": "o9", "object": "model"}]}),
    "anthropic": whole({"data": [{"type": "model", "id": "claude-of-tomorrow", "display_name": "C", "created_at": "2026-01-01T00:00:00Z"}], "has_more": False}),
    "groq": whole({"error": {"message": "no such key: k-secret-of-groq"}}, 401),
    "mistral": lambda peer: peer.wait_for_hang_up(),
}


def start(folder, **settings):
    upstream = RawUpstream()
    models = []
    for provider, answer in LISTS.items():
        params = {"model": f"{provider}/*", "api_base": upstream.script(provider, answer), "api_key": f"k-secret-of-{provider}"}
        models.append({"model_name": f"{provider}/*", "litellm_params": params})
    config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY}, "litellm_settings": settings}
    return Gateway(folder, config), upstream


def listed(gateway, key=MASTER_KEY):
    status, answer, _ = gateway.get("/v1/models", key)
    assert status == 200, answer
    return [model["id"] for model in json.loads(answer)["data"]]


def of(provider, models):
    return [model.partition("/")[2] for model in models if model.startswith(f"{provider}/")]


def test_patterns_are_listed_as_what_their_providers_say_and_each_is_asked_once(tmp_path, data_dir):
    gateway, upstream = start(tmp_path, check_provider_endpoint=True)
    started = time.monotonic()
    models = listed(gateway)
    # The one that says nothing is not waited for.
    assert time.monotonic() - started < 15
    assert of("openai", models) == ["gpt-of-tomorrow", "o9"] and of("anthropic", models) == ["claude-of-tomorrow"]
    # What is known without asking, where asking came to nothing.
    assert len(of("groq", models)) > 3 and len(of("mistral", models)) > 3
    assert listed(gateway) == models
    assert {name: len(requests) for name, requests in upstream.requests.items()} == dict.fromkeys(LISTS, 1)
    asked = upstream.requests["openai"][0]
    assert asked.startswith(b"GET /openai/models ") and b"Bearer k-secret-of-openai" in asked
    said = [line for line in gateway.logged().splitlines() if "does not list its models" in line]
    assert len(said) == 2 and "no answer within 5 seconds" in gateway.logged()
    assert "k-secret" not in gateway.logged()
    key = gateway.post("/key/generate", {"models": ["openai/o9"]})[1]["key"]
    assert listed(gateway, key) == ["openai/o9"]
    assert gateway.stop() == 0


@pytest.mark.parametrize("settings", [{}, {"check_provider_endpoint": False}])
def test_nobody_is_asked_unless_the_config_says_so(tmp_path, data_dir, settings):
    gateway, upstream = start(tmp_path, **settings)
    models = listed(gateway)
    assert "gpt-4o" in of("openai", models) and "gpt-of-tomorrow" not in of("openai", models)
    assert upstream.requests == {}
    assert gateway.stop() == 0
