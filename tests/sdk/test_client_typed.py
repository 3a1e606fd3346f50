"""pydantic-ai by Google's, Mistral's and Cohere's packages; lists of answers of a class by instructor."""

import asyncio
import json

import cohere
import instructor
import openai
import pydantic_ai
import pytest
from pydantic_ai.embeddings.cohere import CohereEmbeddingModel
from pydantic_ai.embeddings.google import GoogleEmbeddingModel
from pydantic_ai.models.cohere import CohereModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.mistral import MistralModel
from pydantic_ai.providers.cohere import CohereProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.mistral import MistralProvider

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from imitation import passing
from raw import streamed
from talk import KNOWN, RESULT, TOOLS, heard
from test_budgets import House

MESSAGES = [{"role": "user", "content": "hello"}]
PYDANTIC = {
    "contents": lambda url, model, key: GoogleModel(model, provider=GoogleProvider(base_url=url, api_key=key)),
    "mistral": lambda url, model, key: MistralModel(model, provider=MistralProvider(base_url=url, api_key=key)),
}
# Mistral's package reads streamed calls of tools that come in one piece.
RUNS = [("contents", model) for model in KNOWN] + [("mistral", model) for model in ("mistral-large", "gemini-2.5-flash")]


@pytest.mark.parametrize(("kind", "model"), RUNS)
def test_pydantic_ai_s_agent_calls_its_tools_whole_and_streamed(gateway, kind, model):
    known = KNOWN[model]
    agent = pydantic_ai.Agent(PYDANTIC[kind](gateway.url, model, MASTER_KEY), tools=TOOLS, instructions="Be brief.")

    async def both():
        whole = await agent.run("Weather?")
        called = list(talk.HEARD)
        async with agent.run_stream("Weather?") as stream:
            return whole.output, called, "".join([it async for it in stream.stream_text(delta=True)])

    (whole, called, text), everything = heard(lambda: asyncio.run(both()))
    assert (whole, called, text) == (known.told, known.heard, known.told_streamed)
    assert len(everything) == len(called) + len(known.heard_streamed)
    sent = Upstream.seen[-1]["body"].decode()
    assert RESULT in sent and "Be brief." in sent


@pytest.mark.parametrize("model", KNOWN)
def test_pydantic_ai_gives_answers_of_a_class_by_google_s_package(gateway, model):
    shaped = KNOWN[model].shaped
    agent = pydantic_ai.Agent(PYDANTIC["contents"](gateway.url, model, MASTER_KEY), output_type=pydantic_ai.NativeOutput(type(shaped)))
    assert agent.run_sync("Who?").output == shaped


@pytest.mark.parametrize("kind", PYDANTIC)
def test_pydantic_ai_raises_its_own_errors(gateway, kind):
    def refused(model, key=MASTER_KEY):
        with pytest.raises(pydantic_ai.ModelHTTPError) as caught:
            pydantic_ai.Agent(PYDANTIC[kind](gateway.url, model, key)).run_sync("hello")
        return caught.value.status_code, str(caught.value.body)

    assert refused("gpt-4o", "sk-wrong-0123456789")[0] == 401
    status, body = refused("nobody")
    assert status == 400 and "model=nobody" in body


def test_pydantic_ai_asks_cohere_through_its_path(passing):
    client = cohere.AsyncClientV2(api_key=MASTER_KEY, base_url=f"{passing.gateway.url}/cohere")
    agent = pydantic_ai.Agent(CohereModel("command-a-03-2025", provider=CohereProvider(cohere_client=client)))
    content = {"role": "assistant", "content": [{"type": "text", "text": "there"}]}
    passing.provider.answer("POST", "/cohere/v2/chat", {"id": "c", "finish_reason": "COMPLETE", "message": content})
    assert agent.run_sync("hello").output == "there" and passing.provider.line("cohere") == "POST /cohere/v2/chat"


def test_pydantic_ai_embeds_by_cohere_s_package_through_its_path(passing):
    client = cohere.AsyncClientV2(api_key=MASTER_KEY, base_url=f"{passing.gateway.url}/cohere")
    model = CohereEmbeddingModel("embed-v4.0", provider=CohereProvider(cohere_client=client))
    passing.provider.answer("POST", "/cohere/v2/embed", {"id": "e", "texts": ["x"], "embeddings": {"float": [[0.5, 1.0]]}, "meta": {"billed_units": {"input_tokens": 1}}})
    made = pydantic_ai.Embedder(model).embed_query_sync("x")
    assert made.embeddings == [[0.5, 1.0]] and passing.provider.line("cohere") == "POST /cohere/v2/embed"


@pytest.mark.parametrize("model", ["gemini-embedding-001", "text-embedding-3-small", "mistral-embed"])
def test_pydantic_ai_embeds_by_google_s_package(gateway, model):
    embedder = pydantic_ai.Embedder(GoogleEmbeddingModel(model, provider=GoogleProvider(base_url=gateway.url, api_key=MASTER_KEY)))
    answer = json.loads(BY_ID[talk.MODELS[model][1]["embeddings"]]["body"])
    want = [it.get("embedding") or it["values"] for it in answer.get("data") or answer["embeddings"]]
    made = embedder.embed_documents_sync(["a", "b", "c"][: len(want)])
    assert [list(it) for it in made.embeddings] == want


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    text = '{"tasks": [{"name": "Bob", "age": 30}, {"name": "Eve", "age": 31}]}'
    piece = lambda delta, finish=None: "data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}) + "\n\n"
    pieces = [piece({"content": text[at : at + 7]}) for at in range(0, len(text), 7)]
    it = House(tmp_path_factory.mktemp("typed"), {"lists": ("lists", {"model": "groq/m"}, streamed(*pieces, piece({}, "stop"), "data: [DONE]\n\n"))})
    yield it
    assert it.gateway.stop() == 0


def test_instructor_gives_many_answers_of_a_class_one_by_one(house):
    gpt = openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    client = instructor.from_openai(gpt, mode=instructor.Mode.JSON_SCHEMA)
    people = client.chat.completions.create_iterable(model="lists", messages=MESSAGES, response_model=talk.Person)
    assert [(it.name, it.age) for it in people] == [("Bob", 30), ("Eve", 31)]
