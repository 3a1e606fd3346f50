import { useInfiniteQuery } from "@tanstack/react-query";

import { useChange as useAnyChange } from "./changes";
import { post } from "./client";
import { type Cursored, listOf } from "./pages";

/** Limits that keys, teams, users and budgets share. Money in dollars. */
export interface Limits {
  max_budget: number | null;
  soft_budget: number | null;
  budget_duration: string | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  tpd_limit: number | null;
  max_parallel_requests: number | null;
  model_max_budget: Record<string, unknown> | null;
  model_rpm_limit: Record<string, number> | null;
  model_tpm_limit: Record<string, number> | null;
}

export interface Key extends Limits {
  token: string;
  key_name: string;
  key_alias: string | null;
  user_id: string | null;
  /** Who holds it, where the caller may see it. */
  user?: { user_alias: string | null; user_email: string | null } | null;
  team_id: string | null;
  organization_id: string | null;
  blocked: boolean;
  expires: string | null;
  models: string[];
  aliases: Record<string, string> | null;
  spend: number;
  total_spend: number;
  budget_reset_at: string | null;
  budget_id: string | null;
  key_type: string;
  allowed_ips: string[] | null;
  allowed_routes: string[] | null;
  access_group_ids: string[] | null;
  tags: string[] | null;
  guardrails: string[] | null;
  disable_global_guardrails: boolean | null;
  throttle_on_budget_exceeded: boolean | null;
  budget_limits: Record<string, unknown>[] | null;
  budget_fallbacks: Record<string, string[]> | null;
  /** Dollars, until the time of the expiry. */
  temp_budget_increase: number | null;
  temp_budget_expiry: string | null;
  tag_rpm_limit: Record<string, number> | null;
  rpm_limit_type: string | null;
  tpm_limit_type: string | null;
  allowed_passthrough_routes: string[] | null;
  denied_passthrough_routes: string[] | null;
  allowed_cache_controls: string[] | null;
  router_settings: Record<string, unknown> | null;
  permissions: Record<string, unknown> | null;
  enforced_params: string[] | null;
  auto_rotate: boolean | null;
  rotation_interval: string | null;
  metadata: Record<string, unknown> | null;
  created_at: string;
  created_by: string | null;
  status?: string;
}

/** What a key is made or changed with, by the names of the API; null clears a field. */
export type KeyRequest = Record<string, unknown>;

interface KeyPage extends Cursored {
  keys: Key[];
  total_count: number;
}

export interface KeyFilter {
  search: string;
  team: string | null;
  status: string | null;
  user?: string;
}

const PAGE = 50;

export const keyPages = (filter: KeyFilter) =>
  listOf<KeyPage>(["keys", filter], "/key/list", { return_full_object: true, expand: "user", size: PAGE, search: filter.search, team_id: filter.team, status: filter.status, user_id: filter.user, include_team_keys: true });

export const useKeys = (filter: KeyFilter) => useInfiniteQuery(keyPages(filter));

const useChange = <T, R>(act: (it: T) => Promise<R>) => useAnyChange(["keys", "team"], act);

export const useMakeKey = () => useChange((request: KeyRequest) => post<{ key: string; token: string }>("/key/generate", request));
export const useChangeKey = () => useChange((request: KeyRequest) => post<{ key: string }>("/key/update", request));
export const useDeleteKey = () => useChange((key: string) => post("/key/delete", { keys: [key] }));
export const useBlockKey = () => useChange(({ key, blocked }: { key: string; blocked: boolean }) => post(blocked ? "/key/block" : "/key/unblock", { key }));
export const useResetKeySpend = () => useChange((key: string) => post(`/key/${encodeURIComponent(key)}/reset_spend`, { reset_to: 0 }));
export const useRotateKey = () =>
  useChange(({ key, grace }: { key: string; grace: string }) => post<{ key: string }>(`/key/${encodeURIComponent(key)}/regenerate`, grace ? { grace_period: grace } : {}));
