"""Providers that an operator writes as data rows, and the parameters that providers do not take."""

import json
import os
import subprocess

import pytest

from conftest import MASTER_KEY, Gateway, Upstream

ANSWER = {"id": "a", "object": "chat.completion", "created": 1, "model": "theirs", "choices": [
    {"index": 0, "finish_reason": "eos", "message": {"role": "assistant", "content": "ho", "reasoning": "why"}}]}


def special_rows(self):
    self.answer(200, {"content-type": "application/json"}, json.dumps(ANSWER).encode())


Upstream.special_rows = special_rows

ROW = {
    "env": ["MINE_KEY"],
    "settings": ["tenant"],
    "paths": {"chat": "/{tenant}/ask"},
    "headers": {"x-tenant": "{tenant}"},
    "auth": {"scheme": "header", "name": "x-key", "prefix": "Token "},
    "renamed": {"max_tokens": "max_new_tokens"},
    "clamp": {"temperature": [0, 1]},
    "unsupported": ["seed"],
    "ignored": ["store"],
    "user": True,
    "models": [{"match": ["big-*"], "supported": ["seed"], "unsupported": ["stop"], "model_prefix": "org/"}],
}


def config(base, row, **litellm):
    def model(name, real, **more):
        return {"model_name": name, "litellm_params": {"model": f"mine/{real}", "tenant": "t1", "num_retries": 0, **more}}

    return {
        "model_list": [
            model("small", "small"),
            model("big", "big-1"),
            model("lenient", "small", drop_params=True),
            model("sent", "small", allowed_openai_params=["seed", "store"]),
            model("dropped", "small", additional_drop_params=["user", "tools[*].function.strict"]),
        ],
        "general_settings": {"master_key": MASTER_KEY},
        "litellm_settings": litellm,
        "environment_variables": {"MINE_KEY": "k-mine"},
        "plugins": {"providers": {"mine": {"base_url": f"{base}/special/rows", **row}}},
    }


@pytest.fixture(scope="module")
def rows(upstream, tmp_path_factory, data_dir):
    gateway = Gateway(tmp_path_factory.mktemp("rows"), json.dumps(config(upstream, ROW)))
    yield gateway
    assert gateway.stop() == 0


def ask(gateway, model, **members):
    """Status, answer, and what the upstream was asked, if it was."""
    Upstream.seen.clear()
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **members}
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
    status, answer, _ = gateway.get("/v1/chat/completions", body=json.dumps(body).encode(), headers=headers)
    asked = Upstream.seen[-1] if Upstream.seen else None
    return status, json.loads(answer), asked


def test_a_row_decides_path_headers_key_and_names(rows):
    status, answer, asked = ask(rows, "small", max_tokens=7, temperature=1.5, store=False, user="u")
    assert status == 200, answer
    assert asked["path"] == "/special/rows/t1/ask"
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    assert (headers["x-key"], headers["x-tenant"]) == ("Token k-mine", "t1") and "authorization" not in headers
    sent = json.loads(asked["body"])
    assert sent == {"model": "small", "messages": [{"role": "user", "content": "hi"}], "max_new_tokens": 7, "temperature": 1.0, "user": "u"}
    choice = answer["choices"][0]
    assert (choice["finish_reason"], choice["message"]["reasoning_content"], answer["model"]) == ("stop", "why", "small")


def test_a_pattern_has_other_rules(rows):
    status, _, asked = ask(rows, "big", seed=1)
    assert status == 200
    assert json.loads(asked["body"])["seed"] == 1 and json.loads(asked["body"])["model"] == "org/big-1"
    status, answer, asked = ask(rows, "big", stop="x")
    assert (status, answer["error"]["param"], asked) == (400, "stop", None)


def test_a_parameter_that_is_not_taken_is_refused_with_the_cure(rows):
    status, answer, asked = ask(rows, "small", seed=1)
    assert (status, asked) == (400, None)
    error = answer["error"]
    assert error["message"].startswith("litellm.UnsupportedParamsError: mine does not support parameters: ['seed'], for model=small.")
    assert "drop_params" in error["message"] and "allowed_openai_params=['seed']" in error["message"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "seed", "400")


def test_values_that_ask_for_nothing_are_no_reason_to_refuse(rows):
    status, _, asked = ask(rows, "small", seed=None)
    assert status == 200 and "seed" not in json.loads(asked["body"])


def test_the_client_and_the_deployment_may_drop_and_allow(rows):
    for model, members in [
        ("small", {"drop_params": True}),
        ("lenient", {}),
        ("small", {"additional_drop_params": ["seed"]}),
    ]:
        status, answer, asked = ask(rows, model, seed=1, **members)
        assert status == 200, answer
        assert set(json.loads(asked["body"])) == {"model", "messages"}, model
    assert ask(rows, "lenient", seed=1, drop_params=False)[0] == 400
    for model, members in [("small", {"allowed_openai_params": ["seed", "store"]}), ("sent", {})]:
        status, _, asked = ask(rows, model, seed=1, store=True, **members)
        sent = json.loads(asked["body"])
        assert (status, sent["seed"], sent["store"], len(sent)) == (200, 1, True, 4)


def test_what_is_to_be_dropped_goes_also_inside_of_members(rows):
    tools = [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {"type": "object"}}}]
    status, _, asked = ask(rows, "dropped", user="u", tools=tools)
    sent = json.loads(asked["body"])
    assert status == 200 and "user" not in sent
    assert sent["tools"] == [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def test_drop_params_holds_for_the_whole_gateway(upstream, tmp_path, data_dir):
    gateway = Gateway(tmp_path, json.dumps(config(upstream, ROW, drop_params=True)))
    status, _, asked = ask(gateway, "small", seed=1)
    assert status == 200 and "seed" not in json.loads(asked["body"])
    assert gateway.stop() == 0


def test_a_changed_row_holds_without_a_restart_and_a_wrong_one_changes_nothing(upstream, tmp_path, data_dir):
    gateway = Gateway(tmp_path, json.dumps(config(upstream, ROW)))
    gateway.config.write_text(json.dumps(config(upstream, {**ROW, "unsupported": ["n"]})))
    gateway.wait_for(lambda: ask(gateway, "small", seed=1)[0] == 200)
    assert ask(gateway, "small", n=2)[0] == 400
    gateway.config.write_text(json.dumps(config(upstream, {**ROW, "clampp": {}, "unsupported": []})))
    log = tmp_path / "log.txt"
    gateway.wait_for(lambda: "plugins.providers.mine.clampp" in log.read_text())
    assert ask(gateway, "small", n=2)[0] == 400
    assert gateway.stop() == 0


def test_mistakes_in_rows_are_errors_by_their_path(tmp_path, data_dir):
    row = {"renamed": {"a": 1}, "clampp": {}, "models": [{"match": ["x"], "histry": "keep"}], "auth": {"scheme": "sigv4"}}
    file = tmp_path / "config.yaml"
    whole = config("http://127.0.0.1:9", row)
    whole["plugins"]["providers"]["openai"] = {"base_url": "https://x.example"}
    whole["model_list"][0]["litellm_params"]["row"] = {"env": ["X"]}
    file.write_text(json.dumps(whole))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SLUICE_DATA_DIR": str(data_dir)}
    run = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(file)], env=environment, cwd=tmp_path, capture_output=True, text=True)
    errors = [line for line in run.stdout.splitlines() if line.startswith("error")]
    assert run.returncode == 1, run.stdout
    for path in ("mine.renamed.a", "mine.clampp", "mine.models.0", "mine.auth.scheme", "openai"):
        assert any(f"plugins.providers.{path} " in line for line in errors), (path, run.stdout)
    assert "did you mean `clamp`" in run.stdout and "histry" in run.stdout
    run = subprocess.run([os.environ["SLUICE_BINARY"], "serve", "--config", str(file), "--port", "0"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "plugins.providers.mine.clampp" in run.stderr + run.stdout


def test_what_would_be_sent_is_shown_and_not_sent(rows):
    Upstream.seen.clear()
    body = {"model": "big", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 7}
    status, shown, _ = rows.post("/utils/transform_request", {"call_type": "completion", "request_body": body})
    assert status == 200 and not Upstream.seen, shown
    assert shown["raw_request_api_base"].endswith("/special/rows/t1/ask") and shown["error"] is None
    assert shown["raw_request_body"] == {"model": "org/big-1", "messages": body["messages"], "max_new_tokens": 7}
    assert "k-mine" not in json.dumps(shown) and shown["raw_request_headers"]["x-tenant"] == "t1"
    for wrong, param in [({**body, "seed": 1, "model": "small"}, "seed"), ({**body, "model": "none"}, "model")]:
        status, refused, _ = rows.post("/utils/transform_request", {"call_type": "completion", "request_body": wrong})
        assert (status, refused["error"]["param"]) == (400, param)
