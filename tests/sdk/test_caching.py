"""The response cache, as clients and operators meet it."""

import json

import pytest

from caching import COST, HI, USAGE, House, Provider, house
from conftest import MASTER_KEY, Gateway
from raw import SSE, body_of, chunk, connect, head, request, streamed, until, whole


def test_the_same_request_is_answered_once_and_costs_once(house):
    calls = house()
    key = calls.key(max_budget=1)
    status, first, headers = calls.ask(key, temperature=1, user="ann")
    assert status == 200 and "x-litellm-cache-key" not in headers and float(headers["x-litellm-response-cost"]) == pytest.approx(COST)
    body = {"temperature": 1.0, "messages": HI, "model": "chat", "user": "bob", "metadata": {"trace_id": "t"}}
    status, second, headers = calls.gateway.post("/chat/completions", body, key)
    assert second == first and calls.provider.count == 1
    assert headers["x-litellm-cache-key"].startswith("sluice:cache:") and "x-litellm-response-cost" not in headers
    assert headers["x-litellm-model-name"] == "openai/chat"
    calls.gateway.wait_for(lambda: len(calls.rows()) == 2)
    made, kept = calls.rows()
    assert (made["cache_hit"], kept["cache_hit"]) == (0, 1)
    assert made["cost_pico"] > 0 and kept["cost_pico"] == 0
    assert calls.do(f"/key/info?key={key}")[1]["info"]["spend"] == pytest.approx(COST)
    logs = calls.do("/spend/logs")[1]
    assert sorted(it["cache_hit"] for it in logs) == ["False", "True"]
    assert [it["total_tokens"] for it in logs] == [30, 30]
    assert calls.metric('sluice_cache_lookups_total{operation="chat",outcome="hit"}') == 1
    assert calls.metric('sluice_cache_tokens_total{model_group="chat"}') == 30
    assert calls.metric('sluice_tokens_total{model_group="chat",direction="output"}') == 20
    # LiteLLM's names, by the labels of whoever asked.
    for name, wanted in (("cache_hits", 1), ("cache_misses", 1), ("cached_tokens", 30)):
        assert calls.metric(f"litellm_{name}_metric_total{{", 'model="chat"') == wanted, name


@pytest.mark.parametrize("other", [{"temperature": 0.5}, {"max_tokens": 7}, {"messages": HI + HI}, {"anything": 1}, {"cache": {"namespace": "n"}}])
def test_another_request_is_another_answer(house, other):
    calls = house()
    assert calls.text() == "answer 1" and calls.text(**other) == "answer 2"
    assert calls.text() == "answer 1" and calls.text(**other) == "answer 2"


def test_a_stream_is_given_again_byte_for_byte(house):
    calls = house()
    first, _ = calls.stream()
    second, headers = calls.stream()
    assert first == second and "stream 1" in first and first.endswith("data: [DONE]\n\n")
    assert "x-litellm-cache-key" in headers and headers["content-type"] == "text/event-stream"
    assert '"usage"' not in first
    # Each client gets the usage it asks for, from the same kept stream.
    with_usage, _ = calls.stream(stream_options={"include_usage": True})
    assert '"total_tokens": 30' in with_usage.replace('"total_tokens":30', '"total_tokens": 30') and calls.provider.count == 1
    assert [line for line in with_usage.splitlines() if '"usage"' not in line and line] == [line for line in first.splitlines() if line]
    calls.gateway.wait_for(lambda: len(calls.rows()) == 3)
    assert [(it["cache_hit"], it["cost_pico"] > 0) for it in calls.rows()] == [(0, True), (1, False), (1, False)]
    # A whole answer is another one.
    assert calls.text() == "answer 2"


def test_no_answer_crosses_tenants(house):
    calls = house()
    team = calls.do("/team/new", {"team_alias": "t"})[1]["team_id"]
    other = calls.do("/team/new", {"team_alias": "u"})[1]["team_id"]
    ann = calls.do("/user/new", {"user_id": "ann", "auto_create_key": False})
    assert ann[0] == 200, ann
    answers = {
        "master": calls.text(),
        "nobody's": calls.text(calls.key()),
        "nobody's, too": calls.text(calls.key()),
        "ann's": calls.text(calls.key(user_id="ann")),
        "the team's": calls.text(calls.key(team_id=team)),
        "the other team's": calls.text(calls.key(team_id=other)),
    }
    assert len(set(answers.values())) == 6, answers
    assert calls.text(calls.key(user_id="ann")) == answers["ann's"]
    assert calls.text(calls.key(team_id=team)) == answers["the team's"]
    assert calls.text(calls.key(team_id=team), cache={"namespace": "the other team's"}) not in answers.values()


def test_everybody_shares_where_the_operator_says_so(house):
    calls = house({"share": "everyone"})
    assert calls.text(calls.key()) == calls.text(calls.key()) == calls.text() == "answer 1"
    # Who may not ask the model gets no kept answer of it.
    status, refused, _ = calls.ask(calls.key(models=["completions"]))
    assert status == 403 and "answer" not in json.dumps(refused)


def test_limits_and_budgets_come_before_the_cache(house):
    calls = house()
    team = calls.do("/team/new", {"team_alias": "t"})[1]["team_id"]
    assert calls.text(calls.key(team_id=team)) == "answer 1"
    limited = calls.key(team_id=team, rpm_limit=2)
    assert [calls.ask(limited)[0] for _ in range(3)] == [200, 200, 429]
    # Tokens of a kept answer count for nothing.
    few = calls.key(team_id=team, tpm_limit=40)
    assert [calls.ask(few)[0] for _ in range(4)] == [200] * 4
    spent = calls.key(team_id=team, max_budget=0.000001)
    calls.ask(spent, cache={"no-cache": True})
    calls.gateway.wait_for(lambda: calls.do(f"/key/info?key={spent}")[1]["info"]["spend"] > 0 or calls.ask(spent)[0] != 200)
    status, refused, _ = calls.ask(spent)
    assert status == 422 and refused["error"]["type"] == "budget_exceeded", refused


def test_a_call_says_how_it_uses_the_cache(house):
    calls = house()
    assert calls.text() == "answer 1"
    assert calls.text(cache={"no-cache": True}) == "answer 2" and calls.text() == "answer 2"
    assert calls.text(cache={"no-cache": True, "no-store": True}) == "answer 3" and calls.text() == "answer 2"
    assert calls.text(headers={"cache-control": "no-cache, no-store"}) == "answer 4"
    assert calls.text(cache={"s-maxage": 0}) == "answer 5"
    assert calls.text(cache={"s-maxage": 600}) == "answer 5"
    assert calls.text(cache={"use-cache": False}) == "answer 6" and calls.text() == "answer 5"
    assert calls.text(n=1, cache={"ttl": 0.2}) == "answer 7"
    calls.gateway.wait_for(lambda: calls.text(n=1, cache={"no-store": True}) == "answer 8" or calls.provider.count > 7)
    assert calls.provider.count == 8


@pytest.mark.parametrize("cache", [True, {"ttl": "soon"}, {"ttl": -1}, {"no-cache": "yes"}, {"namespace": ["a"]}])
def test_wrong_controls_are_named(house, cache):
    calls = house()
    status, refused, _ = calls.ask(cache=cache)
    assert status == 400 and refused["error"]["param"] == "cache", refused


def test_a_key_says_of_the_cache_what_its_list_has(house):
    calls = house()
    key = calls.key(allowed_cache_controls=["no-cache"])
    assert [calls.text(key), calls.text(key, cache={"no-cache": True})] == ["answer 1", "answer 2"]
    for more in ({"cache": {"ttl": 1}}, {"headers": {"cache-control": "no-store"}}):
        status, refused, _ = calls.ask(key, **more)
        assert status == 403 and refused["error"]["param"] == "cache", refused


def test_a_cache_that_is_off_by_default_is_used_when_asked_for(house):
    calls = house({"mode": "default_off", "supported_call_types": ["acompletion"]})
    assert [calls.text(), calls.text()] == ["answer 1", "answer 2"]
    use = {"use-cache": True}
    assert [calls.text(cache=use), calls.text(cache=use)] == ["answer 3", "answer 3"]
    for _ in range(2):
        assert calls.ask(model="completions", path="/v1/completions", messages=None, prompt="x", cache=use)[0] == 200
    assert calls.provider.count == 5


def test_every_operation_is_kept(house):
    calls = house()
    for model, path, more in (
        ("completions", "/v1/completions", {"messages": None, "prompt": "x"}),
        ("responses", "/v1/responses", {"messages": None, "input": "x"}),
        ("messages", "/v1/messages", {"max_tokens": 9}),
    ):
        (_, first, _), (_, second, headers) = calls.ask(model=model, path=path, **more), calls.ask(model=model, path=path, **more)
        assert first == second and "x-litellm-cache-key" in headers, path
    first, second = (calls.stream(model="responses", path="/v1/responses", messages=None, input="x") for _ in range(2))
    assert first[0] == second[0] and "response.completed" in first[0]
    assert calls.provider.count == 4
    # What is only begun is not kept.
    begun = [calls.ask(model="responses", path="/v1/responses", messages=None, input="x", background=True)[1]["id"] for _ in range(2)]
    assert begun[0] != begun[1]


def test_rerank_transcripts_and_googles_words_are_kept_too(house):
    calls = house()
    rerank = {"messages": None, "query": "q", "documents": ["a", "b"]}
    google = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    sound = lambda noise: b'--cut\r\ncontent-disposition: form-data; name="model"\r\n\r\nears\r\n--cut\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n' + noise + b"\r\n--cut--\r\n"
    form = {"content-type": "multipart/form-data; boundary=cut"}
    asks = {
        "rerank": lambda: calls.ask(model="rerank", path="/v1/rerank", **rerank),
        "transcript": lambda: calls.gateway.post("/v1/audio/transcriptions", sound(b"beep"), headers=form),
        "google": lambda: calls.gateway.post("/v1beta/models/gemini:generateContent", google),
    }
    for count, (name, ask) in enumerate(asks.items(), 1):
        (status, first, _), (_, second, headers) = ask(), ask()
        assert status == 200 and first == second and "x-litellm-cache-key" in headers, name
        assert calls.provider.count == count, name
    # Another sound is another call.
    other = calls.gateway.post("/v1/audio/transcriptions", sound(b"boop"), headers=form)
    assert "x-litellm-cache-key" not in other[2] and calls.provider.count == 4


@pytest.mark.parametrize("shape", ["text", "srt", "vtt"])
def test_transcripts_that_are_no_json_are_kept_with_their_type(house, shape):
    calls = house()
    fields = {"model": "ears", "response_format": shape}
    parts = [f'--cut\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    sound = '--cut\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nbeep\r\n--cut--\r\n'
    form = {"content-type": "multipart/form-data; boundary=cut", "authorization": f"Bearer {MASTER_KEY}"}
    ask = lambda: calls.gateway.get("/v1/audio/transcriptions", body=("".join(parts) + sound).encode(), headers=form)
    (status, first, made), (_, second, kept) = ask(), ask()
    assert status == 200 and first == second and b"heard 1" in first and calls.provider.count == 1
    assert made["content-type"] == kept["content-type"] and kept["content-type"].startswith("text/plain")
    assert "x-litellm-cache-key" in kept and "x-litellm-cache-key" not in made


def test_streams_of_every_dialect_are_given_again_byte_for_byte(house):
    calls = house()
    google = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).encode()
    key = {"authorization": f"Bearer {MASTER_KEY}"}
    asks = {
        "messages": lambda: calls.stream(model="told-messages", path="/v1/messages", max_tokens=9),
        "completions": lambda: calls.stream(model="told-text", path="/v1/completions", messages=None, prompt="x"),
        "google": lambda: (calls.gateway.get("/v1beta/models/gemini:streamGenerateContent?alt=sse", body=google, headers=key)[1].decode(), {}),
    }
    for count, (name, ask) in enumerate(asks.items(), 1):
        first, second = ask(), ask()
        assert first[0] == second[0] and str(count) in first[0], name
        assert calls.provider.count == count, name


def test_of_many_texts_only_new_ones_are_asked_for(house):
    calls = house()
    raw = calls.provider.raw
    ask = lambda texts, **more: calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=texts, **more)
    _, first, _ = ask(["a", "bbb"])
    assert [it["embedding"][0] for it in sorted(first["data"], key=lambda it: it["index"])] == [1, 3]
    _, mixed, headers = ask(["cc", "bbb", "a", "dddd"])
    assert body_of(raw.requests["embeddings"][-1])["input"] == ["cc", "dddd"]
    assert [it["index"] for it in mixed["data"]] == [0, 1, 2, 3]
    assert [it["embedding"] for it in mixed["data"]] == [[2, 0.5], [3, 1.5], [1, 0.5], [4, 1.5]]
    assert mixed["usage"] == {"prompt_tokens": 10, "total_tokens": 10} and "x-litellm-cache-key" not in headers
    assert float(headers["x-litellm-response-cost"]) == pytest.approx(6e-6)
    _, known, headers = ask(["dddd", "cc"])
    assert [it["embedding"] for it in known["data"]] == [[4, 1.5], [2, 0.5]] and known["model"] == "embeddings"
    assert known["usage"] == {"prompt_tokens": 6, "total_tokens": 6} and "x-litellm-cache-key" in headers
    assert ask("a")[1]["data"][0]["embedding"] == [1, 0.5] and calls.provider.count == 2
    assert ask("a", dimensions=2)[0] == 200 and calls.provider.count == 3
    calls.gateway.wait_for(lambda: len(calls.rows()) == 5)
    assert [it["cache_hit"] for it in calls.rows()] == [0, 0, 1, 1, 0]
    assert calls.metric('sluice_cache_lookups_total{operation="embeddings",outcome="partial"}') == 1


def test_what_is_not_complete_is_not_kept(house):
    calls = house()
    raw = calls.provider.raw
    error = {"error": {"message": "no", "type": "x"}}
    raw.scripts["broken"] = whole(error, status=500)
    begun = list(Provider.pieces(1))[:2]
    raw.scripts["cut"] = streamed(*begun)
    raw.scripts["filtered"] = whole({"id": "x", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}]})
    for _ in range(2):
        assert calls.ask(model="broken")[0] == 500
        assert "error" in calls.stream(model="cut")[0]
        assert calls.ask(model="filtered")[0] == 200
    assert {name: len(raw.requests[name]) for name in ("broken", "cut", "filtered")} == {"broken": 2, "cut": 2, "filtered": 2}

    def held(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(begun[0]))
        peer.wait_for_hang_up()

    raw.scripts["slow"] = held
    with connect(calls.gateway) as client:
        client.sendall(request("/v1/chat/completions", {"model": "slow", "messages": HI, "stream": True}, key=MASTER_KEY))
        until(client, b"assistant")
    calls.gateway.wait_for(lambda: any(it["model_group"] == "slow" for it in calls.rows()))
    raw.scripts["slow"] = calls.provider.chat
    assert "ends" in calls.stream(model="slow")[0] and len(raw.requests["slow"]) == 2


def test_operators_see_and_empty_the_cache(house):
    calls = house()
    key = calls.key()
    assert calls.text() == "answer 1"
    name = calls.ask()[2]["x-litellm-cache-key"]
    status, pinged = calls.do("/cache/ping")
    assert status == 200 and pinged["cache_type"] == "local" and pinged["litellm_cache_params"]["entries"] == 1
    assert calls.metric("sluice_cache_entries") == 1 and calls.metric("sluice_cache_bytes") > 100
    assert calls.do("/cache/delete", {"keys": [name, "sluice:cache:x"]}) == (200, {"status": "success", "deleted": 1})
    assert calls.text() == "answer 2"
    assert calls.do("/cache/flushall", {})[0] == 200 and calls.text() == "answer 3"
    assert calls.do("/cache/redis/info")[0] == 400
    for path, body in (("/cache/ping", None), ("/cache/flushall", {}), ("/cache/delete", {"keys": [name]}), ("/cache/settings", {"cache_settings": {}})):
        assert calls.do(path, body, key)[0] in (401, 403), path
    assert calls.text() == "answer 3"
    for body, param in (({}, "keys"), ({"keys": "x"}, "keys"), ({"kyes": []}, "kyes")):
        status, refused = calls.do("/cache/delete", body)
        assert 400 <= status < 500 and refused["error"]["param"] == param, refused


def test_settings_hold_without_a_restart(house):
    calls = house({"type": "local"})
    assert calls.text() == "answer 1"
    status, refused = calls.do("/cache/settings", {"cache_settings": {"mode": "sometimes"}})
    assert status == 400 and "mode" in refused["error"]["param"], refused
    status, refused = calls.do("/cache/settings", {"cache_settings": {"type": "redis", "host": "h", "password": "plain"}})
    assert status == 400 and refused["error"]["param"] == "cache_settings.password"
    assert calls.do("/cache/settings", {"cache_settings": {"type": "local", "mode": "default_off"}})[0] == 200
    calls.gateway.wait_for(lambda: calls.text() != "answer 1")
    shown = calls.do("/cache/settings")[1]
    assert shown["enabled"] is True and shown["current_values"]["mode"] == "default_off"


def test_a_cache_that_is_off_says_so(tmp_path, data_dir):
    calls = House.__new__(House)
    calls.gateway = Gateway(tmp_path, {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], "general_settings": {"master_key": MASTER_KEY}})
    try:
        status, refused = calls.do("/cache/ping")
        assert status == 503 and "litellm_settings.cache" in refused["error"]["message"]
        assert calls.ask(model="demo", cache={"no-cache": True})[0] == 200
    finally:
        calls.gateway.stop()
