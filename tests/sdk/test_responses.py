"""Responses that were made: asked for again, gone on from, deleted; by their owner alone."""

import itertools
import json

import openai
import pytest

from conftest import MASTER_KEY
from raw import body_of, streamed, whole
from test_budgets import House

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def piece(delta, reason=None):
    return "data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + "\n\n"


STREAM = [piece({"role": "assistant", "content": "str"}), piece({"content": "eamed"}), piece({}, "stop"), "data: " + json.dumps({"id": "c", "choices": [], "usage": USAGE}) + "\n\n", "data: [DONE]\n\n"]


def chat(peer):
    asked = body_of(peer.request)
    if asked.get("stream"):
        return peer.send(streamed(*STREAM))
    text = f"answer {len(asked['messages'])}"
    peer.send(whole({"id": "c", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}))


class Native:
    """A provider that keeps responses, and knows its own alone."""

    def __init__(self, name):
        self.name = name
        self.kept = {}
        self.count = itertools.count()

    def __call__(self, peer):
        method, target = peer.request.split(b" ")[:2]
        path, _, query = target.decode().partition("?")
        _, _, rest = path.partition("/responses")
        if method == b"POST" and not rest:
            return peer.send(self.made(body_of(peer.request)))
        id, _, what = rest.strip("/").partition("/")
        if id not in self.kept:
            return peer.send(whole({"error": {"message": f"Response with id '{id}' not found.", "type": "invalid_request_error"}}, status=404))
        if method == b"DELETE":
            del self.kept[id]
            return peer.send(whole({"id": id, "object": "response", "deleted": True}))
        if what == "input_items":
            item = {"id": "msg_1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": query}]}
            return peer.send(whole({"object": "list", "data": [item], "first_id": "msg_1", "last_id": "msg_1", "has_more": False}))
        if method == b"GET" and self.kept[id]["status"] == "in_progress":
            self.kept[id] = self.done(self.kept[id])
        elif method == b"GET" and self.kept[id]["status"] == "queued":
            self.kept[id] = {**self.kept[id], "status": "in_progress"}
        peer.send(whole({**self.kept[id], **({"status": "cancelled"} if what == "cancel" else {})}))

    def done(self, response):
        output = [{"type": "message", "id": "msg_2", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": self.name, "annotations": []}]}]
        return {**response, "status": "completed", "output": output, "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}

    def made(self, asked):
        previous = asked.get("previous_response_id")
        if previous and previous not in self.kept:
            return whole({"error": {"message": f"Previous response with id '{previous}' not found."}}, status=400)
        id = f"resp_{self.name}{next(self.count)}"
        response = {"id": id, "object": "response", "created_at": 1, "status": "queued", "model": "gpt-x", "output": [], "tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "previous_response_id": previous, "background": bool(asked.get("background")), "usage": None}
        if not asked.get("background"):
            response = self.done(response)
        if asked.get("store") is not False:
            self.kept[id] = response
        return whole(response)


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    model = {"model": "groq/m"}
    native = {name: ("native", {}, Native(name)) for name in "abcd"}
    others = {"chat": ("chat", model, chat), "cut": ("cut", model, lambda peer: peer.send(streamed(*STREAM[:2]))), "elsewhere": ("elsewhere", {"model": "xai/m"}, Native("x"))}
    it = House(tmp_path_factory.mktemp("responses"), {**others, **native})
    yield it
    assert it.gateway.stop() == 0


def client(house, key=MASTER_KEY):
    return openai.OpenAI(base_url=house.gateway.url + "/v1", api_key=key, max_retries=0)


@pytest.fixture(scope="module")
def gpt(house):
    return client(house)


def refused(status, ask, *arguments, **named):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(*arguments, **named)
    assert caught.value.status_code == status, caught.value
    return caught.value


def said(house):
    messages = body_of(house.upstream.requests["chat"][-1])["messages"]
    text = lambda content: content if isinstance(content, str) else "".join(part["text"] for part in content)
    return [(it["role"], text(it["content"])) for it in messages]


def test_a_response_is_asked_for_again_and_deleted(house, gpt):
    made = gpt.responses.create(model="chat", input="hi", metadata={"a": "b"})
    assert made.store is True and made.output_text == "answer 1"
    # At once, and when the database has it.
    assert gpt.responses.retrieve(made.id).model_dump() == made.model_dump()
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM responses WHERE id = ?", made.id))
    found = gpt.responses.retrieve(made.id)
    assert found.model_dump() == made.model_dump() and found.metadata == {"a": "b"}
    for path in ("/responses", "/openai/v1/responses"):
        assert json.loads(house.gateway.get(f"{path}/{made.id}")[1])["id"] == made.id
    (item,) = gpt.responses.input_items.list(made.id).data
    assert (item.role, item.content[0].text) == ("user", "hi") and item.id.startswith("msg_")
    cancelled = refused(400, gpt.responses.cancel, made.id)
    assert "synchronous" in cancelled.message
    assert "`stream`" in refused(400, gpt.responses.retrieve, made.id, stream=True).message
    gpt.responses.delete(made.id)
    for ask in (gpt.responses.retrieve, gpt.responses.delete, gpt.responses.cancel, gpt.responses.input_items.list):
        assert made.id in refused(404, ask, made.id).message
    assert house.query("SELECT 1 FROM responses WHERE id = ?", made.id) == []


def test_a_response_is_gone_on_from_with_all_that_was_said(house, gpt):
    first = gpt.responses.create(model="chat", input="one", instructions="Be brief.")
    second = gpt.responses.create(model="chat", input=[{"role": "user", "content": "two"}], previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert said(house) == [("user", "one"), ("assistant", "answer 2"), ("user", "two")]
    # What was gone on from may be deleted: what came of it has the conversation.
    gpt.responses.delete(first.id)
    third = gpt.responses.create(model="chat", input="three", previous_response_id=second.id)
    assert [it[1] for it in said(house)] == ["one", "answer 2", "two", "answer 3", "three"]
    pages = gpt.responses.input_items.list(third.id, limit=2, order="asc")
    texts = [item.content[0].text for item in pages]
    assert texts == ["one", "answer 2", "two", "answer 3", "three"] and len(pages.data) == 2 and pages.has_more
    ids = [item.id for item in pages]
    assert len(set(ids)) == 5 and [it.id for it in gpt.responses.input_items.list(third.id)] == ids[::-1]
    assert [it.id for it in gpt.responses.input_items.list(third.id, after=ids[3], order="desc", limit=1).data] == [ids[2]]
    assert house.gateway.get(f"/v1/responses/{third.id}/input_items?before={ids[3]}")[0] == 200
    assert refused(400, gpt.responses.input_items.list, third.id, after="msg_none").param == "after"
    lost = refused(400, gpt.responses.create, model="chat", input="x", previous_response_id=first.id)
    assert (lost.param, lost.code) == ("previous_response_id", "previous_response_not_found")


def test_a_stream_is_kept_when_it_is_complete(house, gpt):
    with gpt.responses.stream(model="chat", input="hi") as stream:
        final = stream.get_final_response()
    assert gpt.responses.retrieve(final.id).output_text == "streamed"
    gpt.responses.create(model="chat", input="more", previous_response_id=final.id)
    assert said(house)[1] == ("assistant", "streamed")
    events = list(gpt.responses.create(model="cut", input="hi", stream=True))
    assert (events[0].type, events[-1].type) == ("response.created", "error")
    refused(404, gpt.responses.retrieve, events[0].response.id)


def test_what_is_not_to_be_stored_is_not_and_nothing_runs_in_the_background(house, gpt):
    for model in ("chat", "native"):
        made = gpt.responses.create(model=model, input="hi", store=False)
        refused(404, gpt.responses.retrieve, made.id)
        refused(400, gpt.responses.create, model=model, input="x", previous_response_id=made.id)
        assert house.query("SELECT 1 FROM responses WHERE id = ?", made.id) == []
    background = refused(400, gpt.responses.create, model="chat", input="hi", background=True)
    assert "background" in background.message


@pytest.mark.parametrize("model", ["chat", "native"])
def test_a_response_is_its_owner_s(house, gpt, model):
    team = house.post("/team/new", {"team_alias": f"of {model}"})["team_id"]
    mine, ours, stranger = (client(house, house.key(**of)) for of in ({"team_id": team}, {"team_id": team}, {}))
    made = mine.responses.create(model=model, input="hi")
    for ask in (stranger.responses.retrieve, stranger.responses.delete, stranger.responses.cancel, stranger.responses.input_items.list):
        assert refused(404, ask, made.id).message == refused(404, ask, "resp_none").message.replace("resp_none", made.id)
    lost = refused(400, stranger.responses.create, model=model, input="x", previous_response_id=made.id)
    assert lost.code == "previous_response_not_found"
    for may in (mine, ours, gpt):
        assert may.responses.retrieve(made.id).output_text == made.output_text
        may.responses.create(model=model, input="x", previous_response_id=made.id)
    ours.responses.delete(made.id)
    refused(404, mine.responses.retrieve, made.id)


@pytest.mark.parametrize(("limit", "status"), [({"rpm_limit": 1}, 429), ({"max_budget": 1e-9}, 422)])
@pytest.mark.parametrize("model", ["chat", "native"])
def test_what_is_asked_about_a_response_is_no_call(house, gpt, model, limit, status):
    own = house.post("/key/generate", limit)
    mine = client(house, own["key"])
    made = mine.responses.create(model=model, input="hi")
    whose = lambda: house.query("SELECT 1 FROM spend_rows WHERE key_hash = ?", own["token"])
    house.gateway.wait_for(whose)
    # No limit of requests and no budget stands in its way, however often it is asked.
    for _ in range(3):
        assert mine.responses.retrieve(made.id).id == made.id
        assert len(mine.responses.input_items.list(made.id).data) == 1
    if model == "native":
        assert mine.responses.cancel(made.id).status == "cancelled"
    # A window may begin between two calls, but not between three.
    with pytest.raises(openai.APIStatusError) as caught:
        for _ in range(2):
            mine.responses.create(model=model, input="hi", store=False)
    assert caught.value.status_code == status
    # A key that may do nothing any more may not do that either.
    house.post("/key/block", {"key": own["key"]})
    for ask in (mine.responses.retrieve, mine.responses.input_items.list, mine.responses.cancel, mine.responses.delete):
        refused(401, ask, made.id)
    house.post("/key/unblock", {"key": own["key"]})
    mine.responses.delete(made.id)
    # A later call's row is there, and none of these has one.
    last = gpt.responses.with_raw_response.create(model=model, input="hi").headers["x-litellm-call-id"]
    house.gateway.wait_for(lambda: house.query("SELECT 1 FROM spend_rows WHERE call_id = ?", last))
    kinds = house.query("SELECT DISTINCT operation FROM spend_rows WHERE key_hash = ?", own["token"])
    assert [it["operation"] for it in kinds] == ["responses"]
    assert "responses.get" not in house.gateway.get("/metrics")[1].decode()


@pytest.mark.parametrize("model", ["chat", "native"])
def test_what_a_person_makes_is_theirs_and_what_a_service_makes_is_the_team_s(house, model):
    team = house.post("/team/new", {"team_alias": f"people of {model}"})["team_id"]
    person = house.post("/user/new", {"user_email": f"ann@{model}.test", "auto_create_key": False})["user_id"]
    house.post("/team/member_add", {"team_id": team, "member": {"user_id": person, "role": "user"}})
    within, elsewhere, service, other = (client(house, house.key(**of)) for of in ({"team_id": team, "user_id": person}, {"user_id": person}, {"team_id": team}, {"team_id": team}))
    theirs = within.responses.create(model=model, input="hi")
    assert elsewhere.responses.retrieve(theirs.id).id == theirs.id
    refused(404, service.responses.retrieve, theirs.id)
    ours = service.responses.create(model=model, input="hi")
    assert other.responses.retrieve(ours.id).id == ours.id
    refused(404, within.responses.retrieve, ours.id)


def test_a_provider_is_asked_for_the_responses_that_it_keeps(house, gpt):
    all_made = [gpt.responses.create(model="native", input="hi") for _ in range(8)]
    assert len({it.output_text for it in all_made}) > 1
    for made in all_made:
        found = gpt.responses.retrieve(made.id, include=["message.output_text.logprobs"])
        assert (found.output_text, found.model) == (made.output_text, "native")
        assert b"=message.output_text.logprobs" in house.upstream.requests[made.output_text][-1]
        (item,) = gpt.responses.input_items.list(made.id, limit=1, order="asc").data
        assert item.content[0].text == "limit=1&order=asc"
        assert gpt.responses.cancel(made.id).status == "cancelled"
        assert gpt.responses.create(model="native", input="x", previous_response_id=made.id).output_text == made.output_text
        gpt.responses.delete(made.id)
        refused(404, gpt.responses.retrieve, made.id)
    assert house.gateway.get("/v1/responses/..%2Ffiles")[0] == 404


def test_a_response_that_a_provider_keeps_is_gone_on_from_there_alone(house, gpt):
    made = gpt.responses.create(model="native", input="hi")
    lost = refused(400, gpt.responses.create, model="chat", input="x", previous_response_id=made.id)
    assert lost.param == "previous_response_id"
    kept = gpt.responses.create(model="chat", input="one")
    # The other way the conversation is here, and goes along.
    on = gpt.responses.create(model="native", input="two", previous_response_id=kept.id)
    asked = body_of(house.upstream.requests[on.output_text][-1])
    assert [it["role"] for it in asked["input"]] == ["user", "assistant", "user"] and "previous_response_id" not in asked
    elsewhere = gpt.responses.create(model="elsewhere", input="hi")
    assert "`responses.get`" in refused(400, gpt.responses.retrieve, elsewhere.id).message


def rows_of(house, made):
    return house.query("SELECT call_id, status, key_hash FROM spend_rows WHERE provider_id = ? ORDER BY call_id", made.id)


def spent(house, key):
    return json.loads(house.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"]


def test_a_response_of_the_background_is_charged_once_when_it_is_first_seen_done(house):
    key = house.key()
    mine = client(house, key)
    made = mine.responses.create(model="native", input="hi", background=True)
    assert (made.status, made.usage) == ("queued", None)
    assert mine.responses.retrieve(made.id).status == "in_progress"
    house.gateway.wait_for(lambda: rows_of(house, made))
    assert len(rows_of(house, made)) == 1 and spent(house, key) == 0
    for _ in range(3):
        assert mine.responses.retrieve(made.id).status == "completed"
    house.gateway.wait_for(lambda: len(rows_of(house, made)) > 1)
    call, booked = (row["call_id"] for row in rows_of(house, made))
    assert booked == f"{call}-background"
    once = spent(house, key)
    assert once > 0
    whole_key = house.key()
    client(house, whole_key).responses.create(model="native", input="hi")
    house.gateway.wait_for(lambda: spent(house, whole_key) == once)
    assert len(rows_of(house, made)) == 2 and spent(house, key) == once


def test_what_was_asked_for_before_a_restart_is_charged_after_it(house):
    key = house.key()
    asked = [client(house, key).responses.create(model="native", input="hi", background=True) for _ in range(3)]
    house.gateway.stop()
    house.gateway.log = open(house.folder / "log.txt", "ab")
    house.gateway.start()
    after = client(house, key)
    got, cancelled, deleted = asked
    for made in (got, cancelled):
        assert after.responses.retrieve(made.id).status == "in_progress"
    assert after.responses.retrieve(got.id).status == "completed"
    # It has used nothing that anybody knows of.
    assert after.responses.cancel(cancelled.id).status == "cancelled"
    assert after.responses.retrieve(cancelled.id).status == "completed"
    after.responses.retrieve(deleted.id)
    # A last look sees it done.
    after.responses.delete(deleted.id)
    house.gateway.wait_for(lambda: all(len(rows_of(house, made)) == 2 for made in (got, deleted)))
    assert len(rows_of(house, cancelled)) == 1
    assert b"sluice_responses_booked_total 3" in house.gateway.get("/metrics")[1]


def test_responses_outlive_the_process(house):
    before = client(house)
    kept, there = (before.responses.create(model=model, input="hi") for model in ("chat", "native"))
    house.gateway.stop()
    house.gateway.log = open(house.folder / "log.txt", "ab")
    house.gateway.start()
    after = client(house)
    assert after.responses.retrieve(kept.id).model_dump() == kept.model_dump()
    for _ in range(3):
        assert after.responses.create(model="native", input="x", previous_response_id=there.id).output_text == there.output_text


def test_what_the_operator_does_not_keep_says_so(tmp_path, data_dir):
    it = House(tmp_path, {"chat": ("chat", {"model": "groq/m"}, chat)}, general_settings={"max_stored_response_size_mb": 0.01})
    gpt = client(it)
    assert gpt.responses.create(model="chat", input="hi").store is True
    long = gpt.responses.create(model="chat", input="x" * 20_000)
    assert long.store is False
    it.gateway.wait_for(lambda: "max_stored_response_size_mb" in it.gateway.logged())
    refused(404, gpt.responses.retrieve, long.id)
    assert it.gateway.stop() == 0
