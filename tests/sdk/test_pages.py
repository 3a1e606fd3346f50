"""The admin UI in a real Chromium before the running gateway: `host/ui/e2e`, file by file."""

import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import MASTER_KEY, ROOT, Gateway

PAGES = pathlib.Path(os.environ["SDK_PAGES"])
FILES = sorted(path.name for path in (ROOT / "host/ui/e2e").glob("*.test.mjs"))
GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "dropped").mkdir()
    shutil.copy(GUESTS / "sluice_guest_guards.wasm", folder / "dropped" / "guards.wasm")
    running = Gateway(folder, {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "guardrails": [{"guardrail_name": "no-names", "litellm_params": {"guardrail": "mask", "mode": ["pre_call", "post_call"], "names": ["Ada"]}}],
        "plugins": {"directory": str(folder / "dropped")},
        "general_settings": {"master_key": MASTER_KEY, "store_model_in_db": True, "proxy_batch_write_at": 1},
    })
    yield running
    running.stop()


def run(command, gateway=None):
    environment = {**os.environ, "SLUICE_MASTER_KEY": MASTER_KEY, "SLUICE_URL": gateway.url if gateway else ""}
    done = subprocess.run(command, cwd=PAGES, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("file", FILES)
def test_a_page_does_its_task_in_a_browser(house, file):
    said = run(["node", "--test", "--test-concurrency=1", f"e2e/{file}"], house)
    assert "# fail 0" in said or "ℹ fail 0" in said


def test_the_client_the_numbers_and_both_languages_hold_without_a_browser():
    assert "passed" in run(["npm", "test"])
