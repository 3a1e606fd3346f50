"""The gateway under load on loopback, beside nginx `proxy_pass` before the same upstream.

    python3 tests/bench/run.py <folder with the release binary> [seconds]

The upstream is an nginx of its own that answers from memory. CPU is the process's user and system
time over the answers of the run; on a busy machine it is the figure that is hardly disturbed.
"""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import patient

TICKS = os.sysconf("SC_CLK_TCK")
MASTER = "sk-of-the-bench-77aa"
# Made by the gateway when it runs: of a user in a team, each with a budget and limits that hold.
KEY = ""

ANSWER = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 150}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 200, "completion_tokens": 150, "total_tokens": 350}}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": "word " * 150}], "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 200, "output_tokens": 150}}
BODY = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "tell me more " * 75}], "temperature": 0.5}


def chunk(delta, finish=None):
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


OPENAI_STREAM = "".join(f"data: {json.dumps(it)}\n\n" for it in [chunk({"role": "assistant", "content": ""}), *[chunk({"content": "word "})] * 20, chunk({}, "stop")]) + "data: [DONE]\n\n"
ANTHROPIC_STREAM = "".join(f"event: {it['type']}\ndata: {json.dumps(it)}\n\n" for it in [
    {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 200, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}}] * 17,
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 20}},
    {"type": "message_stop"}])

UPSTREAM, PROXY, GATEWAY, HELD = 18081, 18082, 18083, 18084
HEALTHY, STALLED = (18085, 18086, 18087), 18088
# The healthy ones' slowest, and what the gateway adds to it.
FIRST_TOKEN_TIMEOUT = patient.LATE + 0.02
CHAT = "/v1/chat/completions"
# Workers of an nginx that root starts would not read this user's folder.
OWNER = "user root;" if os.geteuid() == 0 else ""


def nginx(folder, name, server):
    root = folder / name
    root.mkdir()
    config = root / "nginx.conf"
    config.write_text(f"""
daemon off; {OWNER} pid {root}/pid; error_log {root}/error.log; worker_processes 1;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
  keepalive_requests 1000000; client_max_body_size 0; {server} }}""")
    return subprocess.Popen(["nginx", "-c", str(config), "-p", str(root)], stderr=subprocess.DEVNULL)


def location(number, path, text, kind):
    """A place that answers every POST with `text`; nginx takes at most 4096 characters at once."""
    pieces = [text[at:at + 3000] for at in range(0, len(text), 3000)]
    names = [f"$a{number}_{at}" for at in range(len(pieces))]
    sets = " ".join(f"set {name} '{piece}';" for name, piece in zip(names, pieces))
    return f"location = {path} {{ default_type {kind}; {sets} return 200 '{''.join('${' + name[1:] + '}' for name in names)}'; }}"


def upstream_config():
    places = [("/openai/chat/completions", json.dumps(ANSWER), "application/json"), ("/anthropic/v1/messages", json.dumps(MESSAGE), "application/json"), ("/openai-stream/chat/completions", OPENAI_STREAM, "text/event-stream"), ("/anthropic-stream/v1/messages", ANTHROPIC_STREAM, "text/event-stream")]
    listed = " ".join(location(number, *place) for number, place in enumerate(places))
    return f"server {{ listen 127.0.0.1:{UPSTREAM}; {listed} }}"


PROXY_CONFIG = f"upstream u {{ server 127.0.0.1:{UPSTREAM}; keepalive 128; }} server {{ listen 127.0.0.1:{PROXY}; location / {{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ''; }} }}"


def children(pid):
    listed = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *[int(child) for child in listed]]


def cpu(pid):
    total = 0
    for one in children(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def load(folder, url, body, seconds, connections):
    script = folder / "post.lua"
    text = json.dumps(body).replace("\\", "\\\\").replace("'", "\\'")
    script.write_text(f"wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\nwrk.headers['authorization'] = 'Bearer {KEY}'\nwrk.body = '{text}'\n")
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url], capture_output=True, text=True, check=True).stdout
    find = lambda pattern: re.search(pattern, done)
    bad = find(r"Non-2xx or 3xx responses: (\d+)")
    return {"requests": int(find(r"(\d+) requests in")[1]), "rate": float(find(r"Requests/sec:\s+([\d.]+)")[1]), "p50": find(r"50%\s+(\S+)")[1], "p99": find(r"99%\s+(\S+)")[1], "bad": int(bad[1]) if bad else 0}


def tool(target, *arguments):
    """Runs sluice-load; gives what it reports, as numbers by name."""
    done = subprocess.run([target / "sluice-load", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"sluice-load {arguments[0]}: {done.stderr}")
    return numbers(done.stdout)


def numbers(report):
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", report)}


def paced(target, folder, port, path, body, rate, connections, seconds):
    file = folder / "body.json"
    file.write_text(json.dumps(body))
    return tool(target, "paced", f"127.0.0.1:{port}", path, KEY, file, rate, connections, seconds)


def added_latency(target, folder, seconds):
    """Open loop: a request's time counts from when it was due."""
    print("\n| 2,000 requests/s, 64 connections | p50 | p99 | added p50 | added p99 |\n|---|---|---|---|---|")
    for title, path, model in (("OpenAI identity path", "/openai/chat/completions", "openai"), ("Anthropic translated", "/anthropic/v1/messages", "anthropic")):
        body = {**BODY, "model": model}
        direct = paced(target, folder, UPSTREAM, path, body, 2000, 64, seconds)
        through = paced(target, folder, GATEWAY, CHAT, body, 2000, 64, seconds)
        added = [through[name] - direct[name] for name in ("p50_ms", "p99_ms")]
        print(f"| {title} | {through['p50_ms']:.2f} ms | {through['p99_ms']:.2f} ms | {added[0]:.2f} ms | {added[1]:.2f} ms |", flush=True)


def large_bodies(target, folder, gateway):
    """A 5 MB image in base64, one request after the other; the peak of memory says how many copies stand at once."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000_000}}
    body = {"model": "openai", "messages": [{"role": "user", "content": [{"type": "text", "text": "what is this"}, image]}]}
    paced(target, folder, GATEWAY, CHAT, body, 5, 1, 2)
    before, resting = cpu(gateway.pid), rss(gateway.pid)
    pathlib.Path(f"/proc/{gateway.pid}/clear_refs").write_text("5")
    result = paced(target, folder, GATEWAY, CHAT, body, 5, 1, 10)
    spent = (cpu(gateway.pid) - before) / result["requests"] * 1000
    print(f"\n5 MB body, OpenAI identity path: {spent:.1f} ms CPU a request; peak memory {peak(gateway.pid) - resting:.0f} MiB over resting", flush=True)


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def held_streams(target, gateway, seconds):
    print("\n| streams held, one event a second each | memory over idle | event delay p50 | p99 | max |\n|---|---|---|---|---|")
    for streams in (1000, 5000):
        idle = rss(gateway.pid)
        held = subprocess.Popen([target / "sluice-load", "hold", f"127.0.0.1:{GATEWAY}", KEY, "held", f"127.0.0.1:{HELD}", str(streams), str(seconds)], stdout=subprocess.PIPE, text=True)
        if held.stdout.readline().strip() != "held":
            sys.exit("sluice-load could not hold its streams")
        grown = rss(gateway.pid) - idle
        result = numbers(held.stdout.read())
        if held.wait():
            sys.exit("sluice-load hold failed")
        print(f"| {streams} | {grown:.0f} MiB | {result['p50_ms']:.1f} ms | {result['p99_ms']:.1f} ms | {result['max_ms']:.1f} ms |", flush=True)


def trios():
    """Two groups of three deployments: one of the second's stalls."""
    ports = {"trio": HEALTHY, "trio-stalled": (*HEALTHY[:2], STALLED)}
    return [{"model_name": name, "litellm_params": {"model": "openai/gpt-4o", "api_base": f"http://127.0.0.1:{port}", "api_key": "k", "first_token_timeout": FIRST_TOKEN_TIMEOUT}} for name, all in ports.items() for port in all]


def stalled(target, folder, seconds):
    """Open loop; the stalled deployment rests as the defaults have it, and is tried again."""
    patient.Patient(HEALTHY, STALLED, OPENAI_STREAM)
    print(f"\n| 100 streams/s, three deployments whose first token comes after {patient.USUAL} to {patient.LATE} s | p50 | p99 |\n|---|---|---|")
    late = {}
    for title, model in (("all well", "trio"), ("one stalls", "trio-stalled")):
        result = paced(target, folder, GATEWAY, CHAT, {**BODY, "model": model, "stream": True}, 100, 128, max(seconds, 10))
        late[title] = result["p99_ms"]
        print(f"| {title} | {result['p50_ms']:.0f} ms | {result['p99_ms']:.0f} ms |", flush=True)
    print(f"\np99 with one that stalls: {late['one stalls'] / late['all well']:.2f} times the healthy one; to reach: at most 2.0", flush=True)


def manage(path, body):
    """A call of the management API by the master key."""
    request = urllib.request.Request(f"http://127.0.0.1:{GATEWAY}{path}", json.dumps(body).encode(), {"authorization": f"Bearer {MASTER}", "content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=10))


def make_key():
    holds = {"max_budget": 1_000_000, "rpm_limit": 100_000_000, "tpm_limit": 10_000_000_000}
    team = manage("/team/new", {"team_alias": "bench", **holds})["team_id"]
    user = manage("/user/new", {"user_id": "bench", "auto_create_key": False, "max_budget": 1_000_000})["user_id"]
    return manage("/key/generate", {"team_id": team, "user_id": user, **holds})["key"]


def wait(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{url} did not come up")


def main():
    # Held streams need two sockets each.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    target, seconds = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        base = f"http://127.0.0.1:{UPSTREAM}"
        models = {"openai": f"openai/gpt-4o", "anthropic": "anthropic/claude-sonnet-4-5"}
        listed = [{"model_name": provider + suffix, "litellm_params": {"model": model, "api_base": f"{base}/{provider}{suffix}", "api_key": "k"}} for provider, model in models.items() for suffix in ("", "-stream")]
        listed.append({"model_name": "echo", "litellm_params": {"model": "echo/demo", "input_cost_per_token": 0, "output_cost_per_token": 0}})
        listed.append({"model_name": "held", "litellm_params": {"model": "openai/gpt-4o", "api_base": f"http://127.0.0.1:{HELD}", "api_key": "k"}})
        listed.extend(trios())
        (folder / "config.yaml").write_text(json.dumps({"model_list": listed, "general_settings": {"master_key": MASTER}}))
        started = []
        try:
            started.append(nginx(folder, "upstream", upstream_config()))
            started.append(nginx(folder, "proxy", PROXY_CONFIG))
            environment = {**os.environ, "SLUICE_DATA_DIR": str(folder / "data"), "SLUICE_STATE_DIR": str(folder / "state"), "SLUICE_LOG": "warn"}
            command = [target / "sluice", "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(GATEWAY)]
            log = open(folder / "log.txt", "wb")
            # The first start compiles the components; the second one is the usual one.
            subprocess.run([target / "sluice", "check", "--config", folder / "config.yaml"], env=environment, stdout=log, stderr=log, check=True)
            begun = time.monotonic()
            gateway = subprocess.Popen(command, env=environment, stderr=log)
            started.append(gateway)
            wait(f"http://127.0.0.1:{GATEWAY}/health/readiness")
            print(f"start to first answer, warm: {time.monotonic() - begun:.2f} s")
            for port in (UPSTREAM, PROXY, GATEWAY):
                wait(f"http://127.0.0.1:{port}/health/readiness")
            time.sleep(1)
            global KEY
            KEY = make_key()
            print(f"idle RSS of the gateway: {rss(gateway.pid):.0f} MiB\n")
            print("| what | connections | requests/s | p50 | p99 | CPU per request | failed |\n|---|---|---|---|---|---|---|")
            chat = f"http://127.0.0.1:{GATEWAY}/v1/chat/completions"
            runs = [("nginx proxy_pass", started[1].pid, f"http://127.0.0.1:{PROXY}/openai/chat/completions", {**BODY, "model": "gpt-4o"})]
            runs += [(title, gateway.pid, chat, {**BODY, "model": model, **more}) for title, model, more in (
                ("chat, OpenAI identity path", "openai", {}), ("chat, Anthropic translated", "anthropic", {}),
                ("22-event stream, OpenAI identity path", "openai-stream", {"stream": True}), ("22-event stream, Anthropic translated", "anthropic-stream", {"stream": True}),
                ("chat, echo (no upstream)", "echo", {}))]
            for title, pid, url, body in runs:
                load(folder, url, body, 1, 64)
                before = cpu(pid)
                result = load(folder, url, body, seconds, 64)
                spent = (cpu(pid) - before) / max(result["requests"], 1) * 1e6
                print(f"| {title} | 64 | {result['rate']:.0f} | {result['p50']} | {result['p99']} | {spent:.0f} us | {result['bad']} |", flush=True)
            print(f"\nRSS of the gateway after load: {rss(gateway.pid):.0f} MiB", flush=True)
            added_latency(target, folder, seconds)
            large_bodies(target, folder, gateway)
            held_streams(target, gateway, seconds)
            stalled(target, folder, seconds)
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait(timeout=40)


main()
