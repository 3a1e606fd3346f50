// What every plugin in C has: errors and the describe document. provider.h, guardrail.h and callback.h are for one
// kind each; a plugin is compiled with the .c of the same name, with json.c, memory.c and the generated sluice.c.
//
// Memory is that of the call (memory.c), and every function is pure: what has to survive goes through the state.
#pragma once

#include "json.h"

// An error of the contract; the kinds stand in the WIT.
typedef sluice_plugin_types_error_t fault_t;

// To be written by the plugin: the describe document.
text_t plugin_describe(void);

// Fills in an error and answers false, for `return refuse(fault, "invalid-request", "...")`.
bool refuse(fault_t *fault, const char *kind, const char *message);

// A describe document with fixtures as its examples, which are run before a new version serves. The list ends with NULL.
text_t described(const char *document, const char *const *fixtures);
