"""What OpenAI's package has and the gateway does not serve: the caller is told which, and nobody is asked."""

import openai
import pytest

from conftest import MASTER_KEY, Upstream

ASKS = {
    "POST /v1/uploads": lambda it: it.uploads.create(bytes=1, filename="a.jsonl", mime_type="text/jsonl", purpose="batch"),
    "POST /v1/uploads/u/parts": lambda it: it.uploads.parts.create("u", data=b"x"),
    "POST /v1/uploads/u/complete": lambda it: it.uploads.complete("u", part_ids=["p"]),
    "POST /v1/uploads/u/cancel": lambda it: it.uploads.cancel("u"),
    "POST /v1/responses/compact": lambda it: it.responses.compact(model="demo", input="hi"),
    "POST /v1/conversations": lambda it: it.conversations.create(),
    "GET /v1/conversations/c": lambda it: it.conversations.retrieve("c"),
    "DELETE /v1/conversations/c": lambda it: it.conversations.delete("c"),
    "GET /v1/conversations/c/items": lambda it: it.conversations.items.list("c"),
    "POST /v1/vector_stores": lambda it: it.vector_stores.create(name="v"),
    "GET /v1/vector_stores": lambda it: it.vector_stores.list(),
    "GET /v1/vector_stores/v": lambda it: it.vector_stores.retrieve("v"),
    "DELETE /v1/vector_stores/v": lambda it: it.vector_stores.delete("v"),
    "POST /v1/vector_stores/v/search": lambda it: it.vector_stores.search("v", query="q"),
    "POST /v1/vector_stores/v/files": lambda it: it.vector_stores.files.create("v", file_id="f"),
    "POST /v1/fine_tuning/jobs": lambda it: it.fine_tuning.jobs.create(model="demo", training_file="f"),
    "GET /v1/fine_tuning/jobs": lambda it: it.fine_tuning.jobs.list(),
    "GET /v1/fine_tuning/jobs/j": lambda it: it.fine_tuning.jobs.retrieve("j"),
    "POST /v1/fine_tuning/jobs/j/cancel": lambda it: it.fine_tuning.jobs.cancel("j"),
    "POST /v1/videos": lambda it: it.videos.create(model="demo", prompt="a cat"),
    "GET /v1/videos/v": lambda it: it.videos.retrieve("v"),
    "GET /v1/videos/v/content": lambda it: it.videos.download_content("v"),
    "POST /v1/realtime/client_secrets": lambda it: it.realtime.client_secrets.create(),
    "POST /v1/containers": lambda it: it.containers.create(name="c"),
    "GET /v1/evals": lambda it: it.evals.list(),
    "GET /v1/assistants": lambda it: it.beta.assistants.list(),
    "POST /v1/threads": lambda it: it.beta.threads.create(),
}
# OpenAI has them and LiteLLM has not.
UNKNOWN = ("/v1/uploads", "/v1/conversations")


@pytest.mark.parametrize("route", ASKS)
def test_what_is_not_served_is_said_by_its_name(gateway, route):
    before = len(Upstream.seen)
    with pytest.raises(openai.APIStatusError) as refused:
        ASKS[route](openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0))
    if route.split(" ")[1].startswith(UNKNOWN):
        assert (refused.value.status_code, f"there is no route `{route}`" in refused.value.message) == (404, True), refused.value
    else:
        assert (refused.value.status_code, f"`{route}` is a LiteLLM route that sluice does not serve yet" in refused.value.message) == (501, True), refused.value
    assert len(Upstream.seen) == before
