"""What plugins in Python share: errors, and documents that are read while the component is built.

The modules beside this one are for one kind of plugin each (`provider`, `guardrail`, `callback`): each imports what
only its world has. Nothing here keeps anything: every function of a plugin is pure.
"""

import json
import pathlib

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import Error


def fault(kind, message, status=None, retry=None):
    """An error of the contract, to be raised: `raise fault("invalid-request", "...")`. The kinds stand in the WIT."""
    return Err(Error(kind, message, status=status, retry=retry, retry_after_ms=None, detail=None))


def parse(payload):
    """A payload as a JSON object. What is none is the upstream's failure, not a breakdown of the plugin."""
    try:
        document = json.loads(payload.value)
    except ValueError as cause:
        raise fault("upstream", f"the upstream's answer is not JSON: {cause}")
    if not isinstance(document, dict):
        raise fault("upstream", "the upstream's answer is not a JSON object")
    return document


def fixtures(beside):
    """The documents of the folder `fixtures` beside a file, read while the component is built."""
    folder = pathlib.Path(beside).parent / "fixtures"
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def described(document):
    """The class to export as `Plugin`, of a `describe` document."""
    text = json.dumps(document)

    class Plugin(exports.Plugin):
        def describe(self):
            return text

    return Plugin
