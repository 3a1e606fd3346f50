"""The official `anthropic` package as a client of the native route."""

import json

import anthropic
import pytest

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
