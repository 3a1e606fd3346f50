"""Requests as Claude Code, Codex and Gemini CLI write them (`host/bridges/fixtures`), through the running gateway: before
the provider that they were written for, and before one that has chat alone."""

import json

import anthropic
import httpx
import openai
import pytest

from conftest import MASTER_KEY, ROOT
from raw import body_of, streamed
from test_budgets import House

FIXTURES = ROOT / "host" / "bridges" / "fixtures"
CLAUDE_CODE, CODEX, GEMINI_CLI = (json.loads((FIXTURES / f"{name}.json").read_text()) for name in ("claude_code", "codex", "gemini_cli"))
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
# What a model says to a tool; nothing to all others.
ARGUMENTS = {"apply_patch": {"input": "*** Begin Patch"}, "local_shell": {"command": ["ls"]}, "exec_command": {"cmd": "ls"}}


def sse(*events):
    named = [f"event: {it['type']}\n" if "type" in it else "" for it in events]
    return [f"{name}data: {json.dumps(it)}\n\n" for name, it in zip(named, events, strict=True)]


def messages(peer):
    """Anthropic: a thought, a text, a tool."""
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 11, "output_tokens": 1}}
    block = lambda at, begin, *deltas: [{"type": "content_block_start", "index": at, "content_block": begin}, *({"type": "content_block_delta", "index": at, "delta": it} for it in deltas), {"type": "content_block_stop", "index": at}]
    peer.send(streamed(*sse(
        {"type": "message_start", "message": start},
        *block(0, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "EqoB"}),
        *block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Let me "}, {"type": "text_delta", "text": "look."}),
        *block(2, {"type": "tool_use", "id": "toolu_9", "name": "Bash", "input": {}}, {"type": "input_json_delta", "partial_json": '{"command": '}, {"type": "input_json_delta", "partial_json": '"ls"}'}),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )))


def responses(peer):
    """OpenAI: a tool of the client's own kind."""
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_9", "name": "apply_patch", "input": "*** Begin Patch", "status": "completed"}
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18, "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    events = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "input": "", "status": "in_progress"}},
        {"type": "response.custom_tool_call_input.delta", "output_index": 0, "item_id": "ctc_1", "delta": "*** Begin Patch"},
        {"type": "response.custom_tool_call_input.done", "output_index": 0, "item_id": "ctc_1", "input": "*** Begin Patch"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [item], "usage": usage}},
    ]
    peer.send(streamed(*sse(*({**it, "sequence_number": at} for at, it in enumerate(events)))))


def contents(peer):
    """Google: a tool, with what its thoughts are signed by."""
    part = {"functionCall": {"name": "list_directory", "args": {"path": "/"}}, "thoughtSignature": "CoQB"}
    peer.send(streamed(*sse({
        "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}], "responseId": "g_1", "modelVersion": "gemini-2.5-pro",
        "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}})))


def chat(peer):
    """Thinks, and calls every tool that it was told of."""
    names = [it["function"]["name"] for it in body_of(peer.request)["tools"]]
    calls = [{"index": at, "id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(ARGUMENTS.get(name, {}))}} for at, name in enumerate(names)]
    piece = lambda delta, reason=None: {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    events = [piece({"role": "assistant", "content": "Let me look."}), *(piece({"tool_calls": [it]}) for it in calls), piece({}, "tool_calls"), {"id": "c1", "choices": [], "usage": USAGE}]
    peer.send(streamed(*sse(*events), "data: [DONE]\n\n"))


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    it = House(tmp_path_factory.mktemp("cli"), {
        "own-claude": ("claude-sonnet-4-5", {"model": "anthropic/claude-sonnet-4-5"}, messages),
        "own-codex": ("gpt-5-codex", {"model": "openai/gpt-5-codex"}, responses),
        "own-gemini": ("gemini-2.5-pro", {"model": "gemini/gemini-2.5-pro"}, contents),
        "chat": ("chat", {"model": "groq/m"}, chat),
    })
    yield it
    assert it.gateway.stop() == 0


def sent(house, deployment):
    return body_of(house.upstream.requests[deployment][-1])


def paid(house, deployment, operation):
    """Every call is in the books, in its own operation and with the tokens of its provider."""
    sql = "SELECT 1 FROM spend_rows WHERE deployment = ? AND operation = ? AND input_tokens = 11 AND output_tokens = 7"
    house.gateway.wait_for(lambda: house.query(sql, deployment, operation))


def roles(asked):
    return [it["role"] for it in asked["messages"]]


def is_paired(asked):
    """Every result answers a call of the message before, and every call is answered."""
    open_calls = []
    for message in asked["messages"]:
        if message["role"] == "tool":
            open_calls.remove(message["tool_call_id"])
        else:
            assert not open_calls, message
            open_calls = [it["id"] for it in message.get("tool_calls") or []]
    return not open_calls


def claude_code(house, model):
    """Its SDK, its header of betas."""
    client = anthropic.Anthropic(base_url=house.gateway.url, api_key=MASTER_KEY, max_retries=0)
    asked = {name: it for name, it in CLAUDE_CODE.items() if name not in ("stream", "temperature")}
    more = {"temperature": CLAUDE_CODE["temperature"]}
    with client.beta.messages.stream(**{**asked, "model": model}, extra_body=more, betas=["claude-code-20250219", "context-management-2025-06-27"]) as stream:
        return stream.get_final_message()


def test_claude_code_reaches_anthropics_models_as_it_wrote(house):
    made = claude_code(house, "claude-sonnet-4-5")
    assert [it.type for it in made.content] == ["thinking", "text", "tool_use"] and made.stop_reason == "tool_use"
    assert (made.content[0].thinking, made.content[0].signature, made.content[1].text, made.content[2].input) == ("hm", "EqoB", "Let me look.", {"command": "ls"})
    asked = sent(house, "own-claude")
    for name in ("system", "messages", "thinking", "metadata", "context_management", "max_tokens", "temperature", "stream"):
        assert asked[name] == CLAUDE_CODE[name], name
    assert [it["input_schema"] for it in asked["tools"]] == [it["input_schema"] for it in CLAUDE_CODE["tools"]]
    top = house.upstream.requests["own-claude"][-1].partition(b"\r\n\r\n")[0].lower()
    assert b"context-management-2025-06-27" in top and MASTER_KEY.encode() not in top
    paid(house, "own-claude", "messages")


def test_claude_code_works_before_a_provider_of_chat(house):
    made = claude_code(house, "chat")
    # The long name of a tool is the client's own again.
    assert [it.name for it in made.content if it.type == "tool_use"] == [it["name"] for it in CLAUDE_CODE["tools"]]
    assert made.content[0].text == "Let me look." and made.stop_reason == "tool_use" and made.usage.output_tokens == 7
    asked = sent(house, "chat")
    assert roles(asked) == ["system", "user", "assistant", "tool", "tool", "user", "assistant", "tool", "user"] and is_paired(asked)
    assert asked["messages"][4]["content"] == "Error: File does not exist."
    assert asked["messages"][8]["content"][1]["image_url"]["url"] == "data:image/png;base64,AAAA"
    assert all(len(it["function"]["name"]) <= 64 for it in asked["tools"])
    paid(house, "chat", "messages")


def codex(house, model):
    """The last event of its stream."""
    client = openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    asked = {name: it for name, it in CODEX.items() if name != "client_metadata"}
    events = list(client.responses.create(**{**asked, "model": model}, extra_body={"client_metadata": CODEX["client_metadata"]}))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    return events[-1].response


def test_codex_reaches_openais_models_as_it_wrote(house):
    made = codex(house, "gpt-5-codex")
    (call,) = made.output
    assert (call.type, call.name, call.input) == ("custom_tool_call", "apply_patch", "*** Begin Patch")
    asked = sent(house, "own-codex")
    assert {**asked, "model": CODEX["model"]} == CODEX
    paid(house, "own-codex", "responses")


def test_codex_works_before_a_provider_of_chat_and_gets_its_own_tools_back(house):
    made = codex(house, "chat")
    calls = [it for it in made.output if it.type != "message"]
    assert [it.type for it in calls] == ["function_call", "custom_tool_call", "local_shell_call", "function_call"]
    assert json.loads(calls[0].arguments) == {"cmd": "ls"} and calls[1].input == "*** Begin Patch" and calls[2].action.command == ["ls"]
    assert (calls[3].name, calls[3].namespace) == ("search", "mcp__docs")
    asked = sent(house, "chat")
    assert roles(asked) == ["system", "system", "user", "user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "tool", "user"] and is_paired(asked)
    assert [it["function"]["name"] for it in asked["tools"]] == ["exec_command", "apply_patch", "local_shell", "mcp__docs__search"]
    paid(house, "chat", "responses")


def gemini_cli(house, model):
    """The parts that it is streamed."""
    path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
    answer = httpx.post(house.gateway.url + path, json=GEMINI_CLI, headers={"x-goog-api-key": MASTER_KEY}, timeout=30)
    assert answer.status_code == 200, answer.text
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert events[-1]["usageMetadata"]["candidatesTokenCount"] == 7
    candidates = [it for event in events for it in event.get("candidates", [])]
    assert candidates[-1]["finishReason"] == "STOP"
    return [part for it in candidates for part in it.get("content", {}).get("parts", [])]


def test_gemini_cli_reaches_googles_models_as_it_wrote(house):
    (part,) = gemini_cli(house, "gemini-2.5-pro")
    assert part["functionCall"]["args"] == {"path": "/"} and part["thoughtSignature"] == "CoQB"
    asked = sent(house, "own-gemini")
    assert asked["systemInstruction"]["parts"] == GEMINI_CLI["systemInstruction"]["parts"] and asked["contents"][:4] == GEMINI_CLI["contents"][:4]
    for name in ("temperature", "topP", "topK", "thinkingConfig"):
        assert asked["generationConfig"][name] == GEMINI_CLI["generationConfig"][name], name
    names = lambda it: [tool["name"] for tool in it["tools"][0]["functionDeclarations"]]
    assert names(asked) == names(GEMINI_CLI)
    paid(house, "own-gemini", "generate-content")


def test_gemini_cli_works_before_a_provider_of_chat(house):
    parts = gemini_cli(house, "chat")
    assert [it["functionCall"]["name"] for it in parts if "functionCall" in it] == ["list_directory", "read_file", "google_web_search"]
    assert "".join(it.get("text", "") for it in parts) == "Let me look."
    asked = sent(house, "chat")
    assert roles(asked) == ["system", "user", "assistant", "user", "assistant", "tool", "tool"] and is_paired(asked)
    assert asked["messages"][6]["content"] == "Error: no such file"
    assert asked["tools"][1]["function"]["parameters"]["properties"]["path"]["type"] == "string"
    paid(house, "chat", "generate-content")
