"""Settings at run time: where they come from, what is refused, and what a restart and a replica see of them."""

import json

import pytest

from conftest import MASTER_KEY, Gateway

CHAT = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}


def config(general=None, **sections):
    models = [{"model_name": name, "litellm_params": {"model": "echo/demo"}} for name in ("demo", "spare")]
    general = {"master_key": MASTER_KEY, "store_model_in_db": True, **(general or {})}
    return {"model_list": models, "general_settings": general, **sections}


def read(gateway, path, key=MASTER_KEY):
    status, text, _ = gateway.get(path, key)
    assert status == 200, text
    return json.loads(text)


def field(gateway, name, section="general_settings"):
    return read(gateway, f"/config/field/info?field_name={name}&config_type={section}")


def refused(gateway, path, body, status=400):
    got, answer, _ = gateway.post(path, body)
    assert got == status, answer
    return answer["error"]["param"], answer["error"]["message"]


@pytest.fixture()
def gateway(tmp_path, data_dir):
    environment = {"SLUICE_STATE_DIR": str(tmp_path / "state"), "BATCH": "5", "STORE_PROMPTS_IN_SPEND_LOGS": "true", "HIDDEN": "secret-of-the-process"}
    gateway = Gateway(tmp_path, config({"proxy_batch_write_at": "os.environ/BATCH", "litellm_key_header_name": "os.environ/HIDDEN"}, router_settings={"num_retries": 0}), environment)
    yield gateway
    assert gateway.stop() == 0


def test_every_setting_says_where_its_value_comes_from(gateway):
    of_file = field(gateway, "num_retries", "router_settings")
    assert of_file["field_value"] == 0 and of_file["source"] == {"kind": "file", "path": str(gateway.config)}
    batch = field(gateway, "proxy_batch_write_at")
    assert batch["field_value"] == 5 and batch["source"] == {"kind": "environment", "variable": "BATCH", "set_in": "process"}
    assert field(gateway, "store_prompts_in_spend_logs")["source"]["variable"] == "STORE_PROMPTS_IN_SPEND_LOGS"
    timeout = field(gateway, "request_timeout", "litellm_settings")
    assert timeout["source"] == {"kind": "default"} and timeout["field_value"] == timeout["field_default_value"] == 6000
    assert gateway.post("/config/field/update", {"field_name": "drop_params", "field_value": True, "config_type": "litellm_settings"})[0] == 200
    changed = field(gateway, "drop_params", "litellm_settings")
    assert changed["source"] == {"kind": "database"} and changed["field_value"] is True and changed["stored_in_db"]
    sections = ("general_settings", "litellm_settings", "router_settings", "environment_variables")
    everything = "".join(json.dumps(read(gateway, f"/config/list?config_type={it}")) for it in sections)
    assert MASTER_KEY not in everything and "secret-of-the-process" not in everything
    kinds = {"file", "database", "environment", "command_line", "default"}
    for section in (*sections, "plugins", "model_list", "credential_list", "command_line"):
        for setting in read(gateway, f"/config/list?config_type={section}"):
            assert setting["source"]["kind"] in kinds and setting["field_description"], (section, setting)


def test_models_plugins_and_options_say_where_they_come_from_too(gateway):
    of_file = {"kind": "file", "path": str(gateway.config)}
    models = read(gateway, "/config/list?config_type=model_list")
    assert [(it["field_name"], it["source"]) for it in models] == [("demo", of_file), ("spare", of_file)]
    made = {"model_name": "made", "litellm_params": {"model": "echo/demo", "api_key": "sk-of-a-provider"}}
    assert gateway.post("/model/new", made)[0] == 200
    (made,) = [it for it in read(gateway, "/config/list?config_type=model_list") if it["field_name"] == "made"]
    assert made["source"] == {"kind": "database"} and made["stored_in_db"]
    assert "sk-of-a-provider" not in json.dumps(made)
    plugins = {it["field_name"]: it for it in read(gateway, "/config/list?config_type=plugins")}
    assert plugins["poll_interval"]["source"] == {"kind": "default"} and plugins["limits"]["field_description"]
    assert read(gateway, "/config/list?config_type=credential_list") == []
    options = {it["field_name"]: it for it in read(gateway, "/config/list?config_type=command_line")}
    assert options["config"]["source"] == {"kind": "command_line"} and options["config"]["field_value"] == str(gateway.config)
    assert options["drain_seconds"]["source"] == {"kind": "default"}
    assert field(gateway, "port", "command_line")["applies"] == "at the next start"
    # They are shown here, and changed elsewhere.
    change = {"field_name": "port", "field_value": 5, "config_type": "command_line"}
    assert refused(gateway, "/config/field/update", change)[0] == "config_type"


def test_a_change_is_in_force_when_it_is_answered_and_goes_back_to_the_file(gateway):
    key = gateway.post("/key/generate", {})[1]["key"]
    assert gateway.post("/v1/chat/completions", CHAT, key)[0] == 200
    update = {"general_settings": {"enforced_params": ["user"]}, "router_settings": {"num_retries": 3}}
    assert gateway.post("/config/update", update)[1] == {"message": "Config updated successfully"}
    assert gateway.post("/v1/chat/completions", CHAT, key)[0] == 400
    assert field(gateway, "num_retries", "router_settings")["field_value"] == 3
    assert gateway.post("/config/field/delete", {"field_name": "enforced_params"})[0] == 200
    assert gateway.post("/v1/chat/completions", CHAT, key)[0] == 200
    assert field(gateway, "enforced_params")["source"] == {"kind": "default"}
    assert 'sluice_config_reloads_total{result="applied"}' in gateway.get("/metrics")[1].decode()
    assert "settings were changed through the API" in gateway.logged()
    entries = read(gateway, "/audit?table_name=LiteLLM_Config")
    assert "router_settings" in json.dumps(entries)


def test_what_the_file_may_not_say_the_api_may_not_either_and_nothing_changes(gateway):
    wrong = [
        ({"router_settings": {"num_retries": 9, "timeout": "soon"}}, "router_settings.timeout", "expected a number"),
        ({"general_settings": {"proxy_batch_write_att": 1}}, "general_settings.proxy_batch_write_att", "did you mean `proxy_batch_write_at`?"),
        ({"litellm_settings": {"max_budget": -1}}, "litellm_settings.max_budget", "`litellm_settings.max_budget`"),
        ({"general_settings": {"allowed_ips": ["nowhere"]}}, "general_settings.allowed_ips", "`nowhere` is no address"),
        ({"litellm_settings": {"master_key": "sk-other-one"}}, "litellm_settings.master_key", "configuration file"),
        ({"environment_variables": {"DATABASE_URL": "postgres://x"}}, "environment_variables.DATABASE_URL", "configuration file"),
        ({"general_settings": {"store_model_in_db": False}}, "general_settings.store_model_in_db", "which count"),
    ]
    before = read(gateway, "/config/yaml")
    for body, param, words in wrong:
        told, message = refused(gateway, "/config/update", body)
        assert told == param and words in message, (told, message)
    assert read(gateway, "/config/yaml") == before
    told = gateway.post("/config/update", {"general_settings": {"alerting": ["slack"]}})[1]
    assert told["warnings"] == ["`general_settings.alerting` has nowhere to go: set SLACK_WEBHOOK_URL or `alert_to_webhook_url`"]


def test_whoever_may_change_settings_reads_no_variable_by_them_and_reaches_nowhere(gateway):
    texts = [json.dumps(gateway.post("/config/update", {section: {name: value}})[:2]) for section, name, value in (
        ("general_settings", "alerting", ["os.environ/HIDDEN"]),
        ("general_settings", "alert_types", ["os.environ/HIDDEN"]),
        ("litellm_settings", "callbacks", ["os.environ/HIDDEN"]),
        ("router_settings", "routing_strategy", "os.environ/HIDDEN"),
    )]
    params = {"model": "echo/demo"}
    for body in ({"litellm_params": params, "mode": "os.environ/HIDDEN"}, {"litellm_params": params, "model_info": {"health_check_model": "os.environ/HIDDEN"}}, {"litellm_params": {"model": "os.environ/HIDDEN"}}):
        status, told, _ = gateway.post("/health/test_connection", body)
        assert status == 400 and "variable of the environment" in told["error"]["message"], told
    assert "os.environ/HIDDEN" in "".join(texts) and "secret-of-the-process" not in "".join(texts)
    assert "secret-of-the-process" not in gateway.logged()
    for section, name in (("general_settings", "trust_stored_api_base"), ("litellm_settings", "model_cost_map_url"), ("environment_variables", "OPENAI_API_BASE"), ("environment_variables", "OTEL_ENDPOINT")):
        told, message = refused(gateway, "/config/update", {section: {name: "http://127.0.0.1:1"}})
        assert told == f"{section}.{name}" and "configuration file or the environment" in message


def test_secrets_inside_of_settings_are_not_shown_and_a_mask_is_no_value(gateway):
    cache = {"type": "redis", "host": "h", "password": "p-of-the-cache"}
    status, told, _ = gateway.post("/config/field/update", {"field_name": "cache_params", "field_value": cache, "config_type": "litellm_settings"})
    assert status == 200, told
    assert gateway.post("/config/field/update", {"field_name": "redis_url", "field_value": "redis://:p-of-the-router@h:1", "config_type": "router_settings"})[0] == 200
    told = gateway.post("/config/field/update", {"field_name": "num_retries", "field_value": 1, "config_type": "router_settings"})[1]
    everything = json.dumps([told, gateway.post("/config/field/update", {"field_name": "num_retries", "field_value": 1, "config_type": "litellm_settings"})[1], read(gateway, "/audit?table_name=LiteLLM_Config")])
    assert "p-of-the" not in everything
    masked = {"field_name": "cache_params", "field_value": {**cache, "password": "********", "ttl": 7}, "config_type": "litellm_settings"}
    assert gateway.post("/config/field/update", masked)[0] == 200
    assert gateway.post("/config/field/delete", {"field_name": "cache_params", "config_type": "litellm_settings"})[0] == 200
    assert "write it out" in refused(gateway, "/config/field/update", masked)[1]


def test_without_the_switch_the_database_has_no_effect_and_says_what_to_set(tmp_path, data_dir):
    environment = {"SLUICE_STATE_DIR": str(tmp_path / "state")}
    gateway = Gateway(tmp_path, config(), environment)
    try:
        assert gateway.post("/config/update", {"litellm_settings": {"request_timeout": 77}})[0] == 200
        gateway.config.write_text(json.dumps(config({"store_model_in_db": False})))
        gateway.wait_for(lambda: field(gateway, "request_timeout", "litellm_settings")["field_value"] == 6000)
        param, message = refused(gateway, "/config/update", {"litellm_settings": {"request_timeout": 5}})
        assert param == "general_settings.store_model_in_db" and "STORE_MODEL_IN_DB=True" in message
        assert "1 settings, 0 models, 0 credentials and 0 guardrails of the database have no effect" in gateway.logged()
        assert field(gateway, "request_timeout", "litellm_settings")["stored_in_db"]
        # As LiteLLM's UI does it, where nobody else says anything.
        gateway.config.write_text(json.dumps({**config(), "general_settings": {"master_key": MASTER_KEY}}))
        gateway.wait_for(lambda: field(gateway, "store_model_in_db")["source"]["kind"] == "default")
        assert gateway.post("/config/field/update", {"field_name": "store_model_in_db", "field_value": True})[0] == 200
        assert field(gateway, "request_timeout", "litellm_settings")["field_value"] == 77
    finally:
        assert gateway.stop() == 0


def test_a_broken_file_refuses_a_reload_with_its_reason_and_the_old_config_serves(gateway):
    good = gateway.config.read_text()
    assert gateway.post("/reload/config", {})[1]["status"] == "success"
    gateway.config.write_text(json.dumps(config(router_settings={"timeout": "soon"})))
    param, message = refused(gateway, "/reload/config", {})
    assert param == "config" and "router_settings.timeout" in message
    param, message = refused(gateway, "/config/update", {"litellm_settings": {"drop_params": True}})
    assert param == "router_settings.timeout"
    assert gateway.post("/v1/chat/completions", CHAT)[0] == 200
    gateway.config.write_text(good)
    assert gateway.post("/reload/config", {})[0] == 200


def test_settings_outlive_a_restart_and_reach_another_replica_in_seconds(tmp_path, data_dir):
    state = {"SLUICE_STATE_DIR": str(tmp_path / "state")}
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (Gateway(folder, config(), state) for folder in folders)
    try:
        assert one.post("/config/update", {"litellm_settings": {"request_timeout": 61}, "environment_variables": {"SOME_TOKEN": "of-the-database"}})[0] == 200
        two.wait_for(lambda: field(two, "request_timeout", "litellm_settings")["field_value"] == 61, seconds=20)
        assert read(two, "/config/list?config_type=environment_variables")[0]["field_value"] == "********"
        assert two.stop() == 0
        two = Gateway(folders[1], config(), state)
        assert field(two, "request_timeout", "litellm_settings")["source"] == {"kind": "database"}
        assert "of-the-database" not in (tmp_path / "state" / "sluice.db").read_bytes().decode("latin-1")
        assert one.post("/fallback", {"model": "demo", "fallback_models": ["spare"]})[0] == 200
        two.wait_for(lambda: two.get("/fallback/demo")[0] == 200, seconds=20)
        assert read(two, "/router/settings")["current_values"]["fallbacks"] == [{"demo": ["spare"]}]
        assert one.get("/fallback/demo", body=None)[0] == 200
    finally:
        codes = [one.stop(), two.stop()]
    assert codes == [0, 0]


def test_only_admins_see_and_change_settings(gateway):
    key = gateway.post("/key/generate", {})[1]["key"]
    for path in ("/config/list?config_type=general_settings", "/config/yaml", "/router/settings", "/callbacks/list", "/fallback/demo"):
        assert gateway.get(path, key)[0] == 401, path
    for path in ("/config/update", "/reload/config", "/fallback", "/config/callback/delete"):
        assert gateway.post(path, {}, key)[0] == 401, path
