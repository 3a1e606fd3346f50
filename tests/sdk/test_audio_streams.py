"""Speech as it is made and transcripts as they are heard, through the official SDK."""

import base64
import json
import threading

import httpx2
import openai
import pytest

from conftest import MASTER_KEY
from raw import body_of, chunk, head, streamed, whole
from test_budgets import House
from test_operations import parts, rows

SOUND = [b"ID3" + bytes(range(256)), b"\xff\xfb" + bytes(100), b"end"]
SPOKEN = {"type": "speech.audio.done", "usage": {"input_tokens": 10, "output_tokens": 40, "total_tokens": 50}}
HEARD = {"type": "transcript.text.done", "text": "hello there", "usage": {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 0, "audio_tokens": 14}, "output_tokens": 5, "total_tokens": 19}}
PRICES = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
MICRO = 10**6  # of a pico dollar


def event(data):
    return f"data: {json.dumps(data)}\n\n"


def delta(sound):
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()})


WORDS = [event({"type": "transcript.text.delta", "delta": word}) for word in ("hello", " there")]


class Gated:
    """Sends its first piece, and the rest when the client has the first."""

    def __init__(self, top, first, *rest, end=b"0\r\n\r\n"):
        self.top, self.first, self.rest, self.end = top, first, rest, end
        self.seen = threading.Event()

    def __call__(self, peer):
        peer.send(self.top + chunk(self.first))
        assert self.seen.wait(20), "the first piece did not reach the client"
        self.seen.clear()
        peer.send(b"".join(map(chunk, self.rest)) + self.end)


SSE = head(content_type="text/event-stream", transfer_encoding="chunked")
MP3 = head(content_type="audio/mpeg", transfer_encoding="chunked")
TELLER = Gated(SSE, delta(SOUND[0]), delta(SOUND[1]), event(SPOKEN))
SPEAKER = Gated(MP3, *SOUND)
CUT = Gated(MP3, *SOUND, end=b"")
EAR = Gated(SSE, *WORDS, event(HEARD))
BROKEN = Gated(SSE, *WORDS)


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    speech = {"model": "openai/tts-own", **PRICES, "output_cost_per_audio_token": 5e-6, "input_cost_per_character": 1e-5, "info": {"mode": "audio_speech"}}
    hearing = {"model": "openai/hear-own", **PRICES, "info": {"mode": "audio_transcription"}}
    scripts = {"teller": (speech, TELLER), "speaker": (speech, SPEAKER), "cut": (speech, CUT), "mute": (speech, whole({"error": {"message": "no such voice"}}))}
    scripts |= {"ear": (hearing, EAR), "broken": (hearing, BROKEN), "failing": (hearing, streamed(WORDS[0], event({"type": "error", "error": {"message": "it is noise"}})))}
    scripts |= {"whole": ({**hearing, "input_cost_per_second": 1e-4, "input_cost_per_token": 0, "output_cost_per_token": 0}, whole({"text": "hello there", "duration": 2.5}))}
    scripts |= {"whole-speaker": ({"model": "elevenlabs/eleven_v3", "voice": "v"}, whole(b"".join(SOUND), content_type="audio/mpeg"))}
    it = House(tmp_path_factory.mktemp("audio"), {name: (name, params, script) for name, (params, script) in scripts.items()})
    yield it
    it.gateway.stop()


@pytest.fixture(scope="module")
def client(house):
    return openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)


def last(house, name):
    return house.upstream.requests[name][-1]


def paid(house, client, call):
    """What the one call of a new key cost, in pico dollars."""
    key = house.key()
    call(client.with_options(api_key=key))
    house.gateway.wait_for(lambda: rows(house, key))
    ((_, cost),) = rows(house, key)
    return cost


def said(client, model, form):
    return client.audio.speech.with_streaming_response.create(model=model, voice="alloy", input="hello", stream_format=form)


def test_sound_reaches_the_client_while_it_is_made(house, client):
    def listen(client):
        with said(client, "speaker", "audio") as answer:
            assert answer.headers["content-type"] == "audio/mpeg"
            pieces = answer.iter_bytes()
            got = next(pieces)
            SPEAKER.seen.set()
            assert got + b"".join(pieces) == b"".join(SOUND)

    # Nobody tells the tokens of bare sound: five characters.
    assert paid(house, client, listen) == 50 * MICRO
    assert body_of(last(house, "speaker"))["stream_format"] == "audio"


def test_events_of_sound_are_relayed_and_their_usage_is_paid(house, client):
    events = []

    def listen(client):
        with said(client, "teller", "sse") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in filter(None, answer.iter_lines()):
                events.append(json.loads(line.removeprefix("data: ")))
                TELLER.seen.set()

    assert paid(house, client, listen) == (10 + 40 * 5) * MICRO
    assert [base64.b64decode(it["audio"]) for it in events[:-1]] == SOUND[:2] and events[-1] == SPOKEN


def test_sound_that_breaks_off_is_no_whole_sound(house, client):
    with said(client, "cut", "audio") as answer, pytest.raises(httpx2.RemoteProtocolError):
        for _ in answer.iter_bytes():
            CUT.seen.set()
    failed = lambda line: "call failed" in line and "model.group=cut" in line and "fault=upstream" in line
    house.gateway.wait_for(lambda: any(map(failed, house.gateway.logged().splitlines())))


def test_what_is_no_sound_is_an_error_before_the_first_byte(house, client):
    for form in ("audio", "sse"):
        with pytest.raises(openai.APIStatusError, match="no such voice"), said(client, "mute", form):
            pass
    with pytest.raises(openai.BadRequestError, match="`sse` or `audio`"), said(client, "mute", "mp3"):
        pass


def test_words_reach_the_client_while_it_is_heard(house, client):
    events = []

    def listen(client):
        for it in client.audio.transcriptions.create(model="ear", file=("talk.mp3", SOUND[0]), stream=True):
            events.append(it)
            EAR.seen.set()

    assert paid(house, client, listen) == (14 + 5 * 2) * MICRO
    assert [it.type for it in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert "".join(it.delta for it in events[:-1]) == events[-1].text == "hello there"
    assert events[-1].usage.input_tokens == 14
    sent = parts(last(house, "ear"))
    assert ("stream", None, b"true") in sent and ("file", "talk.mp3", SOUND[0]) in sent


def test_a_transcript_that_comes_whole_is_streamed_to_who_wants_a_stream(house, client):
    events = []

    def listen(client):
        events.extend(client.audio.transcriptions.create(model="whole", file=("talk.mp3", SOUND[0]), stream=True))

    assert paid(house, client, listen) == 250 * MICRO
    assert [it.type for it in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1].text == events[0].delta == "hello there"


def test_sound_that_comes_whole_is_given_as_it_is_asked_for(house, client):
    with said(client, "whole-speaker", "audio") as answer:
        assert answer.read() == b"".join(SOUND) and answer.headers["content-type"] == "audio/mpeg"
    with said(client, "whole-speaker", "sse") as answer:
        first, done = (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line)
    assert base64.b64decode(first["audio"]) == b"".join(SOUND) and done["type"] == "speech.audio.done"
    assert b"stream_format" not in last(house, "whole-speaker")


@pytest.mark.parametrize(("model", "says"), [("broken", "before its answer was complete"), ("failing", "it is noise")])
def test_a_transcript_that_breaks_off_ends_in_an_error(house, client, model, says):
    heard = client.audio.transcriptions.create(model=model, file=("talk.mp3", SOUND[0]), stream=True)
    with pytest.raises(openai.APIError, match=says):
        for _ in heard:
            BROKEN.seen.set()
