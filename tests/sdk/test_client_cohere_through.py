"""Cohere's package through `/cohere`, in both versions of its API."""

import cohere
import pytest

from batch_rig import lines
from conftest import MASTER_KEY
from imitation import passing

MESSAGES = [{"role": "user", "content": "hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
USAGE = {"billed_units": {"input_tokens": 10, "output_tokens": 20}, "tokens": {"input_tokens": 10, "output_tokens": 20}}
CALL = {"id": "weather_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}


@pytest.fixture(scope="module")
def provider(passing):
    return passing.provider


@pytest.fixture(scope="module")
def client(passing):
    return cohere.ClientV2(api_key=MASTER_KEY, base_url=f"{passing.gateway.url}/cohere")


@pytest.fixture(scope="module")
def old(passing):
    return cohere.Client(api_key=MASTER_KEY, base_url=f"{passing.gateway.url}/cohere")


def said(content, finish="COMPLETE"):
    return {"id": "c", "finish_reason": finish, "message": {"role": "assistant", **content}, "usage": USAGE}


def test_chats_pass_whole_and_streamed(client, provider):
    provider.answer("POST", "/cohere/v2/chat", said({"content": [{"type": "text", "text": "there"}]}))
    made = client.chat(model="command-a-03-2025", messages=MESSAGES)
    assert made.message.content[0].text == "there" and made.usage.billed_units.output_tokens == 20
    assert provider.line("cohere") == "POST /cohere/v2/chat" and provider.asked[-1].json()["messages"] == MESSAGES
    delta = lambda text: {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}
    provider.stream(
        "/cohere/v2/chat",
        {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
        delta("the"),
        delta("re"),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}},
        named=True,
    )
    events = list(client.chat_stream(model="command-a-03-2025", messages=MESSAGES))
    assert "".join(it.delta.message.content.text for it in events if it.type == "content-delta") == "there"
    assert events[-1].delta.usage.billed_units.output_tokens == 20 and provider.asked[-1].json()["stream"] is True


def test_tools_are_called_and_gone_on_from(client, provider):
    provider.answer("POST", "/cohere/v2/chat", said({"tool_plan": "I look.", "tool_calls": [CALL]}, "TOOL_CALL"))
    asked = client.chat(model="command-a-03-2025", messages=MESSAGES, tools=TOOLS)
    (call,) = asked.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Oslo"}')
    assert provider.last("cohere").json()["tools"] == TOOLS
    provider.answer("POST", "/cohere/v2/chat", said({"content": [{"type": "text", "text": "sunny"}]}))
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    made = client.chat(model="command-a-03-2025", messages=[*MESSAGES, asked.message, result], tools=TOOLS)
    sent = provider.last("cohere").json()["messages"]
    assert made.message.content[0].text == "sunny" and sent[1]["tool_calls"] == [CALL] and sent[2] == result


def test_chats_of_the_first_version_pass_whole_and_streamed(old, provider):
    answer = {"text": "there", "generation_id": "g", "finish_reason": "COMPLETE", "meta": {"billed_units": USAGE["billed_units"]}}
    provider.answer("POST", "/cohere/v1/chat", answer)
    assert old.chat(model="command-r", message="hello").text == "there"
    assert provider.line("cohere") == "POST /cohere/v1/chat" and provider.asked[-1].json()["message"] == "hello"
    events = [{"event_type": "stream-start", "generation_id": "g"}, {"event_type": "text-generation", "text": "there"}, {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": answer}]
    # It reads lines of JSON, and no events.
    provider.answer("POST", "/cohere/v1/chat", lines(*events), content_type="application/stream+json")
    told = list(old.chat_stream(model="command-r", message="hello"))
    assert [it.event_type for it in told] == [it["event_type"] for it in events] and told[1].text == "there"


def test_texts_are_embedded_by_both_versions(client, old, provider):
    answer = {"id": "e", "response_type": "embeddings_by_type", "embeddings": {"float": [[0.5, 1.0]]}, "texts": ["hi"]}
    ask = {"model": "embed-v4.0", "texts": ["hi"], "input_type": "search_query", "embedding_types": ["float"]}
    for version, it in (("v2", client), ("v1", old)):
        provider.answer("POST", f"/cohere/{version}/embed", answer)
        assert it.embed(**ask).embeddings.float_ == [[0.5, 1.0]]
        assert provider.line("cohere") == f"POST /cohere/{version}/embed" and provider.asked[-1].json()["texts"] == ["hi"]


def test_documents_are_ranked(client, provider):
    provider.answer("POST", "/cohere/v2/rerank", {"id": "r", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}})
    assert client.rerank(model="rerank-v3.5", query="q", documents=["a", "b"]).results[0].index == 1
    assert provider.line("cohere") == "POST /cohere/v2/rerank"


def test_texts_are_cut_into_tokens_and_put_together(old, provider):
    provider.answer("POST", "/cohere/v1/tokenize", {"tokens": [1, 2], "token_strings": ["he", "llo"]})
    assert old.tokenize(text="hello", model="command-r", offline=False).tokens == [1, 2]
    assert provider.last("cohere").json() == {"text": "hello", "model": "command-r"}
    provider.answer("POST", "/cohere/v1/detokenize", {"text": "hello"})
    assert old.detokenize(tokens=[1, 2], model="command-r", offline=False).text == "hello"


def test_texts_are_classified(old, provider):
    item = {"id": "i", "input": "hi", "prediction": "good", "predictions": ["good"], "confidence": 0.9, "confidences": [0.9], "labels": {"good": {"confidence": 0.9}}, "classification_type": "single-label"}
    provider.answer("POST", "/cohere/v1/classify", {"id": "c", "classifications": [item]})
    assert old.classify(model="mine-ft", inputs=["hi"]).classifications[0].prediction == "good"
    assert provider.line("cohere") == "POST /cohere/v1/classify"


def test_models_are_listed(client, provider):
    provider.answer("GET", "/cohere/v1/models", {"models": [{"name": "command-r", "context_length": 128000}]})
    assert [it.name for it in client.models.list().models] == ["command-r"]
    provider.answer("GET", "/cohere/v1/models/command-r", {"name": "command-r"})
    assert client.models.get("command-r").name == "command-r" and provider.line("cohere") == "GET /cohere/v1/models/command-r"


# The request, what Cohere answers, how the SDK asks, and what it then has.
KEPT = {
    "GET /cohere/v1/datasets": ({"datasets": []}, lambda it: it.datasets.list().datasets, []),
    "GET /cohere/v1/embed-jobs": ({"embed_jobs": []}, lambda it: it.embed_jobs.list().embed_jobs, []),
    "POST /cohere/v2/audio/transcriptions": ({"text": "hello there"}, lambda it: it.audio.transcriptions.create(model="m", language="en", file=("a.mp3", b"ID3")).text, "hello there"),
}


@pytest.mark.parametrize("line", KEPT)
def test_what_cohere_keeps_and_hears_passes_through(client, provider, line):
    answer, ask, want = KEPT[line]
    provider.answer(*line.split(" "), answer)
    assert ask(client) == want and provider.line("cohere") == line


def test_a_refusal_of_coheres_has_the_sdks_class(client, provider):
    provider.answer("POST", "/cohere/v2/chat", {"id": "x", "message": "no such model"}, 404)
    with pytest.raises(cohere.NotFoundError) as refused:
        client.chat(model="nobody", messages=MESSAGES, request_options={"max_retries": 0})
    assert refused.value.body["message"] == "no such model"
