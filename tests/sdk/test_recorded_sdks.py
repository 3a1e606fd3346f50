"""Recorded tool calls and structured outputs through the asynchronous clients and through Node."""

import asyncio
import json
import os
import pathlib
import subprocess

import anthropic
import openai
import pydantic
import pytest

from conftest import CORPUS, MASTER_KEY

MESSAGES = [{"role": "user", "content": "hello there"}]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": True}
TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}


def recorded(plugin, kind, *needles):
    found = [it for it in CORPUS[plugin] if it["kind"] == kind and it["status"] == 200 and all(needle in it["body"] for needle in needles)]
    assert found, (plugin, kind, needles)
    return found


def events(item):
    lines = [line[5:].strip() for line in item["body"].replace("\r\n", "\n").split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line and line != "[DONE]"]


def of_whole(item):
    choice = json.loads(item["body"])["choices"][0]
    calls = [[it["function"]["name"], it["function"]["arguments"]] for it in choice["message"].get("tool_calls") or []]
    return choice["message"].get("content"), calls, choice["finish_reason"]


def of_stream(item):
    text, calls, finish, tokens = "", {}, None, None
    for chunk in events(item):
        tokens = (chunk.get("usage") or {}).get("total_tokens", tokens)
        for choice in chunk.get("choices") or []:
            if choice.get("index", 0) == 0:
                finish = choice.get("finish_reason") or finish
                text += choice["delta"].get("content") or ""
                for piece in choice["delta"].get("tool_calls") or []:
                    known = calls.setdefault(piece["index"], ["", ""])
                    known[0] += piece["function"].get("name") or ""
                    known[1] += piece["function"].get("arguments") or ""
    return text, [calls[index] for index in sorted(calls)], finish, tokens


def structured():
    """Answers whose text is a JSON object."""
    found = []
    for item in recorded("openai", "chat"):
        text = of_whole(item)[0] or ""
        if text.startswith("{") and text.endswith("}"):
            found.append((item["id"], json.loads(text)))
    assert found
    return found


def with_clients(gateway, work):
    async def run():
        openai_client = openai.AsyncOpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
        anthropic_client = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=MASTER_KEY, max_retries=0)
        async with openai_client, anthropic_client:
            return await work(openai_client, anthropic_client)

    return asyncio.run(run())


def test_recorded_tool_streams_come_at_once_through_the_async_client(gateway):
    items = recorded("openai", "chat-stream", "tool_calls")

    async def one(client, item):
        text, calls, finish, tokens = "", {}, None, None
        stream = await client.chat.completions.create(model=item["id"], messages=MESSAGES, tools=[TOOL], stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            tokens = chunk.usage.total_tokens if chunk.usage else tokens
            for choice in chunk.choices:
                if choice.index == 0:
                    finish = choice.finish_reason or finish
                    text += choice.delta.content or ""
                    for piece in choice.delta.tool_calls or []:
                        known = calls.setdefault(piece.index, ["", ""])
                        known[0] += piece.function.name or ""
                        known[1] += piece.function.arguments or ""
        return text, [calls[index] for index in sorted(calls)], finish, tokens

    async def all_of_them(client, _):
        return await asyncio.gather(*(one(client, item) for item in items))

    for item, got in zip(items, with_clients(gateway, all_of_them)):
        assert got == of_stream(item), item["id"]


def test_the_stream_helper_gathers_recorded_tool_calls(gateway):
    # The helper raises where an answer was cut at its limit of tokens, as one of them was.
    items = [item for item in recorded("openai", "chat-stream", "tool_calls") if of_stream(item)[2] == "tool_calls"]

    async def all_of_them(client, _):
        finals = []
        for item in items:
            async with client.chat.completions.stream(model=item["id"], messages=MESSAGES, tools=[TOOL]) as stream:
                finals.append(await stream.get_final_completion())
        return finals

    for item, final in zip(items, with_clients(gateway, all_of_them)):
        calls = [[it.function.name, it.function.arguments] for it in final.choices[0].message.tool_calls or []]
        assert calls == of_stream(item)[1] and final.choices[0].finish_reason == of_stream(item)[2], item["id"]


def test_recorded_structured_outputs_are_parsed(gateway):
    class Anything(pydantic.BaseModel, extra="allow"):
        pass

    async def all_of_them(client, _):
        return [await client.chat.completions.parse(model=name, messages=MESSAGES, response_format=Anything) for name, _ in structured()]

    for (name, want), got in zip(structured(), with_clients(gateway, all_of_them)):
        assert got.choices[0].message.parsed.model_dump() == want, name


def test_recorded_tool_uses_stream_to_anthropics_async_client(gateway):
    items = recorded("anthropic", "chat-stream", "tool_use", "message_stop")
    tools = [{"name": "f", "input_schema": SCHEMA}]

    async def one(client, item):
        async with client.messages.stream(model=item["id"], max_tokens=10, messages=MESSAGES, tools=tools) as stream:
            async for _ in stream:
                pass
            return await stream.get_final_message()

    async def all_of_them(_, client):
        return await asyncio.gather(*(one(client, item) for item in items))

    for item, final in zip(items, with_clients(gateway, all_of_them)):
        inputs, names, open_block = {}, {}, None
        for event in events(item):
            if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
                names[event["index"]] = event["content_block"]["name"]
                inputs[event["index"]] = ""
            if event["type"] == "content_block_delta" and event["delta"]["type"] == "input_json_delta" and event["index"] in inputs:
                inputs[event["index"]] += event["delta"]["partial_json"]
        want = [(names[index], json.loads(inputs[index] or "{}")) for index in sorted(names)]
        assert [(block.name, block.input) for block in final.content if block.type == "tool_use"] == want, item["id"]
        stops = [event["delta"]["stop_reason"] for event in events(item) if event["type"] == "message_delta"]
        assert final.stop_reason == stops[-1]


def test_a_half_answer_raises_in_both_async_clients(gateway):
    async def half(client, _):
        text = ""
        with pytest.raises(openai.APIError) as caught:
            async for chunk in await client.chat.completions.create(model="halfstream", messages=MESSAGES, stream=True):
                text += chunk.choices[0].delta.content or ""
        return text, str(caught.value)

    async def half_message(_, client):
        with pytest.raises(anthropic.APIStatusError) as caught:
            async with client.messages.stream(model="halfmessage", max_tokens=10, messages=MESSAGES) as stream:
                await stream.get_final_message()
        return caught.value

    text, error = with_clients(gateway, half)
    assert text == "half" and "before its answer was complete" in error
    assert "before its answer was complete" in str(with_clients(gateway, half_message))


def test_tokens_are_counted_by_the_provider(gateway):
    async def count(_, client):
        return await client.messages.count_tokens(model="counts", messages=MESSAGES)

    assert with_clients(gateway, count).input_tokens == 17


def node(gateway, jobs):
    script = pathlib.Path(__file__).with_name("recorded.mjs")
    environment = {**os.environ, "BASE_URL": gateway.url + "/v1", "API_KEY": MASTER_KEY}
    done = subprocess.run(["node", str(script)], input=json.dumps(jobs), env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_npm_package_reads_recorded_tools_streams_and_structures(gateway):
    wholes = recorded("openai", "chat", "tool_calls")
    streams = recorded("openai", "chat-stream", "tool_calls")
    jobs = [["whole", it["id"]] for it in wholes] + [["streamed", it["id"]] for it in streams] + [["structured", name] for name, _ in structured()]
    results = node(gateway, jobs)
    for item, got in zip(wholes, results):
        assert (got["content"], got["calls"], got["finish"]) == of_whole(item), item["id"]
    for item, got in zip(streams, results[len(wholes):]):
        assert (got["content"], got["calls"], got["finish"], got.get("tokens")) == of_stream(item), item["id"]
    for (name, want), got in zip(structured(), results[len(wholes) + len(streams):]):
        assert got["parsed"] == want, name


def test_the_npm_package_makes_errors_of_refusals_and_half_answers(gateway):
    limited, unknown, half = node(gateway, [["refused", "limited"], ["refused", "nope"], ["broken", "halfstream"]])
    assert (limited["name"], limited["status"]) == ("RateLimitError", 429) and "slow down" in limited["message"]
    assert (unknown["name"], unknown["status"]) == ("BadRequestError", 400)
    assert half["text"] == "half" and "before its answer was complete" in half["message"]
