"""Frameworks for agents and for typed answers: pydantic-ai, OpenAI's agents, instructor; before providers
of four dialects."""

import asyncio
import json

import agents
import anthropic
import instructor
import openai
import pydantic
import pydantic_ai
import pytest
from instructor.core import InstructorRetryException
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

import talk
from conftest import MASTER_KEY, Upstream
from talk import KNOWN, RESULT, TOOLS, heard

MESSAGES = [{"role": "user", "content": "hello"}]

PYDANTIC = {
    "chat": lambda url, model, key: OpenAIChatModel(model, provider=OpenAIProvider(base_url=url + "/v1", api_key=key)),
    "responses": lambda url, model, key: OpenAIResponsesModel(model, provider=OpenAIProvider(base_url=url + "/v1", api_key=key)),
    "messages": lambda url, model, key: AnthropicModel(model, provider=AnthropicProvider(base_url=url, api_key=key)),
}


@pytest.fixture()
def pydantic_model(gateway):
    return lambda kind, model, key=MASTER_KEY: PYDANTIC[kind](gateway.url, model, key)


def streams(kind, model):
    """It asks Anthropic's large models for streams, also where a whole answer is wanted."""
    return kind == "messages" and model == "claude-haiku-4-5"


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("kind", PYDANTIC)
def test_pydantic_ai_s_agent_calls_its_tools_whole_and_streamed(pydantic_model, kind, model):
    known = talk.known(model, kind == "responses")
    agent = pydantic_ai.Agent(pydantic_model(kind, model), tools=TOOLS, instructions="Be brief.")

    async def both():
        whole = await agent.run("Weather?")
        called = list(talk.HEARD)
        async with agent.run_stream("Weather?") as stream:
            text = "".join([it async for it in stream.stream_text(delta=True)])
        return whole, called, text, stream.usage

    (whole, called, text, usage), everything = heard(lambda: asyncio.run(both()))
    assert whole.output == (known.told_streamed if streams(kind, model) else known.told)
    assert called == (known.heard_streamed if streams(kind, model) else known.heard)
    assert text == known.told_streamed and len(everything) == len(called) + len(known.heard_streamed)
    assert usage.requests == 2 and usage.tool_calls == len(known.heard_streamed)
    sent = Upstream.seen[-1]["body"].decode()
    assert RESULT in sent and "Be brief." in sent


@pytest.mark.parametrize(("kind", "model"), [(kind, model) for kind in ("chat", "responses") for model in KNOWN] + [("messages", "claude-haiku-4-5")])
def test_pydantic_ai_gives_answers_of_a_class(pydantic_model, kind, model):
    known = talk.known(model, kind == "responses")
    shaped = known.shaped_streamed if streams(kind, model) else known.shaped
    agent = pydantic_ai.Agent(pydantic_model(kind, model), output_type=pydantic_ai.NativeOutput(type(shaped)))
    assert agent.run_sync("Who?").output == shaped


def test_pydantic_ai_embeds_and_counts(gateway, pydantic_model):
    model = OpenAIEmbeddingModel("text-embedding-3-small", provider=OpenAIProvider(base_url=gateway.url + "/v1", api_key=MASTER_KEY))
    assert len(pydantic_ai.Embedder(model).embed_query_sync("x").embeddings[0]) == 1536
    agent = pydantic_ai.Agent(pydantic_model("messages", "counts"))
    with pytest.raises(pydantic_ai.UsageLimitExceeded, match="17"):
        agent.run_sync("hi", usage_limits=pydantic_ai.UsageLimits(input_tokens_limit=16, count_tokens_before_request=True))


@pytest.mark.parametrize("kind", PYDANTIC)
def test_pydantic_ai_raises_its_own_errors(pydantic_model, kind):
    def refused(model, key=MASTER_KEY):
        with pytest.raises(pydantic_ai.ModelHTTPError) as caught:
            pydantic_ai.Agent(pydantic_model(kind, model, key)).run_sync("hello")
        return caught.value.status_code, str(caught.value.body)

    assert refused("gpt-4o", "sk-wrong-0123456789")[0] == 401
    status, body = refused("nobody")
    assert status == 400 and "model=nobody" in body

    async def half():
        async with pydantic_ai.Agent(pydantic_model(kind, "halfstream")).run_stream("hello") as stream:
            return await stream.get_output()

    with pytest.raises(pydantic_ai.AgentRunError, match="before its answer"):
        asyncio.run(half())


OPENAI_AGENTS = {"chat": agents.OpenAIChatCompletionsModel, "responses": agents.OpenAIResponsesModel}


@pytest.fixture()
def agent(gateway):
    # Its traces would go to OpenAI.
    agents.set_tracing_disabled(True)

    def build(kind, model, key=MASTER_KEY, **more):
        client = openai.AsyncOpenAI(base_url=gateway.url + "/v1", api_key=key, max_retries=0)
        return agents.Agent(name="forecaster", instructions="Be brief.", model=OPENAI_AGENTS[kind](model, openai_client=client), **more)

    return build


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("kind", OPENAI_AGENTS)
def test_openai_s_agents_call_their_tools_whole_and_streamed(agent, kind, model):
    known = talk.known(model, kind == "responses")
    asked = agent(kind, model, tools=[agents.function_tool(it) for it in TOOLS])

    async def both():
        whole = (await agents.Runner.run(asked, "Weather?")).final_output
        called = list(talk.HEARD)
        run = agents.Runner.run_streamed(asked, "Weather?")
        deltas = [it.data.delta async for it in run.stream_events() if it.type == "raw_response_event" and it.data.type == "response.output_text.delta"]
        return whole, called, "".join(deltas), run.final_output

    (whole, called, text, final), everything = heard(lambda: asyncio.run(both()))
    assert (whole, called) == (known.told, known.heard)
    assert text.endswith(final) and final == known.told_streamed and len(everything) == len(called) + len(known.heard_streamed)
    sent = Upstream.seen[-1]["body"].decode()
    assert RESULT in sent and "Be brief." in sent


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("kind", OPENAI_AGENTS)
def test_openai_s_agents_give_answers_of_a_class(agent, kind, model):
    shaped = talk.known(model, kind == "responses").shaped
    assert agents.Runner.run_sync(agent(kind, model, output_type=type(shaped)), "Who?").final_output == shaped


@pytest.mark.parametrize("kind", OPENAI_AGENTS)
def test_openai_s_agents_raise_the_errors_of_openai(agent, kind):
    with pytest.raises(openai.AuthenticationError):
        agents.Runner.run_sync(agent(kind, "gpt-4o", "sk-wrong-0123456789"), "hello")
    with pytest.raises(openai.BadRequestError, match="model=nobody"):
        agents.Runner.run_sync(agent(kind, "nobody"), "hello")

    async def half():
        async for _ in agents.Runner.run_streamed(agent(kind, "halfstream"), "hello").stream_events():
            pass

    with pytest.raises((openai.APIError, agents.AgentsException), match="before its answer"):
        asyncio.run(half())


@pytest.fixture(scope="module")
def gpt(gateway):
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


@pytest.fixture(scope="module")
def claude(gateway):
    return anthropic.Anthropic(base_url=gateway.url, api_key=MASTER_KEY, max_retries=0)


@pytest.mark.parametrize("model", KNOWN)
def test_instructor_gives_answers_of_a_class_and_parts_of_it_on_the_way(gpt, model):
    client, known = instructor.from_openai(gpt, mode=instructor.Mode.JSON_SCHEMA), KNOWN[model]
    made = client.chat.completions.create(model=model, messages=MESSAGES, response_model=type(known.shaped), max_retries=0)
    assert made.model_dump() == known.shaped.model_dump()
    parts = list(client.chat.completions.create_partial(model=model, messages=MESSAGES, response_model=type(known.shaped_streamed), max_retries=0))
    assert parts[-1].model_dump() == known.shaped_streamed.model_dump()


@pytest.mark.parametrize("model", KNOWN)
def test_instructor_gives_answers_of_a_class_by_tools(gpt, claude, model):
    # The name of the tool that the recordings call.
    place = pydantic.create_model("get_weather", location=(str, ""), city=(str, ""))
    want = {"location": "", "city": "", **KNOWN[model].heard[0]}
    by_chat = instructor.from_openai(gpt).chat.completions.create(model=model, messages=MESSAGES, response_model=place, max_retries=0)
    by_messages = instructor.from_anthropic(claude).messages.create(model=model, max_tokens=99, messages=MESSAGES, response_model=place, max_retries=0)
    assert by_chat.model_dump() == want and by_messages.model_dump() == want
    sent = json.loads(Upstream.seen[-1]["body"])
    assert "get_weather" in json.dumps(sent.get("tool_choice") or sent["toolConfig"])


def test_instructor_asks_again_with_what_was_wrong(gpt):
    class Crowd(talk.Greeting):
        word_count: int = pydantic.Field(ge=1000)

    before = len(Upstream.seen)
    with pytest.raises(InstructorRetryException) as caught:
        instructor.from_openai(gpt, mode=instructor.Mode.JSON_SCHEMA).chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Crowd, max_retries=2)
    assert caught.value.n_attempts == len(Upstream.seen) - before > 1
    assert "greater than or equal to 1000" in Upstream.seen[-1]["body"].decode()


def test_instructor_raises_its_own_error_with_ours_in_it(gateway):
    for key, model, words in (("sk-wrong-0123456789", "gpt-4o", "401"), (MASTER_KEY, "nobody", "model=nobody")):
        client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=key, max_retries=0)
        with pytest.raises(InstructorRetryException, match=words):
            instructor.from_openai(client).chat.completions.create(model=model, messages=MESSAGES, response_model=talk.Person, max_retries=0)
