"""OpenAI's package through `/openai_passthrough/v1`: what OpenAI alone has."""

import openai
import pytest

from conftest import MASTER_KEY
from imitation import passing

V1 = "/openai/v1"
# The request, what OpenAI answers, how the SDK asks, and what it then has.
ASKS = {
    f"POST {V1}/uploads": ({"id": "u"}, lambda it: it.uploads.create(bytes=1, filename="a", mime_type="text/plain", purpose="batch").id, "u"),
    f"POST {V1}/uploads/u/parts": ({"id": "p"}, lambda it: it.uploads.parts.create("u", data=b"x").id, "p"),
    f"POST {V1}/uploads/u/complete": ({"id": "u", "status": "completed"}, lambda it: it.uploads.complete("u", part_ids=["p"]).status, "completed"),
    f"POST {V1}/responses/compact": ({"id": "r", "output": []}, lambda it: it.responses.compact(model="gpt-5", input="hi").id, "r"),
    f"POST {V1}/responses/input_tokens": ({"input_tokens": 11}, lambda it: it.responses.input_tokens.count(model="gpt-5", input="hi").input_tokens, 11),
    f"POST {V1}/conversations": ({"id": "c"}, lambda it: it.conversations.create().id, "c"),
    f"DELETE {V1}/conversations/c": ({"id": "c", "deleted": True}, lambda it: it.conversations.delete("c").deleted, True),
    f"POST {V1}/vector_stores": ({"id": "v"}, lambda it: it.vector_stores.create(name="mine").id, "v"),
    f"GET {V1}/vector_stores": ({"data": [{"id": "v"}], "has_more": False}, lambda it: [one.id for one in it.vector_stores.list()], ["v"]),
    f"POST {V1}/vector_stores/v/files": ({"id": "f"}, lambda it: it.vector_stores.files.create("v", file_id="f").id, "f"),
    f"POST {V1}/fine_tuning/jobs": ({"id": "j"}, lambda it: it.fine_tuning.jobs.create(model="gpt-5", training_file="f").id, "j"),
    f"POST {V1}/fine_tuning/jobs/j/cancel": ({"id": "j", "status": "cancelled"}, lambda it: it.fine_tuning.jobs.cancel("j").status, "cancelled"),
    f"POST {V1}/videos": ({"id": "v", "status": "queued"}, lambda it: it.videos.create(model="sora-2", prompt="a cat").status, "queued"),
    f"GET {V1}/videos/v": ({"id": "v", "progress": 50}, lambda it: it.videos.retrieve("v").progress, 50),
    f"GET {V1}/videos/v/content": (b"\x00mp4", lambda it: it.videos.download_content("v").read(), b"\x00mp4"),
    f"POST {V1}/realtime/client_secrets": ({"value": "ek_1"}, lambda it: it.realtime.client_secrets.create().value, "ek_1"),
    f"POST {V1}/containers": ({"id": "c"}, lambda it: it.containers.create(name="mine").id, "c"),
    f"GET {V1}/evals": ({"data": [{"id": "e"}], "has_more": False}, lambda it: [one.id for one in it.evals.list()], ["e"]),
    f"GET {V1}/assistants": ({"data": [{"id": "a"}], "has_more": False}, lambda it: [one.id for one in it.beta.assistants.list()], ["a"]),
}


@pytest.fixture(scope="module")
def client(passing):
    return openai.OpenAI(base_url=f"{passing.gateway.url}/openai_passthrough/v1", api_key=MASTER_KEY, max_retries=0)


@pytest.mark.parametrize("line", ASKS)
def test_what_openai_alone_has_passes_through(passing, client, line):
    answer, ask, want = ASKS[line]
    passing.provider.answer(*line.split(" "), answer)
    assert ask(client) == want and passing.provider.line("openai") == line


def test_a_refusal_of_openais_has_the_sdks_class(passing, client):
    passing.provider.answer("GET", f"{V1}/conversations/c9", {"error": {"message": "no such conversation", "type": "invalid_request_error"}}, 404)
    with pytest.raises(openai.NotFoundError, match="no such conversation"):
        client.conversations.retrieve("c9")
