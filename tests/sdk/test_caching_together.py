"""Identical calls under way at the same time: one asks, and all are answered."""

import concurrent.futures
import threading

from caching import HI, house
from conftest import MASTER_KEY
from raw import connect, request, whole


def gathered(calls, count, ask="ask", **more):
    """So many of the same call at once, behind a provider that waits for `release`."""
    release, begun = threading.Event(), threading.Event()

    def held(peer):
        begun.set()
        assert release.wait(20)
        calls.provider.chat(peer)

    calls.provider.raw.scripts["slow"] = held
    pool = concurrent.futures.ThreadPoolExecutor(count)
    return release, begun, [pool.submit(getattr(calls, ask), model="slow", **more) for _ in range(count)]


def waiting(calls):
    return calls.metric("sluice_in_flight_requests")


def test_calls_under_way_together_share_one_answer(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 8)
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 8)
    release.set()
    answers = [it.result() for it in asked]
    assert {answer["choices"][0]["message"]["content"] for _, answer, _ in answers} == {"answer 1"}
    assert calls.provider.count == 1 and sum("x-litellm-cache-key" in headers for _, _, headers in answers) == 7
    calls.gateway.wait_for(lambda: len(calls.rows()) == 8)
    assert sum(it["cost_pico"] > 0 for it in calls.rows()) == 1
    assert calls.metric('sluice_cache_lookups_total{operation="chat",outcome="joined"}') == 7


def test_streams_under_way_together_share_one_answer(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 8, "stream")
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 8)
    release.set()
    answers = [it.result() for it in asked]
    assert all("stream 1" in text and " ends" in text and text.endswith("data: [DONE]\n\n") for text, _ in answers)
    assert calls.provider.count == 1 and sum("x-litellm-cache-key" in headers for _, headers in answers) == 7


def test_a_leader_that_leaves_takes_nobody_with_it(house):
    calls = house({"coalesce": True})
    release, begun = threading.Event(), threading.Semaphore(0)

    def held(peer):
        begun.release()
        assert release.wait(20)
        calls.provider.chat(peer)

    calls.provider.raw.scripts["slow"] = held
    with connect(calls.gateway) as leader:
        leader.sendall(request("/v1/chat/completions", {"model": "slow", "messages": HI}, key=MASTER_KEY))
        assert begun.acquire(timeout=20)
        pool = concurrent.futures.ThreadPoolExecutor(4)
        asked = [pool.submit(calls.ask, model="slow") for _ in range(4)]
        calls.gateway.wait_for(lambda: waiting(calls) == 5)
    # The leader has hung up; one of the others asks now.
    assert begun.acquire(timeout=20)
    release.set()
    answers = {it.result()[1]["choices"][0]["message"]["content"] for it in asked}
    assert len(answers) == 1 and len(calls.provider.raw.requests["slow"]) == 2


def test_a_leader_that_fails_lets_the_others_ask_at_once(house):
    calls = house({"coalesce": True})
    release, begun, asked = gathered(calls, 4)
    calls.gateway.wait_for(lambda: begun.is_set() and waiting(calls) == 4)
    chat, failed = calls.provider.chat, threading.Event()

    def fails_once(peer):
        if failed.is_set():
            return chat(peer)
        failed.set()
        peer.send(whole({"error": {"message": "no"}}, status=400))

    calls.provider.chat = fails_once
    release.set()
    assert sorted(it.result()[0] for it in asked) == [200, 200, 200, 400]
