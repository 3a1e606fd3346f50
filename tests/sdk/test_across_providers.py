"""What travels from one provider to another, and what single providers are sent or say: ids of tool calls,
a schema beside tools, transcripts in each format, predictions, Amazon's events."""

import json
import re
import struct
import threading
import zlib

import pytest

from conftest import MASTER_KEY
from raw import body_of, connect, head, request, streamed, until, until_closed, whole
from test_budgets import House
from test_each_operation import KIND, chunks, delta, events, form
from test_money import COST, answer
from test_operations import parts
from test_through_providers import amazon

TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "seen", "strict": True, "schema": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], "additionalProperties": False}}}
ASK = {"role": "user", "content": "look around"}
DIARIZED = {"task": "transcribe", "duration": 2.5, "text": "hello there", "segments": [{"type": "transcript.text.segment", "id": "seg_1", "start": 0.0, "end": 2.5, "text": "hello there", "speaker": "A"}]}
TRANSCRIPTS = {"text": b"hello there\n", "vtt": b"WEBVTT\n\n00:00.000 --> 00:02.500\nhello there\n", "srt": b"1\n00:00:00,000 --> 00:00:02,500\nhello there\n"}


def called(id):
    """A chat's answer that calls the tool."""
    call = {"id": id, "type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}}
    return answer(choices=[{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": [call]}}])


CALLS = {
    "openai": called("call_A1b2C3d4E5f6"),
    "anthropic": {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "tool_use", "id": "toolu_01XyZ", "name": "look", "input": {"at": "it"}}], "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}},
    "gemini": {"candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"at": "it"}}}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}},
    "mistral": called("Ab3dEf6hI"),
}


def heard(peer):
    fields = {name: data.decode() for name, file, data in parts(peer.request) if not file}
    said = TRANSCRIPTS.get(fields["response_format"])
    peer.send(whole(DIARIZED) if said is None else whole(said, content_type="text/plain; charset=utf-8"))


def predicted(peer):
    """It is not done at once: it is asked after below the same address, not where the answer leads."""
    document = {"id": "p1", "status": "processing", "urls": {"get": "https://elsewhere.invalid/v1/predictions/p1"}}
    if peer.request.startswith(b"GET "):
        document.update(status="succeeded", output=["the", "re"], metrics={"input_token_count": 10, "output_token_count": 20})
    peer.send(whole(document))


def groqs(peer):
    """Refuses what Groq refuses; a tool that may be called is called: the one that is named, else the last."""
    sent = body_of(peer.request)
    tools, asked = sent.get("tools"), sent.get("response_format")
    if asked and (tools or "llama-3" in sent["model"]):
        why = "json mode cannot be combined with tool/function calling" if tools else "This model does not support response format `json_schema`"
        peer.send(whole({"error": {"message": why, "type": "invalid_request_error"}}, status=400))
        return
    if not tools:
        peer.send(whole(answer()))
        return
    chosen = sent["tool_choice"]
    named = (chosen if isinstance(chosen, dict) else tools[-1])["function"]["name"]
    call = {"id": "g", "type": "function", "function": {"name": named, "arguments": '{"x": "it"}'}}
    if not sent.get("stream"):
        peer.send(whole(answer(choices=[{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}])))
        return
    begun = {**call, "index": 0, "function": {"name": named, "arguments": ""}}
    rest = ({"index": 0, "function": {"arguments": piece}} for piece in ('{"x": ', '"it"}'))
    peer.send(streamed(*events(*(delta({"tool_calls": [it]}) for it in (begun, *rest)), delta({}, "tool_calls")), "data: [DONE]\n\n"))


def spoiled(message):
    """With one letter of its text changed on the way, and the checksum as it was."""
    assert b"SECOND" in message
    return message.replace(b"SECOND", b"SECRET")


# The client has the first word.
RELEASED = threading.Event()


def stream_of(*messages, first=()):
    first, rest = b"".join(first), b"".join(messages)

    def play(peer):
        peer.send(head(content_type="application/vnd.amazon.eventstream", content_length=len(first + rest)) + first)
        assert RELEASED.wait(20)
        peer.send(rest)

    return play


def said(text):
    return amazon("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


BEGINNING = (amazon("messageStart", {"role": "assistant"}), said("FIRST"))
END = amazon("contentBlockStop", {"contentBlockIndex": 0}) + amazon("messageStop", {"stopReason": "end_turn"}) + amazon("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}})


def prelude_spoiled(message):
    """A message whose head is another length than its checksum says."""
    total, headers = struct.unpack(">II", message[:8])
    return struct.pack(">II", total, headers) + struct.pack(">I", zlib.crc32(message[:8]) ^ 1) + message[12:]


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    amazons = {"model": "bedrock/us.amazon.nova-pro-v1:0", "aws_region_name": "us-east-1", "aws_access_key_id": "AKIATESTS", "aws_secret_access_key": "s"}
    models = {"openai": "openai/gpt-own", "anthropic": "anthropic/claude-own", "gemini": "gemini/gemini-own", "mistral": "mistral/mistral-own"}
    deployments = {name: (name, {"model": model}, whole(CALLS[name])) for name, model in models.items()}
    deployments |= {
        "groq": ("groq", {"model": "groq/openai/gpt-oss-20b"}, groqs),
        "groq-old": ("groq-old", {"model": "groq/llama-3.3-70b-versatile"}, groqs),
        "ear": ("ear", {"model": "openai/gpt-4o-transcribe-diarize", "input_cost_per_second": 1e-4}, heard),
        "passed": ("passed", {"model": "openai/passed", "use_in_pass_through": True}, None),
        "predicts": ("predicts", {"model": "replicate/meta/meta-llama-3-8b-instruct"}, predicted),
        "sound": ("sound", amazons, stream_of(said("SECOND"), END, first=BEGINNING)),
        "spoiled": ("spoiled", amazons, stream_of(spoiled(said("SECOND")), END, first=BEGINNING)),
        "misled": ("misled", amazons, stream_of(prelude_spoiled(said("SECOND")), END, first=BEGINNING)),
        "nothing": ("nothing", amazons, stream_of(spoiled(said("SECOND")), END)),
    }
    it = House(tmp_path_factory.mktemp("across"), deployments)
    yield it
    assert it.gateway.stop() == 0


def pairs(name, sent):
    """The ids of the calls, and those of their results, as this provider reads them."""
    if name == "anthropic":
        blocks = [block for message in sent["messages"] if isinstance(message["content"], list) for block in message["content"]]
        return [it["id"] for it in blocks if it["type"] == "tool_use"], [it["tool_use_id"] for it in blocks if it["type"] == "tool_result"]
    if name == "gemini":
        pieces = [part for content in sent["contents"] for part in content["parts"]]
        return [it["functionCall"]["name"] for it in pieces if "functionCall" in it], [it["functionResponse"]["name"] for it in pieces if "functionResponse" in it]
    calls = [call["id"] for message in sent["messages"] for call in message.get("tool_calls") or []]
    return calls, [message["tool_call_id"] for message in sent["messages"] if message["role"] == "tool"]


def test_a_conversation_keeps_its_calls_and_results_together_from_provider_to_provider(house):
    messages = [ASK]
    known = set()
    for turn, name in enumerate([*CALLS, *CALLS]):
        status, answered, _ = house.ask(name, tools=TOOLS, messages=messages)
        assert status == 200, answered
        calls, results = pairs(name, body_of(house.upstream.requests[name][-1]))
        assert calls == results and len(calls) == turn
        if name == "mistral":
            assert all(re.fullmatch("[a-zA-Z0-9]{9}", id) for id in calls) and len(set(calls[:3])) == 3
        if name == "anthropic":
            assert all(re.fullmatch("[a-zA-Z0-9_-]+", id) for id in calls)
        message = answered["choices"][0]["message"]
        (call,) = message["tool_calls"]
        known.add(call["id"])
        messages = [*messages, message, {"role": "tool", "tool_call_id": call["id"], "content": f"seen in turn {turn}"}]
    # The providers' own ids came to the client, and one was made for Gemini, which has none.
    assert {"call_A1b2C3d4E5f6", "toolu_01XyZ", "Ab3dEf6hI"} < known


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("deployment, more", [("groq", {"tools": TOOLS, "tool_choice": "auto"}), ("groq-old", {"tools": TOOLS}), ("groq-old", {})])
def test_groq_is_never_sent_a_schema_that_it_refuses_and_the_answer_is_text(house, deployment, more, streams):
    if streams:
        *said, end = chunks(house, deployment, response_format=SCHEMA, **more)
        answers = [json.loads(it) for it in said]
        assert end == "[DONE]"
    else:
        status, answered, _ = house.ask(deployment, response_format=SCHEMA, **more)
        assert status == 200, answered
        answers = [answered]
    sent = body_of(house.upstream.requests[deployment][-1])
    *tools, ours = sent["tools"]
    assert "response_format" not in sent and tools == more.get("tools", [])
    assert ours["function"]["parameters"] == SCHEMA["json_schema"]["schema"]
    named = {"type": "function", "function": {"name": ours["function"]["name"]}}
    assert sent["tool_choice"] == ("required" if tools else named)
    choices = [choice for it in answers for choice in it["choices"]]
    pieces = [choice["delta" if streams else "message"] for choice in choices]
    assert json.loads("".join(it.get("content") or "" for it in pieces)) == {"x": "it"}
    assert choices[-1]["finish_reason"] == "stop" and not any(it.get("tool_calls") for it in pieces)


def test_groq_takes_a_schema_alone_and_calls_of_the_clients_tools_stay_calls(house):
    status, answered, _ = house.ask("groq", response_format=SCHEMA)
    assert status == 200, answered
    assert body_of(house.upstream.requests["groq"][-1])["response_format"] == SCHEMA
    forced = {"type": "function", "function": {"name": "look"}}
    status, answered, _ = house.ask("groq", response_format=SCHEMA, tools=TOOLS, tool_choice=forced)
    assert status == 200, answered
    sent = body_of(house.upstream.requests["groq"][-1])
    assert (sent["tools"], sent["tool_choice"], "response_format" in sent) == (TOOLS, forced, False)
    (call,) = answered["choices"][0]["message"]["tool_calls"]
    assert (call["function"]["name"], answered["choices"][0]["finish_reason"]) == ("look", "tool_calls")


@pytest.mark.parametrize("format", [*TRANSCRIPTS, "diarized_json"])
def test_a_transcript_comes_in_the_format_that_was_asked_for(house, format):
    body = form({"model": "ear", "response_format": format}, "file")
    status, text, headers = house.gateway.get("/v1/audio/transcriptions", body=body, headers={"authorization": f"Bearer {MASTER_KEY}", **KIND})
    assert status == 200, text
    kind = {name.lower(): value for name, value in headers.items()}["content-type"]
    if format in TRANSCRIPTS:
        assert text == TRANSCRIPTS[format] and kind.startswith("text/")
        return
    heard = json.loads(text)
    assert kind == "application/json" and heard["segments"] == DIARIZED["segments"] and heard["text"] == "hello there"


def test_a_call_that_passes_through_to_openai_is_charged(house):
    key = house.key()
    status, answered, headers = house.gateway.post("/openai/v1/chat/completions", {"model": "passed", "messages": [ASK]}, key)
    assert status == 200 and answered["choices"], answered
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM spend_rows WHERE call_id = ?", headers["x-litellm-call-id"]))
    (row,) = json.loads(house.gateway.get(f"/spend/logs?request_id={headers['x-litellm-call-id']}")[1])
    assert (row["call_type"], row["spend"], row["total_tokens"]) == ("pass_through_endpoint", pytest.approx(COST), 30)
    house.gateway.wait_for(lambda: json.loads(house.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(COST))


def test_a_prediction_of_replicate_s_is_asked_after_at_the_deployments_own_address(house):
    status, answered, _ = house.ask("predicts")
    assert status == 200 and answered["choices"][0]["message"]["content"] == "there", answered
    made, looked = house.upstream.requests["predicts"]
    assert made.startswith(b"POST /predicts/models/meta/meta-llama-3-8b-instruct/predictions ") and looked.startswith(b"GET /predicts/predictions/p1 ")
    assert all(b"authorization: bearer k" in it.lower() for it in (made, looked))


@pytest.mark.parametrize("model", ["sound", "spoiled", "misled"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_an_event_of_amazons_that_was_spoiled_on_the_way_is_no_text_and_no_end(house, model, path):
    body = {"model": model, "stream": True, "max_tokens": 9, "messages": [ASK]}
    RELEASED.clear()
    with connect(house.gateway) as connection:
        connection.sendall(request(path, body, key=MASTER_KEY, connection="close"))
        top = until(connection, b"FIRST")
        RELEASED.set()
        rest = until_closed(connection)
    assert b" 200 " in top.splitlines()[0]
    ends = b"[DONE]" in rest or b"message_stop" in rest
    if model == "sound":
        assert ends and b"SECOND" in rest and b'"error"' not in rest
    else:
        assert not ends and b"SECRET" not in rest and b'"error"' in rest and b"damaged" in rest, rest


def test_an_event_that_was_spoiled_before_anything_was_told_is_an_error_of_the_upstream(house):
    RELEASED.set()
    status, refused, _ = house.ask("nothing", stream=True)
    assert status == 500 and "damaged" in refused["error"]["message"], refused
