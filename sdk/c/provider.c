#include "provider.h"

#include <stdlib.h>

bool exports_sluice_plugin_provider_start(call_t *call, text_t *body, step_t *step, fault_t *fault) {
  json_t *document = json_read(*body);
  bool done = document ? provider_start(call, document, step, fault) : refuse(fault, "invalid-request", "the body is no JSON");
  call_ended();
  return done;
}

bool exports_sluice_plugin_provider_resume(call_t *call, replies_t *replies, step_t *step, fault_t *fault) {
  bool done = provider_resume(call, replies, step, fault);
  call_ended();
  return done;
}

bool exports_sluice_plugin_provider_decode(exports_sluice_plugin_provider_head_t *head, text_t *state, frames_t *frames, bool last, decoded_t *decoded, fault_t *fault) {
  (void)head;
  *decoded = (decoded_t){0};
  bool done = provider_decode(*state, frames, last, decoded, fault);
  call_ended();
  return done;
}

json_t *upstream_json(sluice_plugin_types_payload_t *payload, fault_t *fault) {
  bool is_text = payload->tag == SLUICE_PLUGIN_TYPES_PAYLOAD_TEXT;
  json_t *document = is_text ? json_read(payload->val.text) : NULL;
  if (!document) refuse(fault, "upstream", "the upstream's answer is not JSON");
  return document;
}

bool content_text(const json_t *content, text_t *text, fault_t *fault) {
  *text = json_text(content);
  if (json_is_text(content)) return true;
  json_t *part = json_first(content);
  bool all = part;
  for (; part; part = json_next(part)) {
    all = all && text_is(json_text(json_get(part, "type")), "text");
    json_add(text, "%r", json_text(json_get(part, "text")));
  }
  return all || refuse(fault, "invalid-request", "this provider takes text only");
}

void post(step_t *step, text_t url, text_t document, const char *framing) {
  exports_sluice_plugin_provider_outbound_t send = {.method = text_of("POST"), .url = url};
  send.body.tag = SLUICE_PLUGIN_TYPES_BODY_JSON;
  send.body.val.json = document;
  send.reply = EXPORTS_SLUICE_PLUGIN_PROVIDER_REPLY_MODE_WHOLE;
  if (framing) {
    send.reply = EXPORTS_SLUICE_PLUGIN_PROVIDER_REPLY_MODE_FRAMES;
    send.options.ptr = malloc(sizeof *send.options.ptr);
    send.options.len = 1;
    send.options.ptr[0].f0 = text_of("framing");
    send.options.ptr[0].f1 = json_write("%s", framing);
  }
  step->tag = EXPORTS_SLUICE_PLUGIN_PROVIDER_STEP_SEND;
  step->val.send = send;
}

void respond(step_t *step, text_t document) {
  *step = (step_t){.tag = EXPORTS_SLUICE_PLUGIN_PROVIDER_STEP_RESPOND};
  step->val.respond.body.tag = SLUICE_PLUGIN_TYPES_PAYLOAD_TEXT;
  step->val.respond.body.val.text = document;
}

text_t usage(int prompt, int completion) {
  const char *format = "{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}";
  return json_write(format, prompt, completion, prompt + completion);
}

text_t answer(text_t text, text_t usage, const char *finish) {
  const char *format =
      "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":%t},\"finish_reason\":%s}],\"usage\":%r}";
  return json_write(format, text, finish, usage);
}

void add_chunk(decoded_t *decoded, const text_t *text, const char *finish) {
  text_t delta = text ? json_write("{\"content\":%t}", *text) : text_of("{}");
  text_t reason = finish ? json_write("%s", finish) : text_of("null");
  frame_t event = {0};
  event.data.tag = SLUICE_PLUGIN_TYPES_PAYLOAD_TEXT;
  event.data.val.text = json_write("{\"choices\":[{\"index\":0,\"delta\":%r,\"finish_reason\":%r}]}", delta, reason);
  frames_t *events = &decoded->events;
  events->ptr = realloc(events->ptr, (events->len + 1) * sizeof event);
  events->ptr[events->len++] = event;
}

void decoded_done(decoded_t *decoded, text_t usage) {
  decoded->usage.is_some = true;
  decoded->usage.val = usage;
  decoded->next.tag = EXPORTS_SLUICE_PLUGIN_PROVIDER_CONTINUATION_DONE;
}

void decoded_more(decoded_t *decoded, bool last) {
  decoded->next.tag = EXPORTS_SLUICE_PLUGIN_PROVIDER_CONTINUATION_MORE;
  decoded->failure.is_some = last;
  if (last) refuse(&decoded->failure.val, "upstream", "the stream ended early");
}
