import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, path, post } from "./client";
import type { Limits } from "./keys";

export interface Customer {
  user_id: string;
  alias: string | null;
  blocked: boolean;
  default_model: string | null;
  allowed_model_region: string | null;
  budget_id: string | null;
  spend: number;
  total_spend: number;
  litellm_budget_table: (Limits & { budget_reset_at: string | null }) | null;
  created_at: string;
}

type Request = Record<string, unknown>;

const PAGE = 100;

/** The list says no total: a full page may have another one behind it. */
export function useCustomers(search: string) {
  return useInfiniteQuery({
    queryKey: ["customers", search],
    initialPageParam: 1,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => get<Customer[]>(path("/customer/list", { page: pageParam, page_size: PAGE, search }), signal),
    getNextPageParam: (last, all) => (last.length === PAGE ? all.length + 1 : undefined),
  });
}

const KINDS = ["customers"];

export const useMakeCustomer = () => useChange(KINDS, (request: Request) => post("/customer/new", request));
export const useChangeCustomer = () => useChange(KINDS, (request: Request) => post("/customer/update", request));
export const useDeleteCustomer = () => useChange(KINDS, (id: string) => post("/customer/delete", { user_ids: [id] }));
export const useBlockCustomer = () => useChange(KINDS, ({ id, blocked }: { id: string; blocked: boolean }) => post(blocked ? "/customer/block" : "/customer/unblock", { user_ids: [id] }));
