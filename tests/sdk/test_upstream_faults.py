"""What upstreams do wrong, and what a client of each dialect is told of it."""

import collections
import contextlib
import gzip
import json
import os
import re
import time

import pytest

from conftest import MASTER_KEY, Gateway
from raw import SSE, RawUpstream, chunk, connect, head, request, streamed, until, until_closed, whole

ANSWER = {"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "all of it"}}]}
HALF = json.dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": "half"}}]})
MESSAGE_START = "event: message_start\ndata: " + json.dumps({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}) + "\n\nevent: content_block_start\ndata: " + json.dumps({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}) + "\n\n"
RESPONSE_START = "event: response.created\ndata: " + json.dumps({"type": "response.created", "sequence_number": 0, "response": {"id": "r", "status": "in_progress"}}) + "\n\nevent: response.output_text.delta\ndata: " + json.dumps({"type": "response.output_text.delta", "delta": "half"}) + "\n\n"
KEY = "k-secret-of-the-provider"

# `max_response_size_mb` of this gateway, in bytes.
CAP = 1 << 20

# Answers that are no answer, and what of it is said to the client.
BROKEN = {
    "garbage": (whole(b"<html>hello</html>", content_type="text/html"), "not the JSON it should be"),
    "nothing": (whole(b""), "not the JSON it should be"),
    "no-choices": (whole({"object": "error", "message": "no such engine", "code": 404}), "no `choices`: no such engine"),
    "no-content": (head(204), "not the JSON it should be"),
    "error-with-200": (whole({"error": {"message": "out of luck", "code": 503}}), "out of luck"),
    "web-page": (whole(b"<html>bad gateway</html>", 502, "text/html"), "answered 502 with a web page"),
    "redirect": (whole(b"", 307, location="https://elsewhere.test/v1?key=abc"), "a redirect to `elsewhere.test`"),
    "short": (head(content_length=500) + b'{"choices":[', "before its answer was complete"),
    "no-last-chunk": (head(transfer_encoding="chunked") + chunk(json.dumps(ANSWER)), "before its answer was complete"),
    "bad-chunk": (head(transfer_encoding="chunked") + b"zz\r\n{}\r\n", "before its answer was complete"),
    "not-http": (b"SSH-2.0-OpenSSH_9.6\r\n", "Connection error."),
    "not-gzip": (whole(b"no gzip at all", content_encoding="gzip"), "before its answer was complete"),
    "cut-error": (head(500, content_length=500) + b'{"error":', "answered 500, and why could not be read"),
    "reset": (lambda peer: peer.reset(), "Connection error."),
    "reset-midway": (lambda peer: (peer.send(head(content_length=500) + b'{"choices":['), peer.reset()), "before its answer was complete"),
    "over-the-cap": (whole({**ANSWER, "padding": "x" * CAP}), "larger than 1 MiB"),
    "silent": (lambda peer: peer.wait_for_hang_up(), "did not answer in time"),
    "stalls": (lambda peer: (peer.send(head(content_length=500) + b'{"choices":'), peer.wait_for_hang_up()), "stopped answering"),
}

# Streams that break after they began.
BROKEN_STREAMS = {
    "ends-early": (lambda first: streamed(first), "before its answer was complete"),
    "cut-chunks": (lambda first: streamed(first, end=b""), "before its answer was complete"),
    "garbage-event": (lambda first: streamed(first, "data: {oops\n\n"), "not JSON"),
    "not-utf8": (lambda first: streamed(first, b"data: {\"a\":\"\xff\"}\n\n"), "not UTF-8"),
    "reset-midway": (lambda first: lambda peer: (peer.send(streamed(first, end=b"")), peer.reset()), "before its answer was complete"),
    "endless-line": (lambda first: endless_line(first), "cannot be read"),
    "stalls-midway": (lambda first: lambda peer: (peer.send(streamed(first, end=b"")), peer.wait_for_hang_up()), "stopped answering"),
}


def endless_line(first):
    def play(peer):
        peer.send(streamed(first, end=b""))
        piece = chunk(b"data: " + b"x" * (1 << 20))
        for _ in range(40):
            peer.send(piece)

    return play


# Well-formed answers in unusual clothes.
ODD = {
    "as-text": whole(ANSWER, content_type="text/plain"),
    "gzipped": whole(gzip.compress(json.dumps(ANSWER).encode()), content_encoding="gzip"),
    "early-hints": b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + whole(ANSWER),
    "without-length": head() + json.dumps(ANSWER).encode(),
    "http-1-0": whole(ANSWER).replace(b"HTTP/1.1", b"HTTP/1.0"),
}

DIALECTS = {
    "chat": ("/v1/chat/completions", "openai", {"messages": [{"role": "user", "content": "x"}]}, f"data: {HALF}\n\n"),
    "messages": ("/v1/messages", "anthropic", {"max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}, MESSAGE_START),
    "responses": ("/v1/responses", "openai", {"input": "x"}, RESPONSE_START),
}


@pytest.fixture(scope="module")
def upstream():
    return RawUpstream()


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory, data_dir):
    models = []

    def add(name, provider, script, timeout):
        params = {"model": f"{provider}/m", "api_base": upstream.script(name, script), "api_key": KEY, "num_retries": 0, "timeout": timeout}
        models.append({"model_name": name, "litellm_params": params})

    for name, (script, _) in BROKEN.items():
        for dialect, (_, provider, _, _) in DIALECTS.items():
            add(f"{name}-{dialect}", provider, script, 1 if name in ("silent", "stalls") else 30)
    for name, (script, _) in BROKEN_STREAMS.items():
        for dialect, (_, provider, _, first) in DIALECTS.items():
            add(f"{name}-{dialect}", provider, script(first), 1 if name == "stalls-midway" else 30)
    for name, script in ODD.items():
        add(name, "openai", script, 30)
    echo = whole({"error": {"message": f"wrong key {KEY}\nforged line", "key": KEY}}, 401)
    add("repeats-the-key", "openai", echo, 30)
    add("says-the-key-midway", "openai", streamed(f"data: {HALF}\n\n", "data: " + json.dumps({"error": {"message": f"wrong key {KEY}"}}) + "\n\n"), 30)
    add("waits", "openai", hang_up_noted(upstream, "waits", b""), 60)
    add("streams-on", "openai", hang_up_noted(upstream, "streams-on", streamed(f"data: {HALF}\n\n", end=b"")), 60)
    add("empty-stream", "openai", whole(b"", content_type=SSE), 30)
    models.append({"model_name": "demo", "litellm_params": {"model": "echo/demo"}})
    tries = iter([whole({"error": {"message": "slow down"}}, 429, retry_after="1"), whole(ANSWER)])
    params = {"model": "openai/m", "api_base": upstream.script("asks-to-wait", lambda peer: peer.send(next(tries))), "api_key": KEY}
    models.append({"model_name": "asks-to-wait", "litellm_params": params})
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY, "max_response_size_mb": CAP >> 20},
        "router_settings": {"fallbacks": [{"empty-stream": ["no-such-group", "demo"]}, {"garbage-chat": ["no-such-group"]}]},
    }
    gateway = Gateway(tmp_path_factory.mktemp("faults"), config)
    # What a first call opens stays open: the database, say.
    assert gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": "as-text"})[0] == 200
    assert "[DONE]" in stream(gateway, "chat", "demo")
    gateway.open_before = descriptors(gateway)
    yield gateway
    assert gateway.stop() == 0


def descriptors(gateway):
    """What the gateway's process has open, by what it is."""
    folder, found = f"/proc/{gateway.process.pid}/fd", collections.Counter()
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            found[re.sub(r"\d+", "N", os.readlink(f"{folder}/{name}"))] += 1
    return found


def hang_up_noted(upstream, name, first):
    def play(peer):
        peer.send(first)
        peer.wait_for_hang_up()
        upstream.hung_up[name].set()

    return play


def stream(gateway, dialect, model):
    path, _, body, _ = DIALECTS[dialect]
    with connect(gateway) as connection:
        connection.sendall(request(path, {**body, "model": model, "stream": True}, key=MASTER_KEY, connection="close"))
        return until_closed(connection).decode()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_an_error_in_the_clients_dialect(gateway, dialect, name):
    path, _, body, _ = DIALECTS[dialect]
    status, answer, headers = gateway.post(path, {**body, "model": f"{name}-{dialect}"})
    assert status == (408 if name in ("silent", "stalls") else 502 if name == "web-page" else 503 if name == "error-with-200" else 500), answer
    error = answer["error"]
    want = BROKEN[name][1].replace("`choices`", {"messages": "`content`", "responses": "`output`"}.get(dialect, "`choices`"))
    assert want in error["message"] and "litellm." in error["message"], answer
    assert headers["content-type"] == "application/json" and headers["x-litellm-model-group"] == f"{name}-{dialect}"
    if dialect == "messages":
        assert answer["type"] == "error" and set(error) == {"type", "message"}
    else:
        assert error["code"] == str(status) and error["type"] == ("invalid_request_error" if status == 408 else "internal_server_error")
    assert "abc" not in json.dumps(answer) and KEY not in json.dumps(answer)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", BROKEN_STREAMS)
def test_a_broken_stream_ends_with_an_error_and_no_end_mark(gateway, dialect, name):
    text = stream(gateway, dialect, f"{name}-{dialect}")
    assert text.startswith("HTTP/1.1 200 OK"), text[:300]
    events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    last = json.loads(events[-1])
    message = last["message"] if dialect == "responses" else last["error"]["message"]
    assert BROKEN_STREAMS[name][1] in message, last
    for mark in ("[DONE]", "message_stop", "response.completed"):
        assert mark not in text
    if dialect != "chat":
        assert last["type"] == "error" and "event: error" in text
    assert text.endswith("0\r\n\r\n"), "the gateway's own framing is complete"


@pytest.mark.parametrize("name", ODD)
def test_an_answer_in_odd_clothes_is_an_answer(gateway, name):
    status, answer, headers = gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": name})
    assert status == 200 and answer["choices"][0]["message"]["content"] == "all of it"
    assert headers["content-type"] == "application/json"


def test_a_key_that_an_upstream_repeats_is_seen_by_nobody(gateway):
    status, answer, _ = gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": "repeats-the-key"})
    assert status == 401 and "wrong key ***" in answer["error"]["message"]
    text = stream(gateway, "chat", "says-the-key-midway")
    assert "wrong key ***" in text and KEY not in text + json.dumps(answer) + gateway.logged()
    assert not [line for line in gateway.logged().splitlines() if line.startswith("forged line")]


@pytest.mark.parametrize("model, streaming", [("waits", False), ("waits", True), ("streams-on", True)])
def test_a_client_that_hangs_up_ends_the_upstreams_call(gateway, upstream, model, streaming):
    upstream.hung_up[model].clear()
    before = len(upstream.requests.get(model, []))
    with connect(gateway) as connection:
        connection.sendall(request("/v1/chat/completions", {**DIALECTS["chat"][2], "model": model, "stream": streaming}, key=MASTER_KEY))
        gateway.wait_for(lambda: len(upstream.requests.get(model, [])) > before)
        if model == "streams-on":
            until(connection, b"half")
    assert upstream.hung_up[model].wait(10), "the upstream's connection was closed"
    gateway.wait_for(lambda: f'model_group="{model}",status="499"' in gateway.get("/metrics")[1].decode())


def test_a_stream_that_never_began_falls_back_and_an_unknown_fallback_does_not_count(gateway):
    text = stream(gateway, "chat", "empty-stream")
    assert "You " in text and text.count("[DONE]") == 1
    status, answer, _ = gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": "garbage-chat"})
    assert status == 500 and "not the JSON" in answer["error"]["message"]


def test_an_upstream_that_asks_to_wait_is_waited_for(gateway):
    started = time.monotonic()
    status, _, headers = gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": "asks-to-wait"})
    assert status == 200 and headers["x-litellm-attempted-retries"] == "1" and headers["x-litellm-max-retries"] == "2"
    assert 1 <= time.monotonic() - started < 10


def test_a_client_may_ask_for_less_time_and_fewer_retries(gateway, upstream):
    before = len(upstream.requests.get("waits", []))
    headers = {"x-litellm-timeout": "0.3", "x-litellm-num-retries": "1"}
    status, _, got = gateway.post("/v1/chat/completions", {**DIALECTS["chat"][2], "model": "waits"}, headers=headers)
    assert status == 408 and got["x-litellm-attempted-retries"] == "1" and got["x-litellm-timeout"] == "60"
    assert len(upstream.requests["waits"]) == before + 2


def test_nothing_is_left_open(gateway):
    gateway.wait_for(lambda: "sluice_in_flight_requests 0" in gateway.get("/metrics")[1].decode())
    # Every way in which an upstream can break was gone by now, and none has left a connection or a file.
    gateway.wait_for(lambda: not descriptors(gateway) - gateway.open_before, seconds=30)
