#include "plugin.h"

// The generated sources call for an object with the types; `sluice-component make` brings them instead.
void __component_type_object_force_link_sluice(void) {}

void exports_sluice_plugin_plugin_describe(text_t *document) {
  *document = plugin_describe();
  call_ended();
}

bool refuse(fault_t *fault, const char *kind, const char *message) {
  *fault = (fault_t){.kind = text_of(kind), .message = text_of(message)};
  return false;
}

text_t described(const char *document, const char *const *fixtures) {
  text_t all = {0};
  const char *before = "{\"examples\":[";
  for (; *fixtures; fixtures++, before = ",") json_add(&all, "%r%r", text_of(before), text_of(*fixtures));
  json_add(&all, "]");
  for (json_t *it = json_first(json_read(text_of(document))); it; it = json_next(it)) {
    json_add(&all, ",%t:%j", json_name(it), it);
  }
  json_add(&all, "}");
  return all;
}
