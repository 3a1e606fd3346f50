"""Batches at Azure and at Mistral through OpenAI's SDK: made, followed, read, and charged once."""

import functools
import json

import pytest

import batch_rig
from batch_rig import ASKED, CHAT, BatchRig, lines, lines_of, rigs
from test_budgets import PICO
from test_files import BATCH, IN, OUT, Files, result

VERSION = "2025-04-01-preview"


class Azure(Files):
    """A resource: files are no deployment's, and every address has a version."""

    def place(self):
        path, _, query = self.path.partition("?")
        assert query == f"api-version={VERSION}" and path.startswith("/openai/"), self.path
        return path.split("/")[2:]

    def is_let_in(self):
        return self.headers["api-key"] == "k-provider"


class Mistral(Files):
    """Batches are jobs, with words of their own."""

    CANCELLING = "CANCELLATION_REQUESTED"

    def place(self):
        found = super().place()
        return ["batches", *found[2:]] if found[:2] == ["batch", "jobs"] else found

    def begun(self, id, asked):
        assert asked["input_files"][0] in self.state["files"] and asked["model"] == "gpt-own", asked
        return {"object": "batch", "status": "QUEUED", "created_at": 7, "total_requests": 2, "succeeded_requests": 0, "failed_requests": 0, "errors": [], **asked, "id": id}


PROVIDERS = {
    "azure": (Azure, "", {"api_version": VERSION}, {"status": "completed", "output_file_id": "file-out"}, "/openai/batches?api-version=" + VERSION),
    "mistral": (Mistral, "/v1", {}, {"status": "SUCCESS", "output_file": "file-out", "succeeded_requests": 2, "completed_at": 9}, "/v1/batch/jobs"),
}


class Rig(BatchRig):
    def __init__(self, folder, name):
        provider, base, more, self.end, self.jobs = PROVIDERS[name]
        there = lambda address: {"model": f"{name}/gpt-own", "api_base": address + base, "api_key": "k-provider", **BATCH, **more}
        super().__init__(folder, provider, lambda address: {"public": ("public", there(address), None)})

    def complete(self, results):
        file = {"id": "file-out", "object": "file", "bytes": 9, "created_at": 8, "filename": "out.jsonl", "purpose": "batch", "sample_type": "batch_result"}
        self.state["files"]["file-out"] = (file, lines(*results))
        self.state["batches"]["batch_0"].update(self.end)


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(Rig, tmp_path)) as build:
        yield build


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_batch_is_made_followed_read_and_charged_once(rig, name):
    it = rig(name)
    key = it.key()
    client = it.client(key)
    file, batch = batch_rig.made(client, batch_rig.line("1"), batch_rig.line("2"))
    _, data = it.state["files"]["file-up0"]
    assert [json.loads(sent)["body"]["model"] for sent in data.splitlines()] == ["gpt-own", "gpt-own"]
    (asked,) = it.sent(it.jobs)
    assert asked["endpoint"] == CHAT and (asked.get("input_file_id") or asked["input_files"][0]) == "file-up0"
    assert batch.input_file_id == file.id and batch.endpoint == CHAT and batch.completion_window == ASKED["completion_window"]
    assert client.batches.retrieve(batch.id).status in ("in_progress", "validating")
    assert it.booked() == []
    it.complete([result(1000, 100), result(10, 1)])
    for _ in range(3):
        done = client.batches.retrieve(batch.id)
        assert done.status == "completed" and done.output_file_id.startswith("file-") and done.output_file_id != "file-out"
    assert [line["response"]["body"]["usage"]["prompt_tokens"] for line in lines_of(client, done.output_file_id)] == [1000, 10]
    it.gateway.wait_for(it.is_charged)
    it.restart()
    assert client.batches.retrieve(batch.id).status == "completed"
    (row,) = it.booked()
    cost = 1010 * IN / 2 + 101 * OUT / 2
    assert row["call_id"] == batch.id and row["cost_pico"] == pytest.approx(cost * PICO)
    assert (row["input_tokens"], row["output_tokens"], row["provider"], row["model_group"]) == (1010, 101, name, "public")
    it.gateway.wait_for(lambda: json.loads(it.gateway.get(f"/key/info?key={key}")[1])["info"]["spend"] == pytest.approx(cost))


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_batch_is_cancelled_there(rig, name):
    it = rig(name)
    client = it.client()
    _, batch = batch_rig.made(client, batch_rig.line("1"))
    assert client.batches.cancel(batch.id).status == client.batches.retrieve(batch.id).status == "cancelling"
    assert it.paths("POST")[-1] == it.jobs.replace("batches", "batches/batch_0/cancel").replace("jobs", "jobs/batch_0/cancel")
