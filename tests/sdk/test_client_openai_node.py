"""OpenAI's package for Node as a client: every operation that the gateway serves."""

import base64
import functools
import json

import pytest

import node
import test_files
from batch_rig import ASKED, lines, lines_of, rigs
from conftest import BY_ID, MASTER_KEY, Upstream
from raw import body_of
from talk import KNOWN, MODELS
from test_operations import PNG, SOUND, last, parts
from test_operations import house as media
from test_responses import house as keeper

MESSAGES = [{"role": "user", "content": "hello there"}]


def run(url, calls, key=MASTER_KEY):
    return node.run("openai", url + "/v1", calls, key)


def file(name, data, kind="application/octet-stream"):
    return {"$file": name, "data": base64.b64encode(data).decode(), "type": kind}


def of(call, member="id"):
    return {"$of": call, "member": member}


def test_it_chats_whole_streamed_and_with_a_tool(gateway):
    schema = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    ask = {"model": "demo", "messages": MESSAGES}
    chat = "chat.completions.create"
    whole, streamed, called = run(gateway.url, [(chat, [ask]), (chat, [{**ask, "stream": True}], "each"), (chat, [{**ask, "tools": tools, "tool_choice": "required"}])])
    assert whole["choices"][0]["message"]["content"] == "You said: hello there"
    assert "".join(it["choices"][0]["delta"].get("content") or "" for it in streamed if it["choices"]) == "You said: hello there"
    assert json.loads(called["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]) == {"x": "hello there"}


@pytest.mark.parametrize("model", KNOWN)
def test_it_completes_texts(gateway, model):
    known = KNOWN[model]
    if model == "gpt-4o":
        # Its provider has completions of its own, of which there is no recording.
        model = "demo"
    ask = {"model": model, "prompt": "hello there"}
    whole, streamed = run(gateway.url, [("completions.create", [ask]), ("completions.create", [{**ask, "stream": True}], "each")])
    want = ("You said: hello there",) * 2 if model == "demo" else (known.told, known.told_streamed)
    text = "".join(it["choices"][0]["text"] for it in streamed if it["choices"])
    assert (whole["choices"][0]["text"], text) == want and whole["object"] == "text_completion"


@pytest.mark.parametrize("model", ["text-embedding-3-small", "mistral-embed", "gemini-embedding-001"])
def test_it_embeds(gateway, model):
    ask = {"model": model, "input": ["a", "b", "c"]}
    (made,) = run(gateway.url, [("embeddings.create", [{**ask, "encoding_format": "float"}])])
    recorded = json.loads(BY_ID[MODELS[model][1]["embeddings"]]["body"])
    want = [it["values"] for it in recorded["embeddings"]] if "embeddings" in recorded else [it["embedding"] for it in recorded["data"]]
    assert [it["embedding"] for it in made["data"]] == want and [it["index"] for it in made["data"]] == list(range(len(want)))


@pytest.mark.parametrize("model", ["text-embedding-3-small", "gemini-embedding-001"])
def test_it_asks_for_vectors_in_base64_where_it_is_told_nothing_and_reads_them(gateway, model):
    (made,) = run(gateway.url, [("embeddings.create", [{"model": model, "input": "a"}])])
    numbers = made["data"][0]["embedding"]
    assert numbers and all(isinstance(it, float) for it in numbers)
    asked = json.loads(Upstream.seen[-1]["body"])
    assert (asked.get("encoding_format") == "base64") == (model == "text-embedding-3-small")


def test_it_makes_keeps_and_deletes_responses(keeper):
    ask = {"model": "chat", "input": "hi"}
    made, found, items, streamed, final, gone, lost, more, cancelled = run(keeper.gateway.url, [
        ("responses.create", [ask]),
        ("responses.retrieve", [of(0)]),
        ("responses.inputItems.list", [of(0)], "each"),
        ("responses.create", [{**ask, "stream": True}], "each"),
        ("responses.stream", [ask], "final"),
        ("responses.delete", [of(0)]),
        ("responses.retrieve", [of(0)]),
        ("responses.create", [{"model": "native", "input": "hi", "background": True}]),
        ("responses.cancel", [of(7)]),
    ])
    assert made["output_text"] == "answer 1" and found["id"] == made["id"] and found["output"] == made["output"]
    assert [it["content"][0]["text"] for it in items] == ["hi"]
    kinds = [it["type"] for it in streamed]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    assert "".join(it["delta"] for it in streamed if it["type"] == "response.output_text.delta") == "streamed" == final["output_text"]
    assert gone["deleted"] and (lost["error"], lost["status"]) == ("NotFoundError", 404)
    assert more["background"] and cancelled["status"] == "cancelled"


def test_it_makes_and_changes_pictures(media):
    generated, edited, varied = run(media.gateway.url, [
        ("images.generate", [{"model": "painter", "prompt": "a cat", "n": 2}]),
        ("images.edit", [{"model": "painter", "prompt": "a hat", "image": [file("a.png", PNG, "image/png"), file("b.png", PNG, "image/png")]}]),
        ("images.createVariation", [{"model": "painter", "image": file("a.png", PNG, "image/png")}]),
    ])
    assert all([it["b64_json"] for it in made["data"]] == ["AAAA", "BBBB"] for made in (generated, edited, varied))
    changed = parts(media.upstream.requests["painter"][-2])
    assert [it for it in changed if it[1]] == [("image[]", "a.png", PNG), ("image[]", "b.png", PNG)]


def test_it_speaks_hears_and_judges(media):
    spoken, heard, words, translated, judged = run(media.gateway.url, [
        ("audio.speech.create", [{"model": "speaker", "voice": "alloy", "input": "hello"}], "bytes"),
        ("audio.transcriptions.create", [{"model": "ear", "file": file("talk.mp3", SOUND)}]),
        ("audio.transcriptions.create", [{"model": "ear", "file": file("talk.mp3", SOUND), "response_format": "verbose_json", "timestamp_granularities": ["word"]}]),
        ("audio.translations.create", [{"model": "ear", "file": file("talk.mp3", SOUND)}]),
        ("moderations.create", [{"input": "I will"}]),
    ])
    assert base64.b64decode(spoken) == SOUND
    assert heard["text"] == translated["text"] == "hello there" and words["words"][0]["word"] == "hello"
    assert ("file", "talk.mp3", SOUND) in parts(last(media, "ear"))
    assert judged["results"][0]["flagged"] and body_of(last(media, "judge"))["input"] == "I will"


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(test_files.Rig, tmp_path)) as build:
        yield build()


def test_it_keeps_files_and_makes_batches_of_them(rig):
    data = lines(test_files.line("public"))
    made, found, content, listed, batch, again, batches, cancelled = run(rig.gateway.url, [
        ("files.create", [{"file": file("in.jsonl", data, "application/jsonl"), "purpose": "batch"}]),
        ("files.retrieve", [of(0)]),
        ("files.content", [of(0)], "bytes"),
        ("files.list", [], "each"),
        ("batches.create", [{"input_file_id": of(0), **ASKED}]),
        ("batches.retrieve", [of(4)]),
        ("batches.list", [], "each"),
        ("batches.cancel", [of(4)]),
    ])
    assert found["id"] == made["id"] and [it["id"] for it in listed] == [made["id"]]
    assert json.loads(base64.b64decode(content))["body"]["model"] == "gpt-own"
    assert batch["status"] == again["status"] == "in_progress" and [it["id"] for it in batches] == [batch["id"]]
    assert cancelled["status"] == "cancelling"
    rig.complete([test_files.result(10, 1)])
    done, gone, lost = run(rig.gateway.url, [("batches.retrieve", [batch["id"]]), ("files.delete", [made["id"]]), ("files.retrieve", [made["id"]])])
    assert done["status"] == "completed" and lines_of(rig.client(), done["output_file_id"])[0]["custom_id"] == "1"
    assert gone["deleted"] and (lost["error"], lost["status"]) == ("NotFoundError", 404)


def test_it_lists_models_and_has_its_own_errors(gateway):
    chat = "chat.completions.create"
    models, found, unknown, limited, half = run(gateway.url, [
        ("models.list", [], "each"),
        ("models.retrieve", ["demo"]),
        ("models.retrieve", ["nobody"]),
        (chat, [{"model": "limited", "messages": MESSAGES}]),
        (chat, [{"model": "halfstream", "messages": MESSAGES, "stream": True}], "each"),
    ])
    assert {"demo", *MODELS} <= {it["id"] for it in models} and found["id"] == "demo"
    assert (unknown["error"], limited["error"]) == ("NotFoundError", "RateLimitError") and "slow down" in limited["message"]
    assert half["error"] == "APIError" and "before its answer was complete" in half["message"]
    (stranger,) = run(gateway.url, [("models.list", [], "each")], "sk-wrong-0123456789")
    assert (stranger["error"], stranger["status"]) == ("AuthenticationError", 401)
