"""Every holder's limits and budgets, refused by the gateway in the holder's name."""

import concurrent.futures
import json
import threading

import pytest

from raw import SSE, chunk, connect, head, request, whole
from test_budgets import House, PICO
from test_money import COST, answer, piece

LIMITS = {
    "rpm": ({"rpm_limit": 1}, "requests"),
    "tpm": ({"tpm_limit": 30}, "tokens"),
    "parallel": ({"max_parallel_requests": 1}, "max_parallel_requests"),
}


class Row:
    """Makes holders with limits, and says how each is called for: a key, and more of the request."""

    def __init__(self, it, limits):
        self.it, self.limits = it, limits

    def made(self, path, **fields):
        return self.it.post(path, fields)

    def budget(self):
        return self.made("/budget/new", **self.limits)["budget_id"]

    def key(self):
        return self.it.key(**self.limits), {}

    def user(self):
        user = self.made("/user/new", auto_create_key=False, **self.limits)["user_id"]
        return self.it.key(user_id=user), {}

    def team(self):
        return self.it.key(team_id=self.made("/team/new", **self.limits)["team_id"]), {}

    def team_member(self):
        user = self.made("/user/new", auto_create_key=False)["user_id"]
        team = self.made("/team/new")["team_id"]
        self.made("/team/member_add", team_id=team, member={"role": "user", "user_id": user})
        self.made("/budget/update", budget_id=self.member_budget(team, user), **self.limits)
        return self.it.key(team_id=team, user_id=user), {}

    def member_budget(self, team, user):
        """The member's own budget row, which the first word on it makes."""
        self.made("/team/member_update", team_id=team, user_id=user, max_budget_in_team=1000)
        shown = json.loads(self.it.gateway.get(f"/team/info?team_id={team}")[1])
        (seat,) = [seat for seat in shown["team_memberships"] if seat["user_id"] == user]
        return seat["budget_id"]

    def organization(self):
        organization = self.made("/organization/new", organization_alias="o", budget_id=self.budget())["organization_id"]
        team = self.made("/team/new", organization_id=organization)["team_id"]
        return self.it.key(team_id=team), {}

    def end_user(self):
        self.made("/customer/new", user_id="c", budget_id=self.budget())
        return self.it.key(), {"user": "c"}

    def tag(self):
        self.made("/tag/new", name="t", budget_id=self.budget())
        return self.it.key(), {"tags": ["t"]}


HOLDERS = {
    "api_key": Row.key,
    "user": Row.user,
    "team": Row.team,
    "team_member": Row.team_member,
    "organization": Row.organization,
    "end_user": Row.end_user,
    "tag": Row.tag,
}


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, **sections):
        houses.append(House(tmp_path, deployments, **sections))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


@pytest.mark.parametrize("limit", LIMITS)
def test_every_holders_limits_bind(house, limit):
    fields, kind = LIMITS[limit]
    came, go = threading.Semaphore(0), threading.Semaphore(0)

    def held(peer):
        came.release()
        assert go.acquire(timeout=30)
        peer.send(whole(answer()))

    it = house({"quick": ("m", {}, None), "held": ("held", {}, held)})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for scope, make in HOLDERS.items():
            key, more = make(Row(it, fields))
            ask = lambda model="m": it.ask(model, key, max_tokens=1, **more)
            first = pool.submit(ask, "held") if limit == "parallel" else ask()
            assert limit != "parallel" or came.acquire(timeout=30)
            status, refused, headers = ask()
            assert status == 429 and headers["rate_limit_type"] == kind, (scope, refused)
            assert f"Rate limit exceeded for {scope}: " in refused["error"]["message"], (scope, refused)
            if limit == "parallel":
                go.release()
                assert first.result()[0] == 200
                assert ask()[0] == 200, scope
            else:
                assert first[0] == 200, (scope, first)
                assert first[2][f"x-ratelimit-{scope}-limit-{kind}"] == ("1" if limit == "rpm" else "30"), (scope, first[2])


def test_budgets_of_organisations_tags_and_models_of_people_and_teams_refuse_in_their_words(house):
    it = house({"only": ("m", {}, None), "other": ("n", {}, None)})
    row = Row(it, {"max_budget": COST / 2})
    once = {"m": {"budget_limit": COST / 2, "time_period": "1d"}}
    user = it.post("/user/new", {"auto_create_key": False, "model_max_budget": once})["user_id"]
    team = it.post("/team/new", {"model_max_budget": once})["team_id"]
    for shown, (key, more) in {
        "Budget has been exceeded! Organization=": row.organization(),
        "Budget has been exceeded! Tag=t ": row.tag(),
        f"exceeded budget for model=m. User={user}": (it.key(user_id=user), {}),
        f"exceeded budget for model=m. Team={team}": (it.key(team_id=team), {}),
    }.items():
        assert it.ask(key=key, **more)[0] == 200, shown
        status, refused, _ = it.ask(key=key, **more)
        assert status == 422 and refused["error"]["type"] == "budget_exceeded", (shown, refused)
        assert shown in refused["error"]["message"], (shown, refused)
        assert "model=m" not in shown or it.ask("n", key, **more)[0] == 200


def test_budgets_of_models_of_members_organisations_customers_and_tags_refuse_in_their_words(house):
    it = house({"only": ("m", {}, None), "other": ("n", {}, None)})
    once = {"m": {"budget_limit": COST / 2, "time_period": "1d"}}
    row = Row(it, {"model_max_budget": once})

    def member(**fields):
        """Of a team, with what it gives its members."""
        user = it.post("/user/new", {"auto_create_key": False})["user_id"]
        team = it.post("/team/new", fields)["team_id"]
        it.post("/team/member_add", {"team_id": team, "member": {"role": "user", "user_id": user}})
        return {"team_id": team, "user_id": user}

    own, shared = member(), member(team_member_model_max_budget=once)
    it.post("/team/member_update", {**own, "model_max_budget": once})
    name = lambda seat: f"User={seat['user_id']} in Team={seat['team_id']}"
    for shown, path, (key, more) in (
        (name(own), "/team/member_update", (it.key(**own), {})),
        (name(shared), "/team/member_update", (it.key(**shared), {})),
        ("Organization=", "/organization/update", row.organization()),
        ("End User=c", "/customer/update", row.end_user()),
        ("Tag=t", "/tag/update", row.tag()),
    ):
        assert it.ask(key=key, **more)[0] == 200, shown
        status, refused, _ = it.ask(key=key, **more)
        message = refused["error"]["message"]
        assert status == 422 and refused["error"]["type"] == "budget_exceeded", (shown, refused)
        assert f"exceeded budget for model=m. {shown}" in message, refused
        assert f"raise `model_max_budget` by `{path}`" in message, refused
        assert it.ask("n", key, **more)[0] == 200, shown


def test_the_gateways_own_budget_refuses_everybody(house):
    it = house({"only": ("m", {}, None)}, litellm_settings={"max_budget": COST * 1.5})
    assert [it.ask()[0] for _ in range(3)] == [200, 200, 422]
    assert it.ask(key=it.key())[1]["error"]["message"].startswith("Budget has been exceeded! Proxy ")


def test_a_client_that_hangs_up_before_a_whole_answer_pays_what_was_reserved(house):
    came = threading.Event()

    def stuck(peer):
        came.set()
        peer.wait_for_hang_up()

    it = house({"stuck": ("m", {}, stuck)})
    key = it.key(max_budget=1)
    body = json.dumps({"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}).encode()
    with connect(it.gateway) as connection:
        connection.sendall(request("/v1/chat/completions", body, key=key, content_type="application/json"))
        assert came.wait(30)
    (row,) = it.rows(1)
    tokens = -(-len(body) // 3)
    assert row["status"] == "interrupted" and row["cost_pico"] == round((tokens * 1e-6 + 50 * 2e-6) * PICO)
    it.gateway.wait_for(lambda: it.spent("key", row["key_hash"]) == pytest.approx(row["cost_pico"] / PICO))


def test_a_row_names_the_prices_that_were_in_force_when_its_call_began(house, tmp_path):
    prices = tmp_path / "prices.json"

    def table(cost):
        prices.write_text(json.dumps({"openai/of-the-table": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": cost, "output_cost_per_token": cost}}))

    came, go = threading.Event(), threading.Event()

    def held(peer):
        came.set()
        assert go.wait(30)
        peer.send(whole(answer()))

    table(1e-6)
    bare = {"model": "openai/of-the-table", "input_cost_per_token": None, "output_cost_per_token": None}
    it = house({"held": ("held", bare, held), "quick": ("m", bare, None)}, litellm_settings={"model_cost_map_file": str(prices)})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(it.ask, "held")
        assert came.wait(30)
        table(2e-6)
        costs = lambda: it.ask()[2]["x-litellm-response-cost"]
        it.gateway.wait_for(lambda: float(costs()) == pytest.approx(30 * 2e-6))
        go.set()
        assert first.result()[0] == 200
    rows = it.rows(2)
    versions = {row["cost_pico"]: json.loads(row["doc"])["price_version"] for row in rows}
    assert set(versions) == {30 * 1_000_000, 30 * 2_000_000}, versions
    assert len(set(versions.values())) == 2
    (old,) = [row for row in rows if row["model_group"] == "held"]
    assert old["cost_pico"] == 30 * 1_000_000


CROWD = 1000
WRITTEN = 300


def test_a_thousand_streams_at_once_stay_within_a_budget_of_cents(house):
    """docs/budgets.md: at most one slice beyond the budget, however many there are."""
    per_token = 15e-6
    # Four tokens an event: a stream asks for more long before it ends.
    events = [chunk(piece("four " * 4)) for _ in range(WRITTEN // 4)]
    usage = f'data: {json.dumps({"id": "x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": WRITTEN}})}\n\n'
    end = chunk(piece("", "stop")) + chunk(usage) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n"

    def stream(peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked"))
        for event in events:
            peer.send(event)
        peer.send(end)

    it = house({"only": ("m", {"input_cost_per_token": 0, "output_cost_per_token": per_token}, stream)})
    budget = 0.05
    key = it.key(max_budget=budget)
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()

    def ask(_):
        data = b""
        with connect(it.gateway) as connection:
            connection.settimeout(120)
            connection.sendall(request("/v1/chat/completions", body, key=key, content_type="application/json", connection="close"))
            while got := connection.recv(65536):
                data += got
        return data

    with concurrent.futures.ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(ask, range(CROWD)))
    whole_ones = sum(b"[DONE]" in it for it in answers)
    refused = sum(it.startswith(b"HTTP/1.1 422") for it in answers)
    cut = CROWD - whole_ones - refused
    assert whole_ones >= 1 and all(b"budget_exceeded" in it for it in answers if b"[DONE]" not in it)
    # Who is refused at the door has no row.
    it.rows(whole_ones + cut)
    digest = it.query("SELECT key_hash FROM spend_rows LIMIT 1")[0]["key_hash"]
    spent = sum(row["cost_pico"] or 0 for row in it.query("SELECT cost_pico FROM spend_rows")) / PICO
    assert budget * 0.9 <= spent <= budget + 256 * per_token, (spent, whole_ones, cut, refused)
    it.gateway.wait_for(lambda: it.spent("key", digest) == pytest.approx(spent))
