"""How many tokens a request has: by the provider where it counts, else by the gateway's tokenizer."""

import json

import openai
import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, body_of, whole

TEXT = "The quick brown fox jumps over the lazy dog."
# Ten tokens of text, one of the role, and what a message and an answer begin with.
LOCAL = 10 + 1 + 3 + 3
CHAT = [{"role": "user", "content": TEXT}]
CONTENTS = [{"role": "user", "parts": [{"text": TEXT}]}]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {}}}}]
OWN_TOOLS = [{"name": "weather", "description": "Tells it.", "input_schema": {"type": "object", "properties": {}}}]
GOOGLES_TOOLS = [{"functionDeclarations": [{"name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {}}}]}]

# What keeps responses, and the status of its route that counts them; None: it has none, and is not asked.
KEEPERS = {"keeps": ("aiand/m", None), "keeps404": ("openai/gpt-4o", 404), "keeps405": ("openai/gpt-4o", 405), "keeps501": ("openai/gpt-4o", 501), "counts": ("openai/gpt-4o", 200)}


def keeper(name):
    """Makes responses and counts as it can."""
    status = KEEPERS[name][1]
    counted = whole({"object": "response.input_tokens", "input_tokens": 31} if status == 200 else {"error": {"message": "no such route"}}, status=status or 500)
    made = whole({"id": f"resp_{name}", "object": "response", "status": "completed", "model": "m", "output": [], "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})
    return lambda peer: peer.send(counted if b"/input_tokens " in peer.request.partition(b"\r\n")[0] else made)


@pytest.fixture(scope="module")
def upstream():
    upstream = RawUpstream()
    upstream.script("anthropic", whole({"input_tokens": 19}))
    upstream.script("gemini", whole({"totalTokens": 23, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 23}]}))
    upstream.script("openai", whole({"object": "response.input_tokens", "input_tokens": 31}))
    upstream.script("elsewhere", whole({"error": {"message": "no such route"}}, status=404))
    for name in KEEPERS:
        upstream.script(name, keeper(name))
    upstream.script("busy", whole({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}, status=429, retry_after=0))
    upstream.script("odd", whole({"tokens": 1}))
    return upstream


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory, data_dir):
    entry = lambda name, model, base: {"model_name": name, "litellm_params": {"model": model, "api_base": f"{upstream.url}/{base}", "api_key": "k", "num_retries": 0}}
    models = [
        entry("openai", "openai/gpt-4o", "openai"), entry("groq", "groq/llama-3.3-70b-versatile", "groq"), entry("older", "openai/gpt-4", "openai"),
        entry("anthropic", "anthropic/claude-haiku-4-5", "anthropic"), entry("gemini", "gemini/gemini-2.5-flash", "gemini"),
        entry("chats", "deepinfra/m", "chats"), entry("elsewhere", "openai/gpt-4o", "elsewhere"),
        *(entry(name, model, name) for name, (model, _) in KEEPERS.items()),
        entry("busy", "anthropic/claude-haiku-4-5", "busy"), entry("odd", "gemini/gemini-2.5-flash", "odd"),
    ]
    gateway = Gateway(tmp_path_factory.mktemp("counting"), {"model_list": models, "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1}})
    yield gateway
    assert gateway.stop() == 0


def sent(upstream, name):
    request = upstream.requests[name][-1]
    return request.split(b" ", 2)[1].decode().partition(f"/{name}")[2], body_of(request)


@pytest.mark.parametrize("model, tokens", [("openai", LOCAL), ("groq", LOCAL), ("anthropic", 19), ("gemini", 23)])
def test_every_provider_counts_for_every_client(gateway, upstream, model, tokens):
    status, told, _ = gateway.post("/v1/messages/count_tokens", {"model": model, "messages": CHAT})
    assert (status, told) == (200, {"input_tokens": tokens})
    for path in (f"/v1beta/models/{model}:countTokens", f"/models/{model}:countTokens"):
        for body in ({"contents": CONTENTS}, {"generateContentRequest": {"model": f"models/{model}", "contents": CONTENTS}}):
            status, told, _ = gateway.post(path, body)
            assert (status, told["totalTokens"]) == (200, tokens), told
    status, told, _ = gateway.post("/utils/token_counter", {"model": model, "messages": CHAT})
    assert status == 200 and told["total_tokens"] == tokens and told["request_model"] == model
    own = tokens != LOCAL
    assert told["tokenizer_type"] == (f"{model}_api" if own else "openai_tokenizer") and told["count_source"] == ("provider" if own else "local")
    assert told["error"] is False and told["model_used"].startswith(f"{model}/")


def test_what_is_counted_is_what_would_be_asked(gateway, upstream):
    gateway.post("/utils/token_counter", {"model": "anthropic", "messages": CHAT, "system": "Be brief.", "tools": TOOLS})
    path, body = sent(upstream, "anthropic")
    assert path == "/v1/messages/count_tokens" and set(body) == {"model", "system", "messages", "tools"}
    assert body["model"] == "claude-haiku-4-5" and body["tools"][0]["name"] == "weather" and "Be brief." in json.dumps(body["system"])
    gateway.post("/v1beta/models/anthropic:countTokens", {"generateContentRequest": {"contents": CONTENTS, "systemInstruction": {"parts": [{"text": "Be brief."}]}, "tools": GOOGLES_TOOLS, "generationConfig": {"temperature": 3}}})
    path, body = sent(upstream, "anthropic")
    assert path == "/v1/messages/count_tokens" and set(body) == {"model", "system", "messages", "tools"}, body
    gateway.post("/v1/messages/count_tokens", {"model": "gemini", "messages": CHAT, "system": "Be brief.", "tools": OWN_TOOLS})
    path, body = sent(upstream, "gemini")
    inner = body["generateContentRequest"]
    assert path == "/v1beta/models/gemini-2.5-flash:countTokens" and inner["model"] == "models/gemini-2.5-flash"
    assert inner["contents"][0]["parts"] == [{"text": TEXT}] and inner["tools"][0]["functionDeclarations"][0]["name"] == "weather"
    # A client of the provider's own dialect is passed on as it is.
    own = {"contents": CONTENTS, "unheard_of": 1}
    gateway.post("/v1beta/models/gemini:countTokens", own)
    assert sent(upstream, "gemini")[1] == own
    own = {"model": "anthropic", "messages": CHAT, "unheard_of": 1}
    gateway.post("/v1/messages/count_tokens", own)
    assert sent(upstream, "anthropic")[1] == {**own, "model": "claude-haiku-4-5"}


@pytest.mark.parametrize("model, tokens", [("openai", 31), ("groq", LOCAL), ("elsewhere", LOCAL), ("anthropic", 19), ("gemini", 23)])
def test_a_response_is_counted_before_it_is_made(gateway, upstream, model, tokens):
    for path in ("/responses/input_tokens", "/v1/responses/input_tokens", "/openai/v1/responses/input_tokens"):
        for given in (TEXT, CHAT, [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": TEXT}]}]):
            status, told, _ = gateway.post(path, {"model": model, "input": given})
            assert (status, told) == (200, {"object": "response.input_tokens", "input_tokens": tokens}), told
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0)
    tool = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {}}, "strict": False}
    counted = client.responses.input_tokens.count(model=model, instructions="Be brief.", input=TEXT, tools=[tool])
    assert counted.input_tokens == tokens if tokens != LOCAL else counted.input_tokens > LOCAL + 10
    if model == "openai":
        path, body = sent(upstream, "openai")
        assert path == "/responses/input_tokens" and body == {"model": "gpt-4o", "instructions": "Be brief.", "input": TEXT, "tools": [tool]}
    if model == "anthropic":
        path, body = sent(upstream, "anthropic")
        assert path == "/v1/messages/count_tokens" and body["tools"][0]["name"] == "weather" and "Be brief." in json.dumps(body["system"])


@pytest.mark.parametrize("member, body", [
    ("input", {}), ("input", {"input": 5}), ("model", {"model": None, "input": TEXT}), ("instructions", {"input": TEXT, "instructions": 5}),
    ("previous_response_id", {"input": TEXT, "previous_response_id": "resp_none"}),
])
def test_what_is_no_response_is_not_counted(gateway, member, body):
    status, refused, _ = gateway.post("/v1/responses/input_tokens", {"model": "groq", **body})
    assert (status, refused["error"]["param"], refused["error"]["type"]) == (400, member, "invalid_request_error"), refused


def test_a_response_that_goes_on_is_counted_with_what_was_said(gateway, upstream):
    answer = {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    upstream.script("chats", whole(answer))
    first = gateway.post("/v1/responses", {"model": "chats", "input": TEXT})[1]
    status, told, _ = gateway.post("/v1/responses/input_tokens", {"model": "chats", "input": TEXT, "previous_response_id": first["id"]})
    # Three turns in all.
    assert (status, told["input_tokens"]) == (200, 3 * (LOCAL - 3) + 3), told


@pytest.mark.parametrize("model", [it for it in KEEPERS if it != "counts"])
def test_where_a_provider_has_no_route_to_count_the_gateway_counts_what_it_can_see(gateway, upstream, model):
    count = lambda **more: gateway.post("/v1/responses/input_tokens", {"model": model, "input": TEXT, **more})
    status, told, _ = count()
    assert (status, told) == (200, {"object": "response.input_tokens", "input_tokens": LOCAL}), told
    made = gateway.post("/v1/responses", {"model": model, "input": TEXT})[1]
    status, refused, _ = count(previous_response_id=made["id"])
    error = refused["error"]
    assert (status, error["param"], error["type"]) == (400, "previous_response_id", "invalid_request_error"), refused
    assert "has no route that counts it" in error["message"] and "as `input`" in error["message"], refused


def test_who_keeps_a_response_and_counts_is_asked_with_its_id(gateway, upstream):
    made = gateway.post("/v1/responses", {"model": "counts", "input": TEXT})[1]
    status, told, _ = gateway.post("/v1/responses/input_tokens", {"model": "counts", "input": TEXT, "previous_response_id": made["id"]})
    assert (status, told["input_tokens"]) == (200, 31), told
    assert sent(upstream, "counts") == ("/responses/input_tokens", {"model": "gpt-4o", "input": TEXT, "previous_response_id": "resp_counts"})


def test_the_gateway_counts_where_it_is_asked_to_or_the_provider_fails(gateway, upstream):
    before = len(upstream.requests.get("anthropic", []))
    status, told, _ = gateway.post("/utils/token_counter?call_endpoint=false", {"model": "anthropic", "messages": CHAT})
    assert (status, told["total_tokens"], told["count_source"], told["tokenizer_type"]) == (200, LOCAL, "local", "openai_tokenizer")
    for prompt, tokens in ((TEXT, 10), ([TEXT, TEXT], 20)):
        assert gateway.post("/utils/token_counter", {"model": "anthropic", "prompt": prompt})[1]["total_tokens"] == tokens
    assert len(upstream.requests.get("anthropic", [])) == before
    for model, text, tokens in (("openai", "你好,世界", 3), ("older", "你好,世界", 6)):
        assert gateway.post("/utils/token_counter", {"model": model, "prompt": text})[1]["total_tokens"] == tokens
    status, told, _ = gateway.post("/utils/token_counter", {"model": "busy", "messages": CHAT})
    assert (status, told["total_tokens"], told["count_source"]) == (200, LOCAL, "local")
    assert (told["error"], told["status_code"]) == (True, 429) and "slow down" in told["error_message"]
    # A client of a dialect is told: it does not ask for guesses.
    assert gateway.post("/v1/messages/count_tokens", {"model": "busy", "messages": CHAT})[0] == 429
    assert gateway.post("/v1/messages/count_tokens", {"model": "odd", "messages": CHAT})[0] >= 500


def test_counting_is_let_in_like_any_call_and_costs_nothing(gateway, upstream):
    key = gateway.post("/key/generate", {"models": ["openai"], "max_budget": 1})[1]["key"]
    limited = gateway.post("/key/generate", {"rpm_limit": 1})[1]["key"]
    assert gateway.post("/utils/token_counter", {"model": "anthropic", "messages": CHAT}, key)[0] == 403
    assert gateway.post("/utils/token_counter", {"model": "openai", "messages": CHAT}, key)[0] == 200
    statuses = [gateway.post("/utils/token_counter", {"model": "anthropic", "messages": CHAT}, limited)[0] for _ in range(2)]
    assert statuses == [200, 429]
    # Where no provider is asked, there is no call.
    for body in ({"messages": CHAT}, {"prompt": TEXT}):
        assert gateway.post("/utils/token_counter?call_endpoint=false", {"model": "anthropic", **body}, limited)[0] == 200
    info = json.loads(gateway.get(f"/key/info?key={key}")[1])["info"]
    assert info["spend"] == 0


def test_a_long_text_is_counted_in_little_time(gateway):
    status, told, _ = gateway.post("/utils/token_counter", {"model": "openai", "prompt": "x" * 3_000_000})
    assert status == 200 and told["total_tokens"] > 100_000
