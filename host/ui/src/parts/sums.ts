// Sums of usage: of days, of groups, and of what is left when only a few groups are shown.

import type { Breakdown, Day, Metrics, Span } from "../api/usage";

export const ZERO: Metrics = { spend: 0, prompt_tokens: 0, completion_tokens: 0, cache_read_input_tokens: 0, total_tokens: 0, successful_requests: 0, failed_requests: 0, api_requests: 0 };

export interface Group {
  id: string;
  name: string;
  metrics: Metrics;
}

export function sum(all: Metrics[]): Metrics {
  const total = { ...ZERO };
  for (const one of all) {
    for (const name of Object.keys(ZERO) as (keyof Metrics)[]) total[name] += one[name] ?? 0;
  }
  return total;
}

// The first of these that a group has is what people call it.
const NAMES = ["key_alias", "team_alias", "user_alias", "user_email", "organization_alias", "alias"];

function nameOf(id: string, breakdown: Breakdown): string {
  // What the gateway calls so had none: a call that was blocked before it was sent anywhere.
  if (id === "unknown") return "";
  const metadata = breakdown[id]?.metadata ?? {};
  const found = NAMES.map((name) => metadata[name]).find((it) => it);
  return found ?? id;
}

/** The parts of several days together, the most expensive first. */
export function groups(days: Day[], kind: keyof Day["breakdown"]): Group[] {
  const found = new Map<string, Group>();
  for (const day of days) {
    const breakdown = day.breakdown[kind] ?? {};
    for (const [id, share] of Object.entries(breakdown)) {
      const known = found.get(id);
      found.set(id, { id, name: nameOf(id, breakdown), metrics: sum([share.metrics, ...(known ? [known.metrics] : [])]) });
    }
  }
  return [...found.values()].sort((a, b) => b.metrics.spend - a.metrics.spend || b.metrics.api_requests - a.metrics.api_requests);
}

/** Every day of a span, also those without a call. */
export function everyDay<T>({ start, end }: Span, of: (date: string) => T): T[] {
  const all = [];
  for (let at = Date.parse(start); at <= Date.parse(end); at += 86_400_000) all.push(of(new Date(at).toISOString().slice(0, 10)));
  return all;
}

/** A row a day with a member for each group that is shown, and `rest` for the others. */
export function stacked(days: Day[], span: Span, kind: keyof Day["breakdown"], shown: Group[], measure: keyof Metrics): Record<string, number | string>[] {
  const known = new Map(days.map((day) => [day.date, day]));
  return everyDay(span, (date) => {
    const day = known.get(date);
    const parts = shown.map((group, at) => [`g${at}`, day?.breakdown[kind]?.[group.id]?.metrics[measure] ?? 0] as const);
    const rest = (day?.metrics[measure] ?? 0) - parts.reduce((total, [, value]) => total + value, 0);
    return { date, ...Object.fromEntries(parts), rest: Math.max(rest, 0) };
  });
}

/** The value that this share of all is at most; null of none. */
export function percentile(values: number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? null;
}

/** A day this many days ago, today being the first. */
export const daysBack = (days: number, now = Date.now()): string => new Date(now - (days - 1) * 86_400_000).toISOString().slice(0, 10);
