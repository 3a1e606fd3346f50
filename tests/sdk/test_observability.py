"""What operators see: LiteLLM's metrics, traces at a collector, messages to webhooks, the dashboard."""

import concurrent.futures
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, ROOT
from raw import streamed, whole
from test_budgets import House
from test_money import answer, piece

BROKEN = whole({"error": {"message": "out of order"}}, 500)
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


class Listener:
    """Takes every POST on loopback: a webhook, or a collector."""

    def __init__(self):
        self.got = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.got.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts(self):
        return [json.loads(body)["text"] for _, _, body in self.got]

    def bodies(self, path):
        return b"".join(body for at, _, body in self.got if at == path)


@pytest.fixture()
def listener():
    it = Listener()
    yield it
    it.server.shutdown()


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, environment=None, **sections):
        variables = {"environment_variables": environment} if environment else {}
        houses.append(House(tmp_path, deployments, **variables, **sections))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def metrics(it):
    status, text, _ = it.gateway.get("/metrics")
    assert status == 200
    return text.decode()


def values(text, name, **labels):
    """The values of a metric's lines that have these labels."""
    found = []
    for line in text.splitlines():
        if line.startswith((name + "{", name + " ")) and all(f'{label}="{value}"' in line for label, value in labels.items()):
            found.append(float(line.rsplit(" ", 1)[1]))
    return found


def test_calls_have_litellms_metrics_with_the_labels_of_their_key(house):
    it = house({"d": ("m", {}, None), "bad": ("b", {}, BROKEN)})
    team = it.post("/team/new", {"team_alias": "research", "max_budget": 50})["team_id"]
    made = it.post("/key/generate", {"key_alias": "ci", "team_id": team, "max_budget": 10})
    key, token = made["key"], made["token"]
    assert it.ask(key=key)[0] == 200
    assert it.ask(key=key)[0] == 200
    assert it.ask("b", key=key)[0] == 500
    text = metrics(it)
    who = {"hashed_api_key": token, "api_key_alias": "ci", "team": team, "team_alias": "research", "user": "None", "end_user": "None"}
    total = "litellm_proxy_total_requests_metric_total"
    assert values(text, total, **who, requested_model="m", status_code="200", route="/v1/chat/completions", client_ip="None") == [2]
    failed = "litellm_proxy_failed_requests_metric_total"
    assert values(text, failed, **who, requested_model="b", exception_status="500", exception_class="InternalServerError") == [1]
    [spend] = values(text, "litellm_spend_metric_total", **who, model="m", model_id="d", api_provider="openai")
    assert spend > 0
    for name in ("litellm_request_total_latency_metric", "litellm_llm_api_latency_metric"):
        assert values(text, name + "_count", **who, requested_model="m", model_group="m") == [2], name
    [input_tokens] = values(text, "litellm_input_tokens_metric_total", **who, requested_model="m")
    [output_tokens] = values(text, "litellm_output_tokens_metric_total", **who, requested_model="m")
    assert values(text, "litellm_total_tokens_metric_total", **who, requested_model="m") == [input_tokens + output_tokens]
    [left] = values(text, "litellm_remaining_api_key_budget_metric", hashed_api_key=token, api_key_alias="ci")
    assert left == pytest.approx(10 - spend)
    assert values(text, "litellm_team_max_budget_metric", team=team, team_alias="research") == [50]
    assert values(text, "sluice_requests_total", operation="chat", model_group="m", status="200") == [2]
    assert values(text, "litellm_overhead_latency_metric_count", model_group="m", model_id="d") == [2]
    assert values(text, "litellm_request_queue_time_seconds_count", **who, requested_model="m", model_group="m", model_id="d") == [2]
    assert values(text, "litellm_llm_api_failed_requests_metric_total", **who, model_id="bad") == [1]
    for stage in ("read", "admit", "attempts", "upstream", "settle"):
        assert values(text, "sluice_stage_seconds_count", stage=stage)[0] >= 2, stage


def test_a_refused_call_is_counted_with_its_key_and_its_reason(house):
    it = house({"d": ("m", {}, None)})
    made = it.post("/key/generate", {"rpm_limit": 1})
    assert it.ask(key=made["key"])[0] == 200
    assert it.ask(key=made["key"])[0] == 429
    found = values(metrics(it), "litellm_proxy_failed_requests_metric_total", hashed_api_key=made["token"], exception_class="RateLimitError", exception_status="429")
    assert found == [1]


def test_a_caller_who_is_not_let_in_is_counted_as_failed_and_makes_up_no_series(house):
    it = house({"d": ("m", {}, None)})
    wrong = [f"sk-nobody-{number}" for number in range(3)]
    for number, key in enumerate(wrong):
        assert it.ask(f"model-{number}", key=key)[0] == 401
        assert it.gateway.get(f"/made/up/{number}", key)[0] == 401
    text = metrics(it)
    who = {"hashed_api_key": "None", "team": "None", "requested_model": "None", "exception_class": "AuthenticationError"}
    for route in ("/v1/chat/completions", "other"):
        assert values(text, "litellm_proxy_failed_requests_metric_total", **who, exception_status="401", route=route) == [3], route
        assert values(text, "litellm_proxy_total_requests_metric_total", hashed_api_key="None", status_code="401", route=route) == [3]
    # Nobody waited for an answer: no latency is made up, and nothing of what was sent is shown.
    assert values(text, "litellm_request_total_latency_metric_count", hashed_api_key="None") == []
    assert "nobody" not in text and "made/up" not in text


def test_limits_of_keys_and_teams_are_told_with_what_is_left_of_them(house):
    it = house({"d": ("m", {}, None)})
    team = it.post("/team/new", {"team_alias": "research", "rpm_limit": 50})["team_id"]
    limits = {"rpm_limit": 10, "tpm_limit": 5000, "model_rpm_limit": {"m": 4}, "model_tpm_limit": {"m": 3000}}
    made = it.post("/key/generate", {"key_alias": "ci", "team_id": team, **limits})
    assert [it.ask(key=made["key"])[0] for _ in range(3)] == [200] * 3
    text = metrics(it)
    key = {"hashed_api_key": made["token"], "api_key_alias": "ci"}
    for kind, labels, most in (("api_key", key, 10), ("team", {"team": team, "team_alias": "research"}, 50)):
        assert values(text, f"litellm_{kind}_rate_limit_allowed_metric", **labels, rate_limit_type="requests") == [most]
        assert values(text, f"litellm_{kind}_rate_limit_used_metric", **labels, rate_limit_type="requests") == [3]
    assert values(text, "litellm_api_key_rate_limit_allowed_metric", **key, rate_limit_type="tokens") == [5000]
    [used] = values(text, "litellm_api_key_rate_limit_used_metric", **key, rate_limit_type="tokens")
    assert used == sum(values(text, "litellm_total_tokens_metric_total", **key)) > 0
    assert values(text, "litellm_remaining_api_key_requests_for_model", **key, model="m") == [1]
    assert values(text, "litellm_remaining_api_key_tokens_for_model", **key, model="m") == [3000 - used]


DETAILS = {
    "prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140,
    "prompt_tokens_details": {"cached_tokens": 30, "cache_creation_tokens": 20, "audio_tokens": 7},
    "completion_tokens_details": {"reasoning_tokens": 11, "audio_tokens": 5},
}


def test_every_part_of_a_usage_and_every_kind_of_budget_has_its_metric(house):
    told = {**answer(), "usage": DETAILS, "service_tier": "flex"}
    left = {"x-ratelimit-remaining-requests": "9", "x-ratelimit-remaining-tokens": "777"}
    talk = streamed(piece("there"), piece("", "stop"), "data: [DONE]\n\n")
    it = house(
        {"d": ("m", {"rpm": 600, "tpm": 60000}, whole(told, **left)), "s": ("s", {}, talk)},
        router_settings={"provider_budget_config": {"openai": {"budget_limit": 90, "time_period": "1d"}}},
        litellm_settings={"prometheus_initialize_budget_metrics": True},
    )
    budget = {"max_budget": 20, "budget_duration": "30d"}
    organization = it.post("/organization/new", {"organization_alias": "all", **budget})["organization_id"]
    team = it.post("/team/new", {"organization_id": organization, **budget})["team_id"]
    it.post("/user/new", {"user_id": "u", "auto_create_key": False, **budget})
    it.post("/customer/new", {"user_id": "c", **budget})
    key = it.post("/key/generate", {"team_id": team, **budget})
    own = it.post("/key/generate", {"user_id": "u"})["key"]
    assert it.ask(key=key["key"], user="c")[0] == it.ask(key=own)[0] == 200
    streamed_one = json.dumps({"model": "s", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
    assert it.gateway.get("/v1/chat/completions", body=streamed_one, headers={"authorization": f"Bearer {own}"})[0] == 200
    text = metrics(it)
    for name, tokens in (("input_cached", 30), ("input_cache_creation", 20), ("input_audio", 7), ("output_audio", 5), ("output_reasoning", 11)):
        assert values(text, f"litellm_{name}_tokens_metric_total", hashed_api_key=key["token"]) == [tokens], name
    for name in ("litellm_request_total_latency_metric_count", "litellm_llm_api_latency_metric_count", "litellm_spend_metric_total"):
        assert values(text, name, hashed_api_key=key["token"], service_tier="flex"), name
    assert values(text, "litellm_llm_api_time_to_first_token_metric_count", requested_model="s") == [1]
    assert values(text, "litellm_deployment_latency_per_output_token_count", hashed_api_key=key["token"], model_id="d") == [1]
    for kind, labels in (("api_key", {"hashed_api_key": key["token"]}), ("team", {"team": team}), ("org", {"org_id": organization}), ("user", {"user": "u"}), ("customer", {"end_user": "c"})):
        assert values(text, f"litellm_{kind}_max_budget_metric", **labels) == [20], kind
        assert 0 < values(text, f"litellm_remaining_{kind}_budget_metric", **labels)[0] < 20, kind
        assert 0 < values(text, f"litellm_{kind}_budget_remaining_hours_metric", **labels)[0] <= 31 * 24, kind
    [openai] = values(text, "litellm_provider_remaining_budget_metric", api_provider="openai")
    assert 0 < openai < 90
    assert values(text, "litellm_deployment_rpm_limit", model_id="d") == [600]
    assert values(text, "litellm_deployment_tpm_limit", model_id="d") == [60000]
    assert max(values(text, "litellm_remaining_requests_metric", model_id="d")) == 9
    assert max(values(text, "litellm_remaining_tokens_metric", model_id="d")) == 777


def test_the_config_chooses_metrics_and_labels_while_the_gateway_runs(house):
    it = house({"d": ("m", {}, None)}, litellm_settings={"custom_prometheus_metadata_labels": ["metadata.tenant"]})
    made = it.post("/key/generate", {"metadata": {"tenant": "acme"}})
    assert it.ask(key=made["key"])[0] == 200
    assert it.ask(key=made["key"], metadata={"tenant": "other one"})[0] == 200
    text = metrics(it)
    assert values(text, "litellm_requests_metric_total", metadata_tenant="acme") == [1]
    assert values(text, "litellm_requests_metric_total", metadata_tenant="other one") == [1]
    config = json.loads(it.gateway.config.read_text())
    config["litellm_settings"]["prometheus_metrics_config"] = [{"group": "g", "metrics": ["litellm_spend_metric"], "include_labels": ["model"]}]
    it.gateway.config.write_text(json.dumps(config))
    it.gateway.wait_for(lambda: "litellm_requests_metric_total" not in metrics(it))
    text = metrics(it)
    assert re.search(r'^litellm_spend_metric_total\{model="m"\} ', text, re.M), text
    assert "litellm_deployment_" not in text and "sluice_requests_total" in text
    config["litellm_settings"]["prometheus_metrics_config"][0]["metrics"] = ["litellm_weather"]
    it.gateway.config.write_text(json.dumps(config))
    it.gateway.wait_for(lambda: "`litellm_weather` is none of LiteLLM's metrics" in it.gateway.logged())


def test_budgets_that_nobody_used_yet_are_shown_where_the_config_asks_for_it(house):
    it = house({"d": ("m", {}, None)}, litellm_settings={"prometheus_initialize_budget_metrics": True})
    # It is read at the start and then every five minutes.
    it.post("/team/new", {"team_id": "t1", "team_alias": "idle", "max_budget": 7})
    it.post("/user/new", {"user_id": "u", "auto_create_key": False})
    it.gateway.process.terminate()
    it.gateway.process.wait(timeout=60)
    it.gateway.start()
    it.gateway.wait_for(lambda: values(metrics(it), "litellm_remaining_team_budget_metric", team="t1", team_alias="idle") == [7])
    assert values(metrics(it), "litellm_teams_count") == values(metrics(it), "litellm_total_users") == [1]


def test_every_metric_of_the_dashboard_and_the_rules_is_one_that_the_gateway_has(house):
    it = house({"d": ("m", {}, None), "bad": ("b", {}, BROKEN)}, router_settings={"fallbacks": [{"b": ["m"]}], "num_retries": 0})
    made = it.post("/key/generate", {"max_budget": 1, "team_id": it.post("/team/new", {"max_budget": 5})["team_id"]})
    assert it.ask(key=made["key"])[0] == 200
    assert it.ask("b", key=made["key"])[0] == 200
    assert it.ask("b", disable_fallbacks=True)[0] == 500
    it.gateway.config.write_text(it.gateway.config.read_text() + " ")
    it.gateway.wait_for(lambda: "sluice_config_reloads_total" in metrics(it))
    shown = set(re.findall(r"^# TYPE (\S+)", metrics(it), re.M))
    histograms = set(re.findall(r"^# TYPE (\S+) histogram", metrics(it), re.M))
    shown |= {name + end for name in histograms for end in ("_bucket", "_sum", "_count")}
    # Counters of the metrics library have their ending in the samples only.
    shown |= set(re.findall(r"^([a-z_]+)[{ ]", metrics(it), re.M))
    dashboard = json.loads((ROOT / "examples/grafana/dashboards/sluice.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(queries) > 40
    queries.append((ROOT / "examples/prometheus/sluice.rules.yml").read_text())
    used = {name for query in queries for name in re.findall(r"\b(?:sluice|litellm|process)_[a-z0-9_]+", query)}
    # Without a series until the first of them.
    rare = {"litellm_deployment_failed_fallbacks_total", "sluice_plugin_reloads_total"}
    assert used - shown - rare == set()


def test_a_spent_budget_is_one_message_however_many_calls_run_into_it(house, listener):
    it = house({"d": ("m", {}, None)}, {"SLACK_WEBHOOK_URL": listener.url + "/hook"}, general_settings={"alerting": ["slack"]})
    key = it.key(key_alias="ci", max_budget=1e-9)
    it.ask(key=key)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: it.ask(key=key)[0], range(24)))
    assert set(statuses) == {422}
    it.gateway.wait_for(lambda: "sluice_alerts_sent_total{} 1" in metrics(it))
    [text] = listener.texts()
    assert "Budget exceeded" in text and "Key=ci" in text and "budget_alerts" in text
    assert listener.got[0][0] == "/hook"
    assert listener.url not in it.gateway.logged()
    shown = it.gateway.get("/config/yaml")[1].decode()
    assert listener.url not in shown


def test_soft_budgets_and_outages_are_told_of(house, listener):
    general = {"alerting": ["slack"], "alert_to_webhook_url": {"outage_alerts": listener.url + "/on-call"}, "alert_types": ["budget_alerts", "outage_alerts"]}
    it = house({"d": ("m", {}, None), "bad": ("b", {}, BROKEN)}, {"SLACK_WEBHOOK_URL": listener.url + "/hook"}, general_settings=general, router_settings={"disable_cooldowns": True})
    key = it.key(key_alias="soft", soft_budget=1e-9, max_budget=10)
    assert it.ask(key=key)[0] == 200
    for _ in range(6):
        assert it.ask("b")[0] == 500
    it.gateway.wait_for(lambda: "sluice_alerts_sent_total{} 2" in metrics(it))
    by_path = {path: json.loads(body)["text"] for path, _, body in listener.got}
    assert "Soft budget crossed" in by_path["/hook"] and "Key=soft" in by_path["/hook"]
    assert "Minor outage of a deployment" in by_path["/on-call"] and "`bad`" in by_path["/on-call"]


def test_slow_calls_failures_and_resting_deployments_are_told_once_each(house, listener):
    told_of = ["llm_too_slow", "llm_exceptions", "cooldown_deployment"]
    general = {"alerting": ["slack"], "alert_types": told_of, "alerting_threshold": 0.001}
    it = house(
        {"d": ("m", {}, None), "bad": ("b", {}, BROKEN), "locked": ("l", {}, whole({"error": {"message": "wrong key"}}, 401))},
        {"SLACK_WEBHOOK_URL": listener.url + "/hook"}, general_settings=general,
    )
    for _ in range(2):
        assert it.ask()[0] == 200
        assert it.ask("b")[0] == 500
    assert it.ask("l")[0] == 401
    told = lambda kind: [text for text in listener.texts() if f"Alert: `{kind}`" in text]
    it.gateway.wait_for(lambda: all(told(kind) for kind in told_of) and any("`b`" in text for text in told("llm_exceptions")))
    [slow] = [text for text in told("llm_too_slow") if "`m`" in text]
    assert "seconds" in slow, slow
    [failed] = [text for text in told("llm_exceptions") if "`b`" in text]
    assert "Calls fail" in failed and "out of order" in failed, failed
    [rests] = told("cooldown_deployment")
    assert "`locked`" in rests and "`l`" in rests and "wrong key" in rests, rests


def test_a_private_webhook_is_reached_from_the_config_file_only(house, listener):
    it = house({"d": ("m", {}, None)}, general_settings={"store_model_in_db": True})
    settings = {"alerting": ["slack"], "alert_to_webhook_url": {"budget_alerts": listener.url}}
    it.post("/config/update", {"general_settings": settings})
    key = it.key(max_budget=1e-9)
    it.ask(key=key)
    assert it.ask(key=key)[0] == 422
    it.gateway.wait_for(lambda: "sluice_alerts_failed_total{} 1" in metrics(it))
    assert "only the config file may name" in it.gateway.logged()
    assert listener.got == []


def test_a_call_is_one_trace_from_its_client_to_the_upstream(house, listener):
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": listener.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=of%20ours", "OTEL_SERVICE_NAME": "gateway-7"}
    it = house({"bad": ("m", {"weight": 1, "num_retries": 1}, BROKEN), "good": ("m", {"weight": 0, "num_retries": 1}, None)}, environment)
    parent = f"00-{PARENT}-00f067aa0ba902b7-01"
    body = {"model": "m", "messages": [{"role": "user", "content": "the secret question"}]}
    status, _, headers = it.gateway.post("/v1/chat/completions", body, headers={"traceparent": parent, "tracestate": "a=b"})
    assert status == 200
    sent = [it.upstream.requests[name][0].lower().decode() for name in ("bad", "good")]
    spans = [re.search(rf"traceparent: 00-{PARENT}-([0-9a-f]{{16}})-01", head).group(1) for head in sent]
    assert len(set(spans)) == 2 and "00f067aa0ba902b7" not in spans
    assert all("tracestate: a=b" in head for head in sent)
    it.gateway.wait_for(lambda: listener.bodies("/v1/traces"))
    traces = listener.bodies("/v1/traces")
    for wanted in (bytes.fromhex(PARENT), *(bytes.fromhex(span) for span in spans), b"gateway-7", b"POST /v1/chat/completions", b"chat m", headers["x-litellm-call-id"].encode(), b"sluice.plugin"):
        assert wanted in traces, wanted
    assert b"secret question" not in traces
    assert listener.got[0][1]["x-key"] == "of ours"
    it.gateway.stop()
    assert b"gen_ai.client.token.usage" in listener.bodies("/v1/metrics")


def test_what_was_said_is_exported_only_where_the_standard_switch_asks_for_it(house, listener):
    environment = {"OTEL_ENDPOINT": listener.url, "OTEL_EXPORTER": "otlp_http", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}
    it = house({"d": ("m", {}, None)}, environment, litellm_settings={"callbacks": ["otel"]})
    assert it.ask()[0] == 200
    it.gateway.wait_for(lambda: b"gen_ai.input.messages" in listener.bodies("/v1/traces"))
    assert b"gen_ai.output.messages" in listener.bodies("/v1/traces")


def test_a_collector_that_is_down_costs_no_call_anything(house, listener):
    listener.server.shutdown()
    listener.server.server_close()
    it = house({"d": ("m", {}, None)}, {"OTEL_EXPORTER_OTLP_ENDPOINT": listener.url})
    for _ in range(5):
        assert it.ask()[0] == 200
    it.gateway.wait_for(lambda: values(metrics(it), "sluice_otel_export_failures_total") >= [1])
    assert values(metrics(it), "litellm_callback_logging_failures_metric_total", callback_name="otel") >= [1]


def test_without_an_exporter_no_trace_leaves_the_gateway(house):
    it = house({"d": ("m", {}, None)})
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert it.gateway.post("/v1/chat/completions", body, headers={"traceparent": f"00-{PARENT}-00f067aa0ba902b7-01"})[0] == 200
    assert b"traceparent" not in it.upstream.requests["d"][0].lower()


def test_an_operator_tries_the_services_and_sees_how_alerts_are_set(house, listener):
    general = {"alerting": ["slack"], "alert_types": ["budget_alerts", "outage_alerts"], "alerting_args": {"budget_alert_ttl": 60}}
    it = house({"d": ("m", {}, None)}, {"SLACK_WEBHOOK_URL": listener.url + "/hook"}, general_settings=general)

    def ask(path, key=MASTER_KEY):
        status, text, _ = it.gateway.get(path, key)
        return status, json.loads(text)

    status, told = ask("/health/services")
    found = {each["service"]: each["status"] for each in told["services"]}
    assert status == 200 and found == {"database": "healthy", "redis": "off", "otel": "off", "prometheus": "healthy", "slack": "healthy"}
    assert listener.got == []
    for name in ("slack", "slack_budget_alerts"):
        status, told = ask(f"/health/services?service={name}")
        assert status == 200 and told["status"] == "success" and told["alert_types"] == ["budget_alerts", "outage_alerts"]
    assert len(listener.got) == 2 and all("Test alert" in text for text in listener.texts())
    assert ask("/health/services?service=database")[1]["status"] == "healthy"
    status, refused = ask("/health/services?service=redis")
    assert status == 422 and "not in proxy config" in refused["error"]["message"]
    status, refused = ask("/health/services?service=nobody")
    assert status == 400 and "`slack`" in refused["error"]["message"]
    form = {field["field_name"]: field for field in ask("/alerting/settings")[1]}
    assert form["slack_alerting"]["field_value"] is True
    spoken = form["budget_alert_ttl"]
    assert (spoken["field_value"], spoken["field_default_value"], spoken["source"]["kind"]) == (60, 86400, "file")
    assert form["minor_outage_alert_threshold"]["source"] == {"kind": "default"}
    providers = {each["name"]: each["fields"] for each in ask("/model/settings")[1]}
    assert {"api_base", "api_key"} <= {field["field_name"] for field in providers["openai"]}
    key = it.key()
    for path in ("/health/services", "/alerting/settings", "/model/settings", "/model/metrics"):
        assert ask(path, key)[0] == 401, path


def test_the_speed_and_the_failures_of_models_are_told_from_their_calls(house):
    it = house({"d": ("m", {}, None), "bad": ("b", {}, BROKEN)})
    assert it.ask()[0] == 200 and it.ask("b")[0] == 500
    base = {row["deployment"]: json.loads(row["doc"])["api_base"] for row in it.rows(2)}
    read = lambda path: json.loads(it.gateway.get(path)[1])
    speed = read("/model/metrics?_selected_model_group=m")
    assert speed["all_api_bases"] == [base["d"]] and speed["data"][0][base["d"]] >= 0
    assert read("/model/streaming_metrics?_selected_model_group=m") == {"data": [], "all_api_bases": []}
    assert read("/model/metrics/slow_responses?_selected_model_group=m") == [{"api_base": base["d"], "total_count": 1, "slow_count": 0}]
    failed = read("/model/metrics/exceptions?_selected_model_group=b")
    assert failed["exception_types"] == ["InternalServerError"] and failed["data"][0]["total_exceptions"] == 1


@pytest.mark.parametrize("quiet", [True, False])
def test_what_an_upstream_says_of_a_failure_may_be_for_its_client_alone(house, quiet):
    quoting = whole({"error": {"message": "these are bad words: my-own-prompt"}}, 400)
    it = house({"bad": ("m", {}, quoting)}, litellm_settings={"redact_messages_in_exceptions": quiet})
    status, refused, _ = it.ask()
    assert status == 400 and "my-own-prompt" in refused["error"]["message"]
    [row] = it.rows(1)
    assert ("my-own-prompt" in row["doc"]) is not quiet
    assert ("my-own-prompt" in it.gateway.logged()) is not quiet
    assert ("redact_messages_in_exceptions" in row["doc"]) is quiet


@pytest.mark.parametrize("hidden", [True, False])
def test_traces_may_leave_out_whose_a_call_was(house, listener, hidden):
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": listener.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    settings = {"callbacks": ["otel"], "redact_user_api_key_info": hidden}
    it = house({"d": ("m", {}, None)}, collector, litellm_settings=settings)
    team = it.post("/team/new", {"team_alias": "research"})["team_id"]
    key = it.key(key_alias="of-the-builders", team_id=team)
    assert it.ask(key=key)[0] == 200
    it.gateway.wait_for(lambda: b"chat" in listener.bodies("/v1/traces"))
    sent = listener.bodies("/v1/traces")
    assert (b"of-the-builders" in sent) is not hidden and (team.encode() in sent) is not hidden
