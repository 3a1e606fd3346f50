"""Upstreams that answer 429, 500, stall, reset and truncate at random, before the official SDK: it sees
only what the policy allows, for minutes. `SLUICE_CHAOS_SECONDS` makes it longer."""

import concurrent.futures
import json
import os
import random
import socket
import struct
import threading
import time

import openai

from conftest import MASTER_KEY
from raw import SSE, body_of, chunk, head, streamed, whole
from test_budgets import PICO, House
from test_money import COST, answer, piece

SECONDS = float(os.environ.get("SLUICE_CHAOS_SECONDS", "120"))
RETRIES = 3
WORDS = ["one ", "two ", "three"]
MESSAGES = [{"role": "user", "content": "count"}]
# What one text costs: 4 tokens of input.
VECTOR = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.5]}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}


def reset(connection):
    """Ends a connection by a reset, and not by an end that might be taken for one."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Chaos:
    """An upstream that mostly answers."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.lock = threading.Lock()
        self.did = {}

    def __call__(self, peer):
        deeds = ["fine"] * 8 + ["limited", "broken", "stalls", "closes", "resets", "resets-midway", "truncates", "ends-midway"]
        with self.lock:
            deed = self.dice.choice(deeds)
            self.did[deed] = self.did.get(deed, 0) + 1
        getattr(self, deed.replace("-", "_"))(peer, bool(body_of(peer.request).get("stream")))

    def fine(self, peer, streams):
        if "input" in body_of(peer.request):
            return peer.send(whole(VECTOR))
        events = [piece(word) for word in WORDS] + [piece("", "stop"), "data: [DONE]\n\n"]
        peer.send(streamed(*events) if streams else whole(answer()))

    def limited(self, peer, _):
        peer.send(whole({"error": {"message": "slow down"}}, 429, retry_after="0"))

    def broken(self, peer, _):
        peer.send(whole({"error": {"message": "out of order"}}, 500))

    def stalls(self, peer, streams):
        if streams:
            peer.send(head(content_type=SSE, transfer_encoding="chunked"))
        peer.wait_for_hang_up()

    def closes(self, peer, _):
        peer.connection.close()

    def resets(self, peer, _):
        reset(peer.connection)

    def resets_midway(self, peer, streams):
        if streams:
            peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece(WORDS[0])))
        else:
            peer.send(head(content_length=500) + b'{"choices":[')
        reset(peer.connection)

    def truncates(self, peer, streams):
        peer.send(streamed(end=b"") if streams else head(content_length=500) + b'{"choices":[')

    def ends_midway(self, peer, streams):
        if streams:
            peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece(WORDS[0])))
        else:
            self.truncates(peer, streams)


class Crowd:
    """Clients that call for a while, every other one for a stream; how each call went."""

    def __init__(self, gateway, seconds):
        self.client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)
        self.seen = {"whole": 0, "streamed": 0, "vector": 0, "cut": 0, "refused": 0}
        self.until = time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(8) as workers:
            for kinds in workers.map(self.work, range(8)):
                for kind in kinds:
                    self.seen[kind] += 1

    def work(self, number):
        kinds = []
        while time.monotonic() < self.until:
            try:
                kinds.append((self.whole, self.streamed, self.vector, self.streamed)[number % 4]())
            except openai.APIStatusError as error:
                assert error.status_code in (408, 429, 500, 502, 503, 504), error
                assert int(error.response.headers["x-litellm-attempted-retries"]) <= RETRIES
                kinds.append("refused")
            number += 1
        return kinds

    def whole(self):
        answered = self.client.chat.completions.create(model="m", messages=MESSAGES)
        assert answered.choices[0].message.content == "there"
        return "whole"

    def vector(self):
        answered = self.client.embeddings.create(model="m", input="count", encoding_format="float")
        assert answered.data[0].embedding == [0.5, 1.5]
        return "vector"

    def streamed(self):
        text, finish = "", None
        events = self.client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        try:
            for event in events:
                text += event.choices[0].delta.content or ""
                finish = event.choices[0].finish_reason or finish
        except openai.APIError:
            # Only after its first token, and never as if it were complete.
            assert text and finish is None and text != "".join(WORDS), text
            return "cut"
        assert (text, finish) == ("".join(WORDS), "stop")
        return "streamed"


def build(folder, spare):
    """A gateway before three upstreams that fail, and one that does not if there is a spare."""
    chaos = {name: Chaos(name) for name in "abc"}
    params = {"num_retries": RETRIES, "timeout": 1, "first_token_timeout": 0.5}
    deployments = {name: ("m", params, script) for name, script in chaos.items()}
    # Without anybody else to ask, a rest would refuse most calls unasked.
    settings = {"cooldown_time": 1} if spare else {"disable_cooldowns": True}
    if spare:
        safe = Chaos("safe")
        deployments["safe"] = ("spare", {}, lambda peer: safe.fine(peer, bool(body_of(peer.request).get("stream"))))
        settings["fallbacks"] = [{"m": ["spare"]}]
    return chaos, House(folder, deployments, router_settings=settings)


def is_quiet(gateway):
    return "sluice_in_flight_requests 0" in gateway.get("/metrics")[1].decode()


def check_rows(it, seen):
    """Every call that a client made is one row, which says of it what the client saw, and costs what the
    upstream counted for it."""
    it.gateway.wait_for(lambda: is_quiet(it.gateway))
    rows = it.rows(sum(seen.values()))
    assert len(rows) == sum(seen.values()) == len({row["call_id"] for row in rows})
    whole_ones = [row for row in rows if row["operation"] == "chat" and row["status"] == "success" and not row["first_token_ms"]]
    assert len(whole_ones) == seen["whole"]
    assert all(row["cost_pico"] >= COST * PICO * 0.999 for row in whole_ones)
    vectors = [row for row in rows if row["operation"] == "embeddings" and row["status"] == "success"]
    assert len(vectors) == seen["vector"] and all(row["input_tokens"] == 4 for row in vectors)
    streams = [row for row in rows if row["operation"] == "chat" and row["first_token_ms"]]
    assert len([row for row in streams if row["status"] == "success"]) == seen["streamed"]
    # A stream that was cut off is no success, and what the client got of it is not free.
    cut = [row for row in streams if row["status"] != "success"]
    assert len(cut) == seen["cut"] and all(row["cost_pico"] > 0 for row in cut)
    refused = [row for row in rows if row["status"] == "failure" and not row["first_token_ms"]]
    assert len(refused) == seen["refused"]
    assert all(json.loads(row["doc"])["error"]["status"] in (408, 429, 500, 502, 503, 504) for row in refused)


def test_a_client_sees_only_what_the_policy_allows(tmp_path, data_dir):
    chaos, it = build(tmp_path, spare=True)
    try:
        seen = Crowd(it.gateway, SECONDS).seen
        assert seen["whole"] > 20 and seen["streamed"] > 20 and seen["vector"] > 20 and seen["cut"] > 0 and seen["refused"] == 0, seen
        assert seen["cut"] < seen["streamed"], seen
        deeds = set().union(*(script.did for script in chaos.values()))
        assert len(deeds) == 9, deeds
        check_rows(it, seen)
    finally:
        it.gateway.stop()


def test_without_a_spare_nobody_is_asked_more_often_than_the_policy_allows(tmp_path, data_dir):
    chaos, it = build(tmp_path, spare=False)
    try:
        seen = Crowd(it.gateway, SECONDS / 8).seen
        assert seen["whole"] > 20 and seen["streamed"] > 20 and seen["vector"] > 20 and seen["refused"] < sum(seen.values()) / 2, seen
        check_rows(it, seen)
        attempts = sum(sum(script.did.values()) for script in chaos.values())
        assert attempts <= sum(seen.values()) * (1 + RETRIES), (attempts, seen)
    finally:
        it.gateway.stop()
