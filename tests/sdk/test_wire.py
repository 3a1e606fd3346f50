"""The gateway's own door, spoken to in bytes."""

import json

import pytest

from conftest import MASTER_KEY, Gateway
from raw import chunk, connect, request, until, until_closed

CHAT = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, data_dir):
    config = {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY, "max_request_size_mb": 1, "litellm_key_header_name": "X-Our-Key"},
        "litellm_settings": {"json_logs": True},
    }
    environment = {"SERVER_ROOT_PATH": "/llm", "LITELLM_CORS_ORIGINS": "https://app.test, https://other.test/"}
    gateway = Gateway(tmp_path_factory.mktemp("wire"), config, environment)
    yield gateway
    assert gateway.stop() == 0


def ask(gateway, data):
    with connect(gateway) as connection:
        connection.sendall(data)
        return until_closed(connection).decode()


def chat(gateway, path="/v1/chat/completions", key=MASTER_KEY, **more):
    return ask(gateway, request(path, CHAT, key=key, **{"connection": "close", **more}))


@pytest.mark.parametrize("header, value", [
    ("authorization", "Bearer KEY"), ("authorization", "bearer KEY"), ("x-api-key", "KEY"), ("api-key", "KEY"),
    ("x-goog-api-key", "KEY"), ("x-litellm-api-key", "KEY"), ("x-litellm-api-key", "Bearer KEY"),
    ("ocp-apim-subscription-key", "KEY"), ("x-our-key", "KEY"), ("x-our-key", "Bearer KEY"),
])
def test_the_key_is_taken_from_every_header_of_litellm(gateway, header, value):
    assert chat(gateway, key=None, **{header: value.replace("KEY", MASTER_KEY)}).startswith("HTTP/1.1 200")


@pytest.mark.parametrize("headers, kind, param", [
    ({}, "auth_error", "None"),
    ({"authorization": MASTER_KEY}, "auth_error", "None"),
    ({"authorization": "Basic c2stbWFzdGVy"}, "auth_error", "None"),
    ({"authorization": "Bearer not-ours"}, "auth_error", "None"),
    ({"authorization": "Bearer sk-not-ours-0123"}, "token_not_found_in_db", "key"),
])
def test_a_wrong_key_is_refused_as_litellm_does(gateway, headers, kind, param):
    answer = chat(gateway, key=None, **headers)
    error = json.loads(answer.partition("\r\n\r\n")[2])["error"]
    assert answer.startswith("HTTP/1.1 401") and error["message"].startswith("Authentication Error, ")
    assert (error["type"], error["code"], error["param"]) == (kind, "401", param)
    assert "sk-not-ours" not in answer and MASTER_KEY not in gateway.logged()


@pytest.mark.parametrize("path", [
    "/v1/chat/completions/", "/llm/v1/chat/completions", "/llm/chat/completions/", "/openai/deployments/demo/chat/completions?api-version=2024-10-21",
    "/engines/demo/chat/completions", "http://gateway/v1/chat/completions",
])
def test_paths_that_lead_to_chat(gateway, path):
    assert "You said: hi" in chat(gateway, path)


@pytest.mark.parametrize("path", ["/engines/demo/embeddings", "/openai/deployments/demo/embeddings?api-version=2024-10-21"])
def test_paths_that_lead_to_embeddings(gateway, path):
    answer = ask(gateway, request(path, {"input": "hi"}, key=MASTER_KEY, connection="close"))
    assert answer.startswith("HTTP/1.1 200") and '"embedding"' in answer, answer


@pytest.mark.parametrize("path", ["/engines/demo/completions", "/openai/deployments/demo/completions?api-version=2024-10-21"])
def test_paths_that_lead_to_completions(gateway, path):
    answer = ask(gateway, request(path, {"prompt": "hi"}, key=MASTER_KEY, connection="close"))
    body = json.loads(answer.partition("\r\n\r\n")[2])
    assert body["object"] == "text_completion" and body["choices"][0]["text"] == "You said: hi", answer


def test_the_first_page_says_what_answers_without_a_key(gateway):
    for path in ("/", "/llm/"):
        answer = ask(gateway, request(path, method="GET", connection="close"))
        assert answer.startswith("HTTP/1.1 200") and '"name":"sluice"' in answer and '"version":' in answer, answer


def test_the_root_path_opens_no_door(gateway):
    for path in ("/llm/v1/models", "/llm/plugins/", "/llm/metrics"):
        assert ask(gateway, request(path, method="GET", connection="close")).startswith("HTTP/1.1 401"), path
    assert ask(gateway, request("/llm/health/readiness/", method="GET", connection="close")).startswith("HTTP/1.1 200")


def test_old_and_terse_clients_are_answered(gateway):
    old = ask(gateway, request("/v1/chat/completions", CHAT, version="1.0", key=MASTER_KEY))
    assert old.startswith("HTTP/1.0 200") and "You said: hi" in old
    form = chat(gateway, content_type="application/x-www-form-urlencoded")
    assert "You said: hi" in form
    head = ask(gateway, request("/v1/models", method="HEAD", key=MASTER_KEY, connection="close"))
    assert head.startswith("HTTP/1.1 200") and head.endswith("\r\n\r\n")
    bytewise = chunk(json.dumps(CHAT)[:10]) + chunk(json.dumps(CHAT)[10:]) + b"0\r\n\r\n"
    chunked = request("/v1/chat/completions", bytewise, key=MASTER_KEY, transfer_encoding="chunked", connection="close")
    assert "You said: hi" in ask(gateway, chunked)


def test_requests_that_come_at_once_are_answered_in_order(gateway):
    first = request("/v1/chat/completions", {**CHAT, "messages": [{"role": "user", "content": "one"}]}, key=MASTER_KEY)
    last = request("/v1/chat/completions", {**CHAT, "messages": [{"role": "user", "content": "two"}]}, key=MASTER_KEY, connection="close")
    both = ask(gateway, first + last)
    assert both.count("HTTP/1.1 200") == 2 and both.index("said: one") < both.index("said: two")


def test_a_client_that_asks_first_is_told_to_go_on(gateway):
    whole = request("/v1/chat/completions", CHAT, key=MASTER_KEY, expect="100-continue", connection="close")
    top, _, body = whole.partition(b"\r\n\r\n")
    with connect(gateway) as connection:
        connection.sendall(top + b"\r\n\r\n")
        until(connection, b"100 Continue\r\n\r\n")
        connection.sendall(body)
        assert b"You said: hi" in until_closed(connection)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_and_the_refusal_arrives(gateway, declared):
    body = b'{"x":"' + b"a" * (5 << 20) + b'"}'
    data = request("/v1/chat/completions", body, key=MASTER_KEY) if declared else request("/v1/chat/completions", chunk(body) + b"0\r\n\r\n", key=MASTER_KEY, transfer_encoding="chunked")
    answer = ask(gateway, data.replace(b"host: gateway", b"host: gateway\r\nconnection: close"))
    assert answer.startswith("HTTP/1.1 413") and "larger than 1 MiB" in answer


def test_a_large_body_without_a_key_is_refused_and_the_refusal_arrives(gateway):
    assert ask(gateway, request("/v1/chat/completions", b"a" * (5 << 20), connection="close")).startswith("HTTP/1.1 401")


@pytest.mark.parametrize("data, status", [
    (b"NOT HTTP AT ALL, AND LONG ENOUGH TO BE SURE\r\n\r\n", 400),
    (request("/v1/models", method="GET", key=MASTER_KEY, x_long="y" * 2_000_000), 431),
    (request("/v1/models", method="GET", key=MASTER_KEY, **{f"x_{it}": "y" for it in range(200)}), 431),
    (request("/v1/chat/completions", CHAT, key=MASTER_KEY, content_encoding="gzip", connection="close"), 415),
    (request("/v1/chat/completions", CHAT, key=MASTER_KEY, method="PUT", connection="close"), 405),
    (request("/v1/chat/completions", CHAT, key=MASTER_KEY, x_litellm_timeout="soon", connection="close"), 400),
])
def test_what_is_no_request_is_refused_and_the_connection_closed(gateway, data, status):
    assert ask(gateway, data).startswith(f"HTTP/1.1 {status} ")


def test_a_body_that_is_cut_off_is_no_call(gateway):
    whole = request("/v1/chat/completions", CHAT, key=MASTER_KEY)
    with connect(gateway) as connection:
        connection.sendall(whole[:-5])
    assert "You said: hi" in chat(gateway)


def test_pages_of_listed_origins_may_call(gateway):
    asks = {"method": "OPTIONS", "access_control_request_method": "POST", "access_control_request_headers": "authorization", "connection": "close"}
    allowed = ask(gateway, request("/v1/chat/completions", origin="https://app.test", **asks)).lower()
    assert allowed.startswith("http/1.1 204") and "access-control-allow-origin: https://app.test" in allowed
    assert "access-control-allow-headers: authorization" in allowed
    foreign = ask(gateway, request("/v1/chat/completions", origin="https://evil.test", **asks)).lower()
    assert "access-control-allow-origin" not in foreign
    answer = chat(gateway, origin="https://other.test").lower()
    assert "access-control-allow-origin: https://other.test" in answer and "you said" in answer
    assert "access-control" not in chat(gateway).lower()


def test_the_log_has_one_line_a_call_and_nothing_of_what_was_said(gateway):
    secret = "the-prompt-nobody-logs"
    body = {"model": "demo", "messages": [{"role": "user", "content": secret}]}
    _, _, headers = gateway.post("/v1/chat/completions", body)
    assert gateway.post("/v1/chat/completions", {"model": "nope", **{"messages": []}})[0] == 400
    gateway.post("/v1/chat/completions", b'{"model": "demo"')
    # The log is written by a thread of its own.
    gateway.wait_for(lambda: "not valid JSON" in gateway.logged())
    lines = [json.loads(line) for line in gateway.logged().splitlines()]
    of_call = [line for line in lines if line.get("call.id") == headers["x-litellm-call-id"]]
    assert len(of_call) == 1 and of_call[0]["http.status"] == 200 and of_call[0]["model.group"] == "demo"
    assert [line for line in lines if line.get("message") == "a request was refused" and "not valid JSON" in line["fault"]]
    assert secret not in gateway.logged() and MASTER_KEY not in gateway.logged()
