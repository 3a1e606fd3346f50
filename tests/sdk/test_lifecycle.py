"""Starting, stopping, being killed; and the config as a container brings it."""

import contextlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import urllib.parse

import psycopg
import pytest

from conftest import CORPUS, MASTER_KEY, Gateway, base_environment, free_port
from raw import SSE, RawUpstream, body_of, chunk, connect, head, request, until, until_closed, whole

CHAT = {"messages": [{"role": "user", "content": "hi"}]}
ANSWER = {"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}


def piece(text, finish=None):
    return f'data: {json.dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})}\n\n'


class Slow:
    """A stream that goes on when it is told to."""

    def __init__(self, upstream):
        import threading

        self.go_on = threading.Event()
        self.url = upstream.script("slow", self.play)

    def play(self, peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece("first ")))
        if self.go_on.wait(30):
            peer.send(chunk(piece("last", "stop")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")


@pytest.fixture()
def slow():
    return Slow(RawUpstream())


def start(tmp_path, slow, *arguments):
    models = [{"model_name": "slow", "litellm_params": {"model": "openai/m", "api_base": slow.url, "api_key": "k"}}]
    return Gateway(tmp_path, {"model_list": models, "general_settings": {"master_key": MASTER_KEY}}, arguments=arguments)


def open_stream(gateway):
    connection = connect(gateway)
    connection.sendall(request("/v1/chat/completions", {**CHAT, "model": "slow", "stream": True}, key=MASTER_KEY))
    until(connection, b"first")
    return connection


def refuses_connections(gateway):
    try:
        connect(gateway).close()
        return False
    except ConnectionRefusedError:
        return True


def test_a_stream_under_way_ends_whole_after_sigterm(tmp_path, data_dir, slow):
    gateway = start(tmp_path, slow)
    with open_stream(gateway) as connection:
        gateway.process.terminate()
        gateway.wait_for(lambda: refuses_connections(gateway))
        slow.go_on.set()
        rest = until_closed(connection)
    assert b"last" in rest and b"[DONE]" in rest
    # Nothing more is sent to it: a second signal means "end now, whatever is under way".
    assert gateway.process.wait(timeout=60) == 0 and gateway.stop() == 0
    assert "cut off" not in gateway.logged()


@pytest.mark.parametrize("arguments, again", [(("--drain-seconds", "1"), False), ((), True)])
def test_a_stream_that_does_not_end_is_ended(tmp_path, data_dir, slow, arguments, again):
    gateway = start(tmp_path, slow, *arguments)
    with open_stream(gateway) as connection:
        gateway.process.terminate()
        if again:
            gateway.wait_for(lambda: refuses_connections(gateway))
            gateway.process.send_signal(signal.SIGINT)
        rest = until_closed(connection)
    assert b"[DONE]" not in rest and not rest.endswith(b"0\r\n\r\n")
    assert gateway.stop() == 0 and "cut off" in gateway.logged()


def test_a_killed_gateway_starts_again_on_its_port(tmp_path, data_dir, slow):
    gateway = start(tmp_path, slow)
    with open_stream(gateway):
        gateway.process.kill()
        gateway.process.wait()
        gateway.start()
    assert gateway.get("/v1/models")[0] == 200 and gateway.stop() == 0


def run(folder, *arguments, **environment):
    command = [os.environ["SLUICE_BINARY"], *arguments]
    return subprocess.run(command, env={**base_environment(folder), **environment}, cwd=folder, capture_output=True, text=True, timeout=60)


def test_what_keeps_it_from_starting_is_said_in_one_sentence(tmp_path, data_dir):
    missing = run(tmp_path, "--config", "gone.yaml")
    assert missing.returncode == 1 and "gone.yaml" in missing.stderr
    assert "--config" in run(tmp_path).stderr
    (tmp_path / "a.yaml").write_text("model_list: []\ngeneral_settings: {master_key: sk-1234}\n")
    exposed = run(tmp_path, "--config", "a.yaml", "--host", "192.0.2.1")
    assert exposed.returncode == 1 and "everybody knows" in exposed.stderr
    assert "--nonsense" in run(tmp_path, "--nonsense").stderr
    port = free_port()
    taken = __import__("socket").create_server(("127.0.0.1", port))
    with taken:
        busy = run(tmp_path, "--config", "a.yaml", "--host", "127.0.0.1", PORT=str(port))
    assert busy.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in busy.stderr


def damaged(folder):
    """A database whose first page was overwritten behind its head."""
    path = folder / "torn.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a)")
    path.write_bytes(path.read_bytes()[:100] + b"\x5a" * (path.stat().st_size - 100))
    return f"sqlite://{path}"


def foreign(folder):
    (folder / "letter.txt").write_text("no database at all\n" * 400)
    return f"sqlite://{folder}/letter.txt"


SERVER = os.environ.get("SLUICE_TEST_DATABASE_URL", "")


def on_the_server(database=None, user=None):
    """The tests' PostgreSQL, or another database or user of it."""
    at = urllib.parse.urlsplit(SERVER)
    host = at.netloc.rpartition("@")[2]
    return at._replace(netloc=f"{user}:hunter2@{host}" if user else at.netloc, path=f"/{database}" if database else at.path).geturl()


def without_rights(_):
    """A user who may make nothing in the database."""
    name = f"guest_{secrets.token_hex(6)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'hunter2'")
        connection.execute(f"CREATE DATABASE {name}")
    return on_the_server(database=name, user=name)


ON_A_SERVER = {
    "a wrong password": (lambda _: on_the_server(user="sluice"), "refuses the user name or password", "percent-encoded"),
    "no such database": (lambda _: on_the_server(database="nobodys"), "does not exist", "createdb"),
    "no permission": (without_rights, "may not do this", "GRANT CREATE ON DATABASE"),
}
REFUSING = {
    **(ON_A_SERVER if SERVER else {}),
    "unreachable": (lambda _: f"postgres://u:hunter2@127.0.0.1:{free_port()}/d", "does not answer at its address", "check that the server runs"),
    "a folder": (lambda folder: f"sqlite://{folder}", "cannot be opened", "name another file"),
    "below a file": (lambda folder: f"sqlite://{folder}/config.yaml/sluice.db", "cannot be opened", "name another file"),
    "damaged": (damaged, "is damaged", "sluice restore"),
    "foreign": (foreign, "is no SQLite database", "sluice restore"),
    "of another kind": (lambda _: "mysql://u:hunter2@127.0.0.1/d", "unknown scheme", "postgresql://"),
}


@pytest.mark.parametrize("kind", REFUSING)
def test_a_database_that_refuses_is_named_with_the_cure_and_nothing_is_started(tmp_path, data_dir, kind):
    address, reason, cure = REFUSING[kind]
    (tmp_path / "config.yaml").write_text("model_list: []\n")
    url = address(tmp_path)
    (tmp_path / "config.yaml").write_text(json.dumps({"model_list": [], "general_settings": {"master_key": MASTER_KEY, "database_url": url}}))
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    port = free_port()
    said = run(tmp_path, "serve", "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port))
    # One sentence, by itself, and before anybody could have connected.
    assert said.returncode == 1 and reason in said.stderr and cure in said.stderr, said.stderr
    last = said.stderr.strip().splitlines()[-1]
    assert last.startswith("sluice: ") and reason in last and "panicked" not in said.stderr, said.stderr
    assert "hunter2" not in said.stderr + said.stdout and "listening" not in said.stderr + said.stdout
    # What was there is as it was, and nothing of a gateway lies beside it.
    after = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before and not (tmp_path / ".local").exists()


PRICES = '{"m": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}'


def waiting(folder):
    """A gateway whose start waits for its prices, and what its database has of it."""
    prices, database = folder / "prices.json", folder / "sluice.db"
    os.mkfifo(prices)
    general = {"master_key": MASTER_KEY, "database_url": f"sqlite://{database}"}
    config = {"model_list": [], "general_settings": general, "litellm_settings": {"model_cost_map_file": str(prices)}}
    gateway = Gateway(folder, config, waits=False)

    def seen():
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'gateways'").fetchall()
            return tables and connection.execute("SELECT seen_at FROM gateways").fetchall()

    gateway.wait_for(lambda: database.exists() and seen())
    return gateway, prices, seen


def test_a_gateway_that_takes_long_to_start_is_not_taken_for_gone(tmp_path, data_dir):
    gateway, prices, seen = waiting(tmp_path)
    first = seen()
    try:
        gateway.wait_for(lambda: len(seen()) == 1 and seen() > first)
        assert "is listening" not in gateway.logged()
        with prices.open("w") as pipe:
            # It is read again later: then from a file.
            prices.unlink()
            prices.write_text(PRICES)
            pipe.write(PRICES)
        gateway.wait_for(lambda: gateway.get("/health/readiness")[0] == 200)
    finally:
        assert gateway.stop() == 0


def test_a_start_that_waits_is_given_up_at_once(tmp_path, data_dir):
    gateway, _, _ = waiting(tmp_path)
    assert gateway.stop() == 0
    logged = gateway.logged()
    assert "stopped before it was ready" in logged and "is listening" not in logged


def test_a_container_of_litellms_goes_on_working(tmp_path, data_dir):
    """Flags, PORT, `.env`, an included file, variables, credentials and wildcards, all at once."""
    upstream = RawUpstream()
    base = upstream.script("u", whole(ANSWER))
    (tmp_path / ".env").write_text(f"PROVIDER_BASE={base}\nLITELLM_MASTER_KEY={MASTER_KEY}\n")
    (tmp_path / "models.yaml").write_text(
        "model_list:\n"
        "  - model_name: 'team/*'\n"
        "    litellm_params: {model: 'openai/*', api_base: os.environ/PROVIDER_BASE, litellm_credential_name: shared, temperature: 0.5}\n"
    )
    (tmp_path / "config.yaml").write_text(
        "include: [models.yaml]\n"
        "environment_variables: {PROVIDER_KEY: k-of-the-config}\n"
        "credential_list: [{credential_name: shared, credential_values: {api_key: os.environ/PROVIDER_KEY}}]\n"
        "litellm_settings: {num_retries: 0, callbacks: [langfuse]}\n"
        "router_settings: {model_group_alias: {gpt: team/gpt-4o}}\n"
    )
    port = free_port()
    flags = ["--num_workers", "4", "--detailed_debug", "--host", "127.0.0.1"]
    log = open(tmp_path / "log.txt", "wb")
    environment = {**base_environment(tmp_path), "PORT": str(port), "CONFIG_FILE_PATH": "config.yaml"}
    process = subprocess.Popen([os.environ["SLUICE_BINARY"], *flags], env=environment, cwd=tmp_path, stdout=log, stderr=log)
    gateway = Gateway.__new__(Gateway)
    gateway.port, gateway.url, gateway.folder, gateway.process, gateway.log = port, f"http://127.0.0.1:{port}", tmp_path, process, log
    try:
        gateway.wait_for(lambda: gateway.get("/health/readiness")[0] == 200)
        for model in ("team/gpt-4o", "gpt"):
            status, answer, headers = gateway.post("/v1/chat/completions", {**CHAT, "model": model})
            assert status == 200 and answer["model"] == model and headers["x-litellm-model-name"] == "openai/gpt-4o"
        sent = upstream.requests["u"][-1]
        assert b"authorization: Bearer k-of-the-config" in sent and body_of(sent)["temperature"] == 0.5
        assert body_of(sent)["model"] == "gpt-4o"
        gateway.wait_for(lambda: "--num_workers has no effect" in gateway.logged())
        assert "k-of-the-config" not in gateway.logged()
    finally:
        assert gateway.stop() == 0


def test_large_media_reach_every_provider_whole(tmp_path, data_dir):
    """A 3 MB image and a 20 MB PDF, through the components that never see them."""
    upstream = RawUpstream()
    answers = {provider: next(it["body"] for it in CORPUS[provider] if it["kind"] == "chat" and it["status"] == 200) for provider in ("openai", "anthropic", "gemini")}
    models = [
        {"model_name": name, "litellm_params": {"model": f"{name}/m", "api_base": upstream.script(name, whole(body.encode())), "api_key": "k"}}
        for name, body in answers.items()
    ]
    gateway = Gateway(tmp_path, {"model_list": models, "general_settings": {"master_key": MASTER_KEY}})
    image, pdf = "iVBOR" + "QUJD" * 1_000_000 + "QUI=", "JVBERi0" + "QUJD" * 6_700_000 + "A"
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{pdf}"}},
    ]
    try:
        for name in answers:
            status, answer, _ = gateway.post("/v1/chat/completions", {"model": name, "messages": [{"role": "user", "content": content}]})
            assert status == 200, (name, answer)
            sent = upstream.requests[name][-1]
            assert sent.count(image.encode()) == 1 and sent.count(pdf.encode()) == 1 and b"sluice-media" not in sent, name
            body_of(sent)
    finally:
        assert gateway.stop() == 0


def test_weights_decide_which_deployment_answers(tmp_path, data_dir):
    upstream = RawUpstream()
    params = [{"model": "openai/m", "api_base": upstream.script(name, whole(ANSWER)), "api_key": "k", "weight": weight} for name, weight in (("often", 9), ("never", 0))]
    bad = upstream.script("bad", whole({"error": {"message": "revoked"}}, 401))
    models = [{"model_name": "both", "litellm_params": it} for it in params]
    # The first in order refuses its key: the next is asked, at once.
    models += [{"model_name": "ordered", "litellm_params": {**params[0], "api_base": base, "order": order}} for base, order in ((bad, 1), (params[0]["api_base"], 2))]
    gateway = Gateway(tmp_path, {"model_list": models, "general_settings": {"master_key": MASTER_KEY}})
    try:
        for _ in range(20):
            assert gateway.post("/v1/chat/completions", {**CHAT, "model": "both"})[0] == 200
        assert len(upstream.requests["often"]) == 20 and "never" not in upstream.requests
        status, _, headers = gateway.post("/v1/chat/completions", {**CHAT, "model": "ordered"})
        # The next order counts as a fallback, as in LiteLLM.
        assert status == 200 and headers["x-litellm-attempted-fallbacks"] == "1"
        choices = json.loads(gateway.get(f"/router/decisions/{headers['x-litellm-call-id']}")[1])["choices"]
        assert [(choice["outcome"], choice["waited_ms"]) for choice in choices] == [("authentication", 0), ("ok", 0)]
    finally:
        assert gateway.stop() == 0


def test_tls_is_served_with_the_operators_certificate(tmp_path, data_dir):
    import ssl
    import urllib.request

    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "a.yaml").write_text("model_list: [{model_name: demo, litellm_params: {model: echo/demo}}]\n")
    half = run(tmp_path, "--config", "a.yaml", "--ssl_certfile_path", "cert.pem")
    assert half.returncode != 0 and "ssl-keyfile" in half.stderr
    port = free_port()
    command = [os.environ["SLUICE_BINARY"], "--config", "a.yaml", "--port", str(port), "--ssl_certfile_path", "cert.pem", "--ssl_keyfile_path", "key.pem"]
    log = open(tmp_path / "log.txt", "wb")
    process = subprocess.Popen(command, env=base_environment(tmp_path), cwd=tmp_path, stdout=log, stderr=log)
    gateway = Gateway.__new__(Gateway)
    gateway.process, gateway.folder, gateway.log = process, tmp_path, log
    context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    url = f"https://localhost:{port}/health/liveliness"
    try:
        gateway.wait_for(lambda: urllib.request.urlopen(url, context=context, timeout=10).status == 200)
        # One that speaks in the clear is turned away, and disturbs nobody.
        clear = __import__("socket").create_connection(("127.0.0.1", port))
        with clear:
            clear.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert not until_closed(clear).startswith(b"HTTP")
        assert urllib.request.urlopen(url, context=context, timeout=10).status == 200
    finally:
        assert gateway.stop() == 0
