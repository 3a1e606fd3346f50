"""Cursor asks for a chat in the words of a response: the tools of the answer are those that it gave, and what a chat has
no place for is refused, or left out and named."""

import json

import httpx
import pytest

from conftest import MASTER_KEY
from raw import body_of, streamed, whole
from test_budgets import House

LONG = "mcp.files.read_the_whole_of_a_file_that_is_somewhere_below_the_folder_of_the_project"
PATCH = "*** Begin Patch\n"
TOOLS = [
    {"type": "function", "name": LONG, "parameters": {"type": "object"}},
    {"type": "custom", "name": "apply_patch", "description": "Patches."},
    {"type": "function", "name": "weather", "parameters": {"type": "object"}},
]
ASKED = {"model": "m", "input": [{"role": "user", "content": "hi"}], "tools": TOOLS}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def calls(peer):
    """Calls every tool that it was given, by the name that it has there."""
    asked = body_of(peer.request)
    names = [it["function"]["name"] for it in asked.get("tools", [])]
    arguments = [json.dumps({"input": PATCH}) if name == "apply_patch" else '{"city": "Oslo"}' for name in names]
    if not asked.get("stream"):
        made = [{"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": arguments[at]}} for at, name in enumerate(names)]
        return peer.send(whole({"id": "c", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": made}}], "usage": USAGE}))
    deltas = [{"role": "assistant", "content": "Look:"}]
    for at, name in enumerate(names):
        half = len(arguments[at]) // 2
        deltas.append({"tool_calls": [{"index": at, "id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": ""}}]})
        deltas.extend({"tool_calls": [{"index": at, "function": {"arguments": it}}]} for it in (arguments[at][:half], arguments[at][half:]))
    events = [{"id": "c", "choices": [{"index": 0, "delta": it, "finish_reason": None}]} for it in deltas]
    events.append({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": USAGE})
    peer.send(streamed(*(f"data: {json.dumps(it)}\n\n" for it in events), "data: [DONE]\n\n"))


@pytest.fixture(scope="module", params=[False, True], ids=["refuses", "drops"])
def house(request, tmp_path_factory, data_dir):
    it = House(tmp_path_factory.mktemp("cursor"), {"m": ("m", {"model": "groq/m"}, calls)}, litellm_settings={"drop_params": request.param})
    it.drops = request.param
    yield it
    assert it.gateway.stop() == 0


def joined(pieces):
    """Calls of a stream, put together as clients do."""
    whole = {}
    for piece in pieces:
        call = whole.setdefault(piece["index"], {"id": None, "type": None, "name": "", "said": ""})
        call.update({name: piece[name] for name in ("id", "type") if piece.get(name)})
        inner = piece.get("custom") or piece["function"]
        call["name"] += inner.get("name") or ""
        call["said"] += inner.get("input" if "custom" in piece else "arguments") or ""
    return [whole[at] for at in sorted(whole)]


def test_tools_of_the_answer_are_those_that_were_given(house):
    expected = [
        {"id": "call_0", "type": "function", "name": LONG, "said": '{"city": "Oslo"}'},
        {"id": "call_1", "type": "custom", "name": "apply_patch", "said": PATCH},
        {"id": "call_2", "type": "function", "name": "weather", "said": '{"city": "Oslo"}'},
    ]
    status, told, _ = house.gateway.post("/cursor/chat/completions", ASKED)
    assert (status, told["object"]) == (200, "chat.completion"), told
    made = told["choices"][0]["message"]["tool_calls"]
    assert joined([{"index": at, **it} for at, it in enumerate(made)]) == expected
    sent = body_of(house.upstream.requests["m"][-1])["tools"]
    assert all(len(it["function"]["name"]) <= 64 for it in sent) and [it["type"] for it in sent] == ["function"] * 3
    events = httpx.post(f"{house.gateway.url}/cursor/chat/completions", json={**ASKED, "stream": True}, headers={"authorization": f"Bearer {MASTER_KEY}"}, timeout=30)
    lines = [line.removeprefix("data: ") for line in events.text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    choices = [json.loads(it)["choices"][0] for it in lines]
    assert "".join(it["delta"].get("content") or "" for it in choices) == "Look:" and choices[-1]["finish_reason"] == "tool_calls"
    assert joined([piece for it in choices for piece in it["delta"].get("tool_calls", [])]) == expected
    # What was said before is said with them too.
    history = [{"type": "function_call", "call_id": "a", "name": LONG, "arguments": "{}"}, {"type": "function_call_output", "call_id": "a", "output": "rain"}]
    assert house.gateway.post("/cursor/chat/completions", {**ASKED, "input": [*ASKED["input"], *history]})[0] == 200
    asked = body_of(house.upstream.requests["m"][-1])
    assert asked["messages"][1]["tool_calls"][0]["function"]["name"] == asked["tools"][0]["function"]["name"]


def test_what_a_chat_has_no_place_for_is_refused_or_left_out_as_the_config_says(house):
    asked = {**ASKED, "truncation": "auto"}
    status, _, headers = house.gateway.post("/cursor/chat/completions", asked)
    assert (status, headers["x-sluice-dropped-params"]) == (200, "truncation")
    asked["tools"] = [{"type": "file_search"}, *TOOLS]
    status, told, headers = house.gateway.post("/cursor/chat/completions", asked)
    if house.drops:
        assert (status, headers["x-sluice-dropped-params"]) == (200, "tools[0], truncation"), told
    else:
        assert (status, told["error"]["param"]) == (400, "tools[0]"), told
    # What the request says goes before it.
    status, told, headers = house.gateway.post("/cursor/chat/completions", {**asked, "drop_params": not house.drops})
    assert status == (400 if house.drops else 200), told
    assert headers.get("x-sluice-dropped-params") == (None if house.drops else "tools[0], truncation")
