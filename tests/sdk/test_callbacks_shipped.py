"""The shipped callbacks through the running gateway: each service's imitation gets every call, in its own form."""

import contextlib

import pytest

import sinks
from conftest import MASTER_KEY, Gateway

ASKED = {"model": "demo", "messages": [{"role": "user", "content": "hello sinks"}]}


@pytest.fixture(scope="module")
def services():
    kinds = {"langfuse": sinks.Langfuse, "langsmith": sinks.LangSmith, "datadog": sinks.Datadog, "s3_v2": sinks.S3, "slack": sinks.Slack, "clickhouse": sinks.ClickHouse}
    with contextlib.ExitStack() as all:
        made = {name: all.enter_context(kind()) for name, kind in kinds.items()}
        made["ops"] = all.enter_context(sinks.Webhook(headers={"x-ops": "k-of-ops"}))
        yield made


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, data_dir, services):
    its = {name: service.url for name, service in services.items()}
    settings = {
        "langfuse": {"langfuse_public_key": "pk-lf-tests", "langfuse_secret_key": "sk-lf-tests", "langfuse_host": its["langfuse"]},
        "langsmith": {"langsmith_api_key": "lsv2-tests", "langsmith_base_url": its["langsmith"]},
        # Both at once, as LiteLLM's users have it: the address stands in the site's place.
        "datadog": {"dd_api_key": "dd-tests", "dd_site": "us5.datadoghq.com", "api_base": its["datadog"]},
        "s3_v2": {"s3_bucket_name": "logs", "s3_region_name": "eu-central-1", "s3_endpoint_url": its["s3_v2"], "s3_aws_access_key_id": "AKIATESTS", "s3_aws_secret_access_key": "s3-secret"},
        "clickhouse": {"clickhouse_url": its["clickhouse"]},
        "slack": {"slack_webhook_url": services["slack"].webhook},
        "ops": {"callback_type": "generic_api", "endpoint": its["ops"], "headers": {"x-ops": "k-of-ops"}},
    }
    for one in settings.values():
        one["flush_interval"] = 0.1
    broken = {"model": "openai/m", "api_base": "http://127.0.0.1:9/v1", "api_key": "k", "num_retries": 0}
    running = Gateway(tmp_path_factory.mktemp("sinks"), {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}, {"model_name": "broken", "litellm_params": broken}],
        "litellm_settings": {"callbacks": list(settings)},
        "callback_settings": settings,
        "general_settings": {"master_key": MASTER_KEY},
    })
    yield running
    running.stop()


def kept(services):
    """How many calls each knows of."""
    return {
        "langfuse": sum(event["type"] == "generation-create" for event in services["langfuse"].events.values()),
        "langsmith": len(services["langsmith"].runs),
        "datadog": len(services["datadog"].lines),
        "s3_v2": len(services["s3_v2"].objects),
        "clickhouse": len(services["clickhouse"].rows),
        "ops": len(services["ops"].records),
    }


def test_every_service_gets_each_call_once_in_its_own_form(gateway, services):
    assert gateway.post("/v1/chat/completions", ASKED)[0] == 200
    assert gateway.post("/v1/chat/completions", {**ASKED, "model": "broken"})[0] == 500
    gateway.wait_for(lambda: all(count == 2 for count in kept(services).values()))
    # Slack hears of what fails only.
    gateway.wait_for(lambda: services["slack"].texts)
    assert {name: service.refused for name, service in services.items()} == {name: [] for name in services}
    assert sorted(record["status"] for record in services["ops"].records) == ["failure", "success"]
    assert kept(services) == dict.fromkeys(kept(services), 2)
    log = gateway.logged()
    for secret in ("sk-lf-tests", "lsv2-tests", "dd-tests", "s3-secret", "k-of-ops", "T000/B000"):
        assert secret not in log


def test_slack_hears_what_failed_where_and_nothing_of_what_was_said(gateway, services):
    gateway.wait_for(lambda: services["slack"].texts)
    said = services["slack"].texts[0]
    assert "at openai" in said and "hello sinks" not in said


def test_a_service_that_is_busy_gets_the_record_later_and_once(gateway, services):
    before = kept(services)
    for name in before:
        services[name].fail(503, "busy")
    assert gateway.post("/v1/chat/completions", ASKED)[0] == 200
    wanted = {name: count + 1 for name, count in before.items()}
    gateway.wait_for(lambda: kept(services) == wanted)
    assert not [name for name in before if services[name].next], "each was asked while it was busy"
    # What comes next comes once, too: nothing of before is sent with it.
    assert gateway.post("/v1/chat/completions", ASKED)[0] == 200
    gateway.wait_for(lambda: kept(services) == {name: count + 2 for name, count in before.items()})
    assert {name: service.refused for name, service in services.items()} == {name: [] for name in services}


def test_headers_of_a_log_come_from_the_environment(tmp_path, data_dir):
    with sinks.Webhook(headers={"x-ops": "k-of-env"}) as log:
        environment = {"GENERIC_LOGGER_ENDPOINT": log.url, "GENERIC_LOGGER_HEADERS": "x-ops=k-of-env"}
        config = {
            "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
            "litellm_settings": {"success_callback": ["generic_api"]},
            "callback_settings": {"generic_api": {"flush_interval": 0.1}},
            "general_settings": {"master_key": MASTER_KEY},
        }
        running = Gateway(tmp_path, config, environment)
        assert running.post("/v1/chat/completions", ASKED)[0] == 200
        running.wait_for(lambda: log.records)
        running.stop()
        assert log.refused == []
