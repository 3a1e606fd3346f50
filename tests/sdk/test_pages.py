"""The admin UI in a real Chromium before the running gateway: `host/ui/e2e`, file by file."""

import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import MASTER_KEY, ROOT, Gateway
from identity_provider import CLIENT, SECRET, Provider
from warm import warm

PAGES = pathlib.Path(os.environ["SDK_PAGES"])
FILES = sorted(path.name for path in (ROOT / "host/ui/e2e").glob("*.test.mjs"))
GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])


# One is granted what it asks for, one serves without.
ASKED = {"grants": {"digest-rs": {"env": ["DIGEST_API_KEY"]}}, "ungranted": {"guards": "warn"}}


OPERATOR = {"UI_USERNAME": "boss", "UI_PASSWORD": "hunter2-operator"}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "dropped").mkdir()
    shutil.copy(GUESTS / "sluice_guest_guards.wasm", folder / "dropped" / "guards.wasm")
    vouched = signed(shutil.copy(GUESTS / "sluice_example_callback.wasm", folder / "dropped" / "vouched.wasm"), folder)
    provider = Provider()
    sign_on = {"SLUICE_OIDC_ISSUER": provider.url, "GENERIC_CLIENT_ID": CLIENT, "GENERIC_CLIENT_SECRET": SECRET, "GENERIC_USER_ID_ATTRIBUTE": "sub"}
    # It asks for what it is not granted, and is turned away.
    shutil.copy(GUESTS / "sluice_guest_hostile.wasm", folder / "dropped" / "hostile.wasm")
    running = Gateway(folder, {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}}],
        "guardrails": [{"guardrail_name": "no-names", "litellm_params": {"guardrail": "mask", "mode": ["pre_call", "post_call"], "names": ["Ada"]}}],
        "plugins": {"directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data")), "trust": {"keys": [vouched]}, **ASKED},
        "general_settings": {"master_key": MASTER_KEY, "store_model_in_db": True, "store_prompts_in_spend_logs": True, "proxy_batch_write_at": 1},
    }, {**OPERATOR, **sign_on})
    running.trusted, running.visitor = vouched, provider.person["email"]
    yield running
    running.stop()
    provider.stop()


def signed(component, folder):
    """Signs a component by a key of the house and one of a stranger; the public key of the house."""
    plugin = lambda *arguments: subprocess.run([os.environ["SLUICE_BINARY"], "plugin", *arguments], cwd=folder, check=True, capture_output=True)
    for name in ("stranger", "ours"):
        plugin("keygen", name)
        plugin("sign", str(component), "--key", f"{name}.key")
    return (folder / "ours.pub").read_text().strip()


def run(command, gateway=None):
    environment = {**os.environ, **OPERATOR, "SLUICE_MASTER_KEY": MASTER_KEY, "SLUICE_COMPONENT": str(GUESTS / "sluice_guest_guards.wasm")}
    if gateway:
        environment |= {"SLUICE_URL": gateway.url, "SLUICE_TRUSTED_KEY": gateway.trusted, "SLUICE_SSO_EMAIL": gateway.visitor}
    done = subprocess.run(command, cwd=PAGES, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("file", FILES)
def test_a_page_does_its_task_in_a_browser(house, file):
    said = run(["node", "--test", "--test-concurrency=1", f"e2e/{file}"], house)
    assert "# fail 0" in said or "ℹ fail 0" in said


def test_the_client_the_numbers_and_both_languages_hold_without_a_browser():
    assert "passed" in run(["npm", "test"])


def test_pictures_are_taken_wide_and_narrow_light_and_dark(house, tmp_path):
    run(["node", "e2e/screenshots.mjs", str(tmp_path), "customers,new-key"], house)
    names = [f"{name}-{width}-{colours}.png" for name in ("customers", "login", "new-key") for width in (1440, 390) for colours in ("light", "dark")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for name in names:
        # The head of a PNG: signature, length, IHDR, width.
        head = (tmp_path / name).read_bytes()[:20]
        assert head[1:4] == b"PNG" and int.from_bytes(head[16:20], "big") == int(name.split("-")[-2]), name
    assert (tmp_path / "login-390-light.png").read_bytes() != (tmp_path / "login-390-dark.png").read_bytes()
