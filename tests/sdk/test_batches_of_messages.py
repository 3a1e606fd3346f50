"""Batches at Anthropic through OpenAI's SDK: the gateway keeps the input, its component makes one
request of the lines and OpenAI's files of the results."""

import functools
import json
import re

import openai
import pytest

import batch_rig
from batch_rig import ASKED, BatchRig, Provider, jsonl, lines, lines_of, made, rigs
from test_budgets import PICO

IN, OUT = 1e-6, 5e-6
PRICES = {"input_cost_per_token": IN, "output_cost_per_token": OUT, "input_cost_per_token_batches": IN / 2, "output_cost_per_token_batches": OUT / 2}
MODEL = {"model": "anthropic/claude-haiku-4-5", **PRICES}
TIME = "2026-08-19T14:44:51.493319+00:00"
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Messages(Provider):
    """Anthropic's messages and batches of them, as far as clients see them."""

    def refuse(self, status, kind, message):
        self.answer({"type": "error", "error": {"type": kind, "message": message}}, status)

    def serve(self, method, body):
        state = self.state
        if self.headers["x-api-key"] != "k-provider" or not self.headers["anthropic-version"]:
            return self.refuse(401, "authentication_error", "who")
        if self.path == "/v1/messages":
            return self.answer(message("hi", 1, 1))
        assert self.path.startswith("/v1/messages/batches")
        found = self.path.split("/")[4:]
        if not found:
            return self.create(state, json.loads(body))
        if found[0] not in state["batches"]:
            return self.refuse(404, "not_found_error", "no such batch")
        batch = state["batches"][found[0]]
        if found[1:] == ["results"]:
            if batch["processing_status"] != "ended":
                return self.refuse(404, "not_found_error", "it has not ended")
            return self.answer(state["results"], content_type="application/x-jsonl")
        if found[1:] == ["cancel"]:
            batch.update(processing_status="canceling", cancel_initiated_at=TIME)
        return self.answer(batch)

    def create(self, state, asked):
        assert set(asked) == {"requests"} and self.headers["content-type"] == "application/json", asked
        names = [request["custom_id"] for request in asked["requests"]]
        assert all(CUSTOM_ID.fullmatch(name) for name in names) and len(set(names)) == len(names), names
        counts = {"processing": len(names), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        batch = {"id": f"msgbatch_{len(state['batches'])}", "type": "message_batch", "processing_status": "in_progress", "request_counts": counts, "created_at": TIME, "expires_at": TIME, "ended_at": None, "cancel_initiated_at": None, "archived_at": None, "results_url": None}
        state["batches"][batch["id"]] = batch
        self.answer(batch)


def message(text, tokens_in, tokens_out):
    content = text if isinstance(text, list) else [{"type": "text", "text": text}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001", "content": content, "stop_reason": "end_turn", "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out}}


def succeeded(name, *told):
    return {"custom_id": name, "result": {"type": "succeeded", "message": message(*told)}}


def errored(name):
    error = {"type": "invalid_request_error", "message": "prompt is too long"}
    return {"custom_id": name, "result": {"type": "errored", "error": {"type": "error", "error": error, "request_id": "req_1"}}}


class Rig(BatchRig):
    def __init__(self, folder, params=None, **general):
        own = {**MODEL, **(params or {}), "api_key": "k-provider"}
        super().__init__(folder, Messages, lambda base: {"public": ("public", {**own, "api_base": base}, None)}, general_settings=general)

    def end(self, *results):
        """The only batch ends with these results."""
        self.state["results"] = lines(*results)
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for it in results:
            counts[it["result"]["type"]] += 1
        batch = self.state["batches"]["msgbatch_0"]
        batch.update(processing_status="ended", ended_at=TIME, request_counts=counts)


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(Rig, tmp_path)) as build:
        yield build


TOOL = {"type": "function", "function": {"name": "files.read", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}}
CHATS = {
    "plain": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], "max_completion_tokens": 9},
    "with a tool": {"messages": [{"role": "user", "content": "Read a."}], "tools": [TOOL], "seed": 7, "drop_params": True},
}


def line(name, **chat):
    return batch_rig.line(name, **(chat or CHATS["plain"]))


def test_a_batch_asks_what_single_chats_ask_and_is_charged_once_to_who_made_it(rig):
    it = rig()
    key = it.key()
    client = it.client(key)
    for chat in CHATS.values():
        assert it.gateway.post("/v1/chat/completions", {"model": "public", **chat}, key)[0] == 200
    singles = it.sent("/v1/messages")
    assert len(singles) == 2 and singles[1]["tools"][0]["name"] == "files_read"
    file = client.files.create(file=("in.jsonl", jsonl(*(line(name, **chat) for name, chat in CHATS.items()))), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, metadata={"run": "7"}, **ASKED)
    requests = [{"custom_id": name, "params": single} for name, single in zip(("plain", "esc_with_20a_20tool"), singles, strict=True)]
    assert it.sent("/v1/messages/batches") == [{"requests": requests}]
    assert batch.status == "in_progress" and batch.request_counts.total == 2
    # What it was made of is told also later, when the provider does not repeat it.
    for told in (batch, client.batches.retrieve(batch.id), client.batches.list().data[0]):
        assert (told.id, told.input_file_id, told.endpoint, told.metadata) == (batch.id, file.id, ASKED["endpoint"], {"run": "7"})
    use = [{"type": "tool_use", "id": "t", "name": "files_read", "input": {"path": "a"}}]
    it.end(succeeded("esc_with_20a_20tool", use, 1000, 100), succeeded("plain", "Hello!", 10, 1))
    for _ in range(3):
        done = client.batches.retrieve(batch.id)
        assert (done.status, done.error_file_id, done.request_counts.completed) == ("completed", None, 2)
    results = {result["custom_id"]: result["response"]["body"] for result in lines_of(client, done.output_file_id)}
    plain, tool = (results[name]["choices"][0]["message"] for name in CHATS)
    assert plain["content"] == "Hello!" and tool["tool_calls"][0]["function"] == {"name": "files.read", "arguments": '{"path":"a"}'}
    assert results["plain"]["object"] == "chat.completion" and results["plain"]["usage"]["total_tokens"] == 11
    assert client.files.retrieve(done.output_file_id).purpose == "batch_output"
    cost = 1010 * IN / 2 + 101 * OUT / 2
    it.gateway.wait_for(it.is_charged)
    it.restart()
    assert client.batches.retrieve(batch.id).status == "completed"
    (row,) = it.booked()
    assert row["call_id"] == batch.id and row["cost_pico"] == pytest.approx(cost * PICO)
    assert (row["input_tokens"], row["output_tokens"], row["provider"]) == (1010, 101, "anthropic")
    singly = 2 * (IN + OUT)
    it.gateway.wait_for(lambda: json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(cost + singly))


def test_requests_that_failed_stand_in_the_file_of_errors_and_cost_nothing(rig):
    it = rig()
    client = it.client()
    _, batch = made(client, *(line(name) for name in "abcd"))
    it.end(succeeded("a", "Hi", 10, 1), errored("b"), {"custom_id": "c", "result": {"type": "canceled"}}, {"custom_id": "d", "result": {"type": "expired"}})
    done = client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == ("expired", 1, 3)
    assert [result["custom_id"] for result in lines_of(client, done.output_file_id)] == ["a"]
    refused, cancelled, expired = lines_of(client, done.error_file_id)
    assert refused["custom_id"] == "b" and refused["response"]["status_code"] == 400
    assert refused["response"]["body"]["error"]["message"] == "prompt is too long" and refused["error"] is None
    assert (cancelled["error"]["code"], expired["error"]["code"], expired["response"]) == ("batch_cancelled", "batch_expired", None)
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx((10 * IN / 2 + OUT / 2) * PICO)
    # They lie there, and go with their batch.
    with pytest.raises(openai.APIStatusError, match="29 days"):
        client.files.delete(done.output_file_id)


def test_a_cancelled_batch_is_charged_for_what_it_did(rig):
    it = rig(batch_polling_interval=1)
    client = it.client()
    _, batch = made(client, line("a"), line("b"))
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert it.state["seen"][-1][:2] == ("POST", "/v1/messages/batches/msgbatch_0/cancel")
    # Nobody asks for it any more.
    it.end(succeeded("a", "Hi", 7, 0), {"custom_id": "b", "result": {"type": "canceled"}})
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx(7 * IN / 2 * PICO)
    assert client.batches.list().data[0].status == "cancelled"


def test_what_belongs_to_another_is_not_there(rig):
    it = rig()
    owner, stranger = it.client(it.key()), it.client(it.key())
    file, batch = made(owner, line("a"))
    it.end(succeeded("a", "secret", 1, 1))
    output = owner.batches.retrieve(batch.id).output_file_id
    # The gateway itself reads the results, once, to charge them.
    it.gateway.wait_for(it.booked)
    seen = len(it.state["seen"])
    for ask in (
        lambda: stranger.files.retrieve(file.id),
        lambda: stranger.files.content(file.id),
        lambda: stranger.files.delete(file.id),
        lambda: stranger.files.content(output),
        lambda: stranger.batches.create(input_file_id=file.id, **ASKED),
        lambda: stranger.batches.retrieve(batch.id),
        lambda: stranger.batches.cancel(batch.id),
        lambda: owner.batches.retrieve("msgbatch_0"),
        lambda: owner.files.content("msgbatch_0"),
    ):
        with pytest.raises(openai.NotFoundError):
            ask()
    assert stranger.files.list().data == [] and stranger.batches.list().data == []
    assert [it for it in it.state["seen"][seen:] if "results" in it[1]] == []
    assert it.client().files.retrieve(file.id).id == file.id


def test_the_input_is_kept_here_until_it_is_deleted(rig):
    it = rig()
    client = it.client()
    asked = [line(str(number), messages=[{"role": "user", "content": "é" * 500}]) for number in range(600)]
    file = client.files.create(file=("in.jsonl", jsonl(*asked)), purpose="batch")
    # The provider is not told of it, and every call is on record.
    assert it.state["seen"] == []
    renamed = [{**it, "body": {**it["body"], "model": "claude-haiku-4-5"}} for it in asked]
    content = client.files.content(file.id)
    assert [json.loads(it) for it in content.text.splitlines()] == renamed
    told = client.files.retrieve(file.id)
    assert (told.filename, told.purpose, told.bytes) == ("in.jsonl", "batch", len(content.content))
    assert told.expires_at - told.created_at == 30 * 86400
    assert [it.id for it in client.files.list(purpose="batch").data] == [file.id]
    # It is more than one piece, and one request all the same.
    assert it.query("SELECT COUNT(*) AS pieces FROM batch_lines")[0]["pieces"] > 1
    batch = client.batches.create(input_file_id=file.id, **ASKED)
    (one,) = it.sent("/v1/messages/batches")
    assert [it["custom_id"] for it in one["requests"]] == [it["custom_id"] for it in asked]
    assert client.files.delete(file.id).deleted and it.query("SELECT * FROM batch_lines") == []
    with pytest.raises(openai.NotFoundError):
        client.batches.create(input_file_id=file.id, **ASKED)
    assert client.batches.retrieve(batch.id).input_file_id == file.id
    operations = [row["operation"] for row in it.rows(6)]
    assert sorted(operations) == ["batches.create", "batches.get", "files.content", "files.create", "files.delete", "files.get"]


def test_lines_that_cannot_be_asked_are_told_by_their_number_and_nothing_is_sent(rig):
    it = rig()
    client = it.client()
    elsewhere = {**line("x"), "url": "/v1/embeddings"}
    nameless = {**line("x"), "custom_id": ""}
    for wrong, said in (
        (line("x", messages="hi"), "`messages`"),
        (line("x", **CHATS["plain"], seed=7), "seed"),
        (line("x", **CHATS["plain"], api_base="http://elsewhere"), "api_base"),
        (line("x", messages=[{"role": "hologram", "content": "hi"}]), "hologram"),
        (elsewhere, "`url`"),
        (nameless, "`custom_id`"),
    ):
        file = client.files.create(file=("in.jsonl", jsonl(line("a"), wrong)), purpose="batch")
        with pytest.raises(openai.APIStatusError) as refused:
            client.batches.create(input_file_id=file.id, **ASKED)
        answer = refused.value
        assert 400 <= answer.status_code < 500 and "line 2 of the file" in answer.message and said in answer.message, answer
    file = client.files.create(file=("in.jsonl", jsonl(line("a"))), purpose="batch")
    for asked, said in (({"endpoint": "/v1/embeddings"}, "`endpoint`"), ({"completion_window": "7d"}, "`completion_window`")):
        with pytest.raises(openai.BadRequestError, match=said):
            client.batches.create(input_file_id=file.id, **{**ASKED, **asked})
    assert it.state["seen"] == [] and client.batches.list().data == []


def test_what_the_operator_says_of_a_deployment_holds_for_every_line(rig):
    it = rig(params={"drop_params": True, "max_tokens": 77})
    client = it.client()
    made(client, line("a", messages=[{"role": "user", "content": "hi"}], seed=7))
    (asked,) = it.sent("/v1/messages/batches")
    params = asked["requests"][0]["params"]
    assert params["max_tokens"] == 77 and "seed" not in params
