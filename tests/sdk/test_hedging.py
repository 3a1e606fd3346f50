"""A call whose deployment is slow goes to a second one as well; both stand on the bill."""

import json
import threading

import pytest

from raw import body_of, whole
from test_budgets import PICO
from test_money import COST, answer
from test_routing import TALK, house, served_by, stream, why  # noqa: F401  (a fixture)

HEDGED = {"hedge_after": 0.3, "hedge_most_percent": 100}


class Slow:
    """Never answers; knows when the gateway has gone."""

    def __init__(self):
        self.left = threading.Event()

    def __call__(self, peer):
        peer.wait_for_hang_up()
        self.left.set()


def metric(it, name):
    text = it.gateway.get("/metrics")[1].decode()
    return [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name)]


@pytest.mark.parametrize("streams", [False, True])
def test_the_first_to_answer_serves_the_call_and_the_other_is_cancelled_and_charged(house, streams):
    slow = Slow()
    script = lambda peer: peer.send(TALK if body_of(peer.request).get("stream") else whole(answer()))
    it = house({"slow": ("m", {"weight": 1}, slow), "fast": ("m", {"weight": 0}, script)}, router_settings=HEDGED)
    key = it.key(max_budget=10)
    asked = {"key": key, "max_tokens": 50}
    if streams:
        assert "there" in stream(it, **{"max_tokens": 50})
    else:
        status, _, headers = it.ask(**asked)
        assert status == 200 and headers["x-litellm-model-id"] == "fast"
        first, second = why(it, headers)
        assert (first["chosen"], first["outcome"]) == ("slow", "cancelled")
        assert (second["chosen"], second["outcome"]) == ("fast", "ok")
    # The slow one's connection is closed, not left to itself.
    assert slow.left.wait(10)
    assert metric(it, 'sluice_hedges_total{result="won"}') == ["1"]
    (row,) = it.rows(1)
    lines = json.loads(row["doc"])["lines"]
    assert [line["deployment"] for line in lines] == ["slow", "fast"] and row["deployment"] == "fast"
    assert lines[0]["estimated"]
    if not streams:
        assert not lines[1].get("estimated")
        # What the call was let in with was held twice: what nobody knows of is charged so.
        held = 50 * 2e-6
        assert row["cost_pico"] > (COST + held) * PICO * 0.99
        spent = json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"]
        it.gateway.wait_for(lambda: json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(row["cost_pico"] / PICO))
        assert spent >= 0


def test_who_answers_in_time_is_asked_alone(house):
    it = house({"one": ("m", {}, None), "two": ("m", {}, None)}, router_settings={"hedge_after": 20, "hedge_most_percent": 100})
    assert {it.ask()[0] for _ in range(5)} == {200}
    assert it.asked("one") + it.asked("two") == 5


def test_a_budget_without_room_for_two_pays_for_one(house):
    slow_answer = threading.Event()

    def late(peer):
        # Longer than `hedge_after`: the other one was not asked meanwhile.
        slow_answer.wait(1)
        peer.send(whole(answer()))

    it = house({"slow": ("m", {"weight": 1}, late), "fast": ("m", {"weight": 0}, None)}, router_settings=HEDGED)
    key = it.key(max_budget=50 * 2e-6 * 1.5)
    status, _, headers = it.ask(key=key, max_tokens=50)
    assert status == 200 and headers["x-litellm-model-id"] == "slow"
    assert it.asked("fast") == 0


def test_when_both_fail_the_call_goes_on_as_without(house):
    broken = whole({"error": {"message": "out of order"}}, 500)

    def late(peer):
        threading.Event().wait(0.6)
        peer.send(broken)

    it = house({"slow": ("m", {"weight": 1}, late), "fast": ("m", {"weight": 0}, broken), "spare": ("n", {}, None)}, router_settings={**HEDGED, "fallbacks": [{"m": ["n"]}]})
    assert served_by(it.ask()) == "spare"
    assert (it.asked("slow"), it.asked("fast")) == (1, 1)
