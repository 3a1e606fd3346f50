"""What a provider does not take is refused by its name, or left out with `drop_params`: not of chats alone."""

import json

import pytest

from conftest import MASTER_KEY
from raw import whole
from test_budgets import House
from test_each_operation import KIND, form

HEARD = {"metadata": {"duration": 2.5}, "results": {"channels": [{"alternatives": [{"transcript": "hello there", "words": []}]}]}}
RANKED = {"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}

# Of each deployment: its model, and its answer.
DEPLOYMENTS = {
    "vectors": ("nlp_cloud/paraphrase", whole({"embeddings": [[0.5, 0.25]]})),
    "painter": ("stability/sd3.5-large", whole({"image": "AAAA", "finish_reason": "SUCCESS"})),
    "speaker": ("deepgram/aura-2-thalia-en", whole(b"ID3" + bytes(64), content_type="audio/mpeg")),
    "ear": ("deepgram/nova-3", whole(HEARD)),
    "ranks": ("cohere/rerank-v3.5", whole(RANKED)),
    "voyage": ("voyage/rerank-2.5", whole({"object": "list", "data": [{"index": 0, "relevance_score": 0.9}], "model": "rerank-2.5", "usage": {"total_tokens": 5}})),
}
# Where it is asked, with which body and file, and what its provider does not take.
CASES = {
    "embeddings": ("/v1/embeddings", {"model": "vectors", "input": "hi"}, None, {"dimensions": 7}),
    "images": ("/v1/images/generations", {"model": "painter", "prompt": "hi"}, None, {"quality": "hd", "style": "vivid"}),
    "images/edits": ("/v1/images/edits", {"model": "painter", "prompt": "hi"}, "image", {"quality": "high", "input_fidelity": "low"}),
    "speech": ("/v1/audio/speech", {"model": "speaker", "input": "hi", "voice": "thalia"}, None, {"instructions": "be kind", "speed": 1.5}),
    "transcriptions": ("/v1/audio/transcriptions", {"model": "ear"}, "file", {"prompt": "names", "temperature": 0.5}),
    "rerank": ("/v1/rerank", {"model": "ranks", "query": "q", "documents": ["a"]}, None, {"max_chunks_per_doc": 3}),
    "rerank at another": ("/v2/rerank", {"model": "voyage", "query": "q", "documents": ["a"]}, None, {"rank_fields": ["a"], "max_tokens_per_doc": 9}),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    deployments = {name: (name, {"model": model}, answer) for name, (model, answer) in DEPLOYMENTS.items()}
    it = House(tmp_path_factory.mktemp("unsupported"), deployments)
    yield it
    assert it.gateway.stop() == 0


def ask(house, name, **more):
    path, body, file, _ = CASES[name]
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    if file is None:
        return house.gateway.get(path, body=json.dumps({**body, **more}).encode(), headers={**headers, "content-type": "application/json"})
    fields = {field: json.dumps(value) if isinstance(value, bool) else value for field, value in {**body, **more}.items()}
    return house.gateway.get(path, body=form(fields, file), headers={**headers, **KIND})


@pytest.mark.parametrize("name", CASES)
def test_what_a_provider_does_not_take_is_refused_by_its_name_or_left_out(house, name):
    model, params = CASES[name][1]["model"], CASES[name][3]
    for names in ([[it] for it in params] + [list(params)]):
        before = house.asked(model)
        status, refused, _ = ask(house, name, **{it: params[it] for it in names})
        error = json.loads(refused)["error"]
        assert status == 400 and "UnsupportedParamsError" in error["message"], refused
        assert all(it in error["message"] for it in names) and error["type"] == "invalid_request_error", refused
        assert house.asked(model) == before
    status, answer, _ = ask(house, name, **params, drop_params=True)
    assert status == 200, answer
    sent = house.upstream.requests[model][-1]
    assert not any(it.encode() in sent for it in (*params, "drop_params")), sent


def test_the_config_may_say_that_it_is_left_out(tmp_path, data_dir):
    model, answer = DEPLOYMENTS["vectors"]
    it = House(tmp_path, {"vectors": ("vectors", {"model": model, "drop_params": True}, answer)})
    try:
        status, answered, _ = ask(it, "embeddings", dimensions=7)
        assert status == 200 and json.loads(answered)["data"][0]["embedding"] == [0.5, 0.25]
        assert b"dimensions" not in it.upstream.requests["vectors"][-1]
    finally:
        assert it.gateway.stop() == 0
