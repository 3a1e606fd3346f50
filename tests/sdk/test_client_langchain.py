"""LangChain's clients of three APIs, before providers of four dialects: models, agents, shapes, vectors."""

import asyncio
import json

import anthropic
import openai
import pytest
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAI, OpenAIEmbeddings

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from talk import KNOWN, RESULT, TOOLS, heard

CHATS = {
    "chat": lambda url, model, key: ChatOpenAI(model=model, base_url=url + "/v1", api_key=key, max_retries=0),
    "responses": lambda url, model, key: ChatOpenAI(model=model, base_url=url + "/v1", api_key=key, max_retries=0, use_responses_api=True),
    "azure": lambda url, model, key: AzureChatOpenAI(azure_deployment=model, azure_endpoint=url, api_version="2024-10-21", api_key=key, max_retries=0),
    "messages": lambda url, model, key: ChatAnthropic(model=model, base_url=url, api_key=key, max_retries=0),
    "contents": lambda url, model, key: ChatGoogleGenerativeAI(model=model, base_url=url, google_api_key=key, max_retries=1),
}


@pytest.fixture()
def build(gateway):
    return lambda kind, model, key=MASTER_KEY: CHATS[kind](gateway.url, model, key)


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("kind", CHATS)
def test_a_model_answers_whole_streamed_and_in_a_shape(build, kind, model):
    known, llm = talk.known(model, kind == "responses"), build(kind, model)
    made = llm.invoke("hello")
    assert made.text == known.told
    assert (made.usage_metadata["input_tokens"], made.usage_metadata["output_tokens"]) == known.usage
    assert "".join(it.text for it in llm.stream("hello")) == known.told_streamed
    assert llm.with_structured_output(type(known.shaped), method="json_schema").invoke("Who?") == known.shaped


@pytest.mark.parametrize("model", KNOWN)
@pytest.mark.parametrize("kind", CHATS)
def test_an_agent_calls_its_tools_and_goes_on_with_their_results(build, kind, model):
    known, agent = talk.known(model, kind == "responses"), create_agent(build(kind, model), TOOLS, system_prompt="Be brief.")
    asked = {"messages": [("user", "Weather?")]}
    messages, called = heard(lambda: agent.invoke(asked)["messages"])
    assert (messages[-1].text, called) == (known.told, known.heard)
    assert {it.type for it in messages[2:-1]} == {"tool"} and RESULT in Upstream.seen[-1]["body"].decode()
    streamed, called = heard(lambda: [it for it, _ in agent.stream(asked, stream_mode="messages")])
    assert ("".join(it.text for it in streamed if it.type == "AIMessageChunk").endswith(known.told_streamed), called) == (True, known.heard_streamed)


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "gemini-2.5-flash", "mistral-large"])
def test_a_text_is_gone_on_with_by_a_model_that_chats(gateway, model):
    llm = OpenAI(model=model, base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    assert llm.invoke("hello") == KNOWN[model].told and "hello" in Upstream.seen[-1]["body"].decode()
    assert "".join(llm.stream("hello")) == KNOWN[model].told_streamed


def test_an_asynchronous_model_has_the_same(build):
    async def run():
        return [it.text for it in await asyncio.gather(*(build(kind, "mistral-large").ainvoke("hello") for kind in CHATS))]

    assert asyncio.run(run()) == [KNOWN["mistral-large"].told] * len(CHATS)


def test_texts_are_embedded(gateway):
    def recorded(model):
        answer = json.loads(BY_ID[talk.MODELS[model][1]["embeddings"]]["body"])
        return [it.get("embedding") or it["values"] for it in answer.get("data") or answer["embeddings"]]

    # Else it takes texts apart by itself, with a table that it downloads.
    plain = {"check_embedding_ctx_length": False}
    ours = OpenAIEmbeddings(model="mistral-embed", base_url=gateway.url + "/v1", api_key=MASTER_KEY, **plain, model_kwargs={"encoding_format": "float"})
    assert ours.embed_documents(["a", "b", "c"]) == recorded("mistral-embed")
    for model in ("gemini-embedding-001", "text-embedding-3-small"):
        googles = GoogleGenerativeAIEmbeddings(model=model, base_url=gateway.url, google_api_key=MASTER_KEY)
        assert googles.embed_documents(["a"]) == recorded(model) and googles.embed_query("a") == recorded(model)[0]
    assert len(OpenAIEmbeddings(model="text-embedding-3-small", base_url=gateway.url + "/v1", api_key=MASTER_KEY, **plain).embed_query("a")) == 1536


def test_tokens_are_counted(build):
    assert build("messages", "counts").get_num_tokens_from_messages([HumanMessage("hi")]) == 17
    assert 0 < build("contents", "gpt-4o").get_num_tokens("hello there") < 50


ERRORS = {
    **dict.fromkeys(("chat", "azure"), (openai.AuthenticationError, openai.BadRequestError, openai.RateLimitError, openai.APIError)),
    "responses": (openai.AuthenticationError, openai.BadRequestError, openai.RateLimitError, ValueError),
    "messages": (anthropic.AuthenticationError, anthropic.BadRequestError, anthropic.RateLimitError, anthropic.APIError),
    "contents": (ChatGoogleGenerativeAIError, ChatGoogleGenerativeAIError, ChatGoogleGenerativeAIError, Exception),
}


@pytest.mark.parametrize("kind", CHATS)
def test_failures_have_the_classes_of_the_sdks_below(build, kind):
    wrong_key, unknown, limited, broken = ERRORS[kind]
    with pytest.raises(wrong_key, match="Authentication Error"):
        build(kind, "gpt-4o", "sk-wrong-0123456789").invoke("hello")
    with pytest.raises(unknown, match="model=nobody"):
        build(kind, "nobody").invoke("hello")
    with pytest.raises(limited, match="slow down"):
        build(kind, "limited").invoke("hello")
    with pytest.raises(broken, match="before its answer"):
        list(build(kind, "halfstream").stream("hello"))
