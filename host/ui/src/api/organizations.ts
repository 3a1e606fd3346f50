import { useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { change, get, post } from "./client";
import type { Limits } from "./keys";

export interface OrganizationSeat {
  user_id: string;
  user_email: string | null;
  user_role: string | null;
  litellm_budget_table: { max_budget: number | null } | null;
}

export interface Organization {
  organization_id: string;
  organization_alias: string | null;
  models: string[];
  spend: number;
  total_spend: number;
  litellm_budget_table: (Limits & { budget_reset_at: string | null }) | null;
  members: OrganizationSeat[];
  teams: { team_id: string; team_alias: string | null }[];
  metadata: Record<string, unknown> | null;
  created_at: string;
}

type Request = Record<string, unknown>;

export function useOrganizations() {
  return useQuery({ queryKey: ["organizations", "list"], queryFn: ({ signal }) => get<Organization[]>("/organization/list", signal) });
}

const KINDS = ["organizations"];

export const useMakeOrganization = () => useChange(KINDS, (request: Request) => post("/organization/new", request));
export const useChangeOrganization = () => useChange(KINDS, (request: Request) => change("PATCH", "/organization/update", request));
export const useDeleteOrganization = () => useChange([...KINDS, "teams", "keys"], (id: string) => change("DELETE", "/organization/delete", { organization_ids: [id] }));
export const useAddToOrganization = () => useChange([...KINDS, "users"], (request: Request) => post("/organization/member_add", request));
export const useChangeInOrganization = () => useChange(KINDS, (request: Request) => change("PATCH", "/organization/member_update", request));
export const useRemoveFromOrganization = () => useChange(KINDS, (request: Request) => change("DELETE", "/organization/member_delete", request));
