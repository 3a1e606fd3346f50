"""The response cache, as clients and operators meet it."""

import concurrent.futures
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time

import pytest

import redis_server
from conftest import MASTER_KEY, Gateway
from raw import SSE, RawUpstream, body_of, chunk, connect, head, request, streamed, until, whole

PRICE = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
COST = 10 * 1e-6 + 20 * 2e-6
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
HI = [{"role": "user", "content": "hi"}]


class Provider:
    """Answers each request anew, so that a kept answer is known by its text."""

    def __init__(self):
        self.raw = RawUpstream()
        self.count = 0
        self.lock = threading.Lock()

    def next(self):
        with self.lock:
            self.count += 1
            return self.count

    def chat(self, peer):
        asked, number = body_of(peer.request), self.next()
        if asked.get("stream"):
            peer.send(streamed(*self.pieces(number)))
            return
        message = {"role": "assistant", "content": f"answer {number}"}
        peer.send(whole({"id": f"c{number}", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}))

    @staticmethod
    def pieces(number):
        def piece(delta, finish=None):
            return f'data: {json.dumps({"id": f"s{number}", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})}\n\n'

        yield from (piece({"role": "assistant"}), piece({"content": f"stream {number}"}), piece({"content": " ends"}), piece({}, "stop"))
        yield f'data: {json.dumps({"id": f"s{number}", "choices": [], "usage": USAGE})}\n\n'
        yield "data: [DONE]\n\n"

    def embeddings(self, peer):
        self.next()
        inputs = body_of(peer.request)["input"]
        inputs = inputs if isinstance(inputs, list) else [inputs]
        data = [{"object": "embedding", "index": at, "embedding": [len(text), at + 0.5]} for at, text in enumerate(inputs)]
        tokens = sum(len(text) for text in inputs)
        # In another order than asked: `index` says whose each is.
        peer.send(whole({"object": "list", "data": data[::-1], "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))

    def completions(self, peer):
        number = self.next()
        peer.send(whole({"id": f"t{number}", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "length", "text": f"text {number}"}]}))

    def responses(self, peer):
        number = self.next()
        answer = {"id": f"resp_{number}", "object": "response", "status": "completed", "output": [], "usage": {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}
        if body_of(peer.request).get("stream"):
            events = [{"type": "response.created", "response": {**answer, "status": "in_progress"}}, {"type": "response.completed", "response": answer}]
            peer.send(streamed(*(f'event: {it["type"]}\ndata: {json.dumps(it)}\n\n' for it in events)))
            return
        peer.send(whole(answer))

    def messages(self, peer):
        number = self.next()
        peer.send(whole({"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "x", "content": [{"type": "text", "text": f"message {number}"}], "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 20}}))


    def rerank(self, peer):
        number = self.next()
        peer.send(whole({"id": f"rr{number}", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}))

    def ears(self, peer):
        if b"\r\n\r\nsrt\r\n" in peer.request or b"\r\n\r\nvtt\r\n" in peer.request:
            return peer.send(whole(f"1\n00:00:00,000 --> 00:00:01,000\nheard {self.next()}\n".encode(), content_type="text/plain"))
        peer.send(whole({"text": f"heard {self.next()}", "usage": {"type": "tokens", "input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}))

    def gemini(self, peer):
        answer = {"candidates": [{"content": {"role": "model", "parts": [{"text": f"said {self.next()}"}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}
        if b"streamGenerateContent" in peer.request.split(b"\r\n")[0]:
            return peer.send(streamed(f"data: {json.dumps(answer)}\r\n\r\n"))
        peer.send(whole(answer))

    def told_messages(self, peer):
        number = self.next()
        start = {"type": "message_start", "message": {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "x", "content": [], "usage": {"input_tokens": 10, "output_tokens": 1}}}
        events = [start, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"told {number}"}}, {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 20}}, {"type": "message_stop"}]
        peer.send(streamed(*(f'event: {it["type"]}\ndata: {json.dumps(it)}\n\n' for it in events)))

    def told_text(self, peer):
        number = self.next()
        events = [{"id": f"t{number}", "object": "text_completion", "choices": [{"index": 0, "text": f"told {number}", "finish_reason": None}]}, {"id": f"t{number}", "object": "text_completion", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}]
        peer.send(streamed(*(f"data: {json.dumps(it)}\n\n" for it in events), "data: [DONE]\n\n"))


# By the name of a model: its provider, and what plays it.
MORE = {"rerank": ("together_ai", "rerank"), "ears": ("openai", "ears"), "gemini": ("gemini", "gemini"), "told-messages": ("anthropic", "told_messages"), "told-text": ("openai", "told_text")}


class House:
    """A gateway with a cache before a provider that counts."""

    def __init__(self, folder, params=None, environment=None):
        self.folder, self.provider = folder, Provider()
        raw = self.provider.raw
        models = []
        for name in ("chat", "embeddings", "completions", "responses", "messages"):
            provider = "anthropic" if name == "messages" else "openai"
            params_of = {"model": f"{provider}/{name}", "api_base": raw.script(name, getattr(self.provider, name)), "api_key": "k", "num_retries": 0, **PRICE}
            models.append({"model_name": name, "litellm_params": params_of})
        for name, (provider, script) in MORE.items():
            params_of = {"model": f"{provider}/{name}", "api_base": raw.script(name, getattr(self.provider, script)), "api_key": "k", "num_retries": 0, **PRICE}
            models.append({"model_name": name, "litellm_params": params_of})
        for name in ("broken", "cut", "filtered", "slow"):
            models.append({"model_name": name, "litellm_params": {**models[0]["litellm_params"], "api_base": raw.script(name, b"")}})
        self.config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, "store_model_in_db": True}, "litellm_settings": {"cache": True, "cache_params": params or {}}}
        self.gateway = Gateway(folder, self.config, environment)

    def ask(self, key=MASTER_KEY, model="chat", path="/v1/chat/completions", headers=None, **more):
        body = {"model": model, "messages": HI, **more}
        return self.gateway.post(path, {name: value for name, value in body.items() if value is not None}, key, headers)

    def text(self, *args, **more):
        status, answer, _ = self.ask(*args, **more)
        assert status == 200, answer
        return answer["choices"][0]["message"]["content"]

    def stream(self, key=MASTER_KEY, model="chat", path="/v1/chat/completions", **more):
        body = {"model": model, "messages": HI, "stream": True, **more}
        body = {name: value for name, value in body.items() if value is not None}
        status, answer, headers = self.gateway.get(path, body=json.dumps(body).encode(), headers={"authorization": f"Bearer {key}"})
        assert status == 200, answer
        return answer.decode(), {name.lower(): value for name, value in headers.items()}

    def do(self, path, body=None, key=MASTER_KEY):
        if body is None:
            status, text, _ = self.gateway.get(path, key)
            return status, json.loads(text)
        return self.gateway.post(path, body, key)[:2]

    def key(self, **fields):
        status, made = self.do("/key/generate", fields)
        assert status == 200, made
        return made["key"]

    def rows(self):
        with sqlite3.connect(f"file:{self.folder}/.local/share/sluice/sluice.db?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM spend_rows ORDER BY started_ms, ended_ms")]

    def metric(self, name, label=""):
        text = self.gateway.get("/metrics")[1].decode()
        found = [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name) and label in line]
        return sum(found)

    def wait_until_kept(self, count=1):
        self.gateway.wait_for(lambda: len(self.redis.keys()) >= count)


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(params=None, **more):
        houses.append(House(tmp_path, params, **more))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def test_the_same_request_is_answered_once_and_costs_once(house):
    calls = house()
    key = calls.key(max_budget=1)
    status, first, headers = calls.ask(key, temperature=1, user="ann")
    assert status == 200 and "x-litellm-cache-key" not in headers and float(headers["x-litellm-response-cost"]) == pytest.approx(COST)
    body = {"temperature": 1.0, "messages": HI, "model": "chat", "user": "bob", "metadata": {"trace_id": "t"}}
    status, second, headers = calls.gateway.post("/chat/completions", body, key)
    assert second == first and calls.provider.count == 1
    assert headers["x-litellm-cache-key"].startswith("sluice:cache:") and "x-litellm-response-cost" not in headers
    assert headers["x-litellm-model-name"] == "openai/chat"
    calls.gateway.wait_for(lambda: len(calls.rows()) == 2)
    made, kept = calls.rows()
    assert (made["cache_hit"], kept["cache_hit"]) == (0, 1)
    assert made["cost_pico"] > 0 and kept["cost_pico"] == 0
    assert calls.do(f"/key/info?key={key}")[1]["info"]["spend"] == pytest.approx(COST)
    logs = calls.do("/spend/logs")[1]
    assert sorted(it["cache_hit"] for it in logs) == ["False", "True"]
    assert [it["total_tokens"] for it in logs] == [30, 30]
    assert calls.metric('sluice_cache_lookups_total{operation="chat",outcome="hit"}') == 1
    assert calls.metric('sluice_cache_tokens_total{model_group="chat"}') == 30
    assert calls.metric('sluice_tokens_total{model_group="chat",direction="output"}') == 20
    # LiteLLM's names, by the labels of whoever asked.
    for name, wanted in (("cache_hits", 1), ("cache_misses", 1), ("cached_tokens", 30)):
        assert calls.metric(f"litellm_{name}_metric_total{{", 'model="chat"') == wanted, name


@pytest.mark.parametrize("other", [{"temperature": 0.5}, {"max_tokens": 7}, {"messages": HI + HI}, {"anything": 1}, {"cache": {"namespace": "n"}}])
def test_another_request_is_another_answer(house, other):
    calls = house()
    assert calls.text() == "answer 1" and calls.text(**other) == "answer 2"
    assert calls.text() == "answer 1" and calls.text(**other) == "answer 2"


def test_a_stream_is_given_again_byte_for_byte(house):
    calls = house()
    first, _ = calls.stream()
    second, headers = calls.stream()
    assert first == second and "stream 1" in first and first.endswith("data: [DONE]\n\n")
    assert "x-litellm-cache-key" in headers and headers["content-type"] == "text/event-stream"
    assert '"usage"' not in first
    # Each client gets the usage it asks for, from the same kept stream.
    with_usage, _ = calls.stream(stream_options={"include_usage": True})
    assert '"total_tokens": 30' in with_usage.replace('"total_tokens":30', '"total_tokens": 30') and calls.provider.count == 1
    assert [line for line in with_usage.splitlines() if '"usage"' not in line and line] == [line for line in first.splitlines() if line]
    calls.gateway.wait_for(lambda: len(calls.rows()) == 3)
    assert [(it["cache_hit"], it["cost_pico"] > 0) for it in calls.rows()] == [(0, True), (1, False), (1, False)]
    # A whole answer is another one.
    assert calls.text() == "answer 2"


def test_no_answer_crosses_tenants(house):
    calls = house()
    team = calls.do("/team/new", {"team_alias": "t"})[1]["team_id"]
    other = calls.do("/team/new", {"team_alias": "u"})[1]["team_id"]
    ann = calls.do("/user/new", {"user_id": "ann", "auto_create_key": False})
    assert ann[0] == 200, ann
    answers = {
        "master": calls.text(),
        "nobody's": calls.text(calls.key()),
        "nobody's, too": calls.text(calls.key()),
        "ann's": calls.text(calls.key(user_id="ann")),
        "the team's": calls.text(calls.key(team_id=team)),
        "the other team's": calls.text(calls.key(team_id=other)),
    }
    assert len(set(answers.values())) == 6, answers
    assert calls.text(calls.key(user_id="ann")) == answers["ann's"]
    assert calls.text(calls.key(team_id=team)) == answers["the team's"]
    assert calls.text(calls.key(team_id=team), cache={"namespace": "the other team's"}) not in answers.values()


def test_everybody_shares_where_the_operator_says_so(house):
    calls = house({"share": "everyone"})
    assert calls.text(calls.key()) == calls.text(calls.key()) == calls.text() == "answer 1"
    # Who may not ask the model gets no kept answer of it.
    status, refused, _ = calls.ask(calls.key(models=["completions"]))
    assert status == 403 and "answer" not in json.dumps(refused)


def test_limits_and_budgets_come_before_the_cache(house):
    calls = house()
    team = calls.do("/team/new", {"team_alias": "t"})[1]["team_id"]
    assert calls.text(calls.key(team_id=team)) == "answer 1"
    limited = calls.key(team_id=team, rpm_limit=2)
    assert [calls.ask(limited)[0] for _ in range(3)] == [200, 200, 429]
    # Tokens of a kept answer count for nothing.
    few = calls.key(team_id=team, tpm_limit=40)
    assert [calls.ask(few)[0] for _ in range(4)] == [200] * 4
    spent = calls.key(team_id=team, max_budget=0.000001)
    calls.ask(spent, cache={"no-cache": True})
    calls.gateway.wait_for(lambda: calls.do(f"/key/info?key={spent}")[1]["info"]["spend"] > 0 or calls.ask(spent)[0] != 200)
    status, refused, _ = calls.ask(spent)
    assert status == 422 and refused["error"]["type"] == "budget_exceeded", refused


def test_a_call_says_how_it_uses_the_cache(house):
    calls = house()
    assert calls.text() == "answer 1"
    assert calls.text(cache={"no-cache": True}) == "answer 2" and calls.text() == "answer 2"
    assert calls.text(cache={"no-cache": True, "no-store": True}) == "answer 3" and calls.text() == "answer 2"
    assert calls.text(headers={"cache-control": "no-cache, no-store"}) == "answer 4"
    assert calls.text(cache={"s-maxage": 0}) == "answer 5"
    assert calls.text(cache={"s-maxage": 600}) == "answer 5"
    assert calls.text(cache={"use-cache": False}) == "answer 6" and calls.text() == "answer 5"
    assert calls.text(n=1, cache={"ttl": 0.2}) == "answer 7"
    calls.gateway.wait_for(lambda: calls.text(n=1, cache={"no-store": True}) == "answer 8" or calls.provider.count > 7)
    assert calls.provider.count == 8


@pytest.mark.parametrize("cache", [True, {"ttl": "soon"}, {"ttl": -1}, {"no-cache": "yes"}, {"namespace": ["a"]}])
def test_wrong_controls_are_named(house, cache):
    calls = house()
    status, refused, _ = calls.ask(cache=cache)
    assert status == 400 and refused["error"]["param"] == "cache", refused


def test_a_key_says_of_the_cache_what_its_list_has(house):
    calls = house()
    key = calls.key(allowed_cache_controls=["no-cache"])
    assert [calls.text(key), calls.text(key, cache={"no-cache": True})] == ["answer 1", "answer 2"]
    for more in ({"cache": {"ttl": 1}}, {"headers": {"cache-control": "no-store"}}):
        status, refused, _ = calls.ask(key, **more)
        assert status == 403 and refused["error"]["param"] == "cache", refused


def test_a_cache_that_is_off_by_default_is_used_when_asked_for(house):
    calls = house({"mode": "default_off", "supported_call_types": ["acompletion"]})
    assert [calls.text(), calls.text()] == ["answer 1", "answer 2"]
    use = {"use-cache": True}
    assert [calls.text(cache=use), calls.text(cache=use)] == ["answer 3", "answer 3"]
    for _ in range(2):
        assert calls.ask(model="completions", path="/v1/completions", messages=None, prompt="x", cache=use)[0] == 200
    assert calls.provider.count == 5


def test_every_operation_is_kept(house):
    calls = house()
    for model, path, more in (
        ("completions", "/v1/completions", {"messages": None, "prompt": "x"}),
        ("responses", "/v1/responses", {"messages": None, "input": "x"}),
        ("messages", "/v1/messages", {"max_tokens": 9}),
    ):
        (_, first, _), (_, second, headers) = calls.ask(model=model, path=path, **more), calls.ask(model=model, path=path, **more)
        assert first == second and "x-litellm-cache-key" in headers, path
    first, second = (calls.stream(model="responses", path="/v1/responses", messages=None, input="x") for _ in range(2))
    assert first[0] == second[0] and "response.completed" in first[0]
    assert calls.provider.count == 4
    # What is only begun is not kept.
    begun = [calls.ask(model="responses", path="/v1/responses", messages=None, input="x", background=True)[1]["id"] for _ in range(2)]
    assert begun[0] != begun[1]


def test_rerank_transcripts_and_googles_words_are_kept_too(house):
    calls = house()
    rerank = {"messages": None, "query": "q", "documents": ["a", "b"]}
    google = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    sound = lambda noise: b'--cut\r\ncontent-disposition: form-data; name="model"\r\n\r\nears\r\n--cut\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n' + noise + b"\r\n--cut--\r\n"
    form = {"content-type": "multipart/form-data; boundary=cut"}
    asks = {
        "rerank": lambda: calls.ask(model="rerank", path="/v1/rerank", **rerank),
        "transcript": lambda: calls.gateway.post("/v1/audio/transcriptions", sound(b"beep"), headers=form),
        "google": lambda: calls.gateway.post("/v1beta/models/gemini:generateContent", google),
    }
    for count, (name, ask) in enumerate(asks.items(), 1):
        (status, first, _), (_, second, headers) = ask(), ask()
        assert status == 200 and first == second and "x-litellm-cache-key" in headers, name
        assert calls.provider.count == count, name
    # Another sound is another call.
    other = calls.gateway.post("/v1/audio/transcriptions", sound(b"boop"), headers=form)
    assert "x-litellm-cache-key" not in other[2] and calls.provider.count == 4


@pytest.mark.parametrize("shape", ["text", "srt", "vtt"])
def test_transcripts_that_are_no_json_are_kept_with_their_type(house, shape):
    calls = house()
    fields = {"model": "ears", "response_format": shape}
    parts = [f'--cut\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    sound = '--cut\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nbeep\r\n--cut--\r\n'
    form = {"content-type": "multipart/form-data; boundary=cut", "authorization": f"Bearer {MASTER_KEY}"}
    ask = lambda: calls.gateway.get("/v1/audio/transcriptions", body=("".join(parts) + sound).encode(), headers=form)
    (status, first, made), (_, second, kept) = ask(), ask()
    assert status == 200 and first == second and b"heard 1" in first and calls.provider.count == 1
    assert made["content-type"] == kept["content-type"] and kept["content-type"].startswith("text/plain")
    assert "x-litellm-cache-key" in kept and "x-litellm-cache-key" not in made


def test_streams_of_every_dialect_are_given_again_byte_for_byte(house):
    calls = house()
    google = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).encode()
    key = {"authorization": f"Bearer {MASTER_KEY}"}
    asks = {
        "messages": lambda: calls.stream(model="told-messages", path="/v1/messages", max_tokens=9),
        "completions": lambda: calls.stream(model="told-text", path="/v1/completions", messages=None, prompt="x"),
        "google": lambda: (calls.gateway.get("/v1beta/models/gemini:streamGenerateContent?alt=sse", body=google, headers=key)[1].decode(), {}),
    }
    for count, (name, ask) in enumerate(asks.items(), 1):
        first, second = ask(), ask()
        assert first[0] == second[0] and str(count) in first[0], name
        assert calls.provider.count == count, name


def test_of_many_texts_only_new_ones_are_asked_for(house):
    calls = house()
    raw = calls.provider.raw
    ask = lambda texts, **more: calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=texts, **more)
    _, first, _ = ask(["a", "bbb"])
    assert [it["embedding"][0] for it in sorted(first["data"], key=lambda it: it["index"])] == [1, 3]
    _, mixed, headers = ask(["cc", "bbb", "a", "dddd"])
    assert body_of(raw.requests["embeddings"][-1])["input"] == ["cc", "dddd"]
    assert [it["index"] for it in mixed["data"]] == [0, 1, 2, 3]
    assert [it["embedding"] for it in mixed["data"]] == [[2, 0.5], [3, 1.5], [1, 0.5], [4, 1.5]]
    assert mixed["usage"] == {"prompt_tokens": 10, "total_tokens": 10} and "x-litellm-cache-key" not in headers
    assert float(headers["x-litellm-response-cost"]) == pytest.approx(6e-6)
    _, known, headers = ask(["dddd", "cc"])
    assert [it["embedding"] for it in known["data"]] == [[4, 1.5], [2, 0.5]] and known["model"] == "embeddings"
    assert known["usage"] == {"prompt_tokens": 6, "total_tokens": 6} and "x-litellm-cache-key" in headers
    assert ask("a")[1]["data"][0]["embedding"] == [1, 0.5] and calls.provider.count == 2
    assert ask("a", dimensions=2)[0] == 200 and calls.provider.count == 3
    calls.gateway.wait_for(lambda: len(calls.rows()) == 5)
    assert [it["cache_hit"] for it in calls.rows()] == [0, 0, 1, 1, 0]
    assert calls.metric('sluice_cache_lookups_total{operation="embeddings",outcome="partial"}') == 1


def test_what_is_not_complete_is_not_kept(house):
    calls = house()
    raw = calls.provider.raw
    error = {"error": {"message": "no", "type": "x"}}
    raw.scripts["broken"] = whole(error, status=500)
    begun = list(Provider.pieces(1))[:2]
    raw.scripts["cut"] = streamed(*begun)
    raw.scripts["filtered"] = whole({"id": "x", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}]})
    for _ in range(2):
        assert calls.ask(model="broken")[0] == 500
        assert "error" in calls.stream(model="cut")[0]
        assert calls.ask(model="filtered")[0] == 200
    assert {name: len(raw.requests[name]) for name in ("broken", "cut", "filtered")} == {"broken": 2, "cut": 2, "filtered": 2}

    def held(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(begun[0]))
        peer.wait_for_hang_up()

    raw.scripts["slow"] = held
    with connect(calls.gateway) as client:
        client.sendall(request("/v1/chat/completions", {"model": "slow", "messages": HI, "stream": True}, key=MASTER_KEY))
        until(client, b"assistant")
    calls.gateway.wait_for(lambda: any(it["model_group"] == "slow" for it in calls.rows()))
    raw.scripts["slow"] = calls.provider.chat
    assert "ends" in calls.stream(model="slow")[0] and len(raw.requests["slow"]) == 2


def gathered(calls, count, ask="ask", **more):
    """So many of the same call at once, behind a provider that waits for `release`."""
    release, begun = threading.Event(), threading.Event()

    def held(peer):
        begun.set()
        assert release.wait(20)
        calls.provider.chat(peer)

    calls.provider.raw.scripts["slow"] = held
    pool = concurrent.futures.ThreadPoolExecutor(count)
    return release, begun, [pool.submit(getattr(calls, ask), model="slow", **more) for _ in range(count)]


def waiting(calls):
    return calls.metric("sluice_in_flight_requests")


def test_calls_under_way_together_share_one_answer(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 8)
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 8)
    release.set()
    answers = [it.result() for it in asked]
    assert {answer["choices"][0]["message"]["content"] for _, answer, _ in answers} == {"answer 1"}
    assert calls.provider.count == 1 and sum("x-litellm-cache-key" in headers for _, _, headers in answers) == 7
    calls.gateway.wait_for(lambda: len(calls.rows()) == 8)
    assert sum(it["cost_pico"] > 0 for it in calls.rows()) == 1
    assert calls.metric('sluice_cache_lookups_total{operation="chat",outcome="joined"}') == 7


def test_streams_under_way_together_share_one_answer(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 8, "stream")
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 8)
    release.set()
    answers = [it.result() for it in asked]
    assert all("stream 1" in text and " ends" in text and text.endswith("data: [DONE]\n\n") for text, _ in answers)
    assert calls.provider.count == 1 and sum("x-litellm-cache-key" in headers for _, headers in answers) == 7


def test_a_leader_that_leaves_takes_nobody_with_it(house):
    calls = house({"coalesce": True})
    release, begun = threading.Event(), threading.Semaphore(0)

    def held(peer):
        begun.release()
        assert release.wait(20)
        calls.provider.chat(peer)

    calls.provider.raw.scripts["slow"] = held
    with connect(calls.gateway) as leader:
        leader.sendall(request("/v1/chat/completions", {"model": "slow", "messages": HI}, key=MASTER_KEY))
        assert begun.acquire(timeout=20)
        pool = concurrent.futures.ThreadPoolExecutor(4)
        asked = [pool.submit(calls.ask, model="slow") for _ in range(4)]
        calls.gateway.wait_for(lambda: waiting(calls) == 5)
    # The leader has hung up; one of the others asks now.
    assert begun.acquire(timeout=20)
    release.set()
    answers = {it.result()[1]["choices"][0]["message"]["content"] for it in asked}
    assert len(answers) == 1 and len(calls.provider.raw.requests["slow"]) == 2


def test_a_leader_that_fails_lets_the_others_ask_at_once(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 4)
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 4)
    chat, failed = calls.provider.chat, threading.Event()

    def fails_once(peer):
        if failed.is_set():
            return chat(peer)
        failed.set()
        peer.send(whole({"error": {"message": "no"}}, status=400))

    calls.provider.chat = fails_once
    release.set()
    assert sorted(it.result()[0] for it in asked) == [200, 200, 200, 400]


def test_operators_see_and_empty_the_cache(house):
    calls = house()
    key = calls.key()
    assert calls.text() == "answer 1"
    name = calls.ask()[2]["x-litellm-cache-key"]
    status, pinged = calls.do("/cache/ping")
    assert status == 200 and pinged["cache_type"] == "local" and pinged["litellm_cache_params"]["entries"] == 1
    assert calls.metric("sluice_cache_entries") == 1 and calls.metric("sluice_cache_bytes") > 100
    assert calls.do("/cache/delete", {"keys": [name, "sluice:cache:x"]}) == (200, {"status": "success", "deleted": 1})
    assert calls.text() == "answer 2"
    assert calls.do("/cache/flushall", {})[0] == 200 and calls.text() == "answer 3"
    assert calls.do("/cache/redis/info")[0] == 400
    for path, body in (("/cache/ping", None), ("/cache/flushall", {}), ("/cache/delete", {"keys": [name]}), ("/cache/settings", {"cache_settings": {}})):
        assert calls.do(path, body, key)[0] in (401, 403), path
    assert calls.text() == "answer 3"
    for body, param in (({}, "keys"), ({"keys": "x"}, "keys"), ({"kyes": []}, "kyes")):
        status, refused = calls.do("/cache/delete", body)
        assert 400 <= status < 500 and refused["error"]["param"] == param, refused


def test_settings_hold_without_a_restart(house):
    calls = house({"type": "local"})
    assert calls.text() == "answer 1"
    status, refused = calls.do("/cache/settings", {"cache_settings": {"mode": "sometimes"}})
    assert status == 400 and "mode" in refused["error"]["param"], refused
    status, refused = calls.do("/cache/settings", {"cache_settings": {"type": "redis", "host": "h", "password": "plain"}})
    assert status == 400 and refused["error"]["param"] == "cache_settings.password"
    assert calls.do("/cache/settings", {"cache_settings": {"type": "local", "mode": "default_off"}})[0] == 200
    calls.gateway.wait_for(lambda: calls.text() != "answer 1")
    shown = calls.do("/cache/settings")[1]
    assert shown["enabled"] is True and shown["current_values"]["mode"] == "default_off"


def test_a_cache_that_is_off_says_so(tmp_path, data_dir):
    calls = House.__new__(House)
    calls.gateway = Gateway(tmp_path, {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], "general_settings": {"master_key": MASTER_KEY}})
    try:
        status, refused = calls.do("/cache/ping")
        assert status == 503 and "litellm_settings.cache" in refused["error"]["message"]
        assert calls.ask(model="demo", cache={"no-cache": True})[0] == 200
    finally:
        calls.gateway.stop()


@pytest.fixture()
def redis(tmp_path):
    if redis_server.PROGRAM is None:
        assert not os.environ.get("CI"), "redis-server is missing, and in CI nothing is left out"
        print("NOT RUN: redis-server is missing; `cargo xtask test` installs it")
        yield None
        return
    server = redis_server.RedisServer(tmp_path)
    yield server
    server.stop()


def with_redis(house, redis, **more):
    params = {"type": "redis", "host": "127.0.0.1", "port": redis.port, "password": "os.environ/CACHE_PASSWORD", "namespace": "gate", **more}
    calls = house(params, environment={"CACHE_PASSWORD": redis.password})
    calls.redis = redis
    return calls


def test_redis_keeps_answers_for_every_replica_and_over_a_restart(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    first, _ = calls.stream()
    calls.wait_until_kept()
    assert calls.text() == "answer 2"
    calls.wait_until_kept(2)
    assert all(it.startswith(b"gate:") for it in redis.keys())
    assert calls.gateway.stop() == 0
    calls.gateway.log = open(calls.folder / "log.txt", "ab")
    calls.gateway.start()
    assert calls.stream()[0] == first and calls.text() == "answer 2" and calls.provider.count == 2
    assert calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=["a", "b"])[0] == 200
    calls.wait_until_kept(4)
    assert calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=["b", "a"])[1]["data"][0]["embedding"] == [1, 1.5]
    status, told = calls.do("/cache/redis/info")
    assert status == 200 and told["info"]["redis_version"] and told["num_clients"] >= 1
    redis.ask("SET", "spend:of:somebody", "1")
    assert calls.do("/cache/flushall", {}) == (200, {"status": "success", "deleted": 4})
    assert redis.keys() == [b"spend:of:somebody"] and calls.text() == "answer 4"


def test_a_redis_that_goes_and_comes_back_costs_no_call(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    assert calls.text() == "answer 1"
    calls.wait_until_kept()
    redis.stop()
    answers = [calls.text() for _ in range(10)]
    assert len(set(answers)) == 10 and calls.metric('sluice_cache_failures_total{what="unreachable"}') >= 1
    assert calls.do("/cache/ping")[0] == 503
    assert calls.gateway.logged().count("calls go on without kept answers") == 1
    redis.start()
    calls.gateway.wait_for(lambda: calls.do("/cache/ping")[0] == 200)
    kept = calls.text()
    calls.wait_until_kept()
    assert calls.text() == kept and calls.gateway.logged().count("Redis is back: answers are kept again") == 1


def test_a_damaged_value_is_as_good_as_none(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    assert calls.text() == "answer 1"
    calls.wait_until_kept()
    (name,) = redis.keys()
    for value in (b"", b"slc1....", b"{\"kept\": 1}", b"\xff" * 1000):
        redis.ask("SET", name, value)
        assert calls.text(cache={"no-store": True}).startswith("answer")
    assert calls.metric('sluice_cache_failures_total{what="corrupt"}') == 4 and calls.provider.count == 5


def test_a_wrong_password_is_told_and_costs_no_call(house, redis):
    if redis is None:
        return
    calls = house({"type": "redis", "host": "127.0.0.1", "port": redis.port, "password": "mistaken-7f"})
    assert [calls.text(), calls.text()] == ["answer 1", "answer 2"]
    assert "Redis does not answer" in calls.gateway.logged() and "mistaken-7f" not in calls.gateway.logged()


class Mute:
    """A server that takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self):
        with contextlib.suppress(OSError):
            while True:
                self.held.append(self.listener.accept()[0])


def test_a_redis_that_hangs_slows_no_call_beyond_its_limit(house):
    mute = Mute()
    calls = house({"type": "redis", "host": "127.0.0.1", "port": mute.port})
    took = []
    for _ in range(12):
        began = time.monotonic()
        assert calls.text().startswith("answer")
        took.append(time.monotonic() - began)
    assert mute.held, "nobody has asked it"
    # Half a second is the limit of one call; most find it left alone, and do not wait at all.
    assert max(took) < 5 and sum(took) < 12, took
    assert calls.provider.count == 12 and calls.metric('sluice_cache_failures_total{what="unreachable"}') >= 1
    assert calls.do("/cache/ping")[0] == 503
    mute.listener.close()
