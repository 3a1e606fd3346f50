"""Components through the API: tried, put into force, taken back; and what is refused."""

import hashlib
import http.client
import json
import os
import pathlib

import pytest

from conftest import MASTER_KEY, Gateway
from test_reload import component, state, variant
from warm import warm

GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])
WASM = {"content-type": "application/wasm"}


def digest(wasm):
    return hashlib.sha256(wasm).hexdigest()


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("upload")
    (folder / "dropped").mkdir()
    gateway = Gateway(folder, {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"override": ["echo"], "poll_interval": 3600, "directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data"))},
    })
    yield gateway
    assert gateway.stop() == 0


def send(gateway, path, wasm, key=MASTER_KEY):
    return gateway.post(path, wasm, key, WASM)


def echo(gateway):
    return next(it for it in state(gateway)["plugins"] if it["name"] == "echo")


def audited(gateway, action):
    return json.loads(gateway.get(f"/audit?action={action}&object_id=echo")[1])["audit_logs"]


def test_a_component_is_tried_put_into_force_and_taken_back(house):
    shipped = echo(house)["digest"]
    status, trial, _ = send(house, "/plugins/try", variant("up1"))
    assert (status, trial["refusal"], trial["name"], trial["digest"]) == (200, None, "echo", digest(variant("up1")))
    assert trial["replaces"]["source"] == "bundled" and trial["providers"][0]["operations"]
    assert trial["examples"] and all(it["passes"] for it in trial["examples"])
    # A trial leaves no trace.
    assert echo(house)["digest"] == shipped and list((house.folder / "dropped").iterdir()) == []

    assert send(house, "/plugins/upload", variant("up1"))[0] == 200
    assert send(house, "/plugins/upload", variant("up2"))[0] == 200
    now = echo(house)
    assert now["digest"] == digest(variant("up2")) and now["source"].endswith("/echo.wasm")
    assert [it["digest"] for it in now["history"]] == [digest(variant("up2")), digest(variant("up1"))]
    assert now["shipped_digest"] == shipped and now["pinned"] is False
    assert [path.name for path in (house.folder / "dropped").iterdir()] == ["echo.wasm"]
    assert [it["updated_values"]["digest"] for it in audited(house, "uploaded")] == [digest(variant("up2")), digest(variant("up1"))]

    status, back, _ = house.post("/plugins/rollback", {"name": "echo"})
    assert (status, back) == (200, {"name": "echo", "digest": digest(variant("up1"))})
    assert echo(house)["digest"] == digest(variant("up1"))
    # It lies in the directory, so it is there after a restart; and so are the versions.
    house.stop()
    house.log = open(house.folder / "log.txt", "ab")
    house.start()
    assert echo(house)["digest"] == digest(variant("up1")) and len(echo(house)["history"]) == 2
    assert house.post("/plugins/rollback", {"name": "echo", "digest": shipped})[0] == 200
    assert echo(house)["source"] == "bundled" and list((house.folder / "dropped").iterdir()) == []
    assert len(audited(house, "rolled%20back")) == 2
    body = {"model": "demo", "messages": [{"role": "user", "content": "hello"}]}
    assert house.post("/v1/chat/completions", body)[0] == 200


def broken():
    """It says something else than its own example expects."""
    wasm = component()
    assert wasm.count(b"You said: hello there") == 1
    return wasm.replace(b"You said: hello there", b"You wrote: hello here")


@pytest.mark.parametrize("wasm, why", [
    (b"this is no component", "not a WebAssembly component"),
    (variant("bad")[:-1], "not the whole of one"),
    (broken(), "its own example"),
])
def test_what_is_no_good_component_is_refused_with_the_reason(house, wasm, why):
    before = echo(house)["digest"]
    status, trial, _ = send(house, "/plugins/try", wasm)
    assert status == 200 and why in trial["refusal"], trial
    status, refused, _ = send(house, "/plugins/upload", wasm)
    assert status == 400 and trial["refusal"] in refused["error"]["message"], refused
    assert refused["error"]["param"] == "component"
    assert echo(house)["digest"] == before and list((house.folder / "dropped").iterdir()) == []
    assert state(house)["quarantined"] == {}


def test_the_name_of_a_shipped_plugin_is_not_taken_unless_the_operator_says_so(house):
    status, refused, _ = send(house, "/plugins/upload", variant("up1", "anthropic"))
    assert status == 400 and "plugins.override" in refused["error"]["message"]


def test_what_has_no_component_in_it_is_refused(house):
    assert "is empty" in send(house, "/plugins/try", b"")[1]["error"]["message"]
    status, refused, _ = house.post("/plugins/try", b"--x\r\n", headers={"content-type": "multipart/form-data; boundary=x"})
    assert status == 400 and "no form" in refused["error"]["message"]


def test_a_component_beyond_the_limit_is_refused_before_it_is_read(house):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    connection.putrequest("POST", "/plugins/upload")
    for name, value in {"authorization": f"Bearer {MASTER_KEY}", "content-length": str((128 << 20) + 1), "expect": "100-continue", **WASM}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and b"larger than 128 MiB" in answer.read()


def test_only_admins_may(house):
    viewer = house.post("/user/new", {"user_role": "proxy_admin_viewer"})[1]["key"]
    user = house.post("/key/generate", {})[1]["key"]
    for key in (viewer, user):
        assert send(house, "/plugins/try", variant("up1"), key)[0] in (401, 403)
        assert send(house, "/plugins/upload", variant("up1"), key)[0] in (401, 403)
        assert house.post("/plugins/rollback", {"name": "echo"}, key)[0] in (401, 403)


@pytest.mark.parametrize("asked, field, why", [
    ({}, "name", "required"),
    ({"name": 5}, "name", "a text"),
    ({"name": "nobody"}, "name", "no plugin"),
    ({"name": "echo", "digest": "00"}, "digest", "no such version"),
    ({"name": "anthropic"}, "name", "before this one"),
])
def test_there_is_no_way_back_to_what_never_was(house, asked, field, why):
    status, refused, _ = house.post("/plugins/rollback", asked)
    assert status in (400, 404) and refused["error"]["param"] == field and why in refused["error"]["message"], refused


def test_a_gateway_without_a_directory_says_so_and_tries_all_the_same(gateway):
    words = (GUESTS / "sluice_example_guardrail.wasm").read_bytes()
    trial = send(gateway, "/plugins/try", words)[1]
    assert (trial["name"], trial["kind"], trial["replaces"], trial["refusal"]) == ("words-rs", "guardrail", None, None)
    status, refused, _ = send(gateway, "/plugins/upload", words)
    assert status == 400 and "plugins.directory" in refused["error"]["message"], refused


def test_what_asks_for_more_than_it_is_granted_is_refused_with_the_line_that_grants_it(house):
    guards = (GUESTS / "sluice_guest_guards.wasm").read_bytes()
    trial = send(house, "/plugins/try", guards)[1]
    deeds = next(it for it in trial["guardrails"] if it["name"] == "deeds")
    assert deeds["asks"]["hosts"] == ["declared.example"] and deeds["granted"]["hosts"] == []
    assert "`guards` asks for" in trial["refusal"] and "(hosts declared.example; env GUARDS_API_KEY)" in trial["refusal"]
    line = trial["refusal"].split("grants it: ")[1]
    assert json.loads("{" + line + "}") == {"guards": {"hosts": ["declared.example"], "env": ["GUARDS_API_KEY"]}}
    status, refused, _ = send(house, "/plugins/upload", guards)
    assert status == 400 and line in refused["error"]["message"], refused
    assert not (house.folder / "dropped" / "guards.wasm").exists()


def test_a_directory_that_cannot_be_written_is_named(tmp_path, data_dir):
    gateway = Gateway(tmp_path, {
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"override": ["echo"], "directory": str(tmp_path / "absent"), "data_directory": str(warm(tmp_path / "data"))},
    })
    status, refused, _ = send(gateway, "/plugins/upload", variant("up1"))
    assert status == 400 and str(tmp_path / "absent") in refused["error"]["message"] and "plugins.directory" in refused["error"]["message"], refused
    assert gateway.stop() == 0


def test_forms_have_the_settings_and_secrets_of_each_provider(house):
    providers = {it["name"]: it for plugin in state(house)["plugins"] for it in plugin["providers"]}
    assert providers["azure"]["config_schema"]["properties"]["api_version"]["x-env"] == ["AZURE_API_VERSION"]
    assert providers["bedrock"]["config_schema"]["properties"]["aws_region_name"]["title"] == "Region"
    assert providers["bedrock"]["secrets"]["aws_secret_access_key"]["env"] == ["AWS_SECRET_ACCESS_KEY"]
    assert not any("$defs" in (it["config_schema"] or {}) for it in providers.values())
    hooks = {it["name"]: it for plugin in state(house)["plugins"] for it in plugin["guardrails"]}
    assert hooks["pii"]["config_schema"]["properties"] and hooks["lakera_v2"]["secrets"]
