import type {Auth, Json, Pair} from "./sluice.js";

/** Posts a document; the answer's document, or null where it is no JSON. A status of 400 and above is thrown as a `Fault`. */
export function postJson<T = unknown>(
  url: string,
  document: unknown,
  more?: {headers?: Pair[]; auth?: Auth[]; options?: [string, Json][]},
): T | null;
