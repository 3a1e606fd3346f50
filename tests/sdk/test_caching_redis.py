"""Answers kept in Redis, and a Redis that is gone, damaged, locked or mute."""

import contextlib
import os
import socket
import threading
import time

import pytest

import redis_server
from caching import house


@pytest.fixture()
def redis(tmp_path):
    if redis_server.PROGRAM is None:
        assert not os.environ.get("CI"), "redis-server is missing, and in CI nothing is left out"
        print("NOT RUN: redis-server is missing; `cargo xtask test` installs it")
        yield None
        return
    server = redis_server.RedisServer(tmp_path)
    yield server
    server.stop()


def with_redis(house, redis, **more):
    params = {"type": "redis", "host": "127.0.0.1", "port": redis.port, "password": "os.environ/CACHE_PASSWORD", "namespace": "gate", **more}
    calls = house(params, environment={"CACHE_PASSWORD": redis.password})
    calls.redis = redis
    return calls


def test_redis_keeps_answers_for_every_replica_and_over_a_restart(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    first, _ = calls.stream()
    calls.wait_until_kept()
    assert calls.text() == "answer 2"
    calls.wait_until_kept(2)
    assert all(it.startswith(b"gate:") for it in redis.keys())
    assert calls.gateway.stop() == 0
    calls.gateway.log = open(calls.folder / "log.txt", "ab")
    calls.gateway.start()
    assert calls.stream()[0] == first and calls.text() == "answer 2" and calls.provider.count == 2
    assert calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=["a", "b"])[0] == 200
    calls.wait_until_kept(4)
    assert calls.ask(model="embeddings", path="/v1/embeddings", messages=None, input=["b", "a"])[1]["data"][0]["embedding"] == [1, 1.5]
    status, told = calls.do("/cache/redis/info")
    assert status == 200 and told["info"]["redis_version"] and told["num_clients"] >= 1
    redis.ask("SET", "spend:of:somebody", "1")
    assert calls.do("/cache/flushall", {}) == (200, {"status": "success", "deleted": 4})
    assert redis.keys() == [b"spend:of:somebody"] and calls.text() == "answer 4"


def test_a_redis_that_goes_and_comes_back_costs_no_call(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    assert calls.text() == "answer 1"
    calls.wait_until_kept()
    redis.stop()
    answers = [calls.text() for _ in range(10)]
    assert len(set(answers)) == 10 and calls.metric('sluice_cache_failures_total{what="unreachable"}') >= 1
    assert calls.do("/cache/ping")[0] == 503
    assert calls.gateway.logged().count("calls go on without kept answers") == 1
    redis.start()
    calls.gateway.wait_for(lambda: calls.do("/cache/ping")[0] == 200)
    kept = calls.text()
    calls.wait_until_kept()
    assert calls.text() == kept and calls.gateway.logged().count("Redis is back: answers are kept again") == 1


def test_a_damaged_value_is_as_good_as_none(house, redis):
    if redis is None:
        return
    calls = with_redis(house, redis)
    assert calls.text() == "answer 1"
    calls.wait_until_kept()
    (name,) = redis.keys()
    for value in (b"", b"slc1....", b"{\"kept\": 1}", b"\xff" * 1000):
        redis.ask("SET", name, value)
        assert calls.text(cache={"no-store": True}).startswith("answer")
    assert calls.metric('sluice_cache_failures_total{what="corrupt"}') == 4 and calls.provider.count == 5


def test_a_wrong_password_is_told_and_costs_no_call(house, redis):
    if redis is None:
        return
    calls = house({"type": "redis", "host": "127.0.0.1", "port": redis.port, "password": "mistaken-7f"})
    assert [calls.text(), calls.text()] == ["answer 1", "answer 2"]
    assert "Redis does not answer" in calls.gateway.logged() and "mistaken-7f" not in calls.gateway.logged()


class Mute:
    """A server that takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self):
        with contextlib.suppress(OSError):
            while True:
                self.held.append(self.listener.accept()[0])


def test_a_redis_that_hangs_slows_no_call_beyond_its_limit(house):
    mute = Mute()
    calls = house({"type": "redis", "host": "127.0.0.1", "port": mute.port})
    took = []
    for _ in range(12):
        began = time.monotonic()
        assert calls.text().startswith("answer")
        took.append(time.monotonic() - began)
    assert mute.held, "nobody has asked it"
    # Half a second is the limit of one call; most find it left alone, and do not wait at all.
    assert max(took) < 5 and sum(took) < 12, took
    assert calls.provider.count == 12 and calls.metric('sluice_cache_failures_total{what="unreachable"}') >= 1
    assert calls.do("/cache/ping")[0] == 503
    mute.listener.close()
