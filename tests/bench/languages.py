"""What each language costs: the examples, built, dropped into a gateway, and called.

    SLUICE_BINARY=target/release/sluice python3 tests/bench/languages.py [language...]

The tools are found as `build.sh` finds them, and have built before: it is the second build that counts. CPU is user and system time: of the build's processes, and of the gateway
between the copy and the moment that the plugin serves, so that what waits does not count. Prints rows of the table in
docs/plugins.md; on a busy machine CPU is the figure that is hardly disturbed.
"""

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
CALLS, PORT, UPSTREAM = 100, 18095, 18096
TICKS = os.sysconf("SC_CLK_TCK")
TEXT = "tell me more of Project X " * 40


class Acme(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        data = json.dumps({"text": "word " * 150, "stopped": "end", "asked": 200, "answered": 150}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Gateway:
    """One that begins with an empty folder of plugins."""

    def __init__(self, folder):
        self.plugins = folder / "plugins"
        shutil.rmtree(self.plugins, ignore_errors=True)
        self.plugins.mkdir()
        names = [f"{kind}-{ending}" for kind in KINDS.values() for ending in ENDINGS.values()]
        params = {"api_base": f"http://127.0.0.1:{UPSTREAM}", "api_key": "k"}
        words = {"mode": "pre_call", "words": ["Project X"], "action": "mask"}
        config = {
            "model_list": [{"model_name": it, "litellm_params": {"model": f"{it}/m", **params}} for it in names if it.startswith("acme")],
            "guardrails": [{"guardrail_name": it, "litellm_params": {"guardrail": it, **words}} for it in names if it.startswith("words")],
            "plugins": {"directory": str(self.plugins), "data_directory": str(folder / "data"), "isolation": {it: "pooled" for it in names}},
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        command = [os.environ["SLUICE_BINARY"], "serve", "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(PORT)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: self.ask("/health/readiness"))

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data=body and json.dumps(body).encode(), headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
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

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

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

    def call(self, kind, name):
        """CPU seconds of the component and seconds of the client."""
        before, began = self.plugin(name)["stats"]["cpu_seconds"], time.perf_counter()
        if kind == "provider":
            self.ask("/v1/chat/completions", {"model": name, "messages": [{"role": "user", "content": TEXT}]})
        else:
            self.ask("/guardrails/apply_guardrail", {"guardrail_name": name, "text": TEXT})
        took = time.perf_counter() - began
        return self.plugin(name)["stats"]["cpu_seconds"] - before, took

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


def measured(gateway, language, kind, component):
    """How it is when its machine code is there."""
    name = f"{KINDS[kind]}-{ENDINGS[language]}"
    row = [f"{gateway.drop(component, name) * 1000:.0f} ms"]
    if kind == "callback":
        row += ["", "", ""]
    else:
        first, _ = gateway.call(kind, name)
        warm = [gateway.call(kind, name) for _ in range(CALLS)]
        cpu, took = (statistics.median(values) for values in zip(*warm))
        row += [f"{first * 1000:.2f} ms", f"{cpu * 1e6:.0f} µs", f"{took * 1000:.1f} ms"]
    return [*row, f"{gateway.plugin(name)['stats']['memory_high_water'] / 1e6:.1f} MB"]


def main():
    server = ThreadingHTTPServer(("127.0.0.1", UPSTREAM), Acme)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked = [(language, kind) for language in sys.argv[1:] or ENDINGS for kind in KINDS]
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(pathlib.Path(folder))
        components = {}
        for language, kind in asked:
            component, cpu = build(language, kind)
            components[language, kind] = component
            compiled = gateway.drop(component, component.stem)
            rows[language, kind] = [f"{component.stat().st_size / 1e6:.2f} MB", f"{cpu:.1f} s", f"{compiled:.1f} s"]
        gateway.stop()
        gateway = Gateway(pathlib.Path(folder))
        print("| | component | build | compile | load | first call | warm call | request | memory |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        for language, kind in asked:
            row = rows[language, kind] + measured(gateway, language, kind, components[language, kind])
            print(f"| {language} {kind} | " + " | ".join(row) + " |", flush=True)
        gateway.stop()


if __name__ == "__main__":
    main()
