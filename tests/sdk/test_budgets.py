"""Budgets and limits beside those of keys: of deployments, providers, customers, members, groups and
the gateway; and what each attempt of a call is charged to."""

import concurrent.futures
import hashlib
import json
import sqlite3
import subprocess
import threading
import time
import urllib.request
from datetime import datetime

import pytest

from conftest import MASTER_KEY, Gateway
from raw import SSE, RawUpstream, chunk, connect, head, request, streamed, until, whole
from test_money import COST, PRICE, USAGE, answer, piece

PICO = 10**12


class House:
    """A gateway over scripted upstreams, with the sections that a test needs."""

    def __init__(self, folder, deployments, **sections):
        self.folder = folder
        self.upstream = RawUpstream()
        models = []
        for name, (group, params, script) in deployments.items():
            base = self.upstream.script(name, whole(answer()) if script is None else script)
            params = {"model": "openai/m", "api_base": base, "api_key": "k", "num_retries": 0, **PRICE, **params}
            info = params.pop("info", {})
            models.append({"model_name": group, "litellm_params": params, "model_info": {"id": name, **info}})
        general = {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **sections.pop("general_settings", {})}
        self.gateway = Gateway(folder, {"model_list": models, "general_settings": general, **sections})

    def ask(self, model="m", key=MASTER_KEY, **more):
        return self.gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}, key)

    def post(self, path, body, key=MASTER_KEY):
        status, made, _ = self.gateway.post(path, body, key)
        assert status == 200, made
        return made

    def key(self, **fields):
        return self.post("/key/generate", fields)["key"]

    def budget(self, group, dollars):
        """Gives an access group a budget."""
        self.put(f"/access_group/{group}/budget", {"max_budget": dollars, "budget_duration": "30d"})

    def put(self, path, body):
        put = urllib.request.Request(self.gateway.url + path, data=json.dumps(body).encode(), method="PUT", headers={"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"})
        assert urllib.request.urlopen(put, timeout=30).status == 200

    def asked(self, name):
        return len(self.upstream.requests.get(name, []))

    def query(self, sql, *values):
        with sqlite3.connect(f"file:{self.folder}/.local/share/sluice/sluice.db?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    def rows(self, count):
        """The spend rows, once there are so many."""
        self.gateway.wait_for(lambda: len(self.query("SELECT 1 FROM spend_rows")) >= count)
        return self.query("SELECT * FROM spend_rows ORDER BY started_ms")

    def spent(self, kind, id):
        found = self.query("SELECT spent_usd, spent_pico FROM accounts WHERE kind = ? AND id = ? AND span = 'total'", kind, id)
        return sum(row["spent_usd"] + row["spent_pico"] / PICO for row in found)


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, **sections):
        houses.append(House(tmp_path, deployments, **sections))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def test_a_provider_over_its_budget_is_passed_over(house):
    budgets = {"openai": {"budget_limit": COST * 1.5, "time_period": "1d"}, "groq": {"budget_limit": COST / 2, "time_period": "30d"}}
    it = house(
        {"first": ("m", {"order": 1}, None), "second": ("m", {"order": 2, "model": "groq/m"}, None)},
        router_settings={"provider_budget_config": budgets},
    )
    # Two calls reach the first one's budget, one reaches the other's.
    assert [it.ask()[0] for _ in range(3)] == [200, 200, 200]
    assert (it.asked("first"), it.asked("second")) == (2, 1)
    status, refused, headers = it.ask()
    message = refused["error"]["message"]
    assert status == 429 and message.startswith("No deployments available - crossed budget"), refused
    assert "Exceeded budget for provider openai" in message and "Exceeded budget for provider groq" in message
    assert int(headers["retry-after"]) >= 1
    openai = json.loads(it.gateway.get("/provider/budgets")[1])["providers"]["openai"]
    assert openai["spend"] == pytest.approx(2 * COST) and openai["budget_limit"] == pytest.approx(COST * 1.5)
    assert openai["time_period"] == "1d" and openai["budget_reset_at"]
    # A refused call is on record, and costs nobody anything.
    last = it.rows(4)[-1]
    assert last["status"] == "failure" and last["cost_pico"] == 0


def test_a_providers_budget_outlives_the_process(house):
    it = house(
        {"only": ("m", {}, None)},
        router_settings={"provider_budget_config": {"openai": {"budget_limit": COST / 2, "time_period": "1mo"}}},
    )
    assert [it.ask()[0], it.ask()[0]] == [200, 429]
    assert it.gateway.stop() == 0
    it.gateway.log = open(it.folder / "log.txt", "ab")
    it.gateway.start()
    assert it.ask()[0] == 429
    shown = json.loads(it.gateway.get("/provider/budgets")[1])["providers"]["openai"]
    assert shown["spend"] == pytest.approx(COST)


def test_a_deployment_over_its_budget_is_passed_over_and_then_its_group(house):
    it = house(
        {"poor": ("m", {"max_budget": COST / 2, "budget_duration": "1d"}, None), "spare": ("other", {}, None)},
        router_settings={"fallbacks": [{"m": ["other"]}]},
    )
    assert [it.ask()[0] for _ in range(3)] == [200, 200, 200]
    assert (it.asked("poor"), it.asked("spare")) == (1, 2)
    status, refused, _ = it.ask(disable_fallbacks=True)
    assert status == 429 and "Exceeded budget for deployment poor" in refused["error"]["message"]


def test_a_deployment_with_a_budget_serves_one_call_at_a_time_near_its_end(house):
    it = house({"poor": ("m", {"max_budget": COST * 10, "budget_duration": "1d"}, None)})
    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        statuses = list(crowd.map(lambda _: it.ask(max_tokens=20)[0], range(40)))
    assert statuses.count(200) in (10, 11) and set(statuses) == {200, 429}


def test_a_budget_that_cannot_be_is_named_by_its_path(tmp_path, data_dir, house):
    it = house({"only": ("m", {}, None)})
    config = json.loads(it.gateway.config.read_text())
    config["model_list"][0]["litellm_params"] |= {"max_budget": 1, "budget_duration": "soon"}
    config["router_settings"] = {"provider_budget_config": {"openai": {"budget_limit": -1}}}
    bad = tmp_path / "bad.yaml"
    bad.write_text(json.dumps(config))
    checked = subprocess.run([it.gateway.command[0], "check", "--config", str(bad)], capture_output=True, text=True, env=it.gateway.environment, timeout=60)
    said = checked.stdout + checked.stderr
    assert checked.returncode != 0 and "litellm_params.budget_duration" in said, said
    assert "provider_budget_config.openai.budget_limit" in said


def test_each_attempt_is_charged_to_those_that_had_it(house):
    failed = {"error": {"message": "overloaded"}, "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}
    it = house({
        "broken": ("m", {"order": 1, "num_retries": 1}, whole(failed, status=500)),
        "silent": ("m", {"order": 2, "num_retries": 1}, whole({"error": {"message": "no"}}, status=500)),
        "good": ("other", {"model": "groq/m"}, None),
    }, router_settings={"fallbacks": [{"m": ["other"]}]})
    key = it.key()
    status, _, headers = it.ask(key=key)
    burnt = 7 * 1e-6 + 3 * 2e-6
    assert status == 200 and float(headers["x-litellm-response-cost"]) == pytest.approx(COST + burnt)
    (row,) = it.rows(1)
    lines = json.loads(row["doc"])["lines"]
    assert [line["deployment"] for line in lines] == ["broken", "good"]
    assert row["cost_pico"] == sum(line["cost"] for line in lines) == round((COST + burnt) * PICO)
    assert (row["input_tokens"], row["output_tokens"]) == (17, 23)
    wanted = {("deployment", "broken"): burnt, ("deployment", "silent"): 0, ("deployment", "good"): COST, ("provider", "openai"): burnt, ("provider", "groq"): COST, ("proxy", ""): COST + burnt}
    for (kind, id), amount in wanted.items():
        assert it.spent(kind, id) == pytest.approx(amount), (kind, id)
    assert json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(COST + burnt)


def test_a_stream_that_breaks_is_charged_what_it_wrote_and_one_that_never_began_nothing(house):
    seen = threading.Event()

    def breaks(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece("some words ")))
        seen.wait(20)

    refused = streamed('data: {"error": {"message": "overloaded", "code": 503}}\n\n')
    it = house({"breaks": ("m", {}, breaks), "refuses": ("n", {}, refused)})
    with connect(it.gateway) as connection:
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY))
        until(connection, b"some words")
        seen.set()
        until(connection, b"error")
    assert it.ask(model="n", stream=True)[0] >= 500
    first, second = it.rows(2)
    assert first["status"] == second["status"] == "failure"
    assert first["cost_pico"] > 0 and second["cost_pico"] == 0


def test_streams_and_whole_answers_and_embeddings_cost_the_same_for_the_same(house):
    usage = f'data: {json.dumps({"id": "x", "choices": [], "usage": USAGE})}\n\n'
    stream = streamed(piece("there"), piece("", "stop"), usage, "data: [DONE]\n\n")
    vectors = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 10, "total_tokens": 10}}
    it = house({"whole": ("w", {}, None), "stream": ("s", {}, stream), "embed": ("e", {}, whole(vectors))})
    assert it.ask(model="w")[0] == 200
    with connect(it.gateway) as connection:
        body = {"model": "s", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY))
        until(connection, b"[DONE]")
    assert it.gateway.post("/v1/embeddings", {"model": "e", "input": "hi"})[0] == 200
    costs = {row["model_group"]: row["cost_pico"] for row in it.rows(3)}
    assert costs == {"w": round(COST * PICO), "s": round(COST * PICO), "e": round(10 * 1e-6 * PICO)}


def test_a_killed_gateway_charges_the_deployment_that_had_the_call(house):
    def endless(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece("first ")))
        peer.wait_for_hang_up()

    it = house({"slow": ("m", {"max_budget": 1, "budget_duration": "1d"}, endless)})
    with connect(it.gateway) as connection:
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY))
        until(connection, b"first")
        it.gateway.process.kill()
        it.gateway.process.wait()
    it.gateway.start()
    (row,) = it.rows(1)
    assert row["status"] == "interrupted" and row["deployment"] == "slow" and row["cost_pico"] > 0
    assert it.spent("deployment", "slow") == it.spent("provider", "openai") == pytest.approx(row["cost_pico"] / PICO)


def test_customers_and_internal_users_have_the_operators_budgets(house):
    it = house(
        {"only": ("m", {}, None)},
        litellm_settings={"max_end_user_budget": COST * 1.5, "max_internal_user_budget": COST / 2, "internal_user_budget_duration": "1d"},
    )
    # A customer is refused when it has spent more.
    assert [it.ask(user="c1")[0] for _ in range(3)] == [200, 200, 422]
    assert "End User=c1" in it.ask(user="c1")[1]["error"]["message"]
    assert it.ask(user="c2")[0] == 200
    made = it.post("/user/new", {"user_id": "ann"})
    assert made["max_budget"] == pytest.approx(COST / 2) and made["budget_duration"] == "1d"
    assert [it.ask(key=made["key"])[0] for _ in range(2)] == [200, 422]
    admin = it.post("/user/new", {"user_id": "root", "user_role": "proxy_admin"})
    assert admin["max_budget"] is None


def test_members_share_a_teams_default_and_may_have_more_for_a_while(house):
    it = house({"only": ("m", {}, None)})
    for user in ("ann", "bob"):
        it.post("/user/new", {"user_id": user, "auto_create_key": False})
    members = [{"role": "user", "user_id": user} for user in ("ann", "bob")]
    team = it.post("/team/new", {"team_member_budget": COST / 2, "members_with_roles": members})["team_id"]
    ann, bob = (it.key(team_id=team, user_id=user) for user in ("ann", "bob"))
    assert [it.ask(key=ann)[0], it.ask(key=ann)[0], it.ask(key=bob)[0]] == [200, 422, 200]
    assert f"User=ann in Team={team} " in it.ask(key=ann)[1]["error"]["message"]
    raised = {"team_id": team, "user_id": "ann", "max_budget_in_team": COST / 2, "temp_budget_increase": COST, "temp_budget_expiry": "2099-01-01T00:00:00Z"}
    it.post("/team/member_update", raised)
    assert [it.ask(key=ann)[0], it.ask(key=ann)[0]] == [200, 422]
    it.post("/team/member_update", {**raised, "temp_budget_expiry": "2020-01-01T00:00:00Z"})
    assert it.ask(key=ann)[0] == 422


def test_a_user_pays_for_team_keys_only_where_the_operator_says_so(house, tmp_path):
    it = house({"only": ("m", {}, None)})
    it.post("/user/new", {"user_id": "ann", "auto_create_key": False, "max_budget": COST / 2})
    team = it.post("/team/new", {"members_with_roles": [{"role": "user", "user_id": "ann"}]})["team_id"]
    own, of_team = it.key(user_id="ann"), it.key(user_id="ann", team_id=team)
    assert [it.ask(key=own)[0], it.ask(key=own)[0], it.ask(key=of_team)[0]] == [200, 422, 200]


def test_several_windows_count_side_by_side(house):
    it = house({"only": ("m", {}, None)})
    windows = [{"budget_duration": "1d", "max_budget": COST * 1.5}, {"budget_duration": "30d", "max_budget": 1}]
    key = it.key(budget_limits=windows)
    team = it.post("/team/new", {"budget_limits": windows})["team_id"]
    for holder, whose in ((key, "Key"), (it.key(team_id=team), f"Team={team}")):
        assert [it.ask(key=holder)[0] for _ in range(3)] == [200, 200, 422]
        message = it.ask(key=holder)[1]["error"]["message"]
        assert message.startswith(f"ExceededBudget: {whose} over 1d budget.") and "begins anew at" in message


def test_a_users_windows_count_side_by_side_and_over_all_keys(house):
    it = house({"only": ("m", {}, None)})
    windows = [{"budget_duration": "1d", "max_budget": COST * 1.5}, {"budget_duration": "30d", "max_budget": COST * 2.5}]
    it.post("/user/new", {"user_id": "ann", "auto_create_key": False, "budget_limits": windows})
    one, other = it.key(user_id="ann"), it.key(user_id="ann")
    assert [it.ask(key=one)[0], it.ask(key=other)[0]] == [200, 200]
    for key in (one, other):
        status, refused, _ = it.ask(key=key)
        message = refused["error"]["message"]
        assert status == 422 and message.startswith("ExceededBudget: User=ann over 1d budget."), refused
        assert "begins anew at" in message
    # The day's window is as wide as the month's now: the month's is what holds.
    it.post("/user/update", {"user_id": "ann", "budget_limits": [{"budget_duration": "1d", "max_budget": 1}, windows[1]]})
    assert it.ask(key=one)[0] == 200
    status, refused, _ = it.ask(key=other)
    assert status == 422 and refused["error"]["message"].startswith("ExceededBudget: User=ann over 30d budget."), refused


def told(it, key):
    """What the API tells of a key."""
    return json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]


@pytest.mark.parametrize("fields", [{"max_budget": COST / 2, "budget_duration": "10s"}, {"budget_limits": [{"max_budget": COST / 2, "budget_duration": "10s"}]}])
def test_a_window_that_ends_is_followed_by_another(house, fields):
    it = house({"only": ("m", {}, None)})
    key = it.key(**fields)
    digest = hashlib.sha256(key.encode()).hexdigest()
    span = "10s" if "budget_limits" in fields else "whole"
    ends = lambda: it.query("SELECT reset_at, spent_usd, spent_pico FROM accounts WHERE kind = 'key' AND id = ? AND span = ?", digest, span)
    for _ in range(2):
        assert it.ask(key=key)[0] == 200
        # A call may be the first of a window that has just begun: the next one is not.
        it.gateway.wait_for(lambda: it.ask(key=key)[0] == 422)
        window = ends()[0]["reset_at"]
        # No call is made meanwhile: the gateway ends the window by itself, and tells the database.
        it.gateway.wait_for(lambda: ends()[0]["reset_at"] > window)
        after = ends()[0]
        assert (after["spent_usd"], after["spent_pico"]) == (0, 0)
        if "budget_duration" in fields:
            info = told(it, key)
            assert datetime.fromisoformat(info["budget_reset_at"]).timestamp() * 1000 > window and info["spend"] == 0, info
    assert it.ask(key=key)[0] == 200
    assert it.gateway.logged().count("a budget begins anew") >= 2
    # What was spent in all does not end with a window.
    it.gateway.wait_for(lambda: it.spent("key", digest) == pytest.approx(it.asked("only") * COST))


def test_a_refusal_names_the_customer_or_the_model_whose_budget_is_spent(house):
    it = house({"only": ("m", {}, None)})
    it.post("/customer/new", {"user_id": "c9", "max_budget": COST / 2})
    assert it.ask(user="c9")[0] == 200
    assert it.ask(user="c9")[1]["error"]["message"].startswith("ExceededBudget: End User=c9 over budget. Spend=")
    key = it.key(key_alias="a", model_max_budget={"m": {"budget_limit": COST / 2, "time_period": "1d"}})
    assert it.ask(key=key)[0] == 200
    message = it.ask(key=key)[1]["error"]["message"]
    assert message.startswith("LiteLLM Virtual Key: ") and "exceeded budget for model=m." in message and "Key=a (sk-" in message


def test_an_access_group_has_one_budget_for_everybody(house):
    it = house({"one": ("m", {"info": {"access_groups": ["premium"]}}, None), "two": ("n", {}, None)})
    it.post("/access_group/new", {"access_group": "cheap", "model_names": ["n*"]})
    for group in ("premium", "cheap"):
        it.budget(group, COST * 1.5)
    for model, group in (("m", "premium"), ("n", "cheap")):
        keys = [it.key(), it.key()]
        assert [it.ask(model=model, key=keys[at % 2])[0] for at in range(3)] == [200, 200, 422]
        assert f"Model access group={group} " in it.ask(model=model, key=keys[0])[1]["error"]["message"]
    it.gateway.wait_for(lambda: json.loads(it.gateway.get("/access_group/premium/budget")[1])["spend"] == pytest.approx(2 * COST))


def test_a_day_of_tokens_is_a_limit(house):
    it = house({"only": ("m", {}, None)})
    key = it.key(tpd_limit=50)
    statuses = [it.ask(key=key, max_tokens=5)[0] for _ in range(3)]
    status, refused, headers = it.ask(key=key, max_tokens=5)
    # Each call uses 30 tokens, and is let in while its own few fit.
    assert statuses[:2] == [200, 429] or statuses == [200, 200, 429], statuses
    assert status == 429 and "tokens_per_day" in refused["error"]["message"]
    assert headers["rate_limit_type"] == "tokens_per_day" and int(headers["retry-after"]) > 3600


def test_a_call_that_a_budget_refuses_does_not_count_in_its_minute(house):
    it = house({"only": ("m", {}, None)})
    key = it.key(rpm_limit=3, max_budget=COST / 2)
    assert [it.ask(key=key)[0] for _ in range(6)] == [200] + [422] * 5
    it.post("/key/update", {"key": key, "max_budget": 1})
    assert [it.ask(key=key)[0] for _ in range(3)] == [200, 200, 429]
    # Neither do refused calls cost anything, or stand as calls.
    rows = it.rows(3)
    assert [row["cost_pico"] for row in rows] == [round(COST * PICO)] * 3


@pytest.mark.parametrize("general, params", [
    ({"global_max_parallel_requests": 1}, {}),
    ({"max_parallel_requests": 1}, {}),
    ({}, {"max_parallel_requests": 1}),
])
def test_calls_at_once_have_a_limit(house, general, params):
    entered, leave = threading.Event(), threading.Event()

    def held(peer):
        entered.set()
        leave.wait(20)
        peer.send(whole(answer()))

    it = house({"only": ("m", params, held)}, general_settings=general)
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        first = other.submit(it.ask)
        assert entered.wait(20)
        status, refused, headers = it.ask()
        assert status == 429 and "max_parallel_requests" in refused["error"]["message"] and headers["retry-after"] == "1"
        leave.set()
        assert first.result()[0] == 200
    assert it.ask()[0] == 200


def test_a_deployment_at_its_limit_is_passed_over(house):
    it = house(
        {"first": ("m", {"order": 1, "rpm": 1}, None), "second": ("m", {"order": 2, "rpm": 2}, None)},
        router_settings={"optional_pre_call_checks": ["enforce_model_rate_limits"]},
    )
    assert [it.ask()[0] for _ in range(4)] == [200, 200, 200, 429]
    assert (it.asked("first"), it.asked("second")) == (1, 2)
    assert it.ask()[1]["error"]["message"].startswith("No deployments available for selected model")


def test_a_deployment_whose_tokens_of_the_minute_are_used_up_is_passed_over(house):
    # An answer has 30 tokens: neither has room for a second call.
    it = house(
        {"first": ("m", {"order": 1, "tpm": 31}, None), "second": ("m", {"order": 2, "tpm": 31}, None)},
        router_settings={"enable_pre_call_checks": True},
    )
    it.gateway.wait_for(lambda: time.time() % 60 < 50)
    assert [it.ask(max_tokens=20)[0] for _ in range(3)] == [200, 200, 429]
    assert (it.asked("first"), it.asked("second")) == (1, 1)


def test_errors_and_answers_name_what_the_client_asked_for(house):
    it = house({"only": ("m", {}, None)})
    key = it.key(aliases={"mine": "m", "gone": "nowhere"})
    assert it.ask(model="mine", key=key)[1]["model"] == "mine"
    status, refused, _ = it.ask(model="gone", key=key)
    assert status == 400 and "model=gone" in refused["error"]["message"], refused


def test_a_soft_budget_is_told_once(house):
    it = house({"only": ("m", {}, None)})
    key = it.key(soft_budget=COST / 2)
    assert [it.ask(key=key)[0] for _ in range(3)] == [200, 200, 200]
    metrics = it.gateway.get("/metrics")[1].decode()
    assert "sluice_soft_budgets_reached_total{} 1" in metrics, metrics
    assert it.gateway.logged().count("a soft budget is reached") == 1


def test_the_soft_budgets_of_a_team_and_a_user_are_told_once_each(house):
    it = house({"only": ("m", {}, None)})
    team = it.post("/team/new", {"soft_budget": COST / 2})["team_id"]
    it.post("/user/new", {"user_id": "ann", "auto_create_key": False, "soft_budget": COST / 2})
    for holder in ({"team_id": team}, {"user_id": "ann"}):
        key = it.key(**holder)
        assert [it.ask(key=key)[0] for _ in range(3)] == [200, 200, 200]
    assert "sluice_soft_budgets_reached_total{} 2" in it.gateway.get("/metrics")[1].decode()
    said = [line for line in it.gateway.logged().splitlines() if "a soft budget is reached" in line]
    assert len(said) == 2 and f"team {team}" in said[0] and "user ann" in said[1], said


def test_a_key_that_asked_for_it_goes_on_slowly_beyond_its_budget(house):
    it = house({"d": ("m", {}, None)}, litellm_settings={"budget_exceeded_throttle_percentage": 0.5})
    slow = {"max_budget": COST / 2, "rpm_limit": 4, "throttle_on_budget_exceeded": True}
    goes_on, stops, unlimited = it.key(**slow), it.key(max_budget=COST / 2, rpm_limit=4), it.key(**{**slow, "rpm_limit": None})
    for key in (stops, unlimited):
        assert [it.ask(key=key)[0] for _ in range(2)] == [200, 422]
    # One within the budget, one more of the two that half of four are, and no third.
    told = [it.ask(key=goes_on) for _ in range(3)]
    assert [status for status, _, _ in told] == [200, 200, 429], told
    assert told[2][1]["error"]["type"] == "throttling_error"
    # What it spends beyond counts, in memory and in the database.
    digest = hashlib.sha256(goes_on.encode()).hexdigest()
    it.gateway.wait_for(lambda: it.spent("key", digest) == pytest.approx(2 * COST))
    assert b"sluice_throttled_calls_total{} 2" in it.gateway.get("/metrics", MASTER_KEY)[1]
