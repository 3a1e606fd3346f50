"""Every operation goes through the same pipeline: limits, budgets, spend, metrics."""

import json

import pytest

from operation_house import ALL, OperationHouse
from test_budgets import PICO
from test_money import COST
from test_observability import metrics, values

@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    it = OperationHouse(tmp_path_factory.mktemp("all"))
    yield it
    assert it.gateway.stop() == 0


def refused_with(name, answer):
    """Kind and message of an error, in the dialect that was asked."""
    error = json.loads(answer)["error"]
    kind = {"openai": "type", "anthropic": "type", "google": "status"}[ALL[name].dialect]
    return error[kind], error["message"]


@pytest.mark.parametrize("name", ALL)
def test_a_second_call_within_a_limit_of_one_is_refused(house, name):
    key = house.key(rpm_limit=1, user_id="u")
    status, answer, _ = house.call(name, key)
    assert status == 200, answer
    # A window may begin between two calls, but not between three.
    for _ in range(2):
        before = house.sent()
        status, answer, headers = house.call(name, key)
        if status != 200:
            break
    kind, message = refused_with(name, answer)
    assert (status, kind) == (429, {"openai": "throttling_error", "anthropic": "rate_limit_error", "google": "RESOURCE_EXHAUSTED"}[ALL[name].dialect])
    assert "Limit type: requests" in message and int(headers["retry-after"]) >= 1
    assert house.sent() == before


@pytest.mark.parametrize("name", ALL)
def test_a_key_that_has_spent_its_budget_may_call_nothing_what_is_free_included(house, name):
    key = house.key(max_budget=COST / 2, user_id="u")
    assert house.call("chat", key)[0] == 200
    before = house.sent()
    status, answer, _ = house.call(name, key)
    kind, message = refused_with(name, answer)
    assert status == 422 and message.startswith("Budget has been exceeded! Key="), answer
    assert kind == {"openai": "budget_exceeded", "anthropic": "invalid_request_error", "google": "INVALID_ARGUMENT"}[ALL[name].dialect]
    assert house.sent() == before


@pytest.mark.parametrize("name", ALL)
def test_a_call_is_on_record_with_its_kind_and_its_price_and_stands_in_the_metrics(house, name):
    asked = ALL[name]
    made = house.post("/key/generate", {"user_id": "u"})
    status, answer, headers = house.call(name, made["key"])
    assert status == 200, answer
    call = headers["x-litellm-call-id"]
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM spend_rows WHERE call_id = ?", call))
    (row,) = house.query("SELECT * FROM spend_rows WHERE call_id = ?", call)
    assert (row["operation"], row["status"], row["cost_pico"]) == (asked.operation, "success", round(asked.cost * PICO))
    (told,) = json.loads(house.gateway.get(f"/spend/logs?request_id={call}")[1])
    assert told["call_type"] == asked.call_type and told["spend"] == pytest.approx(asked.cost)
    info = lambda: json.loads(house.gateway.get(f"/key/info?key={made['key']}")[1])["info"]
    house.gateway.wait_for(lambda: info()["spend"] == pytest.approx(asked.cost))
    text = metrics(house)
    whose = {"hashed_api_key": made["token"], "route": asked.route, "status_code": "200"}
    assert values(text, "litellm_proxy_total_requests_metric_total", **whose) == [1]
    assert sum(values(text, "sluice_requests_total", operation=asked.operation, status="200")) >= 1
    assert sum(values(text, "litellm_spend_metric_total", hashed_api_key=made["token"])) == pytest.approx(asked.cost)
