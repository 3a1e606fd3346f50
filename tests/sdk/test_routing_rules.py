"""Rules of routing that an operator writes down, each before a running gateway: tags, teams, affinity,
failures that are asked for, what a retry costs, and what is the gateway's own time."""

import concurrent.futures
import json
import time

import pytest

from raw import whole
from test_money import answer
from test_routing import BROKEN, house, served_by, standing, why  # noqa: F401  (a fixture)


def asked_with(it, headers, model="m", **more):
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}
    return it.gateway.post("/v1/chat/completions", body, headers=headers)


def test_one_common_tag_is_not_enough_where_all_are_wanted(house):
    it = house(
        {"one": ("m", {"tags": ["a"]}, None), "both": ("m", {"tags": ["b", "a"]}, None)},
        router_settings={"enable_tag_filtering": True, "tag_filtering_match_any": False},
    )
    assert {served_by(asked_with(it, {"x-litellm-tags": "a,b"})) for _ in range(8)} == {"both"}
    assert {served_by(asked_with(it, {"x-litellm-tags": "a"})) for _ in range(20)} == {"one", "both"}
    assert served_by(it.ask(metadata={"tags": ["b"]})) == "both"
    assert asked_with(it, {"x-litellm-tags": "a,c"})[0] == 401


def test_a_teams_deployment_is_for_its_team(house):
    it = house({"own": ("m", {"info": {"team_id": "t"}}, None), "open": ("m", {}, None)})
    it.post("/team/new", {"team_id": "t"})
    inside, outside = it.key(team_id="t"), it.key()
    assert {served_by(it.ask(key=outside)) for _ in range(12)} == {"open"}
    assert "own" in {served_by(it.ask(key=inside)) for _ in range(30)}
    _, _, headers = it.ask(key=outside)
    assert [(out["model_id"], out["reason"]) for out in why(it, headers)[0]["ruled_out"]] == [("own", "team")]


def test_a_key_stays_at_its_deployment_by_check_of_the_router_or_of_one_group(house):
    deployments = {f"{group}{number}": (group, {}, None) for group in "mn" for number in range(6)}
    it = house(deployments, router_settings={"model_group_affinity_config": {"m": ["deployment_affinity"]}})
    keys = [it.key() for _ in range(3)]
    for key in keys:
        assert len({served_by(it.ask(key=key)) for _ in range(8)}) == 1
        assert len({served_by(it.ask("n", key)) for _ in range(30)}) > 1


@pytest.mark.parametrize("mock, status, group", [("content_policy_fallbacks", 200, "lax"), ("rate_limit_error", 429, None), ("context_fallbacks", 200, "wide")])
def test_each_failure_that_a_client_may_ask_for_goes_its_own_way(house, mock, status, group):
    it = house(
        {name: (name, {}, None) for name in ("m", "lax", "wide")},
        router_settings={"content_policy_fallbacks": [{"m": ["lax"]}], "context_window_fallbacks": [{"m": ["wide"]}]},
        general_settings={"dangerously_allow_mock_testing_request_params": True},
    )
    got, _, headers = it.ask(**{f"mock_testing_{mock}": True})
    assert got == status and it.asked("m") == 0
    assert headers.get("x-litellm-model-group") == group or status == 429


def test_a_deployment_that_fails_costs_each_of_many_callers_one_retry_at_most(house):
    it = house({"bad": ("m", {"num_retries": 3}, BROKEN), **{name: ("m", {"num_retries": 3}, None) for name in ("good", "better")}})
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: it.ask(), range(60)))
    assert {status for status, _, _ in answers} == {200}
    retries = [int(headers["x-litellm-attempted-retries"]) for _, _, headers in answers]
    assert sum(retries) == it.asked("bad") > 0 and max(retries) == 1
    assert {headers["x-litellm-attempted-fallbacks"] for _, _, headers in answers} == {"0"}


def test_the_upstreams_time_is_not_the_gateways(house):
    def slow(peer):
        time.sleep(0.5)
        peer.send(whole(answer()))

    it = house({"slow": ("m", {}, slow)})
    it.ask()
    status, _, headers = it.ask()
    took, own = (float(headers[f"x-litellm-{name}-duration-ms"]) for name in ("response", "overhead"))
    assert status == 200 and took >= 500 and own < took / 2, (took, own)
    metrics = it.gateway.get("/metrics")[1].decode()
    total = lambda name: sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name))
    assert total("litellm_llm_api_latency_metric_sum") >= 1
    assert total("litellm_overhead_latency_metric_sum") < total("litellm_llm_api_latency_metric_sum") / 2


def test_what_a_deployment_did_is_counted_by_value(house):
    it = house({"bad": ("m", {"num_retries": 1, "weight": 1}, BROKEN), "good": ("m", {"num_retries": 1, "weight": 0}, None)})
    assert served_by(it.ask()) == "good"
    lines = it.gateway.get("/metrics")[1].decode().splitlines()

    def value(name, model_id):
        found = [line for line in lines if line.startswith(f"litellm_deployment_{name}{{") and f'model_id="{model_id}"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    assert [value(f"{name}_total", "bad") for name in ("total_requests", "success_responses", "failure_responses")] == [1, 0, 1]
    assert [value(f"{name}_total", "good") for name in ("total_requests", "success_responses", "failure_responses")] == [1, 1, 0]
    assert standing(it, "bad")["failed"] == {"InternalServerError": 1}


def test_metrics_may_be_open_to_everybody(house):
    it = house({"m": ("m", {}, None)}, litellm_settings={"require_auth_for_metrics_endpoint": False})
    status, text, _ = it.gateway.get("/metrics", headers={"accept": "text/plain"})
    assert status == 200 and b"sluice_in_flight_requests" in text
    assert it.gateway.get("/health", headers={"accept": "*/*"})[0] == 401
    assert json.loads(it.gateway.get("/health/readiness", headers={"accept": "*/*"})[1])["status"]


def test_keys_and_teams_have_settings_of_the_router_of_their_own(house):
    it = house(
        {"bad": ("m", {"num_retries": 0}, BROKEN), "spare": ("spare", {}, None), "other": ("other", {}, None), "dear": ("dear", {}, None)},
        router_settings={"fallbacks": [{"m": ["other"]}]},
    )
    assert served_by(it.ask()) == "other"
    own = it.key(router_settings={"fallbacks": [{"m": ["spare"]}]})
    assert served_by(it.ask(key=own)) == "spare"
    team = it.post("/team/new", {"router_settings": {"fallbacks": [{"m": ["spare"]}]}})["team_id"]
    assert served_by(it.ask(key=it.key(team_id=team))) == "spare"
    # The key's own count before its team's.
    of_team = it.key(team_id=team, router_settings={"fallbacks": [{"m": ["other"]}]})
    assert served_by(it.ask(key=of_team)) == "other"
    asked = it.asked("bad")
    stubborn = it.key(router_settings={"num_retries": 1, "fallbacks": [{"m": []}]})
    status, _, headers = it.ask(key=stubborn)
    assert status == 500 and headers["x-litellm-attempted-retries"] == "1" and it.asked("bad") == asked + 2
    # They open no model that the key may not ask for.
    barred = it.key(models=["m"], router_settings={"fallbacks": [{"m": ["dear"]}]})
    assert it.ask(key=barred)[0] == 500 and it.asked("dear") == 0
    for wrong, said in (({"num_retries": "often"}, "num_retries"), ({"num_retrys": 1}, "did you mean"), ({"routing_strategy": "best"}, "routing_strategy")):
        status, refused, _ = it.gateway.post("/key/generate", {"router_settings": wrong})
        assert status == 400 and said in str(refused), refused


def test_only_tags_with_the_prefix_choose(house):
    it = house(
        {"paid": ("m", {"tags": ["tier:paid"]}, None), "free": ("m", {"tags": ["default"]}, None)},
        router_settings={"enable_tag_filtering": True, "tag_routing_prefix": "tier:"},
    )
    assert {served_by(asked_with(it, {"x-litellm-tags": "tier:paid,job:7"})) for _ in range(6)} == {"paid"}
    # Alone it is no tag that chooses, so the call is one without.
    assert {served_by(asked_with(it, {"x-litellm-tags": "job:7"})) for _ in range(6)} == {"free"}
    row = it.rows(12)[-1]
    assert "job:7" in row["tags"]


def test_what_a_header_says_for_the_spend_row_stands_in_it(house):
    it = house({"m": ("m", {}, None)})
    assert asked_with(it, {"x-litellm-spend-logs-metadata": '{"run": "7"}'}, metadata={"mine": 1})[0] == 200
    (row,) = it.rows(1)
    assert json.loads(row["doc"])["metadata"] == {"mine": 1, "spend_logs_metadata": {"run": "7"}}
    status, refused, _ = asked_with(it, {"x-litellm-spend-logs-metadata": "run 7"})
    assert status == 400 and refused["error"]["param"] == "x-litellm-spend-logs-metadata"
