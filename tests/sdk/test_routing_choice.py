"""Which deployment is asked: strategies, tags, callers, and what stays where it was."""

import concurrent.futures
import threading
import time

import pytest

from raw import whole
from test_money import answer
from test_routing import BROKEN, house, served_by, standing, why  # noqa: F401  (a fixture)


def test_the_least_busy_deployment_is_asked(house):
    entered, leave = threading.Event(), threading.Event()

    def busy(peer):
        entered.set()
        leave.wait(30)
        peer.send(whole(answer()))

    it = house({"busy": ("m", {"tags": ["x"]}, busy), "idle": ("m", {}, None)}, router_settings={"routing_strategy": "least-busy", "enable_tag_filtering": True})
    with concurrent.futures.ThreadPoolExecutor() as other:
        first = other.submit(it.ask, tags=["x"])
        assert entered.wait(20)
        assert standing(it, "busy")["in_flight"] == 1
        assert [served_by(it.ask()) for _ in range(5)] == ["idle"] * 5
        leave.set()
        assert first.result()[0] == 200
    assert standing(it, "busy")["in_flight"] == 0


def test_the_cheapest_deployment_is_asked_until_it_has_its_fill(house):
    it = house(
        {"cheap": ("m", {"input_cost_per_token": 1e-7, "output_cost_per_token": 1e-7, "rpm": 2}, None), "dear": ("m", {"rpm": 100}, None)},
        router_settings={"routing_strategy": "cost-based-routing"},
    )
    served = [served_by(it.ask()) for _ in range(4)]
    # A minute may begin in between.
    assert served in (["cheap", "cheap", "dear", "dear"], ["cheap"] * 3 + ["dear"], ["cheap"] * 4), served


def test_the_fastest_deployment_is_asked_once_each_is_known(house):
    def slow(peer):
        time.sleep(0.3)
        peer.send(whole(answer()))

    it = house({"slow": ("m", {}, slow), "fast": ("m", {}, None)}, router_settings={"routing_strategy": "latency-based-routing", "routing_strategy_args": {"lowest_latency_buffer": 0.1}})
    served = [served_by(it.ask()) for _ in range(8)]
    assert sorted(served[:2]) == ["fast", "slow"] and served[2:] == ["fast"] * 6


@pytest.mark.parametrize("strategy", ["usage-based-routing-v2", "p2c-ewma", "simple-shuffle"])
def test_load_is_spread(house, strategy):
    it = house({"a": ("m", {}, None), "b": ("m", {}, None)}, router_settings={"routing_strategy": strategy})
    served = [served_by(it.ask()) for _ in range(20)]
    assert set(served) == {"a", "b"}


def test_tags_choose_among_deployments(house):
    it = house(
        {"paid": ("m", {"tags": ["paid"]}, None), "free": ("m", {"tags": ["default"]}, None), "only": ("n", {"tags": ["paid"]}, None)},
        router_settings={"enable_tag_filtering": True},
    )
    assert {served_by(it.ask(tags=["paid"])) for _ in range(4)} == {"paid"}
    assert {served_by(it.ask()) for _ in range(4)} == {served_by(it.ask(tags=["other"]))} == {"free"}
    key = it.key(metadata={"tags": ["paid"]})
    assert served_by(it.ask(key=key)) == "paid"
    status, refused, _ = it.ask("n", tags=["other"])
    assert status == 401 and "Not allowed to access model due to tags configuration" in refused["error"]["message"]


def test_who_calls_chooses_among_deployments(house):
    it = house(
        {"cli": ("m", {"tag_regex": ["^User-Agent: my-cli/"]}, None), "rest": ("m", {"tags": ["default"]}, None)},
        router_settings={"enable_tag_filtering": True},
    )
    ask = lambda agent: it.gateway.post("/v1/chat/completions", {"model": "m", "messages": []}, headers={"user-agent": agent})
    assert {served_by(ask("my-cli/2.0")) for _ in range(6)} == {"cli"}
    assert {served_by(ask("curl/8")) for _ in range(6)} == {"rest"}


def test_a_call_has_no_more_retries_and_fallbacks_than_it_may_have_in_all(house):
    deployments = {"bad": ("m", {}, BROKEN), "worse": ("n", {}, BROKEN), "good": ("o", {}, None)}
    more = {"fallbacks": [{"m": ["n"]}, {"n": ["o"]}], "num_retries": 0, "disable_cooldowns": True}
    it = house(deployments, router_settings=more, litellm_settings={"num_retries_per_request": 1})
    assert it.ask()[0] == 500
    assert [it.asked(name) for name in ("bad", "worse", "good")] == [1, 1, 0]
    assert served_by(it.ask("n")) == "good"


def test_a_prompt_that_is_too_long_is_not_sent(house):
    it = house(
        {"short": ("m", {"info": {"max_input_tokens": 50}}, None), "long": ("n", {}, None)},
        router_settings={"enable_pre_call_checks": True, "context_window_fallbacks": [{"m": ["n"]}]},
    )
    assert served_by(it.ask()) == "short"
    messages = [{"role": "user", "content": "word " * 500}]
    assert served_by(it.ask(messages=messages)) == "long" and it.asked("short") == 1
    status, refused, _ = it.ask(messages=messages, disable_fallbacks=True)
    assert status == 400 and refused["error"]["message"].startswith("litellm.ContextWindowExceededError:")


def test_callers_stay_where_they_were(house):
    it = house({name: ("m", {}, None) for name in "abcdef"}, router_settings={"optional_pre_call_checks": ["session_affinity"]})

    def of_session(name):
        return served_by(it.gateway.post("/v1/chat/completions", {"model": "m", "messages": []}, headers={"x-litellm-session-id": name}))

    for session in ("s1", "s2", "s3"):
        assert len({of_session(session) for _ in range(6)}) == 1
    _, _, headers = it.gateway.post("/v1/chat/completions", {"model": "m", "messages": []}, headers={"x-litellm-session-id": "s1"})
    assert why(it, headers)[0]["kept_by_affinity"] is True
    assert len({served_by(it.ask()) for _ in range(30)}) > 1


def test_a_prompt_that_is_marked_for_a_providers_cache_stays_where_it_was(house):
    it = house({name: ("m", {}, None) for name in "abcdef"}, router_settings={"optional_pre_call_checks": ["prompt_caching"]})

    def turn(*texts):
        marked = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}} for text in texts]
        return it.ask(messages=[{"role": "user", "content": marked}])

    first = turn("a long book")
    for _ in range(6):
        # The next turn begins with what was marked before.
        status, _, headers = turn("a long book", "and a question")
        assert status == 200 and headers["x-litellm-model-id"] == served_by(first)
        assert why(it, headers)[0]["kept_by_affinity"] is True
    assert len({served_by(turn(f"book {number}")) for number in range(30)}) > 1
    assert len({served_by(it.ask()) for _ in range(30)}) > 1


def test_a_response_is_gone_on_from_where_it_lies(house):
    def responds(name):
        return whole({"id": f"resp_{name}", "object": "response", "status": "completed", "output": [], "usage": {"input_tokens": 1, "output_tokens": 1}})

    it = house({name: ("m", {}, responds(name)) for name in "abcdef"})
    ask = lambda **more: it.gateway.post("/v1/responses", {"model": "m", "input": "x", **more})
    first = ask()
    for _ in range(5):
        assert served_by(ask(previous_response_id=first[1]["id"])) == served_by(first)
