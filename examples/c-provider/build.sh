#!/bin/sh
# Builds acme-c.wasm with zig's C compiler, of sdk/c/requirements.txt. SLUICE_VENV names a Python environment that has
# it already, CC another clang that compiles to WebAssembly. The bindings are made here, and not kept.
set -eu
cd "$(dirname "$0")"
sdk=../../sdk/c
venv=${SLUICE_VENV:-$sdk/.venv}
component=${SLUICE_COMPONENT:-cargo run --quiet --locked -p sluice-component --}
test -n "${CC:-}" || "$venv/bin/python" -c 'import ziglang' 2>/dev/null || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r "$sdk/requirements.txt"
}
$component bindings c --world provider-plugin --out build
${CC:-"$venv/bin/python" -m ziglang cc} -target wasm32-wasi -mexec-model=reactor -Wl,-z,stack-size=262144 \
  -std=c23 -Os -s -Wall -Wextra \
  -I build -I "$sdk" -o build/module.wasm \
  provider.c "$sdk/provider.c" "$sdk/plugin.c" "$sdk/json.c" "$sdk/memory.c" build/sluice.c
$component make build/module.wasm --world provider-plugin --out acme-c.wasm
