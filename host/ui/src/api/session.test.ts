import { expect, test } from "vitest";

import { standingOf } from "./session";

test("what a role may, the pages offer; nobody may nothing", () => {
  const of = (user_role: string) => standingOf({ user_id: "u", user_role });
  expect(of("proxy_admin")).toMatchObject({ admin: true, seesAll: true, readsOnly: false });
  expect(of("proxy_admin_viewer")).toMatchObject({ admin: false, seesAll: true, readsOnly: true });
  expect(of("internal_user")).toMatchObject({ admin: false, seesAll: false, readsOnly: false, userId: "u" });
  expect(of("internal_user_viewer")).toMatchObject({ admin: false, seesAll: false, readsOnly: true });
  expect(standingOf(null)).toEqual({ admin: false, seesAll: false, readsOnly: false, userId: null });
});
