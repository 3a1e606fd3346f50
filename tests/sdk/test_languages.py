"""The examples in other languages, built with the commands that their documentation gives, and
dropped into a running gateway."""

import json
import os
import pathlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, ROOT, Gateway

WIT = ROOT / "wit" / "sluice-plugin.wit"
COMPONENTIZE_PY = pathlib.Path(sys.executable).parent / "componentize-py"
COMPONENTIZE_QJS = pathlib.Path(os.environ["SDK_NODE"]) / "node_modules" / ".bin" / "componentize-qjs"


class Acme(BaseHTTPRequestHandler):
    """The service that the examples are written for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers.get("authorization") != "Bearer k-acme":
            return self.answer({"problem": "who are you?"}, 401)
        if asked["question"] == "cut":
            return self.answer({"text": "half"})
        if asked["stream"]:
            lines = [{"text": "be"}, {"text": "cause"}, {"done": True}]
            return self.answer("".join(json.dumps(line) + "\n" for line in lines))
        self.answer({"text": f"because of {asked['question']}", "words": 3})

    def answer(self, body, status=200):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def build(language, output):
    folder = ROOT / "examples" / f"{language}-provider"
    if language == "javascript":
        arguments = ["--wit", WIT, "--world", "provider-plugin", "--js", folder / "provider.js", "-o", output]
        subprocess.run([COMPONENTIZE_QJS, *arguments], check=True)
    else:
        arguments = ["-d", WIT, "-w", "provider-plugin", "componentize", "app", "-p", folder, "-o", output]
        subprocess.run([COMPONENTIZE_PY, *arguments], check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.fixture(scope="module")
def acme(tmp_path_factory, data_dir):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    folder = tmp_path_factory.mktemp("languages")
    (folder / "plugins").mkdir()
    params = {"api_base": base, "api_key": "k-acme", "num_retries": 0}
    models = [{"model_name": name, "litellm_params": {"model": f"{name}/small", **params}} for name in ("acme-js", "acme-py")]
    models.append({"model_name": "wrong-key", "litellm_params": {"model": "acme-js/small", **params, "api_key": "k-no"}})
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"directory": str(folder / "plugins")},
    }
    gateway = Gateway(folder, json.dumps(config))
    for language in ("javascript", "python"):
        build(language, folder / "plugins" / f"{language}.wasm")
    yield gateway
    assert gateway.stop() == 0
    server.shutdown()


def chat(gateway, model, question="rain", **more):
    body = {"model": model, "messages": [{"role": "user", "content": question}], **more}
    status, answer, _ = gateway.get("/v1/chat/completions", body=json.dumps(body).encode())
    return status, answer


@pytest.mark.parametrize("model", ["acme-js", "acme-py"])
def test_a_component_of_another_language_answers_without_a_restart(acme, model):
    acme.wait_for(lambda: chat(acme, model)[0] == 200, seconds=300)
    answer = json.loads(chat(acme, model)[1])
    assert answer["choices"][0]["message"]["content"] == "because of rain"
    assert answer["usage"]["completion_tokens"] == 3 and answer["model"] == model

    status, answer = chat(acme, model, stream=True)
    events = [json.loads(line[6:]) for line in answer.decode().splitlines() if line.startswith("data: {")]
    text = "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
    assert status == 200 and text == "because" and answer.endswith(b"data: [DONE]\n\n")

    # Its own refusal, the upstream's, and an answer that is none.
    status, answer = chat(acme, model, question=[{"type": "text", "text": "x"}])
    assert status == 400 and "takes text only" in json.loads(answer)["error"]["message"]
    status, answer = chat(acme, model, question="cut", stream=True)
    assert b"ended early" in answer and b'"stop"' not in answer


def test_the_upstreams_own_words_are_found_by_their_pointer(acme):
    acme.wait_for(lambda: chat(acme, "acme-js")[0] == 200, seconds=300)
    status, answer = chat(acme, "wrong-key")
    assert status == 401 and "who are you?" in json.loads(answer)["error"]["message"]
