#include "http.h"

bool http_post(text_t url, text_t document, fault_t *fault) {
  sluice_plugin_http_request_t request = {.method = text_of("POST"), .url = url};
  request.body.tag = SLUICE_PLUGIN_TYPES_BODY_JSON;
  request.body.val.json = document;
  sluice_plugin_http_response_t response;
  if (!sluice_plugin_http_fetch(&request, &response, fault)) return false;
  if (response.status < 400) return true;
  bool passing = response.status == 429 || response.status >= 500;
  refuse(fault, passing ? "overloaded" : "invalid-request", "");
  fault->message = json_write("%r answered %d", url, response.status);
  fault->status = (sluice_option_u16_t){true, response.status};
  fault->retry = (sluice_option_bool_t){true, passing};
  return false;
}
