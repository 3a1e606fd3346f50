"""Single sign-on to the admin UI, against an identity provider on loopback."""

import json
import urllib.parse

import pytest

from conftest import MASTER_KEY, Gateway
from identity_provider import CLIENT, SECRET, Browser, Provider
from test_ui import config, made, metric

SSO = {
    "GENERIC_CLIENT_ID": CLIENT,
    "GENERIC_CLIENT_SECRET": SECRET,
    "GENERIC_USER_ID_ATTRIBUTE": "sub",
    "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM": "groups",
    "GENERIC_ROLE_MAPPINGS_ROLES": json.dumps({"proxy_admin": ["ops"], "internal_user": ["dev"]}),
    "ALLOWED_EMAIL_DOMAINS": "x.test",
    "PROXY_ADMIN_ID": "sub-owner",
}


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, data_dir, provider):
    settings = {**config(), "litellm_settings": {"default_internal_user_params": {"max_budget": 7}}}
    gateway = Gateway(tmp_path_factory.mktemp("sso"), settings, {**SSO, "SLUICE_OIDC_ISSUER": provider.url})
    yield gateway
    assert gateway.stop() == 0


def person(name, **more):
    return {"sub": f"sub-{name}", "email": f"{name}@x.test", "email_verified": True, "name": name.title(), **more}


class TestSingleSignOn:
    def test_the_sign_in_page_offers_it(self, world):
        told = Browser(world).ask("GET", "/.well-known/litellm-ui-config").json()
        assert (told["sso_configured"], told["sso_url"]) == (True, "/sso/key/generate")
        assert Browser(world).ask("GET", "/sso/readiness").json()["provider"] == "generic"

    def test_a_stranger_of_the_right_domain_becomes_a_user(self, world, provider):
        provider.be(person("ann"))
        browser = Browser(world)
        answer = browser.through(provider)
        assert answer.status == 303 and answer.headers["location"] == "/ui/?login=success", answer.body
        assert "SameSite=Strict" in answer.cookies()["sluice_session"] and "sluice_sso" not in browser.cookies
        session = browser.get("/v2/session").json()
        assert (session["user_id"], session["user_role"], session["login_method"]) == ("sub-ann", "internal_user_viewer", "sso")
        row = json.loads(world.get("/user/info?user_id=sub-ann")[1])["user_info"]
        assert (row["user_email"], row["sso_user_id"], row["max_budget"]) == ("ann@x.test", "sub-ann", 7)
        assert browser.post("/key/generate").status in (401, 403), "who nobody spoke for looks on"
        before = json.loads(world.get("/user/list")[1])["total"]
        assert Browser(world).through(provider).status == 303
        assert json.loads(world.get("/user/list")[1])["total"] == before, "the second time it is the same user"
        assert not provider.problems

    def test_groups_give_roles_and_the_owner_is_an_admin(self, world, provider):
        for who, role in ((person("ops", groups=["dev", "ops"]), "proxy_admin"), (person("dev", groups=["dev"]), "internal_user"), (person("owner"), "proxy_admin")):
            provider.be(who)
            browser = Browser(world)
            assert browser.through(provider).status == 303
            assert browser.get("/v2/session").json()["user_role"] == role
        provider.be(person("ops", groups=["dev"]))
        browser = Browser(world)
        browser.through(provider)
        assert browser.get("/v2/session").json()["user_role"] == "internal_user", "roles follow the provider"

    def test_who_was_invited_is_the_user_who_comes(self, world, provider):
        made(world, "/user/new", user_id="invited", user_email="Invited@x.test", user_role="internal_user", auto_create_key=False)
        provider.be(person("invited"))
        browser = Browser(world)
        assert browser.through(provider).status == 303
        assert browser.get("/v2/session").json()["user_id"] == "invited"

    @pytest.mark.parametrize(
        ("told", "why"),
        [
            ({"token": {"nonce": "of another sign-in"}}, "nonce"),
            ({"token": {"exp": 1_700_000_000}}, "expired"),
            ({"token": {"aud": "another client"}}, "audience"),
            ({"token": {"iss": "https://evil.test"}}, "issuer"),
            ({"signs": "stranger"}, "signature"),
            ({"userinfo": {"sub": "sub-root"}}, "somebody else"),
            ({"person": {"sub": "s", "email": "eve@evil.test", "email_verified": True}}, "domain"),
            ({"person": {"sub": "s", "email": "eve@x.test", "email_verified": False}}, "email_verified"),
            ({"person": {"sub": "s"}}, "domain"),
        ],
    )
    def test_what_does_not_hold_is_refused_on_a_page_that_says_why(self, world, provider, told, why):
        if told.get("signs"):
            told = {"signs": provider.stranger}
        provider.be(**told)
        browser = Browser(world)
        before = metric(world, "sso", "refused")
        answer = browser.through(provider)
        assert answer.status in (401, 403) and why in answer.body.decode(), answer.body
        assert answer.headers["content-type"].startswith("text/html")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "sluice_session" not in browser.cookies and "sluice_sso" not in browser.cookies
        assert metric(world, "sso", "refused") == before + 1

    def test_only_the_browser_that_departed_comes_back(self, world, provider):
        provider.be(person("ann"))
        departed, other = Browser(world), Browser(world)
        away = departed.ask("GET", "/sso/key/generate")
        line = away.cookies()["sluice_sso"]
        assert "HttpOnly" in line and "SameSite=Lax" in line and "Path=/sso" in line
        back = urllib.parse.urlsplit(provider.authorize(away.headers["location"]))
        query = dict(urllib.parse.parse_qsl(back.query))
        stolen = other.ask("GET", f"{back.path}?{back.query}")
        assert stolen.status == 401 and b"did not begin a sign-in here" in stolen.body
        other.ask("GET", "/sso/key/generate")
        mixed = other.ask("GET", f"{back.path}?{back.query}")
        assert mixed.status == 401 and b"state" in mixed.body
        forged = urllib.parse.urlencode({**query, "state": "x" * 43})
        assert Browser(world).ask("GET", f"{back.path}?{forged}", cookie=f"sluice_sso={departed.cookies['sluice_sso']}").status == 401
        assert departed.ask("GET", f"{back.path}?{back.query}").status == 303
        assert not provider.problems

    def test_a_refusal_of_the_provider_is_told_without_its_markup(self, world):
        browser = Browser(world)
        away = browser.ask("GET", "/sso/key/generate")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away.headers["location"]).query))["state"]
        query = urllib.parse.urlencode({"error": "access_denied", "error_description": "<script>alert(1)</script>", "state": state})
        answer = browser.ask("GET", f"/sso/callback?{query}")
        assert answer.status == 401 and b"access_denied" in answer.body and b"<script" not in answer.body

    def test_an_account_that_is_somebody_elses_is_not_taken_over(self, world, provider):
        made(world, "/user/new", user_id="sub-mallory", user_role="proxy_admin", auto_create_key=False)
        provider.be(person("mallory"))
        browser = Browser(world)
        answer = browser.through(provider)
        assert answer.status == 403 and b"/user/update" in answer.body and "sluice_session" not in browser.cookies

    def test_endpoints_may_be_named_one_by_one_as_litellm_does(self, tmp_path, provider):
        endpoints = {f"GENERIC_{name.upper()}_ENDPOINT": f"{provider.url}/{path}" for name, path in (("authorization", "authorize"), ("token", "token"), ("userinfo", "userinfo"))}
        gateway = Gateway(tmp_path, config(), {**SSO, **endpoints, "PROXY_BASE_URL": "https://gw.test"})
        provider.be(person("named"))
        browser = Browser(gateway)
        away = browser.ask("GET", "/sso/key/generate")
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away.headers["location"]).query))
        assert asked["redirect_uri"] == "https://gw.test/sso/callback"
        assert browser.through(provider).status == 303
        assert browser.get("/v2/session").json()["user_id"] == "sub-named"
        assert gateway.stop() == 0

    def test_a_provider_that_is_away_is_told_and_nothing_else_suffers(self, tmp_path):
        gateway = Gateway(tmp_path, config(), {**SSO, "SLUICE_OIDC_ISSUER": "http://127.0.0.1:9"})
        answer = Browser(gateway).ask("GET", "/sso/key/generate")
        assert answer.status == 502 and b"cannot be asked" in answer.body and b"127.0.0.1:9" not in answer.body
        assert metric(gateway, "sso", "failed") == 1
        assert Browser(gateway).sign_in("admin", MASTER_KEY).status == 200
        assert gateway.stop() == 0
