"""The JSON of the SDK for C, held against Python's: it reads what strangers send."""

import json
import os
import random
import subprocess

import pytest

from conftest import ROOT

SIGNS = ["a", "Ü", "夜", "😀", '"', "\\", "/", "\n", "\x00", "\x1f", "\x7f", "\u2028"]
BROKEN = ["", " ", "{", "[", "[1,]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', "{1:2}", '"', '"\\"', '"\\x"', '"\\u12g4"', '"\\u12', '"\n"', "01", "1.", ".5", "+1", "-", "1e", "0x10", "nan", "-inf", "Infinity", "tru", "nulll", "1 2", "[1] x", "[" * 200 + "]" * 200]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Built for this machine; the memory is the C library's own."""
    folder = tmp_path_factory.mktemp("c_json")
    bindings = ["bindings", "c", "--world", "callback-plugin", "--out", str(folder)]
    subprocess.run([os.environ["SLUICE_COMPONENT"], *bindings], check=True)
    sdk, own = ROOT / "sdk" / "c", ROOT / "tests" / "sdk" / "c_json.c"
    flags = ["-std=gnu2x", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
    command = ["cc", *flags, f"-I{folder}", f"-I{sdk}", own, sdk / "json.c", "-o", folder / "reader"]
    subprocess.run(command, check=True)

    def read(text):
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        return subprocess.run([folder / "reader"], input=text.encode(), capture_output=True, env=environment)

    return read


def document(chance, depth=0):
    kind = chance.randrange(7 if depth < 4 else 5)
    if kind < 2:
        return "".join(chance.choice(SIGNS) for _ in range(chance.randrange(6)))
    if kind < 5:
        return chance.choice([0, -1, 12345678901234567890, 0.1, -2.5e-9, 1e300, True, False, None])
    values = [document(chance, depth + 1) for _ in range(chance.randrange(5))]
    return values if kind == 5 else {f"{index}{chance.choice(SIGNS)}": value for index, value in enumerate(values)}


def test_documents_are_read_and_written_as_python_does(reader):
    chance = random.Random(7)
    for round in range(150):
        expected = document(chance)
        text = json.dumps(expected, ensure_ascii=round % 2 == 0, indent=round % 3 or None)
        done = reader(text)
        assert done.returncode == 0 and json.loads(done.stdout) == expected, (text, done)


def test_half_a_pair_is_no_character(reader):
    assert json.loads(reader('"\\ud83d!\\ude00"').stdout) == "\ufffd!\ufffd"


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_json_is_refused(reader, text):
    done = reader(text)
    assert done.returncode == 1 and not done.stderr, (text, done)
