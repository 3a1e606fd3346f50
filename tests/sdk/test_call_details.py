"""What one call tells when it is asked for alone."""

import json

import pytest

from conftest import MASTER_KEY, Gateway


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    priced = {"model": "anthropic/some-model", "api_key": "k", "mock_response": "hello", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    gateway = Gateway(tmp_path_factory.mktemp("details"), {
        "model_list": [{"model_name": "priced", "litellm_params": priced}],
        "general_settings": {"master_key": MASTER_KEY, "store_model_in_db": True, "proxy_batch_write_at": 1},
        "litellm_settings": {"cost_discount_config": {"anthropic": 0.5}},
    })
    yield gateway
    assert gateway.stop() == 0


def call(gateway):
    status, _, headers = gateway.post("/v1/chat/completions", {"model": "priced", "messages": [{"role": "user", "content": "hi"}]})
    assert status == 200
    path = f"/spend/logs/ui/{headers['x-litellm-call-id']}"
    gateway.wait_for(lambda: gateway.get(path)[0] == 200)
    return path


def breakdown(gateway, path):
    row = json.loads(gateway.get(path)[1])
    return row["spend"], row["metadata"]["cost_breakdown"]


def test_the_parts_of_a_cost_come_to_what_was_charged(house):
    spend, parts = breakdown(house, call(house))
    # 10 tokens in, 20 out, half of it taken off.
    assert spend == pytest.approx(25e-6) and parts["total_cost"] == spend
    assert parts["input_cost"] == pytest.approx(10e-6) and parts["output_cost"] == pytest.approx(40e-6)
    assert parts["discount_amount"] == pytest.approx(25e-6) and parts["original_cost"] == pytest.approx(50e-6)


def test_what_would_no_longer_come_to_what_was_charged_is_not_told(house):
    path = call(house)
    house.config.write_text(house.config.read_text().replace('"anthropic": 0.5', '"anthropic": 0.25'))
    house.wait_for(lambda: b"0.25" in house.get("/config/cost_discount_config")[1])
    house.wait_for(lambda: breakdown(house, path)[1] is None)
    assert breakdown(house, path)[0] == pytest.approx(25e-6)
