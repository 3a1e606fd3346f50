"""Bodies of calls beside their spend rows: only when asked for, without secrets, for who may see the row."""

import json
import sqlite3

import pytest

from conftest import MASTER_KEY, Gateway
from raw import SSE, RawUpstream, body_of, chunk, connect, head, request, streamed, until, whole

PROVIDER_KEY = "key-of-the-provider-4711"
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
REDACTED = "redacted-by-litellm"
ASKED = [{"role": "user", "content": "what is said"}]


def answer(text):
    return {"id": "x", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}


def piece(text, finish=None):
    return f'data: {json.dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})}\n\n'


def claude(kind, **members):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n"


MESSAGE = [
    claude("message_start", message={"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}),
    claude("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "hel"}),
    claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo"}),
    claude("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}),
    claude("message_stop"),
]


class House:
    """A gateway with bodies, and one upstream that answers in every way."""

    def __init__(self, folder, litellm=None, environment=None, **general):
        self.folder = folder
        self.upstream = RawUpstream()
        self.ways = {
            "whole": ("openai/m", whole(answer(f"the answer repeats {PROVIDER_KEY}"))),
            "stream": ("openai/m", streamed(piece("one "), piece("two", "stop"), f'data: {json.dumps({"id": "x", "choices": [], "usage": USAGE})}\n\n', "data: [DONE]\n\n")),
            "slow": ("openai/m", self.slow),
            "broken": ("openai/m", whole({"error": {"message": "no"}}, status=400)),
            "vectors": ("openai/m", whole({"object": "list", "data": [{"index": 0, "object": "embedding", "embedding": [0.125] * 2000}], "usage": {"prompt_tokens": 4, "total_tokens": 4}})),
            "claude": ("anthropic/claude-sonnet-4-5", streamed(*MESSAGE)),
        }
        models = [{"model_name": name, "litellm_params": {"model": model, "api_base": self.upstream.script(name, script), "api_key": PROVIDER_KEY, "num_retries": 0}} for name, (model, script) in self.ways.items()]
        general = {"master_key": MASTER_KEY, "proxy_batch_write_at": 1, **general}
        self.gateway = Gateway(folder, {"model_list": models, "general_settings": general, "litellm_settings": litellm or {}}, environment)

    def slow(self, peer):
        peer.send(head(content_type=SSE, transfer_encoding="chunked") + chunk(piece("first ")))
        peer.wait_for_hang_up()

    def chat(self, model="whole", key=MASTER_KEY, headers=None, **more):
        body = {"model": model, "messages": ASKED, **more}
        status, answered, got = self.gateway.post("/v1/chat/completions", body, key, headers)
        assert status == 200, answered
        return got["x-litellm-call-id"]

    def streamed(self, path, model, **more):
        body = json.dumps({"model": model, "messages": ASKED, "stream": True, **more}).encode()
        status, text, got = self.gateway.get(path, body=body)
        assert status == 200, text
        return {name.lower(): value for name, value in got.items()}["x-litellm-call-id"]

    def see(self, call_id, key=MASTER_KEY):
        status, text, _ = self.gateway.get(f"/spend/logs/ui/{call_id}", key)
        return status, json.loads(text)

    def row(self, call_id, bodies=True):
        """The row, when it is there; with its bodies, if there will be some."""
        def there():
            status, row = self.see(call_id)
            return status == 200 and (not bodies or row["proxy_server_request"] != {})

        self.gateway.wait_for(there)
        return self.see(call_id)[1]

    def number(self, name):
        metrics = self.gateway.get("/metrics")[1].decode().splitlines()
        return next(float(line.split()[-1]) for line in metrics if line.startswith(f"sluice_spend_bodies_{name}"))

    def stored(self):
        """Bodies in the database, as text."""
        with sqlite3.connect(f"file:{self.folder}/.local/share/sluice/sluice.db?mode=ro", uri=True) as database:
            return database.execute("SELECT call_id, request, response FROM spend_bodies").fetchall()


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    house = House(tmp_path_factory.mktemp("bodies"), store_prompts_in_spend_logs=True)
    yield house
    assert house.gateway.stop() == 0


def test_a_call_has_what_was_sent_and_answered(house):
    call_id = house.chat(temperature=0.5)
    row = house.row(call_id)
    assert row["messages"] == ASKED
    assert row["proxy_server_request"] == {"model": "whole", "messages": ASKED, "temperature": 0.5}
    assert row["response"]["choices"][0]["message"]["content"].startswith("the answer repeats") and row["response"]["model"] == "whole"
    # One call by its id has them too, lists have not.
    by_id = json.loads(house.gateway.get(f"/spend/logs?request_id={call_id}")[1])
    assert by_id[0]["response"] == row["response"]
    listed = json.loads(house.gateway.get("/spend/logs")[1])
    assert listed and all(row["messages"] == row["response"] == row["proxy_server_request"] == {} for row in listed)


def test_secrets_are_stored_nowhere(house):
    call_id = house.chat(metadata={"secret": "hidden-0", "n": 1}, tools=[{"type": "mcp", "authorization": "hidden-1"}], messages=[{"role": "user", "content": "my key is sk-hidden-0123456789abcdef"}])
    row = house.row(call_id)
    assert row["messages"][0]["content"] == "my key is ********"
    for _, request, response in house.stored():
        assert "hidden" not in request and PROVIDER_KEY not in (response or "")
    # The upstream was asked as ever.
    assert "hidden-1" in json.dumps(body_of(house.upstream.requests["whole"][-1]))


def test_a_stream_is_stored_as_one_answer(house):
    row = house.row(house.streamed("/v1/chat/completions", "stream"))
    (choice,) = row["response"]["choices"]
    assert choice == {"index": 0, "message": {"role": "assistant", "content": "one two"}, "finish_reason": "stop"}
    assert row["response"]["object"] == "chat.completion" and row["proxy_server_request"]["stream"] is True
    row = house.row(house.streamed("/v1/messages", "claude", max_tokens=9))
    assert row["response"]["content"] == [{"type": "text", "text": "hello"}]
    assert row["response"]["stop_reason"] == "end_turn" and row["response"]["usage"] == {"input_tokens": 3, "output_tokens": 5}


def test_a_client_that_leaves_leaves_what_there_was(house):
    with connect(house.gateway) as connection:
        connection.sendall(request("/v1/chat/completions", {"model": "slow", "stream": True, "messages": ASKED}, key=MASTER_KEY))
        got = until(connection, b"first")
    call_id = next(line.split(b": ")[1].decode() for line in got.split(b"\r\n") if line.startswith(b"x-litellm-call-id"))
    row = house.row(call_id)
    assert row["status"] == "interrupted" and row["spend"] is None
    assert row["response"]["choices"][0]["message"]["content"] == "first " and row["response"]["choices"][0]["finish_reason"] is None


def test_vectors_and_long_texts_are_cut_where_everybody_sees_it(house):
    status, answered, got = house.gateway.post("/v1/embeddings", {"model": "vectors", "input": "x" * 5000})
    assert status == 200 and len(answered["data"][0]["embedding"]) == 2000
    row = house.row(got["x-litellm-call-id"])
    text = row["proxy_server_request"]["input"]
    assert len(text) < 2200 and text.startswith("x" * 716 + "... (litellm_truncated skipped 2952 chars) ...")
    vector = row["response"]["data"][0]["embedding"]
    assert len(vector) < 500 and "litellm_truncated" in vector[-1]


def test_a_failed_call_has_its_request_and_a_refused_one_has_nothing(house):
    status, _, got = house.gateway.post("/v1/chat/completions", {"model": "broken", "messages": ASKED})
    assert status == 400
    row = house.row(got["x-litellm-call-id"])
    assert (row["status"], row["messages"], row["response"]) == ("failure", ASKED, {})
    key = house.gateway.post("/key/generate", {"max_budget": 0})[1]["key"]
    before = len(house.stored())
    refused = {"model": "whole", "messages": [{"role": "user", "content": "refused words"}]}
    assert house.gateway.post("/v1/chat/completions", refused, key)[0] >= 400
    assert house.gateway.post("/v1/chat/completions", refused, "sk-nobody")[0] == 401
    house.row(house.chat())
    assert len(house.stored()) == before + 1 and not any("refused words" in request for _, request, _ in house.stored())


def test_only_who_may_see_the_row_sees_its_bodies(house):
    for user in ("ann", "bob"):
        assert house.gateway.post("/user/new", {"user_id": user, "auto_create_key": False})[0] == 200
    ann, bob = (house.gateway.post("/key/generate", {"user_id": user})[1]["key"] for user in ("ann", "bob"))
    call_id = house.chat(key=ann)
    house.row(call_id)
    assert house.see(call_id, ann)[1]["messages"] == ASKED
    status, refused = house.see(call_id, bob)
    assert status == 404 and "what is said" not in json.dumps(refused)
    assert json.loads(house.gateway.get(f"/spend/logs?request_id={call_id}", bob)[1]) == []


def test_one_call_may_stay_out_or_be_redacted(house):
    call_id = house.chat(**{"no-log": True})
    row = house.row(call_id, bodies=False)
    assert row["total_tokens"] == 30
    for more in ({"turn_off_message_logging": True}, {"headers": {"x-litellm-enable-message-redaction": "true"}}):
        row = house.row(house.chat(**more))
        assert row["messages"] == [{"role": "user", "content": REDACTED}]
        assert row["response"]["choices"][0]["message"] == {"role": "assistant", "content": REDACTED}
        assert row["response"]["usage"]["total_tokens"] == 30
    # Neither is for the upstream.
    assert body_of(house.upstream.requests["whole"][-1]).keys() == {"model", "messages"}
    # What waited behind it is stored, so it would be, too.
    assert house.see(call_id)[1]["proxy_server_request"] == {}
    status, refused, _ = house.gateway.post("/v1/chat/completions", {"model": "whole", "messages": ASKED, "no-log": "yes"})
    assert status == 400 and refused["error"]["param"] == "no-log"


def test_the_numbers_are_told(house):
    house.row(house.chat())
    assert house.number("stored_total") >= 1 and house.number("lost_total") == 0


def test_nothing_is_stored_unless_it_is_asked_for(tmp_path, data_dir):
    house = House(tmp_path)
    try:
        row = house.row(house.chat(), bodies=False)
        assert row["messages"] == row["response"] == row["proxy_server_request"] == {}
        # Asked for, it holds for the next call, without a restart.
        config = json.loads(house.gateway.config.read_text())
        config["general_settings"]["store_prompts_in_spend_logs"] = True
        house.gateway.config.write_text(json.dumps(config))
        house.gateway.wait_for(lambda: house.chat() and len(house.stored()) > 0)
    finally:
        house.gateway.stop()


def test_what_the_operator_redacts_no_client_can_have_stored(tmp_path, data_dir):
    litellm = {"turn_off_message_logging": True, "global_disable_no_log_param": True}
    house = House(tmp_path, litellm, {"STORE_PROMPTS_IN_SPEND_LOGS": "True"})
    try:
        asked = {"no-log": True, "turn_off_message_logging": False, "headers": {"litellm-disable-message-redaction": "true"}}
        row = house.row(house.chat(**asked))
        assert row["messages"] == [{"role": "user", "content": REDACTED}]
        house.row(house.streamed("/v1/messages", "claude", max_tokens=9))
        for _, request, response in house.stored():
            assert "said" not in request and "hello" not in response and "repeats" not in response
    finally:
        house.gateway.stop()


def test_bodies_that_wait_are_stored_at_the_end_and_are_read_after_a_restart(tmp_path, data_dir):
    house = House(tmp_path, environment={"MAX_STRING_LENGTH_PROMPT_IN_DB": "4"}, store_prompts_in_spend_logs=True)
    call_id = house.chat()
    assert house.gateway.stop() == 0
    house.gateway.log = open(tmp_path / "log.txt", "ab")
    house.gateway.start()
    try:
        assert house.see(call_id)[1]["messages"][0]["content"] == "w... (litellm_truncated skipped 8 chars) ...aid"
        assert "has no effect" not in house.gateway.logged()
    finally:
        house.gateway.stop()


def test_spend_is_booked_where_bodies_cannot_be(tmp_path, data_dir):
    house = House(tmp_path, store_prompts_in_spend_logs=True)

    def on_database(sql):
        database = sqlite3.connect(f"{tmp_path}/.local/share/sluice/sluice.db", timeout=20)
        database.execute(sql)
        database.commit()
        database.close()

    try:
        on_database("CREATE TRIGGER refuse BEFORE INSERT ON spend_bodies BEGIN SELECT RAISE(ABORT, 'not these'); END")
        row = house.row(house.chat(), bodies=False)
        assert row["total_tokens"] == 30 and row["messages"] == row["response"] == {}
        house.gateway.wait_for(lambda: house.number("lost_total") == 1)
        assert "bodies of calls are not stored" in house.gateway.logged()
        on_database("DROP TRIGGER refuse")
        assert house.row(house.chat())["messages"] == ASKED
        assert "stored again" in house.gateway.logged()
    finally:
        house.gateway.stop()


def test_a_wrong_length_is_named_at_the_start(tmp_path, data_dir):
    with pytest.raises(AssertionError, match="MAX_STRING_LENGTH_PROMPT_IN_DB: is no number of characters"):
        House(tmp_path, environment={"MAX_STRING_LENGTH_PROMPT_IN_DB": "long"}, store_prompts_in_spend_logs=True)
