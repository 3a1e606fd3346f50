import { useInfiniteQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { post } from "./client";
import type { Limits } from "./keys";
import { type Cursored, listOf } from "./pages";

export interface Customer {
  user_id: string;
  alias: string | null;
  blocked: boolean;
  default_model: string | null;
  allowed_model_region: string | null;
  models: string[];
  budget_id: string | null;
  spend: number;
  total_spend: number;
  litellm_budget_table: (Limits & { budget_reset_at: string | null }) | null;
  created_at: string;
}

type Request = Record<string, unknown>;

interface CustomerPage extends Cursored {
  customers: Customer[];
}

export const customerPages = (search: string) => listOf<CustomerPage>(["customers", search], "/v2/customer/list", { page_size: 100, search });

export const useCustomers = (search: string) => useInfiniteQuery(customerPages(search));

const KINDS = ["customers"];

export const useMakeCustomer = () => useChange(KINDS, (request: Request) => post("/customer/new", request));
export const useChangeCustomer = () => useChange(KINDS, (request: Request) => post("/customer/update", request));
export const useDeleteCustomer = () => useChange(KINDS, (id: string) => post("/customer/delete", { user_ids: [id] }));
export const useBlockCustomer = () => useChange(KINDS, ({ id, blocked }: { id: string; blocked: boolean }) => post(blocked ? "/customer/block" : "/customer/unblock", { user_ids: [id] }));
