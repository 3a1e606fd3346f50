"""The shell blocks of README and of the quick start, as somebody types them: in order, in a new folder. Only the
binary, the port and what is left of a build are ours."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, base_environment, free_port

# A gateway that is started replaces the one before it, and stays while the next blocks are typed.
SLUICE = """#!/bin/bash
case "$1" in
  check|backup|restore|export-plugins|rotate-salt|migrate|init|doctor|compile|completions|plugin) exec "$SLUICE_BINARY" "$@" ;;
esac
if [ -f "$TYPED/pid" ]; then
  pid=$(cat "$TYPED/pid")
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
setsid "$SLUICE_BINARY" "$@" >>"$TYPED/log" 2>&1 </dev/null &
echo $! > "$TYPED/pid"
until "$REAL_CURL" -sfo /dev/null "http://localhost:$PORT/health/readiness"; do
  kill -0 "$(cat "$TYPED/pid")" || exit 1
  sleep 0.05
done
"""
CARGO = """#!/bin/bash
[ "$*" = "run --release" ] && exec sluice
echo "cargo $*: only \\`cargo run --release\\` is typed" >&2
exit 1
"""
# Every answer is 200, or the block fails.
CURL = """#!/bin/bash
"$REAL_CURL" -sS --fail-with-body --dump-header "$TYPED/head" "$@" || exit 1
code=$(awk 'NR == 1 {print $2}' "$TYPED/head")
echo "$code" >> "$TYPED/codes"
[ "$code" = 200 ]
"""


def blocks(name):
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.S | re.M)


def is_of_the_repository(block):
    """Builds and tests of the repository itself, which this test is a part of."""
    return all(re.match(r"cargo xtask |\.ci/run", line) for line in block.strip().splitlines())


def typed(name, folder, data_dir):
    """Runs the blocks; returns what the shell said, and the status of each answer."""
    bin_folder, notes, here = folder / "bin", folder / "typed", folder / "here"
    for it in (bin_folder, notes, here):
        it.mkdir()
    for program, text in (("sluice", SLUICE), ("cargo", CARGO), ("curl", CURL)):
        (bin_folder / program).write_text(text)
        (bin_folder / program).chmod(0o755)
    shutil.copy(ROOT / "config.example.yaml", here)
    port = free_port()
    script = "\n".join(it for it in blocks(name) if not is_of_the_repository(it))
    if name == "README.md":
        # "Your own LiteLLM file".
        shutil.copy(ROOT / "config.example.yaml", here / "config.yaml")
    script = script.replace("localhost:4000", f"localhost:{port}").replace("--port 4000", f"--port {port}")
    environment = {**base_environment(folder), "SLUICE_BINARY": os.environ["SLUICE_BINARY"], "PORT": str(port)}
    environment |= {"PATH": f"{bin_folder}:{os.environ['PATH']}", "TYPED": str(notes), "REAL_CURL": shutil.which("curl")}
    try:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=here, env=environment, capture_output=True, text=True, timeout=300)
    finally:
        if (notes / "pid").exists():
            subprocess.run(["kill", (notes / "pid").read_text().strip()], check=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said + (notes / "log").read_text()[-3000:]
    return said, (notes / "codes").read_text().split()


@pytest.mark.parametrize("name", ["README.md", "docs/quick-start.md"])
def test_every_shell_block_works_as_it_stands_there(name, tmp_path, data_dir):
    text = "\n".join(blocks(name))
    said, codes = typed(name, tmp_path, data_dir)
    assert codes == ["200"] * len(re.findall(r"^curl ", text, re.M)) and len(codes) >= 2, (codes, said)
    assert "You said: hello" in said
    assert "0 errors" in said, said


def test_the_quick_start_ends_with_what_the_call_has_cost(tmp_path, data_dir):
    said, _ = typed("docs/quick-start.md", tmp_path, data_dir)
    # A token in and three out, at a tenth of a cent each.
    assert re.findall(r"^x-litellm-response-cost: ([0-9.e-]+)", said, re.M) == ["0.004"], said


def test_commands_of_the_repository_that_the_readme_names_are_there():
    tasks = re.findall(r'^        "(\w+)" =>', (ROOT / "xtask/src/main.rs").read_text(), re.M)
    named = [line.split("#")[0].split() for block in blocks("README.md") if is_of_the_repository(block) for line in block.splitlines()]
    assert named
    for words in named:
        assert words == [".ci/run"] or words[2] in tasks, words
    assert (ROOT / ".ci/run").exists()


def test_both_languages_have_the_same_blocks():
    assert blocks("README.md") == blocks("README.zh-CN.md")
