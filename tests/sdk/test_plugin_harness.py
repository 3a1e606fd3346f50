"""`sluice plugin check` and `test` on components that are wrong in one way each: the row that says so, and an exit code."""

import json
import re

import pytest

from test_hostile import GUEST, guest
from test_plugin_command import Home

GUARDS = GUEST.with_name("sluice_guest_guards.wasm")
CANARY = "canary-of-this-machine-0451"


@pytest.fixture
def home(tmp_path, data_dir):
    return Home(tmp_path)


def failed(said):
    """The rows that failed: what was looked at, and why."""
    return re.findall(r"^FAILED +(\w[\w ]*?)  +(.*)$", said, re.M)


def dropped(home, data):
    (home.folder / "odd.wasm").write_bytes(data)
    return "odd.wasm"


def test_check_tells_contract_imports_document_what_is_asked_for_and_size(home):
    said = home.run("check", dropped(home, guest()))
    assert "0 failed" in said
    for row in (r"size +[\d.]+ (KiB|MiB)", r"sha256 +[0-9a-f]{64}", r"contract +0\.1\.0 provider, this gateway runs 0\.1\.0", r"describe +hostile 0\.1\.0"):
        assert re.search(rf"^ok +{row}", said, re.M), (row, said)
    assert "sluice:plugin/host@0.1.0" in said and "wasi:cli/environment@" in said
    for line in ("sees         the requests and answers of its own deployments", "hosts        declared.example", "credentials  api_key", "environment  HOSTILE_API_KEY"):
        assert line in said, (line, said)
    assert re.search(r"WASI         \d+ interfaces, linked and empty", said), said


WRONG = {
    "another contract": (lambda: guest(("@0.1.0", "@9.9.9")), "9.9.9"),
    "an import that no plugin gets": (lambda: guest(("wasi:cli/stderr@", "wasi:www/stderr@")), "wasi:www/stderr@"),
    "a document beside the schema": (lambda: guest(('"operations":{', '"operationz":{')), "operationz"),
    "a document that never comes": (lambda: guest(("mood=calm        ", "mood=trap")), "crashed in `describe`"),
    "half a file": (lambda: guest()[:1000], "not the whole of one"),
    "a module": (lambda: b"\0asm\x01\0\0\0", "wasm32-wasip2"),
    "no component": (lambda: b"hello", "not a WebAssembly component"),
}


@pytest.mark.parametrize("what", WRONG)
def test_check_says_what_keeps_a_component_from_serving(home, what):
    data, why = WRONG[what]
    said = home.run("check", dropped(home, data()), code=1)
    assert any(why in cause for _, cause in failed(said)), said


def padded(data, length):
    """The same component with a section in it that nobody reads."""
    size, number = length + 2, b""
    while size > 127:
        number, size = number + bytes([size & 127 | 128]), size >> 7
    return data + b"\0" + number + bytes([size]) + b"\x01p" + bytes(length)


def test_check_remarks_on_a_component_that_will_be_slow_to_load(home):
    said = home.run("check", dropped(home, padded(guest(), 33 << 20)))
    assert re.search(r"^note +size +3\d\.\d MiB: it will be slow to load", said, re.M) and "0 failed" in said, said


# Of the guest that does what its fixture asks for, as a model's name: options, the row that fails, why.
DEEDS = {
    "trap": ((), "fixtures pass", "crashed in `start`"),
    "loop": (("--cpu-ms", "60"), "fixtures pass", "60 ms"),
    "bomb": (("--memory-mb", "16"), "fixtures pass", "16 MiB"),
    "large-state": ((), "fixtures pass", "state"),
    "undeclared-host": ((), "hosts", "undeclared.example"),
    "metadata-address": ((), "hosts", "169.254.169.254"),
    "unknown-secret": ((), "secrets", "master_key"),
    "remember": ((), "fresh and used", "globals"),
    "gossip": ((), "two callers", "another one said"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_guest_that_does_what_none_should_fails_in_its_row(home, deed):
    options, row, why = DEEDS[deed]
    fixture = {"name": deed, "provider": "hostile", "operation": "chat", "model": deed, "secrets": ["api_key"], "body": {"messages": [{"role": "user", "content": "hello"}]}, "exchanges": [{"reply": {"status": 200, "body": "{}"}}], "expect": {}}
    (home.folder / "fixtures").mkdir()
    (home.folder / "fixtures" / "deed.json").write_text(json.dumps(fixture))
    said = home.run("test", dropped(home, guest()), *options, code=1)
    assert any(what == row and why in cause for what, cause in failed(said)), said


# The same of a guardrail, which makes requests of its own.
GUARDED = {
    "trap": ("fixtures pass", "crashed in `inspect`"),
    "undeclared-host": ("hosts", "undeclared.example"),
    "metadata-address": ("hosts", "169.254.169.254"),
    "unknown-secret": ("secrets", "master_key"),
}


@pytest.mark.parametrize("deed", GUARDED)
def test_a_guardrail_that_does_what_none_should_fails_in_its_row(home, deed):
    row, why = GUARDED[deed]
    fixture = {"name": deed, "guardrail": "deeds", "stage": "pre", "config": {"guardrail": "deeds", "deed": deed}, "spans": [{"text": "hello"}], "fetches": [{"status": 200, "reply": {}}], "expect": {"verdict": "allow"}}
    (home.folder / "fixtures").mkdir()
    (home.folder / "fixtures" / "deed.json").write_text(json.dumps(fixture))
    said = home.run("test", dropped(home, GUARDS.read_bytes()), code=1)
    assert any(what == row and why in cause for what, cause in failed(said)), said


def test_a_guardrail_that_misses_a_word_which_a_stream_cuts_fails_in_its_row(home):
    (home.folder / "fixtures").mkdir()
    for deed in ("block", "forgetful"):
        config = {"guardrail": "deeds", "deed": deed, "word": "secret"}
        fixture = {"name": f"an answer of {deed}", "guardrail": "deeds", "stage": "post", "config": config, "spans": [{"role": "assistant", "text": "it is a secret"}], "expect": {"verdict": "block", "code": "word"}}
        (home.folder / "fixtures" / f"{deed}.json").write_text(json.dumps(fixture))
    said = home.run("test", dropped(home, GUARDS.read_bytes()), code=1)
    cut = [cause for what, cause in failed(said) if what == "streams cut"]
    # The one that remembers is not named.
    assert cut and all("`an answer of forgetful` cut after" in it or it.startswith("and ") for it in cut), said


GLOBAL = "export const provider = {"
THROWN = "throw failure(\"upstream\", `the upstream's answer is not JSON: ${cause.message}`);"
# What an author does wrong in a new provider: each exchange of its text, the row that fails, why.
MISTAKES = {
    "counts in a global": (
        [(GLOBAL, f"let calls = 0;\n\n{GLOBAL}"), ("JSON.stringify(answer(text, words))", "JSON.stringify(answer(calls++ ? `${text} again` : text, words))")],
        "fresh and used", "in an instance that was used"),
    "keeps a question": (
        [(GLOBAL, f'let heard = "";\n\n{GLOBAL}'), ("    if (typeof question !==", "    const before = heard;\n    heard = String(question);\n    if (typeof question !=="),
         ('headers: [],\n      body: {tag: "json"', 'headers: [["x-before", before]],\n      body: {tag: "json"')],
        "two callers", "tells one caller what another one said"),
    "forgets what came before": ([("Number(state || 0) + texts.length", "texts.length")], "streams cut", "cut as Bytes"),
    "breaks down over a page": ([(THROWN, "throw cause;")], "broken input", "crashed"),
    "takes a page for an answer": ([(THROWN, 'document = {text: "sorry", words: 0};')], "broken input", "it is taken for an answer"),
    "asks elsewhere": ([("url: `/ask/", "url: `https://undeclared.example/ask/")], "hosts", "undeclared.example"),
    "wants another's key": ([("auth: [], // as", 'auth: [{scheme: "bearer", params: [["secret", "master_key"]]}], // not as')], "secrets", "master_key"),
    "tells what this machine knows": ([("contentType: null, headers: []", f'contentType: null, headers: [["x-note", "{CANARY}"]]')], "environment", "environment says"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_an_author_fails_in_its_row(home, mistake):
    exchanges, row, why = MISTAKES[mistake]

    def edit(folder):
        source = folder / "plugin.js"
        text = source.read_text()
        for old, new in exchanges:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        source.write_text(text)

    component = home.new("mine", "js", "provider", edit)
    said = home.run("test", component, code=1, CANARY=CANARY)
    assert any(what == row and why in cause for what, cause in failed(said)), said
