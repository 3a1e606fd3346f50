"""Rules and dashboard, read as those read them that they are for: every query is one, and every alert has a reason."""

import json
import re

import promql_parser
import pytest
import yaml

from conftest import ROOT

EXAMPLES = ROOT / "examples"
RULES = yaml.safe_load((EXAMPLES / "prometheus/sluice.rules.yml").read_text())
DASHBOARD = json.loads((EXAMPLES / "grafana/dashboards/sluice.json").read_text())


def parsed(query):
    """A query with what Grafana fills in."""
    return promql_parser.parse(query.replace("$__rate_interval", "5m").replace("$job", "sluice"))


def rules():
    return [rule for group in RULES["groups"] for rule in group["rules"]]


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
