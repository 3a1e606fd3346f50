import { afterEach, expect, test, vi } from "vitest";

import { leadsTeam, teamNames } from "./lookups";

/** A gateway that answers questions about teams so, and what it was asked. */
function gateway(answer: (asked: URLSearchParams) => unknown) {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (where: string) => {
    const { searchParams } = new URL(where, "http://gateway.test");
    asked.push(searchParams);
    return Response.json(answer(searchParams));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

test("names of more teams than a request may have are asked for in several", async () => {
  const ids = Array.from({ length: 101 }, (_, at) => `t${at}`);
  const asked = gateway((it) => ({ teams: (it.get("team_ids") ?? "").split(",").map((id) => ({ team_id: id, team_alias: id === "t100" ? null : `Team ${id}` })) }));
  const names = await teamNames(ids);
  expect(asked).toHaveLength(2);
  expect([names.size, names.get("t0"), names.get("t100")]).toEqual([101, "Team t0", "t100"]);
});

test("who leads a team beyond the first page leads one", async () => {
  const seat = (role: string) => [{ team_id: "t", team_alias: null, members_with_roles: [{ user_id: "ann", role }] }];
  const asked = gateway((it) => (it.get("cursor") ? { teams: seat("admin"), next_cursor: "more" } : { teams: seat("user"), next_cursor: "after" }));
  expect(await leadsTeam("ann")).toBe(true);
  expect(asked.map((it) => it.get("cursor"))).toEqual([null, "after"]);
  gateway(() => ({ teams: seat("user"), next_cursor: null }));
  expect(await leadsTeam("ann")).toBe(false);
});
