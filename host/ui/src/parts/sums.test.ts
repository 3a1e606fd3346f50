import { describe, expect, test } from "vitest";

import type { Day } from "../api/usage";
import { daysBack, everyDay, groups, percentile, stacked, sum, ZERO } from "./sums";

const metrics = (spend: number, requests = 1) => ({ ...ZERO, spend, api_requests: requests });

function day(date: string, keys: Record<string, number>): Day {
  const parts = Object.entries(keys).map(([id, spend]) => [id, { metrics: metrics(spend), metadata: { key_alias: id === "k1" ? "first" : null } }]);
  const none = {};
  return { date, metrics: sum(Object.values(keys).map((it) => metrics(it))), breakdown: { api_keys: Object.fromEntries(parts), models: none, model_groups: none, providers: none, endpoints: none, entities: none } };
}

const DAYS = [day("2026-01-01", { k1: 1, k2: 5 }), day("2026-01-03", { k1: 2, k3: 1 })];
const SPAN = { start: "2026-01-01", end: "2026-01-03" };

test("groups add up over days, the dearest first, by the name people know", () => {
  expect(groups(DAYS, "api_keys").map((it) => [it.name, it.metrics.spend])).toEqual([["k2", 5], ["first", 3], ["k3", 1]]);
});

test("calls that went to nothing have no name", () => {
  expect(groups([day("2026-01-01", { unknown: 1 })], "api_keys").map((it) => [it.id, it.name])).toEqual([["unknown", ""]]);
});

test("a chart has every day, and what is not shown apart is in the rest", () => {
  const shown = groups(DAYS, "api_keys").slice(0, 1);
  expect(stacked(DAYS, SPAN, "api_keys", shown, "spend")).toEqual([
    { date: "2026-01-01", g0: 5, rest: 1 },
    { date: "2026-01-02", g0: 0, rest: 0 },
    { date: "2026-01-03", g0: 0, rest: 3 },
  ]);
});

test("a span over the end of a month has each of its days once", () => {
  expect(everyDay({ start: "2026-02-27", end: "2026-03-02" }, (it) => it)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
});

describe("a percentile", () => {
  test("is a value that there was", () => {
    expect(percentile([3, 1, 2, 10], 0.5)).toBe(2);
    expect(percentile([3, 1, 2, 10], 0.95)).toBe(10);
    expect(percentile([7], 0.5)).toBe(7);
  });

  test("of nothing is nothing", () => {
    expect(percentile([], 0.5)).toBeNull();
  });
});

test("days back count today as the first", () => {
  const now = Date.parse("2026-03-01T00:30:00Z");
  expect(daysBack(1, now)).toBe("2026-03-01");
  expect(daysBack(7, now)).toBe("2026-02-23");
});
