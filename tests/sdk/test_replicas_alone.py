"""Three gateways over one PostgreSQL and no Redis: budgets hold, limits are each one's own, and each
says so. The database decides: nothing goes on without it for longer than is known."""

import time

import pytest

from replica_house import COST, REPLICAS, Load, built


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    with built(tmp_path_factory.mktemp("alone"), shares=False, user_api_key_cache_ttl=5) as it:
        yield it


def test_each_says_what_it_does_not_share(house):
    if house is None:
        return
    for it in house.gateways:
        assert "no Redis is named" in it.logged() and "each replica's own" in it.logged()
        ready = house.ready(it)
        assert ready["redis"] is None and ready["replicas"] == REPLICAS and ready["db"] == "connected"


def test_a_limit_of_requests_is_each_replica_s_own(house):
    if house is None:
        return
    assert house.crowd(90, house.key(rpm_limit=10)) == {200: 10 * REPLICAS, 429: 90 - 10 * REPLICAS}


def test_a_budget_of_cents_holds_over_all_replicas(house):
    if house is None:
        return
    key = house.key(max_budget=0.05)
    statuses = house.crowd(300, key)
    assert set(statuses) == {200, 422}, statuses
    house.gateways[0].wait_for(lambda: house.spent(key)[0] == statuses[200])
    _, dollars = house.spent(key)
    assert 0.05 - 2 * COST <= dollars <= 0.05 + REPLICAS * COST + 1e-9, (statuses, dollars)


def test_a_key_that_is_deleted_on_one_replica_is_refused_on_the_others_within_two_seconds(house):
    if house is None:
        return
    for _ in range(3):
        key = house.key()
        assert house.crowd(6, key) == {200: 6}
        assert house.gateways[0].post("/key/delete", {"keys": [key]})[0] == 200
        deleted = time.monotonic()
        for replica in (1, 2):
            house.gateways[replica].wait_for(lambda: house.ask(replica, key)[0] == 401)
        assert time.monotonic() - deleted < 3


def test_a_cooldown_is_each_replica_s_own(house):
    if house is None:
        return
    key = house.key()
    assert house.ask(0, key, "pair")[0] == 200
    assert house.rests(house.gateways[0]) == ["tired"]
    assert house.rests(house.gateways[1]) == house.rests(house.gateways[2]) == []


def test_without_the_database_a_key_is_let_in_as_long_as_it_is_remembered(house):
    if house is None:
        return
    key, paying = house.key(), house.key(max_budget=1000)
    with Load(house, key) as free, Load(house, paying) as budgeted:
        free.more(30)
        budgeted.more(30)
        house.postgres.stop()
        refused = lambda load: load.statuses[503] > 30
        house.gateways[0].wait_for(lambda: refused(free) and refused(budgeted))
        assert house.ready(house.gateways[0])["db"] == "disconnected"
        house.postgres.start()
        answered = [load.statuses[200] for load in (free, budgeted)]
        back = lambda load, before: load.statuses[200] > before + 30
        house.gateways[0].wait_for(lambda: back(free, answered[0]) and back(budgeted, answered[1]))
    for load in (free, budgeted):
        # 503 for want of a judgement, and nothing that looks like a wrong key or a spent budget.
        assert set(load.statuses) == {200, 503} and load.slowest < 12, (load.statuses, load.slowest)
        house.gateways[0].wait_for(lambda: house.spent(load.key) == (load.statuses[200], pytest.approx(load.statuses[200] * COST)))
