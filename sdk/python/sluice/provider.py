"""For providers: requests, and canonical answers of chats."""

import json

from wit_world.exports.provider import (
    Continuation_Done,
    Continuation_More,
    Decoded,
    Frame,
    Outbound,
    ReplyMode,
    Response,
    Step_Respond,
    Step_Send,
)
from wit_world.imports.types import Body_Json, Payload_Text

from . import fault


def messages_of(chat):
    """The messages of a chat request; what has none is refused."""
    messages = chat.get("messages")
    if isinstance(messages, list) and messages and all(isinstance(it, dict) for it in messages):
        return messages
    raise fault("invalid-request", "`messages` has to be a list of messages")


def text_of(content):
    """The text of a message's content; what is not text is refused."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    if not parts or not all(isinstance(it, dict) and it.get("type") == "text" for it in parts):
        raise fault("invalid-request", "this provider takes text only")
    return "".join(it.get("text", "") for it in parts)


def post(url, document, framing=None, headers=(), auth=(), options=(), state=""):
    """The step that posts a document: read whole by `resume`, or with `framing` in frames by `decode`."""
    cut = [("framing", json.dumps(framing))] if framing else []
    reply = ReplyMode.FRAMES if framing else ReplyMode.WHOLE
    body = Body_Json(json.dumps(document))
    return Step_Send(Outbound("POST", url, list(headers), body, list(auth), reply, [*options, *cut], state))


def respond(document):
    """The step that ends a call with a canonical document."""
    return Step_Respond(Response(Payload_Text(json.dumps(document)), None, [], None))


def usage(prompt, completion):
    """A canonical `usage`."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def answer(text, tokens, finish="stop"):
    """A canonical answer of a chat."""
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": tokens}


def chunk(delta, finish=None):
    """A canonical event of a streamed chat."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return Frame("", Payload_Text(json.dumps({"choices": [choice]})))


def decoded(events, tokens=None, state="", *, done, last):
    """What `decode` returns. An answer that ends without being `done` is a failure, never presented as complete."""
    return Decoded(
        events=events,
        usage=json.dumps(tokens) if tokens else None,
        failure=fault("upstream", "the stream ended early").value if last and not done else None,
        state=state,
        next=Continuation_Done() if done else Continuation_More(),
    )
