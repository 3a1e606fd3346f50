"""The examples of operation, read as those read them that they are for: what is mounted is there, what is
named is known, and every query is one."""

import json
import re

import promql_parser
import pytest
import yaml

from conftest import ROOT

EXAMPLES = ROOT / "examples"
RULES = yaml.safe_load((EXAMPLES / "prometheus/sluice.rules.yml").read_text())
COMPOSE = yaml.safe_load((EXAMPLES / "docker-compose.yml").read_text())
DASHBOARD = json.loads((EXAMPLES / "grafana/dashboards/sluice.json").read_text())


def parsed(query):
    """A query with what Grafana fills in."""
    return promql_parser.parse(query.replace("$__rate_interval", "5m").replace("$job", "sluice"))


def mounts(service):
    """Where something is inside of a service, and what it is here."""
    pairs = (it.split(":")[:2] for it in COMPOSE["services"][service].get("volumes", []))
    return {inside: source for source, inside in pairs}


def rules():
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def test_the_compose_file_mounts_and_names_what_is_there():
    assert {"gateway", "prometheus", "grafana", "collector"} <= COMPOSE["services"].keys()
    for name, service in COMPOSE["services"].items():
        assert ":" in service["image"], name
        for inside, source in mounts(name).items():
            assert inside.startswith("/"), (name, inside)
            if "/" not in source:
                assert source in COMPOSE["volumes"], (name, source)
            elif not source.startswith("/") and "target/" not in source:
                assert (EXAMPLES / source).resolve().exists(), (name, source)
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys(), name
        # Nothing is open to the network around it.
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    gateway = COMPOSE["services"]["gateway"]
    assert gateway["command"][gateway["command"].index("--config") + 1] in mounts("gateway")
    assert gateway["command"][0] in mounts("gateway")


def test_prometheus_finds_its_rules_its_key_and_the_gateway():
    config = yaml.safe_load((EXAMPLES / "prometheus.yml").read_text())
    assert "/etc/prometheus/prometheus.yml" in mounts("prometheus")
    folder = EXAMPLES / mounts("prometheus")["/etc/prometheus/rules"]
    for pattern in config["rule_files"]:
        assert list(folder.glob(pattern.removeprefix("rules/"))), pattern
    (job,) = config["scrape_configs"]
    key = job["authorization"]["credentials_file"].removeprefix("/run/secrets/")
    assert key in COMPOSE["services"]["prometheus"]["secrets"]
    for target in job["static_configs"][0]["targets"]:
        host, port = target.split(":")
        assert any(it.endswith(f":{port}") for it in COMPOSE["services"][host]["ports"]), target
    # The rules ask for it by this name.
    assert any(f'job="{job["job_name"]}"' in rule["expr"] for rule in rules())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_is_a_query_with_a_reason_and_an_urgency(rule):
    parsed(rule["expr"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m")), rule["for"]
    summary = rule["annotations"]["summary"]
    assert summary.endswith("."), summary
    kept = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
    for label in re.findall(r"\$labels\.(\w+)", summary):
        assert not kept or label in kept[0], f"{label} is not among what the query keeps"


def test_an_alert_has_one_name_and_no_unknown_member():
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}, rule


def test_every_query_of_the_dashboard_is_one_and_its_data_source_is_there():
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    assert len(queries) > 40
    for query in queries:
        parsed(query)
    with pytest.raises(ValueError):
        parsed("sum(rate(nothing[5m])")
    provisioning = EXAMPLES / mounts("grafana")["/etc/grafana/provisioning"]
    (folder,) = yaml.safe_load((provisioning / "dashboards/sluice.yml").read_text())["providers"]
    assert folder["options"]["path"] in mounts("grafana")
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    host, port = source["url"].removeprefix("http://").split(":")
    assert any(it.endswith(f":{port}") for it in COMPOSE["services"][host]["ports"])
