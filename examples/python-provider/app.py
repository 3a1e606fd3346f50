"""A provider in Python, whole: a service that takes {"question"} and answers {"text", "words"}, or,
where a stream is asked for, lines of {"text"} and at last {"done"}.

Every method is pure: what has to survive goes through `state`. An error of the contract is raised
as `Err`.
"""

import json

from componentize_py_types import Err
from wit_world import exports
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
from wit_world.imports.types import Body_Json, Error, Payload_Text


def failure(kind, message):
    return Error(kind, message, status=None, retry=None, retry_after_ms=None, detail=None)


def read(payload):
    """What is no JSON is the upstream's failure, not a breakdown of this plugin."""
    try:
        return json.loads(payload.value)
    except ValueError as cause:
        raise Err(failure("upstream", f"the upstream's answer is not JSON: {cause}"))


def usage(words):
    return {"prompt_tokens": 0, "completion_tokens": words, "total_tokens": words}


def answer(text, words):
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage(words)}


def chunk(delta, finish_reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return Frame("", Payload_Text(json.dumps({"choices": [choice]})))


DESCRIBE = {
    "name": "acme-py",
    "version": "0.1.0",
    "providers": [
        {
            "name": "acme-py",
            "base_url": "https://api.acme.example/v1",
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["ACME_API_KEY"], "required": True}},
            "operations": {"chat": {"stream": True, "params": ["temperature"]}},
            "errors": {"message": "/problem"},
        }
    ],
    # Run before a new version serves: a version that fails them never does.
    "examples": [
        {
            "name": "a question is asked and answered",
            "provider": "acme-py",
            "operation": "chat",
            "model": "small",
            "body": {"model": "small", "messages": [{"role": "user", "content": "why?"}]},
            "exchanges": [
                {
                    "request": {"method": "POST", "url": "/ask/small", "body": {"question": "why?", "stream": False}},
                    "reply": {"status": 200, "body": {"json": {"text": "because", "words": 1}}},
                }
            ],
            "expect": {"response": answer("because", 1)},
        }
    ],
}


class Plugin(exports.Plugin):
    def describe(self):
        return json.dumps(DESCRIBE)


class Provider(exports.Provider):
    def start(self, call, body):
        chat = json.loads(body)
        question = chat["messages"][-1]["content"]
        if not isinstance(question, str):
            raise Err(failure("invalid-request", "acme-py takes text only"))
        asked = {"question": question, "stream": call.streaming}
        if "temperature" in chat:
            asked["temperature"] = chat["temperature"]
        return Step_Send(
            Outbound(
                method="POST",
                url=f"/ask/{call.model}",  # joined to the deployment's base URL
                headers=[],
                body=Body_Json(json.dumps(asked)),
                auth=[],  # as `describe` says
                reply=ReplyMode.FRAMES if call.streaming else ReplyMode.WHOLE,
                options=[("framing", '"lines"')] if call.streaming else [],
                state="",
            )
        )

    def resume(self, call, replies):
        reply = read(replies[0].body)
        body = json.dumps(answer(reply["text"], reply["words"]))
        return Step_Respond(Response(Payload_Text(body), None, [], None))

    def decode(self, head, state, frames, last):
        lines = [read(frame.data) for frame in frames]
        texts = [line["text"] for line in lines if "text" in line]
        done = any(line.get("done") for line in lines)
        words = int(state or 0) + len(texts)
        events = [chunk({"content": text}) for text in texts]
        if done:
            events.append(chunk({}, "stop"))
        # An answer that was cut off is never presented as complete.
        early = failure("upstream", "the stream ended early") if last and not done else None
        return Decoded(
            events=events,
            usage=json.dumps(usage(words)),
            failure=early,
            state=str(words),
            next=Continuation_Done() if done else Continuation_More(),
        )
