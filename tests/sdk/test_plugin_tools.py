"""The other commands of `sluice plugin`, with one new provider: `record`, `bench`, `inspect`, `remove`, `lock`, signatures;
what the gateway makes of pins and signatures; and what each command says to whoever misuses it."""

import hashlib
import json
import os
import pty
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from conftest import MASTER_KEY, Gateway
from test_hostile import guest
from test_plugin_command import Home
from warm import warm

KEY = "k-of-acme-0123456789"


@pytest.fixture(scope="module")
def made(tmp_path_factory, data_dir):
    """The component of a new provider in JavaScript, as `new` and `build` make it."""
    return Home(tmp_path_factory.mktemp("made")).new("mine", "js", "provider").read_bytes()


@pytest.fixture
def home(tmp_path, made):
    (tmp_path / "mine.wasm").write_bytes(made)
    return Home(tmp_path)


class Acme(BaseHTTPRequestHandler):
    """The service that it is written for; it tells everybody their key."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        status, kind = (200 if key == KEY else 401), "application/json"
        body = json.dumps({"text": f"{asked['question']} of {key}", "words": 3, "session_token": "s-987654"} if status == 200 else {"problem": "who are you?"})
        if status == 200 and asked["stream"]:
            body, kind = '{"text": "be"}\n{"text": "cause"}\n{"done": true}\n', "application/x-ndjson"
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("set-cookie", "visitor=17")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def acme():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def record(home, acme, out, body, code=0, more=(), **variables):
    request = home.folder / "request.json"
    request.write_text(json.dumps({"messages": [{"role": "user", "content": "rain"}], **body}))
    command = ("record", "mine.wasm", "--model", "small", "--body", request, "--out", home.folder / "recorded" / out, "--api-base", acme, *more)
    return home.run(*command, code=code, **variables)


def test_a_live_exchange_becomes_a_fixture_without_credentials_that_passes(home, acme):
    (home.folder / "recorded").mkdir()
    assert "set MINE_API_KEY in the environment" in record(home, acme, "whole.json", {}, code=1)
    assert "1 exchanges" in record(home, acme, "whole.json", {}, MINE_API_KEY=KEY)
    assert "is there already" in record(home, acme, "whole.json", {}, code=1, MINE_API_KEY=KEY)
    record(home, acme, "streamed.json", {"stream": True}, more=("--secret", "api_key=OTHER", "--name", "it streams"), OTHER=KEY)
    record(home, acme, "refused.json", {}, MINE_API_KEY="k-wrong-0123456789")
    written = {it.name: it.read_text() for it in (home.folder / "recorded").iterdir()}
    for secret in (KEY, "k-wrong-0123456789", "s-987654", "visitor=17"):
        assert not [name for name, text in written.items() if secret in text], secret
    whole, streamed, refused = (json.loads(written[name]) for name in ("whole.json", "streamed.json", "refused.json"))
    (exchange,) = whole["exchanges"]
    assert exchange["request"] == {"method": "POST", "url": "/ask/small", "body": {"question": "rain", "stream": False}}
    assert exchange["reply"]["body"]["json"] == {"text": "rain of ***", "words": 3, "session_token": "***"}
    assert whole["expect"]["response"]["choices"][0]["message"]["content"] == "rain of ***"
    assert streamed["name"] == "it streams" and len(streamed["expect"]["events"]) == 3
    assert refused["expect"]["error"]["status"] == 401
    said = home.run("test", "mine.wasm", "--fixtures", home.folder / "recorded")
    assert "0 failed" in said and re.search(r"^ok +fixtures pass +5$", said, re.M), said


def test_a_bench_has_times_of_kept_and_new_instances_and_memory_beside_the_limits(home):
    said = home.run("bench", "mine.wasm", "-n", "5", "--memory-mb", "32", "--cpu-ms", "400")
    for example in ("a question is asked and answered", "an answer streams"):
        for isolation in ("pooled", "fresh"):
            row = rf"^ok +{example} \({isolation}\) +[\d.]+ ms at the median, [\d.]+ ms at 99 %; [\d.]+ ms of computing a call, of 400$"
            assert re.search(row, said, re.M), (row, said)
    assert re.search(r"^ok +memory +[\d.]+ MiB of 32\.0 MiB$", said, re.M) and re.search(r"^ok +new instance +[\d.]+ ms", said, re.M), said


def test_a_component_is_inspected_by_people_and_by_programs(home, made):
    home.run("keygen", "team")
    home.run("sign", "mine.wasm", "--key", "team.key")
    public = (home.folder / "team.pub").read_text().strip()
    said = home.run("inspect", "mine.wasm")
    for line in ("name         mine", "kind         provider", "contract     0.1.0", f"signatures   {public}", "provider     mine: chat", "hosts        api.acme.example", "environment  MINE_API_KEY", "examples     2"):
        assert line in said, (line, said)
    told = json.loads(home.run("inspect", "mine.wasm", "--json"))
    assert told["sha256"] == hashlib.sha256(made).hexdigest() and told["bytes"] == len(made) and told["signed_by"] == [public]
    assert told["asks_for"]["hosts"] == ["api.acme.example"] and told["asks_for"]["secrets"] == {"api_key": {"required": True}}
    assert told["describe"]["examples"][0]["name"] == "a question is asked and answered"


@pytest.mark.parametrize("answer, code", [(b"n\n", 1), (b"\n", 1), (b"y\n", 0)])
def test_what_it_asks_for_is_shown_at_a_terminal_before_it_is_let_in(home, answer, code):
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    said = home.run("add", "mine.wasm", "--directory", "plugins", code=code, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    shown, asked, _ = said.partition("Let it in? [y/N] ")
    wanted = ["sees         the requests and answers of its own deployments", "hosts        api.acme.example", "credentials  api_key", "environment  MINE_API_KEY"]
    wanted += ["signed by    nobody", "not granted  hosts api.acme.example; env MINE_API_KEY"]
    assert asked and not [line for line in wanted if line not in shown], said
    assert (home.folder / "plugins" / "mine.wasm").exists() == (code == 0)


def test_what_lies_in_the_directory_is_listed_locked_and_removed(home):
    place = ("--directory", "plugins")
    added = home.run("add", "mine.wasm", "--yes", *place)
    assert "hosts        api.acme.example" in added and "environment  MINE_API_KEY" in added
    assert "mine.wasm: mine 0.1.0 (provider)" in home.run("list", *place)
    home.run("lock", "--check", *place)
    file = home.folder / "plugins" / "mine.wasm"
    file.write_bytes(file.read_bytes() + bytes([0, 2, 1]) + b"n")
    assert "mine.wasm has the sha256" in home.run("lock", "--check", *place, code=1)
    assert "NOT WHAT IS LOCKED" in home.run("list", *place)
    pins = yaml.safe_load(home.run("lock", *place).split("\n\n", 1)[1])["plugins"]["sha256"]
    assert pins == {"mine": hashlib.sha256(file.read_bytes()).hexdigest()}
    home.run("lock", "--check", *place)
    assert "there are mine.wasm" in home.run("remove", "other", *place, code=1)
    assert "mine.wasm is gone" in home.run("remove", "mine", *place)
    assert not file.exists() and "no plugin in" in home.run("list", *place)
    home.run("lock", "--check", *place)


def test_a_signature_is_of_one_key_and_one_component(home, made):
    for name in ("team", "stranger"):
        home.run("keygen", name)
    assert "not signed" in home.run("verify", "mine.wasm", "--key", "team.pub", code=1)
    home.run("sign", "mine.wasm", "--key", "stranger.key")
    assert "by no key that is trusted" in home.run("verify", "mine.wasm", "--key", "team.pub", code=1)
    home.run("sign", "mine.wasm", "--key", "team.key")
    assert "good: signed by" in home.run("verify", "mine.wasm", "--key", "team.pub")
    (home.folder / "mine.wasm").write_bytes(made + bytes([0, 2, 1]) + b"n")
    assert "is a signature of this component" in home.run("verify", "mine.wasm", "--key", "team.pub", code=1)


def test_pins_and_signatures_are_the_running_gateways_policy(home, made):
    home.run("keygen", "team")
    other = made + bytes([0, 2, 1]) + b"n"
    pinned = hashlib.sha256(made).hexdigest()
    dropped = home.folder / "plugins"
    dropped.mkdir()
    gateway = Gateway(home.folder, {
        "model_list": [],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {
            "directory": str(dropped), "data_directory": str(warm(home.folder / "data")), "ungranted": "warn",
            "sha256": {"mine": pinned}, "trust": {"keys": [(home.folder / "team.pub").read_text().strip()], "require": True},
        },
    })
    state = lambda: json.loads(gateway.get("/plugins")[1])
    refused = lambda why: [it for it in state()["log"] if it["what"] == "refused" and why in it["detail"]]
    serving = lambda: [it["digest"] for it in state()["plugins"] if it["name"] == "mine"]
    shutil.copy(home.folder / "mine.wasm", dropped / "mine.wasm")
    gateway.wait_for(lambda: refused("plugins.trust.require"))
    assert serving() == [] and "plugins.trust.require" in gateway.logged()
    home.run("sign", dropped / "mine.wasm", "--key", "team.key")
    gateway.wait_for(lambda: serving() == [pinned])
    # Signed by the same key, and not the one that was reviewed.
    (home.folder / "mine.wasm").write_bytes(other)
    home.run("sign", "mine.wasm", "--key", "team.key")
    shutil.copy(home.folder / "mine.wasm.sig", dropped / "mine.wasm.sig")
    shutil.copy(home.folder / "mine.wasm", dropped / "mine.wasm")
    gateway.wait_for(lambda: refused(f"`plugins.sha256.mine` says {pinned}"))
    assert serving() == [pinned]
    assert gateway.stop() == 0


# The commands that read a component, with what else each needs.
FILES = [
    ("check",), ("test",), ("inspect",), ("bench",), ("verify",), ("sign", "--key", "team.key"), ("add", "--yes", "--directory", "plugins"),
    ("record", "--model", "m", "--body", "body.json", "--out", "x.json"),
]

# Arguments, the exit code, what it says to do.
MISUSES = [
    (("neww",), 2, "new"),
    (("new", "a", "--lang", "js"), 2, "--kind"),
    (("new", "a", "--lang", "js", "--kind", "sink"), 2, "possible values: provider, guardrail, callback"),
    (("new", "openai", "--lang", "js", "--kind", "provider"), 1, "give this one another name"),
    (("new", "there", "--lang", "js", "--kind", "provider"), 1, "choose another folder"),
    (("build", "there"), 1, "go to a folder that `sluice plugin new` made"),
    *(((command, "none.wasm", *more), 1, "name the component that `sluice plugin build` wrote") for command, *more in FILES),
    (("check", "there"), 1, "it is a folder: name the file in it"),
    (("check",), 2, "<FILE>"),
    (("test", "hostile.wasm"), 1, "give a folder with `--fixtures`"),
    (("test", "hostile.wasm", "--fixtures", "hostile.wasm"), 1, "give `--fixtures` the folder"),
    (("test", "mine.wasm", "--memory-mb", "0"), 2, "1..=256"),
    (("test", "mine.wasm", "--fixtures", "there"), 1, "odd.json"),
    (("bench", "hostile.wasm"), 1, "give a folder with `--fixtures`"),
    (("bench", "mine.wasm", "-n", "0"), 2, "1..=1000000"),
    (("record", "mine.wasm", "--model", "m", "--out", "x.json"), 2, "--body"),
    (("record", "mine.wasm", "--model", "m", "--body", "none.json", "--out", "x.json"), 1, "write the body of a request into it"),
    (("record", "mine.wasm", "--model", "m", "--body", "list.json", "--out", "x.json"), 1, "expected a request as a client sends it"),
    (("record", "mine.wasm", "--model", "m", "--body", "body.json", "--out", "x.json", "--secret", "api_key"), 2, "expected NAME=VARIABLE"),
    (("record", "mine.wasm", "--model", "m", "--body", "body.json", "--out", "x.json", "--provider", "other"), 1, "say with `--provider` which one: mine"),
    (("inspect", "text.wasm"), 1, "not a WebAssembly component"),
    (("sign", "mine.wasm", "--key", "there/odd.json"), 1, "it is no secret key"),
    (("sign", "text.wasm", "--key", "team.key"), 1, "not a WebAssembly component"),
    (("sign", "mine.wasm", "--key", "none.key"), 1, "make a key with `sluice plugin keygen`"),
    (("verify", "mine.wasm", "--key", "ed25519:no"), 1, "as `sluice plugin keygen` writes it"),
    (("keygen", "team"), 1, "choose another name"),
    (("add", "text.wasm", "--yes", "--directory", "plugins"), 1, "it is not installed"),
    (("add", "mine.wasm", "--yes"), 1, "--config"),
    (("remove", "openai", "--directory", "there"), 1, "ships inside the gateway"),
    (("remove", "mine", "--directory", "there"), 1, "nothing is there"),
    *(((*command, "--directory", "none"), 1, "name the folder in which the plugins are with `--directory`") for command in [("list",), ("lock",), ("lock", "--check"), ("remove", "mine")]),
    (("lock", "--check", "--directory", "locked"), 1, "write it again with `sluice plugin lock`"),
]


@pytest.mark.parametrize("arguments, code, says", MISUSES, ids=lambda it: " ".join(it) if isinstance(it, tuple) else "")
def test_every_misuse_is_told_with_what_to_do(home, arguments, code, says):
    for folder in ("there", "locked"):
        (home.folder / folder).mkdir()
    files = {
        "hostile.wasm": guest(), "text.wasm": b"hello", "list.json": b"[]", "body.json": b'{"messages": []}', "team.key": b"k", "team.pub": b"k",
        "there/odd.json": b'{"name": "odd", "provider": "mine", "expekt": {}}', "locked/plugins.lock": b"{}",
    }
    for name, data in files.items():
        (home.folder / name).write_bytes(data)
    said = home.run(*arguments, code=code, MINE_API_KEY=KEY)
    assert says in said and "panicked" not in said, said
