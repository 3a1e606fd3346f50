"""For guardrails: decisions, and edits of texts."""

import json

from wit_world.exports.guardrail import Decision, Edit, Refusal, Verdict_Allow, Verdict_Block, Verdict_Edit


def allow(state=""):
    """It passes."""
    return Decision(Verdict_Allow(), None, state)


def block(message, code, detail=None):
    """It is refused. `message` is for the client, `code` for machines, `detail` for the log."""
    refusal = Refusal(message, code, json.dumps(detail) if detail else None)
    return Decision(Verdict_Block(refusal), None, "")


def edit(spans, texts, findings=None, state=""):
    """Other texts for the spans, one for each; those that are as they were are left alone."""
    pairs = enumerate(zip(spans, texts))
    edits = [Edit(index, text) for index, (span, text) in pairs if text != span.text]
    verdict = Verdict_Edit(edits) if edits else Verdict_Allow()
    return Decision(verdict, json.dumps(findings) if findings else None, state)


def restore(span, table):
    """A text with masks put back, by a table of mask and text. In arguments of tools, which are JSON, as JSON has it."""
    text = span.text
    for mask, was in table.items():
        text = text.replace(mask, json.dumps(was)[1:-1] if span.channel == "tool-arguments" else was)
    return text
