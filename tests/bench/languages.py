"""What each language costs: the examples, built, and measured by `sluice plugin bench`.

    SLUICE_BINARY=target/release/sluice python3 tests/bench/languages.py [language...]

The tools are found as `build.sh` finds them, and have built before: it is the second build that counts. Prints rows of the
table in docs/plugins.md:

- build: CPU time of the build's processes;
- compile: what CPU time `sluice plugin check` takes more without the component's machine code than with it;
- load: time until that code is there again, when it is kept;
- warm, fresh: time of the example's first fixture in an instance that is kept, and with the making of an instance for
  each step. A provider's is a chat (`start` and `resume`), a guardrail's texts that it masks, a callback's a batch that it
  posts. Medians: of many calls, and of a few runs, because a machine is not as fast all the time.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENDINGS = {"rust": "rs", "c": "c", "go": "go", "javascript": "js", "typescript": "ts", "python": "py"}
KINDS = {"provider": ("acme", "conversation"), "guardrail": ("words", "masked"), "callback": ("digest", "delivered")}
ROUNDS, RUNS = 200, 3
COLUMNS = ["component", "build", "compile", "load", "warm call", "fresh call", "memory"]


def run(command, **options):
    """What it says, and the CPU seconds that it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def build(language, kind):
    folder = ROOT / "examples" / f"{language}-{kind}"
    for source in folder.rglob("*.rs"):
        source.touch()
    _, cpu = run(["sh", "build.sh"], cwd=folder)
    return folder / f"{KINDS[kind][0]}-{ENDINGS[language]}.wasm", cpu


def number(said, row):
    return float(re.search(rf"^ok +{re.escape(row)} +([\d.]+)", said, re.MULTILINE)[1])


def measured(component, fixture, folder):
    """Milliseconds of a load, of a warm and of a fresh call; MiB of an instance; CPU seconds of compiling."""
    # Away from its fixtures, which are its examples too.
    component = shutil.copy(component, folder)
    environment = {**os.environ, "SLUICE_DATA_DIR": folder}
    plugin = lambda *told: run([os.environ["SLUICE_BINARY"], "plugin", *told], env=environment)
    _, cold = plugin("check", component)
    _, kept = plugin("check", component)
    runs = [plugin("bench", component, "-n", str(ROUNDS))[0] for _ in range(RUNS)]
    rows = ["load", f"{fixture} (pooled)", f"{fixture} (fresh)"]
    times = [statistics.median(number(said, row) for said in runs) for row in rows]
    memory = re.search(r"^ok +memory +(.+) of", runs[0], re.MULTILINE)[1]
    return times, memory, max(cold - kept, 0)


def main():
    print("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1), flush=True)
    for language in sys.argv[1:] or ENDINGS:
        for kind, (_, fixture) in KINDS.items():
            component, built = build(language, kind)
            name = json.loads((component.parent / "fixtures" / f"{fixture}.json").read_text())["name"]
            with tempfile.TemporaryDirectory() as folder:
                (load, warm, fresh), memory, compiled = measured(component, name, folder)
            size = f"{component.stat().st_size / 1e6:.2f} MB"
            times = [f"{built:.1f} s", f"{compiled:.1f} s", f"{load:.0f} ms", f"{warm * 1000:.0f} µs", f"{fresh * 1000:.0f} µs"]
            print(f"| {language} {kind} | " + " | ".join([size, *times, memory]) + " |", flush=True)


if __name__ == "__main__":
    main()
