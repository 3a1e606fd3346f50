"""Which deployment answers: strategies, retries, cooldowns, fallbacks, affinity, and why."""

import concurrent.futures
import json
import os
import subprocess
import threading
import time

import pytest

from conftest import MASTER_KEY
from raw import SSE, body_of, chunk, connect, head, request, streamed, until_closed, whole
from test_budgets import House
from test_money import answer, piece

BROKEN = whole({"error": {"message": "out of order"}}, 500)
REFUSED = whole({"error": {"message": "wrong key"}}, 401)
LIMITED = whole({"error": {"message": "slow down"}}, 429)
TOO_LONG = whole({"error": {"message": "this model's maximum context length is 8 tokens"}}, 400)
FILTERED = whole({"error": {"message": "refused by our content management policy"}}, 400)
ROLE = f'data: {json.dumps({"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})}\n\n'
TALK = streamed(ROLE, piece("there"), piece("", "stop"), "data: [DONE]\n\n")


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, **sections):
        houses.append(House(tmp_path, deployments, **sections))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def served_by(asked):
    status, body, headers = asked
    assert status == 200, body
    return headers["x-litellm-model-id"]


def why(it, headers):
    status, text, _ = it.gateway.get(f"/router/decisions/{headers['x-litellm-call-id']}")
    assert status == 200, text
    return json.loads(text)["choices"]


def standing(it, name):
    deployments = json.loads(it.gateway.get("/router/deployments")[1])["deployments"]
    return next(entry for entry in deployments if entry["model_id"] == name)


def stream(it, model="m", **more):
    with connect(it.gateway) as connection:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "hi"}], **more}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY, connection="close"))
        return until_closed(connection).decode()


def test_a_failed_attempt_goes_to_another_deployment_at_once_and_an_admin_can_see_why(house):
    it = house({"bad": ("m", {"num_retries": 1, "weight": 1}, BROKEN), "good": ("m", {"num_retries": 1, "weight": 0}, None)})
    status, _, headers = it.ask()
    assert status == 200 and headers["x-litellm-model-id"] == "good"
    assert (headers["x-litellm-attempted-retries"], headers["x-litellm-attempted-fallbacks"]) == ("1", "0")
    first, second = why(it, headers)
    assert (first["chosen"], first["outcome"], first["eligible_count"], first["ruled_out"]) == ("bad", "upstream", 2, [])
    assert (second["chosen"], second["outcome"]) == ("good", "ok")
    assert second["ruled_out"] == [{"model_id": "bad", "reason": "tried", "until_ms": None}]
    assert [candidate["model_id"] for candidate in second["candidates"]] == ["bad", "good"]
    key = it.key()
    for path in (f"/router/decisions/{headers['x-litellm-call-id']}", "/router/deployments"):
        assert it.gateway.get(path, key)[0] == 401
    assert it.gateway.get("/router/decisions/nobody")[0] == 404


def test_more_calls_than_may_wait_are_turned_away_and_the_next_in_line_is_served(house):
    held, go = threading.Semaphore(0), threading.Event()

    def hold(peer):
        held.release()
        assert go.wait(20)
        peer.send(TALK)

    it = house(
        {"slow": ("m", {"num_retries": 0}, hold)},
        general_settings={"max_in_flight_requests_per_worker": 1, "max_queued_requests_per_worker": 1},
    )
    with concurrent.futures.ThreadPoolExecutor() as pool:
        served = pool.submit(stream, it)
        assert held.acquire(timeout=20)
        waiting = pool.submit(stream, it)
        it.gateway.wait_for(lambda: "sluice_waiting_requests{} 1" in it.gateway.get("/metrics")[1].decode())
        status, refused, headers = it.ask()
        assert status == 503 and headers["retry-after"] == "1", refused
        assert "serves 1 requests and 1 more wait" in refused["error"]["message"] and refused["error"]["code"] == "503"
        assert it.gateway.get("/health/liveliness")[0] == 200
        go.set()
        assert "there" in served.result(20) and "there" in waiting.result(20)
    assert it.asked("slow") == 2
    assert 'sluice_requests_shed_total{why="full"} 1' in it.gateway.get("/metrics")[1].decode()


def test_a_lower_priority_is_served_first(house):
    held, go, order = threading.Semaphore(0), threading.Event(), []

    def hold(peer):
        asked = body_of(peer.request)
        order.append(asked["messages"][0]["content"])
        assert "priority" not in asked
        held.release()
        assert go.wait(20)
        peer.send(whole(answer()))

    general = {"max_in_flight_requests_per_worker": 1, "max_queued_requests_per_worker": 9}
    it = house({"slow": ("m", {"num_retries": 0}, hold)}, general_settings=general, router_settings={"default_priority": 5})

    def ask(name, headers=None, **more):
        body = {"model": "m", "messages": [{"role": "user", "content": name}], **more}
        return it.gateway.post("/v1/chat/completions", body, headers=headers)[0]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        calls = [pool.submit(ask, "inside")]
        assert held.acquire(timeout=20)
        for waiting, (name, headers, more) in enumerate((("last", {"x-litellm-priority": "9"}, {}), ("usual", None, {}), ("body", None, {"priority": 3}), ("header", {"x-litellm-priority": "1"}, {"priority": 200})), 1):
            calls.append(pool.submit(ask, name, headers, **more))
            it.gateway.wait_for(lambda: f"sluice_waiting_requests{{}} {waiting}" in it.gateway.get("/metrics")[1].decode())
        go.set()
        assert [it.result(20) for it in calls] == [200] * 5
    assert order == ["inside", "header", "body", "usual", "last"]
    for headers, more, named in (({"x-litellm-priority": "soon"}, {}, "x-litellm-priority"), (None, {"priority": "high"}, "priority")):
        status, refused, _ = it.gateway.post("/v1/chat/completions", {"model": "m", "messages": [], **more}, headers=headers)
        assert status == 400 and refused["error"]["param"] == named


def test_a_call_that_waits_in_vain_is_shed_before_its_body_is_read(house):
    go, held = threading.Event(), threading.Semaphore(0)

    def hold(peer):
        held.release()
        assert go.wait(20)
        peer.send(whole(answer()))

    it = house({"slow": ("m", {"num_retries": 0}, hold)}, general_settings={"max_in_flight_requests_per_worker": 1, "admission_queue_timeout_seconds": 0.3})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        served = pool.submit(it.ask)
        assert held.acquire(timeout=20)
        began = time.monotonic()
        status, refused, headers = it.ask()
        waited = time.monotonic() - began
        assert status == 503 and headers["retry-after"] == "1" and refused["error"]["code"] == "503", refused
        assert 0.25 < waited < 10
        go.set()
        assert served.result(20)[0] == 200
    assert it.asked("slow") == 1 and it.ask()[0] == 200
    assert 'sluice_requests_shed_total{why="late"} 1' in it.gateway.get("/metrics")[1].decode()


def test_a_refused_key_rests_its_deployment_until_its_time_is_over(house):
    answers = [REFUSED]
    it = house(
        {"refused": ("m", {"num_retries": 1, "weight": 1}, lambda peer: peer.send(answers.pop() if answers else whole(answer()))), "good": ("m", {"num_retries": 1, "weight": 0}, None)},
        router_settings={"cooldown_time": 2},
    )
    assert served_by(it.ask()) == "good"
    assert standing(it, "refused")["rests_until_ms"] and standing(it, "refused")["failed"] == {"AuthenticationError": 1}
    status, _, headers = it.ask()
    assert status == 200 and headers["x-litellm-attempted-retries"] == "0" and it.asked("refused") == 1
    (choice,) = why(it, headers)
    assert [out["reason"] for out in choice["ruled_out"]] == ["cooldown"] and choice["ruled_out"][0]["until_ms"]
    health = json.loads(it.gateway.get("/health")[1])
    assert [entry["model_id"] for entry in health["unhealthy_endpoints"]] == ["refused"] and health["healthy_count"] == 1
    metrics = it.gateway.get("/metrics")[1].decode()
    assert 'litellm_deployment_cooled_down_total{litellm_model_name="m",model_id="refused"' in metrics
    assert 'litellm_deployment_state{litellm_model_name="m",model_id="refused"' in metrics
    assert it.gateway.logged().count("a deployment failed and rests") == 1
    it.gateway.wait_for(lambda: served_by(it.ask()) == "refused")


def test_a_group_that_rests_is_refused_with_the_time_and_goes_to_its_fallback(house):
    it = house(
        {"only": ("m", {}, REFUSED), "spare": ("n", {}, REFUSED), "other": ("o", {}, None)},
        router_settings={"cooldown_time": 30, "fallbacks": [{"n": ["o"]}]},
    )
    assert it.ask()[0] == 401
    status, refused, headers = it.ask()
    error = refused["error"]
    assert status == 429 and error["message"].startswith("No deployments available for selected model, Try again in "), refused
    assert error["type"] == "internal_server_error" and 1 <= int(headers["retry-after"]) <= 30
    for _ in range(2):
        assert served_by(it.ask("n")) == "other"
    assert it.asked("only") == it.asked("spare") == 1


def test_cooldowns_can_be_disabled_and_counted(house):
    deployments = {"only": ("m", {}, REFUSED)}
    it = house(deployments, router_settings={"disable_cooldowns": True})
    assert [it.ask()[0] for _ in range(3)] == [401, 401, 401]


def test_failures_are_counted_before_a_deployment_rests(house):
    it = house(
        {"only": ("m", {"info": {"allowed_fails_policy": {"InternalServerErrorAllowedFails": 2}}}, BROKEN)},
        router_settings={"allowed_fails": 0, "cooldown_time": 30},
    )
    assert [it.ask()[0] for _ in range(4)] == [500, 500, 500, 429]


def test_the_next_order_counts_as_a_fallback(house):
    it = house({"first": ("m", {"order": 1, "num_retries": 2}, BROKEN), "second": ("m", {"order": 2, "num_retries": 2}, None)})
    status, _, headers = it.ask()
    assert status == 200 and headers["x-litellm-model-id"] == "second" and it.asked("first") == 1
    assert (headers["x-litellm-attempted-retries"], headers["x-litellm-attempted-fallbacks"]) == ("0", "1")
    assert it.ask(disable_fallbacks=True, num_retries=0)[0] == 500


def test_a_policy_says_how_often_each_kind_of_failure_is_tried_again(house):
    it = house(
        {"limited": ("m", {}, LIMITED), "broken": ("n", {}, BROKEN), "bad": ("o", {}, whole({"error": {"message": "no"}}, 400))},
        router_settings={
            "retry_policy": {"RateLimitErrorRetries": 1, "InternalServerErrorRetries": 0, "BadRequestErrorRetries": 1},
            "model_group_retry_policy": {"n": {"InternalServerErrorRetries": 2}},
            "disable_cooldowns": True,
        },
    )
    expected = {"m": ("limited", 429, 2), "n": ("broken", 500, 3), "o": ("bad", 400, 2)}
    for group, (name, wanted, times) in expected.items():
        status, _, headers = it.ask(group)
        assert (status, it.asked(name)) == (wanted, times), group
        assert headers["x-litellm-attempted-retries"] == str(times - 1)
    assert it.ask("m", num_retries=5)[0] == 429 and it.asked("limited") == 4


def test_the_body_says_how_often_and_how_long(house):
    it = house({"broken": ("m", {"num_retries": 0}, BROKEN), "silent": ("n", {}, lambda peer: peer.wait_for_hang_up())}, router_settings={"disable_cooldowns": True})
    assert it.ask(num_retries=1)[0] == 500 and it.asked("broken") == 2
    started = time.monotonic()
    assert it.ask("n", timeout=0.3)[0] == 408 and time.monotonic() - started < 5


def test_each_kind_of_failure_has_its_fallback(house):
    groups = {"m": BROKEN, "long": TOO_LONG, "odd": FILTERED, "lost": BROKEN, "any": None, "wide": None, "lax": None, "last": None}
    it = house(
        {name: (name, {}, script) for name, script in groups.items()},
        router_settings={
            "fallbacks": [{"m": ["any"]}, {"long": ["any"]}],
            "context_window_fallbacks": [{"long": ["wide"]}],
            "content_policy_fallbacks": [{"odd": ["lax"]}],
        },
        litellm_settings={"default_fallbacks": ["last"]},
    )
    for group, wanted in {"m": "any", "long": "wide", "odd": "lax", "lost": "last"}.items():
        status, body, headers = it.ask(group)
        assert status == 200 and headers["x-litellm-model-group"] == wanted and headers["x-litellm-attempted-fallbacks"] == "1"
        assert body["model"] == group
    metrics = it.gateway.get("/metrics")[1].decode()
    assert 'litellm_deployment_successful_fallbacks_total{requested_model="m",fallback_model="any",exception_status="500",exception_class="InternalServerError"} 1' in metrics
    assert it.ask("m", disable_fallbacks=True)[0] == 500


def test_one_call_goes_to_the_next_order_and_then_to_the_groups_fallback(house):
    order = []

    def scripted(name, script):
        return lambda peer: (order.append(name), peer.send(script))

    it = house(
        {
            "first": ("m", {"order": 1}, scripted("first", BROKEN)), "second": ("m", {"order": 2}, scripted("second", BROKEN)),
            "other": ("o", {}, scripted("other", whole(answer()))), "lost": ("l", {}, BROKEN),
        },
        router_settings={"fallbacks": [{"m": ["o"]}, {"*": ["o"]}], "disable_cooldowns": True},
        litellm_settings={"default_fallbacks": ["m"]},
    )
    status, _, headers = it.ask()
    assert status == 200 and headers["x-litellm-model-group"] == "o" and headers["x-litellm-attempted-fallbacks"] == "2"
    assert order == ["first", "second", "other"]
    # What has no list of its own has the one of `"*"`, before the default.
    assert served_by(it.ask("l")) == "other" and it.asked("first") == 1


def test_a_clients_fallbacks_come_before_the_operators_for_long_prompts(house):
    it = house(
        {"short": ("short", {}, TOO_LONG), "wide": ("wide", {}, None), "mine": ("mine", {}, None)},
        router_settings={"context_window_fallbacks": [{"short": ["wide"]}]},
    )
    assert served_by(it.ask("short", fallbacks=["mine"])) == "mine" and it.asked("wide") == 0
    assert served_by(it.ask("short")) == "wide"


def test_fallbacks_of_fallbacks_are_asked_once_each_and_no_more_than_may_be(house):
    names = ["a", "b", "c", "d"]
    lists = [{"a": ["b", "d"]}, {"b": ["c"]}, {"c": ["a"]}]
    it = house({name: (name, {}, None if name == "d" else BROKEN) for name in names}, router_settings={"fallbacks": lists, "disable_cooldowns": True})
    status, _, headers = it.ask("a")
    assert status == 200 and headers["x-litellm-model-group"] == "d" and headers["x-litellm-attempted-fallbacks"] == "3"
    assert [it.asked(name) for name in names] == [1, 1, 1, 1]
    assert "goes in a circle: a -> b -> c -> a" in it.gateway.logged()


def test_a_limit_of_fallbacks_is_kept(house):
    it = house({name: (name, {}, None if name == "c" else BROKEN) for name in "abc"}, router_settings={"fallbacks": [{"a": ["b", "c"]}], "max_fallbacks": 1})
    assert it.ask("a")[0] == 500 and (it.asked("b"), it.asked("c")) == (1, 0)
    metrics = it.gateway.get("/metrics")[1].decode()
    assert 'litellm_deployment_failed_fallbacks_total{requested_model="a",fallback_model="b",exception_status="500",exception_class="InternalServerError"} 1' in metrics


def test_a_clients_own_fallbacks_come_with_their_own_messages(house):
    it = house({"a": ("a", {}, BROKEN), "b": ("b", {}, BROKEN), "c": ("c", {}, None), "d": ("d", {}, None)}, router_settings={"fallbacks": [{"a": ["d"]}]})
    shorter = [{"role": "user", "content": "in short"}]
    status, _, headers = it.ask("a", fallbacks=["b", {"model": "c", "messages": shorter}])
    assert status == 200 and headers["x-litellm-model-group"] == "c" and it.asked("d") == 0
    sent = body_of(it.upstream.requests["c"][0])
    assert sent["messages"] == shorter and "fallbacks" not in sent
    assert body_of(it.upstream.requests["b"][0])["messages"][0]["content"] == "hi"
    key = it.key(models=["a", "b"])
    status, refused, _ = it.ask("a", key, fallbacks=[{"model": "c"}])
    assert status == 403 and refused["error"]["type"] == "key_model_access_denied", refused
    for wrong, param in ((7, "fallbacks"), ([{"messages": []}], "fallbacks"), ([{"model": "c", "api_base": "http://x"}], "api_base")):
        status, refused, _ = it.ask("a", fallbacks=wrong)
        assert status in (400, 401) and refused["error"]["param"] == param, refused


def test_a_client_names_the_model_for_long_prompts(house):
    it = house({"short": ("short", {}, TOO_LONG), "wide": ("wide", {}, None)})
    assert served_by(it.ask("short", context_window_fallback_dict={"short": "wide"})) == "wide"


def test_failures_can_be_asked_for_only_where_the_operator_lets_clients(house):
    it = house({"m": ("m", {}, None), "n": ("n", {}, None), "fake": ("fake", {"mock_response": "Exception: litellm.RateLimitError"}, None)}, router_settings={"fallbacks": [{"m": ["n"]}], "context_window_fallbacks": [{"m": ["fake"]}]}, general_settings={"dangerously_allow_mock_testing_request_params": True})
    status, _, headers = it.ask(mock_testing_fallbacks=True)
    assert status == 200 and headers["x-litellm-model-group"] == "n" and headers["x-litellm-attempted-fallbacks"] == "1"
    assert "mock_testing_fallbacks" not in body_of(it.upstream.requests["n"][0])
    assert it.ask(mock_testing_context_fallbacks=True)[0] == 429
    assert it.ask(mock_testing_fallbacks=False)[0] == 200 and it.asked("m") == 1
    assert it.ask(mock_testing_nonsense=True)[0] == 400


def test_without_leave_nobody_asks_for_failures(house):
    it = house({"m": ("m", {}, None)})
    status, refused, _ = it.ask(mock_testing_fallbacks=True)
    assert status == 400 and refused["error"]["param"] == "mock_testing_fallbacks"


@pytest.mark.parametrize("beginning", [b"", head(content_type=SSE, transfer_encoding="chunked"), head(content_type=SSE, transfer_encoding="chunked") + chunk(ROLE)])
def test_a_stream_without_a_first_token_in_time_goes_to_another_deployment(house, beginning):
    def stalls(peer):
        peer.send(beginning)
        peer.wait_for_hang_up()

    it = house({"stalled": ("m", {"num_retries": 1, "weight": 1, "first_token_timeout": 0.4}, stalls), "good": ("m", {"num_retries": 1, "weight": 0}, TALK)})
    started = time.monotonic()
    text = stream(it)
    assert "there" in text and "x-litellm-model-id: good" in text and text.count("[DONE]") == 1
    assert time.monotonic() - started < 5
    assert standing(it, "stalled")["failed"] == {"TimeoutError": 1} and standing(it, "stalled")["in_flight"] == 0


@pytest.mark.parametrize("end", ['data: {"error": {"message": "overloaded", "code": 503}}\n\n', ""])
def test_a_stream_that_breaks_before_its_first_token_goes_to_another_deployment(house, end):
    events = [ROLE, end] if end else [ROLE]
    it = house({"breaks": ("m", {"num_retries": 1, "weight": 1}, streamed(*events)), "good": ("m", {"num_retries": 1, "weight": 0}, TALK)})
    text = stream(it)
    assert "x-litellm-model-id: good" in text and "there" in text and "overloaded" not in text
    assert "x-litellm-attempted-retries: 1" in text


def test_a_silent_beginning_is_not_kept_from_the_client_for_ever(house):
    go_on = threading.Event()

    def thinks(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(ROLE))
        go_on.wait(30)
        peer.send(chunk(piece("there")) + chunk(piece("", "stop")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")

    it = house({"thinks": ("m", {}, thinks)})
    with connect(it.gateway) as connection:
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY, connection="close"))
        first = connection.recv(65536)
        assert b"200 OK" in first
        go_on.set()
        rest = (first + until_closed(connection)).decode()
    assert rest.count('"role":') == 1 and "there" in rest and "[DONE]" in rest


def test_what_cannot_be_is_said_and_what_works_is_not_doubted(tmp_path, data_dir):
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({
        "model_list": [{"model_name": "m", "litellm_params": {"model": "echo/m", "tags": ["a"], "cooldown_time": 3, "first_token_timeout": 2, "timeout": 2, "otpm": 9}}],
        "router_settings": {
            "routing_strategy": "latency-baesd-routing", "routing_strategy_args": {"lowest_latency_buffer": -1},
            "allowed_fails": 2, "disable_cooldowns": True, "cooldown_time": "soon",
            "fallbacks": [{"m": ["m"]}], "enable_tag_filtering": True, "optional_pre_call_checks": ["session_afinity"],
            "model_group_retry_policy": {"n": {"DefaultRetries": 1}}, "retry_policy": {"TimeoutErrorRetries": -1},
            "deployment_affinity_ttl_seconds": 60,
        },
    }))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    checked = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(config)], env=environment, capture_output=True, text=True, timeout=120)
    said = " ".join((checked.stdout + checked.stderr).split())
    assert checked.returncode != 0
    for wanted in (
        "is `latency-baesd-routing`, which is no strategy; did you mean `latency-based-routing`?",
        "lowest_latency_buffer is below 0", "cooldown_time is `\"soon\"`", "goes in a circle: m -> m",
        "`session_afinity` is not enforced: do not rely on it; did you mean `session_affinity`?",
        "model_group_retry_policy names `n`, which is no model group", "TimeoutErrorRetries is `-1`",
        "disable_cooldowns leaves the other settings of cooldowns without effect",
        "deployment_affinity_ttl_seconds has no effect without an affinity", "otpm is not enforced yet",
        "first_token_timeout has no effect: `timeout` is not longer and ends the stream first",
    ):
        assert wanted in said, (wanted, said)
    for path in ("tags", "first_token_timeout", "enable_tag_filtering", "allowed_fails"):
        assert f"{path} has no effect yet" not in said
