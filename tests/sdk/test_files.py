"""Files and batches through the official SDK: bound to their owner and deployment, models renamed,
results charged once."""

import functools
import io
import json
import socket

import openai
import pytest

import batch_rig
from batch_rig import BatchRig, Provider, lines, rigs
from conftest import MASTER_KEY
from raw import connect, until_closed
from test_budgets import PICO

IN, OUT = 2e-6, 8e-6
BATCH = {"input_cost_per_token": IN, "output_cost_per_token": OUT, "input_cost_per_token_batches": IN / 2, "output_cost_per_token_batches": OUT / 2}
MODEL = {"model": "openai/gpt-own", **BATCH}


class Files(Provider):
    """OpenAI's files and batches, as far as clients see them."""

    CANCELLING = "cancelling"

    def place(self):
        """What is asked for, below the address."""
        return self.path.split("/")[2:]

    def is_let_in(self):
        return self.headers["authorization"] == "Bearer k-provider"

    def serve(self, method, body):
        state = self.state
        found = self.place()
        if not self.is_let_in():
            return self.answer({"error": {"message": "who"}}, 401)
        if method == "POST" and found == ["files"]:
            return self.upload(state, body)
        if method == "POST" and found == ["batches"]:
            batch = self.begun(f"batch_{len(state['batches'])}", json.loads(body))
            state["batches"][batch["id"]] = batch
            return self.answer(batch)
        table = state[found[0]]
        if found[1] not in table:
            return self.answer({"error": {"message": "no such thing", "type": "invalid_request_error"}}, 404)
        if found[0] == "files":
            if method == "DELETE":
                del table[found[1]]
                return self.answer({"id": found[1], "object": "file", "deleted": True})
            document, data = table[found[1]]
            return self.answer(data, content_type="application/jsonl") if found[2:] else self.answer(document)
        if found[2:] == ["cancel"]:
            table[found[1]]["status"] = self.CANCELLING
        return self.answer(table[found[1]])

    def begun(self, id, asked):
        assert asked["input_file_id"] in self.state["files"], asked
        return {"id": id, "object": "batch", "status": "in_progress", "created_at": 7, **asked}

    def upload(self, state, body):
        boundary = self.headers["content-type"].split("boundary=")[1].encode()
        fields = {}
        for piece in body.split(b"--" + boundary)[1:-1]:
            top, _, data = piece.partition(b"\r\n\r\n")
            name = top.split(b'name="')[1].split(b'"')[0].decode()
            fields[name] = data[:-2]
        assert set(fields) == {"file", "purpose"}, fields.keys()
        file = {"id": f"file-up{len(state['files'])}", "object": "file", "bytes": len(fields["file"]), "created_at": 7, "filename": "in.jsonl", "purpose": fields["purpose"].decode(), "status": "processed"}
        state["files"][file["id"]] = (file, fields["file"])
        self.answer(file)


class Rig(BatchRig):
    def __init__(self, folder, fences=None, **general):
        def models(base):
            there = {"api_base": f"{base}/v1", "api_key": "k-provider"}
            if fences:
                # One group, whose deployments are for requests with these tags.
                return {name: ("public", {**MODEL, **there, "tags": tags}, None) for name, tags in fences.items()}
            other = {"model": "openai/other-own", **BATCH}
            return {name: (name, {**params, **there}, None) for name, params in (("public", MODEL), ("other", other))}

        super().__init__(folder, Files, models, general_settings={"max_file_size_mb": 1, **general}, router_settings={"enable_tag_filtering": bool(fences)})

    def complete(self, results):
        """The only batch ends with these lines."""
        name = f"file-out{len(self.state['files'])}"
        data = lines(*results)
        self.state["files"][name] = ({"id": name, "object": "file", "bytes": len(data), "created_at": 8, "filename": "out.jsonl", "purpose": "batch_output"}, data)
        batch = self.state["batches"]["batch_0"]
        batch.update(status="completed", output_file_id=name, completed_at=9)


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(Rig, tmp_path)) as build:
        yield build


def line(model, number=1):
    return batch_rig.line(str(number), model)


def jsonl(*models):
    return batch_rig.jsonl(*(line(model, number) for number, model in enumerate(models)))


def result(tokens_in, tokens_out):
    body = {"model": "gpt-own-2026", "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}}
    return {"id": "r", "custom_id": "1", "response": {"status_code": 200, "request_id": "q", "body": body}, "error": None}


def test_a_file_is_uploaded_shown_read_and_deleted(rig):
    it = rig()
    client = it.client()
    data = bytes(range(256)) * 3000
    made = client.files.create(file=("notes.bin", data), purpose="user_data")
    assert made.purpose == "user_data" and made.bytes == len(data) and not made.id.startswith("file-up")
    assert client.files.retrieve(made.id).id == made.id
    assert client.files.content(made.id).read() == data
    other = client.files.create(file=("more.bin", b"x"), purpose="assistants", extra_body={"target_model_names": "other"})
    listed = client.files.list()
    assert [file.id for file in listed.data] == [other.id, made.id] and not listed.has_more
    assert [file.id for file in client.files.list(purpose="user_data").data] == [made.id]
    assert [file.id for file in client.files.list(limit=1).data] == [other.id]
    assert client.files.delete(made.id).deleted and it.paths("DELETE") == ["/v1/files/file-up0"]
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)
    # Without `/v1` too; every call is on record and costs nothing.
    assert it.gateway.get(f"/files/{other.id}")[0] == 200
    rows = it.rows(6)
    assert {row["operation"] for row in rows} == {"files.create", "files.get", "files.content", "files.delete"}
    assert all(row["cost_pico"] == 0 and row["status"] == "success" for row in rows)


def test_a_batch_is_made_of_renamed_lines_and_charged_once_to_who_made_it(rig):
    it = rig()
    key = it.key()
    client = it.client(key)
    file = client.files.create(file=("in.jsonl", jsonl("public", "public")), purpose="batch")
    _, data = it.state["files"]["file-up0"]
    assert [json.loads(sent) for sent in data.splitlines()] == [line("gpt-own", 0), line("gpt-own", 1)]
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "7"})
    assert batch.status == "in_progress" and batch.input_file_id == file.id
    assert it.state["batches"]["batch_0"]["input_file_id"] == "file-up0" and it.state["batches"]["batch_0"]["metadata"] == {"run": "7"}
    assert client.batches.retrieve(batch.id).status == "in_progress"
    assert [found.id for found in client.batches.list().data] == [batch.id]
    it.complete([result(1000, 100), result(10, 1), {"id": "r", "custom_id": "2", "response": None, "error": {"code": "x"}}])
    for _ in range(3):
        done = client.batches.retrieve(batch.id)
        assert done.status == "completed" and done.output_file_id.startswith("file-")
    # The results are the owner's own file.
    assert len(client.files.content(done.output_file_id).text.splitlines()) == 3
    assert client.files.retrieve(done.output_file_id).purpose == "batch_output"
    it.gateway.wait_for(it.booked)
    cost = 1010 * IN / 2 + 101 * OUT / 2
    it.gateway.wait_for(it.is_charged)
    it.gateway.wait_for(lambda: json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(cost))
    it.restart()
    assert client.batches.retrieve(batch.id).status == "completed"
    (row,) = it.booked()
    assert row["call_id"] == batch.id and row["cost_pico"] == pytest.approx(cost * PICO)
    assert (row["input_tokens"], row["output_tokens"], row["deployment"], row["model_group"]) == (1010, 101, "public", "public")


def test_a_batch_that_nobody_asks_for_is_charged_all_the_same(rig):
    it = rig(batch_polling_interval=1)
    client = it.client()
    file = client.files.create(file=("in.jsonl", jsonl("public")), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    cancelled = client.batches.cancel(batch.id)
    assert cancelled.status == "cancelling" and it.paths("POST")[-1] == "/v1/batches/batch_0/cancel"
    it.complete([result(7, 0)])
    it.gateway.wait_for(it.booked)
    assert it.booked()[0]["cost_pico"] == pytest.approx(7 * IN / 2 * PICO)
    it.gateway.wait_for(lambda: b"sluice_batches_booked_total 1" in it.gateway.get("/metrics")[1])


WORDS = "one two three four five six seven eight"


def forgotten(it, client, file):
    client.files.delete(file)


def lost(it, client, file):
    del it.state["files"]["file-up0"]


@pytest.mark.parametrize("gone", [None, forgotten, lost], ids=["there", "forgotten", "lost"])
def test_results_without_usage_are_charged_by_a_count_of_the_answer_and_of_the_request_if_it_is_there(rig, gone):
    it = rig()
    client = it.client()
    file = client.files.create(file=("in.jsonl", jsonl("public", "public", "public")), purpose="batch")
    sent = it.state["files"]["file-up0"][1].splitlines()
    batch = client.batches.create(input_file_id=file.id, **batch_rig.ASKED)
    if gone:
        gone(it, client, file.id)
    unsaid = {"model": "gpt-own-2026", "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}]}
    refused = {"status_code": 400, "request_id": "q", "body": {"error": {"message": "no"}}}
    it.complete([
        {"id": "r", "custom_id": "0", "response": {"status_code": 200, "request_id": "q", "body": unsaid}, "error": None},
        {"id": "r", "custom_id": "1", "response": refused, "error": None},
        {**result(10, 1), "custom_id": "2"},
    ])
    assert client.batches.retrieve(batch.id).status == "completed"
    it.gateway.wait_for(it.booked)
    (row,) = it.booked()
    # Three bytes of the first request's body are a token, and four of its answer's text.
    body = sent[0][sent[0].index(b'"body":') + len(b'"body":') : -1]
    assert json.loads(body)["model"] == "gpt-own"
    asked = 10 + (0 if gone else -(-len(body) // 3))
    assert (row["input_tokens"], row["output_tokens"]) == (asked, 1 + 10)
    assert row["cost_pico"] == pytest.approx((asked * IN / 2 + 11 * OUT / 2) * PICO)
    spent = json.loads(it.gateway.get(f"/spend/logs?request_id={batch.id}")[1])[0]
    assert spent["metadata"]["attempts"][0]["estimated"], spent


def test_what_belongs_to_another_is_not_there(rig):
    it = rig()
    owner, stranger = it.client(it.key()), it.client(it.key())
    file = owner.files.create(file=("in.jsonl", jsonl("public")), purpose="batch")
    asked = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = owner.batches.create(input_file_id=file.id, **asked)
    seen = len(it.state["seen"])
    for ask in (
        lambda: stranger.files.retrieve(file.id),
        lambda: stranger.files.content(file.id),
        lambda: stranger.files.delete(file.id),
        lambda: stranger.batches.create(input_file_id=file.id, **asked),
        lambda: stranger.batches.retrieve(batch.id),
        lambda: stranger.batches.cancel(batch.id),
        lambda: stranger.files.list(after=file.id),
        lambda: owner.files.retrieve("file-up0"),
    ):
        with pytest.raises(openai.NotFoundError):
            ask()
    assert stranger.files.list().data == [] and stranger.batches.list().data == []
    assert len(it.state["seen"]) == seen
    # An admin sees all.
    admin = it.client()
    assert admin.files.retrieve(file.id).id == file.id and admin.batches.list().data[0].id == batch.id


def test_lines_that_cannot_go_are_told_by_their_number_and_nothing_is_sent(rig):
    it = rig()
    client = it.client(it.key(models=["public"]))
    for data, status, said in (
        (jsonl("public", "other"), 403, "line 2"),
        (io.BytesIO(b"{\n"), 400, "line 1"),
        (io.BytesIO(b""), 400, "no requests"),
    ):
        with pytest.raises(openai.APIStatusError) as refused:
            client.files.create(file=("in.jsonl", data), purpose="batch")
        assert (refused.value.status_code, said in refused.value.message) == (status, True), refused.value
    with pytest.raises(openai.BadRequestError, match="no one deployment"):
        it.client().files.create(file=("in.jsonl", jsonl("public", "other")), purpose="batch")
    with pytest.raises(openai.APIStatusError) as refused:
        client.files.create(file=("in.jsonl", b"x" * (1 << 20 | 1)), purpose="user_data")
    assert refused.value.status_code == 413 and "max_file_size_mb" in refused.value.message
    with pytest.raises(openai.APIStatusError) as refused:
        client.files.create(file=("x", b"x"), purpose="user_data", extra_body={"custom_llm_provider": "azure"})
    assert "target_model_names" in refused.value.message
    plain = client.files.create(file=("x", b"x"), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="purpose `batch`"):
        client.batches.create(input_file_id=plain.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert it.paths("POST") == ["/v1/files"]


def test_an_upload_that_is_cut_off_goes_nowhere_and_leaves_nothing(rig, data_dir):
    it = rig()
    start = b'--cut\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--cut\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'
    kind = {"content-type": "multipart/form-data; boundary=cut"}
    status, refused, _ = it.gateway.post("/v1/files", start, headers=kind)
    assert status == 400 and "cannot be read" in refused["error"]["message"]
    # One whose client goes away in the middle.
    head = f"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {MASTER_KEY}\r\ncontent-type: {kind['content-type']}\r\ncontent-length: 100000\r\n\r\n"
    with connect(it.gateway) as connection:
        connection.sendall(head.encode() + start)
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)
    uploads = data_dir / "uploads"
    assert uploads.stat().st_mode & 0o777 == 0o700 and not any(uploads.iterdir())
    assert it.state["seen"] == []


def test_a_file_lies_where_its_tags_lead_and_is_read_from_there_without_them(rig):
    it = rig(fences={"fenced": ["paid"], "open": ["default"]})
    client = it.client(it.key())
    asked = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}

    def upload(headers, **more):
        made = client.files.with_raw_response.create(file=("in.jsonl", jsonl("public")), purpose="batch", extra_headers=headers, **more)
        choices = json.loads(it.gateway.get(f"/router/decisions/{made.headers['x-litellm-call-id']}")[1])["choices"]
        return made.parse().id, made.headers["x-litellm-model-id"], choices

    # Often enough that chance is no reason: by the lines, by a model's name, by a provider's.
    for more in ({}, {"extra_body": {"target_model_names": "public"}}):
        for _ in range(6):
            _, place, (choice,) = upload({}, **more)
            assert place == choice["chosen"] == "open"
            assert choice["ruled_out"] == [{"model_id": "fenced", "reason": "tags", "until_ms": None}]
    for _ in range(6):
        made = client.files.with_raw_response.create(file=("x", b"x"), purpose="user_data")
        assert made.headers["x-litellm-model-id"] == "open"
    file, place, _ = upload({"x-litellm-tags": "paid"})
    assert place == "fenced"
    # It is the caller's: no tag is asked for again.
    assert client.files.retrieve(file).id == file and client.files.content(file).read()
    batch = client.batches.with_raw_response.create(input_file_id=file, **asked)
    assert batch.headers["x-litellm-model-id"] == "fenced"
    (choice,) = json.loads(it.gateway.get(f"/router/decisions/{batch.headers['x-litellm-call-id']}")[1])["choices"]
    assert (choice["strategy"], choice["chosen"], choice["outcome"]) == ("lies_there", "fenced", "ok")
    it.gateway.wait_for(lambda: [row for row in it.query("SELECT tags FROM spend_rows") if "paid" in row["tags"]])


def test_a_file_that_no_deployment_may_have_by_its_tags_goes_nowhere(rig):
    it = rig(fences={"fenced": ["paid"]})
    client = it.client(it.key())
    for send in (
        lambda: client.files.create(file=("in.jsonl", jsonl("public")), purpose="batch", extra_headers={"x-litellm-tags": "free"}),
        lambda: client.files.create(file=("x", b"x"), purpose="user_data", extra_headers={"x-litellm-tags": "free"}),
    ):
        with pytest.raises(openai.AuthenticationError, match="tags configuration"):
            send()
    assert it.state["seen"] == []
