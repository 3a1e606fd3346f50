"""Prices and settings that change while the gateway runs, and what other replicas see of it."""

import json

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
USAGE = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
ANSWER = {"id": "x", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}


def table(dollars):
    """A price table of LiteLLM's format, in dollars for a million input tokens."""
    price = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": dollars / 1e6, "output_cost_per_token": 0}
    return whole({"priced-model": price})


@pytest.fixture()
def upstream():
    upstream = RawUpstream()
    upstream.script("m", whole(ANSWER))
    upstream.script("prices", table(3))
    return upstream


def config(upstream, general=None, **litellm):
    model = {"model_name": "m", "litellm_params": {"model": "openai/priced-model", "api_base": f"{upstream.url}/m", "api_key": "k", "num_retries": 0}}
    litellm = {"model_cost_map_url": f"{upstream.url}/prices", **litellm}
    return {"model_list": [model], "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, "store_model_in_db": True, **(general or {})}, "litellm_settings": litellm}


def cost(gateway, key=MASTER_KEY):
    status, answer, headers = gateway.post("/v1/chat/completions", CHAT, key)
    assert status == 200, answer
    return float(headers.get("x-litellm-response-cost", "nan"))


def read(gateway, path):
    status, text, _ = gateway.get(path)
    assert status == 200, text
    return json.loads(text)


def test_prices_are_fetched_at_the_start_and_when_told_and_outlive_a_broken_source(tmp_path, data_dir, upstream):
    gateway = Gateway(tmp_path, config(upstream))
    try:
        gateway.wait_for(lambda: read(gateway, "/model/cost_map/source")["source"] == "remote")
        assert cost(gateway) == pytest.approx(3)
        upstream.script("prices", table(5))
        status, told, _ = gateway.post("/reload/model_cost_map", {})
        assert status == 200 and told["status"] == "success" and told["models_count"] > 4000
        assert cost(gateway) == pytest.approx(5)
        upstream.script("prices", whole({"priced-model": {"input_cost_per_token": -1}}))
        status, refused, _ = gateway.post("/reload/model_cost_map", {})
        assert status == 502 and "priced-model" in refused["error"]["message"]
        assert cost(gateway) == pytest.approx(5)
        source = read(gateway, "/model/cost_map/source")
        assert "negative" in source["fallback_reason"] and source["url"] == f"{upstream.url}/prices"
        metrics = gateway.get("/metrics")[1].decode()
        assert 'sluice_price_refreshes_total{result="refused"} 1' in metrics
    finally:
        gateway.stop()
    # The source is still broken at the next start: the last good table is on disk.
    gateway = Gateway(tmp_path, config(upstream))
    try:
        assert cost(gateway) == pytest.approx(5)
    finally:
        assert gateway.stop() == 0


def test_a_price_file_is_taken_over_when_it_changes(tmp_path, data_dir, upstream):
    own = tmp_path / "own.json"

    def write(dollars):
        own.write_text(json.dumps({"priced-model": {"litellm_provider": "openai", "input_cost_per_token": dollars / 1e6}}))

    write(7)
    gateway = Gateway(tmp_path, config(upstream, model_cost_map_file=str(own), model_cost_map_url=""))
    try:
        assert cost(gateway) == pytest.approx(7)
        write(11)
        gateway.wait_for(lambda: cost(gateway) == pytest.approx(11))
        own.write_text("{")
        gateway.wait_for(lambda: "is not taken over" in gateway.logged())
        assert cost(gateway) == pytest.approx(11)
    finally:
        assert gateway.stop() == 0


def test_budgets_and_rules_change_with_the_file_and_the_api_without_a_restart(tmp_path, data_dir, upstream):
    gateway = Gateway(tmp_path, config(upstream))
    try:
        gateway.wait_for(lambda: read(gateway, "/model/cost_map/source")["source"] == "remote")
        key = gateway.post("/key/generate", {"max_budget": 2})[1]["key"]
        assert gateway.post("/v1/chat/completions", CHAT, key)[0] in (200, 422)
        gateway.config.write_text(json.dumps(config(upstream, budget_exceeded_status_code=418, upperbound_key_generate_params={"max_budget": 10})))
        gateway.wait_for(lambda: gateway.post("/v1/chat/completions", CHAT, key)[0] == 418)
        status, refused, _ = gateway.post("/key/generate", {"max_budget": 11})
        assert status == 400 and refused["error"]["param"] == "max_budget"
        # Through the API, over the file's.
        status, told, _ = gateway.post("/config/update", {"litellm_settings": {"budget_exceeded_status_code": 429}})
        assert status == 200, told
        gateway.wait_for(lambda: gateway.post("/v1/chat/completions", CHAT, key)[0] == 429)
        status, refused, _ = gateway.post("/config/update", {"litellm_settings": {"max_budget": "plenty"}})
        assert status == 400 and "max_budget" in refused["error"]["param"]
        assert read(gateway, "/config/yaml")["general_settings"]["master_key"] == "********"
        assert MASTER_KEY not in gateway.get("/config/yaml")[1].decode()
        status, twice, _ = gateway.post("/key/generate", b'{"max_budget": 1, "max_budget": 5}')
        assert status == 400 and twice["error"]["param"] == "max_budget"
    finally:
        assert gateway.stop() == 0


def test_a_replica_takes_over_what_another_one_changed(tmp_path, data_dir, upstream):
    state = str(tmp_path / "state")
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    general = {"trust_stored_api_base": True}
    one, two = (Gateway(folder, config(upstream, general), {"SLUICE_STATE_DIR": state}) for folder in folders)
    try:
        body = {"model_name": "made", "litellm_params": {"model": "openai/priced-model", "api_base": f"{upstream.url}/m", "api_key": "k"}}
        assert one.post("/model/new", body)[0] == 200
        two.wait_for(lambda: "made" in {it["id"] for it in read(two, "/v1/models")["data"]})
        status, told, _ = one.get("/config/cost_discount_config", body=json.dumps({"openai": 0.5}).encode())
        assert status == 405, told
        assert one.post("/config/update", {"litellm_settings": {"cost_discount_config": {"openai": 0.5}}})[0] == 200
        two.wait_for(lambda: cost(two) == pytest.approx(1.5))
        upstream.script("prices", table(8))
        assert one.post("/reload/model_cost_map", {})[0] == 200
        two.wait_for(lambda: cost(two) == pytest.approx(4))
    finally:
        codes = [one.stop(), two.stop()]
    assert codes == [0, 0]


def test_a_replica_knows_within_seconds_what_the_other_one_spent(tmp_path, data_dir, upstream):
    state = str(tmp_path / "state")
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    upstream.script("prices", table(1))
    one, two = (Gateway(folder, config(upstream), {"SLUICE_STATE_DIR": state}) for folder in folders)
    try:
        for gateway in (one, two):
            gateway.wait_for(lambda: cost(gateway) == pytest.approx(1))
        key = one.post("/key/generate", {"max_budget": 4})[1]["key"]

        def ask(gateway):
            return gateway.post("/v1/chat/completions", CHAT, key)

        # Both have the account in memory, and spend three of four.
        assert [ask(one)[0], ask(two)[0], ask(one)[0]] == [200, 200, 200]
        # Failures cost nothing, and say what the replica knows.
        upstream.script("m", whole({"error": {"message": "no"}}, status=500))
        for gateway in (one, two):
            gateway.wait_for(lambda: float(ask(gateway)[2].get("x-litellm-key-spend", 0)) == pytest.approx(3))
        upstream.script("m", whole(ANSWER))
        assert [ask(two)[0], ask(two)[0]] == [200, 422]
        upstream.script("m", whole({"error": {"message": "no"}}, status=500))
        one.wait_for(lambda: ask(one)[0] == 422)
        one.wait_for(lambda: read(one, f"/key/info?key={key}")["info"]["spend"] == pytest.approx(4))
    finally:
        codes = [one.stop(), two.stop()]
    assert codes == [0, 0]
