"""docs/write-a-provider.md, run block by block in one shell: only the ports are ours."""

import os
import pathlib
import re
import subprocess

from conftest import ROOT, base_environment, free_port

BLOCKS = re.findall(r"```(sh|text)\n(.*?)```", (ROOT / "docs" / "write-a-provider.md").read_text(), re.DOTALL)
END = "-- the end of a block --"


def script():
    code = "".join(f"{code}\necho '{END}'\n" for kind, code in BLOCKS if kind == "sh")
    for port in ("4000", "9000"):
        assert port in code
        code = code.replace(port, str(free_port()))
    # What a block left running ends with the shell, also where a block fails.
    return "set -eu\ntrap 'kill $(jobs -p) || true' EXIT\n" + code


def expected():
    """What stands under each block of the shell; nothing where nothing stands."""
    texts = []
    for kind, code in BLOCKS:
        if kind == "sh":
            texts.append("")
        else:
            texts[-1] = code
    return texts


def environment(folder):
    programs = folder / "bin"
    programs.mkdir()
    (programs / "sluice").symlink_to(pathlib.Path(os.environ["SLUICE_BINARY"]).absolute())
    own = {"PATH": f"{programs}:{os.environ['PATH']}"}
    # What npm fetched before, it need not ask for.
    own["npm_config_cache"] = os.environ.get("npm_config_cache", str(pathlib.Path.home() / ".npm"))
    return {**base_environment(folder), **own, "npm_config_prefer_offline": "true"}


def test_the_guide_does_what_it_says(tmp_path, data_dir):
    assert sum(kind == "sh" for kind, _ in BLOCKS) >= 8
    done = subprocess.run(["bash", "-c", script()], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=600)
    log = tmp_path / "acme" / "gateway.log"
    said = done.stdout.split(f"{END}\n")
    told = f"{done.stdout}\n{done.stderr}\n{log.read_text() if log.exists() else ''}"
    assert [text.strip() for text in said[:-1]] == [text.strip() for text in expected()], told
