"""What OpenAI's package has and the gateway does not serve: the caller is told which, and nobody is asked."""

import openai
import pytest
import websockets.exceptions

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
    "POST /v1/realtime/calls": lambda it: it.realtime.calls.create(sdp="v=0"),
    "POST /v1/realtime/translations/client_secrets": lambda it: it.realtime.translations.client_secrets.create(session={"model": "demo"}),
    "POST /v1/containers": lambda it: it.containers.create(name="c"),
    "GET /v1/evals": lambda it: it.evals.list(),
    "GET /v1/assistants": lambda it: it.beta.assistants.list(),
    "POST /v1/threads": lambda it: it.beta.threads.create(),
    "GET /v1/skills": lambda it: it.skills.list(),
    "GET /v1/skills/s": lambda it: it.skills.retrieve("s"),
    "POST /v1/decisions": lambda it: it.decisions.create(model="demo", input="hi", questions=[]),
    "GET /v1/audio/voice_consents": lambda it: it.audio.voice_consents.list(),
    "POST /v1/live/sessions/s/hangup": lambda it: it.live.sessions.hangup("s"),
    "GET /v1/safety/alerts/a": lambda it: it.safety.alerts.retrieve("a"),
    "GET /v1/chat/completions": lambda it: it.chat.completions.list(),
    "GET /v1/chat/completions/c": lambda it: it.chat.completions.retrieve("c"),
    "POST /v1/chat/completions/c": lambda it: it.chat.completions.update("c", metadata={"a": "b"}),
    "DELETE /v1/chat/completions/c": lambda it: it.chat.completions.delete("c"),
    "GET /v1/chat/completions/c/messages": lambda it: it.chat.completions.messages.list("c"),
    "DELETE /v1/models/demo": lambda it: it.models.delete("demo"),
}
# OpenAI has them and LiteLLM has not.
UNKNOWN = ("/v1/uploads", "/v1/conversations", "/v1/live", "/v1/safety", "/v1/chat/completions/")
# There is a route, for other methods.
OTHER_METHODS = ("GET /v1/chat/completions", "DELETE /v1/models/demo")


@pytest.mark.parametrize("route", ASKS)
def test_what_is_not_served_is_said_by_its_name(gateway, route):
    before = len(Upstream.seen)
    with pytest.raises(openai.APIStatusError) as refused:
        ASKS[route](openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0))
    if route in OTHER_METHODS:
        assert (refused.value.status_code, "`{1}` does not take {0}".format(*route.split(" ")) in refused.value.message) == (405, True), refused.value
    elif route.split(" ")[1].startswith(UNKNOWN):
        assert (refused.value.status_code, f"there is no route `{route}`" in refused.value.message) == (404, True), refused.value
    else:
        assert (refused.value.status_code, f"`{route}` is a LiteLLM route that sluice does not serve yet" in refused.value.message) == (501, True), refused.value
    assert len(Upstream.seen) == before


def test_responses_over_a_socket_are_refused(gateway):
    client = openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused, client.responses.connect():
        pass
    assert refused.value.response.status_code in (405, 501) and b"/v1/responses" in refused.value.response.body
