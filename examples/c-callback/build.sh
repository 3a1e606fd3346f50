#!/bin/sh
# Builds digest-c.wasm with zig's C compiler (pip install -r ../../sdk/c/requirements.txt), or with the one that CC names.
# The bindings are made here, and not kept.
set -eu
cd "$(dirname "$0")"
sdk=../../sdk/c
component=${SLUICE_COMPONENT:-cargo run --quiet --locked -p sluice-component --}
$component bindings c --world callback-plugin --out build
${CC:-python3 -m ziglang cc} -target wasm32-wasi -mexec-model=reactor -std=c23 -Os -s -Wall -Wextra -Wno-unused-function \
  -I build -I "$sdk" -o build/module.wasm \
  callback.c "$sdk/callback.c" "$sdk/plugin.c" "$sdk/json.c" "$sdk/memory.c" "$sdk/http.c" build/sluice.c
$component make build/module.wasm --world callback-plugin --out digest-c.wasm
