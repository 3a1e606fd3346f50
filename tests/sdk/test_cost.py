"""What a call costs, by what its answer tells of tier, searches and usage; how clients are told; and that
a crowd does not overspend."""

import concurrent.futures
import json
import urllib.parse

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, streamed, whole

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
SAID = {"role": "assistant", "content": "there"}


def chat(message=SAID, **more):
    return {"id": "chatcmpl-theirs", "object": "chat.completion", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": message}], **more}


def events(*chunks):
    return streamed(*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n")


def piece(choices=({"index": 0, "delta": {"content": "there"}, "finish_reason": "stop"},), **more):
    return {"id": "chatcmpl-theirs", "object": "chat.completion.chunk", "choices": list(choices), **more}


CITED = {**SAID, "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "a", "start_index": 0, "end_index": 1}}]}


class Shop:
    """A gateway over one scripted upstream, with a deployment for each of `models`."""

    def __init__(self, folder, models, **sections):
        self.upstream = RawUpstream()
        base = self.upstream.script("m", whole(chat()))
        entries = []
        for name, params in models.items():
            entries.append({"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": base, "api_key": "k", "num_retries": 0, **params}})
        general = {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **sections.pop("general_settings", {})}
        self.gateway = Gateway(folder, {"model_list": entries, "general_settings": general, **sections})

    def ask(self, model, key=MASTER_KEY, headers=None, path="chat/completions", **more):
        body = {"model": model, **({"input": "hi"} if path == "responses" else {"messages": [{"role": "user", "content": "hi"}]}), **more}
        return self.gateway.post(f"/v1/{path}", body, key, headers)

    def stream(self, model, headers=None, key=MASTER_KEY, **more):
        """The chunks of a stream."""
        body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "hi"}], **more}).encode()
        status, text, _ = self.gateway.get("/v1/chat/completions", key, body, {"authorization": f"Bearer {key}", **(headers or {})})
        lines = [line.removeprefix("data: ") for line in text.decode().splitlines() if line.startswith("data: ")]
        assert status == 200 and lines[-1] == "[DONE]", text
        return [json.loads(line) for line in lines[:-1]]

    def cost(self, model, answer, **more):
        self.upstream.script("m", whole(answer))
        status, said, headers = self.ask(model, **more)
        assert status == 200, said
        return float(headers["x-litellm-response-cost"])

    def read(self, path):
        status, text, _ = self.gateway.get(path)
        assert status == 200, text
        return json.loads(text)

    def logged(self, count):
        rows = lambda: self.read("/spend/logs?limit=100")
        self.gateway.wait_for(lambda: len(rows()) == count)
        return rows()

    def key(self, **fields):
        status, made, _ = self.gateway.post("/key/generate", fields)
        assert status == 200, made
        return made["key"]


@pytest.fixture()
def shop(tmp_path, data_dir):
    shops = []

    def build(models, **sections):
        shops.append(Shop(tmp_path, models, **sections))
        return shops[-1]

    yield build
    for it in shops:
        it.gateway.stop()


# gpt-4o: 2.5 and 10 dollars for a million tokens, 4.25 and 17 with priority.
STANDARD, PRIORITY = 1000 * 2.5e-6 + 100 * 1e-5, 1000 * 4.25e-6 + 100 * 1.7e-5


def test_the_tier_that_served_the_call_prices_it_else_the_one_that_was_asked_for(shop):
    it = shop({"gpt-4o": {}})
    for asked, served, expected in [
        (None, None, STANDARD),
        (None, "priority", PRIORITY),
        ("priority", None, PRIORITY),
        ("priority", "default", STANDARD),
        ("auto", "priority", PRIORITY),
        ("priority", "scale", PRIORITY),
        ("flex", 7, STANDARD),
    ]:
        wish = {} if asked is None else {"service_tier": asked}
        told = {} if served is None else {"service_tier": served}
        assert it.cost("gpt-4o", chat(**told), **wish) == pytest.approx(expected), (asked, served)


def test_a_stream_is_priced_by_its_tier_and_a_deployment_by_the_tier_that_it_sets(shop):
    it = shop({"gpt-4o": {}, "mine": {"model": "openai/gpt-4o", "service_tier": "priority"}})
    it.upstream.script("m", events(piece(service_tier="priority"), piece((), usage=USAGE, service_tier="priority")))
    it.stream("gpt-4o")
    (row,) = it.logged(1)
    assert row["spend"] == pytest.approx(PRIORITY)
    assert it.cost("mine", chat()) == pytest.approx(PRIORITY)
    assert b'"service_tier":"priority"' in it.upstream.requests["m"][-1].replace(b" ", b"")


def test_searches_of_the_web_are_charged_where_the_answer_shows_them(shop):
    it = shop({"gpt-4o-search-preview": {}, "gpt-4o": {}})
    search = 0.025
    assert it.cost("gpt-4o-search-preview", chat(CITED), web_search_options={}) == pytest.approx(STANDARD + search)
    assert it.cost("gpt-4o-search-preview", chat(), web_search_options={}) == pytest.approx(STANDARD)
    # Where no search is sold, a citation is no sign of one.
    assert it.cost("gpt-4o", chat(CITED)) == pytest.approx(STANDARD)
    cited = ({"index": 0, "delta": {"content": "there", "annotations": CITED["annotations"]}, "finish_reason": "stop"},)
    it.upstream.script("m", events(piece(cited), piece((), usage=USAGE)))
    it.stream("gpt-4o-search-preview", web_search_options={})
    found = lambda: sorted(round(row["spend"], 6) for row in it.read("/spend/logs?limit=9"))
    it.gateway.wait_for(lambda: found() == sorted(round(cost, 6) for cost in (STANDARD, STANDARD, STANDARD + search, STANDARD + search)))


def test_searches_of_a_response_are_counted_one_by_one(shop):
    it = shop({"searcher": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.02, "search_context_size_high": 0.03}}})
    output = [{"type": "web_search_call", "id": "a"}, {"type": "web_search_call", "id": "b"}, {"type": "message", "id": "c", "role": "assistant", "content": []}]
    response = {"id": "resp_1", "object": "response", "status": "completed", "output": output, "usage": {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}}
    for size, price in (("low", 0.01), (None, 0.02), ("high", 0.03)):
        tool = {"type": "web_search_preview", **({"search_context_size": size} if size else {})}
        assert it.cost("searcher", response, path="responses", tools=[tool]) == pytest.approx(2 * price + 20e-6)


def test_rows_are_found_by_the_id_that_the_provider_gave(shop):
    it = shop({"gpt-4o": {}})
    it.cost("gpt-4o", chat(id="chatcmpl-whole"))
    it.upstream.script("m", events(piece(id="chatcmpl-stream"), piece((), usage=USAGE, id="chatcmpl-stream")))
    it.stream("gpt-4o")
    it.logged(2)
    for name in ("chatcmpl-whole", "chatcmpl-stream"):
        (row,) = it.read(f"/spend/logs?request_id={name}")
        assert row["provider_request_id"] == name


def test_the_headers_tell_what_the_cost_is_made_of(shop):
    usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 400}}
    it = shop({"gpt-4o": {}}, litellm_settings={"cost_discount_config": {"openai": 0.1}, "cost_margin_config": {"openai": {"percentage": 0.5, "fixed_amount": 0.01}}})
    key = it.key(max_budget=1)
    it.upstream.script("m", whole(chat(usage=usage)))
    status, _, headers = it.ask("gpt-4o", key)
    assert status == 200
    lines = {"original": 600 * 2.5e-6 + 400 * 1.25e-6 + 1e-3, "input": 600 * 2.5e-6, "cache-read": 400 * 1.25e-6, "output": 1e-3, "tool-usage": 0}
    lines["discount-amount"] = lines["original"] * 0.1
    lines["margin-amount"] = lines["original"] * 0.9 * 0.5 + 0.01
    lines["margin-percent"] = 0.5
    for name, expected in lines.items():
        assert float(headers[f"x-litellm-response-cost-{name}"]) == pytest.approx(expected), name
    total = lines["original"] * 0.9 * 1.5 + 0.01
    assert float(headers["x-litellm-response-cost"]) == pytest.approx(total)
    # What the key has spent has this call in it.
    assert float(headers["x-litellm-key-spend"]) == pytest.approx(total)
    assert float(it.ask("gpt-4o", key)[2]["x-litellm-key-spend"]) == pytest.approx(2 * total)


@pytest.mark.parametrize("settings, headers, told", [
    ({}, {}, False),
    ({"include_cost_in_streaming_usage": True}, {}, True),
    ({}, {"x-litellm-include-cost-in-streaming-usage": "true"}, True),
])
def test_the_usage_of_a_stream_tells_its_cost_to_those_who_want_it(shop, settings, headers, told):
    it = shop({"gpt-4o": {}}, litellm_settings=settings)
    it.upstream.script("m", events(piece(service_tier="priority"), piece((), usage=USAGE)))
    last = it.stream("gpt-4o", headers, stream_options={"include_usage": True})[-1]
    assert last["usage"]["prompt_tokens"] == 1000
    assert last["usage"].get("cost") == (pytest.approx(PRIORITY) if told else None)


def test_tiers_by_prompt_in_litellm_params_are_prices(shop):
    tiers = [{"range": [0, 500], "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}, {"range": [500, 5000], "input_cost_per_token": 3e-6, "output_cost_per_token": 5e-6}]
    it = shop({"tiered": {"tiered_pricing": tiers}})
    assert it.cost("tiered", chat()) == pytest.approx(1000 * 3e-6 + 100 * 5e-6)
    assert b"tiered_pricing" not in it.upstream.requests["m"][-1]


def test_an_access_group_of_the_database_opens_its_models_by_its_name(shop):
    it = shop({"gpt-4o": {}, "other": {}})
    key = it.key(models=["ag2"])
    team = it.gateway.post("/team/new", {"models": ["ag2"]})[1]["team_id"]
    of_team = it.key(team_id=team)
    assert it.ask("gpt-4o", key)[0] == 403
    assert it.gateway.post("/access_group/new", {"access_group": "ag2", "model_names": ["gpt-4o"]})[0] == 200
    for holder in (key, of_team):
        assert it.ask("gpt-4o", holder)[0] == 200
        assert it.ask("other", holder)[0] == 403
        seen = json.loads(it.gateway.get("/v1/models", holder)[1])["data"]
        assert [model["id"] for model in seen] == ["gpt-4o"]


def test_a_private_base_of_the_api_is_refused_with_its_cure(shop):
    it = shop({"gpt-4o": {}}, general_settings={"store_model_in_db": True})
    made = {"model_name": "stored", "litellm_params": {"model": "openai/x", "api_key": "k", "api_base": f"{it.upstream.url}/m"}}
    assert it.gateway.post("/model/new", made)[0] == 200
    it.gateway.wait_for(lambda: it.ask("stored")[0] == 403)
    assert "general_settings.trust_stored_api_base: true" in it.ask("stored")[1]["error"]["message"]


def test_a_thousand_calls_at_once_stay_within_a_budget_of_cents(shop):
    it = shop({"m": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-5}})
    it.upstream.script("m", whole(chat(usage={"prompt_tokens": 10, "completion_tokens": 100})))
    # No call uses more than it may reserve: ten tokens in, and all that it may write.
    price, budget = 10 * 1e-6 + 100 * 1e-5, 0.03
    key = it.key(max_budget=budget)
    with concurrent.futures.ThreadPoolExecutor(200) as crowd:
        statuses = list(crowd.map(lambda _: it.ask("m", key, max_tokens=100)[0], range(1000)))
    served = statuses.count(200)
    assert set(statuses) == {200, 422}
    # The last one may cost more than what was left.
    assert budget <= served * price + 1e-9 and served * price < budget + price
    spent = lambda: it.read(f"/key/info?key={urllib.parse.quote(key)}")["info"]["spend"]
    it.gateway.wait_for(lambda: spent() == pytest.approx(served * price))
