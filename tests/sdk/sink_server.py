"""A strict service on loopback that keeps what it is sent: the base of `sinks.py`."""

import json
import re
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sink_records import Wrong

DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class Answer(Exception):
    """An answer other than the usual one."""

    def __init__(self, status, body="", headers=None):
        super().__init__(f"{status} {body}")
        self.status, self.headers = status, headers or {}
        self.body = body if isinstance(body, str) else json.dumps(body)


class Request:
    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method, self.target, self.path = method, target, parts.path
        self.raw_query, self.query = parts.query, {name: it[0] for name, it in parse_qs(parts.query).items()}
        self.headers, self.body = {name.lower(): value for name, value in headers.items()}, body

    def json(self):
        if not self.headers.get("content-type", "").startswith("application/json"):
            raise Answer(415, "content-type is not application/json")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Answer(400, "the body is no JSON") from None

    def lines(self):
        try:
            return [json.loads(line) for line in self.body.decode().splitlines() if line]
        except ValueError:
            raise Answer(400, "a line is no JSON") from None


class Sink:
    """One service. `take` checks a request and gives what is answered to it."""

    usual = (200, "")

    def __init__(self):
        self.got, self.refused, self.next = [], [], deque()
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                answer = outer.answer(Request(self.command, self.path, dict(self.headers), body))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                data = answer.body.encode()
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_PUT = do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        # It looks so often, in seconds, whether it is to stop.
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def fail(self, status, body="", headers=None):
        self.next.append(Answer(status, body, headers))

    def answer(self, request):
        with self.lock:
            self.got.append(request)
            if self.next:
                return self.next.popleft()
            try:
                status, body = self.take(request) or self.usual
                return Answer(status, body)
            except Answer as refusal:
                self.refused.append(str(refusal))
                return refusal

    def take(self, request):
        raise NotImplementedError


def expect(request, method, path):
    if (request.method, request.path) != (method, path):
        raise Answer(404, f"there is no {request.method} {request.path}")


def date_time(value, at):
    if not isinstance(value, str) or not DATE_TIME.match(value):
        raise Wrong(f"{at} is no time by ISO 8601 with an offset")
