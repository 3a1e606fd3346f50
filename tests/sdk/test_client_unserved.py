"""What the packages of Google, Mistral and Cohere have and the gateway does not serve at its root: the caller is told
which route it was, in the package's own errors, and nobody is asked."""

import cohere
import pytest
import websockets.exceptions
from cohere.core.api_error import ApiError
from google import genai
from google.genai import errors, types
from mistralai.client import Mistral
from mistralai.client.errors import MistralError
from websockets.sync.client import connect as dial

from conftest import MASTER_KEY, Upstream
from test_operations import SOUND, house

MESSAGES = [{"role": "user", "content": "hello"}]
NO_RETRIES = {"request_options": {"max_retries": 0}}
GOOGLE = {
    "GET /v1beta/cachedContents": lambda it: it.caches.list(),
    "POST /v1beta/cachedContents": lambda it: it.caches.create(model="gemini-2.5-flash", config=types.CreateCachedContentConfig(contents="long")),
    "PATCH /v1beta/cachedContents/c": lambda it: it.caches.update(name="cachedContents/c", config=types.UpdateCachedContentConfig(ttl="60s")),
    "DELETE /v1beta/cachedContents/c": lambda it: it.caches.delete(name="cachedContents/c"),
    "GET /v1beta/tunedModels/t": lambda it: it.tunings.get(name="tunedModels/t"),
    "GET /v1beta/fileSearchStores": lambda it: it.file_search_stores.list(),
    "POST /v1beta/fileSearchStores": lambda it: it.file_search_stores.create(),
    "GET /v1beta/files": lambda it: it.files.list(),
    "GET /v1beta/files/f": lambda it: it.files.get(name="files/f"),
    "GET /v1beta/batches": lambda it: it.batches.list(),
    "GET /v1beta/batches/b": lambda it: it.batches.get(name="batches/b"),
    "DELETE /v1beta/batches/b": lambda it: it.batches.delete(name="batches/b"),
    "POST /v1beta/models/gemini-2.5-flash:batchGenerateContent": lambda it: it.batches.create(model="gemini-2.5-flash", src=[{"contents": [{"parts": [{"text": "hi"}]}]}]),
    "POST /v1beta/models/gemini-embedding-001:asyncBatchEmbedContent": lambda it: it.batches.create_embeddings(model="gemini-embedding-001", src={"inlined_requests": {"contents": [{"parts": [{"text": "hi"}]}]}}),
}
MISTRAL = {
    "POST /v1/chat/moderations": lambda it: it.classifiers.moderate_chat(model="judged", inputs=[MESSAGES]),
    "POST /v1/classifications": lambda it: it.classifiers.classify(model="judged", inputs=["hi"]),
    "POST /v1/chat/classifications": lambda it: it.classifiers.classify_chat(model="judged", input=[{"messages": MESSAGES}]),
    "POST /v1/agents/completions": lambda it: it.agents.complete(agent_id="a", messages=MESSAGES),
    "POST /v1/fim/completions": lambda it: it.fim.complete(model="mistral-large", prompt="def"),
    "POST /v1/ocr": lambda it: it.ocr.process(model="mistral-large", document={"type": "document_url", "document_url": "https://x.example"}),
    "POST /v1/conversations": lambda it: it.beta.conversations.start(model="mistral-large", inputs="hi"),
    "GET /v1/batch/jobs": lambda it: it.batch.jobs.list(),
}
COHERE = {
    "POST /v2/chat": lambda it: it.chat(model="gpt-4o", messages=MESSAGES, **NO_RETRIES),
    "POST /v2/embed": lambda it: it.embed(model="gpt-4o", texts=["hi"], input_type="search_query", embedding_types=["float"], **NO_RETRIES),
    "POST /v2/audio/transcriptions": lambda it: it.audio.transcriptions.create(model="gpt-4o", language="en", file=("a.mp3", SOUND), **NO_RETRIES),
    "GET /v2/batches": lambda it: it.batches.list(**NO_RETRIES),
    "GET /v1/datasets": lambda it: it.datasets.list(**NO_RETRIES),
    "GET /v1/embed-jobs": lambda it: it.embed_jobs.list(**NO_RETRIES),
    "POST /v1/embed-jobs": lambda it: it.embed_jobs.create(model="gpt-4o", dataset_id="d", input_type="search_document", **NO_RETRIES),
    "POST /v1/tokenize": lambda it: it.tokenize(text="hi", model="command-r", offline=False, **NO_RETRIES),
    "POST /v1/classify": lambda it: it.classify(model="mine-ft", inputs=["hi"], **NO_RETRIES),
    "GET /v1/finetuning/finetuned-models": lambda it: it.finetuning.list_finetuned_models(**NO_RETRIES),
}


@pytest.fixture(scope="module")
def clients(gateway):
    options = {"base_url": gateway.url, "api_version": "v1beta"}
    with genai.Client(api_key=MASTER_KEY, http_options=options) as google, Mistral(api_key=MASTER_KEY, server_url=gateway.url) as mistral:
        yield {"google": google, "mistral": mistral, "cohere": cohere.ClientV2(api_key=MASTER_KEY, base_url=gateway.url)}


def said(refused):
    """Status and words of an error, of whichever package."""
    status = getattr(refused, "status_code", None) or refused.code
    return status, f"{refused} {getattr(refused, 'body', '')}"


ASKS = [(package, route, ask) for package, asks in (("google", GOOGLE), ("mistral", MISTRAL), ("cohere", COHERE)) for route, ask in asks.items()]
ERRORS = {"google": errors.APIError, "mistral": MistralError, "cohere": ApiError}


@pytest.mark.parametrize(("package", "route", "ask"), ASKS, ids=[route for _, route, _ in ASKS])
def test_what_is_not_served_is_said_by_its_name(clients, package, route, ask):
    before = len(Upstream.seen)
    with pytest.raises(ERRORS[package]) as refused:
        ask(clients[package])
    status, words = said(refused.value)
    assert (status, f"there is no route `{route}`" in words) == (404, True) or (status, f"`{route}` is a LiteLLM route that sluice does not serve yet" in words) == (501, True), words
    assert len(Upstream.seen) == before


def test_interactions_of_google_s_are_refused_by_name(clients):
    # Their errors have no public name.
    with pytest.raises(Exception, match="`POST /v1beta/interactions` is a LiteLLM route that sluice does not serve yet"):
        clients["google"].interactions.create(model="gemini-2.5-flash", input="hi")


def test_a_live_session_of_google_s_is_refused_before_it_begins(gateway):
    # The package opens it over TLS alone.
    url = gateway.url.replace("http", "ws", 1) + "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        dial(url, additional_headers={"x-goog-api-key": MASTER_KEY})
    assert refused.value.response.status_code == 404 and b"there is no route `GET /ws/google." in refused.value.response.body


# Where Mistral's answer is not OpenAI's, its package does not read what comes at the root.
UNLIKE = {
    "models": lambda it: it.models.list(),
    "transcriptions": lambda it: it.audio.transcriptions.complete(model="ear", file={"file_name": "a.mp3", "content": SOUND}),
    "speech": lambda it: it.audio.speech.complete(model="speaker", input="hello", stream=False),
}


@pytest.mark.parametrize("ask", UNLIKE.values(), ids=UNLIKE)
def test_mistral_s_package_says_that_it_does_not_read_openai_s_answers(house, ask):
    with Mistral(api_key=MASTER_KEY, server_url=house.gateway.url) as client, pytest.raises(MistralError) as unread:
        ask(client)
    assert unread.value.status_code == 200
