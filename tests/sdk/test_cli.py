"""The commands that help on the way: `init`, `doctor`, `compile`, `completions`, and what a start shows."""

import json
import os
import pty
import re
import select
import shutil
import socket
import stat
import subprocess
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, Gateway, base_environment, free_port


class Home:
    """A folder of its own, in which commands are typed."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *arguments, code=0, **variables):
        environment = {**base_environment(self.folder), "PORT": str(free_port()), **variables}
        command = [os.environ["SLUICE_BINARY"], *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said

    def configure(self, **config):
        path = self.folder / "config.yaml"
        path.write_text(json.dumps({"model_list": [], **config}))
        return path


@pytest.fixture
def home(tmp_path, data_dir):
    return Home(tmp_path)


def rows(said):
    """The lines of a table: verdict, what, detail."""
    return [line.split(maxsplit=1)[0:1] + re.split(r"\s{2,}", line.split(maxsplit=1)[1], maxsplit=1) for line in said.splitlines() if re.match(r"(ok|note|FAILED) ", line)]


def wrong(said):
    return [what for verdict, what, *_ in rows(said) if verdict == "FAILED"]


def test_init_writes_a_config_for_the_keys_that_are_there_and_it_serves(home):
    said = home.run("init", OPENAI_API_KEY="sk-openai", ANTHROPIC_API_KEY="sk-ant", AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="s")
    assert "`demo` and openai, anthropic, bedrock" in said and "sluice doctor" in said
    config, dotenv = home.folder / "config.yaml", home.folder / ".env"
    text = config.read_text()
    assert "api_key: os.environ/OPENAI_API_KEY" in text and "sk-" not in text and "groq" not in text
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    key = dotenv.read_text().strip().removeprefix("LITELLM_MASTER_KEY=")
    assert re.fullmatch("sk-[0-9a-f]{48}", key) and key not in said

    checked = home.run("check", OPENAI_API_KEY="sk-openai", ANTHROPIC_API_KEY="sk-ant", AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="s", AWS_REGION="eu-west-1")
    assert "0 errors, 0 warnings" in checked, checked
    gateway = Gateway(home.folder, text)
    listed = json.loads(gateway.get("/v1/models", key)[1])["data"]
    assert {"demo", "gpt-4o", "claude"} <= {it["id"] for it in listed}
    body = {"model": "demo", "messages": [{"role": "user", "content": "hello"}]}
    assert gateway.post("/v1/chat/completions", body, key)[0] == 200
    assert gateway.get("/v1/models", "sk-other")[0] == 401
    assert gateway.stop() == 0

    again = home.run("init", code=1)
    assert "config.yaml is there already, and was not touched" in again and config.read_text() == text


def test_init_takes_a_provider_by_name_and_a_file_of_another_name(home):
    said = home.run("init", "gate.yaml", "--provider", "groq", "--provider", "ollama")
    assert "sluice --config gate.yaml" in said and "groq" in said and "ollama" in said
    text = (home.folder / "gate.yaml").read_text()
    assert "os.environ/GROQ_API_KEY" in text and 'model: "ollama/*"' in text
    # Its key is not there yet: that is a warning, as always.
    assert "0 errors" in home.run("check", "--config", "gate.yaml")
    unknown = home.run("init", "other.yaml", "--provider", "opnai", code=1)
    assert "no plugin has the provider `opnai`; did you mean `openai`?" in unknown
    assert not (home.folder / "other.yaml").exists()


def test_init_asks_at_a_terminal_which_providers_to_write_down(home):
    ours, theirs = pty.openpty()
    environment = {**base_environment(home.folder), "OPENAI_API_KEY": "sk-openai"}
    process = subprocess.Popen([os.environ["SLUICE_BINARY"], "init"], cwd=home.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    for asked, answer in ((b"or nothing): ", b"opnai\n"), (b"did you mean `openai`?", b"groq, ollama\n"), (b"sluice doctor", b"")):
        while asked not in said:
            assert select.select([ours], [], [], 120)[0], said
            said += os.read(ours, 65536)
        os.write(ours, answer)
    assert process.wait(timeout=60) == 0
    os.close(ours)
    assert b"Keys are there for openai." in said
    text = (home.folder / "config.yaml").read_text()
    assert "os.environ/OPENAI_API_KEY" in text and "os.environ/GROQ_API_KEY" in text and 'model: "ollama/*"' in text


def test_init_without_any_key_leaves_a_gateway_that_answers_all_the_same(home):
    (home.folder / ".env").write_text("A=1\n")
    said = home.run("init")
    assert "`demo` only" in said and "--provider" in said
    added = re.search(r"^  (LITELLM_MASTER_KEY=sk-[0-9a-f]{48})$", said, re.M)
    assert added and (home.folder / ".env").read_text() == "A=1\n"
    assert "0 errors" in home.run("check")


def test_doctor_finds_a_good_house_good(home, upstream):
    params = {"model": "openai/some-model", "api_base": upstream, "api_key": "k"}
    home.configure(model_list=[{"model_name": "mine", "litellm_params": params}], general_settings={"master_key": MASTER_KEY})
    said = home.run("doctor")
    found = {what for _, what, *_ in rows(said)}
    assert {"config", "master key", "open files", "folder", "port", "database", "Redis", "plugins", "models", "provider", "clock"} <= found, said
    assert not wrong(said) and f"{upstream} can be reached" in said and "1 of 1 deployments" in said
    assert "as the providers' clocks" in said
    offline = home.run("doctor", "--offline")
    assert "can be reached" not in offline and "--offline" in offline


def test_doctor_says_what_to_do_where_something_is_missing(home):
    port, taken = free_port(), socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    base = f"http://127.0.0.1:{port}"
    (home.folder / "plugins").mkdir()
    (home.folder / "plugins" / "odd.wasm").write_bytes(b"hello")
    home.configure(
        model_list=[
            {"model_name": "mine", "litellm_params": {"model": "openai/a", "api_base": base, "api_key": "k"}},
            {"model_name": "keyless", "litellm_params": {"model": "groq/a"}},
            {"model_name": "strange", "litellm_params": {"model": "nobody/a"}},
        ],
        general_settings={"database_url": f"postgres://u:hunter2@127.0.0.1:{port}/d"},
        router_settings={"redis_host": "127.0.0.1", "redis_port": port, "num_retry": 3},
        plugins={"directory": str(home.folder / "plugins")},
    )
    taken_port = str(taken.getsockname()[1])
    threading.Thread(target=lambda: taken.accept()[0].close(), daemon=True).start()
    said = home.run("doctor", "--port", taken_port, code=1)
    assert {"database", "Redis", "plugins", "port", "provider"} == set(wrong(said)), said
    for word in ["does not answer", "REDIS_HOST", "not a WebAssembly component", "another program's", "api_base", "GROQ_API_KEY", "nobody", "num_retries", "sluice init"]:
        assert word in said, (word, said)
    assert "hunter2" not in said
    taken.close()
    (home.folder / "config.yaml").unlink()
    alone = home.run("doctor", code=1)
    assert wrong(alone) == ["config"] and "sluice init" in alone


class Late(BaseHTTPRequestHandler):
    """A provider whose clock is an hour ahead: from its side ours is behind."""

    def do_GET(self):
        self.send_response_only(404)
        self.send_header("date", formatdate(time.time() + 3600, usegmt=True))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_doctor_compares_the_clock_with_the_providers(home):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Late)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    params = {"model": "openai/a", "api_base": f"http://127.0.0.1:{server.server_address[1]}/v1", "api_key": "k"}
    home.configure(model_list=[{"model_name": "mine", "litellm_params": params}])
    said = home.run("doctor", code=1)
    assert wrong(said) == ["clock"] and "seconds behind" in said and "timedatectl" in said, said
    server.shutdown()


def test_what_was_compiled_before_is_not_compiled_by_a_start(home, data_dir):
    kept = home.run("compile")
    names = {what for _, what, *_ in rows(kept)}
    assert {"openai", "echo", str(data_dir / "machine-code")} <= names and not wrong(kept), kept
    # As an image has it: a folder that the gateway only reads.
    shipped = home.folder / "shipped"
    shutil.copytree(data_dir / "machine-code", shipped)
    before = sorted(shipped.iterdir())
    home.run("compile", "--into", shipped)
    assert sorted(shipped.iterdir()) == before
    own = home.folder / "own"
    config = {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}]}
    gateway = Gateway(home.folder, config, {"SLUICE_MACHINE_CODE": str(shipped), "SLUICE_DATA_DIR": str(own)})
    assert gateway.stop() == 0
    assert list((own / "machine-code").iterdir()) == [] and sorted(shipped.iterdir()) == before

    (home.folder / "file").write_text("")
    nowhere = home.run("compile", "--into", home.folder / "file" / "code", code=1)
    assert "no machine code can be kept" in nowhere and "--into" in nowhere
    home.configure(plugins={"directory": str(home.folder / "plugins")})
    (home.folder / "plugins").mkdir()
    (home.folder / "plugins" / "odd.wasm").write_bytes(b"hello")
    odd = home.run("compile", code=1)
    assert len(wrong(odd)) == 1 and "odd.wasm" in wrong(odd)[0] and "not a WebAssembly component" in odd


def test_completions_are_a_script_that_the_shell_takes(home):
    script = home.folder / "sluice.bash"
    script.write_text(home.run("completions", "bash"))
    ask = f"source {script}; COMP_WORDS=(sluice plugin ke); COMP_CWORD=2; _sluice sluice ke plugin; echo \"${{COMPREPLY[@]}}\""
    assert subprocess.check_output(["bash", "-c", ask], text=True).split() == ["keygen"]
    assert "possible values: bash" in home.run("completions", "tcsh", code=2)


def at_a_terminal(command, cwd, environment, until):
    """Runs a command whose errors go to a terminal; what stands there once `until` does."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    said, end = b"", time.monotonic() + 120
    try:
        while until not in said:
            assert time.monotonic() < end, said
            if select.select([ours], [], [], 1)[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:
                    break
    finally:
        process.terminate()
        process.wait(timeout=60)
        os.close(ours)
    return said.decode().replace("\r\n", "\n")


def test_whoever_starts_it_at_a_terminal_sees_where_and_what_it_is(home):
    config = home.configure(model_list=[{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], general_settings={"master_key": MASTER_KEY})
    port = free_port()
    command = [os.environ["SLUICE_BINARY"], "--config", str(config), "--port", str(port)]
    said = at_a_terminal(command, home.folder, base_environment(home.folder), b"from files")
    for line in [f"API        http://localhost:{port}/v1", f"Admin UI   http://localhost:{port}/ui", "open to    whoever has a key", "models     1 model groups, 1 deployments", "database   sqlite file"]:
        assert line in said, said
    assert MASTER_KEY not in said
    # In a file there are lines of the log alone.
    gateway = Gateway(home.folder, config.read_text())
    assert gateway.stop() == 0
    logged = gateway.logged()
    assert "sluice is listening" in logged and "plugins=" in logged and "Admin UI" not in logged


def test_progress_is_shown_at_a_terminal(home):
    home.configure()
    command = [os.environ["SLUICE_BINARY"], "compile"]
    said = at_a_terminal(command, home.folder, base_environment(home.folder), b"loading plugins: 9 of")
    assert re.search(r"loading plugins: 9 of \d+, \w+", said), said
