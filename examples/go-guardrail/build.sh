#!/bin/sh
# Builds words-go.wasm with Go 1.25 or newer. The bindings are made here, and not kept.
set -eu
cd "$(dirname "$0")"
component=${SLUICE_COMPONENT:-cargo run --quiet --locked -p sluice-component --}
$component bindings go --world guardrail-plugin --out ../../sdk/go
GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o build/module.wasm .
$component make build/module.wasm --world guardrail-plugin --out words-go.wasm
