"""Members of the wrong type, of operations that need something to be there first or that another dialect asks for: each
is named, in that dialect, and nobody is asked."""

import json

import pytest

from operation_house import ALL, OperationHouse
from test_pipeline_of_all import refused_with

said = lambda *parts: {"parts": list(parts)}
# Of each operation what is wrong with which member, and the place that is named where it is another.
WRONG = {
    "batches": [("endpoint", 5), ("endpoint", None), ("completion_window", 24), ("completion_window", None), ("metadata", [])],
    "moderations": [("input", 5), ("input", {}), ("input", [5]), ("input", ["a", {}]), ("input", None)],
    "embedContent": [("content", 5), ("content", "hi"), ("content", {}), ("content", said()), ("content", said(5)), ("content", said({"inlineData": {"mimeType": "image/png", "data": "AA=="}})), ("outputDimensionality", "many", "dimensions")],
    "batchEmbedContents": [("requests", 5), ("requests", []), ("requests", [5]), ("requests", [{"content": "hi"}]), ("requests", [{"content": said({"text": "a"})}, {}])],
    "countTokens": [("contents", 5), ("contents", ""), ("contents", [5]), ("contents", []), ("contents", None), ("generateContentRequest", {"contents": 5}, "contents")],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    it = OperationHouse(tmp_path_factory.mktemp("wrong"))
    yield it
    assert it.gateway.stop() == 0


def ask(house, name, **wrong):
    if name != "countTokens":
        return house.call(name, house.owner, **wrong)[:2]
    # Google itself judges what is asked of its models.
    path = ALL[name].path.replace("gemini", "m")
    status, answer, _ = house.gateway.get(path, body=json.dumps({**ALL[name].body, **wrong}).encode())
    return status, answer


@pytest.mark.parametrize("name", WRONG)
def test_a_member_of_the_wrong_type_is_named_and_nobody_is_asked(house, name):
    assert ask(house, name)[0] == 200
    before = house.sent()
    for member, value, *place in WRONG[name]:
        status, answer = ask(house, name, **{member: value})
        assert status == 400, (member, value, answer)
        kind, message = refused_with(name, answer)
        assert kind in ("invalid_request_error", "INVALID_ARGUMENT") and [member, *place][-1] in message, (value, answer)
    assert house.sent() == before
