"""`sluice plugin` as an author uses it: a new folder, built with its language's own tool, tested, signed, added, served."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, ROOT, Gateway

KINDS = ("provider", "guardrail", "callback")


class Home:
    """A folder in which somebody works, with the tools that a first build would install."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *arguments, cwd=None, code=0, stdin=None, **variables):
        target = os.environ.get("SLUICE_TEST_DATA", str(self.folder / "data"))
        environment = {**os.environ, "SLUICE_DATA_DIR": target, "CARGO_TARGET_DIR": str(pathlib.Path(target) / "new-plugins"), "CARGO_NET_OFFLINE": "true", **variables}
        for name in ("CONFIG_FILE_PATH", "CC"):
            environment.pop(name, None)
        command = [os.environ["SLUICE_BINARY"], "plugin", *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd or self.folder, env=environment, stdin=stdin, capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said

    def new(self, name, lang, kind, edit=lambda folder: None):
        """The component of a new folder; `edit` may change what lies there before it is built."""
        self.run("new", name, "--lang", lang, "--kind", kind)
        plugin = self.folder / name
        if lang in ("js", "ts"):
            (plugin / "node_modules").symlink_to(pathlib.Path(os.environ["SDK_NODE"]) / "node_modules")
        elif lang in ("python", "c"):
            (plugin / ".venv").symlink_to(sys.prefix)
        elif lang == "rust":
            shutil.copy(ROOT / "Cargo.lock", plugin)
        edit(plugin)
        self.run("build", cwd=plugin)
        return plugin / f"{name}.wasm"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["js", "ts", "python", "rust", "go", "c"])
def test_a_new_plugin_builds_and_passes_at_once(home, lang, kind):
    component = home.new("mine", lang, kind)
    checked = home.run("check", component)
    assert f" {kind}," in checked and "0 failed, 0 notes" in checked
    tested = home.run("test", component)
    assert "0 failed, 0 notes" in tested and "two callers" in tested
    # Its page has the line that grants what it asks for, as `add` prints it.
    plain = lambda text: re.sub(r'["\s]', "", text)
    (home.folder / "plugins").mkdir()
    printed = [line for line in home.run("add", component, "--yes", "--directory", home.folder / "plugins").splitlines() if line.startswith('    "mine": ')]
    assert [plain(line) in plain((component.parent / "README.md").read_text()) for line in printed] == [True] * (kind != "guardrail")


@pytest.mark.parametrize(("lang", "named"), [("rust", "rustup"), ("js", "Node.js 18"), ("ts", "Node.js 18"), ("python", "Python 3.10"), ("go", "Go 1.25"), ("c", "`ziglang`")])
def test_a_tool_that_is_not_on_the_machine_is_named_with_what_to_install(home, lang, named):
    home.run("new", "mine", "--lang", lang, "--kind", "provider")
    said = home.run("build", "mine", code=1, PATH=str(home.folder))
    assert "is missing: install" in said and named in said, said
    # Before anything is built, the folder says it too.
    assert "The build needs" in (home.folder / "mine" / "README.md").read_text()


class Acme(BaseHTTPRequestHandler):
    """The service that a new provider is written for."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        known = self.headers.get("authorization") == "Bearer k-acme"
        data = json.dumps({"text": f"because of {asked['question']}", "words": 3}).encode()
        self.send_response(200 if known else 401)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def test_from_an_empty_folder_to_an_answer(home):
    component = home.new("mine", "js", "provider")
    home.run("keygen", "team")
    config = {
        "model_list": [],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {
            "directory": str(home.folder / "plugins"),
            "trust": {"keys": [(home.folder / "team.pub").read_text()], "require": True},
        },
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    params = {"model": "mine/small", "api_base": address, "api_key": "k-acme"}
    config["model_list"].append({"model_name": "mine", "litellm_params": params})
    gateway = Gateway(home.folder, config)

    add = ("add", component, "--yes", "--config", gateway.config)
    assert "plugins.trust.require" in home.run(*add, code=1)
    home.run("sign", component, "--key", "team.key")
    assert "good: signed by ed25519:" in home.run("verify", component, "--key", "team.pub")
    # Nobody is at this terminal.
    assert "--yes" in home.run(*add[:2], *add[3:], code=1)
    added = home.run(*add)
    assert "not granted  hosts api.acme.example; env MINE_API_KEY" in added and "installed as" in added
    # Until it is granted that, the gateway names it and does not take it.
    refused = lambda: [it["detail"] for it in json.loads(gateway.get("/plugins")[1])["log"] if (it["plugin"], it["what"]) == ("mine", "refused")]
    gateway.wait_for(refused)
    (line,) = [line.strip() for line in added.splitlines() if line.startswith('    "mine": ')]
    assert line in refused()[0] and "`mine` asks for" in refused()[0]
    config["plugins"]["grants"] = json.loads("{" + line + "}")
    gateway.config.write_text(json.dumps(config))

    body = json.dumps({"model": "mine", "messages": [{"role": "user", "content": "rain"}]}).encode()
    gateway.wait_for(lambda: gateway.get("/v1/chat/completions", body=body)[0] == 200)
    answer = json.loads(gateway.get("/v1/chat/completions", body=body)[1])
    assert answer["choices"][0]["message"]["content"] == "because of rain"
    plugins = {it["name"]: it for it in json.loads(gateway.get("/plugins")[1])["plugins"]}
    assert plugins["mine"]["signed_by"] == plugins["mine"]["trusted_by"] == [(home.folder / "team.pub").read_text().strip()]
    assert "mine.wasm: mine 0.1.0 (provider)" in home.run("list", "--config", gateway.config)
    home.run("lock", "--check", "--config", gateway.config)
    assert gateway.stop() == 0
    server.shutdown()


def test_what_is_misused_says_what_to_do(home):
    assert "plugin new" in home.run("build", code=1)
    assert "small letters" in home.run("new", "Mine", "--lang", "js", "--kind", "provider", code=1)
    assert "possible values: rust, js, ts, python, go, c" in home.run("new", "a", "--lang", "cobol", "--kind", "provider", code=2)
    (home.folder / "odd.wasm").write_bytes(b"hello")
    assert "not a WebAssembly component" in home.run("check", "odd.wasm", code=1)
    assert "not a WebAssembly component" in home.run("test", "odd.wasm", code=1)
    assert "none.wasm" in home.run("inspect", "none.wasm", code=1)
    assert "--fixtures" in home.run("test", "odd.wasm", "--fixtures", "nowhere", code=1)
    assert "--config" in home.run("list", code=1)
