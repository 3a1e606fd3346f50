"""A Redis behind Sentinels: the master is found, and found again when another one takes its place."""

import os
import subprocess

import pytest

import redis_server
from caching import House
from conftest import free_port

SERVICE = "main"


class Watched:
    """A master, its replica, and a Sentinel that watches them."""

    def __init__(self, folder):
        self.servers = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            self.servers.append(redis_server.RedisServer(folder / name))
        self.master, self.replica = self.servers
        for server in self.servers:
            server.ask("CONFIG", "SET", "masterauth", self.master.password)
        self.replica.ask("REPLICAOF", "127.0.0.1", str(self.master.port))
        self.port = free_port()
        config = folder / "sentinel.conf"
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {folder}", f"sentinel monitor {SERVICE} 127.0.0.1 {self.master.port} 1", f'sentinel auth-pass {SERVICE} "{self.master.password}"', f"sentinel down-after-milliseconds {SERVICE} 500", f"sentinel failover-timeout {SERVICE} 2000"]
        config.write_text("\n".join(lines) + "\n")
        self.sentinel = subprocess.Popen([redis_server.PROGRAM, str(config), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        for server in self.servers:
            server.stop()
        self.sentinel.kill()
        self.sentinel.wait(timeout=20)


@pytest.fixture()
def watched(tmp_path):
    if redis_server.PROGRAM is None:
        assert not os.environ.get("CI"), "redis-server is missing, and in CI nothing is left out"
        print("NOT RUN: redis-server is missing; `cargo xtask test` installs it")
        yield None
        return
    it = Watched(tmp_path)
    yield it
    it.stop()


def test_the_master_is_found_and_found_again_after_a_failover(tmp_path, data_dir, watched):
    if watched is None:
        return
    params = {"type": "redis", "sentinel_nodes": [["127.0.0.1", 1], ["127.0.0.1", watched.port]], "service_name": SERVICE, "password": "os.environ/CACHE_PASSWORD"}
    calls = House(tmp_path, params, {"CACHE_PASSWORD": watched.master.password})
    try:
        calls.gateway.wait_for(lambda: calls.do("/cache/ping")[0] == 200)
        assert calls.do("/cache/ping")[1]["litellm_cache_params"]["address"] == f"the master of `{SERVICE}`"
        kept = calls.text()
        calls.redis = watched.master
        calls.wait_until_kept()
        assert calls.text() == kept
        calls.gateway.wait_for(lambda: calls.do("/health/readiness")[1]["redis"] == "connected")
        # The replica has to know of its master before it can take its place.
        calls.gateway.wait_for(lambda: b"master_link_status:up" in watched.replica.ask("INFO", "replication"))
        watched.master.stop()
        assert calls.text(cache={"no-store": True}).startswith("answer")
        calls.gateway.wait_for(lambda: b"role:master" in watched.replica.ask("INFO", "replication"))
        calls.gateway.wait_for(lambda: calls.do("/cache/ping")[0] == 200)
        calls.redis = watched.replica
        fresh = calls.text(seed=7)
        calls.wait_until_kept(2)
        assert calls.text(seed=7) == fresh
        calls.gateway.wait_for(lambda: calls.do("/health/readiness")[1]["redis"] == "connected")
    finally:
        calls.gateway.stop()
