// A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer.

#include "guardrail.h"

#include <strings.h>

static const char describe[] = {
#embed "describe.json"
    , 0};
static const char blocked[] = {
#embed "fixtures/blocked.json"
    , 0};
static const char masked[] = {
#embed "fixtures/masked.json"
    , 0};
static const char restored_ones[] = {
#embed "fixtures/restored.json"
    , 0};

text_t plugin_describe(void) { return described(describe, (const char *[]){blocked, masked, restored_ones, NULL}); }

// The word that a text begins with, in letters of either case and as it is spelled there; empty: none.
static text_t begins(text_t text, json_t *words) {
  for (json_t *it = json_first(words); it; it = json_next(it)) {
    text_t word = json_text(it);
    bool fits = word.len && word.len <= text.len;
    if (fits && !strncasecmp((char *)word.ptr, (char *)text.ptr, word.len)) return (text_t){text.ptr, word.len};
  }
  return (text_t){0};
}

// The masks so far: {"<WORD_1>": "Ada", ...}, without the brace at the end.
typedef struct {
  text_t written;
  int count;
} table_t;

// Each spelling has a mask of its own.
static text_t mask_of(table_t *table, text_t word) {
  json_t *known = json_read(json_write("%r}", table->written));
  for (json_t *it = json_first(known); it; it = json_next(it)) {
    if (text_equal(json_text(it), word)) return json_name(it);
  }
  text_t mask = json_write("<WORD_%d>", ++table->count);
  json_add(&table->written, "%r%t:%t", text_of(table->count == 1 ? "" : ","), mask, word);
  return mask;
}

static text_t mask(text_t text, json_t *words, table_t *table) {
  text_t new = {0};
  for (size_t at = 0; at < text.len;) {
    text_t word = begins((text_t){text.ptr + at, text.len - at}, words);
    json_add(&new, "%r", word.len ? mask_of(table, word) : (text_t){text.ptr + at, 1});
    at += word.len ? word.len : 1;
  }
  return new;
}

bool guardrail_inspect(inspection_t *inspection, json_t *config, decision_t *decision, fault_t *fault) {
  (void)fault;
  json_t *words = json_get(config, "words"), *masks = json_read(inspection->state);
  bool blocks = text_is(json_text(json_get(config, "action")), "block");
  bool after = text_is(inspection->stage, "post");
  table_t table = {json_write("{"), 0}, seen = {json_write("{"), 0};
  for (size_t i = 0; i < inspection->spans.len; i++) {
    span_t *span = &inspection->spans.ptr[i];
    if (blocks) mask(span->text, words, &seen);
    else edit(decision, inspection, i, after ? restored(span, masks) : mask(span->text, words, &table));
  }
  if (seen.count) block(decision, "a word of this text is not allowed", "word");
  if (table.count) found(decision, json_write("{\"words\":%d}", table.count));
  // The table comes back as the state of the next stage.
  if (table.count) decision->state = json_write("%r}", table.written);
  return true;
}
