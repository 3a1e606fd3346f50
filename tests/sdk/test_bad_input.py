"""What a stranger may send, and what is said to it."""

import json
import subprocess
import os

import pytest

from conftest import MASTER_KEY


def post(gateway, body, path="/v1/chat/completions", key=MASTER_KEY):
    status, answer, _ = gateway.get(path, key, body if isinstance(body, bytes) else json.dumps(body).encode())
    return status, json.loads(answer)


CHAT = {"model": "demo", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("body, param", [
    (b"{", "request_body"),
    (b"[1]", "request_body"),
    (b"\xff\xfe", "request_body"),
    (b'{"model":"demo","model":"other","messages":[]}', "request_body"),
    (b'{"model":"demo","messages":[{"role":"user","role":"system","content":"x"}]}', "request_body"),
    ({**CHAT, "messages": "hi"}, "messages"),
    ({"model": "demo"}, "messages"),
    ({"messages": []}, "model"),
    ({**CHAT, "stream": "yes"}, "stream"),
    ({**CHAT, "model": "nope"}, "model"),
    ({**CHAT, "stream_options": 5}, "stream_options"),
    ({**CHAT, "stop": 5}, "stop"),
    ({**CHAT, "guardrails": ["pii"]}, "guardrails"),
    ({**CHAT, "metadata": {"guardrails": ["pii"]}}, "guardrails"),
    (b'{"model":"demo","messages":[{"role":"user","content":"\\ud800"}]}', "request_body"),
    (b'{"model":"demo","messages":[],"temperature":1e400}', "request_body"),
])
def test_a_bad_body_is_refused_with_its_member_named(gateway, body, param):
    status, answer = post(gateway, body)
    assert status == 400 and answer["error"]["param"] == param and answer["error"]["type"] == "invalid_request_error"
    for word in ("struct", "f64", "u32", "Exception"):
        assert word not in answer["error"]["message"]


@pytest.mark.parametrize("path, key, body, status", [
    ("/v1/chat/completions", MASTER_KEY, b"{", 400),
    ("/v1/chat/completions", "sk-wrong", b"{}", 401),
    ("/key/generate", MASTER_KEY, b"{", 400),
    ("/no/such/route", MASTER_KEY, None, 404),
    ("/v1/chat/completions", MASTER_KEY, None, 405),
    ("/v1/vector_stores", MASTER_KEY, b"{}", 501),
    ("/v1/models", MASTER_KEY, None, 200),
    ("/health/liveliness", MASTER_KEY, None, 200),
])
def test_every_answer_can_be_found_in_the_log(gateway, path, key, body, status):
    got, _, headers = gateway.get(path, key, body)
    call_id = {name.lower(): value for name, value in headers.items()}["x-litellm-call-id"]
    assert got == status
    if status in (400, 401):
        gateway.wait_for(lambda: call_id in gateway.logged())


def test_a_client_does_not_choose_the_upstream(gateway):
    status, answer = post(gateway, {**CHAT, "api_base": "http://169.254.169.254"})
    assert status == 401 and "api_base is not allowed in request body" in answer["error"]["message"]


def test_routes_that_are_not_here_say_which(gateway):
    assert post(gateway, {}, "/v1/vector_stores")[0] == 501
    status, answer = post(gateway, {}, "/no/such/route")
    assert status == 404 and "/no/such/route" in answer["error"]["message"]
    assert gateway.get("/v1/chat/completions")[0] == 405


def test_without_a_key_nothing_is_told(gateway):
    for path in ("/v1/models", "/plugins", "/metrics", "/health"):
        status, body, _ = gateway.get(path, headers={"x-nothing": "1"})
        assert status == 401 and b"No api key passed in" in body, path


def test_a_path_may_name_the_model(gateway):
    for path in ("/openai/deployments/demo/chat/completions?api-version=x", "/engines/demo/chat/completions"):
        status, answer = post(gateway, {"messages": CHAT["messages"]}, path)
        assert status == 200 and answer["model"] == "demo", path


def test_metrics_count_calls_and_plugins(gateway):
    post(gateway, CHAT)
    text = gateway.get("/metrics")[1].decode()
    assert 'sluice_requests_total{operation="chat",model_group="demo",status="200"}' in text
    assert 'sluice_plugin_calls_total{plugin="echo"}' in text


def test_check_names_each_mistake(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("model_list:\n  - model_name: a\n    litellm_params: {model: nowhere/a, timeout: soon}\nrouter_settings: {num_retrys: 1}\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SLUICE_DATA_DIR": os.environ["SLUICE_TEST_DATA"]}
    done = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(config)], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1
    for part in ("litellm_params.timeout", "did you mean `num_retries`?", "no plugin serves provider `nowhere`"):
        assert part in done.stdout, part
    config.write_text("model_list:\n  - a: [\n")
    done = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(config)], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and "line" in done.stderr and "column" in done.stderr
