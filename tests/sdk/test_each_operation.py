"""For each operation: what is wrong with a request is named before anybody is asked, what a provider leaves
out or adds is no half answer, and an answer that tells no usage is paid all the same."""

import json

import pytest

from conftest import MASTER_KEY
from raw import body_of, streamed, whole
from test_budgets import House

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
MESSAGES = [{"role": "user", "content": "hi"}]
GOOGLES = "/v1beta/models/m:"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}

# Of each operation: its path, a body that is right, members whose type may be wrong, those it cannot do without.
OPERATIONS = {
    "chat": ("/v1/chat/completions", {"messages": MESSAGES}, {"messages": "hi", "temperature": "hot", "tools": "x", "stream": "yes", "stop": 5, "max_tokens": "x", "response_format": "x", "tool_choice": 7, "n": "two"}, ["messages"]),
    "completions": ("/v1/completions", {"prompt": "hi"}, {"temperature": "hot", "logprobs": True, "max_tokens": "x", "stream": 1}, ["prompt"]),
    "embeddings": ("/v1/embeddings", {"input": "hi"}, {"dimensions": "x", "encoding_format": 5}, ["input"]),
    "responses": ("/v1/responses", {"input": "hi"}, {"stream": "yes"}, ["input"]),
    "messages": ("/v1/messages", {"messages": MESSAGES, "max_tokens": 5}, {"messages": "hi", "stream": "yes"}, ["messages"]),
    "count_tokens": ("/v1/messages/count_tokens", {"messages": MESSAGES}, {"messages": "hi"}, ["messages"]),
    "generateContent": (GOOGLES + "generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}, {}, ["contents"]),
    "rerank": ("/v1/rerank", {"query": "q", "documents": ["a"]}, {"documents": "a", "top_n": "x", "query": 5, "return_documents": "yes"}, ["query", "documents"]),
    "moderations": ("/v1/moderations", {"input": "hi"}, {"stream": "yes"}, ["input"]),
    "images": ("/v1/images/generations", {"prompt": "hi"}, {"n": "x", "size": 5, "prompt": 5}, ["prompt"]),
    "speech": ("/v1/audio/speech", {"input": "hi", "voice": "v"}, {"speed": "x", "input": 5, "stream_format": "mp3", "voice": 5}, ["input"]),
    "files": ("/v1/batches", {"input_file_id": "file-x", "endpoint": "/v1/chat/completions", "completion_window": "24h"}, {}, ["input_file_id"]),
}
FORMS = {
    "images/edits": ("/v1/images/edits", {"prompt": "hi"}, "image", {"n": "x"}, ["prompt"]),
    "images/variations": ("/v1/images/variations", {}, "image", {"n": "x"}, []),
    "transcriptions": ("/v1/audio/transcriptions", {}, "file", {"temperature": "warm", "stream": "maybe"}, []),
    "translations": ("/v1/audio/translations", {}, "file", {"temperature": "warm"}, []),
    "files": ("/v1/files", {"purpose": "user_data"}, "file", {}, ["purpose"]),
}


def form(fields, file, end=b"--cut--\r\n"):
    parts = [f'--cut\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    if file:
        parts.append(f'--cut\r\ncontent-disposition: form-data; name="{file}"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'.encode() + PNG + b"\r\n")
    return b"".join(parts) + end


KIND = {"content-type": "multipart/form-data; boundary=cut"}


def events(*pieces):
    return [f"data: {json.dumps(it)}\n\n" for it in pieces]


def delta(delta, reason=None, **more):
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def calls(*pieces):
    return delta({"tool_calls": list(pieces)})


def piece(index, arguments=None, id=None, name=None):
    function = {**({"name": name} if name else {}), **({"arguments": arguments} if arguments is not None else {})}
    return {**({} if index is None else {"index": index}), **({"id": id, "type": "function"} if id else {}), "function": function}


END = [delta({}, "tool_calls"), {"id": "c", "choices": [], "usage": USAGE}]
# Streams of two calls as upstreams write them, in which numbers are missing, shared, or out of order.
CALLS = {
    "in order": [calls(piece(0, "", "a", "f")), calls(piece(0, '{"x":')), calls(piece(0, "1}")), calls(piece(1, "", "b", "g")), calls(piece(1, '{"y":2}'))],
    "interleaved": [calls(piece(0, "", "a", "f"), piece(1, "", "b", "g")), calls(piece(1, '{"y":')), calls(piece(0, '{"x":1}')), calls(piece(1, "2}"))],
    "out of order": [calls(piece(1, "", "b", "g")), calls(piece(0, "", "a", "f")), calls(piece(1, '{"y":2}')), calls(piece(0, '{"x":1}'))],
    "one number for both": [calls(piece(0, '{"x":1}', "a", "f")), calls(piece(0, '{"y":2}', "b", "g"))],
    "no numbers": [calls(piece(None, '{"x":1}', "a", "f")), calls(piece(None, '{"y":2}', "b", "g"))],
}
NULLS = [delta({"role": "assistant", "content": None}), {"id": "c", "choices": []}, {"id": "c", "choices": None}, delta(None), delta({"content": "th", "tool_calls": None}), delta({"content": "ere", "unheard_of": [1]}, unheard_of={"a": 1}), delta({}, "stop"), {"id": "c", "choices": [], "usage": USAGE}]


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    slug = lambda name: name.replace(" ", "-").replace("/", "-")
    model = lambda name, answer, model="groq/m": (slug(name), (name, {"model": model}, answer))
    stream = lambda *all: streamed(*events(*all), "data: [DONE]\n\n")
    answer = {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "one two three four five six seven eight"}}]}
    deployments = dict([
        model("m", whole({"error": {"message": "nobody is asked"}}, status=500), "openai/gpt-4o"),
        model("ranks", whole({}), "cohere/rerank-v3.5"),
        model("strict", whole({**answer, "usage": USAGE})),
        *(model(f"calls {name}", stream(*pieces, *END)) for name, pieces in CALLS.items()),
        model("nulls", stream(*NULLS)),
        model("silent", whole(answer), "openai/gpt-4o"),
        model("silent-stream", stream(delta({"role": "assistant", "content": "one two three four "}), delta({"content": "five six seven eight"}), delta({}, "stop")), "openai/gpt-4o"),
        model("silent-messages", whole({"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "one two three four five six seven eight"}], "stop_reason": "end_turn"}), "anthropic/claude-x"),
        model("fails-midway", streamed(*events(delta({"role": "assistant", "content": "half"}), {"error": {"message": "out of luck", "type": "server_error", "code": 500}}))),
        *(model(f"lacks {name}", whole(body), "openai/x") for name, body in LACKING.items()),
        *(model(f"more {name}", whole({**body, "unheard_of": {"a": [1]}}), "openai/x") for name, body in ANSWERS.items()),
    ])
    it = House(tmp_path_factory.mktemp("each"), deployments)
    yield it
    assert it.gateway.stop() == 0


# Answers without the one member that makes them one, and answers with a member that nobody knows.
LACKING = {
    "chat": {"id": "c", "object": "chat.completion"}, "completions": {"id": "c"}, "embeddings": {"object": "list"}, "responses": {"id": "r", "object": "response"},
    "moderations": {"id": "m"}, "images": {"created": 1}, "transcriptions": {"words": []}, "translations": {},
    "images/edits": {"created": 1}, "images/variations": {"created": 1},
}
ANSWERS = {
    "chat": {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi", "unheard_of": 1}}], "usage": USAGE},
    "completions": {"id": "c", "choices": [{"index": 0, "text": "hi", "finish_reason": "stop"}], "usage": USAGE},
    "embeddings": {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
    "responses": {"id": "resp_1", "object": "response", "status": "completed", "output": [], "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}},
    "moderations": {"id": "m", "results": []}, "images": {"created": 1, "data": [{"b64_json": "AA"}]}, "transcriptions": {"text": "hi"}, "translations": {"text": "hi"},
    "images/edits": {"created": 1, "data": [{"b64_json": "AA"}]}, "images/variations": {"created": 1, "data": [{"b64_json": "AA"}]},
}


def asked(house):
    return sum(map(len, house.upstream.requests.values()))


def error_of(path, answer):
    """What is wrong, and with what, in the words of the dialect that was asked."""
    error = answer["error"]
    if path.startswith("/v1/messages"):
        assert answer["type"] == "error" and error["type"] == "invalid_request_error"
        return error["message"]
    if path.startswith("/v1beta"):
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        return error["message"]
    assert error["type"] == "invalid_request_error"
    return f"{error['param']} {error['message']}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_wrong_or_missing_member_is_named_and_nobody_is_asked(house, name):
    path, right, wrong, needed = OPERATIONS[name]
    before = asked(house)
    bodies = [({**right, member: value}, member) for member, value in wrong.items()]
    bodies += [({key: value for key, value in right.items() if key != member}, member) for member in needed]
    bodies += [({**right, member: None}, member) for member in needed]
    for body, member in bodies:
        status, refused, _ = house.gateway.post(path, {"model": "ranks" if name == "rerank" else "m", **body})
        assert status == 400, (body, refused)
        assert member in error_of(path, refused), (body, refused)
    for body in (b"{", b"[]", b'{"model": "m", "model": "n"}', b""):
        status, refused, _ = house.gateway.post(path, body)
        assert status == 400 and error_of(path, refused), body
    assert asked(house) == before


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_wrong_or_cut_off_is_refused_and_nobody_is_asked(house, name):
    path, right, file, wrong, needed = FORMS[name]
    right = {"model": "m", **right}
    before = asked(house)
    cases = [(form({**right, member: value}, file), member) for member, value in wrong.items()]
    cases += [(form({key: value for key, value in right.items() if key != member}, file), member) for member in needed]
    cases += [(form(right, None), file), (form(right, file, end=b""), "request_body"), (form(right, file)[:-40], "request_body"), (b"", "request_body"), (b'{"model": "m"}', "request_body")]
    for body, member in cases:
        status, refused, _ = house.gateway.post(path, body, headers=KIND)
        assert status == 400 and member in error_of(path, refused), (body, refused)
    assert asked(house) == before


@pytest.mark.parametrize("params", [{"thinking": {"type": "enabled"}}, {"logit_bias": {"1": 2}}, {"thinking": {"type": "enabled"}, "logit_bias": {"1": 2}}])
def test_what_a_provider_does_not_take_is_refused_by_name_or_left_out(house, params):
    path = "/v1/chat/completions"
    refused_by = {name for name in params if house.gateway.post(path, {"model": "strict", "messages": MESSAGES, name: params[name]})[0] == 400}
    if not refused_by:
        assert set(params) <= set(body_of(house.upstream.requests["strict"][-1]))
        return
    before = asked(house)
    status, refused, _ = house.gateway.post(path, {"model": "strict", "messages": MESSAGES, **params})
    assert status == 400 and "UnsupportedParamsError" in refused["error"]["message"]
    assert all(name in refused["error"]["message"] for name in refused_by) and asked(house) == before
    status, answer, _ = house.gateway.post(path, {"model": "strict", "messages": MESSAGES, **params, "drop_params": True})
    assert status == 200, answer
    sent = body_of(house.upstream.requests["strict"][-1])
    assert not refused_by & set(sent) and "drop_params" not in sent


@pytest.mark.parametrize("name", LACKING)
def test_an_answer_without_what_makes_it_one_is_an_error_and_one_with_more_is_whole(house, name):
    def ask(model):
        if name in OPERATIONS:
            path, body, _, _ = OPERATIONS[name]
            return house.gateway.post(path, {"model": model, **body})
        path, fields, file, _, _ = FORMS[name]
        return house.gateway.post(path, form({"model": model, **fields}, file), headers=KIND)

    status, answer, _ = ask(f"lacks {name}")
    assert status >= 500 and "error" in answer, answer
    status, answer, _ = ask(f"more {name}")
    assert status == 200 and answer["unheard_of"] == {"a": [1]}, answer


def chunks(house, model, path="/v1/chat/completions", **more):
    body = json.dumps({"model": model, "stream": True, "messages": MESSAGES, **more}).encode()
    status, text, _ = house.gateway.get(path, body=body, headers={"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"})
    assert status == 200, text
    return [line[6:] for line in text.decode().splitlines() if line.startswith("data: ")]


@pytest.mark.parametrize("name", CALLS)
def test_calls_stay_apart_however_an_upstream_numbers_them(house, name):
    made = {}
    data = chunks(house, f"calls {name}")
    assert data[-1] == "[DONE]"
    for one in map(json.loads, data[:-1]):
        for choice in one["choices"]:
            for call in choice["delta"].get("tool_calls") or []:
                known = made.setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
                known["id"] += call.get("id") or ""
                known["name"] += call["function"].get("name") or ""
                known["arguments"] += call["function"].get("arguments") or ""
    found = sorted((it["id"], it["name"], json.loads(it["arguments"])) for it in made.values())
    assert found == [("a", "f", {"x": 1}), ("b", "g", {"y": 2})], data
    # A client of another dialect finds them as blocks, each begun and ended once.
    blocks = {}
    for one in map(json.loads, chunks(house, f"calls {name}", "/v1/messages", max_tokens=9)):
        if one["type"] == "content_block_start" and one["content_block"]["type"] == "tool_use":
            blocks[one["index"]] = [one["content_block"]["id"], one["content_block"]["name"], ""]
        elif one["type"] == "content_block_delta" and one["delta"]["type"] == "input_json_delta":
            blocks[one["index"]][2] += one["delta"]["partial_json"]
    assert sorted((id, name, json.loads(said)) for id, name, said in blocks.values()) == found


def test_null_deltas_and_empty_choices_say_nothing(house):
    data = chunks(house, "nulls", stream_options={"include_usage": True})
    assert data[-1] == "[DONE]"
    said = [choice["delta"].get("content") or "" for one in map(json.loads, data[:-1]) for choice in one["choices"] or [] if choice["delta"]]
    assert "".join(said) == "there"
    text = [json.loads(one) for one in chunks(house, "nulls", "/v1/messages", max_tokens=9)]
    assert "".join(one["delta"].get("text", "") for one in text if one["type"] == "content_block_delta") == "there"
    assert text[-1]["type"] == "message_stop"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_an_error_in_the_middle_ends_a_stream_as_an_error(house, path):
    data = chunks(house, "fails-midway", path, max_tokens=9)
    assert "out of luck" in json.loads(data[-1])["error"]["message"]
    assert "[DONE]" not in data and not any("message_stop" in it for it in data)


@pytest.mark.parametrize("model, path, stream", [("silent", "/v1/chat/completions", False), ("silent-stream", "/v1/chat/completions", True), ("silent-messages", "/v1/messages", False), ("silent", "/v1/messages", False)])
def test_an_answer_that_tells_no_usage_is_charged_by_a_count_of_its_text(house, model, path, stream):
    key = house.key()
    status, text, headers = house.gateway.get(path, body=json.dumps({"model": model, "messages": MESSAGES, "max_tokens": 50, "stream": stream}).encode(), headers={"authorization": f"Bearer {key}"})
    assert status == 200, text
    call = {name.lower(): value for name, value in headers.items()}["x-litellm-call-id"]
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM spend_rows WHERE call_id = ?", call))
    (row,) = house.query("SELECT * FROM spend_rows WHERE call_id = ?", call)
    # Eight words are some ten tokens, and the question is at least one.
    assert row["cost_pico"] > 0
    spent = json.loads(house.gateway.get(f"/spend/logs?request_id={call}")[1])[0]
    assert 5 <= spent["completion_tokens"] <= 20 and spent["prompt_tokens"] >= 1, spent
