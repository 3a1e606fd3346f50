"""What tests of guardrails share: a provider that repeats what it is told, and how it is asked through a gateway."""

import json
import threading

from raw import RawUpstream, body_of, chunk, streamed, whole

USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
TOOLS = [{"type": "function", "function": {"name": "mail", "parameters": {"type": "object", "properties": {"to": {"type": "string"}}}}}]


def cut(text, size=4):
    return [text[at:at + size] for at in range(0, len(text), size)]


class Provider:
    """Repeats what it was told, so that what reached it is seen in its answers too; also as a tool's arguments."""

    def __init__(self):
        self.raw = RawUpstream()
        self.url = self.raw.script("up", self.answer)
        self.seen = []
        self.go_on = threading.Event()

    def close(self):
        self.raw.listener.close()

    def answer(self, peer):
        asked = body_of(peer.request)
        if "texts" in asked:
            peer.send(whole({"block": any("judged" in text for text in asked["texts"])}))
            return
        self.seen.append(asked)
        said = asked["messages"][-1]["content"]
        arguments = json.dumps({"to": said})
        call = lambda text: {"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": text}}
        if asked.get("stream"):
            deltas = [{"tool_calls": [{"index": 0, **call(piece)}]} for piece in cut(arguments)] if asked.get("tools") else [{"content": piece} for piece in cut("You said: " + said)]
            event = lambda delta, finish=None: f"data: {json.dumps({'id': 'c', 'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n"
            events = [event({"role": "assistant", "content": ""}), *map(event, deltas), event({}, "stop"), "data: [DONE]\n\n"]
            if "slowly" not in said:
                peer.send(streamed(*events))
                return
            peer.send(streamed(*events[:2], end=b""))
            assert self.go_on.wait(20)
            peer.send(b"".join(chunk(event) for event in events[2:]) + b"0\r\n\r\n")
            return
        message = {"role": "assistant", "content": "You said: " + said}
        if asked.get("tools"):
            message = {"role": "assistant", "content": None, "tool_calls": [call(arguments)]}
        peer.send(whole({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE, "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}))

    def told(self):
        """The last message of the last request that reached it."""
        return self.seen[-1]["messages"][-1]["content"]


def guard(name, kind, mode, **params):
    return {"guardrail_name": name, "litellm_params": {"guardrail": kind, "mode": mode, **params}}


def ask(client, text, *names, **more):
    """A chat that names these guardrails and neither reads nor fills the cache."""
    extra = {"guardrails": list(names), "cache": {"no-cache": True, "no-store": True}, **more.pop("extra", {})}
    messages = more.pop("before", []) + [{"role": "user", "content": text}]
    return client.chat.completions.create(model=more.pop("model", "m"), messages=messages, extra_body=extra, **more)


def streamed_text(client, text, *names, **more):
    chunks = ask(client, text, *names, stream=True, **more)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def streamed_arguments(client, text, *names):
    """The arguments of the tool that the answer calls."""
    arguments = ""
    for piece in ask(client, text, *names, stream=True, tools=TOOLS):
        for call in piece.choices[0].delta.tool_calls or [] if piece.choices else []:
            arguments += call.function.arguments or ""
    return arguments


def information(gateway, call):
    """The metadata in the row of a call, when it is there."""
    row = []
    gateway.wait_for(lambda: row.extend(json.loads(gateway.get(f"/spend/logs?request_id={call}")[1])) or row)
    return row[0]["metadata"]


def findings(gateway, raw, name):
    """What a guardrail noted of a call, of which this is the raw answer or refusal."""
    told = information(gateway, raw.headers["x-litellm-call-id"])["guardrail_information"]
    return [it["guardrail_response"] for it in told if it["guardrail_name"] == name]
