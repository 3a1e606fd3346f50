"""A gateway is told to stop while its PostgreSQL accepts everything and answers nothing."""

import time

import postgres_server
from conftest import MASTER_KEY, Gateway
from replica_house import installed

PRICE = {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}


def test_a_stop_ends_in_time_and_says_what_stays_in_the_journal(tmp_path, data_dir):
    if not installed({"PostgreSQL": postgres_server.PROGRAMS}):
        return
    postgres = postgres_server.PostgresServer()
    try:
        config = {
            "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo", **PRICE}}],
            # Nothing is written before the stop.
            "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 600},
        }
        it = Gateway(tmp_path, config, {"DATABASE_URL": postgres.url})
        body = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}
        assert [it.post("/v1/chat/completions", body)[0] for _ in range(3)] == [200] * 3
        postgres.hang()
        began = time.monotonic()
        try:
            assert it.stop() == 0
        finally:
            postgres.go_on()
        assert time.monotonic() - began < 19
        log = it.logged()
        assert "the database does not answer, and was not waited for" in log and "rows=3" in log, log[-2000:]
        assert log.rstrip().endswith("sluice has stopped"), log[-2000:]
        it.log = open(tmp_path / "log.txt", "ab")
        it.start()
        it.wait_for(lambda: postgres.ask("SELECT count(*) FROM sluice.spend_rows") == [(3,)])
        it.stop()
    finally:
        postgres.remove()
