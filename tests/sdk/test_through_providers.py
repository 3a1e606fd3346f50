"""Azure, Cohere, Mistral, Bedrock and Vertex at their own paths: their official SDKs (where one takes a base URL), the
credential that the gateway puts in place of the caller's key, and the spend row of each call."""

import json
import struct
import zlib

import botocore.session
import cohere
import httpx
import openai
import pydantic_ai
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from mistralai.client import Mistral
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

from conftest import MASTER_KEY, Gateway
from test_credentials import KEYS, REGION, rsa_key, service_account, verify
from test_through import MESSAGE, call, make_key, row
from token_world import GEMINI, World

NOVA = "us.amazon.nova-pro-v1:0"
PRICES = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "use_in_pass_through": True}
# 10 tokens in, 20 out, everywhere.
COST = 10 * 1e-6 + 20 * 2e-6
CHAT = {"id": "chat_1", "object": "chat.completion", "created": 1, "model": "m", "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
BILLED = {"billed_units": {"input_tokens": 10, "output_tokens": 20}, "tokens": {"input_tokens": 500, "output_tokens": 22}}
COHERE = {"id": "co_1", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [{"type": "text", "text": "there"}]}, "usage": BILLED}
CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "there"}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 10, "outputTokens": 20, "totalTokens": 30}, "metrics": {"latencyMs": 1}}
GOOGLE = {**GEMINI, "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}


def sse(*events):
    named = [f"event: {it['type']}\n" if "type" in it else "" for it in events]
    return "".join(f"{name}data: {json.dumps(it)}\n\n" for name, it in zip(named, events, strict=True)).encode()


def amazon(kind, document):
    """A message of AWS's event streams."""
    header = lambda name, value: bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    headers = header(":event-type", kind) + header(":content-type", "application/json") + header(":message-type", "event")
    payload = json.dumps(document).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


class Clouds(World):
    """`/up/<provider>/...`, and Vertex where Google has it."""

    def up(self, name, path, sent):
        asked = json.loads(sent.body or b"{}")
        return getattr(self, name)(path, asked)

    def openais(self, path, asked):
        if asked.get("stream"):
            piece = lambda delta, **more: {**CHAT, "object": "chat.completion.chunk", "choices": [{"index": 0, "finish_reason": None, "delta": delta}], "usage": None, **more}
            return 200, "text/event-stream", sse(piece({"content": "the"}), piece({"content": "re"}), piece({}, choices=[], usage=CHAT["usage"])) + b"data: [DONE]\n\n"
        return 200, "application/json", CHAT

    azure = entra = mistral = openai = openais

    def anthropic(self, path, asked):
        return 200, "application/json", MESSAGE

    def gemini(self, path, asked):
        return 200, "application/json", GOOGLE

    def cohere(self, path, asked):
        if path.endswith("/embed"):
            return 200, "application/json", {"id": "e_1", "embeddings": {"float": [[0.5]]}, "texts": ["a"], "meta": {"billed_units": {"input_tokens": 10}}, "response_type": "embeddings_by_type"}
        if not asked.get("stream"):
            return 200, "application/json", COHERE
        delta = lambda text: {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}
        start = {"id": "co_1", "type": "message-start", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}}
        begin = {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}
        end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": BILLED}}
        return 200, "text/event-stream", sse(start, begin, delta("the"), delta("re"), {"type": "content-end", "index": 0}, end) + b"data: [DONE]\n\n"

    def bedrock(self, path, asked):
        if not path.endswith("/converse-stream"):
            return 200, "application/json", CONVERSE
        delta = lambda text: amazon("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})
        tail = amazon("contentBlockStop", {"contentBlockIndex": 0}) + amazon("messageStop", {"stopReason": "end_turn"})
        usage = amazon("metadata", {"usage": CONVERSE["usage"], "metrics": CONVERSE["metrics"]})
        return 200, "application/vnd.amazon.eventstream", amazon("messageStart", {"role": "assistant"}) + delta("the") + delta("re") + tail + usage

    bearer = bedrock

    def own(self, path, asked):
        return 200, "text/plain", b"as it is"

    def vertex(self, path, asked):
        if "alt=sse" in path:
            return 200, "text/event-stream", sse(GOOGLE)
        return 200, "application/json", GOOGLE


@pytest.fixture(scope="module")
def clouds():
    clouds = Clouds()
    yield clouds
    clouds.close()


@pytest.fixture(scope="module")
def house(clouds, rsa_key, tmp_path_factory, data_dir):
    up = lambda name: f"{clouds.url}/up/{name}"
    principal = {"tenant_id": "ten-ant", "client_id": "the-app", "client_secret": "cl13nt-s3cret", "azure_authority_host": f"{clouds.url}/tokens/entra"}
    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), KEYS, strict=True))
    vertex = {"vertex_project": "vertex", "vertex_location": "us-central1", "vertex_credentials": json.dumps(service_account(clouds, "vertex", rsa_key))}
    models = {
        "gpt": {"model": "azure/by-key", "api_base": up("azure"), "api_key": "k-azure-0123"},
        "gpt-entra": {"model": "azure/by-entra", "api_base": up("entra"), **principal},
        "nova": {"model": f"bedrock/{NOVA}", "api_base": up("bedrock"), "aws_region_name": REGION, **keys},
        "haiku": {"model": "bedrock/by-bearer", "api_base": up("bearer"), "aws_region_name": REGION, "api_key": "k-bedrock-0123"},
        "flash": {"model": "vertex_ai/gemini-2.5-flash", "api_base": clouds.url, **vertex},
        "command": {"model": "cohere/command-marked", "api_base": up("cohere"), "api_key": "k-cohere-0123"},
    }
    config = {
        "model_list": [{"model_name": name, "litellm_params": {**params, **PRICES}} for name, params in models.items()],
        "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, "pass_through_endpoints": [{"path": "/own", "target": up("own"), "cost_per_request": 0.25}]},
    }
    environment = {f"{name.upper()}_API_KEY": f"k-{name}-0123" for name in ("mistral", "openai", "anthropic", "gemini")}
    environment |= {"MISTRAL_API_BASE": up("mistral") + "/v1", "OPENAI_BASE_URL": up("openai") + "/v1", "ANTHROPIC_API_BASE": up("anthropic"), "GEMINI_API_BASE": up("gemini")}
    gateway = Gateway(tmp_path_factory.mktemp("clouds"), config, environment)
    yield gateway
    assert gateway.stop() == 0
    log = gateway.logged()
    assert not [it for it in ("k-azure-0123", "k-cohere-0123", "k-mistral-0123", "k-bedrock-0123", KEYS[1], "cl13nt-s3cret") if it in log]


@pytest.fixture(scope="module")
def key(house):
    return make_key(house)


def charged(house, call_id, provider, group):
    """The call's row, when it is paid for at the deployment's prices."""
    found = row(house, call_id)
    assert found["spend"] == pytest.approx(COST) and found["total_tokens"] == 30
    assert (found["call_type"], found["custom_llm_provider"], found["model_group"]) == ("pass_through_endpoint", provider, group)
    return found


def last(clouds, name, key):
    """What came there last, in which the caller's key is nowhere."""
    sent = clouds.called[name][-1]
    assert key not in str(sent)
    return sent


def test_azures_sdk_is_passed_through_with_the_resources_key(house, clouds, key):
    client = openai.AzureOpenAI(azure_endpoint=f"{house.url}/azure", api_key=key, api_version="2024-10-21", max_retries=0)
    asked = {"model": "by-key", "messages": [{"role": "user", "content": "hi"}]}
    raw = client.chat.completions.with_raw_response.create(**asked)
    assert raw.parse().choices[0].message.content == "there"
    sent = last(clouds, "azure", key)
    assert sent.url == f"{clouds.url}/up/azure/openai/deployments/by-key/chat/completions?api-version=2024-10-21"
    assert sent.headers["api-key"] == "k-azure-0123" and "authorization" not in sent.headers
    charged(house, raw.headers["x-litellm-call-id"], "azure", "gpt")
    stream = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    assert "".join(it.choices[0].delta.content or "" for it in stream if it.choices) == "there"
    charged(house, stream.response.headers["x-litellm-call-id"], "azure", "gpt")


def test_azure_is_reached_with_a_token_of_entra_id_where_there_is_no_key(house, clouds, key):
    path = "/azure/openai/deployments/by-entra/chat/completions?api-version=2024-10-21"
    answer = call(house, path, key, body={"messages": []}, form="api-key")
    assert answer.json()["choices"][0]["message"]["content"] == "there"
    sent = last(clouds, "entra", key)
    assert sent.headers["authorization"] == f"Bearer {clouds.given['entra'][-1].token}" and "api-key" not in sent.headers
    charged(house, answer.headers["x-litellm-call-id"], "azure", "gpt-entra")


def test_coheres_sdk_chats_whole_and_streamed_and_embeds(house, clouds, key):
    client = cohere.ClientV2(api_key=key, base_url=f"{house.url}/cohere")
    asked = {"model": "command-marked", "messages": [{"role": "user", "content": "hi"}]}
    raw = client.with_raw_response.chat(**asked)
    assert raw.data.message.content[0].text == "there" and raw.data.finish_reason == "COMPLETE"
    sent = last(clouds, "cohere", key)
    assert sent.url == f"{clouds.url}/up/cohere/v2/chat" and sent.headers["authorization"] == "Bearer k-cohere-0123"
    # What Cohere bills, not what the model has read.
    charged(house, raw.headers["x-litellm-call-id"], "cohere", "command")
    with client.with_raw_response.chat_stream(**asked) as streamed:
        text = "".join(it.delta.message.content.text for it in streamed.data if it.type == "content-delta")
        assert text == "there"
        call_id = streamed.headers["x-litellm-call-id"]
    charged(house, call_id, "cohere", "command")
    embedded = client.with_raw_response.embed(model="command-marked", texts=["a"], input_type="search_query", embedding_types=["float"])
    assert embedded.data.embeddings.float_ == [[0.5]]
    found = row(house, embedded.headers["x-litellm-call-id"])
    assert found["spend"] == pytest.approx(10 * 1e-6) and found["total_tokens"] == 10


def test_a_key_that_may_not_is_told_in_coheres_own_errors(house, clouds, key):
    with pytest.raises(cohere.UnauthorizedError):
        cohere.ClientV2(api_key="sk-wrong", base_url=f"{house.url}/cohere").chat(model="command-marked", messages=[{"role": "user", "content": "hi"}])
    before = len(clouds.called["cohere"])
    limited = make_key(house, models=["gpt"])
    with pytest.raises(cohere.ForbiddenError):
        cohere.ClientV2(api_key=limited, base_url=f"{house.url}/cohere").chat(model="command-marked", messages=[{"role": "user", "content": "hi"}])
    assert len(clouds.called["cohere"]) == before


def test_mistrals_sdk_is_passed_through_with_the_key_of_the_environment(house, clouds, key):
    asked = {"model": "mistral-small-latest", "messages": [{"role": "user", "content": "hi"}]}
    ids = []
    http = httpx.Client(event_hooks={"response": [lambda it: ids.append(it.headers["x-litellm-call-id"])]})
    with Mistral(api_key=key, server_url=f"{house.url}/mistral", client=http) as client:
        assert client.chat.complete(**asked).choices[0].message.content == "there"
        sent = last(clouds, "mistral", key)
        assert sent.url == f"{clouds.url}/up/mistral/v1/chat/completions" and sent.headers["authorization"] == "Bearer k-mistral-0123"
        text = "".join(choice.delta.content for it in client.chat.stream(**asked) for choice in it.data.choices)
        assert text == "there"
    for call_id in ids:
        found = row(house, call_id)
        assert found["spend"] > 0 and found["total_tokens"] == 30 and found["custom_llm_provider"] == "mistral"
    assert len(ids) == 2


def amazons(house, key):
    """AWS's own client, which proves itself by the caller's key. (Its own bearer tokens go over TLS only.)"""
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0}, read_timeout=20)
    client = botocore.session.get_session().create_client("bedrock-runtime", region_name="us-east-1", endpoint_url=f"{house.url}/bedrock", config=config)
    client.meta.events.register("request-created.bedrock-runtime", lambda request, **_: request.headers.add_header("authorization", f"Bearer {key}"))
    return client


def test_amazons_sdk_is_passed_through_and_signed_with_the_deployments_keys(house, clouds, key):
    client = amazons(house, key)
    asked = {"modelId": NOVA, "messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    answer = client.converse(**asked)
    assert answer["output"]["message"]["content"] == [{"text": "there"}]
    sent = last(clouds, "bedrock", key)
    assert sent.url == f"{clouds.url}/up/bedrock/model/{NOVA.replace(':', '%3A')}/converse"
    verify(sent, "bedrock", KEYS)
    charged(house, answer["ResponseMetadata"]["HTTPHeaders"]["x-litellm-call-id"], "bedrock", "nova")
    answer = client.converse_stream(**asked)
    text = "".join(it["contentBlockDelta"]["delta"]["text"] for it in answer["stream"] if "contentBlockDelta" in it)
    assert text == "there"
    verify(last(clouds, "bedrock", key), "bedrock", KEYS)
    charged(house, answer["ResponseMetadata"]["HTTPHeaders"]["x-litellm-call-id"], "bedrock", "nova")


def test_an_agent_of_pydantic_ais_asks_bedrock(house, clouds, key):
    model = BedrockConverseModel(NOVA, provider=BedrockProvider(bedrock_client=amazons(house, key)))
    result = pydantic_ai.Agent(model, instructions="Be brief.").run_sync("hi")
    assert result.output == "there" and (result.usage.input_tokens, result.usage.output_tokens) == (10, 20)
    assert json.loads(last(clouds, "bedrock", key).body)["system"] == [{"text": "Be brief."}]
    verify(clouds.called["bedrock"][-1], "bedrock", KEYS)


def test_bedrock_is_reached_with_a_bearer_token_where_a_deployment_has_one(house, clouds, key):
    answer = amazons(house, key).converse(modelId="by-bearer", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    assert last(clouds, "bearer", key).headers["authorization"] == "Bearer k-bedrock-0123"
    charged(house, answer["ResponseMetadata"]["HTTPHeaders"]["x-litellm-call-id"], "bedrock", "haiku")


@pytest.mark.parametrize("path", ["/v1/projects/vertex/locations/us-central1/publishers/google/models/gemini-2.5-flash", "/v1/publishers/google/models/gemini-2.5-flash"])
def test_vertex_is_reached_with_a_token_of_googles(house, clouds, key, path):
    for prefix in ("/vertex_ai", "/vertex-ai"):
        for action in (":generateContent", ":streamGenerateContent?alt=sse"):
            answer = call(house, prefix + path + action, key, body={"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}, form="x-goog-api-key")
            assert answer.status_code == 200 and '"hi"' in answer.text, answer.text
            sent = last(clouds, "vertex", key)
            assert sent.url == f"{clouds.url}/v1/projects/vertex/locations/us-central1/publishers/google/models/gemini-2.5-flash{action}"
            assert sent.headers["authorization"] == f"Bearer {clouds.given['vertex'][-1].token}" and "x-goog-api-key" not in sent.headers
            charged(house, answer.headers["x-litellm-call-id"], "vertex_ai", "flash")
    # One token for all of them.
    assert len(clouds.asked["vertex"]) == 1
