"""Realtime sessions: OpenAI's client through the gateway, whole, refused, cut off and charged."""

import asyncio
import contextlib
import json
import socket
import threading

import openai
import pytest
import websockets.exceptions
from websockets.asyncio.server import serve as serve_async

from conftest import MASTER_KEY
from sessions import SECOND, SOUND, SOUND_COST, TEXT, TEXT_COST, WHISPER_COST, House, cost, ended, house, texts


def test_openais_client_talks_in_text_and_the_session_is_one_row(house):
    it = house({"only": ("voice", texts, {})})
    key = it.key()
    with it.session(key=key) as session:
        assert session.recv().session.model == "voice"
        # The client's name for the model goes up as the upstream's, and comes back as the client's.
        session.session.update(session={"type": "realtime", "model": "voice", "instructions": "be brief"})
        updated = session.recv()
        assert (updated.type, updated.session.model) == ("session.updated", "voice")
        for _ in range(2):
            session.conversation.item.create(item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]})
            session.response.create()
            kinds = [session.recv().type for _ in range(3)]
            assert kinds == ["response.created", "response.output_text.delta", "response.done"]
        assert it.metric("sluice_realtime_sessions") == ["sluice_realtime_sessions{} 1"]
        call_id = session._connection.response.headers["x-litellm-call-id"]
    path, _ = it.upstream.seen["only"][0]
    headers = it.upstream.headers("only")
    assert path == "/only/v1/realtime?model=gpt-realtime" and headers["authorization"] == "Bearer k-of-the-provider"
    assert key not in str(headers)
    (row,) = it.rows()
    assert (row["call_id"], row["operation"], row["status"], row["deployment"]) == (call_id, "realtime", "success", "only")
    assert cost(row) == pytest.approx(2 * TEXT_COST, abs=1e-12)
    assert json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(2 * TEXT_COST)
    shown = json.loads(it.gateway.get(f"/spend/logs?request_id={call_id}")[1])[0]
    assert (shown["prompt_tokens"], shown["completion_tokens"]) == (20, 40)
    it.gateway.wait_for(lambda: it.metric("sluice_realtime_sessions") == ["sluice_realtime_sessions{} 0"])
    assert any('operation="realtime"' in line and line.endswith(" 1") for line in it.metric("sluice_requests_total"))
    assert it.gateway.logged().count("call answered") == 1


def test_sound_is_charged_to_the_cent_and_what_is_transcribed_by_its_own_model(house):
    def talks(peer):
        peer.created(audio={"input": {"transcription": {"model": "whisper-1"}}})
        peer.wait_for("input_audio_buffer.commit")
        peer.say("conversation.item.input_audio_transcription.completed", item_id="item_1", content_index=0, transcript="hi",
                 usage={"type": "duration", "seconds": 2.5})
        peer.answer(SOUND)
        peer.wait_for("response.cancel")

    it = house({"only": ("voice", talks, {})})
    with it.session() as session:
        assert session.recv().type == "session.created"
        session.input_audio_buffer.append(audio=SECOND)
        session.input_audio_buffer.commit()
        kinds = [session.recv().type for _ in range(4)]
        assert kinds[0] == "conversation.item.input_audio_transcription.completed" and kinds[-1] == "response.done"
    (row,) = it.rows()
    assert row["status"] == "success"
    assert cost(row) == pytest.approx(SOUND_COST + WHISPER_COST, abs=1e-12)


def test_who_may_not_open_a_session_gets_an_answer_that_says_why(house):
    it = house({"only": ("voice", texts, {}), "other": ("secret", texts, {})})
    status, error = it.refused(key="sk-nobody-knows-this-one")
    assert status == 401 and error["type"] == "token_not_found_in_db" or "auth" in error["type"], error
    status, error = it.refused("/v1/realtime?model=nothing")
    assert status == 400 and "nothing" in error["message"]
    status, error = it.refused("/v1/realtime")
    assert (status, error["param"]) == (400, "model")
    status, error = it.refused("/v1/realtime?model=secret", key=it.key(models=["voice"]))
    assert status in (401, 403) and "secret" in error["message"]
    assert it.upstream.seen == {}
    status, text, _ = it.gateway.get("/v1/realtime?model=voice")
    assert status == 426 and "WebSocket" in json.loads(text)["error"]["message"]
    assert it.gateway.get("/v1/realtime?model=voice", key="sk-no")[0] == 401


def test_a_browser_names_its_key_in_a_protocol_and_hears_refusals_over_its_socket(house):
    it = house({"only": ("voice", texts, {})})
    key = it.key()
    asked = ["realtime", f"openai-insecure-api-key.{key}", "openai-beta.realtime-v1"]
    for path in ("/v1/realtime", "/realtime", "/openai/v1/realtime"):
        with it.dial(f"{path}?model=voice", subprotocols=asked, origin="https://app.example") as browser:
            assert browser.subprotocol == "realtime"
            assert json.loads(browser.recv())["type"] == "session.created"
    headers = it.upstream.headers("only")
    assert headers["openai-beta"] == "realtime=v1" and key not in str(headers)
    with it.dial("/v1/realtime?model=nothing", subprotocols=asked) as browser:
        (event,), farewell = ended(browser)
    assert event["type"] == "error" and "nothing" in event["error"]["message"] and event["event_id"]
    assert farewell.code == 4000 and farewell.reason == f"{event['error']['type']}.{event['error']['code']}"
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        it.dial(subprotocols=["realtime", "openai-insecure-api-key.sk-nobody-knows-this-one"])
    assert refused.value.response.status_code == 401


def test_azures_client_finds_its_deployment(house):
    it = house({"azure": ("voice", texts, {"model": "azure/my-dep", "api_version": "2025-04-01-preview"})})
    base = f"ws://127.0.0.1:{it.gateway.port}/openai"
    client = openai.AzureOpenAI(azure_endpoint=it.gateway.url, websocket_base_url=base, api_key=it.key(), api_version="2024-10-01-preview")
    with client.realtime.connect(model="voice") as session:
        assert session.recv().type == "session.created"
        session.response.create()
        assert [session.recv().type for _ in range(3)][-1] == "response.done"
    path, _ = it.upstream.seen["azure"][0]
    assert path == "/azure/v1/openai/realtime?api-version=2025-04-01-preview&deployment=my-dep"
    assert it.upstream.headers("azure")["api-key"] == "k-of-the-provider"
    assert cost(it.rows()[0]) == pytest.approx(TEXT_COST)


INVALID_KEY = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided: k-of-the-provider.", "param": None}


def says_no(peer):
    """As OpenAI does: after the handshake."""
    peer.say("error", error=INVALID_KEY)
    peer.connection.close(3000, "invalid_request_error.invalid_api_key")


@pytest.mark.parametrize("refusal", [(401, {"error": INVALID_KEY}), says_no], ids=["by its answer", "by its first event"])
def test_an_upstream_that_refuses_is_told_of_and_the_next_one_asked(house, refusal):
    it = house({"alone": ("broken", refusal, {}), "first": ("voice", refusal, {"order": 1}), "second": ("voice", texts, {"order": 2})})
    status, error = it.refused("/v1/realtime?model=broken")
    assert status == 401 and "Incorrect API key provided" in error["message"] and "k-of-the-provider" not in error["message"]
    with it.session() as session:
        assert session.recv().type == "session.created"
    refused, answered = it.rows(2)
    assert (refused["status"], cost(refused)) == ("failure", 0)
    assert (answered["status"], answered["deployment"]) == ("success", "second")


def test_an_upstream_that_is_not_there_is_no_session(house):
    it = house({"only": ("voice", texts, {"api_base": "http://127.0.0.1:9/v1"})})
    status, error = it.refused()
    assert status == 500 and "Connection error" in error["message"]


def dies(peer):
    peer.created()
    peer.wait_for("response.create")
    peer.begin("x" * 400)
    peer.die()


def hides_it(peer):
    """It says farewell as if all was said."""
    peer.created()
    peer.wait_for("response.create")
    peer.begin("x" * 400)
    peer.connection.close(1000)


@pytest.mark.parametrize("script", [dies, hides_it])
def test_an_answer_that_is_cut_off_is_an_error_and_never_a_good_end(house, script):
    it = house({"only": ("voice", script, {})})
    with pytest.raises(websockets.exceptions.ConnectionClosedError) as closed, it.session() as session:
        session.response.create()
        events = []
        for event in session:
            events.append(event)
    assert [it.type for it in events] == ["session.created", "response.created", "response.output_text.delta", "error"]
    assert "upstream" in events[-1].error.message and closed.value.rcvd.code == 1011
    (row,) = it.rows()
    # The text that was written is charged, as far as anyone knows.
    assert row["status"] == "failure" and cost(row) == pytest.approx(100 * 16e-6)


def test_the_upstreams_own_farewell_is_the_clients(house):
    def ends(peer):
        peer.created()
        peer.wait_for("response.create")
        peer.answer(TEXT)
        peer.connection.close(1001, "Your session hit the maximum duration of 60 minutes.")

    it = house({"only": ("voice", ends, {})})
    with it.session() as session:
        session.response.create()
        assert [event.type for event in session][-1] == "response.done"
        assert session._connection.close_code == 1001 and "60 minutes" in session._connection.close_reason
    (row,) = it.rows()
    assert row["status"] == "success" and cost(row) == pytest.approx(TEXT_COST)


def test_a_client_that_vanishes_is_charged_and_takes_the_upstream_along(house):
    gone = threading.Event()

    def speaks(peer):
        peer.created()
        peer.answer(SOUND)
        peer.wait_for("response.create")
        peer.begin()
        peer.say("response.output_audio.delta", response_id="resp_1", item_id="item_1", output_index=0, content_index=0, delta=SECOND)
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            peer.hear()
        gone.set()

    it = house({"only": ("voice", speaks, {})})
    client = it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"})
    client.send(json.dumps({"type": "response.create"}))
    while json.loads(client.recv())["type"] != "response.output_audio.delta":
        pass
    client.socket.shutdown(socket.SHUT_RDWR)
    client.socket.close()
    assert gone.wait(20)
    (row,) = it.rows()
    # The first answer as it was told; the other as it was heard: as much as the one before it, and a second said.
    assert row["status"] == "interrupted"
    input_cost = SOUND_COST - 30 * 16e-6 - 91 * 64e-6
    assert cost(row) == pytest.approx(SOUND_COST + input_cost + 20 * 64e-6 + 1 * 16e-6)


def test_a_budget_that_is_used_up_ends_the_session(house):
    it = house({"only": ("voice", texts, {})})
    key = it.key(max_budget=TEXT_COST * 1.5)
    with pytest.raises(websockets.exceptions.ConnectionClosedError) as closed, it.session(key=key) as session:
        assert session.recv().type == "session.created"
        events = []
        for _ in range(2):
            session.response.create()
            events += [session.recv().type for _ in range(3)]
        assert events[-1] == "response.done"
        error = session.recv()
        assert error.type == "error" and "udget" in error.error.message and error.error.type == "budget_exceeded"
        session.recv()
    assert closed.value.rcvd.code == 1008 and closed.value.rcvd.reason.startswith("budget_exceeded")
    (row,) = it.rows()
    assert row["status"] == "failure" and cost(row) == pytest.approx(2 * TEXT_COST)
    status, error = it.refused(key=key)
    assert status == 422 and error["type"] == "budget_exceeded"


def test_a_providers_and_a_deployments_budget_are_charged_by_a_session(house):
    it = house({"only": ("voice", texts, {"max_budget": TEXT_COST / 2, "budget_duration": "1d"})})
    with it.session() as session:
        assert session.recv().type == "session.created"
        session.response.create()
        assert [session.recv().type for _ in range(4)][-1] == "error"
    it.rows()
    status, error = it.refused()
    assert status == 429 and "crossed budget" in error["message"]


def test_a_session_holds_its_place_and_its_tokens_count(house):
    it = house({"only": ("voice", texts, {})})
    key = it.key(max_parallel_requests=1)
    with it.session(key=key) as session:
        assert session.recv().type == "session.created"
        status, error = it.refused(key=key)
        assert status == 429 and "parallel" in error["message"].lower()

    def is_free():
        try:
            it.dial(additional_headers={"authorization": f"Bearer {key}"}).close()
        except websockets.exceptions.InvalidStatus:
            return False
        return True

    it.gateway.wait_for(is_free)
    counted = it.key(tpm_limit=1100)
    with it.session(key=counted) as session:
        session.recv()
        for _ in range(40):
            session.response.create()
            while session.recv().type != "response.done":
                pass
        status, error = it.refused(key=counted)
        assert status == 429 and "token" in error["message"].lower()
    once = it.key(rpm_limit=1)
    it.dial(additional_headers={"authorization": f"Bearer {once}"}).close()
    assert it.refused(key=once)[0] == 429


def test_a_session_keeps_its_model_and_events_that_are_none_do_not_go_on(house):
    heard = []

    def listens(peer):
        peer.created()
        while True:
            heard.append(peer.hear())
            if heard[-1]["type"] == "response.create":
                peer.answer(TEXT)

    it = house({"only": ("voice", listens, {})})
    with it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"}) as client:
        assert json.loads(client.recv())["type"] == "session.created"
        for text, said in [
            (json.dumps({"type": "session.update", "session": {"model": "gpt-5-pro"}}), "keeps the model"),
            ('{"type": "response.create", "type": "session.update", "session": {"model": "gpt-5-pro"}}', "stands twice"),
            ("no json", "not valid JSON"),
            (b'{"type": "response.create"}', "as text"),
        ]:
            client.send(text)
            refused = json.loads(client.recv())
            assert refused["type"] == "error" and said in refused["error"]["message"], refused
        client.send(json.dumps({"type": "response.create"}))
        assert [json.loads(client.recv())["type"] for _ in range(3)][-1] == "response.done"
    assert [event["type"] for event in heard] == ["response.create"]


def test_an_event_beyond_the_cap_ends_the_session(house):
    it = house({"only": ("voice", texts, {})}, max_request_size_mb=0.1)
    with it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"}) as client:
        assert json.loads(client.recv())["type"] == "session.created"
        client.send(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 200_000}))
        (event,), farewell = ended(client)
    assert event["type"] == "error" and "larger" in event["error"]["message"] and farewell.code == 1009


class Flood:
    """An upstream that says more than anybody can hear, and listens at the same time: `websockets.sync` does not
    listen while a send waits."""

    def __init__(self):
        self.sent, self.heard, self.port = 0, threading.Event(), None
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True).start()
        assert ready.wait(20)

    async def serve(self, ready):
        async with serve_async(self.play, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.wait_closed()

    async def play(self, connection):
        await connection.send(json.dumps({"type": "session.created", "session": {"type": "realtime", "model": "gpt-realtime"}}))
        listening = asyncio.create_task(self.listen(connection))
        delta = json.dumps({"type": "response.output_audio.delta", "delta": "A" * 65536})
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            while not self.heard.is_set():
                await connection.send(delta)
                self.sent += len(delta)
        await listening

    async def listen(self, connection):
        async for text in connection:
            if json.loads(text)["type"] == "response.cancel":
                self.heard.set()


def test_a_client_that_does_not_listen_stops_the_upstream_and_may_speak_on(house):
    flood = Flood()
    it = house({"only": ("voice", texts, {"api_base": f"http://127.0.0.1:{flood.port}/v1"})})
    with it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"}, max_queue=1, close_timeout=1) as client:
        it.gateway.wait_for(lambda: flood.sent > 1 << 20)
        stalled = []

        def stands_still():
            stalled.append(flood.sent)
            return len(stalled) > 10 and len(set(stalled[-10:])) == 1

        it.gateway.wait_for(stands_still)
        client.send(json.dumps({"type": "response.cancel"}))
        assert flood.heard.wait(20)
    assert flood.sent < 64 << 20


def test_sessions_end_when_nothing_is_said_or_when_they_have_lasted(house, tmp_path):
    it = house({"only": ("voice", texts, {})}, realtime_idle_timeout=0.5)
    with it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"}) as client:
        (created, event), farewell = ended(client)
    assert created["type"] == "session.created" and event["error"]["code"] == "session_expired"
    assert "nothing was said" in event["error"]["message"] and farewell.code == 1001
    assert it.rows()[0]["status"] == "success"

    def chatters(peer):
        peer.created()
        while True:
            peer.say("rate_limits.updated", rate_limits=[])
            peer.connection.ping().wait(0.05)

    later = tmp_path / "later"
    later.mkdir()
    it = House(later, {"only": ("voice", chatters, {})}, realtime_max_duration=1)
    with it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"}) as client:
        events, farewell = ended(client)
    assert "lasted" in events[-1]["error"]["message"] and farewell.code == 1001
    it.gateway.stop()


def test_a_stop_lets_an_answer_end_and_charges_the_session(house):
    speaking, finish = threading.Event(), threading.Event()

    def speaks(peer):
        peer.created()
        peer.wait_for("response.create")
        peer.begin()
        speaking.set()
        assert finish.wait(20)
        peer.say("response.done", response={"id": "resp_1", "object": "realtime.response", "status": "completed", "output": [], "usage": TEXT})
        peer.wait_for("response.create")

    it = house({"only": ("voice", speaks, {})})
    with it.session() as session:
        assert session.recv().type == "session.created"
        session.response.create()
        assert speaking.wait(20)
        # What is under way is what the gateway has heard of.
        assert session.recv().type == "response.created"
        it.gateway.process.terminate()

        def is_closed():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", it.gateway.port)) != 0

        it.gateway.wait_for(is_closed)
        finish.set()
        kinds = [session.recv() for _ in range(3)]
        assert [it.type for it in kinds][-2:] == ["response.done", "error"] and "stops" in kinds[-1].error.message
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            session.recv()
        assert closed.value.rcvd.code == 1012
    assert it.gateway.stop() == 0
    it.gateway.log = open(it.folder / "log.txt", "ab")
    it.gateway.start()
    (row,) = it.rows()
    assert row["status"] == "interrupted" and cost(row) == pytest.approx(TEXT_COST)


def test_a_killed_gateway_charges_what_a_session_had_used(house):
    it = house({"only": ("voice", texts, {})})
    session = it.dial(additional_headers={"authorization": f"Bearer {MASTER_KEY}"})
    session.send(json.dumps({"type": "response.create"}))
    while json.loads(session.recv())["type"] != "response.done":
        pass
    it.gateway.process.kill()
    it.gateway.process.wait()
    it.gateway.start()
    (row,) = it.rows()
    assert (row["status"], row["deployment"]) == ("interrupted", "only") and cost(row) == pytest.approx(TEXT_COST)
