"""The OpenAPI document: it is one, what it has is what the gateway serves, and whatever fits it, or does not, is
answered as it says."""

import http.client
import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from conftest import MASTER_KEY, Gateway

AUTHORIZED = {"authorization": f"Bearer {MASTER_KEY}"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
METHODS = ("get", "post", "put", "patch", "delete")
# They ask providers, whose answers are theirs.
ELSEWHERE = "Pass-through"
# Components are bytes, whatever they are.
schemathesis.serializer.alias("application/wasm", "application/octet-stream")
EACH = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 3}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    models = [{"model_name": "demo", "litellm_params": {"model": "echo/demo", "input_cost_per_token": 0, "output_cost_per_token": 0}}]
    config = {
        "model_list": models,
        "general_settings": {"master_key": MASTER_KEY, "store_model_in_db": True, "max_request_size_mb": 1},
        "litellm_settings": {"cache": True},
    }
    house = Gateway(folder, config, {"SLUICE_STATE_DIR": str(folder / "state")})
    yield house
    assert house.stop() == 0


@pytest.fixture(scope="module")
def document(house):
    status, text, headers = house.get("/openapi.json", headers={"accept": "application/json"})
    assert status == 200 and headers["content-type"] == "application/json", text
    return json.loads(text)


def operations(document):
    return [(path, method, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item]


def bodies(document):
    for path, method, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} {kind}", media


def ask(house, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    connection.request(method.upper(), path, body=None if method == "get" else "{}", headers={**AUTHORIZED, "content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, text


def filled(path):
    return re.sub(r"\{[^}]*\}", "zz9", path)


def missing(status, text):
    return status in (405, 501) or (status == 404 and "there is no route" in text)


def test_it_is_an_openapi_document(document):
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0" and len(operations(document)) > 350


def test_examples_are_of_their_schemas(document):
    examples = [(name, media) for name, media in bodies(document) if "example" in media]
    wrong = [(name, error.message) for name, media in examples for error in Draft202012Validator(media["schema"]).iter_errors(media["example"])]
    assert wrong == [] and len(examples) > 100


def test_what_it_has_is_served_and_what_it_says_is_not_is_not(house, document):
    wrong = []
    for path, method, operation in operations(document):
        if operation["tags"] == [ELSEWHERE]:
            continue
        status, text = ask(house, method, filled(path))
        if missing(status, text) != ("501" in operation["responses"]):
            wrong.append(f"{method} {path}: {status} {text[:200]}")
    assert wrong == []


def test_what_it_has_not_is_not_served(house, document):
    passed_on = [path.split("{")[0] for path, item in document["paths"].items() if ELSEWHERE in [tag for it in item.values() for tag in it["tags"]]]
    wrong = []
    for path, item in document["paths"].items():
        asked = filled(path)
        for method in METHODS:
            if method in item or any(asked.startswith(it) for it in passed_on):
                continue
            status, text = ask(house, method, asked)
            # Other rows of the table may mean the same path.
            others = [it for it in document["paths"] if it != path and method in document["paths"][it] and re.fullmatch(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(it)), asked)]
            if not missing(status, text) and not others:
                wrong.append(f"{method} {path}: {status} {text[:200]}")
    assert wrong == []


def test_keys_are_asked_for_where_it_says_so(house, document):
    for path, method, operation in operations(document):
        if method != "get" or operation["tags"] == [ELSEWHERE]:
            continue
        status, text, _ = house.get(filled(path), headers={"accept": "*/*"})
        open_to_all = operation.get("security") == []
        assert (status == 401) != open_to_all, (path, status, text[:200])


def groups():
    # As the document has them; that there are no others, a test holds.
    return [
        "Models", "Anthropic", "Google", "Guardrails", "Utilities", "Keys", "Users", "Teams", "Organizations", "Customers",
        "Budgets", "Tags", "Access groups", "Deployments", "Spend", "Health", "Cache", "Settings", "Audit", "Plugins", "Sessions", "Pages",
    ]


def test_every_group_is_tried(document):
    assert sorted([*groups(), ELSEWHERE]) == sorted(it["name"] for it in document["tags"])


@pytest.fixture(scope="module")
def schema(house):
    schema = schemathesis.openapi.from_url(f"{house.url}/openapi.json")
    schema.config.generation.with_security_parameters = False
    return schema


def may_be_wrong(operation):
    """Whether something of a request can be what its schema does not allow: any text of a path or query is a text."""
    queries = [it["schema"] for it in operation.get("parameters", []) if it["in"] == "query"]
    strict = [it for it in queries if it.get("type") != "string" or "enum" in it]
    schemas = [it.get("schema", {}) for it in operation.get("requestBody", {}).get("content", {}).values()]
    return bool(strict) or any(schemas)


def answers_as_it_says(house, operation, case):
    answer = case.call(base_url=house.url, headers=AUTHORIZED, allow_redirects=False, timeout=30)
    if answer.status_code == 501:
        assert "501" in operation.definition.raw["responses"], f"{operation.label}: {answer.text}"
        return
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize("group", groups())
@pytest.mark.parametrize("mode", list(EACH))
def test_whatever_comes_is_answered_as_it_says(house, schema, group, mode):
    found = [it.ok() for it in schema.get_all_operations()]
    found = [it for it in found if it.tags == [group]]
    assert found, group
    for operation in found:
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(max_examples=EACH[mode], derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=strategy)
        def run(case):
            answers_as_it_says(house, operation, case)

        try:
            run()
        except Unsatisfiable:
            # Nothing of it can be wrong.
            assert mode == GenerationMode.NEGATIVE and not may_be_wrong(operation.definition.raw), operation.label


def test_examples_of_calls_are_answered(house, document):
    tried = 0
    for path, method, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if operation["tags"][0] not in ("Models", "Anthropic", "Google") or "example" not in media:
            continue
        example = media["example"]
        if not any(name in path for name in ("chat/completions", "/messages", ":generateContent", "/v1/responses")):
            continue
        path = path.replace("{model}", "demo")
        status, text, _ = house.get(path, body=json.dumps(example).encode(), headers={**AUTHORIZED, "content-type": "application/json"})
        assert status == 200, (path, text)
        tried += 1
    assert tried > 8


def test_a_path_that_is_no_text_is_refused_as_everything_else(house):
    for path in ["/v1/models/%ff", "/v1/responses/%ff", "/v1/files/%ff", "/router/decisions/%ff", "/engines/%ff/embeddings", "/key/%ff/regenerate"]:
        method = "post" if "engines" in path or "regenerate" in path else "get"
        status, text = ask(house, method, path)
        assert status == 400 and "path" in json.loads(text)["error"]["message"], (path, text)


def test_the_page_loads_nothing_from_elsewhere(house):
    for path, kind in [("/docs", "text/html"), ("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")]:
        status, text, headers = house.get(path, headers={"accept": "*/*"})
        assert status == 200 and headers["content-type"].startswith(kind)
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy
        assert b"http://" not in text and b"https://" not in text
    status, _ = ask(house, "get", "/redoc")
    assert status == 307


def test_operators_may_hide_both(tmp_path):
    config = {"model_list": [], "general_settings": {"master_key": MASTER_KEY}}
    hidden = Gateway(tmp_path, config, {"SLUICE_STATE_DIR": str(tmp_path / "state"), "NO_DOCS": "true", "NO_OPENAPI": "true", "SERVER_ROOT_PATH": "/llm"})
    try:
        for path, variable in [("/docs", "NO_DOCS"), ("/openapi.json", "NO_OPENAPI")]:
            status, text, _ = hidden.get(path)
            assert status == 404 and variable in text.decode()
    finally:
        assert hidden.stop() == 0


def test_behind_a_path_of_a_proxy_everything_begins_with_it(tmp_path):
    config = {"model_list": [], "general_settings": {"master_key": MASTER_KEY}}
    under = Gateway(tmp_path, config, {"SLUICE_STATE_DIR": str(tmp_path / "state"), "SERVER_ROOT_PATH": "/llm"})
    try:
        assert json.loads(under.get("/llm/openapi.json")[1])["servers"] == [{"url": "/llm"}]
        page = under.get("/llm/docs")[1].decode()
        assert 'src="/llm/docs/page.js"' in page and 'data-root="/llm"' in page
    finally:
        assert under.stop() == 0
