"""Budgets and limits of single models, whatever name leads to them; and fields of keys, customers and
the config that decide which model answers, or none."""

import pytest

from raw import whole
from test_budgets import House
from test_money import COST

DOWN = whole({"error": {"message": "down"}}, status=500)


@pytest.fixture()
def house(tmp_path, data_dir):
    houses = []

    def build(deployments, **sections):
        houses.append(House(tmp_path, deployments, **sections))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def two(house, **sections):
    """`m` of two deployments, with an alias; and `other`."""
    return house(
        {"first": ("m", {}, None), "second": ("m", {}, None), "spare": ("other", {}, None), "down": ("broken", {}, DOWN)},
        router_settings={"model_group_alias": {"fast": "m"}, "fallbacks": [{"broken": ["m", "other"]}], **sections.pop("router_settings", {})},
        **sections,
    )


@pytest.mark.parametrize("asked", ["m", "fast", "first"])
def test_a_models_budget_holds_whatever_name_leads_to_it(house, asked):
    it = two(house)
    key = it.key(model_max_budget={"m": {"budget_limit": COST / 2, "time_period": "1d"}})
    assert it.ask(asked, key)[0] == 200
    for name in ("m", "fast", "first", "second"):
        status, refused, _ = it.ask(name, key)
        assert status == 422 and refused["error"]["type"] == "budget_exceeded", (name, refused)
        assert "exceeded budget for model=m" in refused["error"]["message"]
    assert it.ask("other", key)[0] == 200
    row = it.rows(1)[0]
    assert f'{row["key_hash"]}#model=m' in row["doc"]
    it.gateway.wait_for(lambda: it.spent("key", f'{row["key_hash"]}#model=m') == pytest.approx(COST))


def test_a_models_limits_hold_whatever_name_leads_to_it(house):
    it = two(house)
    for limit in ({"model_rpm_limit": {"m": 1}}, {"model_tpm_limit": {"m": 30}}, {"model_max_budget": {"m": {"rpm_limit": 1}}}, {"model_max_budget": {"m": {"budget_limit": 9, "tpm_limit": 30}}}):
        key = it.key(**limit)
        assert it.ask("first", key, max_tokens=1)[0] == 200
        for name in ("fast", "m"):
            status, refused, headers = it.ask(name, key, max_tokens=1)
            assert status == 429 and "model_per_key" in refused["error"]["message"], refused
        assert it.ask("other", key, max_tokens=1)[0] == 200


def test_an_access_group_is_charged_by_every_name_and_where_a_fallback_leads(house):
    it = house(
        {"first": ("m", {"info": {"access_groups": ["best"]}}, None), "spare": ("other", {}, None), "down": ("broken", {}, DOWN)},
        router_settings={"model_group_alias": {"fast": "m", "slow": "other"}, "fallbacks": [{"broken": ["m", "other"]}]},
    )
    it.post("/access_group/new", {"access_group": "rest", "model_names": ["other"]})
    for group in ("best", "rest"):
        it.budget(group, COST / 2)
    assert [it.ask("broken")[0], it.ask("slow")[0]] == [200, 200]
    for name in ("fast", "first", "m", "spare", "other"):
        status, refused, _ = it.ask(name)
        assert status == 422 and "Model access group=" in refused["error"]["message"], (name, refused)
    assert (it.asked("first"), it.asked("spare")) == (1, 1)
    it.rows(2)
    it.gateway.wait_for(lambda: it.spent("access_group", "best") == it.spent("access_group", "rest") == pytest.approx(COST))


def test_an_access_groups_budget_of_one_model_holds_that_model_only(house):
    it = two(house)
    budget = it.post("/budget/new", {"model_max_budget": {"m": {"budget_limit": COST / 2, "time_period": "1d"}}})["budget_id"]
    it.post("/access_group/new", {"access_group": "both", "model_names": ["m", "other"]})
    it.put("/access_group/both/budget", {"budget_id": budget})
    assert [it.ask("other")[0], it.ask("m")[0], it.ask("m")[0], it.ask("other")[0]] == [200, 200, 422, 200]


def test_a_fallback_is_held_and_charged_where_it_answers(house):
    it = two(house)
    budgets = {name: {"budget_limit": COST * 1.5, "time_period": "1d"} for name in ("broken", "m")}
    key = it.key(model_max_budget=budgets)
    # The group that answered pays, not the one that was asked.
    assert [it.ask("broken", key)[0] for _ in range(2)] == [200, 200]
    assert it.asked("first") + it.asked("second") == 2 and it.asked("spare") == 0
    # Its budget is spent now: the next fallback is asked, and who asks for it by name is refused.
    assert it.ask("broken", key)[0] == 200
    assert it.asked("first") + it.asked("second") == 2 and it.asked("spare") == 1
    assert it.ask("m", key)[0] == 422
    digest = it.rows(3)[0]["key_hash"]
    it.gateway.wait_for(lambda: it.spent("key", f"{digest}#model=m") == pytest.approx(2 * COST))
    assert it.spent("key", f"{digest}#model=broken") == 0
    assert it.spent("key", digest) == pytest.approx(3 * COST)


def test_a_fallback_without_a_price_is_not_taken_on_a_budget(house):
    it = house(
        {"down": ("broken", {}, DOWN), "free": ("unknown", {"model": "openai/nobody-knows", "input_cost_per_token": None, "output_cost_per_token": None}, None)},
        router_settings={"fallbacks": [{"broken": ["unknown"]}]},
    )
    assert it.ask("broken", it.key(max_budget=1))[0] == 500
    assert it.asked("free") == 0
    assert it.ask("broken", it.key())[0] == 200


def test_a_limit_of_a_fallback_sends_the_call_on(house):
    it = two(house)
    key = it.key(model_rpm_limit={"m": 1})
    assert [it.ask("broken", key)[0] for _ in range(2)] == [200, 200]
    assert it.asked("first") + it.asked("second") == 1 and it.asked("spare") == 1


@pytest.mark.parametrize("limit, kind", [({"model_rpm_limit": {"m": 1}}, "requests"), ({"model_tpm_limit": {"m": 30}}, "tokens")])
def test_organisations_teams_and_users_have_limits_of_models(house, limit, kind):
    it = two(house)
    organization = it.post("/organization/new", {"organization_alias": "o", **limit})["organization_id"]
    of_organization = it.post("/team/new", {"organization_id": organization})["team_id"]
    team = it.post("/team/new", limit)["team_id"]
    user = it.post("/user/new", {"auto_create_key": False, **limit})["user_id"]
    for holder, scope in (({"team_id": of_organization}, "model_per_organization"), ({"team_id": team}, "model_per_team"), ({"user_id": user}, "model_per_user")):
        # All keys of the holder share what it has.
        first, second = it.key(**holder), it.key(**holder)
        assert it.ask("fast", first, max_tokens=1)[0] == 200
        status, refused, headers = it.ask("m", second, max_tokens=1)
        assert status == 429 and f"{scope}: " in refused["error"]["message"], refused
        assert headers["rate_limit_type"] == kind
        assert it.ask("other", second, max_tokens=1)[0] == 200


def test_tags_have_limits_of_their_own(house):
    it = two(house)
    key = it.key(tag_rpm_limit={"batch": 1})
    assert it.ask("m", key, tags=["batch"])[0] == 200
    status, refused, _ = it.ask("m", key, tags=["more", "batch"])
    assert status == 429 and "tag_per_key: " in refused["error"]["message"], refused
    assert it.ask("m", key)[0] == 200 and it.ask("m", it.key(), tags=["batch"])[0] == 200


def test_a_key_goes_on_with_another_model_when_its_budget_for_one_is_spent(house):
    it = two(house)
    once = {"budget_limit": COST / 2, "time_period": "1d"}
    key = it.key(models=["m", "other"], model_max_budget={"m": once, "other": once}, budget_fallbacks={"m": ["broken", "other"]})
    assert it.ask("m", key)[0] == 200
    # `broken` is not the key's to ask for.
    status, _, headers = it.ask("m", key)
    assert status == 200 and headers["x-litellm-model-group"] == "other"
    status, refused, _ = it.ask("m", key)
    assert status == 422 and "model=m" in refused["error"]["message"], refused
    assert (it.asked("spare"), it.asked("down")) == (1, 0)


def test_a_customer_is_kept_to_its_region(house):
    it = house({
        "here": ("m", {"order": 1}, None),
        "eu": ("m", {"order": 2, "info": {"region": "eu-central-1"}}, None),
        "us": ("n", {"info": {"region": "us"}}, None),
        "down": ("broken", {"info": {"region": "eu"}}, DOWN),
    }, router_settings={"fallbacks": [{"broken": ["n"]}]})
    it.post("/customer/new", {"user_id": "bound", "allowed_model_region": "eu", "default_model": "m"})
    it.post("/customer/new", {"user_id": "lost", "allowed_model_region": "eu"})
    assert it.ask("m")[0] == 200 and it.asked("here") == 1
    assert it.ask("m", user="bound")[0] == 200 and it.ask("n", user="bound")[0] == 200
    assert (it.asked("here"), it.asked("eu"), it.asked("us")) == (1, 2, 0)
    status, refused, _ = it.ask("n", user="lost")
    assert status == 403 and "region `eu`" in refused["error"]["message"], refused
    # A fallback leads out of the region as little.
    assert it.ask("broken", user="lost")[0] >= 400 and it.asked("us") == 0
    # The key's list holds for the default, too.
    assert it.ask("n", it.key(models=["n"]), user="bound")[0] == 403


def test_a_customer_asks_for_the_models_of_its_list_only(house):
    it = two(house)
    key = it.key()
    it.post("/customer/new", {"user_id": "kept", "models": ["m"], "default_model": "m"})
    assert [it.ask(name, key, user="kept")[0] for name in ("m", "first", "fast")] == [200] * 3
    body = {"messages": [{"role": "user", "content": "hi"}]}
    named = {"x-litellm-customer-id": "kept"}
    for refused in (
        it.ask("other", key, user="kept"),
        it.ask("m", key, user="kept", fallbacks=["other"]),
        it.gateway.post("/v1/chat/completions", {"model": "other", **body}, key, headers=named),
    ):
        assert refused[0] == 403, refused
        error = refused[1]["error"]
        assert (error["type"], error["param"]) == ("customer_model_access_denied", "model"), error
        assert "'other'" in error["message"]
    assert it.asked("spare") == 0
    assert it.ask("other", key, user="another")[0] == 200 and it.ask("m", key, user="kept", fallbacks=["m"])[0] == 200
    # Its key's way out of a spent budget leads to no other model either.
    once = {"budget_limit": COST / 2, "time_period": "1d"}
    spent = it.key(model_max_budget={"m": once}, budget_fallbacks={"m": ["other"]})
    assert [it.ask("m", spent, user="kept")[0] for _ in range(2)] == [200, 422]
    # A group stands for its models, and a list that changes holds for the next call.
    it.post("/access_group/new", {"access_group": "rest", "model_names": ["other"]})
    it.post("/customer/update", {"user_id": "kept", "models": ["rest"]})
    assert (it.ask("other", key, user="kept")[0], it.ask("m", key, user="kept")[0]) == (200, 403)


def test_amounts_as_text_and_limits_inside_a_models_budget_hold(house):
    it = two(house)
    key = it.key(model_max_budget={"m": {"budget_limit": f"{COST / 2:.9f}", "time_period": "1d"}})
    assert [it.ask("m", key)[0] for _ in range(2)] == [200, 422]


def test_a_model_without_a_price_is_refused_where_the_config_says_so(house):
    free = {"model": "openai/nobody-knows", "input_cost_per_token": None, "output_cost_per_token": None}
    it = house(
        {"known": ("m", {}, None), "free": ("unknown", free, None), "down": ("broken", {}, DOWN)},
        router_settings={"fallbacks": [{"broken": ["unknown"]}]},
        litellm_settings={"block_requests_for_models_without_pricing": True},
    )
    assert it.ask("m")[0] == 200
    status, refused, _ = it.ask("unknown")
    assert (status, refused["error"]["type"]) == (403, "model_cost_map_missing"), refused
    assert it.ask("broken")[0] == 500 and it.asked("free") == 0


def test_headers_of_the_operators_name_customers_and_users(house):
    mappings = [{"header_name": "X-Email", "litellm_user_role": "customer"}, {"header_name": "X-User", "litellm_user_role": "internal_user"}]
    it = house({"only": ("m", {}, None)}, general_settings={"user_header_mappings": mappings, "user_header_name": "X-Old"})
    it.post("/user/new", {"user_id": "poor", "auto_create_key": False, "max_budget": COST / 2})
    key = it.key()
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    ask = lambda **headers: it.gateway.post("/v1/chat/completions", body, key, {name.replace("_", "-"): value for name, value in headers.items()})
    for headers in ({"X_Email": "ann", "X_User": "poor"}, {"X_Old": "bob", "X_User": "new"}, {"X_Email": "c", "x_litellm_customer_id": "eve"}):
        status, answered, _ = ask(**headers)
        assert status == 200, answered
    status, refused, _ = ask(X_User="poor")
    assert status == 422 and "User=poor" in refused["error"]["message"], refused
    rows = it.rows(3)
    assert [(row["end_user"], row["user_id"]) for row in rows] == [("ann", "poor"), ("bob", "new"), ("eve", None)]
    it.gateway.wait_for(lambda: it.spent("user", "new") == pytest.approx(COST))


def test_a_team_gives_no_more_throughput_than_it_has(house):
    it = house({"only": ("m", {}, None)})
    team = it.post("/team/new", {"rpm_limit": 10, "tpm_limit": 1000})["team_id"]
    sure = {"team_id": team, "rpm_limit_type": "guaranteed_throughput"}
    first = it.key(**sure, rpm_limit=6)
    it.key(team_id=team, rpm_limit=9)
    status, refused, _ = it.gateway.post("/key/generate", {**sure, "rpm_limit": 5})
    assert (status, refused["error"]["param"]) == (400, "rpm_limit"), refused
    it.key(**sure, rpm_limit=4)
    assert it.gateway.post("/key/update", {"key": first, "rpm_limit": 7})[0] == 400
    it.post("/key/update", {"key": first, "rpm_limit": 5})
