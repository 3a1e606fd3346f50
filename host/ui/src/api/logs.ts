import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { get, path } from "./client";

export interface Attempt {
  model_id: string;
  custom_llm_provider: string;
  model: string;
  spend: number | null;
  usage: Record<string, unknown> | null;
  estimated: boolean;
}

export interface Call {
  request_id: string;
  provider_request_id: string | null;
  call_type: string;
  api_key: string;
  spend: number | null;
  total_tokens: number;
  prompt_tokens: number;
  completion_tokens: number;
  startTime: string;
  request_duration_ms: number;
  completionStartTime: string | null;
  model: string;
  model_id: string | null;
  model_group: string;
  custom_llm_provider: string;
  user: string | null;
  end_user: string | null;
  team_id: string | null;
  session_id: string | null;
  requester_ip_address: string | null;
  request_tags: string[];
  cache_hit: string;
  status: string;
  messages: unknown;
  response: unknown;
  proxy_server_request: unknown;
  metadata: {
    user_api_key_alias?: string | null;
    price_version?: string | null;
    attempts?: Attempt[];
    error_information?: { error_message?: string; error_code?: string; error_class?: string } | null;
  };
}

interface Page {
  data: Call[];
  next_cursor: string | null;
}

export interface Filter {
  start: string;
  end: string;
  status: string;
  search: string;
  model: string;
}

export function useCalls(filter: Filter, live: boolean) {
  return useInfiniteQuery({
    queryKey: ["calls", filter],
    initialPageParam: "",
    refetchInterval: live ? 3_000 : false,
    queryFn: ({ pageParam, signal }) =>
      get<Page>(
        path("/spend/logs/ui", { start_date: filter.start, end_date: filter.end, status_filter: filter.status, search: filter.search, model_group: filter.model, page_size: 50, cursor: pageParam }),
        signal,
      ),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function useCall(id: string | null) {
  return useQuery({ queryKey: ["call", id], enabled: id !== null, queryFn: ({ signal }) => get<Call>(`/spend/logs/ui/${encodeURIComponent(id ?? "")}`, signal) });
}

export interface Choice {
  model_group: string;
  strategy: string;
  candidates: { model_id: string; model: string; order: number }[];
  candidates_count: number;
  ruled_out: { model_id: string; model?: string; reason: string }[];
  chosen: string | null;
  kept_by_affinity: boolean;
  outcome: string;
}

/** Why a call went where it went. */
export function useDecision(id: string | null) {
  return useQuery({
    queryKey: ["decision", id],
    enabled: id !== null,
    retry: false,
    queryFn: ({ signal }) => get<{ choices: Choice[] }>(`/router/decisions/${encodeURIComponent(id ?? "")}`, signal),
  });
}
