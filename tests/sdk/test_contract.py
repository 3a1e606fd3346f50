"""The hard cases of the plugin contract, through the running gateway: the components are dropped
into its plugins directory as anybody would."""

import base64
import concurrent.futures
import json
import os
import pathlib
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, Gateway

GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])
TEXTS = [f"text {number}" for number in range(100)]
IMAGE = b"\x89PNG" + bytes(100_000)
PDF = b"%PDF" + bytes(20 << 20)


class Upstream(BaseHTTPRequestHandler):
    """What the cases talk to."""

    protocol_version = "HTTP/1.1"
    # Four requests have to be here at once before any is answered, and a slow one
    # keeps no later one from being sent: else the last ones wait here for ever.
    together = threading.Barrier(4)
    gate = threading.Event()
    seen = {}

    def do_GET(self):
        if self.path.startswith("/image"):
            return self.answer(IMAGE, "image/png")
        polls = self.seen.setdefault("polls", [])
        polls.append(self.path)
        if len(polls) == 2:
            return self.answer({"detail": "try again"}, status=503)
        if len(polls) < 4:
            return self.answer(self.prediction("processing"))
        self.answer({"status": "succeeded", "output": ["he", "llo"]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.setdefault(self.path, []).append(body)
        if self.path.endswith("/token"):
            return self.session()
        if self.path.endswith("/chat"):
            return self.answer({"text": f"hi with {self.headers['authorization'].removeprefix('Bearer ses-')[:1]}"})
        if self.path.endswith("/invoke"):
            self.together.wait(timeout=20)
            number = int(body["inputText"].split()[1])
            return self.answer({"embedding": [number], "inputTextTokenCount": 2})
        if self.path.endswith("/predictions"):
            return self.answer(self.prediction("starting"))
        if self.path.endswith("/v1/messages"):
            first = len(body["messages"]) == 1
            return self.stream("one ", "sig-1", "pause_turn") if first else self.stream("two", "sig-2", "end_turn")
        text = {"candidates": [{"content": {"parts": [{"text": "seen"}]}}], "usageMetadata": {"promptTokenCount": 3}}
        self.answer(text)

    def session(self):
        """A token that lives four seconds, for the key of the deployment."""
        place = self.path.removesuffix("/token")
        self.seen.setdefault("keys" + place, []).append(self.headers["authorization"])
        if place == "/none":
            return self.answer({"error": {"message": "no such key: k-of-none"}}, status=401)
        if place == "/shared":
            self.gate.wait(timeout=20)
        turn = len(self.seen["keys" + place])
        self.answer({"token": f"ses-{turn}-0f9a17c3", "expires_in": 4, "endpoint": f"{place}/chat", "again": f"ses-{turn}-0f9a17c3"})

    def prediction(self, status):
        return {"status": status, "urls": {"get": f"http://{self.headers['host']}/predictions/1"}}

    def stream(self, text, signature, reason):
        events = [
            {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}},
            {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": signature}},
            {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}},
            {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ]
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        self.answer(lines.encode(), "text/event-stream")

    def answer(self, body, kind="application/json", status=200):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("x-case-left", "17")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def dropped(tmp_path_factory, data_dir):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    folder = tmp_path_factory.mktemp("dropped")
    (folder / "plugins").mkdir()
    for guest in ("sluice_guest_hard_cases.wasm", "sluice_guest_hostile.wasm"):
        shutil.copy(GUESTS / guest, folder / "plugins")
    cases = ("case-titan", "case-polling", "case-paused", "case-documents")
    params = [{"model": f"{name}/m", "api_base": base, "num_retries": 0} for name in cases]
    sessions = {"shared": "m", "second": "m", "each": "each", "shadow": "shadow", "none": "m"}
    sessions = [{"model_name": name, "litellm_params": {"model": f"case-exchange/{model}", "api_base": f"{base}/{name}", "api_key": f"k-of-{name}", "num_retries": 0}} for name, model in sessions.items()]
    params += [{"model": f"hostile/{deed}", "num_retries": 0} for deed in ("invalid-output", "loop")]
    config = {
        "model_list": [{"model_name": it["model"], "litellm_params": it} for it in params]
        + sessions
        + [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {
            "directory": str(folder / "plugins"),
            # The image of a case stands on this machine.
            "grants": {"hard-cases": {"private_addresses": True, "capture": True}, "hostile": {"hosts": ["declared.example"], "env": ["HOSTILE_API_KEY"]}},
        },
    }
    gateway = Gateway(folder, json.dumps(config))
    gateway.upstream = base
    yield gateway
    assert gateway.stop() == 0
    server.shutdown()


def ask(gateway, path, body):
    status, answer, _ = gateway.get(path, body=json.dumps(body).encode())
    return status, answer


def chat(gateway, model, content, **more):
    body = {"model": model, "messages": [{"role": "user", "content": content}], **more}
    return ask(gateway, "/v1/chat/completions", body)


def test_a_hundred_texts_go_out_side_by_side_and_come_back_in_order(dropped):
    status, answer = ask(dropped, "/v1/embeddings", {"model": "case-titan/m", "input": TEXTS})
    assert status == 200, answer
    answer = json.loads(answer)
    assert [it["embedding"] for it in answer["data"]] == [[number] for number in range(100)]
    assert answer["usage"]["prompt_tokens"] == 200


def test_a_503_in_the_middle_of_polling_begins_nothing_anew(dropped):
    status, answer = chat(dropped, "case-polling/m", "hi")
    assert status == 200 and json.loads(answer)["choices"][0]["message"]["content"] == "hello"
    assert len(Upstream.seen["/v1/models/m/predictions"]) == 1 and len(Upstream.seen["polls"]) == 4


def test_a_paused_stream_goes_on_with_its_blocks(dropped):
    status, answer = chat(dropped, "case-paused/m", "dig", stream=True)
    assert status == 200
    events = [json.loads(line[6:]) for line in answer.decode().splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "one two"
    signatures = [it["signature"] for delta in deltas for it in delta.get("thinking_blocks", [])]
    assert signatures == ["sig-1", "sig-2"] and answer.endswith(b"data: [DONE]\n\n")
    first, second = Upstream.seen["/v1/messages"]
    assert second["messages"][:1] == first["messages"]
    assert second["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "", "signature": "sig-1"},
        {"type": "text", "text": "one "},
    ]


def test_a_stream_is_gathered_for_a_client_that_wants_it_whole(dropped):
    # This component asks for a stream whatever its client asked for.
    status, answer = chat(dropped, "case-paused/m", "dig")
    assert status == 200, answer
    answer = json.loads(answer)
    message = answer["choices"][0]["message"]
    assert answer["object"] == "chat.completion" and message["content"] == "one two"
    assert [it["signature"] for it in message["thinking_blocks"]] == ["sig-1", "sig-2"]
    assert answer["choices"][0]["finish_reason"] == "stop" and answer["usage"]["completion_tokens"] == 10


def test_an_image_by_url_and_a_pdf_of_20_mb_reach_the_upstream_whole(dropped):
    pdf = base64.b64encode(PDF).decode()
    # By another name: what lies at the provider itself is not fetched for it.
    image = dropped.upstream.replace("127.0.0.1", "localhost") + "/image"
    content = [
        {"type": "image_url", "image_url": {"url": image}},
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{pdf}"}},
    ]
    status, answer = chat(dropped, "case-documents/m", content)
    assert status == 200, answer
    assert json.loads(answer)["choices"][0]["message"]["content"] == "seen"
    parts = Upstream.seen["/v1beta/models/m:generateContent"][-1]["contents"][0]["parts"]
    assert parts[0]["inlineData"] == {"mimeType": "image/png", "data": base64.b64encode(IMAGE).decode()}
    assert parts[1]["inlineData"]["data"] == pdf


def test_a_token_is_captured_once_for_all_who_wait_and_renewed_before_its_end(dropped):
    def content(_):
        status, answer = chat(dropped, "shared", "hi")
        assert status == 200, answer
        return json.loads(answer)["choices"][0]["message"]["content"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(content, None) for _ in range(20)]
        dropped.wait_for(lambda: b"sluice_in_flight_requests 20\n" in dropped.get("/metrics")[1])
        Upstream.gate.set()
        assert {it.result() for it in calls} == {"hi with 1"}
    assert Upstream.seen["keys/shared"] == ["Bearer k-of-shared"]
    # Another deployment has another key, and so another token.
    assert chat(dropped, "second", "hi")[0] == 200 and Upstream.seen["keys/second"] == ["Bearer k-of-second"]
    dropped.wait_for(lambda: content(None) == "hi with 2")
    assert len(Upstream.seen["keys/shared"]) == 2
    assert "0f9a17c3" not in dropped.logged()


def test_a_token_that_no_other_call_may_have_is_asked_for_each_time(dropped):
    assert [chat(dropped, "each", "hi")[0] for _ in range(3)] == [200] * 3
    assert len(Upstream.seen["keys/each"]) == 3


def test_a_captured_token_takes_no_secret_s_place_and_a_refusal_is_told(dropped):
    status, answer = chat(dropped, "shadow", "hi")
    assert status >= 500 and "`api_key`, which is a secret of the deployment" in json.loads(answer)["error"]["message"]
    assert "keys/shadow" not in Upstream.seen
    status, answer = chat(dropped, "none", "hi")
    message = json.loads(answer)["error"]["message"]
    assert status == 401 and "no such key: ***" in message and "check the deployment's credentials" in message


def test_rate_limits_have_the_names_that_clients_know(dropped):
    body = json.dumps({"model": "case-documents/m", "messages": [{"role": "user", "content": "x"}]}).encode()
    _, _, headers = dropped.get("/v1/chat/completions", body=body)
    assert headers["x-ratelimit-remaining-tokens"] == "17" and headers["llm_provider-x-case-left"] == "17"


def test_an_answer_that_is_no_json_is_told_and_the_next_call_works(dropped):
    status, answer = chat(dropped, "hostile/invalid-output", "x")
    assert status >= 500 and json.loads(answer)["error"]["message"]
    assert chat(dropped, "hostile/invalid-output", "x") == (status, answer), "it was no breakdown"
    assert chat(dropped, "demo", "x")[0] == 200


def test_a_component_that_loops_disturbs_no_other(dropped):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        looping = [pool.submit(chat, dropped, "hostile/loop", "x") for _ in range(4)]
        others = [pool.submit(chat, dropped, "demo", "x") for _ in range(100)]
        assert [it.result()[0] for it in others] == [200] * 100
        for status, answer in (it.result() for it in looping):
            assert status >= 500 and "ran for longer" in json.loads(answer)["error"]["message"]
