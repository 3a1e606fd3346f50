import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";

import { get, path, post } from "./client";

export interface Key {
  token: string;
  key_name: string;
  key_alias: string | null;
  user_id: string | null;
  team_id: string | null;
  blocked: boolean;
  expires: string | null;
  models: string[];
  spend: number;
  total_spend: number;
  max_budget: number | null;
  soft_budget: number | null;
  budget_duration: string | null;
  budget_reset_at: string | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  max_parallel_requests: number | null;
  key_type: string;
  allowed_ips: string[] | null;
  tags: string[] | null;
  created_at: string;
}

/** What a key is made or changed with; null clears a field. */
export interface KeyForm {
  key_alias: string;
  team_id: string | null;
  user_id: string | null;
  models: string[];
  max_budget: number | null;
  soft_budget: number | null;
  budget_duration: string | null;
  duration?: string | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  max_parallel_requests: number | null;
  key_type?: string;
  allowed_ips: string[] | null;
  tags: string[] | null;
}

interface KeyPage {
  keys: Key[];
  total_count: number;
  current_page: number;
  total_pages: number;
}

const PAGE = 50;

export function useKeys(search: string) {
  return useInfiniteQuery({
    queryKey: ["keys", search],
    initialPageParam: 1,
    queryFn: ({ pageParam, signal }) =>
      get<KeyPage>(path("/key/list", { return_full_object: true, size: PAGE, page: pageParam, key_alias: search, include_team_keys: true }), signal),
    getNextPageParam: (last) => (last.current_page < last.total_pages ? last.current_page + 1 : undefined),
  });
}

function useChange<T, R>(change: (it: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ["keys"] }) });
}

export const useMakeKey = () => useChange((form: KeyForm) => post<{ key: string; token: string }>("/key/generate", form));
export const useChangeKey = () => useChange(({ key, form }: { key: string; form: Partial<KeyForm> }) => post("/key/update", { key, ...form }));
export const useDeleteKey = () => useChange((key: string) => post("/key/delete", { keys: [key] }));
export const useBlockKey = () => useChange(({ key, blocked }: { key: string; blocked: boolean }) => post(blocked ? "/key/block" : "/key/unblock", { key }));
export const useRotateKey = () =>
  useChange(({ key, grace }: { key: string; grace: string }) => post<{ key: string }>(`/key/${encodeURIComponent(key)}/regenerate`, grace ? { grace_period: grace } : {}));
