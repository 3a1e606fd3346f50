"""Batches through OpenAI's SDK: a scripted provider of them behind the gateway, and their lines."""

import contextlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai

from conftest import MASTER_KEY
from test_budgets import House

CHAT = "/v1/chat/completions"
ASKED = {"endpoint": CHAT, "completion_window": "24h"}


class Provider(BaseHTTPRequestHandler):
    """What every scripted provider does: `serve(method, body)` is its own, and `state` what it knows."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def state(self):
        return self.server.state

    def answer(self, body, status=200, content_type="application/json", headers=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": content_type, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self, method):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.state["seen"].append((method, self.path, dict(self.headers), body))
        self.serve(method, body)

    def do_GET(self):
        self.take("GET")

    def do_DELETE(self):
        self.take("DELETE")

    def do_POST(self):
        self.take("POST")


class BatchRig(House):
    """A gateway over one such provider. `models(base)` are its deployments, for the provider's address."""

    def __init__(self, folder, provider, models, **sections):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), provider)
        self.state = self.server.state = {"seen": [], "files": {}, "batches": {}, "results": b""}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        super().__init__(folder, models(f"http://127.0.0.1:{self.server.server_address[1]}"), **sections)

    def client(self, key=MASTER_KEY):
        return openai.OpenAI(base_url=self.gateway.url + "/v1", api_key=key, max_retries=0, timeout=30)

    def paths(self, method):
        return [path for seen, path, _, _ in self.state["seen"] if seen == method]

    def sent(self, path):
        return [json.loads(body) for method, seen, _, body in self.state["seen"] if method == "POST" and seen == path]

    def booked(self):
        return self.query("SELECT * FROM spend_rows WHERE operation = 'batches'")

    def is_charged(self):
        return self.query("SELECT 1 FROM remote_objects WHERE kind = 'batch' AND account IS NULL")

    def restart(self):
        assert self.gateway.stop() == 0
        self.gateway.log = open(self.folder / "log.txt", "ab")
        self.gateway.start()

    def close(self):
        assert self.gateway.stop() == 0
        self.server.shutdown()


@contextlib.contextmanager
def rigs(make):
    """Builds rigs by `make`, and closes them."""
    made = []

    def build(*args, **more):
        made.append(make(*args, **more))
        return made[-1]

    yield build
    for it in made:
        it.close()


def line(name, model="public", **chat):
    """A line of a batch's input."""
    chat = chat or {"messages": [{"role": "user", "content": "hi"}]}
    return {"custom_id": name, "method": "POST", "url": CHAT, "body": {"model": model, **chat}}


def lines(*documents):
    return b"".join(json.dumps(it).encode() + b"\n" for it in documents)


def jsonl(*documents):
    return io.BytesIO(lines(*documents))


def made(client, *documents):
    """A file of these lines, and a batch of it."""
    file = client.files.create(file=("in.jsonl", jsonl(*documents)), purpose="batch")
    return file, client.batches.create(input_file_id=file.id, **ASKED)


def lines_of(client, file):
    return [json.loads(it) for it in client.files.content(file).text.splitlines()]
