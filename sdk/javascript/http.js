// Requests of guardrails and callbacks. Apart from the rest, because providers have no such import.

import http from "sluice:plugin/http@0.1.0";

import {fault, parse} from "./sluice.js";

/** Posts a document and reads the answer, if it is JSON. A status of 400 and above is thrown as an error that says
 *  whether another attempt may help. */
export function postJson(url, document, {headers = [], auth = [], options = []} = {}) {
  const body = {tag: "json", val: JSON.stringify(document)};
  const response = http.fetch({method: "POST", url, headers, body, auth, options});
  if (response.status < 400) return response.body.val ? parse(response.body) : null;
  const passing = response.status === 429 || response.status >= 500;
  throw fault(passing ? "overloaded" : "invalid-request", `${url} answered ${response.status}`, {status: response.status, retry: passing});
}
