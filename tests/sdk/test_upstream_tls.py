"""The way to upstreams: certificates of a company's own authority (`ssl_verify`), and proxies."""

import json
import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import MASTER_KEY, Gateway, base_environment
from raw import RawUpstream, whole

ANSWER = {"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "private"}}]}
KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
# An authority, and the server's certificate from it.
NEW_CERTIFICATE = (
    f"openssl req -x509 {KEY} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
    f"openssl req {KEY} -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.csr",
    "openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -days 2 -copy_extensions copy -out cert.pem",
)


class Private(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        # So that a renewed certificate is shown with the next call.
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server:
    """A TLS server on loopback; `renew` makes a certificate of a new authority and shows it."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.renew()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Private)
        server.socket = self.context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"https://localhost:{server.server_address[1]}/v1"

    def renew(self):
        for command in NEW_CERTIFICATE:
            subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        self.context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")


@pytest.fixture()
def server(tmp_path):
    return Server(tmp_path / "private")


def start(tmp_path, server, models, environment=None, **sections):
    params = {"model": "openai/m", "api_base": server.url, "api_key": "k", "num_retries": 0}
    models = [{"model_name": name, "litellm_params": {**params, **own}} for name, own in models.items()]
    config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY}, **sections}
    return Gateway(tmp_path, config, environment)


def ask(gateway, model):
    return gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}]})


def test_a_deployment_trusts_the_authority_that_it_names(tmp_path, data_dir, server):
    models = {"usual": {}, "own": {"ssl_verify": str(server.authority)}, "any": {"ssl_verify": False}}
    gateway = start(tmp_path, server, models)
    try:
        status, answer, _ = ask(gateway, "usual")
        assert status == 500 and "Connection error" in answer["error"]["message"]
        for model in ("own", "any"):
            status, answer, _ = ask(gateway, model)
            assert (status, answer["choices"][0]["message"]["content"]) == (200, "private")
    finally:
        gateway.stop()


@pytest.mark.parametrize("where", ["settings", "environment"])
def test_the_gateway_trusts_it_for_every_deployment_that_says_nothing(tmp_path, data_dir, server, where):
    path = str(server.authority)
    settings = {"litellm_settings": {"ssl_verify": path if where == "settings" else True}}
    environment = {"SSL_VERIFY": path} if where == "environment" else {}
    gateway = start(tmp_path, server, {"quiet": {}, "strict": {"ssl_verify": True}}, environment, **settings)
    try:
        assert ask(gateway, "quiet")[0] == 200
        assert ask(gateway, "strict")[0] == 500
    finally:
        gateway.stop()


def test_a_renewed_authority_needs_no_restart(tmp_path, data_dir, server):
    gateway = start(tmp_path, server, {"own": {"ssl_verify": str(server.authority)}})
    try:
        assert ask(gateway, "own")[0] == 200
        server.renew()
        gateway.wait_for(lambda: ask(gateway, "own")[0] == 200)
    finally:
        gateway.stop()


def test_a_file_that_holds_no_authority_keeps_it_from_starting(tmp_path, data_dir, server):
    wrong = tmp_path / "empty.pem"
    wrong.write_text("")
    config = tmp_path / "wrong.yaml"
    model = {"model_name": "own", "litellm_params": {"model": "openai/m", "ssl_verify": str(wrong)}}
    config.write_text(json.dumps({"model_list": [model]}))
    ran = subprocess.run([os.environ["SLUICE_BINARY"], "--config", str(config)], env=base_environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert "model_list[0].litellm_params.ssl_verify" in ran.stderr and "holds no certificate" in ran.stderr


def test_the_proxy_of_the_environment_is_used_unless_the_host_is_excepted(tmp_path, data_dir):
    proxy = RawUpstream()
    proxy.script("", whole(ANSWER))  # A proxy is asked for a whole URL: `http://host/path`.
    direct = RawUpstream()
    models = [
        {"model_name": "far", "litellm_params": {"model": "openai/m", "api_base": "http://llm.invalid/v1", "api_key": "k"}},
        {"model_name": "near", "litellm_params": {"model": "openai/m", "api_base": direct.script("near", whole(ANSWER)), "api_key": "k"}},
    ]
    environment = {"HTTP_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"}
    gateway = Gateway(tmp_path, {"model_list": models, "general_settings": {"master_key": MASTER_KEY}}, environment)
    try:
        assert ask(gateway, "far")[0] == 200 and ask(gateway, "near")[0] == 200
        (asked,) = proxy.requests[""]
        assert asked.startswith(b"POST http://llm.invalid/v1/chat/completions ")
        assert len(direct.requests["near"]) == 1
    finally:
        gateway.stop()
