"""A LiteLLM with keys, budgets and a model in its database moves in, and its clients notice nothing."""

import json
import os
import subprocess

import pytest

from conftest import MASTER_KEY, Gateway, base_environment
from litellm_database import SERVER, LiteLlmDatabase, hashed, sealed, sealed_anew
from raw import RawUpstream, whole
from test_cli import at_a_terminal

SALT = "sk-salt-of-litellm-77"
KEY, ROTATED, BLOCKED, STRANGER = "sk-old-key-of-a-client-1", "sk-before-it-was-rotated", "sk-blocked-key-of-a-client", "sk-of-no-row"
PRICE = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
COST = 10 * 1e-6 + 20 * 2e-6
ANSWER = {"id": "x", "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
DAY = {"date": "2026-01-02", "api_key": hashed(KEY), "model": "gpt-4o", "model_group": "db-model", "custom_llm_provider": "openai", "endpoint": "/chat/completions", "prompt_tokens": 100, "completion_tokens": 50, "api_requests": 4, "successful_requests": 3, "failed_requests": 1, "updated_at": "2026-01-02"}
BY = {"created_by": "admin", "updated_by": "admin"}


def fill(database, base):
    database.insert("BudgetTable", budget_id="seat", max_budget=40.0, budget_duration="30d", budget_reset_at="2030-01-01", **BY)
    database.insert("OrganizationTable", organization_id="org", organization_alias="Org", budget_id="seat", models=[], **BY)
    database.insert("UserTable", user_id="ada", user_email="ada@example.com", user_role="internal_user", models=[], spend=1.5)
    database.insert("OrganizationMembership", user_id="ada", organization_id="org", user_role="org_admin")
    database.connection.execute("""INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, organization_id, members_with_roles, models, max_budget, spend)
        VALUES ('team', 'Team', 'org', '[{"role": "admin", "user_id": "ada"}]', '{}', 50, 2.5)""")
    database.insert("TeamMembership", user_id="ada", team_id="team", spend=0.25, budget_id="seat")
    # Room for two calls.
    database.insert("VerificationToken", token=hashed(KEY), key_name="sk-...nt-1", key_alias="client", spend=0.5, total_spend=3.0, max_budget=0.5 + 1.5 * COST, budget_duration="30d", budget_reset_at="2030-01-01", models=["db-model"], user_id="ada", team_id="team", metadata={"tags": ["prod"]}, **BY)
    database.insert("VerificationToken", token=hashed(BLOCKED), key_name="sk-...ient", models=[], blocked=True)
    database.insert("VerificationToken", token=hashed("sk-session"), models=[], team_id="litellm-dashboard")
    database.insert("DeprecatedVerificationToken", id="1", token=hashed(ROTATED), active_token_id=hashed(KEY), revoke_at="2099-01-01")
    database.insert("CredentialsTable", credential_id="1", credential_name="openai", credential_values={"api_key": sealed_anew(SALT, "sk-provider-live")}, credential_info={"custom_llm_provider": "openai"}, **BY)
    params = {"model": sealed(SALT, "openai/gpt-4o"), "api_base": sealed(SALT, base), "litellm_credential_name": sealed(SALT, "openai"), "num_retries": 0, **PRICE}
    database.insert("ProxyModelTable", model_id="model-1", model_name="db-model", litellm_params=params, model_info={"mode": "chat"}, **BY)
    database.insert("Config", param_name="litellm_settings", param_value={"drop_params": True})
    database.insert("PromptTable", id="p", prompt_id="p", litellm_params={}, updated_at="2026-01-02")
    database.insert("DailyUserSpend", id="1", user_id="ada", spend=2.75, **DAY)
    database.insert("DailyTeamSpend", id="1", team_id="team", spend=2.75, **DAY)
    database.insert("SpendLogs", request_id="chatcmpl-old", call_type="acompletion", api_key=hashed(KEY), spend=0.017, prompt_tokens=10, completion_tokens=5, total_tokens=15, startTime="2026-01-02", endTime="2026-01-02", model="gpt-4o", team_id="team")


class Move:
    def __init__(self, folder):
        self.folder = folder
        self.upstream = RawUpstream()
        self.database = LiteLlmDatabase()
        fill(self.database, self.upstream.script("m", whole(ANSWER)))
        settings = {"master_key": MASTER_KEY, "store_model_in_db": True, "trust_stored_api_base": True, "proxy_batch_write_at": 1}
        self.config = {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], "general_settings": settings}
        self.environment = {"LITELLM_SALT_KEY": "sk-salt-of-ours-12", "SLUICE_FROM_SALT_KEY": SALT, "SLUICE_FROM_DATABASE_URL": self.database.url}
        (folder / "config.yaml").write_text(json.dumps(self.config))

    def command(self, *arguments):
        return [os.environ["SLUICE_BINARY"], "migrate", "litellm", "--config", str(self.folder / "config.yaml"), *arguments]

    def run(self, *arguments, **more):
        environment = {**base_environment(self.folder), **self.environment, **more}
        return subprocess.run(self.command(*arguments), env=environment, cwd=self.folder, capture_output=True, text=True, timeout=120)

    def lines(self, *arguments):
        done = self.run("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self):
        return Gateway(self.folder, self.config, self.environment)


def ask(gateway, key, model="db-model"):
    return gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}]}, key)


def told(lines, table, fate):
    return [line["id"] for line in lines if line.get("table") == table and line.get("fate") == fate]


@pytest.fixture()
def move(tmp_path, data_dir):
    if SERVER is None:
        assert not os.environ.get("CI"), "SLUICE_TEST_DATABASE_URL is not set, and in CI nothing is left out"
        print("NOT RUN: SLUICE_TEST_DATABASE_URL is not set; `cargo xtask test` starts a server")
        yield None
        return
    move = Move(tmp_path)
    yield move
    move.database.drop()


def test_a_dry_run_changes_nothing_on_either_side(move):
    if move is None:
        return
    before = move.database.contents()
    lines = move.lines("--dry-run")
    assert told(lines, "LiteLLM_VerificationToken", "made") == sorted([hashed(KEY), hashed(BLOCKED)])
    assert told(lines, "LiteLLM_VerificationToken", "left_out") == [hashed("sk-session")]
    assert lines[-1] == {"dry_run": True, "conflicts": 0}
    assert move.database.contents() == before
    assert not (move.folder / ".local").exists()
    text = move.run("--dry-run").stdout
    assert "LiteLLM_PromptTable: 1 left out" in text and "nothing was changed" in text, text


def test_whoever_watches_sees_how_far_it_is(move):
    if move is None:
        return
    environment = {**base_environment(move.folder), **move.environment}
    said = at_a_terminal(move.command("--spend-logs", "--dry-run"), move.folder, environment, b"LiteLLM_SpendLogs: 1 rows")
    for line in ["LiteLLM_VerificationToken: 3 rows", "LiteLLM_DailyUserSpend: 0 of 1 days, 2026-01-02", "LiteLLM_SpendLogs: 1 rows"]:
        assert f"\r\x1b[K{line}" in said, said
    # In a file there is the report alone.
    done = move.run("--spend-logs", "--dry-run")
    assert done.returncode == 0 and "\x1b" not in done.stdout + done.stderr


def test_clients_go_on_as_before(move):
    if move is None:
        return
    before = move.database.contents()
    done = move.run()
    assert done.returncode == 0, done.stderr
    assert move.database.contents() == before
    gateway = move.start()
    try:
        assert ask(gateway, KEY, "demo")[0] == 403
        assert ask(gateway, BLOCKED)[0] == 401
        assert ask(gateway, STRANGER)[0] == 401
        status, answered, headers = ask(gateway, KEY)
        assert status == 200, answered
        assert b"authorization: Bearer sk-provider-live" in move.upstream.requests["m"][0]
        assert float(headers["x-litellm-response-cost"]) == pytest.approx(COST)
        # Its budget was spent but for a call and a half: one more goes, and then none.
        assert ask(gateway, ROTATED)[0] == 200
        status, refused, _ = ask(gateway, KEY)
        assert (status, refused["error"]["type"]) == (422, "budget_exceeded"), refused
        info = json.loads(gateway.get(f"/key/info?key={KEY}")[1])["info"]
        assert (info["key_alias"], info["team_id"], info["budget_reset_at"]) == ("client", "team", "2030-01-01T00:00:00Z")
        gateway.wait_for(lambda: json.loads(gateway.get(f"/key/info?key={KEY}")[1])["info"]["spend"] == pytest.approx(0.5 + 2 * COST))
        info = json.loads(gateway.get(f"/key/info?key={KEY}")[1])["info"]
        assert info["total_spend"] == pytest.approx(3.0 + 2 * COST)
        team = json.loads(gateway.get("/team/info?team_id=team")[1])["team_info"]
        assert team["spend"] == pytest.approx(2.5 + 2 * COST) and team["members_with_roles"][0]["user_id"] == "ada"
        activity = json.loads(gateway.get("/user/daily/activity?start_date=2026-01-01&end_date=2026-01-31")[1])
        day = activity["results"][0]
        assert day["date"] == "2026-01-02" and day["metrics"]["spend"] == pytest.approx(2.75)
        assert day["metrics"]["api_requests"] == 4 and "/chat/completions" in json.dumps(day["breakdown"])
    finally:
        gateway.stop()


def test_the_second_run_at_the_switch_brings_what_changed_since(move):
    if move is None:
        return
    move.lines()
    gateway = move.start()
    assert ask(gateway, KEY)[0] == 200
    assert gateway.post("/key/update", {"key": KEY, "rpm_limit": 5})[0] == 200
    gateway.stop()
    move.database.do(f"UPDATE \"LiteLLM_VerificationToken\" SET spend = 0.5001, total_spend = 3.0001, tpm_limit = 9 WHERE token = '{hashed(KEY)}'")
    move.database.do(f"DELETE FROM \"LiteLLM_VerificationToken\" WHERE token = '{hashed(BLOCKED)}'")
    lines = move.lines()
    assert told(lines, "LiteLLM_VerificationToken", "conflict") == [hashed(KEY)]
    assert told(lines, "LiteLLM_VerificationToken", "deleted") == [hashed(BLOCKED)]
    assert told(lines, "LiteLLM_ProxyModelTable", "same") == ["model-1"]
    again = move.lines("--spend-logs")
    assert told(again, "LiteLLM_TeamTable", "same") == ["team"]
    gateway = move.start()
    try:
        info = json.loads(gateway.get(f"/key/info?key={KEY}")[1])["info"]
        assert (info["rpm_limit"], info["tpm_limit"]) == (5, None)
        assert info["spend"] == pytest.approx(0.5001 + COST, abs=1e-9)
        assert info["total_spend"] == pytest.approx(3.0001 + COST, abs=1e-9)
        rows = json.loads(gateway.get("/spend/logs?request_id=chatcmpl-old")[1])
        assert rows[0]["spend"] == pytest.approx(0.017) and rows[0]["call_type"] == "acompletion"
    finally:
        gateway.stop()


@pytest.mark.parametrize("change, cure", [
    ({"SLUICE_FROM_SALT_KEY": "sk-another"}, "LITELLM_SALT_KEY"),
    ({"SLUICE_FROM_DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"}, "host and port"),
    ({"SLUICE_FROM_DATABASE_URL": "mysql://x/y"}, "postgresql://"),
])
def test_what_cannot_be_moved_is_refused_with_the_cure(move, change, cure):
    if move is None:
        return
    done = move.run(**change)
    assert done.returncode == 1 and cure in done.stderr, done.stderr
    assert SALT not in done.stderr + done.stdout
    assert not (move.folder / ".local").exists()


def fill_rest(database):
    """A row of every other table that comes along."""
    stamped = {"updated_at": "2026-01-02", **BY}
    database.insert("BudgetTable", budget_id="small", max_budget=5.0, rpm_limit=7, **BY)
    database.insert("ObjectPermissionTable", object_permission_id="op", mcp_servers=["files"], vector_stores=["v1"])
    database.insert("EndUserTable", user_id="customer", alias="Customer", spend=0.75, budget_id="small", allowed_model_region="eu", default_model="db-model", models=["db-model"], object_permission_id="op")
    database.insert("TagTable", tag_name="prod", description="what earns", models=[], spend=0.5, budget_id="small", created_by="admin")
    database.insert("AccessGroupTable", access_group_id="ag", access_group_name="best", description="the best", access_model_names=["db-model"], **stamped)
    database.insert("ModelAccessGroupBudgetTable", access_group_name="best", spend=1.25, budget_id="small", **stamped)
    database.insert("ModelTable", id=1, aliases={"quick": "db-model"}, **stamped)
    database.do("""UPDATE "LiteLLM_TeamTable" SET model_id = 1, budget_limits = '[{"budget_duration": "1d", "max_budget": 9}]' WHERE team_id = 'team'""")
    database.insert("BudgetWindowSpend", entity_type="team", entity_id="team", window_duration="1d", window_start="2026-01-02", spend=0.125, updated_at="2026-01-02")
    invited = {"user_id": "ada", "created_at": "2026-01-01", "updated_at": "2026-01-01", "created_by": "ada", "updated_by": "ada"}
    database.insert("InvitationLink", id="invitation", expires_at="2099-01-01", **invited)
    for table, holder in (("Organization", {"organization_id": "org"}), ("EndUser", {"end_user_id": "customer"}), ("Tag", {"tag": "prod"})):
        database.insert(f"Daily{table}Spend", id="1", spend=2.75, **holder, **DAY)


def test_every_other_table_comes_along(move):
    if move is None:
        return
    fill_rest(move.database)
    before = move.database.contents()
    lines = move.lines()
    assert move.database.contents() == before
    for table, id in {
        "EndUserTable": "customer", "TagTable": "prod", "AccessGroupTable": "ag", "InvitationLink": "invitation", "BudgetTable": "small",
    }.items():
        assert id in told(lines, f"LiteLLM_{table}", "made"), (table, [line for line in lines if line.get("table") == f"LiteLLM_{table}"])
    gateway = move.start()
    read = lambda path: json.loads(gateway.get(path)[1])
    try:
        customer = read("/customer/info?end_user_id=customer")
        assert (customer["alias"], customer["allowed_model_region"], customer["default_model"]) == ("Customer", "eu", "db-model")
        assert customer["spend"] == pytest.approx(0.75) and customer["litellm_budget_table"]["rpm_limit"] == 7
        assert customer["object_permission"]["vector_stores"] == ["v1"] and customer["models"] == ["db-model"]
        tag = gateway.post("/tag/info", {"names": ["prod"]})[1]["prod"]
        assert tag["description"] == "what earns" and tag["litellm_budget_table"]["max_budget"] == 5
        assert read("/access_group/best/info")["model_names"] == ["db-model"]
        assert read("/access_group/best/budget")["spend"] == pytest.approx(1.25)
        team = read("/team/info?team_id=team")["team_info"]
        assert team["litellm_model_table"]["model_aliases"] == {"quick": "db-model"}
        assert ask(gateway, KEY, "quick")[0] == 200
        assert read("/invitation/info?invitation_id=invitation")["user_id"] == "ada"
        range_ = "start_date=2026-01-01&end_date=2026-01-31"
        for path in (f"/organization/daily/activity?{range_}", f"/customer/daily/activity?{range_}", f"/tag/daily/activity?{range_}"):
            assert read(path)["results"][0]["metrics"]["spend"] == pytest.approx(2.75), path
    finally:
        gateway.stop()
    assert told(move.lines(), "LiteLLM_EndUserTable", "same") == ["customer"]
