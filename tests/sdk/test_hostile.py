"""Components that misbehave, dropped into the folder of a running gateway."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import socket
import threading
import time

import pytest

from conftest import MASTER_KEY, Gateway, Upstream
from warm import warm

GUEST = pathlib.Path(os.environ["SLUICE_GUESTS"]) / "sluice_guest_hostile.wasm"
DEMO = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "hello"}]}).encode()

REFUSED = 'reloads_total{result="refused"}'
BREACHES = 'breaches_total{plugin="hostile"}'

# What a client is told of each deed, and where it is counted.
DEEDS = {
    "loop": ("ran for longer than 1000 ms", 'traps_total{plugin="hostile",kind="out_of_time"}'),
    "sleep": ("slept in `start`, was not done after 2000 ms", 'traps_total{plugin="hostile",kind="out_of_time"}'),
    "bomb": ("wanted more than 64 MiB of memory", 'traps_total{plugin="hostile",kind="out_of_memory"}'),
    "recurse": ("recursed too deep|crashed", 'traps_total{plugin="hostile",kind="'),
    "trap": ("crashed in `start`", 'traps_total{plugin="hostile",kind="crashed"}'),
    "panic": ("crashed in `start`", 'traps_total{plugin="hostile",kind="crashed"}'),
    "large-output": ("wanted more than 64 MiB of memory", 'traps_total{plugin="hostile",kind="out_of_memory"}'),
    "large-state": ("returned a state of 2097152 bytes", 'too_large_total{plugin="hostile"}'),
    "invalid-output": ("the plugin's answer is not the JSON it should be", BREACHES),
    "kept-body": ("a body that was not kept", BREACHES),
    "undeclared-host": ("undeclared.example", BREACHES),
    "ungranted-host": ("declared.example", BREACHES),
    "metadata-address": ("169.254.169.254", BREACHES),
    "unknown-secret": ("master_key", BREACHES),
}


def guest(*exchanged):
    """The hostile guest, with some of its text exchanged for other text of the same length."""
    data = GUEST.read_bytes()
    for old, new in exchanged:
        old, new = old.encode(), new.encode().ljust(len(old))
        assert old in data and len(old) == len(new), old
        data = data.replace(old, new)
    return data


def named(name, *more):
    return guest(('"name":"hostile","hosts"', f'"name":"{name}","hosts"'), *more)


@pytest.fixture(scope="module")
def door():
    """A port that somebody listens at, and nobody is to come to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, data_dir, upstream, door):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "dropped").mkdir()
    home = f"{upstream}/special/limited"
    model = lambda name, **params: {"model_name": name, "litellm_params": {"num_retries": 0, **params}}
    models = [model("demo", model="echo/demo")]
    for deed in ["fine", "log-forgery", "stream-loop", "stream-trap", "files", "environment", "remember", *DEEDS]:
        models.append(model(deed, model=f"hostile/{deed}", api_base=home, api_key="k-secret"))
    models.append(model("socket", model=f"hostile/connect-127.0.0.1:{door.getsockname()[1]}", api_base=home, api_key="k-secret"))
    models.append(model("keyless", model="greedy/send-home", api_base=home))
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY},
        # One try: the answers below are those of the guest.
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "plugins": {
            "directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data")),
            "limits": {"cpu_ms": 1000, "wall_ms": 2000},
        },
    }
    gateway = Gateway(folder, config, {"OPENAI_API_KEY": "k-of-the-environment"})
    yield gateway
    assert gateway.stop() == 0


def ask(gateway, model, **more):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}], **more})
    status, answer, _ = gateway.get("/v1/chat/completions", body=body.encode())
    return status, answer.decode()


def drop_in(gateway, name, data):
    part = gateway.folder / "dropped" / f"{name}.part"
    part.write_bytes(data)
    part.rename(gateway.folder / "dropped" / f"{name}.wasm")


def state(gateway):
    return json.loads(gateway.get("/plugins")[1])


def refusals(gateway, name):
    return [entry["detail"] for entry in state(gateway)["log"] if entry["plugin"] == name and entry["what"] == "refused"]


def refused(gateway, name, data, why):
    """Dropped in, refused for that reason, counted, and taken away again."""
    before = counted(gateway, REFUSED)
    drop_in(gateway, name, data)
    gateway.wait_for(lambda: any(why in detail for detail in refusals(gateway, name)))
    assert counted(gateway, REFUSED) == before + 1
    (gateway.folder / "dropped" / f"{name}.wasm").unlink()


def counted(gateway, metric):
    lines = gateway.get("/metrics")[1].decode().splitlines()
    values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"sluice_plugin_{metric}")]
    return sum(values)


def test_before_it_is_dropped_in_the_missing_plugin_is_named(hostile):
    status, answer = ask(hostile, "fine")
    assert status >= 400 and "hostile" in answer, answer


def reconfigured(gateway, **plugins):
    """The plugins section is changed in the file, and taken over while the gateway runs."""
    taken = lambda: gateway.logged().count("the changed config is in force")
    config, before = json.loads(gateway.config.read_text()), taken()
    config["plugins"] = {name: value for name, value in {**config["plugins"], **plugins}.items() if value is not None}
    gateway.config.write_text(json.dumps(config))
    gateway.wait_for(lambda: taken() > before)
    # Files that were refused are looked at again: until that is done, so that nobody counts them later.
    status, answer, _ = gateway.post("/plugins/reload", {})
    assert status == 200, answer


def granting(refusal):
    """The grants of the line that a refusal names."""
    return json.loads("{" + refusal.split("this line under `plugins.grants` grants it: ")[1] + "}")


def test_one_that_asks_for_what_it_is_not_granted_is_refused_by_name(hostile):
    before = counted(hostile, REFUSED)
    drop_in(hostile, "hostile", guest())
    hostile.wait_for(lambda: refusals(hostile, "hostile"))
    (refusal,) = refusals(hostile, "hostile")
    # Hosts and variables, by name, for whoever reads the log and for whoever asks.
    assert "`hostile` asks for" in refusal and "(hosts declared.example; env HOSTILE_API_KEY)" in refusal
    assert granting(refusal) == {"hostile": {"hosts": ["declared.example"], "env": ["HOSTILE_API_KEY"]}}
    (line,) = [line for line in hostile.logged().splitlines() if "plugin refused" in line]
    assert "WARN" in line and "declared.example" in line and "HOSTILE_API_KEY" in line
    assert counted(hostile, REFUSED) == before + 1
    assert ask(hostile, "fine")[0] >= 400 and "hostile" not in [it["name"] for it in state(hostile)["plugins"]]


def test_a_part_of_it_is_not_enough_and_the_rest_is_named(hostile):
    reconfigured(hostile, grants={"hostile": {"env": ["HOSTILE_API_KEY"]}})
    refusal = refusals(hostile, "hostile")[0]
    assert "(hosts declared.example)" in refusal and len(refusals(hostile, "hostile")) == 2
    assert granting(refusal) == {"hostile": {"hosts": ["declared.example"], "env": ["HOSTILE_API_KEY"]}}
    assert ask(hostile, "fine")[0] >= 400


def test_one_that_the_config_lets_serve_without_is_live_and_its_file_is_not_touched(hostile):
    reconfigured(hostile, grants=None, ungranted={"hostile": "warn"})
    hostile.wait_for(lambda: ask(hostile, "fine")[0] == 200)
    (told,) = [line for line in hostile.logged().splitlines() if "asks for more than" in line]
    assert "WARN" in told and "hosts declared.example; env HOSTILE_API_KEY" in told


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_answered_counted_and_the_next_call_works(hostile, deed):
    said, metric = DEEDS[deed]
    before = counted(hostile, metric)
    status, answer = ask(hostile, deed)
    assert status >= 400 and re.search(said, answer), (status, answer)
    assert "hostile" in answer or "plugin" in answer or "host" in answer
    assert counted(hostile, metric) == before + 1
    # Twice: one that mostly breaks is not asked any more, see below.
    assert all(ask(hostile, "fine")[0] == 200 for _ in range(2))


def told(gateway, model, **more):
    status, answer = ask(gateway, model, **more)
    assert status == 200, answer
    return json.loads(answer)["choices"][0]["message"]["content"]


def asked_in_vain(gateway, what, said):
    """Counted by its kind, and one line of the log has the plugin and the call."""
    assert counted(gateway, f'wasi_refused_total{{plugin="hostile",what="{what}"}}') >= 1
    told = lambda: [line for line in gateway.logged().splitlines() if said in line]
    gateway.wait_for(told)
    (line,) = told()
    assert "WARN" in line and "hostile" in line and re.search(r"call\.id\W+[\w-]{16}", line), line


def test_there_is_no_file_to_read(hostile):
    assert pathlib.Path("/etc/passwd").exists()
    assert told(hostile, "files") == 'Err("refused")'
    asked_in_vain(hostile, "files", "the plugin asked for files: it got no directory to look in")


def test_there_is_no_variable_of_the_environment(hostile):
    assert hostile.environment["HOME"] and hostile.environment["OPENAI_API_KEY"]
    assert told(hostile, "environment") == "0 false"
    asked_in_vain(hostile, "environment", "the plugin asked for the environment: it got none of the gateway's variables")


def test_no_socket_leads_anywhere(hostile, door):
    assert told(hostile, "socket") == 'Err("refused")'
    asked_in_vain(hostile, "sockets", "the plugin asked for a socket: it got none")
    with pytest.raises(BlockingIOError):
        door.accept()


def test_nothing_of_anothers_request_is_in_its_memory(hostile):
    assert told(hostile, "remember", user="the first caller") == ""
    assert told(hostile, "remember", user="the second caller") == ""


TRIES = ("undeclared-host", "ungranted-host", "metadata-address", "unknown-secret", "kept-body")


@pytest.mark.parametrize("deed", TRIES)
def test_what_it_tried_stands_in_the_log_beside_the_call(hostile, deed):
    body = json.dumps({"model": deed, "messages": [{"role": "user", "content": "hello"}]}).encode()
    _, _, headers = hostile.post("/v1/chat/completions", body)
    lines = lambda: [line for line in hostile.logged().splitlines() if headers["x-litellm-call-id"] in line and "call failed" in line]
    hostile.wait_for(lines)
    (line,) = lines()
    assert DEEDS[deed][0] in line and 'provider="hostile"' in line and "ERROR" in line
    assert "k-secret" not in line
    assert all(ask(hostile, "fine")[0] == 200 for _ in range(2))


@pytest.mark.parametrize("end", ["loop", "trap"])
def test_a_guest_that_breaks_on_a_stream_fails_that_stream_only(hostile, end):
    status, answer = ask(hostile, f"stream-{end}", stream=True)
    assert status >= 400 or '"error"' in answer, answer
    assert all(ask(hostile, "fine")[0] == 200 for _ in range(2))


def test_what_a_guest_logs_cannot_pass_for_a_line_of_the_gateway(hostile):
    assert ask(hostile, "log-forgery")[0] == 200
    written = lambda: (hostile.folder / "log.txt").read_bytes()
    hostile.wait_for(lambda: b"fine\\nERROR all is lost" in written())
    log = written()
    assert b"\nERROR all is lost" not in log and b"\x1b[2J" not in log
    assert max(map(len, log.splitlines())) < 9_000


def test_while_it_loops_the_calls_of_others_are_not_disturbed(hostile):
    stop, broken = threading.Event(), []

    # Calls that go well in between: one that only breaks is not asked any more, see below.
    def loop():
        while not stop.is_set():
            broken.append(ask(hostile, "loop")[0])
            assert all(ask(hostile, "fine")[0] == 200 for _ in range(3))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loops = [pool.submit(loop) for _ in range(4)]
        hostile.wait_for(lambda: counted(hostile, 'instances{plugin="hostile"}') >= 4)
        slowest = 0
        for _ in range(100):
            started = time.monotonic()
            status, answer, _ = hostile.get("/v1/chat/completions", body=DEMO)
            slowest = max(slowest, time.monotonic() - started)
            assert status == 200, answer
        stop.set()
        for it in loops:
            it.result()
    assert broken and set(broken) == {500}, set(broken)
    # Four guests that compute all the time share the processors with every call, but none waits
    # for one of them to be stopped.
    assert slowest < 5, slowest


def test_one_that_never_describes_itself_disturbs_nobody_and_is_refused(hostile):
    for mood, why in [("loop", "ran for longer than 5000 ms"), ("sleep", "slept in `describe`")]:
        drop_in(hostile, "mute", named("mute", ("mood=calm        ", f"mood={mood}")))
        calls = 0
        while not any(why in detail for detail in refusals(hostile, "mute")):
            status, answer, _ = hostile.get("/v1/chat/completions", body=DEMO)
            assert status == 200, answer
            calls += 1
        assert calls > 5
    # It is known to be bad, and the folder goes on being watched.
    (hostile.folder / "dropped" / "mute.wasm").unlink()
    refused(hostile, "after", b"hello", "not a WebAssembly component")


def test_a_name_that_is_not_its_own_is_refused(hostile):
    thief = named("openai", ('{"name":"hostile","version"', '{"name":"thief","version"'))
    refused(hostile, "thief", thief, "the provider `openai` is in both plugins")
    whole = guest(('{"name":"hostile","version"', '{"name":"openai","version"'))
    refused(hostile, "impostor", whole, "`openai` is taken")
    refused(hostile, "double", guest(), "`hostile` is taken")


def test_an_environment_variable_that_is_not_its_own_stays_away_from_it(hostile):
    data = guest(
        ('{"name":"hostile","version"', '{"name":"greedy","version"'),
        ('"name":"hostile","hosts"', '"name":"greedy","hosts"'),
        ('"HOSTILE_API_KEY"', '"OPENAI_API_KEY"'),
    )
    drop_in(hostile, "greedy", data)
    hostile.wait_for(lambda: refusals(hostile, "greedy"))
    assert "env OPENAI_API_KEY)" in refusals(hostile, "greedy")[0]
    # Where it is let serve all the same, it serves without.
    reconfigured(hostile, ungranted={"hostile": "warn", "greedy": "warn"})
    mine = lambda: [plugin for plugin in state(hostile)["plugins"] if plugin["name"] == "greedy"]
    hostile.wait_for(mine)
    provider = mine()[0]["providers"][0]
    assert provider["asks"]["env"] == ["OPENAI_API_KEY"] and provider["granted"]["env"] == []
    # It is named at once, not only when a call needs it.
    (told,) = [line for line in hostile.logged().splitlines() if "greedy" in line and "asks for more than" in line]
    assert "WARN" in told and "OPENAI_API_KEY" in told and "declared.example" in told
    Upstream.seen.clear()
    status, answer = ask(hostile, "keyless")
    assert status >= 400, answer
    assert all("k-of-the-environment" not in str(seen) for seen in Upstream.seen)


def test_another_contract_and_a_forbidden_import_are_refused_by_name(hostile):
    refused(hostile, "newer", guest(("@0.1.0", "@9.9.9")), "contract version 9.9.9; this gateway runs 0.1.0")
    refused(hostile, "nosy", guest(("wasi:cli/stderr@", "wasi:www/stderr@")), "imports `wasi:www/stderr@")


def test_one_that_only_breaks_is_not_asked_for_a_while(hostile):
    mine = lambda: next(plugin for plugin in state(hostile)["plugins"] if plugin["name"] == "hostile")
    tries = 0
    while mine()["state"] == "serving":
        assert ask(hostile, "trap")[0] == 500
        tries += 1
        assert tries < 500
    status, answer = ask(hostile, "fine")
    assert status == 503 and "not asked for another" in answer, (status, answer)
    assert counted(hostile, 'circuit_open{plugin="hostile"}') == 1
    assert counted(hostile, 'not_asked_total{plugin="hostile"}') >= 1
    # A new version starts anew.
    drop_in(hostile, "hostile", guest() + bytes([0, 2, 1]) + b"n")
    hostile.wait_for(lambda: ask(hostile, "fine")[0] == 200)


def test_a_version_that_asks_for_more_than_it_is_granted_leaves_the_old_one_serving(hostile):
    serving = lambda: next(it["digest"] for it in state(hostile)["plugins"] if it["name"] == "hostile")
    reconfigured(hostile, ungranted=None)
    # What serves already goes on, and is named.
    assert "the plugin that serves is not one that the config allows" in hostile.logged()
    granted = {"hostile": {"hosts": ["declared.example"], "env": ["HOSTILE_API_KEY"]}}
    reconfigured(hostile, grants=granted)
    drop_in(hostile, "hostile", guest() + bytes([0, 2, 1]) + b"g")
    hostile.wait_for(lambda: serving() == hashlib.sha256(guest() + bytes([0, 2, 1]) + b"g").hexdigest())

    old = serving()
    more = guest(("declared.example", "declared.exampla"), ("HOSTILE_API_KEY", "HOSTILE_NEW_KEY"))
    drop_in(hostile, "hostile", more)
    named = lambda: [it for it in refusals(hostile, "hostile") if "(hosts declared.exampla; env HOSTILE_NEW_KEY)" in it]
    hostile.wait_for(named)
    (refusal,) = named()
    assert serving() == old and ask(hostile, "fine")[0] == 200
    # The line that is named lets it in, without a restart, and takes nothing away.
    assert granting(refusal)["hostile"]["hosts"] == ["declared.example", "declared.exampla"]
    reconfigured(hostile, grants=granting(refusal))
    hostile.wait_for(lambda: serving() == hashlib.sha256(more).hexdigest())
    assert ask(hostile, "fine")[0] == 200


def taking_back(folder, rollback):
    (folder / "dropped").mkdir(exist_ok=True)
    params = {"model": "hostile/fine", "api_base": "http://127.0.0.1:9", "api_key": "k-secret", "num_retries": 0}
    config = {
        "model_list": [{"model_name": "fine", "litellm_params": params}],
        "general_settings": {"master_key": MASTER_KEY},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "plugins": {"directory": str(folder / "dropped"), "data_directory": str(warm(folder / "data")), "rollback": rollback, "ungranted": "warn"},
    }
    gateway = Gateway(folder, config)
    gateway.wait_for(lambda: ask(gateway, "fine")[0] == 200 or not (folder / "dropped" / "hostile.wasm").exists())
    return gateway


# Five traps open the circuit. Where a rollback asks for more failures, the calls that are not made
# are failures, too: the old version comes back rather than that everybody waits.
@pytest.mark.parametrize("rollback, told", [({}, [500] * 5), ({"min_failures": 8}, [500] * 5 + [503] * 3)])
def test_a_new_version_that_traps_is_taken_back_and_stays_away_after_a_restart(tmp_path, data_dir, rollback, told):
    gateway = taking_back(tmp_path, rollback)
    serving = lambda: next(plugin for plugin in state(gateway)["plugins"] if plugin["name"] == "hostile")
    drop_in(gateway, "hostile", guest())
    gateway.wait_for(lambda: ask(gateway, "fine")[0] == 200)
    good = serving()["digest"]
    drop_in(gateway, "hostile", guest(("start=calm", "start=trap")))
    gateway.wait_for(lambda: serving()["digest"] != good)
    bad, answers = serving()["digest"], []
    while len(answers) < len(told):
        answers.append(ask(gateway, "fine"))
    assert [status for status, _ in answers] == told, answers
    assert "crashed in `start`" in answers[0][1] and (told[-1] == 500 or "not asked for another" in answers[-1][1])
    gateway.wait_for(lambda: serving()["digest"] == good)
    assert ask(gateway, "fine")[0] == 200 and serving()["state"] == "serving"
    noted = [entry for entry in state(gateway)["log"] if entry["what"] == "rolled-back"]
    assert [entry["digest"] for entry in noted] == [bad] and f"{len(told)} failures of its own" in noted[0]["detail"]
    assert "rolled back" in serving()["last_error"] and bad in state(gateway)["quarantined"]
    assert "the plugin's new version is taken back" in gateway.logged()
    assert counted(gateway, 'reloads_total{result="rolled-back"}') == 1
    assert gateway.stop() == 0
    # The bad file still lies there.
    gateway = taking_back(tmp_path, rollback)
    assert serving()["digest"] == good and ask(gateway, "fine")[0] == 200
    assert gateway.stop() == 0


def test_nothing_of_it_is_left(hostile):
    hostile.wait_for(lambda: counted(hostile, 'instances{plugin="hostile"}') == 0)
    assert ask(hostile, "fine")[0] == 200
    assert hostile.get("/plugins", key="sk-wrong")[0] == 401
