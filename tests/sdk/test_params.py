"""What goes into an upstream's body, and what does not."""

import json

import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole

MESSAGES = [{"role": "user", "content": "hi"}]
OPENAI = {"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
ANTHROPIC = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
GEMINI = {"responseId": "r", "candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}

# LiteLLM's own settings and those of other providers, of which none is a member of any request.
STRANGE = {
    "api_version": "2025-01-01", "region_name": "eu", "tenant_id": "t", "client_id": "c", "azure_scope": "s", "vertex_project": "p",
    "vertex_location": "l", "aws_region_name": "r", "watsonx_project": "w", "s3_bucket": "b", "caching": True,
    "litellm_trace_id": "t", "metadata": {"a": 1}, "base_model": "openai/gpt-4o", "mock_timeout": False, "tag_regex": ["none"], "hf_model_name": "h", "verbose": True,
    "api_type": "azure", "ttl": 5, "force_timeout": 5, "model_config": {}, "allowed_model_region": "eu", "supports_system_message": False,
    "stream": True,
}


@pytest.fixture(scope="module")
def upstream():
    upstream = RawUpstream()
    for name, answer in (("openai", OPENAI), ("anthropic", ANTHROPIC), ("gemini", GEMINI), ("groq", OPENAI), ("openrouter", OPENAI)):
        upstream.script(name, whole(answer))
    return upstream


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory, data_dir):
    entry = lambda name, model, **more: {"model_name": name, "litellm_params": {"model": model, "api_base": f"{upstream.url}/{model.split('/')[0]}", "api_key": "k-secret-of-it", "num_retries": 0, **more}}
    models = [entry("openai", "openai/gpt-4o"), entry("anthropic", "anthropic/claude-haiku-4-5"), entry("gemini", "gemini/gemini-2.5-flash"), entry("strange", "openai/gpt-4o", my_own=7, **STRANGE)]
    models.append({"model_name": "limited", "litellm_params": {"model": "openai/x", "mock_response": "Exception: litellm.RateLimitError", "num_retries": 0}})
    models.append({**entry("gone", "openai/gpt-4o"), "model_info": {"blocked": True}})
    models += [entry("groq", "groq/llama-3.3-70b-versatile"), entry("openrouter", "openrouter/anthropic/claude-sonnet-4.5")]
    gateway = Gateway(tmp_path_factory.mktemp("params"), {"model_list": models, "general_settings": {"master_key": MASTER_KEY}})
    yield gateway
    assert gateway.stop() == 0


def bodies(upstream, name):
    return [json.loads(request.split(b"\r\n\r\n", 1)[1]) for request in upstream.requests.get(name, [])]


def ask(gateway, model, **more):
    return gateway.post("/v1/chat/completions", {"model": model, "messages": MESSAGES, **more})


@pytest.mark.parametrize("model, params", [("anthropic", {"seed": 7, "n": 2, "logprobs": True}), ("gemini", {"store": True, "verbosity": "low", "logit_bias": {"1": 2}, "user": "u"})])
def test_an_allowed_parameter_is_sent_in_any_case(gateway, upstream, model, params):
    status, refused, _ = ask(gateway, model, **{name: value for name, value in params.items() if name != "user"})
    assert status == 400 and "UnsupportedParamsError" in refused["error"]["message"]
    status, answer, _ = ask(gateway, model, **params, allowed_openai_params=list(params))
    assert status == 200, answer
    sent = bodies(upstream, model)[-1]
    assert {name: sent.get(name) for name in params} == params
    assert "allowed_openai_params" not in sent


WRONG = {
    "tools": ["x", {}, ["x"]], "stop": [5], "response_format": ["x", {"type": "json_schema"}], "tool_choice": ["bogus"],
    "max_tokens": ["x"], "temperature": ["hot"],
}


@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
def test_a_wrong_type_is_refused_by_its_name_and_reaches_no_upstream(gateway, upstream, model):
    before = len(bodies(upstream, model))
    for name, values in WRONG.items():
        for value in values:
            status, answer, _ = ask(gateway, model, **{name: value})
            assert (status, answer["error"]["param"], answer["error"]["type"]) == (400, name, "invalid_request_error"), (name, value, answer)
    assert len(bodies(upstream, model)) == before


def test_settings_that_are_not_the_providers_never_enter_a_body(gateway, upstream):
    assert ask(gateway, "strange", caching=True, litellm_session_id="s", success_callback=["x"], keepalive_seconds=5)[0] == 200
    sent = bodies(upstream, "openai")[-1]
    assert sent == {"model": "gpt-4o", "messages": MESSAGES, "my_own": 7}
    assert "`tenant_id` is no setting of provider `openai`" in gateway.logged()


def test_a_mocked_exception_is_one(gateway):
    status, answer, _ = ask(gateway, "limited")
    assert status == 429 and answer["error"]["message"].startswith("litellm.RateLimitError")


def test_a_blocked_deployment_is_neither_served_nor_listed(gateway):
    status, answer, _ = ask(gateway, "gone")
    assert status == 400 and "no healthy deployments" in answer["error"]["message"]
    assert "gone" not in [model["id"] for model in json.loads(gateway.get("/v1/models")[1])["data"]]


def test_what_a_cost_is_made_of_stands_in_headers(gateway):
    _, _, headers = ask(gateway, "openai")
    parts = [float(headers[f"x-litellm-response-cost-{part}"]) for part in ("input", "output", "original")]
    assert parts[0] + parts[1] == pytest.approx(parts[2]) == pytest.approx(float(headers["x-litellm-response-cost"]))


def test_a_wildcard_is_listed_as_the_known_models_of_its_provider(tmp_path, data_dir):
    model = {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "k"}}
    gateway = Gateway(tmp_path, {"model_list": [model], "general_settings": {"master_key": MASTER_KEY}})
    listed = lambda query: [model["id"] for model in json.loads(gateway.get(f"/v1/models{query}")[1])["data"]]
    assert {"openai/gpt-4o", "openai/text-embedding-3-small"} <= set(listed("")) and "openai/*" not in listed("")
    assert "openai/*" in listed("?return_wildcard_routes=true")
    assert gateway.stop() == 0


@pytest.mark.parametrize("model, keeps", [("openai", False), ("strange", False), ("groq", False), ("anthropic", True), ("openrouter", True)])
def test_marks_for_a_cache_reach_only_who_knows_them(gateway, upstream, model, keeps):
    mark = {"cache_control": {"type": "ephemeral"}}
    text = lambda said: [{"type": "text", "text": said, **mark}]
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [{"role": "system", "content": text("s")}, {"role": "user", "content": "hi", **mark}, {"role": "assistant", "content": None, "tool_calls": [{**call, **mark}]}, {"role": "tool", "tool_call_id": "call_1", "content": text("r")}]
    # A parameter that is only called so is none of them.
    schema = {"type": "object", "properties": {"cache_control": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}, **mark}]
    status, answer, _ = gateway.post("/v1/chat/completions", {"model": model, "messages": messages, "tools": tools})
    assert status == 200, answer
    sent = bodies(upstream, "openai" if model == "strange" else model)[-1]
    assert (json.dumps(mark)[1:-1] in json.dumps(sent)) is keeps, sent
    assert '"properties": {"cache_control"' in json.dumps(sent)
