"""A config with Python in it, as docs/migrate.md tells it: `sluice check` passes over no hook in silence."""

import json
import os
import re
import subprocess

from conftest import ROOT, base_environment

CONFIG = {
    "model_list": [
        {"model_name": "demo", "litellm_params": {"model": "echo/demo"}},
        {"model_name": "own", "litellm_params": {"model": "my-llm/x"}},
    ],
    "litellm_settings": {
        "callbacks": ["hooks.handler"],
        "success_callback": ["hooks.success"],
        "failure_callback": ["hooks.failure"],
        "custom_provider_map": [{"provider": "my-llm", "custom_handler": "hooks.my_llm"}],
    },
    "general_settings": {
        "custom_auth": "hooks.auth",
        "custom_key_generate": "hooks.generate",
        "custom_key_update": "hooks.update",
        "custom_sso": "hooks.sso",
        "key_management_system": "custom",
        "pass_through_endpoints": [{"path": "/own", "target": "hooks.adapter"}],
    },
    "guardrails": [
        {"guardrail_name": "a-class", "litellm_params": {"guardrail": "hooks.Guard", "mode": "pre_call"}},
        {"guardrail_name": "a-text", "litellm_params": {"guardrail": "custom_code", "mode": "pre_call"}},
    ],
}
HOOKS = [name for section in ("litellm_settings", "general_settings") for name in CONFIG[section]]


def judged(tmp_path):
    """By what is judged, how: `honoured`, `accepted`, `unknown`, `warning`, `error`."""
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(CONFIG))
    done = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(path)], env=base_environment(tmp_path), capture_output=True, text=True, timeout=60)
    return [re.split(r"\s{2,}|(?<=^warning)\s+|(?<=^error)\s+", line, maxsplit=1) for line in done.stdout.splitlines() if line]


def test_every_hook_is_told_as_what_it_is_not(tmp_path):
    lines = [(how, rest) for how, rest in (it for it in judged(tmp_path) if len(it) == 2) if how != "honoured"]
    silent = [name for name in HOOKS if not any(name in rest for _, rest in lines)]
    assert not silent, lines
    # What kept callers and texts out is more than a word on it.
    warned = [rest for how, rest in lines if how == "warning"]
    for name in ("custom_auth", "key_management_system", "guardrail `a-class`", "guardrail `a-text`", "`my-llm`"):
        assert any(name in rest for rest in warned), (name, lines)


def test_the_page_has_a_row_for_every_hook():
    page = (ROOT / "docs/migrate.md").read_text()
    table = page.split("## Python hooks")[1].split("\n## ")[0]
    for name in [*HOOKS, "custom_code"]:
        assert f"`{name}`" in table or name == "pass_through_endpoints" and "pass-through targets" in table, name
