"""The examples of docs/clients.md, run as they stand there: only the address and the key are ours."""

import contextlib
import io
import os
import re
import subprocess

import pytest

from conftest import MASTER_KEY, ROOT
from talk import KNOWN

EXAMPLES = re.findall(r"```(python|js)\n(.*?)```", (ROOT / "docs" / "clients.md").read_text(), re.DOTALL)
TOLD = {model: known.told for model, known in KNOWN.items()}


def test_every_client_has_its_example():
    text = "".join(code for _, code in EXAMPLES)
    for package in ("openai", "anthropic", "google", "mistralai", "cohere", "langchain_openai", "langchain_anthropic", "langchain_google_genai", "pydantic_ai", "instructor", "agents", "@ai-sdk/openai", "@ai-sdk/anthropic", "@ai-sdk/google"):
        assert re.search(rf'(import|from) "?{package}\b', text), package


def expected(code):
    if "rerank" in code:
        return "2"
    if "Person" in code:
        return "Bob"
    (model,) = [it for it in TOLD if f'"{it}"' in code]
    return TOLD[model]


def ours(code, gateway):
    assert "http://localhost:4000" in code and "sk-..." in code
    return code.replace("http://localhost:4000", gateway.url).replace("sk-...", MASTER_KEY)


@pytest.mark.parametrize("code", [code for kind, code in EXAMPLES if kind == "python"], ids=lambda it: it.splitlines()[0])
def test_an_example_in_python_works(gateway, code):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(ours(code, gateway), "docs/clients.md", "exec"), {"__name__": "example"})
    assert said.getvalue().strip() == expected(code)


def test_the_examples_in_javascript_work(gateway, tmp_path):
    (tmp_path / "node_modules").symlink_to(os.path.join(os.environ["SDK_NODE"], "node_modules"))
    codes = [code for kind, code in EXAMPLES if kind == "js"]
    assert len(codes) == 3
    for at, code in enumerate(codes):
        (tmp_path / f"{at}.mjs").write_text(ours(code, gateway))
        done = subprocess.run(["node", f"{at}.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        # The SDK may warn before it.
        assert done.stdout.splitlines()[-1:] == [expected(code)], done.stderr
