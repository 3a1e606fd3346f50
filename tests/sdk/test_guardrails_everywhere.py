"""No call goes around its guardrails: every route that asks a model, sessions, answers that are given again; and in
every dialect their edits are put back, whole and in streams."""

import json
import os
import pathlib
import shutil
import threading

import openai
import pytest
import websockets.exceptions
from google import genai
from google.genai import types
from websockets.sync.client import connect

from conftest import MASTER_KEY, Gateway
from guarding import USAGE, Provider, ask, cut, guard
from raw import body_of, streamed, whole
from sessions import Upstream as Sockets
from sessions import texts
from test_each_operation import KIND, form

GUEST = pathlib.Path(os.environ["SLUICE_GUESTS"]) / "sluice_guest_guards.wasm"
ADA = 'Ada "Countess" Lovelace'
FORBIDDEN = {"messages": [{"role": "user", "content": "forbidden"}]}
SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}}}
# No cache of the gateway's has a part in it.
FRESH = {"cache": {"no-cache": True, "no-store": True}}


class Wide(Provider):
    """Also makes vectors, and two choices; and may have those who ask at once wait for each other."""

    def __init__(self):
        super().__init__()
        self.together = None

    def answer(self, peer):
        asked = body_of(peer.request)
        if self.together is not None:
            self.together.wait(20)
        if "input" in asked:
            self.seen.append(asked)
            data = [{"index": at, "object": "embedding", "embedding": [0.5]} for at in range(len(asked["input"]))]
            peer.send(whole({"object": "list", "model": "m", "data": data, "usage": USAGE}))
        elif asked.get("n") == 2:
            self.seen.append(asked)
            peer.send(self.twice(asked["messages"][-1]["content"], asked.get("stream")))
        elif asked.get("stream") and asked.get("tools"):
            self.seen.append(asked)
            peer.send(self.called(json.dumps({"to": self.told()})))
        else:
            super().answer(peer)

    def called(self, arguments):
        """The call of a tool as OpenAI streams one: its name comes first, and once."""
        calls = [{"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": ""}}, *({"function": {"arguments": it}} for it in cut(arguments))]
        deltas = [({"tool_calls": [{"index": 0, **it}]}, None) for it in calls]
        events = [{"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} for delta, finish in (*deltas, ({}, "tool_calls"))]
        return streamed(*(f"data: {json.dumps(it)}\n\n" for it in events), "data: [DONE]\n\n")

    def twice(self, said, is_streamed):
        answers = [f"First: {said}", f"The second: {said}"]
        if not is_streamed:
            choices = [{"index": at, "finish_reason": "stop", "message": {"role": "assistant", "content": it}} for at, it in enumerate(answers)]
            return whole({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE, "choices": choices})
        event = lambda at, delta, finish=None: f"data: {json.dumps({'id': 'c', 'choices': [{'index': at, 'delta': delta, 'finish_reason': finish}]})}\n\n"
        # A piece of the one, a piece of the other.
        pieces = [cut(it, 3) for it in answers]
        longest = max(map(len, pieces))
        mixed = [event(at, {"content": pieces[at][turn]}) for turn in range(longest) for at in (0, 1) if turn < len(pieces[at])]
        return streamed(*mixed, event(0, {}, "stop"), event(1, {}, "stop"), "data: [DONE]\n\n")


@pytest.fixture(scope="module")
def provider():
    provider = Wide()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def sockets():
    return Sockets()


SESSIONS = {"pre": "pre_call", "during": "during_call", "post": "post_call", "log": "logging_only"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, data_dir, provider, sockets):
    folder = tmp_path_factory.mktemp("everywhere")
    (folder / "dropped").mkdir()
    shutil.copy(GUEST, folder / "dropped" / "guards.wasm")
    base = {"api_base": provider.url, "api_key": "k-secret", "num_retries": 0}
    voice = {"model": "openai/gpt-realtime", "api_base": sockets.script("voice", texts) + "/v1", "api_key": "k-secret", "num_retries": 0}
    model = lambda name, **params: {"model_name": name, "litellm_params": params}
    judge = {"api_base": provider.url, "api_key": "k-judge", "timeout": 30}
    running = Gateway(folder, {
        "model_list": [
            model("m", model="openai/m", **base),
            # It knows chats only: every other dialect is put into one.
            model("masked", model="groq/m", guardrails=["mask"], **base),
            model("kept", model="openai/m", guardrails=["pii"], **base),
            *(model(f"voice-{name}", guardrails=[f"sound-{name}"], **voice) for name in (*SESSIONS, "open")),
        ],
        "guardrails": [
            guard("no-forbidden", "deeds", "pre_call", deed="block", word="forbidden"),
            guard("no-answer", "deeds", "post_call", deed="block", word="You said"),
            guard("fails", "deeds", "pre_call", deed="fail"),
            guard("mask", "mask", ["pre_call", "post_call"], names=[ADA]),
            guard("pii", "pii", ["pre_call", "post_call"]),
            *(guard(f"judge-{at}", "deeds", "during_call", deed="fetch", **judge) for at in (1, 2)),
            *(guard(f"sound-{name}", "pii", mode) for name, mode in SESSIONS.items()),
            guard("sound-open", "pii", ["pre_call", "during_call", "post_call"], unreachable_fallback="fail_open"),
        ],
        "litellm_settings": {"cache": True, "cache_params": {"type": "local"}},
        "plugins": {"directory": str(folder / "dropped"), "limits": {"wall_ms": 5000}, "ungranted": {"guards": "warn"}},
        "general_settings": {"master_key": MASTER_KEY},
    }, {"SLUICE_LOG": "info,sluice::pipeline::guards=debug"})
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(gateway):
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


# By the ends of paths, the longer before the shorter: a body with the word in it.
ASKED = {
    "/chat/completions": FORBIDDEN,
    "/completions": {"prompt": "forbidden"},
    "/embeddings": {"input": "forbidden"},
    "/responses": {"input": "forbidden"},
    "/responses/compact": {"input": "forbidden"},
    "/responses/input_tokens": {"input": "forbidden"},
    "/realtime/client_secrets": {"session": {"instructions": "forbidden"}},
    "/realtime/calls": {"session": {"instructions": "forbidden"}},
    "/realtime/transcription_sessions": {"prompt": "forbidden"},
    "/messages": {"max_tokens": 5, **FORBIDDEN},
    "/messages/count_tokens": FORBIDDEN,
    "/moderations": {"input": "forbidden"},
    "/rerank": {"query": "forbidden", "documents": ["a"]},
    "/images/generations": {"prompt": "forbidden"},
    "/audio/speech": {"input": "forbidden", "voice": "v"},
    ":generateContent": {"contents": [{"parts": [{"text": "forbidden"}]}]},
    ":streamGenerateContent": {"contents": [{"parts": [{"text": "forbidden"}]}]},
    ":countTokens": {"contents": [{"parts": [{"text": "forbidden"}]}]},
    ":embedContent": {"content": {"parts": [{"text": "forbidden"}]}},
    ":batchEmbedContents": {"requests": [{"content": {"parts": [{"text": "forbidden"}]}}]},
}
FORMS = {"/images/edits": "image", "/images/variations": "image", "/audio/transcriptions": "file", "/audio/translations": "file"}
# They name what is at a provider, and have no text; lines of an uploaded batch are not looked at (docs/guardrails.md).
WORDLESS = ("/files", "/batches", "/cancel")


def routes(gateway):
    """Every served route that asks a model for something, as the gateway lists them."""
    paths = json.loads(gateway.get("/openapi.json")[1])["paths"]
    posts = {path: item["post"] for path, item in paths.items() if "post" in item}
    served = [path for path, it in posts.items() if it["tags"][0] in ("Models", "Anthropic", "Google") and "501" not in it["responses"]]
    return [path for path in served if not path.endswith(WORDLESS)]


def refused(gateway, path, key):
    path = path.replace("{model}", "m")
    end = next((it for it in ASKED if path.endswith(it)), None)
    if end is not None:
        return gateway.post(path, {"model": "m", **ASKED[end]}, key)
    file = next(file for end, file in FORMS.items() if path.endswith(end))
    return gateway.post(path, form({"model": "m", "prompt": "forbidden"}, file), key, KIND)


def test_every_route_that_the_gateway_lists_is_looked_at(gateway, provider):
    listed, before = routes(gateway), len(provider.seen)
    assert len(listed) > 30, listed
    status, made, _ = gateway.post("/key/generate", {"guardrails": ["no-forbidden"]})
    assert status == 200, made
    for path in listed:
        status, answer, headers = refused(gateway, path, made["key"])
        assert status == 400 and "no-forbidden" in json.dumps(answer), (path, answer)
        assert headers["x-litellm-applied-guardrails"] == "no-forbidden", path
    assert len(provider.seen) == before


def dial(gateway, model):
    return connect(f"ws://127.0.0.1:{gateway.port}/v1/realtime?model={model}", additional_headers={"authorization": f"Bearer {MASTER_KEY}"})


@pytest.mark.parametrize("name", ["pre", "during", "post"])
def test_a_session_is_not_opened_whose_events_a_guardrail_would_have_to_see(gateway, sockets, name):
    before = len(sockets.seen.get("voice", []))
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        dial(gateway, f"voice-{name}")
    answer = caught.value.response
    message = json.loads(answer.body)["error"]["message"]
    assert answer.status_code == 500 and f"`sound-{name}`" in message and "events of a session" in message
    assert len(sockets.seen.get("voice", [])) == before


@pytest.mark.parametrize("name", ["open", "log"])
def test_a_session_is_opened_where_the_operator_lets_pass_what_nobody_can_see(gateway, name):
    with dial(gateway, f"voice-{name}") as session:
        assert json.loads(session.recv(timeout=20))["type"] == "session.created"


FUNCTION = {"type": "function", "name": "mail", "parameters": SCHEMA, "strict": False}


def test_in_responses_a_mask_is_undone_whole_and_streamed_and_in_arguments(client, provider):
    ask = lambda **more: client.responses.create(model="masked", input=f"I am {ADA}", extra_body=FRESH, **more)
    assert ask().output_text == f"You said: I am {ADA}"
    assert provider.told() == "I am <NAME_1>"
    events = list(ask(stream=True))
    assert "".join(it.delta for it in events if it.type == "response.output_text.delta") == f"You said: I am {ADA}"
    assert events[-1].type == "response.completed" and events[-1].response.output_text == f"You said: I am {ADA}"
    (call,) = [it for it in ask(tools=[FUNCTION]).output if it.type == "function_call"]
    assert json.loads(call.arguments) == {"to": f"I am {ADA}"}
    events = list(ask(tools=[FUNCTION], stream=True))
    pieces = "".join(it.delta for it in events if it.type == "response.function_call_arguments.delta")
    (done,) = [it.arguments for it in events if it.type == "response.function_call_arguments.done"]
    assert json.loads(pieces) == json.loads(done) == {"to": f"I am {ADA}"}
    assert ADA not in json.dumps(provider.seen[-1], ensure_ascii=False)


def test_in_googles_dialect_a_mask_is_undone_whole_and_streamed_and_in_arguments(gateway, provider):
    client = genai.Client(api_key=MASTER_KEY, http_options={"base_url": gateway.url})
    contents = f"I am {ADA}, of Google"
    assert client.models.generate_content(model="masked", contents=contents).text == f"You said: {contents}"
    assert provider.told() == "I am <NAME_1>, of Google"
    pieces = client.models.generate_content_stream(model="masked", contents=contents)
    assert "".join(it.text or "" for it in pieces) == f"You said: {contents}"
    declared = types.FunctionDeclaration(name="mail", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
    (call,) = client.models.generate_content(model="masked", contents=contents, config=config).function_calls
    assert call.args == {"to": contents}
    pieces = client.models.generate_content_stream(model="masked", contents=contents, config=config)
    assert [call.args for piece in pieces for call in piece.function_calls or []] == [{"to": contents}]
    client.close()


def test_in_completions_a_mask_is_undone_whole_and_streamed(client, provider):
    ask = lambda **more: client.completions.create(model="masked", prompt=f"I am {ADA}", extra_body=FRESH, **more)
    assert ask().choices[0].text == f"You said: I am {ADA}"
    assert provider.told() == "I am <NAME_1>"
    assert "".join(it.choices[0].text or "" for it in ask(stream=True) if it.choices) == f"You said: I am {ADA}"


def test_what_becomes_vectors_is_masked_in_its_places(client, provider):
    client.embeddings.create(model="m", input=["hi", f"I am {ADA}"], encoding_format="float", extra_body={"guardrails": ["mask"], **FRESH})
    assert provider.seen[-1]["input"] == ["hi", "I am <NAME_1>"]


def test_of_several_choices_each_has_its_masks_undone(client, provider):
    wanted = [f"First: I am {ADA}!", f"The second: I am {ADA}!"]
    whole = ask(client, f"I am {ADA}!", "mask", n=2)
    assert [it.message.content for it in whole.choices] == wanted and provider.told() == "I am <NAME_1>!"
    came = ["", ""]
    for chunk in ask(client, f"I am {ADA}!", "mask", n=2, stream=True):
        for choice in chunk.choices:
            came[choice.index] += choice.delta.content or ""
    assert came == wanted


def test_beside_the_model_guardrails_look_while_it_works_and_while_others_look(client, provider):
    # Nobody is answered before all three have been asked: two judges and the model.
    provider.together = threading.Barrier(3)
    try:
        assert ask(client, "hi", "judge-1", "judge-2").choices[0].message.content == "You said: hi"
    finally:
        provider.together = None


def test_a_kept_answer_has_the_masks_of_whoever_asks_undone(client, provider):
    def said(who):
        asked = {"model": "kept", "messages": [{"role": "user", "content": f"I am {who}"}]}
        return client.chat.completions.with_raw_response.create(**asked)

    before = len(provider.seen)
    first = said("jane.doe@example.com")
    assert first.parse().choices[0].message.content == "You said: I am jane.doe@example.com"
    assert provider.told() == "I am <EMAIL_1>"
    # To the model it is the same request. What is kept is as the model gave it.
    second = said("joe@example.org")
    assert second.headers["x-litellm-cache-key"]
    assert second.parse().choices[0].message.content == "You said: I am joe@example.org"
    assert len(provider.seen) == before + 1


def test_a_response_that_is_asked_for_again_is_looked_at_again(gateway, provider):
    status, made, _ = gateway.post("/key/generate", {})
    assert status == 200, made
    mine = openai.OpenAI(base_url=gateway.url + "/v1", api_key=made["key"], max_retries=0)
    response = mine.responses.create(model="masked", input="hello", extra_body=FRESH)
    assert mine.responses.retrieve(response.id).output_text == "You said: hello"
    assert gateway.post("/key/update", {"key": made["key"], "guardrails": ["no-answer"]})[0] == 200
    with pytest.raises(openai.BadRequestError) as caught:
        mine.responses.retrieve(response.id)
    assert "no-answer" in caught.value.body["message"] and "You said" not in json.dumps(caught.value.body)


@pytest.mark.parametrize("name, text, kind, level, said", [
    ("no-forbidden", "forbidden", openai.BadRequestError, "INFO", "a guardrail refused"),
    ("fails", "hi", openai.InternalServerError, "WARN", "a guardrail came to no decision"),
])
def test_a_block_and_a_failure_have_a_line_each_with_the_call_and_no_text(gateway, client, name, text, kind, level, said):
    with pytest.raises(kind) as caught:
        ask(client, text + ", said quietly", name)
    call = caught.value.response.headers["x-litellm-call-id"]
    lines = lambda: [line for line in gateway.logged().splitlines() if call in line and said in line]
    gateway.wait_for(lines)
    (line,) = lines()
    assert level in line and name in line and "said quietly" not in gateway.logged()


def test_where_the_operator_wants_it_every_decision_has_a_line(gateway, client):
    raw = client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": f"I am {ADA}"}], extra_body={"guardrails": ["mask", "no-forbidden"], **FRESH})
    call = raw.headers["x-litellm-call-id"]
    lines = lambda: [line for line in gateway.logged().splitlines() if call in line and "a guardrail decided" in line]
    gateway.wait_for(lambda: len(lines()) == 3)
    for line, (name, stage, decision) in zip(lines(), [("no-forbidden", "pre", "allow"), ("mask", "pre", "edit"), ("mask", "post", "edit")]):
        assert name in line and f'stage="{stage}"' in line and f'decision="{decision}"' in line, line
    assert ADA not in gateway.logged()
