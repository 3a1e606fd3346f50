// Requests of guardrails and callbacks. Apart from the rest, because providers have no such import.

import http from "sluice:plugin/http@0.1.0";

import {fault} from "./sluice.js";

/** Posts a document; the answer's document, or null where it is no JSON: many a webhook says "ok". A status of 400 and
 *  above is thrown as an error that says whether another attempt may help. */
export function postJson(url, document, {headers = [], auth = [], options = []} = {}) {
  const body = {tag: "json", val: JSON.stringify(document)};
  const response = http.fetch({method: "POST", url, headers, body, auth, options});
  if (response.status < 400) return read(response.body.val);
  const passing = response.status === 429 || response.status >= 500;
  throw fault(passing ? "overloaded" : "invalid-request", `${url} answered ${response.status}`, {status: response.status, retry: passing});
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
