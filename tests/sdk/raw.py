"""Peers that speak in bytes: an upstream that does what a script says, and a client's socket."""

import contextlib
import json
import socket
import struct
import threading

JSON = "application/json"
SSE = "text/event-stream"


def head(status=200, content_type=JSON, **more):
    # Every connection serves one request, and says so: one that is kept would be used again.
    lines = [f"HTTP/1.1 {status} X", f"content-type: {content_type}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body, status=200, content_type=JSON, **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, content_type, content_length=len(body), **more) + body


def chunk(data):
    data = data if isinstance(data, bytes) else data.encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def streamed(*events, end=b"0\r\n\r\n"):
    return head(content_type=SSE, transfer_encoding="chunked") + b"".join(chunk(event) for event in events) + end


class Peer:
    """One connection of the gateway to the upstream."""

    def __init__(self, connection, request):
        self.connection = connection
        self.request = request

    def send(self, data):
        self.connection.sendall(data)

    def reset(self):
        """Ends the connection at once, by a reset: nothing is waited for, and no end is said."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_for_hang_up(self):
        """Returns when the gateway has closed the connection; fails after 20 seconds."""
        self.connection.settimeout(20)
        with contextlib.suppress(ConnectionError):
            while self.connection.recv(65536):
                pass


class RawUpstream:
    """`/<name>/...` is answered by the script of that name: bytes, or a function of a `Peer`."""

    def __init__(self):
        self.scripts = {}
        self.requests = {}
        self.hung_up = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def script(self, name, answer):
        self.scripts[name] = answer
        self.hung_up[name] = threading.Event()
        return f"{self.url}/{name}"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(ConnectionError, BrokenPipeError):
            request = read_message(connection)
            if not request:
                return
            name = request.split(b" ", 2)[1].decode().split("/")[1]
            self.requests.setdefault(name, []).append(request)
            answer = self.scripts[name]
            if callable(answer):
                answer(Peer(connection, request))
            else:
                connection.sendall(answer)
            # A gateway that was killed is not connected any more.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)


def read_message(connection):
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    top, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in top.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    pieces = [body]
    have = len(body)
    while have < length:
        piece = connection.recv(1 << 20)
        if not piece:
            break
        pieces.append(piece)
        have += len(piece)
    return top + b"\r\n\r\n" + b"".join(pieces)


def body_of(request):
    return json.loads(request.partition(b"\r\n\r\n")[2])


def request(path, body=b"", method="POST", version="1.1", key=None, **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/{version}", "host: gateway"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    if key:
        lines.append(f"authorization: Bearer {key}")
    if body and "transfer_encoding" not in more:
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def connect(gateway):
    connection = socket.create_connection(("127.0.0.1", gateway.port))
    connection.settimeout(30)
    return connection


def until_closed(connection):
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            data += piece
    return data


def until(connection, marker):
    data = b""
    while marker not in data:
        piece = connection.recv(65536)
        assert piece, data
        data += piece
    return data
