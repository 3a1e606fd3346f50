"""A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's `api_base`;
its key is named here, and added by the gateway."""

import collections
import json

from sluice import described, fixtures
from sluice.http import post_json
from wit_world import exports

DESCRIBE = {
    "name": "digest-py",
    "version": "0.1.0",
    "callbacks": [
        {
            "name": "digest-py",
            "max_batch": 100,
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["DIGEST_API_KEY"], "required": True}},
            "config_schema": {"type": "object", "properties": {"path": {"type": "string", "default": "/digest"}}},
        }
    ],
    # Run before a new version serves: a version that fails them never does.
    "examples": fixtures(__file__),
}

Plugin = described(DESCRIBE)


class Callback(exports.Callback):
    def on_batch(self, config, records):
        post_json(json.loads(config)["path"], digest([json.loads(record) for record in records]))


def digest(records):
    return {
        "calls": len(records),
        "failed": sum(record.get("status") != "success" for record in records),
        "tokens": sum(record.get("total_tokens") or 0 for record in records),
        "spend": sum(record.get("response_cost") or 0 for record in records),
        "models": collections.Counter(record.get("model_group", "") for record in records),
    }
