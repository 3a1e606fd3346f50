"""instructor by OpenAI's Responses, by Google's, Mistral's and Cohere's packages, and asynchronously."""

import asyncio
import json

import anthropic
import cohere
import instructor
import openai
import pydantic
import pytest
from google import genai
from instructor import Mode
from mistralai.client import Mistral

import talk
from conftest import MASTER_KEY, Upstream
from imitation import passing
from talk import KNOWN, TYPED_WITH_TOOLS
from test_client_agents import gpt

MESSAGES = [{"role": "user", "content": "hello"}]
# The name of the tool that the recordings call.
PLACE = pydantic.create_model("get_weather", location=(str, ""), city=(str, ""))


def place(known):
    return {"location": "", "city": "", **known.heard[0]}


def googles(url, mode, **more):
    return instructor.from_genai(genai.Client(api_key=MASTER_KEY, http_options={"base_url": url}), mode=mode, **more)


def mistrals(url, mode, **more):
    return instructor.from_mistral(Mistral(api_key=MASTER_KEY, server_url=url), mode=mode, **more)


# Of each package: a client, and the mode in which it asks for a shape.
PACKAGES = {"google": (googles, Mode.JSON), "mistral": (mistrals, Mode.JSON_SCHEMA)}


@pytest.mark.parametrize("model", TYPED_WITH_TOOLS)
def test_a_response_is_asked_for_with_a_tool_and_its_shape(gpt, model):
    client = instructor.from_openai(gpt, mode=Mode.RESPONSES_TOOLS)
    made = client.responses.create(model=model, input="Weather?", response_model=PLACE, max_retries=0)
    sent = json.loads(Upstream.seen[-1]["body"])
    assert made.model_dump() == place(talk.known(model, True)) and "get_weather" in json.dumps(sent["tool_choice"])


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("package", PACKAGES)
def test_answers_of_a_class_by_the_packages_of_other_providers(gateway, package, model):
    (build, mode), known = PACKAGES[package], KNOWN[model]
    shaped = build(gateway.url, mode).create(model=model, messages=MESSAGES, response_model=type(known.shaped), max_retries=0)
    assert shaped.model_dump() == known.shaped.model_dump()
    if (package, model) == ("google", "claude-haiku-4-5"):
        # There it wants nothing beside the call, and Claude says what it is about to do.
        return
    called = build(gateway.url, Mode.TOOLS).create(model=model, messages=MESSAGES, response_model=PLACE, max_retries=0)
    assert called.model_dump() == place(known)


@pytest.mark.parametrize("model", KNOWN)
def test_answers_of_a_class_come_asynchronously_as_well(gateway, model):
    known, open_ = KNOWN[model], {"api_key": MASTER_KEY, "max_retries": 0}
    asked = {"model": model, "messages": MESSAGES, "max_retries": 0}

    async def run():
        chats = instructor.from_openai(openai.AsyncOpenAI(base_url=gateway.url + "/v1", **open_), mode=Mode.JSON_SCHEMA)
        messages = instructor.from_anthropic(anthropic.AsyncAnthropic(base_url=gateway.url, **open_))
        shaping = [chats, *(build(gateway.url, mode, use_async=True) for build, mode in PACKAGES.values())]
        shapes = [await it.create(**asked, response_model=type(known.shaped)) for it in shaping]
        parts = [it async for it in chats.chat.completions.create_partial(**asked, response_model=type(known.shaped_streamed))]
        return shapes, parts[-1], await messages.create(**asked, max_tokens=99, response_model=PLACE)

    shapes, last, called = asyncio.run(run())
    assert [it.model_dump() for it in shapes] == [known.shaped.model_dump()] * 3
    assert last.model_dump() == known.shaped_streamed.model_dump() and called.model_dump() == place(known)


def test_cohere_is_asked_through_its_path(passing):
    client = instructor.from_cohere(cohere.ClientV2(api_key=MASTER_KEY, base_url=f"{passing.gateway.url}/cohere"))
    content = {"role": "assistant", "content": [{"type": "text", "text": '{"name": "Bob", "age": 30}'}]}
    passing.provider.answer("POST", "/cohere/v2/chat", {"id": "c", "finish_reason": "COMPLETE", "message": content})
    made = client.create(model="command-a-03-2025", messages=MESSAGES, response_model=talk.Person, max_retries=0)
    assert (made.name, made.age) == ("Bob", 30) and passing.provider.line("cohere") == "POST /cohere/v2/chat"
