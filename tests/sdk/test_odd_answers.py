"""Answers with a member missing or one too many, of operations whose dialect is not OpenAI's chat; and
bodies of theirs whose members are of the wrong type."""

import copy

import pytest

from operation_house import ALL, serve
from raw import whole
from test_budgets import House

MORE = {"unheard_of": {"a": [1]}}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 20}}
CANDIDATES = {"candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20}}
RANKED = {"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}
# Of each operation: its deployment's model, a whole answer, and the member without which it is none.
ANSWERS = {
    "messages": ("anthropic/claude-own", MESSAGE, "content"),
    "generateContent": ("gemini/gemini-own", CANDIDATES, "candidates"),
    "rerank": ("cohere/rerank-own", RANKED, "results"),
    "rerank v2": ("voyage/rerank-own", {"object": "list", "data": [{"index": 0, "relevance_score": 0.9}], "model": "m", "usage": {"total_tokens": 5}}, "data"),
    "count_tokens": ("anthropic/claude-own", {"input_tokens": 17}, "input_tokens"),
    "countTokens": ("gemini/gemini-own", {"totalTokens": 17}, "totalTokens"),
}


def slug(*words):
    return "-".join(words).replace(" ", "-")


def without(document, name):
    left = copy.deepcopy(document)
    del left[name]
    return left


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    deployments = {}
    for name, (model, right, needed) in ANSWERS.items():
        for kind, document in (("right", right), ("lacks", without(right, needed)), ("null", {**right, needed: None}), ("wrong", {**right, needed: "x"}), ("more", {**right, **MORE})):
            deployments[slug(kind, name)] = (slug(kind, name), {"model": model}, whole(document))
    deployments |= {
        "silence": ("silence", {"model": "openai/tts-own"}, whole(b"", content_type="audio/mpeg")),
        "talks": ("talks", {"model": "openai/tts-own"}, whole(MORE)),
        "chats": ("chats", {"model": "groq/own"}, serve),
        "googles": ("googles", {"model": "gemini/gemini-own"}, serve),
    }
    it = House(tmp_path_factory.mktemp("odd"), deployments)
    yield it
    assert it.gateway.stop() == 0


def ask(house, name, kind):
    asked, model = ALL[name], slug(kind, name)
    if "/models/" in asked.path:
        return house.gateway.post(asked.path.replace("gemini", model), asked.body)
    return house.gateway.post(asked.path, {**asked.body, "model": model})


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_without_what_makes_it_one_is_an_error_of_the_upstream(house, name):
    for kind in ("lacks", "null", "wrong"):
        status, refused, _ = ask(house, name, kind)
        assert status >= 500 and refused["error"]["message"], (kind, refused)
    assert house.asked(slug("lacks", name)) == 1


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_with_more_than_is_known_is_whole(house, name):
    status, right, _ = ask(house, name, "right")
    assert status == 200, right
    status, more, _ = ask(house, name, "more")
    assert status == 200, more
    theirs = ("id", "created", "model", "responseId", "modelVersion")
    bare = lambda document: {key: value for key, value in document.items() if key not in (*theirs, *MORE)}
    assert bare(more) == bare(right)
    # Google's answers have no `id`, and are given none.
    assert ALL[name].dialect != "google" or not {"id", "object"} & set(right)
    # Where the client speaks the provider's dialect, it gets all of it.
    if name in ("messages", "generateContent"):
        assert more["unheard_of"] == MORE["unheard_of"]


@pytest.mark.parametrize("model", ["silence", "talks"])
def test_speech_that_is_no_sound_is_an_error_of_the_upstream(house, model):
    status, refused, _ = house.gateway.post("/v1/audio/speech", {"model": model, "voice": "alloy", "input": "hi"})
    assert status >= 500 and refused["error"]["message"], refused


CONTENTS = [{"role": "user", "parts": [{"text": "hi"}]}]
LOOK = {"name": "look", "parameters": {"type": "OBJECT"}}
said = lambda *parts, role="user": [{"role": role, "parts": list(parts)}]
calling = lambda **config: {"functionCallingConfig": config}
# Of each member what is wrong with it, and the place that is named.
WRONG = {
    "contents": [
        (None, ""), (5, ""), ([], ""), ([5], "[0]"), ([{"role": "user", "parts": "hi"}], "[0].parts"), ([{"role": 5, "parts": [{"text": "hi"}]}], "[0].role"),
        (said({"text": "hi"}, role="banana"), "[0].role"), (said(5), "[0].parts[0]"), (said({"text": 5}), "[0].parts[0]"), (said({"inlineData": "x"}), "[0].parts[0].inlineData"),
        (said({"inlineData": {"mimeType": "image/png"}}), "[0].parts[0].inlineData.data"), (said({"fileData": {}}), "[0].parts[0].fileData.fileUri"),
        (said({"functionResponse": {"response": {}}}), "[0].parts[0].functionResponse.name"), (said({"functionResponse": {"name": "look", "response": {}}}), "[0].parts[0]"),
        (CONTENTS + said({"functionCall": {"args": {}}}, role="model"), "[1].parts[0].functionCall.name"),
    ],
    "systemInstruction": [(5, ""), ({"parts": "x"}, ".parts")],
    "tools": [
        ("x", ""), ([5], ""), ([{"functionDeclarations": [{}]}], "[0].functionDeclarations[0]"), ([{"functionDeclarations": [5]}], "[0].functionDeclarations[0]"),
        ([{"functionDeclarations": [LOOK, LOOK]}], "[0].functionDeclarations[1]"), ([{"functionDeclarations": [{**LOOK, "parameters": "x"}]}], "[0].functionDeclarations[0].parameters"),
        ([{"functionDeclarations": [{**LOOK, "parametersJsonSchema": {}}]}], "[0].functionDeclarations[0]"), ([{"codeExecution": {}}], "[0].codeExecution"),
    ],
    "toolConfig": [
        ("x", ""), ({"functionCallingConfig": "x"}, ".functionCallingConfig"), (calling(mode=5), ".functionCallingConfig.mode"), (calling(mode="SOMETIMES"), ".functionCallingConfig.mode"),
        (calling(mode="ANY"), ".functionCallingConfig.mode"), (calling(mode="ANY", allowedFunctionNames=[5]), ".functionCallingConfig.allowedFunctionNames"),
        (calling(mode="ANY", allowedFunctionNames=["hear"]), ".functionCallingConfig.allowedFunctionNames"),
    ],
    "generationConfig": [
        ("x", ""), ({"temperature": "hot"}, ".temperature"), ({"maxOutputTokens": "many"}, ".maxOutputTokens"), ({"stopSequences": {"x": 1}}, ".stopSequences"),
        ({"responseMimeType": 5}, ".responseMimeType"), ({"responseMimeType": "text/x.enum"}, ".responseMimeType"), ({"responseSchema": {"type": "OBJECT"}}, ".responseSchema"),
        ({"responseMimeType": "application/json", "responseSchema": "x"}, ".responseSchema"), ({"responseModalities": [5]}, ".responseModalities"), ({"responseLogprobs": "x"}, ".responseLogprobs"),
        ({"responseMimeType": "application/json", "responseSchema": {}, "responseJsonSchema": {}}, ".responseSchema"),
        ({"thinkingConfig": "x"}, ".thinkingConfig"), ({"thinkingConfig": {"thinkingBudget": "many"}}, ".thinkingConfig.thinkingBudget"), ({"thinkingConfig": {"thinkingBudget": True}}, ".thinkingConfig.thinkingBudget"),
    ],
}
AMONG = {"tools": [{"functionDeclarations": [LOOK]}]}
CHOSEN = [
    ("hear", "ANY"), ("look", "AUTO"), ("look", "NONE"), ("look", None),
]


@pytest.mark.parametrize("action", ["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"])
@pytest.mark.parametrize("member", WRONG)
def test_what_is_wrong_with_a_member_of_googles_is_named_where_a_chat_stands_in(house, member, action):
    before = house.asked("chats")
    cases = [({"contents": CONTENTS, member: value}, member + place) for value, place in WRONG[member]]
    if member == "contents":
        cases.append(({}, "contents"))
    if member == "toolConfig":
        name = "toolConfig.functionCallingConfig.allowedFunctionNames"
        cases += [({"contents": CONTENTS, **AMONG, "toolConfig": calling(mode=mode, allowedFunctionNames=[chosen])}, name) for chosen, mode in CHOSEN]
    for body, place in cases:
        for version in ("v1beta", "v1"):
            status, refused, _ = house.gateway.post(f"/{version}/models/chats:{action}", body)
            assert (status, refused["error"]["code"], refused["error"]["status"]) == (400, 400, "INVALID_ARGUMENT"), (body, refused)
            assert place in refused["error"]["message"], (body, refused)
    assert house.asked("chats") == before


COUNTED = {
    "model": [5, None, ["chats"]],
    "messages": ["hi", 5, {"role": "user"}],
    "prompt": [5, {"a": 1}],
    "contents": ["hi", 5],
    "tools": ["x", 5],
    "system": [5, {"a": 1}],
    "unheard_of": [1],
}


@pytest.mark.parametrize("member", COUNTED)
def test_a_member_of_the_token_counter_of_the_wrong_type_is_named(house, member):
    right = {"model": "chats"} if member in ("messages", "prompt", "contents") else {"model": "chats", "prompt": "hi"}
    for value in COUNTED[member]:
        status, refused, _ = house.gateway.post("/utils/token_counter", {**right, member: value})
        assert status == 400 and refused["error"]["type"] == "invalid_request_error", (value, refused)
        assert refused["error"]["param"] == member and member in refused["error"]["message"], (value, refused)
    for body in (b"", b"{", b"[]", b"5"):
        assert house.gateway.post("/utils/token_counter", body)[0] == 400, body
