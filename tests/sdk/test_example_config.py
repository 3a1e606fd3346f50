"""The example config with every key in it, as somebody tries them out."""

import json
import os
import re
import subprocess

from conftest import ROOT, Gateway, base_environment

MASTER_KEY = "sk-of-the-example-3c90"


def uncommented(text):
    """Every line that is a key and commented out, as a key."""
    return "\n".join(re.sub(r"^(\s*)# ( *(?:- )?[a-z0-9_]+:( |$))", r"\1\2", line) for line in text.splitlines())


class Unnamed(Gateway):
    """A gateway whose config is named by nobody: it lies in the folder that it is started in."""

    def __init__(self, folder, config, name="config.example.yaml"):
        self.name = name
        super().__init__(folder, config)

    def start(self, patience=60, waits=True):
        self.config = self.config.rename(self.folder / self.name)
        binary, _, _, _, *rest = self.command
        self.command = [binary, *rest]
        super().start(patience, waits)


def demo(gateway):
    body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "hello"}]}).encode()
    status, answer, _ = gateway.get("/v1/chat/completions", body=body, headers={"content-type": "application/json"})
    return status, json.loads(answer)


def test_in_a_folder_with_the_example_config_the_demo_answers_without_an_option_a_key_or_an_account(tmp_path, data_dir):
    gateway = Unnamed(tmp_path, (ROOT / "config.example.yaml").read_text())
    status, answer = demo(gateway)
    assert status == 200 and answer["choices"][0]["message"]["content"] == "You said: hello", answer
    assert gateway.stop() == 0


def test_a_config_of_ones_own_is_found_before_the_example_and_no_config_is_told(tmp_path, data_dir):
    (tmp_path / "config.example.yaml").write_text("model_list: []\n")
    gateway = Unnamed(tmp_path, (ROOT / "config.example.yaml").read_text(), name="config.yaml")
    assert demo(gateway)[0] == 200
    assert gateway.stop() == 0
    (tmp_path / "empty").mkdir()
    started = subprocess.run([os.environ["SLUICE_BINARY"]], cwd=tmp_path / "empty", env=base_environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert started.returncode != 0 and "there is no config file: name one with --config" in started.stdout + started.stderr


def test_with_every_key_of_the_example_config_a_call_goes_through(tmp_path, data_dir):
    text = uncommented((ROOT / "config.example.yaml").read_text())
    for key in ("allowed_ips", "max_budget", "default_max_parallel_requests", "global_max_parallel_requests", "directory", "rollback"):
        assert re.search(rf"^ +{key}: ", text, re.M), key
    # Machine code that other tests have made already.
    assert "./sluice-data " in text
    text = text.replace("./sluice-data ", f"{data_dir} ")
    gateway = Gateway(tmp_path, text, {"LITELLM_MASTER_KEY": MASTER_KEY})
    body = {"model": "demo", "messages": [{"role": "user", "content": "hello"}]}
    status, answer, _ = gateway.post("/v1/chat/completions", body, MASTER_KEY)
    assert status == 200 and answer["choices"][0]["message"]["content"] == "You said: hello", answer
    status, made, _ = gateway.post("/key/generate", {"max_budget": 1}, MASTER_KEY)
    assert status == 200, made
    key = made["key"]
    assert gateway.post("/v1/chat/completions", {**body, "user": "customer"}, key)[0] == 200
    assert gateway.stop() == 0
