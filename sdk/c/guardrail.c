#include "guardrail.h"

#include <stdlib.h>

bool exports_sluice_plugin_guardrail_inspect(inspection_t *inspection, decision_t *decision, fault_t *fault) {
  *decision = (decision_t){0};
  bool done = guardrail_inspect(inspection, json_read(inspection->config), decision, fault);
  call_ended();
  return done;
}

void block(decision_t *decision, const char *message, const char *code) {
  decision->verdict.tag = EXPORTS_SLUICE_PLUGIN_GUARDRAIL_VERDICT_BLOCK;
  decision->verdict.val.block = (exports_sluice_plugin_guardrail_refusal_t){text_of(message), text_of(code), {0}};
}

void edit(decision_t *decision, inspection_t *inspection, size_t span, text_t text) {
  if (text_equal(text, inspection->spans.ptr[span].text)) return;
  exports_sluice_plugin_guardrail_list_edit_t *edits = &decision->verdict.val.edit;
  if (decision->verdict.tag != EXPORTS_SLUICE_PLUGIN_GUARDRAIL_VERDICT_EDIT) {
    decision->verdict.tag = EXPORTS_SLUICE_PLUGIN_GUARDRAIL_VERDICT_EDIT;
    *edits = (exports_sluice_plugin_guardrail_list_edit_t){0};
  }
  edits->ptr = realloc(edits->ptr, (edits->len + 1) * sizeof *edits->ptr);
  edits->ptr[edits->len++] = (exports_sluice_plugin_guardrail_edit_t){(uint32_t)span, text};
}

void found(decision_t *decision, text_t document) {
  decision->findings.is_some = true;
  decision->findings.val = document;
}

text_t restored(span_t *span, const json_t *table) {
  bool arguments = text_is(span->channel, "tool-arguments");
  text_t text = span->text;
  for (json_t *it = json_first(table); it; it = json_next(it)) {
    text_t was = json_text(it);
    text = text_replace(text, json_name(it), arguments ? text_in_json(was) : was);
  }
  return text;
}
