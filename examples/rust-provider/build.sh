#!/bin/sh
# Builds acme-rs.wasm with Rust 1.95 or newer and its target wasm32-wasip2 (rustup target add wasm32-wasip2).
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../../target}
cargo build --quiet --locked --profile plugin --target wasm32-wasip2 --target-dir "$target" -p sluice-example-provider
cp "$target/wasm32-wasip2/plugin/sluice_example_provider.wasm" acme-rs.wasm
