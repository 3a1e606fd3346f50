"""Why a call went where it went: of every kind of call, and after the process that served it is gone."""

import json

from test_routing import BROKEN, house, why  # noqa: F401  (a fixture)


def test_of_every_call_it_is_known_why_it_went_there_also_when_the_process_is_gone(house):
    it = house(
        {
            "bad": ("m", {"num_retries": 1, "weight": 1}, BROKEN),
            "good": ("m", {"num_retries": 1, "weight": 0}, None),
            "down": ("down", {}, BROKEN),
            "lone": ("lone", {"use_in_pass_through": True}, None),
        },
        litellm_settings={"cache": True, "cache_params": {"type": "local", "mode": "default_off"}},
    )
    asked = {}

    def ask(name, status, answer):
        assert answer[0] == status, answer
        asked[name] = answer[2]

    ask("retried", 200, it.ask())
    ask("failed", 500, it.ask("down"))
    for name in ("kept first", "kept"):
        ask(name, 200, it.ask("lone", cache={"use-cache": True}))
    ask("passed", 200, it.gateway.post("/openai/v1/chat/completions", {"model": "m", "messages": []}))
    assert it.asked("lone") == 2

    def told(name):
        found = why(it, asked[name])
        return [(one["strategy"], one["chosen"], one["outcome"], one["candidates_count"], one["ruled_out"]) for one in found]

    bad = {"model_id": "bad", "reason": "tried", "until_ms": None}
    retried = [("simple-shuffle", "bad", "upstream", 2, []), ("simple-shuffle", "good", "ok", 2, [bad])]
    expected = {
        "retried": retried,
        "failed": [("simple-shuffle", "down", "upstream", 1, [])],
        "kept": [("cache", "lone", "ok", 1, [])],
        "passed": [("path", "lone", "ok", 1, [])],
    }
    assert {name: told(name) for name in expected} == expected
    assert told("kept first") == [("simple-shuffle", "lone", "ok", 1, [])]
    assert [one["model_id"] for one in why(it, asked["retried"])[1]["candidates"]] == ["bad", "good"]
    it.rows(5)
    assert it.gateway.stop() == 0
    it.gateway.log = open(it.folder / "log.txt", "ab")
    it.gateway.start()
    # From the calls' rows, which every replica reads.
    assert {name: told(name) for name in expected} == expected
    assert told("kept first") == [("the_only_one", "lone", "ok", 1, [])]
    assert [one["model_id"] for one in why(it, asked["retried"])[1]["candidates"]] == ["good", "bad"]
    # Reports do not repeat it.
    (row,) = json.loads(it.gateway.get(f"/spend/logs?request_id={asked['retried']['x-litellm-call-id']}")[1])
    assert "why" not in row
