"""Batches at Gemini through OpenAI's SDK: the gateway keeps the input, its component brings a file of
requests to Google, makes a batch of it and OpenAI's files of its results."""

import functools
import json

import openai
import pytest

from batch_rig import ASKED, BatchRig, Provider, jsonl, line, lines, lines_of, made, rigs
from test_budgets import PICO

IN, OUT = 1e-6, 5e-6
PRICES = {"input_cost_per_token": IN, "output_cost_per_token": OUT, "input_cost_per_token_batches": IN / 2, "output_cost_per_token_batches": OUT / 2}
MODEL = "/v1beta/models/gemini-2.5-flash"
UPLOAD = "/upload/v1beta/files"
TIME = "2026-08-19T14:34:12.267870162Z"
RESULTS = "files/batch-b0"


class Google(Provider):
    """Google's chats, files and batches, as far as the gateway sees them."""

    def refuse(self, status, name, message):
        self.answer({"error": {"code": status, "message": message, "status": name}}, status)

    def serve(self, method, body):
        if self.headers["x-goog-api-key"] != "k-provider":
            return self.refuse(401, "UNAUTHENTICATED", "who")
        if self.path.startswith(UPLOAD):
            return self.upload(body)
        if self.path == f"{MODEL}:generateContent":
            return self.answer(answered("hi", 1, 1))
        if self.path == f"{MODEL}:batchGenerateContent":
            return self.create(json.loads(body)["batch"])
        if self.path == f"/download/v1beta/{RESULTS}:download?alt=media":
            return self.answer(self.state["results"], content_type="text/plain")
        name, _, verb = self.path.removeprefix("/v1beta/").partition(":")
        batch = self.state["batches"].get(name)
        if batch is None:
            return self.refuse(404, "NOT_FOUND", "no such batch")
        if (method, verb) == ("POST", "cancel"):
            return self.answer({})
        assert (method, verb) == ("GET", "")
        self.answer(batch)

    def upload(self, body):
        command = self.headers["x-goog-upload-command"]
        if command == "start":
            assert json.loads(body)["file"]["displayName"] and self.headers["x-goog-upload-protocol"] == "resumable"
            self.state["size"] = int(self.headers["x-goog-upload-header-content-length"])
            return self.answer({}, headers={"x-goog-upload-url": f"https://upload.test{UPLOAD}?upload_id=u&upload_protocol=resumable"})
        assert command == "upload, finalize" and self.path.endswith("?upload_id=u&upload_protocol=resumable")
        assert len(body) == self.state["size"] and self.headers["x-goog-upload-offset"] == "0"
        name = f"files/in{len(self.state['files'])}"
        self.state["files"][name] = [json.loads(it) for it in body.decode().splitlines()]
        self.answer({"file": {"name": name, "sizeBytes": str(len(body)), "state": "ACTIVE"}})

    def create(self, asked):
        requests = self.state["files"][asked["inputConfig"]["fileName"]]
        name = f"batches/b{len(self.state['batches'])}"
        stats = {"requestCount": str(len(requests)), "pendingRequestCount": str(len(requests))}
        self.state["batches"][name] = {"name": name, "metadata": {"model": "models/gemini-2.5-flash", "createTime": TIME, "batchStats": stats, "state": "BATCH_STATE_PENDING", "name": name}}
        self.answer(self.state["batches"][name])


def answered(text, tokens_in, tokens_out, thoughts=0):
    usage = {"promptTokenCount": tokens_in, "candidatesTokenCount": tokens_out, "thoughtsTokenCount": thoughts, "totalTokenCount": tokens_in + tokens_out + thoughts}
    return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP", "index": 0}], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r"}


def succeeded(key, *told):
    return {"key": key, "response": answered(*told)}


def failed(key, code, message):
    return {"key": key, "error": {"code": code, "message": message}}


class Rig(BatchRig):
    def __init__(self, folder, params=None, **general):
        own = {"model": "gemini/gemini-2.5-flash", **PRICES, "api_key": "k-provider", **(params or {})}
        super().__init__(folder, Google, lambda base: {"public": ("public", {**own, "api_base": base}, None)}, general_settings=general)

    def end(self, *results, state="SUCCEEDED"):
        """The only batch ends with these results."""
        self.state["results"] = lines(*results)
        counts = {"successfulRequestCount": sum("response" in it for it in results), "failedRequestCount": sum("error" in it for it in results)}
        batch = self.state["batches"]["batches/b0"]
        stats = {"requestCount": str(len(results)), **{name: str(count) for name, count in counts.items() if count}}
        batch["metadata"].update(state=f"BATCH_STATE_{state}", endTime=TIME, batchStats=stats)
        batch.update(done=True, response={"responsesFile": RESULTS})


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(Rig, tmp_path)) as build:
        yield build


TOOL = {"type": "function", "function": {"name": "read", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}}
CHATS = {
    "plain": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], "max_completion_tokens": 9},
    "with a tool: é": {"messages": [{"role": "user", "content": "Read a."}], "tools": [TOOL], "logit_bias": {"1": 1}, "drop_params": True},
}


def test_a_batch_asks_what_single_chats_ask_and_is_charged_once_to_who_made_it(rig):
    it = rig()
    key = it.key()
    client = it.client(key)
    for chat in CHATS.values():
        assert it.gateway.post("/v1/chat/completions", {"model": "public", **chat}, key)[0] == 200
    singles = it.sent(f"{MODEL}:generateContent")
    seen = len(it.state["seen"])
    file = client.files.create(file=("in.jsonl", jsonl(*(line(name, **chat) for name, chat in CHATS.items()))), purpose="batch")
    # The provider is not told of it until it is to be answered.
    assert len(it.state["seen"]) == seen and client.files.retrieve(file.id).filename == "in.jsonl"
    batch = client.batches.create(input_file_id=file.id, metadata={"run": "7"}, **ASKED)
    requests = [{"key": name, "request": single} for name, single in zip(CHATS, singles, strict=True)]
    assert it.state["files"] == {"files/in0": requests} and len(singles) == 2
    for told in (batch, client.batches.retrieve(batch.id), client.batches.list().data[0]):
        assert (told.id, told.status, told.input_file_id, told.metadata) == (batch.id, "validating", file.id, {"run": "7"})
        assert told.request_counts.total == 2
    it.end(succeeded("with a tool: é", "no", 1000, 60, 40), succeeded("plain", "Hello!", 10, 1))
    for _ in range(3):
        done = client.batches.retrieve(batch.id)
        assert (done.status, done.error_file_id, done.request_counts.completed) == ("completed", None, 2)
    results = {result["custom_id"]: result["response"]["body"] for result in lines_of(client, done.output_file_id)}
    assert results["plain"]["choices"][0]["message"]["content"] == "Hello!" and results["plain"]["object"] == "chat.completion"
    assert results["with a tool: é"]["usage"]["completion_tokens"] == 100
    assert client.files.retrieve(done.output_file_id).purpose == "batch_output"
    cost = 1010 * IN / 2 + 101 * OUT / 2
    it.gateway.wait_for(it.is_charged)
    it.restart()
    assert client.batches.retrieve(batch.id).status == "completed"
    (row,) = it.booked()
    assert row["call_id"] == batch.id and row["cost_pico"] == pytest.approx(cost * PICO)
    assert (row["input_tokens"], row["output_tokens"], row["provider"]) == (1010, 101, "gemini")
    singly = 2 * (IN + OUT)
    it.gateway.wait_for(lambda: json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(cost + singly))


def test_a_result_without_usage_is_charged_by_the_lines_that_the_gateway_keeps(rig):
    it = rig()
    client = it.client()
    file, batch = made(client, line("a"), line("b"))
    unsaid = succeeded("a", "four bytes a token..", 0, 0)
    del unsaid["response"]["usageMetadata"]
    it.end(unsaid, succeeded("b", "Hi", 10, 1))
    assert client.batches.retrieve(batch.id).status == "completed"
    it.gateway.wait_for(it.booked)
    (row,) = it.booked()
    kept = client.files.content(file.id).text.splitlines()[0]
    asked = len(kept[kept.index('"body":') + len('"body":') : -1])
    assert (row["input_tokens"], row["output_tokens"]) == (10 + -(-asked // 3), 1 + 5)


def test_requests_that_failed_stand_in_the_file_of_errors_and_cost_nothing(rig):
    it = rig()
    client = it.client()
    _, batch = made(client, *(line(name) for name in "abc"))
    it.end(succeeded("a", "Hi", 10, 1), failed("b", 3, "no such part"), failed("c", 1, "stopped"))
    done = client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == ("completed", 1, 2)
    assert [result["custom_id"] for result in lines_of(client, done.output_file_id)] == ["a"]
    refused, cancelled = lines_of(client, done.error_file_id)
    assert (refused["custom_id"], refused["response"]["status_code"], refused["error"]) == ("b", 400, None)
    assert refused["response"]["body"]["error"]["message"] == "no such part"
    assert (cancelled["error"]["code"], cancelled["response"]) == ("batch_cancelled", None)
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx((10 * IN / 2 + OUT / 2) * PICO)


def test_a_cancelled_batch_is_charged_for_what_it_did(rig):
    it = rig(batch_polling_interval=1)
    client = it.client()
    _, batch = made(client, line("a"), line("b"))
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert "/v1beta/batches/b0:cancel" in it.paths("POST")
    # Nobody asks for it any more.
    it.end(succeeded("a", "Hi", 7, 0), failed("b", 1, "stopped"), state="CANCELLED")
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx(7 * IN / 2 * PICO)
    assert client.batches.list().data[0].status == "cancelled"


def test_results_that_are_cut_off_are_neither_whole_nor_charged(rig):
    it = rig(batch_polling_interval=1)
    client = it.client()
    _, batch = made(client, line("a"), line("b"))
    both = succeeded("a", "Hi", 10, 1), succeeded("b", "Ho", 20, 2)
    it.end(*both)
    whole = it.state["results"]
    for cut in (whole[:-10], lines(both[0])):
        it.state["results"] = cut
        output = client.batches.retrieve(batch.id).output_file_id
        with pytest.raises(openai.APIConnectionError):
            client.files.content(output)
        told = len(it.paths("GET"))
        # The gateway has read them once more for itself, and again.
        it.gateway.wait_for(lambda told=told: sum("download" in path for path in it.paths("GET")[told:]) > 1)
        assert not it.booked() and not it.is_charged()
    it.state["results"] = whole
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx((30 * IN / 2 + 3 * OUT / 2) * PICO)
    assert [result["custom_id"] for result in lines_of(client, output)] == ["a", "b"]


def test_a_state_that_nobody_knows_is_an_error_and_no_end(rig):
    it = rig()
    client = it.client()
    _, batch = made(client, line("a"))
    it.state["batches"]["batches/b0"]["metadata"]["state"] = "BATCH_STATE_PAUSED"
    with pytest.raises(openai.APIStatusError, match="BATCH_STATE_PAUSED"):
        client.batches.retrieve(batch.id)
    it.end(succeeded("a", "Hi", 1, 1))
    del it.state["batches"]["batches/b0"]["response"]
    assert client.batches.retrieve(batch.id).status == "finalizing" and not it.is_charged()


def test_lines_that_cannot_be_asked_are_told_by_their_number_and_nothing_is_sent(rig):
    it = rig()
    client = it.client()
    for wrong, said in (
        (line("x", messages="hi"), "`messages`"),
        (line("x", **{**CHATS["plain"], "logit_bias": {"1": 1}}), "logit_bias"),
        ({**line("x"), "url": "/v1/embeddings"}, "`url`"),
        ({**line("x"), "custom_id": ""}, "`custom_id`"),
    ):
        file = client.files.create(file=("in.jsonl", jsonl(line("a"), wrong)), purpose="batch")
        with pytest.raises(openai.APIStatusError) as refused:
            client.batches.create(input_file_id=file.id, **ASKED)
        answer = refused.value
        assert 400 <= answer.status_code < 500 and "line 2 of the file" in answer.message and said in answer.message, answer
    file = client.files.create(file=("in.jsonl", jsonl(line("a"))), purpose="batch")
    with pytest.raises(openai.BadRequestError, match="`endpoint`"):
        client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
    # Files for other ends are Google's own, and not taken.
    with pytest.raises(openai.APIStatusError, match="files.create"):
        client.files.create(file=("a.txt", b"x"), purpose="user_data", extra_body={"target_model_names": "public"})
    assert it.state["seen"] == [] and client.batches.list().data == []
