"""Tools and a class for the answer in one request: the tools are called, and what comes of them has the shape."""

import json

import agents
import pydantic_ai
import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy

import talk
from conftest import Upstream
from talk import RESULT, TOOLS, TYPED_WITH_TOOLS, heard
from test_client_agents import agent, gpt, pydantic_model, streams
from test_client_langchain import build

# Who asks by which API; by Anthropic's and by Google's, frameworks want to know the model.
PAIRS = [(kind, model) for kind in ("chat", "responses") for model in TYPED_WITH_TOOLS]


def asked_for_both(since):
    """Whether each request since then had tools and a shape, and the last the results of the tools."""
    sent = [json.loads(it["body"]) for it in Upstream.seen[since:]]
    return len(sent) > 1 and all(talk.shaped(it) and it["tools"] for it in sent) and RESULT in json.dumps(sent[-1])


@pytest.mark.parametrize(("kind", "model"), PAIRS)
def test_openai_s_agents(agent, kind, model):
    known, since = talk.known(model, kind == "responses"), len(Upstream.seen)
    asked = agent(kind, model, tools=[agents.function_tool(it) for it in TOOLS], output_type=type(known.shaped))
    assert heard(lambda: agents.Runner.run_sync(asked, "Weather?").final_output) == (known.shaped, known.heard)
    assert asked_for_both(since)


@pytest.mark.parametrize(("kind", "model"), [*PAIRS, ("messages", "claude-haiku-4-5")])
def test_pydantic_ai(pydantic_model, kind, model):
    known, since = talk.known(model, kind == "responses"), len(Upstream.seen)
    shaped, called = (known.shaped_streamed, known.heard_streamed) if streams(kind, model) else (known.shaped, known.heard)
    asked = pydantic_ai.Agent(pydantic_model(kind, model), tools=TOOLS, output_type=pydantic_ai.NativeOutput(type(shaped)))
    assert heard(lambda: asked.run_sync("Weather?").output) == (shaped, called)
    assert asked_for_both(since)


@pytest.mark.parametrize(("kind", "model"), [*PAIRS, ("messages", "claude-haiku-4-5")])
def test_langchain(build, kind, model):
    known, since = talk.known(model, kind == "responses"), len(Upstream.seen)
    asked = create_agent(build(kind, model), TOOLS, response_format=ProviderStrategy(type(known.shaped)))
    got, called = heard(lambda: asked.invoke({"messages": [("user", "Weather?")]})["structured_response"])
    assert (got, called) == (known.shaped, known.heard)
    assert asked_for_both(since)


@pytest.mark.parametrize("model", talk.KNOWN)
def test_openai_s_package_parses_a_response(gpt, model):
    shaped = talk.known(model, True).shaped
    made = gpt.responses.parse(model=model, input="Who?", text_format=type(shaped))
    assert made.output_parsed == shaped and talk.shaped(json.loads(Upstream.seen[-1]["body"]))
