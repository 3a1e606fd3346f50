// Reads a document of standard input with the SDK's reader and writes it anew, value by value.

#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static text_t anew(const json_t *value) {
  text_t source = json_write("%j", value);
  bool object = source.ptr[0] == '{';
  if (json_is_text(value)) return json_write("%t", json_text(value));
  if (!object && source.ptr[0] != '[') return source;
  text_t all = json_write(object ? "{" : "[");
  for (json_t *first = json_first(value), *it = first; it; it = json_next(it)) {
    if (it != first) json_add(&all, ",");
    if (object) json_add(&all, "%t:", json_name(it));
    json_add(&all, "%r", anew(it));
  }
  json_add(&all, object ? "}" : "]");
  return all;
}

int main(void) {
  static char text[1 << 20];
  text_t read = {(uint8_t *)text, fread(text, 1, sizeof text, stdin)};
  json_t *document = json_read(read);
  if (!document) return EXIT_FAILURE;
  text_t written = anew(document);
  fwrite(written.ptr, 1, written.len, stdout);
  return EXIT_SUCCESS;
}
