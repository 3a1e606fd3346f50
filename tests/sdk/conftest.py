"""The gateway before a loopback upstream that serves recorded bytes."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import talk
from warm import PATIENCE, compiled, warm

ROOT = pathlib.Path(__file__).resolve().parents[2]
MASTER_KEY = "sk-of-the-tests-8d21"


def corpus(plugin):
    text = (ROOT / "plugins" / plugin / "fixtures" / "corpus.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


CORPUS = {plugin: corpus(plugin) for plugin in ("openai", "anthropic", "gemini", "openai_compatible")}
BY_ID = {item["id"]: item for items in (*CORPUS.values(), corpus("cohere")) for item in items}


class Upstream(BaseHTTPRequestHandler):
    """`/<id>/...` answers with the recording of that id, `/talk/<model>/...` with the one that goes on with
    the conversation; `/special/<name>/...` misbehaves."""

    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        Upstream.seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
        first, _, rest = self.path.lstrip("/").partition("/")
        if first == "special":
            getattr(self, "special_" + rest.split("/")[0])()
            return
        item = BY_ID.get(talk.answer(rest, body) if first == "talk" else first)
        if item is None:
            self.answer(404, {"content-type": "application/json"}, b'{"error":{"message":"there is no such recording"}}')
            return
        self.answer(item["status"], item["headers"], item["body"].encode())

    def answer(self, status, headers, body, declared=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) if declared is None else declared))
        self.end_headers()
        self.wfile.write(body)

    def special_truncated(self):
        self.answer(200, {"content-type": "application/json"}, b'{"id":"x","choices":[', declared=500)
        self.close_connection = True

    def special_halfstream(self):
        chunk = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
        self.answer(200, {"content-type": "text/event-stream"}, chunk)

    def special_halfmessage(self):
        start = {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        events = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in (start, block))
        self.answer(200, {"content-type": "text/event-stream"}, events)

    def special_counts(self):
        self.answer(200, {"content-type": "application/json"}, b'{"input_tokens": 17}')

    def special_judged(self):
        judged = {"flagged": True, "categories": {"violence": True}, "category_scores": {"violence": 0.9}}
        self.answer(200, {"content-type": "application/json"}, json.dumps({"id": "modr-1", "model": "m", "results": [judged]}).encode())

    def special_garbage(self):
        self.answer(200, {"content-type": "application/json"}, b"<html>not json</html>")

    def special_limited(self):
        error = {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}
        self.answer(429, {"content-type": "application/json", "retry-after": "0"}, json.dumps(error).encode())

    def special_reset(self):
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base_environment(folder):
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "SLUICE_DATA_DIR": os.environ.get("SLUICE_TEST_DATA", str(folder / "data"))}


class Gateway:
    def __init__(self, folder, config, environment=None, arguments=(), port=None, patience=60, waits=True):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.config = folder / "config.yaml"
        self.config.write_text(config if isinstance(config, str) else json.dumps(config))
        self.log = open(folder / "log.txt", "ab")
        self.environment = {**base_environment(folder), **(environment or {})}
        self.command = [os.environ["SLUICE_BINARY"], "serve", "--config", str(self.config), "--host", "127.0.0.1", "--port", str(self.port), *arguments]
        self.start(patience, waits)

    def start(self, patience=60, waits=True):
        self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.folder, stdout=self.log, stderr=self.log)
        if waits:
            self.wait_for(lambda: self.get("/health/readiness")[0] == 200, patience)

    def logged(self):
        return (self.folder / "log.txt").read_text()

    def post(self, path, body, key=MASTER_KEY, headers=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer, got = self.get(path, key, body, {"authorization": f"Bearer {key}", **(headers or {})})
        return status, json.loads(answer), {name.lower(): value for name, value in got.items()}

    def wait_for(self, condition, seconds=60):
        until = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            assert self.process.poll() is None, self.logged()
            assert time.monotonic() < until, self.logged()[-4000:]
            time.sleep(0.05)

    def get(self, path, key=MASTER_KEY, body=None, headers=None):
        request = urllib.request.Request(self.url + path, data=body, headers=headers or {"authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


@pytest.fixture(scope="session")
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="session", autouse=True)
def machine_code(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    # Workers have a folder each, below one.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def build(folder):
        gateway = Gateway(folder, {"model_list": []}, {"SLUICE_DATA_DIR": str(folder / "data")}, patience=PATIENCE)
        assert gateway.stop() == 0

    os.environ["SLUICE_TEST_CODE"] = str(compiled(base, build))


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory, machine_code):
    folder = warm(tmp_path_factory.mktemp("data"))
    os.environ["SLUICE_TEST_DATA"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def gateway(upstream, tmp_path_factory, data_dir):
    models = [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}]
    provider_of = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini"}
    for plugin, items in CORPUS.items():
        for item in items:
            provider = provider_of.get(plugin) or item["provider"]
            params = {"model": f"{provider}/some-model", "api_base": f"{upstream}/{item['id']}", "api_key": "k-secret", "num_retries": 0}
            models.append({"model_name": item["id"], "litellm_params": params})
    for name in ("truncated", "halfstream", "garbage", "limited", "reset", "judged"):
        params = {"model": "openai/some-model", "api_base": f"{upstream}/special/{name}", "api_key": "k-secret", "num_retries": 0}
        models.append({"model_name": name, "litellm_params": params})
    for name in ("halfmessage", "counts"):
        models.append({"model_name": name, "litellm_params": {**models[-1]["litellm_params"], "model": "anthropic/some-model", "api_base": f"{upstream}/special/{name}"}})
    models.append({"model_name": "saved", "litellm_params": {**models[-1]["litellm_params"], "api_base": f"{upstream}/special/reset"}})
    for name, (model, _) in talk.MODELS.items():
        params = {"model": model, "api_base": f"{upstream}/talk/{name}", "api_key": "k-secret", "num_retries": 0}
        models.append({"model_name": name, "litellm_params": params})
    models.append({"model_name": "o3-mini", "litellm_params": {"model": "openai/o3-mini", "api_base": upstream, "api_key": "k-secret"}})
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY},
        "router_settings": {"fallbacks": [{"saved": ["demo"]}]},
    }
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), json.dumps(config))
    yield gateway
    assert gateway.stop() == 0
