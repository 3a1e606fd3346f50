// Requests of guardrails and callbacks.
#pragma once

#include "plugin.h"

// Posts a document. False, and the error, which says whether another attempt may help: no answer, or a status of 400
// and above.
bool http_post(text_t url, text_t document, fault_t *fault);
