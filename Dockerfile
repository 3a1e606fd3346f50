# The gateway, its bundled plugins and its pages, from source: `docker build -t sluice .`
# Three stages, so that no compiler is in what runs. docs/deployment.md tells how it is run.

# The pages of the admin UI. The packages are asked for again only when their list changes.
FROM node:22-trixie-slim AS pages
WORKDIR /src
COPY host/ui/package.json host/ui/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev --no-audit --no-fund
COPY host/ui ./
RUN npm run build

FROM rust:1.95-slim-trixie AS build
# What the bundled plugins are compiled to.
RUN rustup target add wasm32-wasip2
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY wit wit
COPY sdk sdk
COPY plugins plugins
COPY host host
# Members of the workspace, without which cargo does not read it; nothing of them is in the binary.
COPY examples examples
COPY tests tests
COPY xtask xtask
COPY --from=pages /src/dist /pages
# Here is no npm: the pages are those that were built before.
ENV CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_STRIP=symbols SLUICE_UI_DIR=/pages
# The caches are the builder's, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package sluice \
    && cp target/release/sluice /usr/local/bin/sluice \
    && install -d -m 0750 /var/lib/sluice

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="An LLM gateway whose providers are sandboxed WebAssembly components" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# The authorities by which upstreams and databases are judged.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/bin/sluice /usr/local/bin/sluice
COPY config.example.yaml /etc/sluice/config.yaml
# So that no start compiles, whatever the volume is. Root's, and only read.
RUN install -d -m 0755 /usr/local/lib/sluice/machine-code \
    && sluice compile --into /usr/local/lib/sluice/machine-code
# By number, so that orchestrators see that it is not root.
COPY --from=build --chown=10001:10001 /var/lib/sluice /var/lib/sluice
USER 10001:10001
WORKDIR /var/lib/sluice
# Everything that is written lies in the volume: the root may be read-only.
ENV SLUICE_MACHINE_CODE=/usr/local/lib/sluice/machine-code \
    SLUICE_STATE_DIR=/var/lib/sluice/state \
    SLUICE_DATA_DIR=/var/lib/sluice/data \
    CONFIG_FILE_PATH=/etc/sluice/config.yaml \
    HOST=0.0.0.0 \
    PORT=4000
VOLUME /var/lib/sluice
EXPOSE 4000
STOPSIGNAL SIGTERM
# The image has no HTTP client; bash has sockets. Of a gateway that serves TLS itself ask otherwise.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health/liveliness HTTP/1.0\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == *' 200 '* ]]"]
ENTRYPOINT ["/usr/local/bin/sluice"]
