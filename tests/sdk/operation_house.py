"""A gateway over one upstream that answers every operation, each asked in its own shape."""

import json

from conftest import MASTER_KEY
from raw import whole
from test_budgets import House
from test_each_operation import KIND, PNG, form
from test_money import COST, answer

MESSAGES = [{"role": "user", "content": "hi"}]
TOKENS = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
IMAGE, CHARACTER, SECOND, SEARCH = 0.02, 1e-5, 1e-4, 0.002
NO_TOKENS = {"input_cost_per_token": 0, "output_cost_per_token": 0}
LINE = json.dumps({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": MESSAGES}}).encode() + b"\n"

# What the upstream says at the path that ends so.
ANSWERS = {
    "/chat/completions": whole(answer()),
    "/completions": whole({"id": "c", "choices": [{"index": 0, "text": "there", "finish_reason": "stop"}], "usage": TOKENS}),
    "/embeddings": whole({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 10, "total_tokens": 10}}),
    "/responses": whole({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [], "usage": {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}),
    "/messages": whole({"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "there"}], "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 20}}),
    "/messages/count_tokens": whole({"input_tokens": 17}),
    ":generateContent": whole({"candidates": [{"content": {"role": "model", "parts": [{"text": "there"}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}}),
    ":countTokens": whole({"totalTokens": 17}),
    "/images/generations": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/images/edits": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/images/variations": whole({"created": 7, "data": [{"b64_json": "AA"}]}),
    "/audio/speech": whole(b"ID3" + bytes(64), content_type="audio/mpeg"),
    "/audio/transcriptions": whole({"text": "hello there", "duration": 2.5}),
    "/audio/translations": whole({"text": "hello there", "duration": 2.5}),
    "/moderations": whole({"id": "modr-1", "model": "m", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}),
    "/rerank": whole({"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}),
    "/files": whole({"id": "file-up", "object": "file", "bytes": 9, "created_at": 7, "filename": "in.jsonl", "purpose": "batch", "status": "processed"}),
    "/batches": whole({"id": "batch_1", "object": "batch", "status": "in_progress", "created_at": 7, "endpoint": "/v1/chat/completions", "input_file_id": "file-up", "completion_window": "24h"}),
}


class Asked:
    """How an operation is asked, what it is called, and what a call of it costs."""

    def __init__(self, path, body, operation, call_type, cost, file=None, dialect="openai", route=None):
        self.path, self.body, self.file, self.dialect = path, body, file, dialect
        # Metrics have one path for all spellings.
        self.route = route or path
        self.operation, self.call_type, self.cost = operation, call_type, cost


TEXTS = {"model": "m", "input": "hi"}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
DOCUMENTS = {"model": "ranks", "query": "q", "documents": ["a"]}
ALL = {
    "chat": Asked("/v1/chat/completions", {"model": "m", "messages": MESSAGES}, "chat", "acompletion", COST),
    "completions": Asked("/v1/completions", {"model": "m", "prompt": "hi"}, "completions", "atext_completion", COST),
    "embeddings": Asked("/v1/embeddings", TEXTS, "embeddings", "aembedding", 10 * 1e-6),
    "responses": Asked("/v1/responses", TEXTS, "responses", "aresponses", COST),
    "messages": Asked("/v1/messages", {"model": "claude", "messages": MESSAGES, "max_tokens": 50}, "messages", "anthropic_messages", COST, dialect="anthropic"),
    "generateContent": Asked("/v1beta/models/gemini:generateContent", CONTENTS, "generate-content", "agenerate_content", COST, dialect="google", route="/v1beta/models/{model}:generateContent"),
    "images": Asked("/v1/images/generations", {"model": "painter", "prompt": "hi"}, "images.generate", "aimage_generation", IMAGE),
    "images/edits": Asked("/v1/images/edits", {"model": "painter", "prompt": "hi"}, "images.edit", "aimage_edit", IMAGE, file=("image", "a.png", PNG)),
    "images/variations": Asked("/v1/images/variations", {"model": "painter"}, "images.vary", "aimage_variation", IMAGE, file=("image", "a.png", PNG)),
    "speech": Asked("/v1/audio/speech", {"model": "speaker", "voice": "alloy", "input": "hello"}, "audio.speech", "aspeech", 5 * CHARACTER),
    "transcriptions": Asked("/v1/audio/transcriptions", {"model": "ear"}, "audio.transcribe", "atranscription", 2.5 * SECOND, file=("file", "a.mp3", PNG)),
    "translations": Asked("/v1/audio/translations", {"model": "ear"}, "audio.translate", "atranscription", 2.5 * SECOND, file=("file", "a.mp3", PNG)),
    "moderations": Asked("/v1/moderations", {"model": "judge", "input": "hi"}, "moderations", "amoderation", 0),
    "rerank": Asked("/v1/rerank", DOCUMENTS, "rerank", "arerank", SEARCH),
    "rerank v2": Asked("/v2/rerank", DOCUMENTS, "rerank", "arerank", SEARCH, route="/v1/rerank"),
    "files": Asked("/v1/files", {"purpose": "batch"}, "files.create", "acreate_file", 0, file=("file", "in.jsonl", LINE)),
    "batches": Asked("/v1/batches", {"endpoint": "/v1/chat/completions", "completion_window": "24h"}, "batches.create", "acreate_batch", 0),
    "count_tokens": Asked("/v1/messages/count_tokens", {"model": "claude", "messages": MESSAGES}, "count-tokens", "count-tokens", 0, dialect="anthropic"),
    "countTokens": Asked("/v1beta/models/gemini:countTokens", CONTENTS, "count-tokens", "count-tokens", 0, dialect="google", route="/v1/messages/count_tokens"),
}


def serve(peer):
    path = peer.request.split(b" ", 2)[1].decode().partition("?")[0]
    endings = [ending for ending in ANSWERS if path.endswith(ending)]
    peer.send(ANSWERS[max(endings, key=len)])


class OperationHouse(House):
    """Deployments of every kind, and keys of one user, whose files each of them sees."""

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
        self.file = json.loads(self.call("files", self.key(user_id="u"))[1])["id"]

    def call(self, name, key=MASTER_KEY, **more):
        """Status, answer and headers of one call of an operation; sound comes as bytes."""
        asked = ALL[name]
        body = {**asked.body, **more}
        if asked.operation == "batches.create":
            body["input_file_id"] = self.file
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        data = json.dumps(body).encode()
        if asked.file:
            part, file, contents = asked.file
            headers |= KIND
            data = form(body, part).replace(b"a.png", file.encode()).replace(PNG, contents)
        status, text, got = self.gateway.get(asked.path, body=data, headers=headers)
        return status, text, {header.lower(): value for header, value in got.items()}

    def sent(self):
        return sum(map(len, self.upstream.requests.values()))
