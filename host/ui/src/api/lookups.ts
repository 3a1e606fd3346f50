import { useQuery } from "@tanstack/react-query";

import { get, path } from "./client";

export interface TeamName {
  team_id: string;
  team_alias: string | null;
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
