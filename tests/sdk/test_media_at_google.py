"""Images, speech and transcripts of Google's models, through OpenAI's SDK, and what they cost."""

import base64

import openai
import pytest

from conftest import MASTER_KEY
from raw import body_of, whole
from test_budgets import House
from test_operations import rows

MICRO = 10**6  # of a pico dollar
PNG = b"\x89PNG drawn"
SAMPLES = bytes(range(200))
TOKENS = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}


def said(*parts, made=(), **usage):
    """An answer of `generateContent`: its parts, and its tokens by their kinds."""
    details = [{"modality": kind, "tokenCount": count} for kind, count in made]
    counts = {"promptTokenCount": 10, "candidatesTokenCount": sum(count for _, count in made), "candidatesTokensDetails": details, **usage}
    return whole({"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}], "usageMetadata": counts})


def inline(kind, data):
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}}


DRAWN = said({"text": "Here."}, inline("image/png", PNG), made=[("IMAGE", 100), ("TEXT", 5)])
SPOKEN = said(inline("audio/L16;codec=pcm;rate=24000", SAMPLES), made=[("AUDIO", 40)])
HEARD = said({"text": "hello there"}, made=[("TEXT", 4)], promptTokensDetails=[{"modality": "AUDIO", "tokenCount": 10}])
BLOCKED = whole({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
CLOUD = whole({"audioContent": base64.b64encode(b"ID3 spoken").decode()})

# Of the model at Google, its answer, its prices and its mode.
MODELS = {
    "draws": ("gemini/gemini-2.5-flash-image", DRAWN, {**TOKENS, "output_cost_per_image_token": 3e-5}, "image_generation"),
    "imagen": ("gemini/imagen-4.0-generate-001", whole({"predictions": [{"bytesBase64Encoded": base64.b64encode(PNG).decode()}] * 2}), {"output_cost_per_image": 0.04}, "image_generation"),
    "blocked": ("gemini/gemini-2.5-flash-image", BLOCKED, TOKENS, "image_generation"),
    "speaks": ("gemini/gemini-2.5-flash-preview-tts", SPOKEN, {**TOKENS, "output_cost_per_audio_token": 1e-5}, "audio_speech"),
    "hears": ("gemini/gemini-3.5-transcribe", HEARD, {**TOKENS, "input_cost_per_audio_token": 3e-6}, "audio_transcription"),
    "cloud": ("vertex_ai/chirp", CLOUD, {"input_cost_per_character": 3e-5}, "audio_speech"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    def deployment(name):
        model, script, prices, mode = MODELS[name]
        free = {"input_cost_per_token": 0, "output_cost_per_token": 0}
        return name, {"model": model, **free, **prices, "info": {"mode": mode}}, script

    it = House(tmp_path_factory.mktemp("media"), {name: deployment(name) for name in MODELS})
    yield it
    it.gateway.stop()


def paid(house, call):
    """The answer to the one call of a new key, and what it cost, in pico dollars."""
    key = house.key()
    client = openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=key, max_retries=0, timeout=30)
    answer = call(client)
    house.gateway.wait_for(lambda: rows(house, key))
    ((_, cost),) = rows(house, key)
    return answer, cost


def asked(house, name):
    return body_of(house.upstream.requests[name][-1])


def test_an_image_of_geminis_is_paid_by_its_tokens_of_image(house):
    answer, cost = paid(house, lambda client: client.images.generate(model="draws", prompt="a cat", size="1536x1024"))
    assert base64.b64decode(answer.data[0].b64_json) == PNG
    assert cost == (10 * 1 + 100 * 30 + 5 * 2) * MICRO
    assert asked(house, "draws")["generationConfig"]["imageConfig"] == {"aspectRatio": "3:2"}


def test_images_of_imagens_are_paid_one_by_one(house):
    answer, cost = paid(house, lambda client: client.images.generate(model="imagen", prompt="a cat", n=2))
    assert len(answer.data) == 2 and cost == 2 * 40_000 * MICRO
    assert asked(house, "imagen")["parameters"]["sampleCount"] == 2


def test_an_upload_is_changed(house):
    image = ("cat.jpg", b"\xff\xd8 a cat", "image/jpeg")
    answer, cost = paid(house, lambda client: client.images.edit(model="draws", image=image, prompt="a hat"))
    assert base64.b64decode(answer.data[0].b64_json) == PNG and cost > 0
    parts = asked(house, "draws")["contents"][0]["parts"]
    assert parts == [inline("image/jpeg", b"\xff\xd8 a cat"), {"text": "a hat"}]


def test_a_blocked_image_is_the_callers_matter(house):
    client = openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)
    with pytest.raises(openai.BadRequestError, match="PROHIBITED_CONTENT"):
        client.images.generate(model="blocked", prompt="a cat")


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_samples_are_a_file_or_bare(house, form):
    answer, cost = paid(house, lambda client: client.audio.speech.create(model="speaks", voice="alloy", input="hi", response_format=form))
    assert answer.response.headers["content-type"] == f"audio/{form}"
    assert answer.content[-200:] == SAMPLES and len(answer.content) == (244 if form == "wav" else 200)
    assert answer.content.startswith(b"RIFF") == (form == "wav")
    assert cost == (10 * 1 + 40 * 10) * MICRO


def test_a_form_that_google_does_not_make_is_refused(house):
    client = openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)
    with pytest.raises(openai.BadRequestError, match="wav, pcm"):
        client.audio.speech.create(model="speaks", voice="alloy", input="hi", response_format="mp3")


def test_cloud_speech_is_paid_by_the_character(house):
    answer, cost = paid(house, lambda client: client.audio.speech.create(model="cloud", voice="fable", input="hello", response_format="mp3"))
    assert answer.content == b"ID3 spoken" and cost == 5 * 30 * MICRO
    assert asked(house, "cloud")["voice"] == {"languageCode": "en-GB", "name": "en-GB-Studio-B"}


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_transcript_is_paid_by_its_tokens(house, form):
    sound = ("a.mp3", b"ID3 heard", "audio/mpeg")
    answer, cost = paid(house, lambda client: client.audio.transcriptions.create(model="hears", file=sound, language="en", response_format=form))
    assert getattr(answer, "text", answer) in ("hello there", "hello there\n")
    assert cost == (10 * 3 + 4 * 2) * MICRO
    assert asked(house, "hears")["contents"][0]["parts"] == [inline("audio/mpeg", b"ID3 heard")]
