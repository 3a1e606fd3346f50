#include "callback.h"

bool exports_sluice_plugin_callback_on_batch(text_t *config, records_t *records, fault_t *fault) {
  bool done = callback_on_batch(json_read(*config), records, fault);
  call_ended();
  return done;
}
