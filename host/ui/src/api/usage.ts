import { useQuery } from "@tanstack/react-query";

import { get, path } from "./client";

export interface Metrics {
  spend: number;
  prompt_tokens: number;
  completion_tokens: number;
  cache_read_input_tokens: number;
  total_tokens: number;
  successful_requests: number;
  failed_requests: number;
  api_requests: number;
}

export interface Share {
  metrics: Metrics;
  metadata?: { key_alias?: string | null; team_alias?: string | null };
}

export type Breakdown = Record<string, Share>;

export interface Day {
  date: string;
  metrics: Metrics;
  breakdown: { models: Breakdown; providers: Breakdown; api_keys: Breakdown; endpoints: Breakdown };
}

interface Activity {
  results: Day[];
}

/** Days and times are UTC, as the gateway counts them. */
export function useActivity(start: string, end: string) {
  return useQuery({
    queryKey: ["activity", start, end],
    queryFn: ({ signal }) =>
      get<Activity>(path("/user/daily/activity/aggregated", { start_date: start, end_date: end }), signal).then((it) => it.results.toSorted((a, b) => a.date.localeCompare(b.date))),
  });
}

const ZERO: Metrics = { spend: 0, prompt_tokens: 0, completion_tokens: 0, cache_read_input_tokens: 0, total_tokens: 0, successful_requests: 0, failed_requests: 0, api_requests: 0 };

export function sum(all: Metrics[]): Metrics {
  const total = { ...ZERO };
  for (const one of all) {
    for (const name of Object.keys(ZERO) as (keyof Metrics)[]) total[name] += one[name] ?? 0;
  }
  return total;
}

/** The parts of several days together, the most expensive first. */
export function parts(days: Day[], kind: keyof Day["breakdown"]): { name: string; metrics: Metrics }[] {
  const found = new Map<string, { name: string; metrics: Metrics }>();
  for (const day of days) {
    for (const [id, share] of Object.entries(day.breakdown[kind] ?? {})) {
      const known = found.get(id);
      found.set(id, { name: share.metadata?.key_alias || id, metrics: sum([share.metrics, ...(known ? [known.metrics] : [])]) });
    }
  }
  return [...found.values()].sort((a, b) => b.metrics.spend - a.metrics.spend || b.metrics.api_requests - a.metrics.api_requests);
}

/** Every day of a range, also those without a call. */
export function everyDay(days: Day[], start: string, end: string): { date: string; metrics: Metrics }[] {
  const known = new Map(days.map((day) => [day.date, day.metrics]));
  const all = [];
  for (let at = Date.parse(start); at <= Date.parse(end); at += 86_400_000) {
    const date = new Date(at).toISOString().slice(0, 10);
    all.push({ date, metrics: known.get(date) ?? ZERO });
  }
  return all;
}
