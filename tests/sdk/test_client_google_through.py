"""Google's package through `/gemini`: what Google alone has, files, caches and batches among it."""

import io

import pytest
from google import genai
from google.genai import errors, types

from conftest import MASTER_KEY
from imitation import passing

V1 = "/gemini/v1beta"
MODEL = f"{V1}/models/gemini-2.5-flash"
CONTENT = {"candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP"}], "responseId": "g_1",
           "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}
FILE = {"name": "files/f1", "mimeType": "text/plain", "sizeBytes": "5", "uri": "https://google.example/files/f1", "state": "ACTIVE"}
CACHE = {"name": "cachedContents/c1", "model": "models/gemini-2.5-flash", "displayName": "mine"}
BATCH = {"name": "batches/b1", "metadata": {"displayName": "mine", "state": "BATCH_STATE_RUNNING", "model": "models/gemini-2.5-flash"}}


@pytest.fixture(scope="module")
def provider(passing):
    return passing.provider


@pytest.fixture(scope="module")
def client(passing):
    with genai.Client(api_key=MASTER_KEY, http_options={"base_url": f"{passing.gateway.url}/gemini", "api_version": "v1beta"}) as client:
        yield client


def test_contents_are_generated_whole_and_streamed(client, provider):
    provider.answer("POST", f"{MODEL}:generateContent", CONTENT)
    assert client.models.generate_content(model="gemini-2.5-flash", contents="hello").text == "there"
    assert provider.line("gemini") == f"POST {MODEL}:generateContent"
    provider.stream(f"{MODEL}:streamGenerateContent", CONTENT, CONTENT)
    assert [it.text for it in client.models.generate_content_stream(model="gemini-2.5-flash", contents="hello")] == ["there", "there"]
    assert provider.line("gemini") == f"POST {MODEL}:streamGenerateContent?alt=sse"


def test_tokens_are_counted_and_texts_embedded(client, provider):
    provider.answer("POST", f"{MODEL}:countTokens", {"totalTokens": 7})
    assert client.models.count_tokens(model="gemini-2.5-flash", contents="hello").total_tokens == 7
    provider.answer("POST", f"{V1}/models/gemini-embedding-001:batchEmbedContents", {"embeddings": [{"values": [0.5, 1.0]}]})
    assert client.models.embed_content(model="gemini-embedding-001", contents="hello").embeddings[0].values == [0.5, 1.0]
    assert provider.line("gemini").endswith(":batchEmbedContents")


def test_models_are_listed(client, provider):
    provider.answer("GET", f"{V1}/models", {"models": [{"name": "models/gemini-2.5-flash"}]})
    assert [it.name for it in client.models.list()] == ["models/gemini-2.5-flash"]
    provider.answer("GET", MODEL, {"name": "models/gemini-2.5-flash"})
    assert client.models.get(model="gemini-2.5-flash").name == "models/gemini-2.5-flash"
    assert provider.line("gemini") == f"GET {MODEL}"


def test_files_are_begun_here_uploaded_where_google_says_and_read_here(client, provider):
    provider.answer("POST", "/gemini/upload/v1beta/files", {}, x_goog_upload_url=f"{provider.url}/there?upload_id=1")
    provider.answer("POST", "/there", {"file": FILE}, x_goog_upload_status="final")
    made = client.files.upload(file=io.BytesIO(b"hello"), config={"mime_type": "text/plain"})
    assert (made.name, made.size_bytes) == ("files/f1", 5)
    sent = provider.asked.pop()
    # Past the gateway, without a key: the address is good for one upload.
    assert (sent.path, sent.body) == ("/there?upload_id=1", b"hello") and MASTER_KEY not in str(sent.headers)
    begun = provider.last("gemini")
    assert begun.path == "/gemini/upload/v1beta/files" and begun.headers["x-goog-upload-header-content-length"] == "5"
    provider.answer("GET", f"{V1}/files/f1", FILE)
    assert client.files.get(name="files/f1").state == types.FileState.ACTIVE and provider.line("gemini") == f"GET {V1}/files/f1"
    provider.answer("GET", f"{V1}/files", {"files": [FILE]})
    assert [it.name for it in client.files.list()] == ["files/f1"]
    provider.answer("DELETE", f"{V1}/files/f1", {})
    client.files.delete(name="files/f1")
    assert provider.line("gemini") == f"DELETE {V1}/files/f1"


def test_caches_are_made_used_and_deleted(client, provider):
    caches = client.caches
    provider.answer("POST", f"{V1}/cachedContents", CACHE)
    made = caches.create(model="gemini-2.5-flash", config=types.CreateCachedContentConfig(contents="long", display_name="mine", ttl="60s"))
    assert made.name == "cachedContents/c1" and provider.last("gemini").json()["model"] == "models/gemini-2.5-flash"
    provider.answer("GET", f"{V1}/cachedContents/c1", CACHE)
    assert caches.get(name=made.name).display_name == "mine"
    provider.answer("GET", f"{V1}/cachedContents", {"cachedContents": [CACHE]})
    assert [it.name for it in caches.list()] == ["cachedContents/c1"]
    provider.answer("PATCH", f"{V1}/cachedContents/c1", CACHE)
    caches.update(name=made.name, config=types.UpdateCachedContentConfig(ttl="90s"))
    assert provider.last("gemini").json()["ttl"] == "90s"
    provider.answer("POST", f"{MODEL}:generateContent", CONTENT)
    client.models.generate_content(model="gemini-2.5-flash", contents="hi", config=types.GenerateContentConfig(cached_content=made.name))
    assert provider.last("gemini").json()["cachedContent"] == "cachedContents/c1"
    provider.answer("DELETE", f"{V1}/cachedContents/c1", {})
    caches.delete(name=made.name)
    assert provider.line("gemini") == f"DELETE {V1}/cachedContents/c1"


def test_batches_are_made_and_cancelled(client, provider):
    batches = client.batches
    provider.answer("POST", f"{MODEL}:batchGenerateContent", BATCH)
    made = batches.create(model="gemini-2.5-flash", src="files/f1", config={"display_name": "mine"})
    assert made.name == "batches/b1" and provider.last("gemini").json()["batch"]["inputConfig"] == {"fileName": "files/f1"}
    provider.answer("GET", f"{V1}/batches/b1", BATCH)
    assert batches.get(name="batches/b1").state == types.JobState.JOB_STATE_RUNNING
    provider.answer("GET", f"{V1}/batches", {"operations": [BATCH]})
    assert [it.name for it in batches.list()] == ["batches/b1"]
    provider.answer("POST", f"{V1}/batches/b1:cancel", {})
    batches.cancel(name="batches/b1")
    assert provider.line("gemini") == f"POST {V1}/batches/b1:cancel"
    provider.answer("DELETE", f"{V1}/batches/b1", {"name": "batches/b1", "done": True})
    assert batches.delete(name="batches/b1").done and provider.line("gemini") == f"DELETE {V1}/batches/b1"


def test_a_refusal_of_googles_has_the_sdks_class(client, provider):
    provider.answer("GET", f"{V1}/files/f9", {"error": {"code": 404, "message": "no such file", "status": "NOT_FOUND"}}, 404)
    with pytest.raises(errors.ClientError) as refused:
        client.files.get(name="files/f9")
    assert (refused.value.code, refused.value.status, refused.value.message) == (404, "NOT_FOUND", "no such file")
