"""The official packages `mistralai` and `cohere` as clients, as far as their paths are OpenAI's or LiteLLM's."""

import asyncio
import json

import cohere
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import MistralError

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from talk import KNOWN

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def client(gateway):
    with Mistral(api_key=MASTER_KEY, server_url=gateway.url) as client:
        yield client


def pieces(stream):
    return [choice.delta for it in stream for choice in it.data.choices]


def tool(it):
    properties = {name: {"type": "string"} for name in ("location", "city", "latitude", "longitude", "query")}
    return {"type": "function", "function": {"name": it.__name__, "description": it.__doc__, "parameters": {"type": "object", "properties": properties}}}


TOOLS = [tool(it) for it in talk.TOOLS]


@pytest.mark.parametrize("model", KNOWN)
def test_mistral_s_client_chats_whole_streamed_and_in_shapes(client, model):
    known = KNOWN[model]
    made = client.chat.complete(model=model, messages=MESSAGES)
    assert made.choices[0].message.content == known.told and made.choices[0].finish_reason == "stop"
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == known.usage
    assert "".join(it.content or "" for it in pieces(client.chat.stream(model=model, messages=MESSAGES))) == known.told_streamed
    parts = client.chat.parse_stream(model=model, messages=MESSAGES, response_format=type(known.shaped_streamed))
    assert json.loads("".join(it.content or "" for it in pieces(parts))) == known.shaped_streamed.model_dump()
    parsed = client.chat.parse(model=model, messages=MESSAGES, response_format=type(known.shaped))
    assert parsed.choices[0].message.parsed == known.shaped


@pytest.mark.parametrize("model", KNOWN)
def test_mistral_s_client_goes_on_with_the_results_of_tools(client, model):
    known = KNOWN[model]
    asked = client.chat.complete(model=model, messages=MESSAGES, tools=TOOLS)
    message = asked.choices[0].message
    assert [json.loads(it.function.arguments) for it in message.tool_calls] == known.heard
    assert asked.choices[0].finish_reason == "tool_calls"
    results = [{"role": "tool", "tool_call_id": it.id, "name": it.function.name, "content": talk.RESULT} for it in message.tool_calls]
    made = client.chat.complete(model=model, messages=[*MESSAGES, message, *results], tools=TOOLS)
    assert made.choices[0].message.content == known.told
    assert talk.RESULT in Upstream.seen[-1]["body"].decode()


@pytest.mark.parametrize("model", ["mistral-large", "gemini-2.5-flash"])
def test_mistral_s_client_reads_streamed_calls_of_tools_that_come_in_one_piece(client, model):
    calls = [call for it in pieces(client.chat.stream(model=model, messages=MESSAGES, tools=TOOLS)) for call in it.tool_calls or []]
    assert [json.loads(it.function.arguments) for it in calls] == KNOWN[model].heard_streamed


def test_mistral_s_asynchronous_client_has_the_same(gateway):
    async def run():
        async with Mistral(api_key=MASTER_KEY, server_url=gateway.url) as client:
            whole = await client.chat.complete_async(model="claude-haiku-4-5", messages=MESSAGES)
            stream = await client.chat.stream_async(model="gpt-4o", messages=MESSAGES)
            return whole.choices[0].message.content, "".join([it.data.choices[0].delta.content or "" async for it in stream if it.data.choices])

    assert asyncio.run(run()) == (KNOWN["claude-haiku-4-5"].told, KNOWN["gpt-4o"].told_streamed)


def test_mistral_s_client_embeds(client):
    made = client.embeddings.create(model="mistral-embed", inputs=["a", "b", "c"])
    want = json.loads(BY_ID[talk.MODELS["mistral-embed"][1]["embeddings"]]["body"])["data"]
    assert [it.embedding for it in made.data] == [it["embedding"] for it in want]


def test_mistral_s_client_judges(client):
    judged = client.classifiers.moderate(model="judged", inputs=["I will"])
    assert judged.results[0].categories == {"violence": True} and judged.results[0].category_scores == {"violence": 0.9}


def test_mistral_s_client_raises_its_own_errors(gateway, client):
    def refused(model, client=client):
        with pytest.raises(MistralError) as caught:
            client.chat.complete(model=model, messages=MESSAGES)
        return caught.value.status_code, json.loads(caught.value.body)["error"]["message"]

    with Mistral(api_key="sk-wrong-0123456789", server_url=gateway.url) as stranger:
        assert refused("gpt-4o", stranger)[0] == 401
    assert refused("nobody") == (400, "litellm.BadRequestError: You passed in model=nobody. There are no healthy deployments for this model")
    status, message = refused("limited")
    assert status == 429 and "slow down" in message
    assert refused("truncated")[0] == 500
    with pytest.raises(MistralError):
        pieces(client.chat.stream(model="halfstream", messages=MESSAGES))


DOCUMENTS = ["Carson City", "Saipan", "Washington", "Capital punishment"]


def test_cohere_s_client_ranks_by_both_versions(gateway):
    for client in (cohere.ClientV2(api_key=MASTER_KEY, base_url=gateway.url), cohere.Client(api_key=MASTER_KEY, base_url=gateway.url)):
        ranked = client.rerank(model="rerank-v3.5", query="What is the capital?", documents=DOCUMENTS, top_n=3)
        assert [(it.index, it.relevance_score) for it in ranked.results] == [(2, 0.98005307), (3, 0.27904198), (0, 0.10194652)]
        assert ranked.meta.billed_units.search_units == 1
        sent = json.loads(Upstream.seen[-1]["body"])
        assert (sent["documents"], sent["top_n"], sent["model"]) == (DOCUMENTS, 3, "rerank-v3.5")


def test_cohere_s_asynchronous_client_has_the_same(gateway):
    async def run():
        async with cohere.AsyncClientV2(api_key=MASTER_KEY, base_url=gateway.url) as client:
            return (await client.rerank(model="rerank-v3.5", query="?", documents=DOCUMENTS)).results[0].index

    assert asyncio.run(run()) == 2


def test_cohere_s_client_raises_its_own_errors(gateway):
    def refused(kind, model, key=MASTER_KEY):
        with pytest.raises(kind) as caught:
            cohere.ClientV2(api_key=key, base_url=gateway.url).rerank(model=model, query="?", documents=DOCUMENTS)
        return caught.value.body["error"]["message"]

    assert "Authentication Error" in refused(cohere.UnauthorizedError, "rerank-v3.5", "sk-wrong-0123456789")
    assert "model=nobody" in refused(cohere.BadRequestError, "nobody")
    assert "has no `rerank`" in refused(cohere.BadRequestError, "gpt-4o")
