"""What each language costs: the examples, built, dropped into gateways, and called.

    SLUICE_BINARY=target/release/sluice python3 tests/bench/languages.py [language...]

The tools are found as `build.sh` finds them, and have built before: it is the second build that counts. Prints rows of the
table in docs/plugins.md. All is CPU time, which a busy machine hardly disturbs:

- build: of the build's processes;
- compile, load: of the gateway between the copy and the moment that the plugin serves, less what it takes to wait. Once
  without machine code, once with it;
- first, warm: of the component, in one request; warm is the median. A provider's is a chat of 1 KB with an answer of 750
  bytes (`start` and `resume`), a guardrail's a text of 1 KB that it masks, a callback's one record that it posts;
- fresh: the same with the making of instances, in isolation `fresh`, where each step has one of its own. Two gateways
  take turns, and what the second takes more for a request is added to `warm`.
"""

import collections
import contextlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENDINGS = {"rust": "rs", "c": "c", "go": "go", "javascript": "js", "typescript": "ts", "python": "py"}
KINDS = {"provider": "acme", "guardrail": "words", "callback": "digest"}
NAMES = {kind: [f"{begin}-{ending}" for ending in ENDINGS.values()] for kind, begin in KINDS.items()}
# Requests of which the median is warm; of a turn; and turns of each gateway.
CALLS, TURN, TURNS = 100, 100, 9
FIRST_PORT, UPSTREAM = 18095, 18094
TICKS = os.sysconf("SC_CLK_TCK")
TEXT = "tell me more of Project X " * 40
ANSWER = "word " * 150
COLUMNS = ["component", "build", "compile", "load", "first call", "warm call", "fresh call", "memory"]


class Acme(BaseHTTPRequestHandler):
    """The service of the examples, one that speaks OpenAI's dialect, and the place that digests are posted to."""

    protocol_version = "HTTP/1.1"
    digests = collections.Counter()

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if "digest" in self.path:
            answer = {}
            Acme.digests[self.path] += 1
        elif self.path.endswith("/chat/completions"):
            message = {"role": "assistant", "content": ANSWER}
            usage = {"prompt_tokens": 200, "completion_tokens": 150, "total_tokens": 350}
            answer = {"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        else:
            answer = {"text": ANSWER, "stopped": "end", "asked": 200, "answered": 150}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Gateway:
    """One that begins with an empty folder of plugins, and may find machine code that another has left."""

    made = 0

    def __init__(self, folder, isolation):
        Gateway.made += 1
        self.port = FIRST_PORT + Gateway.made
        self.isolation = isolation
        own = folder / f"gateway-{Gateway.made}"
        self.plugins = own / "plugins"
        self.plugins.mkdir(parents=True)
        (own / "data").mkdir()
        machine_code = folder / "machine-code"
        machine_code.mkdir(exist_ok=True, mode=0o700)
        (own / "data" / "machine-code").symlink_to(machine_code)
        config = own / "config.yaml"
        config.write_text(json.dumps(self.config(own)))
        command = [os.environ["SLUICE_BINARY"], "serve", "--config", config, "--host", "127.0.0.1", "--port", str(self.port)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(own)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: self.ask("/health/readiness"))

    def config(self, own):
        base = f"http://127.0.0.1:{UPSTREAM}"
        params = {"api_base": base, "api_key": "k"}
        models = [{"model_name": it, "litellm_params": {"model": f"{it}/m", **params}} for it in NAMES["provider"]]
        told = {"model": "openai/m", "api_base": f"{base}/v1", "api_key": "k"}
        words = {"mode": "pre_call", "words": ["Project X"], "action": "mask"}
        digest = {**params, "batch_size": 1, "flush_interval": 0.1}
        return {
            "model_list": [*models, {"model_name": "told", "litellm_params": told}],
            "guardrails": [{"guardrail_name": it, "litellm_params": {"guardrail": it, **words}} for it in NAMES["guardrail"]],
            "litellm_settings": {"callbacks": NAMES["callback"]},
            "callback_settings": {it: {**digest, "path": self.path(it)} for it in NAMES["callback"]},
            "plugins": {
                "directory": str(self.plugins),
                "data_directory": str(own / "data"),
                "isolation": {name: self.isolation for names in NAMES.values() for name in names},
            },
        }

    def path(self, name):
        """Where a callback of this gateway posts to."""
        return f"/{self.port}/{name}"

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body and json.dumps(body).encode(), headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def until(self, done):
        while True:
            try:
                if found := done():
                    return found
            except OSError:
                pass
            assert self.process.poll() is None, "the gateway has ended"
            time.sleep(0.1)

    def plugin(self, name):
        return next((it for it in self.ask("/plugins")["plugins"] if it["name"] == name), None)

    def stats(self, name):
        return self.plugin(name)["stats"]

    def cpu(self):
        """Of every thread that is there and was there."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def fine_cpu(self):
        """Of the threads that are there, in seconds; exact."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def drop(self, component, name):
        """CPU seconds until it serves, less what the gateway takes to be asked and to wait."""
        began, cpu = time.monotonic(), self.cpu()
        shutil.copy(component, self.plugins / component.name)
        self.until(lambda: self.plugin(name))
        spent, waited = self.cpu() - cpu, time.monotonic() - began
        idle, cpu = time.monotonic() + 2, self.cpu()
        while time.monotonic() < idle:
            self.plugin(name)
            time.sleep(0.1)
        return max(spent - (self.cpu() - cpu) / 2 * waited, 0)

    def call(self, kind, name, times):
        """Makes requests, one after the other, and waits until callbacks have posted all of them."""
        digests = Acme.digests[self.path(name)] + times
        for _ in range(times):
            if kind == "guardrail":
                self.ask("/guardrails/apply_guardrail", {"guardrail_name": name, "text": TEXT})
            else:
                model = name if kind == "provider" else "told"
                self.ask("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": TEXT}]})
        while kind == "callback" and Acme.digests[self.path(name)] < digests:
            time.sleep(0.01)

    def computing(self, kind, name):
        """CPU seconds of the component in one request."""
        before = self.stats(name)
        self.call(kind, name, 1)
        self.until(lambda: self.stats(name)["calls"] > before["calls"])
        return self.stats(name)["cpu_seconds"] - before["cpu_seconds"]

    def turn(self, kind, name):
        """CPU seconds of the whole gateway for a request."""
        before = self.fine_cpu()
        self.call(kind, name, TURN)
        return (self.fine_cpu() - before) / TURN

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def build(language, kind):
    folder = ROOT / "examples" / f"{language}-{kind}"
    for source in folder.rglob("*.rs"):
        source.touch()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["sh", "build.sh"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return folder / f"{KINDS[kind]}-{ENDINGS[language]}.wasm", cpu


def measured(kept, fresh, kind, component):
    """How it is when its machine code is there."""
    name = component.stem
    load = kept.drop(component, name)
    first = kept.computing(kind, name)
    warm = statistics.median(kept.computing(kind, name) for _ in range(CALLS))
    fresh.drop(component, name)
    # One after the other, because a machine is not as fast all the time.
    more = statistics.median(-kept.turn(kind, name) + fresh.turn(kind, name) for _ in range(TURNS))
    row = [f"{load * 1000:.0f} ms", f"{first * 1000:.2f} ms", f"{warm * 1e6:.0f} µs", f"{(warm + more) * 1e6:.0f} µs"]
    return [*row, f"{kept.stats(name)['memory_high_water'] / 1e6:.1f} MB"]


@contextlib.contextmanager
def pair(folder):
    """A gateway that keeps instances, and one that makes one for each step."""
    both = Gateway(folder, "pooled"), Gateway(folder, "fresh")
    yield both
    for gateway in both:
        gateway.stop()


def main():
    server = ThreadingHTTPServer(("127.0.0.1", UPSTREAM), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    languages = sys.argv[1:] or list(ENDINGS)
    asked = [(language, kind) for language in languages for kind in KINDS]
    rows, components = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        first = Gateway(folder, "pooled")
        for language, kind in asked:
            component, cpu = build(language, kind)
            components[language, kind] = component
            compiled = first.drop(component, component.stem)
            rows[language, kind] = [f"{component.stat().st_size / 1e6:.2f} MB", f"{cpu:.1f} s", f"{compiled:.1f} s"]
        first.stop()
        for language, kind in asked:
            # Of their own, because callbacks are called by every chat.
            with pair(folder) as (kept, fresh):
                rows[language, kind] += measured(kept, fresh, kind, components[language, kind])
            print(language, kind, *rows[language, kind], file=sys.stderr, flush=True)
    print("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    for (language, kind), row in rows.items():
        print(f"| {language} {kind} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
