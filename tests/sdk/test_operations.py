"""Operations beside chat, through the official SDK: moderations, images, speech, transcriptions."""

import hashlib
import io
import json

import httpx
import openai
import pytest

from conftest import MASTER_KEY
from raw import body_of, whole
from test_budgets import House

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SOUND = b"ID3" + bytes(range(256)) * 40
IMAGE = {"created": 7, "data": [{"b64_json": "AAAA"}, {"b64_json": "BBBB"}]}
JUDGED = {"id": "modr-1", "model": "omni-moderation-2024-09-26", "results": [{"flagged": True, "categories": {"violence": True}, "category_scores": {"violence": 0.9}, "category_applied_input_types": {"violence": ["text"]}}]}
HEARD = {"text": "hello there", "task": "transcribe", "language": "english", "duration": 2.5, "segments": [], "words": [{"word": "hello", "start": 0.0, "end": 0.5}]}
SUBTITLES = b"1\n00:00:00,000 --> 00:00:01,000\nhello there\n"


def parts(request):
    """The parts of a form as the upstream got it: name, file name, bytes."""
    top, _, body = request.partition(b"\r\n\r\n")
    boundary = top.split(b"boundary=")[1].split(b"\r\n")[0]
    found = []
    for piece in body.split(b"--" + boundary)[1:-1]:
        head, _, data = piece.strip(b"\r\n").partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].decode().split("; ")
        named = dict(word.split("=", 1) for word in words[1:])
        found.append((json.loads(named["name"]), json.loads(named.get("filename", "null")), data))
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    def transcripts(peer):
        formats = [data for name, _, data in parts(peer.request) if name == "response_format"]
        peer.send(whole(SUBTITLES, content_type="text/plain; charset=utf-8") if formats in ([b"srt"], [b"text"]) else whole(HEARD))

    it = House(
        tmp_path_factory.mktemp("operations"),
        {
            "judge": ("omni-moderation-latest", {"model": "openai/omni-moderation-latest"}, whole(JUDGED)),
            "painter": ("painter", {"model": "openai/dall-e-2", "input_cost_per_token": 0, "output_cost_per_token": 0, "output_cost_per_image": 0.02, "info": {"mode": "image_generation"}}, whole(IMAGE)),
            "speaker": ("speaker", {"model": "openai/tts-own", "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_character": 1e-5, "info": {"mode": "audio_speech"}}, whole(SOUND, content_type="audio/mpeg")),
            "mute": ("mute", {"model": "openai/tts-own"}, whole({"error": {"message": "no such voice"}})),
            "ear": ("ear", {"model": "openai/whisper-own", "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_second": 1e-4, "info": {"mode": "audio_transcription"}}, transcripts),
        },
    )
    yield it
    it.gateway.stop()


@pytest.fixture(scope="module")
def client(house):
    return openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)


def last(house, name):
    return house.upstream.requests[name][-1]


def cost(raw):
    return float(raw.headers["x-litellm-response-cost"])


def test_a_text_is_judged_with_openai_s_model_where_none_is_named(house, client):
    judged = client.moderations.create(input="I will")
    assert judged.results[0].flagged and judged.results[0].category_scores.violence == 0.9 and judged.id == "modr-1"
    assert body_of(last(house, "judge")) == {"input": "I will", "model": "omni-moderation-latest"}


def test_images_are_made_and_paid_by_the_image(house, client):
    raw = client.images.with_raw_response.generate(model="painter", prompt="a cat", n=2, size="512x512")
    assert [it.b64_json for it in raw.parse().data] == ["AAAA", "BBBB"] and raw.parse().created == 7
    assert body_of(last(house, "painter")) == {"model": "dall-e-2", "prompt": "a cat", "n": 2, "size": "512x512"}
    assert cost(raw) == pytest.approx(0.04)


def test_images_are_changed_and_varied_with_their_bytes_as_they_came(house, client):
    made = client.images.edit(model="painter", prompt="a hat", image=[("a.png", PNG), ("b.png", PNG)], mask=("m.png", PNG), n=2)
    assert len(made.data) == 2
    sent = parts(last(house, "painter"))
    assert [(name, file, data) for name, file, data in sent if file] == [("image[]", "a.png", PNG), ("image[]", "b.png", PNG), ("mask", "m.png", PNG)]
    assert {name: data for name, file, data in sent if not file} == {"model": b"dall-e-2", "prompt": b"a hat", "n": b"2"}
    assert len(client.images.create_variation(model="painter", image=("a.png", PNG)).data) == 2
    assert b"POST /painter/images/variations" in last(house, "painter")


def test_speech_comes_as_it_was_made_and_is_paid_by_the_character(house, client):
    raw = client.audio.speech.with_raw_response.create(model="speaker", voice="alloy", input="héllo", response_format="mp3")
    assert raw.content == SOUND and raw.headers["content-type"] == "audio/mpeg"
    assert cost(raw) == pytest.approx(5e-5)
    assert body_of(last(house, "speaker"))["voice"] == "alloy"
    with pytest.raises(openai.APIStatusError, match="no such voice"):
        client.audio.speech.create(model="mute", voice="alloy", input="hi")


def test_sound_is_written_down_and_paid_by_the_second(house, client):
    raw = client.audio.transcriptions.with_raw_response.create(model="ear", file=("talk.mp3", SOUND), response_format="verbose_json", timestamp_granularities=["word"], temperature=0.5)
    heard = raw.parse()
    assert (heard.text, heard.words[0].word) == ("hello there", "hello") and cost(raw) == pytest.approx(2.5e-4)
    sent = parts(last(house, "ear"))
    assert ("file", "talk.mp3", SOUND) in sent and ("timestamp_granularities[]", None, b"word") in sent and ("temperature", None, b"0.5") in sent
    assert client.audio.transcriptions.create(model="ear", file=("talk.mp3", SOUND)).text == "hello there"
    subtitles = client.audio.transcriptions.with_raw_response.create(model="ear", file=("talk.mp3", SOUND), response_format="srt")
    # Nobody told how long it is: 10,243 bytes at 128 kbit/s.
    assert subtitles.parse() == SUBTITLES.decode() and cost(subtitles) == pytest.approx(0.64e-4)
    assert client.audio.translations.create(model="ear", file=("talk.mp3", SOUND)).text == "hello there"
    assert b"POST /ear/audio/translations" in last(house, "ear")


def test_each_call_leaves_its_row_of_spend(house, client):
    key = house.key(max_budget=1)
    own = client.with_options(api_key=key)
    own.audio.speech.create(model="speaker", voice="alloy", input="x" * 100)
    own.images.generate(model="painter", prompt="a cat")
    own.audio.transcriptions.create(model="ear", file=("talk.mp3", SOUND))
    house.gateway.wait_for(lambda: len(rows(house, key)) == 3)
    assert rows(house, key) == [("audio.speech", 10**9), ("images.generate", 4 * 10**10), ("audio.transcribe", 25 * 10**7)]


def rows(house, key):
    digest = hashlib.sha256(key.encode()).hexdigest()
    found = house.query("SELECT operation, cost_pico FROM spend_rows WHERE key_hash = ? ORDER BY started_ms", digest)
    return [(it["operation"], it["cost_pico"]) for it in found]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/moderations", {}, "input"),
        ("/v1/images/generations", {"model": "painter"}, "prompt"),
        ("/v1/images/generations", {"model": "painter", "prompt": "x", "n": "two"}, "n"),
        ("/v1/images/generations", {"model": "painter", "prompt": "x", "stream": True}, "stream"),
        ("/v1/audio/speech", {"model": "speaker", "voice": "alloy"}, "input"),
        ("/v1/audio/speech", {"model": "speaker", "voice": "alloy", "input": "x", "speed": "fast"}, "speed"),
        ("/v1/audio/transcriptions", {"model": "ear", "file": "x"}, "request_body"),
        ("/v1/rerank", {"model": "ear", "query": "x"}, "documents"),
        ("/v1/rerank", {"model": "ear", "query": "x", "documents": ["a"]}, None),
    ],
)
def test_what_is_wrong_is_named(house, path, body, param):
    before = sum(map(len, house.upstream.requests.values()))
    status, refused, _ = house.gateway.post(path, body)
    assert status == 400 and refused["error"]["param"] == param, refused
    assert sum(map(len, house.upstream.requests.values())) == before


def test_a_form_that_is_cut_off_reaches_nobody(house):
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\near\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a.mp3"\r\n\r\nID3'
    before = len(house.upstream.requests.get("ear", []))
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "multipart/form-data; boundary=x"}
    refused = httpx.post(house.gateway.url + "/v1/audio/transcriptions", content=form, headers=headers)
    assert refused.status_code == 400 and "cannot be read" in refused.json()["error"]["message"]
    assert len(house.upstream.requests.get("ear", [])) == before


def test_an_upload_that_is_too_large_is_refused(house, client):
    with pytest.raises(openai.APIStatusError) as refused:
        client.audio.transcriptions.create(model="ear", file=("talk.mp3", io.BytesIO(b"x" * (101 << 20))))
    assert refused.value.status_code == 413
