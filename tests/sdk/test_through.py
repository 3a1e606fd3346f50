"""Requests that are passed on as they are: official SDKs at a provider's own path, and what may not pass."""

import http.client
import json
import threading

import anthropic
import httpx
import openai
import pytest

from conftest import MASTER_KEY, Gateway, Upstream
from raw import SSE, RawUpstream, chunk, head, whole

MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-marked", "stop_reason": "end_turn",
           "stop_sequence": None, "content": [{"type": "text", "text": "there"}], "usage": {"input_tokens": 10, "output_tokens": 20}}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "there"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 20}},
    {"type": "message_stop"},
]
STREAM = "".join(f"event: {it['type']}\ndata: {json.dumps(it)}\n\n" for it in EVENTS).encode()
CHAT = {"id": "chat_1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "there"}]}, "finishReason": "STOP"}], "responseId": "g_1",
          "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20}}
REFUSAL = b'{"error": {"message": "no, k-marked-0123 is wrong", "type": "strange"}, "more": [1]}'
# What the marked deployment costs: 10 tokens in, 20 out.
COST = 10 * 1e-6 + 20 * 2e-6


def sent():
    return json.loads(Upstream.seen[-1]["body"] or b"{}")


def special_claude(self):
    if self.path.endswith("/refused"):
        self.answer(418, {"content-type": "application/json", "retry-after": "7"}, REFUSAL)
    elif self.command != "POST":
        self.answer(200, {"content-type": "application/json", "x-method": self.command}, b'{"data": []}')
    elif sent().get("stream"):
        self.answer(200, {"content-type": "text/event-stream", "request-id": "r_1"}, STREAM)
    else:
        self.answer(200, {"content-type": "application/json", "set-cookie": "a=b"}, json.dumps(MESSAGE).encode())


def special_gemini(self):
    if "alt=sse" in self.path:
        self.answer(200, {"content-type": "text/event-stream"}, f"data: {json.dumps(GEMINI)}\r\n\r\n".encode())
    else:
        self.answer(200, {"content-type": "application/json"}, json.dumps(GEMINI).encode())


def special_bria(self):
    status = 500 if self.path.startswith("/special/bria/broken") else 201
    self.answer(status, {"content-type": "text/plain"}, b"as it is")


Upstream.special_claude, Upstream.special_gemini, Upstream.special_bria = special_claude, special_gemini, special_bria
Upstream.do_DELETE = Upstream.do_PUT = Upstream.do_POST


class OpenAi(RawUpstream):
    """OpenAI, whose streams wait for the test."""

    def __init__(self):
        super().__init__()
        self.released, self.hung = threading.Event(), threading.Event()
        self.base = self.script("oai", self.play)

    def play(self, peer):
        line, _, rest = peer.request.partition(b"\r\n")
        if b"/cut" in line:
            peer.send(head(content_type="application/json", content_length=500) + b'{"id": "half')
        elif b'"stream": true' not in rest and b'"stream":true' not in rest:
            peer.send(whole(CHAT if line.startswith(b"POST") else {"object": "list", "data": []}))
        else:
            peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(self.event({"content": "first"})))
            if b"for-ever" in rest:
                peer.wait_for_hang_up()
                self.hung.set()
                return
            assert self.released.wait(20)
            usage = {**CHAT, "object": "chat.completion.chunk", "choices": []}
            peer.send(chunk(self.event({"content": " last"}, "stop")) + chunk(f"data: {json.dumps(usage)}\n\n") + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")

    def event(self, delta, finish=None):
        piece = {**CHAT, "object": "chat.completion.chunk", "usage": None, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return f"data: {json.dumps(piece)}\n\n"


@pytest.fixture(scope="module")
def oai():
    return OpenAi()


@pytest.fixture(scope="module")
def house(upstream, oai, tmp_path_factory, data_dir):
    marked = {"model": "anthropic/claude-marked", "api_base": f"{upstream}/special/claude", "api_key": "k-marked-0123",
              "use_in_pass_through": True, "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    endpoints = [
        {"path": "/bria", "target": f"{upstream}/special/bria", "headers": {"Authorization": "bearer os.environ/BRIA_KEY"},
         "include_subpath": True, "cost_per_request": 0.25, "default_query_params": {"v": "1"}},
        {"path": "/open", "target": f"{upstream}/special/bria/open", "auth": False, "methods": ["POST"], "cost_per_request": 0},
    ]
    config = {
        "model_list": [{"model_name": "claude", "litellm_params": marked}],
        "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, "pass_through_endpoints": endpoints},
    }
    environment = {"OPENAI_API_KEY": "k-openai-0123", "OPENAI_BASE_URL": f"{oai.base}/v1", "BRIA_KEY": "k-bria-0123",
                   "GEMINI_API_KEY": "k-gemini-0123", "GEMINI_API_BASE": f"{upstream}/special/gemini"}
    gateway = Gateway(tmp_path_factory.mktemp("through"), config, environment)
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture()
def key(house):
    return make_key(house)


def make_key(house, **fields):
    status, made, _ = house.post("/key/generate", fields)
    assert status == 200, made
    return made["key"]


def row(house, call_id):
    """The one spend row of a call."""
    found = []

    def is_there():
        status, text, _ = house.get(f"/spend/logs?request_id={call_id}")
        found[:] = json.loads(text)
        return status == 200 and found

    house.wait_for(is_there, 20)
    assert len(found) == 1
    return found[0]


def call(house, path, key=None, method="POST", body=None, headers=None, form="authorization"):
    auth = {} if key is None else {form: f"Bearer {key}" if form == "authorization" else key}
    content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if content else {}
    return httpx.request(method, house.url + path, content=content, headers={**kind, **auth, **(headers or {})}, timeout=20)


def test_anthropics_sdk_is_passed_through_and_charged(house, key):
    client = anthropic.Anthropic(base_url=f"{house.url}/anthropic", api_key=key, max_retries=0)
    Upstream.seen.clear()
    raw = client.messages.with_raw_response.create(model="claude-marked", max_tokens=30, messages=[{"role": "user", "content": "hi"}],
                                                   extra_headers={"anthropic-beta": "b", "cookie": f"token={key}"})
    assert raw.parse().content[0].text == "there" and "set-cookie" not in raw.headers
    request = Upstream.seen[-1]
    assert request["path"] == "/special/claude/v1/messages" and request["headers"]["x-api-key"] == "k-marked-0123"
    assert request["headers"]["anthropic-beta"] == "b" and key not in str(request)
    charged = row(house, raw.headers["x-litellm-call-id"])
    assert charged["spend"] == pytest.approx(COST) and charged["total_tokens"] == 30
    assert charged["call_type"] == "pass_through_endpoint" and charged["model_group"] == "claude"
    assert charged["custom_llm_provider"] == "anthropic"
    assert json.loads(house.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(COST)


def test_a_stream_of_anthropics_is_passed_through_event_by_event(house, key):
    client = anthropic.Anthropic(base_url=f"{house.url}/anthropic", api_key=key, max_retries=0)
    with client.messages.stream(model="claude-marked", max_tokens=30, messages=[{"role": "user", "content": "hi"}]) as stream:
        final = stream.get_final_message()
        call_id = stream.response.headers["x-litellm-call-id"]
    assert final.content[0].text == "there" and final.usage.output_tokens == 20
    charged = row(house, call_id)
    assert charged["spend"] == pytest.approx(COST) and charged["total_tokens"] == 30


def test_bytes_are_those_of_the_upstream(house, key):
    answer = call(house, "/anthropic/v1/messages", key, body={"model": "claude-marked", "stream": True})
    assert answer.content == STREAM and answer.headers["request-id"] == "r_1"
    body = b' {"model" : "claude-marked",  "unknown": [1e0, "\\u00e9"] }'
    call(house, "/anthropic/v1/messages?beta=true&x=%20", key, body=body)
    assert Upstream.seen[-1]["body"] == body and Upstream.seen[-1]["path"].endswith("/v1/messages?beta=true&x=%20")


def test_other_methods_pass_and_cost_nothing(house, key):
    for method in ("GET", "DELETE"):
        answer = call(house, "/anthropic/v1/files/f_1", key, method)
        assert answer.status_code == 200 and answer.headers["x-method"] == method
        assert row(house, answer.headers["x-litellm-call-id"])["spend"] == 0
    limited = make_key(house, max_budget=1)
    assert call(house, "/anthropic/v1/models", limited, "GET").status_code == 200
    unpriced = call(house, "/anthropic/v1/files", limited, "PUT", b"x")
    assert unpriced.status_code == 400 and "price" in unpriced.text


def test_openais_sdk_is_passed_through_and_streams_as_events_come(house, oai, key):
    client = openai.OpenAI(base_url=f"{house.url}/openai_passthrough/v1", api_key=key, max_retries=0)
    ask = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    raw = client.chat.completions.with_raw_response.create(**ask)
    assert raw.parse().choices[0].message.content == "there"
    charged = row(house, raw.headers["x-litellm-call-id"])
    assert charged["spend"] > 0 and charged["total_tokens"] == 30 and charged["custom_llm_provider"] == "openai"
    assert client.models.list().data == []
    stream = client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
    assert next(stream).choices[0].delta.content == "first"
    # The upstream says no more until the client has heard that.
    oai.released.set()
    assert "".join(it.choices[0].delta.content for it in stream if it.choices) == " last"
    assert row(house, stream.response.headers["x-litellm-call-id"])["total_tokens"] == 30
    requests = b"".join(oai.requests["oai"])
    assert b"Bearer k-openai-0123" in requests and key.encode() not in requests


def test_a_client_that_leaves_takes_the_upstream_along(house, oai, key):
    ask = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "for-ever"}]}
    with httpx.stream("POST", f"{house.url}/openai/v1/chat/completions", json=ask, headers={"authorization": f"Bearer {key}"}) as answer:
        assert next(answer.iter_lines()).startswith("data:")
        call_id = answer.headers["x-litellm-call-id"]
    assert oai.hung.wait(20)
    assert row(house, call_id)["status"] == "interrupted"


def test_an_answer_that_is_cut_off_is_not_complete(house, key):
    with pytest.raises(httpx.RemoteProtocolError):
        call(house, "/openai_passthrough/v1/cut", key, body={"model": "gpt-4o-mini"})


def test_googles_key_in_the_query_is_taken_and_does_not_go_on(house, key):
    path = "/gemini/v1beta/models/gemini-2.5-flash:"
    for action, query in (("generateContent", f"?key={key}&a=1"), ("streamGenerateContent", f"?alt=sse&key={key}")):
        answer = call(house, path + action + query, body={"contents": []})
        assert answer.status_code == 200 and "there" in answer.text
        request = Upstream.seen[-1]
        assert request["headers"]["x-goog-api-key"] == "k-gemini-0123" and key not in str(request)
        assert request["path"].endswith("?a=1") or request["path"].endswith("?alt=sse")
        charged = row(house, answer.headers["x-litellm-call-id"])
        assert charged["total_tokens"] == 30 and charged["spend"] > 0
    assert call(house, path + "generateContent", key, body={}, form="x-goog-api-key").status_code == 200


def test_an_endpoint_has_the_operators_headers_and_price(house, key):
    answer = call(house, "/bria/v2/make?b=2", key, body=b"\x00raw", headers={"content-type": "image/png", "x-own": "1", "x-pass-other": "2"})
    assert answer.status_code == 201 and answer.text == "as it is"
    request = Upstream.seen[-1]
    assert request["path"] == "/special/bria/v2/make?b=2&v=1" and request["body"] == b"\x00raw"
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["authorization"] == "bearer k-bria-0123" and headers["content-type"] == "image/png"
    assert headers["other"] == "2" and "x-own" not in headers and key not in str(request)
    charged = row(house, answer.headers["x-litellm-call-id"])
    assert charged["spend"] == 0.25 and charged["model_group"] == "/bria"
    failed = call(house, "/bria/broken", key, "GET")
    assert (failed.status_code, failed.text) == (500, "as it is")
    assert row(house, failed.headers["x-litellm-call-id"])["spend"] == 0
    assert call(house, "/bria").status_code == 401


def test_an_open_endpoint_needs_no_key_and_has_its_methods_only(house):
    assert call(house, "/open", body=b"x").status_code == 201
    assert call(house, "/open", MASTER_KEY, "PUT", b"x").status_code == 405
    assert call(house, "/open/below", body=b"x").status_code == 401


def test_no_path_leads_out_of_its_base(house, key):
    before = len(Upstream.seen)
    ways = ["/v1/../../x", "/%2e%2e/x", "/.%2E/%2e./x", "/%252e%252e/x", "//evil.test/x", "/v1/..%2f..%2fx", "/..%5cx", "/..;/x", "/a%00b"]
    for prefix in ("/anthropic", "/bria"):
        for way in ways:
            connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)
            connection.request("GET", prefix + way, headers={"authorization": f"Bearer {key}"})
            assert connection.getresponse().status == 400, way
            connection.close()
    assert len(Upstream.seen) == before


def test_a_key_that_is_limited_to_models_does_not_go_around_its_list(house):
    limited = make_key(house, models=["claude"])
    assert call(house, "/anthropic/v1/messages", limited, body={"model": "claude-marked"}).status_code == 200
    before = len(Upstream.seen)
    for path, body in (
        ("/anthropic/v1/messages", {"model": "claude-other"}),
        ("/anthropic/v1/messages/batches", {"requests": [{"params": {"model": "claude-other"}}]}),
        ("/anthropic/v1/messages", b"--form\r\nmodel=claude-other"),
        ("/gemini/v1beta/models/gemini-2.5-flash:generateContent", {"model": "claude"}),
        ("/openai/v1/chat/completions", {"model": "gpt-4o-mini"}),
        ("/bria", {"prompt": "x"}),
    ):
        answer = call(house, path, limited, body=body)
        assert answer.status_code == 403, (path, answer.text)
    doubled = call(house, "/anthropic/v1/messages", limited, body=b'{"model": "claude-marked", "model": "claude-other"}')
    assert doubled.status_code == 400 and len(Upstream.seen) == before
    own = make_key(house, models=["claude"], allowed_routes=["/bria/*"])
    assert call(house, "/bria/x", own, body={"prompt": "x"}).status_code == 403
    given = make_key(house, models=["claude"], allowed_passthrough_routes=["/bria"])
    assert call(house, "/bria/x", given, body={"prompt": "x"}).status_code == 201
    assert call(house, "/anthropic/v1/models", given, "GET").status_code == 403


def test_a_customer_that_is_limited_to_models_does_not_go_around_its_list(house, key):
    assert house.post("/customer/new", {"user_id": "kept", "models": ["claude"]})[0] == 200
    kept = {"x-litellm-customer-id": "kept"}
    assert call(house, "/anthropic/v1/messages", key, body={"model": "claude-marked"}, headers=kept).status_code == 200
    before = len(Upstream.seen)
    for path, method, body in (
        ("/anthropic/v1/messages", "POST", {"model": "claude-other"}),
        ("/gemini/v1beta/models/gemini-2.5-flash:generateContent", "POST", {"contents": []}),
        ("/anthropic/v1/models", "GET", None),
    ):
        answer = call(house, path, key, method, body, kept)
        assert answer.status_code == 403 and "customer" in answer.text, (path, answer.text)
    assert len(Upstream.seen) == before
    # Its operator opens what it asks for.
    assert house.post("/customer/update", {"user_id": "kept", "models": ["anthropic/*"]})[0] == 200
    assert call(house, "/anthropic/v1/messages", key, body={"model": "claude-other"}, headers=kept).status_code == 200
    assert call(house, "/anthropic/v1/models", key, "GET", headers=kept).status_code == 200


def test_a_refusal_of_the_upstream_comes_back_as_it_is_without_the_key(house, key):
    answer = call(house, "/anthropic/v1/refused", key, body={"model": "claude-marked"})
    assert answer.status_code == 418 and answer.headers["retry-after"] == "7"
    assert answer.content == REFUSAL.replace(b"k-marked-0123", b"***")
    charged = row(house, answer.headers["x-litellm-call-id"])
    assert charged["status"] == "failure" and charged["spend"] == 0


def test_callers_are_proven_limited_and_told_in_the_providers_shape(house):
    missing = call(house, "/anthropic/v1/messages", body={"model": "claude-marked"})
    assert missing.status_code == 401 and missing.json()["type"] == "error"
    google = call(house, "/gemini/v1beta/models/m:generateContent?key=sk-wrong", body={})
    assert google.status_code == 401 and google.json()["error"]["code"] == 401
    once = make_key(house, rpm_limit=1)
    assert [call(house, "/anthropic/v1/messages", once, body={"model": "claude-marked"}).status_code for _ in range(2)] == [200, 429]
    spent = make_key(house, max_budget=0)
    assert call(house, "/anthropic/v1/messages", spent, body={"model": "claude-marked"}).status_code == 422
    assert call(house, "/cohere/v2/chat", MASTER_KEY, body={"model": "command-a"}).status_code == 401


def test_a_route_that_is_denied_is_closed_however_it_is_written(house):
    user = house.post("/user/new", {"auto_create_key": False})[1]["user_id"]
    own = make_key(house, user_id=user)
    denied = make_key(house, user_id=user, denied_passthrough_routes=["/anthropic/v1/messages"])
    for path in ("/anthropic/v1/messages", "/anthropic/v1/%6dessages", "/anthropic/v1/messages/count_tokens"):
        refused = call(house, path, denied, body={"model": "claude-marked"})
        assert refused.status_code == 403 and "Matched `/anthropic/v1/messages`" in refused.text, (path, refused.text)
    assert call(house, "/anthropic/v1/refused", denied, body={"model": "claude-marked"}).status_code == 418
    # Its holder does not open it again.
    for change in ({"denied_passthrough_routes": []}, {"denied_passthrough_routes": None}, {"metadata": {"denied_passthrough_routes": []}}):
        assert house.post("/key/update", {"key": denied, **change}, own)[0] in (401, 403), change
    assert house.post("/key/update", {"key": denied, "metadata": {"x": 1}})[0] == 200
    assert call(house, "/anthropic/v1/messages", denied, body={"model": "claude-marked"}).status_code == 403


def test_the_key_comes_in_litellms_header_for_routes_of_providers_too(house, key):
    answer = call(house, "/anthropic/v1/messages", key, body={"model": "claude-marked"}, form="litellm_user_api_key")
    assert answer.status_code == 200
    assert key not in str(Upstream.seen[-1])


def test_calls_count_in_metrics_and_in_the_log(house, key):
    answer = call(house, "/anthropic/v1/messages", key, body={"model": "claude-marked"})
    metrics = house.get("/metrics")[1].decode()
    assert any('operation="pass-through"' in line and 'model_group="claude"' in line for line in metrics.splitlines())
    house.wait_for(lambda: answer.headers["x-litellm-call-id"] in house.logged())
    assert key not in house.logged()
