"""Mistral's package through `/mistral`: what Mistral alone has."""

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import MistralError

from conftest import MASTER_KEY
from imitation import passing

V1 = "/mistral/v1"
MESSAGES = [{"role": "user", "content": "hello"}]
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "codestral-latest", "usage": USAGE,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "there"}}]}
FILE = {"id": "file-1", "object": "file", "bytes": 5, "created_at": 1, "filename": "in.jsonl", "purpose": "batch", "sample_type": "batch_request", "source": "upload"}
JOB = {"id": "job-1", "object": "batch", "input_files": ["file-1"], "endpoint": "/v1/chat/completions", "errors": [], "status": "QUEUED", "created_at": 1,
       "total_requests": 1, "completed_requests": 0, "succeeded_requests": 0, "failed_requests": 0}
CALL = {"name": "f", "arguments": '{"x": 1}'}


@pytest.fixture(scope="module")
def provider(passing):
    return passing.provider


@pytest.fixture(scope="module")
def client(passing):
    with Mistral(api_key=MASTER_KEY, server_url=f"{passing.gateway.url}/mistral") as client:
        yield client


def piece(delta, finish=None):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "codestral-latest", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def told(stream):
    return "".join(choice.delta.content or "" for it in stream for choice in it.data.choices)


STREAM = [piece({"role": "assistant", "content": "the"}), piece({"content": "re"}, "stop"), "[DONE]"]


def test_chats_pass_whole_streamed_and_with_tools(client, provider):
    provider.answer("POST", f"{V1}/chat/completions", CHAT)
    assert client.chat.complete(model="mistral-large-latest", messages=MESSAGES).choices[0].message.content == "there"
    assert provider.line("mistral") == f"POST {V1}/chat/completions"
    provider.stream(f"{V1}/chat/completions", *STREAM)
    assert told(client.chat.stream(model="mistral-large-latest", messages=MESSAGES)) == "there"
    called = {"tool_calls": [{"id": "abcdefghi", "index": 0, "function": CALL}]}
    provider.stream(f"{V1}/chat/completions", piece(called, "tool_calls"), "[DONE]")
    (made,) = client.chat.stream(model="mistral-large-latest", messages=MESSAGES)
    assert made.data.choices[0].delta.tool_calls[0].function.name == "f"


def test_code_is_filled_in(client, provider):
    provider.answer("POST", f"{V1}/fim/completions", CHAT)
    assert client.fim.complete(model="codestral-latest", prompt="def", suffix="return").choices[0].message.content == "there"
    assert provider.last("mistral").json() == {"model": "codestral-latest", "prompt": "def", "suffix": "return", "stream": False}
    provider.stream(f"{V1}/fim/completions", *STREAM)
    assert told(client.fim.stream(model="codestral-latest", prompt="def")) == "there" and provider.line("mistral") == f"POST {V1}/fim/completions"


def test_agents_answer_whole_and_streamed(client, provider):
    provider.answer("POST", f"{V1}/agents/completions", CHAT)
    assert client.agents.complete(agent_id="ag_1", messages=MESSAGES).choices[0].message.content == "there"
    assert provider.last("mistral").json()["agent_id"] == "ag_1"
    provider.stream(f"{V1}/agents/completions", *STREAM)
    assert told(client.agents.stream(agent_id="ag_1", messages=MESSAGES)) == "there"


def test_documents_are_read(client, provider):
    page = {"index": 0, "markdown": "# Title", "images": [], "dimensions": None}
    provider.answer("POST", f"{V1}/ocr", {"pages": [page], "model": "mistral-ocr-latest", "usage_info": {"pages_processed": 1}})
    document = {"type": "document_url", "document_url": "https://x.example/a.pdf"}
    assert client.ocr.process(model="mistral-ocr-latest", document=document).pages[0].markdown == "# Title"
    assert provider.line("mistral") == f"POST {V1}/ocr" and provider.asked[-1].json()["document"] == document


def test_files_are_kept(client, provider):
    provider.answer("POST", f"{V1}/files", FILE)
    assert client.files.upload(file={"file_name": "in.jsonl", "content": b"hello"}, purpose="batch").id == "file-1"
    assert b"\r\n\r\nhello\r\n" in provider.last("mistral").body
    provider.answer("GET", f"{V1}/files", {"data": [FILE], "object": "list", "total": 1})
    assert [it.id for it in client.files.list().data] == ["file-1"]
    provider.answer("GET", f"{V1}/files/file-1", {**FILE, "deleted": False})
    assert client.files.retrieve(file_id="file-1").size_bytes == 5
    provider.answer("GET", f"{V1}/files/file-1/content", b"\x00hello", content_type="application/octet-stream")
    assert client.files.download(file_id="file-1").read() == b"\x00hello"
    provider.answer("DELETE", f"{V1}/files/file-1", {"id": "file-1", "object": "file", "deleted": True})
    assert client.files.delete(file_id="file-1").deleted and provider.line("mistral") == f"DELETE {V1}/files/file-1"


def test_jobs_of_batches_are_made_and_cancelled(client, provider):
    jobs = client.batch.jobs
    provider.answer("POST", f"{V1}/batch/jobs", JOB)
    assert jobs.create(input_files=["file-1"], endpoint="/v1/chat/completions", model="mistral-small-latest").status == "QUEUED"
    assert provider.last("mistral").json()["input_files"] == ["file-1"]
    provider.answer("GET", f"{V1}/batch/jobs", {"data": [JOB], "object": "list", "total": 1})
    assert [it.id for it in jobs.list().data] == ["job-1"]
    provider.answer("GET", f"{V1}/batch/jobs/job-1", JOB)
    assert jobs.get(job_id="job-1").total_requests == 1
    provider.answer("POST", f"{V1}/batch/jobs/job-1/cancel", {**JOB, "status": "CANCELLATION_REQUESTED"})
    assert jobs.cancel(job_id="job-1").status == "CANCELLATION_REQUESTED" and provider.line("mistral") == f"POST {V1}/batch/jobs/job-1/cancel"


def test_models_are_listed(client, provider):
    card = {"id": "mistral-large-latest", "object": "model", "type": "base", "capabilities": {"completion_chat": True}}
    provider.answer("GET", f"{V1}/models", {"object": "list", "data": [card]})
    assert [(it.id, it.capabilities.completion_chat) for it in client.models.list().data] == [("mistral-large-latest", True)]
    provider.answer("GET", f"{V1}/models/mistral-large-latest", card)
    assert client.models.retrieve(model_id="mistral-large-latest").id == "mistral-large-latest"


def test_sound_is_written_down(client, provider):
    provider.answer("POST", f"{V1}/audio/transcriptions", {"model": "voxtral-mini-latest", "text": "hello there", "language": "en", "usage": USAGE, "segments": []})
    heard = client.audio.transcriptions.complete(model="voxtral-mini-latest", file={"file_name": "a.mp3", "content": b"ID3\x00"})
    assert heard.text == "hello there" and b"ID3\x00" in provider.last("mistral").body
    assert provider.line("mistral") == f"POST {V1}/audio/transcriptions"


def test_words_come_while_sound_is_heard(client, provider):
    done = {"type": "transcription.done", "model": "m", "text": "hello there", "usage": USAGE, "language": "en", "segments": []}
    provider.stream(f"{V1}/audio/transcriptions", {"type": "transcription.text.delta", "text": "hello there"}, done, named=True)
    events = list(client.audio.transcriptions.stream(model="voxtral-mini-latest", file={"file_name": "a.mp3", "content": b"ID3\x00"}))
    assert [it.data.text for it in events] == ["hello there"] * 2 and provider.line("mistral") == f"POST {V1}/audio/transcriptions"


def test_texts_are_spoken(client, provider):
    provider.answer("POST", f"{V1}/audio/speech", {"audio_data": "SUQz"})
    assert client.audio.speech.complete(model="voxtral-tts", input="hello", stream=False).audio_data == "SUQz"
    assert provider.last("mistral").json()["input"] == "hello" and provider.line("mistral") == f"POST {V1}/audio/speech"


def test_chats_are_judged(client, provider):
    provider.answer("POST", f"{V1}/chat/moderations", {"id": "m", "model": "m", "results": [{"categories": {"violence": True}, "category_scores": {"violence": 0.9}}]})
    assert client.classifiers.moderate_chat(model="m", inputs=[MESSAGES]).results[0].categories == {"violence": True}
    provider.answer("POST", f"{V1}/chat/classifications", {"id": "c", "model": "m", "results": [{"mood": {"scores": {"good": 0.9}}}]})
    assert client.classifiers.classify_chat(model="m", input=[{"messages": MESSAGES}]).results[0]["mood"].scores == {"good": 0.9}


def test_texts_are_classified(client, provider):
    provider.answer("POST", f"{V1}/classifications", {"id": "c", "model": "m", "results": [{"mood": {"scores": {"good": 0.9}}}]})
    assert client.classifiers.classify(model="m", inputs=["hi"]).results[0]["mood"].scores == {"good": 0.9}


def test_a_refusal_of_mistrals_has_the_sdks_class(client, provider):
    provider.answer("GET", f"{V1}/files/file-9", {"detail": "no such file"}, 404)
    with pytest.raises(MistralError) as refused:
        client.files.retrieve(file_id="file-9")
    assert refused.value.status_code == 404 and "no such file" in refused.value.body
