"""Answers that an upstream sends compressed, by gzip or brotli, whole and as they are made: clients get them as they are."""

import json
import threading
import zlib

import pytest

from conftest import MASTER_KEY, Gateway
from raw import SSE, RawUpstream, chunk, connect, head, request, until, until_closed, whole


class Gzip:
    def __init__(self):
        self.packer = zlib.compressobj(wbits=31)

    def piece(self, text):
        return self.packer.compress(text) + self.packer.flush(zlib.Z_SYNC_FLUSH)

    def end(self):
        return self.packer.flush()


class Brotli:
    """Holds bytes as they are (RFC 7932, 9.2): parts that are not compressed, and an empty last one."""

    begun = False

    def piece(self, text):
        assert 0 < len(text) <= 1 << 16
        # ISLAST 0, MNIBBLES 0 (four), MLEN less one in 16 bits, ISUNCOMPRESSED 1, filled up to a byte.
        bits = (len(text) - 1) << 3 | 1 << 19
        # WBITS 0, once: a window of 16 bits.
        bits, self.begun = (bits if self.begun else bits << 1), True
        return bits.to_bytes(3, "little") + text

    def end(self):
        return b"\x03"


PACKERS = {"gzip": Gzip, "br": Brotli}
MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "all of it"}}], "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}}
USED = {"input_tokens": 10, "output_tokens": 20}
SAID = {"id": "m", "type": "message", "role": "assistant", "model": "claude-x", "content": [{"type": "text", "text": "all of it"}], "stop_reason": "end_turn", "usage": USED}


def delta(text=None, reason=None, **more):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": reason}], **more}


def text(piece):
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


EVENTS = {
    "openai": [[delta("half")], [delta(" of it"), delta(reason="stop", usage=CHAT["usage"]), "[DONE]"]],
    "anthropic": [
        [{"type": "message_start", "message": {**SAID, "content": []}}, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, text("half")],
        [text(" of it"), {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USED}, {"type": "message_stop"}],
    ],
}
ANSWERS = {"openai": CHAT, "anthropic": SAID}


def written(events):
    lines = (it if isinstance(it, str) else json.dumps(it) for it in events)
    named = lambda it: f"event: {json.loads(it)['type']}\n" if '"type": "' in it and it.startswith('{"type') else ""
    return "".join(f"{named(it)}data: {it}\n\n" for it in lines).encode()


# What is asked, where, and of whom: relayed, translated, passed through.
ASKS = {
    "relayed": ("openai", "/v1/chat/completions", {"messages": MESSAGES}),
    "relayed messages": ("anthropic", "/v1/messages", {"messages": MESSAGES, "max_tokens": 9}),
    "translated": ("anthropic", "/v1/chat/completions", {"messages": MESSAGES}),
    "bridged": ("openai-chat", "/v1/messages", {"messages": MESSAGES, "max_tokens": 9}),
    "through": ("anthropic", "/anthropic/v1/messages", {"messages": MESSAGES, "max_tokens": 9}),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    upstream = RawUpstream()
    upstream.go_on = threading.Event()

    def play(provider, coding, cut):
        def serve(peer):
            packer = PACKERS[coding]()
            assert coding.encode() in peer.request.lower().split(b"\r\naccept-encoding:")[1].split(b"\r\n")[0]
            if b'"stream":true' not in peer.request.replace(b" ", b""):
                packed = packer.piece(json.dumps(ANSWERS[provider]).encode()) + packer.end()
                return peer.send(whole(packed[:-9] if cut else packed, content_encoding=coding))
            first, rest = EVENTS[provider]
            peer.send(head(content_type=SSE, transfer_encoding="chunked", content_encoding=coding) + chunk(packer.piece(written(first))))
            assert upstream.go_on.wait(20), "the first events did not reach the client while the stream was open"
            rest = packer.piece(written(rest)) + packer.end()
            return peer.send(chunk(rest[:len(rest) // 2] if cut else rest) + b"0\r\n\r\n")

        return serve

    models = []
    for coding in PACKERS:
        for cut in (False, True):
            for provider, model in (("openai", "openai/m"), ("openai-chat", "groq/m"), ("anthropic", "anthropic/claude-NAME")):
                name = f"{provider}-{coding}{'-cut' if cut else ''}"
                base = upstream.script(name, play(provider.removesuffix("-chat"), coding, cut))
                params = {"model": model.replace("NAME", name), "api_base": base, "api_key": "k", "num_retries": 0, "use_in_pass_through": True, "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}
                models.append({"model_name": name, "litellm_params": params})
    gateway = Gateway(tmp_path_factory.mktemp("packed"), {"model_list": models, "general_settings": {"master_key": MASTER_KEY, "proxy_batch_write_at": 1}})
    gateway.upstream = upstream
    yield gateway
    assert gateway.stop() == 0


def asked(name, coding, **more):
    provider, path, body = ASKS[name]
    model = f"{provider}-{coding}"
    return path, {**body, "model": f"claude-{model}" if name == "through" else model, **more}


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("name", ASKS)
def test_a_whole_answer_that_was_packed_comes_unpacked_and_is_charged(house, name, coding):
    path, body = asked(name, coding)
    status, answer, headers = house.post(path, body)
    named = {it.lower(): value for it, value in headers.items()}
    assert status == 200 and "content-encoding" not in named, answer
    assert (answer["choices"][0]["message"]["content"] if "choices" in answer else answer["content"][0]["text"]) == "all of it"
    call_id = named["x-litellm-call-id"]
    house.wait_for(lambda: json.loads(house.get(f"/spend/logs?request_id={call_id}")[1]))
    assert json.loads(house.get(f"/spend/logs?request_id={call_id}")[1])[0]["total_tokens"] == 30


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("name", ASKS)
def test_a_stream_that_is_packed_comes_unpacked_as_it_is_made(house, name, coding):
    house.upstream.go_on.clear()
    path, body = asked(name, coding, stream=True)
    with connect(house) as connection:
        connection.sendall(request(path, body, key=MASTER_KEY, connection="close"))
        first = until(connection, b"half")
        house.upstream.go_on.set()
        whole = (first + until_closed(connection)).decode()
    assert whole.startswith("HTTP/1.1 200") and "content-encoding" not in whole.lower().split("\r\n\r\n")[0]
    assert " of it" in whole and ("[DONE]" in whole or "message_stop" in whole) and "error" not in whole, whole
    assert whole.endswith("0\r\n\r\n")


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("name", [it for it in ASKS if it != "through"])
def test_what_is_packed_and_cut_off_is_no_answer(house, name, coding):
    path, body = asked(name, f"{coding}-cut")
    status, refused, _ = house.post(path, body)
    assert status == 500 and "before its answer was complete" in refused["error"]["message"], refused
    house.upstream.go_on.set()
    with connect(house) as connection:
        connection.sendall(request(path, {**body, "stream": True}, key=MASTER_KEY, connection="close"))
        told = until_closed(connection).decode()
    assert "error" in told and "[DONE]" not in told and "message_stop" not in told, told
