// For callbacks: what is handed over.
#pragma once

#include "plugin.h"

typedef exports_sluice_plugin_callback_list_json_t records_t;

// To be written by the plugin: answers true, or false and fills in the error. Each record is a JSON object as text.
bool callback_on_batch(json_t *config, records_t *records, fault_t *fault);
