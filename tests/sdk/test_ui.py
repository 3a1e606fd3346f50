"""The admin UI's host side: pages, signing in and out, sessions."""

import datetime
import json
import re
import urllib.parse

import pytest

from conftest import MASTER_KEY, Gateway
from identity_provider import Browser

PASSWORD = "correct horse battery"
OPERATOR = {"UI_USERNAME": "boss", "UI_PASSWORD": "hunter2-operator"}
MODELS = [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}]
CALL = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}


def config(**general):
    return {"model_list": MODELS, "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **general}}


def made(gateway, path, **fields):
    status, answer, _ = gateway.post(path, fields)
    assert status == 200, answer
    return answer


def metric(gateway, way, result):
    text = gateway.get("/metrics")[1].decode()
    found = re.search(rf'sluice_sign_ins_total{{way="{way}",result="{result}"}} (\d+)', text)
    return int(found.group(1)) if found else 0


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    gateway = Gateway(tmp_path_factory.mktemp("ui"), config(), OPERATOR)
    made(gateway, "/user/new", user_id="ann", user_email="ann@x.test", password=PASSWORD, auto_create_key=False, user_role="internal_user")
    made(gateway, "/user/new", user_id="root", user_email="root@x.test", password=PASSWORD, auto_create_key=False, user_role="proxy_admin")
    yield gateway
    assert gateway.stop() == 0


def signed_in(gateway, username="ann@x.test", password=PASSWORD):
    browser = Browser(gateway)
    answer = browser.sign_in(username, password)
    assert answer.status == 200, answer.body
    return browser


class TestPages:
    def test_the_page_runs_nothing_but_the_gateways_own(self, house):
        first, second = Browser(house).ask("GET", "/ui/"), Browser(house).ask("GET", "/ui")
        assert first.status == 200 and first.headers["content-type"].startswith("text/html")
        assert first.headers["cache-control"] == "no-cache"
        policy = first.headers["content-security-policy"]
        assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
        nonce = re.search(r'<meta name="csp-nonce" content="([^"]+)">', first.body.decode()).group(1)
        assert f"'nonce-{nonce}'" in policy
        assert nonce not in second.headers["content-security-policy"], "one nonce a page"
        assert first.headers["x-content-type-options"] == "nosniff"
        assert first.headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in first.headers["permissions-policy"]
        assert not re.search(r"<script(?![^>]*\ssrc=)", first.body.decode()), "no script inside the page"

    def test_files_are_kept_by_browsers_and_sent_small(self, house):
        page = Browser(house).ask("GET", "/ui/").body.decode()
        script = re.search(r'src="(/ui/assets/[^"]+\.js)"', page).group(1)
        plain = Browser(house).ask("GET", script)
        assert plain.status == 200 and plain.headers["content-type"].startswith("text/javascript")
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert plain.headers["x-content-type-options"] == "nosniff"
        for encoding in ("br", "gzip"):
            small = Browser(house).ask("GET", script, accept_encoding=encoding)
            assert small.headers["content-encoding"] == encoding and small.headers["vary"] == "accept-encoding"
            assert len(small.body) < len(plain.body) / 2

    def test_places_in_the_page_are_the_page_and_missing_files_are_not(self, house):
        for place in ("/ui/keys", "/ui/users/ann@x.test", "/ui/logs/"):
            assert b"csp-nonce" in Browser(house).ask("GET", place).body, place
        for file in ("/ui/assets/gone-1234.js", "/ui/gone.svg"):
            assert Browser(house).ask("GET", file).status == 404, file
        assert json.loads(house.get("/")[1])["name"] == "sluice"

    def test_the_sign_in_page_is_told_what_there_is(self, house):
        for path in ("/.well-known/litellm-ui-config", "/litellm/.well-known/litellm-ui-config"):
            told = Browser(house).ask("GET", path).json()
            assert told["server_root_path"] == "/" and told["sso_configured"] is False
            assert told["admin_ui_disabled"] is False and told["sign_in_required"] is True

    def test_a_ui_that_is_switched_off_lets_nobody_in(self, tmp_path):
        gateway = Gateway(tmp_path, config(), {"DISABLE_ADMIN_UI": "true"})
        browser = Browser(gateway)
        assert browser.ask("GET", "/ui/").status == 404
        refused = browser.sign_in("admin", MASTER_KEY)
        assert refused.status == 404 and "disable_admin_ui" in refused.json()["error"]["message"]
        assert not browser.cookies
        assert gateway.stop() == 0

    def test_behind_a_path_everything_is_below_it(self, tmp_path):
        gateway = Gateway(tmp_path, config(), {"SERVER_ROOT_PATH": "/llm"})
        browser = Browser(gateway)
        page = browser.ask("GET", "/llm/ui/keys").body.decode()
        assert '<base href="/llm/ui/">' in page and '<meta name="sluice-root" content="/llm">' in page
        script = re.search(r'src="(/llm/ui/assets/[^"]+\.js)"', page).group(1)
        assert browser.ask("GET", script).status == 200
        answer = browser.ask("POST", "/llm/v2/login", {"username": "admin", "password": MASTER_KEY})
        assert answer.json()["redirect_url"] == "/llm/ui/?login=success"
        assert "; Path=/llm;" in answer.cookies()["sluice_session"]
        assert browser.get("/llm/v2/session").json()["is_master"] is True
        assert gateway.stop() == 0


class TestSigningIn:
    @pytest.mark.parametrize(
        ("username", "password", "role", "way"),
        [
            ("boss", "hunter2-operator", "proxy_admin", "username_password"),
            ("boss", MASTER_KEY, "proxy_admin", "master_key"),
            ("", MASTER_KEY, "proxy_admin", "master_key"),
            ("Ann@X.test", PASSWORD, "internal_user", "password"),
            ("ann", PASSWORD, "internal_user", "password"),
            ("root@x.test", PASSWORD, "proxy_admin", "password"),
        ],
    )
    def test_everybody_comes_in_their_own_way(self, house, username, password, role, way):
        before = metric(house, way, "ok")
        browser = Browser(house)
        answer = browser.sign_in(username, password)
        assert answer.status == 200 and answer.json()["redirect_url"] == "/ui/?login=success"
        session = browser.get("/v2/session").json()
        assert (session["user_role"], session["login_method"]) == (role, way)
        assert session == {**answer.json()["session"], "idle_timeout_seconds": 7200}
        assert metric(house, way, "ok") == before + 1
        token = browser.cookies["sluice_session"]
        assert token not in answer.body.decode() and len(token) == 43

    def test_a_virtual_key_signs_in_as_itself(self, house):
        key = made(house, "/key/generate", user_id="ann", key_alias="of ann")
        browser = signed_in(house, "", key["key"])
        session = browser.get("/v2/session").json()
        assert (session["user_id"], session["key_alias"], session["login_method"]) == ("ann", "of ann", "key")
        made(house, "/key/delete", keys=[key["key"]])
        over = browser.get("/v2/session")
        assert over.status == 401 and over.json()["error"]["type"] == "session_over"

    def test_a_form_signs_in_and_is_led_to_the_pages(self, house):
        browser = Browser(house)
        form = urllib.parse.urlencode({"username": "ann", "password": PASSWORD})
        answer = browser.ask("POST", "/login", form, content_type="application/x-www-form-urlencoded")
        assert (answer.status, answer.headers["location"]) == (303, "/ui/?login=success")
        assert browser.get("/v2/session").json()["user_id"] == "ann"

    def test_the_cookie_is_kept_from_scripts_and_other_sites(self, house):
        line = Browser(house).sign_in("ann", PASSWORD).cookies()["sluice_session"]
        flags = [part.strip() for part in line.split(";")[1:]]
        assert flags == ["Path=/", "Max-Age=86400", "HttpOnly", "SameSite=Strict"]
        forwarded = Browser(house).sign_in("ann", PASSWORD, x_forwarded_proto="https")
        assert "Secure" not in forwarded.cookies()["sluice_session"], "nobody said that this proxy is believed"

    def test_behind_a_proxy_that_is_believed_the_cookie_is_secure(self, tmp_path):
        gateway = Gateway(tmp_path, config(use_x_forwarded_for=True, trusted_proxy_ranges=["127.0.0.0/8"]))
        for scheme, secure in (("https", True), ("http", False)):
            answer = Browser(gateway).sign_in("admin", MASTER_KEY, x_forwarded_proto=scheme)
            assert ("Secure" in answer.cookies()["sluice_session"]) is secure, scheme
        assert gateway.stop() == 0

    @pytest.mark.parametrize(
        ("username", "password"),
        [("boss", "not the boss"), ("ann", "wrong horse"), ("nobody", PASSWORD), ("", "sk-of-nobody-1234"), ("", PASSWORD), ("ann", ""), ("ann", MASTER_KEY)],
    )
    def test_a_wrong_password_is_told_to_nobody(self, house, username, password):
        browser = Browser(house)
        before = metric(house, "password", "refused")
        refused = browser.sign_in(username, password)
        assert refused.status == 401 and not browser.cookies
        assert metric(house, "password", "refused") == before + 1
        if password:
            assert password not in refused.body.decode()
        log = house.logged()
        for secret in ("wrong horse", PASSWORD, "hunter2-operator", "sk-of-nobody-1234", MASTER_KEY):
            assert secret not in log, secret

    def test_who_was_invited_chooses_a_password_and_comes_in(self, house):
        made(house, "/user/new", user_id="guest", user_email="guest@x.test", auto_create_key=False)
        link = made(house, "/invitation/new", user_id="guest")["id"]
        browser = Browser(house)
        assert browser.ask("GET", f"/onboarding/get_token?invite_link={link}").json()["user_id"] == "guest"
        assert browser.sign_in("guest@x.test", PASSWORD).status == 401
        claim = {"invitation_link": link, "user_id": "guest", "password": PASSWORD}
        assert browser.post("/onboarding/claim_token", claim).status == 200
        assert browser.post("/onboarding/claim_token", claim).status == 401, "a link is used once"
        assert browser.sign_in("guest@x.test", PASSWORD).status == 200

    def test_only_admins_come_in_where_the_operator_says_so(self, tmp_path):
        gateway = Gateway(tmp_path, config(ui_access_mode="admin_only"))
        made(gateway, "/user/new", user_id="ann", password=PASSWORD, auto_create_key=False)
        refused = Browser(gateway).sign_in("ann", PASSWORD)
        assert refused.status == 403 and "ui_access_mode" in refused.json()["error"]["message"]
        assert Browser(gateway).sign_in("admin", MASTER_KEY).status == 200
        assert gateway.stop() == 0

    def test_without_a_master_key_nobody_has_to_sign_in(self, tmp_path):
        gateway = Gateway(tmp_path, {"model_list": MODELS})
        browser = Browser(gateway)
        assert browser.ask("GET", "/.well-known/litellm-ui-config").json()["sign_in_required"] is False
        assert browser.get("/v2/session").json()["is_local"] is True
        assert browser.sign_in("x", "y").json()["redirect_url"] == "/ui/?login=success" and not browser.cookies
        assert browser.ask("GET", "/sso/key/generate").headers["location"] == "/ui/"
        assert gateway.stop() == 0


class TestThrottling:
    def test_a_name_waits_longer_each_time_and_others_do_not(self, tmp_path):
        gateway = Gateway(tmp_path, config())
        made(gateway, "/user/new", user_id="ann", password=PASSWORD, auto_create_key=False)
        gateway.wait_for(lambda: int(Browser(gateway).sign_in("ann", "wrong").headers.get("retry-after", 0)) >= 4)
        held = Browser(gateway).sign_in("ANN ", PASSWORD)
        assert held.status == 429 and int(held.headers["retry-after"]) >= 1
        assert "too many attempts" in held.json()["error"]["message"]
        assert metric(gateway, "password", "throttled") >= 1
        assert Browser(gateway).sign_in("admin", MASTER_KEY).status == 200
        assert "a sign-in has to wait" in gateway.logged()
        # It may come in when its time is over.
        gateway.wait_for(lambda: Browser(gateway).sign_in("ann", PASSWORD).status == 200)
        assert gateway.stop() == 0

    def test_an_address_waits_whatever_it_tries(self, tmp_path):
        gateway = Gateway(tmp_path, config())
        statuses = [Browser(gateway).sign_in(f"name{at}", "").status for at in range(33)]
        assert statuses[:30] == [401] * 30 and 429 in statuses[30:]
        assert Browser(gateway).get("/health/liveliness").status == 200
        assert gateway.stop() == 0


class TestSessions:
    def test_a_session_does_what_its_user_may(self, house):
        admin, ann = signed_in(house, "root@x.test"), signed_in(house)
        assert admin.post("/key/generate", {"user_id": "ann"}).status == 200
        assert admin.post("/team/new", {"team_alias": "t"}).status == 200
        own = ann.post("/key/generate", {"key_alias": "made by ann"})
        assert own.status == 200 and own.json()["user_id"] == "ann"
        for path, body in (("/team/new", {}), ("/user/new", {}), ("/key/block", {"key": own.json()["key"]}), ("/budget/new", {"max_budget": 1})):
            assert ann.post(path, body).status in (401, 403), path
        assert ann.get("/user/info?user_id=root").status == 403
        assert {key["user_id"] for key in ann.get("/key/list?return_full_object=true").json()["keys"]} == {"ann"}

    def test_a_role_that_is_taken_away_is_gone_at_once(self, house):
        made(house, "/user/new", user_id="temp", password=PASSWORD, auto_create_key=False, user_role="proxy_admin")
        browser = signed_in(house, "temp")
        assert browser.post("/team/new", {}).status == 200
        made(house, "/user/update", user_id="temp", user_role="internal_user")
        assert browser.post("/team/new", {}).status in (401, 403)

    def test_calls_of_the_playground_are_the_users(self, house):
        made(house, "/user/new", user_id="player", password=PASSWORD, auto_create_key=False, models=["demo"])
        browser = signed_in(house, "player")
        answer = browser.post("/v1/chat/completions", CALL)
        assert answer.status == 200, answer.body
        call = answer.headers["x-litellm-call-id"]
        rows = lambda: json.loads(house.get(f"/spend/logs?request_id={call}")[1])
        house.wait_for(lambda: len(rows()) == 1)
        assert rows()[0]["user"] == "player"
        made(house, "/user/update", user_id="player", models=["no-default-models"])
        assert browser.post("/v1/chat/completions", CALL).status == 403

    def test_a_request_that_no_page_of_ours_means_is_refused(self, house):
        browser = signed_in(house)
        for headers in (
            {"x_sluice_ui": None},
            {"x_sluice_ui": "0"},
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
            {"origin": "https://evil.test"},
            {"origin": "null"},
        ):
            for ask in (lambda: browser.post("/key/generate", **headers), lambda: browser.get("/key/list", **headers), lambda: browser.post("/v1/chat/completions", CALL, **headers)):
                refused = ask()
                assert refused.status == 403, (headers, refused.body)
        assert browser.post("/session/logout", x_sluice_ui=None).status == 403
        for headers in ({"sec_fetch_site": "same-origin"}, {"origin": house.url}):
            assert browser.get("/key/list", **headers).status == 200, headers
        # A page of another site cannot sign its visitor in either.
        foreign = Browser(house).sign_in("ann", PASSWORD, sec_fetch_site="cross-site")
        assert foreign.status == 403 and not foreign.cookies()

    def test_a_key_in_a_header_counts_before_the_cookie(self, house):
        browser = signed_in(house)
        answer = browser.ask("GET", "/v2/session", authorization=f"Bearer {MASTER_KEY}")
        assert answer.json()["is_master"] is True and answer.json()["session_id"] is None
        assert browser.ask("GET", "/key/list", authorization="Bearer sk-wrong-9999").status == 401

    def test_signing_out_ends_the_session(self, house):
        browser = signed_in(house)
        kept = dict(browser.cookies)
        out = browser.post("/session/logout")
        assert out.status == 200 and out.json()["signed_out"] is True
        assert "Max-Age=0" in out.cookies()["sluice_session"] and not browser.cookies
        browser.cookies = kept
        over = browser.get("/v2/session")
        assert over.status == 401 and over.json()["error"]["type"] == "session_over"
        assert browser.post("/session/logout").json()["signed_out"] is False

    def test_signing_in_again_ends_the_session_before(self, house):
        browser = signed_in(house)
        kept = Browser(house)
        kept.cookies = dict(browser.cookies)
        assert browser.sign_in("root@x.test", PASSWORD).status == 200
        assert browser.get("/v2/session").json()["user_id"] == "root"
        assert kept.get("/v2/session").status == 401

    def test_cookies_that_are_no_session_open_nothing(self, house):
        for value in ("x", "A" * 43, "../../etc", "a" * 5000):
            browser = Browser(house)
            browser.cookies["sluice_session"] = value
            assert browser.get("/key/list").status == 401, value

    def test_a_users_sessions_are_listed_and_ended(self, house):
        made(house, "/user/new", user_id="lister", password=PASSWORD, auto_create_key=False)
        first, second, ann = signed_in(house, "lister"), signed_in(house, "lister"), signed_in(house)
        listed = first.get("/session/list").json()
        assert listed["total_count"] == 2 and sum(it["current"] for it in listed["sessions"]) == 1
        assert {it["address"] for it in listed["sessions"]} == {"127.0.0.1"}
        other = next(it["session_id"] for it in listed["sessions"] if not it["current"])
        assert ann.post("/session/revoke", {"session_id": other}).status == 404
        assert ann.get("/session/list?user_id=lister").status == 403
        assert ann.post("/session/revoke", {"all": True, "user_id": "lister"}).status == 403
        assert first.post("/session/revoke", {}).status == 400
        assert first.post("/session/revoke", {"session_id": other}).json() == {"revoked": 1}
        assert second.get("/v2/session").status == 401 and first.get("/v2/session").status == 200
        root = signed_in(house, "root@x.test")
        assert root.get("/session/list?user_id=lister").json()["total_count"] == 1
        assert root.post("/session/revoke", {"all": True, "user_id": "lister"}).json() == {"revoked": 1}
        assert first.get("/v2/session").status == 401

    def test_sessions_end_with_the_password_and_with_the_user(self, house):
        made(house, "/user/new", user_id="brief", password=PASSWORD, auto_create_key=False)
        first, second = signed_in(house, "brief"), signed_in(house, "brief")
        changed = first.post("/user/password/change", {"current_password": PASSWORD, "new_password": "another horse"})
        assert changed.status == 200, changed.body
        assert first.get("/v2/session").status == 401 and second.get("/v2/session").status == 401
        third = signed_in(house, "brief", "another horse")
        made(house, "/user/delete", user_ids=["brief"])
        assert third.get("/v2/session").status == 401

    def test_a_session_ends_by_its_time_and_by_silence(self, tmp_path):
        gateway = Gateway(tmp_path, config(ui_session_duration=3600, ui_session_idle_timeout=2))
        browser = Browser(gateway)
        answer = browser.sign_in("admin", MASTER_KEY)
        assert "Max-Age=3600" in answer.cookies()["sluice_session"]
        began = datetime.datetime.fromisoformat(answer.json()["session"]["created_at"])
        other = signed_in(gateway, "admin", MASTER_KEY)

        def other_is_used_until_the_silent_one_is_over():
            assert other.get("/v2/session").json()["idle_timeout_seconds"] == 2
            return datetime.datetime.now(datetime.timezone.utc) - began > datetime.timedelta(seconds=2.5)

        gateway.wait_for(other_is_used_until_the_silent_one_is_over)
        assert browser.get("/v2/session").status == 401
        assert other.get("/v2/session").status == 200
        assert gateway.stop() == 0

    def test_sessions_outlive_the_process(self, tmp_path):
        gateway = Gateway(tmp_path, config())
        browser = signed_in(gateway, "admin", MASTER_KEY)
        assert gateway.stop() == 0
        gateway.log = open(tmp_path / "log.txt", "ab")
        gateway.start()
        assert browser.get("/v2/session").json()["is_master"] is True
        assert gateway.stop() == 0
