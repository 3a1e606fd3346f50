"""Callbacks as operators and their tenants meet them: a component that brings records to a loopback log."""

import json
import os
import pathlib
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from conftest import MASTER_KEY, Gateway

GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}

# What LiteLLM's StandardLoggingPayload has.
FIELDS = {
    "id", "trace_id", "session_id", "litellm_call_id", "call_type", "stream", "response_cost", "cost_breakdown",
    "response_cost_failure_debug_info", "status", "status_fields", "custom_llm_provider", "total_tokens", "prompt_tokens",
    "completion_tokens", "startTime", "endTime", "completionStartTime", "response_time", "model_map_information", "model",
    "model_id", "model_group", "api_base", "metadata", "cache_hit", "cache_key", "saved_cache_cost", "request_tags",
    "end_user", "requester_ip_address", "user_agent", "messages", "response", "error_str", "error_information",
    "model_parameters", "hidden_params", "guardrail_information", "standard_built_in_tools_params",
}
METADATA = {
    "user_api_key_hash", "user_api_key_alias", "user_api_key_spend", "user_api_key_max_budget", "user_api_key_budget_reset_at",
    "user_api_key_org_id", "user_api_key_org_alias", "user_api_key_team_id", "user_api_key_team_alias", "user_api_key_user_id",
    "user_api_key_user_email", "user_api_key_end_user_id", "user_api_key_request_route", "user_api_key_auth_metadata",
    "spend_logs_metadata", "requester_ip_address", "requester_metadata", "applied_guardrails", "usage_object",
}


class House(BaseHTTPRequestHandler):
    """`/log/<name>/take` is a log, everything else a provider."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        first, _, rest = self.path.lstrip("/").partition("/")
        if first == "log":
            self.take(rest.split("/")[0], body)
        elif "embeddings" in self.path:
            self.answer(200, {"object": "list", "model": "m", "data": [{"index": 0, "object": "embedding", "embedding": [0.5]}], "usage": USAGE})
        elif body["messages"][-1]["content"] == "fail":
            self.answer(400, {"error": {"message": "no such thing", "type": "invalid_request_error"}})
        elif body.get("stream"):
            event = lambda delta, finish=None: f"data: {json.dumps({'id': 'c1', 'object': 'chat.completion.chunk', 'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n"
            tail = f"data: {json.dumps({'id': 'c1', 'choices': [], 'usage': USAGE})}\n\ndata: [DONE]\n\n"
            self.answer(200, (event({"role": "assistant", "content": "You "}) + event({"content": "said"}) + event({}, "stop") + tail).encode(), "text/event-stream")
        else:
            message = {"role": "assistant", "content": "You said: " + body["messages"][-1]["content"]}
            self.answer(200, {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": message}]})

    def take(self, name, body):
        server = self.server
        server.offered.append(name)
        if name in server.down:
            self.answer(503, {}, more={"retry-after-ms": "50"})
            return
        server.taken.append({"log": name, "key": self.headers.get("authorization"), "extra": self.headers.get("x-extra"), **body})
        self.answer(200, {})

    def answer(self, status, body, kind="application/json", more=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def house():
    server = ThreadingHTTPServer(("127.0.0.1", 0), House)
    server.taken, server.offered, server.down = [], [], set()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def sink(house, log, **more):
    return {"callback_type": "sink", "api_base": f"{house.url}/log/{log}", "api_key": f"k-of-{log}-0123", "flush_interval": 0.1, **more}


GRANTS = {
    "sinks": {"hosts": ["declared.example"], "env": ["SINK_HOST", "SINK_PROJECT", "SINK_API_KEY", "SINK_LEVEL"]},
    "guards": {"hosts": ["declared.example"], "env": ["GUARDS_API_KEY"]},
}


def configured(house, folder, **litellm):
    (folder / "dropped").mkdir(exist_ok=True)
    for guest in ("sinks", "guards"):
        shutil.copy(GUESTS / f"sluice_guest_{guest}.wasm", folder / "dropped" / f"{guest}.wasm")
    prices = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    base = {"model": "openai/m", "api_base": f"{house.url}/v1", "api_key": "k-provider-0123", "num_retries": 0, **prices}
    return {
        "model_list": [{"model_name": "m", "litellm_params": base}, {"model_name": "e", "litellm_params": {**base, "model": "openai/e"}}],
        "guardrails": [{"guardrail_name": "log-mask", "litellm_params": {"guardrail": "mask", "mode": "logging_only", "names": ["Ada"]}}],
        "litellm_settings": {"callbacks": ["all"], "success_callback": ["good", "signed"], "failure_callback": ["bad", "nobody"], "cache": True, "cache_params": {"type": "local"}, **litellm},
        "callback_settings": {
            "all": sink(house, "all", project="everything", headers={"X-Extra": "os.environ/EXTRA"}),
            "good": sink(house, "good", message_logging=False),
            "bad": sink(house, "bad"),
            "signed": sink(house, "signed", region="eu-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="a-secret-of-aws"),
        },
        "plugins": {"directory": str(folder / "dropped"), "grants": GRANTS},
        "general_settings": {"master_key": MASTER_KEY, "trust_stored_api_base": True},
    }


ENVIRONMENT = {"EXTRA": "extra-header-value", "SINK_API_KEY": "k-of-the-operator", "SINK_PROJECT": "the-operators", "SINK_LEVEL": "3", "TENANTS_KEY": "k-of-the-tenants"}


@pytest.fixture(scope="module")
def told(tmp_path_factory, data_dir, house):
    folder = tmp_path_factory.mktemp("told")
    gateway = Gateway(folder, configured(house, folder), ENVIRONMENT)
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(scope="module")
def client(told):
    return openai.OpenAI(base_url=told.url + "/v1", api_key=MASTER_KEY, max_retries=0)


def ask(client, text, **more):
    extra = {"cache": {"no-cache": True, "no-store": True}, **more.pop("extra", {})}
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], extra_body=extra, **more)


def records(house, log, **of):
    all = [record for batch in list(house.taken) if batch["log"] == log for record in batch["records"]]
    return [record for record in all if all_of(record, of)]


def all_of(record, of):
    return all(record.get(name) == value for name, value in of.items())


def said(found):
    messages = found["messages"]
    return messages[0].get("content") if isinstance(messages, list) else messages


def asked(text):
    return [{"role": "user", "content": text}]


def record(told, house, log, text):
    found = []
    told.wait_for(lambda: found.extend(records(house, log, messages=asked(text))) or found)
    assert len(found) == 1
    return found[0]


def test_a_call_that_succeeds_is_told_whole_with_every_field(told, client, house):
    ask(client, "tell all", temperature=0.5, user="customer-1", extra={"metadata": {"tags": ["blue"], "spend_logs_metadata": {"a": 1}, "session_id": "s-1"}})
    found = record(told, house, "all", "tell all")
    assert FIELDS <= set(found) and METADATA <= set(found["metadata"]), (FIELDS - set(found), METADATA - set(found["metadata"]))
    assert found["status"] == "success" and found["call_type"] == "acompletion" and found["stream"] is False
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (10, 20, 30)
    assert found["response_cost"] == pytest.approx(50e-6) and found["cost_breakdown"]["total_cost"] == pytest.approx(50e-6)
    assert found["response"]["choices"][0]["message"]["content"] == "You said: tell all"
    assert found["model_parameters"]["temperature"] == 0.5 and "messages" not in found["model_parameters"]
    assert (found["model"], found["model_group"], found["custom_llm_provider"]) == ("m", "m", "openai")
    assert found["request_tags"] == ["blue"] and found["end_user"] == "customer-1" and found["session_id"] == "s-1"
    assert found["metadata"]["spend_logs_metadata"] == {"a": 1} and found["metadata"]["user_api_key_request_route"] == "/v1/chat/completions"
    assert found["startTime"] <= found["completionStartTime"] <= found["endTime"] and found["error_information"] is None
    assert found["model_map_information"]["model_map_value"]["input_cost_per_token"] == 1e-6
    batch = next(batch for batch in house.taken if batch["log"] == "all")
    assert batch["key"] == "Bearer k-of-all-0123" and batch["extra"] == "extra-header-value"
    assert batch["config"] == {"project": "everything", "level": 3, "callback": "sink", "entry": "all", "has_api_base": True}
    assert "k-provider" not in json.dumps(house.taken)


def test_each_list_is_told_of_its_calls_only_and_one_may_be_told_nothing_of_what_was_said(told, client, house):
    with pytest.raises(openai.BadRequestError):
        ask(client, "fail")
    failed = record(told, house, "bad", "fail")
    assert failed["status"] == "failure" and failed["error_information"]["error_code"] == "400"
    assert failed["error_information"]["error_class"] == "BadRequestError" and "no such thing" in failed["error_str"]
    assert failed["response"] is None and failed["status_fields"] == {"llm_api_status": "failure", "guardrail_status": "not_run"}
    assert record(told, house, "all", "fail")["litellm_call_id"] == failed["litellm_call_id"]
    ask(client, "only good")
    told.wait_for(lambda: records(house, "all", messages=asked("only good")))
    told.wait_for(lambda: records(house, "good", status="success"))
    assert not records(house, "good", status="failure") and not records(house, "bad", status="success")
    assert "only good" not in json.dumps(records(house, "good")) and "redacted-by-litellm" in json.dumps(records(house, "good"))


def test_requests_are_signed_by_the_gateway_with_keys_that_the_component_never_sees(told, client, house):
    ask(client, "sign it")
    told.wait_for(lambda: records(house, "signed"))
    batch = next(batch for batch in house.taken if batch["log"] == "signed")
    assert batch["key"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") and "/eu-1/s3/aws4_request" in batch["key"]
    assert "aws" not in json.dumps(batch["config"]) and "a-secret-of-aws" not in json.dumps(house.taken)


def test_a_stream_is_told_as_one_answer(told, client, house):
    text = "".join(chunk.choices[0].delta.content or "" for chunk in ask(client, "stream it", stream=True) if chunk.choices)
    assert text == "You said"
    found = record(told, house, "all", "stream it")
    assert found["stream"] is True and found["response"]["choices"][0]["message"]["content"] == "You said"
    assert found["total_tokens"] == 30 and found["completionStartTime"] <= found["endTime"]


def test_a_kept_answer_is_told_as_one_with_what_it_saved(told, client, house):
    for _ in range(2):
        client.chat.completions.create(model="m", messages=asked("keep this"))
    told.wait_for(lambda: len(records(house, "all", messages=asked("keep this"))) == 2)
    first, second = records(house, "all", messages=asked("keep this"))
    assert first["cache_hit"] is False and second["cache_hit"] is True
    assert second["response_cost"] == 0 and second["saved_cache_cost"] == pytest.approx(50e-6) and second["cache_key"]


def test_embeddings_and_what_passes_through_are_told_too(told, client, house):
    client.embeddings.create(model="e", input="embed me", encoding_format="float")
    told.wait_for(lambda: records(house, "all", call_type="aembedding", messages="embed me"))


def test_what_is_only_masked_for_the_log_is_masked_in_records(told, client, house):
    answer = ask(client, "I am Ada", extra={"guardrails": ["log-mask"]})
    assert answer.choices[0].message.content == "You said: I am Ada"
    told.wait_for(lambda: [it for it in records(house, "all") if "NAME_1" in json.dumps(it["messages"])])
    assert "I am Ada" not in json.dumps(house.taken)


def test_a_call_may_ask_not_to_be_told_and_one_to_be_told_without_its_words(told, client, house):
    ask(client, "do not tell", extra={"no-log": True})
    ask(client, "tell without words", extra={"turn_off_message_logging": True, "metadata": {"session_id": "silent"}})
    told.wait_for(lambda: records(house, "all", session_id="silent"))
    assert "tell without words" not in json.dumps(house.taken) and "do not tell" not in json.dumps(house.taken)


def test_a_client_switches_callbacks_off_for_its_call_by_header(told, client, house):
    ask(client, "not for all", user="off", extra_headers={"x-litellm-disable-callbacks": "ALL, signed"})
    ask(client, "for all again", user="on")
    for log, told_of in (("good", ["off", "on"]), ("all", ["on"]), ("signed", ["on"])):
        # Records go in the order in which calls ended.
        told.wait_for(lambda: records(house, log, end_user="on"))
        assert [it["end_user"] for it in records(house, log) if it["end_user"] in ("off", "on")] == told_of


def test_the_operator_may_keep_clients_and_keys_from_switching_callbacks_off(tmp_path_factory, data_dir, house):
    folder = tmp_path_factory.mktemp("kept")
    gateway = Gateway(folder, configured(house, folder, allow_dynamic_callback_disabling=False), ENVIRONMENT)
    try:
        made = gateway.post("/key/generate", {"metadata": {"litellm_disabled_callbacks": ["all"]}})[1]["key"]
        body = {"model": "m", "messages": asked("for all"), "user": "kept"}
        assert gateway.post("/v1/chat/completions", body, made, {"x-litellm-disable-callbacks": "all"})[0] == 200
        gateway.wait_for(lambda: records(house, "all", end_user="kept"))
    finally:
        assert gateway.stop() == 0


def test_a_refused_call_is_a_failure_of_its_own(told, house):
    key = told.post("/key/generate", {"max_budget": 0.0000001, "key_alias": "poor"})[1]["key"]
    statuses = [told.post("/v1/chat/completions", {"model": "m", "messages": asked(f"poor {at}")}, key)[0] for at in range(3)]
    assert statuses[-1] == 422, statuses
    told.wait_for(lambda: [it for it in records(house, "all", status="failure") if it["metadata"]["user_api_key_alias"] == "poor"])
    found = [it for it in records(house, "all", status="failure") if it["metadata"]["user_api_key_alias"] == "poor"][0]
    assert found["error_information"]["error_code"] == "422"


def test_a_team_has_callbacks_of_its_own_and_nothing_of_the_operators(told, house):
    for team in ("red", "blue"):
        told.post("/team/new", {"team_id": team})
        vars = {"sink_host": f"{house.url}/log/{team}", "sink_api_key": f"k-of-team-{team}-secret", "flush_interval": 0.1, "sink_project": team}
        status, answer, _ = told.post(f"/team/{team}/callback", {"callback_name": "sink", "callback_type": "success", "callback_vars": vars})
        assert status == 200 and answer["status"] == "success" and f"k-of-team-{team}-secret" not in json.dumps(answer), answer
    keys = {team: told.post("/key/generate", {"team_id": team})[1]["key"] for team in ("red", "blue")}
    for at in range(3):
        for team, key in keys.items():
            assert told.post("/v1/chat/completions", {"model": "m", "messages": asked(f"of {team} {at}")}, key)[0] == 200
    for team in keys:
        told.wait_for(lambda: len(records(house, team)) == 3)
        batches = [batch for batch in house.taken if batch["log"] == team]
        assert {it["metadata"]["user_api_key_team_id"] for batch in batches for it in batch["records"]} == {team}
        assert {batch["key"] for batch in batches} == {f"Bearer k-of-team-{team}-secret"}
        # Its own settings, no variable of the operator's, and a store of its own.
        assert batches[0]["config"] == {"project": team, "callback": "sink", "entry": "sink", "has_api_base": True} and batches[0]["batches"] == 1
    shown = json.loads(told.get("/team/red/callback")[1])
    assert shown["data"]["success_callbacks"] == ["sink"] and shown["data"]["failure_callbacks"] == []
    assert set(shown["data"]["callback_vars"]) == {"sink_host", "sink_api_key", "flush_interval", "sink_project"} and "secret" not in json.dumps(shown)
    assert told.post("/team/red/callback", {"callback_name": "sink", "callback_type": "success"})[0] == 400
    assert told.post("/team/red/callback", {"callback_name": "sinc"})[0] == 400
    # It is in the database sealed only.
    state = b"".join(path.read_bytes() for path in told.folder.rglob("*") if path.is_file() and "log" not in path.name)
    assert b"k-of-team-red-secret" not in state and b"k-of-team-red-secret".decode() not in told.logged()
    assert told.post("/team/red/disable_logging", {})[1]["data"] == {"team_id": "red", "success_callbacks": [], "failure_callbacks": []}
    assert told.post("/v1/chat/completions", {"model": "m", "messages": asked("red is silent")}, keys["red"])[0] == 200
    record(told, house, "all", "red is silent")
    assert len(records(house, "red")) == 3


def test_a_key_refers_to_the_environment_only_by_an_admins_hand(told, house):
    told.post("/user/new", {"user_id": "kim", "auto_create_key": False})
    mine = told.post("/key/generate", {"user_id": "kim"})[1]["key"]
    entry = lambda value: {"logging": [{"callback_name": "sink", "callback_vars": {"sink_host": f"{house.url}/log/kim", "sink_api_key": value, "flush_interval": 0.1}}]}
    status, refused, _ = told.post("/key/update", {"key": mine, "metadata": entry("os.environ/TENANTS_KEY")}, mine)
    assert status == 403 and "only a proxy admin" in json.dumps(refused), refused
    status, answer, _ = told.post("/key/update", {"key": mine, "metadata": entry("os.environ/TENANTS_KEY")})
    assert status == 200 and "TENANTS_KEY" not in json.dumps(answer)
    # What a form shows of it may come back, and is what it was.
    shown = answer["metadata"]
    assert told.post("/key/update", {"key": mine, "metadata": shown}, mine)[0] == 200
    assert told.post("/v1/chat/completions", {"model": "m", "messages": asked("of kim")}, mine)[0] == 200
    told.wait_for(lambda: records(house, "kim"))
    assert [batch["key"] for batch in house.taken if batch["log"] == "kim"] == ["Bearer k-of-the-tenants"]
    assert told.post("/key/health", {}, mine)[1]["logging_callbacks"]["status"] == "healthy"


def test_a_log_that_is_down_holds_up_nobody_and_gets_everything_in_order_when_it_is_back(told, client, house):
    house.down.add("all")
    words = [f"while it is down {at}" for at in range(20)]
    for word in words:
        assert ask(client, word).choices
    told.wait_for(lambda: house.offered.count("all") > 3)
    assert not [it for it in records(house, "all") if said(it) in words]
    house.down.clear()
    told.wait_for(lambda: len([it for it in records(house, "all") if said(it) in words]) == len(words))
    assert [said(it) for it in records(house, "all") if said(it) in words] == words
    metrics = told.get("/metrics")[1].decode()
    assert 'sluice_callback_records_total{callback="all",outcome="dropped"} 0' in metrics
    assert 'sluice_callback_records_total{callback="all",outcome="retried"} 0' not in metrics and "sluice_callback_batch_seconds_count" in metrics
    assert told.logged().count("does not take its records") == 1 and told.logged().count("takes its records again") == 1


def test_who_is_called_and_who_is_not_is_told(told):
    shown = json.loads(told.get("/get/config/callbacks")[1])["callbacks"]
    in_force = {it["name"]: (it["type"], it["in_force"]) for it in shown}
    assert in_force == {"all": ("success_and_failure", True), "good": ("success", True), "bad": ("failure", True), "signed": ("success", True), "nobody": ("failure", False)}
    assert "no plugin has the callback `nobody`" in next(it for it in shown if it["name"] == "nobody")["reason"]
    assert "k-of-all" not in json.dumps(shown)
    assert json.loads(told.get("/callbacks/list")[1]) == {"success": ["good", "signed"], "failure": ["bad", "nobody"], "success_and_failure": ["all"]}
    assert "callback `nobody`: no plugin has the callback `nobody`" in told.logged()
    status, answer, _ = told.get("/health/services?service=all")
    assert status == 200 and json.loads(answer)["status"] == "success"


def test_whose_key_it_was_may_be_left_out(tmp_path_factory, data_dir, house):
    folder = tmp_path_factory.mktemp("hidden")
    gateway = Gateway(folder, configured(house, folder, redact_user_api_key_info=True, turn_off_message_logging=True), ENVIRONMENT)
    try:
        body = {"model": "m", "messages": asked("whose was it"), "metadata": {"session_id": "hidden"}}
        assert gateway.post("/v1/chat/completions", body)[0] == 200
        gateway.wait_for(lambda: records(house, "all", session_id="hidden"))
        found = records(house, "all", session_id="hidden")[0]
        assert not [name for name in found["metadata"] if name.startswith("user_api_key")] and "team_id" not in found["metadata"]
        assert "whose was it" not in json.dumps(house.taken)
        # What waits goes out before it ends.
        assert gateway.post("/v1/chat/completions", {**body, "metadata": {"session_id": "last"}})[0] == 200
    finally:
        assert gateway.stop() == 0
    assert records(house, "all", session_id="last")
