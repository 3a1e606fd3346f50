"""Providers that are reached through the gateway's pass-through paths: each request has the answer that a test
gave for it, and is kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, Gateway

# What the gateway's environment holds, by the name of the path and of the provider's folder below.
KEYS = {"openai": "k-openai-0123", "anthropic": "k-anthropic-0123", "gemini": "k-gemini-0123", "mistral": "k-mistral-0123", "cohere": "k-cohere-0123"}


class Asked:
    def __init__(self, handler, body):
        self.method, self.path, self.body = handler.command, handler.path, body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}

    def json(self):
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.imitation.asked.append(Asked(self, body))
        answers = self.server.imitation.answers
        status, content, headers = answers.get((self.command, self.path.partition("?")[0]), (404, b'{"error": "there is no such answer"}', {}))
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_DELETE = do_PATCH = do_PUT = do_GET


class Imitation:
    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.imitation = self
        self.answers, self.asked = {}, []
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, path, content=None, status=200, **headers):
        content = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        self.answers[method, path] = (status, content, {name.replace("_", "-"): value for name, value in headers.items()})

    def stream(self, path, *events, named=False):
        """Answers with events; `named` have their type before them."""
        name = lambda it: f"event: {it['type']}\n" if named else ""
        content = "".join(f"{name(it)}data: {it if isinstance(it, str) else json.dumps(it)}\n\n" for it in events)
        self.answer("POST", path, content.encode(), content_type="text/event-stream")

    def last(self, provider):
        """The last request, which had the provider's key and not the caller's."""
        asked = self.asked[-1]
        assert asked.path.startswith(f"/{provider}/"), asked.path
        told = f"{asked.path} {asked.headers}"
        assert KEYS[provider] in told and MASTER_KEY not in told, told
        return asked

    def line(self, provider):
        asked = self.last(provider)
        return f"{asked.method} {asked.path}"


class Passing:
    """A gateway whose environment points at the imitation, `/<provider>/...` of it for each."""

    def __init__(self, folder):
        self.provider = Imitation()
        at = lambda name, version="": f"{self.provider.url}/{name}{version}"
        bases = {"OPENAI_BASE_URL": at("openai", "/v1"), "ANTHROPIC_API_BASE": at("anthropic"), "GEMINI_API_BASE": at("gemini"), "MISTRAL_API_BASE": at("mistral", "/v1"), "COHERE_API_BASE": at("cohere")}
        keys = {f"{name.upper()}_API_KEY": value for name, value in KEYS.items()}
        self.gateway = Gateway(folder, {"model_list": [], "general_settings": {"master_key": MASTER_KEY}}, {**bases, **keys})

    def close(self):
        assert self.gateway.stop() == 0
        self.provider.server.shutdown()


@pytest.fixture(scope="module")
def passing(tmp_path_factory, data_dir):
    it = Passing(tmp_path_factory.mktemp("passing"))
    yield it
    it.close()
