// For guardrails: what is looked at, decisions, edits of texts.
#pragma once

#include "plugin.h"

typedef exports_sluice_plugin_guardrail_inspection_t inspection_t;
typedef exports_sluice_plugin_guardrail_span_t span_t;
typedef exports_sluice_plugin_guardrail_decision_t decision_t;

// To be written by the plugin: answers true and fills in the decision, which allows as it comes, or false and fills in
// the error.
bool guardrail_inspect(inspection_t *inspection, json_t *config, decision_t *decision, fault_t *fault);

// It is refused. The message is for the client, the code for machines.
void block(decision_t *decision, const char *message, const char *code);

// Another text for a span, by its index; nothing if it is as it was.
void edit(decision_t *decision, inspection_t *inspection, size_t span, text_t text);

// What was found, for the log: a JSON document.
void found(decision_t *decision, text_t document);

// A span's text with masks put back, by an object of mask and text. In arguments of tools, which are JSON, as JSON
// writes them.
text_t restored(span_t *span, const json_t *table);
