#!/bin/sh
# Checks the types and builds digest-ts.wasm with Node 18 or newer. The tools are those of sdk/javascript/package.json;
# SLUICE_NODE names a folder that has them already.
set -eu
cd "$(dirname "$0")"
node=${SLUICE_NODE:-../../sdk/javascript}
test -x "$node/node_modules/.bin/componentize-qjs" || npm install --silent --no-fund --no-audit --no-package-lock --prefix "$node"
"$node/node_modules/.bin/tsc" -p .
"$node/node_modules/.bin/esbuild" callback.ts --bundle --format=esm '--external:sluice:*' --log-level=warning --outfile=build/callback.js
"$node/node_modules/.bin/componentize-qjs" --wit ../../wit/sluice-plugin.wit --world callback-plugin --js build/callback.js -o digest-ts.wasm
