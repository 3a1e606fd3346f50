import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { get, path, post } from "./client";

export interface Attempt {
  model_id: string;
  custom_llm_provider: string;
  model: string;
  spend: number | null;
  usage: { prompt_tokens?: number; completion_tokens?: number } | null;
  estimated: boolean;
}

/** What a cost is made of, in dollars. */
export interface Breakdown {
  /** Without what was read from or written into a cache. */
  input_cost: number;
  output_cost: number;
  cache_read_cost: number;
  cache_creation_cost: number;
  /** Of the output. */
  reasoning_cost: number;
  tool_usage_cost: number;
  discount_amount: number;
  margin_total_amount: number;
  total_cost: number;
}

/** What a guardrail made of a call. Seconds. */
export interface Decision {
  guardrail_name: string;
  guardrail_provider: string;
  guardrail_mode: string;
  guardrail_status: "success" | "guardrail_intervened" | "guardrail_failed_to_respond";
  guardrail_decision: string;
  guardrail_code: string | null;
  guardrail_response: unknown;
  duration: number;
}

/** What stands for the master key, which has no name. */
export const MASTER_KEY = "litellm_proxy_master_key";

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
  /** Bodies of a call that has just ended are not there yet; only where one call is asked for. */
  bodies_pending?: boolean;
  metadata: {
    user_api_key_alias?: string | null;
    price_version?: string | null;
    attempts?: Attempt[];
    /** Null: it cannot be told any more. */
    cost_breakdown?: Breakdown | null;
    guardrail_information?: Decision[];
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

/** One call with its bodies; asked for again until they are there. */
export function useCall(id: string | null) {
  return useQuery<Call>({
    queryKey: ["call", id],
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data?.bodies_pending ? 1_000 : false),
    queryFn: ({ signal }) => get<Call>(`/spend/logs/ui/${encodeURIComponent(id ?? "")}`, signal),
  });
}

export interface Choice {
  model_group: string;
  strategy: string;
  candidates: { model_id: string; model: string; order: number }[];
  candidates_count: number;
  ruled_out: { model_id: string; model?: string; reason: string }[];
  chosen: string | null;
  kept_by_affinity: boolean;
  /** `ok`, or the kind of the failure; null: nobody was asked, or nobody has answered yet. */
  outcome: string | null;
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

const CALL_TYPES: Record<string, string> = { acompletion: "completion", atext_completion: "text_completion", aembedding: "embedding", aresponses: "responses", anthropic_messages: "anthropic_messages" };

/** The kind of a call as the preview of a request names it; null: it has none. */
export const callType = (kind: string): string | null => CALL_TYPES[kind] ?? null;

interface Preview {
  /** Null: the provider's plugin answers without sending anything. */
  raw_request_api_base: string | null;
  raw_request_body: unknown;
  raw_request_headers: Record<string, string>;
  error: string | null;
}

/** What a provider would be sent for the request of a call. */
export function usePreview(id: string, kind: string | null, request: unknown) {
  return useQuery({
    queryKey: ["preview", id],
    enabled: kind !== null && request !== null,
    retry: false,
    staleTime: Infinity,
    queryFn: () => post<Preview>("/utils/transform_request", { call_type: kind, request_body: request }),
  });
}
