"""Health checks: what is asked, what is shown to whom, and how the router goes by it."""

import json
import threading
import time

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, body_of, whole

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = {"id": "x", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
VECTOR = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
REFUSED = whole({"error": {"message": "the key k-secret is wrong", "code": "bad"}}, status=401)


def read(gateway, path, key=MASTER_KEY):
    status, text, _ = gateway.get(path, key)
    assert status == 200, text
    return json.loads(text)


def ids(entries):
    return sorted(it["model_id"] for it in entries)


@pytest.fixture()
def upstream():
    upstream = RawUpstream()
    upstream.script("good", whole(ANSWER))
    upstream.script("ill", REFUSED)
    upstream.script("vector", whole(VECTOR))
    return upstream


def config(upstream, general=None, router=None):
    def model(name, id, path, info=None, model="gpt-x"):
        params = {"model": f"openai/{model}", "api_base": f"{upstream.url}/{path}", "api_key": "k-secret", "num_retries": 0}
        return {"model_name": name, "litellm_params": params, "model_info": {"id": id, **(info or {})}}

    models = [
        model("m", "good", "good"),
        model("m", "ill", "ill"),
        model("v", "vector", "vector", {"mode": "embedding"}),
        model("w/*", "pattern", "good", model="*"),
        model("named/*", "named", "good", {"health_check_model": "openai/small"}, model="*"),
        model("i", "image", "good", {"mode": "realtime"}),
    ]
    return {"model_list": models, "general_settings": {"master_key": MASTER_KEY, **(general or {})}, "router_settings": router or {}}


def test_admins_have_deployments_checked_and_others_see_their_own_last_results(tmp_path, data_dir, upstream):
    gateway = Gateway(tmp_path, config(upstream), {"SLUICE_STATE_DIR": str(tmp_path / "state")})
    try:
        key = gateway.post("/key/generate", {"models": ["v"]})[1]["key"]
        before = read(gateway, "/health", key)
        assert ids(before["unchecked_endpoints"]) == ["vector"] and before["healthy_count"] == 0
        found = read(gateway, "/health")
        assert ids(found["healthy_endpoints"]) == ["good", "named", "vector"]
        assert ids(found["unhealthy_endpoints"]) == ["ill"] and ids(found["unchecked_endpoints"]) == ["image", "pattern"]
        (ill,) = found["unhealthy_endpoints"]
        assert "is wrong" in ill["error"] and ill["api_base"] == f"{upstream.url}/ill" and ill["checked_at_ms"]
        why = {it["model_id"]: it["error"] for it in found["unchecked_endpoints"]}
        assert "health_check_model" in why["pattern"] and "realtime" in why["image"]
        own = read(gateway, "/health", key)
        assert own["healthy_endpoints"] == [{"model": "openai/gpt-x", "model_group": "v", "model_id": "vector"}] and own["unhealthy_count"] == 0
        assert gateway.get("/health?model=m", key)[0] == 404
        one = read(gateway, "/health?model_id=ill")
        assert (one["healthy_count"], one["unhealthy_count"]) == (0, 1)
        latest = read(gateway, "/health/latest")["latest_health_checks"]
        assert latest["ill"]["status"] == "unhealthy" and latest["named"]["model"] == "openai/small"
        history = read(gateway, "/health/history?model=m&status_filter=unhealthy&limit=1")
        assert history["total_records"] == 2 and history["health_checks"][0]["model_id"] == "ill"
        assert gateway.get("/health/history?limit=0")[0] == gateway.get("/health/history?status_filter=x")[0] == 400
        assert gateway.get("/health/liveness")[:2] == gateway.get("/health/liveliness")[:2] == (200, b'"I\'m alive!"')
        details = read(gateway, "/health/readiness/details", key)
        assert details == read(gateway, "/health/readiness") and details["db"] == "connected"
        assert read(gateway, "/health/shared-status") == {"shared_health_check_enabled": False, "status": None}
        assert gateway.get("/health/readiness/details", "sk-of-nobody")[0] == 401
        for path in ("/health/latest", "/health/history", "/health/license", "/health/backlog", "/health/shared-status"):
            assert gateway.get(path, key)[0] == 401, path
        everything = json.dumps([found, latest, history]) + gateway.logged()
        assert "k-secret" not in everything
        metrics = gateway.get("/metrics")[1].decode()
        assert 'sluice_health_checks_total{provider="openai",result="unhealthy"} 2' in metrics
        # Nobody pays for it.
        assert json.loads(gateway.get("/spend/logs")[1]) == []
    finally:
        assert gateway.stop() == 0


def test_calls_pass_over_what_a_check_found_ill_until_it_is_well(tmp_path, data_dir, upstream):
    general = {"background_health_checks": True, "health_check_interval": 1}
    router = {"enable_health_check_routing": True, "disable_cooldowns": True, "num_retries": 0}
    gateway = Gateway(tmp_path, config(upstream, general, router), {"SLUICE_STATE_DIR": str(tmp_path / "state")})

    def served():
        return [gateway.post("/v1/chat/completions", CHAT)[0] for _ in range(20)]

    try:
        gateway.wait_for(lambda: read(gateway, "/health")["unhealthy_count"] == 1)
        assert served() == [200] * 20
        upstream.script("good", REFUSED)
        gateway.wait_for(lambda: read(gateway, "/health?model=m")["unhealthy_count"] == 2)
        # Better one that a check found ill than none.
        assert gateway.post("/v1/chat/completions", CHAT)[0] == 401
        upstream.script("good", whole(ANSWER))
        upstream.script("ill", whole(ANSWER))
        gateway.wait_for(lambda: read(gateway, "/health?model=m")["healthy_count"] == 2)
        assert served() == [200] * 20
        assert "a deployment is healthy again" in gateway.logged()
    finally:
        assert gateway.stop() == 0


def test_settings_say_how_checks_are_made(tmp_path, data_dir):
    upstream, lock = RawUpstream(), threading.Lock()
    at_once, most, bodies = 0, 0, []

    def counted(peer):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            bodies.append(body_of(peer.request))
        time.sleep(0.05)
        with lock:
            at_once -= 1
        peer.send(whole(ANSWER))

    def model(name, id, script, **info):
        params = {"model": "openai/gpt-x", "api_base": upstream.script(id, script), "api_key": "k-secret", "num_retries": 0}
        return {"model_name": name, "litellm_params": params, "model_info": {"id": id, **info}}

    models = [model("m", f"m{number}", counted, health_check_max_tokens=3) for number in range(4)]
    models += [
        model("stalls", "stalls", lambda peer: peer.wait_for_hang_up(), health_check_timeout=0.2),
        model("limited", "limited", whole({"error": {"message": "slow down"}}, status=429)),
        model("limited", "spare", whole(ANSWER)),
        model("left-out", "left-out", whole(ANSWER), disable_background_health_check=True),
    ]
    general = {"master_key": MASTER_KEY, "background_health_checks": True, "health_check_interval": 1, "health_check_concurrency": 1, "health_check_details": False}
    router = {"enable_health_check_routing": True, "health_check_ignore_transient_errors": True, "disable_cooldowns": True}
    gateway = Gateway(tmp_path, {"model_list": models, "general_settings": general, "router_settings": router}, {"SLUICE_STATE_DIR": str(tmp_path / "state")})
    try:
        gateway.wait_for(lambda: len(upstream.requests.get("spare", [])) >= 2)
        found = read(gateway, "/health")
        assert ids(found["unhealthy_endpoints"]) == ["limited", "stalls"] and ids(found["unchecked_endpoints"]) == ["left-out"]
        assert all("api_base" not in it and "error" not in it for it in found["unhealthy_endpoints"] + found["healthy_endpoints"])
        assert most == 1 and {body.get("max_tokens", body.get("max_completion_tokens")) for body in bodies} == {3}
        assert "left-out" not in upstream.requests
        # A rate limit that a check met says nothing of calls.
        asked = len(upstream.requests["limited"])
        for _ in range(20):
            gateway.post("/v1/chat/completions", {**CHAT, "model": "limited"})
        assert len(upstream.requests["limited"]) > asked + 1
    finally:
        assert gateway.stop() == 0


def test_a_connection_is_tried_before_it_is_written_down(tmp_path, data_dir, upstream):
    gateway = Gateway(tmp_path, config(upstream, {"trust_stored_api_base": True}))
    try:
        params = {"model": "openai/gpt-x", "api_base": f"{upstream.url}/good", "api_key": "k-secret"}
        told = gateway.post("/health/test_connection", {"litellm_params": params})[1]
        assert told["status"] == "success" and told["result"]["model"] == "openai/gpt-x"
        told = gateway.post("/health/test_connection", {"litellm_params": {**params, "api_base": f"{upstream.url}/ill"}, "mode": "chat"})[1]
        assert told["status"] == "error" and "is wrong" in told["result"]["error"] and "k-secret" not in json.dumps(told)
        for body, param in [({}, "litellm_params"), ({"litellm_params": 1}, "litellm_params"), ({"litellm_params": params, "x": 1}, "x"), ({"litellm_params": params, "mode": 1}, "mode"), ({"litellm_params": {**params, "rpm": "soon"}}, "litellm_params.rpm")]:
            status, refused, _ = gateway.post("/health/test_connection", body)
            assert (status, refused["error"]["param"]) == (400, param), refused
    finally:
        assert gateway.stop() == 0


def test_a_hook_before_a_stop_waits_for_calls_under_way(tmp_path, data_dir):
    upstream, go_on = RawUpstream(), threading.Event()
    base = upstream.script("slow", lambda peer: (go_on.wait(60), peer.send(whole(ANSWER))))
    params = {"model": "openai/gpt-x", "api_base": base, "api_key": "k-secret"}
    general = {"master_key": MASTER_KEY, "enable_drain_endpoint": True, "drain_endpoint_token": "os.environ/DRAIN_TOKEN"}
    environment = {"SLUICE_STATE_DIR": str(tmp_path / "state"), "DRAIN_TOKEN": "of-the-hook"}
    gateway = Gateway(tmp_path, {"model_list": [{"model_name": "m", "litellm_params": params}], "general_settings": general}, environment)
    told = {}
    try:
        for headers in ({"accept": "*/*"}, {"x-drain-token": "wrong"}, {"authorization": f"Bearer {MASTER_KEY}"}):
            status, text, _ = gateway.get("/health/drain", headers=headers)
            assert status == 401 and b"X-Drain-Token" in text
        assert gateway.get("/health/readiness")[0] == 200
        call = threading.Thread(target=lambda: told.update(call=gateway.post("/v1/chat/completions", CHAT)))
        call.start()
        gateway.wait_for(lambda: read(gateway, "/health/backlog")["in_flight_requests"] == 1)
        hook = threading.Thread(target=lambda: told.update(hook=gateway.get("/health/drain", headers={"x-drain-token": "of-the-hook"})))
        hook.start()
        gateway.wait_for(lambda: gateway.get("/health/readiness")[0] == 503)
        assert json.loads(gateway.get("/health/readiness")[1]) == {"status": "shutting_down"}
        assert gateway.get("/health/liveliness")[0] == 200 and "hook" not in told
        go_on.set()
        call.join(60)
        hook.join(60)
        assert told["call"][0] == 200
        assert json.loads(told["hook"][1]) == {"status": "drained", "drained_requests": 1}
    finally:
        go_on.set()
        assert gateway.stop() == 0


def test_without_the_operators_word_nobody_drains_the_gateway(tmp_path, data_dir):
    gateway = Gateway(tmp_path, {"model_list": [], "general_settings": {"master_key": MASTER_KEY}})
    try:
        status, text, _ = gateway.get("/health/drain")
        assert status == 404 and b"enable_drain_endpoint" in text
        assert gateway.get("/health/readiness")[0] == 200
    finally:
        assert gateway.stop() == 0
