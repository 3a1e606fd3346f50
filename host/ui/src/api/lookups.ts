import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { get, path } from "./client";
import type { Cursored } from "./pages";

export interface TeamName {
  team_id: string;
  team_alias: string | null;
  members_with_roles?: { user_id: string; role: string }[];
}

interface TeamPage extends Cursored {
  teams: TeamName[];
}

const TEAMS = "/v2/team/list";
/** Teams of one request, at most. */
const MOST = 100;

/** What a team is called. */
export const teamName = (team: TeamName) => team.team_alias ?? team.team_id;

/** Teams that a form may mean, by a part of their alias or the beginning of their id. */
export function useTeamSearch(search: string) {
  return useQuery<TeamName[]>({
    queryKey: ["teams", "search", search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => get<TeamPage>(path(TEAMS, { search, search_team_id_match: "prefix", page_size: 25, sort_by: "team_alias", sort_order: "asc" }), signal).then((it) => it.teams),
    staleTime: 60_000,
  });
}

/** The names of teams by their ids; one that the caller may not see has none. */
export async function teamNames(ids: string[], signal?: AbortSignal): Promise<Map<string, string>> {
  const parts = Array.from({ length: Math.ceil(ids.length / MOST) }, (_, at) => ids.slice(at * MOST, (at + 1) * MOST));
  const pages = await Promise.all(parts.map((part) => get<TeamPage>(path(TEAMS, { team_ids: part.join(","), page_size: MOST }), signal)));
  return new Map(pages.flatMap((page) => page.teams).map((team) => [team.team_id, teamName(team)]));
}

/** What each team is called; dots until that is known, and the id of one that has no name. */
export function useTeamNames(of: (string | null | undefined)[]): (id: string) => string {
  const ids = [...new Set(of.filter((it) => it !== null && it !== undefined && it !== ""))].sort() as string[];
  const { data, isPending, isPlaceholderData } = useQuery<Map<string, string>>({
    queryKey: ["teams", "names", ids],
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => teamNames(ids, signal),
    staleTime: 60_000,
  });
  return (id) => data?.get(id) ?? (isPending || isPlaceholderData ? "…" : id);
}

/** Whether a user is the admin of a team. */
export async function leadsTeam(userId: string, signal?: AbortSignal): Promise<boolean> {
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: TeamPage = await get<TeamPage>(path(TEAMS, { page_size: MOST, cursor }), signal);
    if (page.teams.some((team) => team.members_with_roles?.some((it) => it.user_id === userId && it.role === "admin"))) return true;
    cursor = page.next_cursor;
  }
  return false;
}

/** The same of who is signed in; of nobody where there is no user. */
export function useLeadsTeam(userId: string | null) {
  return useQuery({ queryKey: ["teams", "leads", userId], enabled: userId !== null, queryFn: ({ signal }) => leadsTeam(userId ?? "", signal), staleTime: 60_000 });
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
