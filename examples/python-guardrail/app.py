"""A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer."""

import json
import re

from sluice import described, fixtures
from sluice.guardrail import allow, block, edit, restore
from wit_world import exports

DESCRIBE = {
    "name": "words-py",
    "version": "0.1.0",
    "guardrails": [
        {
            "name": "words-py",
            "stages": ["pre", "post"],
            "config_schema": {
                "type": "object",
                "required": ["words"],
                "properties": {
                    "words": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
                    "action": {"enum": ["mask", "block"], "default": "mask"},
                },
            },
        }
    ],
    # Run before a new version serves: a version that fails them never does.
    "examples": fixtures(__file__),
}

Plugin = described(DESCRIBE)


class Guardrail(exports.Guardrail):
    def inspect(self, inspection):
        settings, spans = json.loads(inspection.config), inspection.spans
        pattern = re.compile("|".join(map(re.escape, settings["words"])), re.IGNORECASE)
        if settings["action"] == "block":
            found = next(filter(None, (pattern.search(span.text) for span in spans)), None)
            return block("a word of this text is not allowed", "word", {"word": found[0]}) if found else allow()
        if inspection.stage == "post":
            table = json.loads(inspection.state or "{}")
            return edit(spans, [restore(span, table) for span in spans])
        return mask(spans, pattern)


def mask(spans, pattern):
    """Each spelling has a mask of its own. The table comes back as the state of the next stage."""
    masks = {}
    texts = [pattern.sub(lambda it: masks.setdefault(it[0], f"<WORD_{len(masks) + 1}>"), span.text) for span in spans]
    table = {mask: word for word, mask in masks.items()}
    return edit(spans, texts, findings={"words": len(masks)} if masks else None, state=json.dumps(table))
