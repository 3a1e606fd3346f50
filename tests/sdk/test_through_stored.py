"""Pass-through endpoints that are made, changed and deleted while the gateway runs."""

import json

import httpx
import pytest

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole

PATH = "/config/pass_through_endpoint"


@pytest.fixture()
def upstream():
    upstream = RawUpstream()
    for name in ("own", "file", "other"):
        upstream.script(name, whole({"said": name}))
    return upstream


class House:
    def __init__(self, folder, upstream, **general):
        self.upstream = upstream
        endpoints = [{"path": "/file", "target": f"{upstream.url}/file", "headers": {"x-own": "os.environ/OWN_SECRET"}}]
        general = {"master_key": MASTER_KEY, "store_model_in_db": True, "trust_stored_api_base": True, "pass_through_endpoints": endpoints, **general}
        self.gateway = Gateway(folder, {"model_list": [], "general_settings": general}, {"OWN_SECRET": "k-own-0123"})

    def ask(self, method, path, body=None, key=MASTER_KEY):
        answer = httpx.request(method, self.gateway.url + path, json=body, headers={"authorization": f"Bearer {key}"}, timeout=20)
        return answer.status_code, answer.json()

    def listed(self):
        return {it["path"]: it for it in self.ask("GET", PATH)[1]["endpoints"]}

    def make(self, **entry):
        status, made = self.ask("POST", PATH, {"path": "/own", "target": f"{self.upstream.url}/own", **entry})
        assert status == 200, made
        return made["endpoints"][0]


@pytest.fixture()
def house(tmp_path, data_dir, upstream):
    houses = []

    def build(**general):
        houses.append(House(tmp_path, upstream, **general))
        return houses[-1]

    yield build
    for it in houses:
        it.gateway.stop()


def sent(upstream, name):
    head = upstream.requests[name][-1].partition(b"\r\n\r\n")[0].decode().lower()
    return head


def test_an_endpoint_is_in_force_when_it_is_made_and_no_more_when_it_is_deleted(house, upstream):
    it = house()
    assert it.ask("GET", "/own")[0] == 404
    made = it.make(headers={"authorization": "Bearer k-typed-0123"}, include_subpath=True, cost_per_request=0.5)
    assert made["headers"] == {"authorization": "********"} and made["is_from_config"] is False
    assert it.ask("POST", "/own/below?a=b", {"x": 1}) == (200, {"said": "own"})
    assert "/own/below?a=b" in sent(upstream, "own") and "authorization: bearer k-typed-0123" in sent(upstream, "own")
    listed = it.listed()
    assert set(listed) == {"/file", "/own"} and listed["/file"]["is_from_config"] is True
    assert listed["/own"]["id"] == made["id"] and listed["/file"]["headers"] == {"x-own": "os.environ/OWN_SECRET"}
    assert [one["path"] for one in it.ask("GET", f"{PATH}?endpoint_id={made['id']}")[1]["endpoints"]] == ["/own"]
    # What is named is changed, and a mask leaves what it hides.
    status, changed = it.ask("POST", f"{PATH}/{made['id']}", {"target": f"{upstream.url}/other", "headers": made["headers"], "include_subpath": None})
    assert status == 200 and changed["endpoints"][0]["cost_per_request"] == 0.5, changed
    assert it.ask("GET", "/own")[1] == {"said": "other"} and it.ask("GET", "/own/below")[0] == 404
    assert "authorization: bearer k-typed-0123" in sent(upstream, "other")
    # It is in the database, closed, and outlives the process.
    it.gateway.stop()
    it.gateway.log = open(it.gateway.folder / "log.txt", "ab")
    it.gateway.start()
    assert it.ask("GET", "/own")[1] == {"said": "other"}
    stored = b"".join(path.read_bytes() for path in it.gateway.folder.rglob("sluice.db*"))
    assert b"k-typed-0123" not in stored and b"k-own-0123" not in stored
    status, gone = it.ask("DELETE", f"{PATH}?endpoint_id={made['id']}")
    assert status == 200 and gone["endpoints"][0]["id"] == made["id"]
    assert it.ask("GET", "/own")[0] == 404 and set(it.listed()) == {"/file"}
    assert it.ask("GET", "/file") == (200, {"said": "file"}) and "x-own: k-own-0123" in sent(upstream, "file")


def test_only_proxy_admins_make_endpoints_and_none_reaches_into_the_environment(house, upstream):
    it = house()
    made = it.make()
    key = it.ask("POST", "/key/generate", {})[1]["key"]
    viewer = it.ask("POST", "/user/new", {"user_role": "proxy_admin_viewer"})[1]["key"]
    entry = {"path": "/mine", "target": f"{upstream.url}/own"}
    for holder in (key, viewer):
        for method, path, body in (("POST", PATH, entry), ("POST", f"{PATH}/{made['id']}", entry), ("DELETE", f"{PATH}?endpoint_id={made['id']}", None)):
            assert it.ask(method, path, body, holder)[0] in (401, 403), path
    assert it.ask("GET", PATH, key=key)[0] in (401, 403) and it.ask("GET", PATH, key=viewer)[0] == 200
    for more, param in (
        ({"headers": {"x": "os.environ/OWN_SECRET"}}, "headers"),
        ({"headers": {"x": "bearer os.environ/OWN_SECRET"}}, "headers"),
        ({"default_query_params": {"k": "os.environ/OWN_SECRET"}}, "default_query_params"),
        ({"target": "os.environ/OWN_SECRET"}, "target"),
        ({"target": "ftp://example.com"}, "target"),
        ({"path": "mine"}, "path"),
        ({"path": "/file"}, "path"),
        ({"path": "/file/"}, "path"),
        ({"path": "/own"}, "path"),
        ({"path": "/v1/chat/completions"}, "path"),
        ({"path": None}, "path"),
        ({"methods": ["FETCH"]}, "methods"),
        ({"headers": {"x": "********"}}, "headers"),
        ({"guardrails": {"pii": {}}}, "guardrails"),
        ({"tagret": "x"}, "tagret"),
        ({"cost_per_request": -1}, "cost_per_request"),
    ):
        status, refused = it.ask("POST", PATH, {**entry, **more})
        assert (status, refused["error"]["param"]) == (400, param), (more, refused)
    status, refused = it.ask("POST", f"{PATH}/{made['id']}", {"headers": {"x": "os.environ/OWN_SECRET"}})
    assert (status, refused["error"]["param"]) == (400, "headers")
    # Nor by the way that other settings go.
    for body in ({"general_settings": {"pass_through_endpoints": [entry]}}, {"litellm_settings": {"pass_through_endpoints": [entry]}}):
        assert it.ask("POST", "/config/update", body)[0] == 400
    for id in ("config:/file", "nobody"):
        for method, path in (("POST", f"{PATH}/{httpx.QueryParams({'x': id})['x'].replace('/', '%2F')}"), ("DELETE", f"{PATH}?endpoint_id={id}")):
            assert it.ask(method, path, {} if method == "POST" else None)[0] in (400, 404), (method, id)
    assert set(it.listed()) == {"/file", "/own"}


def test_a_private_target_of_the_database_needs_the_file_s_word(house, upstream):
    it = house(trust_stored_api_base=False)
    it.make()
    status, refused = it.ask("GET", "/own")
    assert status >= 400 and "trust_stored_api_base" in it.gateway.logged() + json.dumps(refused), refused
    assert "own" not in upstream.requests
    assert it.ask("GET", "/file") == (200, {"said": "file"})


def test_without_a_database_that_counts_no_endpoint_is_made(house, upstream):
    it = house(store_model_in_db=False)
    status, refused = it.ask("POST", PATH, {"path": "/own", "target": f"{upstream.url}/own"})
    assert status == 400 and "store_model_in_db" in refused["error"]["message"]
    assert set(it.listed()) == {"/file"}
