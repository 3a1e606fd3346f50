"""Guardrails and batches: each line of an upload is looked at as the request that it will be, each line of the results
as the answer that it is."""

import functools
import json
import threading

import httpx
import openai
import pytest

import batch_rig
from batch_rig import BatchRig, line, lines, lines_of, rigs
from guarding import guard
from raw import RawUpstream, connect, request, whole
from test_files import BATCH, Files, result

JANE = "jane.doe@example.com"
SECRET = "the nightjar flies"
PII = guard("pii", "pii", "pre_call", default_on=True)
WORDS = guard("words", "keywords", ["pre_call", "post_call"], default_on=True, rules=[{"words": ["nightjar"], "action": "block"}])


class Rig(BatchRig):
    def __init__(self, folder, *guards):
        there = lambda base: {"model": "openai/gpt-own", "api_base": base + "/v1", "api_key": "k-provider", **BATCH}
        super().__init__(folder, Files, lambda base: {"public": ("public", there(base), None)}, guardrails=list(guards))

    def uploaded(self):
        (_, data), = self.state["files"].values()
        return [json.loads(it) for it in data.splitlines()]

    def complete(self, *results):
        file = {"id": "file-out", "object": "file", "bytes": 9, "created_at": 8, "filename": "out.jsonl", "purpose": "batch_output"}
        self.state["files"]["file-out"] = (file, lines(*results))
        self.state["batches"]["batch_0"].update(status="completed", output_file_id="file-out")


@pytest.fixture()
def rig(tmp_path, data_dir):
    with rigs(functools.partial(Rig, tmp_path)) as build:
        yield build


def said(name, text):
    return line(name, messages=[{"role": "user", "content": text}])


def embedded(name, text):
    # As Azure writes it.
    return {"custom_id": name, "method": "POST", "url": "/embeddings", "body": {"model": "public", "input": text}}


def upload(it, *documents):
    return it.client(it.key()).files.create(file=("in.jsonl", lines(*documents)), purpose="batch")


def test_what_is_masked_in_a_line_does_not_leave_the_house(rig):
    it = rig(PII)
    upload(it, said("1", f"I am {JANE}"), said("2", "hello"), embedded("3", f"of {JANE}"))
    first, second, third = it.uploaded()
    assert JANE not in json.dumps([first, third]) and first["body"]["messages"][0]["content"].startswith("I am ")
    assert second == {**said("2", "hello"), "body": {**said("2", "hello")["body"], "model": "gpt-own"}}
    assert third["body"]["input"].startswith("of ") and [it["body"]["model"] for it in (first, third)] == ["gpt-own"] * 2
    metrics = it.gateway.get("/metrics")[1].decode()
    assert any("sluice_guardrail" in row and 'guardrail="pii"' in row and 'decision="edit"' in row for row in metrics.splitlines()), metrics


def test_a_line_that_is_refused_is_named_and_nothing_goes_anywhere(rig):
    it = rig(WORDS)
    with pytest.raises(openai.BadRequestError) as refused:
        upload(it, said("1", "hello"), said("2", SECRET))
    assert refused.value.body["message"].startswith("line 2 of the file: ") and "words" in refused.value.body["message"]
    assert it.paths("POST") == []
    # What names no known place says nobody knows what.
    with pytest.raises(openai.APIStatusError) as unknown:
        upload(it, {**said("1", "hello"), "url": "/v1/secrets"})
    assert "line 1 of the file: " in unknown.value.body["message"] and it.paths("POST") == []


def test_who_is_not_looked_at_has_lines_for_any_place(rig):
    it = rig({**WORDS, "litellm_params": {**WORDS["litellm_params"], "default_on": False}})
    upload(it, {**said("1", SECRET), "url": "/v1/secrets"})
    assert it.uploaded()[0]["body"]["messages"][0]["content"] == SECRET


def test_lines_stay_in_their_order(rig):
    it = rig(PII)
    upload(it, *(said(str(at), f"{at} {JANE}" if at % 3 else str(at)) for at in range(40)))
    assert [line["custom_id"] for line in it.uploaded()] == [str(at) for at in range(40)]
    assert JANE not in json.dumps(it.uploaded())


ASKED_FOR = {**PII, "litellm_params": {**PII["litellm_params"], "default_on": False}}


@pytest.mark.parametrize("more", [{"guardrails": ["pii"]}, {"metadata": {"guardrails": ["pii"], "a": "b"}}])
def test_a_line_names_those_that_look_at_it_and_the_provider_sees_nothing_of_it(rig, more):
    it = rig(ASKED_FOR)
    ours = {"tags": ["a"], "drop_params": True, "litellm_metadata": {"c": "d"}, "cache": {"no-cache": True}}
    asked = said("1", f"I am {JANE}")
    upload(it, {**asked, "body": {**asked["body"], **ours, **more, "seed": 7}}, said("2", f"I am {JANE}"))
    first, second = it.uploaded()
    assert set(first["body"]) == {"model", "messages", "seed"} and JANE not in json.dumps(first)
    assert second["body"]["messages"][0]["content"] == f"I am {JANE}"


@pytest.mark.parametrize("more", [{"guardrails": ["pii"]}, {"metadata": {"guardrails": ["pii"]}}])
@pytest.mark.parametrize("guards", [[], [WORDS]], ids=["none", "another"])
def test_a_guardrail_that_is_not_there_is_refused_by_its_line(rig, guards, more):
    it = rig(*guards)
    asked = said("2", "hello")
    with pytest.raises(openai.BadRequestError) as refused:
        upload(it, said("1", "hello"), {**asked, "body": {**asked["body"], **more}})
    error = refused.value.body
    assert error["message"].startswith("line 2 of the file: ") and "`pii`" in error["message"] and error["param"] == "guardrails"
    assert it.paths("POST") == []


def test_who_is_over_a_limit_or_a_budget_has_nobody_look(rig):
    it = rig(WORDS)
    client = it.client(it.key(rpm_limit=1))
    client.files.create(file=("in.jsonl", lines(said("1", "hello"))), purpose="batch")
    with pytest.raises(openai.RateLimitError):
        client.files.create(file=("in.jsonl", lines(said("1", SECRET))), purpose="batch")
    spent = it.key(max_budget=0)
    with pytest.raises(openai.APIStatusError) as refused:
        it.client(spent).files.create(file=("in.jsonl", lines(said("1", SECRET))), purpose="batch")
    assert "words" not in refused.value.message and "budget" in refused.value.message.lower(), refused.value.message
    assert len(it.paths("POST")) == 1
    # What a guardrail refuses is a call that failed, and is on record as one.
    with pytest.raises(openai.BadRequestError):
        upload(it, said("1", SECRET))
    it.gateway.wait_for(lambda: it.query("SELECT 1 FROM spend_rows WHERE operation = 'files.create' AND status != 'success' AND cost_pico = 0"))


def test_who_goes_away_has_no_more_of_its_lines_looked_at(rig):
    """Eight lines are looked at side by side: of forty these are all, and the gateway hangs up on those that look."""
    asked, gone = threading.Semaphore(0), threading.Semaphore(0)

    def hold(peer):
        if b"hello" not in peer.request:
            # The fields of the form.
            return peer.send(whole({"action": "NONE"}))
        asked.release()
        peer.wait_for_hang_up()
        gone.release()

    judge = RawUpstream()
    it = rig(guard("judge", "generic_guardrail_api", "pre_call", default_on=True, api_base=judge.script("judge", hold), api_key="k-judge", timeout=60))
    form = httpx.Request("POST", "http://gateway/", data={"purpose": "batch"}, files={"file": ("in.jsonl", lines(*(said(str(at), "hello") for at in range(40))))})
    with connect(it.gateway) as client:
        client.sendall(request("/v1/files", form.read(), key=it.key(), content_type=form.headers["content-type"]))
        assert all(asked.acquire(timeout=20) for _ in range(8))
    assert all(gone.acquire(timeout=20) for _ in range(8))
    assert sum(b"hello" in it for it in judge.requests["judge"]) == 8 and it.paths("POST") == []
    judge.listener.close()


def test_results_are_looked_at_line_by_line(rig):
    it = rig(WORDS)
    client = it.client(it.key())
    batch_rig.made(client, said("1", "hello"), said("2", "hello"))
    fine, bad = result(10, 1), result(10, 1)
    bad["response"]["body"]["choices"] = [{"index": 0, "message": {"role": "assistant", "content": SECRET}, "finish_reason": "stop"}]
    it.complete(fine, bad)
    (batch,) = client.batches.list().data
    done = client.batches.retrieve(batch.id)
    first, second = lines_of(client, done.output_file_id)
    assert first == fine
    assert second["custom_id"] == bad["custom_id"] and second["response"]["status_code"] == 400
    assert "words" in second["response"]["body"]["error"]["message"] and SECRET not in json.dumps(second)
    it.gateway.wait_for(it.is_charged)


def test_without_guardrails_bytes_are_those_of_the_provider(rig):
    it = rig()
    client = it.client(it.key())
    batch_rig.made(client, said("1", SECRET))
    it.complete(result(10, 1))
    (batch,) = client.batches.list().data
    done = client.batches.retrieve(batch.id)
    assert client.files.content(done.output_file_id).content == it.state["files"]["file-out"][1]
