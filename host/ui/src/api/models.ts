import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useChange } from "./changes";
import { change, get, path, post } from "./client";
import { type Cursored, listOf } from "./pages";

export interface Deployment {
  model_name: string;
  litellm_params: Record<string, unknown> & { model: string };
  model_info: Record<string, unknown> & { id: string; db_model?: boolean; blocked?: boolean; input_cost_per_token?: number | null; output_cost_per_token?: number | null; team_id?: string | null; mode?: string | null };
}

interface ModelPage extends Cursored {
  data: Deployment[];
  total_count: number;
}

/** How a deployment is doing. Seconds, and milliseconds since 1970. */
export interface Doing {
  model_id: string;
  ready: boolean;
  in_flight: number;
  requests_this_minute: number;
  rests_until_ms: number | null;
  peak_latency_seconds: number;
  sent: number;
  answered: number;
  failed: Record<string, number>;
}

export interface Checked {
  status: "healthy" | "unhealthy" | "unchecked";
  error_message: string | null;
  response_time_ms: number;
  checked_at_ms: number;
}

type Request = Record<string, unknown>;

/** They have cursors where they are sorted by name. */
export const deploymentPages = (search: string, blocked: boolean) => listOf<ModelPage>(["models", "list", search, blocked], "/v2/model/info", { size: 100, search, blocked: blocked || undefined, sortBy: "model_name" });

export const useDeployments = (search: string, blocked: boolean) => useInfiniteQuery(deploymentPages(search, blocked));

/** How all deployments are doing, by id. */
export function useDoings() {
  return useQuery({
    queryKey: ["models", "doings"],
    refetchInterval: 10_000,
    queryFn: ({ signal }) => get<{ deployments: Doing[] }>("/router/deployments", signal).then((it) => new Map(it.deployments.map((one) => [one.model_id, one]))),
  });
}

/** The last check of each deployment, by id. */
export function useChecks() {
  return useQuery({ queryKey: ["models", "checks"], staleTime: 30_000, queryFn: ({ signal }) => get<{ latest_health_checks: Record<string, Checked> }>("/health/latest", signal).then((it) => it.latest_health_checks) });
}

interface Health {
  healthy_endpoints: { response_time_ms?: number }[];
  unhealthy_endpoints: { error?: string }[];
  unchecked_endpoints: { error?: string }[];
}

/** Has one deployment checked. */
export function useCheck() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => get<Health>(path("/health", { model_id: id })),
    onSettled: () => Promise.all(["doings", "checks"].map((it) => client.invalidateQueries({ queryKey: ["models", it] }))),
  });
}

const KINDS = ["models"];

/** Deployments are in force a moment after a change of them is answered: lists are read again then. */
const MOMENTS_MS = [1_500, 5_000];

function useModelChange<T, R>(act: (it: T) => Promise<R>) {
  const client = useQueryClient();
  return useChange(KINDS, async (it: T) => {
    const answer = await act(it);
    for (const moment of MOMENTS_MS) setTimeout(() => void client.invalidateQueries({ queryKey: KINDS }), moment);
    return answer;
  });
}

export const useMakeModel = () => useModelChange((request: Request) => post("/model/new", request));
export const useChangeModel = () => useModelChange((request: Request) => post("/model/update", request));
export const useDeleteModel = () => useModelChange((id: string) => post("/model/delete", { id }));
export const useBlockModel = () => useModelChange(({ id, blocked }: { id: string; blocked: boolean }) => post(blocked ? "/model/block" : "/model/unblock", { model_id: id }));

export interface Tested {
  status: "success" | "error";
  result: { model: string; response_time_ms: number; error?: string };
}

export const useTest = () => useMutation({ mutationFn: (request: Request) => post<Tested>("/health/test_connection", request) });

export interface Credential {
  credential_name: string;
  credential_values: Record<string, string>;
  credential_info: Record<string, unknown>;
  updated_at: string;
}

export function useCredentials(enabled = true) {
  return useQuery({ queryKey: ["credentials"], enabled, staleTime: 30_000, queryFn: ({ signal }) => get<{ credentials: Credential[] }>("/credentials", signal).then((it) => it.credentials) });
}

export const useMakeCredential = () => useChange(["credentials"], (request: Request) => post("/credentials", request));
export const useChangeCredential = () => useChange(["credentials"], ({ credential_name, ...request }: Request) => change("PATCH", `/credentials/${encodeURIComponent(String(credential_name))}`, request));
export const useDeleteCredential = () => useChange(["credentials"], (name: string) => change("DELETE", `/credentials/${encodeURIComponent(name)}`));
