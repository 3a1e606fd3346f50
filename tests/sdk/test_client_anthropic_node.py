"""Anthropic's package for Node as a client: messages, counts, models and errors at the root, batches and files passed
through."""

import json

import pytest

import node
from batch_rig import lines
from conftest import MASTER_KEY, Upstream
from imitation import passing
from test_anthropic_sdk import MESSAGES, recorded
from test_client_anthropic_stored import BATCH, BATCHES, FILE, FILES, MESSAGE, REQUESTS

ASK = {"max_tokens": 10, "messages": MESSAGES}
TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}}


def run(url, calls, key=MASTER_KEY):
    return node.run("@anthropic-ai/sdk", url, calls, key)


def test_recorded_messages_come_through_untouched(gateway):
    items = recorded("chat")
    made = run(gateway.url, [("messages.create", [{**ASK, "model": it["id"]}]) for it in items])
    for item, got in zip(items, made, strict=True):
        want = json.loads(item["body"])
        assert got["content"] == want["content"] and got["model"] == item["id"], item["id"]
        assert got["usage"]["output_tokens"] == want["usage"]["output_tokens"], item["id"]


def test_recorded_streams_come_through_event_by_event(gateway):
    items = recorded("chat-stream", "message_stop")
    calls = [call for it in items for call in [("messages.create", [{**ASK, "model": it["id"], "stream": True}], "each"), ("messages.stream", [{**ASK, "model": it["id"]}], "final")]]
    made = run(gateway.url, calls)
    for item, events, final in zip(items, made[::2], made[1::2], strict=True):
        told = [json.loads(line[5:]) for line in item["body"].splitlines() if line.startswith("data:")]
        # The package keeps these to itself.
        want = [it["type"] for it in told if it["type"] != "ping"]
        assert [it["type"] for it in events] == want, item["id"]
        blocks = [it["content_block"]["type"] for it in told if it["type"] == "content_block_start"]
        assert [it["type"] for it in final["content"]] == blocks, item["id"]


def test_a_provider_without_messages_answers_by_chat_whole_streamed_and_with_a_tool(gateway):
    ask = {**ASK, "model": "demo"}
    whole, events, final, called = run(gateway.url, [
        ("messages.create", [ask]),
        ("messages.create", [{**ask, "stream": True}], "each"),
        ("messages.stream", [ask], "final"),
        ("messages.create", [{**ask, "tools": [TOOL], "tool_choice": {"type": "any"}}]),
    ])
    text = "You said: hello"
    assert whole["type"] == "message" and whole["content"][0]["text"] == final["content"][0]["text"] == text and whole["stop_reason"] == "end_turn"
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    assert "".join(it["delta"]["text"] for it in events if it["type"] == "content_block_delta") == text
    assert called["stop_reason"] == "tool_use" and called["content"][0]["type"] == "tool_use"
    assert (called["content"][0]["name"], called["content"][0]["input"]) == ("f", {"x": "hello"})


def test_betas_and_the_body_reach_the_provider_as_they_are(gateway):
    name = recorded("chat")[0]["id"]
    Upstream.seen.clear()
    run(gateway.url, [("messages.create", [{**ASK, "model": name, "metadata": {"user_id": "u"}}, {"headers": {"anthropic-beta": "a,b"}}])])
    sent = Upstream.seen[-1]
    assert sent["headers"]["anthropic-beta"] == "a,b" and sent["headers"]["x-api-key"] == "k-secret"
    assert json.loads(sent["body"]) == {"model": "some-model", **ASK, "metadata": {"user_id": "u"}}


def test_it_counts_tokens(gateway):
    ask = lambda count: {"model": "demo", "messages": [{"role": "user", "content": "x " * count}]}
    few, many = run(gateway.url, [("messages.countTokens", [ask(1)]), ("messages.countTokens", [ask(500)])])
    assert 0 < few["input_tokens"] < many["input_tokens"]


def test_models_are_listed_and_found_in_anthropics_words(gateway):
    listed, found = run(gateway.url, [("models.list", [], "each"), ("models.retrieve", ["gpt-4o"])])
    models = {it["id"]: it for it in listed}
    assert models["claude-haiku-4-5"]["type"] == "model" and models["claude-haiku-4-5"]["max_input_tokens"] == 200000
    assert found["display_name"] == "gpt-4o"


def test_errors_have_the_packages_classes(gateway):
    create = "messages.create"
    unknown, lost, limited, half = run(gateway.url, [
        (create, [{**ASK, "model": "nope"}]),
        ("models.retrieve", ["nope"]),
        (create, [{**ASK, "model": "limited"}]),
        (create, [{**ASK, "model": "halfstream", "stream": True}], "each"),
    ])
    assert (unknown["error"], unknown["status"], unknown["type"]) == ("BadRequestError", 400, "invalid_request_error")
    assert (lost["error"], lost["status"], lost["type"]) == ("NotFoundError", 404, "not_found_error")
    assert (limited["error"], limited["status"], limited["type"]) == ("RateLimitError", 429, "rate_limit_error") and "slow down" in limited["message"]
    assert half["error"] == "APIError" and "ended before its answer did" in half["message"]
    (stranger,) = run(gateway.url, [(create, [{**ASK, "model": "demo"}])], "sk-wrong-0123456789")
    assert (stranger["error"], stranger["status"], stranger["type"]) == ("AuthenticationError", 401, "authentication_error")


def test_batches_of_messages_and_their_results_pass_through(passing):
    provider = passing.provider
    provider.answer("POST", BATCHES, BATCH)
    provider.answer("GET", BATCHES, {"data": [BATCH], "has_more": False, "first_id": "msgbatch_1", "last_id": "msgbatch_1"})
    provider.answer("GET", f"{BATCHES}/msgbatch_1", BATCH)
    provider.answer("POST", f"{BATCHES}/msgbatch_1/cancel", {**BATCH, "processing_status": "canceling"})
    provider.answer("DELETE", f"{BATCHES}/msgbatch_1", {"id": "msgbatch_1", "type": "message_batch_deleted"})
    provider.answer("GET", f"{BATCHES}/msgbatch_9", {"type": "error", "error": {"type": "not_found_error", "message": "no such batch"}}, 404)
    url = passing.gateway.url + "/anthropic"
    before = len(provider.asked)
    made, listed, found, cancelled, gone, lost = run(url, [
        ("messages.batches.create", [{"requests": REQUESTS}]),
        ("messages.batches.list", [{"limit": 5}], "each"),
        ("messages.batches.retrieve", ["msgbatch_1"]),
        ("messages.batches.cancel", ["msgbatch_1"]),
        ("messages.batches.delete", ["msgbatch_1"]),
        ("messages.batches.retrieve", ["msgbatch_9"]),
    ])
    assert made["id"] == found["id"] == "msgbatch_1" and [it["id"] for it in listed] == ["msgbatch_1"]
    assert cancelled["processing_status"] == "canceling" and gone["type"] == "message_batch_deleted"
    assert (lost["error"], lost["status"]) == ("NotFoundError", 404) and "no such batch" in lost["message"]
    asked = provider.asked[before:]
    assert asked[0].json() == {"requests": REQUESTS} and "limit=5" in asked[1].path
    assert all(MASTER_KEY not in f"{it.path} {it.headers}" for it in asked)
    done = {"custom_id": "a", "result": {"type": "succeeded", "message": MESSAGE}}
    provider.answer("GET", f"{BATCHES}/msgbatch_1/results", lines(done), content_type="application/x-jsonl")
    provider.answer("GET", f"{BATCHES}/msgbatch_1", {**BATCH, "processing_status": "ended", "results_url": f"{url}/v1/messages/batches/msgbatch_1/results"})
    (results,) = run(url, [("messages.batches.results", ["msgbatch_1"], "each")])
    assert results == [done]


def test_files_pass_through(passing):
    provider = passing.provider
    provider.answer("POST", FILES, FILE)
    provider.answer("GET", f"{FILES}/file_1", FILE)
    provider.answer("DELETE", f"{FILES}/file_1", {"id": "file_1", "type": "file_deleted"})
    sent = {"$file": "a.txt", "data": "aGVsbG8=", "type": "text/plain"}
    made, found, gone = run(passing.gateway.url + "/anthropic", [
        ("beta.files.upload", [{"file": sent}]),
        ("beta.files.retrieveMetadata", ["file_1"]),
        ("beta.files.delete", ["file_1"]),
    ])
    assert made["id"] == found["id"] == "file_1" and gone["type"] == "file_deleted"
    upload = next(it for it in provider.asked if it.method == "POST" and it.path.startswith(FILES))
    assert b"\r\n\r\nhello\r\n" in upload.body and b'filename="a.txt"' in upload.body


@pytest.mark.parametrize("method, arguments", [("create", [{"requests": REQUESTS}]), ("list", []), ("retrieve", ["msgbatch_1"])])
def test_at_the_root_batches_of_messages_are_refused_by_name(passing, method, arguments):
    before = len(passing.provider.asked)
    how = ["each"] if method == "list" else []
    (refused,) = run(passing.gateway.url, [(f"messages.batches.{method}", arguments, *how)])
    assert refused["status"] in (404, 501) and "/v1/messages/batches" in refused["message"]
    assert len(passing.provider.asked) == before
