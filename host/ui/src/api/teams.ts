import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, path, post } from "./client";
import type { Key, Limits } from "./keys";
import { type Cursored, listOf } from "./pages";

export interface Seat {
  user_id: string;
  user_email: string | null;
  role: "admin" | "user";
}

export interface Team extends Limits {
  team_id: string;
  team_alias: string | null;
  organization_id: string | null;
  blocked: boolean;
  models: string[];
  tags: string[] | null;
  guardrails: string[] | null;
  team_member_permissions: string[];
  spend: number;
  total_spend: number;
  budget_reset_at: string | null;
  members_with_roles: Seat[];
  team_member_budget_table: { max_budget: number | null; budget_duration: string | null; rpm_limit: number | null; tpm_limit: number | null } | null;
  metadata: Record<string, unknown> | null;
  members_count?: number;
  keys_count?: number;
  created_at: string;
}

export interface Membership {
  user_id: string;
  role: string;
  spend: number;
  total_spend: number;
  litellm_budget_table: { max_budget: number | null; budget_duration: string | null; rpm_limit: number | null; tpm_limit: number | null; budget_reset_at: string | null } | null;
}

interface TeamPage extends Cursored {
  teams: Team[];
  total: number;
}

export interface TeamDetail {
  team_id: string;
  team_info: Team;
  keys: Key[];
  team_memberships: Membership[];
}

type Request = Record<string, unknown>;

export const teamPages = (search: string, organization: string | null) => listOf<TeamPage>(["teams", "list", search, organization], "/v2/team/list", { page_size: 50, search, organization_id: organization });

export const useTeams = (search: string, organization: string | null) => useInfiniteQuery(teamPages(search, organization));

export function useTeam(id: string) {
  return useQuery({ queryKey: ["team", id], queryFn: ({ signal }) => get<TeamDetail>(path("/team/info", { team_id: id }), signal) });
}

const KINDS = ["teams", "team"];

export const useMakeTeam = () => useChange(KINDS, (request: Request) => post<Team>("/team/new", request));
export const useChangeTeam = () => useChange(KINDS, (request: Request) => post("/team/update", request));
export const useDeleteTeam = () => useChange([...KINDS, "keys"], (id: string) => post("/team/delete", { team_ids: [id] }));
export const useBlockTeam = () => useChange(KINDS, ({ id, blocked }: { id: string; blocked: boolean }) => post(blocked ? "/team/block" : "/team/unblock", { team_id: id }));
export const useAddMember = () => useChange([...KINDS, "users"], (request: Request) => post("/team/member_add", request));
export const useChangeMember = () => useChange(KINDS, (request: Request) => post("/team/member_update", request));
export const useRemoveMember = () => useChange([...KINDS, "keys"], (request: { team_id: string; user_id: string }) => post("/team/member_delete", request));
