"""A gateway over one upstream that answers every operation, each asked in its own shape."""

import json

import httpx

from conftest import MASTER_KEY
from raw import chunk, head, streamed, whole
from test_budgets import House
from test_each_operation import KIND, PNG, form
from test_money import COST, answer, piece

MESSAGES = [{"role": "user", "content": "hi"}]
TOKENS = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
IMAGE, CHARACTER, SECOND, SEARCH = 0.02, 1e-5, 1e-4, 0.002
NO_TOKENS = {"input_cost_per_token": 0, "output_cost_per_token": 0}
LINE = json.dumps({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": MESSAGES}}).encode() + b"\n"

FILE = {"id": "file-up", "object": "file", "bytes": 9, "created_at": 7, "filename": "in.jsonl", "purpose": "batch", "status": "processed"}
BATCH = {"id": "batch_1", "object": "batch", "status": "in_progress", "created_at": 7, "endpoint": "/v1/chat/completions", "input_file_id": "file-up", "completion_window": "24h"}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [], "usage": {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 20}}
CANDIDATES = {"candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}
DONE = "data: [DONE]\n\n"


def data(event):
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


def events(*all, end=""):
    return streamed(*map(data, all), *filter(None, [end]))


# What the upstream says at the path that ends so.
ANSWERS = {
    "/chat/completions": whole(answer()),
    "/completions": whole({"id": "c", "choices": [{"index": 0, "text": "there", "finish_reason": "stop"}], "usage": TOKENS}),
    "/embeddings": whole({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 10, "total_tokens": 10}}),
    "/responses": whole(RESPONSE),
    "/messages": whole(MESSAGE),
    "/messages/count_tokens": whole({"input_tokens": 17}),
    "/responses/input_tokens": whole({"object": "response.input_tokens", "input_tokens": 17}),
    ":generateContent": whole(CANDIDATES),
    ":streamGenerateContent": events(CANDIDATES),
    ":countTokens": whole({"totalTokens": 17}),
    "/images/generations": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/images/edits": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/images/variations": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/audio/speech": whole(b"ID3" + bytes(64), content_type="audio/mpeg"),
    "/audio/transcriptions": whole({"text": "hello there", "duration": 2.5}),
    "/audio/translations": whole({"text": "hello there", "duration": 2.5}),
    "/moderations": whole({"id": "modr-1", "model": "m", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}),
    "/rerank": whole({"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}),
    "/files": whole(FILE),
    "/files/file-up": whole({**FILE, "deleted": True}),
    "/files/file-up/content": whole(LINE, content_type="application/jsonl"),
    "/batches": whole(BATCH),
    "/batches/batch_1": whole(BATCH),
    "/batches/batch_1/cancel": whole({**BATCH, "status": "cancelling"}),
}
# And what it says there when it is asked for a stream.
STREAMS = {
    "/chat/completions": streamed(piece("there", "stop"), data({"id": "x", "choices": [], "usage": TOKENS}), DONE),
    "/completions": events({"id": "c", "choices": [{"index": 0, "text": "there", "finish_reason": "stop"}]}, {"id": "c", "choices": [], "usage": TOKENS}, end=DONE),
    "/responses": events({"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "status": "in_progress", "usage": None}}, {"type": "response.completed", "sequence_number": 1, "response": RESPONSE}),
    "/messages": events(
        {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 10, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "there"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 20}},
        {"type": "message_stop"},
    ),
    "/audio/speech": head(content_type="audio/mpeg", transfer_encoding="chunked") + chunk(b"ID3") + chunk(bytes(64)) + b"0\r\n\r\n",
    "/audio/transcriptions": events({"type": "transcript.text.delta", "delta": "hello there"}, {"type": "transcript.text.done", "text": "hello there", "usage": {"type": "duration", "seconds": 2.5}}),
}


class Asked:
    """How an operation is asked, what it is called, and what a call of it costs."""

    def __init__(self, path, body, operation, call_type, cost, file=None, dialect="openai", route=None, method="POST"):
        self.method, self.path, self.body, self.file, self.dialect = method, path, body, file, dialect
        # Metrics have one path for all spellings.
        self.route = route or path
        self.operation, self.call_type, self.cost = operation, call_type, cost


TEXTS = {"model": "m", "input": "hi"}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
PART = {"content": {"parts": [{"text": "hi"}]}}
DOCUMENTS = {"model": "ranks", "query": "q", "documents": ["a"]}
STREAM = {"stream": True}
COUNT, EMBED = "/v1/messages/count_tokens", "/v1/embeddings"
CONTENT = "/v1beta/models/{model}:generateContent"
SPEECH = {"model": "speaker", "voice": "alloy", "input": "hello"}
ALL = {
    "chat": Asked("/v1/chat/completions", {"model": "m", "messages": MESSAGES}, "chat", "acompletion", COST),
    "completions": Asked("/v1/completions", {"model": "m", "prompt": "hi"}, "completions", "atext_completion", COST),
    "embeddings": Asked("/v1/embeddings", TEXTS, "embeddings", "aembedding", 10 * 1e-6),
    "responses": Asked("/v1/responses", TEXTS, "responses", "aresponses", COST),
    "messages": Asked("/v1/messages", {"model": "claude", "messages": MESSAGES, "max_tokens": 50}, "messages", "anthropic_messages", COST, dialect="anthropic"),
    "generateContent": Asked("/v1beta/models/gemini:generateContent", CONTENTS, "generate-content", "agenerate_content", COST, dialect="google", route=CONTENT),
    "images": Asked("/v1/images/generations", {"model": "painter", "prompt": "hi"}, "images.generate", "aimage_generation", IMAGE),
    "images/edits": Asked("/v1/images/edits", {"model": "painter", "prompt": "hi"}, "images.edit", "aimage_edit", IMAGE, file=("image", "a.png", PNG)),
    "images/variations": Asked("/v1/images/variations", {"model": "painter"}, "images.vary", "aimage_variation", IMAGE, file=("image", "a.png", PNG)),
    "speech": Asked("/v1/audio/speech", SPEECH, "audio.speech", "aspeech", 5 * CHARACTER),
    "transcriptions": Asked("/v1/audio/transcriptions", {"model": "ear"}, "audio.transcribe", "atranscription", 2.5 * SECOND, file=("file", "a.mp3", PNG)),
    "translations": Asked("/v1/audio/translations", {"model": "ear"}, "audio.translate", "atranscription", 2.5 * SECOND, file=("file", "a.mp3", PNG)),
    "moderations": Asked("/v1/moderations", {"model": "judge", "input": "hi"}, "moderations", "amoderation", 0),
    "rerank": Asked("/v1/rerank", DOCUMENTS, "rerank", "arerank", SEARCH),
    "rerank v2": Asked("/v2/rerank", DOCUMENTS, "rerank", "arerank", SEARCH, route="/v1/rerank"),
    "files": Asked("/v1/files", {"purpose": "batch"}, "files.create", "acreate_file", 0, file=("file", "in.jsonl", LINE)),
    "batches": Asked("/v1/batches", {"endpoint": "/v1/chat/completions", "completion_window": "24h"}, "batches.create", "acreate_batch", 0),
    "files.get": Asked("/v1/files/{file}", None, "files.get", "afile_retrieve", 0, method="GET", route="/v1/files/{file_id}"),
    "files.content": Asked("/v1/files/{file}/content", None, "files.content", "afile_content", 0, method="GET", route="/v1/files/{file_id}/content"),
    "files.delete": Asked("/v1/files/{file}", None, "files.delete", "afile_delete", 0, method="DELETE", route="/v1/files/{file_id}"),
    "batches.get": Asked("/v1/batches/{batch}", None, "batches.get", "aretrieve_batch", 0, method="GET", route="/v1/batches/{batch_id}"),
    "batches.cancel": Asked("/v1/batches/{batch}/cancel", None, "batches.cancel", "acancel_batch", 0, route="/v1/batches/{batch_id}/cancel"),
    "count_tokens": Asked("/v1/messages/count_tokens", {"model": "claude", "messages": MESSAGES}, "count-tokens", "count-tokens", 0, dialect="anthropic"),
    "countTokens": Asked("/v1beta/models/gemini:countTokens", CONTENTS, "count-tokens", "count-tokens", 0, dialect="google", route=COUNT),
    "input_tokens": Asked("/v1/responses/input_tokens", TEXTS, "count-tokens", "count-tokens", 0, route=COUNT),
    "token_counter": Asked("/utils/token_counter", {"model": "claude", "messages": MESSAGES}, "count-tokens", "count-tokens", 0, route=COUNT),
    "embedContent": Asked("/v1beta/models/m:embedContent", PART, "embeddings", "aembedding", 10 * 1e-6, dialect="google", route=EMBED),
    "batchEmbedContents": Asked("/v1beta/models/m:batchEmbedContents", {"requests": [{"model": "models/m", **PART}]}, "embeddings", "aembedding", 10 * 1e-6, dialect="google", route=EMBED),
    "chat streamed": Asked("/v1/chat/completions", {"model": "m", "messages": MESSAGES, **STREAM}, "chat", "acompletion", COST),
    "completions streamed": Asked("/v1/completions", {"model": "m", "prompt": "hi", **STREAM}, "completions", "atext_completion", COST),
    "responses streamed": Asked("/v1/responses", {**TEXTS, **STREAM}, "responses", "aresponses", COST),
    "messages streamed": Asked("/v1/messages", {"model": "claude", "messages": MESSAGES, "max_tokens": 50, **STREAM}, "messages", "anthropic_messages", COST, dialect="anthropic"),
    "streamGenerateContent": Asked("/v1beta/models/gemini:streamGenerateContent?alt=sse", CONTENTS, "generate-content", "agenerate_content", COST, dialect="google", route=CONTENT),
    "speech streamed": Asked("/v1/audio/speech", {**SPEECH, "stream_format": "audio"}, "audio.speech", "aspeech", 5 * CHARACTER),
    "transcriptions streamed": Asked("/v1/audio/transcriptions", {"model": "ear", "stream": "true"}, "audio.transcribe", "atranscription", 2.5 * SECOND, file=("file", "a.mp3", PNG)),
}


def serve(peer):
    top, _, asked = peer.request.partition(b"\r\n\r\n")
    path = top.split(b" ", 2)[1].decode().partition("?")[0]
    streams = any(it in asked.replace(b" ", b"") for it in (b'"stream":true', b'"stream_format"', b'name="stream"'))
    answers = STREAMS if streams else ANSWERS
    endings = [ending for ending in answers if path.endswith(ending)]
    peer.send(answers[max(endings, key=len)])


class OperationHouse(House):
    """Deployments of every kind, and keys of one user, whose files and batches each of them sees."""

    def __init__(self, folder, **sections):
        kinds = {
            "m": {"model": "openai/own"},
            "claude": {"model": "anthropic/claude-own"},
            "gemini": {"model": "gemini/gemini-own"},
            "ranks": {"model": "cohere/rerank-own", **NO_TOKENS, "input_cost_per_query": SEARCH},
            "painter": {"model": "openai/dall-e-2", **NO_TOKENS, "output_cost_per_image": IMAGE, "info": {"mode": "image_generation"}},
            "speaker": {"model": "openai/tts-own", **NO_TOKENS, "input_cost_per_character": CHARACTER, "info": {"mode": "audio_speech"}},
            "ear": {"model": "openai/whisper-own", **NO_TOKENS, "input_cost_per_second": SECOND, "info": {"mode": "audio_transcription"}},
            "judge": {"model": "openai/omni-moderation-latest", **NO_TOKENS},
        }
        super().__init__(folder, {name: (name, params, serve) for name, params in kinds.items()}, **sections)
        self.post("/user/new", {"user_id": "u", "auto_create_key": False})
        self.owner, self.uploads = self.key(user_id="u"), 0
        self.file = self.upload()
        self.batch = json.loads(self.call("batches", self.owner)[1])["id"]

    def upload(self):
        """The one file, which may have been deleted."""
        self.uploads += 1
        return json.loads(self.call("files", self.owner)[1])["id"]

    def call(self, name, key=MASTER_KEY, **more):
        """Status, answer and headers of one call of an operation; sound comes as bytes."""
        asked = ALL[name]
        if "{file}" in asked.path or asked.operation == "batches.create":
            self.upload()
        path = asked.path if asked.body else asked.path.format(file=self.file, batch=getattr(self, "batch", None))
        headers, data = {"authorization": f"Bearer {key}"}, None
        if asked.body:
            body = {**asked.body, **more}
            if asked.operation == "batches.create":
                body["input_file_id"] = self.file
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        if asked.file:
            part, file, contents = asked.file
            headers |= KIND
            data = form(body, part).replace(b"a.png", file.encode()).replace(PNG, contents)
        answer = httpx.request(asked.method, self.gateway.url + path, content=data, headers=headers, timeout=30)
        return answer.status_code, answer.content, dict(answer.headers)

    def sent(self):
        """How many requests went on, but for the uploads of what is asked about."""
        return sum(map(len, self.upstream.requests.values())) - self.uploads
