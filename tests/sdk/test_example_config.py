"""The example config with every key in it, as somebody tries them out."""

import re

from conftest import ROOT, Gateway

MASTER_KEY = "sk-of-the-example-3c90"


def uncommented(text):
    """Every line that is a key and commented out, as a key."""
    return "\n".join(re.sub(r"^(\s*)# ( *[a-z0-9_]+:( |$))", r"\1\2", line) for line in text.splitlines())


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
