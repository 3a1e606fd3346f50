import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";

import { customerPages } from "./customers";
import { keyPages } from "./keys";
import { deploymentPages } from "./models";
import { auditPages } from "./settings";
import { teamPages } from "./teams";
import { userPages } from "./users";

/** A gateway whose lists have pages with these cursors, and what it was asked. */
function gateway(cursors: (string | null)[]) {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (where: string) => {
    asked.push(new URL(where, "http://gateway.test"));
    return Response.json({ next_cursor: cursors[asked.length - 1] });
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

const client = () => new QueryClient();

test.each([
  ["/key/list", () => client().fetchInfiniteQuery({ ...keyPages({ search: "a", team: null, status: null }), pages: 9 })],
  ["/user/list", () => client().fetchInfiniteQuery({ ...userPages("a", null), pages: 9 })],
  ["/v2/team/list", () => client().fetchInfiniteQuery({ ...teamPages("a", null), pages: 9 })],
  ["/v2/customer/list", () => client().fetchInfiniteQuery({ ...customerPages("a"), pages: 9 })],
  ["/v2/model/info", () => client().fetchInfiniteQuery({ ...deploymentPages("a", false), pages: 9 })],
])("the second page of %s is asked for by cursor, and none after the last", async (where, read) => {
  const asked = gateway(["after-50", null]);
  const { pages } = await read();
  expect(pages).toHaveLength(2);
  expect(asked.map((it) => it.pathname)).toEqual([where, where]);
  expect(asked.map((it) => it.searchParams.get("cursor"))).toEqual([null, "after-50"]);
  expect(asked.map((it) => it.searchParams.get("page"))).toEqual([null, null]);
  expect(asked.map((it) => it.searchParams.get("search"))).toEqual(["a", "a"]);
});

test("the second page of the audit log is asked for by cursor, with the same filter", async () => {
  const asked = gateway(["after-50", null]);
  await client().fetchInfiniteQuery({ ...auditPages({ changed_by: "ann", object_id: "", table_name: null }), pages: 9 });
  expect(asked.map((it) => `${it.pathname}${it.search}`)).toEqual(["/audit?changed_by=ann&page_size=50", "/audit?changed_by=ann&page_size=50&cursor=after-50"]);
});
