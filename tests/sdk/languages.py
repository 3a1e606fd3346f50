"""The examples of every language, each built by its one command."""

import hashlib
import os
import pathlib
import subprocess

from conftest import ROOT

LANGUAGES = {"rust": "rs", "javascript": "js", "typescript": "ts", "python": "py", "go": "go", "c": "c"}
KINDS = {"provider": "acme", "guardrail": "words", "callback": "digest"}

# What an example is made of beside its own folder.
SHARED = {
    "rust": ["Cargo.lock", "sdk/rust", "sdk/worlds"],
    "javascript": ["sdk/javascript"],
    "typescript": ["sdk/javascript"],
    "python": ["sdk/python"],
    "go": ["sdk/go", "sdk/component"],
    "c": ["sdk/c", "sdk/component"],
}


def name_of(language, kind):
    """The plugin's name: `acme-go`."""
    return f"{KINDS[kind]}-{LANGUAGES[language]}"


def sources(language, kind):
    """Every file that the component is made of, as the repository has it."""
    places = [f"examples/{language}-{kind}", "wit", *SHARED[language]]
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *places]
    return sorted(subprocess.check_output(listed, cwd=ROOT, text=True).split())


def digest(language, kind):
    """Of the sources, and of the compiler that is the machine's own."""
    found = hashlib.sha256()
    if language == "go":
        found.update(subprocess.check_output(["go", "version"]))
    for name in sources(language, kind):
        path = ROOT / name
        found.update(f"{name}\0{path.stat().st_size}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:32]


def tools():
    """The environment of `build.sh`: with the tools that are installed for the tests, not with new ones."""
    venv = pathlib.Path(os.environ["SDK_VENV"])
    # The guests of the tests are built there too, with the same dependencies.
    target = pathlib.Path(os.environ["SLUICE_GUESTS"]).parents[1]
    own = {"SLUICE_NODE": os.environ["SDK_NODE"], "SLUICE_VENV": str(venv), "CARGO_TARGET_DIR": str(target)}
    return {**os.environ, **own}


def data_directory(folder):
    """A gateway's own, but for the machine code, which is kept from one run to the next: an interpreter of Python
    takes long to compile."""
    kept = pathlib.Path(os.environ["SDK_EXAMPLES"]) / "machine-code"
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = folder / "data"
    data.mkdir()
    (data / "machine-code").symlink_to(kept)
    return str(data)


def built(language, kind):
    """The component: of an earlier run, if it was made of the same sources."""
    cache = pathlib.Path(os.environ["SDK_EXAMPLES"])
    kept = cache / f"{language}-{kind}-{digest(language, kind)}.wasm"
    if not kept.exists():
        folder = ROOT / "examples" / f"{language}-{kind}"
        subprocess.run(["sh", "build.sh"], cwd=folder, env=tools(), check=True)
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{language}-{kind}-*.wasm"):
            old.unlink()
        made = folder / f"{name_of(language, kind)}.wasm"
        made.replace(kept)
    return kept
