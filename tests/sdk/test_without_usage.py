"""An answer that tells no usage is charged by a count of its text, whichever operation it answers."""

import json

import pytest

from conftest import MASTER_KEY
from raw import streamed, whole
from test_budgets import PICO, House
from test_each_operation import delta, events

IN, OUT = 1e-6, 2e-6
WORDS = "one two three four five six seven eight"
HALVES = ["one two three four ", "five six seven eight"]
ASKED = "how far can you count"
MESSAGES = [{"role": "user", "content": ASKED}]
CONTENTS = [{"role": "user", "parts": [{"text": ASKED}]}]
SPOKEN = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "text": WORDS, "annotations": []}]}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [SPOKEN]}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": WORDS}], "stop_reason": "end_turn"}


def named(*pieces):
    return streamed(*(f"event: {it['type']}\ndata: {json.dumps(it)}\n\n" for it in pieces))


def candidate(text, **more):
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}]}


CHAT = [delta({"role": "assistant", "content": HALVES[0]}), delta({"content": HALVES[1]}), delta({}, "stop")]
COMPLETION = [{"id": "c", "choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in HALVES] + [{"id": "c", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}]
OF_RESPONSE = [
    {"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {**SPOKEN, "status": "in_progress", "content": []}},
    *({"type": "response.output_text.delta", "sequence_number": 2 + at, "output_index": 0, "content_index": 0, "item_id": "msg_1", "delta": text} for at, text in enumerate(HALVES)),
    {"type": "response.output_item.done", "sequence_number": 4, "output_index": 0, "item": SPOKEN},
    {"type": "response.completed", "sequence_number": 5, "response": RESPONSE},
]
OF_MESSAGE = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in HALVES),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}},
    {"type": "message_stop"},
]
DONE = "data: [DONE]\n\n"
# Of each deployment: its provider, and its answer.
DEPLOYMENTS = {
    "chat": ("groq", whole({"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": WORDS}}]})),
    "chat-stream": ("groq", streamed(*events(*CHAT), DONE)),
    "completion": ("openai", whole({"id": "c", "choices": [{"index": 0, "text": WORDS, "finish_reason": "stop"}]})),
    "completion-stream": ("openai", streamed(*events(*COMPLETION), DONE)),
    "embedding": ("openai", whole({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})),
    "response": ("openai", whole(RESPONSE)),
    "response-stream": ("openai", named(*OF_RESPONSE)),
    "message": ("anthropic", whole(MESSAGE)),
    "message-stream": ("anthropic", named(*OF_MESSAGE)),
    "candidate": ("gemini", whole(candidate(WORDS, finishReason="STOP"))),
    "candidate-stream": ("gemini", streamed(*events(candidate(HALVES[0]), candidate(HALVES[1], finishReason="STOP")))),
}
STREAM = {"stream": True}
GOOGLES = "/v1beta/models/{}:generateContent"
GOOGLES_STREAM = "/v1beta/models/{}:streamGenerateContent?alt=sse"
# Where it is asked, with which body, of which deployment.
ASKS = [
    ("/v1/completions", {"prompt": ASKED}, "completion"),
    ("/v1/completions", {"prompt": ASKED, **STREAM}, "completion-stream"),
    ("/v1/completions", {"prompt": ASKED}, "chat"),
    ("/v1/completions", {"prompt": ASKED, **STREAM}, "chat-stream"),
    ("/v1/embeddings", {"input": ASKED}, "embedding"),
    ("/v1/responses", {"input": ASKED}, "response"),
    ("/v1/responses", {"input": ASKED, **STREAM}, "response-stream"),
    ("/v1/responses", {"input": ASKED}, "chat"),
    ("/v1/responses", {"input": ASKED, **STREAM}, "chat-stream"),
    ("/v1/messages", {"messages": MESSAGES, "max_tokens": 50, **STREAM}, "message-stream"),
    ("/v1/messages", {"messages": MESSAGES, "max_tokens": 50, **STREAM}, "chat-stream"),
    ("/v1/messages", {"messages": MESSAGES, "max_tokens": 50}, "candidate"),
    ("/v1/chat/completions", {"messages": MESSAGES, **STREAM}, "message-stream"),
    ("/v1/chat/completions", {"messages": MESSAGES, **STREAM}, "candidate-stream"),
    (GOOGLES, {"contents": CONTENTS}, "candidate"),
    (GOOGLES_STREAM, {"contents": CONTENTS}, "candidate-stream"),
    (GOOGLES, {"contents": CONTENTS}, "chat"),
    (GOOGLES_STREAM, {"contents": CONTENTS}, "chat-stream"),
    (GOOGLES_STREAM, {"contents": CONTENTS}, "message-stream"),
    ("/anthropic/v1/messages", {"messages": MESSAGES, "max_tokens": 50}, "message"),
    ("/anthropic/v1/messages", {"messages": MESSAGES, "max_tokens": 50, **STREAM}, "message-stream"),
    ("/openai_passthrough/v1/completions", {"prompt": ASKED}, "completion"),
    ("/openai_passthrough/v1/completions", {"prompt": ASKED, **STREAM}, "completion-stream"),
    ("/openai_passthrough/v1/embeddings", {"input": ASKED}, "embedding"),
    ("/openai_passthrough/v1/responses", {"input": ASKED}, "response"),
    ("/openai_passthrough/v1/responses", {"input": ASKED, **STREAM}, "response-stream"),
    ("/gemini/v1beta/models/{}:generateContent", {"contents": CONTENTS}, "candidate"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    price = {"input_cost_per_token": IN, "output_cost_per_token": OUT}
    # Each has a model of its own, so that what is passed through finds it.
    params = lambda name, provider: {"model": f"{provider}/{name}", "use_in_pass_through": True, **price}
    deployments = {name: (name, params(name, provider), answer) for name, (provider, answer) in DEPLOYMENTS.items()}
    it = House(tmp_path_factory.mktemp("usage"), deployments)
    yield it
    assert it.gateway.stop() == 0


@pytest.mark.parametrize("path, body, model", ASKS, ids=lambda it: it if isinstance(it, str) else "")
def test_an_answer_that_tells_no_usage_is_charged_by_a_count_of_its_text(house, path, body, model):
    body = json.dumps(body if "{}" in path else {"model": model, **body}).encode()
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
    status, text, got = house.gateway.get(path.format(model), body=body, headers=headers)
    assert status == 200, text
    call = {name.lower(): value for name, value in got.items()}["x-litellm-call-id"]
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM spend_rows WHERE call_id = ?", call))
    (row,) = house.query("SELECT * FROM spend_rows WHERE call_id = ?", call)
    spent = json.loads(house.gateway.get(f"/spend/logs?request_id={call}")[1])[0]
    # Five words are asked, and eight are the answer; a vector is none.
    answered = (0, 0) if model == "embedding" else (8, 12)
    assert answered[0] <= spent["completion_tokens"] <= answered[1], spent
    # What is asked is guessed by the length of the request.
    assert 5 <= spent["prompt_tokens"] <= len(body) / 2, spent
    assert row["status"] == "success" and spent["metadata"]["attempts"][0]["estimated"], spent
    assert row["cost_pico"] == round((spent["prompt_tokens"] * IN + spent["completion_tokens"] * OUT) * PICO)
