"""A guardrail whose plugin breaks over and over: calls are decided by its policy, at once and by name, until a version
comes that does not."""

import json
import os
import pathlib
import shutil

import openai
import pytest

from conftest import MASTER_KEY, Gateway
from guarding import Provider, ask, guard
from warm import warm

GUEST = pathlib.Path(os.environ["SLUICE_GUESTS"]) / "sluice_guest_guards.wasm"


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.close()


def test_a_guardrail_that_traps_is_not_asked_for_a_while_and_calls_go_by_its_policy(tmp_path, data_dir, provider):
    dropped = tmp_path / "dropped"
    dropped.mkdir()
    shutil.copy(GUEST, dropped / "guards.wasm")
    gateway = Gateway(tmp_path, {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": provider.url, "api_key": "k-secret", "num_retries": 0}}],
        "guardrails": [
            guard("traps", "deeds", "pre_call", deed="trap"),
            guard("mask", "mask", ["pre_call", "post_call"], names=["Ada"]),
            guard("mask-open", "mask", "pre_call", names=["Ada"], unreachable_fallback="fail_open"),
        ],
        "plugins": {"directory": str(dropped), "data_directory": str(warm(tmp_path / "data")), "ungranted": "warn"},
        "general_settings": {"master_key": MASTER_KEY},
    })
    client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    state = lambda: next(it for it in json.loads(gateway.get("/plugins")[1])["plugins"] if it["name"] == "guards")

    def refused(name):
        before = len(provider.seen)
        with pytest.raises(openai.InternalServerError) as caught:
            ask(client, "I am Ada", name)
        assert f"`{name}`" in caught.value.body["message"] and len(provider.seen) == before
        return caught.value.body["message"]

    assert ask(client, "I am Ada", "mask").choices and provider.told() == "I am <NAME_1>"
    tries = 0
    while state()["state"] == "serving":
        assert "it failed" in refused("traps")
        tries += 1
        assert tries < 100
    assert tries >= 5
    # Nobody asks it now: one that fails closed lets nothing pass, one that fails open lets pass what it did not see.
    refused("mask")
    assert ask(client, "I am Ada", "mask-open").choices and provider.told() == "I am Ada"
    metrics = gateway.get("/metrics")[1].decode()
    assert 'sluice_plugin_circuit_open{plugin="guards"} 1' in metrics
    assert 'sluice_guardrail_decisions_total{guardrail="mask-open",stage="pre",decision="failed_open"} 1' in metrics
    # A new version starts anew.
    old = state()["digest"]
    (dropped / "guards.part").write_bytes(GUEST.read_bytes() + bytes([0, 2, 1]) + b"n")
    (dropped / "guards.part").rename(dropped / "guards.wasm")
    gateway.wait_for(lambda: state()["digest"] != old)
    assert ask(client, "I am Ada", "mask").choices and provider.told() == "I am <NAME_1>"
    assert gateway.stop() == 0
