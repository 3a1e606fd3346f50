"""Bodies that pass through: uploads go over disk, answers come as fast as they are read and no faster."""

import hashlib
import json
import socket
import threading

import httpx
import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, connect, head, request, until, whole

MIB = 1 << 20
# More than every buffer between an upstream and its client together.
FLOOD = 256 * MIB


class Files(RawUpstream):
    """Says what it was sent, and sends more than anybody reads."""

    def __init__(self):
        super().__init__()
        self.sent, self.stalled = 0, threading.Event()
        self.read_on = threading.Event()
        self.base = self.script("files", self.play)

    def play(self, peer):
        line, _, rest = peer.request.partition(b"\r\n")
        top, _, body = rest.partition(b"\r\n\r\n")
        if b"/content" not in line:
            lengths = [it for it in top.lower().split(b"\r\n") if it.startswith((b"content-length", b"transfer-encoding"))]
            return peer.send(whole({"sha256": hashlib.sha256(body).hexdigest(), "head": [it.decode() for it in lengths]}))
        peer.send(head(content_type="application/octet-stream", content_length=FLOOD))
        piece = b"x" * MIB
        peer.connection.settimeout(3)
        while self.sent < FLOOD:
            try:
                # One piece at most stands half sent when nobody takes it.
                self.sent += peer.connection.send(piece[: FLOOD - self.sent])
            except socket.timeout:
                self.stalled.set()
                assert self.read_on.wait(30)
                peer.connection.settimeout(60)


@pytest.fixture()
def house(tmp_path, data_dir):
    upstream = Files()
    general = {"master_key": MASTER_KEY, "max_request_size_mb": 1, "max_file_size_mb": 48}
    environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{upstream.base}/v1", "GEMINI_API_KEY": "k", "GEMINI_API_BASE": upstream.base}
    gateway = Gateway(tmp_path, {"model_list": [], "general_settings": general}, environment)
    yield gateway, upstream
    assert gateway.stop() == 0


def memory(gateway):
    """Resident bytes at most so far."""
    for line in open(f"/proc/{gateway.process.pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10


def post(gateway, path, content, kind):
    answer = httpx.post(gateway.url + path, content=content, headers={"authorization": f"Bearer {MASTER_KEY}", "content-type": kind}, timeout=60)
    return answer.status_code, answer.json()


def form(size):
    start = b'--cut\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\ncontent-type: application/jsonl\r\n\r\n'
    end = b"\r\n--cut--\r\n"
    return start + b"{" * size + end


KIND = "multipart/form-data; boundary=cut"


@pytest.mark.parametrize("path, kind", [("/openai_passthrough/v1/files", KIND), ("/gemini/upload/v1beta/files", "application/octet-stream"), ("/openai_passthrough/v1/audio/transcriptions", KIND)])
def test_an_upload_larger_than_a_request_passes_byte_for_byte_and_not_through_memory(house, path, kind):
    gateway, upstream = house
    before = memory(gateway)
    body = form(40 * MIB) if kind == KIND else b"{" * (40 * MIB)
    for pieces in (body, (body[at : at + MIB] for at in range(0, len(body), MIB))):
        status, told = post(gateway, path, pieces, kind)
        assert (status, told["sha256"]) == (200, hashlib.sha256(body).hexdigest())
        # However it came, it goes on with its length.
        assert told["head"] == [f"content-length: {len(body)}"]
    assert memory(gateway) - before < 24 * MIB


def test_what_names_a_model_is_still_read_under_the_cap_of_requests(house):
    gateway, upstream = house
    long = json.dumps({"model": "m", "input": "x" * 2 * MIB}).encode()
    for path, kind in (("/openai_passthrough/v1/responses", "application/json"), ("/openai_passthrough/v1/responses", "text/plain"), ("/openai_passthrough/v1/files", "application/json")):
        status, refused = post(gateway, path, long, kind)
        assert status == 413 and "max_request_size_mb" in refused["error"]["message"], (path, kind)
    for pieces in (form(48 * MIB), (form(48 * MIB)[at : at + MIB] for at in range(0, 49 * MIB, MIB))):
        status, refused = post(gateway, "/openai_passthrough/v1/files", pieces, KIND)
        assert status == 413 and "max_file_size_mb" in refused["error"]["message"]
    assert "files" not in upstream.requests


def test_an_upload_that_is_cut_off_reaches_no_upstream(house):
    gateway, upstream = house
    whole_form = form(MIB)
    for path, kind in (("/openai_passthrough/v1/files", KIND), ("/gemini/upload/v1beta/files", "application/octet-stream"), ("/openai_passthrough/v1/images/edits", KIND)):
        with connect(gateway) as connection:
            top = request(path, key=MASTER_KEY, content_type=kind, content_length=len(whole_form))
            connection.sendall(top + whole_form[: MIB // 2])
            connection.shutdown(socket.SHUT_WR)
            # Whether the client gets to read why, it gets no answer of the upstream's.
            assert b"200" not in connection.recv(65536).partition(b"\r\n")[0]
    # An upload that comes after it finds everything as it was.
    assert post(gateway, "/openai_passthrough/v1/files", whole_form, KIND)[0] == 200
    assert len(upstream.requests["files"]) == 1


def test_an_answer_that_nobody_reads_is_not_taken_from_the_upstream(house):
    gateway, upstream = house
    before = memory(gateway)
    with connect(gateway) as connection:
        connection.sendall(request("/openai_passthrough/v1/files/f/content", method="GET", key=MASTER_KEY))
        data = until(connection, b"\r\n\r\n")
        assert b"200" in data.partition(b"\r\n")[0]
        assert upstream.stalled.wait(60)
        # What is under way fits into the buffers of sockets, and the gateway has next to nothing of it.
        assert upstream.sent < 64 * MIB
        assert memory(gateway) - before < 24 * MIB
        upstream.read_on.set()
        left = FLOOD - len(data.partition(b"\r\n\r\n")[2])
        while left > 0:
            piece = connection.recv(MIB)
            assert piece, f"{left} bytes are missing"
            left -= len(piece)
    assert upstream.sent == FLOOD and memory(gateway) - before < 32 * MIB
