"""The gateway is killed under load, again and again; afterwards all the money is there."""

import collections
import concurrent.futures
import hashlib
import itertools
import json
import math
import os
import random
import re
import sqlite3
import threading

import psycopg
import pytest
from psycopg.rows import dict_row

from conftest import MASTER_KEY, Gateway
from postgres_server import PostgresServer
from raw import SSE, RawUpstream, body_of, chunk, connect, head, request, whole

KILLS = int(os.environ.get("SLUICE_KILLS", "20"))
# In units of 10^-12 dollars, as the database keeps them.
INPUT, OUTPUT = 1_000_000, 2_000_000
PRICE = {"input_cost_per_token": INPUT / 1e12, "output_cost_per_token": OUTPUT / 1e12}
# Calls that come to an end, and calls that only a kill ends, at a time.
QUICK, ENDLESS = 5, 3
MAX_TOKENS = 50
# docs/budgets.md: a stream holds so many tokens at a time, and asks for more when half are left.
SLICE = 256
EVENT_TOKENS = 100


def usage(number):
    prompt, completion = 10 + number % 7, 20 + number % 13
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def cost(number):
    return usage(number)["prompt_tokens"] * INPUT + usage(number)["completion_tokens"] * OUTPUT


# What a failed attempt says that it used.
FAILED = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
FAILED_COST = 3 * INPUT + OUTPUT
# What is asked again and again.
SAME = 7
# Calls that come to an end by themselves.
ENDING = ("plain", "plain", "stream", "flaky", "vector", "again")
CUSTOMERS, TAGS = ("c1", "c2"), ("red", "blue")


def piece(number, text, finish=None, **more):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f'data: {json.dumps({"id": f"answer-{number}", "choices": [choice], **more})}\n\n'


class Provider:
    """Answers call `number`, which its message names. `seen` are those that it was sent."""

    def __init__(self):
        self.seen = set()
        self.upstream = RawUpstream()
        self.base = {model: self.upstream.script(model, getattr(self, model)) for model in ("plain", "stream", "held", "stuck", "flaky", "vector", "again")}

    def number(self, peer):
        body = body_of(peer.request)
        number = int(body["messages"][0]["content"] if "messages" in body else body["input"])
        self.seen.add(number)
        return number

    def plain(self, peer):
        number = self.number(peer)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}
        peer.send(whole({"id": f"answer-{number}", "usage": usage(number), "choices": [choice]}))

    again = plain

    def flaky(self, peer):
        """Fails the first time, and says what that used."""
        before = len(self.seen)
        self.number(peer)
        if len(self.seen) > before:
            return peer.send(whole({"error": {"message": "overloaded"}, "usage": FAILED}, status=500))
        self.plain(peer)

    def vector(self, peer):
        tokens = usage(self.number(peer))["prompt_tokens"]
        vectors = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
        peer.send(whole({"object": "list", "data": vectors, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))

    def stream(self, peer):
        number = self.number(peer)
        peer.send(head(content_type=SSE, transfer_encoding="chunked"))
        for text in ("here ", "and ", "there"):
            peer.send(chunk(piece(number, text)))
        last = json.dumps({"id": f"answer-{number}", "choices": [], "usage": usage(number)})
        peer.send(chunk(piece(number, "", "stop")) + chunk(f"data: {last}\n\n") + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")

    def held(self, peer):
        """A stream that says `number % 12` events and then nothing more."""
        number = self.number(peer)
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece(number, "")))
        for _ in range(number % 12):
            peer.send(chunk(piece(number, "four" * EVENT_TOKENS)))
        peer.wait_for_hang_up()

    def stuck(self, peer):
        self.number(peer)
        peer.wait_for_hang_up()


class Call:
    """What a client knows of its call."""

    def __init__(self, number, model, key):
        self.number, self.model, self.key = number, model, key
        self.path = "/v1/embeddings" if model == "vector" else "/v1/chat/completions"
        fields = {"stream": True, "stream_options": {"include_usage": True}} if model in ("stream", "held") else {"max_tokens": MAX_TOKENS}
        content = str(SAME if model == "again" else number)
        fields = {"input": content} if model == "vector" else {"messages": [{"role": "user", "content": content}], **fields}
        if model == "again":
            fields["cache"] = {"use-cache": True}
        self.customer, self.tag = CUSTOMERS[number % 2], TAGS[number // 2 % 2]
        self.body = json.dumps({"model": model, "user": self.customer, "metadata": {"tags": [self.tag]}, **fields}).encode()
        self.data = b""

    def make(self, gateway):
        """True if the answer came whole."""
        try:
            with connect(gateway) as connection:
                headers = {"x_litellm_session_id": f"call-{self.number}", "content_type": "application/json", "connection": "close"}
                connection.sendall(request(self.path, self.body, key=self.key, **headers))
                while got := connection.recv(65536):
                    self.data += got
        except OSError:
            pass
        top, _, rest = self.data.partition(b"\r\n\r\n")
        lines = top.decode().split("\r\n")
        self.headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        if not rest:
            return False
        assert lines[0].startswith("HTTP/1.1 200"), self.data
        if self.model in ("stream", "held"):
            return rest.endswith(b"0\r\n\r\n")
        return len(rest) == int(self.headers["content-length"])

    def told_cost(self):
        """What the answer says that it cost, by its header or by its usage."""
        if self.model != "stream":
            return round(float(self.headers["x-litellm-response-cost"]) * 1e12)
        (told,) = re.findall(rb'"usage": ?(\{[^{}]*\})', self.data)
        told = json.loads(told)
        return told["prompt_tokens"] * INPUT + told["completion_tokens"] * OUTPUT

    def costs(self, row):
        """What it costs if it was answered."""
        if self.model == "again":
            return 0 if row["cache_hit"] else cost(SAME)
        if self.model == "vector":
            return usage(self.number)["prompt_tokens"] * INPUT
        return cost(self.number) + (FAILED_COST if self.model == "flaky" else 0)

    def may_be_charged(self, charged):
        """Whether the rule of docs/spend.md charges this, if a kill has cut it off."""
        tokens = math.ceil(len(self.body) / 3)
        if self.model == "vector":
            return charged == tokens * INPUT + SLICE * OUTPUT
        if self.model == "flaky" and charged == FAILED_COST:
            # Between its failure and the next attempt.
            return True
        if self.model in ("plain", "stuck", "flaky", "again"):
            return charged == tokens * INPUT + MAX_TOKENS * OUTPUT
        written = EVENT_TOKENS * (self.number % 12) if self.model == "held" else 0
        heard = self.data.count(b"fourfour") and self.data.count(b"four") // EVENT_TOKENS * EVENT_TOKENS
        least = max(SLICE, heard)
        return tokens * INPUT + least * OUTPUT <= charged <= tokens * INPUT + (written + SLICE * 3 // 2) * OUTPUT


class Clients:
    """Load until the gateway is killed, and what came of it."""

    def __init__(self, gateway, keys, seed):
        self.gateway, self.keys = gateway, keys
        self.chance = random.Random(seed)
        self.numbers = itertools.count(1)
        self.answered, self.cut = [], []
        self.turn = threading.Condition()
        self.killed = threading.Event()

    def next(self, *models):
        with self.turn:
            return Call(next(self.numbers), self.chance.choice(models), self.chance.choice(self.keys))

    def make(self, call):
        whole_answer = call.make(self.gateway)
        with self.turn:
            assert whole_answer or self.killed.is_set(), call.data
            (self.answered if whole_answer else self.cut).append(call)
            self.turn.notify_all()

    def keep_calling(self):
        while not self.killed.is_set():
            self.make(self.next(*ENDING))

    def load_and_kill(self, provider, answers):
        """Kills the gateway when so many answers have come and the provider has the endless calls; at once for 0."""
        self.killed.clear()
        endless = [self.next("held", "stuck") for _ in range(ENDLESS)]
        with concurrent.futures.ThreadPoolExecutor(QUICK + ENDLESS) as pool:
            work = [pool.submit(self.keep_calling) for _ in range(QUICK)]
            work += [pool.submit(self.make, call) for call in endless]
            with self.turn:
                enough = len(self.answered) + answers
                begun = lambda: not answers or len(self.answered) >= enough and provider.seen.issuperset(it.number for it in endless)
                came = self.turn.wait_for(lambda: begun() or any(it.done() for it in work), 30)
                self.killed.set()
            self.gateway.process.kill()
            self.gateway.process.wait()
            for it in work:
                it.result()
        assert came, self.gateway.logged()[-4000:]


class Database:
    """Where the gateway keeps its money: a file, or a server."""

    def __init__(self, engine, folder):
        self.file = f"file:{folder}/.local/share/sluice/sluice.db?mode=ro"
        self.server = PostgresServer() if engine == "postgres" else None

    def environment(self):
        return {"DATABASE_URL": self.server.url} if self.server else {}

    def all(self, table):
        if self.server:
            with psycopg.connect(self.server.url, row_factory=dict_row) as database:
                return database.execute(f"SELECT * FROM sluice.{table}").fetchall()
        with sqlite3.connect(self.file, uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]

    def stop(self):
        if self.server:
            self.server.remove()


def sums(rows):
    """What each account has to have, of every kind of holder."""
    found = collections.Counter()
    for row in rows:
        team, user, cost = row["team_id"], row["user_id"], row["cost_pico"]
        lines = json.loads(row["doc"]).get("lines")
        # A call that was cut off before it was sent has no deployment.
        own = {(kind, row[kind]) for kind in ("deployment", "provider")} if lines is None or lines else set()
        payers = {
            ("proxy", ""), ("key", row["key_hash"]), ("user", user), ("team", team), ("team_member", f"{team}/{user}"),
            ("organization", row["organization_id"]), ("end_user", row["end_user"]), *own,
            *(("tag", tag) for tag in json.loads(row["tags"])),
        }
        for payer in payers:
            found[payer] += cost
    return {payer: cost for payer, cost in found.items() if cost and payer[1] is not None and payer != ("deployment", "") and payer != ("provider", "")}


def waiting(gateway):
    text = gateway.get("/metrics")[1].decode()
    return float(re.search(r"^sluice_journal_rows_waiting\{\} (\S+)$", text, re.M)[1])


def make_holders(gateway):
    """Two teams, two people, and a key of each person in each team; all have budgets."""
    def made(path, **fields):
        status, answer, _ = gateway.post(path, {"max_budget": 1000, **fields})
        assert status == 200, answer
        return answer

    organization = made("/organization/new", organization_alias="all")["organization_id"]
    teams = [made("/team/new", team_alias=name, organization_id=organization)["team_id"] for name in ("red", "blue")]
    users = [made("/user/new", user_id=name, auto_create_key=False)["user_id"] for name in ("ann", "bob")]
    keys = [made("/key/generate", team_id=team, user_id=user)["key"] for team in teams for user in users]
    return teams, users, keys


@pytest.mark.parametrize("engine, kills", [("sqlite", KILLS), ("postgres", KILLS)])
def test_every_answer_and_every_cut_off_call_is_charged_once(tmp_path, data_dir, engine, kills):
    provider, database = Provider(), Database(engine, tmp_path)
    params = {"api_key": "k", "num_retries": 1, **PRICE}
    models = [{"model_name": name, "litellm_params": {"model": "openai/m", "api_base": base, **params}} for name, base in provider.base.items()]
    # A deployment that fails does not rest, and what is asked again is answered from memory.
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1},
        "router_settings": {"disable_cooldowns": True},
        "litellm_settings": {"cache": True, "cache_params": {"type": "local", "mode": "default_off"}},
    }
    gateway = Gateway(tmp_path, config, database.environment())
    try:
        teams, users, keys = make_holders(gateway)
        seed = random.randrange(1 << 32)
        clients = Clients(gateway, keys, seed)
        for kill in range(kills):
            # Each fifth kill comes as soon as the gateway answers.
            clients.load_and_kill(provider, clients.chance.randrange(1, 60) if kill % 5 != 4 else 0)
            gateway.start()
        gateway.wait_for(lambda: waiting(gateway) == 0)

        rows = collections.defaultdict(list)
        for row in database.all("spend_rows"):
            rows[row["session_id"]].append(row)
        context = f"seed {seed}"
        assert all(len(of_call) == 1 for of_call in rows.values()), context
        rows = {session: row for session, (row,) in rows.items()}
        for call in clients.answered:
            row = rows[f"call-{call.number}"]
            assert (row["status"], row["cost_pico"]) == ("success", call.costs(row)), (context, row)
            told = call.told_cost() if row["cost_pico"] else 0
            assert told == row["cost_pico"] and call.headers["x-litellm-call-id"] == row["call_id"], (context, row)
        for call in clients.cut:
            row = rows.get(f"call-{call.number}")
            # A call that no provider has seen may have been cut off before it began.
            assert row or call.number not in provider.seen, (context, call.body)
            if row and row["status"] == "success" and call.model in ENDING:
                assert row["cost_pico"] == call.costs(row), (context, row)
            elif row:
                assert row["status"] == "interrupted" and call.may_be_charged(row["cost_pico"]), (context, call.body, call.data, row)
        assert set(rows) <= {f"call-{call.number}" for call in clients.answered + clients.cut}, context
        interrupted = sum(row["status"] == "interrupted" for row in rows.values())
        assert ENDLESS * (kills - kills // 5) <= interrupted <= (ENDLESS + QUICK) * kills, context
        assert any(row["cache_hit"] for row in rows.values()), context
        # Every account of every kind of holder is the sum of its rows.
        accounts = [row for row in database.all("accounts") if row["span"] == "total"]
        accounts = {(row["kind"], row["id"]): row["spent_usd"] * 10**12 + row["spent_pico"] for row in accounts}
        assert {payer: spent for payer, spent in accounts.items() if spent} == sums(rows.values()), context

        def spent(**of):
            return sum(row["cost_pico"] for row in rows.values() if all(row[name] == value for name, value in of.items()))

        def told(path):
            return json.loads(gateway.get(path)[1])

        def same(dollars, pico):
            assert abs(dollars - pico / 1e12) < 1e-12, (context, dollars, pico)

        logs = told("/spend/logs?limit=10000")
        assert sorted(row["request_id"] for row in logs) == sorted(row["call_id"] for row in rows.values()), context
        same(sum(row["spend"] for row in logs), spent())
        for key in keys:
            digest = hashlib.sha256(key.encode()).hexdigest()
            same(told(f"/key/info?key={key}")["info"]["spend"], spent(key_hash=digest))
        for team in teams:
            same(told(f"/team/info?team_id={team}")["team_info"]["spend"], spent(team_id=team))
        for user in users:
            same(told(f"/user/info?user_id={user}")["user_info"]["spend"], spent(user_id=user))
        # Budgets know it as well.
        for key in keys:
            last = clients.next("plain")
            last.key = key
            assert last.make(gateway)
            with_itself, itself = (float(last.headers[f"x-litellm-{name}"]) for name in ("key-spend", "response-cost"))
            same(with_itself - itself, spent(key_hash=hashlib.sha256(key.encode()).hexdigest()))
    finally:
        gateway.stop()
        database.stop()
