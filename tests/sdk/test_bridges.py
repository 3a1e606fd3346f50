"""Clients of other dialects before a provider that has chat alone, through their official SDKs."""

import json

import anthropic
import httpx
import openai
import pytest

from conftest import MASTER_KEY
from raw import body_of, streamed, whole
from test_budgets import House

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 4}}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def chunk(delta, reason=None, **more):
    return "data: " + json.dumps({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}) + "\n\n"


STREAM = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Let me "}),
    chunk({"content": "look."}),
    chunk({"tool_calls": [{**CALL, "function": {"name": "weather", "arguments": ""}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city": '}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]}),
    chunk({}, "tool_calls"),
    "data: " + json.dumps({"id": "c1", "choices": [], "usage": USAGE}) + "\n\n",
    "data: [DONE]\n\n",
]
ANSWER = {"id": "c1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Let me look.", "tool_calls": [{k: v for k, v in CALL.items() if k != "index"}]}, "finish_reason": "tool_calls"}], "usage": USAGE}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    def chat(peer):
        peer.send(streamed(*STREAM) if body_of(peer.request).get("stream") else whole(ANSWER))

    def cut(peer):
        peer.send(streamed(*STREAM[:4]))

    def limited(peer):
        peer.send(whole({"error": {"message": "slow down"}}, status=429, retry_after="7"))

    model = {"model": "groq/m"}
    it = House(tmp_path_factory.mktemp("bridges"), {"chat": ("chat", model, chat), "other": ("other", {"model": "azure_ai/mistral-small"}, chat), "cut": ("cut", model, cut), "limited": ("limited", model, limited)})
    yield it
    it.gateway.stop()


def sent(house, deployment="chat"):
    return body_of(house.upstream.requests[deployment][-1])


@pytest.fixture(scope="module")
def claude(house):
    return anthropic.Anthropic(base_url=house.gateway.url, api_key=MASTER_KEY, max_retries=0)


@pytest.fixture(scope="module")
def gpt(house):
    return openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


TOOLS = [{"name": "weather", "description": "now", "input_schema": SCHEMA}]
TALK = [
    {"role": "user", "content": "Weather in Oslo?"},
    {"role": "assistant", "content": [{"type": "text", "text": "Looking."}, {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}]},
]


def test_a_client_of_messages_has_its_tools_called(house, claude):
    made = claude.messages.create(model="chat", max_tokens=50, system="Be brief.", tools=TOOLS, messages=TALK, stop_sequences=["END"])
    assert [it.type for it in made.content] == ["text", "tool_use"] and made.stop_reason == "tool_use"
    assert made.content[1].input == {"city": "Oslo"} and made.model == "chat"
    assert (made.usage.input_tokens, made.usage.cache_read_input_tokens, made.usage.output_tokens) == (7, 4, 7)
    asked = sent(house)
    assert [it["role"] for it in asked["messages"]] == ["system", "user", "assistant", "tool"] and asked["stop"] == ["END"]
    assert asked["tools"][0]["function"]["parameters"] == SCHEMA and asked["messages"][3]["content"] == "rain"
    with claude.messages.stream(model="chat", max_tokens=50, tools=TOOLS, messages=TALK[:1]) as stream:
        assert "".join(stream.text_stream) == "Let me look."
        final = stream.get_final_message()
    assert final.content[1].input == {"city": "Oslo"} and final.stop_reason == "tool_use" and final.usage.output_tokens == 7
    house.gateway.wait_for(lambda: len(house.query("SELECT 1 FROM spend_rows WHERE operation = 'messages' AND input_tokens = 11 AND output_tokens = 7")) == 2)


def test_a_model_that_lacks_its_provider_s_own_messages_is_asked_by_chat(house, claude):
    made = claude.messages.create(model="other", max_tokens=50, tools=TOOLS, messages=TALK)
    assert made.content[1].input == {"city": "Oslo"} and made.stop_reason == "tool_use"
    assert [it["role"] for it in sent(house, "other")["messages"]] == ["user", "assistant", "tool"]


def test_a_client_of_messages_counts_its_tokens(claude):
    few, many = (claude.messages.count_tokens(model="chat", messages=[{"role": "user", "content": "x " * it}]).input_tokens for it in (1, 500))
    assert 0 < few < many


def test_a_client_of_responses_has_its_tools_called(house, gpt):
    tools = [{"type": "function", "name": "weather", "parameters": SCHEMA}]
    made = gpt.responses.create(model="chat", instructions="Be brief.", input="Weather in Oslo?", tools=tools, store=False)
    assert made.status == "completed" and made.output_text == "Let me look."
    (call,) = [it for it in made.output if it.type == "function_call"]
    assert (call.name, json.loads(call.arguments), call.call_id) == ("weather", {"city": "Oslo"}, "call_1")
    assert (made.usage.input_tokens, made.usage.input_tokens_details.cached_tokens, made.usage.output_tokens) == (11, 4, 7)
    assert sent(house)["messages"][0]["content"] == "Be brief."
    kinds, text = [], ""
    with gpt.responses.stream(model="chat", input="Weather?", tools=tools, store=False) as stream:
        for event in stream:
            kinds.append(event.type)
            text += event.delta if event.type == "response.output_text.delta" else ""
        final = stream.get_final_response()
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed" and text == "Let me look."
    assert final.output[-1].arguments == '{"city": "Oslo"}'
    with pytest.raises(openai.APIStatusError) as refused:
        gpt.responses.create(model="chat", input="more", previous_response_id="resp_1")
    assert refused.value.status_code == 400 and refused.value.param == "previous_response_id"


def test_a_client_of_text_completions_is_answered(house, gpt):
    made = gpt.completions.create(model="chat", prompt="Weather in")
    assert made.object == "text_completion" and made.choices[0].text == "Let me look."
    assert "".join(it.choices[0].text for it in gpt.completions.create(model="chat", prompt="x", stream=True) if it.choices) == "Let me look."


CURSORS = [{"role": "user", "content": [{"type": "input_text", "text": "Weather in Oslo?"}]}, {"type": "function_call", "call_id": "call_0", "name": "weather", "arguments": "{}"}, {"type": "function_call_output", "call_id": "call_0", "output": "rain"}]


def test_cursor_asks_for_a_chat_as_for_a_response_and_is_answered_by_a_chat(house):
    client = openai.OpenAI(base_url=house.gateway.url + "/cursor", api_key=MASTER_KEY, max_retries=0)
    asked = {"instructions": "Be brief.", "input": CURSORS, "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}], "reasoning": {"effort": "low"}, "store": False}
    made = client.chat.completions.create(model="chat", messages=openai.omit, extra_body=asked)
    assert (made.object, made.model, made.choices[0].message.content) == ("chat.completion", "chat", "Let me look.")
    assert json.loads(made.choices[0].message.tool_calls[0].function.arguments) == {"city": "Oslo"} and made.usage.total_tokens == 18
    upstream = sent(house)
    assert [it["role"] for it in upstream["messages"]] == ["system", "user", "assistant", "tool"] and upstream["messages"][3]["content"] == "rain"
    assert upstream["tools"][0]["function"]["parameters"] == SCHEMA and not {"input", "instructions", "store"} & set(upstream)
    stream = list(client.chat.completions.create(model="chat", messages=openai.omit, stream=True, stream_options={"include_usage": True}, extra_body=asked))
    assert "".join(it.choices[0].delta.content or "" for it in stream if it.choices) == "Let me look." and stream[-1].usage.total_tokens == 18
    for body, member in (({"input": 5}, "input"), ({"input": "hi", "background": True}, "background"), ({"input": "hi", "previous_response_id": "resp_1"}, "previous_response_id"), ({}, "messages")):
        status, refused, _ = house.gateway.post("/cursor/chat/completions", {"model": "chat", **body})
        assert (status, refused["error"]["param"]) == (400, member), refused


@pytest.mark.parametrize("path", ["/cursor", "/queue"])
def test_litellms_other_paths_of_a_chat_are_a_chat(house, path):
    client = openai.OpenAI(base_url=house.gateway.url + path, api_key=MASTER_KEY, max_retries=0)
    asked = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}
    assert client.chat.completions.create(**asked).choices[0].message.content == "Let me look."
    assert sent(house)["messages"] == asked["messages"]
    assert "".join(it.choices[0].delta.content or "" for it in client.chat.completions.create(**asked, stream=True) if it.choices) == "Let me look."
    status, _, _ = house.gateway.post(f"{path}/chat/completions", asked, key="sk-wrong")
    assert status == 401


GOOGLE = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Weather in Oslo?"}]}],
    "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}],
    "generationConfig": {"maxOutputTokens": 50, "temperature": 0.5},
}


def google(house, action, version="v1beta", body=GOOGLE, model="chat", **more):
    return httpx.post(f"{house.gateway.url}/{version}/models/{model}:{action}", json=body, headers={"x-goog-api-key": MASTER_KEY}, timeout=30, **more)


@pytest.mark.parametrize("version", ["v1beta", "v1"])
def test_a_client_of_generate_content_has_its_tools_called(house, version):
    made = google(house, "generateContent", version).json()
    parts = made["candidates"][0]["content"]["parts"]
    assert parts[0]["text"] == "Let me look." and parts[1]["functionCall"]["args"] == {"city": "Oslo"}
    assert made["usageMetadata"]["promptTokenCount"] == 11 and made["usageMetadata"]["candidatesTokenCount"] == 7
    assert sent(house)["max_tokens"] == 50 or sent(house)["max_completion_tokens"] == 50
    events = google(house, "streamGenerateContent?alt=sse", version)
    assert events.headers["content-type"] == "text/event-stream"
    chunks = [json.loads(line[6:]) for line in events.text.splitlines() if line.startswith("data: ")]
    array = google(house, "streamGenerateContent", version)
    assert array.headers["content-type"] == "application/json" and len(array.json()) == len(chunks)
    for pieces in (chunks, array.json()):
        told = [part for it in pieces for candidate in it.get("candidates", []) for part in candidate.get("content", {}).get("parts", [])]
        assert "".join(it.get("text", "") for it in told) == "Let me look."
        assert [it["functionCall"]["args"] for it in told if "functionCall" in it] == [{"city": "Oslo"}]
        assert pieces[-1]["usageMetadata"]["totalTokenCount"] == 18
    assert google(house, "countTokens", version).json()["totalTokens"] > 0


def test_a_failure_is_said_in_the_client_s_dialect(house, claude, gpt):
    with pytest.raises(anthropic.RateLimitError) as slow:
        claude.messages.create(model="limited", max_tokens=5, messages=TALK[:1])
    assert slow.value.body["error"]["type"] == "rate_limit_error"
    with pytest.raises(openai.RateLimitError):
        gpt.responses.create(model="limited", input="x", store=False)
    refused = google(house, "generateContent", model="limited")
    assert refused.status_code == 429 and refused.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    unknown = google(house, "generateContent", model="nobody")
    assert unknown.status_code == 400 and unknown.json()["error"]["status"] == "INVALID_ARGUMENT"
    wrong = httpx.post(f"{house.gateway.url}/v1beta/models/chat:generateContent", json=GOOGLE, headers={"x-goog-api-key": "sk-wrong"})
    assert wrong.status_code == 401 and wrong.json()["error"]["status"] == "UNAUTHENTICATED"


def test_a_stream_that_was_cut_off_is_an_error_in_every_dialect(house, claude, gpt):
    with pytest.raises(anthropic.APIError):
        with claude.messages.stream(model="cut", max_tokens=5, messages=TALK[:1]) as stream:
            stream.until_done()
    kinds = [it.type for it in gpt.responses.create(model="cut", input="x", store=False, stream=True)]
    assert kinds[-1] == "error" and "response.completed" not in kinds
    told = google(house, "streamGenerateContent?alt=sse", model="cut").text
    assert '"error"' in told and "finishReason" not in told


def test_what_a_chat_has_no_place_for_is_refused_by_name(house, claude, gpt):
    before = len(house.upstream.requests["chat"])
    with pytest.raises(anthropic.BadRequestError, match="code_execution"):
        claude.messages.create(model="chat", max_tokens=5, messages=TALK[:1], tools=[{"type": "code_execution_20250825", "name": "code_execution"}])
    with pytest.raises(openai.BadRequestError, match="background"):
        gpt.responses.create(model="chat", input="x", background=True)
    assert len(house.upstream.requests["chat"]) == before
