"""What callbacks may not do to the gateway: a log that is down takes a bounded queue and no more, and a tenant's log is
none of the operator's network."""

import openai
import pytest

from conftest import MASTER_KEY, Gateway
from test_callbacks import ENVIRONMENT, ask, configured, house, records, said, sink


def metric(gateway, name):
    lines = gateway.get("/metrics")[1].decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_beyond_its_queue_the_oldest_records_of_a_log_that_is_down_are_dropped_counted_and_told(tmp_path, data_dir, house):
    config = configured(house, tmp_path)
    config["callback_settings"]["all"].update(batch_size=1, max_queue_records=3, flush_interval=0.05)
    gateway = Gateway(tmp_path, config, ENVIRONMENT)
    client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    words = [f"bounded {at}" for at in range(8)]
    dropped = 'sluice_callback_records_total{callback="all",outcome="dropped"}'
    try:
        house.down.add("all")
        offered = house.offered.count("all")
        assert ask(client, words[0]).choices
        # One is on its way for as long as nobody takes it; three wait, and four of eight find no room.
        gateway.wait_for(lambda: house.offered.count("all") > offered)
        for word in words[1:]:
            assert ask(client, word).choices
        gateway.wait_for(lambda: metric(gateway, dropped) == 4)
        assert metric(gateway, 'sluice_callback_queue_records{callback="all"}') <= 4
        assert metric(gateway, 'litellm_callback_logging_failures_metric_total{callback_name="all"}') == 4
        house.down.clear()
        kept = [words[0], *words[5:]]
        gateway.wait_for(lambda: [said(it) for it in records(house, "all") if said(it) in words] == kept)
        assert metric(gateway, dropped) == 4
        assert gateway.logged().count("records are dropped: more wait for the callback than may") == 1
        # A log that is up misses none of them.
        gateway.wait_for(lambda: len([it for it in records(house, "signed") if said(it) in words]) == len(words))
    finally:
        house.down.clear()
        assert gateway.stop() == 0


# Where a component turns with its records, by the name of its entry; and what the log says of it.
ELSEWHERE = {
    "to-an-undeclared-host": ("https://undeclared.example/take", "`undeclared.example`, which is neither"),
    "to-the-metadata": ("http://169.254.169.254/latest", "`169.254.169.254`, which is neither"),
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory, data_dir, house):
    """A gateway whose operator trusts no address of its database."""
    folder = tmp_path_factory.mktemp("strict")
    config = configured(house, folder)
    del config["general_settings"]["trust_stored_api_base"]
    config["litellm_settings"]["callbacks"] += list(ELSEWHERE)
    config["callback_settings"] |= {name: sink(house, name, elsewhere=url) for name, (url, _) in ELSEWHERE.items()}
    running = Gateway(folder, config, ENVIRONMENT)
    yield running
    assert running.stop() == 0


PLACES = {
    "loopback": lambda port: f"http://127.0.0.1:{port}",
    "a-name-of-it": lambda port: f"http://localhost:{port}",
    "a-number-of-it": lambda port: f"http://2130706433:{port}",
    "metadata": lambda _: "http://169.254.169.254",
    "private": lambda _: "http://10.0.0.1",
}


@pytest.mark.parametrize("team", PLACES)
def test_a_log_of_a_team_is_not_reached_at_a_private_address_and_the_log_says_so(strict, house, team):
    port = house.server_address[1]
    assert strict.post("/team/new", {"team_id": team})[0] == 200
    wanted = {"sink_host": f"{PLACES[team](port)}/log/{team}", "sink_api_key": "k-of-the-team", "flush_interval": 0.1}
    status, answer, _ = strict.post(f"/team/{team}/callback", {"callback_name": "sink", "callback_type": "success", "callback_vars": wanted})
    assert status == 200, answer
    key = strict.post("/key/generate", {"team_id": team})[1]["key"]
    body = {"model": "m", "messages": [{"role": "user", "content": f"of {team}"}]}
    assert strict.post("/v1/chat/completions", body, key)[0] == 200
    told = lambda: [line for line in strict.logged().splitlines() if f"team:{team}" in line and "does not take its records" in line]
    strict.wait_for(told)
    assert "is a private, local or metadata address" in told()[0] and "k-of-the-team" not in strict.logged()
    # Who is told of all calls is told of this one, too, and nobody came to the team's.
    strict.wait_for(lambda: [it for it in records(house, "all") if said(it) == f"of {team}"])
    assert team not in house.offered


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_component_does_not_reach_with_its_records_what_it_was_not_granted_and_the_log_says_so(strict, house, name):
    assert strict.post("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": name}]})[0] == 200
    told = lambda: [line for line in strict.logged().splitlines() if name in line and "does not take its records" in line]
    strict.wait_for(told)
    assert "WARN" in told()[0] and ELSEWHERE[name][1] in told()[0], told()
    assert f"k-of-{name}" not in strict.logged() and name not in house.offered
