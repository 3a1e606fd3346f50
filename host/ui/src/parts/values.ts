// What fields hold, and what the gateway takes for it.

/** Of a number field: nothing is null. */
export const number = (it: number | string): number | null => (it === "" ? null : Number(it));

/** Nothing is null. */
export const text = (it: string): string | null => it.trim() || null;

/** None is null. */
export const list = (it: string[]): string[] | null => (it.length > 0 ? it : null);

/** Of a field for JSON: nothing is null. What is no JSON throws a SyntaxError. */
export const json = (it: string): unknown => (it.trim() ? (JSON.parse(it) as unknown) : null);

/** JSON for a field: an empty object or list is nothing. */
export function written(it: unknown): string {
  if (it === null || it === undefined) return "";
  if (typeof it === "object" && Object.keys(it).length === 0) return "";
  return JSON.stringify(it, null, 2);
}

/** Why a text is no JSON; null if it is, or is empty. */
export function whyNotJson(it: string): string | null {
  try {
    json(it);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Named = Record<string, unknown>;

const isNothing = (it: unknown) => it === null || it === false || (typeof it === "object" && Object.keys(it as object).length === 0);

/** Of something new: only what says something, so that the operator's defaults fill in the rest. */
export const said = (all: Named): Named => Object.fromEntries(Object.entries(all).filter(([, value]) => !isNothing(value)));

/** Of a change: only what is not as it was, so that rights to one field are enough. */
export const changed = (now: Named, then: Named): Named => Object.fromEntries(Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(then[name])));
