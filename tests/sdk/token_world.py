"""A world of token servers and upstreams on one loopback address, and what each of them was sent."""

import collections
import itertools
import json
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OPENAI = {"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}
STS = """<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{name}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>
<SessionToken>{token}</SessionToken><Expiration>{expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""

Sent = collections.namedtuple("Sent", "method url headers body at")
Given = collections.namedtuple("Given", "token secret expires")


class World:
    """`/tokens/<name>/...` gives tokens, `/up/<name>/...` answers calls. Metadata servers and Vertex have
    the paths that clouds gave them."""

    def __init__(self, context=None):
        self.asked = collections.defaultdict(list)
        self.given = collections.defaultdict(list)
        self.called = collections.defaultdict(list)
        self.lives = collections.defaultdict(lambda: 3600)
        self.refusals = {}
        self.turns = itertools.count()
        self.lock = threading.Lock()
        # Token servers answer when everybody who waits has come, where a test says so.
        self.gate = threading.Event()
        self.gate.set()
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                sent = Sent(self.command, world.url + self.path, headers, body, time.time())
                status, kind, answer = world.answer(self.path, sent)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, sent):
        parts = urllib.parse.urlsplit(path).path.split("/")
        # A Vertex deployment is told by its project: `/v1/projects/<name>/...`.
        if parts[1] in ("up", "v1", "v1beta1"):
            name = parts[2] if parts[1] == "up" else parts[3]
            with self.lock:
                self.called[name].append(sent)
            return self.up(name, path, sent)
        name = parts[2] if parts[1] == "tokens" else parts[1]
        with self.lock:
            self.asked[name].append(sent)
        if name in self.refusals:
            status, answer = self.refusals[name]
            return status, "application/json", answer
        assert self.gate.wait(20)
        return self.token(name, sent)

    def token(self, name, sent):
        turn, life, now = next(self.turns), self.lives[name], time.time()
        given = Given(f"tok.{name}.{turn}.9f3c61a7", f"secret.{name}.{turn}.c41b", now + life)
        self.given[name].append(given)
        if b"AssumeRole" in sent.body:
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(given.expires))
            return 200, "text/xml", STS.format(name=turn, secret=given.secret, token=given.token, expires=expires).encode()
        return 200, "application/json", {"access_token": given.token, "token_type": "Bearer", "expires_in": life}

    def up(self, name, path, sent):
        if name == "echo":
            seen = f"not authorized: {sent.headers['authorization']}"
            return 401, "application/json", {"error": {"message": seen, "type": "auth", "seen": [seen]}}
        if path.endswith("/converse"):
            return 200, "application/json", CONVERSE
        return 200, "application/json", GEMINI if ":generateContent" in path else OPENAI

    def close(self):
        self.server.shutdown()


def form(sent):
    return dict(urllib.parse.parse_qsl(sent.body.decode()))


def tls(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
