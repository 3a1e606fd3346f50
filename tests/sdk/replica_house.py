"""Three gateways over one PostgreSQL, with a Redis or without, and load on all of them."""

import collections
import concurrent.futures
import contextlib
import hashlib
import json
import os
import threading
import time

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
    """Gateways over one PostgreSQL, and over one Redis if they share it."""

    def __init__(self, folder, shares, **general):
        self.redis = redis_server.RedisServer(folder) if shares else None
        self.postgres, self.provider = postgres_server.PostgresServer(), Provider()

        def model(name, script, model_id=None, **more):
            base = self.provider.raw.script(model_id or name, script)
            params = {"model": "openai/m", "api_base": base, "api_key": "k", "num_retries": 0, **PRICE, **more}
            return {"model_name": name, "litellm_params": params, "model_info": {"id": model_id or name}}

        models = [
            model("plain", self.provider.plain),
            model("held", self.provider.held),
            model("pair", self.provider.full, "tired", weight=1000, num_retries=1),
            model("pair", self.provider.plain, "fresh", weight=1, num_retries=1),
            model("counted", self.provider.plain),
        ]
        self.config = {
            "model_list": models,
            "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **general},
            "router_settings": {"cooldown_time": 20, "num_retries": 1},
        }
        if self.redis:
            redis = {"host": "127.0.0.1", "port": self.redis.port, "password": self.redis.password}
            self.config["router_settings"].update({f"redis_{name}": value for name, value in redis.items()})
            self.config["litellm_settings"] = {"cache": True, "cache_params": {"type": "redis", "mode": "default_off", **redis}}
        self.folders = [folder / f"replica-{number}" for number in range(REPLICAS)]
        for it in self.folders:
            it.mkdir()
        environment = {"DATABASE_URL": self.postgres.url}
        self.gateways = [Gateway(self.folders[0], self.config, environment)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            self.gateways += pool.map(lambda it: Gateway(it, self.config, environment), self.folders[1:])
        self.gateways[0].wait_for(lambda: all(self.ready(it)["replicas"] == REPLICAS for it in self.gateways))

    def close(self):
        for it in self.gateways:
            it.stop()
        if self.redis:
            self.redis.stop()
        self.postgres.remove()

    def ready(self, gateway):
        return json.loads(gateway.get("/health/readiness")[1])

    def deployments(self, gateway):
        return {it["model_id"]: it for it in json.loads(gateway.get("/router/deployments")[1])["deployments"]}

    def rests(self, gateway):
        return [name for name, it in self.deployments(gateway).items() if it["rests_until_ms"]]

    def key(self, **fields):
        status, made, _ = self.gateways[0].post("/key/generate", fields)
        assert status == 200, made
        return made["key"]

    def ask(self, replica, key, model="plain", **more):
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20, **more}
        return self.gateways[replica % REPLICAS].post("/v1/chat/completions", body, key)

    def asked(self, name):
        return len(self.provider.raw.requests.get(name, []))

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


def installed(wanted):
    """Whether these programs are there, by name. CI does not let a lack pass."""
    missing = [name for name, there in wanted.items() if not there]
    if missing:
        assert not os.environ.get("CI"), f"{missing} is missing, and in CI nothing is left out"
        print(f"NOT RUN: {missing} is missing; `cargo xtask test` installs it")
    return not missing


@contextlib.contextmanager
def built(folder, shares, **general):
    """A house; None where what it stands on is not installed, which CI does not let pass."""
    wanted = {"PostgreSQL": postgres_server.PROGRAMS, **({"redis-server": redis_server.PROGRAM} if shares else {})}
    if not installed(wanted):
        yield None
        return
    house = House(folder, shares, **general)
    yield house
    house.close()
