"""Requests of guardrails and callbacks."""

import json

from wit_world.imports import http
from wit_world.imports.types import Body_Json

from . import fault, parse


def post_json(url, document, headers=(), auth=(), options=()):
    """Posts a document; the answer's document, or None. A status of 400 and above is raised as an error that says
    whether another attempt may help."""
    body = Body_Json(json.dumps(document))
    response = http.fetch(http.Request("POST", url, list(headers), body, list(auth), list(options)))
    if response.status < 400:
        return parse(response.body) if response.body.value else None
    passing = response.status == 429 or response.status >= 500
    kind = "overloaded" if passing else "invalid-request"
    raise fault(kind, f"{url} answered {response.status}", status=response.status, retry=passing)
