"""The machine code of the bundled plugins: compiled once for all tests, which takes a processor half a minute."""

import contextlib
import fcntl
import os
import pathlib
import shutil

PATIENCE = 600


def compiled(base, build):
    """The folder that holds it, below the one that all processes of a test run share. The first that asks builds it."""
    folder = pathlib.Path(base) / "warm"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            build(folder)
            (folder / "done").touch()
    return folder / "data" / "machine-code"


def warm(folder):
    """A data directory of its own for a gateway, which need not compile what is bundled."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        shutil.copytree(os.environ["SLUICE_TEST_CODE"], folder / "machine-code", copy_function=os.link)
    return folder
