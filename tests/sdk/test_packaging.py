"""What an operator installs, as far as it can be judged without a container engine: the image, compose, the unit of
systemd, the release's archive."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile

import yaml

import postgres_server
import redis_server
from conftest import ROOT, Gateway, free_port
from replica_house import installed

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
UNIT = ROOT / "examples/systemd/sluice.service"
SOURCES = "".join(path.read_text() for path in (ROOT / "host/src").rglob("*.rs"))
EXAMPLE_CONFIG = (ROOT / "config.example.yaml").read_text()
DOCUMENTS = EXAMPLE_CONFIG + "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))


def instructions(name):
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.M)


def environment_of_the_image():
    return dict(it.split("=", 1) for line in instructions("ENV")[1:] for it in shlex.split(line))


def example_variables():
    return dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#"))


def assert_known(names):
    """A gateway reads them, or its config names them; and a document tells of them."""
    for name in names:
        read = f'"{name}"' in SOURCES or f"os.environ/{name}" in EXAMPLE_CONFIG
        assert read, f"{name} is read by nobody"
        assert name in DOCUMENTS, f"{name} stands in no document"


def test_variables_of_compose_the_image_and_the_unit_are_known_ones():
    assert_known(COMPOSE["services"]["gateway"]["environment"])
    assert_known(environment_of_the_image())
    assert_known(re.findall(r"([A-Z_]+)=", unit()["Service"]["environment"]))


def test_the_environment_example_has_what_compose_asks_for_and_nothing_else():
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+)", text)) | {COMPOSE["secrets"]["sluice_metrics_key"]["environment"]}
    assert asked == set(example_variables())
    secret = [name for name in asked if re.search("MASTER_KEY|PASSWORD", name)]
    assert secret and all(f"{name}:?" in text for name in secret)
    assert not any(example_variables()[name] for name in secret), "an example secret would be used"


def test_the_gateway_of_compose_finds_its_database_and_its_redis(tmp_path, data_dir):
    """As compose starts it: what is left empty in `.env` is as if it were not there."""
    filled = {**example_variables(), "LITELLM_MASTER_KEY": "sk-of-compose-4b1e", "POSTGRES_PASSWORD": "p@ss/word#1"}
    environment = {name: re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda it: filled[it[1]], value) for name, value in COMPOSE["services"]["gateway"]["environment"].items()}
    if not installed({"PostgreSQL": postgres_server.PROGRAMS, "redis-server": redis_server.PROGRAM}):
        return
    postgres, redis = postgres_server.PostgresServer(), redis_server.RedisServer(tmp_path)
    # The services' addresses; the names are those of compose.
    environment |= {"DATABASE_HOST": f"127.0.0.1:{postgres.port}", "DATABASE_NAME": "postgres", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port), "REDIS_PASSWORD": redis.password}
    gateway = Gateway(tmp_path, EXAMPLE_CONFIG, environment)
    try:
        gateway.wait_for(lambda: json.loads(gateway.get("/health/readiness")[1])["redis"] == "connected")
        assert json.loads(gateway.get("/health/readiness")[1])["db"] == "connected"
        status, made, _ = gateway.post("/key/generate", {"models": ["demo"]}, "sk-of-compose-4b1e")
        assert status == 200, made
        body = {"model": "demo", "messages": [{"role": "user", "content": "hello"}]}
        assert gateway.post("/v1/chat/completions", body, made["key"])[0] == 200
        assert gateway.stop() == 0
        (rows,) = postgres.ask("SELECT count(*) FROM sluice.keys")
        assert rows == (1,)
    finally:
        gateway.process.kill()
        redis.stop()
        postgres.remove()


def test_compose_starts_the_gateway_with_all_that_it_works_with_and_all_that_watches_it():
    assert {"gateway", "postgres", "redis", "prometheus", "grafana"} <= set(COMPOSE["services"])


def test_compose_mounts_what_is_there_and_hides_its_ports():
    for name, service in COMPOSE["services"].items():
        for mount in service.get("volumes", []):
            source = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", mount).split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], (name, mount)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert "build" in service or re.search(r":v?\d", service["image"]), f"{name}: which version?"
        assert all(it in COMPOSE["services"] for it in service.get("depends_on", {})), name


def test_what_reads_the_metrics_finds_the_gateway():
    (port,) = instructions("EXPOSE")
    assert environment_of_the_image()["PORT"] == port
    assert COMPOSE["services"]["gateway"]["ports"][0].endswith(f":{port}")
    scrape = yaml.safe_load((ROOT / "examples/prometheus/prometheus.yml").read_text())
    (job,) = scrape["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"gateway:{port}"]}]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{COMPOSE['services']['prometheus']['secrets'][0]}"
    folder = ROOT / "examples/prometheus"
    assert [path for pattern in scrape["rule_files"] for path in folder.glob(pattern)] == [folder / "sluice.rules.yml"]
    grafana = ROOT / "examples/grafana/provisioning"
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((grafana / "dashboards/sluice.yml").read_text())["providers"]
    assert f"./examples/grafana/dashboards:{provider['options']['path']}:ro" in COMPOSE["services"]["grafana"]["volumes"]


def test_the_image_copies_what_is_there_and_every_member_of_the_workspace():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    stages = [line.split(" AS ")[1] for line in instructions("FROM") if " AS " in line]
    copied = set()
    for line in instructions("COPY"):
        words = line.split()
        source = [word for word in words if word.startswith("--from=")]
        assert all(it.removeprefix("--from=") in stages for it in source), line
        if not source:
            for path in words[:-1]:
                assert (ROOT / path).exists() and f"!{path.split('/')[0]}" in ignored, path
                copied.add(path)
    members = re.search(r"^members = \[(.*?)\]", (ROOT / "Cargo.toml").read_text(), re.S | re.M).group(1)
    assert {it.split("/")[0] for it in re.findall(r'"(.*?)"', members)} <= copied


def test_the_pages_are_in_the_image():
    before, pages, build = re.split(r"^FROM node:\d+\S* AS pages$|^FROM rust.*$", DOCKERFILE, flags=re.M)[:3]
    assert before and not re.findall("npm", build.replace("# Here is no npm", "")), "npm runs in a stage of its own"
    (folder, place) = re.search(r"^COPY --from=pages (\S+) (\S+)$", build, re.M).groups()
    # The gateway's build takes them from where they are put.
    assert f"SLUICE_UI_DIR={place}" in build.split("cargo build")[0].split()
    assert "SLUICE_UI_DIR" in (ROOT / "host/bundled/pages.rs").read_text()
    workdir = re.search(r"^WORKDIR (.*)$", pages, re.M).group(1)
    assert folder == f"{workdir}/dist" and re.search(r"^RUN npm run build$", pages, re.M)
    # Packages by the lock file alone, before sources that change daily.
    assert pages.index("npm ci --include=dev") < pages.index("COPY host/ui ./")
    built = json.loads((ROOT / "host/ui/package.json").read_text())["scripts"]["build"]
    assert "vite build" in built and "compress.mjs dist" in built


def test_the_image_is_built_by_our_compiler_and_runs_as_nobody_of_the_machine():
    wanted = re.search(r'^rust-version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
    assert [it for it in instructions("FROM") if it.startswith(f"rust:{wanted}-") and it.endswith(" AS build")]
    assert instructions("USER") == ["10001:10001"]
    (volume,) = instructions("VOLUME")
    written = environment_of_the_image()
    assert all(written[name].startswith(f"{volume}/") for name in ("SLUICE_STATE_DIR", "SLUICE_DATA_DIR"))
    assert f"gateway:{volume}" in COMPOSE["services"]["gateway"]["volumes"] and COMPOSE["services"]["gateway"]["read_only"]


def test_the_image_has_the_machine_code_of_its_plugins_where_no_volume_hides_it():
    (volume,) = instructions("VOLUME")
    folder = environment_of_the_image()["SLUICE_MACHINE_CODE"]
    assert not folder.startswith(f"{volume}/")
    made = next(it for it in instructions("RUN") if f"sluice compile --into {folder}" in it)
    # By root, so that the gateway's user cannot write it.
    assert DOCKERFILE.index(made) < DOCKERFILE.index("\nUSER ")


def test_the_health_check_of_the_image_tells_a_gateway_that_serves_from_none(gateway):
    command = json.loads(re.search(r"^HEALTHCHECK .*?CMD (\[.*\])$", DOCKERFILE, re.M).group(1))

    def check(port):
        return subprocess.run(command, env={"PATH": os.environ["PATH"], "PORT": str(port)}, capture_output=True, timeout=10).returncode

    assert check(gateway.port) == 0
    assert check(free_port()) != 0


def unit():
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.read(UNIT)
    return parsed


def test_the_unit_has_no_rights_and_lets_plugins_be_compiled(tmp_path):
    service = unit()["Service"]
    expected = {"dynamicuser": "yes", "protectsystem": "strict", "nonewprivileges": "yes", "capabilityboundingset": "", "statedirectory": "sluice", "memorydenywriteexecute": "no"}
    assert {name: service[name] for name in expected} == expected
    # Systemd itself judges it where it is.
    if shutil.which("systemd-analyze"):
        copy = tmp_path / UNIT.name
        copy.write_text(UNIT.read_text().replace("/usr/local/bin/sluice", os.environ["SLUICE_BINARY"]))
        judged = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)
        assert (judged.returncode, judged.stderr) == (0, "")


def test_a_binary_with_its_symbols_is_not_released(tmp_path):
    # A program of Linux with one section: its table of symbols.
    header = bytearray(128)
    header[:6], header[0x28], header[0x3A], header[0x3C], header[64 + 4] = b"\x7fELF\x02\x01", 64, 64, 1, 2
    (tmp_path / "built").write_bytes(header)
    release = ["cargo", "run", "--quiet", "--locked", "-p", "xtask", "--", "release", "--binary", str(tmp_path / "built"), "--out", str(tmp_path / "dist")]
    done = subprocess.run(release, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode != 0 and "its symbols are in it" in done.stderr, done.stderr
    assert not list((tmp_path / "dist").glob("*.tar.gz"))


def test_a_release_has_the_binary_what_goes_with_it_what_is_in_it_and_checksums(tmp_path):
    binary = tmp_path / "built"
    binary.write_text("#!/bin/sh\necho stub\n")
    binary.chmod(0o755)
    out = tmp_path / "dist"
    release = ["cargo", "run", "--quiet", "--locked", "-p", "xtask", "--", "release", "--binary", str(binary), "--out", str(out)]
    subprocess.run(release, cwd=ROOT, check=True, timeout=600)
    archive, sbom = sorted(out.glob("*.tar.gz")), sorted(out.glob("*.cdx.json"))
    assert len(archive) == len(sbom) == 1 and len(list(out.iterdir())) == 3
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=out, check=True, capture_output=True)

    with tarfile.open(archive[0]) as packed:
        names = {it.name: it for it in packed.getmembers()}
        top = archive[0].name.removesuffix(".tar.gz")
        for name in ("sluice", "sluice.cdx.json", "README.md", "LICENSE-MIT", "config.example.yaml", "docs/quick-start.md", "examples/systemd/sluice.service"):
            assert f"{top}/{name}" in names, name
        assert names[f"{top}/sluice"].mode == 0o755
        assert all((it.uid, it.gid, it.mtime) == (0, 0, 0) for it in names.values())

    text = sbom[0].read_text()
    assert str(ROOT) not in text
    listed = json.loads(text)
    by_name = {it["name"]: it for it in listed["components"]}
    assert len(by_name) > 150 and {"wasmtime", "tokio", "sluice-plugin-openai", "sluice-sdk"} <= set(by_name)
    lock = (ROOT / "Cargo.lock").read_text()
    assert by_name["wasmtime"]["hashes"][0]["content"] in lock and by_name["wasmtime"]["licenses"]
    references = {it["bom-ref"] for it in listed["components"]} | {listed["metadata"]["component"]["bom-ref"]}
    assert all(set(it["dependsOn"]) <= references for it in listed["dependencies"])
    assert {it["ref"] for it in listed["dependencies"]} == references
