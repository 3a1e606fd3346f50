"""Three gateways over one PostgreSQL and one Redis, which both go and come back under load."""

import collections
import concurrent.futures
import json
import os
import signal
import time

import pytest

from replica_house import COST, REPLICAS, Load, built

# Longer than an account or a key is remembered without the database.
OUTAGE = float(os.environ.get("SLUICE_OUTAGE_SECONDS", "65"))


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    with built(tmp_path_factory.mktemp("replicas"), shares=True, allow_requests_on_db_unavailable=True) as it:
        yield it


def counted(house, gateway):
    return house.deployments(gateway)["counted"]


def share_a_count(house):
    """What each replica has sent is known to all of them."""
    # Counts are of the running minute.
    house.gateways[0].wait_for(lambda: time.time() % 60 < 50)
    of_all = lambda name: {counted(house, it)[f"{name}_this_minute"] for it in house.gateways}
    house.gateways[0].wait_for(lambda: len(of_all("requests")) == 1)
    ((requests,), (tokens,)) = of_all("requests"), of_all("tokens")
    assert house.crowd(12, house.key(), model="counted") == {200: 12}
    house.gateways[0].wait_for(lambda: of_all("requests") == {requests + 12} and of_all("tokens") == {tokens + 12 * 30}, 8)


def share_a_cooldown(house):
    """A deployment that fails at one replica is left alone by all of them."""
    asked = lambda: house.asked("tired")
    house.gateways[0].wait_for(lambda: all(house.rests(it) == [] for it in house.gateways))
    before, key = asked(), house.key()
    assert house.ask(0, key, "pair")[0] == 200
    began = time.monotonic()
    house.gateways[0].wait_for(lambda: all(house.rests(it) == ["tired"] for it in house.gateways))
    assert time.monotonic() - began < 2
    assert house.crowd(12, key, model="pair") == {200: 12}
    assert asked() == before + 1


def share_an_answer(house, key):
    """What one replica keeps is given by all of them; its name."""
    before, kept = house.asked("plain"), house.redis.keys()
    names = set()
    for turn, replica in enumerate((0, 1, 2, 0)):
        if turn == 1:
            # It is written after the first answer was given.
            house.gateways[0].wait_for(lambda: any(b"cache" in it for it in set(house.redis.keys()) - set(kept)))
        status, _, headers = house.ask(replica, key, cache={"use-cache": True})
        assert status == 200
        names.add(headers.get("x-litellm-cache-key"))
    assert house.asked("plain") == before + 1
    (name,) = names - {None}
    return name


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
    share_a_cooldown(house)


def test_usage_of_a_deployment_is_counted_over_all_replicas(house):
    if house is None:
        return
    before = [counted(house, it)["sent"] for it in house.gateways]
    share_a_count(house)
    assert [counted(house, it)["sent"] for it in house.gateways] == [sent + 4 for sent in before]


def test_a_kept_answer_is_every_replica_s_until_one_is_told_to_forget_it(house):
    if house is None:
        return
    key, before = house.key(), house.asked("plain")
    name = share_an_answer(house, key)
    house.gateways[0].wait_for(lambda: house.spent(key) == (4, pytest.approx(COST)))
    assert house.gateways[2].post("/cache/delete", {"keys": [name]})[0] == 200
    assert house.ask(0, key, cache={"use-cache": True})[0] == 200
    assert house.asked("plain") == before + 2


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
    # Its connection was broken meanwhile at each of them, and nobody has used it since.
    share_an_answer(house, free)
    assert down == [0] * REPLICAS
    assert set(limited.statuses) == {200} and set(unlimited.statuses) == {200}, (limited.statuses, unlimited.statuses)
    assert limited.slowest < 5 and unlimited.slowest < 5
    assert statuses[200] + REPLICAS <= 33 and statuses[200] >= 20, statuses
    # What was used without it is counted: nothing is left.
    assert house.ask(0, third)[0] == 429
    again = house.key(rpm_limit=20)
    assert house.crowd(90, again)[200] == 20
    assert all("Redis is back" in it.logged() for it in house.gateways)
    # Each knows again what the others count, and who rests.
    share_a_count(house)
    share_a_cooldown(house)


@pytest.mark.parametrize(("go", "come_back", "seconds"), [("stop", "start", OUTAGE), ("hang", "go_on", 15)])
def test_a_postgres_that_stops_or_hangs_costs_no_call_and_spend_adds_up(house, go, come_back, seconds):
    if house is None:
        return
    paying, key = house.key(max_budget=1000), house.key()
    with Load(house, paying) as budgeted, Load(house, key) as free:
        budgeted.more(30)
        getattr(house.postgres, go)()
        went = time.monotonic()
        while time.monotonic() - went < seconds:
            budgeted.more(90)
        getattr(house.postgres, come_back)()
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
