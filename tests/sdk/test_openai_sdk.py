"""The official `openai` package as a client."""

import json

import openai
import pydantic
import pytest

from conftest import CORPUS, MASTER_KEY, Upstream


@pytest.fixture(scope="session")
def client(gateway):
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


def recorded(plugin, kind, *needles):
    found = [it for it in CORPUS[plugin] if it["kind"] == kind and it["status"] == 200 and all(needle in it["body"] for needle in needles)]
    assert found, (plugin, kind, needles)
    return found


def ask(client, model, **more):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello there"}], **more)


def gathered(stream):
    text, calls, finish, usage = "", {}, None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                known = calls.setdefault(call.index, {"name": "", "arguments": ""})
                known["name"] += call.function.name or ""
                known["arguments"] += call.function.arguments or ""
    return text, list(calls.values()), finish, usage


def events(body):
    lines = [line[5:].strip() for line in body.replace("\r\n", "\n").split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line and line != "[DONE]"]


def test_the_demo_model_answers_whole_and_streamed(client):
    whole = ask(client, "demo")
    assert whole.choices[0].message.content == "You said: hello there" and whole.model == "demo"
    text, _, finish, usage = gathered(ask(client, "demo", stream=True, stream_options={"include_usage": True}))
    assert (text, finish, usage.total_tokens) == ("You said: hello there", "stop", whole.usage.total_tokens)


def test_a_client_that_did_not_ask_gets_no_usage_chunk(client):
    assert gathered(ask(client, "demo", stream=True))[3] is None


def test_structured_output_is_parsed_by_the_sdk(client):
    class Person(pydantic.BaseModel):
        name: str
        age: int

    answer = client.chat.completions.parse(model="demo", messages=[{"role": "user", "content": "Ada"}], response_format=Person)
    assert answer.choices[0].message.parsed.name == "Ada"


def test_a_forced_tool_is_called(client):
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}}}
    answer = ask(client, "demo", tools=[tool], tool_choice="required")
    call = answer.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"x": "hello there"} and answer.choices[0].finish_reason == "tool_calls"


def test_every_recorded_openai_answer_is_relayed(client):
    for item in recorded("openai", "chat"):
        want, got = json.loads(item["body"]), ask(client, item["id"])
        assert got.choices[0].message.content == want["choices"][0]["message"].get("content"), item["id"]
        assert got.model == item["id"] and got.usage.total_tokens == want["usage"]["total_tokens"]


def test_every_recorded_openai_stream_is_relayed(client):
    for item in recorded("openai", "chat-stream"):
        chunks = events(item["body"])
        if "error-in-stream" in item["marks"]:
            with pytest.raises(openai.APIError):
                list(ask(client, item["id"], stream=True))
            continue
        deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices") or [] if choice.get("index", 0) == 0]
        want = "".join(delta.get("content") or "" for delta in deltas)
        stream = [c for c in ask(client, item["id"], stream=True)]
        # The audio model writes chunks without choices.
        got = "".join(choice.delta.content or "" for c in stream for choice in c.choices or [] if choice.index == 0)
        assert got == want, item["id"]
        assert {chunk.model for chunk in stream} == {item["id"]}


def test_usage_is_asked_upstream_and_the_key_never_leaves_the_header(client):
    item = recorded("openai", "chat-stream")[0]
    Upstream.seen.clear()
    gathered(ask(client, item["id"], stream=True))
    sent = Upstream.seen[-1]
    assert json.loads(sent["body"])["stream_options"] == {"include_usage": True}
    assert sent["headers"]["authorization"] == "Bearer k-secret" and b"k-secret" not in sent["body"]


def test_recorded_embeddings_come_through(client):
    for item in recorded("openai", "embeddings"):
        want = json.loads(item["body"])
        if isinstance(want["data"][0]["embedding"], str):
            continue
        got = client.embeddings.create(model=item["id"], input=["x"] * len(want["data"]), encoding_format="float")
        assert got.data[0].embedding == want["data"][0]["embedding"], item["id"]


def test_recorded_responses_come_through_whole_and_streamed(client):
    for item in recorded("openai", "responses"):
        assert client.responses.create(model=item["id"], input="x").output_text is not None
    for item in recorded("openai", "responses-stream", "response.completed"):
        kinds = [event.type for event in client.responses.create(model=item["id"], input="x", stream=True)]
        assert kinds[-1] == "response.completed", item["id"]
        assert kinds == [event["type"] for event in events(item["body"])], item["id"]


def test_anthropic_streams_reach_an_openai_client(client):
    for item in recorded("anthropic", "chat-stream", "message_stop"):
        deltas = [event.get("delta", {}) for event in events(item["body"]) if event["type"] == "content_block_delta"]
        want = "".join(delta.get("text", "") for delta in deltas)
        text, calls, finish, usage = gathered(ask(client, item["id"], stream=True, stream_options={"include_usage": True}))
        assert text == want and finish and usage.completion_tokens >= 0, item["id"]
        for call in calls:
            json.loads(call["arguments"])


def test_gemini_streams_reach_an_openai_client(client):
    for item in recorded("gemini", "chat-stream", "finishReason"):
        # Without `alt=sse` a stream is an array.
        said = json.loads(item["body"]) if item["body"].lstrip().startswith("[") else events(item["body"])
        parts = [part for event in said for part in event.get("candidates", [{}])[0].get("content", {}).get("parts", [])]
        want = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        text, calls, finish, _ = gathered(ask(client, item["id"], stream=True))
        assert text == want and finish, item["id"]
        assert len(calls) == sum("functionCall" in part for part in parts), item["id"]


def test_streams_of_compatible_providers_reach_an_openai_client(client):
    for item in recorded("openai_compatible", "chat-stream", "finish")[::20]:
        deltas = [choice["delta"] for event in events(item["body"]) for choice in event.get("choices") or []]
        text, _, finish, _ = gathered(ask(client, item["id"], stream=True))
        assert text == "".join(delta.get("content") or "" for delta in deltas) and finish, item["id"]


def test_gemini_answers_reach_an_openai_client(client):
    for item in recorded("gemini", "chat", "candidates"):
        parts = json.loads(item["body"])["candidates"][0].get("content", {}).get("parts", [])
        want = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        assert (ask(client, item["id"]).choices[0].message.content or "") == want, item["id"]


def test_upstream_errors_keep_their_class(client):
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, "limited")
    assert "litellm.RateLimitError" in caught.value.message and "slow down" in caught.value.message
    for item in CORPUS["openai"]:
        if item["kind"] == "error":
            with pytest.raises(openai.APIStatusError) as caught:
                ask(client, item["id"])
            assert caught.value.status_code in (400, 401, 403, 404, 429, 500), item["id"]


def test_an_upstream_that_breaks_is_never_a_complete_answer(client):
    for model in ("truncated", "garbage", "reset"):
        with pytest.raises(openai.InternalServerError):
            ask(client, model)
    with pytest.raises(openai.APIError) as caught:
        gathered(ask(client, "halfstream", stream=True))
    assert "before its answer was complete" in str(caught.value)


def test_a_fallback_answers_when_the_group_fails(client):
    raw = client.chat.completions.with_raw_response.create(model="saved", messages=[{"role": "user", "content": "hi"}])
    assert raw.headers["x-litellm-attempted-fallbacks"] == "1"
    assert raw.parse().choices[0].message.content == "You said: hi"


def test_unsupported_parameters_are_named(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "o3-mini", temperature=0.5, logit_bias={"1": 1})
    assert "UnsupportedParamsError" in caught.value.message and "'logit_bias'" in caught.value.message and "'temperature'" in caught.value.message


def test_models_are_listed(client):
    assert "demo" in [model.id for model in client.models.list()]
    assert client.models.retrieve("demo").id == "demo"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")


def test_a_wrong_key_is_refused(gateway):
    with pytest.raises(openai.AuthenticationError):
        ask(openai.OpenAI(base_url=gateway.url, api_key="sk-wrong-0123456789", max_retries=0), "demo")
