"""What a provider does not take is refused by its name, or left out with `drop_params`: not of chats alone."""

import json

import pytest

from conftest import MASTER_KEY
from raw import streamed, whole
from test_budgets import House
from test_each_operation import KIND, form

HEARD = {"metadata": {"duration": 2.5}, "results": {"channels": [{"alternatives": [{"transcript": "hello there", "words": []}]}]}}
RANKED = {"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}
SAID = {"id": "m", "type": "message", "role": "assistant", "model": "claude-x", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
FILLED = {"id": "f", "object": "chat.completion", "created": 1, "model": "codestral-x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}

# Of each deployment: its model, and its answer.
DEPLOYMENTS = {
    "vectors": ("nlp_cloud/paraphrase", whole({"embeddings": [[0.5, 0.25]]})),
    "painter": ("stability/sd3.5-large", whole({"image": "AAAA", "finish_reason": "SUCCESS"})),
    "speaker": ("deepgram/aura-2-thalia-en", whole(b"ID3" + bytes(64), content_type="audio/mpeg")),
    "ear": ("deepgram/nova-3", whole(HEARD)),
    "claude": ("anthropic/claude-x", whole(SAID)),
    "filler": ("codestral/codestral-x", whole(FILLED)),
    "ranks": ("cohere/rerank-v3.5", whole(RANKED)),
    "chats": ("groq/llama-x", whole({**FILLED, "model": "llama-x"})),
    "judge": ("openai/omni-moderation-latest", whole({"id": "m", "model": "m", "results": []})),
    "varies": ("openai/dall-e-2", whole({"created": 7, "data": [{"b64_json": "AA"}]})),
    "translates": ("groq/whisper-large-v3", whole({"text": "hello there"})),
    "voyage": ("voyage/rerank-2.5", whole({"object": "list", "data": [{"index": 0, "relevance_score": 0.9}], "model": "rerank-2.5", "usage": {"total_tokens": 5}})),
}
# Where it is asked, with which body and file, and what its provider does not take.
CASES = {
    "embeddings": ("/v1/embeddings", {"model": "vectors", "input": "hi"}, None, {"dimensions": 7}),
    "images": ("/v1/images/generations", {"model": "painter", "prompt": "hi"}, None, {"quality": "hd", "style": "vivid"}),
    "images/edits": ("/v1/images/edits", {"model": "painter", "prompt": "hi"}, "image", {"quality": "high", "input_fidelity": "low"}),
    "speech": ("/v1/audio/speech", {"model": "speaker", "input": "hi", "voice": "thalia"}, None, {"instructions": "be kind", "speed": 1.5}),
    "transcriptions": ("/v1/audio/transcriptions", {"model": "ear"}, "file", {"prompt": "names", "temperature": 0.5}),
    "chat": ("/v1/chat/completions", {"model": "claude", "messages": [{"role": "user", "content": "hi"}]}, None, {"seed": 7, "logit_bias": {"1": 2}}),
    "completions": ("/v1/completions", {"model": "claude", "prompt": "hi"}, None, {"seed": 7, "logit_bias": {"1": 2}}),
    "completions that no chat can be": ("/v1/completions", {"model": "claude", "prompt": "hi"}, None, {"best_of": 3}),
    "completions of a provider's own": ("/v1/completions", {"model": "filler", "prompt": "hi"}, None, {"best_of": 3, "logit_bias": {"1": 2}}),
    "responses": ("/v1/responses", {"model": "claude", "input": "hi"}, None, {"top_logprobs": 2}),
    "responses that no chat can be": ("/v1/responses", {"model": "claude", "input": "hi"}, None, {"moderation": {"model": "m"}}),
    "messages": ("/v1/messages", {"model": "chats", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}, None, {"container": "c_1"}),
    "messages with servers of MCP": ("/v1/messages", {"model": "chats", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}, None, {"mcp_servers": [{"type": "url", "url": "https://x.example", "name": "n"}]}),
    "generateContent": ("/v1beta/models/claude:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}, None, {"generationConfig": {"frequencyPenalty": 1}}),
    "embedContent": ("/v1beta/models/vectors:embedContent", {"content": {"parts": [{"text": "hi"}]}}, None, {"outputDimensionality": 7}),
    "rerank": ("/v1/rerank", {"model": "ranks", "query": "q", "documents": ["a"]}, None, {"max_chunks_per_doc": 3}),
    "rerank at another": ("/v2/rerank", {"model": "voyage", "query": "q", "documents": ["a"]}, None, {"rank_fields": ["a"], "max_tokens_per_doc": 9}),
}

# What the refusal names in place of Google's members.
CALLED = {"outputDimensionality": "dimensions", "generationConfig": "frequency_penalty"}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    deployments = {name: (name, {"model": model}, answer) for name, (model, answer) in DEPLOYMENTS.items()}
    it = House(tmp_path_factory.mktemp("unsupported"), deployments)
    yield it
    assert it.gateway.stop() == 0


def told(headers):
    """The members of the request that had no effect."""
    named = {name.lower(): value for name, value in headers.items()}.get("x-sluice-dropped-params")
    return set(named.split(", ")) if named else set()


def ask(house, name, **more):
    path, body, file, _ = {**CASES, **UNJUDGED}[name]
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    if file is None:
        return house.gateway.get(path, body=json.dumps({**body, **more}).encode(), headers={**headers, "content-type": "application/json"})
    fields = {field: json.dumps(value) if isinstance(value, bool) else value for field, value in {**body, **more}.items()}
    return house.gateway.get(path, body=form(fields, file), headers={**headers, **KIND})


@pytest.mark.parametrize("name", CASES)
def test_what_a_provider_does_not_take_is_refused_by_its_name_or_left_out(house, name):
    path, body, _, params = CASES[name]
    model = body.get("model") or path.split("/")[-1].partition(":")[0]
    for names in ([[it] for it in params] + [list(params)]):
        before = house.asked(model)
        status, refused, _ = ask(house, name, **{it: params[it] for it in names})
        error = json.loads(refused)["error"]
        assert status == 400 and "UnsupportedParamsError" in error["message"], refused
        assert all(CALLED.get(it, it) in error["message"] for it in names), refused
        assert error.get("type", error.get("status")) in ("invalid_request_error", "INVALID_ARGUMENT"), refused
        assert house.asked(model) == before
    status, answer, headers = ask(house, name, **params, drop_params=True)
    assert status == 200, answer
    assert {CALLED.get(it, it) for it in params} <= told(headers)
    sent = house.upstream.requests[model][-1]
    assert not any(CALLED.get(it, it).encode() in sent or it.encode() in sent for it in (*params, "drop_params")), sent


# Nobody judges what these are asked with: it is the provider's to refuse.
UNJUDGED = {
    "moderations": ("/v1/moderations", {"model": "judge", "input": "hi"}, None, {"unheard_of": "x"}),
    "images/variations": ("/v1/images/variations", {"model": "varies"}, "image", {"style": "vivid"}),
    "translations": ("/v1/audio/translations", {"model": "translates"}, "file", {"unheard_of": "x"}),
}


@pytest.mark.parametrize("drops", [False, True])
@pytest.mark.parametrize("name", UNJUDGED)
def test_what_a_provider_may_take_goes_on_whether_or_not_the_rest_is_left_out(house, name, drops):
    _, body, _, params = UNJUDGED[name]
    status, answer, headers = ask(house, name, **params, drop_params=drops)
    assert (status, told(headers)) == (200, set()), answer
    sent = house.upstream.requests[body["model"]][-1]
    assert all(it.encode() in sent for it in params) and b"drop_params" not in sent, sent


def test_the_config_may_say_that_it_is_left_out(tmp_path, data_dir):
    model, answer = DEPLOYMENTS["vectors"]
    it = House(tmp_path, {"vectors": ("vectors", {"model": model, "drop_params": True}, answer)})
    try:
        status, answered, _ = ask(it, "embeddings", dimensions=7)
        assert status == 200 and json.loads(answered)["data"][0]["embedding"] == [0.5, 0.25]
        assert b"dimensions" not in it.upstream.requests["vectors"][-1]
    finally:
        assert it.gateway.stop() == 0


HI = [{"role": "user", "content": "hi"}]
# Where it is asked, with what, and what of it a chat has no place for.
LOST = {
    "responses": ("/v1/responses", {"input": "hi", "truncation": "auto", "max_tool_calls": 3, "context_management": [], "unheard_of": 1, "prompt_cache_key": "k"}, {"truncation", "max_tool_calls", "context_management", "unheard_of", "prompt_cache_key"}),
    "generateContent": ("/v1beta/models/MODEL:generateContent", {"contents": [{"parts": [{"text": "hi"}]}], "labels": {"a": "b"}, "safetySettings": [], "generationConfig": {"enableAffectiveDialog": True}}, {"labels", "safetySettings", "generationConfig.enableAffectiveDialog"}),
    "nothing": ("/v1/responses", {"input": "hi", "store": False, "metadata": {"a": "b"}, "parallel_tool_calls": True}, set()),
    "in a chat": ("/v1/chat/completions", {"messages": HI, "n": 1, "user": "u", "logprobs": False}, set()),
}


@pytest.mark.parametrize("name", LOST)
def test_what_of_a_request_has_no_effect_is_told(house, name):
    path, body, lost = LOST[name]
    status, answer, headers = house.gateway.post(path.replace("MODEL", "claude"), {"model": "claude", **body})
    assert (status, told(headers)) == (200, lost), answer


def test_a_stream_tells_it_before_its_first_event(tmp_path, data_dir):
    events = [{"type": "message_start", "message": {**SAID, "content": []}}, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
              {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "there"}}, {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}, {"type": "message_stop"}]
    it = House(tmp_path, {"claude": ("claude", {"model": "anthropic/claude-x", "drop_params": True}, streamed(*(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)))})
    try:
        for path, body, lost in (("/v1/responses", {"input": "hi", "truncation": "auto"}, {"truncation"}), ("/v1/chat/completions", {"messages": HI, "seed": 7}, {"seed"})):
            sent = json.dumps({"model": "claude", "stream": True, **body}).encode()
            status, text, headers = it.gateway.get(path, body=sent, headers={"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"})
            assert status == 200 and b"there" in text and told(headers) == lost, text
    finally:
        assert it.gateway.stop() == 0


CHAT = {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
DOWN = whole({"error": {"message": "down"}}, status=500)
LACKS, TAKES = {"model": "anthropic/claude-x"}, {"model": "openai/gpt-4o"}


def test_what_was_left_out_is_told_of_the_deployment_that_answered_and_each_name_once(tmp_path, data_dir):
    it = House(tmp_path, {
        "lacked": ("a", LACKS, DOWN), "takes": ("b", TAKES, whole(CHAT)),
        "taken": ("c", TAKES, DOWN), "lacks": ("d", LACKS, whole(SAID)),
        # Of one group, one after the other.
        "first": ("both", {**LACKS, "order": 1}, DOWN), "second": ("both", {**TAKES, "order": 2}, whole(CHAT)),
    })
    try:
        for model, fallbacks, named in (("a", ["b"], None), ("c", ["d"], "seed"), ("a", ["d"], "seed"), ("both", [], None)):
            status, answer, headers = it.ask(model, fallbacks=fallbacks, seed=7, drop_params=True)
            assert (status, headers.get("x-sluice-dropped-params")) == (200, named), (model, answer, headers)
        # As a response, which a chat stands in for: what that has no place for, then what the chat's provider lacks.
        asked = {"input": "hi", "truncation": "auto", "prompt_cache_key": "k"}
        for model, fallbacks, named in (("c", ["d"], "truncation, prompt_cache_key"), ("a", ["d"], "truncation, prompt_cache_key")):
            status, answer, headers = it.gateway.post("/v1/responses", {"model": model, "fallbacks": fallbacks, **asked})
            assert (status, headers.get("x-sluice-dropped-params")) == (200, named), (model, answer, headers)
    finally:
        assert it.gateway.stop() == 0
