"""Requests of guardrails and callbacks."""

import json

from wit_world.imports import http
from wit_world.imports.types import Body_Json

from . import fault


def post_json(url, document, headers=(), auth=(), options=()):
    """Posts a document; the answer's document, or None where it is no JSON: many a webhook says "ok". A status of 400
    and above is raised as an error that says whether another attempt may help."""
    body = Body_Json(json.dumps(document))
    response = http.fetch(http.Request("POST", url, list(headers), body, list(auth), list(options)))
    if response.status < 400:
        return read(response.body.value)
    passing = response.status == 429 or response.status >= 500
    kind = "overloaded" if passing else "invalid-request"
    raise fault(kind, f"{url} answered {response.status}", status=response.status, retry=passing)


def read(text):
    try:
        return json.loads(text)
    except ValueError:
        return None
