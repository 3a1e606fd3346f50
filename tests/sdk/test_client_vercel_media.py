"""The Vercel AI SDK makes pictures and speech and writes down sound, and each is paid for."""

import base64

import pytest

from raw import body_of
from test_client_vercel import run
from test_operations import PNG, SOUND, house, last, parts, rows


def text(data):
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def own(house):
    """A key of its own, so that its rows are."""
    return house.key(max_budget=5)


@pytest.fixture(scope="module")
def made(house, own):
    jobs = [
        ["paints", {"model": "painter", "prompt": "a cat", "size": "512x512", "n": 1}],
        ["paints", {"model": "painter", "prompt": "a hat", "n": 1, "files": [text(PNG)]}],
        ["speaks", {"model": "speaker", "text": "hello", "voice": "alloy"}],
        ["hears", {"model": "ear", "sound": text(SOUND)}],
    ]
    return run(house.gateway.url, own, jobs)


def test_pictures_are_made_and_changed(house, made):
    assert made[0] == made[1] == ["AAAA", "BBBB"]
    edited, painted = house.upstream.requests["painter"][-1], house.upstream.requests["painter"][-2]
    asked = body_of(painted)
    assert (asked["prompt"], asked["size"], asked["model"]) == ("a cat", "512x512", "dall-e-2")
    assert b"/images/edits" in edited.partition(b"\r\n")[0]
    assert PNG in [data for _, _, data in parts(edited)]


def test_speech_comes_as_it_was_made(house, made):
    assert made[2] == text(SOUND)
    asked = body_of(last(house, "speaker"))
    assert (asked["input"], asked["voice"]) == ("hello", "alloy")


def test_sound_is_written_down(house, made):
    assert made[3]["text"] == "hello there" and made[3]["seconds"] == 2.5
    assert SOUND in [data for name, _, data in parts(last(house, "ear")) if name == "file"]


def test_each_is_paid_for(house, own, made):
    house.gateway.wait_for(lambda: len(rows(house, own)) == 4)
    assert [operation for operation, cost in rows(house, own) if cost] == ["images.generate", "images.edit", "audio.speech", "audio.transcribe"]
