"""Plugins and the config, changed while calls go on."""

import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

import pytest

from conftest import MASTER_KEY, Gateway
from warm import warm
from raw import RawUpstream, chunk, connect, request, streamed, until, until_closed

HELLO = {"model": "demo", "messages": [{"role": "user", "content": "hello"}]}
CHAT, STREAM = json.dumps(HELLO).encode(), json.dumps({**HELLO, "stream": True}).encode()


RELOADING = {"override": ["echo"], "poll_interval": 3600}


@functools.cache
def component(name="echo"):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.environ["SLUICE_BINARY"], "export-plugins", folder], check=True)
        return (pathlib.Path(folder) / f"{name}.wasm").read_bytes()


def variant(number, name="echo"):
    """The same component with another digest: a custom section at its end."""
    payload = bytes([4]) + b"test" + str(number).encode()
    return component(name) + bytes([0, len(payload)]) + payload


@pytest.fixture(scope="module")
def reloading(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("reload")
    (folder / "dropped").mkdir()
    config = {
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {**RELOADING, "directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data"))},
    }
    gateway = Gateway(folder, json.dumps(config))
    gateway.good = json.dumps(config)
    yield gateway
    assert gateway.stop() == 0


def state(gateway):
    return json.loads(gateway.get("/plugins")[1])


def serving(gateway, name):
    return next(plugin for plugin in state(gateway)["plugins"] if plugin["name"] == name)


def echo(gateway):
    return serving(gateway, "echo")


def number(gateway, metric):
    labelled = metric if "{" in metric else metric + "{}"
    found = re.search(rf"^sluice_plugin_{re.escape(labelled)} (\d+)", gateway.get("/metrics")[1].decode(), re.M)
    return int(found[1])


def reloads(gateway, result):
    return number(gateway, f'reloads_total{{result="{result}"}}')


def test_a_dropped_component_is_live_and_no_call_fails(reloading):
    stop, failed, done = threading.Event(), [], {"whole": 0, "streamed": 0}
    loaded, times = reloads(reloading, "loaded"), int(os.environ.get("SLUICE_RELOADS", "200"))

    def load(how, body, end):
        while not stop.is_set():
            status, answer, _ = reloading.get("/v1/chat/completions", body=body)
            done[how] += 1
            if status != 200 or not answer.endswith(end):
                failed.append(answer)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(load, *how) for how in (("whole", CHAT, b"}"), ("streamed", STREAM, b"data: [DONE]\n\n"))]
        target = reloading.folder / "dropped" / "echo.wasm"
        for turn in range(times):
            before = echo(reloading)["digest"]
            part = target.with_suffix(".part")
            part.write_bytes(variant(turn))
            if turn % 10:
                part.rename(target)
            else:
                # A slow copy: each piece is written once the one before was found too little.
                whole = variant(turn)
                with open(target, "wb") as file:
                    for start, end in ((0, 2000), (2000, len(whole) // 2), (len(whole) // 2, len(whole) - 1)):
                        file.write(whole[start:end])
                        file.flush()
                        size = os.path.getsize(target)
                        reloading.wait_for(lambda: {"path": str(target), "bytes": size} in state(reloading)["half_copied"])
                    file.write(whole[-1:])
                part.unlink()
            reloading.wait_for(lambda: echo(reloading)["digest"] != before)
        stop.set()
        for worker in workers:
            worker.result()
    assert not failed and min(done.values()) > 50, (failed[:1], done)
    assert reloads(reloading, "loaded") == loaded + times and reloads(reloading, "refused") == 0
    # The one before the last may still be needed: for a rollback.
    reloading.wait_for(lambda: number(reloading, "draining_generations") == 1)
    assert echo(reloading)["source"].endswith("echo.wasm")
    # No piece was taken for a broken component.
    assert state(reloading)["quarantined"] == {} and state(reloading)["half_copied"] == []
    assert "plugin refused" not in reloading.logged()


def said(*events):
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def text(piece):
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


BEGINNING = said(
    {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    text("one "),
)
END = said(
    text("two"),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)


def test_a_stream_goes_on_over_two_swaps_on_the_version_it_began_with(tmp_path, data_dir):
    upstream, go_on = RawUpstream(), threading.Event()

    def hold(peer):
        peer.send(streamed(BEGINNING, end=b""))
        assert go_on.wait(60)
        peer.send(chunk(END) + b"0\r\n\r\n")

    params = {"model": "anthropic/m", "api_base": upstream.script("held", hold), "api_key": "k-secret", "num_retries": 0}
    (tmp_path / "dropped").mkdir()
    gateway = Gateway(tmp_path, {
        "model_list": [{"model_name": "held", "litellm_params": params}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"directory": str(tmp_path / "dropped"), "data_directory": str(warm(tmp_path / "data")), "override": ["anthropic"], "ungranted": {"anthropic": "warn"}},
    })

    def swap(turn):
        before = serving(gateway, "anthropic")["digest"]
        part = tmp_path / "dropped" / "anthropic.part"
        part.write_bytes(variant(turn, "anthropic"))
        part.rename(tmp_path / "dropped" / "anthropic.wasm")
        gateway.wait_for(lambda: serving(gateway, "anthropic")["digest"] != before)

    swap(1)
    began_with = serving(gateway, "anthropic")["generation"]
    with connect(gateway) as connection:
        body = {"model": "held", "messages": HELLO["messages"], "stream": True}
        connection.sendall(request("/v1/chat/completions", body, key=MASTER_KEY, connection="close"))
        answer = until(connection, b"one ")
        swap(2), swap(3)
        # The first is the stream's, the second a rollback's.
        assert number(gateway, "draining_generations") == 2
        draining = state(gateway)["draining"]
        assert {entry["name"] for entry in draining} == {"anthropic"} and began_with in [entry["generation"] for entry in draining]
        go_on.set()
        answer += until_closed(connection)
    assert b"two" in answer and b"data: [DONE]" in answer and b'"error"' not in answer, answer
    gateway.wait_for(lambda: number(gateway, "draining_generations") == 1)
    assert began_with not in [entry["generation"] for entry in state(gateway)["draining"]]
    assert gateway.stop() == 0


def test_the_directory_is_looked_at_when_an_admin_says_so(reloading):
    target = reloading.folder / "dropped" / "echo.wasm"
    (reloading.folder / "elsewhere.wasm").write_bytes(variant(301))
    target.unlink()
    target.symlink_to(reloading.folder / "elsewhere.wasm")
    status, told, _ = reloading.post("/plugins/reload", {})
    assert status == 200
    before = echo(reloading)["digest"]
    # Nothing changes in the directory itself, so no event tells of it.
    (reloading.folder / "elsewhere.wasm").write_bytes(variant(302))
    status, told, _ = reloading.post("/plugins/reload", {})
    assert status == 200
    assert next(plugin["digest"] for plugin in told["plugins"] if plugin["name"] == "echo") != before
    audited = json.loads(reloading.get("/audit?action=reloaded")[1])["audit_logs"]
    assert len(audited) == 2 and audited[0]["object_id"] == "plugins"
    key = reloading.post("/key/generate", {})[1]["key"]
    assert reloading.post("/plugins/reload", {}, key)[0] in (401, 403)
    before = echo(reloading)["digest"]
    target.unlink()
    target.write_bytes(variant(303))
    reloading.wait_for(lambda: echo(reloading)["digest"] != before)


def test_a_broken_replacement_leaves_the_good_one_serving(reloading):
    good = echo(reloading)["digest"]
    refused = lambda: [entry for entry in state(reloading)["log"] if entry["what"] == "refused"]
    count = len(refused())
    (reloading.folder / "dropped" / "echo.wasm").write_bytes(component()[:5000])
    reloading.wait_for(lambda: len(refused()) > count)
    assert echo(reloading)["digest"] == good
    assert reloading.get("/v1/chat/completions", body=CHAT)[0] == 200


def test_a_symlink_swap_is_seen(reloading):
    folder = reloading.folder
    (folder / "dropped" / "echo.wasm").unlink()
    for number in (100, 101):
        (folder / f"v{number}.wasm").write_bytes(variant(number))
        before = echo(reloading)["digest"]
        link = folder / "dropped" / "new.tmp"
        link.symlink_to(folder / f"v{number}.wasm")
        link.rename(folder / "dropped" / "echo.wasm")
        reloading.wait_for(lambda: echo(reloading)["digest"] != before)


def test_a_component_that_is_none_is_named(reloading):
    (reloading.folder / "dropped" / "junk.wasm").write_bytes(b"hello")
    named = lambda: any(entry["plugin"] == "junk" and "not a WebAssembly component" in entry["detail"] for entry in state(reloading)["log"])
    reloading.wait_for(named)


def test_a_changed_config_is_in_force_and_a_broken_one_is_not(reloading):
    config = json.loads(reloading.config.read_text())
    config["model_list"].append({"model_name": "second", "litellm_params": {"model": "echo/demo"}})
    reloading.config.write_text(json.dumps(config))
    models = lambda: [model["id"] for model in json.loads(reloading.get("/v1/models")[1])["data"]]
    reloading.wait_for(lambda: "second" in models())
    reloading.config.write_text("model_list: [")
    reloading.wait_for(lambda: b'sluice_config_reloads_total{result="refused"} 1' in reloading.get("/metrics")[1])
    assert "second" in models()


def refusals(gateway):
    found = re.search(rb'sluice_config_reloads_total\{result="refused"\} (\d+)', gateway.get("/metrics")[1])
    return int(found[1]) if found else 0


@pytest.mark.parametrize("spoil, why", [(lambda path: path.write_text(""), "is empty"), (lambda path: path.unlink(), "is gone")])
def test_a_config_that_is_empty_or_gone_takes_no_model_away(reloading, spoil, why):
    models = lambda: [model["id"] for model in json.loads(reloading.get("/v1/models")[1])["data"]]
    before = refusals(reloading)
    spoil(reloading.config)
    reloading.wait_for(lambda: refusals(reloading) == before + 1)
    assert "demo" in models()
    assert f"is not taken over: the file {why}" in reloading.logged()
    config = json.loads(reloading.good)
    config["model_list"].append({"model_name": f"after-{len(why)}", "litellm_params": {"model": "echo/demo"}})
    reloading.config.write_text(json.dumps(config))
    reloading.wait_for(lambda: f"after-{len(why)}" in models())


def test_a_config_is_taken_over_once_the_file_that_it_includes_is_there(reloading):
    config = json.loads(reloading.good)
    config["include"] = ["late.yaml"]
    refused = lambda: int(re.search(rb'sluice_config_reloads_total\{result="refused"\} (\d+)', reloading.get("/metrics")[1])[1])
    before = refused()
    reloading.config.write_text(json.dumps(config))
    reloading.wait_for(lambda: refused() > before)
    late = {"model_list": [{"model_name": "late", "litellm_params": {"model": "echo/demo"}}]}
    (reloading.folder / "late.yaml").write_text(json.dumps(late))
    reloading.wait_for(lambda: "late" in [model["id"] for model in json.loads(reloading.get("/v1/models")[1])["data"]])


def test_included_files_and_the_plugins_section_are_followed_too(reloading):
    config = {
        "include": ["more.yaml"],
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {**RELOADING, "directory": str(reloading.folder / "dropped"), "data_directory": str(reloading.folder / "data"), "limits": {"cpu_ms": 123}},
    }
    more = reloading.folder / "more.yaml"
    included = lambda name: json.dumps({"model_list": [{"model_name": name, "litellm_params": {"model": "echo/demo"}}]})
    models = lambda: [model["id"] for model in json.loads(reloading.get("/v1/models")[1])["data"]]
    more.write_text(included("third"))
    reloading.config.write_text(json.dumps(config))
    reloading.wait_for(lambda: "third" in models())
    assert echo(reloading)["limits"]["cpu_ms"] == 123
    more.write_text(included("fourth"))
    reloading.wait_for(lambda: "fourth" in models() and "third" not in models())


def test_after_a_restart_with_a_broken_file_the_last_good_version_serves(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("restart")
    (folder / "dropped").mkdir()
    file = folder / "dropped" / "echo.wasm"
    file.write_bytes(variant(7))
    config = json.dumps({
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"directory": str(folder / "dropped"), "override": ["echo"], "data_directory": str(warm(folder / "data"))},
    })
    first = Gateway(folder, config)
    good = echo(first)["digest"]
    first.stop()
    file.write_bytes(component()[:9000])
    second = Gateway(folder, config)
    assert echo(second)["digest"] == good
    assert second.get("/v1/chat/completions", body=CHAT)[0] == 200
    second.stop()


def test_a_start_puts_its_config_in_force_once_and_says_each_thing_once(tmp_path, data_dir):
    model = {"model_name": "m", "litellm_params": {"model": "openai/gpt-4o", "api_key": "os.environ/NOT_SET_AT_ALL"}}
    gateway = Gateway(tmp_path, {"model_list": [model], "general_settings": {"master_key": MASTER_KEY}})
    # A change of the database is followed after the first question to it, and is the only one.
    told = {"general_settings": {"store_model_in_db": True}}
    assert gateway.post("/config/update", told)[0] == 200
    gateway.wait_for(lambda: "is in force" in gateway.logged())
    assert gateway.logged().count("is in force") == 1
    assert gateway.logged().count("NOT_SET_AT_ALL") == 1
    assert "no `api_key`" not in gateway.logged()
    assert gateway.stop() == 0


def test_a_directory_that_is_made_later_is_found(tmp_path, data_dir):
    config = {"model_list": [], "general_settings": {"master_key": MASTER_KEY}, "plugins": {**RELOADING, "directory": str(tmp_path / "late" / "dropped")}}
    gateway = Gateway(tmp_path, config)
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "dropped").mkdir()
    (tmp_path / "late" / "dropped" / "echo.wasm").write_bytes(variant(9))
    gateway.wait_for(lambda: echo(gateway)["source"] != "bundled")
    assert "only polled" not in gateway.logged()
    assert gateway.stop() == 0


def test_a_bundled_name_is_taken_unless_the_operator_says_so(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("clash")
    (folder / "dropped").mkdir()
    (folder / "dropped" / "mine.wasm").write_bytes(variant(8))
    config = json.dumps({"model_list": [], "general_settings": {"master_key": MASTER_KEY}, "plugins": {"directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data"))}})
    gateway = Gateway(folder, config)
    assert echo(gateway)["source"] == "bundled"
    assert any("plugins.override" in entry["detail"] for entry in state(gateway)["log"])
    gateway.stop()
    shutil.rmtree(folder / "data")
