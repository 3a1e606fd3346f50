"""The examples in every language, built with their one command and dropped into a running gateway."""

import collections
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, ROOT, Gateway
from languages import KINDS, LANGUAGES, built, data_directory, name_of


class Acme(BaseHTTPRequestHandler):
    """The service that the examples are written for."""

    protocol_version = "HTTP/1.1"
    asked = []
    # By the callback that posted them.
    digests = collections.defaultdict(list)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.startswith("/digest-"):
            Acme.digests[self.path.lstrip("/")].append((self.headers.get("authorization"), asked))
            return self.answer({})
        Acme.asked.append(asked)
        if self.headers.get("authorization") != "Bearer k-acme":
            return self.answer({"problem": "who are you?"}, 401)
        question = asked["turns"][-1]["text"]
        end = {"stopped": "limit" if asked.get("limit") else "end", "asked": 4, "answered": 3}
        if question == "cut":
            return self.answer({"text": "half"})
        if question == "nonsense":
            return self.answer("<html>")
        if asked["stream"]:
            pieces = [{"text": "because "}, {"text": "of "}, *({"text": letter} for letter in question), end]
            return self.answer("".join(json.dumps(line) + "\n" for line in pieces))
        self.answer({"text": f"because of {question}", **end})

    def answer(self, body, status=200):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def guardrails():
    """Each language's twice: to mask and to block."""
    listed = []
    for action in ("mask", "block"):
        for language in LANGUAGES:
            settings = {"words": ["Project X", "Ünder (c)"], "action": action}
            params = {"guardrail": name_of(language, "guardrail"), "mode": ["pre_call", "post_call"], **settings}
            listed.append({"guardrail_name": f"{action}-{language}", "litellm_params": params})
    return listed


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway that began without any of them, and got them all while it ran."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    folder = tmp_path_factory.mktemp("languages")
    (folder / "plugins").mkdir()
    params = {"api_base": base, "api_key": "k-acme", "num_retries": 0}
    names = [name_of(language, "provider") for language in LANGUAGES]
    models = [{"model_name": name, "litellm_params": {"model": f"{name}/small", **params}} for name in names]
    for name in names:
        wrong = {"model": f"{name}/small", **params, "api_key": "k-no"}
        models.append({"model_name": f"{name}-wrong-key", "litellm_params": wrong})
    # The calls that callbacks are to sum up.
    counted = {"model": f"{name_of('c', 'provider')}/small", **params, "input_cost_per_token": 0.25, "output_cost_per_token": 0.5}
    models += [{"model_name": "counted", "litellm_params": counted}, {"model_name": "counted-wrong-key", "litellm_params": {**counted, "api_key": "k-no"}}]
    digests = [name_of(language, "callback") for language in LANGUAGES]
    config = {
        "model_list": models,
        "guardrails": guardrails(),
        "litellm_settings": {"callbacks": digests},
        "callback_settings": {name: {"api_base": base, "api_key": "k-digest", "path": f"/{name}", "flush_interval": 0.1} for name in digests},
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {
            "directory": str(folder / "plugins"),
            "data_directory": data_directory(folder),
            # What asks for nothing, the guardrails, needs none.
            "grants": {name: {"hosts": ["api.acme.example"], "env": ["ACME_API_KEY"]} for name in names} | {name: {"env": ["DIGEST_API_KEY"]} for name in digests},
            # An instance is used again, where a language might keep what it should not.
            "isolation": {name_of(language, kind): "pooled" for language in LANGUAGES for kind in KINDS},
            # What is made of Go and C imports no WASI.
            "wasi": {name_of(language, kind): "off" for language in ("go", "c") for kind in KINDS},
        },
    }
    components = {name_of(language, kind): built(language, kind) for language in LANGUAGES for kind in KINDS}
    gateway = Gateway(folder, json.dumps(config))
    for name, component in components.items():
        shutil.copy(component, folder / "plugins" / f"{name}.wasm")
    yield gateway
    assert gateway.stop() == 0
    server.shutdown()


def plugin(gateway, name):
    listed = json.loads(gateway.get("/plugins")[1])
    assert not listed["quarantined"], listed["quarantined"]
    return next((it for it in listed["plugins"] if it["name"] == name), None)


def live(gateway, language, kind):
    """Waits for the plugin, which has passed its own examples then."""
    name = name_of(language, kind)
    gateway.wait_for(lambda: plugin(gateway, name) is not None, seconds=300)
    found = plugin(gateway, name)
    assert found["state"] == "serving" and not found["last_error"], found
    return name


def asked_for_nothing(gateway, language, kind):
    """No runtime looks for files or sockets in a call, and of all only Python's for a variable, once in each instance."""
    stats = plugin(gateway, name_of(language, kind))["stats"]
    variables = stats["wasi_refused"].pop("environment")
    assert stats["wasi_refused"] == {"files": 0, "sockets": 0}
    assert variables <= (stats["instances_made"] if language == "python" else 0), stats


def chat(gateway, model, question="rain", **more):
    body = {"model": model, "messages": [{"role": "user", "content": question}], **more}
    status, answer, _ = gateway.get("/v1/chat/completions", body=json.dumps(body).encode())
    return status, answer


def streamed(answer):
    events = [json.loads(line[6:]) for line in answer.decode().splitlines() if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])


@pytest.fixture(scope="module")
def counted(house):
    """Two calls that are answered and one that fails, the first of all, when every callback is there to see them."""
    for language in LANGUAGES:
        live(house, language, "callback")
    live(house, "c", "provider")
    assert [chat(house, model)[0] for model in ("counted", "counted", "counted-wrong-key")] == [200, 200, 401]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_callback_of_every_language_sums_up_the_calls_and_posts_the_digest(house, counted, language):
    name = name_of(language, "callback")
    came = lambda: list(Acme.digests[name])
    summed = lambda member: sum(digest[member] for _, digest in came())
    house.wait_for(lambda: summed("calls") == 3)
    # Four tokens in and three out, twice; the call that failed has none.
    assert (summed("failed"), summed("tokens"), summed("spend")) == (1, 14, 2 * (4 * 0.25 + 3 * 0.5))
    models = collections.Counter()
    for authorization, digest in came():
        assert authorization == "Bearer k-digest" and set(digest) == {"calls", "failed", "tokens", "spend", "models"}
        models.update(digest["models"])
    assert models == {"counted": 2, "counted-wrong-key": 1}
    assert plugin(house, name)["version"] == "0.1.0" and "k-digest" not in house.logged()
    asked_for_nothing(house, language, "callback")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_provider_of_every_language_answers_without_a_restart(house, language):
    model = live(house, language, "provider")
    parts = [{"type": "text", "text": "r"}, {"type": "text", "text": "ain \"☂\""}]
    answer = json.loads(chat(house, model, parts, max_tokens=3, temperature=0.5)[1])
    assert answer["choices"][0]["message"]["content"] == 'because of rain "☂"'
    assert answer["choices"][0]["finish_reason"] == "length" and answer["model"] == model
    assert answer["usage"]["prompt_tokens"] == 4 and answer["usage"]["completion_tokens"] == 3
    turns = [{"from": "user", "text": 'rain "☂"'}]
    assert Acme.asked[-1] == {"turns": turns, "temperature": 0.5, "limit": 3, "stream": False}

    status, answer = chat(house, model, stream=True)
    assert status == 200 and streamed(answer) == "because of rain" and answer.endswith(b"data: [DONE]\n\n")
    assert b'"finish_reason":"stop"' in answer.replace(b" ", b"")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_wrong_is_told_apart(house, language):
    model = live(house, language, "provider")
    # Its own refusal, the upstream's by its pointer, what is no answer, and one that is cut off.
    status, answer = chat(house, model, [{"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}])
    assert status == 400 and "takes text only" in json.loads(answer)["error"]["message"]
    status, answer = chat(house, f"{model}-wrong-key")
    assert status == 401 and "who are you?" in json.loads(answer)["error"]["message"]
    status, answer = chat(house, model, "nonsense")
    assert status >= 500 and "JSON" in json.loads(answer)["error"]["message"]
    status, answer = chat(house, model, "cut", stream=True)
    assert b"ended early" in answer and b'"stop"' not in answer


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_instance_is_used_for_one_long_call_after_another(house, language):
    model = live(house, language, "provider")
    question = "tell me more ☂ " * 15_000
    made = plugin(house, model)["stats"]["instances_made"]
    for _ in range(30):
        status, answer = chat(house, model, question)
        assert status == 200 and json.loads(answer)["choices"][0]["message"]["content"] == f"because of {question}"
    stats = plugin(house, model)["stats"]
    assert stats["instances_made"] - made <= 2 and stats["out_of_memory"] == 0, stats
    asked_for_nothing(house, language, "provider")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guardrail_of_every_language_masks_and_puts_back(house, language):
    live(house, language, "guardrail")
    model = live(house, language, "provider")
    question = "project X, Project X and Ünder (c)."
    status, answer = chat(house, model, question, guardrails=[f"mask-{language}"])
    assert status == 200, answer
    assert Acme.asked[-1]["turns"][-1]["text"] == "<WORD_1>, <WORD_2> and <WORD_3>."
    assert json.loads(answer)["choices"][0]["message"]["content"] == f"because of {question}"
    status, answer = chat(house, model, question, guardrails=[f"mask-{language}"], stream=True)
    assert status == 200 and streamed(answer) == f"because of {question}"
    asked_for_nothing(house, language, "guardrail")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guardrail_of_every_language_blocks(house, language):
    live(house, language, "guardrail")
    model = live(house, language, "provider")
    status, answer = chat(house, model, "what is PROJECT X?", guardrails=[f"block-{language}"])
    error = json.loads(answer)["error"]
    assert status == 400 and error["provider_specific_fields"]["code"] == "word"
    assert chat(house, model, "what is rain?", guardrails=[f"block-{language}"])[0] == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_keeps_the_contract(language, kind):
    """Held to what `sluice plugin test` holds every component to, with its fixtures."""
    fixtures = ROOT / "examples" / f"{language}-{kind}" / "fixtures"
    command = [os.environ["SLUICE_BINARY"], "plugin", "test", built(language, kind), "--fixtures", fixtures]
    # Where the machine code is kept from one run to the next.
    environment = {**os.environ, "SLUICE_DATA_DIR": os.environ["SDK_EXAMPLES"]}
    tested = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = tested.stdout + tested.stderr
    assert tested.returncode == 0 and "0 failed, 0 notes" in said and "two callers" in said, said


def measured():
    """The rows of docs/plugins.md that say what a language costs, by example: component, build, compile, load, calls, memory."""
    table = (ROOT / "docs" / "plugins.md").read_text().split("## What a language costs")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows if row[0]}


def test_the_page_says_what_each_example_costs():
    forms = (r"[\d.]+ MB", r"[\d.]+ s", r"[\d.]+ s", r"\d+ ms", r"\d+ µs", r"\d+ µs", r"[\d.]+ (KiB|MiB)")
    rows = measured()
    assert set(rows) == {f"{language} {kind}" for language in LANGUAGES for kind in KINDS}
    for name, row in rows.items():
        assert len(row) == len(forms) and all(map(re.fullmatch, forms, row)), (name, row)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_size_on_the_page_is_that_of_the_component(language, kind):
    told = float(measured()[f"{language} {kind}"][0].removesuffix(" MB"))
    size = built(language, kind).stat().st_size / 1e6
    # Two decimals are told; another patch of a tool makes a little more or less of the same source.
    assert abs(size - told) <= max(0.02, 0.1 * told), (size, told)


def test_new_plugins_are_built_with_the_same_tools_as_the_examples():
    templates = ROOT / "host" / "src" / "author" / "scaffold" / "templates"
    pinned = json.loads((ROOT / "sdk" / "javascript" / "package.json").read_text())["devDependencies"]
    for language in ("js", "ts"):
        named = json.loads((templates / language / "package.json.tmpl").read_text())["devDependencies"]
        assert named == {name: pinned[name] for name in named}, language
    assert (templates / "python" / "requirements.txt.tmpl").read_text() == (ROOT / "sdk" / "python" / "requirements.txt").read_text()


def test_the_tools_are_those_that_the_sdks_pin():
    packages = ROOT / "sdk" / "javascript" / "package.json"
    node = pathlib.Path(os.environ["SDK_NODE"]) / "node_modules"
    for name, version in json.loads(packages.read_text())["devDependencies"].items():
        assert json.loads((node / name / "package.json").read_text())["version"] == version, name
    for language in ("python", "c"):
        pins = (ROOT / "sdk" / language / "requirements.txt").read_text().splitlines()
        for name, version in (pin.split("==") for pin in pins):
            assert importlib.metadata.version(name) == version


def test_the_types_of_typescript_have_every_member_of_the_contract():
    contract = (ROOT / "wit" / "sluice-plugin.wit").read_text().split("// Not for the first release")[0]
    contract = re.sub(r"//.*", "", contract)
    types = "".join(path.read_text() for path in (ROOT / "sdk" / "javascript").glob("*.d.ts"))
    members = [name for body in re.findall(r"record [\w-]+ \{(.*?)\}", contract, re.S) for name in re.findall(r"([\w-]+):", body)]
    assert len(members) > 60
    for member in members:
        camel = re.sub(r"-(\w)", lambda it: it[1].upper(), member)
        assert re.search(rf"\b{camel}\??:", types), member
