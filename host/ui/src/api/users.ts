import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, path, post } from "./client";
import type { Key, Limits } from "./keys";
import { type Cursored, listOf } from "./pages";
import { gatewayUrl } from "./root";
import type { Team } from "./teams";

export interface User extends Limits {
  user_id: string;
  user_email: string | null;
  user_alias: string | null;
  user_role: string | null;
  models: string[];
  teams: string[];
  spend: number;
  total_spend: number;
  budget_reset_at: string | null;
  key_count?: number;
  metadata: Record<string, unknown> | null;
  created_at: string;
}

interface UserPage extends Cursored {
  users: User[];
  total: number;
}

export interface UserDetail {
  user_id: string;
  user_info: User;
  keys: Key[];
  teams: Team[];
}

export interface Invitation {
  id: string;
  user_id: string;
  expires_at: string;
}

export const ROLES = { proxy_admin: "role_admin", proxy_admin_viewer: "role_viewer", internal_user: "role_user", internal_user_viewer: "role_user_viewer" } as const;

type Request = Record<string, unknown>;

export const userPages = (search: string, role: string | null) => listOf<UserPage>(["users", "list", search, role], "/user/list", { page_size: 50, search, role });

export const useUsers = (search: string, role: string | null) => useInfiniteQuery(userPages(search, role));

export function useUser(id: string) {
  return useQuery({ queryKey: ["users", "one", id], queryFn: ({ signal }) => get<UserDetail>(path("/user/info", { user_id: id }), signal) });
}

const KINDS = ["users", "teams", "team"];

export const useMakeUser = () => useChange(KINDS, (request: Request) => post<User>("/user/new", request));
export const useChangeUser = () => useChange(KINDS, (request: Request) => post("/user/update", request));
export const useDeleteUser = () => useChange([...KINDS, "keys"], (id: string) => post("/user/delete", { user_ids: [id] }));
export const useInvite = () => useChange([], (id: string) => post<Invitation>("/invitation/new", { user_id: id }));

/** Where an invited person chooses a password. */
export const invitationLink = (it: Invitation) => `${gatewayUrl()}/ui/?invitation_id=${encodeURIComponent(it.id)}`;
