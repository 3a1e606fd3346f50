"""What is passed through is held to limits and budgets, and stands in the metrics, at every provider's path and at an
operator's own."""

import json

import pytest

from test_observability import values
from test_through import call, make_key, row
from test_through_providers import NOVA, clouds, house, rsa_key

MESSAGES = {"messages": [{"role": "user", "content": "hi"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
GEMINI = "models/gemini-2.5-flash:generateContent"
# Of each path: what is asked below it, with which body, and whose upstream has it.
PASSED = {
    "/openai": ("/v1/chat/completions", {"model": "gpt-4o-mini", **MESSAGES}, "openai"),
    "/openai_passthrough": ("/v1/chat/completions", {"model": "gpt-4o-mini", **MESSAGES}, "openai"),
    "/azure": ("/openai/deployments/by-key/chat/completions?api-version=2024-10-21", MESSAGES, "azure"),
    "/anthropic": ("/v1/messages", {"model": "claude-haiku-4-5", "max_tokens": 5, **MESSAGES}, "anthropic"),
    "/gemini": (f"/v1beta/{GEMINI}", CONTENTS, "gemini"),
    "/vertex_ai": (f"/v1/projects/vertex/locations/us-central1/publishers/google/{GEMINI}", CONTENTS, "vertex"),
    "/bedrock": (f"/model/{NOVA}/converse", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}, "bedrock"),
    "/cohere": ("/v2/chat", {"model": "command-marked", **MESSAGES}, "cohere"),
    "/mistral": ("/v1/chat/completions", {"model": "mistral-small-latest", **MESSAGES}, "mistral"),
    "/own": ("", {"prompt": "hi"}, "own"),
}


def ask(house, prefix, key):
    path, body, _ = PASSED[prefix]
    return call(house, prefix + path, key, body=body)


def reached(clouds, prefix):
    return len(clouds.called[PASSED[prefix][2]])


@pytest.mark.parametrize("prefix", PASSED)
def test_a_second_call_within_a_limit_of_one_is_refused(house, clouds, prefix):
    key = make_key(house, rpm_limit=1)
    first = ask(house, prefix, key)
    assert first.status_code == 200, first.text
    # A window may begin between two calls, but not between three.
    for _ in range(2):
        before = reached(clouds, prefix)
        refused = ask(house, prefix, key)
        if refused.status_code != 200:
            break
    assert refused.status_code == 429 and "Limit type: requests" in refused.text
    assert int(refused.headers["retry-after"]) >= 1 and reached(clouds, prefix) == before


@pytest.mark.parametrize("prefix", PASSED)
def test_a_key_that_has_spent_its_budget_passes_nothing_through(house, clouds, prefix):
    key = make_key(house, max_budget=1e-9)
    first = ask(house, prefix, key)
    assert first.status_code == 200, first.text
    row(house, first.headers["x-litellm-call-id"])
    before = reached(clouds, prefix)
    refused = ask(house, prefix, key)
    assert refused.status_code == 422 and "Budget has been exceeded! Key=" in refused.text
    # What is free is refused as well.
    assert call(house, prefix + PASSED[prefix][0], key, "GET").status_code == 422 and reached(clouds, prefix) == before


@pytest.mark.parametrize("prefix", PASSED)
def test_a_call_stands_in_the_metrics_with_what_it_cost(house, prefix):
    made = house.post("/key/generate", {})[1]
    answer = ask(house, prefix, made["key"])
    cost = row(house, answer.headers["x-litellm-call-id"])["spend"]
    text = house.get("/metrics")[1].decode()
    whose = {"hashed_api_key": made["token"]}
    assert cost > 0 and values(text, "litellm_proxy_total_requests_metric_total", **whose, status_code="200") == [1]
    assert sum(values(text, "litellm_spend_metric_total", **whose)) == pytest.approx(cost)
    assert sum(values(text, "sluice_requests_total", operation="pass-through", status="200")) >= 1
    assert json.loads(house.get(f"/key/info?key={made['key']}")[1])["info"]["spend"] == pytest.approx(cost)
