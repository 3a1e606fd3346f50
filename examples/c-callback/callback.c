// A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's `api_base`;
// its key is named in describe.json, and added by the gateway.

#include "callback.h"

#include <stdlib.h>

#include "http.h"

static const char describe[] = {
#embed "describe.json"
    , 0};
static const char delivered[] = {
#embed "fixtures/delivered.json"
    , 0};
static const char refused[] = {
#embed "fixtures/refused.json"
    , 0};

text_t plugin_describe(void) { return described(describe, (const char *[]){delivered, refused, NULL}); }

typedef struct {
  text_t name;
  int calls;
} model_t;

// Counts a call of a model among those so far.
static void count(model_t *models, size_t *have, text_t name) {
  size_t at = 0;
  while (at < *have && !text_equal(models[at].name, name)) at++;
  if (at == *have) models[(*have)++] = (model_t){name, 0};
  models[at].calls++;
}

bool callback_on_batch(json_t *config, records_t *records, fault_t *fault) {
  model_t *models = calloc(records->len, sizeof *models);
  size_t have = 0;
  int failed = 0;
  double tokens = 0, spend = 0;
  for (size_t i = 0; i < records->len; i++) {
    json_t *record = json_read(records->ptr[i]);
    if (!text_is(json_text(json_get(record, "status")), "success")) failed++;
    tokens += json_number(json_get(record, "total_tokens"));
    spend += json_number(json_get(record, "response_cost"));
    count(models, &have, json_text(json_get(record, "model_group")));
  }
  const char *format = "{\"calls\":%d,\"failed\":%d,\"tokens\":%d,\"spend\":%g,\"models\":{";
  text_t digest = json_write(format, (int)records->len, failed, (int)tokens, spend);
  for (size_t i = 0; i < have; i++) {
    json_add(&digest, "%r%t:%d", text_of(i ? "," : ""), models[i].name, models[i].calls);
  }
  json_add(&digest, "}}");
  return http_post(json_text(json_get(config, "path")), digest, fault);
}
