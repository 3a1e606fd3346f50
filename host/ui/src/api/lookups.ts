import { useQuery } from "@tanstack/react-query";

import { get, path } from "./client";

export interface TeamName {
  team_id: string;
  team_alias: string | null;
  members_with_roles?: { user_id: string; role: string }[];
}

/** Teams that the caller may see, for choosing one. */
export function useTeamNames() {
  return useQuery({
    queryKey: ["teams", "names"],
    queryFn: ({ signal }) => get<{ teams: TeamName[] }>(path("/v2/team/list", { page_size: 100 }), signal).then((it) => it.teams),
    staleTime: 60_000,
  });
}

/** Model groups that the caller may use. */
export function useModelNames() {
  return useQuery({
    queryKey: ["models", "names"],
    queryFn: ({ signal }) => get<{ data: { id: string }[] }>("/v1/models", signal).then((it) => [...new Set(it.data.map((model) => model.id))].sort()),
    staleTime: 60_000,
  });
}

/** Users that a form may mean, by a part of their id or email. */
export function useUserNames(search: string, enabled: boolean) {
  return useQuery({
    queryKey: ["users", "names", search],
    enabled,
    queryFn: ({ signal }) => get<{ user_id: string; user_email: string | null }[]>(path("/user/filter/ui", { search, page_size: 50 }), signal),
    staleTime: 60_000,
  });
}

/** Organizations that the caller may see, for choosing one. */
export function useOrganizationNames(enabled: boolean) {
  return useQuery({
    queryKey: ["organizations", "names"],
    enabled,
    queryFn: ({ signal }) => get<{ organization_id: string; organization_alias: string | null }[]>("/organization/list", signal),
    staleTime: 60_000,
  });
}
