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
        "input_callback": ["hooks.input"],
        "pre_call_rules": "hooks.pre_rule",
        "post_call_rules": "hooks.post_rule",
    },
    "general_settings": {
        "custom_auth": "hooks.auth",
        "custom_key_generate": "hooks.generate",
        "custom_key_update": "hooks.update",
        "custom_key_policy": "hooks.policy",
        "custom_sso": "hooks.sso",
        "custom_ui_sso_sign_in_handler": "hooks.sign_in",
        "custom_team_metadata_validate": "hooks.team",
        "key_management_system": "custom",
        "pass_through_endpoints": [{"path": "/own", "target": "hooks.adapter"}],
    },
    "guardrails": [
        {"guardrail_name": "a-class", "litellm_params": {"guardrail": "hooks.Guard", "mode": "pre_call"}},
        {"guardrail_name": "a-text", "litellm_params": {"guardrail": "custom_code", "mode": "pre_call"}},
    ],
}
STARTUP = "LITELLM_WORKER_STARTUP_HOOKS"
HOOKS = [name for section in ("litellm_settings", "general_settings") for name in CONFIG[section]]


def judged(tmp_path):
    """By what is judged, how: `honoured`, `accepted`, `unknown`, `warning`, `error`."""
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(CONFIG))
    done = subprocess.run([os.environ["SLUICE_BINARY"], "check", "--config", str(path)], env={**base_environment(tmp_path), STARTUP: "hooks:start"}, capture_output=True, text=True, timeout=60)
    return [re.split(r"\s{2,}|(?<=^warning)\s+|(?<=^error)\s+", line, maxsplit=1) for line in done.stdout.splitlines() if line]


def test_every_hook_is_told_as_what_it_is_not(tmp_path):
    lines = [(how, rest) for how, rest in (it for it in judged(tmp_path) if len(it) == 2) if how != "honoured"]
    silent = [name for name in HOOKS if not any(name in rest for _, rest in lines)]
    assert not silent, lines
    # What kept callers and texts out is more than a word on it.
    warned = [rest for how, rest in lines if how == "warning"]
    for name in ("custom_auth", "key_management_system", "guardrail `a-class`", "guardrail `a-text`", "`my-llm`"):
        assert any(name in rest for rest in warned), (name, lines)


# What takes the place of each, as it is said.
INSTEAD = {
    "litellm_settings.callbacks": "generic_guardrail_api", "litellm_settings.success_callback": "docs/callbacks-shipped.md",
    "litellm_settings.failure_callback": "docs/callbacks.md", "litellm_settings.custom_provider_map": "docs/write-a-provider.md",
    "litellm_settings.input_callback": "docs/callbacks.md", "litellm_settings.pre_call_rules": "mode: pre_call",
    "litellm_settings.post_call_rules": "mode: post_call", "general_settings.custom_auth": "litellm_jwtauth",
    "general_settings.custom_key_generate": "default_key_generate_params", "general_settings.custom_key_update": "upperbound_key_generate_params",
    "general_settings.custom_key_policy": "team_member_permissions", "general_settings.custom_sso": "SLUICE_OIDC_ISSUER",
    "general_settings.custom_ui_sso_sign_in_handler": "SLUICE_OIDC_ISSUER", "general_settings.custom_team_metadata_validate": "default_team_params",
    STARTUP: "`kv`", "guardrail `a-class`": "generic_guardrail_api", "guardrail `a-text`": "docs/guardrails.md",
}


def test_every_hook_is_told_with_what_takes_its_place(tmp_path):
    warned = [rest for how, rest in (it for it in judged(tmp_path) if len(it) == 2) if how == "warning"]
    for place, instead in INSTEAD.items():
        said = [rest for rest in warned if rest.startswith(place)]
        assert len(said) == 1 and instead in said[0], (place, said)


def test_the_page_has_a_row_for_every_hook():
    page = (ROOT / "docs/migrate.md").read_text()
    table = page.split("## Python hooks")[1].split("\n## ")[0]
    for name in [*HOOKS, "custom_code", STARTUP]:
        assert f"`{name}`" in table or name == "pass_through_endpoints" and "pass-through targets" in table, name
