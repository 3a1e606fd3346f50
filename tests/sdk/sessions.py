"""Realtime sessions: a gateway before an upstream of sockets that plays events as they were recorded."""

import base64
import contextlib
import json
import socket
import sqlite3
import threading

import openai
import pytest
import websockets.exceptions
from websockets.http11 import Headers, Response
from websockets.sync.client import connect as dial
from websockets.sync.server import serve

from conftest import MASTER_KEY, Gateway

PICO = 10**12
# A token of text in and out, of sound in and out, and the same in when it was cached.
PRICE = {
    "input_cost_per_token": 4e-6, "output_cost_per_token": 16e-6,
    "input_cost_per_audio_token": 32e-6, "output_cost_per_audio_token": 64e-6,
    "cache_read_input_token_cost": 4e-7, "cache_read_input_audio_token_cost": 4e-7,
}
TEXT = {"total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 0, "cached_tokens": 0},
        "output_token_details": {"text_tokens": 20, "audio_tokens": 0}}
TEXT_COST = 10 * 4e-6 + 20 * 16e-6
# As OpenAI tells it: 119 tokens of text, 60 of them cached; 13 of sound, 4 of them cached.
SOUND = {"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
         "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "image_tokens": 0, "cached_tokens": 64,
                                 "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4, "image_tokens": 0}},
         "output_token_details": {"text_tokens": 30, "audio_tokens": 91}}
SOUND_COST = 59 * 4e-6 + 60 * 4e-7 + 9 * 32e-6 + 4 * 4e-7 + 30 * 16e-6 + 91 * 64e-6
# whisper-1 costs 0.006 dollars a minute.
WHISPER_COST = 2.5 * 0.006 / 60
# A second of PCM: 20 tokens where the model says it, 10 where it hears it.
SECOND = base64.b64encode(bytes(48_000)).decode()


class Upstream:
    """`/<name>/...` is played by the script of that name: a function of a `Peer`, or a refusal."""

    def __init__(self):
        self.scripts, self.seen = {}, {}
        self.server = serve(self.play, "127.0.0.1", 0, process_request=self.judge, max_size=None, close_timeout=1)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def script(self, name, script):
        self.scripts[name] = script
        return f"http://127.0.0.1:{self.port}/{name}"

    def judge(self, _connection, request):
        name = request.path.split("/")[1]
        self.seen.setdefault(name, []).append((request.path, dict(request.headers.raw_items())))
        script = self.scripts[name]
        if not callable(script):
            status, document = script
            body = json.dumps(document).encode()
            return Response(status, "X", Headers({"content-type": "application/json", "content-length": str(len(body))}), body)
        return None

    def play(self, connection):
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            self.scripts[connection.request.path.split("/")[1]](Peer(connection))

    def headers(self, name, at=-1):
        return {key.lower(): value for key, value in self.seen[name][at][1].items()}


class Peer:
    """One session of the gateway at the upstream."""

    def __init__(self, connection):
        self.connection = connection

    def say(self, kind, **more):
        self.connection.send(json.dumps({"type": kind, "event_id": "event_1", **more}))

    def created(self, **session):
        self.say("session.created", session={"type": "realtime", "id": "sess_1", "object": "realtime.session", "model": "gpt-realtime", **session})

    def hear(self):
        return json.loads(self.connection.recv())

    def wait_for(self, kind):
        while (event := self.hear())["type"] != kind:
            pass
        return event

    def begin(self, text="he"):
        self.say("response.created", response={"id": "resp_1", "object": "realtime.response", "status": "in_progress", "output": []})
        self.say("response.output_text.delta", response_id="resp_1", item_id="item_1", output_index=0, content_index=0, delta=text)

    def answer(self, usage):
        self.begin()
        self.say("response.done", response={"id": "resp_1", "object": "realtime.response", "status": "completed", "output": [], "usage": usage})

    def die(self):
        """Without a farewell."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)
        self.connection.socket.close()


def texts(peer):
    """A session of text: an answer to each wish for one."""
    peer.created()
    while True:
        event = peer.hear()
        if event["type"] == "session.update":
            peer.say("session.updated", session=event["session"])
        if event["type"] == "response.create":
            peer.answer(TEXT)


class House:
    def __init__(self, folder, deployments, **general):
        self.folder, self.upstream = folder, Upstream()
        models = []
        for name, (group, script, more) in deployments.items():
            base = self.upstream.script(name, script)
            params = {"model": "openai/gpt-realtime", "api_base": f"{base}/v1", "api_key": "k-of-the-provider", "num_retries": 0, **PRICE, **more}
            models.append({"model_name": group, "litellm_params": params, "model_info": {"id": name}})
        general = {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **general}
        self.gateway = Gateway(folder, {"model_list": models, "general_settings": general})

    def key(self, **fields):
        status, made, _ = self.gateway.post("/key/generate", fields)
        assert status == 200, made
        return made["key"]

    def session(self, model="voice", key=MASTER_KEY, **more):
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=key, max_retries=0)
        return client.realtime.connect(model=model, **more)

    def dial(self, path="/v1/realtime?model=voice", **more):
        return dial(f"ws://127.0.0.1:{self.gateway.port}{path}", max_size=None, **more)

    def refused(self, path="/v1/realtime?model=voice", key=MASTER_KEY):
        """The answer that stands in place of a session."""
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            self.dial(path, additional_headers={"authorization": f"Bearer {key}"})
        answer = refused.value.response
        return answer.status_code, json.loads(answer.body)["error"]

    def rows(self, count=1):
        def query(sql):
            with sqlite3.connect(f"file:{self.folder}/.local/share/sluice/sluice.db?mode=ro", uri=True) as database:
                database.row_factory = sqlite3.Row
                return [dict(row) for row in database.execute(sql)]

        self.gateway.wait_for(lambda: len(query("SELECT 1 FROM spend_rows")) >= count)
        found = query("SELECT * FROM spend_rows ORDER BY started_ms")
        assert len(found) == count, found
        return found

    def metric(self, name):
        lines = self.gateway.get("/metrics")[1].decode().splitlines()
        return [line for line in lines if line.startswith(name)]


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, **general):
        houses.append(House(tmp_path, deployments, **general))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def cost(row):
    return row["cost_pico"] / PICO


def ended(connection):
    """The events until the end, and how that was said."""
    events = []
    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        while True:
            events.append(json.loads(connection.recv(timeout=20)))
    return events, closed.value.rcvd
