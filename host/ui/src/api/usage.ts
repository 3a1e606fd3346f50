import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { get, path } from "./client";
import type { Call } from "./logs";

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
  metadata?: Record<string, string | null>;
}

export type Breakdown = Record<string, Share>;

export interface Day {
  date: string;
  metrics: Metrics;
  breakdown: Record<"models" | "model_groups" | "providers" | "api_keys" | "endpoints" | "entities", Breakdown>;
}

interface Activity {
  results: Day[];
  metadata: { truncated?: boolean };
}

/** Whose sums are listed as `entities`. */
export type Holder = "user" | "team" | "organization" | "customer" | "tag";

/** Days are UTC, as `2026-01-31`. */
export interface Span {
  start: string;
  end: string;
}

export interface UsageFilter extends Span {
  holder: Holder;
  model?: string | null;
  key?: string | null;
}

const query = (it: UsageFilter) => ({ start_date: it.start, end_date: it.end, model: it.model, api_key: it.key });

export interface Summary {
  days: Day[];
  /** There are more groups than are told. */
  truncated: boolean;
}

/** Sums of every day, the oldest first. */
export function useActivity(filter: UsageFilter) {
  return useQuery<Summary>({
    queryKey: ["activity", filter],
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      get<Activity>(path(`/${filter.holder}/daily/activity/aggregated`, query(filter)), signal).then((it) => ({
        days: it.results.toSorted((a, b) => a.date.localeCompare(b.date)),
        truncated: it.metadata.truncated ?? false,
      })),
  });
}

/** Where the same is as a file. */
export const activityFile = (filter: UsageFilter) => path(`/${filter.holder}/daily/activity`, { ...query(filter), format: "csv" });

/** The latest answered calls of a span, at most 100: what times are told from. */
export function useLatestCalls({ start, end, model, key }: UsageFilter) {
  return useQuery({
    queryKey: ["calls", "latest", start, end, model, key],
    staleTime: 60_000,
    queryFn: ({ signal }) => get<{ data: Call[] }>(path("/spend/logs/ui", { start_date: start, end_date: end, status_filter: "success", model, api_key: key, page_size: 100 }), signal).then((it) => it.data),
  });
}
