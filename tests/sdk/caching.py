"""A gateway with a response cache before a provider that counts."""

import json
import sqlite3
import threading

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, body_of, streamed, whole

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
