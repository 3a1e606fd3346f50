"""Virtual keys, budgets, limits and spend, as clients and operators meet them."""

import concurrent.futures
import json
import re
import sqlite3
import subprocess
from datetime import datetime, timezone

import pytest

from conftest import MASTER_KEY, Gateway, base_environment
from raw import SSE, RawUpstream, chunk, connect, head, request, until, whole

PRICE = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
# What the upstream says it used: 10 tokens in, 20 out.
COST = 10 * 1e-6 + 20 * 2e-6
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}


def answer(**more):
    return {"id": "x", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}], **more}


def piece(text, finish=None):
    return f'data: {json.dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})}\n\n'


class Calls:
    """A gateway with one priced model, `m`, and what an operator does with it."""

    def __init__(self, folder):
        self.folder = folder
        self.upstream = RawUpstream()
        base = self.upstream.script("m", whole(answer()))
        slow = self.upstream.script("slow", self.play)
        params = {"api_key": "k", "num_retries": 0, **PRICE}
        models = [
            {"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": base, **params}, "model_info": {"region": "eu"}},
            {"model_name": "slow", "litellm_params": {"model": "openai/m", "api_base": slow, **params}},
            {"model_name": "unpriced", "litellm_params": {"model": "openai/nobody-knows", "api_base": base, "api_key": "k"}},
        ]
        self.gateway = Gateway(folder, {"model_list": models, "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1}})

    def play(self, peer):
        """A stream that begins and goes on for ever."""
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece("first ")))
        peer.wait_for_hang_up()

    def do(self, path, body=None, key=MASTER_KEY):
        if body is None:
            status, text, _ = self.gateway.get(path, key)
            return status, json.loads(text)
        return self.gateway.post(path, body, key)[:2]

    def key(self, **fields):
        status, made = self.do("/key/generate", fields)
        assert status == 200, made
        return made["key"]

    def ask(self, key, model="m", **more):
        return self.gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}, key)

    def spend_of(self, key):
        return self.do(f"/key/info?key={key}")[1]["info"]["spend"]

    def rows(self):
        """Spend rows of the database, by call."""
        with sqlite3.connect(f"file:{self.folder}/.local/share/sluice/sluice.db?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM spend_rows ORDER BY started_ms")]


@pytest.fixture()
def calls(tmp_path, data_dir):
    calls = Calls(tmp_path)
    yield calls
    calls.gateway.stop()


def test_a_key_lives_from_its_making_to_its_end(calls):
    key = calls.key(key_alias="first", models=["m"])
    status, _, headers = calls.ask(key)
    assert status == 200 and float(headers["x-litellm-response-cost"]) == pytest.approx(COST)
    assert calls.ask(key, model="slow")[1]["error"]["type"] == "key_model_access_denied"
    assert [it["id"] for it in calls.do("/v1/models", key=key)[1]["data"]] == ["m"]
    calls.gateway.wait_for(lambda: calls.spend_of(key) == pytest.approx(COST))
    for path, works in (("/key/block", False), ("/key/unblock", True)):
        assert calls.do(path, {"key": key})[0] == 200
        assert (calls.ask(key)[0] == 200) == works
    status, renewed = calls.do("/key/regenerate", {"key": key})
    assert status == 200 and calls.ask(key)[0] == 401 and calls.ask(renewed["key"])[0] == 200
    assert calls.do("/key/delete", {"keys": [renewed["key"]]})[0] == 200
    assert calls.ask(renewed["key"])[1]["error"]["type"] == "token_not_found_in_db"


def test_a_key_ends_when_its_duration_does(calls):
    key, lasting = calls.key(duration="2s"), calls.key(duration="1h")
    calls.gateway.wait_for(lambda: calls.ask(key)[0] != 200)
    status, refused, _ = calls.ask(key)
    assert (status, refused["error"]["type"]) == (401, "expired_key"), refused
    assert calls.ask(lasting)[0] == 200
    # Who makes it last longer opens it again.
    assert calls.do("/key/update", {"key": key, "duration": "1h"})[0] == 200
    assert calls.ask(key)[0] == 200


def test_a_key_is_refused_from_where_it_may_not_come(calls):
    key = calls.key(allowed_ips=["10.0.0.0/8"])
    for path in ("/v1/models", "/key/info"):
        status, refused = calls.do(path, key=key)
        assert status == 403 and "IP address 127.0.0.1 is not in the key's `allowed_ips`" in refused["error"]["message"], refused
    assert calls.ask(key)[0] == 403 and calls.ask(calls.key())[0] == 200
    assert calls.do("/key/update", {"key": key, "allowed_ips": ["10.0.0.0/8", "127.0.0.0/8"]})[0] == 200
    assert calls.ask(key)[0] == 200


def test_models_are_listed_by_access_group_and_by_team(tmp_path, data_dir):
    group = {"model_name": "flat", "litellm_params": {"model": "echo/flat"}, "model_info": {"access_groups": ["best"]}}
    known = {"model_name": "known", "litellm_params": {"model": "openai/gpt-4o", "api_key": "k"}}
    gateway = Gateway(tmp_path, {"model_list": [group, known], "general_settings": {"master_key": MASTER_KEY}})

    def listed(query, key=MASTER_KEY):
        status, text, _ = gateway.get(f"/v1/models?{query}", key)
        answer = json.loads(text)
        return [it["id"] for it in answer["data"]] if status == 200 else (status, answer["error"]["param"])

    try:
        team = gateway.post("/team/new", {"team_id": "t", "models": ["best"]})[1]["team_id"]
        key = gateway.post("/key/generate", {"models": ["known"]})[1]["key"]
        assert listed("") == ["flat", "known"]
        assert listed("include_model_access_groups=true") == ["flat", "known", "best"]
        assert listed("only_model_access_groups=true") == ["best"]
        assert listed("only_model_access_groups=true", key) == []
        assert listed(f"team_id={team}") == ["flat"]
        assert listed(f"team_id={team}", key) == (403, "team_id")
        assert listed("scope=all") == (400, "scope") and listed("return_wildcard_routes=x") == (400, "return_wildcard_routes")
        model = json.loads(gateway.get("/v1/models/known")[1])
        assert model["mode"] == "chat" and model["max_input_tokens"] == 128000 and model["max_output_tokens"] == 16384
        assert gateway.get("/agent/daily/activity")[0] == 501
    finally:
        gateway.stop()


def test_whom_a_call_names_is_a_customer(calls):
    key = calls.key()
    assert calls.ask(key, user="newcust")[0] == 200
    info = lambda: calls.do("/customer/info?end_user_id=newcust")
    calls.gateway.wait_for(lambda: info()[0] == 200)
    assert info()[1]["spend"] == pytest.approx(COST)
    assert [it["user_id"] for it in calls.do("/customer/list")[1]] == ["newcust"]
    # What is known of a customer afterwards counts.
    assert calls.do("/customer/block", {"user_ids": ["newcust"]})[0] == 200
    assert calls.ask(key, user="newcust")[0] == 403


def test_a_key_does_not_reach_a_model_by_falling_back_to_it(calls):
    key = calls.key(models=["unpriced"])
    status, refused, _ = calls.ask(key, model="unpriced", fallbacks=["m"])
    assert status == 403 and refused["error"]["type"] == "key_model_access_denied"


def test_counting_tokens_costs_nothing(tmp_path, data_dir, upstream):
    params = {"model": "anthropic/claude-sonnet-4-5", "api_base": f"{upstream}/special/counts", "api_key": "k"}
    gateway = Gateway(tmp_path, {"model_list": [{"model_name": "claude", "litellm_params": params}], "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1}})
    calls = Calls.__new__(Calls)
    calls.folder, calls.gateway = tmp_path, gateway
    try:
        body = {"model": "claude", "messages": [{"role": "user", "content": "hi"}]}
        assert gateway.post("/v1/messages/count_tokens", body)[1] == {"input_tokens": 17}
        gateway.wait_for(lambda: len(calls.rows()) == 1)
        assert calls.rows()[0]["cost_pico"] == 0
    finally:
        gateway.stop()


def test_a_key_manages_nothing_beyond_itself(calls):
    key, other = calls.key(), calls.key()
    for path, body in (("/key/generate", {}), ("/team/new", {"team_alias": "t"}), ("/user/new", {})):
        status, refused = calls.do(path, body, key)
        assert status in (401, 403), refused
    assert calls.do("/key/info", key=key)[0] == 200
    assert calls.do(f"/key/info?key={other}", key=key)[0] in (401, 403, 404)
    assert calls.do("/plugins", key=key)[0] in (401, 403)


@pytest.mark.parametrize("body, param", [
    ({"max_budget": -1}, "max_budget"),
    ({"budget_duration": "soon"}, "budget_duration"),
    ({"models": "m"}, "models"),
    ({"max_bugdet": 1}, "max_bugdet"),
    ({"team_id": "nobody"}, "team_id"),
    ({"key": "pk-1"}, "key"),
])
def test_bad_fields_are_named_and_nothing_is_made(calls, body, param):
    status, refused = calls.do("/key/generate", body)
    assert 400 <= status < 500 and refused["error"]["param"] == param, refused
    assert calls.do("/key/list")[1]["total_count"] == 0


def test_answers_say_what_answered_and_what_the_caller_may(calls):
    key = calls.key(rpm_limit=70, tpm_limit=90_000)
    assert calls.do("/customer/new", {"user_id": "far", "allowed_model_region": "eu"})[0] == 200
    status, _, headers = calls.ask(key, user="far")
    assert status == 200
    assert headers["x-litellm-key-rpm-limit"] == "70" and headers["x-litellm-key-tpm-limit"] == "90000"
    assert headers["x-litellm-model-api-base"] == f"{calls.upstream.url}/m"
    assert headers["x-litellm-version"] == json.loads(calls.gateway.get("/")[1])["version"]
    assert headers["x-litellm-model-region"] == "eu" and float(headers["x-litellm-callback-duration-ms"]) == 0
    assert float(headers["x-litellm-overhead-duration-ms"]) <= float(headers["x-litellm-response-duration-ms"])
    assert "x-litellm-model-region" not in calls.ask(key)[2]


def test_a_spent_budget_refuses_with_litellms_words(calls):
    key = calls.key(max_budget=COST * 1.5, key_alias="poor")
    headers = calls.ask(key)[2]
    assert float(headers["x-litellm-key-max-budget"]) == pytest.approx(COST * 1.5)
    # With the call that it stands on.
    assert float(headers["x-litellm-key-spend"]) == pytest.approx(COST)
    assert [calls.ask(key)[0] for _ in range(2)] == [200, 422]
    error = calls.ask(key)[1]["error"]
    assert error["type"] == "budget_exceeded" and error["message"].startswith("Budget has been exceeded! Key=poor (sk-")
    assert "raise `max_budget` by `/key/update`" in error["message"]
    # More money is more calls, at once.
    calls.do("/key/update", {"key": key, "max_budget": 1})
    assert calls.ask(key)[0] == 200


def test_an_unknown_price_is_refused_where_there_is_a_budget(calls):
    assert calls.ask(calls.key(), model="unpriced")[0] == 200
    status, refused = calls.ask(calls.key(max_budget=1), model="unpriced")[:2]
    assert status == 400 and "price" in refused["error"]["message"]


@pytest.mark.parametrize("holder", ["team", "user"])
def test_everybody_above_a_key_pays_too(calls, holder):
    made = calls.do(f"/{holder}/new", {"max_budget": COST * 2.5, **({"auto_create_key": False} if holder == "user" else {})})[1]
    keys = [calls.key(**{f"{holder}_id": made[f"{holder}_id"]}) for _ in range(2)]
    statuses = [calls.ask(keys[at % 2])[0] for at in range(4)]
    assert statuses == [200, 200, 200, 422]


def test_many_calls_at_once_do_not_overspend(calls):
    key = calls.key(max_budget=COST * 10)
    with concurrent.futures.ThreadPoolExecutor(20) as crowd:
        statuses = list(crowd.map(lambda _: calls.ask(key, max_tokens=20)[0], range(60)))
    # The last one may cost more than what was left.
    assert statuses.count(200) in (10, 11) and set(statuses) == {200, 422}
    calls.gateway.wait_for(lambda: calls.spend_of(key) == pytest.approx(COST * statuses.count(200)))


def test_a_limit_of_requests_is_told_before_and_after_it_is_reached(calls):
    key = calls.key(rpm_limit=2)
    statuses = []
    for _ in range(3):
        status, body, headers = calls.ask(key)
        statuses.append((status, headers.get("x-ratelimit-api_key-remaining-requests")))
    # A window may begin between two calls.
    assert statuses[0][0] == 200 and statuses[0][1] == "1"
    assert statuses[2][0] == 429 and body["error"]["type"] == "throttling_error"
    assert "Limit type: requests" in body["error"]["message"] and int(headers["retry-after"]) >= 1
    assert body["error"]["message"].endswith(f". Limit resets at: {headers['reset_at']}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", headers["reset_at"])


def test_a_client_that_leaves_pays_for_what_was_begun(calls):
    key = calls.key()
    with connect(calls.gateway) as connection:
        body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=key))
        until(connection, b"first")
    calls.gateway.wait_for(lambda: len(calls.rows()) == 1)
    (row,) = calls.rows()
    assert row["status"] == "interrupted" and row["cost_pico"] > 0


def test_a_killed_gateway_loses_no_call_that_it_answered(calls):
    key = calls.key()
    answered = {calls.ask(key)[2]["x-litellm-call-id"] for _ in range(20)}
    with connect(calls.gateway) as connection:
        body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=key))
        until(connection, b"first")
        calls.gateway.process.kill()
        calls.gateway.process.wait()
    calls.gateway.start()
    calls.gateway.wait_for(lambda: len(calls.rows()) == 21)
    by_status = {status: {row["call_id"] for row in calls.rows() if row["status"] == status} for status in ("success", "interrupted")}
    assert by_status["success"] == answered and len(by_status["interrupted"]) == 1
    spent = sum(row["cost_pico"] for row in calls.rows())
    assert calls.spend_of(key) == pytest.approx(spent / 1e12)


def test_the_master_keys_calls_are_on_record_too(calls):
    status, _, headers = calls.ask(MASTER_KEY, metadata={"tags": ["night"]}, user="c1")
    assert status == 200
    calls.gateway.wait_for(lambda: len(calls.rows()) == 1)
    (row,) = calls.rows()
    assert row["call_id"] == headers["x-litellm-call-id"] and row["key_hash"] == "litellm_proxy_master_key"
    assert row["cost_pico"] == round(COST * 1e12) and row["end_user"] == "c1" and "night" in row["tags"]


def test_a_model_made_through_the_api_serves_at_once_and_after_a_restart(tmp_path, data_dir):
    upstream = RawUpstream()
    base = upstream.script("stored", whole(answer()))
    general = {"master_key": MASTER_KEY, "store_model_in_db": True, "trust_stored_api_base": True}
    gateway = Gateway(tmp_path, {"model_list": [], "general_settings": general})
    chat = {"model": "made", "messages": [{"role": "user", "content": "hi"}]}
    try:
        assert gateway.post("/v1/chat/completions", chat)[0] == 400
        params = {"model": "openai/m", "api_base": base, "api_key": "sk-of-the-provider", **PRICE}
        status, made, _ = gateway.post("/model/new", {"model_name": "made", "litellm_params": params})
        assert status == 200 and "sk-of-the-provider" not in json.dumps(made)
        gateway.wait_for(lambda: gateway.post("/v1/chat/completions", chat)[0] == 200)
        assert b"sk-of-the-provider" in upstream.requests["stored"][0]
        assert gateway.stop() == 0
        gateway.log = open(tmp_path / "log.txt", "ab")
        gateway.start()
        assert gateway.post("/v1/chat/completions", chat)[0] == 200
        assert b"sk-of-the-provider" not in (tmp_path / ".local/share/sluice/sluice.db").read_bytes()
        assert gateway.post("/model/delete", {"id": made["model_id"]})[0] == 200
        gateway.wait_for(lambda: gateway.post("/v1/chat/completions", chat)[0] == 400)
    finally:
        gateway.stop()


def test_a_model_made_through_the_api_does_not_reach_into_the_network(tmp_path, data_dir):
    upstream = RawUpstream()
    general = {"master_key": MASTER_KEY, "store_model_in_db": True}
    gateway = Gateway(tmp_path, {"model_list": [], "general_settings": general})
    params = {"model": "openai/m", "api_base": upstream.script("near", whole(answer())), "api_key": "k", "num_retries": 0}
    chat = {"model": "made", "messages": [{"role": "user", "content": "hi"}]}
    try:
        assert gateway.post("/model/new", {"model_name": "made", "litellm_params": params})[0] == 200
        gateway.wait_for(lambda: gateway.get("/v1/models/made")[0] == 200)
        status, refused, _ = gateway.post("/v1/chat/completions", chat)
        assert status >= 400 and "private" in refused["error"]["message"] and "near" not in upstream.requests
    finally:
        gateway.stop()


def test_spend_is_told_by_call_by_day_and_as_a_price(calls):
    for user in ("ann", "bob"):
        assert calls.do("/user/new", {"user_id": user, "auto_create_key": False})[0] == 200
    key = calls.key(key_alias="told", user_id="ann")
    call_ids = [calls.ask(key)[2]["x-litellm-call-id"] for _ in range(3)]
    calls.gateway.wait_for(lambda: len(calls.rows()) == 3)
    logs = calls.do("/spend/logs")[1]
    assert sorted(row["request_id"] for row in logs) == sorted(call_ids)
    assert all(row["spend"] == pytest.approx(COST) and row["total_tokens"] == 30 for row in logs)
    today = datetime.now(timezone.utc).date().isoformat()
    status, activity = calls.do(f"/user/daily/activity?start_date={today}&end_date={today}")
    assert status == 200 and activity["metadata"]["total_api_requests"] == 3, activity
    status, file, headers = calls.gateway.get(f"/user/daily/activity?start_date={today}&end_date={today}&user_id=ann&format=csv")
    assert status == 200 and {name.lower(): value for name, value in headers.items()}["content-type"] == "text/csv; charset=utf-8"
    head, line, end = file.decode().split("\r\n")
    shown = dict(zip(head.split(","), line.split(",")))
    assert end == "" and (shown["date"], shown["user_id"], shown["key_alias"]) == (today, "ann", "told")
    assert (float(shown["spend"]), shown["api_requests"]) == (pytest.approx(3 * COST), "3")
    status, price = calls.do("/spend/calculate", {"completion_response": answer(model="m")})
    assert status == 200 and price["cost"] == pytest.approx(COST)
    # Users see their own rows only, and keys of nobody see none.
    assert {row["request_id"] for row in calls.do("/spend/logs", key=key)[1]} == set(call_ids)
    assert calls.do("/spend/logs", key=calls.key(user_id="bob"))[1] == []
    assert calls.do("/spend/logs", key=calls.key())[0] == 401


def test_rules_of_the_config_bind_callers(tmp_path, data_dir):
    open_routes = ["/v1/models", "/key/generate", "/health/readiness", "/v1/chat/completions"]
    general = {"master_key": MASTER_KEY, "allowed_routes": open_routes, "enforced_params": ["user"]}
    chat = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}
    gateway = Gateway(tmp_path, {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], "general_settings": general})
    try:
        assert gateway.get("/v1/models")[0] == 200
        assert gateway.get("/plugins")[0] == 403
        key = gateway.post("/key/generate", {})[1]["key"]
        status, refused, _ = gateway.post("/v1/chat/completions", chat, key)
        assert status == 400 and "user" in refused["error"]["message"], refused
        assert gateway.post("/v1/chat/completions", {**chat, "user": "c1"}, key)[0] == 200
    finally:
        gateway.stop()


def test_a_backup_brings_keys_to_another_database(tmp_path, data_dir):
    models = [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}]
    config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY}}
    chat = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    gateway = Gateway(old, config)
    key = gateway.post("/key/generate", {})[1]["key"]

    def command(folder, *arguments):
        return subprocess.run([gateway.command[0], *arguments, "--config", str(old / "config.yaml")], env={**base_environment(folder), "SLUICE_NEW_SALT_KEY": "another-salt"}, cwd=folder, capture_output=True, text=True, timeout=60)

    file = str(tmp_path / "backup.jsonl")
    written = command(old, "backup", file)
    assert written.returncode == 0 and "rows" in written.stdout, written.stderr
    assert key not in open(file).read()
    assert command(old, "backup", file).returncode == 1
    for arguments in (("restore", file, "--replace"), ("rotate-salt",)):
        refused = command(old, *arguments)
        assert refused.returncode == 1 and f"process {gateway.process.pid} on" in refused.stderr, refused.stderr
    assert gateway.post("/v1/chat/completions", chat, key)[0] == 200
    gateway.stop()
    resealed = command(old, "rotate-salt")
    assert resealed.returncode == 0 and "sealed with the new key" in resealed.stdout, resealed.stderr
    assert command(new, "restore", file).returncode == 0
    twice = command(new, "restore", file)
    assert twice.returncode == 1 and "not empty" in twice.stderr
    gateway = Gateway(new, config)
    try:
        assert gateway.post("/v1/chat/completions", chat, key)[0] == 200
    finally:
        gateway.stop()


def test_keys_are_made_within_the_rules_of_the_config(tmp_path, data_dir):
    settings = {"default_key_generate_params": {"rpm_limit": 7}, "upperbound_key_generate_params": {"max_budget": 5}, "key_alias_pattern": "[a-z]+-[0-9]+"}
    gateway = Gateway(tmp_path, {"model_list": [], "litellm_settings": settings, "general_settings": {"master_key": MASTER_KEY, "disable_custom_api_keys": True}})
    try:
        status, made, _ = gateway.post("/key/generate", {"key_alias": "ci-1"})
        assert (status, made["rpm_limit"], made["max_budget"]) == (200, 7, 5)
        for body, param in (({"max_budget": 6}, "max_budget"), ({"key_alias": "CI"}, "key_alias"), ({"key": "sk-of-my-own-0123456789"}, "key")):
            status, refused, _ = gateway.post("/key/generate", body)
            assert 400 <= status < 500 and refused["error"]["param"] == param, refused
    finally:
        gateway.stop()


def test_rows_say_nothing_of_clients_where_the_log_is_off_and_old_ones_go_when_that_is_said(calls):
    chat = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "metadata": {"note": "mine"}}
    headers = {"user-agent": "a-client/1", "x-litellm-session-id": "s1"}
    general = json.loads(calls.gateway.config.read_text())["general_settings"]

    def ask(count):
        assert calls.gateway.post("/v1/chat/completions", chat, headers=headers)[0] == 200
        calls.gateway.wait_for(lambda: len(calls.rows()) == count)
        row = calls.rows()[-1]
        return row["session_id"], {name for name in ("client_ip", "user_agent", "metadata") if json.loads(row["doc"]).get(name)}

    def say(**more):
        config = json.loads(calls.gateway.config.read_text())
        config["general_settings"] = {**general, **more}
        taken = calls.gateway.logged().count("the changed config is in force")
        calls.gateway.config.write_text(json.dumps(config))
        calls.gateway.wait_for(lambda: calls.gateway.logged().count("the changed config is in force") > taken)

    assert ask(1) == ("s1", {"client_ip", "user_agent", "metadata"})
    # A row that is older than an hour: it goes when a time is said, not within a day.
    with sqlite3.connect(calls.folder / ".local/share/sluice/sluice.db", timeout=30) as database:
        database.execute("UPDATE spend_rows SET started_ms = started_ms - 7200000")
    say(maximum_spend_logs_retention_period="1h")
    calls.gateway.wait_for(lambda: calls.rows() == [])
    spent = calls.do("/global/spend")[1]["spend"]
    assert spent == pytest.approx(COST)
    say(disable_spend_logs=True)
    assert ask(1) == (None, set())
