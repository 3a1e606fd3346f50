// A provider: Acme's service takes {"turns": [{"from", "text"}]} and answers {"text", "stopped", "asked", "answered"},
// or, where a stream is asked for, lines of {"text"} and at last one of the rest.

#include "provider.h"

static const char describe[] = {
#embed "describe.json"
    , 0};
static const char conversation[] = {
#embed "fixtures/conversation.json"
    , 0};
static const char stream[] = {
#embed "fixtures/stream.json"
    , 0};

text_t plugin_describe(void) { return described(describe, (const char *[]){conversation, stream, NULL}); }

static const char *finish(json_t *said) {
  return text_is(json_text(json_get(said, "stopped")), "limit") ? "length" : "stop";
}

static text_t tokens(json_t *said) {
  return usage((int)json_number(json_get(said, "asked")), (int)json_number(json_get(said, "answered")));
}

bool provider_start(call_t *call, json_t *body, step_t *step, fault_t *fault) {
  text_t asked = json_write("{\"stream\":%b,\"turns\":[", call->streaming);
  json_t *first = json_first(json_get(body, "messages"));
  for (json_t *message = first; message; message = json_next(message)) {
    text_t text;
    if (!content_text(json_get(message, "content"), &text, fault)) return false;
    json_add(&asked, "%r{\"from\":%j,\"text\":%t}", text_of(message == first ? "" : ","), json_get(message, "role"), text);
  }
  json_add(&asked, "]");
  json_t *temperature = json_get(body, "temperature"), *limit = json_get(body, "max_tokens");
  if (temperature) json_add(&asked, ",\"temperature\":%j", temperature);
  if (limit) json_add(&asked, ",\"limit\":%j", limit);
  json_add(&asked, "}");
  // The path is joined to the deployment's base URL; the host adds the key.
  post(step, json_write("/ask/%r", call->model), asked, call->streaming ? "lines" : NULL);
  return true;
}

bool provider_resume(call_t *call, replies_t *replies, step_t *step, fault_t *fault) {
  (void)call;
  json_t *said = upstream_json(&replies->ptr[0].body, fault);
  if (!said) return false;
  respond(step, answer(json_text(json_get(said, "text")), tokens(said), finish(said)));
  return true;
}

bool provider_decode(text_t state, frames_t *frames, bool last, decoded_t *decoded, fault_t *fault) {
  (void)state;
  for (size_t i = 0; i < frames->len; i++) {
    json_t *line = upstream_json(&frames->ptr[i].data, fault);
    if (!line) return false;
    if (json_get(line, "stopped")) {
      add_chunk(decoded, NULL, finish(line));
      decoded_done(decoded, tokens(line));
      return true;
    }
    text_t text = json_text(json_get(line, "text"));
    add_chunk(decoded, &text, NULL);
  }
  decoded_more(decoded, last);
  return true;
}
