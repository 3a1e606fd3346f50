"""Three gateways over one PostgreSQL and one Redis, which both go and come back under load."""

import collections
import concurrent.futures
import hashlib
import json
import os
import signal
import threading
import time

import pytest

import postgres_server
import redis_server
from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole

PRICE = {"input_cost_per_token": 1e-5, "output_cost_per_token": 2e-5}
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
COST = 10 * 1e-5 + 20 * 2e-5
ANSWER = {"id": "c", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
REPLICAS = 3


class Provider:
    def __init__(self):
        self.raw = RawUpstream()
        self.under_way, self.peak, self.lock = 0, 0, threading.Lock()
        self.release = threading.Event()

    def plain(self, peer):
        time.sleep(0.02)
        peer.send(whole(ANSWER))

    def held(self, peer):
        """Answers when it is let."""
        with self.lock:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        self.release.wait(30)
        with self.lock:
            self.under_way -= 1
        peer.send(whole(ANSWER))

    def full(self, peer):
        peer.send(whole({"error": {"message": "slow down"}}, status=429))


class House:
    def __init__(self, folder):
        self.redis, self.postgres, self.provider = redis_server.RedisServer(folder), postgres_server.PostgresServer(), Provider()

        def model(name, script, model_id=None, **more):
            base = self.provider.raw.script(model_id or name, script)
            params = {"model": "openai/m", "api_base": base, "api_key": "k", "num_retries": 0, **PRICE, **more}
            return {"model_name": name, "litellm_params": params, "model_info": {"id": model_id or name}}

        models = [
            model("plain", self.provider.plain),
            model("held", self.provider.held),
            model("pair", self.provider.full, "tired", weight=1000, num_retries=1),
            model("pair", self.provider.plain, "fresh", weight=1, num_retries=1),
        ]
        self.config = {
            "model_list": models,
            "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, "allow_requests_on_db_unavailable": True},
            "router_settings": {"redis_host": "127.0.0.1", "redis_port": self.redis.port, "redis_password": self.redis.password, "cooldown_time": 20, "num_retries": 1},
        }
        self.folders = [folder / f"replica-{number}" for number in range(REPLICAS)]
        for it in self.folders:
            it.mkdir()
        environment = {"DATABASE_URL": self.postgres.url}
        self.gateways = [Gateway(self.folders[0], self.config, environment)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            self.gateways += pool.map(lambda it: Gateway(it, self.config, environment), self.folders[1:])
        self.gateways[0].wait_for(lambda: all(self.metric(it, "sluice_replicas") == REPLICAS for it in self.gateways))

    def close(self):
        for it in self.gateways:
            it.stop()
        self.redis.stop()
        self.postgres.remove()

    def key(self, **fields):
        status, made, _ = self.gateways[0].post("/key/generate", fields)
        assert status == 200, made
        return made["key"]

    def ask(self, replica, key, model="plain"):
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20}
        return self.gateways[replica % REPLICAS].post("/v1/chat/completions", body, key)

    def crowd(self, count, key, workers=60, **more):
        """Statuses of so many calls, over all replicas and at once."""
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            answers = pool.map(lambda it: self.ask(it, key, **more)[0], range(count))
            return collections.Counter(answers)

    def metric(self, gateway, name):
        text = gateway.get("/metrics")[1].decode()
        found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name + "{") or line.startswith(name + " ")]
        return float(found[0]) if found else None

    def spent(self, key):
        """Calls and dollars that the database has of a key."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        sql = "SELECT count(*), coalesce(sum(cost_pico), 0) FROM sluice.spend_rows WHERE key_hash = %s AND status = 'success'"
        ((count, pico),) = self.postgres.ask(sql, digest)
        return count, float(pico) / 1e12


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    missing = [name for name, there in (("redis-server", redis_server.PROGRAM), ("PostgreSQL", postgres_server.PROGRAMS)) if not there]
    if missing:
        assert not os.environ.get("CI"), f"{missing} is missing, and in CI nothing is left out"
        print(f"NOT RUN: {missing} is missing; `cargo xtask test` installs it")
        yield None
        return
    built = House(tmp_path_factory.mktemp("replicas"))
    yield built
    built.close()


class Load:
    """Calls on every replica until it ends; how each went, and how long the slowest took."""

    def __init__(self, house, key, model="plain"):
        self.house, self.key, self.model = house, key, model
        self.statuses, self.slowest, self.ended = collections.Counter(), 0, threading.Event()
        self.lock = threading.Lock()

    def keep_calling(self, replica):
        while not self.ended.is_set():
            began = time.monotonic()
            status = self.house.ask(replica, self.key, self.model)[0]
            with self.lock:
                self.statuses[status] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)

    def __enter__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(2 * REPLICAS)
        self.work = [self.pool.submit(self.keep_calling, it) for it in range(2 * REPLICAS)]
        return self

    def __exit__(self, *_):
        self.ended.set()
        for it in self.work:
            it.result()
        self.pool.shutdown()

    def more(self, count):
        """Waits until so many more calls have ended."""
        wanted = sum(self.statuses.values()) + count
        self.house.gateways[0].wait_for(lambda: sum(self.statuses.values()) >= wanted)


def test_a_limit_of_requests_holds_over_all_replicas(house):
    if house is None:
        return
    key = house.key(rpm_limit=60)
    statuses = house.crowd(300, key)
    assert set(statuses) == {200, 429} and statuses[200] == 60, statuses


def test_a_limit_of_tokens_holds_over_all_replicas(house):
    if house is None:
        return
    # A call is taken for some 40 tokens until it says that it used 30.
    key = house.key(tpm_limit=1200)
    statuses = house.crowd(150, key)
    assert set(statuses) == {200, 429} and 25 <= statuses[200] <= 40, statuses


def test_calls_at_once_are_counted_over_all_replicas(house):
    if house is None:
        return
    key, provider = house.key(max_parallel_requests=7), house.provider
    provider.peak = 0
    provider.release.clear()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        work = [pool.submit(house.ask, it, key, "held") for it in range(40)]
        house.gateways[0].wait_for(lambda: sum(it.done() for it in work) == 33)
        assert provider.under_way == 7
        provider.release.set()
        statuses = collections.Counter(it.result()[0] for it in work)
    assert statuses == {200: 7, 429: 33} and provider.peak == 7
    # Their places are free again, wherever the next calls come in.
    house.gateways[0].wait_for(lambda: all(house.ask(it, key)[0] == 200 for it in range(6)))


def test_a_budget_of_cents_holds_over_all_replicas(house):
    if house is None:
        return
    key = house.key(max_budget=0.05)
    statuses = house.crowd(300, key)
    assert set(statuses) == {200, 422}, statuses
    house.gateways[0].wait_for(lambda: house.spent(key)[0] == statuses[200])
    _, dollars = house.spent(key)
    assert 0.05 - 2 * COST <= dollars <= 0.05 + REPLICAS * COST + 1e-9, (statuses, dollars)
    # Whoever asks now is refused, and does not wait for it.
    began = time.monotonic()
    assert [house.ask(it, key)[0] for it in range(REPLICAS)] == [422] * REPLICAS
    assert time.monotonic() - began < 6


def test_a_key_that_is_deleted_on_one_replica_is_refused_on_the_others(house):
    if house is None:
        return
    for _ in range(3):
        key = house.key()
        assert house.crowd(6, key) == {200: 6}
        assert house.gateways[0].post("/key/delete", {"keys": [key]})[0] == 200
        deleted = time.monotonic()
        for replica in (1, 2):
            house.gateways[replica].wait_for(lambda: house.ask(replica, key)[0] == 401)
        assert time.monotonic() - deleted < 1


def test_a_cooldown_is_learned_by_the_others(house):
    if house is None:
        return
    deployments = lambda gateway: json.loads(gateway.get("/router/deployments")[1])["deployments"]
    rests = lambda gateway: [it["model_id"] for it in deployments(gateway) if it["rests_until_ms"]]
    assert all(rests(it) == [] for it in house.gateways)
    key = house.key()
    assert house.ask(0, key, "pair")[0] == 200
    began = time.monotonic()
    house.gateways[0].wait_for(lambda: all(rests(it) == ["tired"] for it in house.gateways))
    assert time.monotonic() - began < 2
    assert house.crowd(12, key, model="pair") == {200: 12}
    assert len(house.provider.raw.requests["tired"]) == 1


def test_a_redis_that_hangs_or_is_killed_costs_no_call_and_limits_hold_again(house):
    if house is None:
        return
    free, key = house.key(), house.key(rpm_limit=100_000)
    with Load(house, key) as limited, Load(house, free) as unlimited:
        limited.more(30)
        house.redis.process.send_signal(signal.SIGSTOP)
        limited.more(60)
        house.redis.process.send_signal(signal.SIGCONT)
        limited.more(30)
        house.redis.stop()
        limited.more(60)
        down = [house.metric(it, "sluice_redis_up") for it in house.gateways]
        # Cut off, each replica counts its third.
        third = house.key(rpm_limit=30)
        house.gateways[0].wait_for(lambda: all(house.ask(it, third)[0] in (200, 429) for it in range(REPLICAS)))
        statuses = house.crowd(90, third)
        house.redis.start()
        house.gateways[0].wait_for(lambda: all(house.metric(it, "sluice_redis_up") == 1 and house.metric(it, "sluice_replicas") == REPLICAS for it in house.gateways))
        limited.more(30)
    assert down == [0] * REPLICAS
    assert set(limited.statuses) == {200} and set(unlimited.statuses) == {200}, (limited.statuses, unlimited.statuses)
    assert limited.slowest < 5 and unlimited.slowest < 5
    assert statuses[200] + REPLICAS <= 33 and statuses[200] >= 20, statuses
    # What was used without it is counted: nothing is left.
    assert house.ask(0, third)[0] == 429
    again = house.key(rpm_limit=20)
    assert house.crowd(90, again)[200] == 20
    assert all("Redis is back" in it.logged() for it in house.gateways)


def test_a_postgres_that_stops_costs_no_call_and_spend_adds_up(house):
    if house is None:
        return
    paying, key = house.key(max_budget=1000), house.key()
    with Load(house, paying) as budgeted, Load(house, key) as free:
        budgeted.more(30)
        house.postgres.stop()
        budgeted.more(90)
        house.postgres.start()
        budgeted.more(30)
    for load in (budgeted, free):
        assert set(load.statuses) == {200}, load.statuses
        assert load.slowest < 12
        count = load.statuses[200]
        house.gateways[0].wait_for(lambda: house.spent(load.key)[0] == count)
        assert house.spent(load.key)[1] == pytest.approx(count * COST)
    told = json.loads(house.gateways[1].get(f"/key/info?key={paying}")[1])["info"]["spend"]
    assert told == pytest.approx(budgeted.statuses[200] * COST)


def test_places_of_a_killed_replica_are_free_soon_and_its_calls_are_charged(house):
    if house is None:
        return
    key, provider = house.key(max_parallel_requests=4), house.provider
    provider.release.clear()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(house.ask, 2, key, "held")
        house.gateways[0].wait_for(lambda: provider.under_way == 4)
        assert house.ask(0, key)[0] == 429
        house.gateways[2].process.kill()
        killed = time.monotonic()
        provider.release.set()
        house.gateways[0].wait_for(lambda: house.ask(0, key)[0] == 200)
        assert time.monotonic() - killed < 13
    house.gateways[2].start()
    sql = "SELECT count(*) FROM sluice.spend_rows WHERE status = 'interrupted'"
    house.gateways[0].wait_for(lambda: house.postgres.ask(sql) == [(4,)])
