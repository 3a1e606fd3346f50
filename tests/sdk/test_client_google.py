"""The official `google-genai` package as a client, before providers of four dialects."""

import asyncio
import json

import pytest
from google import genai
from google.genai import errors, types

import talk
from conftest import BY_ID, MASTER_KEY, Upstream
from talk import KNOWN, RESULT, heard

# None is the SDK's default, `v1`.
VERSIONS = [None, "v1beta"]


@pytest.fixture(scope="module")
def open_client(gateway):
    clients = []

    def build(version=None, key=MASTER_KEY):
        options = {"base_url": gateway.url, **({"api_version": version} if version else {})}
        clients.append(genai.Client(api_key=key, http_options=options))
        return clients[-1]

    yield build
    for it in clients:
        it.close()


@pytest.fixture(scope="module")
def client(open_client):
    return open_client()


def text_of(stream):
    return "".join(it.text or "" for it in stream)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", KNOWN)
def test_contents_are_generated_whole_and_streamed(open_client, model, version):
    client, known = open_client(version), KNOWN[model]
    made = client.models.generate_content(model=model, contents="hello")
    assert made.text == known.told and made.candidates[0].finish_reason == types.FinishReason.STOP
    assert (made.usage_metadata.prompt_token_count, made.usage_metadata.candidates_token_count) == known.usage
    pieces = list(client.models.generate_content_stream(model=model, contents="hello"))
    assert text_of(pieces) == known.told_streamed and len(pieces) > 1
    assert pieces[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert pieces[-1].usage_metadata.total_token_count > 0


@pytest.mark.parametrize("model", KNOWN)
def test_a_chat_calls_python_functions_and_goes_on_with_their_results(client, model):
    known = KNOWN[model]
    chat = client.chats.create(model=model, config=types.GenerateContentConfig(tools=talk.TOOLS, system_instruction="Be brief."))
    assert heard(lambda: chat.send_message("Weather?").text) == (known.told, known.heard)
    assert RESULT in Upstream.seen[-1]["body"].decode() and "Be brief." in Upstream.seen[-1]["body"].decode()
    # The question, the call, its result, the answer.
    assert [it.role for it in chat.get_history()] == ["user", "model", "user", "model"]
    fresh = client.chats.create(model=model, config=types.GenerateContentConfig(tools=talk.TOOLS))
    assert heard(lambda: text_of(fresh.send_message_stream("Weather?"))) == (known.told_streamed, known.heard_streamed)
    assert RESULT in Upstream.seen[-1]["body"].decode()


@pytest.mark.parametrize("model", KNOWN)
def test_an_answer_has_the_shape_of_a_class(client, model):
    shaped = KNOWN[model].shaped
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=type(shaped))
    assert client.models.generate_content(model=model, contents="Who?", config=config).parsed == shaped


def test_the_asynchronous_client_has_the_same(gateway):
    async def run():
        async with genai.Client(api_key=MASTER_KEY, http_options={"base_url": gateway.url}).aio as client:
            whole = await client.models.generate_content(model="claude-haiku-4-5", contents="hello")
            stream = await client.models.generate_content_stream(model="gpt-4o", contents="hello")
            return whole.text, "".join([it.text or "" async for it in stream])

    assert asyncio.run(run()) == (KNOWN["claude-haiku-4-5"].told, KNOWN["gpt-4o"].told_streamed)


def test_tokens_are_counted(client):
    few, many = (client.models.count_tokens(model="gpt-4o", contents="word " * it).total_tokens for it in (1, 500))
    assert 0 < few < many


def vectors(model, kind="embeddings"):
    answer = json.loads(BY_ID[talk.MODELS[model][1][kind]]["body"])
    return [it["values"] for it in answer["embeddings"]] if "embeddings" in answer else [it["embedding"] for it in answer["data"]]


@pytest.mark.parametrize("model", ["gemini-embedding-001", "text-embedding-3-small", "mistral-embed"])
def test_texts_are_embedded_by_any_provider(client, model):
    config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=64)
    made = client.models.embed_content(model=model, contents=["a", "b", "c"], config=config)
    assert [it.values for it in made.embeddings] == vectors(model)
    sent = json.loads(Upstream.seen[-1]["body"])
    if model == "gemini-embedding-001":
        assert [it["content"]["parts"][0]["text"] for it in sent["requests"]] == ["a", "b", "c"]
        assert {(it["taskType"], it["outputDimensionality"]) for it in sent["requests"]} == {("RETRIEVAL_QUERY", 64)}
    else:
        # What only Google's models know goes to nobody else.
        assert sent["input"] == ["a", "b", "c"] and "task_type" not in sent


def test_an_embedding_that_is_not_of_a_text_is_refused_by_name(client):
    image = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    with pytest.raises(errors.ClientError) as refused:
        client.models.embed_content(model="text-embedding-3-small", contents=[types.Content(parts=[image])])
    assert refused.value.status == "INVALID_ARGUMENT" and "requests[0].content.parts[0]" in refused.value.message


@pytest.mark.parametrize("version", VERSIONS)
def test_models_are_listed_and_found(open_client, version):
    client = open_client(version)
    listed = {it.name: it for it in client.models.list()}
    assert {f"models/{it}" for it in talk.MODELS} <= set(listed)
    assert "generateContent" in listed["models/gpt-4o"].supported_actions and listed["models/gpt-4o"].input_token_limit == 128000
    assert "embedContent" in listed["models/text-embedding-3-small"].supported_actions
    assert client.models.get(model="gemini-2.5-flash").name == "models/gemini-2.5-flash"
    with pytest.raises(errors.ClientError) as unknown:
        client.models.get(model="nobody")
    assert (unknown.value.code, unknown.value.status) == (404, "NOT_FOUND")


def test_failures_have_the_sdk_s_classes(open_client, client):
    def refused(kind, model, client=client):
        with pytest.raises(kind) as caught:
            client.models.generate_content(model=model, contents="hello")
        return caught.value.code, caught.value.status

    assert refused(errors.ClientError, "gpt-4o", open_client(key="sk-wrong-0123456789")) == (401, "UNAUTHENTICATED")
    assert refused(errors.ClientError, "nobody") == (400, "INVALID_ARGUMENT")
    assert refused(errors.ClientError, "limited") == (429, "RESOURCE_EXHAUSTED")
    assert refused(errors.ServerError, "truncated") == (500, "INTERNAL")
    with pytest.raises(errors.APIError, match="before its answer did"):
        list(client.models.generate_content_stream(model="halfstream", contents="hello"))


def test_an_action_that_the_gateway_does_not_serve_is_refused_as_google_s_are(gateway):
    status, answer, _ = gateway.post("/v1beta/models/gemini-2.5-flash:predict", {"instances": []})
    assert (status, answer["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "does not serve yet" in answer["error"]["message"]
