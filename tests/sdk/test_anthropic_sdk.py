"""The official `anthropic` package as a client of the native route."""

import json

import anthropic
import pydantic
import pytest

import talk
from conftest import CORPUS, MASTER_KEY, Upstream


@pytest.fixture(scope="session")
def client(gateway):
    return anthropic.Anthropic(base_url=gateway.url, api_key=MASTER_KEY, max_retries=0)


def recorded(kind, *needles):
    return [it for it in CORPUS["anthropic"] if it["kind"] == kind and it["status"] == 200 and all(needle in it["body"] for needle in needles)]


MESSAGES = [{"role": "user", "content": "hello"}]


def test_recorded_messages_come_through_untouched(client):
    for item in recorded("chat"):
        want = json.loads(item["body"])
        got = client.messages.create(model=item["id"], max_tokens=10, messages=MESSAGES)
        assert [block.type for block in got.content] == [block["type"] for block in want["content"]], item["id"]
        assert got.usage.output_tokens == want["usage"]["output_tokens"] and got.model == item["id"]


def test_recorded_streams_come_through_event_by_event(client):
    for item in recorded("chat-stream", "message_stop"):
        with client.messages.stream(model=item["id"], max_tokens=10, messages=MESSAGES) as stream:
            final = stream.get_final_message()
        lines = [json.loads(line[5:]) for line in item["body"].splitlines() if line.startswith("data:")]
        want = [event["content_block"]["type"] for event in lines if event["type"] == "content_block_start"]
        assert [block.type for block in final.content] == want, item["id"]


def test_betas_and_the_body_reach_the_provider_as_they_are(client):
    item = recorded("chat")[0]
    Upstream.seen.clear()
    client.messages.create(model=item["id"], max_tokens=10, messages=MESSAGES, metadata={"user_id": "u"}, extra_headers={"anthropic-beta": "a,b"})
    sent = Upstream.seen[-1]
    assert sent["headers"]["anthropic-beta"] == "a,b" and sent["headers"]["x-api-key"] == "k-secret"
    assert json.loads(sent["body"]) == {"model": "some-model", "max_tokens": 10, "messages": MESSAGES, "metadata": {"user_id": "u"}}


class Anything(pydantic.BaseModel, extra="allow"):
    pass


class Person(pydantic.BaseModel):
    name: str


def structured(kind):
    """Recorded answers whose text is a JSON object, with that object."""
    found = []
    for item in recorded(kind):
        if kind == "chat":
            texts = [block.get("text", "") for block in json.loads(item["body"])["content"]]
        else:
            events = [json.loads(line[5:]) for line in item["body"].splitlines() if line.startswith("data:")]
            texts = ["".join(event.get("delta", {}).get("text", "") for event in events)]
        if len(texts) == 1 and texts[0].startswith("{") and texts[0].endswith("}"):
            found.append((item["id"], json.loads(texts[0])))
    assert found
    return found


def test_recorded_structured_outputs_are_parsed_and_the_schema_reaches_the_provider(client):
    for name, want in structured("chat"):
        Upstream.seen.clear()
        got = client.messages.parse(model=name, max_tokens=10, messages=MESSAGES, output_format=Anything)
        assert got.parsed_output.model_dump() == want, name
        asked = json.loads(Upstream.seen[-1]["body"])["output_config"]["format"]
        assert asked["type"] == "json_schema" and asked["schema"]["type"] == "object"
    for name, want in structured("chat-stream"):
        with client.messages.stream(model=name, max_tokens=10, messages=MESSAGES, output_format=Anything) as stream:
            assert stream.get_final_message().parsed_output.model_dump() == want, name


def test_structured_outputs_of_a_provider_without_messages_are_parsed_too(client):
    asked = {"model": "demo", "max_tokens": 10, "messages": [{"role": "user", "content": "Ada"}], "output_format": Person}
    assert client.messages.parse(**asked).parsed_output == Person(name="Ada")
    with client.messages.stream(**asked) as stream:
        assert stream.get_final_message().parsed_output == Person(name="Ada")


def test_errors_have_anthropics_shape(client):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model="nope", max_tokens=10, messages=MESSAGES)
    assert caught.value.body["type"] == "error" and caught.value.body["error"]["type"] == "invalid_request_error"


def test_a_provider_without_messages_answers_by_chat(client):
    answer = client.messages.create(model="demo", max_tokens=10, messages=MESSAGES)
    assert answer.type == "message" and answer.content[0].type == "text" and answer.stop_reason == "end_turn"
    with client.messages.stream(model="demo", max_tokens=10, messages=MESSAGES) as stream:
        final = stream.get_final_message()
    assert final.content[0].text and final.stop_reason == "end_turn"


def test_models_are_listed_and_found_in_anthropics_words(client):
    listed = {it.id: it for it in client.models.list()}
    assert listed["claude-haiku-4-5"].type == "model" and listed["claude-haiku-4-5"].max_input_tokens == 200000
    assert client.models.retrieve("gpt-4o").display_name == "gpt-4o"
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.models.retrieve("nope")
    assert caught.value.body["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("model", talk.KNOWN)
def test_the_sdk_runs_tools_by_itself_and_goes_on_with_their_results(client, model, streams):
    known, tools = talk.KNOWN[model], [anthropic.beta_tool(it) for it in talk.TOOLS]
    runner = client.beta.messages.tool_runner(model=model, max_tokens=99, messages=MESSAGES, tools=tools, stream=streams)
    final, called = talk.heard(lambda: runner.until_done())
    assert (final.content[0].text, called) == ((known.told_streamed, known.heard_streamed) if streams else (known.told, known.heard))
    # It would leave the conversation to Anthropic's servers, and is told where that cannot be.
    sent = Upstream.seen[-1]["body"].decode()
    assert talk.RESULT in sent and (MESSAGES[0]["content"] in sent) == (model != "claude-haiku-4-5")
