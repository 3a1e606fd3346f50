"""Anthropic's package and what Anthropic keeps: batches of messages, and files. They pass through; at the root
the gateway does not serve them in this dialect."""

import anthropic
import httpx
import pytest

from batch_rig import lines
from conftest import MASTER_KEY
from imitation import passing

BATCHES = "/anthropic/v1/messages/batches"
FILES = "/anthropic/v1/files"
COUNTS = {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0}
TIME = "2026-08-19T14:44:51Z"
BATCH = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress", "request_counts": COUNTS, "created_at": TIME, "expires_at": TIME,
         "ended_at": None, "cancel_initiated_at": None, "archived_at": None, "results_url": None}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn", "stop_sequence": None,
           "content": [{"type": "text", "text": "there"}], "usage": {"input_tokens": 10, "output_tokens": 20}}
FILE = {"id": "file_1", "type": "file", "filename": "a.txt", "mime_type": "text/plain", "size_bytes": 5, "created_at": TIME, "downloadable": True}
REQUESTS = [{"custom_id": "a", "params": {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}}]


@pytest.fixture(scope="module")
def provider(passing):
    return passing.provider


@pytest.fixture(scope="module")
def client(passing):
    return anthropic.Anthropic(base_url=f"{passing.gateway.url}/anthropic", api_key=MASTER_KEY, max_retries=0)


@pytest.mark.parametrize("beta", [False, True])
def test_batches_of_messages_pass_through(client, provider, beta):
    batches, more = (client.beta.messages.batches, {"betas": ["extended-cache-ttl-2025-04-11"]}) if beta else (client.messages.batches, {})
    line = lambda: provider.line("anthropic")
    provider.answer("POST", BATCHES, BATCH)
    assert batches.create(requests=REQUESTS, **more).id == "msgbatch_1"
    assert line() == f"POST {BATCHES}" and provider.asked[-1].json() == {"requests": REQUESTS}
    assert provider.asked[-1].headers.get("anthropic-beta") == ("extended-cache-ttl-2025-04-11" if beta else None)
    provider.answer("GET", f"{BATCHES}/msgbatch_1", BATCH)
    assert batches.retrieve("msgbatch_1").processing_status == "in_progress"
    assert line() == f"GET {BATCHES}/msgbatch_1"
    provider.answer("GET", BATCHES, {"data": [BATCH], "has_more": False, "first_id": "msgbatch_1", "last_id": "msgbatch_1"})
    assert [it.id for it in batches.list(limit=5)] == ["msgbatch_1"] and "limit=5" in line()
    provider.answer("POST", f"{BATCHES}/msgbatch_1/cancel", {**BATCH, "processing_status": "canceling"})
    assert batches.cancel("msgbatch_1").processing_status == "canceling"
    assert line() == f"POST {BATCHES}/msgbatch_1/cancel"
    provider.answer("DELETE", f"{BATCHES}/msgbatch_1", {"id": "msgbatch_1", "type": "message_batch_deleted"})
    assert batches.delete("msgbatch_1").type == "message_batch_deleted"
    assert line() == f"DELETE {BATCHES}/msgbatch_1"


def test_results_of_a_batch_are_read_by_their_path_and_by_the_sdk_where_the_batch_says(client, provider):
    done = {"custom_id": "a", "result": {"type": "succeeded", "message": MESSAGE}}
    provider.answer("GET", f"{BATCHES}/msgbatch_1/results", lines(done), content_type="application/x-jsonl")
    read = httpx.get(f"{client.base_url}v1/messages/batches/msgbatch_1/results", headers={"x-api-key": MASTER_KEY})
    assert read.json() == done and provider.line("anthropic") == f"GET {BATCHES}/msgbatch_1/results"
    provider.answer("GET", "/elsewhere", lines(done), content_type="application/x-jsonl")
    provider.answer("GET", f"{BATCHES}/msgbatch_1", {**BATCH, "processing_status": "ended", "results_url": f"{provider.url}/elsewhere"})
    (result,) = client.messages.batches.results("msgbatch_1")
    assert result.result.message.content[0].text == "there"
    # Past the gateway, so with what the client knows as its key.
    assert provider.asked[-1].path == "/elsewhere" and MASTER_KEY in str(provider.asked[-1].headers)


@pytest.mark.parametrize("beta", [False, True])
def test_files_pass_through(client, provider, beta):
    files = client.beta.files if beta else client.files
    line = lambda: provider.line("anthropic").partition("?")[0]
    provider.answer("POST", FILES, FILE)
    assert files.upload(file=("a.txt", b"hello", "text/plain")).id == "file_1"
    assert line() == f"POST {FILES}" and b"\r\n\r\nhello\r\n" in provider.asked[-1].body and b'filename="a.txt"' in provider.asked[-1].body
    assert provider.asked[-1].headers["content-type"].startswith("multipart/form-data; boundary=")
    provider.answer("GET", FILES, {"data": [FILE], "has_more": False, "first_id": "file_1", "last_id": "file_1", "next_page": None})
    assert [it.filename for it in files.list()] == ["a.txt"] and line() == f"GET {FILES}"
    provider.answer("GET", f"{FILES}/file_1", FILE)
    assert files.retrieve_metadata("file_1").size_bytes == 5 and line() == f"GET {FILES}/file_1"
    provider.answer("GET", f"{FILES}/file_1/content", b"\x00hello", content_type="application/octet-stream")
    assert files.download("file_1").read() == b"\x00hello" and line() == f"GET {FILES}/file_1/content"
    provider.answer("DELETE", f"{FILES}/file_1", {"id": "file_1", "type": "file_deleted"})
    assert files.delete("file_1").id == "file_1" and line() == f"DELETE {FILES}/file_1"


def test_a_refusal_of_anthropics_has_the_sdks_class(client, provider):
    refusal = {"type": "error", "error": {"type": "not_found_error", "message": "no such batch"}}
    provider.answer("GET", f"{BATCHES}/msgbatch_9", refusal, 404)
    with pytest.raises(anthropic.NotFoundError, match="no such batch"):
        client.messages.batches.retrieve("msgbatch_9")
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="sk-wrong-0123456789").messages.batches.list()


ROOT = {
    "create": lambda it: it.messages.batches.create(requests=REQUESTS),
    "retrieve": lambda it: it.messages.batches.retrieve("msgbatch_1"),
    "list": lambda it: it.messages.batches.list(),
    "results": lambda it: it.messages.batches.results("msgbatch_1"),
    "cancel": lambda it: it.messages.batches.cancel("msgbatch_1"),
    "delete": lambda it: it.messages.batches.delete("msgbatch_1"),
    "skills.list": lambda it: it.skills.list(),
    "skills.retrieve": lambda it: it.skills.retrieve("skill_1"),
}


@pytest.mark.parametrize("name", ROOT)
def test_at_the_root_batches_and_skills_are_refused_by_name(passing, provider, name):
    client = anthropic.Anthropic(base_url=passing.gateway.url, api_key=MASTER_KEY, max_retries=0)
    before = len(provider.asked)
    path = "/v1/skills" if "skills" in name else "/v1/messages/batches"
    with pytest.raises(anthropic.APIStatusError, match=path) as refused:
        ROOT[name](client)
    assert refused.value.status_code in (404, 501) and len(provider.asked) == before


def test_at_the_root_files_are_openai_s_which_asks_for_what_they_are_for(passing, provider):
    client = anthropic.Anthropic(base_url=passing.gateway.url, api_key=MASTER_KEY, max_retries=0)
    before = len(provider.asked)
    for files in (client.files, client.beta.files):
        with pytest.raises(anthropic.BadRequestError, match="purpose"):
            files.upload(file=("a.txt", b"hello", "text/plain"))
    assert len(provider.asked) == before
