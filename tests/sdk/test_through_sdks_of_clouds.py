"""Packages that their makers give for clouds (Claude on Bedrock, Vertex and Foundry, Gemini on Vertex, Azure's OpenAI) at
the gateway's pass-through paths: what they send arrives with the operator's credential, and is charged."""

import base64
import json

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from conftest import MASTER_KEY, Gateway
from test_credentials import KEYS, REGION, rsa_key, service_account, verify
from test_through import make_key, row
from test_through_providers import COST, PRICES, Clouds, amazon, last, sse

CLAUDE = "us.anthropic.claude-sonnet-4-v1:0"
USED = {"input_tokens": 10, "output_tokens": 20}
SAID = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "stop_sequence": None, "usage": USED}
EVENTS = [
    {"type": "message_start", "message": {**SAID, "content": [], "usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": it}} for it in ("the", "re")),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 20}},
    {"type": "message_stop"},
]
RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "there", "annotations": []}]}],
            "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 30}}
VECTOR = {"embeddings": {"values": [0.5, 0.25], "statistics": {"truncated": False, "token_count": 5}}}
GOOGLE = {"candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}
ASKED = {"max_tokens": 30, "messages": [{"role": "user", "content": "hi"}]}
JSON = "application/json"


class SdkClouds(Clouds):
    def claude(self, path, asked):
        if path.endswith("/invoke-with-response-stream"):
            chunks = (amazon("chunk", {"bytes": base64.b64encode(json.dumps(it).encode()).decode()}) for it in EVENTS)
            return 200, "application/vnd.amazon.eventstream", b"".join(chunks)
        return (200, "text/event-stream", sse(*EVENTS)) if asked.get("stream") else (200, JSON, SAID)

    foundry = claude

    def vertex(self, path, asked):
        if "count-tokens:rawPredict" in path:
            return 200, JSON, {"input_tokens": 7}
        if "/publishers/anthropic/" in path:
            return self.claude(path, asked)
        if ":predict" in path:
            return 200, JSON, {"predictions": [VECTOR for _ in asked["instances"]], "metadata": {"billableCharacterCount": 9}}
        if ":countTokens" in path:
            return 200, JSON, {"totalTokens": 7}
        return (200, "text/event-stream", sse(GOOGLE)) if "alt=sse" in path else (200, JSON, GOOGLE)

    def azure(self, path, asked):
        if "/embeddings" in path:
            return 200, JSON, {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 10, "total_tokens": 10}}
        if "/responses" in path:
            events = [{"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None}},
                      {"type": "response.output_text.delta", "sequence_number": 1, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "there", "logprobs": []},
                      {"type": "response.completed", "sequence_number": 2, "response": RESPONSE}]
            return (200, "text/event-stream", sse(*events)) if asked.get("stream") else (200, JSON, RESPONSE)
        if "/audio/speech" in path:
            return 200, "audio/mpeg", b"ID3" + bytes(64)
        if "/images/" in path:
            return 200, JSON, {"created": 1, "data": [{"b64_json": "AAAA"}]}
        return super().azure(path, asked)

    def up(self, name, path, sent):
        if path.partition("?")[0].endswith("/audio/transcriptions"):
            # A form.
            return 200, JSON, {"text": "hello there", "usage": {"type": "tokens", "input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}
        return super().up(name, path, sent)


@pytest.fixture(scope="module")
def clouds():
    clouds = SdkClouds()
    yield clouds
    clouds.close()


@pytest.fixture(scope="module")
def house(clouds, rsa_key, tmp_path_factory, data_dir):
    up = lambda name: f"{clouds.url}/up/{name}"
    aws = {"aws_region_name": REGION, **dict(zip(("aws_access_key_id", "aws_secret_access_key"), KEYS, strict=True))}
    vertex = {"api_base": clouds.url, "vertex_project": "vertex", "vertex_location": "us-central1", "vertex_credentials": json.dumps(service_account(clouds, "vertex", rsa_key))}
    models = {
        "gpt": {"model": "azure/mine", "api_base": up("azure"), "api_key": "k-azure-0123"},
        "sonnet": {"model": f"bedrock/{CLAUDE}", "api_base": up("claude"), **aws},
        "opus": {"model": "vertex_ai/claude-opus-4@20250514", **vertex},
        "flash": {"model": "vertex_ai/gemini-2.5-flash", **vertex},
        "vectors": {"model": "vertex_ai/text-embedding-005", **vertex},
        "haiku": {"model": "azure_ai/claude-haiku-4-5", "api_base": up("foundry"), "api_key": "k-foundry-0123"},
    }
    config = {
        "model_list": [{"model_name": name, "litellm_params": {**params, **PRICES}} for name, params in models.items()],
        "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1},
    }
    gateway = Gateway(tmp_path_factory.mktemp("clouds"), config)
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(scope="module")
def key(house):
    return make_key(house, max_budget=1)


def paid(house, call_id, provider, group, tokens=30, cost=COST):
    found = row(house, call_id)
    assert (found["call_type"], found["custom_llm_provider"], found["model_group"]) == ("pass_through_endpoint", provider, group)
    assert found["total_tokens"] == tokens and found["spend"] == pytest.approx(cost)


def claudes(house, key, model, client, provider, group):
    """A message whole and streamed, in the SDK's own classes, and what they cost."""
    raw = client.messages.with_raw_response.create(model=model, **ASKED)
    assert raw.parse().content[0].text == "there"
    paid(house, raw.headers["x-litellm-call-id"], provider, group)
    with client.messages.stream(model=model, **ASKED) as stream:
        assert "".join(stream.text_stream) == "there"
        assert stream.get_final_message().usage.output_tokens == 20
        call_id = stream.response.headers["x-litellm-call-id"]
    paid(house, call_id, provider, group)


def test_claude_on_bedrock_is_signed_with_the_deployments_keys(house, clouds, key):
    client = anthropic.AnthropicBedrock(base_url=f"{house.url}/bedrock", api_key=key, aws_region="us-east-1", max_retries=0)
    claudes(house, key, CLAUDE, client, "bedrock", "sonnet")
    whole, streamed = clouds.called["claude"][-2:]
    assert [whole.url, streamed.url] == [f"{clouds.url}/up/claude/model/{CLAUDE}/{it}" for it in ("invoke", "invoke-with-response-stream")]
    for sent in (whole, streamed):
        verify(sent, "bedrock", KEYS)
        assert key not in str(sent) and json.loads(sent.body)["anthropic_version"]
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.AnthropicBedrock(base_url=f"{house.url}/bedrock", api_key="sk-wrong", aws_region="us-east-1", max_retries=0).messages.create(model=CLAUDE, **ASKED)


def test_claude_on_vertex_has_a_token_of_googles(house, clouds, key):
    client = anthropic.AnthropicVertex(base_url=f"{house.url}/vertex_ai/v1", access_token=key, project_id="vertex", region="us-central1", max_retries=0)
    claudes(house, key, "claude-opus-4@20250514", client, "vertex_ai", "opus")
    whole, streamed = clouds.called["vertex"][-2:]
    place = f"{clouds.url}/v1/projects/vertex/locations/us-central1/publishers/anthropic/models"
    assert [whole.url, streamed.url] == [f"{place}/claude-opus-4@20250514:{it}" for it in ("rawPredict", "streamRawPredict")]
    for sent in (whole, streamed):
        assert sent.headers["authorization"] == f"Bearer {clouds.given['vertex'][-1].token}" and key not in str(sent)
    # Counting is asked of a model that is none: it costs nothing, and goes by the model that it is about.
    limited = make_key(house, models=["opus"], max_budget=1)
    client = anthropic.AnthropicVertex(base_url=f"{house.url}/vertex_ai/v1", access_token=limited, project_id="vertex", region="us-central1", max_retries=0)
    raw = client.messages.with_raw_response.count_tokens(model="claude-opus-4@20250514", messages=ASKED["messages"])
    assert raw.parse().input_tokens == 7 and last(clouds, "vertex", limited).url == f"{place}/count-tokens:rawPredict"
    assert row(house, raw.headers["x-litellm-call-id"])["spend"] == 0
    with pytest.raises(anthropic.PermissionDeniedError):
        client.messages.count_tokens(model="claude-sonnet-4@20250514", messages=ASKED["messages"])


def test_claude_on_foundry_has_the_resources_key(house, clouds, key):
    client = anthropic.AnthropicFoundry(base_url=f"{house.url}/azure_ai/anthropic", api_key=key, max_retries=0)
    claudes(house, key, "claude-haiku-4-5", client, "azure_ai", "haiku")
    sent = last(clouds, "foundry", key)
    assert sent.url == f"{clouds.url}/up/foundry/anthropic/v1/messages" and "k-foundry-0123" in (sent.headers.get("x-api-key"), sent.headers.get("api-key"))


@pytest.fixture(scope="module")
def google(house, key):
    ids = []
    note = {"response": [lambda it: ids.append(it.headers["x-litellm-call-id"])]}
    options = types.HttpOptions(base_url=f"{house.url}/vertex_ai", httpx_client=httpx.Client(event_hooks=note, timeout=20))
    with genai.Client(vertexai=True, project="vertex", location="us-central1", credentials=Credentials(key), http_options=options) as client:
        client.ids = ids
        yield client


def test_gemini_on_vertex_generates_whole_and_streamed(house, clouds, key, google):
    place = f"{clouds.url}/v1beta1/projects/vertex/locations/us-central1/publishers/google/models/gemini-2.5-flash"
    assert google.models.generate_content(model="gemini-2.5-flash", contents="hi").text == "there"
    sent = last(clouds, "vertex", key)
    assert sent.url == f"{place}:generateContent" and sent.headers["authorization"] == f"Bearer {clouds.given['vertex'][-1].token}"
    paid(house, google.ids[-1], "vertex_ai", "flash")
    assert "".join(it.text for it in google.models.generate_content_stream(model="gemini-2.5-flash", contents="hi")) == "there"
    assert last(clouds, "vertex", key).url == f"{place}:streamGenerateContent?alt=sse"
    paid(house, google.ids[-1], "vertex_ai", "flash")
    assert google.models.count_tokens(model="gemini-2.5-flash", contents="hi").total_tokens == 7
    assert row(house, google.ids[-1])["spend"] == 0


def test_vertexs_vectors_are_paid_by_the_tokens_that_each_tells(house, clouds, key, google):
    made = google.models.embed_content(model="text-embedding-005", contents=["a", "b"])
    assert [it.values for it in made.embeddings] == [[0.5, 0.25]] * 2 and made.embeddings[0].statistics.token_count == 5
    assert last(clouds, "vertex", key).url.endswith("/publishers/google/models/text-embedding-005:predict")
    paid(house, google.ids[-1], "vertex_ai", "vectors", tokens=10, cost=10 * 1e-6)


def test_a_refusal_has_the_classes_of_googles_package(house, google):
    options = types.HttpOptions(base_url=f"{house.url}/vertex_ai")
    with genai.Client(vertexai=True, project="vertex", location="us-central1", credentials=Credentials("sk-wrong"), http_options=options) as client, pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(model="gemini-2.5-flash", contents="hi")
    assert (refused.value.code, refused.value.status) == (401, "UNAUTHENTICATED")


AZURES = {
    "azure": lambda url, key: openai.AzureOpenAI(azure_endpoint=f"{url}/azure", api_key=key, api_version="2025-04-01-preview", max_retries=0),
    "azure with a token": lambda url, key: openai.AzureOpenAI(azure_endpoint=f"{url}/azure", azure_ad_token=key, api_version="2025-04-01-preview", max_retries=0),
    "azure's v1": lambda url, key: openai.OpenAI(base_url=f"{url}/azure/openai/v1", api_key=key, max_retries=0),
}


@pytest.mark.parametrize("kind", AZURES)
def test_azures_openai_has_all_its_operations(house, clouds, key, kind):
    client = AZURES[kind](house.url, key)
    in_path = kind != "azure's v1"

    def sent(path, deployment=True):
        sent = last(clouds, "azure", key)
        base = f"{clouds.url}/up/azure/openai" + ("" if in_path else "/v1")
        query = "?api-version=2025-04-01-preview" if in_path else ""
        assert sent.url == base + ("/deployments/mine" if in_path and deployment else "") + path + query
        assert sent.headers["api-key"] == "k-azure-0123" and "authorization" not in sent.headers

    raw = client.chat.completions.with_raw_response.create(model="mine", messages=ASKED["messages"])
    assert raw.parse().choices[0].message.content == "there"
    sent("/chat/completions")
    paid(house, raw.headers["x-litellm-call-id"], "azure", "gpt")
    raw = client.embeddings.with_raw_response.create(model="mine", input="hi", encoding_format="float")
    assert raw.parse().data[0].embedding == [0.5]
    sent("/embeddings")
    paid(house, raw.headers["x-litellm-call-id"], "azure", "gpt", tokens=10, cost=10 * 1e-6)
    raw = client.responses.with_raw_response.create(model="mine", input="hi")
    assert raw.parse().output_text == "there"
    sent("/responses", deployment=False)
    paid(house, raw.headers["x-litellm-call-id"], "azure", "gpt")
    stream = client.responses.create(model="mine", input="hi", stream=True)
    assert [it.delta for it in stream if it.type == "response.output_text.delta"] == ["there"]
    paid(house, stream.response.headers["x-litellm-call-id"], "azure", "gpt")
    assert client.images.generate(model="mine", prompt="a lock").data[0].b64_json == "AAAA"
    sent("/images/generations")
    assert client.audio.speech.create(model="mine", voice="alloy", input="hi").read().startswith(b"ID3")
    sent("/audio/speech")
    raw = client.audio.transcriptions.with_raw_response.create(model="mine", file=("a.mp3", b"ID3" + bytes(64)))
    assert raw.parse().text == "hello there"
    sent("/audio/transcriptions")
    paid(house, raw.headers["x-litellm-call-id"], "azure", "gpt")


def test_a_form_is_judged_by_the_model_that_it_names(house, clouds):
    """The path of Azure's v1 says nothing of the model."""
    limited = make_key(house, models=["gpt"], max_budget=1)
    client = AZURES["azure's v1"](house.url, limited)
    hear = lambda model, size=64: client.audio.transcriptions.create(model=model, file=("a.mp3", b"ID3" + bytes(size)))
    # Of a long one it is read from disk.
    for size in (64, 300_000):
        assert hear("mine", size).text == "hello there"
        assert f"ID3{chr(0) * size}".encode() in last(clouds, "azure", limited).body
    with pytest.raises(openai.PermissionDeniedError):
        hear("other")
    told = client.audio.transcriptions.with_raw_response.create(model="mine", file=("a.mp3", b"ID3"), extra_body={"user": "eve"})
    assert row(house, told.headers["x-litellm-call-id"])["end_user"] == "eve"
    # What may be two models is none that a limited key may ask for.
    form = {"files": [("model[]", (None, "mine")), ("model", (None, "mine")), ("file", ("a.mp3", b"ID3"))]}
    refused = httpx.post(f"{house.url}/azure/openai/v1/audio/transcriptions", headers={"authorization": f"Bearer {limited}"}, **form)
    assert refused.status_code == 403, refused.text
