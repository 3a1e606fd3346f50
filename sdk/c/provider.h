// For providers: what is asked, steps, canonical documents of chats.
#pragma once

#include "plugin.h"

typedef exports_sluice_plugin_provider_call_t call_t;
typedef exports_sluice_plugin_provider_step_t step_t;
typedef exports_sluice_plugin_provider_list_reply_t replies_t;
typedef exports_sluice_plugin_provider_list_frame_t frames_t;
typedef exports_sluice_plugin_provider_frame_t frame_t;
typedef exports_sluice_plugin_provider_decoded_t decoded_t;

// To be written by the plugin. Each answers true and fills in what it gives, or false and fills in the error.
bool provider_start(call_t *call, json_t *body, step_t *step, fault_t *fault);
bool provider_resume(call_t *call, replies_t *replies, step_t *step, fault_t *fault);
bool provider_decode(text_t state, frames_t *frames, bool last, decoded_t *decoded, fault_t *fault);

// A payload as JSON; NULL, and the error that it is the upstream's failure: it is none.
json_t *upstream_json(sluice_plugin_types_payload_t *payload, fault_t *fault);

// The text of a message's content; false, and the error: there is what is not text.
bool content_text(const json_t *content, text_t *text, fault_t *fault);

// The step that posts a document. Its answer is read whole, or with a framing ("lines", "sse", ...) in frames.
void post(step_t *step, text_t url, text_t document, const char *framing);

// The step that ends a call with a canonical document.
void respond(step_t *step, text_t document);

// Canonical documents of chats.
text_t usage(int prompt, int completion);
text_t answer(text_t text, text_t usage, const char *finish);

// Adds an event to what is decoded: text, or at the end the reason for it. The other one is NULL.
void add_chunk(decoded_t *decoded, const text_t *text, const char *finish);
// The answer is complete.
void decoded_done(decoded_t *decoded, text_t usage);
// The answer goes on; if it cannot, it failed, and is never presented as complete.
void decoded_more(decoded_t *decoded, bool last);
