"""A provider: Acme's service takes {"turns": [{"from", "text"}]} and answers {"text", "stopped", "asked", "answered"},
or, where a stream is asked for, lines of {"text"} and at last one of the rest."""

import json

from sluice import described, fault, fixtures, parse
from sluice.provider import answer, chunk, decoded, messages_of, post, respond, text_of, usage
from wit_world import exports

FINISH = {"end": "stop", "limit": "length"}

DESCRIBE = {
    "name": "acme-py",
    "version": "0.1.0",
    "providers": [
        {
            "name": "acme-py",
            "base_url": "https://api.acme.example/v1",
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["ACME_API_KEY"], "required": True}},
            "operations": {"chat": {"stream": True, "params": ["temperature", "max_tokens"]}},
            "errors": {"message": "/problem"},
        }
    ],
    # Run before a new version serves: a version that fails them never does.
    "examples": fixtures(__file__),
}

Plugin = described(DESCRIBE)


class Provider(exports.Provider):
    def start(self, call, body):
        chat = json.loads(body)
        turns = [{"from": it.get("role"), "text": text_of(it.get("content"))} for it in messages_of(chat)]
        asked = {"turns": turns, "stream": call.streaming}
        for name, theirs in (("temperature", "temperature"), ("max_tokens", "limit")):
            if name in chat:
                asked[theirs] = chat[name]
        # The path is joined to the deployment's base URL; the host adds the key.
        return post(f"/ask/{call.model}", asked, framing="lines" if call.streaming else None)

    def resume(self, call, replies):
        said = parse(replies[0].body)
        if not isinstance(said.get("text"), str):
            raise fault("upstream", "the answer has no text")
        return respond(answer(said["text"], tokens(said), FINISH.get(said.get("stopped"), "stop")))

    def decode(self, head, state, frames, last):
        lines = [parse(frame.data) for frame in frames]
        events = [chunk({"content": line["text"]}) for line in lines if line.get("text")]
        end = next((line for line in lines if "stopped" in line), None)
        if end is None:
            return decoded(events, done=False, last=last)
        events.append(chunk({}, FINISH.get(end["stopped"], "stop")))
        return decoded(events, tokens(end), done=True, last=last)


def tokens(said):
    return usage(said.get("asked", 0), said.get("answered", 0))
