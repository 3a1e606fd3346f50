#!/bin/sh
# Builds words-py.wasm with Python 3.10 or newer. The tool is that of sdk/python/requirements.txt; SLUICE_VENV names an
# environment that has it already.
set -eu
cd "$(dirname "$0")"
venv=${SLUICE_VENV:-../../sdk/python/.venv}
export PYTHONDONTWRITEBYTECODE=1
test -x "$venv/bin/componentize-py" || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r ../../sdk/python/requirements.txt
}
"$venv/bin/componentize-py" -d ../../wit/sluice-plugin.wit -w guardrail-plugin \
  componentize app -p . -p ../../sdk/python -o words-py.wasm
